//! Somebody who signs in as a browser does, at nodes of which a balancer takes one after the other.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use passerelle::{
    sp_check::Identity,
    sys::clock::{Clock as _, SystemClock},
};

use crate::{
    at_cas::{AtCas, Led, NobodyThere},
    count::{Came, Counter, How, Pair, Waited, lock},
    kit::{
        browser::{Answer, Browser, Form, between, value_of},
        people::Person,
        place::{BASE_URL, PASSWORD},
        reading::Reader,
        request::AuthnRequest,
        server::rest,
    },
};

/// As many answers lead nowhere further than in a circle.
const STEPS: usize = 16;

/// Nodes, and a balancer before them that knows no browser from another.
///
/// The place for a real one: its address would stand here alone, and the turns and retries would be its own.
#[derive(Debug)]
pub(crate) struct Nodes {
    pub(crate) pair: Pair,
    addresses: Vec<SocketAddr>,
    /// Those that say that they are not ready.
    out: Arc<Mutex<BTreeSet<SocketAddr>>>,
    turn: AtomicUsize,
    counter: Arc<Counter>,
}

impl Nodes {
    /// Those that listen here; what is put to another one is counted.
    pub(crate) const fn at(
        pair: Pair,
        addresses: Vec<SocketAddr>,
        out: Arc<Mutex<BTreeSet<SocketAddr>>>,
        counter: Arc<Counter>,
    ) -> Self {
        Self {
            pair,
            addresses,
            out,
            turn: AtomicUsize::new(0),
            counter,
        }
    }

    /// Puts a request to the node whose turn it is, and to each of the others where that one refuses the connection, or,
    /// for a GET, hangs up before anything has come: as the balancers of `deploy/` do.
    ///
    /// # Errors
    ///
    /// [`HungUp`] where a form was taken: it may have been done, and is not sent again. No node answers.
    fn ask(&self, browser: &mut Browser, step: &Step) -> anyhow::Result<Answered> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let out = lock(&self.out).clone();
        let order = (0..self.addresses.len()).filter_map(|place| {
            let number = (turn + place) % self.addresses.len();
            self.addresses.get(number)
        });
        let order: Vec<_> = order.filter(|address| !out.contains(address)).collect();
        let (mut last, mut was_hung_up_on) = (None, false);
        for (place, address) in order.iter().copied().enumerate() {
            let sent = send(browser, *address, step);
            // Until what comes of it is counted.
            let under_way = sent.is_ok().then(|| self.counter.has(*address));
            let put = sent.and_then(|()| is_answered(browser));
            match put {
                Ok(()) => {
                    drop(under_way);
                    return Ok(Answered {
                        answer: browser.receive()?,
                        by: *address,
                        was_hung_up_on,
                    });
                }
                Err(cause) => {
                    if cause.is::<HungUp>() {
                        was_hung_up_on = true;
                        self.counter.hung_up(*address);
                        if matches!(step, Step::Post(..)) {
                            return Err(cause);
                        }
                    }
                    if place + 1 < order.len() {
                        self.counter.retried(&cause);
                    }
                    last = Some(cause);
                }
            }
        }
        Err(last.context("no node")?.context("no node answers"))
    }
}

/// What a node said.
struct Answered {
    answer: Answer,
    by: SocketAddr,
    /// Whether another one hung up that may have done what it was asked.
    was_hung_up_on: bool,
}

/// Sends a request.
fn send(browser: &mut Browser, address: SocketAddr, step: &Step) -> anyhow::Result<()> {
    browser.reconnect(address)?;
    let sent = match step {
        Step::Get(path) => browser.get(path),
        Step::Post(path, form) => browser.post(path, form),
    };
    sent.context(HungUp)
}

/// Waits until an answer begins.
fn is_answered(browser: &mut Browser) -> anyhow::Result<()> {
    ensure!(browser.is_answered().context(HungUp)?, HungUp);
    Ok(())
}

/// A node took a request, and hung up before anything of an answer came.
#[derive(Debug, thiserror::Error)]
#[error("hung up on")]
struct HungUp;

/// What a browser asks a node for.
#[derive(Debug)]
enum Step {
    Get(String),
    /// The address, and what is sent.
    Post(String, String),
}

/// What comes next.
#[derive(Debug)]
enum Next {
    Node(Step),
    /// The page of CAS at this address.
    Cas(String),
}

/// How far a sign-in has come.
#[derive(Debug)]
pub(crate) enum Come {
    /// To its end.
    ToTheEnd(Came),
    /// To where it does not work now, and is to be tried again.
    ToWait,
}

/// A person with a browser.
pub(crate) struct Visitor {
    pub(crate) person: Person,
    browser: Browser,
    at_cas: AtCas,
    /// All attributes that were told of them when they came for the first time, sorted.
    told: Option<Vec<(String, String)>>,
}

/// A sign-in under way.
pub(crate) struct Journey {
    request: AuthnRequest,
    next: Next,
    /// How they are being let in, as far as they have come.
    came: Came,
    /// Whether the next step brings a password or a ticket.
    is_proof: bool,
}

/// An answer tells of somebody else, or something else than before.
#[derive(Debug, thiserror::Error)]
#[error("told to be somebody else, or otherwise than before")]
pub(crate) struct Mixed;

impl Journey {
    /// A request of the provider's, which sends a browser to us.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let request = AuthnRequest::new(SystemClock.now())?;
        let next = Next::Node(Step::Get(format!("/saml/sso?{}", request.query()?)));
        Ok(Self {
            request,
            next,
            came: Came::default(),
            is_proof: false,
        })
    }
}

impl Visitor {
    /// Somebody in a network of their own.
    ///
    /// # Errors
    ///
    /// No node is there.
    pub(crate) fn new(
        person: Person,
        number: usize,
        nodes: &Nodes,
        at_cas: AtCas,
    ) -> anyhow::Result<Self> {
        let first = nodes.addresses.first().context("no node")?;
        Ok(Self {
            person,
            browser: Browser::open(*first, number)?,
            at_cas,
            told: None,
        })
    }

    /// Loses the cookies that the bridge has set: comes as somebody who was never there.
    pub(crate) fn forget(&mut self, number: usize) {
        self.browser.becomes(number);
    }

    /// Asks for the answer to another request, and hangs up after a while; whether before anything of it had come.
    ///
    /// # Errors
    ///
    /// No node takes it.
    pub(crate) fn hang_up(&self, nodes: &Nodes, after: Duration) -> anyhow::Result<bool> {
        let turn = nodes.turn.fetch_add(1, Ordering::Relaxed);
        let node = nodes.addresses.get(turn % nodes.addresses.len());
        let mut browser = self.browser.also_at(*node.context("no node")?)?;
        let request = AuthnRequest::new(SystemClock.now())?;
        browser.get(&format!("/saml/sso?{}", request.query()?))?;
        rest(after);
        Ok(browser.hang_up()?)
    }

    /// Goes on until the answer is there and read, or until it does not work now.
    ///
    /// # Errors
    ///
    /// [`Mixed`], or a step was not answered as it should be.
    pub(crate) fn go_on(
        &mut self,
        journey: &mut Journey,
        (nodes, reader): (&Nodes, &Reader),
    ) -> anyhow::Result<Come> {
        for _ in 0..STEPS {
            match &journey.next {
                Next::Node(step) => {
                    let asked = match nodes.ask(&mut self.browser, step) {
                        Err(cause) if cause.is::<HungUp>() && matches!(step, Step::Post(..)) => {
                            // The balancer shows a page of its own, and the person has the browser send the form again.
                            journey.came.has_reloaded = true;
                            continue;
                        }
                        asked => asked?,
                    };
                    let (answer, was_hung_up_on) = (asked.answer, asked.was_hung_up_on);
                    if std::mem::take(&mut journey.is_proof) {
                        journey.came.let_in_by = Some(asked.by);
                    }
                    if value_of(&answer.page, "SAMLResponse").is_some() {
                        let identity = reader.read(&journey.request, &answer)?;
                        is_told_of(&self.person, &mut self.told, &identity)?;
                        return Ok(Come::ToTheEnd(journey.came));
                    }
                    if !self.step(journey, &answer, was_hung_up_on)? {
                        journey.came.waited = journey.came.waited.max(Waited::WithoutUs);
                        return Ok(Come::ToWait);
                    }
                }
                Next::Cas(url) => match self.visit_cas(url) {
                    Ok((back, typed)) => {
                        let path = back.strip_prefix(BASE_URL).context("back elsewhere")?;
                        journey.next = Next::Node(Step::Get(path.to_owned()));
                        journey.is_proof = true;
                        journey.came.how = match journey.came.how {
                            How::TypedAtCas => How::TypedAtCas,
                            How::Reused | How::ThroughCas | How::Typed if typed => How::TypedAtCas,
                            How::Reused | How::ThroughCas | How::Typed => How::ThroughCas,
                        };
                    }
                    Err(cause) if cause.is::<NobodyThere>() => {
                        journey.came.waited = journey.came.waited.max(Waited::WithoutUs);
                        return Ok(Come::ToWait);
                    }
                    Err(cause) => return Err(cause),
                },
            }
        }
        bail!("led in a circle")
    }

    /// Takes in what a node said; false where it does not work now.
    fn step(
        &self,
        journey: &mut Journey,
        answer: &Answer,
        was_hung_up_on: bool,
    ) -> anyhow::Result<bool> {
        let [page, reason] = ["data-page=\"", "data-reason=\""]
            .map(|mark| between(&answer.page, mark, "\"").unwrap_or_default());
        match answer.status {
            302 | 303 if answer.location.starts_with('/') => {
                journey.next = Next::Node(Step::Get(answer.location.clone()));
                Ok(true)
            }
            302 | 303 => {
                journey.next = Next::Cas(answer.location.clone());
                Ok(true)
            }
            200 if page == "login" && journey.came.how != How::Typed => {
                let form = Form::on(&answer.page)?;
                let sent = form.filled(&self.person.login, PASSWORD);
                journey.next = Next::Node(Step::Post(form.action, sent));
                journey.came.how = How::Typed;
                journey.is_proof = true;
                Ok(true)
            }
            503 if !page.is_empty() => {
                if reason == "sign-in-unavailable" {
                    journey.came.waited = Waited::ToldByUs;
                }
                // The page leads on by a link, or is loaded again as it is.
                if let Some(link) = again(&answer.page) {
                    journey.next = Next::Node(Step::Get(link));
                    journey.came.how = How::Reused;
                }
                Ok(false)
            }
            // The node was killed with a ticket that it had begun to ask about.
            400 if reason == "ticket-used" && was_hung_up_on => {
                let link = again(&answer.page).context("no way to another ticket")?;
                journey.next = Next::Node(Step::Get(link));
                journey.came.has_reloaded = true;
                Ok(true)
            }
            status => bail!("status {status}: {page} {reason}"),
        }
    }

    /// The address back with a ticket, and whether a password was typed for it.
    fn visit_cas(&mut self, url: &str) -> anyhow::Result<(String, bool)> {
        match self.at_cas.open(url)? {
            Led::Back(back) => Ok((back, false)),
            Led::Form(page) => {
                let login = self.person.login.clone();
                match self.at_cas.sign_in((url, &page), &login, PASSWORD)? {
                    Led::Back(back) => Ok((back, true)),
                    Led::Form(_) => bail!("CAS takes no password"),
                }
            }
        }
    }
}

/// Where a page leads for another try.
fn again(page: &str) -> Option<String> {
    let mark = "data-testid=\"again\"";
    let tag = page.split("<a ").find(|tag| tag.contains(mark))?;
    Some(between(tag, "href=\"", "\"")?.replace("&#x2f;", "/"))
}

/// All that is told must be of this very person, and the same as ever.
///
/// # Errors
///
/// [`Mixed`].
pub(crate) fn is_told_of(
    person: &Person,
    before: &mut Option<Vec<(String, String)>>,
    identity: &Identity,
) -> Result<(), Mixed> {
    let mut told: Vec<_> = { identity.attributes.iter() }
        .flat_map(|one| {
            one.values
                .iter()
                .map(|value| (one.name.clone(), value.clone()))
        })
        .collect();
    told.sort_unstable();
    let own = &person.own;
    let is_told = |own: &String| told.iter().any(|(_, value)| value == own);
    let is_own = own.iter().all(is_told) && own.first() == Some(&identity.name_id.value);
    let as_before = before.as_ref().is_none_or(|before| *before == told);
    if !(is_own && as_before) {
        return Err(Mixed);
    }
    *before = Some(told);
    Ok(())
}
