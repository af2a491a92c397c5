//! Runs a program of the administrator's, without a shell and in bounds.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

/// Where it finds others. It gets nothing else of our own surroundings: names of credentials may stand there.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How much is kept of what it says, in bytes; what comes after is read and dropped.
const MAX_SAID: u64 = 4096;

/// Why a program did not do what it is there for.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It names none.
    #[error("names no program")]
    Empty,
    /// It ended, and says by its status that something went wrong.
    #[error("ended with {status}: {}", .said.as_deref().unwrap_or("it said nothing"))]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// The first line of what it said.
        said: Option<String>,
    },
    /// It could not be started, or the system had trouble with it.
    #[error("could not be run")]
    Io(#[from] io::Error),
    /// It took too long, and was stopped.
    #[error("did not end within {} seconds, and was stopped", .0.as_secs())]
    Late(Duration),
}

/// Runs `command`, the program and its words, gives it `input` on its standard input, and waits for its end for at
/// most `limit`.
///
/// # Errors
///
/// It could not be run, took too long, or ended with another status than 0. The error holds the first line of what it
/// said, of standard error or else of standard output.
pub async fn run(command: &[String], input: &[u8], limit: Duration) -> Result<(), ProgramError> {
    let (program, words) = command.split_first().ok_or(ProgramError::Empty)?;
    let mut child = Command::new(Path::new(program))
        .args(words)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // One that does not want to read it may still do its work: its status says.
            drop(stdin.write_all(input).await);
        }
    };
    let ended = async {
        let (said, complained, (), status) =
            tokio::join!(said(stdout), said(stderr), give, child.wait());
        status.map(|status| (status, complained, said))
    };
    let (status, complained, said) = timeout(limit, ended)
        .await
        .map_err(|_elapsed| ProgramError::Late(limit))??;
    if status.success() {
        return Ok(());
    }
    let said = complained.or(said);
    Err(ProgramError::Failed { status, said })
}

/// The first line of what comes that is not empty; the rest is read, so that nobody waits for a reader.
async fn said(from: Option<impl AsyncRead + Unpin>) -> Option<String> {
    let mut from = from?;
    let mut kept = Vec::new();
    // What cannot be read was not said.
    drop((&mut from).take(MAX_SAID).read_to_end(&mut kept).await);
    drop(tokio::io::copy(&mut from, &mut tokio::io::sink()).await);
    let text = String::from_utf8_lossy(&kept);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn it_reads_its_input_and_sees_nothing_of_our_surroundings() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("out");
        let script = format!(
            "cat >{0}; env | grep -v ^PWD= >>{0}; pwd >>{0}",
            file.display()
        );
        run(&shell(&script), b"a word\n", LONG).await.unwrap();
        let told = std::fs::read_to_string(file).unwrap();
        let told: Vec<_> = told
            .lines()
            .filter(|line| !line.starts_with("_="))
            .collect();
        assert_eq!(told, ["a word", &format!("PATH={PATH}"), "/"]);
    }

    #[tokio::test]
    async fn one_that_fails_says_why_in_its_first_line_however_much_it_says() {
        let script = "echo first; echo why >&2; head -c 1000000 /dev/zero; exit 3";
        let error = run(&shell(script), &vec![b'x'; 100_000], LONG)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "ended with exit status: 3: why");
        let error = run(&shell("echo first; exit 1"), b"", LONG)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "ended with exit status: 1: first");
        let error = run(&shell("echo; exit 1"), b"", LONG).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "ended with exit status: 1: it said nothing"
        );
        let nowhere = ["/nonexistent/program".to_owned()];
        let error = run(&nowhere, b"", LONG).await.unwrap_err();
        assert!(matches!(error, ProgramError::Io(_)), "{error}");
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_stopped() {
        let limit = Duration::from_millis(200);
        let error = run(&shell("exec sleep 3600"), b"", limit)
            .await
            .unwrap_err();
        assert!(matches!(error, ProgramError::Late(_)), "{error}");
    }
}
