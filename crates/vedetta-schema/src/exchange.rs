//! Items and their ways out, the ledger, errors, and the messages of TAXII.

use serde_json::{Value, json};

use super::agreement::{category, pap, tlp};
use super::{
    flag, item_id, list, maybe, moment, number, object, one_of, open, page, refer, set, slug, text,
};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = items();
    all.extend(deliveries());
    all.extend(doors());
    all.extend(node());
    all.extend(taxii_messages());
    all
}

pub(super) fn form() -> Value {
    one_of(&["full", "redacted"])
}

fn items() -> Vec<(&'static str, Value)> {
    let fault = object(
        &[("refused", flag()), ("place", text()), ("rule", text()), ("reason", text())],
        &[("id", text())],
    );
    let line = object(
        &[
            ("place", number()),
            ("date_added", moment()),
            ("id", item_id()),
            ("version", moment()),
            ("tlp", tlp()),
            ("pap", pap()),
            ("object", refer("Stix")),
        ],
        &[("iep", refer("Obligations")), ("score", number()), ("warning", list(text()))],
    );
    let group = [("form", maybe(form())), ("reason_it", text()), ("reason_en", text())];
    let group =
        [group.as_slice(), &[("count", number()), ("organisations", list(slug()))]].concat();
    let remedy = [("remedy", object(&[("it", text()), ("en", text())], &[]))];
    let preview = [("full", number()), ("redacted", number()), ("nobody", number())];
    let preview = [preview.as_slice(), &[("groups", list(object(&group, &remedy)))]].concat();
    let items = [("items", list(item_id())), ("handling", refer("Handling"))];
    let beside = [("named", list(slug())), ("withheld", number()), ("may_be_withheld", flag())];
    let previews = list(object(&[&items, preview.as_slice()].concat(), &beside));
    let previews = [("previews", previews)];
    vec![
        ("Stix", open(&[("type", text())], &[])),
        ("Obligations", obligations()),
        ("Item", line),
        ("Items", page(refer("Item"))),
        ("Fault", fault),
        ("Accepted", accepted()),
        ("Handling", handling()),
        (
            "Explanation",
            object(
                &[
                    ("allowed", flag()),
                    ("form", maybe(form())),
                    ("agreement", maybe(slug())),
                    ("reason_it", text()),
                    ("reason_en", text()),
                ],
                &[("paths", list(list(slug())))],
            ),
        ),
        ("Preview", object(&preview, &beside)),
        ("ItemPreviews", object(&[&previews, faults().as_slice()].concat(), &[])),
        ("AnyPreview", json!({ "oneOf": [refer("Preview"), refer("ItemPreviews")] })),
    ]
}

/// What was wrong with what was brought.
fn faults() -> [(&'static str, Value); 5] {
    [
        ("rejected", list(refer("Fault"))),
        ("rejected_count", number()),
        ("faults_count", number()),
        ("warnings", list(refer("Fault"))),
        ("warnings_count", number()),
    ]
}

fn accepted() -> Value {
    let stamp = object(&[("seq", number()), ("at", moment())], &[]);
    let told = [("id", item_id()), ("stamp", stamp), ("audience", number())];
    let accepted = object(&told, &[("withheld", number())]);
    let became = [("accepted", list(accepted)), ("duplicates", list(item_id()))];
    object(&[&became, faults().as_slice()].concat(), &[])
}

fn obligations() -> Value {
    let statements = [
        "encrypt_in_transit",
        "permitted_actions",
        "affected_party_notifications",
        "attribution",
        "unmodified_resale",
    ];
    let statements = statements.map(|name| (name, text()));
    let policies = list(object(&[("id", text()), ("name", text())], &[]));
    object(&[], &[statements.as_slice(), &[("policies", policies)]].concat())
}

fn handling() -> Value {
    object(
        &[("category", category()), ("tlp", tlp())],
        &[
            ("producer", slug()),
            ("pap", pap()),
            ("victims", set(text())),
            ("object", refer("Stix")),
            ("named", set(text())),
            ("only_under", set(slug())),
            ("exercise", object(&[], &[("name", text()), ("participants", set(slug()))])),
        ],
    )
}

fn deliveries() -> Vec<(&'static str, Value)> {
    let spread = || {
        let quantiles = [("p50_ms", number()), ("p95_ms", number()), ("p99_ms", number())];
        object(&[&[("count", number())], quantiles.as_slice()].concat(), &[])
    };
    let counts = ["within", "late", "open", "overdue"].map(|name| (name, number()));
    let pace = object(
        &[("agreement", slug()), ("share", spread()), ("acknowledge", spread())],
        &[("duty", object(&counts, &[]))],
    );
    let overdue = object(
        &[
            ("item", item_id()),
            ("version", moment()),
            ("organisation", slug()),
            ("agreement", slug()),
            ("received", moment()),
            ("due", moment()),
            ("contacts", list(refer("Contact"))),
            ("givers", list(refer("Contact"))),
        ],
        &[("derived_from", item_id())],
    );
    let delivery = object(
        &[("organisation", slug())],
        &[&[("door", text()), ("at", moment())], acknowledged().as_slice()].concat(),
    );
    let refused_by = super::peers::refusal_there(&[("peer", slug())]);
    vec![
        ("NewAcknowledgement", object(&[], &[("note", text())])),
        ("Acknowledged", object(&[("first", flag())], &[])),
        ("Delivery", delivery),
        ("OverdueAcknowledgements", page(overdue)),
        (
            "Deliveries",
            object(&[("deliveries", list(refer("Delivery")))], &[("refused_by", list(refused_by))]),
        ),
        ("SharingReport", object(&[("agreements", list(pace))], &[])),
    ]
}

/// That and by whom something was acknowledged.
pub(super) fn acknowledged() -> [(&'static str, Value); 3] {
    let contact = object(&[("role", text()), ("name", text())], &[]);
    [("acknowledged", moment()), ("by", slug()), ("contact", contact)]
}

fn doors() -> Vec<(&'static str, Value)> {
    let letter = object(
        &[("id", number()), ("step", text()), ("key", text()), ("attempts", number())],
        &[("last_error", text()), ("given_up", moment())],
    );
    let warning_list = open(
        &[("name", text()), ("list", list(text()))],
        &[
            ("type", one_of(&["cidr", "hostname", "string", "substring", "regex"])),
            ("description", text()),
            ("version", number()),
            ("matching_attributes", list(text())),
        ],
    );
    let left_out = object(&[("place", number()), ("entry", text()), ("why", text())], &[]);
    let kept = object(
        &[("id", slug()), ("name", text()), ("version", number()), ("entries", number())],
        &[("left_out", list(left_out))],
    );
    let state = || one_of(&["active", "paused"]);
    let webhook = object(
        &[
            ("id", slug()),
            ("organisation", slug()),
            ("url", text()),
            ("state", state()),
            ("by", slug()),
            ("waiting", number()),
        ],
        &[
            ("kinds", list(text())),
            ("categories", list(category())),
            ("reminders", flag()),
            ("paused_because", text()),
            ("failing_since", moment()),
            ("last_error", text()),
            ("next_attempt", moment()),
        ],
    );
    let new_webhook = object(
        &[("url", text())],
        &[
            ("organisation", slug()),
            ("kinds", list(text())),
            ("categories", list(category())),
            ("reminders", flag()),
            ("state", state()),
        ],
    );
    vec![
        ("Feeds", object(&[("feeds", list(text()))], &[])),
        ("Webhook", webhook),
        ("NewWebhook", new_webhook),
        ("IssuedWebhook", object(&[("id", slug())], &[("secret", text())])),
        ("Webhooks", object(&[("webhooks", list(refer("Webhook")))], &[])),
        ("DeadLetters", object(&[("letters", list(letter))], &[])),
        ("WarningList", warning_list),
        ("WarningListKept", kept),
        ("WarningLists", object(&[("lists", list(refer("WarningListKept")))], &[])),
    ]
}

fn node() -> Vec<(&'static str, Value)> {
    let entry = object(
        &[
            ("seq", number()),
            ("at", moment()),
            ("kind", text()),
            ("by", text()),
            ("actor", text()),
            ("subject", text()),
            ("told", json!({ "type": "object" })),
            ("facts", json!({})),
            ("hash", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
        ],
        &[],
    );
    let certificate = object(
        &[("for", one_of(&["authority", "doors", "links"])), ("until", moment()), ("well", flag())],
        &[],
    );
    // With members of its own where there is more to say (RFC 9457, 3.2).
    let problem = open(
        &[("type", text()), ("title", text()), ("status", number()), ("detail", text())],
        &[("instance", text()), ("where", text()), ("what_to_do", text())],
    );
    vec![
        (
            "Health",
            object(&[("status", text())], &[("certificates", list(certificate)), ("mail", text())]),
        ),
        ("Entries", page(entry)),
        (
            "Verification",
            object(
                &[("sound", flag())],
                &[("entries", number()), ("head", text()), ("seq", number()), ("reason", text())],
            ),
        ),
        ("Problem", problem),
    ]
}

fn taxii_messages() -> Vec<(&'static str, Value)> {
    let detail = object(&[("id", text()), ("version", moment())], &[("message", text())]);
    let details = || list(detail.clone());
    let record = object(
        &[("id", text()), ("date_added", moment()), ("version", moment())],
        &[("media_type", text())],
    );
    let status = object(
        &[
            ("id", text()),
            ("status", one_of(&["complete", "pending"])),
            ("total_count", number()),
            ("success_count", number()),
            ("failure_count", number()),
            ("pending_count", number()),
        ],
        &[
            ("request_timestamp", moment()),
            ("successes", details()),
            ("failures", details()),
            ("pendings", details()),
        ],
    );
    let error = object(
        &[("title", text())],
        &[
            ("description", text()),
            ("error_id", text()),
            ("error_code", text()),
            ("http_status", text()),
            ("external_details", text()),
            ("details", json!({ "type": "object" })),
        ],
    );
    let more = || ("more", flag());
    let next = || ("next", text());
    vec![
        ("TaxiiError", error),
        ("TaxiiStatus", status),
        ("TaxiiEnvelope", open(&[], &[more(), next(), ("objects", list(refer("Stix")))])),
        ("TaxiiManifest", object(&[more()], &[next(), ("objects", list(record))])),
        ("TaxiiVersions", object(&[more()], &[next(), ("versions", list(moment()))])),
        ("TaxiiCollections", object(&[], &[("collections", list(refer("TaxiiCollection")))])),
        ("TaxiiCollection", taxii_collection()),
        (
            "TaxiiDiscovery",
            object(
                &[("title", text())],
                &[
                    ("description", text()),
                    ("contact", text()),
                    ("default", text()),
                    ("api_roots", list(text())),
                ],
            ),
        ),
        (
            "TaxiiApiRoot",
            object(
                &[("title", text()), ("versions", list(text())), ("max_content_length", number())],
                &[("description", text())],
            ),
        ),
    ]
}

fn taxii_collection() -> Value {
    object(
        &[("id", text()), ("title", text()), ("can_read", flag()), ("can_write", flag())],
        &[("description", text()), ("alias", text()), ("media_types", list(text()))],
    )
}
