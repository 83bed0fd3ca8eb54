//! The mail desk.

use serde_json::{Value, json};

use super::{item_id, list, moment, number, object, one_of, open, page, refer, slug, text};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let dissected = [
        ("evidence", json!({ "type": "object" })),
        ("sample", refer("MailSample")),
        ("contest", text()),
        ("answer", text()),
    ];
    let overruling = [("note", text()), ("of", one_of(&["campaign", "report"]))];
    vec![
        (
            "Verdict",
            one_of(&["malicious", "suspicious", "spam", "probably-legitimate", "undetermined"]),
        ),
        ("Reported", reported()),
        ("OwnReports", own()),
        ("MailReport", report()),
        ("MailReports", page(refer("MailReport"))),
        (
            "MailCase",
            object(
                &[("report", refer("MailReport")), ("reasons", list(open(&[], &[])))],
                &dissected,
            ),
        ),
        ("MailSample", sample()),
        ("Overruling", object(&[("verdict", refer("Verdict"))], &overruling)),
        ("Contest", object(&[("text", text())], &[])),
        ("Overruled", object(&[("reports", number())], &[])),
        ("MailCampaign", campaign()),
        ("MailCampaigns", page(refer("MailCampaign"))),
        (
            "CampaignStep",
            json!({ "oneOf": [
                object(&[("do", json!({ "const": "release" })), ("tlp", tlp())], &[]),
                object(&[("do", json!({ "const": "dismiss" }))], &[]),
            ] }),
        ),
        ("MailStatistics", statistics()),
        ("MailTold", told()),
        (
            "MailTelling",
            object(
                &[("received", json!({ "type": "boolean" }))],
                &[("mailboxes", number()), ("note", text())],
            ),
        ),
        (
            "MailQuestion",
            object(
                &[("campaign", item_id()), ("item", item_id()), ("since", moment())],
                &[("subject", text()), ("told", refer("MailTold"))],
            ),
        ),
        ("MailQuestions", page(refer("MailQuestion"))),
    ]
}

/// What a reporter is told of each message.
fn reported() -> Value {
    let case = [
        ("case", text()),
        ("verdict", refer("Verdict")),
        ("word", text()),
        ("probability", share()),
        ("text", text()),
        ("others", number()),
    ];
    let optional = [("known_since", moment()), ("left_out", number())];
    object(&[("cases", list(object(&case, &optional)))], &[])
}

/// What became of what a reporter brought.
fn own() -> Value {
    let own = [("case", text()), ("at", moment()), ("verdict", refer("Verdict")), ("word", text())];
    let optional = [
        ("reviewed", moment()),
        ("before", refer("Verdict")),
        ("text", text()),
        ("contested", moment()),
    ];
    page(object(&own, &optional))
}

/// What an organisation says of a campaign.
fn told() -> Value {
    object(
        &[("received", json!({ "type": "boolean" })), ("by", slug()), ("at", moment())],
        &[("mailboxes", number()), ("note", text())],
    )
}

fn share() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

fn tlp() -> Value {
    one_of(&["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"])
}

fn indicator() -> Value {
    let kind = one_of(&["domain", "url", "address", "file", "ip", "account"]);
    object(&[("kind", kind), ("value", text())], &[])
}

fn report() -> Value {
    let weighed = object(&[("check", text()), ("weight", json!({ "type": "number" }))], &[]);
    object(
        &[
            ("case", text()),
            ("at", moment()),
            ("door", one_of(&["mail", "api"])),
            ("standing", one_of(&["enrolled", "unproven", "stranger"])),
            ("reporter", text()),
            ("language", one_of(&["it", "en"])),
            ("forms", list(one_of(&["direct", "attached", "inline", "pec", "outlook", "file"]))),
            ("verdict", refer("Verdict")),
            ("probability", share()),
            ("reasons", list(weighed)),
            ("unread", number()),
            ("model", text()),
            ("campaign", item_id()),
            ("traces", list(list(text()))),
            ("indicators", list(indicator())),
            ("keeping", open(&[("is", one_of(&["kept", "deleted"]))], &[])),
        ],
        &[
            ("organisation", slug()),
            ("account", slug()),
            ("handing", text()),
            ("left_out", number()),
            ("told", refer("Verdict")),
            ("ruling", ruling()),
            ("contest", object(&[("at", moment())], &[])),
        ],
    )
}

fn ruling() -> Value {
    let of = one_of(&["campaign", "report"]);
    object(
        &[("verdict", refer("Verdict")), ("by", slug()), ("at", moment()), ("of", of)],
        &[("note", text())],
    )
}

fn sample() -> Value {
    object(
        &[
            ("from", text()),
            ("subject", text()),
            ("text", text()),
            ("links", list(text())),
            ("files", list(text())),
        ],
        &[],
    )
}

fn campaign() -> Value {
    let stage = one_of(&["open", "proposed", "released", "withdrawn", "dismissed"]);
    object(
        &[
            ("id", item_id()),
            ("since", moment()),
            ("indicators", list(indicator())),
            ("stage", open(&[("is", stage)], &[])),
            ("verdict", refer("Verdict")),
            ("reports", number()),
            ("reporters", number()),
            ("organisations", list(slug())),
        ],
        &[
            ("sample", refer("MailSample")),
            ("sample_of", text()),
            ("items", list(item_id())),
            ("withdrawn", number()),
            ("retired", list(item_id())),
            ("ruling", ruling()),
            ("told", json!({ "type": "object", "additionalProperties": refer("MailTold") })),
            ("last", moment()),
        ],
    )
}

fn statistics() -> Value {
    let tally = object(
        &[
            ("reports", number()),
            ("verdicts", json!({ "type": "object", "additionalProperties": number() })),
            ("overruled", number()),
            ("reporters", number()),
        ],
        &[],
    );
    let by = json!({ "type": "object", "additionalProperties": tally.clone() });
    object(&[("days", number()), ("total", tally), ("organisations", by)], &[])
}
