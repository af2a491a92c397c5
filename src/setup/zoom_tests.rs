use super::*;
use crate::{
    setup::test_support::{Case, ZOOM, keys},
    xmlsec::Signer as _,
};

/// Each field with what is to be done, one a line: `Binding: choose HTTP-Redirect`.
fn told(case: Case<'_>, wanted: Heading) -> Vec<String> {
    let sheet = made(case);
    let part = sheet.parts.iter().find(|part| part.heading == wanted);
    let rows = part.map(|part| part.rows.as_slice()).unwrap_or_default();
    rows.iter()
        .map(|row| {
            let value = match &row.entry {
                Entry::Choose(value) | Entry::Paste(value) => format!(" {value}"),
                Entry::Lines { attribute, lines } => {
                    let lines = lines
                        .iter()
                        .map(|line| format!(" {}={}", line.contains, line.gives));
                    format!(" {attribute}{}", lines.collect::<String>())
                }
                Entry::Missing | Entry::Step | Entry::Tick | Entry::Untick | Entry::Unused => {
                    String::new()
                }
            };
            format!("{}: {}{value}", row.field, row.entry.slug())
        })
        .collect()
}

fn made(case: Case<'_>) -> Sheet {
    case.look(|facts, config| {
        let domains = &config.organization.mail_domains;
        sheet(facts, &config.base_url, domains, Default::default())
    })
}

fn note_of(case: Case<'_>, field: &str) -> Option<Note> {
    let sheet = made(case);
    let mut rows = sheet.parts.iter().flat_map(|part| &part.rows);
    rows.find(|row| row.field == field).unwrap().note.clone()
}

#[test]
fn who_we_are_is_told_from_the_configuration_and_the_key_that_signs() {
    let certificate = keys()[0].certificate_base64();
    assert_eq!(
        told(Case::of(ZOOM), Heading::SignOn),
        [
            "Vanity URL: choose univ-montp3-fr.zoom.us",
            "Sign-in page URL: paste https://idp.univ.example/saml/sso",
            "Sign-out page URL: paste https://idp.univ.example/saml/slo",
            &format!("Identity provider certificate: paste {certificate}"),
            "Service Provider (SP) Entity ID: choose univ-montp3-fr.zoom.us",
            "Issuer (IDP Entity ID): paste https://idp.univ.example/saml/metadata",
            "Binding: choose HTTP-Redirect",
            "Signature Hash Algorithm: choose SHA-256",
        ]
    );
    assert!(!certificate.contains(['-', '\n', ' ']));
    let elliptic = Case {
        signer: &keys()[1],
        ..Case::of(ZOOM)
    };
    let told = told(elliptic, Heading::SignOn);
    assert!(told[3].ends_with(keys()[1].certificate_base64()));
    assert!(matches!(
        note_of(elliptic, "Signature Hash Algorithm"),
        Some(Note::SignatureHashDiffers { .. })
    ));
    assert_eq!(note_of(Case::of(ZOOM), "Signature Hash Algorithm"), None);
}

#[test]
fn either_name_may_be_chosen_only_where_both_are_known() {
    let field = "Service Provider (SP) Entity ID";
    let other = "https://univ-montp3-fr.zoom.us".to_owned();
    assert_eq!(
        note_of(Case::of(ZOOM), field),
        Some(Note::SpNameEither {
            other: other.clone()
        })
    );
    let alone = ZOOM.replace("aliases", "#aliases");
    assert_eq!(
        note_of(Case::of(&alone), field),
        Some(Note::SpNameAlone { other })
    );
}

#[test]
fn boxes_follow_what_is_done_here() {
    assert_eq!(
        told(Case::of(ZOOM), Heading::Security),
        [
            "Sign SAML request: untick",
            "Sign SAML Logout request: tick",
            "Support encrypted assertions: untick",
            "Enforce automatic logout after user has been logged in for: tick",
            "Save SAML response logs on user sign-in: tick",
            "Service Provider (SP) Certificate: unused",
            "Automatically manage the certificate: untick",
            "Provision User: choose At Sign-In",
        ]
    );
    // Of Zoom's own metadata, as a certificate that is not ours has it.
    let metadata = include_str!("../../metadata/zoom.xml");
    let begin = metadata.split_once("<ds:X509Certificate>").unwrap().1;
    let placeholder = begin.split_once("</ds:X509Certificate>").unwrap().0;
    let own = metadata.replace(placeholder, keys()[0].certificate_base64());
    let encrypting = format!("{ZOOM}encrypt = 'always'\nrequire-signed-requests = true");
    let case = Case {
        metadata: Some(&own),
        ..Case::of(&encrypting)
    };
    let rows = told(case, Heading::Security);
    assert_eq!(rows[0], "Sign SAML request: tick");
    assert_eq!(rows[2], "Support encrypted assertions: tick");
    assert_eq!(
        note_of(case, "Sign SAML request"),
        Some(Note::SignRequestsNeeded)
    );
    let unsigned = format!("{ZOOM}require-signed-requests = false");
    let case = Case {
        metadata: Some(&own),
        ..Case::of(&unsigned)
    };
    assert_eq!(
        note_of(case, "Sign SAML request"),
        Some(Note::SignRequestsWise)
    );
}

#[test]
fn requests_are_to_be_required_signed_only_once_a_key_is_here_that_verifies_them() {
    let metadata = include_str!("../../metadata/zoom.xml");
    let (before, rest) = metadata.split_once("<md:KeyDescriptor").unwrap();
    let (_, after) = rest.split_once("</md:KeyDescriptor>").unwrap();
    let keyless = format!("{before}{after}");
    assert!(!keyless.contains("use=\"signing\""));
    let tables = format!("{ZOOM}require-signed-requests = false");
    let case = Case {
        metadata: Some(&keyless),
        ..Case::of(&tables)
    };
    assert_eq!(told(case, Heading::Security)[0], "Sign SAML request: tick");
    assert_eq!(
        note_of(case, "Sign SAML request"),
        Some(Note::SignRequestsUnverified {
            sp: "zoom".to_owned()
        })
    );
}

/// Behind "Add-on".
const THE_REST_OF_ADVANCED: &str = "Concurrent Meeting, Zoom Events, Whiteboard, Translated Captions, Revenue \
     Accelerator, Sign in to Sub Account, User Role, User Group, User Group Admin, IM Group, Zoom Phone Calling Plan, \
     Zoom Phone Site, Zoom Rooms Admin, Recording Location, Auto Mapping";

#[test]
fn the_mapping_of_the_preset_is_told_in_the_order_of_the_form() {
    assert_eq!(
        told(Case::of(ZOOM), Heading::BasicMapping),
        [
            "Default License Type: choose None",
            "Email address: paste urn:oid:0.9.2342.19200300.100.1.3",
            "First name: paste urn:oid:2.5.4.42",
            "Last name: paste urn:oid:2.5.4.4",
            "Display name: paste urn:oid:2.16.840.1.113730.3.1.241",
            "Phone number: unused",
            "Department: paste urn:oid:2.5.4.11",
            "Employee Unique ID: paste urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
            "Pronouns, Job title, Location, Company, Manager, Cost center: unused",
        ]
    );
    assert_eq!(
        told(Case::of(ZOOM), Heading::AdvancedMapping),
        [
            "License Type: lines zoomLicense none=None licensed=Licensed basic=Basic",
            "User Group: lines urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
            &format!("Add-on, {THE_REST_OF_ADVANCED}: unused").replace("User Group, ", ""),
        ]
    );
    assert_eq!(told(Case::of(ZOOM), Heading::Unplaced), [""; 0]);
}

#[test]
fn rules_of_ones_own_are_told_under_their_own_names_and_what_is_missing_is_said() {
    let own = format!(
        "{ZOOM}name-id = {{ format = 'transient' }}
[[sp.zoom.release]]
attribute = 'givenName'
name = 'prenom'
name-format = 'basic'
field = 'First name'
[[sp.zoom.release]]
attribute = 'title'
field = 'Job title'
[[sp.zoom.release]]
attribute = 'o'
[[sp.zoom.release]]
attribute = 'l'
when = 'requested'
field = 'Location'"
    );
    assert_eq!(
        told(Case::of(&own), Heading::BasicMapping),
        [
            "Default License Type: choose Basic",
            "Email address: missing",
            "First name: paste prenom",
            "Last name: missing",
            "Display name: unused",
            "Phone number: unused",
            "Department: unused",
            "Job title: paste urn:oid:2.5.4.12",
            "Employee Unique ID: missing",
            "Pronouns, Location, Company, Manager, Cost center: unused",
        ]
    );
    assert_eq!(
        told(Case::of(&own), Heading::Unplaced),
        [": paste urn:oid:2.5.4.10"]
    );
    assert_eq!(
        told(Case::of(&own), Heading::AdvancedMapping),
        [format!(
            "License Type, Add-on, {THE_REST_OF_ADVANCED}: unused"
        )]
    );
}

#[test]
fn the_name_of_the_person_stands_in_for_what_is_not_sent_beside_it() {
    let bare = |format: &str| {
        let tables = format!("{ZOOM}release = []\nname-id = {format}");
        let rows = told(Case::of(&tables), Heading::BasicMapping);
        // Behind it come those that are seldom filled.
        [rows[1].clone(), rows[rows.len() - 2].clone()]
    };
    assert_eq!(
        bare("{ format = 'email-address', from = 'mail' }"),
        [
            "Email address: paste <NameID>",
            "Employee Unique ID: missing"
        ]
    );
    assert_eq!(
        bare("{ format = 'persistent', from = 'eduPersonUniqueId' }"),
        [
            "Email address: missing",
            "Employee Unique ID: paste <NameID>"
        ]
    );
}

#[test]
fn each_domain_of_ours_is_to_be_approved() {
    assert_eq!(
        told(Case::of(ZOOM), Heading::Domains),
        [
            "Associated Domains: paste univ.example",
            "Associated Domains: paste etu.univ.example",
        ]
    );
    assert_eq!(told(Case::of(ZOOM), Heading::Transfer).len(), 3);
}
