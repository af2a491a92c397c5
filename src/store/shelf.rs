//! The stories of sign-ins, packed, in bounds of bytes; and how one is packed.

use jiff::Timestamp;

use super::{
    pack_with,
    timed_map::{Key, PURGED_PER_CALL, TimedMap},
    unpack_with,
};
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

/// Under what a story is kept in this process.
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
    pack_with(step, step.began_under)
}

/// A step, of what [`pack`] made.
pub(super) fn unpack(packed: &[u8]) -> Option<StoryStep> {
    let (step, began_under) = unpack_with(packed)?;
    Some(StoryStep {
        began_under,
        ..step
    })
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

/// Stories, and how many bytes they take.
#[derive(Debug)]
struct Pile {
    stories: TimedMap<Box<[u8]>>,
    bytes: usize,
}

impl Pile {
    fn new() -> Self {
        Self {
            stories: TimedMap::new(),
            bytes: 0,
        }
    }

    fn put(&mut self, id: Key, story: Vec<u8>, ends_at: Timestamp) {
        self.bytes += story.len() + OVERHEAD;
        self.stories.put(id, story.into_boxed_slice(), ends_at);
    }

    fn take(&mut self, id: &Key) -> Option<(Vec<u8>, Timestamp)> {
        let (ends_at, story) = self.stories.remove(id)?;
        self.bytes -= story.len() + OVERHEAD;
        Some((story.into_vec(), ends_at))
    }

    fn forget_ended(&mut self, now: Timestamp) {
        for _ in 0..PURGED_PER_CALL {
            let Some(story) = self.stories.remove_ended(now) else {
                return;
            };
            self.bytes -= story.len() + OVERHEAD;
        }
    }

    /// Forgets the one whose end is nearest; says whether there was any.
    fn forget_first(&mut self) -> bool {
        let Some(story) = self.stories.remove_first() else {
            return false;
        };
        self.bytes -= story.len() + OVERHEAD;
        true
    }
}

/// The stories of this process.
///
/// Half of the room is for those in which nobody has proven who they are, of whom anybody can bring about as many as they
/// like, and half for the others. Each half may use what the other one leaves free, and gives it back.
#[derive(Debug)]
pub(super) struct Shelf {
    proven: Pile,
    others: Pile,
}

impl Shelf {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self {
            proven: Pile::new(),
            others: Pile::new(),
        }
    }

    /// Puts a step behind those that are there, and forgets the stories whose end is nearest where there is no room for it
    /// within so many bytes: of the kind that has more than its half.
    pub(super) fn add(
        &mut self,
        id: Key,
        piece: &[u8],
        keeping: Keeping,
        (now, room): (Timestamp, usize),
    ) -> Result<(), StoreError> {
        self.proven.forget_ended(now);
        self.others.forget_ended(now);
        let held = self.proven.take(&id);
        let was_proven = held.is_some();
        let is_proven = was_proven || keeping.is_proven;
        let held = held.or_else(|| self.others.take(&id));
        let (mut story, ends_at) = held.unwrap_or((Vec::new(), Timestamp::MIN));
        let bytes = story.len() + piece.len();
        if bytes > most(keeping) || bytes + OVERHEAD > room {
            if !story.is_empty() {
                self.pile(was_proven).put(id, story, ends_at);
            }
            return Err(StoreError::Full);
        }
        story.reserve_exact(piece.len());
        story.extend_from_slice(piece);
        self.make_room(room, bytes + OVERHEAD, is_proven);
        let until = ends_at.max(keeping.until);
        self.pile(is_proven).put(id, story, until);
        Ok(())
    }

    /// The steps of a story.
    pub(super) fn read(&self, id: Key, now: Timestamp) -> Vec<StoryStep> {
        let mut found = [&self.proven, &self.others]
            .into_iter()
            .filter_map(|pile| pile.stories.find(&id, now));
        let story = found.next().map_or(&[][..], |story| story);
        pieces(story).into_iter().filter_map(unpack).collect()
    }

    const fn pile(&mut self, is_proven: bool) -> &mut Pile {
        if is_proven {
            &mut self.proven
        } else {
            &mut self.others
        }
    }

    fn make_room(&mut self, room: usize, bytes: usize, is_proven: bool) {
        while self.proven.bytes + self.others.bytes + bytes > room {
            let others = self.others.bytes + if is_proven { 0 } else { bytes };
            let from_proven = others <= room / 2;
            let is_done =
                self.pile(from_proven).forget_first() || self.pile(!from_proven).forget_first();
            if !is_done {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::conformance::stories::step, *};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn r126_an_earlier_version_reads_a_step_that_began_under_another_code() {
        let before = step("answered");
        let under_another = StoryStep {
            began_under: Some(SupportCode::of([7; 5])),
            ..before.clone()
        };
        let packed = pack(&under_another).unwrap();
        assert_eq!(postcard::from_bytes(&packed), Ok(before.clone()));
        assert_eq!(unpack(&packed), Some(under_another));
        assert_eq!(unpack(&pack(&before).unwrap()), Some(before));
    }

    #[test]
    fn r122_a_shelf_counts_what_it_holds_whatever_comes_and_goes() {
        let mut shelf = Shelf::new();
        for round in 0..2_000_u32 {
            let id = sha256(&[&(round % 97).to_be_bytes()]);
            let keeping = Keeping {
                until: at(i64::from(round % 11 * 300)),
                is_proven: round % 3 == 0,
                is_end: true,
            };
            let piece = vec![7; usize::try_from(round % 50 * 20).unwrap()];
            // What is taken by others comes back, and goes again.
            let room = if round / 100 % 3 == 1 { 5_000 } else { 20_000 };
            let until = (at(i64::from(round)), room);
            if shelf
                .add(id, &frame(&piece).unwrap(), keeping, until)
                .is_ok()
            {
                assert!(shelf.proven.bytes + shelf.others.bytes <= room);
            }
        }
        for mut pile in [shelf.proven, shelf.others] {
            let mut held = 0;
            while let Some(story) = pile.stories.remove_first() {
                held += story.len() + OVERHEAD;
            }
            assert_eq!(held, pile.bytes);
        }
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
