//! Plays the rows and tells what came of them.

use std::{env, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    runtime,
    time::{Instant, sleep_until},
};

use crate::{
    count::{Counter, Phase, Tally},
    document::{Document, Setting},
    lab::until::until,
    load::Load,
    planted,
    rows::{MOST_MS, Outage, Stage, ToSessions},
    scene::Scene,
    store::{Store, Topology},
};

/// For how long an outage lasts, unless it is said, in seconds.
const SECONDS: u64 = 5;
/// For how long the load is steady before and after each.
const STEADY: Duration = Duration::from_secs(1);
/// For how long after: who is told that it does not work now tries again a second later.
const STEADY_AFTER: Duration = Duration::from_secs(3);
/// Sign-ins a second. A build that is not optimised bears it: measured, one takes some ten milliseconds of a core, those of
/// the browser and the reader included.
pub(crate) const A_SECOND: u32 = 30;

/// How a row is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    lasts: Duration,
    /// Whether it was said: then all rows are played, and their times judged.
    is_long: bool,
    /// Whether the document is written.
    writes: bool,
}

/// A row that was played.
pub(crate) struct Played {
    topology: Topology,
    outage: Outage,
    tallies: [Tally; 5],
}

/// Plays all rows, or those that the command line names.
pub(crate) fn all() -> anyhow::Result<ExitCode> {
    let manner = manner()?;
    let words: Vec<_> = { env::args().skip(1) }
        .filter(|word| !word.starts_with('-'))
        .collect();
    if env::args().any(|word| word == "--list") {
        list(&words);
        return Ok(ExitCode::SUCCESS);
    }
    let (mut passed, mut failed) = (0, 0);
    if !manner.writes {
        let verdict = Document::read();
        let told = verdict.as_ref().map_or("FAILED", |_| "ok");
        println!("test the_document_lists_every_row ... {told}");
        if let Err(fault) = verdict {
            println!("  {fault:#}");
            failed += 1;
        } else {
            passed += 1;
        }
    }
    for (name, is_seen) in planted::all() {
        let told = if is_seen { "ok" } else { "FAILED" };
        println!("test {name} ... {told}");
        passed += usize::from(is_seen);
        failed += usize::from(!is_seen);
    }
    for topology in Topology::ALL {
        let wanted = |outage: &Outage| {
            let name = name(topology, *outage);
            let is_due = manner.is_long || outage.is_played_in_ci(topology);
            (is_due && words.is_empty()) || is_named(&name, &words)
        };
        let mut outages = Outage::of(topology);
        outages.retain(wanted);
        if outages.is_empty() {
            continue;
        }
        // On this thread alone, which is there to the end: what it starts ends with it.
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (good, bad) = runtime.block_on(play_in(topology, &outages, manner))?;
        passed += good;
        failed += bad;
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints the names of all rows, or of those that the command line names, as cargo's own tests do.
fn list(words: &[String]) {
    for topology in Topology::ALL {
        let names = { Outage::of(topology).into_iter() }.map(|outage| name(topology, outage));
        for name in names.filter(|name| words.is_empty() || is_named(name, words)) {
            println!("{name}: test");
        }
    }
}

fn is_named(name: &str, words: &[String]) -> bool {
    words.iter().any(|word| name.contains(word.as_str()))
}

fn name(topology: Topology, outage: Outage) -> String {
    format!("{}::{}", topology.word(), outage.sentence())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration, and cargo's command line is taken by the names of rows"
)]
fn manner() -> anyhow::Result<Manner> {
    let said = env::var("OUTAGE_SECONDS").ok();
    let seconds = match &said {
        Some(seconds) => seconds.parse().context("OUTAGE_SECONDS is no number")?,
        None => SECONDS,
    };
    Ok(Manner {
        lasts: Duration::from_secs(seconds),
        is_long: said.is_some(),
        writes: said.is_some() && env::var_os("UPDATE_DOCS").is_some(),
    })
}

/// Plays rows of one topology: how many were as promised, and how many were not.
async fn play_in(
    topology: Topology,
    outages: &[Outage],
    manner: Manner,
) -> anyhow::Result<(usize, usize)> {
    let store = Store::start(topology).await;
    let scene = Scene::set(|password_file| store.lines(password_file)).await?;
    let counter = Arc::new(Counter::default());
    let mut stage = Stage::of(scene, store, Arc::clone(&counter));
    let (guests, reader) = stage.scene.guests(&counter)?;
    let load = Load::start(guests, reader, Arc::clone(&counter), A_SECOND)?;
    let (mut passed, mut failed) = (0, 0);
    for outage in outages {
        let name = name(topology, *outage);
        play(*outage, &mut stage, (&load, &counter), manner)
            .await
            .with_context(|| name.clone())?;
        let (tallies, faults) = counter.take();
        let mut broken = outage.broken_promises(&stage.counted()?, &tallies);
        if manner.is_long && is_late(*outage, &tallies) {
            broken.push("the 99th percentile is above a second");
        }
        let played = Played {
            topology,
            outage: *outage,
            tallies,
        };
        played.tell();
        if manner.writes && broken.is_empty() {
            let setting = Setting {
                seconds: manner.lasts.as_secs(),
                a_second: A_SECOND,
            };
            Document::take((topology, *outage), &played.tallies, &setting)?;
        }
        if broken.is_empty() {
            passed += 1;
            println!("test {name} ... ok");
        } else {
            failed += 1;
            println!("test {name} ... FAILED\n  {}", broken.join("\n  "));
            for fault in faults {
                println!("  {fault}");
            }
        }
    }
    load.close();
    until("everybody is done who has come", async || load.is_done()).await;
    load.end()?;
    // What ended after the last row is of none of them.
    let (tallies, faults) = counter.take();
    let rest = Tally::of_all(&tallies);
    if rest.failed + rest.mixed + rest.waited > 0 {
        failed += 1;
        println!(
            "test {}::nobody_fails_after_the_last_row ... FAILED",
            topology.word()
        );
        for fault in faults {
            println!("  {fault}");
        }
    }
    Ok((passed, failed))
}

/// Plays one row.
async fn play(
    outage: Outage,
    stage: &mut Stage,
    (load, counter): (&Load, &Counter),
    manner: Manner,
) -> anyhow::Result<()> {
    let waits_at = outage.has_people_wait_at();
    if waits_at.is_some() {
        // The rows before have taken sessions away; who has one is not to wait.
        load.call_everybody();
        until("everybody has a session", async || {
            load.has_everybody_come()
        })
        .await;
    }
    load.sessions_are_kept(outage.to_sessions() == ToSessions::Nothing);
    sleep_until(Instant::now() + STEADY).await;
    until("sessions are of use", async || {
        counter.so_far(Phase::Before).reused > 0
    })
    .await;
    counter.enter(Phase::Onset);
    outage.begin(stage).await?;
    match outage.to_sessions() {
        ToSessions::Nothing | ToSessions::NoneKept => {}
        ToSessions::Lost => {
            load.sessions_are_lost();
            load.sessions_are_kept(true);
        }
        ToSessions::LostAndNoneKept => load.sessions_are_lost(),
    }
    until("the outage is known", async || {
        outage.is_known(stage).unwrap_or(false)
    })
    .await;
    outage.note_known(stage)?;
    counter.enter(Phase::During);
    let known = Instant::now();
    if waits_at.is_some() {
        until("somebody waits", async || load.has_somebody_wait()).await;
    }
    sleep_until(known + manner.lasts).await;
    until("the outage may end", async || {
        outage.may_end(stage).unwrap_or(false)
    })
    .await;
    stage.was_held = outage.is_known(stage).unwrap_or(false);
    counter.enter(Phase::Return);
    stage.lasted = known.elapsed();
    outage.end(stage).await?;
    until("everything says that it is back", async || {
        outage.is_over(stage).unwrap_or(false)
    })
    .await;
    until("sessions are of use again", async || {
        counter.so_far(Phase::Return).reused > 0
    })
    .await;
    if let Some(pair) = waits_at {
        // One that goes on resting would hide behind the other: who waits comes to both in turn.
        let nodes = stage.scene.addresses(pair);
        until("each node lets somebody new in again", async || {
            let by = counter.so_far(Phase::Return).let_in_by;
            nodes.iter().all(|node| by.contains(node))
        })
        .await;
    }
    until("everybody is let in who waited", async || {
        load.is_done_before(Phase::Return)
    })
    .await;
    stage.note_what_is_back()?;
    load.sessions_are_kept(true);
    counter.enter(Phase::After);
    sleep_until(Instant::now() + STEADY_AFTER).await;
    Ok(())
}

/// Whether a promised time was not kept in a phase, from when it begins until all is back: as short as the first one is, what
/// is slow in it would not be seen among all.
pub(crate) fn is_late(outage: Outage, tallies: &[Tally; 5]) -> bool {
    let [_, onset, during, returns, _] = tallies;
    let mut phases = [onset, during, returns].into_iter();
    let is_late = |phase: &Tally| {
        let times = phase.times();
        times.count() > 0 && times.percentile(99) > MOST_MS
    };
    outage.has_promised_time() && phases.any(is_late)
}

impl Played {
    /// Prints what was counted.
    fn tell(&self) {
        println!("\n{}: {}", self.topology.told(), self.outage.told());
        for (phase, tally) in Phase::ALL.iter().zip(&self.tallies) {
            let times = tally.times();
            println!(
                "  {:8}{:>5} begun, {:>5} signed in: {:>5} by session, {:>4} through CAS, {:>4} typed; {} failed, {} mixed, \
                 {} retried, {} hung up on, {} reloaded, {} waited ({} told by us), {} forgotten, {} renewed ({} through CAS); p50 {:.0} ms, p99 {:.0} ms",
                format!("{phase:?}"),
                tally.begun,
                tally.signed_in,
                tally.reused,
                tally.through_cas,
                tally.typed,
                tally.failed,
                tally.mixed,
                tally.retried,
                tally.hung_up,
                tally.reloaded,
                tally.waited,
                tally.told,
                tally.forgotten,
                tally.renewed,
                tally.renewed_through_cas,
                times.percentile(50),
                times.percentile(99),
            );
        }
    }
}
