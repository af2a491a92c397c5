//! Judges what can happen here by a `RequestedAuthnContext` (saml-core-2.0 §3.3.2.2.1, R-36).

use std::cmp::Ordering;

use super::{
    authn_request::{Comparison, RequestedAuthnContext},
    status::AnswerFault,
};
use crate::model::authn_context::AuthnContextClass;

/// Which of what can happen here would meet the wish, the preferred one first.
///
/// - `exact`: those that are named, in the provider's order.
/// - `minimum`: for each that is named, in the provider's order, itself and what is stronger, the
///   weakest first: nobody is asked for more than the provider needs.
/// - `maximum`: what is not stronger than one of those named, the strongest first: the standard
///   wants it as strong as possible.
/// - `better`: what is stronger than all of those named, the weakest first.
///
/// The strength of two classes is that of [`AuthnContextClass::compare`]. A class that has no place
/// in that order meets `exact`, `minimum` and `maximum` by itself, and whatever is named beside it
/// may be met; nothing is known to be better than it.
///
/// # Errors
///
/// Nothing that can happen here meets the wish. A declaration (`AuthnContextDeclRef`) is met by
/// nothing: we make none.
pub(super) fn acceptable(
    asked: &RequestedAuthnContext,
    offered: &[AuthnContextClass],
) -> Result<Vec<AuthnContextClass>, AnswerFault> {
    if asked.names_declarations || asked.class_refs.is_empty() {
        return Err(AnswerFault::AuthnContext);
    }
    let named = || asked.class_refs.iter();
    let mut ladder: Vec<_> = offered.iter().collect();
    ladder.sort_by_key(|class| class.strength());
    let rungs = || ladder.iter().copied();
    let is = |class: &AuthnContextClass, asked: &str, wanted: fn(Ordering) -> bool| {
        class.compare(asked).is_some_and(wanted)
    };
    let in_turn = |wanted: fn(Ordering) -> bool| {
        let mut found: Vec<&AuthnContextClass> = Vec::new();
        for asked in named() {
            for class in rungs() {
                if is(class, asked, wanted) && !found.contains(&class) {
                    found.push(class);
                }
            }
        }
        found
    };
    let found = match asked.comparison {
        Comparison::Exact => in_turn(Ordering::is_eq),
        Comparison::Minimum => in_turn(Ordering::is_ge),
        Comparison::Maximum => rungs()
            .rev()
            .filter(|class| named().any(|asked| is(class, asked, Ordering::is_le)))
            .collect(),
        Comparison::Better => rungs()
            .filter(|class| named().all(|asked| is(class, asked, Ordering::is_gt)))
            .collect(),
    };
    if found.is_empty() {
        Err(AnswerFault::AuthnContext)
    } else {
        Ok(found.into_iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    const SFA: &str = "https://refeds.org/profile/sfa";
    const MFA: &str = "https://refeds.org/profile/mfa";
    const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    /// A class that only this place has a method for.
    const BADGE: &str = "urn:example:badge";

    fn met(comparison: Comparison, named: &[&str], offered: &[&str]) -> Vec<String> {
        let asked = RequestedAuthnContext {
            comparison,
            class_refs: named.iter().map(|uri| (*uri).to_owned()).collect(),
            names_declarations: false,
        };
        let offered: Vec<_> = offered
            .iter()
            .map(|uri| AuthnContextClass::parse(uri).unwrap())
            .collect();
        let met = acceptable(&asked, &offered).unwrap_or_default();
        met.iter().map(|class| class.uri().to_owned()).collect()
    }

    #[test]
    fn r36_each_comparison_is_judged_by_the_order_of_the_classes() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        let password_only = [PPT];
        // In no order of strength, as a table of methods may be.
        let all = [MFA, PPT, BADGE, SFA];
        for (comparison, named, offered, expected) in [
            (Exact, &[PPT][..], &password_only[..], &[PPT][..]),
            (Exact, &[PASSWORD], &password_only, &[]),
            (Exact, &[UNSPECIFIED], &password_only, &[]),
            (Minimum, &[PPT], &password_only, &[PPT]),
            (Minimum, &[PASSWORD], &password_only, &[PPT]),
            (Minimum, &[UNSPECIFIED], &password_only, &[PPT]),
            (Minimum, &[SFA], &password_only, &[]),
            (Minimum, &[MFA], &password_only, &[]),
            (Minimum, &[X509], &password_only, &[]),
            (Maximum, &[PPT], &password_only, &[PPT]),
            (Maximum, &[MFA], &password_only, &[PPT]),
            (Maximum, &[PASSWORD], &password_only, &[]),
            (Maximum, &[X509], &password_only, &[]),
            (Better, &[PASSWORD], &password_only, &[PPT]),
            (Better, &[UNSPECIFIED], &password_only, &[PPT]),
            (Better, &[PPT], &password_only, &[]),
            (Better, &[X509], &password_only, &[]),
            (Exact, &[MFA], &all, &[MFA]),
            (Exact, &[BADGE], &all, &[BADGE]),
            (Minimum, &[PPT], &all, &[PPT, SFA, MFA]),
            (Minimum, &[SFA], &all, &[SFA, MFA]),
            (Minimum, &[BADGE], &all, &[BADGE]),
            (Maximum, &[MFA], &all, &[MFA, SFA, PPT]),
            (Maximum, &[SFA], &all, &[SFA, PPT]),
            (Maximum, &[BADGE], &all, &[BADGE]),
            (Better, &[PASSWORD], &all, &[PPT, SFA, MFA]),
            (Better, &[PPT], &all, &[SFA, MFA]),
            (Better, &[MFA], &all, &[]),
            (Better, &[BADGE], &all, &[]),
        ] {
            let found = met(comparison, named, offered);
            assert_eq!(found, expected, "{comparison:?} {named:?} of {offered:?}");
        }
    }

    #[test]
    fn r36_of_several_classes_the_providers_order_counts_and_an_unknown_one_is_met_by_itself_only()
    {
        use Comparison::{Better, Exact, Maximum, Minimum};
        let all = [MFA, PPT, BADGE, SFA];
        for (comparison, named, expected) in [
            (Exact, &[SFA, X509, PPT, SFA][..], &[SFA, PPT][..]),
            (Exact, &[X509, PPT], &[PPT]),
            (Minimum, &[MFA, PPT], &[MFA, PPT, SFA]),
            (Minimum, &[X509, SFA], &[SFA, MFA]),
            (Minimum, &[BADGE, MFA], &[BADGE, MFA]),
            (Maximum, &[PPT, SFA], &[SFA, PPT]),
            (Maximum, &[X509, PPT], &[PPT]),
            // Stronger than any of them: with an unknown one among them nobody can say.
            (Better, &[PPT, SFA], &[MFA]),
            (Better, &[SFA, PPT], &[MFA]),
            (Better, &[PPT, X509], &[]),
            (Better, &[PPT, MFA], &[]),
        ] {
            let found = met(comparison, named, &all);
            assert_eq!(found, expected, "{comparison:?} {named:?}");
        }
    }

    #[test]
    fn r36_a_declaration_and_no_class_at_all_are_met_by_nothing() {
        for comparison in [
            Comparison::Exact,
            Comparison::Minimum,
            Comparison::Maximum,
            Comparison::Better,
        ] {
            assert!(met(comparison, &[], &[PPT]).is_empty());
            let asked = RequestedAuthnContext {
                comparison,
                class_refs: vec![PPT.to_owned()],
                names_declarations: true,
            };
            let offered = [AuthnContextClass::PasswordProtectedTransport];
            assert_eq!(acceptable(&asked, &offered), Err(AnswerFault::AuthnContext));
        }
    }
}
