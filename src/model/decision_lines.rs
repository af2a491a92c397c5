//! The decisions of one step as they stand in the log and in its story.

use std::fmt::{Display, Write as _};

use serde::{Deserialize, Serialize, Serializer};

/// Decisions in words, one line each.
///
/// They are one piece of memory: there are some forty of them in each sign-in, and they wait with many others
/// until they are kept.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "Vec<String>")]
pub struct DecisionLines {
    text: String,
    /// Where each line ends in it.
    ends: Vec<usize>,
}

impl DecisionLines {
    /// What stands between two of them where all are on one line.
    const BETWEEN: &str = "; ";
    /// How long one is, about.
    const USUAL: usize = 48;

    /// None, with room for so many.
    fn with_room_for(lines: usize) -> Self {
        Self {
            text: String::with_capacity(lines * Self::USUAL),
            ends: Vec::with_capacity(lines),
        }
    }

    /// Adds one.
    fn push(&mut self, line: impl Display) {
        if !self.ends.is_empty() {
            self.text.push_str(Self::BETWEEN);
        }
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{line}");
        self.ends.push(self.text.len());
    }

    /// All of them on one line, for the log.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Each by itself, first one first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut begins_at = 0;
        self.ends.iter().map(move |&ends_at| {
            let line = self.text.get(begins_at..ends_at).unwrap_or_default();
            begins_at = ends_at + Self::BETWEEN.len();
            line
        })
    }

    /// Leaves out what is above so many bytes, and says how many lines that are.
    pub fn cut(&mut self, most_bytes: usize) {
        let mut bytes = 0;
        let within = |line: &str| {
            bytes += line.len();
            bytes <= most_bytes
        };
        let kept = self
            .iter()
            .map(within)
            .take_while(|is_within| *is_within)
            .count();
        let left_out = self.ends.len() - kept;
        if left_out > 0 {
            self.ends.truncate(kept);
            self.text.truncate(self.ends.last().copied().unwrap_or(0));
            self.push(format_args!("and {left_out} more"));
        }
    }
}

impl<T: Display> FromIterator<T> for DecisionLines {
    fn from_iter<I: IntoIterator<Item = T>>(lines: I) -> Self {
        let lines = lines.into_iter();
        let mut all = Self::with_room_for(lines.size_hint().0);
        lines.for_each(|line| all.push(line));
        all
    }
}

impl From<Vec<String>> for DecisionLines {
    fn from(lines: Vec<String>) -> Self {
        lines.into_iter().collect()
    }
}

/// As a list of texts.
impl Serialize for DecisionLines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: &[&str]) -> DecisionLines {
        of.iter().collect()
    }

    #[test]
    fn lines_stay_apart_whatever_stands_in_them() {
        for list in [
            &[][..],
            &[""],
            &["one"],
            &["", ""],
            &["one; two", "", "drei é; ", "; "],
        ] {
            let all = lines(list);
            assert_eq!(all.iter().collect::<Vec<_>>(), list);
            assert_eq!(all.as_str(), list.join("; "));
            // They are kept as a plain list of texts.
            let kept = serde_json::to_value(&all).unwrap();
            assert_eq!(kept, serde_json::to_value(list).unwrap());
            assert_eq!(serde_json::from_value::<DecisionLines>(kept).unwrap(), all);
        }
    }

    #[test]
    fn r122_what_is_left_out_is_counted() {
        let mut all = lines(&["abc", "def", "ghi"]);
        all.cut(9);
        assert_eq!(all, lines(&["abc", "def", "ghi"]));
        all.cut(8);
        assert_eq!(all, lines(&["abc", "def", "and 1 more"]));
        all.cut(2);
        assert_eq!(all, lines(&["and 3 more"]));
    }
}
