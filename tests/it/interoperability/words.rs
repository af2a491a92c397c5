//! The service providers' own words, without what changes from run to run.

use crate::lab::service_provider::SpKind;

/// What `kind` said on one line, in which the addresses and identifiers of this run have `names`.
pub(crate) fn own(kind: SpKind, said: &str, names: &[(&str, &str)]) -> String {
    let said = match kind {
        SpKind::Mellon => last_of_apache(said),
        SpKind::Saml2Js => before_the_stack(said),
        SpKind::Python3Saml
        | SpKind::Pysaml2
        | SpKind::NodeSaml
        | SpKind::Samlify
        | SpKind::Samael => said,
    };
    let mut said = said.to_owned();
    for (found, name) in names {
        said = said.replace(found, name);
    }
    // By chance a ciphertext made for another key is a larger number than the modulus of this one, and
    // OpenSSL has no need to look at the padding.
    said = said.replace("data too large for modulus", "oaep decoding error");
    said.split_whitespace()
        .map(steady)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last line of an error log, behind when and where it was written.
fn last_of_apache(log: &str) -> &str {
    let line = log.lines().last().unwrap_or_default();
    let (_, said) = line.rsplit_once("] ").unwrap_or(("", line));
    said.split_once(", referer:").map_or(said, |(said, _)| said)
}

/// What stands before the places in the program at which it happened.
fn before_the_stack(said: &str) -> &str {
    let lines = said.lines();
    let before = lines.take_while(|line| !line.trim_start().starts_with("at "));
    let length: usize = before.map(|line| line.len() + 1).sum();
    said.get(..length).unwrap_or(said)
}

/// A word, or a mark in place of an instant or an identifier.
fn steady(word: &str) -> &str {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits >= 8 { "…" } else { word }
}
