//! DEFLATE, in bounds: the one place where something grows that a stranger sent.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use super::BindingFault;

/// What stands around the deflated octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrapping {
    /// Nothing: raw DEFLATE (RFC 1951), as HTTP-Redirect has it (saml-bindings-2.0 §3.4.4.1).
    None,
    /// A header and a checksum (RFC 1950), as CAS servers have it.
    Zlib,
}

impl Wrapping {
    /// Tells by the header. No raw DEFLATE of a text begins so: it would be a stored block whose
    /// padding is not zero.
    pub fn of(deflated: &[u8]) -> Self {
        match deflated {
            [method, flags, ..]
                if method & 0x0f == 8
                    && (u16::from(*method) * 256 + u16::from(*flags)).is_multiple_of(31) =>
            {
                Self::Zlib
            }
            [..] => Self::None,
        }
    }
}

thread_local! {
    /// Some 40 KB that would take longer to make than a request takes to inflate.
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Inflates a message, and stops at `max` bytes whatever it would have grown to.
///
/// # Errors
///
/// It is not whole, not in this wrapping, longer than allowed, or something follows it.
pub fn inflate(deflated: &[u8], wrapping: Wrapping, max: usize) -> Result<Vec<u8>, BindingFault> {
    INFLATER.with_borrow_mut(|inflater| {
        // Nothing is left of the message before, whatever became of it.
        inflater.reset(wrapping == Wrapping::Zlib);
        inflate_with(inflater, deflated, max)
    })
}

fn inflate_with(
    inflater: &mut Decompress,
    deflated: &[u8],
    max: usize,
) -> Result<Vec<u8>, BindingFault> {
    // One byte more than allowed tells a message that fits from one that does not.
    let mut xml = Vec::with_capacity((deflated.len() * 4).clamp(1024, max.max(1023) + 1));
    loop {
        let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = deflated.get(consumed..).unwrap_or_default();
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater
            .decompress_vec(rest, &mut xml, FlushDecompress::None)
            .map_err(|_damaged| BindingFault::Deflate)?;
        if xml.len() > max {
            return Err(BindingFault::TooLarge);
        }
        match status {
            Status::StreamEnd => break,
            Status::Ok | Status::BufError => {
                let is_full = xml.len() == xml.capacity();
                if !is_full && before == (inflater.total_in(), inflater.total_out()) {
                    return Err(BindingFault::Deflate);
                }
                if is_full {
                    let larger = (xml.len() * 2).min(max + 1);
                    xml.reserve_exact(larger - xml.len());
                }
            }
        }
    }
    if usize::try_from(inflater.total_in()) != Ok(deflated.len()) {
        return Err(BindingFault::Deflate);
    }
    Ok(xml)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{
        Compression,
        write::{DeflateEncoder, ZlibEncoder},
    };
    use proptest::{prelude::any, proptest};

    use super::*;

    fn raw(text: &[u8], level: Compression) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(text: &[u8], level: Compression) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn r06_a_message_of_the_limit_is_inflated_and_one_byte_more_is_not() {
        for max in [1, 100, 16 * 1024] {
            let fits = vec![b'a'; max];
            let long = vec![b'a'; max + 1];
            for (deflate, wrapping) in [
                (raw as fn(&[u8], Compression) -> _, Wrapping::None),
                (zlib, Wrapping::Zlib),
            ] {
                let end = |text: &[u8]| inflate(&deflate(text, Compression::best()), wrapping, max);
                assert_eq!(end(&fits).as_ref(), Ok(&fits), "{max} {wrapping:?}");
                assert_eq!(
                    end(&long),
                    Err(BindingFault::TooLarge),
                    "{max} {wrapping:?}"
                );
            }
        }
    }

    /// Octets that no compression makes fewer.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let octets = (0..count).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        octets.collect()
    }

    #[test]
    fn r06_what_a_message_is_read_into_doubles_and_never_passes_the_limit() {
        let room = |text: &[u8], max| {
            let deflated = raw(text, Compression::best());
            let xml = inflate(&deflated, Wrapping::None, max).unwrap();
            assert_eq!(xml, text);
            (deflated.len(), xml.capacity())
        };
        let large = 1 << 20;
        assert_eq!(room(b"<a/>", large).1, 1_024);
        let (sent, begun_with) = room(&noise(1_000), large);
        assert_eq!(begun_with, sent * 4);
        assert_eq!(room(&[b'a'; 10_000], large).1, 16_384);
        for max in [10_000, 12_345] {
            assert_eq!(room(&[b'a'; 10_000], max).1, max + 1);
        }
        assert_eq!(room(b"<a/>", 100).1, 1_024);
    }

    #[test]
    fn r10_a_message_is_read_alike_whatever_came_before_it() {
        let text = b"<a>secret</a>".repeat(50);
        let whole = raw(&text, Compression::default());
        let cut = &whole[..whole.len() - 3];
        let bomb = raw(&[b' '; 2000], Compression::default());
        let wrapped = zlib(&text, Compression::default());
        for odd in [cut, b"\xff\xff", &bomb, &wrapped] {
            assert!(inflate(odd, Wrapping::None, 1024).is_err());
            assert_eq!(inflate(&whole, Wrapping::None, 1024).as_ref(), Ok(&text));
            assert!(inflate(odd, Wrapping::Zlib, 600).is_err());
            assert_eq!(inflate(&wrapped, Wrapping::Zlib, 1024).as_ref(), Ok(&text));
        }
    }

    #[test]
    fn what_is_cut_damaged_followed_or_wrapped_otherwise_is_refused() {
        let whole = zlib(b"<a>a a a a a a</a>", Compression::default());
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let cut = whole[..whole.len() - 1].to_vec();
        let followed = [&*whole, b"x"].concat();
        for odd in [damaged, cut, followed, whole[2..].to_vec()] {
            let end = inflate(&odd, Wrapping::Zlib, 1024);
            assert_eq!(end, Err(BindingFault::Deflate), "{odd:?}");
        }
        let end = inflate(&whole, Wrapping::None, 1024);
        assert_eq!(end, Err(BindingFault::Deflate));
    }

    proptest! {
        #[test]
        fn the_wrapping_of_a_text_is_told_by_its_header(text in ".{0,400}", level in 0_u32..10) {
            let level = Compression::new(level);
            assert_eq!(Wrapping::of(&raw(text.as_bytes(), level)), Wrapping::None);
            assert_eq!(Wrapping::of(&zlib(text.as_bytes(), level)), Wrapping::Zlib);
        }

        #[test]
        fn r128_no_octets_make_the_inflater_fall(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            for wrapping in [Wrapping::None, Wrapping::Zlib] {
                let _ = inflate(&octets, wrapping, 1024);
            }
        }
    }
}
