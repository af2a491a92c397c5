//! Fetches a document from an address that somebody names, such as a provider's metadata.
//!
//! What is named could lead into the university's own network, with the answer, or the time that it
//! takes, for whoever named it. So: https, addresses of the public network only unless somebody allows
//! others, looked at when the connection is made; redirects within one host only; a bound on time and
//! size for all of it; no cookie, no proxy of the environment; and no word of an answer in an error.

use std::{
    io::{self, Read as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::timeout;
use url::{Host, Url};

use super::{
    file::open_file,
    http::{HttpAnswer, HttpClient, HttpFault, HttpKind, Validators},
};

/// How long all of it may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often a server may send us on.
const MAX_REDIRECTS: usize = 5;

/// Which addresses may be connected to, besides public ones over https.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Allowed {
    /// Those of this machine, over http too: for a lab.
    pub lab: bool,
    /// Those of private networks, of this link and of this machine, over https.
    pub private: bool,
}

/// Fetches documents.
#[derive(Clone, Debug)]
pub struct Fetcher {
    /// The authorities that are believed, PEM; those of the system where there are none.
    pub authorities: Option<Vec<u8>>,
    /// Which addresses may be connected to.
    pub allowed: Allowed,
    /// How long it may take.
    pub patience: Duration,
}

/// What is at an address.
#[derive(Debug)]
pub enum Fetched {
    /// The version that is known already.
    Known,
    /// Another one.
    New {
        /// What it is.
        bytes: Vec<u8>,
        /// By what it is told from others.
        validators: Validators,
        /// When it was written, of a file of which the system says it.
        written_at: Option<Timestamp>,
    },
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// The host is at an address that may not be connected to.
    #[error("{0} is not at a public address")]
    Address(String),
    /// It sends us to another host: for somebody to confirm, who can fetch it from there.
    #[error("it is not there: the server says that it is at {0}")]
    Elsewhere(Url),
    /// The file cannot be read.
    #[error("the file cannot be read")]
    File(#[source] io::Error),
    /// The server was not reached, or not believed, or its answer broke off.
    #[error("{}", said(.0))]
    Http(#[source] HttpFault),
    /// It sends us on, and nobody can tell to where.
    #[error("the server sends us on to what is no address")]
    Location,
    /// The scheme is none that is taken of this host.
    #[error("the address does not begin with https://")]
    Scheme,
    /// The server answered with another status than 200.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// All of it takes too long.
    #[error("the server does not answer in time")]
    TimeOut,
    /// It sends us on and on.
    #[error("the server sends us on too often")]
    TooManyRedirects,
    /// The address holds a name or a password.
    #[error("the address holds a user name or a password")]
    UserInformation,
}

/// In words, and without those of the library: they may hold what was fetched.
fn said(fault: &HttpFault) -> &'static str {
    match fault.kind() {
        HttpKind::TimeOut => "the server does not answer in time",
        HttpKind::Untrusted => {
            "the server is not believed: no authority vouches for its certificate"
        }
        HttpKind::Unreachable => "the server cannot be reached",
        HttpKind::TooLong => "the server's answer is too long",
        HttpKind::NoFile => "the server was not asked: no more files may be open here",
        HttpKind::Broken => "the server's answer broke off",
    }
}

/// Reads the file at `path`, `max` bytes and one at most, unless it still is the version of `known`.
///
/// # Errors
///
/// It cannot be read.
pub fn read_unless(path: &Path, known: &Validators, max: usize) -> Result<Fetched, FetchFault> {
    let read = || {
        let file = open_file(path)?;
        let found = file.metadata()?;
        let validators = Validators::of_file(&found);
        if validators == *known {
            return Ok(Fetched::Known);
        }
        let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        let written = found.modified().ok();
        Ok(Fetched::New {
            bytes,
            validators,
            written_at: written.and_then(|at| Timestamp::try_from(at).ok()),
        })
    };
    read().map_err(FetchFault::File)
}

impl Fetcher {
    /// Fetches what is at `url`, `max` bytes at most.
    ///
    /// # Errors
    ///
    /// It is not had by these rules. Nothing in the fault is of an answer but an address that it names.
    pub async fn fetch(&self, url: &Url, max: usize) -> Result<Vec<u8>, FetchFault> {
        match self.fetch_unless(url, &Validators::default(), max).await? {
            Fetched::New { bytes, .. } => Ok(bytes),
            // Nobody asked under a condition.
            Fetched::Known => Err(FetchFault::Status(304)),
        }
    }

    /// The same, unless it still is the version of `known`.
    ///
    /// # Errors
    ///
    /// As [`Self::fetch`].
    pub async fn fetch_unless(
        &self,
        url: &Url,
        known: &Validators,
        max: usize,
    ) -> Result<Fetched, FetchFault> {
        timeout(self.patience, self.follow(url, known, max))
            .await
            .map_err(|_elapsed| FetchFault::TimeOut)?
    }

    async fn follow(
        &self,
        url: &Url,
        known: &Validators,
        max: usize,
    ) -> Result<Fetched, FetchFault> {
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.ask(&at, known, max).await?;
            match answer.status {
                200 => {
                    let validators = answer.validators();
                    let bytes = answer.body;
                    return Ok(Fetched::New {
                        bytes,
                        validators,
                        written_at: None,
                    });
                }
                304 if *known != Validators::default() => return Ok(Fetched::Known),
                301 | 302 | 303 | 307 | 308 => at = next(&at, &answer)?,
                other => return Err(FetchFault::Status(other)),
            }
        }
        Err(FetchFault::TooManyRedirects)
    }

    async fn ask(
        &self,
        url: &Url,
        known: &Validators,
        max: usize,
    ) -> Result<HttpAnswer, FetchFault> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchFault::UserInformation);
        }
        let is_allowed = self.rule(url)?;
        let forbidden = || {
            if url.scheme() == "http" {
                // Of another machine than this one nothing is taken by plain http, wherever it is.
                FetchFault::Scheme
            } else {
                FetchFault::Address(url.host_str().unwrap_or_default().to_owned())
            }
        };
        let number = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        if number.is_some_and(|address| !is_allowed(address)) {
            return Err(forbidden());
        }
        let client = HttpClient::guarded(self.authorities.as_deref(), self.allowed.lab, is_allowed)
            .map_err(FetchFault::Http)?;
        let answer = client
            .get_unless(url.as_str(), known, max, self.patience)
            .await;
        answer.map_err(|fault| {
            if fault.is_of_address() {
                forbidden()
            } else {
                FetchFault::Http(fault)
            }
        })
    }

    /// Which addresses may be connected to by the scheme of `url`.
    fn rule(&self, url: &Url) -> Result<fn(IpAddr) -> bool, FetchFault> {
        match (url.scheme(), self.allowed) {
            ("http", Allowed { lab: true, .. }) => Ok(is_of_this_machine),
            ("https", Allowed { private: true, .. }) => Ok(is_of_somebody),
            ("https", Allowed { lab: true, .. }) => {
                Ok(|address| is_public(address) || is_of_this_machine(address))
            }
            ("https", _) => Ok(is_public),
            _ => Err(FetchFault::Scheme),
        }
    }
}

/// Where the server sends us on, within the same host.
fn next(from: &Url, answer: &HttpAnswer) -> Result<Url, FetchFault> {
    let location = answer.location().ok_or(FetchFault::Location)?;
    let to = from
        .join(location)
        .map_err(|_no_address| FetchFault::Location)?;
    let place = |url: &Url| {
        let port = url.port_or_known_default();
        (url.host_str().map(str::to_owned), port)
    };
    if place(from) != place(&to) {
        return Err(FetchFault::Elsewhere(to));
    }
    Ok(to)
}

fn is_of_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether it is the address of one machine, wherever that is.
fn is_of_somebody(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    !(address.is_unspecified() || address.is_multicast() || is_broadcast)
}

/// Whether it is an address of the public network (the registries of special addresses of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        // This network, private, this machine, and multicast and all behind it.
        (0 | 10 | 127 | 224.., _, _)
            // Between a provider and its customers (RFC 6598).
            | (100, 64..=127, _)
            // This link, where clouds tell their machines secrets.
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // For protocols, for documentation, the old way to 6to4, for measuring.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    let [.., high, low] = segments;
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // An address of IPv4 is behind each of these two: NAT64 (RFC 6052), 6to4 (RFC 3056).
        (0x64, 0xff9b) if segments.get(2..6) == Some(&[0; 4]) => inside(high, low),
        (0x2002, _) => inside(second, segments.get(2).copied().unwrap_or_default()),
        // For protocols, Teredo among them, and for documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // All that is given to somebody in the public network (RFC 4291 §2.4).
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::MetadataExt as _};

    use super::*;

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "194.199.0.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "2001:660::1",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ];
    const OF_THIS_MACHINE: &[&str] = &["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"];
    const PRIVATE: &[&str] = &[
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "fd00::8",
        "fe80::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "::10.0.0.1",
    ];
    const NOBODYS: &[&str] = &["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"];

    #[test]
    fn r93_an_address_of_no_public_network_is_taken_only_where_it_is_allowed() {
        let is = |rule: fn(IpAddr) -> bool, text: &&str| rule(text.parse().unwrap());
        for (kind, public, this, somebody) in [
            (PUBLIC, true, false, true),
            (OF_THIS_MACHINE, false, true, true),
            (PRIVATE, false, false, true),
            (NOBODYS, false, false, false),
        ] {
            for text in kind {
                assert_eq!(is(is_public, text), public, "{text}");
                assert_eq!(is(is_of_this_machine, text), this, "{text}");
                assert_eq!(is(is_of_somebody, text), somebody, "{text}");
            }
        }
    }

    #[test]
    fn r91_a_file_that_is_changed_in_place_and_dated_back_is_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        std::fs::write(&path, "one").unwrap();
        let found = path.metadata().unwrap();
        let known = Validators::of_file(&found);
        assert!(matches!(read_unless(&path, &known, 9), Ok(Fetched::Known)));
        // The system's clock for it goes in steps.
        while path.metadata().unwrap().ctime_nsec() == found.ctime_nsec() {
            std::fs::write(&path, "two").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(found.modified().unwrap()).unwrap();
        }
        let read = read_unless(&path, &known, 9).unwrap();
        assert!(matches!(read, Fetched::New { bytes, .. } if bytes == b"two"));
    }

    /// What is said of an address that nothing is asked at.
    async fn refused(url: &str, allowed: Allowed) -> String {
        let fetcher = Fetcher {
            authorities: None,
            allowed,
            patience: PATIENCE,
        };
        let fault = fetcher.fetch(&url.parse().unwrap(), 10).await;
        fault.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn r93_what_is_no_https_address_of_the_public_network_is_not_asked_for() {
        for (url, told) in [
            ("http://sp.example.org/", "does not begin with https"),
            ("http://127.0.0.1/", "does not begin with https"),
            ("ftp://sp.example.org/", "does not begin with https"),
            ("file:///etc/passwd", "does not begin with https"),
            ("https://u@sp.example.org/", "a user name"),
            ("https://:p@sp.example.org/", "a user name"),
            // Each of these is 127.0.0.1, or a name of this machine, which is looked up.
            ("https://127.0.0.1/", "127.0.0.1 is not at a public"),
            ("https://0x7f.1/", "127.0.0.1 is not at a public"),
            ("https://2130706433/", "127.0.0.1 is not at a public"),
            ("https://[::ffff:127.0.0.1]/", "is not at a public"),
            ("https://localhost/", "localhost is not at a public"),
            ("https://169.254.169.254/latest", "169.254.169.254 is not"),
            ("https://[fd00::1]/", "[fd00::1] is not at a public"),
        ] {
            let said = refused(url, Allowed::default()).await;
            assert!(said.contains(told), "{url}: {said}");
        }
    }

    #[tokio::test]
    async fn r93_a_lab_asks_its_own_machine_and_no_private_network() {
        let lab = Allowed {
            lab: true,
            private: false,
        };
        for (url, told) in [
            ("http://10.0.0.1/", "does not begin with https"),
            ("https://10.0.0.1/", "is not at a public"),
            ("http://1.1.1.1/", "does not begin with https"),
            ("http://169.254.169.254/", "does not begin with https"),
        ] {
            let said = refused(url, lab).await;
            assert!(said.contains(told), "{url}: {said}");
        }
    }
}
