//! A person at a browser: pages over a connection that is kept, and the stream of an open page.

use std::io;

use bytes::Bytes;
use http::header::{ACCEPT, COOKIE, HOST};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::task::JoinHandle;

use crate::connection::Answer;
use crate::follow::Node;

/// A person who is signed in.
pub struct Visitor {
    line: Line,
    node: Node,
    cookie: HeaderValue,
}

/// What happens on an open page.
pub struct Happening {
    _line: Line,
    body: Incoming,
    read: Vec<u8>,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What kind of event it is: `item`, `changed`.
    pub name: String,
    /// What it says.
    pub data: String,
}

/// A connection.
struct Line {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
    driver: JoinHandle<()>,
}

/// The longest event.
const LONGEST: usize = 4 << 20;

impl Visitor {
    /// At a node, with the cookies of a browser.
    ///
    /// # Errors
    /// What the network or TLS said.
    pub async fn enter(node: &Node, cookie: &str) -> io::Result<Self> {
        let cookie = HeaderValue::from_str(cookie).map_err(io::Error::other)?;
        Ok(Self { line: Line::to(node).await?, node: node.clone(), cookie })
    }

    /// A page; of an open one its parts alone, as they are since a place of the ledger. As a browser does,
    /// it connects again when the node has ended a connection that was idle.
    ///
    /// # Errors
    /// What the network said.
    pub async fn page(&mut self, path: &str, since: Option<u64>) -> io::Result<Answer> {
        let mut request = Request::get(path).header(ACCEPT, "text/html");
        if let Some(since) = since {
            request = request.header("parts-since", since);
        }
        if self.line.sender.is_closed() {
            self.line = Line::to(&self.node).await?;
        }
        let answer = self.line.ask(request.header(COOKIE, &self.cookie)).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(io::Error::other)?;
        Ok(Answer { status, body: body.to_bytes() })
    }

    /// Follows what happens on an open page, over a connection of its own.
    ///
    /// # Errors
    /// What the network said, or the status with which the node refused.
    pub async fn follow(&self, node: &Node, path: &str) -> io::Result<Happening> {
        let mut line = Line::to(node).await?;
        let request = Request::get(path).header(ACCEPT, "text/event-stream");
        let answer = line.ask(request.header(COOKIE, &self.cookie)).await?;
        if !answer.status().is_success() {
            return Err(io::Error::other(format!("the node answered {}", answer.status())));
        }
        Ok(Happening { _line: line, body: answer.into_body(), read: Vec::new() })
    }
}

impl Happening {
    /// Waits for the next thing that happens; none when the stream ended.
    ///
    /// # Errors
    /// What the network said, or an event without end.
    pub async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            while let Some(end) = memmem::find(&self.read, b"\n\n") {
                let text: Vec<u8> = self.read.drain(..end + 2).collect();
                if let Some(event) = Event::read(&String::from_utf8_lossy(&text)) {
                    return Ok(Some(event));
                }
            }
            if self.read.len() > LONGEST {
                return Err(io::Error::other("the stream has an event that does not end"));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
                self.read.extend_from_slice(&data);
            }
        }
    }
}

impl Event {
    /// Reads one; none when it only says that the stream is alive, or when to come back.
    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.map(str::to_owned)
        };
        Some(Self { name: field("event")?, data: field("data")? })
    }
}

impl Line {
    async fn to(node: &Node) -> io::Result<Self> {
        let stream = TokioIo::new(node.connect().await?);
        let (sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            // Whoever asks hears that the connection broke.
            let _told = connection.await;
        });
        Ok(Self { sender, host: node.address().to_string(), driver })
    }

    async fn ask(&mut self, request: http::request::Builder) -> io::Result<Response<Incoming>> {
        let request = request.header(HOST, &self.host).body(Empty::new());
        let request = request.map_err(io::Error::other)?;
        self.sender.ready().await.map_err(io::Error::other)?;
        self.sender.send_request(request).await.map_err(io::Error::other)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_a_sign_of_life_is_none() {
        let event = Event::read("id: 7\nevent: changed\ntlp: GREEN\ndata: 12 0\n\n");
        assert_eq!(event, Some(Event { name: "changed".into(), data: "12 0".into() }));
        assert_eq!(Event::read(": here\n\n"), None);
        assert_eq!(Event::read("retry: 3000\n\n"), None);
    }
}
