//! One's own access: password, authenticator, and the sessions and tokens that are open.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::House;
use vedetta_flow::credentials::{Keys as Kept, NewPassword};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page_with};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_model::Actor;

use super::account_keys::Keys;
use crate::enrolment::Enrolment;

/// A session or a token.
struct Open {
    id: String,
    purpose: String,
    is_session: bool,
    until: Moment,
    current: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
pub(super) struct Account {
    frame: Frame,
    fault: Option<String>,
    roles: Vec<&'static str>,
    account: String,
    open: Vec<Open>,
    enrolment: Option<Enrolment>,
    keys: Keys,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page_with(StatusCode::OK, &Account::of(&console, &signed).await?)
}

pub(super) async fn set_password(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let w = signed.words();
    let (password, again) = (sent.raw("password").to_owned(), sent.raw("password-again"));
    let fault = if password != again {
        Some(w.password_differs())
    } else if password.chars().count() < vedetta_flow::credentials::SHORTEST_PASSWORD {
        Some(w.password_short())
    } else {
        None
    };
    if let Some(fault) = fault {
        return Account::again(&console, &signed, fault.to_owned()).await;
    }
    let keys = if sent.given("keep-keys").is_some() { Kept::Stay } else { Kept::End };
    let set = move |house: &House, by: &Actor| {
        house.set_password(by, &by.account, NewPassword { text: &password, keys })
    };
    if let Err(wrong) = super::proven(&console, &signed, &sent, set).await? {
        return Account::again(&console, &signed, wrong).await;
    }
    // Every session ended with the password, this one too.
    Ok(Done::to("/sign-in").said(Said::PasswordSet).into_response())
}

pub(super) async fn enrol(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let enrol = |house: &House, by: &Actor| house.enrol_totp(by, &by.account);
    let address = match super::proven(&console, &signed, &sent, enrol).await? {
        Ok(address) => address,
        Err(wrong) => return Account::again(&console, &signed, wrong).await,
    };
    let enrolment = Some(Enrolment::of(&address));
    let account = Account { enrolment, ..Account::of(&console, &signed).await? };
    page_with(StatusCode::OK, &account)
}

pub(super) async fn end(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let end = console.ask(move |house| {
        let own =
            house.tokens_of(&actor)?.iter().any(|it| it.id == id && it.account == actor.account);
        if own { house.revoke_token(&actor, &id).map(|()| true) } else { Ok(false) }
    });
    if end.await? {
        return Ok(Done::to("/account").said(Said::SessionEnded).into_response());
    }
    let italian = "questa sessione non è tua, o è già finita: guarda quali restano";
    let problem =
        Problem::new(Kind::Unknown, "no such session of yours; it may have ended already");
    Err(problem.in_italian(Some(italian)))
}

impl Account {
    pub(super) async fn again(
        console: &Console,
        signed: &Signed,
        fault: String,
    ) -> Result<Response, Problem> {
        let account = Self { fault: Some(fault), ..Self::of(console, signed).await? };
        page_with(StatusCode::UNPROCESSABLE_ENTITY, &account)
    }

    async fn of(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let tokens = console.ask(move |house| house.tokens_of(&actor)).await?;
        let now = console.house().now();
        let own = tokens.into_iter().filter(|token| token.account == signed.person.actor.account);
        let open = own.filter(|token| token.expires > now).map(|token| Open {
            current: token.id == signed.person.session,
            is_session: token.is_session(),
            until: Moment::of(token.expires, w),
            id: token.id,
            purpose: token.purpose,
        });
        let keys =
            Keys::of(console, signed, (&signed.person.actor.account, "/account".into())).await?;
        let roles = signed.person.actor.roles.iter().map(|role| w.role(*role)).collect();
        Ok(Self {
            open: open.collect(),
            frame: Frame::of(console, &signed.visit, w.account_title(), Section::Account),
            fault: None,
            roles,
            account: signed.person.actor.account.to_string(),
            enrolment: None,
            keys,
        })
    }
}
