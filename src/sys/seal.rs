//! Sealing: what leaves this server and comes back must not be read or changed.
//!
//! XAES-256-GCM (C2SP `XAES-256-GCM`, version 1.0): AES-256-GCM under a key that is derived for
//! each 192-bit random nonce, so that no number of seals wears a key out. Key ID, purpose and
//! expiry are authenticated with the content. Keys form a ring: the first whose time has come seals,
//! all open.

mod key_file;

use std::fmt::{self, Display, Formatter, Write as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use openssl::{
    cipher::{Cipher, CipherRef},
    cipher_ctx::CipherCtx,
    error::ErrorStack,
};

pub use self::key_file::{Rotated, Rotation, RotationFault, rotated};
use super::{
    entropy::{self, Entropy, hex_digit},
    hmac::sha256,
    secret::Secret,
};

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const EXPIRY: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;
/// The block of AES.
const BLOCK: usize = 16;
const HEAD: usize = 1 + KEY_ID + EXPIRY + NONCE;

/// What a sealed value is for. A value sealed for one purpose never opens for another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A sign-in on its way, in the path of our own URLs.
    Journey,
    /// What a person has proven, in a hidden form field.
    Proof,
    /// A value in a store that others can write to as well, bound to its place there.
    Stored,
}

impl Purpose {
    /// The label holds the version of the layout: what another version sealed is not ours, and is
    /// never read as something else.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Journey => b"passerelle journey 3",
            Self::Proof => b"passerelle proof 2",
            Self::Stored => b"passerelle stored 1",
        }
    }
}

/// Why a seal did not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BrokenSeal {
    /// Its time is over. Only said of a genuine seal.
    #[error("the seal has expired")]
    Expired,
    /// It was not made by a key of this ring for this purpose, or was changed on its way.
    #[error("the seal is not ours")]
    Forged,
}

/// The cipher refused to work; nothing was sealed.
#[derive(Debug, thiserror::Error)]
#[error("the seal could not be made")]
pub struct SealError(#[from] ErrorStack);

#[cfg(test)]
impl SealError {
    /// One for a test that lists faults: nobody can have the library fail.
    pub(crate) fn specimen() -> Self {
        Self(ErrorStack::get())
    }
}

/// Why a line of a key file is not a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealKeyFault {
    /// There is no key at all.
    #[error("the file holds no key")]
    Empty,
    /// The line with this number is not 32 bytes in base64url.
    #[error("line {0} is not 32 bytes in base64url")]
    NotAKey(usize),
    /// The line with this number has something else than a time behind its key.
    #[error("line {0}: behind a key may stand `from` and a time, as 2026-12-01T06:00:00Z")]
    NotATime(usize),
    /// The line with this number repeats a key.
    #[error("line {0} repeats a key")]
    Repeated(usize),
    /// The cryptographic library does not have the ciphers.
    #[error("the ciphers of the seal cannot be had")]
    NoCipher,
}

/// The ciphers of the seal, looked up once: by name, as the library does where it is not told
/// otherwise, each look costs about as much as the encryption.
struct Ciphers {
    ecb: Cipher,
    gcm: Cipher,
}

impl Ciphers {
    fn fetch() -> Result<Self, ErrorStack> {
        Ok(Self {
            ecb: Cipher::fetch(None, "AES-256-ECB", None)?,
            gcm: Cipher::fetch(None, "AES-256-GCM", None)?,
        })
    }
}

/// What tells keys that seal apart: the beginning of SHA-256 of each. It stands in clear in every seal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyId([u8; KEY_ID]);

impl KeyId {
    fn of(key: &[u8]) -> Self {
        let digest = sha256(&[key]);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

impl Display for KeyId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut digits = { self.0.iter() }.flat_map(|byte| [byte >> 4, byte & 15]);
        digits.try_for_each(|digit| f.write_char(hex_digit(digit)))
    }
}

/// What a key of the ring does at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyUse {
    /// It seals, and opens.
    Seals,
    /// It opens, and will seal later.
    Waits,
    /// It opens what it sealed before.
    Opens,
}

impl KeyUse {
    /// In a word, for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seals => "seals",
            Self::Waits => "waits",
            Self::Opens => "opens",
        }
    }
}

#[derive(Debug)]
struct SealKey {
    id: KeyId,
    /// Since when it may seal; none: since ever.
    from: Option<Timestamp>,
    key: Secret,
    /// What each block is masked with before it is encrypted: the subkey of the CMAC
    /// (NIST SP 800-38B, K1).
    mask: Secret,
}

/// The keys that seal and open; the first one whose time has come seals.
pub struct KeyRing {
    keys: Vec<SealKey>,
    ciphers: Ciphers,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Reads a key file: one key a line, 32 bytes in base64url, and behind it `from` and a time where it is to seal
    /// later; a line that begins with `#` is a comment.
    ///
    /// # Errors
    ///
    /// Says which line is not a key, and never shows it; or the ciphers cannot be had.
    pub fn parse(text: &str) -> Result<Self, SealKeyFault> {
        let ciphers = Ciphers::fetch().map_err(|_unusable| SealKeyFault::NoCipher)?;
        let of_line = |line: key_file::Line| {
            let mask = mask(&ciphers, line.key.expose())?;
            Ok(SealKey {
                id: line.id,
                from: line.from,
                key: line.key,
                mask,
            })
        };
        let lines = key_file::lines(text)?.into_iter();
        let keys: Result<Vec<_>, ErrorStack> = lines.map(of_line).collect();
        let keys = keys.map_err(|_unusable| SealKeyFault::NoCipher)?;
        Ok(Self { keys, ciphers })
    }

    /// The ring with the key that seals at `now`.
    pub fn at(&self, now: Timestamp) -> Sealing<'_> {
        Sealing {
            ring: self,
            key: self.sealing(now),
        }
    }

    /// The first whose time has come; where none has, the last one, which waits for no other.
    fn sealing(&self, now: Timestamp) -> Option<&SealKey> {
        let has_come = |key: &&SealKey| key.from.is_none_or(|from| from <= now);
        self.keys.iter().find(has_come).or(self.keys.last())
    }

    /// What each key does at `now`, in the order of the file. Only one before that which seals can still come to seal.
    pub fn uses(&self, now: Timestamp) -> impl Iterator<Item = (KeyId, KeyUse)> {
        let seals = self.sealing(now).map(|key| key.id);
        self.keys.iter().scan(KeyUse::Waits, move |before, key| {
            let does = match (Some(key.id) == seals, *before) {
                (true, _) => KeyUse::Seals,
                (false, KeyUse::Waits) => KeyUse::Waits,
                (false, KeyUse::Seals | KeyUse::Opens) => KeyUse::Opens,
            };
            *before = does;
            Some((key.id, does))
        })
    }

    /// Draws a new key, as a line of a key file.
    pub fn new_line(entropy: &dyn Entropy) -> String {
        URL_SAFE_NO_PAD.encode(entropy::bytes::<32>(entropy))
    }

    /// Opens what [`Sealing::seal`] made for the same purpose.
    ///
    /// # Errors
    ///
    /// [`BrokenSeal::Forged`] unless every bit is as it was made; only then is its time looked at.
    pub fn open(
        &self,
        purpose: Purpose,
        sealed: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, BrokenSeal> {
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_not_base64| BrokenSeal::Forged)?;
        self.open_bytes((purpose, b""), &sealed, now)
    }

    /// Opens what [`Sealing::seal_stored`] made for the same place.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_stored(
        &self,
        place: &[u8],
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, BrokenSeal> {
        self.open_bytes((Purpose::Stored, place), sealed, now)
    }

    fn open_bytes(
        &self,
        (purpose, place): (Purpose, &[u8]),
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, BrokenSeal> {
        let forged = BrokenSeal::Forged;
        let (head, rest) = sealed.split_at_checked(1 + KEY_ID + EXPIRY).ok_or(forged)?;
        let (nonce, rest) = rest.split_at_checked(NONCE).ok_or(forged)?;
        let (body, tag) = rest
            .split_at_checked(rest.len().saturating_sub(TAG))
            .ok_or(forged)?;
        let (version, rest_of_head) = head.split_first().ok_or(forged)?;
        let (id, expiry) = rest_of_head.split_first_chunk::<KEY_ID>().ok_or(forged)?;
        let expiry = i64::from_be_bytes(expiry.try_into().map_err(|_length| forged)?);
        if *version != VERSION || tag.len() != TAG {
            return Err(forged);
        }
        let key = { self.keys.iter() }.find(|key| key.id == KeyId(*id));
        let key = key.ok_or(forged)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_length| forged)?;
        let bound = associated(purpose, head, place);
        let content = self
            .decrypt(key, &nonce, &bound, (body, tag))
            .map_err(|_unauthentic| forged)?;
        if now.duration_since(Timestamp::UNIX_EPOCH) >= SignedDuration::from_secs(expiry) {
            return Err(BrokenSeal::Expired);
        }
        Ok(content)
    }

    /// XAES-256-GCM: what `content` becomes, and its tag.
    fn encrypt(
        &self,
        key: &SealKey,
        nonce: &[u8; NONCE],
        bound: &[u8],
        content: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let (derived, inner) = derive(&self.ciphers.ecb, key, nonce)?;
        let mut gcm = CipherCtx::new()?;
        gcm.encrypt_init(
            Some(&self.ciphers.gcm),
            Some(derived.expose()),
            Some(&inner),
        )?;
        gcm.cipher_update(bound, None)?;
        let mut sealed = Vec::with_capacity(content.len() + TAG);
        gcm.cipher_update_vec(content, &mut sealed)?;
        gcm.cipher_final_vec(&mut sealed)?;
        let mut tag = [0; TAG];
        gcm.tag(&mut tag)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Undoes [`Self::encrypt`]; nothing of the content is given where the tag is not that of it.
    fn decrypt(
        &self,
        key: &SealKey,
        nonce: &[u8; NONCE],
        bound: &[u8],
        (body, tag): (&[u8], &[u8]),
    ) -> Result<Vec<u8>, ErrorStack> {
        let (derived, inner) = derive(&self.ciphers.ecb, key, nonce)?;
        let mut gcm = CipherCtx::new()?;
        gcm.decrypt_init(
            Some(&self.ciphers.gcm),
            Some(derived.expose()),
            Some(&inner),
        )?;
        gcm.set_tag(tag)?;
        gcm.cipher_update(bound, None)?;
        let mut content = Vec::with_capacity(body.len() + BLOCK);
        gcm.cipher_update_vec(body, &mut content)?;
        gcm.cipher_final_vec(&mut content)?;
        Ok(content)
    }
}

/// The ring, and the key of it that seals at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'r> {
    ring: &'r KeyRing,
    key: Option<&'r SealKey>,
}

impl Sealing<'_> {
    /// Seals `content` for `purpose` until `expires_at`, as base64url text.
    ///
    /// # Errors
    ///
    /// The cipher did not work; there is nothing to send.
    pub fn seal(
        &self,
        purpose: Purpose,
        content: &[u8],
        expires_at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<String, SealError> {
        let sealed = self.seal_bytes((purpose, b""), content, expires_at, entropy)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Seals `content` for one `place` of a store until `expires_at`: it opens nowhere else.
    ///
    /// # Errors
    ///
    /// As [`Self::seal`].
    pub fn seal_stored(
        &self,
        place: &[u8],
        content: &[u8],
        expires_at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        self.seal_bytes((Purpose::Stored, place), content, expires_at, entropy)
    }

    fn seal_bytes(
        &self,
        (purpose, place): (Purpose, &[u8]),
        content: &[u8],
        expires_at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let Some(key) = self.key else {
            return Err(SealError(ErrorStack::get()));
        };
        let nonce = entropy::bytes::<NONCE>(entropy);
        let mut sealed = Vec::with_capacity(HEAD + content.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id.0);
        sealed.extend_from_slice(&expires_at.as_second().to_be_bytes());
        let bound = associated(purpose, &sealed, place);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&self.ring.encrypt(key, &nonce, &bound, content)?);
        Ok(sealed)
    }
}

/// What is authenticated with the content. A head has one length, so that nothing of it can be taken for
/// a part of the place.
fn associated(purpose: Purpose, head: &[u8], place: &[u8]) -> Vec<u8> {
    [purpose.label(), &[0], head, place].concat()
}

/// Derives the AES-256-GCM key and nonce of one XAES-256-GCM nonce: a CMAC in counter mode
/// (NIST SP 800-108) whose every message is one block.
fn derive(
    ecb: &CipherRef,
    key: &SealKey,
    nonce: &[u8; NONCE],
) -> Result<(Secret, [u8; 12]), ErrorStack> {
    let (prefix, inner) = nonce.split_at(12);
    let counted = [1, 2].map(|counter| [&[0, counter, b'X', 0], prefix].concat());
    let mut blocks = counted.concat();
    for (byte, mask) in blocks.iter_mut().zip(key.mask.expose().iter().cycle()) {
        *byte ^= mask;
    }
    let derived = encrypt_blocks(ecb, key.key.expose(), &blocks)?;
    let mut of_gcm = [0; 12];
    for (to, from) in of_gcm.iter_mut().zip(inner) {
        *to = *from;
    }
    Ok((derived, of_gcm))
}

/// The subkey K1 of a CMAC (NIST SP 800-38B §6.1).
fn mask(ciphers: &Ciphers, key: &[u8]) -> Result<Secret, ErrorStack> {
    let zero = encrypt_blocks(&ciphers.ecb, key, &[0; BLOCK])?;
    let mut mask = vec![0; BLOCK];
    let mut carry = 0;
    for (to, from) in mask.iter_mut().zip(zero.expose()).rev() {
        *to = from << 1 | carry;
        carry = from >> 7;
    }
    if let Some(last) = mask.last_mut() {
        *last ^= carry * 0x87;
    }
    Ok(Secret::new(mask))
}

/// Encrypts whole blocks, each by itself.
fn encrypt_blocks(ecb: &CipherRef, key: &[u8], blocks: &[u8]) -> Result<Secret, ErrorStack> {
    let mut context = CipherCtx::new()?;
    context.encrypt_init(Some(ecb), Some(key), None)?;
    context.set_padding(false);
    // The library asks for room for one block more.
    let mut out = vec![0; blocks.len() + BLOCK];
    let length = context.cipher_update(blocks, Some(&mut out))?;
    out.truncate(length);
    Ok(Secret::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::entropy::OsEntropy;

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn xaes(key: &[u8; 32], aad: &[u8]) -> String {
        let ring = KeyRing::parse(&URL_SAFE_NO_PAD.encode(key)).unwrap();
        let (nonce, text) = (b"ABCDEFGHIJKLMNOPQRSTUVWX", b"XAES-256-GCM");
        let key = &ring.keys[0];
        let sealed = ring.encrypt(key, nonce, aad, text).unwrap();
        let (body, tag) = sealed.split_at(text.len());
        assert_eq!(ring.decrypt(key, nonce, aad, (body, tag)).unwrap(), text);
        hex(&sealed)
    }

    #[test]
    fn r103_the_cipher_gives_the_published_test_vectors() {
        assert_eq!(
            xaes(&[1; 32], b""),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
        );
        assert_eq!(
            xaes(&[3; 32], b"c2sp.org/XAES-256-GCM"),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
        );
    }

    fn ring() -> KeyRing {
        KeyRing::parse(&KeyRing::new_line(&OsEntropy)).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_seal_opens_to_what_was_sealed_until_its_time_is_over() {
        let ring = ring();
        let sealed = ring
            .at(at(1))
            .seal(Purpose::Journey, b"to Zoom", at(100), &OsEntropy)
            .unwrap();
        assert_eq!(
            ring.open(Purpose::Journey, &sealed, at(99)).unwrap(),
            b"to Zoom"
        );
        assert_eq!(
            ring.open(Purpose::Journey, &sealed, at(100)),
            Err(BrokenSeal::Expired)
        );
    }

    #[test]
    fn r103_no_changed_bit_opens() {
        let ring = ring();
        let sealed = ring
            .at(at(1))
            .seal(Purpose::Journey, b"to Zoom", at(100), &OsEntropy)
            .unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(
                ring.open(Purpose::Journey, &changed, at(1)),
                Err(BrokenSeal::Forged)
            );
        }
        for length in 0..bytes.len() {
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(
                ring.open(Purpose::Journey, &cut, at(1)),
                Err(BrokenSeal::Forged)
            );
        }
    }

    #[test]
    fn r103_a_seal_opens_for_its_own_purpose_only() {
        let ring = ring();
        let sealed = ring
            .at(at(1))
            .seal(Purpose::Proof, b"alice", at(100), &OsEntropy)
            .unwrap();
        assert_eq!(
            ring.open(Purpose::Journey, &sealed, at(1)),
            Err(BrokenSeal::Forged)
        );
    }

    #[test]
    fn r126_what_is_stored_opens_at_its_own_place_only_and_is_no_seal_of_a_browser() {
        let ring = ring();
        let sealed = ring
            .at(at(1))
            .seal_stored(b"one", b"alice", at(100), &OsEntropy)
            .unwrap();
        assert_eq!(ring.open_stored(b"one", &sealed, at(99)).unwrap(), b"alice");
        for place in [&b""[..], b"on", b"one ", b"two"] {
            let opened = ring.open_stored(place, &sealed, at(1));
            assert_eq!(opened, Err(BrokenSeal::Forged));
        }
        let in_text = URL_SAFE_NO_PAD.encode(&sealed);
        for purpose in [Purpose::Journey, Purpose::Proof, Purpose::Stored] {
            let opened = ring.open(purpose, &in_text, at(1));
            assert_eq!(opened, Err(BrokenSeal::Forged));
        }
    }

    #[test]
    fn r103_an_older_key_of_the_ring_still_opens_and_a_removed_one_does_not() {
        let (old, new) = (KeyRing::new_line(&OsEntropy), KeyRing::new_line(&OsEntropy));
        let before = KeyRing::parse(&old).unwrap();
        let sealed = before
            .at(at(1))
            .seal(Purpose::Journey, b"x", at(100), &OsEntropy)
            .unwrap();
        let during = KeyRing::parse(&format!("# two keys\n{new}\n\n{old}\n")).unwrap();
        assert_eq!(during.open(Purpose::Journey, &sealed, at(1)).unwrap(), b"x");
        let after = KeyRing::parse(&new).unwrap();
        assert_eq!(
            after.open(Purpose::Journey, &sealed, at(1)),
            Err(BrokenSeal::Forged)
        );
    }

    #[test]
    fn r103_a_key_seals_from_its_time_on_and_opens_before_and_after() {
        let lines = [(); 3].map(|()| KeyRing::new_line(&OsEntropy));
        let [last, next, old] = &lines;
        let text = format!("{last} from {}\n{next} from {}\n{old}", at(200), at(100));
        let ring = KeyRing::parse(&text).unwrap();
        let alone = |line: &String| KeyRing::parse(line).unwrap();
        for (second, seals) in [(99, old), (100, next), (199, next), (200, last)] {
            let now = at(second);
            let sealed = ring
                .at(now)
                .seal(Purpose::Journey, b"x", at(900), &OsEntropy);
            let sealed = sealed.unwrap();
            let does: Vec<_> = ring.uses(now).map(|(_, does)| does).collect();
            for (line, does) in lines.iter().zip(does) {
                let opened = alone(line).open(Purpose::Journey, &sealed, now);
                assert_eq!(opened.is_ok(), line == seals, "{second}");
                assert_eq!(does == KeyUse::Seals, line == seals, "{second}");
            }
            assert!(ring.open(Purpose::Journey, &sealed, now).is_ok());
        }
        // Where the time of none has come the last one waits for no other.
        let early = KeyRing::parse(&format!("{last} from {}\n{next} from {}", at(200), at(100)));
        let uses: Vec<_> = early.unwrap().uses(at(1)).map(|(_, does)| does).collect();
        assert_eq!(uses, [KeyUse::Waits, KeyUse::Seals]);
        // One behind a key that seals waits for nothing: it never will.
        let behind = KeyRing::parse(&format!("{last}\n{next} from {}", at(200)));
        let uses: Vec<_> = behind.unwrap().uses(at(1)).map(|(_, does)| does).collect();
        assert_eq!(uses, [KeyUse::Seals, KeyUse::Opens]);
    }

    #[test]
    fn a_key_file_is_refused_by_line_and_never_quoted() {
        let key = KeyRing::new_line(&OsEntropy);
        assert_eq!(KeyRing::parse("# none\n").unwrap_err(), SealKeyFault::Empty);
        assert_eq!(
            KeyRing::parse(&format!("{key}\nshort")).unwrap_err(),
            SealKeyFault::NotAKey(2)
        );
        assert_eq!(
            KeyRing::parse(&format!("{key}\n{key}")).unwrap_err(),
            SealKeyFault::Repeated(2)
        );
        assert!(!format!("{:?}", KeyRing::parse(&key).unwrap()).contains(&key));
    }
}
