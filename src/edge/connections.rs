//! How many connections there are at one time, and which of them gives way to one more.
//!
//! Whoever sends half a head takes a place for nothing, and all places for the price of so many sockets.
//! So while all are taken, each new connection has another one closed: the one that has been idle for
//! longest, for [`REST`] at least since its last answer, and where there is none, the first that came of those that
//! wait for their client: for the TLS handshake, for a request or the rest of one, for an answer to be read, for
//! another request that follows at once. Whoever is closed while nothing is asked loses nothing: browsers
//! connect again by themselves (RFC 9112 §9.3.1). One that is being answered is never closed.
//!
//! The place in line is that of the connection, from when it was taken. Nothing that is sent on it gives it a
//! later one: whoever asks for something each second would otherwise always stand behind the people whose
//! networks are slow. A browser sends what it has to say as soon as it is connected: it is never the one,
//! unless as many others come in that moment as there are places.
//!
//! Nobody is counted by their address or network. Behind a reverse proxy all come from one, and thousands of
//! people of a campus do. Were the network that holds most of the places to give way first, those who attack
//! from many, of which IPv6 gives anybody hundreds, would have the campus closed before themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, futures::OwnedNotified},
    time::Instant,
};

/// For so long after an answer a connection is not idle: a browser follows a redirect on it, and a proxy
/// sends the next person's form. Closed in just that moment it would lose what it has sent.
const REST: Duration = Duration::from_secs(1);

/// The connections of one listener.
#[derive(Debug)]
pub struct Connections {
    places: Arc<Semaphore>,
    line: Mutex<Line>,
    /// Whether it was said that places are short, and not yet that they are not.
    are_short: AtomicBool,
    closed: AtomicU64,
    refused: AtomicU64,
}

/// Those that may be closed.
#[derive(Debug, Default)]
struct Line {
    next: u64,
    /// From the first that came to the last.
    waiting: BTreeMap<u64, Waiting>,
    /// Those of them that have had an answer and do not ask, from the first that had it to the last.
    idle: BTreeSet<(Instant, u64)>,
}

/// One that may be closed.
#[derive(Debug)]
struct Waiting {
    idle_since: Option<Instant>,
    close: Arc<Notify>,
}

/// For whom a connection waits, and for what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    /// For us.
    Answered,
    /// For its client: for a request or the rest of one.
    Asking,
    /// For its client, to read the answer.
    Unread,
    /// For its client, which has had the answer since then and may ask again.
    Idle(Instant),
}

impl Connections {
    /// So many at one time, and no more.
    pub fn at_most(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            line: Mutex::default(),
            are_short: AtomicBool::new(false),
            closed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Has fewer places from now on, by so many; one stays.
    pub fn lose(&self, places: usize) {
        let most = self.free_places().saturating_sub(1);
        self.places.forget_permits(places.min(most));
    }

    /// Takes a place for a connection that has just come, and that waits for its client from now on. None
    /// where all places are taken by such as are being answered, or so many others come meanwhile that
    /// this one gives way in its turn.
    pub async fn take(self: Arc<Self>) -> Option<Place> {
        let places = Arc::clone(&self.places);
        let at_once = Arc::clone(&places).try_acquire_owned().ok();
        if at_once.is_some() {
            self.note_free_places();
        } else if !self.close_one() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let number = self.line().draw_number();
        let mut place = Place {
            connections: self,
            number,
            standing: Mutex::new(Standing::Answered),
            close: Arc::default(),
            permit: at_once,
        };
        place.asks();
        if place.permit.is_none() {
            let must_close = place.must_close();
            place.permit = tokio::select! {
                biased;
                () = must_close => return None,
                permit = places.acquire_owned() => Some(permit.ok()?),
            };
        }
        Some(place)
    }

    /// How many were closed for another one.
    pub fn closed(&self) -> u64 {
        self.closed.load(Ordering::Relaxed)
    }

    /// How many were turned away, since everybody was being answered.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many places nobody has.
    pub fn free_places(&self) -> usize {
        self.places.available_permits()
    }

    /// Closes the first of the line; whether there was one.
    fn close_one(&self) -> bool {
        let Some(close) = self.line().pop(Instant::now()) else {
            return false;
        };
        close.notify_one();
        self.closed.fetch_add(1, Ordering::Relaxed);
        // Said once, and not for each of thousands.
        if !self.are_short.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "all connections are taken: those that are idle, or wait longest, are closed for new ones"
            );
        }
        true
    }

    /// Places are no longer short once as many are free as are in the line: with each single one that
    /// comes and goes it would be said again.
    fn note_free_places(&self) {
        if self.are_short.load(Ordering::Relaxed)
            && self.free_places() > self.line().waiting.len()
            && self.are_short.swap(false, Ordering::Relaxed)
        {
            tracing::warn!(
                connections.closed = self.closed(),
                connections.refused = self.refused(),
                "connections are free again"
            );
        }
    }

    /// Whoever panicked left the line whole.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    const fn draw_number(&mut self) -> u64 {
        let number = self.next;
        self.next = number.wrapping_add(1);
        number
    }

    fn insert(&mut self, number: u64, standing: Standing, close: Arc<Notify>) {
        let idle_since = match standing {
            Standing::Answered => return,
            Standing::Asking | Standing::Unread => None,
            Standing::Idle(since) => Some(since),
        };
        self.idle.extend(idle_since.map(|since| (since, number)));
        self.waiting.insert(number, Waiting { idle_since, close });
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Notify>> {
        let Waiting { idle_since, close } = self.waiting.remove(&number)?;
        if let Some(since) = idle_since {
            self.idle.remove(&(since, number));
        }
        Some(close)
    }

    /// Takes out the one that is to be closed next.
    fn pop(&mut self, now: Instant) -> Option<Arc<Notify>> {
        let rested = self
            .idle
            .first()
            .filter(|(since, _)| now.saturating_duration_since(*since) >= REST)
            .map(|(_, number)| *number);
        let first = || self.waiting.first_key_value().map(|(number, _)| *number);
        let number = rested.or_else(first)?;
        self.remove(number)
    }
}

/// The place of one connection; it is given back when this is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    /// How many came before it.
    number: u64,
    standing: Mutex<Standing>,
    close: Arc<Notify>,
    /// None until another one has closed.
    permit: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// Waits for its client: for a request, or for the rest of one.
    pub fn asks(&self) {
        self.stands(Standing::Asking);
    }

    /// Waits for us: all of the request has come.
    pub fn is_being_answered(&self) {
        self.stands(Standing::Answered);
    }

    /// Waits for its client, to read the answer that was made.
    pub fn has_answer(&self) {
        self.stands(Standing::Unread);
    }

    /// What was written has gone on its way to the client. Where that is an answer, the connection is idle from now on.
    pub fn is_read(&self) {
        // Asked at each turn of a connection, and mostly of one without an answer.
        if *self.standing() == Standing::Unread {
            self.stands(Standing::Idle(Instant::now()));
        }
    }

    /// Is done when the connection is to be closed for another one.
    pub fn must_close(&self) -> OwnedNotified {
        Arc::clone(&self.close).notified_owned()
    }

    fn stands(&self, now: Standing) {
        let mut standing = self.standing();
        *standing = now;
        let mut line = self.connections.line();
        line.remove(self.number);
        line.insert(self.number, now, Arc::clone(&self.close));
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.is_being_answered();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use tokio::time::advance;

    use super::*;

    async fn full(places: usize) -> (Arc<Connections>, Vec<Place>) {
        let connections = Arc::new(Connections::at_most(places));
        let mut taken = Vec::new();
        for _ in 0..places {
            taken.push(Arc::clone(&connections).take().await.unwrap());
        }
        (connections, taken)
    }

    /// Whether it is done as soon as it is asked.
    async fn is_done(future: impl Future) -> bool {
        let mut future = pin!(future);
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
    }

    /// Which of them must close.
    async fn to_close(places: &[Place]) -> Vec<usize> {
        let mut found = Vec::new();
        for (number, place) in places.iter().enumerate() {
            if is_done(place.must_close()).await {
                found.push(number);
            }
        }
        found
    }

    /// Has been asked, and has answered.
    fn answer(place: &Place) {
        place.is_being_answered();
        place.has_answer();
        place.is_read();
    }

    #[tokio::test]
    async fn r123_the_one_that_has_waited_longest_gives_its_place_to_a_new_one() {
        let (connections, mut taken) = full(3).await;
        taken[0].is_being_answered();
        let mut next = pin!(Arc::clone(&connections).take());
        // It has a place when that one has closed, and not before.
        assert!(!is_done(next.as_mut()).await);
        assert_eq!(to_close(&taken).await, [1]);
        taken.remove(1);
        let next = next.await.unwrap();
        assert_eq!((connections.closed(), connections.refused()), (1, 0));
        assert_eq!(connections.free_places(), 0);
        drop((next, taken));
        assert_eq!(connections.free_places(), 3);
        assert!(connections.line().waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn r123_those_that_are_idle_for_a_second_give_way_first_from_the_one_that_is_it_for_longest()
     {
        let (connections, mut taken) = full(4).await;
        answer(&taken[3]);
        advance(REST / 2).await;
        answer(&taken[2]);
        // It has had an answer as well, and then another one, lately.
        answer(&taken[1]);
        advance(REST / 2).await;
        answer(&taken[1]);
        advance(REST / 2).await;
        // What comes meanwhile is not idle.
        for gives_way in [3, 2, 0, 0] {
            let next = Box::pin(Arc::clone(&connections).take());
            let mut next = next;
            assert!(!is_done(next.as_mut()).await);
            assert_eq!(to_close(&taken).await, [gives_way]);
            taken.remove(gives_way);
            taken.push(next.await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn r123_whoever_has_just_been_answered_is_not_closed_while_others_wait_for_longer() {
        let (connections, taken) = full(2).await;
        // A redirect: the browser follows it on the same connection.
        answer(&taken[1]);
        advance(REST / 2).await;
        assert!(!is_done(Arc::clone(&connections).take()).await);
        assert_eq!(to_close(&taken).await, [0]);
    }

    #[tokio::test]
    async fn r123_whoever_asks_again_and_again_never_stands_behind_a_slow_newcomer() {
        let (connections, mut taken) = full(2).await;
        answer(&taken[0]);
        // The next request of it is under way, or its answer is being read: neither makes it younger.
        for busy in [Place::asks, Place::has_answer, answer] {
            busy(&taken[0]);
            let mut next = Box::pin(Arc::clone(&connections).take());
            assert!(!is_done(next.as_mut()).await);
            assert_eq!(to_close(&taken).await, [0]);
            taken.remove(0);
            taken.push(next.await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn r123_an_answer_that_is_being_read_is_not_cut_off_while_another_one_is_idle() {
        let (connections, taken) = full(2).await;
        taken[0].is_being_answered();
        taken[0].has_answer();
        answer(&taken[1]);
        // What is not of an answer makes nothing idle.
        taken[1].is_read();
        advance(REST).await;
        assert!(!is_done(Arc::clone(&connections).take()).await);
        assert_eq!(to_close(&taken).await, [1]);
    }

    #[tokio::test]
    async fn r122_r123_what_is_being_answered_is_never_closed() {
        let (connections, taken) = full(2).await;
        for place in &taken {
            place.is_being_answered();
        }
        assert!(Arc::clone(&connections).take().await.is_none());
        assert_eq!(to_close(&taken).await, [0; 0]);
        assert_eq!((connections.closed(), connections.refused()), (0, 1));
        taken[1].has_answer();
        assert!(!is_done(Arc::clone(&connections).take()).await);
        assert_eq!(to_close(&taken).await, [1]);
    }

    #[tokio::test]
    async fn r123_in_a_flood_the_first_that_came_gives_way_and_the_last_ones_have_the_places() {
        let (connections, taken) = full(2).await;
        let mut flood: Vec<_> = (0..5)
            .map(|_| Box::pin(Arc::clone(&connections).take()))
            .collect();
        for next in &mut flood {
            assert!(!is_done(next.as_mut()).await);
        }
        assert_eq!(to_close(&taken).await, [0, 1]);
        assert_eq!((connections.closed(), connections.refused()), (5, 0));
        drop(taken);
        let mut have = Vec::new();
        for next in flood {
            have.push(next.await);
        }
        let places: Vec<_> = have.iter().map(Option::is_some).collect();
        assert_eq!(places, [false, false, false, true, true]);
        drop(have);
        assert_eq!(connections.free_places(), 2);
        assert!(connections.line().waiting.is_empty());
    }

    #[tokio::test]
    async fn where_fewer_files_may_be_open_there_are_fewer_places_and_never_none() {
        let connections = Arc::new(Connections::at_most(10));
        connections.lose(4);
        assert_eq!(connections.free_places(), 6);
        connections.lose(usize::MAX);
        assert_eq!(connections.free_places(), 1);
    }
}
