//! Characters that are not what they look like.

use std::fmt::Write as _;

/// Whether a character must not reach a page, a terminal or a viewer as itself: controls, line and
/// paragraph separators, marks that turn the direction of writing, the byte order mark. With one of
/// them a text reads as another one.
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}')
}

/// The text for a terminal: each misleading character but those of `kept` is written `\u001b`, which is
/// also how JSON writes it.
pub fn visible(text: &str, kept: &[char]) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_misleading(c) && !kept.contains(&c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r94_what_would_move_the_cursor_or_turn_the_writing_is_written_out() {
        let text = "a\u{1b}[2Jé\u{202e}b\n\u{9b}c\t";
        assert_eq!(
            visible(text, &['\n']),
            "a\\u001b[2Jé\\u202eb\n\\u009bc\\u0009"
        );
        let json = serde_json::to_string_pretty(&["a\u{202e}\u{9b}\u{7f}\n"]).unwrap();
        let shown = visible(&json, &['\n']);
        assert!(shown.is_ascii());
        let read: Vec<String> = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, ["a\u{202e}\u{9b}\u{7f}\n"]);
    }

    #[test]
    fn r120_every_mark_of_direction_misleads_and_no_letter_does() {
        let marks = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let others = [
            '\u{200e}', '\u{200f}', '\u{61c}', '\u{2028}', '\u{2029}', '\u{feff}',
        ];
        for c in marks.chain(others).chain(['\0', '\n', '\u{1b}', '\u{9b}']) {
            assert!(is_misleading(c), "{c:?}");
        }
        // Letters of languages that are written from the right need none, and some need a joiner.
        for c in "aé’ \u{a0}\u{5d0}\u{627}\u{200c}\u{200d}字".chars() {
            assert!(!is_misleading(c), "{c:?}");
        }
    }
}
