//! The laboratory proves itself, without the bridge: every foreign program starts, speaks SAML,
//! takes what is right, and says no to what is wrong. A witness that cannot say no proves nothing.
//! What the service providers say no to is in `interoperability`, with their words.

use std::{net::Ipv4Addr, path::PathBuf, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::SignedDuration;
use openssl::{hash::MessageDigest, sign::Verifier};
use tempfile::TempDir;
use url::Url;

use crate::lab::{
    browser::BrowserSim,
    cas_server::{self, CasPerson, CasServer},
    cookies::CookieJar,
    form::Form,
    impostor::{Impostor, authn_request},
    keys::KeyPair,
    metadata::{self, ZOOM_ENTITY_ID},
    mint::Minted,
    port::free_port,
    process::{Server, repository},
    service_provider::{RequestBinding, SpKind, SpSite},
    xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
};

/// Whether the signature over the raw query holds (saml-bindings-2.0 §3.4.4.1).
fn query_is_signed_by(url: &Url, keys: &KeyPair) -> bool {
    let raw = |name: &str| {
        url.query()
            .unwrap()
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .unwrap()
    };
    let signed = format!(
        "SAMLRequest={}&RelayState={}&SigAlg={}",
        raw("SAMLRequest"),
        raw("RelayState"),
        raw("SigAlg")
    );
    assert!(raw("SigAlg").ends_with("rsa-sha256"));
    let signature = percent_encoding::percent_decode_str(raw("Signature"))
        .decode_utf8()
        .unwrap();
    let key = keys.certificate.public_key().unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    verifier
        .verify_oneshot(
            &BASE64_STANDARD.decode(signature.as_bytes()).unwrap(),
            signed.as_bytes(),
        )
        .unwrap()
}

#[tokio::test]
async fn every_service_provider_publishes_valid_metadata_and_sends_valid_signed_requests() {
    let idp = Impostor::set_up().await;
    for kind in SpKind::ALL {
        let sp = idp.start(kind).await;
        let mut browser = BrowserSim::new();
        let published = browser.open(&sp.metadata()).await;
        assert_eq!(published.status, 200, "{kind:?}: {}", published.body);
        assert!(published.body.contains(ZOOM_ENTITY_ID), "{kind:?}");
        assert!(published.body.contains(sp.acs().as_str()), "{kind:?}");
        xmllint_schema(&published.body, Schema::Metadata).unwrap();
        assert_eq!(
            browser.open(&sp.login()).await.body.contains("SAMLRequest"),
            kind.bindings()[0] == RequestBinding::Post,
            "{kind:?}"
        );

        for binding in kind.bindings() {
            let page = browser.open(&sp.login_by(*binding)).await;
            let (xml, relay_state) = authn_request(&page);
            // saml2-js puts the Signature last, where the schema has none.
            let is_valid = kind != SpKind::Saml2Js || *binding == RequestBinding::Redirect;
            let verdict = xmllint_schema(&xml, Schema::Protocol);
            assert_eq!(verdict.is_ok(), is_valid, "{kind:?}: {verdict:?}");
            assert!(xml.contains(ZOOM_ENTITY_ID), "{kind:?}: {xml}");
            assert!(xml.contains(sp.acs().as_str()), "{kind:?}: {xml}");
            assert_eq!(relay_state, sp.relay_state(), "{kind:?}");
            match binding {
                RequestBinding::Post => {
                    let certificate = &sp.keys().certificate_file;
                    xmlsec1_verify(&xml, certificate, SignedElement::AuthnRequest).unwrap();
                    assert!(xml.contains("rsa-sha256") && !xml.contains("sha1"), "{xml}");
                }
                RequestBinding::Redirect => {
                    assert!(page.url.as_str().starts_with(&idp.base));
                    assert!(query_is_signed_by(&page.url, sp.keys()), "{kind:?}");
                    assert!(!query_is_signed_by(&page.url, &idp.keys), "{kind:?}");
                }
            }
        }
    }
}

#[test]
fn xmllint_refuses_what_the_schema_does_not_know() {
    let folder = TempDir::new().unwrap();
    let keys = KeyPair::generate(folder.path(), "sp");
    let good = metadata::identity_provider("http://idp.localhost:1", &keys);
    xmllint_schema(&good, Schema::Metadata).unwrap();
    let bad = good.replace("SingleSignOnService", "SingleSignOn");
    assert!(
        xmllint_schema(&bad, Schema::Metadata)
            .unwrap_err()
            .contains("SingleSignOn")
    );
    let request = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" IssueInstant="2026-01-01T00:00:00Z"/>"#;
    assert!(
        xmllint_schema(request, Schema::Protocol)
            .unwrap_err()
            .contains("Version")
    );
    assert!(xmllint_schema("<", Schema::Protocol).is_err());
}

#[test]
fn xmlsec1_refuses_a_change_another_key_and_a_signature_over_something_else() {
    let folder = TempDir::new().unwrap();
    let keys = KeyPair::generate(folder.path(), "idp");
    let other = KeyPair::generate(folder.path(), "other");
    let good = Minted {
        issuer: "https://idp.example/saml/metadata",
        keys: &keys,
        audience: ZOOM_ENTITY_ID,
        acs: "https://sp.example/acs",
        in_response_to: "_1",
        name_id: "zoe",
        attributes: &[],
        age: SignedDuration::ZERO,
    }
    .response();
    let verify = |xml: &str, keys: &KeyPair| {
        xmlsec1_verify(xml, &keys.certificate_file, SignedElement::Assertion)
    };
    verify(&good, &keys).unwrap();
    assert!(verify(&good, &other).is_err());
    assert!(verify(&good.replace(">zoe<", ">eve<"), &keys).is_err());
    assert!(
        verify(&good.replace("URI=\"#_a", "URI=\"#_r"), &keys)
            .unwrap_err()
            .contains("covers")
    );
    for element in SignedElement::ALL {
        let verdict = xmlsec1_verify(&good, &keys.certificate_file, element);
        assert_eq!(
            verdict.is_ok(),
            matches!(element, SignedElement::Assertion | SignedElement::Response),
            "{element:?}"
        );
    }
}

#[test]
fn zooms_entry_with_all_service_providers_is_valid_metadata() {
    let folder = TempDir::new().unwrap();
    let sites = SpKind::ALL.map(|kind| SpSite::prepare(kind, folder.path()));
    let endpoints = sites.each_ref().map(SpSite::endpoint);
    let entry = metadata::service_provider(ZOOM_ENTITY_ID, &endpoints);
    xmllint_schema(&entry, Schema::Metadata).unwrap();
    for endpoint in &endpoints {
        assert_eq!(entry.matches(&endpoint.acs).count(), 1);
        assert_eq!(
            entry.matches(&endpoint.keys.certificate_base64()).count(),
            1
        );
    }
}

/// What a CAS server's XML says: the user and the attributes, or the code of the refusal.
fn read_validation(xml: &str) -> Result<(String, Vec<(String, String)>), String> {
    let tree = roxmltree::Document::parse(xml).unwrap();
    let find = |name: &str| {
        tree.descendants()
            .find(|node| node.has_tag_name(("http://www.yale.edu/tp/cas", name)))
    };
    if let Some(failure) = find("authenticationFailure") {
        return Err(failure.attribute("code").unwrap().to_owned());
    }
    let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap().to_owned();
    let attributes = find("attributes").expect("attributes are told").children();
    let attributes = attributes
        .filter(roxmltree::Node::is_element)
        .map(|node| (node.tag_name().name().to_owned(), text(node)))
        .collect();
    Ok((text(find("user").unwrap()), attributes))
}

#[tokio::test]
async fn the_cas_server_tells_who_signed_in_once_and_keeps_to_renew_and_gateway() {
    const ZOE: (&str, &str) = ("zoe", "sésame & co");
    const SERVICE: &str = "http://idp.localhost:1/cas/return?journey=a%2Fb";
    let people = [
        CasPerson {
            login: ZOE.0,
            password: ZOE.1,
            attributes: &[
                ("mail", &["zoe@univ.example"]),
                ("eduPersonAffiliation", &["member", "staff"]),
                ("sn", &["<Zola> & \"Cie\""]),
            ],
        },
        CasPerson {
            login: "ali",
            password: "other",
            attributes: &[],
        },
    ];
    let cas = CasServer::start(&people).await;
    let login = cas.login(SERVICE, &[]);
    let mut jar = CookieJar::default();

    let gateway = cas.login(SERVICE, &[("gateway", "true")]);
    let early = cas.visit(&mut jar, &gateway).await.sent_to();
    assert_eq!(early.as_str(), SERVICE);
    let wrong = cas.sign_in(&mut jar, &login, (ZOE.0, "other")).await;
    assert!(wrong.shown().form().value("lt").is_some());

    let back = cas.sign_in(&mut jar, &login, ZOE).await.sent_to();
    assert!(back.as_str().starts_with(SERVICE), "{back}");
    let first = cas_server::ticket(&back).unwrap();
    assert!(first.starts_with("ST-"), "{first}");
    let (user, attributes) = read_validation(&cas.validate(SERVICE, &first).await).unwrap();
    assert_eq!(user, "zoe");
    for pair in [
        ("mail", "zoe@univ.example"),
        ("eduPersonAffiliation", "member"),
        ("eduPersonAffiliation", "staff"),
        ("sn", "<Zola> & \"Cie\""),
        ("isFromNewLogin", "true"),
    ] {
        let pair = (pair.0.to_owned(), pair.1.to_owned());
        assert!(attributes.contains(&pair), "{pair:?}: {attributes:?}");
    }
    let again = read_validation(&cas.validate(SERVICE, &first).await);
    assert_eq!(again.unwrap_err(), "INVALID_TICKET");

    // The session gives a ticket without a form, also to a gateway, but not to who wants a renewal.
    let back = cas.visit(&mut jar, &gateway).await.sent_to();
    let second = cas_server::ticket(&back).unwrap();
    let elsewhere = read_validation(&cas.validate("http://127.0.0.1:1/", &second).await);
    assert_eq!(elsewhere.unwrap_err(), "INVALID_SERVICE");
    let renewal = cas.login(SERVICE, &[("renew", "true")]);
    let renewed = cas.sign_in(&mut jar, &renewal, ZOE).await.sent_to();
    assert!(cas_server::ticket(&renewed).is_some());

    let stranger = cas.login("http://zoom.localhost:1/", &[]);
    let refused = cas.visit(&mut jar, &stranger).await.shown();
    assert!(!refused.body.contains("ticket="), "{}", refused.body);
    assert!(
        cas.server()
            .log()
            .contains("User zoe successfully authenticated")
    );
}

#[tokio::test]
async fn a_server_dies_with_its_guard_and_takes_its_children_along() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let script = folder.path().join("server");
    let text =
        format!("#!/bin/sh\n/usr/bin/python3 -m http.server --bind 127.0.0.1 {port} &\nwait\n");
    std::fs::write(&script, text).unwrap();
    let shell = PathBuf::from("/bin/sh");
    let server = Server::start("script", &shell, folder.path(), |command| {
        command.arg(&script);
    })
    .listens_on(port)
    .await;
    drop(server);
    let is_open = async || {
        let address = (Ipv4Addr::LOCALHOST, port);
        tokio::net::TcpStream::connect(address).await.is_ok()
    };
    // The kernel takes a moment to close what a killed process held.
    tokio::time::timeout(Duration::from_secs(10), async {
        while is_open().await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the grandchild is gone");
}

#[tokio::test]
#[should_panic(expected = "ended with exit status: 3")]
async fn a_server_that_does_not_start_fails_the_test_with_its_own_words() {
    let folder = TempDir::new().unwrap();
    Server::start(
        "false",
        &PathBuf::from("/bin/sh"),
        folder.path(),
        |command| {
            command.args(["-c", "echo no such table; exit 3"]);
        },
    )
    .listens_on(free_port())
    .await;
}

#[test]
#[should_panic(expected = "run scripts/install test")]
fn a_missing_program_fails_the_run_and_is_not_passed_over() {
    let missing = repository().join("no-such-program");
    Server::start("missing", &missing, repository(), |_| {});
}

#[tokio::test]
async fn the_browser_withholds_lax_cookies_from_a_cross_site_post_until_the_redirect() {
    async fn echo(headers: HeaderMap) -> String {
        let read = |name| {
            headers
                .get(name)
                .map_or("-", |value| value.to_str().unwrap())
                .to_owned()
        };
        [
            read(header::COOKIE),
            read(header::ORIGIN),
            read(header::HeaderName::from_static("sec-fetch-site")),
            read(header::ACCEPT_LANGUAGE),
        ]
        .join("|")
    }
    let app = Router::new()
        .route(
            "/set",
            get(|| async {
                let cookie = "__Host-b=1; Secure; HttpOnly; SameSite=Lax; Path=/";
                ([(header::SET_COOKIE, cookie)], "set").into_response()
            }),
        )
        .route("/echo", get(echo).post(echo))
        .route(
            "/bounce",
            axum::routing::post(|| async {
                (StatusCode::SEE_OTHER, [(header::LOCATION, "/echo")])
            }),
        );
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let at = |host: &str, path: &str| {
        Url::parse(&format!("http://{host}.localhost:{port}{path}")).unwrap()
    };

    let mut browser = BrowserSim::new();
    browser.open(&at("idp", "/set")).await;
    assert_eq!(browser.jar.find("idp.localhost", "__Host-b"), Some("1"));
    let own = browser.open(&at("idp", "/echo")).await;
    assert_eq!(own.body, "__Host-b=1|-|none|fr");
    let zoom = browser.open(&at("zoom", "/echo")).await;
    assert_eq!(zoom.body, "-|-|none|fr");
    browser.language = "en";
    let followed = browser.follow(&zoom, &at("idp", "/echo")).await;
    assert_eq!(followed.body, "__Host-b=1|-|cross-site|en");
    let to = |path: &str| Form::post(at("idp", path).as_str(), &[("a", "b")]);
    let posted = browser.submit(&zoom, &to("/echo")).await;
    assert_eq!(
        posted.body,
        format!("-|http://zoom.localhost:{port}|cross-site|en")
    );
    let bounced = browser.submit(&zoom, &to("/bounce")).await;
    assert_eq!(bounced.body, "__Host-b=1|-|cross-site|en");
    assert_eq!(bounced.redirected_from, [at("idp", "/bounce")]);
    let same = browser.submit(&own, &to("/echo")).await;
    assert_eq!(
        same.body,
        format!("__Host-b=1|http://idp.localhost:{port}|same-origin|en")
    );
}

#[tokio::test]
async fn the_browser_reads_the_marks_of_a_page_and_stops_at_an_endless_redirect() {
    let app = Router::new()
        .route("/loop", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/loop")]) }))
        .route(
            "/login",
            get(|| async {
                axum::response::Html(
                    r#"<body data-page="login"><a data-testid="lang-en" href="?lang=en">English</a>"#,
                )
            }),
        );
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let base = format!(
        "http://idp.localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move { axum::serve(listener, app).await });
    let base = Url::parse(&base).unwrap();
    let mut browser = BrowserSim::new();
    let page = browser.open(&base.join("/login").unwrap()).await;
    assert_eq!(page.kind().as_deref(), Some("login"));
    assert_eq!(page.link("lang-en"), base.join("/login?lang=en").unwrap());
    let endless = base.join("/loop").unwrap();
    let outcome = tokio::spawn(async move { browser.open(&endless).await }).await;
    assert!(outcome.unwrap_err().is_panic());
}
