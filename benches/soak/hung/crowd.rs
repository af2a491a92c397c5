//! A thousand people on their way.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use rustix::process::nice;

use crate::{
    kit::{
        browser::{Answer, Browser, between},
        measure::Samples,
        people::{People, Person},
        server::rest,
    },
    table::{Table, note},
    visit::{HalfWay, Way},
};

/// How many there are.
pub(crate) const PEOPLE: usize = 1_000;
/// In what time they go on, one after the other. Shorter than a server is waited for: at the end
/// all of them are on their way at one time.
const ARRIVE_WITHIN: Duration = Duration::from_secs(4);
/// For how long they try.
const LASTS: Duration = Duration::from_secs(15);
/// After how long the first of those tries again who were told that it does not work now. The others
/// follow as they came: people who read a page at one time do not press its button at one time.
const PAUSE: Duration = Duration::from_secs(3);
/// What a thread needs that waits for a page.
const STACK: usize = 256 * 1024;
/// How much a thread lets all others go first (`nice`, which on Linux is a thread's own).
const LAST: i32 = 19;
/// Whoever reads a page sooner than this did not wait.
const AT_ONCE: f64 = 1.0;

/// They have come half-way.
pub(crate) struct Crowd<'a> {
    visitors: Vec<Visitor<'a>>,
    way: Way,
    address: SocketAddr,
}

struct Visitor<'a> {
    number: usize,
    person: &'a Person,
    browser: Browser,
    half_way: HalfWay,
}

/// How a visit ended.
pub(crate) struct End {
    status: u16,
    /// What the page tells.
    page: String,
    /// How long it was waited for, in seconds.
    waited: f64,
}

impl<'a> Crowd<'a> {
    /// Has everybody come half-way, each from a network of their own.
    ///
    /// # Errors
    ///
    /// A step was not answered as it should be.
    pub(crate) fn gather(
        people: &'a People,
        way: Way,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let come = |(number, person): (usize, &'a Person)| {
            let mut browser = Browser::open(address, number)?;
            let half_way = way.begin(&mut browser, &person.login, number)?;
            anyhow::Ok(Visitor {
                number,
                person,
                browser,
                half_way,
            })
        };
        let people = people.open.iter().take(PEOPLE).enumerate();
        Ok(Self {
            visitors: people.map(come).collect::<Result<_, _>>()?,
            way,
            address,
        })
    }

    /// Has all of them go on, and try again and again.
    ///
    /// # Errors
    ///
    /// Somebody did not get a page at all.
    pub(crate) fn go_on(self) -> anyhow::Result<Vec<End>> {
        let (told, ends) = mpsc::channel();
        let (way, address, begun) = (self.way, self.address, Instant::now());
        let until = begun + LASTS;
        let apart = ARRIVE_WITHIN / u32::try_from(PEOPLE)?;
        thread::scope(|scope| {
            for (due, visitor) in (0..).map(|place| begun + apart * place).zip(self.visitors) {
                rest(due.saturating_duration_since(Instant::now()));
                let told = told.clone();
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || {
                        let end = visitor.try_until(until, (way, address), &told);
                        // The other end is there until all have ended.
                        end.map_err(|error| told.send(Err(error)))
                    })?;
            }
            drop(told);
            ends.iter().collect()
        })
    }
}

impl Visitor<'_> {
    fn try_until(
        mut self,
        until: Instant,
        (way, address): (Way, SocketAddr),
        told: &mpsc::Sender<anyhow::Result<End>>,
    ) -> anyhow::Result<()> {
        let login = &self.person.login;
        let pause = PAUSE + ARRIVE_WITHIN / u32::try_from(PEOPLE)? * u32::try_from(self.number)?;
        // People are at machines of their own: what a thousand of them cost here is nobody else's.
        nice(LAST).context("the crowd takes the processor from what is measured")?;
        loop {
            let sent = Instant::now();
            self.half_way.go_on(&mut self.browser, login)?;
            let answer = self.browser.receive()?;
            let end = End::of(&answer, sent.elapsed());
            told.send(Ok(end?))
                .map_err(|_gone| anyhow!("nobody counts"))?;
            if Instant::now() + pause > until {
                return Ok(());
            }
            rest(pause);
            // Their old ticket is used up, or may be: they begin anew.
            self.number += PEOPLE;
            self.browser.reconnect(address)?;
            self.half_way = way.begin(&mut self.browser, login, self.number)?;
        }
    }
}

impl End {
    fn of(answer: &Answer, waited: Duration) -> anyhow::Result<Self> {
        let [page, reason] = ["data-page=\"", "data-reason=\""]
            .map(|mark| between(&answer.page, mark, "\"").unwrap_or_default());
        between(&answer.page, "<body", ">").context("no page")?;
        Ok(Self {
            status: answer.status,
            page: format!("{page} {reason}").trim_end().to_owned(),
            waited: waited.as_secs_f64(),
        })
    }

    /// Whether the page says that it does not work now, and that one may try again.
    const fn is_told(&self) -> bool {
        self.status == 503
    }

    /// Adds to the table how many ended how, and after how long.
    pub(crate) fn tell(ends: &[Self], longest_wait: f64, table: &mut Table) {
        let mut kinds: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        for end in ends {
            let when = if end.waited < AT_ONCE {
                "at once"
            } else {
                "after a wait"
            };
            let kind = (end.page.as_str(), end.status, when);
            kinds.entry(kind).or_default().push(end.waited);
        }
        for ((page, status, when), waited) in kinds {
            let waited = Samples::from_iter(waited);
            let [p50, most] = [50, 100].map(|percent| waited.percentile(percent));
            note(
                &format!("read `{page}` ({status}) {when}"),
                &format!("{} times, p50 {p50:.2} s, most {most:.2} s", waited.count()),
            );
        }
        let others = ends.iter().filter(|end| !end.is_told());
        table.never("who read something else", others.count());
        let longest = ends.iter().map(|end| end.waited).fold(0.0, f64::max);
        table.row("the longest wait for a page", longest, longest_wait, "s");
    }
}
