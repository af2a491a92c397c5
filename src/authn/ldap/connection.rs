//! One connection to a directory: opened with TLS or not at all, every question within its time.
//!
//! One question is asked at a time, and answered in the task that asks: no other has to be woken. A
//! connection of which an answer is outstanding is never used again: whoever gives a question up
//! drops the connection with it, and nobody gets another one's answer.

use std::{borrow::Cow, io, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::FutureExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

use super::{
    ber::{NotBer, OCTET_STRING, Unread, read_message},
    message::{self, EntryParts, Message, Operation, Search},
    policy::{self, PolicyAnswer},
    reach::{Place, reach},
};
use crate::{
    authn::servers::ServerFault,
    model::attribute::Attributes,
    sys::{
        network::{Network, Stream},
        open_files,
        tls::{self, TlsConnector},
    },
};

/// The longest value that is kept: longer ones (photographs, certificates) are left out.
const MAX_VALUE: usize = 4096;
/// The longest message that is read, and with it the largest record.
const MAX_RECORD: usize = 256 * 1024;
/// The same where the server describes all that it knows.
const MAX_SCHEMA: usize = 4 * 1024 * 1024;
/// How many messages that hold no entry are passed over in one search.
const MOST_ASIDE: usize = 100;

/// Where a server is, and how it is reached.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) way: Way,
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// By what was given in the place of the machine's network.
    Given(Arc<dyn Network>),
    /// By TLS, with this to check its certificate.
    Tls(TlsConnector),
}

/// A connection, in the name of whoever bound on it last.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// That of the last question.
    message_id: u32,
    opened_at: Instant,
    used_at: Instant,
    /// Whether there may be answers outstanding although what was asked is done with.
    is_spoiled: bool,
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
    Broken(#[source] io::Error),
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
    /// A record is not written as records are: it is one person's, and others are in order.
    #[error("a record of the directory is not one")]
    OddRecord,
    /// The server cannot judge a person's password, now or at all; it may judge others'.
    #[error("the directory did not judge a password, with result code {code}")]
    Unjudged {
        /// Its result code.
        code: u32,
    },
    /// What the server said is not what was asked for.
    #[error("the directory's answer is not one")]
    Malformed,
    /// No server was asked what was to be asked: no more files may be open here. It may be in order.
    #[error("the directory was not asked: no more files may be open here")]
    NoFile {
        /// What the system says.
        #[source]
        cause: io::Error,
        /// Whether something of a person's was sent before, on another connection.
        after_question: bool,
    },
    /// The server cannot be reached.
    #[error("the directory cannot be reached")]
    NoConnection(#[source] io::Error),
    /// The server does not prove that it is the one it should be, or speaks no TLS.
    #[error("the directory does not prove its name")]
    NoTls(#[source] io::Error),
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
            | Self::NoTls(_)
            | Self::Service { .. }
            | Self::TimeOut => true,
            Self::Busy
            | Self::NoFile { .. }
            | Self::NoLogin
            | Self::OddRecord
            | Self::Resting
            | Self::TooLarge
            | Self::Unjudged { .. } => false,
        }
    }
}

impl LdapFault {
    /// Of two that came one after the other, the one that tells more of what may have been done: the
    /// later one, unless before it more was sent.
    pub(super) fn or(self, later: Self) -> Self {
        if !later.was_before_all() || self.was_before_all() {
            return later;
        }
        // That no server was asked again is a fault of ours, whatever came before it.
        if let Self::NoFile { cause, .. } = later {
            return Self::NoFile {
                cause,
                after_question: true,
            };
        }
        self
    }

    /// Why a connection was not opened.
    pub(super) fn not_opened(cause: io::Error) -> Self {
        if open_files::are_exhausted(&cause) {
            Self::NoFile {
                cause,
                after_question: false,
            }
        } else {
            Self::NoConnection(cause)
        }
    }

    /// Whether no server was asked, for want of a file: a fault of ours, and of no server.
    pub const fn is_want_of_a_file(&self) -> bool {
        matches!(self, Self::NoFile { .. })
    }

    /// Whether the directory does not answer, for whomever.
    pub const fn is_down(&self) -> bool {
        matches!(
            self,
            Self::Broken(_)
                | Self::NoConnection(_)
                | Self::NoTls(_)
                | Self::Resting
                | Self::TimeOut
        )
    }

    /// Whether nothing of a person's was sent: no password can have been judged.
    pub const fn was_before_all(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::NoConnection(_)
                | Self::NoFile {
                    after_question: false,
                    ..
                }
                | Self::NoTls(_)
                | Self::Resting
                | Self::Service { .. }
        )
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl ServerFault for LdapFault {
    const KINDS: &'static [&'static str] = &[
        "broken",
        "refused",
        "timeout",
        "unreachable",
        "untrusted",
        "unusable",
    ];

    fn kind(&self) -> &'static str {
        match self {
            Self::Broken(_) => "broken",
            Self::Busy => "busy",
            Self::Code { .. } | Self::Service { .. } | Self::Unjudged { .. } => "refused",
            Self::Nobody | Self::NoLogin | Self::OddRecord | Self::Malformed | Self::TooLarge => {
                "unusable"
            }
            Self::NoConnection(_) => "unreachable",
            Self::NoFile { .. } => "no-file",
            Self::NoTls(_) => "untrusted",
            Self::Resting => "resting",
            Self::TimeOut => "timeout",
        }
    }
}

impl From<NotBer> for LdapFault {
    fn from(_: NotBer) -> Self {
        Self::Malformed
    }
}

impl From<Unread> for LdapFault {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Broken(error) => Self::Broken(error),
            Unread::NotBer(_) => Self::Malformed,
            Unread::TooLong => Self::TooLarge,
        }
    }
}

impl Connection {
    /// Opens a connection; a plain one is never spoken on: `StartTLS` comes before all else.
    pub(super) async fn open(address: &Address, deadline: Instant) -> Result<Self, LdapFault> {
        let Address { place, way } = address;
        let opening = async {
            match way {
                Way::Tls(tls) => {
                    let stream = reach(place).await?;
                    let stream = tls::begin(tls, place.host(), stream).await;
                    let stream = stream.map_err(LdapFault::NoTls)?;
                    Ok(Box::new(stream) as Box<dyn Stream>)
                }
                Way::Given(network) => network
                    .connect(place.host(), place.port)
                    .await
                    .map_err(LdapFault::not_opened),
            }
        };
        let stream = within(deadline, opening).await?;
        let now = Instant::now();
        Ok(Self {
            stream,
            message_id: 0,
            opened_at: now,
            used_at: now,
            is_spoiled: false,
        })
    }

    /// Whether it may be used again after `idle` of silence and `life` in all.
    pub(super) fn is_young(&self, idle: Duration, life: Duration) -> bool {
        !self.is_spoiled && self.used_at.elapsed() < idle && self.opened_at.elapsed() < life
    }

    /// Whether the server has said nothing since it was answered last: neither that it closes, nor
    /// what would be taken for the next answer.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.stream.read_u8().now_or_never().is_none()
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
        let question = message::bind(self.next_id(), dn, password);
        let answer = within(deadline, async {
            self.write(&question).await?;
            self.read(MAX_RECORD).await
        });
        let answer = answer.await?;
        let took = start.elapsed();
        let message = self.answered(&answer)?;
        let Operation::Bind(code) = message.operation else {
            return Err(LdapFault::Malformed);
        };
        Ok(BindAnswer {
            code,
            policy: policy::read(message.controls()?.into_iter()),
            took,
        })
    }

    /// Asks for whom the server takes us (RFC 4532): none where it does not know the question.
    pub(super) async fn who_am_i(
        &mut self,
        deadline: Instant,
    ) -> Result<Option<String>, LdapFault> {
        let question = message::who_am_i(self.next_id());
        let answer = within(deadline, async {
            self.write(&question).await?;
            self.read(MAX_RECORD).await
        });
        let answer = answer.await?;
        let Operation::Extended { code, value } = self.answered(&answer)?.operation else {
            return Err(LdapFault::Malformed);
        };
        if code != 0 {
            return Ok(None);
        }
        String::from_utf8(value.unwrap_or_default().to_vec())
            .map(Some)
            .map_err(|_not_text| LdapFault::Malformed)
    }

    /// Searches. Referrals are not followed.
    pub(super) async fn search(
        &mut self,
        search: Search<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        within(deadline, self.find(search, MAX_RECORD)).await
    }

    /// Reads what is larger than any person's record: the server's schema.
    pub(super) async fn read_large(
        &mut self,
        search: Search<'_>,
        deadline: Instant,
    ) -> Result<Vec<Entry>, LdapFault> {
        within(deadline, self.find(search, MAX_SCHEMA)).await
    }

    /// The entries, at most as many as matter.
    async fn find(
        &mut self,
        search: Search<'_>,
        max_record: usize,
    ) -> Result<Vec<Entry>, LdapFault> {
        let question = message::search(self.next_id(), search)?;
        self.write(&question).await?;
        let mut entries = Vec::new();
        let mut aside = 0;
        loop {
            let answer = self.read(max_record).await?;
            match self.answered(&answer)?.operation {
                Operation::Entry(_) if entries.len() >= search.most.into() => {
                    // A server that knows no limit goes on.
                    self.is_spoiled = true;
                    return Ok(entries);
                }
                Operation::Entry(parts) => {
                    let entry = read_entry(parts);
                    entries.push(entry.map_err(|NotBer| LdapFault::OddRecord)?);
                }
                Operation::Aside if aside < MOST_ASIDE => aside += 1,
                Operation::Done(0) => return Ok(entries),
                // There are more than matter: not where a limit of the server's own hid some that do.
                Operation::Done(4) if entries.len() >= search.most.into() => return Ok(entries),
                Operation::Done(code) => {
                    return Err(LdapFault::Code {
                        what: "a search",
                        code,
                    });
                }
                Operation::Aside | Operation::Bind(_) | Operation::Extended { .. } => {
                    return Err(LdapFault::Malformed);
                }
            }
        }
    }

    /// The number of the next question.
    const fn next_id(&mut self) -> u32 {
        self.message_id += 1;
        self.message_id
    }

    async fn write(&mut self, question: &[u8]) -> Result<(), LdapFault> {
        let writing = async {
            self.stream.write_all(question).await?;
            self.stream.flush().await
        };
        writing.await.map_err(LdapFault::Broken)
    }

    async fn read(&mut self, most: usize) -> Result<Vec<u8>, LdapFault> {
        Ok(read_message(&mut self.stream, most).await?)
    }

    /// What was answered to the last question.
    fn answered<'m>(&mut self, content: &'m [u8]) -> Result<Message<'m>, LdapFault> {
        let message = Message::read(content)?;
        if message.id == 0 {
            // The one notice that servers give unasked says that they close (RFC 4511 §4.4.1).
            return Err(LdapFault::Broken(io::ErrorKind::ConnectionAborted.into()));
        }
        if message.id != self.message_id {
            return Err(LdapFault::Malformed);
        }
        self.used_at = Instant::now();
        Ok(message)
    }
}

/// What comes of `work` until `deadline`.
async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, LdapFault>>,
) -> Result<T, LdapFault> {
    timeout_at(deadline, work)
        .await
        .unwrap_or(Err(LdapFault::TimeOut))
}

fn read_entry(parts: EntryParts<'_>) -> Result<Entry, NotBer> {
    let (dn, mut list) = parts.read()?;
    let mut attributes = Attributes::new();
    while let Some((description, mut set)) = list.next_attribute()? {
        let mut values = Vec::new();
        while let Some((tag, value)) = set.next()? {
            if tag != OCTET_STRING {
                return Err(NotBer);
            }
            if value.len() <= MAX_VALUE {
                values.push(as_text(value, description));
            }
        }
        attributes.add(&name_of(description), values);
    }
    Ok(Entry {
        dn: dn.to_owned(),
        attributes,
    })
}

/// A value as text; one that is none in base64.
fn as_text(value: &[u8], description: &str) -> String {
    let is_binary = description
        .split(';')
        .skip(1)
        .any(|option| option.eq_ignore_ascii_case("binary"));
    match str::from_utf8(value) {
        Ok(text) if !is_binary => text.to_owned(),
        Ok(_) | Err(_) => STANDARD.encode(value),
    }
}

/// The name under which rules know an attribute: `displayName;lang-fr` is `displayName_lang_fr`,
/// which an expression can name. How a value was transferred is no part of it.
pub(super) fn name_of(description: &str) -> Cow<'_, str> {
    if !description.contains([';', '-']) {
        return description.into();
    }
    let options = description.split(';');
    let kept: Vec<_> = options
        .filter(|option| !option.eq_ignore_ascii_case("binary"))
        .collect();
    kept.join("_").replace('-', "_").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::ldap::message::entry_for_test as entry;

    fn read(content: &[u8]) -> Result<Entry, NotBer> {
        let Operation::Entry(parts) = Message::read(content)?.operation else {
            panic!("no entry");
        };
        read_entry(parts)
    }

    #[test]
    fn that_no_file_is_left_is_a_fault_of_no_server_and_tells_what_was_sent_before() {
        let of = |code| LdapFault::not_opened(io::Error::from_raw_os_error(code));
        // EMFILE, ENFILE; and ECONNREFUSED.
        let (ours, theirs) = ([of(24), of(23)], of(111));
        assert!(theirs.is_of_the_server() && theirs.is_down() && !theirs.is_want_of_a_file());
        for fault in ours {
            assert!(!fault.is_of_the_server() && !fault.is_down());
            assert!(fault.is_want_of_a_file() && fault.was_before_all());
            // Nothing was sent to a server that could not be reached.
            let fault = of(111).or(fault);
            assert!(fault.is_want_of_a_file() && fault.was_before_all());
            // A password may have been judged by one that fell silent.
            let fault = LdapFault::TimeOut.or(fault);
            assert!(fault.is_want_of_a_file() && !fault.was_before_all());
            let fault = fault.or(of(24));
            assert!(fault.is_want_of_a_file() && !fault.was_before_all());
        }
    }

    #[test]
    fn options_are_part_of_a_name_that_rules_can_write_and_what_is_no_text_is_base64() {
        let long = [b'x'; MAX_VALUE + 1];
        let record = read(&entry(&[
            ("displayName;lang-fr", &["Zoé".as_bytes()]),
            ("displayName", &[b"Zoe"]),
            ("userCertificate;binary", &[b"0\x82"]),
            ("jpegPhoto", &[b"\xff\xd8", &long]),
            ("memberOf", &[b"cn=a", b"cn=b"]),
        ]));
        let record = record.unwrap();
        assert_eq!(record.dn, "uid=a,dc=x");
        let all: Vec<_> = record
            .attributes
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
    fn a_value_that_is_no_octet_string_is_no_record() {
        // Message 1: an entry named "" with an attribute `a`, whose value is a SET.
        let odd = b"\x02\x01\x01\x64\x0d\x04\x00\x30\x09\x30\x07\x04\x01a\x31\x02\x31\x00";
        assert_eq!(read(odd).err(), Some(NotBer));
    }
}
