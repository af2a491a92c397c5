//! A trial that stops although the person has proven who they are and may try, and what is shown of it.

use std::fmt;

use super::{Behind, spelled, withheld};
use crate::{
    attributes::{asked::Asked, release::Sent},
    flow::{bridge::Bridge, way::UnderWay},
    model::{
        attribute::{Attributes, MAX_VALUE_CHARS},
        proof::Proof,
        text::visible,
        trace::Trace,
    },
};

/// How many values of one attribute are shown: a source may give any number.
const MOST_VALUES: usize = 20;

/// What is shown of a trial that stops although the person has proven who they are and may try: out of what the answer
/// would have been made. Its `Debug` is blank.
#[derive(Clone)]
pub struct StoppedTrial {
    /// The name by which the person signs in.
    pub person: String,
    /// Our attributes that the name and what is told are made of, with values or without.
    pub made_of: Vec<Ingredient>,
    /// What is behind it; none where everyone may try.
    pub behind: Option<Behind>,
}

impl fmt::Debug for StoppedTrial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoppedTrial(…)")
    }
}

/// One attribute of ours, as this person has it. Its `Debug` is blank as well.
#[derive(Clone)]
pub struct Ingredient {
    /// Which one.
    pub attribute: String,
    /// Its values, written so that they are seen for what they are; none where it is not sent as it stands, and the person
    /// is on no list of those who try.
    pub values: Option<Vec<String>>,
    /// The expression that makes it; none where it is the source's of that name.
    pub rule: Option<String>,
    /// The source's attributes, each with its values where an expression makes something else of them and the person is
    /// on the list of those who try.
    pub sources: Vec<(String, Vec<String>)>,
}

impl fmt::Debug for Ingredient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ingredient(…)")
    }
}

impl Bridge {
    /// What is shown where a trial stops after `decisions`: out of which of our attributes `ours` the answer would have
    /// been made.
    pub(in crate::flow) fn stopped_trial(
        &self,
        way: &UnderWay<'_>,
        proof: &Proof,
        ours: &Attributes,
        decisions: &Trace,
    ) -> StoppedTrial {
        let provider = way.provider;
        let asked = Asked::of(
            &provider.registered.sp,
            way.journey.attribute_consuming_service,
        );
        let of_name = provider.name_id.from().into_iter();
        let of_attributes = provider.release.sent(asked).flat_map(Sent::reads);
        let mut names: Vec<&str> = Vec::new();
        for name in of_name.chain(of_attributes) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        let as_they_stand: Vec<_> = { provider.release.sent(asked) }
            .filter(|sent| sent.rule().is_none())
            .flat_map(Sent::reads)
            .collect();
        let is_on_a_list = self.are_testers_named();
        let made_of: Vec<_> = { names.into_iter() }
            .map(|name| {
                let mut sent = as_they_stand.iter();
                let is_sent = sent.any(|sent| sent.eq_ignore_ascii_case(name));
                let values = (is_on_a_list || is_sent).then(|| ours.values(name));
                self.ingredient(name, values, proof, is_on_a_list)
            })
            .collect();
        let behind = is_on_a_list.then(|| {
            let used = made_of.iter().flat_map(|one| &one.sources);
            let used: Vec<_> = used.map(|(source, _)| source).collect();
            Behind {
                withheld: withheld(proof, &used),
                decisions: decisions.clone(),
            }
        });
        StoppedTrial {
            person: proof.login.clone(),
            made_of,
            behind,
        }
    }

    /// Our attribute `name` with these `values` where they are shown, and with those of its sources where those are shown
    /// and are others.
    fn ingredient(
        &self,
        name: &str,
        values: Option<&[String]>,
        proof: &Proof,
        shows_sources: bool,
    ) -> Ingredient {
        let rule = self.mapping.rule_of(name);
        let sources = self.mapping.sources_of(name).into_iter();
        Ingredient {
            attribute: spelled(name).to_owned(),
            values: values.map(legible),
            rule: rule.map(str::to_owned),
            sources: sources
                .map(|source| {
                    let values = (shows_sources && rule.is_some())
                        .then(|| legible(proof.attributes.values(source)));
                    (spelled(source).to_owned(), values.unwrap_or_default())
                })
                .collect(),
        }
    }
}

/// Values for a page, in bounds: none of them was looked at yet, as what is sent is.
fn legible(values: &[String]) -> Vec<String> {
    let shown = values.iter().take(MOST_VALUES).map(|value| {
        let mut chars = value.chars();
        let mut shown = visible(
            &chars.by_ref().take(MAX_VALUE_CHARS).collect::<String>(),
            &[],
        );
        if chars.next().is_some() {
            shown.push('…');
        }
        shown
    });
    let are_more = values.len() > MOST_VALUES;
    shown.chain(are_more.then(|| "…".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_nobody_looked_at_are_shown_in_bounds_and_as_what_they_are() {
        let long = "é".repeat(MAX_VALUE_CHARS);
        let values = ["a\u{202e}b".to_owned(), long.clone(), format!("{long}é")];
        let shown = ["a\\u202eb".to_owned(), long.clone(), format!("{long}…")];
        assert_eq!(legible(&values), shown);
        let many = vec!["a".to_owned(); MOST_VALUES + 1];
        let shown = legible(&many);
        assert_eq!((shown.len(), &*shown[MOST_VALUES]), (MOST_VALUES + 1, "…"));
        assert_eq!(legible(&many[1..]), &many[1..]);
    }
}
