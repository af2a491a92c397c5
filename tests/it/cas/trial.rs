//! `/test` by the real binary through a CAS server that none of us wrote, and what a service provider that
//! none of us wrote makes of what it shows.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tempfile::TempDir;

use super::{House, MAIL, between};
use crate::lab::{
    browser::BrowserSim,
    form::{Form, decode, forms},
    service_provider::{SpKind, SpSite, read_verdict},
};

#[tokio::test]
async fn r41_a_foreign_service_provider_believes_nothing_that_a_test_shows() {
    let lab = TempDir::new().unwrap();
    let kinds = [SpKind::Python3Saml, SpKind::Samael];
    let sites = kinds.map(|kind| SpSite::prepare(kind, lab.path()));
    let house = House::with_sites(&sites, lab, "").await;
    let to_us = |path: &str| format!("{}{path}", house.bridge.base).parse().unwrap();
    let idp_metadata = house.lab.path().join("idp.xml");
    let ours = BrowserSim::new().open(&to_us("/saml/metadata")).await;
    std::fs::write(&idp_metadata, &ours.body).unwrap();
    for site in sites {
        let sp = site.start(&idp_metadata).await;
        // Asked by the provider, the person is let in.
        let mut browser = BrowserSim::new();
        let page = browser.open(&sp.login()).await;
        let page = house.sign_in(&mut browser, &page).await;
        let real = page.form();
        // In the same browser, with the session that is there: a test of the same sign-in.
        let list = browser.open(&to_us("/test")).await;
        let form = forms(&list.body)
            .into_iter()
            .find(|form| form.action == "/test/zoom");
        let tried = browser.submit(&list, &form.unwrap()).await;
        assert_eq!(tried.kind().as_deref(), Some("trial"), "{}", tried.body);
        assert!(decode(&tried.body).contains(MAIL));
        let laid_out = decode(between(&tried.body, "data-testid=\"xml\">", "</pre>"));
        let xml: String = laid_out
            .split('\n')
            .map(|line| line.trim_start_matches(' '))
            .collect();
        // It is brought to the provider as the answer to the very request that it waits for.
        let told = real.value("SAMLResponse").unwrap();
        let told = String::from_utf8(BASE64_STANDARD.decode(told).unwrap()).unwrap();
        let id = |xml: &str| between(xml, "InResponseTo=\"", "\"").to_owned();
        let acs = |xml: &str| between(xml, "Destination=\"", "\"").to_owned();
        let aimed = xml
            .replace(&id(&xml), &id(&told))
            .replace(&acs(&xml), &acs(&told));
        let with = |xml: &str| {
            let relay_state = real.value("RelayState").unwrap_or_default();
            let response = BASE64_STANDARD.encode(xml);
            let fields = [
                ("SAMLResponse", response.as_str()),
                ("RelayState", relay_state),
            ];
            Form::post(&real.action, &fields)
        };
        for forged in [&xml, &aimed] {
            let end = browser.submit(&page, &with(forged)).await;
            read_verdict(&end).expect_err("it is believed");
        }
        let end = browser.submit(&page, &real).await;
        let identity = read_verdict(&end).unwrap_or_else(|words| panic!("{words}"));
        assert_eq!(identity.name_id.as_deref(), Some(MAIL));
    }
}
