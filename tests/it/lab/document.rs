//! Documents that say what tests found, and cannot say anything else.

use super::process::repository;

/// Compares `docs/NAME` with what `test` found, or writes it where `UPDATE_DOCS` is set.
///
/// Fails the test where they differ, with the first line that does and the command that writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the test says that the file is to be written"
)]
pub(crate) fn hold(name: &str, test: &str, found: &str) {
    let file = repository().join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, found).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(&written), lines(found));
    let place = (0..old.len().max(new.len())).find(|&place| old.get(place) != new.get(place));
    if let Some(place) = place {
        panic!(
            "docs/{name} does not say what ran; line {}:\n  it says  {}\n  found    {}\n\
             UPDATE_DOCS=1 cargo test --locked --test it {test} writes it anew",
            place + 1,
            old.get(place).map_or("(nothing)", String::as_str),
            new.get(place).map_or("(nothing)", String::as_str),
        );
    }
}
