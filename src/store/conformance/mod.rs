//! Every promise of [`crate::model::store`], as tests that each backend must pass.
//!
//! A backend runs them all with one line in its own tests:
//! `conformance::every_promise_is_kept_by!(async { (… an empty store with LIMITS …, … what it needs …) });`

pub(crate) mod attempts;
pub(crate) mod marks;
pub(crate) mod participants;
pub(crate) mod replaced;
pub(crate) mod sessions;
pub(crate) mod stories;
pub(crate) mod tickets;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Barrier, task::JoinSet};

use super::Limits;
use crate::model::{
    attribute::Attributes,
    authn_context::AuthnContextClass,
    name_id::{NameId, NameIdFormat},
    proof::{AuthnMethod, Proof},
    session::{Participant, Session, SessionKey},
    short_name::ShortName,
    store::{Sessions, Sight, Standing},
};

/// What the store under test must be made with.
pub(crate) const LIMITS: Limits = Limits {
    sessions: 64,
    idle: SignedDuration::from_secs(600),
    replay_marks: 16,
    attempts: 16,
    story_bytes: 48 * 1024,
};

/// Seen before, and nothing is known of by whom.
const AGAIN: Sight = Sight::Again { by_same_at: None };

/// How many callers come at one time.
const CALLERS: usize = 64;

macro_rules! every_promise_is_kept_by {
    ($empty_store:expr) => {
        $crate::store::conformance::every_promise_is_kept_by! { $empty_store =>
            sessions {
                a_session_is_found_before_its_end_and_not_at_it
                a_session_is_found_until_it_was_idle_and_each_use_starts_anew
                a_use_that_is_noted_late_takes_nothing_from_a_later_one
                of_many_who_end_a_session_one_gets_it
                a_session_that_was_ended_is_not_brought_back_by_those_who_use_it
                a_session_that_is_over_is_not_given_to_who_ends_it
                a_session_says_nothing_of_another
                a_full_store_takes_the_newest_session
                a_session_keeps_the_code_of_the_journey_that_began_it
                every_session_that_lives_is_shown_and_a_look_is_no_use_of_it
                a_session_in_use_is_shown_while_others_come_and_go
                of_many_who_end_what_they_were_shown_each_session_goes_to_one
            }
            replaced {
                r50_the_session_of_another_person_ends_and_that_of_the_same_one_does_not
                r50_a_session_that_is_replaced_is_dead_and_who_took_part_goes_over
                r50_a_session_that_nobody_inherits_from_is_given_back
                r50_for_a_minute_the_replaced_key_leads_to_the_next_session_and_finds_nothing
                r50_whichever_key_the_browser_has_kept_leads_on
                r50_of_many_who_replace_one_session_one_lives_and_has_all_who_took_part
                r66_a_session_that_is_replaced_and_ended_at_one_time_loses_nobody
            }
            tickets {
                r63_of_many_who_bring_a_ticket_one_is_the_first
                r63_a_full_store_refuses_tickets_and_forgets_none
                r63_r122_a_ticket_that_is_forgotten_takes_no_room_and_is_as_one_that_nobody_brought
                r66_a_session_is_ended_by_its_ticket_and_no_other_is
                r66_a_session_that_was_asked_for_twice_is_ended_by_its_ticket
                r66_a_notice_between_the_ticket_and_the_session_lets_none_begin
                r66_a_session_and_a_notice_at_one_time_leave_no_session
                r66_of_many_notices_of_one_ticket_one_ends_the_session
                r66_a_session_in_use_is_ended_by_its_ticket_after_many_others_have_come_and_gone
                r66_a_session_that_outlives_its_first_idle_time_is_ended_by_its_ticket
            }
            participants {
                r66_whoever_ends_a_session_gets_all_who_took_part_in_it
                r66_nobody_joins_a_session_that_has_ended
            }
            marks {
                r33_of_many_first_sights_one_is_the_first
                r33_a_second_use_by_the_same_one_is_told_from_another_ones
                r33_a_mark_holds_until_its_end_and_not_at_it
                r33_a_mark_says_nothing_of_another_issuer_or_id
                r33_a_message_whose_time_is_over_is_never_new
                r33_a_full_store_refuses_and_forgets_nothing
                r33_what_nobody_in_particular_has_used_leaves_room_for_the_others
            }
            attempts {
                r74_of_200_parallel_attempts_the_free_ones_go
                r74_waits_grow_and_a_wait_is_not_an_attempt
                r74_a_clock_that_is_behind_waits_for_what_was_earned_and_no_longer
                r74_a_wait_that_is_over_lets_one_of_many_go
                r74_attempts_are_forgotten_one_by_one_and_then_all
                r74_a_forgiven_account_starts_anew_and_another_does_not
                r74_an_attempt_that_is_taken_back_takes_its_wait_along_and_no_other
                r74_successes_of_a_network_use_nothing_up
                r74_r122_a_full_store_still_counts_the_newest_name_and_forgets_the_oldest
            }
            stories {
                a_story_has_its_steps_in_their_order_under_its_code_alone
                a_story_is_kept_whole_until_a_step_ends_and_not_past_the_last_one
                of_many_who_add_to_one_story_each_adds_a_step
                r122_a_story_takes_no_more_than_it_may_and_its_end_has_a_place
                r122_a_full_store_forgets_the_stories_that_end_first_and_takes_the_newest
                r122_whoever_has_proven_nothing_pushes_out_half_of_the_stories_and_is_pushed_out_of_half
            }
        }
    };
    ($empty_store:expr => $($room:ident { $($promise:ident)* })*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let (store, _kept_as_long) = $empty_store.await;
                $crate::store::conformance::$room::$promise(std::sync::Arc::new(store)).await;
            }
        )*)*
    };
}
pub(crate) use every_promise_is_kept_by;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn key(number: u32) -> SessionKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    SessionKey(key)
}

pub(crate) fn session(login: &str, ends_at: i64) -> Session {
    let mut attributes = Attributes::new();
    attributes.add("mail", [format!("{login}@univ.example")]);
    Session {
        proof: Proof {
            login: login.to_owned(),
            method: AuthnMethod::Local,
            context: AuthnContextClass::PasswordProtectedTransport,
            at: at(0),
            ticket: None,
            attributes,
        },
        index: "_0123456789abcdef0123456789abcdef01234567".to_owned(),
        support_code: None,
        ends_at: at(ends_at),
        participants: Vec::new(),
    }
}

/// Runs `call` in [`CALLERS`] tasks that start together, and gives back what each said.
async fn together<S, F, T>(store: &Arc<S>, call: impl Fn(Arc<S>, usize) -> F) -> Vec<T>
where
    S: Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let mut tasks = JoinSet::new();
    for number in 0..CALLERS {
        let (start, call) = (Arc::clone(&start), call(Arc::clone(store), number));
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}

async fn begin(store: &impl Sessions, number: u32, session: Session) {
    let standing = store.create(key(number), session, at(0)).await;
    assert_eq!(standing, Ok(Standing::Lives));
}

pub(crate) fn participant(sp: &str, value: &str) -> Participant {
    Participant {
        sp: ShortName::parse(sp).unwrap(),
        name_id: Some(NameId {
            value: value.to_owned(),
            format: NameIdFormat::Persistent,
            name_qualifier: Some("https://idp.example".to_owned()),
            sp_name_qualifier: Some(format!("https://{sp}.example")),
        }),
        // Each is told another one.
        session_index: format!("_of-{value}-at-{sp}"),
    }
}
