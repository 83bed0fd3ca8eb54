//! Work that was given up, taking it up again, and discarding it.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use vedetta_flow::{Job, JobId};
use vedetta_model::Instant;

use super::Answer;
use crate::api::Api;
use crate::extract::Params;
use crate::gate::Caller;
use crate::problem::Problem;

/// Work that was given up.
#[derive(Debug, Serialize)]
pub(super) struct DeadLetters {
    letters: Vec<Letter>,
}

#[derive(Debug, Serialize)]
struct Letter {
    id: u64,
    step: String,
    key: String,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<Instant>,
}

pub(super) async fn dead_letters(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Answer<DeadLetters> {
    let jobs = api.ask(move |house| house.dead_letters(&actor)).await?;
    Ok(Json(DeadLetters { letters: jobs.into_iter().map(Letter::from).collect() }))
}

pub(super) async fn retry(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id = JobId(params.get("job")?);
    api.ask(move |house| house.retry_work(&actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn discard(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id = JobId(params.get("job")?);
    api.ask(move |house| house.discard_work(&actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Job> for Letter {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.0,
            step: job.step,
            key: job.key,
            attempts: job.attempts,
            last_error: job.last_error,
            given_up: job.dead,
        }
    }
}
