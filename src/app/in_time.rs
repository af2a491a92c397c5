//! What reads files for a server that runs, on a thread that it waits for no longer than a while.
//!
//! A file that the configuration names may lie in a file system that hangs. Nothing takes such a thread back, so that no
//! second one is sent after it: it would hang beside it, and so would the next.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::runtime::Handle;
use tracing::dispatcher;

/// The one thread of its kind.
#[derive(Debug, Default)]
pub(super) struct InTime {
    /// Of the thread that was given up last: it is gone with it.
    given_up: Mutex<Weak<()>>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotInTime {
    /// It broke down; the log has been told.
    #[error("could not be read to the end")]
    Failed,
    /// It does not come to an end.
    #[error(
        "names something that gives no answer, such as a file in a file system that hangs; reading it was given up \
         after {} seconds", .0.as_secs()
    )]
    Hangs(Duration),
    /// There is no thread for it.
    #[error("could not be read: no thread can be begun for it")]
    NoThread(#[source] io::Error),
    /// One that was given up before has not come to an end by now.
    #[error(
        "names something that still gives no answer, such as a file in a file system that hangs: it was not read \
         once more"
    )]
    StillHangs,
}

impl InTime {
    /// What `read` gives, if it does so within `patience`. The log, and the runtime that drives connections, are those of
    /// whoever asks.
    pub(super) fn read<T: Send + 'static>(
        &self,
        patience: Duration,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotInTime> {
        if self.given_up().upgrade().is_some() {
            return Err(NotInTime::StillHangs);
        }
        let (gives, answer) = sync_channel(1);
        let is_there = Arc::new(());
        let there = Arc::downgrade(&is_there);
        let runtime = Handle::try_current();
        let log = dispatcher::get_default(Clone::clone);
        let reading = move || {
            let _runtime = runtime.as_ref().map(Handle::enter);
            // Nobody takes what comes too late.
            let _ = gives.send(dispatcher::with_default(&log, read));
            drop(is_there);
        };
        thread::Builder::new()
            .name("reload".to_owned())
            .spawn(reading)
            .map_err(NotInTime::NoThread)?;
        answer.recv_timeout(patience).map_err(|fault| match fault {
            RecvTimeoutError::Disconnected => NotInTime::Failed,
            RecvTimeoutError::Timeout => {
                *self.given_up() = there;
                NotInTime::Hangs(patience)
            }
        })
    }

    fn given_up(&self) -> MutexGuard<'_, Weak<()>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_hangs_is_waited_for_once_and_no_second_reader_is_sent_after_it() {
        let one = InTime::default();
        let begun = Arc::new(AtomicUsize::new(0));
        let (goes_on, hangs) = mpsc::channel::<()>();
        let (ends, ended) = mpsc::channel::<()>();
        let counts = Arc::clone(&begun);
        let hanging = one.read(SHORT, move || {
            let _ends = ends;
            counts.fetch_add(1, Ordering::Relaxed);
            let _ = hangs.recv();
        });
        assert!(
            matches!(hanging, Err(NotInTime::Hangs(SHORT))),
            "{hanging:?}"
        );
        let counts = Arc::clone(&begun);
        let second = move || counts.fetch_add(1, Ordering::Relaxed);
        let second = one.read(LONG, second);
        assert!(matches!(second, Err(NotInTime::StillHangs)), "{second:?}");
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        // Once it has gone on, all is as before.
        drop(goes_on);
        let _ = ended.recv();
        let again = std::iter::repeat_with(|| one.read(LONG, || 7));
        let mut told = again.skip_while(|told| matches!(told, Err(NotInTime::StillHangs)));
        assert!(matches!(told.next(), Some(Ok(7))));
    }

    #[test]
    fn what_breaks_down_is_told_and_waited_for_no_longer() {
        let one = InTime::default();
        let broken = one.read(LONG, || panic!("a fault of ours"));
        assert!(matches!(broken, Err::<(), _>(NotInTime::Failed)));
        assert!(matches!(one.read(LONG, || 7), Ok(7)));
    }
}
