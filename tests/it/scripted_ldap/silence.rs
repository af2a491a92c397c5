//! A server that does not answer, or not in time: told to the person within the time limit, and
//! their journey goes on when it is back.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Failing, House, QUICK, University, house, is_unanswered, newcomer, records, signs_in};
use crate::{
    bridge::{ZOOM, browser::Browser, page::Page, request::AuthnRequest},
    lab::{
        keys::Authority,
        ldap_script::{Act, Kind, LdapScript, password_of},
    },
};

/// The time limit of [`QUICK`], and what all of these take for their pages on a busy machine.
const LIMIT: Duration = Duration::from_secs(3);

/// Somebody in front of the form, and then of what came of it.
struct Person {
    house: House,
    way: Failing,
    login: String,
    request: AuthnRequest,
    browser: Browser,
    page: Page,
}

impl Person {
    async fn arrives(house: House, way: Failing) -> Self {
        let request = house.bridge.request();
        let mut browser = house.bridge.browser();
        let page = browser.arrive(&request.redirect(Some("state"))).await;
        Self {
            house,
            way,
            login: newcomer(),
            request,
            browser,
            page,
        }
    }

    async fn submits(&mut self) {
        let filled = self.page.filled(&self.login, &password_of(&self.login));
        self.page = self.browser.submit(&self.page, &filled).await;
    }

    /// Is told within the time limit.
    async fn reads_so(mut self) -> Self {
        self.house.script.fails(self.way);
        let start = Instant::now();
        self.submits().await;
        let took = start.elapsed();
        self.page.stops(503, "sign-in-unavailable");
        assert!(took < LIMIT, "{:?}: {took:?}", self.way);
        self
    }

    /// Tries once more when the server is back.
    async fn goes_on(mut self) -> House {
        let again = self.page.link("again").unwrap();
        self.page = self.browser.open(&again).await;
        self.house.script.is_back();
        self.submits().await;
        let answer = self.page.answer();
        assert_eq!(answer.relay_state.as_deref(), Some("state"));
        let bridge = &self.house.bridge;
        let identity = bridge.identity(&answer, ZOOM, self.request.id());
        let mail = format!("{}@univ.example", self.login);
        assert_eq!(identity.name_id.value, mail, "{:?}", self.way);
        self.house
    }
}

#[tokio::test]
async fn a_half_dead_directory_is_told_within_the_time_limit_and_the_journey_goes_on_afterwards() {
    // Each answer in time, and three of them not.
    let slow = Failing::Slow(Duration::from_millis(350));
    let all = Kind::ALL.map(|kind| [Failing::Without(kind), Failing::ByOctets(kind)]);
    let mut houses = Vec::new();
    for way in [&[Failing::WithoutTls, slow], &*all.concat()].concat() {
        houses.push((house(QUICK).await, way));
    }
    for are_kept in [false, true] {
        // On connections that are kept our own account has bound.
        houses.retain(|(_, way)| !are_kept || !way.is_of(Kind::OwnBind));
        let mut people = JoinSet::new();
        for (house, way) in houses.drain(..) {
            people.spawn(Person::arrives(house, way).await.reads_so());
        }
        for person in people.join_all().await {
            let way = person.way;
            houses.push((person.goes_on().await, way));
        }
    }
}

#[tokio::test]
async fn connections_that_ended_in_between_are_opened_anew_and_nobody_is_told() {
    let house = house(QUICK).await;
    for round in 0..3 {
        signs_in(&house.bridge, &newcomer()).await;
        assert_eq!(house.script.connections(), 2 * (round + 1));
        house.script.ends_all(Vec::new()).await;
    }
    // Or as the next question comes.
    for kind in [Kind::Search, Kind::Bind] {
        signs_in(&house.bridge, &newcomer()).await;
        let kept = house.script.connections();
        house.script.when(kind, move |asked| {
            if asked.connection <= kept {
                vec![Act::Hangup]
            } else {
                vec![Act::Write(asked.honest.clone())]
            }
        });
        signs_in(&house.bridge, &newcomer()).await;
        assert_eq!(house.script.connections(), kept + 1, "{kind:?}");
        house.script.is_back();
    }
    assert_eq!(records(&house.bridge)[0].1, 0);
    // A fresh one is not opened anew.
    for kind in [Kind::Search, Kind::Bind] {
        signs_in(&house.bridge, &newcomer()).await;
        let asked = house.script.count(kind);
        house.script.when(kind, |_| vec![Act::Hangup]);
        is_unanswered(&house.bridge, &newcomer()).await;
        assert_eq!(house.script.count(kind), asked + 2, "{kind:?}");
        house.goes_on().await;
    }
}

#[tokio::test]
async fn r72_a_server_that_is_not_believed_is_asked_nothing() {
    let ours = University::new();
    let other = Authority::new("University");
    for key in [
        other.vouch_for("localhost"),
        ours.authority.vouch_for("ldap.example.org"),
    ] {
        let script = LdapScript::start(&key).await;
        let bridge = ours.bridge(&[script.url()], QUICK);
        is_unanswered(&bridge, &newcomer()).await;
        assert_eq!(script.connections(), 1);
        assert!(script.asked().is_empty());
    }
}
