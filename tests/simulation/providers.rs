//! The service providers, and what each of them asks for.

use std::{collections::BTreeSet, sync::Mutex};

use jiff::Timestamp;

use crate::{
    bridge::{
        INTRANET, INTRANET_ACS, LIBRARY, LIBRARY_ACS, SSO, ZOOM, ZOOM_ACS, ZOOM_ALIAS,
        keys::{Key, intranet_key, library_key, zoom_key},
        request::AuthnRequest,
    },
    dice::Dice,
};

/// A provider, by the name under which it asks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Provider {
    Intranet,
    Library,
    Zoom,
    ZoomByItsOtherName,
}

/// What is taken: as it is asked for, with the one or the other password class, or one that nobody here can prove.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Context {
    Any,
    Password,
    Unheard,
}

/// How a request comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Binding {
    Post,
    Redirect,
}

/// What a provider wants of a sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) provider: Provider,
    pub(crate) must_be_new: bool,
    pub(crate) is_passive: bool,
    pub(crate) context: Context,
    pub(crate) is_signed: bool,
    pub(crate) binding: Binding,
}

/// What providers remember of the assertions that browsers have posted to them: each is taken once
/// (saml-profiles-2.0 §4.1.4.5).
#[derive(Debug, Default)]
pub(crate) struct Taken(Mutex<BTreeSet<(&'static str, String)>>);

impl Taken {
    /// A browser posts an assertion of that ID, in which all else is right: whether the provider takes it.
    pub(crate) fn takes(&self, provider: Provider, id: &str) -> bool {
        let mut taken = self.0.lock().unwrap();
        taken.insert((provider.entity_id(), id.to_owned()))
    }
}

/// The class that a password proves here.
pub(crate) const PASSWORD: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// The class that nothing proves here.
const UNHEARD: &str = "https://refeds.org/profile/mfa";

impl Provider {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [
        Self::Intranet,
        Self::Library,
        Self::Zoom,
        Self::ZoomByItsOtherName,
    ];

    /// The name under which it asks.
    pub(crate) const fn entity_id(self) -> &'static str {
        match self {
            Self::Intranet => INTRANET,
            Self::Library => LIBRARY,
            Self::Zoom => ZOOM,
            Self::ZoomByItsOtherName => ZOOM_ALIAS,
        }
    }

    /// The same provider by its other name, if it has one.
    pub(crate) const fn by_its_other_name(self) -> Self {
        match self {
            Self::Intranet => Self::Intranet,
            Self::Library => Self::Library,
            Self::Zoom => Self::ZoomByItsOtherName,
            Self::ZoomByItsOtherName => Self::Zoom,
        }
    }

    /// Where it takes answers.
    pub(crate) const fn acs(self) -> &'static str {
        match self {
            Self::Intranet => INTRANET_ACS,
            Self::Library => LIBRARY_ACS,
            Self::Zoom | Self::ZoomByItsOtherName => ZOOM_ACS,
        }
    }

    /// The name that our configuration has for it.
    pub(crate) const fn short_name(self) -> &'static str {
        match self {
            Self::Intranet => "intranet",
            Self::Library => "library",
            Self::Zoom | Self::ZoomByItsOtherName => "zoom",
        }
    }

    /// Whether it is Zoom, which is told addresses and takes no old sign-in.
    pub(crate) const fn is_zoom(self) -> bool {
        matches!(self, Self::Zoom | Self::ZoomByItsOtherName)
    }

    fn key(self) -> &'static Key {
        match self {
            Self::Intranet => intranet_key(),
            Self::Library => library_key(),
            Self::Zoom | Self::ZoomByItsOtherName => zoom_key(),
        }
    }
}

impl Wish {
    /// One that the dice choose.
    pub(crate) fn any(dice: &Dice) -> Self {
        let provider = dice.pick(&Provider::ALL);
        Self {
            provider,
            must_be_new: dice.falls(150),
            is_passive: dice.falls(100),
            context: match dice.below(20) {
                0 => Context::Unheard,
                1 | 2 => Context::Password,
                _ => Context::Any,
            },
            // The intranet promises it.
            is_signed: provider == Provider::Intranet || dice.falls(300),
            binding: if dice.falls(300) {
                Binding::Post
            } else {
                Binding::Redirect
            },
        }
    }

    /// One that can be met.
    pub(crate) fn plain(dice: &Dice) -> Self {
        Self {
            must_be_new: false,
            is_passive: false,
            context: Context::Any,
            ..Self::any(dice)
        }
    }

    /// One that wants a new login.
    pub(crate) fn anew(dice: &Dice) -> Self {
        Self {
            must_be_new: true,
            ..Self::plain(dice)
        }
    }

    /// One that takes a sign-in for as long as a session lives.
    pub(crate) fn lasting(dice: &Dice) -> Self {
        Self {
            provider: Provider::Library,
            is_signed: dice.falls(300),
            ..Self::plain(dice)
        }
    }

    /// The address that the browser is sent to, and the form that it posts there, if it does.
    pub(crate) fn message(
        self,
        id: &str,
        relay_state: &str,
        at: Timestamp,
    ) -> (String, Option<String>) {
        let mut request = AuthnRequest::new(id, self.provider.entity_id(), SSO, at);
        if self.must_be_new {
            request = request.with("ForceAuthn", "true");
        }
        if self.is_passive {
            request = request.with("IsPassive", "true");
        }
        request = match self.context {
            Context::Any => request,
            Context::Password => request.authn_context("", PASSWORD),
            Context::Unheard => request.authn_context("", UNHEARD),
        };
        let (key, relay_state) = (self.provider.key(), Some(relay_state));
        match (self.binding, self.is_signed) {
            (Binding::Post, true) => (
                "/saml/sso".to_owned(),
                Some(request.post_signed(key, relay_state)),
            ),
            (Binding::Post, false) => ("/saml/sso".to_owned(), Some(request.post(relay_state))),
            (Binding::Redirect, true) => (request.redirect_signed(key, relay_state), None),
            (Binding::Redirect, false) => (request.redirect(relay_state), None),
        }
    }
}
