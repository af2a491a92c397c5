//! Everything that an `AuthnRequest` may say (saml-core-2.0 §3.4.1), each absent, empty, twice, long,
//! and in every order and spelling that means the same: the tables here are all that becomes of it.
//!
//! What a wish means once it is read is in `wishes`; here it is that nothing is cut, guessed, taken
//! for something else or answered anywhere but at home.

use crate::bridge::{
    Bridge, ZOOM, ZOOM_ACS,
    browser::Browser,
    keys::zoom_key,
    page::Page,
    request::{AuthnRequest, POST_BINDING, SAML, SAMLP, encode, post, redirect, sign_query},
};

const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const ANNE: &str = "anne.dupont@univ-montp3.example";

/// What becomes of a request, in a browser in which a person is signed in.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Zoom is told who the person is.
    Answered,
    /// Zoom is told by status why it is not told that.
    Told(&'static str, &'static str),
    /// Nothing is sent anywhere: the person reads why.
    Stopped(&'static str),
}

use End::{Answered, Stopped, Told};

const UNREADABLE: End = Stopped("request-unreadable");
const NO_CONTEXT: End = Told("Requester", "NoAuthnContext");
const NO_SUCH_NAME: End = Told("Requester", "InvalidNameIDPolicy");
const UNSUPPORTED: End = Told("Responder", "RequestUnsupported");
const UNKNOWN: End = Told("Responder", "UnknownPrincipal");

/// The bridge, and a browser in which Anne is signed in.
struct House {
    bridge: Bridge,
    browser: Browser,
}

impl House {
    async fn new() -> Self {
        let bridge = Bridge::new();
        let mut browser = bridge.browser();
        let login = browser.arrive(&bridge.request().redirect(None)).await;
        browser.sign_in(&login, "anne.dupont").await.answer();
        Self { bridge, browser }
    }

    /// Sends a request by Redirect and by POST.
    async fn send(&mut self, request: &AuthnRequest, xml: &str, end: End, about: &str) {
        let page = self.browser.arrive(&redirect(xml.as_bytes(), None)).await;
        self.check(&page, request.id(), end, about);
        // At once again, as a balancer asks whose node has ended: the same in each way.
        let form = post(xml.as_bytes(), None);
        let page = self.browser.arrive_by_post("/saml/sso", &form).await;
        self.check(&page, request.id(), end, about);
    }

    fn check(&self, page: &Page, id: &str, end: End, about: &str) {
        match end {
            Answered => {
                assert_eq!(page.kind(), "post", "{about}: {}", page.reason());
                let answer = page.answer();
                assert_eq!(answer.to, ZOOM_ACS, "{about}");
                // The strict reader takes Zoom as the one Audience, and our own times.
                let identity = self.bridge.identity(&answer, ZOOM, id);
                assert_eq!(identity.name_id.value, ANNE, "{about}");
                assert_eq!(identity.context_class, PPT, "{about}");
            }
            Told(top, second) => {
                assert_eq!(page.kind(), "post", "{about}: {}", page.reason());
                let answer = page.answer();
                assert_eq!(answer.to, ZOOM_ACS, "{about}");
                let told = self.bridge.refusal(&answer, ZOOM, id);
                assert_eq!((told.0.as_str(), told.1.as_str()), (top, second), "{about}");
            }
            Stopped(reason) => {
                assert_eq!(page.kind(), "stop", "{about}");
                assert_eq!(
                    (page.status, page.reason().as_str()),
                    (400, reason),
                    "{about}"
                );
            }
        }
    }
}

/// Longer than anything that is asked for may be.
fn long() -> String {
    "x".repeat(10_000)
}

/// The attributes, and what becomes of a request without each, and with it empty and long.
const ATTRIBUTES: [(&str, End, End, End); 12] = [
    (
        "AssertionConsumerServiceIndex",
        Answered,
        UNREADABLE,
        UNREADABLE,
    ),
    (
        "AssertionConsumerServiceURL",
        Answered,
        Stopped("acs-unknown"),
        Stopped("acs-unknown"),
    ),
    (
        "AttributeConsumingServiceIndex",
        Answered,
        UNREADABLE,
        UNREADABLE,
    ),
    ("Consent", Answered, Answered, Answered),
    (
        "Destination",
        Answered,
        Stopped("request-wrong-destination"),
        Stopped("request-wrong-destination"),
    ),
    ("ForceAuthn", Answered, UNREADABLE, UNREADABLE),
    ("ID", UNREADABLE, UNREADABLE, UNREADABLE),
    ("IsPassive", Answered, UNREADABLE, UNREADABLE),
    ("IssueInstant", UNREADABLE, UNREADABLE, UNREADABLE),
    (
        "ProtocolBinding",
        Answered,
        Told("Requester", "UnsupportedBinding"),
        Told("Requester", "UnsupportedBinding"),
    ),
    ("ProviderName", Answered, Answered, Answered),
    ("Version", UNREADABLE, UNREADABLE, UNREADABLE),
];

/// CVE-2026-3055 leaked memory of another identity provider on a request without an address.
#[tokio::test]
async fn r31_r34_r40_each_attribute_absent_empty_twice_or_long_is_met_told_or_refused() {
    let mut house = House::new().await;
    for (name, absent, empty, with_long) in ATTRIBUTES {
        // An index stands without a binding.
        let plain = |house: &House| match name {
            "AssertionConsumerServiceIndex" => house.bridge.request().without("ProtocolBinding"),
            _ => house.bridge.request(),
        };
        let request = plain(&house);
        let bare = match name {
            "Destination" | "ID" | "IssueInstant" | "ProtocolBinding" | "Version" => {
                request.clone().without(name)
            }
            _ => request.clone(),
        };
        house
            .send(&request, &bare.xml(), absent, &format!("no {name}"))
            .await;
        for (value, end) in [(String::new(), empty), (long(), with_long)] {
            let request = plain(&house);
            let xml = request.clone().with(name, &value).xml();
            let about = format!("{name} of {} characters", value.len());
            house.send(&request, &xml, end, &about).await;
        }
        let request = plain(&house);
        let once = request.clone().with(name, "0").xml();
        let twice = once.replacen(&format!(" {name}="), &format!(" {name}=\"0\" {name}="), 1);
        house
            .send(&request, &twice, UNREADABLE, &format!("{name} twice"))
            .await;
    }
    house.bridge.still_works().await;
}

#[tokio::test]
async fn r31_address_index_and_binding_go_together_as_the_standard_says() {
    const ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    let mut house = House::new().await;
    let unsupported = Told("Requester", "UnsupportedBinding");
    let unknown = Stopped("acs-unknown");
    for (url, index, binding, end) in [
        (None, None, None, Answered),
        (None, None, Some(POST_BINDING), Answered),
        (None, None, Some(ARTIFACT), unsupported),
        (Some(ZOOM_ACS), None, None, Answered),
        (Some(ZOOM_ACS), None, Some(POST_BINDING), Answered),
        (Some(ZOOM_ACS), None, Some(ARTIFACT), unsupported),
        (
            Some("https://other.example/"),
            None,
            Some(POST_BINDING),
            unknown,
        ),
        // The binding says nothing about an address that is not Zoom's.
        (
            Some("https://other.example/"),
            None,
            Some(ARTIFACT),
            unknown,
        ),
        (
            Some("https://artifact.example.net/"),
            None,
            Some(ARTIFACT),
            unknown,
        ),
        (None, Some("0"), None, Answered),
        (None, Some("7"), None, unknown),
        (None, Some("0"), Some(POST_BINDING), UNREADABLE),
        (Some(ZOOM_ACS), Some("0"), None, UNREADABLE),
        (Some(ZOOM_ACS), Some("0"), Some(POST_BINDING), UNREADABLE),
    ] {
        let mut request = house.bridge.request().without("ProtocolBinding");
        for (name, value) in [
            ("AssertionConsumerServiceURL", url),
            ("AssertionConsumerServiceIndex", index),
            ("ProtocolBinding", binding),
        ] {
            if let Some(value) = value {
                request = request.with(name, value);
            }
        }
        let about = format!("{url:?} {index:?} {binding:?}");
        house.send(&request, &request.xml(), end, &about).await;
    }
}

/// An element of the assertion namespace.
fn saml(name: &str, attributes: &str, inside: &str) -> String {
    format!("<saml:{name} xmlns:saml=\"{SAML}\"{attributes}>{inside}</saml:{name}>")
}

/// An element of the protocol namespace.
fn samlp(name: &str, attributes: &str, inside: &str) -> String {
    format!("<samlp:{name}{attributes}>{inside}</samlp:{name}>")
}

fn context(attributes: &str, classes: &str) -> String {
    samlp("RequestedAuthnContext", attributes, classes)
}

fn class(uri: &str) -> String {
    saml("AuthnContextClassRef", "", uri)
}

/// Elements about who the person is and what they are called, and what becomes of a request that holds
/// each.
fn names() -> Vec<(String, End)> {
    let long = long();
    let policy = |attributes: &str| samlp("NameIDPolicy", attributes, "");
    let name = |attributes: &str, value: &str| {
        let name = format!("<saml:NameID{attributes}>{value}</saml:NameID>");
        saml("Subject", "", &name)
    };
    vec![
        (saml("Subject", "", ""), UNSUPPORTED),
        (saml("Subject", "", &long), UNSUPPORTED),
        (name("", ANNE), Answered),
        (name("", ""), UNKNOWN),
        (name("", &long), UNKNOWN),
        (name(&format!(" Format=\"{EMAIL}\""), ANNE), Answered),
        (name(&format!(" Format=\"{long}\""), ANNE), UNKNOWN),
        (name(" Format=\"\"", ANNE), UNKNOWN),
        (name(&format!(" NameQualifier=\"{long}\""), ANNE), UNKNOWN),
        (name(&format!(" SPNameQualifier=\"{long}\""), ANNE), UNKNOWN),
        (policy(""), Answered),
        (policy(" Format=\"\""), NO_SUCH_NAME),
        (policy(&format!(" Format=\"{long}\"")), NO_SUCH_NAME),
        (policy(" SPNameQualifier=\"\""), NO_SUCH_NAME),
        (
            policy(&format!(" SPNameQualifier=\"{long}\"")),
            NO_SUCH_NAME,
        ),
        (policy(" AllowCreate=\"\""), UNREADABLE),
        (policy(&format!(" AllowCreate=\"{long}\"")), UNREADABLE),
        (samlp("NameIDPolicy", "", "<samlp:x></samlp:x>"), UNREADABLE),
    ]
}

/// The same for what asks how the person signs in.
fn contexts() -> Vec<(String, End)> {
    let long = long();
    let many = format!("{}{}", class("urn:x").repeat(300), class(PPT));
    let compared = |comparison: &str, uri: &str| {
        context(&format!(" Comparison=\"{comparison}\""), &class(uri))
    };
    vec![
        (context("", ""), NO_CONTEXT),
        (context("", &class(PPT)), Answered),
        (context("", &class(&format!("\n  {PPT}\n"))), Answered),
        (context("", &class("")), NO_CONTEXT),
        (context("", &class(&long)), NO_CONTEXT),
        (context("", &many), Answered),
        (compared("minimum", PPT), Answered),
        (compared("minimum", &long), NO_CONTEXT),
        (compared("better", &long), NO_CONTEXT),
        (compared("", PPT), UNREADABLE),
        (compared("Exact", PPT), UNREADABLE),
        (compared(&long, PPT), UNREADABLE),
        (context("", "<samlp:x></samlp:x>"), UNREADABLE),
    ]
}

/// What is passed over, whatever it holds.
fn passed_over() -> Vec<String> {
    let long = long();
    let deep = format!(
        "{}{}",
        "<x:y xmlns:x=\"urn:x\">".repeat(20),
        "</x:y>".repeat(20)
    );
    let soup = format!("<x:y xmlns:x=\"urn:x\" z=\"{long}\" x:ID=\"_1\">{long}</x:y>{deep}");
    let conditions = |attributes: &str, inside: &str| saml("Conditions", attributes, inside);
    let audience = "<saml:AudienceRestriction><saml:Audience>https://other.example\
                    </saml:Audience></saml:AudienceRestriction>";
    let list = |ids: &str| samlp("Scoping", "", &samlp("IDPList", "", ids));
    let entry = |id: &str| samlp("IDPEntry", &format!(" ProviderID=\"{id}\""), "");
    vec![
        samlp("Extensions", "", ""),
        samlp("Extensions", "", &soup),
        // What would be a wish elsewhere is none here.
        samlp("Extensions", "", &context("", &class("urn:x"))),
        // What is expected of the assertion, not of the request; and ours hold.
        conditions("", ""),
        conditions(" NotOnOrAfter=\"2001-01-01T00:00:00Z\"", ""),
        conditions(" NotBefore=\"2091-01-01T00:00:00Z\"", ""),
        conditions(" NotOnOrAfter=\"\"", ""),
        conditions(&format!(" NotBefore=\"{long}\""), &long),
        conditions("", audience),
        conditions("", "<saml:OneTimeUse></saml:OneTimeUse>"),
        conditions("", &soup),
        // We pass no request on, so that there is nothing to count, to choose or to be told.
        samlp("Scoping", "", ""),
        samlp("Scoping", " ProxyCount=\"0\"", ""),
        samlp("Scoping", &format!(" ProxyCount=\"{long}\""), &long),
        list(""),
        list(&entry("https://other.example/idp")),
        list(&entry(&long)),
        samlp(
            "Scoping",
            "",
            &samlp("RequesterID", "", "urn:x").repeat(100),
        ),
    ]
}

#[tokio::test]
async fn r36_r37_iip_ext01_iip_sso07_each_element_empty_long_or_odd_is_met_told_or_passed_over() {
    let mut house = House::new().await;
    let passed_over = passed_over().into_iter().map(|child| (child, Answered));
    let children = names().into_iter().chain(contexts()).chain(passed_over);
    for (child, end) in children {
        let request = house.bridge.request().holding(&child);
        let about: String = child.chars().take(200).collect();
        house.send(&request, &request.xml(), end, &about).await;
    }
    house.bridge.still_works().await;
}

#[tokio::test]
async fn r02_r32_breach_of_iip_ext01_each_element_twice_and_whatever_has_no_place_is_refused() {
    let mut house = House::new().await;
    let issuer = saml("Issuer", "", ZOOM);
    let once = [
        issuer.clone(),
        samlp("Extensions", "", ""),
        saml("Subject", "", ""),
        samlp("NameIDPolicy", "", ""),
        saml("Conditions", "", ""),
        context("", &class(PPT)),
        samlp("Scoping", "", ""),
    ];
    for element in once {
        // The Issuer is there already.
        let times = if element == issuer { 1 } else { 2 };
        let request = house.bridge.request().holding(&element.repeat(times));
        house
            .send(&request, &request.xml(), UNREADABLE, &element)
            .await;
    }
    for foreign in [
        samlp("Issuer", "", ZOOM),
        saml("NameIDPolicy", "", ""),
        samlp("Status", "", ""),
        saml("Assertion", "", ""),
        "<x xmlns=\"urn:x\"></x>".to_owned(),
        "<Extensions></Extensions>".to_owned(),
    ] {
        let request = house.bridge.request().holding(&foreign);
        house
            .send(&request, &request.xml(), UNREADABLE, &foreign)
            .await;
    }
    for issuer in [
        String::new(),
        saml("Issuer", "", ""),
        saml("Issuer", "", &long()),
        saml("Issuer", "", &format!("{ZOOM}<x></x>")),
        saml("Issuer", " Format=\"\"", ZOOM),
        samlp("Issuer", "", ZOOM),
    ] {
        let request = house.bridge.request().with_issuer(&issuer);
        house
            .send(&request, &request.xml(), UNREADABLE, &issuer)
            .await;
    }
    house.bridge.still_works().await;
}

/// A request in which everything is said, under these prefixes; the n-th turn of its attributes and
/// its children.
fn spelled(house: &House, id: &str, (protocol, assertion): (&str, &str), turn: usize) -> String {
    let declared = |prefix: &str, uri: &str| match prefix {
        "" => format!("xmlns=\"{uri}\""),
        _ => format!("xmlns:{prefix}=\"{uri}\""),
    };
    let named = |prefix: &str, name: &str| match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}:{name}"),
    };
    let (p, a) = (|name| named(protocol, name), |name| named(assertion, name));
    // Where it is used, so that two prefixes may be one.
    let ours = declared(assertion, SAML);
    let theirs = declared(protocol, SAMLP);
    let now = house.bridge.now();
    let mut attributes = [
        format!("ID='{id}'"),
        "Version=\"2.0\"".to_owned(),
        format!("IssueInstant\n =\t'{now}'"),
        "Destination=\"https://idp.example.org/saml/sso\"".to_owned(),
        "ForceAuthn='0'".to_owned(),
        "IsPassive=\" false \"".to_owned(),
        format!("ProtocolBinding='{POST_BINDING}'"),
        format!(
            "AssertionConsumerServiceURL=\"{}\"",
            ZOOM_ACS.replace('/', "&#x2F;")
        ),
        "ProviderName='&lt;Zoom&gt; &amp; Co'".to_owned(),
        "Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\"".to_owned(),
    ];
    let mut children = [
        format!("<{0} {ours}><![CDATA[{ZOOM}]]></{0}>", a("Issuer")),
        format!("<{0} {theirs}><x xmlns=\"urn:x\"/></{0}>", p("Extensions")),
        format!(
            "<{0} {ours}><{1}>{ANNE}</{1}></{0}>",
            a("Subject"),
            a("NameID")
        ),
        format!(
            "<{} {theirs} AllowCreate='1' Format='{EMAIL}'/>",
            p("NameIDPolicy")
        ),
        format!("<{} {ours}/>", a("Conditions")),
        format!(
            "<{0} {theirs} Comparison='minimum'><{1} {ours}>{PPT}</{1}></{0}>",
            p("RequestedAuthnContext"),
            a("AuthnContextClassRef")
        ),
        format!("<{} {theirs} ProxyCount='1'/>", p("Scoping")),
    ];
    let attribute_turn = turn % attributes.len();
    attributes.rotate_left(attribute_turn);
    // In the order of the schema the first time; it says nothing.
    let child_turn = turn % children.len();
    children.rotate_left(child_turn);
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<{0} {theirs} {1}\n>\n  {2}\n</{0}>\n",
        p("AuthnRequest"),
        attributes.join("\n\t"),
        children.join("\n  ")
    )
}

#[tokio::test]
async fn r02_the_order_and_the_spelling_of_what_is_said_change_nothing() {
    let mut house = House::new().await;
    let prefixes = [
        ("samlp", "saml"),
        ("saml", "samlp"),
        ("", "saml"),
        ("samlp", ""),
        ("", ""),
        ("p", "p"),
        ("ns0", "ns1"),
        ("é", "_.-1"),
    ];
    for (turn, prefixes) in prefixes.into_iter().cycle().take(20).enumerate() {
        let about = format!("{prefixes:?}, turn {turn}");
        let request = house.bridge.request();
        let xml = spelled(&house, request.id(), prefixes, turn);
        house.send(&request, &xml, Answered, &about).await;
        // The same, signed: what is signed is the octets.
        let request = house.bridge.request();
        let xml = spelled(&house, request.id(), prefixes, turn);
        let path = redirect(xml.as_bytes(), Some("r"));
        let (path, query) = path.split_once('?').unwrap();
        let signed = format!("{path}?{}", sign_query(query, zoom_key()));
        let page = house.browser.arrive(&signed).await;
        house.check(&page, request.id(), Answered, &about);
    }
}

#[tokio::test]
async fn r33_iip_g01_sdp_g01_clocks_may_differ_by_three_minutes_and_not_by_ten() {
    let mut house = House::new().await;
    for (seconds, end) in [
        (-179, Answered),
        (179, Answered),
        (-600, Stopped("request-stale")),
        (600, Stopped("request-stale")),
    ] {
        let issued = house.bridge.now() + jiff::SignedDuration::from_secs(seconds);
        let request = house.bridge.request().issued_at(issued);
        house
            .send(&request, &request.xml(), end, &format!("{seconds} s"))
            .await;
    }
}

#[tokio::test]
async fn r08_breach_of_sdp_idp05_a_bad_signature_of_a_provider_that_need_not_sign_is_refused_whatever_it_asks()
 {
    let mut house = House::new().await;
    for wish in [
        String::new(),
        context("", &class("urn:x")),
        samlp("NameIDPolicy", " Format=\"urn:x\"", ""),
        saml("Subject", "", ""),
    ] {
        let request = house.bridge.request().holding(&wish);
        // The unsigned one is taken, and so answered or told.
        let path = request.redirect_signed(zoom_key(), None);
        let (message, signature) = path.split_once("&SigAlg=").unwrap();
        for spoilt in [
            path.replacen("Signature=", "Signature=A", 1),
            format!("{message}&RelayState=x&SigAlg={signature}"),
            format!(
                "{message}&SigAlg={}",
                signature.replacen("sha256", "sha512", 1)
            ),
            format!("{}&Signature={}", path, encode("AAAA")),
        ] {
            let page = house.browser.arrive(&spoilt).await;
            assert_eq!(
                (page.kind().as_str(), page.status),
                ("stop", 400),
                "{spoilt}"
            );
        }
        let signed = request.signed_xml(zoom_key());
        let changed = signed.replacen("Version=\"2.0\"", "ForceAuthn=\"0\" Version=\"2.0\"", 1);
        for xml in [
            changed.clone(),
            signed.replacen("<ds:SignatureValue>", "<ds:SignatureValue>AA", 1),
        ] {
            let stopped = Stopped("request-signature");
            house.send(&request, &xml, stopped, &wish).await;
        }
    }
    house.bridge.still_works().await;
}
