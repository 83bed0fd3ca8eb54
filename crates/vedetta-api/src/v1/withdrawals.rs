//! What was withdrawn or is not given any more, for those who have it, and who they are.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_flow::Sequence;
use vedetta_flow::views::lapses::{Cause, Lapse, LapseNotice, LapsedItem, LapsedPage, Wanted};
use vedetta_flow::views::see_withdrawn::Holders;
use vedetta_flow::views::withdrawals::{WithdrawalNotice, WithdrawalPage};
use vedetta_model::{AgreementId, ItemId, OrganisationId};

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
    lapses: Vec<LapseNotice>,
    next: String,
    more: bool,
}

/// Whose items, and what took them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Taken {
    agreement: Option<AgreementId>,
    organisation: Option<OrganisationId>,
    holder: Option<OrganisationId>,
    after: Option<String>,
}

/// Items that lapsed, and where to go on.
#[derive(Debug, Serialize)]
pub(super) struct LapsedItems {
    items: Vec<LapsedItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(begin): Asked<Begin>,
) -> Answer<WithdrawalsPage> {
    let after = place("after", begin.after.as_deref())?.unwrap_or(Sequence::START);
    let page = api.ask(move |house| house.withdrawals(&actor, after)).await?;
    let WithdrawalPage { mut notices, lapses, next, more } = page;
    notices.retain(|it| !it.stands);
    Ok(Json(WithdrawalsPage { notices, lapses, next: next.to_string(), more }))
}

pub(super) async fn holders(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Holders> {
    let item: ItemId = params.get("item")?;
    Ok(Json(api.ask(move |house| house.holders_of(&actor, &item)).await?))
}

pub(super) async fn lapses(State(api): State<Api>, Caller(actor): Caller) -> Answer<Vec<Lapse>> {
    Ok(Json(api.ask(move |house| house.lapses(&actor)).await?))
}

pub(super) async fn lapsed(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(taken): Asked<Taken>,
) -> Answer<LapsedItems> {
    let Taken { agreement, organisation, holder, after } = taken;
    let cause = match (agreement, organisation) {
        (Some(agreement), None) => Cause::Agreement(agreement),
        (None, Some(organisation)) => Cause::Organisation(organisation),
        _ => {
            let reason = "say which: ?agreement=ID or ?organisation=ID, as the notice does";
            return Err(FlowError::invalid("agreement", reason).into());
        }
    };
    let after = place("after", after.as_deref())?.unwrap_or(Sequence::START);
    let wanted = Wanted { cause, holder, after };
    let page = api.ask(move |house| house.lapsed_items(&actor, &wanted)).await?;
    let LapsedPage { items, next } = page;
    Ok(Json(LapsedItems { items, next: next.map(|next| next.to_string()) }))
}
