//! Bounds on what is read from a client, and who the client is.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody as _},
    http::HeaderMap,
};
use http_body_util::{BodyExt as _, Limited};
use ipnet::IpNet;
use tokio::sync::Semaphore;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(15);
/// How long a body is that anybody may send at any time: many times what people's browsers send.
const SMALL: usize = 32 * 1024;
/// How many longer ones are taken in at one time.
const MOST_LARGE: usize = 32;

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BodyFault {
    /// It is no UTF-8.
    #[error("the body is not UTF-8")]
    NotText,
    /// It was cut off.
    #[error("the body did not arrive")]
    NotThere,
    /// It did not arrive in time.
    #[error("the body did not arrive in time")]
    Late,
    /// It is longer than this route takes.
    #[error("the body is too large")]
    TooLarge,
    /// It is long, and too many long ones are on their way.
    #[error("too many large bodies at one time")]
    TooMany,
}

/// Takes bodies in, so that all of them together stay below a bound: before a request is read,
/// nobody knows whether it comes from anybody we know.
#[derive(Debug)]
pub struct Bodies(Semaphore);

impl Default for Bodies {
    fn default() -> Self {
        Self(Semaphore::new(MOST_LARGE))
    }
}

impl Bodies {
    /// Reads a body of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// It is too long, too slow, or no text; or it is long, and so are too many others.
    pub async fn read_text(&self, body: Body, max: usize) -> Result<String, BodyFault> {
        match tokio::time::timeout(BODY_TIME, self.read(body, max)).await {
            Ok(bytes) => String::from_utf8(bytes?).map_err(|_not_utf8| BodyFault::NotText),
            Err(_elapsed) => Err(BodyFault::Late),
        }
    }

    async fn read(&self, body: Body, max: usize) -> Result<Vec<u8>, BodyFault> {
        if body.size_hint().lower() > u64::try_from(max).unwrap_or(u64::MAX) {
            return Err(BodyFault::TooLarge);
        }
        let mut body = Limited::new(body, max);
        let mut read = Vec::new();
        let mut place = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| classify(&*error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if place.is_none() && read.len() + data.len() > SMALL {
                place = Some(self.0.try_acquire().map_err(|_taken| BodyFault::TooMany)?);
            }
            read.extend_from_slice(data);
        }
        Ok(read)
    }
}

fn classify(error: &(dyn std::error::Error + 'static)) -> BodyFault {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return BodyFault::TooLarge;
        }
        cause = error.source();
    }
    BodyFault::NotThere
}

/// The address that a request comes from.
///
/// The peer itself; or, where the peer is a listed proxy, the last address of `X-Forwarded-For`
/// that is not one. What stands before it was written by the caller and proves nothing.
pub fn caller(peer: SocketAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: IpAddr| {
        trusted_proxies
            .iter()
            .any(|network| network.contains(&address))
    };
    let mut caller = peer.ip().to_canonical();
    // From the last header and the last hop backwards: what a caller wrote in front is never reached,
    // whatever bytes it is made of.
    let headers: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let hops = headers
        .into_iter()
        .rev()
        .flat_map(|header| header.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        if !is_proxy(caller) {
            break;
        }
        let Some(hop) = std::str::from_utf8(hop).ok().and_then(address_of) else {
            break;
        };
        caller = hop;
    }
    caller
}

/// Reads one hop: an address, with a port behind it where the proxy writes one.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    hop.parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|hop| hop.ip()))
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use axum::http::HeaderValue;
    use futures_util::{StreamExt as _, stream};
    use tokio::task::JoinSet;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxies = [
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        caller(format!("{peer}:1234").parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn r124_only_a_listed_proxy_is_believed_and_its_last_hop_is_the_caller() {
        assert_eq!(seen("127.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("127.0.0.1", &["6.6.6.6, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(
            seen("127.0.0.1", &["6.6.6.6", "192.0.2.7, 10.1.1.1"]),
            "192.0.2.7"
        );
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &["192.0.2.7, nonsense"]), "127.0.0.1");
        assert_eq!(seen("192.0.2.1", &["6.6.6.6"]), "192.0.2.1");
        assert_eq!(seen("[::ffff:127.0.0.1]", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("127.0.0.1", &["192.0.2.7:5555"]), "192.0.2.7");
        assert_eq!(seen("127.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
    }

    #[test]
    fn r124_no_byte_that_a_caller_sends_hides_the_hop_of_our_proxy() {
        let mut headers = HeaderMap::new();
        let sent = HeaderValue::from_bytes(b"\x80\xff, 192.0.2.7").unwrap();
        headers.append("x-forwarded-for", sent);
        let proxies = ["127.0.0.1/32".parse().unwrap()];
        let peer = "127.0.0.1:1".parse().unwrap();
        assert_eq!(caller(peer, &headers, &proxies).to_string(), "192.0.2.7");
    }

    #[tokio::test]
    async fn r122_a_longer_body_is_refused() {
        let bodies = Bodies::default();
        let read = |length: usize| bodies.read_text(Body::from("a".repeat(length)), 10);
        assert_eq!(read(10).await.unwrap().len(), 10);
        assert_eq!(read(11).await.unwrap_err(), BodyFault::TooLarge);
        let parts = ["aaaaaa", "aaaaaa"].map(Ok::<_, io::Error>);
        let body = Body::from_stream(stream::iter(parts));
        let in_parts = bodies.read_text(body, 10).await;
        assert_eq!(in_parts.unwrap_err(), BodyFault::TooLarge);
        let odd = bodies.read_text(Body::from(vec![0xff]), 10).await;
        assert_eq!(odd.unwrap_err(), BodyFault::NotText);
    }

    #[tokio::test(start_paused = true)]
    async fn r122_r123_large_bodies_that_do_not_end_are_bounded_and_stop_no_small_one() {
        let bodies = Arc::new(Bodies::default());
        let max = 10 * SMALL;
        let endless = || {
            let start = stream::once(async { Ok::<_, io::Error>("a".repeat(SMALL + 1)) });
            Body::from_stream(start.chain(stream::pending()))
        };
        let mut slow = JoinSet::new();
        for _ in 0..MOST_LARGE {
            let bodies = Arc::clone(&bodies);
            slow.spawn(async move { bodies.read_text(endless(), max).await });
        }
        while bodies.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let large = || Body::from("a".repeat(SMALL + 1));
        let one_more = bodies.read_text(large(), max).await;
        assert_eq!(one_more.unwrap_err(), BodyFault::TooMany);
        let small = bodies.read_text(Body::from("a".repeat(SMALL)), max).await;
        assert_eq!(small.unwrap().len(), SMALL);
        for end in slow.join_all().await {
            assert_eq!(end.unwrap_err(), BodyFault::Late);
        }
        assert!(bodies.read_text(large(), max).await.is_ok());
    }
}
