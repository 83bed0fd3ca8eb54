//! Syslog from the network: datagrams (RFC 5426) and streams (RFC 6587, and RFC 5425 over TLS).

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use vedetta_detect::decode::LONGEST;

use crate::error::SensorError;
use crate::settings::Input;
use crate::spool::Writer;
use crate::{journal, nats, proof, stream_in};

/// Where what is heard goes.
#[derive(Clone)]
pub(crate) struct Sink {
    writer: Arc<Mutex<Writer>>,
    /// Lines for which there was no room.
    lost: Arc<AtomicU64>,
}

/// Octets kept at once.
const TOGETHER: usize = 256 << 10;
/// Streams at once, and of one address.
const STREAMS: usize = 1_024;
const OF_ONE: usize = 64;
/// Octets of messages that are not whole yet, of all streams together: of one it is a message at most.
const HELD: usize = 32 << 20;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a stream may say nothing.
const SILENCE: Duration = Duration::from_mins(30);
/// How long a stream waits when there is no room.
const PATIENCE: Duration = Duration::from_millis(200);
const BUFFER: usize = 1 << 16;

impl Sink {
    pub(crate) fn new(writer: Writer, lost: Arc<AtomicU64>) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)), lost }
    }

    /// Keeps lines, each with its end; whether there was room.
    fn put(&self, lines: &[u8]) -> io::Result<bool> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).put(lines)
    }

    /// Keeps lines, when there is room: many lines a few at a time, for together they may be more than
    /// there will ever be room for.
    pub(crate) async fn wait_and_put(&self, mut lines: &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            let most = lines.get(..TOGETHER).unwrap_or(lines);
            let end = memchr::memrchr(b'\n', most).or_else(|| memchr::memchr(b'\n', lines));
            let (some, rest) = lines.split_at(end.map_or(lines.len(), |at| at + 1));
            while !self.put(some)? {
                tokio::time::sleep(PATIENCE).await;
            }
            lines = rest;
        }
        Ok(())
    }

    /// Waits until all that was kept is on disk: who sent it may be answered.
    pub(crate) async fn on_disk(&self) -> io::Result<()> {
        let file = self.writer.lock().unwrap_or_else(PoisonError::into_inner).file()?;
        let synced = tokio::task::spawn_blocking(move || file.sync_data());
        synced.await.map_err(io::Error::other)?
    }
}

/// Takes what an input brings, for as long as it is polled.
pub(crate) async fn run(
    (input, account): (Input, String),
    sink: Sink,
    directory: PathBuf,
) -> Result<(), SensorError> {
    if let Some(units) = &input.journal {
        return journal::follow(units, &directory, &sink).await;
    }
    if let (Some(server), Some(subject)) = (&input.nats, &input.subject) {
        let (stream, account) = (input.stream.as_deref(), account.as_str());
        let tls = proof::connector(&input)?;
        let what = nats::Subject { server, tls: tls.as_ref(), subject, stream, account };
        return nats::follow(&what, &sink).await;
    }
    listen(input, sink).await
}

async fn listen(input: Input, sink: Sink) -> Result<(), SensorError> {
    let failed = |error: io::Error| SensorError::Node {
        address: input.name(),
        reason: format!("cannot listen ({error}); choose another address"),
    };
    if let Some(address) = input.udp {
        let socket = UdpSocket::bind(address).await.map_err(failed)?;
        return datagrams(&socket, &sink).await.map_err(failed);
    }
    if let (Some(address), Some(tls)) = (input.https, proof::acceptor(&input, stream_in::SPEAKS)?) {
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        return stream_in::serve(listener, tls, sink).await;
    }
    let Some(address) = input.tcp else { return Ok(()) };
    let tls = proof::acceptor(&input, &[])?;
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    streams(&listener, (tls, HANDSHAKE), &sink).await;
    Ok(())
}

/// Takes streams, each in a task of its own.
async fn streams(
    listener: &TcpListener,
    (tls, handshake): (Option<TlsAcceptor>, Duration),
    sink: &Sink,
) {
    let (room, places) = (Arc::new(Semaphore::new(STREAMS)), Places::default());
    let held = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let Some(of_address) = places.take(from.ip()) else {
            tracing::info!(%from, "one address has as many streams of syslog as it may");
            continue;
        };
        let (sink, tls, held) = (sink.clone(), tls.clone(), Arc::clone(&held));
        tokio::spawn(async move {
            let (_place, _of_address) = (place, of_address);
            let ended = match tls {
                None => follow(stream, &sink, held).await,
                Some(tls) => match tokio::time::timeout(handshake, tls.accept(stream)).await {
                    Ok(Ok(stream)) => follow(stream, &sink, held).await,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(io::Error::other("it does not say who it is")),
                },
            };
            if let Err(error) = ended {
                tracing::info!(%from, %error, "a stream of syslog ended");
            }
        });
    }
}

/// Who has how many streams open.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them.
struct OfAddress(Places, IpAddr);

impl Places {
    fn take(&self, address: IpAddr) -> Option<OfAddress> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        (*count < OF_ONE).then(|| {
            *count += 1;
            OfAddress(self.clone(), address)
        })
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// Room for what a stream holds of a message, given back when it ends.
struct Held(Arc<AtomicUsize>, usize);

impl Held {
    /// It is so much now; whether there is room.
    fn is(&mut self, octets: usize) -> bool {
        let Self(all, before) = self;
        let others = all.fetch_add(octets, Ordering::AcqRel) - *before;
        all.fetch_sub(*before, Ordering::AcqRel);
        *before = octets;
        others + octets <= HELD || octets <= BUFFER
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::AcqRel);
    }
}

async fn datagrams(socket: &UdpSocket, sink: &Sink) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let mut line = buffer.get(..length).unwrap_or_default().to_vec();
        one_line(&mut line);
        if !sink.put(&line)? {
            sink.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Takes messages from a stream until it ends.
async fn follow(
    mut stream: impl AsyncRead + Unpin,
    sink: &Sink,
    held: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut held = Held(held, 0);
    let (mut frames, mut buffer) = (Frames::default(), vec![0; BUFFER]);
    loop {
        let read = tokio::time::timeout(SILENCE, stream.read(&mut buffer));
        let length = read.await.map_err(|_| io::Error::other("silent for too long"))??;
        let mut lines = Vec::new();
        if length == 0 {
            frames.end(&mut lines);
            return sink.wait_and_put(&lines).await;
        }
        frames.take(buffer.get(..length).unwrap_or_default(), &mut lines);
        if !held.is(frames.held.len()) {
            return Err(io::Error::other("too many messages that do not end"));
        }
        if !lines.is_empty() {
            sink.wait_and_put(&lines).await?;
        }
    }
}

/// Messages of a stream: with their length before them (RFC 6587, section 3.4.1), or each on its line
/// (3.4.2), told by the first octet of each.
#[derive(Default)]
pub struct Frames {
    held: Vec<u8>,
    /// Octets of a message too long that are still to come.
    passing: usize,
}

impl Frames {
    /// Takes octets; writes what they complete as lines, each with its end.
    pub fn take(&mut self, bytes: &[u8], lines: &mut Vec<u8>) {
        let passed = self.passing.min(bytes.len());
        self.passing -= passed;
        self.held.extend_from_slice(bytes.get(passed..).unwrap_or_default());
        let mut at = 0;
        while let Some((from, to, next)) = self.next(at) {
            let mut line = self.held.get(from..to).unwrap_or_default().to_vec();
            one_line(&mut line);
            lines.extend_from_slice(&line);
            at = next;
        }
        self.passing += at.saturating_sub(self.held.len());
        self.held.drain(..at.min(self.held.len()));
        self.held.shrink_to(BUFFER);
    }

    /// What is left when nothing more comes.
    pub fn end(&mut self, lines: &mut Vec<u8>) {
        let mut line = std::mem::take(&mut self.held);
        if !line.is_empty() {
            one_line(&mut line);
            lines.extend_from_slice(&line);
        }
    }

    /// Where the next message begins and ends, and what follows it.
    fn next(&self, at: usize) -> Option<(usize, usize, usize)> {
        let rest = self.held.get(at..).filter(|rest| !rest.is_empty())?;
        if let Some((digits, length)) = counted(rest) {
            let (from, whole) = (at + digits, length.min(LONGEST + 1));
            // Of one too long only so much is waited for that it is seen to be.
            return (self.held.len() >= from + whole).then_some((
                from,
                from + whole,
                from + length,
            ));
        }
        match memchr::memchr(b'\n', rest) {
            Some(end) => Some((at, at + end, at + end + 1)),
            None if rest.len() > LONGEST => Some((at, at + rest.len(), at + rest.len())),
            None => None,
        }
    }
}

/// The length that stands before a message, and how many octets say it.
fn counted(rest: &[u8]) -> Option<(usize, usize)> {
    let digits = rest.iter().take(8).take_while(|it| it.is_ascii_digit()).count();
    let number = std::str::from_utf8(rest.get(..digits)?).ok()?;
    let begins = rest.first() != Some(&b'0') && rest.get(digits) == Some(&b' ');
    let message = rest.get(digits + 1).is_none_or(|it| *it == b'<');
    (begins && message).then_some(())?;
    Some((digits + 1, number.parse().ok()?))
}

/// Makes one line of a message, with its end.
fn one_line(message: &mut Vec<u8>) {
    while message.last().is_some_and(|it| matches!(it, b'\n' | b'\r' | 0)) {
        message.pop();
    }
    message.iter_mut().filter(|it| **it == b'\n').for_each(|it| *it = b' ');
    message.push(b'\n');
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls_pki_types::PrivateKeyDer;
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::proof::sample::{Authority, put};

    #[test]
    fn both_framings_wherever_the_octets_are_cut() {
        let stream = b"17 <34>1 - first\nones<34>second\n11 <34>3 thirda<13>last";
        for cut in 1..stream.len() {
            let (mut frames, mut lines) = (Frames::default(), Vec::new());
            stream.chunks(cut).for_each(|part| frames.take(part, &mut lines));
            frames.end(&mut lines);
            let text = String::from_utf8(lines).unwrap();
            let wanted = "<34>1 - first one\ns<34>second\n<34>3 third\na<13>last\n";
            assert_eq!(text, wanted, "cut at {cut}");
        }
    }

    /// A buffer that nobody reads, and where it is kept.
    fn sink() -> (tempfile::TempDir, Sink) {
        let directory = tempfile::tempdir().unwrap();
        let by_place = crate::spool::Numbered::ByPlace;
        let (writer, _) = crate::spool::open(directory.path(), (4 << 20, by_place), None).unwrap();
        (directory, Sink::new(writer, Arc::default()))
    }

    #[tokio::test]
    async fn over_tls_only_those_who_prove_themselves_are_heard() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) = (Authority::new(), Authority::new());
        let at = |name: &str, text: &str| Some(put(directory.path(), name, text));
        let of = |by: &Authority, name: &str| {
            let (certificate, key) = by.issue(&["localhost"]);
            let certificate = at(&format!("{name}.pem"), &certificate);
            Input { certificate, key: at(&format!("{name}.key"), &key), ..Input::default() }
        };
        let clients = at("clients.pem", &theirs.pem);
        let tls = proof::acceptor(&Input { clients, ..of(&ours, "server") }, &[]).unwrap();
        let by_place = crate::spool::Numbered::ByPlace;
        let (writer, mut reader) =
            crate::spool::open(&directory.path().join("s"), (4 << 20, by_place), None).unwrap();
        let sink = Sink::new(writer, Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let authorities = at("authorities.pem", &ours.pem);
        let say = async |who: Input, line: &str| {
            let who = Input { authorities: authorities.clone(), ..who };
            let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
            let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
            let tls = proof::connector(&who).unwrap().unwrap();
            let mut stream = tls.connect(name, tcp).await.unwrap();
            // A stranger hears only now that he is none.
            let _written = stream.write_all(format!("{line}\n").as_bytes()).await;
            let _shut = stream.shutdown().await;
            let _ended = stream.read(&mut [0; 8]).await;
        };
        let clients = async {
            say(of(&ours, "stranger"), "of a stranger").await;
            say(Input::default(), "of nobody").await;
            say(of(&theirs, "partner"), "of a partner").await;
        };
        tokio::select! {
            () = streams(&listener, (tls, HANDSHAKE), &sink) => {}
            () = clients => {}
        }
        let mut seen = Vec::new();
        let mut each = |line: &[u8], _| seen.push(String::from_utf8_lossy(line).into_owned());
        while reader.read(&mut each).unwrap() == crate::tail::More::Now {}
        assert_eq!(seen, ["of a partner"]);
    }

    fn acceptor() -> TlsAcceptor {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let made = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret);
        TlsAcceptor::from(Arc::new(made.unwrap()))
    }

    #[tokio::test]
    async fn who_says_nothing_holds_no_place() {
        let (_directory, sink) = sink();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = async {
            let mut open = Vec::new();
            for _ in 0..=OF_ONE {
                open.push(tokio::net::TcpStream::connect(address).await.unwrap());
            }
            // Those that never begin their handshake, and the one too many, are closed.
            for mut stream in open {
                assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
            }
        };
        tokio::select! {
            () = streams(&listener, (Some(acceptor()), Duration::ZERO), &sink) => {}
            () = clients => {}
        }
    }

    #[tokio::test]
    async fn one_address_has_so_many_streams_and_no_more() {
        let (_directory, sink) = sink();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = async {
            let mut open = Vec::new();
            for _ in 0..OF_ONE {
                open.push(tokio::net::TcpStream::connect(address).await.unwrap());
            }
            let mut more = tokio::net::TcpStream::connect(address).await.unwrap();
            assert_eq!(more.read(&mut [0; 8]).await.unwrap_or(0), 0, "it is closed");
        };
        tokio::select! {
            () = streams(&listener, (None, HANDSHAKE), &sink) => {}
            () = clients => {}
        }
    }

    #[test]
    fn what_streams_hold_together_is_bounded() {
        let all = Arc::new(AtomicUsize::new(0));
        let mut many: Vec<Held> = (0..32).map(|_| Held(Arc::clone(&all), 0)).collect();
        assert!(many.iter_mut().all(|it| it.is(1 << 20)));
        let mut another = Held(Arc::clone(&all), 0);
        assert!(!another.is(1 << 20), "there is no more room");
        assert!(another.is(1 << 10), "short lines always have some");
        many.pop();
        assert!(another.is(1 << 19));
        drop((many, another));
        assert_eq!(all.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_at_once_is_kept_a_little_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let by_place = crate::spool::Numbered::ByPlace;
        let (writer, mut reader) =
            crate::spool::open(directory.path(), (4 << 20, by_place), None).unwrap();
        let sink = Sink::new(writer, Arc::default());
        let lines = [&[b'a'; 999][..], b"\n"].concat().repeat(9_000);
        let mut count = 0;
        let reading = async {
            while count < 9_000 {
                tokio::task::yield_now().await;
                while reader.read(&mut |_, _| count += 1).unwrap() == crate::tail::More::Now {}
                reader.forget_read().unwrap();
            }
        };
        let (put, ()) = tokio::join!(sink.wait_and_put(&lines), reading);
        put.unwrap();
    }

    #[test]
    fn a_message_without_end_takes_bounded_room() {
        let (mut frames, mut lines) = (Frames::default(), Vec::new());
        frames.take(b"9999999 <34>", &mut lines);
        for _ in 0..160 {
            frames.take(&[b'a'; 1 << 16], &mut lines);
            assert!(frames.held.len() <= LONGEST + (1 << 17));
        }
        frames.take(b"<34>next\n", &mut lines);
        assert!(lines.ends_with(b"<34>next\n"));
        assert!(lines.len() < 3 * LONGEST);
    }
}
