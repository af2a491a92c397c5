//! Metadata written for the tests: Zoom's entry, with every stand-in's address and key, and a
//! plain identity provider for tests that need no bridge.

use std::fmt::Write as _;

use super::keys::KeyPair;

/// The entity ID under which Zoom knows the university, and which all the stand-ins play.
pub(crate) const ZOOM_ENTITY_ID: &str = "univ-montp3-fr.zoom.us";

/// One place where a service provider takes Responses, with the key that it signs and decrypts
/// with.
#[derive(Debug)]
pub(crate) struct Endpoint<'lab> {
    /// Its `AssertionConsumerService` for the POST binding.
    pub(crate) acs: String,
    /// Its key.
    pub(crate) keys: &'lab KeyPair,
}

/// One `EntityDescriptor` for `entity_id` with all `endpoints`: their addresses under the indexes
/// 0, 1, … (the first is the default) and a signing key of each.
///
/// Several service providers can so stand behind one entity ID. No key is published for
/// encryption ([`with_encryption_key`] adds one): an assertion sealed to one of them could not be
/// read by the others.
pub(crate) fn service_provider(entity_id: &str, endpoints: &[Endpoint<'_>]) -> String {
    let mut keys = String::new();
    let mut services = String::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        keys.push_str(&key_descriptor(endpoint.keys));
        writeln!(
            services,
            r#"<md:AssertionConsumerService index="{index}" isDefault="{}" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{}"/>"#,
            index == 0,
            escape(&endpoint.acs),
        )
        .unwrap();
    }
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{}">
<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
{services}</md:SPSSODescriptor>
</md:EntityDescriptor>
"#,
        escape(entity_id),
    )
}

/// An identity provider at `base_url` with the addresses that the bridge has, and its key.
///
/// For tests of the service providers alone, and for an impostor beside the bridge.
pub(crate) fn identity_provider(base_url: &str, keys: &KeyPair) -> String {
    let base = escape(base_url);
    let mut services = String::new();
    for binding in ["HTTP-Redirect", "HTTP-POST"] {
        writeln!(
            services,
            r#"<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{base}/saml/sso"/>"#,
        )
        .unwrap();
    }
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{base}/saml/metadata">
<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{}{services}</md:IDPSSODescriptor>
</md:EntityDescriptor>
"#,
        key_descriptor(keys),
    )
}

/// The same metadata with one more key, for encryption; `methods` are its `md:EncryptionMethod`
/// elements.
pub(crate) fn with_encryption_key(
    metadata: &str,
    certificate_base64: &str,
    methods: &str,
) -> String {
    let end = "</md:KeyDescriptor>";
    let (before, after) = metadata.rsplit_once(end).unwrap();
    format!(
        "{before}{end}<md:KeyDescriptor use=\"encryption\"><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{certificate_base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
         {methods}{end}{after}"
    )
}

fn key_descriptor(keys: &KeyPair) -> String {
    format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n",
        keys.certificate_base64()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
