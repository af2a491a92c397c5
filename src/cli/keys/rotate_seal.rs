//! `passerelle keys rotate-seal`.

use std::{fs, io::Read as _, path::Path};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::rollover::moment;
use crate::{
    cli::{complain_of, say},
    config::{self, Config, environment::Environment, keys::MAX_SECRET_BYTES},
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
        file::{Draft, Lock, Rights, open_file},
        seal::{KeyId, Rotated, Rotation, rotated},
        secret::Secret,
    },
};

/// How long before it seals a new key can be brought to all nodes, where nobody says otherwise.
const NOTICE: SignedDuration = SignedDuration::from_hours(1);
/// How much longer than anything sealed lives an older key goes on to open: for nodes that learn of the
/// new one late, and seal with the older one meanwhile.
const LATE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Args, Debug)]
pub(super) struct Options {
    /// When the new key begins to seal, by the clock of each node: 2026-12-01T08:00:00+01:00, or HH:MM of today in the
    /// time zone of this machine. Default: in an hour.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// Has the new key be the only one at once, where somebody else may know the others: sign-ins under way
    /// begin again, and sessions that are stored elsewhere are over.
    #[arg(long, conflicts_with = "at")]
    alone: bool,
}

/// Puts a new key into the file of those that seal. Nothing of what a person has in their browser or in the store
/// is lost by it.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let config = config::load(path, &Environment::of_process()).map_err(|faulty| {
        complain_of(&faulty.faults, "error");
        anyhow!("nothing was written: the configuration is faulty")
    })?;
    let file = config.keys.seal_file.as_deref().context(
        "the keys that seal are a credential of systemd, which is not written here: docs/keys.md says how it is done by hand",
    )?;
    let now = SystemClock.now();
    let after = |moment: Timestamp, more| moment.saturating_add(more).unwrap_or(moment);
    let rotation = Rotation {
        now,
        from: options
            .at
            .unwrap_or_else(|| whole_minute(after(now, NOTICE))),
        opens_for: opens_for(&config),
        is_alone: options.alone,
    };
    let done = write(file, &rotation)
        .with_context(|| format!("nothing was written into {}", file.display()))?;
    say(&told(file, &rotation, &done));
    Ok(())
}

/// How long an older key may have something left to open.
fn opens_for(config: &Config) -> SignedDuration {
    config.sessions.lifetime().saturating_add(LATE)
}

fn whole_minute(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second() / 60 * 60).unwrap_or(moment)
}

/// Reads the file and writes it anew, while nobody else does.
fn write(file: &Path, rotation: &Rotation) -> anyhow::Result<Rotated> {
    // A link stays one: what it leads to is written.
    let file = &fs::canonicalize(file)?;
    let _turn = Lock::beside([file.as_path()])?;
    let mut bytes = Vec::new();
    let size = open_file(file)?
        .take(MAX_SECRET_BYTES + 1)
        .read_to_end(&mut bytes)?;
    let text = Secret::new(bytes);
    if u64::try_from(size)? > MAX_SECRET_BYTES {
        bail!("it is too large");
    }
    let done = rotated(std::str::from_utf8(text.expose())?, rotation, &OsEntropy)?;
    Draft::write(file, done.text.expose(), Rights::Like(file))?.put()?;
    Ok(done)
}

fn told(file: &Path, rotation: &Rotation, done: &Rotated) -> String {
    let file = file.display();
    let list = |ids: &[KeyId]| {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        ids.join(", ")
    };
    let mut told = if rotation.is_alone {
        format!(
            "{file}: {} is the only key. Bring the file to every node, and have each take it in (`passerelle \
             reload`) at once: sign-ins under way begin again, and sessions that are stored elsewhere are over.",
            done.new
        )
    } else {
        format!(
            "{file}: {} seals from {} on.\nBring the file to every node, and have each take it in (`passerelle \
             reload`) before that: whoever has not cannot open what the others seal from then on.\nStill open: {}.",
            done.new,
            rotation.from,
            list(&done.kept)
        )
    };
    if !done.gone.is_empty() {
        told.extend(["\nGone: ", &list(&done.gone), "."]);
    }
    told
}
