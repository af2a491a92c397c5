//! The address of a peer's endpoint: the only kind of address a message is ever sent to.

use serde::{Deserialize, Serialize};
use url::Url;

/// The address of an endpoint, checked when it is registered and kept exactly as written.
///
/// An absolute `https` URL without user information, fragment, control character or a query
/// parameter that SAML itself uses (R-42, R-43). Two addresses are equal only byte for byte (R-30).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct EndpointUrl(Box<str>);

/// Which schemes an endpoint may have.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Schemes {
    /// `https` and nothing else.
    #[default]
    HttpsOnly,
    /// `http` too: only where the configuration says `lab = true`.
    Lab,
}

/// Why a text is not the address of an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It holds a control character, white space, a backslash or something outside ASCII.
    #[error("holds a character that no endpoint address may hold")]
    Character,
    /// It holds a fragment.
    #[error("holds a fragment")]
    Fragment,
    /// It is not an absolute URL with a host.
    #[error("is not an absolute URL")]
    NotAbsolute,
    /// Its query holds a parameter that SAML uses itself: an attacker's would mix with ours.
    #[error("holds a query parameter that SAML uses itself")]
    SamlParameter,
    /// Its scheme is not allowed.
    #[error("is not an https URL")]
    Scheme,
    /// It is longer than [`EndpointUrl::MAX_BYTES`].
    #[error("is longer than 2048 bytes")]
    TooLong,
    /// It holds a user name or a password.
    #[error("holds user information")]
    UserInformation,
}

impl EndpointUrl {
    /// The longest address that is registered.
    pub const MAX_BYTES: usize = 2048;

    /// Reads an address from metadata.
    ///
    /// # Errors
    ///
    /// Says which rule was broken. The text is not echoed: it is unproven.
    pub fn parse(text: &str, schemes: Schemes) -> Result<Self, InvalidEndpoint> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidEndpoint::TooLong);
        }
        // Browsers read `\` as `/` and drop tabs and newlines: the address shown here and the
        // address visited there must be the same one.
        if !text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !br#"\"<>^`{|}"#.contains(&b))
        {
            return Err(InvalidEndpoint::Character);
        }
        let url = Url::parse(text).map_err(|_unread| InvalidEndpoint::NotAbsolute)?;
        match (url.scheme(), schemes) {
            ("https", _) | ("http", Schemes::Lab) => {}
            _ => return Err(InvalidEndpoint::Scheme),
        }
        // As written, too: a browser would take `HTTPS:`, a comparison would not.
        if !text.starts_with(url.scheme()) {
            return Err(InvalidEndpoint::Scheme);
        }
        // `https:host`, `https:/host` and `https:x://host` are mended by URL readers: not an address as written.
        let authority = text.strip_prefix(url.scheme());
        let authority = authority.and_then(|rest| rest.strip_prefix("://"));
        if url.host_str().is_none_or(str::is_empty)
            || authority.is_none_or(|rest| rest.starts_with('/'))
        {
            return Err(InvalidEndpoint::NotAbsolute);
        }
        if !url.username().is_empty() || url.password().is_some() || has_user_information(text) {
            return Err(InvalidEndpoint::UserInformation);
        }
        if text.contains('#') {
            return Err(InvalidEndpoint::Fragment);
        }
        let ours = [
            "SAMLRequest",
            "SAMLResponse",
            "RelayState",
            "SigAlg",
            "Signature",
        ];
        if url
            .query_pairs()
            .any(|(name, _)| ours.contains(&name.as_ref()))
        {
            return Err(InvalidEndpoint::SamlParameter);
        }
        Ok(Self(text.into()))
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a page of ours may lead to `link`: an address on the web, whole and as written, that no browser
/// reads as another one (R-42). Nothing is ever sent or fetched there.
pub fn is_web_link(link: &str, schemes: Schemes) -> bool {
    let authority = link.strip_prefix("https://").or_else(|| {
        link.strip_prefix("http://")
            .filter(|_| schemes == Schemes::Lab)
    });
    // `https:///host` is mended by URL readers: not an address as written.
    authority.is_some_and(|authority| !authority.starts_with('/'))
        && link.len() <= EndpointUrl::MAX_BYTES
        && link
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\\\"<>`".contains(&b))
        && !has_user_information(link)
        && Url::parse(link).is_ok_and(|url| url.has_host())
}

fn has_user_information(text: &str) -> bool {
    let authority = text.split_once("://").map_or("", |(_scheme, rest)| rest);
    authority
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|authority| authority.contains('@'))
}

impl std::fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooms_endpoint_is_kept_as_written() {
        let text = "https://univ-montp3-fr.zoom.us/saml/SSO";
        assert_eq!(
            EndpointUrl::parse(text, Schemes::HttpsOnly)
                .unwrap()
                .as_str(),
            text
        );
    }

    #[test]
    fn r42_breach_of_sdp_idp03_an_address_that_is_not_plain_https_is_refused() {
        use InvalidEndpoint as Is;
        for (text, fault) in [
            ("http://sp.example.org/acs", Is::Scheme),
            ("javascript:alert(1)", Is::Scheme),
            ("JavaScript://sp.example.org/%0aalert(1)", Is::Scheme),
            ("data:text/html,x", Is::Scheme),
            ("HTTPS://sp.example.org/acs", Is::Scheme),
            ("/acs", Is::NotAbsolute),
            ("//sp.example.org/acs", Is::NotAbsolute),
            ("https:sp.example.org/acs", Is::NotAbsolute),
            ("https:///sp.example.org/acs", Is::NotAbsolute),
            ("https:/sp.example.org/acs", Is::NotAbsolute),
            ("https:x://sp.example.org/acs", Is::NotAbsolute),
            ("https:/x://sp.example.org/acs", Is::NotAbsolute),
            ("https://u@sp.example.org/acs", Is::UserInformation),
            ("https://@sp.example.org/acs", Is::UserInformation),
            ("https://u:p@sp.example.org/acs", Is::UserInformation),
            ("https://sp.example.org/acs#x", Is::Fragment),
            ("https://sp.example.org/a\tcs", Is::Character),
            ("https://sp.example.org\\acs", Is::Character),
            ("https://sp.example.org/é", Is::Character),
            ("https://sp.example.org/\"><script>", Is::Character),
        ] {
            assert_eq!(
                EndpointUrl::parse(text, Schemes::HttpsOnly),
                Err(fault),
                "{text}"
            );
        }
        let long = format!("https://sp.example.org/{}", "a".repeat(2048));
        assert_eq!(
            EndpointUrl::parse(&long, Schemes::HttpsOnly),
            Err(Is::TooLong)
        );
    }

    #[test]
    fn r43_an_address_whose_query_holds_a_saml_parameter_is_refused() {
        for name in [
            "SAMLResponse",
            "SAMLRequest",
            "RelayState",
            "SigAlg",
            "%53igAlg",
        ] {
            let text = format!("https://sp.example.org/acs?a=b&{name}=x");
            assert_eq!(
                EndpointUrl::parse(&text, Schemes::HttpsOnly),
                Err(InvalidEndpoint::SamlParameter),
                "{name}"
            );
        }
        assert!(EndpointUrl::parse("https://sp.example.org/acs?a=b", Schemes::HttpsOnly).is_ok());
    }

    #[test]
    fn r42_a_page_leads_to_the_web_and_nowhere_else() {
        for link in [
            "https://sp.example.org",
            "https://sp.example.org/privacy?lang=fr#cookies",
            "https://sp.example.org/@somebody",
        ] {
            assert!(is_web_link(link, Schemes::HttpsOnly), "{link}");
        }
        let http = "http://sp.example.org/";
        assert!(is_web_link(http, Schemes::Lab) && !is_web_link(http, Schemes::HttpsOnly));
        let long = format!("https://sp.example.org/{}", "a".repeat(2048));
        for link in [
            "javascript:alert(1)",
            "JavaScript://sp.example.org/%0aalert(1)",
            "data:text/html,x",
            "ftp://sp.example.org/",
            "HTTPS://sp.example.org/",
            " https://sp.example.org/",
            "//sp.example.org/",
            "/privacy",
            "https:sp.example.org",
            "https://",
            "https:///privacy",
            "https://university.example@sp.example.org/",
            "https://sp.example.org\\@university.example/",
            "https://sp.example.org/\"><script>",
            "https://sp.example.org/é",
            "https://sp.example.org/a b",
            "https://sp.example.org/\n",
            "",
            &long,
        ] {
            assert!(!is_web_link(link, Schemes::Lab), "{link}");
        }
    }

    #[test]
    fn http_is_for_the_lab_only() {
        let text = "http://zoom.localhost:8481/saml/SSO";
        assert!(EndpointUrl::parse(text, Schemes::Lab).is_ok());
        assert_eq!(
            EndpointUrl::parse(text, Schemes::HttpsOnly),
            Err(InvalidEndpoint::Scheme)
        );
    }
}
