//! The rows of rooms, the libraries in them, and the verdict on one path.

use std::{collections::BTreeSet, path::Path};

use crate::{paths::Found, sources};

/// From the last called to the first: a room may use those of earlier rows.
const ROWS: [&[&str]; 19] = [
    &["sys"],
    &["model"],
    &["config", "audit"],
    &["xml"],
    &["xmlsec"],
    // The checker of Responses stands beside what makes them, so that neither can lean on the
    // other: two readers that share code share its faults.
    &["saml", "sp_check"],
    &["metadata"],
    &["expression"],
    &["attributes"],
    &["policy"],
    &["setup"],
    &["authn"],
    &["store"],
    &["flow"],
    &["edge"],
    &["web", "admin", "control"],
    &["telemetry"],
    &["app"],
    &["cli"],
];

/// The program: it starts `cli` and is used by nobody.
const MAIN: &str = "main";

/// A library and the only places that may name it. A place is a room, or a module in one.
struct Library {
    name: &'static str,
    places: &'static [&'static str],
}

const fn only(name: &'static str, places: &'static [&'static str]) -> Library {
    Library { name, places }
}

const LIBRARIES: &[Library] = &[
    // The commands talk to a person, who can use a chain of causes.
    only("anyhow", &["cli", MAIN]),
    only("clap", &["cli", MAIN]),
    only("mimalloc", &[MAIN]),
    // HTTP ends at the edge; `flow` is driven without it.
    only(
        "axum",
        &["edge", "web", "admin", "control", "telemetry", "app"],
    ),
    only(
        "tower",
        &["edge", "web", "admin", "control", "telemetry", "app"],
    ),
    only("tower_http", &["edge", "web"]),
    only("tokio_io_timeout", &["app"]),
    // Tasks that are waited for before the process ends.
    only("tokio_util", &["flow/bridge", "app/lasting"]),
    only("axum_server", &["app", "telemetry"]),
    // What counts now, read for each request and replaced while the server runs.
    only("arc_swap", &["app/live"]),
    only(
        "http_body_util",
        &["edge", "web", "admin", "control", "app"],
    ),
    only("hyper_util", &["app"]),
    only("reqwest", &["sys"]),
    // Cryptography: randomness, seals and TLS in `sys`, signatures in `xmlsec`.
    only("openssl", &["sys", "xmlsec"]),
    // Keys in a token are only ever asked by the threads of one module.
    only("cryptoki", &["xmlsec/token"]),
    only("native_tls", &["sys"]),
    only("tokio_native_tls", &["sys"]),
    only("getrandom", &["sys"]),
    only("subtle", &["sys"]),
    only("argon2", &["authn/local"]),
    // Peers' XML has one door. The aggregate is too large for a tree and is read as a stream.
    only("roxmltree", &["xml"]),
    only("quick_xml", &["xml", "metadata/aggregate"]),
    only("memchr", &["xml"]),
    only("flate2", &["saml/binding"]),
    // The packed form of what is sealed or stored; whatever is read so has been authenticated.
    only("postcard", &["flow", "store"]),
    // Stores and directories.
    only("redis", &["store/redis"]),
    only("redb", &["store/embedded"]),
    only(
        "moka",
        &["store/memory", "store/redis/attempts", "authn/throttle"],
    ),
    only("ldap3", &["authn/ldap"]),
    only("bytes", &["authn/ldap"]),
    // Looks whether a connection is quiet; bodies that a test sends; and many questions, a few at one time.
    only(
        "futures_util",
        &[
            "authn/ldap",
            "edge/limits",
            "app/connection",
            "app/compare",
            "flow/keep",
        ],
    ),
    // Pages and languages.
    only("minijinja", &["expression", "edge/page"]),
    only("fluent_bundle", &["edge/page"]),
    only("unic_langid", &["edge/page"]),
    only("pulldown_cmark", &["edge/page/article"]),
    // A list of users that an administrator shows us.
    only("csv", &["setup/export"]),
    // Configuration is read in one room. The directory of local accounts is a file of its own, and
    // the tests of what is released read the presets, which are data.
    only(
        "toml",
        &["config", "authn/local", "attributes/release/tests"],
    ),
    only("toml_edit", &["config/edit"]),
    // The proxies that are trusted are named in the configuration, and asked about at the edge.
    only("ipnet", &["config", "edge", "web"]),
    only("prometheus_client", &["telemetry"]),
    // `telemetry` writes the lines; the command that starts the server sets them up.
    only("tracing_subscriber", &["telemetry", "cli"]),
    // The process itself: its rights and limits.
    only("rustix", &["sys", "app", "cli"]),
    // The independent witness. It never runs in the sign-in server.
    only("samael", &[]),
    only("libxml", &[]),
];

/// Libraries that every room may use.
const EVERYWHERE: &[&str] = &[
    "base64",
    "jiff",
    "percent_encoding",
    "serde",
    "serde_json",
    "thiserror",
    "tokio",
    "tracing",
    "unicode_normalization",
    "url",
    "zeroize",
];

fn row(room: &str) -> Option<usize> {
    if room == MAIN {
        return Some(ROWS.len());
    }
    ROWS.iter().position(|row| row.contains(&room))
}

/// What is wrong with `found` in the module `module`; `None` when it is allowed.
fn fault(module: &[String], found: &Found) -> Option<String> {
    // Only lib.rs has no room, and it names nothing (`sources` sees to that).
    let room = module.first()?;
    match found {
        Found::Root => Some("takes the crate's root, behind which every room stands".to_owned()),
        Found::Library(name) => {
            let library = LIBRARIES.iter().find(|library| library.name == name)?;
            let here = module.join("/");
            let is_at_home = library.places.iter().any(|place| {
                here.strip_prefix(place)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            (!is_at_home).then(|| format!("library {name} belongs in {:?}", library.places))
        }
        Found::Room(other) if other == room => None,
        Found::Room(other) => match (row(room), row(other)) {
            (_, None) => Some(format!("{other} is not a room")),
            (None, _) => Some(format!("{room} is not a room")),
            (Some(own), Some(used)) if used < own => None,
            (Some(own), Some(used)) if used == own => {
                Some(format!("{room} and {other} stand in one row"))
            }
            (Some(_), Some(_)) => Some(format!("{other} stands above {room}")),
        },
    }
}

/// All faults of one source text that stands for `module`.
fn faults(module: &str, source: &str) -> Vec<String> {
    let module: Vec<String> = module.split('/').map(str::to_owned).collect();
    crate::paths::of(&module, source)
        .iter()
        .filter_map(|(path, found)| Some(format!("`{path}`: {}", fault(&module, found)?)))
        .collect()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_room_uses_only_lower_rows_and_every_library_stays_at_home() {
    let tree = sources::read(&repository().join("src"));
    let mut all: Vec<String> = tree.faults;
    assert!(tree.modules.len() > 1, "no sources were found");
    for source in &tree.modules {
        let module = source.module.join("/");
        let found = faults(&module, &source.text);
        all.extend(
            found
                .into_iter()
                .map(|fault| format!("{}: {fault}", source.file)),
        );
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn every_room_has_a_row() {
    let tree = sources::read(&repository().join("src"));
    for source in &tree.modules {
        if let Some(room) = source.module.first() {
            assert!(row(room).is_some(), "{}: {room} has no row", source.file);
        }
    }
}

#[test]
fn every_dependency_is_in_one_of_the_tables() {
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let known: BTreeSet<&str> = LIBRARIES
        .iter()
        .map(|library| library.name)
        .chain(EVERYWHERE.iter().copied())
        .collect();
    assert_eq!(known.len(), LIBRARIES.len() + EVERYWHERE.len());
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        let name = name.replace('-', "_");
        assert!(
            known.contains(name.as_str()),
            "say where {name} may be used"
        );
    }
}

#[test]
fn no_place_of_a_library_is_in_a_room_without_a_row() {
    for library in LIBRARIES {
        for place in library.places {
            let room = place.split('/').next().unwrap();
            assert!(row(room).is_some(), "{}: {place}", library.name);
        }
    }
}

#[test]
fn an_upward_use_is_found_wherever_it_stands() {
    for source in [
        "use crate::web::sso;",
        "use crate::{sys::clock, web::{self, sso}};",
        "use super::super::web::sso;",
        "pub use crate::web::Sso;",
        "pub(crate) use crate::web as inner;",
        "fn f() { crate::web::sso(); }",
        "fn f() { use crate::web::sso; }",
        "fn f(x: &dyn Fn() -> crate::web::Sso) {}",
        "fn f() { for x in crate::web::all() {} }",
        "impl From<super::super::web::Sso> for X {}",
        "macro_rules! m { () => { $crate::web::sso() } }",
        "fn f() { format!(\"{}\", crate::web::NAME); }",
        "fn f() { vec![Some(super::super::web::NAME)]; }",
        "mod inner { use super::super::super::web::sso; }",
        "#[cfg(test)] mod tests { use crate::web::sso; }",
        "#[serde(with = \"crate::web::form\")] struct S;",
        "#[cfg_attr(test, derive(crate::web::Sso))] struct S;",
        "fn f() { <crate::web::Sso as Default>::default(); }",
        "fn f() { passerelle::web::sso(); }",
        "use ::passerelle::web::sso;",
        "fn f() { match 1 { _ => crate::web::sso() } }",
        "use crate::r#web::sso;",
    ] {
        assert!(!faults("saml/acs", source).is_empty(), "{source}");
    }
}

#[test]
fn a_sideways_use_is_found() {
    for (module, source) in [
        ("sp_check/read", "use crate::saml::status;"),
        ("saml/response", "use crate::sp_check::read;"),
        ("audit", "use crate::config::Config;"),
        ("web/sso", "use crate::admin::page;"),
    ] {
        assert!(!faults(module, source).is_empty(), "{source}");
    }
}

#[test]
fn a_use_of_a_lower_row_or_of_the_own_room_is_allowed() {
    for source in [
        "use crate::{sys::clock, model::{journey, vocab::*}, xmlsec};",
        "use super::{status, trust::Trusted};",
        "use self::inner::X; mod inner {}",
        "mod tests { use super::*; use super::super::trust; }",
        "pub(in crate::saml) fn f() {} pub(crate) fn g() {} pub(super) fn h() {}",
        "/// [`crate::web::sso`] calls this.\nfn f() {}",
        "// crate::web::sso\nconst A: &str = \"crate::web::sso\";",
        "struct S { web: u8 } fn f(s: S) -> u8 { s.web }",
        "fn f<T: web::X>() { Web::new(); iter.map(Self::web) }",
    ] {
        assert_eq!(faults("saml/acs", source), [""; 0], "{source}");
    }
}

#[test]
fn taking_the_root_is_a_fault() {
    for source in [
        "use crate as all;",
        "use crate::*;",
        "use crate::{self as all};",
        "use super::super as all;",
        "use super::super::*;",
        "extern crate self as all;",
        "fn f() { use super::super::*; }",
    ] {
        assert!(!faults("saml/acs", source).is_empty(), "{source}");
    }
}

#[test]
fn a_library_outside_its_rooms_is_found() {
    for (module, source) in [
        ("flow/sso", "use axum::Json;"),
        ("flow/sso", "use ::axum::Json;"),
        ("flow/sso", "fn f() -> ::axum::Json<u8> {}"),
        ("flow/sso", "extern crate openssl;"),
        ("flow/sso", "extern crate openssl as o;"),
        ("flow/sso", "use openssl as o;"),
        ("flow/sso", "fn f() { m!(openssl::rand::rand_bytes(b)) }"),
        ("store/memory", "use redis::Client;"),
        ("store/redistribute", "use redis::Client;"),
        ("metadata/read", "use quick_xml::Reader;"),
        ("saml/authn_request", "use roxmltree::{Document, Node};"),
        (
            "web/pages",
            "use {serde::Serialize, minijinja::Environment};",
        ),
        ("app", "use samael::metadata::EntityDescriptor;"),
    ] {
        assert!(!faults(module, source).is_empty(), "{module}: {source}");
    }
}

#[test]
fn a_library_at_home_and_a_module_of_the_same_name_are_allowed() {
    for (module, source) in [
        ("web/sso", "use axum::Json;"),
        ("store/redis", "use redis::Client;"),
        ("store/redis/pool", "fn f() { ::redis::Client::open(x) }"),
        ("store", "mod redis; pub use redis::RedisStore;"),
        ("store", "mod redis; pub use self::redis::RedisStore;"),
        ("metadata/aggregate", "use quick_xml::Reader;"),
        ("flow/sso", "fn f(toml: &str) { toml.len(); g(clap) }"),
        ("flow/sso", "use serde::Serialize; use model::axum::X;"),
    ] {
        assert_eq!(faults(module, source), [""; 0], "{module}: {source}");
    }
}
