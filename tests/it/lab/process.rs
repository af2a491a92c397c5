//! Child processes that cannot outlive their test.

use std::{
    ffi::OsStr,
    fs::File,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, prlimit};
use tokio::{net::TcpStream, time::Instant};

/// The longest that a server may take to listen. Generous: CI builds on the same two cores.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How often a server is asked whether it listens.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// A server that runs, in a process group of its own.
///
/// Dropping it kills the whole group. Should the test itself be killed, the kernel ends the
/// server.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `program` with all it prints going to `name.log` in `folder`.
    ///
    /// `dress` adds arguments and environment.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        folder: &Path,
        dress: impl FnOnce(&mut Command),
    ) -> Self {
        assert!(
            program.exists(),
            "{} is missing: run scripts/install test",
            program.display()
        );
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "--"])
            .arg(program)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .process_group(0);
        dress(&mut command);
        let child = command.spawn().unwrap();
        Self { name, child, log }
    }

    /// Waits until something listens on `port` of 127.0.0.1.
    ///
    /// Fails the test, with the server's own words, when it ends before that or takes too long.
    pub(crate) async fn listens_on(mut self, port: u16) -> Self {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .is_ok()
            {
                return self;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{} ended with {status}:\n{}", self.name, self.log());
            }
            assert!(
                Instant::now() < deadline,
                "{} does not listen on {port}:\n{}",
                self.name,
                self.log()
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Has all of its group do nothing until [`Self::go_on`]; dropping it still ends it.
    pub(crate) fn pause(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }

    /// Has it go on after [`Self::pause`].
    pub(crate) fn go_on(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits until it has ended, and gives how.
    pub(crate) async fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} goes on", self.name);
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Sends it SIGHUP.
    pub(crate) fn hang_up(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Has it open no more files from now on, beyond those that it has; gives what it was allowed, for
    /// [`Self::allow_files`].
    pub(crate) fn forbid_files(&self) -> Rlimit {
        let process = Pid::from_child(&self.child);
        let none = Rlimit {
            // Of a file that is open already the number does not matter.
            current: Some(0),
            // It may have no more than we have.
            ..getrlimit(Resource::Nofile)
        };
        prlimit(Some(process), Resource::Nofile, none).unwrap()
    }

    /// Has it open as many files as it was allowed before.
    pub(crate) fn allow_files(&self, as_before: Rlimit) {
        let process = Pid::from_child(&self.child);
        prlimit(Some(process), Resource::Nofile, as_before).unwrap();
    }

    /// Has no file of its become larger from now on; gives what it was allowed, for [`Self::allow_growth`].
    pub(crate) fn forbid_growth(&self) -> Rlimit {
        let none = Rlimit {
            current: Some(0),
            ..getrlimit(Resource::Fsize)
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, none).unwrap()
    }

    /// Has its files become as large as before.
    pub(crate) fn allow_growth(&self, as_before: Rlimit) {
        let process = Pid::from_child(&self.child);
        prlimit(Some(process), Resource::Fsize, as_before).unwrap();
    }

    /// Waits until one line of what it printed has all of `texts`: a server may write its log behind its
    /// answers.
    pub(crate) async fn says(&self, texts: &[&str]) {
        let deadline = Instant::now() + START_LIMIT;
        let has_all = |line: &str| texts.iter().all(|text| line.contains(text));
        while !self.log().lines().any(has_all) {
            let log = self.log();
            assert!(
                Instant::now() < deadline,
                "{texts:?} is in no line of {log}"
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What it printed so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error says that the group is gone already, which is what is wanted.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Runs a tool to its end; gives whether it said yes, and all it printed.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: &[S],
    environment: &[(&str, &Path)],
) -> (bool, String) {
    let output = Command::new(program)
        .args(arguments)
        // Whoever runs this may have another language.
        .env("LC_ALL", "C.UTF-8")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|fault| {
            panic!("{program} does not run ({fault}): run scripts/install test")
        });
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
