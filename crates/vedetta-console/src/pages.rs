//! The pages, a file each, and where each is.

use crate::assets;
use crate::live;
use crate::router::Registry;
use crate::shown::Moment;
use crate::words::Words;

mod account;
mod accounts;
mod acts;
mod agreement;
mod agreement_new;
mod agreements;
mod audit;
mod concerns;
mod deliveries;
mod directory;
mod fields;
mod home;
mod incident;
mod incidents;
mod item;
pub(crate) mod items;
mod links;
mod machines;
mod organisation;
mod organisation_edit;
mod preferences;
mod publish;
mod report;
mod sign_in;
mod statements;
mod wall;

/// Every page and action with its handler.
pub(crate) fn routes(registry: Registry) -> Registry {
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
        .see("/items", items::show)
        .see("/publish", publish::show)
        .act("/publish", publish::send)
        .see("/items/{item}", item::show)
        .act("/items/{item}/acknowledgement", item::acknowledge)
        .act("/items/{item}/withdrawal", item::withdraw)
        .see("/items/{item}/why", item::why)
        .see("/concerns", concerns::show)
        .see("/report", report::show)
        .act("/report", report::send)
        .see("/report/{number}", report::receipt)
        .see("/queue", incidents::queue)
        .see("/incidents", incidents::show)
        .see("/incidents/{number}", incident::show)
        .act("/incidents/{number}/changes", incident::change)
        .see("/incidents/{number}/files/{sha256}", incident::file)
        .see("/wall", wall::show)
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

/// A problem in a sentence, with what to do; who changed what meanwhile, in the reader's language.
fn whole(w: Words, problem: &vedetta_api::Problem) -> String {
    let member = |name: &str| problem.members.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if let (Some(who), Some(at)) = (member("changed_by"), member("changed_at")) {
        let at = at.parse().map(|at| Moment::of(at, w).text().to_owned()).unwrap_or(at);
        return w.changed_by(&who, &at);
    }
    match &problem.what_to_do {
        Some(advice) => format!("{}; {advice}", problem.detail),
        None => problem.detail.clone(),
    }
}
