//! Whether what must not be is seen: faults that are planted in what is counted, each alone.
//!
//! The servers make none of them, so a rule that never breaks a promise would look as one that holds. It takes no server and no
//! time, and is done before each run.

use std::{
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
    rows::{Counted, Marks, Off, Outage},
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
            Topology::ALL.iter().all(|topology| {
                let mut outages = Outage::of(*topology).into_iter();
                outages.all(|outage| broken(outage, |_, _| {}).is_empty())
            }),
        ),
        (
            "each_row_sees_each_fault_that_no_row_allows",
            FAULTS.iter().all(|(what, plant)| {
                Topology::ALL.iter().all(|topology| {
                    let mut outages = Outage::of(*topology).into_iter();
                    outages.all(|outage| broken(outage, |it, _| plant(it)).contains(what))
                })
            }),
        ),
        (
            "a_load_that_is_less_than_is_said_is_seen",
            a_small_load_is_seen(),
        ),
        (
            "a_lost_session_that_nobody_gets_back_through_cas_is_seen",
            a_lost_session_that_cas_does_not_renew_is_seen(),
        ),
        (
            "an_outage_that_is_over_before_it_was_to_end_is_seen",
            what_ends_too_early_is_seen(),
        ),
        (
            "somebody_who_is_let_in_by_a_node_whose_clock_is_wrong_is_seen",
            whom_a_wrong_clock_lets_in_is_seen(),
        ),
        (
            "whoever_waits_without_a_word_or_is_let_in_by_an_unchecked_ticket_is_seen",
            silence_and_belief_are_seen(),
        ),
        (
            "a_node_that_is_killed_at_rest_is_seen",
            a_kill_at_rest_is_seen(),
        ),
        (
            "a_promised_time_that_is_not_kept_is_seen_in_each_phase",
            lateness_is_seen(),
        ),
        (
            "whoever_has_a_session_is_not_to_wait_at_either_pair",
            waiting_is_seen(),
        ),
    ]
}

/// A fault that is planted in the tally of one phase, and what is said of it.
type Fault = (&'static str, fn(&mut [Tally; 5]));

/// Those that no row allows.
const FAULTS: [Fault; 8] = [
    ("a sign-in failed", |it| during(it).failed = 1),
    ("somebody was told to be somebody else", |it| {
        during(it).mixed = 1;
    }),
    ("somebody had to wait after it", |[.., after]| {
        after.count(&come(How::Reused, Pair::AtDirectory, true));
    }),
    ("nobody signed in after it", |[.., after]| {
        *after = Tally::default();
    }),
    ("no session was of use before it", |[before, ..]| {
        before.reused = 0;
    }),
    ("somebody was let in by a session that was lost", |it| {
        during(it).revived = 1;
    }),
    ("somebody had to type at CAS again", |it| {
        during(it).typed_at_cas = 1;
    }),
    ("half of the sign-ins took more than a second", |it| {
        for _ in 0..100 {
            during(it).count(&SignedIn {
                took_ms: 1_500.0,
                ..come(How::Typed, Pair::AtDirectory, false)
            });
        }
    }),
];

const fn during([_, _, during, ..]: &mut [Tally; 5]) -> &mut Tally {
    during
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

/// What a row says of what it counts where nothing is wrong but what is planted.
fn broken(outage: Outage, plant: impl Fn(&mut [Tally; 5], &mut Counted)) -> Vec<&'static str> {
    let mut tallies: [Tally; 5] = Default::default();
    for tally in &mut tallies {
        tally.count(&come(How::Reused, Pair::AtDirectory, false));
    }
    let [_, _, during, returns, _] = &mut tallies;
    during.count(&come(How::Typed, Pair::AtDirectory, false));
    during.count(&come(How::ThroughCas, Pair::AtCas, false));
    match outage {
        Outage::NodeStopped => during.retried = 1,
        Outage::NodeKilled => {
            during.retried = 1;
            during.hung_up = 2;
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
    let mut counted = Counted {
        now: Marks {
            unguarded: 1.0,
            unkept: 1.0,
            unmarked: 1.0,
            left: 1,
            unanswered: vec![0.0; 4],
            ..Marks::default()
        },
        // One that is not ready is sent nobody.
        first: Some(if IS_SENT_NOBODY.contains(&outage) {
            ANOTHER_NODE
        } else {
            NODE
        }),
        was_held: true,
        ..Counted::default()
    };
    counted.before.unanswered = vec![0.0; 4];
    counted.back.unanswered = vec![0.0; 4];
    plant(&mut tallies, &mut counted);
    outage.broken_promises(&counted, &tallies)
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

fn a_small_load_is_seen() -> bool {
    let is_seen = |outage, begun, lasted| {
        let broken = broken(outage, |tallies, counted| {
            during(tallies).begun = begun;
            counted.lasted = Duration::from_millis(lasted);
        });
        broken.contains(&"fewer sign-ins began than were due")
    };
    Topology::ALL.iter().all(|topology| {
        Outage::of(*topology).into_iter().all(|outage| {
            is_seen(outage, 139, 5_000)
                && is_seen(outage, 1_789, 60_000)
                && !is_seen(outage, 140, 5_000)
                && !is_seen(outage, 1_790, 60_000)
                && !is_seen(outage, 0, 4_999)
        })
    })
}

fn lateness_is_seen() -> bool {
    let outages = Outage::of(Topology::OneServer).into_iter();
    let promised: Vec<_> = outages.filter(|it| it.has_promised_time()).collect();
    // Of a hundred and fifty, so many who took longer.
    let is_late_where = |outage, phase: usize, slow: usize| {
        let mut tallies: [Tally; 5] = Default::default();
        for (number, tally) in tallies.iter_mut().enumerate() {
            for comes in 0..50 {
                let is_slow = comes < slow && number == phase;
                tally.count(&SignedIn {
                    took_ms: if is_slow { 1_500.0 } else { 5.0 },
                    ..come(How::Typed, Pair::AtDirectory, false)
                });
            }
        }
        is_late(outage, &tallies)
    };
    !promised.is_empty()
        && promised.into_iter().all(|outage| {
            let mut phases = 1..=3;
            phases.all(|phase| is_late_where(outage, phase, 3) && !is_late_where(outage, phase, 1))
        })
}

fn a_lost_session_that_cas_does_not_renew_is_seen() -> bool {
    let is_seen = |lasted| {
        let broken = broken(Outage::StoreRestartsEmpty, |tallies, counted| {
            during(tallies).renewed_through_cas = 0;
            during(tallies).begun = 150;
            counted.lasted = Duration::from_secs(lasted);
        });
        broken == ["nobody whose session was lost got another one through CAS"]
    };
    is_seen(5) && !is_seen(4)
}

fn what_ends_too_early_is_seen() -> bool {
    let told = ["it was over before it was to end"];
    Topology::ALL.iter().all(|topology| {
        let mut outages = Outage::of(*topology).into_iter();
        outages.all(|outage| broken(outage, |_, counted| counted.was_held = false) == told)
    })
}

fn whom_a_wrong_clock_lets_in_is_seen() -> bool {
    IS_SENT_NOBODY.map(|outage| {
        broken(outage, |_, counted| {
            counted.first = Some(NODE);
        })
    }) == [["the node whose clock is wrong let somebody in"]; 2]
}

fn silence_and_belief_are_seen() -> bool {
    let [down, cas, directory] = [
        Outage::CasDown,
        Outage::CasUnreachable,
        Outage::DirectoryDown,
    ]
    .map(|outage| broken(outage, |[.., returns, _], _| returns.told = 0));
    let one_of_two = broken(Outage::CasDown, |[.., returns, _], _| {
        returns.count(&come(How::ThroughCas, Pair::AtCas, true));
        returns.told = 1;
    });
    let believed = broken(Outage::CasUnreachable, |tallies, _| {
        during(tallies).count(&come(How::ThroughCas, Pair::AtCas, false));
    });
    let silent = ["somebody who waited was not told so by us"];
    down == silent
        && one_of_two == silent
        && cas == silent
        && directory == silent
        && believed == ["somebody was let in by a ticket that nobody could check"]
}

fn a_kill_at_rest_is_seen() -> bool {
    let with = |hung_up| broken(Outage::NodeKilled, |it, _| during(it).hung_up = hung_up);
    with(1) == ["no request was under way at a node that was killed"] && with(2).is_empty()
}

fn waiting_is_seen() -> bool {
    let at_directory = broken(Outage::CasDown, |[.., returns, _], _| {
        returns.count(&come(How::Typed, Pair::AtDirectory, true));
    });
    let at_cas = broken(Outage::DirectoryDown, |[.., returns, _], _| {
        returns.count(&come(How::ThroughCas, Pair::AtCas, true));
    });
    // The holder of a session, whom nothing explains, and whom a question to the store that was not answered does.
    let forgotten = |unanswered| {
        broken(Outage::CasDown, move |tallies, counted| {
            during(tallies).count(&SignedIn {
                had: Had::Session,
                ..come(How::ThroughCas, Pair::AtCas, true)
            });
            counted.now.unanswered = vec![0.0, 0.0, unanswered, 0.0];
        })
    };
    at_directory == ["somebody had to wait who signs in at the directory"]
        && at_cas == ["somebody had to wait who signs in at CAS"]
        && forgotten(0.0) == ["somebody had a session that was kept, and was not let in by it"]
        && forgotten(1.0).is_empty()
}
