//! Service providers that none of us wrote, all of them under Zoom's entity ID: what they take of
//! what the bridge issues, and what they refuse of what nobody should take.
//!
//! Both are written to `docs/interoperability.md`, which this test holds to what ran.

mod refusals;
pub(crate) mod words;

use std::fmt::Write as _;

use self::refusals::{Fault, Refusals};
use crate::{
    independent_readers::{self, SIGNED, SignIn},
    lab::{
        document,
        process::repository,
        service_provider::{RequestBinding, SpKind},
    },
};

#[tokio::test]
async fn every_service_provider_reads_the_same_person_and_refuses_what_is_false() {
    let (taken, refused) = tokio::join!(independent_readers::run(), refusals::run());
    let mut text = INTRODUCTION.to_owned();
    write_sign_ins(&mut text, &taken);
    write_refusals(&mut text, &refused);
    document::hold("interoperability.md", "interoperability", &text);
}

const INTRODUCTION: &str = "\
# Interoperability

Which service providers take what Passerelle issues. The programs below were written by others, are installed from lock files
by `make test`, and run in every test run under Zoom's entity ID; what stands here is what they said. The test
that drives them, `tests/it/interoperability`, fails where this file says anything else, and writes it anew:

    UPDATE_DOCS=1 cargo test --locked --test it interoperability

";

/// How a service provider is set up, and what is to be known of it.
const fn about(kind: SpKind) -> &'static str {
    match kind {
        SpKind::Python3Saml => {
            "OneLogin's toolkit, strict, on libxmlsec1; holds messages against the schemas. Wants the Assertion signed."
        }
        SpKind::Pysaml2 => {
            "On the xmlsec1 program. Wants the Assertion signed; nothing unsolicited."
        }
        SpKind::Mellon => "Apache's module on lasso, as Debian ships it. Wants either signed.",
        SpKind::NodeSaml => {
            "The core of passport-saml. Wants the Response and the Assertion signed, its own default: set `sign = \"both\"` for it. No clock skew."
        }
        SpKind::Samlify => {
            "Wants either signed. It hands the Audience and the addresses on to the application, which has to compare them. It signs requests \
             only where the identity provider's metadata says WantAuthnRequestsSigned; in its copy of ours that was changed to true."
        }
        SpKind::Saml2Js => {
            "Clever's. Wants either signed; no clock skew. Which request is answered is for the application to compare. It could sign a request for POST, too, but writes \
             the Signature where the schema does not allow it."
        }
        SpKind::Samael => {
            "A library in Rust on libxmlsec1, of which the stand-in for Zoom is made; here without the stand-in's own rules. Wants either signed, by RSA-SHA256."
        }
    }
}

/// With the version that the lock file names, where there is one.
fn title(kind: SpKind) -> String {
    let name = kind.name();
    let pinned = match kind {
        SpKind::Mellon => return "mod_auth_mellon".to_owned(),
        SpKind::Python3Saml | SpKind::Pysaml2 => {
            let file = format!("tests/peers/requirements-{name}.in");
            between(&file, &format!("{name}=="), "\n")
        }
        SpKind::NodeSaml | SpKind::Samlify | SpKind::Saml2Js => {
            between("tests/peers/package.json", &format!("{name}\": \""), "\"")
        }
        SpKind::Samael => between("Cargo.lock", "name = \"samael\"\nversion = \"", "\""),
    };
    format!("{name} {pinned}")
}

/// What stands in a file between two texts.
fn between(file: &str, before: &str, after: &str) -> String {
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    let found = text
        .split_once(before)
        .and_then(|(_, rest)| rest.split_once(after));
    found
        .unwrap_or_else(|| panic!("no {before} in {file}"))
        .0
        .to_owned()
}

fn write_sign_ins(text: &mut String, taken: &[SignIn]) {
    text.push_str(
        "## What they take\n\n\
         Whole sign-ins through the real server, with the service provider's own signed AuthnRequest. \"Accepted\" means that it read the same\n\
         person, the same attributes, its own request and its own RelayState; xmlsec1 verified every signature and xmllint held every message\n\
         against the OASIS schemas. None of these was encrypted: python3-saml, pysaml2 and mod_auth_mellon read encrypted assertions in every way\n\
         of signing that they take (tests/it/encrypted_readers.rs); the others were not tried. All were signed by RSA-SHA256, which everybody reads: python3-saml\n\
         and pysaml2 read RSA and ECDSA with each digest, mod_auth_mellon no ECDSA, node-saml, samlify and saml2-js RSA-SHA512 alone besides, and\n\
         samael nothing else (tests/it/signature_readers.rs).\n\n\
         | service provider | AuthnRequest by | NameID | encrypted | Assertion signed | Response signed | both signed |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for line in taken {
        let binding = match line.binding {
            RequestBinding::Post => "POST",
            RequestBinding::Redirect => "Redirect",
        };
        let format = line.format.map_or("none", |format| {
            let (_, word) = format.urn().rsplit_once(':').unwrap();
            word
        });
        write!(text, "| {} | {binding} | {format} | no |", title(line.kind)).unwrap();
        assert_eq!(SIGNED, ["assertion", "response", "both"], "the columns");
        for verdict in &line.refusals {
            write!(text, " {} |", cell(verdict.as_deref())).unwrap();
        }
        text.push('\n');
    }
}

fn write_refusals(text: &mut String, refused: &[(SpKind, Refusals)]) {
    text.push_str(
        "\n## What they refuse\n\n\
         A reader that takes everything proves nothing. Each of them was given answers that xmlsec1 signed, Response and Assertion, with one\n\
         fault each. \"application:\" begins the words of the few lines around a library that leaves that check to its user. Where it says\n\
         accepted, the library does not look, and only its user can.\n",
    );
    for (kind, refusals) in refused {
        write!(text, "\n### {}\n\n{}\n\n", title(*kind), about(*kind)).unwrap();
        text.push_str("| the fault | what it says |\n|---|---|\n");
        for (fault, words) in Fault::ALL.iter().zip(refusals) {
            writeln!(text, "| {} | {} |", fault.words(), cell(words.as_deref())).unwrap();
        }
    }
}

/// A cell of a table: a refusal in the words it was given in.
fn cell(refusal: Option<&str>) -> String {
    refusal.map_or_else(
        || "accepted".to_owned(),
        |words| format!("`{}`", words.replace('|', "\\|").replace('`', "'")),
    )
}
