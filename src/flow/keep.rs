//! What is kept of each step for the help desk, beside the log.
//!
//! Whoever signs in neither waits for this nor is stopped by it: a step goes into a queue, and where that is full it is
//! dropped and counted. One task takes the steps to the store, those of several sign-ins together and those of one in their
//! order.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
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
/// How many of them may be of sign-ins in which nobody has proven who they are: anybody brings about as many as they like, and
/// the others have their place.
const MOST_OTHERS: usize = MOST_WAITING / 2;
/// How many of one sign-in may wait. Those of one code are kept one after the other: whoever asks for one address again and
/// again would have all others wait behind theirs.
const MOST_OF_ONE: u8 = 16;
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
    tally: Arc<Tally>,
}

/// What is counted of the steps that wait.
#[derive(Debug, Default)]
struct Tally {
    dropped: AtomicU64,
    waiting: Mutex<Waits>,
}

/// How many steps wait.
#[derive(Debug, Default)]
struct Waits {
    /// Of each sign-in.
    of_each: HashMap<SupportCode, u8>,
    /// Of those in which nobody has proven who they are.
    others: usize,
}

impl Tally {
    /// Whether one more of this sign-in may wait, which is counted with that.
    fn takes(&self, code: SupportCode, is_proven: bool) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_proven && waiting.others >= MOST_OTHERS {
            return false;
        }
        let of_one = waiting.of_each.entry(code).or_default();
        if *of_one >= MOST_OF_ONE {
            return false;
        }
        *of_one += 1;
        waiting.others += usize::from(!is_proven);
        true
    }

    /// One that was taken waits no more.
    fn lets_go(&self, code: SupportCode, is_proven: bool) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.others -= usize::from(!is_proven);
        if let Entry::Occupied(mut of_one) = waiting.of_each.entry(code) {
            *of_one.get_mut() -= 1;
            if *of_one.get() == 0 {
                of_one.remove();
            }
        }
    }

    fn note_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
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
            tally: Arc::default(),
        }
    }

    /// Steps that were not kept since the start.
    pub fn dropped(&self) -> u64 {
        self.tally.dropped.load(Ordering::Relaxed)
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
        let (code, is_proven) = (waiting.code, waiting.keeping.is_proven);
        if !self.tally.takes(code, is_proven) {
            self.tally.note_dropped();
            return;
        }
        let is_queued = Handle::try_current().is_ok_and(|runtime| {
            let queue = self.queue.get_or_init(|| {
                let (queue, steps) = mpsc::channel(MOST_WAITING);
                runtime.spawn(keep_all(steps, Arc::clone(&self.tally)));
                queue
            });
            queue.try_send(Queued::Step(Box::new(waiting))).is_ok()
        });
        if !is_queued {
            self.tally.lets_go(code, is_proven);
            self.tally.note_dropped();
        }
    }
}

/// Ends with the last sender, after what waits.
async fn keep_all(mut steps: mpsc::Receiver<Queued>, tally: Arc<Tally>) {
    let mut aside = VecDeque::new();
    while let Some(first) = steps.recv().await {
        sleep(GATHERED_FOR).await;
        let mut first = Some(first);
        loop {
            let next = || first.take().or_else(|| steps.try_recv().ok());
            let (together, told) = gather(&mut aside, next);
            if together.is_empty() && told.is_none() {
                break;
            }
            keep_together(together, &tally).await;
            if let Some(tell) = told {
                while !aside.is_empty() {
                    keep_together(gather(&mut aside, || None).0, &tally).await;
                }
                // Who has gone away need not be told.
                let _ = tell.send(());
            }
        }
    }
}

async fn keep_together(together: Vec<Waiting>, tally: &Tally) {
    join_all(together.into_iter().map(|waiting| waiting.keep(tally))).await;
}

/// Some that wait, each of another sign-in so that none overtakes one of its own, and who is to be told once all before are
/// kept. What is of a sign-in that is among them is put `aside`, where the next ones come from first, and keeps nobody behind it.
fn gather(
    aside: &mut VecDeque<Waiting>,
    mut next: impl FnMut() -> Option<Queued>,
) -> (Vec<Waiting>, Option<oneshot::Sender<()>>) {
    let mut together = Vec::with_capacity(TOGETHER);
    // Of no more sign-ins than go at one time: one of each was among those when it was put there.
    for waiting in std::mem::take(aside) {
        put_in(waiting, &mut together, aside);
    }
    while together.len() < TOGETHER {
        match next() {
            Some(Queued::Step(waiting)) => put_in(*waiting, &mut together, aside),
            Some(Queued::Tell(tell)) => return (together, Some(tell)),
            None => break,
        }
    }
    (together, None)
}

fn put_in(waiting: Waiting, together: &mut Vec<Waiting>, aside: &mut VecDeque<Waiting>) {
    if together.iter().any(|it| it.code == waiting.code) {
        aside.push_back(waiting);
    } else {
        together.push(waiting);
    }
}

impl Waiting {
    async fn keep(self, tally: &Tally) {
        let store = self.store;
        let kept = store.add_to_story(self.code, &self.step, self.keeping, self.now);
        if kept.await.is_err() {
            tally.note_dropped();
        }
        tally.lets_go(self.code, self.keeping.is_proven);
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
        decisions: DecisionLines,
        end: Result<&Reply, &Stopped>,
    ) {
        self.keep_as(story, decisions, told(end), end.err());
    }

    /// Has a step kept that nobody waits for any more.
    pub(super) fn keep_broken_off(&self, story: Story, decisions: DecisionLines) {
        self.keep_as(story, decisions, ("broken off", false), None);
    }

    fn keep_as(
        &self,
        story: Story,
        mut decisions: DecisionLines,
        (word, is_end): (&str, bool),
        stopped: Option<&Stopped>,
    ) {
        let rule = self.settings.stories;
        if rule.keep_days == 0 {
            return;
        }
        decisions.cut(StoryStep::MAX_DECISION_BYTES);
        let now = self.clock.now();
        let until = now.saturating_add(rule.kept_for());
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
            stop: stopped.map(|stopped| self.reason(stopped)),
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
        let store = store();
        let mut queue: VecDeque<_> = { [1, 2, 3, 2, 1].into_iter().chain(10..40) }
            .map(|code| Queued::Step(Box::new(step(&store, code, 0))))
            .collect();
        let (tell, _told) = oneshot::channel();
        queue.push_back(Queued::Tell(tell));
        let mut aside = VecDeque::new();
        let mut groups = Vec::new();
        loop {
            let (together, told) = gather(&mut aside, || queue.pop_front());
            let codes = together.iter().map(|it| it.code.octets()[0]);
            groups.push(codes.collect::<Vec<_>>());
            if told.is_some() {
                break;
            }
        }
        let of_those = |codes: &[u8], more| { codes.iter().copied() }.chain(more).collect();
        let those: [Vec<u8>; 3] = [
            of_those(&[1, 2, 3], 10..23),
            of_those(&[2, 1], 23..37),
            of_those(&[], 37..40),
        ];
        assert_eq!(groups, those);
        assert!(aside.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn r122_whoever_asks_for_one_address_without_end_has_the_steps_of_nobody_else_dropped() {
        let (store, keeper) = (store(), StoryKeeper::new(String::new()));
        for number in 0..2 * MOST_WAITING {
            keeper.put(step(&store, 1, number));
        }
        for code in 2..=250 {
            keeper.put(step(&store, code, 0));
        }
        let most = usize::from(MOST_OF_ONE);
        let dropped = u64::try_from(2 * MOST_WAITING - most).unwrap();
        assert_eq!(keeper.dropped(), dropped);
        keeper.rest().await;
        let kept = async |code| {
            let code = SupportCode::of([code; 5]);
            store
                .story(code, Timestamp::UNIX_EPOCH)
                .await
                .unwrap()
                .len()
        };
        assert_eq!(kept(1).await, most);
        for code in 2..=250 {
            assert_eq!(kept(code).await, 1);
        }
        // It may go on once those are kept, and nothing is remembered of them.
        {
            let waiting = keeper.tally.waiting.lock().unwrap();
            assert!(waiting.of_each.is_empty() && waiting.others == 0);
        }
        keeper.put(step(&store, 1, most));
        keeper.rest().await;
        assert_eq!(kept(1).await, most + 1);
        assert_eq!(keeper.dropped(), dropped);
    }

    #[tokio::test(start_paused = true)]
    async fn r122_those_in_which_nobody_has_proven_who_they_are_leave_room_for_the_others() {
        let (store, keeper) = (store(), StoryKeeper::new(String::new()));
        let code = |number: usize| {
            let [.., one, two] = number.to_be_bytes();
            SupportCode::of([0, 0, 0, one, two])
        };
        let put = |number, is_proven| {
            let mut waiting = step(&store, 0, 0);
            waiting.code = code(number);
            waiting.keeping.is_proven = is_proven;
            keeper.put(waiting);
        };
        for number in 0..2 * MOST_WAITING {
            put(number, false);
        }
        let most = MOST_WAITING / 2;
        for number in 0..most {
            put(10_000 + number, true);
        }
        let dropped = u64::try_from(2 * MOST_WAITING - most).unwrap();
        assert_eq!(keeper.dropped(), dropped);
        keeper.rest().await;
        let is_kept = async |number| {
            !{
                store
                    .story(code(number), Timestamp::UNIX_EPOCH)
                    .await
                    .unwrap()
            }
            .is_empty()
        };
        assert!(is_kept(most - 1).await && !is_kept(most).await);
        for number in 0..most {
            assert!(is_kept(10_000 + number).await);
        }
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
        for number in 0..usize::from(MOST_OF_ONE) {
            for code in 0..3 {
                keeper.put(step(&store, code, number));
            }
        }
        keeper.rest().await;
        for code in 0..3 {
            let code = SupportCode::of([code; 5]);
            let kept = store.story(code, Timestamp::UNIX_EPOCH).await.unwrap();
            let numbers: Vec<_> = kept.into_iter().map(|step| step.end).collect();
            let all: Vec<_> = (0..usize::from(MOST_OF_ONE))
                .map(|number| number.to_string())
                .collect();
            assert_eq!(numbers, all);
        }
        assert_eq!(keeper.dropped(), 0);
    }
}
