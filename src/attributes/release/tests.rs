use crate::{config::sections::Rules, model::attribute::MAX_VALUE_CHARS};

use super::*;

fn rules(text: &str) -> Vec<Release> {
    let mut preset: toml::Table = text.parse().unwrap();
    // For whom the preset is, which is no rule.
    preset.remove("proposal");
    let rules: Rules = preset.try_into().unwrap();
    rules.release.unwrap_or_default()
}

fn is_ours(name: &str) -> bool {
    name == "badge" || catalog::find(name).is_some()
}

fn compile(text: &str) -> Result<ReleasePolicy, Vec<ReleaseFault>> {
    let domains = ["univ.test".to_owned()];
    ReleasePolicy::compile(&rules(text), &domains, &domains, &is_ours)
}

fn person(attributes: &[(&str, &[&str])]) -> Attributes {
    let mut person = Attributes::new();
    for (name, values) in attributes {
        person.add(name, values.iter().map(|value| (*value).to_owned()));
    }
    person
}

/// One line for each attribute that is sent, with every detail of it.
fn dump(policy: &ReleasePolicy, ours: &Attributes) -> String {
    let released = match policy.release(ours, &Asked::default(), &mut Trace::new()) {
        Ok(released) => released,
        Err(stop) => return format!("{stop:?}\n"),
    };
    released.iter().fold(String::new(), |text, attribute| {
        let ReleasedAttribute {
            name,
            name_format,
            friendly_name,
            values,
        } = attribute;
        let format = name_format.rsplit(':').next().unwrap();
        let friendly_name = friendly_name.as_deref().unwrap_or("-");
        text + &format!("{name} {format} {friendly_name}: {}\n", values.join(" | "))
    })
}

fn trace_of(policy: &ReleasePolicy, ours: &Attributes) -> String {
    let mut trace = Trace::new();
    let _ = policy.release(ours, &Asked::default(), &mut trace);
    trace.lines().as_str().to_owned()
}

/// The rules of the Zoom preset.
const ZOOM: &str = include_str!("../../../config/presets/zoom.toml");

/// Everything a directory may say of somebody, most of which no rule of Zoom's names.
fn someone(mails: &[&str], affiliations: &[&str]) -> Attributes {
    let mut someone = person(&[
        ("uid", &["aliddell"]),
        ("givenName", &["Alice", "Al"]),
        ("sn", &["Liddell"]),
        ("cn", &["Liddell Alice"]),
        ("displayName", &["Alice Liddell"]),
        ("department", &["Mathematics", "Logic"]),
        ("telephoneNumber", &["+33 4 00 00 00 00"]),
        ("eduPersonPrincipalName", &["aliddell@univ.test"]),
        ("eduPersonUniqueId", &["28c5353b@univ.test"]),
        ("supannCodeINE", &["0123456789A"]),
        ("supannRefId", &["{ISO15693}deadbeef"]),
    ]);
    let owned = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    someone.add("mail", owned(mails));
    someone.add("eduPersonAffiliation", owned(affiliations));
    someone
}

#[test]
fn r112_golden_a_student_at_zoom() {
    let student = someone(&["Alice.Liddell@Univ.test"], &["member", "student"]);
    assert_eq!(
        dump(&compile(ZOOM).unwrap(), &student),
        "\
urn:oid:0.9.2342.19200300.100.1.3 uri mail: alice.liddell@univ.test
urn:oid:2.5.4.42 uri givenName: Alice
urn:oid:2.5.4.4 uri sn: Liddell
urn:oid:2.16.840.1.113730.3.1.241 uri displayName: Alice Liddell
urn:oid:1.3.6.1.4.1.5923.1.1.1.1 uri eduPersonAffiliation: member | student
urn:oid:2.5.4.11 uri ou: Mathematics
urn:oid:1.3.6.1.4.1.5923.1.1.1.13 uri eduPersonUniqueId: 28c5353b@univ.test
zoomLicense basic -: basic
"
    );
}

#[test]
fn r112_golden_a_teacher_at_zoom() {
    let teacher = someone(
        &["alice@univ.test", "alice@home.test"],
        &["member", "teacher"],
    );
    assert_eq!(
        dump(&compile(ZOOM).unwrap(), &teacher),
        "\
urn:oid:0.9.2342.19200300.100.1.3 uri mail: alice@univ.test
urn:oid:2.5.4.42 uri givenName: Alice
urn:oid:2.5.4.4 uri sn: Liddell
urn:oid:2.16.840.1.113730.3.1.241 uri displayName: Alice Liddell
urn:oid:1.3.6.1.4.1.5923.1.1.1.1 uri eduPersonAffiliation: member | teacher
urn:oid:2.5.4.11 uri ou: Mathematics
urn:oid:1.3.6.1.4.1.5923.1.1.1.13 uri eduPersonUniqueId: 28c5353b@univ.test
zoomLicense basic -: licensed
"
    );
}

#[test]
fn r112_golden_a_student_who_teaches_at_zoom() {
    let both = someone(&["alice@univ.test"], &["student", "faculty", "student"]);
    assert_eq!(
        dump(&compile(ZOOM).unwrap(), &both),
        "\
urn:oid:0.9.2342.19200300.100.1.3 uri mail: alice@univ.test
urn:oid:2.5.4.42 uri givenName: Alice
urn:oid:2.5.4.4 uri sn: Liddell
urn:oid:2.16.840.1.113730.3.1.241 uri displayName: Alice Liddell
urn:oid:1.3.6.1.4.1.5923.1.1.1.1 uri eduPersonAffiliation: student | faculty
urn:oid:2.5.4.11 uri ou: Mathematics
urn:oid:1.3.6.1.4.1.5923.1.1.1.13 uri eduPersonUniqueId: 28c5353b@univ.test
zoomLicense basic -: licensed
"
    );
}

#[test]
fn r113_golden_a_person_without_a_mail_of_ours_is_stopped() {
    let policy = compile(ZOOM).unwrap();
    for mails in [
        &[][..],
        &["alice@home.test"],
        &["alice@sub.univ.test"],
        &["alice univ.test"],
    ] {
        assert_eq!(
            dump(&policy, &someone(mails, &["student"])),
            "NoMail\n",
            "{mails:?}"
        );
    }
}

#[test]
fn r113_golden_a_person_with_two_mails_of_ours_is_stopped() {
    let two = someone(&["alice@univ.test", "a.liddell@univ.test"], &["student"]);
    let policy = compile(ZOOM).unwrap();
    assert_eq!(dump(&policy, &two), "SeveralMails\n");
    assert_eq!(
        trace_of(&policy, &two),
        "Release mail: several addresses in our domains: stopped"
    );
    let one_written_twice = someone(&["alice@univ.test", "ALICE@univ.test"], &["alum"]);
    assert!(dump(&policy, &one_written_twice).ends_with("zoomLicense basic -: none\n"));
}

#[test]
fn r112_a_licence_never_overlaps_another_at_zoom() {
    assert_eq!(compile(ZOOM).unwrap().warnings(), []);
    assert_eq!(overlapping(&["licensed", "basic", "none"]), []);
    assert_eq!(
        overlapping(&["staff", "basic", "Non-Staff", "staff"]),
        [("staff", "Non-Staff")]
    );
    let policy = compile(
        "[[release]]\nname = 'x'\nvalue = \"'ex-employee' if sn else 'employee' if cn else ''\"",
    )
    .unwrap();
    let warnings: Vec<_> = policy
        .warnings()
        .into_iter()
        .map(|it| (it.inner, it.outer))
        .collect();
    let pair = |inner: &str, outer: &str| (inner.to_owned(), outer.to_owned());
    assert_eq!(
        warnings,
        [
            pair("employee", "ex-employee"),
            pair("", "ex-employee"),
            pair("", "employee")
        ]
    );
}

#[test]
fn r112_without_a_rule_nothing_is_sent() {
    let policy = compile("").unwrap();
    assert_eq!(
        dump(&policy, &someone(&["alice@univ.test"], &["student"])),
        ""
    );
}

#[test]
fn r40_r111_a_bad_value_is_dropped_whole_and_the_trace_says_why() {
    let policy = compile("[[release]]\nattribute = 'cn'").unwrap();
    let long = "x".repeat(257);
    let ours = person(&[("cn", &["a", "", "b\0", "c\u{fffe}", &long, "a", " b "])]);
    assert_eq!(dump(&policy, &ours), "urn:oid:2.5.4.3 uri cn: a |  b \n");
    assert_eq!(
        trace_of(&policy, &ours),
        "Release cn: dropped: empty, 1 value; \
         Release cn: dropped: with a control character or one that XML cannot hold, 2 values; \
         Release cn: dropped: longer than 256 characters, 1 value; \
         Release cn: sent, 2 values"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn r40_whatever_the_source_says_only_sound_values_go_out(
        values in proptest::collection::vec("(?s).{0,300}|[a-z@.]{0,12}@univ.test", 0..6),
    ) {
        let mut ours = Attributes::new();
        for name in ["mail", "cn", "eduPersonUniqueId"] {
            ours.add(name, values.clone());
        }
        let text = "[[release]]\nattribute = 'cn'\n[[release]]\nattribute = 'eduPersonUniqueId'\n\
                    [[release]]\nattribute = 'mail'\nvalues = 'one-in-mail-domain'";
        for attribute in
            compile(text).unwrap().release(&ours, &Asked::default(), &mut Trace::new()).unwrap_or_default()
        {
            assert!(!attribute.values.is_empty());
            for value in &attribute.values {
                assert!(!value.trim().is_empty() && value.chars().count() <= MAX_VALUE_CHARS);
                assert!(!value.chars().any(char::is_control), "{value:?}");
                if attribute.name != "urn:oid:2.5.4.3" {
                    assert!(value.to_lowercase().ends_with("@univ.test"), "{value:?}");
                    assert_eq!(value.matches('@').count(), 1, "{value:?}");
                }
            }
        }
    }
}

#[test]
fn r111_a_scoped_attribute_goes_out_with_our_scopes_only() {
    let scoped = [
        "eduPersonPrincipalName",
        "eduPersonScopedAffiliation",
        "eduPersonUniqueId",
    ];
    for attribute in scoped {
        let policy = compile(&format!("[[release]]\nattribute = '{attribute}'")).unwrap();
        let ours = person(&[(
            attribute,
            &[
                "a@evil.test",
                "a@univ.test@evil.test",
                "a@UNIV.test",
                "a",
                "a@x.univ.test",
            ],
        )]);
        assert!(dump(&policy, &ours).ends_with(&format!("{attribute}: a@UNIV.test\n")));
        assert!(trace_of(&policy, &ours).contains("dropped: without one of our scopes, 4 values"));
    }
}

#[test]
fn r111_breach_of_sdp_idp14_a_scoped_name_is_guarded_under_whatever_rule_it_is_sent() {
    for name in [
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
        vocab::ATTR_SUBJECT_ID,
        vocab::ATTR_PAIRWISE_ID,
    ] {
        let policy = compile(&format!("[[release]]\nname = '{name}'\nvalue = 'uid'")).unwrap();
        assert_eq!(
            dump(&policy, &person(&[("uid", &["a@evil.test"])])),
            "",
            "{name}"
        );
    }
    let renamed =
        compile("[[release]]\nattribute = 'eduPersonPrincipalName'\nname = 'user'").unwrap();
    let ours = person(&[("eduPersonPrincipalName", &["a@evil.test"])]);
    assert_eq!(dump(&renamed, &ours), "");
}

#[test]
fn a_required_attribute_without_a_usable_value_stops() {
    let policy = compile("[[release]]\nattribute = 'sn'\nrequired = true").unwrap();
    for values in [&[][..], &[""], &["a\nb"]] {
        let ours = person(&[("sn", values)]);
        assert_eq!(
            dump(&policy, &ours),
            "Missing { attribute: \"sn\" }\n",
            "{values:?}"
        );
        assert!(trace_of(&policy, &ours).ends_with("Release sn: required, no value: stopped"));
    }
    let policy =
        compile("[[release]]\nname = 'x'\nvalue = 'title|first|upper'\nrequired = true").unwrap();
    assert_eq!(
        dump(&policy, &Attributes::new()),
        "Missing { attribute: \"x\" }\n"
    );
}

#[test]
fn of_several_values_of_what_has_one_only_none_is_sent() {
    let policy = compile("[[release]]\nattribute = 'eduPersonUniqueId'\nrequired = true").unwrap();
    let two = person(&[("eduPersonUniqueId", &["a@univ.test", "b@univ.test"])]);
    assert_eq!(
        dump(&policy, &two),
        "Missing { attribute: \"eduPersonUniqueId\" }\n"
    );
    assert!(trace_of(&policy, &two).contains("several values of what has one only"));
    let twice = person(&[("eduPersonUniqueId", &["a@univ.test", "a@univ.test"])]);
    assert!(dump(&policy, &twice).ends_with("eduPersonUniqueId: a@univ.test\n"));
    let first = compile("[[release]]\nattribute = 'displayName'\nvalues = 'first'").unwrap();
    let two = person(&[("displayName", &["", "A", "B"])]);
    assert!(dump(&first, &two).ends_with("displayName: A\n"));
}

#[test]
fn r121_the_trace_names_no_value() {
    let trace = trace_of(
        &compile(ZOOM).unwrap(),
        &someone(&["alice@univ.test"], &["student"]),
    );
    assert!(
        trace.contains("Release zoomLicense: sent, 1 value"),
        "{trace}"
    );
    for value in [
        "alice",
        "Liddell",
        "univ.test",
        "student",
        "28c5",
        "'basic'",
        "Mathematics",
    ] {
        assert!(!trace.contains(value), "{value}: {trace}");
    }
}

#[test]
fn iip_idp01_names_and_formats_are_sent_as_a_rule_writes_them() {
    let policy = compile(
        "[[release]]\nattribute = 'badge'\nname = 'badgeNumber'\nfriendly-name = 'Badge'\n\
         [[release]]\nname = 'https://sp.test/role'\nvalue = \"'x'\"\n\
         [[release]]\nattribute = 'MAIL'\nname = 'urn:mace:mail'\nname-format = 'basic'\n",
    )
    .unwrap();
    assert_eq!(
        dump(
            &policy,
            &person(&[("badge", &["7"]), ("mail", &["A@home.test"])])
        ),
        "badgeNumber basic Badge: 7\nhttps://sp.test/role uri -: x\nurn:mace:mail basic -: A@home.test\n"
    );
}

/// Each rule is refused as the second one.
fn are_refused<'a>(faults: impl IntoIterator<Item = (&'a str, ReleaseRuleFault)>) {
    for (rule, fault) in faults {
        let text = format!("[[release]]\nattribute = 'cn'\n[[release]]\n{rule}");
        assert_eq!(
            compile(&text).unwrap_err(),
            [ReleaseFault { number: 2, fault }],
            "{rule}"
        );
    }
}

#[test]
fn a_rule_that_cannot_work_is_refused_with_its_number() {
    are_refused([
        ("attribute = 'sn'\nvalue = 'sn'", ReleaseRuleFault::Both),
        ("name = 'x'", ReleaseRuleFault::Neither),
        (
            "attribute = 'tattoo'",
            ReleaseRuleFault::UnknownAttribute("tattoo".to_owned()),
        ),
        (
            "name = 'x'\nvalue = 'tattoo'",
            ReleaseRuleFault::Expression(ExpressionFault::UnknownAttribute("tattoo".to_owned())),
        ),
    ]);
}

#[test]
fn breach_of_iip_idp01_a_name_or_format_that_could_not_be_sent_as_it_is_written_is_refused() {
    let long = format!("name = '{}'\nvalue = 'sn'", "x".repeat(257));
    are_refused([
        ("value = 'sn'", ReleaseRuleFault::NoName),
        ("attribute = 'badge'", ReleaseRuleFault::NoName),
        (
            "attribute = 'sn'\nname-format = 'basic'",
            ReleaseRuleFault::FormatAlone,
        ),
        (
            "attribute = 'sn'\nfriendly-name = 'x'",
            ReleaseRuleFault::FormatAlone,
        ),
        (
            "attribute = 'sn'\nname = 'x'\nfriendly-name = ''",
            ReleaseRuleFault::FriendlyName,
        ),
        ("attribute = 'sn'\nname = ''", ReleaseRuleFault::Name),
        ("attribute = 'sn'\nname = 'a b'", ReleaseRuleFault::Name),
        (
            "attribute = 'sn'\nname = \"a\\u0000b\"",
            ReleaseRuleFault::Name,
        ),
        (
            "attribute = 'sn'\nname = 'x'\nname-format = 'uri'",
            ReleaseRuleFault::Name,
        ),
        (&long, ReleaseRuleFault::Name),
        ("attribute = 'CN'", ReleaseRuleFault::NameTwice),
        (
            "name = 'URN:oid:2.5.4.3'\nvalue = 'sn'",
            ReleaseRuleFault::NameTwice,
        ),
    ]);
}

#[test]
fn r111_r113_a_rule_that_lacks_its_domains_is_refused() {
    let text = "[[release]]\nattribute = 'mail'\nvalues = 'one-in-mail-domain'\n\
                [[release]]\nattribute = 'eduPersonUniqueId'";
    let faults = ReleasePolicy::compile(&rules(text), &[], &[], &is_ours).unwrap_err();
    assert_eq!(
        faults,
        [
            ReleaseFault {
                number: 1,
                fault: ReleaseRuleFault::NoMailDomains
            },
            ReleaseFault {
                number: 2,
                fault: ReleaseRuleFault::NoScopes
            },
        ]
    );
}
