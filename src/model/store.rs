//! What a store promises. `store::conformance` tests every backend against it.

use jiff::{SignedDuration, Timestamp};

use super::{
    entity_id::EntityId,
    session::{Participant, Session, SessionKey},
    story::{Keeping, StoryStep},
    support_code::SupportCode,
};

/// The store did not do what was asked; nothing is known about what it holds. Whoever meets one goes on as
/// with any other: the rules of each call hold for all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// It holds as much as it may, and refuses rather than forgets.
    #[error("the store is full")]
    Full,
    /// What it holds there was not written by us, or not there.
    #[error("the store holds a value that is not ours")]
    Forged,
    /// It did not answer.
    #[error("the store did not answer")]
    Unavailable,
}

/// Whether a session lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It does.
    Lives,
    /// It has ended, or never began.
    Ended,
}

/// How long the key of a session that another one has replaced still leads to that one: a second click,
/// or a second tab, brings it before the browser has the new one.
pub const LEADS_ON: SignedDuration = SignedDuration::from_mins(1);

/// A session that lives, as whoever looks after sessions finds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Its key.
    pub key: SessionKey,
    /// What it holds.
    pub session: Session,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When it is over if nobody uses it again.
    pub unused_until: Timestamp,
}

/// Remembers live sessions.
///
/// A session that cannot be kept costs its person one more login and nothing else: a full backend
/// may forget the session that was not used for the longest time. Instants are kept as whole
/// seconds.
pub trait Sessions: Send + Sync {
    /// Notes that the CAS ticket of this hash was brought, until `expires_at`, and says whether for the
    /// first time. So long a notice that overtakes the sign-in is not lost: see [`Self::create`].
    ///
    /// Look and note are one step: of any number of concurrent calls, exactly one gets
    /// [`Sight::First`].
    ///
    /// # Errors
    ///
    /// The store did not answer or is full: the server itself takes a ticket once, and the sign-in goes
    /// on.
    fn bring_ticket(
        &self,
        ticket: [u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sight, StoreError>> + Send;

    /// Forgets that a ticket was brought, as its server has refused it, or whoever brought it has gone away: tickets that somebody makes up take nobody's room.
    ///
    /// # Errors
    ///
    /// The store did not answer: it is known until its end.
    fn forget_ticket(
        &self,
        ticket: [u8; 32],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Remembers `session` under `key`, until `session.ends_at` or until nobody asked for it for
    /// `idle`, whichever comes first. It does not begin where [`Self::end_by_ticket`] was told of its
    /// ticket since that was brought: of the two calls, one always sees the other.
    ///
    /// # Errors
    ///
    /// The store did not answer: the sign-in goes on, without a session.
    fn create(
        &self,
        key: SessionKey,
        session: Session,
        now: Timestamp,
    ) -> impl Future<Output = Result<Standing, StoreError>> + Send;

    /// Has a provider join the session of `key` ([`Session::join`]), before it is told of the person.
    /// Where the session lives, whoever ends it gets this provider with it; where it has ended, the
    /// provider must not be told.
    ///
    /// # Errors
    ///
    /// The store did not answer: the provider is told, and a logout may not reach it.
    fn join(
        &self,
        key: SessionKey,
        participant: Participant,
        now: Timestamp,
    ) -> impl Future<Output = Result<Standing, StoreError>> + Send;

    /// Finds the session of `key` and counts as a use of it. A session is never found at or after
    /// its end, nor when its last use is `idle` ago or more.
    ///
    /// # Errors
    ///
    /// The store did not answer: the caller asks the person to sign in.
    fn find(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Forgets the session of `key` and gives back what it was: of any number of concurrent calls,
    /// one gets it. Once this returned, no `find` finds it.
    ///
    /// # Errors
    ///
    /// The store did not answer: the session may still live, and the person must be told so.
    fn end(
        &self,
        key: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// As [`Self::end`], for the session of `key` or the one that has replaced it ([`Self::replace`]), and
    /// only where it is another person's than `login`'s.
    ///
    /// # Errors
    ///
    /// As [`Self::end`].
    fn end_of_another(
        &self,
        key: SessionKey,
        login: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Ends the session of `old`, in whose browser another sign-in was answered, and has the one inherit
    /// ([`Session::inherit`]) that has begun under `new`. Gives back the one that ended where nobody
    /// inherits: it was another person's, or there is no `new` one, or that has ended.
    ///
    /// For [`LEADS_ON`] `old` then leads to `new`, here and in [`Self::end_of_another`], and nowhere else:
    /// whoever brings it once more ends the session of `new` and inherits from it. All this is one step:
    /// of any number of concurrent calls with one `old`, the last one's session has all participants,
    /// and no other lives. A full backend may forget the oldest of what leads on.
    ///
    /// # Errors
    ///
    /// The store did not answer: the old session may still live.
    fn replace(
        &self,
        old: SessionKey,
        new: Option<SessionKey>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// As [`Self::end`], for the session that was begun with the CAS ticket of this hash. For a
    /// ticket that was brought and has begun none yet, it will begin none. A ticket that nobody brought
    /// leaves nothing behind, however many there are.
    ///
    /// # Errors
    ///
    /// The store did not answer: the session may still live.
    fn end_by_ticket(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Whether the sign-in of the CAS ticket of this hash lasts, for whoever begins no session with it:
    /// [`Standing::Ended`] where [`Self::create`] would begin none.
    ///
    /// # Errors
    ///
    /// The store did not answer: the sign-in goes on.
    fn sign_in_of(
        &self,
        ticket: [u8; 32],
        now: Timestamp,
    ) -> impl Future<Output = Result<Standing, StoreError>> + Send;

    /// Shows every session that lives to `show`, which is no use of any. Each that lives from the beginning of the call
    /// to its end is shown, maybe more than once; one that begins or ends meanwhile may be shown or not. No more of them
    /// are held at one time than a page.
    ///
    /// Says how many could not be opened: they were not shown, and may live where another key is known.
    ///
    /// This looks at all that there are: it is for an administrator's questions, which are few, and costs a sign-in
    /// nothing.
    ///
    /// # Errors
    ///
    /// The store did not answer, or did not come to an end: there may be more than were shown.
    fn look_through(
        &self,
        show: &mut (dyn FnMut(Seen) + Send),
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Whether a message was seen before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sight {
    /// For the first time.
    First,
    /// It was used before.
    Again {
        /// When, if it was used by the same one as now.
        by_same_at: Option<Timestamp>,
    },
}

/// One use of a message.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Who issued it.
    pub issuer: &'a EntityId,
    /// Its `ID`.
    pub id: &'a str,
    /// Who uses it: a hash over browser and person. [`Self::NOBODY`] where that is not known, which is the
    /// same one as nobody else.
    pub by: [u8; 32],
    /// Until when a second use must be told.
    pub expires_at: Timestamp,
}

impl Use<'_> {
    /// The one by whom a request was refused: mostly somebody who has not proven who they are.
    pub const NOBODY: [u8; 32] = [0; 32];
}

/// Remembers which messages were used.
pub trait ReplayGuard: Send + Sync {
    /// Marks the message of `used` as used, and says whether it was unused.
    ///
    /// Look and mark are one step: of any number of concurrent calls with one issuer and ID,
    /// exactly one gets [`Sight::First`]. A message whose time is over at `now` is never seen for the
    /// first time: nothing could remember that it was.
    ///
    /// # Errors
    ///
    /// The store did not answer or is full, which for [`Use::NOBODY`] it is once half of the places are taken: strangers must
    /// not have those go unmarked who are let in. An unknown answer is not a first sight. The caller
    /// follows R-33: an AuthnRequest goes on and health says so.
    fn mark(
        &self,
        used: Use<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sight, StoreError>> + Send;
}

/// How attempts under one key are slowed down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttemptRule {
    /// Attempts that are free, one after the other; at least one.
    pub free: u32,
    /// How long the first attempt after the free ones has to wait; each next one twice as long.
    pub first_wait: SignedDuration,
    /// The longest wait.
    pub longest_wait: SignedDuration,
    /// After this long without an attempt, all is forgotten. Until then one attempt is forgotten
    /// in each `free`-th part of it, so that the rare mistakes of a busy network never add up.
    pub forget_after: SignedDuration,
}

impl AttemptRule {
    /// How long the next attempt has to wait after the one that made them `counted`.
    pub fn wait_after(&self, counted: u32) -> SignedDuration {
        let Some(doublings) = counted.checked_sub(self.free.max(1)) else {
            return SignedDuration::ZERO;
        };
        // The shift stays below the width of the number, and a wait that cannot be told is longer
        // than the longest.
        1_i32
            .checked_shl(doublings.min(30))
            .and_then(|factor| self.first_wait.checked_mul(factor))
            .map_or(self.longest_wait, |wait| wait.min(self.longest_wait))
    }

    /// How long it takes until one attempt is forgotten.
    pub fn one_forgotten_in(&self) -> SignedDuration {
        let free = i32::try_from(self.free.max(1)).unwrap_or(i32::MAX);
        (self.forget_after / free).max(SignedDuration::from_millis(1))
    }

    /// The most attempts that need to be told apart: any more have to wait no longer.
    pub fn most_counted(&self) -> u32 {
        let longest = (0..31).find(|doublings| {
            self.wait_after(self.free.max(1).saturating_add(*doublings)) >= self.longest_wait
        });
        self.free.max(1).saturating_add(longest.unwrap_or(31))
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may, and was counted.
    Go,
    /// Not before this instant; it was not counted.
    WaitUntil(Timestamp),
}

/// Counts attempts at a password, before each is made.
///
/// A full backend forgets the attempts whose end is nearest: refusing would let a stranger who
/// makes up names shut everybody out.
pub trait Attempts: Send + Sync {
    /// Counts one attempt under `key` and says whether it may be made.
    ///
    /// Look and count are one step: of any number of concurrent calls, no more get
    /// [`Verdict::Go`] than the rule lets through.
    ///
    /// # Errors
    ///
    /// The store did not answer: the attempt is not made, and may be counted all the same.
    fn attempt(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        now: Timestamp,
    ) -> impl Future<Output = Result<Verdict, StoreError>> + Send;

    /// Forgets all attempts under `key`: the person of this account has come.
    ///
    /// # Errors
    ///
    /// The store did not answer: the next attempts may have to wait.
    fn forgive(&self, key: [u8; 32]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes back the attempt that was counted under `key` at `attempted_at`, and the wait it
    /// brought, because it was not a wrong guess. Others under `key` stay counted: thousands of
    /// people share one network, and one success among them says nothing of the rest.
    ///
    /// # Errors
    ///
    /// The store did not answer: the next attempts may have to wait.
    fn take_back(
        &self,
        key: [u8; 32],
        rule: AttemptRule,
        attempted_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Remembers what became of sign-ins, for the help desk.
///
/// It takes no more room than it may, whatever anybody does: a full backend forgets the stories whose end is nearest. Those in
/// which nobody has proven who they are, and the others, have half of the room each, and what the other half leaves free.
pub trait Stories: Send + Sync {
    /// Puts a step behind those of its story. Each step is kept until its own end at least.
    ///
    /// This is one step: of any number of concurrent calls each adds its own.
    ///
    /// # Errors
    ///
    /// The store did not answer, or the story has as many bytes as it may: this step is not kept, and nobody waits for it.
    fn add_to_story(
        &self,
        code: SupportCode,
        step: &StoryStep,
        keeping: Keeping,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The steps of the story of `code`, in the order in which they were added; none where nothing is kept.
    ///
    /// # Errors
    ///
    /// The store did not answer, or what it holds there is not ours.
    fn story(
        &self,
        code: SupportCode,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<StoryStep>, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: AttemptRule = AttemptRule {
        free: 5,
        first_wait: SignedDuration::from_secs(1),
        longest_wait: SignedDuration::from_secs(60),
        forget_after: SignedDuration::from_mins(30),
    };

    #[test]
    fn r74_the_wait_doubles_after_the_free_attempts_and_stops_at_the_longest() {
        let waits = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 36, 37, u32::MAX]
            .map(|counted| RULE.wait_after(counted).as_secs());
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
        assert_eq!(RULE.most_counted(), 11);
    }

    #[test]
    fn r74_a_rule_of_zeros_or_extremes_still_gives_waits() {
        let zero = AttemptRule {
            free: 0,
            first_wait: SignedDuration::ZERO,
            longest_wait: SignedDuration::ZERO,
            forget_after: SignedDuration::ZERO,
        };
        assert_eq!(zero.wait_after(u32::MAX), SignedDuration::ZERO);
        assert_eq!(zero.most_counted(), 1);
        assert_eq!(zero.one_forgotten_in(), SignedDuration::from_millis(1));
        let huge = AttemptRule {
            free: u32::MAX,
            first_wait: SignedDuration::MAX,
            longest_wait: SignedDuration::MAX,
            forget_after: SignedDuration::MAX,
        };
        assert_eq!(huge.wait_after(u32::MAX), SignedDuration::MAX);
        assert_eq!(huge.most_counted(), u32::MAX);
    }
}
