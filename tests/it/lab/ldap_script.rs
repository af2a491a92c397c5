//! An LDAP server (RFC 4511) over TLS that says what a test tells it to: for the faults that no real
//! one makes, such as silence, answers cut short, and answers to what nobody asked.
//!
//! Of itself it is honest: it knows everybody by their login, and by a password made of it.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum_server::{
    accept::Accept as _,
    tls_openssl::{OpenSSLAcceptor, OpenSSLConfig},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

pub(crate) use super::ldap_message::{entry, identity, message, result, result_with, tag, tlv};
use super::{
    held_answer::HeldAnswer,
    keys::ServerKey,
    ldap_message::{element, read_message},
    slapd::READER_DN,
};

/// Below it are the people.
pub(crate) const BASE: &str = "ou=people,dc=univ,dc=example";
/// Whom the server does not know.
pub(crate) const NOBODY: &str = "nobody";

/// Longer than anything takes that happens at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// What kind of question is asked.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    /// A bind by our own account.
    OwnBind,
    /// A bind in a person's name.
    Bind,
    /// A search.
    Search,
    /// "Who am I?" (RFC 4532).
    WhoAmI,
}

impl Kind {
    /// All of them, in the order in which a sign-in asks them.
    pub(crate) const ALL: [Self; 4] = [Self::OwnBind, Self::Search, Self::Bind, Self::WhoAmI];
}

/// A question that was put to the server.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its message ID.
    pub(crate) id: u32,
    /// On which connection: 1 is the first one.
    pub(crate) connection: usize,
    /// When.
    pub(crate) at: Instant,
    /// The login that it is about; empty where it names none.
    pub(crate) login: String,
    /// The login of the person who has bound on the connection; empty where nobody has.
    pub(crate) in_name_of: String,
    /// What an honest server says.
    pub(crate) honest: Vec<u8>,
}

/// What the server does about a question.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes these octets.
    Write(Vec<u8>),
    /// Takes its time.
    Dawdle(Duration),
    /// Waits until the test lets go.
    Hold(Arc<HeldAnswer>),
    /// Ends the connection.
    Hangup,
}

type Rule = Arc<dyn Fn(&Asked) -> Vec<Act> + Send + Sync>;

/// A server on a port of `localhost`, for as long as the test runs.
#[derive(Clone)]
pub(crate) struct LdapScript {
    port: u16,
    state: Arc<State>,
}

struct State {
    tls: OpenSSLAcceptor,
    rules: Mutex<HashMap<Kind, Rule>>,
    asked: watch::Sender<Vec<Asked>>,
    connections: watch::Sender<Connections>,
    /// What it says at the end of all connections that are open.
    farewell: watch::Sender<Vec<u8>>,
    is_hung: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Connections {
    taken: usize,
    open: usize,
}

impl std::fmt::Debug for LdapScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LdapScript")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl LdapScript {
    /// Starts an honest one.
    pub(crate) async fn start(key: &ServerKey) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let tls = OpenSSLConfig::from_pem(&key.certificate, &key.key).unwrap();
        let script = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(State {
                tls: OpenSSLAcceptor::new(tls),
                rules: Mutex::default(),
                asked: watch::Sender::default(),
                connections: watch::Sender::default(),
                farewell: watch::Sender::default(),
                is_hung: watch::Sender::default(),
            }),
        };
        let state = Arc::clone(&script.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&state).serve(stream));
            }
        });
        script
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("ldaps://localhost:{}", self.port)
    }

    /// Does this about every question of a kind from now on: nothing at all where that is nothing.
    pub(crate) fn when(
        &self,
        kind: Kind,
        rule: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static,
    ) {
        let mut rules = self.state.rules.lock().unwrap();
        rules.insert(kind, Arc::new(rule));
    }

    /// Answers a kind of question with this operation.
    pub(crate) fn answers(&self, kind: Kind, operation: Vec<u8>) {
        self.when(kind, move |asked| vec![asked.answer(&operation)]);
    }

    /// Holds back its answer to the next question of a kind after `others`.
    pub(crate) fn holds_its_answer(&self, kind: Kind, others: usize) -> Arc<HeldAnswer> {
        let held = Arc::<HeldAnswer>::default();
        let (answer, asked_before) = (Arc::clone(&held), AtomicUsize::new(0));
        self.when(kind, move |asked| {
            let mut acts = vec![Act::Write(asked.honest.clone())];
            if asked_before.fetch_add(1, Ordering::Relaxed) == others {
                acts.insert(0, Act::Hold(Arc::clone(&answer)));
            }
            acts
        });
        held
    }

    /// Is honest again, and hangs no longer.
    pub(crate) fn is_back(&self) {
        self.state.rules.lock().unwrap().clear();
        self.state.is_hung.send_replace(false);
    }

    /// Takes connections from now on and says nothing, not even a word of TLS.
    pub(crate) fn hangs(&self) {
        self.state.is_hung.send_replace(true);
    }

    /// Ends all connections that are open, with these octets as its last.
    pub(crate) async fn ends_all(&self, last: Vec<u8>) {
        let mut connections = self.state.connections.subscribe();
        self.state.farewell.send_replace(last);
        let gone = connections.wait_for(|connections| connections.open == 0);
        timeout(PATIENCE, gone).await.unwrap().unwrap();
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.borrow().clone()
    }

    /// How many questions of a kind it was asked so far.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        let asked = self.state.asked.borrow();
        asked.iter().filter(|asked| asked.kind == kind).count()
    }

    /// How many connections it has taken so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.borrow().taken
    }

    /// Waits until it has taken so many connections.
    pub(crate) async fn is_connected(&self, taken: usize) {
        let mut connections = self.state.connections.subscribe();
        let come = connections.wait_for(|connections| connections.taken >= taken);
        timeout(PATIENCE, come).await.unwrap().unwrap();
    }

    /// Waits until it has been asked this kind of question about somebody.
    pub(crate) async fn is_asked(&self, kind: Kind, login: &str) -> Asked {
        let is_it = |asked: &&Asked| asked.kind == kind && asked.login == login;
        let mut all = self.state.asked.subscribe();
        let all = timeout(PATIENCE, all.wait_for(|all| all.iter().any(|a| is_it(&a))));
        let all = all.await.unwrap().unwrap();
        all.iter().find(is_it).unwrap().clone()
    }
}

impl State {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut number = 0;
        self.connections.send_modify(|connections| {
            connections.taken += 1;
            connections.open += 1;
            number = connections.taken;
        });
        self.converse(stream, number).await;
        self.connections
            .send_modify(|connections| connections.open -= 1);
    }

    async fn converse(&self, stream: TcpStream, number: usize) {
        let mut farewell = self.farewell.subscribe();
        if *self.is_hung.borrow() {
            // Until somebody ends it.
            let _ = farewell.changed().await;
            return;
        }
        let Ok((mut stream, _)) = self.tls.accept(stream, ()).await else {
            return;
        };
        let mut bound = String::new();
        loop {
            let message = tokio::select! {
                message = read_message(&mut stream) => message,
                _ = farewell.changed() => {
                    let last = farewell.borrow().clone();
                    let _ = stream.write_all(&last).await;
                    return;
                }
            };
            let Some(asked) = message.and_then(|message| read(&message, number, &mut bound)) else {
                return;
            };
            for act in self.acts(asked) {
                match act {
                    Act::Write(octets) => {
                        if stream.write_all(&octets).await.is_err() {
                            return;
                        }
                    }
                    Act::Dawdle(time) => sleep(time).await,
                    Act::Hold(held) => held.waits().await,
                    Act::Hangup => return,
                }
            }
        }
    }

    fn acts(&self, asked: Asked) -> Vec<Act> {
        let rule = self.rules.lock().unwrap().get(&asked.kind).cloned();
        let acts = match rule {
            Some(rule) => rule(&asked),
            None if *self.is_hung.borrow() => Vec::new(),
            None => vec![Act::Write(asked.honest.clone())],
        };
        self.asked.send_modify(|all| all.push(asked));
        acts
    }
}

impl Asked {
    /// Writes an operation as the answer to this question.
    pub(crate) fn answer(&self, operation: &[u8]) -> Act {
        Act::Write(message(self.id.into(), operation))
    }
}

/// Reads a question, and says what is the honest answer to it.
fn read(message: &[u8], connection: usize, bound: &mut String) -> Option<Asked> {
    let (_, body, _) = element(message)?;
    let (_, id, rest) = element(body)?;
    let (operation, content, _) = element(rest)?;
    let id = id.iter().fold(0, |id, octet| id << 8 | u32::from(*octet));
    let in_name_of = login_in(bound);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (kind, login, answers) = match operation {
        // BindRequest: version, name, simple password.
        0x60 => {
            let (_, _, rest) = element(content)?;
            let (_, name, rest) = element(rest)?;
            let (_, password, _) = element(rest)?;
            let (name, login) = (text(name), login_in(&text(name)));
            let is_own = name == READER_DN;
            let is_right = is_own || text(password) == password_of(&login);
            *bound = if is_right { name } else { String::new() };
            let code = if is_right { 0 } else { 49 };
            let kind = if is_own { Kind::OwnBind } else { Kind::Bind };
            (kind, login, vec![result(tag::BIND, code)])
        }
        // SearchRequest: base, scope, aliases, two limits, types only, filter, attributes.
        0x63 => {
            let (_, base, mut rest) = element(content)?;
            for _ in 0..5 {
                (_, _, rest) = element(rest)?;
            }
            let login = match element(rest)? {
                (0xa3, filter, _) => {
                    let (_, _, value) = element(filter)?;
                    let value = text(element(value)?.1);
                    value.trim_end_matches("@univ.example").to_owned()
                }
                _ => login_in(&text(base)),
            };
            let mut answers = Vec::new();
            if !login.is_empty() && login != NOBODY {
                answers.push(person(&login));
            }
            answers.push(result(tag::DONE, 0));
            (Kind::Search, login, answers)
        }
        // ExtendedRequest.
        0x77 => {
            let answer = identity(&format!("dn:{bound}"));
            (Kind::WhoAmI, in_name_of.clone(), vec![answer])
        }
        // UnbindRequest and AbandonRequest have no answer.
        _ => return None,
    };
    let honest = answers
        .iter()
        .map(|answer| self::message(id.into(), answer));
    Some(Asked {
        kind,
        id,
        connection,
        at: Instant::now(),
        login,
        in_name_of,
        honest: honest.collect::<Vec<_>>().concat(),
    })
}

/// The password of everybody: their own.
pub(crate) fn password_of(login: &str) -> String {
    format!("{login}-secret")
}

/// The name of somebody's entry.
pub(crate) fn dn_of(login: &str) -> String {
    format!("uid={login},{BASE}")
}

fn login_in(dn: &str) -> String {
    let login = dn
        .strip_prefix("uid=")
        .and_then(|rest| rest.split_once(','));
    login.map(|(login, _)| login.to_owned()).unwrap_or_default()
}

/// Somebody's entry.
pub(crate) fn person(login: &str) -> Vec<u8> {
    let mail = format!("{login}@univ.example");
    let unique = format!("{login}.5b0e3c7a@univ-montp3.example");
    entry(
        &dn_of(login),
        &[
            ("uid", &[login]),
            ("mail", &[&mail]),
            ("eduPersonUniqueId", &[&unique]),
            ("givenName", &["Zo\u{e9}"]),
            ("sn", &["Martin"]),
            ("displayName", &["Zo\u{e9} Martin"]),
        ],
    )
}
