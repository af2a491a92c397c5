//! What hostile input costs in memory: it is read by a process of its own, which may take
//! one mebibyte beyond what it has when it begins, and is ended by the allocator if it wants more.

use std::{env, fs, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::{
    saml::binding::{BindingFault, redirect},
    xml::{DoorFault, Limits, open},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::bridge::request::{deflate, encode};

const ROOM: u64 = 1 << 20;
/// Names the input to the process that is to read it.
const INPUT: &str = "PASSERELLE_TEST_INPUT";
const XML: [&str; 7] = [
    "attributes",
    "one attribute again and again",
    "namespaces",
    "depth",
    "siblings",
    "unclosed",
    "text",
];
const BOMB: &str = "bomb";
/// Within the bounds of metadata, and so read into a tree of more than there is room for.
const DEAR: &str = "dear";

fn many(count: usize, what: impl Fn(usize) -> String) -> String {
    (0..count).map(what).collect::<Vec<_>>().concat()
}

fn document(name: &str) -> String {
    match name {
        "attributes" => format!("<a{}/>", many(100_000, |n| format!(" a{n}=''"))),
        "one attribute again and again" => format!("<a{}/>", " a=''".repeat(100_000)),
        "namespaces" => format!("<a{}/>", many(100_000, |n| format!(" xmlns:a{n}='urn:a'"))),
        "depth" => format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)),
        "siblings" => format!("<a>{}</a>", "<b/>".repeat(1_000_000)),
        "unclosed" => "<a ".repeat(100_000),
        "text" => format!("<a>{}</a>", "x".repeat(8 << 20)),
        DEAR => format!("<a>{}</a>", "<b/>".repeat(40_000)),
        other => panic!("{other}"),
    }
}

/// From now on this process may take [`ROOM`] more.
fn close_in() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let taken = status
        .lines()
        .find_map(|line| line.strip_prefix("VmData:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .unwrap();
    let taken: u64 = taken.parse().unwrap();
    let maximum = getrlimit(Resource::Data).maximum;
    let limit = Rlimit {
        current: Some(taken * 1024 + ROOM),
        maximum,
    };
    setrlimit(Resource::Data, limit).unwrap();
}

/// Reads the input `name` with little room, and sees it refused for its size.
fn read(name: &str) {
    if name == BOMB {
        let message = encode(&STANDARD.encode(deflate(&vec![b' '; 20 << 20])));
        let query = format!("SAMLRequest={message}");
        close_in();
        let fault = redirect::decode_request(&query).unwrap_err();
        assert_eq!(fault, BindingFault::TooLarge);
        return;
    }
    let xml = document(name);
    // The counting pass alone, of however long a document; then as a message comes in.
    let unbounded = Limits {
        bytes: usize::MAX,
        ..Limits::METADATA
    };
    close_in();
    for limits in [unbounded, Limits::MESSAGE] {
        let fault = open(xml.as_bytes(), &limits).unwrap_err();
        let is_of_size = matches!(fault, DoorFault::TooLarge(_));
        assert!(is_of_size || name == "unclosed" || name.starts_with("one"));
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the harness takes no other word for the process that it starts"
)]
fn r06_r10_hostile_input_is_refused_within_one_mebibyte() {
    if let Ok(name) = env::var(INPUT) {
        read(&name);
        return;
    }
    let reads = |name: &str| {
        let output = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "memory::r06_r10_hostile_input_is_refused_within_one_mebibyte",
            ])
            .env(INPUT, name)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.success() && said.contains("1 passed"), said)
    };
    for name in XML.into_iter().chain([BOMB]) {
        let (is_refused, said) = reads(name);
        assert!(is_refused, "{name}: {said}");
    }
    // What does take more is ended.
    let (is_refused, said) = reads(DEAR);
    assert!(!is_refused && said.contains("memory allocation"), "{said}");
}
