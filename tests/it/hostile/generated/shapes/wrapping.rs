//! A true signature in a message that says something else: the eight shapes of Somorovsky et
//! al. 2012, under an ID of the attacker's own and under that of the original, and their later kin.

use passerelle::xmlsec::{Part, SignatureFault as Fault};

use super::super::{
    case::{Case, malformed, signature},
    genuine::{Genuine, ID, Template, signature_of},
};
use crate::bridge::keys::strange_key;

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = eight_shapes(genuine, "_evil", None);
    cases.extend(eight_shapes(genuine, ID, Some(Fault::DuplicateId)));
    cases.extend(other_places(genuine));
    cases.extend(several(genuine));
    cases
}

/// The eight; where the ID is the original's, `same` is what is found first where the shape alone
/// would show later.
fn eight_shapes(genuine: &Genuine, id: &str, same: Option<Fault>) -> Vec<Case> {
    let Genuine {
        kind,
        xml: signed,
        signature: true_signature,
    } = genuine;
    let bare = genuine.bare();
    let extensions = |inside: &str| kind.extensions(inside);
    let object = |inside: &str| genuine.signature_with(&format!("<ds:Object>{inside}</ds:Object>"));
    let evil = |inside: &str| genuine.forged(id, inside);
    let behind = |signature: &str, inside: &str| genuine.ending_with(&evil(signature), inside);
    let shape = same.unwrap_or(Fault::Shape(Part::Signature));
    let other = same.unwrap_or(Fault::OtherReference);
    [
        (
            "1, original in the signature of the forged",
            evil(&object(&bare)),
            shape,
        ),
        (
            "2, signature beside the original",
            evil(&format!("{true_signature}{bare}")),
            other,
        ),
        (
            "3, forged around the original",
            evil(signed),
            Fault::Misplaced,
        ),
        (
            "4, original in Extensions",
            evil(&extensions(signed)),
            Fault::Misplaced,
        ),
        (
            "5, original behind, its signature before",
            behind(true_signature, &extensions(&bare)),
            other,
        ),
        (
            "6, Object in Object",
            evil(&object(&object(&bare))),
            Fault::Several,
        ),
        (
            "7, Extensions in Extensions",
            evil(&extensions(&extensions(signed))),
            Fault::Misplaced,
        ),
        (
            "8, Extensions in Object",
            evil(&object(&extensions(&bare))),
            shape,
        ),
    ]
    .map(|(name, xml, fault)| signature(format!("wrapping {name}, ID {id}"), xml, fault))
    .into()
}

/// The signature alone, where it covers nothing around it.
fn other_places(genuine: &Genuine) -> Vec<Case> {
    let Genuine {
        kind,
        xml,
        signature: true_signature,
    } = genuine;
    let bare = genuine.bare();
    let end = |inside: &str| genuine.ending_with(&bare, inside);
    let holder = format!(
        "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{true_signature}</ds:Object>"
    );
    let nested = genuine.forged("_nested", true_signature);
    vec![
        signature(
            "moved to a forged one",
            genuine.forged("_evil", true_signature),
            Fault::OtherReference,
        ),
        signature(
            "moved to a forged one of the same ID",
            genuine.forged(ID, true_signature),
            Fault::Digest,
        ),
        signature(
            "below Extensions",
            end(&kind.extensions(true_signature)),
            Fault::Misplaced,
        ),
        signature("below Object", end(&holder), Fault::Misplaced),
        signature(
            "below a sibling",
            end(&format!("<x>{true_signature}</x>")),
            Fault::Misplaced,
        ),
        signature("below a nested message", end(&nested), Fault::Misplaced),
        signature("at the root", true_signature.clone(), Fault::Misplaced).routed(
            super::super::case::Verdict::Refused("B-REQ-01", "the document is not an AuthnRequest"),
        ),
        malformed(
            "a forged root before the genuine",
            format!("{}{xml}", genuine.forged("_evil", "")),
        ),
        malformed(
            "a forged root behind the genuine",
            format!("{xml}{}", genuine.forged("_evil", "")),
        ),
    ]
}

/// More than one of what may stand there once.
fn several(genuine: &Genuine) -> Vec<Case> {
    let true_signature = &genuine.signature;
    let foreign = genuine.signed_with(&Template::default(), strange_key().private_pem());
    let foreign = signature_of(&foreign);
    let signed_info = {
        let inside = genuine.part("<ds:SignedInfo>", "</ds:SignedInfo>");
        format!("<ds:SignedInfo>{inside}</ds:SignedInfo>")
    };
    let other_info = signed_info.replacen(ID, "_evil", 1);
    let with_info = |info: String| genuine.xml.replace(&signed_info, &info);
    let two_references = Template {
        references: 2,
        ..Template::default()
    };
    vec![
        signature(
            "the signature twice",
            genuine.around(&true_signature.repeat(2)),
            Fault::Several,
        ),
        signature(
            "a foreign signature first",
            genuine.around(&format!("{foreign}{true_signature}")),
            Fault::Several,
        ),
        signature(
            "a foreign signature last",
            genuine.around(&format!("{true_signature}{foreign}")),
            Fault::Several,
        ),
        signature(
            "a thousand signatures",
            genuine.around(&format!(
                "{true_signature}{}",
                "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".repeat(1_000)
            )),
            Fault::Several,
        ),
        signature(
            "two SignedInfo, the forged first",
            with_info(format!("{other_info}{signed_info}")),
            Fault::Shape(Part::Signature),
        ),
        signature(
            "two SignedInfo, the forged last",
            with_info(format!("{signed_info}{other_info}")),
            Fault::Shape(Part::Signature),
        ),
        signature(
            "two References that hold",
            genuine.signed_by(&two_references),
            Fault::Shape(Part::SignedInfo),
        ),
    ]
}
