//! `docs/reliability.md`: what each row counted when it last kept its promises.
//!
//! A run with `OUTAGE_SECONDS` and `UPDATE_DOCS` writes the rows that it played and leaves the others as they are. Every run
//! holds the file to the rows that there are.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, bail};
use passerelle::sys::clock::{Clock as _, SystemClock};

use crate::{
    count::{Phase, Tally},
    lab::process::repository,
    rows::Outage,
    store::Topology,
};

const NAME: &str = "docs/reliability.md";
/// What stands for a row that was added and not played yet.
const NOT_YET: &str = "Not played yet.\n";
const INTRODUCTION: &str = "\
# Reliability

What was counted while nodes, Redis, CAS and the directory were killed, stopped, broken or cut off, or a clock, a disk or a log was, under a steady load of whole sign-ins:
a request of the provider's, CAS or the form, and the answer, which a strict reader reads and of which every value must be that
person's own. 300 people sign in, one of five at CAS (django-cas-server), the others at a directory (OpenLDAP). Most have a
session; one sign-in of ten is of somebody who has none. Two nodes serve each kind, in turn and without regard to who comes; where a
node takes no connection, or hangs up on a GET, the other one is asked once, as nginx does by the example in `deploy/`, and haproxy at least once. A form is
never sent again by itself; whoever was hung up on has the browser send it again. Only a node that is killed may hang up on anybody.
While an outage lasts, all that are due begin, but for ten that may be a third of a second late. Each is seen where it should be when it
begins to count as known, and still is right before it is ended; but nodes that hear nothing of a CAS server look for it within ten seconds, after which its being down counts
as known, and a master that is away is met by nobody any more once another one is promoted.

Who has a session that was kept is let in by it: while a node, CAS or the directory is away, and after everything else. For its clock
a node is started again as on another machine (libfaketime, and a mount of another `boot_id`). The one that is ten minutes off is sent
nobody, as it says so: there the balancer asks each node's `/readyz` twice a second (that of `deploy/haproxy` every two seconds), and goes by two answers in a row. A full disk is a
file system by itself that a node logs to, with no room left. One Redis server is slow by what stands before it; several are by orders to sleep (`DEBUG SLEEP`), so that an answer comes 200 ms later or more. A master is given up after half a second under Sentinels, and after one in a Cluster; by the files in `deploy/redis` after five, and for so much longer
nobody is known by a session of before. After Redis has restarted empty somebody is let in through CAS, without typing, whose session it had.

While the CAS server is down, while the nodes alone cannot reach it, and while the directory is down, a page of ours tells people so, and a row fails in which somebody who had to wait
has not seen that page (in the first ten seconds it may be their browser that finds no CAS server); a ticket that cannot be checked lets nobody in. Those who hang up in mid-request are four more people, each with a session, who ask some forty times a second in all and are
gone within 8 ms. They are not counted.

`make soak` plays each row for a minute and writes this file; a row says for how long it was played, of which commit, and on what. A row that is missing
here fails the tests. One that does not keep a promise fails `make soak`, and here stands what it counted when it last did: look at its date. What it means:

- *by session*, *through CAS*, *typed*: how people were let in. Through CAS is without typing, by the session that CAS has.
- *hung up on*: requests that a node had taken and was killed with. It is killed while it has one, and so one of each pair at least is counted.
- *asked again*: requests that were put to the other node. One whose answer was lost with a node that had marked it as answered is answered
  again there, to the same person in the same browser.
- *loaded again*: people who were hung up on and had to do something once more: have the browser send a form, or press the button of a page that
  leads to CAS for another ticket.
- *waited*: people whom a page of ours told that it does not work now, and who tried again each second until they were let in. They are not among
  the times.
- Times are from when a person was due to when the answer was read, in milliseconds.
";

/// What a row says, by the titles of its topology and of what happened.
pub(crate) struct Document(BTreeMap<(usize, usize), String>);

/// On what a row is played.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) seconds: u64,
    pub(crate) a_second: u32,
}

/// What stands above the counts of each row.
const HEAD: &str = "\
| | signed in | failed | as somebody else | by session | through CAS | typed | hung up on | asked again | loaded again | waited | p50 | p99 |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// What each row says of how it was played.
const IN_FULL: [&str; 3] = [" for 60 s, 30 sign-ins a second, ", "build `release`", HEAD];

impl Document {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It does not list what there is: the hint says what to do.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(path()).with_context(|| NAME)?;
        let read = Self::parse(&text);
        let is_played = |row: &String| IN_FULL.iter().all(|said| row.contains(said));
        let rows: usize = Topology::ALL.iter().map(|it| Outage::of(*it).len()).sum();
        if read.write() != text || read.0.len() != rows || !read.0.values().all(is_played) {
            bail!(
                "{NAME} does not list each row once, in order, each as it was played in full; \
                 OUTAGE_SECONDS=60 UPDATE_DOCS=1 cargo test --release --test outages -- NAME \
                 plays a row and writes it anew"
            );
        }
        Ok(read)
    }

    fn parse(text: &str) -> Self {
        let mut rows = BTreeMap::new();
        for (of, topology) in Topology::ALL.iter().enumerate() {
            let head = format!("\n## {}\n", topology.told());
            let Some((_, part)) = text.split_once(&head) else {
                continue;
            };
            let part = part.split("\n## ").next().unwrap_or_default();
            for (number, outage) in Outage::of(*topology).into_iter().enumerate() {
                let head = format!("\n### {}\n\n", outage.told());
                let Some((_, row)) = part.split_once(&head) else {
                    continue;
                };
                let row = row.split("\n### ").next().unwrap_or_default();
                let row = row.trim_end();
                rows.insert((of, number), format!("{row}\n"));
            }
        }
        Self(rows)
    }

    fn write(&self) -> String {
        let mut text = INTRODUCTION.to_owned();
        for (of, topology) in Topology::ALL.iter().enumerate() {
            let _infallible = writeln!(text, "\n## {}", topology.told());
            for (number, outage) in Outage::of(*topology).into_iter().enumerate() {
                let row = self.0.get(&(of, number)).map_or(NOT_YET, String::as_str);
                let _infallible = write!(text, "\n### {}\n\n{row}", outage.told());
            }
        }
        text
    }

    /// Writes what a row has counted into the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn take(
        (topology, outage): (Topology, Outage),
        tallies: &[Tally; 5],
        setting: &Setting,
    ) -> anyhow::Result<()> {
        let of = Topology::ALL.iter().position(|it| *it == topology);
        let number = Outage::of(topology).into_iter().position(|it| it == outage);
        let place = of.zip(number).context("no such row")?;
        // The rows of another topology may be played at the same time.
        let file = File::open(path()).with_context(|| NAME)?;
        file.lock()?;
        let mut document = Self::parse(&fs::read_to_string(path())?);
        document.0.insert(place, row(tallies, setting)?);
        fs::write(path(), document.write()).with_context(|| NAME)
    }
}

fn path() -> PathBuf {
    repository().join(NAME)
}

fn row(tallies: &[Tally; 5], setting: &Setting) -> anyhow::Result<String> {
    let today = SystemClock.now().to_string();
    let mut row = format!(
        "{} for {} s, {} sign-ins a second, {}, {}.\n\n{HEAD}",
        today.get(..10).unwrap_or_default(),
        setting.seconds,
        setting.a_second,
        version()?,
        machine()?,
    );
    for (phase, tally) in Phase::ALL.iter().zip(tallies) {
        let times = tally.times();
        let time = |percent| {
            if times.count() == 0 {
                "–".to_owned()
            } else {
                format!("{:.0}", times.percentile(percent))
            }
        };
        let _infallible = writeln!(
            row,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            phase.told(),
            tally.signed_in,
            tally.failed,
            tally.mixed,
            tally.reused,
            tally.through_cas,
            tally.typed,
            tally.hung_up,
            tally.retried,
            tally.reloaded,
            tally.waited,
            time(50),
            time(99),
        );
    }
    Ok(row)
}

/// Which commit has changed the program last.
fn version() -> anyhow::Result<String> {
    const PROGRAM: [&str; 3] = ["--", "src", "Cargo.lock"];
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(repository()).args(words).args(PROGRAM);
        anyhow::Ok(String::from_utf8(git.output()?.stdout)?)
    };
    let last = git(&["log", "-1", "--format=%h", "--abbrev=9"])?;
    let and_more = if git(&["diff", "--name-only", "HEAD"])?.is_empty() {
        ""
    } else {
        " and changes"
    };
    Ok(match last.trim() {
        "" => "of no commit".to_owned(),
        last => format!("commit `{last}`{and_more}"),
    })
}

/// What it was played on, as far as that tells what the times are worth.
fn machine() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let about = fs::read_to_string("/proc/cpuinfo")?;
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("unknown", |(_, name)| name);
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    let program = std::env::current_exe()?;
    let build = { program.ancestors() }
        .nth(2)
        .and_then(|folder| folder.file_name()?.to_str())
        .unwrap_or("unknown");
    Ok(format!(
        "build `{build}`, {cores} cores ({model}), with a load average of {load}"
    ))
}
