//! Dialling: one connection, one line; and the work that keeps a link with every peer that has an
//! address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vedetta_model::OrganisationId;

use crate::backoff::Backoff;
use crate::bounds::{Bounds, HEAD};
use crate::doorkeeper::{Callee, Unwelcome};
use crate::drive::{self, Voice};
use crate::frames::Outgoing;
use crate::identity::key_of;
use crate::line::{Dialled, Line};
use crate::links::Links;
use crate::listener::shown;
use crate::tls::Tls;
use crate::{CARD, LINK, PAIR};
use vedetta_federation::key::PublicKey;

/// Dials nodes.
#[derive(Clone, Debug)]
pub struct Dialler {
    tls: Tls,
    bounds: Bounds,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The address cannot be reached.
    #[error("{address}: cannot be reached ({reason})")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// No secure connection.
    #[error("{address}: no secure connection ({reason})")]
    Insecure {
        /// Where.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// It answered, but not with a line.
    #[error("{address}: refused ({status}: {reason})")]
    Refused {
        /// Where.
        address: String,
        /// The status.
        status: u16,
        /// In its words.
        reason: String,
    },
    /// It is somebody else, or nobody that may have a link.
    #[error(transparent)]
    Unwelcome(#[from] Unwelcome),
    /// It took too long.
    #[error("{0}: no answer in time")]
    Late(String),
}

type Body = Either<Outgoing, Full<Bytes>>;

/// A connection on which one message of pairing can be sent.
pub struct Call<'a> {
    dialler: &'a Dialler,
    connection: Connection,
}

/// An open connection.
struct Connection {
    sender: SendRequest<Body>,
    key: PublicKey,
    at: SocketAddr,
    address: String,
    held: oneshot::Sender<()>,
    gone: oneshot::Receiver<()>,
}

/// Octets of an answer's words that are read.
const WORDS: usize = 4 << 10;
/// How often it is looked who is to be dialled, and whether links may stay.
const REVIEW: Duration = Duration::from_secs(1);
/// A link that stood for so long was made in earnest.
const LASTING: Duration = Duration::from_secs(10);

impl Dialler {
    /// With a node's TLS.
    #[must_use]
    pub fn new(tls: Tls, bounds: Bounds) -> Self {
        Self { tls, bounds }
    }

    /// Makes a line to `host:port`, showing a card. Whose key answered is for the caller to check.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn line(&self, address: &str, card: &[u8]) -> Result<Line, DialError> {
        let connection = self.connect(address).await?;
        let (outgoing, body) = Outgoing::with_room_for(self.bounds.waiting);
        let request = request(address, LINK, Either::Left(body), Some(card))?;
        let Connection { sender, key, at, held, gone, address } = connection;
        let answer = self.ask(sender, &address, request).await?;
        if answer.status() != StatusCode::OK {
            return Err(refused(address, answer).await);
        }
        let card = shown(answer.headers());
        let incoming = answer.into_body();
        let dialled = Dialled::ByUs;
        let gone = Some(gone);
        Ok(Line { key, card, dialled, address: at, incoming, outgoing, held, gone })
    }

    /// Calls a node to pair with it.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn call(&self, address: &str) -> Result<Call<'_>, DialError> {
        Ok(Call { dialler: self, connection: self.connect(address).await? })
    }

    async fn connect(&self, address: &str) -> Result<Connection, DialError> {
        let connecting = self.try_connect(address);
        let late = |_| DialError::Late(address.to_owned());
        tokio::time::timeout(self.bounds.handshake, connecting).await.map_err(late)?
    }

    async fn try_connect(&self, address: &str) -> Result<Connection, DialError> {
        let unreachable =
            |reason: String| DialError::Unreachable { address: address.into(), reason };
        let insecure = |reason: String| DialError::Insecure { address: address.into(), reason };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|error| unreachable(error.to_string()))?;
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|error| unreachable(error.to_string()))?;
        let at = stream.peer_addr().map_err(|error| unreachable(error.to_string()))?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%address, %error, "no TCP_NODELAY");
        }
        let stream = self.tls.connector().connect(name, stream).await;
        let stream = stream.map_err(|error| insecure(error.to_string()))?;
        let chain = stream.get_ref().1.peer_certificates();
        let key = chain.and_then(|chain| chain.first()).and_then(key_of);
        let key = key.ok_or_else(|| insecure("it showed no key".into()))?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(self.bounds.window)
            .initial_connection_window_size(self.bounds.window)
            .max_send_buf_size(1 << 20)
            .max_header_list_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| insecure(error.to_string()))?;
        let (held, done) = oneshot::channel::<()>();
        let (ended, gone) = oneshot::channel::<()>();
        let farewell = self.bounds.farewell;
        tokio::spawn(async move {
            let _ended = ended;
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = done => {}
            }
            let _in_time = tokio::time::timeout(farewell, connection).await;
        });
        Ok(Connection { sender, key, at, address: address.to_owned(), held, gone })
    }

    async fn ask(
        &self,
        mut sender: SendRequest<Body>,
        address: &str,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, DialError> {
        let answer = tokio::time::timeout(self.bounds.handshake, sender.send_request(request));
        let answer = answer.await.map_err(|_| DialError::Late(address.to_owned()))?;
        let address = address.to_owned();
        answer.map_err(|error| DialError::Insecure { address, reason: error.to_string() })
    }
}

impl Call<'_> {
    /// The key that the other side proved to hold.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.connection.key
    }

    /// Sends a message of pairing and returns the answer.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn ask(self, message: Vec<u8>) -> Result<Vec<u8>, DialError> {
        let Self { dialler, connection: Connection { sender, address, held, .. } } = self;
        let request = request(&address, PAIR, Either::Right(Full::new(message.into())), None)?;
        let answer = dialler.ask(sender, &address, request).await?;
        if answer.status() != StatusCode::OK {
            return Err(refused(address, answer).await);
        }
        let reading = Limited::new(answer.into_body(), dialler.bounds.pairing).collect();
        let read = tokio::time::timeout(dialler.bounds.handshake, reading).await;
        let read = read.map_err(|_| DialError::Late(address.clone()))?;
        drop(held);
        match read {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) => Err(DialError::Insecure { address, reason: error.to_string() }),
        }
    }
}

fn request(
    address: &str,
    path: &str,
    body: Body,
    card: Option<&[u8]>,
) -> Result<Request<Body>, DialError> {
    let mut request =
        Request::builder().method(Method::POST).uri(format!("https://{address}{path}"));
    if let Some(card) = card {
        request = request.header(CARD, STANDARD.encode(card));
    }
    let wrong = |error: http::Error| DialError::Unreachable {
        address: address.to_owned(),
        reason: error.to_string(),
    };
    request.body(body).map_err(wrong)
}

async fn refused(address: String, answer: Response<Incoming>) -> DialError {
    let status = answer.status().as_u16();
    let reading = Limited::new(answer.into_body(), WORDS).collect();
    let words = tokio::time::timeout(REVIEW, reading).await;
    let words = words.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes);
    let reason = String::from_utf8_lossy(&words.unwrap_or_default()).into_owned();
    DialError::Refused {
        address,
        status,
        reason: reason.chars().filter(|c| !c.is_control()).collect(),
    }
}

impl Links {
    /// Dials as this node.
    #[must_use]
    pub fn dialler(&self) -> Dialler {
        Dialler::new(self.tls(), self.bounds().clone())
    }

    /// Keeps a link with every peer that has an address, until the links are closed.
    pub async fn dial_all(self) {
        let mut dialling: BTreeMap<OrganisationId, (Callee, JoinHandle<()>)> = BTreeMap::new();
        let mut reviews = tokio::time::interval(REVIEW);
        loop {
            tokio::select! {
                () = self.stopped() => break,
                _ = reviews.tick() => {}
            }
            let links = self.clone();
            let review = tokio::task::spawn_blocking(move || {
                links.review();
                links.keeper().callees()
            });
            let Ok(callees) = review.await else { continue };
            dialling.retain(|peer, (callee, task)| {
                let same = callees.iter().any(|it| it.peer == *peer && it == callee);
                if !same {
                    task.abort();
                }
                same && !task.is_finished()
            });
            for callee in callees {
                dialling
                    .entry(callee.peer.clone())
                    .or_insert_with(|| (callee.clone(), tokio::spawn(keep(self.clone(), callee))));
            }
        }
        dialling.into_values().for_each(|(_, task)| task.abort());
    }

    /// Makes a link with a peer.
    async fn dial(&self, dialler: &Dialler, callee: &Callee) -> Result<(), DialError> {
        let keeper = Arc::clone(self.keeper());
        let card = ask(move || keeper.card()).await?;
        let line = dialler.line(&callee.address, &card).await?;
        let (keeper, key, card) = (Arc::clone(self.keeper()), line.key, line.card.clone());
        let expected = callee.clone();
        let voice = ask(move || {
            let peer = keeper.admit(key, card.as_deref())?;
            if peer != expected.peer {
                let Callee { peer: wanted, address } = expected;
                return Err(Unwelcome(format!("{address}: {peer} answers there, not {wanted}")));
            }
            Ok(Voice::of(&*keeper, &peer, Dialled::ByUs))
        });
        let voice = voice.await??;
        let claim = self.claim(&callee.peer, (key, Dialled::ByUs, line.address));
        let claim = claim.map_err(|reason| Unwelcome(reason.to_owned()))?;
        drive::start(self, claim, line, voice);
        Ok(())
    }
}

async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unwelcome> {
    let answer = tokio::task::spawn_blocking(question).await;
    answer.map_err(|_| Unwelcome("a thread ended".to_owned()))
}

/// Keeps the link with one peer: dials whenever there is none. One that ends soon is not taken for
/// success: a peer that lets us in only to hang up is dialled ever more seldom.
async fn keep(links: Links, callee: Callee) {
    let mut backoff = Backoff::default();
    loop {
        let dialler = links.dialler();
        match links.dial(&dialler, &callee).await {
            Ok(()) => {
                let down = links.down(&callee.peer);
                tokio::pin!(down);
                if tokio::time::timeout(LASTING, &mut down).await.is_err() {
                    backoff.succeeded();
                    down.await;
                }
            }
            Err(error) => {
                links.failed(&callee.peer, error.into());
                links.down(&callee.peer).await;
            }
        }
        tokio::time::sleep(backoff.next(links.entropy())).await;
        // One that the other side made meanwhile is as good.
        links.down(&callee.peer).await;
    }
}
