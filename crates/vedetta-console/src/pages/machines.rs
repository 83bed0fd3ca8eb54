//! Connecting a machine: its account and token, the addresses it asks, webhooks, and what was given up.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use vedetta_api::{Problem, problem::Kind};
use vedetta_diffusion::feed::Format;
use vedetta_diffusion::webhook::Destination;
use vedetta_flow::House;
use vedetta_flow::actions::keep_webhooks::{Webhook, WebhookState};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page_with};
use vedetta_frame::refused::whole;
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_model::{AccountId, Actor, OrganisationId, Role};

struct Hook {
    id: String,
    organisation: String,
    url: String,
    kinds: String,
    active: bool,
    paused: Option<String>,
}

struct Key {
    id: String,
    account: String,
    purpose: String,
    scope: String,
    until: Moment,
}

#[derive(Template)]
#[template(path = "machines.html")]
struct Machines {
    frame: Frame,
    fault: Option<String>,
    token: Option<String>,
    secret: Option<String>,
    accounts: Vec<(String, String)>,
    keys: Vec<Key>,
    hooks: Vec<Hook>,
    brings: bool,
    feeds: [&'static str; Format::ALL.len()],
    purpose: String,
    days: String,
    hook_id: String,
    hook_url: String,
    hook_kinds: String,
    host: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page_with(StatusCode::OK, &Machines::of(&console, &signed).await?)
}

pub(super) async fn token(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let w = signed.words();
    let account = AccountId::new(sent.text("account")).map_err(|error| error.to_string());
    let days: Result<u32, _> = sent.text("days").parse().map_err(|_| w.days_wrong().to_owned());
    let purpose = sent.text("purpose").to_owned();
    let outcome = match (account, days) {
        (Ok(account), Ok(days)) if !purpose.is_empty() => {
            let lasts = Duration::from_secs(u64::from(days) * 86_400);
            let machine = sent.text("scope") != "all";
            let scope = machine.then_some(Role::Machine).into_iter().collect::<BTreeSet<_>>();
            let issue = move |house: &House, by: &Actor| {
                house.issue_token(by, &account, &purpose, scope, lasts)
            };
            match super::proven(&console, &signed, &sent, issue).await {
                Ok(issued) => issued.map_err(|wrong| (Kind::Invalid, wrong)),
                Err(problem) => Err((problem.kind, whole(w, &problem))),
            }
        }
        (Err(reason), _) | (_, Err(reason)) => Err((Kind::Invalid, reason)),
        _ => Err((Kind::Invalid, w.purpose_missing().to_owned())),
    };
    match outcome {
        Ok(session) => {
            let token = Some(session.token.reveal().to_owned());
            page_with(StatusCode::OK, &Machines { token, ..Machines::of(&console, &signed).await? })
        }
        Err((kind, reason)) => {
            let machines = Machines {
                fault: Some(reason),
                purpose: sent.text("purpose").to_owned(),
                days: sent.text("days").to_owned(),
                ..Machines::of(&console, &signed).await?
            };
            page_with(kind.face().1, &machines)
        }
    }
}

pub(super) async fn revoke(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    console.ask(move |house| house.revoke_token(&actor, &id)).await?;
    Ok(Done::to("/machines").said(Said::SessionEnded).into_response())
}

pub(super) async fn put_hook(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let kinds = sent.text("kinds").split([',', ' ']).filter(|kind| !kind.is_empty());
    let inner = &console.api().settings().webhook_networks;
    let destination = Destination::new(sent.text("url"), inner);
    let hook = |destination: Destination| Webhook {
        id: sent.text("id").to_owned(),
        organisation: actor.organisation.clone(),
        url: destination.url().to_owned(),
        kinds: kinds.clone().map(str::to_owned).collect(),
        categories: Vec::new(),
        reminders: sent.given("reminders").is_some(),
        state: WebhookState::Active,
        by: actor.account.clone(),
        paused_because: None,
    };
    let put = match destination.map(hook) {
        Ok(hook) => console.ask(move |house| house.put_webhook(&actor, hook)).await,
        Err(error) => Err(Problem::new(Kind::Invalid, error.to_string())),
    };
    match put {
        Ok(secret) => {
            let machines = Machines { secret, ..Machines::of(&console, &signed).await? };
            page_with(StatusCode::OK, &machines)
        }
        Err(problem) => {
            let machines = Machines {
                fault: Some(whole(w, &problem)),
                hook_id: sent.text("id").to_owned(),
                hook_url: sent.text("url").to_owned(),
                hook_kinds: sent.text("kinds").to_owned(),
                ..Machines::of(&console, &signed).await?
            };
            page_with(problem.kind.face().1, &machines)
        }
    }
}

pub(super) async fn remove_hook(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let organisation = match sent.given("organisation") {
        Some(id) => OrganisationId::new(id)
            .map_err(|error| Problem::new(Kind::Invalid, error.to_string()))?,
        None => actor.organisation.clone(),
    };
    console.ask(move |house| house.remove_webhook(&actor, &organisation, &id)).await?;
    Ok(Done::to("/machines").said(Said::Removed).into_response())
}

impl Machines {
    async fn of(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let (hooks, tokens) = console
            .ask(move |house| Ok((house.webhooks(&actor)?, house.tokens_of(&actor)?)))
            .await?;
        let (standing, now) = (console.house().standing(), console.house().now());
        let actor = &signed.person.actor;
        let of_us = |account: &AccountId| {
            let known = standing.directory.account(account);
            known.is_some_and(|it| it.organisation == actor.organisation)
        };
        let all = console.house().is_of_the_room(actor, &[]);
        let keys = tokens.into_iter().filter(|it| it.expires > now && !it.is_session());
        let keys = keys.filter(|it| of_us(&it.account) || all).take(200).map(|it| Key {
            until: Moment::of(it.expires, w),
            scope: match it.scope.is_empty() {
                true => w.machines_scope_all().into(),
                false => it.scope.iter().map(|it| w.role(*it)).collect::<Vec<_>>().join(", "),
            },
            account: it.account.to_string(),
            id: it.id,
            purpose: it.purpose,
        });
        let hooks = hooks.into_iter().take(200).map(|it| Hook {
            active: it.state == WebhookState::Active,
            paused: it.paused_because,
            kinds: it.kinds.join(", "),
            organisation: it.organisation.to_string(),
            id: it.id,
            url: it.url,
        });
        let mut accounts = vec![(actor.account.to_string(), signed.person.name.clone())];
        if all {
            let own = standing.directory.accounts_of(&actor.organisation).iter();
            let others = own.filter(|it| it.id != actor.account);
            accounts.extend(others.map(|it| (it.id.to_string(), it.name.clone())));
        }
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.machines_title(), Section::Machines),
            fault: None,
            token: None,
            secret: None,
            accounts,
            keys: keys.collect(),
            hooks: hooks.collect(),
            feeds: Format::ALL.map(Format::file_name),
            brings: signed.may_do("/machines/webhooks"),
            purpose: String::new(),
            days: "365".into(),
            hook_id: String::new(),
            hook_url: String::new(),
            hook_kinds: String::new(),
            host: signed.visit.host.clone(),
        })
    }
}
