//! Agreements and holds.

use serde_json::{Value, json};

use super::directory::{criticality, kind, sector};
use super::{day, item_id, list, moment, number, object, one_of, page, refer, set, slug, text};

pub(super) fn category() -> Value {
    one_of(&["indicator", "incident", "technical-report", "early-warning", "awareness", "context"])
}

pub(super) fn tlp() -> Value {
    one_of(&["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"])
}

pub(super) fn pap() -> Value {
    one_of(&["CLEAR", "GREEN", "AMBER", "RED"])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("Agreement", agreement()),
        ("Agreements", page(refer("Agreement"))),
        ("Stage", stage()),
        ("AgreementStep", step()),
        ("AgreementSignatures", signatures()),
        ("Party", party()),
        ("Selector", selector()),
        ("HandlingTerms", handling_terms()),
        ("Iep", iep()),
        ("Hold", hold(&[("until", moment())])),
        ("HoldPlaced", hold(&[("until", moment()), ("covers", number())])),
        ("Holds", object(&[("holds", list(refer("Hold")))], &[])),
    ]
}

fn agreement() -> Value {
    let term = object(
        &[("from", day()), ("until", day())],
        &[("signed", day()), ("renewal", one_of(&["none", "explicit", "tacit"]))],
    );
    let duties =
        [("acknowledge_minutes", number()), ("acknowledge", set(category())), ("training", text())];
    let names = || list(text());
    let raci = object(
        &[("activity", text())],
        &[
            ("responsible", names()),
            ("accountable", names()),
            ("consulted", names()),
            ("informed", names()),
        ],
    );
    object(
        &[("id", slug()), ("title", text()), ("term", term)],
        &[
            ("parent", slug()),
            ("succeeds", slug()),
            ("stage", refer("Stage")),
            ("adhesion", object(&[("party", text()), ("organisation", slug())], &[])),
            ("party", list(refer("Party"))),
            ("handling", refer("HandlingTerms")),
            ("duties", object(&[], &duties)),
            ("raci", list(raci)),
            ("systems", list(text())),
            ("mail", mail_terms()),
        ],
    )
}

fn mail_terms() -> Value {
    object(
        &[("release", one_of(&["proposed", "automatic"]))],
        &[
            ("reporters", number()),
            ("organisations", number()),
            ("verdict", one_of(&["malicious", "suspicious"])),
            ("tlp", tlp()),
        ],
    )
}

fn stage() -> Value {
    let is = |stage: &str| ("is", json!({ "const": stage }));
    json!({ "oneOf": [
        object(&[is("draft")], &[("since", moment()), ("by", text())]),
        object(&[is("in-force"), ("since", moment()), ("by", slug())], &[]),
        object(&[is("suspended"), ("since", moment()), ("by", slug()), ("reason", text())], &[]),
        object(&[is("expired"), ("since", moment())], &[("by", slug())]),
    ]})
}

fn step() -> Value {
    let step = |step: &str| ("step", json!({ "const": step }));
    json!({ "oneOf": [
        object(&[step("put-in-force")], &[]),
        object(&[step("suspend"), ("reason", text())], &[]),
        object(&[step("resume")], &[]),
        object(&[step("end")], &[]),
        object(&[step("renew"), ("until", day())], &[]),
        object(&[step("propose")], &[]),
        object(&[step("accept"), ("digest", text())], &[]),
    ]})
}

fn signatures() -> Value {
    object(
        &[
            ("agreement", slug()),
            ("revision", number()),
            ("digest", text()),
            ("signed_by", list(slug())),
            ("signatories", list(slug())),
        ],
        &[],
    )
}

fn party() -> Value {
    object(
        &[("name", text())],
        &[
            ("organisations", set(slug())),
            ("select", refer("Selector")),
            ("gives", set(category())),
            ("receives", set(category())),
            ("within", one_of(&["apart", "together"])),
            ("contacts", list(slug())),
        ],
    )
}

fn selector() -> Value {
    let optional = [
        ("kinds", set(kind())),
        ("regions", set(text())),
        ("provinces", set(text())),
        ("sectors", set(sector())),
        ("population_above", number()),
        ("criticality", criticality()),
        ("adhesion", one_of(&["not-needed", "required"])),
    ];
    object(&[], &optional)
}

fn handling_terms() -> Value {
    let history = json!({ "oneOf": [
        one_of(&["none", "since-agreement", "all"]),
        object(&[("days", number())], &[]),
    ]});
    let optional = [
        ("highest_tlp", tlp()),
        ("default_tlp", tlp()),
        ("iep", refer("Iep")),
        ("victim", one_of(&["hidden", "named"])),
        ("history", history),
        ("redistribution", one_of(&["none", "lineage", "any"])),
    ];
    object(&[], &optional)
}

fn iep() -> Value {
    object(
        &[("id", text()), ("name", text())],
        &[
            ("start_date", moment()),
            ("end_date", moment()),
            ("encrypt_in_transit", text()),
            ("permitted_actions", text()),
            ("affected_party_notifications", text()),
            ("attribution", text()),
            ("unmodified_resale", text()),
        ],
    )
}

fn hold(optional: &[(&str, Value)]) -> Value {
    let scope = json!({ "oneOf": [
        object(&[("item", item_id())], &[]),
        object(&[("victim", slug())], &[]),
        object(&[("producer", slug())], &[]),
    ]});
    object(
        &[
            ("id", slug()),
            ("authority", text()),
            ("organisation", slug()),
            ("scope", scope),
            ("reason", text()),
            ("from", moment()),
        ],
        optional,
    )
}
