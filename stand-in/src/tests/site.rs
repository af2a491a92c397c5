//! The site over HTTP, with a real port.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Read as _;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::browser::{Answer, Browser};
use super::idp::{Draft, TestIdp, draft};
use crate::idp::Idp;
use crate::keys::KeyPair;
use crate::rules::Rules;
use crate::sp::{Identity, RequestBinding};
use crate::web::{Settings, Site, router, serve};

const US: &str = "univ-montp3-fr.zoom.us";

struct Lab {
    idp: TestIdp,
    address: SocketAddr,
    base_url: String,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

struct Set {
    binding: RequestBinding,
    relay_state: Option<&'static str>,
    rules: String,
    signs: bool,
}

impl Default for Set {
    fn default() -> Self {
        Self {
            binding: RequestBinding::Redirect,
            relay_state: None,
            rules: include_str!("../../rules.toml").to_owned(),
            signs: false,
        }
    }
}

async fn lab(set: Set) -> Lab {
    let idp = TestIdp::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let base_url = format!("http://zoom.localhost:{}", address.port());
    let pair = set.signs.then(|| KeyPair::make().unwrap());
    let identity = Identity::new(&base_url.parse().unwrap(), US.to_owned(), pair, set.signs);
    let site = Site::new(Settings {
        identity: identity.unwrap(),
        idp: Idp::read(&idp.metadata(""), crate::clock::now()).unwrap(),
        binding: set.binding,
        relay_state: set.relay_state.map(str::to_owned),
        rules: Rules::read(&set.rules).unwrap(),
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(serve(listener, router(site.unwrap()), async {
        let _dropped_is_stop_too = stopped.await;
    }));
    Lab {
        idp,
        address,
        base_url,
        stop: Some(stop),
        ended,
    }
}

impl Lab {
    fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// The ID of the request that a redirect carries.
    fn request_id(answer: &Answer) -> String {
        let location: url::Url = answer.header("location").unwrap().parse().unwrap();
        let (_, value) = location
            .query_pairs()
            .find(|(name, _)| name == "SAMLRequest")
            .unwrap();
        let bytes = STANDARD.decode(value.as_bytes()).unwrap();
        let mut xml = String::new();
        flate2::read::DeflateDecoder::new(bytes.as_slice())
            .read_to_string(&mut xml)
            .unwrap();
        Self::id_of(&xml)
    }

    fn id_of(xml: &str) -> String {
        let tree = roxmltree::Document::parse(xml).unwrap();
        tree.root_element().attribute("ID").unwrap().to_owned()
    }

    fn draft(&self, request_id: &str) -> Draft {
        let acs = format!("{}/saml/SSO", self.base_url);
        draft(request_id, &acs, US, crate::clock::now())
    }

    async fn answer(&self, browser: &mut Browser, message: &Draft) -> Answer {
        let message = STANDARD.encode(self.idp.issue(message));
        browser
            .post("/saml/SSO", &[("SAMLResponse", &message)])
            .await
    }

    async fn sign_in(&self, browser: &mut Browser, login: &str) -> Answer {
        let id = Self::request_id(&browser.get(login).await);
        let message = self.draft(&id);
        self.answer(browser, &message).await
    }
}

#[tokio::test]
async fn a_sign_in_makes_the_account_and_the_profile_shows_it() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let home = browser.get("/").await;
    assert_eq!((home.status, home.page()), (200, "home"));
    assert!(home.body.contains("Se connecter"));
    assert!(home.body.contains("lang=\"fr\""));

    let answer = lab.sign_in(&mut browser, "/saml/login").await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert_eq!(answer.header("location"), Some("/profile"));
    let profile = browser.get("/profile").await;
    assert_eq!(profile.page(), "profile");
    assert_eq!(profile.field("email"), "alice@univ.test");
    assert_eq!(profile.field("first-name"), "Alice &amp; Zoé");
    assert_eq!(profile.field("last-name"), "Liddell");
    assert_eq!(profile.field("display-name"), "");
    assert_eq!(profile.field("licence"), "licensed");
    assert_eq!(profile.field("session-index"), "_s1");

    let list: serde_json::Value =
        serde_json::from_str(&browser.get("/accounts.json").await.body).unwrap();
    assert_eq!(list["accounts"][0]["email"], "alice@univ.test");
    assert_eq!(list["accounts"][0]["licence"], "licensed");
}

#[tokio::test]
async fn the_wished_page_is_kept_in_the_session_and_not_in_the_relay_state() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let login = browser.get("/wished/page").await;
    let login = login.header("location").unwrap().to_owned();
    let redirect = browser.get(&login).await;
    assert!(!redirect.header("location").unwrap().contains("RelayState"));
    let message = lab.draft(&Lab::request_id(&redirect));
    let answer = lab.answer(&mut browser, &message).await;
    assert_eq!(answer.header("location"), Some("/wished/page"));
    let page = browser.get("/wished/page").await;
    assert_eq!(
        (page.page(), page.field("path")),
        ("wished", "/wished/page")
    );
}

#[tokio::test]
async fn an_app_gets_its_link_by_the_id_that_scripts_look_for() {
    let lab = lab(Set::default()).await;
    for app in ["desktop", "mobile"] {
        let mut browser = lab.browser();
        let login = format!("/saml/login?from={app}");
        let answer = lab.sign_in(&mut browser, &login).await;
        assert_eq!((answer.status, answer.page()), (200, "launch"));
        assert!(answer.body.contains("id=\"sso-button\""));
        assert!(answer.body.contains(&format!("data-app=\"{app}\"")));
    }
}

#[tokio::test]
async fn the_session_has_another_name_after_the_sign_in() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let redirect = browser.get("/saml/login").await;
    let planted = browser.cookies.clone();
    let message = lab.draft(&Lab::request_id(&redirect));
    lab.answer(&mut browser, &message).await;
    assert_ne!(planted, browser.cookies);
    browser.cookies = planted;
    assert_eq!(browser.get("/profile").await.status, 302);
}

#[tokio::test]
async fn the_cookie_for_cross_site_posts_does_alone() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let redirect = browser.get("/saml/login").await;
    browser.cookies.remove("stand_in_session").unwrap();
    let message = lab.draft(&Lab::request_id(&redirect));
    let answer = lab.answer(&mut browser, &message).await;
    assert_eq!(answer.header("location"), Some("/profile"));
}

#[tokio::test]
async fn a_message_is_used_once_and_only_by_the_browser_that_asked() {
    let lab = lab(Set::default()).await;
    let (mut browser, mut other) = (lab.browser(), lab.browser());
    let id = Lab::request_id(&browser.get("/saml/login").await);
    other.get("/saml/login").await;
    let message = STANDARD.encode(lab.idp.issue(&lab.draft(&id)));
    let fields = [("SAMLResponse", message.as_str())];
    let stolen = other.post("/saml/SSO", &fields).await;
    assert_eq!((stolen.status, stolen.page()), (400, "error"));
    let first = browser.post("/saml/SSO", &fields).await;
    assert_eq!(first.status, 302, "{}", first.body);
    let again = browser.post("/saml/SSO", &fields).await;
    assert_eq!((again.status, again.page()), (400, "error"));
    let reasons = again.between("data-testid=\"reasons\"", "</ul>");
    assert!(reasons.contains("replay") && reasons.contains("in-response-to"));
}

#[tokio::test]
async fn the_same_response_id_for_another_request_is_a_replay() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let first = Lab::request_id(&browser.get("/saml/login").await);
    let second = Lab::request_id(&browser.get("/saml/login").await);
    let message = lab.draft(&first);
    lab.answer(&mut browser, &message).await;
    let mut again = lab.draft(&second);
    let id = again.assertion_id.replacen("_a", "_r", 1);
    let used = message.assertion_id.replacen("_a", "_r", 1);
    again.response_attributes = again.response_attributes.replace(&id, &used);
    let answer = lab.answer(&mut browser, &again).await;
    assert_eq!(answer.status, 400);
    let reasons = answer.between("data-testid=\"reasons\"", "</ul>");
    assert!(reasons.contains("replay") && !reasons.contains("in-response-to"));
}

#[tokio::test]
async fn an_error_page_has_a_tracking_id_and_the_reason_below() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let cases: [&[(&str, &str)]; 4] = [
        &[],
        &[("SAMLResponse", "%%%")],
        &[("SAMLResponse", "PHgvPg==")],
        &[("SAMLResponse", "YQ=="), ("SAMLResponse", "YQ==")],
    ];
    for fields in cases {
        let answer = browser.post("/saml/SSO", fields).await;
        assert_eq!((answer.status, answer.page()), (400, "error"));
        assert!(answer.field("tracking-id").starts_with("STANDIN_"));
        assert!(answer.body.contains("<li>BAD "));
    }
    assert_eq!(browser.get("/saml/SSO").await.status, 405);
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_not_read() {
    let lab = lab(Set::default()).await;
    let body = format!("SAMLResponse={}", "A".repeat(1 << 20));
    let answer = lab.browser().send("POST", "/saml/SSO", &body).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn another_status_is_shown_in_words_and_for_tests() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let id = Lab::request_id(&browser.get("/saml/login").await);
    let prefix = crate::vocab::STATUS_PREFIX;
    let message = Draft {
        status: format!(
            "<samlp:Status><samlp:StatusCode Value=\"{prefix}Responder\"><samlp:StatusCode \
             Value=\"{prefix}NoPassive\"></samlp:StatusCode></samlp:StatusCode></samlp:Status>"
        ),
        ..lab.draft(&id)
    };
    let answer = lab.answer(&mut browser, &message).await;
    assert_eq!((answer.status, answer.page()), (403, "status"));
    assert!(
        answer
            .body
            .contains("data-status=\"Responder\" data-status-second=\"NoPassive\"")
    );
    assert!(answer.body.contains("Il aurait fallu vous demander"));
    assert!(!answer.body.contains("data-testid=\"reasons\""));
    let after = lab.answer(&mut browser, &lab.draft(&id)).await;
    assert_eq!(after.status, 400, "the request was answered");
}

#[tokio::test]
async fn licence_none_makes_no_account() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let id = Lab::request_id(&browser.get("/saml/login").await);
    let mut message = lab.draft(&id);
    message.assertion_body = message.assertion_body.replace(">licensed<", ">none<");
    let answer = lab.answer(&mut browser, &message).await;
    assert_eq!((answer.status, answer.page()), (403, "error"));
    let list = browser.get("/accounts.json").await.body;
    assert!(list.contains("\"accounts\":[]"), "{list}");
}

#[tokio::test]
async fn a_free_account_is_transferred_and_the_second_sign_in_goes_through() {
    let rules = include_str!("../../rules.toml").replace(
        "addresses = [\"compte.gratuit@univ-montp3.example\"]",
        "addresses = ['Alice@univ.test']",
    );
    let lab = lab(Set {
        rules,
        ..Set::default()
    })
    .await;
    let mut browser = lab.browser();
    let answer = lab.sign_in(&mut browser, "/saml/login").await;
    assert_eq!(answer.header("location"), Some("/transfer"));
    let offer = browser.get("/transfer").await;
    assert_eq!(offer.page(), "transfer-offered");
    assert!(offer.body.contains("Transférer ce compte"));
    assert_eq!(
        browser.get("/profile").await.status,
        302,
        "nobody is in yet"
    );

    browser.post("/transfer/acknowledge", &[]).await;
    let mailed = browser.get("/transfer").await;
    assert_eq!(mailed.page(), "transfer-mailed");
    assert!(mailed.body.contains("Un courriel vous a été envoyé"));
    let link: url::Url = mailed.field("mail-link").parse().unwrap();
    let path = format!("{}?{}", link.path(), link.query().unwrap());

    // The link is opened in another browser, as often happens with mail.
    let mut mail = lab.browser();
    assert_eq!(mail.get(&path).await.page(), "confirm");
    let (_, token) = link.query_pairs().next().unwrap();
    let done = mail.post("/transfer/confirm", &[("token", &token)]).await;
    assert_eq!(done.page(), "confirmed");
    assert_eq!(mail.get(&path).await.page(), "dead-link");

    let answer = lab.sign_in(&mut browser, "/saml/login").await;
    assert_eq!(answer.header("location"), Some("/profile"));
}

#[tokio::test]
async fn the_post_binding_has_a_form_with_a_button_and_no_relay_state() {
    let lab = lab(Set {
        binding: RequestBinding::Post,
        signs: true,
        ..Set::default()
    })
    .await;
    let mut browser = lab.browser();
    let page = browser.get("/saml/login").await;
    assert_eq!(page.page(), "post");
    assert!(page.body.contains("<button"));
    assert!(!page.body.contains("RelayState"));
    let nonce = page.between("script nonce=\"", "\"");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("script-src 'nonce-{nonce}'")));
    let value = page.between("name=\"SAMLRequest\" value=\"", "\"");
    let xml = String::from_utf8(STANDARD.decode(value).unwrap()).unwrap();
    assert!(xml.contains(crate::vocab::RSA_SHA256) && !xml.contains("#sha1"));
    let message = lab.draft(&Lab::id_of(&xml));
    let answer = lab.answer(&mut browser, &message).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
}

#[tokio::test]
async fn one_request_may_be_posted_where_the_others_are_not() {
    let lab = lab(Set {
        signs: true,
        ..Set::default()
    })
    .await;
    let mut browser = lab.browser();
    let page = browser.get("/saml/login?binding=post").await;
    assert_eq!(page.page(), "post");
    for others in ["/saml/login", "/saml/login?binding=other"] {
        assert_eq!(browser.get(others).await.status, 302);
    }
}

#[tokio::test]
async fn a_signed_redirect_carries_a_signature_over_the_query() {
    let lab = lab(Set {
        signs: true,
        ..Set::default()
    })
    .await;
    let mut browser = lab.browser();
    let location = browser.get("/saml/login").await;
    let location = location.header("location").unwrap();
    let (_, query) = location.split_once('?').unwrap();
    let (signed, signature) = query.split_once("&Signature=").unwrap();
    assert!(
        signed.contains("SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256")
    );
    let (_, signature) = url::form_urlencoded::parse(format!("s={signature}").as_bytes())
        .into_owned()
        .next()
        .unwrap();
    let metadata = browser.get("/saml/metadata/sp").await.body;
    let (_, rest) = metadata.split_once("<ds:X509Certificate>").unwrap();
    let der = STANDARD.decode(rest.split_once('<').unwrap().0).unwrap();
    let key = openssl::x509::X509::from_der(&der)
        .unwrap()
        .public_key()
        .unwrap();
    let sha256 = openssl::hash::MessageDigest::sha256();
    let mut verifier = openssl::sign::Verifier::new(sha256, &key).unwrap();
    verifier.update(signed.as_bytes()).unwrap();
    assert!(
        verifier
            .verify(&STANDARD.decode(signature).unwrap())
            .unwrap()
    );
}

#[tokio::test]
async fn a_relay_state_must_come_back_to_the_byte() {
    let lab = lab(Set {
        relay_state: Some("a b+c&é"),
        ..Set::default()
    })
    .await;
    for (back, status) in [(Some("a b+c&é"), 302), (Some("a b+c&e"), 400), (None, 400)] {
        let mut browser = lab.browser();
        let redirect = browser.get("/saml/login").await;
        let location: url::Url = redirect.header("location").unwrap().parse().unwrap();
        let sent = location
            .query_pairs()
            .find(|(name, _)| name == "RelayState");
        assert_eq!(sent.unwrap().1, "a b+c&é");
        let message = lab.draft(&Lab::request_id(&redirect));
        let message = STANDARD.encode(lab.idp.issue(&message));
        let mut fields = vec![("SAMLResponse", message.as_str())];
        fields.extend(back.map(|back| ("RelayState", back)));
        assert_eq!(browser.post("/saml/SSO", &fields).await.status, status);
    }
}

#[tokio::test]
async fn a_relay_state_that_was_not_sent_is_refused_even_when_empty() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let id = Lab::request_id(&browser.get("/saml/login").await);
    let message = STANDARD.encode(lab.idp.issue(&lab.draft(&id)));
    let fields = [("SAMLResponse", message.as_str()), ("RelayState", "")];
    assert_eq!(browser.post("/saml/SSO", &fields).await.status, 400);
}

#[tokio::test]
async fn signing_out_ends_the_session_here() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    lab.sign_in(&mut browser, "/saml/login").await;
    let kept = browser.cookies.clone();
    assert_eq!(browser.get("/signout").await.page(), "signed-out");
    browser.cookies = kept;
    assert_eq!(browser.get("/profile").await.status, 302);
}

#[tokio::test]
async fn english_is_spoken_on_request_and_remembered() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    browser.language = "en";
    assert!(browser.get("/").await.body.contains("Sign in"));
    browser.language = "fr";
    assert!(browser.get("/").await.body.contains("Se connecter"));
    assert!(browser.get("/?lang=en").await.body.contains("Sign in"));
    assert!(browser.get("/").await.body.contains("lang=\"en\""));
}

#[tokio::test]
async fn what_is_not_built_or_not_there_says_so() {
    let lab = lab(Set::default()).await;
    let mut browser = lab.browser();
    let logout = browser.get("/saml/SingleLogout").await;
    assert_eq!((logout.status, logout.page()), (501, "single-logout"));
    let nothing = browser.get("/nothing").await;
    assert_eq!((nothing.status, nothing.page()), (404, "not-found"));
    let metadata = browser.get("/saml/metadata/sp").await;
    assert!(
        metadata
            .body
            .contains("entityID=\"univ-montp3-fr.zoom.us\"")
    );
}

#[tokio::test]
async fn the_site_ends_when_it_is_told_to() {
    let mut lab = lab(Set::default()).await;
    lab.stop.take().unwrap().send(()).unwrap();
    lab.ended.await.unwrap().unwrap();
}
