//! Sandboxed expressions: how an administrator writes a rule over attributes.
//!
//! Owns the language, which is a small part of Jinja's: texts, lists, `in`, `~`, `and`/`or`/`not`,
//! `… if … else …`, and the filters and tests of `language`. Every attribute is a list, empty when
//! the person has none. An expression sees the attributes it names and nothing else: no function,
//! no file, no clock, no other template. The work and the result are bounded, since an expression
//! meets values that its author has never seen.

mod language;
mod tokens;

use std::sync::{Arc, LazyLock};

use minijinja::{
    Environment, Error as EngineError, ErrorKind, UndefinedBehavior, Value,
    value::{Object, ValueKind},
};

use crate::model::attribute::Attributes;

use language::List;

/// The longest source, in characters.
pub const MAX_SOURCE_CHARS: usize = 2_000;
/// The most values that an expression may give.
pub const MAX_VALUES: usize = 1_024;
/// The most bytes that all the values of an expression may have together.
pub const MAX_RESULT_BYTES: usize = 128 * 1_024;

/// What one evaluation may do: one unit is an instruction, or 64 bytes that are read or written.
const FUEL: u64 = 20_000;

/// Why a text is not an expression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExpressionFault {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is longer than [`MAX_SOURCE_CHARS`].
    #[error("is longer than {MAX_SOURCE_CHARS} characters")]
    TooLong,
    /// The text cannot be read; the engine says where.
    #[error("cannot be read: {0}")]
    Syntax(String),
    /// It names an attribute that does not exist here.
    #[error("names an unknown attribute, {0:?}")]
    UnknownAttribute(String),
    /// It names a filter that does not exist.
    #[error("uses an unknown filter, {0:?}")]
    UnknownFilter(String),
    /// It names a test that does not exist.
    #[error("uses an unknown test, {0:?}")]
    UnknownTest(String),
    /// It uses a part of Jinja that is not offered here.
    #[error("uses {0:?}, which is not offered here")]
    NotOffered(String),
    /// It uses a list where only a text makes sense, so that it would never do what it says.
    #[error(
        "uses the list {0:?} as a text: write \"{0}|first\", or \"'value' in {0}\" to look into it"
    )]
    ListAsText(String),
}

/// Why an expression gave no answer for one person. Says nothing of their values (R-121).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExpressionError {
    /// It used a value that the person does not have.
    #[error("a value is missing")]
    Missing,
    /// It did more work than it may.
    #[error("the rule did more work than it may")]
    TooMuchWork,
    /// It gave more values, or longer ones, than it may.
    #[error("the result is too large")]
    TooLarge,
    /// It gave something that is neither a text nor a list of texts.
    #[error("the result is not a text")]
    NotText,
    /// It made a text out of a whole list.
    #[error("a list was used as a text")]
    ListAsText,
    /// It asked for something that its operands do not support.
    #[error("the rule does not suit the values")]
    Unsuitable,
}

/// A compiled expression.
pub struct Expression {
    program: Program,
    names: Arc<[Name]>,
    source: Box<str>,
}

enum Program {
    /// The source is the name of one attribute.
    Attribute,
    Engine(minijinja::Expression<'static, 'static>),
}

/// An attribute as an expression writes it, and the key by which it is kept.
#[derive(Debug)]
struct Name {
    written: Box<str>,
    key: Box<str>,
}

impl Expression {
    /// Reads and checks an expression. `known` says which attributes exist, as they are written.
    ///
    /// # Errors
    ///
    /// The first fault that was found.
    pub fn compile(source: &str, known: &dyn Fn(&str) -> bool) -> Result<Self, ExpressionFault> {
        if source.trim().is_empty() {
            return Err(ExpressionFault::Empty);
        }
        if source.chars().count() > MAX_SOURCE_CHARS {
            return Err(ExpressionFault::TooLong);
        }
        let engine = ENGINE
            .compile_expression_owned(source.to_owned())
            .map_err(|error| {
                ExpressionFault::Syntax(error.detail().unwrap_or("not an expression").to_owned())
            })?;
        let mut names: Vec<_> = engine.undeclared_variables(false).into_iter().collect();
        names.sort_unstable();
        tokens::check(source, &|word| names.iter().any(|name| name == word))?;
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(ExpressionFault::UnknownAttribute(unknown.clone()));
        }
        let program = match names.as_slice() {
            [only] if only == source.trim() => Program::Attribute,
            _ => Program::Engine(engine),
        };
        let names = names
            .into_iter()
            .map(|name| Name {
                key: name.to_ascii_lowercase().into(),
                written: name.into(),
            })
            .collect();
        Ok(Self {
            program,
            names,
            source: source.into(),
        })
    }

    /// The values for a person with these attributes; none where the expression gives nothing.
    ///
    /// # Errors
    ///
    /// There is no answer: the caller goes on as if the person had no such value, and says so.
    pub fn evaluate(&self, attributes: &Attributes) -> Result<Vec<String>, ExpressionError> {
        let engine = match &self.program {
            Program::Attribute => {
                let values = self
                    .names
                    .iter()
                    .flat_map(|name| attributes.values(&name.key));
                return bounded(values.map(|value| Ok(Some(value.clone()))));
            }
            Program::Engine(engine) => engine,
        };
        let scope = Scope {
            lists: self
                .names
                .iter()
                .map(|name| attributes.values(&name.key).into())
                .collect(),
            names: Arc::clone(&self.names),
        };
        let result = engine
            .eval(Value::from_object(scope))
            .map_err(|error| ExpressionError::of(&error))?;
        match result.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                let items = result
                    .try_iter()
                    .map_err(|error| ExpressionError::of(&error))?;
                bounded(items.map(|item| text(&item)))
            }
            ValueKind::Undefined
            | ValueKind::None
            | ValueKind::Bool
            | ValueKind::Number
            | ValueKind::String
            | ValueKind::Bytes
            | ValueKind::Map
            | ValueKind::Plain
            | ValueKind::Invalid
            | _ => bounded(std::iter::once(text(&result))),
        }
    }

    /// The attributes that the expression reads, as they are written, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &*name.written)
    }

    /// The values it can give, where it is a plain choice between texts
    /// (`'a' if … else 'b' if … else 'c'`).
    pub fn closed_values(&self) -> Option<Vec<&str>> {
        tokens::closed_values(&self.source)
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl ExpressionError {
    fn of(error: &EngineError) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::UndefinedError {
            Self::Missing
        } else if kind == ErrorKind::OutOfFuel {
            Self::TooMuchWork
        } else {
            Self::Unsuitable
        }
    }
}

/// The attributes that one expression names, looked up when it asks.
#[derive(Debug)]
struct Scope {
    names: Arc<[Name]>,
    lists: Vec<List>,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let index = self.names.iter().position(|name| *name.written == *key)?;
        self.lists
            .get(index)
            .map(|list| Value::from_object(list.clone()))
    }
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    language::teach(&mut engine);
    engine
});

/// The text of one result; nothing where there is none.
fn text(value: &Value) -> Result<Option<String>, ExpressionError> {
    if value.is_undefined() || value.is_none() {
        return Ok(None);
    }
    if let Some(text) = value.as_str() {
        if text.contains(language::LIST_AS_TEXT) {
            return Err(ExpressionError::ListAsText);
        }
        return Ok(Some(text.to_owned()));
    }
    if value.is_integer() {
        Ok(Some(value.to_string()))
    } else {
        Err(ExpressionError::NotText)
    }
}

fn bounded(
    values: impl Iterator<Item = Result<Option<String>, ExpressionError>>,
) -> Result<Vec<String>, ExpressionError> {
    let mut found = Vec::new();
    let mut room = MAX_RESULT_BYTES;
    for value in values {
        let Some(value) = value? else { continue };
        room = room
            .checked_sub(value.len())
            .ok_or(ExpressionError::TooLarge)?;
        if found.len() == MAX_VALUES {
            return Err(ExpressionError::TooLarge);
        }
        found.push(value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
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
            ("(mail + mail)|unique", &["zoe@univ.test", "zn@other.test"]),
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
        let doubling = "(".repeat(20) + "mail" + &" + mail)".repeat(20);
        assert!(evaluate(&doubling).is_err());
        assert!(compile(&("(".repeat(900) + "'x'" + &")".repeat(900))).is_err());
    }

    #[test]
    fn r121_an_error_says_nothing_of_the_values() {
        for source in [
            "mail|first + 1",
            "mail|first - sn|first",
            "mail|first is startingwith 1",
        ] {
            let error = values(source).unwrap_err();
            assert!(!error.to_string().contains("zoe"), "{source}: {error}");
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
        for open in [
            "mail",
            "'a' ~ sn|first",
            "'a' if sn else mail",
            "('a')",
            "'a'|upper",
        ] {
            assert_eq!(closed(open), None, "{open}");
        }
    }
}
