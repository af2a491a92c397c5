//! What the commands share: the server that a configuration makes, and the one that runs by it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow, bail};

use super::{EndedWith, REFUSED_PIN, complain, complain_of_those_in, typed::typed};
use crate::{
    app::{
        build::{self, Built},
        rollover::{self, Unlike},
    },
    config::{self, environment::Environment, named::Faulty, sections::Server},
    control::{
        Answer, Command, Status,
        ask::{AskFault, ask},
    },
    sys::{
        clock::{Clock as _, CorrectedClock, SystemClock},
        entropy::OsEntropy,
    },
};

/// Loads the configuration and builds the server from it; every fault is told before it gives up.
pub(super) fn load(path: &Path) -> anyhow::Result<Built> {
    let environment = Environment::of_process();
    match build::load(
        path,
        &environment,
        Arc::new(CorrectedClock::new(Arc::new(SystemClock))),
        Arc::new(OsEntropy),
    ) {
        Ok(built) => Ok(built),
        Err(faults) => {
            complain_of_those_in(path, &faults, "error");
            let what = format!("{} fault(s) in the configuration", faults.len());
            if faults.iter().any(|fault| fault.forbids_another_try) {
                let status = REFUSED_PIN;
                return Err(EndedWith { status, what }.into());
            }
            bail!(what);
        }
    }
}

/// Where the server of the configuration at `path` listens for commands. The configuration need not be
/// right, nor its keys readable for whoever asks: the server judges that.
pub(super) fn socket(path: &Path) -> Option<PathBuf> {
    server(path)?.control_socket
}

/// The same, for a command that the running server alone carries out.
///
/// # Errors
///
/// The configuration names no socket: `without` says what that means. Or it cannot be read so far: each fault is told.
pub(super) fn needed_socket(path: &Path, without: &str) -> anyhow::Result<PathBuf> {
    let server = server_or_faults(path).map_err(|faulty| {
        complain_of_those_in(path, &faulty.faults, "error");
        anyhow!("where the running server listens is not known")
    })?;
    server.control_socket.with_context(|| {
        format!(
            "the configuration names no control-socket, nor a state-folder to have it in: {without}"
        )
    })
}

/// What has a server read its configuration again where no command reaches it: there is no control-socket. A unit whose
/// `ExecReload` is `passerelle reload` is of no help then.
pub(super) const SIGHUP: &str = "SIGHUP (`systemctl kill --signal=HUP passerelle`)";

/// What has the server that runs by the configuration at `path` read it again.
pub(super) fn reload(path: &Path) -> String {
    if socket(path).is_some() {
        typed("`passerelle reload`", path)
    } else {
        SIGHUP.to_owned()
    }
}

/// That what was written counts only after that.
pub(super) fn takes_it_in(path: &Path) -> String {
    let reload = reload(path);
    format!("A running server takes it in by {reload}, or at its next start.")
}

/// What a configuration says of its server, be it right or not.
pub(super) fn server(path: &Path) -> Option<Server> {
    server_or_faults(path).ok()
}

/// The same, or why nothing of it can be told.
fn server_or_faults(path: &Path) -> Result<Server, Box<Faulty>> {
    match config::load(path, &Environment::of_process()) {
        Ok(config) => Ok(config.server),
        Err(faulty) => faulty.named().server.cloned().ok_or(faulty),
    }
}

/// The server that runs by the configuration at `path`, and by no other one, and where it listens; none where none does.
///
/// # Errors
///
/// One may be there, and could not be asked.
pub(super) fn server_of(path: &Path) -> Result<Option<(PathBuf, Status)>, AskFault> {
    let Some(socket) = socket(path) else {
        return Ok(None);
    };
    match ask(&socket, Command::Status) {
        Ok(Answer::Status(status)) => {
            let is_ours = is_one_file(path, &status.configuration);
            Ok(is_ours.then_some((socket, status)))
        }
        Ok(
            Answer::Refused(_)
            | Answer::Decided(_)
            | Answer::Reload(_)
            | Answer::Revoked(_)
            | Answer::Sessions(_)
            | Answer::Story(_)
            | Answer::Unknown(_),
        ) => Err(AskFault::NotUnderstood),
        Err(AskFault::NobodyThere) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Warns of what the running server, where one answers, has otherwise of our keys than what was built from the file at
/// `path`; how often. A server that has another configuration than this one is to have other keys.
pub(super) fn warn_of_other_keys(path: &Path, built: &Built) -> usize {
    let socket = built.server.control_socket.as_deref();
    let server = socket.and_then(|socket| asked(socket).ok());
    let Some(server) = server.filter(|server| is_one_file(path, &server.configuration)) else {
        return 0;
    };
    let Unlike { told, is_refused } = rollover::unlike(built, &server, SystemClock.now());
    // What has to be done first differs, in a roll-over and without one: the reload knows it.
    let hint = if is_refused {
        "`passerelle reload` refuses this and says what to do; only a restart takes it at once"
    } else {
        "`passerelle reload` has it take them, or says why it cannot"
    };
    for what in &told {
        let hint = typed(hint, path);
        complain(&format!("warning: {what}\n    hint: {hint}"));
    }
    told.len()
}

/// Whether both paths lead to one file.
pub(super) fn is_one_file(one: &Path, other: &Path) -> bool {
    let real = |path| fs::canonicalize(path).ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// What the server says that listens at `socket`.
pub(super) fn asked(socket: &Path) -> anyhow::Result<Status> {
    match ask(socket, Command::Status)? {
        Answer::Status(status) => Ok(status),
        Answer::Refused(why) => bail!(why),
        Answer::Decided(_)
        | Answer::Reload(_)
        | Answer::Revoked(_)
        | Answer::Sessions(_)
        | Answer::Story(_)
        | Answer::Unknown(_) => Err(AskFault::NotUnderstood.into()),
    }
}
