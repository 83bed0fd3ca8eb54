//! Coming in by a passkey, or from a provider of identities.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use serde::Deserialize;
use vedetta_api::gate::too_many_proofs;
use vedetta_api::keys::no_keyring;
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::refused::{once_more, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::{ATTEMPT, Signed, Visit, cookie, set};
use vedetta_keyring::oidc::Identity;
use vedetta_keyring::webauthn::Shown;
use vedetta_keyring::{Aim, Arrival, Begun, Keyring, Provider};

use super::account::Account;
use super::sign_in::{again, go_in, inside};

/// Where to go once inside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
}

/// What a provider sends back (OpenID Connect Core 1.0 §3.1.2.5, RFC 9207).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    code: String,
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

pub(super) async fn by_passkey(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Problem> {
    let text = |name: &str| sent.text(name).to_owned();
    let (to, holder) = (text("to"), visit.holder());
    let shown = Shown {
        id: text("passkey"),
        client_data: text("client-data"),
        authenticator_data: text("authenticator-data"),
        signature: text("signature"),
        user: text("user"),
    };
    let begun =
        console.api().try_key(visit.address, move |keys| keys.sign_in_by_passkey(&shown, &holder));
    match begun.await {
        Ok(session) => Ok(go_in(&console, &headers, &session, &to).await),
        Err(problem) if matches!(problem.kind, Kind::Unproven | Kind::Conflict | Kind::Unknown) => {
            again(&console, &visit, (visit.words.passkey_wrong(), &to))
        }
        Err(problem) => Err(problem),
    }
}

/// Leads a person to a provider.
pub(super) async fn with(
    State(console): State<Console>,
    visit: Visit,
    Path(provider): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    if visit.person.is_some() {
        return Ok(Redirect::to(inside(&asked.to)).into_response());
    }
    let aim = Aim::SignIn(inside(&asked.to).to_owned());
    let (address, kept) = lead(&console, &provider, aim).await?;
    let mut response = Redirect::to(&address).into_response();
    set(&mut response, ATTEMPT, &kept, "Strict; Max-Age=600");
    Ok(response)
}

/// The address at a provider, and what the browser is to keep of the attempt.
pub(super) async fn lead(
    console: &Console,
    provider: &str,
    aim: Aim,
) -> Result<(String, String), Problem> {
    let (keyring, providers) = (console.api().keyring(), console.providers());
    let (Some(keyring), Some(providers)) = (keyring, providers) else { return Err(no_keyring()) };
    let provider = keyring.provider(provider).ok_or_else(no_keyring)?;
    let now = console.house().now();
    let discovery = providers.discovery(provider, now).await?;
    let (kept, attempt) = keyring.begin(&provider.name, aim);
    let address = provider.client.authorization(&discovery, &attempt, now);
    let address =
        address.map_err(|error| Problem::new(Kind::Internal, format!("the request: {error}")))?;
    Ok((address, kept))
}

/// Back from a provider.
pub(super) async fn back(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Response, Problem> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) {
        // No cookie of ours came along.
        return Ok(once_more(&visit.here));
    }
    // An attempt like any other: it is given back when it was right.
    let taken = console.api().limits().proofs.take(visit.address, console.house().now());
    taken.map_err(too_many_proofs)?;
    match end(&console, &visit, &headers, told).await {
        Err(problem) => {
            let mut response = refuse(&console, visit, problem).await?;
            set(&mut response, ATTEMPT, "", "Strict; Max-Age=0");
            Ok(response)
        }
        arrived => arrived,
    }
}

/// Told where the person was: signed in, on the page of their own access.
async fn refuse(console: &Console, visit: Visit, problem: Problem) -> Result<Response, Problem> {
    let fault = match problem.kind {
        Kind::Unproven => visit.words.provider_wrong().to_owned(),
        Kind::Conflict => whole(visit.words, &problem),
        _ => return Err(problem),
    };
    match visit.person.clone() {
        Some(person) => Account::again(console, &Signed { visit, person }, fault).await,
        None => again(console, &visit, (&fault, "/")),
    }
}

async fn end(
    console: &Console,
    visit: &Visit,
    headers: &HeaderMap,
    told: Told,
) -> Result<Response, Problem> {
    let over = || Problem::new(Kind::Unproven, "the attempt is over, or of another browser");
    let keyring = console.api().keyring().ok_or_else(no_keyring)?;
    let kept = cookie(headers, ATTEMPT).ok_or_else(over)?;
    let (begun, attempt) = keyring.resume(kept, &told.state).ok_or_else(over)?;
    let provider = keyring.provider(&begun.provider).ok_or_else(over)?.clone();
    let foreign = told.iss.as_ref().is_some_and(|issuer| *issuer != provider.client.issuer);
    let proven = match (told.error, foreign) {
        (None, false) => {
            let providers = console.providers().ok_or_else(no_keyring)?;
            let (id, now) = (console.nonce(), console.house().now());
            providers.identity(&provider, (&told.code, &attempt), (&id, now)).await
        }
        (Some(error), _) => {
            Err(Problem::new(Kind::Unproven, format!("it said {:?}", short(&error))))
        }
        (None, true) => Err(Problem::new(Kind::Unproven, "another issuer answered")),
    };
    let proven = match proven {
        Ok(proven) => proven,
        Err(problem) => {
            let (why, of) = (problem.detail.to_string(), provider.clone());
            let note = console.api().ask_keys(move |keys| {
                keys.refused_at(&of, vedetta_model::part::UNKNOWN, &short(&why))
            });
            note.await?;
            return Err(problem);
        }
    };
    arrive(console, visit, headers, (begun, provider, proven)).await
}

/// What was begun is ended for who was proven.
async fn arrive(
    console: &Console,
    visit: &Visit,
    headers: &HeaderMap,
    (begun, provider, proven): (Begun, Provider, Identity),
) -> Result<Response, Problem> {
    match begun.aim {
        Aim::SignIn(to) => {
            let by = provider.clone();
            let enter = move |keys: &Keyring| keys.sign_in_by_identity(&by, &proven);
            match console.api().try_key(visit.address, enter).await? {
                Arrival::Inside(session) => {
                    let mut response = go_in(console, headers, &session, &to).await;
                    set(&mut response, ATTEMPT, "", "Strict; Max-Age=0");
                    Ok(response)
                }
                Arrival::Known(identity) => {
                    let keyring = console.api().keyring().ok_or_else(no_keyring)?;
                    let kept = keyring.keep_known(&provider, identity, &to);
                    let mut response = Redirect::to("/sign-in/code").into_response();
                    set(&mut response, ATTEMPT, &kept, "Strict; Max-Age=300");
                    Ok(response)
                }
            }
        }
        Aim::Tie(account) => {
            let other = || Problem::new(Kind::Unproven, "somebody else is signed in now");
            let person = visit.person.as_ref().filter(|it| it.actor.account == account);
            let person = person.ok_or_else(other)?;
            let (by, session) = (person.actor.clone(), person.session.clone());
            let tie = move |keys: &Keyring| keys.tie_own(&by, &session, (&provider, &proven));
            console.api().ask_keys(tie).await?;
            console.api().limits().proofs.give_back(&visit.address);
            let mut response = Done::to("/account").said(Said::IdentityTied).into_response();
            set(&mut response, ATTEMPT, "", "Strict; Max-Age=0");
            Ok(response)
        }
    }
}

/// So much of what somebody said as is worth keeping.
fn short(text: &str) -> String {
    text.chars().take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_is_cut_wherever_its_octets_end() {
        assert_eq!(
            short(&format!("{}{}", "a".repeat(199), "è".repeat(9_000))).chars().count(),
            200
        );
        assert_eq!(short(" access_denied "), "access_denied");
    }
}
