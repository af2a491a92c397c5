//! What is told of each fault.

use std::{fs, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{EXAMPLE, HOME, Place, all_switched_on, with};
use crate::model::language::Language;

#[test]
fn breach_of_sdp_md09_sdp_md11_sdp_idp14_sdp_idp33_faults_of_all_sections_are_reported_together() {
    let text = r#"
base-url = "https://idp.example.org/sso"
lap = true
[server]
listen = "0.0.0.0:80"
trusted-proxis = []
max-connections = "many"
[keys]
signing = []
seal = "../certs/nowhere.keys"
[organization]
name.en = "Example"
url.fr = "http://www.example.org"
technical-contact = "me"
mail-domains = ["Example.org"]
scopes = ["x.fr", ".*"]
[authn]
methods = ["local", "kerberos"]
[authn.throttle]
first-wait-seconds = 0
[sessions]
idle-minutes = 481
[sp.Zoom]
metadata = "../metadata"
preset = "zomo"
sign-in-link = "javascript:alert(1)"
[[sp.Zoom.release]]
attribute = "mail"
value = "x"
"#;
    let expected = "\
x.toml: support: is missing
x.toml:2: base-url: must not hold a path
    hint: write scheme and host only, like https://idp.example.org
x.toml:3: lap: is not a key that is known here
    hint: did you mean `lab`?
x.toml:5: server.listen: is not loopback, and there is no `tls`
    hint: passwords must not cross a network in clear: add tls, or listen on 127.0.0.1
x.toml:6: server.trusted-proxis: is not a key that is known here
    hint: did you mean `trusted-proxies`?
x.toml:7: server.max-connections: invalid type: string \"many\", expected u32
    hint: write a whole number, without quotes
x.toml:8: keys.pairwise: is missing
x.toml:9: keys.signing: names no key
    hint: `passerelle keys` makes one
x.toml:10: keys.seal: certs/nowhere.keys cannot be read: No such file or directory (os error 2)
    hint: the user of the service must own it; `passerelle keys` makes those of [keys], `install -m 400 /dev/stdin FILE` that of a password
x.toml:12: organization.name.fr: is missing
    hint: French (fr) is always there, and English (en) may be
x.toml:13: organization.url.fr: is not an https address (https:// in lower case, 2048 bytes at most)
x.toml:14: organization.technical-contact: is not a mail address
x.toml:15: organization.mail-domains[1]: is not a domain name in lower case
    hint: write it like univ-montp3.fr
x.toml:16: organization.scopes[2]: is not a domain name in lower case
    hint: write it like univ-montp3.fr
x.toml:18: authn.methods: unknown variant `kerberos`, expected one of `cas`, `ldap`, `local`
x.toml:20: authn.throttle.first-wait-seconds: must not be 0
x.toml:22: sessions.idle-minutes: is longer than lifetime-minutes
x.toml:23: sp.Zoom: the name after `sp.` is not 1 to 32 of a-z, 0-9 and inner hyphens
x.toml:24: sp.Zoom.metadata: metadata is not a file
x.toml:25: sp.Zoom.preset: there is no preset zomo
    hint: there are: generic, zoom
x.toml:26: sp.Zoom.sign-in-link: is not an https URL
x.toml:27: sp.Zoom.release[1]: has both `attribute` and `value`
    hint: write attribute = \"…\" alone, or name = \"…\" with value = \"…\"";
    assert_eq!(Place::new().faults(text), expected);
}

#[test]
fn r124_behind_a_proxy_that_is_not_named_nobody_could_be_told_apart() {
    let place = Place::new();
    let shown = place.faults(&with("trusted-proxies = [\"127.0.0.1\", \"::1\"]\n", ""));
    assert!(
        shown.contains("server.trusted-proxies: is missing"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 2, "{shown}");
}

/// The example with a table `[store]` of these lines.
fn with_store(lines: &str) -> String {
    with(
        "\n[sessions]\n",
        &format!("\n[store]\n{lines}\n[sessions]\n"),
    )
}

#[test]
fn r126_a_store_is_reached_over_tls_or_on_this_machine() {
    let place = Place::new();
    for (address, told) in [
        (
            "rediss://redis.example.org",
            "rediss://redis.example.org:6379",
        ),
        ("rediss://[2001:db8::1]:6380/", "rediss://2001:db8::1:6380"),
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://127.0.0.1:6380", "redis://127.0.0.1:6380"),
        ("redis://[::1]", "redis://::1:6379"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("unix:///run/of é/100%.sock", "unix:///run/of é/100%.sock"),
    ] {
        let config = place.load(&with_store(&format!("redis = \"{address}\"")));
        let server = config.unwrap().store.unwrap();
        assert_eq!(server.topology.to_string(), told);
        let defaults = (server.timeout_ms, server.prefix.as_str());
        assert_eq!(defaults, (100, "passerelle:"));
    }
}

#[test]
fn r126_each_bad_value_of_a_store_is_told_by_its_key_and_no_password_stands_in_an_address() {
    let place = Place::new();
    let local = "redis = \"redis://localhost\"\n";
    for (lines, fault) in [
        ("redis = \"a.example\"", "redis: is not an address"),
        (
            "redis = \"redis://a.example\"",
            "redis: crosses a network in clear",
        ),
        (
            "redis = \"rediss://:secret@a.example\"",
            "redis: holds an account",
        ),
        (
            "redis = \"rediss://a.example/1\"",
            "redis: has more than a host",
        ),
        (
            "redis = \"rediss://a.example?x\"",
            "redis: has more than a host",
        ),
        (
            "redis = \"http://a.example\"",
            "redis: is not a rediss, redis or unix",
        ),
        ("redis = \"unix:///\"", "redis: is not the path of a socket"),
        (
            "redis = \"unix:run/redis.sock\"",
            "redis: is not the path of a socket",
        ),
        (
            "redis = \"unix://run/redis.sock\"",
            "redis: is not the path of a socket",
        ),
        ("prefix = \"p:\"", "redis: is missing"),
        (
            &format!("{local}prefix = \"a{{b}}\""),
            "prefix: is not 1 to 64",
        ),
        (&format!("{local}prefix = \"\""), "prefix: is not 1 to 64"),
        (&format!("{local}user = \"me\""), "user: stands without"),
        (
            &format!("{local}ca = \"../certs/cas-ca.pem\""),
            "ca: stands without",
        ),
        (
            &format!("{local}timeout-milliseconds = 2001"),
            "timeout-milliseconds: is not",
        ),
        (&format!("{local}oops = 1"), "oops: is not a key"),
    ] {
        let shown = place.faults(&with_store(lines));
        assert!(shown.contains(&format!(": store.{fault}")), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn r126_sentinels_and_servers_of_a_cluster_are_read_as_they_are_written() {
    let place = Place::new();
    for (lines, told) in [
        (
            "sentinels = [\"rediss://a.example\", \"rediss://b.example:26380\"]\nmaster = \"sign-in\"",
            "sign-in of Sentinel rediss://a.example:26379 rediss://b.example:26380 asked as anybody",
        ),
        (
            "sentinels = [\"redis://localhost\"]\nmaster = \"m_1.a\"",
            "m_1.a of Sentinel redis://localhost:26379 asked as anybody",
        ),
        (
            "cluster = [\"rediss://a.example\", \"rediss://b.example:6380\"]\nca = \"../certs/cas-ca.pem\"",
            "Cluster rediss://a.example:6379 rediss://b.example:6380",
        ),
    ] {
        let config = place.load(&with_store(lines)).unwrap();
        assert_eq!(config.store.unwrap().topology.to_string(), told);
    }
}

#[test]
fn r126_each_bad_value_of_sentinels_and_of_a_cluster_is_told_by_its_key() {
    let place = Place::new();
    let sentinels = "sentinels = [\"redis://localhost\"]\n";
    let cluster = "cluster = [\"redis://localhost\"]\n";
    for (lines, fault) in [
        (sentinels, "master: is missing"),
        (
            &format!("{sentinels}master = \"a b\""),
            "master: is not 1 to 64",
        ),
        (
            &format!("{cluster}master = \"sign-in\""),
            "master: stands without sentinels",
        ),
        (
            &format!("{sentinels}{cluster}master = \"sign-in\""),
            "cluster: stands beside another",
        ),
        (
            &format!("{cluster}redis = \"redis://localhost\""),
            "cluster: stands beside another",
        ),
        ("cluster = []", "cluster: is not 1 to 32 addresses"),
        ("cluster = \"redis://localhost\"", "cluster"),
        (
            "cluster = [\"redis://localhost\", \"redis://a.example\"]",
            "cluster[2]: crosses a network in clear",
        ),
        (
            "cluster = [\"rediss://:secret@a.example\"]",
            "cluster[1]: holds an account",
        ),
        (
            "cluster = [\"redis://localhost\", \"rediss://a.example\"]",
            "cluster: has rediss and redis addresses",
        ),
        (
            "cluster = [\"unix:///run/redis.sock\"]",
            "cluster[1]: is the path of a socket",
        ),
        (
            &format!("{cluster}ca = \"../certs/cas-ca.pem\""),
            "ca: stands without",
        ),
        (
            &format!("{sentinels}master = \"a\"\nsentinel-user = \"me\""),
            "sentinel-user: stands without sentinel-password-file",
        ),
    ] {
        let shown = place.faults(&with_store(lines));
        assert!(shown.contains(&format!(": store.{fault}")), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn counts_are_told_anywhere_but_where_people_come() {
    let place = Place::new();
    let beside = |listen| {
        let metrics = format!("[metrics]\nlisten = \"{listen}\"\n[keys]\n");
        with("[keys]\n", &metrics)
    };
    place.load(&beside("127.0.0.1:9464")).unwrap();
    let shown = place.faults(&beside("127.0.0.1:8080"));
    assert!(
        shown.contains("metrics.listen: is where people come"),
        "{shown}"
    );
}

#[test]
fn every_section_refuses_a_key_that_it_does_not_know() {
    let place = Place::new();
    for (header, key) in [
        ("lab = false\n", "oops"),
        ("[server]\n", "server.oops"),
        ("[keys]\n", "keys.oops"),
        ("[organization]\n", "organization.oops"),
        ("[support]\n", "support.oops"),
        ("[authn]\n", "authn.oops"),
        ("[authn.local]\n", "authn.local.oops"),
        ("[authn.throttle]\n", "authn.throttle.oops"),
        ("[sessions]\n", "sessions.oops"),
        ("[stories]\n", "stories.oops"),
        ("[requests]\n", "requests.oops"),
        ("[sp.zoom]\n", "sp.zoom.oops"),
        ("[[sp.intranet.release]]\n", "sp.intranet.release[1].oops"),
    ] {
        let shown = place.faults(&with(
            &format!("\n{header}"),
            &format!("\n{header}oops = 1\n"),
        ));
        assert!(
            shown.contains(&format!(": {key}: is not a key that is known here")),
            "{shown}"
        );
        assert_eq!(shown.lines().count(), 2, "{shown}");
    }
    for (line, other, key) in [
        (
            "{ format = \"persistent\"",
            "{ oops = 1, format = \"persistent\"",
            "name-id.oops",
        ),
        (
            "name.en = \"Example",
            "name.de = \"Beispiel\"\nname.en = \"Example",
            "name.de",
        ),
        ("#:tls = {", "tls = { oops = 1,", "server.tls.oops"),
    ] {
        let shown = place.faults(&with(line, other));
        assert!(shown.contains(&format!("{key}: is not a key")), "{shown}");
    }
}

/// A line of the example, what stands there instead, and what is told of it.
const BAD_VALUES: &[(&str, &str, &str)] = &[
    (
        "keep-days = 7",
        "keep-days = 367",
        ": stories.keep-days: is longer than 366 days",
    ),
    (
        "max-megabytes = 64",
        "max-megabytes = 0",
        ": stories.max-megabytes: must not be 0",
    ),
    (
        "max-megabytes = 64",
        "max-megabytes = 4097",
        ": stories.max-megabytes: is more than 4096",
    ),
    (
        "person = \"clear\"",
        "person = \"whole\"",
        ": stories.person: unknown variant `whole`, expected one of `clear`, `hashed`, `none`",
    ),
    (
        "lab = false",
        "lab = true",
        ": lab: is for a base-url on localhost only",
    ),
    (
        "\"127.0.0.1\", \"::1\"",
        "\"0.0.0.0/0\"",
        "trusted-proxies[1]: trusts the whole",
    ),
    (
        "\"127.0.0.1\", \"::1\"",
        "\"::1\", \"proxy\"",
        "trusted-proxies[2]: is not an address",
    ),
    (
        "stop-grace-seconds = 20",
        "stop-grace-seconds = 0",
        "seconds: must not be 0",
    ),
    (
        "methods = [\"local\"]",
        "methods = []",
        "authn.methods: names no method",
    ),
    (
        "methods = [\"local\"]",
        "methods = [\"local\", \"local\"]",
        "authn.methods: names local twice",
    ),
    (
        "[authn.local]\npeople = \"people.toml\"",
        "[authn.x]\n",
        "there is no [authn.local]",
    ),
    (
        "hashing-threads = 2",
        "hashing-threads = 0",
        "hashing-threads: is not 1 to 64",
    ),
    (
        "people = \"people.toml\"",
        "people = \"presets\"",
        "authn.local.people: presets cannot",
    ),
    (
        "forget-after-minutes = 30",
        "forget-after-minutes = 1",
        "is not longer than longest",
    ),
    (
        "max-age-seconds = 300",
        "max-age-seconds = 3601",
        "is longer than 3600 seconds",
    ),
    (
        "department =",
        "\"2.5.4.11\" =",
        "attributes.2.5.4.11: is not the name",
    ),
    (
        "department =",
        "Department = \"x\"\ndepartment =",
        "attributes.department: is given tw",
    ),
    (
        "aliases = [\"https",
        "aliases = [\"a b\", \"https",
        "aliases: holds white space",
    ),
    (
        "format = \"persistent\"",
        "format = \"opaque\"",
        "unknown variant `opaque`",
    ),
    (
        "format = \"persistent\"",
        "format = \"transient\"",
        "name-id.from: stands beside a format that is made from nothing",
    ),
    (
        "format = \"persistent\"",
        "format = \"none\"",
        "name-id.from: stands beside a format that is made from nothing",
    ),
    (
        "{ format = \"persistent\", from = \"eduPersonUniqueId\" }",
        "{ format = \"unspecified\" }",
        "name-id.from: is missing",
    ),
    (
        "from = \"eduPersonUniqueId\"",
        "from = \"urn:oid:1\"",
        "name-id.from: is not the name",
    ),
    (
        "name-id = { f",
        "name = { f",
        "sp.intranet.name-id: is missing, and no preset",
    ),
    (
        "attribute = \"mail\"",
        "",
        "release[1]: has neither `attribute` nor `value`",
    ),
    (
        "name = \"urn:example:role\"",
        "",
        "release[2]: has a `value` without a `name`",
    ),
    (
        "field = \"Role\"",
        "",
        "release[2]: has `lines` without a `field`",
    ),
    (
        "{ contains = \"reader\", gives = \"Guest\" }",
        "{ contains = \"reader\" }",
        "release[2].lines[2].gives: is missing",
    ),
    (
        "contains = \"teacher\"",
        "contains = \"\"",
        "release[2].lines[1].contains: is empty",
    ),
    (
        "#:service = \"zoom\"",
        "service = \"webex\"",
        "sp.intranet.service: unknown variant `webex`",
    ),
    (
        "sign = \"both\"",
        "sign = \"all\"",
        "sp.intranet.sign: unknown variant `all`",
    ),
    (
        "max-authn-age-minutes = 240",
        "max-authn-age-minutes = 0",
        "minutes: must not be 0",
    ),
    (
        "refuse = []",
        "refuse = [\"rsa-sha1\"]",
        "algorithms.refuse: unknown variant `rsa-sha1`",
    ),
    (
        "#:passphrase = \"../certs/signing.passphrase\"",
        "passphrase = \"../certs/tls.pem\"",
        "keys.passphrase: certs/tls.pem can be read by others than its owner",
    ),
    (
        "#:next = \"../certs/signing-2026-11-28.pem\"",
        "next = \"../certs/nowhere.pem\"",
        "keys.next: certs/nowhere.pem cannot be read",
    ),
    (
        "#:next = \"../certs/signing-2026-11-28.pem\"",
        "next = \"../certs/seal.keys\"",
        "keys.next: certs/seal.keys is not a private key with its certificate",
    ),
    (
        "#:next-key-from = 2026-12-01T08:00:00+01:00",
        "next-key-from = 2026-12-01T08:00:00+01:00",
        "sp.zoom.next-key-from: stands beside no next key (keys.next)",
    ),
    (
        "#:next-key-from = 2026-12-01T08:00:00+01:00",
        "next-key-from = 2026-12-01T08:00:00",
        "sp.zoom.next-key-from: is not a moment",
    ),
    (
        "#:next-key-from = 2026-12-01T08:00:00+01:00",
        "next-key-from = 2026-12-01",
        "sp.zoom.next-key-from: is not a moment",
    ),
    (
        "#:next-key-from = 2026-12-01T08:00:00+01:00",
        "next-key-from = \"2026-12-01T08:00:00Z\"",
        "or a moment: 2027-06-30T08:00:00+02:00",
    ),
    (
        "#:sha1-until = 2027-06-30",
        "sha1-until = \"2027-06-30\"",
        "hint: write a day, without quotes",
    ),
    (
        "#:sha1-until = 2027-06-30",
        "sha1-until = 2027-06-30T12:00:00Z",
        "sp.intranet.sha1-until: is not a day",
    ),
    (
        "#:sha1-until = 2027-06-30",
        "sha1-until = 12:00:00",
        "sp.intranet.sha1-until: is not a day",
    ),
    (
        "#:sha1-until = 2027-06-30",
        "sha1-until = true",
        "sp.intranet.sha1-until: invalid type",
    ),
    (
        "#:relay-states = [",
        "relay-states = [",
        "sp.zoom.relay-states: stands beside no `idp-initiated = true`",
    ),
    (
        "idp-initiated = false",
        "idp-initiated = true\nrelay-states = [\"a\", \"\"]",
        "sp.zoom.relay-states[2]: is empty, or holds a control character",
    ),
    (
        "idp-initiated = false",
        "idp-initiated = true\nrelay-states = [\"a\", \"b\\nc\"]",
        "sp.zoom.relay-states[2]: is empty, or holds a control character",
    ),
    (
        "idp-initiated = false",
        "idp-initiated = true\nrelay-states = [\"a\", \"a\"]",
        "sp.zoom.relay-states[2]: stands on the list already",
    ),
    (
        "idp-initiated = false",
        "idp-initiated = true\nrelay-states = \"a\"",
        "sp.zoom.relay-states: invalid type",
    ),
    (
        "idp-initiated = false",
        "idp-initiated = \"yes\"",
        "sp.zoom.idp-initiated: invalid type",
    ),
    (
        "session-minutes = 480",
        "session-minutes = 0",
        "sp.intranet.session-minutes: must not be 0",
    ),
    (
        "preset = \"zoom\"",
        "preset = \"../zoom\"",
        "preset: is not the name of a preset",
    ),
    (
        "name.fr = \"Université d'exemple\"",
        "name.fr = \" \"",
        "name.fr: is empty",
    ),
    (
        "text.fr = \"Écrivez",
        "text.fr = \"\\u0007Écrivez",
        "holds a control character",
    ),
    (
        "\"https://help.example.org\"",
        "\"javascript:alert(1)\"",
        "support.link: is not an http",
    ),
];

#[test]
fn each_bad_value_is_told_by_its_key_and_its_reason() {
    let place = Place::new();
    for &(line, other, told) in BAD_VALUES {
        let shown = place.faults(&with(line, other));
        assert!(shown.contains(told), "{other}\n{shown}");
    }
}

/// An origin with a name of this many bytes in all, of labels that a host name may have.
fn base_url_of(bytes: usize) -> String {
    let mut text = "https://".to_owned();
    while bytes - text.len() > 63 {
        text.push_str(&"a".repeat(50));
        text.push('.');
    }
    text.push_str(&"a".repeat(bytes - text.len()));
    assert_eq!(text.len(), bytes);
    text
}

#[test]
fn sdp_g04_our_name_is_an_absolute_uri_of_at_most_256_characters_whatever_the_base_url_is() {
    let place = Place::new();
    for base_url in ["https://idp.example.org", &base_url_of(200)] {
        let text = with("https://idp.example.org", base_url);
        let name = place.load(&text).unwrap().base_url.entity_id();
        assert!(name.starts_with(base_url), "{name}");
        assert_eq!(url::Url::parse(&name).unwrap().as_str(), name);
        assert!(name.chars().count() <= 256, "{name}");
    }
}

/// Our name and the addresses of our logo and of our error page have no keys of their own: each is this one with a path
/// behind it.
#[test]
fn breach_of_sdp_g04_sdp_md10_sdp_md12_a_base_url_that_is_too_long_or_not_https_is_refused() {
    let place = Place::new();
    for (other, told) in [
        ("http://idp.example.org", "must begin with https://"),
        ("https://idp.example.org/", "write https://idp.example.org"),
        (
            "https://idp.example.org:443",
            "write https://idp.example.org",
        ),
        ("https://IDP.example.org", "write https://idp.example.org"),
        ("https://a@idp.example.org", "must not hold a user name"),
        ("https://idp.example.org?a", "must not hold a query"),
        ("idp.example.org", ": base-url: is not an absolute URL"),
        ("urn:idp.example.org", "must begin with https://"),
        (&base_url_of(201), ": base-url: is longer than 200 bytes"),
    ] {
        let shown = place.faults(&with("https://idp.example.org", other));
        assert!(shown.contains(told), "{other}\n{shown}");
    }
}

#[test]
fn breach_of_sdp_idp18_a_name_of_ones_own_says_its_format_and_is_a_uri_where_that_says_so() {
    let place = Place::new();
    for (line, other, told) in [
        (
            "name = \"urn:example:role\"",
            "name = \"role\"",
            "has name-format \"uri\", and its `name` is no URI",
        ),
        (
            "name-format = \"uri\"",
            "",
            "has a `name` without a `name-format`",
        ),
    ] {
        let shown = place.faults(&with(line, other));
        assert!(shown.contains(told), "{other}\n{shown}");
    }
}

/// The same for `[authn.cas]`, which the example has switched off.
const BAD_VALUES_OF_CAS: &[(&str, &str, &str)] = &[
    (
        "url = \"https://cas.example.org/cas\"",
        "url = \"https://cas.example.org/cas?a\"",
        "authn.cas.url: has a query or a fragment",
    ),
    (
        "url = \"https://cas.example.org/cas\"",
        "url = \"https://cas.example.org/cas/login\"",
        "authn.cas.url: is the address of its login page",
    ),
    (
        "url = \"https://cas.example.org/cas\"",
        "url = \"https://cas.example.org/login/\"",
        "authn.cas.url: is the address of its login page",
    ),
    ("protocol = 3", "protocol = 4", "protocol: is not 1, 2 or 3"),
    (
        "timeout-seconds = 5",
        "timeout-seconds = 31",
        "timeout-seconds: is not 1 to 30",
    ),
    (
        "[\"https://cas1.example.org/cas\", \"https://cas2.example.org/cas\"]",
        "[]",
        "authn.cas.validate-at: names no server",
    ),
    (
        "\"https://cas2.example.org/cas\"",
        "\"http://cas2.example.org/cas\"",
        "validate-at[2]: is not an https URL",
    ),
    (
        "\"https://cas2.example.org/cas\"",
        "\"https://cas1.example.org/cas/\"",
        "validate-at[2]: is named twice",
    ),
    (
        "../certs/cas-ca.pem",
        "../certs/none.pem",
        "authn.cas.ca: certs/none.pem cannot be read",
    ),
    (
        "../certs/cas-ca.pem",
        "../certs/tls.pem",
        "authn.cas.ca: certs/tls.pem: holds no certificate",
    ),
    (
        "authn-instant = \"validation\"",
        "authn-instant = \"login\"",
        "authn.cas.authn-instant: unknown variant `login`",
    ),
    (
        "authn-method-attribute = \"authnContextClass\"",
        "authn-method-attribute = \"authn context\"",
        "authn-method-attribute: is not the name of",
    ),
    ("protocol = 3", "protocol = 1", "authn-methods: needs proto"),
    (
        "\"https://refeds.org/profile/mfa\"",
        "mfa",
        "authn-methods.mfa: is not an absolute URI",
    ),
    (
        "\"https://refeds.org/profile/mfa\"",
        "\"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified\"",
        "unspecified: is a class that claims nothing",
    ),
    (
        "\"mfa-duo\"",
        "\" \"",
        "profile/mfa: is not the name of a method",
    ),
];

#[test]
fn each_bad_value_of_cas_is_told_by_its_key_and_its_reason() {
    let place = Place::new();
    for &(line, other, told) in BAD_VALUES_OF_CAS {
        let text = all_switched_on();
        assert!(text.contains(line), "{line}");
        let shown = place.faults(&text.replacen(line, other, 1));
        assert!(shown.contains(told), "{other}\n{shown}");
        assert!(shown.lines().count() <= 2, "{shown}");
    }
}

#[test]
fn the_nodes_of_cas_are_the_server_itself_where_none_are_listed() {
    let line = "validate-at = [\"https://cas1.example.org/cas\", \"https://cas2.example.org/cas\"]";
    let text = all_switched_on();
    assert!(text.contains(line));
    let place = Place::new();
    let nodes = |text: &str| {
        let cas = place.load(text).unwrap().authn.cas.unwrap();
        let nodes = cas.validate_at.iter().map(ToString::to_string);
        nodes.collect::<Vec<_>>()
    };
    assert_eq!(nodes(&text).len(), 2);
    assert_eq!(
        nodes(&text.replace(line, "")),
        ["https://cas.example.org/cas"]
    );
}

#[test]
fn notices_of_browsers_count_unless_others_are_bounded_and_nothing_is_said_of_them() {
    let (bound, said) = (
        "notices-from = [\"192.0.2.10\", \"198.51.100.0/24\"]",
        "front-channel = false",
    );
    let text = all_switched_on();
    assert!(text.contains(bound) && text.contains(said));
    let place = Place::new();
    let count = |bounds: &str, says: &str| {
        let text = text.replace(bound, bounds).replace(said, says);
        place.load(&text).unwrap().authn.cas.unwrap().front_channel
    };
    for (bounds, says, do_count) in [
        ("", "", true),
        ("notices-from = []", "", true),
        (bound, "", false),
        ("", "front-channel = false", false),
        (bound, "front-channel = true", true),
    ] {
        assert_eq!(count(bounds, says), do_count, "{bounds} {says}");
    }
}

#[test]
fn a_release_of_one_attribute_twice_is_refused() {
    let twice = "[[sp.intranet.release]]\nattribute = \"MAIL\"\n";
    let shown = Place::new().faults(&format!("{EXAMPLE}\n{twice}"));
    assert!(
        shown.contains("sp.intranet.release[3]: releases the same attribute"),
        "{shown}"
    );
}

#[test]
fn each_bad_value_of_the_directory_is_told_by_its_key_and_its_reason() {
    let place = Place::new();
    let with_ldap = all_switched_on();
    let bad = |line: &str, other: &str| {
        assert!(with_ldap.contains(line), "{line}");
        let faults = place.faults(&with_ldap.replacen(line, other, 1));
        let first = faults.lines().next().unwrap();
        first.split_once(": ").unwrap().1.to_owned()
    };
    let urls = "url = [\"ldaps://ldap1.example.org\", \"ldaps://ldap2.example.org\"]";
    for (line, other, fault) in [
        (urls, "url = []", "authn.ldap.url: names no server"),
        (
            urls,
            "url = [\"https://ldap.example.org\"]",
            "authn.ldap.url[1]: is not an ldaps or ldap address",
        ),
        (
            urls,
            "url = [\"ldaps://a.example.org\", \"ldaps://b.example.org/ou=people\"]",
            "authn.ldap.url[2]: has more than a host and a port",
        ),
        (
            "ca = \"../certs/directory-ca.pem\"",
            "ca = \"../certs/tls.pem\"",
            "authn.ldap.ca: certs/tls.pem: holds no certificate in PEM",
        ),
        (
            "bind-password-file = \"../certs/directory.password\"",
            "",
            "authn.ldap.bind-dn: stands without bind-password-file",
        ),
        (
            "bind-dn = \"cn=passerelle,ou=services,dc=example,dc=org\"",
            "",
            "authn.ldap.bind-password-file: stands without bind-dn",
        ),
        (
            "bind-password-file = \"../certs/directory.password\"",
            "bind-password-file = \"../certs/tls.pem\"",
            "authn.ldap.bind-password-file: certs/tls.pem can be read by others than its owner",
        ),
        (
            "login-attribute = \"uid\"",
            "login-attribute = \"u id\"",
            "authn.ldap.login-attribute: \"u id\" is not the name of an attribute",
        ),
        (
            "connections = 16",
            "connections = 0",
            "authn.ldap.connections: is not 1 to 256",
        ),
        (
            "without-directory = \"stop\"",
            "without-directory = \"go\"",
            "authn.ldap.without-directory: unknown variant `go`, expected `stop` or `use-cas`",
        ),
        (
            "code = \"supannCodeEntite\"",
            "code = \"\"",
            "authn.ldap.units.code: \"\" is not the name of an attribute",
        ),
        (
            "[authn.ldap.groups]\nbase",
            "[authn.ldap.groups]\nbasis",
            "authn.ldap.groups.base: is missing",
        ),
    ] {
        let found = bad(line, other);
        assert!(found.ends_with(fault), "{found}\n{fault}");
    }
}

#[test]
fn methods_that_do_not_go_together_are_told() {
    let place = Place::new();
    let all = all_switched_on();
    for (methods, fault) in [
        ("[\"ldap\", \"cas\"]", "names cas after another one"),
        (
            "[\"cas\", \"local\"]",
            "names local beside another one: they cannot be used together yet",
        ),
        ("[\"ldap\", \"ldap\"]", "names ldap twice"),
    ] {
        let text = all.replace("methods = [\"local\"]", &format!("methods = {methods}"));
        let faults = place.faults(&text);
        assert!(
            faults.contains(&format!("authn.methods: {fault}")),
            "{faults}"
        );
    }
    let text = EXAMPLE.replace("#:attributes = \"ldap\"", "attributes = \"ldap\"");
    let faults = place.faults(&text);
    assert!(
        faults.contains("authn.attributes: names ldap, and there is no [authn.ldap]"),
        "{faults}"
    );
}

#[test]
fn r90_r93_an_address_that_is_followed_is_https_and_stands_beside_no_file() {
    let place = Place::new();
    let address = "metadata-url = \"https://wiki.example.net/saml/metadata\"";
    let of_a_file = |line: &str| format!("metadata = \"../metadata/zoom.xml\"\n{line}");
    for (old, new, told) in [
        (
            address,
            "",
            "sp.wiki.metadata: is missing\n    hint: write metadata = \"FILE\", or metadata-url",
        ),
        (
            address,
            &of_a_file(address),
            "sp.wiki.metadata-url: stands beside `metadata`",
        ),
        (
            address,
            &of_a_file(""),
            "sp.wiki.metadata-refresh-minutes: stands beside no `metadata-url`",
        ),
        (
            address,
            "metadata-url = \"http://wiki.example.net/\"",
            "sp.wiki.metadata-url: is not an https URL",
        ),
        (
            address,
            "metadata-url = \"https://u:p@wiki.example.net/\"",
            "sp.wiki.metadata-url: ",
        ),
        (
            "state-folder = \"../state\"",
            "",
            "sp.wiki.metadata-url: needs a folder to keep the last good version in",
        ),
        (
            "metadata-refresh-minutes = 360",
            "metadata-refresh-minutes = 4",
            "sp.wiki.metadata-refresh-minutes: is not 5 to 10080",
        ),
        (
            "metadata-max-age-days = 30",
            "metadata-max-age-days = 0",
            "sp.wiki.metadata-max-age-days: must not be 0",
        ),
        (
            "metadata-max-mib = 64",
            "metadata-max-mib = 0",
            "sp.zoom.metadata-max-mib: is not 1 to 128",
        ),
        (
            "metadata-max-mib = 64",
            "metadata-max-mib = 129",
            "sp.zoom.metadata-max-mib: is not 1 to 128",
        ),
        (
            "folder = \"../metadata\"",
            "folder = \"../absent\"",
            "metadata.folder: absent cannot be read",
        ),
        (
            "folder = \"../metadata\"",
            "folder = \"../metadata/zoom.xml\"",
            "metadata.folder: metadata/zoom.xml is not a folder",
        ),
        (
            "\"../certs/authorities.pem\"",
            "\"../certs/pairwise.key\"",
            "sp.wiki.metadata-ca: ",
        ),
        (
            "\"../certs/federation.pem\"",
            "\"../certs/absent.pem\"",
            "sp.wiki.metadata-signed-by: certs/absent.pem cannot be read",
        ),
    ] {
        let text = all_switched_on();
        assert!(text.contains(old), "{old}");
        let faults = place.faults(&text.replacen(old, new, 1));
        assert!(faults.contains(told), "{told}\n{faults}");
    }
}

#[test]
fn r90_r93_a_metadata_query_service_is_https_and_asked_for_an_entity_and_stands_beside_nothing_else()
 {
    let place = Place::new();
    let text = all_switched_on();
    let asked = "metadata-query = \"https://mdq.example.net\"";
    let address = "metadata-url = \"https://wiki.example.net/saml/metadata\"";
    for (old, new, told) in [
        (
            "entity-id = \"https://archive.example.net/sp\"\n",
            String::new(),
            "needs `entity-id`",
        ),
        (
            asked,
            asked.replace(".net", ".net?x=1"),
            "has a query or a fragment",
        ),
        (asked, asked.replace("https", "http"), "is not an https URL"),
        (
            asked,
            format!("{asked}\nmetadata = \"../metadata/zoom.xml\""),
            "stands beside `metadata`",
        ),
        (
            asked,
            format!("{asked}\n{address}"),
            "stands beside `metadata-url`",
        ),
    ] {
        assert!(text.contains(old), "{old}");
        let faults = place.faults(&text.replacen(old, &new, 1));
        let told = format!("sp.archive.metadata-query: {told}");
        assert!(faults.contains(&told), "{told}\n{faults}");
    }
}

#[test]
fn a_text_is_there_in_each_language_in_bounds_and_says_what_it_is() {
    let place = Place::new();
    let text = all_switched_on();
    let faults = |name: &str, content: &str| {
        let path = place.write(&format!("config/texts/{name}"), content);
        let shown = place.faults(&text);
        fs::write(path, HOME).unwrap();
        shown
    };
    let large = format!("{HOME}{}", "a".repeat(64 * 1024));
    let misspelt = HOME.replace("lead", "laed");
    let no_day = HOME.replace("2026-11-28", "\"yesterday\"");
    for (content, told) in [
        (&*large, "home.fr.md is larger than 65536 bytes"),
        (
            "# Zoom\n",
            "texts/home.fr.md: does not begin with what it says of itself",
        ),
        (
            "+++\ntitle = 1\n",
            "does not begin with what it says of itself",
        ),
        ("+++\n+++\n", "texts/home.fr.md: last-change: is missing"),
        (
            &misspelt,
            "texts/home.fr.md:4: laed: is not a key that is known here\n    hint: did you mean `lead`?",
        ),
        (&misspelt, "texts/home.fr.md: lead: is missing"),
        (&no_day, "texts/home.fr.md:5: last-change: "),
    ] {
        let shown = faults("home.fr.md", content);
        assert!(shown.contains(told), "{shown}\n{told}");
        assert!(!shown.contains("home.en.md"), "{shown}");
    }
    fs::remove_file(place.0.path().join("config/texts/home.en.md")).unwrap();
    let shown = place.faults(&text);
    assert!(
        shown.contains("texts.folder: texts/home.en.md cannot be read"),
        "{shown}"
    );
}

#[test]
fn a_text_counts_its_lines_from_the_beginning_of_its_file_whatever_ends_them() {
    let place = Place::new();
    for text in [
        HOME.to_owned(),
        format!("\u{feff}{}", HOME.replace('\n', "\r\n")),
    ] {
        place.write("config/texts/home.en.md", &text);
        let config = place.load(&all_switched_on()).unwrap();
        let [fr, en] = &*config.texts.unwrap().home else {
            panic!("one for each language");
        };
        assert_eq!((fr.language, en.language), (Language::Fr, Language::En));
        assert_eq!((en.first_line, &*en.markdown), (7, "Text.\n"));
        assert_eq!((&*en.title, &*en.lead), ("Zoom", "To teach."));
        assert_eq!(en.last_change.to_string(), "2026-11-28");
    }
}

#[test]
fn alerts_tell_somebody_by_a_program_that_is_there_and_addresses_that_are_some() {
    let place = Place::new();
    let all = all_switched_on();
    let tell = "command = [\"../bin/tell\", \"--urgent\"]";
    for (line, other, told) in [
        (tell, "command = []", "alerts.command: names no program"),
        (
            tell,
            "command = [\"../bin/none\"]",
            "alerts.command: bin/none cannot be read",
        ),
        (
            tell,
            "command = [\"../bin\"]",
            "alerts.command: bin is not a file",
        ),
        (
            "to = [\"sso@example.org\"]",
            "to = []",
            "alerts.mail.to: names nobody",
        ),
        (
            "to = [\"sso@example.org\"]",
            "to = [\"a@example.org\", \"b@example.org\\nBcc: c@example.org\"]",
            "alerts.mail.to[2]: is not a mail address",
        ),
        (
            "from = \"passerelle@example.org\"",
            "from = \"passerelle\"",
            "alerts.mail.from: is not a mail address",
        ),
        (
            "sendmail = [\"../bin/tell\", ",
            "sendmail = [\"../bin/none\", ",
            "alerts.mail.sendmail: bin/none cannot be read",
        ),
    ] {
        assert!(all.contains(line), "{line}");
        let shown = place.faults(&all.replace(line, other));
        assert!(shown.contains(told), "{shown}\n{told}");
    }
    let shown = place.faults(&format!("{EXAMPLE}\n[alerts]\n"));
    assert!(shown.contains("alerts: tells nobody"), "{shown}");
    // As it is after an editor wrote it: that is warned of, and keeps nobody from signing in.
    place.chmod("bin/tell", 0o644);
    assert!(place.load(&all).is_ok());
    // Whoever can change the program is the server.
    place.chmod("bin/tell", 0o777);
    let shown = place.faults(&all);
    assert!(
        shown.contains("alerts.command: bin/tell can be changed by everybody"),
        "{shown}"
    );
}

/// Each value of a table with the key that it is told by, and where it stands in the text.
fn values_in(
    path: &str,
    table: &DeTable<'_>,
    found: &mut Vec<(String, Range<usize>, &'static str)>,
) {
    for (key, value) in table {
        let key = key.get_ref();
        let path = if path.is_empty() {
            key.to_string()
        } else {
            format!("{path}.{key}")
        };
        value_in(path, value, found);
    }
}

fn value_in(
    path: String,
    value: &Spanned<DeValue<'_>>,
    found: &mut Vec<(String, Range<usize>, &'static str)>,
) {
    let wrong = match value.get_ref() {
        DeValue::Table(table) => return values_in(&path, table, found),
        DeValue::Array(list) => {
            for (number, entry) in (1_usize..).zip(list) {
                if matches!(entry.get_ref(), DeValue::Table(_)) {
                    value_in(format!("{path}[{number}]"), entry, found);
                }
            }
            if list
                .iter()
                .any(|entry| matches!(entry.get_ref(), DeValue::Table(_)))
            {
                return;
            }
            "true"
        }
        DeValue::Boolean(_) => "\"true\"",
        DeValue::Integer(_) | DeValue::Float(_) => "\"1\"",
        DeValue::String(_) | DeValue::Datetime(_) => "true",
    };
    found.push((path, value.span(), wrong));
}

#[test]
fn a_value_of_the_wrong_type_is_one_fault_and_makes_no_other_check_speak() {
    let place = Place::new();
    // Authorities are loaded for a tenth of a second each, and no other key depends on them.
    let all = all_switched_on();
    let all: Vec<_> = all.lines().filter(|line| !line.contains("ca = ")).collect();
    let all = all.join("\n");
    let of_lab = all
        .replace("lab = false", "lab = true")
        .replace("https://idp.example.org", "http://idp.localhost:8480")
        .replace("https://example.zoom.us", "http://zoom.localhost:8481");
    let mut tried = 0;
    let mut spoke = Vec::new();
    for (text, is_tried) in [(&all, ""), (&of_lab, "lab")] {
        let mut values = Vec::new();
        values_in("", DeTable::parse(text).unwrap().get_ref(), &mut values);
        values.retain(|(key, _, _)| key.starts_with(is_tried));
        for (key, at, wrong) in values {
            let mut other = text.clone();
            other.replace_range(at, wrong);
            let faults = place.load(&other).expect_err(&key);
            tried += 1;
            if faults.len() != 1 || !faults[0].is_under(&key) {
                let faults: Vec<_> = faults
                    .iter()
                    .map(|it| format!("{}: {}", it.key, it.what))
                    .collect();
                spoke.push((key, faults));
            }
        }
    }
    assert!(tried > 120, "{tried}");
    assert!(spoke.is_empty(), "{spoke:#?}");
}
