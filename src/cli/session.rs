//! `passerelle session`: who is signed in, and the end of that.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::{
    complain, confirm_at_terminal, running::needed_socket, say, say_json, say_table, short_name,
};
use crate::{
    control::{
        Answer, Command as Question,
        ask::{AskFault, ask},
    },
    model::{
        oversight::{Overview, Revoked, ShownSession, Which},
        session::Participant,
        short_name::ShortName,
        support_code::SupportCode,
    },
};

/// How many sessions `list` prints where nobody says how many.
const USUAL_MOST: u32 = 100;
/// How many sessions `show` prints in full.
const MOST_SHOWN: u32 = 20;
/// What to do where sessions could not be opened.
const OTHER_KEYS: &str = "`passerelle status --json` of each node says which seal keys it has: bring them to this one. Those \
                          of before `keys rotate-seal --alone` let nobody in, and leave with their time";
/// What to do where the session that was meant is not there.
const REPLACED: &str = "it has ended, or another one of the same person has taken its place, under another name: \
                        `passerelle session list --person LOGIN`";

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a line for each session that lives, the one used last first.
    List(List),
    /// Prints all that is known of a session, with the names that providers were told.
    Show(Show),
    /// Ends sessions, on all nodes at once. Providers keep sessions of their own, and so does CAS: whoever is still signed
    /// in there comes back without a password.
    Revoke(Revoke),
}

#[derive(Args, Debug)]
struct List {
    /// Those of one person only, by the name they sign in with.
    #[arg(long, value_name = "LOGIN", group = "which")]
    person: Option<String>,
    /// Those on which this provider was told of the person only.
    #[arg(long, value_name = "NAME", value_parser = short_name, group = "which")]
    sp: Option<ShortName>,
    /// The one that the sign-in of this support code began, or was answered by, only.
    #[arg(long, value_parser = SupportCode::parse, group = "which")]
    code: Option<SupportCode>,
    /// How many at most, up to 1000.
    #[arg(long, value_name = "NUMBER", default_value_t = USUAL_MOST, value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[group(id = "which", required = true, multiple = false)]
struct Shown {
    /// The session, by what `session list` prints first.
    handle: Option<String>,
    /// All of one person, by the name they sign in with.
    #[arg(long, value_name = "LOGIN")]
    person: Option<String>,
    /// Those on which this provider was told of the person: the first twenty.
    #[arg(long, value_name = "NAME", value_parser = short_name)]
    sp: Option<ShortName>,
    /// The one that the sign-in of this support code began, or was answered by.
    #[arg(long, value_parser = SupportCode::parse)]
    code: Option<SupportCode>,
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    which: Shown,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[group(id = "revoked", required = true, multiple = false)]
struct Ended {
    /// The session, by what `session list` prints first.
    handle: Option<String>,
    /// All of one person, by the name they sign in with.
    #[arg(long, value_name = "LOGIN")]
    person: Option<String>,
    /// The one that the sign-in of this support code began, or was answered by.
    #[arg(long, value_parser = SupportCode::parse)]
    code: Option<SupportCode>,
    /// All on which this provider was told of the person. Says how many they are, and asks.
    #[arg(long, value_name = "NAME", value_parser = short_name)]
    sp: Option<ShortName>,
}

#[derive(Args, Debug)]
struct Revoke {
    #[command(flatten)]
    which: Ended,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Has the running server answer, and fails where it did not, or where it did not end what was to end.
pub(super) fn run(path: &Path, options: Options) -> anyhow::Result<()> {
    let socket = needed_socket(path, "sessions are seen by the running server alone")?;
    match options.command {
        Command::List(options) => list(&socket, options),
        Command::Show(options) => show(&socket, options),
        Command::Revoke(options) => revoke(&socket, options),
    }
}

fn list(socket: &Path, options: List) -> anyhow::Result<()> {
    let List {
        person,
        sp,
        code,
        most,
        json,
    } = options;
    let which = person
        .map(Which::Person)
        .or_else(|| sp.map(Which::Provider))
        .or_else(|| code.map(Which::Code))
        .unwrap_or(Which::All);
    let overview = overview(socket, which, most)?;
    if json {
        return say_json(&overview);
    }
    if !overview.sessions.is_empty() {
        let head = [
            "SESSION",
            "PERSON",
            "SINCE",
            "LAST USE",
            "ENDS",
            "BY",
            "CODE",
            "PROVIDERS",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(overview.sessions.iter().map(row));
        say_table(&rows);
    }
    tell_the_rest(&overview);
    Ok(())
}

fn tell_the_rest(overview: &Overview) {
    let shown = u64::try_from(overview.sessions.len()).unwrap_or(u64::MAX);
    match overview.count.saturating_sub(shown) {
        0 if shown == 0 => say("no such session lives"),
        0 => {}
        others => complain(&format!(
            "and {others} more: --most prints more of them, --person, --sp and --code fewer"
        )),
    }
    if overview.unopened > 0 {
        complain(&format!(
            "{} session(s) in the store could not be opened here: whose they are is not known\n    hint: {OTHER_KEYS}",
            overview.unopened
        ));
    }
}

fn row(session: &ShownSession) -> [String; 8] {
    let providers: Vec<_> = { session.participants.iter() }
        .map(|told| told.sp.as_str())
        .collect();
    [
        session.handle.clone(),
        session.person.clone(),
        format!("{:.0}", session.since),
        format!("{:.0}", session.used_at),
        format!("{:.0}", session.unused_until.min(session.ends_at)),
        session.method.clone(),
        code_of(session),
        providers.join(" "),
    ]
}

fn code_of(session: &ShownSession) -> String {
    let code = session.support_code.clone();
    code.unwrap_or_else(|| "-".to_owned())
}

fn show(socket: &Path, options: Show) -> anyhow::Result<()> {
    let Show {
        which:
            Shown {
                handle,
                person,
                sp,
                code,
            },
        json,
    } = options;
    let which = handle
        .map(Which::Handle)
        .or_else(|| person.map(Which::Person))
        .or_else(|| sp.map(Which::Provider))
        .or_else(|| code.map(Which::Code))
        .context("which session?")?;
    let overview = overview(socket, which, MOST_SHOWN)?;
    if json {
        say_json(&overview)?;
    } else {
        for session in &overview.sessions {
            tell(session);
        }
    }
    if overview.count == 0 {
        bail!("no such session lives");
    }
    if !json {
        tell_the_rest(&overview);
    }
    Ok(())
}

fn tell(session: &ShownSession) {
    let mut rows = vec![
        ["session".to_owned(), session.handle.clone()],
        ["person".to_owned(), session.person.clone()],
        ["since".to_owned(), format!("{:.0}", session.since)],
        ["last use".to_owned(), format!("{:.0}", session.used_at)],
        [
            "ends".to_owned(),
            format!("{:.0}, unused {:.0}", session.ends_at, session.unused_until),
        ],
        [
            "proved".to_owned(),
            format!("by {}: {}", session.method, session.class),
        ],
        ["support code".to_owned(), code_of(session)],
    ];
    for Participant {
        sp,
        name_id,
        session_index,
    } in &session.participants
    {
        let name = name_id.as_ref().map_or_else(
            || "no name".to_owned(),
            |name| format!("{} ({})", name.value, name.format.urn()),
        );
        rows.push([
            format!("sp.{sp}"),
            format!("knows them as {name}, SessionIndex {session_index}"),
        ]);
    }
    say_table(&rows);
    say("");
}

fn revoke(socket: &Path, options: Revoke) -> anyhow::Result<()> {
    let Revoke {
        which:
            Ended {
                handle,
                person,
                code,
                sp,
            },
        yes,
        json,
    } = options;
    if let Some(sp) = &sp
        && !yes
    {
        let concerned = overview(socket, Which::Provider(sp.clone()), 1)?.count;
        let question = format!("{concerned} session(s) with sp.{sp} end, of whoever they are.");
        confirm_at_terminal(&question, "nothing was ended")?;
    }
    let which = handle
        .map(Which::Handle)
        .or_else(|| person.map(Which::Person))
        .or_else(|| code.map(Which::Code))
        .or_else(|| sp.map(Which::Provider))
        .context("which session?")?;
    let is_one = matches!(which, Which::Handle(_) | Which::Code(_));
    let asked = ask(socket, Question::Revoke(which)).map_err(|fault| {
        let what = match fault {
            AskFault::NoAnswer => {
                "whether all have ended is not known, `passerelle session list` says which live"
            }
            AskFault::NobodyThere | AskFault::Io(_) | AskFault::NotUnderstood => {
                "no session was ended"
            }
        };
        anyhow::Error::new(fault).context(format!("{what}: {}", socket.display()))
    })?;
    let revoked = match asked {
        Answer::Revoked(revoked) => revoked,
        Answer::Refused(why) | Answer::Unknown(why) => bail!("no session was ended: {why}"),
        Answer::Decided(_)
        | Answer::Reload(_)
        | Answer::Sessions(_)
        | Answer::Status(_)
        | Answer::Story(_) => {
            return Err(AskFault::NotUnderstood.into());
        }
    };
    if json {
        say_json(&revoked)?;
    } else {
        tell_ended(&revoked, is_one);
    }
    match revoked.fault {
        None if is_one && revoked.count == 0 => {
            bail!("no such session lives: nothing was to be ended\n    hint: {REPLACED}")
        }
        None => Ok(()),
        Some(why) => bail!(
            "{why}: some of these sessions may still live\n    hint: ask again once `passerelle status` says that the \
             store answers and that all nodes have the same seal keys; while people go on signing in at a provider, take \
             it out of service first (`enabled = false`)"
        ),
    }
}

fn tell_ended(revoked: &Revoked, is_one: bool) {
    for ended in &revoked.ended {
        let providers: Vec<_> = ended.participants.iter().map(ShortName::as_str).collect();
        let told = if providers.is_empty() {
            "no provider was told of them".to_owned()
        } else {
            format!("they may still be signed in at {}", providers.join(", "))
        };
        say(&format!("ended: {}; {told}", ended.person));
    }
    match revoked.count {
        0 if revoked.fault.is_none() && !is_one => {
            say("no such session lives: nothing was to be ended");
        }
        0 => {}
        count => say(&format!("{count} session(s) ended, on all nodes")),
    }
}

fn overview(socket: &Path, which: Which, most: u32) -> anyhow::Result<Overview> {
    let asked = ask(socket, Question::Sessions(which, most));
    match asked.with_context(|| socket.display().to_string())? {
        Answer::Sessions(overview) => Ok(overview),
        Answer::Refused(why) => bail!(why),
        Answer::Unknown(why) => bail!("which sessions live is not known: {why}"),
        Answer::Decided(_)
        | Answer::Reload(_)
        | Answer::Revoked(_)
        | Answer::Status(_)
        | Answer::Story(_) => Err(AskFault::NotUnderstood.into()),
    }
}
