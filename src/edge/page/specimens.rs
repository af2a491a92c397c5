//! One specimen of every page, to test and to look at (`cargo run --example pages`).

use jiff::Timestamp;

use super::{About, Ending, Page, PasswordEnd, RealSignIn, Refusal, Stop, StopReason};
use crate::{
    flow::trial::{Behind, Ingredient, Origin, StoppedTrial, Taken, Told, Trial},
    model::{
        attribute::ReleasedAttribute,
        language::Localized,
        name_id::{NameId, NameIdFormat},
        proof::AuthnMethod,
        support_code::SupportCode,
        trace::{Organ, Trace, Verdict},
        vocab,
    },
    setup::accounts::ShutOut,
    sp_check::{Finding, Reading, Rule},
    sys::entropy::SeededEntropy,
};

/// Every reason for a stop, in the order of the enum; a test compares the two.
pub const STOP_REASONS: [StopReason<'static>; 38] = stop_reasons("Zoom", "Prénom");

/// What the specimens show.
#[derive(Clone, Copy, Debug)]
pub struct Cast<'a> {
    /// Name of the provider.
    pub provider: &'a str,
    /// What else is said of it.
    pub about: About<'a>,
    /// Name of an attribute.
    pub attribute: &'a str,
    /// What was typed as name.
    pub username: &'a str,
    /// Who is signed in.
    pub person: &'a str,
    /// Form token.
    pub csrf: &'a str,
    /// Encoded message.
    pub saml_response: &'a str,
    /// RelayState.
    pub relay_state: &'a str,
    /// Support code.
    pub support_code: &'a str,
    /// Stable code.
    pub code: &'a str,
    /// Providers of the start page.
    pub providers: &'a [(&'a str, Option<&'a str>)],
}

impl Cast<'static> {
    /// The real case.
    pub const ZOOM: Self = Self {
        provider: "Zoom",
        about: About {
            description: Some("Réunions et cours à distance."),
            information: Some("https://www.zoom.com/fr"),
            privacy: Some("https://www.zoom.com/fr/trust/privacy"),
        },
        attribute: "Prénom",
        username: "cmartin01",
        person: "Camille Martin",
        csrf: "x3Qm0h5cLyM",
        saml_response: "PHNhbWxwOlJlc3BvbnNlLz4=",
        relay_state: "https://univ-montp3-fr.zoom.us/meeting?id=1&pwd=2",
        support_code: "7K3M-9QPD",
        code: "P-EXPIRED",
        providers: &[
            ("Zoom", Some("https://univ-montp3-fr.zoom.us/saml/login")),
            ("Cisco Webex", Some("https://univ-montp3.webex.com")),
            ("Wooclap", None),
        ],
    };
}

impl<'a> Cast<'a> {
    /// The same text everywhere.
    pub const fn of(text: &'a str, providers: &'a [(&'a str, Option<&'a str>)]) -> Self {
        Self {
            provider: text,
            about: About {
                description: Some(text),
                information: None,
                privacy: None,
            },
            attribute: text,
            username: text,
            person: text,
            csrf: text,
            saml_response: text,
            relay_state: text,
            support_code: text,
            code: text,
            providers,
        }
    }

    /// Every page, each with a name of its own.
    pub fn pages(&self) -> Vec<(String, Page<'a>)> {
        let Self {
            csrf,
            person,
            support_code,
            providers,
            provider,
            about,
            ..
        } = *self;
        let start = |action, about| Page::Start {
            action,
            provider,
            about,
        };
        let others = [
            (
                "logout",
                Page::LogoutConfirm {
                    csrf,
                    person: Some(person),
                },
            ),
            ("logout-nobody", Page::LogoutConfirm { csrf, person: None }),
            ("logged-out", Page::LoggedOut),
            ("nothing-to-log-out", Page::NothingToLogOut),
            ("not-found", Page::NotFound { support_code }),
            ("framed", Page::Framed),
            ("start", start("/start/zoom", About::default())),
            (
                "start-named",
                start("/start/zoom?RelayState=meetings", about),
            ),
            (
                "home",
                Page::Home {
                    providers,
                    may_sign_out: true,
                },
            ),
            (
                "home-empty",
                Page::Home {
                    providers: &[],
                    may_sign_out: false,
                },
            ),
        ];
        self.logins()
            .into_iter()
            .chain(self.endings())
            .chain(self.posts())
            .chain(others)
            .map(|(name, page)| (name.to_owned(), page))
            .chain(self.stops())
            .collect()
    }

    fn logins(&self) -> [(&'static str, Page<'a>); 6] {
        let wait = |seconds| Some(Refusal::Wait { seconds });
        [
            ("login", self.login("", About::default(), None)),
            ("login-about", self.login("", self.about, None)),
            (
                "login-wrong",
                self.login(self.username, self.about, Some(Refusal::WrongCredentials)),
            ),
            (
                "login-wait-seconds",
                self.login(self.username, self.about, wait(30)),
            ),
            (
                "login-wait-minutes",
                self.login(self.username, self.about, wait(90)),
            ),
            (
                "login-busy",
                self.login(self.username, self.about, Some(Refusal::Busy)),
            ),
        ]
    }

    const fn login(
        &self,
        username: &'a str,
        about: About<'a>,
        refused: Option<Refusal>,
    ) -> Page<'a> {
        let Self { csrf, provider, .. } = *self;
        Page::Login {
            action: "/j/zoom/c2VhbA",
            csrf,
            provider,
            about,
            username,
            refused,
        }
    }

    fn endings(&self) -> [(&'static str, Page<'a>); 4] {
        let Self {
            csrf,
            provider,
            saml_response: proof,
            ..
        } = *self;
        let page = |ends| {
            Page::PasswordEnds(Ending {
                action: "/j/zoom/c2VhbA",
                csrf,
                proof,
                provider,
                ends,
            })
        };
        [
            ("password-ends", page(PasswordEnd::Days(5))),
            ("password-ends-today", page(PasswordEnd::Days(0))),
            ("password-ended", page(PasswordEnd::SignIns(2))),
            ("password-ended-last", page(PasswordEnd::SignIns(0))),
        ]
    }

    fn posts(&self) -> [(&'static str, Page<'a>); 4] {
        let Self {
            provider,
            saml_response,
            ..
        } = *self;
        let action = "https://univ-montp3-fr.zoom.us/saml/SSO";
        let post = |relay_state| Page::Post {
            action,
            saml_response,
            relay_state,
            provider,
        };
        let fault = |relay_state| Page::PostFault {
            action,
            saml_response,
            relay_state,
            provider,
        };
        [
            ("post", post(Some(self.relay_state))),
            ("post-bare", post(None)),
            ("post-fault", fault(Some(self.relay_state))),
            ("post-fault-bare", fault(None)),
        ]
    }

    fn stops(&self) -> impl Iterator<Item = (String, Page<'a>)> + use<'a> {
        let Self {
            code,
            support_code,
            provider,
            ..
        } = *self;
        let way_out = Some((provider, "https://univ-montp3-fr.zoom.us/saml/login"));
        let no_way_out = Stop {
            code,
            reason: StopReason::Internal,
            support_code,
            way_out: None,
            again: None,
            trial: None,
            shown: None,
        };
        let trial = Stop {
            reason: StopReason::NoMail { provider },
            way_out: Some((provider, "/test")),
            trial: Some(RealSignIn::SamePage),
            ..no_way_out
        };
        let in_same_case = Stop {
            reason: StopReason::OtherBrowser,
            trial: Some(RealSignIn::InSameCase),
            ..trial
        };
        let told = Stop {
            reason: StopReason::SignInTooOld { provider },
            trial: Some(RealSignIn::ProviderTold),
            ..trial
        };
        let passing = Stop {
            reason: StopReason::SignInUnavailable,
            way_out,
            again: Some("/j/zoom/c2VhbA"),
            ..no_way_out
        };
        stop_reasons(provider, self.attribute)
            .into_iter()
            .map(move |reason| {
                let stop = Stop {
                    code,
                    reason,
                    support_code,
                    way_out: way_out.filter(|_| reason.may_pass()),
                    // It is never without.
                    again: Some("/j/zoom/c2VhbA").filter(|_| reason == StopReason::TicketUsed),
                    trial: (reason == StopReason::NotATester).then_some(RealSignIn::GoesOn),
                    shown: None,
                };
                (format!("stop-{}", reason.slug()), Page::Stop(stop))
            })
            .chain([
                ("stop-without-way-out".to_owned(), Page::Stop(no_way_out)),
                ("stop-of-a-trial".to_owned(), Page::Stop(trial)),
                (
                    "stop-of-a-trial-in-one-browser".to_owned(),
                    Page::Stop(in_same_case),
                ),
                ("stop-of-a-trial-told".to_owned(), Page::Stop(told)),
                ("stop-that-may-pass".to_owned(), Page::Stop(passing)),
            ])
    }
}

const fn stop_reasons<'a>(provider: &'a str, attribute: &'a str) -> [StopReason<'a>; 38] {
    [
        StopReason::JourneyExpired,
        StopReason::JourneyForged,
        StopReason::OtherBrowser,
        StopReason::CookiesBlocked,
        StopReason::NoMail { provider },
        StopReason::SeveralMails { provider },
        StopReason::MissingAttribute {
            provider,
            attribute,
        },
        StopReason::ProviderUnknown,
        StopReason::ProviderDisabled { provider },
        StopReason::ProviderEnded { provider },
        StopReason::ProviderBroken { provider },
        StopReason::RequestUnreadable,
        StopReason::RequestLate,
        StopReason::RequestStale,
        StopReason::RequestUnsigned,
        StopReason::RequestSignature,
        StopReason::RequestWrongDestination,
        StopReason::RequestTooLarge,
        StopReason::AcsUnknown,
        StopReason::RequestUsed,
        StopReason::TicketUsed,
        StopReason::TooOften { provider },
        StopReason::UnsupportedBinding,
        StopReason::AccountShut,
        StopReason::PasswordMustChange,
        StopReason::NotATester,
        StopReason::RecordNotFound { provider },
        StopReason::MailOfAnother { provider },
        StopReason::StartRefused { provider },
        StopReason::SignInTooOld { provider },
        StopReason::SignInUnavailable,
        StopReason::Busy,
        StopReason::Internal,
        StopReason::MethodNotAllowed,
        StopReason::BadHost,
        StopReason::FormForged,
        StopReason::LogoutFailed,
        StopReason::LogoutNotTaken,
    ]
}

/// Two providers at which a sign-in can be tried.
pub const TRIALS: &[(&str, &str)] = &[("Wooclap", "/test/wooclap"), ("Zoom", "/test/zoom")];

/// A trial that stops, in which everything that can be any text is `text`.
pub fn stopped_trial(text: &str) -> StoppedTrial {
    let own = || text.to_owned();
    let ingredient = |values, rule: Option<String>, of_source| Ingredient {
        attribute: own(),
        values,
        rule,
        sources: vec![(own(), of_source)],
    };
    let behind = trial(text, &[]).behind;
    StoppedTrial {
        person: own(),
        made_of: vec![
            ingredient(Some(vec![own(), own()]), None, Vec::new()),
            ingredient(Some(Vec::new()), Some(own()), vec![own()]),
            ingredient(None, Some(own()), Vec::new()),
        ],
        behind,
    }
}

/// A trial in which everything that can be any text is `text`, and that breaks these rules.
pub fn trial(text: &str, broken: &[Rule]) -> Trial {
    let own = || text.to_owned();
    let origin = |rules: Vec<String>| Origin {
        sources: vec![own()],
        rules,
        taken: Taken::All,
    };
    let told = |name: &str, field, rules| Told {
        attribute: ReleasedAttribute {
            name: name.to_owned(),
            name_format: vocab::ATTRNAME_URI,
            friendly_name: Some(own()),
            values: vec![own(), own()],
        },
        field,
        gives: Some(own()),
        origin: origin(rules),
    };
    let mut decisions = Trace::new();
    for verdict in Verdict::every(2, "2026-11-28T12:00:00Z") {
        decisions.note(Organ::Map, own(), verdict);
    }
    Trial {
        provider: Localized {
            fr: own(),
            en: None,
        },
        has_own_rules: true,
        person: own(),
        method: AuthnMethod::Cas,
        proven_at: Timestamp::UNIX_EPOCH,
        is_from_session: true,
        support_code: SupportCode::draw(&SeededEntropy::new(1)),
        name: Some((
            NameId {
                value: own(),
                format: NameIdFormat::EmailAddress,
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            origin(Vec::new()),
        )),
        attributes: vec![
            told("urn:oid:2.5.4.42", Some(own()), Vec::new()),
            told("urn:oid:2.5.4.4", None, vec![own()]),
        ],
        would_be_encrypted: true,
        shut_out_by: Some(ShutOut::Line),
        reading: Reading {
            findings: broken.iter().copied().map(Finding::from).collect(),
            status: None,
            identity: None,
        },
        xml: format!("<samlp:Response>{text}</samlp:Response>"),
        behind: Some(Behind {
            withheld: vec![own()],
            decisions,
        }),
    }
}
