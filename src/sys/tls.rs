//! Our own end of TLS, where no proxy stands before us.

use std::{path::Path, sync::Arc};

use openssl::{
    error::ErrorStack,
    ssl::{AlpnError, SslAcceptor, SslFiletype, SslMethod, select_next_proto},
};

/// The one protocol that is agreed on, in the form of ALPN (RFC 7301 §3.1).
///
/// A client that offers HTTP/2 as well would otherwise be told to speak it, and the listener does
/// not: no browser could come in.
const HTTP_1_1: &[u8] = b"\x08http/1.1";

/// The certificate or the key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate and key for TLS cannot be used")]
pub struct TlsError(#[from] ErrorStack);

/// Makes what accepts connections: TLS 1.2 and 1.3 (Mozilla's intermediate profile, version 5: older
/// phones sign in too), with the certificate chain and the key of two PEM files.
///
/// # Errors
///
/// A file cannot be read, or the two do not belong together.
pub fn acceptor(certificate_chain: &Path, key: &Path) -> Result<Arc<SslAcceptor>, TlsError> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_certificate_chain_file(certificate_chain)?;
    builder.set_private_key_file(key, SslFiletype::PEM)?;
    builder.check_private_key()?;
    builder.set_alpn_select_callback(|_, offered| {
        select_next_proto(HTTP_1_1, offered).ok_or(AlpnError::ALERT_FATAL)
    });
    Ok(Arc::new(builder.build()))
}
