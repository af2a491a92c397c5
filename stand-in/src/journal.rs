//! The stand-in's log: one line on the standard error for each event.

/// Writes `event` on one line; control characters are spelled out, so that no
/// message can forge a second line.
#[expect(
    clippy::print_stderr,
    reason = "the standard error is the log of this lab tool"
)]
pub(crate) fn note(event: &str) {
    let at = crate::clock::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let line: String = event
        .chars()
        .flat_map(|character| {
            let spelled: Box<dyn Iterator<Item = char>> = if character.is_control() {
                Box::new(character.escape_default())
            } else {
                Box::new(std::iter::once(character))
            };
            spelled
        })
        .collect();
    eprintln!("{at} {line}");
}
