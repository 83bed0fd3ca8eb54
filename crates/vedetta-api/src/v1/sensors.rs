//! Sensors at organisations: enrolled with a code, heard, and what they found.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use vedetta_detect::finding::Severity;
use vedetta_detect::report::{Enrolled, Enrolment, Heartbeat, Orders, Report, Taken};
use vedetta_model::{AccountId, ItemId};
use vedetta_outpost::alerts::{self, AlertWish};
use vedetta_outpost::enrol::NewSensor;
use vedetta_outpost::judge::{Judged, Judgement};
use vedetta_outpost::{Alert, SeenBy, SensorState};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Params, Proven};
use crate::gate::{Address, Caller};
use crate::problem::Problem;

/// A code, shown once.
#[derive(Debug, Serialize)]
pub(super) struct SensorCode {
    code: String,
}

/// The sensors that one may see.
#[derive(Debug, Serialize)]
pub(super) struct Sensors {
    sensors: Vec<SensorState>,
    /// Where the node listens for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    listens: Option<SocketAddr>,
}

/// Who has seen an item; nothing when nobody has, as far as one may know.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<SeenBy>,
}

/// Which alerts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    severity: Option<Severity>,
    limit: Option<usize>,
}

/// What sensors found lately.
#[derive(Debug, Serialize)]
pub(super) struct Alerts {
    alerts: Vec<Alert>,
}

/// How often silent sensors are looked for.
const LOOKING: Duration = Duration::from_secs(5);

pub(super) async fn invite(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    Given(proven): Given<Proven<NewSensor>>,
) -> Answer<SensorCode> {
    let (sensors, Proven { what: new, own_password }) = (api.sensors(), proven);
    let by = (actor, own_password);
    let code = api.confirmed(by, address, move |_, by| sensors.invite(by, &new)).await?;
    Ok(Json(SensorCode { code: code.to_string() }))
}

pub(super) async fn enrol(
    State(api): State<Api>,
    Given(enrolment): Given<Enrolment>,
) -> Answer<Enrolled> {
    let sensors = api.sensors();
    Ok(Json(api.ask_at(Cost::Proof, move |_| sensors.enrol(&enrolment)).await?))
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Sensors> {
    let sensors = api.sensors();
    // Where the node stands is its administrators' affair.
    let listens = api.settings().listens.filter(|_| api.house().is_of_the_room(&actor, &[]));
    Ok(Json(Sensors { sensors: api.ask(move |_| sensors.states(&actor)).await?, listens }))
}

pub(super) async fn retire(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let (sensors, account) = (api.sensors(), params.get::<AccountId>("sensor")?);
    api.ask(move |_| sensors.retire(&actor, &account)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn report(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(report): Given<Report>,
) -> Answer<Taken> {
    let sensors = api.sensors();
    Ok(Json(api.ask(move |_| sensors.take(&actor, report)).await?))
}

pub(super) async fn beat(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(beat): Given<Heartbeat>,
) -> Answer<Orders> {
    let sensors = api.sensors();
    Ok(Json(api.ask(move |_| sensors.hear(&actor, beat)).await?))
}

pub(super) async fn alerts(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(query): Asked<AlertQuery>,
) -> Answer<Alerts> {
    let least = query.severity.unwrap_or(Severity::Informational);
    let wish = AlertWish { least, limit: query.limit.unwrap_or(alerts::MOST) };
    let sensors = api.sensors();
    Ok(Json(Alerts { alerts: api.ask(move |_| sensors.alerts(&actor, &wish)).await? }))
}

pub(super) async fn judge(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(judgement): Given<Judgement>,
) -> Answer<Judged> {
    let (sensors, sighting) = (api.sensors(), params.get::<ItemId>("sighting")?);
    Ok(Json(api.ask(move |_| sensors.judge(&actor, &sighting, judgement)).await?))
}

pub(super) async fn seen(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Seen> {
    let (sensors, item) = (api.sensors(), params.get::<ItemId>("item")?);
    Ok(Json(Seen { seen: api.ask(move |_| sensors.seen_by(&actor, &item)).await? }))
}

/// Looks for sensors that fell silent, for as long as it is polled.
pub(crate) async fn watch(api: &Api) {
    let mut turns = tokio::time::interval(LOOKING);
    loop {
        turns.tick().await;
        let sensors = api.sensors();
        if let Err(problem) = api.ask(move |_| sensors.watch()).await {
            tracing::error!(detail = %problem.detail, "silent sensors could not be looked for");
        }
    }
}
