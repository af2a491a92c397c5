//! `hash-password`: the real program, at a terminal and at the end of a pipe.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    bridge::{Setup, ZOOM},
    lab::real_bridge::PROGRAM,
    sp::{Told, told_by},
};

const PASSWORD: &str = "correct horse battery";
const FIRST: &str = "It is not shown.";
const AGAIN: &str = "Type it once more:";
/// Generous: CI builds on the same two cores.
const LIMIT: Duration = Duration::from_mins(1);

/// Runs these words of `passerelle` at a terminal, and then says how the terminal is. Somebody waits for each of the
/// first and types what is beside it. Gives all that is seen.
async fn at_terminal(words: &str, typed: &[(&str, &str)]) -> String {
    let command = format!("{PROGRAM} {words}; echo status $?; stty -a");
    let mut child = tokio::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let seen = async {
        let mut seen = Vec::new();
        let mut from = 0;
        for (prompt, line) in typed {
            from += loop {
                let new = String::from_utf8_lossy(&seen[from..]).into_owned();
                if let Some(at) = new.find(prompt) {
                    break at + prompt.len();
                }
                assert_ne!(output.read_buf(&mut seen).await.unwrap(), 0, "{new}");
            };
            input.write_all(line.as_bytes()).await.unwrap();
        }
        output.read_to_end(&mut seen).await.unwrap();
        child.wait().await.unwrap();
        String::from_utf8(seen).unwrap()
    };
    timeout(LIMIT, seen).await.unwrap()
}

/// That the command ended with this status, and left a terminal that shows what is typed and knows Ctrl+C.
#[track_caller]
fn ends_with(status: &str, seen: &str) {
    assert!(seen.contains(&format!("status {status}\r\n")), "{seen}");
    let modes: Vec<_> = seen.split_whitespace().collect();
    for mode in ["echo", "-echonl", "isig", "icanon"] {
        assert!(modes.contains(&mode), "{mode}: {seen}");
    }
    assert!(seen.contains("eol = <undef>"), "{seen}");
}

async fn piped(line: &str) -> Told {
    let mut command = Command::new(PROGRAM);
    command.arg("hash-password");
    told_by(command, line.into()).await
}

fn typed(line: &str) -> String {
    format!("{line}\n")
}

#[tokio::test]
async fn r121_a_password_that_is_typed_is_never_seen_and_its_hash_signs_its_person_in() {
    let line = typed(PASSWORD);
    let seen = at_terminal("hash-password", &[(FIRST, &line), (AGAIN, &line)]).await;
    ends_with("0", &seen);
    assert!(
        !seen.contains("horse") && !seen.contains("warning"),
        "{seen}"
    );
    let hash = seen.lines().find(|line| line.starts_with("$argon2id$"));
    let hash = hash.unwrap().trim_end();
    let mut people = String::new();
    let mut is_hers = false;
    for line in Setup::new().people.lines() {
        if line.starts_with('[') {
            is_hers = line == "[person.\"anne.dupont\"]";
        }
        let is_replaced = is_hers && line.starts_with("password = ");
        let new = format!("password = \"{hash}\"");
        people.push_str(if is_replaced { &new } else { line });
        people.push('\n');
    }
    assert!(people.contains(hash), "{people}");
    let bridge = Setup {
        people,
        ..Setup::new()
    }
    .build();
    let request = bridge.request();
    let mut browser = bridge.browser();
    let login = browser.arrive(&request.redirect(None)).await;
    let form = login.filled("anne.dupont", PASSWORD);
    let page = browser.submit(&login, &form).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
}

#[tokio::test]
async fn nothing_is_hashed_that_was_mistyped_or_is_empty_or_where_somebody_stops_and_the_terminal_is_as_before()
 {
    let line = typed(PASSWORD);
    for (said, answers) in [
        (
            "that was another password than before: nothing was hashed",
            &[(FIRST, &*line), (AGAIN, "correct horse batter\n")][..],
        ),
        (
            "that was another password",
            &[(FIRST, &line), (AGAIN, "\n")],
        ),
        ("the password is empty", &[(FIRST, "\n")]),
        // The end of what is typed (Ctrl+D).
        ("the password is empty", &[(FIRST, "\u{4}")]),
        // Ctrl+C and Ctrl+Z, in the midst of it.
        (
            "stopped: no password was taken",
            &[(FIRST, "correct horse\u{3}")],
        ),
        (
            "stopped: no password was taken",
            &[(FIRST, &line), (AGAIN, "correct horse\u{1a}")],
        ),
    ] {
        let seen = at_terminal("hash-password", answers).await;
        ends_with("1", &seen);
        assert!(seen.contains(said), "{said}: {seen}");
        assert!(
            !seen.contains("horse") && !seen.contains("$argon2id$"),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn a_short_password_is_warned_of_and_hashed() {
    let line = typed("horse");
    let seen = at_terminal("hash-password", &[(FIRST, &line), (AGAIN, &line)]).await;
    ends_with("0", &seen);
    assert!(seen.contains("warning: fewer than 12 characters"), "{seen}");
    assert!(
        seen.contains("$argon2id$") && !seen.contains("horse"),
        "{seen}"
    );
    let told = piped(&line).await;
    told.is_good();
    assert!(
        told.errors.contains("warning: fewer than 12 characters"),
        "{told:?}"
    );
}

#[tokio::test]
async fn one_line_of_a_pipe_is_hashed_and_nobody_is_asked() {
    for line in [
        PASSWORD.to_owned(),
        typed(PASSWORD),
        typed(PASSWORD) + "another\n",
    ] {
        let told = piped(&line).await;
        told.is_good();
        assert!(
            told.out.starts_with("$argon2id$") && told.errors.is_empty(),
            "{told:?}"
        );
        assert_eq!(told.out.lines().count(), 1, "{told:?}");
    }
    piped("\n")
        .await
        .fails("there is no password on standard input");
}
