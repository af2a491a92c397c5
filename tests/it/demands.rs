//! Demands of the two profiles that no single rule of the house meets: each shown whole, by what an independent reader
//! finds in what leaves the house.

use std::path::PathBuf;

use crate::{
    bridge::{
        Bridge, PASSWORD, Setup,
        answer::Answer,
        keys::{library_key, zoom_key},
        metadata, write,
    },
    lab::{
        encryption::Encryption,
        metadata::with_encryption_key,
        xml_tools::{Schema, SignedElement, xmllint_schema, xmlsec1_decrypt, xmlsec1_verify},
    },
};

/// A provider of whose sign-ons the configuration says nothing.
const WIKI: &str = "https://wiki.example.net/sp";
const ACS: &str = "https://wiki.example.net/acs";
const SECOND_ACS: &str = "https://wiki.example.net/acs2";

/// Its table: where its metadata is, and what it may be told if it asks for it.
const TABLE: &str = "
[sp.wiki]
metadata = 'wiki.xml'
preset = 'generic'
[[sp.wiki.release]]
attribute = 'mail'
when = 'requested'
[[sp.wiki.release]]
attribute = 'displayName'
when = 'requested'
";

const MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";
const DISPLAY_NAME: &str = "urn:oid:2.16.840.1.113730.3.1.241";

/// Its metadata, in which it says nothing but its key, and its two addresses.
fn silent() -> String {
    metadata(WIKI, "", zoom_key(), &[ACS, SECOND_ACS])
}

/// Its metadata, in which it says all that it can (saml-profiles-2.0 §4.1.6).
fn outspoken() -> String {
    let promises = "AuthnRequestsSigned='true' WantAssertionsSigned='true' ";
    let list = |index: u8, attributes: &str, name: &str| {
        format!(
            "<md:AttributeConsumingService index='{index}' {attributes}><md:ServiceName xml:lang='en'>Wiki\
             </md:ServiceName><md:RequestedAttribute Name='{name}' \
             NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:uri'/></md:AttributeConsumingService>"
        )
    };
    let lists = list(3, "", DISPLAY_NAME) + &list(4, "isDefault='true'", MAIL);
    let text = metadata(WIKI, promises, zoom_key(), &[ACS, SECOND_ACS])
        .replace("index=\"1\"", "index=\"1\" isDefault=\"true\"")
        .replace(
            "</md:SPSSODescriptor>",
            &format!("{lists}</md:SPSSODescriptor>"),
        );
    let key = library_key().certificate_base64();
    let text = with_encryption_key(&text, &key, &Encryption::ALL[1].methods());
    assert_eq!(xmllint_schema(&text, Schema::Metadata), Ok(()));
    text
}

/// The same server, with another metadata of the wiki.
fn with_wiki(text: &str) -> Bridge {
    let setup = Setup {
        more: TABLE.to_owned(),
        ..Setup::new()
    };
    with_wiki_in(&setup, text)
}

fn with_wiki_in(setup: &Setup, text: &str) -> Bridge {
    let (folder, path) = setup.write();
    write(folder.path(), "wiki.xml", text);
    Bridge::load(folder, &path, setup.seed, setup.start)
}

async fn answer_to(bridge: &Bridge, path: &str) -> Answer {
    let mut browser = bridge.browser();
    let page = browser.arrive(path).await;
    browser.sign_in(&page, "anne.dupont").await.answer()
}

/// What xmlsec1 reads of an encrypted answer with the key that the metadata gives for that.
fn decrypted(bridge: &Bridge, answer: &Answer) -> String {
    let key: PathBuf = write(bridge.folder.path(), "sp.key", &library_key().private_pem());
    xmlsec1_decrypt(&answer.xml, &key).unwrap()
}

/// The `Name` of each `Attribute`.
fn attributes(assertion: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(assertion).unwrap();
    let found = tree
        .descendants()
        .filter(|node| node.tag_name().name() == "Attribute");
    found
        .map(|node| node.attribute("Name").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn iip_md06_iip_sso06_what_a_provider_says_in_its_metadata_is_done_without_a_word_in_the_configuration()
 {
    // It says nothing: an unsigned request is taken, its first address answered, and nothing encrypted or told.
    let bridge = with_wiki(&silent());
    let answer = answer_to(&bridge, &bridge.request_of(WIKI).redirect(None)).await;
    assert_eq!((answer.to.as_str(), answer.count("Assertion")), (ACS, 1));
    assert_eq!(attributes(&answer.xml), [""; 0]);
    // It says all of it.
    let bridge = with_wiki(&outspoken());
    for (index, to) in [
        (None, SECOND_ACS),
        (Some("0"), ACS),
        (Some("1"), SECOND_ACS),
    ] {
        for (list, told) in [(None, MAIL), (Some("3"), DISPLAY_NAME), (Some("4"), MAIL)] {
            let mut request = bridge.request_of(WIKI).without("ProtocolBinding");
            for (name, value) in [
                ("AssertionConsumerServiceIndex", index),
                ("AttributeConsumingServiceIndex", list),
            ] {
                if let Some(value) = value {
                    request = request.with(name, value);
                }
            }
            let path = request.redirect_signed(zoom_key(), None);
            let answer = answer_to(&bridge, &path).await;
            assert_eq!(answer.to, to, "{index:?}");
            Encryption::ALL[1].is_that_of(&answer.xml);
            let plain = decrypted(&bridge, &answer);
            let certificate = bridge.folder.path().join("idp.crt");
            let signed = xmlsec1_verify(&plain, &certificate, SignedElement::Assertion);
            assert_eq!(signed, Ok(()));
            assert_eq!(attributes(&plain), [told], "{list:?}");
        }
    }
}

#[tokio::test]
async fn breach_of_iip_sso01_sdp_idp01_who_has_not_proven_who_they_are_is_answered_nowhere() {
    let bridge = Bridge::new();
    let mut browser = bridge.browser();
    let login = browser.arrive(&bridge.request().redirect(None)).await;
    for (name, password) in [
        ("anne.dupont", "wrong"),
        ("anne.dupont", ""),
        ("", PASSWORD),
        ("nobody", PASSWORD),
    ] {
        let form = login.filled(name, password);
        let page = browser.submit(&login, &form).await;
        assert_eq!(page.kind(), "login", "{name}");
        assert!(!page.body.contains("SAMLResponse"), "{}", page.body);
        // Nor is there a session by which the next request would be answered.
        let page = browser.arrive(&bridge.request().redirect(None)).await;
        assert_eq!(page.kind(), "login", "{name}");
    }
    // Who has the password, and not the browser that brought the request.
    let mut other = bridge.browser();
    let page = other.sign_in(&login, "anne.dupont").await;
    page.stops(400, "other-browser");
    // And who has signed out.
    browser.sign_in(&login, "anne.dupont").await.answer();
    browser.sign_out().await;
    let page = browser.arrive(&bridge.request().redirect(None)).await;
    assert_eq!(page.kind(), "login");
}

#[tokio::test]
async fn breach_of_iip_sso06_what_goes_against_what_a_provider_says_in_its_metadata_is_answered_nowhere()
 {
    let bridge = with_wiki(&outspoken());
    let request = || bridge.request_of(WIKI).without("ProtocolBinding");
    let of_nobody = request().with("AssertionConsumerServiceIndex", "2");
    let elsewhere = request().with(
        "AssertionConsumerServiceURL",
        "https://wiki.example.net/acs3",
    );
    for (path, reason) in [
        (request().redirect(None), "request-unsigned"),
        // Of the certificates that it has there, that one is for encryption.
        (
            request().redirect_signed(library_key(), None),
            "request-signature",
        ),
        (of_nobody.redirect_signed(zoom_key(), None), "acs-unknown"),
        (elsewhere.redirect_signed(zoom_key(), None), "acs-unknown"),
    ] {
        let page = bridge.browser().arrive(&path).await;
        assert_eq!(
            (page.kind().as_str(), page.reason().as_str()),
            ("stop", reason)
        );
    }
}

#[tokio::test]
async fn sdp_idp10_another_reader_finds_one_assertion_one_authn_statement_and_at_most_one_list_of_attributes()
 {
    // Encrypted or in clear, with attributes and without.
    for (text, list, lists) in [
        (silent(), None, 0),
        (outspoken(), Some("3"), 1),
        (outspoken().replace(MAIL, "urn:oid:1.2.3"), Some("4"), 0),
    ] {
        let bridge = with_wiki(&text);
        let mut request = bridge.request_of(WIKI);
        if let Some(list) = list {
            request = request.with("AttributeConsumingServiceIndex", list);
        }
        let answer = answer_to(&bridge, &request.redirect_signed(zoom_key(), None)).await;
        assert_eq!(xmllint_schema(&answer.xml, Schema::Protocol), Ok(()));
        let encrypted = answer.count("EncryptedAssertion");
        assert_eq!(
            (encrypted, answer.count("Assertion")),
            if list.is_some() { (1, 0) } else { (0, 1) }
        );
        let plain = if encrypted == 1 {
            decrypted(&bridge, &answer)
        } else {
            answer.xml
        };
        let tree = roxmltree::Document::parse(&plain).unwrap();
        let count = |name: &str| {
            tree.descendants()
                .filter(|node| node.tag_name().name() == name)
                .count()
        };
        let found = [
            "Assertion",
            "AuthnStatement",
            "AttributeStatement",
            "AuthzDecisionStatement",
        ]
        .map(count);
        assert_eq!(found, [1, 1, lists, 0], "{plain}");
    }
}

/// A server that knows Anne by that name, and tells the wiki so, by a `NameID` as well.
fn with_anne_as(display_name: &str, lines: &str) -> Bridge {
    let people = include_str!("../../config/demo/people.toml")
        .replace("\"Anne Dupont\"", &format!("\"{display_name}\""));
    let table = TABLE.replace(
        "preset = 'generic'",
        &format!("preset = 'generic'\n{lines}"),
    );
    with_wiki_in(
        &Setup {
            people,
            more: table.replace("when = 'requested'", ""),
            ..Setup::new()
        },
        &silent(),
    )
}

const BY_THAT_NAME: &str = "name-id = { format = 'unspecified', from = 'displayName' }";

/// The text of each element of that name.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(xml).unwrap();
    let found = { tree.descendants() }.filter(|node| node.tag_name().name() == name);
    found
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn iip_g02_sdp_g02_a_name_and_a_value_of_256_characters_of_four_bytes_are_sent_whole() {
    let name = "\u{1d4b3}".repeat(256);
    assert_eq!(name.len(), 4 * 256);
    let bridge = with_anne_as(&name, BY_THAT_NAME);
    let answer = answer_to(&bridge, &bridge.request_of(WIKI).redirect(None)).await;
    assert_eq!(xmllint_schema(&answer.xml, Schema::Protocol), Ok(()));
    assert_eq!(texts(&answer.xml, "NameID"), [name.as_str()]);
    assert!(texts(&answer.xml, "AttributeValue").contains(&name));
}

#[tokio::test]
async fn breach_of_iip_g02_sdp_g02_nothing_of_257_characters_is_sent_and_nothing_is_cut_off() {
    let name = "é".repeat(257);
    // An attribute goes without it, and everything else goes.
    let bridge = with_anne_as(&name, "");
    let answer = answer_to(&bridge, &bridge.request_of(WIKI).redirect(None)).await;
    assert_eq!(attributes(&answer.xml), [MAIL]);
    assert!(!answer.xml.contains('é'));
    // Who cannot be named is not signed in.
    let bridge = with_anne_as(&name, BY_THAT_NAME);
    let mut browser = bridge.browser();
    let request = bridge.request_of(WIKI);
    let page = browser.arrive(&request.redirect(None)).await;
    let page = browser.sign_in(&page, "anne.dupont").await;
    page.stops(403, "missing-attribute");
}
