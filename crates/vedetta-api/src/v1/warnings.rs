//! Early warnings, and what concerns one's organisation.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use vedetta_flow::{Door, Preview, Sequence};
use vedetta_watch::desk::warning::{Reaction, WarningText};
use vedetta_watch::{Concern, NewReaction, WarningRow, WarningView};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Params};
use crate::gate::Caller;
use crate::problem::Problem;
use crate::reads::Carried;
use crate::recorder;

/// A draft, on the version that was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    #[serde(default)]
    version: Option<Sequence>,
    text: WarningText,
}

/// What is done with a warning.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum WarningStep {
    /// Sends the draft that was read.
    Send { version: Sequence },
    /// Reminds those who have not read it.
    Remind,
    /// Takes it back from every door.
    Withdraw { reason: String },
}

/// How many.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Many {
    limit: Option<usize>,
}

/// Warnings, the newest first.
#[derive(Debug, Serialize)]
pub(super) struct Warnings {
    warnings: Vec<WarningRow>,
}

/// What concerns one's organisation, the newest first.
#[derive(Debug, Serialize)]
pub(super) struct Concerns {
    concerns: Vec<Concern>,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Warnings> {
    let warnings = api.ask_watch(Cost::Light, move |watch| watch.warnings(&actor)).await?;
    Ok(Json(Warnings { warnings }))
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<WarningView> {
    let id: String = params.get("warning")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.warning(&actor, &id)).await?))
}

pub(super) async fn write(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(draft): Given<Draft>,
) -> Answer<WarningView> {
    let view = api.ask_watch(Cost::Light, move |watch| {
        watch.put_warning(&actor, (None, draft.version), draft.text)
    });
    Ok(Json(view.await?))
}

pub(super) async fn rewrite(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(draft): Given<Draft>,
) -> Answer<WarningView> {
    let id: String = params.get("warning")?;
    let view = api.ask_watch(Cost::Light, move |watch| {
        watch.put_warning(&actor, (Some(id), draft.version), draft.text)
    });
    Ok(Json(view.await?))
}

pub(super) async fn preview(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Preview> {
    let id: String = params.get("warning")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.preview_warning(&actor, &id)).await?))
}

pub(super) async fn step(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<WarningStep>,
) -> Answer<WarningView> {
    let id: String = params.get("warning")?;
    let view = api.ask_watch(Cost::Light, move |watch| match step {
        WarningStep::Send { version } => watch.send_warning(&actor, &id, version),
        WarningStep::Remind => watch.remind_warning(&actor, &id),
        WarningStep::Withdraw { reason } => watch.withdraw_warning(&actor, &id, reason),
    });
    Ok(Json(view.await?))
}

pub(super) async fn react(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(reaction): Given<NewReaction>,
) -> Answer<Reaction> {
    let id: String = params.get("warning")?;
    let reaction =
        api.ask_watch(Cost::Light, move |watch| watch.answer_warning(&actor, &id, reaction));
    Ok(Json(reaction.await?))
}

pub(super) async fn concerns(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(many): Asked<Many>,
) -> Result<Response, Problem> {
    let (who, limit) = (actor.clone(), many.limit.unwrap_or(50));
    recorder::room(&api).await?;
    let concerns = api.ask_watch(Cost::Bulk, move |watch| watch.concerns(&who, limit)).await?;
    // Each is told with why and what to do: whoever reads it here has received it.
    let places: vedetta_model::Places = concerns.iter().map(|it| it.read.stamp.seq.0).collect();
    let carried = Carried::to(api.house(), &actor, Door::Api, places);
    Ok((carried.map(Extension), Json(Concerns { concerns })).into_response())
}
