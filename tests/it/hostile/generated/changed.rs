//! Every message and every query once more, with one more thing done to it: something there twice,
//! gone, in another order, in another spelling, with white space. Nothing of it is taken that was not
//! taken before, and what is taken says what the genuine one says.
//!
//! All of it where signatures are demanded: a stripped one never helps.

use std::ops::Range;

use jiff::SignedDuration;
use passerelle::{
    model::journey::RelayState,
    saml::{
        binding::{ReceivedMessage, post, redirect},
        trust::{Expectations, trust},
    },
    xml::{Limits, open},
    xmlsec::Allowed,
};
use roxmltree::{Document, Node};

use super::{
    case::{limits, read_verified},
    genuine::Kind,
    queries::{self, Query},
    shapes,
};
use crate::bridge::{Bridge, SSO, request::post as post_form};

/// The longest message that is changed: those that are built to cost are another test's.
const SHORT: usize = 16 * 1024;

/// A text to which something was done.
pub(super) struct Change {
    pub(super) what: &'static str,
    /// Whether it may be what makes the genuine one of a hostile one: it takes something away, or
    /// undoes what was done.
    may_restore: bool,
    pub(super) text: String,
}

/// The changes to one text.
struct Changes<'a> {
    text: &'a str,
    most: usize,
    made: Vec<Change>,
}

/// Makes one change to `xml` at each of at most `most` places of each kind.
pub(super) fn changes(xml: &str, most: usize) -> Vec<Change> {
    let Ok(tree) = Document::parse(xml) else {
        return Vec::new();
    };
    let root = tree.root_element();
    let elements: Vec<_> = root.descendants().filter(Node::is_element).collect();
    let mut changes = Changes {
        text: xml,
        most,
        made: Vec::new(),
    };
    changes.of_elements(elements.iter().skip(1).map(Node::range));
    let neighbours = elements.iter().filter_map(|one| {
        let other = one.next_sibling_element()?;
        Some((one.range(), other.range()))
    });
    changes.of_pairs("two elements swapped", neighbours);
    let pairs = elements.iter().flat_map(|element| {
        let ranges: Vec<_> = element.attributes().map(|one| one.range()).collect();
        let pairs = ranges.windows(2);
        let pairs = pairs.map(|pair| (pair[0].clone(), pair[1].clone()));
        pairs.collect::<Vec<_>>()
    });
    changes.of_pairs("two attributes swapped", pairs);
    let attributes = elements.iter().flat_map(Node::attributes);
    changes.of_attributes(attributes.map(|one| one.range()));
    changes.of_texts(
        root.descendants()
            .filter(Node::is_text)
            .map(|one| one.range()),
    );
    changes.made
}

impl Changes<'_> {
    fn change(&mut self, what: &'static str, may_restore: bool, range: &Range<usize>, new: &str) {
        let mut text = self.text.to_owned();
        text.replace_range(range.clone(), new);
        self.made.push(Change {
            what,
            may_restore,
            text,
        });
    }

    fn at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap()
    }

    fn of_elements(&mut self, elements: impl Iterator<Item = Range<usize>>) {
        for range in &spread(elements, self.most) {
            let element = self.at(range).to_owned();
            self.change("an element twice", false, range, &element.repeat(2));
            self.change("an element away", true, range, "");
            let before = format!(" \n{element}");
            self.change("white space before an element", false, range, &before);
            let behind = format!("{element}\t");
            self.change("white space behind an element", false, range, &behind);
        }
    }

    fn of_pairs(
        &mut self,
        what: &'static str,
        pairs: impl Iterator<Item = (Range<usize>, Range<usize>)>,
    ) {
        for (one, other) in spread(pairs, self.most) {
            let between = self.at(&(one.end..other.start));
            let swapped = format!("{}{between}{}", self.at(&other), self.at(&one));
            self.change(what, true, &(one.start..other.end), &swapped);
        }
    }

    fn of_attributes(&mut self, attributes: impl Iterator<Item = Range<usize>>) {
        for range in &spread(attributes, self.most) {
            let attribute = self.at(range).to_owned();
            let twice = format!("{attribute} {attribute}");
            self.change("an attribute twice", false, range, &twice);
            self.change("an attribute away", true, range, "");
            let spaced = format!("\n\t{attribute} ");
            self.change("white space in a tag", false, range, &spaced);
        }
    }

    fn of_texts(&mut self, texts: impl Iterator<Item = Range<usize>>) {
        for range in &spread(texts, self.most) {
            let text = self.at(range).to_owned();
            let spaced = format!(" {text}");
            self.change("white space before a text", false, range, &spaced);
            // Also where it is the first one of a signature's Base64.
            let is_plain = |c: &char| c.is_ascii_alphanumeric() || "+/".contains(*c);
            if let Some(first) = text.chars().next().filter(is_plain) {
                let by_number = format!("&#x{:X};{}", u32::from(first), text.split_at(1).1);
                self.change("a character by its number", false, range, &by_number);
            }
        }
    }
}

/// At most so many, from all over.
fn spread<T>(all: impl Iterator<Item = T>, most: usize) -> Vec<T> {
    let all: Vec<_> = all.collect();
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

/// Whoever takes requests of Zoom, if they are signed.
struct Judge(Bridge);

impl Judge {
    /// What a request says, and the RelayState that came with it, as one text; nothing where it is
    /// refused.
    fn taken(&self, received: &ReceivedMessage) -> Option<String> {
        let document = open(&received.xml, &Limits::MESSAGE).ok()?;
        let zoom = self.0.zoom();
        let expected = Expectations {
            sp: &zoom.sp,
            keys: &zoom.keys,
            must_be_signed: true,
            allowed: Allowed::default(),
            destination: SSO,
            now: self.0.now(),
            max_age: SignedDuration::from_mins(5),
            max_ahead: SignedDuration::from_mins(3),
        };
        let trusted = trust(received, document.root(), &expected).ok()?;
        let state = received.relay_state.as_ref().map(RelayState::as_str);
        Some(format!("{:?} {state:?}", trusted.request()))
    }

    /// What a message says that is brought by POST.
    fn taken_of(&self, kind: Kind, xml: &[u8]) -> Option<String> {
        match kind {
            Kind::AuthnRequest => {
                let form = post_form(xml, None);
                self.taken(&post::decode_request(&form).ok()?)
            }
            Kind::LogoutRequest | Kind::EntityDescriptor => read_verified(xml, &limits(kind)).ok(),
        }
    }

    /// What a query says.
    fn taken_of_query(&self, query: &str) -> Option<String> {
        self.taken(&redirect::decode_request(query).ok()?)
    }
}

/// Checks all changes of one text; gives how many of them are taken.
fn taken_after(
    name: &str,
    text: &str,
    changes: Vec<Change>,
    taken: &dyn Fn(&str) -> Option<String>,
    genuine: &str,
) -> usize {
    let is_taken = taken(text).is_some();
    let mut count = 0;
    for change in changes {
        let Some(said) = taken(&change.text) else {
            continue;
        };
        count += 1;
        let what = change.what;
        assert_eq!(said, genuine, "{name}, {what}: {}", change.text);
        assert!(
            is_taken || change.may_restore,
            "{name}, {what}: {}",
            change.text
        );
    }
    count
}

#[test]
fn r01_r08_no_change_of_a_message_makes_it_say_something_else_or_be_taken() {
    let judge = Judge(Bridge::new());
    for kind in [
        Kind::AuthnRequest,
        Kind::LogoutRequest,
        Kind::EntityDescriptor,
    ] {
        let (genuine, cases) = shapes::of(kind);
        let taken = |text: &str| judge.taken_of(kind, text.as_bytes());
        let said = taken(&genuine.xml).unwrap();
        let all = changes(&genuine.xml, usize::MAX);
        assert!(all.len() > 100, "{}", all.len());
        let count = all.len();
        let accepted = taken_after("the genuine", &genuine.xml, all, &taken, &said);
        // Attributes in another order, white space in tags and characters by their numbers are the
        // same message.
        assert!((10..count / 2).contains(&accepted), "{accepted} of {count}");
        assert_eq!(taken(&genuine.bare()), None);
        let texts = cases.iter().filter(|case| case.octets.len() < SHORT);
        for case in texts {
            let Ok(text) = std::str::from_utf8(&case.octets) else {
                continue;
            };
            taken_after(&case.name, text, changes(text, 3), &taken, &said);
        }
    }
}

/// Makes one change to a query at each part of it.
fn changes_of_query(query: &str) -> Vec<Change> {
    let parts: Vec<&str> = query.split('&').collect();
    let mut changes = Vec::new();
    let mut change = |what, may_restore, text: String| {
        changes.push(Change {
            what,
            may_restore,
            text,
        });
    };
    for (place, part) in parts.iter().enumerate() {
        let with = |new: &[&str]| -> String {
            let (before, rest) = parts.split_at(place);
            [before, new, &rest[1..]].concat().join("&")
        };
        change("a parameter twice", false, with(&[part, part]));
        change("a parameter away", true, with(&[]));
        let mut swapped = parts.clone();
        swapped.swap(place, 0);
        change("two parameters swapped", false, swapped.join("&"));
        for more in ["+", "%20", "%0A", "%00", "="] {
            change(
                "white space behind a value",
                false,
                with(&[&format!("{part}{more}")]),
            );
        }
        if let Some((name, value)) = part.split_once('=') {
            change(
                "white space before a value",
                false,
                with(&[&format!("{name}=+{value}")]),
            );
            let small = value
                .replace("%2F", "%2f")
                .replace("%2B", "%2b")
                .replace("%3D", "%3d");
            change("small hex", false, with(&[&format!("{name}={small}")]));
            if let Some(first) = value.bytes().next().filter(u8::is_ascii_alphanumeric) {
                let encoded = format!("{name}=%{first:02X}{}", value.split_at(1).1);
                change("a plain character encoded", false, with(&[&encoded]));
            }
            let percent = value.replace('%', "%25");
            change(
                "encoded once more",
                false,
                with(&[&format!("{name}={percent}")]),
            );
        }
    }
    changes
}

#[test]
fn r11_no_change_of_a_query_makes_it_say_something_else_or_be_taken() {
    let judge = Judge(Bridge::new());
    let taken = |query: &str| judge.taken_of_query(query);
    let genuine = &Query::genuine().whole;
    let said = taken(genuine).unwrap();
    let changes = changes_of_query(genuine);
    let count = changes.len();
    let accepted = taken_after("the genuine", genuine, changes, &taken, &said);
    // Another order, and another spelling of the signature, which does not cover itself.
    assert!((4..count / 2).contains(&accepted), "{accepted} of {count}");
    for case in queries::cases() {
        let query = String::from_utf8(case.octets).unwrap();
        if query.len() < SHORT {
            let changes = changes_of_query(&query);
            taken_after(&case.name, &query, changes, &taken, &said);
        }
    }
}
