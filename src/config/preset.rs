//! Presets: what is known of a kind of provider, so that nobody has to find it out again.
//!
//! Those of `config/presets/` are built in. A folder `presets/` beside the configuration file adds
//! to them, and replaces one of the same name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    document::{Report, Table},
    files::read_text,
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

/// Finds presets, and reads each once.
#[derive(Debug)]
pub(super) struct Presets {
    folder: PathBuf,
    read: BTreeMap<String, Option<Rules>>,
}

impl Presets {
    /// The presets of a configuration file in `folder`.
    pub(super) fn beside(folder: &Path) -> Self {
        Self {
            folder: folder.join("presets"),
            read: BTreeMap::new(),
        }
    }

    /// The rules of the preset `name`, which `key` asked for; none where it is unknown or faulty.
    pub(super) fn find(&mut self, name: &str, key: &str, report: &mut Report) -> Option<Rules> {
        if let Some(read) = self.read.get(name) {
            return read.clone();
        }
        let rules = self.read(name, key, report);
        self.read.insert(name.to_owned(), rules.clone());
        rules
    }

    fn read(&self, name: &str, key: &str, report: &mut Report) -> Option<Rules> {
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
                Ok(text) => read_rules(&own, &text, report),
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
            return read_rules(
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
        let mut names: BTreeSet<String> = BUILT_IN
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        // A folder that is not there has no presets; one that cannot be read only shortens a hint.
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
        format!(
            "there are: {}",
            names.into_iter().collect::<Vec<_>>().join(", ")
        )
    }
}

fn read_rules(file: &Path, text: &str, report: &mut Report) -> Option<Rules> {
    let mut own = Report::new(file, text);
    let rules = Table::parse(text, &mut own).map(|mut table| {
        let rules = rules::read(&mut table, &mut own);
        if rules.sha1_until.is_some() {
            own.fault("sha1-until", "cannot stand in a preset").hint(
                "it is an exception for one provider, until a day: write it into its table, [sp.…]",
            );
        }
        table.finish(&mut own);
        rules
    });
    let is_clean = own.is_clean();
    report.absorb(own);
    rules.filter(|_| is_clean)
}
