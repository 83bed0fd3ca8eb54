//! The client: adds lists of indicators, and pages on to the end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use taxii::objects::Envelope;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::super::Times;
use super::super::scene::Indicators;
use crate::progress::Progress;
use crate::system::Stopwatch;
use vedetta_client::Connection;
use vedetta_client::Node;

/// Objects in a submission, and in a page.
pub(super) const TOGETHER: u64 = 1_000;

/// A collection of some server.
#[derive(Clone)]
pub(super) struct Collection {
    server: Server,
    authorization: String,
    path: String,
}

#[derive(Clone)]
enum Server {
    Node(Node),
    Plain(SocketAddr),
}

/// What was measured of many requests.
pub(super) struct Measured {
    /// Objects in all.
    pub(super) objects: u64,
    /// Objects a second.
    pub(super) rate: f64,
    /// How long each request took, until its answer was there whole.
    pub(super) times: Times,
}

/// Objects added and read, a second.
pub(super) struct Both {
    pub(super) added: f64,
    pub(super) read: f64,
}

impl Collection {
    /// A collection of a node.
    pub(super) fn of_node(node: &Node, token: &str, path: &str) -> Self {
        let server = Server::Node(node.clone());
        Self { server, authorization: format!("Bearer {token}"), path: path.into() }
    }

    /// A collection of a server without TLS.
    pub(super) fn plain(address: SocketAddr, authorization: &str, path: &str) -> Self {
        let server = Server::Plain(address);
        Self { server, authorization: authorization.into(), path: path.into() }
    }

    pub(super) async fn connect(&self) -> io::Result<Connection> {
        let authorization = &self.authorization;
        match &self.server {
            Server::Node(node) => {
                let (stream, host) = (node.connect().await?, node.address().to_string());
                Connection::over(stream, &host, authorization).await
            }
            Server::Plain(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Connection::over(stream, &address.to_string(), authorization).await
            }
        }
    }
}

/// Adds so many objects, a thousand in a submission, over some connections at once.
pub(super) async fn add(to: &Collection, objects: u64, over: u64) -> io::Result<Measured> {
    let submissions = objects / TOGETHER;
    let mut connections = Vec::new();
    for _ in 0..over.clamp(1, submissions.max(1)) {
        connections.push(to.connect().await?);
    }
    let (watch, mut tasks) = (Stopwatch::start(), JoinSet::new());
    let progress = Arc::new(Progress::things(objects));
    progress.step("adding over TAXII");
    let over = connections.len() as u64;
    for (place, connection) in (0..).zip(connections) {
        let share = submissions / over + u64::from(place < submissions % over);
        tasks.spawn(submit(connection, to.path.clone(), share, Arc::clone(&progress)));
    }
    let mut times = Times::default();
    while let Some(done) = tasks.join_next().await {
        done.map_err(io::Error::other)??.into_iter().for_each(|took| times.note(took));
    }
    let rate = objects as f64 / watch.read().as_secs_f64();
    Ok(Measured { objects, rate, times })
}

async fn submit(
    mut to: Connection,
    path: String,
    submissions: u64,
    progress: Arc<Progress>,
) -> io::Result<Vec<Duration>> {
    let (mut indicators, mut took) = (Indicators::new(), Vec::new());
    for _ in 0..submissions {
        let envelope = indicators.list("", TOGETHER);
        let watch = Stopwatch::start();
        let status = to.post(&path, envelope).await?.wanted(202)?;
        took.push(watch.read());
        progress.more(TOGETHER);
        let status: taxii::Status = serde_json::from_slice(&status)?;
        if status.success_count != TOGETHER {
            return Err(io::Error::other(format!("{} objects refused", status.failure_count)));
        }
    }
    Ok(took)
}

/// Pages as [`page`] does, on a thread of its own as another process would: what the client does with
/// a page holds up nobody who serves.
pub(super) async fn page_apart(of: &Collection, most: usize) -> io::Result<Measured> {
    let of = of.clone();
    let paging = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(page(&of, most))
    };
    tokio::task::spawn_blocking(paging).await.map_err(io::Error::other)?
}

/// Pages from the first object to the last, or through so many pages.
async fn page(of: &Collection, most: usize) -> io::Result<Measured> {
    let mut connection = of.connect().await?;
    let progress = Progress::steps();
    let (watch, mut times, mut objects) = (Stopwatch::start(), Times::default(), 0);
    let mut path = format!("{}?limit={TOGETHER}", of.path);
    for _ in 0..most {
        let asked = Stopwatch::start();
        let body = connection.get(&path).await?.wanted(200)?;
        times.note(asked.read());
        let envelope: Envelope<&RawValue> = serde_json::from_slice(&body)?;
        objects += envelope.objects.len() as u64;
        progress.step(format!("paging over TAXII: {objects} objects"));
        let Some(next) = envelope.next else { break };
        path = format!("{}?limit={TOGETHER}&next={next}", of.path);
    }
    let rate = objects as f64 / watch.read().as_secs_f64();
    Ok(Measured { objects, rate, times })
}

/// Adds so many objects in one submission, and reads them back.
pub(super) async fn both(submit: &Collection, read: &Collection, count: u64) -> io::Result<Both> {
    let (mut to, mut from) = (submit.connect().await?, read.connect().await?);
    let envelope = Indicators::new().list("", count);
    let watch = Stopwatch::start();
    to.post(&submit.path, envelope).await?.wanted(202)?;
    let added = count as f64 / watch.read().as_secs_f64();
    let watch = Stopwatch::start();
    let body = from.get(&format!("{}?limit={count}", read.path)).await?.wanted(200)?;
    let took = watch.read().as_secs_f64();
    let envelope: Envelope<&RawValue> = serde_json::from_slice(&body)?;
    if envelope.objects.len() as u64 != count {
        let found = envelope.objects.len();
        return Err(io::Error::other(format!("{found} of {count} objects were read")));
    }
    Ok(Both { added, read: count as f64 / took })
}
