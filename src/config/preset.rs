//! Presets: what is known of a kind of provider, so that nobody has to find it out again.
//!
//! Those of `config/presets/` are built in. A folder `presets/` beside the configuration file adds
//! to them, and replaces one of the same name. A preset may also say which providers it is for: see
//! [`proposal`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    document::{Report, Table},
    files::read_text,
    proposal::{self, Proposals},
    rules,
    sections::Rules,
};
use crate::model::short_name::ShortName;

pub(super) const BUILT_IN: [(&str, &str); 2] = [
    ("generic", include_str!("../../config/presets/generic.toml")),
    ("zoom", include_str!("../../config/presets/zoom.toml")),
];

/// The largest preset file that is read.
const MAX_BYTES: u64 = 256 * 1024;

/// What a file of a preset says.
#[derive(Clone, Debug, Default)]
pub(super) struct Preset {
    /// How a provider is answered.
    pub(super) rules: Rules,
    /// Which providers it is for.
    pub(super) proposals: Proposals,
}

/// Finds presets, and reads each once.
#[derive(Debug)]
pub(super) struct Presets {
    folder: PathBuf,
    read: BTreeMap<String, Option<Preset>>,
}

impl Presets {
    /// The presets of a configuration file in `folder`.
    pub(super) fn beside(folder: &Path) -> Self {
        Self {
            folder: folder.join("presets"),
            read: BTreeMap::new(),
        }
    }

    /// The preset `name`, which `key` asked for; none where it is unknown or faulty.
    pub(super) fn find(&mut self, name: &str, key: &str, report: &mut Report) -> Option<Preset> {
        if let Some(read) = self.read.get(name) {
            return read.clone();
        }
        let preset = self.read(name, key, report);
        self.read.insert(name.to_owned(), preset.clone());
        preset
    }

    fn read(&self, name: &str, key: &str, report: &mut Report) -> Option<Preset> {
        // The name becomes a file name: it must not lead out of the folder.
        let Ok(name) = ShortName::parse(name) else {
            report
                .fault(key, "is not the name of a preset")
                .hint(self.known());
            return None;
        };
        let own = self.folder.join(format!("{name}.toml"));
        if own.exists() {
            return match read_text(&own, MAX_BYTES) {
                Ok(text) => read_preset(&own, &text, report),
                Err(what) => {
                    report.fault(key, format!("{} {what}", own.display()));
                    None
                }
            };
        }
        let built_in = BUILT_IN
            .into_iter()
            .find(|(known, _)| *known == name.as_str());
        if let Some((_, text)) = built_in {
            return read_preset(
                Path::new(&format!("(built in) presets/{name}.toml")),
                text,
                report,
            );
        }
        report
            .fault(key, format!("there is no preset {name}"))
            .hint(self.known());
        None
    }

    fn known(&self) -> String {
        let names: Vec<_> = self.names().into_iter().collect();
        format!("there are: {}", names.join(", "))
    }

    /// The names of all presets, in their order.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = BUILT_IN
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        // A folder that is not there has no presets; one that cannot be read only shortens a list.
        for entry in self.folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                names.extend(
                    path.file_stem()
                        .map(|name| name.to_string_lossy().into_owned()),
                );
            }
        }
        names
    }
}

fn read_preset(file: &Path, text: &str, report: &mut Report) -> Option<Preset> {
    let mut own = Report::new(file, text);
    let preset = Table::parse(text, &mut own).map(|mut table| {
        let proposals = table.table("proposal", &mut own);
        let rules = rules::read(&mut table, &mut own);
        if rules.sha1_until.is_some() {
            own.fault("sha1-until", "cannot stand in a preset").hint(
                "it is an exception for one provider, until a day: write it into its table, [sp.…]",
            );
        }
        let preset = Preset {
            rules,
            proposals: proposal::read(proposals, &mut own),
        };
        table.finish(&mut own);
        preset
    });
    let is_clean = own.is_clean();
    report.absorb(own);
    preset.filter(|_| is_clean)
}
