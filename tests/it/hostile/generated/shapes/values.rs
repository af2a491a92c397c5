//! Values that are cut, grown, empty, of another message; and content that was changed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use passerelle::xmlsec::{Part, SignatureFault as Fault};

use super::super::{
    case::{Case, harmless, signature},
    genuine::{Genuine, ISSUED},
};

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = of_signature_value(genuine);
    cases.extend(of_its_form(genuine));
    cases.extend(of_digest_value(genuine));
    cases.extend(of_content(genuine));
    cases
}

fn of_signature_value(genuine: &Genuine) -> Vec<Case> {
    let text = genuine.part("<ds:SignatureValue>", "</ds:SignatureValue>");
    let octets: Vec<u8> = {
        let compact: String = text.split_ascii_whitespace().collect();
        STANDARD.decode(compact).unwrap()
    };
    let put = |octets: &[u8]| genuine.edited(text, &STANDARD.encode(octets));
    let mut flipped = octets.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let foreign = Fault::NotByTheseKeys;
    let digest = genuine.part("<ds:DigestValue>", "</ds:DigestValue>");
    vec![
        signature(
            "SignatureValue cut",
            put(octets.split_last().unwrap().1),
            foreign,
        ),
        signature(
            "SignatureValue cut to one octet",
            put(&[octets[0]]),
            foreign,
        ),
        signature(
            "SignatureValue grown",
            put(&[&*octets, b"\0"].concat()),
            foreign,
        ),
        signature(
            "SignatureValue grown before",
            put(&[b"\0", &*octets].concat()),
            foreign,
        ),
        signature(
            "SignatureValue twice as long",
            put(&octets.repeat(2)),
            foreign,
        ),
        signature(
            "SignatureValue with one bit changed",
            put(&flipped),
            foreign,
        ),
        signature("SignatureValue of zeros", put(&[0; 256]), foreign),
        signature(
            "SignatureValue one",
            put(&[&[0; 255][..], &[1]].concat()),
            foreign,
        ),
        signature("SignatureValue of ones", put(&[0xff; 256]), foreign),
        signature("SignatureValue empty", genuine.edited(text, ""), foreign),
        signature(
            "SignatureValue the digest",
            genuine.edited(text, digest),
            foreign,
        ),
    ]
}

/// What `SignatureValue` is no base64 of, or how often it stands there.
fn of_its_form(genuine: &Genuine) -> Vec<Case> {
    let text = genuine.part("<ds:SignatureValue>", "</ds:SignatureValue>");
    let element = format!("<ds:SignatureValue>{text}</ds:SignatureValue>");
    let shape = Fault::Shape(Part::SignatureValue);
    vec![
        signature(
            "SignatureValue no base64",
            genuine.edited(text, "!!!!"),
            shape,
        ),
        signature(
            "SignatureValue with an element",
            genuine.edited(text, &format!("{text}<x/>")),
            shape,
        ),
        signature(
            "SignatureValue without padding",
            genuine.edited(text, text.trim_end_matches('=')),
            shape,
        ),
        signature(
            "no SignatureValue",
            genuine.edited(&element, ""),
            Fault::Shape(Part::Signature),
        ),
        signature(
            "SignatureValue twice",
            genuine.edited(&element, &element.repeat(2)),
            Fault::Shape(Part::Signature),
        ),
        harmless(
            "SignatureValue in lines",
            genuine.edited(text, &text.replace('\n', " \n\t")),
            "base64 may have white space in it",
        ),
    ]
}

fn of_digest_value(genuine: &Genuine) -> Vec<Case> {
    let text = genuine.part("<ds:DigestValue>", "</ds:DigestValue>");
    let element = format!("<ds:DigestValue>{text}</ds:DigestValue>");
    let put = |text: &str| {
        genuine.edited(
            &element,
            &format!("<ds:DigestValue>{text}</ds:DigestValue>"),
        )
    };
    let foreign = Fault::NotByTheseKeys;
    vec![
        signature(
            "DigestValue of zeros",
            put(&STANDARD.encode([0; 32])),
            foreign,
        ),
        signature("DigestValue empty", put(""), foreign),
        signature(
            "DigestValue no base64",
            put("!"),
            Fault::Shape(Part::DigestValue),
        ),
        signature(
            "DigestValue with an element",
            put(&format!("{text}<x/>")),
            Fault::Shape(Part::DigestValue),
        ),
        signature(
            "DigestValue twice",
            genuine.edited(&element, &element.repeat(2)),
            Fault::Shape(Part::Reference),
        ),
        signature(
            "no DigestValue",
            genuine.edited(&element, ""),
            Fault::Shape(Part::Reference),
        ),
        // The value is what it was; its octets in SignedInfo are not.
        signature("DigestValue in lines", put(&format!("\n{text}\n")), foreign),
    ]
}

fn of_content(genuine: &Genuine) -> Vec<Case> {
    let root = format!("<{} ", genuine.kind.name());
    let mut cases = vec![
        signature(
            "an attribute added",
            genuine.edited(&root, &format!("{root}ForceAuthn=\"true\" ")),
            Fault::Digest,
        ),
        signature(
            "an element added",
            genuine.ending_with(&genuine.xml, &genuine.kind.extensions("")),
            Fault::Digest,
        ),
        signature(
            "white space added",
            genuine.ending_with(&genuine.xml, " "),
            Fault::Digest,
        ),
        signature(
            "text added",
            genuine.ending_with(&genuine.xml, "x"),
            Fault::Digest,
        ),
        harmless(
            "white space in the root's tag",
            genuine.edited(&root, &format!("{root}\n\t ")),
            "it is part of nothing",
        ),
        harmless(
            "white space around the root",
            format!("\n {}\n", genuine.xml),
            "it is part of nothing",
        ),
    ];
    if genuine.xml.contains(ISSUED) {
        cases.push(signature(
            "a time changed",
            genuine.edited(ISSUED, "2026-11-26T08:00:01Z"),
            Fault::Digest,
        ));
    }
    cases
}
