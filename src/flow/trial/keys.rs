//! The keys that sign what a trial shows, and that nobody believes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::Mutex,
    task::{JoinError, spawn_blocking},
};

use crate::xmlsec::{
    KeyFault, Signer, SigningKey, VerifyingKey,
    keys::{KeyRequest, NewKey, generate},
};

/// The name in the certificate of a throw-away key.
const NAME_OF_KEY: &str = "passerelle /test: opens nothing";
/// How long that certificate says to be valid: nobody asks.
const LIFE_OF_KEY: SignedDuration = SignedDuration::from_hours(24 * 365);

/// The keys that sign what is shown: made by this process when they are first needed, one of each kind and
/// size, written nowhere and published nowhere.
#[derive(Debug, Default)]
pub struct ThrowAwayKeys(Arc<Mutex<Vec<(NewKey, SigningKey)>>>);

/// Why there is no throw-away key. The fault is ours.
#[derive(Debug, thiserror::Error)]
pub enum ThrowAwayError {
    /// The thread that made it ended without it.
    #[error("no throw-away key was made")]
    GivenUp(#[from] JoinError),
    /// It could not be made, or ours could not be read.
    #[error("no throw-away key can be made")]
    Key(#[from] KeyFault),
}

impl ThrowAwayKeys {
    /// The key in the place of `ours`: of its kind and size, and signing as it does.
    pub(super) async fn in_place_of(
        &self,
        ours: &dyn Signer,
        now: Timestamp,
    ) -> Result<SigningKey, ThrowAwayError> {
        let like = NewKey::like(&VerifyingKey::from_certificate_base64(
            ours.certificate_base64(),
        )?);
        // Whoever comes while it is made waits for it, and makes no second one: the lock goes along to where it
        // is made, which goes on where the browser that asked first goes away.
        let mut made = Arc::clone(&self.0).lock_owned().await;
        let known = made.iter().find(|(kind, _)| *kind == like);
        let key = if let Some((_, key)) = known {
            key.clone()
        } else {
            // A large RSA key takes seconds to find.
            let making = spawn_blocking(move || {
                let key = make(like, now)?;
                made.push((like, key.clone()));
                Ok::<_, KeyFault>(key)
            });
            making.await??
        };
        let key = key.signing_by(ours.algorithm());
        let key = key.ok_or(KeyFault::UnsupportedKind)?;
        Ok(key.digesting_by(ours.digest()))
    }
}

fn make(key: NewKey, now: Timestamp) -> Result<SigningKey, KeyFault> {
    let made = generate(&KeyRequest {
        common_name: NAME_OF_KEY,
        key,
        not_before: now,
        not_after: now.saturating_add(LIFE_OF_KEY).unwrap_or(now),
    })?;
    SigningKey::from_pem(made.pem().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_browser_that_goes_away_while_the_throw_away_key_is_made_costs_no_second_one() {
        let began = Timestamp::UNIX_EPOCH;
        let ours = make(NewKey::Rsa(2048), began).unwrap();
        let keys = ThrowAwayKeys::default();
        tokio::select! {
            biased;
            _made = keys.in_place_of(&ours, began) => {}
            // It was asked for, and the browser is gone.
            () = std::future::ready(()) => {}
        }
        let later = began + SignedDuration::from_hours(1);
        let key = keys.in_place_of(&ours, later).await.unwrap();
        assert_eq!(key.certificate().not_before(), began);
        assert_eq!(keys.0.lock().await.len(), 1);
    }
}
