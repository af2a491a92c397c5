//! Both ends of TLS: our own, where no proxy stands before us, and that of the servers we ask.

use std::{path::Path, sync::Arc};

pub use native_tls::TlsConnector;
use native_tls::{Certificate, Protocol};
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

/// No connector can be made: the file of authorities holds something else, or TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("no TLS can be spoken with these authorities")]
pub struct ConnectorError(#[from] native_tls::Error);

/// Makes what connects to a server: TLS 1.2 or later, its certificate checked against its name.
///
/// With `authorities`, PEM certificates, it is believed only if one of them vouches for it; otherwise
/// the authorities of the system do.
///
/// # Errors
///
/// `authorities` is not PEM certificates, or TLS cannot be set up.
pub fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, ConnectorError> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(pem) = authorities {
        builder.disable_built_in_roots(true);
        for authority in Certificate::stack_from_pem(pem)? {
            builder.add_root_certificate(authority);
        }
    }
    Ok(builder.build()?)
}
