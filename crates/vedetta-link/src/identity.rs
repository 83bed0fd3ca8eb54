//! Who a node is to another in TLS: its Ed25519 key, in a certificate that it signs itself or that
//! an authority signed for it.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::server::ParsedCertificate;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use vedetta_federation::key::{PublicKey, SecretKey};

/// A node's certificate and private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    private: PrivatePkcs8KeyDer<'static>,
    key: PublicKey,
    name: String,
}

/// Why a node cannot show who it is.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The key makes no certificate.
    #[error("the node's key makes no certificate: {0}")]
    Key(#[from] rcgen::Error),
    /// The certificates cannot be read.
    #[error("certificates of the node: not readable as PEM ({0})")]
    Pem(rustls_pki_types::pem::Error),
    /// The certificate is not for this node's key.
    #[error("certificate of the node: it is not for the node's own key; have it issued for that")]
    OtherKey,
}

/// The key in a certificate; `None` when it is not of Ed25519. That the other side holds it is
/// proven by the handshake, not here.
#[must_use]
pub fn key_of(certificate: &CertificateDer<'_>) -> Option<PublicKey> {
    let info = ParsedCertificate::try_from(certificate).ok()?.subject_public_key_info();
    PublicKey::from_spki(info.as_ref()).ok()
}

impl Identity {
    /// Of a key, signed by itself; `name` is for those who read certificates, nobody checks it.
    ///
    /// # Errors
    /// [`IdentityError::Key`].
    pub fn new(key: &SecretKey, name: &str) -> Result<Self, IdentityError> {
        let private = PrivatePkcs8KeyDer::from(key.to_pkcs8());
        let pair = KeyPair::try_from(&private)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&pair)?.der().clone();
        Ok(Self { chain: vec![certificate], private, key: key.public(), name: name.into() })
    }

    /// With the certificate that an authority issued for the same key, and those above it (PEM).
    ///
    /// # Errors
    /// [`IdentityError`] when it is not readable or for another key.
    pub fn certified(mut self, pem: &[u8]) -> Result<Self, IdentityError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let chain = chain.map_err(IdentityError::Pem)?;
        if chain.first().and_then(key_of) != Some(self.key) {
            return Err(IdentityError::OtherKey);
        }
        self.chain = chain;
        Ok(self)
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// A request for a certificate for this key, in PEM, for an authority to sign. A node is a server
    /// to its peers under these names, and a client.
    ///
    /// # Errors
    /// [`IdentityError::Key`].
    pub fn request(&self, names: &[String]) -> Result<String, IdentityError> {
        let pair = KeyPair::try_from(&self.private)?;
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name.push(DnType::CommonName, &self.name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        Ok(params.serialize_request(&pair)?.pem()?)
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(crate) fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.private.clone_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u8) -> Identity {
        Identity::new(&SecretKey::from_seed([seed; 32]).unwrap(), "a").unwrap()
    }

    #[test]
    fn the_certificate_shows_the_nodes_key() {
        let identity = identity(1);
        assert_eq!(identity.chain().first().and_then(key_of), Some(identity.key()));
        assert_ne!(identity.key(), self::identity(2).key());
    }

    #[test]
    fn a_certificate_for_another_key_is_refused() {
        let other = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&other).unwrap().pem();
        assert!(key_of(&CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).is_none());
        let own = identity(7);
        assert!(matches!(own.certified(certificate.as_bytes()), Err(IdentityError::OtherKey)));
    }

    #[test]
    fn an_authority_can_certify_the_key() {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = rcgen::Issuer::new(params, KeyPair::generate().unwrap());
        let own = identity(3);
        let request = own.request(&["node.example.org".into()]).unwrap();
        let request = rcgen::CertificateSigningRequestParams::from_pem(&request).unwrap();
        let issued = request.signed_by(&issuer).unwrap().pem();
        let certified = own.certified(issued.as_bytes()).unwrap();
        assert_eq!(certified.chain().first().and_then(key_of), Some(certified.key()));
    }
}
