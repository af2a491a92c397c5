//! `passerelle sp check`.

use std::path::Path;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{
    entity_id, find, open, say_json, short_name,
    source::{Fetching, Source, max_mib},
    tell,
    told::{self, JsonFinding, Whose},
};
use crate::{
    app::registrar::{Choice, Registrar},
    cli::{say, typed::typed},
    config::sp::SpConfig,
    metadata::finding::Finding,
    model::{entity_id::EntityId, short_name::ShortName},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The provider; all of them where none is named.
    #[arg(value_parser = short_name)]
    name: Option<ShortName>,
    /// Looks at this instead: a file, an https address, or - for standard input. Without a name, as the
    /// metadata of a new provider.
    #[arg(long, value_name = "URL|FILE|-")]
    metadata: Option<Source>,
    /// The entity that is meant, where such metadata describes several. That of a provider that is named stands in its
    /// table.
    #[arg(
        long,
        value_name = "ID",
        value_parser = entity_id,
        requires = "metadata",
        conflicts_with = "name"
    )]
    entity_id: Option<EntityId>,
    #[command(flatten)]
    fetching: Fetching,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// What there is to say of one provider.
struct Checked {
    name: Option<ShortName>,
    entity_id: Option<EntityId>,
    findings: Vec<Finding>,
    /// Why there is nothing to look at.
    unreadable: Option<String>,
}

impl Checked {
    fn whose(&self) -> Whose<'_> {
        self.name
            .as_ref()
            .map_or(Whose::New(None), Whose::Registered)
    }

    /// How many faults there are.
    fn faults(&self) -> usize {
        let of_file = self.findings.iter().filter(|finding| finding.is_fault());
        of_file.count() + usize::from(self.unreadable.is_some())
    }
}

/// Says what is wrong, and fails where there is a fault.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open(path)?;
    let checked = match &options.metadata {
        Some(source) => vec![of_source(path, &registrar, source, options)?],
        None => of_configuration(&registrar, options)?,
    };
    if options.json {
        let providers: Vec<_> = checked
            .iter()
            .map(|it| {
                let findings = it.findings.iter();
                let findings: Vec<_> = findings
                    .map(|finding| JsonFinding::of(finding, it.whose()))
                    .collect();
                json!({
                    "name": it.name,
                    "entity_id": it.entity_id,
                    "findings": findings,
                    "unreadable": it.unreadable,
                })
            })
            .collect();
        say_json(&json!({ "providers": providers }))?;
    } else {
        for one in &checked {
            show(one, path);
        }
    }
    match checked.iter().map(Checked::faults).sum::<usize>() {
        0 => Ok(()),
        faults => bail!("{faults} fault(s): nobody can sign in with such metadata"),
    }
}

fn show(checked: &Checked, path: &Path) {
    let name = match (&checked.name, &checked.entity_id) {
        (Some(name), Some(entity_id)) => format!("{name} ({entity_id})"),
        (Some(name), None) => name.to_string(),
        (None, Some(entity_id)) => entity_id.to_string(),
        (None, None) => "The metadata".to_owned(),
    };
    if let Some(why) = &checked.unreadable {
        say(&format!("{name}:\nerror: {why}"));
        return;
    }
    match &checked.findings[..] {
        [] => say(&format!("{name}: nothing to say")),
        findings => {
            say(&format!("{name}:"));
            for finding in findings {
                say(&typed(&told::finding(finding, checked.whose()), path));
            }
        }
    }
}

fn of_source(
    path: &Path,
    registrar: &Registrar,
    source: &Source,
    options: &Options,
) -> anyhow::Result<Checked> {
    let known = { options.name.as_ref() }.and_then(|name| registrar.provider(name));
    let asked = (registrar.named().schemes, max_mib(known));
    let bytes = source.read(&options.fetching, asked)?;
    let proposed = if let Some(name) = &options.name {
        find(registrar, name)?;
        registrar.successor(name, &bytes)
    } else {
        let choice = Choice {
            entity_id: options.entity_id.clone(),
            ..Choice::default()
        };
        registrar.newcomer(&unused(registrar)?, &bytes, &choice)
    };
    let look = proposed.map_err(|fault| tell(path, fault))?.look;
    Ok(Checked {
        name: options.name.clone(),
        entity_id: look.claimed,
        findings: look.findings,
        unreadable: None,
    })
}

/// A name that no provider has.
fn unused(registrar: &Registrar) -> anyhow::Result<ShortName> {
    let mut names = (1_u32..).filter_map(|number| ShortName::parse(&format!("new-{number}")).ok());
    match names.find(|name| registrar.provider(name).is_none()) {
        Some(name) => Ok(name),
        None => bail!("there are too many providers"),
    }
}

fn of_configuration(registrar: &Registrar, options: &Options) -> anyhow::Result<Vec<Checked>> {
    let providers = match &options.name {
        Some(name) => std::slice::from_ref(find(registrar, name)?),
        None => registrar.named().service_providers,
    };
    let check = |config: &SpConfig| {
        // One that is not there keeps no other one from being looked at.
        let (look, unreadable) = match registrar.look(config) {
            Ok(look) => (Some(look), None),
            Err(fault) => (None, Some(format!("{:#}", anyhow::Error::new(fault)))),
        };
        let (entity_id, findings) =
            look.map_or_else(Default::default, |look| (look.claimed, look.findings));
        Checked {
            name: Some(config.short_name.clone()),
            entity_id,
            findings,
            unreadable,
        }
    };
    Ok(providers.iter().map(check).collect())
}
