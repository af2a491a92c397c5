//! Logout notices of the CAS server: posted ones, also such that overtake the sign-in, and ones that a
//! browser brings. No real server here does the latter, and none can be made to do the former.

mod brought;
mod in_between;
mod other_node;
mod posted;

use super::{Login, MAIL, at_cas, bridge, new_ticket, zoe};
use crate::{
    bridge::{Bridge, Setup, ZOOM, browser::Browser, log::Log, page::Page, request::SAMLP},
    lab::{cas_script::CasScript, form::Form, keys::Authority},
};

/// The bridge before one server, which vouches for Zoé.
struct House {
    cas: CasScript,
    bridge: Bridge,
}

/// Somebody who has signed in, and where the ticket was brought.
struct Signed {
    browser: Browser,
    address: String,
    ticket: String,
}

impl House {
    fn start() -> Self {
        Self::with("")
    }

    fn with(lines: &str) -> Self {
        let authority = Authority::new("University");
        let known = [("eduPersonUniqueId", "5b0e3c7a91d24f68@univ-montp3.example")];
        let cas = CasScript::start(&authority.vouch_for("localhost"), zoe(&known));
        let bridge = bridge(&Setup::new(), &cas.url(), lines, Some(&authority));
        Self { cas, bridge }
    }

    async fn signed_in(&self) -> Signed {
        let mut browser = self.bridge.browser();
        let login = at_cas(&mut browser, &self.bridge.request()).await;
        let ticket = new_ticket();
        let callback = login.callback(&ticket);
        browser.arrive(&callback).await.answer();
        let (address, _) = callback.split_once('?').unwrap();
        Signed {
            browser,
            address: address.to_owned(),
            ticket,
        }
    }

    /// Whether the session of this browser answers by itself.
    async fn answers(&self, signed: &mut Signed) -> bool {
        let request = self.bridge.request();
        let page = signed.browser.arrive(&request.redirect(None)).await;
        if page.status == 303 {
            assert!(
                page.header("location")
                    .unwrap()
                    .starts_with(&self.cas.url())
            );
            return false;
        }
        self.bridge.identity(&page.answer(), ZOOM, request.id());
        true
    }
}

fn notice(ticket: &str) -> String {
    format!(
        "<samlp:LogoutRequest xmlns:samlp=\"{SAMLP}\" ID=\"LR-1\" Version=\"2.0\" \
         IssueInstant=\"2026-11-26T08:00:00Z\"><saml:NameID \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">zoe.martin</saml:NameID>\
         <samlp:SessionIndex>{ticket}</samlp:SessionIndex></samlp:LogoutRequest>"
    )
}

/// What the server is told that posts a notice to an address.
async fn posted(bridge: &Bridge, address: &str, notice: &str) -> Page {
    let form = Form::post(address, &[("logoutRequest", notice)]);
    bridge
        .browser()
        .arrive_by_post(address, &form.encode())
        .await
}

/// Status, body, and where the browser is sent: all that its page can see.
fn seen(page: &Page) -> (u16, &str, Option<&str>) {
    assert!(page.cookies_set().is_empty());
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    (page.status, &page.body, page.header("location"))
}

/// Has the server tell of the end of a sign-in while it is asked about its ticket; gives what the person
/// then gets. `tell` sends the notice to an address.
async fn overtaken(
    house: &House,
    browser: &mut Browser,
    login: &Login,
    tell: impl AsyncFnOnce(&str, &str) -> Page,
) -> Page {
    let ticket = new_ticket();
    let callback = login.callback(&ticket);
    let (address, _) = callback.split_once('?').unwrap();
    let answer = house.cas.holds_its_answer();
    let (page, ()) = tokio::join!(browser.arrive(&callback), async {
        answer.is_waited_for().await;
        let told = tell(address, &notice(&ticket)).await;
        assert_eq!(seen(&told), (200, "", None));
        answer.is_let_go();
    });
    page
}

/// A notice overtakes a sign-in: no session begins, nobody is told, and the person signs in after all.
async fn nothing_begins(house: &House, tell: impl AsyncFnOnce(&str, &str) -> Page) {
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let login = at_cas(&mut browser, &request).await;
    let log = Log::start();
    let page = overtaken(house, &mut browser, &login, tell).await;
    // As if signed out: to CAS again, with the same journey.
    let again = Login::of(&page);
    assert!(page.cookies_set().is_empty());
    assert!(!page.body.contains(MAIL) && !log.text().contains("\"asserted\""));
    // There they sign in, and the request is answered once.
    let page = browser.arrive(&again.callback(&new_ticket())).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(page.cookies_set().len(), 1);
    assert!(log.text().contains("\"asserted\""));
}
