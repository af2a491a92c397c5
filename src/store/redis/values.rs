//! What is written into the server: under which keys, and sealed so that nothing that others put there, swap or
//! edit is taken for ours.
//!
//! A value is one octet, the version of its form, and a seal of the key ring over the content. The version and
//! the whole key, with the field where the key has fields, are authenticated with it. A writer that knows no
//! key of the ring can remove values, put an older one back in its own place, and change what stands in
//! clear beside them: when a session was last used, and in which order things end. None of that lets anybody
//! in; it is what the end of the session, in the seal, and a password are for.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;

use crate::{
    model::{session::SessionKey, store::StoreError},
    sys::{
        entropy::Entropy,
        hmac::base32_lower,
        seal::{BrokenSeal, KeyRing},
    },
};

/// The form of the values that are written: what `store::pack` makes of a session, postcard of a step of a story, the
/// octets of a counter, and nothing else that can change.
const FORM: u8 = 1;

/// The largest value that is opened: more than a session with all that it may hold takes. The scripts give one octet
/// more at most, so that of a larger one no more is held than shows it to be too large.
pub(super) const MAX_VALUE: usize = 1024 * 1024;
/// The same of a counter, of which each has 82 octets, and of the note that a ticket was signed out, which is shorter.
pub(super) const MAX_SMALL: usize = 127;

/// A key of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keys of one prefix. What stands in braces says by which slot of a Cluster a key is held.
#[derive(Debug)]
pub(super) struct Places {
    prefix: String,
    /// The sessions by their end if they are not used again.
    pub(super) listed: Place,
    /// The sealed keys of the sessions by their tickets.
    pub(super) by_ticket: Place,
    /// The tickets that were brought, by their end.
    pub(super) brought: Place,
    /// Those of them that were signed out.
    pub(super) signed_out: Place,
    /// The replay marks by their end, and what is sealed in them.
    pub(super) marked: Place,
    pub(super) marks: Place,
    /// The counters of attempts by their end, and the counters.
    pub(super) counted: Place,
    pub(super) counters: Place,
    /// The nodes by the end of what they have left, and that: what each says of its clock.
    pub(super) heard: Place,
    pub(super) clocks: Place,
    /// The stories by their end: those in which somebody has proven who they are, and the others; and the stories.
    pub(super) stories_end: Place,
    pub(super) other_stories_end: Place,
    pub(super) stories: Place,
}

impl Places {
    pub(super) fn new(prefix: &str) -> Self {
        let place = |name: &str| Place(format!("{prefix}{name}"));
        Self {
            prefix: prefix.to_owned(),
            listed: place("{sessions}:ends"),
            by_ticket: place("{sessions}:by-ticket"),
            brought: place("{sessions}:brought"),
            signed_out: place("{sessions}:signed-out"),
            marked: place("{marks}:ends"),
            marks: place("{marks}:uses"),
            counted: place("{attempts}:ends"),
            counters: place("{attempts}:counters"),
            heard: place("{clocks}:ends"),
            clocks: place("{clocks}:said"),
            stories_end: place("{stories}:ends"),
            other_stories_end: place("{stories}:others"),
            stories: place("{stories}:steps"),
        }
    }

    /// That of a session.
    pub(super) fn session(&self, key: SessionKey) -> Place {
        Place(format!("{}{{s:{}}}", self.prefix, base32_lower(&key.0)))
    }

    /// That of where the key of a session leads which was replaced; of the same slot. It is there for
    /// [`LEADS_ON`](crate::model::store::LEADS_ON): as many can be as sessions are replaced in that time.
    pub(super) fn heir(&self, key: SessionKey) -> Place {
        Place(format!("{}:heir", self.session(key).0))
    }
}

/// Seals values and opens them.
pub(super) struct Sealer {
    keys: RwLock<Arc<KeyRing>>,
    entropy: Arc<dyn Entropy>,
    refused: AtomicU64,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    pub(super) fn new(keys: Arc<KeyRing>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            keys: RwLock::new(keys),
            entropy,
            refused: AtomicU64::new(0),
        }
    }

    /// Goes on with another ring.
    pub(super) fn renew(&self, keys: Arc<KeyRing>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// How many values were refused, since they are not ours or not there.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Seals `content` for `field` of `place` from now until its end; the field is empty where the place has none.
    ///
    /// # Errors
    ///
    /// Nothing can be sealed; the caller goes on as without a store.
    pub(super) fn seal(
        &self,
        (place, field): (&Place, &[u8]),
        content: &[u8],
        (now, ends_at): (Timestamp, Timestamp),
    ) -> Result<Vec<u8>, StoreError> {
        let bound = bound(FORM, place, field);
        let ring = self.ring();
        let sealed = { ring.at(now) }
            .seal_stored(&bound, content, ends_at, &*self.entropy)
            .map_err(|_nothing_sealed| StoreError::Unavailable)?;
        Ok([&[FORM], sealed.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] made for there; nothing where its time is over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Forged`] where it was made for elsewhere, by somebody else, or was changed.
    pub(super) fn open(
        &self,
        (place, field): (&Place, &[u8]),
        value: &[u8],
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.look((place, field), value, now) {
            Ok(content) => Ok(Some(content)),
            Err(BrokenSeal::Expired) => Ok(None),
            Err(BrokenSeal::Forged) => Err(self.refuse()),
        }
    }

    /// Opens what [`Self::seal`] made for there, for somebody who only looks: what is not ours is neither counted nor told.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or its time is over.
    pub(super) fn look(
        &self,
        (place, field): (&Place, &[u8]),
        value: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, BrokenSeal> {
        match value.split_first() {
            Some((&FORM, sealed)) if value.len() <= MAX_VALUE => {
                let bound = bound(FORM, place, field);
                self.ring().open_stored(&bound, sealed, now)
            }
            Some(_) | None => Err(BrokenSeal::Forged),
        }
    }

    /// Counts and tells of a value that is not ours.
    pub(super) fn refuse(&self) -> StoreError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        tracing::warn!("a value in Redis is not ours, or not there, and was not used");
        StoreError::Forged
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a value is bound to. A key of ours has no NUL, so that no two pairs give the same.
fn bound(form: u8, place: &Place, field: &[u8]) -> Vec<u8> {
    [&[form], place.0.as_bytes(), &[0], field].concat()
}
