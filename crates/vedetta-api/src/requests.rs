//! Requests that playbooks prepare, made on a person's word.

use vedetta_diffusion::webhook::{Call, Destination};
use vedetta_flow::Sequence;
use vedetta_model::Actor;
use vedetta_watch::{DueRequest, RunView};

use crate::access::Cost;
use crate::api::Api;
use crate::problem::{Kind, Problem};

/// Has the request of a step's command made, and writes what came of it.
///
/// # Errors
/// Unknown, forbidden, changed meanwhile, or a host that is not allowed.
pub async fn request(
    api: &Api,
    actor: Actor,
    (number, run): (String, u32),
    version: Sequence,
    which: (u32, usize),
) -> Result<RunView, Problem> {
    let (by, case) = (actor.clone(), number.clone());
    let due = api.ask_watch(Cost::Light, move |watch| {
        watch.prepare_request(&by, (&case, run), version, which)
    });
    let due = due.await?;
    // Made and recorded to the end, whoever still waits for it.
    let api = api.clone();
    let made = tokio::spawn(async move {
        let answer = match make(&api, due).await {
            Ok(status) => format!("HTTP {status}"),
            Err(reason) => reason,
        };
        let record = move |watch: &vedetta_watch::Watch| {
            watch.record_request(&actor, (&number, run), which, answer)
        };
        api.ask_watch(Cost::Light, record).await
    });
    made.await.map_err(|error| Problem::new(Kind::Internal, error.to_string()))?
}

/// Makes a request: to a public address, or one of the node's own networks that calls may go to.
async fn make(api: &Api, due: DueRequest) -> Result<u16, String> {
    let caller = api.caller().ok_or("this node makes no requests")?;
    let DueRequest { prepared, authorization, .. } = due;
    let inner = &api.settings().webhook_networks;
    let destination = Destination::new(&prepared.url, inner).map_err(|error| error.to_string())?;
    let uri: http::Uri = prepared.url.parse().map_err(|_| "the address is no URL")?;
    let host = uri.host().unwrap_or_default().to_owned();
    let addresses = caller.resolve(host, uri.port_u16().unwrap_or(443)).await;
    let resolved: Vec<_> = addresses.iter().map(std::net::SocketAddr::ip).collect();
    destination.permits(&resolved, inner).map_err(|error| error.to_string())?;
    let mut headers: Vec<_> =
        prepared.headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
    headers.extend(authorization.map(|value| ("Authorization".into(), value)));
    let (method, url) = (prepared.method, destination.url().to_owned());
    let call = Call { method, url, headers, body: prepared.content.into() };
    caller.call(call, addresses).await
}
