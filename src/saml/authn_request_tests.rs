//! What is read of an AuthnRequest, and what is refused.

use super::*;
use crate::{
    xml::{Limits, open},
    xmlsec::{Allowed, verify_if_signed},
};

fn request(attributes: &str, children: &str) -> Result<ReceivedAuthnRequest, RequestShapeFault> {
    let xml = format!(
        r#"<p:AuthnRequest xmlns:p="{}" xmlns:a="{}" {attributes}>{children}</p:AuthnRequest>"#,
        vocab::SAMLP,
        vocab::SAML
    );
    parse(open(xml.as_bytes(), &Limits::MESSAGE).unwrap().root())
}

/// Reads what is not signed.
fn parse(root: Element<'_, '_>) -> Result<ReceivedAuthnRequest, RequestShapeFault> {
    let checked = verify_if_signed(root, &[], Allowed::default()).unwrap();
    ReceivedAuthnRequest::parse(&checked)
}

const BASE: &str = r#"ID="_1" Version="2.0" IssueInstant="2026-11-23T10:00:00Z""#;
const ISSUER: &str = "<a:Issuer>univ-montp3-fr.zoom.us</a:Issuer>";

fn with(attributes: &str) -> Result<ReceivedAuthnRequest, RequestShapeFault> {
    request(&format!("{BASE} {attributes}"), ISSUER)
}

#[test]
fn the_smallest_request_asks_for_nothing_special() {
    let read = with("").unwrap();
    assert_eq!(&*read.id, "_1");
    assert_eq!(read.version, Version::Two);
    assert_eq!(read.issued_at, "2026-11-23T10:00:00Z".parse().unwrap());
    assert_eq!(read.acs, AcsWish::Unstated);
    assert!(!read.force_authn && !read.is_passive);
    assert_eq!(
        (read.subject, read.attribute_consuming_service),
        (None, None)
    );
    assert_eq!(
        (read.destination, read.protocol_binding, read.name_id_policy),
        (None, None, None)
    );
}

#[test]
fn r34_the_flags_are_xml_booleans() {
    for (text, value) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let read = with(&format!(r#"ForceAuthn="{text}" IsPassive="{text}""#)).unwrap();
        assert_eq!(
            (read.force_authn, read.is_passive),
            (value, value),
            "{text}"
        );
    }
    for text in ["", "yes", "TRUE", "2"] {
        let fault = with(&format!(r#"ForceAuthn="{text}""#)).unwrap_err();
        assert_eq!(fault, RequestShapeFault::Boolean("ForceAuthn"), "{text}");
    }
}

#[test]
fn r31_an_index_is_a_small_number_and_stands_alone() {
    let of = |name: &str, text: &str| with(&format!(r#"{name}="{text}""#));
    let acs = |text: &str| of("AssertionConsumerServiceIndex", text).unwrap().acs;
    assert_eq!(acs("0"), AcsWish::Index(0));
    assert_eq!(acs("65535"), AcsWish::Index(65535));
    let attributes = |text: &str| of("AttributeConsumingServiceIndex", text).unwrap();
    assert_eq!(attributes("7").attribute_consuming_service, Some(7));
    for name in [
        "AssertionConsumerServiceIndex",
        "AttributeConsumingServiceIndex",
    ] {
        for bad in ["", "-1", "+1", "65536", "1.0", "0x1", "123456", " 1"] {
            let fault = of(name, bad).unwrap_err();
            assert_eq!(fault, RequestShapeFault::Index(name), "{bad}");
        }
    }
    for other in ["AssertionConsumerServiceURL", "ProtocolBinding"] {
        let both = format!(r#"AssertionConsumerServiceIndex="0" {other}="urn:x""#);
        assert_eq!(
            with(&both).unwrap_err(),
            RequestShapeFault::AcsWish,
            "{other}"
        );
    }
}

#[test]
fn r32_a_request_without_a_plain_issuer_is_refused() {
    use RequestShapeFault as Fault;
    let issuer = |xml: &str| request(BASE, xml).unwrap_err();
    assert_eq!(issuer(""), Fault::NoIssuer);
    assert_eq!(issuer("<a:Issuer/>"), Fault::Issuer(InvalidEntityId::Empty));
    assert_eq!(
        issuer("<a:Issuer> x</a:Issuer>"),
        Fault::Issuer(InvalidEntityId::Space)
    );
    assert_eq!(
        issuer("<a:Issuer><a:b/></a:Issuer>"),
        Fault::Shape(ShapeFault::NotText)
    );
    assert_eq!(
        issuer(&format!("{ISSUER}<a:Issuer>other</a:Issuer>")),
        Fault::Shape(ShapeFault::Repeated)
    );
    let persistent = format!(
        r#"<a:Issuer Format="{}">x</a:Issuer>"#,
        vocab::NAME_ID_PERSISTENT
    );
    assert_eq!(issuer(&persistent), Fault::IssuerFormat);
    assert_eq!(
        issuer(r#"<Issuer xmlns="urn:x">x</Issuer>"#),
        Fault::Foreign
    );
    let entity = format!(
        r#"<a:Issuer Format="{}">x</a:Issuer>"#,
        vocab::NAME_ID_ENTITY
    );
    assert!(request(BASE, &entity).is_ok());
}

#[test]
fn r40_an_id_is_a_name_of_bounded_length() {
    let id = |id: &str| {
        request(
            &format!(r#"ID="{id}" Version="2.0" IssueInstant="2026-11-23T10:00:00Z""#),
            ISSUER,
        )
    };
    for good in ["ONELOGIN_1", "id-1", "a", &"_".repeat(256)] {
        assert_eq!(&*id(good).unwrap().id, good);
    }
    for bad in ["", "1", "a b", "a&quot;&gt;", "a:b", &"_".repeat(257)] {
        assert_eq!(id(bad).unwrap_err(), RequestShapeFault::Id, "{bad}");
    }
}

#[test]
fn a_time_is_utc_with_or_without_a_fraction() {
    let time = |time: &str| {
        request(
            &format!(r#"ID="_1" Version="2.0" IssueInstant="{time}""#),
            ISSUER,
        )
    };
    for good in [
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00.1Z",
        "2026-11-23T10:00:00.123456789012Z",
    ] {
        let read = time(good).unwrap().issued_at;
        assert_eq!(read, "2026-11-23T10:00:00Z".parse().unwrap(), "{good}");
    }
    for bad in [
        "",
        "2026-11-23T10:00:00",
        "2026-11-23T10:00:00+00:00",
        "2026-11-23 10:00:00Z",
        "2026-11-23t10:00:00z",
        "2026-13-23T10:00:00Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00[UTC]Z",
        "+02026-11-23T10:00:00Z",
        "1764000000",
    ] {
        assert_eq!(
            time(bad).unwrap_err(),
            RequestShapeFault::IssueInstant,
            "{bad}"
        );
    }
}

#[test]
fn a_version_is_told_from_something_that_is_none() {
    let version = |version: &str| {
        let attributes =
            format!(r#"ID="_1" Version="{version}" IssueInstant="2026-11-23T10:00:00Z""#);
        request(&attributes, ISSUER).map(|read| read.version)
    };
    assert_eq!(version("1.1"), Ok(Version::Earlier));
    assert_eq!(version("2.1"), Ok(Version::Later));
    assert_eq!(version("3.0"), Ok(Version::Later));
    for bad in ["", "2", "2.", ".0", "2.0.0", "two", "-2.0", "2.0 "] {
        assert_eq!(version(bad), Err(RequestShapeFault::Version), "{bad}");
    }
}

#[test]
fn all_that_zooms_library_and_others_send_is_read() {
    let children = format!(
        r#"{ISSUER}<p:Extensions><x xmlns="urn:x"/></p:Extensions>
        <p:NameIDPolicy Format="urn:f" SPNameQualifier="q" AllowCreate="true"/><a:Conditions/>
        <p:RequestedAuthnContext Comparison="minimum"><a:AuthnContextClassRef>
        urn:c</a:AuthnContextClassRef></p:RequestedAuthnContext>
        <p:Scoping ProxyCount="2"/>"#
    );
    let attributes = format!(
        r#"{BASE} Consent="urn:x" ProviderName="Zoom" AttributeConsumingServiceIndex="1"
        AssertionConsumerServiceURL="https://a" ProtocolBinding="urn:b" Destination="https://d""#
    );
    let read = request(&attributes, &children).unwrap();
    assert_eq!(read.acs, AcsWish::Location("https://a".to_owned()));
    assert_eq!(read.protocol_binding.as_deref(), Some("urn:b"));
    assert_eq!(read.destination.as_deref(), Some("https://d"));
    let policy = read.name_id_policy.unwrap();
    assert_eq!(policy.format.as_deref(), Some("urn:f"));
    assert_eq!(policy.sp_name_qualifier.as_deref(), Some("q"));
    let asked = read.requested_authn_context.unwrap();
    assert_eq!(asked.comparison, Comparison::Minimum);
    assert_eq!(asked.class_refs, ["urn:c"]);
    assert!(!asked.names_declarations);
}

#[test]
fn r37_a_subject_is_read_as_it_stands_or_refused() {
    use RequestShapeFault as Fault;
    let subject = |inside: &str| {
        let subject = format!("{ISSUER}<a:Subject>{inside}</a:Subject>");
        request(BASE, &subject).map(|read| read.subject.unwrap())
    };
    let name = r#"<a:NameID Format="urn:f" NameQualifier="i" SPNameQualifier="s"> Zoe </a:NameID>"#;
    let RequestedSubject::Named(read) = subject(name).unwrap() else {
        panic!("a name")
    };
    assert_eq!(read.value, " Zoe ");
    assert_eq!(read.format.as_deref(), Some("urn:f"));
    assert_eq!(read.name_qualifier.as_deref(), Some("i"));
    assert_eq!(read.sp_name_qualifier.as_deref(), Some("s"));
    assert!(!read.has_sp_provided_id);
    assert!(!format!("{read:?}").contains("Zoe"));
    let confirmation = r#"<a:SubjectConfirmation Method="urn:m"/>"#;
    for confirmed in [
        confirmation.to_owned(),
        format!("{name}{confirmation}"),
        format!("<a:EncryptedID/>{confirmation}{confirmation}"),
    ] {
        assert_eq!(subject(&confirmed), Ok(RequestedSubject::Confirmed));
    }
    for untold in ["", "<a:BaseID/>", "<a:EncryptedID/>"] {
        assert_eq!(subject(untold), Ok(RequestedSubject::Untold), "{untold}");
    }
    let repeated = Fault::Shape(ShapeFault::Repeated);
    for (bad, fault) in [
        (format!("{name}{name}"), repeated),
        (format!("{name}<a:EncryptedID/>"), repeated),
        (format!("{name}<x/>"), Fault::Foreign),
        ("<p:NameID>Zoe</p:NameID>".to_owned(), Fault::Foreign),
        (
            "<a:NameID>Z<b/>oe</a:NameID>".to_owned(),
            Fault::Shape(ShapeFault::NotText),
        ),
    ] {
        assert_eq!(subject(&bad), Err(fault), "{bad}");
    }
}

#[test]
fn r37_a_name_id_policy_is_attributes_and_nothing_else() {
    use RequestShapeFault as Fault;
    let policy = |attributes: &str, inside: &str| {
        let policy = format!("<p:NameIDPolicy {attributes}>{inside}</p:NameIDPolicy>");
        request(BASE, &format!("{ISSUER}{policy}"))
    };
    for good in ["true", "false", "0", "1"] {
        assert!(policy(&format!(r#"AllowCreate="{good}""#), "").is_ok());
    }
    for bad in ["", "yes", "TRUE"] {
        let fault = policy(&format!(r#"AllowCreate="{bad}""#), "").unwrap_err();
        assert_eq!(fault, Fault::Boolean("AllowCreate"), "{bad}");
    }
    assert_eq!(policy("", "<p:x/>").unwrap_err(), Fault::Foreign);
}

#[test]
fn what_no_authn_request_has_is_refused() {
    use RequestShapeFault as Fault;
    for foreign in ["<x xmlns='urn:x'/>", "<p:Issuer/>", "<a:NameIDPolicy/>"] {
        assert_eq!(
            request(BASE, &format!("{ISSUER}{foreign}")).unwrap_err(),
            Fault::Foreign
        );
    }
    for twice in ["<p:NameIDPolicy/>", "<p:Scoping/>", "<p:Extensions/>"] {
        let fault = request(BASE, &format!("{ISSUER}{twice}{twice}")).unwrap_err();
        assert_eq!(fault, Fault::Shape(ShapeFault::Repeated), "{twice}");
    }
    let other = format!(r#"<p:LogoutRequest xmlns:p="{}"/>"#, vocab::SAMLP);
    let document = open(other.as_bytes(), &Limits::MESSAGE).unwrap();
    let fault = parse(document.root()).unwrap_err();
    assert_eq!(fault, Fault::NotAnAuthnRequest);
}
