//! What a sign-in of somebody who was never here costs the server, by the release binary.
//!
//! At a directory: the form, a search, a bind in the person's name, the question for whom the server
//! takes them, and the search for others with their address, over ldaps. At a CAS server: the way
//! there and back, and the validation of the ticket, over TLS. All in all, with every step of the
//! browser, as a multiple of one RSA-2048 signature that is measured in between.

use std::{fmt::Write as _, time::Duration};

use anyhow::ensure;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::sys::clock::{Clock as _, SystemClock};

use crate::{
    awake::Awake,
    kit::{
        browser::{Answer, Browser, value_of},
        cas,
        directory::Directory,
        measure::{RsaSignature, Samples, judge},
        place::{PASSWORD, Place, login},
        request::AuthnRequest,
        server::{Server, free_address},
    },
};

/// The most that a sign-in at a directory may cost, in RSA-2048 signatures.
const MOST_LDAP: f64 = 3.0;
/// The same at a CAS server.
const MOST_CAS: f64 = 2.5;
/// How many people there are.
const PEOPLE: usize = 200;
/// How often each row is measured.
const ROUNDS: usize = 9;
/// How often in one round; signatures are measured in between.
const SLICES: usize = 10;
/// How many sign in in one of them.
const SIGN_INS: usize = 20;
/// How many signatures that is.
const SIGNATURES: u32 = 10;

/// People who sign in one way, at a server of their own.
struct Row {
    name: &'static str,
    limit: f64,
    sign_in: fn(&mut Browser, usize, &str) -> anyhow::Result<Answer>,
    server: Server,
    browser: Browser,
    next: usize,
    samples: Samples,
    _place: Place,
}

impl Row {
    fn start(
        name: &'static str,
        limit: f64,
        authn: &str,
        sign_in: fn(&mut Browser, usize, &str) -> anyhow::Result<Answer>,
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let place = Place::make_with(address, authn)?;
        let server = Server::start(&place, address)?;
        let browser = Browser::open(address, 0)?;
        Ok(Self {
            name,
            limit,
            sign_in,
            server,
            browser,
            next: 0,
            samples: Samples::default(),
            _place: place,
        })
    }

    /// Has `count` people sign in.
    fn sign_in(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let person = self.next % PEOPLE;
            self.next += 1;
            self.browser.becomes(person);
            let query = AuthnRequest::new(SystemClock.now())?.query()?;
            let answer = (self.sign_in)(&mut self.browser, self.next, &query)?;
            let response = value_of(&answer.page, "SAMLResponse").unwrap_or_default();
            let response = String::from_utf8(STANDARD.decode(response)?)?;
            let mail = format!("{}@example.org<", login(person));
            let is_success = response.contains("status:Success") && response.contains(&mail);
            ensure!(is_success, "{}: {}", self.name, answer.page);
        }
        Ok(())
    }

    fn measure(&mut self, rsa: &RsaSignature) -> anyhow::Result<()> {
        let (mut cost, mut signature) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..SLICES {
            signature += rsa.time(SIGNATURES)?;
            let before = self.server.cpu_time()?;
            self.sign_in(SIGN_INS)?;
            cost += self.server.cpu_time()?.saturating_sub(before);
        }
        let per_sign_in = cost / u32::try_from(SLICES * SIGN_INS)?;
        let per_signature = signature / u32::try_from(SLICES)?;
        self.samples
            .add(per_sign_in.div_duration_f64(per_signature));
        Ok(())
    }
}

/// Measures both ways, and notes in `all_within` whether a limit is exceeded.
///
/// # Errors
///
/// A server does not start, or somebody is not let in.
pub(crate) fn measure(rsa: &RsaSignature, all_within: &mut bool) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let directory = Directory::start(folder.path(), &entries(PEOPLE)?)?;
    let cas = cas::start(&directory.file("server.crt"), &directory.file("server.key"))?;
    let at_cas = cas::lines(cas, &directory.file("ca.crt"));
    let mut rows = [
        Row::start(
            "sign-in at a directory",
            MOST_LDAP,
            &directory.lines(directory.tls_port),
            by_password,
        )?,
        Row::start("sign-in at a CAS server", MOST_CAS, &at_cas, by_ticket)?,
    ];
    for row in &mut rows {
        row.sign_in(PEOPLE)?;
    }
    let awake = Awake::keep()?;
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.measure(rsa)?;
        }
    }
    drop(awake);
    println!("\nCPU time of the server for somebody who was never here, in RSA-2048 signatures");
    for row in &rows {
        let verdict = judge(row.samples.median(), row.limit, all_within);
        println!(
            "{:52}{}   limit {}: {verdict}",
            row.name, row.samples, row.limit
        );
    }
    Ok(())
}

fn by_password(browser: &mut Browser, _: usize, query: &str) -> anyhow::Result<Answer> {
    browser.sign_in(query)
}

/// Goes to CAS, and comes back with a ticket that names the person.
fn by_ticket(browser: &mut Browser, number: usize, query: &str) -> anyhow::Result<Answer> {
    let sent = browser.arrive(query)?;
    let way_back = cas::way_back(&sent, &login((number - 1) % PEOPLE), number)?;
    browser.get(&way_back)?;
    browser.receive()
}

/// The people of the other benchmark, as a directory has them.
fn entries(people: usize) -> anyhow::Result<String> {
    let mut ldif = String::new();
    for number in 0..people {
        let login = login(number);
        write!(
            ldif,
            "dn: uid={login},ou=people,dc=univ,dc=example
objectClass: inetOrgPerson
objectClass: eduPerson
objectClass: supannPerson
uid: {login}
cn: Martin
sn: Martin
givenName: Zo\u{e9}
displayName: Zo\u{e9} Martin
mail: {login}@example.org
userPassword: {PASSWORD}
eduPersonAffiliation: member
eduPersonAffiliation: faculty
eduPersonAffiliation: teacher
eduPersonPrimaryAffiliation: faculty
eduPersonUniqueId: c41f08d26e7b4a95{number}@example.org
supannRessourceEtat: {{COMPTE}}A
supannEntiteAffectationPrincipale: UFR3-HIST
ou: D\u{e9}partement d'histoire

"
        )?;
    }
    Ok(ldif)
}
