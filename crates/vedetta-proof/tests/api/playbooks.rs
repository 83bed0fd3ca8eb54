//! Playbooks over HTTP: imported, followed, with a request made by a caller that listens.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use vedetta_api::webhooks::{Caller, Later};
use vedetta_diffusion::webhook::Call;
use vedetta_model::Role;

use crate::door::Door;

const JSON: &str = "application/json";

/// Who is called instead of a firewall.
#[derive(Default)]
struct Firewall(Mutex<Vec<Call>>);

impl Caller for Firewall {
    fn resolve(&self, host: String, port: u16) -> Later<Vec<SocketAddr>> {
        // The one that is not public must not be called.
        let address = if host == "inner.example.org" { [10, 0, 0, 1] } else { [93, 184, 215, 14] };
        Box::pin(async move { vec![SocketAddr::from((address, port))] })
    }

    fn call(&self, call: Call, _: Vec<SocketAddr>) -> Later<Result<u16, String>> {
        self.0.lock().unwrap().push(call);
        Box::pin(async { Ok(204) })
    }
}

async fn post(door: &Door, token: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let line = format!("POST /api/v1/{path}");
    let answer = door.ask(token, &line, Some((JSON, &body.to_string()))).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_playbook_is_followed_and_its_request_made_once() {
    let door = Door::new();
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let [officer, town, admin] = ["sala", "terni", "admin"].map(|it| door.token(it));
    let firewall = Arc::new(Firewall::default());
    door.api.show_caller(firewall.clone());
    let text = include_str!("../../../vedetta-watch/tests/it/block.json");
    let playbook: Value = serde_json::from_str(text).unwrap();
    let (status, view) = post(&door, &officer, "playbooks", &playbook).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    let id = view["id"].as_str().unwrap().to_owned();
    let report = json!({ "channel": "portal", "title": "Scansioni", "words": "da 203.0.113.7" });
    let (_, receipt) = post(&door, &town, "reports", &report).await;
    let runs = format!("incidents/{}/runs", receipt["number"].as_str().unwrap());
    let (status, run) = post(&door, &officer, &runs, &json!({ "playbook": id })).await;
    assert_eq!(
        (status, &run["current"][0]["questions"][0]["name"]),
        (StatusCode::OK, &json!("__address__"))
    );
    let act = json!({ "version": run["version"], "act": { "does": "finish", "node": 1,
        "found": { "__address__": "203.0.113.7" } } });
    let (status, run) = post(&door, &officer, &format!("{runs}/1/acts"), &act).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let hosts =
        json!({ "hosts": [{ "host": "fw.example.org:8443", "authorization": "Bearer x" }] });
    let line = "PUT /api/v1/settings/playbook-hosts";
    let put = door.ask(&admin, line, Some((JSON, &hosts.to_string()))).await;
    assert_eq!(put.json(), json!({ "hosts": [{ "host": "fw.example.org:8443" }] }));
    let ask = json!({ "version": run["version"], "node": 2, "command": 0 });
    let (status, made) = post(&door, &officer, &format!("{runs}/1/requests"), &ask).await;
    assert_eq!((status, &made["deeds"][0]["did"]["answer"]), (StatusCode::OK, &json!("HTTP 204")));
    let (status, _) = post(&door, &officer, &format!("{runs}/1/requests"), &ask).await;
    assert_eq!(status, StatusCode::CONFLICT, "the run went on meanwhile");
    {
        let calls = firewall.0.lock().unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].url, "https://fw.example.org:8443/v1/block/203.0.113.7");
        assert!(calls[0].headers.contains(&("Authorization".into(), "Bearer x".into())));
    }
    for (name, path) in [
        ("Playbooks", "playbooks".to_owned()),
        ("Recommendations", "recommendations".into()),
        ("Ladder", "settings/escalation".into()),
        ("Alarms", "alarms".into()),
        ("PlaybookView", format!("playbooks/{id}?language=en")),
        ("CacaoPlaybook", format!("playbooks/{id}/cacao")),
        ("Runs", runs.clone()),
        ("RunView", format!("{runs}/1")),
    ] {
        let answer = door.get(&officer, &format!("/api/v1/{path}")).await;
        assert_eq!(vedetta_schema::breaks(name, &answer), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn a_request_into_the_nodes_own_networks_is_not_made() {
    let door = Door::new();
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let [officer, admin] = ["sala", "admin"].map(|it| door.token(it));
    let firewall = Arc::new(Firewall::default());
    door.api.show_caller(firewall.clone());
    let text = include_str!("../../../vedetta-watch/tests/it/block.json");
    let text = text.replace("fw.example.org", "inner.example.org");
    let playbook: Value = serde_json::from_str(&text).unwrap();
    let (_, view) = post(&door, &officer, "playbooks", &playbook).await;
    let report = json!({ "channel": "telephone", "title": "Scansioni", "words": "x" });
    let (_, receipt) = post(&door, &officer, "reports", &report).await;
    let runs = format!("incidents/{}/runs", receipt["number"].as_str().unwrap());
    post(&door, &officer, &runs, &json!({ "playbook": view["id"] })).await;
    let run = door.get(&officer, &format!("/api/v1/{runs}/1")).await;
    let act = json!({ "version": run["version"], "act": { "does": "finish", "node": 1,
        "found": { "__address__": "x" } } });
    let (_, run) = post(&door, &officer, &format!("{runs}/1/acts"), &act).await;
    let hosts = json!({ "hosts": [{ "host": "inner.example.org:8443" }] }).to_string();
    door.ask(&admin, "PUT /api/v1/settings/playbook-hosts", Some((JSON, &hosts))).await;
    let ask = json!({ "version": run["version"], "node": 2, "command": 0 });
    let (_, made) = post(&door, &officer, &format!("{runs}/1/requests"), &ask).await;
    let answer = made["deeds"][0]["did"]["answer"].as_str().unwrap();
    assert!(answer.contains("10.0.0.1"), "{answer}");
    assert!(firewall.0.lock().unwrap().is_empty());
}
