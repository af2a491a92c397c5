//! `passerelle hash-password`.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};

use super::{complain, password, say};
use crate::{authn::local, sys::entropy::OsEntropy};

/// Reads one line and prints its hash.
pub(super) fn run() -> anyhow::Result<()> {
    if std::io::stdin().is_terminal() {
        complain("Type the password and press Enter. It is shown as you type.");
    }
    let Some(password) = password::read_line()? else {
        bail!("there is no password on standard input");
    };
    say(&local::hash_password(&password, &OsEntropy).context("the password cannot be hashed")?);
    Ok(())
}
