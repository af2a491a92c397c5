use crate::{
    edge::page::{
        Page, Pages, Site,
        specimens::{TRIALS, trial},
    },
    flow::trial::Trial,
    model::language::{Language, Localized},
    sp_check::Rule,
};

fn rendered(page: &Page<'_>, language: Language) -> String {
    let localized = |text: &str| Localized {
        fr: text.to_owned(),
        en: None,
    };
    let site = Site {
        organization: localized("Université"),
        organization_url: localized("https://www.univ.example"),
        support_text: localized("Assistance"),
        support_link: None,
        password_link: None,
        lab: false,
        welcome: std::collections::BTreeMap::new(),
    };
    let pages = Pages::new(site).unwrap();
    pages.render(page, language, "nonce").unwrap()
}

fn title(trial: &Trial, language: Language) -> String {
    let html = rendered(&Page::Trial(trial), language);
    let (_, rest) = html.split_once("<h1 ").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[test]
fn the_verdict_comes_first_and_is_that_of_the_strict_reader() {
    let advice = [Rule::KeyInfo, Rule::Unsolicited];
    for (broken, has_own_rules, french, english) in [
        (
            &[][..],
            true,
            "Zoom accepterait cette connexion",
            "Zoom would accept this sign-in",
        ),
        (
            &[Rule::Destination],
            true,
            "Zoom refuserait cette connexion",
            "Zoom would refuse this sign-in",
        ),
        (
            &advice,
            false,
            "Cette connexion suit toutes les règles",
            "This sign-in keeps all the rules",
        ),
        (
            &[Rule::Destination],
            false,
            "Cette connexion enfreint une règle au moins",
            "This sign-in breaks a rule at least",
        ),
    ] {
        let trial = Trial {
            has_own_rules,
            ..trial("Zoom", broken)
        };
        assert_eq!(title(&trial, Language::Fr), french);
        assert_eq!(title(&trial, Language::En), english);
        let html = rendered(&Page::Trial(&trial), Language::En);
        for rule in broken {
            // Once where it counts, and once in the list of all rules.
            assert_eq!(html.matches(rule.sentence()).count(), 2, "{rule:?}");
        }
        let is_told = html.contains("may accept what they refuse");
        assert_eq!(is_told, !has_own_rules);
    }
}

#[test]
fn r41_beside_the_certificate_of_the_throw_away_key_stands_where_ours_is() {
    for (language, warning) in [
        (Language::Fr, "Ne copiez pas le certificat"),
        (Language::En, "Do not copy the certificate"),
    ] {
        let html = rendered(&Page::Trial(&trial("Zoom", &[])), language);
        let (_, rest) = html.split_once("data-testid=\"certificate\"").unwrap();
        let (sentence, rest) = rest.split_once("</p>").unwrap();
        assert!(sentence.contains(warning), "{sentence}");
        assert!(
            sentence.contains("<a href=\"/saml/metadata\">"),
            "{sentence}"
        );
        assert!(rest.starts_with("\n<pre "), "{rest}");
    }
}

#[test]
fn r95_markup_in_what_is_known_of_a_person_is_shown_and_never_obeyed() {
    for hostile in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "</pre><form action=\"https://evil.example\">",
        "{{ t(\"<b>\") }}",
    ] {
        let trial = trial(hostile, &[]);
        for language in Language::ALL {
            let html = rendered(&Page::Trial(&trial), language);
            assert!(!html.contains(hostile));
            for tag in ["<script", "<img", "<form", "<b>"] {
                assert!(!html.contains(tag), "{tag}");
            }
            let html = rendered(
                &Page::Trials {
                    trials: &[(hostile, "/test/zoom")],
                },
                language,
            );
            assert!(!html.contains(hostile) && !html.contains("<script"));
        }
    }
}

#[test]
fn r95_the_hostile_test_does_reach_everything_that_is_known_of_a_person() {
    let html = rendered(&Page::Trial(&trial("\u{2318}", &[])), Language::Fr);
    // Title, heading and sentences; the account; the name with its source; two attributes of two values, with
    // their labels, sources and a rule; what is withheld; the Response; the decision.
    for part in ["told", "person", "origins", "withheld", "xml", "decisions"] {
        let (_, rest) = html.split_once(&format!("data-testid=\"{part}\"")).unwrap();
        let (shown, _) = rest.split_once("</details>").unwrap();
        assert!(shown.contains('\u{2318}'), "{part}");
    }
}

#[test]
fn r54_a_test_is_begun_at_a_path_of_ours_or_nowhere() {
    let html = rendered(&Page::Trials { trials: TRIALS }, Language::En);
    assert_eq!(html.matches("<form method=\"post\" action=\"").count(), 2);
    let html = html.replace("&#x2f;", "/");
    assert!(html.contains("action=\"/test/zoom\"") && html.contains("Try with Zoom"));
    let none = rendered(&Page::Trials { trials: &[] }, Language::En);
    assert!(none.contains("No service is open") && !none.contains("<form"));
}
