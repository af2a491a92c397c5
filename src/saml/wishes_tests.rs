use super::*;
use crate::saml::trust::tests::{bare, judge, provider, request};

const IDP: &str = "https://idp.example.org/saml/metadata";
const SFA: &str = "https://refeds.org/profile/sfa";
const ANNE: &str = "anne.dupont@univ-montp3.example";

/// What a request is told that has `changes` over its usual attributes, and these children.
fn wishes(changes: &[(&'static str, &str)], children: &str) -> Result<Wishes, AnswerFault> {
    wishes_of(NameIdFormat::EmailAddress, changes, children)
}

fn wishes_of(
    name_id_format: impl Into<Option<NameIdFormat>>,
    changes: &[(&'static str, &str)],
    children: &str,
) -> Result<Wishes, AnswerFault> {
    let xml = String::from_utf8(request(changes, None)).unwrap();
    let xml = xml.replace(
        "</samlp:AuthnRequest>",
        &format!("{children}</samlp:AuthnRequest>"),
    );
    let xml = xml.replace(
        "<samlp:AuthnRequest ",
        &format!("<samlp:AuthnRequest xmlns:a=\"{}\" ", vocab::SAML),
    );
    let trusted = judge(&bare(xml.into_bytes()), &[], false).unwrap();
    trusted.check_wishes(&Offer {
        idp: &EntityId::parse(IDP).unwrap(),
        sp: &provider(),
        name_id_format: name_id_format.into(),
        contexts: &[
            AuthnContextClass::PasswordProtectedTransport,
            AuthnContextClass::parse(SFA).unwrap(),
        ],
    })
}

#[test]
fn r37_iip_idp10_a_name_policy_is_met_as_it_stands_or_refused() {
    let policy = |attributes: &str| wishes(&[], &format!("<samlp:NameIDPolicy {attributes}/>"));
    assert_eq!(policy("").unwrap().name_id_format, None);
    let email = format!("Format='{}' AllowCreate='true'", vocab::NAME_ID_EMAIL);
    assert_eq!(
        policy(&email).unwrap().name_id_format,
        Some(NameIdFormat::EmailAddress)
    );
    let unspecified = format!("Format='{}'", vocab::NAME_ID_UNSPECIFIED);
    assert_eq!(policy(&unspecified).unwrap().name_id_format, None);
    for other in [
        vocab::NAME_ID_PERSISTENT,
        vocab::NAME_ID_TRANSIENT,
        vocab::NAME_ID_ENCRYPTED,
        "urn:x",
        "",
    ] {
        let fault = policy(&format!("Format='{other}'"));
        assert_eq!(fault, Err(AnswerFault::NameIdPolicy), "{other}");
    }
    assert!(policy("SPNameQualifier='https://univ-montp3-fr.zoom.us'").is_ok());
    for group in ["other", "", "https://federation.example/affiliation"] {
        let fault = policy(&format!("SPNameQualifier='{group}'"));
        assert_eq!(fault, Err(AnswerFault::NameIdPolicy), "{group}");
    }
}

#[test]
fn r37_a_subject_is_a_name_that_this_provider_is_told_or_refused() {
    let subject = |format, attributes: &str| {
        let name = format!("<a:Subject><a:NameID {attributes}>{ANNE}</a:NameID></a:Subject>");
        wishes_of(format, &[], &name).map(|wishes| wishes.subject.unwrap())
    };
    let (email, persistent) = (NameIdFormat::EmailAddress, NameIdFormat::Persistent);
    let stated = |format: &str| format!("Format='{format}'");
    for (format, attributes) in [
        (email, String::new()),
        (email, stated(vocab::NAME_ID_UNSPECIFIED)),
        (email, stated(vocab::NAME_ID_EMAIL)),
        (email, format!("NameQualifier='{IDP}'")),
        (email, "SPNameQualifier='univ-montp3-fr.zoom.us'".to_owned()),
        (
            persistent,
            "SPNameQualifier='https://univ-montp3-fr.zoom.us'".to_owned(),
        ),
        (persistent, stated(vocab::NAME_ID_PERSISTENT)),
    ] {
        let named = subject(format, &attributes);
        assert_eq!(named, Ok(NamedPerson::of(ANNE)), "{attributes}");
    }
    for (format, attributes) in [
        (email, stated(vocab::NAME_ID_PERSISTENT)),
        (email, stated(vocab::NAME_ID_TRANSIENT)),
        (email, stated("")),
        (persistent, stated(vocab::NAME_ID_EMAIL)),
        (email, "NameQualifier='https://other.example'".to_owned()),
        (email, "NameQualifier=''".to_owned()),
        (email, "SPNameQualifier='https://other.example'".to_owned()),
        (email, "SPProvidedID='anne'".to_owned()),
    ] {
        let fault = subject(format, &attributes);
        assert_eq!(fault, Err(AnswerFault::UnknownPrincipal), "{attributes}");
    }
    assert_eq!(wishes(&[], "").unwrap().subject, None);
    for untold in ["<a:Subject/>", "<a:Subject><a:EncryptedID/></a:Subject>"] {
        assert_eq!(wishes(&[], untold), Err(AnswerFault::Subject));
    }
    let confirmed = "<a:Subject><a:NameID>x</a:NameID><a:SubjectConfirmation/></a:Subject>";
    let fault = wishes(&[], confirmed);
    assert_eq!(fault, Err(AnswerFault::SubjectConfirmation));
}

#[test]
fn r36_a_requested_context_is_met_by_what_happens_here_or_refused() {
    let asked = |class: &str| {
        let class = format!("<a:AuthnContextClassRef>{class}</a:AuthnContextClassRef>");
        let asked = format!("<samlp:RequestedAuthnContext>{class}</samlp:RequestedAuthnContext>");
        wishes(&[], &asked).map(|wishes| wishes.acceptable_contexts)
    };
    let sfa = AuthnContextClass::parse(SFA).unwrap();
    assert_eq!(asked(SFA), Ok(vec![sfa]));
    let refused = Err(AnswerFault::AuthnContext);
    assert_eq!(asked("https://refeds.org/profile/mfa"), refused);
    // Without that wish any class will do.
    assert_eq!(wishes(&[], "").unwrap().acceptable_contexts, []);
}

#[test]
fn r31_r34_iip_idp05_what_cannot_be_had_is_told_by_status() {
    let wish = |changes: &[(&'static str, &str)]| wishes(changes, "").map(|_| ());
    assert_eq!(wish(&[("ProtocolBinding", vocab::BINDING_POST)]), Ok(()));
    assert_eq!(
        wish(&[("ProtocolBinding", vocab::BINDING_REDIRECT)]),
        Err(AnswerFault::ProtocolBinding)
    );
    assert_eq!(wish(&[("AttributeConsumingServiceIndex", "4")]), Ok(()));
    assert_eq!(
        wish(&[("AttributeConsumingServiceIndex", "0")]),
        Err(AnswerFault::AttributeConsumingService)
    );
    assert_eq!(wish(&[("Version", "1.1")]), Err(AnswerFault::VersionTooLow));
    assert_eq!(
        wish(&[("Version", "3.0")]),
        Err(AnswerFault::VersionTooHigh)
    );
    let both = [("ForceAuthn", "true"), ("IsPassive", "1")];
    assert_eq!(wish(&both), Err(AnswerFault::Passive));
}
