//! Whether the server is there, for those who are on their way to it.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{CasFault, seen::Seen};
use crate::{
    authn::servers::Servers,
    model::chain::Chain,
    sys::{
        clock::Clock,
        http::{HttpClient, HttpFault, HttpKind},
    },
};

/// The longest page that is read to see whether the server is there.
const MAX_PAGE: usize = 64 * 1024;
/// How long the login page may take where there is another way to sign in: somebody waits for it.
const LOOK: Duration = Duration::from_secs(2);
/// How long anybody waits to hear whether somebody is there at all; the look itself goes on.
const GLANCE: Duration = Duration::from_millis(250);
/// How long an address may take until it says that somebody is there: longer than a connection may take, so that one that
/// does not come about is told from an answer that takes long.
const LONG_LOOK: Duration = Duration::from_secs(4);
/// How long a server is not sent to that was seen not to answer, where there is another way to sign in, and one that was seen
/// not to be there at all, where there is none.
const SEEN_DOWN: Duration = Duration::from_secs(10);
const SEEN_GONE: Duration = Duration::from_secs(2);

/// Whether the server is there, as it was seen a moment ago.
#[derive(Debug)]
pub(super) struct Presence {
    addresses: Addresses,
    clock: Arc<dyn Clock>,
    /// Whether people can be sent there.
    shows_login: Seen,
    /// Whether anybody is there at all.
    is_anybody: Seen,
}

/// Where it is looked.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) client: HttpClient,
    /// Where people are sent.
    pub(super) login: Arc<str>,
    /// Where tickets are asked about, by what stands before `validation`.
    pub(super) nodes: Arc<Servers<Box<str>>>,
    pub(super) validation: &'static str,
}

impl Presence {
    /// Nothing is known yet.
    pub(super) fn new(addresses: Addresses, clock: Arc<dyn Clock>) -> Self {
        Self {
            addresses,
            clock,
            shows_login: Seen::new(SEEN_DOWN),
            is_anybody: Seen::new(SEEN_GONE),
        }
    }

    /// Whether the address that people are sent to answers: as it was found at most ten seconds ago,
    /// and else by asking now.
    pub(super) async fn is_up(&self) -> bool {
        match self.login_is_known_to_be_up() {
            Some(known) => known,
            None => self.look().await,
        }
    }

    /// The same, as far as that needs no question.
    pub(super) fn login_is_known_to_be_up(&self) -> Option<bool> {
        self.shows_login.known(self.clock.passed())
    }

    /// The same, by asking now.
    pub(super) async fn look(&self) -> bool {
        let look = self.addresses.clone().look_at_login();
        self.shows_login.look(&self.clock, look).await;
        self.shows_login.presumed(self.clock.passed())
    }

    /// Whether nobody is there: as it was found at most ten seconds ago, or by the last ticket, and two seconds where nobody was.
    /// Else it is looked now, for longer than the caller waits: what has not ended by then is as it was before.
    pub(super) async fn is_gone(&self) -> bool {
        if self.is_anybody.known(self.clock.passed()).is_none() {
            let look = self.look_for_anybody();
            // Who waits no longer goes by what was seen lately.
            let _ = timeout(GLANCE, look).await;
        }
        !self.is_anybody.presumed(self.clock.passed())
    }

    async fn look_for_anybody(&self) {
        let look = self.addresses.clone().look_for_anybody();
        self.is_anybody.look(&self.clock, look).await;
    }

    /// Whether nobody was there a moment ago, nor since.
    pub(super) fn was_gone(&self) -> bool {
        self.is_anybody.was_away(self.clock.passed())
    }

    /// A node has answered a question.
    pub(super) fn was_heard(&self) {
        self.is_anybody.is_there(self.clock.passed());
    }
}

/// What is found at an address.
enum Found {
    Somebody,
    /// Certainly nobody who is of use.
    Nobody(CasFault),
    /// No file was left to ask with.
    NothingSeen,
}

impl Addresses {
    /// Whether it shows a page; none where no file was left to ask with.
    async fn look_at_login(self) -> Option<bool> {
        match self.asked(&self.login, LOOK).await {
            Ok(status) => Some(status < 500),
            Err(fault) => match fault.kind() {
                // A page longer than a login page is a page.
                HttpKind::TooLong => Some(true),
                HttpKind::NoFile => None,
                HttpKind::Broken
                | HttpKind::TimeOut
                | HttpKind::Unreachable
                | HttpKind::Untrusted => Some(false),
            },
        }
    }

    /// Whether anybody is there; none where no file was left to ask with.
    async fn look_for_anybody(self) -> Option<bool> {
        let fault = match self.look_at(&self.login).await {
            Found::Somebody => return Some(true),
            Found::NothingSeen => return None,
            Found::Nobody(fault) => fault,
        };
        let mut wants = Vec::new();
        for node in self.nodes.each() {
            let url = format!("{node}/{}", self.validation);
            match self.look_at(&url).await {
                Found::Somebody => return Some(true),
                Found::NothingSeen => return None,
                Found::Nobody(fault) => wants.push(fault),
            }
        }
        tracing::warn!(
            error.chain = %Chain(&fault),
            "nobody is there at the CAS server, neither where people are sent nor where tickets are asked about"
        );
        self.nodes.were_not_there(&wants);
        Some(false)
    }

    async fn look_at(&self, url: &str) -> Found {
        match self.asked(url, LONG_LOOK).await {
            Ok(status) if status >= 500 => Found::Nobody(CasFault::Status(status)),
            Ok(_) => Found::Somebody,
            Err(fault) => match fault.kind() {
                HttpKind::Broken | HttpKind::Unreachable | HttpKind::Untrusted => {
                    Found::Nobody(fault.into())
                }
                // One that takes connections, and is late with TLS, is busy.
                HttpKind::TimeOut if fault.is_of_connection() => {
                    match self.client.connects_to(url).await {
                        Some(true) => Found::Somebody,
                        Some(false) => Found::Nobody(fault.into()),
                        None => Found::NothingSeen,
                    }
                }
                HttpKind::NoFile => Found::NothingSeen,
                HttpKind::TimeOut | HttpKind::TooLong => Found::Somebody,
            },
        }
    }

    /// What status it answers with. A connection that was kept may be one to a server that has gone since, with another one in
    /// its place: where one breaks off at once, it is asked once more, and both take no longer than `patience`.
    async fn asked(&self, url: &str, patience: Duration) -> Result<u16, HttpFault> {
        let begun = Instant::now();
        let mut answer = self.client.get(url, MAX_PAGE, patience).await;
        let left = patience.saturating_sub(begun.elapsed());
        if matches!(&answer, Err(fault) if fault.kind() == HttpKind::Broken) && left >= patience / 2
        {
            answer = self.client.get(url, MAX_PAGE, left).await;
        }
        Ok(answer?.status)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        io,
        net::Ipv4Addr,
        sync::{Mutex, MutexGuard},
        time::Instant,
    };

    use jiff::{SignedDuration, Timestamp};
    use tokio::{
        net::{TcpListener, TcpSocket, TcpStream},
        time::sleep,
    };

    use super::*;
    use crate::{
        authn::servers::ServerRecord,
        sys::{
            clock::ManualClock,
            network::{Coming, Network, Stream},
        },
    };

    /// What each question comes to, in order.
    type Said = Result<u16, HttpKind>;

    /// Says what it is told to, and notes what it was asked.
    #[derive(Debug, Default)]
    struct Script {
        says: Mutex<VecDeque<Said>>,
        /// After how long.
        takes: Duration,
        asked: Mutex<Vec<String>>,
    }

    impl Script {
        fn asked(&self) -> MutexGuard<'_, Vec<String>> {
            self.asked.lock().unwrap()
        }
    }

    impl Network for Script {
        fn get<'a>(
            &'a self,
            url: &'a str,
            patience: Duration,
        ) -> Coming<'a, Result<(u16, Vec<u8>), HttpKind>> {
            self.asked().push(url.to_owned());
            let said = self.says.lock().unwrap().pop_front().unwrap();
            Box::pin(async move {
                if self.takes > patience {
                    sleep(patience).await;
                    return Err(HttpKind::TimeOut);
                }
                sleep(self.takes).await;
                Ok((said?, Vec::new()))
            })
        }

        fn connect<'a>(
            &'a self,
            _host: &'a str,
            _port: u16,
        ) -> Coming<'a, io::Result<Box<dyn Stream>>> {
            unreachable!("only HTTP is spoken")
        }
    }

    fn presence(client: HttpClient, nodes: &[&str], clock: &Arc<ManualClock>) -> Presence {
        let servers = nodes.iter().map(|node| ((*node).into(), (*node).into()));
        let addresses = Addresses {
            client,
            login: format!("{}/login", nodes[0]).into(),
            nodes: Arc::new(Servers::new::<CasFault>(servers, LOOK)),
            validation: "serviceValidate",
        };
        Presence::new(addresses, Arc::<ManualClock>::clone(clock))
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH))
    }

    fn faults(presence: &Presence) -> Vec<u64> {
        let records = presence.addresses.nodes.records(Duration::ZERO);
        records.iter().map(ServerRecord::faults).collect()
    }

    #[tokio::test]
    async fn nobody_is_there_where_each_address_is_certainly_of_no_use() {
        use HttpKind::{Broken, TimeOut, TooLong, Unreachable, Untrusted};
        let nodes = ["http://a", "http://b"];
        let all = [
            "http://a/login",
            "http://a/serviceValidate",
            "http://b/serviceValidate",
        ];
        let cases: [(&[Said], bool, &[usize]); 12] = [
            (&[Ok(200)], false, &[0]),
            (&[Ok(404)], false, &[0]),
            (&[Err(TimeOut)], false, &[0]),
            (&[Err(TooLong)], false, &[0]),
            (&[Ok(503), Ok(200)], false, &[0, 1]),
            (&[Ok(503), Ok(503), Err(TimeOut)], false, &[0, 1, 2]),
            (&[Ok(503), Ok(500), Ok(403)], false, &[0, 1, 2]),
            (&[Ok(503), Ok(502), Err(Unreachable)], true, &[0, 1, 2]),
            (
                &[Err(Untrusted), Err(Unreachable), Err(Unreachable)],
                true,
                &[0, 1, 2],
            ),
            // A connection that breaks off may be an old one: it is asked once more, and no more than that.
            (&[Err(Broken), Ok(200)], false, &[0, 0]),
            (
                &[Err(Broken), Ok(500), Err(Broken), Ok(200)],
                false,
                &[0, 0, 1, 1],
            ),
            (
                &[
                    Err(Broken),
                    Err(Broken),
                    Err(Broken),
                    Err(Broken),
                    Err(Broken),
                    Err(Broken),
                ],
                true,
                &[0, 0, 1, 1, 2, 2],
            ),
        ];
        for (says, is_gone, asked) in cases {
            let script = Arc::new(Script::default());
            script.says.lock().unwrap().extend(says);
            let client = HttpClient::over(Arc::<Script>::clone(&script));
            let presence = presence(client, &nodes, &clock());
            assert_eq!(presence.is_gone().await, is_gone, "{says:?}");
            let asked: Vec<_> = asked.iter().map(|index| all[*index]).collect();
            assert_eq!(*script.asked(), asked, "{says:?}");
            // Who watches hears of it.
            assert_eq!(presence.was_gone(), is_gone, "{says:?}");
            assert_eq!(faults(&presence), [u64::from(is_gone); 2], "{says:?}");
            // Nobody asks again for the moment.
            assert_eq!(presence.is_gone().await, is_gone, "{says:?}");
            assert_eq!(script.asked().len(), asked.len(), "{says:?}");
        }
    }

    #[tokio::test]
    async fn whoever_has_no_file_to_look_with_has_seen_nothing() {
        use HttpKind::{NoFile, Unreachable};
        let (script, clock) = (Arc::new(Script::default()), clock());
        let client = HttpClient::over(Arc::<Script>::clone(&script));
        let presence = presence(client, &["http://a"], &clock);
        let says = |said: &[Said]| script.says.lock().unwrap().extend(said);
        says(&[Err(NoFile), Err(Unreachable), Err(NoFile)]);
        // At the first address, and at the second one: nothing says that nobody is there, and the next one looks again.
        assert!(!presence.is_gone().await && !presence.is_gone().await);
        assert_eq!(script.asked().len(), 3);
        says(&[Err(Unreachable), Err(Unreachable)]);
        assert!(presence.is_gone().await);
        // Nor does anything say that somebody is back.
        clock.advance(SignedDuration::from_secs(2));
        says(&[Err(NoFile)]);
        assert!(presence.is_gone().await);
        assert_eq!(faults(&presence), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_look_waits_no_longer_where_a_connection_breaks_off_late() {
        use HttpKind::Broken;
        let says: [(u64, &[Said], usize); 3] = [
            (0, &[Err(Broken), Ok(200)], 2),
            (900, &[Err(Broken), Ok(200)], 2),
            (1_900, &[Err(Broken)], 1),
        ];
        for (takes, says, asked) in says {
            let script = Arc::new(Script {
                takes: Duration::from_millis(takes),
                ..Script::default()
            });
            script.says.lock().unwrap().extend(says);
            let client = HttpClient::over(Arc::<Script>::clone(&script));
            let presence = presence(client, &["http://a"], &clock());
            let begun = tokio::time::Instant::now();
            assert_eq!(presence.is_up().await, asked == 2, "{takes}");
            assert!(begun.elapsed() <= LOOK, "{takes}");
            assert_eq!(script.asked().len(), asked, "{takes}");
        }
    }

    #[tokio::test]
    async fn a_login_page_is_asked_for_once_more_where_a_connection_breaks_off() {
        use HttpKind::{Broken, NoFile, TimeOut, TooLong};
        let cases: [(&[Said], bool); 7] = [
            (&[Ok(200)], true),
            (&[Err(TooLong)], true),
            (&[Ok(500)], false),
            (&[Err(TimeOut)], false),
            (&[Err(Broken), Ok(200)], true),
            (&[Err(Broken), Err(Broken)], false),
            (&[Err(NoFile)], true),
        ];
        for (says, is_up) in cases {
            let script = Arc::new(Script::default());
            script.says.lock().unwrap().extend(says);
            let client = HttpClient::over(Arc::<Script>::clone(&script));
            let presence = presence(client, &["http://a"], &clock());
            assert_eq!(presence.is_up().await, is_up, "{says:?}");
            assert_eq!(script.asked().len(), says.len(), "{says:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_looked_for_after_two_seconds_and_found_again() {
        let (script, clock) = (Arc::new(Script::default()), clock());
        let client = HttpClient::over(Arc::<Script>::clone(&script));
        let presence = presence(client, &["http://a"], &clock);
        let says = |said: &[Said]| script.says.lock().unwrap().extend(said);
        let wait = |seconds| clock.advance(SignedDuration::from_secs(seconds));
        says(&[Ok(503), Ok(503)]);
        assert!(presence.is_gone().await);
        wait(2);
        says(&[Ok(200)]);
        assert!(!presence.is_gone().await);
        wait(9);
        assert!(!presence.is_gone().await);
        wait(1);
        says(&[Ok(503), Ok(503)]);
        assert!(presence.is_gone().await);
        // Somebody who was on their way is answered.
        presence.was_heard();
        assert!(!presence.is_gone().await && !presence.was_gone());
    }

    #[tokio::test]
    async fn a_server_that_takes_connections_and_says_nothing_is_there() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        for scheme in ["http", "https"] {
            let client = HttpClient::new(None, true).unwrap();
            let presence = presence(client, &[&format!("{scheme}://{address}")], &clock());
            presence.look_for_anybody().await;
            assert!(!presence.is_gone().await, "{scheme}");
            assert_eq!(faults(&presence), [0], "{scheme}");
        }
    }

    /// A machine that is switched off answers no SYN, as one whose queue of connections is full does not.
    #[tokio::test]
    async fn a_machine_that_takes_no_connection_is_gone_and_nobody_waits_for_that() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let full = socket.listen(1).unwrap();
        let address = full.local_addr().unwrap();
        let mut fills = Vec::new();
        while let Ok(Ok(stream)) = timeout(GLANCE, TcpStream::connect(address)).await {
            fills.push(stream);
        }
        let client = HttpClient::new(None, true).unwrap();
        let presence = presence(client, &[&format!("http://{address}")], &clock());
        let asked_at = Instant::now();
        assert!(!presence.is_gone().await);
        assert!(asked_at.elapsed() < LOOK);
        // The look goes on.
        presence.look_for_anybody().await;
        assert!(presence.is_gone().await && presence.was_gone());
        assert_eq!(faults(&presence), [1]);
    }
}
