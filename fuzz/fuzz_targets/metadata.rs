//! Metadata: no provider comes of a file with a fault, and where answers go is sound.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use passerelle::{
    config::{
        sections::{Encrypt, NameId, Sign},
        sp::SpConfig,
    },
    metadata::{finding::Finding, read::read},
    model::{endpoint::Schemes, name_id::NameIdFormat, short_name::ShortName, vocab},
};

fuzz_target!(|bytes: &[u8]| {
    let now = "2026-11-26T02:00:00Z".parse::<Timestamp>().expect("a time");
    let reading = read(bytes, &config(), Schemes::HttpsOnly, now);
    for finding in &reading.findings {
        // It is told on one line of the administrator's screen.
        assert!(!finding.to_string().chars().any(char::is_control));
    }
    let Some(provider) = reading.provider else {
        assert!(reading.findings.iter().any(Finding::is_fault));
        return;
    };
    assert!(!reading.findings.iter().any(Finding::is_fault));
    let services = &provider.sp.assertion_consumer_services;
    let mut of_post = services
        .iter()
        .filter(|service| service.binding == vocab::BINDING_POST)
        .peekable();
    assert!(of_post.peek().is_some());
    for service in of_post {
        assert!(service.location.as_str().starts_with("https://"));
    }
    for (place, service) in services.iter().enumerate() {
        let mut others = services.iter().skip(place + 1);
        assert!(others.all(|other| other.index != service.index));
    }
});

fn config() -> SpConfig {
    SpConfig {
        short_name: ShortName::parse("example").expect("a name"),
        metadata_path: "example.xml".into(),
        aliases: Vec::new(),
        sign_in_link: None,
        enabled: true,
        display_name: None,
        require_signed_requests: None,
        sign: Sign::Assertion,
        encrypt: Encrypt::WhenPossible,
        max_authn_age: None,
        name_id: NameId {
            format: NameIdFormat::EmailAddress,
            from: "mail".into(),
        },
        release: Vec::new(),
    }
}
