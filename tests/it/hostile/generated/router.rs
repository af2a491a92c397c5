//! The whole server, to which hostile messages are brought one after the other, and the next
//! person's sign-in after each.

use passerelle::{
    model::journey::RelayStateFault,
    saml::binding::{BindingFault, post::MAX_FORM_BYTES},
    xml::DoorFault,
};

use super::{
    super::signed_in,
    case::{Case, Verdict},
    genuine::ID,
};
use crate::bridge::{Bridge, Setup, ZOOM, ZOOM_ACS, browser::Browser, log::Log, page::Page};

/// How a message is brought.
#[derive(Clone, Debug)]
pub(super) enum Brought {
    /// As a form.
    Form(String),
    /// As the raw query.
    Query(String),
}

impl Brought {
    async fn by(&self, browser: &mut Browser) -> Page {
        match self {
            Self::Form(form) => browser.arrive_by_post("/saml/sso", form).await,
            Self::Query(query) => browser.arrive(&format!("/saml/sso?{query}")).await,
        }
    }
}

/// A server, and a browser in which somebody is signed in: what it brings is answered, if it is taken.
#[derive(Debug)]
pub(super) struct House {
    pub(super) bridge: Bridge,
    pub(super) browser: Browser,
}

impl House {
    pub(super) async fn open() -> Self {
        // The same person comes after each case.
        let bridge = Setup {
            more: "[requests]\nmax-answers-per-person = 100_000".to_owned(),
            ..Setup::new()
        }
        .build();
        let browser = signed_in(&bridge).await;
        Self { bridge, browser }
    }

    /// Brings a case, sees to it that what happens is what is to happen, and has the next person
    /// sign in.
    pub(super) async fn meets(&mut self, case: &Case, brought: &Brought) {
        let verdict = case.at_the_router();
        if let Verdict::Harmless(why) = verdict {
            // A request is answered once, and this one is in many cases.
            let mut other = Self::open().await;
            other.answers(&case.name, why, brought).await;
            return;
        }
        let log = Log::start();
        let page = brought.by(&mut self.browser).await;
        if matches!(brought, Brought::Form(form) if form.len() > MAX_FORM_BYTES) {
            page.stops(413, "request-too-large");
        } else {
            refuses(case, &page, &log, verdict);
        }
        self.goes_on(&case.name).await;
    }

    /// What is harmless is answered as the genuine one is, at the same address.
    pub(super) async fn answers(&mut self, name: &str, why: &str, brought: &Brought) {
        let page = brought.by(&mut self.browser).await;
        assert_eq!(page.kind(), "post", "{name}: {why}: {}", page.body);
        let answer = page.answer();
        assert_eq!(answer.to, ZOOM_ACS, "{name}");
        self.bridge.identity(&answer, ZOOM, ID);
    }

    /// The next person's sign-in, on a session that is alive: whatever came before, it works.
    async fn goes_on(&mut self, after: &str) {
        let request = self.bridge.request();
        let page = self.browser.arrive(&request.redirect(Some("home"))).await;
        assert_eq!(page.kind(), "post", "after {after}");
        let identity = self.bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.name_id.value, "anne.dupont@univ-montp3.example");
    }
}

/// Checks that `page` is the refusal that belongs to `verdict`, with its cause in the log.
pub(super) fn refuses(case: &Case, page: &Page, log: &Log, verdict: Verdict) {
    let (code, words) = match verdict {
        Verdict::Binding(
            fault @ (BindingFault::TooLarge | BindingFault::RelayState(RelayStateFault::TooLong)),
        ) => ("B-BND-02", fault.to_string()),
        Verdict::Binding(fault) => ("B-BND-01", fault.to_string()),
        Verdict::Door(fault @ DoorFault::TooLarge(_)) => ("B-XML-02", fault.to_string()),
        Verdict::Door(fault) => ("B-XML-01", fault.to_string()),
        Verdict::NotWellFormed => ("B-XML-01", "not well-formed XML".to_owned()),
        Verdict::Signature(fault) => ("B-REQ-05", fault.to_string()),
        Verdict::Refused(code, words) => (code, words.to_owned()),
        Verdict::Harmless(why) => panic!("{}: {why}", case.name),
    };
    let name = &case.name;
    let logged = log.text();
    assert_eq!(
        (
            page.status,
            page.kind().as_str(),
            page.stop_code().as_deref()
        ),
        (400, "stop", Some(code)),
        "{name}: {logged}"
    );
    assert!(
        page.hops.is_empty() && page.cookies_set().is_empty(),
        "{name}"
    );
    assert!(logged.contains(&words), "{name}: {words:?} in {logged}");
}
