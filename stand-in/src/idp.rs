//! The identity provider, as its metadata describes it to samael.

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use samael::metadata::EntityDescriptor;

/// An identity provider that has a name, a signing key and a way in.
#[derive(Clone)]
pub(crate) struct Idp {
    pub(crate) entity_id: String,
    pub(crate) descriptor: EntityDescriptor,
}

impl Idp {
    /// Reads the metadata of one identity provider.
    ///
    /// samael checks no signature at all when the metadata yields no signing
    /// key, and never looks at `validUntil`: both are checked here.
    ///
    /// # Errors
    ///
    /// The text is no `EntityDescriptor`, has no usable role or no signing key,
    /// or is out of date at `now`.
    pub(crate) fn read(metadata: &str, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let tree = roxmltree::Document::parse(metadata)
            .context("the identity provider's metadata is not well-formed XML")?;
        ensure!(
            tree.root_element()
                .has_tag_name(("urn:oasis:names:tc:SAML:2.0:metadata", "EntityDescriptor")),
            "the metadata must be one EntityDescriptor"
        );
        let descriptor: EntityDescriptor = metadata
            .parse()
            .context("samael cannot read the identity provider's metadata")?;
        let Some(entity_id) = descriptor.entity_id.clone() else {
            bail!("the identity provider's metadata has no entityID");
        };
        let idp = Self {
            entity_id,
            descriptor,
        };
        ensure!(
            !idp.is_out_of_date(now),
            "the identity provider's metadata is out of date (validUntil)"
        );
        let witness = samael::service_provider::ServiceProvider {
            idp_metadata: idp.descriptor.clone(),
            ..samael::service_provider::ServiceProvider::default()
        };
        let certificates = witness
            .idp_signing_certs()
            .map_err(|error| anyhow::anyhow!("samael cannot read the certificates: {error}"))?;
        ensure!(
            certificates.is_some(),
            "the identity provider's metadata yields no signing key"
        );
        Ok(idp)
    }

    /// Whether `validUntil` of the entity or of one of its roles has passed.
    pub(crate) fn is_out_of_date(&self, now: DateTime<Utc>) -> bool {
        let roles = self.descriptor.idp_sso_descriptors.iter().flatten();
        roles
            .map(|role| role.valid_until)
            .chain([self.descriptor.valid_until])
            .flatten()
            .any(|end| end <= now)
    }
}
