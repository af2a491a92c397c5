//! What each part of a sign-in costs, in multiples of one bare RSA-2048 signature.
//!
//! All of it works with what a server builds from its configuration: Zoom's preset, its release of
//! eight attributes, its way of signing. Ends with a failure where all that makes a Response, or an
//! encrypted one, is above its limit.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[expect(dead_code, reason = "it holds what the other benchmarks need, too")]
mod kit;

use std::{hint::black_box, net::SocketAddr, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use kit::{
    measure::{RsaSignature, Samples, judge, time},
    place::{Place, login},
    request::{AuthnRequest, escape},
};
use passerelle::{
    app::build,
    attributes::{asked::Asked, name_id::Parties},
    config::{environment::Environment, sections::Sign},
    edge::page::Page,
    flow::bridge::{Bridge, Provider},
    model::{
        attribute::{Attributes, ReleasedAttribute},
        authn_context::AuthnContextClass,
        language::Language,
        name_id::NameId,
        proof::{AuthnMethod, Proof},
        session::{Session, SessionKey},
        store::Sessions as _,
        trace::Trace,
    },
    saml::{
        acs::ReturnAddress,
        authn_request::claimed_issuer,
        binding::{ReceivedMessage, post, redirect},
        response::{Issuing, Subject},
        status::AnswerFault,
        trust::{Expectations, TrustedAuthnRequest, trust},
    },
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
        seal::Purpose,
        token::Token,
    },
    web::Front,
    xml::{self, Limits},
    xmlsec::{EncryptionKey, EncryptionMethods, Signer as _, sign},
};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most that it may cost to build, sign and encode a Response, in RSA-2048 signatures.
const MOST: f64 = 1.05;
/// The same where the assertion is encrypted, too.
const MOST_ENCRYPTED: f64 = 1.2;
/// How often each row is measured; the median counts.
const ROUNDS: usize = 60;
/// How often a row and a signature take turns in one round; their medians count.
const TURNS: usize = 25;

/// One row: what is measured, and about how many of it cost as much as a signature.
struct Row<'a> {
    name: &'static str,
    per_signature: u32,
    /// The most that it may cost.
    limit: Option<f64>,
    work: Box<dyn FnMut() -> anyhow::Result<()> + 'a>,
    samples: Samples,
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

    fn at_most(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let place = Place::make(SocketAddr::from(([127, 0, 0, 1], 8080)), 1)?;
    let front = front(&place.configuration())?;
    let case = Case::new(&front, &place)?;
    let mut rows = response_rows(&case);
    rows.extend(request_rows(&case)?);
    rows.extend(other_rows(&case)?);

    let rsa = RsaSignature::by_key_of(&place)?;
    rsa.time(200)?;
    let mut signatures = Samples::default();
    for _ in 0..ROUNDS {
        for row in &mut rows {
            // In turns: the speed of a machine changes while one looks.
            let (mut bare, mut costs) = (Samples::default(), Samples::default());
            for _ in 0..TURNS {
                bare.add(rsa.time(1)?.as_secs_f64());
                costs.add(time(row.per_signature, &mut row.work)?.as_secs_f64());
            }
            row.samples.add(costs.median() / bare.median());
            signatures.add(bare.median() * 1e6);
        }
    }

    println!(
        "CPU time as a multiple of one RSA-2048 signature ({:.0} µs here)\n\
         {:52}{:>8}   half of the rounds",
        signatures.median(),
        "",
        "median"
    );
    let mut is_within = true;
    for row in &rows {
        print!("{:52}{}", row.name, row.samples);
        if let Some(limit) = row.limit {
            let verdict = judge(row.samples.median(), limit, &mut is_within);
            print!("   limit {limit}: {verdict}");
        }
        println!();
    }
    Ok(if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the server works with.
fn front(configuration: &Path) -> anyhow::Result<Front> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let built = build::load(configuration, &Environment::of_process(), clock, entropy);
    Ok(built.map_err(|faults| anyhow!("{faults:?}"))?.front)
}

/// A request, and a person for whom it is answered.
struct Case<'a> {
    front: &'a Front,
    bridge: &'a Bridge,
    provider: &'a Provider,
    place: &'a Place,
    now: Timestamp,
    request: AuthnRequest,
    to: ReturnAddress,
    proof: Proof,
    name_id: Option<NameId>,
    attributes: Vec<ReleasedAttribute>,
    /// The key that the provider would have its assertions encrypted to.
    encryption_key: EncryptionKey,
}

impl<'a> Case<'a> {
    fn new(front: &'a Front, place: &'a Place) -> anyhow::Result<Self> {
        let bridge = &front.bridge;
        let provider = bridge.providers.values().next().context("no provider")?;
        let now = SystemClock.now();
        let request = AuthnRequest::new(now)?;
        let received = redirect::decode_request(&request.query()?)?;
        let trusted = believe(bridge, provider, &received, now)?;
        let proof = proof(now);
        let (name_id, attributes) = tell(bridge, provider, &proof)?;
        Ok(Self {
            to: ReturnAddress::of_request(&trusted, received.relay_state, &provider.registered.sp)?,
            front,
            bridge,
            provider,
            place,
            now,
            request,
            proof,
            name_id,
            attributes,
            encryption_key: EncryptionKey::from_certificate_base64(
                place.sp_key.certificate_base64(),
                EncryptionMethods::default(),
            )?,
        })
    }

    fn issuing(&self, sign: Sign) -> Issuing<'_> {
        Issuing {
            idp: self.bridge.settings.entity_id.as_str(),
            signer: &*self.provider.signer,
            sign,
            encrypt_to: None,
            session: None,
            now: self.now,
            entropy: &OsEntropy,
        }
    }

    /// Builds, signs and encodes a Response of success.
    fn respond(&self, sign: Sign) -> anyhow::Result<String> {
        self.respond_by(&self.issuing(sign))
    }

    /// The same with the assertion encrypted.
    fn respond_encrypted(&self, sign: Sign) -> anyhow::Result<String> {
        self.respond_by(&Issuing {
            encrypt_to: Some(&self.encryption_key),
            ..self.issuing(sign)
        })
    }

    fn respond_by(&self, issuing: &Issuing<'_>) -> anyhow::Result<String> {
        let subject = Subject {
            name_id: self.name_id.as_ref(),
            attributes: &self.attributes,
            authn_instant: self.proof.at,
            context: &self.proof.context,
            session_index: "_7c1f0a9d3b5e2846c1f0a9d3b5e2846c1f0a9d3b",
        };
        let issued = issuing.success(&self.to, &subject)?;
        Ok(post::encode_response(&issued.xml))
    }
}

/// All that is checked before a request is believed.
fn believe(
    bridge: &Bridge,
    provider: &Provider,
    received: &ReceivedMessage,
    now: Timestamp,
) -> anyhow::Result<TrustedAuthnRequest> {
    let document = xml::open(&received.xml, &Limits::MESSAGE)?;
    let root = document.root();
    let found = bridge.registry.sp_for(&claimed_issuer(root)?, now)?;
    let expected = Expectations {
        sp: &provider.registered.sp,
        keys: &found.keys,
        allowed: found.allowed(now),
        must_be_signed: found.must_sign_requests(),
        destination: &bridge.settings.sso_url,
        now,
        max_age: SignedDuration::from_hours(1),
        max_ahead: SignedDuration::from_hours(1),
    };
    Ok(trust(received, root, &expected)?)
}

/// What the provider is told of a person: mapping, `NameID`, release, with their trace.
fn tell(
    bridge: &Bridge,
    provider: &Provider,
    proof: &Proof,
) -> anyhow::Result<(Option<NameId>, Vec<ReleasedAttribute>)> {
    let mut trace = Trace::new();
    let ours = bridge.mapping.apply(&proof.attributes, &mut trace);
    let parties = Parties {
        idp: &bridge.settings.entity_id,
        sp: &provider.registered.sp.entity_id,
        pairwise: &bridge.pairwise,
        entropy: &*bridge.entropy,
    };
    let name_id = provider.name_id.build(&ours, parties, &mut trace)?;
    let released =
        provider
            .release
            .release(&ours, &Asked::of(&provider.registered.sp, None), &mut trace)?;
    Ok((name_id, released))
}

/// A teacher, who has everything that Zoom is told.
fn proof(at: Timestamp) -> Proof {
    let mut attributes = Attributes::new();
    for (name, values) in [
        ("uid", "person0"),
        ("givenName", "Zoé"),
        ("sn", "Martin"),
        ("displayName", "Zoé Martin"),
        ("mail", "person0@example.org"),
        ("eduPersonAffiliation", "member faculty teacher employee"),
        ("eduPersonPrimaryAffiliation", "faculty"),
        ("eduPersonUniqueId", "c41f08d26e7b4a95@example.org"),
        ("supannEmpId", "40217"),
        ("supannEntiteAffectationPrincipale", "UFR3-HIST"),
        ("department", "Histoire"),
    ] {
        attributes.add(name, values.split(' ').map(str::to_owned));
    }
    Proof {
        ticket: None,
        login: login(0),
        method: AuthnMethod::Local,
        context: AuthnContextClass::PasswordProtectedTransport,
        at,
        attributes,
    }
}

fn response_rows<'a>(case: &'a Case<'_>) -> Vec<Row<'a>> {
    let sign = case.provider.registered.config.sign;
    vec![
        Row::new(
            "Response: build, sign the assertion, encode",
            1,
            move || case.respond(sign),
        )
        .at_most(MOST),
        Row::new(
            "Response: build, sign the assertion, encrypt, encode",
            1,
            move || case.respond_encrypted(sign),
        )
        .at_most(MOST_ENCRYPTED),
        Row::new("Response: build, sign both, encode", 1, || {
            case.respond(Sign::Both)
        }),
        Row::new("error Response: build, sign, encode", 1, || {
            let status = AnswerFault::Passive.status();
            let issued = case.issuing(Sign::Response).fault(&case.to, status)?;
            Ok(post::encode_response(&issued.xml))
        }),
    ]
}

fn request_rows<'a>(case: &'a Case<'_>) -> anyhow::Result<Vec<Row<'a>>> {
    let plain = case.request.query()?;
    let query = case.request.signed_query(&case.place.sp_key)?;
    let signed = sign(&case.request.unsigned, &case.request.id, &case.place.sp_key)?;
    let message = escape(&post::encode_response(signed.as_str()));
    let form = format!("SAMLRequest={message}");
    let believe = |received: ReceivedMessage, must_be_signed| {
        let trusted = believe(case.bridge, case.provider, &received, case.now)?;
        anyhow::ensure!(trusted.is_signed() == must_be_signed);
        Ok(trusted)
    };
    Ok(vec![
        Row::new("request by Redirect: decode, check", 20, move || {
            believe(redirect::decode_request(&plain)?, false)
        }),
        Row::new("signed request by Redirect: decode, check", 8, move || {
            believe(redirect::decode_request(&query)?, true)
        }),
        Row::new("signed request by POST: decode, check", 6, move || {
            believe(post::decode_request(&form)?, true)
        }),
    ])
}

fn other_rows<'a>(case: &'a Case<'_>) -> anyhow::Result<Vec<Row<'a>>> {
    let (pages, bridge) = (&case.front.pages, case.bridge);
    let response = case.respond(Sign::Assertion)?;
    let sealed = bridge
        .seal
        .seal(Purpose::Journey, &[b'j'; 400], Timestamp::MAX, &OsEntropy)?;
    let action = format!("/j/zoom/{sealed}");
    let session = Session {
        proof: case.proof.clone(),
        index: String::from("_7c1f0a9d3b5e2846c1f0a9d3b5e2846c1f0a9d3b"),
        ends_at: Timestamp::MAX,
        participants: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let token = Token::draw(&OsEntropy);
    let key = SessionKey(token.hash());
    runtime.block_on(bridge.store.create(key, session, case.now))?;
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
            let sealed = seal.seal(Purpose::Journey, &content, Timestamp::MAX, &OsEntropy)?;
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
                username: "",
                refused: None,
            };
            Ok(pages.render(&page, Language::Fr, "")?)
        }),
    ])
}
