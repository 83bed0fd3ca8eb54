//! Passkeys and identities of accounts. They are made, and proven, in a browser.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use vedetta_flow::{FlowError, House};
use vedetta_model::{AccountId, Actor, Instant};

use super::Answer;
use super::directory::OwnPassword;
use crate::api::Api;
use crate::credentials::Presented;
use crate::extract::{Given, Params, Proven};
use crate::gate::{Address, Caller};
use crate::keys::no_keyring;
use crate::problem::Problem;

/// What opens an account besides password and code.
#[derive(Debug, Serialize)]
pub(super) struct Keys {
    passkeys: Vec<Passkey>,
    identities: Vec<Identity>,
}

#[derive(Debug, Serialize)]
struct Passkey {
    id: String,
    name: String,
    since: Instant,
    used: Instant,
    backed_up: bool,
}

#[derive(Debug, Serialize)]
struct Identity {
    id: String,
    provider: String,
    since: Instant,
    /// Who tied it, when it was not the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<AccountId>,
}

/// A person, as a provider names them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIdentity {
    provider: String,
    subject: String,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Keys> {
    let account: AccountId = params.get("account")?;
    let found = api.ask_keys(move |keys| {
        Ok((keys.passkeys_of(&actor, &account)?, keys.identities_of(&actor, &account)?))
    });
    let (passkeys, identities) = found.await?;
    let passkeys = passkeys.into_iter().map(|(id, passkey, used)| Passkey {
        id,
        name: passkey.name,
        since: passkey.since,
        used,
        backed_up: passkey.used.backed_up,
    });
    let identities = identities.into_iter().map(|(id, identity)| Identity {
        id,
        provider: identity.provider,
        since: identity.since,
        by: identity.by,
    });
    Ok(Json(Keys { passkeys: passkeys.collect(), identities: identities.collect() }))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    (params, headers): (Params, HeaderMap),
    Given(proof): Given<OwnPassword>,
) -> Result<StatusCode, Problem> {
    let (account, key): (AccountId, String) = (params.get("account")?, params.get("key")?);
    let keyring = api.keyring().cloned().ok_or_else(no_keyring)?;
    let session = match Presented::read(&headers) {
        Ok(Presented::Token { token, .. }) => {
            token.split('_').nth(1).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    let remove = move |_: &House, by: &Actor| keyring.remove(by, (&account, &key), &session);
    api.confirmed((actor, proof.own_password), address, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn tie(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    params: Params,
    Given(proven): Given<Proven<NewIdentity>>,
) -> Result<StatusCode, Problem> {
    let Proven { what: new, own_password } = proven;
    let account: AccountId = params.get("account")?;
    let keyring = api.keyring().cloned().ok_or_else(no_keyring)?;
    let tie = move |_: &House, by: &Actor| {
        let provider = keyring.provider(&new.provider);
        let provider = provider.ok_or_else(|| FlowError::unknown("provider", &new.provider))?;
        keyring.tie(by, &account, (provider, &new.subject))
    };
    api.confirmed((actor, own_password), address, tie).await?;
    Ok(StatusCode::NO_CONTENT)
}
