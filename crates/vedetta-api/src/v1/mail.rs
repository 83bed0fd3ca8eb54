//! The mail desk: reporting a suspicious message, and the desk's own view.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_model::Instant;
use vedetta_postroom::{
    CampaignStep, CampaignView, Contesting, Dissected, Handed, Overruling, OwnAnswer, Postroom,
    Question, QueuePage, QueueWish, Received, Reporter, Statistics, Telling,
};

use super::{Answer, Page, page_limit};
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// The media types in which a message is handed in.
const TAKEN: &[&str] = &[
    "message/rfc822",
    "application/octet-stream",
    "application/vnd.ms-outlook",
    "application/zip",
    "application/mbox",
];

/// What a reporter is told, a case for each message.
#[derive(Debug, Serialize)]
pub(super) struct Reported {
    cases: Vec<vedetta_postroom::Answer>,
}

/// Over how many days; only what changed; why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Terms {
    days: Option<u16>,
    changed_after: Option<Instant>,
    reason: String,
}

/// How many reports an analyst's word changed.
#[derive(Debug, Serialize)]
pub(super) struct Overruled {
    reports: usize,
}

/// Asks the desk, where there is one.
async fn ask<T: Send + 'static>(
    api: &Api,
    cost: Cost,
    question: impl FnOnce(&Postroom) -> Result<T, FlowError> + Send + 'static,
) -> Result<T, Problem> {
    let desk = api.mail_desk().map(Arc::clone).ok_or_else(|| {
        Problem::new(Kind::Unknown, "this node has no mail desk; ask its administrator for one")
    })?;
    api.ask_at(cost, move |_| question(&desk)).await
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    octets: Octets,
) -> Answer<Reported> {
    if !octets.media.as_deref().is_some_and(|media| TAKEN.contains(&media)) {
        let sentence = format!("send the message as {}", TAKEN.join(", "));
        return Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"));
    }
    let received = ask(&api, Cost::Bulk, move |desk| {
        desk.take(&Handed { bytes: &octets.bytes, by: Reporter::Account(actor) })
    });
    match received.await? {
        Received::Taken(cases) => Ok(Json(Reported { cases })),
        _ => Err(Problem::new(Kind::Invalid, "there is no message in it; send the file as saved")),
    }
}

pub(super) async fn own(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(only): Asked<Terms>,
) -> Answer<Page<OwnAnswer>> {
    let own = move |desk: &Postroom| match only.changed_after {
        Some(after) => Ok(desk.changed_answers(&actor, after)),
        None => desk.own_answers(&actor),
    };
    let items = ask(&api, Cost::Light, own).await?;
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn contest(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(said): Given<Contesting>,
) -> Result<StatusCode, Problem> {
    let case: String = params.get("case")?;
    ask(&api, Cost::Light, move |desk| desk.contest_own(&actor, &case, &said)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn queue(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(wish): Asked<QueueWish>,
) -> Answer<QueuePage> {
    let limit = page_limit(Some(wish.limit).filter(|limit| *limit > 0));
    let wish = QueueWish { limit, ..wish };
    Ok(Json(ask(&api, Cost::Light, move |desk| desk.queue(&actor, &wish)).await?))
}

pub(super) async fn case(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Dissected> {
    let case: String = params.get("case")?;
    Ok(Json(ask(&api, Cost::Light, move |desk| desk.dissect(&actor, &case)).await?))
}

/// The message as it was handed in: never shown by a browser.
pub(super) async fn message(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<impl IntoResponse, Problem> {
    let case: String = params.get("case")?;
    let name = format!("attachment; filename=\"{}.eml\"", case.replace(['"', '\\'], ""));
    let bytes = ask(&api, Cost::Bulk, move |desk| desk.message(&actor, &case)).await?;
    let media = "application/octet-stream".to_owned();
    Ok(([(CONTENT_TYPE, media), (CONTENT_DISPOSITION, name)], bytes))
}

pub(super) async fn delete(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(why): Asked<Terms>,
) -> Result<StatusCode, Problem> {
    let case: String = params.get("case")?;
    ask(&api, Cost::Light, move |desk| desk.delete_message(&actor, &case, &why.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn overrule(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(said): Given<Overruling>,
) -> Answer<Overruled> {
    let case: String = params.get("case")?;
    let reports = ask(&api, Cost::Bulk, move |desk| desk.overrule(&actor, &case, &said)).await?;
    Ok(Json(Overruled { reports }))
}

pub(super) async fn campaigns(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Answer<Page<CampaignView>> {
    let items = ask(&api, Cost::Light, move |desk| desk.campaigns(&actor)).await?;
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn campaign(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<CampaignView> {
    let id: String = params.get("campaign")?;
    Ok(Json(ask(&api, Cost::Light, move |desk| desk.campaign(&actor, &id)).await?))
}

pub(super) async fn step(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<CampaignStep>,
) -> Answer<CampaignView> {
    let id: String = params.get("campaign")?;
    let moved = ask(&api, Cost::Bulk, move |desk| {
        desk.step_campaign(&actor, &id, &step)?;
        desk.campaign(&actor, &id)
    });
    Ok(Json(moved.await?))
}

pub(super) async fn questions(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Answer<Page<Question>> {
    let items = ask(&api, Cost::Light, move |desk| Ok(desk.questions(&actor))).await?;
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn answer_question(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(said): Given<Telling>,
) -> Answer<Question> {
    let id: String = params.get("campaign")?;
    let answered = move |desk: &Postroom| desk.answer_question(&actor, &id, &said);
    Ok(Json(ask(&api, Cost::Light, answered).await?))
}

pub(super) async fn statistics(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(over): Asked<Terms>,
) -> Answer<Statistics> {
    let days = over.days.unwrap_or(30).clamp(1, 365);
    Ok(Json(ask(&api, Cost::Light, move |desk| desk.statistics(&actor, days)).await?))
}
