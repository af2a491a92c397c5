//! A request of Zoom's and a teacher who signs in, with what the server has built for both.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use passerelle::{
    app::build,
    attributes::{asked::Asked, name_id::Parties},
    config::{environment::Environment, sections::Sign},
    flow::bridge::{Bridge, Provider},
    model::{
        attribute::{Attributes, ReleasedAttribute},
        authn_context::AuthnContextClass,
        name_id::NameId,
        proof::{AuthnMethod, Proof},
        trace::Trace,
    },
    saml::{
        acs::{AskedAddress, ReturnAddress},
        authn_request::claimed_issuer,
        binding::{ReceivedMessage, post, redirect},
        response::{Issuing, Subject},
        trust::{Expectations, TrustedAuthnRequest, trust},
    },
    sys::{clock::Clock, entropy::Entropy},
    web::Front,
    xml::{self, Canonical, Limits},
    xmlsec::{EncryptionKey, EncryptionMethods, VerifyingKey, sign},
};

use crate::kit::{
    place::{Place, login},
    request::AuthnRequest,
};

/// What the server works with.
///
/// # Errors
///
/// It cannot be built.
pub(crate) fn front(
    configuration: &Path,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<Arc<Front>> {
    let built = build::load(configuration, &Environment::of_process(), clock, entropy);
    Ok(Arc::new(
        built.map_err(|faults| anyhow!("{faults:?}"))?.front,
    ))
}

/// A request, and a person for whom it is answered.
pub(crate) struct Case<'a> {
    pub(crate) front: &'a Arc<Front>,
    pub(crate) bridge: &'a Bridge,
    pub(crate) provider: &'a Provider,
    pub(crate) place: &'a Place,
    pub(crate) now: Timestamp,
    pub(crate) request: AuthnRequest,
    /// The keys that the provider signs with.
    pub(crate) keys: Vec<VerifyingKey>,
    /// The same request with a signature in it.
    pub(crate) signed: Canonical,
    pub(crate) to: ReturnAddress,
    /// The same, where a fault may be told.
    pub(crate) asked: AskedAddress,
    pub(crate) proof: Proof,
    name_id: Option<NameId>,
    attributes: Vec<ReleasedAttribute>,
    /// The key that the provider would have its assertions encrypted to.
    encryption_key: EncryptionKey,
}

impl<'a> Case<'a> {
    /// Takes the first provider and the first person of `place`.
    ///
    /// # Errors
    ///
    /// The request is not believed, or the person cannot be told of.
    pub(crate) fn new(front: &'a Arc<Front>, place: &'a Place) -> anyhow::Result<Self> {
        let bridge = &front.bridge;
        let provider = bridge.providers.values().next().context("no provider")?;
        let now = bridge.clock.now();
        let request = AuthnRequest::drawn(&*bridge.entropy, now)?;
        let received = redirect::decode_request(&request.query()?)?;
        let trusted = believe(bridge, provider, &received, now)?;
        let proof = proof(now);
        let (name_id, attributes) = tell(bridge, provider, &proof)?;
        let to =
            ReturnAddress::of_request(&trusted, received.relay_state, &provider.registered.sp)?;
        let sp_key = VerifyingKey::from_certificate_der(place.sp_key.certificate_der())?;
        Ok(Self {
            asked: AskedAddress::of(to.clone()).context("nobody asked")?,
            to,
            front,
            bridge,
            provider,
            place,
            now,
            encryption_key: EncryptionKey::new(sp_key.clone(), EncryptionMethods::default())?,
            keys: vec![sp_key],
            signed: sign(&request.unsigned, &request.id, &place.sp_key)?,
            request,
            proof,
            name_id,
            attributes,
        })
    }

    /// How it is issued, in clear.
    pub(crate) fn issuing(&self, sign: Sign) -> Issuing<'_> {
        Issuing {
            idp: self.bridge.settings.entity_id.as_str(),
            signer: &*self.provider.signer,
            sign,
            encrypt_to: None,
            session: None,
            now: self.now,
            entropy: &*self.bridge.entropy,
        }
    }

    /// Builds, signs and encodes a Response of success.
    ///
    /// # Errors
    ///
    /// It could not be signed.
    pub(crate) fn respond(&self, sign: Sign) -> anyhow::Result<String> {
        self.respond_by(&self.issuing(sign))
    }

    /// The same with the assertion encrypted.
    ///
    /// # Errors
    ///
    /// It could not be signed or encrypted.
    pub(crate) fn respond_encrypted(&self, sign: Sign) -> anyhow::Result<String> {
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
///
/// # Errors
///
/// It is not believed.
pub(crate) fn believe(
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
///
/// # Errors
///
/// They cannot be told of.
pub(crate) fn tell(
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
