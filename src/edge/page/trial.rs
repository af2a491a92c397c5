//! The pages of `/test`: what lets people try a sign-in, and what shows the answer that is not sent.

use fluent_bundle::FluentArgs;
use minijinja::{Value, context};

use super::{
    PageError,
    template::{Edition, Face, key},
};
use crate::{
    attributes::catalog,
    flow::trial::{Behind, Origin, StoppedTrial, Taken, Told, Trial},
    model::{
        attribute::MAX_VALUE_CHARS,
        proof::AuthnMethod,
        trace::{Decision, Detail, Verdict},
    },
    setup::{accounts::ShutOut, zoom::NO_LICENSE},
    sp_check::{Profile, Rule},
};

impl Edition {
    /// The page with a button for each provider.
    pub(super) fn trials(&self, trials: &[(&str, &str)]) -> Result<String, PageError> {
        let face = Face::new("trials", self.text(key("trial-list-title"), [])?);
        let trials: Vec<Value> = trials
            .iter()
            .map(|&(name, action)| context! { name, action })
            .collect();
        self.page("trials.html", face.in_all_languages(), &context! { trials })
    }

    /// The page that shows what would have been sent. It answers a step, so there is nothing to ask for
    /// again.
    pub(super) fn trial(&self, trial: &Trial) -> Result<String, PageError> {
        let provider = trial.provider.text(self.language);
        let (verdict, title) = match (trial.is_taken(), trial.has_own_rules) {
            (true, true) => ("taken", key("trial-taken")),
            (true, false) => ("taken", key("trial-rules-kept")),
            (false, true) => ("refused", key("trial-refused")),
            (false, false) => ("refused", key("trial-rules-broken")),
        };
        let title = self.text(title, [("provider", provider)])?;
        let encrypted = trial
            .would_be_encrypted
            .then(|| self.text(key("trial-encrypted"), [("provider", provider)]))
            .transpose()?;
        let shut_out = trial.shut_out_by.map(|how| match how {
            ShutOut::Line => {
                let arguments = [("provider", provider), ("license", NO_LICENSE)];
                self.text(key("trial-shut-out"), arguments)
            }
            ShutOut::NoLine => self.text(key("trial-no-line"), [("provider", provider)]),
        });
        let mut count = FluentArgs::new();
        count.set("count", Rule::ALL.len());
        self.page(
            "trial.html",
            Face::new("trial", title),
            &context! {
                verdict,
                provider,
                encrypted,
                shut_out => shut_out.transpose()?,
                has_own_rules => trial.has_own_rules,
                refusals => self.sentences(trial.reading.refusals())?,
                advice => self.sentences(trial.reading.advice())?,
                told => self.told(trial)?,
                person => trial.person.as_str(),
                method => self.method(trial)?,
                at => context! {
                    machine => trial.proven_at.to_string(),
                    people => trial.proven_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
                },
                support_code => trial.support_code.to_string(),
                behind => trial.behind.as_ref().map(|behind| self.behind(behind)).transpose()?,
                rules => self.rules(trial)?,
                rules_title => self.words.text(key("trial-rules"), &count)?,
                xml => trial.xml.as_str(),
            },
        )
    }

    /// What the provider would be told, the person's name first.
    fn told(&self, trial: &Trial) -> Result<Vec<Value>, PageError> {
        let mut told = Vec::with_capacity(1 + trial.attributes.len());
        if let Some((name_id, origin)) = &trial.name {
            let label = self.text(key("trial-name"), [])?;
            let value = std::slice::from_ref(&name_id.value);
            let line = self.line(origin)?;
            told.push(context! {
                label,
                format => name_id.format.urn(),
                values => value.to_vec(),
                ..line
            });
        }
        for Told {
            attribute,
            field,
            gives,
            origin,
        } in &trial.attributes
        {
            let friendly_name = attribute.friendly_name.as_deref();
            let known = friendly_name.and_then(catalog::find);
            let label = match (field, known) {
                (Some(field), _) => field,
                (None, Some(known)) => known.label(self.language),
                (None, None) => friendly_name.unwrap_or(&attribute.name),
            };
            let line = self.line(origin)?;
            told.push(context! {
                label,
                is_theirs => field.is_some(),
                name => attribute.name.as_str(),
                values => attribute.values.clone(),
                gives => gives.as_deref(),
                ..line
            });
        }
        Ok(told)
    }

    /// What the line of everything that is told has.
    fn line(&self, origin: &Origin) -> Result<Value, PageError> {
        let taken = match origin.taken {
            Taken::Address => key("trial-taken-address"),
            Taken::All => key("trial-taken-all"),
            Taken::Derived => key("trial-taken-derived"),
            Taken::Drawn => key("trial-taken-drawn"),
            Taken::First => key("trial-taken-first"),
        };
        // What an expression gives goes as it stands, or else that is said.
        let is_said = origin.taken != Taken::All || origin.rules.is_empty();
        Ok(context! {
            format => Value::from(()),
            gives => Value::from(()),
            is_theirs => false,
            sources => origin.sources.clone(),
            rules => origin.rules.clone(),
            taken => is_said.then(|| self.text(taken, [])).transpose()?,
        })
    }

    /// How the person proved who they are, in words.
    fn method(&self, trial: &Trial) -> Result<String, PageError> {
        let method = match trial.method {
            AuthnMethod::Cas => key("trial-method-cas"),
            AuthnMethod::Ldap => key("trial-method-ldap"),
            AuthnMethod::Local => key("trial-method-local"),
        };
        let method = self.text(method, [])?;
        if trial.is_from_session {
            self.text(key("trial-method-session"), [("method", &method)])
        } else {
            Ok(method)
        }
    }

    fn sentences(&self, rules: impl Iterator<Item = Rule>) -> Result<Vec<String>, PageError> {
        rules.map(|rule| self.sentence(rule)).collect()
    }

    fn sentence(&self, rule: Rule) -> Result<String, PageError> {
        Ok(self.words.text(&rule_key(rule), &figures())?)
    }

    /// Every rule that the Response was held to: what it refuses, and whether that was found.
    fn rules(&self, trial: &Trial) -> Result<Vec<Value>, PageError> {
        let findings = &trial.reading.findings;
        let rules = Rule::ALL.iter();
        rules
            .map(|rule| {
                Ok(context! {
                    is_broken => findings.iter().any(|finding| finding.rule == *rule),
                    sentence => self.sentence(*rule)?,
                    name => format!("{rule:?}"),
                })
            })
            .collect()
    }

    /// What stands under a stop, for whoever tries.
    pub(super) fn stopped_trial(&self, stopped: &StoppedTrial) -> Result<Value, PageError> {
        let made_of = stopped.made_of.iter().map(|one| {
            let known = catalog::find(&one.attribute);
            let sources = one.sources.iter();
            let sources = sources.map(|(name, values)| context! { name, values });
            context! {
                label => known.map_or(one.attribute.as_str(), |known| known.label(self.language)),
                values => one.values.clone(),
                rule => one.rule.as_deref(),
                sources => sources.collect::<Vec<_>>(),
            }
        });
        // Nothing is decided after what stops the person.
        let decisions = stopped
            .behind
            .as_ref()
            .map(|behind| behind.decisions.decisions());
        let decision = decisions.and_then(<[_]>::last);
        Ok(context! {
            person => stopped.person.as_str(),
            decision => decision.map(|decision| self.decision(decision)).transpose()?,
            made_of => made_of.collect::<Vec<_>>(),
        })
    }

    /// What is behind it, for whoever is on the list.
    pub(super) fn behind(&self, behind: &Behind) -> Result<Value, PageError> {
        let decisions = behind.decisions.decisions().iter();
        let decisions: Result<Vec<_>, _> = decisions.map(|one| self.decision(one)).collect();
        Ok(context! { withheld => behind.withheld.clone(), decisions => decisions? })
    }

    fn decision(&self, decision: &Decision) -> Result<String, PageError> {
        let mut arguments = FluentArgs::new();
        arguments.set("about", decision.about.as_ref());
        arguments.set("most", MAX_VALUE_CHARS);
        match decision.verdict.detail() {
            Detail::None => {}
            Detail::Values(count) => arguments.set("count", count),
            Detail::Word(word) => arguments.set("word", word),
        }
        let key = verdict_key(&decision.verdict);
        Ok(self.words.text(&key, &arguments)?)
    }
}

/// The name of the text that says what is wrong where `rule` is broken.
pub(super) fn rule_key(rule: Rule) -> String {
    format!("rule-{}", kebab(&format!("{rule:?}")))
}

/// The figures of the rules, for their texts.
pub(super) fn figures() -> FluentArgs<'static> {
    Profile::Zoom.figures().into_iter().collect()
}

/// The name of the text that says what came of a decision.
pub(super) fn verdict_key(verdict: &Verdict) -> String {
    format!("decision-{}", kebab(verdict.name()))
}

/// The name of a variant as the names of texts are written.
pub(super) fn kebab(variant: &str) -> String {
    let mut written = String::with_capacity(variant.len() + 8);
    for c in variant.chars() {
        if c.is_ascii_uppercase() && !written.is_empty() {
            written.push('-');
        }
        written.push(c.to_ascii_lowercase());
    }
    written
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
