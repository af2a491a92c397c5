//! `passerelle doctor`.

use std::{io::IsTerminal as _, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    ask,
    password::{self, Unseen},
    say,
    typed::typed,
};
use crate::{
    app::doctor::{Doctor, Finding, SamplePerson, Scope, Verdict},
    config::environment::Environment,
    sys::{clock::SystemClock, entropy::OsEntropy},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Tries this alone.
    #[arg(value_enum)]
    subject: Option<Subject>,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// Looks somebody up in the directory, and signs them in there with the password on standard
    /// input; with none there, they are only looked up.
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// Has you sign in at the CAS server twice, in a browser, and paste what it ends at: shows which
    /// proof of a new login the server gives.
    #[arg(long, conflicts_with = "login")]
    sign_in: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Subject {
    /// The CAS server.
    Cas,
    /// The directory.
    Ldap,
}

/// Tries everything, and fails where something is bad.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let person = match &options.login {
        Some(login) => Some(ask_for(login)?),
        None => None,
    };
    let doctor = Doctor {
        path,
        environment: &Environment::of_process(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        scope: match options.subject {
            None => Scope::All,
            Some(Subject::Cas) => Scope::Cas,
            Some(Subject::Ldap) => Scope::Ldap,
        },
        person,
        ask: options.sign_in.then_some(ask),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread to ask servers with")?;
    let findings = runtime.block_on(doctor.examine());
    // A name that is still being looked up holds nobody back.
    runtime.shutdown_background();
    if options.json {
        say(&serde_json::to_string_pretty(
            &json!({ "findings": findings }),
        )?);
    } else {
        for finding in &findings {
            say(&typed(&told(finding), path));
        }
    }
    let count = |verdict| {
        let alike = findings.iter().filter(|finding| finding.verdict == verdict);
        alike.count()
    };
    if !options.json {
        say(&format!(
            "{} good, {} warning(s), {} bad, {} not tried",
            count(Verdict::Good),
            count(Verdict::Warning),
            count(Verdict::Bad),
            count(Verdict::NotTried)
        ));
    }
    match count(Verdict::Bad) {
        0 => Ok(()),
        bad => bail!("{bad} thing(s) to mend"),
    }
}

fn ask_for(login: &str) -> anyhow::Result<SamplePerson> {
    let password = if std::io::stdin().is_terminal() {
        let prompt = "Type the password, which is not shown, and press Enter; nothing to only look the person up.";
        Unseen::begin()?.ask(prompt)?
    } else {
        password::read_line()?
    };
    Ok(SamplePerson {
        login: login.to_owned(),
        password,
    })
}

fn told(finding: &Finding) -> String {
    let Finding {
        check,
        verdict,
        what,
        hint,
    } = finding;
    let line = format!("{:<9}  {check:<15}  {what}", verdict.as_str());
    match hint {
        Some(hint) => format!("{line}\n    hint: {hint}"),
        None => line,
    }
}
