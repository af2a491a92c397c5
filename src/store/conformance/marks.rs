//! Marks of what was used.

use std::sync::Arc;

use jiff::Timestamp;

use super::{AGAIN, LIMITS, at, together};
use crate::model::{
    entity_id::EntityId,
    store::{ReplayGuard, Sight, StoreError, Use},
};

fn sp(name: &str) -> EntityId {
    EntityId::parse(&format!("https://{name}.example/")).unwrap()
}

pub(crate) async fn r33_of_many_first_sights_one_is_the_first(
    store: Arc<impl ReplayGuard + 'static>,
) {
    for round in 0..10 {
        let sights = together(&store, |store, _| async move {
            store
                .mark(
                    used_by_somebody(&sp("zoom"), &format!("_{round}"), at(500)),
                    at(0),
                )
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

/// A use by nobody in particular.
pub(crate) const fn used<'a>(issuer: &'a EntityId, id: &'a str, expires_at: Timestamp) -> Use<'a> {
    Use {
        issuer,
        id,
        by: Use::NOBODY,
        expires_at,
    }
}

/// A use by somebody, always the same.
pub(crate) const fn used_by_somebody<'a>(
    issuer: &'a EntityId,
    id: &'a str,
    expires_at: Timestamp,
) -> Use<'a> {
    Use {
        by: [1; 32],
        ..used(issuer, id, expires_at)
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

pub(crate) async fn r33_what_nobody_in_particular_has_used_leaves_room_for_the_others(
    store: Arc<impl ReplayGuard>,
) {
    let (zoom, half) = (sp("zoom"), LIMITS.replay_marks / 2);
    let by = |who: [u8; 32], id: &str| {
        let (store, zoom, id) = (Arc::clone(&store), zoom.clone(), id.to_owned());
        async move {
            let used = Use {
                by: who,
                ..used(&zoom, &id, at(500))
            };
            store.mark(used, at(0)).await
        }
    };
    for n in 0..half {
        let first = by(Use::NOBODY, &format!("_{n}")).await;
        assert_eq!(first, Ok(Sight::First));
    }
    let more = by(Use::NOBODY, "_new").await;
    assert_eq!(more, Err(StoreError::Full));
    // None of it is forgotten, and people have the other half.
    assert_eq!(by(Use::NOBODY, "_0").await, Ok(AGAIN));
    for n in half..LIMITS.replay_marks {
        let first = by([1; 32], &format!("_{n}")).await;
        assert_eq!(first, Ok(Sight::First));
    }
    assert_eq!(by([1; 32], "_new").await, Err(StoreError::Full));
}

pub(crate) async fn r33_a_full_store_refuses_and_forgets_nothing(store: Arc<impl ReplayGuard>) {
    let zoom = sp("zoom");
    let again = Sight::Again {
        by_same_at: Some(at(0)),
    };
    for n in 0..LIMITS.replay_marks {
        let ends_at = at(100 + i64::from(n));
        assert_eq!(
            store
                .mark(used_by_somebody(&zoom, &format!("_{n}"), ends_at), at(0))
                .await,
            Ok(Sight::First)
        );
    }
    assert_eq!(
        store
            .mark(used_by_somebody(&zoom, "_new", at(500)), at(99))
            .await,
        Err(StoreError::Full)
    );
    for n in 0..LIMITS.replay_marks {
        assert_eq!(
            store
                .mark(used_by_somebody(&zoom, &format!("_{n}"), at(500)), at(99))
                .await,
            Ok(again)
        );
    }
    // One mark has ended: there is room for one more.
    assert_eq!(
        store
            .mark(used_by_somebody(&zoom, "_new", at(500)), at(100))
            .await,
        Ok(Sight::First)
    );
    assert_eq!(
        store
            .mark(used_by_somebody(&zoom, "_newer", at(500)), at(100))
            .await,
        Err(StoreError::Full)
    );
}
