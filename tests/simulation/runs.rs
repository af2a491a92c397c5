//! Runs of seeds: many, one twice, and those in which a fault is planted.

use std::{
    env::current_exe,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{runtime::Builder, sync::watch, task::unconstrained, time::timeout};

use crate::{
    browsers::{Browser, hex},
    people, storm,
    world::{Lie, World},
};

/// How many seeds are run where nobody says it.
const SEEDS: u64 = 500;

/// More than any run takes, by its own time: without it one in which everybody waits would never end, and nobody would
/// hear of which seed.
const LONGEST_RUN: Duration = Duration::from_hours(24);
/// How many seeds are tried to see a planted fault: some are rarely met with.
const MOST_TO_SEE: u64 = 300;

/// What came of a run.
#[derive(Debug)]
struct Outcome {
    log: Vec<String>,
    faults: Vec<String>,
    successes: usize,
}

impl Outcome {
    fn digest(&self) -> String {
        hex(&self.log.join("\n"), 64)
    }
}

/// Runs one seed.
fn run(seed: u64, lie: Option<Lie>) -> Outcome {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let world = {
        let _inside = runtime.enter();
        Arc::new(World::new(seed, lie))
    };
    let running = Arc::clone(&world);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let lived = async { timeout(LONGEST_RUN, live(running)).await };
        runtime.block_on(unconstrained(lived))
    }));
    if let Ok(Err(_)) = ran {
        world
            .judge
            .finds(&world, "somebody waits for what never comes");
    }
    if let Err(thrown) = ran {
        let words = thrown.downcast_ref::<String>().cloned();
        let words = words.or_else(|| thrown.downcast_ref::<&str>().map(|word| (*word).to_owned()));
        world.judge.finds(&world, &format!("a panic: {words:?}"));
    }
    // Each holds the world, which holds it.
    world.crowd.disperse();
    for node in &world.nodes {
        node.crash();
    }
    Outcome {
        log: world.log(),
        faults: world.judge.faults(),
        successes: world.judge.successes(),
    }
}

/// Lives through a run, from the first to the last.
async fn live(world: Arc<World>) {
    for node in &world.nodes {
        node.start(&world);
    }
    world.note("world", &format!("seed {}, {:?}", world.seed, world.method));
    let done = watch::Sender::new(false);
    let mut is_done = done.subscribe();
    let of_task = Arc::clone(&world);
    world.crowd.join(async move {
        direct(&of_task).await;
        done.send_replace(true);
    });
    tokio::select! {
        biased;
        _ = is_done.wait_for(|done| *done) => {}
        () = world.crowd.mill_about(&world.dice) => {}
    }
}

async fn direct(world: &Arc<World>) {
    let end = storm::lasts(world);
    let mut browsers: Vec<_> = (0..3 + world.dice.below(3))
        .map(|number| Arc::new(Browser::new(world, number, number)))
        .collect();
    let left = Arc::new(watch::Sender::new(0_usize));
    let begins = |life: BoxFuture<'static, ()>| {
        left.send_modify(|left| *left += 1);
        let left = Arc::clone(&left);
        world.crowd.join(async move {
            life.await;
            left.send_modify(|left| *left -= 1);
        });
    };
    for browser in &browsers {
        for _ in 0..=world.dice.below(2) {
            let times = 1 + world.dice.below(2);
            begins(Box::pin(people::lives(Arc::clone(browser), times)));
        }
    }
    if end == storm::A_DAY {
        let number = browsers.len();
        let browser = Arc::new(Browser::new(world, number, number % world.people.len()));
        begins(Box::pin(people::stays(Arc::clone(&browser), end)));
        browsers.push(browser);
    }
    if world.lie == Some(Lie::SomebodyNeverLeaves) {
        begins(Box::pin(std::future::pending()));
    }
    storm::rages(world, end).await;
    if world.dice.falls(200) {
        for browser in &browsers {
            begins(Box::pin(people::tries(Arc::clone(browser))));
        }
        storm::ends_badly(world).await;
    }
    storm::is_over(world);
    // Whatever rests has rested.
    world.wait(15_000, 15_001).await;
    for browser in &browsers {
        people::comes_in(browser).await;
    }
    left.subscribe().wait_for(|left| *left == 0).await.unwrap();
    // Nobody does anything else by now.
    people::leaves(&browsers[world.dice.below(browsers.len())]).await;
}

/// What whoever runs the tests asks for.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs the test says which seeds"
)]
fn asked(name: &str) -> Option<u64> {
    let said = std::env::var(name).ok().filter(|said| !said.is_empty())?;
    Some(
        said.parse()
            .unwrap_or_else(|_| panic!("{name}={said}: a number")),
    )
}

#[expect(clippy::print_stdout, reason = "whoever looks at one seed reads it")]
fn show(outcome: &Outcome) {
    for line in &outcome.log {
        println!("{line}");
    }
    println!("log {}, {} came in", outcome.digest(), outcome.successes);
}

#[test]
fn no_seed_lets_anybody_in_who_has_not_proven_it_and_none_leaves_anybody_without_a_way_out() {
    if let Some(seed) = asked("SEED") {
        let outcome = run(seed, None);
        show(&outcome);
        assert!(outcome.faults.is_empty(), "{:#?}", outcome.faults);
        return;
    }
    let seeds = asked("SEEDS").unwrap_or(SEEDS);
    let (next, came_in) = (AtomicU64::new(1), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        return;
                    }
                    let outcome = run(seed, None);
                    came_in.fetch_add(outcome.successes, Ordering::Relaxed);
                    if !outcome.faults.is_empty() {
                        let told = format!("make simulate SEED={seed}: {:?}", outcome.faults);
                        // Past the test's own capture: it may be ended before it comes to its own end.
                        writeln!(io::stderr(), "{told}").unwrap();
                        failed.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds\n{}",
        failed.len(),
        failed.join("\n")
    );
    // Where nobody comes in, nothing was tried.
    assert!(came_in.into_inner() as u64 > seeds * 4);
}

#[test]
fn a_seed_runs_alike_each_time() {
    for seed in 1..=12 {
        let (one, other) = (run(seed, None), run(seed, None));
        let differs = one
            .log
            .iter()
            .zip(&other.log)
            .find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one.digest(), other.digest(), "seed {seed}");
    }
}

#[test]
fn a_seed_runs_alike_in_another_process() {
    let runs = || {
        let name = "runs::no_seed_lets_anybody_in_who_has_not_proven_it_and_none_leaves_anybody_without_a_way_out";
        let ran = Command::new(current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("SEED", "7")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
        let said = String::from_utf8(ran.stdout).unwrap();
        let lines = said.lines().filter(|line| !line.starts_with("test "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, other) = (runs(), runs());
    assert!(one.len() > 100, "{one:?}");
    let differs = one.iter().zip(&other).find(|(one, other)| one != other);
    assert_eq!(differs, None);
    assert_eq!(one.len(), other.len());
}

/// Fails where many seeds do not see a planted fault.
fn is_seen(lie: Lie, by: &str) {
    let all = 1..=MOST_TO_SEE;
    let seen = all.clone().find(|seed| {
        let faults = run(*seed, Some(lie)).faults;
        faults.iter().any(|fault| fault.contains(by))
    });
    assert!(seen.is_some(), "{lie:?} is seen by none of {all:?}");
}

#[test]
fn a_store_that_knows_no_mark_again_is_seen() {
    is_seen(Lie::NoMarkIsKept, "is answered again");
}

#[test]
fn journeys_that_are_bound_to_no_browser_are_seen() {
    is_seen(Lie::OneBrowserForAll, "nothing was proven");
}

#[test]
fn a_session_of_somebody_else_is_seen() {
    is_seen(Lie::SessionOfAnother, "nothing was proven");
}

#[test]
fn a_login_that_is_not_new_for_a_request_that_wants_one_is_seen() {
    is_seen(Lie::EveryLoginIsNew, "did not type a password");
}

#[test]
fn a_ticket_of_somebody_else_is_seen() {
    is_seen(Lie::TicketOfAnother, "nothing was proven");
}

#[test]
fn a_notice_that_ends_nothing_is_seen() {
    is_seen(Lie::NoNoticeEnds, "have signed out");
}

#[test]
fn a_notice_that_a_browser_brings_and_that_ends_nothing_is_seen() {
    is_seen(Lie::NoBroughtNoticeEnds, "have signed out");
}

#[test]
fn one_of_two_cookies_that_counts_is_seen() {
    is_seen(Lie::OneOfTwoCookiesCounts, "by one of two cookies");
}

#[test]
fn a_cookie_of_somebody_else_that_counts_is_seen() {
    is_seen(Lie::OneOfTwoCookiesCounts, "nothing was proven");
}

#[test]
fn an_answer_that_a_provider_takes_twice_is_seen() {
    is_seen(Lie::EverythingIsTaken, "takes an answer twice");
}

#[test]
fn an_answer_with_the_id_of_another_one_is_seen() {
    is_seen(Lie::NodesDrawAlike, "bears the ID of another one");
}

#[test]
fn a_provider_that_does_not_hear_of_the_end_of_one_of_two_sign_ins_is_seen() {
    is_seen(Lie::NoHeirIsFound, "unheard of by");
}

#[test]
fn a_refusal_that_is_given_twice_is_seen() {
    is_seen(Lie::NoMarkIsKept, "is refused after");
}

#[test]
fn a_wrong_password_that_is_taken_is_seen() {
    is_seen(Lie::AnyPasswordIsRight, "nothing was proven");
}

#[test]
fn an_answer_that_goes_to_another_provider_is_seen() {
    is_seen(Lie::AnswerToAnother, "is answered to");
}

#[test]
fn an_answer_for_a_provider_that_has_not_asked_is_seen() {
    is_seen(Lie::AnswerUnderAnotherName, "Audience");
}

#[test]
fn a_session_that_outlives_its_end_is_seen() {
    is_seen(Lie::NoSessionEnds, "is too old");
}

#[test]
fn a_node_that_takes_a_request_and_says_nothing_is_seen() {
    is_seen(Lie::NeverAnswers, "does not answer");
}

#[test]
fn a_page_that_leads_nowhere_is_seen() {
    is_seen(Lie::NoLinks, "no way out");
}

#[test]
fn a_sign_in_that_never_comes_back_is_seen() {
    is_seen(Lie::StaysAway, "does not come in");
}

#[test]
fn a_run_in_which_somebody_waits_for_ever_is_seen() {
    is_seen(Lie::SomebodyNeverLeaves, "never comes");
}
