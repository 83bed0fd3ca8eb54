//! Sensors and what they found.

use serde_json::{Value, json};

use super::{flag, list, moment, number, object, one_of, open, refer, slug, text};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let real = || json!({ "type": "number" });
    let beat = [
        ("version", text()),
        ("started", moment()),
        ("events_per_s", real()),
        ("events", number()),
        ("indicators", number()),
        ("rules", number()),
        ("rules_refused", number()),
        ("place", number()),
        ("waiting", number()),
        ("backlog", number()),
        ("lost", number()),
        ("faults", json!({ "type": "object", "additionalProperties": number() })),
    ];
    let state = [
        ("account", slug()),
        ("name", text()),
        ("organisation", slug()),
        ("stage", json!({ "type": "object", "required": ["is"] })),
    ];
    let heard = [
        ("heard", moment()),
        ("silent_since", moment()),
        ("said", refer("Heartbeat")),
        ("judged", list(refer("Judged"))),
    ];
    let enrolled = [
        ("sensor", text()),
        ("organisation", slug()),
        ("account", slug()),
        ("token", text()),
        ("expires", moment()),
    ];
    let refused = object(&[("id", uuid()), ("reason", text())], &[]);
    let seen = [
        ("organisations", number()),
        ("regions", number()),
        ("count", number()),
        ("since", moment()),
        ("last", moment()),
        ("own", flag()),
        ("named", list(slug())),
    ];
    let new = [("organisation", slug()), ("address", text()), ("authority", text())];
    let mut all = vec![
        ("NewSensor", object(&new, &[("name", text()), ("own_password", text())])),
        ("SensorCode", object(&[("code", text())], &[])),
        ("SensorEnrolment", object(&[("secret", text()), ("version", text())], &[])),
        ("EnrolledSensor", object(&enrolled, &[])),
        ("Sensors", object(&[("sensors", list(object(&state, &heard)))], &[("listens", text())])),
        ("Report", object(&[("findings", list(told()))], &[])),
        (
            "Taken",
            object(&[("taken", number()), ("known", number())], &[("refused", list(refused))]),
        ),
        (
            "Heartbeat",
            open(
                &beat,
                &[("lag_s", super::maybe(real())), ("applied", number()), ("measures", text())],
            ),
        ),
        ("Seen", object(&[], &[("seen", object(&seen, &[]))])),
    ];
    all.extend(alerts());
    all
}

/// What the desk sees of it, and what it says to that.
fn alerts() -> Vec<(&'static str, Value)> {
    let quiet = [("of", text()), ("until", moment())];
    let verdict = || one_of(&["harmless", "confirmed"]);
    let judgement = [("verdict", verdict()), ("reason", text())];
    let reach = one_of(&["entity", "organisation"]);
    let judged = [
        ("of", text()),
        ("verdict", verdict()),
        ("reason", text()),
        ("by", slug()),
        ("at", moment()),
        ("until", moment()),
    ];
    let measures =
        [("digest", text()), ("decay", json!({ "type": "object" })), ("lists", list(text()))];
    vec![
        (
            "SensorOrders",
            object(
                &[("quiet", list(object(&quiet, &[("entity", text())]))), ("place", number())],
                &[("measures", object(&measures, &[]))],
            ),
        ),
        ("Alerts", object(&[("alerts", list(refer("Alert")))], &[])),
        ("Alert", alert()),
        ("Judgement", object(&judgement, &[("reach", reach), ("days", number())])),
        ("Judged", object(&judged, &[("entity", text())])),
    ]
}

fn severity() -> Value {
    one_of(&["informational", "low", "medium", "high", "critical"])
}

fn alert() -> Value {
    let alert = [
        ("sighting", text()),
        ("sighting_of", text()),
        ("of", text()),
        ("title", text()),
        ("severity", severity()),
        ("confidence", number()),
        ("count", number()),
        ("first", moment()),
        ("last", moment()),
    ];
    let also = [
        ("techniques", list(text())),
        ("entity", text()),
        ("organisation", slug()),
        ("judged", refer("Judged")),
    ];
    object(&alert, &also)
}

fn told() -> Value {
    let told = [
        ("id", uuid()),
        ("by", one_of(&["rule", "correlation", "indicator", "baseline"])),
        ("of", text()),
        ("title", text()),
        ("severity", severity()),
        ("confidence", number()),
        ("entity", text()),
        ("count", number()),
        ("first", moment()),
        ("last", moment()),
        ("created", moment()),
        ("told", moment()),
    ];
    let observable = [("kind", text()), ("value", text())];
    let also = [
        ("techniques", list(text())),
        ("evidence", json!({ "type": "object" })),
        ("observables", list(object(&observable, &[]))),
        ("recalled", one_of(&["live", "from-history"])),
    ];
    object(&told, &also)
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}
