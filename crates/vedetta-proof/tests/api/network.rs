//! The server on a real socket: TLS, certificates of machines, both protocols, its end.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vedetta_api::webhooks::{Caller as _, Https};
use vedetta_api::{ConnectionLimits, Server, ServerError, Tls, TlsError, Transport};
use vedetta_diffusion::webhook::Call;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_model::{AccountId, Actor, Instant, Role};

use crate::door::Door;

/// A certificate authority and what it issued.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn issue(&self, name: &str) -> (String, String) {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn client(&self, own: Option<(String, String)>, protocol: &[u8]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    }

    /// Connects to a server of this authority.
    pub(crate) async fn connect(
        &self,
        address: std::net::SocketAddr,
        protocol: &[u8],
    ) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        self.client(None, protocol).connect(name, stream).await.unwrap()
    }
}

/// Asks over HTTP/2 who one is; the answer's status and text.
async fn whoami(connector: &TlsConnector, address: std::net::SocketAddr) -> (u16, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TokioIo::new(connector.connect(name, stream).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/api/v1/sessions/current")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_machine_is_known_by_its_certificate() {
    let (door, authority) = (Door::new(), Authority::new());
    let (chain, key) = authority.issue("localhost");
    let tls = Tls::new(chain.as_bytes(), key.as_bytes(), Some(authority.pem.as_bytes())).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, Transport::Tls(tls), ConnectionLimits::default()).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(door.router.clone(), async {
        let _ = stopped.await;
    }));

    let machine = authority.issue("perugia.bot");
    let der = CertificateDer::from_pem_slice(machine.0.as_bytes()).unwrap();
    let connector = authority.client(Some(machine), b"h2");
    let (status, body) = whoami(&connector, address).await;
    assert_eq!(status, 401, "not tied to an account yet: {body}");
    let admin = Actor {
        account: AccountId::new("admin").unwrap(),
        organisation: "cnaipic".parse().unwrap(),
        roles: [Role::Administrator].into(),
        language: vedetta_model::Language::It,
        way: vedetta_model::Way::InPerson,
    };
    let certificate = Certificate {
        fingerprint: vedetta_api::api::fingerprint(&der),
        account: AccountId::new("perugia.bot").unwrap(),
        expires: Instant::from_micros(4_000_000_000_000_000),
    };
    door.api.house().tie_certificate(&admin, &certificate).unwrap();
    let (status, body) = whoami(&connector, address).await;
    assert_eq!(status, 200);
    assert!(body.contains("perugia.bot"));
    let (status, _) = whoami(&authority.client(None, b"h2"), address).await;
    assert_eq!(status, 401, "without a certificate one may still come in, and is nobody");

    let stranger = Authority::new().issue("perugia.bot");
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let foreign = authority.client(Some(stranger), b"h2").connect(name, stream).await;
    if let Ok(stream) = foreign {
        let handshake =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://localhost/health")
            .body(Empty::<bytes::Bytes>::new())
            .unwrap();
        assert!(sender.send_request(request).await.is_err(), "another authority's certificate");
    }
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(30), serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn plain_only_on_loopback() {
    let outside =
        Server::bind("0.0.0.0:0".parse().unwrap(), Transport::Plain, ConnectionLimits::default());
    assert!(matches!(outside.await, Err(ServerError::PlainOutsideLoopback(_))));
    let door = Door::new();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, Transport::Plain, ConnectionLimits::default()).await.unwrap();
    let address = server.address();
    let again = Server::bind(address, Transport::Plain, ConnectionLimits::default()).await;
    assert!(matches!(again, Err(ServerError::Listen { .. })));
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.serve(door.router.clone(), async {
        let _ = stopped.await;
    }));
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("/health").body(Empty::<bytes::Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
}

#[test]
fn certificate_and_key_must_belong_together() {
    let authority = Authority::new();
    let ((chain, _), (_, other_key)) = (authority.issue("localhost"), authority.issue("localhost"));
    let wrong = Tls::new(chain.as_bytes(), other_key.as_bytes(), None).unwrap_err();
    assert!(matches!(wrong, TlsError::Pair(_)), "{wrong}");
    let empty = Tls::new(b"", other_key.as_bytes(), None).unwrap_err();
    assert!(empty.to_string().contains("certificate"));
}

#[tokio::test]
async fn a_webhook_is_called_over_tls_at_a_checked_address() {
    use axum::routing::post;
    let authority = Authority::new();
    let (chain, key) = authority.issue("soc.comune.example");
    let tls = Tls::new(chain.as_bytes(), key.as_bytes(), None).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, Transport::Tls(tls), ConnectionLimits::default()).await.unwrap();
    let address = server.address();
    let hook = |body: String| async move {
        if body == "{}" { http::StatusCode::NO_CONTENT } else { http::StatusCode::BAD_REQUEST }
    };
    let app = axum::Router::new().route("/hook", post(hook));
    tokio::spawn(server.serve(app, std::future::pending()));
    let call = Call {
        method: "POST",
        url: "https://soc.comune.example/hook".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "{}".into(),
    };
    let caller = Https::new(authority.pem.as_bytes()).unwrap();
    assert_eq!(caller.call(call.clone(), vec![address]).await, Ok(204));
    assert!(caller.call(call.clone(), Vec::new()).await.is_err());
    let stranger = Https::new(Authority::new().pem.as_bytes()).unwrap();
    let refused = stranger.call(call, vec![address]).await.unwrap_err();
    assert!(refused.contains("TLS"), "{refused}");
}
