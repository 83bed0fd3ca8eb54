//! Webhooks of one's organisation.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use vedetta_diffusion::webhook::Destination;
use vedetta_flow::actions::keep_webhooks::{Webhook, WebhookState};
use vedetta_model::{Category, OrganisationId};

use super::Answer;
use crate::api::Api;
use crate::extract::{Asked, Given, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};
use crate::webhooks::Trouble;

/// What a webhook is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    url: String,
    /// One's own without it.
    #[serde(default)]
    organisation: Option<OrganisationId>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    categories: Vec<Category>,
    #[serde(default)]
    reminders: bool,
    #[serde(default)]
    state: WebhookState,
}

/// Whose.
#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    organisation: Option<OrganisationId>,
}

/// A webhook that was put; its secret only when it is new.
#[derive(Serialize)]
pub(super) struct IssuedWebhook {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Webhooks, without their secrets.
#[derive(Debug, Serialize)]
pub(super) struct Webhooks {
    webhooks: Vec<Listed>,
}

/// A webhook, and how it does.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    webhook: Webhook,
    /// Calls that wait or are under way.
    waiting: usize,
    #[serde(flatten)]
    trouble: Option<Trouble>,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Webhooks> {
    let webhooks = api.ask(move |house| house.webhooks_waiting(&actor)).await?;
    let troubles = &api.settings().webhook_troubles;
    let listed = webhooks.into_iter().map(|(webhook, waiting)| {
        let trouble = troubles.of(&webhook.key());
        Listed { webhook, waiting, trouble }
    });
    Ok(Json(Webhooks { webhooks: listed.collect() }))
}

pub(super) async fn put(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewWebhook>,
) -> Answer<IssuedWebhook> {
    let id: String = params.get("webhook")?;
    let destination = Destination::new(&new.url, &api.settings().webhook_networks)
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()).at("url"))?;
    let webhook = Webhook {
        id: id.clone(),
        organisation: new.organisation.unwrap_or_else(|| actor.organisation.clone()),
        url: destination.url().to_owned(),
        kinds: new.kinds,
        categories: new.categories,
        reminders: new.reminders,
        state: new.state,
        by: actor.account.clone(),
        paused_because: None,
    };
    let secret = api.ask(move |house| house.put_webhook(&actor, webhook)).await?;
    Ok(Json(IssuedWebhook { id, secret }))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(whose): Asked<Whose>,
) -> Result<StatusCode, Problem> {
    let id: String = params.get("webhook")?;
    let organisation = whose.organisation.unwrap_or_else(|| actor.organisation.clone());
    api.ask(move |house| house.remove_webhook(&actor, &organisation, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
