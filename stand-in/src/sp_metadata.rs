//! The service provider's metadata, in the shape that Zoom's is thought to have.

use crate::sp::Identity;
use crate::vocab;

/// The encryption that samael can read; no GCM with 256 bits.
const READABLE: [&str; 2] = [
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/// Writes the `EntityDescriptor`.
///
/// With a key pair, the certificate is published for signing, and for encryption
/// if it is RSA. `AuthnRequestsSigned` tells the truth.
///
/// # Errors
///
/// The certificate cannot be put into DER.
pub(crate) fn write(identity: &Identity) -> anyhow::Result<String> {
    let keys = match &identity.pair {
        None => String::new(),
        Some(pair) => {
            let certificate = pair.certificate_base64()?;
            let methods = READABLE
                .map(|method| format!("<md:EncryptionMethod Algorithm=\"{method}\"/>"))
                .concat();
            let for_encryption = pair
                .key
                .rsa()
                .ok()
                .map(|_| ("encryption", methods.as_str()));
            [("signing", "")]
                .into_iter()
                .chain(for_encryption)
                .map(|(purpose, methods)| {
                    format!(
                        "    <md:KeyDescriptor use=\"{purpose}\"><ds:KeyInfo xmlns:ds=\"{dsig}\">\
                         <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>\
                         </ds:X509Data></ds:KeyInfo>{methods}</md:KeyDescriptor>\n",
                        dsig = vocab::DSIG,
                    )
                })
                .collect::<Vec<_>>()
                .concat()
        }
    };
    let (slo, acs) = (escape(&identity.slo_url()), escape(&identity.acs_url()));
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- A stand-in for Zoom, not Zoom: for the lab only. -->\n\
         <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"{entity_id}\">\n  \
         <md:SPSSODescriptor AuthnRequestsSigned=\"{signs}\" WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"{protocol}\">\n{keys}    \
         <md:SingleLogoutService Binding=\"{post}\" Location=\"{slo}\"/>\n    \
         <md:SingleLogoutService Binding=\"{redirect}\" Location=\"{slo}\"/>\n    \
         <md:NameIDFormat>{format}</md:NameIDFormat>\n    \
         <md:AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"{post}\" \
         Location=\"{acs}\"/>\n  \
         </md:SPSSODescriptor>\n\
         </md:EntityDescriptor>\n",
        entity_id = escape(&identity.entity_id),
        signs = identity.signs_requests,
        protocol = vocab::PROTOCOL,
        post = vocab::POST,
        redirect = vocab::REDIRECT,
        format = vocab::EMAIL_ADDRESS,
    ))
}

/// Writes `text` so that it can stand inside an XML attribute or element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyPair;

    fn identity(pair: Option<KeyPair>, signs: bool) -> Identity {
        let base = "http://zoom.localhost:7080".parse().unwrap();
        Identity::new(&base, "univ.example\"&<".to_owned(), pair, signs).unwrap()
    }

    #[test]
    fn the_metadata_has_zooms_endpoints_in_the_order_of_the_schema() {
        let xml = write(&identity(Some(KeyPair::make().unwrap()), true)).unwrap();
        let tree = roxmltree::Document::parse(&xml).unwrap();
        let entity_id = tree.root_element().attribute("entityID");
        assert_eq!(entity_id, Some("univ.example\"&<"));
        let role = tree.root_element().first_element_child().unwrap();
        assert_eq!(role.attribute("AuthnRequestsSigned"), Some("true"));
        let names: Vec<_> = role
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name())
            .collect();
        assert_eq!(
            names,
            [
                "KeyDescriptor",
                "KeyDescriptor",
                "SingleLogoutService",
                "SingleLogoutService",
                "NameIDFormat",
                "AssertionConsumerService"
            ]
        );
        assert!(xml.contains("http://zoom.localhost:7080/saml/SSO\""));
    }

    #[test]
    fn without_a_key_the_metadata_promises_no_signature() {
        let xml = write(&identity(None, false)).unwrap();
        assert!(xml.contains("AuthnRequestsSigned=\"false\""));
        assert!(!xml.contains("KeyDescriptor"));
    }

    #[test]
    fn signing_without_a_key_is_refused() {
        let base = "http://zoom.localhost:7080".parse().unwrap();
        assert!(Identity::new(&base, "x".to_owned(), None, true).is_err());
        let deep = "http://zoom.localhost:7080/deep".parse().unwrap();
        assert!(Identity::new(&deep, "x".to_owned(), None, false).is_err());
    }
}
