//! The words of the language: what a list is, and what the filters and tests do.
//!
//! A filter that changes a text does so to each text of a list, since every attribute is one.

use std::sync::Arc;

use minijinja::{
    Environment, Error, ErrorKind, State, Value, filters,
    value::{Enumerator, Object, ObjectRepr},
};

use super::MAX_RESULT_BYTES;

/// What a list becomes where a text is expected: a code point that no XML document may hold, so
/// that the mistake is seen and never sent.
pub(super) const LIST_AS_TEXT: char = '\u{fffe}';

/// The filters that give a list for a list.
pub(super) const LIST_FILTERS: [&str; 10] = [
    "chain",
    "containing",
    "endingwith",
    "list",
    "lower",
    "replace",
    "startingwith",
    "trim",
    "unique",
    "upper",
];
/// The filters that give something else than a list.
pub(super) const OTHER_FILTERS: [&str; 6] = ["default", "first", "join", "last", "length", "split"];
/// The tests, after `is`.
pub(super) const TESTS: [&str; 4] = ["containing", "defined", "endingwith", "startingwith"];

/// A list of texts: the values of an attribute, or what a filter made of them.
#[derive(Clone, Debug)]
pub(super) struct List(Arc<[Value]>);

impl From<&[String]> for List {
    fn from(texts: &[String]) -> Self {
        Self(texts.iter().map(Value::from).collect())
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{LIST_AS_TEXT}")
    }
}

/// Gives the engine its words. It has no others: the tests of `super` walk the tables above.
pub(super) fn teach(engine: &mut Environment<'_>) {
    engine.add_filter("lower", |state: &State<'_, '_>, value: &Value| {
        each(state, value, |text| Ok(text.to_lowercase()))
    });
    engine.add_filter("upper", |state: &State<'_, '_>, value: &Value| {
        each(state, value, |text| Ok(text.to_uppercase()))
    });
    engine.add_filter("trim", |state: &State<'_, '_>, value: &Value| {
        each(state, value, |text| Ok(text.trim().to_owned()))
    });
    engine.add_filter(
        "replace",
        |state: &State<'_, '_>, value: &Value, from: &str, to: &str| {
            each(state, value, |text| replace(text, from, to))
        },
    );
    engine.add_filter(
        "startingwith",
        |state: &State<'_, '_>, value: &Value, start: &str| {
            only(state, value, |text| text.starts_with(start))
        },
    );
    engine.add_filter(
        "endingwith",
        |state: &State<'_, '_>, value: &Value, end: &str| {
            only(state, value, |text| text.ends_with(end))
        },
    );
    engine.add_filter(
        "containing",
        |state: &State<'_, '_>, value: &Value, part: &str| {
            only(state, value, |text| text.contains(part))
        },
    );
    engine.add_filter(
        "chain",
        |state: &State<'_, '_>, value: &Value, more: &Value| {
            let mut all = texts(state, value)?;
            all.extend(texts(state, more)?);
            Ok::<_, Error>(Value::from_object(List(all.into())))
        },
    );
    engine.add_filter("list", |state: &State<'_, '_>, value: &Value| {
        only(state, value, |_| true)
    });
    engine.add_filter("unique", unique);
    engine.add_filter("default", filters::default);
    engine.add_filter("first", |state: &State<'_, '_>, value: &Value| {
        Ok::<_, Error>(first(texts(state, value)?))
    });
    engine.add_filter("last", |state: &State<'_, '_>, value: &Value| {
        Ok::<_, Error>(first(texts(state, value)?.into_iter().rev()))
    });
    engine.add_filter("join", join);
    engine.add_filter("length", filters::length);
    engine.add_filter("split", |text: &str, at: &str| {
        if at.is_empty() {
            return Err(unsuitable());
        }
        Ok(Value::from_object(List(
            text.split(at).map(Value::from).collect(),
        )))
    });
    engine.add_test("defined", |value: &Value| !value.is_undefined());
    engine.add_test("startingwith", |text: &str, start: &str| {
        text.starts_with(start)
    });
    engine.add_test("endingwith", |text: &str, end: &str| text.ends_with(end));
    engine.add_test("containing", |text: &str, part: &str| text.contains(part));
}

fn unsuitable() -> Error {
    Error::from(ErrorKind::InvalidOperation)
}

/// The texts of a value: those of a list, or the one text that it is.
///
/// The engine cannot see into our lists, so what it costs to walk one is paid here.
fn texts(state: &State<'_, '_>, value: &Value) -> Result<Vec<Value>, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.as_str().is_some() {
        return Ok(vec![value.clone()]);
    }
    let mut texts = Vec::new();
    for text in value.try_iter()?.checked() {
        let text = text?;
        pay(state, text.as_str().ok_or_else(unsuitable)?)?;
        texts.push(text);
    }
    Ok(texts)
}

/// One unit for the item, and one for every 64 octets, as the engine counts.
fn pay(state: &State<'_, '_>, text: &str) -> Result<(), Error> {
    state.consume_fuel(
        u64::try_from(text.len() / 64)
            .unwrap_or(u64::MAX)
            .saturating_add(1),
    )
}

/// Changes a text, or each text of a list.
fn each(
    state: &State<'_, '_>,
    value: &Value,
    change: impl Fn(&str) -> Result<String, Error>,
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return change(text).map(Value::from);
    }
    let mut changed = Vec::new();
    for text in texts(state, value)? {
        let text = change(text.as_str().ok_or_else(unsuitable)?)?;
        pay(state, &text)?;
        changed.push(Value::from(text));
    }
    Ok(Value::from_object(List(changed.into())))
}

/// Keeps the texts that match, as a list.
fn only(
    state: &State<'_, '_>,
    value: &Value,
    matches: impl Fn(&str) -> bool,
) -> Result<Value, Error> {
    let mut kept = texts(state, value)?;
    kept.retain(|text| text.as_str().is_some_and(&matches));
    Ok(Value::from_object(List(kept.into())))
}

fn first(texts: impl IntoIterator<Item = Value>) -> Value {
    texts.into_iter().next().unwrap_or(Value::UNDEFINED)
}

fn unique(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let mut seen = std::collections::HashSet::new();
    let mut kept = texts(state, value)?;
    kept.retain(|text| seen.insert(text.as_str().map(str::to_owned)));
    Ok(Value::from_object(List(kept.into())))
}

fn join(state: &State<'_, '_>, value: &Value, between: &str) -> Result<String, Error> {
    let texts = texts(state, value)?;
    let length = texts
        .iter()
        .map(|text| {
            text.as_str()
                .map_or(0, str::len)
                .saturating_add(between.len())
        })
        .fold(0, usize::saturating_add);
    if length > MAX_RESULT_BYTES {
        return Err(Error::from(ErrorKind::OutOfFuel));
    }
    Ok(texts
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(between))
}

/// Replaces a part of a text, and counts before it writes: one letter replaced by a long text, a
/// few times over, would fill the memory.
fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    if from.is_empty() {
        return Err(unsuitable());
    }
    let added = text.matches(from).count().saturating_mul(to.len());
    if text.len().saturating_add(added) > MAX_RESULT_BYTES {
        return Err(Error::from(ErrorKind::OutOfFuel));
    }
    Ok(text.replace(from, to))
}
