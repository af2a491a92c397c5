//! Which element a signature is about: whatever some reader takes for its ID stands there
//! once.

use passerelle::xmlsec::SignatureFault as Fault;

use super::super::{
    case::{Case, malformed, signature},
    genuine::{Genuine, ID, Template},
};

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = second_bearers(genuine);
    // libxml2 knows this name of its own accord, and signs nothing where it finds it.
    let of_xml = genuine.kind.extensions(&format!("<a xml:id=\"{ID}\"/>"));
    cases.push(signature(
        "a second element with the ID as xml:id",
        genuine.ending_with(&genuine.xml, &of_xml),
        Fault::DuplicateId,
    ));
    let own = format!(" ID=\"{ID}\"");
    let edited = |name: &str, attribute: &str, fault| {
        signature(name, genuine.edited(&own, attribute), fault)
    };
    cases.extend([
        edited("no ID", "", Fault::NoId),
        edited("an empty ID", " ID=\"\"", Fault::NoId),
        edited("Id for ID", &format!(" Id=\"{ID}\""), Fault::NoId),
        edited("id for ID", &format!(" id=\"{ID}\""), Fault::NoId),
        edited("xml:id for ID", &format!(" xml:id=\"{ID}\""), Fault::NoId),
        edited(
            "a prefixed ID",
            &format!(" xmlns:x=\"urn:x\" x:ID=\"{ID}\""),
            Fault::NoId,
        ),
        edited("an ID that is no name", " ID=\"1:a\"", Fault::NoId),
        edited(
            "an ID with spaces around it",
            &format!(" ID=\" {ID} \""),
            Fault::NoId,
        ),
        edited(
            "ID and Id",
            &format!("{own} Id=\"{ID}\""),
            Fault::DuplicateId,
        ),
        edited(
            "ID and xml:id",
            &format!("{own} xml:id=\"{ID}\""),
            Fault::DuplicateId,
        ),
        malformed("ID twice", genuine.edited(&own, &own.repeat(2))),
        malformed(
            "one attribute under two prefixes",
            genuine.edited(
                &own,
                &format!("{own} xmlns:x=\"urn:x\" xmlns:y=\"urn:x\" x:a=\"1\" y:a=\"2\""),
            ),
        ),
    ]);
    cases
}

/// Another element with the ID, under each name for one; the signature holds.
fn second_bearers(genuine: &Genuine) -> Vec<Case> {
    let unsigned = genuine.around(&Template::default().text());
    [
        ("ID", format!("ID=\"{ID}\"")),
        ("Id", format!("Id=\"{ID}\"")),
        ("id", format!("id=\"{ID}\"")),
        ("iD", format!("iD=\"{ID}\"")),
        ("an ID of a namespace", format!("xmlns:y=\"urn:y\" y:ID=\"{ID}\"")),
        (
            "wsu:Id",
            format!(
                "xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" wsu:Id=\"{ID}\""
            ),
        ),
        ("an ID with spaces around it", format!("ID=\" {ID}&#10;\"")),
    ]
    .map(|(name, attribute)| {
        let bearer = genuine.kind.extensions(&format!("<x:a xmlns:x=\"urn:x\" {attribute}/>"));
        let xml = genuine.sign(&genuine.ending_with(&unsigned, &bearer));
        signature(format!("a second element with the ID as {name}, holds"), xml, Fault::DuplicateId)
    })
    .into()
}
