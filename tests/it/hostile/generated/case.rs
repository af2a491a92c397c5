//! One hostile message, and what is to become of it.

use passerelle::{
    saml::binding::BindingFault,
    xml::{DoorFault, Element, Limits, open},
    xmlsec::{Allowed, SignatureFault, verify_enveloped},
};

use super::genuine::Kind;
use crate::bridge::keys::zoom_key;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The binding does not carry it.
    Binding(BindingFault),
    /// The door does not let it in.
    Door(DoorFault),
    /// It is taken, and says what the genuine one says; why that is no harm.
    Harmless(&'static str),
    /// The door does not let it in: it is no XML, at whatever place.
    NotWellFormed,
    /// The request itself is refused: with this stable code and these words in the log.
    Refused(&'static str, &'static str),
    /// The verifier refuses it.
    Signature(SignatureFault),
}

/// One hostile message.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// What was done to the genuine one.
    pub(super) name: String,
    /// The octets.
    pub(super) octets: Vec<u8>,
    /// What becomes of it at the binding, the door and the verifier.
    pub(super) verdict: Verdict,
    /// What the whole router does with it, where that stops it before the verifier would, or
    /// behind it.
    pub(super) routed: Option<Verdict>,
}

impl Case {
    /// A case that everything refuses for one reason.
    pub(super) fn new(
        name: impl Into<String>,
        octets: impl Into<Vec<u8>>,
        verdict: Verdict,
    ) -> Self {
        Self {
            name: name.into(),
            octets: octets.into(),
            verdict,
            routed: None,
        }
    }

    /// Where the router says something else.
    pub(super) const fn routed(mut self, verdict: Verdict) -> Self {
        self.routed = Some(verdict);
        self
    }

    /// What the router is to do with it.
    pub(super) fn at_the_router(&self) -> Verdict {
        self.routed.unwrap_or(self.verdict)
    }
}

/// A refusal of the verifier.
pub(super) fn signature(
    name: impl Into<String>,
    xml: impl Into<Vec<u8>>,
    fault: SignatureFault,
) -> Case {
    Case::new(name, xml, Verdict::Signature(fault))
}

/// A refusal of the door.
pub(super) fn door(name: impl Into<String>, xml: impl Into<Vec<u8>>, fault: DoorFault) -> Case {
    Case::new(name, xml, Verdict::Door(fault))
}

/// What is no XML.
pub(super) fn malformed(name: impl Into<String>, xml: impl Into<Vec<u8>>) -> Case {
    Case::new(name, xml, Verdict::NotWellFormed)
}

/// What is taken, and why that is no harm.
pub(super) fn harmless(
    name: impl Into<String>,
    xml: impl Into<Vec<u8>>,
    why: &'static str,
) -> Case {
    Case::new(name, xml, Verdict::Harmless(why))
}

/// The bounds that hold for a kind of message.
pub(super) const fn limits(kind: Kind) -> Limits {
    match kind {
        Kind::AuthnRequest | Kind::LogoutRequest => Limits::MESSAGE,
        Kind::EntityDescriptor => Limits::METADATA,
    }
}

/// What an element says, all of it: names, attributes, text, and what is in it, without what the
/// verifier hid.
fn saying(element: Element<'_, '_>) -> String {
    let mut attributes: Vec<_> = element
        .attributes()
        .map(|(namespace, name, value)| format!("{namespace} {name}={value:?}"))
        .collect();
    attributes.sort();
    let children: Vec<_> = element.children().map(saying).collect();
    let text = element.text().unwrap_or_default();
    format!(
        "{} {} {attributes:?} {text:?} {children:?}",
        element.namespace(),
        element.local_name()
    )
}

/// What a signed message says to whoever verifies it with Zoom's key, as one text.
pub(super) fn read_verified(octets: &[u8], limits: &Limits) -> Result<String, Verdict> {
    let document = open(octets, limits).map_err(|fault| {
        if matches!(fault, DoorFault::NotWellFormed { .. }) {
            Verdict::NotWellFormed
        } else {
            Verdict::Door(fault)
        }
    })?;
    let verified = verify_enveloped(
        document.root(),
        &[zoom_key().verifying()],
        Allowed::default(),
    );
    let verified = verified.map_err(Verdict::Signature)?;
    Ok(saying(verified.into_inner()))
}
