//! Commands in what is said, as they are to be typed: with the configuration that a command, or the server, was given.
//!
//! What is said comes from rooms that know no command line, and from a server that was begun with another one: it names a
//! command as it is typed beside `passerelle.toml`.

use std::path::{Path, PathBuf};

use crate::sys::shell::one_word;

/// The configuration where nobody names one.
pub const USUAL_CONFIGURATION: &str = "passerelle.toml";

/// How each command begins that reads a configuration.
pub const READ_ONE: [&str; 14] = [
    "alerts",
    "check",
    "compare",
    "doctor",
    "keys rollover",
    "keys rotate-seal",
    "metadata",
    "reload",
    "serve",
    "session",
    "sp",
    "status",
    "story",
    "zoom-settings",
];

/// What stands before each of them.
pub const PROGRAM: &str = "passerelle ";

/// `text` with its commands as they are to be typed where the configuration is the one at `path`.
pub fn typed(text: &str, path: &Path) -> String {
    if path == Path::new(USUAL_CONFIGURATION) {
        return text.to_owned();
    }
    let mut parts = text.split(PROGRAM);
    let mut typed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        typed.push_str(PROGRAM);
        if READ_ONE.iter().any(|command| begins_with(part, command)) {
            typed.push_str("--config ");
            typed.push_str(&one_word(&path.display().to_string()));
            typed.push(' ');
        }
        typed.push_str(part);
    }
    typed
}

/// The path of the configuration for whoever reads it in another folder than that of the server, as in a mail or a log.
pub fn from_anywhere(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_unknown| path.to_owned())
}

/// Whether it begins with these words, and not with longer ones.
pub fn begins_with(text: &str, words: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric() || it == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_as_it_is_typed_with_the_configuration_that_was_named() {
        for (path, text, told) in [
            ("passerelle.toml", "passerelle status", "passerelle status"),
            (
                "/etc/p.toml",
                "see passerelle sp check zoom, then `passerelle keys rollover switch zoom`",
                "see passerelle --config /etc/p.toml sp check zoom, then `passerelle --config /etc/p.toml keys rollover \
                 switch zoom`",
            ),
            (
                "a b's/p.toml",
                "passerelle reload",
                r"passerelle --config 'a b'\''s/p.toml' reload",
            ),
            // These read none, or are no commands.
            (
                "/etc/p.toml",
                "passerelle keys FOLDER, passerelle hash-password, sudo -u passerelle passerelle init; passerelle checks",
                "passerelle keys FOLDER, passerelle hash-password, sudo -u passerelle passerelle init; passerelle checks",
            ),
        ] {
            assert_eq!(typed(text, Path::new(path)), told);
        }
    }
}
