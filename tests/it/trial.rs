//! `/test`: a sign-in whose answer is shown and not sent. Who may, what it shows, what it leaves alone, and
//! that it is what a sign-in would have sent.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::{
    app::build,
    config::environment::Environment,
    model::{session::SessionKey, store::Sessions as _},
    sp_check::Rule,
    sys::{clock::ManualClock, entropy::SeededEntropy, token::Token},
    xmlsec::{SigningKey, VerifyingKey},
};

use crate::{
    bridge::{
        Bridge, INTRANET, INTRANET_ACS, LIBRARY, LIBRARY_ACS, ORIGIN, PASSWORD, SSO, Setup, ZOOM,
        ZOOM_ACS, ZOOM_SIGN_IN,
        answer::Answer,
        browser::{Browser, OUR_FORM, SESSION_COOKIE},
        keys::{idp_key, intranet_key, library_key, zoom_key},
        log::Log,
        page::Page,
        request::AuthnRequest,
        zoom_metadata,
    },
    lab::{
        form::{decode, forms},
        metadata::with_encryption_key,
        xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_verify},
    },
};

const EVERYONE: &str = "[test]\npeople = 'everyone'";
const ANNE: &str = "[test]\npeople = ['anne.dupont']";

/// The server of [`Setup::zoom`], with this table of testers.
fn bridge(zoom: &str, testers: &str) -> Bridge {
    setup(zoom, testers).build()
}

fn setup(zoom: &str, testers: &str) -> Setup {
    Setup {
        more: testers.to_owned(),
        ..Setup::zoom(zoom)
    }
}

/// What Zoom is told where everybody is a guest, and its form has one line for licences.
pub(crate) fn zoom_of_guests((contains, gives): (&str, &str)) -> String {
    format!(
        "[[sp.zoom.release]]
attribute = 'mail'
field = 'Email address'
values = 'one-in-mail-domain'
[[sp.zoom.release]]
name = 'zoomLicense'
name-format = 'basic'
field = 'License Type'
lines = [{{ contains = '{contains}', gives = '{gives}' }}]
value = \"['guest']\""
    )
}

/// Presses the button for a provider.
pub(crate) async fn click(browser: &mut Browser, sp: &str) -> Page {
    let page = browser.open("/test").await;
    assert_eq!((page.status, page.kind().as_str()), (200, "trials"));
    let action = format!("/test/{sp}");
    let form = forms(&page.body)
        .into_iter()
        .find(|form| form.action == action);
    browser.submit(&page, &form.unwrap()).await
}

/// The text with a mark.
fn marked(page: &Page, test_id: &str) -> String {
    let mark = format!("data-testid=\"{test_id}\">");
    let (_, after) = page.body.split_once(&mark).unwrap();
    decode(after.split_once('<').unwrap().0)
}

/// What is between the tag with a mark and the end of its element.
fn part<'p>(page: &'p Page, test_id: &str, end: &str) -> &'p str {
    let mark = format!("data-testid=\"{test_id}\"");
    let (_, after) = page.body.split_once(&mark).unwrap();
    after.split_once(end).unwrap().0
}

/// How the list of rules says that what one of them refuses was found.
fn found_by_rule(sentence: &str) -> String {
    format!("<strong>Constaté\u{a0}:</strong> {sentence}")
}

/// The Response that a page shows, before it was laid out.
#[track_caller]
pub(crate) fn shown(page: &Page) -> Answer {
    assert_eq!(
        (page.status, page.kind().as_str()),
        (200, "trial"),
        "{}",
        page.body
    );
    let laid_out = marked(page, "xml");
    let mut xml = String::new();
    for line in laid_out.split('\n') {
        let tag = line.trim_start_matches(' ');
        assert!(tag.starts_with('<'), "{line}");
        xml.push_str(tag);
    }
    let tree = roxmltree::Document::parse(&xml).unwrap();
    let to = tree.root_element().attribute("Destination").unwrap();
    Answer {
        to: to.to_owned(),
        base64: STANDARD.encode(&xml),
        relay_state: None,
        xml: xml.clone(),
    }
}

/// Everything in a Response but IDs, digests and signatures with the keys they are made by. The clock stands.
pub(crate) fn alike(xml: &str) -> Vec<String> {
    const IDS: [&str; 4] = ["ID", "InResponseTo", "SessionIndex", "URI"];
    const SIGNED: [&str; 3] = ["DigestValue", "SignatureValue", "X509Certificate"];
    let tree = roxmltree::Document::parse(xml).unwrap();
    let mut lines = Vec::new();
    for node in tree.descendants() {
        if node.is_element() {
            let tag = node.tag_name();
            lines.push(format!("{:?} {}", tag.namespace(), tag.name()));
            for attribute in node.attributes() {
                let is_id = IDS.contains(&attribute.name());
                let value = if is_id { "" } else { attribute.value() };
                lines.push(format!("{} = {value}", attribute.name()));
            }
        } else {
            let parent = node.parent_element();
            let is_signed = parent.is_some_and(|it| SIGNED.contains(&it.tag_name().name()));
            let text = node.text().filter(|_| !is_signed).unwrap_or_default();
            lines.push(text.to_owned());
        }
    }
    lines
}

/// The certificate in a Response, in base64.
fn certificate_of(answer: &Answer) -> &str {
    let (_, rest) = answer.xml.split_once("<ds:X509Certificate>").unwrap();
    rest.split_once('<').unwrap().0
}

/// The certificate in a Response, as a file that xmlsec1 reads, and as a key.
fn certificate_in(bridge: &Bridge, answer: &Answer) -> (std::path::PathBuf, VerifyingKey) {
    let base64 = certificate_of(answer);
    let key = VerifyingKey::from_certificate_base64(base64).unwrap();
    let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
    let lines = lines.iter().map(|line| std::str::from_utf8(line).unwrap());
    let lines = lines.collect::<Vec<_>>().join("\n");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
    let file = bridge.folder.path().join("shown.crt");
    std::fs::write(&file, pem).unwrap();
    (file, key)
}

/// Which rules `answer` breaks for a provider that believes our real key.
fn broken_for(bridge: &Bridge, answer: &Answer, sp: &str) -> Vec<Rule> {
    let id = answer.attribute("InResponseTo").unwrap();
    let reading = bridge.read(answer, sp, &id);
    assert!(reading.identity.is_none());
    reading.refusals().collect()
}

#[tokio::test]
async fn r38_where_nobody_may_try_there_is_nothing_at_these_addresses() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let without_code = |page: &Page| {
        assert_eq!((page.status, page.kind().as_str()), (404, "not-found"));
        page.body.replace(&page.support_code(), "")
    };
    let unknown = without_code(&browser.open("/nothing/here").await);
    for path in ["/test", "/test?lang=fr", "/test/zoom", "/test/nobody"] {
        assert_eq!(without_code(&browser.open(path).await), unknown, "{path}");
        let request = browser.post(path, &OUR_FORM);
        assert_eq!(
            without_code(&browser.exchange(request).await),
            unknown,
            "{path}"
        );
    }
}

#[test]
fn a_table_of_testers_that_names_nobody_or_no_names_is_a_fault() {
    for (table, told) in [
        ("[test]", "test.people: is missing"),
        ("[test]\npeople = []", "test.people: names nobody"),
        (
            "[test]\npeople = 'all'",
            "test.people: is neither a list of names nor the word \"everyone\"",
        ),
        (
            "[test]\npeople = ['anne.dupont', ' ']",
            "test.people[2]: is empty",
        ),
        (
            "[test]\npeople = 'everyone'\neveryone = true",
            "test.everyone: is not a key that is known here",
        ),
    ] {
        let (stops, faults) = setup("", table).faults();
        assert!(stops, "{table}");
        assert_eq!(faults, [told], "{table}");
    }
    for table in [EVERYONE, ANNE, ""] {
        assert_eq!(setup("", table).faults(), (false, vec![]), "{table}");
    }
}

#[tokio::test]
async fn a_test_shows_what_a_real_sign_in_sends_but_for_ids_digests_and_signatures() {
    for (zoom, person) in [
        ("", "anne.dupont"),
        ("sign = 'response'", "luc.bernard"),
        ("sign = 'both'\nsession-minutes = 240", "zoe.martin"),
        ("signature = 'rsa-sha512'", "ines.benali"),
    ] {
        let bridge = bridge(zoom, EVERYONE);
        let mut browser = bridge.browser();
        let login = click(&mut browser, "zoom").await;
        let page = browser.sign_in(&login, person).await;
        let tried = shown(&page);
        let request = bridge.request();
        let mut browser = bridge.browser();
        let login = browser.arrive(&request.redirect(None)).await;
        let sent = browser.sign_in(&login, person).await.answer();
        assert_eq!(alike(&tried.xml), alike(&sent.xml), "{zoom}");
        assert_eq!(tried.to, sent.to);
        bridge.identity(&sent, ZOOM, request.id());
        assert_eq!(xmllint_schema(&tried.xml, Schema::Protocol), Ok(()));
        assert!(
            page.body.contains("data-verdict=\"taken\""),
            "{}",
            page.body
        );
        // By the session of that sign-in, too.
        let tried = shown(&click(&mut browser, "zoom").await);
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        assert_eq!(alike(&tried.xml), alike(&page.answer().xml), "{zoom}");
    }
}

#[tokio::test]
async fn whom_the_form_of_zoom_gives_the_licence_none_or_none_at_all_is_told_so_under_the_verdict()
{
    let no_line = Some([
        "aucune ligne de License Type ne prend ce qui est transmis",
        "No line for License Type",
    ]);
    let shut_out = Some(["laisse la personne dehors", "shuts the person out"]);
    for (line, said) in [
        (("guest", "None"), shut_out),
        (("guest", "Licensed"), None),
        (("staff", "Licensed"), no_line),
        (("staff", "None"), no_line),
    ] {
        let bridge = bridge(&zoom_of_guests(line), ANNE);
        for (number, language) in ["fr", "en"].into_iter().enumerate() {
            let mut browser = bridge.browser();
            browser.language = language;
            let login = click(&mut browser, "zoom").await;
            let page = browser.sign_in(&login, "anne.dupont").await;
            assert!(
                page.body.contains("data-verdict=\"taken\""),
                "{}",
                page.body
            );
            let is_told = page.body.contains("data-testid=\"shut-out\"");
            assert_eq!(is_told, said.is_some(), "{line:?}");
            if let Some(said) = said {
                assert!(marked(&page, "shut-out").contains(said[number]), "{line:?}");
            }
        }
    }
}

#[tokio::test]
async fn r112_other_providers_and_other_names_are_tried_as_they_are_answered() {
    let bridge = bridge("", EVERYONE);
    for (short_name, sp, acs, key) in [
        ("intranet", INTRANET, INTRANET_ACS, intranet_key()),
        ("library", LIBRARY, LIBRARY_ACS, library_key()),
        ("zoom", ZOOM, ZOOM_ACS, zoom_key()),
    ] {
        let mut browser = bridge.browser();
        let login = click(&mut browser, short_name).await;
        let tried = shown(&browser.sign_in(&login, "anne.dupont").await);
        assert_eq!(tried.to, acs);
        let request = bridge.request_of(sp);
        let mut browser = bridge.browser();
        let login = browser.arrive(&request.redirect_signed(key, None)).await;
        let sent = browser.sign_in(&login, "anne.dupont").await.answer();
        assert_eq!(alike(&tried.xml), alike(&sent.xml), "{sp}");
    }
    // One that is switched off is not offered, and not tried.
    let mut browser = bridge.browser();
    assert!(!browser.open("/test").await.body.contains("/test/closed"));
    for (path, status, reason) in [
        ("/test/closed", 403, "provider-disabled"),
        ("/test/nobody", 400, "provider-unknown"),
    ] {
        let page = browser.exchange(browser.post(path, &OUR_FORM)).await;
        page.stops(status, reason);
        assert_eq!(page.link("way-out").as_deref(), Some("/test"));
    }
}

#[tokio::test]
async fn r41_what_a_test_shows_is_signed_by_a_key_that_nobody_believes() {
    for (zoom, elements) in [
        ("", &[SignedElement::Assertion][..]),
        (
            "sign = 'both'",
            &[SignedElement::Assertion, SignedElement::Response],
        ),
    ] {
        let bridge = bridge(zoom, EVERYONE);
        let mut browser = bridge.browser();
        let login = click(&mut browser, "zoom").await;
        let tried = shown(&browser.sign_in(&login, "anne.dupont").await);
        let real = bridge.folder.path().join("idp.crt");
        let (throw_away, key) = certificate_in(&bridge, &tried);
        for element in elements {
            // It is whole, and the key in it is the one it is signed with: what a provider would refuse is
            // the key alone.
            xmlsec1_verify(&tried.xml, &throw_away, *element).unwrap();
            assert!(xmlsec1_verify(&tried.xml, &real, *element).is_err());
        }
        assert_eq!(tried.count("Signature"), elements.len());
        let mut broken = broken_for(&bridge, &tried, ZOOM);
        broken.retain(|rule| *rule != Rule::KeyInfo);
        assert_eq!(broken, [Rule::SignatureKey]);
        assert!(!key.is_same_key(&idp_key().verifying()));
        assert_eq!(key.kind_and_size(), idp_key().verifying().kind_and_size());
        // It is nowhere in our metadata.
        let metadata = browser.open("/saml/metadata").await;
        let ours = SigningKey::from_pem(idp_key().pem.as_bytes()).unwrap();
        assert!(
            metadata
                .body
                .contains(&STANDARD.encode(ours.certificate_der()))
        );
        assert!(!metadata.body.contains(certificate_of(&tried)));
        // One key serves all tests of this process.
        let mut other = bridge.browser();
        let login = click(&mut other, "zoom").await;
        let second = shown(&other.sign_in(&login, "zoe.martin").await);
        assert!(certificate_in(&bridge, &second).1.is_same_key(&key));
    }
}

#[tokio::test]
async fn r54_r55_the_page_of_a_test_has_no_form_no_script_and_leads_nowhere_but_to_us() {
    let bridge = bridge("", EVERYONE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'none'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    for other in ["<form", "<script", "<button", "<input"] {
        assert!(!page.body.contains(other), "{other}");
    }
    // A rule that is listed is about it.
    let rules = part(&page, "rules", "</ul>");
    assert!(!page.body.replace(rules, "").contains("SAMLResponse"));
    let body = page.body.replace("&#x2f;", "/");
    let links = body.split("href=\"").skip(1);
    for rest in links.chain(body.split("src=\"").skip(1)) {
        let link = rest.split_once('"').unwrap().0;
        assert!(!link.contains("zoom"), "{link}");
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_page_says_what_the_provider_would_know_and_where_each_of_it_comes_from() {
    let rules = "[attributes]\ndepartment = \"supannEntiteAffectationPrincipale|first\"";
    let bridge = bridge("", &format!("{rules}\n{ANNE}"));
    let mut browser = bridge.browser();
    browser.language = "en";
    let login = click(&mut browser, "zoom").await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    let told = decode(part(&page, "told", "</dl>"));
    for (label, value) in [
        ("Identifier (NameID)", "anne.dupont@univ-montp3.example"),
        ("Email address", "anne.dupont@univ-montp3.example"),
        ("First name", "Anne"),
        ("User Group", "faculty"),
        ("Department", "UFR3-HIST"),
        ("License Type", "licensed"),
        ("License Type", "which gives: Licensed"),
    ] {
        let (_, rest) = told.split_once(&format!(">{label}<")).unwrap();
        let (line, _) = rest.split_once("</div>").unwrap();
        assert!(line.contains(&format!(">{value}<")), "{label}: {line}");
    }
    let origins = decode(part(&page, "origins", "</ul>"));
    let origin = |label: &str| {
        let (_, rest) = origins.split_once(&format!(">{label}<")).unwrap();
        rest.split_once("</li>").unwrap().0.to_owned()
    };
    let mail = origin("Email address");
    assert!(mail.contains("urn:oid:0.9.2342.19200300.100.1.3"), "{mail}");
    assert!(
        mail.contains(">mail<") && mail.contains("the one address in our domains"),
        "{mail}"
    );
    let department = origin("Department");
    assert!(
        department.contains(">supannEntiteAffectationPrincipale<"),
        "{department}"
    );
    assert!(
        department.contains("department = supannEntiteAffectationPrincipale|first"),
        "{department}"
    );
    let license = origin("License Type");
    assert!(license.contains(">eduPersonAffiliation<"), "{license}");
    assert!(
        license.contains("[\"licensed\"] if \"faculty\" in"),
        "{license}"
    );
    let withheld = part(&page, "withheld", "</ul>");
    assert!(withheld.contains("supannEmpId"), "{withheld}");
    for (used, value) in [("displayName", "40217"), (">mail<", "histoire")] {
        assert!(
            !withheld.contains(used) && !page.body.contains(value),
            "{used}"
        );
    }
    assert_eq!(marked(&page, "person"), "anne.dupont");
    let decisions = part(&page, "decisions", "</ol>");
    assert!(
        decisions.contains("mail: as the source has it (number of values: 1)."),
        "{decisions}"
    );
    let rules = part(&page, "rules", "</ul>");
    assert_eq!(rules.matches("<li>").count(), Rule::ALL.len());
    assert!(!rules.contains("<strong>"), "all are kept: {rules}");
}

#[tokio::test]
async fn r127_where_everyone_may_try_they_read_where_their_own_values_come_from_and_nothing_of_what_is_withheld_and_decided()
 {
    for (testers, is_listed) in [(EVERYONE, false), (ANNE, true)] {
        let bridge = bridge("", testers);
        let mut browser = bridge.browser();
        let login = click(&mut browser, "zoom").await;
        let page = browser.sign_in(&login, "anne.dupont").await;
        shown(&page);
        let origins = part(&page, "origins", "</ul>");
        for text in [
            "<code>mail</code>",
            "licensed&quot;] if",
            "<code>eduPersonAffiliation</code>",
        ] {
            assert!(origins.contains(text), "{testers}: {text}: {origins}");
        }
        for part in ["withheld", "decisions"] {
            let mark = format!("data-testid=\"{part}\"");
            assert_eq!(page.body.contains(&mark), is_listed, "{testers}: {part}");
        }
        for text in ["supannEmpId", "mail\u{a0}: repris de la source"] {
            assert_eq!(page.body.contains(text), is_listed, "{testers}: {text}");
        }
        part(&page, "rules", "</ul>");
        part(&page, "xml", "</pre>");
    }
}

#[tokio::test]
async fn r127_a_test_that_stops_shows_what_came_and_from_where_and_to_those_on_a_list_what_was_decided()
 {
    const ADDRESS: &str = "mael.lefevre@gmail.example";
    let log = Log::start();
    let people = Setup::new().people.replacen(
        "uid = \"sans.mail\"",
        &format!("uid = \"sans.mail\"\nmail = [\"{ADDRESS}\"]"),
        1,
    );
    let rule = "mail|endingwith('@univ-montp3.example')";
    for (testers, is_listed) in [(EVERYONE, false), ("[test]\npeople = ['sans.mail']", true)] {
        for has_rule in [false, true] {
            let rules = if has_rule {
                format!("[attributes]\nmail = \"{rule}\"\n")
            } else {
                String::new()
            };
            let bridge = Setup {
                people: people.clone(),
                ..setup("", &format!("{rules}{testers}"))
            }
            .build();
            let mut browser = bridge.browser();
            browser.language = "en";
            let login = click(&mut browser, "zoom").await;
            let page = browser.sign_in(&login, "sans.mail").await;
            page.stops(403, "no-mail");
            assert_eq!(marked(&page, "person"), "sans.mail");
            let made_of = decode(part(&page, "made-of", "</section>"));
            for text in [
                "<code>mail</code>",
                "<code>givenName</code>",
                "Maël",
                "student",
            ] {
                assert!(made_of.contains(text), "{text}: {made_of}");
            }
            // What a rule did not take is the source's alone.
            assert_eq!(
                made_of.contains(ADDRESS),
                !has_rule || is_listed,
                "{made_of}"
            );
            assert_eq!(made_of.contains(rule), has_rule, "{made_of}");
            for mark in ["decision", "decisions", "withheld"] {
                let mark = format!("data-testid=\"{mark}\"");
                assert_eq!(page.body.contains(&mark), is_listed, "{testers}: {mark}");
            }
            if is_listed {
                assert_eq!(
                    marked(&page, "decision"),
                    "mail: no address in our domains. The sign-in stops."
                );
                let withheld = part(&page, "withheld", "</ul>");
                assert!(withheld.contains("supannEtuId"), "{withheld}");
                assert!(!withheld.contains("<code>mail</code>"), "{withheld}");
            }
            assert!(
                !page.body.contains("22600318"),
                "a value of what is withheld"
            );
            assert_eq!(browser.cookie(SESSION_COOKIE), None);
            // Whoever signs in for real reads nothing of it, whatever list they are on.
            let login = browser.arrive(&bridge.request().redirect(None)).await;
            let page = browser.sign_in(&login, "sans.mail").await;
            page.stops(403, "no-mail");
            for text in [ADDRESS, "stopped-trial", "sans.mail"] {
                assert!(!page.body.contains(text), "{text}");
            }
        }
    }
    let text = log.text();
    assert!(!text.contains(ADDRESS) && !text.contains("Maël"), "{text}");
}

#[tokio::test]
async fn r127_of_what_only_feeds_a_rule_a_test_that_stops_shows_the_values_to_those_on_a_list_alone()
 {
    let zoom = "[[sp.zoom.release]]\nattribute = \"mail\"\nvalues = \"one-in-mail-domain\"\nrequired = true\n\
                [[sp.zoom.release]]\nname = \"level\"\nname-format = \"basic\"\nvalue = \"supannEtuId|endingwith('x')\"\n";
    for (testers, is_listed) in [(EVERYONE, false), ("[test]\npeople = ['sans.mail']", true)] {
        let bridge = setup(zoom, testers).build();
        let mut browser = bridge.browser();
        browser.language = "en";
        let login = click(&mut browser, "zoom").await;
        let page = browser.sign_in(&login, "sans.mail").await;
        page.stops(403, "no-mail");
        let made_of = decode(part(&page, "made-of", "</section>"));
        assert!(made_of.contains("<code>supannEtuId</code>"), "{made_of}");
        assert_eq!(made_of.contains("22600318"), is_listed, "{made_of}");
    }
}

#[test]
fn a_test_that_everyone_may_try_is_warned_of_outside_a_lab() {
    for (testers, warnings) in [(EVERYONE, 1), (ANNE, 0)] {
        let setup = setup("", testers);
        let (_folder, path) = setup.write();
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(setup.seed));
        let built = build::load(&path, &Environment::default(), clock, entropy);
        let told = built.unwrap().warnings.into_iter();
        let of_testers = told.filter(|warning| warning.key == "test.people");
        let of_testers: Vec<_> = of_testers.map(|warning| warning.to_string()).collect();
        assert_eq!(of_testers.len(), warnings, "{testers}");
        for warning in of_testers {
            assert!(warning.contains("name nobody in a rule"), "{warning}");
        }
    }
}

#[tokio::test]
async fn r127_whoever_is_not_on_the_list_is_stopped_and_named_to_nobody() {
    let log = Log::start();
    let bridge = bridge("", ANNE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    let page = browser.sign_in(&login, "zoe.martin").await;
    page.stops(403, "not-a-tester");
    let trial = part(&page, "trial", "</p>");
    assert!(trial.contains("Seuls les essais s’arrêtent ici"), "{trial}");
    for word in ["zoe", "anne", "Martin", "Dupont"] {
        assert!(!page.body.contains(word), "{word}");
    }
    assert!(!page.body.contains("stopped-trial"), "{}", page.body);
    assert_eq!(page.link("way-out").as_deref(), Some("/test"));
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    let text = log.text();
    let code = page.support_code();
    assert!(text.contains("no-tester") && text.contains(&code), "{text}");
    assert!(
        !text.contains("zoe") && !text.contains("\"test\""),
        "{text}"
    );
    // A session of theirs gets no further, and serves them at the provider as before.
    let mut browser = bridge.browser();
    let request = bridge.request();
    let login = browser.arrive(&request.redirect(None)).await;
    browser.sign_in(&login, "zoe.martin").await.answer();
    click(&mut browser, "zoom").await.stops(403, "not-a-tester");
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    // The name is compared as names of accounts are.
    let list = "[test]\npeople = [' ANNE.Dupont ']";
    let bridge = setup("", list).build();
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    shown(&browser.sign_in(&login, "anne.dupont").await);
}

#[tokio::test]
async fn r121_a_test_is_in_the_audit_by_its_code_and_without_a_value() {
    let log = Log::start();
    let bridge = bridge("", EVERYONE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    let page = browser.sign_in(&login, "anne.dupont").await;
    let answer = shown(&page);
    let lines = log.lines();
    let audited: Vec<_> = lines.iter().filter(|line| line["log"] == "audit").collect();
    assert_eq!(audited.len(), 1, "{audited:?}");
    assert_eq!(audited[0]["event"], "test");
    assert_eq!(audited[0]["person"], "anne.dupont");
    assert_eq!(audited[0]["support.code"], page.support_code());
    let text = log.text();
    assert!(text.contains("shown as a test"), "{text}");
    for value in [
        "anne.dupont@",
        "licensed",
        "histoire",
        PASSWORD,
        &answer.attribute("ID").unwrap(),
    ] {
        assert!(!text.contains(value), "{value}");
    }
}

/// The providers that the session of a browser knows of.
async fn participants(bridge: &Bridge, browser: &Browser) -> Vec<String> {
    let cookie = browser.cookie(SESSION_COOKIE).unwrap();
    let key = SessionKey(Token::parse(&cookie).unwrap().hash());
    let store = &bridge.front.bridge.store;
    let session = store.find(key, bridge.now()).await.unwrap().unwrap();
    let told = session.participants.iter();
    told.map(|one| one.sp.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_test_is_noted_in_no_session_and_uses_no_request_up() {
    let bridge = bridge("", EVERYONE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    shown(&browser.sign_in(&login, "anne.dupont").await);
    assert_eq!(participants(&bridge, &browser).await, [""; 0]);
    // The session that it began signs in, and is used by another test.
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, request.id());
    assert_eq!(participants(&bridge, &browser).await, ["zoom"]);
    let page = click(&mut browser, "zoom").await;
    let tried = shown(&page);
    assert!(page.body.contains("session déjà ouverte"), "{}", page.body);
    assert_eq!(participants(&bridge, &browser).await, ["zoom"]);
    // A request of the very name that the test made up is answered all the same.
    let id = tried.attribute("InResponseTo").unwrap();
    let request = AuthnRequest::new(&id, ZOOM, SSO, bridge.now());
    let page = browser.arrive(&request.redirect(None)).await;
    bridge.identity(&page.answer(), ZOOM, &id);
    // After signing out, nothing that was left behind signs in again.
    let login_form = login.filled("anne.dupont", PASSWORD);
    browser.sign_out().await;
    bridge.wait_seconds(11);
    let page = browser.submit(&login, &login_form).await;
    page.stops(400, "request-used");
    assert_eq!(page.link("way-out").as_deref(), Some("/test"));
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
}

#[tokio::test]
async fn r50_neither_kind_of_journey_becomes_the_other_and_none_changes_browsers() {
    let bridge = bridge("idp-initiated = true", EVERYONE);
    let mut browser = bridge.browser();
    let tried = click(&mut browser, "zoom").await;
    let path = tried.url.path().to_owned();
    assert!(path.starts_with("/j/zoom/test."), "{path}");
    let request = bridge.request();
    let real = browser.arrive(&request.redirect(None)).await;
    let real = real.url.path().to_owned();
    for path in [
        path.replace("/j/zoom/test.", "/j/zoom/"),
        path.replace("/j/zoom/", "/j/library/"),
        path.replace("/j/zoom/test.", "/j/zoom/test.test."),
        real.replace("/j/zoom/", "/j/zoom/test."),
    ] {
        browser.open(&path).await.stops(400, "journey-forged");
    }
    let mut other = bridge.browser();
    click(&mut other, "zoom").await;
    let page = other.arrive(&path).await;
    page.stops(400, "other-browser");
    assert_eq!(page.link("way-out").as_deref(), Some("/test"));
    browser.sign_in(&tried, "anne.dupont").await;
}

#[tokio::test]
async fn r52_a_form_of_another_site_begins_no_test() {
    let bridge = bridge("", EVERYONE);
    let mut browser = bridge.browser();
    let form = OUR_FORM[0];
    for headers in [
        &[form][..],
        &[("origin", ORIGIN)],
        &[form, ("origin", "https://evil.example")],
        &[form, ("origin", ORIGIN), ("sec-fetch-site", "cross-site")],
    ] {
        let request = browser.post("/test/zoom", headers);
        let page = browser.exchange(request).await;
        page.stops(400, "form-forged");
        assert!(page.cookies_set().is_empty(), "{headers:?}");
    }
    let page = browser.open("/test/zoom").await;
    page.stops(405, "method-not-allowed");
    browser.shown_in = "iframe";
    assert_eq!(browser.open("/test").await.kind(), "framed");
}

#[tokio::test]
async fn every_stop_of_a_test_leads_back_to_the_tests_and_says_that_nothing_was_sent() {
    let bridge = bridge("", EVERYONE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    let lacking = browser.sign_in(&login, "sans.mail").await;
    lacking.stops(403, "no-mail");
    let old = click(&mut browser, "zoom").await;
    bridge.wait(61);
    let expired = browser.open(old.url.path()).await;
    expired.stops(400, "journey-expired");
    let forged = browser.open("/j/zoom/test.AAAA").await;
    forged.stops(400, "journey-forged");
    // What stops a trial alone is told as that.
    let told = |page: &Page| part(page, "trial", "</p>").to_owned();
    let whoever = (
        "est arrêtée ici, elle aussi",
        "Le conseil que lit cette personne",
    );
    // What stops the click of one browser stops nobody else.
    let in_same_case = ("Dans le même cas", "Que faire\u{202f}?");
    for (page, (said, heading)) in [
        (&lacking, whoever),
        (&expired, in_same_case),
        (&forged, in_same_case),
    ] {
        assert!(told(page).contains(said), "{}", page.body);
        let heading = format!("<h2>{heading}</h2>");
        assert!(page.body.contains(&heading), "{}", page.body);
    }
    for page in [lacking, expired, forged] {
        assert_eq!(page.link("way-out").as_deref(), Some("/test"));
        assert!(page.body.contains("rien n’a été transmis"), "{}", page.body);
        assert!(!page.body.contains(ZOOM_SIGN_IN) && !page.body.contains("SAMLResponse"));
    }
    // A real sign-in still leads to the provider.
    let page = browser.open("/j/zoom/AAAA").await;
    assert_eq!(page.link("way-out").as_deref(), Some(ZOOM_SIGN_IN));
    assert!(!page.body.contains("essai"), "{}", page.body);
}

#[tokio::test]
async fn r38_a_test_that_was_begun_ends_where_tests_or_the_provider_are_switched_off() {
    for (other, status, reason, way_out) in [
        (setup("", ""), 403, "not-a-tester", None),
        (
            setup("enabled = false", EVERYONE),
            403,
            "provider-disabled",
            Some("/test"),
        ),
    ] {
        let one = bridge("", EVERYONE);
        let mut browser = one.browser();
        let login = click(&mut browser, "zoom").await;
        let form = login.filled("anne.dupont", PASSWORD);
        let other = Setup { seed: 2, ..other }.build();
        let mut there = other.browser();
        there.jar = browser.jar.clone();
        for page in [
            there.open(login.url.path()).await,
            there.submit(&login, &form).await,
        ] {
            page.stops(status, reason);
            assert_eq!(page.link("way-out").as_deref(), way_out);
            assert!(page.cookies_set().is_empty());
        }
    }
}

#[tokio::test]
async fn r45_what_would_be_encrypted_is_shown_in_clear_and_the_page_says_so() {
    let key = zoom_key().certificate_base64();
    let with_key = |lines: &str| Setup {
        zoom_metadata: with_encryption_key(&zoom_metadata(""), &key, ""),
        ..setup(lines, EVERYONE)
    };
    for (lines, verdict, is_said) in [
        ("encrypt = 'never'", "taken", false),
        ("encrypt = 'always'", "refused", true),
    ] {
        let bridge = with_key(lines).build();
        let mut browser = bridge.browser();
        let login = click(&mut browser, "zoom").await;
        let page = browser.sign_in(&login, "anne.dupont").await;
        assert_eq!(shown(&page).count("EncryptedAssertion"), 0);
        // Zoom reads nothing that is encrypted.
        let found = format!("data-verdict=\"{verdict}\"");
        assert!(page.body.contains(&found), "{lines}: {}", page.body);
        assert_eq!(page.body.contains("serait chiffré"), is_said, "{lines}");
        assert_eq!(
            page.body
                .contains(&found_by_rule("Quelque chose est chiffré.")),
            is_said,
            "{lines}"
        );
    }
}

#[tokio::test]
async fn a_sign_in_that_zoom_would_refuse_is_shown_with_the_rule_that_it_breaks() {
    let bridge = bridge("max-authn-age-minutes = 400", EVERYONE);
    let mut browser = bridge.browser();
    let login = click(&mut browser, "zoom").await;
    shown(&browser.sign_in(&login, "anne.dupont").await);
    bridge.wait(100);
    let page = click(&mut browser, "zoom").await;
    assert!(
        page.body.contains("data-verdict=\"taken\""),
        "{}",
        page.body
    );
    bridge.wait(21);
    let page = click(&mut browser, "zoom").await;
    assert!(
        page.body.contains("data-verdict=\"refused\""),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains(&found_by_rule("La connexion a plus de 7200 secondes")),
        "{}",
        page.body
    );
    assert!(page.body.contains("Zoom refuserait"), "{}", page.body);
}
