use super::*;
use crate::{
    config::sections::Encrypt,
    metadata::{
        outline::tests::with,
        read::tests::{config, now},
    },
    model::vocab,
};

/// What becomes of `text` where `counting` counts.
fn judged(text: &str, counting: Option<&str>) -> Verdict {
    let counting = Ok(counting.map(|counting| counting.as_bytes().to_vec()));
    let there = There::of(&counting, None);
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
        (with("", &["a"], &["one", "two"]), Verdict::Held),
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

/// A group of the entity of `text` and of so many others, of which nothing is read.
fn group(text: &str, others: usize) -> String {
    let others: Vec<_> = (0..others)
        .map(|number| format!("<md:EntityDescriptor entityID='https://{number}.example'/>"))
        .collect();
    let others = others.concat();
    format!(
        "<md:EntitiesDescriptor xmlns:md='{}'>{others}{text}</md:EntitiesDescriptor>",
        vocab::MD
    )
}

#[test]
fn r91_a_group_that_lost_more_than_a_tenth_of_its_entities_is_held() {
    let one = with("", &["a"], &["one"]);
    let counting = group(&one, 19);
    for (text, verdict) in [
        (group(&one, 25), Verdict::New),
        (group(&one, 17), Verdict::New),
        (group(&one, 16), Verdict::Held),
        (group(&one, 0), Verdict::Held),
        (one.clone(), Verdict::Held),
    ] {
        assert_eq!(judged(&text, Some(&counting)), verdict, "{text}");
    }
}

#[test]
fn r91_another_key_or_method_to_encrypt_with_is_held_though_nothing_is_encrypted_today() {
    let shipped = include_str!("../../metadata/zoom.xml");
    let plain = include_str!("../../tests/fixtures/metadata/valid/plain.xml");
    let in_clear = SpConfig {
        encrypt: Encrypt::Never,
        ..config()
    };
    let counting = Ok(Some(shipped.as_bytes().to_vec()));
    let there = There::of(&counting, None);
    let judged = |text: &str| judge(text.as_bytes(), &in_clear, Schemes::HttpsOnly, there, now());
    let encryption = "<md:KeyDescriptor use=\"encryption\">";
    let (before, there) = shipped.split_once(encryption).unwrap();
    let (there, after) = there.split_once("</md:KeyDescriptor>").unwrap();
    let other = plain.split_once("<ds:KeyInfo>").unwrap().1;
    let other = other.split_once("</ds:KeyInfo>").unwrap().0;
    let other = format!("<ds:KeyInfo>{other}</ds:KeyInfo>");
    let weaker = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>";
    for (keys, verdict) in [
        (vec![there.to_owned(), other.clone()], Verdict::New),
        (vec![other, there.to_owned()], Verdict::Held),
        (vec![format!("{there}{weaker}")], Verdict::Held),
        (vec![], Verdict::Held),
    ] {
        let keys: Vec<_> = { keys.iter() }
            .map(|key| format!("{encryption}{key}</md:KeyDescriptor>"))
            .collect();
        let keys = keys.concat();
        assert_eq!(judged(&format!("{before}{keys}{after}")), verdict, "{keys}");
    }
}

#[test]
fn r91_a_certificate_that_somebody_looked_at_for_signing_is_held_no_second_time_to_encrypt_with() {
    let shipped = include_str!("../../metadata/zoom.xml");
    let plain = include_str!("../../tests/fixtures/metadata/valid/plain.xml");
    let certificate = |text: &str| {
        let (_, after) = text.split_once("<ds:X509Certificate>").unwrap();
        after
            .split_once("</ds:X509Certificate>")
            .unwrap()
            .0
            .to_owned()
    };
    let (before, rest) = shipped.split_once("<md:KeyDescriptor").unwrap();
    let (_, after) = rest.rsplit_once("</md:KeyDescriptor>").unwrap();
    let certificates = [shipped, plain].map(certificate);
    let [a, b] = [0, 1];
    let zoom = |signing: &[usize], encryption: &[usize], method: &str| {
        let descriptor = |key_use: &str, key: &usize| {
            let certificate = &certificates[*key];
            format!(
                "<md:KeyDescriptor use=\"{key_use}\"><ds:KeyInfo xmlns:ds=\"{}\"><ds:X509Data><ds:X509Certificate>\
                 {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{method}</md:KeyDescriptor>",
                vocab::DS
            )
        };
        let signing = signing.iter().map(|key| descriptor("signing", key));
        let encryption = encryption.iter().map(|key| descriptor("encryption", key));
        let keys: String = signing.chain(encryption).collect();
        format!("{before}{keys}{after}")
    };
    let config = SpConfig {
        encrypt: Encrypt::Never,
        ..config()
    };
    let judged = |old: &str, new: &str| {
        let counting = Ok(Some(old.as_bytes().to_vec()));
        let there = There::of(&counting, None);
        judge(new.as_bytes(), &config, Schemes::HttpsOnly, there, now())
    };
    let [first, second, third, last] = [
        zoom(&[a], &[a], ""),
        zoom(&[a, b], &[a], ""),
        zoom(&[a, b], &[b], ""),
        zoom(&[b], &[b], ""),
    ];
    assert_eq!(judged(&first, &second), Verdict::Held);
    assert_eq!(judged(&second, &third), Verdict::New);
    assert_eq!(judged(&third, &last), Verdict::New);
    // One that nobody looked at, or another method, or none any more.
    let weaker = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>";
    assert_eq!(judged(&first, &zoom(&[a], &[b], "")), Verdict::Held);
    assert_eq!(judged(&second, &zoom(&[a, b], &[b], weaker)), Verdict::Held);
    assert_eq!(judged(&second, &zoom(&[a, b], &[], "")), Verdict::Held);
    // Nor in two steps: to stand beside the other key for encryption is no reason to be taken in its place.
    let beside = zoom(&[a], &[a, b], "");
    assert_eq!(judged(&first, &beside), Verdict::New);
    assert_eq!(judged(&beside, &zoom(&[a], &[b], "")), Verdict::Held);
    assert_eq!(judged(&beside, &zoom(&[a], &[b, a], "")), Verdict::Held);
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
    let counting = Ok(Some(one.as_bytes().to_vec()));
    let there = There::of(&counting, Some(two.as_bytes()));
    let judged = |text: &str| judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
    assert_eq!(judged(&two), Verdict::Refused);
    assert_eq!(judged(&with("", &["b"], &["two"])), Verdict::Held);
    assert_eq!(judged(&one), Verdict::Known);
}

#[test]
fn r91_what_was_refused_is_refused_whenever_it_ends_whatever_its_id_and_whoever_signed_it() {
    let one = with("", &["a"], &["one"]);
    let refused = with(
        "ID='_1' validUntil='2026-12-24T00:00:00Z'",
        &["a"],
        &["two"],
    );
    let counting = Ok(Some(one.clone().into_bytes()));
    let lost = Err(io::Error::other("gone"));
    let signature = format!(
        "<ds:Signature xmlns:ds='{}'/><md:SPSSODescriptor ",
        vocab::DS
    );
    let two = |attributes: &str| with(attributes, &["a"], &["two"]);
    let role = |text: &str| two("").replacen("<md:SPSSODescriptor ", text, 1);
    for (text, verdict) in [
        (two(""), Verdict::Refused),
        (two("ID='_2'"), Verdict::Refused),
        (two("validUntil='2026-12-31T00:00:00Z'"), Verdict::Refused),
        (two("cacheDuration='PT6H'"), Verdict::Refused),
        (
            role("<md:SPSSODescriptor ID='_3' cacheDuration='PT1H' "),
            Verdict::Refused,
        ),
        (role(&signature), Verdict::Refused),
        (group(&two("ID='_4'"), 3), Verdict::Refused),
        // Whatever else is other in it has somebody look at it.
        (with("", &["a"], &["two again"]), Verdict::Held),
        (with("", &["a"], &["one", "two"]), Verdict::Held),
        (with("", &["a", "b"], &["two"]), Verdict::Held),
        (
            role("<md:SPSSODescriptor WantAssertionsSigned='true' "),
            Verdict::Held,
        ),
    ] {
        for counting in [&counting, &lost] {
            let there = There::of(counting, Some(refused.as_bytes()));
            let judged = judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
            assert_eq!(judged, verdict, "{text}");
        }
    }
}

#[test]
fn r91_a_group_that_was_refused_for_what_it_lost_is_held_again_with_any_other_number() {
    let one = with("", &["a"], &["one"]);
    let counting = Ok(Some(group(&one, 99).into_bytes()));
    let refused = group(&one, 39);
    let there = There::of(&counting, Some(refused.as_bytes()));
    let judged = |text: &str| judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
    let again = group(&with("ID='_2'", &["a"], &["one"]), 39);
    assert_eq!(judged(&again), Verdict::Refused);
    assert_eq!(judged(&group(&one, 85)), Verdict::Held);
    assert_eq!(judged(&group(&one, 3)), Verdict::Held);
    assert_eq!(judged(&group(&one, 95)), Verdict::New);
}

#[test]
fn r91_what_was_refused_for_its_end_is_taken_once_it_ends_later() {
    let of = |end: &str| with(&format!("validUntil='{end}'"), &["a"], &["one"]);
    let counting = Ok(Some(of("2026-12-24T00:00:00Z").into_bytes()));
    let soon = of("2026-11-26T12:00:00Z");
    let there = There::of(&counting, Some(soon.as_bytes()));
    let judged = |text: &str| judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
    assert_eq!(judged(&of("2026-11-26T13:00:00Z")), Verdict::Refused);
    assert_eq!(judged(&of("2027-01-24T00:00:00Z")), Verdict::New);
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

#[test]
fn r91_a_version_in_the_place_of_one_that_nobody_can_read_is_held_or_refused_and_never_the_first() {
    let [one, two] = ["one", "two"].map(|key| with("", &["a"], &[key]));
    let counting = Err(io::Error::other("gone"));
    let there = There::of(&counting, Some(two.as_bytes()));
    let judged = |text: &str| judge(text.as_bytes(), &config(), Schemes::HttpsOnly, there, now());
    assert_eq!(judged(&one), Verdict::Held);
    assert_eq!(judged(&two), Verdict::Refused);
    assert_eq!(judged(""), Verdict::Unusable(SourceState::Unusable));
}
