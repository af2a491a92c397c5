//! Sessions by themselves: how long one lives, who ends it, who is shown it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{CALLERS, LIMITS, at, key, participant, session, together};
use crate::model::{
    session::SessionKey,
    store::{Seen, Sessions, Standing},
    support_code::SupportCode,
};

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
