//! The commands.

use clap::Parser as _;

use super::idp::{TestIdp, draft};
use crate::cli::Cli;

fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let name = std::iter::once("passerelle-stand-in");
    Cli::try_parse_from(name.chain(arguments.iter().copied()))?.run()
}

const SERVE: [&str; 5] = [
    "serve",
    "--base-url",
    "http://zoom.localhost:0",
    "--entity-id",
    "univ-montp3-fr.zoom.us",
];

#[test]
fn an_address_that_others_can_reach_is_refused() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let mut arguments = SERVE.to_vec();
        arguments.extend(["--listen", address, "--idp-metadata", "/nonexistent"]);
        let error = run(&arguments).unwrap_err().to_string();
        assert!(error.contains("loopback"), "{error}");
    }
}

#[test]
fn check_says_yes_and_no_by_its_result() {
    let (idp, now) = (TestIdp::new(), crate::clock::now());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (acs, us) = ("http://zoom.localhost:7080/saml/SSO", "univ.zoom.us");
    std::fs::write(path("idp"), idp.metadata("")).unwrap();
    let xml = idp.issue(&draft("a1", acs, us, now));
    std::fs::write(path("xml"), &xml).unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &xml);
    std::fs::write(path("base64"), format!("{base64}\n")).unwrap();
    std::fs::write(path("junk"), "junk!").unwrap();
    std::fs::write(path("half"), "<half").unwrap();
    let old = now - chrono::Duration::days(30);
    std::fs::write(path("old"), idp.issue(&draft("a1", acs, us, old))).unwrap();

    let (idp, xml) = (path("idp"), path("xml"));
    let with_idp = |file: &str, more: &[&str]| {
        let mut arguments = vec!["check", file, "--idp-metadata", &idp];
        arguments.extend(more);
        run(&arguments).unwrap()
    };
    assert!(with_idp(&xml, &[]));
    assert!(with_idp(
        &path("base64"),
        &["--entity-id", us, "--acs", acs, "--request-id", "a1"]
    ));
    assert!(!with_idp(&xml, &["--entity-id", "other"]));
    assert!(!with_idp(&xml, &["--acs", "http://other/"]));
    assert!(!with_idp(&xml, &["--request-id", "a2"]));
    assert!(!with_idp(&path("junk"), &[]));
    assert!(!with_idp(&path("half"), &[]));
    assert!(!with_idp(&path("old"), &[]));
    assert!(with_idp(&path("old"), &["--ignore-times"]));
    assert!(!run(&["check", &xml]).unwrap(), "nothing was verified");
    assert!(run(&["check", &path("nothing")]).is_err());
}

#[test]
fn metadata_takes_the_options_of_serve() {
    let mut arguments = SERVE.to_vec();
    arguments[0] = "metadata";
    assert!(run(&arguments).is_err(), "port 0 is not an address");
    arguments[2] = "http://zoom.localhost:7080";
    arguments.extend([
        "--listen",
        "127.0.0.1:7080",
        "--idp-metadata",
        "x",
        "--binding",
        "post",
    ]);
    assert!(run(&arguments).unwrap());
}
