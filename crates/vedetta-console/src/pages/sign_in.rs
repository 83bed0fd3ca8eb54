//! Coming in with password and code, or with what shows the first codes; going out.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{FlowError, Session};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Sent, escaped};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::visit::{DOORSTEP, SESSION, Signed, Visit, cookie, set};
use vedetta_keyring::Keyring;

use crate::enrolment::{Code, Enrolment};

/// Where to go once inside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    fault: Option<String>,
    account: String,
    to: String,
    enrolment: Option<Enrolment>,
    /// What a passkey is asked for, where they are taken.
    passkey: Option<Challenge>,
    /// Providers: address and label.
    providers: Vec<(String, String)>,
}

/// What a passkey is asked for.
struct Challenge {
    party: String,
    challenge: String,
}

/// What came of the password.
enum Proven {
    Inside(Box<Session>),
    /// There was no authenticator: its address, for the first code.
    Enrols(String),
}

pub(super) async fn show(
    State(console): State<Console>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    if visit.person.is_some() {
        return Ok(Redirect::to(inside(&asked.to)).into_response());
    }
    page(&form(&console, &visit, &asked.to))
}

pub(super) async fn enter(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Problem> {
    let (account, to) = (sent.text("account").to_owned(), sent.text("to").to_owned());
    let (name, password) = (account.clone(), sent.raw("password").to_owned());
    let code = digits(&sent);
    let begun = console.api().attempt(&account, visit.address, move |house| {
        let code = Some(code.as_str()).filter(|code| !code.is_empty());
        match house.sign_in(&name, &password, code) {
            Ok(session) => Ok(Proven::Inside(Box::new(session))),
            // Who has just proven the password is not asked for it to be shown what to scan.
            Err(FlowError::MustEnrol) => {
                match house.enrol_by_password(&name, &password) {
                    // Its first code was used a moment ago: now it takes one.
                    Err(FlowError::Conflict(_)) => house.sign_in(&name, &password, Some("")),
                    enrols => return enrols.map(Proven::Enrols),
                }
                .map(|session| Proven::Inside(Box::new(session)))
            }
            Err(error) => Err(error),
        }
    });
    match begun.await {
        Ok(Proven::Inside(session)) => Ok(go_in(&console, &headers, &session, &to).await),
        Ok(Proven::Enrols(address)) => {
            let enrolment = Some(Enrolment::of(&address));
            let form = SignIn { enrolment, account, ..form(&console, &visit, &to) };
            page_with(StatusCode::FORBIDDEN, &form)
        }
        Err(problem) if problem.kind == Kind::Unproven => {
            let fault = Some(visit.words.sign_in_wrong().to_owned());
            let form = SignIn { fault, account, ..form(&console, &visit, &to) };
            page_with(StatusCode::UNAUTHORIZED, &form)
        }
        Err(problem) => Err(problem),
    }
}

/// The code as it was typed, without the spaces that applications show in it.
pub(super) fn digits(sent: &Sent) -> String {
    sent.text("code").chars().filter(|it| !it.is_whitespace()).collect()
}

/// Into the house with a session that has just begun; the one that the browser had before ends.
pub(super) async fn go_in(
    console: &Console,
    headers: &HeaderMap,
    session: &Session,
    to: &str,
) -> Response {
    end_before(console, headers).await;
    let mut response = Redirect::to(inside(to)).into_response();
    set(&mut response, SESSION, session.token.reveal(), "Strict");
    set(&mut response, DOORSTEP, "", "Strict; Max-Age=0");
    response
}

/// The form again, with what was wrong.
pub(super) fn again(
    console: &Console,
    visit: &Visit,
    (fault, to): (&str, &str),
) -> Result<Response, Problem> {
    let fault = Some(fault.to_owned());
    page_with(StatusCode::UNAUTHORIZED, &SignIn { fault, ..form(console, visit, to) })
}

pub(super) async fn leave(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (actor, session) = (signed.actor(), signed.person.session.clone());
    console.ask(move |house| house.revoke_token(&actor, &session)).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    set(&mut response, SESSION, "", "Strict; Max-Age=0");
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

fn form(console: &Console, visit: &Visit, to: &str) -> SignIn {
    let frame = Frame::of(console, visit, visit.words.sign_in_title(), Section::Other);
    let (account, to) = (String::new(), inside(to).to_owned());
    let passkey = party(console, visit).and_then(|(keyring, party)| {
        let challenge = keyring.challenge(&visit.holder())?;
        Some(Challenge { party: party.to_owned(), challenge })
    });
    let providers = console.api().keyring().map(|keyring| keyring.providers()).unwrap_or_default();
    let way = |name: &str| format!("/sign-in/with/{}?to={}", escaped(name), escaped(&to));
    let providers = providers.iter().map(|it| (way(&it.name), it.label.clone())).collect();
    SignIn { frame, fault: None, account, to, enrolment: None, passkey, providers }
}

/// Where passkeys are taken: on the pages whose address they are made for.
pub(super) fn party<'a>(console: &'a Console, visit: &Visit) -> Option<(&'a Keyring, &'a str)> {
    let keyring = console.api().keyring()?;
    let party = keyring.party().filter(|party| party.host() == visit.host)?;
    Some((keyring.as_ref(), party.id()))
}

/// The session that the browser had before ends: nobody goes on with it.
async fn end_before(console: &Console, headers: &HeaderMap) {
    let Some(token) = cookie(headers, SESSION).map(str::to_owned) else { return };
    if let Ok(person) = console.person(&token).await {
        let ended =
            console.ask(move |house| house.revoke_token(&person.actor, &person.session)).await;
        if let Err(problem) = ended {
            tracing::debug!(detail = problem.detail, "the session before was not ended");
        }
    }
}

/// An address of this node's pages; the first page for anything else.
pub(super) fn inside(to: &str) -> &str {
    let path = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
    let plain = !to.chars().any(char::is_control) && to.len() < 2_000;
    if path && plain && !to.starts_with("/sign-") { to } else { "/" }
}

impl SignIn {
    fn code(&self) -> Option<&Code> {
        self.enrolment.as_ref().and_then(|enrolment| enrolment.code.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_outside() {
        for outside in ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/a\nb"] {
            assert_eq!(inside(outside), "/", "{outside}");
        }
        assert_eq!(inside("/items?kind=report"), "/items?kind=report");
    }
}
