//! The two ways to fail.

use super::{
    Step,
    trial::{StoppedTrial, ThrowAwayError},
};
use crate::{
    attributes::{name_id::NameIdStop, release::ReleaseStop},
    authn::{AuthnError, Barrier},
    config::sp::WayIn,
    metadata::registry::SpFault,
    model::{language::Localized, store::StoreError, support_code::SupportCode},
    saml::{
        acs::{AcsFault, AskedAddress, ReturnAddress},
        authn_request::RequestShapeFault,
        binding::BindingFault,
        response::ResponseError,
        status::AnswerFault,
        trust::RequestFault,
    },
    sys::seal::SealError,
    xml::DoorFault,
};

/// Why a sign-on stopped, split by who may be told.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Told to the person, on our page: no return address is proven yet, or the person is the one
    /// who can act on it.
    #[error("stopped on our own page")]
    Here(#[from] HereFault),
    /// Told to the service provider, as a `Response` with an error status.
    #[error("stopped with an answer to the service provider")]
    Answer {
        /// Where the answer goes.
        to: Box<AskedAddress>,
        /// What it says.
        #[source]
        fault: AnswerFault,
    },
}

impl Stop {
    /// Tells of a fault where the answer would have gone: the provider that asked, and nobody else. Where
    /// nobody asked, the person is told: there is nothing to answer.
    pub fn told(to: ReturnAddress, fault: AnswerFault) -> Self {
        AskedAddress::of(to).map_or(Self::Here(HereFault::Unasked(fault)), |to| Self::Answer {
            to: Box::new(to),
            fault,
        })
    }
}

/// Why a person is told on our page.
#[derive(Debug, thiserror::Error)]
pub enum HereFault {
    /// The address for the answer is not proven.
    #[error("no address to answer to")]
    Acs(#[from] AcsFault),
    /// The password is right, and the person is let in nowhere.
    #[error("the account is let in nowhere")]
    Barred(Barrier),
    /// The request could not be taken out of the HTTP.
    #[error("the request could not be taken")]
    Binding(#[from] BindingFault),
    /// Too many people are coming back from the CAS server.
    #[error("too many tickets at one time")]
    CasBusy,
    /// The CAS server refused one ticket after the other.
    #[error("the CAS server refuses its own tickets")]
    CasRefuses,
    /// A ticket that is none, or came twice.
    #[error("what came back from the CAS server is no ticket")]
    CasTicket,
    /// A ticket that was brought before: somebody reloads the page that came of it.
    #[error("the ticket was brought before")]
    CasTicketUsed,
    /// The browser keeps no cookie.
    #[error("the browser keeps no cookie")]
    CookiesBlocked,
    /// The XML was refused at the door.
    #[error("the XML was refused")]
    Door(#[from] DoorFault),
    /// A form came from somewhere else than our page in this browser.
    #[error("the form is not from our page in this browser")]
    FormForged,
    /// Nothing could be sealed.
    #[error("the journey could not be sealed")]
    Seal(#[from] SealError),
    /// The journey's time is over.
    #[error("the journey has expired")]
    JourneyExpired,
    /// The journey in the address is not one of ours, or not of this provider.
    #[error("the journey in the address is not ours")]
    JourneyForged,
    /// The request is too long to be carried along.
    #[error("the request does not fit into an address")]
    JourneyTooLong,
    /// The session could not be ended.
    #[error("the session may still live")]
    LogoutFailed(#[source] StoreError),
    /// Somebody else has the mail address that the provider would know the person by.
    #[error("somebody else has the same mail address")]
    MailOfAnother,
    /// The person has no name that the provider could know them by.
    #[error("the person has no name for this provider")]
    NameId(#[from] NameIdStop),
    /// No more files may be open here, and so the sign-in service could not be asked: it may be in order.
    #[error("no file is left to ask the sign-in service by")]
    NoFile(#[source] AuthnError),
    /// Nobody may try a sign-in here, or this person may not.
    #[error("the person may not try a sign-in")]
    NotATester,
    /// The directory knows nobody, or several people, by the name that CAS gives.
    #[error("the directory has no one record of the person")]
    NotInDirectory,
    /// The journey was begun in another browser.
    #[error("the journey was begun in another browser")]
    OtherBrowser,
    /// The provider may not be signed in to.
    #[error("the service provider is not served")]
    Provider(#[from] SpFault),
    /// What the provider needs to know of the person is not known.
    #[error("the person's record lacks what the provider needs")]
    Release(#[from] ReleaseStop),
    /// The request is not believed.
    #[error("the request is not believed")]
    Request(#[from] RequestFault),
    /// The request was answered before.
    #[error("the request was answered before")]
    RequestUsed,
    /// The answer could not be made.
    #[error("the answer could not be made")]
    Response(#[from] ResponseError),
    /// The message is none that is taken here.
    #[error("the message is not a request")]
    Shape(#[from] RequestShapeFault),
    /// The authenticator did not answer.
    #[error("the sign-in service does not answer")]
    SignIn(#[source] AuthnError),
    /// There is no key to sign what a trial shows.
    #[error("the trial could not be shown")]
    ThrowAwayKey(#[from] ThrowAwayError),
    /// The person is answered again and again.
    #[error("the person is answered too often")]
    TooOften,
    /// What a provider would have been told, had it asked.
    #[error("no provider asked, and so none is told")]
    Unasked(#[source] AnswerFault),
}

impl From<AuthnError> for HereFault {
    fn from(error: AuthnError) -> Self {
        if error.is_want_of_a_file() {
            Self::NoFile(error)
        } else {
            Self::SignIn(error)
        }
    }
}

impl HereFault {
    /// Whether our page would tell the person what to do, where a page may be shown: where none may
    /// (`IsPassive`), it is the provider who is told that there is no answer.
    pub const fn is_for_the_person(&self) -> bool {
        matches!(
            self,
            Self::Barred(_)
                | Self::CasBusy
                | Self::MailOfAnother
                | Self::NameId(_)
                | Self::NoFile(_)
                | Self::NotInDirectory
                | Self::Release(_)
                | Self::SignIn(_)
                | Self::TooOften
        )
    }

    /// Whether the same step may succeed when it is taken again: nothing is wrong with the journey.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::CasBusy
                | Self::CasTicketUsed
                | Self::NoFile(_)
                | Self::SignIn(_)
                | Self::TooOften
        )
    }

    /// The attribute of ours that the person lacks, or has too many of.
    pub fn attribute(&self) -> Option<&str> {
        if let Self::Release(ReleaseStop::Missing { attribute })
        | Self::NameId(NameIdStop::Missing { attribute } | NameIdStop::Several { attribute }) =
            self
        {
            Some(attribute)
        } else {
            None
        }
    }
}

/// A stop on our own page, with what the page says besides the reason.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub fault: HereFault,
    /// What the person reads to the help desk.
    pub support_code: SupportCode,
    /// The provider it was about, as far as it is known.
    pub home: Option<Home>,
    /// Whether it was a trial, and the way back leads to where others can be begun.
    pub is_trial: bool,
    /// What the person is shown of a trial beside that; none where they have not proven who they are, or may not try.
    pub shown: Option<Box<StoppedTrial>>,
    /// The step to take again, where the journey itself can go on.
    pub again: Option<Step>,
    /// Whether the browser forgets the session that it brought: it is another person's, and lives on.
    pub forget_session: bool,
}

/// The way home: a provider, and the way in to it.
#[derive(Clone, Debug)]
pub struct Home {
    /// The provider's name for people.
    pub provider: Localized,
    /// Where a sign-in to it starts.
    pub way_in: Option<WayIn>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::seal::SealError;

    #[test]
    fn r35_a_fault_of_ours_is_not_told_as_if_the_person_had_to_be_asked() {
        let unsealed = HereFault::from(SealError::specimen());
        assert!(!unsealed.is_for_the_person());
        let uid = || "uid".to_owned();
        for lacking in [
            NameIdStop::Missing { attribute: uid() },
            NameIdStop::NoMail,
            NameIdStop::Several { attribute: uid() },
            NameIdStop::SeveralMails,
        ] {
            assert!(HereFault::from(lacking).is_for_the_person());
        }
    }
}
