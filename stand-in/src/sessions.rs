//! The stand-in's own sessions, and the requests that wait for an answer.
//!
//! As Zoom is thought to do, the flow's state (`from`, the wished page) is kept
//! here and not in `RelayState`. Everything is bounded.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::{DateTime, Duration, Utc};

use crate::accounts::MAX_ENTRIES;
use crate::reading::Received;

/// How many requests one session may have open: one a tab, some abandoned.
const MAX_OPEN_REQUESTS: usize = 32;
/// How long an unused session lasts.
const MAX_IDLE: Duration = Duration::hours(12);
/// How long a `Response` ID is kept. An older one fails on its `IssueInstant`.
const SEEN_FOR: Duration = Duration::minutes(5);

/// Where the sign-in was started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Origin {
    #[default]
    Web,
    Desktop,
    Mobile,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct OpenRequest {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) next: Option<String>,
}

/// What a browser is in the middle of.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    open_requests: VecDeque<OpenRequest>,
    pub(crate) signed_in: Option<SignedIn>,
    /// The address whose transfer or confirmation is being asked.
    pub(crate) pending: Option<String>,
    /// The language that was chosen, as a tag.
    pub(crate) language: Option<&'static str>,
    used_at: DateTime<Utc>,
}

/// Who is signed in, and by which assertion.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: u64,
    pub(crate) received: Received,
}

impl Session {
    const fn new(now: DateTime<Utc>) -> Self {
        Self {
            open_requests: VecDeque::new(),
            signed_in: None,
            pending: None,
            language: None,
            used_at: now,
        }
    }

    /// Remembers a request; the oldest gives way.
    pub(crate) fn expect(&mut self, request: OpenRequest) {
        if self.open_requests.len() >= MAX_OPEN_REQUESTS {
            self.open_requests.pop_front();
        }
        self.open_requests.push_back(request);
    }

    /// The IDs of the open requests.
    pub(crate) fn open_ids(&self) -> Vec<String> {
        self.open_requests
            .iter()
            .map(|request| request.id.clone())
            .collect()
    }

    /// Takes the request out: an answer is used once.
    pub(crate) fn answer(&mut self, id: &str) -> Option<OpenRequest> {
        let place = self
            .open_requests
            .iter()
            .position(|request| request.id == id)?;
        self.open_requests.remove(place)
    }
}

/// All sessions, and the `Response` IDs seen of late.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: HashMap<String, Session>,
    seen: BTreeMap<String, DateTime<Utc>>,
}

impl Sessions {
    /// The session of that ID, if it is alive.
    pub(crate) fn find(&mut self, id: &str, now: DateTime<Utc>) -> Option<&mut Session> {
        let session = self.by_id.get_mut(id)?;
        if session.used_at + MAX_IDLE < now {
            self.by_id.remove(id);
            return None;
        }
        let session = self.by_id.get_mut(id)?;
        session.used_at = now;
        Some(session)
    }

    /// Opens a session under a new `id`; when the table is full, the session
    /// that was unused longest gives way.
    pub(crate) fn open(&mut self, id: String, now: DateTime<Utc>) -> &mut Session {
        if self.by_id.len() >= MAX_ENTRIES
            && let Some(oldest) = self
                .by_id
                .iter()
                .min_by_key(|(_, session)| session.used_at)
                .map(|(id, _)| id.clone())
        {
            self.by_id.remove(&oldest);
        }
        self.by_id.entry(id).or_insert_with(|| Session::new(now))
    }

    /// Moves a session to a new ID, so that an ID planted before the sign-in is
    /// worth nothing after it.
    pub(crate) fn rename(&mut self, from: &str, to: String) {
        if let Some(session) = self.by_id.remove(from) {
            self.by_id.insert(to, session);
        }
    }

    /// Ends a session.
    pub(crate) fn close(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    /// Whether a `Response` of that ID came before.
    pub(crate) fn is_seen(&self, response_id: &str) -> bool {
        self.seen.contains_key(response_id)
    }

    /// Marks a `Response` ID as used and says whether it was unused.
    pub(crate) fn mark_seen(&mut self, response_id: &str, now: DateTime<Utc>) -> bool {
        self.seen.retain(|_, at| now < *at + SEEN_FOR);
        if self.seen.len() >= MAX_ENTRIES
            && let Some(oldest) = self
                .seen
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(id, _)| id.clone())
        {
            self.seen.remove(&oldest);
        }
        self.seen.insert(response_id.to_owned(), now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn request(id: usize) -> OpenRequest {
        OpenRequest {
            id: id.to_string(),
            origin: Origin::Web,
            next: None,
        }
    }

    #[test]
    fn an_answer_is_used_once() {
        let mut session = Session::new(now());
        session.expect(request(1));
        assert!(session.answer("2").is_none());
        assert!(session.answer("1").is_some());
        assert!(session.answer("1").is_none());
    }

    #[test]
    fn the_oldest_open_request_gives_way() {
        let mut session = Session::new(now());
        (0..=MAX_OPEN_REQUESTS).for_each(|id| session.expect(request(id)));
        assert_eq!(session.open_ids().len(), MAX_OPEN_REQUESTS);
        assert!(session.answer("0").is_none());
    }

    #[test]
    fn a_session_dies_when_it_is_not_used() {
        let mut sessions = Sessions::default();
        sessions.open("s".to_owned(), now());
        assert!(sessions.find("s", now() + MAX_IDLE).is_some());
        let later = now() + MAX_IDLE + MAX_IDLE + Duration::seconds(1);
        assert!(sessions.find("s", later).is_none());
    }

    #[test]
    fn the_session_table_is_bounded() {
        let mut sessions = Sessions::default();
        for number in 0..=MAX_ENTRIES {
            let at = now() + Duration::milliseconds(i64::try_from(number).unwrap());
            sessions.open(number.to_string(), at);
        }
        assert_eq!(sessions.by_id.len(), MAX_ENTRIES);
        assert!(sessions.find("0", now()).is_none());
        assert!(sessions.find("1", now()).is_some());
    }

    #[test]
    fn a_response_is_seen_once_and_forgotten_when_too_old_to_pass() {
        let mut sessions = Sessions::default();
        assert!(sessions.mark_seen("_1", now()));
        assert!(!sessions.mark_seen("_1", now()));
        assert!(sessions.is_seen("_1"));
        assert!(sessions.mark_seen("_2", now() + SEEN_FOR));
        assert!(!sessions.is_seen("_1"));
    }

    #[test]
    fn a_renamed_session_leaves_nothing_under_its_old_name() {
        let mut sessions = Sessions::default();
        sessions.open("old".to_owned(), now()).expect(request(1));
        sessions.rename("old", "new".to_owned());
        assert!(sessions.find("old", now()).is_none());
        let session = sessions.find("new", now()).unwrap();
        assert_eq!(session.open_ids(), ["1"]);
    }
}
