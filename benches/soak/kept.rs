//! What is kept of those who have been here, and of those who only came: a hundred thousand people who have a session, in
//! the memory of the server or in Redis, and a million requests that nobody goes on with. And what a hundred
//! thousand forged notices of CAS cost others: nothing.

use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow, ensure};
use passerelle::sys::clock::{Clock as _, SystemClock};

use crate::{
    kit::{
        browser::{Browser, value_of},
        cas,
        people::People,
        place::{PROGRAM, Place},
        request::{AuthnRequest, escape},
        server::{Server, free_address, rest},
    },
    redis::Redis,
    table::{Table, title},
    visit::Way,
};

/// How many have a session.
const SESSIONS: usize = 100_000;
/// How many requests are abandoned.
const ABANDONED: usize = 1_000_000;
/// How many notices are forged.
const FORGED: usize = 100_000;
/// How many people come at one time.
const BROWSERS: usize = 8;
/// What may be resident with so many sessions in this process, in MiB.
const MOST_IN_MEMORY: f64 = 150.0;
/// What may be with so many in Redis, in MiB.
const MOST_BESIDE_REDIS: f64 = 30.0;
/// What they may take in Redis itself with all their stories, in MiB: what is to be left for them.
const MOST_IN_REDIS: f64 = 320.0;
/// How many megabytes of stories are kept unless something else is said.
const STORIES: u32 = 64;
/// By how much the memory may grow by what is abandoned, in MiB: of the server and of Redis.
const MOST_GROWTH: f64 = 3.0;
/// How long the server rests before its memory is looked at.
const REST: Duration = Duration::from_secs(4);

/// Measures all of it.
///
/// # Errors
///
/// Something does not start, or somebody is not let in.
pub(crate) fn measure(people: &People, table: &mut Table) -> anyhow::Result<()> {
    let (directory, _folder) = people.directory(None)?;
    let cas = cas::start(&directory.file("server.crt"), &directory.file("server.key"))?;
    let at_cas = cas::lines(cas, &directory.file("ca.crt"));
    let redis = Redis::start()?;
    for (what, more, most) in [
        ("in memory", String::new(), MOST_IN_MEMORY),
        ("in Redis", redis.lines(), MOST_BESIDE_REDIS),
    ] {
        title(&format!("{SESSIONS} sessions {what}"));
        let address = free_address()?;
        let place = Place::make_with(address, &format!("{at_cas}{more}"))?;
        place.keeps_stories(STORIES)?;
        let server = Server::start(&place, address)?;
        many(&server, SESSIONS, sign_in)?;
        rest(REST);
        let memory = server.memory("VmRSS")?;
        table.row("memory of the server", memory, most, "MiB");
        let live = sessions(&place)?;
        ensure!(live == SESSIONS, "{live} sessions live {what}");
    }
    let (keys, used) = redis.holds()?;
    ensure!(keys >= u64::try_from(SESSIONS)?, "{keys} keys in Redis");
    table.row("memory of Redis", used, MOST_IN_REDIS, "MiB");

    abandoned_in_memory(&at_cas, table)?;

    title(&format!(
        "{ABANDONED} requests that nobody goes on with, with Redis"
    ));
    let address = free_address()?;
    let place = Place::make_with(address, &format!("{at_cas}{}", redis.lines()))?;
    let server = Server::start(&place, address)?;
    many(&server, ABANDONED / 100, abandon)?;
    rest(REST);
    let before = (server.memory("VmRSS")?, redis.holds()?);
    many(&server, ABANDONED, abandon)?;
    rest(REST);
    let after = (server.memory("VmRSS")?, redis.holds()?);
    let grown = after.0 - before.0;
    table.row("growth of the server", grown, MOST_GROWTH, "MiB");
    let ((keys_before, used_before), (keys, used)) = (before.1, after.1);
    let grown = used - used_before;
    table.row("growth of Redis", grown, MOST_GROWTH, "MiB");
    table.never(
        "a key in Redis of what was abandoned",
        usize::try_from(keys.saturating_sub(keys_before))?,
    );
    forged(&server, &redis, table)
}

/// How many sessions live, as `passerelle session list` says.
fn sessions(place: &Place) -> anyhow::Result<usize> {
    let list = Command::new(PROGRAM)
        .args(["session", "list", "--json", "--config"])
        .arg(place.configuration())
        .output()?;
    let said = String::from_utf8(list.stdout)?;
    let count = said.split_once("\"count\":").context("no count")?.1;
    let end = count.find([',', '}', '\n']).context("no end of it")?;
    Ok(count.get(..end).context("no count")?.trim().parse()?)
}

/// What requests leave in a server that keeps everything itself, and where nobody goes on with any.
fn abandoned_in_memory(at_cas: &str, table: &mut Table) -> anyhow::Result<()> {
    title(&format!(
        "{ABANDONED} requests that nobody goes on with, in memory"
    ));
    let address = free_address()?;
    let place = Place::make_with(address, at_cas)?;
    place.keeps_stories(STORIES)?;
    let server = Server::start(&place, address)?;
    many(&server, ABANDONED / 100, abandon)?;
    rest(REST);
    let before = server.memory("VmRSS")?;
    many(&server, ABANDONED, abandon)?;
    rest(REST);
    let grown = server.memory("VmRSS")? - before;
    let most = MOST_GROWTH + f64::from(STORIES);
    table.row("growth of the server", grown, most, "MiB");
    Ok(())
}

/// What notices cost that name tickets which nobody ever had.
fn forged(server: &Server, redis: &Redis, table: &mut Table) -> anyhow::Result<()> {
    title(&format!("{FORGED} forged notices of CAS"));
    let mut browser = Browser::open(server.address, 0)?;
    let query = AuthnRequest::new(SystemClock.now())?.query()?;
    let path = cas::way_back(&browser.arrive(&query)?, "nobody", 0)?;
    let (path, _ticket) = path.split_once('?').context("no ticket")?;
    let forge = |browser: &mut Browser, number: usize| {
        let notice = format!(
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"LR-{number}\" \
             Version=\"2.0\" IssueInstant=\"2026-11-26T08:00:00Z\"><samlp:SessionIndex>ST-{number}-made-up\
             </samlp:SessionIndex></samlp:LogoutRequest>"
        );
        browser.post(path, &format!("logoutRequest={}", escape(&notice)))?;
        let answer = browser.receive()?;
        ensure!(answer.status == 200 && answer.page.is_empty(), "{answer:?}");
        Ok(())
    };
    many(server, FORGED / 100, forge)?;
    rest(REST);
    let (asked, memory, (keys, _)) = (cas::asked(), server.memory("VmRSS")?, redis.holds()?);
    many(server, FORGED, forge)?;
    rest(REST);
    table.never("a question to CAS", cas::asked() - asked);
    let more = redis.holds()?.0.saturating_sub(keys);
    table.never("a key in Redis of what was forged", usize::try_from(more)?);
    let grown = server.memory("VmRSS")? - memory;
    table.row("growth of the server", grown, MOST_GROWTH, "MiB");
    // And people are let in as before: somebody whose ticket nobody has brought. The connection of before has rested for
    // too long.
    browser.reconnect(server.address)?;
    browser.becomes(SESSIONS);
    sign_in(&mut browser, SESSIONS)
}

/// Has people come until there were `count` visits, [`BROWSERS`] of them at one time, each on the connection of the one
/// before, as a proxy keeps it.
fn many(
    server: &Server,
    count: usize,
    visit: impl Fn(&mut Browser, usize) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut browser = Browser::open(server.address, 0)?;
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count {
                return anyhow::Ok(());
            }
            browser.becomes(number);
            visit(&mut browser, number)?;
        }
    };
    thread::scope(|scope| {
        let browsers: Vec<_> = (0..BROWSERS).map(|_| scope.spawn(work)).collect();
        for browser in browsers {
            { browser.join() }.map_err(|_panic| anyhow!("a thread broke down"))??;
        }
        Ok(())
    })
}

/// Signs in somebody who was never here.
fn sign_in(browser: &mut Browser, number: usize) -> anyhow::Result<()> {
    let login = format!("person{number}");
    let half_way = Way::Cas.begin(browser, &login, number)?;
    half_way.go_on(browser, &login)?;
    let answer = browser.receive()?;
    let is_answered = value_of(&answer.page, "SAMLResponse").is_some();
    ensure!(is_answered, "{login}: {}", answer.page);
    Ok(())
}

/// Comes with a request, is sent to CAS, and never comes back.
fn abandon(browser: &mut Browser, _number: usize) -> anyhow::Result<()> {
    let query = AuthnRequest::new(SystemClock.now())?.query()?;
    let sent = browser.arrive(&query)?;
    ensure!(sent.location.contains("/cas/login"), "{}", sent.page);
    Ok(())
}
