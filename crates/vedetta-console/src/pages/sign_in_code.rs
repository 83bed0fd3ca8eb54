//! The code of the authenticator, for who comes from a provider that does not say how it proved them.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, StatusCode};
use vedetta_api::keys::no_keyring;
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::Sent;
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::whole;
use vedetta_frame::visit::{ATTEMPT, Visit, cookie, set};

use super::sign_in::{again, digits, go_in};

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct SignInCode {
    frame: Frame,
    fault: Option<String>,
}

pub(super) async fn show(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if visit.person.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    match cookie(&headers, ATTEMPT) {
        Some(_) => page(&form(&console, &visit, None)),
        None => again(&console, &visit, (visit.words.provider_wrong(), "/")),
    }
}

pub(super) async fn enter(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Problem> {
    let keyring = console.api().keyring().cloned().ok_or_else(no_keyring)?;
    let kept = cookie(&headers, ATTEMPT).unwrap_or_default().to_owned();
    let (keys, named) = (keyring.clone(), kept.clone());
    let (known, account) = match console.ask(move |_| keys.known(&named)).await {
        Err(problem) if problem.kind == Kind::Unproven => {
            let mut response = again(&console, &visit, (visit.words.provider_wrong(), "/"))?;
            set(&mut response, ATTEMPT, "", "Strict; Max-Age=0");
            return Ok(response);
        }
        Err(problem) if problem.kind == Kind::Conflict => {
            let fault = Some(whole(visit.words, &problem));
            return page_with(StatusCode::UNAUTHORIZED, &form(&console, &visit, fault));
        }
        known => known?,
    };
    let code = digits(&sent);
    // Counted for the account, like a password: a provider's word opens no way to guess codes.
    let begun = console.api().attempt(account.id.as_str(), visit.address, move |_| {
        keyring.sign_in_by_code(&kept, &code)
    });
    match begun.await {
        Ok(session) => {
            let mut response = go_in(&console, &headers, &session, &known.to).await;
            set(&mut response, ATTEMPT, "", "Strict; Max-Age=0");
            Ok(response)
        }
        Err(problem) if problem.kind == Kind::Unproven => {
            let fault = Some(visit.words.code_wrong().to_owned());
            page_with(StatusCode::UNAUTHORIZED, &form(&console, &visit, fault))
        }
        Err(problem) => Err(problem),
    }
}

fn form(console: &Console, visit: &Visit, fault: Option<String>) -> SignInCode {
    let frame = Frame::of(console, visit, visit.words.code_title(), Section::Other);
    SignInCode { frame, fault }
}
