//! Rosters, handovers, clocks and warnings, as people keep them.

use http::StatusCode;
use vedetta_model::Role;

use crate::browser::{Answer, Browser, Node};

fn node() -> Node {
    let node = Node::new();
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.clock.set("2026-03-02T09:00:00Z");
    node
}

const ROSTER: [(&str, &str); 5] = [
    ("shifts", "giorno 08:00-20:00\nnotte 20:00-08:00"),
    ("teams", "sala\nturno"),
    ("cycle", "giorno, notte"),
    ("stagger", "1"),
    ("start", "2026-03-02"),
];

pub(crate) async fn make_roster(browser: &mut Browser<'_>) -> Answer {
    browser.fill("/duty/cnaipic/edit", "/duty/cnaipic/edit", &ROSTER).await
}

/// Sends a form of a page with what the page says was seen.
async fn act(browser: &mut Browser<'_>, page: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
    let seen = browser.open(page).await.field("seen");
    let mut all = vec![("seen", seen.as_str())];
    all.extend_from_slice(fields);
    browser.fill(page, to, &all).await
}

#[tokio::test]
async fn a_roster_shows_who_is_there_and_a_stale_change_is_told() {
    let node = node();
    let mut officer = node.browser("sala");
    assert!(officer.open("/duty").await.text.contains("/duty/cnaipic/edit"), "it can be made");
    let wrong = [ROSTER[0], ROSTER[1], ("cycle", "mattina"), ROSTER[3], ROSTER[4]];
    let refused = officer.fill("/duty/cnaipic/edit", "/duty/cnaipic/edit", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("«mattina» non è tra i turni"), "told in Italian");
    assert!(refused.text.contains("notte 20:00-08:00"), "and nothing is lost");
    let made = make_roster(&mut officer).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let seen_by_town = node.browser("perugia").open("/duty").await.text;
    assert!(seen_by_town.contains("Persona sala"), "who is there is seen by all who may call");
    let swap = [
        ("does", "swap"),
        ("day", "2026-03-03"),
        ("shift", "giorno"),
        ("from", "turno"),
        ("to", "sala"),
    ];
    let stale = officer.open("/duty/cnaipic").await.field("seen");
    let done = act(&mut officer, "/duty/cnaipic", "/duty/cnaipic/changes", &swap).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let mut fields = vec![("seen", stale.as_str())];
    fields.extend_from_slice(&swap);
    let refused = officer.fill("/help", "/duty/cnaipic/changes", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("i turni sono cambiati"), "{}", refused.text);
    let other = node.browser("perugia").open("/duty/cnaipic").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "the roster itself is the room's");
}

#[tokio::test]
async fn a_handover_is_signed_by_two_who_saw_every_line() {
    let node = node();
    let mut giver = node.browser("sala");
    make_roster(&mut giver).await;
    let report = [("title", "Sito fermo"), ("words", "Non risponde"), ("contact", "0")];
    node.browser("perugia").fill("/report", "/report", &report).await;
    let early = giver.open("/handover").await.text;
    assert!(!early.contains("name=\"digest\""), "nothing is given in the middle of a shift");
    node.clock.set("2026-03-02T18:30:00Z");
    let digest = giver.open("/handover").await.field("digest");
    let fields = [("digest", digest.as_str()), ("remarks", "Richiamare Perugia")];
    let given = giver.fill("/handover", "/handover/giving", &fields).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    let own = giver.open("/handover").await.text;
    assert!(own.contains("L&#39;hai consegnato tu") || own.contains("L'hai consegnato tu"));
    let (before, form) = own.split_once("action=\"/handover/giving\"").unwrap();
    assert!(before.ends_with("<form method=\"post\" ") && form.contains("</details>"));
    assert!(
        before.contains("<details><summary>Qualcosa è cambiato"),
        "what is signed waits: {own}"
    );
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    let checked = node.browser("revisore").open("/handover").await.text;
    assert!(checked.contains("Richiamare Perugia") && !checked.contains("name=\"line\""));
    assert!(!checked.contains("/duty/cnaipic/edit"), "there is a roster: {checked}");
    let mut taker = node.browser("turno");
    let page = taker.open("/handover").await;
    let id = page.field("handover");
    let blind = taker.fill("/handover", "/handover/taking", &[("handover", &id)]).await;
    assert_eq!(blind.status, StatusCode::CONFLICT);
    assert!(blind.text.contains("righe non sono spuntate"), "{}", blind.text);
    let lines: Vec<String> = page
        .text
        .split("name=\"line\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"))
        .collect();
    assert!(!lines.is_empty(), "{}", page.text);
    let mut fields = vec![("handover", id.as_str())];
    fields.extend(lines.iter().map(|line| ("line", line.as_str())));
    let taken = taker.fill("/handover", "/handover/taking", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    assert!(taker.open("/handover").await.text.contains("Richiamare Perugia"));
}

#[tokio::test]
async fn a_warning_is_seen_before_it_goes_and_answered_by_those_who_get_it() {
    let node = node();
    let mut officer = node.browser("sala");
    let fields = [
        ("title-it", "Falsa <b>fattura</b>"),
        ("text-it", "Succede"),
        ("what-to-do-it", ""),
        ("tlp", "GREEN"),
    ];
    let refused = officer.fill("/warnings/new", "/warnings/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Succede"), "nothing is lost");
    let fields =
        [fields[0], fields[1], ("what-to-do-it", "Bloccate"), fields[3], ("sector", "health")];
    let written = officer.fill("/warnings/new", "/warnings/new", &fields).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text);
    let address = written.header("location").split('?').next().unwrap().to_owned();
    let draft = officer.open(&address).await;
    assert!(draft.text.contains("id=\"audience\"") && !draft.text.contains("<b>fattura"));
    assert!(draft.text.contains("Parla di 0 di queste organizzazioni"), "{}", draft.text);
    let mut town = node.browser("perugia");
    assert_eq!(town.open(&address).await.status, StatusCode::NOT_FOUND, "a draft is the room's");
    let steps = format!("{address}/steps");
    let sent = act(&mut officer, &address, &steps, &[("step", "send")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let concerns = town.open("/concerns").await.text;
    assert!(concerns.contains("diffusa a voi, su un altro settore"), "{concerns}");
    assert_eq!(concerns.matches("Bloccate").count(), 1, "what to do stands once: {concerns}");
    let answer = format!("{address}/answer");
    let answered = town.fill(&address, &answer, &[("did", "done"), ("note", "Bloccato ora")]).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.text);
    assert!(officer.open(&address).await.text.contains("Bloccato ora"));
    let withdrawn = officer.fill(&address, &steps, &[("step", "withdraw"), ("reason", "")]).await;
    assert_eq!(withdrawn.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(withdrawn.text.contains("il motivo in una frase"), "{}", withdrawn.text);
}

#[tokio::test]
async fn a_sending_is_recorded_with_its_proof() {
    let node = node();
    let report =
        [("title", "Riscatto"), ("words", "File cifrati"), ("awareness", "2026-03-02T08:00")];
    let told = node.browser("perugia").fill("/report", "/report", &report).await;
    let number = told.header("location").rsplit('/').next().unwrap().to_owned();
    let mut officer = node.browser("sala");
    let triage = format!("/incidents/{number}/changes");
    let page = format!("/incidents/{number}");
    act(&mut officer, &page, &triage, &[("does", "triage")]).await;
    let clocks = format!("/incidents/{number}/clocks");
    let applied = [("does", "apply"), ("regime", "nis2"), ("reason", "ente essenziale")];
    let applied = act(&mut officer, &clocks, &clocks, &applied).await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    let listed = officer.open("/clocks").await.text;
    assert!(listed.contains("mancano 22 h"), "what remains is said: {listed}");
    let draft = officer.open(&format!("{clocks}/nis2/pre-notification")).await;
    assert_eq!(draft.status, StatusCode::OK);
    let bare = [("does", "send"), ("step", "nis2:pre-notification"), ("proof", "")];
    let refused = act(&mut officer, &clocks, &clocks, &bare).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let proven = [("does", "send"), ("step", "nis2:pre-notification"), ("proof", "prot. 17")];
    let sent = act(&mut officer, &clocks, &clocks, &proven).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let shown = officer.open(&clocks).await.text;
    assert!(shown.contains("prot. 17") && shown.contains("✓ in tempo"), "{shown}");
}

#[tokio::test]
async fn a_list_is_a_file_and_a_view_is_kept() {
    let node = node();
    let report = [("title", "=1+1"), ("words", "x, \"y\"")];
    node.browser("perugia").fill("/report", "/report", &report).await;
    let mut officer = node.browser("sala");
    let file = officer.open("/incidents?as=csv").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").contains("incidents.csv"));
    assert!(file.text.contains(",'=1+1,"), "no title is a formula: {}", file.text);
    let ledger = node.browser("admin").open("/audit?text=exported").await.text;
    assert!(ledger.contains("incidents.csv") && ledger.contains("sala@cnaipic"), "{ledger}");
    let own = node.browser("terni").open("/incidents?as=json").await;
    assert_eq!(own.text, "[]", "a file holds what its reader may see");
    let view = [("name", "I miei"), ("address", "/incidents?mine=yes&said=saved")];
    let saved = officer.fill("/incidents", "/views", &view).await;
    assert_eq!(saved.header("location"), "/incidents?mine=yes&said=view-saved");
    assert!(officer.open("/").await.text.contains("href=\"/incidents?mine=yes\""));
    assert!(!node.browser("turno").open("/").await.text.contains("I miei"), "to each their own");
    for address in ["https://evil.example/", "//evil.example/", "javascript:alert(1)"] {
        let view = [("name", "x"), ("address", address)];
        let refused = officer.fill("/incidents", "/views", &view).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
    }
    let found = officer.open("/search?text=perugia").await.text;
    assert!(found.contains("id=\"organisations\""), "{found}");
}
