use super::*;
use crate::setup::test_support::{Case, ZOOM, keys};

/// The rules that are broken.
fn rules(case: Case<'_>) -> Vec<Rule> {
    let told = case.look(|facts, _| broken(facts));
    told.into_iter().map(|broken| broken.rule).collect()
}

/// The same, with more lines behind the provider's table.
fn with(lines: &str) -> Vec<Rule> {
    rules(Case::of(&format!("{ZOOM}{lines}")))
}

/// The same, where the provider is told these values of an expression, and its form has these lines.
fn with_licence(value: &str, lines: &str) -> Vec<Rule> {
    with(&format!(
        "[[sp.zoom.release]]
attribute = 'mail'
field = 'Email address'
values = 'one-in-mail-domain'
[[sp.zoom.release]]
attribute = 'eduPersonUniqueId'
field = 'Employee Unique ID'
[[sp.zoom.release]]
name = 'zoomLicense'
name-format = 'basic'
field = 'License Type'
lines = [{lines}]
value = '''{value}'''"
    ))
}

fn line(contains: &str, gives: &str) -> String {
    format!("{{ contains = '{contains}', gives = '{gives}' }}")
}

#[test]
fn the_preset_breaks_no_rule() {
    assert_eq!(with(""), []);
}

#[test]
fn both_names_that_zoom_offers_are_to_be_registered() {
    let alone = ZOOM.replace("aliases", "#aliases");
    assert_eq!(rules(Case::of(&alone)), [Rule::EntityIds]);
    let metadata = include_str!("../../metadata/zoom.xml");
    let with_scheme = metadata.replace(
        "entityID=\"univ-montp3-fr.zoom.us\"",
        "entityID=\"https://univ-montp3-fr.zoom.us\"",
    );
    assert_ne!(with_scheme, metadata);
    let other = ZOOM.replace("https://univ-montp3-fr", "univ-montp3-fr");
    for (tables, broken) in [(&*other, &[][..]), (&*alone, &[Rule::EntityIds])] {
        let case = Case {
            metadata: Some(&with_scheme),
            ..Case::of(tables)
        };
        assert_eq!(rules(case), broken);
    }
    // An account with several addresses of its own has one name only.
    let one_name = metadata.replace(
        "entityID=\"univ-montp3-fr.zoom.us\"",
        "entityID=\"https://zoom.us/sp/a1b2\"",
    );
    let case = Case {
        metadata: Some(&one_name),
        ..Case::of(&alone)
    };
    assert_eq!(rules(case), []);
}

#[test]
fn there_is_one_address_and_it_is_of_our_domains() {
    let release = |mail: &str, rest: &str| {
        with(&format!(
            "{rest}\n[[sp.zoom.release]]\nattribute = 'eduPersonUniqueId'\nfield = 'Employee Unique ID'\n{mail}"
        ))
    };
    let mail = |values: &str| {
        format!("[[sp.zoom.release]]\nattribute = 'mail'\nfield = 'Email address'\n{values}")
    };
    let persistent = "name-id = { format = 'persistent', from = 'eduPersonUniqueId' }";
    let unspecified = "name-id = { format = 'unspecified', from = 'mail' }";
    assert_eq!(
        release(&mail("values = 'one-in-mail-domain'"), persistent),
        []
    );
    assert_eq!(release(&mail(""), ""), [Rule::EmailOfOurs]);
    assert_eq!(release(&mail("values = 'first'"), ""), [Rule::EmailOfOurs]);
    // Without one, Zoom takes the NameID.
    assert_eq!(release("", ""), []);
    assert_eq!(release("", unspecified), [Rule::EmailOfOurs]);
    assert_eq!(release("", persistent), [Rule::EmailMissing]);
}

#[test]
fn a_person_is_known_by_what_does_not_change_with_the_address() {
    let key = |attribute: &str, more: &str| {
        with(&format!(
            "[[sp.zoom.release]]\nattribute = '{attribute}'\nfield = 'Employee Unique ID'\n{more}"
        ))
    };
    assert_eq!(key("eduPersonUniqueId", ""), []);
    assert_eq!(key("supannRefId", ""), []);
    assert_eq!(key("MAIL", ""), [Rule::EmployeeId]);
    // Ours may be made of the source's.
    let of_mail = "[attributes]\neduPersonUniqueId = 'mail|first'";
    assert_eq!(key("eduPersonUniqueId", of_mail), [Rule::EmployeeId]);
    let of_uid = "[attributes]\neduPersonUniqueId = \"(uid|first) ~ '@univ.example'\"";
    assert_eq!(key("eduPersonUniqueId", of_uid), []);
    // Nothing at all, unless the NameID itself lasts.
    assert_eq!(with("release = []"), [Rule::EmployeeId]);
    let mail = "[[sp.zoom.release]]\nattribute = 'mail'\nfield = 'Email address'\nvalues = 'one-in-mail-domain'";
    let persistent = "name-id = { format = 'persistent', from = 'eduPersonUniqueId' }";
    assert_eq!(with(mail), [Rule::EmployeeId]);
    assert_eq!(with(&format!("{persistent}\n{mail}")), []);
}

#[test]
fn no_value_of_a_licence_meets_the_line_of_another_one() {
    let choice = "['licensed'] if 'staff' in eduPersonAffiliation else ['basic']";
    let good = [line("licensed", "Licensed"), line("basic", "Basic")].join(", ");
    assert_eq!(with_licence(choice, &good), []);
    let choice = "['non-staff'] if 'student' in eduPersonAffiliation else ['staff']";
    let (short, long) = (line("staff", "Licensed"), line("non-staff", "Basic"));
    assert_eq!(
        with_licence(choice, &format!("{short}, {long}")),
        [Rule::LinesApart, Rule::TakenByAnother]
    );
    // The order alone saves it, and that is told all the same.
    assert_eq!(
        with_licence(choice, &format!("{long}, {short}")),
        [Rule::LinesApart]
    );
    // Zoom may look without regard to case.
    let (short, long) = (line("STAFF", "Licensed"), line("non-staff", "Basic"));
    assert!(with_licence(choice, &format!("{short}, {long}")).contains(&Rule::LinesApart));
}

#[test]
fn every_value_of_a_licence_has_a_line_and_every_line_a_value() {
    let choice = "'licensed' if 'staff' in eduPersonAffiliation else 'basic'";
    assert_eq!(
        with_licence(choice, &line("licensed", "Licensed")),
        [Rule::ValueWithoutLine]
    );
    let lines = [
        line("licensed", "Licensed"),
        line("basic", "Basic"),
        line("nothing", "None"),
    ];
    assert_eq!(
        with_licence(choice, &lines.join(", ")),
        [Rule::LineWithoutValue]
    );
    // What comes from the directory is not known here.
    let of_directory = "eduPersonAffiliation";
    assert_eq!(with_licence(of_directory, &lines.join(", ")), []);
    assert_eq!(with_licence(choice, ""), []);
}

#[test]
fn nobody_comes_to_zoom_with_a_sign_in_of_two_hours() {
    assert_eq!(with("max-authn-age-minutes = 119"), []);
    assert_eq!(with("max-authn-age-minutes = 120"), [Rule::AuthnAge]);
    assert_eq!(with("max-authn-age-minutes = 480"), [Rule::AuthnAge]);
    // A session that ends before that will do.
    let short =
        "max-authn-age-minutes = 480\n[sessions]\nlifetime-minutes = 100\nidle-minutes = 60";
    assert_eq!(with(short), []);
}

#[test]
fn the_end_of_zooms_session_is_not_near() {
    assert_eq!(with("session-minutes = 480"), []);
    assert_eq!(with("session-minutes = 479"), [Rule::Session]);
}

#[test]
fn nothing_is_encrypted_to_zoom() {
    // The shipped metadata holds a key for it.
    assert_eq!(with("encrypt = 'when-possible'"), [Rule::Encryption]);
    assert_eq!(with("encrypt = 'always'"), [Rule::Encryption]);
    let metadata = include_str!("../../metadata/zoom.xml");
    let without = metadata.replace("use=\"encryption\"", "use=\"signing\"");
    assert_ne!(without, metadata);
    let tables = format!("{ZOOM}encrypt = 'when-possible'");
    let case = Case {
        metadata: Some(&without),
        ..Case::of(&tables)
    };
    assert_eq!(rules(case), [Rule::EncryptionToCome]);
    assert!(Rule::Encryption.is_grave() && !Rule::EncryptionToCome.is_grave());
}

#[test]
fn the_assertion_is_signed() {
    assert_eq!(with("sign = 'both'"), []);
    assert_eq!(with("sign = 'response'"), [Rule::SignedAssertion]);
}

#[test]
fn an_answer_names_the_person() {
    let named = "name-id = { format = 'transient' }";
    assert_eq!(with(named), []);
    assert_eq!(with("name-id = { format = 'none' }"), [Rule::NameId]);
}

#[test]
fn the_signature_is_rsa_with_sha256() {
    let signed_by = |signer| {
        rules(Case {
            signer,
            ..Case::of(ZOOM)
        })
    };
    let [rsa, elliptic] = keys();
    let with_sha512 = rsa.signing_by(SignatureAlgorithm::RsaSha512).unwrap();
    let over_sha512 = rsa.clone().digesting_by(DigestAlgorithm::Sha512);
    assert_eq!(signed_by(rsa), []);
    for other in [elliptic, &with_sha512, &over_sha512] {
        assert_eq!(signed_by(other), [Rule::Signature]);
    }
}

#[test]
fn the_end_of_the_certificate_is_told_sixty_days_before() {
    let at = |now| {
        rules(Case {
            now,
            ..Case::of(ZOOM)
        })
    };
    assert_eq!(at("2035-11-02T00:00:00Z"), []);
    assert_eq!(at("2035-11-02T00:00:01Z"), [Rule::CertificateEnds]);
    assert_eq!(at("2036-06-01T00:00:00Z"), [Rule::CertificateEnds]);
}
