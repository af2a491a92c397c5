//! A command's end of the socket.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use super::{Answer, Command, MAX_ANSWER, Question, Reply, VERSION};

/// How long an answer may take: a reload is a start, with every key and all metadata.
const PATIENCE: Duration = Duration::from_mins(2);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    /// Nobody is there.
    #[error("no server runs there")]
    NobodyThere,
    /// Somebody took the question, and gave no answer, or not in time: a server that ended meanwhile, or that is busy.
    #[error("the server there gave no answer: it ended meanwhile, or takes too long")]
    NoAnswer,
    /// Somebody is, and cannot be spoken to: most likely a server of another user.
    #[error("the server there cannot be asked")]
    Io(#[source] io::Error),
    /// What came back is no answer of this version: most likely a server of another one.
    #[error("the server there does not speak as this program does: is it of another version?")]
    NotUnderstood,
}

impl From<io::Error> for AskFault {
    fn from(error: io::Error) -> Self {
        let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
        if nobody.contains(&error.kind()) {
            Self::NobodyThere
        } else {
            Self::Io(error)
        }
    }
}

/// Asks the server whose socket is at `path`.
///
/// # Errors
///
/// Nobody answers there, or not in a way that is understood. After [`AskFault::NoAnswer`] nobody knows whether the
/// command was carried out; after all others it was not.
pub fn ask(path: &Path, command: Command) -> Result<Answer, AskFault> {
    ask_within(path, command, PATIENCE)
}

/// The same, and waits for no longer than `patience`: also for a server whose line of those that wait is full, for
/// which a connection itself waits.
fn ask_within(path: &Path, command: Command, patience: Duration) -> Result<Answer, AskFault> {
    let (answered, answer) = mpsc::channel();
    let path = path.to_owned();
    thread::Builder::new().spawn(move || {
        // Whoever asked may have gone.
        let _ = answered.send(converse(&path, command));
    })?;
    { answer.recv_timeout(patience) }.unwrap_or(Err(AskFault::NoAnswer))
}

fn converse(path: &Path, command: Command) -> Result<Answer, AskFault> {
    let mut stream = UnixStream::connect(path)?;
    let version = VERSION;
    let mut question = serde_json::to_string(&Question { version, command })
        .map_err(|_never| AskFault::NotUnderstood)?;
    question.push('\n');
    let mut text = String::new();
    { stream.write_all(question.as_bytes()) }
        .and_then(|()| stream.take(MAX_ANSWER).read_to_string(&mut text))
        .map_err(|fault| {
            if fault.kind() == io::ErrorKind::InvalidData {
                AskFault::NotUnderstood
            } else {
                AskFault::NoAnswer
            }
        })?;
    // One that broke off says nothing.
    if !text.ends_with('\n') {
        return Err(AskFault::NoAnswer);
    }
    match serde_json::from_str(&text) {
        Ok(Reply { version, answer }) if version == VERSION => Ok(answer),
        Ok(_) | Err(_) => Err(AskFault::NotUnderstood),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::sys::test_support::full_socket;

    #[test]
    fn who_takes_a_question_and_says_nothing_is_waited_for_in_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        // The kernel takes the connection and the question for it.
        let _hangs = UnixListener::bind(&path).unwrap();
        let patience = Duration::from_millis(50);
        let answer = ask_within(&path, Command::Reload, patience);
        assert!(matches!(answer, Err(AskFault::NoAnswer)), "{answer:?}");
    }

    #[test]
    fn a_connection_that_itself_waits_is_waited_for_in_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let _full = full_socket(&path);
        let patience = Duration::from_millis(50);
        let answer = ask_within(&path, Command::Reload, patience);
        assert!(matches!(answer, Err(AskFault::NoAnswer)), "{answer:?}");
    }
}
