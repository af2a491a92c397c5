//! To a server, and over to TLS: before a word of LDAP is read by anybody.
//!
//! What stands in the way of a connection without TLS may write to us what it likes: one short answer
//! is read before TLS begins, that to `StartTLS` (RFC 4511 §4.14), and no octet more.

use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use url::Url;

use super::{
    ber::{Elements, NotBer, SEQUENCE, Unread, read_message},
    connection::LdapFault,
    message::{Message, Operation},
};

/// `LDAPMessage` 1: an `ExtendedRequest` that names the OID of `StartTLS` and holds nothing else.
pub(super) const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// The longest answer to it that is read.
const MAX_ANSWER: usize = 1024;

/// Where a server is, and how TLS begins there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) begins_in_clear: bool,
}

impl Place {
    /// That of an `ldaps` address, or of an `ldap` one for `StartTLS`.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let begins_in_clear = url.scheme() == "ldap";
        let usual = if begins_in_clear { 389 } else { 636 };
        Some(Self {
            host: url.host_str()?.into(),
            port: url.port().unwrap_or(usual),
            begins_in_clear,
        })
    }
}

impl Place {
    /// The host as a certificate names it.
    pub(super) fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }
}

/// Opens a connection on which nothing but TLS is to be spoken from now on.
pub(super) async fn reach(place: &Place) -> Result<TcpStream, LdapFault> {
    let mut stream = TcpStream::connect((place.host(), place.port))
        .await
        .map_err(LdapFault::not_opened)?;
    stream.set_nodelay(true).map_err(LdapFault::NoConnection)?;
    if place.begins_in_clear {
        stream
            .write_all(START_TLS)
            .await
            .map_err(LdapFault::NoConnection)?;
        let answer = read_message(&mut stream, MAX_ANSWER).await;
        let answer = answer.map_err(|unread| match unread {
            Unread::Broken(error) => LdapFault::NoConnection(error),
            Unread::NotBer(_) | Unread::TooLong => LdapFault::Malformed,
        })?;
        match code(&answer)? {
            0 => {}
            code => {
                return Err(LdapFault::Code {
                    what: "StartTLS",
                    code,
                });
            }
        }
    }
    Ok(stream)
}

/// Whether a whole message, and nothing but it, says that TLS may begin.
pub(super) fn takes_start_tls(message: &[u8]) -> bool {
    let mut elements = Elements::of(message);
    let content = elements.expect(SEQUENCE);
    elements.end().and(content).and_then(code) == Ok(0)
}

/// The result code of message 1, an `ExtendedResponse`.
fn code(content: &[u8]) -> Result<u32, NotBer> {
    match Message::read(content)? {
        Message {
            id: 1,
            operation: Operation::Extended { code, .. },
            ..
        } => Ok(code),
        _ => Err(NotBer),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;

    /// What a server that answers `answer` makes of us.
    async fn answered(answer: Vec<u8>) -> Result<(), LdapFault> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            begins_in_clear: true,
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; START_TLS.len()];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, START_TLS);
            // Whoever was answered too much has gone.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            stream
        };
        let (_stream, reached) = tokio::join!(server, reach(&place));
        reached.map(drop)
    }

    #[tokio::test]
    async fn r72_the_answer_to_start_tls_is_read_in_bounds_and_must_be_a_success() {
        let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(answered(success.to_vec()).await.is_ok());
        assert!(takes_start_tls(success) && !takes_start_tls(&success[..13]));
        let long = b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert!(answered(long.to_vec()).await.is_ok() && takes_start_tls(long));
        let endless = b"\x30\x84\xff\xff\xff\xff\x02".to_vec();
        let indefinite = b"\x30\x80\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec();
        let nested = [b"\x30\x82\xff\xff".to_vec(), vec![0x30; 100_000]].concat();
        for broken in [
            endless,
            indefinite,
            nested,
            b"HTTP/1.1 400".to_vec(),
            vec![0x30; 64],
        ] {
            let reached = answered(broken).await;
            assert!(matches!(reached, Err(LdapFault::Malformed)), "{reached:?}");
        }
        let refused = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x35\x04\x00\x04\x00";
        let reached = answered(refused.to_vec()).await;
        assert!(
            matches!(reached, Err(LdapFault::Code { code: 53, .. })),
            "{reached:?}"
        );
        let cut = answered(b"\x30\x0c\x02\x01".to_vec()).await;
        assert!(matches!(cut, Err(LdapFault::NoConnection(_))), "{cut:?}");
    }
}
