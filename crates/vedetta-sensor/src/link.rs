//! The link with the node: what is cleared comes down, what is found goes up, and a sign of life.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use vedetta_detect::report::{BEAT, Orders, Report, Taken};
use vedetta_model::Instant;

use crate::error::SensorError;
use crate::identity::Identity;
use crate::known::{Change, Known, LONGEST_LINE};
use crate::listen::{self, Sink};
use crate::node::{Connection, Node};
use crate::run::{Brought, Message, Shared, Until};
use crate::settings::Input;
use crate::status;

/// What the link works with.
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) identity: Identity,
    pub(crate) known: Known,
    pub(crate) messages: Sender<Message>,
    pub(crate) until: Until,
}

/// Findings sent at once, and octets of them.
const TOGETHER: usize = 200;
const OCTETS: usize = 512 << 10;
/// A stream that says nothing for so long is dead: it gives a sign of life every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(45);
/// The first and the longest wait after something failed.
const AGAIN: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A token this near its end is exchanged for another.
const RENEWAL: Duration = Duration::from_hours(24 * 60);
/// Octets of the stream taken as one change.
const GATHERED: usize = 1 << 20;

/// Works until something cannot go on: the listeners, above all.
pub(crate) async fn work(link: Link, sinks: Vec<Brought>) -> Result<(), SensorError> {
    let Link { shared, identity, known, messages, until } = link;
    let node = identity.node()?;
    let mut listening = JoinSet::new();
    for (input, sink) in sinks {
        if input == Input::default() {
            read_stdin(sink, messages.clone(), tokio::runtime::Handle::current());
        } else {
            let account = identity.account.to_string();
            listening.spawn(listen::run((input, account), sink, shared.directory.clone()));
        }
    }
    let heard = async {
        match listening.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Ok(()),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        outcome = heard => outcome,
        outcome = follow((&*shared, until), &node, known, &messages) => outcome,
        () = send(&shared, &node) => Ok(()),
        () = beat(&shared, &node, &messages) => Ok(()),
        () = renew(&shared, &node, identity) => Ok(()),
    }
}

/// Ends when nothing waits to be sent any more.
pub(crate) async fn all_sent(shared: &Shared) {
    while shared.outbox.lock().unwrap_or_else(PoisonError::into_inner).len() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A wait that doubles, until something succeeds.
struct Patience(Duration);

impl Patience {
    fn new() -> Self {
        Self(AGAIN)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
    }
}

impl Shared {
    /// Keeps the node's measures for who follows the stream.
    fn take_measures(&self, orders: &mut Orders) {
        if let Some(measures) = orders.measures.take() {
            *self.measures.lock().unwrap_or_else(PoisonError::into_inner) = Some(measures);
        }
    }

    /// Notes how the link does.
    fn note(&self, outcome: &Result<(), SensorError>) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                status.heard = Some(self.clock.now());
                status.trouble = None;
            }
            Err(error) => {
                let trouble = Some(error.to_string());
                if status.trouble != trouble {
                    tracing::warn!(%error, "the node cannot be reached; trying again");
                }
                status.trouble = trouble;
            }
        }
    }
}

/// Follows the node's stream for ever; who runs until all is read must have caught up with it first.
async fn follow(
    (shared, until): (&Shared, Until),
    node: &Node,
    mut known: Known,
    messages: &Sender<Message>,
) -> Result<(), SensorError> {
    let mut patience = Patience::new();
    // Up to where it must come before anything is read.
    let mut to = match until {
        Until::Told => None,
        Until::AllRead => Some(place_of(shared, node).await?),
    };
    loop {
        let before = known.place();
        let outcome = follow_once(shared, node, (&mut known, &mut to), messages).await;
        match outcome {
            // It ends in order every hour.
            Ok(()) => patience = Patience::new(),
            Err(SensorError::Refused(reason)) => {
                // The node was restored to an earlier moment: everything is asked anew.
                tracing::warn!(%reason, "the stream begins anew");
                let forgotten = async {
                    for change in known.forget()? {
                        tell((shared, messages), change, 0).await?;
                    }
                    Ok::<_, SensorError>(())
                };
                shared.note(&forgotten.await);
            }
            Err(error) if to.is_some() => return Err(error),
            Err(error) => {
                shared.note(&Err(error));
                if known.place() != before {
                    patience = Patience::new();
                }
            }
        }
        patience.wait().await;
    }
}

/// How far the node's ledger has come.
async fn place_of(shared: &Shared, node: &Node) -> Result<u64, SensorError> {
    let beat = shared.status.lock().unwrap_or_else(PoisonError::into_inner).beat.clone();
    let body = serde_json::to_vec(&beat).unwrap_or_default();
    let answer = node.connect().await?.post("/api/v1/sensors/heartbeats", body).await?;
    let mut orders: Orders = serde_json::from_slice(&answer).unwrap_or_default();
    shared.take_measures(&mut orders);
    Ok(orders.place)
}

async fn follow_once(
    shared: &Shared,
    node: &Node,
    (known, to): (&mut Known, &mut Option<u64>),
    messages: &Sender<Message>,
) -> Result<(), SensorError> {
    let mut body = node.connect().await?.follow(known.place()).await?.into_body();
    let broken =
        |reason: &str| SensorError::Node { address: "stream".into(), reason: reason.into() };
    let mut held: Vec<u8> = Vec::new();
    loop {
        let measures = shared.measures.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(measures) = measures {
            let all = known.measure(Arc::unwrap_or_clone(measures), shared.clock.now())?;
            known.measures().clone_into(&mut shared.said().beat.measures);
            tell((shared, messages), all, known.place()).await?;
        }
        if to.is_some_and(|to| known.place() >= to) {
            *to = None;
            give(messages, Message::CaughtUp).await;
        }
        let frame = tokio::time::timeout(SILENCE, body.frame()).await;
        let Some(frame) = frame.map_err(|_| broken("it fell silent"))? else { return Ok(()) };
        let frame = frame.map_err(|error| broken(&error.to_string()))?;
        if let Some(octets) = frame.data_ref() {
            held.extend_from_slice(octets);
        }
        // What follows at once is taken together.
        while held.len() < GATHERED
            && let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::ZERO, body.frame()).await
        {
            held.extend_from_slice(frame.data_ref().map_or(&[][..], |octets| octets));
        }
        let whole = memchr::memrchr(b'\n', &held).map_or(0, |at| at + 1);
        if held.len() - whole > LONGEST_LINE {
            return Err(broken("a line of it does not end"));
        }
        // The room for much that came at once is not kept.
        let rest = held.split_off(whole);
        let lines = std::mem::replace(&mut held, rest);
        for change in known.take(&String::from_utf8_lossy(&lines), shared.clock.now())? {
            tell((shared, messages), change, known.place()).await?;
        }
        if shared.worn.swap(false, Ordering::Relaxed) {
            let all = known.all(shared.clock.now())?;
            tell((shared, messages), all, known.place()).await?;
        }
        let mut status = shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.beat.place = known.place();
    }
}

/// Tells of a change, once there is room for it: who looks back long is not overrun.
async fn tell(
    (shared, messages): (&Shared, &Sender<Message>),
    change: Change,
    place: u64,
) -> Result<(), SensorError> {
    let gone =
        || SensorError::Node { address: "stream".into(), reason: "nobody watches any more".into() };
    shared.changes.acquire().await.map_err(|_| gone())?.forget();
    give(messages, Message::Change(change, place)).await;
    Ok(())
}

/// Gives a message to who watches. When nobody does any more, all of this is about to end: the node is
/// not to blame.
async fn give(messages: &Sender<Message>, message: Message) {
    if messages.send(message).is_err() {
        std::future::pending().await
    }
}

/// Sends what was found for ever.
async fn send(shared: &Shared, node: &Node) {
    let (mut patience, mut connection) = (Patience::new(), None);
    let mut together = TOGETHER;
    loop {
        let outcome = send_once(shared, node, (&mut connection, together)).await;
        together = match &outcome {
            Err(SensorError::Refused(reason)) if is_of_content(reason) => 1,
            Err(_) => together,
            Ok(_) => TOGETHER,
        };
        let sent_all = matches!(outcome, Ok(Sent::All));
        let outcome = outcome.map(drop);
        if outcome.is_err() {
            connection = None;
        }
        if !sent_all || outcome.is_err() {
            shared.note(&outcome);
        }
        match outcome {
            Ok(()) => patience = Patience::new(),
            Err(_) => {
                patience.wait().await;
                continue;
            }
        }
        if sent_all {
            shared.to_send.notified().await;
        }
    }
}

/// Whether anything waits still.
enum Sent {
    All,
    Some,
}

/// Whether the node refuses what a report says, and would refuse it again.
fn is_of_content(reason: &str) -> bool {
    ["400", "413", "422"].iter().any(|it| reason.starts_with(it))
}

async fn send_once(
    shared: &Shared,
    node: &Node,
    (connection, together): (&mut Option<Connection>, usize),
) -> Result<Sent, SensorError> {
    let next = |most| {
        let outbox = shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.next(most, OCTETS)
    };
    let findings = next(together);
    if findings.is_empty() {
        return Ok(Sent::All);
    }
    let report = Report { findings };
    let body = serde_json::to_vec(&report).unwrap_or_default();
    status::note_sent(&shared.directory, &body)?;
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(node.connect().await?),
    };
    let answer = match connection.post("/api/v1/sensors/findings", body).await {
        // It would hold up all that come after it.
        Err(SensorError::Refused(reason)) if together == 1 && is_of_content(&reason) => {
            tracing::error!(%reason, "the node does not take a finding; it is let go");
            shared.lost.fetch_add(1, Ordering::Relaxed);
            let mut outbox = shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
            outbox.arrived(&report.findings)?;
            return Ok(Sent::Some);
        }
        answer => answer?,
    };
    let taken: Taken = serde_json::from_slice(&answer).unwrap_or_default();
    shared.lost.fetch_add(taken.refused.len() as u64, Ordering::Relaxed);
    for it in &taken.refused {
        tracing::warn!(finding = %it.id, reason = %it.reason, "the node does not take a finding");
    }
    let (new, known) = (taken.taken, taken.known);
    tracing::info!(findings = report.findings.len(), new, known, "sent");
    let mut outbox = shared.outbox.lock().unwrap_or_else(PoisonError::into_inner);
    outbox.arrived(&report.findings)?;
    Ok(Sent::Some)
}

/// Gives a sign of life for ever, and hears what the node wants.
async fn beat(shared: &Shared, node: &Node, messages: &Sender<Message>) {
    let mut turns = tokio::time::interval(Duration::from_secs(BEAT));
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before: (Instant, u64) = (shared.clock.now(), 0);
    loop {
        turns.tick().await;
        let now = shared.clock.now();
        let beat = {
            let mut status = shared.status.lock().unwrap_or_else(PoisonError::into_inner);
            let seconds = now.since(before.0).as_secs_f64().max(0.001);
            status.beat.events_per_s =
                (status.beat.events.saturating_sub(before.1) as f64 / seconds * 10.0).round()
                    / 10.0;
            before = (now, status.beat.events);
            status.beat.clone()
        };
        let body = serde_json::to_vec(&beat).unwrap_or_default();
        let outcome =
            async { node.connect().await?.post("/api/v1/sensors/heartbeats", body).await };
        let outcome = outcome.await;
        if let Ok(answer) = &outcome
            && let Ok(mut orders) = serde_json::from_slice::<Orders>(answer)
        {
            shared.take_measures(&mut orders);
            // Who watches may be gone.
            let _told = messages.send(Message::Orders(orders));
        }
        shared.note(&outcome.map(drop));
    }
}

/// Exchanges the token for another before it ends.
async fn renew(shared: &Shared, node: &Node, mut identity: Identity) {
    #[derive(Deserialize)]
    struct Issued {
        token: String,
        expires: Instant,
    }
    let mut turns = tokio::time::interval(Duration::from_hours(12));
    loop {
        turns.tick().await;
        if identity.expires.since(shared.clock.now()) > RENEWAL {
            continue;
        }
        let body = json!({ "purpose": "sensor", "scope": [], "days": 366 }).to_string();
        let issued = async { node.connect().await?.post("/api/v1/tokens", body.into()).await };
        let Ok(Ok(issued)) = issued.await.map(|it| serde_json::from_slice::<Issued>(&it)) else {
            continue;
        };
        (identity.token, identity.expires) = (issued.token, issued.expires);
        let kept = identity.write(&shared.directory);
        if let Err(error) = kept.and_then(|()| node.use_token(&identity.token)) {
            tracing::error!(%error, "the new token cannot be used; enrol the sensor again");
        }
    }
}

/// Reads the standard input on a thread of its own: it cannot be waited for otherwise.
fn read_stdin(sink: Sink, messages: Sender<Message>, runtime: tokio::runtime::Handle) {
    let read = move || {
        use std::io::Read as _;
        let (mut input, mut buffer) = (std::io::stdin().lock(), vec![0; 1 << 16]);
        let mut lines = crate::lines::Lines::default();
        loop {
            let length = input.read(&mut buffer).unwrap_or(0);
            let mut whole = Vec::new();
            let mut each = |line: &[u8], _| whole.extend_from_slice(&[line, b"\n"].concat());
            match length {
                0 => lines.rest(&mut each),
                _ => lines.take(buffer.get(..length).unwrap_or_default(), &mut each),
            }
            if let Err(error) = runtime.block_on(sink.wait_and_put(&whole)) {
                tracing::error!(%error, "the standard input cannot be kept");
            }
            if length == 0 {
                // Who watches may be gone.
                let _told = messages.send(Message::Ended);
                return;
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("stdin".into()).spawn(read) {
        tracing::error!(%error, "the standard input cannot be read");
    }
}
