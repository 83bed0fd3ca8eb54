//! What the room keeps standing ready: the ladder, the library, findings, what is overdue, questions.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_flow::{DeliveryBatch, Door};
use vedetta_model::{Organisation, OrganisationId, Places, Role};
use vedetta_postroom::{Handed, MasterKey, Postroom, Received, Reporter, Settings};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::Node;

fn node() -> Node {
    let node = Node::new();
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    node.clock.set("2026-03-02T09:00:00Z");
    node
}

#[tokio::test]
async fn the_ladder_is_set_by_who_runs_the_node() {
    let node = node();
    let read = node.browser("sala").open("/ladder").await.text;
    assert!(read.contains("Chi è di turno nella sala del caso"), "{read}");
    assert!(!read.contains("name=\"after-0\""), "an officer reads it");
    let mut admin = node.browser("admin");
    assert!(admin.open("/ladder").await.text.contains("name=\"after-0\""));
    let rung = [("after-0", "0"), ("whom-0", "room"), ("category-0", "6"), ("again", "20")];
    let refused = admin.fill("/ladder", "/ladder", &rung).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("il gradino 1 non chiama con nulla"), "{}", refused.text);
    assert!(refused.text.contains("value=\"room\" selected"), "and nothing is lost");
    let by = [("by-0", "browser"), ("by-0", "sms"), ("after-1", "")];
    let saved = admin.fill("/ladder", "/ladder", &[&rung[..], &by].concat()).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let read = node.browser("sala").open("/ladder").await.text;
    assert!(
        read.contains("Tutta la sala del caso") && read.contains("sulla pagina, SMS"),
        "{read}"
    );
    assert!(!read.contains("Chi è di turno nella sala del caso"), "the rungs before are gone");
}

#[tokio::test]
async fn a_recommendation_is_written_once_and_given_in_a_case() {
    let node = node();
    let mut officer = node.browser("sala");
    let new = "/recommendations/new";
    let fields = [
        ("id", "Secondo fattore"),
        ("title-it", "Secondo fattore ovunque"),
        ("title-en", "A second factor everywhere"),
        ("text-it", "Attivare il secondo fattore."),
        ("text-en", "Switch the second factor on."),
        ("topics", "phishing"),
    ];
    let refused = officer.fill(new, new, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("Attivare il secondo fattore."), "nothing is lost");
    let whole = [&[("id", "secondo-ovunque")][..], &fields[1..]].concat();
    let saved = officer.fill(new, new, &whole).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let own = "/recommendations/secondo-ovunque";
    let first = officer.open(own).await.field("seen");
    let anew = [&[("seen", first.as_str())][..], &fields[1..4], &fields[4..]].concat();
    assert_eq!(officer.fill(own, own, &anew).await.status, StatusCode::SEE_OTHER);
    let stale = officer.fill(own, own, &anew).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "somebody wrote it meanwhile");

    let report = [("title", "Phishing"), ("words", "x"), ("contact", "0")];
    let told = node.browser("perugia").fill("/report", "/report", &report).await;
    let number = told.header("location").rsplit('/').next().unwrap().to_owned();
    let case = format!("/incidents/{number}");
    let way = format!("/recommendations?case={number}");
    assert!(officer.open(&case).await.text.contains(&way), "the way from the case");
    let page = officer.open(&way).await;
    assert!(page.text.contains("Secondo fattore ovunque"), "{}", page.text);
    let seen = page.field("seen");
    let give = [
        ("seen", seen.as_str()),
        ("does", "recommend"),
        ("recommendation", "secondo-ovunque"),
        ("text", "Attivare il secondo fattore."),
    ];
    let given = officer.fill(&way, &format!("{case}/changes"), &give).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    let read = node.browser("perugia").open(&case).await.text;
    assert!(read.contains("Attivare il secondo fattore."), "the town reads it: {read}");

    let removed = officer.fill(own, own, &[("removal", "yes")]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text);
    assert!(!officer.open("/recommendations").await.text.contains("Secondo fattore ovunque"));
    let town = node.browser("perugia").open("/recommendations").await;
    assert_eq!(town.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_finding_is_judged_where_it_is_read() {
    let node = node();
    let sensor = node.enrolled(&node.invited("perugia"));
    let mut town = node.browser("perugia");
    assert!(town.open("/findings").await.text.contains("Nessuna rilevazione."));
    let at = "2026-03-02T08:59:00Z";
    let told = json!({
        "id": "00000000-0000-0000-0000-000000000007", "by": "rule", "of": "brute-force",
        "title": "Molti accessi <b>falliti</b>", "severity": "high", "confidence": 80,
        "entity": "host-0001", "count": 3, "first": at, "last": at, "created": at, "told": at,
    });
    let report = serde_json::from_value(json!({ "findings": [told] })).unwrap();
    node.console.api().sensors().take(&sensor, report).unwrap();
    let page = town.open("/findings").await.text;
    assert!(page.contains("Molti accessi &#60;b&#62;falliti"), "{page}");
    assert!(page.contains("host-0001") && page.contains("3 volte"), "{page}");
    assert!(!town.open("/findings?severity=critical").await.text.contains("Molti accessi"));
    let to = page.split("action=\"/findings/").nth(1).unwrap().split('"').next().unwrap();
    let to = format!("/findings/{to}");
    let bare = [("verdict", "confirmed"), ("reason", ""), ("days", "30")];
    let refused = town.fill("/findings", &to, &bare).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("value=\"confirmed\" selected"), "nothing is lost");
    let whole = [("verdict", "harmless"), ("reason", "Prova nostra"), ("days", "30")];
    let judged = town.fill("/findings", &to, &whole).await;
    assert_eq!(judged.status, StatusCode::SEE_OTHER, "{}", judged.text);
    let page = town.open("/findings").await.text;
    assert!(page.contains("Innocua</span> Prova nostra"), "{page}");
}

#[tokio::test]
async fn by_how_many_something_was_seen_stands_beside_it_for_those_entitled() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("cnaipic", std::slice::from_ref(&item));
    let place = test.house.bell().last().0;
    let in_umbria = |id: &str| {
        let (standing, id) = (test.house.standing(), OrganisationId::new(id).unwrap());
        let organisation = Organisation::clone(standing.directory.organisation(&id).unwrap());
        Organisation { region: Some("Umbria".into()), ..organisation }
    };
    let organisations = ["perugia", "terni"].map(in_umbria).into();
    let records = Records { organisations, ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let node = Node::over(test);
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let page = format!("/items/{}", item.id());
    assert!(!node.browser("sala").open(&page).await.text.contains("Visto da"));
    let sensors = node.console.api().sensors();
    for (nth, organisation) in ["perugia", "terni"].into_iter().enumerate() {
        let by = node.enrolled(&node.invited(organisation));
        let at = node.console.house().now();
        let told = json!({
            "id": format!("00000000-0000-0000-0000-00000000000{nth}"), "by": "indicator",
            "of": item.id(), "title": "Indicator", "severity": "high", "confidence": 80,
            "entity": "host-0001", "count": 1, "first": at, "last": at, "created": at, "told": at,
        });
        let report = serde_json::from_value(json!({ "findings": [told] })).unwrap();
        sensors.take(&by, report).unwrap();
        let beat = json!({
            "version": "1", "started": at, "events_per_s": 0.0, "lag_s": null, "events": 0,
            "indicators": 1, "rules": 0, "rules_refused": 0, "place": place, "waiting": 0,
            "backlog": 0, "lost": 0, "faults": {}, "applied": if nth == 0 { place } else { 0 },
        });
        sensors.hear(&by, serde_json::from_value(beat).unwrap()).unwrap();
    }
    let said = "Visto da 2 organizzazioni in una regione dal ";
    for page in [&*page, "/findings"] {
        let read = node.browser("sala").open(page).await.text;
        assert!(read.contains(said), "{page}: {read}");
    }
    let read = node.browser("sala").open(&page).await.text;
    assert!(read.contains("in ciò che ricordano: 1 su 2"), "{read}");
    let read = node.browser("stranger").open(&page).await.text;
    assert!(!read.contains("Visto da"), "who may know of no sighting: {read}");
}

#[tokio::test]
async fn what_is_overdue_stands_with_whom_to_call() {
    let test = TestHouse::small();
    let contact = json!({ "id": "ced", "organisation": "terni", "role": "incidenti",
        "name": "CED di Terni", "account": "terni", "phone_24h": "+39 0744 000000" });
    let contacts = vec![serde_json::from_value(contact).unwrap()];
    let records = Records { contacts, ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let agreement: vedetta_model::Agreement = serde_json::from_value(json!({
        "id": "hour", "title": "Entro un'ora",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
            { "name": "towns", "organisations": ["terni"], "receives": ["indicator"] },
        ],
        "duties": { "acknowledge_minutes": 60 },
    }))
    .unwrap();
    test.house.put_draft(&test.administrator(), &agreement).unwrap();
    let step = vedetta_flow::Step::PutInForce;
    test.house.step_agreement(&test.administrator(), &agreement.id, &step).unwrap();
    test.bring("cnaipic", &[TestItem::indicator(1).tlp("GREEN")]);
    let seq = test.house.bell().last().0;
    let terni = OrganisationId::new("terni").unwrap();
    let batch = DeliveryBatch {
        releases: Places::between(seq, seq),
        door: Door::Stream,
        at: test.house.now(),
        audience: test.house.standing().directory.number(&terni).into_iter().collect(),
    };
    test.house.record_deliveries(vec![batch]).unwrap();
    let node = Node::over(test);
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let mut officer = node.browser("sala");
    assert!(officer.open("/overdue").await.text.contains("Nessuna presa visione scaduta."));
    node.clock.advance(Duration::from_secs(3_700));
    let page = officer.open("/overdue").await.text;
    assert!(page.contains("CED di Terni") && page.contains("tel:+39 0744 000000"), "{page}");
    assert!(page.contains(">scanner 1</a>"), "which item it is: {page}");
    assert!(page.contains("Entro un&#39;ora"), "under which agreement: {page}");
    assert!(node.browser("terni").open("/overdue").await.text.contains("Entro un&#39;ora"));
    let other = node.browser("perugia").open("/overdue").await.text;
    assert!(other.contains("Nessuna presa visione scaduta."), "others owe nothing: {other}");
}

const LURE: &str = "From: Poste Italiane <x@avvisi-spedizioni.invalid>\r\nTo: ada@comune.perugia.example\r\n\
    Subject: Il suo pacco e in giacenza\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Il suo pacco e in giacenza: confermi i suoi dati. http://pacco-giacenza.invalid/poste/login.php\r\n";

#[tokio::test]
async fn who_is_asked_of_a_wave_answers_on_a_page() {
    let node = node();
    let (house, key) = (Arc::clone(node.console.house()), MasterKey::new([7; 32]));
    let desk = Postroom::open(house, Settings::default(), key, Default::default()).unwrap();
    let desk = Arc::new(desk);
    node.console.api().show_mail_desk(Arc::clone(&desk));
    let mut town = node.browser("foligno");
    assert!(town.open("/mail/questions").await.text.contains("Nessuna domanda."));
    let account = |id: &str| {
        let token = vedetta_testkit::session(node.console.house(), id);
        node.console.house().actor_by_token(&token).unwrap()
    };
    let handed = Handed { bytes: LURE.as_bytes(), by: Reporter::Account(account("perugia")) };
    let Received::Taken(cases) = desk.take(&handed).unwrap() else { panic!("not taken") };
    let officer = account("sala");
    let case = serde_json::to_value(&cases[0]).unwrap()["case"].as_str().unwrap().to_owned();
    let malicious = serde_json::from_value(json!({ "verdict": "malicious" })).unwrap();
    desk.overrule(&officer, &case, &malicious).unwrap();
    let campaign = desk.dissect(&officer, &case).unwrap().report.campaign.clone();
    let release = serde_json::from_value(json!({ "do": "release", "tlp": "GREEN" })).unwrap();
    desk.step_campaign(&officer, &campaign, &release).unwrap();

    let asked = town.open("/mail/questions").await.text;
    assert!(asked.contains("Il suo pacco e in giacenza"), "{asked}");
    let to = format!("/mail/questions/{campaign}");
    let wrong = [("received", "yes"), ("mailboxes", "tante"), ("note", "Tre sportelli")];
    let refused = town.fill("/mail/questions", &to, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Tre sportelli"), "nothing is lost: {}", refused.text);
    let said = [("received", "yes"), ("mailboxes", "3"), ("note", "Tre sportelli")];
    let told = town.fill("/mail/questions", &to, &said).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text);
    let page = town.open("/mail/questions").await.text;
    assert!(page.contains("<strong>Sì, l&#39;abbiamo ricevuta</strong>"), "{page}");
}
