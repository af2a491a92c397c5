//! Who sends much, or slowly, and has nobody else wait for it.

use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
};

use openssl::{
    ssl::{SslConnector, SslMethod, SslStream},
    x509::X509,
};
use url::Url;

use super::{House, post};
use crate::lab::{
    balancer::{self, Program},
    browser::BrowserSim,
    form::Form,
};

impl House {
    /// Begins such a form, and sends no more of it than its first words.
    fn begins(&self, url: &Url) -> SslStream<TcpStream> {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        let authority = X509::from_pem(&self.authority.pem()).unwrap();
        connector.cert_store_mut().add_cert(authority).unwrap();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.balancer.port)).unwrap();
        let stream = connector.build().connect(balancer::HOST, stream);
        let mut stream = stream.unwrap();
        let form = Form::post(url.as_str(), &[("SAMLRequest", &"A".repeat(1024))]);
        let message = post(url, &form, "");
        let (begins, _) = message.split_at(message.len() - 1000);
        stream.write_all(begins.as_bytes()).unwrap();
        stream
    }

    /// What is said to somebody who has just come.
    async fn greets(&self) -> u16 {
        self.browser()
            .open(&self.balancer.url("/healthz"))
            .await
            .status
    }
}

#[tokio::test]
async fn r123_who_sends_a_body_slowly_holds_no_place_at_a_node() {
    for program in Program::ALL {
        // Four places, and more that send slowly.
        let few = match program {
            Program::Haproxy => ("maxconn 3500", "maxconn 2"),
            Program::Nginx => ("max_conns=3500", "max_conns=2"),
        };
        let house = House::start_with(program, &[few]).await;
        let url = house.balancer.url("/saml/sso");
        let slow: Vec<_> = (0..8).map(|_| house.begins(&url)).collect();
        for _ in 0..4 {
            let status = house.greets().await;
            assert_eq!(status, 200, "{program:?}: {}", house.balancer.log());
        }
        drop(slow);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r122_who_posts_bodies_that_no_node_wants_shuts_nobody_out() {
    for program in Program::ALL {
        let house = House::start(program).await;
        let floods: Vec<_> = { ["/logout", "/saml/slo"].iter().cycle().take(8) }
            .map(|path| {
                let (browser, url) = (house.browser(), house.balancer.url(path));
                tokio::spawn(flood(browser, url))
            })
            .collect();
        let mut greeted = 0;
        while greeted < 10 || !floods.iter().all(tokio::task::JoinHandle::is_finished) {
            let status = house.greets().await;
            assert_eq!(status, 200, "{program:?}: {}", house.balancer.log());
            greeted += 1;
        }
        for flood in floods {
            flood.await.unwrap();
        }
    }
}

/// Posts 500 KB again and again. Whatever is said to it.
async fn flood(browser: BrowserSim, url: Url) {
    let form = Form::post(url.as_str(), &[("word", &"A".repeat(500_000))]);
    let message = post(&url, &form, "");
    for _ in 0..25 {
        browser.send_as_it_is(&url, &message).await;
    }
}
