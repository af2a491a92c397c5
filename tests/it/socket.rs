//! The server behind a real socket: what HTTP itself may do, TLS, and a graceful stop.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use passerelle::{
    app::serve::{serve, tell_metrics},
    config::sections::{Metrics, Tls},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use url::Url;

use crate::{
    bridge::{
        Bridge, ORIGIN, PASSWORD, Setup,
        keys::{Key, idp_key, zoom_key},
        write,
    },
    lab::{
        cookies::{CookieJar, Standing},
        form,
        port::free_port,
    },
};

/// Longer than anything takes that ends by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that listens.
struct Listening {
    bridge: Bridge,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    end: JoinHandle<std::io::Result<()>>,
}

impl Listening {
    async fn start(bridge: Bridge) -> Self {
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let live = std::sync::Arc::clone(&bridge.live);
        let server = bridge.server.clone();
        let end = tokio::spawn(async move {
            let ready = |address| ready.send(address).unwrap();
            serve(&live, &server, ready, async {
                stopped.await.unwrap_or_default();
            })
            .await
        });
        Self {
            bridge,
            address: is_ready.await.unwrap(),
            stop,
            end,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `text` and gives all that comes back until the server closes.
    async fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        // The server may refuse before it has read everything.
        let _ = stream.write_all(text.as_bytes()).await;
        read_all(&mut stream).await
    }
}

async fn read_all(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A connection that is reset has ended, too.
    let _ = end.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until a whole answer with a `Content-Length` is there.
async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").unwrap().1;
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return answer;
            }
        }
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
        let read = read.expect("an answer").unwrap();
        assert_ne!(read, 0, "{answer}");
        answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: idp.example.org\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_page_is_served_over_a_socket_and_kept_alive() {
    let server = Listening::start(Bridge::new()).await;
    let answer = server.exchange(&get("/")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let mut stream = server.connect().await;
    for path in ["/healthz", "/nothing"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: idp.example.org\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.contains("\r\nx-frame-options: DENY\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn counts_are_told_at_an_address_of_their_own_and_nowhere_else() {
    let port = free_port();
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let server = Listening::start(Bridge::new()).await;
    let telling = tell_metrics(&server.bridge.live, Metrics { listen }).unwrap();
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(listen).await.unwrap();
        stream.write_all(get(path).as_bytes()).await.unwrap();
        read_all(&mut stream).await
    };
    let told = ask("/metrics").await;
    assert!(told.contains("\r\ncontent-type: application/openmetrics-text; version=1.0.0;"));
    assert!(
        told.contains("\npasserelle_requests_without_replay_mark_total 0\n"),
        "{told}"
    );
    assert!(
        told.contains("\npasserelle_cas_tickets_without_mark_total 0\n"),
        "{told}"
    );
    assert!(ask("/").await.starts_with("HTTP/1.1 404 "));
    let to_people = server.exchange(&get("/metrics")).await;
    assert!(to_people.starts_with("HTTP/1.1 404 "), "{to_people}");
    telling.abort();
}

#[tokio::test]
async fn r125_http_2_is_not_spoken() {
    let server = Listening::start(Bridge::new()).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let answer = server.exchange(preface).await;
    assert!(!answer.starts_with('\0'), "{answer:?}");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer:?}"
    );
    // An offer to upgrade is passed over.
    let upgrade = "GET /healthz HTTP/1.1\r\nHost: idp.example.org\r\n\
                   Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answer = server.exchange(upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn r124_a_message_whose_length_is_in_doubt_is_refused_and_the_connection_closed() {
    let server = Listening::start(Bridge::new()).await;
    let hidden = get("/healthz");
    for doubtful in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 0, 5",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Content-Length: 5\n Content-Length: 6",
    ] {
        let text = format!(
            "POST /logout HTTP/1.1\r\nHost: idp.example.org\r\n{doubtful}\r\n\r\n0\r\n\r\n{hidden}"
        );
        let answer = server.exchange(&text).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{doubtful}: {answer}");
        // What stood behind it was never taken for a request.
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{doubtful}: {answer}"
        );
        assert!(!answer.contains("ok\n"), "{doubtful}: {answer}");
    }
}

#[tokio::test]
async fn r124_a_request_without_a_host_or_for_another_one_is_turned_away() {
    let server = Listening::start(Bridge::new()).await;
    for head in [
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: idp.example.org\r\nHost: evil.example\r\n",
        "GET https://evil.example/ HTTP/1.1\r\nHost: idp.example.org\r\n",
    ] {
        let answer = server
            .exchange(&format!("{head}Connection: close\r\n\r\n"))
            .await;
        let status = answer.split(' ').nth(1);
        assert!(matches!(status, Some("421" | "400")), "{head}: {answer}");
    }
}

#[tokio::test]
async fn r123_a_head_that_is_too_large_is_refused() {
    let server = Listening::start(Bridge::new()).await;
    let large = format!(
        "GET / HTTP/1.1\r\nHost: idp.example.org\r\nX-A: {}\r\n\r\n",
        // Twice the limit: what one read brings is looked at as a whole.
        "a".repeat(256 * 1024)
    );
    let answer = server.exchange(&large).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    let many: Vec<_> = (0..300).map(|n| format!("X-{n}: a\r\n")).collect();
    let many = many.concat();
    let answer = server
        .exchange(&format!(
            "GET / HTTP/1.1\r\nHost: idp.example.org\r\n{many}\r\n"
        ))
        .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    assert!(server.exchange(&get("/healthz")).await.ends_with("ok\n"));
}

/// A server that takes so many connections at one time.
async fn with_places(places: usize) -> Listening {
    let setup = Setup::new();
    let bridge = Setup {
        server: format!("{}\nmax-connections = {places}", setup.server),
        ..setup
    };
    Listening::start(bridge.build()).await
}

impl Listening {
    /// Sends the start of a message on so many connections, and waits until the server has all of them.
    async fn hold(&self, count: usize, start: &str) -> Vec<TcpStream> {
        let mut held = Vec::new();
        let before = self.bridge.front.connections.free_places();
        for _ in 0..count {
            let mut stream = self.connect().await;
            stream.write_all(start.as_bytes()).await.unwrap();
            held.push(stream);
        }
        let left = before.saturating_sub(count);
        self.until_free(0..=left).await;
        held
    }

    /// Waits until so many places are free.
    async fn until_free(&self, places: RangeInclusive<usize>) {
        let wait = async {
            while !places.contains(&self.bridge.front.connections.free_places()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("it holds");
    }

    /// Sends what a browser sends, on a connection of its own, and keeps its cookies.
    async fn step(&self, jar: &mut CookieJar, line: &str, form: &str) -> String {
        let url = Url::parse(ORIGIN).unwrap();
        let cookies = jar.header(&url, Standing::SameSite).unwrap_or_default();
        let length = form.len();
        let message = format!(
            "{line} HTTP/1.1\r\nHost: idp.example.org\r\nConnection: close\r\nOrigin: {ORIGIN}\r\n\
             Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        );
        let answer = self.exchange(&message).await;
        for line in answer.lines() {
            if let Some(cookie) = line.strip_prefix("set-cookie: ") {
                jar.take(&url, cookie);
            }
        }
        answer
    }

    /// Somebody who was never here signs in, on a new connection for every step.
    async fn lets_somebody_in(&self) {
        let mut jar = CookieJar::default();
        let line = format!("GET {}", self.bridge.request().redirect(None));
        let bounced = self.step(&mut jar, &line, "").await;
        let step = bounced.split_once("\r\nlocation: ").expect("a step").1;
        let step = step.lines().next().unwrap();
        let page = self.step(&mut jar, &format!("GET {step}"), "").await;
        let form = form::forms(&page).pop().expect("a form");
        let form = form.with("username", "anne.dupont");
        let form = form.with("password", PASSWORD);
        let line = format!("POST {}", form.action);
        let answer = self.step(&mut jar, &line, &form.encode()).await;
        assert!(answer.contains("name=\"SAMLResponse\""), "{answer}");
    }
}

const HALF_A_HEAD: &str = "GET / HTTP/1.1\r\nHost: idp.example.org\r\nX-A: a";
const SLOW_BODY: &str = "POST /saml/sso HTTP/1.1\r\nHost: idp.example.org\r\n\
     Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nS";

#[tokio::test]
async fn r123_half_heads_and_slow_bodies_on_every_connection_leave_a_sign_in_possible() {
    let server = with_places(8).await;
    let connections = &server.bridge.front.connections;
    // Each kind alone, and many more of them than there are places.
    for (start, count) in [("", 8), (HALF_A_HEAD, 40), (SLOW_BODY, 40)] {
        let before = connections.closed();
        let mut held = server.hold(count, start).await;
        assert_eq!(connections.free_places(), 0);
        server.lets_somebody_in().await;
        assert!(connections.closed() > before, "{start}");
        // The first ones have given way, and nobody else was turned away.
        assert_eq!(read_all(&mut held[0]).await, "", "{start}");
        assert_eq!(connections.refused(), 0);
        drop(held);
        server.until_free(8..=8).await;
    }
}

/// These answers are made below our routes: no layer of ours sees them. They have nothing to show.
#[tokio::test]
async fn r55_r123_r124_what_http_itself_refuses_is_no_page() {
    let server = Listening::start(Bridge::new()).await;
    let large = "a".repeat(256 * 1024);
    for text in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHo st: idp.example.org\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nHost: idp.example.org\r\nX: \0\r\n\r\n",
        &format!("GET /{large} HTTP/1.1\r\nHost: idp.example.org\r\n\r\n"),
        &format!("GET / HTTP/1.1\r\nHost: idp.example.org\r\nX: {large}\r\n\r\n"),
    ] {
        let answer = server.exchange(text).await;
        let start: String = text.chars().take(20).collect();
        // Of one that was not read to its end, the reset may overtake the answer.
        if answer.is_empty() && text.len() > large.len() {
            continue;
        }
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1);
        assert!(
            matches!(status, Some("400" | "414" | "431" | "505")),
            "{start}: {head}"
        );
        assert_eq!(body, "", "{start}");
        assert!(head.contains("connection: close"), "{start}: {head}");
        for name in ["content-type", "set-cookie", "location"] {
            assert!(!head.contains(name), "{start}: {head}");
        }
    }
}

#[tokio::test]
async fn r123_a_connection_that_is_kept_alive_gives_way_to_a_new_one_the_oldest_first() {
    let server = with_places(2).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        read_answer(&mut stream).await;
        held.push(stream);
    }
    assert!(server.exchange(&get("/healthz")).await.ends_with("ok\n"));
    assert_eq!(read_all(&mut held[0]).await, "");
    assert_eq!(server.bridge.front.connections.closed(), 1);
    // The other one is none the worse for it.
    let ask = b"GET /nothing HTTP/1.1\r\nHost: idp.example.org\r\n\r\n";
    held[1].write_all(ask).await.unwrap();
    assert!(read_answer(&mut held[1]).await.starts_with("HTTP/1.1 404 "));
    let told = server.bridge.metrics().await;
    assert!(
        told.contains("\npasserelle_connections_closed_for_others_total 1\n"),
        "{told}"
    );
}

#[tokio::test]
async fn r123_whoever_asks_again_and_again_keeps_no_slow_newcomer_out() {
    let server = with_places(3).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        busy.push(server.connect().await);
    }
    let ask = async |stream: &mut TcpStream| {
        let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        read_answer(stream).await
    };
    for stream in &mut busy {
        ask(stream).await;
    }
    let mut slow = server.connect().await;
    slow.write_all(HALF_A_HEAD.as_bytes()).await.unwrap();
    server.until_free(0..=0).await;
    // All others have been heard of since the slow one has.
    for _ in 0..3 {
        for stream in &mut busy {
            ask(stream).await;
        }
    }
    let told = server.exchange(&get("/healthz")).await;
    assert!(told.ends_with("ok\n"), "{told}");
    assert_eq!(read_all(&mut busy[0]).await, "");
    assert_eq!(server.bridge.front.connections.closed(), 1);
    slow.write_all(b"\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let answer = read_all(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    ask(&mut busy[1]).await;
}

/// The page of a body that did not come in time (RFC 9110 §15.5.9), with what every page of ours has; the
/// connection is of no more use, since nobody knows where the next message begins.
fn is_page_that_says_so(answer: &str) {
    assert!(answer.contains("data-reason=\"request-late\""), "{answer}");
    for header in [
        "connection: close",
        "x-frame-options: DENY",
        "content-security-policy: default-src 'none'",
        "referrer-policy: strict-origin",
        "cache-control: no-store",
    ] {
        assert!(
            answer.contains(&format!("\r\n{header}")),
            "{header}: {answer}"
        );
    }
}

/// Time stands still but for what waits for it: so it is counted, and nobody waits.
#[tokio::test(start_paused = true)]
async fn r123_a_head_has_ten_seconds_a_body_fifteen_and_silence_ten() {
    let server = Listening::start(Bridge::new()).await;
    let ask = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for (start, seconds, answer) in [
        ("", 10, ""),
        (HALF_A_HEAD, 10, ""),
        (SLOW_BODY, 15, "HTTP/1.1 408 "),
        (ask, 10, "HTTP/1.1 200 "),
    ] {
        let begun = tokio::time::Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        // A body that was not read to its end may be followed by a reset.
        let _ = stream.read_to_end(&mut read).await;
        let took = begun.elapsed();
        let read = String::from_utf8(read).unwrap();
        assert!(
            read.starts_with(answer) && read.is_empty() == answer.is_empty(),
            "{start}: {read}"
        );
        if start == SLOW_BODY {
            is_page_that_says_so(&read);
        }
        let limit = Duration::from_secs(seconds);
        assert!(
            (limit..limit + Duration::from_millis(20)).contains(&took),
            "{start}: {took:?}"
        );
    }
}

#[tokio::test]
async fn a_graceful_stop_lets_a_request_under_way_end_and_takes_no_more() {
    let server = Listening::start(Bridge::new()).await;
    let form = server.bridge.request().post(None);
    let head = format!(
        "POST /saml/sso HTTP/1.1\r\nHost: idp.example.org\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    let mut stream = server.connect().await;
    let (first, rest) = form.split_at(form.len() / 2);
    stream
        .write_all(format!("{head}{first}").as_bytes())
        .await
        .unwrap();
    // A whole exchange on another connection: by then the server has the head of the first one.
    assert!(server.exchange(&get("/healthz")).await.ends_with("ok\n"));
    server.stop.send(()).unwrap();
    let refused = async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("nobody listens any more");
    assert!(!server.end.is_finished());
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    tokio::time::timeout(PATIENCE, server.end)
        .await
        .expect("the server ends")
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_with_our_own_certificate_and_never_an_old_version() {
    let mut bridge = Bridge::new();
    let folder = bridge.folder.path();
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&certificate, idp_key().certificate_pem()).unwrap();
    std::fs::write(&key, idp_key().private_pem()).unwrap();
    bridge.server.tls = Some(Tls { certificate, key });
    let server = Listening::start(bridge).await;
    let address = server.address;
    let ask = move |dress: fn(&mut openssl::ssl::SslConnectorBuilder)| {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        // The certificate is of our own making; that it is this one is looked at below.
        connector.set_verify(SslVerifyMode::NONE);
        dress(&mut connector);
        let connector = connector.build();
        tokio::task::spawn_blocking(move || {
            use std::io::{Read as _, Write as _};
            let stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut stream = connector
                .connect("idp.example.org", stream)
                .map_err(|fault| fault.to_string())?;
            let shown = stream.ssl().peer_certificate().unwrap().to_pem().unwrap();
            assert_eq!(shown, idp_key().certificate_pem().into_bytes());
            let protocol = stream.ssl().selected_alpn_protocol().map(<[u8]>::to_vec);
            stream.write_all(get("/healthz").as_bytes()).unwrap();
            let mut answer = String::new();
            // The server may close without a word of farewell.
            let _ = stream.read_to_string(&mut answer);
            Ok::<_, String>((answer, protocol))
        })
    };
    let (answer, _) = ask(|_| {}).await.unwrap().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"),
        "{answer}"
    );
    // HTTP/2 is not agreed on.
    let offer = |connector: &mut openssl::ssl::SslConnectorBuilder| {
        connector.set_alpn_protos(b"\x02h2\x08http/1.1").unwrap();
    };
    let (answer, protocol) = ask(offer).await.unwrap().unwrap();
    assert_eq!(protocol.as_deref(), Some(&b"http/1.1"[..]));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let only_h2 = |connector: &mut openssl::ssl::SslConnectorBuilder| {
        connector.set_alpn_protos(b"\x02h2").unwrap();
    };
    assert!(ask(only_h2).await.unwrap().is_err());
    let old = |connector: &mut openssl::ssl::SslConnectorBuilder| {
        use openssl::ssl::SslVersion;
        connector.set_min_proto_version(None).unwrap();
        connector
            .set_max_proto_version(Some(SslVersion::TLS1_1))
            .unwrap();
        connector.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    };
    assert!(ask(old).await.unwrap().is_err());
    // In clear nobody answers there.
    let answer = server.exchange(&get("/healthz")).await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r123_who_never_ends_the_tls_handshake_gives_way_like_everybody_who_waits() {
    let setup = Setup::new();
    let mut bridge = Setup {
        server: format!("{}\nmax-connections = 2", setup.server),
        ..setup
    }
    .build();
    let folder = bridge.folder.path();
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&certificate, idp_key().certificate_pem()).unwrap();
    std::fs::write(&key, idp_key().private_pem()).unwrap();
    bridge.server.tls = Some(Tls { certificate, key });
    let server = Listening::start(bridge).await;
    // Nothing at all, and the start of a record.
    let mut held = server.hold(1, "").await;
    held.extend(server.hold(1, "\u{16}\u{3}\u{1}").await);
    let address = server.address;
    for gone in 1..=2 {
        let asked = tokio::task::spawn_blocking(move || {
            use std::io::{Read as _, Write as _};
            let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
            connector.set_verify(SslVerifyMode::NONE);
            let stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut stream = connector
                .build()
                .connect("idp.example.org", stream)
                .unwrap();
            stream.write_all(get("/healthz").as_bytes()).unwrap();
            let mut answer = String::new();
            // The server may close without a word of farewell.
            let _ = stream.read_to_string(&mut answer);
            answer
        });
        let answer = asked.await.unwrap();
        assert!(answer.ends_with("ok\n"), "{answer}");
        assert_eq!(server.bridge.front.connections.closed(), gone);
        server.until_free(1..=1).await;
        held.extend(server.hold(1, "").await);
    }
}

#[tokio::test]
async fn a_key_of_another_certificate_stops_the_start() {
    let mut bridge = Bridge::new();
    let folder = bridge.folder.path();
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&certificate, idp_key().certificate_pem()).unwrap();
    std::fs::write(&key, zoom_key().private_pem()).unwrap();
    bridge.server.tls = Some(Tls { certificate, key });
    let never = std::future::pending();
    let end = serve(
        &bridge.live,
        &bridge.server,
        |_| panic!("it listens"),
        never,
    )
    .await;
    assert!(end.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_shows_a_new_certificate_to_who_comes_next() {
    let setup = Setup::new();
    let setup = Setup {
        server: format!(
            "{}\ntls = {{ certificate = 'tls.crt', key = 'tls.key' }}",
            setup.server
        ),
        ..setup
    };
    let (folder, path) = setup.write();
    let root = folder.path().to_owned();
    write(&root, "tls.crt", &idp_key().certificate_pem());
    write(&root, "tls.key", &idp_key().private_pem());
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    let server = Listening::start(bridge).await;
    let address = server.address;
    let shown = move || {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_verify(SslVerifyMode::NONE);
        let stream = std::net::TcpStream::connect(address).unwrap();
        let stream = connector
            .build()
            .connect("idp.example.org", stream)
            .unwrap();
        stream.ssl().peer_certificate().unwrap().to_pem().unwrap()
    };
    let pem = |key: &Key| key.certificate_pem().into_bytes();
    let before = tokio::task::spawn_blocking(shown).await.unwrap();
    assert_eq!(before, pem(idp_key()));
    // A key of another certificate is told, and the one before it goes on.
    write(&root, "tls.key", &zoom_key().private_pem());
    assert!(server.bridge.live.reload("a test").is_err());
    let still = tokio::task::spawn_blocking(shown).await.unwrap();
    assert_eq!(still, pem(idp_key()));
    write(&root, "tls.crt", &zoom_key().certificate_pem());
    server.bridge.live.reload("a test").unwrap();
    let after = tokio::task::spawn_blocking(shown).await.unwrap();
    assert_eq!(after, pem(zoom_key()));
}
