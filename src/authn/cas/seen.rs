//! Whether something was seen to be there, a moment ago.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::sys::clock::Clock;

/// How long it holds that it was seen to be there, whoever sets our clock meanwhile.
const HOLDS: Duration = Duration::from_secs(10);
/// How long what was seen still counts while it is looked again.
const COUNTS: Duration = Duration::from_secs(30);

/// What was seen last. One looks at a time, in a task of its own: whoever asks may go away meanwhile, and what is seen
/// is known to all others.
#[derive(Debug)]
pub(super) struct Seen {
    last: Arc<Mutex<Last>>,
    /// How long it holds that it was not there.
    away_for: Duration,
}

#[derive(Debug)]
struct Last {
    was_there: bool,
    /// Since when, once something was seen.
    seen_at: Option<Duration>,
    /// How often something was seen.
    notes: u64,
    /// Closed at the end of the look that is under way: it wakes those who wait in their order.
    looking: Option<Arc<Semaphore>>,
}

/// Ends a look, also where it panics.
struct Ending {
    last: Arc<Mutex<Last>>,
    ends: Arc<Semaphore>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        lock(&self.last).looking = None;
        self.ends.close();
    }
}

impl Seen {
    /// Nothing yet; that it is not there will hold for so long.
    pub(super) fn new(away_for: Duration) -> Self {
        let last = Last {
            was_there: true,
            seen_at: None,
            notes: 0,
            looking: None,
        };
        Self {
            last: Arc::new(Mutex::new(last)),
            away_for,
        }
    }

    /// Whether it is there, as far as that needs no look: while somebody looks, what was seen shortly before still holds.
    pub(super) fn known(&self, now: Duration) -> Option<bool> {
        let last = lock(&self.last);
        let holds = match (&last.looking, last.was_there) {
            (Some(_), _) => COUNTS,
            (None, true) => HOLDS,
            (None, false) => self.away_for,
        };
        last.is_younger(holds, now).then_some(last.was_there)
    }

    /// Whether it was seen to be away within the last ten seconds, or until somebody looks who has not seen it yet, and not to
    /// be there since.
    pub(super) fn was_away(&self, now: Duration) -> bool {
        let last = lock(&self.last);
        let holds = if last.looking.is_some() {
            COUNTS
        } else {
            HOLDS
        };
        !last.was_there && last.is_younger(holds, now)
    }

    /// Whether it is there, as far as that is known by now. What was not seen to be away lately is.
    pub(super) fn presumed(&self, now: Duration) -> bool {
        let last = lock(&self.last);
        last.was_there || !last.is_younger(COUNTS, now)
    }

    /// Notes that it was there at `now`. Nothing that somebody still looks for says otherwise.
    pub(super) fn is_there(&self, now: Duration) {
        lock(&self.last).note(true, now);
    }

    /// Waits for the end of the look that is under way, or of a new one by `look`, which may have seen nothing.
    pub(super) async fn look<L>(&self, clock: &Arc<dyn Clock>, look: L)
    where
        L: Future<Output = Option<bool>> + Send + 'static,
    {
        let ends = self.begin(clock, look);
        // It has nothing to give, and fails at the end.
        let _ = ends.acquire().await;
    }

    fn begin<L>(&self, clock: &Arc<dyn Clock>, look: L) -> Arc<Semaphore>
    where
        L: Future<Output = Option<bool>> + Send + 'static,
    {
        let mut last = lock(&self.last);
        if let Some(ends) = &last.looking {
            return Arc::clone(ends);
        }
        let ends = Arc::new(Semaphore::new(0));
        last.looking = Some(Arc::clone(&ends));
        let notes = last.notes;
        drop(last);
        let ending = Ending {
            last: Arc::clone(&self.last),
            ends: Arc::clone(&ends),
        };
        let clock = Arc::clone(clock);
        tokio::spawn(async move {
            let seen = look.await;
            let now = clock.passed();
            let mut last = lock(&ending.last);
            if let Some(is_there) = seen
                && last.notes == notes
            {
                last.note(is_there, now);
            }
        });
        ends
    }
}

impl Last {
    fn is_younger(&self, age: Duration, now: Duration) -> bool {
        self.seen_at
            .is_some_and(|seen_at| now < seen_at.saturating_add(age))
    }

    fn note(&mut self, is_there: bool, now: Duration) {
        self.was_there = is_there;
        self.seen_at = Some(now);
        self.notes += 1;
    }
}

/// A thread that panicked left it whole.
fn lock(last: &Mutex<Last>) -> MutexGuard<'_, Last> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use jiff::{SignedDuration, Timestamp};
    use tokio::{sync::oneshot, time::timeout};

    use super::*;
    use crate::sys::clock::ManualClock;

    /// A clock, the same one to be read, and what nothing was seen of yet that is away for two seconds.
    fn nothing() -> (Arc<ManualClock>, Arc<dyn Clock>, Seen) {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let read: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        (clock, read, Seen::new(Duration::from_secs(2)))
    }

    #[tokio::test]
    async fn what_was_seen_holds_for_ten_seconds_and_for_two_where_nobody_was_there() {
        let (clock, read, seen) = nothing();
        let known = || seen.known(read.passed());
        let presumed = || seen.presumed(read.passed());
        let was_away = || seen.was_away(read.passed());
        let wait = |seconds| clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!((known(), presumed(), was_away()), (None, true, false));
        seen.look(&read, ready(Some(true))).await;
        wait(9);
        assert_eq!(known(), Some(true));
        wait(1);
        assert_eq!((known(), presumed()), (None, true));
        seen.look(&read, ready(Some(false))).await;
        wait(1);
        assert_eq!((known(), was_away()), (Some(false), true));
        wait(1);
        assert_eq!((known(), presumed(), was_away()), (None, false, true));
        // Who could not look has seen nothing.
        seen.look(&read, ready(None)).await;
        assert_eq!((known(), presumed(), was_away()), (None, false, true));
        wait(8);
        assert_eq!((known(), presumed(), was_away()), (None, false, false));
        // What was long ago says nothing of now.
        wait(20);
        assert_eq!((known(), presumed(), was_away()), (None, true, false));
        seen.is_there(read.passed());
        assert_eq!((known(), presumed()), (Some(true), true));
    }

    #[tokio::test(start_paused = true)]
    async fn one_looks_for_all_and_to_the_end_whoever_goes_away() {
        let (clock, read, seen) = nothing();
        seen.look(&read, ready(Some(false))).await;
        clock.advance(SignedDuration::from_secs(2));
        let (tell, told) = oneshot::channel();
        let look = async { Some(told.await.unwrap()) };
        // Whoever looks goes away.
        timeout(Duration::from_millis(1), seen.look(&read, look))
            .await
            .unwrap_err();
        // The others go by what was seen before, and nobody else looks.
        assert_eq!(seen.known(read.passed()), Some(false));
        clock.advance(SignedDuration::from_secs(20));
        assert!(seen.was_away(read.passed()));
        // But not for long: they wait for it, then.
        clock.advance(SignedDuration::from_secs(8));
        assert_eq!(seen.known(read.passed()), None);
        let other = seen.look(&read, pending());
        tell.send(true).unwrap();
        other.await;
        assert_eq!(seen.known(read.passed()), Some(true));
    }

    #[tokio::test]
    async fn whoever_comes_while_the_first_one_looks_waits_for_that() {
        let (_clock, read, seen) = nothing();
        let (tell, told) = oneshot::channel();
        let _ends = seen.begin(&read, async { Some(told.await.unwrap()) });
        assert_eq!(seen.known(read.passed()), None);
        let other = seen.look(&read, pending());
        tell.send(false).unwrap();
        other.await;
        assert_eq!(seen.known(read.passed()), Some(false));
    }

    #[tokio::test]
    async fn who_was_heard_meanwhile_is_there_whatever_the_look_says() {
        let (_clock, read, seen) = nothing();
        let (tell, told) = oneshot::channel();
        let ends = seen.begin(&read, async { Some(told.await.unwrap()) });
        seen.is_there(read.passed());
        tell.send(false).unwrap();
        ends.acquire().await.unwrap_err();
        assert_eq!(seen.known(read.passed()), Some(true));
    }

    #[tokio::test]
    async fn a_look_that_panics_leaves_the_next_one_to_look() {
        let (_clock, read, seen) = nothing();
        seen.look(&read, async { panic!("in the test") }).await;
        assert_eq!(seen.known(read.passed()), None);
        seen.look(&read, ready(Some(false))).await;
        assert_eq!(seen.known(read.passed()), Some(false));
    }
}
