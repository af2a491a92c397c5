//! Lays XML out for people.

/// What one level stands further in than the one around it.
const STEP: &str = "  ";

/// One element a line, of XML that [`Writer`](super::Writer) wrote: with neither comment, CDATA section nor
/// processing instruction. To be looked at: its signatures cover what it was, and not this.
pub fn laid_out(canonical: &str) -> String {
    let mut out = String::with_capacity(2 * canonical.len());
    let mut rest = canonical;
    let mut depth = 0_usize;
    let mut is_behind_start = false;
    while let Some((tag, text, next)) = first_tag(rest) {
        let is_end = tag.starts_with("</");
        depth = depth.saturating_sub(usize::from(is_end));
        // What holds text alone, or nothing, stays on its line.
        let stays = out.is_empty() || (is_end && is_behind_start);
        if !stays {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(STEP));
        }
        out.push_str(tag);
        out.push_str(text);
        depth += usize::from(!is_end);
        is_behind_start = !is_end;
        rest = next;
    }
    out
}

/// The tag at the beginning of `xml`, the text behind it, and the rest from the next tag on.
fn first_tag(xml: &str) -> Option<(&str, &str, &str)> {
    let mut is_quoted = false;
    // The canonical form quotes by `"` alone, and leaves a `>` as it is between two of them.
    let end = xml.find(|c| {
        is_quoted ^= c == '"';
        c == '>' && !is_quoted
    })?;
    let (tag, behind) = xml.split_at_checked(end + 1)?;
    let (text, rest) = behind.split_at_checked(behind.find('<').unwrap_or(behind.len()))?;
    Some((tag, text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_has_a_line_and_text_stays_with_its_own() {
        let xml = r#"<a x="1>2"><b></b><c>t &lt; u</c><d><e y="'">é</e></d></a>"#;
        let expected = [
            r#"<a x="1>2">"#,
            "  <b></b>",
            "  <c>t &lt; u</c>",
            "  <d>",
            r#"    <e y="'">é</e>"#,
            "  </d>",
            "</a>",
        ];
        assert_eq!(laid_out(xml), expected.join("\n"));
    }
}
