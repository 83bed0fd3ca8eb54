//! The client of HTTPS: one connection for one call, to the addresses that were checked only, no redirects,
//! no cookies, and of the answer as much as was asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_LENGTH, HOST};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Call;

/// The longest time for a call.
const LONGEST: Duration = Duration::from_secs(30);

/// Calls over HTTPS.
#[derive(Clone)]
pub struct Https(TlsConnector);

impl Https {
    /// Trusting these authorities (PEM; what in it is no certificate is passed over). Without any,
    /// no call succeeds.
    ///
    /// # Errors
    /// When TLS itself cannot be set up.
    pub fn new(authorities: &[u8]) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(authorities).filter_map(Result::ok);
        let (_added, _ignored) = roots.add_parsable_certificates(certificates);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// The addresses of a host; none when it has none.
    pub async fn resolve(host: String, port: u16) -> Vec<SocketAddr> {
        let found = tokio::net::lookup_host((host, port)).await;
        found.map(Iterator::collect).unwrap_or_default()
    }

    /// Makes a call to one of the addresses and to no other, within half a minute: the answer's status,
    /// and its body when that is `most` octets at most and `most` is not 0.
    ///
    /// # Errors
    /// Why there was no answer, or too long a one.
    pub async fn exchange(
        self,
        call: Call,
        addresses: Vec<SocketAddr>,
        most: usize,
    ) -> Result<(u16, Bytes), String> {
        let answer = tokio::time::timeout(LONGEST, self.make(call, addresses, most)).await;
        answer.unwrap_or_else(|_| Err("the receiver did not answer in time".into()))
    }

    async fn make(
        self,
        call: Call,
        addresses: Vec<SocketAddr>,
        most: usize,
    ) -> Result<(u16, Bytes), String> {
        let uri: http::Uri = call.url.parse().map_err(|_| "the address is no URL".to_owned())?;
        let stream = connect(&addresses).await?;
        if uri.scheme_str() != Some("https") {
            return send(TokioIo::new(stream), &uri, call, most).await;
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let stream = self.0.connect(name, stream).await;
        let stream = stream.map_err(|error| format!("no TLS with the receiver: {error}"))?;
        send(TokioIo::new(stream), &uri, call, most).await
    }
}

/// The first address that lets itself be connected to.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut last = "the host has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

async fn send<I>(
    stream: I,
    uri: &http::Uri,
    call: Call,
    most: usize,
) -> Result<(u16, Bytes), String>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let said = |error: hyper::Error| format!("the receiver broke off: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(said)?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::builder()
        .method(call.method)
        .uri(path)
        .header(HOST, authority)
        .header(CONTENT_LENGTH, call.body.len());
    for (name, value) in &call.headers {
        request = request.header(name.as_ref(), value);
    }
    let request = request.body(Full::<Bytes>::new(call.body)).map_err(|error| error.to_string())?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(said)?;
        let status = answer.status().as_u16();
        if most == 0 {
            return Ok((status, Bytes::new()));
        }
        let whole = Limited::new(answer.into_body(), most).collect().await;
        let whole = whole.map_err(|error| format!("the answer broke off, or is too long: {error}"));
        whole.map(|whole| (status, whole.to_bytes()))
    };
    let answer = answer.await;
    connection.abort();
    answer
}
