//! TLS of a door: the node's certificate, and clients' certificates when they have one.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// TLS as a server, ready to accept.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// The certificate that doors show. It may be replaced while they are open: connections go on, and the next
/// handshake has the new one.
pub struct Shown(RwLock<Arc<CertifiedKey>>);

/// Why certificate and key are not usable.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM, or not of the kind wanted.
    #[error("{what}: not readable as PEM ({reason})")]
    Pem {
        /// Which of the inputs.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// They do not belong together, or are of a kind that is not supported.
    #[error("certificate and key: {0}; give the chain, node first, and its own key")]
    Pair(#[from] rustls::Error),
    /// The certificate authority for clients is not usable.
    #[error("certificate authority of clients: {0}")]
    Clients(String),
}

impl Tls {
    /// With the node's certificate chain and key, and the authority that issues clients'
    /// certificates; all PEM. A client without a certificate is still accepted: it proves itself
    /// otherwise. One with a certificate of another authority is not.
    ///
    /// # Errors
    /// [`TlsError`], naming the input.
    pub fn new(chain: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<Self, TlsError> {
        Self::showing(Shown::new(chain, key)?, clients)
    }

    /// As [`Tls::new`], with a certificate that may be replaced.
    ///
    /// # Errors
    /// [`TlsError`], naming the input.
    pub fn showing(shown: Arc<Shown>, clients: Option<&[u8]>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates("certificate authority of clients", authority)? {
                    roots.add(certificate)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build()
                        .map_err(|reason| TlsError::Clients(reason.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(shown);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

impl Shown {
    /// A certificate chain, node first, and its key, in PEM.
    ///
    /// # Errors
    /// [`TlsError`], naming the input.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self(RwLock::new(certified(chain, key)?))))
    }

    /// Shows another from now on.
    ///
    /// # Errors
    /// [`TlsError`], naming the input: then it shows the one before.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let next = certified(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

fn certified(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates("certificate", chain)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|reason| TlsError::Pem { what: "key", reason: reason.to_string() })?;
    let provider = rustls::crypto::ring::default_provider();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |reason: String| TlsError::Pem { what, reason };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong("no certificate in it".into())),
        Ok(found) => Ok(found),
        Err(reason) => Err(wrong(reason.to_string())),
    }
}
