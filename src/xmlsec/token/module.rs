//! One PKCS#11 module, and the threads that ask it.
//!
//! A module is begun once in a process (`C_Initialize`) and never ended: the keys of an earlier configuration sign
//! by it until the last request that uses them has gone. Its functions block for as long as the device likes, so
//! that nobody calls them but these threads. They also look after the keys: one that fails is tried every five
//! seconds, one that does not every minute, so that health tells what is true without anybody signing in.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{
    TokenSigner,
    fault::TokenFault,
    session::{Context, Sessions},
};

/// How many signatures one module makes at one time. A session makes one, and each of these threads has its own.
const THREADS: usize = 4;
/// How many callers may wait for them. Each holds a thread of the runtime meanwhile.
const QUEUE: usize = 28;
/// How long a caller waits for all that its question needs. A hardware module takes some milliseconds to sign, and may
/// take seconds to open a session.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long until a key that fails is tried again.
const LOOK: Duration = Duration::from_secs(5);
/// Of so many such looks, one is at all keys.
const LOOKS_AT_ALL: u32 = 12;

type Job = Box<dyn FnOnce(&mut Sessions) + Send>;

/// All modules of this process, by their paths.
static MODULES: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

/// One PKCS#11 module.
#[derive(Debug)]
pub(super) struct Module {
    jobs: SyncSender<Job>,
    watched: Mutex<Vec<Weak<TokenSigner>>>,
    looks: AtomicU32,
    next_look: Mutex<Instant>,
}

impl Module {
    /// The module of that path. It is loaded by the first question.
    pub(super) fn at(path: &Path) -> Result<Arc<Self>, TokenFault> {
        // By whatever link it is named: a library begins and ends as a whole.
        let path = &fs::canonicalize(path).unwrap_or_else(|_missing| path.to_owned());
        let mut modules = lock(&MODULES);
        if let Some(module) = modules.get(path) {
            return Ok(Arc::clone(module));
        }
        let (jobs, asked) = mpsc::sync_channel(QUEUE);
        let module = Arc::new(Self {
            jobs,
            watched: Mutex::default(),
            looks: AtomicU32::new(0),
            next_look: Mutex::new(Instant::now() + LOOK),
        });
        let asked = Arc::new(Mutex::new(asked));
        let context = Arc::new(Context::of(path));
        for number in 0..THREADS {
            let (module, asked) = (Arc::downgrade(&module), Arc::clone(&asked));
            let context = Arc::clone(&context);
            thread::Builder::new()
                .name(format!("token-{number}"))
                .spawn(move || serve(&module, &asked, &context))
                .map_err(TokenFault::Threads)?;
        }
        modules.insert(path.to_owned(), Arc::clone(&module));
        Ok(module)
    }

    /// Has `question` asked on one of the threads, and waits for the answer, so that the threads of the runtime go on
    /// with other requests.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Sessions) -> T + Send + 'static,
    ) -> Result<T, TokenFault> {
        let (reply, answer) = mpsc::sync_channel(1);
        let waiting = Arc::new(());
        let asker = Arc::downgrade(&waiting);
        let job = Box::new(move |sessions: &mut Sessions| {
            // Nobody reads the answer to a question whose asker has given up.
            if asker.strong_count() > 0 {
                let _ = reply.send(question(sessions));
            }
        });
        self.jobs.try_send(job).map_err(|_full| TokenFault::Busy)?;
        let answered = without_holding_the_runtime(|| answer.recv_timeout(PATIENCE));
        drop(waiting);
        answered.map_err(|error| match error {
            RecvTimeoutError::Timeout => TokenFault::Silent,
            RecvTimeoutError::Disconnected => TokenFault::GivenUp,
        })
    }

    /// Has `signer` tried again and again for as long as it lives.
    pub(super) fn watch(&self, signer: &Arc<TokenSigner>) {
        lock(&self.watched).push(Arc::downgrade(signer));
    }

    /// Whether it is time to look after the keys, which is told to one thread.
    fn is_look_due(&self) -> bool {
        let now = Instant::now();
        let mut next = lock(&self.next_look);
        let is_due = *next <= now;
        if is_due {
            *next = now + LOOK;
        }
        is_due
    }

    /// Looks after the keys. Whether all of them fail: then nobody is disturbed by a new beginning.
    fn look(&self, sessions: &mut Sessions) -> bool {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        let is_at_all = looks.is_multiple_of(LOOKS_AT_ALL);
        let watched: Vec<_> = {
            let mut watched = lock(&self.watched);
            watched.retain(|signer| signer.strong_count() > 0);
            watched.iter().filter_map(Weak::upgrade).collect()
        };
        for signer in &watched {
            if is_at_all || signer.is_failing() {
                signer.look(sessions);
            }
        }
        !watched.is_empty() && watched.iter().all(|signer| signer.is_failing())
    }
}

fn serve(module: &Weak<Module>, asked: &Mutex<Receiver<Job>>, context: &Arc<Context>) {
    let mut sessions = Sessions::in_context(Arc::clone(context));
    loop {
        // One thread waits here, and the others for it.
        let next = lock(asked).recv_timeout(LOOK);
        let asking = context.asking();
        // What panics tells its asker by going away. A session that it leaves behind is tried, and opened anew.
        let goes_on = catch_unwind(AssertUnwindSafe(|| {
            match next {
                Ok(job) => job(&mut sessions),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            // Also while people sign in: their questions alone do not bring a token back.
            if let Some(module) = module.upgrade()
                && module.is_look_due()
            {
                context.want_new_beginning(module.look(&mut sessions));
            }
            true
        }));
        drop(asking);
        if matches!(goes_on, Ok(false)) {
            return;
        }
        context.begin_anew_if_wanted();
    }
}

/// Waits for something that is done elsewhere. A thread of the runtime hands what else it has to do to others first; a
/// runtime with one thread has no other.
fn without_holding_the_runtime<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(wait),
        Ok(_) | Err(_) => wait(),
    }
}

/// A thread that panicked left the list whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r122_no_more_callers_wait_for_a_token_than_there_is_room_for() {
        let module = Module::at(Path::new("/nowhere/full.so")).unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (came, arrivals) = mpsc::channel();
        let ask = |is_told: bool| {
            let (module, gate, came) = (Arc::clone(&module), Arc::clone(&gate), came.clone());
            thread::spawn(move || {
                module.ask(move |_| {
                    if is_told {
                        let _ = came.send(());
                    }
                    let _ = lock(&gate).recv();
                })
            })
        };
        let under_way: Vec<_> = (0..THREADS).map(|_| ask(true)).collect();
        for _ in 0..THREADS {
            arrivals.recv().unwrap();
        }
        // Each of them is told at once or waits, and there are more than may wait.
        let waiting: Vec<_> = (0..QUEUE + 3).map(|_| ask(false)).collect();
        while waiting.iter().filter(|caller| caller.is_finished()).count() < 3 {
            thread::yield_now();
        }
        drop(go);
        let told: Vec<_> = waiting.into_iter().map(|it| it.join().unwrap()).collect();
        let is_busy = |told: &&Result<(), TokenFault>| matches!(told, Err(TokenFault::Busy));
        assert_eq!(told.iter().filter(is_busy).count(), 3);
        assert_eq!(told.iter().filter(|told| told.is_ok()).count(), QUEUE);
        for caller in under_way {
            assert!(caller.join().unwrap().is_ok());
        }
    }

    #[test]
    fn a_question_that_panics_is_told_and_takes_no_thread_along() {
        let module = Module::at(Path::new("/nowhere/panics.so")).unwrap();
        for _ in 0..=THREADS {
            let told = module.ask(|_| panic!("as a module might"));
            assert!(matches!(told, Err::<(), _>(TokenFault::GivenUp)));
        }
        assert_eq!(module.ask(|_| 7).unwrap(), 7);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn r122_while_somebody_waits_for_a_token_the_runtime_serves_others() {
        let module = Module::at(Path::new("/nowhere/slow.so")).unwrap();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let (go, gate) = mpsc::channel();
        let asking = tokio::spawn(async move {
            module.ask(move |_| {
                let _ = began.send(());
                gate.recv().is_ok()
            })
        });
        let other = tokio::spawn(async move {
            has_begun.await.unwrap();
            go.send(()).unwrap();
        });
        other.await.unwrap();
        assert!(asking.await.unwrap().unwrap());
    }
}
