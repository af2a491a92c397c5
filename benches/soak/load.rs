//! A steady load: people who were never here sign in, so many a second, at a CAS server and at a
//! directory.
//!
//! Each comes when they are due, whether the ones before are done or not. Each answer is read as
//! Zoom would read it and must tell of that person, in every value. Sessions are bounded to as
//! many as the warm-up makes, so that what is still there of people who have gone would show.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    kit::{
        browser::Browser,
        cas,
        measure::Samples,
        people::People,
        place::Place,
        reading::Reader,
        server::{Server, free_address, rest},
    },
    table::{Table, note, title},
    visit::Way,
};
use anyhow::{Context as _, anyhow, ensure};

/// How many come in a second.
const A_SECOND: u32 = 20;
/// How many sign in before it is measured; as many sessions are kept.
const WARM_UP: usize = 500;
/// How many browsers there are: so many may be on their way at one time.
const BROWSERS: usize = 16;
/// The 99th percentile that a whole sign-in may take, in milliseconds.
const MOST_MS: f64 = 250.0;
/// By how much the memory may grow meanwhile, in MiB: marks of requests that were answered are kept
/// for as long as the requests could come again.
const MOST_GROWTH: f64 = 3.0;
/// How long the server rests before its memory is looked at.
const REST: Duration = Duration::from_secs(4);

/// Measures it for both.
///
/// # Errors
///
/// Something does not start, or somebody is not let in, or as somebody else.
pub(crate) fn measure(people: &People, table: &mut Table) -> anyhow::Result<()> {
    let (directory, _folder) = people.directory(None)?;
    let cas = cas::start(&directory.file("server.crt"), &directory.file("server.key"))?;
    let at_cas = cas::lines(cas, &directory.file("ca.crt"));
    let at_directory = directory.lines(directory.tls_port);
    for (what, way, lines) in [
        ("at a CAS server", Way::Cas, at_cas),
        ("at a directory", Way::Directory, at_directory),
    ] {
        let lasts = table.load_lasts;
        title(&format!(
            "{A_SECOND} sign-ins a second {what}, for {} s",
            lasts.as_secs()
        ));
        let address = free_address()?;
        let more = format!("{lines}\n[sessions]\nmax = {WARM_UP}\n");
        let place = Place::make_with(address, &more)?;
        let load = Load {
            people,
            way,
            server: Server::start(&place, address)?,
            reader: Reader::of(&place)?,
            next: AtomicUsize::new(0),
        };
        load.measure(lasts, table)?;
    }
    Ok(())
}

struct Load<'a> {
    people: &'a People,
    way: Way,
    server: Server,
    reader: Reader,
    /// The number of the next sign-in.
    next: AtomicUsize,
}

impl Load<'_> {
    fn measure(&self, lasts: Duration, table: &mut Table) -> anyhow::Result<()> {
        self.run(WARM_UP, None)?;
        rest(REST);
        let before = self.server.memory("VmRSS")?;
        let count = usize::try_from(lasts.as_secs() * u64::from(A_SECOND))?;
        let times = self.run(count, Some(Duration::from_secs(1) / A_SECOND))?;
        rest(REST);
        let after = self.server.memory("VmRSS")?;
        table.times("a whole sign-in, ms", &times, MOST_MS);
        note(
            "memory before and after, MiB",
            &format!("{before:.1}, {after:.1}"),
        );
        table.row("growth of the memory", after - before, MOST_GROWTH, "MiB");
        Ok(())
    }

    /// Has `count` people sign in, one `every` so often, or as fast as it goes.
    fn run(&self, count: usize, every: Option<Duration>) -> anyhow::Result<Samples> {
        let (begun, first) = (Instant::now(), self.next.load(Ordering::SeqCst));
        let work = || {
            let mut times = Vec::new();
            loop {
                let number = self.next.fetch_add(1, Ordering::SeqCst);
                let place = number - first;
                if place >= count {
                    return anyhow::Ok(times);
                }
                let due = match every {
                    Some(every) => begun + every * u32::try_from(place)?,
                    None => Instant::now(),
                };
                rest(due.saturating_duration_since(Instant::now()));
                self.sign_in(number)?;
                times.push(due.elapsed().as_secs_f64() * 1e3);
            }
        };
        thread::scope(|scope| {
            let browsers: Vec<_> = (0..BROWSERS).map(|_| scope.spawn(work)).collect();
            let mut times = Vec::new();
            for browser in browsers {
                let theirs = browser.join();
                times.extend(theirs.map_err(|_panic| anyhow!("a thread broke down"))??);
            }
            Ok(Samples::from_iter(times))
        })
    }

    /// Signs somebody in, on a new connection, and sees to it that it is they who are told of.
    fn sign_in(&self, number: usize) -> anyhow::Result<()> {
        let people = &self.people.open;
        let person = people.get(number % people.len()).context("nobody")?;
        let mut browser = Browser::open(self.server.address, number)?;
        let half_way = self.way.begin(&mut browser, &person.login, number)?;
        half_way.go_on(&mut browser, &person.login)?;
        let identity = self.reader.read(&half_way.request, &browser.receive()?)?;
        let at_cas = cas::own(&person.login).map(|(_, value)| value);
        let own = match self.way {
            Way::Cas => at_cas.as_slice(),
            Way::Directory => person.own.as_slice(),
        };
        let told = identity.attributes.iter().flat_map(|one| &one.values);
        let told: Vec<_> = told.collect();
        let is_known_by = own.first() == Some(&identity.name_id.value);
        ensure!(
            is_known_by && own.iter().all(|value| told.contains(&value)),
            "somebody was told to be somebody else: {own:?}, {identity:?}"
        );
        Ok(())
    }
}
