//! The university's CAS server: two nodes that know of each other, people's logins there, tickets, and notices of
//! the end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{body::Body, http::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::sys::http::HttpKind;
use url::Url;

use crate::{
    bridge::{
        ORIGIN,
        request::{deflate, encode},
    },
    world::{Lie, Method, World},
};

/// Where people sign in.
pub(crate) const CAS: &str = "https://localhost:8443/cas";
/// Where tickets are asked about.
pub(crate) const NODES: [&str; 2] = [
    "https://cas1.example.org/cas",
    "https://cas2.example.org/cas",
];

/// How a node is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Health {
    /// It says nothing.
    Hanging,
    /// It is not there.
    Gone,
    /// It says that something is wrong with it.
    Sick,
    /// It does what it is for.
    #[default]
    Well,
}

impl Health {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Hanging, Self::Gone, Self::Sick, Self::Well];
}

/// The server.
#[derive(Debug, Default)]
pub(crate) struct CasServer(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Who is signed in with which browser, and in which login.
    logins: BTreeMap<usize, Login>,
    tickets: BTreeMap<String, Ticket>,
    nodes: [Health; 2],
    page: Health,
    number: usize,
}

#[derive(Clone, Copy, Debug)]
struct Login {
    number: usize,
    person: usize,
}

#[derive(Clone, Debug)]
struct Ticket {
    service: String,
    login: Login,
    browser: usize,
    is_new: bool,
    is_used: bool,
}

/// Who stands before the login page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Visitor {
    /// With which browser.
    pub(crate) browser: usize,
    /// Whose password they type.
    pub(crate) person: usize,
}

/// What a visit there comes to.
#[derive(Clone, Debug)]
pub(crate) enum Visit {
    /// The browser is sent on.
    On(Url),
    /// Nobody answers.
    Silence,
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(name, _)| name == wanted)?;
    Some(value.into_owned())
}

impl CasServer {
    /// Has the one or the other node, or the page where people sign in, fall ill or recover.
    pub(crate) fn changes(&self, part: usize, health: Health) {
        let mut state = self.0.lock().unwrap();
        match part {
            0 | 1 => state.nodes[part] = health,
            _ => state.page = health,
        }
    }

    /// All of it is like that.
    pub(crate) fn is_all(&self, health: Health) {
        for part in 0..3 {
            self.changes(part, health);
        }
    }

    /// A browser comes with `url` to the page where people sign in.
    pub(crate) async fn visit(&self, world: &World, visitor: Visitor, url: &Url) -> Visit {
        world.travel().await;
        if self.0.lock().unwrap().page != Health::Well {
            return Visit::Silence;
        }
        let service = parameter(url, "service").unwrap();
        // Whoever takes it out of the address is not asked: what proves a new login is said at the validation.
        let is_obeyed = world.lie != Some(Lie::EveryLoginIsNew) && !world.strikes(100);
        let asks_again = parameter(url, "renew").is_some() && is_obeyed;
        let known = self.0.lock().unwrap().logins.get(&visitor.browser).copied();
        if known.is_none() && parameter(url, "gateway").is_some() {
            return Visit::On(Url::parse(&service).unwrap());
        }
        let (login, is_new) = match known {
            Some(login) if !asks_again => (login, false),
            _ => {
                world.wait(1500, 20_000).await;
                if world.strikes(100) {
                    world.note("cas", "a wrong password");
                    world.wait(1500, 20_000).await;
                }
                let mut state = self.0.lock().unwrap();
                state.number += 1;
                let login = Login {
                    number: state.number,
                    person: visitor.person,
                };
                state.logins.insert(visitor.browser, login);
                (login, true)
            }
        };
        let ticket = {
            let mut state = self.0.lock().unwrap();
            let ticket = format!("ST-{}-{:016x}", state.tickets.len(), world.dice.number());
            let of_ticket = Ticket {
                service: service.clone(),
                login,
                browser: visitor.browser,
                is_new,
                is_used: false,
            };
            state.tickets.insert(ticket.clone(), of_ticket);
            ticket
        };
        let who = Visitor {
            person: login.person,
            ..visitor
        };
        world
            .judge
            .has_proven_at_cas(world.now(), who, &ticket, is_new);
        world.note("cas", &format!("{ticket} for {who:?}, new: {is_new}"));
        world.travel().await;
        Visit::On(Url::parse(&format!("{service}?ticket={}", encode(&ticket))).unwrap())
    }

    /// A node of ours asks for an address.
    pub(crate) async fn asked(&self, world: &World, url: &str) -> Result<(u16, Vec<u8>), HttpKind> {
        let url = Url::parse(url).unwrap();
        let node = NODES.iter().position(|node| url.as_str().starts_with(node));
        let health = {
            let state = self.0.lock().unwrap();
            node.map_or(state.page, |node| state.nodes[node])
        };
        match health {
            Health::Hanging => std::future::pending().await,
            Health::Gone => return Err(HttpKind::Unreachable),
            Health::Sick => return Ok((503, b"out of order".to_vec())),
            Health::Well => {}
        }
        if url.path().ends_with("/login") {
            return Ok((200, b"name and password".to_vec()));
        }
        let asked = (parameter(&url, "ticket"), parameter(&url, "service"));
        let (Some(ticket), Some(service)) = asked else {
            let refusal = "<cas:authenticationFailure code=\"INVALID_REQUEST\">no</cas:authenticationFailure>";
            return Ok((200, document(refusal)));
        };
        if world.strikes(20) {
            world.wait(400, 6000).await;
        }
        let must_be_new = parameter(&url, "renew").is_some();
        let found = self.take(world, &ticket);
        let is_good = found.as_ref().filter(|found| {
            let is_new = found.is_new || world.lie == Some(Lie::EveryLoginIsNew);
            found.service == service && (is_new || !must_be_new)
        });
        if world.strikes(20) {
            world.note("cas", &format!("{ticket}: its answer is lost"));
            return Err(HttpKind::Broken);
        }
        let Some(good) = is_good else {
            world.note("cas", &format!("{ticket} is refused"));
            let refusal =
                "<cas:authenticationFailure code=\"INVALID_TICKET\">no</cas:authenticationFailure>";
            return Ok((200, document(refusal)));
        };
        world.judge.is_vouched_for(world.now(), &ticket);
        world.note("cas", &format!("{ticket} is good"));
        Ok((200, document(&vouching(world, good))))
    }

    /// Takes a ticket, which works once.
    fn take(&self, world: &World, ticket: &str) -> Option<Ticket> {
        let mut state = self.0.lock().unwrap();
        let found = state
            .tickets
            .get_mut(ticket)
            .filter(|found| !found.is_used)?;
        found.is_used = true;
        let mut found = found.clone();
        if world.lie == Some(Lie::TicketOfAnother) {
            found.login.person = (found.login.person + 1) % world.people.len();
        }
        Some(found)
    }

    /// Somebody signs out there, with their browser: whoever they have come to is told, sooner or later. Gives the
    /// notices that the browser is to bring, where this server tells nobody itself.
    pub(crate) fn sign_out(&self, world: &Arc<World>, browser: usize) -> Vec<Notice> {
        let mut state = self.0.lock().unwrap();
        let Some(login) = state.logins.remove(&browser) else {
            return Vec::new();
        };
        world.note("cas", &format!("browser {browser} signs out"));
        let is_brought = world.dice.falls(400);
        let mut to_bring = Vec::new();
        for (ticket, of_ticket) in &state.tickets {
            if of_ticket.login.number != login.number || !of_ticket.is_used {
                continue;
            }
            assert_eq!(of_ticket.browser, browser);
            let times = match world.dice.below(10) {
                0 => 0,
                1 | 2 => 2,
                _ => 1,
            };
            for _ in 0..times {
                let notice = Notice {
                    ticket: ticket.clone(),
                    service: of_ticket.service.clone(),
                };
                if is_brought {
                    to_bring.push(notice);
                    continue;
                }
                let told = Arc::clone(world);
                world
                    .crowd
                    .join(async move { notice.is_posted(&told).await });
            }
        }
        to_bring
    }
}

/// That the sign-in of a ticket is over.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) ticket: String,
    /// The address that the ticket was brought to.
    service: String,
}

/// How a page of the server has a browser bring a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Carriage {
    /// In a frame that nobody sees.
    Frame,
    /// On a round trip from the sign-out and back to it.
    RoundTrip,
    /// As a script, whose function it waits for.
    Script,
}

impl Carriage {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Frame, Self::RoundTrip, Self::Script];

    /// What the browser says that it is for (`Sec-Fetch-Dest`).
    pub(crate) const fn destination(self) -> &'static str {
        match self {
            Self::Frame => "iframe",
            Self::RoundTrip => "document",
            Self::Script => "script",
        }
    }

    const fn parameters(self) -> &'static str {
        match self {
            Self::Frame => "",
            Self::RoundTrip => "&RelayState=e1s1",
            Self::Script => "&callback=jQuery1_2",
        }
    }

    /// Whether that is what is answered to it: the same for a notice that has ended something and for one that has not.
    pub(crate) fn is_answered_by(self, (status, location, body): (u16, &str, &str)) -> bool {
        match self {
            Self::Frame => (status, location, body) == (200, "", ""),
            Self::RoundTrip => {
                let back = format!("{CAS}/logout?_eventId=next&RelayState=e1s1");
                (status, location) == (303, &back)
            }
            Self::Script => (status, location, body) == (200, "", "jQuery1_2();"),
        }
    }
}

impl Notice {
    fn xml(&self) -> String {
        format!(
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"LR-1\" Version=\"2.0\">\
         <saml:NameID>@NOT_USED@</saml:NameID>\
         <samlp:SessionIndex>{}</samlp:SessionIndex></samlp:LogoutRequest>",
            self.ticket
        )
    }

    /// Where a browser brings it.
    pub(crate) fn address(&self, carriage: Carriage) -> Url {
        let packed = STANDARD.encode(deflate(self.xml().as_bytes()));
        let (service, packed, more) = (&self.service, encode(&packed), carriage.parameters());
        Url::parse(&format!("{service}?logoutRequest={packed}{more}")).unwrap()
    }

    /// Has one of our nodes know it; once more where that says that it could not.
    async fn is_posted(&self, world: &World) {
        let most = world.dice.pick(&[50, 2000, 60_000]);
        world.wait(0, most).await;
        let path = self.service.strip_prefix(ORIGIN).unwrap();
        let (ticket, notice) = (&self.ticket, self.xml());
        for _ in 0..2 {
            let request = Request::post(path)
                .extension(axum::extract::ConnectInfo(crate::nodes::PEER))
                .header("host", "idp.example.org")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from(format!("logoutRequest={}", encode(&notice))))
                .unwrap();
            let node = world.dice.below(world.nodes.len());
            let answer = world.nodes[node].ask(world, request).await;
            let status = answer.map(|(parts, _)| parts.status.as_u16());
            world.note(
                "cas",
                &format!("{ticket} is over, to node {node}: {status:?}"),
            );
            if status == Some(200) {
                world.judge.is_over(world.now(), ticket);
                return;
            }
            world.wait(1000, 1001).await;
        }
    }
}

fn vouching(world: &World, ticket: &Ticket) -> String {
    let person = &world.people[ticket.login.person];
    let stated = match world.method {
        Method::Cas => person.record(),
        Method::CasOrLdap | Method::Ldap => Vec::new(),
    };
    let stated: Vec<_> = stated
        .iter()
        .map(|(name, value)| format!("<cas:{name}>{value}</cas:{name}>"))
        .collect();
    format!(
        "<cas:authenticationSuccess><cas:user>{}</cas:user><cas:attributes>\
         <cas:isFromNewLogin>{}</cas:isFromNewLogin>{}</cas:attributes></cas:authenticationSuccess>",
        person.login,
        ticket.is_new || world.lie == Some(Lie::EveryLoginIsNew),
        stated.concat()
    )
}

fn document(inside: &str) -> Vec<u8> {
    format!(
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">{inside}</cas:serviceResponse>"
    )
    .into_bytes()
}
