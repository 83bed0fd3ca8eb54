//! Who is on duty, the rosters, and the handover from shift to shift.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_flow::Sequence;
use vedetta_model::{Instant, OrganisationId};
use vedetta_watch::desk::Roster;
use vedetta_watch::{DutyNow, Give, HandoverView, RosterChange, RosterView, Sheet, Take};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// Who is on duty.
#[derive(Debug, Serialize)]
pub(super) struct Rooms {
    rooms: Vec<DutyNow>,
}

/// Over which time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Over {
    from: Option<Instant>,
    until: Option<Instant>,
}

/// A roster as it should be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoster {
    #[serde(default)]
    version: Option<Sequence>,
    roster: Roster,
}

/// A change of the roster that was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterEdit {
    version: Sequence,
    change: RosterChange,
}

/// The version that was made.
#[derive(Debug, Serialize)]
pub(super) struct Versioned {
    version: Sequence,
}

/// Handovers, the newest first.
#[derive(Debug, Serialize)]
pub(super) struct Handovers {
    handovers: Vec<HandoverView>,
}

pub(super) async fn now(State(api): State<Api>, Caller(actor): Caller) -> Answer<Rooms> {
    let rooms = api.ask_watch(Cost::Light, move |watch| watch.on_duty(&actor)).await?;
    Ok(Json(Rooms { rooms }))
}

pub(super) async fn roster(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(over): Asked<Over>,
) -> Answer<RosterView> {
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let organisation: OrganisationId = params.get("organisation")?;
    let from = over.from.unwrap_or_else(|| api.house().now());
    let until = over.until.unwrap_or_else(|| from.after(WEEK));
    let view =
        api.ask_watch(Cost::Light, move |watch| watch.roster(&actor, &organisation, (from, until)));
    Ok(Json(view.await?))
}

pub(super) async fn put_roster(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewRoster>,
) -> Answer<Versioned> {
    if params.get::<OrganisationId>("organisation")? != new.roster.organisation {
        let sentence = "the roster is another organisation's than the address; make them the same";
        return Err(Problem::new(Kind::Invalid, sentence).at("roster.organisation"));
    }
    let version =
        api.ask_watch(Cost::Light, move |watch| watch.put_roster(&actor, new.roster, new.version));
    Ok(Json(Versioned { version: version.await? }))
}

pub(super) async fn change_roster(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(edit): Given<RosterEdit>,
) -> Answer<Versioned> {
    let organisation: OrganisationId = params.get("organisation")?;
    let version = api.ask_watch(Cost::Light, move |watch| {
        watch.change_roster(&actor, &organisation, edit.version, edit.change)
    });
    Ok(Json(Versioned { version: version.await? }))
}

pub(super) async fn sheet(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Sheet> {
    let organisation: OrganisationId = params.get("organisation")?;
    let sheet =
        api.ask_watch(Cost::Light, move |watch| watch.handover_sheet(&actor, &organisation));
    Ok(Json(sheet.await?))
}

pub(super) async fn give(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(give): Given<Give>,
) -> Answer<HandoverView> {
    let organisation: OrganisationId = params.get("organisation")?;
    let given =
        api.ask_watch(Cost::Light, move |watch| watch.give_handover(&actor, &organisation, give));
    Ok(Json(given.await?))
}

pub(super) async fn take(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(take): Given<Take>,
) -> Answer<HandoverView> {
    let organisation: OrganisationId = params.get("organisation")?;
    let ends: Instant = params.get("ends")?;
    let id = format!("{organisation}/{ends}");
    let taken =
        api.ask_watch(Cost::Light, move |watch| watch.take_handover(&actor, &id, &take)).await?;
    Ok(Json(taken))
}

pub(super) async fn handovers(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Handovers> {
    let organisation: OrganisationId = params.get("organisation")?;
    let handovers =
        api.ask_watch(Cost::Light, move |watch| watch.handovers(&actor, &organisation, 100));
    Ok(Json(Handovers { handovers: handovers.await? }))
}
