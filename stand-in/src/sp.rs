//! The service provider's own side: what it is, and what it asks.
//!
//! Builds samael's `ServiceProvider` and the `AuthnRequest`s. Knows nothing of
//! sessions and accounts.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoProvider as _};
use samael::service_provider::ServiceProvider;
use samael::traits::ToXml as _;
use url::Url;

use crate::idp::Idp;
use crate::keys::KeyPair;
use crate::sp_metadata::escape;
use crate::vocab;

/// How the `AuthnRequest` travels; Zoom's form calls it "Binding".
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum RequestBinding {
    /// HTTP-Redirect.
    #[default]
    Redirect,
    /// HTTP-POST.
    Post,
}

/// What the service provider is.
#[derive(Clone)]
pub(crate) struct Identity {
    /// Scheme, host and port, with nothing after.
    pub(crate) base_url: String,
    pub(crate) entity_id: String,
    pub(crate) pair: Option<KeyPair>,
    pub(crate) signs_requests: bool,
}

impl Identity {
    /// Checks the parts against each other.
    ///
    /// # Errors
    ///
    /// The base URL is not an origin, the entity ID is empty, or requests are
    /// to be signed and there is no key.
    pub(crate) fn new(
        base_url: &Url,
        entity_id: String,
        pair: Option<KeyPair>,
        signs_requests: bool,
    ) -> anyhow::Result<Self> {
        ensure!(
            matches!(base_url.scheme(), "http" | "https")
                && base_url.path() == "/"
                && base_url.query().is_none()
                && base_url.fragment().is_none()
                && base_url.username().is_empty(),
            "the base URL must be an origin, such as http://zoom.localhost:7080"
        );
        ensure!(!entity_id.trim().is_empty(), "the entity ID is empty");
        ensure!(
            pair.is_some() || !signs_requests,
            "--sign-requests needs --key and --certificate"
        );
        Ok(Self {
            base_url: base_url.as_str().trim_end_matches('/').to_owned(),
            entity_id,
            pair,
            signs_requests,
        })
    }

    /// The `AssertionConsumerService`.
    pub(crate) fn acs_url(&self) -> String {
        format!("{}/saml/SSO", self.base_url)
    }

    /// The `SingleLogoutService`.
    pub(crate) fn slo_url(&self) -> String {
        format!("{}/saml/SingleLogout", self.base_url)
    }

    /// The URL of `path`, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}

/// By what a request is signed in its XML, as URIs; for a query, samael chooses by the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Algorithms<'a> {
    /// The `SignatureMethod`.
    pub(crate) signature: &'a str,
    /// The `DigestMethod`.
    pub(crate) digest: &'a str,
}

impl Default for Algorithms<'_> {
    fn default() -> Self {
        Self {
            signature: vocab::RSA_SHA256,
            digest: vocab::SHA256,
        }
    }
}

/// An `AuthnRequest` on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) carrier: Carrier,
}

/// What takes the request to the identity provider.
#[derive(Debug)]
pub(crate) enum Carrier {
    /// Send the browser here.
    Redirect(String),
    /// Have the browser post this form.
    Form {
        action: String,
        saml_request: String,
    },
}

/// samael's service provider for `identity`, set so that its word counts: only
/// RSA-SHA256, never an unsolicited `Response`.
///
/// # Errors
///
/// The certificate cannot be put into DER.
pub(crate) fn witness(
    entity_id: &str,
    acs_url: &str,
    pair: Option<&KeyPair>,
    idp: &Idp,
) -> anyhow::Result<ServiceProvider> {
    let certificate = pair
        .map(|pair| pair.certificate.to_der())
        .transpose()?
        .map(CertificateDer::from);
    Ok(ServiceProvider {
        entity_id: Some(entity_id.to_owned()),
        acs_url: Some(acs_url.to_owned()),
        metadata_url: None,
        slo_url: None,
        key: pair.map(|pair| pair.key.clone()),
        certificate,
        idp_metadata: idp.descriptor.clone(),
        allow_idp_initiated: false,
        max_clock_skew: Duration::seconds(60),
        allowed_signature_algorithms: Some(vec![AllowedSignatureAlgorithm::RsaSha256]),
        ..ServiceProvider::default()
    })
}

/// Builds a request and puts it on `binding`.
///
/// The ID is ours: samael's has 32 random bits only.
///
/// # Errors
///
/// The identity provider publishes no endpoint for `binding`, or signing
/// failed.
pub(crate) fn request(
    identity: &Identity,
    witness: &ServiceProvider,
    binding: RequestBinding,
    relay_state: Option<&str>,
    algorithms: Algorithms<'_>,
) -> anyhow::Result<Outgoing> {
    let urn = match binding {
        RequestBinding::Redirect => vocab::REDIRECT,
        RequestBinding::Post => vocab::POST,
    };
    let location = witness
        .sso_binding_location(urn)
        .with_context(|| format!("the identity provider has no SingleSignOnService for {urn}"))?;
    let mut request = witness
        .make_authentication_request(&location)
        .map_err(|error| anyhow::anyhow!("samael made no request: {error}"))?;
    request.id = format!("a{}", crate::entropy::token()?);
    let id = request.id.clone();
    let key = identity.pair.as_ref().filter(|_| identity.signs_requests);
    let carrier = match binding {
        RequestBinding::Redirect => {
            let relay_state = relay_state.unwrap_or_default();
            let url = match key {
                Some(pair) => request.signed_redirect(relay_state, &pair.key),
                None => request.redirect(relay_state),
            };
            let url = url.map_err(|error| anyhow::anyhow!("samael made no URL: {error}"))?;
            Carrier::Redirect(url.context("the request has no Destination")?.into())
        }
        RequestBinding::Post => {
            let xml = request
                .to_string()
                .map_err(|error| anyhow::anyhow!("samael wrote no request: {error}"))?;
            let xml = match key {
                Some(pair) => sign(&xml, &id, pair, algorithms)?,
                None => xml,
            };
            Carrier::Form {
                action: location,
                saml_request: STANDARD.encode(xml),
            }
        }
    };
    Ok(Outgoing { id, carrier })
}

/// Signs the request inside its XML.
///
/// The template is ours: samael's own takes SHA-1 for the digest.
fn sign(xml: &str, id: &str, pair: &KeyPair, algorithms: Algorithms<'_>) -> anyhow::Result<String> {
    let template = format!(
        "<ds:Signature xmlns:ds=\"{dsig}\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{c14n}\"/>\
         <ds:SignatureMethod Algorithm=\"{signature}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{enveloped}\"/><ds:Transform Algorithm=\"{c14n}\"/>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/><ds:DigestValue/></ds:Reference>\
         </ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
         {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        dsig = vocab::DSIG,
        c14n = vocab::EXCLUSIVE_C14N,
        signature = escape(algorithms.signature),
        enveloped = vocab::ENVELOPED,
        digest = escape(algorithms.digest),
        certificate = pair.certificate_base64()?,
    );
    let end = "</saml2:Issuer>";
    let (head, tail) = xml
        .split_once(end)
        .context("the request has no Issuer to put the Signature after")?;
    let unsigned = format!("{head}{end}{template}{tail}");
    Crypto::sign_xml(unsigned, &pair.key.private_key_to_der()?)
        .map_err(|error| anyhow::anyhow!("samael did not sign the request: {error}"))
}
