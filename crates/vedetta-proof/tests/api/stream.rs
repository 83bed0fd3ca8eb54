//! The live stream over HTTP, and what was delivered by which door.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use vedetta_api::live;
use vedetta_model::{Places, Role};
use vedetta_store::DeliveryBatch;
use vedetta_testkit::items::TestItem;

use crate::door::Door;

const JSON: &str = "application/json";

/// Opens a stream of lines.
pub(crate) async fn open(door: &Door, token: &str, after: &str) -> axum::body::Body {
    let request = Request::get("/api/v1/stream")
        .header("authorization", format!("Bearer {token}"))
        .header("accept", "application/x-ndjson")
        .header("last-event-id", after)
        .body(axum::body::Body::empty())
        .unwrap();
    let response = door.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    response.into_body()
}

/// Reads so many items; their names, and the id of the last.
pub(crate) async fn read(body: &mut axum::body::Body, count: usize) -> (Vec<String>, String) {
    let (mut names, mut id, mut text) = (Vec::new(), String::new(), String::new());
    while names.len() < count {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await;
        text.push_str(
            std::str::from_utf8(&frame.unwrap().unwrap().unwrap().into_data().unwrap()).unwrap(),
        );
        while let Some((line, rest)) = text.split_once('\n') {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            names.extend(event["object"]["name"].as_str().map(str::to_owned));
            id = event["id"].as_str().unwrap().to_owned();
            text = rest.to_owned();
        }
    }
    (names, id)
}

/// The next that comes.
pub(crate) async fn read_frame(body: &mut axum::body::Body) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

/// Brings an indicator.
pub(crate) async fn bring(door: &Door, token: &str, n: u32) {
    let item = TestItem::indicator(n).json();
    let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
}

#[tokio::test]
async fn replay_then_tail_without_gap_or_duplicate() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    for n in 0..3 {
        bring(&door, &perugia, n).await;
    }
    let mut stream = open(&door, &centre, "0").await;
    let (names, id) = read(&mut stream, 3).await;
    assert_eq!(names, ["scanner 0", "scanner 1", "scanner 2"]);
    bring(&door, &perugia, 3).await;
    assert_eq!(read(&mut stream, 1).await.0, ["scanner 3"]);
    drop(stream);
    bring(&door, &perugia, 4).await;
    let mut resumed = open(&door, &centre, &id).await;
    assert_eq!(read(&mut resumed, 2).await.0, ["scanner 3", "scanner 4"]);
    door.api.close();
    let end = tokio::time::timeout(Duration::from_secs(60), resumed.frame()).await;
    assert!(end.unwrap().is_none(), "a closed door ends its streams");
    worker.abort();
}

/// Reads so many events, each a field a line; the names of what they are of, and the id of the last.
async fn read_events(body: &mut axum::body::Body, count: usize) -> (Vec<String>, String) {
    let (mut names, mut id, mut text) = (Vec::new(), String::new(), String::new());
    while names.len() < count {
        let frame = tokio::time::timeout(Duration::from_secs(60), read_frame(body)).await;
        text.push_str(&frame.unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| event.lines().find_map(|it| it.strip_prefix(name));
            id = field("id: ").unwrap().to_owned();
            if field("event: ") == Some("item") {
                let data: serde_json::Value =
                    serde_json::from_str(field("data: ").unwrap()).unwrap();
                names.push(data["name"].as_str().unwrap().to_owned());
            }
            text = rest.to_owned();
        }
    }
    (names, id)
}

#[tokio::test]
async fn events_are_replayed_and_resumed_like_lines() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    // As browsers ask, and again with what came last.
    let open = async |after: &str| {
        let request = Request::get("/api/v1/stream")
            .header("authorization", format!("Bearer {centre}"))
            .header("accept", "text/event-stream")
            .header("last-event-id", after);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = door.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body()
    };
    for n in 0..3 {
        bring(&door, &perugia, n).await;
    }
    let mut stream = open("0").await;
    let (names, id) = read_events(&mut stream, 3).await;
    assert_eq!(names, ["scanner 0", "scanner 1", "scanner 2"]);
    bring(&door, &perugia, 3).await;
    assert_eq!(read_events(&mut stream, 1).await.0, ["scanner 3"]);
    drop(stream);
    bring(&door, &perugia, 4).await;
    let mut resumed = open(&id).await;
    let (names, last) = read_events(&mut resumed, 2).await;
    assert_eq!(names, ["scanner 3", "scanner 4"]);
    assert_eq!(last, door.api.house().bell().last().0.to_string());
    worker.abort();
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    bring(&door, &perugia, 1).await;
    let mut stream = open(&door, &centre, "0").await;
    assert_eq!(read(&mut stream, 1).await.0, ["scanner 1"]);
    let gone = door.ask(&centre, "DELETE /api/v1/sessions/current", None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    door.clock.advance(Duration::from_secs(15));
    let end = tokio::time::timeout(Duration::from_secs(60), stream.frame()).await;
    assert!(end.unwrap().is_none());
    worker.abort();
}

#[tokio::test]
async fn a_stream_ends_when_a_role_is_taken_away() {
    let door = Door::new();
    door.account("sala", "perugia", &[Role::Liaison, Role::Analyst]);
    let sala = door.token("sala");
    let mut stream = open(&door, &sala, "0").await;
    door.account("sala", "perugia", &[Role::Liaison]);
    door.clock.advance(Duration::from_secs(15));
    let end = tokio::time::timeout(Duration::from_secs(60), stream.frame()).await;
    assert!(end.unwrap().is_none());
}

#[tokio::test]
async fn what_is_for_others_does_not_put_the_sign_of_life_off() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger.bot"));
    let mut stream = open(&door, &stranger, "").await;
    let listening = tokio::spawn(async move { read_frame(&mut stream).await });
    for n in 1..=4 {
        let item = TestItem::indicator(n).tlp("AMBER").json();
        door.ask(&perugia, "POST /api/v1/items", Some((JSON, &item))).await;
        let reached = door.api.house().bell().last().0;
        while door.api.hub().place() < reached {
            tokio::task::yield_now().await;
        }
        door.clock.advance(Duration::from_secs(5));
    }
    bring(&door, &perugia, 5).await;
    // Sooner than a sign of life that every ring puts off.
    let sign = tokio::time::timeout(Duration::from_secs(10), listening).await.unwrap().unwrap();
    assert!(sign.starts_with("{\"id\":") && !sign.contains("object"), "{sign}");
    worker.abort();
}

#[tokio::test]
async fn a_place_beyond_the_end_is_refused() {
    let door = Door::new();
    let perugia = door.token("perugia");
    let refused = door.ask(&perugia, "GET /api/v1/stream?after=1000000", None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    assert_eq!(refused.json()["where"], "after");
    let last = door.api.house().bell().last().0;
    let taken = door.ask(&perugia, &format!("GET /api/v1/stream?after={last}"), None).await;
    assert_eq!(taken.status, StatusCode::OK);
}

#[tokio::test]
async fn an_acknowledgement_is_seen_before_any_delivery_is_recorded() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.session("cosc-umbria"));
    bring(&door, &perugia, 1).await;
    let item = format!("/api/v1/items/{}", TestItem::indicator(1).id());
    let acknowledge = format!("POST {item}/acknowledgement");
    let acknowledged = door.ask(&centre, &acknowledge, Some(("application/json", "{}"))).await;
    assert_eq!(acknowledged.status, StatusCode::OK, "{acknowledged:?}");
    let deliveries = format!("{item}/deliveries");
    let told = door.get(&perugia, &deliveries).await["deliveries"][0].clone();
    assert_eq!(told["organisation"], "cosc-umbria");
    assert!(told["acknowledged"].is_string() && told.get("at").is_none(), "{told}");
    door.get(&centre, &item).await;
    live::record(&door.api).await;
    let told = door.get(&perugia, &deliveries).await["deliveries"][0].clone();
    assert!(told["acknowledged"].is_string() && told["door"] == "api", "{told}");
}

#[tokio::test]
async fn what_nobody_took_is_not_delivered() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    bring(&door, &perugia, 1).await;
    let item = format!("/api/v1/items/{}", TestItem::indicator(1).id());
    let lines = [format!("HEAD {item}"), "HEAD /taxii2/root/collections/cleared/objects/".into()];
    for line in lines {
        let head = door.ask(&centre, &line, None).await;
        assert!(head.status.is_success() && head.body.is_empty(), "{line}: {head:?}");
    }
    for uri in ["/taxii2/root/collections/cleared/manifest/", "/api/v1/items?share=own"] {
        door.get(&centre, uri).await;
    }
    live::record(&door.api).await;
    let told = door.get(&perugia, &format!("{item}/deliveries")).await;
    assert_eq!(told, json!({ "deliveries": [] }));
}

#[tokio::test]
async fn every_door_confirms_what_it_delivered() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    bring(&door, &perugia, 1).await;
    let id = TestItem::indicator(1).id();
    let uri = format!("/api/v1/items/{id}/deliveries");
    assert_eq!(door.get(&perugia, &uri).await, json!({ "deliveries": [] }));
    door.clock.advance(Duration::from_millis(3_500));
    for _ in 0..2 {
        door.get(&centre, "/taxii2/root/collections/cleared/objects/").await;
    }
    live::record(&door.api).await;
    let delivered = door.get(&perugia, &uri).await;
    assert_eq!(delivered["deliveries"].as_array().unwrap().len(), 1, "{delivered}");
    assert_eq!(delivered["deliveries"][0]["organisation"], "cosc-umbria");
    assert_eq!(delivered["deliveries"][0]["door"], "taxii");

    let admin = door.token("admin");
    let report = door.get(&admin, "/api/v1/reports/sharing").await;
    assert_eq!(
        report["agreements"][0]["share"]["p50_ms"].as_u64().map(|ms| ms / 1_000),
        Some(3),
        "{report}"
    );
    let figures = String::from_utf8(door.ask(&admin, "GET /metrics", None).await.body).unwrap();
    assert!(
        figures.contains("vedetta_time_to_share_seconds{agreement=\"act\",quantile=\"0.5\"} 3.")
    );
    assert!(figures.contains("vedetta_time_to_acknowledge_seconds_count{agreement=\"act\"} 0"));
    assert!(!figures.contains("vedetta_time_to_acknowledge_seconds{"), "no quantile of nothing");
}

#[tokio::test]
async fn both_doors_tell_how_fast_an_agreement_works() {
    let door = Door::new();
    let (admin, perugia) = (door.token("admin"), door.token("perugia"));
    let (centre, house) = (door.session("cosc-umbria"), door.api.house());
    let reader = house.keeper(&"cosc-umbria".parse().unwrap()).unwrap();
    let number = house.standing().directory.number(&reader.organisation).unwrap();
    let mut had = Vec::new();
    for n in 1..=10 {
        bring(&door, &perugia, n).await;
        let release = house.item(&reader, &TestItem::indicator(n).id()).unwrap().stamp;
        had.push(release.at.after(Duration::from_secs(n.into())));
        let batch = DeliveryBatch {
            releases: Places::between(release.seq.0, release.seq.0),
            door: vedetta_flow::Door::Api,
            at: had[had.len() - 1],
            audience: [number].into_iter().collect(),
        };
        house.record_deliveries(vec![batch]).unwrap();
    }
    for (n, had) in (1..=4).zip(&had) {
        let at = had.after(Duration::from_secs(60 * u64::from(n)));
        door.clock.advance(at.since(house.now()));
        let line = format!("POST /api/v1/items/{}/acknowledgement", TestItem::indicator(n).id());
        let answer = door.ask(&centre, &line, Some((JSON, "{}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }

    let report = door.get(&admin, "/api/v1/reports/sharing").await;
    let paces = report["agreements"].as_array().unwrap();
    let pace = paces.iter().find(|it| it["agreement"] == "act").unwrap();
    let figures = |count: u64, [p50, p95, p99]: [u64; 3]| json!({ "count": count, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99 });
    assert_eq!(pace["share"], figures(10, [5_000, 10_000, 10_000]));
    assert_eq!(pace["acknowledge"], figures(4, [120_000, 240_000, 240_000]));

    let text = door.ask(&admin, "GET /metrics", None).await.text();
    let told = [("share", 10, [5, 10, 10]), ("acknowledge", 4, [120, 240, 240])];
    for (what, count, seconds) in told {
        let name = format!("vedetta_time_to_{what}_seconds");
        for (quantile, seconds) in ["0.5", "0.95", "0.99"].iter().zip(seconds) {
            let line =
                format!("{name}{{agreement=\"act\",quantile=\"{quantile}\"}} {seconds}.000\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert!(text.contains(&format!("{name}_count{{agreement=\"act\"}} {count}\n")), "{text}");
    }
}

#[tokio::test]
async fn the_directory_is_imported_whole_or_not_at_all() {
    let door = Door::new();
    let admin = door.token("admin");
    let good = "id,name,kind,region\nassisi,Comune di Assisi,municipality,Umbria\n";
    let bad = format!("{good}gubbio,Comune di Gubbio,castle,Umbria\n");
    let line = "POST /api/v1/imports?of=organisations";
    let refused = door.ask(&admin, line, Some(("text/csv", &bad))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
    assert_eq!(refused.json()["faults"][0]["line"], 3);
    let dry = format!("{line}&dry_run=true");
    let looked = door.ask(&admin, &dry, Some(("text/csv", good))).await.json();
    assert_eq!((&looked["applied"], &looked["added"]), (&json!(false), &json!(1)));
    let absent = door.ask(&admin, "GET /api/v1/organisations/assisi", None).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    let done = door.ask(&admin, line, Some(("text/csv", good))).await.json();
    assert_eq!(done["applied"], true);
    assert_eq!(door.get(&admin, "/api/v1/organisations/assisi").await["region"], "Umbria");

    let export = door.ask(&admin, "GET /api/v1/exports/directory.json", None).await;
    let whole = String::from_utf8(export.body).unwrap();
    let again = door.ask(&admin, "POST /api/v1/imports", Some((JSON, &whole))).await.json();
    assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)), "{again}");
    let table = door.ask(&admin, "GET /api/v1/exports/organisations.csv", None).await;
    assert!(String::from_utf8(table.body).unwrap().contains("assisi,Comune di Assisi"));
    door.ask(&admin, "GET /api/v1/exports/castles.csv", None).await;
    let entries = door.get(&admin, "/api/v1/ledger/entries?limit=1000").await;
    let entries = entries["items"].as_array().unwrap().iter();
    let deeds = entries.filter(|it| it["kind"] == "deed" && it["facts"]["deed"] == "exported");
    let told: Vec<_> = deeds.map(|it| (it["actor"].clone(), it["subject"].clone())).collect();
    let expected = ["directory.json", "organisations.csv"].map(|it| (json!("admin"), json!(it)));
    assert_eq!(told, expected, "who has what is in the ledger");
}

#[tokio::test]
async fn what_policies_oblige_to_goes_beside_the_object() {
    let door = Door::new();
    let _worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let agreement = json!({
        "id": "bound", "title": "Bound", "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["perugia"], "gives": ["indicator"] },
            { "name": "towns", "organisations": ["terni"], "receives": ["indicator"] },
        ],
        "handling": { "iep": { "id": "iep-1", "name": "P", "attribution": "must not" } },
    });
    let admin = door.token("admin");
    let put = "PUT /api/v1/agreements/bound";
    door.ask(&admin, put, Some((JSON, &agreement.to_string()))).await;
    let step = "POST /api/v1/agreements/bound/steps";
    door.ask(&admin, step, Some((JSON, r#"{"step":"put-in-force"}"#))).await;
    bring(&door, &door.token("perugia"), 1).await;
    let terni = door.token("terni");
    let line = read_frame(&mut open(&door, &terni, "0").await).await;
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(line["iep"]["attribution"], "must not");
    let request = Request::get("/api/v1/stream?after=0")
        .header("authorization", format!("Bearer {terni}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let mut events = door.router.clone().oneshot(request).await.unwrap().into_body();
    let event = read_frame(&mut events).await;
    assert!(event.contains("\niep: {\"attribution\":\"must not\""), "{event}");
}

#[tokio::test]
async fn what_was_brought_unmarked_goes_out_with_how_far_it_may_go() {
    let door = Door::new();
    let _worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    let table = "type,value\nipv4,203.0.113.77\n";
    let brought = door.ask(&perugia, "POST /api/v1/items", Some(("text/csv", table))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    let page = door.get(&centre, "/api/v1/items").await;
    let line = read_frame(&mut open(&door, &centre, "0").await).await;
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert!(line["object"].get("object_marking_refs").is_none(), "{line}");
    for name in ["tlp", "pap"] {
        assert_eq!(line[name], page["items"][0][name], "{line}");
    }
    let request = Request::get("/api/v1/stream?after=0")
        .header("authorization", format!("Bearer {centre}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let mut events = door.router.clone().oneshot(request).await.unwrap().into_body();
    let event = read_frame(&mut events).await;
    let word = |name: &str| page["items"][0][name].as_str().unwrap().to_owned();
    let fields = format!("\ntlp: {}\npap: {}\n", word("tlp"), word("pap"));
    assert!(event.contains(&fields), "{event}");
}

/// The next lines that come.
async fn read_lines(body: &mut axum::body::Body, count: usize) -> Vec<serde_json::Value> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let frame = tokio::time::timeout(Duration::from_secs(60), read_frame(body)).await.unwrap();
        lines.extend(frame.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    lines
}

#[tokio::test]
async fn whose_line_is_withdrawn_is_told_without_saying_whose() {
    let door = Door::new();
    let _worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    let item = TestItem::indicator(1).tlp("GREEN");
    for token in [&perugia, &door.token("terni")] {
        let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
        assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    }
    let mut stream = open(&door, &centre, "0").await;
    let both = read_lines(&mut stream, 2).await;
    assert_ne!(both[0]["line"], both[1]["line"], "{both:?}");
    drop(stream);
    let line = format!("DELETE /api/v1/items/{}?reason=errore", item.id());
    assert!(door.ask(&perugia, &line, None).await.status.is_success());
    let told = read_lines(&mut open(&door, &centre, "0").await, 2).await;
    let [withdrawn] = told.iter().filter_map(|it| it.get("line-withdrawn")).collect::<Vec<_>>()[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(withdrawn["line"], both[0]["line"], "the very same of another stands");
    assert!(withdrawn.get("producer").is_none(), "{withdrawn}");
    let listed = door.get(&centre, "/api/v1/withdrawals").await;
    assert_eq!(listed["notices"], json!([]), "nothing is lost to who keeps no lines apart");
}
