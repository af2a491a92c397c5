//! Plays the rows and tells what came of them.

use std::{env, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    runtime,
    time::{Instant, sleep_until},
};

use crate::{
    count::{Counter, Phase, Tally},
    lab::until::until,
    load::Load,
    rows::{Outage, Stage},
    scene::Scene,
    store::{Store, Topology},
};

/// For how long an outage lasts, unless it is said, in seconds.
const SECONDS: u64 = 5;
/// For how long the load is steady before and after each.
const STEADY: Duration = Duration::from_millis(1_500);
/// Sign-ins a second. A build that is not optimised bears it: measured, one takes some ten milliseconds of a core, those of
/// the browser and the reader included.
const A_SECOND: u32 = 30;
/// The 99th percentile that a sign-in may take where a time is promised, in milliseconds.
const MOST_MS: f64 = 1_000.0;

/// How a row is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    lasts: Duration,
    /// Whether times are judged.
    is_timed: bool,
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
    let (mut passed, mut failed) = (0, 0);
    for topology in Topology::ALL {
        let wanted = |outage: &&Outage| {
            let name = name(topology, **outage);
            words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
        };
        let outages: Vec<_> = { Outage::of(topology).iter() }
            .filter(wanted)
            .copied()
            .collect();
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
        is_timed: said.is_some() && !cfg!(debug_assertions),
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
    let mut stage = Stage::of(scene, store);
    let counter = Arc::new(Counter::default());
    let (guests, reader) = stage.scene.guests(&counter)?;
    let load = Load::start(guests, reader, Arc::clone(&counter), A_SECOND)?;
    let (mut passed, mut failed) = (0, 0);
    for outage in outages {
        let name = name(topology, *outage);
        play(*outage, &mut stage, (&load, &counter), manner)
            .await
            .with_context(|| name.clone())?;
        let (tallies, faults) = counter.take();
        let mut broken = outage.broken_promises(&stage, &tallies)?;
        broken.extend(late(*outage, &tallies, manner));
        let played = Played {
            topology,
            outage: *outage,
            tallies,
        };
        played.tell();
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
    load.end()?;
    Ok((passed, failed))
}

/// Plays one row.
async fn play(
    outage: Outage,
    stage: &mut Stage,
    (load, counter): (&Load, &Counter),
    manner: Manner,
) -> anyhow::Result<()> {
    counter.enter(Phase::Before);
    counter.take();
    sleep_until(Instant::now() + STEADY).await;
    counter.enter(Phase::Onset);
    let begun = Instant::now();
    outage.begin(stage).await?;
    until("the outage is known", async || {
        outage.is_known(stage).unwrap_or(false)
    })
    .await;
    counter.enter(Phase::During);
    sleep_until(begun + manner.lasts).await;
    counter.enter(Phase::Return);
    outage.end(stage).await?;
    until("everything says that it is back", async || {
        outage.is_over(stage).unwrap_or(false)
    })
    .await;
    until("sessions are of use again", async || {
        counter.reused_in(Phase::Return) > 0
    })
    .await;
    until("everybody is let in who waited", async || {
        load.is_done_before(Phase::Return)
    })
    .await;
    counter.enter(Phase::After);
    sleep_until(Instant::now() + STEADY).await;
    Ok(())
}

/// The promised time, where it was not kept.
fn late(outage: Outage, tallies: &[Tally; 5], manner: Manner) -> Option<String> {
    let [_, onset, during, ..] = tallies;
    let mut while_it_lasts = Tally::default();
    while_it_lasts.add(onset);
    while_it_lasts.add(during);
    let p99 = while_it_lasts.times().percentile(99);
    let is_late = manner.is_timed && outage.has_promised_time() && p99 > MOST_MS;
    is_late.then(|| format!("p99 is {p99:.0} ms"))
}

impl Played {
    /// Prints what was counted.
    fn tell(&self) {
        println!("\n{}: {}", self.topology.told(), self.outage.told());
        for (phase, tally) in Phase::ALL.iter().zip(&self.tallies) {
            let times = tally.times();
            println!(
                "  {:8}{:>5} signed in: {:>5} by session, {:>4} through CAS, {:>4} typed; {} failed, {} mixed, \
                 {} retried, {} waited; p50 {:.0} ms, p99 {:.0} ms",
                format!("{phase:?}"),
                tally.signed_in,
                tally.reused,
                tally.through_cas,
                tally.typed,
                tally.failed,
                tally.mixed,
                tally.retried,
                tally.waited,
                times.percentile(50),
                times.percentile(99),
            );
        }
    }
}
