//! Browsers: what they keep, what they send, and what becomes of it on the way.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request, header, response::Parts},
};
use openssl::sha::sha256;
use passerelle::sys::clock::Clock as _;
use tokio::time::timeout;
use url::{Position, Url};

use crate::{
    bridge::{
        ORIGIN,
        answer::Answer,
        browser::SESSION_COOKIE,
        exchange::{Cause, caused},
        page::Page,
        watch::watch,
    },
    cas::{CAS, Carriage, Notice, Visit, Visitor},
    judge::{Brought, Delivery},
    lab::{cookies::CookieJar, form},
    nodes::PEER,
    providers::Provider,
    world::{Lie, World},
};

/// More redirects than any way of ours has.
const MOST_HOPS: usize = 16;

/// A request of a browser.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) url: Url,
    pub(crate) body: Option<String>,
    pub(crate) cause: Cause,
    /// The request of a provider that it is about.
    pub(crate) about: String,
}

/// A cookie of another browser's that somebody has put beside this one's, under the same name.
#[derive(Clone, Debug)]
struct Tossed {
    /// Name and value.
    pair: String,
    is_first: bool,
}

impl Tossed {
    fn name(&self) -> &str {
        self.pair.split('=').next().unwrap_or_default()
    }

    /// The header of both cookies.
    fn beside(&self, own: &str) -> String {
        let pair = &self.pair;
        if self.is_first {
            format!("{pair}; {own}")
        } else {
            format!("{own}; {pair}")
        }
    }

    /// The header as if this one counted.
    fn instead(&self, own: &str) -> String {
        let others = own.split("; ").filter(|own| !own.starts_with(self.name()));
        let all: Vec<_> = others.chain([self.pair.as_str()]).collect();
        all.join("; ")
    }

    /// Whether an answer that says who somebody is can only have come about by the cookie of this name: that of
    /// the session where nothing is proven with the request, and that of the browser where something is.
    fn is_needed_by(&self, call: &Call) -> bool {
        let path = call.url.path();
        let proves = path.starts_with("/cas/") || call.body.is_some();
        (self.name() == SESSION_COOKIE) != proves
    }
}

/// A browser.
pub(crate) struct Browser {
    pub(crate) number: usize,
    pub(crate) world: Arc<World>,
    /// Who sits there.
    person: AtomicUsize,
    /// How many requests are under way.
    under_way: AtomicUsize,
    /// Whether whoever sits there presses everything twice.
    is_hasty: AtomicBool,
    jar: Mutex<CookieJar>,
}

impl Browser {
    /// One that has never been anywhere.
    pub(crate) fn new(world: &Arc<World>, number: usize, person: usize) -> Self {
        let mut jar = CookieJar::default();
        if world.lie == Some(Lie::OneBrowserForAll) {
            let value = "A".repeat(43);
            let cookie = format!(
                "__Host-passerelle-browser={value}; Path=/; Secure; HttpOnly; SameSite=Lax"
            );
            jar.take(&Url::parse(ORIGIN).unwrap(), &cookie);
        }
        Self {
            number,
            world: Arc::clone(world),
            person: AtomicUsize::new(person),
            under_way: AtomicUsize::new(0),
            is_hasty: AtomicBool::new(false),
            jar: Mutex::new(jar),
        }
    }

    /// Who sits there.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor {
            browser: self.number,
            person: self.person.load(Ordering::Relaxed),
        }
    }

    /// Somebody else sits down.
    pub(crate) fn is_taken_by(&self, person: usize) {
        self.person.store(person, Ordering::Relaxed);
        self.note(&format!("person {person} sits down"));
    }

    /// From now on whoever sits there presses everything twice, or does not.
    pub(crate) fn is_in_haste(&self, is_hasty: bool) {
        self.is_hasty.store(is_hasty, Ordering::Relaxed);
    }

    /// Whether whoever sits there sends the next step twice at once.
    pub(crate) fn clicks_twice(&self) -> bool {
        self.is_hasty.load(Ordering::Relaxed) || self.world.strikes(50)
    }

    /// Whether nothing of it is under way.
    pub(crate) fn is_still(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn note(&self, what: &str) {
        self.world.note(&format!("browser {}", self.number), what);
    }

    /// Goes where a call leads, and on from there, also to the CAS server; gives the page at which it stops, and
    /// how it came there: none where nobody answers.
    pub(crate) async fn go(&self, call: Call) -> (Option<Page>, Call) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let gone = self.follow(call).await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        gone
    }

    async fn follow(&self, mut call: Call) -> (Option<Page>, Call) {
        let world = &*self.world;
        for _ in 0..MOST_HOPS {
            let Some(page) = self.exchange(&call).await else {
                return (None, call);
            };
            let Some(location) = page.header("location") else {
                return (Some(page), call);
            };
            let mut next = Call {
                url: call.url.join(location).unwrap(),
                body: None,
                ..call.clone()
            };
            if next.url.as_str().starts_with(CAS) {
                match world.cas.visit(world, self.visitor(), &next.url).await {
                    Visit::On(url) => next.url = url,
                    Visit::Silence => {
                        self.note("the CAS server does not answer");
                        // Loading anew asks our address once more, which leads there.
                        return (None, call);
                    }
                }
                next.cause = Cause::Elsewhere;
                if world.is_kept() {
                    self.note("keeps a ticket, for another browser to bring");
                    world.is_seen(&next);
                    return (None, call);
                }
            }
            call = next;
        }
        world
            .judge
            .finds(world, &format!("{} is redirected for ever", call.about));
        (None, call)
    }

    /// Sends one request to whichever node the proxy takes, and looks at what comes.
    async fn exchange(&self, call: &Call) -> Option<Page> {
        let world = &*self.world;
        let path = call.url.path();
        if path == "/saml/sso" || path.starts_with("/j/") {
            world.judge.is_brought(&call.about, self.number);
        }
        let tossed = self.tossed(call);
        let request = self.request(call, tossed.as_ref());
        let asked_at = world.now();
        let node = world.dice.below(world.nodes.len());
        // The keys of a run are made when it begins, and each has others.
        let sent = call.url[Position::BeforePath..].split("&Signature=").next();
        let short = hex(sent.unwrap_or_default(), 8);
        let method = if call.body.is_some() { "POST" } else { "GET" };
        let place = path.split('/').take(3).collect::<Vec<_>>().join("/");
        let told = format!("{method} {place} {short} of {} to node {node}", call.about);
        if world.strikes(15) {
            self.note(&format!("{told}: lost"));
            world.wait(900, 5000).await;
            return None;
        }
        self.note(&told);
        let asking = world.nodes[node].ask(world, request);
        let answer = if world.strikes(15) {
            // Whoever waits no longer is not waited for.
            let patience = Duration::from_millis(world.dice.between(0, 150));
            timeout(patience, asking).await.unwrap_or_default()
        } else {
            asking.await
        };
        let Some((parts, mut body)) = answer else {
            self.note("no answer");
            world.wait(100, 1000).await;
            return None;
        };
        if world.lie == Some(Lie::NoLinks) && kind_of(&body) == "stop" {
            body = body.replace("<a ", "<span ");
        }
        let arrives = !world.strikes(15);
        self.look(call, (&parts, &body), (node, asked_at, arrives));
        if tossed.is_some_and(|tossed| tossed.is_needed_by(call)) && says_who(&body) {
            let what = format!("{} is answered by one of two cookies", call.about);
            world.judge.finds(world, &what);
        }
        if !arrives {
            world.wait(900, 5000).await;
            return None;
        }
        let mut jar = self.jar.lock().unwrap();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            world.is_given(cookie);
            let is_planted = world.lie == Some(Lie::OneBrowserForAll)
                && cookie.starts_with("__Host-passerelle-browser");
            if !is_planted {
                jar.take(&call.url, cookie);
            }
        }
        Some(Page::of(call.url.clone(), parts, body))
    }

    /// Brings a notice of the CAS server's to whichever node the proxy takes.
    pub(crate) async fn brings(&self, notice: &Notice) {
        let world = &*self.world;
        let carriage = world.dice.pick(&Carriage::ALL);
        world.wait(0, 700).await;
        let mut request = self.request(
            &Call {
                url: notice.address(carriage),
                body: None,
                cause: Cause::Elsewhere,
                about: String::new(),
            },
            None,
        );
        let destination = HeaderValue::from_static(carriage.destination());
        request.headers_mut().insert("sec-fetch-dest", destination);
        let node = world.dice.below(world.nodes.len());
        let told = format!("brings the end of {}, {carriage:?}", notice.ticket);
        if world.strikes(15) {
            return self.note(&format!("{told}: lost"));
        }
        if world.lie == Some(Lie::NoBroughtNoticeEnds) {
            return world.judge.is_over(world.now(), &notice.ticket);
        }
        let Some((parts, body)) = world.nodes[node].ask(world, request).await else {
            return self.note(&format!("{told}: no answer"));
        };
        let status = parts.status.as_u16();
        self.note(&format!("{told}, to node {node}: {status}"));
        let location = parts.headers.get(header::LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap());
        if carriage.is_answered_by((status, location, &body)) {
            world.judge.is_over(world.now(), &notice.ticket);
        } else if status != 503 || world.is_settled() {
            let what = format!("a notice is answered with {status} {location} {body}");
            world.judge.finds(world, &what);
        }
    }

    /// Looks at what a node has said, whether it arrives or not.
    fn look(
        &self,
        call: &Call,
        (parts, body): (&Parts, &str),
        (node, asked_at, arrives): (usize, u64, bool),
    ) {
        let world = &*self.world;
        let registered = ["intranet.example.org/acs", "library.example.net/acs"]
            .map(|acs| format!("https://{acs}"));
        let mut registered = registered.to_vec();
        registered.push(Provider::Zoom.acs().to_owned());
        watch(
            call.url.path(),
            parts.status,
            &parts.headers,
            body,
            &registered,
        );
        let kind = kind_of(body);
        let reason = form::attribute(body, "body", "data-reason").unwrap_or_default();
        let location = parts.headers.get(header::LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap());
        let mut seen = format!("{location} {body}");
        let carried = carried(body);
        if let Some(answer) = &carried {
            seen = without_signatures(&answer.xml);
        }
        let digest = hex(&seen, 12);
        let lost = if arrives { "" } else { ", lost" };
        self.note(&format!(
            "{} {kind} {reason} {digest}{lost}",
            parts.status.as_u16()
        ));
        if let Some(mut answer) = carried {
            if world.lie == Some(Lie::AnswerToAnother) {
                let mut others = Provider::ALL.iter().map(|provider| provider.acs());
                others
                    .find(|acs| *acs != answer.to)
                    .unwrap()
                    .clone_into(&mut answer.to);
            }
            let delivery = Delivery {
                browser: self.number,
                asked_at,
                brought: Brought::by(call.body.is_some()),
                node,
                node_now: world.nodes[node].clock.now(),
                arrives,
                answer: &answer,
            };
            world.judge.judges(world, &delivery);
        }
        if parts.status.as_u16() == 503 && world.is_settled() {
            world
                .judge
                .finds(world, &format!("{reason}, although everybody answers"));
        }
        if parts.status.as_u16() == 500 {
            world
                .judge
                .finds(world, &format!("an error of ours: {reason}"));
        }
    }

    /// The cookies that go with a request, as its header.
    fn cookies(&self, call: &Call) -> Option<String> {
        let (standing, _) = call.cause.stands(call.body.is_some());
        self.jar.lock().unwrap().header(&call.url, standing)
    }

    /// Somebody may have put a cookie beside one of those that go with a request. No browser of now lets them
    /// (`__Host-`): it is an old one, or something on the way.
    fn tossed(&self, call: &Call) -> Option<Tossed> {
        let world = &*self.world;
        let is_often = world.lie == Some(Lie::OneOfTwoCookiesCounts);
        if !world.strikes(if is_often { 200 } else { 25 }) {
            return None;
        }
        let cookies = self.cookies(call)?;
        let tossed = Tossed {
            pair: world.any_given()?,
            is_first: world.dice.falls(500),
        };
        let is_same_name = |own: &str| own.split('=').next() == Some(tossed.name());
        let mut own = cookies.split("; ");
        own.any(|own| is_same_name(own) && own != tossed.pair)
            .then_some(tossed)
    }

    fn request(&self, call: &Call, tossed: Option<&Tossed>) -> Request<Body> {
        let request = Request::builder()
            .uri(&call.url[Position::BeforePath..Position::AfterQuery])
            .extension(ConnectInfo(PEER))
            .header(header::HOST, "idp.example.org")
            .header(header::ACCEPT_LANGUAGE, "fr")
            .header("x-forwarded-for", format!("192.0.2.{}", self.number + 1))
            .header("sec-fetch-dest", "document");
        let cookies = self.cookies(call).map(|own| match tossed {
            Some(tossed) if self.world.lie == Some(Lie::OneOfTwoCookiesCounts) => {
                tossed.instead(&own)
            }
            Some(tossed) => tossed.beside(&own),
            None => own,
        });
        caused(request, call.cause, cookies, call.body.as_deref())
    }
}

/// The answer that a page carries.
fn carried(body: &str) -> Option<Answer> {
    let mut forms = form::forms(body).into_iter();
    let form = forms.find(|form| form.value("SAMLResponse").is_some())?;
    Some(Answer::of(&form))
}

/// Whether a page carries an answer that says who somebody is.
fn says_who(body: &str) -> bool {
    carried(body).is_some_and(|answer| answer.count("Assertion") > 0)
}

fn kind_of(body: &str) -> String {
    form::attribute(body, "body", "data-page").unwrap_or_default()
}

fn without_signatures(xml: &str) -> String {
    let mut left = String::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once("<ds:Signature ") {
        left.push_str(before);
        rest = after.split_once("</ds:Signature>").unwrap().1;
    }
    left + rest
}

/// A word of so many digits for a text.
pub(crate) fn hex(text: &str, digits: usize) -> String {
    let octets = sha256(text.as_bytes());
    let all = octets.iter().fold(String::new(), |mut all, octet| {
        write!(all, "{octet:02x}").unwrap();
        all
    });
    all.chars().take(digits).collect()
}
