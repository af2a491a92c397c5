//! Several nodes behind a balancer that keeps nobody at one of them: the examples of `deploy/`, as they stand there,
//! in the real haproxy and the real nginx.

mod floods;
mod killed;
mod vanishing;

use std::net::Ipv4Addr;

use tempfile::TempDir;
use url::Url;

use crate::{
    bridge::request::SAMLP,
    cas::{LOGIN, PASSWORD, ZOE, assert_is_zoe, request, service},
    lab::{
        balancer::{self, Balancer, Program},
        browser::{BrowserSim, Page},
        cas_server::{CasServer, filled},
        cookies::Standing,
        form::Form,
        keys::Authority,
        port::free_port,
        process::Server,
        real_bridge::RealBridge,
        redis_server::Redis,
        service_provider::{SpKind, SpSite},
        until::until,
    },
};

/// Where people sit, where the CAS server posts its notices from, and what a caller may say of itself.
const PERSON: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const CAS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);

/// A balancer, two nodes behind it, one store and one CAS server for both.
struct House {
    balancer: Balancer,
    bridges: [RealBridge; 2],
    nodes: [Option<Server>; 2],
    cas: CasServer,
    authority: Authority,
    redis: Redis,
    _lab: TempDir,
}

impl House {
    async fn start(program: Program) -> Self {
        Self::start_with(program, &[]).await
    }

    /// The same, with these texts of the example replaced.
    async fn start_with(program: Program, replaced: &[(&str, &str)]) -> Self {
        let lab = TempDir::new().unwrap();
        let sites = [SpSite::prepare(SpKind::Python3Saml, lab.path())];
        let (authority, port) = (Authority::new("University"), free_port());
        let mut bridges = [(); 2].map(|()| RealBridge::prepare(&sites));
        let [one, other] = &mut bridges;
        other.take_keys(one);
        for bridge in [one, other] {
            bridge.base = balancer::base(port);
        }
        let (redis, cas) = (Redis::start(&[]).await, CasServer::start(&[ZOE]).await);
        let ports = [bridges[0].port, bridges[1].port];
        let nodes = [
            Some(node(&bridges[0], &authority, (&cas, &redis)).await),
            Some(node(&bridges[1], &authority, (&cas, &redis)).await),
        ];
        let house = Self {
            balancer: Balancer::start_with(program, port, &authority, ports, replaced).await,
            bridges,
            nodes,
            cas,
            authority,
            redis,
            _lab: lab,
        };
        let ready = house.balancer.url("/readyz");
        until("the balancer has found both", async || {
            house.browser().open(&ready).await.status == 200
        })
        .await;
        house
    }

    /// One that has never been here.
    fn browser(&self) -> BrowserSim {
        BrowserSim {
            authority: Some(self.authority.pem().into()),
            from: Some(PERSON),
            ..BrowserSim::new()
        }
    }

    async fn visit(&self, browser: &mut BrowserSim) -> Page {
        browser.open(&request(&self.bridges[0], &[])).await
    }

    fn is_cas(&self, page: &Page) -> bool {
        page.url.as_str().starts_with(self.cas.url().as_str())
    }

    /// Signs somebody in; gives the browser, and the address and the ticket that CAS sent it back with.
    async fn signed_in(&self) -> (BrowserSim, Url, String) {
        let mut browser = self.browser();
        let page = self.visit(&mut browser).await;
        assert!(self.is_cas(&page), "{}\n{}", page.url, page.body);
        let address = service(&page);
        let form = filled(&page, LOGIN, PASSWORD);
        browser.stays_at = Some(self.cas.url().origin());
        let sent = browser.submit(&page, &form).await;
        browser.stays_at = None;
        let back: Url = sent.header("location").unwrap().parse().unwrap();
        let ticket = back.query_pairs().next().unwrap().1.into_owned();
        assert_is_zoe(&browser.follow(&sent, &back).await);
        (browser, address, ticket)
    }

    /// The same, each step at another node than the one before it. A busy machine may have a node pass for dead for a
    /// moment, and then all steps are at the other one.
    async fn signed_in_across_nodes(&self) -> (BrowserSim, Url, String) {
        for number in 1..=5 {
            let signed_in = self.signed_in().await;
            let places = ["/saml", "/j", "/cas"];
            // It is written once the answer is sent.
            until("it is logged", async || {
                places.iter().all(|place| self.took(place).len() >= number)
            })
            .await;
            let steps = places.map(|place| self.took(place).pop());
            if steps[0] != steps[1] && steps[1] != steps[2] {
                return signed_in;
            }
        }
        panic!("steps stay at one node: {}", self.balancer.log());
    }

    /// Whether the session answers by itself at each node: each is asked in its turn.
    async fn answers(&self, browser: &mut BrowserSim) -> [bool; 2] {
        // CAS would sign them in again by itself.
        browser.stays_at = Some(self.balancer.url("/").origin());
        let pages = [self.visit(browser).await, self.visit(browser).await];
        browser.stays_at = None;
        pages.map(|page| {
            let is_answer = page.kind().as_deref() == Some("post");
            let log = self.balancer.log();
            assert!(is_answer || page.status == 303, "{page:?}\n{log}");
            is_answer
        })
    }

    /// What is told to whoever posts such a form from that address.
    async fn posts(&self, from: Ipv4Addr, url: &Url, message: &str) -> u16 {
        let browser = BrowserSim {
            from: Some(from),
            ..self.browser()
        };
        browser.send_as_it_is(url, message).await.unwrap().status
    }

    /// The nodes that took requests at the first part of an address, in the words of the balancer's log, from the first
    /// to the last.
    fn took(&self, place: &str) -> Vec<String> {
        let log = self.balancer.log();
        let lines = log.lines().filter(|line| line.ends_with(place));
        let nodes = lines.map(|line| {
            let (_, rest) = line.split_once("node=").unwrap();
            rest.split(' ').next().unwrap().to_owned()
        });
        nodes
            .filter(|node| !node.is_empty() && node != "<NOSRV>")
            .collect()
    }
}

/// Starts a node that speaks TLS and believes 127.0.0.1 alone about who calls.
async fn node(bridge: &RealBridge, authority: &Authority, others: (&CasServer, &Redis)) -> Server {
    let (cas, redis) = (others.0.url(), others.1.socket());
    let folder = bridge.file().parent().unwrap().to_owned();
    let key = authority.vouch_for(balancer::HOST);
    crate::bridge::write(
        &folder,
        "tls.pem",
        &String::from_utf8(key.certificate).unwrap(),
    );
    crate::bridge::write(&folder, "tls.key", &String::from_utf8(key.key).unwrap());
    let listen = format!("listen = \"127.0.0.1:{}\"", bridge.port);
    let tls = "tls = { certificate = \"tls.pem\", key = \"tls.key\" }";
    let server = format!("{listen}\n{tls}\ntrusted-proxies = [\"127.0.0.1\"]");
    // Few people come as often as many would.
    let tables = format!(
        "[requests]\nmax-answers-per-person = 100000\n\n[store]\nredis = \"unix://{}\"\ntimeout-milliseconds = 2000\n\n[authn.cas]\nurl = \"{cas}\"\n\
         notices-from = [\"{CAS}\"]\n\n[authn.local]",
        redis.display()
    );
    bridge
        .start_with(&[
            ("methods = [\"local\"]", "methods = [\"cas\"]"),
            (&listen, &server),
            ("[authn.local]", &tables),
            ("[sp.zoom]", "[sp.zoom]\nrequire-signed-requests = false"),
        ])
        .await
}

/// What a CAS server posts when whoever came with that ticket is signed out there.
pub(crate) fn notice(ticket: &str) -> String {
    format!(
        "<p:LogoutRequest xmlns:p=\"{SAMLP}\" ID=\"_1\" Version=\"2.0\">\
         <p:SessionIndex>{ticket}</p:SessionIndex></p:LogoutRequest>"
    )
}

/// A POST of a form, with more lines in its head.
fn post(url: &Url, form: &Form, more: &str) -> String {
    let (path, body) = (url.path(), form.encode());
    let port = url.port().unwrap();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}:{port}\r\nConnection: close\r\n{more}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        balancer::HOST,
        body.len()
    )
}

#[tokio::test]
async fn r66_r124_steps_land_on_both_nodes_and_a_session_of_both_ends_by_a_notice_to_either() {
    for program in Program::ALL {
        let house = House::start(program).await;
        let (mut browser, address, ticket) = house.signed_in_across_nodes().await;
        assert_eq!(house.answers(&mut browser).await, [true, true]);
        // A notice counts from where CAS is, and a caller only says so in vain: to the balancer, or to a node.
        let form = Form::post(address.as_str(), &[("logoutRequest", &notice(&ticket))]);
        for hop in [
            "X-Forwarded-For: 127.0.0.7\r\n",
            "X-Forwarded-For: 127.0.0.7\r\nConnection: x-forwarded-for\r\n",
        ] {
            let forged = post(&address, &form, hop);
            assert_eq!(
                house.posts(PERSON, &address, &forged).await,
                403,
                "{program:?}"
            );
        }
        let mut past = address.clone();
        past.set_port(Some(house.bridges[0].port)).unwrap();
        let forged = post(&address, &form, "X-Forwarded-For: 127.0.0.7\r\n");
        assert_eq!(house.posts(PERSON, &past, &forged).await, 403);
        assert_eq!(house.answers(&mut browser).await, [true, true]);
        let told = house.posts(CAS, &address, &post(&address, &form, "")).await;
        assert_eq!(told, 200, "{program:?}");
        assert_eq!(house.answers(&mut browser).await, [false, false]);
        let from = format!("\"peer.address\":\"{PERSON}\"");
        house.nodes[0].as_ref().unwrap().says(&[&from]).await;
    }
}

#[tokio::test]
async fn a_node_that_is_killed_costs_nobody_a_step() {
    for program in Program::ALL {
        let mut house = House::start(program).await;
        let (mut browser, address, ticket) = house.signed_in().await;
        let mut half_way = house.browser();
        let page = house.visit(&mut half_way).await;
        house.nodes[0] = None;
        // Nobody has told the balancer.
        let form = filled(&page, LOGIN, PASSWORD);
        assert_is_zoe(&half_way.submit(&page, &form).await);
        for _ in 0..3 {
            assert_eq!(house.answers(&mut browser).await, [true, true]);
        }
        let form = Form::post(address.as_str(), &[("logoutRequest", &notice(&ticket))]);
        for _ in 0..3 {
            let told = house.posts(CAS, &address, &post(&address, &form, "")).await;
            assert_eq!(told, 200, "{program:?}\n{}", house.balancer.log());
        }
        assert_eq!(house.answers(&mut browser).await, [false, false]);
    }
}

#[tokio::test]
async fn r121_the_log_of_the_balancer_holds_no_query_sealed_path_or_cookie() {
    for program in Program::ALL {
        let mut house = House::start(program).await;
        let asked = request(&house.bridges[0], &[]);
        let (mut browser, address, ticket) = house.signed_in().await;
        browser.open(&asked).await;
        let cookies = browser.jar.header(&asked, Standing::SameSite).unwrap();
        // Faults are logged as well: of what is no HTTP, of one node and of both.
        let bad = "GET /j/zoom/canary-no-http HTTP/9\r\nCookie: canary-no-http\r\n\r\n";
        browser.send_as_it_is(&asked, bad).await;
        house.nodes[0] = None;
        house.answers(&mut browser).await;
        house.nodes[1] = None;
        let page = browser.open(&asked).await;
        assert!(matches!(page.status, 502 | 503), "{}", page.status);
        let form = Form::post(address.as_str(), &[("logoutRequest", &notice(&ticket))]);
        let told = house.posts(CAS, &address, &post(&address, &form, "")).await;
        assert!(matches!(told, 502 | 503), "{told}");
        until("it is logged", async || {
            house.balancer.log().contains("POST /cas")
        })
        .await;
        let log = house.balancer.log();
        let mut secrets = vec![
            "canary",
            "SAMLRequest",
            "RelayState",
            "ticket",
            "ST-",
            &ticket,
        ];
        secrets.extend(address.path_segments().unwrap().next_back());
        let pairs: Vec<_> = asked.query_pairs().map(|(_, value)| value).collect();
        // The RelayState is a word of any text.
        secrets.extend(
            pairs
                .iter()
                .map(AsRef::as_ref)
                .filter(|value| value.len() > 20),
        );
        let values = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        secrets.extend(values.map(|(_, value)| value));
        assert!(secrets.len() >= 9, "{secrets:?}");
        for secret in secrets {
            assert!(!log.contains(secret), "{program:?}: {secret}\n{log}");
        }
        assert!(
            log.contains("GET /saml") && log.contains("GET /cas"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn r122_r123_what_we_take_is_let_through_and_what_is_larger_is_refused_before_us() {
    for program in Program::ALL {
        let house = House::start(program).await;
        let browser = house.browser();
        let get = |path: &str, more: &str| {
            let port = house.balancer.port;
            format!(
                "GET {path} HTTP/1.1\r\nHost: idp.localhost:{port}\r\nConnection: close\r\n{more}\r\n"
            )
        };
        let url = house.balancer.url("/saml/sso");
        // Our own pages say what is wrong with 30 kilobytes, and with a few too many.
        for length in [30 * 1024, 33 * 1024] {
            let query = format!("/saml/sso?SAMLRequest={}", "A".repeat(length));
            let page = browser.send_as_it_is(&url, &get(&query, "")).await;
            let kind = page.unwrap().kind();
            assert_eq!(kind.as_deref(), Some("stop"), "{program:?}: {length}");
        }
        let large = format!("X-Large: {}\r\n", "a".repeat(30 * 1024));
        let page = browser.send_as_it_is(&url, &get("/healthz", &large)).await;
        assert_eq!(page.unwrap().status, 200, "{program:?}");
        // In one line the balancer refuses it; in three, of which each may be, the node may do so as well.
        let large = format!("X-Large: {}\r\n", "a".repeat(70 * 1024));
        let lines = format!("X-Large: {}\r\n", "a".repeat(30 * 1024)).repeat(3);
        for (path, head) in [("/healthz", &large), ("/d", &lines)] {
            if let Some(page) = browser.send_as_it_is(&url, &get(path, head)).await {
                let is_refused = matches!(page.status, 400 | 431) && page.kind().is_none();
                assert!(is_refused, "{program:?}: {page:?}");
            }
        }
        let form =
            |length: usize| Form::post(url.as_str(), &[("SAMLRequest", &"A".repeat(length))]);
        let longest = post(&url, &form(399 * 1024), "");
        let page = browser.send_as_it_is(&url, &longest).await;
        assert_eq!(page.unwrap().kind().as_deref(), Some("stop"), "{program:?}");
        let longer = post(&url, &form(600 * 1024), "");
        if let Some(page) = browser.send_as_it_is(&url, &longer).await {
            assert_eq!((page.status, page.kind()), (413, None), "{program:?}");
        }
        // The last one is in the log, and with it all that came before.
        browser.send_as_it_is(&url, &get("/j", "")).await;
        until("it is logged", async || !house.took("/j").is_empty()).await;
        let reached = house.took("/healthz").len() + house.took("/saml").len();
        assert_eq!(reached, 4, "{program:?}: {}", house.balancer.log());
    }
}
