//! Nodes that take a request and end without a word: what is asked once more, and what is not.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use openssl::{
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod, SslStream},
    x509::X509,
};

use super::post;
use crate::lab::{
    balancer::{self, Balancer, Program},
    browser::BrowserSim,
    form::Form,
    keys::Authority,
    port::free_port,
    until::until,
};

/// One of them. To whoever asks for its health it is ready, until it is said not to be.
struct Vanishing {
    port: u16,
    is_ready: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vanishing {
    fn start(authority: &Authority) -> Self {
        let key = authority.vouch_for(balancer::HOST);
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        let certificate = X509::from_pem(&key.certificate).unwrap();
        acceptor.set_certificate(&certificate).unwrap();
        let key = PKey::private_key_from_pem(&key.key).unwrap();
        acceptor.set_private_key(&key).unwrap();
        let acceptor = acceptor.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::clone(&asked);
        let is_ready = Arc::new(AtomicBool::new(true));
        let ready = Arc::clone(&is_ready);
        // It ends with the process: nobody connects any more.
        thread::spawn(move || {
            for stream in listener.incoming() {
                // It hangs up once it has counted: whoever is told of that may look.
                if let Some((head, _stream)) = take(&acceptor, stream.unwrap(), &ready) {
                    heads.lock().unwrap().push(head);
                }
            }
        });
        Self {
            port,
            is_ready,
            asked,
        }
    }

    fn asked(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|head| head.starts_with(method)).count()
    }
}

/// Takes one request; its head and the connection, unless it asks for health.
fn take(
    acceptor: &SslAcceptor,
    stream: TcpStream,
    is_ready: &AtomicBool,
) -> Option<(String, SslStream<TcpStream>)> {
    let mut stream = acceptor.accept(stream).ok()?;
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&buffer[..count]);
    }
    let head = String::from_utf8(head).unwrap();
    if head.starts_with("GET /readyz ") {
        let status = if is_ready.load(Ordering::Relaxed) {
            "200 OK"
        } else {
            "503 Service Unavailable"
        };
        let told = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(told.as_bytes()).ok()?;
        return None;
    }
    Some((head, stream))
}

#[tokio::test]
async fn a_get_without_an_answer_is_asked_of_the_other_node_and_a_post_that_was_sent_of_nobody() {
    for program in Program::ALL {
        let authority = Authority::new("University");
        let nodes = [(); 2].map(|()| Vanishing::start(&authority));
        let ports = [nodes[0].port, nodes[1].port];
        let port = free_port();
        let balancer = Balancer::start(program, port, &authority, ports).await;
        let browser = BrowserSim {
            authority: Some(authority.pem().into()),
            ..BrowserSim::new()
        };
        let asked = |method: &str| nodes.each_ref().map(|node| node.asked(method));
        let url = balancer.url("/j/zoom/seal");
        let form = Form::post(url.as_str(), &[("password", "x")]);
        let get = format!(
            "GET /j/zoom/seal HTTP/1.1\r\nHost: idp.localhost:{port}\r\nConnection: close\r\n\r\n"
        );
        browser.send_as_it_is(&url, &get).await;
        let count: usize = asked("GET").iter().sum();
        assert!(count >= 2, "{program:?}: {}", balancer.log());
        let page = browser
            .send_as_it_is(&url, &post(&url, &form, ""))
            .await
            .unwrap();
        assert!(
            matches!(page.status, 502 | 503),
            "{program:?}: {}",
            page.status
        );
        let count: usize = asked("POST").iter().sum();
        assert_eq!(count, 1, "{program:?}: {}", balancer.log());
    }
}

#[tokio::test]
async fn a_node_that_is_not_ready_is_given_nobody_unless_none_is_ready() {
    let authority = Authority::new("University");
    let nodes = [(); 2].map(|()| Vanishing::start(&authority));
    let ports = [nodes[0].port, nodes[1].port];
    let port = free_port();
    let balancer = Balancer::start(Program::Haproxy, port, &authority, ports).await;
    let browser = BrowserSim {
        authority: Some(authority.pem().into()),
        ..BrowserSim::new()
    };
    let url = balancer.url("/j/zoom/seal");
    let get = format!(
        "GET /j/zoom/seal HTTP/1.1\r\nHost: idp.localhost:{port}\r\nConnection: close\r\n\r\n"
    );
    for (node, name) in nodes.iter().zip(["node-1", "node-2"]) {
        node.is_ready.store(false, Ordering::Relaxed);
        let down = format!("{name} is DOWN");
        until(&down, async || balancer.log().contains(&down)).await;
        let before = nodes.each_ref().map(|node| node.asked("GET"));
        browser.send_as_it_is(&url, &get).await;
        let after = nodes.each_ref().map(|node| node.asked("GET"));
        let asked = [after[0] - before[0], after[1] - before[1]];
        if name == "node-1" {
            assert!(
                asked[0] == 0 && asked[1] > 0,
                "{asked:?}\n{}",
                balancer.log()
            );
        } else {
            assert!(asked[0] + asked[1] > 0, "{asked:?}\n{}", balancer.log());
        }
    }
}
