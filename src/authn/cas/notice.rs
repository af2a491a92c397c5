//! The logout notice of a CAS server: which ticket it names.
//!
//! The server posts it (CAS Protocol 3.0 §2.3.3). Nobody signs it. Whom it comes from is the business of `web`;
//! that the ticket which it names is known to nobody else is all that is believed.

use super::Ticket;
use crate::{
    model::vocab,
    xml::{self, DoorFault, Limits},
};

/// The longest notice, as it is sent.
pub const MAX_NOTICE_BYTES: usize = 16 * 1024;

/// Why a text is no logout notice.
#[derive(Debug, thiserror::Error)]
pub enum NoticeFault {
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
    let document = xml::open(xml.as_bytes(), &Limits::MESSAGE)?;
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
}
