//! What reached whom, and how fast.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_flow::{Delivery, Pace};
use vedetta_model::ItemId;

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;

/// The longest period reported on, in days.
const MOST_DAYS: u32 = 90;

/// Over how many days.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Since {
    days: Option<u32>,
}

/// Deliveries of one item.
#[derive(Debug, Serialize)]
pub(super) struct Deliveries {
    deliveries: Vec<Delivery>,
}

/// How fast each agreement works.
#[derive(Debug, Serialize)]
pub(super) struct SharingReport {
    agreements: Vec<Pace>,
}

pub(super) async fn of_item(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Deliveries> {
    let id: ItemId = params.get("item")?;
    let deliveries = api.ask(move |house| house.deliveries(&actor, &id)).await?;
    Ok(Json(Deliveries { deliveries }))
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(since): Asked<Since>,
) -> Answer<SharingReport> {
    let days = since.days.unwrap_or(30).clamp(1, MOST_DAYS);
    let period = Duration::from_secs(u64::from(days) * 86_400);
    let agreements = api
        .ask_at(Cost::Bulk, move |house| {
            let after = house.place_at(house.now().before(period))?;
            house.pace(&actor, after)
        })
        .await?;
    Ok(Json(SharingReport { agreements }))
}
