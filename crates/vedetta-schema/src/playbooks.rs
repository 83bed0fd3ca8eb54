//! Playbooks, and the runs in which they are followed.

use serde_json::{Value, json};

use super::desk::{bilingual, case_number};
use super::{flag, list, maybe, moment, number, object, one_of, open, refer, set, slug, text};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    [kept(), followed()].concat()
}

fn standing() -> Value {
    one_of(&["own", "proposed", "agreed", "retired"])
}

fn pair() -> Value {
    json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2, "maxItems": 2 })
}

/// A step, as it is shown.
fn step() -> Value {
    let states = ["ahead", "open", "done", "failed", "left-out"];
    object(
        &[
            ("id", text()),
            ("kind", text()),
            ("name", text()),
            ("state", one_of(&states)),
            ("depth", number()),
            ("task", refer("PlaybookTask")),
        ],
        &[("when", text())],
    )
}

fn kept() -> Vec<(&'static str, Value)> {
    let command = object(&[("kind", text()), ("text", text())], &[]);
    let task =
        object(&[("description", text()), ("commands", list(command))], &[("agent", text())]);
    let row = object(
        &[
            ("id", text()),
            ("name", text()),
            ("description", text()),
            ("types", list(text())),
            ("labels", list(text())),
            ("standing", standing()),
            ("actions", number()),
            ("version", number()),
        ],
        &[],
    );
    let procedure = object(
        &[
            ("playbook", open(&[], &[])),
            ("by", slug()),
            ("at", moment()),
            ("parties", open(&[], &[])),
        ],
        &[("retired", open(&[], &[]))],
    );
    let fault = object(&[("object", text()), ("property", text()), ("what", text())], &[]);
    let view = object(
        &[
            ("id", text()),
            ("name", text()),
            ("description", text()),
            ("version", number()),
            ("at", moment()),
            ("standing", standing()),
            ("procedure", procedure),
            ("steps", list(step())),
            ("remarks", list(fault)),
            ("may_answer", flag()),
            ("may_write", flag()),
        ],
        &[],
    );
    let cacao = open(&[("type", text()), ("spec_version", text()), ("id", text())], &[]);
    let said = [("id", text()), ("title", bilingual()), ("text", bilingual())];
    let advice = maybe(object(&said, &[("topics", set(text()))]));
    let named = object(&[("host", text())], &[]);
    let host = object(&[("host", text())], &[("authorization", text())]);
    vec![
        ("PlaybookTask", task),
        ("Playbooks", object(&[("playbooks", list(row))], &[])),
        ("PlaybookView", view),
        ("CacaoPlaybook", cacao),
        (
            "PlaybookEdit",
            object(&[("version", number()), ("playbook", refer("CacaoPlaybook"))], &[]),
        ),
        (
            "PlaybookStep",
            object(&[("version", number()), ("step", open(&[("does", text())], &[]))], &[]),
        ),
        ("Recommendation", object(&said, &[("topics", set(text())), ("version", number())])),
        ("Recommendations", object(&[("recommendations", list(refer("Recommendation")))], &[])),
        ("NewRecommendation", object(&[], &[("advice", advice), ("version", number())])),
        ("PlaybookHosts", object(&[("hosts", list(named))], &[])),
        ("NewPlaybookHosts", object(&[("hosts", list(host))], &[])),
    ]
}

fn followed() -> Vec<(&'static str, Value)> {
    let stands = || open(&[("is", one_of(&["going", "ended", "given-up"]))], &[]);
    let row = object(
        &[
            ("run", number()),
            ("playbook", text()),
            ("name", text()),
            ("by", slug()),
            ("at", moment()),
            ("stands", stands()),
            ("open", number()),
        ],
        &[],
    );
    let question = object(&[("name", text()), ("words", text()), ("answers", list(text()))], &[]);
    let current = object(
        &[
            ("node", number()),
            ("step", text()),
            ("kind", text()),
            ("name", text()),
            ("since", moment()),
            ("task", refer("PlaybookTask")),
            ("questions", list(question)),
        ],
        &[("until", moment()), ("playbook", text()), ("run", number())],
    );
    let deed = object(
        &[("name", text()), ("step", text()), ("at", moment()), ("did", open(&[], &[]))],
        &[("by", slug()), ("note", text())],
    );
    let view = object(
        &[
            ("number", case_number()),
            ("run", number()),
            ("version", number()),
            ("playbook", text()),
            ("name", text()),
            ("by", slug()),
            ("at", moment()),
            ("stands", stands()),
            ("current", list(current)),
            ("steps", list(step())),
            ("deeds", list(deed)),
            ("may_act", flag()),
            ("may_lead", flag()),
        ],
        &[("within", pair())],
    );
    vec![
        ("Runs", object(&[("runs", list(row))], &[])),
        ("RunView", view),
        ("NewRun", object(&[("playbook", text())], &[("within", pair())])),
        ("RunStep", object(&[("version", number()), ("act", open(&[("does", text())], &[]))], &[])),
        (
            "RunRequest",
            object(&[("version", number()), ("node", number()), ("command", number())], &[]),
        ),
    ]
}
