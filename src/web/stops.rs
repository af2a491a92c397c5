//! One table: each fault, the page that tells of it, its stable code, its HTTP status, and whose
//! fault it is; and beside it what no sign-on is looked at for.

use axum::http::StatusCode;

use crate::{
    attributes::{name_id::NameIdStop, release::ReleaseStop},
    authn::Barrier,
    edge::{
        limits::BodyFault,
        page::{RealSignIn, StopReason},
    },
    flow::{Refused, stop::HereFault},
    metadata::registry::SpFault,
    model::journey::RelayStateFault,
    saml::{
        acs::AcsFault, binding::BindingFault, response::ResponseError, status::AnswerFault,
        trust::RequestFault,
    },
    xml::DoorFault,
    xmlsec::{SignError, TokenFault},
};

/// What is shown and sent for a fault.
pub(super) struct Told<'a> {
    /// The reason, on the page.
    pub(super) reason: StopReason<'a>,
    /// The stable code, small on the page and in the log.
    pub(super) code: &'static str,
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// Whether the fault is ours: then it is logged as an error.
    pub(super) is_ours: bool,
}

/// What `flow` is never asked about: the HTTP itself is wrong, or an address or a form is none of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum HttpFault {
    /// It was asked for at another host.
    #[error("the request names another host than ours")]
    BadHost,
    /// The body cannot be read.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// No page of ours leads to this address: it was cut, or somebody else made it.
    #[error("the address is none that we made")]
    ForgedAddress,
    /// The form does not come from a page of ours.
    #[error("the form is not from our page")]
    ForgedForm,
    /// It would be shown in a frame of another site.
    #[error("it would be shown in a frame")]
    Framed,
    /// A provider asks for the end of a session, which is not built yet.
    #[error("the end of the session is asked for by a provider")]
    LogoutNotTaken,
    /// The address is asked in another way.
    #[error("the address is not asked by this method")]
    MethodNotAllowed,
    /// What was posted is no form.
    #[error("the body is no form")]
    NotAForm,
    /// No route leads there.
    #[error("nothing is at this address")]
    NotFound,
    /// What stands behind the question mark is too long.
    #[error("the query is too long")]
    QueryTooLong,
    /// A fault of ours threw it off the way.
    #[error("something of ours broke down")]
    Thrown,
}

/// The page that tells of an [`HttpFault`].
#[derive(Clone, Copy, Debug)]
pub(super) enum HttpPage {
    /// That of a frame.
    Framed,
    /// That of an address where nothing is.
    NotFound,
    /// That of a stop.
    Stop(StopReason<'static>),
}

impl HttpFault {
    /// The stable code where it stops somebody, on the page and in the log.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::LogoutNotTaken => "B-OUT-02",
            Self::BadHost
            | Self::Body(_)
            | Self::ForgedAddress
            | Self::ForgedForm
            | Self::Framed
            | Self::MethodNotAllowed
            | Self::NotAForm
            | Self::NotFound
            | Self::QueryTooLong
            | Self::Thrown => "B-HTTP-01",
        }
    }

    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::BadHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Body(BodyFault::Late) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyFault::TooLarge) | Self::QueryTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyFault::TooMany) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Body(BodyFault::NotText | BodyFault::NotThere)
            | Self::ForgedAddress
            | Self::ForgedForm
            | Self::NotAForm => StatusCode::BAD_REQUEST,
            Self::Framed => StatusCode::FORBIDDEN,
            Self::LogoutNotTaken => StatusCode::NOT_IMPLEMENTED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Thrown => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page that tells of it.
    pub(super) const fn page(self) -> HttpPage {
        HttpPage::Stop(match self {
            Self::BadHost => StopReason::BadHost,
            Self::Body(BodyFault::Late) => StopReason::RequestLate,
            Self::Body(BodyFault::TooLarge) | Self::QueryTooLong => StopReason::RequestTooLarge,
            Self::Body(BodyFault::TooMany) => StopReason::Busy,
            Self::Body(BodyFault::NotText | BodyFault::NotThere) | Self::NotAForm => {
                StopReason::RequestUnreadable
            }
            Self::ForgedAddress => StopReason::JourneyForged,
            Self::ForgedForm => StopReason::FormForged,
            Self::LogoutNotTaken => StopReason::LogoutNotTaken,
            Self::MethodNotAllowed => StopReason::MethodNotAllowed,
            Self::Thrown => StopReason::Internal,
            Self::Framed => return HttpPage::Framed,
            Self::NotFound => return HttpPage::NotFound,
        })
    }
}

/// The status of the form for name and password that is shown once more, and after how many seconds the next
/// attempt counts.
pub(super) const fn told_of_refused(refused: Refused) -> (StatusCode, Option<u64>) {
    match refused {
        Refused::Wrong => (StatusCode::OK, None),
        Refused::Wait(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds)),
        Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, Some(2)),
    }
}

const fn theirs<'a>(reason: StopReason<'a>, code: &'static str) -> Told<'a> {
    Told {
        reason,
        code,
        status: StatusCode::BAD_REQUEST,
        is_ours: false,
    }
}

const fn refused<'a>(reason: StopReason<'a>, code: &'static str) -> Told<'a> {
    Told {
        reason,
        code,
        status: StatusCode::FORBIDDEN,
        is_ours: false,
    }
}

const fn ours<'a>(reason: StopReason<'a>, code: &'static str, status: StatusCode) -> Told<'a> {
    Told {
        reason,
        code,
        status,
        is_ours: true,
    }
}

/// A fault of ours that may be over when somebody tries again.
const fn unavailable<'a>(reason: StopReason<'a>, code: &'static str) -> Told<'a> {
    ours(reason, code, StatusCode::SERVICE_UNAVAILABLE)
}

/// What a person meets who signs in for real, where a trial stops for `fault`. A trial is one of a sign-in that the
/// provider asked for: what nobody can be told of it, the provider would be told.
pub(super) const fn in_earnest(fault: &HereFault) -> RealSignIn {
    match fault {
        // Of this browser or this click, and not of the person or of what is configured.
        HereFault::CasBusy
        | HereFault::CasTicket
        | HereFault::CasTicketUsed
        | HereFault::CookiesBlocked
        | HereFault::FormForged
        | HereFault::JourneyExpired
        | HereFault::JourneyForged
        | HereFault::OtherBrowser
        | HereFault::RequestUsed
        | HereFault::TooOften => RealSignIn::InSameCase,
        HereFault::Unasked(_) => RealSignIn::ProviderTold,
        HereFault::NotATester | HereFault::ThrowAwayKey(_) => RealSignIn::GoesOn,
        HereFault::Acs(_)
        | HereFault::Barred(_)
        | HereFault::Binding(_)
        | HereFault::CasRefuses
        | HereFault::Door(_)
        | HereFault::JourneyTooLong
        | HereFault::LogoutFailed(_)
        | HereFault::MailOfAnother
        | HereFault::NameId(_)
        | HereFault::NoFile(_)
        | HereFault::NotInDirectory
        | HereFault::Provider(_)
        | HereFault::Release(_)
        | HereFault::Request(_)
        | HereFault::Response(_)
        | HereFault::Seal(_)
        | HereFault::Shape(_)
        | HereFault::SignIn(_) => RealSignIn::SamePage,
    }
}

/// Looks a fault up. `provider` and `attribute` are names for people, in the page's language.
pub(super) fn told<'a>(fault: &HereFault, provider: &'a str, attribute: &'a str) -> Told<'a> {
    use StopReason as Reason;
    match fault {
        HereFault::Acs(AcsFault::NoIdpInitiated | AcsFault::RelayStateNotListed) => {
            theirs(Reason::StartRefused { provider }, "B-ACS-02")
        }
        HereFault::Acs(
            AcsFault::NonePublished | AcsFault::UnknownIndex(_) | AcsFault::UnknownLocation,
        ) => theirs(Reason::AcsUnknown, "B-ACS-01"),
        HereFault::Binding(fault) => told_of_binding(*fault),
        HereFault::Barred(Barrier::AccountShut) => refused(Reason::AccountShut, "B-AUT-02"),
        HereFault::Barred(Barrier::PasswordMustChange) => {
            refused(Reason::PasswordMustChange, "B-AUT-03")
        }
        HereFault::CasBusy => unavailable(Reason::Busy, "B-CAS-01"),
        HereFault::CasRefuses => unavailable(Reason::SignInUnavailable, "B-CAS-02"),
        HereFault::CasTicket => theirs(Reason::JourneyForged, "B-CAS-03"),
        HereFault::CasTicketUsed => theirs(Reason::TicketUsed, "B-CAS-04"),
        HereFault::CookiesBlocked => theirs(Reason::CookiesBlocked, "B-BRW-01"),
        HereFault::Door(DoorFault::TooLarge(_)) => theirs(Reason::RequestTooLarge, "B-XML-02"),
        HereFault::Door(_) => theirs(Reason::RequestUnreadable, "B-XML-01"),
        HereFault::FormForged => theirs(Reason::FormForged, "B-BRW-03"),
        HereFault::JourneyExpired => theirs(Reason::JourneyExpired, "B-JRN-01"),
        HereFault::JourneyForged => theirs(Reason::JourneyForged, "B-JRN-02"),
        HereFault::JourneyTooLong => theirs(Reason::RequestTooLarge, "B-JRN-03"),
        HereFault::LogoutFailed(_) => unavailable(Reason::LogoutFailed, "B-OUT-01"),
        HereFault::MailOfAnother => refused(Reason::MailOfAnother { provider }, "B-ATT-04"),
        HereFault::NoFile(_) => unavailable(Reason::Busy, "B-AUT-05"),
        HereFault::NotATester => refused(Reason::NotATester, "B-TST-01"),
        HereFault::NotInDirectory => refused(Reason::RecordNotFound { provider }, "B-ATT-05"),
        HereFault::OtherBrowser => theirs(Reason::OtherBrowser, "B-BRW-02"),
        HereFault::Provider(fault) => told_of_provider(*fault, provider),
        HereFault::Release(ReleaseStop::NoMail) | HereFault::NameId(NameIdStop::NoMail) => {
            refused(Reason::NoMail { provider }, "B-ATT-01")
        }
        HereFault::Release(ReleaseStop::SeveralMails)
        | HereFault::NameId(NameIdStop::SeveralMails) => {
            refused(Reason::SeveralMails { provider }, "B-ATT-02")
        }
        HereFault::Release(ReleaseStop::Missing { .. })
        | HereFault::NameId(NameIdStop::Missing { .. } | NameIdStop::Several { .. }) => refused(
            Reason::MissingAttribute {
                provider,
                attribute,
            },
            "B-ATT-03",
        ),
        HereFault::Request(fault) => told_of_request(fault),
        HereFault::RequestUsed => theirs(Reason::RequestUsed, "B-REQ-07"),
        HereFault::Response(ResponseError::Sign(SignError::Token(TokenFault::Busy))) => {
            unavailable(Reason::Busy, "B-KEY-02")
        }
        // The token that holds our key is away for a moment.
        HereFault::Response(ResponseError::Sign(SignError::Token(_))) => {
            unavailable(Reason::Internal, "B-KEY-01")
        }
        HereFault::Seal(_) | HereFault::Response(_) => ours(
            Reason::Internal,
            "B-INT-01",
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
        HereFault::Shape(_) => theirs(Reason::RequestUnreadable, "B-REQ-01"),
        HereFault::SignIn(_) => unavailable(Reason::SignInUnavailable, "B-AUT-01"),
        HereFault::ThrowAwayKey(_) => ours(
            Reason::Internal,
            "B-TST-02",
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
        HereFault::TooOften => Told {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..theirs(Reason::TooOften { provider }, "B-REQ-08")
        },
        HereFault::Unasked(fault) => told_of_unasked(*fault, provider),
    }
}

const fn told_of_provider(fault: SpFault, provider: &str) -> Told<'_> {
    use StopReason as Reason;
    match fault {
        SpFault::Broken => unavailable(Reason::ProviderBroken { provider }, "B-SP-04"),
        SpFault::Disabled => refused(Reason::ProviderDisabled { provider }, "B-SP-02"),
        SpFault::Expired => refused(Reason::ProviderEnded { provider }, "B-SP-05"),
        SpFault::Unknown => theirs(Reason::ProviderUnknown, "B-SP-01"),
    }
}

const fn told_of_binding<'a>(fault: BindingFault) -> Told<'a> {
    match fault {
        BindingFault::TooLarge | BindingFault::RelayState(RelayStateFault::TooLong) => {
            theirs(StopReason::RequestTooLarge, "B-BND-02")
        }
        BindingFault::Base64
        | BindingFault::Deflate
        | BindingFault::Encoding
        | BindingFault::NoRequest
        | BindingFault::Parameters
        | BindingFault::PercentEncoding
        | BindingFault::RelayState(RelayStateFault::Null)
        | BindingFault::Response
        | BindingFault::SignatureParts => theirs(StopReason::RequestUnreadable, "B-BND-01"),
    }
}

/// What no provider is told, since none has asked.
const fn told_of_unasked(fault: AnswerFault, provider: &str) -> Told<'_> {
    match fault {
        AnswerFault::NotFresh => refused(StopReason::SignInTooOld { provider }, "B-AUT-04"),
        // Each of them is of a wish that only a request can hold.
        AnswerFault::AttributeConsumingService
        | AnswerFault::AuthnContext
        | AnswerFault::Passive
        | AnswerFault::NameIdPolicy
        | AnswerFault::ProtocolBinding
        | AnswerFault::Subject
        | AnswerFault::SubjectConfirmation
        | AnswerFault::UnknownPrincipal
        | AnswerFault::VersionTooHigh
        | AnswerFault::VersionTooLow => ours(
            StopReason::Internal,
            "B-INT-03",
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
    }
}

const fn told_of_request<'a>(fault: &RequestFault) -> Told<'a> {
    match fault {
        RequestFault::Ahead { .. } | RequestFault::Stale { .. } => {
            theirs(StopReason::RequestStale, "B-REQ-02")
        }
        RequestFault::Destination => theirs(StopReason::RequestWrongDestination, "B-REQ-03"),
        RequestFault::Issuer => theirs(StopReason::ProviderUnknown, "B-SP-03"),
        RequestFault::Shape(_) => theirs(StopReason::RequestUnreadable, "B-REQ-04"),
        RequestFault::Signature(_) => theirs(StopReason::RequestSignature, "B-REQ-05"),
        RequestFault::Unsigned => theirs(StopReason::RequestUnsigned, "B-REQ-06"),
    }
}

#[cfg(test)]
#[path = "stops_tests.rs"]
mod tests;
