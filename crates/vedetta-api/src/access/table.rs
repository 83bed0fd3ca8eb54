//! The lines of the matrix.

use vedetta_model::Role;

use super::parameters::*;
use super::{Content, Cost, Parameter, Route, Verb, Who};

/// Who runs the node.
const ADMINISTRATORS: Who = Who::Room(&[Role::Administrator]);
/// Who sees what everyone did.
const AUDITORS: Who = Who::Room(&[Role::Administrator, Role::Auditor]);
/// Who measures what everyone did: a scraper needs no more.
const MEASURERS: Who = Who::Room(&[Role::Administrator, Role::Auditor, Role::Machine]);
/// Who works in an operations room.
const ROOM: Who = Who::Room(&[Role::Administrator, Role::DutyOfficer, Role::Analyst]);
/// Who works in an operations room, or checks on it.
const ROOM_AND_AUDITORS: Who =
    Who::Room(&[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor]);
/// Who may stop diffusion.
const HOLDERS: Who = Who::Room(&[Role::Administrator, Role::DutyOfficer]);
/// Who brings items.
const PRODUCERS: Who = Who::Roles(&[
    Role::Administrator,
    Role::DutyOfficer,
    Role::Analyst,
    Role::Liaison,
    Role::Machine,
]);

/// Who says for an organisation that it knows: people.
const SPEAKERS: Who =
    Who::Roles(&[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Liaison]);
/// Who reports what sensors find.
const MACHINES: Who = Who::Roles(&[Role::Machine]);
/// Who keeps rosters.
const SHIFT_KEEPERS: Who = Who::Roles(&[Role::Administrator, Role::DutyOfficer]);
/// Who works shifts, or checks on them.
const SHIFT_AND_AUDITORS: Who =
    Who::Roles(&[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor]);
/// Who works shifts, in whichever room.
const SHIFT: Who = Who::Roles(&[Role::Administrator, Role::DutyOfficer, Role::Analyst]);

const fn line(verb: Verb, path: &'static str, who: Who, summary: &'static str) -> Route {
    let (cost, query) = (Cost::Light, &[]);
    let (takes, or_takes, gives, or_gives) = (None, &[] as &[Content], None, &[]);
    Route { verb, path, who, cost, summary, query, takes, or_takes, gives, or_gives }
}

const fn get(path: &'static str, who: Who, summary: &'static str) -> Route {
    line(Verb::Get, path, who, summary)
}

const fn post(path: &'static str, who: Who, summary: &'static str) -> Route {
    line(Verb::Post, path, who, summary)
}

const fn put(path: &'static str, who: Who, summary: &'static str) -> Route {
    line(Verb::Put, path, who, summary)
}

const fn delete(path: &'static str, who: Who, summary: &'static str) -> Route {
    line(Verb::Delete, path, who, summary)
}

const fn json(schema: &'static str) -> Option<Content> {
    Some(Content { media: "application/json", schema: Some(schema) })
}

const fn stix(schema: &'static str) -> Option<Content> {
    Some(Content { media: taxii::TAXII, schema: Some(schema) })
}

const fn of(media: &'static str) -> Option<Content> {
    Some(plain(media))
}

const fn plain(media: &'static str) -> Content {
    Content { media, schema: None }
}

/// One object or bundle of STIX.
const STIX: Content = Content { media: "application/stix+json", schema: Some("Stix") };
/// The same as a TAXII client writes it.
const TAXII: Content = Content { media: taxii::TAXII, schema: Some("Stix") };
/// A document as a file to be saved.
const FILES: &[Content] = &[plain("text/html"), plain("application/pdf")];

impl Route {
    const fn cost(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn takes(self, takes: Option<Content>) -> Self {
        Self { takes, ..self }
    }

    const fn or_takes(self, or_takes: &'static [Content]) -> Self {
        Self { or_takes, ..self }
    }

    const fn gives(self, gives: Option<Content>) -> Self {
        Self { gives, ..self }
    }

    const fn or_gives(self, or_gives: &'static [Content]) -> Self {
        Self { or_gives, ..self }
    }
}

/// Every route of the machine doors.
pub const TABLE: &[Route] = &[
    // The node itself.
    get("/health", Who::Anyone, "Whether the process lives").gives(json("Health")),
    get("/ready", Who::Anyone, "Whether the node can serve").gives(json("Health")),
    get(
        "/ca.pem",
        Who::Anyone,
        "The certificate of the node's own authority, to be compared with one had otherwise",
    )
    .gives(of("application/x-pem-file")),
    get("/metrics", MEASURERS, "Figures for Prometheus").gives(of("text/plain")),
    get("/api/v1/openapi.json", Who::Anyone, "This description").gives(of("application/json")),
    // Sensors.
    get("/api/v1/sensors", Who::SignedIn, "Sensors, how they do, and which are silent")
        .gives(json("Sensors")),
    post("/api/v1/sensors", ADMINISTRATORS, "Make a code that enrols a sensor")
        .cost(Cost::Proof)
        .takes(json("NewSensor"))
        .gives(json("SensorCode")),
    delete("/api/v1/sensors/{sensor}", ADMINISTRATORS, "Hear a sensor no more"),
    post("/api/v1/sensors/enrolments", Who::Anyone, "Enrol a sensor with its code")
        .cost(Cost::Proof)
        .takes(json("SensorEnrolment"))
        .gives(json("EnrolledSensor")),
    post("/api/v1/sensors/findings", MACHINES, "Report what a sensor found")
        .takes(json("Report"))
        .gives(json("Taken")),
    post("/api/v1/sensors/heartbeats", MACHINES, "Say that a sensor lives, and how it does")
        .takes(json("Heartbeat"))
        .gives(json("SensorOrders")),
    get("/api/v1/alerts", Who::SignedIn, "What sensors found lately, the newest first")
        .query(ALERTS)
        .gives(json("Alerts")),
    post("/api/v1/alerts/{sighting}/judgements", Who::SignedIn, "Judge what a sensor found")
        .takes(json("Judgement"))
        .gives(json("Judged")),
    get("/api/v1/items/{item}/sightings", Who::SignedIn, "By how many an item was seen")
        .gives(json("Seen")),
    // Access.
    post("/api/v1/sessions", Who::Anyone, "Sign in with password and code")
        .cost(Cost::Proof)
        .takes(json("SignIn"))
        .gives(json("IssuedToken")),
    post("/api/v1/sessions/emergency", Who::Anyone, "Break the seal of the emergency account")
        .cost(Cost::Proof)
        .takes(json("BreakSeal"))
        .gives(json("IssuedToken")),
    post("/api/v1/emergency", ADMINISTRATORS, "Seal the emergency account anew: its code, once")
        .cost(Cost::Proof)
        .takes(json("OwnPassword"))
        .gives(json("Seal")),
    post("/api/v1/enrolments", Who::Anyone, "Enrol a first authenticator with the password")
        .cost(Cost::Proof)
        .takes(json("FirstEnrolment"))
        .gives(json("Enrolment")),
    get("/api/v1/sessions/current", Who::SignedIn, "Who one is").gives(json("Whoami")),
    delete("/api/v1/sessions/current", Who::SignedIn, "Sign out"),
    get("/api/v1/tokens", Who::SignedIn, "Tokens that one may revoke").gives(json("Tokens")),
    post("/api/v1/tokens", Who::SignedIn, "Issue a token")
        .cost(Cost::Proof)
        .takes(json("NewToken"))
        .gives(json("IssuedToken")),
    delete("/api/v1/tokens/{token}", Who::SignedIn, "Revoke a token"),
    get(
        "/api/v1/certificates",
        Who::SignedIn,
        "Certificates: one's own, or all for who runs the node",
    )
    .gives(json("Certificates")),
    put("/api/v1/certificates/{fingerprint}", ADMINISTRATORS, "Tie a certificate to its account")
        .cost(Cost::Proof)
        .takes(json("NewCertificate")),
    delete("/api/v1/certificates/{fingerprint}", ADMINISTRATORS, "Untie a certificate"),
    // Directory.
    get("/api/v1/organisations", Who::SignedIn, "Organisations")
        .query(ORGANISATIONS)
        .gives(json("Organisations")),
    get("/api/v1/organisations/{organisation}", Who::SignedIn, "One organisation")
        .gives(json("Organisation")),
    put("/api/v1/organisations/{organisation}", ADMINISTRATORS, "Put an organisation")
        .takes(json("Organisation"))
        .gives(json("Organisation")),
    delete("/api/v1/organisations/{organisation}", ADMINISTRATORS, "Remove an organisation"),
    get("/api/v1/assets", Who::SignedIn, "Assets").query(OF_ORGANISATION).gives(json("Assets")),
    put("/api/v1/assets/{asset}", ADMINISTRATORS, "Put an asset")
        .takes(json("Asset"))
        .gives(json("Asset")),
    delete("/api/v1/assets/{asset}", ADMINISTRATORS, "Remove an asset"),
    get("/api/v1/contacts", Who::SignedIn, "Operational contacts")
        .query(OF_ORGANISATION)
        .gives(json("Contacts")),
    put("/api/v1/contacts/{contact}", ADMINISTRATORS, "Put a contact")
        .takes(json("Contact"))
        .gives(json("Contact")),
    delete("/api/v1/contacts/{contact}", ADMINISTRATORS, "Remove a contact"),
    get("/api/v1/accounts", AUDITORS, "Accounts").query(OF_ORGANISATION).gives(json("Accounts")),
    put("/api/v1/accounts/{account}", ADMINISTRATORS, "Put an account")
        .takes(json("NewAccount"))
        .gives(json("Account")),
    put("/api/v1/accounts/{account}/password", Who::SignedIn, "Set a password")
        .cost(Cost::Proof)
        .takes(json("NewPassword")),
    get("/api/v1/accounts/{account}/keys", Who::SignedIn, "Passkeys and identities of an account")
        .gives(json("Keys")),
    delete("/api/v1/accounts/{account}/keys/{key}", Who::SignedIn, "Remove one of them")
        .cost(Cost::Proof)
        .takes(json("OwnPassword")),
    post("/api/v1/accounts/{account}/identities", ADMINISTRATORS, "Tie an identity at a provider")
        .cost(Cost::Proof)
        .takes(json("NewIdentity")),
    post("/api/v1/accounts/{account}/totp", Who::SignedIn, "Enrol an authenticator")
        .cost(Cost::Proof)
        .takes(json("OwnPassword"))
        .gives(json("Enrolment")),
    post("/api/v1/imports", ADMINISTRATORS, "Import the directory, all of it or nothing")
        .cost(Cost::Bulk)
        .query(IMPORT)
        .takes(json("DirectoryDocument"))
        .or_takes(&[plain("text/csv")])
        .gives(json("ImportOutcome")),
    get("/api/v1/exports/{file}", AUDITORS, "Export the directory, as JSON or as CSV of one kind")
        .cost(Cost::Bulk)
        .gives(json("DirectoryDocument"))
        .or_gives(&[plain("text/csv")]),
    get("/api/v1/relevance", Who::SignedIn, "Which organisations something concerns")
        .query(&[text("of", "An address, network, domain, URL, mailbox, CPE or supplier.").required()])
        .gives(json("Relevance")),
    // Agreements.
    get("/api/v1/agreements", Who::SignedIn, "Agreements")
        .query(AGREEMENTS)
        .gives(json("Agreements")),
    get("/api/v1/agreements/{agreement}", Who::SignedIn, "One agreement").gives(json("Agreement")),
    put("/api/v1/agreements/{agreement}", ADMINISTRATORS, "Write an agreement, as JSON or TOML")
        .takes(json("Agreement"))
        .or_takes(&[plain("application/toml")])
        .gives(json("Agreement")),
    delete("/api/v1/agreements/{agreement}", ADMINISTRATORS, "Discard a draft"),
    post("/api/v1/agreements/{agreement}/steps", ADMINISTRATORS, "Lead it through its life")
        .takes(json("AgreementStep"))
        .gives(json("Agreement")),
    get(
        "/api/v1/agreements/{agreement}/signatures",
        ROOM_AND_AUDITORS,
        "Which nodes have signed its text",
    )
    .gives(json("AgreementSignatures")),
    get("/api/v1/holds", HOLDERS, "Investigative holds").gives(json("Holds")),
    put("/api/v1/holds/{hold}", HOLDERS, "Put a hold").takes(json("Hold")).gives(json("HoldPlaced")),
    post("/api/v1/holds/{hold}/end", HOLDERS, "End a hold").gives(json("Holds")),
    // Items.
    get("/api/v1/items", Who::SignedIn, "Items that one may read")
        .query(ITEMS)
        .gives(json("Items")),
    post("/api/v1/items", PRODUCERS, "Bring items: a STIX object or bundle, or indicators as CSV")
        .cost(Cost::Bulk)
        .takes(json("Stix"))
        .or_takes(&[STIX, TAXII, plain("text/csv")])
        .gives(json("Accepted")),
    get("/api/v1/items/{item}", Who::SignedIn, "One item, its newest version").gives(Some(STIX)),
    delete("/api/v1/items/{item}", PRODUCERS, "Withdraw an item from every door")
        .query(&[text("reason", "Why, in a sentence.").required()]),
    post("/api/v1/items/{item}/acknowledgement", SPEAKERS, "Acknowledge for one's organisation")
        .takes(json("NewAcknowledgement"))
        .gives(json("Acknowledged")),
    get(
        "/api/v1/acknowledgements/overdue",
        Who::SignedIn,
        "Acknowledgements that are overdue under agreements: all for the room, one's own for others",
    )
    .cost(Cost::Bulk)
    .query(OVERDUE)
    .gives(json("OverdueAcknowledgements")),
    get("/api/v1/items/{item}/deliveries", Who::SignedIn, "Whom it reached, and who acknowledged")
        .gives(json("Deliveries")),
    get("/api/v1/items/{item}/holders", ROOM_AND_AUDITORS, "Who holds it, withdrawn or not")
        .gives(json("Holders")),
    get("/api/v1/withdrawals", Who::SignedIn, "Withdrawals of items that one's organisation had")
        .query(&[place("after", "Those after this place of the ledger, as `next` of the page before said.")])
        .gives(json("Withdrawals")),
    get("/api/v1/lapses", Who::SignedIn, "What gives nothing any more, and who holds what it gave")
        .gives(json("Lapses")),
    get("/api/v1/lapses/items", Who::SignedIn, "Items that one had and must no longer use")
        .cost(Cost::Bulk)
        .query(LAPSED_ITEMS)
        .gives(json("LapsedItems")),
    get("/api/v1/items/{item}/explanation", Who::SignedIn, "Why an organisation has it or not")
        .query(&[text("organisation", "Who; one's own without it.")])
        .gives(json("Explanation")),
    post("/api/v1/preview", PRODUCERS, "Who would have what is handled so, or these items, and why")
        .takes(json("Handling"))
        .or_takes(&[STIX])
        .gives(json("AnyPreview")),
    get("/api/v1/stream", Who::SignedIn, "Items as they are released: server-sent events or lines")
        .cost(Cost::Stream)
        .query(&[
            place("after", "Begin after this place; at the present without it."),
            moment("since", "Begin at this moment."),
            flag("reminders", "Tell of reminders too: warnings that wait for an answer, deadlines."),
        ])
        .gives(of("text/event-stream"))
        .or_gives(&[plain("application/x-ndjson")]),
    get("/feeds/", Who::SignedIn, "The feeds, by their names").gives(json("Feeds")),
    get("/feeds/{file}", Who::SignedIn, "A feed, by its name and format")
        .cost(Cost::Bulk)
        .gives(of("text/plain"))
        .or_gives(&[plain("text/csv"), plain("text/dns"), STIX]),
    get("/api/v1/reports/sharing", ROOM_AND_AUDITORS, "Time to share and to acknowledge")
        .cost(Cost::Bulk)
        .query(&[days(90)])
        .gives(json("SharingReport")),
    post("/control/arrivals", Who::Operator, "Take in what a command has read")
        .cost(Cost::Bulk)
        .query(&[text("as", "The organisation that brings it; the node's own without it.")])
        .takes(of("application/json"))
        .gives(json("Accepted")),
    // Doors out and lists.
    get("/api/v1/webhooks", Who::SignedIn, "Webhooks").gives(json("Webhooks")),
    put("/api/v1/webhooks/{webhook}", PRODUCERS, "Put a webhook")
        .takes(json("NewWebhook"))
        .gives(json("IssuedWebhook")),
    delete("/api/v1/webhooks/{webhook}", PRODUCERS, "Remove a webhook")
        .query(&[text("organisation", "Whose; one's own without it.")]),
    get("/api/v1/dead-letters", ROOM, "Work that was given up").gives(json("DeadLetters")),
    post("/api/v1/dead-letters/{job}/retry", ROOM, "Take it up again"),
    delete("/api/v1/dead-letters/{job}", ROOM, "Discard it"),
    get("/api/v1/warning-lists", Who::SignedIn, "Lists of false positives")
        .gives(json("WarningLists")),
    put("/api/v1/warning-lists/{list}", ROOM, "Put a list in MISP's format")
        .cost(Cost::Bulk)
        .takes(json("WarningList"))
        .gives(json("WarningListKept")),
    delete("/api/v1/warning-lists/{list}", ROOM, "Remove a list"),
    // The desk.
    post("/api/v1/reports", PRODUCERS, "Report an incident; its number comes back at once")
        .takes(json("NewReport"))
        .gives(json("ReportReceipt")),
    get("/api/v1/queue", SHIFT, "What was reported and waits, with what it is like")
        .query(&[text("centre", "Only what goes to this centre."), limit(100, 50)])
        .gives(json("Queue")),
    get("/api/v1/incidents", Who::SignedIn, "Incidents that one may see")
        .query(INCIDENTS)
        .gives(json("Incidents")),
    get("/api/v1/incidents/{number}", Who::SignedIn, "One incident, as far as one may see it")
        .gives(json("IncidentView")),
    get("/api/v1/incidents/{number}/timeline", Who::SignedIn, "What was done, the newest first")
        .query(&[
            place("before", "Go on before this version, as `next` of the page before said."),
            limit(500, 100),
        ])
        .gives(json("Timeline")),
    get("/api/v1/incidents/{number}/alike", SHIFT, "Incidents that may be about the same")
        .gives(json("AlikeIncidents")),
    post("/api/v1/incidents/{number}/changes", PRODUCERS, "Do something with an incident")
        .takes(json("IncidentEdit"))
        .gives(json("IncidentView")),
    post("/api/v1/incidents/{number}/undo", SHIFT, "Take the last change back")
        .takes(json("IncidentUndo"))
        .gives(json("IncidentView")),
    post("/api/v1/incidents/{number}/files", PRODUCERS, "Attach a file: its octets are the body")
        .cost(Cost::Bulk)
        .query(FILE)
        .takes(of("application/octet-stream"))
        .gives(json("IncidentView")),
    get("/api/v1/incidents/{number}/files/{sha256}", Who::SignedIn, "A file of an incident")
        .cost(Cost::Bulk)
        .gives(of("application/octet-stream")),
    get("/api/v1/incidents/{number}/runs", Who::SignedIn, "Playbooks followed for an incident")
        .gives(json("Runs")),
    post("/api/v1/incidents/{number}/runs", SHIFT, "Begin to follow a playbook")
        .takes(json("NewRun"))
        .gives(json("RunView")),
    get(
        "/api/v1/incidents/{number}/runs/{run}",
        Who::SignedIn,
        "A run: what is open, what was done",
    )
    .gives(json("RunView")),
    post("/api/v1/incidents/{number}/runs/{run}/acts", PRODUCERS, "Do a step, judge, leave out")
        .takes(json("RunStep"))
        .gives(json("RunView")),
    post("/api/v1/incidents/{number}/runs/{run}/requests", ROOM, "Have an http-api command made")
        .takes(json("RunRequest"))
        .gives(json("RunView")),
    get("/api/v1/playbooks", Who::SignedIn, "Playbooks that one may see").gives(json("Playbooks")),
    post("/api/v1/playbooks", ROOM, "Import a playbook in CACAO 2.0, new or a newer version")
        .cost(Cost::Bulk)
        .takes(json("CacaoPlaybook"))
        .gives(json("PlaybookView")),
    get("/api/v1/playbooks/{playbook}", Who::SignedIn, "A playbook, its steps and its parties")
        .query(&[LANGUAGE])
        .gives(json("PlaybookView")),
    put("/api/v1/playbooks/{playbook}", ROOM, "Write a playbook anew")
        .cost(Cost::Bulk)
        .takes(json("PlaybookEdit"))
        .gives(json("PlaybookView")),
    get("/api/v1/playbooks/{playbook}/cacao", Who::SignedIn, "A playbook as CACAO writes it")
        .gives(json("CacaoPlaybook")),
    post("/api/v1/playbooks/{playbook}/steps", PRODUCERS, "Propose, accept, decline, retire")
        .takes(json("PlaybookStep"))
        .gives(json("PlaybookView")),
    get("/api/v1/recommendations", ROOM_AND_AUDITORS, "The library of recommendations")
        .gives(json("Recommendations")),
    put("/api/v1/recommendations/{recommendation}", ROOM, "Write a recommendation, or take it out")
        .takes(json("NewRecommendation"))
        .gives(json("Recommendations")),
    get("/api/v1/settings/playbook-hosts", AUDITORS, "The hosts that playbooks may call")
        .gives(json("PlaybookHosts")),
    put("/api/v1/settings/playbook-hosts", ADMINISTRATORS, "Say which hosts playbooks may call")
        .takes(json("NewPlaybookHosts"))
        .gives(json("PlaybookHosts")),
    get("/api/v1/figures/incidents", Who::SignedIn, "Incidents in figures")
        .gives(json("IncidentFigures")),
    get(
        "/api/v1/incidents/{number}/clocks",
        Who::SignedIn,
        "What is due by when, and how it stands",
    )
    .gives(json("IncidentClocks")),
    get("/api/v1/incidents/{number}/notices/{step}", Who::SignedIn, "The draft of a notice")
        .query(DOCUMENT)
        .gives(json("Document"))
        .or_gives(FILES),
    get("/api/v1/incidents/{number}/report", Who::SignedIn, "The report after an incident")
        .cost(Cost::Bulk)
        .query(DOCUMENT)
        .gives(json("Document"))
        .or_gives(FILES),
    get("/api/v1/clocks", Who::SignedIn, "What is due next")
        .query(&[limit(500, 5)])
        .gives(json("NextClocks")),
    get("/api/v1/clocks/pressing", Who::SignedIn, "What was missed, and what is nearly")
        .gives(json("Pressing")),
    get(
        "/api/v1/alarms",
        Who::SignedIn,
        "Clocks that press, and whom they call: those one may see",
    )
    .gives(json("Alarms")),
    get("/api/v1/alarms/{alarm}", Who::SignedIn, "One alarm").gives(json("Alarm")),
    post("/api/v1/alarms/shown", Who::SignedIn, "A page has shown who asks that these alarms call")
        .takes(json("AlarmsOnPage"))
        .gives(json("ShownAlarms")),
    get("/api/v1/emergency", AUDITORS, "Whether the emergency account is sealed, and its last uses")
        .gives(json("EmergencyState")),
    get("/api/v1/postures", Who::SignedIn, "Crises and exercises, the newest first")
        .gives(json("Postures")),
    post("/api/v1/postures", HOLDERS, "Declare a crisis or an exercise")
        .takes(json("NewPosture"))
        .gives(json("Posture")),
    post("/api/v1/postures/{posture}/end", HOLDERS, "End one")
        .takes(json("PostureEnd"))
        .gives(json("Posture")),
    get("/api/v1/vocabularies/incidents", Who::SignedIn, "The values that classify incidents")
        .gives(json("IncidentVocabulary")),
    post("/api/v1/alarms/{alarm}/answer", Who::SignedIn, "Answer an alarm: nobody else is called")
        .gives(json("Alarm")),
    get("/api/v1/settings/escalation", ROOM, "Who is called when, and by what")
        .gives(json("Ladder")),
    put("/api/v1/settings/escalation", ADMINISTRATORS, "Say who is called when, and by what")
        .takes(json("Ladder"))
        .gives(json("Ladder")),
    get("/api/v1/duty", Who::SignedIn, "Who is on duty in every room").gives(json("Duty")),
    get("/api/v1/rosters/{organisation}", Who::SignedIn, "A roster, its turns and gaps")
        .query(&[
            moment("from", "From this moment; now without it."),
            moment("until", "Until this moment; a week later without it."),
        ])
        .gives(json("RosterView")),
    put("/api/v1/rosters/{organisation}", SHIFT_KEEPERS, "Put a roster")
        .takes(json("NewRoster"))
        .gives(json("Versioned")),
    post("/api/v1/rosters/{organisation}/changes", SHIFT_KEEPERS, "Swaps, absences, cover")
        .takes(json("RosterEdit"))
        .gives(json("Versioned")),
    get("/api/v1/rosters/{organisation}/handover", SHIFT, "What would be handed over now")
        .gives(json("HandoverSheet")),
    post("/api/v1/rosters/{organisation}/handover", SHIFT, "Give the shift")
        .takes(json("GiveHandover"))
        .gives(json("Handover")),
    get("/api/v1/rosters/{organisation}/handovers", Who::SignedIn, "Handovers, the newest first")
        .gives(json("Handovers")),
    post("/api/v1/rosters/{organisation}/handovers/{ends}", SHIFT, "Take the shift")
        .takes(json("TakeHandover"))
        .gives(json("Handover")),
    get(
        "/api/v1/rosters/{organisation}/handovers/{ends}/document",
        SHIFT_AND_AUDITORS,
        "A handover, as a document",
    )
    .query(DOCUMENT)
    .gives(json("Document"))
    .or_gives(FILES),
    get("/api/v1/warnings", Who::SignedIn, "Warnings").gives(json("Warnings")),
    post("/api/v1/warnings", ROOM, "Write a warning")
        .takes(json("WarningDraft"))
        .gives(json("Warning")),
    get("/api/v1/warnings/{warning}", Who::SignedIn, "A warning, and how far it came")
        .gives(json("Warning")),
    put("/api/v1/warnings/{warning}", ROOM, "Write its draft anew")
        .takes(json("WarningDraft"))
        .gives(json("Warning")),
    get("/api/v1/warnings/{warning}/preview", ROOM, "Who would have it, and why")
        .gives(json("Preview")),
    post("/api/v1/warnings/{warning}/steps", ROOM, "Send it, remind of it, withdraw it")
        .takes(json("WarningStep"))
        .gives(json("Warning")),
    post("/api/v1/warnings/{warning}/reactions", PRODUCERS, "Say what one did about it")
        .takes(json("NewReaction"))
        .gives(json("Reaction")),
    get("/api/v1/warnings/{warning}/document", Who::SignedIn, "A warning, as a document")
        .query(DOCUMENT)
        .gives(json("Document"))
        .or_gives(FILES),
    get("/api/v1/concerns", Who::SignedIn, "What concerns one's organisation, and what to do")
        .cost(Cost::Bulk)
        .query(&[limit(200, 50)])
        .gives(json("Concerns")),
    // Other nodes.
    get("/api/v1/peers", AUDITORS, "Other nodes, and how the links with them do")
        .gives(json("Peers")),
    post("/api/v1/peers", ADMINISTRATORS, "Accept the invitation of another node")
        .takes(json("Acceptance"))
        .gives(json("Peer")),
    post("/api/v1/peers/invitations", ADMINISTRATORS, "Invite another node")
        .takes(json("NewInvitation"))
        .gives(json("IssuedCode")),
    post("/api/v1/peers/{organisation}/steps", ADMINISTRATORS, "Suspend, resume or end a link")
        .takes(json("LinkStep"))
        .gives(json("Peer")),
    post("/api/v1/presence", ROOM, "Tell the other nodes who is on duty here")
        .takes(json("NewPresence"))
        .gives(json("Presence")),
    delete(
        "/api/v1/peers/invitations/{invitation}",
        ADMINISTRATORS,
        "Take an invitation back that nobody used",
    ),
    put("/api/v1/peers/{organisation}/terms", ADMINISTRATORS, "Say anew for whom a peer speaks")
        .takes(json("LinkTerms"))
        .gives(json("Peer")),
    post("/api/v1/card/revocations", ADMINISTRATORS, "Take all trust from another node's key")
        .takes(json("Revocation"))
        .gives(json("Card")),
    post("/api/v1/card/rotation", ADMINISTRATORS, "Give this node a new key")
        .takes(json("Rotation"))
        .gives(json("Card")),
    post("/api/v1/card/requests", ADMINISTRATORS, "Ask for a certificate for this node's key")
        .takes(json("CertificateNames"))
        .gives(json("CertificateRequest")),
    // The mail desk.
    post("/api/v1/mail/reports", Who::SignedIn, "Report a suspicious message, and have an answer")
        .cost(Cost::Bulk)
        .takes(of("message/rfc822"))
        .or_takes(&[plain("application/octet-stream")])
        .gives(json("Reported")),
    get("/api/v1/mail/reports/own", Who::SignedIn, "What became of what one reported")
        .query(&[moment("changed_after", "Only verdicts that analysts changed after that moment.")])
        .gives(json("OwnReports")),
    get("/api/v1/mail/reports", ROOM, "Reported messages, the newest first")
        .query(MAIL_REPORTS)
        .gives(json("MailReports")),
    get("/api/v1/mail/reports/{case}", ROOM, "One case, its message taken apart")
        .gives(json("MailCase")),
    get("/api/v1/mail/reports/{case}/message", ROOM, "The message itself")
        .cost(Cost::Bulk)
        .gives(of("application/octet-stream")),
    delete("/api/v1/mail/reports/{case}/message", Who::SignedIn, "Delete a reported message")
        .query(&[text("reason", "Why, in a sentence.")]),
    post("/api/v1/mail/reports/{case}/contest", Who::SignedIn, "Say that an answer is wrong")
        .takes(json("Contest")),
    post("/api/v1/mail/reports/{case}/verdict", ROOM, "Overrule a verdict; reporters are told")
        .cost(Cost::Bulk)
        .takes(json("Overruling"))
        .gives(json("Overruled")),
    get("/api/v1/mail/campaigns", ROOM, "Waves of messages").gives(json("MailCampaigns")),
    get("/api/v1/mail/campaigns/{campaign}", ROOM, "One wave").gives(json("MailCampaign")),
    post("/api/v1/mail/campaigns/{campaign}/steps", ROOM, "Release a wave as items, or dismiss it")
        .cost(Cost::Bulk)
        .takes(json("CampaignStep"))
        .gives(json("MailCampaign")),
    get("/api/v1/mail/questions", Who::SignedIn, "Waves one is asked about: who else received them")
        .gives(json("MailQuestions")),
    post("/api/v1/mail/questions/{campaign}", PRODUCERS, "Say whether one's people received it")
        .takes(json("MailTelling"))
        .gives(json("MailQuestion")),
    get("/api/v1/mail/statistics", ROOM_AND_AUDITORS, "Figures of the mail desk by organisation")
        .query(&[days(365)])
        .gives(json("MailStatistics")),
    // The ledger.
    get("/api/v1/ledger/entries", AUDITORS, "What was done")
        .cost(Cost::Bulk)
        .query(ENTRIES)
        .gives(json("Entries")),
    get("/api/v1/ledger/verification", AUDITORS, "Whether the chain is sound")
        .cost(Cost::Bulk)
        .gives(json("Verification")),
    // TAXII 2.1.
    get("/taxii2/", Who::SignedIn, "TAXII discovery").gives(stix("TaxiiDiscovery")),
    get("/taxii2/root/", Who::SignedIn, "TAXII API root").gives(stix("TaxiiApiRoot")),
    get("/taxii2/root/status/{status}/", Who::SignedIn, "What became of a submission")
        .gives(stix("TaxiiStatus")),
    get("/taxii2/root/collections/", Who::SignedIn, "TAXII collections")
        .gives(stix("TaxiiCollections")),
    get("/taxii2/root/collections/{collection}/", Who::SignedIn, "One TAXII collection")
        .gives(stix("TaxiiCollection")),
    get("/taxii2/root/collections/{collection}/manifest/", Who::SignedIn, "Object manifests")
        .query(&of_taxii::<7>(&taxii::manifest::GET))
        .gives(stix("TaxiiManifest")),
    get("/taxii2/root/collections/{collection}/objects/", Who::SignedIn, "Objects")
        .cost(Cost::Bulk)
        .query(&of_taxii::<7>(&taxii::objects::GET))
        .gives(stix("TaxiiEnvelope")),
    post("/taxii2/root/collections/{collection}/objects/", PRODUCERS, "Add objects")
        .cost(Cost::Bulk)
        .takes(stix("TaxiiEnvelope"))
        .gives(stix("TaxiiStatus")),
    get("/taxii2/root/collections/{collection}/objects/{object}/", Who::SignedIn, "One object")
        .query(&of_taxii::<5>(&taxii::object::GET))
        .gives(stix("TaxiiEnvelope")),
    delete("/taxii2/root/collections/{collection}/objects/{object}/", PRODUCERS, "Withdraw it")
        .query(&of_taxii::<2>(&taxii::object::DELETE)),
    get(
        "/taxii2/root/collections/{collection}/objects/{object}/versions/",
        Who::SignedIn,
        "Versions of an object",
    )
    .query(&of_taxii::<4>(&taxii::versions::GET))
    .gives(stix("TaxiiVersions")),
];
