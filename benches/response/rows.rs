//! What is measured: the parts of a sign-in, and a whole one.

use std::{hint::black_box, net::SocketAddr, sync::Arc};

use anyhow::{Context as _, ensure};
use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use jiff::Timestamp;
use passerelle::{
    config::sections::Sign,
    edge::{
        browser::SESSION_COOKIE,
        page::{About, Page},
    },
    model::{
        language::Language,
        session::{Session, SessionKey},
        store::Sessions as _,
        support_code::SupportCode,
    },
    saml::{
        binding::{ReceivedMessage, post, redirect},
        status::AnswerFault,
    },
    sys::{seal::Purpose, token::Token},
    web::router,
    xml::{self, Limits},
    xmlsec::{Allowed, verify_detached, verify_enveloped},
};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::{
    case::{Case, believe, tell},
    kit::{
        browser::HEADERS,
        measure::Samples,
        request::{AuthnRequest, escape},
    },
};

/// What a row is measured in.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// RSA-2048 signatures.
    Signatures,
    /// RSA-2048 verifications.
    Verifications,
}

/// One row: what is measured, and about how many of it cost as much as a signature.
pub(crate) struct Row<'a> {
    pub(crate) name: &'static str,
    pub(crate) per_signature: u32,
    /// The most that it may cost, and of what.
    pub(crate) limit: Option<(f64, Unit)>,
    pub(crate) work: Box<dyn FnMut() -> anyhow::Result<()> + 'a>,
    /// In signatures.
    pub(crate) samples: Samples,
}

impl<'a> Row<'a> {
    fn new<T>(
        name: &'static str,
        per_signature: u32,
        mut work: impl FnMut() -> anyhow::Result<T> + 'a,
    ) -> Self {
        Self {
            name,
            per_signature,
            limit: None,
            work: Box::new(move || {
                black_box(work()?);
                Ok(())
            }),
            samples: Samples::default(),
        }
    }

    fn at_most(mut self, limit: f64, unit: Unit) -> Self {
        self.limit = Some((limit, unit));
        self
    }
}

/// All rows; the last one can be run `visits` times.
///
/// # Errors
///
/// What they work with could not be made.
pub(crate) fn all<'a>(case: &'a Case<'_>, visits: usize) -> anyhow::Result<Vec<Row<'a>>> {
    let mut rows = response_rows(case);
    rows.extend(request_rows(case)?);
    rows.extend(verification_rows(case)?);
    rows.extend(other_rows(case)?);
    rows.push(sign_in(case, visits)?);
    Ok(rows)
}

fn response_rows<'a>(case: &'a Case<'_>) -> Vec<Row<'a>> {
    let sign = case.provider.registered.config.sign;
    vec![
        Row::new(
            "Response: build, sign the assertion, encode",
            1,
            move || case.respond(sign),
        )
        .at_most(1.05, Unit::Signatures),
        Row::new(
            "Response: build, sign the assertion, encrypt, encode",
            1,
            move || case.respond_encrypted(sign),
        )
        .at_most(1.2, Unit::Signatures),
        Row::new("Response: build, sign both, encode", 1, || {
            case.respond(Sign::Both)
        })
        .at_most(2.1, Unit::Signatures),
        Row::new("error Response: build, sign, encode", 1, || {
            let status = AnswerFault::Passive.status();
            let issued = case.issuing(Sign::Response).fault(&case.asked, status)?;
            Ok(post::encode_response(&issued.xml))
        }),
    ]
}

fn request_rows<'a>(case: &'a Case<'_>) -> anyhow::Result<Vec<Row<'a>>> {
    let plain = case.request.query()?;
    let query = case.request.signed_query(&case.place.sp_key)?;
    let message = escape(&post::encode_response(case.signed.as_str()));
    let form = format!("SAMLRequest={message}");
    let believe = |received: ReceivedMessage, must_be_signed| {
        let trusted = believe(case.bridge, case.provider, &received, case.now)?;
        anyhow::ensure!(trusted.is_signed() == must_be_signed);
        Ok(trusted)
    };
    Ok(vec![
        Row::new("request by Redirect: decode, check", 20, move || {
            believe(redirect::decode_request(&plain)?, false)
        })
        .at_most(0.05, Unit::Signatures),
        Row::new("signed request by Redirect: decode, check", 8, move || {
            believe(redirect::decode_request(&query)?, true)
        }),
        Row::new("signed request by POST: decode, check", 6, move || {
            believe(post::decode_request(&form)?, true)
        }),
    ])
}

/// The signature of a request and nothing else, by both ways it can be signed.
fn verification_rows<'a>(case: &'a Case<'_>) -> anyhow::Result<Vec<Row<'a>>> {
    let keys = &case.keys;
    let query = case.request.signed_query(&case.place.sp_key)?;
    let detached = redirect::decode_request(&query)?.signature;
    let detached = detached.context("no signature in the query")?;
    let document = xml::open(case.signed.as_str().as_bytes(), &Limits::MESSAGE)?;
    Ok(vec![
        Row::new("signature of a query: verify", 20, move || {
            let (algorithm, value) = (&detached.algorithm, &detached.value);
            Ok(verify_detached(
                algorithm,
                &detached.octets,
                value,
                keys,
                Allowed::default(),
            )?)
        })
        .at_most(2.0, Unit::Verifications),
        Row::new("signature in a request: verify", 12, move || {
            verify_enveloped(document.root(), keys, Allowed::default())?;
            Ok(())
        })
        .at_most(2.0, Unit::Verifications),
    ])
}

fn other_rows<'a>(case: &'a Case<'_>) -> anyhow::Result<Vec<Row<'a>>> {
    let (pages, bridge) = (&case.front.pages, case.bridge);
    let response = case.respond(Sign::Assertion)?;
    let sealed = bridge.seal.at(bridge.clock.now()).seal(
        Purpose::Journey,
        &[b'j'; 400],
        Timestamp::MAX,
        &*bridge.entropy,
    )?;
    let action = format!("/j/zoom/{sealed}");
    let runtime = runtime()?;
    let token = begin_session(case, &runtime)?;
    Ok(vec![
        Row::new("attributes: map, NameID, release", 20, || {
            tell(bridge, case.provider, &case.proof)
        }),
        Row::new("session: look up by the cookie's value", 100, move || {
            let key = SessionKey(token.hash());
            let found = runtime.block_on(bridge.store.find(key, case.now))?;
            found.context("no session")
        }),
        Row::new("journey: seal and open", 20, || {
            let content = [b'j'; 400];
            let seal = &bridge.seal;
            let sealed = seal.at(bridge.clock.now()).seal(
                Purpose::Journey,
                &content,
                Timestamp::MAX,
                &*bridge.entropy,
            )?;
            Ok(seal.open(Purpose::Journey, &sealed, case.now)?)
        }),
        Row::new("page that posts the Response", 100, move || {
            let page = Page::Post {
                action: case.to.location().as_str(),
                saml_response: &response,
                relay_state: Some("a word of the provider's"),
                provider: "Zoom",
            };
            Ok(pages.render(&page, Language::Fr, "bm9uY2U")?)
        }),
        Row::new("page with the form for name and password", 5, move || {
            let page = Page::Login {
                action: &action,
                csrf: "bm9uY2U",
                provider: "Zoom",
                about: About::default(),
                username: "",
                refused: None,
            };
            Ok(pages.render(&page, Language::Fr, "")?)
        }),
    ])
}

/// A whole sign-in on a live session, by the routes: all that the server does but the network.
fn sign_in<'a>(case: &'a Case<'_>, visits: usize) -> anyhow::Result<Row<'a>> {
    let runtime = runtime()?;
    let routes = router(Arc::clone(case.front));
    let cookie = format!("{SESSION_COOKIE}={}", begin_session(case, &runtime)?.text());
    // Each request is answered once.
    let paths: anyhow::Result<Vec<_>> = (0..visits)
        .map(|_| {
            Ok(format!(
                "/saml/sso?{}",
                AuthnRequest::drawn(&*case.bridge.entropy, case.now)?.query()?
            ))
        })
        .collect();
    let mut paths = paths?.into_iter();
    Ok(Row::new(
        "sign-in on a live session, without the network",
        1,
        move || {
            let mut request = Request::get(paths.next().context("no request is left")?);
            for (name, value) in HEADERS.lines().filter_map(|line| line.split_once(": ")) {
                request = request.header(name, value);
            }
            let mut request = request
                .header(header::COOKIE, &cookie)
                .body(Body::empty())?;
            let proxy = SocketAddr::from(([127, 0, 0, 1], 40_000));
            request.extensions_mut().insert(ConnectInfo(proxy));
            runtime.block_on(async {
                let answer = routes.clone().oneshot(request).await?;
                let is_answered = answer.status() == StatusCode::OK;
                let page = to_bytes(answer.into_body(), 1024 * 1024).await?;
                ensure!(is_answered && page.len() > 8_000, "not signed in");
                Ok(page)
            })
        },
    ))
}

/// Gives the person a session.
fn begin_session(case: &Case<'_>, runtime: &Runtime) -> anyhow::Result<Token> {
    let session = Session {
        proof: case.proof.clone(),
        index: String::from("_7c1f0a9d3b5e2846c1f0a9d3b5e2846c1f0a9d3b"),
        support_code: Some(SupportCode::draw(&*case.bridge.entropy)),
        ends_at: Timestamp::MAX,
        participants: Vec::new(),
    };
    let token = Token::draw(&*case.bridge.entropy);
    let key = SessionKey(token.hash());
    runtime.block_on(case.bridge.store.create(key, session, case.now))?;
    Ok(token)
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_time().build()?)
}
