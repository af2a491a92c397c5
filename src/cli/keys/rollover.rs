//! `passerelle keys rollover`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::Time, tz::TimeZone};

use super::{Algorithm, new_key};
use crate::{
    app::{
        registrar::RegistrarFault,
        rollover::{
            Standing,
            orders::{NextKey, RollOver, RollOverFault, ShownKey, ShownProvider, Switch},
        },
    },
    cli::{
        complain_of_those_in,
        running::{asked, socket, takes_it_in, warn_of_other_keys},
        say, say_json, short_name, sp,
        typed::typed,
    },
    config::keys::names_no_file,
    control::ask::AskFault,
    model::short_name::ShortName,
    sys::clock::{Clock as _, SystemClock},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the next key, or takes one that is there, and has it published beside the present one.
    Start(Start),
    /// Says which key each service provider has, since when, and what is left to do.
    Status(Status),
    /// Has the next key sign for a service provider, at once or at a given time.
    Switch(SwitchOptions),
    /// Has the next key be the only one. Refused while a service provider still has the present one.
    Finish,
}

#[derive(Args, Debug)]
struct Start {
    /// The kind of the next key. Default: that of the present one.
    #[arg(long, value_enum)]
    algorithm: Option<Algorithm>,
    /// A file with the next key and its certificate, PEM, instead of a new one; or credential:NAME, or the pkcs11: URI
    /// of a key in a token.
    #[arg(long, value_name = "FILE", conflicts_with = "algorithm")]
    key: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Status {
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct SwitchOptions {
    /// The service provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// When: 2026-12-01T08:00:00+01:00, or HH:MM of today in the time zone of this machine. Default: at once.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// Has the present key sign for it again.
    #[arg(long, conflicts_with = "at")]
    back: bool,
}

/// Runs the command that the command line names.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Command::Start(options) => start(path, options),
        Command::Status(options) => status(path, options),
        Command::Switch(options) => switch(path, options),
        Command::Finish => finish(path),
    }
}

/// Opens a configuration in which nothing is wrong.
fn open(path: &Path) -> anyhow::Result<RollOver> {
    RollOver::open(sp::open_sound(path)?).map_err(|fault| tell(path, fault))
}

/// Tells each fault by itself.
fn tell(path: &Path, fault: RollOverFault) -> anyhow::Error {
    if let RollOverFault::Registrar(RegistrarFault::Faults(faults)) = &fault {
        complain_of_those_in(path, faults, "error");
    }
    let tomorrow = if let RollOverFault::Over(at) = &fault {
        next_day(*at, SystemClock.now(), &TimeZone::system())
    } else {
        None
    };
    match tomorrow {
        Some(at) => anyhow!("nothing was written: {fault}\n    hint: for tomorrow, --at {at}"),
        None => anyhow::Error::new(fault).context("nothing was written"),
    }
}

/// The same time of tomorrow, as it is typed.
fn next_day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let tomorrow = zone.to_datetime(now).date().tomorrow().ok()?;
    let time = zone.to_datetime(at).time();
    let moment = zone.to_timestamp(tomorrow.to_datetime(time)).ok()?;
    Some(in_zone(moment, zone))
}

fn start(path: &Path, options: &Start) -> anyhow::Result<()> {
    let roll_over = open(path)?;
    let started = if let Some(file) = &options.key {
        let file = if names_no_file(file) {
            file.clone()
        } else {
            // The configuration's own folder is another one.
            fs::canonicalize(file).with_context(|| format!("{}", file.display()))?
        };
        roll_over.start(NextKey::Brought(&file))
    } else {
        let kind = options.algorithm.map(|algorithm| algorithm.made_in().0);
        let kind = kind.or_else(|| roll_over.usual_kind());
        let kind = kind.context("say which kind of key with --algorithm")?;
        // By custom the host name.
        let (_, host) = roll_over.origin().split_once("://").unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        let name: String = name.chars().take(64).collect();
        roll_over.start(NextKey::Made(&new_key(&name, kind)?))
    };
    let (file, warnings) = started.map_err(|fault| tell(path, fault))?;
    complain_of_those_in(path, &warnings, "warning");
    say(&format!(
        "{}: the next key (keys.next in {}).\n{} From then on our metadata holds both certificates, and \
         nothing else changes.\nWhat each service provider needs is said below, and at any time by {}.\n",
        file.display(),
        path.display(),
        takes_it_in(path),
        typed("`passerelle keys rollover status`", path)
    ));
    status(path, &Status { json: false })
}

fn status(path: &Path, options: &Status) -> anyhow::Result<()> {
    let roll_over = open(path)?;
    let status = roll_over
        .status()
        .context("the configuration names no key")?;
    warn_of_other_keys(path, roll_over.built());
    if options.json {
        return say_json(&status);
    }
    say(&format!("present key: {}", described(&status.present)));
    for file in &status.unnamed {
        say(&format!(
            "not named:   {}: a key file that nothing in the configuration names: once no server has it any more, keep \
             it elsewhere or destroy it",
            file.display()
        ));
    }
    let say = |text: &str| say(&typed(text, path));
    let Some(next) = &status.next else {
        say("No roll-over is on: `passerelle keys rollover start` begins one.");
        return Ok(());
    };
    say(&format!("next key:    {}", described(next)));
    let zone = TimeZone::system();
    for provider in &status.providers {
        say(&line(provider, &zone));
    }
    if !status.providers.iter().any(|it| it.standing.is_left()) {
        say("Nobody needs the present key any more: passerelle keys rollover finish");
    }
    Ok(())
}

fn described(key: &ShownKey) -> String {
    format!(
        "{}: {}, certificate until {:.0}, SHA-256 {}",
        key.file.display(),
        key.key,
        key.ends_at,
        key.sha256
    )
}

/// What of a provider is told, and what its administrator has to do.
fn line(provider: &ShownProvider, zone: &TimeZone) -> String {
    let ShownProvider {
        name,
        standing,
        is_by_hand,
    } = provider;
    let at = |time: &Timestamp| in_zone(*time, zone);
    let (key, left) = match standing {
        Standing::Left if *is_by_hand => (
            "present key".to_owned(),
            format!(
                "has one place for our certificate: paste what `passerelle zoom-settings --sp {name} --next` prints, \
                 and at once `passerelle keys rollover switch {name}`"
            ),
        ),
        Standing::Left => (
            "present key".to_owned(),
            format!(
                "have it take our metadata again, where it does not by itself, and then: passerelle keys rollover \
                 switch {name}"
            ),
        ),
        Standing::Off => ("none".to_owned(), "is switched off".to_owned()),
        Standing::Planned(from) => (
            "present key".to_owned(),
            format!(
                "next key from {} on: it must know the certificate by then",
                at(from)
            ),
        ),
        Standing::Switched(from) => ("next key".to_owned(), format!("since {}", at(from))),
        Standing::Unable => (
            "present key".to_owned(),
            "verifies nothing that the next key signs: see passerelle check".to_owned(),
        ),
        Standing::Unconcerned => (
            "another key".to_owned(),
            "the same before and after".to_owned(),
        ),
    };
    let whom = format!("sp.{name}");
    format!("{whom:<16}  {key:<11}  {left}")
}

fn in_zone(time: Timestamp, zone: &TimeZone) -> String {
    format!("{:.0}", time.display_with_offset(zone.to_offset(time)))
}

/// Sees to it that the server that runs publishes the next key: nobody can have taken what it does not. Where
/// none runs, the next start publishes it.
fn check_published(path: &Path, roll_over: &RollOver) -> anyhow::Result<()> {
    let next = roll_over.status().and_then(|status| status.next);
    let (Some(next), Some(socket)) = (next, socket(path)) else {
        return Ok(());
    };
    match asked(&socket) {
        Ok(server) if server.certificates.contains(&next.sha256) => Ok(()),
        Ok(_) => bail!(
            "nothing was written: the running server does not publish the next key yet\n    hint: `passerelle \
             reload`, have each service provider take the certificate, and then do this again"
        ),
        Err(fault) if matches!(fault.downcast_ref(), Some(AskFault::NobodyThere)) => Ok(()),
        Err(fault) => Err(fault.context(
            "nothing was written: the running server does not say whether it publishes the next key",
        )),
    }
}

fn switch(path: &Path, options: &SwitchOptions) -> anyhow::Result<()> {
    let name = &options.name;
    let switch = match options.at {
        _ if options.back => Switch::Back,
        Some(at) => Switch::At(at),
        None => Switch::Now,
    };
    let roll_over = open(path)?;
    if switch != Switch::Back {
        check_published(path, &roll_over)?;
    }
    let from = roll_over.switch(name, switch);
    let from = from.map_err(|fault| tell(path, fault))?;
    let what = match from {
        None => "the present key signs for it".to_owned(),
        Some(from) => format!(
            "the next key signs for it from {} on ({from:.0})",
            in_zone(from, &TimeZone::system())
        ),
    };
    say(&format!("sp.{name}: {what}. {}", takes_it_in(path)));
    Ok(())
}

fn finish(path: &Path) -> anyhow::Result<()> {
    let roll_over = open(path)?;
    check_published(path, &roll_over)?;
    let file = roll_over.finish();
    if matches!(file, Err(RollOverFault::NotOn)) {
        // Whoever has ended it already may have left the server behind.
        warn_of_other_keys(path, roll_over.built());
    }
    let file = file.map_err(|fault| tell(path, fault))?;
    say(&format!(
        "The next key is the only one in its place. {} From then on our metadata holds its certificate alone.\n\
         {}: the key before it stays there, for servers and configurations that still name it. Once there is none, \
         keep it elsewhere or destroy it.",
        takes_it_in(path),
        file.display()
    ));
    Ok(())
}

/// A moment in RFC 3339, or a time of today where this machine is.
fn moment(text: &str) -> anyhow::Result<Timestamp> {
    moment_at(text, SystemClock.now(), &TimeZone::system())
}

pub(super) fn moment_at(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Ok(time) = Time::strptime("%H:%M", text) {
        let today = zone.to_datetime(now).date();
        return Ok(zone.to_timestamp(today.to_datetime(time))?);
    }
    let moment: Timestamp = text
        .parse()
        .map_err(|_unread| anyhow!("write 2026-12-01T08:00:00+01:00, or 08:00 for today"))?;
    // The configuration knows whole seconds.
    Ok(Timestamp::from_second(moment.as_second())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_a_time_that_is_over_is_told_how_that_of_tomorrow_is_written() {
        let now: Timestamp = "2026-11-28T23:30:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let typed = moment_at("00:15", now, &zone).unwrap();
        assert!(typed < now);
        let hint = next_day(typed, now, &zone).unwrap();
        assert_eq!(hint, "2026-11-30T00:15:00+01:00");
        let read = moment_at(&hint, now, &zone).unwrap();
        assert_eq!(read, "2026-11-29T23:15:00Z".parse().unwrap());
    }

    #[test]
    fn r96_a_time_of_today_is_of_the_day_and_the_zone_of_this_machine() {
        let now: Timestamp = "2026-11-28T23:30:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (text, moment) in [
            // It is the 29th there.
            ("08:00", Some("2026-11-29T07:00:00Z")),
            ("00:00", Some("2026-11-28T23:00:00Z")),
            ("2026-12-01T08:00:00+01:00", Some("2026-12-01T07:00:00Z")),
            ("2026-12-01T08:00:00.9Z", Some("2026-12-01T08:00:00Z")),
            ("2026-12-01T08:00:00", None),
            ("2026-12-01", None),
            ("24:00", None),
            ("8", None),
            ("", None),
        ] {
            let read = moment_at(text, now, &zone).ok();
            let moment = moment.map(|moment| moment.parse().unwrap());
            assert_eq!(read, moment, "{text}");
        }
    }
}
