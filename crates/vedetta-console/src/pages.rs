//! The pages, a file each, and where each is.

use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{FlowError, House};
use vedetta_frame::assets;
use vedetta_frame::console::Console;
use vedetta_frame::forms::Sent;
use vedetta_frame::router::Registry;
use vedetta_frame::visit::Signed;
use vedetta_model::Actor;

use crate::live;

mod account;
mod account_keys;
mod accounts;
mod agreement;
mod agreement_new;
mod agreements;
mod audit;
mod audit_entry;
mod concerns;
mod deliveries;
mod directory;
mod edit_seen;
mod home;
mod item;
pub(crate) mod items;
mod lapses;
mod links;
mod machines;
mod organisation;
mod organisation_edit;
mod preferences;
mod publish;
mod report;
mod saved;
mod search;
mod sensors;
mod sign_in;
mod sign_in_code;
mod sign_in_otherwise;
mod statements;
mod tombstone;
mod who_has;

/// Every page and action with its handler.
pub(crate) fn routes(registry: Registry) -> Registry {
    let registry = around(registry);
    let registry = reports(items(registry));
    let registry = vedetta_room::routes(registry);
    node(network(registry))
}

/// Coming in, one's own, and what is about everything.
fn around(registry: Registry) -> Registry {
    registry
        .see("/sign-in", sign_in::show)
        .act("/sign-in", sign_in::enter)
        .act("/sign-in/passkey", sign_in_otherwise::by_passkey)
        .see("/sign-in/with/{provider}", sign_in_otherwise::with)
        .see("/sign-in/callback", sign_in_otherwise::back)
        .see("/sign-in/code", sign_in_code::show)
        .act("/sign-in/code", sign_in_code::enter)
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
        .act("/account/passkeys", account_keys::add_passkey)
        .act("/account/identities", account_keys::begin_tie)
        .act("/account/keys/removal", account_keys::remove)
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

fn reports(registry: Registry) -> Registry {
    registry
        .see("/concerns", concerns::show)
        .see("/report", report::show)
        .act("/report", report::send)
        .see("/report/{number}", report::receipt)
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
        .see("/lapses", lapses::show)
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
        .act("/accounts/{account}/identities", accounts::tie)
        .act("/accounts/{account}/keys/removal", accounts::remove_key)
        .see("/audit", audit::show)
        .act("/audit/verification", audit::verify)
        .see("/audit/{entry}", audit_entry::show)
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
