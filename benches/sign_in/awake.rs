//! Keeps the processors of the machine awake while the server is measured.

use std::{
    process::{Child, Command, Stdio},
    thread::available_parallelism,
};

use anyhow::Context as _;

/// Processes of the idle class, one for each processor, that do nothing and yield to everybody.
///
/// A virtual machine pays for waking a processor that had nothing to do: a sign-in that comes alone
/// read 1.5 to 1.7 from one minute to the next, and reads about 1.5 like this. What is measured
/// is the program, and not how deep its machine sleeps. Stopped when this is dropped.
pub(crate) struct Awake(Vec<Child>);

impl Awake {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// There is no `chrt` (util-linux).
    pub(crate) fn keep() -> anyhow::Result<Self> {
        let mut awake = Self(Vec::new());
        for _ in 0..available_parallelism()?.get() {
            let child = Command::new("chrt")
                .args(["--idle", "0", "sh", "-c", "while :; do :; done"])
                .stdin(Stdio::null())
                .spawn()
                .context("chrt, of util-linux")?;
            awake.0.push(child);
        }
        Ok(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // What cannot be stopped has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
