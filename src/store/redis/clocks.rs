//! Our clock, beside that of the server's machine and beside those of the other nodes.
//!
//! The server says what time it is, and each node leaves there how far its own clock is ahead, for a minute. Where ours
//! is far from the server's, one of the two is wrong, and the other nodes decide which: where one of them agrees with the
//! server, it is ours. Where none does, nobody knows, or it is the server's clock: that takes no node out of service. What
//! is said here opens nothing and is not sealed: whoever may write to the server can as well stop it.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{call::Call, scripts, servers::Servers, values::Places};
use crate::sys::{clock::Clock, entropy::Entropy, hmac::base32_lower};

/// How often the clocks are to be compared.
pub const COMPARED_EVERY: Duration = Duration::from_secs(20);
/// How long what was compared, and what a node has left, counts: as long as three times in which nobody compares.
const COUNTS_FOR: Duration = Duration::from_mins(1);
/// From which difference on a clock is wrong: a provider's request is taken for five minutes where nothing else is
/// configured, and Zoom takes an answer for about as long.
const MOST: SignedDuration = SignedDuration::from_mins(5);
/// How often in a row another node must agree with the server: where it is the server's clock that was set, the others
/// have not all seen it yet.
const TIMES: u8 = 2;
/// How many other nodes are looked at.
const MOST_NODES: usize = 64;

/// How it stands with our clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockStanding {
    /// It is far from that of Redis, and no other node says which of the two is wrong.
    Disputed,
    /// It is near that of Redis.
    Right,
    /// It is far from that of Redis, with which another node agrees.
    Wrong,
}

impl ClockStanding {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
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

/// What is known of the clocks.
#[derive(Debug)]
pub(super) struct Clocks {
    entropy: Arc<dyn Entropy>,
    /// What the other nodes know us by, drawn when it is first told.
    node: OnceLock<String>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    last: Option<(ClockRecord, Instant)>,
    /// How often in a row another node agreed with the server, and we did not.
    contradicted: u8,
    /// What was logged last.
    told: Option<ClockStanding>,
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

    fn node(&self) -> &str {
        self.node.get_or_init(|| {
            let mut node = [0; 16];
            self.entropy.fill(&mut node);
            base32_lower(&node)
        })
    }

    /// What was compared last, unless that was too long ago to say anything of now.
    pub(super) fn record(&self) -> Option<ClockRecord> {
        let last = self.known().last;
        last.filter(|(_, at)| at.elapsed() < COUNTS_FOR)
            .map(|(record, _)| record)
    }

    /// Compares the clocks. Where the server does not answer nothing new is known.
    pub(super) async fn compare(&self, servers: &Servers, places: &Places, clock: &dyn Clock) {
        let asked_at = Instant::now();
        let now = clock.now();
        let mut call = Call::of(&scripts::CLOCKS);
        call.key(places.heard.as_str()).key(places.clocks.as_str());
        call.arg(self.node()).arg(now.as_millisecond());
        call.arg(u64::try_from(COUNTS_FOR.as_millis()).unwrap_or(u64::MAX));
        call.arg(MOST_NODES);
        let Ok(said) = servers.run::<Vec<i64>>(&call).await else {
            return;
        };
        let Some((theirs, others)) = said.split_first() else {
            return self.is_not_told();
        };
        // It read its clock somewhere between question and answer.
        let half = SignedDuration::try_from(asked_at.elapsed() / 2).unwrap_or_default();
        let ours = now.as_duration().saturating_add(half);
        let ahead = ours.saturating_sub(SignedDuration::from_millis(*theirs));
        self.learn(ahead, others);
    }

    fn learn(&self, ahead: SignedDuration, others: &[i64]) {
        let is_near = |ahead: SignedDuration| ahead.abs() < MOST;
        let mut others = others
            .iter()
            .map(|ahead| SignedDuration::from_millis(*ahead));
        let mut known = self.known();
        known.contradicted = if !is_near(ahead) && others.any(is_near) {
            known.contradicted.saturating_add(1)
        } else {
            0
        };
        let standing = if is_near(ahead) {
            ClockStanding::Right
        } else if known.contradicted >= TIMES {
            ClockStanding::Wrong
        } else {
            ClockStanding::Disputed
        };
        let record = ClockRecord { ahead, standing };
        known.last = Some((record, Instant::now()));
        let before = known.told.replace(standing);
        if before.unwrap_or(ClockStanding::Right) != standing {
            record.tell();
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

impl ClockRecord {
    fn tell(self) {
        let ahead = self.ahead.as_secs();
        match self.standing {
            ClockStanding::Right => tracing::info!(
                clock.ahead_seconds = ahead,
                "our clock and that of Redis agree again"
            ),
            ClockStanding::Disputed => tracing::warn!(
                clock.ahead_seconds = ahead,
                "our clock and that of Redis do not agree, and no other node has said for long enough which of the two \
                 is wrong: see timedatectl on both machines"
            ),
            ClockStanding::Wrong => tracing::error!(
                clock.ahead_seconds = ahead,
                "our clock is wrong: Redis and another node agree with one another and not with us. This node is not \
                 ready until it is set: see timedatectl"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::SeededEntropy;

    /// What becomes of a node whose clock is ahead by so many minutes, time after time, while the others are ahead by
    /// those.
    fn standings(times: &[(i64, &[i64])]) -> Vec<&'static str> {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        let each = times.iter().map(|(ahead, others)| {
            let others: Vec<_> = others.iter().map(|minutes| minutes * 60_000).collect();
            clocks.learn(SignedDuration::from_mins(*ahead), &others);
            clocks.record().unwrap().standing.word()
        });
        each.collect()
    }

    #[test]
    fn a_clock_is_wrong_where_redis_and_another_node_agree_twice_and_right_at_once() {
        for ahead in [10, -10, 5, -5] {
            let far: (i64, &[i64]) = (ahead, &[0]);
            let told = standings(&[(2, &[0]), far, far, far, (-4, &[0]), far]);
            let wrong = ["right", "disputed", "wrong", "wrong", "right", "disputed"];
            assert_eq!(told, wrong, "{ahead}");
        }
        // One of several that has the right time suffices, and whatever the others say.
        assert_eq!(standings(&[(10, &[10, -4]), (10, &[10, -4])])[1], "wrong");
    }

    #[test]
    fn a_server_whose_clock_is_wrong_takes_no_node_out_of_service() {
        for others in [&[10][..], &[10, 9], &[], &[-60]] {
            let times = [(10, others); 5];
            assert_eq!(standings(&times), ["disputed"; 5], "{others:?}");
        }
        // Its clock was set, and another node has not seen that yet.
        let told = standings(&[(0, &[0]), (10, &[0]), (10, &[10]), (10, &[0])]);
        assert_eq!(told, ["right", "disputed", "disputed", "disputed"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_compared_a_minute_ago_says_nothing_of_now() {
        let clocks = Clocks::new(Arc::new(SeededEntropy::new(1)));
        assert_eq!(clocks.record(), None);
        clocks.learn(SignedDuration::ZERO, &[]);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(clocks.record().is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clocks.record(), None);
    }
}
