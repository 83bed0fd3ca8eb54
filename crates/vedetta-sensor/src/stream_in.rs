//! Events over HTTP: a partner that proves itself by a certificate sends lines, for as long as it likes.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::error::SensorError;
use crate::lines::Lines;
use crate::listen::Sink;

/// Connections at once.
const CONNECTIONS: usize = 256;
/// How long a handshake or a head may take, and how long a body may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_mins(30);
/// What partners may speak.
pub(crate) const SPEAKS: &[&str] = &["h2", "http/1.1"];

/// Takes what partners send, for as long as it is polled.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    sink: Sink,
) -> Result<(), SensorError> {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let (sink, tls) = (sink.clone(), tls.clone());
        tokio::spawn(async move {
            let _place = place;
            let stream = match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    tracing::info!(%from, %error, "a partner did not prove itself");
                    return;
                }
                Err(_) => return,
            };
            let answer = service_fn(|request| answer(request, sink.clone()));
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            server.http2().timer(TokioTimer::new()).max_concurrent_streams(8);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), answer).await {
                tracing::info!(%from, %error, "a partner's connection ended");
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    sink: Sink,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        return Ok(said(StatusCode::METHOD_NOT_ALLOWED, "send events with POST, one a line"));
    }
    Ok(match take(request.into_body(), &sink).await {
        Ok(lines) => {
            let body = json!({ "lines": lines }).to_string();
            Response::new(Full::new(body.into()))
        }
        Err(error) => {
            tracing::warn!(%error, "events of a partner were not kept whole");
            said(StatusCode::SERVICE_UNAVAILABLE, "not all of it was kept; send it again")
        }
    })
}

fn said(status: StatusCode, what_to_do: &str) -> Response<Full<Bytes>> {
    let body = json!({ "status": status.as_u16(), "what_to_do": what_to_do }).to_string();
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

/// Keeps the lines of a body as they come; answers how many there were. When this returns, they are on
/// disk.
async fn take(mut body: Incoming, sink: &Sink) -> io::Result<u64> {
    let (mut lines, mut count) = (Lines::default(), 0);
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame()).await;
        let frame = frame.map_err(|_| io::Error::other("silent for too long"))?;
        let mut whole = Vec::new();
        let mut each = |line: &[u8], _| {
            count += u64::from(!line.trim_ascii().is_empty());
            whole.extend_from_slice(line);
            whole.push(b'\n');
        };
        let ended = match frame {
            None => {
                lines.rest(&mut each);
                true
            }
            Some(frame) => {
                let frame = frame.map_err(io::Error::other)?;
                lines.take(frame.data_ref().map_or(&[][..], |octets| octets), &mut each);
                false
            }
        };
        if !whole.is_empty() {
            sink.wait_and_put(&whole).await?;
        }
        if ended {
            sink.on_disk().await?;
            return Ok(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rustls::RootCertStore;
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use tokio::net::TcpStream;

    use super::*;
    use crate::proof::sample::{Authority, put};
    use crate::settings::Input;
    use crate::tail::More;
    use crate::{proof, spool};

    /// What a client that proves itself by a certificate is answered.
    async fn post(
        address: std::net::SocketAddr,
        (authority, proof): (&Authority, Option<(String, String)>),
        body: &'static str,
    ) -> Result<(StatusCode, String), String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let configuration = match proof {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        let tcp = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        let name = ServerName::try_from("localhost").unwrap();
        let tls = tokio_rustls::TlsConnector::from(Arc::new(configuration));
        let stream = tls.connect(name, tcp).await.map_err(|error| failed(&error))?;
        let client = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = client.map_err(|error| failed(&error))?;
        tokio::spawn(connection);
        let request = Request::post("/").body(Full::new(Bytes::from_static(body.as_bytes())));
        let answer = sender.send_request(request.unwrap()).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| failed(&error))?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }

    #[tokio::test]
    async fn who_proves_itself_is_heard_and_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) = (Authority::new(), Authority::new());
        let (certificate, key) = ours.issue(&["localhost"]);
        let input = Input {
            https: Some("127.0.0.1:0".parse().unwrap()),
            certificate: Some(put(directory.path(), "cert.pem", &certificate)),
            key: Some(put(directory.path(), "key.pem", &key)),
            clients: Some(put(directory.path(), "clients.pem", &theirs.pem)),
            ..Input::default()
        };
        let (writer, reader) =
            spool::open(&directory.path().join("s"), (4 << 20, spool::Numbered::ByPlace), None)
                .unwrap();
        let (sink, reader) = (Sink::new(writer, Arc::default()), Mutex::new(reader));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = proof::acceptor(&input, SPEAKS).unwrap().unwrap();
        let server = tokio::spawn(serve(listener, tls, sink));
        let partner = || Some(theirs.issue(&["partner.example.org"]));
        let (status, body) =
            post(address, (&ours, partner()), "{\"a\":1}\n\n{\"a\":2}\nlast").await.unwrap();
        assert_eq!((status, body.as_str()), (StatusCode::OK, "{\"lines\":3}"));
        let mut seen = Vec::new();
        let mut reader = reader.into_inner().unwrap();
        let mut each = |line: &[u8], _| seen.push(String::from_utf8_lossy(line).into_owned());
        while reader.read(&mut each).unwrap() == More::Now {}
        assert_eq!(seen, ["{\"a\":1}", "", "{\"a\":2}", "last"]);
        let stranger = ours.issue(&["partner.example.org"]);
        assert!(post(address, (&ours, Some(stranger)), "x").await.is_err());
        assert!(post(address, (&ours, None), "x").await.is_err());
        server.abort();
    }
}
