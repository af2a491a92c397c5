//! Reads what a CAS server says of a ticket.
//!
//! Owns the grammar of CAS Protocol 3.0 §2.4, §2.5 and §2.8, held strictly (R-62): one verdict and
//! one user, or nothing is known. Reads no clock and makes no HTTP. Names and values of attributes
//! are the server's: the filter of what is released comes later, as for any source (R-68).

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{
    config::sections::CasProtocol,
    model::attribute::{Attributes, MAX_VALUE_CHARS},
    xml::{self, DoorFault, Element, Limits, ShapeFault, text::is_xml_space},
};

/// The one namespace of CAS.
const CAS: &str = "http://www.yale.edu/tp/cas";

/// The longest answer, of every protocol.
const MAX_BYTES: usize = Limits::MESSAGE.bytes;
/// The longest XML declaration that is looked at for a charset.
const MAX_DECLARATION_BYTES: usize = 200;
const MAX_USER_CHARS: usize = 256;
const MAX_CODE_CHARS: usize = 64;
const MAX_ATTRIBUTES: usize = 200;
const MAX_VALUES: usize = 1000;
const MAX_NAME_CHARS: usize = 128;

/// What the server says.
#[derive(Debug, Eq, PartialEq)]
pub enum Answer {
    /// It vouches for a person.
    Success(Success),
    /// It does not.
    Failure {
        /// The word for it, such as `INVALID_TICKET`; `UNKNOWN` where there is no such word. The
        /// sentence beside it is not kept: some servers put the address of another service there.
        code: Box<str>,
    },
}

/// For whom the server vouches.
#[derive(Debug, Eq, PartialEq)]
pub struct Success {
    /// The name they signed in with: 1 to 256 characters, none of them a control character.
    pub user: Box<str>,
    /// What the server says of them, every value once; without those that are empty or longer than
    /// [`MAX_VALUE_CHARS`].
    pub attributes: Attributes,
    /// Whether they signed in for this ticket; none where the server does not say it, or says both.
    pub is_from_new_login: Option<bool>,
    /// When they signed in; none where the server does not say it clearly.
    pub authenticated_at: Option<Timestamp>,
}

/// Why an answer says nothing. The server is at fault; nothing is echoed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerFault {
    /// An element inside the value of an attribute, as after an injection.
    #[error("an attribute with an element inside its value")]
    AttributeMarkup,
    /// A name of an attribute that is empty, too long or has a control character.
    #[error("an attribute whose name is empty, longer than 128 characters or not a text")]
    AttributeName,
    /// A charset other than UTF-8, ISO-8859-1, windows-1252 and US-ASCII, or bytes that it does
    /// not have.
    #[error("a charset that is not read, or bytes that are not of it")]
    Charset,
    /// Not XML that may come in: an error page, JSON, a DTD, and the like.
    #[error("not XML that may come in")]
    Door(#[from] DoorFault),
    /// Protocol 1: neither `yes` with a user nor `no`.
    #[error("neither `yes` with a user nor `no`")]
    NeitherYesNorNo,
    /// No user in a success.
    #[error("a success without a user")]
    NoUser,
    /// XML of another kind.
    #[error("XML that is not an answer of CAS")]
    OtherRoot,
    /// A success for a proxy: a service that asks in the name of a person (R-67).
    #[error("a success that went through proxies")]
    Proxied,
    /// More than one user in a success.
    #[error("a success with more than one user")]
    SeveralUsers,
    /// It would cost more than it may.
    #[error("longer than 256 KiB")]
    TooLong,
    /// More attributes or values than anybody has.
    #[error("more than 200 attributes or 1000 values")]
    TooManyAttributes,
    /// A user that is empty, too long or has a control character.
    #[error("a user that is empty, longer than 256 characters or not a text")]
    User,
    /// An element inside the user.
    #[error("a user with an element inside")]
    UserMarkup,
    /// No success and no failure, more than one of them, or something beside it.
    #[error("not one success or one failure and nothing else")]
    Verdict,
}

/// Reads the body of an answer to a question about one ticket.
///
/// # Errors
///
/// Nothing is known about the ticket, and nobody is signed in.
pub fn read(body: &[u8], protocol: CasProtocol) -> Result<Answer, AnswerFault> {
    if body.len() > MAX_BYTES {
        return Err(AnswerFault::TooLong);
    }
    match protocol {
        CasProtocol::One => read_lines(body),
        CasProtocol::Two | CasProtocol::Three => read_xml(body),
    }
}

/// Reads an answer of protocol 1 (CAS Protocol 3.0 §2.4.2): exact to the last line feed, because
/// a name with a line feed in it could otherwise make two lines of one.
fn read_lines(body: &[u8]) -> Result<Answer, AnswerFault> {
    if matches!(body, b"no\n" | b"no\n\n") {
        return Ok(failure("INVALID_TICKET"));
    }
    let user = std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.strip_prefix("yes\n")?.strip_suffix('\n'))
        .ok_or(AnswerFault::NeitherYesNorNo)?;
    if user.starts_with(is_xml_space) || user.ends_with(is_xml_space) {
        return Err(AnswerFault::User);
    }
    Ok(Answer::Success(Success {
        user: parse_user(user)?,
        attributes: Attributes::new(),
        is_from_new_login: None,
        authenticated_at: None,
    }))
}

fn read_xml(body: &[u8]) -> Result<Answer, AnswerFault> {
    let body = to_utf8(body)?;
    // These bounds fit, and so does their refusal of comments: no server writes one, and one
    // inside the user is what CVE-2017-11427 was about.
    let document = xml::open(&body, &Limits::MESSAGE)?;
    let root = document.root();
    if !root.is(CAS, "serviceResponse") {
        return Err(AnswerFault::OtherRoot);
    }
    let mut children = root.children();
    let (Some(verdict), None) = (children.next(), children.next()) else {
        return Err(AnswerFault::Verdict);
    };
    // A verdict inside a verdict is what an injection looks like: another reader, which searches
    // for a name, would read that one.
    let verdicts = root.descendants().filter(is_frame).count();
    if verdicts != 2 || root.has_own_text() {
        return Err(AnswerFault::Verdict);
    }
    if verdict.is(CAS, "authenticationSuccess") {
        Ok(Answer::Success(read_success(verdict)?))
    } else if verdict.is(CAS, "authenticationFailure") {
        Ok(read_failure(verdict))
    } else {
        Err(AnswerFault::Verdict)
    }
}

/// Whether this is one of the elements that an answer has once in all.
fn is_frame(element: &Element<'_, '_>) -> bool {
    element.namespace() == CAS
        && matches!(
            element.local_name(),
            "serviceResponse" | "authenticationSuccess" | "authenticationFailure"
        )
}

fn read_failure(element: Element<'_, '_>) -> Answer {
    let is_code = |code: &&str| {
        (1..=MAX_CODE_CHARS).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    failure(
        element
            .attribute("code")
            .filter(is_code)
            .unwrap_or("UNKNOWN"),
    )
}

fn failure(code: &str) -> Answer {
    Answer::Failure { code: code.into() }
}

fn read_success(success: Element<'_, '_>) -> Result<Success, AnswerFault> {
    let user = match success.only(CAS, "user") {
        Ok(Some(user)) => user.text(),
        Ok(None) => return Err(AnswerFault::NoUser),
        Err(_) => return Err(AnswerFault::SeveralUsers),
    };
    let user = match user {
        Ok(text) => parse_user(text.trim_matches(is_xml_space))?,
        Err(_) => return Err(AnswerFault::UserMarkup),
    };
    let stated = read_attributes(success)?;
    Ok(Success {
        user,
        is_from_new_login: stated.only("isFromNewLogin").and_then(|value| match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }),
        authenticated_at: stated
            .only("authenticationDate")
            .and_then(|value| value.parse().ok()),
        attributes: stated.attributes()?,
    })
}

fn parse_user(text: &str) -> Result<Box<str>, AnswerFault> {
    if text.is_empty()
        || text.chars().count() > MAX_USER_CHARS
        || text.chars().any(char::is_control)
    {
        return Err(AnswerFault::User);
    }
    Ok(text.into())
}

/// Reads the attributes of a success, in the three ways of the field:
///
/// ```text
/// <cas:attributes><cas:mail>a@univ.example</cas:mail></cas:attributes>
/// <cas:attribute name="mail" value="a@univ.example"/>
/// <cas:mail>a@univ.example</cas:mail>
/// ```
///
/// The second stands in `cas:attributes` or beside it, the third beside it. Only elements of CAS
/// and those without a namespace count (`RubyCAS` writes those).
fn read_attributes<'t>(success: Element<'t, '_>) -> Result<Stated<'t>, AnswerFault> {
    let mut stated = Stated::default();
    for child in success.children().filter(is_known) {
        match child.local_name() {
            "user" | "proxyGrantingTicket" => {}
            "proxies" => {
                if child.has_own_text() || child.children().next().is_some() {
                    return Err(AnswerFault::Proxied);
                }
            }
            "attributes" => {
                for attribute in child.children().filter(is_known) {
                    stated.element(attribute)?;
                }
            }
            // Elements inside and no text: not an attribute but something else that is unknown.
            _ if child.children().next().is_some() && !child.has_own_text() => {}
            _ => stated.element(child)?,
        }
    }
    Ok(stated)
}

fn is_known(element: &Element<'_, '_>) -> bool {
    matches!(element.namespace(), CAS | "")
}

/// What a server states of a person: names as it writes them, and each pair once, because
/// `django-cas-server` says everything in two ways.
#[derive(Default)]
struct Stated<'t>(Vec<(&'t str, String)>);

impl<'t> Stated<'t> {
    fn element(&mut self, element: Element<'t, '_>) -> Result<(), AnswerFault> {
        let text = match element.text() {
            Ok(text) => text,
            Err(ShapeFault::NotText | ShapeFault::Repeated) => {
                return Err(AnswerFault::AttributeMarkup);
            }
        };
        if element.local_name() != "attribute" {
            return self.add(element.local_name(), &text);
        }
        match (element.attribute("name"), element.attribute("value")) {
            (Some(name), Some(value)) => self.add(name, value),
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn add(&mut self, name: &'t str, value: &str) -> Result<(), AnswerFault> {
        if name.is_empty()
            || name.chars().count() > MAX_NAME_CHARS
            || name.chars().any(char::is_control)
        {
            return Err(AnswerFault::AttributeName);
        }
        let value = value.trim_matches(is_xml_space);
        // No provider could be told it (saml2int SDP-G02), and a long group or a photo must not shut
        // anybody out.
        if value.chars().count() > MAX_VALUE_CHARS {
            return Ok(());
        }
        let is_new = !self.0.iter().any(|(n, v)| *n == name && v == value);
        if !value.is_empty() && is_new {
            if self.0.len() == MAX_VALUES {
                return Err(AnswerFault::TooManyAttributes);
            }
            self.0.push((name, value.to_owned()));
        }
        Ok(())
    }

    /// The value of `name`, case and all, where there is exactly one: two that differ prove
    /// nothing.
    fn only(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(n, _)| *n == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            (_, _) => None,
        }
    }

    fn attributes(self) -> Result<Attributes, AnswerFault> {
        let mut attributes = Attributes::new();
        for (name, value) in self.0 {
            // Names that differ only in case become one here.
            if !attributes.values(name).contains(&value) {
                attributes.add(name, [value]);
            }
        }
        if attributes.iter().count() > MAX_ATTRIBUTES {
            return Err(AnswerFault::TooManyAttributes);
        }
        Ok(attributes)
    }
}

/// The same document in UTF-8, where its declaration names another charset that old servers write.
///
/// The declaration stays and names UTF-8 then, so that the door still checks the rest of it.
fn to_utf8(body: &[u8]) -> Result<Cow<'_, [u8]>, AnswerFault> {
    let Some((head, charset, tail)) = declared_charset(body) else {
        return Ok(Cow::Borrowed(body));
    };
    let lowest = match charset.to_ascii_lowercase().as_str() {
        "utf-8" => return Ok(Cow::Borrowed(body)),
        "iso-8859-1" => '\u{80}',
        // Its 0x80 to 0x9F are other characters, which its readers do not agree on.
        "windows-1252" => '\u{a0}',
        "us-ascii" => '\u{100}',
        _ => return Err(AnswerFault::Charset),
    };
    let mut text = format!("{head}UTF-8");
    for c in tail.iter().copied().map(char::from) {
        if !c.is_ascii() && c < lowest {
            return Err(AnswerFault::Charset);
        }
        text.push(c);
    }
    Ok(Cow::Owned(text.into_bytes()))
}

/// The document around the name of the charset in its declaration; none where none is declared.
///
/// May take for a declaration what is none: the door looks again.
fn declared_charset(body: &[u8]) -> Option<(&str, &str, &[u8])> {
    let start = body.get(..MAX_DECLARATION_BYTES).unwrap_or(body);
    // All that is before a first byte beyond ASCII.
    let ascii = start.split(|b| !b.is_ascii()).next()?;
    let text = std::str::from_utf8(ascii).ok()?;
    let (declaration, _) = text.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start_matches(is_xml_space).strip_prefix('=')?;
    let rest = rest.trim_start_matches(is_xml_space);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (charset, _) = rest.strip_prefix(quote)?.split_once(quote)?;
    // `rest` is the end of `declaration`, which begins behind `<?xml`.
    let at = "<?xml".len() + declaration.len() - rest.len() + 1;
    let head = text.get(..at)?;
    let tail = body.get(at + charset.len()..)?;
    Some((head, charset, tail))
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
