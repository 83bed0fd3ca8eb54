//! The desk: reports, incidents, and what is done with them.

use serde_json::{Value, json};

use super::{
    flag, item_id, list, maybe, moment, number, object, one_of, open, refer, set, slug, text,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = reports();
    all.extend(incidents());
    all.push(("IncidentState", incident()));
    all
}

pub(super) fn case_number() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{6,}$" })
}

pub(super) fn bilingual() -> Value {
    object(&[("it", text()), ("en", text())], &[])
}

fn channel() -> Value {
    one_of(&["portal", "telephone", "mail", "api", "finding", "peer"])
}

pub(super) fn stage() -> Value {
    one_of(&[
        "reported",
        "triaged",
        "confirmed",
        "contained",
        "recovered",
        "closed",
        "dismissed",
        "merged",
    ])
}

pub(super) fn category() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": 6 })
}

fn audience() -> Value {
    one_of(&["room", "participants"])
}

fn reports() -> Vec<(&'static str, Value)> {
    let new = object(
        &[("channel", channel()), ("title", text()), ("words", text())],
        &[
            ("organisation", slug()),
            ("contact", text()),
            ("awareness", moment()),
            ("items", set(item_id())),
            ("services", set(text())),
            ("exercise", text()),
            ("key", text()),
        ],
    );
    let alike = object(
        &[
            ("number", case_number()),
            ("title", text()),
            ("points", number()),
            ("reasons", list(bilingual())),
        ],
        &[],
    );
    let waiting = object(
        &[("case", refer("IncidentRow")), ("words", text()), ("alike", list(refer("Alike")))],
        &[("routed", routed()), ("gathered", gathered())],
    );
    let receipt = object(&[("number", case_number()), ("at", moment()), ("repeated", flag())], &[]);
    vec![
        ("NewReport", new),
        ("ReportReceipt", receipt),
        ("Alike", alike),
        ("AlikeIncidents", object(&[("alike", list(refer("Alike")))], &[])),
        ("Queue", object(&[("waiting", list(waiting)), ("total", number())], &[])),
    ]
}

/// What a channel brought of one kind.
fn gathered() -> Value {
    let source = json!({ "anyOf": [
        object(&[("is", one_of(&["finding"])), ("sighting", item_id())], &[]),
        object(&[("is", one_of(&["campaign"])), ("campaign", text()), ("message", text())], &[]),
        object(&[("is", one_of(&["item"])), ("item", item_id())], &[]),
    ] });
    object(&[("source", source), ("count", number()), ("last", moment())], &[])
}

fn routed() -> Value {
    object(&[("to", slug()), ("reasons", list(bilingual()))], &[])
}

/// A case in a list.
fn incident_row() -> Value {
    object(
        &[
            ("number", case_number()),
            ("title", text()),
            ("stage", stage()),
            ("category", category()),
            ("judged", flag()),
            ("presumed", category()),
            ("organisation", slug()),
            ("channel", channel()),
            ("reported", moment()),
            ("changed", moment()),
            ("affected", number()),
            ("tasks_open", number()),
            ("circle", one_of(&["open", "closed"])),
            ("version", number()),
        ],
        &[
            ("lead", slug()),
            ("centre", slug()),
            ("parent", case_number()),
            ("awareness", moment()),
            ("exercise", text()),
            ("gathered", number()),
        ],
    )
}

fn incidents() -> Vec<(&'static str, Value)> {
    let score = open(&[("least", json!({})), ("most", json!({})), ("parts", json!({}))], &[]);
    let view = object(
        &[
            ("incident", refer("IncidentState")),
            ("version", number()),
            ("changed", moment()),
            ("changed_by", slug()),
            ("category", category()),
            ("judged", flag()),
            ("worst", category()),
            ("score", score),
            ("answer", bilingual()),
            ("sight", one_of(&["part", "whole"])),
            ("may", set(text())),
            ("children", list(refer("IncidentRow"))),
        ],
        &[("undo", bilingual())],
    );
    // What a change needs depends on what it does: a refusal names what is missing.
    let change = open(&[("does", text())], &[]);
    let did = json!({ "anyOf": [
        { "type": "string", "enum": ["opened"] },
        open(&[], &[("changed", change.clone()), ("undone", change.clone())]),
    ] });
    let step = object(
        &[
            ("version", number()),
            ("at", moment()),
            ("by", slug()),
            ("did", did),
            ("words", bilingual()),
        ],
        &[],
    );
    let figures = object(
        &[
            ("open", list(number())),
            ("unjudged", number()),
            ("waiting", number()),
            ("stages", open(&[], &[])),
        ],
        &[("oldest_waiting", maybe(moment()))],
    );
    let page = object(
        &[("cases", list(refer("IncidentRow"))), ("total", number())],
        &[("next", case_number())],
    );
    let class = object(
        &[("value", text()), ("of", one_of(&["rsit", "tc-acn"])), ("it", text()), ("en", text())],
        &[],
    );
    vec![
        ("IncidentRow", incident_row()),
        ("Incidents", page),
        ("IncidentView", view),
        ("IncidentEdit", object(&[("version", number()), ("change", change)], &[])),
        ("IncidentUndo", object(&[("version", number())], &[])),
        ("Timeline", object(&[("moments", list(step))], &[("next", text())])),
        ("IncidentFigures", figures),
        ("IncidentVocabulary", object(&[("classes", list(class))], &[])),
    ]
}

fn incident() -> Value {
    let reported = object(
        &[
            ("channel", channel()),
            ("organisation", slug()),
            ("by", slug()),
            ("at", moment()),
            ("words", text()),
        ],
        &[("contact", text())],
    );
    let done = object(&[("by", slug()), ("at", moment())], &[("note", text())]);
    let task = object(
        &[("text", text())],
        &[("organisation", slug()), ("assignee", slug()), ("due", moment()), ("done", done)],
    );
    let file = object(
        &[
            ("sha256", text()),
            ("name", text()),
            ("media", text()),
            ("size", number()),
            ("by", slug()),
            ("at", moment()),
            ("audience", audience()),
        ],
        &[],
    );
    let hold = object(
        &[("authority", text()), ("reference", text()), ("since", moment())],
        &[("until", moment())],
    );
    let recommended =
        object(&[("recommendation", text()), ("text", text()), ("at", moment())], &[]);
    object(
        &[
            ("number", case_number()),
            ("title", text()),
            ("stage", open(&[("is", stage())], &[])),
            ("reported", reported),
            ("classes", set(text())),
            ("origin", one_of(&["unknown", "common", "organised", "terrorist", "state"])),
            ("assessment", open(&[], &[])),
            ("affected", open(&[], &[])),
            ("participants", set(slug())),
            ("items", set(item_id())),
            ("sent", open(&[], &[])),
        ],
        &[
            ("mails", set(text())),
            ("routed", routed()),
            ("gathered", gathered()),
            ("exercise", text()),
            ("circle", set(slug())),
            ("parent", case_number()),
            ("absorbed", set(case_number())),
            ("awareness", moment()),
            ("evidence", moment()),
            ("regimes", open(&[], &[])),
            ("classed", open(&[], &[])),
            ("statements", open(&[], &[])),
            ("hold", hold),
            ("tasks", list(task)),
            ("files", list(file)),
            ("recommended", list(recommended)),
            ("reached", open(&[], &[])),
        ],
    )
}
