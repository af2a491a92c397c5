//! The server's end of the socket.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{Answer, Answers, Command, MAX_QUESTION, Question, Reply, VERSION};

/// How long a question may take to arrive, and an answer to be read.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may ask at one time; others wait.
const MOST_AT_ONCE: usize = 8;
/// How long nobody is listened to after the system gave no connection.
const REST: Duration = Duration::from_secs(1);

/// A socket that is listened at. Dropping it removes it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Whom the socket belongs to: us.
    owner: u32,
    /// Held as long as we live, whatever kills us: what stands at `path` without it is of a dead server.
    _lock: File,
}

impl Socket {
    /// Listens at `path`. What a dead server left there is replaced.
    ///
    /// # Errors
    ///
    /// A living server listens there; or something else than a socket is there; or the folder is missing or
    /// not ours.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(lock_path)?;
        lock.try_lock().map_err(|fault| match fault {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::AddrInUse, "another server listens there")
            }
        })?;
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => {
                let what = "something else than a socket is there";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            owner: fs::symlink_metadata(path)?.uid(),
            _lock: lock,
        })
    }

    /// Answers until this is dropped.
    ///
    /// # Errors
    ///
    /// The socket cannot be waited for.
    pub async fn serve(self, answers: Arc<dyn Answers>) -> io::Result<()> {
        let listener = tokio::net::UnixListener::from_std(self.listener.try_clone()?)?;
        let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                // Nobody closes it.
                return Ok(());
            };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error.cause = %error, "no connection of a command was taken");
                    sleep(REST).await;
                    continue;
                }
            };
            let (owner, answers) = (self.owner, Arc::clone(&answers));
            tokio::spawn(async move {
                let _place = place;
                // Whoever went away before the end needs no answer.
                let _ = converse(stream, owner, answers).await;
            });
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A server that begins later replaces one that is left.
        let _ = fs::remove_file(&self.path);
    }
}

async fn converse(mut stream: UnixStream, owner: u32, answers: Arc<dyn Answers>) -> io::Result<()> {
    let asker = stream.peer_cred()?.uid();
    if asker != 0 && asker != owner {
        tracing::warn!(
            peer.uid = asker,
            "a command of another user was turned away"
        );
        return Ok(());
    }
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    let mut read = BufReader::new(read.take(MAX_QUESTION));
    timeout(PATIENCE, read.read_until(b'\n', &mut line)).await??;
    let answer = match understand(&line) {
        Err(why) => Answer::Refused(why.to_owned()),
        Ok(command) => {
            let asked_by = format!("user {asker}");
            let answered =
                tokio::task::spawn_blocking(move || answer(&*answers, command, &asked_by));
            answered.await.map_err(io::Error::other)?
        }
    };
    let version = VERSION;
    let mut reply = serde_json::to_vec(&Reply { version, answer })?;
    reply.push(b'\n');
    timeout(PATIENCE, write.write_all(&reply)).await??;
    write.shutdown().await
}

fn answer(answers: &dyn Answers, command: Command, asked_by: &str) -> Answer {
    match command {
        Command::Accept(provider, version) => {
            Answer::Decided(answers.decide(&provider, version, true, asked_by))
        }
        Command::Refuse(provider, version) => {
            Answer::Decided(answers.decide(&provider, version, false, asked_by))
        }
        Command::Reload => Answer::Reload(answers.reload(asked_by)),
        Command::Revoke(which) => Answer::Revoked(answers.revoke(&which, asked_by)),
        Command::Sessions(which, most) => { answers.sessions(&which, most, asked_by) }
            .map_or_else(Answer::Unknown, Answer::Sessions),
        Command::Status => Answer::Status(answers.status()),
        Command::Story(code) => {
            { answers.story(code, asked_by) }.map_or_else(Answer::Unknown, Answer::Story)
        }
    }
}

/// Reads a question; what is refused is told why.
fn understand(line: &[u8]) -> Result<Command, &'static str> {
    if !line.ends_with(b"\n") {
        return Err("the question did not end within 64 KiB");
    }
    match serde_json::from_slice(line) {
        Ok(Question { version, command }) if version == VERSION => Ok(command),
        Ok(_) => Err("the question is of another version"),
        Err(_) => Err("the question is not understood"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        control::{
            Reload, Status,
            ask::{AskFault, ask},
        },
        model::{
            fingerprint::Fingerprint,
            oversight::{Overview, Revoked, Which},
            short_name::ShortName,
            story::StoryStep,
            support_code::SupportCode,
        },
    };

    #[derive(Debug)]
    struct Says;

    impl Answers for Says {
        fn decide(&self, _: &ShortName, _: Fingerprint, _: bool, _: &str) -> Option<String> {
            panic!("nobody asks")
        }

        fn reload(&self, asked_by: &str) -> Reload {
            Reload {
                is_taken: false,
                faults: vec![asked_by.to_owned()],
                needs_restart: Vec::new(),
                warnings: Vec::new(),
            }
        }

        fn revoke(&self, _: &Which, _: &str) -> Revoked {
            panic!("nobody asks")
        }

        fn sessions(&self, _: &Which, _: u32, _: &str) -> Result<Overview, String> {
            panic!("nobody asks")
        }

        fn status(&self) -> Status {
            panic!("nobody asks")
        }

        fn story(&self, _: SupportCode, _: &str) -> Result<Vec<StoryStep>, String> {
            panic!("nobody asks")
        }
    }

    async fn ask_raw(path: &Path, question: &[u8]) -> String {
        let mut stream = UnixStream::connect(path).await.unwrap();
        stream.write_all(question).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_question_is_answered_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let socket = Socket::open(&path).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let serving = tokio::spawn(socket.serve(Arc::new(Says)));
        let at = path.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&at, Command::Reload));
        let owner = path.metadata().unwrap().uid();
        match asked.await.unwrap().unwrap() {
            Answer::Reload(reload) => assert_eq!(reload.faults, [format!("user {owner}")]),
            other @ (Answer::Decided(_)
            | Answer::Refused(_)
            | Answer::Revoked(_)
            | Answer::Sessions(_)
            | Answer::Status(_)
            | Answer::Story(_)
            | Answer::Unknown(_)) => {
                panic!("{other:?}")
            }
        }
        let long = vec![b'x'; usize::try_from(MAX_QUESTION).unwrap()];
        for (question, why) in [
            (
                &b"{\"version\":2,\"command\":\"reload\"}"[..],
                "did not end",
            ),
            (
                b"{\"version\":1,\"command\":\"reload\"}\n",
                "another version",
            ),
            (b"{\"version\":2,\"command\":\"stop\"}\n", "not understood"),
            (
                b"{\"version\":2,\"command\":\"reload\",\"x\":1}\n",
                "not understood",
            ),
            (b"\n", "not understood"),
            (b"\xff\n", "not understood"),
            (&long, "did not end"),
        ] {
            let answer = ask_raw(&path, question).await;
            assert!(
                answer.contains("\"refused\"") && answer.contains(why),
                "{answer}"
            );
        }
        serving.abort();
        serving.await.unwrap_err();
        assert!(!path.exists());
        assert!(matches!(
            ask(&path, Command::Status),
            Err(AskFault::NobodyThere)
        ));
    }

    #[test]
    fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        // As a server leaves it that was killed.
        drop(UnixListener::bind(&path).unwrap());
        assert!(matches!(
            ask(&path, Command::Status),
            Err(AskFault::NobodyThere)
        ));
        let living = Socket::open(&path).unwrap();
        let fault = Socket::open(&path).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::AddrInUse);
        assert!(path.exists());
        drop(living);
        drop(Socket::open(&path).unwrap());
        // What is none of ours is left alone.
        fs::write(&path, "x").unwrap();
        let fault = Socket::open(&path).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
