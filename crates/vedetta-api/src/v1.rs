//! The JSON interface, below `/api/v1`: a noun a file, thin over the house.

mod agreements;
mod alarms;
mod certificates;
mod clocks;
mod control;
mod deliveries;
mod directory;
mod duty;
mod holds;
mod imports;
mod incidents;
mod items;
mod keys;
mod ledger;
mod mail;
mod node;
mod peers;
mod playbooks;
mod postures;
mod queue;
mod relevance;
pub(crate) mod sensors;
mod sessions;
mod stream;
mod warning_lists;
mod warnings;
mod webhooks;
mod withdrawals;
mod work;

use axum::Json;
use serde::Serialize;
use vedetta_flow::Sequence;
use vedetta_model::Role;

use crate::access::Verb::{Delete, Get, Post, Put};
use crate::problem::{Kind, Problem};
use crate::router::Registry;

/// What a handler answers.
type Answer<T> = Result<Json<T>, Problem>;

/// Who sees every organisation's assets and concerns, in the node's own room.
const SEES_ALL: &[Role] = &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor];

/// One page of a list.
#[derive(Debug, Serialize)]
struct Page<T> {
    /// What is on it.
    items: Vec<T>,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A place to go on from, as `next` of the page before said it: the same text at every list.
fn place(name: &str, text: Option<&str>) -> Result<Option<Sequence>, Problem> {
    let read = |text: &str| {
        text.parse().map(Sequence).map_err(|_| {
            let sentence = format!("{name} is not a place; give the next of the page before");
            Problem::new(Kind::NotUnderstood, sentence).at(name)
        })
    };
    text.map(read).transpose()
}

/// How many on a page: from 1 to 1,000; 100 without a wish.
fn page_limit(wish: Option<usize>) -> usize {
    wish.unwrap_or(100).clamp(1, 1_000)
}

impl<T> Page<T> {
    /// Of a list that was asked for one more than fits, by the name of its last.
    fn cut(mut items: Vec<T>, limit: usize, name: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(name);
        Self { items, next }
    }
}

/// Registers the routes.
pub(crate) fn routes(registry: Registry) -> Registry {
    let registry = registry
        .on(Get, "/health", node::health)
        .on(Get, "/ready", node::ready)
        .on(Get, "/ca.pem", node::authority)
        .on(Get, "/metrics", node::metrics)
        .on(Get, "/api/v1/openapi.json", node::openapi)
        .on(Post, "/api/v1/sessions", sessions::begin)
        .on(Post, "/api/v1/sessions/emergency", sessions::break_seal)
        .on(Post, "/api/v1/emergency", sessions::seal)
        .on(Post, "/api/v1/enrolments", sessions::enrol)
        .on(Get, "/api/v1/sessions/current", sessions::whoami)
        .on(Delete, "/api/v1/sessions/current", sessions::end)
        .on(Get, "/api/v1/tokens", sessions::tokens)
        .on(Post, "/api/v1/tokens", sessions::issue)
        .on(Delete, "/api/v1/tokens/{token}", sessions::revoke)
        .on(Get, "/api/v1/certificates", certificates::list)
        .on(Put, "/api/v1/certificates/{fingerprint}", certificates::tie)
        .on(Delete, "/api/v1/certificates/{fingerprint}", certificates::untie)
        .on(Get, "/api/v1/relevance", relevance::of)
        .on(Get, "/api/v1/holds", holds::list)
        .on(Put, "/api/v1/holds/{hold}", holds::put)
        .on(Post, "/api/v1/holds/{hold}/end", holds::end)
        .on(Get, "/api/v1/agreements", agreements::list)
        .on(Get, "/api/v1/agreements/{agreement}", agreements::get)
        .on(Put, "/api/v1/agreements/{agreement}", agreements::put)
        .on(Delete, "/api/v1/agreements/{agreement}", agreements::discard)
        .on(Post, "/api/v1/agreements/{agreement}/steps", agreements::step)
        .on(Get, "/api/v1/agreements/{agreement}/signatures", agreements::signatures)
        .on(Get, "/api/v1/reports/sharing", deliveries::report)
        .on(Get, "/api/v1/dead-letters", work::dead_letters)
        .on(Post, "/api/v1/dead-letters/{job}/retry", work::retry)
        .on(Delete, "/api/v1/dead-letters/{job}", work::discard)
        .on(Get, "/feeds/", crate::feeds::list)
        .on(Get, "/feeds/{file}", crate::feeds::get)
        .on(Get, "/api/v1/webhooks", webhooks::list)
        .on(Put, "/api/v1/webhooks/{webhook}", webhooks::put)
        .on(Delete, "/api/v1/webhooks/{webhook}", webhooks::remove)
        .on(Get, "/api/v1/warning-lists", warning_lists::list)
        .on(Put, "/api/v1/warning-lists/{list}", warning_lists::put)
        .on(Delete, "/api/v1/warning-lists/{list}", warning_lists::remove)
        .on(Get, "/api/v1/ledger/entries", ledger::entries)
        .on(Get, "/api/v1/ledger/verification", ledger::verify);
    items(mail_desk(directory_routes(peers(desk(sensors(registry))))))
}

fn sensors(registry: Registry) -> Registry {
    registry
        .on(Get, "/api/v1/sensors", sensors::list)
        .on(Post, "/api/v1/sensors", sensors::invite)
        .on(Delete, "/api/v1/sensors/{sensor}", sensors::retire)
        .on(Post, "/api/v1/sensors/enrolments", sensors::enrol)
        .on(Post, "/api/v1/sensors/findings", sensors::report)
        .on(Post, "/api/v1/sensors/heartbeats", sensors::beat)
        .on(Get, "/api/v1/items/{item}/sightings", sensors::seen)
        .on(Get, "/api/v1/alerts", sensors::alerts)
        .on(Post, "/api/v1/alerts/{sighting}/judgements", sensors::judge)
}

fn mail_desk(registry: Registry) -> Registry {
    registry
        .on(Post, "/api/v1/mail/reports", mail::report)
        .on(Get, "/api/v1/mail/reports", mail::queue)
        .on(Get, "/api/v1/mail/reports/own", mail::own)
        .on(Get, "/api/v1/mail/reports/{case}", mail::case)
        .on(Get, "/api/v1/mail/reports/{case}/message", mail::message)
        .on(Delete, "/api/v1/mail/reports/{case}/message", mail::delete)
        .on(Post, "/api/v1/mail/reports/{case}/verdict", mail::overrule)
        .on(Post, "/api/v1/mail/reports/{case}/contest", mail::contest)
        .on(Get, "/api/v1/mail/campaigns", mail::campaigns)
        .on(Get, "/api/v1/mail/campaigns/{campaign}", mail::campaign)
        .on(Post, "/api/v1/mail/campaigns/{campaign}/steps", mail::step)
        .on(Get, "/api/v1/mail/questions", mail::questions)
        .on(Post, "/api/v1/mail/questions/{campaign}", mail::answer_question)
        .on(Get, "/api/v1/mail/statistics", mail::statistics)
}

fn peers(registry: Registry) -> Registry {
    registry
        .on(Get, "/api/v1/peers", peers::list)
        .on(Post, "/api/v1/peers", peers::accept)
        .on(Post, "/api/v1/peers/invitations", peers::invite)
        .on(Post, "/api/v1/peers/{organisation}/steps", peers::step)
        .on(Delete, "/api/v1/peers/invitations/{invitation}", peers::withdraw)
        .on(Put, "/api/v1/peers/{organisation}/terms", peers::set_terms)
        .on(Post, "/api/v1/card/rotation", peers::rotate)
        .on(Post, "/api/v1/card/requests", peers::request)
        .on(Post, "/api/v1/presence", peers::say_presence)
        .on(Get, "/api/v1/withdrawals", withdrawals::list)
        .on(Get, "/api/v1/lapses", withdrawals::lapses)
        .on(Get, "/api/v1/lapses/items", withdrawals::lapsed)
        .on(Get, "/api/v1/items/{item}/holders", withdrawals::holders)
        .on(Post, "/api/v1/card/revocations", peers::revoke)
}

fn procedures(registry: Registry) -> Registry {
    registry
        .on(Get, "/api/v1/alarms", alarms::list)
        .on(Get, "/api/v1/alarms/{alarm}", alarms::get)
        .on(Post, "/api/v1/alarms/{alarm}/answer", alarms::answer)
        .on(Post, "/api/v1/alarms/shown", alarms::shown)
        .on(Get, "/api/v1/postures", postures::list)
        .on(Post, "/api/v1/postures", postures::declare)
        .on(Post, "/api/v1/postures/{posture}/end", postures::end)
        .on(Get, "/api/v1/vocabularies/incidents", incidents::vocabulary)
        .on(Get, "/api/v1/emergency", alarms::emergency)
        .on(Get, "/api/v1/settings/escalation", alarms::ladder)
        .on(Put, "/api/v1/settings/escalation", alarms::put_ladder)
        .on(Get, "/api/v1/incidents/{number}/runs", playbooks::runs)
        .on(Post, "/api/v1/incidents/{number}/runs", playbooks::begin)
        .on(Get, "/api/v1/incidents/{number}/runs/{run}", playbooks::run)
        .on(Post, "/api/v1/incidents/{number}/runs/{run}/acts", playbooks::act)
        .on(Post, "/api/v1/incidents/{number}/runs/{run}/requests", playbooks::request)
        .on(Get, "/api/v1/recommendations", playbooks::library)
        .on(Put, "/api/v1/recommendations/{recommendation}", playbooks::put_advice)
        .on(Get, "/api/v1/playbooks", playbooks::list)
        .on(Post, "/api/v1/playbooks", playbooks::import)
        .on(Get, "/api/v1/playbooks/{playbook}", playbooks::get)
        .on(Put, "/api/v1/playbooks/{playbook}", playbooks::write)
        .on(Get, "/api/v1/playbooks/{playbook}/cacao", playbooks::export)
        .on(Post, "/api/v1/playbooks/{playbook}/steps", playbooks::step)
        .on(Get, "/api/v1/settings/playbook-hosts", playbooks::hosts)
        .on(Put, "/api/v1/settings/playbook-hosts", playbooks::allow)
}

fn desk(registry: Registry) -> Registry {
    procedures(registry)
        .on(Post, "/api/v1/reports", queue::report)
        .on(Get, "/api/v1/queue", queue::waiting)
        .on(Get, "/api/v1/incidents", incidents::list)
        .on(Get, "/api/v1/incidents/{number}", incidents::get)
        .on(Get, "/api/v1/incidents/{number}/timeline", incidents::timeline)
        .on(Get, "/api/v1/incidents/{number}/alike", incidents::alike)
        .on(Post, "/api/v1/incidents/{number}/changes", incidents::change)
        .on(Post, "/api/v1/incidents/{number}/undo", incidents::undo)
        .on(Post, "/api/v1/incidents/{number}/files", incidents::attach)
        .on(Get, "/api/v1/incidents/{number}/files/{sha256}", incidents::file)
        .on(Get, "/api/v1/figures/incidents", incidents::figures)
        .on(Get, "/api/v1/incidents/{number}/clocks", clocks::of_case)
        .on(Get, "/api/v1/incidents/{number}/notices/{step}", clocks::notice)
        .on(Get, "/api/v1/incidents/{number}/report", clocks::report)
        .on(Get, "/api/v1/clocks", clocks::next)
        .on(Get, "/api/v1/clocks/pressing", clocks::pressing)
        .on(Get, "/api/v1/duty", duty::now)
        .on(Get, "/api/v1/rosters/{organisation}", duty::roster)
        .on(Put, "/api/v1/rosters/{organisation}", duty::put_roster)
        .on(Post, "/api/v1/rosters/{organisation}/changes", duty::change_roster)
        .on(Get, "/api/v1/rosters/{organisation}/handover", duty::sheet)
        .on(Post, "/api/v1/rosters/{organisation}/handover", duty::give)
        .on(Get, "/api/v1/rosters/{organisation}/handovers", duty::handovers)
        .on(Post, "/api/v1/rosters/{organisation}/handovers/{ends}", duty::take)
        .on(Get, "/api/v1/rosters/{organisation}/handovers/{ends}/document", clocks::handover)
        .on(Get, "/api/v1/warnings", warnings::list)
        .on(Post, "/api/v1/warnings", warnings::write)
        .on(Get, "/api/v1/warnings/{warning}", warnings::get)
        .on(Put, "/api/v1/warnings/{warning}", warnings::rewrite)
        .on(Get, "/api/v1/warnings/{warning}/preview", warnings::preview)
        .on(Post, "/api/v1/warnings/{warning}/steps", warnings::step)
        .on(Post, "/api/v1/warnings/{warning}/reactions", warnings::react)
        .on(Get, "/api/v1/warnings/{warning}/document", clocks::warning)
        .on(Get, "/api/v1/concerns", warnings::concerns)
}

fn directory_routes(registry: Registry) -> Registry {
    registry
        .on(Get, "/api/v1/organisations", directory::organisations)
        .on(Get, "/api/v1/organisations/{organisation}", directory::organisation)
        .on(Put, "/api/v1/organisations/{organisation}", directory::put_organisation)
        .on(Delete, "/api/v1/organisations/{organisation}", directory::remove_organisation)
        .on(Put, "/api/v1/assets/{asset}", directory::put_asset)
        .on(Delete, "/api/v1/assets/{asset}", directory::remove_asset)
        .on(Put, "/api/v1/contacts/{contact}", directory::put_contact)
        .on(Delete, "/api/v1/contacts/{contact}", directory::remove_contact)
        .on(Get, "/api/v1/assets", directory::assets)
        .on(Post, "/api/v1/imports", imports::import)
        .on(Get, "/api/v1/exports/{file}", imports::directory)
        .on(Get, "/api/v1/contacts", directory::contacts)
        .on(Get, "/api/v1/accounts", directory::accounts)
        .on(Put, "/api/v1/accounts/{account}", directory::put_account)
        .on(Put, "/api/v1/accounts/{account}/password", directory::set_password)
        .on(Get, "/api/v1/accounts/{account}/keys", keys::list)
        .on(Delete, "/api/v1/accounts/{account}/keys/{key}", keys::remove)
        .on(Post, "/api/v1/accounts/{account}/identities", keys::tie)
        .on(Post, "/api/v1/accounts/{account}/totp", directory::enrol_totp)
}

fn items(registry: Registry) -> Registry {
    registry
        .on(Get, "/api/v1/items", items::list)
        .on(Post, "/api/v1/items", items::add)
        .on(Get, "/api/v1/items/{item}", items::get)
        .on(Delete, "/api/v1/items/{item}", items::withdraw)
        .on(Post, "/api/v1/items/{item}/acknowledgement", items::acknowledge)
        .on(Get, "/api/v1/acknowledgements/overdue", deliveries::overdue)
        .on(Get, "/api/v1/items/{item}/deliveries", deliveries::of_item)
        .on(Get, "/api/v1/items/{item}/explanation", items::explain)
        .on(Post, "/api/v1/preview", items::preview)
        .on(Get, "/api/v1/stream", stream::follow)
        .on(Post, "/control/arrivals", control::take_in)
}
