//! Reads the answers of the server as Zoom would.

use std::fs;

use anyhow::{Context as _, ensure};
use passerelle::{
    sp_check::{Expected, Identity, Profile, read},
    sys::clock::{Clock as _, SystemClock},
    xmlsec::{SigningKey, VerifyingKey},
};

use super::{
    browser::{Answer, value_of},
    place::{BASE_URL, Place, SP, SP_ACS},
    request::AuthnRequest,
};

/// The provider that the answers are for.
pub(crate) struct Reader(Vec<VerifyingKey>);

impl Reader {
    /// One that believes the keys of this server.
    ///
    /// # Errors
    ///
    /// There are none.
    pub(crate) fn of(place: &Place) -> anyhow::Result<Self> {
        let key = SigningKey::from_pem(&fs::read(place.path("idp/signing.pem"))?)?;
        let key = VerifyingKey::from_certificate_der(key.certificate_der())?;
        Ok(Self(vec![key]))
    }

    /// Reads an answer: it must be a success that answers this very request.
    ///
    /// # Errors
    ///
    /// It is not.
    pub(crate) fn read(&self, request: &AuthnRequest, answer: &Answer) -> anyhow::Result<Identity> {
        ensure!(
            answer.status == 200,
            "status {}: {}",
            answer.status,
            answer.page
        );
        let response = value_of(&answer.page, "SAMLResponse").context("no answer on the page")?;
        let reading = read(
            response,
            &Expected {
                idp_entity_id: &format!("{BASE_URL}/saml/metadata"),
                idp_keys: &self.0,
                sp_entity_id: SP,
                acs: SP_ACS,
                request_id: Some(&request.id),
                now: SystemClock.now(),
                strictness: Profile::Zoom,
            },
        );
        let findings = reading.findings;
        let identity = reading.identity;
        identity.with_context(|| format!("not a sign-in: {findings:?}"))
    }
}
