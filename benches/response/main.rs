//! What each part of a sign-in costs, in multiples of one bare RSA-2048 signature.
//!
//! All of it works with what a server builds from its configuration: Zoom's preset, its release of
//! eight attributes, its way of signing. Ends with a failure where a row is above its limit.
//!
//! With `--count` nothing is timed: each row runs a few times, in a function of its own that
//! `scripts/instructions` has valgrind count the instructions of.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod case;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "it holds what the other benchmarks need, too")]
mod kit;
mod rows;

use std::{env, net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::ensure;
use case::{Case, front};
use kit::{
    hostile::{self, Hostile},
    measure::{RsaSignature, Samples, judge, time},
    place::Place,
};
use passerelle::sys::{
    clock::{Clock as _, ManualClock, SystemClock},
    entropy::{Entropy, OsEntropy, SeededEntropy},
};
use rows::{Row, Unit};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each row is measured; the median counts.
const ROUNDS: usize = 60;
/// How often a row and a signature take turns in one round; their medians count.
const TURNS: usize = 25;
/// The longest that a hostile input may take, in milliseconds.
const MOST_MS: f64 = 5.0;
/// How often each is refused; the median counts.
const REFUSALS: usize = 11;
/// How many verifications about cost as much as a signature.
const VERIFICATIONS: u32 = 20;
/// How often each row runs to be counted.
const COUNTED: usize = 20;

fn main() -> anyhow::Result<ExitCode> {
    let is_counting = env::args().any(|argument| argument == "--count");
    // What is counted must be the same another day: how long it takes to inflate a request hangs on
    // every letter in it.
    let (entropy, now): (Arc<dyn Entropy>, _) = if is_counting {
        (
            Arc::new(SeededEntropy::new(1)),
            "2026-11-26T08:00:00Z".parse()?,
        )
    } else {
        (Arc::new(OsEntropy), SystemClock.now())
    };
    // It stands still, so that no session grows too old meanwhile.
    let clock = Arc::new(ManualClock::starting_at(now));
    let place = Place::make(SocketAddr::from(([127, 0, 0, 1], 8080)), 1, "")?;
    let front = front(&place.configuration(), clock, entropy)?;
    let case = Case::new(&front, &place)?;
    if is_counting {
        // The first run of all builds what is kept.
        let mut rows = rows::all(&case, COUNTED + 1)?;
        return count(&mut rows).map(|()| ExitCode::SUCCESS);
    }
    let mut is_within = true;
    let mut rows = rows::all(&case, ROUNDS * TURNS)?;
    measure(&mut rows, &RsaSignature::by_key_of(&place)?, &mut is_within)?;
    refuse(&hostile::inputs()?, &mut is_within)?;
    Ok(if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs each row as often as it is counted, and says how often that was and which rows there are.
fn count(rows: &mut [Row<'_>]) -> anyhow::Result<()> {
    println!("rounds\t{COUNTED}");
    for row in rows {
        (row.work)()?;
        rounds_that_are_counted(&mut row.work)?;
        println!("row\t{}", row.name);
    }
    Ok(())
}

/// What valgrind counts: it knows this function by its name.
#[inline(never)]
fn rounds_that_are_counted(work: &mut dyn FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    (0..COUNTED).try_for_each(|_| work())
}

/// Times each row, and says whether all are within their limits.
fn measure(rows: &mut [Row<'_>], rsa: &RsaSignature, is_within: &mut bool) -> anyhow::Result<()> {
    rsa.time(200)?;
    let (mut signatures, mut verifications) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        for row in &mut *rows {
            // In turns: the speed of a machine changes while one looks.
            let (mut bare, mut costs) = (Samples::default(), Samples::default());
            for _ in 0..TURNS {
                bare.add(rsa.time(1)?.as_secs_f64());
                costs.add(time(row.per_signature, &mut row.work)?.as_secs_f64());
            }
            row.samples.add(costs.median() / bare.median());
            signatures.add(bare.median() * 1e6);
            let verification = rsa.time_to_verify(VERIFICATIONS)?.as_secs_f64();
            verifications.add(verification / bare.median());
        }
    }

    let verification = verifications.median();
    println!(
        "CPU time as a multiple of one RSA-2048 signature ({:.0} µs here; a verification is {verification:.3})\n\
         {:52}{:>8}   half of the rounds",
        signatures.median(),
        "",
        "median"
    );
    for row in rows {
        print!("{:52}{}", row.name, row.samples);
        if let Some((limit, unit)) = row.limit {
            let (value, word) = match unit {
                Unit::Signatures => (row.samples.median(), ""),
                Unit::Verifications => (row.samples.median() / verification, " verifications"),
            };
            let verdict = judge(value, limit, is_within);
            print!("   limit {limit}{word}: {verdict}");
        }
        println!();
    }
    Ok(())
}

/// Times how soon each hostile input is refused, and says which one took longest.
fn refuse(inputs: &[Hostile], is_within: &mut bool) -> anyhow::Result<()> {
    let mut longest = (0.0, "");
    for input in inputs {
        let times: anyhow::Result<Samples> = (0..REFUSALS)
            .map(|_| {
                let taken = time(1, || {
                    ensure!((input.is_refused)(&input.bytes), "{} is taken", input.name);
                    Ok(())
                })?;
                Ok(taken.as_secs_f64() * 1e3)
            })
            .collect();
        let median = times?.median();
        if median > longest.0 {
            longest = (median, &input.name);
        }
    }
    let (longest, name) = longest;
    println!(
        "\nThe longest that one of {} hostile inputs takes to be refused: {longest:.2} ms ({name})   limit {MOST_MS}: {}",
        inputs.len(),
        judge(longest, MOST_MS, is_within)
    );
    Ok(())
}
