//! Events from NATS: a subject as it is published, or a stream of JetStream, where each message is
//! acknowledged once it is on disk ([protocol](https://docs.nats.io/reference/reference-protocols/nats-protocol)).

use std::io;
use std::time::Duration;

use rustls_pki_types::ServerName;
use serde_json::json;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::SensorError;
use crate::kept;
use crate::lines::Lines;
use crate::listen::Sink;

/// What is followed, and where.
#[derive(Clone)]
pub(crate) struct Subject<'s> {
    /// `nats://[user:password@]host:port`, or `tls://…`.
    pub(crate) server: &'s str,
    /// What connects to it over TLS.
    pub(crate) tls: Option<&'s TlsConnector>,
    /// The subject.
    pub(crate) subject: &'s str,
    /// The stream of JetStream that keeps it, when one does.
    pub(crate) stream: Option<&'s str>,
    /// Whose sensor reads it.
    pub(crate) account: &'s str,
}

impl Subject<'_> {
    /// What JetStream knows this reader by: no two inputs, and no two sensors, are one reader.
    fn reader(&self) -> String {
        let parts = [self.account, self.stream.unwrap_or_default(), self.subject];
        let parts = parts.map(|it| [it.as_bytes(), b"\n"].concat());
        format!("{NAME}-{:016x}", kept::number(&[&parts[0], &parts[1], &parts[2]]))
    }
}

/// The longest line of the protocol that is read.
const LONGEST_LINE: u64 = 64 << 10;
/// The largest message that is read: the server's own limit is 64 MiB at most.
const LARGEST: usize = 64 << 20;
/// The first and the longest wait until it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// A server that says nothing for so long is asked whether it lives, and then given up.
const SILENCE: Duration = Duration::from_secs(30);
/// The numbers of what is subscribed to: events, and JetStream's answers.
const EVENTS: &str = "1";
const ANSWERS: &str = "2";
/// What servers know this client by.
const NAME: &str = "vedetta-sensor";
/// Messages that are made sure of, and acknowledged, together.
const TOGETHER: usize = 256;

/// Follows a subject for as long as it is polled.
pub(crate) async fn follow(what: &Subject<'_>, sink: &Sink) -> Result<(), SensorError> {
    let mut wait = AGAIN;
    loop {
        let mut heard = false;
        let ended = follow_once(what, sink, &mut heard).await;
        if let Err(error) = ended {
            tracing::warn!(subject = what.subject, %error, "NATS cannot be followed; trying again");
        }
        wait = if heard { AGAIN } else { (wait * 2).min(LONGEST_WAIT) };
        tokio::time::sleep(wait).await;
    }
}

/// A connection.
struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    line: Vec<u8>,
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What a server says.
enum Said {
    Message { number: String, reply: Option<String>, payload: Vec<u8> },
    Ping,
    Other,
}

/// A line of the protocol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NatsLine {
    /// A message comes after it.
    Message {
        /// The number of what was subscribed to.
        number: String,
        /// Where to acknowledge it.
        reply: Option<String>,
        /// Octets of its headers.
        head: usize,
        /// Octets of headers and message: no fewer, and 64 MiB at most.
        length: usize,
    },
    /// The server asks whether this side lives.
    Ping,
    /// Nothing that matters here.
    Other,
}

impl NatsLine {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// The server tells an error, or the lengths are none.
    pub fn read(line: &[u8]) -> io::Result<Self> {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        match (verb.as_str(), &words[..]) {
            ("PING", _) => Ok(Self::Ping),
            ("-ERR", _) => Err(io::Error::other(line.into_owned())),
            ("MSG", &[_, of, length]) => Self::message(of, None, ("0", length)),
            ("MSG", &[_, of, reply, length]) => Self::message(of, Some(reply), ("0", length)),
            ("HMSG", &[_, of, head, length]) => Self::message(of, None, (head, length)),
            ("HMSG", &[_, of, reply, head, length]) => {
                Self::message(of, Some(reply), (head, length))
            }
            _ => Ok(Self::Other),
        }
    }

    fn message(of: &str, reply: Option<&str>, (head, length): (&str, &str)) -> io::Result<Self> {
        let number = |text: &str| {
            let read = text.parse::<usize>();
            read.map_err(|_| io::Error::other(format!("{text:?} is not a length")))
        };
        let (head, length) = (number(head)?, number(length)?);
        if length > LARGEST || head > length {
            return Err(io::Error::other("a message larger than 64 MiB"));
        }
        let (number, reply) = (of.to_owned(), reply.map(ToOwned::to_owned));
        Ok(Self::Message { number, reply, head, length })
    }
}

async fn follow_once(what: &Subject<'_>, sink: &Sink, heard: &mut bool) -> io::Result<()> {
    let mut connection = Connection::open(what.server, what.tls).await?;
    let (subject, reader) = (what.subject, what.reader());
    let inbox = format!("{NAME}.{reader}");
    let listened = if what.stream.is_some() { &inbox } else { subject };
    connection.say(&format!("SUB {listened} {EVENTS}\r\n")).await?;
    if let Some(stream) = what.stream {
        let wanted = json!({
            "stream_name": stream,
            "config": {
                "durable_name": reader,
                "deliver_subject": inbox,
                "filter_subject": subject,
                "ack_policy": "explicit",
                "ack_wait": 30_000_000_000_u64,
                "max_ack_pending": 1_000,
            },
        });
        let api = format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{reader}");
        connection.say(&format!("SUB {inbox}.answer {ANSWERS}\r\n")).await?;
        connection.publish(&api, Some(&format!("{inbox}.answer")), &wanted.to_string()).await?;
    }
    let mut answered: Vec<String> = Vec::new();
    loop {
        match connection.next().await? {
            Said::Ping => connection.say("PONG\r\n").await?,
            Said::Other => {}
            Said::Message { number, payload, .. } if number == ANSWERS => {
                if memchr::memmem::find(&payload, b"\"error\":").is_some() {
                    let said = String::from_utf8_lossy(&payload).into_owned();
                    return Err(io::Error::other(format!("JetStream refuses: {said}")));
                }
            }
            Said::Message { reply, payload, .. } => {
                *heard = true;
                sink.wait_and_put(&whole_lines(&payload)).await?;
                answered.extend(reply.filter(|it| it.starts_with("$JS.ACK.")));
            }
        }
        let rests = connection.stream.buffer().is_empty();
        if answered.len() >= TOGETHER || (rests && !answered.is_empty()) {
            sink.on_disk().await?;
            for reply in answered.drain(..) {
                connection.publish(&reply, None, "+ACK").await?;
            }
        }
    }
}

/// The lines of a message, each with its end, those that are too long cut.
fn whole_lines(payload: &[u8]) -> Vec<u8> {
    let (mut lines, mut whole) = (Lines::default(), Vec::with_capacity(payload.len() + 1));
    let mut each = |line: &[u8], _| whole.extend_from_slice(&[line, b"\n"].concat());
    lines.take(payload, &mut each);
    lines.rest(&mut each);
    whole
}

impl Connection {
    async fn open(server: &str, tls: Option<&TlsConnector>) -> io::Result<Self> {
        let rest = server.strip_prefix("nats://").or_else(|| server.strip_prefix("tls://"));
        let rest = rest.unwrap_or(server).trim_end_matches('/');
        let (who, address) =
            rest.rsplit_once('@').map_or((None, rest), |(who, at)| (Some(who), at));
        let connecting = tokio::time::timeout(SILENCE, TcpStream::connect(address)).await;
        let stream = connecting.map_err(|_| io::Error::other("it does not answer"))??;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = Box::new(stream);
        let mut connection = Self { stream: BufReader::new(stream), line: Vec::new() };
        let hello = tokio::time::timeout(SILENCE, connection.read_line()).await;
        hello.map_err(|_| io::Error::other("it does not answer"))??;
        if !connection.line.starts_with(b"INFO ") {
            return Err(io::Error::other("no server of NATS answers there"));
        }
        match tls {
            Some(tls) => connection = connection.encrypted(tls, address).await?,
            None if memchr::memmem::find(&connection.line, b"\"tls_required\":true").is_some() => {
                return Err(io::Error::other("it wants TLS: write tls:// and `authorities`"));
            }
            None => {}
        }
        let mut hello = json!({
            "verbose": false, "pedantic": false, "lang": "rust", "version": env!("CARGO_PKG_VERSION"),
            "name": NAME, "headers": true,
        });
        match who.map(|it| it.split_once(':')) {
            Some(Some((user, pass))) => (hello["user"], hello["pass"]) = (user.into(), pass.into()),
            Some(None) => hello["auth_token"] = who.into(),
            None => {}
        }
        connection.say(&format!("CONNECT {hello}\r\nPING\r\n")).await?;
        Ok(connection)
    }

    /// Goes on over TLS. What the server said before it proved itself, beyond its greeting, is of nobody.
    async fn encrypted(self, tls: &TlsConnector, address: &str) -> io::Result<Self> {
        if !self.stream.buffer().is_empty() {
            return Err(io::Error::other("it says more before it proves itself"));
        }
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let handshake = tls.connect(name, self.stream.into_inner());
        let stream = tokio::time::timeout(SILENCE, handshake).await;
        let stream = stream.map_err(|_| io::Error::other("it does not prove itself"))??;
        let stream: Box<dyn Stream> = Box::new(stream);
        Ok(Self { stream: BufReader::new(stream), line: self.line })
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await
    }

    async fn publish(&mut self, to: &str, reply: Option<&str>, payload: &str) -> io::Result<()> {
        let (reply, length) = (reply.map(|it| format!("{it} ")).unwrap_or_default(), payload.len());
        self.say(&format!("PUB {to} {reply}{length}\r\n{payload}\r\n")).await
    }

    /// A line, without its end, into `line`.
    async fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        self.read_rest().await
    }

    /// The rest of a line of which a part may have come.
    async fn read_rest(&mut self) -> io::Result<()> {
        (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut self.line).await?;
        if self.line.pop() != Some(b'\n') {
            return Err(io::Error::other("the connection ended"));
        }
        self.line.truncate(self.line.trim_ascii_end().len());
        Ok(())
    }

    /// What the server says next.
    async fn next(&mut self) -> io::Result<Said> {
        if tokio::time::timeout(SILENCE, self.read_line()).await.is_err() {
            self.say("PING\r\n").await?;
            let late = tokio::time::timeout(SILENCE, self.read_rest()).await;
            late.map_err(|_| io::Error::other("it fell silent"))??;
        }
        match NatsLine::read(&self.line)? {
            NatsLine::Ping => Ok(Said::Ping),
            NatsLine::Other => Ok(Said::Other),
            NatsLine::Message { number, reply, head, length } => {
                let mut payload = vec![0; length + 2];
                let reading = self.stream.read_exact(&mut payload);
                let whole = tokio::time::timeout(SILENCE, reading).await;
                whole.map_err(|_| io::Error::other("it fell silent"))??;
                payload.truncate(length);
                payload.drain(..head);
                Ok(Said::Message { number, reply, payload })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead as _;
    use std::path::Path;
    use std::process::{Child, ChildStderr, Command, Stdio};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::proof;
    use crate::proof::sample::{Authority, put};
    use crate::settings::Input;
    use crate::spool::{self, Numbered};

    const SERVER: &str = "nats://127.0.0.1:4222";

    /// A connection to the server of this machine; nothing, said aloud, where there is none.
    async fn server() -> Option<Connection> {
        match Connection::open(SERVER, None).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                println!("SKIPPED: no NATS at {SERVER}: {error}");
                None
            }
        }
    }

    /// The lines that come of a subject, until there are so many, and something else is so too.
    async fn lines(
        what: &Subject<'_>,
        count: usize,
        until: impl Future<Output = ()>,
    ) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let (writer, mut reader) =
            spool::open(directory.path(), (4 << 20, Numbered::ByContent), None).unwrap();
        let sink = Sink::new(writer, Arc::default());
        let seen = Mutex::new(Vec::new());
        let reading = async {
            while seen.lock().unwrap().len() < count {
                tokio::task::yield_now().await;
                let mut each = |line: &[u8], _| {
                    seen.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
                };
                reader.read(&mut each).unwrap();
            }
            until.await;
        };
        tokio::select! {
            ended = follow(what, &sink) => panic!("{ended:?}"),
            () = reading => {}
        }
        seen.into_inner().unwrap()
    }

    /// The answer of JetStream's interface.
    async fn ask(connection: &mut Connection, api: &str, wanted: &str) -> String {
        connection.publish(api, Some("vedetta.test.answer"), wanted).await.unwrap();
        loop {
            if let Said::Message { payload, .. } = connection.next().await.unwrap() {
                return String::from_utf8_lossy(&payload).into_owned();
            }
        }
    }

    /// Ends when a reader had the stream's messages up to one, and all that it was given, once or again, is
    /// acknowledged.
    async fn acknowledged(admin: &mut Connection, what: &Subject<'_>, last: u64) {
        let api = format!("$JS.API.CONSUMER.INFO.{}.{}", what.stream.unwrap(), what.reader());
        loop {
            // What was asked may be lost on the way.
            let told = tokio::time::timeout(SILENCE, ask(admin, &api, "")).await;
            let told = told.map(|told| serde_json::from_str::<Value>(&told));
            if let Ok(Ok(told)) = told
                && told["delivered"]["stream_seq"] == last
                && told["num_ack_pending"] == 0
                && told["ack_floor"]["consumer_seq"] == told["delivered"]["consumer_seq"]
            {
                assert_eq!(told["config"]["ack_policy"], "explicit", "nothing counts by itself");
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_a_stream_keeps_is_taken_once_it_is_acknowledged() {
        let Some(mut admin) = server().await else { return };
        admin.say("SUB vedetta.test.answer 9\r\n").await.unwrap();
        let name = format!("VEDETTA_{}", std::process::id());
        let (subject, api) = (format!("{name}.log"), "$JS.API.STREAM");
        let wanted = json!({ "name": name, "subjects": [subject], "storage": "memory" });
        let made = ask(&mut admin, &format!("{api}.CREATE.{name}"), &wanted.to_string()).await;
        if made.contains("\"error\"") {
            println!("SKIPPED: no JetStream: {made}");
            return;
        }
        let stream = Some(name.as_str());
        let account = "a.sensor-first";
        let what = Subject { server: SERVER, tls: None, subject: &subject, stream, account };
        for text in ["{\"n\":1}", "{\"n\":2}"] {
            assert!(ask(&mut admin, &subject, text).await.contains("\"seq\""));
        }
        let first = lines(&what, 2, acknowledged(&mut admin, &what, 2)).await;
        assert_eq!(first, ["{\"n\":1}", "{\"n\":2}"]);
        // The reader was away meanwhile; what it acknowledged does not come again.
        ask(&mut admin, &subject, "{\"n\":3}\n{\"n\":4}").await;
        let again = lines(&what, 2, acknowledged(&mut admin, &what, 3)).await;
        assert_eq!(again, ["{\"n\":3}", "{\"n\":4}"]);
        // Another sensor reads all of it for itself.
        let other = Subject { account: "b.sensor-first", ..what.clone() };
        assert_eq!(lines(&other, 4, acknowledged(&mut admin, &other, 3)).await.len(), 4);
        ask(&mut admin, &format!("{api}.DELETE.{name}"), "").await;
    }

    #[tokio::test]
    async fn a_server_that_is_none_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        };
        let (opened, ()) = tokio::join!(Connection::open(&address, None), answering);
        assert!(opened.err().unwrap().to_string().contains("no server of NATS"));
    }

    /// A server, and where it tells what it does: it ends when nobody listens.
    struct Server {
        process: Child,
        _told: std::io::BufReader<ChildStderr>,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _killed = self.process.kill();
            let _waited = self.process.wait();
        }
    }

    /// A server that wants TLS and certificates, and its port; nothing, said aloud, where there is none.
    fn server_over_tls(directory: &Path, authority: &Authority) -> Option<(Server, u16)> {
        let (certificate, key) = authority.issue(&["localhost"]);
        let mut command = Command::new("nats-server");
        for (option, name, text) in [
            ("--tlscert", "server.pem", &certificate),
            ("--tlskey", "server.key", &key),
            ("--tlscacert", "authority.pem", &authority.pem),
        ] {
            command.arg(option).arg(put(directory, name, text));
        }
        command.args(["--tls", "--tlsverify", "-a", "127.0.0.1", "-p", "-1"]);
        let mut process = match command.stderr(Stdio::piped()).spawn() {
            Ok(process) => process,
            Err(error) => {
                println!("SKIPPED: no nats-server: {error}");
                return None;
            }
        };
        let mut told = std::io::BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, port)) = line.split_once("client connections on 127.0.0.1:") {
                let port = port.trim().parse().unwrap();
                return Some((Server { process, _told: told }, port));
            }
        }
    }

    #[tokio::test]
    async fn over_tls_both_prove_themselves() {
        let directory = tempfile::tempdir().unwrap();
        let (authority, stranger) = (Authority::new(), Authority::new());
        let Some((_server, port)) = server_over_tls(directory.path(), &authority) else { return };
        let (certificate, key) = authority.issue(&["sensor.example.org"]);
        let at = |name: &str, text: &str| Some(put(directory.path(), name, text));
        let input = Input {
            certificate: at("own.pem", &certificate),
            key: at("own.key", &key),
            authorities: at("authorities.pem", &authority.pem),
            ..Input::default()
        };
        let (server, plain) = (format!("tls://localhost:{port}"), format!("127.0.0.1:{port}"));
        let refused = Connection::open(&plain, None).await.err().unwrap();
        assert!(refused.to_string().contains("wants TLS"), "{refused}");
        let of_stranger = Input { authorities: at("other.pem", &stranger.pem), ..input.clone() };
        let of_stranger = proof::connector(&of_stranger).unwrap();
        assert!(Connection::open(&server, of_stranger.as_ref()).await.is_err());
        let tls = proof::connector(&input).unwrap();
        let mut other = Connection::open(&server, tls.as_ref()).await.unwrap();
        let (subject, account) = ("logs", "a.sensor-first");
        let what = Subject { server: &server, tls: tls.as_ref(), subject, stream: None, account };
        let publishing = async {
            loop {
                other.publish(subject, None, "{\"n\":1}").await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            seen = lines(&what, 1, std::future::ready(())) => assert_eq!(seen[0], "{\"n\":1}"),
            () = publishing => {}
        }
    }
}
