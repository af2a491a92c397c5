//! `passerelle hash-password`.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::{complain, say};
use crate::{
    authn::local,
    sys::{entropy::OsEntropy, secret::Secret},
};

/// The longest password, and its line end.
const MAX_BYTES: u64 = 1024 + 2;

/// Reads one line and prints its hash.
pub(super) fn run() -> anyhow::Result<()> {
    if std::io::stdin().is_terminal() {
        complain("Type the password and press Enter. It is shown as you type.");
    }
    let mut line = Zeroizing::new(Vec::new());
    std::io::stdin()
        .lock()
        .take(MAX_BYTES)
        .read_until(b'\n', &mut line)
        .context("the password cannot be read")?;
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
    {
        line.pop();
    }
    if line.is_empty() {
        bail!("there is no password on standard input");
    }
    let password = Secret::new(line.to_vec());
    say(&local::hash_password(&password, &OsEntropy).context("the password cannot be hashed")?);
    Ok(())
}
