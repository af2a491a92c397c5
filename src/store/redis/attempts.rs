//! Attempts, counted by all nodes together and by each for itself.

use jiff::{SignedDuration, Timestamp};

use super::{Inner, RedisStore, after, call::Call, scripts};
use crate::model::store::{AttemptRule, Attempts, StoreError, Verdict};

/// The longest time that is told to the server, in milliseconds: three hundred years, exact in a double.
const LONGEST_MS: i128 = 10_000_000_000_000;

/// The stricter of the two counters counts; without an answer this node's own one does alone.
impl Attempts for RedisStore {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let own = self.0.own.attempt(key, rule, now).await?;
        if own != Verdict::Go {
            return Ok(own);
        }
        let ours = self.wait(self.0.attempt(key, rule, now)).await;
        if let Ok(Verdict::WaitUntil(_)) = ours {
            self.0.own.take_back(key, rule, now).await?;
        }
        Ok(ours.unwrap_or(own))
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        self.0.own.forgive(key).await?;
        self.wait(self.0.forgive(key)).await
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.own.take_back(key, rule, attempted_at).await?;
        self.wait(self.0.take_back(key, rule, attempted_at)).await
    }
}

/// What all nodes count together.
impl Attempts for Inner {
    async fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let mut call = Call::of(&scripts::ATTEMPT);
        call.key(self.places.counted.as_str())
            .key(self.places.counters.as_str());
        call.arg(&key[..])
            .arg(now.as_millisecond())
            .arg(ms(rule.one_forgotten_in()))
            .arg(rule.most_counted())
            .arg(ms(rule.forget_after))
            .arg(self.limits.attempts.max(1))
            .arg(rule.free.max(1))
            .arg(waits(&rule));
        let not_before = self.servers.run::<Option<i64>>(&call).await?;
        Ok(not_before.map_or(Verdict::Go, |until| {
            // Whatever the server says, nobody waits for longer than the longest.
            let longest = after(now, rule.longest_wait);
            let until = Timestamp::from_millisecond(until).unwrap_or(longest);
            Verdict::WaitUntil(until.min(longest))
        }))
    }

    async fn forgive(&self, key: [u8; 32]) -> Result<(), StoreError> {
        let mut call = Call::of(&scripts::FORGIVE);
        call.key(self.places.counted.as_str())
            .key(self.places.counters.as_str());
        call.arg(&key[..]);
        self.servers.run(&call).await
    }

    async fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut call = Call::of(&scripts::TAKE_BACK);
        call.key(self.places.counted.as_str())
            .key(self.places.counters.as_str());
        call.arg(&key[..])
            .arg(attempted_at.as_millisecond())
            .arg(rule.free.max(1))
            .arg(waits(&rule));
        self.servers.run(&call).await
    }
}

/// The wait after the first attempt that is not free, after the next one, and so on up to the longest.
fn waits(rule: &AttemptRule) -> Vec<i64> {
    (rule.free.max(1)..=rule.most_counted())
        .map(|counted| ms(rule.wait_after(counted)))
        .collect()
}

fn ms(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis().clamp(0, LONGEST_MS)).unwrap_or(0)
}
