//! One message for each thing that Zoom's stack refuses.

use chrono::{DateTime, Duration, Utc};

use super::idp::{Draft, Signed, TestIdp, at, draft};
use crate::idp::Idp;
use crate::keys::KeyPair;
use crate::reading::{Check, Expected, Reading, read};
use crate::sp;
use crate::vocab;

const ACS: &str = "http://zoom.localhost:7080/saml/SSO";
const US: &str = "univ-montp3-fr.zoom.us";

fn read_at(metadata: &str, xml: &str, now: DateTime<Utc>) -> Reading {
    read_with(metadata, xml, now, None)
}

fn read_with(metadata: &str, xml: &str, now: DateTime<Utc>, pair: Option<&KeyPair>) -> Reading {
    let idp = Idp::read(metadata, DateTime::UNIX_EPOCH).unwrap();
    let witness = sp::witness(US, ACS, pair, &idp).unwrap();
    let expected = Expected {
        idp: &idp,
        witness: &witness,
        request_ids: &["a0", "a1"],
        now,
        is_seen: &|id| id == "_seen",
        times_count: true,
        has_keys: true,
    };
    read(xml, &expected)
}

fn sound(now: DateTime<Utc>) -> Draft {
    draft("a1", ACS, US, now)
}

fn bad(reading: &Reading) -> Vec<Check> {
    reading
        .findings
        .bad()
        .map(|finding| finding.check)
        .collect()
}

#[test]
fn a_sound_message_is_accepted_whatever_is_signed() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        let message = Draft {
            signed,
            ..sound(now)
        };
        let reading = read_at(&idp.metadata(""), &idp.issue(&message), now);
        assert_eq!(bad(&reading), [], "{:?}", reading.findings);
        let received = reading.received.as_ref().unwrap();
        assert!(reading.is_accepted());
        assert_eq!(received.name_id, "alice@univ.test");
        assert_eq!(received.session_index, "_s1");
        assert_eq!(received.values("urn:oid:2.5.4.42"), ["Alice & Zoé"]);
        assert_eq!(received.values("zoomLicense"), ["licensed"]);
    }
}

type Break = fn(&mut Draft, DateTime<Utc>);

fn swap(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "{from} is not in {text}");
    *text = text.replace(from, to);
}

/// Each row breaks one thing; the check must be among those that fail.
const DEFECTS: &[(&str, Check, Break)] = &[
    ("unsigned", Check::Witness, |d, _| {
        d.signed = Signed::Nothing;
    }),
    ("SHA-1", Check::Witness, |d, _| {
        d.signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    }),
    ("inclusive C14N", Check::SignatureForm, |d, _| {
        d.c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    }),
    ("no Destination", Check::Destination, |d, _| {
        swap(
            &mut d.response_attributes,
            &format!("Destination=\"{ACS}\" "),
            "",
        );
    }),
    ("Destination with a slash", Check::Destination, |d, _| {
        swap(&mut d.response_attributes, ACS, &format!("{ACS}/"));
    }),
    ("Destination in another case", Check::Destination, |d, _| {
        swap(&mut d.response_attributes, "/SSO", "/sso");
    }),
    ("other Recipient", Check::Witness, |d, _| {
        swap(
            &mut d.assertion_body,
            "Recipient=\"http:",
            "Recipient=\"https:",
        );
    }),
    ("no Recipient", Check::Witness, |d, _| {
        swap(&mut d.assertion_body, &format!(" Recipient=\"{ACS}\""), "");
    }),
    (
        "confirmation NotBefore",
        Check::ConfirmationNotBefore,
        |d, now| {
            let with = format!("NotBefore=\"{}\" NotOnOrAfter", at(now));
            let data = "SubjectConfirmationData InResponseTo=\"a1\" ";
            let (from, to) = (format!("{data}NotOnOrAfter"), format!("{data}{with}"));
            swap(&mut d.assertion_body, &from, &to);
        },
    ),
    ("stale Response", Check::IssueInstant, |d, now| {
        let old = at(now - Duration::seconds(62));
        swap(&mut d.response_attributes, &at(now), &old);
    }),
    ("Response ahead", Check::IssueInstant, |d, now| {
        let ahead = at(now + Duration::seconds(63));
        swap(&mut d.response_attributes, &at(now), &ahead);
    }),
    ("Response without zone", Check::IssueInstant, |d, now| {
        let plain = at(now).replace('Z', "");
        swap(&mut d.response_attributes, &at(now), &plain);
    }),
    ("stale Assertion", Check::Witness, |d, now| {
        d.assertion_instant = at(now - Duration::minutes(2));
    }),
    ("old AuthnInstant", Check::AuthnInstant, |d, now| {
        let old = at(now - Duration::seconds(7_270));
        let (from, to) = (at(now), old);
        swap(
            &mut d.assertion_body,
            &format!("AuthnInstant=\"{from}\""),
            &format!("AuthnInstant=\"{to}\""),
        );
    }),
    ("AuthnInstant ahead", Check::AuthnInstant, |d, now| {
        let (from, to) = (at(now), at(now + Duration::minutes(5)));
        swap(
            &mut d.assertion_body,
            &format!("AuthnInstant=\"{from}\""),
            &format!("AuthnInstant=\"{to}\""),
        );
    }),
    ("other Response Issuer", Check::Issuer, |d, _| {
        swap(&mut d.response_head, "univ.test", "evil.test");
    }),
    ("no Response Issuer", Check::Issuer, |d, _| {
        d.response_head = String::new();
    }),
    ("other Assertion Issuer", Check::Witness, |d, _| {
        swap(&mut d.assertion_issuer, "idp.univ", "other.univ");
    }),
    ("other Audience", Check::Witness, |d, _| {
        swap(&mut d.assertion_body, US, "https://univ-montp3-fr.zoom.us");
    }),
    ("no AudienceRestriction", Check::Audience, |d, _| {
        let from = format!(
            "<saml:AudienceRestriction><saml:Audience>{US}</saml:Audience>\
             </saml:AudienceRestriction>"
        );
        swap(&mut d.assertion_body, &from, "");
    }),
    ("two AudienceRestrictions", Check::Audience, |d, _| {
        let more = "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>x\
             </saml:Audience></saml:AudienceRestriction></saml:Conditions>";
        swap(
            &mut d.assertion_body,
            "</saml:AudienceRestriction></saml:Conditions>",
            more,
        );
    }),
    ("OneTimeUse", Check::OneTimeUse, |d, _| {
        let with = "<saml:OneTimeUse></saml:OneTimeUse></saml:Conditions>";
        swap(&mut d.assertion_body, "</saml:Conditions>", with);
    }),
    ("no SessionIndex", Check::SessionIndex, |d, _| {
        swap(&mut d.assertion_body, " SessionIndex=\"_s1\"", "");
    }),
    ("session over", Check::SessionEnd, |d, now| {
        let with = format!("SessionIndex=\"_s1\" SessionNotOnOrAfter=\"{}\"", at(now));
        swap(&mut d.assertion_body, "SessionIndex=\"_s1\"", &with);
    }),
    ("other InResponseTo", Check::InResponseTo, |d, _| {
        swap(
            &mut d.response_attributes,
            "InResponseTo=\"a1\"",
            "InResponseTo=\"a2\"",
        );
    }),
    ("unsolicited", Check::InResponseTo, |d, _| {
        swap(&mut d.response_attributes, "InResponseTo=\"a1\" ", "");
    }),
    ("other InResponseTo below", Check::Witness, |d, _| {
        swap(
            &mut d.assertion_body,
            "InResponseTo=\"a1\"",
            "InResponseTo=\"a2\"",
        );
    }),
    ("seen before", Check::Replay, |d, _| {
        let id = d.assertion_id.replacen("_a", "_r", 1);
        swap(&mut d.response_attributes, &id, "_seen");
    }),
    ("second assertion", Check::OneAssertion, |d, _| {
        d.response_tail = format!(
            "<saml:Assertion xmlns:saml=\"{}\" ID=\"_evil\"></saml:Assertion>",
            vocab::ASSERTION
        );
    }),
    ("no status", Check::Status, |d, _| d.status = String::new()),
    ("other status", Check::Status, |d, _| {
        swap(&mut d.status, "status:Success", "status:Responder");
    }),
    ("other version", Check::Version, |d, _| {
        swap(
            &mut d.response_attributes,
            "Version=\"2.0\"",
            "Version=\"1.1\"",
        );
    }),
    ("expired", Check::Witness, |d, now| {
        let (from, to) = (
            at(now + Duration::minutes(5)),
            at(now - Duration::minutes(4)),
        );
        swap(&mut d.assertion_body, &from, &to);
    }),
    ("no NotOnOrAfter", Check::Witness, |d, now| {
        let end = format!(
            " NotOnOrAfter=\"{}\" Recipient",
            at(now + Duration::minutes(5))
        );
        swap(&mut d.assertion_body, &end, " Recipient");
    }),
    ("attribute twice", Check::AttributeNames, |d, _| {
        swap(
            &mut d.assertion_body,
            "Name=\"urn:oid:2.5.4.4\"",
            "Name=\"urn:oid:2.5.4.42\"",
        );
    }),
    ("no AuthnStatement", Check::AuthnInstant, |d, _| {
        let (head, rest) = d.assertion_body.split_once("<saml:AuthnStatement").unwrap();
        let (_, tail) = rest.split_once("</saml:AuthnStatement>").unwrap();
        d.assertion_body = format!("{head}{tail}");
    }),
];

#[test]
fn each_defect_is_refused_for_its_own_reason() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    for (name, check, break_it) in DEFECTS {
        let mut message = sound(now);
        break_it(&mut message, now);
        let reading = read_at(&idp.metadata(""), &idp.issue(&message), now);
        assert!(!reading.is_accepted(), "{name} was accepted");
        let found = bad(&reading);
        assert!(found.contains(check), "{name}: {:?}", reading.findings);
    }
}

/// What samael leaves alone is refused by our own check and by nothing else:
/// this is what shows that the check is needed.
#[test]
fn most_defects_are_refused_by_one_check_alone() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let alone = DEFECTS
        .iter()
        .filter(|(_, check, break_it)| {
            let mut message = sound(now);
            break_it(&mut message, now);
            let reading = read_at(&idp.metadata(""), &idp.issue(&message), now);
            bad(&reading) == [*check]
        })
        .count();
    assert!(alone >= 30, "{alone} of {}", DEFECTS.len());
}

#[test]
fn a_message_changed_after_signing_is_refused() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let xml = idp.issue(&sound(now)).replace("Liddell", "Hatter");
    let reading = read_at(&idp.metadata(""), &xml, now);
    assert_eq!(bad(&reading), [Check::Witness]);
}

#[test]
fn a_message_signed_by_another_key_is_refused() {
    let (idp, other, now) = (
        TestIdp::new(),
        TestIdp::with_another_key(),
        crate::clock::now(),
    );
    let reading = read_at(&idp.metadata(""), &other.issue(&sound(now)), now);
    assert_eq!(bad(&reading), [Check::Witness]);
}

#[test]
fn a_signed_assertion_wrapped_in_a_forged_one_is_refused() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let xml = idp.issue(&sound(now));
    let (head, rest) = xml.split_once("<saml:Assertion").unwrap();
    let (signed, tail) = rest.split_once("</saml:Assertion>").unwrap();
    let signed = format!("<saml:Assertion{signed}</saml:Assertion>");
    let forged = signed
        .replace("alice@univ.test", "admin@univ.test")
        .replacen("ID=\"_a", "ID=\"_evil", 1);
    let (before, _) = forged.split_once("<ds:Signature").unwrap();
    let (_, after) = forged.split_once("</ds:Signature>").unwrap();
    let forged = format!("{before}{after}");
    for wrapped in [
        format!("{head}{forged}{signed}{tail}"),
        format!("{head}{signed}{forged}{tail}"),
        format!("{head}<samlp:Extensions>{signed}</samlp:Extensions>{forged}{tail}"),
        format!(
            "{head}{}{tail}",
            forged.replace("</saml:Subject>", &format!("{signed}</saml:Subject>"))
        ),
    ] {
        let reading = read_at(&idp.metadata(""), &wrapped, now);
        assert!(!reading.is_accepted());
        assert!(bad(&reading).contains(&Check::OneAssertion));
    }
}

#[test]
fn metadata_that_ran_out_while_serving_is_a_finding() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let metadata = idp.metadata(&format!(" validUntil=\"{}\"", at(now)));
    let reading = read_at(&metadata, &idp.issue(&sound(now)), now);
    assert_eq!(bad(&reading), [Check::IdpMetadata]);
}

#[test]
fn metadata_without_a_key_or_out_of_date_stops_the_start() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let metadata = idp.metadata("");
    assert!(Idp::read(&metadata, now).is_ok());
    let no_key = metadata.replace("use=\"signing\"", "use=\"encryption\"");
    assert!(Idp::read(&no_key, now).is_err());
    let old = idp.metadata(" validUntil=\"2020-01-01T00:00:00Z\"");
    assert!(Idp::read(&old, now).is_err());
    assert!(Idp::read("<md/>", now).is_err());
}

#[test]
fn without_keys_nothing_is_accepted() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let known = Idp::read(&idp.metadata(""), now).unwrap();
    let mut blank = known.clone();
    blank.descriptor = samael::metadata::EntityDescriptor::default();
    let witness = sp::witness(US, ACS, None, &blank).unwrap();
    let expected = Expected {
        idp: &blank,
        witness: &witness,
        request_ids: &["a1"],
        now,
        is_seen: &|_| false,
        times_count: true,
        has_keys: false,
    };
    let reading = read(&idp.issue(&sound(now)), &expected);
    assert_eq!(bad(&reading), [Check::Witness]);
    assert!(!reading.is_accepted());
}

#[test]
fn an_encrypted_assertion_is_read_with_our_key_if_the_response_is_signed() {
    let (idp, us, now) = (
        TestIdp::new(),
        KeyPair::make().unwrap(),
        crate::clock::now(),
    );
    for (signed, is_accepted) in [
        (Signed::Response, true),
        (Signed::Both, true),
        (Signed::Assertion, false),
        (Signed::Nothing, false),
    ] {
        let message = Draft {
            signed,
            encrypted_to: Some(us.certificate.clone()),
            ..sound(now)
        };
        let xml = idp.issue(&message);
        assert!(!xml.contains("alice"));
        let reading = read_with(&idp.metadata(""), &xml, now, Some(&us));
        assert_eq!(reading.is_accepted(), is_accepted, "{:?}", reading.findings);
        assert!(!read_with(&idp.metadata(""), &xml, now, None).is_accepted());
    }
}

#[test]
fn a_cipher_text_that_makes_samael_panic_is_refused() {
    let (idp, us, now) = (
        TestIdp::new(),
        KeyPair::make().unwrap(),
        crate::clock::now(),
    );
    let message = Draft {
        signed: Signed::Response,
        encrypted_to: Some(us.certificate.clone()),
        ..sound(now)
    };
    let short = idp.issue_with(&message, |xml| {
        let (head, _) = xml.rsplit_once("<xenc:CipherValue>").unwrap();
        let (_, tail) = xml.rsplit_once("</xenc:CipherValue>").unwrap();
        format!("{head}<xenc:CipherValue>AAAA</xenc:CipherValue>{tail}")
    });
    let reading = read_with(&idp.metadata(""), &short, now, Some(&us));
    assert_eq!(bad(&reading), [Check::Witness]);
    let says = format!("{:?}", reading.findings);
    assert!(says.contains("it panicked"), "{says}");
}
