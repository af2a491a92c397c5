//! `passerelle zoom-settings`, by the real program: what it prints, and that Zoom set up by it and by nothing else
//! takes a sign-in.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::{
    sp_check::{Expected, Profile, read},
    sys::hmac::sha256,
    xmlsec::{VerifyingKey, keys::NewKey},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    bridge::{Bridge, Setup, ZOOM_ACS},
    independent_readers::to_the_answer,
    lab::{
        browser::BrowserSim,
        keys::KeyPair,
        process::{repository, run},
        real_bridge::{PROGRAM, RealBridge},
        service_provider::{RunningSp, SpKind, SpSite, read_verdict},
    },
    signatures::write_made_key,
};

/// The shipped configuration of the university, in its folder.
const UNIVERSITY: &str = "config/univ-montp3.toml";

/// What the program prints for the configuration at `path`.
fn printed(path: &Path, more: &[&str]) -> String {
    let path = path.to_str().unwrap();
    let (is_well, said) = run(
        PROGRAM,
        &[&["--config", path, "zoom-settings"], more].concat(),
        &[],
    );
    assert!(is_well, "{said}");
    said
}

/// The same for the configuration of the university in the folder `place`, for somebody who is there: how long the name of
/// that is breaks no line elsewhere.
fn printed_in(place: &Path, more: &[&str]) -> String {
    let (go, place) = ("cd \"$0\" && exec \"$@\"", place.to_str().unwrap());
    let words = [
        "-c",
        go,
        place,
        PROGRAM,
        "--config",
        UNIVERSITY,
        "zoom-settings",
    ];
    let (is_well, said) = run("sh", &[&words[..], more].concat(), &[]);
    assert!(is_well, "{said}");
    said
}

/// What it complains of, where it prints nothing.
fn refused(path: &Path, more: &[&str]) -> String {
    let path = path.to_str().unwrap();
    let (is_well, said) = run(
        PROGRAM,
        &[&["--config", path, "zoom-settings"], more].concat(),
        &[],
    );
    assert!(!is_well, "{said}");
    said
}

/// The shipped configuration of the university, as docs/going-live.md has it copied, with new keys.
fn university() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    for folder in ["config", "config/texts", "metadata"] {
        fs::create_dir(at(folder)).unwrap();
    }
    for file in [
        UNIVERSITY,
        "config/texts/home.fr.md",
        "config/texts/home.en.md",
        "metadata/zoom.xml",
    ] {
        fs::copy(repository().join(file), at(file)).unwrap();
    }
    let certs = at("certs");
    let (made, said) = run(PROGRAM, &["keys", certs.to_str().unwrap()], &[]);
    assert!(made, "{said}");
    let password = at("certs/directory.password");
    fs::write(&password, "reader").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o400)).unwrap();
    place
}

/// Without what changes with each run: the certificate and what is said of it between `before` and `behind`.
fn steady(text: &str, [before, behind]: [&str; 2]) -> String {
    let mut steady = Vec::new();
    for line in text.lines() {
        let line = match line.split_once(": MII") {
            Some((before, _)) => format!("{before}: CERTIFICATE"),
            None => line.to_owned(),
        };
        steady.push(line);
    }
    let steady = steady.join("\n");
    let (first, rest) = steady.split_once(before).unwrap();
    let (_, last) = rest.split_once(behind).unwrap();
    format!("{first}{before}… {behind}{last}")
}

#[test]
fn the_sheet_of_the_university_reads_well() {
    let place = university();
    let text = printed_in(place.path(), &[]);
    // One line, however the explanation around it is broken.
    let text = text.replace("counts\n    until", "counts until");
    let around = ["counts until ", ". Zoom has one place"];
    insta::assert_snapshot!(steady(&text, around));
}

#[test]
fn the_sheet_of_the_university_reads_well_in_french() {
    let place = university();
    let text = printed_in(place.path(), &["--lang", "fr"]);
    // How these lines are broken depends on the month.
    let (first, rest) = text.split_once("Une seule ligne").unwrap();
    let (note, last) = rest.split_once("\n\n").unwrap();
    let note = note.replace("\n    ", " ");
    let text = format!("{first}Une seule ligne{note}\n\n{last}");
    let around = ["Valable jusqu’au ", ". Zoom n’a qu’une place"];
    insta::assert_snapshot!(steady(&text, around));
}

#[test]
fn the_file_for_a_browser_holds_the_same_values_as_the_json_in_french_and_english() {
    let place = university();
    let path = place.path().join(UNIVERSITY);
    let html = printed(&path, &["--html"]);
    let html = html.replace("&#x2f;", "/");
    assert!(html.contains("<!DOCTYPE html>"));
    let json = json_of(&printed(&path, &["--json"]));
    let mut count = 0;
    for row in rows(&json) {
        if let Some(value) = row["value"].as_str() {
            assert!(html.contains(value), "{value}");
            count += 1;
        }
        for language in ["fr", "en"] {
            if let Some(note) = row["note"][language].as_str() {
                let begin: String = note.chars().take_while(|c| c.is_alphabetic()).collect();
                assert!(html.contains(&begin), "{note}");
            }
        }
    }
    assert!(count > 15, "{count}");
    // Whoever works in French need not say so, and may say otherwise.
    let locale = [("LC_ALL", Path::new("fr_FR.UTF-8"))];
    for (more, words) in [
        (&[][..], "Ce qu’il faut saisir chez Zoom"),
        (&["--lang", "en"], "What to type"),
    ] {
        let file = path.to_str().unwrap();
        let words_of_it = [&["--config", file, "zoom-settings"], more].concat();
        let (is_well, said) = run(PROGRAM, &words_of_it, &locale);
        assert!(is_well && said.contains(words), "{said}");
    }
}

#[test]
fn what_is_wrong_with_the_metadata_is_told_in_french_on_the_french_sheet_a_fault_beside_a_good_copy_too()
 {
    let place = university();
    let path = place.path().join(UNIVERSITY);
    let french = printed(&path, &["--lang", "fr"]);
    let command = format!(
        "conseil\u{a0}: passerelle --config {} sp add zoom --replace --metadata URL,",
        path.display()
    );
    for told in [
        "sp.zoom\u{a0}: ce sont les métadonnées provisoires fournies avec Passerelle",
        &command,
    ] {
        assert!(french.contains(told), "{told}: {french}");
    }
    assert!(!french.contains("this is the placeholder"), "{french}");
    let html = printed(&path, &["--html"]);
    assert!(
        html.contains("ce sont les métadonnées provisoires"),
        "{html}"
    );
    assert!(!html.contains("<li lang=\"en\""), "{html}");

    let mut setup = Setup::new();
    setup.server.push_str("\nstate-folder = 'state'");
    let good = std::mem::replace(&mut setup.zoom_metadata, "<x/>".to_owned());
    let (folder, path) = setup.write();
    let copies = folder.path().join("state/metadata");
    fs::create_dir_all(&copies).unwrap();
    fs::write(copies.join("zoom.xml"), good).unwrap();
    let french = refused(&path, &["--lang", "fr"]);
    let told = "sp.zoom\u{a0}: le fichier n’est ni un EntityDescriptor ni un EntitiesDescriptor\n    \
                conseil\u{a0}: prendre les métadonnées du fournisseur de services";
    assert!(french.contains(told), "{french}");
}

#[test]
fn nothing_that_is_told_of_the_provider_stands_in_english_on_the_french_sheet() {
    let mut setup = Setup::zoom("sha1-until = 2020-01-31\nmetadata-signed-by = 'idp.crt'");
    setup.server.push_str("\nstate-folder = 'state'");
    let (folder, path) = setup.write();
    write_made_key(folder.path(), "p256", NewKey::EcP256);
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("['signing.pem']", "['p256.pem', 'signing.pem']");
    fs::write(&path, text).unwrap();
    let copies = folder.path().join("state/metadata");
    fs::create_dir_all(&copies).unwrap();
    fs::rename(folder.path().join("zoom.xml"), copies.join("zoom.xml")).unwrap();
    let fit = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("\nmetadata-signed-by = 'idp.crt'", "")).unwrap();
    };
    // It is signed by nobody, and so neither the file nor its copy counts.
    let faulty = refused(&path, &["--lang", "fr"]);
    assert!(faulty.contains("no sheet"), "{faulty}");
    fit(&path);
    let french = refused(&path, &["--lang", "fr"]);
    for told in [
        "sp.zoom\u{a0}: est illisible\u{a0}: le fichier n’existe pas",
        "sp.zoom\u{a0}: la dernière bonne version est employée à sa place",
        "sp.zoom.sha1-until\u{a0}: 2020-01-31 est passé",
        "sp.zoom.signature\u{a0}: rien ne dit si ce service vérifie ECDSA",
    ] {
        assert!(french.contains(told), "{told}: {french}");
    }
    let english = refused(&path, &["--lang", "en"]);
    let of_english = english.lines().filter(|line| line.contains(": sp.zoom"));
    let mut count = 0;
    for line in of_english {
        let (place, what) = line.split_once(": sp.zoom").unwrap();
        let (_, what) = what.split_once(": ").unwrap();
        assert!(french.contains(place), "{place}");
        assert!(!french.contains(what), "{what}");
        count += 1;
    }
    // Zoom itself has a rule about elliptic curves as well.
    assert!(count >= 5, "{english}");
    assert!(!french.contains("hint:"), "{french}");
    let html = refused(&path, &["--html"]);
    assert!(html.contains("rien ne dit si ce service vérifie ECDSA"));
    assert!(!html.contains("<li lang="), "{html}");
}

/// The JSON before whatever the program complains of.
fn json_of(said: &str) -> Value {
    let mut values = serde_json::Deserializer::from_str(said).into_iter();
    values.next().unwrap().unwrap()
}

fn rows(sheet: &Value) -> impl Iterator<Item = &Value> {
    let parts = sheet["parts"].as_array().unwrap().iter();
    parts.flat_map(|part| part["rows"].as_array().unwrap())
}

/// The value for a field of Zoom's.
fn value<'s>(sheet: &'s Value, field: &str) -> &'s str {
    let mut rows = rows(sheet).filter(|row| row["field"] == field);
    let row = rows.next().unwrap_or_else(|| panic!("{field}"));
    row["value"].as_str().unwrap()
}

#[tokio::test]
async fn zoom_set_up_by_the_sheet_and_by_nothing_else_takes_a_sign_in() {
    let setup = Setup::new();
    let (folder, path) = setup.write();
    let sheet = json_of(&printed(&path, &["--json", "--sp", "zoom"]));
    let bridge = Bridge::load(folder, &path, setup.seed, setup.start);
    // Zoom sends people to the address of the sheet, under the name of the sheet.
    let sp_name = value(&sheet, "Service Provider (SP) Entity ID");
    let request = bridge.request_of(sp_name);
    let address = request.redirect(None);
    let sign_in = url::Url::parse(value(&sheet, "Sign-in page URL")).unwrap();
    assert_eq!(address.split_once('?').unwrap().0, sign_in.path());
    let mut browser = bridge.browser();
    let login = browser.arrive(&address).await;
    let answer = browser.sign_in(&login, "anne.dupont").await.answer();
    let certificate = value(&sheet, "Identity provider certificate");
    let reading = read(
        &answer.base64,
        &Expected {
            idp_entity_id: value(&sheet, "Issuer (IDP Entity ID)"),
            idp_keys: &[VerifyingKey::from_certificate_base64(certificate).unwrap()],
            sp_entity_id: sp_name,
            acs: ZOOM_ACS,
            request_id: Some(request.id()),
            now: bridge.now(),
            strictness: Profile::Zoom,
        },
    );
    assert_eq!(reading.findings, [], "{}", answer.xml);
    let identity = reading.identity.unwrap();
    let read_as = |field: &str| {
        let name = value(&sheet, field);
        let mut found = identity.attributes.iter().filter(|it| it.name == name);
        let attribute = found.next().unwrap_or_else(|| panic!("{field}: {name}"));
        attribute.values.clone()
    };
    assert_eq!(
        read_as("Email address"),
        ["anne.dupont@univ-montp3.example"]
    );
    assert_eq!(read_as("First name"), ["Anne"]);
    assert_eq!(read_as("Last name"), ["Dupont"]);
    assert_eq!(read_as("Employee Unique ID").len(), 1);
    // The first line whose text the value contains, as Zoom reads it.
    let licence = read_as("License Type");
    let lines = rows(&sheet)
        .find(|row| row["field"] == "License Type")
        .unwrap();
    let given = lines["lines"].as_array().unwrap().iter().find(|line| {
        let text = line["contains"].as_str().unwrap();
        licence.iter().any(|value| value.contains(text))
    });
    assert_eq!(given.unwrap()["gives"], "Licensed");
    // And a click on "Sign out" at Zoom asks here.
    let sign_out = url::Url::parse(value(&sheet, "Sign-out page URL")).unwrap();
    assert_eq!(browser.arrive(sign_out.path()).await.kind(), "logout");
}

/// What samael has to be told of an identity provider, out of what a person pastes into Zoom's form.
fn as_pasted(sheet: &Value) -> String {
    let [issuer, page, certificate] = [
        "Issuer (IDP Entity ID)",
        "Sign-in page URL",
        "Identity provider certificate",
    ]
    .map(|field| value(sheet, field));
    let services: String = ["HTTP-Redirect", "HTTP-POST"]
        .map(|binding| {
            format!(
                "<md:SingleSignOnService Location=\"{page}\" \
                 Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\"/>"
            )
        })
        .concat();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{issuer}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\">\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></md:KeyDescriptor>{services}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

#[tokio::test]
async fn samael_told_what_the_sheet_says_and_nothing_else_takes_a_sign_in_and_none_by_another_certificate()
 {
    let lab = tempfile::tempdir().unwrap();
    let site = SpSite::prepare(SpKind::Samael, lab.path());
    let bridge = RealBridge::prepare(std::slice::from_ref(&site));
    let path = bridge.configure(&[]);
    let sheet = json_of(&printed(&path, &["--json", "--sp", "zoom"]));
    let _server = bridge.start_as_it_is().await;
    let pasted = lab.path().join("pasted.xml");
    fs::write(&pasted, as_pasted(&sheet)).unwrap();
    let sp = site.start(&pasted).await;
    assert_eq!(
        value(&sheet, "Service Provider (SP) Entity ID"),
        sp.entity_id()
    );
    let signs_in = async |sp: &RunningSp| {
        let mut browser = BrowserSim::new();
        let page = to_the_answer(&mut browser, &sp.login()).await;
        let form = page.form();
        read_verdict(&browser.submit(&page, &form).await)
    };
    let identity = signs_in(&sp).await.unwrap();
    let address = "zoe.martin@etu.univ-montp3.example";
    assert_eq!(identity.name_id.as_deref(), Some(address));
    // It is told to us with `_` for all but letters and digits.
    let told = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let of_sheet = |field: &str| {
        identity
            .attributes
            .get(&told(value(&sheet, field)))
            .cloned()
    };
    assert_eq!(of_sheet("Email address"), Some(vec![address.to_owned()]));
    // Whoever pastes the certificate of another key there is told by samael, and not signed in.
    let other = KeyPair::generate(lab.path(), "other").certificate_base64();
    let certificate = value(&sheet, "Identity provider certificate");
    fs::write(&pasted, as_pasted(&sheet).replace(certificate, &other)).unwrap();
    let sp = sp.again(&pasted).await;
    let refused = signs_in(&sp).await.unwrap_err();
    assert!(!refused.starts_with("application:"), "{refused}");
}

#[test]
fn which_provider_is_meant_is_asked_only_where_it_is_not_clear() {
    let (_folder, path) = Setup::new().write();
    assert!(printed(&path, &[]).contains("sp.zoom"));
    let of_another = refused(&path, &["--sp", "intranet"]);
    assert!(
        of_another.contains("sp.intranet is not Zoom"),
        "{of_another}"
    );
    let unknown = refused(&path, &["--sp", "zom"]);
    assert!(unknown.contains("there is no sp.zom"), "{unknown}");
    assert!(
        unknown.contains("closed, intranet, library, zoom"),
        "{unknown}"
    );
    let mut setup = Setup::new();
    setup.more = "[sp.second]\nmetadata = 'library.xml'\npreset = 'zoom'".to_owned();
    let (_folder, path) = setup.write();
    let several = refused(&path, &[]);
    assert!(
        several.contains("name one with --sp, of second, zoom"),
        "{several}"
    );
    // One that is switched off is not meant while another one is on.
    setup.more.push_str("\nenabled = false");
    let (_folder, path) = setup.write();
    assert!(printed(&path, &[]).contains("sp.zoom"));
}

#[test]
fn what_is_wrong_elsewhere_keeps_nobody_from_the_sheet_and_what_is_wrong_with_zoom_is_told() {
    let mut setup = Setup::zoom("max-authn-age-minutes = 240");
    setup.people = "[person.alice]\npassword = 'none'".to_owned();
    let (_folder, path) = setup.write();
    let said = refused(&path, &[]);
    assert!(said.contains("Sign-in page URL"), "{said}");
    assert!(!said.contains("person.alice"), "{said}");
    let told = said.find("sp.zoom.max-authn-age-minutes").unwrap();
    assert!(said.find("== Mend this first ==").unwrap() < told, "{said}");
    assert!(told < said.find("Sign-in page URL").unwrap(), "{said}");
    let french = refused(&path, &["--lang", "fr"]);
    assert!(french.contains("== À corriger d’abord =="), "{french}");
    let json = json_of(&refused(&path, &["--json"]));
    let told = json["mend-first"][0].as_str().unwrap();
    assert!(told.contains("sp.zoom.max-authn-age-minutes"), "{told}");
    let html = refused(&path, &["--html"]);
    assert!(html.contains("id=\"mend-first\""), "{html}");
    assert!(html.contains("sp.zoom.max-authn-age-minutes"), "{html}");
    let mut broken = Setup::new();
    broken.zoom_metadata = "<x/>".to_owned();
    let (_folder, path) = broken.write();
    let said = refused(&path, &[]);
    assert!(
        said.contains("zoom.xml") && said.contains("no sheet"),
        "{said}"
    );
}

#[test]
fn a_provider_that_is_switched_off_is_said_to_be_so_and_what_is_not_grave_fails_nothing() {
    let (_folder, path) = Setup::zoom("enabled = false\nsign = 'response'").write();
    let said = printed(&path, &[]);
    let off = said.find("sp.zoom is switched off here").unwrap();
    let told = said.find("== Look at this as well ==").unwrap();
    assert!(off < told && !said.contains("Mend this first"), "{said}");
    let json = json_of(&printed(&path, &["--json"]));
    assert_eq!(json["enabled"], false);
    assert_eq!(json["mend-first"], serde_json::json!([]));
    let html = printed(&path, &["--html"]);
    assert!(html.contains("sp.zoom est désactivé ici"), "{html}");
    assert!(!html.contains("id=\"mend-first\""), "{html}");
}

#[test]
fn the_policy_of_the_printed_file_lets_through_its_style_and_script_and_values_stay_as_they_are() {
    let lines = "release = [{ attribute = 'mail', field = 'License Type', \
                 lines = [{ contains = 'a', gives = 'x\u{200e}y' }] }]";
    let (_folder, path) = Setup::zoom(lines).write();
    let html = run_html(&path);
    assert!(html.contains("x\u{200e}y"), "{html}");
    for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let text = html
            .split_once(open)
            .unwrap()
            .1
            .split_once(close)
            .unwrap()
            .0;
        let digest = STANDARD.encode(sha256(&[text.as_bytes()]));
        let stated = html.replace("&#x2f;", "/");
        assert!(stated.contains(&format!("sha256-{digest}")), "{open}");
    }
}

/// The file for a browser, whatever is wrong with the provider.
fn run_html(path: &Path) -> String {
    let path = path.to_str().unwrap();
    run(PROGRAM, &["--config", path, "zoom-settings", "--html"], &[]).1
}

#[test]
fn a_reader_that_goes_away_stops_no_command_and_a_full_disk_is_told() {
    let (_folder, path) = Setup::new().write();
    let path = path.to_str().unwrap();
    let into = |shell: &str| {
        let arguments = ["-c", shell, PROGRAM, path];
        run("bash", &arguments, &[])
    };
    let command = "\"$0\" --config \"$1\" zoom-settings";
    // Nobody is there from the beginning.
    let (is_well, said) = into(&format!("exec 3> >(true); wait $!; {command} >&3 2>&3"));
    assert!(is_well && said.is_empty(), "{said}");
    let (is_well, said) = into(&format!("{command} >/dev/full"));
    assert!(!is_well && said.contains("standard output"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// What `passerelle check` says of Zoom's rules with more lines in its table.
fn checked(lines: &str) -> (bool, String) {
    let (_folder, path) = Setup::zoom(lines).write();
    run(PROGRAM, &["check", "--config", path.to_str().unwrap()], &[])
}

#[test]
fn check_knows_the_rules_of_zoom() {
    let (is_well, said) = checked("");
    assert!(is_well, "{said}");
    assert!(!said.contains("sp.zoom"), "{said}");
    // Grave: people would be shut out at Zoom.
    let (is_well, said) = checked("max-authn-age-minutes = 120");
    assert!(!is_well, "{said}");
    assert!(
        said.contains("error: ") && said.contains("120 minutes"),
        "{said}"
    );
    assert!(
        said.contains("hint: write max-authn-age-minutes = 115"),
        "{said}"
    );
    // Not grave.
    let (is_well, said) = checked("sign = 'response'");
    assert!(is_well, "{said}");
    assert!(
        said.contains("warning: ") && said.contains("sp.zoom.sign"),
        "{said}"
    );
    // Another service has other rules.
    let (_folder, path) = Setup::new().write();
    let text = fs::read_to_string(&path).unwrap();
    let other = text.replace("preset = 'zoom'", "preset = 'zoom'\nsign = 'response'");
    fs::write(
        &path,
        other.replace("preset = 'zoom'", "preset = 'generic'"),
    )
    .unwrap();
    let (_, said) = run(PROGRAM, &["check", "--config", path.to_str().unwrap()], &[]);
    assert!(!said.contains("sp.zoom.sign"), "{said}");
}
