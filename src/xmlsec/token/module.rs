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
/// How many callers may wait for them: with those that are asked, as many as a token that makes ten signatures in a second
/// serves within [`PATIENCE`]. Each holds a thread of the runtime meanwhile.
const QUEUE: usize = 96;
/// How long a caller waits for all that its question needs. A hardware module takes some milliseconds to sign, and may
/// take seconds to open a session.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The same where a key is looked for the first time: a module that was loaded just now may take long to find its device.
pub(super) const PATIENCE_AT_FIRST: Duration = Duration::from_mins(1);
/// How long until a key that fails is tried again.
const LOOK: Duration = Duration::from_secs(5);
/// Of so many such looks, one is at all keys.
const LOOKS_AT_ALL: u32 = 12;
/// A key that signed so short a time ago is not taken to fail because a look hangs: as long as until it is looked at again.
pub(super) const SIGNED_LATELY: Duration = Duration::from_mins(1);

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
    /// When the look that goes on came to the key at which it is. There is no second one meanwhile: it would hang where the first one does, and
    /// take another thread along.
    look_began: Mutex<Option<Instant>>,
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
            look_began: Mutex::default(),
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
        patience: Duration,
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
        let answered = without_holding_the_runtime(|| answer.recv_timeout(patience));
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

    /// The key that `is_it` knows among those that are tried, where it lives still.
    pub(super) fn watched(&self, is_it: impl Fn(&TokenSigner) -> bool) -> Option<Arc<TokenSigner>> {
        let watched = lock(&self.watched);
        let mut living = watched.iter().filter_map(Weak::upgrade);
        living.find(|signer| is_it(signer))
    }

    /// Since when a look goes on that should have ended.
    pub(super) fn hangs_since(&self) -> Option<Instant> {
        lock(&self.look_began).filter(|began| began.elapsed() > PATIENCE)
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

    /// Has this thread look after the keys, unless another one does. Whether all of them fail.
    fn look_alone(&self, sessions: &mut Sessions) -> bool {
        let is_another_at_it = {
            let mut began = lock(&self.look_began);
            let was_empty = began.is_none();
            began.get_or_insert_with(Instant::now);
            !was_empty
        };
        if is_another_at_it {
            // The one that hangs cannot tell it itself.
            if self.hangs_since().is_some() {
                self.living()
                    .iter()
                    .for_each(|signer| signer.note_silence());
            }
            return false;
        }
        let all_fail = catch_unwind(AssertUnwindSafe(|| self.look(sessions)));
        *lock(&self.look_began) = None;
        all_fail.unwrap_or(false)
    }

    fn living(&self) -> Vec<Arc<TokenSigner>> {
        let mut watched = lock(&self.watched);
        watched.retain(|signer| signer.strong_count() > 0);
        watched.iter().filter_map(Weak::upgrade).collect()
    }

    /// Looks after the keys. Whether all of them fail: then nobody is disturbed by a new beginning.
    fn look(&self, sessions: &mut Sessions) -> bool {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        let is_at_all = looks.is_multiple_of(LOOKS_AT_ALL);
        let watched = self.living();
        for signer in &watched {
            if is_at_all || signer.is_failing() {
                *lock(&self.look_began) = Some(Instant::now());
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
                context.want_new_beginning(module.look_alone(&mut sessions));
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
    use std::sync::Barrier;

    use openssl::nid::Nid;

    use super::*;
    use crate::{
        config::{keys::TokenKey, token_uri::TokenName},
        xmlsec::{SignatureAlgorithm, test_support::TestKey},
    };

    /// Waits for what other threads do. Generous: CI builds on the same two cores.
    fn until(mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < deadline, "it never comes");
            thread::yield_now();
        }
    }

    /// Asks as many questions at one time as there are threads.
    fn on_each_thread(
        module: &Arc<Module>,
        question: impl Fn() + Clone + Send + 'static,
    ) -> Vec<thread::JoinHandle<()>> {
        let each = (0..THREADS).map(|_| {
            let (module, question) = (Arc::clone(module), question.clone());
            thread::spawn(move || {
                let asked = module.ask(PATIENCE_AT_FIRST, move |_| question());
                asked.unwrap();
            })
        });
        each.collect()
    }

    /// One whose keys nobody looks after but the test.
    fn without_threads() -> Arc<Module> {
        let (jobs, _nobody) = mpsc::sync_channel(QUEUE);
        Arc::new(Module {
            jobs,
            watched: Mutex::default(),
            looks: AtomicU32::new(0),
            next_look: Mutex::new(Instant::now() + LOOK),
            look_began: Mutex::default(),
        })
    }

    fn key_in(module: PathBuf) -> TokenKey {
        TokenKey {
            module,
            token: TokenName::default(),
            label: None,
            id: None,
            pin: None,
            certificate: None,
        }
    }

    #[test]
    fn r122_a_look_that_hangs_is_told_and_takes_no_second_thread_along() {
        let path = PathBuf::from("/nowhere/hangs.so");
        let module = Module::at(&path).unwrap();
        let key = Arc::new(key_in(path));
        let signer = Arc::new(TokenSigner::of(key, Arc::clone(&module)));
        signer.usual.get_or_init(|| SignatureAlgorithm::EcdsaSha256);
        module.watch(&signer);
        let context = module.ask(PATIENCE, |sessions| Arc::clone(&sessions.context));
        let context = context.unwrap();
        // Whoever opens a session waits here, as for a device that does not answer.
        let hanging = lock(&context.loaded);
        let look = || {
            *lock(&module.next_look) = Instant::now();
            module.ask(PATIENCE, |_| ()).unwrap();
        };
        look();
        until(|| lock(&module.look_began).is_some());
        assert!(!signer.is_failing());
        let long_ago = Instant::now().checked_sub(PATIENCE * 2).unwrap();
        let has_hung = || *lock(&module.look_began) = Some(long_ago);
        until(|| {
            has_hung();
            signer.is_failing()
        });
        assert!(!signer.is_failing.load(Ordering::Relaxed));
        // A thread that is free says so, and does not go after it.
        for _ in 0..2 * THREADS {
            has_hung();
            look();
        }
        until(|| {
            has_hung();
            look();
            signer.is_failing.load(Ordering::Relaxed)
        });
        // It is not the key that hangs where the key signs.
        signer.note(None);
        assert!(!signer.is_failing());
        drop(hanging);
        until(|| lock(&module.look_began).is_none());
        assert!(signer.is_failing());
    }

    #[test]
    fn r122_a_reload_while_many_people_sign_in_says_nothing_against_a_token() {
        let path = PathBuf::from("/nowhere/busy.so");
        let module = Module::at(&path).unwrap();
        let key = Arc::new(key_in(path));
        let signer = Arc::new(TokenSigner::of(Arc::clone(&key), Arc::clone(&module)));
        module.watch(&signer);
        let pair = TestKey::ec(Nid::X9_62_PRIME256V1);
        signer.certificate.get_or_init(|| pair.certificate);
        for (fault, is_told) in [(TokenFault::Busy, false), (TokenFault::Silent, true)] {
            let (found, _) = TokenSigner::living(&key, &fault).unwrap();
            assert!(Arc::ptr_eq(&found, &signer));
            assert_eq!(signer.is_failing(), is_told, "{fault}");
        }
    }

    #[test]
    fn r122_no_more_callers_wait_for_a_token_than_there_is_room_for() {
        let module = Module::at(Path::new("/nowhere/full.so")).unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (came, arrivals) = mpsc::channel();
        let ask = |is_told: bool| {
            let (module, gate, came) = (Arc::clone(&module), Arc::clone(&gate), came.clone());
            thread::spawn(move || {
                // Longer than those who wait may be waited for below.
                module.ask(PATIENCE_AT_FIRST, move |_| {
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
        until(|| waiting.iter().filter(|caller| caller.is_finished()).count() >= 3);
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
    fn nothing_is_asked_for_somebody_who_has_given_up() {
        let module = Module::at(Path::new("/nowhere/given-up.so")).unwrap();
        let (came, arrivals) = mpsc::channel();
        let held = Arc::new(Barrier::new(THREADS + 1));
        let gate = Arc::clone(&held);
        let busy = on_each_thread(&module, move || {
            came.send(()).unwrap();
            gate.wait();
        });
        for _ in 0..THREADS {
            arrivals.recv().unwrap();
        }
        let (asks, asked) = mpsc::channel();
        let told = module.ask(Duration::ZERO, move |_| asks.send(()));
        assert!(matches!(told, Err(TokenFault::Silent)));
        held.wait();
        // Each of them is done with what came before when it takes one of these.
        let all = Arc::new(Barrier::new(THREADS));
        let after = on_each_thread(&module, move || {
            all.wait();
        });
        for asking in busy.into_iter().chain(after) {
            asking.join().unwrap();
        }
        assert_eq!(asked.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn it_is_time_to_look_every_few_seconds_and_for_one_thread_alone() {
        let module = without_threads();
        assert!(!module.is_look_due());
        *lock(&module.next_look) = Instant::now();
        assert!(module.is_look_due());
        assert!(!module.is_look_due());
    }

    #[test]
    fn a_key_that_is_gone_is_looked_after_no_more() {
        let module = without_threads();
        let key = key_in(PathBuf::from("/nowhere/gone.so"));
        let signer = TokenSigner::of(Arc::new(key), Arc::clone(&module));
        let signer = Arc::new(signer);
        module.watch(&signer);
        assert_eq!(module.living().len(), 1);
        drop(signer);
        assert!(module.living().is_empty());
        assert!(lock(&module.watched).is_empty());
    }

    #[test]
    fn a_key_that_fails_is_tried_at_each_look_and_one_that_signs_at_every_twelfth() {
        let path = PathBuf::from("/nowhere/looked-at.so");
        let module = without_threads();
        let mut sessions = Sessions::in_context(Arc::new(Context::of(&path)));
        // Nobody would be spared a new beginning.
        assert!(!module.look(&mut sessions));
        let signer = TokenSigner::of(Arc::new(key_in(path)), Arc::clone(&module));
        let signer = Arc::new(signer);
        signer.usual.get_or_init(|| SignatureAlgorithm::RsaSha256);
        module.watch(&signer);
        let failures = || signer.failures.load(Ordering::Relaxed);
        for _ in 1..LOOKS_AT_ALL {
            assert!(!module.look(&mut sessions));
            assert_eq!(failures(), 0);
        }
        // There is no such module.
        for tried in 1..=3 {
            assert!(module.look(&mut sessions));
            assert_eq!(failures(), tried);
        }
    }

    #[test]
    fn a_question_that_panics_is_told_and_takes_no_thread_along() {
        let module = Module::at(Path::new("/nowhere/panics.so")).unwrap();
        for _ in 0..=THREADS {
            let told = module.ask(PATIENCE, |_| panic!("as a module might"));
            assert!(matches!(told, Err::<(), _>(TokenFault::GivenUp)));
        }
        assert_eq!(module.ask(PATIENCE, |_| 7).unwrap(), 7);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn r122_while_somebody_waits_for_a_token_the_runtime_serves_others() {
        let module = Module::at(Path::new("/nowhere/slow.so")).unwrap();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let (go, gate) = mpsc::channel();
        let asking = tokio::spawn(async move {
            module.ask(PATIENCE, move |_| {
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
