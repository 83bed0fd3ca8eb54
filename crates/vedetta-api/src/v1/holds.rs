//! Investigative holds.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use vedetta_model::{Hold, HoldId};

use super::Answer;
use crate::api::Api;
use crate::extract::{Given, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// Every hold, past ones too.
#[derive(Debug, Serialize)]
pub(super) struct Holds {
    holds: Vec<Hold>,
}

/// A hold as placed.
#[derive(Debug, Serialize)]
pub(super) struct Placed {
    #[serde(flatten)]
    hold: Hold,
    /// Of one item: whether it is here, 1 or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    covers: Option<usize>,
}

pub(super) async fn list(State(api): State<Api>) -> Json<Holds> {
    Json(Holds { holds: api.house().standing().holds.clone() })
}

pub(super) async fn put(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(hold): Given<Hold>,
) -> Answer<Placed> {
    if params.get::<HoldId>("hold")? != hold.id {
        let sentence = "the hold's id is not that of the address; make them the same";
        return Err(Problem::new(Kind::Invalid, sentence).at("id"));
    }
    let placed = api.ask(move |house| {
        house.place_hold(&actor, &hold)?;
        Ok(Placed { covers: house.covered_by(&hold)?, hold })
    });
    Ok(Json(placed.await?))
}

pub(super) async fn end(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Holds> {
    let id: HoldId = params.get("hold")?;
    api.ask(move |house| house.lift_hold(&actor, &id)).await?;
    Ok(list(State(api)).await)
}
