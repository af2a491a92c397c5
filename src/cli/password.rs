//! A password that is typed or piped in.
//!
//! A terminal shows nothing of what is typed into [`Unseen`], and is as it was before once that is done, stopped or broken
//! off; not where somebody else ends the program meanwhile.

use std::io::{BufRead as _, Read as _, stdin};

use anyhow::{Context as _, bail};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

use super::complain;
use crate::sys::secret::Secret;

/// The longest password, and its line end.
const MAX_BYTES: u64 = 1024 + 2;
const UNREAD: &str = "the password cannot be read";

/// Reads one line of standard input, without its end; none where it is empty.
pub(super) fn read_line() -> anyhow::Result<Option<Secret>> {
    let mut line = room();
    stdin()
        .lock()
        .take(MAX_BYTES)
        .read_until(b'\n', &mut line)
        .context(UNREAD)?;
    Ok(secret(line))
}

/// Room for a whole line: what grows leaves itself behind in memory.
fn room() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(2048))
}

/// What is in a line but for its end; none where that is nothing.
fn secret(mut line: Zeroizing<Vec<u8>>) -> Option<Secret> {
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
    {
        line.pop();
    }
    (!line.is_empty()).then(|| Secret::new(line.to_vec()))
}

/// The terminal of standard input, which shows nothing of what is typed for as long as this lives.
#[derive(Debug)]
pub(super) struct Unseen {
    /// As it was.
    before: Termios,
    /// Ctrl+C, Ctrl+Z and Ctrl+\, as the person has them: each ends the command, and the first two the line at once.
    stops: [u8; 3],
}

impl Unseen {
    /// Has the terminal show nothing from now on; what was typed before, which it has shown, is dropped.
    ///
    /// Nothing that is typed sends a signal meanwhile, at which the terminal would stay as it is now.
    ///
    /// # Errors
    ///
    /// It would go on to show it.
    pub(super) fn begin() -> anyhow::Result<Self> {
        use SpecialCodeIndex as Code;
        let before = tcgetattr(stdin()).context("the terminal cannot be asked what it shows")?;
        let stops = [
            before.special_codes[Code::VINTR],
            before.special_codes[Code::VSUSP],
            before.special_codes[Code::VQUIT],
        ];
        let [interrupt, suspend, _] = stops;
        let mut unseen = before.clone();
        let modes = &mut unseen.local_modes;
        modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        // Enter still begins a new line.
        modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::IEXTEN);
        [
            unseen.special_codes[Code::VEOL],
            unseen.special_codes[Code::VEOL2],
        ] = [interrupt, suspend];
        tcsetattr(stdin(), OptionalActions::Flush, &unseen)
            .context("the terminal cannot be kept from showing the password")?;
        Ok(Self { before, stops })
    }

    /// Says `prompt`, and reads the line that somebody types; none where it is empty.
    ///
    /// # Errors
    ///
    /// It cannot be read, or they want no more of it.
    pub(super) fn ask(&self, prompt: &str) -> anyhow::Result<Option<Secret>> {
        complain(prompt);
        let mut line = room();
        for byte in stdin().lock().take(MAX_BYTES).bytes() {
            match byte.context(UNREAD)? {
                b'\n' => break,
                // One that is switched off is 0.
                byte if byte != 0 && self.stops.contains(&byte) => {
                    bail!("stopped: no password was taken")
                }
                byte => line.push(byte),
            }
        }
        Ok(secret(line))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // What was typed too much is no command for the shell. There is nobody to tell where it fails.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.before);
    }
}
