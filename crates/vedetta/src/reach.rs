//! The node as its own commands reach it.
//!
//! A running node is asked over its control socket. Where none runs, the ledger is opened here and
//! the same routes are asked in this process. Either way the one who asks is the operator at the
//! machine, an administrator of the node's own organisation, and the answer is the same.
//!
//! **To add a command** that asks routes and prints: a file in `vedetta-commands`, which says how · its
//! line in `commands.rs`, which calls [`ask`] · a line in `tests/commands/administration.rs`, which runs it both
//! ways. One that does more (reads streams, makes keys) is a file in `commands/` that calls
//! [`node_or_ledger`].

use std::io::ErrorKind;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use vedetta_api::{Api, Indoors, ReadHere, Settings, control};
pub(crate) use vedetta_commands::node::plain;
use vedetta_commands::{Command, Node, Told, Verb};
use vedetta_flow::Receipt;
use vedetta_intake::Arrival;
use vedetta_model::{Clock as _, Entropy as _, Instant};

use crate::commands::init::new_password;
use crate::doors::runtime;
use crate::mesh::Meeting;
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome, Refusal};
use crate::progress::Progress;
use crate::system::{SystemClock, SystemEntropy};

/// A node that can be asked.
pub(crate) struct Reached {
    runtime: Runtime,
    road: Road,
    progress: Option<Progress>,
}

enum Road {
    /// To the running node.
    Socket(SendRequest<Full<Bytes>>),
    /// To the ledger, opened here.
    Here(Indoors),
}

/// How a part of a file goes to the node.
#[derive(Clone, Copy)]
pub(crate) enum Packing {
    /// Written as JSON, over the socket.
    Written,
    /// As it was read, in this process.
    AsRead,
}

/// A part of a file, packed.
pub(crate) enum Part {
    Written(Vec<u8>),
    AsRead(Box<Arrival>),
}

impl Packing {
    /// Packs a part; on any thread.
    pub(crate) fn pack(self, arrival: Arrival) -> Result<Part, Failure> {
        Ok(match self {
            Self::Written => Part::Written(write(&arrival)?),
            Self::AsRead => Part::AsRead(Box::new(arrival)),
        })
    }
}

/// Reaches the running node of a data directory; opens its ledger, for such use, where none runs.
pub(crate) fn node_or_ledger(node: &NodeArgs, usage: Use) -> Result<Reached, Failure> {
    let runtime = runtime()?;
    let road = match runtime.block_on(running(node))? {
        Some(sender) => Road::Socket(sender),
        None => {
            let house = Arc::new(node.house(usage)?);
            let configuration = Configuration::read(&node.data)?;
            let meeting = Meeting::of(&configuration, &node.data)?;
            let settings = Settings {
                papers: meeting.papers.clone(),
                webhook_networks: configuration.inner_networks()?,
                ..Settings::default()
            };
            if usage == Use::Write && house.standing().own.is_some() {
                meeting.establish(&house, None)?;
            }
            let mut pages = [0; 32];
            SystemEntropy.fill(&mut pages);
            Road::Here(Indoors::new(&Api::new(house, settings, pages)))
        }
    };
    Ok(Reached { runtime, road, progress: None })
}

/// Runs a command that asks a node, and prints what it has to say.
pub(crate) fn ask(command: &impl Command) -> Result<Outcome, Failure> {
    let at = command.at();
    let mut node = node_or_ledger(&NodeArgs { data: at.data.clone() }, command.needs())?;
    let answer = command.ask(&mut node)?;
    // Its progress is no longer shown.
    drop(node);
    match answer.told {
        Told::Value(told) if at.json => println!("{told}"),
        Told::Value(told) => print!("{}", command.lines(&told)),
        Told::File(octets) => {
            let written = std::io::Write::write_all(&mut std::io::stdout(), &octets);
            written.map_err(|error| Failure::system("the standard output", error))?;
        }
    }
    Ok(answer.ended.into())
}

/// A connection to the running node, if one runs.
pub(crate) async fn running(node: &NodeArgs) -> Result<Option<SendRequest<Full<Bytes>>>, Failure> {
    let path = node.data.join(control::SOCKET);
    let failed = |error: &dyn std::fmt::Display| {
        Failure::system(path.display().to_string(), format!("{error}; run as the node's user"))
    };
    let stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        // No socket, one that a killed node left behind, or a path too long to be one.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound
                    | ErrorKind::ConnectionRefused
                    | ErrorKind::InvalidInput
                    | ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    tokio::spawn(async move {
        // Whoever asks hears that the connection broke.
        let _told = connection.await;
    });
    Ok(Some(sender))
}

impl Reached {
    /// What a route gives.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        let body = self.ask(Method::GET, path, Vec::new())?;
        read(&body)
    }

    /// What a route gives for a body.
    pub(crate) fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = self.ask(Method::POST, path, write(body)?)?;
        read(&body)
    }

    /// How parts of files go there.
    pub(crate) fn packing(&self) -> Packing {
        match self.road {
            Road::Socket(_) => Packing::Written,
            Road::Here(_) => Packing::AsRead,
        }
    }

    /// Brings a part of a file.
    pub(crate) fn bring(&mut self, path: &str, part: Part) -> Result<Receipt, Failure> {
        let (body, here) = match part {
            Part::Written(body) => (body, None),
            Part::AsRead(arrival) => (Vec::new(), Some(ReadHere::new(*arrival))),
        };
        let mut request = request(Method::POST, path, JSON, body)?;
        if let Some(here) = here {
            request.extensions_mut().insert(here);
        }
        let body = self.exchange(request)?;
        read(&body)
    }

    /// Puts something.
    pub(crate) fn put(&mut self, path: &str, body: &impl Serialize) -> Result<(), Failure> {
        self.ask(Method::PUT, path, write(body)?).map(drop)
    }

    /// Takes something away.
    pub(crate) fn delete(&mut self, path: &str) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, Vec::new()).map(drop)
    }

    fn ask(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, Failure> {
        self.exchange(request(method, path, JSON, body)?)
    }

    fn exchange(&mut self, request: Request<Bytes>) -> Result<Bytes, Failure> {
        let (status, body) = match &mut self.road {
            Road::Here(node) => self
                .runtime
                .block_on(node.ask(request))
                .map_err(|error| Failure::system("asking the node", error))?,
            Road::Socket(sender) => {
                self.runtime.block_on(send(sender, request)).map_err(|error| {
                    let reason =
                        format!("{error}; it may be stopping: see its log, then try again");
                    Failure::system("asking the running node", reason)
                })?
            }
        };
        if status.is_success() { Ok(body) } else { Err(told(status, &body)) }
    }
}

impl Node for Reached {
    type Failure = Failure;

    fn send(&mut self, asked: vedetta_commands::Request) -> Result<Vec<u8>, Failure> {
        let method = match asked.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        self.exchange(request(method, &asked.path, asked.media, asked.body)?).map(Vec::from)
    }

    fn working(&mut self, what: &str, (done, of): (usize, usize)) {
        let progress = self.progress.get_or_insert_with(|| match of {
            0 | 1 => Progress::steps(),
            many => Progress::things(many as u64),
        });
        progress.step(what);
        progress.at(done as u64);
    }

    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn fresh_password(&self) -> String {
        new_password()
    }

    fn refusal(failure: &Failure) -> Value {
        serde_json::to_value(failure.refusal()).unwrap_or_default()
    }

    fn about(failure: Failure, place: &str) -> Failure {
        match failure {
            Failure::Refused(mut refusal) => {
                refusal.place = Some(match refusal.place.take() {
                    Some(within) => format!("{place}: {within}"),
                    None => place.to_owned(),
                });
                Failure::Refused(refusal)
            }
            other => other,
        }
    }
}

/// Asks over a connection, and reads the answer whole.
pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Bytes>,
) -> Result<(StatusCode, Bytes), hyper::Error> {
    sender.ready().await?;
    let answer = sender.send_request(request.map(Full::new)).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

const JSON: &str = "application/json";

fn request(
    method: Method,
    path: &str,
    media: &'static str,
    body: Vec<u8>,
) -> Result<Request<Bytes>, Failure> {
    let mut request = Request::builder().method(method).uri(path).header(HOST, "node");
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, media);
    }
    let request = request.body(Bytes::from(body));
    request.map_err(|error| Failure::Usage(format!("{path}: {error}")))
}

fn write(body: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(body).map_err(|error| Failure::system("writing JSON", error))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let reason = format!("{error}; is it this version of the program that runs?");
        Failure::system("the node's answer", reason)
    })
}

/// A problem as a command says it: where, what, and what to do.
pub(crate) fn told(status: StatusCode, body: &[u8]) -> Failure {
    let mut problem: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let mut word = |name: &str| match problem.remove(name) {
        Some(Value::String(word)) => Some(word),
        _ => None,
    };
    let detail = word("detail").unwrap_or_else(|| status.to_string());
    let (place, what_to_do) = (word("where"), word("what_to_do"));
    let kind = problem.get("type").and_then(Value::as_str);
    let code = kind.and_then(|it| it.rsplit('/').next()).unwrap_or("system").to_owned();
    let refusal = Box::new(Refusal { code, detail, place, what_to_do, members: problem });
    if status.is_server_error() { Failure::Unable(refusal) } else { Failure::Refused(refusal) }
}
