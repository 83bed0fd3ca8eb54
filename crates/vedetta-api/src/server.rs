//! The server: accepts connections, speaks HTTP/1.1 and HTTP/2 over TLS (or plain on loopback),
//! bounds what a connection may cost, and ends without cutting answers short.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use crate::gate::counted;
use crate::tls::Tls;

/// What a connection may cost.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address (for IPv6 one /64) other than loopback.
    pub per_address: usize,
    /// Time for the TLS handshake and for the head of a request.
    pub handshake: Duration,
    /// Octets of the head of a request.
    pub head: u32,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Time for answers to end once the server stops.
    pub farewell: Duration,
}

/// What is said to HTTP without TLS (RFC 9110, 15.5.1).
const NOT_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 116\r\nconnection: close\r\n\r\n\
    Questa porta parla HTTPS: scrivete https:// prima del nome.\n\
    This door speaks HTTPS: write https:// before its name.\n";

/// How a door is secured.
#[derive(Clone)]
pub enum Transport {
    /// Not at all; on loopback only.
    Plain,
    /// By TLS.
    Tls(Tls),
}

/// Who is at the other end of a connection; in the extensions of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address.
    pub address: SocketAddr,
    /// The client's certificate (DER), checked against the node's certificate authority.
    pub certificate: Option<Arc<[u8]>>,
}

/// Why a server did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Without TLS outside loopback.
    #[error("{0} is reachable from outside: give a certificate and key, or listen on 127.0.0.1")]
    PlainOutsideLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("{address}: cannot listen ({reason}); choose another address or stop what uses it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
}

/// A door that is open: bound, not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    transport: Transport,
    limits: ConnectionLimits,
}

/// What all connections share.
struct Shared {
    app: Router,
    transport: Transport,
    limits: ConnectionLimits,
    builder: auto::Builder<TokioExecutor>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    stopping: watch::Receiver<bool>,
}

/// Counts a connection of an address until dropped.
struct Visit {
    shared: Arc<Shared>,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            per_address: 256,
            handshake: Duration::from_secs(10),
            head: 64 * 1024,
            streams: 128,
            farewell: Duration::from_secs(10),
        }
    }
}

impl Server {
    /// Binds an address.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn bind(
        address: SocketAddr,
        transport: Transport,
        limits: ConnectionLimits,
    ) -> Result<Self, ServerError> {
        if matches!(transport, Transport::Plain) && !address.ip().is_loopback() {
            return Err(ServerError::PlainOutsideLoopback(address));
        }
        let refused = |reason| ServerError::Listen { address, reason };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, transport, limits })
    }

    /// The address bound, with the port that the system chose if none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` ends; then accepts nothing more, lets answers end for a while, and
    /// returns. Long streams should watch the same signal.
    pub async fn serve(self, app: Router, stop: impl Future<Output = ()>) {
        let (say_stop, stopping) = watch::channel(false);
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let shared = Arc::new(Shared {
            app,
            builder: builder(&self.limits),
            transport: self.transport,
            limits: self.limits,
            addresses: Mutex::default(),
            stopping,
        });
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                (permit, accepted) = accepted => match (permit, accepted) {
                    (Ok(permit), Ok((stream, address))) => {
                        if let Some(visit) = Visit::begin(&shared, address.ip(), permit) {
                            connections.spawn(connection(visit, stream, address));
                        }
                    }
                    (_, Err(error)) => rest_after(&error).await,
                    (Err(_), _) => break,
                },
            }
        }
        drop(self.listener);
        let _ = say_stop.send(true);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(shared.limits.farewell, all_ended).await.is_err() {
            tracing::info!("connections still open at the end were cut");
        }
    }
}

impl Visit {
    /// Takes a place for an address; `None` when it has too many.
    fn begin(shared: &Arc<Shared>, address: IpAddr, permit: OwnedSemaphorePermit) -> Option<Self> {
        let (loopback, address) = (address.to_canonical().is_loopback(), counted(address));
        let mut addresses = shared.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_default();
        if *count >= shared.limits.per_address && !loopback {
            tracing::debug!(%address, "too many connections from one address");
            return None;
        }
        *count += 1;
        Some(Self { shared: Arc::clone(shared), address, _permit: permit })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut addresses = self.shared.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

pub(crate) fn builder(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let head = usize::try_from(limits.head).unwrap_or(64 * 1024);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .max_buf_size(head.max(8 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.head)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// One connection from its handshake to its end.
async fn connection(visit: Visit, stream: TcpStream, address: SocketAddr) {
    let shared = &visit.shared;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%address, %error, "no TCP_NODELAY");
    }
    let outcome = match &shared.transport {
        Transport::Plain => {
            let peer = Peer { address, certificate: None };
            let (app, stopping) = (shared.app.clone(), shared.stopping.clone());
            speak(app, stopping, shared.builder.clone(), TokioIo::new(stream), peer).await
        }
        Transport::Tls(tls) => {
            let handshake = handshake(tls, stream);
            let stream = match tokio::time::timeout(shared.limits.handshake, handshake).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    tracing::debug!(%address, %error, "no TLS");
                    return;
                }
                Err(_) => return,
            };
            let session = stream.get_ref().1;
            let certificate = session.peer_certificates().and_then(|chain| chain.first());
            let certificate = certificate.map(|der| Arc::from(der.as_ref()));
            // The protocol was agreed in the handshake, so a silent client cannot wait for free.
            let builder = match session.alpn_protocol() {
                Some(b"h2") => shared.builder.clone().http2_only(),
                _ => shared.builder.clone().http1_only(),
            };
            let (app, stopping) = (shared.app.clone(), shared.stopping.clone());
            let peer = Peer { address, certificate };
            speak(app, stopping, builder, TokioIo::new(stream), peer).await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%address, %error, "connection ended");
    }
}

/// Agrees on TLS. Who speaks HTTP without it, as somebody who forgot an `s`, is told so.
async fn handshake(tls: &Tls, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    // A handshake begins with octet 22 (RFC 8446, 5.1), a request with the name of its method.
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        // An answer to what was not read may be lost.
        let _some = stream.read(&mut [0; 8 * 1024]).await?;
        stream.write_all(NOT_HTTPS).await?;
        stream.shutdown().await?;
        return Err(io::Error::other("HTTP without TLS"));
    }
    tls.acceptor().accept(stream).await
}

/// Speaks HTTP over a stream until it ends or `stopping`; every request bears the mark.
pub(crate) async fn speak<I, M>(
    app: Router,
    mut stopping: watch::Receiver<bool>,
    builder: auto::Builder<TokioExecutor>,
    stream: I,
    mark: M,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    I: Read + Write + Unpin + Send + 'static,
    M: Clone + Send + Sync + 'static,
{
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(mark.clone());
        let answer = app.clone().oneshot(request);
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    tokio::select! {
        outcome = connection.as_mut() => return outcome,
        _ = stopping.wait_for(|stop| *stop) => {}
    }
    Pin::as_mut(&mut connection).graceful_shutdown();
    connection.await
}

/// Out of file descriptors and the like: accepting again at once would only spin.
pub(crate) async fn rest_after(error: &io::Error) {
    let one_connection_only =
        matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset);
    if !one_connection_only {
        tracing::warn!(%error, "cannot accept connections; trying again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
