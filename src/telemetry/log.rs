//! The log: one JSON object a line, whatever a peer wrote into it.
//!
//! Line breaks, escape characters and characters that turn the direction of writing are written as
//! `\u…`; long values are cut. A log that cannot be written does not stop a sign-in.

use std::{
    cell::RefCell,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use crate::{model::text::is_misleading, sys::clock::Clock};

/// The longest value of a field.
const MAX_VALUE_CHARS: usize = 2048;

/// The target of the events that tell what happened to people's sign-ins.
const AUDIT: &str = "audit";

/// Writes events as JSON lines.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: Arc<Mutex<W>>,
    clock: Arc<dyn Clock>,
}

impl<W: io::Write> JsonLines<W> {
    /// Writes to `out`, one `write` a line.
    pub fn new(out: W, clock: Arc<dyn Clock>) -> Self {
        Self {
            out: Arc::new(Mutex::new(out)),
            clock,
        }
    }
}

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

impl<S: Subscriber, W: io::Write + Send + 'static> Layer<S> for JsonLines<W> {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            let now = self.clock.now();
            // Writing to a String cannot fail.
            let _ = write!(line, "{{\"time\":\"{now:.3}\",\"level\":\"");
            line.push_str(level(*event.metadata().level()));
            line.push('"');
            if event.metadata().target() == AUDIT {
                line.push_str(",\"log\":\"audit\"");
            }
            event.record(&mut Fields(line));
            line.push_str("}\n");
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            // A full disk or a closed pipe: people still sign in.
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        });
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Fields<'l>(&'l mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push_str(",\"");
        self.0.push_str(field.name());
        self.0.push_str("\":");
    }
}

impl Visit for Fields<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        self.0.push_str(if value { "true" } else { "false" });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.0.push('"');
        let _ = Escape::new(self.0).write_str(value);
        self.0.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.name(field);
        self.0.push('"');
        let _ = write!(Escape::new(self.0), "{value:?}");
        self.0.push('"');
    }
}

/// Writes the inside of a JSON string, bounded.
struct Escape<'l> {
    line: &'l mut String,
    left: usize,
}

impl<'l> Escape<'l> {
    const fn new(line: &'l mut String) -> Self {
        Self {
            line,
            left: MAX_VALUE_CHARS,
        }
    }
}

impl std::fmt::Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut rest = text;
        // Most of a line stands for itself, and is taken over at once.
        if text.len() < self.left && text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
            self.line.push_str(text);
            self.left -= text.len();
            return Ok(());
        }
        while self.left > 0 {
            let plain = rest.bytes().take(self.left - 1);
            let plain = plain.take_while(|byte| is_plain(*byte)).count();
            if let Some((as_it_is, after)) = rest.split_at_checked(plain) {
                self.line.push_str(as_it_is);
                self.left -= plain;
                rest = after;
            }
            let mut next = rest.chars();
            let Some(c) = next.next() else {
                return Ok(());
            };
            rest = next.as_str();
            self.left -= 1;
            if self.left == 0 {
                self.line.push('…');
                return Ok(());
            }
            match c {
                '"' => self.line.push_str("\\\""),
                '\\' => self.line.push_str("\\\\"),
                c if is_misleading(c) => write!(self.line, "\\u{:04x}", u32::from(c))?,
                c => self.line.push(c),
            }
        }
        Ok(())
    }
}

/// Whether a byte is a character of its own that a JSON string holds as it is.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;
    use crate::sys::clock::ManualClock;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(events: impl FnOnce()) -> String {
        let memory = Memory::default();
        let start = "2026-11-25T01:02:03.5Z".parse().unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let layer = JsonLines::new(memory.clone(), clock);
        tracing::subscriber::with_default(Registry::default().with(layer), events);
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_one_json_object_with_dotted_fields() {
        let line = lines(|| tracing::info!(sp.name = "zoom", request.age_s = 3, "answered"));
        assert_eq!(
            line,
            "{\"time\":\"2026-11-25T01:02:03.500Z\",\"level\":\"info\",\"message\":\"answered\",\
             \"sp.name\":\"zoom\",\"request.age_s\":3}\n"
        );
    }

    #[test]
    fn r120_nothing_a_peer_writes_breaks_a_line_or_colours_a_terminal() {
        let evil = "a\r\n{\"level\":\"forged\"}\u{1b}[31m\u{202e}\u{2028}\u{85}\0é\"\\";
        let line = lines(|| tracing::warn!(peer.agent = evil, other = ?evil, "refused"));
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.ends_with("}\n"));
        assert!(
            line.trim_end().chars().all(|c| !is_misleading(c)),
            "{line:?}"
        );
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["peer.agent"], evil);
        assert_eq!(read["level"], "warn");
    }

    #[test]
    fn r120_a_long_value_is_cut() {
        let line = lines(|| tracing::info!(text = "x".repeat(1 << 20), "long"));
        assert!(line.len() < 2 * MAX_VALUE_CHARS);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(read["text"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn r120_a_value_of_any_characters_is_cut_at_the_same_length() {
        for c in ['x', '"', 'é', '\u{202e}'] {
            for length in [0, 1, 2046, 2047, 2048, 2049, 5000] {
                let text: String = std::iter::repeat_n(c, length).collect();
                let line = lines(|| tracing::info!(text = text.as_str(), "any"));
                let read: serde_json::Value = serde_json::from_str(&line).unwrap();
                let kept: String = if length < MAX_VALUE_CHARS {
                    text
                } else {
                    text.chars()
                        .take(MAX_VALUE_CHARS - 1)
                        .chain(['…'])
                        .collect()
                };
                assert_eq!(read["text"], kept.as_str(), "{c:?} {length}");
            }
        }
    }

    #[test]
    fn a_log_that_cannot_be_written_stops_nobody() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let clock = Arc::new(ManualClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
        let layer = JsonLines::new(Closed, clock);
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::info!("still here");
        });
    }
}
