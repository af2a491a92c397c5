//! Writes every page, in every language, into a folder, to look at:
//! `cargo run --example pages -- /tmp/pages`, then serve the folder.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Context;
use passerelle::{
    edge::page::{
        Page, Pages, Site,
        specimens::{Cast, TRIALS, trial},
    },
    model::language::{Language, Localized},
    sp_check::Rule,
};

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .context("usage: pages FOLDER [lab]")?;
    let folder = PathBuf::from(folder);
    let localized = |fr: &str, en: Option<&str>| Localized {
        fr: fr.to_owned(),
        en: en.map(ToOwned::to_owned),
    };
    let pages = Pages::new(Site {
        organization: localized("Université Paul-Valéry Montpellier 3", None),
        organization_url: localized("https://www.univ-montp3.fr", None),
        support_text: localized(
            "Assistance > Demande d'intervention > Ajouter un ticket > Service DINN / ATELIER > \
             Wooclap, BBB, Cisco Webex & Zoom",
            None,
        ),
        support_link: Some("https://ent.univ-montp3.fr".to_owned()),
        password_link: Some("https://ent.univ-montp3.fr".to_owned()),
        lab: std::env::args().nth(2).as_deref() == Some("lab"),
        welcome: BTreeMap::new(),
    })?;
    fs::create_dir_all(folder.join("assets"))?;
    fs::write(folder.join("assets/style.css"), Pages::style())?;
    fs::write(folder.join("assets/icon.svg"), Pages::icon())?;
    let (taken, refused) = (
        trial("Zoom", &[]),
        trial("Zoom", &[Rule::AuthnInstant, Rule::KeyInfo]),
    );
    let of_tests = [
        ("trials", Page::Trials { trials: TRIALS }),
        ("trial", Page::Trial(&taken)),
        ("trial-refused", Page::Trial(&refused)),
    ];
    for language in Language::ALL {
        let of_tests = of_tests.map(|(name, page)| (name.to_owned(), page));
        for (name, page) in Cast::ZOOM.pages().into_iter().chain(of_tests) {
            let html = pages.render(&page, language, "bm9uY2U")?;
            fs::write(folder.join(format!("{name}.{}.html", language.tag())), html)?;
        }
    }
    Ok(())
}
