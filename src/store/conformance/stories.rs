//! Stories of sign-ins.

use std::{collections::HashSet, ops::Range, sync::Arc};

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
        began_under: None,
    }
}

pub(crate) fn code(number: u8) -> SupportCode {
    SupportCode::of([number; 5])
}

/// Kept for so long: the end of a sign-in of somebody who has proven who they are.
pub(crate) fn keeping(until: i64) -> Keeping {
    Keeping {
        until: at(until),
        is_proven: true,
        is_end: true,
    }
}

/// Kept for so long: a step before that, which is no end.
pub(crate) fn begun(until: i64) -> Keeping {
    Keeping {
        is_proven: false,
        is_end: false,
        ..keeping(until)
    }
}

async fn ends(store: &impl Stories, of: SupportCode, now: i64) -> Vec<String> {
    let steps = store.story(of, at(now)).await.unwrap();
    steps.into_iter().map(|step| step.end).collect()
}

pub(crate) async fn a_story_has_its_steps_in_their_order_under_its_code_alone(
    store: Arc<impl Stories>,
) {
    let kept = keeping(9_000);
    let mut told = ["asked", "refused", "answered"].map(step);
    told[0].began_under = Some(code(9));
    for step in &told {
        let added = store.add_to_story(code(1), step, kept, at(1)).await;
        assert_eq!(added, Ok(()));
    }
    store
        .add_to_story(code(2), &step("stopped"), kept, at(1))
        .await
        .unwrap();
    let steps = store.story(code(1), at(2)).await.unwrap();
    assert_eq!(steps, told);
    assert_eq!(ends(&*store, code(2), 2).await, ["stopped"]);
    assert_eq!(ends(&*store, code(3), 2).await, [""; 0]);
}

pub(crate) async fn a_story_is_kept_whole_until_a_step_ends_and_not_past_the_last_one(
    store: Arc<impl Stories>,
) {
    let add = async |number, end, keeping, now| {
        let step = step(end);
        let added = store.add_to_story(code(number), &step, keeping, at(now));
        added.await.unwrap();
    };
    add(1, "asked", begun(100), 0).await;
    add(2, "asked", begun(8_000), 0).await;
    add(2, "answered", keeping(9_000), 50).await;
    add(2, "asked", begun(8_500), 60).await;
    assert_eq!(ends(&*store, code(1), 99).await, ["asked"]);
    assert_eq!(ends(&*store, code(1), 100).await, [""; 0]);
    let whole = ["asked", "answered", "asked"];
    assert_eq!(ends(&*store, code(2), 7_999).await, whole);
    let last = ends(&*store, code(2), 8_999).await;
    assert!(last.iter().any(|end| end == "answered"), "{last:?}");
    assert_eq!(ends(&*store, code(2), 9_000).await, [""; 0]);
    // A code that comes again much later begins anew.
    store
        .add_to_story(code(1), &step("stopped"), keeping(8_000), at(500))
        .await
        .unwrap();
    assert_eq!(ends(&*store, code(1), 500).await, ["stopped"]);
}

pub(crate) async fn of_many_who_add_to_one_story_each_adds_a_step(
    store: Arc<impl Stories + 'static>,
) {
    let kept = keeping(9_000);
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
    let unfinished = begun(9_000);
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
        .add_to_story(code(1), &large, keeping(9_000), at(1))
        .await
        .unwrap();
    let ends = ends(&*store, code(1), 2).await;
    assert_eq!(
        (ends.len(), &**ends.last().unwrap()),
        (added + 1, "answered")
    );
}

/// Adds these, each kept as its number says.
async fn many(
    store: &impl Stories,
    numbers: impl Iterator<Item = u8>,
    keeping: impl Fn(i64) -> Keeping,
) {
    let mut large = step("stopped");
    large.decisions = vec!["x".repeat(2_000)].into();
    for number in numbers {
        store
            .add_to_story(code(number), &large, keeping(i64::from(number)), at(1))
            .await
            .unwrap();
        assert_eq!(ends(store, code(number), 1).await.len(), 1, "{number}");
    }
}

/// Which of them are left.
async fn left(store: &impl Stories, numbers: Range<u8>) -> Vec<u8> {
    let mut left = Vec::new();
    for number in numbers {
        if !ends(store, code(number), 1).await.is_empty() {
            left.push(number);
        }
    }
    left
}

pub(crate) async fn r122_a_full_store_forgets_the_stories_that_end_first_and_takes_the_newest(
    store: Arc<impl Stories>,
) {
    many(&*store, 0..100, |n| keeping(9_000 + n)).await;
    let kept = left(&*store, 0..100).await;
    assert!((15..25).contains(&kept.len()), "{kept:?}");
    assert_eq!(kept.last(), Some(&99));
    assert!(kept.is_sorted_by(|one, next| one + 1 == *next), "{kept:?}");
    // What has ended makes room by itself.
    for number in 0..200 {
        store
            .add_to_story(code(number), &step("later"), keeping(20_000), at(10_000))
            .await
            .unwrap();
    }
    assert_eq!(ends(&*store, code(199), 10_000).await, ["later"]);
}

pub(crate) async fn r122_whoever_has_proven_nothing_pushes_out_half_of_the_stories_and_is_pushed_out_of_half(
    store: Arc<impl Stories>,
) {
    // Each kind has all the room that the other one leaves.
    many(&*store, 0..100, |n| keeping(3_000 + n)).await;
    let all = left(&*store, 0..100).await.len();
    let is_half = |count: usize| assert!(count.abs_diff(all / 2) <= 2, "{count} of {all}");
    // Anybody brings about as many as they like, also of those that end later than all that is there.
    many(&*store, 100..200, |_| begun(5_000)).await;
    is_half(left(&*store, 0..100).await.len());
    let others = left(&*store, 100..200).await;
    is_half(others.len());
    // Nor are those pushed out that the help desk is asked about, by the many who are let in.
    many(&*store, 200..250, |n| keeping(4_000 + n)).await;
    assert_eq!(left(&*store, 100..200).await, others);
    let proven = left(&*store, 200..250).await;
    is_half(proven.len());
    assert_eq!(left(&*store, 0..100).await, [0; 0]);
    // One of somebody who then proves who they are is one of theirs, with all that came before and comes after: of the
    // others it would be the first to go.
    let known = others[others.len() / 2];
    for (end, keeping) in [("answered", keeping(4_999)), ("asked", begun(4_999))] {
        let step = step(end);
        let added = store.add_to_story(code(known), &step, keeping, at(1));
        added.await.unwrap();
    }
    let gone = (0..250).filter(|number| !others.contains(number) && !proven.contains(number));
    many(&*store, gone, |_| begun(6_000)).await;
    let steps = ends(&*store, code(known), 1).await;
    assert_eq!(steps, ["stopped", "answered", "asked"]);
    let kept = left(&*store, 200..250).await.len();
    assert!(kept + 2 >= proven.len(), "{kept} of {}", proven.len());
}
