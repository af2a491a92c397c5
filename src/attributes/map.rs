//! From the source's attributes to ours.
//!
//! The rules are those of `[attributes]`. What is neither listed there nor in the catalog is left
//! behind: no later rule can name it.

use std::collections::BTreeMap;

use crate::{
    expression::{Expression, ExpressionFault},
    model::{
        attribute::Attributes,
        trace::{Organ, Trace, Verdict},
    },
};

use super::{catalog, name_id::MAIL};

/// The longest name of an attribute of ours, in octets.
const MAX_NAME: usize = 64;

/// The words of the expression language, which no attribute can be called.
const RESERVED: [&str; 10] = [
    "and", "else", "false", "if", "in", "is", "none", "not", "or", "true",
];

/// How the source's attributes become ours.
#[derive(Debug)]
pub struct Mapping(Box<[Rule]>);

/// One line of `[attributes]`; the rules stand in the order of their keys.
#[derive(Debug)]
struct Rule {
    name: Box<str>,
    key: Box<str>,
    expression: Expression,
}

/// Why a line of `[attributes]` is not a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MappingFault {
    /// The expression is faulty.
    #[error("the expression of {attribute:?} {fault}")]
    Expression {
        /// Our attribute.
        attribute: String,
        /// What is wrong with its expression.
        fault: ExpressionFault,
    },
    /// The name could not be written in an expression.
    #[error(
        "{attribute:?} is not a name: letters, digits and \"_\", a letter first, 64 at most, and \
         no word of the expression language"
    )]
    Name {
        /// The name as it was written.
        attribute: String,
    },
    /// Two lines give the same attribute, but for upper and lower case.
    #[error("{attribute:?} is given twice")]
    Twice {
        /// The second one.
        attribute: String,
    },
}

impl MappingFault {
    /// Whose line it is.
    pub fn attribute(&self) -> &str {
        match self {
            Self::Expression { attribute, .. }
            | Self::Name { attribute }
            | Self::Twice { attribute } => attribute,
        }
    }
}

impl Mapping {
    /// Reads `[attributes]`: for each of our attributes, an expression over the source's.
    ///
    /// # Errors
    ///
    /// Every fault of every line.
    pub fn compile(lines: &BTreeMap<String, String>) -> Result<Self, Vec<MappingFault>> {
        let mut faults = Vec::new();
        let mut rules: Vec<Rule> = Vec::new();
        for (name, source) in lines {
            let attribute = name.clone();
            let key = name.to_ascii_lowercase();
            if !is_name(name) {
                faults.push(MappingFault::Name { attribute });
                continue;
            }
            if rules.iter().any(|rule| *rule.key == *key) {
                faults.push(MappingFault::Twice { attribute });
                continue;
            }
            // Which attributes the source has is known only when it answers.
            match Expression::compile(source, &|_| true) {
                Ok(expression) => {
                    rules.push(Rule {
                        name: name.as_str().into(),
                        key: key.into(),
                        expression,
                    });
                }
                Err(fault) => faults.push(MappingFault::Expression { attribute, fault }),
            }
        }
        rules.sort_by(|one, other| one.key.cmp(&other.key));
        if faults.is_empty() {
            Ok(Self(rules.into()))
        } else {
            Err(faults)
        }
    }

    /// Whether a rule looks at the source's attribute of that name.
    pub fn reads(&self, name: &str) -> bool {
        self.names().any(|read| read.eq_ignore_ascii_case(name))
    }

    /// The source's attributes that the rules look at.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|rule| rule.expression.names())
    }

    /// The source's attributes that our attribute `name` is made of: those that its rule looks at, or
    /// else the one of the same name.
    pub fn sources_of<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let rule = self
            .0
            .iter()
            .find(|rule| rule.name.eq_ignore_ascii_case(name));
        rule.map_or_else(|| vec![name], |rule| rule.expression.names().collect())
    }

    /// The expression that gives our attribute `name`; none where it is the source's of that name.
    pub fn rule_of(&self, name: &str) -> Option<&str> {
        let mut rules = self.0.iter();
        let rule = rules.find(|rule| rule.key.eq_ignore_ascii_case(name))?;
        Some(rule.expression.source())
    }

    /// Whether a rule gives our attribute `name`, without regard to case.
    pub fn has_rule_for(&self, name: &str) -> bool {
        self.has_rule(&name.to_ascii_lowercase())
    }

    /// Whether `name` is one of our attributes, listed or of the catalog, without regard to case.
    pub fn gives(&self, name: &str) -> bool {
        catalog::find(name).is_some() || self.has_rule_for(name)
    }

    /// Whether our attribute `name` is made of mail addresses: it is `mail`, or its rule looks at the
    /// source's, or at what the rule of `mail` looks at.
    pub fn is_of_mail(&self, name: &str) -> bool {
        let names_read_for = |ours: &str| {
            let rules = self.0.iter();
            let mut rules = rules.filter(move |rule| rule.key.eq_ignore_ascii_case(ours));
            rules.next().map(|rule| rule.expression.names())
        };
        let of_mail = || names_read_for(MAIL).into_iter().flatten().chain([MAIL]);
        let mut read = names_read_for(name).into_iter().flatten();
        name.eq_ignore_ascii_case(MAIL)
            || read.any(|read| of_mail().any(|source| source.eq_ignore_ascii_case(read)))
    }

    /// Makes our attributes of the source's.
    ///
    /// An attribute whose rule fails for this person has no value, and the trace says why: where a
    /// provider requires it, the person is stopped. It never falls back to the source's attribute
    /// of the same name, which the rule was written to replace.
    pub fn apply(&self, source: &Attributes, trace: &mut Trace) -> Attributes {
        let mut ours = Attributes::new();
        for (key, values) in source.iter() {
            let Some(known) = catalog::find(key) else {
                continue;
            };
            if !values.is_empty() && !self.has_rule(key) {
                let verdict = Verdict::AsTheSourceHasIt(values.len());
                trace.note(Organ::Map, known.name, verdict);
                ours.add(key, values.iter().cloned());
            }
        }
        for Rule {
            name,
            key,
            expression,
        } in &self.0
        {
            let about = name.to_string();
            match expression.evaluate(source) {
                Ok(values) => {
                    let verdict = Verdict::ByItsRule(values.len());
                    trace.note(Organ::Map, about, verdict);
                    ours.add(key, values);
                }
                Err(error) => trace.note(Organ::Map, about, error.verdict()),
            }
        }
        ours
    }

    fn has_rule(&self, key: &str) -> bool {
        self.0.binary_search_by(|rule| (*rule.key).cmp(key)).is_ok()
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[(&str, &str)]) -> BTreeMap<String, String> {
        lines
            .iter()
            .map(|(name, rule)| ((*name).to_owned(), (*rule).to_owned()))
            .collect()
    }

    fn source() -> Attributes {
        let mut source = Attributes::new();
        source.add("uid", ["alice".to_owned()]);
        source.add("mail", ["a@univ.test".to_owned(), "a@home.test".to_owned()]);
        source.add("ou", ["Mathematics".to_owned()]);
        source.add("userPassword", ["{SSHA}secret".to_owned()]);
        source
    }

    #[test]
    fn r113_what_is_made_of_mail_addresses_is_known_by_its_rule() {
        let of_mail = |rules: &[_]| {
            let mapping = Mapping::compile(&lines(rules)).unwrap();
            ["Mail", "NICK", "login", "uid"].map(|name| mapping.is_of_mail(name))
        };
        assert_eq!(of_mail(&[]), [true, false, false, false]);
        let nick = ("nick", "Mail|first if ou else uid|first");
        assert_eq!(
            of_mail(&[nick, ("login", "uid|first")]),
            [true, true, false, false]
        );
        // Both are made of the same attribute of the source.
        let rules = [
            ("mail", "address"),
            ("nick", "address|first"),
            ("login", "ou"),
        ];
        assert_eq!(of_mail(&rules), [true, true, false, false]);
    }

    #[test]
    fn an_attribute_of_the_catalog_is_the_sources_unless_a_rule_gives_it() {
        let mapping = Mapping::compile(&lines(&[
            ("department", "ou"),
            ("MAIL", "mail|endingwith('@univ.test')"),
            ("eduPersonUniqueId", "uid|first ~ '@univ.test'"),
        ]))
        .unwrap();
        let mut trace = Trace::new();
        let ours = mapping.apply(&source(), &mut trace);
        let all: Vec<_> = ours
            .iter()
            .map(|(name, values)| (name, values.join(" ")))
            .collect();
        let expected = [
            ("department", "Mathematics"),
            ("edupersonuniqueid", "alice@univ.test"),
            ("mail", "a@univ.test"),
            ("uid", "alice"),
        ];
        assert_eq!(
            all,
            expected.map(|(name, values)| (name, values.to_owned()))
        );
        assert_eq!(
            trace.lines().as_str(),
            "Map uid: as the source has it, 1 value; Map department: by its rule, 1 value; \
             Map eduPersonUniqueId: by its rule, 1 value; Map MAIL: by its rule, 1 value"
        );
    }

    #[test]
    fn r112_what_is_neither_listed_nor_known_is_left_behind() {
        let mapping = Mapping::compile(&BTreeMap::new()).unwrap();
        let ours = mapping.apply(&source(), &mut Trace::new());
        let names: Vec<_> = ours.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mail", "uid"]);
        assert!(mapping.gives("MAIL") && !mapping.gives("userPassword") && !mapping.gives("ou"));
    }

    #[test]
    fn a_rule_that_fails_gives_nothing_and_does_not_fall_back() {
        let mapping = Mapping::compile(&lines(&[("mail", "title|first ~ '@univ.test'")])).unwrap();
        let mut trace = Trace::new();
        let ours = mapping.apply(&source(), &mut trace);
        assert!(ours.values("mail").is_empty());
        let trace = trace.lines();
        let trace = trace.as_str();
        assert!(
            trace.contains("Map mail: no value, its rule failed: a value is missing"),
            "{trace}"
        );
    }

    #[test]
    fn r121_the_trace_names_no_value() {
        let mapping = Mapping::compile(&lines(&[("department", "ou")])).unwrap();
        let mut trace = Trace::new();
        mapping.apply(&source(), &mut trace);
        let trace = trace.lines();
        let trace = trace.as_str();
        for value in ["alice", "a@", "Mathematics", "SSHA"] {
            assert!(!trace.contains(value), "{trace}");
        }
    }

    #[test]
    fn every_fault_of_every_line_is_told() {
        let faults = Mapping::compile(&lines(&[
            ("MAIL", "mail"),
            ("mail", "uid"),
            ("9lives", "uid"),
            ("in", "uid"),
            ("cn;lang-fr", "cn"),
            ("title", "cn|safe"),
        ]))
        .unwrap_err();
        let attribute = |name: &str| name.to_owned();
        assert_eq!(
            faults,
            [
                MappingFault::Name {
                    attribute: attribute("9lives")
                },
                MappingFault::Name {
                    attribute: attribute("cn;lang-fr")
                },
                MappingFault::Name {
                    attribute: attribute("in")
                },
                MappingFault::Twice {
                    attribute: attribute("mail")
                },
                MappingFault::Expression {
                    attribute: attribute("title"),
                    fault: ExpressionFault::UnknownFilter(attribute("safe")),
                },
            ]
        );
    }
}
