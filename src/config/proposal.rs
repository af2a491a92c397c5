//! What presets say of the providers that they are for: `passerelle sp add` proposes it.
//!
//! A preset names entity IDs in which one `*` stands for one label of a host name, and what else is
//! known of whoever is called so. Nothing of it counts by itself: it is written into the provider's
//! own table, where an administrator sees it.

use std::path::Path;

use super::{
    document::{Report, Table},
    fault::ConfigFault,
    folder_of,
    preset::Presets,
};
use crate::model::{
    endpoint::{EndpointUrl, Schemes},
    entity_id::EntityId,
    short_name::ShortName,
};

/// The preset for providers of which nothing particular is known.
const GENERIC: &str = "generic";
/// The most that a `*` stands for: one label of a host name (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// What is proposed for one provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// The preset.
    pub preset: String,
    /// Other names by which it calls itself.
    pub aliases: Vec<EntityId>,
    /// Where a sign-in to it starts.
    pub sign_in_link: Option<EndpointUrl>,
    /// Whether an unsigned request of it is refused.
    pub require_signed_requests: Option<bool>,
}

/// Proposes a preset, and what goes with it, for the provider that calls itself `entity_id`: of
/// `asked` where somebody asked for it, or else of the preset whose entity ID says most, or else the
/// generic one. The presets are those of the configuration file at `path`.
///
/// Also gives what is wrong with presets that may not even be meant.
pub fn propose(
    path: &Path,
    entity_id: &EntityId,
    asked: Option<&ShortName>,
) -> (Proposal, Vec<ConfigFault>) {
    let mut presets = Presets::beside(folder_of(path));
    let mut report = Report::new(path, "");
    let names = match asked {
        Some(name) => [name.as_str().to_owned()].into(),
        None => presets.names(),
    };
    let mut best: Option<(usize, Proposal)> = None;
    for name in names {
        let preset = presets.find(&name, "preset", &mut report);
        let Some((length, proposal)) =
            preset.and_then(|preset| preset.proposals.fill(&name, entity_id))
        else {
            continue;
        };
        if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
            best = Some((length, proposal));
        }
    }
    let proposal = best.map_or_else(
        || Proposal {
            preset: asked.map_or(GENERIC, ShortName::as_str).to_owned(),
            aliases: Vec::new(),
            sign_in_link: None,
            require_signed_requests: None,
        },
        |(_, proposal)| proposal,
    );
    (proposal, report.into_faults())
}

/// `[proposal]` of a preset.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals {
    entity_ids: Vec<Pattern>,
    aliases: Vec<Pattern>,
    sign_in_link: Option<Pattern>,
    require_signed_requests: Option<bool>,
}

/// Reads `[proposal]`.
pub(super) fn read(table: Option<Table<'_>>, report: &mut Report) -> Proposals {
    let Some(mut table) = table else {
        return Proposals::default();
    };
    let names = |key, texts: Option<Vec<String>>, report: &mut Report| {
        let mut patterns = Vec::new();
        for (number, text) in (1..).zip(texts.unwrap_or_default()) {
            match Pattern::parse(&text, |text| EntityId::parse(text).is_ok()) {
                Some(pattern) => patterns.push(pattern),
                None => {
                    report
                        .fault(&format!("proposal.{key}[{number}]"), "is not an entity ID")
                        .hint("one `*` at most may stand for a label of a host name");
                }
            }
        }
        patterns
    };
    let texts = table.required("entity-ids", report);
    let entity_ids = names("entity-ids", texts, report);
    let texts = table.optional("aliases", report);
    let aliases = names("aliases", texts, report);
    let link: Option<String> = table.optional("sign-in-link", report);
    let is_link = |text: &str| EndpointUrl::parse(text, Schemes::HttpsOnly).is_ok();
    let sign_in_link = link.and_then(|text| {
        let link = Pattern::parse(&text, is_link);
        if link.is_none() {
            report.fault("proposal.sign-in-link", "is not an https URL");
        }
        link
    });
    let require_signed_requests = table.optional("require-signed-requests", report);
    table.finish(report);
    Proposals {
        entity_ids,
        aliases,
        sign_in_link,
        require_signed_requests,
    }
}

impl Proposals {
    /// What is proposed for `entity_id`, and how much of it a pattern of ours says; none where the
    /// preset is for others.
    fn fill(&self, preset: &str, entity_id: &EntityId) -> Option<(usize, Proposal)> {
        let matching = self.entity_ids.iter().filter_map(|pattern| {
            let label = pattern.label_in(entity_id.as_str())?;
            Some((pattern.literal_bytes(), label))
        });
        let (length, label) = matching.max_by_key(|(length, _)| *length)?;
        let aliases = self.aliases.iter().filter_map(|alias| {
            let alias = EntityId::parse(&alias.filled(label)?).ok()?;
            (alias != *entity_id).then_some(alias)
        });
        let link = self.sign_in_link.as_ref();
        let link = link.and_then(|link| link.filled(label));
        let proposal = Proposal {
            preset: preset.to_owned(),
            aliases: aliases.collect(),
            sign_in_link: link.and_then(|link| EndpointUrl::parse(&link, Schemes::HttpsOnly).ok()),
            require_signed_requests: self.require_signed_requests,
        };
        Some((length, proposal))
    }
}

/// A text in which a `*` may stand for one label of a host name.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Pattern {
    before: String,
    /// What is behind the `*`; none where there is none.
    after: Option<String>,
}

impl Pattern {
    /// Reads a pattern; none where a text that fits it is not what `is_meant`.
    fn parse(text: &str, is_meant: impl Fn(&str) -> bool) -> Option<Self> {
        let pattern = match text.split_once('*') {
            Some((before, after)) => Self {
                before: before.to_owned(),
                after: Some(after.to_owned()),
            },
            None => Self {
                before: text.to_owned(),
                after: None,
            },
        };
        let is_one = pattern.after.as_ref().is_none_or(|it| !it.contains('*'));
        (is_one && is_meant(&pattern.filled("x")?)).then_some(pattern)
    }

    /// What the `*` stands for in `text`, nothing where there is no `*`; none where `text` does not fit.
    fn label_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = text.strip_prefix(self.before.as_str())?;
        let Some(after) = &self.after else {
            return rest.is_empty().then_some(rest);
        };
        let label = rest.strip_suffix(after.as_str())?;
        let is_label = (1..=MAX_LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_label.then_some(label)
    }

    /// The text with `label` for the `*`; none where there is a `*`, and nothing that it stands for.
    fn filled(&self, label: &str) -> Option<String> {
        match &self.after {
            Some(_) if label.is_empty() => None,
            Some(after) => Some(format!("{}{label}{after}", self.before)),
            None => Some(self.before.clone()),
        }
    }

    fn literal_bytes(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entity_id(text: &str) -> EntityId {
        EntityId::parse(text).unwrap()
    }

    fn proposed(folder: &Path, name: &str, asked: Option<&str>) -> (Proposal, usize) {
        let asked = asked.map(|name| ShortName::parse(name).unwrap());
        let path = folder.join("passerelle.toml");
        let (proposal, faults) = propose(&path, &entity_id(name), asked.as_ref());
        (proposal, faults.len())
    }

    #[test]
    fn zoom_is_known_by_either_of_its_names_and_the_other_one_becomes_an_alias() {
        let folder = tempfile::tempdir().unwrap();
        let (bare, url) = ("univ-montp3-fr.zoom.us", "https://univ-montp3-fr.zoom.us");
        for (name, alias) in [(bare, url), (url, bare)] {
            let (proposal, faults) = proposed(folder.path(), name, None);
            assert_eq!(faults, 0);
            assert_eq!(proposal.preset, "zoom");
            assert_eq!(proposal.aliases, [entity_id(alias)]);
            let link = proposal.sign_in_link.unwrap();
            assert_eq!(link.as_str(), format!("{url}/saml/login"));
            assert_eq!(proposal.require_signed_requests, Some(false));
        }
    }

    #[test]
    fn a_star_stands_for_one_label_and_for_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}.zoom.us", "a".repeat(64));
        for name in [
            "zoom.us",
            ".zoom.us",
            "a.b.zoom.us",
            "https://evil.example/.zoom.us",
            "evil.example/x.zoom.us",
            "https://x@y.zoom.us",
            "http://univ.zoom.us",
            "univ.zoom.us/",
            "univ.zoom.us.evil.example",
            "é.zoom.us",
            &long,
        ] {
            let (proposal, _) = proposed(folder.path(), name, None);
            assert_eq!(proposal.preset, "generic", "{name}");
            assert_eq!(proposal.aliases, [], "{name}");
            assert_eq!(proposal.sign_in_link, None, "{name}");
        }
    }

    #[test]
    fn a_preset_of_the_folder_is_proposed_where_it_says_more_and_a_faulty_one_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let presets = folder.path().join("presets");
        fs::create_dir(&presets).unwrap();
        let name_id = "name-id = { format = 'transient' }\n[proposal]\n";
        for (file, proposal) in [
            (
                "ours.toml",
                "entity-ids = ['https://*.montp3.zoom.us', 'ours.zoom.us']",
            ),
            (
                "broken.toml",
                "entity-ids = ['*.*', 'a b', 3]\nsign-in-link = 'http://x'",
            ),
            (
                "bad.toml",
                "entity-ids = ['*.*', 'a b']\naliases = ['**']\nsign-in-link = 'http://*'",
            ),
        ] {
            fs::write(presets.join(file), format!("{name_id}{proposal}")).unwrap();
        }
        let (proposal, faults) = proposed(folder.path(), "ours.zoom.us", None);
        assert_eq!((proposal.preset.as_str(), faults), ("ours", 6));
        let (proposal, _) = proposed(folder.path(), "other.zoom.us", None);
        assert_eq!(proposal.preset, "zoom");
        // What somebody asks for wins, and goes along with nothing that is known of others.
        let (proposal, faults) = proposed(folder.path(), "ours.zoom.us", Some("generic"));
        assert_eq!((proposal.preset.as_str(), faults), ("generic", 0));
        assert_eq!(proposal.aliases, []);
        let (proposal, _) = proposed(folder.path(), "ours.zoom.us", Some("zoom"));
        assert_eq!(proposal.aliases, [entity_id("https://ours.zoom.us")]);
    }
}
