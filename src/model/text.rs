//! Characters that are not what they look like.

/// Whether a character must not reach a page, a terminal or a viewer as itself: controls, line and
/// paragraph separators, marks that turn the direction of writing, the byte order mark. With one of
/// them a text reads as another one.
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
