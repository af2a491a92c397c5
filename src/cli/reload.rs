//! `passerelle reload`.

use std::path::Path;

use anyhow::bail;

use super::{
    complain,
    running::{SIGHUP, needed_socket},
    say,
    typed::typed,
};
use crate::control::{
    Answer, Command,
    ask::{AskFault, ask},
};

/// Has the running server read its configuration again, and fails where it did not take it, or where
/// something of it is wrong.
pub(super) fn run(path: &Path) -> anyhow::Result<()> {
    let socket = needed_socket(path, &format!("send the server {SIGHUP}"))?;
    let faults = have_it_read_again(path, &socket)?;
    if faults > 0 {
        bail!("the configuration took over, with {faults} fault(s) of providers");
    }
    say("the configuration took over");
    Ok(())
}

/// The same with the server that listens at `socket`: how many faults of providers it has told, of a configuration that
/// took over.
///
/// # Errors
///
/// It did not take over, or nobody knows.
pub(super) fn have_it_read_again(path: &Path, socket: &Path) -> anyhow::Result<usize> {
    let answer = ask(socket, Command::Reload).map_err(|fault| {
        let what = match fault {
            AskFault::NoAnswer => {
                "whether it was reloaded is not known, `passerelle status` says what counts"
            }
            AskFault::NobodyThere | AskFault::Io(_) | AskFault::NotUnderstood => {
                "nothing was reloaded"
            }
        };
        anyhow::Error::new(fault).context(format!("{what}: {}", socket.display()))
    })?;
    let reload = match answer {
        Answer::Reload(reload) => reload,
        Answer::Refused(why) => bail!("nothing was reloaded: {why}"),
        Answer::Decided(_)
        | Answer::Revoked(_)
        | Answer::Sessions(_)
        | Answer::Status(_)
        | Answer::Story(_)
        | Answer::Unknown(_) => return Err(AskFault::NotUnderstood.into()),
    };
    for (kind, told) in [
        ("error", &reload.faults),
        ("restart", &reload.needs_restart),
        ("warning", &reload.warnings),
    ] {
        for line in told {
            complain(&typed(&format!("{kind}: {line}"), path));
        }
    }
    let faults = reload.faults.len();
    if !reload.is_taken {
        bail!("{faults} fault(s): the configuration was not taken, and the one before it goes on");
    }
    Ok(faults)
}
