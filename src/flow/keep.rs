//! What is kept of each step for the help desk, beside the log.
//!
//! Whoever signs in neither waits for this nor is stopped by it: a step goes into a queue, and where that is full it is
//! dropped and counted. One task takes the steps to the store, those of several sign-ins together and those of one in their
//! order.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{Next, Reply, bridge::Bridge, oversight::HANDLE_CHARS, stop::Stopped, story::Story};
use crate::{
    audit,
    authn::account_name::one_spelling,
    config::stories::PersonInStory,
    model::{
        chain::Chain,
        decision_lines::DecisionLines,
        store::{StoreError, Stories as _},
        story::{Keeping, StoryStep},
        support_code::SupportCode,
    },
    store::Store,
};

/// How many steps may wait to be kept: more than a second of the busiest morning.
const MOST_WAITING: usize = 512;
/// How long the first of them waits for others. To wake the task for each by itself would cost every sign-in a tenth of
/// its signature.
const GATHERED_FOR: Duration = Duration::from_millis(50);
/// How many go to the store at one time, which takes them in one piece.
const TOGETHER: usize = 16;
/// How much later a step may have been than another one, of another node, that comes to the store after it: what both wait,
/// and the store takes.
const OVERTAKEN_BY: SignedDuration = SignedDuration::from_millis(500);

/// Takes steps to the store.
#[derive(Debug)]
pub struct StoryKeeper {
    node: String,
    /// Its task is begun by the first step: where this is made there may be nothing yet that runs tasks.
    queue: OnceLock<mpsc::Sender<Queued>>,
    dropped: Arc<AtomicU64>,
}

/// What stands in the queue.
#[derive(Debug)]
enum Queued {
    Step(Box<Waiting>),
    /// Who is to be told that all before it was taken to the store.
    Tell(oneshot::Sender<()>),
}

/// A step that waits to be kept.
#[derive(Debug)]
struct Waiting {
    store: Arc<Store>,
    code: SupportCode,
    step: StoryStep,
    keeping: Keeping,
    now: Timestamp,
}

impl StoryKeeper {
    /// That of the node of this name.
    pub fn new(node: String) -> Self {
        Self {
            node,
            queue: OnceLock::new(),
            dropped: Arc::default(),
        }
    }

    /// Steps that were not kept since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until each step that was put here so far was taken to the store.
    pub async fn rest(&self) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let (tell, told) = oneshot::channel();
        if queue.send(Queued::Tell(tell)).await.is_ok() {
            // A task that has ended keeps nothing any more.
            let _ = told.await;
        }
    }

    fn put(&self, waiting: Waiting) {
        let taken = Handle::try_current().is_ok_and(|runtime| {
            let queue = self.queue.get_or_init(|| {
                let (queue, steps) = mpsc::channel(MOST_WAITING);
                runtime.spawn(keep_all(steps, Arc::clone(&self.dropped)));
                queue
            });
            queue.try_send(Queued::Step(Box::new(waiting))).is_ok()
        });
        if !taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Ends with the last sender, after what waits.
async fn keep_all(mut steps: mpsc::Receiver<Queued>, dropped: Arc<AtomicU64>) {
    while let Some(first) = steps.recv().await {
        sleep(GATHERED_FOR).await;
        let mut next = Some(first);
        while let Some(first) = next {
            let (together, rest) = gather(first, &mut steps);
            join_all(together.into_iter().map(|waiting| waiting.keep(&dropped))).await;
            next = match rest {
                Some(Queued::Tell(tell)) => {
                    // Who has gone away need not be told.
                    let _ = tell.send(());
                    steps.try_recv().ok()
                }
                Some(step @ Queued::Step(_)) => Some(step),
                None => steps.try_recv().ok(),
            };
        }
    }
}

/// Some that wait, each of another sign-in so that none overtakes one of its own, and what comes next if that was looked
/// at.
fn gather(first: Queued, steps: &mut mpsc::Receiver<Queued>) -> (Vec<Waiting>, Option<Queued>) {
    let mut together: Vec<Waiting> = Vec::new();
    let mut next = Some(first);
    while let Some(queued) = next {
        match queued {
            Queued::Step(waiting) if together.iter().all(|it| it.code != waiting.code) => {
                together.push(*waiting);
            }
            queued @ (Queued::Step(_) | Queued::Tell(_)) => return (together, Some(queued)),
        }
        if together.len() >= TOGETHER {
            break;
        }
        next = steps.try_recv().ok();
    }
    (together, None)
}

impl Waiting {
    async fn keep(self, dropped: &AtomicU64) {
        let store = self.store;
        let kept = store.add_to_story(self.code, &self.step, self.keeping, self.now);
        if kept.await.is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Bridge {
    /// What is kept of the sign-in of this code, step by step, with what came before it under another one. The audit says who
    /// asked.
    ///
    /// # Errors
    ///
    /// The store did not answer.
    pub async fn story(
        &self,
        code: SupportCode,
        asked_by: &str,
    ) -> Result<Vec<StoryStep>, StoreError> {
        let now = self.clock.now();
        let mut steps = self.store.story(code, now).await?;
        let before = steps.iter().find_map(|step| step.began_under);
        if let Some(before) = before {
            // What came before may be unreadable, as its key is gone: that takes nothing from these.
            let mut all = match self.store.story(before, now).await {
                Err(StoreError::Forged) => Vec::new(),
                read => read?,
            };
            all.append(&mut steps);
            steps = all;
        }
        let steps = in_order(steps);
        audit::Event::Shown(audit::Shown::Story {
            support_code: code,
            steps: steps.len(),
            asked_by,
        })
        .write();
        Ok(steps)
    }

    /// Has a step kept that has ended so.
    pub(super) fn keep(
        &self,
        story: Story,
        mut decisions: DecisionLines,
        end: Result<&Reply, &Stopped>,
    ) {
        let rule = self.settings.stories;
        if rule.keep_days == 0 {
            return;
        }
        decisions.cut(StoryStep::MAX_DECISION_BYTES);
        let now = self.clock.now();
        let until = now.saturating_add(rule.kept_for());
        let (word, is_end) = told(end);
        let keeping = Keeping {
            until: until.unwrap_or(Timestamp::MAX),
            is_proven: self.is_of_somebody(&story, is_end),
            is_end,
        };
        let step = StoryStep {
            at: now,
            node: self.stories.node.clone(),
            sp: story.sp,
            is_trial: story.is_trial,
            person: story.person.and_then(|login| self.redacted(login)),
            session: story.session.map(|key| self.handle(key)),
            end: word.to_owned(),
            stop: end.err().map(|stopped| self.reason(stopped)),
            decisions,
            began_under: story.began_under,
        };
        self.stories.put(Waiting {
            store: Arc::clone(&self.store),
            code: story.support_code,
            step,
            keeping,
            now,
        });
    }

    /// Whether it is kept with those of people who have proven who they are. With the steps of one who comes without end, whatever they
    /// end in, it would push out everybody else's.
    fn is_of_somebody(&self, story: &Story, is_end: bool) -> bool {
        // A step that leads on is with the others until the next one of the same sign-in takes it along, which is counted.
        let person = story.person.as_deref().filter(|_| is_end);
        person.is_some_and(|login| story.is_in_pace.unwrap_or_else(|| self.is_in_pace(login)))
    }

    /// How the person stands in a story.
    fn redacted(&self, login: String) -> Option<String> {
        match self.settings.stories.person {
            PersonInStory::Clear => Some(login),
            PersonInStory::Hashed => {
                let spelt = one_spelling(&login);
                let mut hidden = self.pairwise.blind("person", spelt.as_bytes());
                hidden.truncate(HANDLE_CHARS);
                Some(hidden)
            }
            PersonInStory::None => None,
        }
    }

    /// Why it stopped: with its causes, as the log has them, where people may stand in stories by name. What a directory
    /// says may name them.
    fn reason(&self, stopped: &Stopped) -> String {
        let mut reason = match self.settings.stories.person {
            PersonInStory::Clear => Chain(&stopped.fault).to_string(),
            PersonInStory::Hashed | PersonInStory::None => stopped.fault.to_string(),
        };
        let most = reason.floor_char_boundary(StoryStep::MAX_STOP_BYTES);
        reason.truncate(most);
        reason
    }
}

/// The steps of a sign-in in their order, as far as they came to the store in another one because each node gathers its own
/// first. What is further apart was in order, and the clock of a node is off.
fn in_order(steps: Vec<StoryStep>) -> Vec<StoryStep> {
    let mut ordered: Vec<StoryStep> = Vec::with_capacity(steps.len());
    for step in steps {
        let is_later = |other: &&StoryStep| {
            let by = other.at.duration_since(step.at);
            by.is_positive() && by <= OVERTAKEN_BY
        };
        let later = ordered.iter().rev().take_while(is_later).count();
        ordered.insert(ordered.len() - later, step);
    }
    ordered
}

/// What came of a step, in a word, and whether the sign-in has come to an end with it.
fn told(end: Result<&Reply, &Stopped>) -> (&'static str, bool) {
    match end.map(|reply| &reply.next) {
        Ok(Next::Answer(answer)) if answer.is_success => ("answered", true),
        Ok(Next::Answer(_)) => ("answered that there is no sign-in", true),
        Ok(Next::Show(_)) => ("shown as a test", true),
        Ok(Next::AskPassword(form)) if form.refused.is_some() => ("asked again", false),
        Ok(Next::AskPassword(_)) => ("asked for a password", false),
        Ok(Next::TellOfTheEnd(_)) => ("warned that the password ends", false),
        Ok(Next::GoToCas(_)) => ("sent to CAS", false),
        Ok(Next::GoOn(_)) => ("sent on", false),
        Err(_) => ("stopped", true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Limits, memory::MemoryStore};

    /// A step of the sign-in of this code, which says its number.
    fn step(store: &Arc<Store>, code: u8, number: usize) -> Waiting {
        let later = Timestamp::from_second(86_400).unwrap();
        Waiting {
            store: Arc::clone(store),
            code: SupportCode::of([code; 5]),
            step: StoryStep {
                at: Timestamp::UNIX_EPOCH,
                node: String::new(),
                sp: None,
                is_trial: false,
                person: None,
                session: None,
                end: number.to_string(),
                stop: None,
                decisions: DecisionLines::default(),
                began_under: None,
            },
            keeping: Keeping {
                until: later,
                is_proven: true,
                is_end: false,
            },
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn store() -> Arc<Store> {
        let limits = Limits {
            sessions: 1,
            idle: SignedDuration::from_hours(1),
            replay_marks: 1,
            attempts: 1,
            story_bytes: 1 << 20,
        };
        Arc::new(Store::Memory(MemoryStore::new(limits)))
    }

    #[tokio::test]
    async fn those_of_several_sign_ins_go_together_and_two_of_one_after_each_other() {
        let (store, (queue, mut steps)) = (store(), mpsc::channel(MOST_WAITING));
        let put = |code, number| {
            let step = Box::new(step(&store, code, number));
            queue.try_send(Queued::Step(step)).unwrap();
        };
        for (number, code) in [1, 2, 3, 2, 1].into_iter().enumerate() {
            put(code, number);
        }
        for code in 10..40 {
            put(code, 5);
        }
        let (tell, _told) = oneshot::channel();
        queue.try_send(Queued::Tell(tell)).unwrap();
        let mut next = steps.try_recv().ok();
        let mut groups = Vec::new();
        while let Some(first) = next {
            let (together, rest) = gather(first, &mut steps);
            let codes = together.iter().map(|it| it.code.octets()[0]);
            groups.push(codes.collect::<Vec<_>>());
            next = match rest {
                Some(Queued::Tell(_)) => None,
                Some(step @ Queued::Step(_)) => Some(step),
                None => steps.try_recv().ok(),
            };
        }
        let of_those = |codes: &[u8], more| { codes.iter().copied() }.chain(more).collect();
        let those: [Vec<u8>; 4] = [
            of_those(&[1, 2, 3], 0..0),
            of_those(&[2, 1], 10..24),
            of_those(&[], 24..40),
            Vec::new(),
        ];
        assert_eq!(groups, those);
    }

    #[test]
    fn a_step_that_another_node_brings_first_is_told_after_those_before_it() {
        let told = |times: &[i64]| -> Vec<i64> {
            let store = store();
            let steps = times.iter().map(|at| StoryStep {
                at: Timestamp::from_millisecond(*at).unwrap(),
                ..step(&store, 1, 0).step
            });
            let ordered = in_order(steps.collect());
            ordered.iter().map(|it| it.at.as_millisecond()).collect()
        };
        assert_eq!(told(&[10, 600, 20, 30]), [10, 600, 20, 30]);
        assert_eq!(told(&[10, 500, 20, 30]), [10, 20, 30, 500]);
        assert_eq!(told(&[10, 10, 5]), [5, 10, 10]);
        // Two nodes of which one is two seconds behind.
        assert_eq!(told(&[2_010, 2_020, 500]), [2_010, 2_020, 500]);
        assert_eq!(told(&[]), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_what_was_put_here_finds_it_kept() {
        let (store, keeper) = (store(), StoryKeeper::new(String::new()));
        keeper.rest().await;
        for number in 0..40 {
            for code in 0..3 {
                keeper.put(step(&store, code, number));
            }
        }
        keeper.rest().await;
        for code in 0..3 {
            let code = SupportCode::of([code; 5]);
            let kept = store.story(code, Timestamp::UNIX_EPOCH).await.unwrap();
            let numbers: Vec<_> = kept.into_iter().map(|step| step.end).collect();
            let all: Vec<_> = (0..40).map(|number| number.to_string()).collect();
            assert_eq!(numbers, all);
        }
        assert_eq!(keeper.dropped(), 0);
    }
}
