//! Why a token does not sign, and what to do about it.

use cryptoki::error::{Error, RvError};

/// Why a key in a token cannot be used, at the start or for this one signature.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// Each signature would want the PIN once more.
    #[error(
        "the key wants the PIN anew for each signature (CKA_ALWAYS_AUTHENTICATE), which is not done here"
    )]
    AlwaysAuthenticate,
    /// As many callers wait for the token already as may.
    #[error("too many signatures wait for the token")]
    Busy,
    /// What stands for a certificate is none, or not one alone.
    #[error("the certificate of the key is not one X.509 certificate")]
    CertificateForm,
    /// The module, or the device behind it, failed.
    #[error("the token failed")]
    Device(#[source] Error),
    /// The module broke down while it was asked.
    #[error("the module of the token broke down")]
    GivenUp,
    /// It is locked, by others' tries or ours.
    #[error("the PIN of the token is locked")]
    Locked,
    /// One more wrong PIN would lock it.
    #[error("the token would lock its PIN at one more wrong one, and so none is tried")]
    LastTry,
    /// The library cannot be loaded, or does not begin.
    #[error("the module cannot be loaded")]
    Module(#[source] Error),
    /// The token holds no certificate with the key's `CKA_ID`.
    #[error("the token holds no certificate with the ID (CKA_ID) of the key")]
    NoCertificate,
    /// No private key goes by that name.
    #[error("the token shows no such private key")]
    NoKey,
    /// The token wants a PIN.
    #[error("the token wants a PIN, and none is named")]
    NoPin,
    /// The key is made for something else.
    #[error("the key in the token may not sign (CKA_SIGN)")]
    NotForSigning,
    /// No token goes by that name.
    #[error("the module shows no such token")]
    NoToken,
    /// What the key signs is not verified by the certificate.
    #[error("what the key in the token signs is not verified by its certificate")]
    OtherKey,
    /// The PIN was refused once, and is not tried again in this process.
    #[error("the token refuses the PIN, which this process does not try again")]
    Pin,
    /// Several certificates have the key's `CKA_ID`.
    #[error("several certificates in the token have the ID (CKA_ID) of the key")]
    SeveralCertificates,
    /// Several private keys go by that name.
    #[error("several private keys in the token go by this name")]
    SeveralKeys,
    /// Several tokens go by that name.
    #[error("several tokens go by this name")]
    SeveralTokens,
    /// No answer in time.
    #[error("the token does not answer")]
    Silent,
    /// The threads that ask could not be started.
    #[error("no thread can be started to ask the token")]
    Threads(#[source] std::io::Error),
}

impl TokenFault {
    /// Whether each further try may do harm, so that somebody has to see to it first: it spends one of the PIN's, or
    /// there is none left.
    pub const fn is_of_the_pin(&self) -> bool {
        matches!(self, Self::LastTry | Self::Locked | Self::Pin)
    }

    /// Whether the token, or the way to it, is away or does not answer, whatever the configuration says.
    pub(super) const fn is_of_the_device(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Device(_)
                | Self::GivenUp
                | Self::Module(_)
                | Self::NoToken
                | Self::Silent
        )
    }

    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::AlwaysAuthenticate => {
                "make a key without it: what the PIN opens once must sign for as long as the service runs"
            }
            Self::NotForSigning => {
                "name or make one that signs: `pkcs11-tool --keypairgen … --usage-sign`"
            }
            Self::Silent => {
                "see to the device and to what its module writes down; `pkcs11-tool --module MODULE -L` asks it by hand. \
                 Where the device is well and this goes on, restart the service: a call that hangs never gives its thread back"
            }
            Self::Busy | Self::GivenUp => {
                "see to the device and to what its module writes down; `pkcs11-tool --module MODULE -L` asks it by hand"
            }
            Self::Device(_) => {
                "see to the device: the words are its module's. A key that may sign by RSA PKCS#1 v1.5 (CKM_RSA_PKCS) or \
                 ECDSA (CKM_ECDSA) is needed"
            }
            Self::CertificateForm => {
                "x-certificate=file:/path names a PEM file with the key's certificate alone"
            }
            Self::Locked => "its security officer unlocks it; then put the right PIN into the file",
            Self::LastTry => {
                "log in by hand once, which begins the count anew: `pkcs11-tool --module MODULE -O -l`"
            }
            Self::Module(_) => {
                "is it a PKCS#11 module for this machine, and may the service load what it needs (docs/keys.md)?"
            }
            Self::NoCertificate | Self::SeveralCertificates => {
                "write one into the token beside the key (pkcs11-tool --write-object … --type cert --id …), or name a PEM \
                 file: x-certificate=file:/path"
            }
            Self::NoKey => "`pkcs11-tool --module MODULE -O -l` lists the keys",
            Self::NoPin => "add &pin-source=file:/path, with the PIN in the file's first line",
            Self::NoToken => {
                "`pkcs11-tool --module MODULE -L` lists the tokens that the user of the service sees: run it as that user"
            }
            Self::OtherKey => "name the certificate that was made for this key",
            Self::Pin => {
                "put the right PIN into the file before anything is run again: each start, check and doctor spends one try, \
                 and tokens lock after a few wrong ones"
            }
            Self::SeveralKeys => "add id=%01, with the CKA_ID that `pkcs11-tool -O -l` shows",
            Self::SeveralTokens => "add serial=NUMBER, which `pkcs11-tool -L` shows",
            Self::Threads(_) => "how many threads the service may have is a limit of the system",
        }
    }
}

/// What became of a question, in the module's own code where it gave one.
pub(super) const fn code(error: &Error) -> Option<RvError> {
    match error {
        Error::Pkcs11(code, _) => Some(*code),
        Error::LibraryLoading(_)
        | Error::NotSupported
        | Error::TryFromInt(_)
        | Error::TryFromSlice(_)
        | Error::ParseInt(_)
        | Error::Utf8(_)
        | Error::NulError(_)
        | Error::NullFunctionPointer
        | Error::MissingSymbol(_)
        | Error::InvalidValue
        | Error::PinNotSet => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r100_what_is_of_the_pin_is_not_of_the_device_and_each_fault_has_a_hint() {
        for (fault, is_of_the_pin, is_of_the_device) in [
            (TokenFault::Busy, false, true),
            (TokenFault::GivenUp, false, true),
            (TokenFault::NoToken, false, true),
            (TokenFault::Silent, false, true),
            (TokenFault::LastTry, true, false),
            (TokenFault::Locked, true, false),
            (TokenFault::Pin, true, false),
            (TokenFault::NoKey, false, false),
            (TokenFault::OtherKey, false, false),
        ] {
            let found = (fault.is_of_the_pin(), fault.is_of_the_device());
            assert_eq!(found, (is_of_the_pin, is_of_the_device), "{fault}");
            assert!(fault.hint().contains(' '), "{fault}");
        }
    }
}
