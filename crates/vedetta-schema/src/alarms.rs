//! Alarms, and how people are called.

use serde_json::{Value, json};

use super::desk::{bilingual, case_number, category};
use super::{flag, item_id, list, moment, number, object, one_of, open, refer, set, slug, text};

fn means() -> Value {
    one_of(&["browser", "email", "sms", "webhook"])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let states = ["waiting", "making", "offered", "made", "failed", "unknown", "dropped"];
    let state = object(&[("is", one_of(&states))], &[("at", moment()), ("reason", text())]);
    let call = object(&[("person", slug()), ("by", means()), ("state", state.clone())], &[]);
    let owner = object(&[("contact", slug()), ("by", means()), ("state", state)], &[]);
    let step = object(&[("rung", number()), ("at", moment()), ("calls", list(call))], &[]);
    let owed = object(&[("item", item_id()), ("organisation", slug()), ("agreement", slug())], &[]);
    let sensor = object(&[("sensor", slug()), ("organisation", slug())], &[]);
    let about = object(
        &[("name", bilingual()), ("due", moment()), ("missed", flag()), ("category", category())],
        &[
            ("number", case_number()),
            ("owed", owed),
            ("sensor", sensor),
            ("sensors", number()),
            ("seal", flag()),
            ("notice", text()),
        ],
    );
    let stands = open(&[("is", one_of(&["calling", "answered", "over"]))], &[]);
    let alarm = object(
        &[
            ("id", text()),
            ("version", number()),
            ("about", about),
            ("room", slug()),
            ("raised", moment()),
            ("stands", stands),
            ("steps", list(step)),
            ("calls_you", flag()),
            ("may_answer", flag()),
            ("gaps", number()),
        ],
        &[("title", text()), ("owner", list(owner))],
    );
    let whom = one_of(&["on-duty", "room", "national-on-duty", "national-room"]);
    let rung = object(
        &[("after_minutes", number()), ("whom", whom), ("by", set(means()))],
        &[("category", category())],
    );
    let ladder = object(
        &[("rungs", list(rung)), ("again_minutes", json!({ "type": "integer", "minimum": 5 }))],
        &[("pace", list(number()))],
    );
    let used = object(&[("at", moment()), ("reason", text())], &[]);
    let mut all = postures();
    all.extend([
        ("AlarmsOnPage", object(&[("alarms", list(text()))], &[])),
        ("ShownAlarms", object(&[("shown", number())], &[])),
        ("EmergencyState", object(&[("sealed", flag()), ("used", list(used))], &[])),
        ("Alarm", alarm),
        ("Alarms", object(&[("alarms", list(refer("Alarm")))], &[])),
        ("Ladder", ladder),
    ]);
    all
}

/// Crises and exercises.
fn postures() -> Vec<(&'static str, Value)> {
    let said = [("kind", one_of(&["crisis", "exercise"])), ("name", text()), ("reason", text())];
    let of = [("centre", slug()), ("participants", set(slug()))];
    let ended = object(&[("by", slug()), ("at", moment()), ("reason", text())], &[]);
    let held = [("id", text()), ("by", slug()), ("since", moment())];
    let posture =
        object(&[&said[..], &held[..]].concat(), &[&of[..], &[("ended", ended)]].concat());
    vec![
        ("NewPosture", object(&said, &of)),
        ("Posture", posture),
        ("Postures", object(&[("postures", list(refer("Posture")))], &[])),
        ("PostureEnd", object(&[("reason", text())], &[])),
    ]
}
