//! Honest Responses in dishonest hands: none of them makes anybody somebody else.

use super::{Rule, test_support::*};

const EVIL_RESPONSE_ID: &str = "_e0a1b2c3d4e5f60718293a4b5c6d7e8f90123456";
const EVIL_ASSERTION_ID: &str = "_ef0e1d2c3b4a5968778695a4b3c2d1e0f9876543";

/// What an attacker has and makes: an honest Response, its parts, and the same for somebody else.
struct Loot {
    /// The honest Response, signed.
    whole: String,
    /// The signed element of it.
    signed: String,
    /// The signature alone.
    signature: String,
    /// The signed element without its signature.
    bare: String,
    /// The forged element, unsigned.
    evil: String,
}

impl Loot {
    fn of(signing: Signing, evil_id: &str) -> Self {
        let whole = Draft::good(signing).xml();
        let (first, last, honest_id) = match signing {
            Signing::Response => ("<samlp:Response", "</samlp:Response>", RESPONSE_ID),
            Signing::Assertion | Signing::Both | Signing::Neither => {
                ("<saml:Assertion", "</saml:Assertion>", ASSERTION_ID)
            }
        };
        let signed = cut(&whole, first, last).to_owned();
        let signature = cut(&signed, "<ds:Signature", "</ds:Signature>").to_owned();
        let bare = change(&signed, &signature, "");
        let evil = bare
            .replace("alice@", "mallory@")
            .replace(&format!("ID=\"{honest_id}\""), &format!("ID=\"{evil_id}\""));
        Self {
            whole,
            signed,
            signature,
            bare,
            evil,
        }
    }

    /// The forged element with `inside` after its Issuer.
    fn evil_with(&self, inside: &str) -> String {
        change(
            &self.evil,
            "</saml:Issuer>",
            &format!("</saml:Issuer>{inside}"),
        )
    }

    /// The signature with `content` in an `Object`, where no digest looks.
    fn signature_around(&self, content: &str) -> String {
        let object = format!("<ds:Object>{content}</ds:Object></ds:Signature>");
        change(&self.signature, "</ds:Signature>", &object)
    }

    /// The honest Response with `assertions` in place of its own.
    fn response(&self, assertions: &str) -> String {
        change(&self.whole, &self.signed, assertions)
    }
}

/// The wrappings of a signed Response.
fn wrapped_responses(loot: &Loot) -> Vec<(&'static str, String)> {
    vec![
        // The honest one inside the signature that it came with.
        ("XSW1", loot.evil_with(&loot.signature_around(&loot.bare))),
        // The honest one beside its signature.
        (
            "XSW2",
            loot.evil_with(&format!("{}{}", loot.bare, loot.signature)),
        ),
        (
            "XSW2, the other way round",
            loot.evil_with(&format!("{}{}", loot.signature, loot.bare)),
        ),
        ("the honest one whole inside", loot.evil_with(&loot.signed)),
        (
            "the honest one in Extensions",
            loot.evil_with(&format!(
                "<samlp:Extensions>{}</samlp:Extensions>",
                loot.signed
            )),
        ),
        (
            "the honest one in StatusDetail",
            change(
                &loot.evil,
                "</samlp:Status>",
                &format!(
                    "<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>",
                    loot.signed
                ),
            ),
        ),
    ]
}

/// The wrappings of a signed assertion.
fn wrapped_assertions(loot: &Loot) -> Vec<(&'static str, String)> {
    let (signed, bare, evil) = (&loot.signed, &loot.bare, &loot.evil);
    let extended = |assertion: &str, hidden: &str| {
        change(
            &loot.response(assertion),
            "<samlp:Status>",
            &format!("<samlp:Extensions>{hidden}</samlp:Extensions><samlp:Status>"),
        )
    };
    let detailed = |assertion: &str, hidden: &str| {
        change(
            &loot.response(assertion),
            "</samlp:Status>",
            &format!("<samlp:StatusDetail>{hidden}</samlp:StatusDetail></samlp:Status>"),
        )
    };
    vec![
        // The forged one before the honest one.
        ("XSW3", loot.response(&format!("{evil}{signed}"))),
        (
            "XSW3, the other way round",
            loot.response(&format!("{signed}{evil}")),
        ),
        // The honest one inside the forged one.
        (
            "XSW4",
            loot.response(&change(
                evil,
                "</saml:Assertion>",
                &format!("{signed}</saml:Assertion>"),
            )),
        ),
        // The signature in the forged one, the honest one after it.
        (
            "XSW5",
            loot.response(&format!("{}{bare}", loot.evil_with(&loot.signature))),
        ),
        // The signature in the forged one, the honest one in the signature.
        (
            "XSW6",
            loot.response(&loot.evil_with(&change(
                &loot.signature,
                "</ds:Signature>",
                &format!("{bare}</ds:Signature>"),
            ))),
        ),
        // The honest one where the schema lets anything stand.
        ("XSW7", extended(evil, signed)),
        // The honest one in an Object of the signature.
        (
            "XSW8",
            loot.response(&loot.evil_with(&loot.signature_around(bare))),
        ),
        (
            "the signed one in Object",
            loot.response(&loot.evil_with(&loot.signature_around(signed))),
        ),
        ("the forged one in Extensions", extended(signed, evil)),
        ("the forged one in StatusDetail", detailed(signed, evil)),
        ("the honest one in StatusDetail", detailed(evil, signed)),
        (
            "the honest one in Advice",
            loot.response(&change(
                evil,
                "</saml:Conditions>",
                &format!("</saml:Conditions><saml:Advice>{signed}</saml:Advice>"),
            )),
        ),
        (
            "the forged one in Advice",
            loot.response(&change(
                signed,
                "</saml:Conditions>",
                &format!("</saml:Conditions><saml:Advice>{evil}</saml:Advice>"),
            )),
        ),
        (
            "the signature outside of the assertion",
            loot.response(&format!("{}{evil}", loot.signature)),
        ),
        (
            "two signatures in one",
            loot.response(&loot.evil_with(&loot.signature.repeat(2))),
        ),
    ]
}

/// Holds that a wrapping gives no identity, for a reason that has to do with wrapping.
fn gives_nobody(name: &str, xml: &str) {
    let reading = read_now(xml);
    assert_eq!(reading.identity, None, "{name}");
    let telling = [
        Rule::OneAssertion,
        Rule::SameId,
        Rule::Shape,
        Rule::SignatureDigest,
        Rule::SignaturePlace,
        Rule::SignatureProfile,
    ];
    assert!(
        reading.refusals().any(|rule| telling.contains(&rule)),
        "{name}: {:?}",
        rules(&reading)
    );
}

#[test]
fn r01_no_wrapping_of_a_signed_response_gives_an_identity() {
    for evil_id in [EVIL_RESPONSE_ID, RESPONSE_ID] {
        let loot = Loot::of(Signing::Response, evil_id);
        for (name, xml) in wrapped_responses(&loot) {
            gives_nobody(name, &xml);
        }
    }
}

#[test]
fn r01_no_wrapping_of_a_signed_assertion_gives_an_identity() {
    for evil_id in [EVIL_ASSERTION_ID, ASSERTION_ID] {
        let loot = Loot::of(Signing::Assertion, evil_id);
        for (name, xml) in wrapped_assertions(&loot) {
            gives_nobody(name, &xml);
        }
    }
}

#[test]
fn r01_no_wrapping_of_an_assertion_passes_in_a_response_that_is_signed_too() {
    let loot = Loot::of(Signing::Both, EVIL_ASSERTION_ID);
    for (name, xml) in wrapped_assertions(&loot) {
        gives_nobody(name, &xml);
    }
}

#[test]
fn what_the_attacker_forges_lacks_nothing_but_a_signature() {
    let loot = Loot::of(Signing::Assertion, EVIL_ASSERTION_ID);
    let reading = read_now(&loot.response(&loot.evil));
    assert_eq!(rules(&reading), [Rule::Unsigned]);
    let loot = Loot::of(Signing::Response, EVIL_RESPONSE_ID);
    assert_eq!(rules(&read_now(&loot.evil)), [Rule::Unsigned]);
}

#[test]
fn r01_a_signature_that_does_not_hold_refuses_beside_one_that_does() {
    let xml = Draft::good(Signing::Both).xml();
    // The Response is changed outside of its assertion, whose own signature still holds.
    let changed = change(
        &xml,
        "<samlp:Response ",
        "<samlp:Response Consent=\"urn:x\" ",
    );
    let reading = read_now(&changed);
    assert_eq!(rules(&reading), [Rule::SignatureDigest]);
    assert_eq!(reading.identity, None);
}

#[test]
fn r01_a_response_signed_over_a_forged_signature_of_its_assertion_is_refused() {
    let inner = Draft::good(Signing::Assertion).xml();
    let signature = cut(&inner, "<ds:Signature", "</ds:Signature>");
    // Moved to where nothing signs it: into the Response of another sign-in.
    let outer = Draft::good(Signing::Response)
        .assertion("alice@", "mallory@")
        .xml();
    let (head, tail) = outer.split_at(outer.rfind("</saml:Issuer>").unwrap());
    let both = format!(
        "{head}{}",
        change(
            tail,
            "</saml:Issuer>",
            &format!("</saml:Issuer>{signature}")
        )
    );
    let reading = read_now(&both);
    assert_eq!(rules(&reading), [Rule::SignatureDigest]);
    assert_eq!(reading.identity, None);
}

#[test]
fn r01_no_changed_byte_of_what_is_signed_gives_an_identity() {
    let xml = Draft::good(Signing::Assertion).xml();
    let assertion = cut(&xml, "<saml:Assertion", "</saml:Assertion>");
    let signature = cut(assertion, "<ds:Signature", "</ds:Signature>");
    let (before, rest) = assertion.split_once(signature).unwrap();
    let starts_at = xml.find(assertion).unwrap();
    let content = (starts_at..starts_at + before.len())
        .chain(starts_at + before.len() + signature.len()..starts_at + assertion.len());
    assert!(rest.contains("alice@"));
    let mut was_read = 0;
    // Every fifth, with every kind of place among them; all of them take a debug build too long.
    for at in content.step_by(5) {
        let mut bytes = xml.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        let changed = String::from_utf8(bytes).unwrap();
        let reading = read_now(&changed);
        assert_eq!(reading.identity, None, "byte {at}");
        was_read += usize::from(reading.status.is_some());
    }
    assert!(was_read > 100, "most changes leave XML that can be read");
}
