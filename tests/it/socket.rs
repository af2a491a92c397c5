//! The server behind a real socket: what HTTP itself may do, TLS, and a graceful stop.

use std::{net::SocketAddr, time::Duration};

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

use crate::{
    bridge::{
        Bridge, Setup,
        keys::{idp_key, zoom_key},
    },
    lab::port::free_port,
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
        let front = std::sync::Arc::clone(&bridge.front);
        let server = bridge.server.clone();
        let end = tokio::spawn(async move {
            let ready = |address| ready.send(address).unwrap();
            serve(front, &server, ready, async {
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
    let front = std::sync::Arc::clone(&server.bridge.front);
    let telling = tell_metrics(front, Metrics { listen }).unwrap();
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

#[tokio::test]
async fn r122_more_connections_than_allowed_are_closed_and_a_place_becomes_free_again() {
    let setup = Setup::new();
    let bridge = Setup {
        server: format!("{}\nmax-connections = 2", setup.server),
        ..setup
    }
    .build();
    let server = Listening::start(bridge).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        read_answer(&mut stream).await;
        held.push(stream);
    }
    assert_eq!(server.exchange(&get("/healthz")).await, "");
    held.clear();
    let again = async {
        while server.exchange(&get("/healthz")).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("a place becomes free");
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
        bridge.front,
        &bridge.server,
        |_| panic!("it listens"),
        never,
    )
    .await;
    assert!(end.is_err());
}
