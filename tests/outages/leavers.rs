//! People who ask for an answer, and hang up before it has come.
//!
//! Each has a session, and comes again and again, at a moment of chance after the request has left. They are none of those
//! who are counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    kit::{reading::Reader, server::rest},
    load::{Guest, come_once},
};

/// The longest time after which somebody hangs up, in microseconds: about as long as an answer takes.
const LATEST_US: u64 = 8_000;
/// How long somebody stays away.
const AWAY: Duration = Duration::from_millis(100);
const SEED: u64 = 48;

/// Those people, until they are dropped.
pub(crate) struct Leavers {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Leavers {
    /// Has each sign in, and then come and go; counts in `left` who hung up before anything of an answer had come.
    ///
    /// # Errors
    ///
    /// Somebody is not let in.
    pub(crate) fn start(
        mut guests: Vec<Guest>,
        reader: &Reader,
        left: &Arc<AtomicUsize>,
    ) -> anyhow::Result<Self> {
        for guest in &mut guests {
            come_once(guest, reader)?;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let threads = guests.into_iter().zip(SEED..).map(|(guest, seed)| {
            let (is_over, left) = (Arc::clone(&is_over), Arc::clone(left));
            thread::spawn(move || {
                let mut chance = StdRng::seed_from_u64(seed);
                while !is_over.load(Ordering::SeqCst) {
                    let after = Duration::from_micros(chance.random_range(0..LATEST_US));
                    // A node that takes no connection is one that somebody else complains of.
                    if let Ok(true) = guest.visitor.hang_up(&guest.nodes, after) {
                        left.fetch_add(1, Ordering::SeqCst);
                    }
                    rest(AWAY);
                }
            })
        });
        Ok(Self {
            threads: threads.collect(),
            is_over,
        })
    }
}

impl Drop for Leavers {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // One that broke down has counted nobody any more, and that is seen.
            let _ended = thread.join();
        }
    }
}
