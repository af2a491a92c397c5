//! A sign-in on its way: all that must be remembered while a person is in front of a form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    authn_context::AuthnContextClass, endpoint::EndpointUrl, entity_id::EntityId,
    name_id::NameIdFormat, short_name::ShortName, support_code::SupportCode,
};
use crate::sys::hmac::sha256;

/// A sign-in on its way, sealed into the path of our own URLs and stored nowhere.
///
/// Made from a trusted request, or from a click on a page of ours where the administrator allows that.
/// What it holds is what was said and proven then; whether the provider may still be answered is asked
/// again at the end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Journey {
    /// The provider's short name, which also stands in clear in the path.
    pub sp: ShortName,
    /// The name by which the provider called itself, or else the one of its metadata: the `Audience`
    /// of the answer.
    pub issuer: EntityId,
    /// What it began with.
    pub beginning: Beginning,
    /// Where the answer goes: proven to be the provider's when the journey began.
    pub acs: EndpointUrl,
    /// The `RelayState`, given back unchanged, or that of a link to our own page.
    pub relay_state: Option<RelayState>,
    /// `ForceAuthn`: the person proves anew who they are. Also where their sign-in at the CAS server
    /// turned out to be older than the provider takes.
    pub force_authn: bool,
    /// `IsPassive`: no page may be shown.
    pub is_passive: bool,
    /// The person who must sign in, where the request names one.
    pub subject: Option<NamedPerson>,
    /// The format that `NameIDPolicy` asks for.
    pub name_id_format: Option<NameIdFormat>,
    /// `AttributeConsumingServiceIndex`: the list of attributes that the request asks for by.
    pub attribute_consuming_service: Option<u16>,
    /// The classes of which one must be what happened, the preferred one first; any will do when
    /// there are none.
    pub acceptable_contexts: Vec<AuthnContextClass>,
    /// When the request came, or the click.
    #[serde(with = "super::instant")]
    pub begun_at: Timestamp,
    /// What the person reads to the help desk.
    pub support_code: SupportCode,
    /// How many tickets the CAS server refused in a row: after some of them nobody is sent there
    /// again.
    pub refused_tickets: u8,
    /// Whether the form for name and password was shown although there is a CAS server.
    pub own_form: OwnForm,
    /// Which browser it belongs to.
    pub binding: BrowserBinding,
}

/// What a sign-in began with. It is sealed with the journey: neither kind ever becomes the other.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Beginning {
    /// A request of the provider.
    Request {
        /// Its `ID`, an `xs:NCName` of at most 256 characters: the `InResponseTo`.
        id: Box<str>,
        /// Whether it was signed, and so is refused once only.
        is_signed: bool,
    },
    /// A click of a person on our own page: the provider has asked for nothing, and is told of no
    /// request (saml-profiles-2.0 §4.1.5).
    Click {
        /// A name of ours for it, told to nobody: a click, too, is answered once, but for what is lost with a node.
        id: Box<str>,
    },
    /// A click of a person on `/test`: the answer is shown to them, and sent to nobody.
    Trial {
        /// The `ID` that a request of the provider would have had.
        id: Box<str>,
    },
}

impl Beginning {
    /// Whether it is a request that nobody signed.
    pub const fn is_unsigned_request(&self) -> bool {
        matches!(
            self,
            Self::Request {
                is_signed: false,
                ..
            }
        )
    }

    /// Whether nothing of what comes of it is sent.
    pub const fn is_trial(&self) -> bool {
        matches!(self, Self::Trial { .. })
    }
}

/// The person whom a request names, by the hash of the name. Who bears it shows when somebody has
/// signed in; until then the name, which may be long and is personal, is not carried along.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
pub struct NamedPerson([u8; 32]);

impl NamedPerson {
    /// The person who bears `name`, byte for byte (saml-core-2.0 §3.3.4).
    pub fn of(name: &str) -> Self {
        Self(sha256(&[name.as_bytes()]))
    }
}

impl std::fmt::Debug for NamedPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NamedPerson")
    }
}

/// Whether our own form was shown in the place of a CAS server that did not answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OwnForm {
    /// It was not, and is not taken: it would be a way round what CAS asks for.
    NotShown,
    /// It was.
    Shown,
}

/// Which browser a journey belongs to.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
pub enum BrowserBinding {
    /// To none yet: it came by a cross-site POST, which brings no cookie, and is bounced to a GET.
    Unbound,
    /// To none yet, but the browser was given the value of this hash to keep: if it comes with that,
    /// it is this one's; if it comes without any, it keeps none.
    Offered([u8; 32]),
    /// To the one that keeps the value of this hash.
    Bound([u8; 32]),
}

impl std::fmt::Debug for BrowserBinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unbound => "Unbound",
            Self::Offered(_) => "Offered",
            Self::Bound(_) => "Bound",
        })
    }
}

/// A `RelayState`: opaque to us, at most 1,024 bytes of UTF-8 (the standard allows 80, the field
/// uses more), given back byte for byte and never logged.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct RelayState(Box<str>);

/// Why a `RelayState` is not carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RelayStateFault {
    /// It holds U+0000, which no HTML form can give back.
    #[error("RelayState holds a character that no form can give back")]
    Null,
    /// It is longer than [`RelayState::MAX_BYTES`].
    #[error("RelayState is longer than 1024 bytes")]
    TooLong,
}

impl RelayState {
    /// The longest one that is carried.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a text that a provider sent.
    ///
    /// # Errors
    ///
    /// It cannot be carried, and given back as it is.
    pub fn parse(text: &str) -> Result<Self, RelayStateFault> {
        if text.len() > Self::MAX_BYTES {
            return Err(RelayStateFault::TooLong);
        }
        if text.contains('\0') {
            return Err(RelayStateFault::Null);
        }
        Ok(Self(text.into()))
    }

    /// The text as it was sent, for the form that gives it back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RelayState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayState")
    }
}
