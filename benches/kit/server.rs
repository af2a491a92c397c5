//! The server under measure: the release binary as a process of its own.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    browser::Browser,
    place::{PROGRAM, Place},
};

/// After this long without an answer something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; it is stopped when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the program to the first answer of `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts the server of `place` at `address`, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// It does not start; its log says why.
    pub(crate) fn start(place: &Place, address: SocketAddr) -> anyhow::Result<Self> {
        Self::start_by(&place.configuration(), address)
    }

    /// The same by this file, beside which its log is written.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub(crate) fn start_by(configuration: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        let log = configuration.with_extension("log");
        let started = Instant::now();
        let mut server = Self {
            child: Command::new(PROGRAM)
                .arg("serve")
                .arg("--config")
                .arg(configuration)
                .stdin(Stdio::null())
                .stdout(File::create(&log)?)
                .spawn()?,
            address,
            ready_after: Duration::ZERO,
        };
        while !is_ready(address) {
            if started.elapsed() > PATIENCE || server.child.try_wait()?.is_some() {
                bail!("not ready: {}", fs::read_to_string(&log)?);
            }
            rest(Duration::from_millis(1));
        }
        server.ready_after = started.elapsed();
        Ok(server)
    }

    /// The CPU time that its threads have used so far, of their own and in the kernel.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let figures = fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_cpu = figures.split(' ').next().unwrap_or_default();
            nanoseconds += on_cpu.parse::<u64>().context("schedstat")?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Keeps it on the processor of this number.
    ///
    /// # Errors
    ///
    /// There is none, or no `taskset` (util-linux).
    pub(crate) fn keep_to(&self, processor: usize) -> anyhow::Result<()> {
        let (processor, process) = (processor.to_string(), self.child.id().to_string());
        let kept = Command::new("taskset")
            .args(["--all-tasks", "--pid", "--cpu-list", &processor, &process])
            .stdout(Stdio::null())
            .status()
            .context("taskset, of util-linux")?;
        ensure!(
            kept.success(),
            "the server does not keep to processor {processor}"
        );
        Ok(())
    }

    /// A figure of its memory in MiB: `VmRSS`, what is resident, or `VmHWM`, the most that was.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub(crate) fn memory(&self, figure: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes: f64 = status
            .lines()
            .filter_map(|line| line.strip_prefix(figure)?.strip_prefix(':'))
            .find_map(|value| value.trim().strip_suffix(" kB")?.parse().ok())
            .context("no such figure of memory")?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // What cannot be stopped has ended by itself.
        let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
        let _ = self.child.wait();
    }
}

/// An address on this machine that nobody listens at.
///
/// # Errors
///
/// There is none.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, which has no clock that could be moved"
)]
pub(crate) fn rest(time: Duration) {
    std::thread::sleep(time);
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut machine = Browser::open(address, 0)?;
        machine.get("/readyz")?;
        machine.receive()
    };
    ask().is_ok_and(|answer| answer.status == 200)
}
