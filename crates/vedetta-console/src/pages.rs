//! The pages, a file each, and where each is.

use http::StatusCode;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{FlowError, House};
use vedetta_model::Actor;

use crate::assets;
use crate::console::Console;
use crate::forms::Sent;
use crate::live;
use crate::router::Registry;
use crate::shown::Moment;
use crate::visit::Signed;
use vedetta_words::Words;

mod account;
mod accounts;
mod acts;
mod agreement;
mod agreement_new;
mod agreements;
mod audit;
mod clocks;
mod concerns;
mod deliveries;
mod directory;
mod duty;
mod fields;
mod handover;
mod home;
mod incident;
mod incidents;
mod item;
pub(crate) mod items;
mod links;
mod machines;
mod mail;
mod mail_campaigns;
mod mail_case;
mod mail_report;
mod organisation;
mod organisation_edit;
mod preferences;
mod publish;
mod report;
mod roster_edit;
mod saved;
mod search;
mod sensors;
mod sign_in;
mod statements;
mod wall;
mod warning;
mod warning_edit;
mod warnings;

/// Every page and action with its handler.
pub(crate) fn routes(registry: Registry) -> Registry {
    let registry = around(registry);
    let registry = desk(items(registry));
    let registry = watch(registry);
    let registry = mail(registry);
    node(network(registry))
}

/// Coming in, one's own, and what is about everything.
fn around(registry: Registry) -> Registry {
    registry
        .see("/sign-in", sign_in::show)
        .act("/sign-in", sign_in::enter)
        .act("/enrol", sign_in::enrol)
        .act("/sign-out", sign_in::leave)
        .act("/preferences", preferences::choose)
        .see("/accessibility", statements::accessibility)
        .see("/privacy", statements::privacy)
        .see("/assets/{version}/{file}", assets::serve)
        .see("/", home::show)
        .see("/live", live::follow)
        .see("/help", statements::help)
        .see("/account", account::show)
        .act("/account/password", account::set_password)
        .act("/account/authenticator", account::enrol)
        .act("/account/sessions/{session}/end", account::end)
        .see("/search", search::show)
        .act("/views", saved::save)
        .act("/views/removal", saved::remove)
}

fn items(registry: Registry) -> Registry {
    registry
        .see("/items", items::show)
        .see("/publish", publish::show)
        .act("/publish", publish::send)
        .see("/items/{item}", item::show)
        .act("/items/{item}/acknowledgement", item::acknowledge)
        .act("/items/{item}/withdrawal", item::withdraw)
        .see("/items/{item}/why", item::why)
}

fn desk(registry: Registry) -> Registry {
    registry
        .see("/wall", wall::show)
        .see("/concerns", concerns::show)
        .see("/report", report::show)
        .act("/report", report::send)
        .see("/report/{number}", report::receipt)
        .see("/queue", incidents::queue)
        .see("/incidents", incidents::show)
        .see("/incidents/{number}", incident::show)
        .act("/incidents/{number}/changes", incident::change)
        .see("/incidents/{number}/files/{sha256}", incident::file)
        .see("/clocks", clocks::show)
        .see("/incidents/{number}/clocks", clocks::of_case)
        .act("/incidents/{number}/clocks", clocks::change)
        .see("/incidents/{number}/clocks/{regime}/{step}", clocks::notice)
}

fn watch(registry: Registry) -> Registry {
    registry
        .see("/duty", duty::show)
        .see("/duty/{organisation}", duty::roster)
        .act("/duty/{organisation}/changes", duty::change)
        .see("/duty/{organisation}/edit", roster_edit::show)
        .act("/duty/{organisation}/edit", roster_edit::save)
        .see("/handover", handover::show)
        .act("/handover/giving", handover::give)
        .act("/handover/taking", handover::take)
        .see("/warnings", warnings::show)
        .see("/warnings/new", warning_edit::fresh)
        .act("/warnings/new", warning_edit::save_fresh)
        .see("/warnings/{warning}", warning::show)
        .see("/warnings/{warning}/edit", warning_edit::edit)
        .act("/warnings/{warning}/edit", warning_edit::save_edit)
        .act("/warnings/{warning}/steps", warning::step)
        .act("/warnings/{warning}/answer", warning::answer)
}

fn mail(registry: Registry) -> Registry {
    registry
        .see("/mail", mail::show)
        .see("/mail/report", mail_report::show)
        .act("/mail/report", mail_report::send)
        .see("/mail/campaigns", mail_campaigns::show)
        .see("/mail/campaigns/{campaign}", mail_campaigns::one)
        .act("/mail/campaigns/{campaign}", mail_campaigns::step)
        .see("/mail/{case}", mail_case::show)
        .see("/mail/{case}/message", mail_case::message)
        .act("/mail/{case}/changes", mail_case::change)
}

fn network(registry: Registry) -> Registry {
    registry
        .see("/sensors", sensors::show)
        .act("/sensors/{sensor}/retirement", sensors::retire)
        .see("/directory", directory::show)
        .see("/directory/new", organisation_edit::fresh)
        .act("/directory/new", organisation_edit::save_fresh)
        .see("/directory/{organisation}", organisation::show)
        .see("/directory/{organisation}/edit", organisation_edit::edit)
        .act("/directory/{organisation}/edit", organisation_edit::save_edit)
        .see("/directory/{organisation}/contacts/{contact}", organisation_edit::contact)
        .act("/directory/{organisation}/contacts/{contact}", organisation_edit::save_contact)
        .see("/directory/{organisation}/assets/{asset}", organisation_edit::asset)
        .act("/directory/{organisation}/assets/{asset}", organisation_edit::save_asset)
        .see("/agreements", agreements::show)
        .see("/agreements/new", agreement_new::show)
        .act("/agreements/new", agreement_new::save)
        .see("/agreements/{agreement}", agreement::show)
        .act("/agreements/{agreement}/steps", agreement::step)
        .see("/sharing", agreements::sharing)
        .see("/links", links::show)
        .see("/deliveries", deliveries::show)
        .act("/deliveries/{job}/retry", deliveries::retry)
}

fn node(registry: Registry) -> Registry {
    registry
        .see("/machines", machines::show)
        .act("/machines/tokens", machines::token)
        .act("/machines/tokens/{token}/end", machines::revoke)
        .act("/machines/webhooks", machines::put_hook)
        .act("/machines/webhooks/{webhook}/removal", machines::remove_hook)
        .see("/accounts", accounts::show)
        .act("/accounts", accounts::save)
        .see("/accounts/new", accounts::fresh)
        .see("/accounts/{account}", accounts::edit_one)
        .act("/accounts/{account}/password", accounts::password)
        .see("/audit", audit::show)
        .act("/audit/verification", audit::verify)
}

/// One of several that may be chosen.
pub(crate) struct Choice {
    value: String,
    label: &'static str,
    chosen: bool,
}

/// How a kind is written in an address.
fn code(kind: impl serde::Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// Whether a refusal is told on the form, beside what was typed.
const fn told_on_form(problem: &vedetta_api::Problem) -> bool {
    matches!(problem.kind, Kind::Conflict | Kind::Invalid | Kind::Unknown)
}

/// With which status a form comes back.
const fn refusal_status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Conflict => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Does what needs one's own password anew, which came with the form; or the sentence that it is wrong.
async fn proven<T: Send + 'static>(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    act: impl FnOnce(&House, &Actor) -> Result<T, FlowError> + Send + 'static,
) -> Result<Result<T, String>, Problem> {
    let by = (signed.actor(), sent.raw("own-password").to_owned());
    let wrong = || signed.words().own_password_wrong().to_owned();
    match console.api().confirmed(by, signed.visit.address, act).await {
        Err(problem) if problem.kind == Kind::Unproven => Ok(Err(wrong())),
        done => done.map(Ok),
    }
}

/// A problem in a sentence, with what to do; who changed what meanwhile, in the reader's language.
fn whole(w: Words, problem: &Problem) -> String {
    let member = |name: &str| problem.members.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if let (Some(who), Some(at)) = (member("changed_by"), member("changed_at")) {
        let at = at.parse().map(|at| Moment::of(at, w).text().to_owned()).unwrap_or(at);
        return w.changed_by(&who, &at);
    }
    crate::refused::said(w, problem).0
}
