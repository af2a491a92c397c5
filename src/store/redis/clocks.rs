//! Our clock, beside that of the server's machine and beside those of the other nodes.
//!
//! The server says what time it is, and each node leaves there how far its own clock is ahead, for a minute. Where ours
//! is far from the server's, one of the two is wrong, and the other nodes decide which: it is ours where more of them
//! are near the server than near us. Otherwise nobody knows, or it is the server's clock: that takes no node out of
//! service. Where it is less far, and still further than Zoom allows for, what we say goes by the others, by the same
//! majority. What a node leaves is sealed, bound to it and to the server's time: whoever may write to the server, and does
//! not run its machine, can remove it and cannot say anything in its place.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    call::Call,
    scripts,
    servers::Servers,
    values::{Places, Sealer},
};
use crate::sys::{
    clock::Clock,
    entropy::Entropy,
    hmac::{base32_lower, sha256},
};

/// How often the clocks are to be compared.
pub const COMPARED_EVERY: Duration = Duration::from_secs(20);
/// How soon they are compared again where the others say for the first time that ours is wrong, or where they could not be
/// compared yet: until then people come to a node that refuses them, or whose answers are refused.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often in a row that is done where they were never compared: a server that will not say is not asked so for ever.
const MOST_EARLY: u8 = 30;
/// How long what was compared, and what a node has left, counts: as long as three times in which nobody compares.
const COUNTS_FOR: Duration = Duration::from_mins(1);
/// How old what a node has left may be for one that looks for the first time to go by it: each leaves it anew before that.
const FRESH_FOR: Duration = Duration::from_secs(25);
/// From which difference on a clock is wrong: a provider's request is taken for five minutes where nothing else is
/// configured, and Zoom takes an answer for about as long.
const MOST: SignedDuration = SignedDuration::from_mins(5);
/// Below which difference one that was wrong is no longer: near the bound it would be ready and not ready in turn.
const MOST_AGAIN: SignedDuration = SignedDuration::from_secs(290);
/// From which difference on we go by the others: Zoom takes no answer whose time is a minute off, and its own clock may
/// be off as well.
const CORRECTED_FROM: SignedDuration = SignedDuration::from_secs(20);
/// Below which difference we go by our own clock again.
const CORRECTED_UNTIL: SignedDuration = SignedDuration::from_secs(10);
/// By how much what we go by may change while nobody else is there to say so.
const STEADY: SignedDuration = SignedDuration::from_secs(5);
/// How often in a row the others must say so: a machine that is halted between its clock and the question, as one that is
/// moved, reads a clock that was right.
const TIMES: u8 = 2;
/// How many other nodes are looked at.
const MOST_NODES: usize = 64;
/// How long the name of a node is, and what it leaves at most. The server gives one octet more, so that what is longer
/// is seen not to be ours.
const NAME: usize = 26;
const LONGEST: usize = 128;

/// How it stands with our clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockStanding {
    /// It is near that of Redis, and still off: what we say goes by those of Redis and of more of the other nodes.
    Corrected,
    /// It is far from that of Redis, and the other nodes do not say that ours is the wrong one.
    Disputed,
    /// It is near that of Redis.
    Right,
    /// It is far from that of Redis, with which more of the other nodes agree than with us.
    Wrong,
}

impl ClockStanding {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Disputed => "disputed",
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

/// Our clock, as it was last compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClockRecord {
    /// How far it was ahead of that of Redis.
    pub ahead: SignedDuration,
    /// How it stands with it.
    pub standing: ClockStanding,
}

/// What a node leaves: how far its clock is ahead, in milliseconds, and what time it was at the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Statement {
    ahead: i64,
    theirs: i64,
}

impl Statement {
    fn bytes(self) -> Vec<u8> {
        [self.ahead.to_be_bytes(), self.theirs.to_be_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (ahead, theirs) = bytes.split_first_chunk()?;
        Some(Self {
            ahead: i64::from_be_bytes(*ahead),
            theirs: i64::from_be_bytes(theirs.try_into().ok()?),
        })
    }

    /// How far its clock is ahead.
    const fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead)
    }

    /// Whether it was left just now, where it is `theirs` at the server.
    fn is_fresh_at(self, theirs: i64) -> bool {
        let age = theirs.checked_sub(self.theirs);
        let age = age.and_then(|age| u64::try_from(age).ok());
        age.is_some_and(|age| Duration::from_millis(age) <= FRESH_FOR)
    }

    /// Whether it says something of now, where it is `theirs` at the server. What was left before the clock there was
    /// set says nothing, and nothing that is put back later does.
    fn counts_at(self, theirs: i64) -> bool {
        u128::from(self.theirs.abs_diff(theirs)) <= COUNTS_FOR.as_millis()
    }
}

/// What follows from what was compared.
struct Learnt {
    again_after: Duration,
    /// How far ahead our clock is of those that we go by.
    correction: SignedDuration,
}

/// What is known of the clocks.
#[derive(Debug)]
pub(super) struct Clocks {
    entropy: Arc<dyn Entropy>,
    /// What the others know our clock by. It is that of the machine: nodes on one machine, and one that was started again,
    /// are one voice.
    node: OnceLock<String>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    last: Option<(ClockRecord, Instant)>,
    /// How often in a row the others said that our clock is wrong.
    contradicted: u8,
    /// How often in a row they said that it is off.
    off: u8,
    /// What we go by.
    correction: SignedDuration,
    /// What time it was at the server when the clocks were compared last.
    compared_at: Option<i64>,
    /// What was logged last.
    told: Option<ClockStanding>,
    /// How often they could not be compared.
    early: u8,
    /// Whether it was logged that the server does not say what time it is.
    is_not_told: bool,
}

impl Clocks {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            entropy,
            node: OnceLock::new(),
            known: Mutex::default(),
        }
    }

    fn node(&self, clock: &dyn Clock) -> &str {
        self.node.get_or_init(|| {
            let mut node = [0; 16];
            if let Some(machine) = clock.machine() {
                let digest = sha256(&[b"passerelle clock\0", machine.as_bytes()]);
                node = digest.first_chunk().copied().unwrap_or_default();
            } else {
                self.entropy.fill(&mut node);
            }
            base32_lower(&node)
        })
    }

    /// What was compared last, unless that was too long ago to say anything of now.
    pub(super) fn record(&self) -> Option<ClockRecord> {
        let last = self.known().last;
        last.filter(|(_, at)| at.elapsed() < COUNTS_FOR)
            .map(|(record, _)| record)
    }

    /// How far what our clock shows is ahead of that of Redis, as far as that was found within the last minute: so that nodes
    /// speak of one time to one another.
    pub(super) fn ahead(&self) -> SignedDuration {
        let known = self.known();
        let last = known.last.filter(|(_, at)| at.elapsed() < COUNTS_FOR);
        last.map_or(SignedDuration::ZERO, |(record, _)| {
            record.ahead.saturating_sub(known.correction)
        })
    }

    /// Compares the clocks; says how soon they are to be compared again. Where the server does not answer nothing new is
    /// known.
    pub(super) async fn compare(
        &self,
        servers: &Servers,
        places: &Places,
        sealer: &Sealer,
        clock: &dyn Clock,
    ) -> Duration {
        let asked_at = Instant::now();
        let (now, node) = (clock.uncorrected(), self.node(clock));
        let mut call = Call::of(&scripts::CLOCKS);
        call.key(places.heard.as_str()).key(places.clocks.as_str());
        call.arg(node).arg(MOST_NODES);
        call.arg(NAME + 1).arg(LONGEST + 1);
        let Ok(said) = servers.run::<Vec<Vec<u8>>>(&call).await else {
            return self.was_not_compared();
        };
        let Some((theirs, others)) = said.split_first() else {
            self.is_not_told();
            return COMPARED_EVERY;
        };
        let Some(theirs) = str::from_utf8(theirs).ok().and_then(|it| it.parse().ok()) else {
            return COMPARED_EVERY;
        };
        // It read its clock somewhere between question and answer.
        let half = SignedDuration::try_from(asked_at.elapsed() / 2).unwrap_or_default();
        let ours = now.as_duration().saturating_add(half);
        let ahead = ours.saturating_sub(SignedDuration::from_millis(theirs));
        let others = others.as_chunks().0.iter();
        let others: Vec<_> = others
            .filter_map(|of_node| read(places, sealer, of_node))
            .filter(|statement| statement.counts_at(theirs))
            .collect();
        let Learnt {
            again_after,
            correction,
        } = self.learn(ahead, &others, theirs);
        clock.correct(correction);
        let statement = Statement {
            ahead: i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX),
            theirs,
        };
        // Its own time is in it: the clock of whoever opens it may be far from ours.
        let kept = (now, Timestamp::MAX);
        let place = (&places.clocks, node.as_bytes());
        if let Ok(sealed) = sealer.seal(place, &statement.bytes(), kept) {
            let mut call = Call::of(&scripts::LEAVE);
            call.key(places.heard.as_str()).key(places.clocks.as_str());
            call.arg(node).arg(sealed).arg(theirs);
            call.arg(u64::try_from(COUNTS_FOR.as_millis()).unwrap_or(u64::MAX));
            call.arg(MOST_NODES);
            // Where it is not left the others do without, and the store has said so.
            let _ = servers.run::<i64>(&call).await;
        }
        again_after
    }

    /// Takes in how far our clock is ahead, and what the others have left, when it is `theirs` at the server.
    fn learn(&self, ahead: SignedDuration, others: &[Statement], theirs: i64) -> Learnt {
        let mut known = self.known();
        let is_first = known.told.is_none();
        // Another server may be the master since, whose clock is another one: of small differences only what was said
        // since we looked last says anything.
        let before = known.compared_at.replace(theirs);
        let is_new = |it: &&Statement| match before {
            Some(before) => it.theirs > before,
            None => it.is_fresh_at(theirs),
        };
        let all: Vec<_> = others.iter().map(Statement::ahead).collect();
        let new: Vec<_> = others.iter().filter(is_new).map(Statement::ahead).collect();
        // A node that has just begun is sent nobody until it is asked again, and so nobody in vain.
        let needed = if is_first { 1 } else { TIMES };
        let most = match known.told {
            Some(ClockStanding::Wrong) => MOST_AGAIN,
            Some(ClockStanding::Corrected | ClockStanding::Disputed | ClockStanding::Right)
            | None => MOST,
        };
        known.contradicted = counted(known.contradicted, is_contradicted(ahead, &all, most));
        let is_near = ahead.abs() < most;
        known.correct((ahead, is_near), &new, needed);
        let standing = match (is_near, known.contradicted >= needed) {
            (true, _) if known.correction.is_zero() => ClockStanding::Right,
            (true, _) => ClockStanding::Corrected,
            (false, true) => ClockStanding::Wrong,
            (false, false) => ClockStanding::Disputed,
        };
        let record = ClockRecord { ahead, standing };
        known.last = Some((record, Instant::now()));
        let before = known.told.replace(standing);
        if before.unwrap_or(ClockStanding::Right) != standing {
            record.tell();
        }
        let is_asked_again =
            (1..TIMES).contains(&known.contradicted) || (is_first && known.off > 0);
        Learnt {
            again_after: if is_asked_again {
                AGAIN_AFTER
            } else {
                COMPARED_EVERY
            },
            correction: known.correction,
        }
    }

    /// How soon to try again after the server did not answer.
    fn was_not_compared(&self) -> Duration {
        let mut known = self.known();
        known.early = known.early.saturating_add(1);
        if known.told.is_none() && known.early <= MOST_EARLY {
            AGAIN_AFTER
        } else {
            COMPARED_EVERY
        }
    }

    fn is_not_told(&self) {
        if !std::mem::replace(&mut self.known().is_not_told, true) {
            tracing::warn!(
                "Redis does not tell us what time it is: its account for us needs +time, or nobody sees that the clock \
                 of a node is wrong"
            );
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes in what the others have said since we looked last of a clock that is so far ahead; `needed` is how often in a
    /// row they must say that it is off. One that is not near at all is not corrected.
    fn correct(
        &mut self,
        (ahead, is_near): (SignedDuration, bool),
        new: &[SignedDuration],
        needed: u8,
    ) {
        let is_corrected = !self.correction.is_zero();
        let is_steady = ahead.saturating_sub(self.correction).abs() < STEADY;
        // While nobody says anything, what was found goes on as it was.
        if !(new.is_empty() && is_corrected && is_steady) {
            let bound = if is_corrected {
                CORRECTED_UNTIL
            } else {
                CORRECTED_FROM
            };
            self.off = counted(self.off, is_contradicted(ahead, new, bound));
        }
        let is_to_be = self.off >= needed || (is_corrected && self.off > 0);
        self.correction = if is_near && is_to_be {
            ahead
        } else {
            SignedDuration::ZERO
        };
    }
}

/// How often in a row, where it is so once more.
const fn counted(before: u8, is_so: bool) -> u8 {
    if is_so { before.saturating_add(1) } else { 0 }
}

/// Whether our clock is further than that from the server's, with which more of the others agree than with us.
fn is_contradicted(
    ahead: SignedDuration,
    others: &[SignedDuration],
    bound: SignedDuration,
) -> bool {
    let is_near = |ahead: SignedDuration| ahead.abs() < bound;
    let near_server = others.iter().filter(|of| is_near(**of)).count();
    let near_us = { others.iter() }.filter(|of| is_near(ahead.saturating_sub(**of)));
    !is_near(ahead) && near_server > near_us.count()
}

/// What a node has left, where it is its own.
fn read(places: &Places, sealer: &Sealer, [node, left]: &[Vec<u8>; 2]) -> Option<Statement> {
    let opened = sealer.open((&places.clocks, node), left, Timestamp::UNIX_EPOCH);
    Statement::read(&opened.ok().flatten()?)
}

impl ClockRecord {
    fn tell(self) {
        let ahead = self.ahead.as_secs();
        match self.standing {
            ClockStanding::Right => tracing::info!(
                clock.ahead_seconds = ahead,
                "our clock and that of Redis agree again"
            ),
            ClockStanding::Corrected => tracing::warn!(
                clock.ahead_seconds = ahead,
                "our clock is off, or those of Redis and of most of the other nodes are, by which what this node says and \
                 judges goes until it is set: see timedatectl on all machines"
            ),
            ClockStanding::Disputed => tracing::warn!(
                clock.ahead_seconds = ahead,
                "our clock and that of Redis do not agree, and the other nodes have not said for long enough that ours \
                 is the wrong one: see timedatectl on both machines"
            ),
            ClockStanding::Wrong => tracing::error!(
                clock.ahead_seconds = ahead,
                "our clock is wrong: Redis and most of the other nodes agree with one another and not with us. This node \
                 is not ready until it is set: see timedatectl"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{clock::SystemClock, entropy::SeededEntropy};

    /// What becomes of a node whose clock is ahead by so many seconds, time after time, while the others are ahead by
    /// those. A question mark is behind what is asked again soon.
    fn standings(times: &[(i64, &[i64])]) -> Vec<String> {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        let each = { times.iter().zip(1..) }.map(|((ahead, others), number)| {
            let theirs = number * 20_000;
            let others = others.iter().map(|ahead| Statement {
                ahead: ahead * 1_000,
                theirs: theirs - 1_000,
            });
            let others: Vec<_> = others.collect();
            let learnt = clocks.learn(SignedDuration::from_secs(*ahead), &others, theirs);
            let standing = clocks.record().unwrap().standing.word();
            let by = match learnt.correction.as_secs() {
                0 => String::new(),
                by => format!(" by {by}"),
            };
            let is_soon = learnt.again_after < COMPARED_EVERY;
            format!("{standing}{by}{}", if is_soon { "?" } else { "" })
        });
        each.collect()
    }

    #[test]
    fn a_clock_is_wrong_where_redis_and_another_node_agree_twice_and_right_at_once() {
        for ahead in [600, -600, 300, -300] {
            let far: (i64, &[i64]) = (ahead, &[0]);
            let told = standings(&[(120, &[0]), far, far, far, (-240, &[0]), far]);
            let wrong = [
                "corrected by 120?",
                "disputed?",
                "wrong",
                "wrong",
                "corrected by -240",
                "disputed?",
            ];
            assert_eq!(told, wrong, "{ahead}");
            // Who has just begun has nobody come before it is known, and may have been wronged.
            assert_eq!(standings(&[far, far]), ["wrong?", "wrong"], "{ahead}");
            assert_eq!(standings(&[far, (0, &[0])]), ["wrong?", "right"], "{ahead}");
        }
        // More of several agree with Redis, whatever the others say.
        for others in [&[0, 600, -240][..], &[0, -600], &[0, 0, 0, 600, 600]] {
            let times = [(600, others); 2];
            assert_eq!(standings(&times)[1], "wrong", "{others:?}");
        }
    }

    #[test]
    fn a_clock_near_the_bound_is_not_wrong_and_right_in_turn() {
        for sign in [1, -1] {
            let far: (i64, &[i64]) = (sign * 301, &[0]);
            let near: (i64, &[i64]) = (sign * 299, &[0]);
            let told = standings(&[far, near, far, near, (sign * 289, &[0]), near]);
            let by = |seconds| format!("corrected by {}", sign * seconds);
            assert_eq!(told[..4], ["wrong?", "wrong", "wrong", "wrong"], "{sign}");
            assert_eq!(told[4..], [by(289), by(299)], "{sign}");
        }
    }

    #[test]
    fn a_clock_that_is_off_by_less_goes_by_redis_where_another_node_does_and_not_otherwise() {
        for ahead in [20, 120, -120, -299] {
            let off: (i64, &[i64]) = (ahead, &[0]);
            let [now, soon] = ["", "?"].map(|soon| format!("corrected by {ahead}{soon}"));
            let right: (i64, &[i64]) = (0, &[0]);
            assert_eq!(standings(&[off, off, right]), [&*soon, &now, "right"]);
            let told = standings(&[right, off, off, off, right, off, right]);
            let corrected = ["right", "right", &now, &now, "right", "right", "right"];
            assert_eq!(told, corrected);
            // While nobody is there who says so, it goes on as it was.
            let alone: (i64, &[i64]) = (ahead, &[]);
            let told = standings(&[off, alone, alone, (0, &[]), alone]);
            assert_eq!(told, [&*soon, &now, &now, "right", "right"]);
            // The server's clock may be the one that is off, and nobody else may be there to say so.
            for others in [&[ahead][..], &[], &[0, ahead], &[600]] {
                assert_eq!(standings(&[(ahead, others); 3]), ["right"; 3], "{others:?}");
            }
        }
        assert_eq!(standings(&[(19, &[0][..]); 3]), ["right"; 3]);
        let less: [(i64, &[i64]); 3] = [(20, &[0]), (11, &[0]), (9, &[0])];
        let told = standings(&less);
        assert_eq!(told, ["corrected by 20?", "corrected by 11", "right"]);
    }

    #[test]
    fn another_master_with_another_clock_corrects_nobody() {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        let look = |ahead, of_other, said_at, theirs| {
            let other = Statement {
                ahead: of_other,
                theirs: said_at,
            };
            let ahead = SignedDuration::from_secs(ahead);
            let learnt = clocks.learn(ahead, &[other], theirs);
            learnt.correction.as_secs()
        };
        assert_eq!(look(0, 0, 90_000, 100_000), 0);
        // The new one is 40 seconds behind, and what the other node has left is of the time before.
        assert_eq!(look(40, 0, 110_000, 80_000), 0);
        assert_eq!(look(40, 0, 75_000, 100_000), 0);
        assert_eq!(look(40, 40_000, 110_000, 120_000), 0);
        // As far ahead, where the other node has looked at it since and agrees with it.
        assert_eq!(look(40, 0, 130_000, 140_000), 0);
        assert_eq!(look(40, 0, 150_000, 160_000), 40);
    }

    #[test]
    fn who_looks_for_the_first_time_goes_by_nothing_that_may_have_been_left_at_another_master() {
        for (said_at, by) in [
            (100_000, 40),
            (75_000, 40),
            (74_999, 0),
            (100_001, 0),
            (140_000, 0),
            (i64::MIN, 0),
        ] {
            let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
            let other = Statement {
                ahead: 0,
                theirs: said_at,
            };
            let learnt = clocks.learn(SignedDuration::from_secs(40), &[other], 100_000);
            assert_eq!(learnt.correction.as_secs(), by, "{said_at}");
        }
    }

    #[test]
    fn a_server_whose_clock_is_wrong_takes_no_node_out_of_service() {
        // With a node on its own machine, and without one.
        for others in [
            &[600, 0][..],
            &[600, -240],
            &[600],
            &[600, 540],
            &[],
            &[-3600],
        ] {
            let times = [(600, others); 5];
            assert_eq!(standings(&times), ["disputed"; 5], "{others:?}");
        }
        // Two that agree with one another, where the one has passed the bound and the other is about to.
        for (ahead, other) in [(-301, [-299]), (301, [299])] {
            let times = [(ahead, &other[..]); 3];
            assert_eq!(standings(&times), ["disputed"; 3], "{ahead}");
        }
    }

    #[derive(Debug)]
    struct Of(Option<&'static str>);

    impl Clock for Of {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn passed(&self) -> Duration {
            Duration::ZERO
        }

        fn machine(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }
    }

    #[test]
    fn nodes_on_one_machine_and_one_that_starts_again_are_one_voice() {
        let name = |seed, of| {
            let clocks = Clocks::new(Arc::new(SeededEntropy::new(seed)));
            clocks.node(&Of(of)).to_owned()
        };
        assert_eq!(name(1, Some("one")), name(2, Some("one")));
        assert_ne!(name(1, Some("one")), name(1, Some("other")));
        // Where nobody knows which machine it is.
        assert_ne!(name(1, None), name(2, None));
        assert_eq!(name(1, Some("one")).len(), NAME);
        assert_eq!(name(1, None).len(), NAME);
        assert_eq!(SystemClock.machine(), SystemClock.machine());
        assert!(SystemClock.machine().is_some());
    }

    #[test]
    fn what_a_node_leaves_counts_for_a_minute_by_the_clock_of_the_server() {
        let statement = Statement {
            ahead: -1,
            theirs: 1_000_000,
        };
        assert_eq!(Statement::read(&statement.bytes()), Some(statement));
        for bytes in [&[0; 15][..], &[0; 17], &[]] {
            assert_eq!(Statement::read(bytes), None);
        }
        for (theirs, counts) in [
            (1_000_000, true),
            (1_060_000, true),
            (940_000, true),
            (1_060_001, false),
            (939_999, false),
            (i64::MAX, false),
            (i64::MIN, false),
        ] {
            assert_eq!(statement.counts_at(theirs), counts, "{theirs}");
        }
    }

    #[test]
    fn clocks_that_were_never_compared_are_tried_again_soon_for_a_minute_and_others_are_not() {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        for _ in 0..MOST_EARLY {
            assert_eq!(clocks.was_not_compared(), AGAIN_AFTER);
        }
        assert_eq!(clocks.was_not_compared(), COMPARED_EVERY);
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        clocks.learn(SignedDuration::ZERO, &[], 0);
        assert_eq!(clocks.was_not_compared(), COMPARED_EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_compared_a_minute_ago_says_nothing_of_now() {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        assert_eq!(clocks.record(), None);
        clocks.learn(SignedDuration::ZERO, &[], 0);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(clocks.record().is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clocks.record(), None);
    }
}
