//! Makes a `Response` (saml-core-2.0 §3.3.3, saml-profiles-2.0 §4.1.4.2).
//!
//! Every element is written by [`crate::xml::Writer`] in the form that its signature covers, and
//! is self-contained: an assertion can be read, verified or encrypted alone. Nothing
//! that the requester wrote is in it but the `ID` of its request, which is a name and nothing else.

use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::{
    PREFIXES,
    acs::{AskedAddress, ReturnAddress},
    status::Status,
};
use crate::{
    config::sections::Sign,
    model::{
        attribute::ReleasedAttribute, authn_context::AuthnContextClass, name_id::NameId, vocab,
    },
    sys::entropy::{Entropy, saml_id},
    xml::{Canonical, WriteFault, Writer},
    xmlsec::{EncryptError, EncryptionKey, SignError, Signer, encrypt, sign},
};

/// How long an assertion may be used.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How far `NotBefore` lies back: some providers refuse what begins a second from now, none of
/// those measured refuses two minutes.
const BACKDATED: SignedDuration = SignedDuration::from_mins(2);

/// Who answers, and with what.
#[derive(Debug)]
pub struct Issuing<'a> {
    /// Our entityID.
    pub idp: &'a str,
    /// The key that signs.
    pub signer: &'a dyn Signer,
    /// What of this provider's Responses is signed.
    pub sign: Sign,
    /// The provider's key, where its assertions are encrypted.
    pub encrypt_to: Option<&'a EncryptionKey>,
    /// For how long after the person proved who they are the provider may keep its own session, where
    /// that is told.
    pub session: Option<SignedDuration>,
    /// The present instant: the moment of posting, since some providers refuse an older one.
    pub now: Timestamp,
    /// Where IDs come from.
    pub entropy: &'a dyn Entropy,
}

/// What is asserted about a person.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The name the provider knows the person by; none where it is told none.
    pub name_id: Option<&'a NameId>,
    /// What the provider is told.
    pub attributes: &'a [ReleasedAttribute],
    /// When the person proved who they are.
    pub authn_instant: Timestamp,
    /// How.
    pub context: &'a AuthnContextClass,
    /// The session, in a word that a logout can use.
    pub session_index: &'a str,
}

/// A Response that is ready to be sent to its address.
#[derive(Debug)]
pub struct IssuedResponse {
    /// Its `ID`, for the log.
    pub id: String,
    /// The XML.
    pub xml: String,
}

/// Why no Response could be made. The fault is ours.
#[derive(Debug, thiserror::Error)]
pub enum ResponseError {
    /// The assertion could not be encrypted. Nothing goes out in clear instead.
    #[error("the assertion could not be encrypted")]
    Encrypt(#[from] EncryptError),
    /// The key did not sign.
    #[error("the Response could not be signed")]
    Sign(#[from] SignError),
    /// A value cannot be written as XML. What comes from a directory is checked before.
    #[error("the Response could not be written")]
    Write(#[from] WriteFault),
}

impl Issuing<'_> {
    /// Makes the Response that says who the person is.
    ///
    /// The assertion is signed first and then encrypted, so that its signature holds for whoever
    /// decrypts it; the signature of the Response covers what is sent (saml-core-2.0 §6.2).
    ///
    /// # Errors
    ///
    /// It could not be written, signed or encrypted; nothing may be sent.
    pub fn success(
        &self,
        to: &ReturnAddress,
        subject: &Subject<'_>,
    ) -> Result<IssuedResponse, ResponseError> {
        let assertion_id = saml_id(self.entropy);
        let mut assertion = self.write_assertion(&assertion_id, to, subject)?;
        if matches!(self.sign, Sign::Assertion | Sign::Both) {
            assertion = sign(&assertion, &assertion_id, self.signer)?;
        }
        if let Some(key) = self.encrypt_to {
            assertion = self.write_encrypted(&assertion, key, to)?;
        }
        self.write_response(to, None, Some(&assertion))
    }

    /// Makes the Response that says why there is no assertion, signed exactly as this provider's
    /// other Responses are: one that gets its assertions signed gets this one unsigned. Where
    /// nobody has asked there is no such Response.
    ///
    /// # Errors
    ///
    /// It could not be written or signed; nothing may be sent.
    pub fn fault(
        &self,
        to: &AskedAddress,
        status: Status,
    ) -> Result<IssuedResponse, ResponseError> {
        self.write_response(to.address(), Some(status), None)
    }

    fn write_response(
        &self,
        to: &ReturnAddress,
        fault: Option<Status>,
        assertion: Option<&Canonical>,
    ) -> Result<IssuedResponse, ResponseError> {
        let id = saml_id(self.entropy);
        let now = instant(self.now);
        let mut attributes = vec![("Destination", to.location().as_str()), ("ID", id.as_str())];
        attributes.extend(answered(to));
        attributes.extend([("IssueInstant", now.as_str()), ("Version", "2.0")]);
        let mut out = Writer::new(PREFIXES);
        out.start("samlp", "Response", &attributes);
        out.leaf("saml", "Issuer", &[], self.idp);
        out.signature_slot();
        out.start("samlp", "Status", &[]);
        out.start(
            "samlp",
            "StatusCode",
            &[(
                "Value",
                fault.map_or(vocab::STATUS_SUCCESS, |status| status.top),
            )],
        );
        if let Some(status) = fault {
            out.leaf("samlp", "StatusCode", &[("Value", status.second)], "");
        }
        out.end();
        out.end();
        if let Some(assertion) = assertion {
            out.embed(assertion);
        }
        out.end();
        let response = out.finish()?;
        let response = match self.sign {
            Sign::Assertion => response,
            Sign::Response | Sign::Both => sign(&response, &id, self.signer)?,
        };
        Ok(IssuedResponse {
            id,
            xml: response.into_string(),
        })
    }

    /// Writes the `EncryptedAssertion` that holds `assertion` (saml-core-2.0 §2.3.4), for the provider
    /// under the name by which it asked.
    fn write_encrypted(
        &self,
        assertion: &Canonical,
        key: &EncryptionKey,
        to: &ReturnAddress,
    ) -> Result<Canonical, ResponseError> {
        let data = encrypt(assertion, key, to.audience().as_str(), self.entropy)?;
        let mut out = Writer::new(PREFIXES);
        out.start("saml", "EncryptedAssertion", &[]);
        out.embed(&data);
        out.end();
        Ok(out.finish()?)
    }

    /// When the session that the provider is told of ends (saml-core-2.0 §2.7.2): so long after the
    /// person proved who they are, whenever the provider asks. It is the session of the person with us
    /// that this attribute bounds, so that an answer out of that session does not begin it anew. Not
    /// before the `assertion_end`: a session that has ended already is taken for a fault.
    fn session_end(&self, authn_instant: Timestamp, assertion_end: Timestamp) -> Option<Timestamp> {
        let end = authn_instant.saturating_add(self.session?);
        Some(end.unwrap_or(assertion_end).max(assertion_end))
    }

    fn write_assertion(
        &self,
        id: &str,
        to: &ReturnAddress,
        subject: &Subject<'_>,
    ) -> Result<Canonical, WriteFault> {
        let now = instant(self.now);
        let not_before = instant(self.now.saturating_sub(BACKDATED).unwrap_or(self.now));
        let end = self.now.saturating_add(LIFETIME).unwrap_or(self.now);
        let not_on_or_after = instant(end);
        let mut out = Writer::new(PREFIXES);
        out.start(
            "saml",
            "Assertion",
            &[("ID", id), ("IssueInstant", &now), ("Version", "2.0")],
        );
        out.leaf("saml", "Issuer", &[], self.idp);
        out.signature_slot();

        out.start("saml", "Subject", &[]);
        if let Some(name_id) = subject.name_id {
            write_name_id(&mut out, name_id);
        }
        out.start("saml", "SubjectConfirmation", &[("Method", vocab::BEARER)]);
        // No NotBefore here: the profile forbids it, and Zoom refuses it.
        let mut attributes: Vec<_> = answered(to).into_iter().collect();
        attributes.extend([
            ("NotOnOrAfter", not_on_or_after.as_str()),
            ("Recipient", to.location().as_str()),
        ]);
        out.leaf("saml", "SubjectConfirmationData", &attributes, "");
        out.end();
        out.end();

        out.start(
            "saml",
            "Conditions",
            &[
                ("NotBefore", &not_before),
                ("NotOnOrAfter", &not_on_or_after),
            ],
        );
        out.start("saml", "AudienceRestriction", &[]);
        out.leaf("saml", "Audience", &[], to.audience().as_str());
        out.end();
        out.end();

        let authn_instant = instant(subject.authn_instant);
        let session_end = self.session_end(subject.authn_instant, end).map(instant);
        let mut attributes = vec![
            ("AuthnInstant", authn_instant.as_str()),
            ("SessionIndex", subject.session_index),
        ];
        attributes.extend(
            session_end
                .iter()
                .map(|end| ("SessionNotOnOrAfter", end.as_str())),
        );
        out.start("saml", "AuthnStatement", &attributes);
        out.start("saml", "AuthnContext", &[]);
        out.leaf("saml", "AuthnContextClassRef", &[], subject.context.uri());
        out.end();
        out.end();

        if !subject.attributes.is_empty() {
            out.start("saml", "AttributeStatement", &[]);
            for attribute in subject.attributes {
                write_attribute(&mut out, attribute);
            }
            out.end();
        }
        out.end();
        out.finish()
    }
}

/// `InResponseTo`, of the Response and of the confirmation alike; neither where nobody has asked.
fn answered(to: &ReturnAddress) -> Option<(&'static str, &str)> {
    Some(("InResponseTo", to.in_response_to()?))
}

fn write_name_id(out: &mut Writer, name_id: &NameId) {
    let mut attributes = vec![("Format", name_id.format.urn())];
    if let Some(qualifier) = &name_id.name_qualifier {
        attributes.push(("NameQualifier", qualifier));
    }
    if let Some(qualifier) = &name_id.sp_name_qualifier {
        attributes.push(("SPNameQualifier", qualifier));
    }
    out.leaf("saml", "NameID", &attributes, &name_id.value);
}

/// Writes one attribute; its values carry no `xsi:type`: every reader takes them untyped, and a
/// type's prefix would not survive the move of an encrypted assertion.
fn write_attribute(out: &mut Writer, attribute: &ReleasedAttribute) {
    let name = ("Name", attribute.name.as_str());
    let name_format = ("NameFormat", attribute.name_format);
    // In the order of the canonical form, as everywhere here: the writer need not sort.
    match &attribute.friendly_name {
        Some(it) => out.start(
            "saml",
            "Attribute",
            &[("FriendlyName", it), name, name_format],
        ),
        None => out.start("saml", "Attribute", &[name, name_format]),
    }
    for value in &attribute.values {
        out.leaf("saml", "AttributeValue", &[], value);
    }
    out.end();
}

/// Writes an instant as SAML has it: UTC, whole seconds, `Z` (saml-core-2.0 §1.3.3).
fn instant(at: Timestamp) -> String {
    let time = Offset::UTC.to_datetime(at);
    let (century, year) = (time.year() / 100, time.year() % 100);
    let mut text = String::with_capacity(20);
    for (number, behind) in [
        (i8::try_from(century).unwrap_or_default(), ""),
        (i8::try_from(year).unwrap_or_default(), "-"),
        (time.month(), "-"),
        (time.day(), "T"),
        (time.hour(), ":"),
        (time.minute(), ":"),
        (time.second(), "Z"),
    ] {
        for digit in [number / 10, number % 10] {
            text.push(char::from(b'0'.saturating_add_signed(digit)));
        }
        text.push_str(behind);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        saml::trust::tests::{bare, judge, key, provider, request},
        sys::entropy::SeededEntropy,
    };

    #[test]
    fn r45_where_the_key_of_a_provider_fails_nothing_goes_out_in_clear_instead() {
        let trusted = judge(&bare(request(&[], None)), &[], false).unwrap();
        let to = ReturnAddress::of_request(&trusted, None, &provider()).unwrap();
        let subject = Subject {
            name_id: None,
            attributes: &[],
            authn_instant: Timestamp::UNIX_EPOCH,
            context: &AuthnContextClass::PasswordProtectedTransport,
            session_index: "_session",
        };
        let unusable = EncryptionKey::unusable();
        for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
            let in_clear = Issuing {
                idp: "https://idp.example.org/saml/metadata",
                signer: key(0),
                sign,
                encrypt_to: None,
                session: None,
                now: Timestamp::UNIX_EPOCH,
                entropy: &SeededEntropy::new(1),
            };
            assert!(in_clear.success(&to, &subject).is_ok());
            let encrypted = Issuing {
                encrypt_to: Some(&unusable),
                ..in_clear
            };
            let answer = encrypted.success(&to, &subject);
            let fault = answer.unwrap_err();
            assert!(matches!(fault, ResponseError::Encrypt(_)), "{fault}");
            // What says that nobody signed in holds no assertion, and needs no key.
            let status = Status {
                top: vocab::STATUS_RESPONDER,
                second: vocab::STATUS_AUTHN_FAILED,
            };
            let asked = AskedAddress::of(to.clone()).unwrap();
            let told = encrypted.fault(&asked, status).unwrap();
            assert!(!told.xml.contains("Assertion"), "{}", told.xml);
        }
    }

    #[test]
    fn an_instant_is_whole_seconds_of_utc() {
        let at: Timestamp = "2026-11-25T01:02:03.987654321Z".parse().unwrap();
        assert_eq!(instant(at), "2026-11-25T01:02:03Z");
        for text in [
            "1970-01-01T00:00:00Z",
            "2099-12-31T23:59:59Z",
            "9999-10-09T20:07:30Z",
        ] {
            assert_eq!(instant(text.parse().unwrap()), text);
        }
    }
}
