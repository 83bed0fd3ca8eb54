//! What the node's own commands ask besides what everybody may.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vedetta_flow::{FlowError, Receipt};
use vedetta_intake::Arrival;
use vedetta_model::OrganisationId;

use super::Answer;
use crate::api::Api;
use crate::extract::{Asked, Given};
use crate::gate::Caller;

/// Who brings it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whose {
    #[serde(rename = "as")]
    organisation: Option<OrganisationId>,
}

pub(super) async fn take_in(
    State(api): State<Api>,
    Caller(operator): Caller,
    Asked(whose): Asked<Whose>,
    Given(arrival): Given<Arrival>,
) -> Answer<Receipt> {
    let organisation = whose.organisation.unwrap_or(operator.organisation);
    let accept = move |house: &vedetta_flow::House| {
        let bringer = house.keeper(&organisation).ok_or_else(|| FlowError::Unknown {
            what: "organisation",
            id: organisation.to_string(),
        })?;
        house.accept(&bringer, arrival)
    };
    Ok(Json(api.ask(accept).await?))
}
