//! Every promise of [`crate::model::store`], as tests that each backend must pass.
//!
//! A backend runs them all with one line in its own tests:
//! `conformance::every_promise_is_kept_by!(async { (… an empty store with LIMITS …, … what it needs …) });`

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Barrier, task::JoinSet};

use super::Limits;
use crate::model::{
    attribute::Attributes,
    authn_context::AuthnContextClass,
    entity_id::EntityId,
    name_id::{NameId, NameIdFormat},
    proof::{AuthnMethod, Proof},
    session::{Participant, Session, SessionKey},
    short_name::ShortName,
    store::{
        AttemptRule, Attempts, ReplayGuard, Seen, Sessions, Sight, Standing, StoreError, Stories,
        Use, Verdict,
    },
    story::{Keeping, StoryStep},
    support_code::SupportCode,
};

/// What the store under test must be made with.
pub(crate) const LIMITS: Limits = Limits {
    sessions: 64,
    idle: SignedDuration::from_secs(600),
    replay_marks: 16,
    attempts: 16,
    story_bytes: 48 * 1024,
};

/// How the attempts of these tests are slowed down.
pub(crate) const RULE: AttemptRule = AttemptRule {
    free: 5,
    first_wait: SignedDuration::from_secs(1),
    longest_wait: SignedDuration::from_secs(60),
    forget_after: SignedDuration::from_secs(1_000),
};

/// How many callers come at one time.
const CALLERS: usize = 64;

macro_rules! every_promise_is_kept_by {
    ($empty_store:expr) => {
        $crate::store::conformance::every_promise_is_kept_by! { $empty_store =>
            a_session_is_found_before_its_end_and_not_at_it
            a_session_is_found_until_it_was_idle_and_each_use_starts_anew
            a_use_that_is_noted_late_takes_nothing_from_a_later_one
            of_many_who_end_a_session_one_gets_it
            a_session_that_was_ended_is_not_brought_back_by_those_who_use_it
            a_session_that_is_over_is_not_given_to_who_ends_it
            a_session_says_nothing_of_another
            a_full_store_takes_the_newest_session
            a_session_keeps_the_code_of_the_journey_that_began_it
            every_session_that_lives_is_shown_and_a_look_is_no_use_of_it
            a_session_in_use_is_shown_while_others_come_and_go
            of_many_who_end_what_they_were_shown_each_session_goes_to_one
            r50_the_session_of_another_person_ends_and_that_of_the_same_one_does_not
            r50_a_session_that_is_replaced_is_dead_and_who_took_part_goes_over
            r50_a_session_that_nobody_inherits_from_is_given_back
            r50_for_a_minute_the_replaced_key_leads_to_the_next_session_and_finds_nothing
            r50_whichever_key_the_browser_has_kept_leads_on
            r50_of_many_who_replace_one_session_one_lives_and_has_all_who_took_part
            a_story_has_its_steps_in_their_order_under_its_code_alone
            a_story_is_kept_until_its_end_and_an_unfinished_one_for_less
            of_many_who_add_to_one_story_each_adds_a_step
            r122_a_story_takes_no_more_than_it_may_and_its_end_has_a_place
            r122_a_full_store_forgets_the_stories_that_end_first_and_takes_the_newest
            r33_of_many_first_sights_one_is_the_first
            r33_a_second_use_by_the_same_one_is_told_from_another_ones
            r33_a_mark_holds_until_its_end_and_not_at_it
            r33_a_mark_says_nothing_of_another_issuer_or_id
            r33_a_message_whose_time_is_over_is_never_new
            r33_a_full_store_refuses_and_forgets_nothing
            r63_of_many_who_bring_a_ticket_one_is_the_first
            r63_a_full_store_refuses_tickets_and_forgets_none
            r66_a_session_is_ended_by_its_ticket_and_no_other_is
            r66_a_session_that_was_asked_for_twice_is_ended_by_its_ticket
            r66_a_notice_between_the_ticket_and_the_session_lets_none_begin
            r66_a_session_and_a_notice_at_one_time_leave_no_session
            r66_whoever_ends_a_session_gets_all_who_took_part_in_it
            r66_nobody_joins_a_session_that_has_ended
            r66_of_many_notices_of_one_ticket_one_ends_the_session
            r66_a_session_in_use_is_ended_by_its_ticket_after_many_others_have_come_and_gone
            r66_a_session_that_outlives_its_first_idle_time_is_ended_by_its_ticket
            r66_a_session_that_is_replaced_and_ended_at_one_time_loses_nobody
            r74_of_200_parallel_attempts_the_free_ones_go
            r74_waits_grow_and_a_wait_is_not_an_attempt
            r74_a_clock_that_is_behind_waits_for_what_was_earned_and_no_longer
            r74_a_wait_that_is_over_lets_one_of_many_go
            r74_attempts_are_forgotten_one_by_one_and_then_all
            r74_a_forgiven_account_starts_anew_and_another_does_not
            r74_an_attempt_that_is_taken_back_takes_its_wait_along_and_no_other
            r74_successes_of_a_network_use_nothing_up
            r74_a_full_store_still_counts_the_newest_name
        }
    };
    ($empty_store:expr => $($promise:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let (store, _kept_as_long) = $empty_store.await;
                $crate::store::conformance::$promise(std::sync::Arc::new(store)).await;
            }
        )*
    };
}
pub(crate) use every_promise_is_kept_by;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn key(number: u32) -> SessionKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    SessionKey(key)
}

pub(crate) fn session(login: &str, ends_at: i64) -> Session {
    let mut attributes = Attributes::new();
    attributes.add("mail", [format!("{login}@univ.example")]);
    Session {
        proof: Proof {
            login: login.to_owned(),
            method: AuthnMethod::Local,
            context: AuthnContextClass::PasswordProtectedTransport,
            at: at(0),
            ticket: None,
            attributes,
        },
        index: "_0123456789abcdef0123456789abcdef01234567".to_owned(),
        support_code: None,
        ends_at: at(ends_at),
        participants: Vec::new(),
    }
}

/// Runs `call` in [`CALLERS`] tasks that start together, and gives back what each said.
async fn together<S, F, T>(store: &Arc<S>, call: impl Fn(Arc<S>, usize) -> F) -> Vec<T>
where
    S: Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let mut tasks = JoinSet::new();
    for number in 0..CALLERS {
        let (start, call) = (Arc::clone(&start), call(Arc::clone(store), number));
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}

pub(crate) async fn a_session_is_found_before_its_end_and_not_at_it(store: Arc<impl Sessions>) {
    let kept = session("zoe", 500);
    store.create(key(1), kept.clone(), at(0)).await.unwrap();
    assert_eq!(store.find(key(1), at(499)).await.unwrap(), Some(kept));
    assert_eq!(store.find(key(1), at(500)).await.unwrap(), None);
    assert_eq!(store.find(key(1), at(501)).await.unwrap(), None);
}

pub(crate) async fn a_session_is_found_until_it_was_idle_and_each_use_starts_anew(
    store: Arc<impl Sessions>,
) {
    store
        .create(key(1), session("zoe", 90_000), at(0))
        .await
        .unwrap();
    store
        .create(key(2), session("max", 90_000), at(0))
        .await
        .unwrap();
    assert!(store.find(key(1), at(599)).await.unwrap().is_some());
    assert!(store.find(key(2), at(600)).await.unwrap().is_none());
    assert!(store.find(key(1), at(1_198)).await.unwrap().is_some());
    assert!(store.find(key(1), at(1_798)).await.unwrap().is_none());
}

pub(crate) async fn a_use_that_is_noted_late_takes_nothing_from_a_later_one(
    store: Arc<impl Sessions>,
) {
    store
        .create(key(1), session("zoe", 90_000), at(0))
        .await
        .unwrap();
    assert!(store.find(key(1), at(500)).await.unwrap().is_some());
    assert!(store.find(key(1), at(300)).await.unwrap().is_some());
    assert!(store.find(key(1), at(1_099)).await.unwrap().is_some());
}

pub(crate) async fn of_many_who_end_a_session_one_gets_it(store: Arc<impl Sessions + 'static>) {
    for round in 0..20 {
        store
            .create(key(round), session("zoe", 500), at(0))
            .await
            .unwrap();
        let ended = together(&store, |store, _| async move {
            let ended = store.end(key(round), at(1)).await.unwrap();
            // From here on nobody may find it, whoever got it.
            (ended, store.find(key(round), at(1)).await.unwrap())
        })
        .await;
        let winners: Vec<_> = ended
            .iter()
            .filter_map(|(ended, _)| ended.as_ref())
            .collect();
        assert_eq!(winners, [&session("zoe", 500)]);
        assert!(ended.iter().all(|(_, found)| found.is_none()));
    }
}

pub(crate) async fn a_session_that_was_ended_is_not_brought_back_by_those_who_use_it(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..20 {
        store
            .create(key(round), session("zoe", 9_000), at(0))
            .await
            .unwrap();
        let found_after_end = together(&store, |store, number| async move {
            if number == CALLERS / 2 {
                store.end(key(round), at(1)).await.unwrap();
                return store.find(key(round), at(1)).await.unwrap().is_some();
            }
            for second in 0..50 {
                store.find(key(round), at(second)).await.unwrap();
                tokio::task::yield_now().await;
            }
            false
        })
        .await;
        assert!(!found_after_end.contains(&true));
        assert_eq!(store.find(key(round), at(2)).await.unwrap(), None);
        assert_eq!(store.end(key(round), at(2)).await.unwrap(), None);
    }
}

pub(crate) async fn a_session_that_is_over_is_not_given_to_who_ends_it(store: Arc<impl Sessions>) {
    store
        .create(key(1), session("zoe", 500), at(0))
        .await
        .unwrap();
    store
        .create(key(2), session("max", 9_000), at(0))
        .await
        .unwrap();
    assert_eq!(store.end(key(1), at(500)).await.unwrap(), None);
    assert_eq!(store.end(key(2), at(600)).await.unwrap(), None);
    assert_eq!(store.end(key(3), at(1)).await.unwrap(), None);
}

pub(crate) async fn a_session_says_nothing_of_another(store: Arc<impl Sessions>) {
    store
        .create(key(1), session("zoe", 500), at(0))
        .await
        .unwrap();
    store
        .create(key(2), session("max", 500), at(0))
        .await
        .unwrap();
    assert_eq!(
        store.end(key(1), at(1)).await.unwrap(),
        Some(session("zoe", 500))
    );
    assert_eq!(
        store.find(key(2), at(1)).await.unwrap(),
        Some(session("max", 500))
    );
    assert_eq!(store.find(key(3), at(1)).await.unwrap(), None);
}

pub(crate) async fn a_full_store_takes_the_newest_session(store: Arc<impl Sessions>) {
    for n in 0..LIMITS.sessions * 4 {
        store
            .create(key(n), session("one of many", 500), at(0))
            .await
            .unwrap();
        assert!(store.find(key(n), at(1)).await.unwrap().is_some(), "{n}");
    }
}

async fn begin(store: &impl Sessions, number: u32, session: Session) {
    let standing = store.create(key(number), session, at(0)).await;
    assert_eq!(standing, Ok(Standing::Lives));
}

/// A session of somebody, of whom these were told.
pub(crate) async fn a_session_keeps_the_code_of_the_journey_that_began_it(
    store: Arc<impl Sessions>,
) {
    let mut kept = session("zoe", 9_000);
    kept.support_code = Some(SupportCode::of([1, 2, 3, 254, 255]));
    store.create(key(1), kept.clone(), at(0)).await.unwrap();
    let zoom = participant("zoom", "zoe");
    kept.join(zoom.clone());
    assert_eq!(store.join(key(1), zoom, at(1)).await, Ok(Standing::Lives));
    assert_eq!(store.find(key(1), at(2)).await, Ok(Some(kept.clone())));
    assert_eq!(store.end(key(1), at(3)).await, Ok(Some(kept)));
}

/// What is shown, each session once, by its key.
async fn shown(store: &impl Sessions, now: i64) -> HashMap<SessionKey, Seen> {
    let mut shown = HashMap::new();
    let mut show = |seen: Seen| drop(shown.insert(seen.key, seen));
    store.look_through(&mut show, at(now)).await.unwrap();
    shown
}

pub(crate) async fn every_session_that_lives_is_shown_and_a_look_is_no_use_of_it(
    store: Arc<impl Sessions>,
) {
    assert!(shown(&*store, 0).await.is_empty());
    // Some begin at one moment, and would end at one.
    for number in 0..40 {
        let begun = at(i64::from(number / 8));
        let kept = session(&format!("person {number}"), 9_000);
        store.create(key(number), kept, begun).await.unwrap();
    }
    store
        .create(key(50), session("soon", 100), at(0))
        .await
        .unwrap();
    store.end(key(7), at(5)).await.unwrap();
    store.find(key(3), at(300)).await.unwrap();
    let seen = shown(&*store, 99).await;
    assert_eq!(seen.len(), 40);
    assert_eq!(seen[&key(50)].unused_until, at(100));
    assert!(!seen.contains_key(&key(7)));
    let of_one = &seen[&key(3)];
    assert_eq!(of_one.session, session("person 3", 9_000));
    assert_eq!((of_one.used_at, of_one.unused_until), (at(300), at(900)));
    assert_eq!(seen[&key(39)].used_at, at(4));
    assert!(!shown(&*store, 100).await.contains_key(&key(50)));
    // The looks kept none alive.
    let seen = shown(&*store, 601).await;
    assert!(!seen.contains_key(&key(0)) && seen.contains_key(&key(16)));
    let seen = shown(&*store, 899).await;
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), [key(3)]);
}

pub(crate) async fn a_session_in_use_is_shown_while_others_come_and_go(
    store: Arc<impl Sessions + 'static>,
) {
    store
        .create(key(0), session("zoe", 9_000), at(0))
        .await
        .unwrap();
    let said = together(&store, |store, number| async move {
        let own = key(u32::try_from(number).unwrap() % 24 + 1);
        match number % 3 {
            0 => {
                store
                    .create(own, session("one of many", 9_000), at(1))
                    .await
                    .unwrap();
                store.end(own, at(2)).await.unwrap();
                true
            }
            // Each use may give it another place among the others.
            1 => {
                store
                    .find(key(0), at(i64::try_from(number).unwrap() * 8))
                    .await
                    .unwrap()
            }
            .is_some(),
            _ => shown(&*store, 500).await.contains_key(&key(0)),
        }
    })
    .await;
    assert!(said.into_iter().all(|is_well| is_well));
}

pub(crate) async fn of_many_who_end_what_they_were_shown_each_session_goes_to_one(
    store: Arc<impl Sessions + 'static>,
) {
    for number in 0..32 {
        let login = if number % 2 == 0 { "zoe" } else { "max" };
        store
            .create(key(number), session(login, 9_000), at(0))
            .await
            .unwrap();
    }
    let ended = together(&store, |store, _| async move {
        let mut ended = Vec::new();
        for (key, seen) in shown(&*store, 1).await {
            if seen.session.proof.login == "zoe" {
                ended.extend(store.end(key, at(1)).await.unwrap().map(|_| key));
            }
        }
        // Whoever ended them, none lives.
        let left = shown(&*store, 1).await;
        assert!({ left.values() }.all(|seen| seen.session.proof.login == "max"));
        ended
    })
    .await;
    let ended: Vec<_> = ended.concat();
    let once: HashSet<_> = ended.iter().copied().collect();
    assert_eq!((ended.len(), once.len()), (16, 16));
    assert_eq!(shown(&*store, 1).await.len(), 16);
}

fn session_at(login: &str, sps: &[&str]) -> Session {
    let mut session = session(login, 500);
    for sp in sps {
        session.join(participant(sp, login));
    }
    session
}

/// Who takes part in the session of a key, where it lives.
async fn who_is_at(store: &impl Sessions, number: u32, now: i64) -> Option<Vec<String>> {
    let found = store.find(key(number), at(now)).await.unwrap();
    found.map(|session| names(&session))
}

fn names(session: &Session) -> Vec<String> {
    let told = session.participants.iter();
    told.map(|told| told.sp.as_str().to_owned()).collect()
}

pub(crate) async fn r50_the_session_of_another_person_ends_and_that_of_the_same_one_does_not(
    store: Arc<impl Sessions>,
) {
    let end = async |number, login: &str| {
        let ended = store.end_of_another(key(number), login, at(1)).await;
        ended.unwrap()
    };
    let zoe = session_at("zoe", &["zoom"]);
    begin(&*store, 1, zoe.clone()).await;
    assert_eq!(end(1, "zoe").await, None);
    assert_eq!(end(2, "max").await, None);
    assert!(store.find(key(1), at(1)).await.unwrap().is_some());
    assert_eq!(end(1, "max").await, Some(zoe.clone()));
    assert_eq!(end(1, "max").await, None);
    assert_eq!(store.find(key(1), at(1)).await.unwrap(), None);
    // Through the key of one that it has replaced, too.
    begin(&*store, 3, zoe.clone()).await;
    begin(&*store, 4, zoe.clone()).await;
    assert_eq!(store.replace(key(3), Some(key(4)), at(1)).await, Ok(None));
    assert_eq!(end(3, "zoe").await, None);
    assert_eq!(end(3, "max").await, Some(zoe));
    assert_eq!(store.find(key(4), at(1)).await.unwrap(), None);
}

pub(crate) async fn r50_a_session_that_is_replaced_is_dead_and_who_took_part_goes_over(
    store: Arc<impl Sessions>,
) {
    begin(&*store, 1, session_at("zoe", &["zoom", "library"])).await;
    begin(&*store, 2, session_at("zoe", &["zoom"])).await;
    assert_eq!(store.replace(key(1), Some(key(2)), at(1)).await, Ok(None));
    assert_eq!(who_is_at(&*store, 1, 1).await, None);
    let all = ["library", "zoom"].map(str::to_owned).to_vec();
    assert_eq!(who_is_at(&*store, 2, 1).await, Some(all.clone()));
    let ended = store.end(key(2), at(2)).await.unwrap().unwrap();
    assert_eq!(names(&ended), all);
}

pub(crate) async fn r50_a_session_that_nobody_inherits_from_is_given_back(
    store: Arc<impl Sessions>,
) {
    let zoe = session_at("zoe", &["zoom"]);
    // The next one is another person's, has ended, has never begun, or there is none.
    begin(&*store, 2, session_at("max", &[])).await;
    begin(&*store, 4, session_at("zoe", &[])).await;
    store.end(key(4), at(1)).await.unwrap();
    for (old, new) in [(1, Some(2)), (3, Some(4)), (5, Some(6)), (9, None)] {
        begin(&*store, old, zoe.clone()).await;
        let ended = store.replace(key(old), new.map(key), at(1)).await;
        assert_eq!(ended, Ok(Some(zoe.clone())), "{old}");
        assert_eq!(who_is_at(&*store, old, 1).await, None);
    }
    assert_eq!(who_is_at(&*store, 2, 1).await, Some(Vec::new()));
    // One that is over, or was none, is nobody's.
    for old in [7, 8] {
        begin(&*store, old + 10, session_at("zoe", &[])).await;
        if old == 7 {
            let over = Session {
                ends_at: at(1),
                ..zoe.clone()
            };
            begin(&*store, old, over).await;
        }
        assert_eq!(
            store.replace(key(old), Some(key(old + 10)), at(1)).await,
            Ok(None)
        );
        assert_eq!(who_is_at(&*store, old + 10, 1).await, Some(Vec::new()));
    }
}

pub(crate) async fn r50_for_a_minute_the_replaced_key_leads_to_the_next_session_and_finds_nothing(
    store: Arc<impl Sessions>,
) {
    for (first, second_click, who) in [(0, 59, &["library", "zoom"][..]), (10, 60, &["zoom"])] {
        begin(&*store, first, session_at("zoe", &["library", "zoom"])).await;
        begin(&*store, first + 1, session_at("zoe", &["zoom"])).await;
        begin(&*store, first + 2, session_at("zoe", &["zoom"])).await;
        let replace = async |new, now| store.replace(key(first), Some(key(new)), at(now)).await;
        assert_eq!(replace(first + 1, 0).await, Ok(None));
        assert_eq!(who_is_at(&*store, first, second_click).await, None);
        assert_eq!(store.end(key(first), at(second_click)).await, Ok(None));
        let joined = store.join(key(first), participant("x", "zoe"), at(second_click));
        assert_eq!(joined.await, Ok(Standing::Ended));
        assert_eq!(replace(first + 2, second_click).await, Ok(None));
        let who: Vec<_> = who.iter().map(|sp| (*sp).to_owned()).collect();
        assert_eq!(who_is_at(&*store, first + 2, second_click).await, Some(who));
        let is_left = who_is_at(&*store, first + 1, second_click).await.is_some();
        assert_eq!(is_left, second_click == 60);
    }
}

pub(crate) async fn r50_whichever_key_the_browser_has_kept_leads_on(store: Arc<impl Sessions>) {
    begin(&*store, 0, session_at("zoe", &["library"])).await;
    // Two tabs bring 0; then the browser goes on with what the first one got, the second one, or neither.
    for (old, new) in [(0, 1), (0, 2), (1, 3), (0, 4), (2, 5), (5, 6)] {
        begin(&*store, new, session_at("zoe", &["zoom"])).await;
        assert_eq!(
            store.replace(key(old), Some(key(new)), at(1)).await,
            Ok(None)
        );
        for other in 0..new {
            assert_eq!(who_is_at(&*store, other, 1).await, None, "{other}");
        }
        let all = ["library", "zoom"].map(str::to_owned).to_vec();
        assert_eq!(who_is_at(&*store, new, 1).await, Some(all), "{old} {new}");
    }
    // A key leads nowhere where its own session lives.
    assert_eq!(store.replace(key(6), Some(key(6)), at(1)).await, Ok(None));
    assert_eq!(store.replace(key(0), Some(key(6)), at(1)).await, Ok(None));
    assert!(who_is_at(&*store, 6, 1).await.is_some());
}

pub(crate) async fn r50_of_many_who_replace_one_session_one_lives_and_has_all_who_took_part(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..20 {
        let first = round * 1_000;
        begin(&*store, first, session_at("zoe", &["library"])).await;
        let ended = together(&store, |store, number| async move {
            let new = first + 1 + u32::try_from(number).unwrap();
            // Half of them: all fit into the store at one time.
            if number >= CALLERS / 2 {
                return None;
            }
            begin(&*store, new, session_at("zoe", &[&format!("sp{number}")])).await;
            store
                .replace(key(first), Some(key(new)), at(1))
                .await
                .unwrap()
        })
        .await;
        assert!(ended.iter().all(Option::is_none));
        let mut living = Vec::new();
        for number in 0..=u32::try_from(CALLERS).unwrap() {
            living.extend(store.end(key(first + number), at(1)).await.unwrap());
        }
        assert_eq!(living.len(), 1);
        assert_eq!(living[0].participants.len(), 1 + CALLERS / 2);
    }
}

pub(crate) async fn r66_a_session_that_is_replaced_and_ended_at_one_time_loses_nobody(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..200 {
        let (old, new) = (key(round * 2), key(round * 2 + 1));
        begin(&*store, round * 2, session_at("zoe", &["library"])).await;
        let mut session = session_at("zoe", &["zoom"]);
        session.proof.ticket = Some(new.0);
        begin(&*store, round * 2 + 1, session).await;
        let start = Arc::new(Barrier::new(2));
        let replacing = {
            let (store, start) = (Arc::clone(&store), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                store.replace(old, Some(new), at(1)).await.unwrap()
            })
        };
        start.wait().await;
        let by_ticket = store.end_by_ticket(new.0, at(1)).await.unwrap().unwrap();
        let given_back = replacing.await.unwrap();
        let mut told: Vec<_> = given_back.iter().flat_map(names).collect();
        told.extend(names(&by_ticket));
        assert_eq!(told, ["library", "zoom"], "{round}");
    }
}

pub(crate) async fn r66_a_session_in_use_is_ended_by_its_ticket_after_many_others_have_come_and_gone(
    store: Arc<impl Sessions>,
) {
    let mut kept = session("zoe", 90_000);
    kept.proof.ticket = Some(key(0).0);
    store.create(key(0), kept.clone(), at(0)).await.unwrap();
    let others = i64::from(LIMITS.sessions) * 10;
    for (number, now) in (1..).zip(0..others) {
        let mut other = session("one of many", now + 1);
        other.proof.ticket = Some(key(number).0);
        store.create(key(number), other, at(now)).await.unwrap();
        // Over by itself: nobody ends it.
        assert_eq!(store.find(key(number), at(now + 1)).await, Ok(None));
        assert!(store.find(key(0), at(now)).await.unwrap().is_some());
    }
    let ended = store.end_by_ticket(key(0).0, at(others)).await;
    assert_eq!(ended, Ok(Some(kept)));
    assert_eq!(store.find(key(0), at(others)).await, Ok(None));
}

fn with_ticket(login: &str, ticket: u8) -> Session {
    let mut session = session(login, 500);
    session.proof.ticket = Some([ticket; 32]);
    session
}

pub(crate) async fn r66_a_session_that_outlives_its_first_idle_time_is_ended_by_its_ticket(
    store: Arc<impl Sessions>,
) {
    let idle = LIMITS.idle.as_secs();
    let of = |number| {
        let mut session = session("zoe", 90_000);
        session.proof.ticket = Some(key(number).0);
        session
    };
    for number in [1, 2] {
        begin(&*store, number, of(number)).await;
        // Too soon after the beginning for a backend that notes few uses.
        let used = store.find(key(number), at(idle / 16 - 1)).await;
        assert_eq!(used, Ok(Some(of(number))));
    }
    let after_first = at(idle + 1);
    let another = store.create(key(3), session("max", 90_000), after_first);
    assert_eq!(another.await, Ok(Standing::Lives));
    let found = store.find(key(1), after_first).await;
    assert_eq!(found, Ok(Some(of(1))));
    for number in [1, 2] {
        let ended = store.end_by_ticket(key(number).0, after_first).await;
        assert_eq!(ended, Ok(Some(of(number))), "{number}");
        assert_eq!(store.find(key(number), after_first).await, Ok(None));
    }
}

pub(crate) async fn r66_a_session_is_ended_by_its_ticket_and_no_other_is(
    store: Arc<impl Sessions>,
) {
    let zoe = with_ticket("zoe", 1);
    store.create(key(1), zoe.clone(), at(0)).await.unwrap();
    let anne = with_ticket("anne", 2);
    store.create(key(2), anne.clone(), at(0)).await.unwrap();
    store
        .create(key(3), session("luc", 500), at(0))
        .await
        .unwrap();
    let end = async |ticket: u8, now| store.end_by_ticket([ticket; 32], at(now)).await.unwrap();
    assert_eq!(end(0, 1).await, None);
    assert_eq!(end(3, 1).await, None);
    assert_eq!(end(1, 1).await, Some(zoe));
    assert_eq!(end(1, 1).await, None);
    assert_eq!(store.find(key(1), at(2)).await.unwrap(), None);
    assert!(store.find(key(2), at(2)).await.unwrap().is_some());
    assert!(store.find(key(3), at(2)).await.unwrap().is_some());
    // One that has ended by itself, or by the person, is nobody's any more.
    assert_eq!(store.end(key(2), at(3)).await.unwrap(), Some(anne));
    assert_eq!(end(2, 3).await, None);
    store
        .create(key(4), with_ticket("max", 4), at(0))
        .await
        .unwrap();
    assert_eq!(end(4, 500).await, None);
}

pub(crate) async fn r66_a_session_that_was_asked_for_twice_is_ended_by_its_ticket(
    store: Arc<impl Sessions>,
) {
    let zoe = with_ticket("zoe", 1);
    for _ in 0..2 {
        let standing = store.create(key(1), zoe.clone(), at(0)).await;
        assert_eq!(standing, Ok(Standing::Lives));
    }
    assert_eq!(store.end_by_ticket([1; 32], at(1)).await, Ok(Some(zoe)));
    assert_eq!(store.find(key(1), at(1)).await, Ok(None));
}

pub(crate) async fn r66_of_many_notices_of_one_ticket_one_ends_the_session(
    store: Arc<impl Sessions + 'static>,
) {
    store
        .create(key(1), with_ticket("zoe", 1), at(0))
        .await
        .unwrap();
    let ended = together(&store, |store, _| async move {
        store.end_by_ticket([1; 32], at(1)).await.unwrap()
    })
    .await;
    assert_eq!(ended.into_iter().flatten().count(), 1);
}

pub(crate) async fn r63_of_many_who_bring_a_ticket_one_is_the_first(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..10 {
        let sights = together(&store, |store, _| async move {
            let sight = store.bring_ticket([round; 32], at(300), at(0)).await;
            sight.unwrap()
        })
        .await;
        let first = sights.iter().filter(|sight| **sight == Sight::First);
        assert_eq!(first.count(), 1);
    }
    let bring = async |ticket: u8, until, now| {
        let sight = store.bring_ticket([ticket; 32], at(until), at(now)).await;
        sight.unwrap()
    };
    // A notice makes no ticket new, and its own end does.
    store.end_by_ticket([0; 32], at(1)).await.unwrap();
    assert_eq!(bring(0, 300, 299).await, AGAIN);
    assert_eq!(bring(0, 600, 300).await, Sight::First);
    assert_eq!(bring(99, 300, 300).await, AGAIN);
}

pub(crate) async fn r63_a_full_store_refuses_tickets_and_forgets_none(store: Arc<impl Sessions>) {
    let bring = async |ticket: u32, now| store.bring_ticket(key(ticket).0, at(300), at(now)).await;
    for ticket in 0..LIMITS.replay_marks {
        assert_eq!(bring(ticket, 0).await, Ok(Sight::First));
    }
    assert_eq!(bring(1_000, 1).await, Err(StoreError::Full));
    for ticket in 0..LIMITS.replay_marks {
        assert_eq!(bring(ticket, 2).await, Ok(AGAIN));
    }
}

pub(crate) async fn r66_a_notice_between_the_ticket_and_the_session_lets_none_begin(
    store: Arc<impl Sessions>,
) {
    for ticket in [1, 2] {
        let sight = store.bring_ticket([ticket; 32], at(300), at(0)).await;
        assert_eq!(sight, Ok(Sight::First));
    }
    // It ends nothing yet, however often it comes.
    for _ in 0..2 {
        assert_eq!(store.end_by_ticket([1; 32], at(1)).await, Ok(None));
    }
    let begin = async |number: u32, ticket: u8| {
        let session = with_ticket("zoe", ticket);
        let standing = store.create(key(number), session, at(2)).await.unwrap();
        let found = store.find(key(number), at(2)).await.unwrap();
        assert_eq!(found.is_some(), standing == Standing::Lives);
        // Whoever begins none is told the same.
        assert_eq!(store.sign_in_of([ticket; 32], at(2)).await, Ok(standing));
        standing
    };
    assert_eq!(begin(1, 1).await, Standing::Ended);
    assert_eq!(begin(2, 2).await, Standing::Lives);
    // Of a ticket that nobody noted nothing is known: a full store lets people in.
    assert_eq!(store.end_by_ticket([3; 32], at(1)).await, Ok(None));
    assert_eq!(begin(3, 3).await, Standing::Lives);
}

pub(crate) async fn r66_a_session_and_a_notice_at_one_time_leave_no_session(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..200_u32 {
        // Each ticket has ended when the next one comes: the store of these tests is small.
        let now = i64::from(round) * 10;
        let ticket = key(round).0;
        let sight = store.bring_ticket(ticket, at(now + 5), at(now)).await;
        assert_eq!(sight, Ok(Sight::First));
        let mut session = session("zoe", 90_000);
        session.proof.ticket = Some(ticket);
        let start = Arc::new(Barrier::new(2));
        let begin = {
            let (store, start) = (Arc::clone(&store), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                store.create(key(round), session, at(now)).await.unwrap()
            })
        };
        start.wait().await;
        let ended = store.end_by_ticket(ticket, at(now)).await.unwrap();
        let standing = begin.await.unwrap();
        assert_eq!(ended.is_some(), standing == Standing::Lives, "{round}");
        assert_eq!(store.find(key(round), at(now)).await.unwrap(), None);
    }
}

pub(crate) fn participant(sp: &str, value: &str) -> Participant {
    Participant {
        sp: ShortName::parse(sp).unwrap(),
        name_id: Some(NameId {
            value: value.to_owned(),
            format: NameIdFormat::Persistent,
            name_qualifier: Some("https://idp.example".to_owned()),
            sp_name_qualifier: None,
        }),
        session_index: "_1".to_owned(),
    }
}

pub(crate) async fn r66_whoever_ends_a_session_gets_all_who_took_part_in_it(
    store: Arc<impl Sessions + 'static>,
) {
    for round in 0..20 {
        store
            .create(key(round), session("zoe", 500), at(0))
            .await
            .unwrap();
        let ends = together(&store, |store, number| async move {
            if number == CALLERS / 2 {
                return (Standing::Ended, store.end(key(round), at(1)).await.unwrap());
            }
            let told = participant(&format!("sp{number}"), "zoe");
            (store.join(key(round), told, at(1)).await.unwrap(), None)
        })
        .await;
        let joined = ends.iter().filter(|(end, _)| *end == Standing::Lives);
        let ended = ends.iter().find_map(|(_, session)| session.as_ref());
        assert_eq!(ended.unwrap().participants.len(), joined.count());
    }
}

pub(crate) async fn r66_nobody_joins_a_session_that_has_ended(store: Arc<impl Sessions>) {
    let join = async |number, sp: &str, value: &str, now| {
        let standing = store
            .join(key(number), participant(sp, value), at(now))
            .await;
        standing.unwrap()
    };
    for number in [1, 2] {
        store
            .create(key(number), session("zoe", 500), at(0))
            .await
            .unwrap();
    }
    assert_eq!(join(1, "zoom", "old", 1).await, Standing::Lives);
    assert_eq!(join(1, "library", "zoe", 1).await, Standing::Lives);
    assert_eq!(join(1, "zoom", "new", 1).await, Standing::Lives);
    assert_eq!(join(1, "zoom", "new", 1).await, Standing::Lives);
    let found = store.find(key(1), at(1)).await.unwrap().unwrap();
    let told = [participant("library", "zoe"), participant("zoom", "new")];
    assert_eq!(found.participants, told);
    let ended = store.end(key(1), at(2)).await.unwrap().unwrap();
    assert_eq!(ended.participants, told);
    assert_eq!(join(1, "zoom", "new", 2).await, Standing::Ended);
    assert_eq!(store.find(key(1), at(2)).await.unwrap(), None);
    assert_eq!(join(2, "zoom", "new", 500).await, Standing::Ended);
    assert_eq!(join(3, "zoom", "new", 1).await, Standing::Ended);
}

fn sp(name: &str) -> EntityId {
    EntityId::parse(&format!("https://{name}.example/")).unwrap()
}

pub(crate) async fn r33_of_many_first_sights_one_is_the_first(
    store: Arc<impl ReplayGuard + 'static>,
) {
    for round in 0..10 {
        let sights = together(&store, |store, _| async move {
            store
                .mark(used(&sp("zoom"), &format!("_{round}"), at(500)), at(0))
                .await
                .unwrap()
        })
        .await;
        assert_eq!(
            sights
                .iter()
                .filter(|sight| **sight == Sight::First)
                .count(),
            1
        );
    }
}

const AGAIN: Sight = Sight::Again { by_same_at: None };

/// A use by nobody in particular.
pub(crate) const fn used<'a>(issuer: &'a EntityId, id: &'a str, expires_at: Timestamp) -> Use<'a> {
    Use {
        issuer,
        id,
        by: [0; 32],
        expires_at,
    }
}

pub(crate) async fn r33_a_second_use_by_the_same_one_is_told_from_another_ones(
    store: Arc<impl ReplayGuard>,
) {
    let zoom = sp("zoom");
    let by = |who: u8| Use {
        by: [who; 32],
        ..used(&zoom, "_1", at(300))
    };
    assert_eq!(store.mark(by(1), at(7)).await, Ok(Sight::First));
    let same = Sight::Again {
        by_same_at: Some(at(7)),
    };
    assert_eq!(store.mark(by(1), at(9)).await, Ok(same));
    assert_eq!(store.mark(by(2), at(9)).await, Ok(AGAIN));
    assert_eq!(store.mark(by(0), at(9)).await, Ok(AGAIN));
    assert_eq!(store.mark(by(1), at(11)).await, Ok(same));
    // Nobody is not the same one as nobody.
    let nobody = used(&zoom, "_2", at(300));
    assert_eq!(store.mark(nobody, at(7)).await, Ok(Sight::First));
    assert_eq!(store.mark(nobody, at(8)).await, Ok(AGAIN));
}

pub(crate) async fn r33_a_mark_holds_until_its_end_and_not_at_it(store: Arc<impl ReplayGuard>) {
    let zoom = sp("zoom");
    assert_eq!(
        store.mark(used(&zoom, "_1", at(300)), at(0)).await,
        Ok(Sight::First)
    );
    assert_eq!(
        store.mark(used(&zoom, "_1", at(900)), at(299)).await,
        Ok(AGAIN)
    );
    // A second sight does not make the mark last longer.
    assert_eq!(
        store.mark(used(&zoom, "_1", at(900)), at(300)).await,
        Ok(Sight::First)
    );
    assert_eq!(
        store.mark(used(&zoom, "_1", at(900)), at(899)).await,
        Ok(AGAIN)
    );
}

pub(crate) async fn r33_a_mark_says_nothing_of_another_issuer_or_id(store: Arc<impl ReplayGuard>) {
    let [ab, a] = ["urn:ab", "urn:a"].map(|id| EntityId::parse(id).unwrap());
    for (issuer, id) in [
        (&ab, "_1"),
        (&a, "_1"),
        (&ab, "_2"),
        (&ab, "c"),
        (&a, "bc"),
        (&ab, "_C"),
    ] {
        assert_eq!(
            store.mark(used(issuer, id, at(300)), at(0)).await,
            Ok(Sight::First),
            "{id}"
        );
    }
    assert_eq!(store.mark(used(&ab, "_1", at(300)), at(0)).await, Ok(AGAIN));
}

pub(crate) async fn r33_a_message_whose_time_is_over_is_never_new(store: Arc<impl ReplayGuard>) {
    assert_eq!(
        store.mark(used(&sp("zoom"), "_1", at(300)), at(300)).await,
        Ok(AGAIN)
    );
    assert_eq!(
        store.mark(used(&sp("zoom"), "_2", at(300)), at(900)).await,
        Ok(AGAIN)
    );
}

pub(crate) async fn r33_a_full_store_refuses_and_forgets_nothing(store: Arc<impl ReplayGuard>) {
    let zoom = sp("zoom");
    for n in 0..LIMITS.replay_marks {
        let ends_at = at(100 + i64::from(n));
        assert_eq!(
            store
                .mark(used(&zoom, &format!("_{n}"), ends_at), at(0))
                .await,
            Ok(Sight::First)
        );
    }
    assert_eq!(
        store.mark(used(&zoom, "_new", at(500)), at(99)).await,
        Err(StoreError::Full)
    );
    for n in 0..LIMITS.replay_marks {
        assert_eq!(
            store
                .mark(used(&zoom, &format!("_{n}"), at(500)), at(99))
                .await,
            Ok(AGAIN)
        );
    }
    // One mark has ended: there is room for one more.
    assert_eq!(
        store.mark(used(&zoom, "_new", at(500)), at(100)).await,
        Ok(Sight::First)
    );
    assert_eq!(
        store.mark(used(&zoom, "_newer", at(500)), at(100)).await,
        Err(StoreError::Full)
    );
}

const ALICE: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];

/// Makes attempts until one has to wait; says how many went and until when the last one waits.
async fn exhaust(store: &impl Attempts, key: [u8; 32], now: i64) -> (u32, i64) {
    for gone in 0..1_000 {
        match store.attempt(key, RULE, at(now)).await.unwrap() {
            Verdict::Go => {}
            Verdict::WaitUntil(until) => return (gone, until.as_second()),
        }
    }
    panic!("a thousand attempts went through");
}

pub(crate) async fn r74_of_200_parallel_attempts_the_free_ones_go(
    store: Arc<impl Attempts + 'static>,
) {
    let mut gone = 0;
    for _ in 0..4 {
        let verdicts = together(&store, |store, _| async move {
            store.attempt(ALICE, RULE, at(0)).await.unwrap()
        })
        .await;
        gone += verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::Go)
            .count();
        assert!(verdicts.contains(&Verdict::WaitUntil(at(1))));
    }
    assert_eq!(gone, 5);
}

pub(crate) async fn r74_waits_grow_and_a_wait_is_not_an_attempt(store: Arc<impl Attempts>) {
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    let mut now = 1;
    for wait in [2, 4, 8, 16, 32, 60, 60, 60] {
        assert_eq!(exhaust(&*store, ALICE, now).await, (1, now + wait));
        assert_eq!(
            exhaust(&*store, ALICE, now + wait - 1).await,
            (0, now + wait)
        );
        now += wait;
    }
}

pub(crate) async fn r74_a_clock_that_is_behind_waits_for_what_was_earned_and_no_longer(
    store: Arc<impl Attempts>,
) {
    let (ahead, behind) = (at(120), at(0));
    for number in 0..RULE.free {
        let now = if number % 2 == 0 { ahead } else { behind };
        let verdict = store.attempt(ALICE, RULE, now).await;
        assert_eq!(verdict, Ok(Verdict::Go), "{number}");
    }
    let verdict = store.attempt(ALICE, RULE, behind).await;
    assert_eq!(verdict, Ok(Verdict::WaitUntil(at(1))));
}

pub(crate) async fn r74_a_wait_that_is_over_lets_one_of_many_go(
    store: Arc<impl Attempts + 'static>,
) {
    exhaust(&*store, ALICE, 0).await;
    let verdicts = together(&store, |store, _| async move {
        store.attempt(ALICE, RULE, at(1)).await.unwrap()
    })
    .await;
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::Go)
            .count(),
        1
    );
}

pub(crate) async fn r74_attempts_are_forgotten_one_by_one_and_then_all(store: Arc<impl Attempts>) {
    // 1,000 seconds for five: one in 200 seconds.
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    assert_eq!(exhaust(&*store, ALICE, 199).await, (1, 201));
    assert_eq!(exhaust(&*store, ALICE, 399).await, (1, 401));
    assert_eq!(exhaust(&*store, ALICE, 1_000).await, (3, 1_001));
    assert_eq!(exhaust(&*store, ALICE, 2_000).await, (5, 2_001));
    // All of a longer row are forgotten in the same time.
    for now in [2_001, 2_003, 2_007] {
        assert_eq!(
            exhaust(&*store, BOB, now).await.0,
            if now == 2_001 { 5 } else { 1 }
        );
    }
    assert_eq!(exhaust(&*store, BOB, 3_006).await.0, 3);
    assert_eq!(exhaust(&*store, BOB, 4_006).await.0, 5);
}

pub(crate) async fn r74_a_forgiven_account_starts_anew_and_another_does_not(
    store: Arc<impl Attempts>,
) {
    exhaust(&*store, ALICE, 0).await;
    exhaust(&*store, BOB, 0).await;
    store.forgive(ALICE).await.unwrap();
    assert_eq!(exhaust(&*store, ALICE, 0).await, (5, 1));
    assert_eq!(exhaust(&*store, BOB, 0).await, (0, 1));
}

pub(crate) async fn r74_an_attempt_that_is_taken_back_takes_its_wait_along_and_no_other(
    store: Arc<impl Attempts>,
) {
    exhaust(&*store, ALICE, 0).await;
    // The sixth goes after its wait and is a success: the next need not wait for it.
    assert_eq!(store.attempt(ALICE, RULE, at(1)).await, Ok(Verdict::Go));
    assert_eq!(
        store.attempt(ALICE, RULE, at(2)).await,
        Ok(Verdict::WaitUntil(at(3)))
    );
    store.take_back(ALICE, RULE, at(1)).await.unwrap();
    // The seventh is wrong: it waits as the sixth would have.
    assert_eq!(exhaust(&*store, ALICE, 2).await, (1, 4));
    // A success of long ago does not lift the wait of the wrong one after it.
    store.take_back(ALICE, RULE, at(0)).await.unwrap();
    assert_eq!(
        store.attempt(ALICE, RULE, at(2)).await,
        Ok(Verdict::WaitUntil(at(3)))
    );
    // Nothing is taken back where nothing was counted.
    store.take_back(BOB, RULE, at(0)).await.unwrap();
    assert_eq!(exhaust(&*store, BOB, 2).await, (5, 3));
}

pub(crate) async fn r74_successes_of_a_network_use_nothing_up(store: Arc<impl Attempts>) {
    for _ in 0..4 {
        assert_eq!(store.attempt(ALICE, RULE, at(0)).await, Ok(Verdict::Go));
    }
    for _ in 0..500 {
        assert_eq!(store.attempt(ALICE, RULE, at(0)).await, Ok(Verdict::Go));
        store.take_back(ALICE, RULE, at(0)).await.unwrap();
    }
    assert_eq!(exhaust(&*store, ALICE, 0).await, (1, 1));
}

pub(crate) async fn r74_a_full_store_still_counts_the_newest_name(store: Arc<impl Attempts>) {
    for n in 0..LIMITS.attempts * 4 {
        let now = i64::from(n);
        assert_eq!(exhaust(&*store, key(n).0, now).await, (5, now + 1), "{n}");
        assert_eq!(exhaust(&*store, key(n).0, now).await, (0, now + 1), "{n}");
    }
}

pub(crate) fn step(end: &str) -> StoryStep {
    StoryStep {
        at: at(1),
        node: "one".to_owned(),
        sp: Some(ShortName::parse("zoom").unwrap()),
        is_trial: false,
        person: Some("zoe".to_owned()),
        session: None,
        end: end.to_owned(),
        stop: None,
        decisions: vec!["Request signature: verified".to_owned()].into(),
    }
}

pub(crate) fn code(number: u8) -> SupportCode {
    SupportCode::of([number; 5])
}

/// Kept for so long, as an end or not.
pub(crate) fn keeping(until: i64, unfinished_until: Option<i64>) -> Keeping {
    Keeping {
        until: at(until),
        at_first_until: unfinished_until.map(at),
        is_end: unfinished_until.is_none(),
    }
}

async fn ends(store: &impl Stories, of: SupportCode, now: i64) -> Vec<String> {
    let steps = store.story(of, at(now)).await.unwrap();
    steps.into_iter().map(|step| step.end).collect()
}

pub(crate) async fn a_story_has_its_steps_in_their_order_under_its_code_alone(
    store: Arc<impl Stories>,
) {
    let kept = keeping(9_000, None);
    for end in ["asked", "refused", "answered"] {
        store
            .add_to_story(code(1), &step(end), kept, at(1))
            .await
            .unwrap();
    }
    store
        .add_to_story(code(2), &step("stopped"), kept, at(1))
        .await
        .unwrap();
    let steps = store.story(code(1), at(2)).await.unwrap();
    assert_eq!(steps, ["asked", "refused", "answered"].map(step));
    assert_eq!(ends(&*store, code(2), 2).await, ["stopped"]);
    assert_eq!(ends(&*store, code(3), 2).await, [""; 0]);
}

pub(crate) async fn a_story_is_kept_until_its_end_and_an_unfinished_one_for_less(
    store: Arc<impl Stories>,
) {
    let unfinished = keeping(9_000, Some(100));
    for number in [1, 2] {
        store
            .add_to_story(code(number), &step("asked"), unfinished, at(0))
            .await
            .unwrap();
    }
    let kept = keeping(8_000, None);
    store
        .add_to_story(code(2), &step("answered"), kept, at(50))
        .await
        .unwrap();
    assert_eq!(ends(&*store, code(1), 99).await, ["asked"]);
    assert_eq!(ends(&*store, code(1), 100).await, [""; 0]);
    // What came before the end stays as long as that, and a later step shortens nothing.
    store
        .add_to_story(code(2), &step("asked"), keeping(9_000, Some(200)), at(60))
        .await
        .unwrap();
    assert_eq!(
        ends(&*store, code(2), 7_999).await,
        ["asked", "answered", "asked"]
    );
    assert_eq!(ends(&*store, code(2), 8_000).await, [""; 0]);
    // A code that comes again much later begins anew.
    store
        .add_to_story(code(1), &step("stopped"), kept, at(500))
        .await
        .unwrap();
    assert_eq!(ends(&*store, code(1), 500).await, ["stopped"]);
}

pub(crate) async fn of_many_who_add_to_one_story_each_adds_a_step(
    store: Arc<impl Stories + 'static>,
) {
    let kept = keeping(9_000, None);
    let added = together(&store, |store, number| async move {
        let step = step(&number.to_string());
        store.add_to_story(code(1), &step, kept, at(1)).await
    })
    .await;
    assert!(added.iter().all(Result::is_ok));
    let ends: HashSet<_> = ends(&*store, code(1), 2).await.into_iter().collect();
    assert_eq!(ends.len(), CALLERS);
}

pub(crate) async fn r122_a_story_takes_no_more_than_it_may_and_its_end_has_a_place(
    store: Arc<impl Stories>,
) {
    let mut large = step("asked");
    large.decisions = vec!["x".repeat(4_000)].into();
    let unfinished = keeping(9_000, Some(9_000));
    let mut added = 0;
    while store
        .add_to_story(code(1), &large, unfinished, at(1))
        .await
        .is_ok()
    {
        added += 1;
        assert!(added < 10);
    }
    assert!(added > 3, "{added}");
    let refused = store.add_to_story(code(1), &large, unfinished, at(1)).await;
    assert_eq!(refused, Err(StoreError::Full));
    large.end = "answered".to_owned();
    store
        .add_to_story(code(1), &large, keeping(9_000, None), at(1))
        .await
        .unwrap();
    let ends = ends(&*store, code(1), 2).await;
    assert_eq!(
        (ends.len(), &**ends.last().unwrap()),
        (added + 1, "answered")
    );
}

pub(crate) async fn r122_a_full_store_forgets_the_stories_that_end_first_and_takes_the_newest(
    store: Arc<impl Stories>,
) {
    let mut large = step("stopped");
    large.decisions = vec!["x".repeat(2_000)].into();
    // One that somebody needs, and those of people who begin sign-ins that nobody ends.
    store
        .add_to_story(code(0), &large, keeping(9_000, None), at(0))
        .await
        .unwrap();
    for number in 1..200 {
        let begun = keeping(9_000, Some(3_600 + i64::from(number)));
        store
            .add_to_story(code(number), &large, begun, at(1))
            .await
            .unwrap();
        assert_eq!(ends(&*store, code(number), 1).await.len(), 1);
    }
    assert_eq!(ends(&*store, code(0), 1).await, ["stopped"]);
    let mut left = 0;
    for number in 1..200 {
        left += ends(&*store, code(number), 1).await.len();
    }
    assert!((10..25).contains(&left), "{left}");
    // What has ended makes room by itself.
    for number in 0..200 {
        store
            .add_to_story(
                code(number),
                &step("later"),
                keeping(20_000, None),
                at(10_000),
            )
            .await
            .unwrap();
    }
    assert_eq!(ends(&*store, code(199), 10_000).await, ["later"]);
}
