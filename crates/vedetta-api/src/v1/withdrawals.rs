//! What was withdrawn, for those who have it, and who they are.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_flow::Sequence;
use vedetta_flow::views::see_withdrawn::Holders;
use vedetta_flow::views::withdrawals::{WithdrawalNotice, WithdrawalPage};
use vedetta_model::ItemId;

use super::{Answer, place};
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;

/// Where to begin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begin {
    after: Option<String>,
}

/// Withdrawals, and where to go on.
#[derive(Debug, Serialize)]
pub(super) struct WithdrawalsPage {
    notices: Vec<WithdrawalNotice>,
    next: String,
    more: bool,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(begin): Asked<Begin>,
) -> Answer<WithdrawalsPage> {
    let after = place("after", begin.after.as_deref())?.unwrap_or(Sequence::START);
    let page = api.ask(move |house| house.withdrawals(&actor, after)).await?;
    let WithdrawalPage { notices, next, more } = page;
    Ok(Json(WithdrawalsPage { notices, next: next.to_string(), more }))
}

pub(super) async fn holders(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Holders> {
    let item: ItemId = params.get("item")?;
    Ok(Json(api.ask(move |house| house.holders_of(&actor, &item)).await?))
}
