//! What the node's own commands ask besides what everybody may.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use serde::Deserialize;
use vedetta_flow::{FlowError, Receipt};
use vedetta_intake::Arrival;
use vedetta_model::OrganisationId;

use super::Answer;
use crate::api::Api;
use crate::control::ReadHere;
use crate::extract::{Asked, Given};
use crate::gate::Caller;
use crate::problem::Problem;

/// Who brings it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whose {
    #[serde(rename = "as")]
    organisation: Option<OrganisationId>,
}

/// What was read, in this process or by the one who sends it.
pub(super) struct Read(Arrival);

impl FromRequest<Api> for Read {
    type Rejection = Problem;

    async fn from_request(mut request: Request, api: &Api) -> Result<Self, Problem> {
        let here = request.extensions_mut().remove::<ReadHere>();
        match here.and_then(|here| here.take()) {
            Some(arrival) => Ok(Self(arrival)),
            None => Given::from_request(request, api).await.map(|Given(arrival)| Self(arrival)),
        }
    }
}

pub(super) async fn take_in(
    State(api): State<Api>,
    Caller(operator): Caller,
    Asked(whose): Asked<Whose>,
    Read(arrival): Read,
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
