//! One specimen of every page, to test and to look at (`cargo run --example pages`).

use super::{Page, Refusal, Stop, StopReason};

/// Every reason for a stop, in the order of the enum; a test compares the two.
pub const STOP_REASONS: [StopReason<'static>; 25] = stop_reasons("Zoom", "Prénom");

/// What the specimens show.
#[derive(Clone, Copy, Debug)]
pub struct Cast<'a> {
    /// Name of the provider.
    pub provider: &'a str,
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
        let action = "https://univ-montp3-fr.zoom.us/saml/SSO";
        let Self {
            csrf,
            provider,
            saml_response,
            relay_state,
            support_code,
            code,
            ..
        } = *self;
        let login = |username, refused| Page::Login {
            action: "/j/zoom/c2VhbA",
            csrf,
            provider,
            username,
            refused,
        };
        let mut pages = vec![
            ("login", login("", None)),
            (
                "login-wrong",
                login(self.username, Some(Refusal::WrongCredentials)),
            ),
            (
                "login-wait-seconds",
                login(self.username, Some(Refusal::Wait { seconds: 30 })),
            ),
            (
                "login-wait-minutes",
                login(self.username, Some(Refusal::Wait { seconds: 90 })),
            ),
            ("login-busy", login(self.username, Some(Refusal::Busy))),
            (
                "post",
                Page::Post {
                    action,
                    saml_response,
                    relay_state: Some(relay_state),
                    provider,
                },
            ),
            (
                "post-bare",
                Page::Post {
                    action,
                    saml_response,
                    relay_state: None,
                    provider,
                },
            ),
            (
                "post-fault",
                Page::PostFault {
                    action,
                    saml_response,
                    relay_state: Some(relay_state),
                    provider,
                },
            ),
            (
                "post-fault-bare",
                Page::PostFault {
                    action,
                    saml_response,
                    relay_state: None,
                    provider,
                },
            ),
            (
                "logout",
                Page::LogoutConfirm {
                    csrf,
                    person: Some(self.person),
                },
            ),
            ("logout-nobody", Page::LogoutConfirm { csrf, person: None }),
            ("logged-out", Page::LoggedOut),
            ("nothing-to-log-out", Page::NothingToLogOut),
            ("not-found", Page::NotFound { support_code }),
            (
                "home",
                Page::Home {
                    providers: self.providers,
                },
            ),
            ("home-empty", Page::Home { providers: &[] }),
        ]
        .into_iter()
        .map(|(name, page)| (name.to_owned(), page))
        .collect::<Vec<_>>();
        let way_out = Some((provider, "https://univ-montp3-fr.zoom.us/saml/login"));
        for reason in stop_reasons(self.provider, self.attribute) {
            let stop = Stop {
                code,
                reason,
                support_code,
                way_out,
            };
            pages.push((format!("stop-{}", reason.slug()), Page::Stop(stop)));
        }
        let reason = StopReason::Internal;
        let stop = Stop {
            code,
            reason,
            support_code,
            way_out: None,
        };
        pages.push(("stop-without-way-out".to_owned(), Page::Stop(stop)));
        pages
    }
}

const fn stop_reasons<'a>(provider: &'a str, attribute: &'a str) -> [StopReason<'a>; 25] {
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
        StopReason::RequestUnreadable,
        StopReason::RequestStale,
        StopReason::RequestUnsigned,
        StopReason::RequestSignature,
        StopReason::RequestWrongDestination,
        StopReason::RequestTooLarge,
        StopReason::AcsUnknown,
        StopReason::RequestUsed,
        StopReason::UnsupportedBinding,
        StopReason::SignInUnavailable,
        StopReason::Busy,
        StopReason::Internal,
        StopReason::MethodNotAllowed,
        StopReason::BadHost,
        StopReason::FormForged,
        StopReason::LogoutFailed,
    ]
}
