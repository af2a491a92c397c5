//! The bridge in process, with a clock that the test moves, before directories that say what a test
//! tells them to: answers to what nobody asked, answers cut short, silence, crowds.

mod answers;
mod crowd;
mod octets;
mod servers;
mod session_ends;
mod silence;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    bridge::{Bridge, page::Page, write},
    lab::{
        keys::Authority,
        ldap_script::{Act, Kind, LdapScript, password_of, result, tag},
    },
    ldap::{Asking, attempt, told},
};

/// The shortest time limit that there is, and no throttle in the way.
const QUICK: &str = "timeout-seconds = 1\n[authn.throttle]\nfree-per-network = 5000";

/// Who vouches for the servers, and the files of the bridge before them.
struct University {
    authority: Authority,
    folder: TempDir,
}

impl University {
    fn new() -> Self {
        let authority = Authority::new("University");
        let folder = TempDir::new().unwrap();
        let pem = String::from_utf8(authority.pem()).unwrap();
        write(folder.path(), "ca.pem", &pem);
        write(folder.path(), "reader.password", "reader-secret");
        Self { authority, folder }
    }

    async fn script(&self) -> LdapScript {
        LdapScript::start(&self.authority.vouch_for("localhost")).await
    }

    /// A bridge before these servers; `more` are lines of `[authn.ldap]` and what follows it.
    fn bridge(&self, urls: &[String], more: &str) -> Bridge {
        let asking = Asking {
            urls,
            ca: self.folder.path().join("ca.pem"),
            password_file: Some(self.folder.path().join("reader.password")),
            more,
        };
        asking.setup().build()
    }
}

/// A way of a server to be of no use.
#[derive(Clone, Copy, Debug)]
enum Failing {
    /// It takes connections, and no word of TLS follows.
    WithoutTls,
    /// It answers everything but this.
    Without(Kind),
    /// It answers this by one octet after the other, and each comes in time.
    ByOctets(Kind),
    /// It answers everything, and takes this long for it each time.
    Slow(Duration),
    /// It ends the connection when this is asked.
    HangsUp(Kind),
    /// It refuses this with a result code.
    Refuses(Kind, u8),
}

impl Failing {
    /// Whether it shows at this kind of question alone.
    fn is_of(self, which: Kind) -> bool {
        match self {
            Self::WithoutTls | Self::Slow(_) => false,
            Self::Without(kind)
            | Self::ByOctets(kind)
            | Self::HangsUp(kind)
            | Self::Refuses(kind, _) => kind == which,
        }
    }
}

impl LdapScript {
    /// Fails from now on.
    fn fails(&self, way: Failing) {
        match way {
            Failing::WithoutTls => self.hangs(),
            Failing::Without(kind) => self.when(kind, |_| Vec::new()),
            Failing::ByOctets(kind) => self.when(kind, |asked| {
                let slowly = Act::Dawdle(Duration::from_millis(200));
                let octets = asked.honest.iter();
                let acts = octets.map(|octet| [Act::Write(vec![*octet]), slowly.clone()]);
                acts.flatten().collect()
            }),
            Failing::Slow(time) => {
                for kind in Kind::ALL {
                    self.when(kind, move |asked| {
                        vec![Act::Dawdle(time), Act::Write(asked.honest.clone())]
                    });
                }
            }
            Failing::HangsUp(kind) => self.when(kind, |_| vec![Act::Hangup]),
            Failing::Refuses(kind, code) => self.answers(kind, result(tag_of(kind), code)),
        }
    }
}

/// The tag of what a kind of question is answered with at the end.
const fn tag_of(kind: Kind) -> u8 {
    match kind {
        Kind::OwnBind | Kind::Bind => tag::BIND,
        Kind::Search => tag::DONE,
        Kind::WhoAmI => tag::EXTENDED,
    }
}

/// A bridge before one server.
pub(crate) struct House {
    pub(crate) script: LdapScript,
    pub(crate) bridge: Bridge,
    _university: University,
}

pub(crate) async fn house(more: &str) -> House {
    let university = University::new();
    let script = university.script().await;
    House {
        bridge: university.bridge(&[script.url()], more),
        script,
        _university: university,
    }
}

/// Somebody who has never been here.
fn newcomer() -> String {
    static PEOPLE: AtomicU32 = AtomicU32::new(0);
    format!("p{}", PEOPLE.fetch_add(1, Ordering::Relaxed))
}

/// Somebody signs in, and is told of as themselves.
async fn signs_in(bridge: &Bridge, login: &str) {
    let identity = told(bridge, login, &password_of(login)).await;
    assert_eq!(identity.name_id.value, format!("{login}@univ.example"));
}

/// What somebody reads who has the right password.
async fn page_of(bridge: &Bridge, login: &str) -> Page {
    attempt(bridge, login, &password_of(login)).await
}

/// Somebody reads that the directory does not answer.
async fn is_unanswered(bridge: &Bridge, login: &str) {
    page_of(bridge, login)
        .await
        .stops(503, "sign-in-unavailable");
}

/// How often each server answered, and failed, and whether it rests.
fn records(bridge: &Bridge) -> Vec<(u64, u64, bool)> {
    let directory = bridge.front.bridge.directory.as_ref().unwrap();
    let records = directory.records().into_iter();
    records
        .map(|record| (record.answered, record.faults(), record.is_resting))
        .collect()
}

impl House {
    /// All is well again, and it shows: the next person signs in.
    async fn goes_on(&self) {
        self.script.is_back();
        // The rest of the only server is over.
        self.bridge.wait_seconds(11);
        signs_in(&self.bridge, &newcomer()).await;
    }
}
