//! Service providers that none of us wrote, each known to the bridge by its own metadata: what they take
//! of what the bridge issues, and what they refuse of what nobody should take.
//!
//! Both are written to `docs/interoperability.md`, which this test holds to what ran.

mod algorithms;
mod field;
mod refusals;
mod requests;
mod sign_ins;
pub(crate) mod words;

use std::{fmt::Write as _, sync::LazyLock};

use self::{
    algorithms::{SIGNATURES, UNREADABLE, Verdicts},
    field::Field,
    refusals::{Fault, Refusals},
    requests::Asked,
    sign_ins::{SIGNED, SignIns},
};
use crate::lab::{
    document,
    encryption::Encryption,
    process::{repository, run},
    service_provider::{RequestBinding, SpKind},
};

#[tokio::test]
async fn r07_r45_iip_alg04_iip_alg06_iip_idp09_every_service_provider_reads_the_same_person_and_refuses_what_is_false()
 {
    let field = Field::prepare().await;
    let (taken, refused) = tokio::join!(sign_ins::run(&field), refusals::run());
    let asked = requests::run(&field).await;
    let signed = algorithms::sign(&field).await;
    let encrypted = algorithms::encrypt(&field).await;
    let spoiled = algorithms::spoil(&field).await;

    let mut text = INTRODUCTION.to_owned();
    write_sign_ins(&mut text, &taken);
    write_requests(&mut text, &asked);
    write_verdicts(&mut text, ABOUT_SIGNATURES, (&SIGNATURES, &signed));
    let encryptions = Encryption::ALL
        .each_ref()
        .map(|encryption| encryption.words);
    write_verdicts(&mut text, ABOUT_ENCRYPTIONS, (&encryptions, &encrypted));
    write_refusals(&mut text, &refused);
    write_verdicts(&mut text, ABOUT_UNREADABLE, (&UNREADABLE, &spoiled));
    document::hold("interoperability.md", "interoperability", &text);

    let verdicts = [&signed, &encrypted, &spoiled].into_iter().flatten();
    let surprises = verdicts.map(|verdicts| verdicts.surprises.clone());
    let surprises = taken.iter().map(SignIns::surprises).chain(surprises);
    let surprises: Vec<_> = surprises.flatten().collect();
    assert!(surprises.is_empty(), "{surprises:#?}");
}

const INTRODUCTION: &str = "\
# Interoperability

Which service providers take what Passerelle issues. The programs below were written by others, and run in every test run; `make test` installs
them: the libraries from lock files, by their hashes, and mod_auth_mellon with its Apache, xmlsec1 and xmllint as packages of Debian, in
the version that it has. What stands here is what they said, but for what changes from run to run: a word with eight digits or more (an instant,
an identifier) is \"…\", addresses and identifiers of the run have names (IDP, SP, RE\"UEST), where in a program and when something was said is left
out, and \"data too large for modulus\", which OpenSSL says by chance of a ciphertext for another key, is written as \"oaep decoding error\", as
most times. The test that drives them, `tests/it/interoperability`, fails where this file says anything else, and writes it anew:

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
        SpKind::Mellon => {
            "Apache's module on lasso, as Debian ships it. Wants either signed. It asks by POST where the identity provider's metadata offers nothing else; in its copy of ours the other address was \
             left out for that."
        }
        SpKind::NodeSaml => {
            "The core of passport-saml. Wants the Response and the Assertion signed, its own default: set `sign = \"both\"` for it. No clock skew."
        }
        SpKind::Samlify => {
            "Holds messages against the schemas, by its author's validator (xmllint in WebAssembly). Wants either signed, and is told beforehand whether Assertions come encrypted. It hands the Audience and the addresses on to the application, which has to compare them. It signs requests \
             only where the identity provider's metadata says WantAuthnRequestsSigned; in its copy of ours that was changed to true."
        }
        SpKind::Saml2Js => {
            "Clever's. Wants either signed, of an encrypted Assertion, too; no clock skew. Which request is answered is for the application to compare. By POST it writes the Signature \
             where the schema does not allow it."
        }
        SpKind::Samael => {
            "A library in Rust on libxmlsec1, of which the stand-in for Zoom is made; here without the stand-in's own rules. Wants either signed, by RSA-SHA256; \
             around an encrypted Assertion the Response, and verifies nothing that it has decrypted. It panics where a ciphertext is shorter than its \
             authentication tag (read in its source)."
        }
    }
}

/// With the version that the lock file names, or the system that has it as a package.
fn title(kind: SpKind) -> String {
    let name = kind.name();
    let pinned = match kind {
        SpKind::Mellon => return MELLON.clone(),
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

static MELLON: LazyLock<String> = LazyLock::new(|| {
    let package = "libapache2-mod-auth-mellon";
    let ask = ["--show", "--showformat=${Version}", package];
    let (is_known, version) = run("dpkg-query", &ask, &[]);
    assert!(is_known, "{package} is no package here: {version}");
    // Behind the hyphen stands how often Debian has packed this version.
    let version = version.rsplit_once('-').map_or(&*version, |it| it.0);
    format!("mod_auth_mellon {version}")
});

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

fn write_sign_ins(text: &mut String, taken: &[SignIns<'_>]) {
    text.push_str(ABOUT_SIGN_INS);
    assert_eq!(SIGNED, ["assertion", "response", "both"], "the columns");
    for line in taken {
        let binding = binding_word(line.binding);
        let format = line.format.map_or("none", |format| {
            let (_, word) = format.urn().rsplit_once(':').unwrap();
            word
        });
        let title = title(line.sp.kind());
        let cipher = line.cipher.unwrap_or("no");
        write!(text, "| {title} | {binding} | {format} | {cipher} |").unwrap();
        for verdict in &line.refusals {
            write!(text, " {} |", cell(verdict.as_deref())).unwrap();
        }
        text.push('\n');
    }
}

const fn binding_word(binding: RequestBinding) -> &'static str {
    match binding {
        RequestBinding::Post => "POST",
        RequestBinding::Redirect => "Redirect",
    }
}

fn write_requests(text: &mut String, asked: &[Asked<'_>]) {
    text.push_str(ABOUT_REQUESTS);
    for one in asked {
        let (title, binding) = (title(one.sp.kind()), binding_word(one.binding));
        let (signature, digest) = one.signed;
        let digest = digest.unwrap_or("");
        let said = cell(one.refusal.as_deref());
        let with_sha1 = match one.refusal {
            Some(_) => cell(one.refusal_with_sha1.as_deref()),
            None => String::new(),
        };
        writeln!(
            text,
            "| {title} | {binding} | {signature} | {digest} | {said} | {with_sha1} |"
        )
        .unwrap();
    }
}

const ABOUT_REQUESTS: &str = "
## How they sign their requests

Each service provider asked by every algorithm that its library can sign its own AuthnRequest with, in the query by Redirect and in the XML by
POST, where a signature was demanded. \"Accepted\" means that somebody was signed in by that request, and that the service provider read who. What
was refused was refused on our own page, under the code that stands first, and with that fault in the log; it was sent once more to a server that
takes SHA-1 of that service provider for a while. pysaml2 combines each signature with each digest by POST: here each of both stands once. saml2-js
has one digest for what it posts, and puts the signature last, where the schema has none; samlify takes the digest of the signature, and so
does lasso below mellon, but for SHA-384 with RSA-SHA512. samael was given an RSA key and one on P-256, by which it chooses for a query; in the
XML its user chooses. The others sign with RSA keys alone.

| service provider | AuthnRequest by | signature | digest | what the bridge says | with `sha1-until` |
|---|---|---|---|---|---|
";

const ABOUT_SIGN_INS: &str = "\
## What they take

Whole sign-ins through the real server, with the service provider's own signed AuthnRequest, and its own metadata. \"Accepted\" means that
it read the same person, the same attributes, its own request and its own RelayState; xmlsec1 verified every signature, and decrypted with
the service provider's key, and xmllint held what was sent, and what had been encrypted, against the OASIS schemas. It is encrypted as
the metadata lists, or by AES-256-GCM where that lists nothing; python3-saml, samlify and saml2-js were told to take nothing in clear
there. All was signed by RSA-SHA256. The person had signed in by password in that browser, once for each column and format of NameID.

| service provider | AuthnRequest by | NameID | encrypted | Assertion signed | Response signed | both signed |
|---|---|---|---|---|---|---|
";

const ABOUT_SIGNATURES: &str = "
## By which signature

The Response and the Assertion in clear, signed by each algorithm that there is here, with the same digest; our metadata named an RSA key
and one on P-256.

";

const ABOUT_ENCRYPTIONS: &str = "
## By which encryption

The Response and the Assertion signed, and the Assertion encrypted in each way that metadata may list. From the second line on the cipher is
AES-128-GCM. MGF1 is with SHA-1 where nothing else is said.

";

const ABOUT_UNREADABLE: &str = "
## What they cannot decrypt

Made by the real server, and spoilt on the way or encrypted to a key that nobody has. Nothing was signed around the ciphertext, but for
node-saml and samael, which read none then: what shows a change to the others is the authentication tag of AES-GCM alone.

";

/// A table of one line for each service provider and each thing that it was asked about.
fn write_verdicts(text: &mut String, about: &str, (asked, all): (&[&str], &[Verdicts])) {
    text.push_str(about);
    text.push_str("| service provider | what it was given | what it says |\n|---|---|---|\n");
    for verdicts in all {
        assert_eq!(asked.len(), verdicts.refusals.len());
        for (what, refusal) in asked.iter().zip(&verdicts.refusals) {
            let title = title(verdicts.kind);
            writeln!(text, "| {title} | {what} | {} |", cell(refusal.as_deref())).unwrap();
        }
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
