//! What is promised of each row of the table of outages.

use std::time::Duration;

use crate::{
    count::Tally,
    play::A_SECOND,
    rows::{Counted, MOST_MS, Marks, Off, Outage, ToSessions},
};

/// Whether something is as it is promised, and what is said where it is not.
type Promise = (bool, &'static str);

/// Of the sign-ins that were due while a row lasted, so many may begin late, a third of a second; and how long it must have
/// lasted for that to say something.
const LATE: f64 = 10.0;
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// Of the questions to a store that nothing happens to, some thousands a minute, so many may be answered late, where a row lasts
/// for at least as long: on a quiet machine.
const FEW: f64 = 10.0;
const LONG: Duration = Duration::from_secs(30);

impl Outage {
    /// What is promised whatever happens: whether it is so, and what is not otherwise.
    fn of_all(self, counted: &Counted, tallies: &[Tally; 5]) -> [Promise; 17] {
        let [before, onset, during, returns, after] = tallies;
        let all = Tally::of_all(tallies);
        let met_it = onset.signed_in + during.signed_in + returns.signed_in;
        [
            has_load(counted, during),
            (counted.was_held, "it was over before it was to end"),
            (all.failed == 0, "a sign-in failed"),
            (all.mixed == 0, "somebody was told to be somebody else"),
            (
                all.retried == 0 || self.stops_a_node(),
                "a node hung up on a request, and nobody had stopped it",
            ),
            (
                all.hung_up == 0 || self == Self::NodeKilled,
                "a node that was not killed hung up on a request",
            ),
            (
                all.revived == 0,
                "somebody was let in by a session that was lost",
            ),
            (
                before.waited == 0,
                "somebody still had to wait who came before it",
            ),
            (after.waited == 0, "somebody had to wait after it"),
            (
                during.times().percentile(50) <= MOST_MS || during.times().count() == 0,
                "half of the sign-ins took more than a second",
            ),
            (all.typed_at_cas == 0, "somebody had to type at CAS again"),
            (before.signed_in > 0, "nobody signed in before it"),
            (before.reused > 0, "no session was of use before it"),
            (met_it > 0, "nobody signed in while it lasted"),
            (after.signed_in > 0, "nobody signed in after it"),
            (returns.reused > 0, "no session was of use after it"),
            all_is_marked_after_it(counted),
        ]
    }

    /// What is promised of this one alone.
    fn of_it(self, counted: &Counted, tallies: &[Tally; 5]) -> Vec<Promise> {
        let Counted { before, now, .. } = counted;
        let [_, onset, during, ..] = tallies;
        let all = Tally::of_all(tallies);
        let Common {
            nobody_waits,
            ever_known,
            known_after,
            of_use,
            typed,
            through_cas,
            waits,
            by_us,
            told,
            at_cas_alone,
            at_directory_alone,
        } = Common::of(counted, tallies);
        let as_ever = [nobody_waits, ever_known, of_use, typed, through_cas];
        let without_the_store = [
            nobody_waits,
            known_after,
            typed,
            through_cas,
            now.says_more_unguarded(before),
            now.says_more_unkept(before),
            now.says_more_unmarked(before),
        ];
        match self {
            Self::NodeKilled | Self::NodeStopped => {
                let retried = (all.retried > 0, "no request was put to another node");
                vec![nobody_waits, ever_known, of_use, retried, self.is_met(&all)]
            }
            Self::StoreRestartsEmpty => {
                let [renewed, without_typing] = of_lost_sessions(counted, [onset, during]);
                vec![nobody_waits, known_after, renewed, without_typing]
            }
            Self::StoreDown
            | Self::StoreHangs
            | Self::StoreSlow
            | Self::StoreRefusesThePassword => {
                let unknown = during.reused == 0;
                let told = "a session was known that nobody could look up";
                { without_the_store.into_iter() }
                    .chain([(unknown, told)])
                    .collect()
            }
            // Who has a session that was kept before is still known.
            Self::StoreFull => without_the_store.into_iter().chain([of_use]).collect(),
            Self::MasterKilled | Self::MasterHangs => {
                let signed_in = (during.signed_in > 0, "nobody signed in meanwhile");
                vec![nobody_waits, known_after, signed_in, of_use]
            }
            Self::CasDown => vec![ever_known, of_use, typed, waits, told, at_cas_alone],
            Self::CasUnreachable => {
                let unchecked = during.through_cas == 0;
                let told = "somebody was let in by a ticket that nobody could check";
                let unchecked = (unchecked, told);
                let common = [ever_known, of_use, typed, waits, by_us, at_cas_alone];
                common.into_iter().chain([unchecked]).collect()
            }
            Self::DirectoryDown => vec![
                ever_known,
                of_use,
                through_cas,
                waits,
                by_us,
                at_directory_alone,
            ],
            Self::ClockOff(off) => {
                let of_clock = of_a_clock(off, counted, during);
                as_ever.into_iter().chain([of_clock]).collect()
            }
            Self::DiskFull | Self::LogClosed => as_ever.to_vec(),
            Self::ClientsHangUp => {
                let left = (now.left > before.left, "nobody hung up in mid-request");
                as_ever.into_iter().chain([left]).collect()
            }
        }
    }

    /// One node of each pair is killed while it has a request.
    fn is_met(self, all: &Tally) -> Promise {
        let is_met = self != Self::NodeKilled || all.hung_up >= 2;
        (is_met, "no request was under way at a node that was killed")
    }

    /// All that is promised; [`Tally`] by [`crate::count::Phase`].
    pub(crate) fn promises(
        self,
        counted: &Counted,
        tallies: &[Tally; 5],
    ) -> impl Iterator<Item = Promise> {
        let promises = self.of_all(counted, tallies).into_iter();
        promises
            .chain(self.of_it(counted, tallies))
            .chain(self.of_a_store_left_alone(counted))
    }

    /// Nothing happens to the store where nothing does to sessions: it answers as it does at any time.
    fn of_a_store_left_alone(self, counted: &Counted) -> Option<Promise> {
        let Counted { before, now, .. } = counted;
        (self.to_sessions() == ToSessions::Nothing).then(|| {
            let answers = counted.lasted < LONG || unanswered(before, now) <= FEW;
            (
                answers,
                "questions to the store were not answered, and nothing had happened to it",
            )
        })
    }

    /// What was not as it is promised.
    pub(crate) fn broken_promises(
        self,
        counted: &Counted,
        tallies: &[Tally; 5],
    ) -> Vec<&'static str> {
        let promises = self.promises(counted, tallies);
        let broken = promises.filter(|(is_so, _)| !is_so);
        broken.map(|(_, what)| what).collect()
    }
}

/// Whether as many people came while it lasted as are said to.
fn has_load(counted: &Counted, during: &Tally) -> Promise {
    let is_judged = counted.lasted >= LONG_ENOUGH;
    let begun = u32::try_from(during.begun).unwrap_or(u32::MAX);
    let due = counted.lasted.as_secs_f64() * f64::from(A_SECOND);
    (
        !is_judged || f64::from(begun) + LATE >= due,
        "fewer sign-ins began than were due",
    )
}

/// What is promised of a node whose clock is off.
fn of_a_clock(off: Off, counted: &Counted, during: &Tally) -> Promise {
    let node = counted.first;
    let lets_in = node.map(|node| during.let_in_by.contains(&node));
    if off.is_too_much() {
        let told = "the node whose clock is wrong let somebody in";
        (lets_in == Some(false), told)
    } else {
        let told = "the node whose clock is corrected let nobody in";
        (lets_in == Some(true), told)
    }
}

/// What is promised of those whose sessions were lost.
fn of_lost_sessions(counted: &Counted, met_it: [&Tally; 2]) -> [Promise; 2] {
    let met_it = Tally::of_all(met_it);
    // One of five signs in at CAS, and at first nobody who comes has a session but the new: of a hundred somebody does.
    let is_certain = counted.lasted >= LONG_ENOUGH;
    let without_typing = met_it.renewed_through_cas > 0 || !is_certain;
    [
        (met_it.renewed > 0, "nobody came whose session was lost"),
        (
            without_typing,
            "nobody whose session was lost got another one through CAS",
        ),
    ]
}

/// What several rows promise.
struct Common {
    nobody_waits: Promise,
    ever_known: Promise,
    known_after: Promise,
    of_use: Promise,
    typed: Promise,
    through_cas: Promise,
    waits: Promise,
    by_us: Promise,
    told: Promise,
    at_cas_alone: Promise,
    at_directory_alone: Promise,
}

impl Common {
    fn of(counted: &Counted, tallies: &[Tally; 5]) -> Self {
        let Counted {
            before, back, now, ..
        } = counted;
        let [_, _, during, _, after] = tallies;
        let all = Tally::of_all(tallies);
        let remembered = "somebody had a session that was kept, and was not let in by it";
        let typed_told = "nobody signed in at the directory meanwhile";
        Self {
            nobody_waits: (all.waited == 0, "somebody had to wait"),
            // One who came while a question was not answered in time, as on a machine that others use, is not known.
            ever_known: (is_at_most(all.forgotten, before, now), remembered),
            known_after: (is_at_most(after.forgotten, back, now), remembered),
            of_use: (during.reused > 0, "no session was of use meanwhile"),
            typed: (during.typed > 0, typed_told),
            through_cas: (during.through_cas > 0, "nobody signed in at CAS meanwhile"),
            waits: (all.waited > 0, "nobody had to wait"),
            told: by_us_once_known(tallies),
            by_us: (
                all.told > 0 && all.told == all.waited,
                "somebody who waited was not told so by us",
            ),
            at_cas_alone: (
                all.waited_at_directory == 0,
                "somebody had to wait who signs in at the directory",
            ),
            at_directory_alone: (
                all.waited == all.waited_at_directory,
                "somebody had to wait who signs in at CAS",
            ),
        }
    }
}

/// Whoever waits is told so by us, but for those who were on their way to CAS before it was known: they are at an address of that
/// server, and find nobody.
fn by_us_once_known(tallies: &[Tally; 5]) -> Promise {
    let [_, onset, ..] = tallies;
    let on_the_way = onset.begun.saturating_sub(onset.signed_in);
    let all = Tally::of_all(tallies);
    (
        all.told > 0 && all.waited.saturating_sub(all.told) <= on_the_way,
        "somebody who waited was not told so by us",
    )
}

impl Marks {
    fn says_more_unguarded(&self, before: &Self) -> Promise {
        let is_so = self.unguarded > before.unguarded;
        (is_so, "no request without a mark was counted")
    }

    fn says_more_unmarked(&self, before: &Self) -> Promise {
        let is_so = self.unmarked > before.unmarked;
        (is_so, "no ticket without a mark was counted")
    }

    fn says_more_unkept(&self, before: &Self) -> Promise {
        let is_so = self.unkept > before.unkept;
        (is_so, "no session that was not kept was counted")
    }
}

/// Whether requests and tickets are marked again, and sessions kept, once all is back: what is not is explained by a question
/// that was not answered.
fn all_is_marked_after_it(Counted { back, now, .. }: &Counted) -> Promise {
    let counts = [
        now.unguarded - back.unguarded,
        now.unkept - back.unkept,
        now.unmarked - back.unmarked,
    ];
    let unanswered = unanswered(back, now);
    (
        counts.into_iter().all(|count| count <= unanswered),
        "something was not marked, or a session not kept, after it",
    )
}

/// Whether so many are no more than the questions to the store that were not answered between the two.
fn is_at_most(count: usize, before: &Marks, now: &Marks) -> bool {
    u32::try_from(count).is_ok_and(|count| f64::from(count) <= unanswered(before, now))
}

/// How many questions to the store were not answered between the two.
fn unanswered(before: &Marks, now: &Marks) -> f64 {
    let both = now.unanswered.iter().zip(&before.unanswered);
    // A node that was started again in between counts from none.
    let each = both.map(|(now, before)| if now < before { *now } else { now - before });
    each.sum()
}
