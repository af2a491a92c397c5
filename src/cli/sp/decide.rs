//! `passerelle sp accept` and `passerelle sp refuse`: what becomes of a version of metadata that is held.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{find, open, short_name};
use crate::{
    app::follow::Decision,
    cli::{complain, say},
    control::{
        Answer, Command,
        ask::{AskFault, ask},
    },
    model::{fingerprint::Fingerprint, short_name::ShortName},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The provider.
    #[arg(value_parser = short_name)]
    name: ShortName,
    /// The version that was looked at: the SHA-256 that `sp diff --held` tells. Another one is not decided on.
    #[arg(value_name = "SHA256", value_parser = Fingerprint::parse)]
    version: Fingerprint,
}

/// Has the running server carry it out, or, where none runs, does it in the state folder.
pub(super) fn run(path: &Path, options: &Options, decision: Decision) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let (name, version) = (&options.name, options.version);
    find(&registrar, name)?;
    let socket = registrar.named().server;
    let socket = socket.and_then(|server| server.control_socket.as_deref());
    let command = match decision {
        Decision::Accept => Command::Accept(name.clone(), version),
        Decision::Refuse => Command::Refuse(name.clone(), version),
    };
    let asked = || {
        socket.map_or(Err(AskFault::NobodyThere), |socket| {
            ask(socket, command.clone())
        })
    };
    let mut answer = asked();
    let mut _turn = None;
    if matches!(answer, Err(AskFault::NobodyThere)) {
        // One that is starting has read its files by now, perhaps, and does not listen yet.
        _turn = registrar.turn().context("nothing was decided")?;
        answer = asked();
    }
    match answer {
        Ok(Answer::Decided(None)) => {}
        Ok(Answer::Decided(Some(why)) | Answer::Refused(why)) => bail!("{name}: {why}"),
        Ok(
            Answer::Reload(_)
            | Answer::Revoked(_)
            | Answer::Sessions(_)
            | Answer::Status(_)
            | Answer::Story(_)
            | Answer::Unknown(_),
        ) => return Err(AskFault::NotUnderstood.into()),
        Err(AskFault::NobodyThere) => {
            let decided = registrar.decide(name, version, decision);
            if let Some(error) = decided.with_context(|| name.to_string())? {
                complain(&format!(
                    "warning: {name}: this version counts, and what was held before it cannot be removed: {error}"
                ));
            }
        }
        Err(fault @ AskFault::NoAnswer) => {
            return Err(fault).with_context(|| {
                format!(
                    "{name}: whether that was decided is not known: `passerelle status` says what is held still"
                )
            });
        }
        // A server that runs, and cannot be asked, would go on as before.
        Err(fault @ (AskFault::Io(_) | AskFault::NotUnderstood)) => {
            return Err(fault).context("nothing was decided");
        }
    }
    say(&match decision {
        Decision::Accept => format!("The version of {name} that was held counts from now on."),
        Decision::Refuse => format!(
            "The version of {name} that was held is turned down: the one before it goes on. One that says something \
             else is taken or held as before; the same, only written anew, is not brought up again."
        ),
    });
    Ok(())
}
