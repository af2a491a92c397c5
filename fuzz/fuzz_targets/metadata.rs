//! Metadata: no provider comes of a file with a fault, and where answers go is sound.

#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::{
    metadata::{finding::Finding, read::read},
    model::{endpoint::Schemes, vocab},
};
use passerelle_fuzz::{config, now};

fuzz_target!(|bytes: &[u8]| {
    let reading = read(bytes, &config(), Schemes::HttpsOnly, now());
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
