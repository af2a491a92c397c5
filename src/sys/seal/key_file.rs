//! The file of the keys that seal, and how a new key takes the place of the one that seals without a sign-in
//! under way being lost.
//!
//! A key that has a time seals from then on, and opens before: so a file can be brought to all nodes and be
//! read by each when it suits, minutes or hours apart, and they begin to seal with the new key at one moment.
//! A key that sealed goes on to open until nothing can be left that it sealed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};

use super::{KeyId, KeyRing, SealKeyFault};
use crate::sys::{entropy::Entropy, secret::Secret};

/// Stands between a key and the time from which it seals.
const FROM: &str = "from";

/// A line that is a key.
pub(super) struct Line {
    /// Which line of the file, from 1.
    pub(super) number: usize,
    pub(super) id: KeyId,
    /// 32 bytes.
    pub(super) key: Secret,
    /// Since when it may seal; none: since ever.
    pub(super) from: Option<Timestamp>,
}

/// The lines of a file that are keys; at least one, and none twice.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, SealKeyFault> {
    let mut lines: Vec<Line> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = read(line, number)?;
        if lines.iter().any(|known| known.id == line.id) {
            return Err(SealKeyFault::Repeated(number));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(SealKeyFault::Empty);
    }
    Ok(lines)
}

fn read(line: &str, number: usize) -> Result<Line, SealKeyFault> {
    let mut words = line.split_whitespace();
    let key = words
        .next()
        .and_then(|word| URL_SAFE_NO_PAD.decode(word).ok())
        .filter(|key| key.len() == 32)
        .ok_or(SealKeyFault::NotAKey(number))?;
    let not_a_time = SealKeyFault::NotATime(number);
    let from = match (words.next(), words.next(), words.next()) {
        (None, ..) => None,
        (Some(FROM), Some(time), None) => Some(time.parse().map_err(|_unread| not_a_time)?),
        (Some(_), ..) => return Err(not_a_time),
    };
    Ok(Line {
        number,
        id: KeyId::of(&key),
        key: Secret::new(key),
        from,
    })
}

/// How the key that seals is to be replaced.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// The present.
    pub now: Timestamp,
    /// When the new key begins to seal.
    pub from: Timestamp,
    /// How long a key still opens once another one seals.
    pub opens_for: SignedDuration,
    /// Whether the new key is to be the only one at once, whatever that loses.
    pub is_alone: bool,
}

/// Why nothing is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RotationFault {
    /// The file is not one.
    #[error(transparent)]
    KeyFile(#[from] SealKeyFault),
    /// The new key would seal before anybody has it.
    #[error("{0} is over: a new key seals from a time on at which all nodes have it")]
    Over(Timestamp),
    /// Another new key is on its way.
    #[error("a new key waits in it already, and seals from {0} on")]
    Waits(Timestamp),
}

/// A key file after a rotation.
#[derive(Debug)]
pub struct Rotated {
    /// What the file is to hold.
    pub text: Secret,
    /// The new key.
    pub new: KeyId,
    /// The keys that are gone from it.
    pub gone: Vec<KeyId>,
    /// The older keys that go on to open.
    pub kept: Vec<KeyId>,
}

/// Puts a new key before those in the key file `text`, and leaves out those that can have nothing left to open.
/// Comments stay where they are.
///
/// # Errors
///
/// It is not a key file, a new key waits in it, or the time of the new one is over.
pub fn rotated(
    text: &str,
    rotation: &Rotation,
    entropy: &dyn Entropy,
) -> Result<Rotated, RotationFault> {
    let old = lines(text)?;
    if !rotation.is_alone {
        // One behind a key that seals waits for nothing.
        let waits = old.first().and_then(|line| line.from);
        if let Some(from) = waits.filter(|from| *from > rotation.now) {
            return Err(RotationFault::Waits(from));
        }
        if rotation.from <= rotation.now {
            return Err(RotationFault::Over(rotation.from));
        }
    }
    let mut first = KeyRing::new_line(entropy);
    let new = read(&first, 1)?.id;
    if !rotation.is_alone {
        first = format!("{first} {FROM} {}", rotation.from);
    }
    let (gone, kept) = sorted(&old, rotation);
    let is_gone = |key: &Line| gone.contains(&key.id);
    let mut whole = String::with_capacity(text.len() + first.len() + 1);
    let mut first = Some(first);
    for (line, number) in text.lines().zip(1..) {
        let key = old.iter().find(|key| key.number == number);
        let before = first.take_if(|_| key.is_some());
        let stays = (!key.is_some_and(is_gone)).then_some(line);
        for line in before.as_deref().into_iter().chain(stays) {
            whole.push_str(line);
            whole.push('\n');
        }
    }
    Ok(Rotated {
        text: Secret::from(whole),
        new,
        gone,
        kept,
    })
}

/// Which keys are to go, and which stay.
fn sorted(keys: &[Line], rotation: &Rotation) -> (Vec<KeyId>, Vec<KeyId>) {
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    // Since when another key has sealed in the place of those that are still to come; none: nobody knows.
    let mut replaced_at: Option<Timestamp> = None;
    for key in keys {
        let is_over = |at: Timestamp| rotation.now.duration_since(at) > rotation.opens_for;
        if rotation.is_alone || replaced_at.is_some_and(is_over) {
            gone.push(key.id);
        } else {
            kept.push(key.id);
        }
        replaced_at = replaced_at.into_iter().chain(key.from).min();
    }
    (gone, kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::OsEntropy;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rotation(now: &str, from: &str) -> Rotation {
        Rotation {
            now: at(now),
            from: at(from),
            opens_for: SignedDuration::from_hours(9),
            is_alone: false,
        }
    }

    fn text(rotated: &Rotated) -> String {
        String::from_utf8(rotated.text.expose().to_vec()).unwrap()
    }

    fn ids(text: &str) -> Vec<KeyId> {
        lines(text).unwrap().iter().map(|line| line.id).collect()
    }

    #[test]
    fn a_new_key_comes_first_with_its_time_and_comments_stay() {
        let old = format!("# ours\n{}\n# its end\n", KeyRing::new_line(&OsEntropy));
        let rotation = rotation("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z");
        let done = rotated(&old, &rotation, &OsEntropy).unwrap();
        let whole = text(&done);
        let lines: Vec<_> = whole.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], "# ours");
        assert!(lines[1].ends_with(" from 2026-11-28T13:00:00Z"));
        assert_eq!(lines[2..], old.lines().collect::<Vec<_>>()[1..]);
        assert_eq!(done.kept, ids(&old));
        assert_eq!(done.gone, []);
        assert_eq!(ids(&whole), [done.new, done.kept[0]]);
    }

    #[test]
    fn a_key_goes_once_nothing_can_be_left_that_it_sealed_and_not_before() {
        let old = KeyRing::new_line(&OsEntropy);
        let first = rotation("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z");
        let once = rotated(&old, &first, &OsEntropy).unwrap();
        // Nine hours after the new one sealed for the first time, and a second more.
        for (now, kept) in [("2026-11-28T22:00:00Z", 2), ("2026-11-28T22:00:01Z", 1)] {
            let again = rotation(now, "2026-11-29T13:00:00Z");
            let twice = rotated(&text(&once), &again, &OsEntropy).unwrap();
            assert_eq!(twice.kept.len(), kept, "{now}");
            assert_eq!(twice.kept[0], once.new);
            assert_eq!(twice.gone.len(), 2 - kept);
            assert_eq!(ids(&text(&twice)).len(), 1 + kept);
        }
    }

    #[test]
    fn keys_of_which_nobody_knows_since_when_they_do_not_seal_stay() {
        let old = [(); 2].map(|()| KeyRing::new_line(&OsEntropy)).join("\n");
        let rotation = rotation("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z");
        let done = rotated(&old, &rotation, &OsEntropy).unwrap();
        assert_eq!(done.kept, ids(&old));
    }

    #[test]
    fn while_a_new_key_waits_there_is_no_other_one() {
        let old = KeyRing::new_line(&OsEntropy);
        let first = rotation("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z");
        let once = text(&rotated(&old, &first, &OsEntropy).unwrap());
        let early = rotation("2026-11-28T12:59:59Z", "2026-11-28T14:00:00Z");
        let refused = rotated(&once, &early, &OsEntropy).unwrap_err();
        assert_eq!(refused, RotationFault::Waits(at("2026-11-28T13:00:00Z")));
        let later = rotation("2026-11-28T13:00:00Z", "2026-11-28T14:00:00Z");
        assert!(rotated(&once, &later, &OsEntropy).is_ok());
    }

    #[test]
    fn a_new_key_seals_at_a_time_that_is_not_over_unless_it_is_alone() {
        let old = KeyRing::new_line(&OsEntropy);
        for from in ["2026-11-28T12:00:00Z", "2026-11-28T03:00:00Z"] {
            let over = rotation("2026-11-28T12:00:00Z", from);
            let refused = rotated(&old, &over, &OsEntropy).unwrap_err();
            assert_eq!(refused, RotationFault::Over(at(from)));
        }
        let soon = rotation("2026-11-28T12:00:00Z", "2026-11-28T12:00:01Z");
        assert!(rotated(&old, &soon, &OsEntropy).is_ok());
        // A key that stands behind one without a time never seals, and waits for nothing.
        let behind = format!(
            "{old}\n{} from 2099-01-01T00:00:00Z",
            KeyRing::new_line(&OsEntropy)
        );
        assert!(rotated(&behind, &soon, &OsEntropy).is_ok());
    }

    #[test]
    fn a_key_that_somebody_else_may_know_is_left_alone_by_no_other() {
        let old = KeyRing::new_line(&OsEntropy);
        let first = rotation("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z");
        let once = rotated(&old, &first, &OsEntropy).unwrap();
        let alone = Rotation {
            is_alone: true,
            ..first
        };
        let done = rotated(&text(&once), &alone, &OsEntropy).unwrap();
        assert_eq!(ids(&text(&done)), [done.new]);
        assert_eq!(done.gone, [once.new, once.kept[0]]);
        assert!(!text(&done).contains(FROM));
    }

    #[test]
    fn what_stands_behind_a_key_is_a_time_and_nothing_else() {
        let key = KeyRing::new_line(&OsEntropy);
        for behind in [
            "from",
            "2026-11-28T13:00:00Z",
            "from tomorrow",
            "from 2026-11-28T13:00:00Z now",
            "until 2026-11-28T13:00:00Z",
            "# the old one",
        ] {
            let fault = lines(&format!("\n{key} {behind}")).err();
            assert_eq!(fault, Some(SealKeyFault::NotATime(2)), "{behind}");
        }
    }
}
