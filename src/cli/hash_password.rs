//! `passerelle hash-password`.

use std::io::{IsTerminal as _, stdin};

use anyhow::{Context as _, bail};

use super::{
    complain,
    password::{self, Unseen},
    say,
};
use crate::{
    authn::local,
    sys::{entropy::OsEntropy, secret::Secret},
};

/// With fewer characters a password is soon guessed by whoever has its hash.
const FEW_CHARS: usize = 12;

/// Reads one line, or at a terminal one line twice, and prints its hash.
pub(super) fn run() -> anyhow::Result<()> {
    let password = if stdin().is_terminal() {
        typed()?
    } else {
        let Some(password) = password::read_line()? else {
            bail!("there is no password on standard input");
        };
        password
    };
    let hash = local::hash_password(&password, &OsEntropy);
    let hash = hash.context("the password cannot be hashed")?;
    if is_short(&password) {
        complain(&format!(
            "warning: fewer than {FEW_CHARS} characters: whoever gets hold of the file soon knows the password\n    \
             hint: take a longer one; the file of people is there for a demonstration"
        ));
    }
    say(&hash);
    Ok(())
}

/// Asks whoever sits at the terminal twice, as nobody sees what they type.
fn typed() -> anyhow::Result<Secret> {
    let terminal = Unseen::begin()?;
    let prompt = "Type the password and press Enter. It is not shown.";
    let Some(password) = terminal.ask(prompt)? else {
        bail!(
            "the password is empty, and an account without one would be open to everybody: nothing was hashed"
        );
    };
    let again = terminal.ask("Type it once more:")?;
    if !again.is_some_and(|again| again.matches(password.expose())) {
        bail!("that was another password than before: nothing was hashed");
    }
    Ok(password)
}

fn is_short(password: &Secret) -> bool {
    let bytes = password.expose();
    let chars = std::str::from_utf8(bytes).map_or(bytes.len(), |text| text.chars().count());
    chars < FEW_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_short_by_its_characters() {
        for (text, is_so) in [
            ("ééééééééééé", true),
            ("éééééééééééé", false),
            ("abcdefghijk", true),
            ("abcdefghijkl", false),
        ] {
            assert_eq!(is_short(&Secret::from(text.to_owned())), is_so, "{text}");
        }
    }
}
