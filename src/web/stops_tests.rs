use std::{collections::BTreeMap, error::Error as _, fmt::Write as _, path::Path};

use jiff::SignedDuration;

use super::*;
use crate::{
    authn::{AuthnError, cas::CasFault, ldap::LdapFault, local::HashingError},
    flow::trial::ThrowAwayError,
    model::{entity_id::InvalidEntityId, store::StoreError},
    saml::{authn_request::RequestShapeFault, response::ResponseError},
    sys::seal::SealError,
    xml::{ShapeFault, WriteFault, door::Bound},
    xmlsec::{KeyFault, SignatureFault, TokenFault},
};

/// Lists patterns, each with a fault that it matches. The patterns are those of a `match` without
/// "whatever else": a fault that is added and not listed does not compile.
macro_rules! every {
    ($($pattern:pat => $fault:expr,)+) => {{
        let faults = vec![$($fault),+];
        let mut matched = Vec::new();
        for fault in &faults {
            matched.push(match fault {
                $($pattern => stringify!($pattern),)+
            });
        }
        assert_eq!(matched, [$(stringify!($pattern)),+]);
        faults
    }};
}

fn answer_faults() -> Vec<AnswerFault> {
    use AnswerFault as Fault;
    every! {
        Fault::AttributeConsumingService => Fault::AttributeConsumingService,
        Fault::AuthnContext => Fault::AuthnContext,
        Fault::NotFresh => Fault::NotFresh,
        Fault::Passive => Fault::Passive,
        Fault::NameIdPolicy => Fault::NameIdPolicy,
        Fault::ProtocolBinding => Fault::ProtocolBinding,
        Fault::Subject => Fault::Subject,
        Fault::SubjectConfirmation => Fault::SubjectConfirmation,
        Fault::UnknownPrincipal => Fault::UnknownPrincipal,
        Fault::VersionTooHigh => Fault::VersionTooHigh,
        Fault::VersionTooLow => Fault::VersionTooLow,
    }
}

fn shape_faults() -> Vec<RequestShapeFault> {
    use RequestShapeFault as Fault;
    every! {
        Fault::AcsWish => Fault::AcsWish,
        Fault::Boolean(_) => Fault::Boolean("ForceAuthn"),
        Fault::Comparison => Fault::Comparison,
        Fault::Foreign => Fault::Foreign,
        Fault::Id => Fault::Id,
        Fault::Index(_) => Fault::Index("AssertionConsumerServiceIndex"),
        Fault::IssueInstant => Fault::IssueInstant,
        Fault::Issuer(_) => Fault::Issuer(InvalidEntityId::Empty),
        Fault::IssuerFormat => Fault::IssuerFormat,
        Fault::NoIssuer => Fault::NoIssuer,
        Fault::NotAnAuthnRequest => Fault::NotAnAuthnRequest,
        Fault::Shape(_) => Fault::Shape(ShapeFault::Repeated),
        Fault::Version => Fault::Version,
    }
}

fn binding_faults() -> Vec<BindingFault> {
    use BindingFault as Fault;
    every! {
        Fault::Base64 => Fault::Base64,
        Fault::Deflate => Fault::Deflate,
        Fault::Encoding => Fault::Encoding,
        Fault::NoRequest => Fault::NoRequest,
        Fault::Parameters => Fault::Parameters,
        Fault::PercentEncoding => Fault::PercentEncoding,
        Fault::RelayState(RelayStateFault::Null) => Fault::RelayState(RelayStateFault::Null),
        Fault::RelayState(RelayStateFault::TooLong) => Fault::RelayState(RelayStateFault::TooLong),
        Fault::Response => Fault::Response,
        Fault::SignatureParts => Fault::SignatureParts,
        Fault::TooLarge => Fault::TooLarge,
    }
}

fn door_faults() -> Vec<DoorFault> {
    use DoorFault as Fault;
    every! {
        Fault::CharacterReference => Fault::CharacterReference,
        Fault::Comment => Fault::Comment,
        Fault::Declaration => Fault::Declaration,
        Fault::Doctype => Fault::Doctype,
        Fault::EmptyNamespace => Fault::EmptyNamespace,
        Fault::Encoding => Fault::Encoding,
        Fault::LoneCarriageReturn => Fault::LoneCarriageReturn,
        Fault::NotWellFormed { .. } => Fault::NotWellFormed { line: 1, column: 1 },
        Fault::ProcessingInstruction => Fault::ProcessingInstruction,
        Fault::TooLarge(_) => Fault::TooLarge(Bound::Depth),
    }
}

fn request_faults() -> Vec<RequestFault> {
    use RequestFault as Fault;
    every! {
        Fault::Ahead { .. } => Fault::Ahead { ahead: SignedDuration::from_secs(181) },
        Fault::Destination => Fault::Destination,
        Fault::Issuer => Fault::Issuer,
        Fault::Shape(_) => Fault::Shape(RequestShapeFault::Id),
        Fault::Signature(SignatureFault::Sha1Ended) => Fault::Signature(SignatureFault::Sha1Ended),
        Fault::Signature(_) => Fault::Signature(SignatureFault::NotByTheseKeys),
        Fault::Stale { .. } => Fault::Stale { age: SignedDuration::from_secs(301) },
        Fault::Unsigned => Fault::Unsigned,
    }
}

fn name_faults() -> Vec<NameIdStop> {
    use NameIdStop as Fault;
    let attribute = || "uid".to_owned();
    every! {
        Fault::Missing { .. } => Fault::Missing { attribute: attribute() },
        Fault::NoMail => Fault::NoMail,
        Fault::Several { .. } => Fault::Several { attribute: attribute() },
        Fault::SeveralMails => Fault::SeveralMails,
    }
}

fn release_faults() -> Vec<ReleaseStop> {
    use ReleaseStop as Fault;
    every! {
        Fault::Missing { .. } => Fault::Missing { attribute: "uid".to_owned() },
        Fault::NoMail => Fault::NoMail,
        Fault::SeveralMails => Fault::SeveralMails,
    }
}

fn sign_in_faults() -> Vec<AuthnError> {
    use AuthnError as Fault;
    every! {
        Fault::Cas(_) => Fault::Cas(CasFault::AllRest),
        Fault::Directory(_) => Fault::Directory(LdapFault::Busy),
        Fault::Unchecked(_) => Fault::Unchecked(HashingError::GivenUp),
        Fault::Uncounted(_) => Fault::Uncounted(StoreError::Unavailable),
    }
}

fn body_faults() -> Vec<BodyFault> {
    use BodyFault as Fault;
    every! {
        Fault::Late => Fault::Late,
        Fault::NotText => Fault::NotText,
        Fault::NotThere => Fault::NotThere,
        Fault::TooLarge => Fault::TooLarge,
        Fault::TooMany => Fault::TooMany,
    }
}

/// Everything that `flow` is not asked about.
fn http_faults() -> Vec<HttpFault> {
    use HttpFault as Fault;
    let mut faults = every! {
        Fault::BadHost => Fault::BadHost,
        Fault::Body(_) => Fault::Body(BodyFault::Late),
        Fault::ForgedAddress => Fault::ForgedAddress,
        Fault::ForgedForm => Fault::ForgedForm,
        Fault::Framed => Fault::Framed,
        Fault::LogoutNotTaken => Fault::LogoutNotTaken,
        Fault::MethodNotAllowed => Fault::MethodNotAllowed,
        Fault::NotAForm => Fault::NotAForm,
        Fault::NotFound => Fault::NotFound,
        Fault::QueryTooLong => Fault::QueryTooLong,
        Fault::Thrown => Fault::Thrown,
    };
    faults.retain(|fault| !matches!(fault, Fault::Body(_)));
    faults.extend(body_faults().into_iter().map(Fault::from));
    faults
}

/// Everything for which the form for name and password is shown once more, in words.
fn refusals() -> Vec<(Refused, &'static str)> {
    let all = every! {
        Refused::Wrong => Refused::Wrong,
        Refused::Wait(_) => Refused::Wait(1),
        Refused::Busy => Refused::Busy,
    };
    all.into_iter()
        .map(|refused| match refused {
            Refused::Wrong => (refused, "the name or the password is wrong"),
            Refused::Wait(_) => (refused, "too many attempts: the next one has to wait"),
            Refused::Busy => (refused, "too many people at one time"),
        })
        .collect()
}

/// Every fault of which a page tells; those that hold another one come once for each of these.
fn here_faults() -> Vec<HereFault> {
    use HereFault as Fault;
    let mut faults = every! {
        Fault::Acs(AcsFault::NoIdpInitiated) => Fault::Acs(AcsFault::NoIdpInitiated),
        Fault::Acs(AcsFault::NonePublished) => Fault::Acs(AcsFault::NonePublished),
        Fault::Acs(AcsFault::RelayStateNotListed) => Fault::Acs(AcsFault::RelayStateNotListed),
        Fault::Acs(AcsFault::UnknownIndex(_)) => Fault::Acs(AcsFault::UnknownIndex(7)),
        Fault::Acs(AcsFault::UnknownLocation) => Fault::Acs(AcsFault::UnknownLocation),
        Fault::Barred(Barrier::AccountShut) => Fault::Barred(Barrier::AccountShut),
        Fault::Barred(Barrier::PasswordMustChange) => Fault::Barred(Barrier::PasswordMustChange),
        Fault::Binding(_) => Fault::Binding(BindingFault::Base64),
        Fault::CasBusy => Fault::CasBusy,
        Fault::CasRefuses => Fault::CasRefuses,
        Fault::CasTicket => Fault::CasTicket,
        Fault::CasTicketUsed => Fault::CasTicketUsed,
        Fault::TooOften => Fault::TooOften,
        Fault::CookiesBlocked => Fault::CookiesBlocked,
        Fault::Door(_) => Fault::Door(DoorFault::Comment),
        Fault::FormForged => Fault::FormForged,
        Fault::JourneyExpired => Fault::JourneyExpired,
        Fault::JourneyForged => Fault::JourneyForged,
        Fault::JourneyTooLong => Fault::JourneyTooLong,
        Fault::LogoutFailed(_) => Fault::LogoutFailed(StoreError::Unavailable),
        Fault::MailOfAnother => Fault::MailOfAnother,
        Fault::NameId(_) => Fault::NameId(NameIdStop::NoMail),
        Fault::NoFile(_) => Fault::NoFile(AuthnError::Directory(LdapFault::Busy)),
        Fault::NotATester => Fault::NotATester,
        Fault::NotInDirectory => Fault::NotInDirectory,
        Fault::OtherBrowser => Fault::OtherBrowser,
        Fault::Provider(SpFault::Broken) => Fault::Provider(SpFault::Broken),
        Fault::Provider(SpFault::Disabled) => Fault::Provider(SpFault::Disabled),
        Fault::Provider(SpFault::Expired) => Fault::Provider(SpFault::Expired),
        Fault::Provider(SpFault::Unknown) => Fault::Provider(SpFault::Unknown),
        Fault::Release(_) => Fault::Release(ReleaseStop::NoMail),
        Fault::Request(_) => Fault::Request(RequestFault::Unsigned),
        Fault::RequestUsed => Fault::RequestUsed,
        Fault::Response(_) => Fault::Response(ResponseError::Write(WriteFault::Character)),
        Fault::Seal(_) => Fault::Seal(SealError::specimen()),
        Fault::Shape(_) => Fault::Shape(RequestShapeFault::Id),
        Fault::SignIn(_) => Fault::SignIn(AuthnError::Cas(CasFault::AllRest)),
        Fault::ThrowAwayKey(_) => Fault::ThrowAwayKey(ThrowAwayError::Key(KeyFault::Certificate)),
        Fault::Unasked(_) => Fault::Unasked(AnswerFault::NotFresh),
    };
    for of_token in [TokenFault::NoToken, TokenFault::Busy] {
        let unsigned = ResponseError::Sign(SignError::Token(of_token));
        faults.push(Fault::Response(unsigned));
    }
    faults.extend(answer_faults().into_iter().map(Fault::Unasked));
    faults.extend(binding_faults().into_iter().map(Fault::from));
    faults.extend(door_faults().into_iter().map(Fault::from));
    faults.extend(name_faults().into_iter().map(Fault::from));
    faults.extend(release_faults().into_iter().map(Fault::from));
    faults.extend(request_faults().into_iter().map(Fault::from));
    faults.extend(shape_faults().into_iter().map(Fault::from));
    faults.extend(sign_in_faults().into_iter().map(Fault::from));
    faults
}

/// The words of a fault and of what it holds.
fn words(fault: &HereFault) -> String {
    match fault.source() {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    }
}

/// What a page says of faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Row {
    status: u16,
    page: &'static str,
    without_a_page: &'static str,
}

fn pages() -> String {
    let mut rows: BTreeMap<(&str, bool), (Row, Vec<String>)> = BTreeMap::new();
    for fault in here_faults() {
        let Told {
            reason,
            code,
            status,
            is_ours: _,
        } = told(&fault, "", "");
        let is_for_the_person = fault.is_for_the_person();
        let row = Row {
            status: status.as_u16(),
            page: reason.slug(),
            without_a_page: if is_for_the_person { "`NoPassive`" } else { "" },
        };
        let entry = rows.entry((code, is_for_the_person));
        let (known, faults) = entry.or_insert_with(|| (row, Vec::new()));
        assert_eq!(*known, row, "{code} is one page");
        let words = words(&fault);
        if !faults.contains(&words) {
            faults.push(words);
        }
    }
    let mut table = String::new();
    for ((code, _), (row, faults)) in rows {
        let faults = faults.join("<br>");
        let Row {
            status,
            page,
            without_a_page,
        } = row;
        writeln!(
            table,
            "| {code} | {status} | `{page}` | {without_a_page} | {faults} |"
        )
        .unwrap();
    }
    table
}

fn http_pages() -> String {
    let mut rows: BTreeMap<(u16, &str, &str), Vec<String>> = BTreeMap::new();
    for fault in http_faults() {
        let (page, code) = match fault.page() {
            HttpPage::Framed => ("framed", ""),
            HttpPage::NotFound => ("not-found", ""),
            HttpPage::Stop(reason) => (reason.slug(), fault.code()),
        };
        let row = rows.entry((fault.status().as_u16(), page, code));
        row.or_default().push(fault.to_string());
    }
    for (refused, words) in refusals() {
        let row = rows.entry((told_of_refused(refused).0.as_u16(), "login", ""));
        row.or_default().push(words.to_owned());
    }
    let mut table = String::new();
    for ((status, page, code), faults) in rows {
        let faults = faults.join("<br>");
        writeln!(table, "| {status} | `{page}` | {code} | {faults} |").unwrap();
    }
    table
}

fn statuses() -> String {
    let last = |urn: &'static str| urn.rsplit(':').next().unwrap_or(urn);
    let mut table = String::new();
    for fault in answer_faults() {
        let status = fault.status();
        let (top, second) = (last(status.top), last(status.second));
        writeln!(table, "| `{top}` | `{second}` | {fault} |").unwrap();
    }
    table
}

#[test]
fn every_fault_with_a_status_is_among_those_that_are_counted() {
    assert_eq!(answer_faults(), AnswerFault::ALL);
}

#[test]
fn the_printed_table_of_faults_is_the_one_that_is_used() {
    let printed = format!(
        "\
<!-- Written by a test of src/web/stops_tests.rs: change the code, not this file. -->
# What becomes of a fault

Each fault of a sign-on has one line here, and so has what keeps one from being looked at; none has another end. What is not here is told
without a page: to machines, which ask how the server is or bring a logout notice of the CAS server; to whoever does not speak HTTP; and where a
page cannot be written, which is the status 500 alone.

## Told to the service provider

A Response with a status of two levels (saml-core-2.0 §3.2.2.2), signed as this provider's Responses are, and the person goes
back with it. Only where the return address is proven: it stands in the provider's metadata. `Requester` where the request asks for what cannot be,
`Responder` where it could have been met and was not. There is no other text in it.

| status | second level | what is wrong |
|---|---|---|
{}
## Told to the person, on our own page

Nothing is sent to the provider: no return address is proven, or the person is the one who can act. The page shows the code and
a plain sentence (`stop-…` in `locales/`); what is wrong is in the log only. Where the request forbids a page (`IsPassive`) and the
page would only have told the person what to do, the provider is told `NoPassive` instead.

| code | HTTP | page | with `IsPassive` | what is wrong |
|---|---|---|---|---|
{}
## Told before a sign-on is looked at, or on its form

No step of a sign-on is taken: what is wrong is the HTTP itself, or an address or a form that is none of ours, or the form for name and password
is shown once more.

| HTTP | page | code | what is wrong |
|---|---|---|---|
{}",
        statuses(),
        pages(),
        http_pages()
    );
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read_to_string(here.join("docs/faults.md")).unwrap_or_default();
    if kept != printed {
        std::fs::create_dir_all(here.join("target")).unwrap();
        std::fs::write(here.join("target/faults.md"), printed).unwrap();
        panic!("docs/faults.md is stale: look at target/faults.md, and copy it there");
    }
}

#[test]
fn a_trial_that_stops_says_what_a_real_sign_in_would_meet() {
    let mut elsewhere: Vec<(String, RealSignIn)> = Vec::new();
    for fault in here_faults() {
        let name = format!("{fault:?}");
        let (name, _) = name.split_once('(').unwrap_or((&name, ""));
        let real = (name.to_owned(), in_earnest(&fault));
        if real.1 != RealSignIn::SamePage && !elsewhere.contains(&real) {
            elsewhere.push(real);
        }
    }
    // Whatever else there is, a real sign-in meets the same page.
    let expected = [
        ("CasBusy", RealSignIn::InSameCase),
        ("CasTicket", RealSignIn::InSameCase),
        ("CasTicketUsed", RealSignIn::InSameCase),
        ("TooOften", RealSignIn::InSameCase),
        ("CookiesBlocked", RealSignIn::InSameCase),
        ("FormForged", RealSignIn::InSameCase),
        ("JourneyExpired", RealSignIn::InSameCase),
        ("JourneyForged", RealSignIn::InSameCase),
        ("NotATester", RealSignIn::GoesOn),
        ("OtherBrowser", RealSignIn::InSameCase),
        ("RequestUsed", RealSignIn::InSameCase),
        ("ThrowAwayKey", RealSignIn::GoesOn),
        ("Unasked", RealSignIn::ProviderTold),
    ];
    assert_eq!(
        elsewhere,
        expected.map(|(name, real)| (name.to_owned(), real))
    );
}
