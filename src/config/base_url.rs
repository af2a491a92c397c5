//! `base-url` and `lab`: the address people and providers reach us at.
//!
//! All our URLs and our entityID are built from it, and never from the `Host` of a request.

use url::{Host, Url};

use super::document::{Report, Table};
use crate::model::endpoint::Schemes;

/// Where people and providers reach us: an origin, without a slash at its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The longest one: our entityID is to stay within 256 characters (saml2int SDP-G04).
    const MAX_BYTES: usize = 200;

    /// The origin as it was written, `https://idp.example.org`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Our entityID, which is also where our metadata is served.
    pub fn entity_id(&self) -> String {
        self.url("/saml/metadata")
    }

    /// Where an AuthnRequest is taken, over HTTP-Redirect and HTTP-POST alike.
    pub fn sso_url(&self) -> String {
        self.url("/saml/sso")
    }

    /// Where logout messages will be taken, and a plain visit asks whether to sign out.
    pub fn slo_url(&self) -> String {
        self.url("/saml/slo")
    }

    /// The address of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it begins with `https`: then cookies are `Secure` and named `__Host-`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// Reads `base-url` and `lab`.
pub(super) fn read(file: &mut Table<'_>, report: &mut Report) -> (Option<BaseUrl>, Schemes) {
    let lab: Option<bool> = file.optional("lab", report);
    let is_lab = lab == Some(true);
    let text: Option<String> = file.required("base-url", report);
    // Where `lab` cannot be read, nothing that it might let through is a fault of its own.
    let schemes = if is_lab || !report.is_clean_under("lab") {
        Schemes::Lab
    } else {
        Schemes::HttpsOnly
    };
    let Some(text) = text else {
        return (None, schemes);
    };
    let Ok(url) = Url::parse(&text) else {
        report
            .fault("base-url", "is not an absolute URL")
            .hint(EXAMPLE);
        return (None, schemes);
    };
    if is_lab && !is_this_machine(&url) {
        report
            .fault(
                "lab",
                "is for a base-url on localhost only: it lets plain http through",
            )
            .hint("remove `lab = true`, or use http://idp.localhost:PORT");
    }
    if let Some((what, hint)) = fault_of(&text, &url, schemes) {
        report.fault("base-url", what).hint(hint);
        return (None, schemes);
    }
    (Some(BaseUrl(text)), schemes)
}

const EXAMPLE: &str = "write scheme and host only, like https://idp.example.org";

fn fault_of(text: &str, url: &Url, schemes: Schemes) -> Option<(&'static str, String)> {
    let fault = |what| Some((what, EXAMPLE.to_owned()));
    match (url.scheme(), schemes) {
        ("https", _) | ("http", Schemes::Lab) => {}
        _ => {
            return Some((
                "must begin with https:// (only a lab on localhost takes http)",
                format!("{EXAMPLE}; or `lab = true` beside http://idp.localhost:PORT"),
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault("must not hold a user name or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fault("must not hold a query or a fragment");
    }
    if url.path() != "/" {
        return fault("must not hold a path");
    }
    if text.len() > BaseUrl::MAX_BYTES {
        return fault("is longer than 200 bytes");
    }
    // One spelling only: our entityID is compared byte for byte by every provider.
    let origin = url.origin().ascii_serialization();
    (origin != text).then(|| {
        (
            "is not written in its plain form",
            format!("write {origin}"),
        )
    })
}

/// Whether the host is this machine by its very name (RFC 6761 §6.3) or address, whoever is asked.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
