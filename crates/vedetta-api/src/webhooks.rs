//! The worker that calls webhooks: queues, leases, checks where each goes, signs, and hands the
//! call to the one who connects.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use vedetta_diffusion::webhook::{
    Answer, Call, Destination, DestinationError, Next, Notice, Secret, again, answer, call,
    call_back,
};
use vedetta_flow::steps::call_webhooks::{DueCall, Remaining, Tells};
use vedetta_flow::{DeliveryBatch, Door, FlowError, House, ReadItem};
use vedetta_model::{Audience, Places};

mod round;
mod trouble;

use round::Round;
pub use trouble::{Trouble, Troubles};
pub use vedetta_diffusion::webhook::{Https, Inner};

/// The one who connects: [`Https`], and in tests somebody who listens.
pub trait Caller: Send + Sync + 'static {
    /// The addresses of a host; none when it has none.
    fn resolve(&self, host: String, port: u16) -> Later<Vec<SocketAddr>>;
    /// Makes a call to one of the addresses and to no other, without following redirects, within
    /// half a minute. The answer's status, or why there was none.
    fn call(&self, call: Call, addresses: Vec<SocketAddr>) -> Later<Result<u16, String>>;
}

/// What comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Caller for Https {
    fn resolve(&self, host: String, port: u16) -> Later<Vec<SocketAddr>> {
        Box::pin(Self::resolve(host, port))
    }

    fn call(&self, call: Call, addresses: Vec<SocketAddr>) -> Later<Result<u16, String>> {
        let answer = self.clone().exchange(call, addresses, 0);
        Box::pin(async move { answer.await.map(|(status, _)| status) })
    }
}

/// Who works.
#[derive(Clone)]
struct Worker {
    house: Arc<House>,
    caller: Arc<dyn Caller>,
    inner: Inner,
    troubles: Troubles,
}

/// How often the worker looks when no bell rings: calls that failed come due.
const LOOK: Duration = Duration::from_secs(5);
/// How long it gathers what is released together.
const GATHER: Duration = Duration::from_millis(200);
/// Calls to one webhook at once.
const TO_ONE: usize = 4;
/// The longest time for a host's addresses.
const RESOLVING: Duration = Duration::from_secs(10);

/// Calls webhooks until stopped; calls under way then have a moment to end. `inner` are the node's
/// own networks that they may go to; what fails is told to `troubles`.
pub async fn run(
    house: Arc<House>,
    caller: Arc<dyn Caller>,
    (inner, troubles): (Inner, Troubles),
    stop: impl Future<Output = ()>,
) {
    let worker = Worker { house, caller, inner, troubles };
    let (tell, mut told) = mpsc::channel(16);
    let mut round = Round::new(worker.clone());
    // A call that is cut short keeps its lease for two minutes, and is then made again.
    tokio::select! {
        () = worker.queue(tell) => {}
        () = round.go_on(&mut told) => {}
        () = stop => {}
    }
    round.close().await;
}

/// Queues what was released, and makes the calls that are due, a few of each webhook. Says whether
/// there may be more.
///
/// # Errors
/// What the ledger said.
pub async fn work(
    house: &Arc<House>,
    caller: &Arc<dyn Caller>,
    (inner, troubles): (&Inner, &Troubles),
) -> Result<Remaining, FlowError> {
    let (house, caller) = (Arc::clone(house), Arc::clone(caller));
    let (inner, troubles) = (inner.clone(), troubles.clone());
    let worker = Worker { house, caller, inner, troubles };
    let queued = worker.ask(|house| house.queue_webhook_calls()).await?;
    let wanted: Vec<_> = worker.active().await?.into_iter().map(|key| (key, TO_ONE)).collect();
    let due = worker.ask(move |house| house.due_webhook_calls(&wanted)).await?;
    let remaining = if due.is_empty() { queued.remaining } else { Remaining::Something };
    futures_util::future::join_all(due.into_iter().map(|due| worker.one(due))).await;
    Ok(remaining)
}

impl Worker {
    /// Queues calls whenever something is released, and tells whose.
    async fn queue(&self, tell: mpsc::Sender<Vec<String>>) {
        let mut bell = self.house.bell().listen();
        loop {
            let remaining = match self.ask(|house| house.queue_webhook_calls()).await {
                Ok(queued) => {
                    if !queued.webhooks.is_empty() && tell.send(queued.webhooks).await.is_err() {
                        return;
                    }
                    queued.remaining
                }
                Err(error) => {
                    tracing::error!(%error, "webhooks wait: the ledger cannot be used");
                    tokio::time::sleep(LOOK).await;
                    Remaining::Something
                }
            };
            if remaining == Remaining::Nothing {
                // The house outlives its doors, so the bell is never gone.
                let _rung = bell.changed().await;
                tokio::time::sleep(GATHER).await;
                bell.mark_unchanged();
            }
        }
    }

    /// Which webhooks are called. What failed of others is nobody's trouble any more.
    async fn active(&self) -> Result<Vec<String>, FlowError> {
        let active = self.ask(|house| house.active_webhooks()).await?;
        self.troubles.keep(&active);
        Ok(active)
    }

    /// One call, and what follows from its answer.
    async fn one(&self, due: DueCall) {
        let (webhook, id) = (due.webhook.key(), due.lease.job.id.0);
        if let Err(error) = self.call_and_end(due).await {
            tracing::error!(%error, webhook, id, "a call is not ended: it is made again");
        }
    }

    async fn call_and_end(&self, due: DueCall) -> Result<(), FlowError> {
        let place = match &due.tells {
            Tells::Item(item) => item.open(&due.reader).map(|item| item.stamp.seq.0),
            Tells::Withdrawal(notice) => Some(notice.place.0),
            Tells::Lapse(notice) => Some(notice.place.0),
            Tells::Reminder(_) => Some(0),
        };
        let reply = self.make(&due).await;
        let (attempt, lease) = (due.lease.job.attempts, due.lease.clone());
        let now = self.house.now();
        let (Some(release), Some(reply)) = (place, reply.transpose()) else {
            return self.ask(|house| house.finish_webhook_call(lease)).await;
        };
        let (meaning, key) = (answer(reply.as_ref().ok().copied()), due.webhook.key());
        if matches!(meaning, Answer::Taken | Answer::Gone) {
            self.troubles.over(&key);
        }
        if meaning == Answer::Taken && !matches!(due.tells, Tells::Item(_)) {
            return self.ask(|house| house.finish_webhook_call(lease)).await;
        }
        if meaning == Answer::Taken {
            let audience = Audience::from_iter([due.reader.organisation]);
            let releases = Places::between(release, release);
            let had = DeliveryBatch { releases, door: Door::Webhook, at: now, audience };
            return self.ask(|house| house.record_webhook_call(lease, had)).await;
        }
        let error = match reply {
            Ok(status) => format!("the receiver answered {status}"),
            Err(error) => error,
        };
        if meaning == Answer::Gone {
            tracing::info!(webhook = key, "paused: its receiver wants no more calls");
            return self.ask(move |house| house.pause_webhook(lease, &due.webhook, error)).await;
        }
        let due = match again(attempt, now, self.house.entropy()) {
            Next::At(moment) => Some(moment),
            Next::DeadLetter => None,
        };
        self.troubles.failed(&key, &error, (now, due));
        self.ask(move |house| house.give_back_webhook_call(lease, error, due)).await
    }

    /// Makes a call. No status when there is nothing to tell.
    async fn make(&self, due: &DueCall) -> Result<Option<u16>, String> {
        let said = |error: DestinationError| error.to_string();
        let destination = Destination::new(&due.webhook.url, &self.inner).map_err(said)?;
        let secret = Secret::new(&due.secret).map_err(|error| error.to_string())?;
        let (id, webhook) = (due.lease.job.id.0, due.webhook.id.as_str());
        let (attempt, now) = (due.lease.job.attempts, self.house.now());
        let call = match &due.tells {
            Tells::Item(item) => {
                let notice = item.clone().filter_map(|item| notice(id, webhook, &item));
                notice.and_then(|it| call(&it, &due.reader, &destination, &[secret], attempt, now))
            }
            Tells::Lapse(lapsed) => {
                let body = json!({ "webhook": webhook, "lapsed": lapsed }).to_string();
                Some(call_back((id, &body.into()), &destination, &[secret], attempt, now))
            }
            Tells::Reminder(reminder) => {
                let body = json!({ "webhook": webhook, "reminder": reminder }).to_string();
                Some(call_back((id, &body.into()), &destination, &[secret], attempt, now))
            }
            Tells::Withdrawal(withdrawn) => {
                let body = json!({ "webhook": webhook, "withdrawn": withdrawn }).to_string();
                Some(call_back((id, &body.into()), &destination, &[secret], attempt, now))
            }
        };
        let Some(call) = call else { return Ok(None) };
        let uri: http::Uri = call.url.parse().map_err(|_| "the address is no URL".to_owned())?;
        let port =
            uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let resolving = tokio::time::timeout(RESOLVING, self.caller.resolve(host, port));
        let addresses = resolving.await.map_err(|_| "the host's name server is too slow")?;
        let resolved: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
        destination.permits(&resolved, &self.inner).map_err(said)?;
        self.caller.call(call, addresses).await.map(Some)
    }

    /// Asks the house off the threads that serve connections.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
    ) -> Result<T, FlowError> {
        let house = Arc::clone(&self.house);
        let answer = tokio::task::spawn_blocking(move || question(&house)).await;
        answer
            .unwrap_or_else(|error| Err(FlowError::Conflict(format!("the thread ended: {error}"))))
    }
}

fn notice(id: u64, webhook: &str, item: &ReadItem) -> Option<Notice> {
    let object: Box<RawValue> = serde_json::from_slice(&item.body).ok()?;
    let mut head = json!({
        "webhook": webhook,
        "place": item.stamp.seq.0,
        "date_added": item.stamp.at,
        "tlp": item.tlp,
        "pap": item.pap,
    });
    if let Some(obligations) = &item.obligations {
        head["iep"] = serde_json::to_value(&**obligations).ok()?;
    }
    // The object goes out as it was received, so it is set in as it is.
    let head = head.to_string();
    let body = format!("{},\"object\":{}}}", head.strip_suffix('}')?, object.get());
    Some(Notice { id, tlp: item.tlp, body: Bytes::from(body) })
}
