//! Certificates of machines, tied to their accounts.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use vedetta_flow::actions::manage_accounts::Certificate;

use super::Answer;
use crate::api::Api;
use crate::extract::{Given, Params};
use crate::gate::Caller;
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
    params: Params,
    Given(certificate): Given<Certificate>,
) -> Result<StatusCode, Problem> {
    if params.get::<String>("fingerprint")? != certificate.fingerprint {
        let sentence = "its fingerprint is not that of the address; make them the same";
        return Err(Problem::new(Kind::Invalid, sentence).at("fingerprint"));
    }
    api.ask(move |house| house.tie_certificate(&actor, &certificate)).await?;
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
