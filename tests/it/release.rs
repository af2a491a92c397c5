//! What leaves the house: the whole of it, for each person of the demo (R-112).

use crate::bridge::{Bridge, INTRANET, LIBRARY, Setup, ZOOM, keys::intranet_key};

/// What a provider read, one attribute a line.
async fn told(bridge: &Bridge, sp: &str, login: &str) -> Vec<String> {
    let request = bridge.request_of(sp);
    let mut browser = bridge.browser();
    let path = if sp == INTRANET {
        request.redirect_signed(intranet_key(), None)
    } else {
        request.redirect(None)
    };
    let page = browser.arrive(&path).await;
    let answer = browser.sign_in(&page, login).await.answer();
    let identity = bridge.identity(&answer, sp, request.id());
    let last = |urn: Option<String>| {
        urn.unwrap_or_default()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    };
    let name = identity.name_id;
    let mut lines = vec![format!("NameID {} {}", last(name.format), name.value)];
    lines.extend(identity.attributes.into_iter().map(|attribute| {
        format!(
            "{} {} {} {}",
            attribute.name,
            last(attribute.name_format),
            attribute.friendly_name.unwrap_or_else(|| "-".to_owned()),
            attribute.values.join("|")
        )
    }));
    lines
}

/// A person, as Zoom is told: mail, names, affiliations, department, number, licence.
struct Golden {
    login: &'static str,
    mail: &'static str,
    given_name: &'static str,
    surname: &'static str,
    display_name: &'static str,
    affiliations: &'static str,
    department: &'static str,
    unique_id: &'static str,
    licence: &'static str,
}

const GOLDEN: [Golden; 6] = [
    Golden {
        login: "zoe.martin",
        mail: "zoe.martin@etu.univ-montp3.example",
        given_name: "Zoé",
        surname: "Martin",
        display_name: "Zoé Martin",
        affiliations: "member|student",
        department: "Département de lettres modernes",
        unique_id: "5b0e3c7a91d24f68@univ-montp3.example",
        licence: "basic",
    },
    Golden {
        login: "anne.dupont",
        mail: "anne.dupont@univ-montp3.example",
        given_name: "Anne",
        surname: "Dupont",
        display_name: "Anne Dupont",
        affiliations: "member|faculty|teacher|employee",
        department: "Département d'histoire",
        unique_id: "c41f08d26e7b4a95@univ-montp3.example",
        licence: "licensed",
    },
    Golden {
        login: "luc.bernard",
        // Not his own address, which stands first.
        mail: "luc.bernard@univ-montp3.example",
        given_name: "Luc",
        surname: "Bernard",
        display_name: "Luc Bernard",
        affiliations: "member|staff|employee",
        department: "Direction des systèmes d'information",
        unique_id: "e92d6a1350bf4c87@univ-montp3.example",
        licence: "licensed",
    },
    Golden {
        login: "ines.benali",
        mail: "ines.benali@univ-montp3.example",
        given_name: "Inès",
        surname: "Benali",
        display_name: "Inès Benali",
        affiliations: "member|student|faculty|employee",
        department: "École doctorale Langues, littératures, cultures",
        unique_id: "3fa8701be6c94d52@univ-montp3.example",
        licence: "licensed",
    },
    Golden {
        login: "compte.gratuit",
        mail: "compte.gratuit@univ-montp3.example",
        given_name: "Chloé",
        surname: "Garnier",
        display_name: "Chloé Garnier",
        affiliations: "member|faculty|researcher|employee",
        department: "Unité de recherche en littératures comparées",
        unique_id: "719de0c5ab824f36@univ-montp3.example",
        licence: "licensed",
    },
    Golden {
        login: "paul.ancien",
        mail: "paul.ancien@univ-montp3.example",
        given_name: "Paul",
        surname: "Ancien",
        display_name: "Paul Ancien",
        affiliations: "alum|affiliate",
        department: "Anciens étudiants",
        unique_id: "08e4b7d95f1c4a23@univ-montp3.example",
        licence: "none",
    },
];

/// The people of the demo who never come as far as Zoom.
const STOPPED: [&str; 3] = ["sans.mail", "deux.mails", "compte.ferme"];

#[tokio::test]
async fn r112_iip_idp02_sdp_idp18_sdp_idp20_zoom_is_told_exactly_this_of_each_person_of_the_demo() {
    let bridge = Bridge::new();
    for person in GOLDEN {
        let expected = [
            format!("NameID emailAddress {}", person.mail),
            format!("urn:oid:0.9.2342.19200300.100.1.3 uri mail {}", person.mail),
            format!("urn:oid:2.5.4.42 uri givenName {}", person.given_name),
            format!("urn:oid:2.5.4.4 uri sn {}", person.surname),
            format!(
                "urn:oid:2.16.840.1.113730.3.1.241 uri displayName {}",
                person.display_name
            ),
            format!(
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.1 uri eduPersonAffiliation {}",
                person.affiliations
            ),
            format!("urn:oid:2.5.4.11 uri ou {}", person.department),
            format!(
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.13 uri eduPersonUniqueId {}",
                person.unique_id
            ),
            format!("zoomLicense basic - {}", person.licence),
        ];
        assert_eq!(
            told(&bridge, ZOOM, person.login).await,
            expected,
            "{}",
            person.login
        );
    }
}

#[test]
fn r112_no_person_of_the_demo_is_left_out_of_the_golden_list() {
    let text = include_str!("../../config/demo/people.toml");
    let people: toml::Table = text.parse().unwrap();
    let mut all: Vec<_> = people["person"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let mut known: Vec<_> = GOLDEN
        .iter()
        .map(|person| person.login)
        .chain(STOPPED)
        .collect();
    all.sort();
    known.sort_unstable();
    assert_eq!(all, known);
}

#[test]
fn the_domains_of_the_demo_are_those_of_its_people_and_of_these_tests() {
    let text = include_str!("../../config/demo/passerelle.toml");
    let demo: toml::Table = text.parse().unwrap();
    let domains = demo["organization"]["mail-domains"].as_array().unwrap();
    for person in GOLDEN {
        let domain = person.mail.split_once('@').unwrap().1;
        assert!(
            domains.iter().any(|known| known.as_str() == Some(domain)),
            "{}",
            person.mail
        );
    }
}

#[tokio::test]
async fn r112_breach_of_iip_idp02_a_provider_of_which_nothing_is_written_is_told_a_name_and_nothing_else()
 {
    let bridge = Bridge::new();
    for sp in [INTRANET, LIBRARY] {
        let lines = told(&bridge, sp, "anne.dupont").await;
        let [name] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert!(name.starts_with("NameID persistent "), "{name}");
    }
}

#[tokio::test]
async fn r40_whatever_a_record_holds_is_text_for_the_provider_and_nothing_else() {
    let bridge = Setup::new();
    let odd = r#"</saml:AttributeValue><saml:NameID>eve</saml:NameID>&amp;<!-- --> ]]> "'"#;
    let people = include_str!("../../config/demo/people.toml").replace(
        "displayName = \"Anne Dupont\"",
        &format!("displayName = '''{odd}'''"),
    );
    let bridge = Setup { people, ..bridge }.build();
    let lines = told(&bridge, ZOOM, "anne.dupont").await;
    let line = format!("urn:oid:2.16.840.1.113730.3.1.241 uri displayName {odd}");
    assert!(lines.contains(&line), "{lines:?}");
}

/// Zoom's rules where it is told what it asks for, and its metadata with two lists of attributes and
/// with entity attributes.
fn asking(entity_attributes: &str) -> Bridge {
    let rules = "
[[sp.zoom.release]]
attribute = 'mail'
[[sp.zoom.release]]
attribute = 'displayName'
when = 'requested'
[[sp.zoom.release]]
attribute = 'givenName'
when = 'required'
[[sp.zoom.release]]
attribute = 'eduPersonAffiliation'
when = 'requested'
required = true
[[sp.zoom.release]]
name = 'urn:oasis:names:tc:SAML:attribute:pairwise-id'
name-format = 'uri'
value = 'eduPersonUniqueId'
when = 'required'
[[sp.zoom.release]]
attribute = 'department'
entity-attribute = { name = 'http://macedir.org/entity-category', value = 'https://example.org/rs' }
";
    let uri = "NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:uri'";
    let (display_name, given_name, surname, affiliation) = (
        "urn:oid:2.16.840.1.113730.3.1.241",
        "urn:oid:2.5.4.42",
        "urn:oid:2.5.4.4",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
    );
    // It asks for a surname as well, which no rule allows.
    let lists = format!(
        "<md:AttributeConsumingService index='1'>\
         <md:RequestedAttribute {uri} Name='{display_name}'/>\
         <md:RequestedAttribute {uri} Name='{given_name}'/>\
         <md:RequestedAttribute {uri} Name='{surname}' isRequired='true'/>\
         </md:AttributeConsumingService>\
         <md:AttributeConsumingService index='2'>\
         <md:RequestedAttribute Name='{given_name}' isRequired='1'/>\
         <md:RequestedAttribute {uri} Name='{affiliation}'>\
         <saml:AttributeValue xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>faculty\
         </saml:AttributeValue></md:RequestedAttribute>\
         </md:AttributeConsumingService></md:SPSSODescriptor>"
    );
    let extensions = format!(
        "<md:Extensions><a:EntityAttributes xmlns:a='urn:oasis:names:tc:SAML:metadata:attribute' \
         xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>{entity_attributes}\
         </a:EntityAttributes></md:Extensions><md:SPSSODescriptor"
    );
    Setup {
        zoom_metadata: crate::bridge::zoom_metadata("")
            .replace("</md:SPSSODescriptor>", &lists)
            .replacen("<md:SPSSODescriptor", &extensions, 1),
        ..Setup::zoom(rules)
    }
    .build()
}

/// The names of the attributes that are sent, each with its values.
async fn sent(bridge: &Bridge, index: Option<&str>) -> Vec<String> {
    let mut request = bridge.request();
    if let Some(index) = index {
        request = request.with("AttributeConsumingServiceIndex", index);
    }
    let mut browser = bridge.browser();
    let page = browser.arrive(&request.redirect(None)).await;
    let answer = browser.sign_in(&page, "anne.dupont").await.answer();
    let identity = bridge.identity(&answer, ZOOM, request.id());
    let attributes = identity.attributes.into_iter();
    attributes
        .map(|it| {
            let friendly = it.friendly_name.unwrap_or(it.name);
            format!("{friendly} {}", it.values.join("|"))
        })
        .collect()
}

#[tokio::test]
async fn iip_idp04_what_is_asked_for_in_the_list_that_the_request_names_is_sent_and_no_more() {
    let bridge = asking("");
    let mail = "mail anne.dupont@univ-montp3.example";
    let first = [mail, "displayName Anne Dupont"];
    // The first list is the default: neither says that it is.
    assert_eq!(sent(&bridge, None).await, first);
    assert_eq!(sent(&bridge, Some("1")).await, first);
    assert_eq!(
        sent(&bridge, Some("2")).await,
        [mail, "givenName Anne", "eduPersonAffiliation faculty"]
    );
}

#[tokio::test]
async fn iip_idp03_an_entity_attribute_lets_through_what_a_rule_allows_for_it() {
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name='{name}' \
             NameFormat='urn:oasis:names:tc:SAML:2.0:attrname-format:uri'>\
             <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    let category = "http://macedir.org/entity-category";
    let signal = "urn:oasis:names:tc:SAML:profiles:subject-id:req";
    let names = async |entity_attributes: &str| {
        let sent = sent(&asking(entity_attributes), Some("1")).await;
        let names = sent
            .iter()
            .map(|it| it.split_once(' ').unwrap().0.to_owned());
        names.skip(2).collect::<Vec<_>>()
    };
    let pairwise = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
    let member = attribute(category, "https://example.org/rs");
    assert_eq!(names(&member).await, ["ou"]);
    let other = attribute(category, "https://example.org/rs/");
    assert_eq!(names(&other).await, [""; 0]);
    assert_eq!(names(&attribute(signal, "pairwise-id")).await, [pairwise]);
    assert_eq!(names(&attribute(signal, "subject-id")).await, [""; 0]);
    let both = format!("{member}{}", attribute(signal, "any"));
    assert_eq!(names(&both).await, [pairwise, "ou"]);
}
