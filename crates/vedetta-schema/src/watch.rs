//! Clocks, shifts and early warnings.

use serde_json::{Value, json};

use super::desk::{bilingual, case_number, category, stage};
use super::{
    day, flag, item_id, list, moment, number, object, one_of, open, refer, set, slug, text,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = clocks();
    all.extend(shifts());
    all.extend(handovers());
    all.extend(warnings());
    all
}

fn state() -> Value {
    let names = ["possible", "waiting", "running", "near", "missed", "met", "late", "discharged"];
    object(&[("is", one_of(&names))], &[("at", moment())])
}

fn clocks() -> Vec<(&'static str, Value)> {
    let clock = object(
        &[
            ("step", text()),
            ("regime", bilingual()),
            ("name", bilingual()),
            ("recipient", text()),
            ("source", text()),
            ("certainty", one_of(&["read", "secondary", "unverified"])),
            ("state", state()),
            ("satisfied_by", set(text())),
        ],
        &[("from", moment()), ("due", moment()), ("presumed", flag())],
    );
    let target = object(&[("stage", stage()), ("due", moment()), ("state", state())], &[]);
    let suggested =
        object(&[("regime", slug()), ("title", bilingual()), ("reason", bilingual())], &[]);
    let next = object(
        &[
            ("number", case_number()),
            ("title", text()),
            ("organisation", slug()),
            ("category", category()),
            ("judged", flag()),
            ("name", bilingual()),
            ("due", moment()),
            ("state", state()),
        ],
        &[("step", text()), ("target", stage()), ("presumed", flag())],
    );
    let of_case = object(
        &[("clocks", list(clock)), ("targets", list(target)), ("suggested", list(suggested))],
        &[("held", open(&[], &[]))],
    );
    vec![
        ("IncidentClocks", of_case),
        ("NextClock", next),
        ("NextClocks", object(&[("clocks", list(refer("NextClock")))], &[])),
        (
            "Pressing",
            object(
                &[("missed", list(refer("NextClock"))), ("near", list(refer("NextClock")))],
                &[],
            ),
        ),
        (
            "Document",
            object(&[("title", text()), ("html", text()), ("text", text())], &[("gaps", number())]),
        ),
    ]
}

fn shifts() -> Vec<(&'static str, Value)> {
    let time = || json!({ "type": "string", "format": "time" });
    let shift = object(&[("from", time()), ("to", time())], &[]);
    let absence = object(&[("person", slug()), ("from", day()), ("until", day())], &[]);
    let swap = object(&[("day", day()), ("shift", text()), ("from", slug()), ("to", slug())], &[]);
    let cover = object(&[("by", slug()), ("from", moment()), ("until", moment())], &[]);
    let shifts = json!({ "type": "object", "additionalProperties": shift });
    let roster = object(
        &[
            ("organisation", slug()),
            ("zone", text()),
            ("shifts", shifts),
            ("teams", list(set(slug()))),
            ("cycle", list(text())),
            ("start", day()),
        ],
        &[
            ("stagger", number()),
            ("absences", list(absence)),
            ("swaps", list(swap)),
            ("covers", list(cover)),
        ],
    );
    let turn = object(
        &[("from", moment()), ("until", moment()), ("shift", text()), ("people", set(slug()))],
        &[],
    );
    let gap = object(&[("from", moment()), ("until", moment())], &[]);
    let view = object(
        &[
            ("roster", refer("Roster")),
            ("version", number()),
            ("turns", list(turn)),
            ("gaps", list(gap)),
        ],
        &[],
    );
    let person = object(&[("account", slug()), ("name", text())], &[]);
    let duty = object(
        &[
            ("organisation", slug()),
            ("name", text()),
            ("on_duty", open(&[], &[])),
            ("people", list(person)),
        ],
        &[("telephone", text()), ("next_change", moment())],
    );
    vec![
        ("Roster", roster),
        ("RosterView", view),
        ("NewRoster", object(&[("roster", refer("Roster"))], &[("version", number())])),
        (
            "RosterEdit",
            object(&[("version", number()), ("change", open(&[("does", text())], &[]))], &[]),
        ),
        ("Versioned", object(&[("version", number())], &[])),
        ("Duty", object(&[("rooms", list(duty))], &[])),
    ]
}

fn handovers() -> Vec<(&'static str, Value)> {
    let kinds = ["clock", "case", "silent-link", "unacknowledged", "overdue", "owed"];
    let line = || {
        object(
            &[
                ("key", text()),
                ("kind", one_of(&kinds)),
                ("title", text()),
                ("detail", bilingual()),
            ],
            &[("due", moment())],
        )
    };
    let signature = || object(&[("by", slug()), ("at", moment())], &[]);
    let sheet = object(
        &[
            ("organisation", slug()),
            ("lines", list(line())),
            ("digest", text()),
            ("owed", list(moment())),
        ],
        &[("ends", moment())],
    );
    let handover = object(
        &[
            ("id", text()),
            ("organisation", slug()),
            ("ends", moment()),
            ("lines", list(line())),
            ("remarks", text()),
            ("given", signature()),
        ],
        &[("taken", signature())],
    );
    vec![
        ("HandoverSheet", sheet),
        ("GiveHandover", object(&[("digest", text())], &[("remarks", text())])),
        ("TakeHandover", object(&[("seen", set(text()))], &[])),
        ("Handover", handover),
        ("Handovers", object(&[("handovers", list(refer("Handover")))], &[])),
    ]
}

fn warnings() -> Vec<(&'static str, Value)> {
    [written_warnings(), read_warnings()].concat()
}

fn warning_stages() -> Value {
    open(&[("is", one_of(&["draft", "sent", "withdrawn"]))], &[])
}

fn acted() -> Value {
    one_of(&["read", "done", "not-concerned"])
}

/// What one says of a warning.
fn written_warnings() -> Vec<(&'static str, Value)> {
    let said = object(
        &[
            ("title", bilingual()),
            ("text", bilingual()),
            ("what_to_do", bilingual()),
            ("tlp", super::agreement::tlp()),
        ],
        &[
            ("pap", super::agreement::pap()),
            ("sectors", set(text())),
            ("regions", set(text())),
            ("observables", set(text())),
            ("incident", case_number()),
            ("exercise", text()),
            ("only_under", set(slug())),
        ],
    );
    let step = open(
        &[("step", one_of(&["send", "remind", "withdraw"]))],
        &[("version", number()), ("reason", text())],
    );
    vec![
        ("WarningText", said),
        ("WarningDraft", object(&[("text", refer("WarningText"))], &[("version", number())])),
        ("WarningStep", step),
        ("NewReaction", object(&[("did", acted())], &[("note", text())])),
    ]
}

/// What one is shown of warnings.
fn read_warnings() -> Vec<(&'static str, Value)> {
    let reaction = object(
        &[("organisation", slug()), ("by", slug()), ("at", moment()), ("did", acted())],
        &[("note", text())],
    );
    let call = open(&[("contact", slug()), ("by", text())], &[("state", open(&[], &[]))]);
    let reminded =
        object(&[("organisation", slug()), ("at", moment()), ("calls", list(call))], &[]);
    let reached = object(
        &[("organisation", slug()), ("name", text())],
        &[
            ("received", moment()),
            ("read", moment()),
            ("reminded", reminded),
            ("reaction", refer("Reaction")),
        ],
    );
    let warning = object(
        &[("text", refer("WarningText")), ("by", slug()), ("stage", warning_stages())],
        &[("reminded", list(moment()))],
    );
    let figures = ["cleared", "received", "read", "acted"].map(|name| (name, number()));
    let view = object(
        &[
            ("id", text()),
            ("warning", warning),
            ("version", number()),
            ("figures", object(&figures, &[])),
            ("reach", list(reached)),
        ],
        &[],
    );
    let row = object(
        &[
            ("id", text()),
            ("title", bilingual()),
            ("tlp", super::agreement::tlp()),
            ("stage", warning_stages()),
            ("version", number()),
        ],
        &[],
    );
    let concern = object(
        &[
            ("item", item_id()),
            ("title", text()),
            ("at", moment()),
            ("tlp", super::agreement::tlp()),
            ("because", list(bilingual())),
            ("what_to_do", bilingual()),
        ],
        &[
            ("warning", text()),
            ("acknowledged", moment()),
            ("reminded", moment()),
            ("reaction", refer("Reaction")),
        ],
    );
    vec![
        ("Warning", view),
        ("Warnings", object(&[("warnings", list(row))], &[])),
        ("Reaction", reaction),
        ("Concerns", object(&[("concerns", list(concern))], &[])),
    ]
}
