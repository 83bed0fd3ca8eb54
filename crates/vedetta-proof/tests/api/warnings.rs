//! Who acknowledges an early warning: a person does, for the organisation; what a program had is a
//! delivery.

use http::{Request, StatusCode};
use serde_json::{Value, json};
use vedetta_api::control::Indoors;
use vedetta_model::{OrganisationId, Role};

use crate::door::Door;

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
