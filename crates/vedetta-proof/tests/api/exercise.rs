//! What belongs to an exercise: at every door it is there for those who take part, and not there for
//! anybody else, whatever the agreements and the marking would give; whoever asks why is told.

use http::StatusCode;
use serde_json::{Value, json};
use vedetta_api::live;
use vedetta_testkit::items::TestItem;

use crate::door::Door;
use crate::stream::{open, read};
use crate::webhooks::{Receiver, put, run};

const JSON: &str = "application/json";

/// An indicator of Perugia in an exercise with Terni.
fn practised(n: u32, tlp: &str) -> TestItem {
    let exercise = json!({ "name": "Ponte", "participants": ["terni"] });
    TestItem::indicator(n)
        .tlp(tlp)
        .handled("exercise", exercise)
        .with("labels", json!(["exercise"]))
}

async fn bring(door: &Door, token: &str, item: &TestItem) -> Value {
    let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    brought.json()
}

#[tokio::test]
async fn it_comes_out_of_every_door_for_those_who_take_part_and_of_none_for_others() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let names = ["perugia", "terni", "foligno", "stranger", "cosc-umbria", "admin"];
    let [perugia, terni, foligno, stranger, centre, room] = names.map(|it| door.token(it));
    // Foligno is entitled by the agreement, a stranger by TLP:CLEAR: both but for the exercise.
    put(&door, &foligno).await;
    let receiver = Receiver::new("8.8.8.8:443");
    let outside = [&foligno, &stranger, &centre];
    let mut streams = Vec::new();
    for token in outside {
        streams.push(open(&door, token, "0").await);
    }
    let items = [practised(1, "AMBER"), practised(2, "CLEAR"), practised(3, "GREEN")];
    for item in &items {
        assert_eq!(bring(&door, &perugia, item).await["accepted"][0]["audience"], 2);
    }
    for item in &items {
        let path = format!("/api/v1/items/{}", item.id());
        for (token, status) in [&perugia, &terni]
            .map(|it| (it, StatusCode::OK))
            .into_iter()
            .chain(outside.map(|it| (it, StatusCode::NOT_FOUND)))
        {
            let read = door.ask(token, &format!("GET {path}"), None).await;
            assert_eq!(read.status, status, "{path}");
        }
    }
    for (token, many) in [(&terni, 3), (&foligno, 0), (&stranger, 0), (&centre, 0)] {
        let listed = door.get(token, "/api/v1/items").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), many);
        for collection in ["cleared", "public"] {
            let most = if collection == "public" { many.min(1) } else { many };
            let uri = format!("/taxii2/root/collections/{collection}/objects/");
            let objects = door.get(token, &uri).await;
            let given = objects["objects"].as_array().map_or(0, Vec::len);
            assert_eq!(given, most, "{collection}: {objects}");
        }
        let feed = door.ask(token, "GET /feeds/addresses.txt", None).await.text();
        assert_eq!(feed.matches("203.0.113.").count(), many, "{feed}");
    }
    let mut inside = open(&door, &terni, "0").await;
    assert_eq!(read(&mut inside, 3).await.0, ["scanner 1", "scanner 2", "scanner 3"]);
    // What is real comes first to those outside, on the stream and by webhook.
    bring(&door, &perugia, &TestItem::indicator(4).tlp("CLEAR")).await;
    for stream in &mut streams {
        assert_eq!(read(stream, 1).await.0, ["scanner 4"]);
    }
    for _ in 0..3 {
        run(&door, &receiver).await;
    }
    assert_eq!(receiver.count(), 1, "what is real alone");
    // The clearance says why.
    let why = format!("/api/v1/items/{}/explanation?organisation=foligno", items[1].id());
    let why = door.get(&room, &why).await;
    assert_eq!(why["allowed"], false, "{why}");
    assert!(why.to_string().contains("exercise “Ponte”, in which it takes no part"), "{why}");
    worker.abort();
}

#[tokio::test]
async fn who_comes_to_be_entitled_later_gets_nothing_of_it_either() {
    let door = Door::new();
    let [perugia, foligno] = ["perugia", "foligno"].map(|it| door.token(it));
    let item = practised(1, "AMBER");
    bring(&door, &perugia, &item).await;
    let admin = door.token("admin");
    let wider = json!({ "id": "wider", "title": "Wider", "parent": "act",
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "one", "organisations": ["perugia"], "gives": ["indicator"] },
            { "name": "other", "organisations": ["foligno"], "receives": ["indicator"] },
        ],
        "handling": { "highest_tlp": "RED", "history": "all" } });
    let put =
        door.ask(&admin, "PUT /api/v1/agreements/wider", Some((JSON, &wider.to_string()))).await;
    assert!(put.status.is_success(), "{put:?}");
    let step = json!({ "step": "put-in-force" }).to_string();
    let stepped =
        door.ask(&admin, "POST /api/v1/agreements/wider/steps", Some((JSON, &step))).await;
    assert!(stepped.status.is_success(), "{stepped:?}");
    door.api.house().clear_newcomers().unwrap();
    let read = door.ask(&foligno, &format!("GET /api/v1/items/{}", item.id()), None).await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_only_labelled_so_stays_with_its_producer() {
    let door = Door::new();
    let [perugia, terni] = ["perugia", "terni"].map(|it| door.token(it));
    let item = TestItem::indicator(1).tlp("CLEAR").with("labels", json!(["Exercise"]));
    assert_eq!(bring(&door, &perugia, &item).await["accepted"][0]["audience"], 1);
    let path = format!("GET /api/v1/items/{}", item.id());
    assert_eq!(door.ask(&perugia, &path, None).await.status, StatusCode::OK);
    assert_eq!(door.ask(&terni, &path, None).await.status, StatusCode::NOT_FOUND);
    // What names too many is refused, and not half understood.
    let crowd: Vec<_> = (0..1_001).map(|it| format!("ente-{it}")).collect();
    let crowded = TestItem::indicator(2).handled("exercise", json!({ "participants": crowd }));
    let refused = door.ask(&perugia, "POST /api/v1/items", Some((JSON, &crowded.json()))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("exercise.participants"), "{}", refused.text());
    // So is a name that no line holds; whoever asks what would be is told the same.
    let long = json!({ "name": "x".repeat(201), "participants": ["terni"] });
    let item = TestItem::indicator(3).handled("exercise", long.clone());
    let refused = door.ask(&perugia, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("exercise.name"), "{}", refused.text());
    let would = json!({ "category": "indicator", "tlp": "AMBER", "exercise": long }).to_string();
    let asked = door.ask(&perugia, "POST /api/v1/preview", Some((JSON, &would))).await;
    assert!(asked.status.is_client_error(), "{asked:?}");
    assert!(asked.text().contains("exercise.name"), "{}", asked.text());
}
