//! Commands in what is said, as they are to be typed: with the configuration that this command was given.
//!
//! What is said comes from rooms that know no command line, and from a server that was begun with another one: it names a
//! command as it is typed beside `passerelle.toml`.

use std::path::Path;

use super::USUAL_CONFIGURATION;

/// How each command begins that reads a configuration.
const READ_ONE: [&str; 14] = [
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
const PROGRAM: &str = "passerelle ";

/// `text` with its commands as they are to be typed where the configuration is the one at `path`.
pub(super) fn typed(text: &str, path: &Path) -> String {
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

/// Whether it begins with these words, and not with longer ones.
fn begins_with(text: &str, words: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric() || it == '-'))
}

/// A text as a shell takes it for one word.
fn one_word(text: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "/._-+,@%:=".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{super::CommandLine, *};

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

    #[test]
    fn each_command_is_known_and_takes_a_configuration_before_it() {
        let line = CommandLine::command();
        for command in line.get_subcommands() {
            let name = command.get_name();
            let is_known = READ_ONE.iter().any(|known| begins_with(known, name));
            assert_eq!(
                is_known,
                !["init", "hash-password"].contains(&name),
                "{name}"
            );
        }
        for text in READ_ONE {
            let words = text.split(' ').chain(["--help"]);
            let typed = ["passerelle", "--config", "p.toml"]
                .into_iter()
                .chain(words);
            let told = CommandLine::command().try_get_matches_from(typed);
            assert_eq!(
                told.unwrap_err().kind(),
                clap::error::ErrorKind::DisplayHelp,
                "{text}"
            );
        }
    }
}
