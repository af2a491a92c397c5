//! The same secrets in what nodes share: a real Redis server, all of which is read as whoever has its disk may read it.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use passerelle::{
    authn::local::hash_password,
    sys::{entropy::SeededEntropy, hmac::base32_lower, secret::Secret, token::Token},
};
use tempfile::TempDir;

use super::{Business, Canary, STATE, WRONG, signs_in_by_form, spellings};
use crate::{
    balanced::notice,
    bridge::{
        Bridge, LIBRARY, Setup,
        browser::{Browser, SESSION_COOKIE},
    },
    lab::{
        cas_script::{CasScript, Said},
        form::Form,
        keys::Authority,
        redis_server::Redis,
    },
    scripted_cas::at_cas,
    shared_store::table,
};

const PASSWORD: &str = "canary-right-password-19c4";
const TICKET: &str = "ST-1-canary-of-the-ticket-20bd";

const BY_FORM: Known = Known {
    login: "canary-of-the-form",
    mail: "canary-of-the-form@univ.example",
    unique_id: "ca9a4105e1f07b2d@univ-montp3.example",
};
const BY_CAS: Known = Known {
    login: "canary-of-the-server",
    mail: "canary-of-the-server@univ.example",
    unique_id: "ca9a4120bd77ab6e@univ-montp3.example",
};

/// Somebody, by all that they are known by.
struct Known {
    login: &'static str,
    mail: &'static str,
    unique_id: &'static str,
}

impl Known {
    fn is_marked(&self, canary: &mut Canary) {
        for (what, text) in [
            ("a login", self.login),
            ("a mail address", self.mail),
            ("a unique ID", self.unique_id),
        ] {
            canary.mark(what, Business::AnyPage, text);
        }
    }
}

impl Canary {
    /// Which secrets are found in what is held, as texts or as the octets that they are written for.
    fn found_in(&self, held: &[u8]) -> Vec<&'static str> {
        let stands = |octets: &[u8]| held.windows(octets.len()).any(|part| part == octets);
        let is_found = |secret: &str| {
            let octets = URL_SAFE_NO_PAD.decode(secret);
            let texts = spellings(secret);
            texts.iter().any(|text| stands(text.as_bytes()))
                || octets.is_ok_and(|octets| stands(&octets))
        };
        let found = { self.secrets.iter() }.filter(|(_, _, secret)| is_found(secret));
        found.map(|(what, ..)| *what).collect()
    }

    /// Goes to a provider that knows people by a name of its own, and marks what that is told.
    async fn goes_to_the_library(&mut self, bridge: &Bridge, browser: &mut Browser) {
        let request = bridge.request_of(LIBRARY);
        let page = browser.arrive(&request.redirect(Some(STATE))).await;
        self.sees_answer(browser, &page);
        let told = bridge.identity(&page.answer(), LIBRARY, request.id());
        self.mark("a NameID", Business::AnswerPage, told.name_id.value);
        self.mark("a SessionIndex", Business::AnswerPage, told.session_index);
    }
}

/// A node where people type a password.
fn with_passwords(redis: &Redis) -> Bridge {
    let password = Secret::from(PASSWORD.to_owned());
    let hash = hash_password(&password, &SeededEntropy::new(121)).unwrap();
    let Known {
        login,
        mail,
        unique_id,
    } = BY_FORM;
    let setup = Setup {
        people: format!(
            "[person.{login}]\npassword = '{hash}'\nmail = '{mail}'\neduPersonUniqueId = '{unique_id}'\n"
        ),
        more: table(redis),
        ..Setup::new()
    };
    setup.build()
}

/// A node where people come with a ticket of a CAS server, and the folder of whom it believes about that.
fn with_tickets(redis: &Redis) -> (Bridge, TempDir) {
    let authority = Authority::new("University");
    let known = [
        ("mail", BY_CAS.mail.to_owned()),
        ("eduPersonUniqueId", BY_CAS.unique_id.to_owned()),
    ];
    let says = Said::Person(BY_CAS.login, known.into());
    let cas = CasScript::start(&authority.vouch_for("localhost"), says);
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, authority.pem()).unwrap();
    let authn = format!(
        "[authn]\nmethods = ['cas']\n[authn.cas]\nurl = '{}'\nca = '{}'",
        cas.url(),
        ca.display()
    );
    let setup = Setup {
        authn: Some(authn),
        seed: 2,
        more: table(redis),
        ..Setup::new()
    };
    (setup.build(), folder)
}

/// All that the server holds: the names of its keys and what is there, as it was given. Compressed, no text would be found.
fn held(redis: &Redis) -> Vec<u8> {
    for question in [&["CONFIG", "SET", "rdbcompression", "no"][..], &["SAVE"]] {
        assert_eq!(redis.told(question).trim(), "OK", "{question:?}");
    }
    fs::read(redis.socket().with_file_name("dump.rdb")).unwrap()
}

/// The names of its keys, without what all begin with. Each goes by itself.
fn keys(redis: &Redis) -> Vec<String> {
    let told = redis.told(&["KEYS", "*"]);
    let keys = told.lines().map(|key| {
        let ends_in: i64 = redis.told(&["PTTL", key]).trim().parse().unwrap();
        assert!(ends_in > 0, "{key} stays for ever");
        key.strip_prefix("passerelle:").unwrap().to_owned()
    });
    keys.collect()
}

/// The key of the session of this browser: the hash of what it keeps.
fn of_session(browser: &Browser) -> String {
    let token = Token::parse(&browser.cookie(SESSION_COOKIE).unwrap()).unwrap();
    format!("{{s:{}}}", base32_lower(&token.hash()))
}

#[track_caller]
fn assert_holds(keys: &[String], names: &[&str]) {
    for name in names {
        assert!(keys.iter().any(|key| key == name), "{name}: {keys:?}");
    }
}

#[tokio::test]
async fn r50_r121_neither_a_secret_of_a_whole_sign_in_nor_whose_it_was_can_be_read_in_redis() {
    let redis = Redis::start(&[]).await;
    let (by_form, (by_cas, _folder)) = (with_passwords(&redis), with_tickets(&redis));
    let mut canary = Canary::start();
    BY_FORM.is_marked(&mut canary);
    BY_CAS.is_marked(&mut canary);
    canary.mark("the password", Business::Nowhere, PASSWORD);
    canary.mark("a ticket", Business::Nowhere, TICKET);
    // Also with passwords that are refused, and one that is typed for a name.
    let mut typed = signs_in_by_form(&mut canary, &by_form, BY_FORM.login, PASSWORD).await;
    canary.goes_to_the_library(&by_form, &mut typed).await;
    canary.is_refused(&by_form, &mut typed).await;
    let mut brought = by_cas.browser();
    let login = at_cas(&mut brought, &by_cas.request()).await;
    let callback = login.callback(TICKET);
    let page = brought.arrive(&callback).await;
    canary.sees_answer(&brought, &page);
    canary.goes_to_the_library(&by_cas, &mut brought).await;
    let at_rest = async || {
        for node in [&by_form, &by_cas] {
            let bridge = &node.front.bridge;
            bridge.stories.rest().await;
            bridge.store.compare_clocks(&*bridge.clock).await;
        }
        (held(&redis), keys(&redis))
    };
    let (begun, keys_begun) = at_rest().await;
    // One signs out here, and the other one at the CAS server, which tells of it.
    let sessions = [of_session(&typed), of_session(&brought)];
    canary.signs_out(&mut typed).await;
    let (address, _) = callback.split_once('?').unwrap();
    let form = Form::post(address, &[("logoutRequest", &notice(TICKET))]);
    let mut server = by_cas.browser();
    let told = server.arrive_by_post(address, &form.encode()).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let (over, keys_over) = at_rest().await;
    // All of it was there, under the names that anybody may read.
    let always = [
        "{attempts}:counters",
        "{attempts}:ends",
        "{clocks}:ends",
        "{clocks}:said",
        "{marks}:ends",
        "{marks}:uses",
        "{sessions}:brought",
        "{stories}:ends",
        "{stories}:steps",
    ];
    for (held, keys) in [(&begun, &keys_begun), (&over, &keys_over)] {
        assert_holds(keys, &always);
        assert_eq!(canary.found_in(held), [""; 0]);
    }
    assert_holds(&keys_begun, &["{sessions}:ends", "{sessions}:by-ticket"]);
    assert_holds(&keys_begun, &sessions.each_ref().map(String::as_str));
    assert_holds(&keys_over, &["{sessions}:signed-out"]);
    assert!(sessions.iter().all(|key| !keys_over.contains(key)));
}

#[tokio::test]
async fn a_secret_that_is_given_away_to_redis_is_found_there() {
    let redis = Redis::start(&[]).await;
    let mut canary = Canary::start();
    let octets = "thirty-two octets of some cookie";
    canary.mark(
        "a cookie",
        Business::Nowhere,
        URL_SAFE_NO_PAD.encode(octets),
    );
    assert_eq!(canary.found_in(&held(&redis)), [""; 0]);
    // In a text so long that it would be compressed, as the name of a field, and as the name of a key.
    let long = format!("{}{STATE}", " ".repeat(10_000));
    redis.told(&["SET", "a text", &long]);
    redis.told(&["HSET", "a hash", &STANDARD.encode(WRONG), "a value"]);
    redis.told(&["ZADD", octets, "1", "a member"]);
    let found = canary.found_in(&held(&redis));
    assert_eq!(found, ["RelayState", "a wrong password", "a cookie"]);
}
