use super::*;
use crate::metadata::{
    outline::tests::with,
    read::tests::{config, now},
};

/// What becomes of `text` where `counting` counts.
fn judged(text: &str, counting: Option<&str>) -> Verdict {
    let there = There {
        counting: counting.map(str::as_bytes),
        refused: None,
    };
    judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now())
}

#[test]
fn r91_a_version_is_taken_unless_it_could_take_the_sign_ins_of_everybody() {
    let one = with("", &["a"], &["one"]);
    assert_eq!(judged(&one, None), Verdict::New);
    assert_eq!(judged(&one, Some(&one)), Verdict::Known);
    for (text, verdict) in [
        (
            with("validUntil='2027-01-01T00:00:00Z'", &["a"], &["one"]),
            Verdict::New,
        ),
        (with("", &["a"], &["one", "two"]), Verdict::New),
        (with("", &["a"], &["two"]), Verdict::Held),
        (with("", &["b"], &["one"]), Verdict::Held),
        (with("", &["a", "b"], &["one"]), Verdict::Held),
        (
            one.replace("https://sp.example'", "https://other.example'"),
            Verdict::Held,
        ),
    ] {
        assert_eq!(judged(&text, Some(&one)), verdict, "{text}");
    }
    // With nothing to compare with, any change could be in it.
    assert_eq!(judged(&one, Some("<x/>")), Verdict::Held);
}

#[test]
fn r91_an_end_that_is_over_makes_a_version_no_less_comparable() {
    let ended = with("validUntil='2026-11-01T00:00:00Z'", &["a"], &["one"]);
    assert_eq!(
        judged(&with("", &["a"], &["one"]), Some(&ended)),
        Verdict::New
    );
    assert_eq!(
        judged(&with("", &["a"], &["two"]), Some(&ended)),
        Verdict::Held
    );
}

#[test]
fn r91_what_was_refused_is_refused_again_and_nothing_else_is() {
    let [one, two] = ["one", "two"].map(|key| with("", &["a"], &[key]));
    let there = There {
        counting: Some(one.as_bytes()),
        refused: Some(two.as_bytes()),
    };
    let judged = |text: &str| judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
    assert_eq!(judged(&two), Verdict::Refused);
    assert_eq!(judged(&with("", &["b"], &["two"])), Verdict::Held);
    assert_eq!(judged(&one), Verdict::Known);
}

#[test]
fn r90_what_cannot_be_used_is_told_by_why() {
    let one = with("", &["a"], &["one"]);
    let ended = with("validUntil='2026-11-01T00:00:00Z'", &["a"], &["one"]);
    let unusable = |state| Verdict::Unusable(state);
    for counting in [None, Some(&*one)] {
        assert_eq!(judged(&ended, counting), unusable(SourceState::Expired));
        assert_eq!(judged("", counting), unusable(SourceState::Unusable));
        let without = with("", &[], &["one"]);
        assert_eq!(judged(&without, counting), unusable(SourceState::Unusable));
    }
    let there = There::default();
    let asked = |config: &SpConfig| judge(one.as_bytes(), config, Schemes::HttpsOnly, there, now());
    let other = SpConfig {
        entity_id: Some("https://x.example".to_owned().try_into().unwrap()),
        ..config()
    };
    assert_eq!(asked(&other), unusable(SourceState::OtherEntity));
    let pinned = SpConfig {
        metadata_signed_by: Some(b"none".to_vec()),
        ..config()
    };
    assert_eq!(asked(&pinned), unusable(SourceState::Unsigned));
}
