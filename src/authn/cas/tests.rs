//! What is asked of a CAS server, and what its answers prove.

use std::{io, net::Ipv4Addr};

use super::*;
use crate::{
    model::{
        attribute::Attributes,
        endpoint::{EndpointUrl, Schemes},
    },
    sys::{
        clock::{ManualClock, SystemClock},
        http::HttpKind,
        network::{Coming, Network, Stream},
    },
};

const SERVICE: &str = "https://idp.example.org/cas/zoom/AbC_-9";

fn cas(protocol: CasProtocol, fresh_login_proof: FreshLoginProof) -> Cas {
    let client = HttpClient::new(None, false).unwrap();
    let config = config(protocol, fresh_login_proof);
    Cas::new(&config, PPT, client, Arc::new(SystemClock))
}

fn config(protocol: CasProtocol, fresh_login_proof: FreshLoginProof) -> Config {
    let url = |text| EndpointUrl::parse(text, Schemes::HttpsOnly).unwrap();
    Config {
        url: url("https://cas.example.org/cas"),
        validate_at: vec![
            url("https://cas1.example.org/cas"),
            url("https://cas2.example.org/cas/"),
        ],
        ca: None,
        protocol,
        fresh_login_proof,
        authn_instant: AuthnInstant::Validation,
        timeout_seconds: 5,
        notices_from: Vec::new(),
        front_channel: true,
        authn_method_attribute: "authnContextClass".to_owned(),
        authn_methods: vec![(mfa(), "mfa-duo".to_owned()), (sfa(), "a&b".to_owned())],
    }
}

/// Where nobody is.
#[derive(Debug)]
struct Nowhere;

impl Network for Nowhere {
    fn get<'a>(
        &'a self,
        _url: &'a str,
        _patience: Duration,
    ) -> Coming<'a, Result<(u16, Vec<u8>), HttpKind>> {
        Box::pin(async { Err(HttpKind::Unreachable) })
    }

    fn connect<'a>(
        &'a self,
        _host: &'a str,
        _port: u16,
    ) -> Coming<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }
}

const PPT: AuthnContextClass = AuthnContextClass::PasswordProtectedTransport;

fn mfa() -> AuthnContextClass {
    AuthnContextClass::parse("https://refeds.org/profile/mfa").unwrap()
}

fn sfa() -> AuthnContextClass {
    AuthnContextClass::parse("https://refeds.org/profile/sfa").unwrap()
}

fn success() -> Success {
    Success {
        user: "zoe".into(),
        attributes: Attributes::new(),
        is_from_new_login: None,
        authenticated_at: None,
    }
}

#[test]
fn r36_the_method_of_the_preferred_class_is_asked_for_and_never_without_a_page() {
    let cas = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    let none = cas.login_url(SERVICE, Asking::AsNeeded, &[]);
    for (asking, acceptable, more) in [
        (Asking::AsNeeded, [mfa(), sfa()], "&authn_method=mfa-duo"),
        (Asking::AsNeeded, [sfa(), PPT], "&authn_method=a%26b"),
        (Asking::AsNeeded, [PPT, mfa()], ""),
        (
            Asking::Anew,
            [mfa(), PPT],
            "&renew=true&authn_method=mfa-duo",
        ),
        (Asking::Never, [mfa(), PPT], "&gateway=true"),
    ] {
        let url = cas.login_url(SERVICE, asking, &acceptable);
        assert_eq!(url, format!("{none}{more}"));
    }
}

#[test]
fn r36_a_class_is_proven_by_what_the_server_states_and_by_nothing_else() {
    let mut cas = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    let of = |cas: &Cas, stated: &[&str], acceptable: &[AuthnContextClass]| {
        let mut success = success();
        let stated = stated.iter().map(|method| (*method).to_owned());
        success.attributes.add("authnContextClass", stated);
        cas.context(&success, acceptable)
    };
    assert_eq!(of(&cas, &["mfa-duo"], &[mfa()]), mfa());
    assert_eq!(of(&cas, &["x", "mfa-duo"], &[sfa(), mfa()]), mfa());
    assert_eq!(of(&cas, &["mfa-duo"], &[PPT, mfa()]), PPT);
    assert_eq!(of(&cas, &["mfa-duo"], &[]), PPT);
    for no_proof in [&[][..], &["mfa-duo2"], &["MFA-DUO"], &[""], &["a&b"]] {
        assert_eq!(of(&cas, no_proof, &[mfa()]), PPT, "{no_proof:?}");
    }
    // In another attribute.
    let mut elsewhere = success();
    elsewhere.attributes.add("mail", ["mfa-duo".to_owned()]);
    assert_eq!(cas.context(&elsewhere, &[mfa()]), PPT);
    // Where the password itself is a method that the server must state.
    cas.methods.by_class.push((PPT, "password".to_owned()));
    let unknown = AuthnContextClass::Unspecified;
    for (stated, acceptable, context) in [
        (&["password"][..], &[PPT][..], PPT),
        (&["password"], &[], PPT),
        (&[], &[PPT], unknown.clone()),
        (&["mfa-duo"], &[PPT], unknown.clone()),
        (&["mfa-duo"], &[], unknown),
    ] {
        assert_eq!(of(&cas, stated, acceptable), context, "{stated:?}");
    }
}

#[test]
fn r60_r61_the_service_is_encoded_and_no_false_wish_is_sent() {
    let cas = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    let login = "https://cas.example.org/cas/login?service=https%3A%2F%2Fidp.example.org%2Fcas%2Fzoom%2FAbC_-9";
    for (asking, more) in [
        (Asking::AsNeeded, ""),
        (Asking::Anew, "&renew=true"),
        (Asking::Never, "&gateway=true"),
    ] {
        let url = cas.login_url(SERVICE, asking, &[]);
        assert_eq!(url, format!("{login}{more}"));
    }
}

#[test]
fn r54_a_browser_goes_back_to_a_sign_out_at_the_configured_server() {
    let cas = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    let state = SignOutState::parse("e1s2+/=").unwrap();
    assert_eq!(
        cas.sign_out_url(&state),
        "https://cas.example.org/cas/logout?_eventId=next&RelayState=e1s2%2B%2F%3D"
    );
}

#[test]
fn r61_r67_a_ticket_is_asked_about_with_service_ticket_and_renew_and_nothing_else() {
    let since = Some(Timestamp::UNIX_EPOCH);
    let ticket = Ticket::parse("ST-1-a/b.c").unwrap();
    for (protocol, proof, forced_since, path, more) in [
        (
            CasProtocol::One,
            FreshLoginProof::Renew,
            None,
            "validate",
            "",
        ),
        (
            CasProtocol::Two,
            FreshLoginProof::Attributes,
            since,
            "serviceValidate",
            "",
        ),
        (
            CasProtocol::Three,
            FreshLoginProof::Renew,
            since,
            "p3/serviceValidate",
            "&renew=true",
        ),
    ] {
        let question = Question {
            service: SERVICE,
            ticket: &ticket,
            forced_since,
            acceptable: &[mfa()],
        };
        let cas = cas(protocol, proof);
        let turns = cas.nodes.turns(Duration::ZERO);
        assert_eq!(&**turns[1].server(), "https://cas2.example.org/cas");
        assert_eq!(
            cas.validation_url(turns[0].server(), question),
            format!(
                "https://cas1.example.org/cas/{path}?service=https%3A%2F%2Fidp.example.org%2Fcas%2Fzoom%2FAbC_-9&ticket=ST-1-a%2Fb.c{more}"
            )
        );
    }
}

#[test]
fn the_time_of_a_sign_in_is_that_of_its_validation_or_a_sound_date_of_the_server() {
    let mut cas = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    let now = Timestamp::from_second(10_000_000).unwrap();
    let days = |days: i64| days * 24 * 3600;
    let by = |cas: &Cas, ago: Option<i64>| {
        let at = ago.map(|ago| Timestamp::from_second(10_000_000 - ago).unwrap());
        let success = Success {
            authenticated_at: at,
            ..success()
        };
        now.duration_since(cas.instant(&success, now)).as_secs()
    };
    assert_eq!(by(&cas, Some(3600)), 0);
    cas.authn_instant = AuthnInstant::AuthenticationDate;
    for (stated, counts) in [
        (Some(0), 0),
        (Some(3600), 3600),
        (Some(days(14)), days(14)),
        (Some(days(31)), days(31)),
        (Some(days(31) + 1), 0),
        // Its clock is ahead.
        (Some(-30), 0),
        (Some(-31), 0),
        (None, 0),
    ] {
        assert_eq!(by(&cas, stated), counts, "{stated:?}");
    }
}

#[test]
fn r34_a_new_login_is_believed_by_its_proof_alone() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let (since, now) = (at(1000), at(1060));
    let success = |is_from_new_login, authenticated_at: Option<i64>| Success {
        is_from_new_login,
        authenticated_at: authenticated_at.map(at),
        ..success()
    };
    let by_attributes = cas(CasProtocol::Three, FreshLoginProof::Attributes);
    for (is_from_new_login, authenticated_at, is_fresh) in [
        (Some(true), None, true),
        (None, Some(1040), true),
        (None, Some(975), true),
        (None, Some(960), false),
        (None, None, false),
        // The server says no, however young the date is.
        (Some(false), Some(1040), false),
        // Still to come.
        (None, Some(1085), true),
        (None, Some(5000), false),
    ] {
        let success = success(is_from_new_login, authenticated_at);
        let found = by_attributes.is_fresh(&success, Some(since), now);
        assert_eq!(
            found, is_fresh,
            "{is_from_new_login:?} {authenticated_at:?}"
        );
    }
    let by_renew = cas(CasProtocol::Three, FreshLoginProof::Renew);
    assert!(by_renew.is_fresh(&success(None, None), Some(since), now));
    // Nobody was asked to sign in anew.
    assert!(!by_renew.is_fresh(&success(Some(true), None), None, now));
}

#[tokio::test]
async fn rests_end_after_ten_seconds_however_far_our_clock_is_set_back_meanwhile() {
    let config = config(CasProtocol::Three, FreshLoginProof::Attributes);
    let ticket = Ticket::parse("ST-1-x").unwrap();
    let question = Question {
        service: SERVICE,
        ticket: &ticket,
        forced_since: None,
        acceptable: &[],
    };
    for set_back in [0, 3, 12, 45, 600] {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let client = HttpClient::over(Arc::new(Nowhere));
        let around = Arc::<ManualClock>::clone(&clock);
        let cas = Cas::new(&config, PPT, client, around);
        // The longest rest of all.
        for _ in 0..6 {
            let place = cas.place(Ipv4Addr::LOCALHOST.into()).unwrap();
            let asked = cas.validate(place, question, clock.now()).await;
            assert!(!matches!(asked, Err(CasFault::AllRest)), "{set_back}");
            assert!(cas.all_rest());
            clock.advance(SignedDuration::from_secs(10));
        }
        let place = cas.place(Ipv4Addr::LOCALHOST.into()).unwrap();
        cas.validate(place, question, clock.now())
            .await
            .unwrap_err();
        assert!(!cas.look().await);
        clock.advance(SignedDuration::from_secs(-set_back));
        for second in 0..10 {
            assert!(cas.all_rest(), "{set_back} {second}");
            let known = cas.presence.login_is_known_to_be_up();
            assert_eq!(known, Some(false), "{set_back} {second}");
            clock.advance(SignedDuration::from_secs(1));
        }
        let known = cas.presence.login_is_known_to_be_up();
        assert_eq!(known, None, "{set_back}");
        for second in 10..700 {
            assert!(!cas.all_rest(), "{set_back} {second}");
            clock.advance(SignedDuration::from_secs(1));
        }
    }
}
