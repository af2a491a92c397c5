//! CAS tickets, and sessions that end by theirs.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{AGAIN, LIMITS, at, begin, key, session, together};
use crate::model::{
    session::Session,
    store::{Sessions, Sight, Standing, StoreError},
};

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

pub(crate) async fn r63_r122_a_ticket_that_is_forgotten_takes_no_room_and_is_as_one_that_nobody_brought(
    store: Arc<impl Sessions>,
) {
    let bring = async |ticket: u8| store.bring_ticket([ticket; 32], at(300), at(0)).await;
    for made_up in 0..u8::MAX {
        assert_eq!(bring(made_up).await, Ok(Sight::First));
        store.forget_ticket([made_up; 32]).await.unwrap();
    }
    assert_eq!(bring(1).await, Ok(Sight::First));
    assert_eq!(bring(2).await, Ok(Sight::First));
    for ticket in [1, 2] {
        assert_eq!(store.end_by_ticket([ticket; 32], at(1)).await, Ok(None));
    }
    store.forget_ticket([2; 32]).await.unwrap();
    // What was told of it is forgotten with it, and nothing that was told of another one.
    for (ticket, standing) in [(1, Standing::Ended), (2, Standing::Lives)] {
        assert_eq!(store.sign_in_of([ticket; 32], at(2)).await, Ok(standing));
    }
    assert_eq!(bring(1).await, Ok(AGAIN));
    assert_eq!(bring(2).await, Ok(Sight::First));
    assert_eq!(store.sign_in_of([2; 32], at(2)).await, Ok(Standing::Lives));
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
