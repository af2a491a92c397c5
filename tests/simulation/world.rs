//! What all of one run share: time, chance, the log, what may go wrong, and who takes part.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use crate::{
    browsers::Call,
    cas::{CasServer, Health},
    crowd::Crowd,
    dice::Dice,
    directory::Directory,
    judge::Judge,
    nodes::Node,
    providers::Taken,
    store::SharedStore,
};

/// When every run begins.
pub(crate) const BEGINNING: &str = "2026-11-26T08:00:00Z";

/// How long a server rests at most after its faults, and a moment more.
const LONGEST_REST: u64 = 12_000;

/// How people prove who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    /// At the CAS server.
    Cas,
    /// At the CAS server, and by a password while it does not answer; the directory says what is known of them.
    CasOrLdap,
    /// By a password, at the directory.
    Ldap,
}

impl Method {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Cas, Self::CasOrLdap, Self::Ldap];

    /// Whether people are sent to the CAS server.
    pub(crate) const fn has_cas(self) -> bool {
        matches!(self, Self::Cas | Self::CasOrLdap)
    }
}

/// A fault that is planted, so that it shows whether the judge sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lie {
    /// An answer goes to where another provider takes answers.
    AnswerToAnother,
    /// An answer is for Zoom under the name under which it has not asked.
    AnswerUnderAnotherName,
    /// The directory takes any password.
    AnyPasswordIsRight,
    /// The CAS server says that a login is new which is not: as if nobody minded `ForceAuthn`.
    EveryLoginIsNew,
    /// A notice that a browser brings is answered, and ends nothing.
    NoBroughtNoticeEnds,
    /// A node takes a request, and says nothing to it.
    NeverAnswers,
    /// The key of a session that was replaced leads nowhere.
    NoHeirIsFound,
    /// A page on which somebody is stopped leads nowhere.
    NoLinks,
    /// A provider takes whatever is right in itself, however often.
    EverythingIsTaken,
    /// All nodes draw the same, each time that they begin.
    NodesDrawAlike,
    /// No session ends by its age.
    NoSessionEnds,
    /// All browsers are given one value to keep: as if journeys were bound to none.
    OneBrowserForAll,
    /// The store knows no mark again: as if nobody minded replays.
    NoMarkIsKept,
    /// The store ends nothing at a logout notice, and says that it has.
    NoNoticeEnds,
    /// The store finds the session of somebody else.
    SessionOfAnother,
    /// Of two cookies of one name that somebody else has given is believed.
    OneOfTwoCookiesCounts,
    /// Somebody waits for what never comes.
    SomebodyNeverLeaves,
    /// Of those who are asked who people are nobody is there, although all is calm.
    StaysAway,
    /// The CAS server vouches for somebody else.
    TicketOfAnother,
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The name to sign in with.
    pub(crate) login: String,
    /// A word that is in each value that is known of them, and in nobody else's; nor, as Base64 has no hyphen, by chance in a
    /// signature.
    pub(crate) mark: String,
}

impl Person {
    /// That of a number.
    pub(crate) fn of(number: usize) -> Self {
        let mark = format!("qz-{number:02}-x");
        Self {
            login: format!("zoe.{mark}"),
            mark,
        }
    }

    /// Their password.
    pub(crate) fn password(&self) -> String {
        format!("{}-secret", self.login)
    }

    /// Their address.
    pub(crate) fn mail(&self) -> String {
        format!("{}@univ.example", self.login)
    }

    /// All that is known of them, but for the name to sign in with.
    pub(crate) fn record(&self) -> Vec<(&'static str, String)> {
        let Self { login, mark } = self;
        vec![
            ("mail", self.mail()),
            (
                "eduPersonUniqueId",
                format!("{login}.5b0e3c7a@univ-montp3.example"),
            ),
            ("givenName", format!("Zoé-{mark}")),
            ("sn", format!("Martin-{mark}")),
            ("displayName", format!("Zoé Martin {mark}")),
        ]
    }
}

/// A run.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) dice: Dice,
    pub(crate) method: Method,
    pub(crate) lie: Option<Lie>,
    /// Whether clocks go wrong. Where they do not, the judge need not allow for it.
    pub(crate) has_odd_clocks: bool,
    pub(crate) people: Vec<Person>,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) judge: Judge,
    pub(crate) store: SharedStore,
    pub(crate) cas: CasServer,
    pub(crate) directory: Directory,
    /// What the providers have taken.
    pub(crate) taken: Taken,
    pub(crate) nodes: Vec<Node>,
    pub(crate) began: Instant,
    /// Since when nothing goes wrong any more; zero while it does.
    calm_since: AtomicU64,
    /// What browsers have sent, which others may get hold of.
    seen: Mutex<Vec<Call>>,
    /// What browsers were given to keep, name and value.
    given: Mutex<Vec<String>>,
    log: Mutex<Vec<String>>,
}

impl World {
    /// An empty one: nobody acts in it yet.
    pub(crate) fn new(seed: u64, lie: Option<Lie>) -> Self {
        let dice = Dice::of(seed);
        let method = dice.pick(&Method::ALL);
        let people = 5 + dice.below(6);
        let nodes = 2 + dice.below(2);
        let has_odd_clocks = dice.falls(667);
        let began = Instant::now();
        Self {
            seed,
            method,
            lie,
            has_odd_clocks,
            people: (0..people).map(Person::of).collect(),
            crowd: Arc::default(),
            judge: Judge::default(),
            store: SharedStore::new(),
            cas: CasServer::default(),
            directory: Directory::default(),
            taken: Taken::default(),
            nodes: (0..nodes).map(|number| Node::new(number, began)).collect(),
            dice,
            began,
            calm_since: AtomicU64::new(0),
            seen: Mutex::default(),
            given: Mutex::default(),
            log: Mutex::default(),
        }
    }

    /// Milliseconds since the beginning, by no node's clock.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// The time of day at such a moment.
    pub(crate) fn instant(at: u64) -> Timestamp {
        let since = SignedDuration::from_millis(i64::try_from(at).unwrap());
        BEGINNING.parse::<Timestamp>().unwrap() + since
    }

    /// Writes down what happens.
    pub(crate) fn note(&self, who: &str, what: &str) {
        let line = format!("{:>9} {who:<12} {what}", self.now());
        self.log.lock().unwrap().push(line);
    }

    /// All that was written down.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Somebody gets hold of what a browser sends.
    pub(crate) fn is_seen(&self, call: &Call) {
        self.seen.lock().unwrap().push(call.clone());
    }

    /// A browser is given a cookie, by such a header.
    pub(crate) fn is_given(&self, header: &str) {
        let (pair, _) = header.split_once(';').unwrap();
        if !pair.ends_with('=') {
            self.given.lock().unwrap().push(pair.to_owned());
        }
    }

    /// A cookie that some browser was given.
    pub(crate) fn any_given(&self) -> Option<String> {
        let given = self.given.lock().unwrap();
        (!given.is_empty()).then(|| given[self.dice.below(given.len())].clone())
    }

    /// Something that somebody has got hold of, mostly of late.
    pub(crate) fn any_seen(&self) -> Option<Call> {
        let seen = self.seen.lock().unwrap();
        let late = seen.len().saturating_sub(3);
        let of_late = seen.get(if self.dice.falls(700) { late } else { 0 }..)?;
        (!of_late.is_empty()).then(|| of_late[self.dice.below(of_late.len())].clone())
    }

    /// Whether something goes wrong that does so often in a thousand. Once all is calm nothing does.
    pub(crate) fn strikes(&self, in_a_thousand: u64) -> bool {
        self.calm_since.load(Ordering::Relaxed) == 0 && self.dice.falls(in_a_thousand)
    }

    /// Whether somebody keeps what they should send, for another browser to send it.
    pub(crate) fn is_kept(&self) -> bool {
        // That alone shows what its lie is about: seldom as things are, and with a lie many seeds would show nothing.
        let is_often = self.lie == Some(Lie::OneBrowserForAll);
        self.strikes(if is_often { 400 } else { 60 })
    }

    /// Whether all has been calm for so long that whatever rested has rested.
    pub(crate) fn is_settled(&self) -> bool {
        let since = self.calm_since.load(Ordering::Relaxed);
        since > 0 && self.now() > since + LONGEST_REST
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        self.calm_since.store(self.now(), Ordering::Relaxed);
        self.store.is_back();
        let health = if self.lie == Some(Lie::StaysAway) {
            Health::Gone
        } else {
            Health::Well
        };
        self.cas.is_all(health);
        self.directory.is_all(health);
        self.note("world", "all is calm");
    }

    /// Lets so many milliseconds pass.
    pub(crate) async fn wait(&self, low: u64, high: u64) {
        sleep(Duration::from_millis(self.dice.between(low, high))).await;
    }

    /// What it takes to reach another machine: a few milliseconds, now and then much more.
    pub(crate) async fn travel(&self) {
        let most = if self.strikes(30) { 900 } else { 12 };
        self.wait(0, most).await;
    }
}
