//! The log lines of one test.

use std::{
    cell::RefCell,
    io,
    sync::{Arc, Once},
};

use passerelle::{sys::clock::ManualClock, telemetry::log::JsonLines};
use serde_json::Value;
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes each line to the thread that wrote it: a test runs on one thread, and so do its servers.
struct ToThisThread;

impl io::Write for ToThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged from now on, at every level.
#[derive(Debug)]
pub(crate) struct Log(());

impl Log {
    /// Starts with an empty log.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let clock = Arc::new(ManualClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
            let layer = JsonLines::new(ToThisThread, clock);
            tracing::subscriber::set_global_default(Registry::default().with(layer)).unwrap();
        });
        LINES.with_borrow_mut(Vec::clear);
        Self(())
    }

    /// All of it.
    #[expect(clippy::unused_self, reason = "who reads a log has started one")]
    pub(crate) fn text(&self) -> String {
        LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap())
    }

    /// Its lines, each read as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| {
            serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"))
        });
        lines.collect()
    }

    /// The sessions that ended, as the audit has them.
    pub(crate) fn ended(&self) -> Vec<Value> {
        let is_end = |line: &Value| line["log"] == "audit" && line["event"] == "signed-out";
        self.lines().into_iter().filter(is_end).collect()
    }
}
