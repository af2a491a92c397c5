//! Both ends of TLS: our own, where no proxy stands before us, and that of the servers we ask.

use std::{io, path::Path, sync::Arc};

pub use native_tls::TlsConnector;
use native_tls::{Certificate, Protocol};
use openssl::{
    error::ErrorStack,
    ssl::{AlpnError, SslAcceptor, SslFiletype, SslMethod, select_next_proto},
};
use tokio::{io::BufReader, net::TcpStream};

/// The one protocol that is agreed on, in the form of ALPN (RFC 7301 §3.1).
///
/// A client that offers HTTP/2 as well would otherwise be told to speak it, and the listener does
/// not: no browser could come in.
const HTTP_1_1: &[u8] = b"\x08http/1.1";

/// The certificate or the key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate and key for TLS cannot be used")]
pub struct TlsError(#[from] ErrorStack);

/// Has the library of TLS stay up until the process is gone. For a program to call before anything else.
///
/// What is called first of the library may have it taken down as the program ends, under a thread that still waits for a server's
/// TLS: SIGSEGV. `Cipher::fetch` does (measured, openssl 0.10.82), and a module of PKCS#11 may.
pub fn keep_up() {
    openssl::init();
}

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

/// Why no connector can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The authorities are none: nobody at all would be believed.
    #[error("holds no certificate in PEM")]
    NoAuthority,
    /// A certificate cannot be read, or TLS cannot be set up.
    #[error("no TLS can be spoken with these authorities")]
    Unusable(#[from] native_tls::Error),
}

/// Whether `pem` are authorities that [`connector`] takes. That itself reads the system's own first, twice, and
/// costs more than all the rest of a configuration.
///
/// # Errors
///
/// It is not PEM certificates, or holds none.
pub fn check_authorities(pem: &[u8]) -> Result<(), ConnectorError> {
    authorities_of(pem).map(drop)
}

fn authorities_of(pem: &[u8]) -> Result<Vec<Certificate>, ConnectorError> {
    let authorities = Certificate::stack_from_pem(pem)?;
    if authorities.is_empty() {
        return Err(ConnectorError::NoAuthority);
    }
    Ok(authorities)
}

/// Makes what connects to a server: TLS 1.2 or later, its certificate checked against its name.
///
/// With `authorities`, PEM certificates, it is believed only if one of them vouches for it; otherwise
/// the authorities of the system do.
///
/// # Errors
///
/// `authorities` is not PEM certificates, or holds none, or TLS cannot be set up.
pub fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, ConnectorError> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(pem) = authorities {
        builder.disable_built_in_roots(true);
        for authority in authorities_of(pem)? {
            builder.add_root_certificate(authority);
        }
    }
    Ok(builder.build()?)
}

/// A connection over TLS. What has arrived is taken in one go, and not header and content of each
/// record by themselves, as the library would.
pub type TlsStream = tokio_native_tls::TlsStream<BufReader<TcpStream>>;

/// Begins TLS on a connection to `host`, a name or an IP address, which its certificate must name.
///
/// # Errors
///
/// The connection broke, or the server is not believed.
pub async fn begin(
    connector: &TlsConnector,
    host: &str,
    stream: TcpStream,
) -> io::Result<TlsStream> {
    tokio_native_tls::TlsConnector::from(connector.clone())
        .connect(host, BufReader::new(stream))
        .await
        .map_err(io::Error::other)
}

/// The certificate of an authority, as PEM, for a test.
#[cfg(test)]
pub(crate) fn authority_for_test() -> Vec<u8> {
    use openssl::{
        asn1::Asn1Time,
        ec::{EcGroup, EcKey},
        hash::MessageDigest,
        nid::Nid,
        pkey::PKey,
        x509::{X509, X509NameBuilder, extension::BasicConstraints},
    };

    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "authority").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    let (today, later) = (0, 30);
    builder
        .set_not_before(&Asn1Time::days_from_now(today).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(later).unwrap())
        .unwrap();
    builder.set_pubkey(&key).unwrap();
    let constraints = BasicConstraints::new().critical().ca().build().unwrap();
    builder.append_extension(constraints).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r64_authorities_are_pem_certificates_and_at_least_one() {
        let one = authority_for_test();
        let two = [one.as_slice(), b"\n# the next one\n", &one].concat();
        assert!(connector(None).is_ok());
        for some in [&one, &two] {
            assert!(check_authorities(some).is_ok() && connector(Some(some)).is_ok());
        }
        for none in ["", "x", "# to come\n"] {
            assert!(check_authorities(none.as_bytes()).is_err());
            let fault = connector(Some(none.as_bytes()));
            assert!(matches!(fault, Err(ConnectorError::NoAuthority)), "{none}");
        }
        let cut = [one.as_slice(), &one[..one.len() / 2]].concat();
        let fault = connector(Some(&cut));
        assert!(matches!(fault, Err(ConnectorError::Unusable(_))));
    }
}
