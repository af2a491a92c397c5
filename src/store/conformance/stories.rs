//! Stories of sign-ins.

use std::{collections::HashSet, sync::Arc};

use super::{CALLERS, at, together};
use crate::model::{
    short_name::ShortName,
    store::{StoreError, Stories},
    story::{Keeping, StoryStep},
    support_code::SupportCode,
};

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
