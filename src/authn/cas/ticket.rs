//! The ticket that a person brings back from the CAS server.

use crate::sys::hmac::sha256;

/// A service ticket (CAS Protocol 3.0 §3.1), not yet asked about.
///
/// Whoever has it may sign in with it, until it is used: no log, page or panic shows it.
/// It holds `ST-` and 1 to [`Self::MAX_CHARS`] visible ASCII characters, none of which could start
/// another parameter in the query of the question about it (R-61; CVE-2014-4172).
#[derive(Clone)]
pub struct Ticket(Box<str>);

/// Why a text is no ticket. The text is not echoed: it may be somebody's ticket all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TicketFault {
    /// A character that a ticket cannot have.
    #[error("a ticket with a character that tickets do not have")]
    Character,
    /// Nothing, or too much, behind `ST-`.
    #[error("a ticket that is empty or longer than 256 characters")]
    Length,
    /// Of another kind, or none. A proxy ticket (`PT-`) says that a service asks in the name of a
    /// person, who may be far away.
    #[error("not a service ticket")]
    OtherKind,
}

impl Ticket {
    /// The most characters behind `ST-`.
    pub const MAX_CHARS: usize = 256;

    const PREFIX: &str = "ST-";

    /// Reads the parameter `ticket`, already decoded.
    ///
    /// # Errors
    ///
    /// It is not a service ticket; the server is not asked about it.
    pub fn parse(text: &str) -> Result<Self, TicketFault> {
        let rest = text
            .strip_prefix(Self::PREFIX)
            .ok_or(TicketFault::OtherKind)?;
        if rest.is_empty() || rest.len() > Self::MAX_CHARS {
            return Err(TicketFault::Length);
        }
        if !rest.bytes().all(is_of_ticket) {
            return Err(TicketFault::Character);
        }
        Ok(Self(text.into()))
    }

    /// The ticket, for the question about it and for nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What marks it as used, and what a log may show of it.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[b"passerelle cas ticket\0", self.0.as_bytes()])
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket")
    }
}

/// Visible ASCII without what parts, ends or escapes the parameters of a query.
const fn is_of_ticket(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !matches!(byte, b'&' | b'#' | b'?' | b'%' | b'+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> TicketFault {
        Ticket::parse(text).unwrap_err()
    }

    #[test]
    fn r61_tickets_of_the_field_are_read_whole() {
        for good in [
            "ST-1856339-aA5Yuvrxzpv8Tau1cYQ7",
            "ST-1-9vXXaYPg2qE3bVbYkGhHhm0cyhI-cas01.univ.example",
            "ST-a",
            "ST-ST-",
            "ST-!\"$'()*,./:;<=>@[\\]^_`{|}~",
        ] {
            assert_eq!(Ticket::parse(good).unwrap().as_str(), good);
        }
        assert!(Ticket::parse(&format!("ST-{}", "x".repeat(256))).is_ok());
    }

    #[test]
    fn r61_a_proxy_ticket_or_one_of_another_kind_is_refused() {
        for other in [
            "",
            "ST",
            "st-1",
            "PT-1",
            "TGT-1",
            "PGT-1",
            "PGTIOU-1",
            "LT-1",
            " ST-1",
            "\u{feff}ST-1",
        ] {
            assert_eq!(fault(other), TicketFault::OtherKind, "{other:?}");
        }
    }

    #[test]
    fn r61_a_ticket_has_1_to_256_characters_behind_its_prefix() {
        assert_eq!(fault("ST-"), TicketFault::Length);
        let long = format!("ST-{}", "x".repeat(257));
        assert_eq!(fault(&long), TicketFault::Length);
    }

    #[test]
    fn r61_a_ticket_that_could_change_the_question_is_refused() {
        for bad in [
            "ST-1&service=https://evil.example",
            "ST-1#",
            "ST-1?x",
            "ST-1%26renew=false",
            "ST-1+2",
            "ST-1 2",
            "ST-1\n",
            "ST-1\r\nHost: evil",
            "ST-\0",
            "ST-\u{7f}",
            "ST-é",
            "ST-\u{ff06}",
        ] {
            assert_eq!(fault(bad), TicketFault::Character, "{bad:?}");
        }
    }

    #[test]
    fn r121_a_ticket_is_not_shown() {
        let ticket = Ticket::parse("ST-secret").unwrap();
        assert_eq!(format!("{ticket:?}"), "Ticket");
        assert!(!format!("{} {0:?}", fault("ST-secret&")).contains("secret"));
    }

    #[test]
    fn the_hash_tells_tickets_apart() {
        let hash = |text| Ticket::parse(text).unwrap().hash();
        assert_eq!(hash("ST-1"), hash("ST-1"));
        assert_ne!(hash("ST-1"), hash("ST-2"));
        assert_ne!(hash("ST-1"), sha256(&[b"ST-1"]));
    }
}
