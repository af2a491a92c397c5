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

use crate::model::{attribute::Attributes, trace::Verdict};

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

/// Why an expression gave no answer for one person. Says nothing of their values.
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

    /// The text as the administrator wrote it.
    pub fn source(&self) -> &str {
        self.source.trim()
    }

    /// The attributes that the expression reads, as they are written, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &*name.written)
    }

    /// The values it can give, where it is a plain choice between texts or lists of texts
    /// (`['a'] if … else 'b' if … else 'c'`).
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

    /// What the trace says of it.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Missing => Verdict::RuleMissesAValue,
            Self::TooMuchWork => Verdict::RuleWorkedTooMuch,
            Self::TooLarge => Verdict::RuleGaveTooMuch,
            Self::NotText => Verdict::RuleGaveNoText,
            Self::ListAsText => Verdict::RuleTookAListForText,
            Self::Unsuitable => Verdict::RuleIsUnsuitable,
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
mod tests;
