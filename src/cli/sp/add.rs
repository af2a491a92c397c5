//! `passerelle sp add`.

use std::path::Path;

use anyhow::bail;
use clap::Args;

use super::{
    check_plan, confirm_at_terminal, entity_id, find, open, open_sound, short_name,
    source::Brought,
    tell,
    told::{self, Whose},
};
use crate::{
    app::registrar::{Choice, Plan, Proposed, Registrar},
    cli::{complain, complain_of_those_in, running::takes_it_in, say, typed::typed},
    config::{fault::ConfigFault, sections::Service},
    metadata::finding::Finding,
    model::{entity_id::EntityId, short_name::ShortName},
};

#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(flatten)]
    brought: Brought,
    /// The entity that is meant, where the metadata describes several.
    #[arg(long, value_name = "ID", value_parser = entity_id, conflicts_with = "replace")]
    entity_id: Option<EntityId>,
    /// The preset. Default: the one that says that it is for this provider, else generic.
    #[arg(long, value_parser = short_name, conflicts_with = "replace")]
    preset: Option<ShortName>,
    /// Has the running server ask the address again and again: other versions take over by themselves, or are held.
    #[arg(long, conflicts_with = "replace")]
    follow: bool,
    /// Takes another version of the metadata of a provider that is there, and changes nothing else.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args, Debug)]
struct Writing {
    /// Shows everything, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Writes without asking.
    #[arg(long, short)]
    yes: bool,
    /// With --yes, also takes changes that would be held for somebody to look at.
    #[arg(long, requires = "yes", requires = "replace")]
    even_if_held: bool,
}

/// Shows what was read, what looks wrong and what would be written, and writes it.
pub(super) fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let registrar = open_sound(path)?;
    let (name, replace) = (&options.brought.name, options.replace);
    if replace {
        if find(&registrar, name)?.followed.is_some() {
            bail!(
                "the metadata of {name} comes from its metadata-url\n    hint: a version that is held is \
                 taken by `passerelle sp accept {name} SHA256`"
            );
        }
    } else if registrar.provider(name).is_some() {
        bail!(
            "there is a provider {name} already\n    hint: --replace takes another version of its \
             metadata; for another provider, choose another name"
        );
    }
    let follow = if options.follow {
        Some(options.brought.followed()?)
    } else {
        None
    };
    let bytes = options.brought.read(&registrar)?;
    let proposed = if replace {
        registrar.successor(name, &bytes)
    } else {
        let choice = Choice {
            entity_id: options.entity_id.clone(),
            preset: options.preset.clone(),
            follow,
        };
        registrar.newcomer(name, &bytes, &choice)
    };
    let proposed = proposed.map_err(|fault| tell(path, fault))?;
    let whose = if replace {
        Whose::Registered(name)
    } else {
        Whose::New(Some(name))
    };
    show(&proposed, whose, path);
    let Some(plan) = &proposed.plan else {
        let faults = proposed.look.findings.iter();
        let faults = faults.filter(|finding| finding.is_fault()).count();
        bail!("nothing was written: {faults} fault(s) in the metadata");
    };
    if is_there(plan) {
        say("This is the file that is there: there is nothing to do.");
        return Ok(());
    }
    let is_held = show_changes(&proposed, options);
    show_plan(path, plan);
    tell_warnings(path, &proposed, &check_plan(path, &registrar, plan)?);
    if options.writing.dry_run {
        say("Nothing was written (--dry-run).");
        return Ok(());
    }
    confirm(&options.writing, is_held)?;
    write(path, &registrar, plan)
}

fn show(proposed: &Proposed, whose: Whose<'_>, path: &Path) {
    complain_of_those_in(path, &proposed.warnings, "warning");
    if let Some(outline) = &proposed.look.outline {
        say("The metadata says:");
        say(&told::outline(outline));
    }
    for finding in &proposed.look.findings {
        complain(&typed(&told::finding(finding, whose), path));
    }
}

/// Tells what is different; whether any of it is held.
fn show_changes(proposed: &Proposed, options: &Options) -> bool {
    if !options.replace {
        return false;
    }
    if proposed.replaces_placeholder {
        say(told::REPLACES_PLACEHOLDER);
        return proposed.is_held();
    }
    say("What changes:");
    for change in &proposed.changes {
        say(&told::change(change));
    }
    let is_held = proposed.is_held();
    if proposed.is_incomparable {
        complain(told::INCOMPARABLE);
    }
    if is_held {
        complain(told::HELD);
    }
    if !is_held && proposed.changes.is_empty() {
        say("      nothing of what is used here");
    }
    is_held
}

fn show_plan(path: &Path, plan: &Plan) {
    if let Some((file, _)) = &plan.metadata {
        let verb = if plan.is_new {
            "To be written to"
        } else {
            "To be put in the place of"
        };
        say(&format!("{verb} {}", file.display()));
    }
    if let Some(table) = &plan.table {
        say(&format!("To be added to {}:\n\n{table}", path.display()));
    }
}

/// What the whole configuration would be warned of, and the metadata alone was not.
fn tell_warnings(path: &Path, proposed: &Proposed, warnings: &[ConfigFault]) {
    let told: Vec<_> = proposed
        .look
        .findings
        .iter()
        .map(Finding::to_string)
        .collect();
    let is_new = |warning: &&ConfigFault| !told.contains(&warning.what);
    let warnings: Vec<_> = warnings.iter().filter(is_new).cloned().collect();
    complain_of_those_in(path, &warnings, "warning");
}

/// Whether the very same file is there.
fn is_there(plan: &Plan) -> bool {
    let metadata = plan.metadata.as_ref().filter(|_| !plan.is_new);
    metadata.is_some_and(|(file, bytes)| std::fs::read(file).is_ok_and(|there| there == *bytes))
}

fn confirm(writing: &Writing, is_held: bool) -> anyhow::Result<()> {
    if writing.yes {
        if is_held && !writing.even_if_held {
            bail!(
                "nothing was written: --yes alone does not take what is held\n    hint: without --yes you \
                 are asked; --even-if-held, once you have asked the provider"
            );
        }
        return Ok(());
    }
    confirm_at_terminal("Write this?", "nothing was written")
}

fn write(path: &Path, registrar: &Registrar, plan: &Plan) -> anyhow::Result<()> {
    registrar.carry_out(plan)?;
    say(&format!("Written. {}", takes_it_in(path)));
    let service = open(path).ok().filter(|_| plan.is_new);
    let service = service.and_then(|added| added.provider(&plan.name)?.service);
    match service {
        Some(Service::Zoom) => {
            let sheet = format!("passerelle zoom-settings --sp {}", plan.name);
            say(&format!(
                "What to type into Zoom's form: {}",
                typed(&sheet, path)
            ));
        }
        None => {}
    }
    Ok(())
}
