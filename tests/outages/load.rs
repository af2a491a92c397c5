//! A steady load of whole sign-ins, so many a second, by people of whom each is at one browser.
//!
//! Who is due comes, whether those before are done or not. Most have a session; one of [`NEW`] comes as somebody who was
//! never here. Who is told that it does not work now tries again a second later, as often as it takes. One thread
//! speaks for one browser at a time.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use rand::{SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::{
    count::{Counter, Had, How, Pair, Phase, SignedIn, lock},
    kit::{reading::Reader, server::rest},
    visitor::{Come, Journey, Mixed, Nodes, Visitor},
};

/// Of so many sign-ins one is of somebody who has no session.
const NEW: usize = 10;
/// Of so many of those one signs in at CAS, as of all people: in five seconds fifteen are new, and chance would at times send
/// none of them there.
const NEW_AT_CAS: usize = 5;
/// As many may be under way at one time.
const THREADS: usize = 48;
/// As many sign in at one time before it begins.
const AT_FIRST: usize = 6;
/// When who was told that it does not work now tries again.
const AGAIN: Duration = Duration::from_secs(1);
const SEED: u64 = 33;
/// How often a thread looks whether anybody is due.
const LOOK: Duration = Duration::from_millis(5);

/// A load that goes on until it is ended.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Somebody at a browser, and the nodes that they come to.
pub(crate) struct Guest {
    pub(crate) visitor: Visitor,
    pub(crate) nodes: Arc<Nodes>,
}

struct Shared {
    guests: Vec<Mutex<Guest>>,
    line: Mutex<Line>,
    counter: Arc<Counter>,
    reader: Reader,
    /// Whether nobody new comes any more.
    is_closed: AtomicBool,
}

/// Who comes next.
struct Line {
    every: Duration,
    next_due: Instant,
    came: usize,
    /// Who is not signing in, of whom one comes by chance: some are back within the second, others after minutes.
    idle: Vec<usize>,
    chance: StdRng,
    /// Who signs in at CAS.
    at_cas: BTreeSet<usize>,
    /// Whose session was kept: they were let in by it since. On a machine that others use, a session is at times made and
    /// not kept.
    known: BTreeSet<usize>,
    /// Whose session was kept by a server that has lost it.
    lost: BTreeSet<usize>,
    /// Whether a session is kept now.
    is_kept: bool,
    /// Who is to come before all others, so that everybody has a session.
    called: BTreeSet<usize>,
    /// Who waits to try again.
    waiting: BinaryHeap<Reverse<Waiting>>,
    under_way: Vec<UnderWay>,
}

/// A sign-in that has begun.
struct UnderWay {
    guest: usize,
    due: Instant,
    begun: Phase,
    had: Had,
    /// Whether a session was kept when it began.
    is_kept: bool,
    journey: Option<Journey>,
}

#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Waiting {
    due: Instant,
    guest: usize,
}

impl Load {
    /// Has everybody sign in, a few at one time, and come again, and begins with as many a second.
    ///
    /// # Errors
    ///
    /// Somebody is not let in.
    pub(crate) fn start(
        mut guests: Vec<Guest>,
        reader: Reader,
        counter: Arc<Counter>,
        a_second: u32,
    ) -> anyhow::Result<Self> {
        let (few, reader_of_all) = (guests.len().div_ceil(AT_FIRST).max(1), &reader);
        let are_known = thread::scope(|scope| {
            let groups = guests.chunks_mut(few);
            let coming: Vec<_> = groups
                .map(|group| scope.spawn(move || come_first(group, reader_of_all)))
                .collect();
            let mut are_known = Vec::new();
            for group in coming {
                let group = group.join();
                are_known.extend(group.map_err(|_panic| anyhow!("a thread broke down"))??);
            }
            anyhow::Ok(are_known)
        })?;
        let places = guests.iter().enumerate();
        let at_cas = places.filter(|(_, guest)| guest.nodes.pair == Pair::AtCas);
        let at_cas = at_cas.map(|(guest, _)| guest).collect();
        let known = are_known.into_iter().enumerate();
        let known = known.filter(|(_, is_known)| *is_known);
        let shared = Arc::new(Shared {
            line: Mutex::new(Line {
                every: Duration::from_secs(1) / a_second,
                next_due: Instant::now(),
                came: 0,
                idle: (0..guests.len()).collect(),
                chance: StdRng::seed_from_u64(SEED),
                at_cas,
                known: known.map(|(guest, _)| guest).collect(),
                lost: BTreeSet::new(),
                is_kept: true,
                called: BTreeSet::new(),
                waiting: BinaryHeap::new(),
                under_way: Vec::new(),
            }),
            guests: guests.into_iter().map(Mutex::new).collect(),
            counter,
            reader,
            is_closed: AtomicBool::new(false),
        });
        let threads = (0..THREADS).map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work())
        });
        Ok(Self {
            threads: threads.collect(),
            shared,
        })
    }

    /// Whether everybody has ended who began before this phase.
    pub(crate) fn is_done_before(&self, phase: Phase) -> bool {
        let line = lock(&self.shared.line);
        line.under_way.iter().all(|one| one.begun >= phase)
    }

    /// Whether anybody was told that it does not work now, and waits to try again.
    pub(crate) fn has_somebody_wait(&self) -> bool {
        !lock(&self.shared.line).waiting.is_empty()
    }

    /// Says whether a session that is made from now on is kept.
    pub(crate) fn sessions_are_kept(&self, is_so: bool) {
        lock(&self.shared.line).is_kept = is_so;
    }

    /// Says that the sessions that were kept are lost.
    pub(crate) fn sessions_are_lost(&self) {
        let mut line = lock(&self.shared.line);
        let mut known = std::mem::take(&mut line.known);
        line.lost.append(&mut known);
    }

    /// Has everybody come who is not known to have a session, until they are, as fast as others do.
    pub(crate) fn call_everybody(&self) {
        let everybody = 0..self.shared.guests.len();
        let mut line = lock(&self.shared.line);
        line.called = everybody.filter(|it| !line.known.contains(it)).collect();
    }

    /// Whether everybody has a session who was called.
    pub(crate) fn has_everybody_come(&self) -> bool {
        lock(&self.shared.line).called.is_empty()
    }

    /// Lets nobody new come.
    pub(crate) fn close(&self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
    }

    /// Whether nobody is signing in, or waits to.
    pub(crate) fn is_done(&self) -> bool {
        lock(&self.shared.line).under_way.is_empty()
    }

    /// Ends it, once everybody is done who has come.
    ///
    /// # Errors
    ///
    /// A thread broke down.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        self.close();
        for thread in self.threads {
            thread
                .join()
                .map_err(|_panic| anyhow!("a thread broke down"))?;
        }
        Ok(())
    }
}

/// Has each of them sign in and come again; for each of them whether they were let in by their session then.
fn come_first(guests: &mut [Guest], reader: &Reader) -> anyhow::Result<Vec<bool>> {
    let each = guests.iter_mut().map(|guest| {
        come_once(guest, reader)?;
        Ok(come_once(guest, reader)? == How::Reused)
    });
    each.collect()
}

/// Has somebody sign in.
///
/// # Errors
///
/// They are not let in.
pub(crate) fn come_once(guest: &mut Guest, reader: &Reader) -> anyhow::Result<How> {
    let mut journey = Journey::begin()?;
    let come = guest.visitor.go_on(&mut journey, (&guest.nodes, reader));
    match come.with_context(|| guest.visitor.person.login.clone())? {
        Come::ToTheEnd(come) => Ok(come.how),
        Come::ToWait => Err(anyhow!("nobody is let in")),
    }
}

impl Shared {
    fn work(&self) {
        while !(self.is_closed.load(Ordering::SeqCst) && lock(&self.line).under_way.is_empty()) {
            match self.next() {
                Some(one) => self.sign_in(one),
                None => rest(LOOK),
            }
        }
    }

    /// Whose turn it is now.
    fn next(&self) -> Option<UnderWay> {
        let now = Instant::now();
        let mut line = lock(&self.line);
        let line = &mut *line;
        if line
            .waiting
            .peek()
            .is_some_and(|Reverse(first)| first.due <= now)
        {
            let Reverse(first) = line.waiting.pop()?;
            let known = line
                .under_way
                .iter_mut()
                .find(|it| it.guest == first.guest)?;
            return Some(UnderWay {
                journey: known.journey.take(),
                ..*known
            });
        }
        if line.next_due > now || line.idle.is_empty() || self.is_closed.load(Ordering::SeqCst) {
            return None;
        }
        line.came += 1;
        let is_new = line.came.is_multiple_of(NEW);
        let place = line.who_comes(is_new)?;
        let guest = line.idle.swap_remove(place);
        if is_new {
            lock(self.guests.get(guest)?).visitor.forget(guest);
            line.known.remove(&guest);
            line.lost.remove(&guest);
        }
        let one = UnderWay {
            guest,
            due: line.next_due,
            begun: self.counter.begins(),
            had: line.had(guest),
            is_kept: line.is_kept,
            journey: None,
        };
        line.next_due += line.every;
        line.under_way.push(UnderWay {
            journey: None,
            ..one
        });
        Some(one)
    }

    fn sign_in(&self, mut one: UnderWay) {
        let Some(guest) = self.guests.get(one.guest) else {
            return;
        };
        let mut guest = lock(guest);
        let Guest { visitor, nodes } = &mut *guest;
        let begun = one.journey.take().map_or_else(Journey::begin, Ok);
        let come = begun.and_then(|mut journey| {
            let come = visitor.go_on(&mut journey, (nodes, &self.reader))?;
            Ok((come, journey))
        });
        let mut line = lock(&self.line);
        let place = line.under_way.iter().position(|it| it.guest == one.guest);
        match come {
            Ok((Come::ToWait, journey)) => {
                if let Some(known) = place.and_then(|place| line.under_way.get_mut(place)) {
                    known.journey = Some(journey);
                }
                line.waiting.push(Reverse(Waiting {
                    due: Instant::now() + AGAIN,
                    guest: one.guest,
                }));
                return;
            }
            Ok((Come::ToTheEnd(come), _)) => {
                line.note_session(&one, come.how);
                let signed_in = SignedIn {
                    pair: nodes.pair,
                    had: one.had,
                    come,
                    took_ms: one.due.elapsed().as_secs_f64() * 1e3,
                };
                self.counter.signed_in(one.begun, &signed_in);
            }
            Err(cause) if cause.is::<Mixed>() => {
                self.counter.mixed(one.begun, &cause);
            }
            Err(cause) => {
                // Who has failed begins anew the next time.
                self.counter.failed(one.begun, &cause);
            }
        }
        if let Some(place) = place {
            line.under_way.swap_remove(place);
        }
        if line.known.contains(&one.guest) {
            line.called.remove(&one.guest);
        }
        line.idle.push(one.guest);
    }
}

impl Line {
    /// The place among the idle of whoever comes now: who was called, else one by chance; of those who are new, each in turn
    /// of those who sign in there. None where nobody is idle.
    fn who_comes(&mut self, is_new: bool) -> Option<usize> {
        let called = self.idle.iter().position(|it| self.called.contains(it));
        if called.is_some() {
            return called;
        }
        let is_at_cas = (self.came / NEW).is_multiple_of(NEW_AT_CAS);
        let idle = self.idle.iter().enumerate();
        let of_turn = idle.filter(|(_, guest)| !is_new || self.at_cas.contains(guest) == is_at_cas);
        let mut places: Vec<_> = of_turn.map(|(place, _)| place).collect();
        if places.is_empty() {
            places = (0..self.idle.len()).collect();
        }
        places.choose(&mut self.chance).copied()
    }

    fn had(&self, guest: usize) -> Had {
        if self.known.contains(&guest) {
            Had::Session
        } else if self.lost.contains(&guest) {
            Had::LostSession
        } else {
            Had::Nothing
        }
    }

    /// Notes what is known of the session of somebody who was let in: of one that was made anew nothing, until it has let
    /// them in.
    fn note_session(&mut self, one: &UnderWay, how: How) {
        if how != How::Reused {
            self.lost.remove(&one.guest);
            self.known.remove(&one.guest);
        } else if one.is_kept && self.is_kept && one.had == Had::Nothing {
            self.known.insert(one.guest);
        }
    }
}
