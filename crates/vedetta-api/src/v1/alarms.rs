//! Alarms, who answers them, and how people are called.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_watch::desk::escalation::Ladder;
use vedetta_watch::{AlarmView, Emergency};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Given, Params};
use crate::gate::Caller;

/// Alarms.
#[derive(Debug, Serialize)]
pub(super) struct Alarms {
    alarms: Vec<AlarmView>,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Alarms> {
    let alarms = api.ask_watch(Cost::Light, move |watch| watch.alarms(&actor)).await?;
    Ok(Json(Alarms { alarms }))
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<AlarmView> {
    let id: String = params.get("alarm")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.alarm(&actor, &id)).await?))
}

pub(super) async fn answer(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<AlarmView> {
    let id: String = params.get("alarm")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.answer_alarm(&actor, &id)).await?))
}

/// How many calls a page has shown.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    shown: usize,
}

/// Which alarms it has shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnPage {
    alarms: Vec<String>,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(OnPage { alarms }): Given<OnPage>,
) -> Answer<Shown> {
    let ask = move |watch: &vedetta_watch::Watch| watch.shown_alarms(&actor, &alarms);
    let shown = api.ask_watch(Cost::Light, ask).await?;
    Ok(Json(Shown { shown }))
}

pub(super) async fn emergency(State(api): State<Api>, Caller(actor): Caller) -> Answer<Emergency> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.emergency(&actor)).await?))
}

pub(super) async fn ladder(State(api): State<Api>, Caller(actor): Caller) -> Answer<Ladder> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.ladder(&actor)).await?))
}

pub(super) async fn put_ladder(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(ladder): Given<Ladder>,
) -> Answer<Ladder> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.put_ladder(&actor, ladder)).await?))
}
