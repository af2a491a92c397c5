//! Messages of LDAP (RFC 4511) as a server writes them, and the reading of those that it is asked.

use tokio::io::AsyncReadExt;

/// The operations of answers, as BER writes their tags.
pub(crate) mod tag {
    pub(crate) const BIND: u8 = 0x61;
    pub(crate) const ENTRY: u8 = 0x64;
    pub(crate) const DONE: u8 = 0x65;
    pub(crate) const REFERENCE: u8 = 0x73;
    pub(crate) const EXTENDED: u8 = 0x78;
}

/// `LDAPMessage ::= SEQUENCE { messageID, protocolOp }`
pub(crate) fn message(id: i64, operation: &[u8]) -> Vec<u8> {
    let octets = id.to_be_bytes();
    // The shortest form that keeps the sign.
    let needless = |at: &usize| {
        let (first, second) = (octets[*at], octets[at + 1]);
        first == 0 && second < 0x80 || first == 0xff && second >= 0x80
    };
    let start = (0..7).take_while(needless).count();
    let id = tlv(0x02, &octets[start..]);
    tlv(0x30, &[&id, operation].concat())
}

/// `LDAPResult` under the tag of an operation.
pub(crate) fn result(tag: u8, code: u8) -> Vec<u8> {
    result_with(tag, code, &[])
}

/// The same, with more elements after those that every result has.
pub(crate) fn result_with(tag: u8, code: u8, more: &[u8]) -> Vec<u8> {
    let code = tlv(0x0a, &[code]);
    tlv(tag, &[&code, &b"\x04\x00\x04\x00"[..], more].concat())
}

/// The answer to "Who am I?".
pub(crate) fn identity(name: &str) -> Vec<u8> {
    result_with(tag::EXTENDED, 0, &tlv(0x8b, name.as_bytes()))
}

/// A `SearchResultEntry`.
pub(crate) fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(name, values)| {
        let values = values.iter().map(|value| tlv(0x04, value.as_bytes()));
        let values = tlv(0x31, &values.collect::<Vec<_>>().concat());
        tlv(0x30, &[tlv(0x04, name.as_bytes()), values].concat())
    });
    let attributes = tlv(0x30, &attributes.collect::<Vec<_>>().concat());
    tlv(tag::ENTRY, &[tlv(0x04, dn.as_bytes()), attributes].concat())
}

/// One element of BER: tag, length, value.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    match value.len() {
        short @ 0..0x80 => [&[tag, u8::try_from(short).unwrap()], value].concat(),
        _ => [&[tag, 0x84], &length[..], value].concat(),
    }
}

/// The tag and the value of the first element, and what stands after it.
pub(crate) fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = octets else {
        return None;
    };
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (length, rest) = rest.split_at_checked(long - 0x80)?;
            let length = length.iter();
            (
                length.fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
                rest,
            )
        }
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

/// A whole message; none at the end of the connection.
pub(crate) async fn read_message(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    while element(&message).is_none() {
        message.push(stream.read_u8().await.ok()?);
    }
    Some(message)
}
