//! What a sign-in costs the server, by the release binary and over loopback.
//!
//! People sign in through the form, with real password hashes; then they come back with a new
//! request, thousands of times, on their live sessions, as they do all day. Each answer is read as
//! Zoom would read it. Printed is the CPU time of the whole server for one such sign-in, as a
//! multiple of one RSA-2048 signature that is measured in between; and how soon the server is
//! ready, and how much memory it holds. [`fresh`] does the same for people who were never here,
//! and [`shared`] for nodes that share what they remember. Ends with a failure where a limit is exceeded.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod awake;
mod fresh;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "it holds what the other benchmarks need, too")]
mod kit;
#[path = "../kit/redis.rs"]
#[expect(dead_code, reason = "it says what it holds, for another benchmark")]
mod redis;
mod shared;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use awake::Awake;
use kit::{
    browser::{Answer, Browser},
    measure::{RsaSignature, Samples, judge},
    place::Place,
    reading::Reader,
    request::AuthnRequest,
    server::{Server, free_address, rest},
};
use passerelle::{
    sys::clock::{Clock as _, SystemClock},
    xmlsec::SigningKey,
};

/// The most that a sign-in on a live session may cost, in RSA-2048 signatures, where the request is
/// not signed: the verification of a signed one is the provider's wish and comes on top.
const MOST_CPU: f64 = 1.5;
/// The longest that a start may take, in milliseconds.
const MOST_START_MS: f64 = 100.0;
/// The most memory that may be resident, in MiB.
const MOST_MEMORY_MIB: f64 = 25.0;
/// How much more for each request that is remembered, as it may not be used again.
const REMEMBERED_MIB: f64 = 200.0 / (1024.0 * 1024.0);

/// How often the server is started. The fastest start counts: what else the machine does makes a
/// start longer and never shorter.
const STARTS: usize = 5;
/// How many people sign in through the form.
const PEOPLE: usize = 24;
/// How many sign-ins on live sessions the memory is looked at after.
const SIGN_INS: usize = 1_000;
/// How often each row is measured.
const ROUNDS: usize = 9;
/// How often everybody comes back in one round; signatures are measured in between.
const SLICES: usize = 20;
/// How many signatures that is.
const SIGNATURES: u32 = 10;
/// How long the server rests before its memory is looked at; it keeps that of hashing for three
/// seconds, and the threads that hashed for ten.
const REST: Duration = Duration::from_secs(15);

/// How people come back.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    /// How many ask before the first one is answered.
    together: usize,
    is_signed: bool,
    /// The most that one may cost, in RSA-2048 signatures.
    limit: Option<f64>,
}

const ROWS: [Row; 3] = [
    Row {
        name: "sign-in on a live session, one at a time",
        together: 1,
        is_signed: false,
        limit: Some(MOST_CPU),
    },
    Row {
        name: "sign-in on a live session, eight at once",
        together: 8,
        is_signed: false,
        limit: Some(MOST_CPU),
    },
    Row {
        name: "the same as the first, the request signed",
        together: 1,
        is_signed: true,
        limit: None,
    },
];

fn main() -> anyhow::Result<ExitCode> {
    let mut all_within = true;
    let address = free_address()?;
    let place = Place::make(address, PEOPLE, "")?;
    let mut crowd = Crowd::new(&place)?;

    let server = start(&place, address, &mut all_within)?;
    for person in 0..PEOPLE {
        crowd.let_in(server.address, person)?;
    }
    let hashing = server.memory("VmHWM")?;
    rest(REST);
    let idle = server.memory("VmRSS")?;
    crowd.reconnect(server.address)?;
    let requests = crowd.requests(SIGN_INS, false)?;
    let answers = crowd.come_back(&requests, 1)?;
    crowd.check_all(&requests, &answers)?;
    let working = server.memory("VmRSS")?;

    let awake = Awake::keep()?;
    let rsa = RsaSignature::by_key_of(&place)?;
    rsa.time(200)?;
    let mut signatures = Samples::default();
    let mut rows = ROWS.map(|row| (row, Samples::default()));
    for _ in 0..ROUNDS {
        for (row, samples) in &mut rows {
            let (cost, signature) = measure(&mut crowd, *row, &server, &rsa)?;
            samples.add(cost.div_duration_f64(signature));
            signatures.add(signature.as_secs_f64() * 1e6);
        }
    }
    drop(awake);
    println!(
        "\nCPU time of the server, as a multiple of one RSA-2048 signature ({:.0} µs here)\n\
         {:52}{:>8}   half of the rounds",
        signatures.median(),
        "",
        "median"
    );
    for (row, samples) in &rows {
        print!("{:52}{samples}", row.name);
        if let Some(limit) = row.limit {
            let verdict = judge(samples.median(), limit, &mut all_within);
            print!("   limit {limit}: {verdict}");
        }
        println!();
    }
    fresh::measure(&rsa, &mut all_within)?;
    shared::measure(&rsa, &mut all_within)?;
    rest(REST);
    println!("\nMemory of the server, MiB");
    println!(
        "{:52}{hashing:>8.1}",
        format!("the most while {PEOPLE} people signed in by password")
    );
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let remembered = crowd.sign_ins as f64 * REMEMBERED_MIB;
    for (name, mib, limit) in [
        (format!("{} s later", REST.as_secs()), idle, MOST_MEMORY_MIB),
        (
            format!("after {SIGN_INS} sign-ins on live sessions"),
            working,
            MOST_MEMORY_MIB,
        ),
        (
            format!("at the end, after {} of them and a rest", crowd.sign_ins),
            server.memory("VmRSS")?,
            MOST_MEMORY_MIB + remembered,
        ),
    ] {
        let verdict = judge(mib, limit, &mut all_within);
        println!("{name:52}{mib:>8.1}   limit {limit:.1}: {verdict}");
    }
    Ok(if all_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Starts the server several times, and leaves the last one running.
fn start(place: &Place, address: SocketAddr, all_within: &mut bool) -> anyhow::Result<Server> {
    let mut times = Vec::new();
    let mut start = || {
        let server = Server::start(place, address)?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        anyhow::Ok(server)
    };
    for _ in 1..STARTS {
        drop(start()?);
    }
    let server = start()?;
    times.sort_by(f64::total_cmp);
    let best = times.first().copied().unwrap_or(f64::NAN);
    println!(
        "Ready after {best:.1} ms at best ({times:.0?}), limit {MOST_START_MS}: {}",
        judge(best, MOST_START_MS, all_within)
    );
    Ok(server)
}

/// The CPU time of the server for one sign-in, and that of a signature at the same time.
fn measure(
    crowd: &mut Crowd<'_>,
    row: Row,
    server: &Server,
    rsa: &RsaSignature,
) -> anyhow::Result<(Duration, Duration)> {
    let (mut cost, mut signature) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..SLICES {
        let requests = crowd.requests(PEOPLE, row.is_signed)?;
        signature += rsa.time(SIGNATURES)?;
        let before = server.cpu_time()?;
        let answers = crowd.come_back(&requests, row.together)?;
        cost += server.cpu_time()?.saturating_sub(before);
        crowd.check_all(&requests, &answers)?;
    }
    let slices = u32::try_from(SLICES)?;
    Ok((cost / (slices * u32::try_from(PEOPLE)?), signature / slices))
}

/// A request on its way.
struct Request {
    request: AuthnRequest,
    path: String,
}

/// People with live sessions.
struct Crowd<'a> {
    people: Vec<Browser>,
    sp_key: &'a SigningKey,
    reader: Reader,
    /// How many sign-ins on live sessions there were.
    sign_ins: usize,
}

impl<'a> Crowd<'a> {
    fn new(place: &'a Place) -> anyhow::Result<Self> {
        Ok(Self {
            people: Vec::new(),
            sp_key: &place.sp_key,
            reader: Reader::of(place)?,
            sign_ins: 0,
        })
    }

    /// The same people, with the same cookies, at another node of the same service.
    fn also_at(&self, address: SocketAddr, place: &'a Place) -> anyhow::Result<Self> {
        let browsers = self.people.iter();
        let people = browsers.map(|browser| browser.also_at(address));
        Ok(Self {
            people: people.collect::<anyhow::Result<_>>()?,
            ..Self::new(place)?
        })
    }

    /// Signs a person in through the form.
    fn let_in(&mut self, address: SocketAddr, person: usize) -> anyhow::Result<()> {
        let mut browser = Browser::open(address, person)?;
        let request = AuthnRequest::new(SystemClock.now())?;
        let answer = browser.sign_in(&request.query()?)?;
        self.check(&request, &answer)?;
        self.people.push(browser);
        Ok(())
    }

    /// Connects all browsers anew: the server closes what rests.
    fn reconnect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.people
            .iter_mut()
            .try_for_each(|browser| browser.reconnect(address))
    }

    /// Makes a new request for each of `count` visits.
    fn requests(&self, count: usize, is_signed: bool) -> anyhow::Result<Vec<Request>> {
        let make = |_| {
            let request = AuthnRequest::new(SystemClock.now())?;
            let query = if is_signed {
                request.signed_query(self.sp_key)?
            } else {
                request.query()?
            };
            let path = format!("/saml/sso?{query}");
            Ok(Request { request, path })
        };
        (0..count).map(make).collect()
    }

    /// Has people come back with new requests, `together` of them at one time. Does nothing else,
    /// so that the server has the machine to itself as far as that can be.
    fn come_back(&mut self, requests: &[Request], together: usize) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(requests.len());
        let groups = self.people.len() / together;
        for (number, group) in requests.chunks(together).enumerate() {
            let first = number % groups * together;
            let people = self.people.iter_mut().skip(first);
            for (browser, request) in people.zip(group) {
                browser.get(&request.path)?;
            }
            let people = self.people.iter_mut().skip(first);
            for (browser, _) in people.zip(group) {
                answers.push(browser.receive()?);
            }
        }
        self.sign_ins += answers.len();
        Ok(answers)
    }

    /// Has one person come back with a new request.
    fn comes_back(&mut self, person: usize, request: &Request) -> anyhow::Result<Answer> {
        let browser = self.people.get_mut(person).context("nobody")?;
        browser.get(&request.path)?;
        self.sign_ins += 1;
        browser.receive()
    }

    /// Reads every answer.
    fn check_all(&self, requests: &[Request], answers: &[Answer]) -> anyhow::Result<()> {
        ensure!(requests.len() == answers.len(), "answers are missing");
        requests
            .iter()
            .zip(answers)
            .try_for_each(|(asked, answer)| self.check(&asked.request, answer))
    }

    /// Reads an answer: it must tell all that Zoom is told.
    fn check(&self, request: &AuthnRequest, answer: &Answer) -> anyhow::Result<()> {
        let identity = self.reader.read(request, answer)?;
        ensure!(identity.attributes.len() == 8, "{identity:?}");
        Ok(())
    }
}
