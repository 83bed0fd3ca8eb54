//! Organisations and what belongs to them; accounts and their tokens.

use serde_json::{Value, json};

use super::{day, flag, list, moment, number, object, one_of, page, refer, set, slug, text};

/// The kinds of organisation.
pub(super) fn kind() -> Value {
    one_of(&[
        "national-centre",
        "regional-centre",
        "section",
        "agency",
        "association",
        "municipality",
        "province",
        "region",
        "administration",
        "operator",
        "partner",
    ])
}

/// The sectors of the NIS2 directive.
pub(super) fn sector() -> Value {
    one_of(&[
        "energy",
        "transport",
        "banking",
        "financial-market-infrastructures",
        "health",
        "drinking-water",
        "waste-water",
        "digital-infrastructure",
        "ict-service-management",
        "public-administration",
        "space",
        "postal-and-courier",
        "waste-management",
        "chemicals",
        "food",
        "manufacturing",
        "digital-providers",
        "research",
    ])
}

pub(super) fn criticality() -> Value {
    one_of(&["none", "regional", "national"])
}

fn roles() -> Value {
    let roles = ["administrator", "duty-officer", "analyst", "liaison", "auditor", "machine"];
    set(one_of(&roles))
}

fn language() -> Value {
    one_of(&["it", "en"])
}

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = records();
    all.extend(access());
    all.extend([
        ("Organisations", page(refer("Organisation"))),
        ("Assets", page(refer("Asset"))),
        ("Contacts", page(refer("Contact"))),
        ("Accounts", page(refer("Account"))),
        ("DirectoryDocument", document()),
        ("Relevance", object(&[("of", text()), ("organisations", list(slug()))], &[])),
    ]);
    all
}

fn document() -> Value {
    let optional = [
        ("organisations", list(refer("Organisation"))),
        ("assets", list(refer("Asset"))),
        ("contacts", list(refer("Contact"))),
        ("accounts", list(refer("Account"))),
    ];
    object(&[], &optional)
}

fn records() -> Vec<(&'static str, Value)> {
    let organisation = object(
        &[("id", slug()), ("name", text()), ("kind", kind())],
        &[
            ("aliases", list(text())),
            ("parent", slug()),
            ("region", text()),
            ("province", text()),
            ("population", number()),
            ("sector", sector()),
            ("criticality", criticality()),
            ("client_of", list(slug())),
        ],
    );
    let kinds = ["domain", "network", "asn", "mail-domain", "product", "service", "supplier"];
    let asset = object(
        &[
            ("id", slug()),
            ("organisation", slug()),
            ("kind", one_of(&kinds)),
            ("value", json!({ "type": ["string", "integer"] })),
        ],
        &[("note", text())],
    );
    let channel = object(&[("by", one_of(&["email", "pec", "phone", "web"])), ("at", text())], &[]);
    let contact = object(
        &[("id", slug()), ("organisation", slug()), ("role", text()), ("name", text())],
        &[
            ("substitute", slug()),
            ("phone_24h", text()),
            ("channels", list(channel)),
            ("keys", list(text())),
            ("account", slug()),
            ("last_verified", day()),
        ],
    );
    let account = [("id", slug()), ("name", text()), ("organisation", slug()), ("roles", roles())];
    let more = [("language", language()), ("state", one_of(&["active", "closed"]))];
    let new_account = object(&account, &[more.as_slice(), &[("own_password", text())]].concat());
    vec![
        ("Organisation", organisation),
        ("Asset", asset),
        ("Contact", contact),
        ("Account", object(&account, &more)),
        ("NewAccount", new_account),
    ]
}

fn keys() -> Value {
    let moments = [("since", moment()), ("used", moment())];
    let passkey = [("id", text()), ("name", text()), ("backed_up", flag())];
    let passkey = object(&[passkey.as_slice(), &moments].concat(), &[]);
    let identity = object(&[("id", text()), ("provider", text()), ("since", moment())], &[]);
    object(&[("passkeys", list(passkey)), ("identities", list(identity))], &[])
}

fn access() -> Vec<(&'static str, Value)> {
    let token = object(
        &[
            ("id", text()),
            ("account", slug()),
            ("purpose", text()),
            ("scope", roles()),
            ("expires", moment()),
            ("issued_by", slug()),
        ],
        &[],
    );
    let certificate = [("fingerprint", text()), ("account", slug()), ("expires", moment())];
    let identity = [("provider", text()), ("subject", text())];
    let issued = [("token", text()), ("id", text()), ("account", slug()), ("expires", moment())];
    vec![
        ("SignIn", object(&[("account", text()), ("password", text())], &[("code", text())])),
        (
            "NewToken",
            object(
                &[("purpose", text()), ("days", number())],
                &[("account", slug()), ("scope", roles()), ("own_password", text())],
            ),
        ),
        ("Token", token),
        ("Certificate", object(&certificate, &[])),
        ("NewCertificate", object(&certificate, &[("own_password", text())])),
        ("Certificates", object(&[("certificates", list(refer("Certificate")))], &[])),
        ("Keys", keys()),
        ("NewIdentity", object(&identity, &[("own_password", text())])),
        ("Tokens", object(&[("tokens", list(refer("Token")))], &[])),
        ("IssuedToken", object(&issued, &[])),
        ("BreakSeal", object(&[("code", text()), ("reason", text())], &[])),
        ("Seal", object(&[("account", slug()), ("code", text())], &[])),
        (
            "Whoami",
            object(
                &[
                    ("account", slug()),
                    ("organisation", slug()),
                    ("roles", roles()),
                    ("language", language()),
                ],
                &[],
            ),
        ),
        (
            "NewPassword",
            object(&[("password", text())], &[("own_password", text()), ("keep_keys", flag())]),
        ),
        ("OwnPassword", object(&[], &[("own_password", text())])),
        ("FirstEnrolment", object(&[("account", text()), ("password", text())], &[])),
        ("Enrolment", object(&[("address", text())], &[])),
        ("ImportOutcome", import_outcome()),
        ("RowFault", row_fault()),
    ]
}

fn import_outcome() -> Value {
    let tally = [("added", number()), ("changed", number()), ("unchanged", number())];
    let faults = [("faults", list(refer("RowFault"))), ("fault_count", number())];
    object(&[[("applied", flag())].as_slice(), &tally, &faults].concat(), &[])
}

fn row_fault() -> Value {
    let fault = [("line", number()), ("field", text()), ("value", text())];
    object(&[fault.as_slice(), &[("reason", text()), ("remedy", text())]].concat(), &[])
}
