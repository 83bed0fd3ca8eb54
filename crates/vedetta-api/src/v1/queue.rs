//! Reports, and the queue at which they wait.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vedetta_model::OrganisationId;
use vedetta_watch::{NewReport, Queue, QueueWish, ReportReceipt};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given};
use crate::gate::Caller;

/// Which part of the queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    centre: Option<OrganisationId>,
    limit: Option<usize>,
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(new): Given<NewReport>,
) -> Answer<ReportReceipt> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.report(&actor, new)).await?))
}

pub(super) async fn waiting(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(which): Asked<Which>,
) -> Answer<Queue> {
    let wish = QueueWish { centre: which.centre, limit: which.limit.unwrap_or(50) };
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.queue(&actor, &wish)).await?))
}
