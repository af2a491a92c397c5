//! Ways to sign in: what a provider may ask for, and what the server must state for it.

use super::{Login, MAIL, at_cas, bridge, new_ticket, there_and_back, zoe};
use crate::{
    bridge::{
        Bridge, Setup, ZOOM,
        browser::Browser,
        page::Page,
        request::{AuthnRequest, SAML},
    },
    lab::{
        cas_script::{CasScript, Said},
        keys::Authority,
    },
};

const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
const MFA: &str = "https://refeds.org/profile/mfa";
const SFA: &str = "https://refeds.org/profile/sfa";

/// One of the attributes of the server, and the value that proves a second factor.
const SECOND_FACTOR: &[(&str, &str)] = &[("authnContextClass", "mfa-duo")];
const TABLE: &str = "[authn.cas.authn-methods]\n'https://refeds.org/profile/mfa' = 'mfa-duo'";

/// The bridge before one server.
struct House {
    cas: CasScript,
    bridge: Bridge,
}

impl House {
    fn new(lines: &str, says: Said) -> Self {
        let authority = Authority::new("University");
        let cas = CasScript::start(&authority.vouch_for("localhost"), says);
        let bridge = bridge(&Setup::new(), &cas.url(), lines, Some(&authority));
        Self { cas, bridge }
    }

    fn wish(&self, comparison: &str, named: &[&str]) -> AuthnRequest {
        let comparison = format!(" Comparison=\"{comparison}\"");
        self.bridge.request().authn_contexts(&comparison, named)
    }

    fn request(&self, class: &str) -> AuthnRequest {
        self.bridge.request().authn_context("", class)
    }

    /// What the provider is told: the class.
    #[track_caller]
    fn class(&self, page: &Page, request: &AuthnRequest) -> String {
        let identity = self.bridge.identity(&page.answer(), ZOOM, request.id());
        identity.context_class
    }

    #[track_caller]
    fn refusal(&self, page: &Page, request: &AuthnRequest) -> String {
        assert!(!page.answer().xml.contains(MFA));
        self.bridge.refusal(&page.answer(), ZOOM, request.id()).1
    }

    /// Asks with `request`, for a session of the browser to answer.
    async fn ask_again(&self, browser: &mut Browser, request: &AuthnRequest) -> Page {
        browser.arrive(&request.redirect(None)).await
    }
}

#[tokio::test]
async fn r36_a_second_factor_is_asked_for_and_stated_where_the_server_proves_it() {
    let house = House::new(TABLE, zoe(SECOND_FACTOR));
    let mut browser = house.bridge.browser();
    let request = house.request(MFA);
    let login = at_cas(&mut browser, &request).await;
    assert_eq!(login.parameter("authn_method").as_deref(), Some("mfa-duo"));
    assert!(login.parameter("renew").is_none());
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(house.class(&page, &request), MFA);
    // The server is told no more about the ticket than before.
    let asked = &house.cas.asked()[0].parameters;
    let names: Vec<_> = asked.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["service", "ticket"]);
    // The session answers who asks for the same, or for nothing.
    for request in [house.request(MFA), house.bridge.request()] {
        let page = house.ask_again(&mut browser, &request).await;
        assert_eq!(house.class(&page, &request), MFA);
    }
    // And nobody who asks for exactly something else: there and back again, where CAS knows them.
    let request = house.request(PPT);
    let login = at_cas(&mut browser, &request).await;
    assert!(login.parameter("authn_method").is_none());
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(house.class(&page, &request), PPT);
}

#[tokio::test]
async fn r36_breach_of_iip_idp08_a_class_that_was_asked_for_and_is_not_proven_is_never_stated() {
    let house = House::new(TABLE, zoe(&[]));
    for states in [
        &[][..],
        &[("authnContextClass", "mfa-simple")],
        &[("authnContextClass", "https://refeds.org/profile/mfa")],
        &[("authenticationMethod", "mfa-duo")],
    ] {
        house.cas.now_says(zoe(states));
        let (mut browser, request) = (house.bridge.browser(), house.request(MFA));
        // Somebody takes `authn_method` out of the address.
        let page = there_and_back(&mut browser, &request).await;
        assert_eq!(house.refusal(&page, &request), "NoAuthnContext");
        // No session was begun with it.
        at_cas(&mut browser, &house.bridge.request()).await;
    }
}

#[tokio::test]
async fn r36_a_session_of_a_password_is_no_second_factor_and_lives_on() {
    let house = House::new(TABLE, zoe(&[]));
    let mut browser = house.bridge.browser();
    let request = house.bridge.request();
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.class(&page, &request), PPT);
    let request = house.request(MFA);
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.refusal(&page, &request), "NoAuthnContext");
    let request = house.request(PPT);
    let page = house.ask_again(&mut browser, &request).await;
    assert_eq!(house.class(&page, &request), PPT);
}

#[tokio::test]
async fn r36_without_a_table_no_other_class_can_be_had_and_nobody_is_sent_away_for_it() {
    let house = House::new("", zoe(SECOND_FACTOR));
    let mut browser = house.bridge.browser();
    let request = house.request(MFA);
    let page = house.ask_again(&mut browser, &request).await;
    assert_eq!(house.refusal(&page, &request), "NoAuthnContext");
    let request = house.request(PPT);
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.class(&page, &request), PPT);
    assert_eq!(house.cas.asked().len(), 1);
}

#[tokio::test]
async fn r36_the_first_class_that_the_provider_names_is_preferred_and_the_next_one_will_do() {
    let lines = format!("{TABLE}\n'{SFA}' = 'password'");
    let house = House::new(&lines, zoe(SECOND_FACTOR));
    for (first, second, method, stated, class) in [
        (MFA, SFA, Some("mfa-duo"), "mfa-duo", MFA),
        (MFA, SFA, Some("mfa-duo"), "password", SFA),
        (MFA, PPT, Some("mfa-duo"), "password", PPT),
        (PPT, MFA, None, "mfa-duo", PPT),
        (SFA, MFA, Some("password"), "mfa-duo", MFA),
    ] {
        house.cas.now_says(zoe(&[("authnContextClass", stated)]));
        let request = house.bridge.request().authn_contexts("", &[first, second]);
        let mut browser = house.bridge.browser();
        let login = at_cas(&mut browser, &request).await;
        assert_eq!(login.parameter("authn_method").as_deref(), method);
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        assert_eq!(house.class(&page, &request), class, "{first} {second}");
    }
}

/// A comparison, what is named, the method that the server is asked for, the one that it states, and
/// the class that the provider is told; none where it is told `NoAuthnContext`.
type Judged = (
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    &'static str,
    Option<&'static str>,
);

const JUDGED: [Judged; 17] = [
    // No more is asked for than is needed.
    ("minimum", &[PPT], None, "", Some(PPT)),
    ("minimum", &[PPT], None, "mfa-duo", Some(PPT)),
    ("minimum", &[MFA, PPT], Some("mfa-duo"), "", Some(PPT)),
    (
        "minimum",
        &[MFA, PPT],
        Some("mfa-duo"),
        "mfa-duo",
        Some(MFA),
    ),
    // No method is known to prove SFA alone, and one that proves more.
    ("minimum", &[SFA], Some("mfa-duo"), "mfa-duo", Some(MFA)),
    ("minimum", &[SFA], Some("mfa-duo"), "", None),
    ("minimum", &[MFA], Some("mfa-duo"), "mfa-duo", Some(MFA)),
    ("minimum", &[MFA], Some("mfa-duo"), "mfa-simple", None),
    ("better", &[PPT], Some("mfa-duo"), "mfa-duo", Some(MFA)),
    ("better", &[PPT], Some("mfa-duo"), "", None),
    ("better", &[PPT, SFA], Some("mfa-duo"), "mfa-duo", Some(MFA)),
    ("better", &[PASSWORD], None, "", Some(PPT)),
    // As strong as possible.
    ("maximum", &[MFA], Some("mfa-duo"), "mfa-duo", Some(MFA)),
    ("maximum", &[MFA], Some("mfa-duo"), "", Some(PPT)),
    ("maximum", &[SFA], None, "mfa-duo", Some(PPT)),
    ("maximum", &[PPT, X509], None, "", Some(PPT)),
    ("exact", &[MFA], Some("mfa-duo"), "mfa-duo", Some(MFA)),
];

#[tokio::test]
async fn r36_each_comparison_asks_for_a_method_that_suffices_and_is_judged_by_the_one_that_is_stated()
 {
    let house = House::new(TABLE, zoe(&[]));
    for judged @ (comparison, named, asked, stated, told) in JUDGED {
        house.cas.now_says(zoe(&[("authnContextClass", stated)]));
        let request = house.wish(comparison, named);
        let mut browser = house.bridge.browser();
        let login = at_cas(&mut browser, &request).await;
        let method = login.parameter("authn_method");
        assert_eq!(method.as_deref(), asked, "{judged:?}");
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        match told {
            Some(class) => assert_eq!(house.class(&page, &request), class, "{judged:?}"),
            None => assert_eq!(
                house.refusal(&page, &request),
                "NoAuthnContext",
                "{judged:?}"
            ),
        }
    }
    // What the server has no method for is told at once, and nobody is sent there.
    let asked = house.cas.asked().len();
    for (comparison, named) in [
        ("better", &[MFA][..]),
        ("better", &[PPT, X509]),
        ("minimum", &[X509]),
        ("maximum", &[PASSWORD]),
        ("exact", &[SFA]),
    ] {
        let request = house.wish(comparison, named);
        let page = house.ask_again(&mut house.bridge.browser(), &request).await;
        let told = house.bridge.refusal(&page.answer(), ZOOM, request.id());
        assert_eq!(told.1, "NoAuthnContext", "{comparison} {named:?}");
    }
    assert_eq!(house.cas.asked().len(), asked);
}

#[tokio::test]
async fn r36_a_session_answers_each_comparison_that_it_meets_with_its_own_class() {
    let house = House::new(TABLE, zoe(SECOND_FACTOR));
    let mut browser = house.bridge.browser();
    there_and_back(&mut browser, &house.request(MFA))
        .await
        .answer();
    for (comparison, named) in [
        ("minimum", PPT),
        ("minimum", SFA),
        ("better", PPT),
        ("maximum", MFA),
    ] {
        let request = house.wish(comparison, &[named]);
        let page = house.ask_again(&mut browser, &request).await;
        assert_eq!(house.class(&page, &request), MFA, "{comparison} {named}");
    }
    // Stronger than it may be: the person is asked, and less is claimed.
    let request = house.wish("maximum", &[PPT]);
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.class(&page, &request), PPT);
    // And that session is no better than a password.
    let request = house.wish("better", &[PPT]);
    let login = at_cas(&mut browser, &request).await;
    assert_eq!(login.parameter("authn_method").as_deref(), Some("mfa-duo"));
}

#[tokio::test]
async fn r34_r35_r36_a_comparison_goes_with_a_forced_sign_in_and_with_no_page() {
    let house = House::new(TABLE, zoe(SECOND_FACTOR));
    let request = house.wish("better", &[PPT]).with("IsPassive", "true");
    let mut browser = house.bridge.browser();
    let login = at_cas(&mut browser, &request).await;
    assert!(login.parameter("gateway").is_some() && login.parameter("authn_method").is_none());
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(house.class(&page, &request), MFA);
    let states = [SECOND_FACTOR[0], ("isFromNewLogin", "true")];
    house.cas.now_says(zoe(&states));
    let request = house.wish("better", &[PPT]).with("ForceAuthn", "true");
    let login = at_cas(&mut browser, &request).await;
    assert_eq!(login.parameter("renew").as_deref(), Some("true"));
    assert_eq!(login.parameter("authn_method").as_deref(), Some("mfa-duo"));
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(house.class(&page, &request), MFA);
    // Without a page a password stays one.
    house.cas.now_says(zoe(&[]));
    let request = house.wish("minimum", &[MFA]).with("IsPassive", "true");
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    assert_eq!(house.refusal(&page, &request), "NoPassive");
}

#[tokio::test]
async fn r37_a_ticket_of_somebody_else_than_the_request_names_ends_no_session() {
    let house = House::new(TABLE, zoe(&[]));
    let about = |name: &str| {
        house.bridge.request().holding(&format!(
            "<saml:Subject xmlns:saml=\"{SAML}\"><saml:NameID>{name}</saml:NameID></saml:Subject>"
        ))
    };
    let mut browser = house.bridge.browser();
    for _ in 0..2 {
        let request = about(MAIL);
        // The first time at the server, then by the session.
        let mut page = house.ask_again(&mut browser, &request).await;
        if page.kind() != "post" {
            let login = Login::of(&page);
            page = browser.arrive(&login.callback(&new_ticket())).await;
        }
        let identity = house.bridge.identity(&page.answer(), ZOOM, request.id());
        assert_eq!(identity.name_id.value, MAIL);
    }
    assert_eq!(house.cas.asked().len(), 1);
    for (flag, second) in [
        ("ForceAuthn", "UnknownPrincipal"),
        ("IsPassive", "NoPassive"),
    ] {
        house.cas.now_says(zoe(&[("isFromNewLogin", "true")]));
        let request = about("luc.bernard@univ-montp3.example").with(flag, "true");
        let page = there_and_back(&mut browser, &request).await;
        assert_eq!(house.refusal(&page, &request), second);
        assert!(page.cookies_set().is_empty());
    }
    let request = about("luc.bernard@univ-montp3.example");
    let page = there_and_back(&mut browser, &request).await;
    assert_eq!(house.refusal(&page, &request), "UnknownPrincipal");
    let request = house.bridge.request();
    let page = house.ask_again(&mut browser, &request).await;
    house.bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn r35_r36_is_passive_asks_for_no_method_and_takes_what_the_server_knows() {
    let house = House::new(TABLE, zoe(SECOND_FACTOR));
    let passive = || house.request(MFA).with("IsPassive", "true");
    let (mut browser, request) = (house.bridge.browser(), passive());
    let login = at_cas(&mut browser, &request).await;
    assert!(login.parameter("gateway").is_some() && login.parameter("authn_method").is_none());
    let page = browser.arrive(&login.callback(&new_ticket())).await;
    assert_eq!(house.class(&page, &request), MFA);
    house.cas.now_says(zoe(&[]));
    let request = passive();
    let page = there_and_back(&mut house.bridge.browser(), &request).await;
    assert_eq!(house.refusal(&page, &request), "NoPassive");
}

#[tokio::test]
async fn r34_r36_a_new_sign_in_and_a_second_factor_are_asked_for_and_proven_together() {
    let house = House::new(TABLE, zoe(SECOND_FACTOR));
    let forced = || house.request(MFA).with("ForceAuthn", "true");
    let new = ("isFromNewLogin", "true");
    for (states, refused) in [
        (&[SECOND_FACTOR[0], new][..], None),
        (SECOND_FACTOR, Some("AuthnFailed")),
        (&[new], Some("NoAuthnContext")),
    ] {
        house.cas.now_says(zoe(states));
        let (mut browser, request) = (house.bridge.browser(), forced());
        let login: Login = at_cas(&mut browser, &request).await;
        assert_eq!(login.parameter("authn_method").as_deref(), Some("mfa-duo"));
        assert_eq!(login.parameter("renew").as_deref(), Some("true"));
        let page = browser.arrive(&login.callback(&new_ticket())).await;
        match refused {
            None => assert_eq!(house.class(&page, &request), MFA),
            Some(status) => assert_eq!(house.refusal(&page, &request), status),
        }
    }
}
