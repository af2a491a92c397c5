//! The start page: what the administrator wrote, through the configuration, a reload and the routes.

use std::{fs, path::Path};

use passerelle::config::fault::ConfigFault;
use tempfile::TempDir;

use crate::bridge::{Bridge, Setup, ZOOM, ZOOM_SIGN_IN, browser::Browser};

/// A configuration that names `folder` for its texts.
fn with_texts(folder: &Path) -> Setup {
    Setup {
        more: format!("[texts]\nfolder = '{}'", folder.display()),
        ..Setup::new()
    }
}

/// The texts of the university, in a folder of their own.
fn texts() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/texts");
    for name in ["home.fr.md", "home.en.md"] {
        fs::copy(shipped.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// What the start page says in `language`.
async fn home(browser: &mut Browser, language: &'static str) -> String {
    browser.language = language;
    let page = browser.open("/").await;
    assert_eq!((page.status, &*page.kind()), (200, "home"));
    page.body
}

#[tokio::test]
async fn the_start_page_of_the_university_says_what_people_need_in_both_languages() {
    let folder = texts();
    let bridge = with_texts(folder.path()).build();
    let mut browser = bridge.browser();
    let sign_in = format!("<a href=\"{ZOOM_SIGN_IN}\">");
    for (language, said) in [
        (
            "fr",
            [
                "Rejoindre une réunion.",
                "Démarrer une réunion.",
                "La première connexion crée votre compte.",
                "transférer",
                "une année universitaire à la fois",
                "La charte.",
                "un an de prison et de 45\u{202f}000\u{a0}euros",
                "article 226-1",
                "Ouvrez un ticket",
                "Page mise à jour le ",
            ],
        ),
        (
            "en",
            [
                "Join a meeting.",
                "Start a meeting.",
                "The first sign-in makes your account.",
                "transfer",
                "one academic year at a time",
                "The charter.",
                "one year of prison and a fine of 45,000 euros",
                "article 226-1",
                "Open a ticket",
                "Page last changed on ",
            ],
        ),
    ] {
        let page = home(&mut browser, language).await;
        for text in said {
            assert!(page.contains(text), "{text}: {page}");
        }
        // Its values are those of this configuration, in the text and in the list below the heading.
        assert!(page.contains(&sign_in), "{page}");
        // Zoom's own pages for who has a number, and for who begins: that one asks for a sign-in first.
        for path in ["join", "start/videomeeting"] {
            let link = format!("<a href=\"https://{ZOOM}/{path}\">");
            assert_eq!(page.matches(&link).count(), 1, "{link}: {page}");
        }
        assert!(
            page.contains("<a href=\"https://help.example.org\">"),
            "{page}"
        );
        assert!(page.contains("class=\"button\""), "{page}");
    }
}

#[tokio::test]
async fn a_text_that_changes_is_on_the_page_after_a_reload_and_not_before() {
    let folder = texts();
    let setup = with_texts(folder.path());
    let bridge = setup.clone().build();
    let mut browser = bridge.live_browser();
    let path = folder.path().join("home.en.md");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Join a meeting.", "Come in.")).unwrap();
    assert!(home(&mut browser, "en").await.contains("Join a meeting."));
    bridge.reload(&setup).unwrap();
    assert!(home(&mut browser, "en").await.contains("Come in."));
    // Without texts there is the list.
    bridge.reload(&Setup::new()).unwrap();
    assert!(home(&mut browser, "en").await.contains("Good to know"));
}

#[tokio::test]
async fn a_text_that_cannot_be_a_page_changes_nothing_and_every_fault_has_its_line() {
    let folder = texts();
    let setup = with_texts(folder.path());
    let bridge = setup.clone().build();
    let (fr, en) = (
        folder.path().join("home.fr.md"),
        folder.path().join("home.en.md"),
    );
    let text = fs::read_to_string(&fr).unwrap();
    let lines = text.lines().count();
    fs::write(&fr, format!("{text}{{suport.link}}\n\n[x](javascript:x)\n")).unwrap();
    let other = fs::read_to_string(&en).unwrap();
    fs::write(&en, format!("{other}\n<b>x</b>\n")).unwrap();
    let faults = bridge.reload(&setup).unwrap_err();
    let told: Vec<_> = faults
        .iter()
        .map(
            |ConfigFault {
                 file, line, what, ..
             }| (file.clone(), line.unwrap(), &**what),
        )
        .collect();
    let at = |more: usize| u32::try_from(lines + more).unwrap();
    assert_eq!(
        told,
        [
            (
                fr.clone(),
                at(1),
                "{suport.link} is not the name of a value"
            ),
            (
                fr,
                at(3),
                "a link leads neither to http, https or mailto nor to a path of our own"
            ),
            (en, at(2), "holds HTML, which is not taken"),
        ]
    );
    let known = faults[0].hint.as_deref().unwrap();
    assert_eq!(
        known,
        "known here: organization.name, organization.url, sp.closed.sign-in-link, sp.zoom.sign-in-link, \
         support.link, support.password-link, support.text"
    );
    let page = home(&mut bridge.live_browser(), "fr").await;
    assert!(page.contains("Rejoindre une réunion.") && !page.contains("suport"));
}

#[tokio::test]
async fn a_link_to_a_provider_that_is_not_there_is_told_as_one_with_those_that_are() {
    let folder = texts();
    let setup = with_texts(folder.path());
    let bridge = setup.clone().build();
    let path = folder.path().join("home.en.md");
    let text = fs::read_to_string(&path).unwrap();
    let links = "\n[a]({sp.zom.sign-in-link})\n\n[b]({sp.library.sign-in-link})\n";
    fs::write(&path, format!("{text}{links}")).unwrap();
    let faults = bridge.reload(&setup).unwrap_err();
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (&*fault.what, fault.hint.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "a link leads to the service provider zom, and there is no [sp.zom]",
                "there are: closed, intranet, library, zoom"
            ),
            (
                "a link leads to the service provider library, and it is not said where a sign-in to it starts",
                "write sign-in-link in [sp.library]"
            ),
        ]
    );
}

#[tokio::test]
async fn a_link_that_the_configuration_does_not_say_is_told_with_the_key_that_says_it() {
    let folder = texts();
    let setup = with_texts(folder.path());
    let bridge = setup.clone().build();
    let path = bridge.folder.path().join("passerelle.toml");
    let text = fs::read_to_string(&path).unwrap();
    let without: Vec<_> = { text.lines() }
        .filter(|line| !line.starts_with("link = ") && !line.starts_with("password-link = "))
        .collect();
    fs::write(&path, without.join("\n")).unwrap();
    let faults = bridge.live.reload("a test").unwrap_err();
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (&*fault.what, fault.hint.as_deref().unwrap()))
        .collect();
    let fault = (
        "{support.link} stands here, and the configuration says no such address",
        "write link in [support], or take out what leads there",
    );
    assert_eq!(told, [fault, fault]);
}

#[tokio::test]
async fn without_texts_the_start_page_lists_the_services() {
    let bridge = Bridge::new();
    let page = home(&mut bridge.browser(), "fr").await;
    let zoom = format!(
        "href=\"{}\">Se connecter à Zoom",
        ZOOM_SIGN_IN.replace('/', "&#x2f;")
    );
    assert!(
        page.contains(&zoom) && page.contains("Bon à savoir"),
        "{page}"
    );
}
