//! Which organisations something concerns.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use vedetta_directory::Observable;
use vedetta_model::OrganisationId;

use super::{Answer, SEES_ALL};
use crate::api::Api;
use crate::extract::Asked;
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// What is asked about.
#[derive(Debug, Deserialize)]
pub(super) struct About {
    of: String,
}

/// Whom it concerns.
#[derive(Debug, Serialize)]
pub(super) struct Relevance {
    /// What was understood.
    of: String,
    /// The organisations; others than the operations room see only their own.
    organisations: Vec<OrganisationId>,
}

pub(super) async fn of(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(about): Asked<About>,
) -> Answer<Relevance> {
    let observable = Observable::read(&about.of)
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()).at("of"))?;
    let standing = api.house().standing();
    let everyone = standing.relevance.concerned(&observable).everyone();
    let sees_all = api.house().is_of_the_room(&actor, SEES_ALL);
    let organisations = everyone
        .iter()
        .filter_map(|number| standing.directory.numbered(number))
        .map(|organisation| organisation.id.clone())
        .filter(|id| sees_all || *id == actor.organisation)
        .collect();
    Ok(Json(Relevance { of: about.of, organisations }))
}
