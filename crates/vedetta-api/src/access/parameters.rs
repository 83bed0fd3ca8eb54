//! The URL parameters that routes have.

use taxii::endpoint::Filter;
use vedetta_schema::{Parameter, Shape};

pub(super) const fn text(name: &'static str, what: &'static str) -> Parameter {
    Parameter::new(name, what, Shape::Text)
}

const fn texts(name: &'static str, what: &'static str) -> Parameter {
    Parameter::new(name, what, Shape::Texts)
}

pub(super) const fn flag(name: &'static str, what: &'static str) -> Parameter {
    Parameter::new(name, what, Shape::Flag)
}

pub(super) const fn moment(name: &'static str, what: &'static str) -> Parameter {
    Parameter::new(name, what, Shape::Moment)
}

const fn number(name: &'static str, what: &'static str, (least, most): (u64, u64)) -> Parameter {
    Parameter::new(name, what, Shape::Number { least, most, without: None })
}

/// A place of the ledger, or a version, which is one.
pub(super) const fn place(name: &'static str, what: &'static str) -> Parameter {
    number(name, what, (0, u64::MAX))
}

const fn word(name: &'static str, what: &'static str, words: &'static [&'static str]) -> Parameter {
    Parameter::new(name, what, Shape::Word(words))
}

pub(super) const fn limit(most: u64, without: u64) -> Parameter {
    let shape = Shape::Number { least: 1, most, without: Some(without) };
    Parameter::new("limit", "At most so many.", shape)
}

pub(super) const fn days(most: u64) -> Parameter {
    let shape = Shape::Number { least: 1, most, without: Some(30) };
    Parameter::new("days", "Over so many past days.", shape)
}

/// The filters of an endpoint of TAXII, of which it has so many.
pub(super) const fn of_taxii<const N: usize>(endpoint: &taxii::Endpoint) -> [Parameter; N] {
    assert!(endpoint.filters.len() == N, "another number of filters");
    let mut parameters = [limit(1, 1); N];
    let mut at = 0;
    while at < N {
        parameters[at] = of_filter(endpoint.filters[at]);
        at += 1;
    }
    parameters
}

const fn of_filter(filter: Filter) -> Parameter {
    let name = filter.parameter();
    match filter {
        Filter::AddedAfter => moment(name, "Added later than this moment, which is excluded."),
        Filter::Limit => number(name, "At most so many.", (1, u64::MAX)),
        Filter::Next => text(name, "Go on, as `next` of the page before said."),
        Filter::Id => texts(name, "One of these objects."),
        Filter::Type => texts(name, "Of one of these types."),
        Filter::Version => texts(name, "`last`, `first`, `all` or moments."),
        Filter::SpecVersion => texts(name, "Of one of these versions of STIX."),
    }
}

const AFTER: Parameter = text("after", "Go on after this one, as `next` of the page before said.");
const AFTER_PLACE: Parameter =
    place("after", "Go on after this place, as `next` of the page before said.");
const PAGE: Parameter = limit(1_000, 100);
pub(super) const LANGUAGE: Parameter =
    word("language", "In which language; the account's without it.", &["it", "en"]);

pub(super) const ENTRIES: &[Parameter] = &[
    AFTER_PLACE,
    PAGE,
    text(
        "subject",
        "Only what is about this: an identifier, or what an organisation, agreement, account or contact is called.",
    ),
    text(
        "actor",
        "Only what they did: an account, a person or an organisation by name, or a step of the node.",
    ),
    word("kind", "Only of this kind, as `kind` of an entry says.", KINDS),
    moment("since", "Not earlier than this moment."),
    moment("until", "Not later than this moment."),
];
const KINDS: &[&str] = &[
    "item",
    "rerelease",
    "withdrawn",
    "put",
    "removed",
    "clearance",
    "delivered",
    "acknowledged",
    "deed",
    "numbered",
    "set-aside",
];
pub(super) const AGREEMENTS: &[Parameter] = &[
    AFTER,
    PAGE,
    word("stage", "Only in this stage.", &["draft", "in-force", "suspended", "expired"]),
    number(
        "ends_within_days",
        "Only in force or suspended, and ending within so many days.",
        (0, u32::MAX as u64),
    ),
];
pub(super) const LAPSED_ITEMS: &[Parameter] = &[
    text("agreement", "Those that this agreement gave; this or `organisation`."),
    text("organisation", "Those that went with this organisation."),
    text("holder", "Who has them, for the operations room; one's own organisation without it."),
    place("after", "Those after this place of the ledger."),
];
pub(super) const ITEMS: &[Parameter] = &[
    AFTER_PLACE,
    PAGE,
    texts("kind", "Of one of these types of STIX."),
    word(
        "share",
        "`cleared` (all that one may read, and so without it), `public` (TLP:CLEAR) or `own`.",
        &["cleared", "public", "own"],
    ),
    word("versions", "Which; the last without it.", &["last", "first", "all"]),
    word(
        "order",
        "The oldest first, or the newest first with the last version of each.",
        &["oldest", "newest"],
    ),
    text("value", "Only what tells of this address, domain, URL, mailbox or hash; newest first."),
];
pub(super) const OVERDUE: &[Parameter] = &[
    AFTER,
    PAGE,
    text("agreement", "Only under this agreement."),
    text("organisation", "Only those that this organisation owes."),
    text("item", "Only of this item; for the operations room, in either form."),
];
pub(super) const MAIL_REPORTS: &[Parameter] = &[
    AFTER,
    PAGE,
    word(
        "verdict",
        "Only with this verdict.",
        &["malicious", "suspicious", "spam", "probably-legitimate", "undetermined"],
    ),
    text("campaign", "Only of this campaign."),
    text("organisation", "Only of this organisation."),
    flag("contested", "Only those whose reporters disagree, and nobody ruled since."),
];
pub(super) const ORGANISATIONS: &[Parameter] = &[
    AFTER,
    PAGE,
    word(
        "kind",
        "Only of this kind.",
        &[
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
        ],
    ),
    text("region", "Only in this region, e.g. `Umbria`."),
    text("text", "Only with this text in the name or identifier."),
];
pub(super) const OF_ORGANISATION: &[Parameter] =
    &[AFTER, PAGE, text("organisation", "Only of this organisation.")];
pub(super) const INCIDENTS: &[Parameter] = &[
    AFTER,
    PAGE,
    texts("stage", "Only in one of these stages; those that are open without it."),
    text("text", "Only with this text in the title or number."),
    text("organisation", "Only reported for this organisation."),
    text("centre", "Only those of this centre."),
    text("lead", "Only those that this account leads."),
    number("category", "Only of this operational category or a graver one.", (1, 6)),
];
pub(super) const ALERTS: &[Parameter] = &[
    limit(200, 200),
    word(
        "severity",
        "As grave as this at least.",
        &["informational", "low", "medium", "high", "critical"],
    ),
];
pub(super) const FILE: &[Parameter] = &[
    text("name", "The name of the file.").required(),
    place("version", "The version of the incident that was read.").required(),
    word("audience", "Who may read it; the operations room without it.", &["room", "participants"]),
];
pub(super) const DOCUMENT: &[Parameter] = &[
    LANGUAGE,
    word(
        "format",
        "`json` without it; `html` or `pdf` as a file to be saved.",
        &["json", "html", "pdf"],
    ),
];
pub(super) const IMPORT: &[Parameter] = &[
    word(
        "of",
        "What a table in CSV has; JSON holds all of them.",
        &["organisations", "assets", "contacts", "accounts", "everything"],
    ),
    flag("dry_run", "Says what would happen and changes nothing."),
];
