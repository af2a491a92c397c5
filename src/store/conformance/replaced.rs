//! Sessions that take the place of others.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{CALLERS, at, begin, key, participant, session, together};
use crate::model::{
    session::Session,
    store::{Sessions, Standing},
};

/// A session of somebody, of whom these were told.
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
