//! The stories of sign-ins: all of them in one slot, so that their bound of bytes holds exactly.

use jiff::Timestamp;

use super::{Inner, RedisStore, call::Call, scripts, values::Places};
use crate::{
    model::{
        store::{StoreError, Stories},
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    store::shelf::{self, MAX_STORY},
    sys::hmac::hmac_sha256,
};

/// Names the keys that stories are kept under.
fn name(call: &mut Call, places: &Places) {
    call.key(places.stories_end.as_str())
        .key(places.other_stories_end.as_str())
        .key(places.stories.as_str());
}

impl Inner {
    /// Under what a story is kept.
    pub(super) fn story_id(&self, code: SupportCode) -> [u8; 32] {
        hmac_sha256(&self.names, &[b"story\0", code.octets()])
    }
}

impl Stories for RedisStore {
    async fn add_to_story(
        &self,
        code: SupportCode,
        step: &StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (id, places) = (self.0.story_id(code), &self.0.places);
        let packed = shelf::pack(step)?;
        let sealed =
            { &self.0.sealer }.seal((&places.stories, &id), &packed, (now, keeping.until))?;
        let piece = shelf::frame(&sealed)?;
        let mut call = Call::of(&scripts::ADD_TO_STORY);
        name(&mut call, places);
        call.arg(now.as_millisecond())
            .arg(&id[..])
            .arg(keeping.until.as_millisecond())
            .arg(piece)
            .arg(shelf::most(keeping))
            .arg(self.0.limits.story_bytes)
            .arg(u8::from(keeping.is_proven));
        if self.0.servers.run::<bool>(&call).await? {
            Ok(())
        } else {
            Err(StoreError::Full)
        }
    }

    async fn story(&self, code: SupportCode, now: Timestamp) -> Result<Vec<StoryStep>, StoreError> {
        let (id, places) = (self.0.story_id(code), &self.0.places);
        let mut call = Call::of(&scripts::READ_STORY);
        name(&mut call, places);
        call.arg(now.as_millisecond()).arg(&id[..]);
        let found = self.0.servers.run::<Option<Vec<u8>>>(&call).await?;
        let story = found.unwrap_or_default();
        let sealer = &self.0.sealer;
        if story.len() > MAX_STORY {
            return Err(sealer.refuse());
        }
        let (mut steps, mut is_any_lost) = (Vec::new(), false);
        for piece in shelf::pieces(&story) {
            match sealer.open((&places.stories, &id), piece, now) {
                Ok(None) => {}
                Ok(Some(packed)) => match shelf::unpack(&packed) {
                    Some(step) => steps.push(step),
                    None => is_any_lost = true,
                },
                // Sealed with a key that is no longer here, or not ours: it takes nothing from the others.
                Err(StoreError::Forged) => is_any_lost = true,
                Err(fault @ (StoreError::Full | StoreError::Unavailable)) => return Err(fault),
            }
        }
        if steps.is_empty() && is_any_lost {
            return Err(StoreError::Forged);
        }
        Ok(steps)
    }
}
