//! Certificates of machines, tied to their accounts.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use vedetta_flow::House;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_model::Actor;

use super::Answer;
use crate::api::Api;
use crate::extract::{Given, Params, Proven};
use crate::gate::{Address, Caller};
use crate::problem::{Kind, Problem};

/// Certificates that one may see.
#[derive(Debug, Serialize)]
pub(super) struct Certificates {
    certificates: Vec<Certificate>,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Certificates> {
    let certificates = api.ask(move |house| house.certificates_of(&actor)).await?;
    Ok(Json(Certificates { certificates }))
}

pub(super) async fn tie(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    params: Params,
    Given(proven): Given<Proven<Certificate>>,
) -> Result<StatusCode, Problem> {
    let Proven { what: certificate, own_password } = proven;
    if params.get::<String>("fingerprint")? != certificate.fingerprint {
        let sentence = "its fingerprint is not that of the address; make them the same";
        return Err(Problem::new(Kind::Invalid, sentence).at("fingerprint"));
    }
    let tie = move |house: &House, by: &Actor| house.tie_certificate(by, &certificate);
    api.confirmed((actor, own_password), address, tie).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn untie(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let fingerprint: String = params.get("fingerprint")?;
    api.ask(move |house| house.untie_certificate(&actor, &fingerprint)).await?;
    Ok(StatusCode::NO_CONTENT)
}
