//! Whether the time of a refusal tells who exists.
//!
//! A thousand tries of each kind, one after the other, always one of each in an order by chance: a name that nobody
//! has, a wrong password, an account that the directory has locked, and one that is shut, and now and
//! then somebody with the right password, as at any time. The throttle holds nobody back: each
//! comes from a network of their own, and no account is tried often. The clock runs from the form being
//! sent to the page being there.

use std::{fs, net::SocketAddr, time::Instant};

use anyhow::{Context as _, ensure};
use passerelle::{
    authn::local::hash_password,
    sys::{
        clock::{Clock as _, SystemClock},
        entropy::OsEntropy,
        secret::Secret,
    },
};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::{
    kit::{
        browser::{Browser, between, value_of},
        measure::Samples,
        people::People,
        place::{PASSWORD, Place, login},
        request::AuthnRequest,
        server::{Server, free_address},
    },
    table::{Table, note, title},
};

/// How many tries of each kind.
const TRIES: usize = 1_000;
/// How many with the right password come first: how long a hash takes is to be known.
const FIRST: usize = 64;
/// One more after so many of each kind.
const RIGHT_EVERY: usize = 5;
/// How far the medians of two kinds may be apart, in percent of that of wrong passwords.
const MOST_APART: f64 = 5.0;
/// How many people the embedded directory has: each is tried four times at most.
const LOCAL: usize = 300;
const SEED: u64 = 73;

/// What somebody types.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Right,
    Wrong,
    Unknown,
    Locked,
    Shut,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "the right password",
            Self::Wrong => "a wrong password",
            Self::Unknown => "a name that nobody has",
            Self::Locked => "a locked account, its password",
            Self::Shut => "a shut account, a wrong password",
        }
    }
}

/// One try.
struct Try {
    kind: Kind,
    login: String,
}

/// Measures it at a directory that hashes fast, at one that hashes as it should, and at the embedded
/// one.
///
/// # Errors
///
/// Something does not start, or somebody was told something else than that their name or password is
/// wrong.
pub(crate) fn measure(people: &People, table: &mut Table) -> anyhow::Result<()> {
    let argon2 = hash_password(&Secret::from(PASSWORD.to_owned()), &OsEntropy)?;
    for (what, hash) in [
        ("A directory with salted SHA-1", None),
        ("A directory with Argon2id", Some(argon2.as_str())),
    ] {
        let (directory, _folder) = people.directory(hash)?;
        let address = free_address()?;
        let place = Place::make_with(address, &directory.lines(directory.tls_port))?;
        let kinds = [Kind::Wrong, Kind::Unknown, Kind::Locked, Kind::Shut];
        let tries = Tries::all(&kinds, |kind, number| at_a_directory(people, kind, number));
        tries?.measure((&place, address), what, table)?;
    }
    let address = free_address()?;
    let place = Place::make(address, LOCAL, "")?;
    let kinds = [Kind::Wrong, Kind::Unknown];
    let tries = Tries::all(&kinds, |kind, number| {
        Some(match kind {
            Kind::Unknown => login(LOCAL + number),
            Kind::Right | Kind::Wrong | Kind::Locked | Kind::Shut => login(number % LOCAL),
        })
    });
    tries?.measure((&place, address), "The embedded directory", table)
}

fn at_a_directory(people: &People, kind: Kind, number: usize) -> Option<String> {
    let of = |logins: &[String]| logins.get(number % logins.len().max(1)).cloned();
    match kind {
        Kind::Right => Some(people.open.iter().rev().nth(number)?.login.clone()),
        Kind::Wrong => Some(people.open.get(number)?.login.clone()),
        Kind::Unknown => people.absent(number),
        Kind::Locked => of(&people.locked),
        Kind::Shut => of(&people.shut),
    }
}

/// All tries, in their order.
struct Tries {
    kinds: Vec<Kind>,
    first: Vec<Try>,
    others: Vec<Try>,
}

impl Tries {
    fn all(kinds: &[Kind], login: impl Fn(Kind, usize) -> Option<String>) -> anyhow::Result<Self> {
        let make = |kind, number| {
            let login = login(kind, number).context("nobody is left to try")?;
            anyhow::Ok(Try { kind, login })
        };
        let first = (0..FIRST).map(|number| make(Kind::Right, number));
        let mut chance = StdRng::seed_from_u64(SEED);
        let mut others = Vec::new();
        for number in 0..TRIES {
            let mut round = kinds.to_vec();
            if number.is_multiple_of(RIGHT_EVERY) {
                round.push(Kind::Right);
            }
            // What else the machine does meanwhile meets all of them alike.
            round.shuffle(&mut chance);
            for kind in round {
                others.push(make(kind, FIRST + number)?);
            }
        }
        Ok(Self {
            kinds: kinds.to_vec(),
            first: first.collect::<Result<_, _>>()?,
            others,
        })
    }

    fn measure(
        &self,
        (place, address): (&Place, SocketAddr),
        what: &str,
        table: &mut Table,
    ) -> anyhow::Result<()> {
        let server = Server::start(place, address)?;
        let mut browser = Browser::open(server.address, 0)?;
        let mut times = Vec::new();
        let all = self.first.iter().chain(&self.others);
        for (number, one) in all.enumerate() {
            browser.becomes(number);
            let took = one.make(&mut browser);
            let took = took.with_context(|| {
                fs::read_to_string(place.path("passerelle.log")).unwrap_or_default()
            });
            times.push((one.kind, took?));
        }
        let of = |kind| {
            let times = times.iter().filter(|(of, _)| *of == kind);
            times.map(|(_, took)| *took).collect::<Samples>()
        };
        title(&format!("{what}: the time of a refusal (R-73), ms"));
        let wrong = of(Kind::Wrong);
        for kind in [Kind::Right].iter().chain(&self.kinds) {
            let times = of(*kind);
            note(
                kind.name(),
                &format!(
                    "median {:.2}, mean {:.2}, half of them {:.2} to {:.2}, of {}",
                    times.median(),
                    times.mean(),
                    times.percentile(25),
                    times.percentile(75),
                    times.count()
                ),
            );
        }
        for kind in self.kinds.iter().filter(|kind| **kind != Kind::Wrong) {
            let apart = (of(*kind).median() / wrong.median() - 1.0).abs() * 100.0;
            let name = format!("{}: apart from it", kind.name());
            table.row(&name, apart, MOST_APART, "%");
        }
        Ok(())
    }
}

impl Try {
    /// How long the page takes, in milliseconds.
    fn make(&self, browser: &mut Browser) -> anyhow::Result<f64> {
        let form = browser.form(&AuthnRequest::new(SystemClock.now())?.query()?)?;
        let password = match self.kind {
            Kind::Right | Kind::Locked | Kind::Unknown => PASSWORD,
            Kind::Wrong | Kind::Shut => "incorrect horse battery staple",
        };
        let sent = Instant::now();
        browser.fill_in(&form, &self.login, password)?;
        let answer = browser.receive()?;
        let took = sent.elapsed().as_secs_f64() * 1e3;
        let is_as_it_should_be = match self.kind {
            Kind::Right => value_of(&answer.page, "SAMLResponse").is_some(),
            Kind::Wrong | Kind::Unknown | Kind::Locked | Kind::Shut => {
                between(&answer.page, "data-page=\"", "\"") == Some("login")
            }
        };
        ensure!(
            answer.status == 200 && is_as_it_should_be,
            "{:?}: {} {}",
            self.kind,
            answer.status,
            answer.page
        );
        Ok(took)
    }
}
