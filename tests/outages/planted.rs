//! Whether what must not be is seen: faults that are planted in what is counted, each alone.
//!
//! The servers make none of them, so a rule that never breaks a promise would look as one that holds. It takes no server and no
//! time, and is done before each run.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use passerelle::{
    sp_check::{Identity, ReadAttribute, ReadNameId},
    sys::clock::{Clock as _, SystemClock},
};

use crate::{
    count::{Came, Had, How, Pair, Phase, SignedIn, Tally, Waited},
    kit::people::Person,
    play::is_late,
    rows::{Counted, MOST_MS, Marks, Off, Outage, ToSessions},
    store::Topology,
    visitor::is_told_of,
};

/// The checks, by their names, and whether each is as it should be.
pub(crate) fn all() -> Vec<(&'static str, bool)> {
    vec![
        (
            "what_took_place_in_two_phases_counts_for_the_one_that_explains_it",
            phases_are_told_apart(),
        ),
        (
            "an_answer_that_tells_of_somebody_else_is_seen",
            somebody_else_is_seen(),
        ),
        (
            "an_answer_that_tells_otherwise_than_before_is_seen",
            another_value_is_seen(),
        ),
        (
            "a_row_breaks_no_promise_where_nothing_is_wrong",
            rows().all(|outage| broken(outage, |_, _| {}).is_empty()),
        ),
        (
            "a_row_breaks_no_promise_where_all_is_just_within_it",
            rows().all(|outage| {
                let mut allowed = ALLOWED.iter();
                allowed.all(|plant| broken(outage, plant).is_empty())
            }),
        ),
        (
            "each_row_sees_each_fault_that_breaks_a_promise_of_it",
            each_fault_is_seen(),
        ),
        (
            "for_each_promise_of_a_row_there_is_a_fault_that_breaks_it",
            each_promise_has_its_fault(),
        ),
        (
            "a_forgotten_session_is_seen_in_the_phases_in_which_none_is_to_be",
            forgotten_sessions_are_seen(),
        ),
        (
            "only_who_was_on_the_way_to_cas_may_wait_without_a_word",
            silence_is_seen(),
        ),
        (
            "a_promised_time_that_is_not_kept_is_seen_in_each_phase",
            lateness_is_seen(),
        ),
    ]
}

/// What is done to what was counted.
type Plant = fn(&mut [Tally; 5], &mut Counted);

/// What is said where a promise is broken, and what breaks it.
type Fault = (&'static str, Plant);

/// Those that break one promise, and no other one of any row.
const FAULTS: [Fault; 38] = [
    ("fewer sign-ins began than were due", |it, counted| {
        during(it).begun = 139;
        counted.lasted = Duration::from_secs(5);
    }),
    ("fewer sign-ins began than were due", |it, counted| {
        during(it).begun = 1_789;
        counted.lasted = Duration::from_mins(1);
    }),
    ("it was over before it was to end", |_, counted| {
        counted.was_held = false;
    }),
    ("half of the sign-ins took more than a second", |it, _| {
        most_take(MOST_MS + 1.0, during(it));
    }),
    ("nobody signed in before it", |[before, ..], _| {
        before.signed_in = 0;
    }),
    ("no session was of use before it", |[before, ..], _| {
        before.reused = 0;
    }),
    ("nobody signed in after it", |[.., after], _| {
        after.signed_in = 0;
    }),
    ("no session was of use after it", |[.., returns, _], _| {
        returns.reused = 0;
    }),
    ("somebody had to wait", |[_, onset, ..], _| onset.waited = 1),
    ("somebody had to wait", |it, _| during(it).waited = 1),
    ("somebody had to wait", |[.., returns, _], _| {
        returns.waited = 1;
    }),
    (FORGOTTEN, |[.., after], counted| {
        after.forgotten = 4;
        three_are_not_answered(counted);
    }),
    (UNMARKED, |_, counted| counted.back.unguarded -= 1.0),
    (UNMARKED, |_, counted| counted.back.unkept -= 1.0),
    // Of four one is explained by none of the three.
    (UNMARKED, |_, counted| {
        counted.back.unmarked -= 4.0;
        three_are_not_answered(counted);
    }),
    (
        "questions to the store were not answered, and nothing had happened to it",
        |it, counted| {
            lasts_a_minute(it, counted);
            counted.now.unanswered = vec![6.0, 2.0, 8.0, 10.0];
        },
    ),
    ("no session was of use meanwhile", |it, _| {
        during(it).reused = 0;
    }),
    ("a session was known that nobody could look up", |it, _| {
        during(it).reused = 1;
    }),
    ("nobody signed in at the directory meanwhile", |it, _| {
        during(it).typed = 0;
    }),
    ("nobody signed in at CAS meanwhile", |it, _| {
        during(it).through_cas = 0;
    }),
    ("no request without a mark was counted", |_, counted| {
        counted.now.unguarded = counted.before.unguarded;
    }),
    ("no ticket without a mark was counted", |_, counted| {
        counted.now.unmarked = counted.before.unmarked;
    }),
    ("no session that was not kept was counted", |_, counted| {
        counted.now.unkept = counted.before.unkept;
    }),
    ("no request was put to another node", |[_, onset, ..], _| {
        onset.retried = 0;
    }),
    (
        "no request was under way at a node that was killed",
        |[_, onset, ..], _| onset.hung_up = onset.hung_up.min(1),
    ),
    ("nobody came whose session was lost", |it, _| {
        during(it).renewed = 0;
    }),
    (
        "nobody whose session was lost got another one through CAS",
        |it, counted| {
            during(it).renewed_through_cas = 0;
            during(it).begun = 150;
            counted.lasted = Duration::from_secs(5);
        },
    ),
    ("nobody signed in meanwhile", |it, _| {
        during(it).signed_in = 0;
    }),
    (SILENT, |[.., returns, _], _| returns.told = 0),
    // One of two was told.
    (SILENT, |[.., returns, _], _| {
        returns.waited *= 2;
        returns.waited_at_directory *= 2;
    }),
    (
        "somebody had to wait who signs in at the directory",
        |[.., returns, _], _| returns.count(&come(How::Typed, Pair::AtDirectory, true)),
    ),
    (
        "somebody had to wait who signs in at CAS",
        |[.., returns, _], _| returns.count(&come(How::ThroughCas, Pair::AtCas, true)),
    ),
    (
        "somebody was let in by a ticket that nobody could check",
        |it, _| during(it).count(&come(How::ThroughCas, Pair::AtCas, false)),
    ),
    (
        "the node whose clock is wrong let somebody in",
        |_, counted| counted.first = Some(NODE),
    ),
    (
        "the node whose clock is wrong let somebody in",
        |_, counted| counted.first = None,
    ),
    (
        "the node whose clock is corrected let nobody in",
        |_, counted| counted.first = Some(ANOTHER_NODE),
    ),
    (
        "the node whose clock is corrected let nobody in",
        |_, counted| counted.first = None,
    ),
    ("nobody hung up in mid-request", |_, counted| {
        counted.now.left = counted.before.left;
    }),
];

/// What is said where a promise is broken, and what in one phase breaks it.
type FaultOfAPhase = (&'static str, fn(&mut Tally));

/// Those that do so in whatever phase they are.
const FAULTS_OF_ANY_PHASE: [FaultOfAPhase; 6] = [
    ("a sign-in failed", |it| it.failed = 1),
    ("somebody was told to be somebody else", |it| it.mixed = 1),
    (
        "a node hung up on a request, and nobody had stopped it",
        |it| it.retried += 1,
    ),
    ("a node that was not killed hung up on a request", |it| {
        it.hung_up += 1;
    }),
    ("somebody was let in by a session that was lost", |it| {
        it.revived = 1;
    }),
    ("somebody had to type at CAS again", |it| {
        it.typed_at_cas = 1;
    }),
];

/// Those that by their nature break more than one promise of some rows, as whoever waits after it has waited.
const FAULTS_OF_MORE: [Fault; 4] = [
    (
        "somebody still had to wait who came before it",
        |[before, ..], _| before.waited = 1,
    ),
    ("somebody had to wait after it", |[.., after], _| {
        after.waited = 1;
    }),
    (
        "nobody signed in while it lasted",
        |[_, onset, during, returns, _], _| {
            for tally in [onset, during, returns] {
                tally.signed_in = 0;
            }
        },
    ),
    ("nobody had to wait", |[.., returns, _], _| {
        returns.waited = 0;
    }),
];

/// What breaks no promise of any row, and would do so with one more or one less, or in another phase.
const ALLOWED: [Plant; 9] = [
    |it, counted| {
        during(it).begun = 140;
        counted.lasted = Duration::from_secs(5);
    },
    |it, counted| {
        during(it).begun = 1_790;
        counted.lasted = Duration::from_mins(1);
    },
    // It was too short to say anything.
    |it, counted| {
        during(it).begun = 0;
        during(it).renewed_through_cas = 0;
        counted.lasted = Duration::from_millis(4_999);
    },
    |it, _| most_take(MOST_MS, during(it)),
    // Until it is known it may take longer.
    |[_, onset, ..], _| most_take(MOST_MS + 1.0, onset),
    |[before, onset, during, returns, after], _| {
        for tally in [onset, returns] {
            tally.signed_in = 0;
        }
        for tally in [before, during, after] {
            tally.signed_in = 1;
        }
    },
    |[.., after], counted| {
        after.forgotten = 3;
        three_are_not_answered(counted);
    },
    |_, counted| {
        counted.back.unmarked -= 3.0;
        three_are_not_answered(counted);
    },
    |it, counted| {
        lasts_a_minute(it, counted);
        counted.now.unanswered = vec![6.0, 2.0, 7.0, 10.0];
    },
];

const FORGOTTEN: &str = "somebody had a session that was kept, and was not let in by it";
const UNMARKED: &str = "something was not marked, or a session not kept, after it";
const SILENT: &str = "somebody who waited was not told so by us";

/// Whether a promise that all rows make, or several, says nothing of this one: what it excludes is what happens there.
fn is_exempt(outage: Outage, what: &str) -> bool {
    match what {
        "a node hung up on a request, and nobody had stopped it" => outage.stops_a_node(),
        "a node that was not killed hung up on a request" => outage == Outage::NodeKilled,
        "no request was under way at a node that was killed" => outage != Outage::NodeKilled,
        _ => false,
    }
}

/// The rows of every topology.
fn rows() -> impl Iterator<Item = Outage> {
    Topology::ALL.into_iter().flat_map(Outage::of)
}

fn each_fault_is_seen() -> bool {
    rows().all(|outage| {
        let promised = promised(outage);
        let is_promised = |what: &str| promised.contains(&what);
        let is_seen_alone = |what: &str, broken: &[&str]| {
            if is_exempt(outage, what) {
                broken.is_empty()
            } else {
                broken == [what]
            }
        };
        let (mut alone, mut of_more) = (FAULTS.iter(), FAULTS_OF_MORE.iter());
        let mut of_any_phase = FAULTS_OF_ANY_PHASE.iter();
        alone.all(|(what, plant)| !is_promised(what) || is_seen_alone(what, &broken(outage, plant)))
            && of_any_phase.all(|(what, plant)| {
                let in_phase = |phase| {
                    broken(outage, |it, _| {
                        it.get_mut(phase).into_iter().for_each(plant);
                    })
                };
                !is_promised(what) || (0..5).all(|phase| is_seen_alone(what, &in_phase(phase)))
            })
            && of_more
                .all(|(what, plant)| !is_promised(what) || broken(outage, plant).contains(what))
    })
}

fn each_promise_has_its_fault() -> bool {
    let of_any_phase = FAULTS_OF_ANY_PHASE.map(|(what, _)| what);
    let planted = FAULTS.iter().chain(&FAULTS_OF_MORE).map(|(what, _)| *what);
    let planted: BTreeSet<_> = planted.chain(of_any_phase).collect();
    // What no row but those that are exempt promises would be seen nowhere.
    let binding = |outage| {
        let promised = promised(outage).into_iter();
        promised.filter(move |what| !is_exempt(outage, what))
    };
    let binding: BTreeSet<_> = rows().flat_map(binding).collect();
    let promised: BTreeSet<_> = rows().flat_map(promised).collect();
    planted == promised && planted == binding
}

const fn during([_, _, during, ..]: &mut [Tally; 5]) -> &mut Tally {
    during
}

/// So many more sign in, and take so long, that this is the median of all.
fn most_take(took_ms: f64, tally: &mut Tally) {
    for _ in 0..100 {
        tally.count(&SignedIn {
            took_ms,
            ..come(How::Typed, Pair::AtDirectory, false)
        });
    }
}

/// All came that were due in a minute.
fn lasts_a_minute(tallies: &mut [Tally; 5], counted: &mut Counted) {
    during(tallies).begun = 1_800;
    counted.lasted = Duration::from_mins(1);
}

/// Three questions to the store were not answered once all was back; a node that was started again since counts two of them,
/// from none.
fn three_are_not_answered(counted: &mut Counted) {
    counted.now.unanswered = vec![6.0, 2.0, 5.0, 5.0];
}

/// The node that lets everybody in.
const NODE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

const ANOTHER_NODE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2);

/// While these last, the node that is off is sent nobody.
const IS_SENT_NOBODY: [Outage; 2] = [
    Outage::ClockOff(Off::TenMinutesAhead),
    Outage::ClockOff(Off::TenMinutesBehind),
];

/// Somebody who has signed in.
fn come(how: How, pair: Pair, has_waited: bool) -> SignedIn {
    SignedIn {
        pair,
        had: Had::Nothing,
        come: Came {
            how,
            let_in_by: Some(NODE),
            waited: if has_waited {
                Waited::ToldByUs
            } else {
                Waited::No
            },
            has_reloaded: false,
        },
        took_ms: 5.0,
    }
}

/// What a row promises, in the words that say that it is not so.
fn promised(outage: Outage) -> Vec<&'static str> {
    let (tallies, counted) = as_promised(outage);
    let promises = outage.promises(&counted, &tallies);
    promises.map(|(_, what)| what).collect()
}

/// What a row says of what it counts where nothing is wrong but what is planted.
fn broken(outage: Outage, plant: impl Fn(&mut [Tally; 5], &mut Counted)) -> Vec<&'static str> {
    let (mut tallies, mut counted) = as_promised(outage);
    plant(&mut tallies, &mut counted);
    outage.broken_promises(&counted, &tallies)
}

/// What a row counts where nothing is wrong.
fn as_promised(outage: Outage) -> ([Tally; 5], Counted) {
    let mut tallies: [Tally; 5] = Default::default();
    for tally in &mut tallies {
        tally.count(&come(How::Reused, Pair::AtDirectory, false));
        tally.count(&come(How::Typed, Pair::AtDirectory, false));
        tally.count(&come(How::ThroughCas, Pair::AtCas, false));
    }
    let [_, onset, during, returns, _] = &mut tallies;
    match outage {
        Outage::NodeStopped => onset.retried = 1,
        Outage::NodeKilled => {
            onset.retried = 1;
            onset.hung_up = 2;
        }
        Outage::StoreRestartsEmpty => during.count(&SignedIn {
            had: Had::LostSession,
            ..come(How::ThroughCas, Pair::AtCas, false)
        }),
        Outage::StoreDown
        | Outage::StoreHangs
        | Outage::StoreSlow
        | Outage::StoreRefusesThePassword => during.reused = 0,
        Outage::StoreFull
        | Outage::MasterKilled
        | Outage::MasterHangs
        | Outage::ClockOff(_)
        | Outage::DiskFull
        | Outage::LogClosed
        | Outage::ClientsHangUp => {}
        Outage::CasUnreachable => {
            during.through_cas = 0;
            returns.count(&come(How::ThroughCas, Pair::AtCas, true));
        }
        Outage::CasDown => returns.count(&come(How::ThroughCas, Pair::AtCas, true)),
        Outage::DirectoryDown => returns.count(&come(How::Typed, Pair::AtDirectory, true)),
    }
    let before = Marks {
        unguarded: 1.0,
        unkept: 1.0,
        unmarked: 1.0,
        left: 1,
        unanswered: vec![5.0, 9.0, 5.0, 5.0],
        ..Marks::default()
    };
    let now = Marks {
        unguarded: 2.0,
        unkept: 2.0,
        unmarked: 2.0,
        left: 2,
        ..before.clone()
    };
    let counted = Counted {
        before,
        back: now.clone(),
        now,
        // One that is not ready is sent nobody.
        first: Some(if IS_SENT_NOBODY.contains(&outage) {
            ANOTHER_NODE
        } else {
            NODE
        }),
        was_held: true,
        ..Counted::default()
    };
    (tallies, counted)
}

fn phases_are_told_apart() -> bool {
    use Phase::{After, Before, During, Onset, Return};
    [
        // What began before it was known says how it came to be known, and what ended when all was back how that came.
        ((Before, Before), Before),
        ((Before, Onset), Onset),
        ((Before, During), Onset),
        ((Onset, During), Onset),
        ((During, During), During),
        ((During, Return), Return),
        ((During, After), Return),
        ((Return, After), Return),
        ((Before, After), Return),
        ((After, After), After),
        ((After, Before), Before),
    ]
    .into_iter()
    .all(|((begun, ended), counts)| Phase::of(begun, ended) == counts)
}

fn zoe() -> Person {
    Person {
        login: "zoe".to_owned(),
        own: ["zoe@univ.example", "Zoé", "Martin", "Zoé Martin", "z-1"].map(str::to_owned),
    }
}

/// What is told of somebody, with one value more than what is their own.
fn told_of(person: &Person, more: &str) -> Identity {
    let now = SystemClock.now();
    let attribute = |(number, value): (usize, &str)| ReadAttribute {
        name: format!("attribute-{number}"),
        name_format: None,
        friendly_name: None,
        values: vec![value.to_owned()],
    };
    let values = person.own.iter().map(String::as_str).chain([more]);
    Identity {
        name_id: ReadNameId {
            value: person.own.first().cloned().unwrap_or_default(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        session_index: String::new(),
        authn_instant: now,
        context_class: String::new(),
        not_on_or_after: now,
        attributes: values.enumerate().map(attribute).collect(),
        assertion_id: String::new(),
        response_id: String::new(),
    }
}

fn somebody_else_is_seen() -> bool {
    let person = zoe();
    (0..person.own.len()).all(|place| {
        let mut other = zoe();
        if let Some(value) = other.own.get_mut(place) {
            "somebody else's".clone_into(value);
        }
        let is_seen = is_told_of(&person, &mut None, &told_of(&other, "member")).is_err();
        is_seen && is_told_of(&person, &mut None, &told_of(&person, "member")).is_ok()
    })
}

fn another_value_is_seen() -> bool {
    let (person, mut before) = (zoe(), None);
    let mut tells = |more| is_told_of(&person, &mut before, &told_of(&person, more)).is_ok();
    tells("member") && tells("member") && !tells("faculty")
}

fn lateness_is_seen() -> bool {
    let outages = Outage::of(Topology::OneServer).into_iter();
    let promised: Vec<_> = outages.filter(|it| it.has_promised_time()).collect();
    // Of so many in each phase, as many as there are by the minute, so many who took longer in one of them.
    let comes_in = [100, 4, 1_800, 20, 100];
    let is_late_where = |outage, phase: usize, slow: usize| {
        let mut tallies: [Tally; 5] = Default::default();
        for (number, (tally, comes)) in tallies.iter_mut().zip(comes_in).enumerate() {
            for comes in 0..comes {
                let is_slow = comes < slow && number == phase;
                tally.count(&SignedIn {
                    took_ms: if is_slow { MOST_MS + 1.0 } else { MOST_MS },
                    ..come(How::Typed, Pair::AtDirectory, false)
                });
            }
        }
        is_late(outage, &tallies)
    };
    !promised.is_empty()
        && promised.into_iter().all(|outage| {
            let mut phases = [(1, 1), (2, 18), (3, 1)].into_iter();
            phases.all(|(phase, slow)| {
                is_late_where(outage, phase, slow) && !is_late_where(outage, phase, slow - 1)
            }) && !is_late_where(outage, 0, 100)
        })
}

fn forgotten_sessions_are_seen() -> bool {
    rows().all(|outage| {
        // Where nothing happens to sessions one that was kept is known in each phase, and otherwise once all is back.
        let is_always_known = outage.to_sessions() == ToSessions::Nothing;
        let meanwhile = broken(outage, |it, _| during(it).forgotten = 1);
        // A question that was not answered before all was back explains nothing of what came after it.
        let after = broken(outage, |[.., after], counted| {
            after.forgotten = 1;
            for marks in [&mut counted.back, &mut counted.now] {
                marks.unanswered = vec![6.0, 9.0, 5.0, 5.0];
            }
        });
        if is_always_known {
            meanwhile == [FORGOTTEN] && after.is_empty()
        } else {
            meanwhile.is_empty() && after == [FORGOTTEN]
        }
    })
}

fn silence_is_seen() -> bool {
    // One was on the way to CAS before it was known; of so many who waited so many were told so by us.
    let with = |outage, waited, told| {
        broken(outage, |[_, onset, _, returns, _], _| {
            onset.begun = onset.signed_in + 1;
            returns.waited = waited;
            returns.waited_at_directory *= waited;
            returns.told = told;
        })
    };
    with(Outage::CasDown, 2, 1).is_empty()
        && with(Outage::CasDown, 3, 1) == [SILENT]
        && with(Outage::CasDown, 1, 0) == [SILENT]
        && with(Outage::CasUnreachable, 2, 1) == [SILENT]
        && with(Outage::DirectoryDown, 2, 1) == [SILENT]
}
