//! The university's directory: two servers that know everybody.

use std::{
    io,
    sync::{Arc, Mutex},
};

use passerelle::sys::network::Stream;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};

use crate::{
    cas::Health,
    lab::ldap_message::{element, entry, identity, message, read_message, result, tag},
    world::{Lie, Person, World},
};

/// Its servers.
pub(crate) const SERVERS: [&str; 2] = ["ldap1.example.org", "ldap2.example.org"];
/// Below it are the people.
pub(crate) const BASE: &str = "ou=people,dc=univ,dc=example";
/// Who searches for us.
pub(crate) const READER: &str = "cn=reader,dc=univ,dc=example";
/// Their password.
pub(crate) const READER_PASSWORD: &str = "reader-secret";

/// The directory.
#[derive(Debug, Default)]
pub(crate) struct Directory(Mutex<[Health; 2]>);

impl Directory {
    /// Has the one or the other server fall ill or recover.
    pub(crate) fn changes(&self, server: usize, health: Health) {
        self.0.lock().unwrap()[server] = health;
    }

    /// All of it is like that.
    pub(crate) fn is_all(&self, health: Health) {
        *self.0.lock().unwrap() = [health; 2];
    }

    fn health(&self, server: usize) -> Health {
        self.0.lock().unwrap()[server]
    }
}

/// A node of ours connects to a server.
pub(crate) fn connect(world: &Arc<World>, host: &str) -> io::Result<Box<dyn Stream>> {
    let server = SERVERS.iter().position(|server| *server == host).unwrap();
    if world.directory.health(server) == Health::Gone {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    let (near, far) = duplex(64 * 1024);
    let serving = Arc::clone(world);
    world
        .crowd
        .join(async move { serve(&serving, server, far).await });
    Ok(Box::new(near))
}

async fn serve(world: &World, server: usize, mut stream: DuplexStream) {
    let mut bound = String::new();
    while let Some(asked) = read_message(&mut stream).await {
        world.travel().await;
        match world.directory.health(server) {
            Health::Gone => return,
            // Until whoever asks has had enough.
            Health::Hanging => continue,
            Health::Sick | Health::Well => {}
        }
        let is_sick = world.directory.health(server) == Health::Sick;
        let Some(answer) = answer(world, &asked, (&mut bound, is_sick)) else {
            return;
        };
        if world.strikes(12) {
            world.note("directory", "an answer is lost with its connection");
            return;
        }
        if world.strikes(12) {
            world.wait(300, 7000).await;
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// What is answered; nothing where none is waited for.
fn answer(world: &World, asked: &[u8], (bound, is_sick): (&mut String, bool)) -> Option<Vec<u8>> {
    let (_, body, _) = element(asked)?;
    let (_, id, rest) = element(body)?;
    let (operation, content, _) = element(rest)?;
    let id = id.iter().fold(0, |id, octet| id << 8 | i64::from(*octet));
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    // `unavailable`.
    let unless_sick = |code| if is_sick { 52 } else { code };
    let answers = match operation {
        // BindRequest: version, name, simple password.
        0x60 => {
            let (_, _, rest) = element(content)?;
            let (_, name, rest) = element(rest)?;
            let (_, password, _) = element(rest)?;
            let (name, password) = (text(name), text(password));
            let is_right = match named(world, &name) {
                Some(person) => {
                    world.lie == Some(Lie::AnyPasswordIsRight) || password == person.password()
                }
                None => name == READER && password == READER_PASSWORD,
            };
            *bound = if is_right && !is_sick {
                name
            } else {
                String::new()
            };
            vec![result(
                tag::BIND,
                unless_sick(if is_right { 0 } else { 49 }),
            )]
        }
        // SearchRequest: base, scope, aliases, two limits, types only, filter, attributes.
        0x63 => {
            let (_, base, mut rest) = element(content)?;
            for _ in 0..5 {
                (_, _, rest) = element(rest)?;
            }
            let found = match element(rest)? {
                (0xa3, filter, _) => {
                    let (_, _, value) = element(filter)?;
                    let value = text(element(value)?.1);
                    let is_it = |one: &&Person| one.login == value || one.mail() == value;
                    world.people.iter().find(is_it)
                }
                _ => named(world, &text(base)),
            };
            let mut answers: Vec<_> = found.filter(|_| !is_sick).map(record).into_iter().collect();
            answers.push(result(tag::DONE, unless_sick(0)));
            answers
        }
        // ExtendedRequest: who am I?
        0x77 => vec![identity(&format!("dn:{bound}"))],
        // UnbindRequest and AbandonRequest have no answer.
        _ => return None,
    };
    let answers = answers.iter().map(|answer| message(id, answer));
    Some(answers.collect::<Vec<_>>().concat())
}

fn named<'w>(world: &'w World, dn: &str) -> Option<&'w Person> {
    let (login, _) = dn.strip_prefix("uid=")?.split_once(',')?;
    world.people.iter().find(|person| person.login == login)
}

fn record(person: &Person) -> Vec<u8> {
    let values = person.record();
    let values: Vec<[&str; 1]> = values.iter().map(|(_, value)| [value.as_str()]).collect();
    let login = [person.login.as_str()];
    let names = person.record();
    let mut attributes: Vec<(&str, &[&str])> = vec![("uid", &login)];
    let known = names.iter().zip(&values);
    attributes.extend(known.map(|((name, _), value)| (*name, &value[..])));
    entry(&format!("uid={},{BASE}", person.login), &attributes)
}
