//! Agreements: read, written as drafts, led through their lives.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vedetta_federation::digest::Digest;
use vedetta_flow::{FlowError, House, Notation, Step, read_agreement};
use vedetta_mesh::Nodes;
use vedetta_model::agreement::Stage;
use vedetta_model::{Agreement, AgreementId, OrganisationId};

use super::{Answer, Page, page_limit};
use crate::api::Api;
use crate::extract::{Asked, Given, Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// Which agreements.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    after: Option<String>,
    limit: Option<usize>,
    stage: Option<StageName>,
    ends_within_days: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StageName {
    Draft,
    InForce,
    Suspended,
    Expired,
}

/// A step in the life of an agreement.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum StepGiven {
    PutInForce,
    Suspend {
        #[serde(default)]
        reason: String,
    },
    Resume,
    End,
    Renew {
        until: Date,
    },
    /// Sign a draft for this node, and send it to the nodes of the other parties.
    Propose,
    /// Sign for this node what another proposed, as it was read: the text with this digest.
    Accept {
        digest: Digest,
    },
}

/// What a step asks of the house.
enum Asks {
    Step(Step),
    Propose,
    Accept(Digest),
}

/// A text and the nodes that have signed it.
#[derive(Serialize)]
pub(super) struct Signed {
    agreement: AgreementId,
    revision: u32,
    /// SHA-256 of the canonical JSON of text and revision: the same at every node that holds it.
    digest: String,
    signed_by: Vec<OrganisationId>,
    /// Those that must have signed it before it binds.
    signatories: Vec<OrganisationId>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(which): Asked<Which>,
) -> Answer<Page<Value>> {
    let house = api.house();
    let ending = which.ends_within_days.map(|days| house.expiring(days));
    let mut found: Vec<Agreement> = house
        .agreements(&actor)
        .iter()
        .filter(|it| which.after.as_deref().is_none_or(|after| it.id.as_str() > after))
        .filter(|it| which.stage.is_none_or(|stage| stage == StageName::of(&it.stage)))
        .filter(|it| {
            ending.as_ref().is_none_or(|ending| ending.iter().any(|e| e.agreement == it.id))
        })
        .map(|it| Agreement::clone(it))
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let Page { items, next } =
        Page::cut(found, page_limit(which.limit), |agreement| agreement.id.to_string());
    let items = api.ask(move |house| items.iter().map(|it| shown(house, it)).collect());
    Ok(Json(Page { items: items.await?, next }))
}

/// An agreement as it is told: a draft with who wrote it so, and when.
fn shown(house: &House, agreement: &Agreement) -> Result<Value, FlowError> {
    let mut told = json!(agreement);
    if let Some((by, since)) = house.drafted(agreement)? {
        told["stage"]["since"] = json!(since);
        told["stage"]["by"] = by.into();
    }
    Ok(told)
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Value> {
    let id: AgreementId = params.get("agreement")?;
    let found = api.house().agreements(&actor).into_iter().find(|it| it.id == id);
    let found = found.ok_or_else(|| {
        let advice =
            "see those that there are: `vedetta agreement list`, or GET /api/v1/agreements";
        Problem::new(Kind::Unknown, format!("there is no agreement {id}; {advice}"))
    })?;
    Ok(Json(api.ask(move |house| shown(house, &found)).await?))
}

pub(super) async fn put(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    body: Octets,
) -> Answer<Value> {
    let agreement = read(&body)?;
    if params.get::<AgreementId>("agreement")? != agreement.id {
        let sentence = "the agreement's id is not that of the address; make them the same";
        return Err(Problem::new(Kind::Invalid, sentence).at("id"));
    }
    let put = move |house: &House| {
        house.put_draft(&actor, &agreement)?;
        shown(house, &agreement)
    };
    Ok(Json(api.ask(put).await?))
}

pub(super) async fn step(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<StepGiven>,
) -> Answer<Agreement> {
    let id: AgreementId = params.get("agreement")?;
    if matches!(&step, StepGiven::Suspend { reason } if reason.trim().is_empty()) {
        let sentence = "a suspension says why; give a `reason`, in a sentence";
        return Err(Problem::new(Kind::Invalid, sentence).at("reason"));
    }
    let asks = Asks::of(step);
    let stepped = api.ask_nodes(move |nodes| {
        let house = nodes.house();
        match asks {
            Asks::Step(step) => house.step_agreement(&actor, &id, &step),
            Asks::Propose => {
                nodes.propose_agreement(&actor, &id).and_then(|_| house.agreement(&id))
            }
            Asks::Accept(read) => {
                nodes.accept_agreement(&actor, &id, &read).and_then(|_| house.agreement(&id))
            }
        }
    });
    Ok(Json(stepped.await?))
}

pub(super) async fn signatures(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Signed> {
    let id: AgreementId = params.get("agreement")?;
    let ask =
        move |nodes: &Nodes| Ok((nodes.signed_agreement(&actor, &id)?, nodes.house().mesh()?));
    let (signed, mesh) = api.ask_nodes(ask).await?;
    Ok(Json(Signed {
        digest: signed.digest().to_string(),
        signatories: vedetta_mesh::signatories(&mesh, &signed.text).into_iter().collect(),
        signed_by: signed.signatures.into_iter().map(|(node, _)| node).collect(),
        agreement: signed.text.id.clone(),
        revision: signed.revision,
    }))
}

pub(super) async fn discard(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: AgreementId = params.get("agreement")?;
    api.ask(move |house| house.discard_draft(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read(body: &Octets) -> Result<Agreement, Problem> {
    let notation = match body.media.as_deref() {
        Some("application/json") => Notation::Json,
        Some("application/toml") => Notation::Toml,
        found => {
            let found = found.unwrap_or("of no media type");
            let sentence =
                format!("the body is {found}; send application/json or application/toml");
            return Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"));
        }
    };
    let text = std::str::from_utf8(&body.bytes).map_err(|error| {
        let place = format!("octet {}", error.valid_up_to());
        Problem::new(Kind::NotUnderstood, "not UTF-8; write the text in UTF-8").at(place)
    })?;
    read_agreement(text, notation)
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()).at("agreement"))
}

impl StageName {
    const fn of(stage: &Stage) -> Self {
        match stage {
            Stage::Draft => Self::Draft,
            Stage::InForce { .. } => Self::InForce,
            Stage::Suspended { .. } => Self::Suspended,
            Stage::Expired { .. } => Self::Expired,
        }
    }
}

impl Asks {
    fn of(step: StepGiven) -> Self {
        Self::Step(match step {
            StepGiven::PutInForce => Step::PutInForce,
            StepGiven::Suspend { reason } => Step::Suspend { reason },
            StepGiven::Resume => Step::Resume,
            StepGiven::End => Step::End,
            StepGiven::Renew { until } => Step::Renew { until },
            StepGiven::Propose => return Self::Propose,
            StepGiven::Accept { digest } => return Self::Accept(digest),
        })
    }
}
