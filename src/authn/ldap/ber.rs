//! What a directory writes, read in bounds: BER as LDAP restricts it (RFC 4511 §5.1).
//!
//! A message is taken whole or not at all, and never longer than its reader allows; what is in it is
//! looked at where it lies, level by level as the protocol has them, so that no nesting leads anywhere.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// `SEQUENCE`
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`
pub(super) const SET: u8 = 0x31;
/// `INTEGER`
pub(super) const INTEGER: u8 = 0x02;
/// `OCTET STRING`
pub(super) const OCTET_STRING: u8 = 0x04;
/// `ENUMERATED`
pub(super) const ENUMERATED: u8 = 0x0a;
/// `BOOLEAN`
pub(super) const BOOLEAN: u8 = 0x01;

/// It is not written as LDAP writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it is not BER as LDAP restricts it")]
pub(super) struct NotBer;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// The connection broke, or ended.
    #[error("the connection broke")]
    Broken(#[from] std::io::Error),
    /// It does not begin as one.
    #[error(transparent)]
    NotBer(#[from] NotBer),
    /// It is longer than the reader allows.
    #[error("it is longer than is read")]
    TooLong,
}

/// What is left to read of some elements that follow one another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'b>(&'b [u8]);

impl<'b> Elements<'b> {
    pub(super) const fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The tag and the content of the next element; none at the end.
    ///
    /// # Errors
    ///
    /// There is something, and it is no element.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &'b [u8])>, NotBer> {
        let Some((tag, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        // Tags of several octets are not among those of LDAP.
        if tag & 0x1f == 0x1f {
            return Err(NotBer);
        }
        let (length, rest) = length(rest).ok_or(NotBer)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(NotBer)?;
        self.0 = rest;
        Ok(Some((*tag, content)))
    }

    /// The content of the next element, which must have this tag.
    ///
    /// # Errors
    ///
    /// It has another, or there is none.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'b [u8], NotBer> {
        match self.next()? {
            Some((found, content)) if found == tag => Ok(content),
            Some(_) | None => Err(NotBer),
        }
    }

    /// Sees to it that nothing is left.
    ///
    /// # Errors
    ///
    /// Something is.
    pub(super) const fn end(self) -> Result<(), NotBer> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(NotBer)
        }
    }
}

/// A number that is not negative.
pub(super) fn number(content: &[u8]) -> Result<u32, NotBer> {
    match content {
        [] | [0x80..=0xff, ..] => Err(NotBer),
        digits if digits.len() <= 5 => {
            let number = digits
                .iter()
                .fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
            u32::try_from(number).map_err(|_too_large| NotBer)
        }
        _ => Err(NotBer),
    }
}

/// Reads one message: the content of its `SEQUENCE`, of at most `most` octets.
///
/// # Errors
///
/// There is none that can be taken: nothing more can be read from there.
pub(super) async fn read_message(
    stream: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> Result<Vec<u8>, Unread> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let [SEQUENCE, first] = head else {
        return Err(NotBer.into());
    };
    let mut octets = [first, 0, 0, 0, 0];
    let count = more_octets(first).ok_or(NotBer)?;
    if let Some(more) = octets.get_mut(1..=count) {
        stream.read_exact(more).await?;
    }
    let (length, _) = length(&octets).ok_or(NotBer)?;
    if length > most {
        return Err(Unread::TooLong);
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await?;
    Ok(content)
}

/// A length and what stands after it. Some servers write every length in five octets (Active
/// Directory).
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let count = more_octets(*first)?;
    if count == 0 {
        return Some((usize::from(*first), rest));
    }
    let (octets, rest) = rest.split_at_checked(count)?;
    let length = octets
        .iter()
        .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    Some((length, rest))
}

/// How many octets of a length follow the first one; none where that is no length of LDAP's, which is
/// always definite.
const fn more_octets(first: u8) -> Option<usize> {
    match first {
        0..0x80 => Some(0),
        0x81..=0x84 => Some((first & 0x7f) as usize),
        0x80 | 0x85.. => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<(Vec<u8>, usize), Unread> {
        let content = read_message(&mut bytes, 300).await?;
        Ok((content, bytes.len()))
    }

    #[tokio::test]
    async fn r72_a_message_is_taken_whole_and_within_its_bounds_or_not_at_all() {
        let short = b"\x30\x02\x05\x00\x30";
        assert_eq!(read(short).await.unwrap(), (b"\x05\x00".to_vec(), 1));
        let long = b"\x30\x84\x00\x00\x00\x02\x05\x00";
        assert_eq!(read(long).await.unwrap(), (b"\x05\x00".to_vec(), 0));
        let most = [&b"\x30\x82\x01\x2c"[..], &[0; 300]].concat();
        assert_eq!(read(&most).await.unwrap().0.len(), 300);
        for endless in [
            &b"\x30\x82\x01\x2d"[..],
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x83\x01\x00\x00\x00",
        ] {
            let unread = read(endless).await;
            assert!(matches!(unread, Err(Unread::TooLong)), "{unread:?}");
        }
        for odd in [
            &b"\x30\x80\x00\x00"[..],
            b"\x30\x85\x00\x00\x00\x00\x01\x00",
            b"\x30\xff\x00\x00",
            b"\x31\x02\x05\x00",
            b"HTTP/1.1 400 Bad Request",
        ] {
            let unread = read(odd).await;
            assert!(matches!(unread, Err(Unread::NotBer(_))), "{unread:?}");
        }
        for cut in [&b""[..], b"\x30", b"\x30\x82\x01", b"\x30\x04\x02\x01\x01"] {
            let unread = read(cut).await;
            assert!(matches!(unread, Err(Unread::Broken(_))), "{unread:?}");
        }
    }

    #[test]
    fn elements_lie_within_what_they_are_read_from() {
        let mut elements = Elements::of(b"\x02\x01\x07\x04\x00\x30\x81\x01\x05");
        assert_eq!(elements.expect(INTEGER), Ok(&b"\x07"[..]));
        assert_eq!(elements.expect(OCTET_STRING), Ok(&b""[..]));
        assert_eq!(elements.end(), Err(NotBer));
        assert_eq!(elements.next(), Ok(Some((SEQUENCE, &b"\x05"[..]))));
        assert_eq!(elements.next(), Ok(None));
        assert_eq!(elements.end(), Ok(()));
        for broken in [
            &b"\x02"[..],
            b"\x02\x02\x00",
            b"\x04\x84\x7f\xff\xff\xff\x00",
            b"\x04\x80\x00\x00",
            b"\x1f\x81\x01\x00",
        ] {
            assert_eq!(Elements::of(broken).next(), Err(NotBer), "{broken:?}");
        }
    }

    #[test]
    fn numbers_are_small_and_not_negative() {
        assert_eq!(number(b"\x00"), Ok(0));
        assert_eq!(number(b"\x00\xff\xff\xff\xff"), Ok(u32::MAX));
        assert_eq!(number(b"\x00\x00\x07"), Ok(7));
        for odd in [
            &b""[..],
            b"\xff",
            b"\x01\x00\x00\x00\x00",
            b"\x00\x00\x00\x00\x00\x01",
        ] {
            assert_eq!(number(odd), Err(NotBer), "{odd:?}");
        }
    }
}
