//! Other nodes and the links with them.

use serde_json::{Value, json};

use super::{flag, list, moment, number, object, one_of, refer, set, slug, text};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let vouches = || one_of(&["everything", "below"]);
    let invitation = object(
        &[
            ("id", text()),
            ("organisation", slug()),
            ("agreement", slug()),
            ("serves", refer("Scope")),
            ("vouches", vouches()),
            ("expires", moment()),
        ],
        &[],
    );
    let peer = [
        ("organisation", slug()),
        ("agreement", slug()),
        ("serves", refer("Scope")),
        ("vouches", vouches()),
        ("stage", refer("PeerStage")),
    ];
    let view = [
        ("organisation", slug()),
        ("agreement", slug()),
        ("stage", refer("PeerStage")),
        ("serves", refer("Scope")),
        ("taken_in", number()),
        ("waiting", number()),
        ("known", number()),
        ("refused", number()),
        ("refusals", list(refusal())),
        ("refused_there", number()),
        ("refusals_there", list(refusal_there(&[]))),
    ];
    let also = [
        ("key", text()),
        ("fingerprint", text()),
        ("address", text()),
        ("heard", moment()),
        ("silent", moment()),
        ("future", moment()),
        ("presence", refer("Presence")),
        ("link", refer("PeerLink")),
    ];
    let arriving = object(&[("peer", slug()), ("agreement", slug()), ("share", share())], &[]);
    let peers = [
        ("peers", list(object(&view, &also))),
        ("arriving", list(arriving)),
        ("invitations", list(invitation)),
    ];
    let mut all = vec![
        ("Scope", scope()),
        ("Card", card()),
        ("PeerStage", stage()),
        ("PeerLink", link()),
        ("Peer", object(&peer, &[])),
        ("Peers", object(&peers, &[("node", refer("Card"))])),
        ("IssuedCode", object(&[("code", text()), ("expires", moment())], &[])),
        (
            "LinkStep",
            object(&[("step", one_of(&["suspend", "resume", "end"]))], &[("reason", text())]),
        ),
        ("NewPresence", object(&[("on_duty", number()), ("until", moment())], &[])),
        ("Presence", presence()),
    ];
    all.extend(asked());
    all.extend(taken());
    all
}

/// What was taken back, and who has it.
fn taken() -> [(&'static str, Value); 4] {
    [
        ("Holders", holders()),
        ("Withdrawals", withdrawals()),
        ("Lapses", list(lapse(&[("holders", list(slug()))]))),
        ("LapsedItems", lapsed_items()),
    ]
}

/// What administrators ask for.
fn asked() -> Vec<(&'static str, Value)> {
    let vouches = || one_of(&["everything", "below"]);
    let own = ("own_password", text());
    let terms = [("vouches", vouches()), ("address", text()), own.clone()];
    vec![
        (
            "NewInvitation",
            object(
                &[("organisation", slug()), ("agreement", slug()), ("serves", refer("Scope"))],
                &terms,
            ),
        ),
        (
            "Acceptance",
            object(&[("code", text()), ("serves", refer("Scope"))], &[("vouches", vouches()), own]),
        ),
        ("LinkTerms", object(&[("serves", refer("Scope"))], &[("vouches", vouches())])),
        ("Revocation", object(&[("key", text()), ("reason", text())], &[])),
        ("Rotation", object(&[], &[("stolen", flag())])),
        ("CertificateNames", object(&[], &[("names", list(text()))])),
        ("CertificateRequest", object(&[("names", list(text())), ("pem", text())], &[])),
    ]
}

fn holders() -> Value {
    let withdrawn = object(
        &[("at", moment()), ("by", text()), ("reason", text()), ("place", number())],
        &[("number", number())],
    );
    let holder = object(
        &[("organisation", slug()), ("form", super::exchange::form())],
        &[&[("door", text()), ("at", moment())], super::exchange::acknowledged().as_slice()]
            .concat(),
    );
    object(&[("holders", list(holder))], &[("withdrawn", withdrawn)])
}

fn withdrawals() -> Value {
    let notice = object(
        &[("item", text()), ("place", number()), ("at", moment()), ("reason", text())],
        &[("version", moment())],
    );
    let lapses = list(lapse(&[]));
    let page = [("notices", list(notice)), ("lapses", lapses), ("next", text()), ("more", flag())];
    object(&page, &[])
}

fn lapse(more: &[(&'static str, Value)]) -> Value {
    let now = one_of(&["suspended", "ended", "removed", "excluded", "restored"]);
    let mut always = vec![
        ("now", now),
        ("since", moment()),
        ("place", number()),
        ("at", moment()),
        ("advice", text()),
    ];
    always.extend(more.iter().cloned());
    let often = ["reason", "items"].map(|name| (name, text()));
    let about = ["agreement", "organisation"].map(|name| (name, slug()));
    object(&always, &[often, about].concat())
}

fn lapsed_items() -> Value {
    let item = object(&[("item", text()), ("version", moment()), ("place", number())], &[]);
    object(&[("items", list(item))], &[("next", text())])
}

fn presence() -> Value {
    object(&[("organisation", slug()), ("on_duty", number()), ("until", moment())], &[])
}

fn scope() -> Value {
    object(
        &[],
        &[
            ("everything", flag()),
            ("regions", set(text())),
            ("below", set(slug())),
            ("organisations", set(slug())),
        ],
    )
}

fn card() -> Value {
    object(
        &[
            ("organisation", slug()),
            ("fingerprint", text()),
            ("serial", number()),
            ("since", moment()),
        ],
        &[("address", text())],
    )
}

fn share() -> Value {
    let quantiles = ["count", "p50_ms", "p95_ms", "p99_ms"].map(|name| (name, number()));
    object(&quantiles, &[])
}

fn refusal() -> Value {
    object(
        &[
            ("at", moment()),
            ("origin", slug()),
            ("what", text()),
            ("why", text()),
            ("says", text()),
        ],
        &[],
    )
}

/// What a peer refused of ours.
pub(super) fn refusal_there(more: &[(&'static str, Value)]) -> Value {
    let always = [("at", moment()), ("what", text()), ("why", text())];
    object(
        &[more, always.as_slice()].concat(),
        &[("item", text()), ("version", moment()), ("says", text())],
    )
}

fn stage() -> Value {
    let stages = ["invited", "active", "suspended", "ended"];
    object(&[("is", one_of(&stages)), ("since", moment())], &[("reason", text())])
}

fn link() -> Value {
    object(
        &[
            ("up", flag()),
            ("since", moment()),
            ("made", number()),
            ("lag", number()),
            ("sent", number()),
            ("taken", number()),
            ("too_far", number()),
            ("refused", number()),
            ("octets_in", number()),
            ("octets_out", number()),
            ("over_quota", flag()),
        ],
        &[
            ("behind", number()),
            ("dialled_by", one_of(&["us", "peer"])),
            ("address", text()),
            ("cause", slug()),
            ("reason", text()),
            ("skew_ms", json!({ "type": "integer" })),
        ],
    )
}
