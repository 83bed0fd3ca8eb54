//! Who acknowledges an early warning: a person does, for the organisation; what a program had is a
//! delivery.

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vedetta_api::control::Indoors;
use vedetta_model::time::Clock as _;
use vedetta_model::{OrganisationId, Role};

use crate::door::Door;
use crate::webhooks::{Receiver, put, run};

const JSON: &str = "application/json";

/// A warning of the centre, and the item as which it was sent.
async fn warn(door: &Door) -> (String, String) {
    door.account("officer", "cnaipic", &[Role::DutyOfficer]);
    let officer = door.token("officer");
    let said = |it: &str, en: &str| json!({ "it": it, "en": en });
    let text = json!({
        "title": said("Falsa fattura ai Comuni", "False invoice to towns"),
        "text": said("Mail con allegato", "Mail with an attachment"),
        "what_to_do": said("Non aprite l'allegato", "Do not open the attachment"),
        "tlp": "GREEN", "pap": "GREEN"
    });
    let body = json!({ "text": text }).to_string();
    let draft = door.ask(&officer, "POST /api/v1/warnings", Some((JSON, &body))).await.json();
    let id = draft["id"].as_str().unwrap().to_owned();
    let send = json!({ "step": "send", "version": draft["version"] }).to_string();
    let line = format!("POST /api/v1/warnings/{id}/steps");
    let sent = door.ask(&officer, &line, Some((JSON, &send))).await.json();
    let item = sent["warning"]["stage"]["item"].as_str().expect("it is sent").to_owned();
    (id, item)
}

#[tokio::test]
async fn a_program_that_acknowledges_a_warning_is_told_who_may() {
    let door = Door::new();
    door.api.house().set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    let (warning, item) = warn(&door).await;
    let [bot, key, officer] = ["terni.bot", "terni", "officer"].map(|who| door.token(who));
    let acknowledge = format!("POST /api/v1/items/{item}/acknowledgement");
    let terni = async || -> Value {
        let seen = door.get(&officer, &format!("/api/v1/warnings/{warning}")).await;
        let mut reach = seen["reach"].as_array().unwrap().iter();
        reach.find(|it| it["organisation"] == "terni").unwrap().clone()
    };

    let refused = door.ask(&bot, &acknowledge, Some((JSON, "{}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let told = refused.json();
    let people = "it takes one of the roles administrator, duty-officer, analyst, liaison";
    assert_eq!(
        (&told["detail"], &told["what_to_do"]),
        (&json!("terni.bot may not"), &json!(people))
    );
    assert_eq!(terni().await["read"], Value::Null);

    // What it did it may say: that nobody has read it stays so.
    let reacts = format!("POST /api/v1/warnings/{warning}/reactions");
    let done = json!({ "did": "done", "note": "bloccato dal firewall" }).to_string();
    let said = door.ask(&bot, &reacts, Some((JSON, &done))).await;
    assert_eq!((said.status, &said.json()["by"]), (StatusCode::OK, &json!("terni.bot")));
    let after = terni().await;
    assert_eq!((&after["read"], &after["reaction"]["by"]), (&Value::Null, &json!("terni.bot")));

    // So it is with a person's roles in the hands of a program.
    let refused = door.ask(&key, &acknowledge, Some((JSON, "{}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    let advice = refused.json()["what_to_do"].to_string();
    assert!(advice.contains("a person who signed in does"), "{advice}");
    let said = door.ask(&key, &reacts, Some((JSON, &done))).await;
    assert_eq!((said.status, &terni().await["read"]), (StatusCode::OK, &Value::Null));

    let person = door.session("terni");
    let first = door.ask(&person, &acknowledge, Some((JSON, "{}"))).await;
    assert_eq!(first.json(), json!({ "first": true }), "{first:?}");
    assert!(terni().await["read"].is_string());
}

#[tokio::test]
async fn a_command_at_the_machine_acknowledges_for_the_nodes_own_organisation_alone() {
    let door = Door::new();
    door.api.house().set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    let (warning, item) = warn(&door).await;
    let request = Request::post(format!("/api/v1/items/{item}/acknowledgement"));
    let request = request.header("content-type", JSON).body("{}".into()).unwrap();
    let (status, body) = Indoors::new(&door.api).ask(request).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body:?}");
    let seen = door.get(&door.token("officer"), &format!("/api/v1/warnings/{warning}")).await;
    let reach = seen["reach"].as_array().unwrap();
    let read = reach.iter().filter(|it| it["read"].is_string());
    let read: Vec<_> = read.map(|it| &it["organisation"]).collect();
    assert_eq!(read, ["cnaipic"], "{reach:?}");
}

/// The reminders that came over a stream until it was silent for once.
async fn reminded(door: &Door, stream: &mut axum::body::Body) -> Vec<Value> {
    let (mut found, mut silent) = (Vec::new(), false);
    while !silent {
        door.clock.advance(Duration::from_secs(20));
        let frame = crate::stream::read_frame(stream).await;
        let lines = frame.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
        for line in lines {
            silent = line.get("object").is_none() && line.get("reminder").is_none();
            found.extend(line.get("reminder").cloned());
        }
    }
    found
}

#[tokio::test]
async fn programs_that_asked_are_told_of_reminders_and_deadlines_and_no_others() {
    let door = Door::new();
    door.api.house().set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    let (warning, item) = warn(&door).await;
    let [officer, terni, perugia] =
        ["officer", "terni.bot", "perugia.bot"].map(|it| door.token(it));
    let receiver = Receiver::new("8.8.8.8:443");
    let hook = json!({ "url": "https://soc.comune.example/hook", "reminders": true }).to_string();
    let hook =
        door.ask(&door.token("terni"), "PUT /api/v1/webhooks/soc", Some((JSON, &hook))).await;
    assert_eq!(hook.status, StatusCode::OK, "{hook:?}");
    put(&door, &door.token("perugia")).await;
    run(&door, &receiver).await;
    // Perugia answers, so that it is not reminded; a stream that did not ask is told nothing.
    let done = json!({ "did": "done", "note": "" }).to_string();
    let react = format!("POST /api/v1/warnings/{warning}/reactions");
    door.ask(&perugia, &react, Some((JSON, &done))).await;
    let follow = async |token: &str, asks: &str| {
        let request = Request::get(format!("/api/v1/stream{asks}"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/x-ndjson");
        let request = request.body(axum::body::Body::empty()).unwrap();
        door.router.clone().oneshot(request).await.unwrap().into_body()
    };
    let mut streams = [
        (follow(&terni, "?reminders=true").await, 1),
        (follow(&perugia, "?reminders=true").await, 0),
        (follow(&terni, "").await, 0),
    ];
    let remind = json!({ "step": "remind" }).to_string();
    let line = format!("POST /api/v1/warnings/{warning}/steps");
    let asked = door.ask(&officer, &line, Some((JSON, &remind))).await;
    assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
    for (stream, many) in &mut streams {
        let told = reminded(&door, stream).await;
        assert_eq!(told.len(), *many, "{told:?}");
        for it in told {
            assert_eq!((&it["about"], &it["warning"]), (&json!("warning"), &json!(warning)));
            assert_eq!(it["item"], json!(item));
        }
    }
    for _ in 0..2 {
        run(&door, &receiver).await;
    }
    let called = receiver.reminded();
    assert_eq!(called.len(), 1, "once, and Perugia's did not ask: {called:?}");
    assert_eq!(called[0]["warning"], json!(warning));
}

#[tokio::test]
async fn a_deadline_of_the_law_is_told_to_the_town_and_an_aim_of_the_room_is_not() {
    let door = Door::new();
    door.api.house().set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    door.account("officer", "cnaipic", &[Role::DutyOfficer]);
    let (officer, town) = (door.token("officer"), door.token("terni"));
    let receiver = Receiver::new("8.8.8.8:443");
    let hook = json!({ "url": "https://soc.comune.example/hook", "reminders": true }).to_string();
    let hook = door.ask(&town, "PUT /api/v1/webhooks/soc", Some((JSON, &hook))).await;
    assert_eq!(hook.status, StatusCode::OK, "{hook:?}");
    run(&door, &receiver).await;
    let report = json!({ "channel": "portal", "title": "Sportelli fermi", "words": "fermi",
        "awareness": door.clock.now() });
    let made = door.ask(&town, "POST /api/v1/reports", Some((JSON, &report.to_string()))).await;
    let number = made.json()["number"].clone();
    let path = format!("/api/v1/incidents/{}", number.as_str().unwrap());
    let apply = json!({ "does": "apply", "regime": "gdpr", "reason": "dati personali" });
    let version = door.get(&officer, &path).await["version"].clone();
    let change = json!({ "version": version, "change": apply }).to_string();
    let changed = door.ask(&officer, &format!("POST {path}/changes"), Some((JSON, &change))).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    door.clock.advance(Duration::from_secs(71 * 3_600));
    door.api.watch().look_at_clocks().unwrap();
    door.api.watch().look_at_clocks().unwrap();
    for _ in 0..2 {
        run(&door, &receiver).await;
    }
    let called = receiver.reminded();
    let clocks: Vec<_> = called.iter().filter(|it| it["about"] == "clock").collect();
    assert_eq!(clocks.len(), 1, "{called:?}");
    let told = |name: &str| clocks[0][name].clone();
    assert_eq!((told("case"), told("notice")), (number, json!("gdpr:notification")));
    assert_eq!(told("missed"), json!(false));
}
