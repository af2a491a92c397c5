//! Comments, processing instructions and CDATA, at each place where two readers might see two texts
//!

use passerelle::{
    xml::DoorFault,
    xmlsec::{Part, SignatureFault as Fault},
};

use super::super::{
    case::{Case, Verdict},
    genuine::{Genuine, Kind},
};

/// A place: its name, the text that the interruption is put behind, and which part of a signature it is.
struct Place {
    name: &'static str,
    behind: String,
    part: Option<Part>,
}

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = Vec::new();
    let places = places(genuine);
    for place in &places {
        for (what, text) in [("a comment", "<!-- -->"), ("an instruction", "<?x y?>")] {
            let new = format!("{}{text}", place.behind);
            let xml = genuine.xml.replacen(&place.behind, &new, 1);
            let name = format!("{what} {}", place.name);
            cases.push(Case::new(name, xml, verdict(genuine.kind, place, what)));
        }
    }
    for place in places
        .iter()
        .filter(|place| place.name.starts_with("in the text"))
    {
        let xml = genuine
            .xml
            .replacen(&place.behind, &format!("{}<![CDATA[]]>", place.behind), 1);
        let verdict = place.part.map_or(
            Verdict::Harmless("the text is read whole, and is what was signed"),
            |part| Verdict::Signature(Fault::Shape(part)),
        );
        cases.push(Case::new(format!("CDATA {}", place.name), xml, verdict));
    }
    cases
}

fn verdict(kind: Kind, place: &Place, what: &str) -> Verdict {
    let is_comment = what == "a comment";
    match (kind, place.part) {
        (Kind::AuthnRequest | Kind::LogoutRequest, _) if is_comment => {
            Verdict::Door(DoorFault::Comment)
        }
        (Kind::AuthnRequest | Kind::LogoutRequest, _) => {
            Verdict::Door(DoorFault::ProcessingInstruction)
        }
        // Metadata may hold both.
        (Kind::EntityDescriptor, Some(part @ (Part::DigestValue | Part::SignatureValue))) => {
            Verdict::Signature(Fault::Shape(part))
        }
        (Kind::EntityDescriptor, _) if is_comment || place.name == "before the root" => {
            Verdict::Harmless("no part of what is signed, and no text is cut by it")
        }
        (Kind::EntityDescriptor, Some(_)) => Verdict::Signature(Fault::NotByTheseKeys),
        (Kind::EntityDescriptor, None) => Verdict::Signature(Fault::Digest),
    }
}

fn places(genuine: &Genuine) -> Vec<Place> {
    let start_of = |before: &str, after: &str| {
        let text = genuine.part(before, after);
        format!("{before}{}", text.split_at(8).0)
    };
    let texts = match genuine.kind {
        Kind::AuthnRequest => vec![("<saml:Issuer>", "in the text of Issuer")],
        Kind::LogoutRequest => vec![
            ("<saml:Issuer>", "in the text of Issuer"),
            ("<saml:NameID>", "in the text of NameID"),
        ],
        Kind::EntityDescriptor => vec![("<ds:X509Certificate>", "in the text of X509Certificate")],
    };
    let of_text = |(before, name): (&str, &'static str)| Place {
        name,
        behind: start_of(before, "</"),
        part: None,
    };
    let of_signature = [
        (
            "in the text of DigestValue",
            start_of("<ds:DigestValue>", "</"),
            Part::DigestValue,
        ),
        (
            "in the text of SignatureValue",
            start_of("<ds:SignatureValue>", "</"),
            Part::SignatureValue,
        ),
        (
            "in SignedInfo",
            "<ds:SignedInfo>".to_owned(),
            Part::SignedInfo,
        ),
    ];
    let of_signature = of_signature.map(|(name, behind, part)| Place {
        name,
        behind,
        part: Some(part),
    });
    let elsewhere = [
        ("before the root", String::new()),
        ("behind the signature", "</ds:Signature>".to_owned()),
    ];
    let elsewhere = elsewhere.map(|(name, behind)| Place {
        name,
        behind,
        part: None,
    });
    texts
        .into_iter()
        .map(of_text)
        .chain(of_signature)
        .chain(elsewhere)
        .collect()
}
