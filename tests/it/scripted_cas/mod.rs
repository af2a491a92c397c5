//! The bridge in process, with a clock that the test moves, and CAS servers that say what a test
//! tells them to: several nodes, faults, ways to sign in, dates.

mod context;
mod directory;
mod faults;
mod idp_initiated;
mod instant;
mod nodes;
mod notices;
mod retired;
mod spellings;
mod stories;
mod trial;

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
};

use url::{Position, Url};

use crate::{
    bridge::{Bridge, Setup, browser::Browser, page::Page, request::AuthnRequest},
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
    },
};

const MAIL: &str = "zoe.martin@etu.univ-montp3.example";

/// Somebody whom Zoom can know, and what else the server states of her.
pub(crate) fn zoe(more: &[(&'static str, &str)]) -> Said {
    let attributes = [("mail", MAIL)].iter().chain(more);
    let attributes = attributes.map(|(name, value)| (*name, (*value).to_owned()));
    Said::Person("zoe.martin", attributes.collect())
}

/// Sends people to a CAS server; `lines` are more of `[authn.cas]`.
fn bridge(setup: &Setup, url: &str, lines: &str, authority: Option<&Authority>) -> Bridge {
    let (folder, path) = setup.write();
    let ca = match authority {
        Some(authority) => {
            fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
            "ca = 'ca.pem'"
        }
        None => "",
    };
    let tables = format!("[authn.cas]\nurl = '{url}'\n{ca}\n{lines}\n[authn.local]");
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("methods = ['local']", "methods = ['cas']")
        .replace("[authn.local]", &tables);
    fs::write(&path, text).unwrap();
    Bridge::load(folder, &path, setup.seed, setup.start)
}

/// The bridge before these nodes, for which `authority` vouches.
pub(crate) fn bridge_before(nodes: &[&str], authority: &Authority, lines: &str) -> Bridge {
    let listed = nodes.join("', '");
    let lines = format!("validate-at = ['{listed}']\n{lines}");
    bridge(&Setup::new(), nodes[0], &lines, Some(authority))
}

/// What the browser was sent to CAS with.
#[derive(Debug)]
pub(crate) struct Login(Url);

impl Login {
    #[track_caller]
    pub(crate) fn of(page: &Page) -> Self {
        let location = page
            .header("location")
            .unwrap_or_else(|| panic!("{} {}", page.status, page.body));
        Self(Url::parse(location).unwrap())
    }

    fn parameter(&self, wanted: &str) -> Option<String> {
        let mut pairs = self.0.query_pairs();
        let (_, value) = pairs.find(|(name, _)| name == wanted)?;
        Some(value.into_owned())
    }

    /// Where a ticket is brought to.
    pub(crate) fn callback(&self, ticket: &str) -> String {
        let service = Url::parse(&self.parameter("service").unwrap()).unwrap();
        let path = &service[Position::BeforePath..];
        format!("{path}?ticket={ticket}")
    }
}

/// Goes to CAS with `request`.
pub(crate) async fn at_cas(browser: &mut Browser, request: &AuthnRequest) -> Login {
    Login::of(&browser.arrive(&request.redirect(None)).await)
}

/// Goes there and comes back with a ticket.
async fn there_and_back(browser: &mut Browser, request: &AuthnRequest) -> Page {
    let login = at_cas(browser, request).await;
    browser.arrive(&login.callback(&new_ticket())).await
}

fn new_ticket() -> String {
    static TICKETS: AtomicU32 = AtomicU32::new(0);
    format!("ST-{}-x", TICKETS.fetch_add(1, Ordering::Relaxed))
}

/// How often each node was asked.
fn asked(nodes: &[&CasScript]) -> Vec<usize> {
    nodes.iter().map(|node| node.asked().len()).collect()
}

/// How often each node answered, and failed, and whether it rests.
fn records(bridge: &Bridge) -> Vec<(u64, u64, bool)> {
    let cas = bridge.front.bridge.authenticator.cas.as_ref().unwrap();
    let records = cas.records().into_iter();
    records
        .map(|record| (record.answered, record.faults(), record.is_resting))
        .collect()
}
