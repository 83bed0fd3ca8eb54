//! TAXII 2.1, as a client sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use taxii::{Envelope, ErrorMessage, Status, TAXII};
use vedetta_api::Settings;
use vedetta_flow::MOST_STATUSES;
use vedetta_model::{Instant, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::door::{Answer, Door};

const CLEARED: &str = "/taxii2/root/collections/cleared";
const PUBLIC: &str = "/taxii2/root/collections/public";
const SUBMIT: &str = "/taxii2/root/collections/submit";

/// Adds objects to `submit`, and expects as many successes.
async fn add(door: &Door, token: &str, items: &[TestItem]) -> Status {
    let objects: Vec<Value> =
        items.iter().map(|item| serde_json::from_str(&item.json()).unwrap()).collect();
    let answer = post(door, token, &json!({ "objects": objects }).to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let status: Status = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(status.success_count, items.len() as u64, "{status:?}");
    status
}

async fn post(door: &Door, token: &str, body: &str) -> Answer {
    door.ask(token, &format!("POST {SUBMIT}/objects/"), Some((TAXII, body))).await
}

async fn objects(door: &Door, token: &str, uri: &str) -> Envelope<Value> {
    serde_json::from_value(door.get(token, uri).await).unwrap()
}

fn names(envelope: &Envelope<Value>) -> Vec<&str> {
    envelope.objects.iter().map(|object| object["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn discovery_says_who_runs_the_node() {
    let (title, contact) = ("Sala nazionale".to_owned(), Some("sala@cnaipic.example".to_owned()));
    let door = Door::with(Settings { title, contact, ..Settings::default() });
    let discovery = door.get(&door.token("perugia.bot"), "/taxii2/").await;
    assert_eq!(discovery["title"], "Sala nazionale");
    assert_eq!(discovery["contact"], "sala@cnaipic.example");
}

#[tokio::test]
async fn discovery_leads_to_objects() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    let discovery = door.get(&token, "/taxii2/").await;
    let root = discovery["default"].as_str().unwrap();
    assert_eq!(door.get(&token, root).await["versions"], json!([TAXII]));
    let list = door.get(&token, &format!("{root}collections/")).await;
    for collection in list["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        let one = door.get(&token, &format!("{root}collections/{id}/")).await;
        assert_eq!(&one, collection);
        assert_eq!(collection["can_write"], collection["alias"] == "submit");
        let empty = door.ask(&token, &format!("GET {root}collections/{id}/objects/"), None).await;
        assert_eq!(empty.json(), json!({ "more": false }));
        assert_eq!(empty.header("content-type"), TAXII);
        assert_eq!(empty.header("x-taxii-date-added-first"), "");
    }
    // Without its last slash an address is understood too.
    assert_eq!(door.ask(&token, "GET /taxii2", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_one_adds_everyone_entitled_reads_and_nobody_else() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia.bot"), door.token("cosc-umbria.bot"));
    let (client, stranger) = (door.token("client.bot"), door.token("stranger.bot"));
    add(
        &door,
        &perugia,
        &[TestItem::indicator(1).tlp("AMBER"), TestItem::indicator(2).tlp("CLEAR")],
    )
    .await;
    let both = ["scanner 1", "scanner 2"];
    for (token, collection, expected) in [
        (&perugia, CLEARED, both.as_slice()),
        (&perugia, SUBMIT, &both),
        (&centre, CLEARED, &both),
        (&centre, SUBMIT, &[]),
        (&centre, PUBLIC, &both[1..]),
        (&client, CLEARED, &both),
        (&stranger, CLEARED, &both[1..]),
        (&stranger, PUBLIC, &both[1..]),
    ] {
        let envelope = objects(&door, token, &format!("{collection}/objects/")).await;
        assert_eq!(names(&envelope), expected, "{collection}");
    }
    let id = TestItem::indicator(1).id();
    let one = format!("{CLEARED}/objects/{id}/");
    assert_eq!(names(&objects(&door, &centre, &one).await), ["scanner 1"]);
    let hidden = door.ask(&stranger, &format!("GET {one}"), None).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    let error: ErrorMessage = serde_json::from_slice(&hidden.body).unwrap();
    assert_eq!(error.http_status.as_deref(), Some("404"));
}

#[tokio::test]
async fn pages_under_change_show_everything_once() {
    let door = Door::new();
    let (writer, reader) = (door.token("perugia.bot"), door.token("cosc-umbria.bot"));
    let some =
        |range: std::ops::Range<u32>| -> Vec<TestItem> { range.map(TestItem::indicator).collect() };
    add(&door, &writer, &some(0..25)).await;
    let mut seen: Vec<String> = Vec::new();
    let mut uri = format!("{CLEARED}/objects/?limit=10");
    let mut added = 25;
    loop {
        let page = objects(&door, &reader, &uri).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page.next else { break };
        assert!(page.more);
        if added < 40 {
            add(&door, &writer, &some(added..added + 5)).await;
            added += 5;
        }
        uri = format!("{CLEARED}/objects/?limit=10&next={next}");
    }
    let expected: Vec<String> = (0..added).map(|n| format!("scanner {n}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn polling_by_date_added_is_exclusive() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    let items: Vec<TestItem> = (0..7).map(TestItem::indicator).collect();
    add(&door, &token, &items).await;
    let first = door.ask(&token, &format!("GET {CLEARED}/objects/?limit=3"), None).await;
    let last = first.header("x-taxii-date-added-last").to_owned();
    assert!(first.header("x-taxii-date-added-first") < last.as_str());
    let rest = objects(&door, &token, &format!("{CLEARED}/objects/?added_after={last}")).await;
    assert_eq!(names(&rest), ["scanner 3", "scanner 4", "scanner 5", "scanner 6"]);
    let manifest = door.get(&token, &format!("{CLEARED}/manifest/?limit=3")).await;
    assert_eq!(manifest["objects"][2]["date_added"], json!(last));
    assert_eq!(manifest["more"], true);
}

#[tokio::test]
async fn a_next_is_good_for_its_own_question_only() {
    let door = Door::new();
    let (token, other) = (door.token("perugia.bot"), door.token("terni.bot"));
    let items: Vec<TestItem> = (0..7).map(TestItem::indicator).collect();
    add(&door, &token, &items).await;
    let next = objects(&door, &token, &format!("{CLEARED}/objects/?limit=3")).await.next.unwrap();
    let right = format!("GET {CLEARED}/objects/?next={next}&limit=2");
    assert_eq!(door.ask(&token, &right, None).await.status, StatusCode::OK);
    for (token, wrong) in [
        (&other, right.clone()),
        (&token, format!("GET {PUBLIC}/objects/?next={next}")),
        (&token, format!("GET {CLEARED}/manifest/?next={next}")),
        (&token, format!("GET {CLEARED}/objects/?next={next}&match[type]=malware")),
        (&token, format!("GET {CLEARED}/objects/?next=12")),
    ] {
        let refused = door.ask(token, &wrong, None).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        let error: ErrorMessage = serde_json::from_slice(&refused.body).unwrap();
        assert!(error.description.unwrap().contains("next"));
    }
}

#[tokio::test]
async fn filters() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    let early = TestItem::indicator(1).with("name", json!("early"));
    let late =
        TestItem::indicator(1).with("name", json!("late")).modified("2026-03-01T12:00:00.000Z");
    add(&door, &token, &[early, TestItem::incident(2, "incident")]).await;
    add(&door, &token, &[late]).await;
    let id = TestItem::indicator(1).id();
    for (query, expected) in [
        (String::new(), vec!["incident", "late"]),
        ("?match[version]=all".into(), vec!["early", "incident", "late"]),
        ("?match[version]=first".into(), vec!["early", "incident"]),
        ("?match[version]=first,last&match[type]=indicator".into(), vec!["early", "late"]),
        ("?match[version]=2026-03-01T12:00:00.000Z".into(), vec!["late"]),
        ("?match[type]=incident,malware".into(), vec!["incident"]),
        (format!("?match[id]={id}"), vec!["late"]),
        ("?match[spec_version]=2.0".into(), vec![]),
        ("?match[spec_version]=2.0,2.1&match[type]=incident".into(), vec!["incident"]),
    ] {
        let envelope = objects(&door, &token, &format!("{CLEARED}/objects/{query}")).await;
        assert_eq!(names(&envelope), expected, "{query}");
    }
    let versions = door.get(&token, &format!("{CLEARED}/objects/{id}/versions/")).await;
    let moments = json!(["2026-03-01T00:00:00.000000Z", "2026-03-01T12:00:00.000000Z"]);
    assert_eq!(versions, json!({ "more": false, "versions": moments }));
    let none = format!("{CLEARED}/objects/{id}/?match[version]=2020-01-01T00:00:00Z");
    assert_eq!(door.get(&token, &none).await, json!({ "more": false }));
}

#[tokio::test]
async fn each_object_of_a_submission_has_its_fate() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    let good: Value = serde_json::from_str(&TestItem::indicator(1).json()).unwrap();
    let bad: Value =
        serde_json::from_str(&TestItem::indicator(2).with("valid_from", json!("yesterday")).json())
            .unwrap();
    let answer = post(&door, &token, &json!({ "objects": [good, bad, 7] }).to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let status: Status = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((status.total_count, status.success_count, status.failure_count), (3, 1, 2));
    assert!(status.failures.iter().all(|failure| failure.message.is_some()), "{status:?}");
    let again = door.get(&token, &format!("/taxii2/root/status/{}/", status.id)).await;
    let kept = Status { successes: Vec::new(), ..status.clone() };
    assert_eq!(again, serde_json::to_value(&kept).unwrap(), "the counts, and the first failures");
    let other = door.token("terni.bot");
    let hidden = door.ask(&other, &format!("GET /taxii2/root/status/{}/", status.id), None).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);

    let same = post(&door, &token, &json!({ "objects": [good] }).to_string()).await;
    let same: Status = serde_json::from_slice(&same.body).unwrap();
    assert_eq!(same.success_count, 1);
    assert!(same.successes[0].message.is_some());
}

#[tokio::test]
async fn a_status_outlives_the_process_and_a_busy_day() {
    let store = TestHouse::ledger();
    let small = TestHouse::over(Arc::clone(&store)).with_small_network();
    let first = Door::over(small, Settings::default());
    let token = first.token("perugia.bot");
    let status = add(&first, &token, &[TestItem::indicator(1)]).await;
    let line = format!("/taxii2/root/status/{}/", status.id);
    let told = first.get(&token, &line).await;
    drop(first);
    let door = Door::over(TestHouse::seeded(store, 8), Settings::default());
    let token = door.token("perugia.bot");
    assert_eq!(door.get(&token, &line).await, told);
    assert_eq!(told["success_count"], json!(1));
    // What others bring takes no place of it, nor does what itself brings on the same day; not even
    // on the next while there is room.
    let (house, perugia) = (door.api.house(), OrganisationId::new("perugia").unwrap());
    let terni = OrganisationId::new("terni").unwrap();
    let at = house.now();
    let keep =
        |of: &OrganisationId, at: Instant| house.keep_status(of, at, |_| b"x".to_vec()).unwrap();
    for _ in 0..10 {
        assert!(keep(&terni, at) < 10);
    }
    let places: BTreeSet<u16> = (1..MOST_STATUSES).map(|_| keep(&perugia, at)).collect();
    assert_eq!(places, (1..MOST_STATUSES).collect());
    assert_eq!(door.get(&token, &line).await, told);
    assert_eq!(keep(&perugia, at), 0, "the oldest gives way");
    assert_eq!(door.ask(&token, &format!("GET {line}"), None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(keep(&terni, at.after(Duration::from_hours(23))), 10, "within the day");
    assert!(house.kept_status(&terni, 0).unwrap().is_some());
    assert_eq!(keep(&terni, at.after(Duration::from_hours(24))), 11);
    assert_eq!(house.kept_status(&terni, 0).unwrap(), None, "a day later it is gone");
}

#[tokio::test]
async fn bad_submissions_are_refused_whole() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("{}", 422),
        (r#"{"objects":[]}"#, 422),
        (r#"{"objects":[}"#, 400),
    ] {
        let refused = post(&door, &token, body).await;
        assert_eq!(refused.status.as_u16(), status, "{body}");
        let error: ErrorMessage = serde_json::from_slice(&refused.body).unwrap();
        assert!(error.description.is_some());
    }
    let many = format!(r#"{{"objects":[{}7]}}"#, "7,".repeat(10_000));
    assert_eq!(post(&door, &token, &many).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let elsewhere = format!("POST {CLEARED}/objects/");
    let refused = door.ask(&token, &elsewhere, Some((TAXII, r#"{"objects":[1]}"#))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let here = format!("POST {SUBMIT}/objects/");
    let media = door.ask(&token, &here, Some(("application/json", "{}"))).await;
    assert_eq!(media.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn the_wrong_accept_is_not_served() {
    let door = Door::new();
    let token = door.token("perugia.bot");
    for (accept, status) in [
        ("application/taxii+json;version=2.1", 200),
        ("application/taxii+json", 200),
        ("*/*", 200),
        ("application/taxii+json;version=2.0", 406),
        ("text/html", 406),
    ] {
        let request = http::Request::get("/taxii2/")
            .header("authorization", format!("Bearer {token}"))
            .header("accept", accept)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = door.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{accept}");
        assert_eq!(answer.header("content-type"), TAXII);
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_every_door() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia.bot"), door.token("cosc-umbria.bot"));
    add(&door, &perugia, &[TestItem::indicator(1)]).await;
    let id = TestItem::indicator(1).id();
    let line = format!("DELETE {SUBMIT}/objects/{id}/");
    let refused = door.ask(&centre, &line, None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    for none in ["match[spec_version]=2.0", "match[version]=2001-01-01T00:00:00.000Z"] {
        let refused = door.ask(&perugia, &format!("{line}?{none}"), None).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{none}");
    }
    let one = TestItem::indicator(2);
    let later = TestItem::indicator(1).modified("2026-03-02T00:00:00.000Z");
    add(&door, &perugia, &[later, one.clone()]).await;
    let partly = door.ask(&perugia, &format!("{line}?match[version]=last"), None).await;
    assert_eq!(partly.status, StatusCode::CONFLICT, "of two versions one: {partly:?}");
    let whole = door.ask(&centre, &format!("GET {CLEARED}/objects/{id}/versions/"), None).await;
    assert_eq!(whole.json()["versions"].as_array().unwrap().len(), 2, "nothing was deleted");
    let only = format!("DELETE {SUBMIT}/objects/{}/?match[version]=last", one.id());
    assert_eq!(door.ask(&perugia, &only, None).await.status, StatusCode::OK);
    assert_eq!(door.ask(&perugia, &line, None).await.status, StatusCode::OK);
    for token in [&perugia, &centre] {
        assert!(objects(&door, token, &format!("{CLEARED}/objects/")).await.objects.is_empty());
        let item = door.ask(token, &format!("GET /api/v1/items/{id}"), None).await;
        assert_eq!(item.status, StatusCode::GONE);
    }
    // Whoever goes on with it is told that it is in vain.
    let last = TestItem::indicator(1).modified("2026-03-03T00:00:00.000Z");
    let envelope = format!(r#"{{"objects":[{}]}}"#, last.json());
    for (place, count) in [("successes", 1), ("failures", 0)] {
        let status = post(&door, &perugia, &envelope).await.json();
        assert_eq!(status["success_count"], count, "{status}");
        let message = status[place][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains("bring it under another identifier"), "{status}");
    }
    assert!(objects(&door, &centre, &format!("{CLEARED}/objects/")).await.objects.is_empty());
}

#[tokio::test]
async fn what_several_saw_of_an_address_are_versions_of_one_object() {
    let door = Door::new();
    let seen_by = |who: &str| TestItem::address(7).with("x_seen_by", json!(who)).tlp("GREEN");
    let [perugia, terni, reader] =
        ["perugia", "terni", "cosc-umbria"].map(|who| door.token(&format!("{who}.bot")));
    let (id, mut versions) = (seen_by("").id(), Vec::new());
    for (token, who) in [(&perugia, "perugia"), (&terni, "terni")] {
        let status = add(&door, token, &[seen_by(who)]).await;
        versions.push(serde_json::to_value(status.successes[0].version).unwrap());
    }
    let seen = |envelope: &Envelope<Value>| -> Vec<String> {
        let all = envelope.objects.iter();
        all.map(|it| it["x_seen_by"].as_str().unwrap().to_owned()).collect()
    };
    let at = |version: &Value| format!("?match[version]={}", version.as_str().unwrap());
    let asked = [
        (String::new(), vec!["terni"]),
        ("?match[version]=first".into(), vec!["perugia"]),
        ("?match[version]=all".into(), vec!["perugia", "terni"]),
        (at(&versions[0]), vec!["perugia"]),
        (at(&versions[1]), vec!["terni"]),
    ];
    for (query, expected) in asked {
        for uri in [format!("{CLEARED}/objects/{query}"), format!("{CLEARED}/objects/{id}/{query}")]
        {
            assert_eq!(seen(&objects(&door, &reader, &uri).await), expected, "{uri}");
        }
    }
    let uri = format!("{CLEARED}/manifest/?match[version]=all");
    let manifest = door.get(&reader, &uri).await["objects"].take();
    let listed: Vec<_> = manifest.as_array().unwrap().iter().map(|it| &it["version"]).collect();
    assert_eq!(listed, versions.iter().collect::<Vec<_>>());
    let all = door.get(&reader, &format!("{CLEARED}/objects/{id}/versions/")).await;
    assert_eq!(all["versions"], json!(versions));

    let line = format!("DELETE {SUBMIT}/objects/{id}/");
    let others = door.ask(&perugia, &format!("{line}{}", at(&versions[1])), None).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND, "it is another's: {others:?}");
    let own = door.ask(&perugia, &format!("{line}{}", at(&versions[0])), None).await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
    let uri = format!("{CLEARED}/objects/?match[version]=all");
    assert_eq!(seen(&objects(&door, &reader, &uri).await), ["terni"]);
}

#[tokio::test]
async fn ones_own_body_of_an_address_is_there_though_the_bodies_of_others_are_held() {
    let door = Door::new();
    let address = TestItem::address(7).tlp("GREEN");
    for who in ["terni", "perugia", "foligno"] {
        add(&door, &door.token(&format!("{who}.bot")), std::slice::from_ref(&address)).await;
    }
    let hold = serde_json::from_value(json!({
        "id": "order", "authority": "Procura", "organisation": "cnaipic", "reason": "an order",
        "scope": { "item": address.id() }, "from": "2026-01-01T00:00:00Z",
    }));
    door.api.house().place_hold(&door.admin, &hold.unwrap()).unwrap();
    let (perugia, own) =
        (door.token("perugia.bot"), format!("{CLEARED}/objects/{}/", address.id()));
    let all = objects(&door, &perugia, &format!("{own}?match[version]=all")).await;
    assert_eq!(all.objects.len(), 1);
    // The newest is another's, and kept from it: that hides nothing of its own.
    let newest = objects(&door, &perugia, &own).await;
    assert_eq!(newest.objects.len(), 1);
    let client = door.token("client.bot");
    let unknown = door.ask(&client, &format!("GET {own}"), None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "to whom all is held it does not exist");
}
