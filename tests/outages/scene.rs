//! What runs: four nodes of one service, the servers that they ask, and the people.
//!
//! Two of the nodes have people sign in at the directory, two at CAS: a service has one of both first. All have the same
//! keys and the same store.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::{PipeReader, Read as _, Write as _, pipe},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Context as _, ensure};
use serde_json::{Deserializer, Value};

use crate::{
    at_cas::AtCas,
    balancer::Balancer,
    count::{Counter, Pair, lock},
    disk::Disk,
    kit::{
        browser::{Answer, Browser},
        people::People,
        place::{PASSWORD, PROGRAM, Place},
        reading::Reader,
        request::escape,
    },
    lab::{
        cas_server::{CasPerson, CasServer, Tls},
        port::free_port,
        process::{Server, run},
        slapd::{self, Slapd},
        until::until,
    },
    leavers::Leavers,
    load::Guest,
    visitor::{Nodes, Visitor},
    way::Way,
};

/// How many people sign in.
pub(crate) const PEOPLE: usize = 300;
/// Of so many of them one does at CAS. Measured, the real server gives out and validates some 40 tickets a second and takes a
/// core for it: with all 30 a second there, as while Redis is down, too little would be left for what is measured.
const AT_CAS: usize = 5;
/// How many more hang up in mid-request, where some do.
const LEAVERS: usize = 4;
/// How many are invented, so that enough of them have all that is told of a person.
const INVENTED: usize = 1_200;

/// A node, which may be stopped.
pub(crate) struct Node {
    /// None while it is stopped.
    pub(crate) server: Option<Server>,
    folder: PathBuf,
    configuration: PathBuf,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
    log: Log,
}

/// Where what a node logs goes.
enum Log {
    /// Into a file that it has open, on a disk of its own.
    File(Disk),
    /// Into a pipe, as `journald` takes it, for as long as this says so.
    Pipe(Arc<AtomicBool>),
}

/// Runs a program with another name of the machine than it has: what a node is told apart by from those on other machines.
const ON_ANOTHER_MACHINE: &str =
    r#"mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@""#;
/// What has a program read another clock.
const CLOCKS: &str = "/usr/lib/*/faketime/libfaketimeMT.so.1";

impl Node {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Nothing can take what it logs.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        self.run(Path::new(PROGRAM), |_command| {}).await?;
        until("the node is ready", async || self.told().is_some()).await;
        Ok(())
    }

    /// Starts it as on a machine of its own, whose clock is so many seconds ahead of all others; below zero, behind. It may not
    /// become ready.
    ///
    /// # Errors
    ///
    /// There is no libfaketime.
    pub(crate) async fn start_off(&mut self, seconds: i64) -> anyhow::Result<()> {
        let machine = self.folder.join("boot_id");
        fs::write(&machine, format!("machine-of-{}", self.address))?;
        let clocks = glob(CLOCKS)?;
        self.run(Path::new("/usr/bin/unshare"), |command| {
            command
                .args(["--user", "--map-root-user", "--mount", "--"])
                .args(["sh", "-c", ON_ANOTHER_MACHINE, "sh"])
                .arg(&machine)
                .arg(PROGRAM)
                .env("LD_PRELOAD", &clocks)
                .env("FAKETIME", format!("{seconds:+}s"))
                // What has passed, passes for everybody.
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        })
        .await
    }

    /// Starts what runs it, and waits until it listens.
    async fn run(
        &mut self,
        program: &Path,
        dress: impl FnOnce(&mut Command),
    ) -> anyhow::Result<()> {
        let mut output = None;
        if let Log::Pipe(is_taken) = &self.log {
            let (reader, writer) = pipe()?;
            let file = File::create(self.folder.join("piped.log"))?;
            is_taken.store(true, Ordering::SeqCst);
            let is_taken = Arc::clone(is_taken);
            thread::spawn(move || take_log(reader, file, &is_taken));
            output = Some(writer);
        }
        let server = Server::start("node", program, &self.folder, |command| {
            dress(command);
            command.arg("serve").arg("--config");
            command.arg(&self.configuration);
            if let Some(output) = output {
                command.stdout(output);
            }
        });
        self.server = Some(server.listens_on(self.address.port()).await);
        Ok(())
    }

    /// Has nobody take what it logs, where that goes into a pipe. Whether it does.
    pub(crate) fn close_log(&self) -> bool {
        match &self.log {
            Log::File(_) => false,
            Log::Pipe(is_taken) => {
                is_taken.store(false, Ordering::SeqCst);
                true
            }
        }
    }

    /// The disk that it logs to, where it logs into a file.
    pub(crate) const fn disk(&self) -> Option<&Disk> {
        match &self.log {
            Log::File(disk) => Some(disk),
            Log::Pipe(_) => None,
        }
    }

    /// Whether it logs into a file.
    pub(crate) const fn has_log_file(&self) -> bool {
        self.disk().is_some()
    }

    /// What `/readyz` says, where that is that people can sign in.
    pub(crate) fn told(&self) -> Option<Value> {
        let (status, told) = self.says()?;
        (status == 200).then_some(told)
    }

    /// The status of `/readyz`, and what it says.
    pub(crate) fn says(&self) -> Option<(u16, Value)> {
        let answer = get(self.address, "/readyz").ok()?;
        let told = serde_json::from_str(&answer.page).ok()?;
        Some((answer.status, told))
    }

    /// Whether `/readyz` says that lines of the log are lost; nothing where it does not say.
    pub(crate) fn says_that_the_log_fails(&self) -> Option<bool> {
        self.told()?.pointer("/log/fails")?.as_bool()
    }

    /// Whether `passerelle status` says that the store answers.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub(crate) fn says_that_the_store_answers(&self) -> anyhow::Result<bool> {
        let file = self.configuration.to_str().context("no path")?;
        let (done, said) = run(PROGRAM, &["status", "--json", "--config", file], &[]);
        // Why it failed stands behind what it says.
        let told = { Deserializer::from_str(&said).into_iter::<Value>().next() };
        let told = told.context("passerelle status says nothing")??;
        let store = told.pointer("/server/store").and_then(Value::as_str);
        let answers = store.context("passerelle status does not say")? != "does not answer";
        ensure!(
            done || store != Some("answers"),
            "passerelle status: {said}"
        );
        ensure!(
            !done || answers,
            "passerelle status takes it for well: {said}"
        );
        Ok(answers)
    }

    /// A number of `/metrics`; that of all servers together where it has one for each.
    pub(crate) fn counted(&self, name: &str) -> anyhow::Result<f64> {
        self.counts()?.of(name)
    }

    /// All numbers of `/metrics`, as they are at one time.
    pub(crate) fn counts(&self) -> anyhow::Result<Counts> {
        ask(self.metrics, "/metrics").map(Counts)
    }
}

/// What `/metrics` has said.
pub(crate) struct Counts(String);

impl Counts {
    /// A number of it; that of all servers together where it has one for each.
    pub(crate) fn of(&self, name: &str) -> anyhow::Result<f64> {
        let lines = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix("passerelle_")?.strip_prefix(name)?;
            let is_it = rest.starts_with([' ', '{']);
            is_it.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        let numbers: Vec<_> = lines.collect();
        ensure!(!numbers.is_empty(), "/metrics has no {name}");
        Ok(numbers.iter().sum())
    }
}

fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let answer = get(address, path)?;
    ensure!(answer.status == 200, "{path}: {}", answer.status);
    Ok(answer.page)
}

/// What a machine is answered.
///
/// # Errors
///
/// There is no answer.
pub(crate) fn get(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    let mut machine = Browser::open(address, 0)?;
    machine.get(path)?;
    machine.receive()
}

/// Takes what is logged, until it ends or is to be taken no more.
fn take_log(mut reader: PipeReader, mut file: File, is_taken: &AtomicBool) {
    let mut some = [0; 4096];
    while is_taken.load(Ordering::SeqCst) {
        match reader.read(&mut some) {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                let taken = some.get(..read).unwrap_or_default();
                if file.write_all(taken).is_err() {
                    return;
                }
            }
        }
    }
}

/// The file that a pattern of a shell stands for.
fn glob(pattern: &str) -> anyhow::Result<String> {
    let (found, names) = run("sh", &["-c", &format!("ls {pattern}")], &[]);
    ensure!(found, "{pattern} is missing: run scripts/install test");
    Ok(names.lines().next().unwrap_or_default().to_owned())
}

/// All that runs beside the store.
pub(crate) struct Scene {
    /// The first two are those of the directory.
    pub(crate) nodes: Vec<Node>,
    pub(crate) directory: Slapd,
    pub(crate) cas: CasServer,
    /// Its address, as the nodes know it.
    cas_url: String,
    /// How the nodes reach it; browsers do otherwise.
    pub(crate) way_to_cas: Way,
    /// The nodes that a balancer sends nobody to.
    out: Arc<Mutex<BTreeSet<SocketAddr>>>,
    place: Place,
    people: People,
}

impl Scene {
    /// Starts it, before the store that the lines name which are made of the path of a file with our password there.
    ///
    /// # Errors
    ///
    /// Something cannot be made.
    pub(crate) async fn set(store: impl Fn(&str) -> String) -> anyhow::Result<Self> {
        let people = People::invent(INVENTED, 0)?;
        ensure!(people.open.len() >= PEOPLE + LEAVERS, "too few people");
        let directory = Slapd::start(slapd::Kind {
            more: &people.ldif,
            ..slapd::Kind::default()
        })
        .await;
        let cas_port = free_port();
        let cas = cas_for(&people, &directory, cas_port).await;
        let way_to_cas = Way::to(cas_port)?;
        let place = Place::make_with(local(free_port()), "methods = [\"ldap\"]")?;
        let password = place.path("store.password");
        fs::write(&password, STORE_PASSWORD)?;
        fs::set_permissions(&password, Permissions::from_mode(0o400))?;
        let mut scene = Self {
            nodes: Vec::new(),
            directory,
            cas,
            cas_url: format!("https://localhost:{}/cas", way_to_cas.port()),
            way_to_cas,
            out: Arc::default(),
            place,
            people,
        };
        for number in 0..4 {
            let store = store(&password.display().to_string());
            let node = scene.node(number, &store)?;
            scene.nodes.push(node);
        }
        for node in &mut scene.nodes {
            node.start().await?;
        }
        Ok(scene)
    }

    fn node(&self, number: usize, store: &str) -> anyhow::Result<Node> {
        let [address, metrics] = [free_port(), free_port()].map(local);
        let asks = if number < 2 {
            format!(
                "methods = [\"ldap\"]\n[authn.ldap]\nurl = [\"{}\"]\nca = \"{}\"\n\
                 base = \"ou=people,dc=univ,dc=example\"\nbind-dn = \"{}\"\nbind-password-file = \"{}\"",
                self.directory.ldaps_url(),
                self.directory.ca().display(),
                slapd::READER_DN,
                self.directory.reader_password_file().display()
            )
        } else {
            format!(
                "methods = [\"cas\"]\n[authn.cas]\nurl = \"{}\"\nca = \"{}\"",
                self.cas_url,
                self.directory.ca().display()
            )
        };
        let lines = format!("{asks}\n[metrics]\nlisten = \"{metrics}\"\n[store]\n{store}");
        let name = format!("node-{number}");
        let folder = self.place.path(&name);
        fs::create_dir(&folder)?;
        // The disk of those may be full, and the pipe of the others be closed.
        let log = if number < 2 {
            Log::File(Disk::mount(&folder)?)
        } else {
            Log::Pipe(Arc::default())
        };
        Ok(Node {
            server: None,
            folder,
            configuration: self.place.another(&name, address, &lines)?,
            address,
            metrics,
            log,
        })
    }

    /// Has a balancer ask all nodes whether they are ready from now on.
    pub(crate) fn balancer(&self) -> Balancer {
        let nodes = self.nodes.iter().map(|node| node.address);
        Balancer::start(nodes.collect(), Arc::clone(&self.out))
    }

    /// Whether a balancer sends nobody to this node.
    pub(crate) fn leaves_out(&self, node: SocketAddr) -> bool {
        lock(&self.out).contains(&node)
    }

    /// Everybody, at a browser of their own, and who reads the answers.
    ///
    /// # Errors
    ///
    /// A node does not answer.
    pub(crate) fn guests(&self, counter: &Arc<Counter>) -> anyhow::Result<(Vec<Guest>, Reader)> {
        let [ldap, cas] = [Pair::AtDirectory, Pair::AtCas].map(|pair| {
            let out = Arc::clone(&self.out);
            let nodes = Nodes::at(pair, self.addresses(pair), out, Arc::clone(counter));
            Arc::new(nodes)
        });
        let guests = (0..PEOPLE).map(|number| {
            let nodes = if is_at_cas(number) { &cas } else { &ldap };
            self.guest(number, nodes)
        });
        let guests = guests.collect::<anyhow::Result<_>>()?;
        Ok((guests, Reader::of(&self.place)?))
    }

    fn guest(&self, number: usize, nodes: &Arc<Nodes>) -> anyhow::Result<Guest> {
        let person = self.people.open.get(number).context("too few people")?;
        let at_cas = AtCas::new(self.cas_url.clone(), self.cas.url().to_string());
        Ok(Guest {
            visitor: Visitor::new(person.clone(), number, nodes, at_cas)?,
            nodes: Arc::clone(nodes),
        })
    }

    /// Some more people, of whom each has a session at the nodes of the directory, and hangs up in mid-request, again and
    /// again; how often is counted in `left`.
    ///
    /// # Errors
    ///
    /// One is not let in.
    pub(crate) fn leavers(&self, left: &Arc<AtomicUsize>) -> anyhow::Result<Leavers> {
        let (addresses, out) = (self.addresses(Pair::AtDirectory), Arc::clone(&self.out));
        // What they meet is counted with nobody's.
        let nodes = Nodes::at(Pair::AtDirectory, addresses, out, Arc::default());
        let nodes = Arc::new(nodes);
        let leavers = PEOPLE..PEOPLE + LEAVERS;
        let guests = leavers.map(|number| self.guest(number, &nodes));
        let guests = guests.collect::<anyhow::Result<_>>()?;
        Leavers::start(guests, &Reader::of(&self.place)?, left)
    }

    /// Where the nodes of a pair listen.
    pub(crate) fn addresses(&self, pair: Pair) -> Vec<SocketAddr> {
        let (at_directory, at_cas) = self.nodes.split_at(2);
        let nodes = match pair {
            Pair::AtDirectory => at_directory,
            Pair::AtCas => at_cas,
        };
        nodes.iter().map(|node| node.address).collect()
    }

    /// What each node says of itself.
    ///
    /// # Errors
    ///
    /// One does not answer.
    pub(crate) fn told(&self) -> anyhow::Result<Vec<Value>> {
        let told = self.nodes.iter().map(Node::told);
        told.collect::<Option<_>>().context("a node is not ready")
    }

    /// What CAS is answered when it tells a node that a session has ended, of which the ticket is looked up in the store.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub(crate) fn take_logout_notice(&self) -> anyhow::Result<u16> {
        let node = self.nodes.last().context("no node")?;
        let notice = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"LR-1\" \
                      Version=\"2.0\" IssueInstant=\"2026-11-26T08:00:00Z\">\
                      <samlp:SessionIndex>ST-of-nobody</samlp:SessionIndex></samlp:LogoutRequest>";
        let mut server = Browser::open(node.address, 0)?;
        server.post(
            "/cas/zoom/any",
            &format!("logoutRequest={}", escape(notice)),
        )?;
        Ok(server.receive()?.status)
    }

    /// A number of `/metrics`, of all nodes together.
    ///
    /// # Errors
    ///
    /// One does not answer.
    pub(crate) fn counted(&self, name: &str) -> anyhow::Result<f64> {
        self.nodes.iter().map(|node| node.counted(name)).sum()
    }
}

/// That of our account at the store.
pub(crate) const STORE_PASSWORD: &str = "STORE-PASSWORD";

const fn is_at_cas(number: usize) -> bool {
    number.is_multiple_of(AT_CAS)
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The CAS server of those who sign in there, which says of them what the directory does of the others.
async fn cas_for(people: &People, directory: &Slapd, tls_port: u16) -> CasServer {
    const NAMES: [&str; 5] = [
        "mail",
        "givenName",
        "sn",
        "displayName",
        "eduPersonUniqueId",
    ];
    let there = people.open.iter().take(PEOPLE).enumerate();
    let there: Vec<_> = there.filter(|(number, _)| is_at_cas(*number)).collect();
    let values: Vec<_> = { there.iter() }
        .map(|(_, person)| person.own.each_ref().map(|value| [value.as_str()]))
        .collect();
    let attributes: Vec<_> = { values.iter() }
        .map(|own| {
            let mut own: Vec<(&str, &[&str])> = { NAMES.into_iter().zip(own) }
                .map(|(name, value)| (name, &value[..]))
                .collect();
            own.push(("eduPersonAffiliation", &["member", "faculty"]));
            own.push(("eduPersonPrimaryAffiliation", &["faculty"]));
            own
        })
        .collect();
    let there: Vec<_> = { there.iter().zip(&attributes) }
        .map(|((_, person), attributes)| CasPerson {
            login: &person.login,
            password: PASSWORD,
            attributes,
        })
        .collect();
    // The authority of the directory vouches for both.
    let tls = Tls {
        port: tls_port,
        certificate: directory.ca().with_file_name("server.crt"),
        key: directory.ca().with_file_name("server.key"),
    };
    CasServer::start_with(&there, Some(tls)).await
}
