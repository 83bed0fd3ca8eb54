//! Crises and exercises: declared, and ended.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_watch::desk::posture::{Declared, Posture};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Given, Params};
use crate::gate::Caller;

/// Those that hold or held, the newest first.
#[derive(Debug, Serialize)]
pub(super) struct Postures {
    postures: Vec<Posture>,
}

/// Why one ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    reason: String,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Postures> {
    let postures = api.ask_watch(Cost::Light, move |watch| watch.postures(&actor)).await?;
    Ok(Json(Postures { postures }))
}

pub(super) async fn declare(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(declared): Given<Declared>,
) -> Answer<Posture> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.declare(&actor, declared)).await?))
}

pub(super) async fn end(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(end): Given<End>,
) -> Answer<Posture> {
    let id: String = params.get("posture")?;
    let ended = api.ask_watch(Cost::Light, move |watch| watch.end_posture(&actor, &id, end.reason));
    Ok(Json(ended.await?))
}
