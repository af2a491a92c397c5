//! Which assertions a signature proves.

use super::{Check, Rule};
use crate::{
    model::vocab,
    xml::Element,
    xmlsec::{Part, SignatureFault, VerifyingKey, verify_enveloped_element},
};

/// What the signatures of a Response say about its assertions.
pub(super) struct Proofs<'t, 'i> {
    /// Each assertion as its signature shows it, or as that of the Response does. None where
    /// neither holds.
    pub(super) assertions: Vec<Option<Element<'t, 'i>>>,
}

/// Verifies every signature there is.
///
/// One that does not hold refuses the whole, even where another one covers the assertion: no two
/// readers then differ on which to believe.
pub(super) fn prove<'t, 'i>(
    root: Element<'t, 'i>,
    assertions: &[Element<'t, 'i>],
    check: &mut Check<'_>,
) -> Proofs<'t, 'i> {
    let signatures = root
        .descendants()
        .filter(|element| element.is(vocab::DS, "Signature"));
    for signature in signatures {
        let home = signature.parent();
        let is_home = home == Some(root)
            || assertions
                .iter()
                .any(|assertion| home == Some(*assertion) && assertion.parent() == Some(root));
        check.hold(is_home, Rule::SignaturePlace);
        check_key_info(signature, check);
    }
    let response = verify(root, root, Rule::ResponseId, check);
    let assertions = assertions
        .iter()
        .map(|assertion| {
            let own = verify(root, *assertion, Rule::AssertionId, check);
            if matches!((&response, &own), (Signed::Not, Signed::Not)) {
                check.found(Rule::Unsigned);
            }
            match (own, &response) {
                (Signed::By(view), Signed::Not | Signed::By(_)) => Some(view),
                (Signed::Not, Signed::By(view)) => view.children().find(|child| child == assertion),
                (Signed::Not, Signed::Not) | (Signed::Badly, _) | (_, Signed::Badly) => None,
            }
        })
        .collect();
    Proofs { assertions }
}

enum Signed<'t, 'i> {
    /// There is no signature.
    Not,
    /// There is one that does not hold, or one that no reader should see.
    Badly,
    /// There is one that covers this view.
    By(Element<'t, 'i>),
}

fn verify<'t, 'i>(
    root: Element<'t, 'i>,
    element: Element<'t, 'i>,
    id_rule: Rule,
    check: &mut Check<'_>,
) -> Signed<'t, 'i> {
    let fault = match verify_enveloped_element(root, element, check.expected.idp_keys) {
        Ok(verified) => return Signed::By(verified.into_inner()),
        Err(SignatureFault::Unsigned) => return Signed::Not,
        Err(fault) => fault,
    };
    check.found(match fault {
        SignatureFault::Algorithm(Part::CanonicalizationMethod | Part::Transforms)
        | SignatureFault::Canonicalization(_) => Rule::Canonicalization,
        SignatureFault::Algorithm(
            Part::DigestMethod
            | Part::DigestValue
            | Part::Reference
            | Part::Signature
            | Part::SignatureMethod
            | Part::SignatureValue
            | Part::SignedInfo,
        )
        | SignatureFault::Sha1Ended => Rule::SignatureAlgorithm,
        SignatureFault::Digest => Rule::SignatureDigest,
        SignatureFault::DuplicateId => Rule::SameId,
        SignatureFault::NoId => id_rule,
        SignatureFault::NoKeys | SignatureFault::NotByTheseKeys => Rule::SignatureKey,
        SignatureFault::Misplaced | SignatureFault::OtherReference | SignatureFault::Several => {
            Rule::SignaturePlace
        }
        SignatureFault::Shape(_) => Rule::SignatureProfile,
        SignatureFault::Unsigned => Rule::Unsigned,
    });
    Signed::Badly
}

/// Compares the certificates in `KeyInfo`, which prove nothing, with those of the keys.
fn check_key_info(signature: Element<'_, '_>, check: &mut Check<'_>) {
    let certificates = signature
        .descendants()
        .filter(|element| element.is(vocab::DS, "X509Certificate"));
    for certificate in certificates {
        let read = certificate
            .text()
            .ok()
            .and_then(|text| VerifyingKey::from_certificate_base64(&text).ok());
        let is_known = read.is_some_and(|read| {
            let mut keys = check.expected.idp_keys.iter();
            keys.any(|key| key.certificate() == read.certificate())
        });
        check.hold(is_known, Rule::KeyInfo);
    }
}
