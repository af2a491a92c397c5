//! Writes `docs/conformance.md` from the names of the tests that ran, or holds it to them:
//! `cargo run --example conformance -- target/test-logs/cargo.log`, which `scripts/test` does.
//!
//! A test that proves a requirement of a profile has its number in its name: `iip_md07_…` proves that
//! it is kept, `breach_of_iip_md07_…` that its breach is refused. [`requirements`] is the list of what
//! the profiles ask for. A requirement that is said to be kept and lacks one of the two, and a test that
//! names a requirement which is not on the list or not kept, are errors.
//!
//! With `UPDATE_DOCS` set the document is written anew.

mod ran;
mod requirements;

use std::{env, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    ran::{Proofs, read_log},
    requirements::{PROFILES, Profile, Requirement, State},
};

const DOCUMENT: &str = "docs/conformance.md";

fn main() -> anyhow::Result<()> {
    let log = env::args_os()
        .nth(1)
        .context("usage: conformance LOG, what cargo test printed")?;
    let log = fs::read_to_string(&log).with_context(|| format!("{}", Path::new(&log).display()))?;
    let proofs = read_log(&log);
    let faults = faults(&proofs);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    let text = write(&proofs);
    if is_to_be_written() {
        fs::write(DOCUMENT, text)?;
    } else if fs::read_to_string(DOCUMENT).ok().as_deref() != Some(text.as_str()) {
        bail!("{DOCUMENT} does not say what ran; UPDATE_DOCS=1 scripts/test writes it anew");
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "who runs the tests says that the file is to be written"
)]
fn is_to_be_written() -> bool {
    env::var_os("UPDATE_DOCS").is_some()
}

fn all() -> impl Iterator<Item = &'static Requirement> {
    PROFILES.iter().flat_map(|profile| profile.requirements)
}

/// Where the list and the tests do not fit together.
fn faults(proofs: &Proofs) -> Vec<String> {
    let mut faults = Vec::new();
    for requirement in all() {
        let id = requirement.id;
        let (kept, breach) = (proofs.kept(id), proofs.breach(id));
        match requirement.state {
            State::Kept => {
                if kept.is_empty() {
                    faults.push(format!("{id}: no test says that it is kept"));
                }
                if breach.is_empty() {
                    faults.push(format!("{id}: no test says that its breach is refused"));
                }
            }
            State::Awaits(_) | State::Excluded(_) => {
                for test in kept.iter().chain(breach) {
                    faults.push(format!("{id} is not kept, and {test} says that it is"));
                }
            }
        }
    }
    for id in proofs.ids() {
        if !all().any(|requirement| requirement.id == id) {
            faults.push(format!("{id} is named by a test and not on the list"));
        }
    }
    faults
}

fn write(proofs: &Proofs) -> String {
    let mut text = INTRODUCTION.to_owned();
    for profile in PROFILES {
        write_profile(&mut text, profile, proofs);
    }
    text
}

fn write_profile(text: &mut String, profile: &Profile, proofs: &Proofs) {
    let with = |wanted: fn(&State) -> bool| {
        profile
            .requirements
            .iter()
            .filter(move |requirement| wanted(&requirement.state))
    };
    let kept: Vec<_> = with(|state| matches!(state, State::Kept)).collect();
    let _infallible = write!(
        text,
        "\n## {}\n\n{}\n\nKept: {} of {}.\n",
        profile.name,
        profile.about,
        kept.len(),
        profile.requirements.len()
    );
    for requirement in kept {
        let (id, asks) = (requirement.id, requirement.asks);
        let _infallible = write!(text, "\n### {id}: {asks}\n\n");
        for test in proofs.kept(id) {
            let _infallible = writeln!(text, "- kept: `{test}`");
        }
        for test in proofs.breach(id) {
            let _infallible = writeln!(text, "- its breach is refused: `{test}`");
        }
    }
    let mut head = "\n### Not kept\n\n| | what it asks for | why |\n|---|---|---|\n";
    for requirement in profile.requirements {
        let why = match requirement.state {
            State::Kept => continue,
            State::Awaits(what) => format!("not built yet, and comes with {what}"),
            State::Excluded(why) => format!("left out: {why}"),
        };
        let _infallible = writeln!(
            text,
            "{head}| {} | {} | {why} |",
            requirement.id, requirement.asks
        );
        head = "";
    }
}

const INTRODUCTION: &str = "\
# Conformance

What two profiles of SAML 2.0 demand of an identity provider, and the tests that hold Passerelle to it. This file is made from
the names of the tests that ran: `scripts/test` fails where it says anything else, and `UPDATE_DOCS=1 scripts/test` writes it anew.
What the profiles ask for is told here in our words; their own are what counts.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_requirement_is_listed_once() {
        let mut ids: Vec<_> = all().map(|requirement| requirement.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_requirement_without_its_two_tests_and_a_test_without_its_requirement_are_told() {
        let proofs = read_log(
            "test a::iip_md07_each_key_is_tried ... ok\ntest b::iip_idp13_ecp_works ... ok\n\
             test c::breach_of_iip_md99_is_refused ... ok\n",
        );
        let faults = faults(&proofs);
        let tells = |words: &str| faults.iter().any(|fault| fault.contains(words));
        assert!(!tells("IIP-MD07: no test says that it is kept"));
        assert!(tells("IIP-MD07: no test says that its breach is refused"));
        assert!(tells("IIP-MD11: no test says that it is kept"));
        assert!(tells(
            "IIP-IDP13 is not kept, and b::iip_idp13_ecp_works says that it is"
        ));
        assert!(tells("IIP-MD99 is named by a test and not on the list"));
    }

    #[test]
    fn each_requirement_is_written_with_its_tests_or_with_the_reason_why_not() {
        let proofs = read_log(
            "test a::iip_md07_iip_md11_each_key_is_tried ... ok\n\
             test a::breach_of_iip_md07_no_other_is ... ok\n",
        );
        let text = write(&proofs);
        for requirement in all() {
            assert!(text.contains(requirement.id), "{}", requirement.id);
        }
        assert!(text.contains("- kept: `a::iip_md07_iip_md11_each_key_is_tried`"));
        assert!(text.contains("- its breach is refused: `a::breach_of_iip_md07_no_other_is`"));
        assert!(text.contains("| IIP-IDP13 |"));
    }
}
