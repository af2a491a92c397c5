//! How often each person was answered lately.
//!
//! A service that sends people back as soon as they come goes round with their browser without an end, and whoever has an
//! account may do so on purpose. Each answer that says who they are takes a signature and a replay mark, and one after a
//! sign-in a session as well: without a bound one person could take the place of everybody's. Each node counts for itself, and
//! asks nobody. Counted is whatever is about to be answered, since what it takes is taken before it is known to be for nothing, and
//! each other end of a sign-in of somebody who has proven who they are: what came too often is kept with the stories of nobody.

use jiff::{SignedDuration, Timestamp};

use crate::{
    authn::account_name::one_spelling,
    model::store::{AttemptRule, Verdict},
    store::counter::Counters,
    sys::hmac::sha256,
};

/// Within which time answers are counted.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// How many people are remembered, in about a megabyte: as many as come within four minutes at thirty a second. Past that
/// whoever came before all others is forgotten.
const MOST: usize = 7_000;

/// How often each person was answered lately.
#[derive(Debug)]
pub struct Pace(Counters);

impl Default for Pace {
    fn default() -> Self {
        Self(Counters::at_most(MOST))
    }
}

impl Pace {
    /// Counts one more answer to whoever signs in by this name, and says whether it may be given.
    pub(super) fn lets_through(&self, login: &str, rule: AttemptRule, now: Timestamp) -> bool {
        let key = sha256(&[one_spelling(login).as_bytes()]);
        self.0.attempt(key, rule, now) == Verdict::Go
    }
}

/// The rule that lets so many go through at once, and as many again, one by one, in the time within which they are counted.
pub fn rule(most: u32) -> AttemptRule {
    let step = WITHIN / i32::try_from(most.max(1)).unwrap_or(i32::MAX);
    AttemptRule {
        free: most,
        first_wait: step,
        longest_wait: step,
        forget_after: WITHIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// How many of a row of answers at one moment are given.
    fn given(pace: &Pace, login: &str, second: i64) -> usize {
        let may_be = |_: &i32| pace.lets_through(login, rule(300), at(second));
        (0..1_000).filter(may_be).count()
    }

    #[test]
    fn r122_one_person_is_answered_so_often_and_others_all_the_same() {
        let pace = Pace::default();
        assert_eq!(given(&pace, "zoe", 0), 300);
        assert_eq!(given(&pace, " ZOE", 0), 0);
        assert_eq!(given(&pace, "max", 0), 300);
        // From here on one in two seconds, and after ten minutes as many at once.
        assert_eq!(given(&pace, "zoe", 1), 0);
        for second in [2, 4, 6] {
            assert_eq!(given(&pace, "zoe", second), 1);
        }
        assert_eq!(given(&pace, "zoe", 606), 300);
    }

    #[test]
    fn r122_whoever_is_answered_all_the_time_is_not_forgotten_for_others() {
        let pace = Pace::default();
        assert_eq!(given(&pace, "zoe", 0), 300);
        for second in 1..=10 {
            for other in 0..MOST / 4 {
                let other = format!("person{second}-{other}");
                assert!(pace.lets_through(&other, rule(300), at(second)));
            }
            // One in two seconds.
            let is_in_turn = second % 2 == 0;
            assert_eq!(given(&pace, "zoe", second) == 1, is_in_turn, "{second}");
            assert!(pace.0.len() <= MOST, "{}", pace.0.len());
        }
    }

    #[test]
    fn a_bound_of_one_or_of_the_most_that_can_be_said_is_a_rule_as_any() {
        let pace = Pace::default();
        assert!(pace.lets_through("zoe", rule(1), at(0)));
        assert!(!pace.lets_through("zoe", rule(1), at(599)));
        assert!(pace.lets_through("zoe", rule(1), at(600)));
        for second in 0..1_000 {
            assert!(pace.lets_through("max", rule(u32::MAX), at(second)));
        }
    }
}
