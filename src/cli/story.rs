//! `passerelle story CODE`.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{running::needed_socket, say, say_json};
use crate::{
    control::{
        Answer, Command,
        ask::{AskFault, ask},
    },
    model::{story::StoryStep, support_code::SupportCode},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The support code of the sign-in, as a page shows it or as it was read on the phone.
    #[arg(value_parser = SupportCode::parse)]
    code: SupportCode,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Prints what the running server has kept of a sign-in, step by step, and fails where that is nothing.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let socket = needed_socket(path, "stories are known to the running server alone")?;
    let code = options.code;
    let asked = ask(&socket, Command::Story(code));
    let steps = match asked.with_context(|| socket.display().to_string())? {
        Answer::Story(steps) => steps,
        Answer::Refused(why) => bail!(why),
        Answer::Unknown(why) => bail!("what is kept of {code} is not known: {why}"),
        Answer::Decided(_)
        | Answer::Reload(_)
        | Answer::Revoked(_)
        | Answer::Sessions(_)
        | Answer::Status(_) => return Err(AskFault::NotUnderstood.into()),
    };
    if options.json {
        say_json(&steps)?;
    } else {
        for step in &steps {
            tell(step);
        }
    }
    if steps.is_empty() {
        bail!(
            "nothing is kept of {code}\n    hint: it is misheard, or older than keep-days of [stories], or it had to make \
             room, or the server keeps it in memory and has started since, or the page came before any sign-in; the log has it under support.code"
        );
    }
    Ok(())
}

fn tell(step: &StoryStep) {
    let StoryStep {
        at,
        node,
        sp,
        is_trial,
        person,
        session,
        end,
        stop,
        decisions,
        // One of the decisions says it.
        began_under: _,
    } = step;
    let sp = { sp.as_ref() }.map_or_else(
        || "no provider that is known".to_owned(),
        |sp| format!("sp.{sp}"),
    );
    let trial = if *is_trial { ", a trial" } else { "" };
    line(&format!("{at:.0}  {end}  ({sp}{trial}, node {node})"));
    for (what, told) in [("person", person), ("session", session), ("stopped", stop)] {
        if let Some(told) = told {
            line(&format!("    {what}: {told}"));
        }
    }
    for decision in decisions.iter() {
        line(&format!("    {decision}"));
    }
}

/// One line, whatever somebody else wrote into it.
fn line(text: &str) {
    say(&text.replace('\n', " "));
}
