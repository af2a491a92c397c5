//! Who takes part in a session, to the end of it.

use std::sync::Arc;

use super::{CALLERS, at, key, participant, session, together};
use crate::model::store::{Sessions, Standing};

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
