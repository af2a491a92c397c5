//! The thread that writes the log, so that no sign-in waits for whoever takes it.
//!
//! It writes at once what comes after a quiet moment, and then rests a little, so that a busy
//! server writes many lines together: a thread woken for every line cost a twelfth of a sign-in
//! (measured, with tracing-appender). Lines that nobody takes are dropped and counted.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::sys::losses::Losses;

/// How many bytes of lines wait at most.
const MAX_WAITING: usize = 1 << 20;
/// How much of the memory for them is kept from one time to the next.
const KEPT: usize = 1 << 16;
/// How long the thread rests after it has written.
const REST: Duration = Duration::from_millis(10);
/// How long the end of the process waits for the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where lines are put: takes each at once, whatever happens behind it.
#[derive(Clone, Debug)]
pub struct Lines(Arc<Shared>);

/// Has the last lines written when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct LastWords(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    over: Condvar,
    losses: Arc<Losses>,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// How many found no room.
    dropped: u64,
    /// The thread looks by itself: nobody need wake it.
    is_busy: bool,
    is_ending: bool,
    is_over: bool,
}

/// Starts the thread that writes to `out`.
///
/// # Errors
///
/// The system gives no thread.
pub fn start(out: impl Write + Send + 'static) -> io::Result<(Lines, LastWords)> {
    start_with(out, REST, |dropped| {
        tracing::warn!(log.dropped = dropped, "lines of the log were dropped");
    })
}

fn start_with(
    mut out: impl Write + Send + 'static,
    rest: Duration,
    tell: impl Fn(u64) + Send + 'static,
) -> io::Result<(Lines, LastWords)> {
    let shared = Arc::new(Shared::default());
    let of_thread = Arc::clone(&shared);
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || {
            of_thread.write_all_to(&mut out, rest, &tell);
            of_thread.lock().is_over = true;
            of_thread.over.notify_all();
        })?;
    Ok((Lines(Arc::clone(&shared)), LastWords(shared)))
}

impl Lines {
    /// What of them is lost, for whoever tells of it in another way than by the log.
    pub fn losses(&self) -> Arc<Losses> {
        Arc::clone(&self.0.losses)
    }
}

impl Write for Lines {
    /// Takes one whole line, or drops it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.waiting.len() + line.len() > MAX_WAITING {
            state.dropped += 1;
            self.0.losses.add(1);
        } else {
            state.waiting.extend_from_slice(line);
            if !state.is_busy {
                state.is_busy = true;
                drop(state);
                self.0.wake.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_ending = true;
        self.0.wake.notify_one();
        // No longer, though: a log that is stuck does not keep the process, either.
        let is_on = |state: &mut State| !state.is_over;
        let _ = self.0.over.wait_timeout_while(state, LAST_WORDS, is_on);
    }
}

impl Shared {
    /// A thread that panicked left the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, out: &mut impl Write, rest: Duration, tell: &dyn Fn(u64)) {
        let (mut lines, mut lost, mut is_torn) = (Vec::new(), 0_u64, false);
        loop {
            let Some(dropped) = self.take(&mut lines) else {
                return;
            };
            // What was torn ends here: what comes next begins a line of its own.
            let ends = if is_torn { &b"\n"[..] } else { b"" };
            self.losses.begin();
            // A full disk or a closed pipe: people still sign in.
            let is_written = { out.write_all(ends) }
                .and_then(|()| out.write_all(&lines))
                .and_then(|()| out.flush())
                .is_ok();
            self.losses.note(is_written);
            if is_written {
                is_torn = false;
            } else {
                // Some of it may be there.
                is_torn = true;
                let count = lines.split_inclusive(|byte| *byte == b'\n').count();
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                lost += count;
                self.losses.add(count);
            }
            lines.clear();
            lines.shrink_to(KEPT);
            lost += dropped;
            if lost > 0 && is_written && self.has_room() {
                tell(mem::take(&mut lost));
            }
            let is_on = |state: &mut State| !state.is_ending;
            let _ = self.wake.wait_timeout_while(self.lock(), rest, is_on);
        }
    }

    /// Whether a line more would find room; only this thread takes lines out, and a line that is
    /// being put in at this moment is much shorter.
    fn has_room(&self) -> bool {
        self.lock().waiting.len() < MAX_WAITING / 2
    }

    /// Waits for lines, exchanges them for the empty `lines`, and says how many were dropped;
    /// `None` at the end.
    fn take(&self, lines: &mut Vec<u8>) -> Option<u64> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.is_ending {
                return None;
            }
            state.is_busy = false;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.is_busy = true;
        mem::swap(&mut state.waiting, lines);
        Some(mem::take(&mut state.dropped))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A place to write to that shows each write, and ends it only when it is told to.
    struct Slow {
        written: Sender<String>,
        may_go_on: Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.written.send(text).map_err(io::Error::other)?;
            self.may_go_on.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Slow, Receiver<String>, Sender<()>) {
        let (written, seen) = channel();
        let (go_on, may_go_on) = channel();
        (Slow { written, may_go_on }, seen, go_on)
    }

    #[test]
    fn a_line_after_a_quiet_moment_is_written_at_once_and_those_that_come_meanwhile_together() {
        let (out, seen, go_on) = slow();
        let (mut lines, end) = start_with(out, Duration::ZERO, |_| ()).unwrap();
        lines.write_all(b"first\n").unwrap();
        assert_eq!(seen.recv().unwrap(), "first\n");
        lines.write_all(b"second\n").unwrap();
        lines.write_all(b"third\n").unwrap();
        go_on.send(()).unwrap();
        assert_eq!(seen.recv().unwrap(), "second\nthird\n");
        go_on.send(()).unwrap();
        drop(end);
        assert!(seen.recv().is_err(), "the thread has ended");
    }

    #[test]
    fn the_end_waits_for_the_last_lines_but_not_for_the_rest() {
        let (out, seen, go_on) = slow();
        let (mut lines, end) = start_with(out, Duration::from_hours(1), |_| ()).unwrap();
        for line in ["first\n", "last\n"] {
            lines.write_all(line.as_bytes()).unwrap();
            go_on.send(()).unwrap();
        }
        drop(end);
        assert_eq!(seen.iter().collect::<String>(), "first\nlast\n");
    }

    #[test]
    fn a_log_that_is_stuck_takes_no_ones_time_and_no_more_memory_and_says_later_what_is_missing() {
        let (out, seen, go_on) = slow();
        let (tell, told) = channel();
        let tell = move |dropped| tell.send(dropped).unwrap();
        let (mut lines, end) = start_with(out, Duration::ZERO, tell).unwrap();
        lines.write_all(b"stuck\n").unwrap();
        assert_eq!(seen.recv().unwrap(), "stuck\n");
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..2000 {
            lines.write_all(&line).unwrap();
        }
        let state = lines.0.lock();
        assert_eq!(state.waiting.len(), MAX_WAITING);
        assert_eq!(state.dropped, 2000 - 1024);
        drop(state);
        let losses = lines.losses();
        let in_ten_seconds = || tokio::time::Instant::now() + Duration::from_secs(10);
        assert!(losses.fails_at(in_ten_seconds()));
        for _ in 0..2 {
            go_on.send(()).unwrap();
        }
        assert_eq!(seen.recv().unwrap().len(), MAX_WAITING);
        assert_eq!(told.recv().unwrap(), 2000 - 1024);
        assert!(!losses.fails_at(in_ten_seconds()));
        drop(end);
    }

    #[test]
    fn a_log_that_cannot_be_written_to_stops_nobody() {
        let (out, seen, go_on) = slow();
        let (mut lines, end) = start_with(out, Duration::ZERO, |_| ()).unwrap();
        drop((seen, go_on));
        for _ in 0..3 {
            lines.write_all(b"lost\n").unwrap();
        }
        drop(end);
        assert!(lines.0.lock().is_over);
    }

    /// Takes half a line, and then nothing until its second call after that.
    #[derive(Clone, Default)]
    struct Full(Arc<Mutex<(u32, Vec<u8>)>>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (calls, taken) = &mut *self.0.lock().unwrap();
            *calls += 1;
            let room = match *calls {
                1 => 3,
                2 => return Err(io::ErrorKind::StorageFull.into()),
                _ => bytes.len(),
            };
            taken.extend_from_slice(&bytes[..room]);
            Ok(room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn r120_after_a_disk_was_full_a_line_begins_anew_and_the_lost_ones_are_told() {
        let out = Full::default();
        let (tell, told) = channel();
        let tell = move |dropped| tell.send(dropped).unwrap();
        let (mut lines, end) = start_with(out.clone(), Duration::ZERO, tell).unwrap();
        lines.write_all(b"torn\n").unwrap();
        while out.0.lock().unwrap().0 < 2 {
            thread::yield_now();
        }
        lines.write_all(b"whole\n").unwrap();
        assert_eq!(told.recv().unwrap(), 1);
        drop(end);
        assert_eq!(out.0.lock().unwrap().1, b"tor\nwhole\n");
    }

    #[test]
    fn each_line_that_a_full_disk_does_not_take_is_counted_once() {
        let (mut lines, end) = start_with(Never, Duration::ZERO, |_| ()).unwrap();
        let losses = lines.losses();
        for count in 1..=5 {
            lines.write_all(b"lost\n").unwrap();
            while losses.lost() < count {
                thread::yield_now();
            }
        }
        drop(end);
        assert_eq!(losses.lost(), 5);
    }

    /// Takes nothing.
    struct Never;

    impl Write for Never {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_is_stuck_does_not_keep_the_process() {
        let (out, seen, _go_on) = slow();
        let (mut lines, end) = start_with(out, Duration::ZERO, |_| ()).unwrap();
        lines.write_all(b"stuck\n").unwrap();
        assert_eq!(seen.recv().unwrap(), "stuck\n");
        drop(end);
        assert!(!lines.0.lock().is_over);
    }
}
