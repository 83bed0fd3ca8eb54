//! What was taken back is told through every door, however much it is; and whether the node can write.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use vedetta_api::{Settings, live};
use vedetta_flow::views::withdrawals::REMEMBERED;
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{Disk, TestHouse};

use crate::door::Door;
use crate::stream::open;
use crate::webhooks::{Receiver, put, run};

const JSON: &str = "application/json";

/// Brings, and takes back, more than is told at once; their identifiers.
async fn take_back(door: &Door) -> Vec<String> {
    let ids = bring(door).await;
    withdraw(door, &ids).await;
    ids
}

async fn bring(door: &Door) -> Vec<String> {
    let many = u32::try_from(REMEMBERED).unwrap() + 5;
    let items: Vec<_> = (1..=many).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    let perugia = door.token("perugia");
    for some in items.chunks(500) {
        let bundle: Vec<Value> =
            some.iter().map(|it| serde_json::from_str(&it.json()).unwrap()).collect();
        let body = json!(bundle).to_string();
        let brought = door.ask(&perugia, "POST /api/v1/items", Some((JSON, &body))).await;
        assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    }
    items.iter().map(|it| it.id().to_string()).collect()
}

async fn withdraw(door: &Door, ids: &[String]) {
    let perugia = door.token("perugia");
    for id in ids {
        let line = format!("DELETE /api/v1/items/{id}?reason=errore");
        assert_eq!(door.ask(&perugia, &line, None).await.status, StatusCode::NO_CONTENT);
    }
}

/// The items of withdrawals that are told to who asks after a place, and how far that is.
async fn notices(door: &Door, token: &str, after: &str) -> (Vec<String>, String) {
    let (mut told, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = door.get(token, &format!("/api/v1/withdrawals?after={after}")).await;
        let notices = page["notices"].as_array().unwrap().iter();
        told.extend(notices.map(|it| it["item"].as_str().unwrap().to_owned()));
        after = page["next"].as_str().unwrap().to_owned();
        if page["more"] == false {
            return (told, after);
        }
    }
}

/// The items of withdrawals as a stream tells them, until there are so many.
async fn streamed(body: &mut axum::body::Body, many: usize) -> Vec<String> {
    let (mut told, mut text) = (Vec::new(), String::new());
    while told.len() < many {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await;
        let data = frame.unwrap().unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&data).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            told.extend(event["withdrawn"]["item"].as_str().map(str::to_owned));
            text = rest.to_owned();
        }
    }
    told
}

#[tokio::test]
async fn every_door_tells_of_more_than_a_page_that_was_taken_back() {
    let door = Door::new();
    let terni = door.token("terni");
    put(&door, &terni).await;
    let ids = take_back(&door).await;
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let mut stream = open(&door, &terni, "0").await;
    assert_eq!(streamed(&mut stream, ids.len()).await, ids, "by the stream");
    worker.abort();

    assert_eq!(notices(&door, &terni, "0").await.0, ids, "by asking");

    let receiver = Receiver::new("8.8.8.8:443");
    let mut before = usize::MAX;
    while receiver.count() != before {
        before = receiver.count();
        run(&door, &receiver).await;
    }
    let mut called = receiver.withdrawn();
    called.sort_unstable();
    let mut wanted = ids;
    wanted.sort_unstable();
    assert_eq!(called, wanted, "by webhook, each once");
}

#[tokio::test]
async fn who_ends_reading_after_much_more_was_taken_back_is_told_of_what_it_read() {
    let door = Door::new();
    let terni = door.token("terni");
    let ids = bring(&door).await;
    // What was just released counts as had by all.
    door.clock.advance(Duration::from_secs(600));
    let read = |n: usize| format!("GET /api/v1/items/{}", ids[n]);
    let slow = door.ask_open(&terni, &read(0)).await;
    withdraw(&door, &ids[..2]).await;
    let gone = door.ask(&terni, &read(1), None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    withdraw(&door, &ids[2..]).await;
    let (told, upto) = notices(&door, &terni, "0").await;
    assert_eq!(told, [""; 0], "it has nothing yet");
    assert!(!slow.into_body().collect().await.unwrap().to_bytes().is_empty());
    live::record(&door.api).await;
    assert_eq!(notices(&door, &terni, &upto).await.0, ids[..1]);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_for_an_hour_ends() {
    let door = Door::new();
    let (perugia, terni) = (door.token("perugia"), door.token("terni"));
    let item = TestItem::indicator(1).tlp("GREEN");
    let body = format!("[{}]", item.json());
    door.ask(&perugia, "POST /api/v1/items", Some((JSON, &body))).await;
    door.clock.advance(Duration::from_secs(600));
    let read = format!("GET /api/v1/items/{}", item.id());
    for (seconds, taken) in [(3_600, true), (3_601, false)] {
        let slow = door.ask_open(&terni, &read).await;
        door.clock.advance(Duration::from_secs(seconds));
        assert_eq!(slow.into_body().collect().await.is_ok(), taken, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_node_whose_disk_is_full_lives_and_is_not_ready() {
    let test = TestHouse::small();
    let disk = Disk::under(test.store);
    let door = Door::over(TestHouse::over(disk.clone()), Settings::default());
    let perugia = door.token("perugia");
    let bring = async |n| {
        let item = TestItem::indicator(n).json();
        door.ask(&perugia, "POST /api/v1/items", Some((JSON, &item))).await
    };
    assert_eq!(bring(1).await.status, StatusCode::OK);
    assert_eq!(door.ask("", "GET /ready", None).await.status, StatusCode::OK);
    disk.fill();
    let refused = bring(2).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    let ready = door.ask("", "GET /ready", None).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{ready:?}");
    assert!(ready.json()["what_to_do"].is_string() && !ready.header("retry-after").is_empty());
    assert!(!ready.text().contains("the test's disk"), "its place is the operator's alone");
    assert_eq!(door.ask("", "GET /health", None).await.status, StatusCode::OK);
    let read = door.ask(&perugia, "GET /api/v1/items?share=own", None).await;
    assert_eq!(read.json()["items"].as_array().unwrap().len(), 1, "reading goes on");
    disk.clear();
    assert_eq!(door.ask("", "GET /ready", None).await.status, StatusCode::OK, "it tries again");
    assert_eq!(bring(2).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_was_withdrawn_is_gone_for_those_who_knew_it_and_unknown_to_others() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Intrusione a Perugia").tlp("AMBER");
    test.bring("perugia", std::slice::from_ref(&item));
    let door = Door::over(test, Settings::default());
    let [perugia, terni, foligno] = ["perugia", "terni", "foligno"].map(|it| door.token(it));
    let line = format!("GET /api/v1/items/{}", item.id());
    assert_eq!(door.ask(&terni, &line, None).await.status, StatusCode::OK);
    live::record(&door.api).await;
    door.clock.advance(Duration::from_secs(3_600));
    let delete = format!("DELETE /api/v1/items/{}?reason=un+errore", item.id());
    assert_eq!(door.ask(&perugia, &delete, None).await.status, StatusCode::NO_CONTENT);

    let told = async |token: &str| {
        let answer = door.ask(token, &line, None).await;
        (answer.status, answer.json())
    };
    let (status, held) = told(&terni).await;
    assert_eq!(status, StatusCode::GONE, "{held}");
    assert!(held["type"].as_str().unwrap().ends_with("/withdrawn"), "{held}");
    let by = json!({ "at": held["withdrawn"]["at"], "by": "perugia", "reason": "un errore" });
    assert_eq!((&held["withdrawn"], &held["holders"]), (&by, &Value::Null));
    for who in [&perugia, &door.token("admin")] {
        let (status, whole) = told(who).await;
        assert_eq!(status, StatusCode::GONE, "{whole}");
        assert_eq!(whole["withdrawn"]["by"], "perugia@perugia");
        let holders = whole["holders"].as_array().unwrap().iter();
        let holders: Vec<_> = holders.map(|it| it["organisation"].as_str().unwrap()).collect();
        assert!(holders.contains(&"terni") && !holders.contains(&"foligno"), "{whole}");
    }
    for who in [&foligno, &door.token("stranger")] {
        let (status, hidden) = told(who).await;
        let nothing = line.replace("-8000-", "-9000-");
        let unknown = door.ask(who, &nothing, None).await.json().to_string();
        assert_eq!(status, StatusCode::NOT_FOUND, "{hidden}");
        assert_eq!(unknown.replace("-9000-", "-8000-"), hidden.to_string());
    }
}

#[tokio::test]
async fn who_had_the_form_without_the_victim_is_told_neither_by_whom_nor_why() {
    let door = Door::new();
    let terni = vedetta_model::OrganisationId::new("terni").unwrap().identity();
    let item = TestItem::incident(6, "Ransomware").tlp("CLEAR");
    let item = item.handled("victim_refs", json!([terni]));
    let (owner, stranger) = (door.token("terni"), door.token("stranger"));
    let brought = door.ask(&owner, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    let had = door.get(&stranger, "/api/v1/items").await;
    let derived = had["items"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(derived, item.id().to_string());
    live::record(&door.api).await;
    door.clock.advance(Duration::from_secs(3_600));
    let delete = format!("DELETE /api/v1/items/{}?reason=Terni+ha+sbagliato", item.id());
    assert_eq!(door.ask(&owner, &delete, None).await.status, StatusCode::NO_CONTENT);
    let left = door.ask(&stranger, &format!("GET /api/v1/items/{derived}"), None).await;
    assert_eq!(left.status, StatusCode::GONE, "{left:?}");
    let left = left.json();
    assert_eq!(left["withdrawn"]["reason"], "");
    assert!(!left.to_string().contains("terni"), "{left}");
    let whole = door.ask(&stranger, &format!("GET /api/v1/items/{}", item.id()), None).await;
    assert_eq!(whole.status, StatusCode::NOT_FOUND, "the full form was never there");
}

/// What the stranger finds by TAXII and in its feed: of each object its identifier and name.
async fn found(door: &Door, stranger: &str) -> [Vec<(String, String)>; 2] {
    let taxii = "/taxii2/root/collections/cleared/objects/";
    let mut found = [taxii, "/feeds/bundle.json"].map(|path| (path, Vec::new()));
    for (path, objects) in &mut found {
        let answer = door.ask(stranger, &format!("GET {path}"), None).await;
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        let all = page["objects"].as_array().into_iter().flatten();
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let live = all.filter(|it| it["type"] == "indicator");
        objects.extend(live.map(|it| (text(it, "id"), text(it, "name"))));
    }
    found.map(|(_, objects)| objects)
}

#[tokio::test]
async fn a_form_that_comes_again_is_another_object_at_every_door() {
    let test = TestHouse::small();
    test.hide_victims("none");
    let victim = test.person("perugia").organisation.identity();
    let version = |minute: u32| {
        let item =
            TestItem::indicator(1).tlp("AMBER").with("name", format!("as of {minute}").into());
        let item = item.handled("category", "incident".into());
        let item = item.handled("victim_refs", json!([victim]));
        item.modified(&format!("2026-03-02T00:{minute:02}:00.000Z"))
    };
    let door = Door::over(test, Settings::default());
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger.bot"));
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let mut stream = open(&door, &stranger, "0").await;
    let mut names = Vec::new();
    for minute in [1, 3] {
        let brought = version(minute).json();
        door.ask(&perugia, "POST /api/v1/items", Some((JSON, &brought))).await;
        assert_eq!(crate::stream::read(&mut stream, 1).await.0, [format!("as of {minute}")]);
        let [taxii, feed] = found(&door, &stranger).await;
        assert_eq!(taxii.len(), 1, "{taxii:?}");
        assert_eq!(taxii, feed);
        assert!(!names.contains(&taxii[0].0), "{names:?}");
        names.push(taxii[0].0.clone());
        // Too long to be looked through.
        let untold = version(minute + 1).with("description", "x".repeat(1 << 20).into()).json();
        door.ask(&perugia, "POST /api/v1/items", Some((JSON, &untold))).await;
        assert_eq!(streamed(&mut stream, 1).await, names[names.len() - 1..]);
        assert_eq!(found(&door, &stranger).await, [vec![], vec![]]);
    }
    worker.abort();
}
