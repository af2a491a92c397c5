//! Threads that hash passwords, and nothing else.
//!
//! A hash takes 19 MiB and tens of milliseconds: on the threads that serve requests it would stop
//! everybody, and without a bound a flood of guesses would eat the machine. The memory is used
//! again from hash to hash and given back when nobody signs in for a while.

use std::{
    collections::VecDeque,
    hint::black_box,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use argon2::Block;
use tokio::sync::oneshot;
use zeroize::Zeroize as _;

/// How long a thread without work keeps its memory; and again how long until it sees to it that
/// the system has it. Longer than the second for which the allocator keeps what was freed.
const IDLE: Duration = Duration::from_millis(1500);
/// A block that is far too large to be cut from others.
const LARGE_BYTES: usize = 4 * 1024 * 1024;

/// A bounded number of hashing threads, and of callers that may wait for them.
#[derive(Debug)]
pub struct HashPool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Why a piece of work was not done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NotDone {
    /// As many wait already as may.
    #[error("too many hashes are under way")]
    Busy,
    /// The pool was stopped, or the work broke down.
    #[error("the hash was given up")]
    GivenUp,
}

/// The memory of one thread.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// Freed, and perhaps still kept by the allocator.
    is_on_its_way: bool,
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// A place among those that run or wait, free again when it is dropped.
struct Place(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    done: AtomicU64,
    /// Jobs that may run or wait at one time.
    room: usize,
    idle: Duration,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Jobs that run or wait.
    pending: usize,
    is_stopped: bool,
}

enum Next {
    Do(Job),
    GiveMemoryBack,
    Stop,
}

impl HashPool {
    /// Starts `threads` threads (at least one) for which `queue` callers may wait.
    ///
    /// # Errors
    ///
    /// The system gives no more threads.
    pub fn start(threads: u16, queue: u16) -> io::Result<Self> {
        Self::start_with(threads, queue, IDLE)
    }

    fn start_with(threads: u16, queue: u16, idle: Duration) -> io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            done: AtomicU64::new(0),
            room: usize::from(threads) + usize::from(queue),
            idle,
        });
        // Made before its threads are, so that its drop ends them should one not start.
        let pool = Self {
            shared,
            threads: Mutex::default(),
        };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let thread = thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || shared.serve())?;
            lock(&pool.threads).push(thread);
        }
        Ok(pool)
    }

    /// Has `work` done on one of the threads, and waits for it without holding this one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (reply, answer) = oneshot::channel();
        let place = self.shared.take_place()?;
        self.shared.add(Box::new(move |memory| {
            // What a caller is told has happened: its place is free before it is answered, also
            // when the work breaks down, since the last one declared is the first one dropped.
            let reply = reply;
            let place = place;
            if reply.is_closed() {
                return;
            }
            let done = work(memory);
            place.0.done.fetch_add(1, Ordering::Relaxed);
            drop(place);
            // The caller may go while the work is under way.
            let _ = reply.send(done);
        }));
        answer.await.or(Err(NotDone::GivenUp))
    }

    /// How many hashes were made since the start.
    pub fn hashes_made(&self) -> u64 {
        self.shared.done.load(Ordering::Relaxed)
    }

    /// How many callers have their hash under way or wait for it.
    pub fn pending(&self) -> usize {
        lock(&self.shared.state).pending
    }

    /// Gives up the work that waits, and waits for the hashes under way and for the end of every
    /// thread. Blocks for as long as one hash takes: not for async code.
    pub fn stop(&self) {
        self.shared.stop();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // A thread that broke down has ended, too.
            let _ = thread.join();
        }
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        // Without waiting: this may be an async thread. The threads end by themselves.
        self.shared.stop();
    }
}

impl Shared {
    fn take_place(self: &Arc<Self>) -> Result<Place, NotDone> {
        let mut state = lock(&self.state);
        if state.is_stopped {
            return Err(NotDone::GivenUp);
        }
        if state.pending >= self.room {
            return Err(NotDone::Busy);
        }
        state.pending += 1;
        Ok(Place(Arc::clone(self)))
    }

    fn add(&self, job: Job) {
        let mut state = lock(&self.state);
        if state.is_stopped {
            // Dropped outside the lock, which the place in it takes.
            drop(state);
            drop(job);
        } else {
            state.waiting.push_back(job);
            drop(state);
            self.wake.notify_one();
        }
    }

    fn serve(&self) {
        let mut memory = Memory::default();
        loop {
            match self.next(memory.is_held()) {
                Next::Do(job) => {
                    // A breakdown costs its caller the answer and nobody else a thread.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
                }
                Next::GiveMemoryBack => memory.give_back(),
                Next::Stop => return,
            }
        }
    }

    /// Waits for work; for a while only, when there is memory to give back.
    fn next(&self, holds_memory: bool) -> Next {
        let mut state = lock(&self.state);
        loop {
            if state.is_stopped {
                return Next::Stop;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Next::Do(job);
            }
            if !holds_memory {
                state = self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (again, waited) = self
                .wake
                .wait_timeout(state, self.idle)
                .unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() && again.waiting.is_empty() && !again.is_stopped {
                return Next::GiveMemoryBack;
            }
            state = again;
        }
    }

    fn stop(&self) {
        let mut state = lock(&self.state);
        state.is_stopped = true;
        let given_up = std::mem::take(&mut state.waiting);
        drop(state);
        // Its callers are told by their channels; outside the lock, which their places take.
        drop(given_up);
        self.wake.notify_all();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.0.state).pending -= 1;
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

impl Memory {
    /// At least `count` blocks, with whatever was left in them.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if let Some(missing) = count.checked_sub(self.blocks.len()) {
            self.blocks.reserve_exact(missing);
            self.blocks.resize(count, Block::new());
        }
        &mut self.blocks
    }

    const fn is_held(&self) -> bool {
        !self.blocks.is_empty() || self.is_on_its_way
    }

    /// The next step of giving it back: frees it, and when called again makes the system get it.
    ///
    /// The allocator of the program keeps what was freed for a second, and looks after what it
    /// keeps only when a page of its own is freed. In a server that has nothing to do nothing is:
    /// 38 MiB stayed resident for as long as nobody came (measured). So one large block is asked
    /// for and freed, untouched.
    fn give_back(&mut self) {
        if self.blocks.is_empty() {
            drop(black_box(Vec::<u8>::with_capacity(LARGE_BYTES)));
            self.is_on_its_way = false;
        } else {
            self.wipe();
            self.is_on_its_way = true;
        }
    }

    /// Wipes it, since a password went into it, and frees it.
    fn wipe(&mut self) {
        self.blocks.zeroize();
        self.blocks = Vec::new();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// A thread that panicked left the state whole: work runs outside the lock.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const NEVER: Duration = Duration::from_hours(1);

    /// Work that says when it began, and ends when it is told to.
    fn held() -> (
        impl FnOnce(&mut Memory) + Send,
        mpsc::Receiver<()>,
        mpsc::Sender<()>,
    ) {
        let (has_begun, begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let work = move |_: &mut Memory| {
            has_begun.send(()).unwrap();
            may_end.recv().unwrap();
        };
        (work, begun, end)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn r122_who_comes_when_all_places_are_taken_is_sent_away_at_once() {
        let pool = Arc::new(HashPool::start_with(1, 2, NEVER).unwrap());
        let (work, begun, end) = held();
        let running = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(work).await }
        });
        begun.recv().unwrap();
        let mut waiting: Vec<_> = (0..2)
            .map(|number| {
                let pool = Arc::clone(&pool);
                Box::pin(async move { pool.run(move |_| number).await })
            })
            .collect();
        // Each takes its place when it is first asked how far it is.
        for wait in &mut waiting {
            assert!(poll_once(wait.as_mut()).await.is_none());
        }
        assert_eq!(pool.pending(), 3);
        assert_eq!(pool.run(|_| ()).await, Err(NotDone::Busy));
        end.send(()).unwrap();
        assert_eq!(running.await.unwrap(), Ok(()));
        for (number, wait) in waiting.into_iter().enumerate() {
            assert_eq!(wait.await, Ok(number));
        }
        assert_eq!(pool.hashes_made(), 3);
        assert_eq!(pool.run(|_| ()).await, Ok(()));
    }

    /// Asks a future once how far it is.
    async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_whose_caller_has_gone_is_not_done() {
        let pool = HashPool::start_with(1, 2, NEVER).unwrap();
        let (work, begun, end) = held();
        let mut running = Box::pin(pool.run(work));
        assert!(poll_once(running.as_mut()).await.is_none());
        begun.recv().unwrap();
        let mut gone = Box::pin(pool.run(|_| panic!("nobody waits for this")));
        assert!(poll_once(gone.as_mut()).await.is_none());
        drop(gone);
        end.send(()).unwrap();
        running.await.unwrap();
        pool.run(|_| ()).await.unwrap();
        assert_eq!(pool.hashes_made(), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_breakdown_costs_its_caller_the_answer_and_nobody_else_a_thread() {
        let pool = HashPool::start_with(1, 0, NEVER).unwrap();
        let broken: Result<(), _> = pool.run(|_| panic!("broken on purpose")).await;
        assert_eq!(broken, Err(NotDone::GivenUp));
        assert_eq!(pool.run(|_| 7).await, Ok(7));
        assert_eq!(pool.hashes_made(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stop_gives_up_what_waits_ends_what_runs_and_leaves_no_thread() {
        let pool = Arc::new(HashPool::start_with(2, 4, NEVER).unwrap());
        let (works, ends): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (work, begun, end) = held();
                ((work, begun), end)
            })
            .unzip();
        let mut running = Vec::new();
        for (work, begun) in works {
            let mut run = Box::pin(pool.run(work));
            assert!(poll_once(run.as_mut()).await.is_none());
            begun.recv().unwrap();
            running.push(run);
        }
        let mut waiting = Box::pin(pool.run(|_| ()));
        assert!(poll_once(waiting.as_mut()).await.is_none());
        pool.shared.stop();
        assert_eq!(waiting.await, Err(NotDone::GivenUp));
        assert_eq!(pool.run(|_| ()).await, Err(NotDone::GivenUp));
        for end in ends {
            end.send(()).unwrap();
        }
        for run in running {
            assert_eq!(run.await, Ok(()));
        }
        let shared = Arc::downgrade(&pool.shared);
        pool.stop();
        assert_eq!(shared.strong_count(), 1, "only the pool itself holds on");
        assert_eq!(pool.pending(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn memory_is_used_again_by_the_next_hash() {
        let pool = HashPool::start_with(1, 4, NEVER).unwrap();
        let first = pool
            .run(|memory| memory.blocks(64).as_ptr().addr())
            .await
            .unwrap();
        let next = pool
            .run(|memory| (memory.blocks.len(), memory.blocks(32).as_ptr().addr()))
            .await;
        assert_eq!(next, Ok((64, first)));
    }

    #[test]
    fn memory_is_given_back_when_no_work_came_for_a_while_and_not_before() {
        let shared = Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            done: AtomicU64::new(0),
            room: 1,
            idle: Duration::ZERO,
        };
        assert!(matches!(shared.next(true), Next::GiveMemoryBack));
        shared.add(Box::new(|_| {}));
        assert!(matches!(shared.next(true), Next::Do(_)));
        shared.stop();
        assert!(matches!(shared.next(true), Next::Stop));
        let mut memory = Memory::default();
        memory.blocks(8);
        assert!(memory.is_held());
        memory.give_back();
        assert_eq!((memory.is_held(), memory.blocks.capacity()), (true, 0));
        memory.give_back();
        assert!(!memory.is_held());
    }
}
