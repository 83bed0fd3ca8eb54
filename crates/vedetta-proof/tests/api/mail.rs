//! The mail desk's routes.

use std::sync::Arc;

use http::StatusCode;
use vedetta_mail::Published;
use vedetta_model::Role;
use vedetta_postroom::{MasterKey, Postroom, Settings};

use crate::door::Door;
use crate::stream::{open, read_frame};

const LURE: &str = "From: Poste Italiane <x@avvisi-spedizioni.invalid>\r\nTo: ada@comune.perugia.example\r\n\
    Subject: Il suo pacco e in giacenza\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Il suo pacco delle Poste Italiane e in giacenza: confermi i suoi dati e la carta entro 24 ore, altrimenti il conto \
    sara bloccato. http://pacco-giacenza.invalid/poste/login.php\r\n";
const MESSAGE: &str = "message/rfc822";

fn desk() -> Door {
    desk_with(Settings::default())
}

fn desk_with(settings: Settings) -> Door {
    let door = Door::new();
    let key = MasterKey::new([7; 32]);
    let house = Arc::clone(door.api.house());
    let desk = Postroom::open(house, settings, key, Published::default()).unwrap();
    door.api.show_mail_desk(Arc::new(desk));
    door.account("anna", "cnaipic", &[Role::Analyst]);
    door
}

#[tokio::test]
async fn a_message_is_reported_answered_overruled_released_and_deleted() {
    let door = desk();
    let (ada, anna) = (door.token("perugia"), door.token("anna"));
    let report = "POST /api/v1/mail/reports";
    let answer = door.ask(&ada, report, Some((MESSAGE, LURE))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let case = answer.json()["cases"][0].clone();
    assert!(!case["text"].as_str().unwrap().contains("http://"), "{case}");
    let number = case["case"].as_str().unwrap();
    let overrule = format!("POST /api/v1/mail/reports/{number}/verdict");
    let said = ("application/json", r#"{"verdict":"malicious"}"#);
    assert_eq!(door.ask(&ada, &overrule, Some(said)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(door.ask(&anna, &overrule, Some(said)).await.json()["reports"], 1);
    door.ask(&door.token("terni"), report, Some((MESSAGE, LURE))).await;
    let own = door.get(&ada, "/api/v1/mail/reports/own").await;
    assert_eq!(own["items"][0]["verdict"], "malicious");
    let queue = door.get(&anna, "/api/v1/mail/reports?verdict=malicious&limit=1").await;
    let next = queue["next"].as_str().unwrap();
    let page = door.get(&anna, &format!("/api/v1/mail/reports?after={next}")).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let taken_apart = door.get(&anna, &format!("/api/v1/mail/reports/{number}")).await;
    assert!(taken_apart["evidence"]["links"].as_array().is_some_and(|it| !it.is_empty()));
    let id = queue["items"][0]["campaign"].as_str().unwrap();
    let steps = format!("POST /api/v1/mail/campaigns/{id}/steps");
    let release = ("application/json", r#"{"do":"release","tlp":"GREEN"}"#);
    let released = door.ask(&anna, &steps, Some(release)).await.json();
    assert_eq!(released["stage"]["is"], "released", "{released}");
    let items = door.get(&door.token("foligno"), "/api/v1/items?kind=indicator").await;
    assert!(!items["items"].as_array().unwrap().is_empty());
    let (foligno, questions) = (door.token("foligno"), "/api/v1/mail/questions");
    assert_eq!(door.get(&foligno, questions).await["items"][0]["campaign"], id);
    let answer = format!("POST {questions}/{id}");
    let said = ("application/json", r#"{"received":true,"mailboxes":3}"#);
    let answered = door.ask(&foligno, &answer, Some(said)).await;
    assert_eq!(answered.json()["told"]["mailboxes"], 3, "{answered:?}");
    let stranger = door.ask(&door.token("stranger"), &answer, Some(said)).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    let wave = door.get(&anna, &format!("/api/v1/mail/campaigns/{id}")).await;
    assert_eq!(wave["told"]["foligno"]["received"], true, "{wave}");
    let message = format!("/api/v1/mail/reports/{number}/message");
    let whole = door.ask(&anna, &format!("GET {message}"), None).await;
    assert_eq!(whole.body, LURE.as_bytes());
    assert!(whole.header("content-disposition").starts_with("attachment"));
    let gone = door.ask(&ada, &format!("DELETE {message}?reason=mia"), None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let whole = door.ask(&anna, &format!("GET {message}"), None).await;
    assert_eq!(whole.status, StatusCode::NOT_FOUND);
    let figures = door.get(&anna, "/api/v1/mail/statistics?days=7").await;
    assert_eq!(figures["total"]["verdicts"]["malicious"], 2, "{figures}");
}

#[tokio::test]
async fn a_malicious_wave_is_one_report_at_the_queue() {
    let door = desk();
    let (ada, anna) = (door.token("perugia"), door.token("anna"));
    let report = "POST /api/v1/mail/reports";
    let answer = door.ask(&ada, report, Some((MESSAGE, LURE))).await.json();
    let case = answer["cases"][0]["case"].as_str().unwrap();
    let overrule = format!("POST /api/v1/mail/reports/{case}/verdict");
    let said = ("application/json", r#"{"verdict":"malicious"}"#);
    door.ask(&anna, &overrule, Some(said)).await;
    door.ask(&door.token("terni"), report, Some((MESSAGE, LURE))).await;
    door.api.watch().gather().unwrap();
    door.clock.advance(std::time::Duration::from_secs(301));
    door.api.watch().gather().unwrap();
    let queue = door.get(&anna, "/api/v1/queue").await;
    assert_eq!(queue["total"], 1, "{queue}");
    let waiting = &queue["waiting"][0];
    assert_eq!(
        (&waiting["case"]["channel"], &waiting["case"]["gathered"]),
        (&"mail".into(), &2.into())
    );
    let wave = door.get(&anna, "/api/v1/mail/campaigns").await;
    assert_eq!(waiting["gathered"]["source"]["campaign"], wave["items"][0]["id"], "{waiting}");
}

#[tokio::test]
async fn who_uploaded_is_told_of_a_changed_verdict() {
    let door = desk();
    let (ada, anna) = (door.token("perugia"), door.token("anna"));
    let answer = door.ask(&ada, "POST /api/v1/mail/reports", Some((MESSAGE, LURE))).await.json();
    let (number, verdict) = (&answer["cases"][0]["case"], &answer["cases"][0]["verdict"]);
    let since = "/api/v1/mail/reports/own?changed_after=2020-01-01T00:00:00Z";
    assert_eq!(door.get(&ada, since).await["items"], serde_json::json!([]));
    let overrule = format!("POST /api/v1/mail/reports/{}/verdict", number.as_str().unwrap());
    let said = ("application/json", r#"{"verdict":"undetermined","of":"report"}"#);
    assert_eq!(door.ask(&anna, &overrule, Some(said)).await.json()["reports"], 1);
    let changed = &door.get(&ada, since).await["items"][0];
    assert_eq!((&changed["case"], &changed["before"]), (number, verdict));
    let told = read_frame(&mut open(&door, &ada, "0").await).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["verdict"]["case"], &told["verdict"]["before"]), (number, verdict));
}

#[tokio::test]
async fn who_uploaded_says_that_an_answer_is_wrong() {
    let door = desk();
    let (ada, anna) = (door.token("perugia"), door.token("anna"));
    let answer = door.ask(&ada, "POST /api/v1/mail/reports", Some((MESSAGE, LURE))).await.json();
    let number = answer["cases"][0]["case"].as_str().unwrap();
    let own = door.get(&ada, "/api/v1/mail/reports/own").await;
    assert_eq!(own["items"][0]["text"], answer["cases"][0]["text"]);
    let contest = format!("POST /api/v1/mail/reports/{number}/contest");
    let said = ("application/json", r#"{"text":"e' del mio corriere"}"#);
    let another = door.ask(&door.token("terni"), &contest, Some(said)).await;
    assert_eq!(another.status, StatusCode::NOT_FOUND);
    assert_eq!(door.ask(&ada, &contest, Some(said)).await.status, StatusCode::NO_CONTENT);
    let queue = door.get(&anna, "/api/v1/mail/reports?contested=true").await;
    assert_eq!(queue["items"][0]["case"], number);
    let seen = door.get(&anna, &format!("/api/v1/mail/reports/{number}")).await;
    assert_eq!(seen["contest"], "e' del mio corriere");
    assert_eq!(seen["answer"], answer["cases"][0]["text"]);
}

#[tokio::test]
async fn health_says_that_answers_go_out_unsigned() {
    assert!(desk().get("", "/health").await.get("mail").is_none(), "no answer goes out by mail");
    let mailbox = "segnalazioni@vedetta.example".into();
    let door = desk_with(Settings { mailbox, ..Settings::default() });
    let health = door.get("", "/health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["mail"], "answers go out unsigned: set [mail.dkim]");
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_what_to_do() {
    let door = desk();
    let token = door.token("perugia");
    let report = "POST /api/v1/mail/reports";
    let json = door.ask(&token, report, Some(("application/json", "{}"))).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let nobody = Door::new();
    let without = nobody.ask(&nobody.token("perugia"), report, Some((MESSAGE, LURE))).await;
    assert_eq!(without.status, StatusCode::NOT_FOUND);
    assert!(without.json()["detail"].as_str().unwrap().contains("no mail desk"));
}

#[tokio::test]
async fn the_room_links_a_message_to_a_case_and_its_participants_do_not_see_which() {
    let door = desk();
    let (ada, anna, terni) = (door.token("perugia"), door.token("anna"), door.token("terni"));
    let answer = door.ask(&ada, "POST /api/v1/mail/reports", Some((MESSAGE, LURE))).await.json();
    let message = answer["cases"][0]["case"].as_str().unwrap();
    let words =
        r#"{"channel":"portal","title":"Credenziali rubate","words":"ha risposto a una mail"}"#;
    let report = ("application/json", words);
    let made = door.ask(&terni, "POST /api/v1/reports", Some(report)).await.json();
    let path = format!("/api/v1/incidents/{}", made["number"].as_str().unwrap());
    let change = async |does: &str, message: &str| {
        let version = door.get(&anna, &path).await["version"].clone();
        let change = serde_json::json!({ "does": does, "message": message });
        let body = serde_json::json!({ "version": version, "change": change }).to_string();
        let line = format!("POST {path}/changes");
        door.ask(&anna, &line, Some(("application/json", &body))).await
    };
    assert_eq!(change("cite", "M260302-NOBODY").await.status, StatusCode::NOT_FOUND);
    let linked = change("cite", &message.to_lowercase()).await.json();
    assert_eq!(linked["incident"]["mails"], serde_json::json!([message]), "{linked}");
    let seen = door.get(&terni, &path).await;
    assert!(seen["incident"].get("mails").is_none(), "it is another's message: {seen}");
    let timeline = door.get(&terni, &format!("{path}/timeline")).await;
    assert!(!timeline.to_string().contains(message), "{timeline}");
    let unlinked = change("uncite", message).await.json();
    assert!(unlinked["incident"].get("mails").is_none(), "{unlinked}");
}
