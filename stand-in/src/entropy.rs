//! The one place where the stand-in takes random bytes.

use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

/// 128 random bits in hexadecimal: request IDs, session IDs, one-time links.
///
/// # Errors
///
/// OpenSSL has no entropy; the caller must give up.
pub(crate) fn token() -> Result<String, ErrorStack> {
    let mut bytes = [0_u8; 16];
    rand_bytes(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
