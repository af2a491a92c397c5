//! A balancer that asks each node whether it is ready, and sends nobody to one that is not: the active checks of
//! `deploy/haproxy/haproxy.cfg`, as often as that asks one of which it has just heard something new.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{count::lock, kit::server::rest, scene::get};

/// How often each is asked.
const EVERY: Duration = Duration::from_millis(500);
/// How often in a row it must say the other thing before that counts.
const IN_A_ROW: u8 = 2;

/// One that goes on until it is dropped.
pub(crate) struct Balancer {
    is_over: Arc<AtomicBool>,
    out: Arc<Mutex<BTreeSet<SocketAddr>>>,
    thread: Option<JoinHandle<()>>,
}

impl Balancer {
    /// Begins to ask these nodes, and keeps in `out` those that are sent nobody.
    pub(crate) fn start(nodes: Vec<SocketAddr>, out: Arc<Mutex<BTreeSet<SocketAddr>>>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (until, out_of_it) = (Arc::clone(&is_over), Arc::clone(&out));
        let thread = thread::spawn(move || {
            let mut nodes: Vec<_> = nodes.into_iter().map(|node| (node, 0)).collect();
            while !until.load(Ordering::SeqCst) {
                for (node, contrary) in &mut nodes {
                    let is_ready = get(*node, "/readyz").is_ok_and(|it| it.status == 200);
                    let mut out = lock(&out);
                    if is_ready == out.contains(node) {
                        *contrary += 1;
                    } else {
                        *contrary = 0;
                    }
                    if *contrary == IN_A_ROW {
                        *contrary = 0;
                        if !out.remove(node) {
                            out.insert(*node);
                        }
                    }
                }
                rest(EVERY);
            }
        });
        Self {
            is_over,
            out: out_of_it,
            thread: Some(thread),
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
        // Nobody is there who would let it in again.
        lock(&self.out).clear();
    }
}
