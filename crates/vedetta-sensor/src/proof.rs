//! How the two ends of an input prove themselves: certificates, keys, and whom to believe.

use std::path::Path;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::error::SensorError;
use crate::settings::Input;

type Proof = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What takes connections of an input, when it has a certificate; with `clients`, only of those who prove
/// themselves to them.
pub(crate) fn acceptor(input: &Input, speaks: &[&str]) -> Result<Option<TlsAcceptor>, SensorError> {
    let Some((chain, key)) = own(input)? else { return Ok(None) };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let made = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(input, &error))?;
    let made = match &input.clients {
        None => made.with_no_client_auth(),
        Some(clients) => {
            let roots = Arc::new(believed(clients)?);
            let proof = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            made.with_client_cert_verifier(
                proof.map_err(|error| SensorError::file(clients, error))?,
            )
        }
    };
    let made = made.with_single_cert(chain, key);
    let mut made = made.map_err(|error| unusable(input, &error))?;
    made.alpn_protocols = speaks.iter().map(|it| it.as_bytes().to_vec()).collect();
    Ok(Some(TlsAcceptor::from(Arc::new(made))))
}

/// What connects an input to its server, when it has `authorities`; with a certificate it proves itself
/// there.
pub(crate) fn connector(input: &Input) -> Result<Option<TlsConnector>, SensorError> {
    let Some(authorities) = &input.authorities else { return Ok(None) };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let made = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(input, &error))?
        .with_root_certificates(believed(authorities)?);
    let made = match own(input)? {
        None => made.with_no_client_auth(),
        Some((chain, key)) => {
            made.with_client_auth_cert(chain, key).map_err(|error| unusable(input, &error))?
        }
    };
    Ok(Some(TlsConnector::from(Arc::new(made))))
}

/// The certificate and the key of an input, when it has them.
fn own(input: &Input) -> Result<Option<Proof>, SensorError> {
    let (Some(certificate), Some(key)) = (&input.certificate, &input.key) else { return Ok(None) };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| SensorError::file(certificate, error))?;
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| SensorError::file(key, error))?;
    Ok(Some((chain, secret)))
}

/// The authorities of a file.
fn believed(file: &Path) -> Result<RootCertStore, SensorError> {
    let failed = |error: &dyn std::fmt::Display| SensorError::file(file, error);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"no certificate is in it"));
    }
    Ok(roots)
}

fn unusable(input: &Input, error: &dyn std::fmt::Display) -> SensorError {
    SensorError::Node {
        address: input.name(),
        reason: format!("certificate and key cannot be used ({error})"),
    }
}

/// Certificates for tests.
#[cfg(test)]
pub(crate) mod sample {
    use std::path::{Path, PathBuf};

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    pub(crate) struct Authority {
        issuer: Issuer<'static, KeyPair>,
        pub(crate) pem: String,
    }

    impl Authority {
        pub(crate) fn new() -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let pem = params.self_signed(&key).unwrap().pem();
            Self { issuer: Issuer::new(params, key), pem }
        }

        pub(crate) fn issue(&self, names: &[&str]) -> (String, String) {
            let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(names).unwrap();
            (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
        }
    }

    pub(crate) fn put(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}
