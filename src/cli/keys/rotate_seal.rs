//! `passerelle keys rotate-seal`.

use std::{fs, io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::rollover::moment_at;
use crate::{
    cli::{
        complain, complain_of_those_in,
        running::{reload, server_of},
        say,
        typed::typed,
    },
    config::{
        self,
        environment::Environment,
        keys::{MAX_SECRET_BYTES, SealPlace},
    },
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
        file::{Draft, Lock, Rights, open_file},
        seal::{KeyId, KeyRing, Rotated, Rotation, rotated},
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
    /// When the new key begins to seal, by the clock of each node: 2026-12-01T08:00:00+01:00, or the next HH:MM in the
    /// time zone of this machine. Default: in an hour.
    #[arg(long, value_name = "TIME", value_parser = next_moment)]
    at: Option<Timestamp>,
    /// Has the new key be the only one at once, where somebody else may know the others: sign-ins under way
    /// begin again, and sessions that are stored elsewhere are over.
    #[arg(long, conflicts_with = "at")]
    alone: bool,
}

/// A moment that is to come: an hour that is over today is meant of tomorrow.
fn next_moment(text: &str) -> anyhow::Result<Timestamp> {
    next_moment_after(text, SystemClock.now(), &TimeZone::system())
}

fn next_moment_after(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let of_today = moment_at(text, now, zone)?;
    let is_whole = text.parse::<Timestamp>().is_ok();
    if is_whole || of_today > now {
        return Ok(of_today);
    }
    let tomorrow = zone.to_datetime(now).date().tomorrow()?;
    moment_at(text, zone.to_timestamp(tomorrow.at(12, 0, 0, 0))?, zone)
}

/// Puts a new key into the file of those that seal. Nothing of what a person has in their browser or in the store
/// is lost by it.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let read = config::load(path, &Environment::of_process());
    let named = match &read {
        Ok(config) => config.named(),
        // Whatever else is wrong keeps no key in its place that somebody else may know.
        Err(faulty) => {
            complain_of_those_in(path, &faulty.faults, "warning");
            faulty.named()
        }
    };
    let file = match named.seal_place {
        Some(SealPlace::File(file)) => file,
        Some(SealPlace::Credential) => bail!(
            "nothing was written: the keys that seal are a credential of systemd; docs/keys.md says how it is done by hand"
        ),
        None => bail!("nothing was written: the configuration names no file of keys that seal"),
    };
    let now = SystemClock.now();
    let after = |moment: Timestamp, more| moment.saturating_add(more).unwrap_or(moment);
    let mut rotation = Rotation {
        now,
        from: options
            .at
            .unwrap_or_else(|| whole_minute(after(now, NOTICE))),
        opens_for: named.longest_sealed().saturating_add(LATE),
        is_alone: options.alone,
    };
    if !options.alone && !has_newest(path, file) {
        let hint = typed("`passerelle reload`", path);
        complain(&format!(
            "warning: the running server has not taken in the rotation before, or cannot be asked: no key is taken out of \
             the file\n    hint: {hint}"
        ));
        rotation.opens_for = SignedDuration::MAX;
    }
    let done = write(file, &rotation)
        .with_context(|| format!("nothing was written into {}", file.display()))?;
    say(&told(file, &rotation, &done, &reload(path)));
    Ok(())
}

/// Whether the running server has the first key of the file, so that what seals there is what the file says. Where none
/// runs there is nothing to ask; one that cannot be asked is not taken for one that has it.
fn has_newest(path: &Path, file: &Path) -> bool {
    let status = match server_of(path) {
        Ok(Some((_, status))) => status,
        Ok(None) => return true,
        Err(_unknown) => return false,
    };
    let read = read_keys(file).ok();
    let ring = read.and_then(|text| KeyRing::parse(std::str::from_utf8(text.expose()).ok()?).ok());
    let newest = ring.and_then(|ring| ring.uses(SystemClock.now()).next());
    newest.is_none_or(|(id, _)| status.seal_keys.contains_key(&id.to_string()))
}

fn whole_minute(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second() / 60 * 60).unwrap_or(moment)
}

/// Reads the file and writes it anew, while nobody else does.
fn write(file: &Path, rotation: &Rotation) -> anyhow::Result<Rotated> {
    // A link stays one: what it leads to is written.
    let file = &fs::canonicalize(file)?;
    let _turn = Lock::beside([file.as_path()])?;
    let text = read_keys(file)?;
    let done = rotated(std::str::from_utf8(text.expose())?, rotation, &OsEntropy)?;
    Draft::write(file, done.text.expose(), Rights::Like(file))?.put()?;
    Ok(done)
}

fn read_keys(file: &Path) -> anyhow::Result<Secret> {
    let mut bytes = Vec::new();
    let size = open_file(file)?
        .take(MAX_SECRET_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(size)? > MAX_SECRET_BYTES {
        bail!("it is too large");
    }
    Ok(Secret::new(bytes))
}

fn told(file: &Path, rotation: &Rotation, done: &Rotated, reload: &str) -> String {
    let file = file.display();
    let list = |ids: &[KeyId]| {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        ids.join(", ")
    };
    let mut told = if rotation.is_alone {
        format!(
            "{file}: {} is the only key. Bring the file to every node, and have each take it in at once ({reload}): \
             sign-ins under way begin again, and sessions that are stored elsewhere are over.",
            done.new
        )
    } else {
        format!(
            "{file}: {} seals from {} on.\nBring the file to every node, and have each take it in before that ({reload}): \
             whoever has not cannot open what the others seal from then on.\nStill open: {}.",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_is_over_today_is_meant_of_tomorrow_and_a_whole_time_stays_what_it_is() {
        let now: Timestamp = "2026-11-28T14:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, moment) in [
            ("03:00", "2026-11-29T02:00:00Z"),
            ("15:00", "2026-11-29T14:00:00Z"),
            ("15:01", "2026-11-28T14:01:00Z"),
            ("2026-11-28T03:00:00Z", "2026-11-28T03:00:00Z"),
        ] {
            let found = next_moment_after(text, now, &zone).unwrap();
            assert_eq!(found.to_string(), moment, "{text}");
        }
        assert!(next_moment_after("tonight", now, &zone).is_err());
    }
}
