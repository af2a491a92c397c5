//! Many tasks on one thread: of those that can go on, the dice say which one does.
//!
//! The runtime wakes tasks in an order of its own, always the same one. Here any order may be the one of a run, and a
//! seed finds it again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

use crate::dice::Dice;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of a run.
#[derive(Default)]
pub(crate) struct Crowd {
    tasks: Mutex<Vec<Option<Task>>>,
    ready: Arc<Mutex<Ready>>,
}

#[derive(Default)]
struct Ready {
    /// The numbers of those that can go on, each once.
    numbers: Vec<usize>,
    whole: Option<Waker>,
}

struct Bell {
    number: usize,
    ready: Arc<Mutex<Ready>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap();
        if !ready.numbers.contains(&self.number) {
            ready.numbers.push(self.number);
        }
        if let Some(whole) = &ready.whole {
            whole.wake_by_ref();
        }
    }
}

impl Crowd {
    /// Has a task join.
    pub(crate) fn join(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap();
        let number = tasks.len();
        tasks.push(Some(Box::pin(task)));
        drop(tasks);
        let ready = Arc::clone(&self.ready);
        Arc::new(Bell { number, ready }).wake();
    }

    /// Drops whatever has not ended.
    pub(crate) fn disperse(&self) {
        self.tasks.lock().unwrap().clear();
    }

    /// Runs the tasks for as long as somebody waits for this: it has no end of its own.
    pub(crate) async fn mill_about(&self, dice: &Dice) {
        std::future::poll_fn(|context| self.step(dice, context)).await;
    }

    fn step(&self, dice: &Dice, context: &Context<'_>) -> Poll<()> {
        loop {
            let number = {
                let mut ready = self.ready.lock().unwrap();
                ready.whole = Some(context.waker().clone());
                if ready.numbers.is_empty() {
                    return Poll::Pending;
                }
                let which = dice.below(ready.numbers.len());
                ready.numbers.swap_remove(which)
            };
            let taken = self
                .tasks
                .lock()
                .unwrap()
                .get_mut(number)
                .and_then(Option::take);
            let Some(mut task) = taken else {
                continue;
            };
            let ready = Arc::clone(&self.ready);
            let waker = Waker::from(Arc::new(Bell { number, ready }));
            let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_pending()
                && let Some(place) = self.tasks.lock().unwrap().get_mut(number)
            {
                *place = Some(task);
            }
        }
    }
}
