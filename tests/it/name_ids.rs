//! The names by which a provider may know somebody, and none at all: whole sign-ins through the router.

use std::sync::Arc;

use passerelle::{
    app::build,
    config::environment::Environment,
    sp_check::{ReadNameId, Rule},
    sys::{clock::ManualClock, entropy::SeededEntropy},
};

use crate::{
    bridge::{
        Bridge, IDP, Setup, ZOOM,
        answer::Answer,
        browser::Browser,
        request::{AuthnRequest, SAML},
    },
    lab::xml_tools::SignedElement,
};

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

fn bridge(name_id: &str) -> Bridge {
    Setup::zoom(&format!("name-id = {{ {name_id} }}")).build()
}

/// A new sign-in of somebody in a browser of their own.
async fn signed_in(bridge: &Bridge, login: &str) -> (Browser, ReadNameId) {
    let mut browser = bridge.browser();
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&page, login).await.answer();
    bridge.prove(&answer, &[SignedElement::Assertion]);
    let name = bridge.identity(&answer, ZOOM, request.id()).name_id;
    (browser, name)
}

/// What the session of a browser answers at once.
async fn answer(browser: &mut Browser, request: &AuthnRequest) -> Answer {
    let page = browser.arrive(&request.redirect(None)).await;
    assert!(page.hops.is_empty());
    page.answer()
}

/// The name in that answer.
async fn name(bridge: &Bridge, browser: &mut Browser, request: &AuthnRequest) -> ReadNameId {
    let answer = answer(browser, request).await;
    bridge.identity(&answer, ZOOM, request.id()).name_id
}

/// The second word of the status that is told at once.
async fn told(bridge: &Bridge, browser: &mut Browser, request: &AuthnRequest) -> String {
    let answer = answer(browser, request).await;
    bridge.refusal(&answer, ZOOM, request.id()).1
}

fn about(bridge: &Bridge, attributes: &str, name: &str) -> AuthnRequest {
    bridge.request().holding(&format!(
        "<saml:Subject xmlns:saml=\"{SAML}\"><saml:NameID{attributes}>{name}</saml:NameID>\
         </saml:Subject>"
    ))
}

#[tokio::test]
async fn r37_iip_sso05_sdp_idp12_a_transient_name_is_another_one_in_every_answer() {
    let bridge = bridge("format = 'transient'");
    let (mut anne, first) = signed_in(&bridge, "anne.dupont").await;
    let mut names = vec![first];
    for policy in [
        "AllowCreate=\"true\"",
        "AllowCreate=\"false\"",
        &format!("Format=\"{TRANSIENT}\""),
        // Of a transient name it says nothing (saml-core-2.0 §3.4.1.1).
        &format!("Format=\"{TRANSIENT}\" AllowCreate=\"false\""),
        &format!("Format=\"{UNSPECIFIED}\""),
        &format!("SPNameQualifier=\"{ZOOM}\""),
    ] {
        let request = bridge.request().name_id_policy(policy);
        names.push(name(&bridge, &mut anne, &request).await);
    }
    names.push(signed_in(&bridge, "anne.dupont").await.1);
    names.push(signed_in(&bridge, "luc.bernard").await.1);
    for name in &names {
        assert_eq!(name.format.as_deref(), Some(TRANSIENT));
        assert_eq!(name.name_qualifier.as_deref(), Some(IDP));
        assert_eq!(name.sp_name_qualifier.as_deref(), Some(ZOOM));
        assert_eq!(name.value.len(), 41, "160 bits as an NCName");
    }
    let mut values: Vec<_> = names.iter().map(|name| &name.value).collect();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), names.len());
    let email = format!("Format=\"{EMAIL}\"");
    let request = bridge.request().name_id_policy(&email);
    let said = told(&bridge, &mut anne, &request).await;
    assert_eq!(said, "InvalidNameIDPolicy");
}

#[tokio::test]
async fn r37_breach_of_iip_sso05_a_transient_name_is_the_person_of_the_session_that_it_was_told_on_and_nobody_else()
 {
    let bridge = bridge("format = 'transient'");
    let (mut anne, first) = signed_in(&bridge, "anne.dupont").await;
    let (mut luc, of_luc) = signed_in(&bridge, "luc.bernard").await;
    // The answer is about whom the request names, and so says the same name again.
    let format = format!(" Format=\"{TRANSIENT}\"");
    let qualified = format!("{format} NameQualifier=\"{IDP}\" SPNameQualifier=\"{ZOOM}\"");
    for attributes in ["", &format, &qualified] {
        let request = about(&bridge, attributes, &first.value);
        assert_eq!(name(&bridge, &mut anne, &request).await, first);
    }
    // Of the names that the provider was told on one session, the last one counts.
    let second = name(&bridge, &mut anne, &bridge.request()).await;
    assert_ne!(second, first);
    let request = about(&bridge, "", &second.value);
    assert_eq!(name(&bridge, &mut anne, &request).await, second);
    let mut stranger = bridge.browser();
    for (browser, names) in [
        (&mut anne, [first.value.as_str(), of_luc.value.as_str()]),
        (&mut luc, [second.value.as_str(), "anne.dupont"]),
        (
            &mut stranger,
            [second.value.as_str(), of_luc.value.as_str()],
        ),
    ] {
        for name in names {
            let said = told(&bridge, browser, &about(&bridge, &format, name)).await;
            assert_eq!(said, "UnknownPrincipal");
        }
    }
    // Nobody who signs in now was told of by that name.
    let forced = about(&bridge, &format, &second.value).with("ForceAuthn", "true");
    let said = told(&bridge, &mut anne, &forced).await;
    assert_eq!(said, "UnknownPrincipal");
    // A request that comes once more at once is answered by the same name: the provider may have it already. Later, as the
    // browser's way back brings it, by no name at all.
    let once = bridge.request();
    let second = name(&bridge, &mut anne, &once).await;
    assert_eq!(name(&bridge, &mut anne, &once).await, second);
    bridge.wait_seconds(3);
    let page = anne.arrive(&once.redirect(None)).await;
    page.stops(400, "request-used");
    // All of it left the session as it was.
    let request = about(&bridge, &format, &second.value);
    assert_eq!(name(&bridge, &mut anne, &request).await, second);
}

#[tokio::test]
async fn r37_breach_of_sdp_idp12_no_lasting_name_is_told_for_a_transient_one_and_no_transient_one_for_a_lasting()
 {
    for (rules, others) in [
        ("format = 'transient'", [EMAIL, PERSISTENT]),
        (
            "format = 'email-address', from = 'mail'",
            [TRANSIENT, PERSISTENT],
        ),
        (
            "format = 'persistent', from = 'eduPersonUniqueId'",
            [TRANSIENT, EMAIL],
        ),
    ] {
        let bridge = bridge(rules);
        let (mut anne, _) = signed_in(&bridge, "anne.dupont").await;
        for format in others {
            let policy = format!("Format=\"{format}\"");
            let request = bridge.request().name_id_policy(&policy);
            let answer = answer(&mut anne, &request).await;
            assert_eq!(answer.count("NameID"), 0, "{rules}, {format}");
            let said = bridge.refusal(&answer, ZOOM, request.id()).1;
            assert_eq!(said, "InvalidNameIDPolicy", "{rules}, {format}");
        }
    }
}

#[tokio::test]
async fn r37_an_unspecified_name_is_the_value_as_it_stands() {
    let bridge = bridge("format = 'unspecified', from = 'supannEmpId'");
    let (mut anne, told_name) = signed_in(&bridge, "anne.dupont").await;
    assert_eq!(told_name.value, "40217");
    assert_eq!(told_name.format.as_deref(), Some(UNSPECIFIED));
    assert_eq!(told_name.name_qualifier, None);
    assert_eq!(told_name.sp_name_qualifier, None);
    for request in [
        bridge.request().name_id_policy("AllowCreate=\"false\""),
        bridge
            .request()
            .name_id_policy(&format!("Format=\"{UNSPECIFIED}\"")),
        about(&bridge, "", "40217"),
        about(&bridge, &format!(" Format=\"{UNSPECIFIED}\""), "40217"),
    ] {
        assert_eq!(name(&bridge, &mut anne, &request).await, told_name);
    }
    let policy = format!("Format=\"{TRANSIENT}\"");
    let request = bridge.request().name_id_policy(&policy);
    let said = told(&bridge, &mut anne, &request).await;
    assert_eq!(said, "InvalidNameIDPolicy");
    // Whoever has no value, or several, has no name.
    for (from, login) in [("supannEmpId", "zoe.martin"), ("mail", "luc.bernard")] {
        let bridge = self::bridge(&format!("format = 'unspecified', from = '{from}'"));
        let mut browser = bridge.browser();
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        let page = browser.sign_in(&page, login).await;
        page.stops(403, "missing-attribute");
    }
}

#[tokio::test]
async fn r37_iip_idp11_a_provider_that_is_told_no_name_gets_a_subject_without_one() {
    let bridge = bridge("format = 'none'");
    let mut browser = bridge.browser();
    let request = bridge.request();
    let page = browser.arrive(&request.redirect(None)).await;
    let fresh = browser.sign_in(&page, "anne.dupont").await.answer();
    let of_session = answer(&mut browser, &bridge.request()).await;
    let policy = bridge.request().name_id_policy(&format!(
        "Format=\"{UNSPECIFIED}\" AllowCreate=\"true\" SPNameQualifier=\"{ZOOM}\""
    ));
    let by_policy = answer(&mut browser, &policy).await;
    for answer in [&fresh, &of_session, &by_policy] {
        bridge.prove(answer, &[SignedElement::Assertion]);
        let tree = roxmltree::Document::parse(&answer.xml).unwrap();
        let mut nodes = tree.descendants();
        let subject = nodes.find(|node| node.has_tag_name((SAML, "Subject")));
        let children: Vec<_> = subject.unwrap().children().collect();
        let [confirmation] = &children[..] else {
            panic!("{}", answer.xml)
        };
        assert!(confirmation.has_tag_name((SAML, "SubjectConfirmation")));
        assert_eq!(confirmation.attribute("Method"), Some(BEARER));
        assert_eq!(answer.count("NameID"), 0);
        // The attributes are told as ever.
        assert!(answer.xml.contains("anne.dupont@univ-montp3.example"));
    }
    // Zoom knows nobody who has no name, and finds nothing else to say.
    let reading = bridge.read(&fresh, ZOOM, request.id());
    let found: Vec<_> = reading.refusals().chain(reading.advice()).collect();
    assert_eq!(found, [Rule::NameId]);
    // No format is to be had, and nobody bears a name.
    for format in [EMAIL, TRANSIENT] {
        let policy = format!("Format=\"{format}\"");
        let request = bridge.request().name_id_policy(&policy);
        let said = told(&bridge, &mut browser, &request).await;
        assert_eq!(said, "InvalidNameIDPolicy", "{format}");
    }
    for attributes in ["", &format!(" Format=\"{EMAIL}\"")] {
        let request = about(&bridge, attributes, "anne.dupont@univ-montp3.example");
        let said = told(&bridge, &mut browser, &request).await;
        assert_eq!(said, "UnknownPrincipal");
    }
}

#[test]
fn r113_two_people_whose_addresses_differ_in_case_are_refused_under_each_format_that_tells_them() {
    let faults = |rules: &str| {
        let mut setup = Setup::zoom(rules);
        let own = "mail = \"zoe.martin@etu.univ-montp3.example\"";
        assert!(setup.people.contains(own));
        let end = setup.people.find("\n\n# A teacher.").unwrap();
        let start = setup.people.find("[person.\"zoe").unwrap();
        let another = setup.people.get(start..end).unwrap();
        let another = another
            .replace("zoe.martin\"", "zoe.martin2\"")
            .replace("5b0e3c7a", "5b0e3c7b")
            .replace(own, "mail = \"Zoe.Martin@etu.univ-montp3.example\"");
        setup.people = format!("{}\n{another}\n", setup.people);
        let (_folder, path) = setup.write();
        let clock = Arc::new(ManualClock::starting_at(setup.start));
        let entropy = Arc::new(SeededEntropy::new(setup.seed));
        let built = build::load(&path, &Environment::default(), clock, entropy);
        let told = built.err().unwrap_or_default().into_iter();
        told.map(|it| it.what).collect::<Vec<_>>()
    };
    let expected = ["zoe.martin and zoe.martin2 would be one person for sp.zoom"];
    for rules in [
        "name-id = { format = 'email-address', from = 'mail' }",
        "name-id = { format = 'unspecified', from = 'mail' }",
    ] {
        assert_eq!(faults(rules), expected, "{rules}");
    }
    assert!(faults("name-id = { format = 'unspecified', from = 'uid' }").is_empty());
}
