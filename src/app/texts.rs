//! What the start page says, from `[texts]`: the administrator's Markdown with the values of the configuration.

use std::collections::BTreeMap;

use crate::{
    config::{
        Config,
        fault::ConfigFault,
        sections::{HomeText, Texts},
    },
    edge::{
        location::way_in,
        page::{
            Welcome,
            article::{Article, ArticleFault, ArticleFaultKind, Values},
        },
    },
    model::language::Language,
};

/// How the name of a value ends that is the way to a provider.
const WAY_IN: &str = ".sign-in-link";

/// The text of each language; none where the configuration names no texts.
///
/// # Errors
///
/// Every fault of every text, with its line.
pub(super) fn welcome(config: &Config) -> Result<BTreeMap<Language, Welcome>, Vec<ConfigFault>> {
    let mut welcome = BTreeMap::new();
    let mut told = Vec::new();
    for text in config.texts.iter().flat_map(|Texts { home }| home) {
        let values = values(config, text.language);
        match Article::write(&text.markdown, &values) {
            Ok(article) => {
                let HomeText {
                    title,
                    lead,
                    last_change,
                    ..
                } = text.clone();
                let written = Welcome {
                    title,
                    lead,
                    article,
                    last_change,
                };
                welcome.insert(text.language, written);
            }
            Err(faults) => {
                told.extend(faults.iter().map(|fault| of(fault, text, &values, config)));
            }
        }
    }
    if told.is_empty() {
        Ok(welcome)
    } else {
        Err(told)
    }
}

/// Values that a configuration may have or not.
const LINKS: [&str; 2] = ["support.link", "support.password-link"];

/// What a text may name: the key under which the configuration says it.
fn values(config: &Config, language: Language) -> Values {
    let (organization, support) = (&config.organization, &config.support);
    let always = [
        ("organization.name", organization.name.text(language)),
        ("organization.url", organization.url.text(language)),
        ("support.text", support.text.text(language)),
    ];
    let links = [&support.link, &support.password_link];
    let links = LINKS
        .into_iter()
        .zip(links)
        .filter_map(|(name, link)| Some((name, link.as_deref()?)));
    let named = always.into_iter().chain(links);
    let providers = config.service_providers.iter().filter_map(|sp| {
        let name = format!("sp.{}{WAY_IN}", sp.short_name);
        Some((name, way_in(&sp.way_in()?)))
    });
    named
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(providers)
        .collect()
}

/// The short name in the name of a value that is the way to a provider.
fn provider_in(value: &str) -> Option<&str> {
    value.strip_prefix("sp.")?.strip_suffix(WAY_IN)
}

/// What a text names that has no way to it: a provider that is not there, or where nobody knows how to begin.
fn no_way_to(name: &str, config: &Config) -> (String, String) {
    let providers = &config.service_providers;
    if providers.iter().any(|sp| sp.short_name.as_str() == name) {
        return (
            format!(
                "a link leads to the service provider {name}, and it is not said where a sign-in to it starts"
            ),
            format!("write sign-in-link in [sp.{name}]"),
        );
    }
    let known: Vec<_> = providers.iter().map(|sp| sp.short_name.as_str()).collect();
    let hint = if known.is_empty() {
        "there is none yet: `passerelle sp add NAME --metadata URL` adds one".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    };
    let what = format!("a link leads to the service provider {name}, and there is no [sp.{name}]");
    (what, hint)
}

fn of(fault: &ArticleFault, text: &HomeText, values: &Values, config: &Config) -> ConfigFault {
    let line = u32::try_from(fault.line).map(|line| text.first_line.saturating_add(line));
    let mut told = ConfigFault::of_file(&text.path, fault.kind.to_string());
    told.line = line.ok();
    match &fault.kind {
        ArticleFaultKind::Unknown(name) if let Some(provider) = provider_in(name) => {
            let (what, hint) = no_way_to(provider, config);
            told.what = what;
            told.hint(hint);
        }
        ArticleFaultKind::Unknown(name) if let Some(link) = LINKS.iter().find(|it| *it == name) => {
            told.what =
                format!("{{{link}}} stands here, and the configuration says no such address");
            let key = link.trim_start_matches("support.");
            told.hint(format!(
                "write {key} in [support], or take out what leads there"
            ));
        }
        ArticleFaultKind::Unknown(_) => {
            let known: Vec<_> = values.keys().map(String::as_str).collect();
            told.hint(format!("known here: {}", known.join(", ")));
        }
        ArticleFaultKind::Html => {
            told.hint("write Markdown; a remark can stand behind a # at the top of the file");
        }
        ArticleFaultKind::Brace => {
            told.hint("a brace that is to be seen stands in code, between two backticks");
        }
        ArticleFaultKind::Address | ArticleFaultKind::Heading | ArticleFaultKind::Picture => {}
    }
    told
}
