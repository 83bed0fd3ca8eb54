//! Incidents over HTTP: reported by a town, led by the room, seen by those concerned.

use http::StatusCode;
use serde_json::{Value, json};
use vedetta_model::Role;

use crate::door::Door;

const JSON: &str = "application/json";

struct Desk {
    door: Door,
    officer: String,
    town: String,
    other: String,
}

impl Desk {
    fn new() -> Self {
        let door = Door::new();
        door.account("sala", "cnaipic", &[Role::DutyOfficer]);
        let [officer, town, other] = ["sala", "terni", "perugia"].map(|it| door.token(it));
        Self { door, officer, town, other }
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let line = format!("POST /api/v1/{path}");
        let answer = self.door.ask(token, &line, Some((JSON, &body.to_string()))).await;
        (answer.status, answer.json())
    }

    async fn report(&self) -> String {
        let body = json!({ "channel": "portal", "title": "Sportelli fermi",
            "words": "non rispondono da stamattina", "services": ["anagrafe"],
            "awareness": "2026-03-02T07:00:00Z" });
        let (status, receipt) = self.post(&self.town, "reports", &body).await;
        assert_eq!(status, StatusCode::OK, "{receipt}");
        receipt["number"].as_str().unwrap().to_owned()
    }

    async fn change(&self, token: &str, number: &str, change: Value) -> (StatusCode, Value) {
        let view = self.door.get(&self.officer, &format!("/api/v1/incidents/{number}")).await;
        let body = json!({ "version": view["version"], "change": change });
        self.post(token, &format!("incidents/{number}/changes"), &body).await
    }
}

#[tokio::test]
async fn a_report_becomes_an_incident_that_the_room_leads() {
    let desk = Desk::new();
    let number = desk.report().await;
    let queue = desk.door.get(&desk.officer, "/api/v1/queue").await;
    assert_eq!(queue["waiting"][0]["case"]["number"], json!(number));
    assert_eq!(queue["waiting"][0]["words"], "non rispondono da stamattina");
    let (status, view) = desk.change(&desk.officer, &number, json!({ "does": "triage" })).await;
    assert_eq!((status, &view["incident"]["stage"]["lead"]), (StatusCode::OK, &json!("sala")));
    let (status, problem) = desk
        .change(
            &desk.officer,
            &number,
            json!({ "does": "close",
        "cause": "x", "lesson": "y" }),
        )
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["what_to_do"], "recover it first, or dismiss it");
    let (status, problem) = desk.change(&desk.officer, &number, json!({ "does": "dance" })).await;
    assert_eq!((status, problem["status"].as_u64()), (StatusCode::UNPROCESSABLE_ENTITY, Some(422)));
    let list = desk.door.get(&desk.town, "/api/v1/incidents?stage=triaged").await;
    assert_eq!((&list["total"], &list["cases"][0]["number"]), (&json!(1), &json!(number)));
    let figures = desk.door.get(&desk.officer, "/api/v1/figures/incidents").await;
    assert_eq!((&figures["waiting"], &figures["stages"]["triaged"]), (&json!(0), &json!(1)));
    let timeline =
        desk.door.get(&desk.town, &format!("/api/v1/incidents/{number}/timeline?limit=1")).await;
    assert_eq!(timeline["moments"][0]["did"]["changed"]["does"], "triage");
    let next = timeline["next"].as_str().unwrap();
    let rest = format!("/api/v1/incidents/{number}/timeline?before={next}");
    let rest = desk.door.get(&desk.town, &rest).await;
    assert_eq!(rest["moments"][0]["did"], "opened", "{rest}");
    for bad in ["stage=odd", "category=9", "after=x", "colour=red"] {
        let answer = desk.door.ask(&desk.town, &format!("GET /api/v1/incidents?{bad}"), None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn a_stale_edit_answers_with_what_was_done_meanwhile() {
    let desk = Desk::new();
    let number = desk.report().await;
    let path = format!("incidents/{number}/changes");
    let version = desk.door.get(&desk.officer, &format!("/api/v1/incidents/{number}")).await;
    let edit = |change: Value| json!({ "version": version["version"], "change": change });
    let first = desk.post(&desk.officer, &path, &edit(json!({ "does": "triage" }))).await;
    assert_eq!(first.0, StatusCode::OK);
    let late = edit(json!({ "does": "dismiss", "reason": "prova" }));
    let (status, problem) = desk.post(&desk.officer, &path, &late).await;
    assert_eq!((status, &problem["changes"][0]["by"]), (StatusCode::CONFLICT, &json!("sala")));
    let undo = json!({ "version": first.1["version"] });
    let (status, view) = desk.post(&desk.officer, &format!("incidents/{number}/undo"), &undo).await;
    assert_eq!((status, &view["incident"]["stage"]["is"]), (StatusCode::OK, &json!("reported")));
}

#[tokio::test]
async fn for_those_outside_there_is_no_such_incident() {
    let desk = Desk::new();
    let number = desk.report().await;
    let unknown = desk.door.ask(&desk.other, "GET /api/v1/incidents/2026-000099", None).await;
    for line in [
        format!("GET /api/v1/incidents/{number}"),
        format!("GET /api/v1/incidents/{number}/timeline"),
        format!("GET /api/v1/incidents/{number}/files/{}", "0".repeat(64)),
    ] {
        let answer = desk.door.ask(&desk.other, &line, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{line}");
    }
    let hidden = desk.door.ask(&desk.other, &format!("GET /api/v1/incidents/{number}"), None).await;
    let plain =
        |answer: &crate::door::Answer, number: &str| answer.json().to_string().replace(number, "N");
    assert_eq!(plain(&hidden, &number), plain(&unknown, "2026-000099"));
    let (status, _) = desk.change(&desk.other, &number, json!({ "does": "triage" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let list = desk.door.get(&desk.other, "/api/v1/incidents").await;
    assert_eq!(list, json!({ "cases": [], "total": 0 }));
}

#[tokio::test]
async fn a_file_comes_back_as_something_to_save() {
    let desk = Desk::new();
    let number = desk.report().await;
    let version = desk.door.get(&desk.town, &format!("/api/v1/incidents/{number}")).await;
    let line = |version: &Value, name: &str| {
        format!("POST /api/v1/incidents/{number}/files?name={name}&version={version}")
    };
    let version = &version["version"];
    let octets = Some(("application/octet-stream", "a,b\n"));
    let put = desk.door.ask(&desk.town, &line(version, "registri%20di%20oggi.csv"), octets).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let sha256 = put.json()["incident"]["files"][0]["sha256"].as_str().unwrap().to_owned();
    let path = format!("GET /api/v1/incidents/{number}/files/{sha256}");
    let got = desk.door.ask(&desk.officer, &path, None).await;
    assert_eq!(
        (got.body.as_slice(), got.header("content-type")),
        (&b"a,b\n"[..], "application/octet-stream")
    );
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename*=UTF-8''registri%20di%20oggi.csv"
    );
    let admin = desk.door.token("admin");
    let entries = format!("/api/v1/ledger/entries?kind=deed&subject={number}");
    let deeds = desk.door.get(&admin, &entries).await;
    let read = json!({ "deed": "file-read", "name": "registri di oggi.csv", "sha256": sha256 });
    let reads: Vec<_> = deeds["items"].as_array().unwrap().iter().map(|it| &it["facts"]).collect();
    assert_eq!(reads, [&read], "who has it is in the ledger: {deeds}");
    let newest = put.json()["version"].clone();
    let page = Some(("application/octet-stream", "<html><script>x</script>"));
    let refused = desk.door.ask(&desk.town, &line(&newest, "x.txt"), page).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
}

#[tokio::test]
async fn documents_come_as_files_in_both_languages() {
    let desk = Desk::new();
    let number = desk.report().await;
    for (language, title) in [("it", "Rapporto finale sul caso"), ("en", "After-action report")] {
        let path = format!("GET /api/v1/incidents/{number}/report?language={language}&format=");
        let html = desk.door.ask(&desk.officer, &format!("{path}html"), None).await;
        assert!(String::from_utf8_lossy(&html.body).contains(title));
        let saved = format!("attachment; filename*=UTF-8''{number}.html");
        assert_eq!(html.header("content-disposition"), saved);
        assert_eq!(html.header("content-security-policy"), "sandbox");
        let pdf = desk.door.ask(&desk.officer, &format!("{path}pdf"), None).await;
        assert_eq!(pdf.header("content-type"), "application/pdf");
        assert!(pdf.body.starts_with(b"%PDF-"));
    }
    let path = format!("GET /api/v1/incidents/{number}/notices/nis2:notification?format=pdf");
    assert!(desk.door.ask(&desk.town, &path, None).await.body.starts_with(b"%PDF-"));
    let odd = path.replace("format=pdf", "format=odt");
    let refused = desk.door.ask(&desk.town, &odd, None).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_the_desk_answers_is_as_described() {
    let desk = Desk::new();
    let number = desk.report().await;
    let task = json!({ "does": "task", "text": "chiamare", "organisation": "terni",
        "assignee": null, "due": null });
    desk.change(&desk.officer, &number, task).await;
    for (name, path) in [
        ("Incidents", "incidents".to_owned()),
        ("IncidentView", format!("incidents/{number}")),
        ("Timeline", format!("incidents/{number}/timeline")),
        ("Queue", "queue".into()),
        ("IncidentFigures", "figures/incidents".into()),
    ] {
        let answer = desk.door.get(&desk.officer, &format!("/api/v1/{path}")).await;
        let faults = vedetta_schema::breaks(name, &answer);
        assert_eq!(faults, Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn a_crisis_and_an_exercise_are_declared_and_ended() {
    let desk = Desk::new();
    let exercise = json!({ "kind": "exercise", "name": "Ponte", "reason": "prova",
        "participants": ["terni"] });
    let (refused, _) = desk.post(&desk.town, "postures", &exercise).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);
    let (status, posture) = desk.post(&desk.officer, "postures", &exercise).await;
    assert_eq!(status, StatusCode::OK, "{posture}");
    let listed = async |token: &str| {
        let all = desk.door.get(token, "/api/v1/postures").await;
        all["postures"].as_array().unwrap().len()
    };
    assert_eq!((listed(&desk.town).await, listed(&desk.other).await), (1, 0));
    let id = posture["id"].as_str().unwrap();
    let body = json!({ "channel": "portal", "title": "Finto", "words": "x", "exercise": id });
    let (status, receipt) = desk.post(&desk.town, "reports", &body).await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    let queue = desk.door.get(&desk.officer, "/api/v1/queue").await;
    assert_eq!(queue["waiting"][0]["case"]["exercise"], json!(id), "{queue}");
    let end = json!({ "reason": "conclusa" });
    let (status, ended) = desk.post(&desk.officer, &format!("postures/{id}/end"), &end).await;
    assert_eq!((status, &ended["ended"]["reason"]), (StatusCode::OK, &json!("conclusa")));
    let (status, _) = desk.post(&desk.town, "reports", &body).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is over");
}

#[tokio::test]
async fn what_notices_ask_for_is_stated_and_classes_are_listed() {
    let desk = Desk::new();
    let number = desk.report().await;
    let apply = json!({ "does": "apply", "regime": "nis2", "reason": "soggetto importante" });
    desk.change(&desk.officer, &number, apply).await;
    let path = format!("/api/v1/incidents/{number}/notices/nis2:pre-notification?language=en");
    let gaps = async || desk.door.get(&desk.officer, &path).await["gaps"].as_u64().unwrap();
    let before = gaps().await;
    let state = json!({ "does": "state", "about": "cross-border", "says": "none" });
    let (status, view) = desk.change(&desk.town, &number, state).await;
    assert_eq!(status, StatusCode::OK, "who reported knows: {view}");
    assert_eq!(gaps().await, before - 1);
    let classes = desk.door.get(&desk.town, "/api/v1/vocabularies/incidents").await;
    let phishing =
        json!({ "value": "fraud:phishing", "of": "rsit", "it": "phishing", "en": "phishing" });
    assert!(classes["classes"].as_array().unwrap().contains(&phishing), "{classes}");
    let (status, shown) = desk.post(&desk.officer, "alarms/shown", &json!({ "alarms": [] })).await;
    assert_eq!((status, &shown["shown"]), (StatusCode::OK, &json!(0)));
    let emergency = desk.door.get(&desk.door.token("admin"), "/api/v1/emergency").await;
    assert_eq!(emergency, json!({ "sealed": false, "used": [] }));
}
