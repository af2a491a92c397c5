//! The pages that tell a person why they cannot go on.
//!
//! [`StopReason`] is closed: each reason has its own title, sentence and advice in both languages
//! (`stop-<slug>` in `locales/*.ftl`). To add one, add the variant, its slug, its texts and its
//! specimen; the compiler and the tests say what is still missing.

use fluent_bundle::FluentArgs;

use super::template::key;
use crate::flow::trial::StoppedTrial;

/// What a stop page shows.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    /// The stable code of the fault, for the help desk: `P-EXPIRED`. Shown small.
    pub code: &'a str,
    /// Why the person cannot go on.
    pub reason: StopReason<'a>,
    /// The code that finds the whole story in the journal.
    pub support_code: &'a str,
    /// The name of the provider, and the `https` address or own path from which to start again.
    pub way_out: Option<(&'a str, &'a str)>,
    /// Own path at which the journey itself goes on, where the fault may pass.
    pub again: Option<&'a str>,
    /// Where it stops a trial, what a person meets who signs in for real: nothing was sent, and the way out leads to where
    /// another trial can begin.
    pub trial: Option<RealSignIn>,
    /// What is shown of that trial to whoever tried, under what everybody would read.
    pub shown: Option<&'a StoppedTrial>,
}

/// What a person meets who signs in for real, where a trial stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RealSignIn {
    /// Nothing: trials alone stop there.
    GoesOn,
    /// What this trial met, where theirs goes the same way: the fault is of one browser, or of one click.
    InSameCase,
    /// Not our page: the provider is answered that there is no sign-in, and shows a page of its own.
    ProviderTold,
    /// The same page, with the same advice.
    SamePage,
}

impl RealSignIn {
    /// The name of the text that says so.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::GoesOn => key("stop-trial-goes-on"),
            Self::InSameCase => key("stop-trial-in-same-case"),
            Self::ProviderTold => key("stop-trial-provider-told"),
            Self::SamePage => key("stop-trial-same-page"),
        }
    }
}

impl Stop<'_> {
    /// The name of the text above the advice.
    pub(super) const fn advice_key(&self) -> &'static str {
        match self.trial {
            Some(RealSignIn::SamePage) => key("stop-trial-advice-title"),
            Some(RealSignIn::GoesOn | RealSignIn::InSameCase | RealSignIn::ProviderTold) | None => {
                key("stop-advice-title")
            }
        }
    }

    /// The name of the text on the button that leads out.
    pub(super) const fn way_out_key(&self) -> &'static str {
        if self.trial.is_some() {
            key("stop-way-out-trial")
        } else {
            self.reason.way_out_key()
        }
    }
}

/// Why a person cannot go on, as far as they are told.
///
/// Says nothing of what is behind the page: no host, no protocol, and, unless the password was
/// right, not whether an account exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopReason<'a> {
    /// The seal of the journey is too old.
    JourneyExpired,
    /// The seal of the journey does not open: the address was cut, or tampered with.
    JourneyForged,
    /// The journey was begun by another browser, or this one lost its cookie.
    OtherBrowser,
    /// The browser takes no cookie at all.
    CookiesBlocked,
    /// The person's record holds no address in the domains of the organization.
    NoMail {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The person's record holds several such addresses, and nothing says which is the main one.
    SeveralMails {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The person's record lacks something else that the provider needs.
    MissingAttribute {
        /// Name of the provider.
        provider: &'a str,
        /// What is lacking, in the person's language.
        attribute: &'a str,
    },
    /// No registered provider has the name that the request bears.
    ProviderUnknown,
    /// The provider is registered and switched off: it is not open here, or not any more.
    ProviderDisabled {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The provider is registered, and the time of what describes it is over.
    ProviderEnded {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The provider is registered, and what describes it cannot be used.
    ProviderBroken {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The request could not be decoded or parsed.
    RequestUnreadable,
    /// The rest of what the browser sends did not come in time.
    RequestLate,
    /// The request is too old, or from the future.
    RequestStale,
    /// The request must be signed and is not.
    RequestUnsigned,
    /// The signature of the request does not verify.
    RequestSignature,
    /// The request was made for another address.
    RequestWrongDestination,
    /// The request, its RelayState or the seal made of it is longer than we take.
    RequestTooLarge,
    /// The request names an assertion consumer service that is not registered.
    AcsUnknown,
    /// The request was answered before.
    RequestUsed,
    /// What the person brought back from the CAS server was used before.
    TicketUsed,
    /// The person was answered again and again within minutes.
    TooOften {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The request asks for a binding that we do not speak.
    UnsupportedBinding,
    /// The password is right, and the account is shut.
    AccountShut,
    /// The password is right, and must be changed first.
    PasswordMustChange,
    /// A sign-in may be tried by others, or by nobody.
    NotATester,
    /// The directory has no record of the person, or several.
    RecordNotFound {
        /// Name of the provider.
        provider: &'a str,
    },
    /// Somebody else has the same address.
    MailOfAnother {
        /// Name of the provider.
        provider: &'a str,
    },
    /// A link to our own page that may not be followed, or not any more.
    StartRefused {
        /// Name of the provider.
        provider: &'a str,
    },
    /// The sign-in is older than the provider takes, and nothing newer was proven.
    SignInTooOld {
        /// Name of the provider.
        provider: &'a str,
    },
    /// What proves who people are does not answer.
    SignInUnavailable,
    /// Too much is under way.
    Busy,
    /// Something failed on our side.
    Internal,
    /// The address exists, but is not asked this way.
    MethodNotAllowed,
    /// The request was made to another host name than ours.
    BadHost,
    /// A form came back without its token, or from elsewhere.
    FormForged,
    /// The session could not be ended, and may live on.
    LogoutFailed,
    /// A service asks for the end of the session, which is not built yet.
    LogoutNotTaken,
}

impl StopReason<'_> {
    /// The variant's name in kebab case: `data-reason` on the page, and `stop-<slug>` in the
    /// files of texts.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::JourneyExpired => "journey-expired",
            Self::JourneyForged => "journey-forged",
            Self::OtherBrowser => "other-browser",
            Self::CookiesBlocked => "cookies-blocked",
            Self::NoMail { .. } => "no-mail",
            Self::SeveralMails { .. } => "several-mails",
            Self::MissingAttribute { .. } => "missing-attribute",
            Self::ProviderUnknown => "provider-unknown",
            Self::ProviderDisabled { .. } => "provider-disabled",
            Self::ProviderEnded { .. } => "provider-ended",
            Self::ProviderBroken { .. } => "provider-broken",
            Self::RequestUnreadable => "request-unreadable",
            Self::RequestLate => "request-late",
            Self::RequestStale => "request-stale",
            Self::RequestUnsigned => "request-unsigned",
            Self::RequestSignature => "request-signature",
            Self::RequestWrongDestination => "request-wrong-destination",
            Self::RequestTooLarge => "request-too-large",
            Self::AcsUnknown => "acs-unknown",
            Self::RequestUsed => "request-used",
            Self::TicketUsed => "ticket-used",
            Self::TooOften { .. } => "too-often",
            Self::UnsupportedBinding => "unsupported-binding",
            Self::AccountShut => "account-shut",
            Self::PasswordMustChange => "password-must-change",
            Self::NotATester => "not-a-tester",
            Self::RecordNotFound { .. } => "record-not-found",
            Self::MailOfAnother { .. } => "mail-of-another",
            Self::StartRefused { .. } => "start-refused",
            Self::SignInTooOld { .. } => "sign-in-too-old",
            Self::SignInUnavailable => "sign-in-unavailable",
            Self::Busy => "busy",
            Self::Internal => "internal",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::BadHost => "bad-host",
            Self::FormForged => "form-forged",
            Self::LogoutFailed => "logout-failed",
            Self::LogoutNotTaken => "logout-not-taken",
        }
    }

    /// What the texts of this reason are filled with.
    pub(super) fn arguments(&self) -> FluentArgs<'_> {
        let mut arguments = FluentArgs::new();
        match self {
            Self::NoMail { provider }
            | Self::SeveralMails { provider }
            | Self::RecordNotFound { provider }
            | Self::MailOfAnother { provider }
            | Self::StartRefused { provider }
            | Self::SignInTooOld { provider }
            | Self::TooOften { provider }
            | Self::ProviderDisabled { provider }
            | Self::ProviderEnded { provider }
            | Self::ProviderBroken { provider } => arguments.set("provider", *provider),
            Self::MissingAttribute {
                provider,
                attribute,
            } => {
                arguments.set("provider", *provider);
                arguments.set("attribute", *attribute);
            }
            Self::JourneyExpired
            | Self::JourneyForged
            | Self::OtherBrowser
            | Self::CookiesBlocked
            | Self::ProviderUnknown
            | Self::RequestUnreadable
            | Self::RequestLate
            | Self::RequestStale
            | Self::RequestUnsigned
            | Self::RequestSignature
            | Self::RequestWrongDestination
            | Self::RequestTooLarge
            | Self::AcsUnknown
            | Self::RequestUsed
            | Self::TicketUsed
            | Self::UnsupportedBinding
            | Self::AccountShut
            | Self::PasswordMustChange
            | Self::NotATester
            | Self::SignInUnavailable
            | Self::Busy
            | Self::Internal
            | Self::MethodNotAllowed
            | Self::BadHost
            | Self::FormForged
            | Self::LogoutFailed
            | Self::LogoutNotTaken => {}
        }
        arguments
    }

    /// Whether somebody else has to act first, so that starting again is not what the page puts
    /// first.
    pub(super) const fn needs_support(&self) -> bool {
        matches!(
            self,
            Self::NoMail { .. }
                | Self::SeveralMails { .. }
                | Self::MissingAttribute { .. }
                | Self::ProviderDisabled { .. }
                | Self::ProviderEnded { .. }
                | Self::ProviderBroken { .. }
                | Self::AccountShut
                | Self::PasswordMustChange
                | Self::NotATester
                | Self::RecordNotFound { .. }
                | Self::MailOfAnother { .. }
                | Self::UnsupportedBinding
        )
    }

    /// Whether starting again may help: a page that says that it will not leads to the start page instead.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::ProviderDisabled { .. })
    }

    /// The name of the text on the button that leads out, but for a trial's.
    const fn way_out_key(&self) -> &'static str {
        match self {
            Self::FormForged => key("stop-way-out-form"),
            Self::LogoutFailed => key("stop-way-out-logout"),
            Self::LogoutNotTaken => key("stop-way-out-logout-here"),
            Self::BadHost => key("stop-way-out-host"),
            Self::JourneyExpired
            | Self::JourneyForged
            | Self::OtherBrowser
            | Self::CookiesBlocked
            | Self::NoMail { .. }
            | Self::SeveralMails { .. }
            | Self::MissingAttribute { .. }
            | Self::ProviderUnknown
            | Self::ProviderDisabled { .. }
            | Self::ProviderEnded { .. }
            | Self::ProviderBroken { .. }
            | Self::RequestUnreadable
            | Self::RequestLate
            | Self::RequestStale
            | Self::RequestUnsigned
            | Self::RequestSignature
            | Self::RequestWrongDestination
            | Self::RequestTooLarge
            | Self::AcsUnknown
            | Self::RequestUsed
            | Self::TicketUsed
            | Self::TooOften { .. }
            | Self::UnsupportedBinding
            | Self::AccountShut
            | Self::PasswordMustChange
            | Self::NotATester
            | Self::RecordNotFound { .. }
            | Self::MailOfAnother { .. }
            | Self::StartRefused { .. }
            | Self::SignInTooOld { .. }
            | Self::SignInUnavailable
            | Self::Busy
            | Self::Internal
            | Self::MethodNotAllowed => key("stop-way-out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{specimens, test_support::variants, trial::kebab};

    #[test]
    fn every_reason_has_a_specimen_and_the_slug_of_its_name() {
        let variants = variants(include_str!("stop.rs"), "StopReason");
        let variants: Vec<String> = variants.iter().map(|name| kebab(name)).collect();
        let slugs: Vec<&str> = specimens::STOP_REASONS
            .iter()
            .map(super::StopReason::slug)
            .collect();
        assert_eq!(slugs, variants);
    }
}
