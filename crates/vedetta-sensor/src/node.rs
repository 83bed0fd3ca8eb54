//! The node as a sensor reaches it: HTTP/1.1 over TLS, trusting the node's own authority and no other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::SensorError;

/// A node.
#[derive(Clone)]
pub(crate) struct Node {
    address: String,
    tls: TlsConnector,
    authorization: Arc<Mutex<Option<HeaderValue>>>,
}

/// A connection to it, one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    node: Node,
}

/// Trusts the authority whose certificate has a digest, when the node shows it.
#[derive(Debug)]
struct Pinned {
    authority: [u8; 32],
    provider: Arc<rustls::crypto::CryptoProvider>,
}

/// How long a connection and an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer that is read whole.
const LARGEST: usize = 64 << 20;

impl Node {
    /// A node whose authority's certificate has this SHA-256.
    pub(crate) fn pinned(address: &str, authority: [u8; 32]) -> Result<Self, SensorError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Pinned { authority, provider: Arc::clone(&provider) });
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unreachable_at(address, error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(configuration));
        Ok(Self { address: address.to_owned(), tls, authorization: Arc::default() })
    }

    /// Proves the sensor by a token from now on.
    pub(crate) fn use_token(&self, token: &str) -> Result<(), SensorError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|error| unreachable_at(&self.address, error))?;
        value.set_sensitive(true);
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Connection, SensorError> {
        let failed = |error: &dyn std::fmt::Display| unreachable_at(&self.address, error);
        let host = self.address.rsplit_once(':').map_or(&*self.address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|error| failed(&error))?;
        let connecting = async {
            let tcp = TcpStream::connect(&self.address).await?;
            tcp.set_nodelay(true)?;
            self.tls.connect(name, tcp).await
        };
        let stream = tokio::time::timeout(PATIENCE, connecting);
        let stream = stream.await.map_err(|_| failed(&"it does not answer"))?;
        let stream = stream.map_err(|error| failed(&error))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        tokio::spawn(async move {
            // Whoever asks hears that the connection broke.
            let _told = connection.await;
        });
        Ok(Connection { sender, node: self.clone() })
    }
}

impl Connection {
    /// Sends JSON, and reads the answer whole.
    pub(crate) async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Bytes, SensorError> {
        let address = self.node.address.clone();
        let asking = self.ask(Method::POST, path, "application/json", body.into());
        let answer = tokio::time::timeout(PATIENCE, asking);
        let late = || unreachable_at(&address, "it did not answer in time");
        let answer = answer.await.map_err(|_| late())??;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST).collect();
        let body = tokio::time::timeout(PATIENCE, body).await.map_err(|_| late())?;
        let body = body.map_err(|error| unreachable_at(&address, error))?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let words =
            ["detail", "what_to_do"].map(|name| problem.get(name).and_then(|it| it.as_str()));
        let said: Vec<&str> = words.into_iter().flatten().collect();
        let said = format!("{status}: {}", said.join("; "));
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
            return Err(unreachable_at(&address, said));
        }
        Err(SensorError::Refused(said))
    }

    /// Follows the live stream after a place.
    pub(crate) async fn follow(mut self, after: u64) -> Result<Response<Incoming>, SensorError> {
        let path = format!("/api/v1/stream?after={after}");
        let address = self.node.address.clone();
        let asking = self.ask(Method::GET, &path, "application/x-ndjson", Bytes::new());
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        let answer =
            answer.map_err(|_| unreachable_at(&address, "it did not answer in time"))??;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status if status.as_u16() == 409 => {
                Err(SensorError::Refused(format!("{status}: the node was restored")))
            }
            status => Err(unreachable_at(&address, status)),
        }
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Bytes,
    ) -> Result<Response<Incoming>, SensorError> {
        let address = self.node.address.clone();
        let failed = |error: &dyn std::fmt::Display| unreachable_at(&address, error);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &address)
            .header(ACCEPT, accept);
        let authorization = self.node.authorization.lock();
        let authorization = authorization.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(body)).map_err(|error| failed(&error))?;
        self.sender.ready().await.map_err(|error| failed(&error))?;
        self.sender.send_request(request).await.map_err(|error| failed(&error))
    }
}

impl Pinned {
    /// The authority among what the node showed.
    fn authority<'c>(
        &self,
        shown: &'c [CertificateDer<'c>],
    ) -> Result<&'c CertificateDer<'c>, rustls::Error> {
        let is_it = |it: &&CertificateDer<'_>| Sha256::digest(it.as_ref())[..] == self.authority;
        let unknown = rustls::CertificateError::UnknownIssuer;
        shown.iter().find(is_it).ok_or(rustls::Error::InvalidCertificate(unknown))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority(intermediates)?.clone().into_owned())?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn unreachable_at(address: &str, error: impl std::fmt::Display) -> SensorError {
    SensorError::Node { address: address.to_owned(), reason: error.to_string() }
}
