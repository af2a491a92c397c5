//! What holds for every page, tested on the specimens.

use super::*;
use crate::edge::page::{specimens::Cast, template::SOURCES};

const NONCE: &str = "bm9uY2Utbm9uY2U";

fn localized(text: &str) -> Localized {
    Localized {
        fr: text.to_owned(),
        en: None,
    }
}

fn site() -> Site {
    Site {
        organization: localized("Université Paul-Valéry Montpellier 3"),
        organization_url: localized("https://www.univ-montp3.fr"),
        support_text: localized("Assistance > Ajouter un ticket > BBB & Zoom"),
        support_link: Some("https://ent.univ-montp3.fr".to_owned()),
        password_link: Some("https://ent.univ-montp3.fr/mdp".to_owned()),
        lab: false,
        welcome: BTreeMap::new(),
    }
}

/// What the start page says in French.
fn welcome(text: &str, markdown: &str, values: &[(&str, &str)]) -> BTreeMap<Language, Welcome> {
    let values = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let welcome = Welcome {
        title: text.to_owned(),
        lead: text.to_owned(),
        article: Article::write(markdown, &values).unwrap(),
        last_change: "2026-12-01".parse().unwrap(),
    };
    [(Language::Fr, welcome)].into()
}

fn pages() -> Pages {
    Pages::new(site()).unwrap()
}

/// Every specimen in every language: name, page, HTML.
fn rendered<'a>(cast: &Cast<'a>) -> Vec<(String, Page<'a>, String)> {
    let pages = pages();
    let mut all = Vec::new();
    for language in Language::ALL {
        for (name, page) in cast.pages() {
            let html = pages.render(&page, language, NONCE).unwrap();
            all.push((format!("{name}.{}", language.tag()), page, html));
        }
    }
    all
}

/// What a person reads: the text between the tags, with the tags' names taken out.
fn visible(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let body = body.split("<script").next().unwrap();
    let mut text = String::new();
    for part in body.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_tag, text)| text));
        text.push(' ');
    }
    text
}

#[test]
fn every_page_is_whole_and_has_one_heading_a_title_and_its_language() {
    for (name, _, html) in rendered(&Cast::ZOOM) {
        let tag = name.rsplit('.').next().unwrap();
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\""), "{name}");
        assert!(html.contains(&format!("<html lang=\"{tag}\">")), "{name}");
        assert!(html.trim_end().ends_with("</html>"), "{name}");
        for once in [
            "<h1>",
            "<main>",
            "<title>",
            "<body data-page=\"",
            "</h1>",
            "</main>",
        ] {
            assert_eq!(html.matches(once).count(), 1, "{name} {once}");
        }
        assert!(
            html.contains(" – Université Paul-Valéry Montpellier 3</title>"),
            "{name}"
        );
        assert!(
            !html.contains("{{") && !html.contains("{%") && !html.contains("{ $"),
            "{name}"
        );
        assert!(
            !html.contains("undefined") && !html.contains(">none<"),
            "{name}"
        );
    }
}

#[test]
fn the_title_of_the_sign_in_page_names_the_provider_and_the_university() {
    let (_, _, html) = rendered(&Cast::ZOOM).into_iter().next().unwrap();
    let title = "<title>Se connecter à Zoom – Université Paul-Valéry Montpellier 3</title>";
    assert!(html.contains(title), "{html}");
}

#[test]
fn r55_no_page_has_an_inline_style_a_handler_or_a_script_without_the_nonce() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        let lower = html.to_ascii_lowercase();
        for forbidden in [" style=", "<style", "javascript:", "@import", "<iframe"] {
            assert!(!lower.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(!has_handler(&lower), "{name}");
        let scripts = usize::from(matches!(page, Page::Post { .. } | Page::PostFault { .. }));
        let script = format!(
            "<script nonce=\"{NONCE}\">history.replaceState(null,\"\");\
             document.forms[0].submit()</script>"
        );
        assert_eq!(lower.matches("<script").count(), scripts, "{name}");
        assert_eq!(html.matches(&script).count(), scripts, "{name}");
    }
    let css = Pages::style();
    assert!(!css.contains("url(") && !css.contains("@import"));
}

/// Whether an attribute such as `onclick=` is in the text.
fn has_handler(lower: &str) -> bool {
    lower.split(" on").skip(1).any(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .starts_with('=')
    })
}

#[test]
fn r95_markup_in_any_text_is_shown_and_never_obeyed() {
    for hostile in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "{{ t(\"<b>\") }}",
    ] {
        let providers = [(hostile, None), (hostile, Some("https://sp.example/"))];
        let cast = Cast::of(hostile, &providers);
        for (name, page, html) in rendered(&cast) {
            assert!(!html.contains(hostile), "{name}");
            assert!(
                !html.contains("<img") && !html.contains("<script>"),
                "{name}"
            );
            let scripts = usize::from(matches!(page, Page::Post { .. } | Page::PostFault { .. }));
            assert_eq!(html.matches("<script").count(), scripts, "{name}");
        }
        let hostile_site = Site {
            organization: localized(hostile),
            organization_url: localized(&format!("https://sp.example/{hostile}")),
            support_text: localized(hostile),
            support_link: Some(format!("https://sp.example/{hostile}")),
            password_link: Some(format!("https://sp.example/{hostile}")),
            lab: true,
            welcome: welcome(hostile, "{hostile}", &[("hostile", hostile)]),
        };
        let pages = Pages::new(hostile_site).unwrap();
        for (name, page) in Cast::ZOOM.pages() {
            let html = pages.render(&page, Language::Fr, hostile).unwrap();
            assert!(!html.contains(hostile) && !html.contains("<img"), "{name}");
        }
    }
}

#[test]
fn r95_the_hostile_test_does_reach_every_text_of_the_cast() {
    let cast = Cast::of("\u{2318}", &[("\u{2318}", None)]);
    for (name, page, html) in rendered(&cast) {
        let is_constant = matches!(
            page,
            Page::LoggedOut
                | Page::NothingToLogOut
                | Page::Framed
                | Page::Home { providers: [], .. }
        );
        assert_eq!(html.contains('\u{2318}'), !is_constant, "{name}");
    }
}

#[test]
fn a_stop_page_leads_to_the_provider_or_else_to_the_start_page() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        let Page::Stop(stop) = page else {
            continue;
        };
        let without = Stop {
            way_out: None,
            ..stop
        };
        let home = "href=\"/\" data-testid=\"home\"";
        assert_eq!(html.contains(home), stop.way_out.is_none(), "{name}");
        let html = pages().render(&Page::Stop(without), Language::Fr, NONCE);
        let is_our_host = stop.reason != StopReason::BadHost;
        assert_eq!(html.unwrap().contains(home), is_our_host, "{name}");
    }
}

#[test]
fn r53_the_page_that_may_be_framed_has_one_link_that_leaves_the_frame_and_nothing_else() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        assert_eq!(
            html.contains("target="),
            matches!(page, Page::Framed),
            "{name}"
        );
        if !matches!(page, Page::Framed) {
            continue;
        }
        let opens = "href=\"/\" target=\"_blank\" rel=\"noopener\"";
        assert!(html.contains(opens), "{name}");
        assert_eq!(html.matches("<a ").count(), 1, "{name}");
        for other in ["<form", "<input", "<button", "<nav", "<footer", "<details"] {
            assert!(!html.contains(other), "{name}: {other}");
        }
    }
}

#[test]
fn r127_no_page_says_what_is_behind_it() {
    const INTERNAL: [&str; 27] = [
        "saml",
        "assertion",
        "authnrequest",
        "response",
        "relaystate",
        "redis",
        "ldap",
        "directory",
        "annuaire",
        "cas ",
        "xml",
        "acs",
        "idp",
        "metadata",
        "journey",
        "seal ",
        "sceau",
        "token",
        "jeton",
        "panic",
        "error",
        "erreur",
        "backend",
        "database",
        "localhost",
        "none",
        "http",
    ];
    for (name, _, html) in rendered(&Cast::ZOOM) {
        let text = visible(&html).to_lowercase();
        for word in INTERNAL {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn r73_the_text_of_a_refusal_does_not_depend_on_who_was_refused() {
    let pages = pages();
    let text = |username| {
        let page = Page::Login {
            action: "/j/zoom/c2VhbA",
            csrf: "token",
            provider: "Zoom",
            about: About::default(),
            username,
            refused: Some(Refusal::WrongCredentials),
        };
        pages
            .render(&page, Language::Fr, NONCE)
            .unwrap()
            .replace(username, "")
    };
    assert_eq!(text("cmartin01"), text("nobody999"));
}

#[test]
fn a_refusal_is_an_alert_that_both_fields_point_to() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        if let Page::Login {
            refused, username, ..
        } = page
        {
            let alerts = usize::from(refused.is_some());
            assert_eq!(
                html.matches("id=\"refused\" role=\"alert\"").count(),
                alerts,
                "{name}"
            );
            let pointers = html.matches("aria-describedby=\"refused\"").count();
            assert_eq!(pointers, 2 * alerts, "{name}");
            let wrong = refused == Some(Refusal::WrongCredentials);
            assert_eq!(html.contains("aria-invalid"), wrong, "{name}");
            assert_eq!(html.matches(" autofocus").count(), 1, "{name}");
            assert!(html.contains(&format!("value=\"{username}\"")), "{name}");
        }
    }
}

#[test]
fn a_wait_is_never_said_shorter_than_it_is() {
    let pages = pages();
    for (seconds, said) in [
        (0, "dans une seconde"),
        (1, "dans une seconde"),
        (2, "dans 2 secondes"),
        (60, "dans 60 secondes"),
        (61, "dans 2 minutes"),
        (120, "dans 2 minutes"),
        (121, "dans 3 minutes"),
        (900, "dans 15 minutes"),
    ] {
        let page = Page::Login {
            action: "/j/zoom/c2VhbA",
            csrf: "",
            provider: "Zoom",
            about: About::default(),
            username: "",
            refused: Some(Refusal::Wait { seconds }),
        };
        let html = pages.render(&page, Language::Fr, NONCE).unwrap();
        assert!(html.contains(said), "{seconds}");
    }
}

#[test]
fn the_form_has_a_relay_state_field_only_where_there_is_one() {
    let pages = pages();
    for (relay_state, field) in [
        (None, None),
        (
            Some(""),
            Some("<input type=\"hidden\" name=\"RelayState\" value=\"\">"),
        ),
        (
            Some("a\r\n\"&'<é🎓"),
            Some(
                "<input type=\"hidden\" name=\"RelayState\" \
                 value=\"a&#13;&#10;&#34;&amp;&#39;&lt;é🎓\">",
            ),
        ),
    ] {
        let action = "https://sp.example/acs?a=1&b=2";
        let (saml_response, provider) = ("UEhOaGJXdw==", "Zoom");
        let html = [
            Page::Post {
                action,
                saml_response,
                relay_state,
                provider,
            },
            Page::PostFault {
                action,
                saml_response,
                relay_state,
                provider,
            },
        ]
        .map(|page| pages.render(&page, Language::En, NONCE).unwrap());
        for html in &html {
            assert_eq!(html.contains("name=\"RelayState\""), field.is_some());
            assert!(field.is_none_or(|field| html.contains(field)), "{html}");
            assert!(
                html.contains(
                    "<form method=\"post\" action=\"https://sp.example/acs?a=1&amp;b=2\">"
                )
            );
            assert!(html.contains("name=\"SAMLResponse\" value=\"UEhOaGJXdw==\">"));
            assert!(html.contains("<button type=\"submit\" data-testid=\"submit\">Continue<"));
        }
        assert!(html[0].contains("You are signed in"));
        assert!(!html[1].contains("signed in"), "a fault is not a sign-in");
    }
}

#[test]
fn a_stop_page_says_what_to_do_whom_to_ask_and_the_code_in_both_languages() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        if let Page::Stop(stop) = page {
            let slug = stop.reason.slug();
            assert!(html.contains(&format!("data-page=\"stop\" data-reason=\"{slug}\"")));
            assert!(html.contains("<code data-testid=\"support-code\">7K3M-9QPD</code>"));
            assert!(html.contains("<code data-testid=\"stop-code\">P-EXPIRED</code>"));
            assert!(html.contains("<div class=\"masthead\">"), "{name}");
            assert!(html.contains("<span>BBB &amp; Zoom</span>"), "{name}");
            assert!(
                html.contains("https:&#x2f;&#x2f;ent.univ-montp3.fr"),
                "{name}"
            );
            let other = if html.contains("<html lang=\"fr\">") {
                "en"
            } else {
                "fr"
            };
            let (own, folded) = html
                .split_once(&format!("<details class=\"translation\" lang=\"{other}\">"))
                .unwrap();
            let was_a_trial = |text: &str| {
                let notes = ["Ceci était un essai", "This was a test"];
                notes.map(|note| text.contains(note))
            };
            let is_trial = stop.trial.is_some();
            let mut noted = [is_trial && other == "en", is_trial && other == "fr"];
            assert_eq!(was_a_trial(own), noted, "{name}");
            noted.reverse();
            assert_eq!(was_a_trial(folded), noted, "{name}");
            let ways_out = html.matches("data-testid=\"way-out\"").count();
            assert_eq!(ways_out, usize::from(stop.way_out.is_some()), "{name}");
        }
    }
}

#[test]
fn pages_that_can_be_asked_for_again_offer_every_language() {
    for (name, page, html) in rendered(&Cast::ZOOM) {
        let offers = match page {
            Page::Login { .. }
            | Page::Start { .. }
            | Page::LogoutConfirm { .. }
            | Page::NothingToLogOut
            | Page::NotFound { .. }
            | Page::Trials { .. }
            | Page::Home { .. } => 1,
            Page::Post { .. }
            | Page::PostFault { .. }
            | Page::PasswordEnds(_)
            | Page::Stop(_)
            | Page::LoggedOut
            | Page::Trial(_)
            | Page::Framed => 0,
        };
        for tag in ["fr", "en"] {
            // A link that names where to go to is the same one in every language.
            let named = if let Page::Start { action, .. } = page {
                action.split_once('?').map(|(_, query)| query)
            } else {
                None
            };
            let rest = named
                .map(|query| format!("{query}&amp;"))
                .unwrap_or_default();
            let link = format!(
                "<a href=\"?{rest}lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\" \
                 data-testid=\"lang-{tag}\""
            );
            assert_eq!(html.matches(&link).count(), offers, "{name}");
        }
    }
}

#[test]
fn r54_a_page_leads_nowhere_but_to_the_web_and_to_our_own_paths() {
    let pages = pages();
    let refused = |page: &Page<'_>| {
        matches!(
            pages.render(page, Language::Fr, NONCE),
            Err(PageError::Address)
        )
    };
    let login = |action| Page::Login {
        action,
        csrf: "",
        provider: "Zoom",
        about: About::default(),
        username: "",
        refused: None,
    };
    let post = |action| Page::Post {
        action,
        saml_response: "",
        relay_state: None,
        provider: "Zoom",
    };
    let stop = |link| {
        Page::Stop(Stop {
            code: "",
            reason: StopReason::Busy,
            support_code: "",
            way_out: Some(("Zoom", link)),
            again: None,
            trial: None,
            shown: None,
        })
    };
    for link in [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        " https://evil.example",
        "relative",
    ] {
        assert!(refused(&login(link)), "{link}");
        assert!(refused(&post(link)), "{link}");
        assert!(refused(&stop(link)), "{link}");
        assert!(
            refused(&Page::Home {
                providers: &[("Zoom", Some(link))],
                may_sign_out: false,
            }),
            "{link}"
        );
        assert!(
            refused(&Page::Trials {
                trials: &[("Zoom", link)]
            }),
            "{link}"
        );
        let support = Site {
            support_link: Some(link.to_owned()),
            ..site()
        };
        assert!(
            matches!(Pages::new(support), Err(PageError::Address)),
            "{link}"
        );
    }
    assert!(refused(&login("https://elsewhere.example/")));
    assert!(refused(&post("/own/path")));
    assert!(!refused(&login("/j/zoom/c2VhbA")) && !refused(&stop("/logout")));
}

#[test]
fn a_message_goes_out_in_clear_only_in_the_laboratory_which_says_so() {
    let laboratory = Pages::new(Site {
        lab: true,
        ..site()
    })
    .unwrap();
    let page = Page::Post {
        action: "http://sp.localhost/acs",
        saml_response: "",
        relay_state: None,
        provider: "Zoom",
    };
    assert!(matches!(
        pages().render(&page, Language::Fr, NONCE),
        Err(PageError::Address)
    ));
    assert!(laboratory.render(&page, Language::Fr, NONCE).is_ok());
    let banner = "Mode laboratoire\u{a0}: adresses http autorisées, ne pas utiliser en production.";
    for (name, page) in Cast::ZOOM.pages() {
        let html = laboratory.render(&page, Language::Fr, NONCE).unwrap();
        assert!(visible(&html).contains(banner), "{name}");
        let html = pages().render(&page, Language::Fr, NONCE).unwrap();
        assert!(!html.contains("laboratoire"), "{name}");
    }
}

#[test]
fn a_site_whose_texts_or_links_hold_a_mark_of_a_page_cut_at_marks_is_refused() {
    for mark in ["\u{f8d0}", "\u{f8d5}"] {
        let link = format!("https://univ.example/{mark}");
        for marked in [
            Site {
                organization: localized(mark),
                ..site()
            },
            Site {
                support_text: localized(mark),
                ..site()
            },
            Site {
                organization_url: localized(&link),
                ..site()
            },
            Site {
                support_link: Some(link.clone()),
                ..site()
            },
            Site {
                password_link: Some(link.clone()),
                ..site()
            },
        ] {
            assert!(matches!(
                Pages::new(marked),
                Err(PageError::ReservedCharacter)
            ));
        }
    }
}

#[test]
fn the_form_that_is_shown_first_is_what_its_template_says() {
    let pages = pages();
    for language in Language::ALL {
        let login = Login {
            action: "/j/zoom/AbC-_",
            csrf: "bm9uY2U",
            provider: "A & B <\"Zoom\">",
            about: About::default(),
            username: "",
            refused: None,
        };
        let page = Page::Login {
            action: login.action,
            csrf: login.csrf,
            provider: login.provider,
            about: login.about,
            username: login.username,
            refused: login.refused,
        };
        // Each of the two escapes more than it must, and not the same.
        let read = |html: &str| html.replace("&#x2f;", "/").replace("&quot;", "&#34;");
        let by_template = pages.edition(language).login_by_template(&login).unwrap();
        let shown = pages.render(&page, language, NONCE).unwrap();
        assert_eq!(read(&shown), read(&by_template));
        assert!(shown.contains("A &amp; B &lt;") && shown.contains("action=\"/j/zoom/AbC-_\""));
    }
}

#[test]
fn no_template_escapes_the_escaping() {
    for (name, source) in SOURCES.into_iter().chain(sheet::SOURCES) {
        assert!(
            !source.contains("safe") && !source.contains("autoescape"),
            "{name}"
        );
    }
}

#[test]
fn r42_no_page_leads_to_what_a_provider_says_unless_it_is_on_the_web() {
    let pages = pages();
    let with = |about: About<'_>| {
        let action = "/j/zoom/c2VhbA";
        let login = Page::Login {
            action,
            csrf: "token",
            provider: "Zoom",
            about,
            username: "",
            refused: None,
        };
        let start = Page::Start {
            action,
            provider: "Zoom",
            about,
        };
        [login, start].map(|page| pages.render(&page, Language::En, NONCE))
    };
    let (information, privacy) = (Some("https://sp.example/?a&b"), Some("http://sp.example/p"));
    let about = About {
        description: None,
        information,
        privacy,
    };
    for html in with(about) {
        let html = html.unwrap().replace("&#x2f;", "/");
        assert!(html.contains(
            "href=\"https://sp.example/?a&amp;b\" data-testid=\"about-information\">About Zoom<"
        ));
        assert!(html.contains(
            "href=\"http://sp.example/p\" data-testid=\"about-privacy\">Privacy at Zoom<"
        ));
    }
    for html in with(About::default()) {
        assert!(!html.unwrap().contains("about"));
    }
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "//sp.example",
        "/logout",
        "",
    ] {
        for about in [
            About {
                information: Some(bad),
                ..about
            },
            About {
                privacy: Some(bad),
                ..about
            },
        ] {
            for html in with(about) {
                assert!(matches!(html, Err(PageError::Address)), "{bad}");
            }
        }
    }
}

#[test]
fn the_start_page_says_what_the_administrator_wrote_around_its_services() {
    let site = Site {
        welcome: welcome(
            "Zoom & nous",
            "## Un *titre*\n\nVoir {there}.",
            &[("there", "<là>")],
        ),
        ..site()
    };
    let pages = Pages::new(site).unwrap();
    let home = Page::Home {
        providers: Cast::ZOOM.providers,
        may_sign_out: false,
    };
    let html = pages.render(&home, Language::Fr, NONCE).unwrap();
    assert!(
        html.contains("<title>Zoom &amp; nous – Université"),
        "{html}"
    );
    assert!(html.contains("<h1>Zoom &amp; nous</h1>\n<p class=\"lead\">Zoom &amp; nous</p>"));
    let article = "<h2>Un <em>titre</em></h2>\n<p>Voir &lt;là&gt;.</p>\n";
    let (before, after) = html.split_once(article).unwrap();
    assert!(before.contains(">Se connecter à Zoom</a>"), "{before}");
    assert!(
        after.contains("Page mise à jour le 1er décembre 2026."),
        "{after}"
    );
    // The other language has its list, and what is good to know.
    let html = pages.render(&home, Language::En, NONCE).unwrap();
    assert!(
        html.contains("Good to know") && !html.contains("Zoom &amp; nous"),
        "{html}"
    );
}

#[test]
fn every_month_has_its_name() {
    for (language, day, said) in [
        (Language::Fr, "2027-01-31", "le 31 janvier 2027."),
        (Language::Fr, "2028-08-01", "le 1er août 2028."),
        (Language::En, "2027-05-01", "on 1 May 2027."),
        (Language::En, "2027-12-24", "on 24 December 2027."),
    ] {
        let mut welcome = welcome("", "", &[]).remove(&Language::Fr).unwrap();
        welcome.last_change = day.parse().unwrap();
        let site = Site {
            welcome: [(language, welcome)].into(),
            ..site()
        };
        let home = Page::Home {
            providers: &[],
            may_sign_out: false,
        };
        let html = Pages::new(site).unwrap().render(&home, language, NONCE);
        assert!(html.unwrap().contains(said), "{day}");
    }
}
