//! `passerelle serve`.

use std::{io, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getrlimit, set_dumpable_behavior, setrlimit,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use tracing_subscriber::{Layer as _, Registry, filter::LevelFilter, layer::SubscriberExt as _};

use crate::{
    app::{
        alerts,
        follow::follow,
        live::{Live, reload_at},
        registrar::state_turn,
        room::watch_state_folder,
        serve::{compare_clocks, serve, tell_metrics},
    },
    config::{environment::Environment, sections::Server},
    control::socket::Socket,
    edge::connections::Connections,
    sys::{clock::SystemClock, file::Lock},
    telemetry::{log::JsonLines, writer},
};

/// How long threads may go on that are in the midst of something when the server has stopped.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long the ends of sessions may take that are under way.
const LAST_ENDINGS: Duration = Duration::from_secs(2);
/// How long the steps of sign-ins may take that still wait to be kept for the help desk.
const LAST_STORIES: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The least serious events that are logged.
    #[arg(long, value_enum, default_value = "info")]
    log: LogLevel,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

/// Serves until SIGTERM or SIGINT; reads the configuration again at SIGHUP.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    // The memory of this process holds the signing key and passwords: no core dump, and no look
    // into it by another process of the same user.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("core dumps stay allowed")?;
    let level = match options.log {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let (out, _last_words) =
        writer::start(io::stdout()).context("no thread to write the log with")?;
    let losses = out.losses();
    let lines = JsonLines::new(out, Arc::new(SystemClock)).with_filter(level);
    tracing::subscriber::set_global_default(Registry::default().with(lines))
        .context("the log cannot be set up")?;
    // Where it happened, and not what was at hand there: that may be a password.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(error.place = place, "a fault of ours");
    }));
    // Until it listens for commands: one that finds nobody listening decides in the state folder.
    let state = super::running::server(path).and_then(|server| server.state_folder);
    let turn = state.as_deref().map(turn);
    // What is wrong with the folder itself is told with its line.
    let built = super::running::load(path)?;
    let turn = turn.transpose()?;
    raise_file_limit(&built.server, &built.front.connections);
    let (server, metrics) = (built.server.clone(), built.metrics);
    built.front.bridge.health.count_losses(losses);
    let live = Live::begin(path, Environment::of_process(), built);
    let socket = server
        .control_socket
        .as_deref()
        .map(|path| {
            Socket::open(path)
                .with_context(|| format!("cannot take commands at {}", path.display()))
        })
        .transpose()?;
    drop(turn);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to serve with")?;
    let origin = live.current().front.origin.clone();
    let end = runtime.block_on(async {
        let (mut term, mut int) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        // A file that may not become larger is one that cannot be written, and no reason to end: nobody waits for this.
        let _ignored = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
        tokio::spawn(reload_at(signal(SignalKind::hangup())?, Arc::clone(&live)));
        let stop = async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            tracing::info!("stopping");
        };
        let ready = |address| {
            tracing::info!(server.address = %address, server.origin = origin, "ready");
        };
        if let Some(socket) = socket {
            let answers = Arc::<Live>::clone(&live);
            tokio::spawn(socket.serve(answers));
        }
        tokio::spawn(follow(Arc::clone(&live)));
        tokio::spawn(alerts::watch(Arc::clone(&live)));
        tokio::spawn(watch_state_folder(Arc::clone(&live)));
        tokio::spawn(compare_clocks(Arc::clone(&live)));
        if let Some(metrics) = metrics {
            tell_metrics(&live, metrics)
                .with_context(|| format!("cannot tell metrics at {}", metrics.listen))?;
        }
        let end = serve(&live, &server, ready, stop).await;
        end_sessions(&live).await;
        keep_stories(&live).await;
        end.with_context(|| format!("cannot serve at {}", server.listen))
    });
    // What waits for a file system that hangs would wait for ever.
    runtime.shutdown_timeout(LAST_WAIT);
    end?;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for the ends of sessions that are under way: whoever signed in over one, or signs out, may not have waited for it.
async fn end_sessions(live: &Live) {
    let endings = live.current().front.bridge.endings.clone();
    endings.close();
    if timeout(LAST_ENDINGS, endings.wait()).await.is_err() {
        tracing::warn!("some sessions may not have ended: the store did not answer in time");
    }
}

/// Has the steps kept that still wait. What a store that is away does not take in time is lost with this process.
async fn keep_stories(live: &Live) {
    let stories = Arc::clone(&live.current().front.bridge.stories);
    if timeout(LAST_STORIES, stories.rest()).await.is_err() {
        tracing::warn!(
            "some steps of sign-ins are not kept for the help desk: the store did not take them in time"
        );
    }
}

/// Waits for the turn of the state folder. One that is not there yet has nothing in it to wait for; without a turn in one
/// that is there, a command could decide on what this server has read already.
fn turn(state_folder: &Path) -> anyhow::Result<Option<Lock>> {
    match state_turn(state_folder) {
        Ok(turn) => Ok(Some(turn)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error)
            .with_context(|| format!("cannot wait for a turn at {}", state_folder.display())),
    }
}

/// How many files may be open besides connections: the questions to CAS and to directories, who watches
/// the metrics, newcomers that wait for a place, listeners, logs, the runtime's own. Without files of
/// their own the questions would fail where connections are many, and the servers seem to be down.
const OTHER_FILES: u64 = 1024;

/// How many connections are possible where so many files may be open: the others have what they need, but
/// no more than a quarter.
const fn possible_connections(files: u64) -> u64 {
    let quarter = files / 4;
    files
        - if quarter < OTHER_FILES {
            quarter
        } else {
            OTHER_FILES
        }
}

/// Lets the process have as many connections as the configuration says. Where it may not, there are
/// fewer: one that the kernel leaves waiting for a file would have none closed for it.
fn raise_file_limit(server: &Server, connections: &Connections) {
    let wanted = u64::from(server.max_connections).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let is_raised = setrlimit(Resource::Nofile, raised).is_ok();
    let allowed = if is_raised {
        limit.maximum
    } else {
        limit.current
    };
    if let Some(allowed) = allowed
        && possible_connections(allowed) < u64::from(server.max_connections)
    {
        let lost = u64::from(server.max_connections) - possible_connections(allowed);
        connections.lose(usize::try_from(lost).unwrap_or(usize::MAX));
        tracing::warn!(
            files.allowed = allowed,
            files.wanted = wanted,
            "fewer connections are possible than max-connections says: raise LimitNOFILE"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r91_a_server_starts_without_its_turn_only_where_there_is_no_folder_to_wait_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(turn(folder.path()).unwrap().is_some());
        assert!(turn(&folder.path().join("none")).unwrap().is_none());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let told = format!("{:#}", turn(&file.join("state")).unwrap_err());
        assert!(told.contains("cannot wait for a turn at"), "{told}");
    }

    #[test]
    fn r123_connections_leave_files_for_the_questions_to_other_servers() {
        for (files, connections) in [
            (1 << 20, (1 << 20) - OTHER_FILES),
            (4096 + OTHER_FILES, 4096),
            (4096, 3072),
            (1024, 768),
            (0, 0),
        ] {
            assert_eq!(possible_connections(files), connections, "{files}");
        }
    }
}
