//! A command's end of the socket.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
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
/// Nobody answers there, or not in a way that is understood.
pub fn ask(path: &Path, command: Command) -> Result<Answer, AskFault> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let version = VERSION;
    let mut question = serde_json::to_string(&Question { version, command })
        .map_err(|_never| AskFault::NotUnderstood)?;
    question.push('\n');
    stream.write_all(question.as_bytes())?;
    let mut text = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut text)?;
    match serde_json::from_str(&text) {
        Ok(Reply { version, answer }) if version == VERSION => Ok(answer),
        Ok(_) | Err(_) => Err(AskFault::NotUnderstood),
    }
}
