//! Writes every page, in every language, into a folder, with the headers that the server would send:
//! `cargo run --example pages -- /tmp/pages`. `tests/browser/pages.mjs` serves the folder and looks at each.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, anyhow};
use axum::{http::header, response::IntoResponse};
use passerelle::{
    edge::{
        headers::{Framing, PagePolicy, protect},
        page::{
            Page, Pages, Site, Stop, StopReason, Welcome,
            article::Article,
            gallery::{Gallery, sheet_to_mend},
            sheet,
            specimens::Cast,
        },
    },
    model::language::{Language, Localized},
};
use serde_json::{Value, json};

const NONCE: &str = "bm9uY2U";
const KIND: &str = "text/html; charset=utf-8";

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).context("usage: pages FOLDER")?;
    let mut folder = Folder {
        path: folder.into(),
        listed: Vec::new(),
    };
    fs::create_dir_all(folder.path.join("assets"))?;
    for (path, kind, content) in [
        (Pages::STYLE_PATH, "text/css; charset=utf-8", Pages::style()),
        (Pages::ICON_PATH, "image/svg+xml", Pages::icon()),
    ] {
        let headers = headers(&[(header::CONTENT_TYPE, kind)], None);
        folder.write(path, content, json!({ "headers": headers }))?;
    }
    let pages = Pages::new(site())?;
    for (name, page) in Gallery::default().pages() {
        folder.show(&pages, &name, &page)?;
    }
    for (name, site, page) in of_other_sites()? {
        folder.show(&Pages::new(site)?, name, &page)?;
    }
    folder.show_sheet()?;
    let listed = serde_json::to_string_pretty(&folder.listed)?;
    fs::write(folder.path.join("pages.json"), listed)?;
    Ok(())
}

/// Where the pages are written, and what is there.
struct Folder {
    path: PathBuf,
    listed: Vec<Value>,
}

impl Folder {
    /// A page in every language.
    fn show(&mut self, pages: &Pages, name: &str, page: &Page<'_>) -> anyhow::Result<()> {
        for language in Language::ALL {
            let html = pages.render(page, language, NONCE)?;
            let about = json!({
                "name": name,
                "language": language.tag(),
                "headers": headers(&[(header::CONTENT_TYPE, KIND)], Some(page)),
                "action": action(page),
            });
            self.write(&format!("/{name}.{}.html", language.tag()), &html, about)?;
        }
        Ok(())
    }

    /// The sheet for a provider's form, which has both languages in one file and brings its own policy: it is opened
    /// from a disk, where there are no headers.
    fn show_sheet(&mut self) -> anyhow::Result<()> {
        let html = sheet::write(&sheet_to_mend()?, "https://idp.univ-montp3.fr")?;
        for language in Language::ALL {
            let about = json!({
                "name": "sheet-to-mend",
                "language": language.tag(),
                "headers": { "content-type": KIND },
            });
            self.write("/sheet-to-mend.html", &html, about)?;
        }
        Ok(())
    }

    fn write(&mut self, path: &str, content: &str, mut about: Value) -> anyhow::Result<()> {
        fs::write(self.path.join(path.trim_start_matches('/')), content)?;
        let fields = about.as_object_mut().context("what is said of a file")?;
        fields.insert("path".to_owned(), path.into());
        self.listed.push(about);
        Ok(())
    }
}

/// What the server sends before the content, where people sign in at its own form.
fn headers(
    own: &[(header::HeaderName, &str)],
    page: Option<&Page<'_>>,
) -> BTreeMap<String, String> {
    let mut response = ().into_response();
    let headers = response.headers_mut();
    for (name, value) in own {
        headers.extend(header::HeaderValue::from_str(value).map(|value| (name.clone(), value)));
    }
    if let Some(policy) = page.and_then(|page| PagePolicy::of(page, false, NONCE).header()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let framing = if matches!(page, Some(Page::Framed)) {
        Framing::Allowed
    } else {
        Framing::Refused
    };
    protect(response, true, framing)
        .headers()
        .iter()
        .filter(|(name, _)| *name != header::CONTENT_LENGTH)
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// Where the page sends itself to, without a click.
const fn action<'a>(page: &Page<'a>) -> Option<&'a str> {
    if let Page::Post { action, .. } | Page::PostFault { action, .. } = *page {
        Some(action)
    } else {
        None
    }
}

fn localized(fr: &str, en: &str) -> Localized {
    Localized {
        fr: fr.to_owned(),
        en: Some(en.to_owned()),
    }
}

/// The university's.
fn site() -> Site {
    Site {
        organization: localized(
            "Université Paul-Valéry Montpellier 3",
            "Paul-Valéry University Montpellier 3",
        ),
        organization_url: localized(
            "https://www.univ-montp3.fr",
            "https://www.univ-montp3.fr/en",
        ),
        support_text: localized(
            "Dans l’ENT : Assistance > Demande d’intervention > Ajouter un ticket > \
             Service DINN / ATELIER > Wooclap, BBB, Cisco Webex & Zoom.",
            "In the ENT: Assistance > Demande d’intervention > Ajouter un ticket > \
             Service DINN / ATELIER > Wooclap, BBB, Cisco Webex & Zoom.",
        ),
        support_link: Some("https://ent.univ-montp3.fr".to_owned()),
        password_link: Some("https://ent.univ-montp3.fr".to_owned()),
        lab: false,
        welcome: BTreeMap::new(),
    }
}

/// The pages that look different elsewhere: with a text of the administrator's, in the laboratory, and where nothing is
/// said that need not be.
fn of_other_sites() -> anyhow::Result<Vec<(&'static str, Site, Page<'static>)>> {
    let cast = Cast::ZOOM;
    let home = Page::Home {
        providers: cast.providers,
        may_sign_out: true,
    };
    let login = Page::Login {
        action: "/j/zoom/c2VhbA",
        csrf: cast.csrf,
        provider: cast.provider,
        about: cast.about,
        username: "",
        refused: None,
    };
    let must_change = Page::Stop(Stop {
        code: cast.code,
        reason: StopReason::PasswordMustChange,
        support_code: cast.support_code,
        way_out: None,
        again: None,
        trial: None,
        shown: None,
    });
    let mut with_text = site();
    with_text.welcome = welcome()?;
    let mut in_laboratory = site();
    in_laboratory.lab = true;
    let mut bare = site();
    bare.support_link = None;
    bare.password_link = None;
    Ok(vec![
        ("home-with-text", with_text.clone(), home),
        (
            "home-with-text-alone",
            with_text,
            Page::Home {
                providers: &[],
                may_sign_out: false,
            },
        ),
        ("home-in-laboratory", in_laboratory.clone(), home),
        ("login-in-laboratory", in_laboratory, login),
        ("login-without-links", bare.clone(), login),
        ("stop-without-links", bare, must_change),
    ])
}

/// The text that the university's start page begins with, and all else that Markdown can make of one.
fn welcome() -> anyhow::Result<BTreeMap<Language, Welcome>> {
    let mut welcome = BTreeMap::new();
    for (language, text) in [
        (Language::Fr, include_str!("../config/texts/home.fr.md")),
        (Language::En, include_str!("../config/texts/home.en.md")),
    ] {
        let parts: Vec<_> = text.splitn(3, "+++\n").collect();
        let [_, front, text] = parts.as_slice() else {
            return Err(anyhow!("the text has no front"));
        };
        let front: toml::Table = front.parse()?;
        let said = |key: &str| front.get(key).and_then(toml::Value::as_str);
        let text = format!("{text}\n{MORE}");
        let values = [
            (
                "sp.zoom.sign-in-link",
                "https://univ-montp3-fr.zoom.us/saml/login",
            ),
            ("support.link", "https://ent.univ-montp3.fr"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let article = Article::write(&text, &values.into())
            .map_err(|faults| anyhow!("the text cannot be shown: {faults:?}"))?;
        let written = Welcome {
            title: said("title").context("no title")?.to_owned(),
            lead: said("lead").context("no lead")?.to_owned(),
            article,
            last_change: "2026-11-28".parse()?,
        };
        welcome.insert(language, written);
    }
    Ok(welcome)
}

const MORE: &str = "\
## Lorem ipsum

### Dolor sit amet

> Consectetur *adipiscing* elit, sed do eiusmod **tempor** incididunt.

1. Ut labore `et dolore magna aliqua`
2. [Ut enim ad minim veniam](https://univ-montp3-fr.zoom.us/meeting/register/\
tZ0kcuGorz8pG9Yx3m1hQe7sVbLw5dXnAaJf2KpRrTtUuWwZz)

    $ quis nostrud --exercitation ullamco=laboris --nisi-ut aliquip/ex/ea/commodo/consequat/duis/aute/irure

***

Excepteur sint occaecat.
";
