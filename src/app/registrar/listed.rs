//! How it stands with each provider, for whoever looks.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::Registrar;
use crate::{
    app::look::last_good,
    config::sp::SpConfig,
    metadata::{
        finding::Finding,
        outline::{Ending, Outline},
        registry::SpState,
        source,
    },
    model::{entity_id::EntityId, short_name::ShortName},
};

/// One line of the list of all providers.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Our name for it.
    pub name: ShortName,
    /// Its own name, where its file can be read.
    pub entity_id: Option<EntityId>,
    /// The preset that it was made with.
    pub preset: Option<ShortName>,
    /// How it stands with it, in one word: as in `/readyz`.
    pub state: &'static str,
    /// Whether its file is the placeholder that came with the program.
    pub is_placeholder: bool,
    /// What of it ends next, or has ended and is all that there is.
    pub ends: Option<&'static str>,
    /// When that is.
    pub ends_at: Option<Timestamp>,
}

impl Listed {
    /// How it stands with it for people: nothing else is the matter with a placeholder, and yet nobody is done with it.
    pub fn state_in_words(&self) -> &'static str {
        if self.is_placeholder && self.state == SpState::Good.word() {
            "placeholder"
        } else {
            self.state
        }
    }
}

/// All of one provider.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// What the list says of it.
    #[serde(flatten)]
    pub listed: Listed,
    /// The file of its metadata.
    pub metadata: PathBuf,
    /// Other names by which it calls itself.
    pub aliases: Vec<EntityId>,
    /// Where a sign-in to it starts.
    pub sign_in_link: Option<String>,
    /// Whether an unsigned request of it is refused, where the configuration says it.
    pub require_signed_requests: Option<bool>,
    /// What the metadata says; none where there is a fault in it.
    pub outline: Option<Outline>,
}

impl Registrar {
    /// How it stands with each provider, in the order of the names.
    pub fn list(&self) -> Vec<Listed> {
        let states = self.states();
        let providers = self.named().service_providers.iter();
        providers
            .map(|config| self.shown(config, &states).listed)
            .collect()
    }

    /// All of one provider.
    pub fn show(&self, config: &SpConfig) -> Shown {
        self.shown(config, &self.states())
    }

    fn shown(&self, config: &SpConfig, states: &BTreeMap<ShortName, SpState>) -> Shown {
        let look = self.look(config).ok();
        let claimed = look.as_ref().and_then(|look| look.claimed.clone());
        let mut findings = look.iter().flat_map(|look| &look.findings);
        let is_placeholder = findings.any(|it| matches!(it, Finding::CertificatePlaceholder));
        let outline = look.and_then(|look| look.outline);
        let next = outline
            .as_ref()
            .and_then(|outline| outline.ends_next(self.now()));
        let listed = Listed {
            name: config.short_name.clone(),
            entity_id: claimed.or_else(|| config.entity_id.clone()),
            preset: config.preset.clone(),
            state: states
                .get(&config.short_name)
                .map_or(SpState::Broken.word(), |state| state.word()),
            is_placeholder,
            ends: next.map(|(what, _)| match what {
                Ending::Certificate => "certificate",
                Ending::Metadata => "metadata",
            }),
            ends_at: next.map(|(_, at)| at),
        };
        Shown {
            listed,
            metadata: config.metadata_path.clone(),
            aliases: config.aliases.clone(),
            sign_in_link: config.sign_in_link.as_ref().map(ToString::to_string),
            require_signed_requests: config.require_signed_requests,
            outline,
        }
    }

    /// As a server would have it that starts now. All are loaded, as one may have another one's name.
    fn states(&self) -> BTreeMap<ShortName, SpState> {
        let named = self.named();
        let loaded = source::load(
            named.service_providers,
            None,
            named.schemes,
            last_good(named),
            self.now(),
        );
        let states = loaded.registry.states(self.now());
        states.map(|(name, state)| (name.clone(), state)).collect()
    }
}
