//! What is taken, and what it is read as.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Expected, Identity, ReadAttribute, ReadNameId, Rule, Severity, read, read_xml, test_support::*,
};
use crate::model::vocab;

fn alice() -> Identity {
    Identity {
        name_id: ReadNameId {
            value: "alice@univ.example".to_owned(),
            format: Some(vocab::NAME_ID_EMAIL.to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        session_index: "_5e55".to_owned(),
        authn_instant: "2026-11-25T11:59:30Z".parse().unwrap(),
        context_class: vocab::AC_PASSWORD_PROTECTED_TRANSPORT.to_owned(),
        not_on_or_after: "2026-11-25T12:05:00Z".parse().unwrap(),
        attributes: vec![
            ReadAttribute {
                name: "urn:oid:0.9.2342.19200300.100.1.3".to_owned(),
                name_format: Some(vocab::ATTRNAME_URI.to_owned()),
                friendly_name: Some("mail".to_owned()),
                values: vec!["alice@univ.example".to_owned()],
            },
            ReadAttribute {
                name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1".to_owned(),
                name_format: None,
                friendly_name: None,
                values: vec!["member".to_owned(), "student".to_owned()],
            },
        ],
        assertion_id: ASSERTION_ID.to_owned(),
        response_id: RESPONSE_ID.to_owned(),
    }
}

#[test]
fn a_good_response_is_read_whole_however_it_is_signed() {
    for signing in [Signing::Assertion, Signing::Response, Signing::Both] {
        let reading = Draft::good(signing).read();
        assert_eq!(rules(&reading), [], "{signing:?}");
        assert_eq!(
            reading.status,
            Some((vocab::STATUS_SUCCESS.to_owned(), None))
        );
        assert_eq!(reading.identity, Some(alice()), "{signing:?}");
    }
}

#[test]
fn a_good_response_is_read_out_of_its_base64_with_or_without_line_breaks() {
    let keys = [verifying(idp_key())];
    let text = STANDARD.encode(Draft::good(Signing::Both).xml());
    assert_eq!(read(&text, &expected(&keys)).identity, Some(alice()));
    let lines: Vec<_> = text.as_bytes().chunks(76).collect();
    let wrapped = String::from_utf8(lines.join(&b"\r\n"[..])).unwrap();
    assert_eq!(read(&wrapped, &expected(&keys)).identity, Some(alice()));
}

#[test]
fn what_is_no_base64_or_too_long_is_not_read() {
    let keys = [verifying(idp_key())];
    let text = STANDARD.encode(Draft::good(Signing::Both).xml());
    for bad in [
        format!(" {text}"),
        format!("{text}="),
        format!("{text}!"),
        text.replacen('P', "%50", 1),
        STANDARD.encode("x").replace('=', ""),
    ] {
        let reading = read(&bad, &expected(&keys));
        assert_eq!(rules(&reading), [Rule::Encoding]);
        assert_eq!((reading.status, reading.identity), (None, None));
    }
    let long = "\n".repeat(600_000) + &text;
    assert_eq!(rules(&read(&long, &expected(&keys))), [Rule::TooLarge]);
    let big = STANDARD.encode(Draft::good(Signing::Both).xml() + &" ".repeat(260_000));
    assert_eq!(rules(&read(&big, &expected(&keys))), [Rule::TooLarge]);
}

#[test]
fn what_the_standards_leave_open_is_taken() {
    for draft in [
        Draft::good(Signing::Assertion).assertion(
            "<saml:Issuer>",
            &format!("<saml:Issuer Format=\"{}\">", vocab::NAME_ID_ENTITY),
        ),
        Draft::good(Signing::Assertion).assertion(
            "SessionIndex",
            "SessionNotOnOrAfter=\"2026-11-25T20:00:00Z\" SessionIndex",
        ),
        Draft::good(Signing::Assertion).assertion(
            "<saml:AuthnContext>",
            "<saml:SubjectLocality Address=\"192.0.2.1\"/><saml:AuthnContext>",
        ),
        Draft::good(Signing::Response).response("12:00:00Z", "12:00:00.123Z"),
        Draft::good(Signing::Response).response("Version=", "Consent=\"urn:x\" Version="),
    ] {
        let reading = draft.read();
        assert_eq!(rules(&reading), []);
        assert_eq!(reading.identity, Some(alice()));
    }
}

#[test]
fn a_response_without_attributes_is_taken() {
    let draft = Draft::good(Signing::Both);
    let statement = cut(
        &draft.assertion,
        "<saml:AttributeStatement>",
        "</saml:AttributeStatement>",
    )
    .to_owned();
    let reading = draft.assertion(&statement, "").read();
    assert_eq!(rules(&reading), []);
    assert_eq!(reading.identity.unwrap().attributes, []);
}

#[test]
fn a_persistent_name_is_read_with_its_qualifiers() {
    let draft = Draft::good(Signing::Assertion).assertion(
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">alice@univ.example",
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" \
         NameQualifier=\"https://idp.example/saml/metadata\" \
         SPNameQualifier=\"univ-example.zoom.us\">k3wPq",
    );
    let reading = draft.read();
    assert_eq!(rules(&reading), []);
    let expected = ReadNameId {
        value: "k3wPq".to_owned(),
        format: Some(vocab::NAME_ID_PERSISTENT.to_owned()),
        name_qualifier: Some(IDP.to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
    };
    assert_eq!(reading.identity.unwrap().name_id, expected);
}

#[test]
fn r41_an_error_is_read_without_identity_signed_or_not() {
    for signing in [Signing::Neither, Signing::Response] {
        let reading = Draft::error(signing).read();
        assert_eq!(rules(&reading), [], "{signing:?}");
        let status = (
            vocab::STATUS_RESPONDER.to_owned(),
            Some(vocab::STATUS_NO_PASSIVE.to_owned()),
        );
        assert_eq!(reading.status, Some(status));
        assert_eq!(reading.identity, None);
    }
    let changed = change(
        &Draft::error(Signing::Response).xml(),
        "status:NoPassive",
        "status:RequestDenied",
    );
    assert_eq!(rules(&read_now(&changed)), [Rule::SignatureDigest]);
}

#[test]
fn an_answer_to_no_request_is_taken_where_none_was_sent_and_nowhere_else() {
    let keys = [verifying(idp_key())];
    let asked = Draft::good(Signing::Both);
    let in_response_to = format!("InResponseTo=\"{REQUEST}\"");
    let unasked = asked
        .clone()
        .response(&in_response_to, "")
        .assertion(&in_response_to, "");
    let unsolicited = Expected {
        request_id: None,
        ..expected(&keys)
    };
    let reading = read_xml(unasked.xml().as_bytes(), &unsolicited);
    assert_eq!(rules(&reading), [Rule::Unsolicited]);
    assert_eq!(reading.advice().collect::<Vec<_>>(), [Rule::Unsolicited]);
    assert_eq!(reading.identity, Some(alice()));
    let both = [Rule::ResponseInResponseTo, Rule::SubjectInResponseTo];
    let reading = read_xml(asked.xml().as_bytes(), &unsolicited);
    assert_eq!(rules(&reading), both);
    assert_eq!(reading.identity, None);
    let reading = unasked.read();
    assert_eq!(rules(&reading), both);
    assert_eq!(reading.identity, None);
}

#[test]
fn every_fault_is_reported_and_not_the_first_only() {
    let draft = Draft::good(Signing::Assertion)
        .response("Version=\"2.0\"", "Version=\"1.1\"")
        .response(
            "univ-example.zoom.us/saml/SSO",
            "univ-example.zoom.us/saml/sso",
        )
        .assertion("<saml:Audience>univ", "<saml:Audience>https://univ")
        .assertion(" SessionIndex=\"_5e55\"", "")
        .assertion(">member<", " xsi:type=\"x:string\">member<");
    let xml = change(&draft.xml(), "alice@", "mallory@");
    let reading = read_now(&xml);
    let mut found = rules(&reading);
    found.sort_by_key(|rule| Rule::ALL.iter().position(|known| known == rule));
    assert_eq!(
        found,
        [
            Rule::XsiType,
            Rule::ResponseVersion,
            Rule::Destination,
            Rule::SignatureDigest,
            Rule::Audience,
            Rule::SessionIndex,
        ]
    );
    assert_eq!(reading.advice().collect::<Vec<_>>(), [Rule::XsiType]);
    assert_eq!(reading.refusals().count(), 5);
    assert_eq!(reading.identity, None);
}

#[test]
fn one_rule_broken_twice_is_one_finding() {
    let long = "x".repeat(257);
    let draft = Draft::good(Signing::Both)
        .assertion(">member<", &format!(">{long}<"))
        .assertion(">student<", &format!(">{long}<"));
    assert_eq!(rules(&draft.read()), [Rule::AttributeValue]);
}

#[test]
fn times_are_held_to_the_second() {
    let xml = Draft::good(Signing::Both).xml();
    for (seconds, broken) in [
        (
            -61,
            vec![Rule::ResponseIssueInstant, Rule::AssertionIssueInstant],
        ),
        (-60, vec![]),
        (60, vec![]),
        (61, vec![Rule::ResponseIssueInstant]),
    ] {
        let reading = read_after(&xml, seconds);
        let refused: Vec<_> = reading.refusals().collect();
        // A clock that is a minute behind sees the sign-in half a minute ahead, and no more.
        assert_eq!(refused, broken, "{seconds}");
        assert_eq!(reading.identity.is_some(), broken.is_empty());
    }
    let over = [Rule::SubjectNotOnOrAfter, Rule::NotOnOrAfter];
    let at = |seconds| rules(&read_after(&xml, seconds));
    assert!(over.iter().all(|rule| !at(299).contains(rule)));
    assert!(over.iter().all(|rule| at(300).contains(rule)));
}

#[test]
fn ages_at_the_bound_are_taken() {
    for (from, to) in [
        (
            "IssueInstant=\"2026-11-25T12:00:00Z\"",
            "IssueInstant=\"2026-11-25T12:01:00Z\"",
        ),
        (
            "AuthnInstant=\"2026-11-25T11:59:30Z\"",
            "AuthnInstant=\"2026-11-25T10:00:00Z\"",
        ),
        (
            "AuthnInstant=\"2026-11-25T11:59:30Z\"",
            "AuthnInstant=\"2026-11-25T12:01:00Z\"",
        ),
        (
            "SessionIndex",
            "SessionNotOnOrAfter=\"2026-11-25T12:00:01Z\" SessionIndex",
        ),
    ] {
        let reading = Draft::good(Signing::Both).assertion(from, to).read();
        assert_eq!(reading.refusals().collect::<Vec<_>>(), [], "{to}");
        assert!(reading.identity.is_some());
    }
    let old = Draft::good(Signing::Both)
        .assertion(
            "IssueInstant=\"2026-11-25T12:00",
            "IssueInstant=\"2026-11-25T11:10",
        )
        .assertion(
            "NotOnOrAfter=\"2026-11-25T12:05",
            "NotOnOrAfter=\"2026-11-25T11:15",
        )
        .assertion(
            "NotOnOrAfter=\"2026-11-25T12:05",
            "NotOnOrAfter=\"2026-11-25T11:15",
        )
        .assertion(
            "NotBefore=\"2026-11-25T11:58",
            "NotBefore=\"2026-11-25T11:08",
        );
    // Old enough to have expired, and yet not too old for the library.
    assert_eq!(
        rules(&old.read()),
        [Rule::SubjectNotOnOrAfter, Rule::NotOnOrAfter]
    );
}

#[test]
fn not_before_may_lie_sixty_to_a_hundred_and_twenty_seconds_back() {
    for (written, margin, refused) in [
        ("11:57:59", true, false),
        ("11:58:00", false, false),
        ("11:59:00", false, false),
        ("11:59:01", true, false),
        ("12:00:00", true, false),
        ("12:01:00", true, false),
        ("12:01:01", false, true),
    ] {
        let reading = Draft::good(Signing::Both)
            .assertion("T11:58:00Z", &format!("T{written}Z"))
            .read();
        let found = rules(&reading);
        assert_eq!(found.contains(&Rule::NotBeforeMargin), margin, "{written}");
        assert_eq!(found.contains(&Rule::NotBefore), refused, "{written}");
        assert_eq!(reading.identity.is_none(), refused, "{written}");
    }
}

#[test]
fn names_and_values_of_256_characters_are_taken() {
    let name = format!("{}@univ.example", "é".repeat(243));
    assert_eq!(name.chars().count(), 256);
    let draft = Draft::good(Signing::Both)
        .assertion("alice@univ.example", &name)
        .assertion(">member<", &format!(">{}<", "é".repeat(256)));
    let reading = draft.read();
    assert_eq!(rules(&reading), []);
    assert_eq!(reading.identity.unwrap().name_id.value, name);
}

#[test]
fn six_of_the_rules_are_advice_and_all_others_refuse() {
    let advice = Rule::ALL
        .iter()
        .filter(|rule| rule.severity() == Severity::Advice);
    assert_eq!(advice.count(), 6);
}

#[test]
fn without_keys_nothing_is_proven() {
    let xml = Draft::good(Signing::Both).xml();
    let reading = read_xml(xml.as_bytes(), &expected(&[]));
    assert!(reading.refusals().any(|rule| rule == Rule::SignatureKey));
    assert_eq!(reading.identity, None);
}

#[test]
fn any_of_the_published_keys_may_have_signed() {
    let xml = Draft::good(Signing::Assertion).xml();
    let keys = [verifying(foreign_key()), verifying(idp_key())];
    let reading = read_xml(xml.as_bytes(), &expected(&keys));
    assert_eq!(rules(&reading), []);
    assert_eq!(reading.identity, Some(alice()));
}
