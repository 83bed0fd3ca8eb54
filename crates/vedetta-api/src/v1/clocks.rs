//! Legal clocks and the documents that they ask for.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_model::Language;
use vedetta_watch::desk::StepName;
use vedetta_watch::desk::document::Document;
use vedetta_watch::{CaseClocks, NextClock, Pressing};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;

/// How many.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Many {
    limit: Option<usize>,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct In {
    language: Option<Language>,
}

/// What is due next.
#[derive(Debug, Serialize)]
pub(super) struct Next {
    clocks: Vec<NextClock>,
}

pub(super) async fn of_case(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<CaseClocks> {
    let number: String = params.get("number")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.clocks(&actor, &number)).await?))
}

pub(super) async fn next(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(many): Asked<Many>,
) -> Answer<Next> {
    let limit = many.limit.unwrap_or(5);
    let clocks = api.ask_watch(Cost::Light, move |watch| watch.next_clocks(&actor, limit)).await?;
    Ok(Json(Next { clocks }))
}

pub(super) async fn pressing(State(api): State<Api>, Caller(actor): Caller) -> Answer<Pressing> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.pressing(&actor)).await?))
}

pub(super) async fn notice(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Answer<Document> {
    let (number, step): (String, StepName) = (params.get("number")?, params.get("step")?);
    let language = asked.language.unwrap_or(actor.language);
    let draft = api
        .ask_watch(Cost::Light, move |watch| watch.draft_notice(&actor, &number, &step, language));
    Ok(Json(draft.await?))
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Answer<Document> {
    let number: String = params.get("number")?;
    let language = asked.language.unwrap_or(actor.language);
    let report =
        api.ask_watch(Cost::Bulk, move |watch| watch.after_action(&actor, &number, language));
    Ok(Json(report.await?))
}
