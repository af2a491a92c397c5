//! Messages that are built to cost: at the size that every limit of the door has to stop, and
//! at that which the limit of the whole message stops.

use passerelle::{
    saml::binding::BindingFault,
    xml::{DoorFault, door::Bound},
};

use super::super::{
    case::{Case, Verdict, door, limits},
    genuine::{Genuine, Kind},
};

/// So many of each.
const MANY: usize = 100_000;

pub(super) fn cases(genuine: &Genuine) -> Vec<Case> {
    let mut cases = counted(genuine);
    cases.extend(long(genuine));
    let limits = limits(genuine.kind);
    let levels = limits.namespaces_in_scope / 10 + 1;
    let scope = |level: usize| {
        format!(
            "<a{}>",
            list(10, |n| format!(" xmlns:p{level}x{n}=\"u:x\""))
        )
    };
    let scopes: Vec<_> = (0..levels).map(scope).collect();
    let nested = format!("{}{}", scopes.concat(), "</a>".repeat(levels));
    let each = format!("<a{}/>", list(60, |n| format!(" a{n}=\"\"")));
    let in_all = each.repeat(limits.attributes_in_document / 60 + 1);
    let end = |inside: &str| genuine.ending_with(&genuine.xml, inside);
    let spaces = format!("{}{}", genuine.xml, " ".repeat(limits.bytes));
    for (name, xml, bound) in [
        (
            "namespaces in namespaces",
            end(&nested),
            Bound::NamespacesInScope,
        ),
        (
            "many attributes of many",
            end(&in_all),
            Bound::AttributesInDocument,
        ),
        ("white space behind the root", spaces, Bound::Bytes),
    ] {
        cases.push(costly(genuine, name, xml, bound));
    }
    cases
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    let all: Vec<_> = (0..count).map(one).collect();
    all.concat()
}

/// More of a thing than there may be, by one, by some, and by far.
fn counted(genuine: &Genuine) -> Vec<Case> {
    let limits = limits(genuine.kind);
    let end = |inside: &str| genuine.ending_with(&genuine.xml, inside);
    let mut cases = Vec::new();
    for count in [70, 5_000, MANY] {
        let attributes = format!("<a{}/>", list(count, |n| format!(" a{n}=\"\"")));
        let namespaces = format!("<a{}/>", list(count, |n| format!(" xmlns:n{n}=\"u:{n}\"")));
        let levels = format!("{}{}", "<a>".repeat(count), "</a>".repeat(count));
        for (name, inside, bound) in [
            ("attributes", attributes, Bound::Attributes),
            ("namespaces", namespaces, Bound::NamespaceDeclarations),
            ("levels", levels, Bound::Depth),
        ] {
            cases.push(costly(
                genuine,
                &format!("{count} {name}"),
                end(&inside),
                bound,
            ));
        }
    }
    for count in [limits.elements + 1, MANY] {
        let siblings = end(&"<a/>".repeat(count));
        cases.push(costly(
            genuine,
            &format!("{count} elements"),
            siblings,
            Bound::Elements,
        ));
    }
    let references = "&amp;".repeat(limits.references + 1);
    cases.push(costly(
        genuine,
        "many references",
        end(&format!("<a>{references}</a>")),
        Bound::References,
    ));
    cases
}

/// Names, texts and values that are one octet too long.
fn long(genuine: &Genuine) -> Vec<Case> {
    let limits = limits(genuine.kind);
    let name = "n".repeat(limits.name_bytes + 1);
    let text = "x".repeat(limits.text_bytes + 1);
    [
        ("a long name", format!("<{name}/>"), Bound::NameBytes),
        ("a long prefix", format!("<{name}:a/>"), Bound::NameBytes),
        (
            "a long name of an attribute",
            format!("<a {name}=\"\"/>"),
            Bound::NameBytes,
        ),
        ("a long text", format!("<a>{text}</a>"), Bound::TextBytes),
        (
            "a long CDATA",
            format!("<a><![CDATA[{text}]]></a>"),
            Bound::TextBytes,
        ),
        (
            "a long value",
            format!("<a b=\"{text}\"/>"),
            Bound::TextBytes,
        ),
    ]
    .map(|(name, inside, bound)| {
        let xml = genuine.ending_with(&genuine.xml, &inside);
        costly(genuine, name, xml, bound)
    })
    .into()
}

/// A message that is stopped at `bound`, or by its mere length before that.
fn costly(genuine: &Genuine, name: &str, xml: String, bound: Bound) -> Case {
    let most = limits(genuine.kind).bytes;
    if xml.len() <= most {
        return door(name, xml, DoorFault::TooLarge(bound));
    }
    match genuine.kind {
        Kind::AuthnRequest | Kind::LogoutRequest => {
            Case::new(name, xml, Verdict::Binding(BindingFault::TooLarge))
        }
        Kind::EntityDescriptor => door(name, xml, DoorFault::TooLarge(Bound::Bytes)),
    }
}
