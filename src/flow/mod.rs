//! One sign-on, from the request to the answer.
//!
//! [`sso`] is the sign-on itself: every step comes back to it and it alone picks the next one. `way`
//! leads into a journey and out of it again, [`idp_initiated`] into one without a request, `answer` has the
//! answer made, [`pace`] counts them, [`trial`] shows it in the place of sending it, [`foresight`] says what would be in it. Of whoever has proven who they are `newcomer` ends what the browser has of somebody else. [`stop`] holds the two
//! ways to fail, [`story`] what is written about a step, [`keep`] what is kept of it, [`logout`] the end
//! of our own session, by the person or by a notice of the CAS server, [`oversight`] what an administrator sees of
//! sessions and ends of them. Knows nothing of HTTP, pages or cookies' syntax: a [`Visit`] comes in, a
//! [`Reply`] or a [`Stopped`](stop::Stopped) goes out.

mod answer;
pub mod bridge;
pub mod cas;
mod directory;
pub mod foresight;
pub mod idp_initiated;
pub mod keep;
pub mod logout;
mod newcomer;
pub mod notice;
pub mod oversight;
pub mod pace;
pub mod sso;
pub mod stop;
pub mod story;
pub mod trial;
mod way;

use std::net::IpAddr;

use trial::Trial;

use crate::{
    authn::{cas::Ticket, ldap::PasswordWarning},
    model::{
        endpoint::EndpointUrl,
        journey::{Journey, RelayState},
        language::Localized,
        service_provider::UiInfo,
        short_name::ShortName,
    },
    sys::{secret::Secret, token::Token},
};

/// What a browser brought with its request.
#[derive(Debug)]
pub struct Visit {
    /// The value that journeys are bound to.
    pub browser: Option<Token>,
    /// The value of its session.
    pub session: Option<Token>,
    /// Whether it sent something as the value of its session, and nothing of that was believed.
    pub is_session_doubted: bool,
    /// Where it calls from.
    pub address: IpAddr,
}

/// What a browser gets.
#[derive(Debug)]
pub struct Reply {
    /// What it shows or does next.
    pub next: Next,
    /// A value to keep, that journeys are bound to.
    pub keep_browser: Option<Token>,
    /// A value to keep, of its new session.
    pub keep_session: Option<Token>,
    /// Whether it forgets the session that it brought, where it keeps no new one.
    pub forget_session: bool,
}

impl Reply {
    const fn new(next: Next) -> Self {
        Self {
            next,
            keep_browser: None,
            keep_session: None,
            forget_session: false,
        }
    }
}

/// What a browser does next.
#[derive(Debug)]
pub enum Next {
    /// Posts the answer to the service provider.
    Answer(Answer),
    /// Shows the form for name and password.
    AskPassword(PasswordForm),
    /// Goes on with the journey, by a GET of ours.
    GoOn(Step),
    /// Goes to the CAS server, at this address.
    GoToCas(String),
    /// Reads what would have been sent.
    Show(Box<Trial>),
    /// Reads that the password ends soon, and goes on.
    TellOfTheEnd(Notice),
}

/// The answer to a service provider, for the form that posts it.
#[derive(Debug)]
pub struct Answer {
    /// Where it is posted to.
    pub location: EndpointUrl,
    /// The `SAMLResponse`, base64.
    pub saml_response: String,
    /// The `RelayState`, given back unchanged; no field where none came.
    pub relay_state: Option<RelayState>,
    /// The provider's name for people.
    pub provider: Localized,
    /// Whether it says who the person is, or why it does not.
    pub is_success: bool,
}

/// A step of a journey: what stands in the path of our own URL.
#[derive(Debug)]
pub struct Step {
    /// The provider's short name, in clear: a dead seal still leads home.
    pub sp: ShortName,
    /// The sealed journey, behind a mark where it is that of a trial, in clear as well: a dead seal leads back
    /// to `/test`.
    pub seal: String,
}

impl Step {
    /// What stands before the seal in the path of a trial. No seal holds a dot. It stands behind the provider's
    /// own slash: what the CAS server has registered for that provider is for its trials as well.
    const TRIAL: &str = "test.";

    fn new(journey: &Journey, seal: &str) -> Self {
        let is_trial = journey.beginning.is_trial();
        let mark = if is_trial { Self::TRIAL } else { "" };
        Self::of_path(journey, format!("{mark}{seal}"))
    }

    /// The one that a journey came by.
    fn of_path(journey: &Journey, seal_in_path: String) -> Self {
        Self {
            sp: journey.sp.clone(),
            seal: seal_in_path,
        }
    }

    /// What stands in the path behind `/j/` or `/cas/`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.sp, self.seal)
    }

    /// The seal in a path, and whether it is that of a trial.
    fn read_seal(in_path: &str) -> (&str, bool) {
        in_path
            .strip_prefix(Self::TRIAL)
            .map_or((in_path, false), |seal| (seal, true))
    }
}

/// The form for name and password.
#[derive(Debug)]
pub struct PasswordForm {
    /// Where it is posted to.
    pub step: Step,
    /// The value that proves where it came from.
    pub form_key: String,
    /// The provider's name for people.
    pub provider: Localized,
    /// What else it says of itself.
    pub ui_info: UiInfo,
    /// What came of the last attempt.
    pub refused: Option<Refused>,
    /// The name that was typed then.
    pub login: String,
}

/// The page that says that a password ends soon, with the proof that goes on from it.
#[derive(Debug)]
pub struct Notice {
    /// Where its form is posted to.
    pub step: Step,
    /// The value that proves where it came from.
    pub form_key: String,
    /// The provider's name for people.
    pub provider: Localized,
    /// What there is to say.
    pub warning: PasswordWarning,
    /// What was proven, sealed.
    pub proof: String,
}

/// The form of a [`Notice`] as it was sent.
#[derive(Debug)]
pub struct SentNotice {
    /// The provider's short name, as the path has it.
    pub sp: String,
    /// The seal, as the path has it: with its mark.
    pub seal: String,
    /// The value that proves where it came from.
    pub form_key: String,
    /// What was proven, sealed.
    pub proof: String,
}

/// What came of an attempt that was not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The name or the password is wrong; which of them is not said.
    Wrong,
    /// Too many attempts: the next one counts after this many seconds.
    Wait(u64),
    /// Too many people at one time.
    Busy,
}

/// What a browser brought back from the CAS server.
#[derive(Debug)]
pub struct CasReturn {
    /// The provider's short name, as the path has it.
    pub sp: String,
    /// The seal, as the path has it: with its mark.
    pub seal: String,
    /// The ticket; none where there was nothing to bring.
    pub ticket: Option<Ticket>,
}

/// The form for name and password as it was sent.
#[derive(Debug)]
pub struct SentForm {
    /// The provider's short name, as the path has it.
    pub sp: String,
    /// The seal, as the path has it: with its mark.
    pub seal: String,
    /// The value that proves where it came from.
    pub form_key: String,
    /// The name.
    pub login: String,
    /// The password.
    pub password: Secret,
}
