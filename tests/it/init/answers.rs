//! What is asked, what is taken for an answer, and what is made of it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    process::Command,
};

use super::{Place, SAID, mode};
use crate::{lab::real_bridge::PROGRAM, sp::told_by};

#[tokio::test]
async fn what_is_said_on_the_command_line_becomes_a_configuration_that_check_accepts() {
    let place = Place::new();
    let told = place.init(&SAID).await;
    told.is_good();
    let file = "--config house/config/passerelle.toml";
    for command in [
        "check",
        "doctor",
        "sp add zoom --metadata URL",
        "zoom-settings",
        "serve",
    ] {
        let line = format!("  passerelle {command} {file}\n");
        assert!(told.out.contains(&line), "{line}: {told:?}");
    }
    let try_first = "switch on [test] at the end of house/config/passerelle.toml";
    assert!(told.out.contains(try_first), "{told:?}");
    let page = "open https://idp.univ.example/test.";
    assert!(told.out.contains(page), "{told:?}");
    let is_root = fs::metadata(place.configuration()).unwrap().uid() == 0;
    let for_root = "put “sudo -u passerelle” before check and serve.\n  chown -R passerelle house/certs house/state && \
                    chgrp -R passerelle house/config house/metadata && chgrp passerelle house\n";
    assert_eq!(told.out.contains(for_root), is_root, "{told:?}");
    let checked = place.run(&["check"]).await;
    checked.is_good();
    assert!(checked.out.contains("nothing wrong"), "{checked:?}");
    let next =
        "`passerelle --config house/config/passerelle.toml sp add NAME --metadata URL` registers";
    assert!(checked.out.contains(next), "{checked:?}");
    // Whoever forgets to name it, in its folder, is told its name.
    let mut command = Command::new(PROGRAM);
    command.current_dir(place.file("house")).arg("check");
    let forgotten = told_by(command, Vec::new()).await;
    forgotten.fails("hint: name the configuration file: --config config/passerelle.toml\n");
    let mut command = Command::new(PROGRAM);
    command.current_dir(place.file("")).arg("check");
    let elsewhere = told_by(command, Vec::new()).await;
    elsewhere.fails("hint: name the configuration file: --config FILE\n");
    let written: toml::Table = place.text().parse().unwrap();
    assert_eq!(written["base-url"].as_str(), Some(SAID[1]));
    assert_eq!(written["authn"]["cas"]["url"].as_str(), Some(SAID[3]));
    let support = &written["support"]["text"];
    assert_eq!(support["fr"].as_str(), Some(SAID[9]));
    assert_eq!(support["en"].as_str(), Some(SAID[11]));
    assert!(!written.contains_key("lab"), "{written:?}");
    let of_this_host = "certificate of CN=idp.univ.example until ";
    assert!(told.out.contains(of_this_host), "{told:?}");
    let metadata = place.run(&["metadata"]).await;
    assert!(metadata.out.contains("https://idp.univ.example/saml/sso"));
}

#[tokio::test]
async fn r100_what_init_makes_is_read_by_its_owner_and_secrets_by_nobody_else() {
    let place = Place::new();
    place.init(&SAID).await.is_good();
    for (name, rights) in [
        ("house/certs", 0o700),
        ("house/certs/signing.pem", 0o400),
        ("house/certs/seal.keys", 0o400),
        ("house/certs/pairwise.key", 0o400),
        ("house/config", 0o750),
        ("house/config/passerelle.toml", 0o640),
        ("house/config/passerelle.example.toml", 0o640),
        ("house/config/texts", 0o750),
        ("house/config/texts/home.fr.md", 0o640),
        ("house/state", 0o700),
        ("house/metadata", 0o750),
    ] {
        assert_eq!(mode(&place.file(name)), rights, "{name}");
    }
    let mut command = Command::new(PROGRAM);
    command.current_dir(place.file(""));
    command.args(["keys", "new/certs"]);
    told_by(command, Vec::new()).await.is_good();
    assert_eq!(mode(&place.file("new/certs")), 0o700);
    // What it stands in may hold what others are to read.
    let usual = place.file("usual");
    fs::create_dir(&usual).unwrap();
    assert_eq!(mode(&place.file("new")), mode(&usual));
    let place = Place::new();
    let told = place.init(&["--try"]).await;
    told.is_good();
    let people = place.file("house/config/people.toml");
    assert_eq!(mode(&people), 0o600);
    let (_, password) = told.out.split_once(", password ").unwrap();
    let (password, _) = password.split_once(". ").unwrap();
    assert_eq!(password.len(), 16);
    // It is shown, and kept nowhere.
    assert_eq!(told.out.matches(password).count(), 1);
    for text in [place.text(), fs::read_to_string(people).unwrap()] {
        assert!(!text.contains(password), "{text}");
    }
}

#[tokio::test]
async fn a_configuration_is_not_named_in_vain() {
    let place = Place::new();
    for (words, instead) in [
        (&["keys", "certs"][..], "passerelle keys FOLDER"),
        (&["init", "other", "--try"], "passerelle init FOLDER"),
        (&["hash-password"], "without a configuration"),
    ] {
        let told = place.run(words).await;
        assert_eq!(told.status, 2, "{told:?}");
        assert!(told.errors.contains(instead), "{told:?}");
    }
    assert!(!place.file("certs").exists() && !place.file("other").exists());
    // Whoever rolls a key over names the one that is meant.
    let told = place.run(&["keys", "rollover", "status"]).await;
    told.fails("house/config/passerelle.toml");
}

#[tokio::test]
async fn nothing_that_is_there_is_replaced() {
    let place = Place::new();
    place.init(&SAID).await.is_good();
    let key = place.file("house/certs/signing.pem");
    let before = (place.text(), fs::read(&key).unwrap());
    for words in [&SAID[..], &["--try"]] {
        let told = place.init(words).await;
        told.fails("house/config/passerelle.toml is there already");
    }
    // Whoever begins anew keeps the keys that providers know.
    fs::remove_file(place.configuration()).unwrap();
    place.init(&SAID).await.is_good();
    assert_eq!((place.text(), fs::read(&key).unwrap()), before);
    // Nor are people who have passwords already.
    fs::remove_file(place.configuration()).unwrap();
    fs::write(place.file("house/config/people.toml"), "").unwrap();
    let told = place.init(&["--try"]).await;
    told.fails("house/config/people.toml is there already");
    // A key that cannot be used is told, and the configuration that would name it is not written.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o444)).unwrap();
    let told = place.init(&SAID).await;
    told.fails("signing.pem can be read by others than its owner");
    assert!(!place.configuration().exists());
}

#[tokio::test]
async fn r100_keys_that_somebody_else_may_have_put_there_are_not_taken_over() {
    let place = Place::new();
    place.init(&SAID).await.is_good();
    fs::remove_file(place.configuration()).unwrap();
    for (name, rights, taken_over) in [
        ("house/certs", 0o770, false),
        ("house/certs", 0o707, false),
        ("house/certs/seal.keys", 0o420, false),
        ("house/certs", 0o700, true),
    ] {
        let path = place.file(name);
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(rights)).unwrap();
        let told = place.init(&SAID).await;
        if taken_over {
            told.is_good();
        } else {
            told.fails(&format!("{name} can be changed by others than its owner"));
            assert!(!place.configuration().exists(), "{name}");
        }
        fs::set_permissions(&path, before).unwrap();
    }
    // Only root can give a file away, and be given one.
    if fs::metadata(place.configuration()).unwrap().uid() != 0 {
        return;
    }
    for name in ["house/certs/signing.pem", "house/certs"] {
        fs::remove_file(place.configuration()).unwrap_or_default();
        chown(place.file(name), Some(65_534), None).unwrap();
        let told = place.init(&SAID).await;
        told.fails(&format!("{name} belongs to another user"));
        assert!(!place.configuration().exists(), "{name}");
        chown(place.file(name), Some(0), None).unwrap();
    }
}

#[tokio::test]
async fn every_key_is_explained_beside_the_configuration_and_what_is_there_of_that_stays() {
    let place = Place::new();
    let told = place.init(&SAID).await;
    told.is_good();
    let explained = place.file("house/config/passerelle.example.toml");
    let example = include_str!("../../../config/passerelle.example.toml");
    assert_eq!(fs::read_to_string(&explained).unwrap(), example);
    for line in [": made\n", " explains every key."] {
        let line = format!("house/config/passerelle.example.toml{line}");
        assert!(told.out.contains(&line), "{line}: {told:?}");
    }
    // So are the texts of the start page, for whoever switches them on.
    let home = place.file("house/config/texts/home.fr.md");
    let shipped = include_str!("../../../config/texts/home.fr.md");
    assert_eq!(fs::read_to_string(&home).unwrap(), shipped);
    for named in [
        "[alerts.mail]",
        "[texts]",
        "(house/config/texts/home.fr.md)",
    ] {
        assert!(told.out.contains(named), "{named}: {told:?}");
    }
    // Somebody may have written into them.
    for file in [&explained, &home] {
        fs::write(file, "# ours\n").unwrap();
    }
    fs::remove_file(place.configuration()).unwrap();
    place.init(&SAID).await.is_good();
    for file in [&explained, &home] {
        assert_eq!(fs::read_to_string(file).unwrap(), "# ours\n");
    }
}

#[tokio::test]
async fn what_the_server_keeps_is_in_a_folder_beside_the_configuration_or_where_somebody_says() {
    let place = Place::new();
    place.init(&SAID).await.is_good();
    let written: toml::Table = place.text().parse().unwrap();
    let state = written["server"]["state-folder"].as_str();
    assert_eq!(state, Some("../state"));
    place.run(&["reload"]).await.fails("no server runs there");
    let place = Place::new();
    let elsewhere = [&SAID[..], &["--state-folder", "kept"]].concat();
    let told = place.init(&elsewhere).await;
    told.fails("error: --state-folder (server.state-folder): ");
    place.is_untouched();
    fs::create_dir(place.file("kept")).unwrap();
    let told = place.init(&elsewhere).await;
    told.is_good();
    place.run(&["check"]).await.is_good();
    let written: toml::Table = place.text().parse().unwrap();
    let state = written["server"]["state-folder"].as_str();
    assert_eq!(state, place.file("kept").to_str());
    assert!(!place.file("house/state").exists());
}

#[tokio::test]
async fn what_root_made_is_the_services_once_the_commands_were_typed_that_init_tells() {
    const NOBODY: &str = "65534";
    let place = Place::new();
    // Whatever nobody else may read otherwise, and in a folder that is not there either.
    let mut init = Command::new("sh");
    init.current_dir(place.file(""));
    init.args(["-c", "umask 077; exec \"$@\"", "sh", PROGRAM]);
    init.args(["init", "new/house", "--lang", "en"]).args(SAID);
    let told = told_by(init, Vec::new()).await;
    told.is_good();
    let configuration = place.file("new/house/config/passerelle.toml");
    // Only root can give a file away.
    if fs::metadata(configuration).unwrap().uid() != 0 {
        return;
    }
    let (_, commands) = told.out.split_once("check and serve.\n  ").unwrap();
    let (commands, _) = commands.split_once('\n').unwrap();
    let mut shell = Command::new("sh");
    shell.current_dir(place.file(""));
    shell.args(["-ec", &commands.replace("passerelle", NOBODY)]);
    told_by(shell, Vec::new()).await.is_good();
    let program = place.file("program");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(place.file(""), fs::Permissions::from_mode(0o755)).unwrap();
    let mut check = Command::new("setpriv");
    check.current_dir(place.file(""));
    let user = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    check.args(user).arg(&program).arg("check");
    check.args(["--config", "new/house/config/passerelle.toml"]);
    told_by(check, Vec::new()).await.is_good();
}

#[tokio::test]
async fn the_account_of_a_try_is_made_when_all_else_is_right_so_that_its_password_is_shown() {
    let place = Place::new();
    place.init(&SAID).await.is_good();
    fs::remove_file(place.configuration()).unwrap();
    let key = place.file("house/certs/signing.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o444)).unwrap();
    let told = place.init(&["--try"]).await;
    told.fails("signing.pem can be read by others than its owner");
    assert!(!place.file("house/config/people.toml").exists());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    let told = place.init(&["--try"]).await;
    told.is_good();
    assert!(told.out.contains(", password "), "{told:?}");
}

#[tokio::test]
async fn where_nobody_is_there_to_ask_each_option_that_is_missing_is_named() {
    let place = Place::new();
    let told = place.init(&[]).await;
    for option in [
        "no --base-url",
        "no --cas or --ldap",
        "no --contact",
        "no --mail-domains",
        "no --languages",
        "no --support-text",
        "no --support-text-en",
    ] {
        told.fails(option);
    }
    let told = place.init(&SAID[2..]).await;
    told.fails("nobody is there to ask, and there is no --base-url\n");
    let ldap = ["--ldap", "ldaps://ldap.univ.example"];
    let told = place.init(&[&SAID[..2], &SAID[4..], &ldap].concat()).await;
    told.fails("there is no --ldap-base\n");
    place.is_untouched();
}

#[tokio::test]
async fn an_answer_is_refused_as_check_would_refuse_it_and_under_its_own_option() {
    let place = Place::new();
    for (option, bad, what) in [
        ("--base-url", "https://idp.univ.example/", "base-url"),
        ("--base-url", "http://idp.univ.example", "base-url"),
        ("--cas", "http://cas.univ.example/cas", "authn.cas.url"),
        (
            "--cas",
            "https://cas.univ.example/cas/login",
            "authn.cas.url",
        ),
        ("--contact", "sso", "organization.technical-contact"),
        ("--languages", "en", "organization.name.fr"),
        ("--languages", "fr,de", "organization.name.de"),
        ("--mail-domains", "univ", "organization.mail-domains[1]"),
        ("--support-text", "\u{7}", "support.text.fr"),
        ("--support-text-en", " ", "support.text.en"),
    ] {
        let place_of = SAID.iter().position(|word| *word == option).unwrap();
        let mut said = SAID;
        said[place_of + 1] = bad;
        let told = place.init(&said).await;
        told.fails(&format!("error: {option} ({what}): "));
        assert_eq!(told.errors.matches("error: ").count(), 1, "{told:?}");
    }
    let told = place.init(&[&SAID[..], &["--lab"]].concat()).await;
    told.fails("is for a base-url on localhost only");
    place.is_untouched();
}

#[tokio::test]
async fn the_directory_is_asked_with_an_account_whose_password_is_in_a_file_of_its_own() {
    let place = Place::new();
    let file = place.file("directory.password");
    fs::write(&file, "open sesame\n").unwrap();
    let ldap = [
        "--ldap",
        "ldaps://ldap.univ.example",
        "--ldap-base",
        "ou=people,dc=univ,dc=example",
        "--ldap-bind-dn",
        "cn=passerelle,dc=univ,dc=example",
        "--ldap-password-file",
        // From where it is typed, and not from where the configuration is.
        "directory.password",
    ];
    let said = [&SAID[..2], &SAID[4..], &ldap].concat();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let told = place.init(&said).await;
    told.fails("error: --ldap-password-file (authn.ldap.bind-password-file): ");
    place.is_untouched();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let told = place.init(&said).await;
    told.is_good();
    place.run(&["check"]).await.is_good();
    let text = place.text();
    assert!(text.contains("methods = [\"ldap\"]"), "{text}");
    assert!(!text.contains("sesame") && !told.out.contains("sesame"));
    // A credential of systemd's is no path.
    let place = Place::new();
    fs::create_dir(place.file("credentials")).unwrap();
    fs::write(place.file("credentials/reader"), "open sesame\n").unwrap();
    let mut command = place.command();
    command.env("CREDENTIALS_DIRECTORY", place.file("credentials"));
    let said = [&said[..said.len() - 1], &["credential:reader"]].concat();
    command.args(said);
    told_by(command, Vec::new()).await.is_good();
    let line = "bind-password-file = \"credential:reader\"\n";
    assert!(place.text().contains(line), "{}", place.text());
    // With a CAS server beside it, it says what is known of people.
    let place = Place::new();
    let told = place.init(&[&SAID[..], &ldap[..4]].concat()).await;
    told.is_good();
    place.run(&["check"]).await.is_good();
    let text = place.text();
    let both = "methods = [\"cas\"]\nattributes = \"ldap\"\n";
    assert!(text.contains(both), "{text}");
}

#[tokio::test]
async fn a_person_is_asked_in_their_language_until_each_answer_is_right() {
    let place = Place::new();
    let lines = "idp.univ.example\nhttps://idp.univ.example\n\nldap.univ.example\n\
                 ldaps://ldap.univ.example\nou=people,dc=univ,dc=example\n\
                 cn=passerelle\nabsent\n\n\n\nanne@gmail.com\n\
                 univ.example, etu.univ.example\nen\n\nAssistance\nHelp\nhelp\nhttps://help.univ.example\n";
    let told = place.typed("", "fr_FR.UTF-8", lines).await;
    told.is_good();
    for (question, times) in [
        ("1/5", 2),
        ("2/5", 8),
        ("Où les personnes se connectent-elles", 3),
        ("comme ou=people,dc=univ,dc=example", 1),
        ("Nom (DN) de notre compte", 2),
        ("install -m 400 /dev/stdin FICHIER", 2),
        ("3/5", 3),
        ("Il faut une réponse ici.", 2),
        ("séparés par des virgules [gmail.com]", 1),
        ("4/5", 2),
        ("5/5", 4),
        ("La même phrase en anglais", 1),
        ("Adresse web où cela se fait", 2),
        ("error: --base-url (base-url): is not an absolute URL", 1),
        (
            "Attendu\u{a0}: l’adresse https de ce serveur, sans rien après son nom, comme https://idp.univ.example.",
            1,
        ),
        ("error: --languages (organization.name.fr): is missing", 1),
        ("Attendu\u{a0}: fr, ou fr,en.", 1),
        ("Ensuite\u{a0}:", 1),
    ] {
        assert_eq!(
            told.out.matches(question).count(),
            times,
            "{question}: {told:?}"
        );
    }
    place.run(&["check"]).await.is_good();
    let written: toml::Table = place.text().parse().unwrap();
    let ldap = &written["authn"]["ldap"];
    assert_eq!(ldap["base"].as_str(), Some("ou=people,dc=univ,dc=example"));
    // Without a password there is no account.
    assert!(ldap.get("bind-dn").is_none(), "{ldap}");
    // The contact's own domain is proposed, and is none of ours unless somebody says so.
    assert!(!place.text().contains("\"gmail.com\""));
    for line in [
        "  name.fr = \"univ.example\"",
        "  url.fr = \"https://www.univ.example\"",
        "  mail-domains = [\"univ.example\", \"etu.univ.example\"]",
        "  scopes = [\"univ.example\", \"etu.univ.example\"]",
    ] {
        assert!(told.out.contains(line), "{line}: {told:?}");
    }
    let link = written["support"]["link"].as_str();
    assert_eq!(link, Some("https://help.univ.example"));
}

#[tokio::test]
async fn whoever_says_cas_is_asked_whether_a_directory_says_what_is_known_of_people() {
    for (directory, base, attributes) in [
        ("", "", None),
        (
            "ldap.univ.example\nldaps://ldap.univ.example\n",
            "ou=people,dc=univ,dc=example\n\n",
            Some("ldap"),
        ),
    ] {
        let place = Place::new();
        let directory = if directory.is_empty() {
            "\n"
        } else {
            directory
        };
        let lines = format!(
            "https://idp.univ.example\nhttps://cas.univ.example/cas\n{directory}{base}sso@univ.example\n\nfr\n\
             Assistance\n\n"
        );
        let told = place.typed("", "fr_FR.UTF-8", &lines).await;
        told.is_good();
        let asked = "l’annuaire qui dit ce que l’on sait de ces personnes";
        assert!(told.out.contains(asked), "{told:?}");
        place.run(&["check"]).await.is_good();
        let written: toml::Table = place.text().parse().unwrap();
        let authn = &written["authn"];
        let cas = authn["cas"]["url"].as_str();
        assert_eq!(cas, Some("https://cas.univ.example/cas"));
        let said = authn.get("attributes").and_then(toml::Value::as_str);
        assert_eq!(said, attributes, "{authn}");
        assert_eq!(authn.get("ldap").is_some(), attributes.is_some());
    }
}

#[tokio::test]
async fn nothing_is_asked_that_was_said_and_nothing_is_made_where_the_answers_end() {
    let place = Place::new();
    let said = "--base-url https://idp.univ.example --cas https://cas.univ.example/cas";
    let told = place
        .typed(said, "de_DE.UTF-8", "sso@univ.example\n\n")
        .await;
    assert_eq!(told.status, 1, "{told:?}");
    for (text, is_said) in [("1/5", false), ("2/5", false), ("3/5", true), ("4/5", true)] {
        assert_eq!(told.out.contains(text), is_said, "{text}: {told:?}");
    }
    // In English, where the language is none of ours.
    assert!(told.out.contains("Languages of your texts"), "{told:?}");
    assert!(told.out.contains("nothing was written"), "{told:?}");
    place.is_untouched();
}
