//! SHA-256 and HMAC-SHA256, and the alphabet in which their results are written.

use openssl::sha::Sha256;
use zeroize::Zeroizing;

use super::secret::Secret;

/// The octets of a block of SHA-256 (FIPS 180-4 §1).
const BLOCK: usize = 64;
/// What the key is masked with, inside and outside (RFC 2104 §2).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// The SHA-256 (FIPS 180-4) of `parts`, one after the other with nothing between them.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// The HMAC-SHA256 (RFC 2104) under `key` of `parts`, one after the other with nothing between
/// them: the caller sees to it that two lists of parts cannot give the same octets.
///
/// Made of the library's SHA-256. Its own HMAC finds its parts by name for each code, which takes ten times as long as all
/// else, and every sign-in needs one. The key is wiped from where it was masked; the states of the hashes are not, as none of
/// [`sha256`] are.
pub fn hmac_sha256(key: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let digest;
    let short = if key.expose().len() > BLOCK {
        digest = Zeroizing::new(sha256(&[key.expose()]));
        &digest[..]
    } else {
        key.expose()
    };
    let masked = |mask: u8| {
        let mut block = Zeroizing::new([mask; BLOCK]);
        for (to, from) in block.iter_mut().zip(short) {
            *to ^= from;
        }
        block
    };
    let mut inner = Sha256::new();
    inner.update(&masked(INNER)[..]);
    for part in parts {
        inner.update(part);
    }
    sha256(&[&masked(OUTER)[..], &inner.finish()])
}

/// Writes octets in base32 (RFC 4648 §6) in lower case, without padding.
pub fn base32_lower(octets: &[u8]) -> String {
    octets
        .chunks(5)
        .flat_map(|chunk| {
            let word = (0..5).fold(0_u64, |word, index| {
                word << 8 | u64::from(chunk.get(index).copied().unwrap_or(0))
            });
            let letters = (chunk.len() * 8).div_ceil(5);
            (0..letters).map(move |index| letter(word >> (35 - 5 * index)))
        })
        .collect()
}

fn letter(bits: u64) -> char {
    let index = u8::try_from(bits & 31).unwrap_or(0);
    char::from(if index < 26 {
        b'a' + index
    } else {
        b'2' + (index - 26)
    })
}

#[cfg(test)]
mod tests {
    use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};

    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets
            .iter()
            .fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
    }

    #[test]
    fn sha256_gives_the_values_of_its_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(&[b"abc"])), abc);
        assert_eq!(hex(&sha256(&[b"a", b"", b"bc"])), abc);
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&sha256(&[])), nothing);
    }

    #[test]
    fn hmac_gives_the_values_of_rfc_4231() {
        let first = hmac_sha256(&Secret::new(vec![0x0b; 20]), &[b"Hi There"]);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex(&first), expected);
        let key = Secret::new(b"Jefe".to_vec());
        let second = hmac_sha256(&key, &[b"what do ya ", b"want for nothing?"]);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&second), expected);
        let key = Secret::new(vec![0xaa; 131]);
        let sixth = hmac_sha256(
            &key,
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
        );
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(hex(&sixth), expected);
    }

    #[test]
    fn hmac_gives_what_the_library_does_for_keys_and_messages_of_every_length() {
        let octets = |many: usize, from: u8| -> Vec<u8> {
            (0..many)
                .map(|at| from.wrapping_add(u8::try_from(at % 251).unwrap()))
                .collect()
        };
        for length in (1..=130).chain([255, 1000]) {
            let (key, message) = (octets(length, 3), octets(length * 7 % 300, 9));
            let pkey = PKey::hmac(&key).unwrap();
            let mut signer = Signer::new(MessageDigest::sha256(), &pkey).unwrap();
            signer.update(&message).unwrap();
            let (first, rest) = message.split_at(message.len() / 3);
            let ours = hmac_sha256(&Secret::new(key), &[first, b"", rest]);
            assert_eq!(signer.sign_to_vec().unwrap(), ours, "{length}");
        }
    }

    #[test]
    fn base32_gives_the_values_of_rfc_4648() {
        let values = [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ];
        for (octets, written) in values {
            assert_eq!(base32_lower(octets.as_bytes()), written);
        }
        assert_eq!(base32_lower(&[0xff; 32]).len(), 52);
    }
}
