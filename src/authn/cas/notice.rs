//! The logout notice of a CAS server: which ticket it names.
//!
//! It is posted by the server itself (back channel, CAS Protocol 3.0 §2.3.3), or the person's browser
//! brings it (front channel, which no edition of the protocol describes: Apereo CAS since 4.0, in the
//! form that its Java client reads). Nobody signs it. Whom it comes from is the business of `web`; that the
//! ticket which it names is known to nobody else is all that is believed.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Ticket;
use crate::{
    model::vocab,
    saml::binding::{
        BindingFault,
        inflate::{Wrapping, inflate},
    },
    xml::{self, DoorFault, Limits},
};

/// The longest notice, as it is sent and as it is read.
pub const MAX_NOTICE_BYTES: usize = 16 * 1024;

/// Why a text is no logout notice.
#[derive(Debug, thiserror::Error)]
pub enum NoticeFault {
    /// It is not base64, not deflated, or longer than allowed.
    #[error("the notice could not be unpacked")]
    Binding(#[from] BindingFault),
    /// It was refused at the door.
    #[error("the XML was refused")]
    Door(#[from] DoorFault),
    /// It is no `LogoutRequest` that names one ticket.
    #[error("no LogoutRequest with one ticket")]
    Shape,
}

/// Reads the ticket out of a `LogoutRequest`: its one `SessionIndex`. All else in it differs from
/// server to server, and none of it is needed.
///
/// # Errors
///
/// It is no such notice; nothing is ended.
pub fn read_posted(xml: &str) -> Result<Ticket, NoticeFault> {
    read(xml.as_bytes())
}

/// As [`read_posted`], for a notice that a browser brings: deflated and in base64. Apereo CAS wraps it
/// as zlib does; whoever goes by HTTP-Redirect does not.
///
/// # Errors
///
/// It is no such notice; nothing is ended.
pub fn read_brought(base64: &str) -> Result<Ticket, NoticeFault> {
    let deflated = STANDARD
        .decode(base64)
        .map_err(|_not_base64| BindingFault::Base64)?;
    read(&inflate(
        &deflated,
        Wrapping::of(&deflated),
        MAX_NOTICE_BYTES,
    )?)
}

fn read(xml: &[u8]) -> Result<Ticket, NoticeFault> {
    let document = xml::open(xml, &Limits::MESSAGE)?;
    let root = document.root();
    if !root.is(vocab::SAMLP, "LogoutRequest") {
        return Err(NoticeFault::Shape);
    }
    let index = root.only(vocab::SAMLP, "SessionIndex");
    let text = index
        .ok()
        .flatten()
        .and_then(|index| index.text().ok())
        .ok_or(NoticeFault::Shape)?;
    Ticket::parse(text.trim()).map_err(|_fault| NoticeFault::Shape)
}

/// Where in its sign-out a CAS server has sent the browser away with a notice, and wants it back: the
/// `RelayState` that comes with it, an execution key of Spring Web Flow (`e1s2`, or a sealed flow).
///
/// 1 to [`Self::MAX_CHARS`] of letters, digits and `-_.=+/`. Nobody has proven where it comes from: it goes
/// back to the configured server, encoded, and nowhere else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignOutState(Box<str>);

impl SignOutState {
    /// The longest: a whole flow, sealed and in base64, still fits into an address.
    pub const MAX_CHARS: usize = 4096;

    /// Reads a decoded `RelayState`; none where no server can have written it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=+/".contains(&byte);
        let fits = (1..=Self::MAX_CHARS).contains(&text.len()) && text.bytes().all(is_of_key);
        fits.then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Apereo CAS 6.6 writes it.
    const NOTICE: &str = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
        ID=\"LR-1-a\" Version=\"2.0\" IssueInstant=\"2026-11-26T08:00:00Z\"><saml:NameID \
        xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">zoe</saml:NameID>\
        <samlp:SessionIndex>ST-1-abc-cas01</samlp:SessionIndex></samlp:LogoutRequest>";

    #[test]
    fn r66_what_servers_write_around_the_ticket_does_not_matter() {
        let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{NOTICE}\n");
        let other_prefix = NOTICE
            .replace("samlp:", "p:")
            .replace(":samlp", ":p")
            .replace("ST-1-abc-cas01", "\n  ST-1-abc-cas01\n");
        let (start, rest) = NOTICE.split_once("<saml:NameID").unwrap();
        let (_, rest) = rest.split_once("</saml:NameID>").unwrap();
        let nameless = format!("{start}{rest}");
        for notice in [NOTICE, &declared, &other_prefix, &nameless] {
            let ticket = read_posted(notice).unwrap();
            assert_eq!(ticket.as_str(), "ST-1-abc-cas01", "{notice}");
        }
    }

    #[test]
    fn r66_the_notice_that_apereo_has_a_browser_bring_is_read() {
        // Written by zlib itself, at the level of Java's `Deflater`: as Apereo CAS does, and raw.
        for written in [
            "eJx9kEELgkAQhf+K7H1r9SAx6ELgZcE6qHTotm1DCLprzgrSr29NguoQzOm9x/sek5HuuwFKd3OTr/A+Iflo\
            7jtL8HJyNo0WnKaWwOoeCbyBen8oIdkIGEbnnXEdi1SRs7LiMdcsOuFIrbM5C5HgEE2oLHltfZBEkvI45kna\
            iB0IEe7MZLaw4Bj6VfFB/w/XRDj6AGLy4TDbfnSshQPUSMsSZa84y7pZ5l0MN5pEvOZ/Im/x6x3yCSzcY0k=",
            "fZBBC4JAEIX/iux9a/UgMehC4GXBOqh06LZtQwi6a84K0q9vTYLqEMzpvcf7HpOR7rsBSndzk6/wPiH5aO47\
            S/BycjaNFpymlsDqHgm8gXp/KCHZCBhG551xHYtUkbOy4jHXLDrhSK2zOQuR4BBNqCx5bX2QRJLyOOZJ2ogd\
            CBHuzGS2sOAY+lXxQf8P10Q4+gBi8uEw2350rIUD1EjLEmWvOMu6WeZdDDeaRLzmfyJv8esd8gk=",
        ] {
            assert_eq!(read_brought(written).unwrap().as_str(), "ST-1-abc-cas01");
        }
    }

    #[test]
    fn r66_what_is_not_a_packed_notice_is_refused() {
        for odd in [
            "",
            "%",
            "ST-1",
            NOTICE,
            &STANDARD.encode(NOTICE),
            "eJw=",
            "eJwLSQ==",
        ] {
            assert!(read_brought(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_state_goes_back_where_a_server_can_have_written_it() {
        let long = "a".repeat(SignOutState::MAX_CHARS);
        for key in ["e1s2", "6f1c-9_ZXlKaGJHY2k=.a+b/c==", &long] {
            assert_eq!(SignOutState::parse(key).unwrap().as_str(), key);
        }
        let longer = format!("{long}a");
        for odd in [
            "",
            &longer,
            "e1s2&service=x",
            "e1 s2",
            "e1s2\r\nX: y",
            "\u{e9}",
            "https://evil.example",
            "e1s2#",
            "%2e",
        ] {
            assert_eq!(SignOutState::parse(odd), None, "{odd}");
        }
    }
}
