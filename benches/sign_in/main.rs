//! What a sign-in costs the server, by the release binary and over loopback.
//!
//! People sign in through the form, with real password hashes; then they come back with a new
//! request, thousands of times, on their live sessions, as they do all day. Each answer is read as
//! Zoom would read it. Printed is the CPU time of the whole server for one such sign-in, as a
//! multiple of one RSA-2048 signature that is measured in between; and how soon the server is
//! ready, and how much memory it holds. Ends with a failure where a limit is exceeded.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod browser;
#[path = "../kit/mod.rs"]
mod kit;
mod server;

use std::{fs, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use browser::{Answer, Browser, value_of};
use kit::{
    measure::{RsaSignature, Samples, judge},
    place::{BASE_URL, Place, SP, SP_ACS},
    request::AuthnRequest,
};
use passerelle::{
    sp_check::{Expected, Profile, read},
    sys::clock::{Clock as _, SystemClock},
    xmlsec::{SigningKey, VerifyingKey},
};
use server::{Server, free_address, rest};

/// The most that a sign-in on a live session may cost, in RSA-2048 signatures.
const MOST_CPU: f64 = 1.6;
/// The longest that a start may take, in milliseconds.
const MOST_START_MS: f64 = 100.0;
/// The most memory that may be resident, in MiB.
const MOST_MEMORY_MIB: f64 = 25.0;

/// How often the server is started. The fastest start counts: what else the machine does makes a
/// start longer and never shorter.
const STARTS: usize = 5;
/// How many people sign in through the form.
const PEOPLE: usize = 24;
/// How many sign-ins on live sessions the memory is looked at after.
const SIGN_INS: usize = 1_000;
/// How often each row is measured.
const ROUNDS: usize = 9;
/// Sign-ins of one round, in slices between which signatures are measured.
const SLICES: usize = 20;
/// How long the server rests before its memory is looked at; it keeps that of hashing for two
/// seconds.
const REST: Duration = Duration::from_secs(4);

/// How people come back.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    /// How many ask before the first one is answered.
    together: usize,
    is_signed: bool,
}

const ROWS: [Row; 3] = [
    Row {
        name: "sign-in on a live session, one at a time",
        together: 1,
        is_signed: false,
    },
    Row {
        name: "sign-in on a live session, eight at once",
        together: 8,
        is_signed: false,
    },
    Row {
        name: "the same as the first, the request signed",
        together: 1,
        is_signed: true,
    },
];

fn main() -> anyhow::Result<ExitCode> {
    let mut all_within = true;
    let address = free_address()?;
    let place = Place::make(address, PEOPLE)?;
    let mut crowd = Crowd::new(&place)?;

    let server = start(&place, address, &mut all_within)?;
    for person in 0..PEOPLE {
        crowd.let_in(server.address, person)?;
    }
    let hashing = server.memory("VmHWM")?;
    rest(REST);
    let idle = server.memory("VmRSS")?;
    crowd.reconnect(server.address)?;
    crowd.come_back(SIGN_INS, ROWS[0])?;
    let working = server.memory("VmRSS")?;

    let rsa = RsaSignature::new()?;
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
    println!(
        "\nCPU time of the server, as a multiple of one RSA-2048 signature ({:.0} µs here)\n\
         {:52}{:>8}   half of the rounds",
        signatures.median(),
        "",
        "median"
    );
    for (row, samples) in &rows {
        print!("{:52}{samples}", row.name);
        println!(
            "   limit {MOST_CPU}: {}",
            judge(samples.median(), MOST_CPU, &mut all_within)
        );
    }
    rest(REST);
    println!("\nMemory of the server, MiB");
    println!(
        "{:52}{hashing:>8.1}",
        format!("the most while {PEOPLE} people signed in by password")
    );
    for (name, mib) in [
        (format!("{} s later", REST.as_secs()), idle),
        (
            format!("after {SIGN_INS} sign-ins on live sessions"),
            working,
        ),
        (
            format!("at the end, after {} of them and a rest", crowd.sign_ins),
            server.memory("VmRSS")?,
        ),
    ] {
        let verdict = judge(mib, MOST_MEMORY_MIB, &mut all_within);
        println!("{name:52}{mib:>8.1}   limit {MOST_MEMORY_MIB}: {verdict}");
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
    let (mut cost, mut signature, mut sign_ins) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..SLICES {
        signature += rsa.time(10)?;
        let before = server.cpu_time()?;
        sign_ins += crowd.come_back(PEOPLE, row)?;
        cost += server.cpu_time()?.saturating_sub(before);
    }
    Ok((
        cost / u32::try_from(sign_ins)?,
        signature / u32::try_from(SLICES)?,
    ))
}

/// People with live sessions.
struct Crowd<'a> {
    people: Vec<Browser>,
    sp_key: &'a SigningKey,
    idp_keys: Vec<VerifyingKey>,
    /// How many sign-ins on live sessions there were.
    sign_ins: usize,
}

impl<'a> Crowd<'a> {
    fn new(place: &'a Place) -> anyhow::Result<Self> {
        let idp_key = SigningKey::from_pem(&fs::read(place.path("idp/signing.pem"))?)?;
        Ok(Self {
            people: Vec::new(),
            sp_key: &place.sp_key,
            idp_keys: vec![VerifyingKey::from_certificate_der(
                idp_key.certificate_der(),
            )?],
            sign_ins: 0,
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

    /// Has people come back with new requests, at least `count` times: how often it was.
    fn come_back(&mut self, count: usize, row: Row) -> anyhow::Result<usize> {
        let mut people = std::mem::take(&mut self.people);
        let mut done = 0;
        while done < count {
            for group in people.chunks_mut(row.together) {
                done += self.come_together(group, row)?;
            }
        }
        self.people = people;
        self.sign_ins += done;
        Ok(done)
    }

    /// All of a group ask before the first one is answered.
    fn come_together(&self, group: &mut [Browser], row: Row) -> anyhow::Result<usize> {
        let mut requests = Vec::new();
        for browser in &mut *group {
            let request = AuthnRequest::new(SystemClock.now())?;
            let query = if row.is_signed {
                request.signed_query(self.sp_key)?
            } else {
                request.query()?
            };
            browser.get(&format!("/saml/sso?{query}"))?;
            requests.push(request);
        }
        for (browser, request) in group.iter_mut().zip(&requests) {
            self.check(request, &browser.receive()?)?;
        }
        Ok(requests.len())
    }

    /// Reads the answer as Zoom would: it must be a success that answers this very request.
    fn check(&self, request: &AuthnRequest, answer: &Answer) -> anyhow::Result<()> {
        ensure!(
            answer.status == 200,
            "status {}: {}",
            answer.status,
            answer.page
        );
        let response = value_of(&answer.page, "SAMLResponse").context("no answer on the page")?;
        let reading = read(
            response,
            &Expected {
                idp_entity_id: &format!("{BASE_URL}/saml/metadata"),
                idp_keys: &self.idp_keys,
                sp_entity_id: SP,
                acs: SP_ACS,
                request_id: Some(&request.id),
                now: SystemClock.now(),
                strictness: Profile::Zoom,
            },
        );
        let identity = reading.identity.as_ref();
        let attributes = identity.map_or(0, |identity| identity.attributes.len());
        ensure!(attributes == 8, "not a sign-in: {:?}", reading.findings);
        Ok(())
    }
}
