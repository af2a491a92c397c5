//! The stories of sign-ins, packed, in bounds of bytes; and how one is packed.

use jiff::Timestamp;

use super::timed_map::{Key, PURGED_PER_CALL, TimedMap};
use crate::{
    model::{
        store::StoreError,
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    sys::hmac::sha256,
};

/// The most bytes of one story, and of one that has not come to an end: the end always has its place.
pub(super) const MAX_STORY: usize = 32 * 1024;
pub(super) const MAX_UNFINISHED: usize = 24 * 1024;
/// What a story takes beside its steps, about.
pub(super) const OVERHEAD: usize = 256;
/// How many stories make room for one step at most.
pub(super) const MOST_FORGOTTEN: usize = 256;

/// Under what a story is kept.
pub(super) fn id(code: SupportCode) -> Key {
    sha256(&[b"passerelle story\0", code.octets()])
}

/// The most bytes that a story may have with a step of this kind.
pub(super) const fn most(keeping: Keeping) -> usize {
    if keeping.is_end {
        MAX_STORY
    } else {
        MAX_UNFINISHED
    }
}

/// A step, packed.
pub(super) fn pack(step: &StoryStep) -> Result<Vec<u8>, StoreError> {
    // What cannot be packed cannot be kept; the caller goes on without it.
    postcard::to_allocvec(step).or(Err(StoreError::Unavailable))
}

/// A step, of what [`pack`] made.
pub(super) fn unpack(packed: &[u8]) -> Option<StoryStep> {
    postcard::from_bytes(packed).ok()
}

/// A piece of a story, with its length before it.
pub(super) fn frame(piece: &[u8]) -> Result<Vec<u8>, StoreError> {
    let length = u32::try_from(piece.len()).or(Err(StoreError::Full))?;
    Ok([&length.to_be_bytes()[..], piece].concat())
}

/// The pieces of a story; what is none at its end is left out.
pub(super) fn pieces(mut story: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = story.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((piece, rest)) = rest.split_at_checked(length) else {
            break;
        };
        pieces.push(piece);
        story = rest;
    }
    pieces
}

/// The stories of this process.
#[derive(Debug)]
pub(super) struct Shelf {
    stories: TimedMap<Vec<u8>>,
    bytes: usize,
    most: usize,
}

impl Shelf {
    /// An empty one, of so many bytes.
    pub(super) fn new(most: u64) -> Self {
        Self {
            stories: TimedMap::new(),
            bytes: 0,
            most: usize::try_from(most).unwrap_or(usize::MAX),
        }
    }

    /// Puts a step behind those that are there, and forgets the stories whose end is nearest where there is no room.
    pub(super) fn add(
        &mut self,
        id: Key,
        piece: &[u8],
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..PURGED_PER_CALL {
            match self.stories.remove_ended(now) {
                Some(story) => self.bytes -= story.len() + OVERHEAD,
                None => break,
            }
        }
        let (mut story, ends_at) = self.take(id);
        if story.len() + piece.len() > most(keeping) || piece.len() + OVERHEAD > self.most {
            if let Some(ends_at) = ends_at {
                self.put(id, story, ends_at);
            }
            return Err(StoreError::Full);
        }
        story.extend_from_slice(piece);
        while self.bytes + story.len() + OVERHEAD > self.most {
            match self.stories.remove_first() {
                Some(story) => self.bytes -= story.len() + OVERHEAD,
                None => break,
            }
        }
        let until = keeping.ends_at();
        self.put(
            id,
            story,
            ends_at.map_or(until, |ends_at| ends_at.max(until)),
        );
        Ok(())
    }

    /// The steps of a story.
    pub(super) fn read(&self, id: Key, now: Timestamp) -> Vec<StoryStep> {
        let story = self.stories.find(&id, now).map_or(&[][..], Vec::as_slice);
        pieces(story).into_iter().filter_map(unpack).collect()
    }

    fn take(&mut self, id: Key) -> (Vec<u8>, Option<Timestamp>) {
        match self.stories.remove(&id) {
            Some((ends_at, story)) => {
                self.bytes -= story.len() + OVERHEAD;
                (story, Some(ends_at))
            }
            None => (Vec::new(), None),
        }
    }

    fn put(&mut self, id: Key, story: Vec<u8>, ends_at: Timestamp) {
        self.bytes += story.len() + OVERHEAD;
        self.stories.put(id, story, ends_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn r122_a_shelf_counts_what_it_holds_whatever_comes_and_goes() {
        let mut shelf = Shelf::new(20_000);
        for round in 0..2_000_u32 {
            let id = sha256(&[&(round % 97).to_be_bytes()]);
            let keeping = Keeping {
                until: at(i64::from(round % 11 * 300)),
                at_first_until: None,
                is_end: true,
            };
            let piece = vec![7; usize::try_from(round % 50 * 20).unwrap()];
            let _ = shelf.add(id, &frame(&piece).unwrap(), keeping, at(i64::from(round)));
            assert!(shelf.bytes <= shelf.most);
        }
        let mut held = 0;
        while let Some(story) = shelf.stories.remove_first() {
            held += story.len() + OVERHEAD;
        }
        assert_eq!(held, shelf.bytes);
    }

    #[test]
    fn what_is_no_piece_of_a_story_is_left_out() {
        let two = [frame(b"one").unwrap(), frame(b"").unwrap()].concat();
        assert_eq!(pieces(&two), [&b"one"[..], b""]);
        for end in [&b"\0\0"[..], b"\0\0\0\x01", b"\xff\xff\xff\xff1234"] {
            assert_eq!(pieces(&[&two, end].concat()).len(), 2, "{end:?}");
        }
    }
}
