//! Proving who one is: sessions of people, tokens of machines.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use vedetta_flow::credentials::EMERGENCY;
use vedetta_flow::{House, Session, Token};
use vedetta_model::{AccountId, Actor, Instant, Language, OrganisationId, Role};

use super::Answer;
use super::directory::{Enrolment, OwnPassword};
use crate::api::Api;
use crate::credentials::Presented;
use crate::extract::{Given, Params};
use crate::gate::{Address, Caller};
use crate::problem::{Kind, Problem};

/// What a person signs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    account: String,
    password: String,
    #[serde(default)]
    code: Option<String>,
}

/// What a new token is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// Whose; one's own without it.
    #[serde(default)]
    account: Option<AccountId>,
    purpose: String,
    /// All roles of the account when empty.
    #[serde(default)]
    scope: BTreeSet<Role>,
    days: u32,
    /// The issuer's, unless it is a machine.
    #[serde(default)]
    own_password: String,
}

/// A token, told once.
#[derive(Serialize)]
pub(super) struct IssuedToken {
    token: String,
    id: String,
    account: AccountId,
    expires: Instant,
}

/// Who one is.
#[derive(Debug, Serialize)]
pub(super) struct Whoami {
    account: AccountId,
    organisation: OrganisationId,
    roles: BTreeSet<Role>,
    language: Language,
}

/// Tokens, without their secrets.
#[derive(Debug, Serialize)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
}

pub(super) async fn begin(
    State(api): State<Api>,
    Address(address): Address,
    Given(with): Given<SignIn>,
) -> Answer<IssuedToken> {
    let account = with.account.clone();
    let sign_in =
        move |house: &House| house.sign_in(&with.account, &with.password, with.code.as_deref());
    let session = api.attempt(&account, address, sign_in).await?;
    Ok(Json(session.into()))
}

/// Whoever has a password and no authenticator yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstEnrolment {
    account: String,
    password: String,
}

pub(super) async fn enrol(
    State(api): State<Api>,
    Address(address): Address,
    Given(with): Given<FirstEnrolment>,
) -> Answer<Enrolment> {
    let account = with.account.clone();
    let enrol = move |house: &House| house.enrol_by_password(&with.account, &with.password);
    let address = api.attempt(&account, address, enrol).await?;
    Ok(Json(Enrolment { address }))
}

/// A code on paper, and why it is used.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakSeal {
    code: String,
    reason: String,
}

/// The code of the emergency account, told once.
#[derive(Serialize)]
pub(super) struct Seal {
    account: &'static str,
    code: String,
}

pub(super) async fn break_seal(
    State(api): State<Api>,
    Address(address): Address,
    Given(with): Given<BreakSeal>,
) -> Answer<IssuedToken> {
    let open = move |house: &House| house.break_seal(&with.code, &with.reason);
    Ok(Json(api.attempt_code(address, open).await?.into()))
}

pub(super) async fn seal(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    Given(proof): Given<OwnPassword>,
) -> Answer<Seal> {
    let by = (actor, proof.own_password);
    let code = api.confirmed(by, address, House::seal_emergency).await?;
    Ok(Json(Seal { account: EMERGENCY, code }))
}

pub(super) async fn whoami(Caller(actor): Caller) -> Json<Whoami> {
    let (account, organisation) = (actor.account, actor.organisation);
    Json(Whoami { account, organisation, roles: actor.roles, language: actor.language })
}

pub(super) async fn end(
    State(api): State<Api>,
    Caller(actor): Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let Ok(Presented::Token { token, .. }) = Presented::read(&headers) else {
        let sentence = "one signed in by certificate does not sign out; revoke the certificate";
        return Err(Problem::new(Kind::Conflict, sentence));
    };
    let id = token.split('_').nth(1).unwrap_or_default().to_owned();
    api.ask(move |house| house.revoke_token(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn tokens(State(api): State<Api>, Caller(actor): Caller) -> Answer<Tokens> {
    let tokens = api.ask(move |house| house.tokens_of(&actor)).await?;
    Ok(Json(Tokens { tokens }))
}

pub(super) async fn issue(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    Given(new): Given<NewToken>,
) -> Answer<IssuedToken> {
    let lasts = Duration::from_secs(u64::from(new.days) * 86_400);
    let issue = move |house: &House, by: &Actor| {
        let account = new.account.as_ref().unwrap_or(&by.account);
        house.issue_token(by, account, &new.purpose, new.scope, lasts)
    };
    let session = api.confirmed((actor, new.own_password), address, issue).await?;
    Ok(Json(session.into()))
}

pub(super) async fn revoke(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: String = params.get("token")?;
    api.ask(move |house| house.revoke_token(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Session> for IssuedToken {
    fn from(session: Session) -> Self {
        Self {
            token: session.token.reveal().to_owned(),
            id: session.record.id,
            account: session.record.account,
            expires: session.record.expires,
        }
    }
}
