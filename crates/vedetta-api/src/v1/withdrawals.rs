//! What was withdrawn, for those who have it, and who they are.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vedetta_flow::Sequence;
use vedetta_flow::views::see_withdrawn::Holders;
use vedetta_flow::views::withdrawals::WithdrawalPage;
use vedetta_model::ItemId;

use super::Answer;
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;

/// Where to begin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begin {
    after: u64,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(begin): Asked<Begin>,
) -> Answer<WithdrawalPage> {
    Ok(Json(api.ask(move |house| house.withdrawals(&actor, Sequence(begin.after))).await?))
}

pub(super) async fn holders(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Holders> {
    let item: ItemId = params.get("item")?;
    Ok(Json(api.ask(move |house| house.holders_of(&actor, &item)).await?))
}
