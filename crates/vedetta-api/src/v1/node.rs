//! The node itself: is it alive, can it serve, what has it done, what does it speak.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;

use super::Answer;
use crate::api::Api;
use crate::openapi;
use crate::problem::Problem;

/// Whether the node is well.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Ready when the ledger answers.
pub(super) async fn ready(State(api): State<Api>) -> Answer<Health> {
    api.ask(|house| house.place_at(house.now())).await?;
    Ok(Json(Health { status: "ok" }))
}

pub(super) async fn metrics(State(api): State<Api>) -> Result<Response, Problem> {
    let mut text = String::new();
    api.metrics().write(&mut text);
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

pub(super) async fn openapi(State(api): State<Api>) -> Response {
    let document = openapi::document(&api.settings().title);
    ([(CACHE_CONTROL, "max-age=300")], Json(document)).into_response()
}
