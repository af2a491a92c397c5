//! A store on somebody else's code: a Redis server of its own, until it is dropped.

use std::{
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::Instant;

/// The longest that it may take to listen. Generous: CI builds on the same two cores.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A server that keeps nothing on the disk and listens on a socket of its own folder.
#[derive(Debug)]
pub(crate) struct Redis {
    /// None while it is stopped.
    process: Option<Child>,
    more: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts it, empty, with more words of its configuration.
    pub(crate) async fn start(more: &[&str]) -> Self {
        Self::start_with("", more).await
    }

    /// The same with a file of these lines, which it may write itself.
    pub(crate) async fn start_with(lines: &str, more: &[&str]) -> Self {
        let mut redis = Self {
            process: None,
            more: more.iter().map(|word| (*word).to_owned()).collect(),
            folder: TempDir::new().unwrap(),
        };
        std::fs::write(redis.file(), lines).unwrap();
        redis.start_again().await;
        redis
    }

    /// Ends it at once; what it held is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it once more, empty, and waits until it takes connections.
    pub(crate) async fn start_again(&mut self) {
        self.kill();
        self.forget_accounts();
        let folder = self.folder.path();
        // One that was brought up to date by a master has on its disk what that had then, though it is to keep nothing.
        let _ = std::fs::remove_file(folder.join("dump.rdb"));
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "redis-server"])
            .arg(self.file())
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", self.socket().to_str().unwrap()])
            .args(["--dir", folder.to_str().unwrap()])
            .args(&self.more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let deadline = Instant::now() + START_LIMIT;
        let mut beat = tokio::time::interval(Duration::from_millis(2));
        while UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not listen");
            let process = self.process.as_mut().unwrap();
            let ended = process.try_wait().unwrap();
            assert_eq!(ended, None, "redis-server: run scripts/install test");
            beat.tick().await;
        }
    }

    /// Has it do nothing, with its connections open, until [`Self::go_on`].
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Has it go on after [`Self::pause`].
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// What it says to an administrator.
    pub(crate) fn told(&self, question: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        let asked = cli.arg("-s").arg(self.socket()).args(question).output();
        String::from_utf8(asked.unwrap().stdout).unwrap()
    }

    /// A server that a Sentinel has had write its file has its accounts there as well, and would not start with one twice.
    fn forget_accounts(&self) {
        if self.more.iter().any(|word| word == "--user") {
            let written = std::fs::read_to_string(self.file()).unwrap();
            let lines = written.split_inclusive('\n');
            let rest: String = lines.filter(|line| !line.starts_with("user ")).collect();
            std::fs::write(self.file(), rest).unwrap();
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("redis.conf")
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
