//! Where peers dial in: accepts connections, proves keys, and lets in those whom the doorkeeper
//! knows.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use crate::bounds::{HEAD, LARGEST_HEADER};
use crate::drive::{self, Voice};
use crate::frames::Outgoing;
use crate::identity::key_of;
use crate::knocks::network;
use crate::line::{Dialled, Line};
use crate::links::Links;
use crate::{CARD, LINK, PAIR, pair};
use vedetta_federation::key::PublicKey;

/// A port where peers dial in: bound, not yet open.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why there is no such port.
#[derive(Debug, thiserror::Error)]
#[error(
    "{address}: cannot listen for peers ({reason}); choose another peer_listen or stop what uses it"
)]
pub struct ListenError {
    /// The address.
    address: SocketAddr,
    /// What the system said.
    reason: io::Error,
}

/// What is answered: frames without end, or a few words.
type Answer = Response<Either<Outgoing, Full<Bytes>>>;

/// Counts a connection of an address until dropped.
struct Visit {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
    /// Its place among strangers, until it is known for a peer.
    stranger: Option<OwnedSemaphorePermit>,
    _permit: OwnedSemaphorePermit,
}

/// One connection, for those who answer its requests.
struct Visitor {
    links: Links,
    key: PublicKey,
    address: SocketAddr,
    /// Requests begun, and requests ended.
    requests: watch::Sender<(u32, u32)>,
    /// Whether it sent a message of pairing: one a connection.
    paired: AtomicBool,
}

/// Requests at once on one connection.
const STREAMS: u32 = 4;

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let refused = |reason| ListenError { address, reason };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address bound, with the port that the system chose if none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets peers in until the links are closed.
    pub async fn serve(self, links: Links) {
        let room = Arc::new(Semaphore::new(links.bounds().connections));
        let counts = Arc::default();
        let mut connections = JoinSet::new();
        let stopped = links.stopped();
        tokio::pin!(stopped);
        loop {
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            tokio::select! {
                () = &mut stopped => break,
                Some(_) = connections.join_next() => {}
                (permit, accepted) = accepted => match (permit, accepted) {
                    (Ok(permit), Ok((stream, address))) => {
                        if let Some(visit) = Visit::begin(&links, &counts, address.ip(), permit) {
                            connections.spawn(receive(links.clone(), visit, stream, address));
                        }
                    }
                    (_, Err(error)) => {
                        tracing::warn!(%error, "cannot accept peers; trying again in a second");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    (Err(_), _) => break,
                },
            }
        }
        drop(self.listener);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout(links.bounds().farewell, all_ended).await;
    }
}

impl Visit {
    /// Lets one in who dialled, as a stranger until it has shown a peer's key; nothing when there is
    /// no place, or it comes too often.
    fn begin(
        links: &Links,
        counts: &Arc<Mutex<HashMap<IpAddr, usize>>>,
        address: IpAddr,
        permit: OwnedSemaphorePermit,
    ) -> Option<Self> {
        if !links.hears(address) {
            tracing::debug!(%address, "it knocks too often");
            return None;
        }
        let stranger = match links.stranger(address) {
            Ok(place) => place,
            Err(reason) => {
                tracing::debug!(%address, reason, "not let in");
                return None;
            }
        };
        let (address, most) = (network(address), links.bounds().per_address);
        let mut open = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= most && !address.is_loopback() {
            tracing::debug!(%address, "too many connections from one address");
            return None;
        }
        *count += 1;
        drop(open);
        Some(Self { counts: Arc::clone(counts), address, stranger, _permit: permit })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// One connection from its handshake to its end.
async fn receive(links: Links, mut visit: Visit, stream: TcpStream, address: SocketAddr) {
    let bounds = links.bounds().clone();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%address, %error, "no TCP_NODELAY");
    }
    let handshake = links.tls().acceptor().accept(stream);
    let stream = match tokio::time::timeout(bounds.handshake, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%address, %error, "no TLS with a caller"),
        Err(_) => return tracing::debug!(%address, "a caller did not finish its handshake"),
    };
    let chain = stream.get_ref().1.peer_certificates();
    let Some(key) = chain.and_then(|chain| chain.first()).and_then(key_of) else { return };
    visit.stranger = match links.place_for(&key, visit.stranger.take()) {
        Ok(place) => {
            if place.is_none() {
                links.was_a_peer(address.ip());
            }
            place
        }
        Err(reason) => return tracing::debug!(%address, ?key, reason, "a caller was refused"),
    };
    let (requests, seen) = watch::channel((0, 0));
    let farewell = bounds.farewell;
    let waiting = busy(seen, bounds.handshake);
    let paired = AtomicBool::new(false);
    let visitor = Arc::new(Visitor { links, key, address, requests, paired });
    let service = hyper::service::service_fn(move |request| {
        let visitor = Arc::clone(&visitor);
        async move { Ok::<_, Infallible>(visitor.answer(request).await) }
    });
    let connection = builder(bounds.window).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = waiting => {}
    }
    connection.as_mut().graceful_shutdown();
    let _in_time = tokio::time::timeout(farewell, connection).await;
}

/// Until the connection is of no more use: nothing was asked in time, or all that was is done.
async fn busy(mut seen: watch::Receiver<(u32, u32)>, patience: Duration) {
    let first = seen.wait_for(|(begun, _)| *begun > 0);
    if tokio::time::timeout(patience, first).await.is_err() {
        return;
    }
    // The sender is with those who answer: gone with the connection.
    let _done = seen.wait_for(|(begun, ended)| begun == ended).await.is_ok();
}

fn builder(window: u32) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .initial_stream_window_size(window)
        .initial_connection_window_size(window)
        .max_send_buf_size(1 << 20);
    builder
}

impl Visitor {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        self.requests.send_modify(|(begun, _)| *begun += 1);
        let (head, body) = request.into_parts();
        let ends = Ends(Arc::clone(&self));
        match (head.method, head.uri.path()) {
            (Method::POST, LINK) => self.link(&head.headers, body, ends).await,
            (Method::POST, PAIR) if self.paired.swap(true, Ordering::Relaxed) => {
                self.refuse(StatusCode::TOO_MANY_REQUESTS, "one message a connection")
            }
            (Method::POST, PAIR) => match pair::answer(&self.links, self.key, body).await {
                Ok(answer) => words(StatusCode::OK, answer),
                Err((status, reason)) => self.refuse(status, &reason),
            },
            (_, LINK | PAIR) => self.refuse(StatusCode::METHOD_NOT_ALLOWED, "use POST"),
            _ => self.refuse(StatusCode::NOT_FOUND, "nothing is here"),
        }
    }

    async fn link(&self, headers: &HeaderMap, incoming: Incoming, ends: Ends) -> Answer {
        let (keeper, key) = (Arc::clone(self.links.keeper()), self.key);
        let card = shown(headers);
        // Strangers ask too: they must not take the threads on which the node answers others, nor
        // the turns of peers.
        let Some(_turn) = self.links.turn(&self.key).await else {
            return self.refuse(StatusCode::SERVICE_UNAVAILABLE, "too many ask at once; try again");
        };
        let asking = tokio::task::spawn_blocking(move || {
            let peer = keeper.admit(key, card.as_deref())?;
            let voice = Voice::of(&*keeper, &peer, Dialled::ByPeer);
            Ok::<_, crate::Unwelcome>((voice, keeper.card(), peer))
        });
        let (voice, own, peer) = match asking.await {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(unwelcome)) => return self.refuse(StatusCode::FORBIDDEN, &unwelcome.0),
            Err(_) => return self.refuse(StatusCode::INTERNAL_SERVER_ERROR, "a thread ended"),
        };
        let claim = match self.links.claim(&peer, (key, Dialled::ByPeer, self.address)) {
            Ok(claim) => claim,
            Err(reason) => return self.refuse(StatusCode::CONFLICT, reason),
        };
        let (outgoing, body) = Outgoing::with_room_for(self.links.bounds().waiting);
        let (held, done) = oneshot::channel();
        let (dialled, address) = (Dialled::ByPeer, self.address);
        let line = Line { key, card: None, dialled, address, incoming, outgoing, held, gone: None };
        drive::start(&self.links, claim, line, voice);
        tokio::spawn(async move {
            // An error says that the line is gone: just what is waited for.
            let _gone = done.await;
            drop(ends);
        });
        let mut answer = Response::new(Either::Left(body));
        if let Ok(card) = HeaderValue::from_str(&STANDARD.encode(own)) {
            answer.headers_mut().insert(CARD, card);
        }
        answer
    }

    fn refuse(&self, status: StatusCode, reason: &str) -> Answer {
        tracing::info!(address = %self.address, key = ?self.key, %status, %reason, "a caller was refused");
        words(status, reason.to_owned().into_bytes())
    }
}

/// Notes the end of a request.
struct Ends(Arc<Visitor>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.requests.send_modify(|(_, ended)| *ended += 1);
    }
}

fn words(status: StatusCode, text: Vec<u8>) -> Answer {
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(text))));
    *answer.status_mut() = status;
    answer
}

/// The card that the other side shows, if it shows one: JSON that nobody has read yet.
#[must_use]
pub fn shown(headers: &HeaderMap) -> Option<Vec<u8>> {
    let card = headers.get(CARD)?.as_bytes();
    if card.len() > LARGEST_HEADER { None } else { STANDARD.decode(card).ok() }
}
