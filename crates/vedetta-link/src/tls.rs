//! TLS 1.3 with a certificate on both sides. The handshake proves that each holds the key it
//! shows; whose key that is, the [`crate::Doorkeeper`] says. With authorities, certificates must
//! be theirs besides.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::identity::{Identity, key_of};
use vedetta_federation::key::PublicKey;

/// TLS of a node's links, both ways.
#[derive(Clone)]
pub struct Tls {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    key: PublicKey,
}

/// Accepts whoever proves to hold an Ed25519 key, and has it certified where authorities are set.
struct Holder {
    provider: Arc<CryptoProvider>,
    servers: Option<Arc<WebPkiServerVerifier>>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

const PROTOCOL: &[u8] = b"h2";

impl Tls {
    /// For a node. `authorities` (PEM) are those that must have certified a peer's key, if any.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn new(identity: &Identity, authorities: Option<&[u8]>) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let holder = Arc::new(Holder::new(Arc::clone(&provider), authorities)?);
        let versions = &[&rustls::version::TLS13];
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)?
            .with_client_cert_verifier(Arc::clone(&holder) as _)
            .with_single_cert(identity.chain(), identity.private())?;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Each connection proves its key anew: a link is made seldom and lasts.
        server.send_tls13_tickets = 0;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(holder)
            .with_client_auth_cert(identity.chain(), identity.private())?;
        client.alpn_protocols = vec![PROTOCOL.to_vec()];
        client.resumption = Resumption::disabled();
        Ok(Self { server: Arc::new(server), client: Arc::new(client), key: identity.key() })
    }

    /// The node's own key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.server))
    }

    /// Connects to a node.
    #[must_use]
    pub fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::clone(&self.client))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.key)
    }
}

impl Holder {
    fn new(provider: Arc<CryptoProvider>, authorities: Option<&[u8]>) -> Result<Self, Error> {
        let Some(pem) = authorities else {
            return Ok(Self { provider, servers: None, clients: None });
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let unreadable = |error| Error::General(format!("authorities of peers: {error}"));
            roots.add(certificate.map_err(unreadable)?)?;
        }
        let (roots, refused) =
            (Arc::new(roots), |error| Error::General(format!("authorities of peers: {error}")));
        let servers =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let clients =
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        Ok(Self {
            servers: Some(servers.build().map_err(refused)?),
            clients: Some(clients.map_err(refused)?),
            provider,
        })
    }

    fn signed(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }
}

fn ed25519(certificate: &CertificateDer<'_>) -> Result<(), Error> {
    match key_of(certificate) {
        Some(_) => Ok(()),
        None => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder")
    }
}

impl ServerCertVerifier for Holder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        ed25519(end_entity)?;
        match &self.servers {
            None => Ok(ServerCertVerified::assertion()),
            Some(certified) => certified.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("links speak TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for Holder {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        ed25519(end_entity)?;
        match &self.clients {
            None => Ok(ClientCertVerified::assertion()),
            Some(certified) => certified.verify_client_cert(end_entity, intermediates, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("links speak TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
