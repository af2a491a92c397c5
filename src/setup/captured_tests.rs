use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::xml::door::Bound;

/// As a Shibboleth identity provider of version 4 writes it: one line, names of the LDAP profile.
const SHIBBOLETH: &str = r#"<?xml version="1.0" encoding="UTF-8"?><saml2p:Response xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://univ.zoom.us/saml/SSO" ID="_1" InResponseTo="a1" IssueInstant="2020-01-01T08:00:00.000Z" Version="2.0"><saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.univ.example/idp/shibboleth</saml2:Issuer><saml2p:Status><saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status><saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_2" IssueInstant="2020-01-01T08:00:00.000Z" Version="2.0"><saml2:Issuer>https://idp.univ.example/idp/shibboleth</saml2:Issuer><saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient" NameQualifier="https://idp.univ.example/idp/shibboleth" SPNameQualifier="univ.zoom.us">AAdzZWNyZXQx</saml2:NameID></saml2:Subject><saml2:AttributeStatement><saml2:Attribute FriendlyName="mail" Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml2:AttributeValue>zoe@univ.example</saml2:AttributeValue></saml2:Attribute><saml2:Attribute FriendlyName="eduPersonTargetedID" Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml2:AttributeValue><saml2:NameID>x</saml2:NameID></saml2:AttributeValue></saml2:Attribute><saml2:Attribute FriendlyName="uid" Name="urn:oid:0.9.2342.19200300.100.1.1" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml2:AttributeValue>zoe.martin</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement></saml2:Assertion></saml2p:Response>"#;

/// As ADFS writes it: default namespaces, names that are addresses.
const ADFS: &str = r#"<samlp:Response ID="_3" Version="2.0" IssueInstant="2020-01-01T08:00:00.000Z" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">http://adfs.univ.example/adfs/services/trust</Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><Assertion ID="_4" IssueInstant="2020-01-01T08:00:00.000Z" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>http://adfs.univ.example/adfs/services/trust</Issuer><Subject><NameID>Luc@univ.example</NameID></Subject><AttributeStatement><Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"><AttributeValue>luc@univ.example</AttributeValue></Attribute></AttributeStatement></Assertion></samlp:Response>
"#;

fn said(file: &[u8]) -> Vec<Result<String, CapturedFault>> {
    read_all(file)
        .into_iter()
        .map(|response| {
            let response = response?;
            let name_id = response.name_id.map(|name_id| name_id.value);
            Ok(name_id.unwrap_or_default())
        })
        .collect()
}

fn form(xml: &str) -> String {
    let value = STANDARD.encode(xml);
    let value = utf8_percent_encode(&value, NON_ALPHANUMERIC);
    format!("SAMLResponse={value}&RelayState=https%3A%2F%2Funiv.zoom.us")
}

#[test]
fn what_shibboleth_and_adfs_send_is_read() {
    let [Ok(shibboleth), Ok(adfs)] = &read_all(format!("{SHIBBOLETH}\n{ADFS}").as_bytes())[..]
    else {
        panic!("two Responses");
    };
    let values = |response: &UnprovenResponse, name: &str| {
        let values = response.values(name).map(str::to_owned);
        values.collect::<Vec<_>>()
    };
    for name in ["mail", "MAIL", "urn:oid:0.9.2342.19200300.100.1.3"] {
        assert_eq!(values(shibboleth, name), ["zoe@univ.example"], "{name}");
    }
    assert_eq!(values(shibboleth, "uid"), ["zoe.martin"]);
    // What is an element is no address and no ID.
    assert!(values(shibboleth, "eduPersonTargetedID").is_empty());
    let name_id = shibboleth.name_id.as_ref().unwrap();
    assert_eq!(name_id.value, "AAdzZWNyZXQx");
    assert_eq!(name_id.format.as_deref(), Some(vocab::NAME_ID_TRANSIENT));
    let claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    assert_eq!(values(adfs, claim), ["luc@univ.example"]);
    assert_eq!(adfs.name_id.as_ref().unwrap().format, None);
}

#[test]
fn each_form_in_which_people_come_by_them_is_read_one_or_several_in_a_file() {
    let one = STANDARD.encode(SHIBBOLETH);
    let two = STANDARD.encode(ADFS);
    let (begin, rest) = one.split_at(76);
    let both = [
        Ok("AAdzZWNyZXQx".to_owned()),
        Ok("Luc@univ.example".to_owned()),
    ];
    for file in [
        format!("\u{feff}{SHIBBOLETH}{ADFS}"),
        format!("{one}\n{two}\n"),
        format!("{begin}\n{rest}\n\n{two}"),
        format!("{begin}\r\n{rest}\r\n\r\n\r\n{two}\r\n"),
        format!("{}\n{}", form(SHIBBOLETH), form(ADFS)),
        format!(
            "curl --data-raw '{}'\ncurl -d \"{}\"",
            form(SHIBBOLETH),
            form(ADFS)
        ),
        // Without the padding, as it gets lost in copying.
        format!(
            "{}\n{}",
            one.trim_end_matches('='),
            two.trim_end_matches('=')
        ),
    ] {
        assert_eq!(said(file.as_bytes()), both, "{file}");
    }
    let alone = utf8_percent_encode(&one, NON_ALPHANUMERIC).to_string();
    assert_eq!(said(alone.as_bytes()), both[..1]);
}

#[test]
fn what_cannot_be_read_is_told_by_what_is_wrong_with_it() {
    let (head, rest) = ADFS.split_at(ADFS.find("<Assertion").unwrap());
    let close = "</Assertion>";
    let (assertion, tail) = rest.split_at(rest.find(close).unwrap() + close.len());
    let encrypted = r#"<e:EncryptedAssertion xmlns:e="urn:oasis:names:tc:SAML:2.0:assertion"/>"#;
    let twice = |what: &str| assertion.replacen(what, &what.repeat(2), 1);
    let bomb = format!(
        "<!DOCTYPE a [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;\">]>{ADFS}",
        "a".repeat(1_000)
    );
    for (file, fault) in [
        (format!("{head}{encrypted}{tail}"), CapturedFault::Encrypted),
        (format!("{head}{tail}"), CapturedFault::NoAssertion),
        (
            format!("{head}{assertion}{assertion}{tail}"),
            CapturedFault::SeveralAssertions,
        ),
        (
            format!("{head}{}{tail}", twice("<NameID>Luc@univ.example</NameID>")),
            CapturedFault::Shape(ShapeFault::Repeated),
        ),
        (assertion.to_owned(), CapturedFault::NotAResponse),
        (bomb, CapturedFault::Xml(DoorFault::Doctype)),
        (
            ADFS.replace("<Subject>", "<Subject><!-- -->"),
            CapturedFault::Xml(DoorFault::Comment),
        ),
        (
            format!("{head}{}", "<a>".repeat(100)),
            CapturedFault::Xml(DoorFault::TooLarge(Bound::Depth)),
        ),
        (
            format!("{head}{}{tail}", " ".repeat(Limits::MESSAGE.bytes)),
            CapturedFault::Xml(DoorFault::TooLarge(Bound::Bytes)),
        ),
        // A page that would post one is none either.
        (
            format!("<!DOCTYPE html>\n<html><form>{}</form></html>", form(ADFS)),
            CapturedFault::WebPage,
        ),
        (
            "<!doctype HTML PUBLIC \"\"><p>".to_owned(),
            CapturedFault::WebPage,
        ),
        ("\n<HTML lang=fr>".to_owned(), CapturedFault::WebPage),
        ("<htmlx/>".to_owned(), CapturedFault::NotAResponse),
        (
            "<!DOCTYPE htmlx><a/>".to_owned(),
            CapturedFault::Xml(DoorFault::Doctype),
        ),
        ("SAMLResponse=".to_owned(), CapturedFault::Base64),
        ("no base64!".to_owned(), CapturedFault::Base64),
        ("QUJD%ff".to_owned(), CapturedFault::Base64),
        (STANDARD.encode(b"\xff\xfe"), CapturedFault::NotText),
        ("A".repeat(MAX_TEXT_BYTES + 1), CapturedFault::TooLarge),
    ] {
        let start: String = file.chars().take(60).collect();
        assert_eq!(said(file.as_bytes()), [Err(fault)], "{start}");
    }
    assert_eq!(said(b"\xff\xfe<"), [Err(CapturedFault::NotText)]);
    assert!(said(b" \n\n ").is_empty());
}

#[test]
fn one_that_cannot_be_read_keeps_none_of_the_others_back_and_their_number_is_bounded() {
    let lines = format!("no base64!\n\n{}", STANDARD.encode(ADFS));
    let luc = Ok("Luc@univ.example".to_owned());
    assert_eq!(said(lines.as_bytes()), [Err(CapturedFault::Base64), luc]);
    for file in [
        "!\n\n".repeat(3 * MOST),
        "!\n".repeat(3 * MOST),
        "<a></a>".repeat(3 * MOST),
    ] {
        let all = said(file.as_bytes());
        assert_eq!(all.len(), MOST + 1);
        assert_eq!(all.last(), Some(&Err(CapturedFault::TooMany)));
    }
}
