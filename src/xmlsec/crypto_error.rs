//! What every part of this room fails with when OpenSSL does.

use openssl::error::ErrorStack;

/// The cryptographic library failed. Its words are for the log.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CryptoError(#[from] ErrorStack);
