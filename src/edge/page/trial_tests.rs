use crate::{
    edge::page::{
        Page, Pages, RealSignIn, Site, Stop, StopReason,
        specimens::{TRIALS, stopped_trial, trial},
    },
    flow::trial::{StoppedTrial, Trial},
    model::{
        language::{Language, Localized},
        trace::Verdict,
    },
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
            assert_eq!(html.matches(sentence(*rule)).count(), 2, "{rule:?}");
        }
        let is_told = html.contains("may accept what they refuse");
        assert_eq!(is_told, !has_own_rules);
    }
}

/// What the English page says of some broken rules.
fn sentence(rule: Rule) -> &'static str {
    let sentences = [
        (
            Rule::Destination,
            "Destination is not exactly the assertion consumer service.",
        ),
        (
            Rule::KeyInfo,
            "KeyInfo holds another certificate than the provider was given.",
        ),
        (
            Rule::Unsolicited,
            "The Response answers no request, so nothing stops its replay.",
        ),
    ];
    let mut known = sentences.into_iter().filter(|(known, _)| *known == rule);
    known.next().unwrap().1
}

/// The entries of the list that is marked so.
fn entries(html: &str, mark: &str) -> Vec<String> {
    let (_, rest) = html
        .split_once(&format!("data-testid=\"{mark}\">"))
        .unwrap();
    let (list, _) = rest.split_once("</details>").unwrap();
    list.split("<li>").skip(1).map(str::to_owned).collect()
}

#[test]
fn every_rule_that_can_be_broken_and_every_decision_is_said_in_the_language_of_the_page() {
    let trial = trial("\u{2318}", Rule::ALL);
    let [french, english] =
        [Language::Fr, Language::En].map(|language| rendered(&Page::Trial(&trial), language));
    for (mark, count) in [
        ("rules", Rule::ALL.len()),
        ("decisions", Verdict::every(1, "").len()),
    ] {
        let (french, english) = (entries(&french, mark), entries(&english, mark));
        assert_eq!((french.len(), english.len()), (count, count), "{mark}");
        for (french, english) in french.iter().zip(&english) {
            assert_ne!(french, english, "{mark}");
        }
        let [french, english] = [french, english].map(|entries| entries.concat());
        let is_english = |text: &str| [" the ", " is ", " of "].map(|word| text.contains(word));
        assert_eq!(is_english(&english), [true; 3], "{mark}");
        assert_eq!(is_english(&french), [false; 3], "{mark}");
    }
}

#[test]
fn a_rule_that_is_kept_is_said_in_words_too_and_by_its_name_for_support_alone() {
    let (kept, broken) = (trial("\u{2318}", &[]), trial("\u{2318}", Rule::ALL));
    for (language, [not_found, found]) in [
        (
            Language::Fr,
            ["Pas constaté\u{a0}: ", "<strong>Constaté\u{a0}:</strong> "],
        ),
        (Language::En, ["Not found: ", "<strong>Found:</strong> "]),
    ] {
        let [kept, broken] = [&kept, &broken]
            .map(|trial| entries(&rendered(&Page::Trial(trial), language), "rules"));
        assert_eq!(
            (kept.len(), broken.len()),
            (Rule::ALL.len(), Rule::ALL.len())
        );
        for ((kept, broken), rule) in kept.iter().zip(&broken).zip(Rule::ALL) {
            let kept = kept.strip_prefix(not_found).unwrap();
            // What is refused is said by the same words, found or not.
            assert_eq!(Some(kept), broken.strip_prefix(found));
            let (sentence, name) = kept.split_once(" <code translate=\"no\">").unwrap();
            assert!(sentence.ends_with('.') && sentence.contains(' '), "{kept}");
            assert!(name.starts_with(&format!("{rule:?}</code>")), "{kept}");
        }
    }
}

#[test]
fn the_figures_of_rules_and_decisions_are_those_that_count() {
    let trial = trial("\u{2318}", Rule::ALL);
    for (language, figures) in [
        (
            Language::Fr,
            [
                "à plus de 60 secondes de",
                "a plus de 3000 secondes",
                "a plus de 7200 secondes",
                "de 1 à 256 caractères",
                "de 60 à 120 secondes",
                "plus de 5 minutes",
                "un texte de 256 caractères",
                "de plus de 256 caractères",
            ],
        ),
        (
            Language::En,
            [
                "within 60 seconds",
                "older than 3000 seconds",
                "older than 7200 seconds",
                "of 1 to 256 characters",
                "60 to 120 seconds",
                "more than 5 minutes",
                "at most 256 characters",
                "more than 256 characters",
            ],
        ),
    ] {
        let html = rendered(&Page::Trial(&trial), language);
        for figure in figures {
            assert!(html.contains(figure), "{figure}");
        }
    }
}

#[test]
fn r121_no_log_can_show_what_a_trial_shows() {
    let trial = trial("\u{2318}", &[]);
    assert_eq!(format!("{trial:?}"), "Trial(…)");
    assert_eq!(format!("{:?}", trial.attributes), "[Told(…), Told(…)]");
}

#[test]
fn the_page_says_what_was_not_tried() {
    for (language, sentence) in [
        (Language::Fr, "si Zoom possède notre certificat"),
        (Language::En, "whether Zoom holds our certificate"),
    ] {
        let html = rendered(&Page::Trial(&trial("Zoom", &[])), language);
        let (_, rest) = html.split_once("data-testid=\"untried\">").unwrap();
        assert!(rest.split_once("</p>").unwrap().0.contains(sentence));
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
            let html = stopped(Some(&stopped_trial(hostile)), language);
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

/// The page of a trial that stops so.
fn stopped(shown: Option<&StoppedTrial>, language: Language) -> String {
    let stop = Stop {
        code: "B-ATT-01",
        reason: StopReason::NoMail { provider: "Zoom" },
        support_code: "7K3M-9QPD",
        way_out: Some(("Zoom", "/test")),
        again: None,
        trial: Some(RealSignIn::SamePage),
        shown,
    };
    rendered(&Page::Stop(stop), language)
}

#[test]
fn under_the_stop_of_a_trial_stands_what_led_to_it_and_above_it_what_everybody_reads() {
    let mut shown = stopped_trial("\u{2318}");
    for (language, [heading, decision]) in [
        (
            Language::Fr,
            ["Ce qui a mené à cet arrêt", "Connexion au serveur CAS"],
        ),
        (
            Language::En,
            ["What led to this stop", "Signed in at the CAS server"],
        ),
    ] {
        let html = stopped(Some(&shown), language);
        let plain = stopped(None, language);
        // But for that part they are one page.
        let (before, rest) = html
            .split_once("<section aria-labelledby=\"stopped-trial\"")
            .unwrap();
        let (part, after) = rest
            .rsplit_once("</details>\n\n<details class=\"translation\"")
            .unwrap();
        assert!(
            plain.starts_with(before) && plain.ends_with(after),
            "{html}"
        );
        assert!(part.contains(heading), "{part}");
        for mark in ["person", "made-of", "withheld", "decisions"] {
            let (_, rest) = part.split_once(&format!("data-testid=\"{mark}\"")).unwrap();
            assert!(rest.contains('\u{2318}'), "{mark}");
        }
        assert!(part.contains("data-testid=\"decision\">"), "{part}");
        let decisions = entries(&html, "decisions");
        assert_eq!(decisions.len(), Verdict::every(1, "").len());
        assert!(part.contains(decision), "{part}");
    }
    shown.behind = None;
    for language in Language::ALL {
        let html = stopped(Some(&shown), language);
        for mark in ["\"withheld\"", "\"decisions\"", "\"decision\""] {
            assert!(!html.contains(&format!("data-testid={mark}")), "{mark}");
        }
        assert!(html.contains("data-testid=\"made-of\""));
    }
    assert_eq!(
        format!("{shown:?} {:?}", shown.made_of[0]),
        "StoppedTrial(…) Ingredient(…)"
    );
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
