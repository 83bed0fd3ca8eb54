//! The worker that calls webhooks: queues, leases, checks where each goes, signs, and hands the
//! call to the one who connects.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;
use vedetta_diffusion::webhook::{
    Answer, Call, Destination, Inner, Next, Notice, Secret, again, answer, call,
};
use vedetta_flow::steps::call_webhooks::{DueCall, Remaining};
use vedetta_flow::{DeliveryBatch, Door, FlowError, House, ReadItem};
use vedetta_model::Audience;

mod https;

pub use https::Https;

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

/// How often the worker looks when no bell rings: calls that failed come due.
const LOOK: Duration = Duration::from_secs(5);
/// How long it gathers what is released together.
const GATHER: Duration = Duration::from_millis(200);
/// Calls made at once.
const AT_ONCE: usize = 16;

/// Calls webhooks until stopped. `inner` are the node's own networks that they may go to.
pub async fn run(
    house: Arc<House>,
    caller: Arc<dyn Caller>,
    inner: Inner,
    stop: impl Future<Output = ()>,
) {
    let mut bell = house.bell().listen();
    let working = async {
        loop {
            match work(&house, &caller, &inner).await {
                Ok(Remaining::Something) => {}
                Ok(Remaining::Nothing) => {
                    let _rung = tokio::time::timeout(LOOK, bell.changed()).await;
                    tokio::time::sleep(GATHER).await;
                }
                Err(error) => {
                    tracing::error!(%error, "webhooks wait: the ledger cannot be used");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    };
    // A call that is cut short keeps its lease for two minutes, and is then made again.
    tokio::select! {
        () = working => {}
        () = stop => {}
    }
}

/// Queues what was released, and makes the calls that are due. Says whether there may be more.
///
/// # Errors
/// What the ledger said.
pub async fn work(
    house: &Arc<House>,
    caller: &Arc<dyn Caller>,
    inner: &Inner,
) -> Result<Remaining, FlowError> {
    let queued = on_house(house, |house| house.queue_webhook_calls()).await?;
    let due = on_house(house, |house| house.due_webhook_calls(AT_ONCE)).await?;
    let full = due.len() == AT_ONCE;
    let calls = due.into_iter().map(|due| one(house, caller, inner, due));
    for outcome in futures_util::future::join_all(calls).await {
        outcome?;
    }
    Ok(if full { Remaining::Something } else { queued })
}

/// One call, and what follows from its answer.
async fn one(
    house: &Arc<House>,
    caller: &Arc<dyn Caller>,
    inner: &Inner,
    due: DueCall,
) -> Result<(), FlowError> {
    let place = due.item.open(&due.reader).map(|item| item.stamp.seq);
    let organisation = due.reader.organisation;
    let attempt = due.lease.job.attempts;
    let reply = make(house, caller, inner, &due).await;
    let gone = matches!(reply, Ok(status) if answer(status) == Answer::Gone);
    let (lease, now) = (due.lease, house.now());
    let error = match reply {
        Ok(None) => return on_house(house, |house| house.finish_webhook_call(lease)).await,
        Ok(Some(status)) if answer(Some(status)) == Answer::Taken => {
            let audience = Audience::from_iter([organisation]);
            let door = Door::Webhook;
            let batch = place.map(|release| DeliveryBatch { release, door, at: now, audience });
            on_house(house, |house| house.record_deliveries(batch.into_iter().collect())).await?;
            return on_house(house, |house| house.finish_webhook_call(lease)).await;
        }
        Ok(Some(status)) => format!("the receiver answered {status}"),
        Err(error) => error,
    };
    let next = again(attempt, now, house.entropy());
    let due = match next {
        Next::At(moment) if !gone => Some(moment),
        _ => None,
    };
    on_house(house, move |house| house.give_back_webhook_call(lease, error, due)).await
}

/// Makes a call. No status when there is nothing to tell.
async fn make(
    house: &Arc<House>,
    caller: &Arc<dyn Caller>,
    inner: &Inner,
    due: &DueCall,
) -> Result<Option<u16>, String> {
    let destination =
        Destination::new(&due.webhook.url, inner).map_err(|error| error.to_string())?;
    let secret = Secret::new(&due.secret).map_err(|error| error.to_string())?;
    let (id, webhook) = (due.lease.job.id.0, due.webhook.id.as_str());
    let Some(notice) = due.item.clone().filter_map(|item| notice(id, webhook, &item)) else {
        return Ok(None);
    };
    let (attempt, now) = (due.lease.job.attempts, house.now());
    let Some(call) = call(&notice, &due.reader, &destination, &[secret], attempt, now) else {
        return Ok(None);
    };
    let uri: http::Uri = call.url.parse().map_err(|_| "the address is no URL".to_owned())?;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let addresses = caller.resolve(host, port).await;
    let resolved: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    destination.permits(&resolved, inner).map_err(|error| error.to_string())?;
    caller.call(call, addresses).await.map(Some)
}

fn notice(id: u64, webhook: &str, item: &ReadItem) -> Option<Notice> {
    let object: Box<RawValue> = serde_json::from_slice(&item.body).ok()?;
    let head = json!({
        "webhook": webhook,
        "place": item.stamp.seq.0,
        "date_added": item.stamp.at,
        "tlp": item.tlp,
    });
    // The object goes out as it was received, so it is set in as it is.
    let head = head.to_string();
    let body = format!("{},\"object\":{}}}", head.strip_suffix('}')?, object.get());
    Some(Notice { id, tlp: item.tlp, body: Bytes::from(body) })
}

/// Asks the house off the threads that serve connections.
async fn on_house<T: Send + 'static>(
    house: &Arc<House>,
    question: impl FnOnce(&House) -> Result<T, FlowError> + Send + 'static,
) -> Result<T, FlowError> {
    let house = Arc::clone(house);
    let answer = tokio::task::spawn_blocking(move || question(&house)).await;
    answer.unwrap_or_else(|error| Err(FlowError::Conflict(format!("the thread ended: {error}"))))
}
