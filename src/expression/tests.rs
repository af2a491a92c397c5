use super::*;

fn person() -> Attributes {
    let mut person = Attributes::new();
    let all: [(&str, &[&str]); 4] = [
        ("eduPersonAffiliation", &["member", "Student"]),
        ("givenName", &["Zoé"]),
        ("sn", &["Ñandú"]),
        ("mail", &["zoe@univ.test", "zn@other.test"]),
    ];
    for (name, values) in all {
        person.add(name, values.iter().map(|value| (*value).to_owned()));
    }
    person
}

fn compile(source: &str) -> Result<Expression, ExpressionFault> {
    Expression::compile(source, &|name| {
        ["eduPersonAffiliation", "givenName", "sn", "mail", "title"].contains(&name)
    })
}

fn values(source: &str) -> Result<Vec<String>, ExpressionError> {
    compile(source).unwrap().evaluate(&person())
}

#[test]
fn every_form_of_rule_gives_its_values() {
    let rules: [(&str, &[&str]); 27] = [
        ("mail", &["zoe@univ.test", "zn@other.test"]),
        (" mail ", &["zoe@univ.test", "zn@other.test"]),
        ("title", &[]),
        ("none", &[]),
        ("'constant'", &["constant"]),
        ("12", &["12"]),
        ("['a', 'b', none]", &["a", "b"]),
        ("eduPersonAffiliation|lower", &["member", "student"]),
        ("eduPersonAffiliation|upper|last", &["STUDENT"]),
        ("' x '|trim", &["x"]),
        ("givenName|first ~ ' ' ~ sn|first", &["Zoé Ñandú"]),
        ("mail|join(';')", &["zoe@univ.test;zn@other.test"]),
        ("mail|first|split('@')", &["zoe", "univ.test"]),
        ("(mail|first|split('@'))[0]", &["zoe"]),
        ("mail[1]", &["zn@other.test"]),
        ("mail[-1]", &["zn@other.test"]),
        ("mail|endingwith('@univ.test')", &["zoe@univ.test"]),
        ("mail|startingwith('zn')", &["zn@other.test"]),
        ("mail|containing('other')|length", &["1"]),
        (
            "mail|replace('.test', '.fr')",
            &["zoe@univ.fr", "zn@other.fr"],
        ),
        (
            "mail|chain(mail)|chain('x')|unique|endingwith('test')",
            &["zoe@univ.test", "zn@other.test"],
        ),
        ("'x'|list", &["x"]),
        ("title|first|default('nobody')", &["nobody"]),
        ("title or sn", &["Ñandú"]),
        (
            "'yes' if mail|first is endingwith '.test' else 'no'",
            &["yes"],
        ),
        ("'yes' if title|first is not defined", &["yes"]),
        ("{'Zoé': 'z'}[givenName|first]", &["z"]),
    ];
    for (rule, expected) in rules {
        assert_eq!(values(rule).unwrap(), expected, "{rule}");
    }
}

#[test]
fn an_affiliation_is_looked_for_as_a_whole_value() {
    let rule = "'licensed' if 'staff' in eduPersonAffiliation else 'none'";
    assert_eq!(values(rule).unwrap(), ["none"]);
    let mut outsider = Attributes::new();
    outsider.add("edupersonaffiliation", ["non-staff".to_owned()]);
    assert_eq!(
        compile(rule).unwrap().evaluate(&outsider).unwrap(),
        ["none"]
    );
    outsider.add("eduPersonAffiliation", ["staff".to_owned()]);
    assert_eq!(
        compile(rule).unwrap().evaluate(&outsider).unwrap(),
        ["licensed"]
    );
}

#[test]
fn a_name_finds_its_attribute_without_regard_to_case() {
    let rule = Expression::compile("EDUPERSONAFFILIATION|first ~ ''", &|_| true).unwrap();
    assert_eq!(rule.evaluate(&person()).unwrap(), ["member"]);
    assert_eq!(rule.names().collect::<Vec<_>>(), ["EDUPERSONAFFILIATION"]);
}

#[test]
fn what_can_never_work_is_refused_before_anybody_signs_in() {
    let not_offered = |what: &str| ExpressionFault::NotOffered(what.to_owned());
    let as_text = |name: &str| ExpressionFault::ListAsText(name.to_owned());
    let faults = [
        ("", ExpressionFault::Empty),
        (" \n", ExpressionFault::Empty),
        ("mial", ExpressionFault::UnknownAttribute("mial".to_owned())),
        (
            "'x' if 'y' in mial else 'z'",
            ExpressionFault::UnknownAttribute("mial".to_owned()),
        ),
        (
            "mail|safe",
            ExpressionFault::UnknownFilter("safe".to_owned()),
        ),
        (
            "'x' if sn else mail|attr('x')",
            ExpressionFault::UnknownFilter("attr".to_owned()),
        ),
        (
            "'x' if sn is mapping",
            ExpressionFault::UnknownTest("mapping".to_owned()),
        ),
        (
            "'x' if sn is not mapping",
            ExpressionFault::UnknownTest("mapping".to_owned()),
        ),
        ("mail()", not_offered("mail(…)")),
        ("range(9)", not_offered("range(…)")),
        ("mail.upper()", not_offered(".")),
        ("'x' * 9", not_offered("*")),
        ("9 / 3", not_offered("/")),
        ("mail + sn", not_offered("+")),
        ("super()", not_offered("super(…)")),
        ("loop", ExpressionFault::UnknownAttribute("loop".to_owned())),
        ("1e3", not_offered("e3")),
        ("mail|join(d=';')", not_offered("=")),
        ("mail[0:1]", not_offered(":")),
        ("mail[{'a': 0}['a']:]", not_offered(":")),
        ("1.5", not_offered(".")),
        ("givenName ~ sn", as_text("givenName")),
        ("givenName|first ~ sn", as_text("sn")),
        ("'x' if mail == 'y'", as_text("mail")),
        ("'x' if 'y' == mail|lower", as_text("mail")),
        ("'x' if mail|replace('a', 'b') != 'y'", as_text("mail")),
        ("'x' if mail in ['y']", as_text("mail")),
        ("'x' if mail not in ['y']", as_text("mail")),
    ];
    for (source, fault) in faults {
        assert_eq!(compile(source).unwrap_err(), fault, "{source}");
    }
    for unreadable in ["mail |", "'x", "mail mail", "{% include 'x' %}", "((('x'))"] {
        let fault = compile(unreadable).unwrap_err();
        assert!(
            matches!(fault, ExpressionFault::Syntax(_)),
            "{unreadable}: {fault:?}"
        );
    }
}

#[test]
fn every_word_that_is_let_through_is_known_to_the_engine() {
    for filter in language::LIST_FILTERS
        .iter()
        .chain(&language::OTHER_FILTERS)
    {
        assert!(ENGINE.compile_expression(filter).is_ok());
        let source = format!("'a'|{filter}");
        let error = ENGINE.compile_expression(&source).unwrap().eval(()).err();
        let kind = error.map(|error| error.kind());
        assert_ne!(kind, Some(ErrorKind::UnknownFilter), "{filter}");
    }
    for test in language::TESTS {
        let source = format!("'a' is {test}");
        let error = ENGINE.compile_expression(&source).unwrap().eval(()).err();
        assert_ne!(
            error.map(|error| error.kind()),
            Some(ErrorKind::UnknownTest),
            "{test}"
        );
    }
    let unknown = ENGINE
        .compile_expression("'a'|safe")
        .unwrap()
        .eval(())
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::UnknownFilter);
}

#[test]
fn quotes_inside_a_text_do_not_hide_what_follows() {
    let fault = compile(r"'it\'s | fine' ~ (sn|safe)").unwrap_err();
    assert_eq!(fault, ExpressionFault::UnknownFilter("safe".to_owned()));
    assert_eq!(values(r"'it\'s | fine'").unwrap(), ["it's | fine"]);
    assert_eq!(values(r"'\\' ~ sn|first").unwrap(), [r"\Ñandú"]);
}

#[test]
fn r112_a_result_that_is_no_text_is_refused() {
    assert_eq!(values("true"), Err(ExpressionError::NotText));
    assert_eq!(values("{'a': 'b'}"), Err(ExpressionError::NotText));
    assert_eq!(values("[mail]"), Err(ExpressionError::NotText));
    assert_eq!(
        values("(mail|lower) ~ 'x'"),
        Err(ExpressionError::ListAsText)
    );
}

#[test]
fn a_missing_value_is_an_error_where_a_text_is_made_of_it() {
    assert_eq!(values("title|first ~ 'x'"), Err(ExpressionError::Missing));
    assert_eq!(values("title|first|upper"), Err(ExpressionError::Missing));
    assert_eq!(values("'x' if title|first"), Err(ExpressionError::Missing));
    assert_eq!(values("title|first").unwrap(), [""; 0]);
    assert_eq!(values("title[0]").unwrap(), [""; 0]);
}

#[test]
fn work_and_result_are_bounded() {
    assert_eq!(
        compile(&"x".repeat(2_001)).unwrap_err(),
        ExpressionFault::TooLong
    );
    let mut person = Attributes::new();
    person.add("mail", (0..2_000).map(|number| number.to_string()));
    person.add("sn", ["a".repeat(MAX_RESULT_BYTES)]);
    person.add("givenName", ["a".repeat(1_000)]);
    let evaluate = |source: &str| compile(source).unwrap().evaluate(&person);
    assert_eq!(evaluate("mail"), Err(ExpressionError::TooLarge));
    assert_eq!(evaluate("mail|list"), Err(ExpressionError::TooLarge));
    assert_eq!(evaluate("sn").map(|values| values.len()), Ok(1));
    assert_eq!(
        evaluate("sn|replace('a', 'aa')"),
        Err(ExpressionError::TooMuchWork)
    );
    let growing = "givenName|first".to_owned() + &"|replace('a', 'aaaaaaaaaa')".repeat(9);
    assert_eq!(evaluate(&growing), Err(ExpressionError::TooMuchWork));
    let growing = "givenName".to_owned() + &"|replace('a', 'aaaaaaaaaa')".repeat(9);
    assert_eq!(evaluate(&growing), Err(ExpressionError::TooMuchWork));
    let chained = "mail".to_owned() + &"|chain(mail)".repeat(150);
    assert_eq!(evaluate(&chained), Err(ExpressionError::TooMuchWork));
    assert_eq!(evaluate("mail|chain(mail)|length").unwrap(), ["4000"]);
    let searching = "'x' if '-' in mail".to_owned() + &" or '-' in mail".repeat(60);
    assert_eq!(evaluate(&searching), Err(ExpressionError::TooMuchWork));
    assert!(compile(&("(".repeat(900) + "'x'" + &")".repeat(900))).is_err());
}

#[test]
fn r121_an_error_says_nothing_of_the_values() {
    for source in [
        "mail|first - 1",
        "mail|first - sn|first",
        "mail|first is startingwith 1",
    ] {
        let error = values(source).unwrap_err();
        assert!(!error.to_string().contains("zoe"), "{source}: {error}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]

    #[test]
    fn no_source_and_no_value_makes_the_engine_panic(
        source in "(mail|sn|'[^']{0,3}'|[|(){},:~]|first|join| (in|if|else|is|not|and) |.){1,24}",
        value in ".{0,40}",
    ) {
        if let Ok(expression) = compile(&source) {
            let mut person = Attributes::new();
            person.add("mail", [value.clone(), value]);
            let _ = expression.evaluate(&person);
            let _ = expression.closed_values();
        }
    }
}

#[test]
fn a_plain_choice_tells_what_it_can_give() {
    let closed = |source: &str| {
        compile(source)
            .unwrap()
            .closed_values()
            .map(|values| values.join(" "))
    };
    assert_eq!(closed("'a'").as_deref(), Some("a"));
    assert_eq!(
        closed("'a' if 'x' in mail else 'b' if sn else 'c'").as_deref(),
        Some("a b c")
    );
    assert_eq!(
        closed("'a' if ('x' if sn else 'y') in mail else 'b'").as_deref(),
        Some("a b")
    );
    assert_eq!(closed("'a' if sn").as_deref(), Some("a"));
    assert_eq!(
        closed("['a', 'b'] if sn else [] if mail else [\n'c',]").as_deref(),
        Some("a b c")
    );
    for open in [
        "['a', sn|first]",
        "['a'][0]",
        "['a' 'b']",
        "['a']|first",
        "mail",
        "'a' ~ sn|first",
        "'a' if sn else mail",
        "('a')",
        "'a'|upper",
    ] {
        assert_eq!(closed(open), None, "{open}");
    }
}

#[test]
fn r111_a_value_is_data_and_never_read_as_a_rule() {
    let mut person = Attributes::new();
    person.add("sn", ["{{ 7 }} {% raw %} ' ~ mail ~ '".to_owned()]);
    person.add("mail", ["a@univ.test".to_owned()]);
    let rule = compile("sn|first ~ '!'").unwrap();
    assert_eq!(
        rule.evaluate(&person).unwrap(),
        ["{{ 7 }} {% raw %} ' ~ mail ~ '!"]
    );
}
