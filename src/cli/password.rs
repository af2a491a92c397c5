//! A password that is typed or piped in.

use std::io::{BufRead as _, Read as _};

use anyhow::Context as _;
use zeroize::Zeroizing;

use crate::sys::secret::Secret;

/// The longest password, and its line end.
const MAX_BYTES: u64 = 1024 + 2;

/// Reads one line of standard input, without its end; none where it is empty.
pub(super) fn read_line() -> anyhow::Result<Option<Secret>> {
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
    Ok((!line.is_empty()).then(|| Secret::new(line.to_vec())))
}
