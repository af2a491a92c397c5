//! One defect at a time, each reported under its own rule and no other.

use std::collections::HashSet;

use super::{Rule, Severity, read_xml, test_support::*};
use crate::xmlsec::{SignError, SignatureAlgorithm, Signer, SigningKey};

/// A defect: what it is, the rule that it breaks, and what is exchanged for what.
type Defect = (&'static str, Rule, &'static str, &'static str);

/// Defects of the Response outside of its assertion.
#[rustfmt::skip]
const RESPONSE: &[Defect] = &[
    ("another version", Rule::ResponseVersion, "Version=\"2.0\"", "Version=\"1.1\""),
    ("no version", Rule::ResponseVersion, "Version=\"2.0\"", ""),
    ("issued 61 s ago", Rule::ResponseIssueInstant, "12:00:00Z", "11:58:59Z"),
    ("issued in 61 s", Rule::ResponseIssueInstant, "12:00:00Z", "12:01:01Z"),
    ("issued at a local time", Rule::ResponseIssueInstant, "12:00:00Z", "13:00:00+01:00"),
    ("issued at no time", Rule::ResponseIssueInstant, " IssueInstant=\"2026-11-25T12:00:00Z\"", ""),
    ("no Destination", Rule::Destination, " Destination=\"https://univ-example.zoom.us/saml/SSO\"", ""),
    ("Destination in another case", Rule::Destination, "/saml/SSO", "/saml/sso"),
    ("Destination with a slash", Rule::Destination, "/saml/SSO", "/saml/SSO/"),
    ("Destination with the port", Rule::Destination, "zoom.us/saml", "zoom.us:443/saml"),
    ("Destination elsewhere", Rule::Destination, "univ-example", "univ-other"),
    ("no Issuer", Rule::ResponseIssuer, "<saml:Issuer>https://idp.example/saml/metadata</saml:Issuer>", ""),
    ("another Issuer", Rule::ResponseIssuer, "https://idp.example/", "https://idp.example:443/"),
    ("an Issuer with white space", Rule::ResponseIssuer, "metadata<", "metadata <"),
    ("an Issuer of a person", Rule::IssuerFormat, "<saml:Issuer", "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\""),
    ("an Issuer with a qualifier", Rule::IssuerFormat, "<saml:Issuer", "<saml:Issuer NameQualifier=\"x\""),
    ("no InResponseTo", Rule::ResponseInResponseTo, " InResponseTo=\"a1b2c3d4e5f60718293a4b5c6d7e8f901\"", ""),
    ("another request", Rule::ResponseInResponseTo, "e8f901\"", "e8f902\""),
    ("no Status", Rule::StatusTop, "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>", ""),
    ("no StatusCode", Rule::StatusTop, "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>", ""),
    ("a second-level code on top", Rule::StatusTop, "status:Success", "status:AuthnFailed"),
    ("a code nobody knows", Rule::StatusTop, "status:Success", "status:success"),
    ("a code below success", Rule::StatusSecond, "></samlp:StatusCode>", "><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/></samlp:StatusCode>"),
    ("a message", Rule::StatusMessage, "</samlp:Status>", "<samlp:StatusMessage>welcome</samlp:StatusMessage></samlp:Status>"),
    ("details", Rule::StatusMessage, "</samlp:Status>", "<samlp:StatusDetail><x:a/></samlp:StatusDetail></samlp:Status>"),
    ("an assertion beside an error", Rule::AssertionBesideError, "status:Success\">", "status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/>"),
    ("no assertion", Rule::OneAssertion, "<x:Here/>", ""),
    ("an encrypted assertion", Rule::Encrypted, "<x:Here/>", "<saml:EncryptedAssertion/>"),
    ("an encrypted assertion more", Rule::Encrypted, "<x:Here/>", "<x:Here/><saml:EncryptedAssertion/>"),
    ("an ID seen before", Rule::SameId, "ID=\"_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567\"", "ID=\"_f0e1d2c3b4a5968778695a4b3c2d1e0f98765432\""),
    ("a short ID", Rule::WeakId, "ID=\"_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567\"", "ID=\"_0a1b2c3d4e5f60718293a4b5c6d7e8f\""),
    ("an ID without underscore", Rule::WeakId, "ID=\"_0a", "ID=\"a0a"),
    ("an ID of one digit", Rule::WeakId, "ID=\"_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567\"", "ID=\"_0000000000000000000000000000000000000000\""),
    ("Extensions", Rule::Shape, "<samlp:Status>", "<samlp:Extensions><x:a/></samlp:Extensions><samlp:Status>"),
    ("an element of nobody", Rule::Shape, "<samlp:Status>", "<x:a/><samlp:Status>"),
    ("an attribute of nobody", Rule::Shape, " ID=", " Nonce=\"1\" ID="),
    ("a qualified attribute", Rule::Shape, " ID=", " samlp:Destination=\"1\" ID="),
    ("two Issuers", Rule::Shape, "<samlp:Status>", "<saml:Issuer>https://idp.example/saml/metadata</saml:Issuer><samlp:Status>"),
    ("the Status last", Rule::Shape, "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status><x:Here/>", "<x:Here/><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>"),
];

/// Defects of the assertion.
#[rustfmt::skip]
const ASSERTION: &[Defect] = &[
    ("another version", Rule::AssertionVersion, "Version=\"2.0\"", "Version=\"2.1\""),
    ("no version", Rule::AssertionVersion, "Version=\"2.0\"", ""),
    ("a short ID", Rule::WeakId, "ID=\"_f0e1d2c3b4a5968778695a4b3c2d1e0f98765432\"", "ID=\"_f0e1d2c3b4a5\""),
    ("issued 3,001 s ago", Rule::AssertionIssueInstant, "12:00:00Z", "11:09:59Z"),
    ("issued in 61 s", Rule::AssertionIssueInstant, "12:00:00Z", "12:01:01Z"),
    ("issued on no day", Rule::AssertionIssueInstant, "2026-11-25T12:00:00Z", "2026-11-31T12:00:00Z"),
    ("issued at no time", Rule::AssertionIssueInstant, " IssueInstant=\"2026-11-25T12:00:00Z\"", ""),
    ("no Issuer", Rule::AssertionIssuer, "<saml:Issuer>https://idp.example/saml/metadata</saml:Issuer>", ""),
    ("another Issuer", Rule::AssertionIssuer, "saml/metadata", "saml/metadata/"),
    ("an Issuer of a person", Rule::IssuerFormat, "<saml:Issuer", "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\""),
    ("no NameID", Rule::NameId, "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">alice@univ.example</saml:NameID>", ""),
    ("an empty NameID", Rule::NameId, "alice@univ.example", ""),
    ("a NameID with white space around", Rule::NameId, "alice@univ.example", "alice@univ.example "),
    ("an encrypted NameID", Rule::Encrypted, "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">alice@univ.example</saml:NameID>", "<saml:EncryptedID/>"),
    ("an address that is none", Rule::NameIdAddress, "alice@univ.example", "alice"),
    ("two addresses", Rule::NameIdAddress, "alice@univ.example", "alice@univ.example@evil.example"),
    ("an address without domain", Rule::NameIdAddress, "alice@univ.example", "alice@localhost"),
    ("no confirmation", Rule::Bearer, "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData InResponseTo=\"a1b2c3d4e5f60718293a4b5c6d7e8f901\" NotOnOrAfter=\"2026-11-25T12:05:00Z\" Recipient=\"https://univ-example.zoom.us/saml/SSO\"/></saml:SubjectConfirmation>", ""),
    ("another method", Rule::Bearer, "cm:bearer", "cm:sender-vouches"),
    ("a confirmation without data", Rule::Bearer, "<saml:SubjectConfirmationData InResponseTo=\"a1b2c3d4e5f60718293a4b5c6d7e8f901\" NotOnOrAfter=\"2026-11-25T12:05:00Z\" Recipient=\"https://univ-example.zoom.us/saml/SSO\"/>", ""),
    ("a confirmation more", Rule::Bearer, "</saml:Subject>", "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/></saml:Subject>"),
    ("NotBefore in the confirmation", Rule::SubjectNotBefore, "Data InResponseTo", "Data NotBefore=\"2026-11-25T11:58:00Z\" InResponseTo"),
    ("a confirmation without end", Rule::SubjectNotOnOrAfter, "NotOnOrAfter=\"2026-11-25T12:05:00Z\" Recipient", "Recipient"),
    ("a confirmation that ends now", Rule::SubjectNotOnOrAfter, "12:05:00Z\" Recipient", "12:00:00Z\" Recipient"),
    ("a confirmation that ends in words", Rule::SubjectNotOnOrAfter, "2026-11-25T12:05:00Z\" Recipient", "soon\" Recipient"),
    ("a confirmation of 301 s", Rule::Lifetime, "12:05:00Z\" Recipient", "12:05:01Z\" Recipient"),
    ("no Recipient", Rule::Recipient, " Recipient=\"https://univ-example.zoom.us/saml/SSO\"", ""),
    ("Recipient in another case", Rule::Recipient, "saml/SSO", "SAML/SSO"),
    ("Recipient elsewhere", Rule::Recipient, "Recipient=\"https", "Recipient=\"http"),
    ("no request in the confirmation", Rule::SubjectInResponseTo, " InResponseTo=\"a1b2c3d4e5f60718293a4b5c6d7e8f901\"", ""),
    ("another request in the confirmation", Rule::SubjectInResponseTo, "\"a1b2", "\"A1b2"),
    ("valid in 61 s", Rule::NotBefore, "11:58:00Z", "12:01:01Z"),
    ("valid from some day on", Rule::NotBefore, "2026-11-25T11:58:00Z", "2026-11-25"),
    ("valid from now on", Rule::NotBeforeMargin, "11:58:00Z", "12:00:00Z"),
    ("valid for long", Rule::NotBeforeMargin, "11:58:00Z", "11:57:59Z"),
    ("valid since ever", Rule::NotBeforeMargin, " NotBefore=\"2026-11-25T11:58:00Z\"", ""),
    ("an assertion without end", Rule::NotOnOrAfter, " NotOnOrAfter=\"2026-11-25T12:05:00Z\"><saml:Aud", "><saml:Aud"),
    ("an assertion that ends now", Rule::NotOnOrAfter, "12:05:00Z\"><saml:Aud", "12:00:00Z\"><saml:Aud"),
    ("an assertion of 301 s", Rule::Lifetime, "12:05:00Z\"><saml:Aud", "12:05:01Z\"><saml:Aud"),
    ("no restriction", Rule::AudienceRestriction, "<saml:AudienceRestriction><saml:Audience>univ-example.zoom.us</saml:Audience></saml:AudienceRestriction>", ""),
    ("no audience", Rule::AudienceRestriction, "<saml:Audience>univ-example.zoom.us</saml:Audience>", ""),
    ("two audiences", Rule::AudienceRestriction, "</saml:AudienceRestriction>", "<saml:Audience>univ-example.zoom.us</saml:Audience></saml:AudienceRestriction>"),
    ("two restrictions", Rule::AudienceRestriction, "</saml:Conditions>", "<saml:AudienceRestriction><saml:Audience>univ-example.zoom.us</saml:Audience></saml:AudienceRestriction></saml:Conditions>"),
    ("the other name of the provider", Rule::Audience, "<saml:Audience>", "<saml:Audience>https://"),
    ("another audience", Rule::Audience, "<saml:Audience>univ-example", "<saml:Audience>univ-other"),
    ("for one use", Rule::OneTimeUse, "</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>"),
    ("not for proxies", Rule::UnknownCondition, "</saml:Conditions>", "<saml:ProxyRestriction Count=\"0\"/></saml:Conditions>"),
    ("a condition of somebody's own", Rule::UnknownCondition, "</saml:Conditions>", "<saml:Condition xsi:type=\"x:Mine\"/></saml:Conditions>"),
    ("no AuthnStatement", Rule::AuthnStatement, "<saml:AuthnStatement AuthnInstant=\"2026-11-25T11:59:30Z\" SessionIndex=\"_5e55\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>", ""),
    ("two AuthnStatements", Rule::AuthnStatement, "</saml:Conditions>", "</saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-11-25T11:59:30Z\" SessionIndex=\"_5e56\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"),
    ("signed in 7,201 s ago", Rule::AuthnInstant, "11:59:30Z", "09:59:59Z"),
    ("signed in in 61 s", Rule::AuthnInstant, "11:59:30Z", "12:01:01Z"),
    ("signed in at no time", Rule::AuthnInstant, "AuthnInstant=\"2026-11-25T11:59:30Z\" ", ""),
    ("a session that ends now", Rule::SessionNotOnOrAfter, "SessionIndex", "SessionNotOnOrAfter=\"2026-11-25T12:00:00Z\" SessionIndex"),
    ("a session that ends some day", Rule::SessionNotOnOrAfter, "SessionIndex", "SessionNotOnOrAfter=\"\" SessionIndex"),
    ("no SessionIndex", Rule::SessionIndex, " SessionIndex=\"_5e55\"", ""),
    ("an empty SessionIndex", Rule::SessionIndex, "_5e55", ""),
    ("no AuthnContext", Rule::AuthnContext, "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext>", ""),
    ("an empty class", Rule::AuthnContext, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", ""),
    ("two classes", Rule::AuthnContext, "</saml:AuthnContext>", "<saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef></saml:AuthnContext>"),
    ("two AttributeStatements", Rule::AttributeStatement, "</saml:Assertion>", "<saml:AttributeStatement><saml:Attribute Name=\"x\"><saml:AttributeValue>1</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"),
    ("an attribute without name", Rule::Attribute, "Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.1\"", ""),
    ("an attribute with an empty name", Rule::Attribute, "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", ""),
    ("an attribute without value", Rule::Attribute, "<saml:AttributeValue>member</saml:AttributeValue><saml:AttributeValue>student</saml:AttributeValue>", ""),
    ("an attribute twice", Rule::RepeatedAttribute, "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "urn:oid:0.9.2342.19200300.100.1.3"),
    ("an encrypted attribute", Rule::Encrypted, "</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"),
    ("elements in a value", Rule::AttributeValue, ">member<", "><x:a/><"),
    ("a typed value", Rule::XsiType, ">member<", " xsi:type=\"x:string\">member<"),
    ("a value that is nothing", Rule::Shape, ">member<", " xsi:nil=\"true\">member<"),
    ("Advice", Rule::Shape, "</saml:Conditions>", "</saml:Conditions><saml:Advice><x:a/></saml:Advice>"),
    ("a decision", Rule::Shape, "</saml:Conditions>", "</saml:Conditions><saml:AuthzDecisionStatement/>"),
    ("two Subjects", Rule::Shape, "<saml:Conditions", "<saml:Subject/><saml:Conditions"),
    ("two names", Rule::Shape, "</saml:NameID>", "</saml:NameID><saml:NameID>bob@univ.example</saml:NameID>"),
    ("the locality last", Rule::Shape, "</saml:AuthnContext>", "</saml:AuthnContext><saml:SubjectLocality/>"),
    ("an attribute of nobody", Rule::Shape, "SessionIndex", "SessionLevel=\"3\" SessionIndex"),
    ("a declaration beside the class", Rule::Shape, "</saml:AuthnContext>", "<saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef></saml:AuthnContext>"),
];

/// One defective Response, and the one rule that it breaks.
struct Case {
    name: String,
    rule: Rule,
    xml: String,
}

fn case(name: &str, rule: Rule, xml: String) -> Case {
    Case {
        name: name.to_owned(),
        rule,
        xml,
    }
}

/// Holds that a Response breaks exactly its rule, and that it costs what the rule says.
fn breaks_only(case: &Case) {
    let Case { name, rule, xml } = case;
    let reading = read_now(xml);
    assert_eq!(rules(&reading), [*rule], "{name}");
    assert_eq!(reading.findings[0].severity, rule.severity(), "{name}");
    let is_refused = rule.severity() == Severity::Refuses;
    assert_eq!(reading.identity.is_none(), is_refused, "{name}");
}

fn defects_of_a_response() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, rule, from, to) in RESPONSE {
        for signing in [Signing::Assertion, Signing::Response, Signing::Both] {
            let draft = Draft::good(signing).response(from, to);
            cases.push(case(name, *rule, draft.xml()));
        }
    }
    cases
}

fn defects_of_an_assertion() -> Vec<Case> {
    let mut cases = Vec::new();
    for signing in [Signing::Assertion, Signing::Response] {
        for (name, rule, from, to) in ASSERTION {
            let draft = Draft::good(signing).assertion(from, to);
            cases.push(case(name, *rule, draft.xml()));
        }
        let good = Draft::good(signing);
        let value = format!(">{}<", "é".repeat(257));
        let value = good.clone().assertion(">member<", &value);
        cases.push(case("a long value", Rule::AttributeValue, value.xml()));
        let name = format!("{}@univ.example", "é".repeat(244));
        let name = good.assertion("alice@univ.example", &name);
        cases.push(case("a long name", Rule::NameId, name.xml()));
    }
    cases
}

/// IDs that are no names, where nothing refers to them.
fn defects_of_ids() -> Vec<Case> {
    let long = format!("_{}", "0123456789".repeat(26));
    let mut cases = Vec::new();
    for id in ["", "1f0e1d2c3", "_f0e1 d2c3", "a:b", &long] {
        let draft = Draft::good(Signing::Assertion).response(RESPONSE_ID, id);
        cases.push(case(id, Rule::ResponseId, draft.xml()));
        let draft = Draft::good(Signing::Response).assertion(ASSERTION_ID, id);
        cases.push(case(id, Rule::AssertionId, draft.xml()));
    }
    let draft = Draft::good(Signing::Assertion).response(&format!("ID=\"{RESPONSE_ID}\" "), "");
    cases.push(case("no ID", Rule::ResponseId, draft.xml()));
    let draft = Draft::good(Signing::Response).assertion(&format!("ID=\"{ASSERTION_ID}\" "), "");
    cases.push(case("no ID", Rule::AssertionId, draft.xml()));
    cases
}

/// What is found before anything is read.
#[rustfmt::skip]
fn defects_of_documents() -> Vec<Case> {
    let xml = Draft::good(Signing::Both).xml();
    let deep = format!("{}{}<samlp:Status>", "<x>".repeat(40), "</x>".repeat(40));
    let mut cases: Vec<_> = [
        (Rule::Comment, "alice@", "alice@<!---->"),
        (Rule::Comment, "<samlp:Response", "<!-- --><samlp:Response"),
        (Rule::ProcessingInstruction, "alice@", "alice@<?x?>"),
        (Rule::Doctype, "<samlp:Response", "<!DOCTYPE a><samlp:Response"),
        (Rule::NotXml, "</samlp:Response>", ""),
        (Rule::NotXml, "</samlp:Response>", "</samlp:Response><a/>"),
        (Rule::NotXml, "<samlp:Status>", "<y:Status>"),
        (Rule::NotXml, "<samlp:Response", "<?xml version=\"1.0\" encoding=\"latin1\"?><samlp:Response"),
        (Rule::TooLarge, "<samlp:Status>", &deep),
    ]
    .into_iter()
    .map(|(rule, from, to)| case(to, rule, change(&xml, from, to)))
    .collect();
    let assertion = cut(&xml, "<saml:Assertion", "</saml:Assertion>").to_owned();
    cases.push(case("an assertion alone", Rule::NotAResponse, assertion));
    let logout = xml.replace("samlp:Response", "samlp:LogoutResponse");
    cases.push(case("an answer to a logout", Rule::NotAResponse, logout));
    let old = xml.replace("SAML:2.0:protocol", "SAML:1.0:protocol");
    cases.push(case("SAML 1.1", Rule::NotAResponse, old));
    cases
}

/// Text where the schemas have none; it is added after the assertion was signed, outside of it.
fn defects_of_text() -> Vec<Case> {
    let xml = Draft::good(Signing::Assertion).xml();
    [
        ("<samlp:Status>", "x<samlp:Status>"),
        ("<samlp:StatusCode ", "x<samlp:StatusCode "),
        ("</samlp:Response>", "<![CDATA[x]]></samlp:Response>"),
    ]
    .into_iter()
    .map(|(from, to)| case(to, Rule::Shape, change(&xml, from, to)))
    .collect()
}

/// Signs as the identity provider does and sends another certificate, or says another algorithm.
#[derive(Debug)]
struct Odd {
    certificate: &'static str,
    algorithm: SignatureAlgorithm,
}

impl Signer for Odd {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn is_failing(&self) -> bool {
        false
    }

    fn certificate_base64(&self) -> &str {
        self.certificate
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        idp_key().sign(message)
    }
}

/// What is not signed, or signed by somebody else or in another way than it says.
fn defects_of_signing() -> Vec<Case> {
    let unsigned = Draft::good(Signing::Neither).xml();
    let mut cases = vec![case("nothing is signed", Rule::Unsigned, unsigned)];
    for signing in [Signing::Assertion, Signing::Response, Signing::Both] {
        let draft = Draft::good(signing);
        for certificate in [foreign_key().certificate_base64(), "AAAA"] {
            let odd = Odd {
                certificate,
                algorithm: SignatureAlgorithm::RsaSha256,
            };
            cases.push(case(certificate, Rule::KeyInfo, draft.xml_by(&odd)));
        }
        let odd = Odd {
            certificate: idp_key().certificate_base64(),
            algorithm: SignatureAlgorithm::RsaSha512,
        };
        cases.push(case("not SHA-512", Rule::SignatureKey, draft.xml_by(&odd)));
    }
    cases
}

/// Signatures that were changed after they were made.
#[rustfmt::skip]
fn defects_of_signatures() -> Vec<Case> {
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    let rsa_sha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let mut cases = Vec::new();
    for (rule, from, to) in [
        (Rule::SignatureAlgorithm, rsa_sha256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (Rule::SignatureAlgorithm, rsa_sha256, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        (Rule::SignatureAlgorithm, "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        (Rule::Canonicalization, exclusive, inclusive),
        (Rule::Canonicalization, enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (Rule::SignatureProfile, "<ds:SignatureValue>", "<ds:SignatureValue>!"),
        (Rule::SignatureProfile, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object></ds:Object>"),
        (Rule::SignaturePlace, "URI=\"#", "URI=\"#x"),
        (Rule::SignaturePlace, "URI=\"#", "URI=\"\" Id=\"r"),
        (Rule::SignatureDigest, "alice@", "mallory@"),
    ] {
        for signing in [Signing::Assertion, Signing::Response] {
            let xml = change(&Draft::good(signing).xml(), from, to);
            cases.push(case(to, rule, xml));
        }
    }
    cases
}

#[test]
fn each_defect_of_a_response_is_found_under_its_own_rule() {
    defects_of_a_response().iter().for_each(breaks_only);
}

#[test]
fn breach_of_sdp_idp10_sdp_idp20_each_defect_of_an_assertion_is_found_under_its_own_rule() {
    defects_of_an_assertion().iter().for_each(breaks_only);
}

#[test]
fn an_id_that_is_no_name_is_found_where_nothing_refers_to_it() {
    defects_of_ids().iter().for_each(breaks_only);
}

#[test]
fn r03_r04_only_elements_and_text_pass_the_door() {
    defects_of_documents().iter().for_each(breaks_only);
    let keys = [verifying(idp_key())];
    let reading = read_xml(b"\xff\xfe<\0", &expected(&keys));
    assert_eq!(rules(&reading), [Rule::NotXml]);
}

#[test]
fn text_between_elements_is_found() {
    defects_of_text().iter().for_each(breaks_only);
}

#[test]
fn what_is_not_signed_as_it_says_is_found() {
    defects_of_signing().iter().for_each(breaks_only);
}

#[test]
fn r07_a_signature_off_the_profile_is_found_under_its_rule() {
    defects_of_signatures().iter().for_each(breaks_only);
}

#[test]
fn every_rule_is_broken_by_one_defect_alone() {
    let broken: HashSet<Rule> = [
        defects_of_a_response(),
        defects_of_an_assertion(),
        defects_of_ids(),
        defects_of_documents(),
        defects_of_text(),
        defects_of_signing(),
        defects_of_signatures(),
    ]
    .into_iter()
    .flatten()
    .map(|case| case.rule)
    // Broken in `reading_tests`: one is no defect of XML, the other is none where it is looked for.
    .chain([Rule::Encoding, Rule::Unsolicited])
    .collect();
    let missing: Vec<_> = Rule::ALL
        .iter()
        .filter(|rule| !broken.contains(rule))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn r07_the_signature_of_a_key_that_nobody_published_is_refused() {
    let foreign: &SigningKey = foreign_key();
    for signing in [Signing::Assertion, Signing::Response, Signing::Both] {
        let reading = read_now(&Draft::good(signing).xml_by(foreign));
        assert_eq!(rules(&reading), [Rule::KeyInfo, Rule::SignatureKey]);
        assert_eq!(reading.identity, None);
    }
}

#[test]
fn r02_an_id_is_unique_under_every_name_for_it() {
    for name in ["Id", "id", "xml:id", "samlp:ID"] {
        let xml = Draft::good(Signing::Assertion).xml();
        let twin = format!("<samlp:Status {name}=\"{ASSERTION_ID}\">");
        let reading = read_now(&change(&xml, "<samlp:Status>", &twin));
        assert!(rules(&reading).contains(&Rule::SameId), "{name}");
        assert_eq!(reading.identity, None);
    }
}

#[test]
fn an_error_status_has_two_levels() {
    let second = "<samlp:StatusCode \
                  Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/>";
    for wrong in [
        "",
        "<samlp:StatusCode/>",
        "<samlp:StatusCode Value=\"urn:x\"/><samlp:StatusCode Value=\"urn:y\"/>",
        "<samlp:StatusCode Value=\"urn:x\"><samlp:StatusCode Value=\"urn:y\"/></samlp:StatusCode>",
    ] {
        let draft = Draft::error(Signing::Response).response(second, wrong);
        breaks_only(&case(wrong, Rule::StatusSecond, draft.xml()));
    }
    let draft = Draft::error(Signing::Response).response(
        "</samlp:Status>",
        "</samlp:Status><saml:EncryptedAssertion/>",
    );
    assert_eq!(
        rules(&draft.read()),
        [Rule::Encrypted, Rule::AssertionBesideError]
    );
}
