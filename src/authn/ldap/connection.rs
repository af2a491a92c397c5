//! One connection to a directory: opened with TLS or not at all, every question within its time.
//!
//! A connection of which an answer is outstanding is never used again: whoever gives a question up
//! drops the connection with it, and nobody gets another one's answer.

use std::{
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::FutureExt as _;
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchOptions, StdStream,
    asn1::{PL, StructureTag},
    exop::WhoAmI,
    result::ExopResult,
};
use tokio::time::{Instant, timeout_at};

use super::{
    policy::{self, PolicyAnswer},
    reach::{Place, reach},
};
use crate::{model::attribute::Attributes, sys::tls::TlsConnector};

/// The longest value that is kept: longer ones (photographs, certificates) are left out.
const MAX_VALUE: usize = 4096;
/// The most that one record may hold.
const MAX_RECORD: usize = 256 * 1024;
/// The most that a description of all that the server knows may hold.
const MAX_SCHEMA: usize = 4 * 1024 * 1024;
/// What a search is asked for where no attribute is (RFC 4511 §4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";

/// Where a server is, and how its certificate is checked.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// `ldaps://host:port`: TLS has begun, or begins at once, whatever the configuration's way to it.
    pub(super) url: Box<str>,
    pub(super) place: Place,
    pub(super) tls: TlsConnector,
}

/// A connection, in the name of whoever bound on it last.
///
/// What reads and writes it runs only while a question is asked, in the task that asks: no other task
/// has to be woken, which is half of what a question costs. That a server has closed it in between
/// shows at the next question.
pub(super) struct Connection {
    ldap: Ldap,
    driver: Driver,
    opened_at: Instant,
    used_at: Instant,
    /// Whether there may be answers outstanding although what was asked is done with.
    is_spoiled: bool,
}

/// Reads and writes a connection; ends with it.
type Driver = Pin<Box<dyn Future<Output = Result<(), LdapError>> + Send>>;

/// What a search asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    pub(super) base: &'a str,
    pub(super) whole_tree: bool,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [Box<str>],
    /// How many entries matter: those past it are not read.
    pub(super) most: u16,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) dn: String,
    pub(super) attributes: Attributes,
}

/// What a server says of a simple bind.
#[derive(Clone, Copy, Debug)]
pub(super) struct BindAnswer {
    /// The result code (RFC 4511 appendix A).
    pub(super) code: u32,
    pub(super) policy: PolicyAnswer,
    /// How long it took.
    pub(super) took: Duration,
}

/// Why a directory said nothing that can be used: nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum LdapFault {
    /// The connection ended in mid-answer.
    #[error("the connection to the directory broke")]
    Broken(#[source] LdapError),
    /// Too many questions are being asked.
    #[error("too many people at one time")]
    Busy,
    /// The server refused a question.
    #[error("the directory refused {what} with result code {code}")]
    Code {
        /// What was asked.
        what: &'static str,
        /// Its result code.
        code: u32,
    },
    /// The server says that a bind succeeded, and takes whoever bound for nobody.
    #[error("the directory says that a bind succeeded, and takes the person for nobody")]
    Nobody,
    /// A person's record does not say by which name they sign in.
    #[error("the record has no one value of the login-attribute that may be read")]
    NoLogin,
    /// What the server said is not what was asked for.
    #[error("the directory's answer is not one")]
    Malformed,
    /// The server cannot be reached, or is not the one it should be.
    #[error("the directory cannot be reached")]
    NoConnection(#[source] LdapError),
    /// No server has answered for a while: none is asked for the moment.
    #[error("no server of the directory answers")]
    Resting,
    /// Our own account may not bind.
    #[error("the directory refused our own account with result code {code}")]
    Service {
        /// Its result code.
        code: u32,
    },
    /// The answer did not come in time.
    #[error("the directory did not answer in time")]
    TimeOut,
    /// A record is larger than any person's.
    #[error("a record of the directory is larger than 256 KiB")]
    TooLarge,
}

impl LdapFault {
    /// Whether the server itself is out of order. What is odd about one person's record, or about
    /// what somebody typed, rests no server: it would shut all others out.
    pub(super) const fn is_of_the_server(&self) -> bool {
        match self {
            // operationsError, busy, unavailable, other.
            Self::Code { code, .. } => matches!(code, 1 | 51 | 52 | 80),
            Self::Broken(_)
            | Self::Nobody
            | Self::Malformed
            | Self::NoConnection(_)
            | Self::Service { .. }
            | Self::TimeOut => true,
            Self::Busy | Self::NoLogin | Self::Resting | Self::TooLarge => false,
        }
    }
}

impl LdapFault {
    /// Whether the directory does not answer, for whomever.
    pub const fn is_down(&self) -> bool {
        matches!(
            self,
            Self::Broken(_) | Self::NoConnection(_) | Self::Resting | Self::TimeOut
        )
    }

    /// Whether nothing was sent: no password can have been judged.
    pub const fn was_before_all(&self) -> bool {
        matches!(self, Self::Busy | Self::NoConnection(_) | Self::Resting)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    /// Opens a connection; a plain one is never spoken on: `StartTLS` comes before all else.
    pub(super) async fn open(address: &Address, deadline: Instant) -> Result<Self, LdapFault> {
        let opening = async {
            let stream = reach(&address.place).await?;
            let settings = LdapConnSettings::new()
                .set_connector(address.tls.clone())
                .set_std_stream(StdStream::Tcp(stream));
            LdapConnAsync::with_settings(settings, &address.url)
                .await
                .map_err(LdapFault::NoConnection)
        };
        let (connection, ldap) = within(deadline, opening).await??;
        let now = Instant::now();
        Ok(Self {
            ldap,
            driver: Box::pin(connection.drive()),
            opened_at: now,
            used_at: now,
            is_spoiled: false,
        })
    }

    /// Whether it may be used again after `idle` of silence and `life` in all.
    pub(super) fn is_young(&self, idle: Duration, life: Duration) -> bool {
        !self.is_spoiled && self.used_at.elapsed() < idle && self.opened_at.elapsed() < life
    }

    /// Binds by name and password, which must not be empty: many servers take that for nobody's,
    /// and say that it succeeded (RFC 4513 §5.1.2).
    pub(super) async fn bind(
        &mut self,
        dn: &str,
        password: &str,
        deadline: Instant,
    ) -> Result<BindAnswer, LdapFault> {
        if dn.is_empty() || password.is_empty() {
            return Err(LdapFault::Nobody);
        }
        let start = Instant::now();
        let bind = self
            .ldap
            .with_controls(policy::request())
            .simple_bind(dn, password);
        let result = driven(&mut self.driver, deadline, bind).await?;
        let result = result.map_err(LdapFault::Broken)?;
        let took = start.elapsed();
        self.used_at = Instant::now();
        let controls = result.ctrls.iter().map(|control| {
            let raw = &control.1;
            (raw.ctype.as_str(), raw.val.as_deref())
        });
        Ok(BindAnswer {
            code: result.rc,
            policy: policy::read(controls),
            took,
        })
    }

    /// Asks for whom the server takes us (RFC 4532): none where it does not know the question.
    pub(super) async fn who_am_i(
        &mut self,
        deadline: Instant,
    ) -> Result<Option<String>, LdapFault> {
        let asked = driven(&mut self.driver, deadline, self.ldap.extended(WhoAmI)).await?;
        let ExopResult(answer, result) = asked.map_err(LdapFault::Broken)?;
        self.used_at = Instant::now();
        if result.rc != 0 {
            return Ok(None);
        }
        String::from_utf8(answer.val.unwrap_or_default())
            .map(Some)
            .map_err(|_not_text| LdapFault::Malformed)
    }

    /// Searches. Referrals are not followed.
    pub(super) async fn search(
        &mut self,
        search: Search<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        let reading = read(&mut self.ldap, search, MAX_RECORD);
        let (found, is_whole) = driven(&mut self.driver, deadline, reading).await??;
        self.used_at = Instant::now();
        self.is_spoiled = !is_whole;
        Ok(found)
    }

    /// Reads what is larger than any person's record: the server's schema.
    pub(super) async fn read_large(
        &mut self,
        search: Search<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        let work = read(&mut self.ldap, search, MAX_SCHEMA);
        let (found, is_whole) = driven(&mut self.driver, deadline, work).await??;
        self.is_spoiled = !is_whole;
        Ok(found)
    }
}

/// The entries, at most as many as matter, and whether the answer was read to its end.
async fn read(
    ldap: &mut Ldap,
    search: Search<'_>,
    max_record: usize,
) -> Result<(Vec<Entry>, bool), LdapFault> {
    let none = [NO_ATTRIBUTES];
    let attributes: Vec<&str> = search.attributes.iter().map(|name| &**name).collect();
    let attributes: &[&str] = if attributes.is_empty() {
        &none
    } else {
        &attributes
    };
    let scope = if search.whole_tree {
        Scope::Subtree
    } else {
        Scope::Base
    };
    let options = SearchOptions::new().sizelimit(search.most.into());
    let mut stream = ldap
        .with_search_options(options)
        .streaming_search(search.base, scope, search.filter, attributes)
        .await
        .map_err(LdapFault::Broken)?;
    let mut entries = Vec::new();
    while let Some(item) = stream.next().await.map_err(LdapFault::Broken)? {
        if item.is_ref() || item.is_intermediate() {
            continue;
        }
        if entries.len() >= search.most.into() {
            // A server that knows no limit goes on.
            return Ok((entries, false));
        }
        entries.push(read_entry(item.0, max_record)?);
    }
    match stream.finish().await.rc {
        0 => Ok((entries, true)),
        // There are more than matter: not where a limit of the server's own hid some that do.
        4 if entries.len() >= search.most.into() => Ok((entries, true)),
        code => Err(LdapFault::Code {
            what: "a search",
            code,
        }),
    }
}

/// What comes of `work` until `deadline`. The library breaks down at some answers that no server
/// should give: that is an answer that is none, and no more.
async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, LdapFault> {
    timeout_at(deadline, AssertUnwindSafe(work).catch_unwind())
        .await
        .map_err(|_elapsed| LdapFault::TimeOut)?
        .map_err(|_panic| LdapFault::Malformed)
}

/// What comes of `work`, while `driver` reads and writes.
async fn driven<T>(
    driver: &mut Driver,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, LdapFault> {
    let both = async {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => Ok(done),
            // The last answer may have come with the end.
            ended = driver => work.now_or_never().ok_or_else(|| {
                LdapFault::Broken(ended.err().unwrap_or(LdapError::EndOfStream))
            }),
        }
    };
    within(deadline, both).await?
}

/// `SearchResultEntry ::= [APPLICATION 4] SEQUENCE { objectName LDAPDN, attributes SEQUENCE OF
/// PartialAttribute }` (RFC 4511 §4.5.2), by our own hand: the library's breaks down at what is not
/// in that shape.
fn read_entry(tag: StructureTag, max_record: usize) -> Result<Entry, LdapFault> {
    let mut size = 0;
    let mut parts = children(tag)?.into_iter();
    let (Some(name), Some(list), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(LdapFault::Malformed);
    };
    let dn = text(name)?;
    let mut attributes = Attributes::new();
    for attribute in children(list)? {
        let mut parts = children(attribute)?.into_iter();
        let (Some(description), Some(set), None) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(LdapFault::Malformed);
        };
        let description = text(description)?;
        let mut values = Vec::new();
        for value in children(set)? {
            let PL::P(bytes) = value.payload else {
                return Err(LdapFault::Malformed);
            };
            size += bytes.len() + description.len();
            if size > max_record {
                return Err(LdapFault::TooLarge);
            }
            if bytes.len() <= MAX_VALUE {
                values.push(as_text(bytes, &description));
            }
        }
        attributes.add(&name_of(&description), values);
    }
    Ok(Entry { dn, attributes })
}

fn children(tag: StructureTag) -> Result<Vec<StructureTag>, LdapFault> {
    match tag.payload {
        PL::C(children) => Ok(children),
        PL::P(_) => Err(LdapFault::Malformed),
    }
}

fn text(tag: StructureTag) -> Result<String, LdapFault> {
    match tag.payload {
        PL::P(bytes) => String::from_utf8(bytes).map_err(|_not_utf8| LdapFault::Malformed),
        PL::C(_) => Err(LdapFault::Malformed),
    }
}

/// A value as text; one that is none in base64.
fn as_text(bytes: Vec<u8>, description: &str) -> String {
    let is_binary = description
        .split(';')
        .skip(1)
        .any(|option| option.eq_ignore_ascii_case("binary"));
    match String::from_utf8(bytes) {
        Ok(text) if !is_binary => text,
        Ok(text) => STANDARD.encode(text),
        Err(error) => STANDARD.encode(error.into_bytes()),
    }
}

/// The name under which rules know an attribute: `displayName;lang-fr` is `displayName_lang_fr`,
/// which an expression can name. How a value was transferred is no part of it.
pub(super) fn name_of(description: &str) -> String {
    let options = description.split(';');
    let kept: Vec<_> = options
        .filter(|option| !option.eq_ignore_ascii_case("binary"))
        .collect();
    kept.join("_").replace('-', "_")
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;

    use super::*;

    fn read_entry(tag: StructureTag) -> Result<Entry, LdapFault> {
        super::read_entry(tag, MAX_RECORD)
    }

    fn text(text: &[u8]) -> StructureTag {
        tag(PL::P(text.to_vec()))
    }

    fn tag(payload: PL) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload,
        }
    }

    fn attribute(description: &str, values: &[&[u8]]) -> StructureTag {
        let values = values.iter().map(|value| text(value)).collect();
        tag(PL::C(vec![
            text(description.as_bytes()),
            tag(PL::C(values)),
        ]))
    }

    fn entry(attributes: Vec<StructureTag>) -> StructureTag {
        tag(PL::C(vec![text(b"uid=a,dc=x"), tag(PL::C(attributes))]))
    }

    #[test]
    fn options_are_part_of_a_name_that_rules_can_write_and_what_is_no_text_is_base64() {
        let long = [b'x'; MAX_VALUE + 1];
        let entry = read_entry(entry(vec![
            attribute("displayName;lang-fr", &["Zoé".as_bytes()]),
            attribute("displayName", &[b"Zoe"]),
            attribute("userCertificate;binary", &[b"0\x82"]),
            attribute("jpegPhoto", &[b"\xff\xd8", &long]),
            attribute("memberOf", &[b"cn=a", b"cn=b"]),
        ]));
        let attributes = entry.unwrap().attributes;
        let all: Vec<_> = attributes
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join("|")))
            .collect();
        assert_eq!(
            all,
            [
                "displayname=Zoe",
                "displayname_lang_fr=Zoé",
                "jpegphoto=/9g=",
                "memberof=cn=a|cn=b",
                "usercertificate=MII="
            ]
        );
    }

    #[test]
    fn what_is_no_entry_is_refused_and_so_is_one_without_end() {
        for broken in [
            text(b"x"),
            tag(PL::C(vec![])),
            tag(PL::C(vec![text(b"\xff"), tag(PL::C(vec![]))])),
            entry(vec![text(b"x")]),
            entry(vec![tag(PL::C(vec![text(b"a"), text(b"b")]))]),
            entry(vec![tag(PL::C(vec![
                text(b"a"),
                tag(PL::C(vec![tag(PL::C(vec![]))])),
            ]))]),
        ] {
            assert!(matches!(read_entry(broken), Err(LdapFault::Malformed)));
        }
        let value = [b'x'; 4096];
        let many: Vec<&[u8]> = vec![&value; 65];
        let huge = read_entry(entry(vec![attribute("a", &many)]));
        assert!(matches!(huge, Err(LdapFault::TooLarge)));
    }
}
