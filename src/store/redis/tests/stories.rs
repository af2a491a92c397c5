//! The stories of sign-ins in a server: sealed, named under a secret, and within their bound whatever anybody else writes.

use super::*;

#[tokio::test]
async fn r126_r121_a_story_is_sealed_in_its_place_and_leaves_with_its_time() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let kept = conformance::stories::keeping(9_000);
    for number in [1, 2] {
        let (code, step) = (
            conformance::stories::code(number),
            conformance::stories::step("answered"),
        );
        store.add_to_story(code, &step, kept, at(0)).await.unwrap();
    }
    let steps = "passerelle:{stories}:steps";
    let all: Vec<(Vec<u8>, Vec<u8>)> = stranger.hgetall(steps).unwrap();
    let stories: Vec<_> = { all.iter() }.filter(|(id, _)| id != b"bytes").collect();
    let [(one, of_one), (other, of_other)] = &stories[..] else {
        panic!("{}", all.len())
    };
    for word in ["zoe", "zoom", "answered", "verified"] {
        assert!(
            !of_one.windows(word.len()).any(|at| at == word.as_bytes()),
            "{word}"
        );
    }
    let sizes = of_one.len() + of_other.len() + 2 * OVERHEAD;
    let counted: usize = stranger.hget(steps, "bytes").unwrap();
    assert_eq!(counted, sizes);
    // The server sweeps them away some minutes after the last of them has ended.
    for key in [steps, "passerelle:{stories}:ends"] {
        let left: i64 = stranger.pttl(key).unwrap();
        assert!((9_000_000..9_700_000).contains(&left), "{left}");
    }
    assert_eq!(stranger.hget(steps, "others"), Ok(None::<u64>));
    let () = stranger.hset(steps, one, of_other).unwrap();
    let () = stranger.hset(steps, other, of_one).unwrap();
    for number in [1, 2] {
        let read = store.story(conformance::stories::code(number), at(1)).await;
        assert_eq!(read, Err(StoreError::Forged));
    }
    assert_eq!(store.record().refused, 2);
    // More than a story may be is not taken into memory as one.
    let () = stranger.hset(steps, one, vec![b'x'; 40_000]).unwrap();
    let () = stranger.hset(steps, other, vec![b'x'; 40_000]).unwrap();
    for number in [1, 2] {
        let read = store.story(conformance::stories::code(number), at(1)).await;
        assert_eq!(read, Err(StoreError::Forged));
    }
}

#[tokio::test]
async fn r122_what_is_said_to_be_held_of_stories_is_what_is_held_whatever_comes_and_goes() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let keys = ["ends", "others", "steps"].map(|name| format!("passerelle:{{stories}}:{name}"));
    let held = |stranger: &mut Connection| {
        let all: BTreeMap<Vec<u8>, Vec<u8>> = stranger.hgetall(&keys[2]).unwrap();
        let piles = [&keys[0], &keys[1]].map(|key| -> Vec<Vec<u8>> {
            { stranger.zrange::<_, Vec<Vec<u8>>>(key, 0, -1) }.unwrap()
        });
        // Each stands in one pile, and in none is what is not there.
        let said = ["bytes", "others"].map(str::as_bytes);
        let stories = all
            .keys()
            .filter(|id| !said.contains(&id.as_slice()))
            .count();
        assert_eq!(piles.iter().map(Vec::len).sum::<usize>(), stories);
        let sizes = piles.map(|pile| -> usize {
            let sizes = pile.iter().map(|id| all[id].len() + OVERHEAD);
            sizes.sum()
        });
        let told = said.map(|field| {
            let told = all.get(field).map_or(Ok("0"), |told| str::from_utf8(told));
            told.unwrap().parse::<usize>().unwrap()
        });
        assert_eq!(told, sizes);
        assert!(sizes[0] + sizes[1] <= usize::try_from(LIMITS.story_bytes).unwrap());
        let lasts: [i64; 3] = keys.each_ref().map(|key| stranger.pttl(key).unwrap());
        // Those of a pile with nothing in it need not be there.
        let there: Vec<_> = lasts.iter().filter(|left| **left > 0).collect();
        let apart = there
            .iter()
            .max()
            .unwrap()
            .abs_diff(**there.iter().min().unwrap());
        assert!(apart < 1_000, "{lasts:?}");
        sizes
    };
    let mut has_been = [false; 2];
    for round in 0..400_i64 {
        // Some come once more, and some later as those of somebody who has proven who they are.
        let number = u8::try_from(round * 7 % 61).unwrap();
        let kept = match round % 5 {
            0 | 3 => conformance::stories::keeping(round * 3 + 200),
            _ => conformance::stories::begun(round + 50),
        };
        let mut step = conformance::stories::step("asked");
        let some = usize::try_from(round % 9 * 300).unwrap();
        step.decisions = vec!["x".repeat(some)].into();
        let code = conformance::stories::code(number);
        let added = store.add_to_story(code, &step, kept, at(round)).await;
        assert!(matches!(added, Ok(()) | Err(StoreError::Full)), "{added:?}");
        let held = held(&mut stranger);
        has_been = [0, 1].map(|pile| has_been[pile] || held[pile] > 0);
    }
    assert_eq!(has_been, [true; 2]);
}

#[tokio::test]
async fn r122_r126_whatever_somebody_else_says_is_held_of_stories_counts_within_what_so_many_may_be()
 {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let keys = ["ends", "others", "steps"].map(|name| format!("passerelle:{{stories}}:{name}"));
    for number in 0..20 {
        let kept = match number % 2 {
            0 => conformance::stories::keeping(80_000),
            _ => conformance::stories::begun(80_000),
        };
        let step = conformance::stories::step("asked");
        let code = conformance::stories::code(number + 10);
        let added = store.add_to_story(code, &step, kept, at(1)).await;
        assert_eq!(added, Ok(()));
    }
    for written in [
        "nan",
        "-1",
        "1",
        "66000000",
        "99999999999999999999",
        "1e300",
        "x",
    ] {
        for field in ["bytes", "others"] {
            let () = stranger.hset(&keys[2], field, written).unwrap();
            let kept = conformance::stories::keeping(90_000);
            let (code, step) = (
                conformance::stories::code(1),
                conformance::stories::step("answered"),
            );
            let added = store.add_to_story(code, &step, kept, at(400)).await;
            assert_eq!(added, Ok(()), "{written}");
            for (ends, field) in keys.iter().zip(["bytes", "others"]) {
                let count: usize = stranger.zcard(ends).unwrap();
                let told: Option<usize> = stranger.hget(&keys[2], field).unwrap();
                let told = told.unwrap_or_default();
                // What was just added may be counted on top of the most that there can have been before.
                let most = (count + 1) * (OVERHEAD + MAX_STORY);
                assert!(
                    (count * OVERHEAD..=most).contains(&told),
                    "{written} {told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn r126_a_step_whose_key_is_no_longer_here_takes_nothing_from_the_others_of_its_story() {
    let mut lab = Lab::start().await;
    let (old, new) = (KeyRing::new_line(&OsEntropy), KeyRing::new_line(&OsEntropy));
    let ring = |line: &str| Arc::new(KeyRing::parse(line).unwrap());
    let (code, kept) = (
        conformance::stories::code(1),
        conformance::stories::keeping(9_000),
    );
    for (line, end) in [(&old, "asked"), (&new, "answered")] {
        lab.keys = ring(line);
        let step = conformance::stories::step(end);
        lab.store()
            .add_to_story(code, &step, kept, at(0))
            .await
            .unwrap();
    }
    let steps = lab.store().story(code, at(1)).await.unwrap();
    assert_eq!(steps, [conformance::stories::step("answered")]);
}

#[tokio::test]
async fn r121_no_code_can_be_tried_at_what_is_in_the_server() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let (code, kept) = (
        conformance::stories::code(1),
        conformance::stories::keeping(9_000),
    );
    let step = conformance::stories::step("answered");
    store.add_to_story(code, &step, kept, at(0)).await.unwrap();
    let named = |store: &RedisStore| store.0.story_id(code).to_vec();
    let places = Places::new("passerelle:");
    let ends: Vec<Vec<u8>> = stranger.zrange(places.stories_end.as_str(), 0, -1).unwrap();
    assert_eq!(ends, [named(&store)]);
    // Whoever has another secret, or none, names it otherwise; each node that has it finds it.
    let server = lab.server("passerelle:", PATIENCE_MS);
    let other = (Arc::clone(&lab.keys), Secret::new(vec![9; 32]));
    let other = RedisStore::new(server, LIMITS, other, Arc::new(OsEntropy));
    assert_ne!(ends, [named(&other)]);
    assert_eq!(other.story(code, at(1)).await, Ok(Vec::new()));
    assert_eq!(lab.store().story(code, at(1)).await, Ok(vec![step]));
}
