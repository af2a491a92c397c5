//! The messages of LDAP (RFC 4511 §4): the three questions that we ask, and what is answered.

use bytes::BytesMut;
use ldap3::{
    asn1::{ASNTag as _, Enumerated, Integer, PL, StructureTag, TagClass, write::encode_into},
    parse_filter,
};

use super::{
    ber::{BOOLEAN, ENUMERATED, Elements, INTEGER, NotBer, OCTET_STRING, SEQUENCE, SET, number},
    policy,
};

/// What a search is asked for where no attribute is (RFC 4511 §4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";
/// "Who am I?" (RFC 4532).
const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// What a search asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    pub(super) base: &'a str,
    pub(super) whole_tree: bool,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [Box<str>],
    /// How many entries matter: those past it are not read.
    pub(super) most: u16,
}

/// A message that a server wrote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'m> {
    /// To which question; 0 where to none (§4.4).
    pub(super) id: u32,
    pub(super) operation: Operation<'m>,
    controls: Elements<'m>,
}

/// The name of a control, and its value.
pub(super) type Control<'m> = (&'m str, Option<&'m [u8]>);

/// What it says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation<'m> {
    /// What came of a bind: its result code.
    Bind(u32),
    /// One entry of what is searched.
    Entry(EntryParts<'m>),
    /// Where else to search, or something in between that nobody asked for.
    Aside,
    /// The end of what was found, and a result code.
    Done(u32),
    /// What came of another question.
    Extended {
        /// Its result code.
        code: u32,
        value: Option<&'m [u8]>,
    },
}

/// `SearchResultEntry` (§4.5.2), not looked at further.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryParts<'m>(&'m [u8]);

/// `PartialAttributeList`, not looked at further.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeList<'m>(Elements<'m>);

impl<'m> Message<'m> {
    /// Reads the content of a message.
    ///
    /// # Errors
    ///
    /// It is none that answers one of our questions.
    pub(super) fn read(content: &'m [u8]) -> Result<Self, NotBer> {
        let mut parts = Elements::of(content);
        let id = number(parts.expect(INTEGER)?)?;
        let (tag, body) = parts.next()?.ok_or(NotBer)?;
        let operation = Operation::read(tag, body)?;
        let mut controls = Elements::of(&[]);
        match parts.next()? {
            Some((0xa0, content)) => controls = Elements::of(content),
            // Active Directory writes the name of an unsolicited notice here, and not into it.
            Some((0x8a, _)) if id == 0 => {}
            Some(_) => return Err(NotBer),
            None => {}
        }
        parts.end()?;
        Ok(Self {
            id,
            operation,
            controls,
        })
    }

    /// The name and the value of each control (§4.1.11).
    ///
    /// # Errors
    ///
    /// They are none.
    pub(super) fn controls(self) -> Result<Vec<Control<'m>>, NotBer> {
        let mut rest = self.controls;
        let mut controls = Vec::new();
        while let Some((tag, content)) = rest.next()? {
            if tag != SEQUENCE {
                return Err(NotBer);
            }
            let mut parts = Elements::of(content);
            let name = text(parts.expect(OCTET_STRING)?)?;
            let mut value = None;
            while let Some((tag, content)) = parts.next()? {
                match tag {
                    BOOLEAN => {}
                    OCTET_STRING if value.is_none() => value = Some(content),
                    _ => return Err(NotBer),
                }
            }
            controls.push((name, value));
        }
        Ok(controls)
    }
}

impl<'m> Operation<'m> {
    fn read(tag: u8, body: &'m [u8]) -> Result<Self, NotBer> {
        Ok(match tag {
            0x61 => Self::Bind(result(body)?.0),
            0x64 => Self::Entry(EntryParts(body)),
            0x65 => Self::Done(result(body)?.0),
            0x73 | 0x79 => Self::Aside,
            0x78 => {
                let (code, mut rest) = result(body)?;
                let mut value = None;
                while let Some((tag, content)) = rest.next()? {
                    if tag == 0x8b {
                        value = Some(content);
                    }
                }
                Self::Extended { code, value }
            }
            _ => return Err(NotBer),
        })
    }
}

impl<'m> EntryParts<'m> {
    /// Its name, and its attributes.
    ///
    /// # Errors
    ///
    /// It is no entry.
    pub(super) fn read(self) -> Result<(&'m str, AttributeList<'m>), NotBer> {
        let mut parts = Elements::of(self.0);
        let dn = text(parts.expect(OCTET_STRING)?)?;
        let attributes = Elements::of(parts.expect(SEQUENCE)?);
        parts.end()?;
        Ok((dn, AttributeList(attributes)))
    }
}

impl<'m> AttributeList<'m> {
    /// The description and the values of the next attribute.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(super) fn next_attribute(&mut self) -> Result<Option<(&'m str, Elements<'m>)>, NotBer> {
        let Some((tag, content)) = self.0.next()? else {
            return Ok(None);
        };
        if tag != SEQUENCE {
            return Err(NotBer);
        }
        let mut parts = Elements::of(content);
        let description = text(parts.expect(OCTET_STRING)?)?;
        let values = Elements::of(parts.expect(SET)?);
        parts.end()?;
        Ok(Some((description, values)))
    }
}

/// The code of an `LDAPResult` (§4.1.9), and what stands after its three parts.
fn result(body: &[u8]) -> Result<(u32, Elements<'_>), NotBer> {
    let mut parts = Elements::of(body);
    let code = number(parts.expect(ENUMERATED)?)?;
    parts.expect(OCTET_STRING)?;
    parts.expect(OCTET_STRING)?;
    Ok((code, parts))
}

fn text(content: &[u8]) -> Result<&str, NotBer> {
    str::from_utf8(content).map_err(|_not_utf8| NotBer)
}

/// `BindRequest` (§4.2) by name and password, with the question what there is to say of the password.
pub(super) fn bind(id: u32, dn: &str, password: &str) -> BytesMut {
    let request = vec![
        integer(3),
        string(dn),
        primitive(TagClass::Context, 0, password.as_bytes()),
    ];
    let control = sequence(vec![string(policy::REQUEST)]);
    message(id, application(0, request), Some(control))
}

/// `ExtendedRequest` (§4.12) that asks for whom the server takes us.
pub(super) fn who_am_i(id: u32) -> BytesMut {
    let name = primitive(TagClass::Context, 0, WHO_AM_I.as_bytes());
    message(id, application(23, vec![name]), None)
}

/// `SearchRequest` (§4.5.1); aliases are not followed, and there is no other time limit than ours.
///
/// # Errors
///
/// The filter is none.
pub(super) fn search(id: u32, search: Search<'_>) -> Result<BytesMut, NotBer> {
    let scope = if search.whole_tree { 2 } else { 0 };
    let filter = parse_filter(search.filter).map_err(|()| NotBer)?;
    let attributes = if search.attributes.is_empty() {
        vec![string(NO_ATTRIBUTES)]
    } else {
        search.attributes.iter().map(|name| string(name)).collect()
    };
    let (never, no_limit) = (0, 0);
    let request = vec![
        string(search.base),
        enumerated(scope),
        enumerated(never),
        integer(search.most.into()),
        integer(no_limit),
        primitive(TagClass::Universal, u64::from(BOOLEAN), &[0]),
        filter.into_structure(),
        sequence(attributes),
    ];
    Ok(message(id, application(3, request), None))
}

fn message(id: u32, request: StructureTag, control: Option<StructureTag>) -> BytesMut {
    let mut parts = vec![integer(id.into()), request];
    parts.extend(control.map(|control| constructed(TagClass::Context, 0, vec![control])));
    let mut bytes = BytesMut::new();
    // Into memory: it does not fail.
    let _ = encode_into(&mut bytes, sequence(parts));
    bytes
}

fn application(id: u64, parts: Vec<StructureTag>) -> StructureTag {
    constructed(TagClass::Application, id, parts)
}

fn sequence(parts: Vec<StructureTag>) -> StructureTag {
    constructed(TagClass::Universal, 16, parts)
}

fn string(text: &str) -> StructureTag {
    primitive(
        TagClass::Universal,
        u64::from(OCTET_STRING),
        text.as_bytes(),
    )
}

fn integer(number: i64) -> StructureTag {
    let integer = Integer {
        inner: number,
        ..Integer::default()
    };
    integer.into_structure()
}

fn enumerated(number: i64) -> StructureTag {
    let enumerated = Enumerated {
        inner: number,
        ..Enumerated::default()
    };
    enumerated.into_structure()
}

const fn constructed(class: TagClass, id: u64, parts: Vec<StructureTag>) -> StructureTag {
    StructureTag {
        class,
        id,
        payload: PL::C(parts),
    }
}

fn primitive(class: TagClass, id: u64, content: &[u8]) -> StructureTag {
    StructureTag {
        class,
        id,
        payload: PL::P(content.to_vec()),
    }
}

/// The content of message 1, an entry with these attributes.
#[cfg(test)]
pub(super) fn entry_for_test(attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let octets = |value: &&[u8]| primitive(TagClass::Universal, 4, value);
    let attributes = attributes.iter().map(|(description, values)| {
        let values = values.iter().map(octets).collect();
        sequence(vec![
            string(description),
            constructed(TagClass::Universal, 17, values),
        ])
    });
    let entry = vec![string("uid=a,dc=x"), sequence(attributes.collect())];
    let whole = message(1, application(4, entry), None);
    Elements::of(&whole).expect(SEQUENCE).unwrap().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_written_as_the_specification_has_them() {
        assert_eq!(
            &bind(1, "cn=a", "pw")[..],
            b"\x30\x31\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw\
              \xa0\x1d\x30\x1b\x04\x191.3.6.1.4.1.42.2.27.8.5.1"
        );
        assert_eq!(
            &who_am_i(300)[..],
            b"\x30\x1f\x02\x02\x01\x2c\x77\x19\x80\x171.3.6.1.4.1.4203.1.11.3"
        );
        let by_name = Search {
            base: "dc=x",
            whole_tree: true,
            filter: "(uid=a)",
            attributes: &["mail".into()],
            most: 2,
        };
        assert_eq!(
            &search(2, by_name).unwrap()[..],
            b"\x30\x2c\x02\x01\x02\x63\x27\x04\x04dc=x\x0a\x01\x02\x0a\x01\x00\x02\x01\x02\x02\x01\x00\
              \x01\x01\x00\xa3\x08\x04\x03uid\x04\x01a\x30\x06\x04\x04mail"
        );
        let of_nothing = Search {
            whole_tree: false,
            filter: "(objectClass=*)",
            attributes: &[],
            ..by_name
        };
        let written = search(2, of_nothing).unwrap();
        assert!(written.ends_with(b"\x87\x0bobjectClass\x30\x05\x04\x031.1"));
        let no_filter = Search {
            filter: "(uid=a",
            ..by_name
        };
        assert!(search(2, no_filter).is_err());
    }

    #[test]
    fn answers_are_read_as_servers_write_them() {
        let read = |content| Message::read(content).unwrap();
        // slapd 2.5: a bind with the password policy's control; one in five-octet lengths.
        let bound = read(
            b"\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00\xa0\x24\x30\x22\x04\x191.3.6.1.4.1.42.2.27.8.5.1\x04\x05\x30\x03\x81\x01\x01",
        );
        assert!(matches!(bound.operation, Operation::Bind(49)));
        let controls = bound.controls().unwrap();
        assert_eq!(
            controls,
            [(policy::REQUEST, Some(&b"\x30\x03\x81\x01\x01"[..]))]
        );
        let long = read(
            b"\x02\x01\x07\x61\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00\xa0\x84\x00\x00\x00\x00",
        );
        assert!(matches!(
            long,
            Message {
                id: 7,
                operation: Operation::Bind(0),
                ..
            }
        ));
        let me = read(b"\x02\x01\x02\x78\x0f\x0a\x01\x00\x04\x00\x04\x00\x8b\x06dn:c=x");
        assert!(matches!(
            me.operation,
            Operation::Extended {
                code: 0,
                value: Some(b"dn:c=x")
            }
        ));
        let referral =
            read(b"\x02\x01\x02\x65\x15\x0a\x01\x0a\x04\x00\x04\x00\xa3\x0c\x04\x0aldap://a/x");
        assert!(matches!(referral.operation, Operation::Done(10)));
        let continued = read(b"\x02\x01\x02\x73\x0c\x04\x0aldap://a/x");
        assert!(matches!(continued.operation, Operation::Aside));
        // Active Directory's notice that it closes, with its name where controls stand.
        let goodbye =
            read(b"\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036");
        assert!(matches!(
            goodbye,
            Message {
                id: 0,
                operation: Operation::Extended { .. },
                ..
            }
        ));
    }

    #[test]
    fn what_answers_nothing_of_ours_is_refused() {
        for odd in [
            &b""[..],
            b"\x02\x01\x01",
            b"\x02\x01\xff\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x04\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            // A request; a result without its text; one with a code that is none; more than controls.
            b"\x02\x01\x01\x42\x00",
            b"\x02\x01\x01\x61\x05\x0a\x01\x00\x04\x00",
            b"\x02\x01\x01\x61\x07\x02\x01\x00\x04\x00\x04\x00",
            b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x8a\x00",
            b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\xa0\x00\xa0\x00",
        ] {
            assert_eq!(Message::read(odd).err(), Some(NotBer), "{odd:?}");
        }
        // Entries: without attributes, with a name that is no text, with something after them.
        for odd in [
            &b"\x04\x00"[..],
            b"\x04\x01\xff\x30\x00",
            b"\x04\x00\x30\x00\x30\x00",
        ] {
            assert_eq!(EntryParts(odd).read().err(), Some(NotBer), "{odd:?}");
        }
        let nested = [
            &b"\x02\x01\x01\x64\x82\x10\x04\x04\x00\x30\x82\x0f\xfe"[..],
            &[0x30; 4094],
        ];
        let nested = nested.concat();
        let Operation::Entry(parts) = Message::read(&nested).unwrap().operation else {
            panic!("no entry");
        };
        let (_, mut list) = parts.read().unwrap();
        assert!(list.next_attribute().is_err());
        let controls = b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\xa0\x04\x30\x02\x30\x00";
        assert!(Message::read(controls).unwrap().controls().is_err());
    }
}
