//! What XML 1.0 allows in text and in names.
//!
//! Shared by the reader's checks, the writer's refusals and by whoever must
//! know beforehand whether a value can be written (security requirement R-40).

/// Whether every character of `text` may stand in an XML 1.0 document.
///
/// The `Char` production of XML 1.0 §2.2: no control characters but tab, line
/// feed and carriage return, no U+FFFE and no U+FFFF. There is no way to escape
/// the others, so a value that holds one must be dropped or refused.
pub fn is_xml_text(text: &str) -> bool {
    // Plain ASCII, which most of what we write is, is told without a branch a byte.
    let is_plain = text
        .bytes()
        .fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    is_plain || text.chars().all(is_xml_char)
}

/// Whether `text` is a name without a colon: `NCName` of Namespaces in XML 1.0
/// §3, which is also the lexical rule of `xs:ID`.
pub fn is_ncname(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'_' | b'-' | b'.');
    let starts_plain = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    if text.as_bytes().first().is_some_and(starts_plain)
        && text.bytes().fold(true, |all, byte| all & is_plain(byte))
    {
        return true;
    }
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

pub(super) const fn is_xml_char(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// White space as XML means it: four characters, not Unicode's.
pub(crate) const fn is_xml_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' ')
}

const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

const fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{B7}'
            | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r40_characters_outside_xml_1_0_are_told_apart() {
        for good in [
            "",
            "é\t\r\n",
            "\u{7f}\u{85}",
            "\u{D7FF}\u{E000}\u{FFFD}\u{10FFFF}",
        ] {
            assert!(is_xml_text(good), "{good:?}");
        }
        for bad in [
            "\0",
            "a\u{1}",
            "\u{8}",
            "\u{b}",
            "\u{1f}",
            "\u{FFFE}",
            "x\u{FFFF}",
        ] {
            assert!(!is_xml_text(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_name_without_colon_starts_with_a_letter_or_underscore() {
        for good in ["_1", "id-1.2", "ONELOGIN_a", "é·"] {
            assert!(is_ncname(good), "{good:?}");
        }
        for bad in [
            "", "1a", "-a", ".a", "a:b", "a b", "a\"b", "a<b", "·a", "a\u{37E}",
        ] {
            assert!(!is_ncname(bad), "{bad:?}");
        }
    }
}
