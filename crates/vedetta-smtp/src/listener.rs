//! Where mail systems hand letters in: accepts connections, bounds what they cost, speaks as
//! [`Session`] says.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use crate::session::{Act, Session, Step, Terms};
use crate::sources::{Shares, Sources, source};
use crate::{Letter, Reception, Taken};

/// What conversations may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one source other than this machine: an IPv4 address, a /64 of IPv6.
    pub per_source: usize,
    /// Octets of letters in memory at once, those being judged included.
    pub octets: usize,
    /// Octets of letters from one source other than this machine.
    pub octets_per_source: usize,
    /// Letters being judged at once.
    pub at_once: usize,
    /// How long a line, a piece of a letter or a handshake may take.
    pub patience: Duration,
    /// How long a letter may take to its dot.
    pub letter: Duration,
    /// How long a conversation may take, whatever is said in it.
    pub conversation: Duration,
    /// How long conversations may go on once the door closes.
    pub farewell: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 256,
            per_source: 32,
            octets: 256 << 20,
            octets_per_source: 128 << 20,
            at_once: 8,
            patience: Duration::from_secs(120),
            letter: Duration::from_mins(10),
            conversation: Duration::from_mins(30),
            farewell: Duration::from_secs(5),
        }
    }
}

impl Bounds {
    const fn shares(&self) -> Shares {
        let (connections, octets) = (self.per_source, self.octets_per_source);
        Shares { connections, octets, all_octets: self.octets }
    }
}

/// Why there is no such door.
#[derive(Debug, thiserror::Error)]
#[error(
    "{address}: cannot listen for mail ({reason}); choose another address or stop what uses it"
)]
pub struct ListenError {
    /// The address.
    address: SocketAddr,
    /// What the system said.
    reason: io::Error,
}

/// A door for mail: bound, not yet open.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    terms: Arc<Terms>,
    bounds: Bounds,
    tls: Option<TlsAcceptor>,
}

/// What all conversations share.
struct Shared {
    terms: Arc<Terms>,
    bounds: Bounds,
    tls: Option<TlsAcceptor>,
    reception: Arc<dyn Reception>,
    judging: Semaphore,
    sources: Mutex<Sources>,
    closing: watch::Receiver<bool>,
}

/// Counts a connection of a source until dropped.
struct Visit {
    shared: Arc<Shared>,
    source: IpAddr,
    _permit: OwnedSemaphorePermit,
}

/// The memory that a letter holds, until dropped.
struct Share {
    shared: Arc<Shared>,
    source: IpAddr,
    octets: usize,
}

/// What became of reading a letter to its dot.
enum Read {
    Whole(Vec<u8>),
    /// It went past the largest; its rest was thrown away.
    TooLarge,
    /// There was no room for it; its rest was thrown away.
    NoRoom,
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Duplex for T {}

/// What a source hears that has its share of connections.
const CROWDED: &[u8] = b"421 4.7.0 too many connections from where you are; come back\r\n";
/// Octets of a line, its end included (RFC 5321 §4.5.3.1.4, with room for parameters).
const LONGEST_LINE: usize = 4096;

impl Listener {
    /// Binds an address. With `tls` it offers STARTTLS.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(
        address: SocketAddr,
        terms: Terms,
        tls: Option<Arc<ServerConfig>>,
    ) -> Result<Self, ListenError> {
        let refused = |reason| ListenError { address, reason };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (terms, tls) = (Arc::new(terms), tls.map(TlsAcceptor::from));
        Ok(Self { listener, address, terms, bounds: Bounds::default(), tls })
    }

    /// With other bounds.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The address bound, with the port that the system chose if none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes letters until `stop` ends; what is being taken then is answered.
    pub async fn serve(self, reception: Arc<dyn Reception>, stop: impl Future<Output = ()>) {
        let (say_stop, closing) = watch::channel(false);
        let room = Arc::new(Semaphore::new(self.bounds.connections));
        let shared = Arc::new(Shared {
            terms: self.terms,
            bounds: self.bounds,
            tls: self.tls,
            reception,
            judging: Semaphore::new(self.bounds.at_once),
            sources: Mutex::default(),
            closing,
        });
        let (mut conversations, farewell) = (JoinSet::new(), self.bounds.farewell);
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            tokio::select! {
                () = &mut stop => break,
                Some(_) = conversations.join_next() => {}
                (permit, accepted) = accepted => match (permit, accepted) {
                    (Ok(permit), Ok((stream, address))) => {
                        match Visit::begin(&shared, address.ip(), permit) {
                            Some(visit) => conversations.spawn(receive(visit, stream, address)),
                            None => conversations.spawn(crowded(stream, farewell)),
                        };
                    }
                    (_, Err(error)) => {
                        tracing::warn!(%error, "cannot accept mail; trying again in a second");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    (Err(_), _) => break,
                },
            }
        }
        drop(self.listener);
        say_stop.send_replace(true);
        let all_ended = async { while conversations.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout(farewell, all_ended).await;
    }
}

impl Shared {
    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    fn begin(shared: &Arc<Shared>, address: IpAddr, permit: OwnedSemaphorePermit) -> Option<Self> {
        let source = source(address);
        if !shared.sources().enter(source, &shared.bounds.shares()) {
            tracing::debug!(%source, "too many connections from one source");
            return None;
        }
        Some(Self { shared: Arc::clone(shared), source, _permit: permit })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.shared.sources().leave(self.source);
    }
}

impl Share {
    /// Holds so many octets; false when there is no room.
    fn reaches(&mut self, octets: usize) -> bool {
        let more = octets.saturating_sub(self.octets);
        let shares = self.shared.bounds.shares();
        if more > 0 && !self.shared.sources().hold(self.source, more, &shares) {
            return false;
        }
        self.octets += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shared.sources().free(self.source, self.octets);
    }
}

/// Says that there are too many from there, to whoever listens.
async fn crowded(mut stream: TcpStream, patience: Duration) {
    let _unheard = tokio::time::timeout(patience, stream.write_all(CROWDED)).await;
}

async fn receive(visit: Visit, stream: TcpStream, peer: SocketAddr) {
    let shared = &visit.shared;
    let session = Session::new(Arc::clone(&shared.terms));
    let session = if shared.tls.is_some() { session.offering_tls() } else { session };
    let wire = Wire {
        stream: Box::new(stream),
        unread: Vec::new(),
        patience: shared.bounds.patience,
        ending: Box::pin(tokio::time::sleep(shared.bounds.conversation)),
    };
    let source = visit.source;
    let mut conversation = Conversation { shared, session, wire, peer, source };
    if let Err(error) = conversation.run().await {
        tracing::debug!(%peer, %error, "a conversation broke off");
        if error.kind() == io::ErrorKind::TimedOut {
            let farewell = conversation.session.farewell("takes no longer");
            // Whoever does not listen hears no farewell.
            let _unheard = conversation.wire.write(&farewell).await;
        }
    }
}

/// Bytes both ways, with patience for each piece.
struct Wire {
    stream: Box<dyn Duplex>,
    unread: Vec<u8>,
    patience: Duration,
    /// When the conversation has taken as long as it may.
    ending: Pin<Box<Sleep>>,
}

impl Wire {
    async fn write(&mut self, text: &str) -> io::Result<()> {
        let sending = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        tokio::time::timeout(self.patience, sending).await?
    }

    /// Reads some more; false at the end.
    async fn more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 << 10];
        let read = tokio::select! {
            read = tokio::time::timeout(self.patience, self.stream.read(&mut piece)) => read??,
            () = &mut self.ending => return Err(io::ErrorKind::TimedOut.into()),
        };
        self.unread.extend(piece.iter().take(read));
        Ok(read > 0)
    }

    /// A line with its end; `None` at the end of the conversation.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
                let rest = self.unread.split_off(end + 1);
                return Ok(Some(std::mem::replace(&mut self.unread, rest)));
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(io::Error::other("a line without end"));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// A letter to its dot, as far as there is room for it.
    async fn letter(&mut self, largest: usize, share: &mut Share) -> io::Result<Read> {
        let (mut receiver, mut letter) = (DataReceiver::new(), Vec::new());
        let mut thrown: Option<(DummyDataReceiver, Read)> = None;
        loop {
            let unread = std::mem::take(&mut self.unread);
            let mut octets = unread.iter();
            let ended = match &mut thrown {
                None => receiver.ingest(&mut octets, &mut letter),
                Some((receiver, _)) => receiver.ingest(&mut octets),
            };
            self.unread = octets.as_slice().to_vec();
            let why = match &thrown {
                Some(_) => None,
                None if letter.len() > largest => Some(Read::TooLarge),
                None => (!share.reaches(letter.capacity())).then_some(Read::NoRoom),
            };
            if ended {
                let thrown = why.or(thrown.map(|(_, why)| why));
                return Ok(thrown.unwrap_or(Read::Whole(letter)));
            }
            if let Some(why) = why {
                thrown = Some((DummyDataReceiver::new_data(&receiver), why));
                letter = Vec::new();
            }
            if !self.more().await? {
                return Err(io::Error::other("it ended within a letter"));
            }
        }
    }
}

struct Conversation<'a> {
    shared: &'a Arc<Shared>,
    session: Session,
    wire: Wire,
    peer: SocketAddr,
    source: IpAddr,
}

impl Conversation<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let greeting = self.session.greeting();
        self.wire.write(&greeting).await?;
        loop {
            let mut closing = self.shared.closing.clone();
            let closed = async { closing.wait_for(|closing| *closing).await.map(drop) };
            let line = tokio::select! {
                line = self.wire.line() => Some(line?),
                _ = closed => None,
            };
            let Some(line) = line else {
                let farewell = self.session.farewell("closes");
                return self.wire.write(&farewell).await;
            };
            let Some(line) = line else { return Ok(()) };
            let step = self.session.line(&line);
            self.wire.write(&step.answer).await?;
            match step.act {
                Act::Line => {}
                Act::Letter => self.letter().await?,
                Act::Tls => self.secure().await?,
                Act::Close => return Ok(()),
            }
        }
    }

    async fn letter(&mut self) -> io::Result<()> {
        let (shared, source) = (Arc::clone(self.shared), self.source);
        let mut share = Share { shared, source, octets: 0 };
        let whole = self.wire.letter(self.shared.terms.largest, &mut share);
        let step: Step = match tokio::time::timeout(self.shared.bounds.letter, whole).await?? {
            Read::TooLarge => self.session.too_large(),
            Read::NoRoom => {
                self.session.letter(&Taken::Later("many letters at once; this one later".into()))
            }
            Read::Whole(bytes) => {
                let (from, to) = self.session.envelope();
                let letter = Letter { from, to, bytes, peer: self.peer };
                let taken = self.taken(letter).await;
                self.session.letter(&taken)
            }
        };
        drop(share);
        self.wire.write(&step.answer).await
    }

    /// What the reception says, asked off the threads that serve connections.
    async fn taken(&self, letter: Letter) -> Taken {
        let Ok(_turn) = self.shared.judging.acquire().await else {
            return Taken::Later("the door closes".into());
        };
        let reception = Arc::clone(&self.shared.reception);
        let taken = tokio::task::spawn_blocking(move || reception.take(letter)).await;
        taken.unwrap_or_else(|error| {
            tracing::error!(%error, "a letter could not be taken in");
            Taken::Later("a fault of this door, told in its log".into())
        })
    }

    async fn secure(&mut self) -> io::Result<()> {
        let Some(tls) = &self.shared.tls else { return Err(io::Error::other("no TLS here")) };
        // What came in the clear after the command is nobody's (CVE-2011-0411).
        self.wire.unread.clear();
        let stream = std::mem::replace(
            &mut self.wire.stream,
            Box::new(tokio::io::join(tokio::io::empty(), tokio::io::sink())),
        );
        let handshake = tls.accept(stream);
        let secured = tokio::time::timeout(self.shared.bounds.patience, handshake).await??;
        self.wire.stream = Box::new(secured);
        self.session.secured();
        Ok(())
    }
}
