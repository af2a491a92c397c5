//! Requests as Zoom makes them, by each way they can come.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use jiff::Timestamp;
use passerelle::{
    model::vocab,
    sys::entropy::{Entropy, OsEntropy, saml_id},
    xml::{Canonical, Writer},
    xmlsec::{Signer as _, SigningKey},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::place::{BASE_URL, SP, SP_ACS};

/// The prefixes of a request, with their namespaces.
const PREFIXES: &[(&str, &str)] = &[
    ("ds", vocab::DS),
    ("saml2", vocab::SAML),
    ("saml2p", vocab::SAMLP),
];
/// What the provider wants back: a handle on what it keeps.
const RELAY_STATE: &str = "dGhlIHBhZ2UgdGhhdCB3YXMgYXNrZWQgZm9y";

/// A request with an ID of its own.
pub(crate) struct AuthnRequest {
    /// The ID, which stands in the answer.
    pub(crate) id: String,
    /// The XML.
    pub(crate) unsigned: Canonical,
}

impl AuthnRequest {
    /// Makes a request that is issued at `now`.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub(crate) fn new(now: Timestamp) -> anyhow::Result<Self> {
        Self::drawn(&OsEntropy, now)
    }

    /// The same, with an ID that `entropy` gives.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub(crate) fn drawn(entropy: &dyn Entropy, now: Timestamp) -> anyhow::Result<Self> {
        let id = saml_id(entropy);
        let mut out = Writer::new(PREFIXES);
        out.start(
            "saml2p",
            "AuthnRequest",
            &[
                ("AssertionConsumerServiceURL", SP_ACS),
                ("Destination", &format!("{BASE_URL}/saml/sso")),
                ("ForceAuthn", "false"),
                ("ID", &id),
                ("IsPassive", "false"),
                ("IssueInstant", &format!("{now:.3}")),
                ("ProtocolBinding", vocab::BINDING_POST),
                ("Version", "2.0"),
            ],
        );
        out.leaf("saml2", "Issuer", &[], SP);
        out.signature_slot();
        out.end();
        let unsigned = out.finish()?;
        Ok(Self { id, unsigned })
    }

    /// The query of HTTP-Redirect, without a signature.
    ///
    /// # Errors
    ///
    /// It could not be deflated.
    pub(crate) fn query(&self) -> anyhow::Result<String> {
        let mut deflater = DeflateEncoder::new(Vec::new(), Compression::default());
        deflater.write_all(self.unsigned.as_str().as_bytes())?;
        let message = STANDARD.encode(deflater.finish()?);
        Ok(format!(
            "SAMLRequest={}&RelayState={}",
            escape(&message),
            escape(RELAY_STATE)
        ))
    }

    /// The query of HTTP-Redirect, signed by `key`.
    ///
    /// # Errors
    ///
    /// It could not be deflated or signed.
    pub(crate) fn signed_query(&self, key: &SigningKey) -> anyhow::Result<String> {
        let octets = format!("{}&SigAlg={}", self.query()?, escape(key.algorithm().uri()));
        let signature = STANDARD.encode(key.sign(octets.as_bytes())?);
        Ok(format!("{octets}&Signature={}", escape(&signature)))
    }
}

/// A value of a query or a form.
pub(crate) fn escape(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}
