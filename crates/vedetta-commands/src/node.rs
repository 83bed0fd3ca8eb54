//! A node, as commands ask it.

use serde::Serialize;
use serde_json::{Value, json};
use vedetta_model::Instant;

/// What is asked of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// How.
    pub verb: Verb,
    /// The route, with its variables and parameters.
    pub path: String,
    /// The media type of the body.
    pub media: &'static str,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// The methods in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Read.
    Get,
    /// Do, or add.
    Post,
    /// Put as given.
    Put,
    /// Remove.
    Delete,
}

/// What a command refuses by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A file that cannot be read.
    #[error("{place}: {reason}")]
    Unread {
        /// The file.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// A file that cannot be written, or what else the system refuses.
    #[error("{what}: {reason}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// What a file holds breaks a rule.
    #[error("{place}: {sentence}")]
    Invalid {
        /// The file.
        place: String,
        /// What is wrong; what to do.
        sentence: String,
    },
    /// There is nothing of that name.
    #[error("{0}")]
    Unknown(String),
    /// The command line.
    #[error("{0}")]
    Usage(String),
    /// An answer, or a body, that is not what this program knows.
    #[error("{0}")]
    Strange(String),
}

/// A node that can be asked, whichever way it is reached.
pub trait Node {
    /// What it says when it refuses.
    type Failure: From<Fault>;

    /// Asks, and gives the body of an answer that is no refusal.
    ///
    /// # Errors
    /// The refusal.
    fn send(&mut self, request: Request) -> Result<Vec<u8>, Self::Failure>;

    /// The moment, for what begins now.
    fn now(&self) -> Instant;

    /// A password that nobody has yet.
    fn fresh_password(&self) -> String;

    /// A refusal as programs read it.
    fn refusal(failure: &Self::Failure) -> Value;

    /// The same refusal, said of a file.
    fn about(failure: Self::Failure, place: &str) -> Self::Failure;

    /// Says to whoever waits what is done now: so many parts of so many are.
    fn working(&mut self, what: &str, parts: (usize, usize));

    /// What a route gives.
    ///
    /// # Errors
    /// As of [`Node::send`].
    fn get(&mut self, path: &str) -> Result<Value, Self::Failure> {
        let body = self.send(Request::new(Verb::Get, path))?;
        Ok(read(&body)?)
    }

    /// All pages of what a route lists, as one; `path` has parameters already.
    ///
    /// # Errors
    /// As of [`Node::send`].
    fn list(&mut self, path: &str) -> Result<Vec<Value>, Self::Failure> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}{after}"))?;
            all.append(page["items"].as_array_mut().unwrap_or(&mut Vec::new()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", plain(next)),
                None => return Ok(all),
            }
        }
    }

    /// What a route gives for a body.
    ///
    /// # Errors
    /// As of [`Node::send`].
    fn post(&mut self, path: &str, body: &impl Serialize) -> Result<Value, Self::Failure> {
        let body = self.send(Request::new(Verb::Post, path).with(write(body)?))?;
        Ok(read(&body)?)
    }

    /// Puts something; what it is then.
    ///
    /// # Errors
    /// As of [`Node::send`].
    fn put(&mut self, path: &str, body: &impl Serialize) -> Result<Value, Self::Failure> {
        let body = self.send(Request::new(Verb::Put, path).with(write(body)?))?;
        Ok(read(&body)?)
    }

    /// Takes something away.
    ///
    /// # Errors
    /// As of [`Node::send`].
    fn remove(&mut self, path: &str) -> Result<(), Self::Failure> {
        self.send(Request::new(Verb::Delete, path)).map(drop)
    }
}

impl Request {
    /// Without a body.
    #[must_use]
    pub fn new(verb: Verb, path: &str) -> Self {
        Self { verb, path: path.to_owned(), media: JSON, body: Vec::new() }
    }

    /// With a body of JSON.
    #[must_use]
    pub fn with(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    /// With the body in another media type.
    #[must_use]
    pub fn of(self, media: &'static str) -> Self {
        Self { media, ..self }
    }
}

const JSON: &str = "application/json";

/// A variable for a path or query: what is not plain is written with `%`.
#[must_use]
pub fn plain(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(octet).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(octet).collect()
}

fn write(body: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(body).map_err(|error| Fault::Strange(error.to_string()))
}

/// The body of an answer; nothing for none.
pub(crate) fn read(body: &[u8]) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(json!(null));
    }
    serde_json::from_slice(body).map_err(|error| Fault::Strange(error.to_string()))
}

/// A file to be sent, no longer than the node takes.
///
/// # Errors
/// One that cannot be read, or is too long.
pub(crate) fn file(path: &std::path::Path, longest: usize) -> Result<Vec<u8>, Fault> {
    use std::io::Read as _;
    let place = path.display().to_string();
    let unread =
        |error: std::io::Error| Fault::Unread { place: place.clone(), reason: error.to_string() };
    let (mut octets, most) = (Vec::new(), longest as u64);
    let opened = std::fs::File::open(path).map_err(unread)?;
    opened.take(most + 1).read_to_end(&mut octets).map_err(unread)?;
    if octets.len() > longest {
        let sentence = format!("longer than {} MiB; divide it", longest >> 20);
        return Err(Fault::Invalid { place, sentence });
    }
    Ok(octets)
}
