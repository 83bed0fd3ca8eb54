//! Legal clocks and the documents that they ask for.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use vedetta_model::{Actor, Instant, Language, OrganisationId};
use vedetta_watch::desk::StepName;
use vedetta_watch::desk::document::Document;
use vedetta_watch::{CaseClocks, NextClock, Pressing};

use super::Answer;
use super::incidents::saved_as;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;
use crate::problem::Problem;

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
    format: Format,
}

/// As what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Html,
    Pdf,
}

/// The document, once the ledger says who has it: as JSON, or as a file to be saved.
async fn written(
    (api, actor): (&Api, Actor),
    document: Document,
    format: Format,
    name: &str,
) -> Result<Response, Problem> {
    let (ending, media) = match format {
        Format::Json => ("json", "application/json"),
        Format::Html => ("html", "text/html; charset=utf-8"),
        Format::Pdf => ("pdf", "application/pdf"),
    };
    let file = format!("{name}.{ending}");
    let noted = file.clone();
    api.ask(move |house| house.note_export(&actor, &noted)).await?;
    let body = match format {
        Format::Json => return Ok(Json(document).into_response()),
        Format::Html => document.html.into_bytes(),
        Format::Pdf => document.pdf(),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    // What people wrote is saved, never shown in a page of this origin.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&saved_as(&file)) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
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
) -> Result<Response, Problem> {
    let (number, step): (String, StepName) = (params.get("number")?, params.get("step")?);
    let language = asked.language.unwrap_or(actor.language);
    let name = format!("{number}-{step}").replace(':', "-");
    let by = actor.clone();
    let draft =
        api.ask_watch(Cost::Light, move |watch| watch.draft_notice(&by, &number, &step, language));
    written((&api, actor), draft.await?, asked.format, &name).await
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Result<Response, Problem> {
    let number: String = params.get("number")?;
    let language = asked.language.unwrap_or(actor.language);
    let name = number.clone();
    let by = actor.clone();
    let report = api.ask_watch(Cost::Bulk, move |watch| watch.after_action(&by, &number, language));
    written((&api, actor), report.await?, asked.format, &name).await
}

/// A handover as it was signed.
pub(super) async fn handover(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Result<Response, Problem> {
    let (organisation, ends): (OrganisationId, Instant) =
        (params.get("organisation")?, params.get("ends")?);
    let language = asked.language.unwrap_or(actor.language);
    let (by, id) = (actor.clone(), format!("{organisation}/{ends}"));
    let name = id.replace(['/', ':'], "-");
    let document =
        api.ask_watch(Cost::Light, move |watch| watch.handover_document(&by, &id, language));
    written((&api, actor), document.await?, asked.format, &name).await
}

/// An early warning as it was written.
pub(super) async fn warning(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Result<Response, Problem> {
    let id: String = params.get("warning")?;
    let language = asked.language.unwrap_or(actor.language);
    let (by, name) = (actor.clone(), id.clone());
    let document =
        api.ask_watch(Cost::Light, move |watch| watch.warning_document(&by, &id, language));
    written((&api, actor), document.await?, asked.format, &name).await
}
