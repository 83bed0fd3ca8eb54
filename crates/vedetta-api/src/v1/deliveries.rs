//! What reached whom, how fast, and whose acknowledgement is overdue.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_flow::Delivery;
use vedetta_mesh::{Nodes, RefusedThere};
use vedetta_model::{AgreementId, Instant, ItemId, OrganisationId};
use vedetta_timeliness::{Overdue, OverdueWish, Pace, Sides, Timeliness};

use super::{Answer, Page, page_limit};
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

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
    /// Which other nodes refused it, and why; for the operations room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_by: Vec<RefusedBy>,
}

/// That another node refused an item.
#[derive(Debug, Serialize)]
struct RefusedBy {
    peer: OrganisationId,
    #[serde(flatten)]
    refused: RefusedThere,
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
    let ask = move |nodes: &Nodes| {
        let house = nodes.house();
        let deliveries = house.deliveries(&actor, &house.item(&actor, &id)?)?;
        Ok((deliveries, nodes.refused_by(&actor, &id)?))
    };
    let (deliveries, refused) = api.ask_nodes(ask).await?;
    let of = |(peer, all): (OrganisationId, Vec<RefusedThere>)| {
        all.into_iter().map(move |refused| RefusedBy { peer: peer.clone(), refused })
    };
    Ok(Json(Deliveries { deliveries, refused_by: refused.into_iter().flat_map(of).collect() }))
}

/// Which overdue acknowledgements.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    after: Option<String>,
    limit: Option<usize>,
    agreement: Option<AgreementId>,
    organisation: Option<OrganisationId>,
    item: Option<ItemId>,
}

/// One of them, and whom to call about it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    overdue: Overdue,
    #[serde(flatten)]
    sides: Sides,
}

pub(super) async fn overdue(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(which): Asked<Which>,
) -> Answer<Page<Row>> {
    let limit = page_limit(which.limit);
    let after = which.after.as_deref().map(place).transpose()?;
    let Which { agreement, organisation, item, .. } = which;
    let wish = OverdueWish { agreement, organisation, item, after, limit: limit + 1 };
    let rows = api
        .ask_at(Cost::Bulk, move |house| {
            let of = Timeliness::of(house);
            let overdue = of.overdue(&actor, &wish)?.into_iter();
            Ok(overdue.map(|it| Row { sides: of.sides(&it), overdue: it }).collect())
        })
        .await?;
    let name = |Row { overdue: it, .. }: &Row| {
        format!("{}/{}/{}", it.received.micros(), it.item, it.organisation)
    };
    Ok(Json(Page::cut(rows, limit, name)))
}

/// The place that a page before named.
fn place(text: &str) -> Result<(Instant, ItemId, OrganisationId), Problem> {
    let mut parts = text.split('/');
    let mut next = || parts.next().unwrap_or_default();
    let place = next().parse().ok().map(Instant::from_micros).zip(ItemId::new(next()).ok());
    let place = place.zip(OrganisationId::new(next()).ok());
    place.map(|((at, item), organisation)| (at, item, organisation)).ok_or_else(|| {
        let sentence = "after is not a place; give the next of the page before";
        Problem::new(Kind::NotUnderstood, sentence).at("after")
    })
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
            Timeliness::of(house).pace(&actor, after)
        })
        .await?;
    Ok(Json(SharingReport { agreements }))
}
