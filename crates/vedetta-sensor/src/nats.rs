//! Events from NATS: a subject as it is published, or a stream of JetStream, where each message is
//! acknowledged once it is on disk ([protocol](https://docs.nats.io/reference/reference-protocols/nats-protocol)).

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::error::SensorError;
use crate::kept;
use crate::lines::Lines;
use crate::listen::Sink;

/// What is followed, and where.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'s> {
    /// `nats://[user:password@]host:port`.
    pub(crate) server: &'s str,
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
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

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
    let mut connection = Connection::open(what.server).await?;
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
    async fn open(server: &str) -> io::Result<Self> {
        let rest = server.strip_prefix("nats://").unwrap_or(server).trim_end_matches('/');
        let (who, address) =
            rest.rsplit_once('@').map_or((None, rest), |(who, at)| (Some(who), at));
        let connecting = tokio::time::timeout(SILENCE, TcpStream::connect(address)).await;
        let stream = connecting.map_err(|_| io::Error::other("it does not answer"))??;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream: BufReader::new(stream), line: Vec::new() };
        connection.read_line().await?;
        if !connection.line.starts_with(b"INFO ") {
            return Err(io::Error::other("no server of NATS answers there"));
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

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes()).await
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
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::spool::{self, Numbered};

    const SERVER: &str = "nats://127.0.0.1:4222";

    /// A connection to the server of this machine; nothing, said aloud, where there is none.
    async fn server() -> Option<Connection> {
        match Connection::open(SERVER).await {
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

    /// Ends when a reader has acknowledged so many messages.
    async fn acknowledged(admin: &mut Connection, what: &Subject<'_>, count: u32) {
        let api = format!("$JS.API.CONSUMER.INFO.{}.{}", what.stream.unwrap(), what.reader());
        let floor = format!("\"ack_floor\":{{\"consumer_seq\":{count},");
        while !ask(admin, &api, "").await.contains(&floor) {
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
        let what = Subject { server: SERVER, subject: &subject, stream, account: "a.sensor-first" };
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
        let (opened, ()) = tokio::join!(Connection::open(&address), answering);
        assert!(opened.err().unwrap().to_string().contains("no server of NATS"));
    }
}
