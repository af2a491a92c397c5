//! A server that people sign in at accepts connections and never answers, and a thousand people are
//! on their way.
//!
//! They have the form before them, or come back with a ticket, and go on within some seconds; whoever
//! is told that it does not work now tries again after a while, as people do. Meanwhile the pages for
//! machines are asked steadily, and somebody with a live session goes on signing in. At last the
//! server is back, and it is waited until somebody new is let in.

mod crowd;
mod front;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use passerelle::sys::{
    clock::{Clock as _, SystemClock},
    tls,
};

use self::{
    crowd::{Crowd, End},
    front::{Front, Manner},
};
use crate::{
    kit::{
        browser::Browser,
        cas,
        directory::Directory,
        measure::Samples,
        people::People,
        place::Place,
        reading::Reader,
        request::AuthnRequest,
        server::{Server, free_address, rest},
    },
    table::{Table, title},
    visit::Way,
};

/// The 99th percentile that a page for machines may take, in milliseconds.
const MOST_MS: f64 = 50.0;
/// The same of a sign-in on a live session: it waits a glance for a directory that could say something of
/// it, until that rests.
const MOST_SIGN_IN_MS: f64 = 250.0;
/// The longest that anybody may wait for a page, in seconds: as long as an answer of the server may
/// take (`timeout-seconds`), and what it takes to tell.
const LONGEST_WAIT: f64 = 6.0;
/// The longest until people are let in again, in seconds: the longest rest of a server that did not
/// answer is ten.
const LONGEST_ABSENCE: f64 = 12.0;
/// What machines ask for.
const PAGES: [&str; 3] = ["/healthz", "/readyz", "/saml/metadata"];
/// How often they ask for one.
const PAGE_EVERY: Duration = Duration::from_millis(5);
/// How often somebody signs in on a live session.
const SIGN_IN_EVERY: Duration = Duration::from_millis(250);
/// How often somebody new tries whether the server is back.
const TRY_EVERY: Duration = Duration::from_millis(200);
/// A number of a person who is not of the crowd.
const SOMEBODY: usize = 20_000;

/// Measures it for both kinds of server, and both ways to hang.
///
/// # Errors
///
/// Something does not start, or something is answered as it never should be.
pub(crate) fn measure(people: &People, table: &mut Table) -> anyhow::Result<()> {
    let (directory, _folder) = people.directory(None)?;
    let (certificate, key) = (directory.file("server.crt"), directory.file("server.key"));
    let cas_port = cas::start(&certificate, &key)?;
    let after_tls = Manner::AfterTls(tls::acceptor(&certificate, &key)?);
    for (what, way, manner) in [
        ("A CAS server says nothing", Way::Cas, Manner::Silent),
        (
            "A CAS server speaks TLS and nothing more",
            Way::Cas,
            after_tls.clone(),
        ),
        ("A directory says nothing", Way::Directory, Manner::Silent),
        (
            "A directory speaks TLS and nothing more",
            Way::Directory,
            after_tls,
        ),
    ] {
        title(&format!(
            "{what}, with {} people on their way",
            crowd::PEOPLE
        ));
        let (port, lines): (_, fn(&Directory, u16) -> String) = match way {
            Way::Cas => (cas_port, |directory, port| {
                cas::lines(port, &directory.file("ca.crt"))
            }),
            Way::Directory => (directory.tls_port, Directory::lines),
        };
        let front = Front::before(port, manner)?;
        let scene = Scene::set(people, way, front, |port| lines(&directory, port))?;
        scene.measure(table)?;
    }
    Ok(())
}

/// A server of ours, before one that will hang.
struct Scene<'a> {
    people: &'a People,
    way: Way,
    front: Front,
    server: Server,
    reader: Reader,
    _place: Place,
}

impl<'a> Scene<'a> {
    fn set(
        people: &'a People,
        way: Way,
        front: Front,
        lines: impl Fn(u16) -> String,
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let place = Place::make_with(address, &lines(front.port))?;
        Ok(Self {
            people,
            way,
            front,
            server: Server::start(&place, address)?,
            reader: Reader::of(&place)?,
            _place: place,
        })
    }

    fn measure(&self, table: &mut Table) -> anyhow::Result<()> {
        let mut known = Browser::open(self.server.address, SOMEBODY)?;
        self.somebody_signs_in(&mut known, 0)?;
        let crowd = Crowd::gather(self.people, self.way, self.server.address)?;
        let is_over = AtomicBool::new(false);
        let (ends, pages, sign_ins) = thread::scope(|scope| {
            let machines = scope.spawn(|| self.ask_for_pages(&is_over));
            let known = scope.spawn(|| self.come_back(&mut known, &is_over));
            self.front.hang();
            let ends = crowd.go_on();
            is_over.store(true, Ordering::SeqCst);
            let broken = |_| anyhow!("a thread broke down");
            let pages = machines.join().map_err(broken)??;
            let sign_ins = known.join().map_err(broken)??;
            anyhow::Ok((ends?, pages, sign_ins))
        })?;
        for (page, times) in PAGES.iter().zip(&pages) {
            table.times(&format!("{page}, ms"), times, MOST_MS);
        }
        let (times, refused) = sign_ins;
        table.times("a sign-in on a live session, ms", &times, MOST_SIGN_IN_MS);
        table.never("a sign-in on a live session that was refused", refused);
        End::tell(&ends, LONGEST_WAIT, table);
        self.front.go_on();
        let absence = self.until_it_is_back()?;
        table.row(
            "until somebody new is let in again",
            absence,
            LONGEST_ABSENCE,
            "s",
        );
        Ok(())
    }

    /// Asks for the pages one after the other, each when it is due: a page that is late makes the next
    /// ones late as well, and they count as late.
    fn ask_for_pages(&self, is_over: &AtomicBool) -> anyhow::Result<[Samples; 3]> {
        let mut machine = Browser::open(self.server.address, SOMEBODY + 1)?;
        let mut times = PAGES.map(|_| Vec::new());
        let mut due = Instant::now();
        while !is_over.load(Ordering::SeqCst) {
            for (page, times) in PAGES.iter().zip(&mut times) {
                due += PAGE_EVERY;
                rest(due.saturating_duration_since(Instant::now()));
                machine.get(page)?;
                let answer = machine.receive()?;
                times.push(milliseconds(due));
                ensure!(answer.status == 200, "{page}: {}", answer.status);
            }
        }
        Ok(times.map(Samples::from_iter))
    }

    /// Signs in on a live session, again and again: how long it took, and how often it was refused.
    fn come_back(
        &self,
        known: &mut Browser,
        is_over: &AtomicBool,
    ) -> anyhow::Result<(Samples, usize)> {
        let (mut times, mut refused) = (Vec::new(), 0);
        let mut due = Instant::now();
        while !is_over.load(Ordering::SeqCst) {
            due += SIGN_IN_EVERY;
            rest(due.saturating_duration_since(Instant::now()));
            let request = AuthnRequest::new(SystemClock.now())?;
            let answer = known.arrive(&request.query()?)?;
            times.push(milliseconds(due));
            refused += usize::from(self.reader.read(&request, &answer).is_err());
        }
        Ok((Samples::from_iter(times), refused))
    }

    /// Has somebody sign in for the first time.
    fn somebody_signs_in(&self, browser: &mut Browser, ticket: usize) -> anyhow::Result<()> {
        let person = self.people.open.last().context("nobody")?;
        let half_way = self.way.begin(browser, &person.login, ticket)?;
        half_way.go_on(browser, &person.login)?;
        let answer = browser.receive()?;
        self.reader.read(&half_way.request, &answer).map(drop)
    }

    /// The seconds until somebody new is let in again.
    fn until_it_is_back(&self) -> anyhow::Result<f64> {
        let back = Instant::now();
        for number in 1.. {
            let mut browser = Browser::open(self.server.address, SOMEBODY + number)?;
            if self.somebody_signs_in(&mut browser, number).is_ok() {
                break;
            }
            ensure!(
                back.elapsed().as_secs_f64() < 2.0 * LONGEST_ABSENCE,
                "nobody is let in again"
            );
            rest(TRY_EVERY);
        }
        Ok(back.elapsed().as_secs_f64())
    }
}

/// How long ago that was.
fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
