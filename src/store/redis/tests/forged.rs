//! What somebody else may write into the server: nobody takes it for ours.

use super::*;

#[tokio::test]
async fn r126_no_edited_bit_of_a_session_is_taken_for_ours() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let kept = begin(&store, 1, "zoe").await;
    let value = sealed(&mut stranger, 1);
    for byte in 0..value.len() {
        let mut edited = value.clone();
        edited[byte] ^= 1 << (byte % 8);
        put(&mut stranger, 1, &edited);
        assert_eq!(store.find(key(1), at(1)).await, FORGED, "{byte}");
    }
    for length in [0, 1, 14, value.len() - 1] {
        put(&mut stranger, 1, &value[..length]);
        assert_eq!(store.find(key(1), at(1)).await, FORGED, "{length}");
    }
    let refused = u64::try_from(value.len()).unwrap() + 4;
    assert_eq!(store.record().refused, refused);
    put(&mut stranger, 1, &value);
    assert_eq!(store.find(key(1), at(1)).await, Ok(Some(kept)));
}

#[tokio::test]
async fn r126_no_more_of_a_value_is_taken_into_memory_than_shows_it_to_be_too_large() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let session = begin(&store, 1, "zoe").await;
    let value = sealed(&mut stranger, 1);
    let large = [&value[..], &vec![0; 2 * values::MAX_VALUE]].concat();
    put(&mut stranger, 1, &large);
    let read: (i64, Vec<u8>) = scripts::READ
        .key(place(1))
        .key("nothing")
        .arg(at(1).as_millisecond())
        .arg(LIMITS.idle.as_millis().to_string())
        .invoke(&mut stranger)
        .unwrap();
    assert_eq!((read.0, read.1.len()), (1, values::MAX_VALUE + 1));
    assert_eq!(store.find(key(1), at(1)).await, FORGED);
    put(&mut stranger, 1, &value);
    assert_eq!(store.find(key(1), at(1)).await, Ok(Some(session)));
}

#[tokio::test]
async fn r126_a_session_that_was_swapped_with_another_one_is_nobodys() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    begin(&store, 1, "zoe").await;
    begin(&store, 2, "max").await;
    let (zoe, max) = (sealed(&mut stranger, 1), sealed(&mut stranger, 2));
    put(&mut stranger, 1, &max);
    put(&mut stranger, 2, &zoe);
    let joining = participant("zoom", "zoe");
    let joined = store.join(key(1), joining, at(1)).await;
    assert_eq!(joined, Err(StoreError::Forged));
    let ended = store.end_of_another(key(1), "zoe", at(1)).await;
    assert_eq!(ended, FORGED);
    assert_eq!(store.find(key(2), at(1)).await, FORGED);
    // It is gone, and who took part in it is not known: that is told, and not that nobody was there.
    assert_eq!(store.end(key(1), at(1)).await, FORGED);
    assert_eq!(store.end(key(1), at(1)).await, Ok(None));
}

#[tokio::test]
async fn r126_what_another_service_or_another_form_has_written_is_not_ours() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    begin(&store, 1, "zoe").await;
    // Of another service with the same keys.
    let other = lab.store_with("other:", PATIENCE_MS);
    begin(&other, 1, "zoe").await;
    let theirs: Vec<u8> = stranger
        .hget(place(1).replace("passerelle:", "other:"), "sealed")
        .unwrap();
    let ours = sealed(&mut stranger, 1);
    put(&mut stranger, 1, &theirs);
    assert_eq!(store.find(key(1), at(1)).await, FORGED);
    // Of a form that is not known here.
    put(&mut stranger, 1, &[&[2], &ours[1..]].concat());
    assert_eq!(store.find(key(1), at(1)).await, FORGED);
    // No hash at all.
    let () = stranger.set(place(1), "mine").unwrap();
    assert_eq!(store.find(key(1), at(1)).await, FORGED);
    // Without what must stand beside it.
    let () = stranger.del(place(1)).unwrap();
    put(&mut stranger, 1, &ours);
    assert_eq!(store.find(key(1), at(1)).await, Ok(None));
    // With another end beside it than in it.
    let beside = [("used", "8900000"), ("ends", "99000000")];
    let () = stranger.hset_multiple(place(1), &beside).unwrap();
    assert!(store.find(key(1), at(8_999)).await.unwrap().is_some());
    assert_eq!(store.find(key(1), at(9_000)).await, Ok(None));
}

#[tokio::test]
async fn r126_neither_a_ticket_nor_a_replaced_key_is_led_to_another_session() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    for (number, login) in [(1, "zoe"), (2, "zoe"), (3, "max"), (4, "max")] {
        begin(&store, number, login).await;
    }
    for (old, new) in [(1, 2), (3, 4)] {
        let replaced = store.replace(key(old), Some(key(new)), at(1)).await;
        assert_eq!(replaced, Ok(None));
    }
    let heir = |number| format!("{}:heir", place(number));
    let leads_to_max: Vec<u8> = stranger.get(heir(3)).unwrap();
    let () = stranger.set(heir(1), leads_to_max).unwrap();
    let ended = store.end_of_another(key(1), "zoe", at(2)).await;
    assert_eq!(ended, FORGED);
    let by_ticket = "passerelle:{sessions}:by-ticket";
    let of_max: Vec<u8> = stranger.hget(by_ticket, &key(4).0[..]).unwrap();
    let () = stranger.hset(by_ticket, &key(2).0[..], of_max).unwrap();
    assert_eq!(store.end_by_ticket(key(2).0, at(2)).await, FORGED);
    assert!(store.find(key(4), at(2)).await.unwrap().is_some());
    assert!(store.find(key(2), at(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn r126_a_mark_that_somebody_else_has_written_is_a_mark_of_nobody() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let zoom = EntityId::parse("https://zoom.example/").unwrap();
    let by_one = |id| Use {
        by: [1; 32],
        ..conformance::marks::used(&zoom, id, at(300))
    };
    assert_eq!(store.mark(by_one("_1"), at(0)).await, Ok(Sight::First));
    assert_eq!(store.mark(by_one("_2"), at(0)).await, Ok(Sight::First));
    let uses = "passerelle:{marks}:uses";
    let all: Vec<(Vec<u8>, Vec<u8>)> = stranger.hgetall(uses).unwrap();
    let [(one, of_one), (other, of_other)] = &all[..] else {
        panic!("{}", all.len())
    };
    let () = stranger.hset(uses, one, of_other).unwrap();
    let () = stranger.hset(uses, other, of_one).unwrap();
    for id in ["_1", "_2"] {
        let again = Sight::Again { by_same_at: None };
        assert_eq!(store.mark(by_one(id), at(1)).await, Ok(again));
    }
    assert_eq!(store.record().refused, 2);
}

#[tokio::test]
async fn r126_the_key_ring_rotates_and_every_node_opens_what_the_others_have_sealed() {
    let mut lab = Lab::start().await;
    let (old, new) = (KeyRing::new_line(&OsEntropy), KeyRing::new_line(&OsEntropy));
    let ring = |lines: &[&str]| Arc::new(KeyRing::parse(&lines.join("\n")).unwrap());
    lab.keys = ring(&[&old]);
    let (one, other) = (lab.store(), lab.store());
    let kept = begin(&one, 1, "zoe").await;
    // First all nodes learn of the new key, then it seals, then the old one is forgotten.
    other.renew_keys(ring(&[&old, &new]));
    one.renew_keys(ring(&[&new, &old]));
    begin(&one, 2, "zoe").await;
    assert_eq!(other.find(key(1), at(1)).await, Ok(Some(kept)));
    assert!(other.find(key(2), at(1)).await.unwrap().is_some());
    one.renew_keys(ring(&[&new]));
    assert_eq!(one.find(key(1), at(1)).await, FORGED);
    assert!(one.find(key(2), at(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn r121_a_look_says_how_many_it_could_not_open_and_sees_what_is_behind_what_is_no_session() {
    let mut lab = Lab::start().await;
    let (old, new) = (KeyRing::new_line(&OsEntropy), KeyRing::new_line(&OsEntropy));
    let ring = |line: &str| Arc::new(KeyRing::parse(line).unwrap());
    lab.keys = ring(&old);
    begin(&lab.store(), 1, "zoe").await;
    begin(&lab.store(), 2, "zoe").await;
    lab.keys = ring(&new);
    let store = lab.store();
    begin(&store, 3, "max").await;
    // More than a page of members that name no session, before all that do.
    let mut stranger = lab.stranger();
    let odd: Vec<_> = (0..600)
        .map(|number| (number, number.to_string()))
        .collect();
    let listed = Places::new("passerelle:").listed;
    let () = stranger.zadd_multiple(listed.as_str(), &odd).unwrap();
    let mut seen = HashSet::new();
    let mut show = |it: Seen| {
        seen.insert(it.key);
    };
    assert_eq!(store.look_through(&mut show, at(1)).await, Ok(2));
    assert_eq!(seen, HashSet::from([key(3)]));
    // Nor does a last use that is no time hide the others.
    begin(&store, 4, "zoe").await;
    for odd in ["1e300", "inf"] {
        let () = stranger.hset(place(4), "used", odd).unwrap();
        let mut seen = HashSet::new();
        let mut show = |it: Seen| {
            seen.insert(it.key);
        };
        assert_eq!(store.look_through(&mut show, at(1)).await, Ok(3), "{odd}");
        assert_eq!(seen, HashSet::from([key(3)]));
    }
    // Whoever looks uses nothing: none was refused.
    assert_eq!(store.record().refused, 0);
}

#[tokio::test]
async fn r126_a_note_of_a_sign_out_that_is_not_ours_ends_nothing_and_stops_nobody() {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    let notes = Places::new("passerelle:").signed_out;
    let bring = async |number| {
        let brought = store.bring_ticket(key(number).0, at(300), at(0)).await;
        assert_eq!(brought, Ok(Sight::First));
    };
    for number in [1, 2, 3] {
        bring(number).await;
    }
    assert_eq!(store.end_by_ticket(key(1).0, at(1)).await, Ok(None));
    let ours: Vec<u8> = stranger.hget(notes.as_str(), &key(1).0[..]).unwrap();
    let swapped = ours.clone();
    let huge = vec![b'1'; 1 << 20];
    for (refused, note) in [&b"1"[..], &swapped, &huge].into_iter().enumerate() {
        let () = stranger.hset(notes.as_str(), &key(2).0[..], note).unwrap();
        let refused = 2 * u64::try_from(refused).unwrap();
        assert_eq!(store.record().refused, refused);
        let standing = store.sign_in_of(key(2).0, at(1)).await;
        assert_eq!(standing, Ok(Standing::Lives));
        begin(&store, 2, "zoe").await;
        assert_eq!(store.record().refused, refused + 2);
        let is_left: bool = stranger.hexists(notes.as_str(), &key(2).0[..]).unwrap();
        assert!(!is_left);
    }
    // One of nothing, too.
    let () = stranger.hset(notes.as_str(), &key(3).0[..], "").unwrap();
    begin(&store, 3, "zoe").await;
    // And ours is believed.
    let standing = store.sign_in_of(key(1).0, at(1)).await;
    assert_eq!(standing, Ok(Standing::Ended));
    let mut late = session("zoe", 9_000);
    late.proof.ticket = Some(key(1).0);
    let begun = store.create(key(1), late, at(1)).await;
    assert_eq!(begun, Ok(Standing::Ended));
}

#[tokio::test]
async fn r66_r121_r126_a_session_that_somebody_takes_out_of_the_lists_is_back_there_once_it_is_used()
 {
    let lab = Lab::start().await;
    let (store, mut stranger) = (lab.store(), lab.stranger());
    begin(&store, 1, "zoe").await;
    let places = Places::new("passerelle:");
    let lists = [places.listed, places.by_ticket];
    let times = [
        Some("900000000"),
        Some("nan"),
        Some("-inf"),
        Some("x"),
        None,
    ];
    for (time, second) in times.iter().zip(1..) {
        for list in &lists {
            let () = stranger.del(list.as_str()).unwrap();
        }
        // As if the list had just learned of it, for a long time to come.
        let () = match time {
            Some(time) => stranger.hset(place(1), "listed", time).unwrap(),
            None => stranger.hdel(place(1), "listed").unwrap(),
        };
        let mut seen = 0;
        let mut show = |_: Seen| seen += 1;
        let looked = store.look_through(&mut show, at(second)).await;
        assert_eq!(looked, Ok(0));
        assert!(store.find(key(1), at(second)).await.unwrap().is_some());
        let looked = store.look_through(&mut show, at(second)).await;
        assert_eq!(looked, Ok(0));
        assert_eq!(seen, 1, "{time:?}");
        let count: usize = stranger.hlen(lists[1].as_str()).unwrap();
        assert_eq!(count, 1, "{time:?}");
    }
    let ended = store.end_by_ticket(key(1).0, at(9)).await.unwrap();
    assert_eq!(ended.unwrap().proof.login, "zoe");
    assert_eq!(store.find(key(1), at(9)).await, Ok(None));
}
