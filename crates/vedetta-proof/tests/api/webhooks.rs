//! Webhooks: called once for each item, signed, tried again, given up, taken up again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use vedetta_api::webhooks::{Caller, Later, work};
use vedetta_diffusion::webhook::{Call, Inner, SIGNATURE_HEADER, Secret, verify};
use vedetta_model::Role;
use vedetta_testkit::items::TestItem;

use crate::door::Door;

const JSON: &str = "application/json";

/// A receiver that answers as told and remembers.
pub(crate) struct Receiver {
    answer: Mutex<u16>,
    address: SocketAddr,
    calls: Mutex<Vec<Call>>,
}

impl Receiver {
    pub(crate) fn new(address: &str) -> Arc<Self> {
        let (answer, calls) = (Mutex::new(200), Mutex::default());
        Arc::new(Self { answer, address: address.parse().unwrap(), calls })
    }

    fn names(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let name = |call: &Call| {
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            body["object"]["name"].as_str().unwrap().to_owned()
        };
        calls.iter().map(name).collect()
    }
}

impl Receiver {
    /// How many calls came.
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// What it was reminded of.
    pub(crate) fn reminded(&self) -> Vec<serde_json::Value> {
        let calls = self.calls.lock().unwrap();
        let bodies = calls.iter().map(|call| serde_json::from_slice(&call.body).unwrap());
        bodies.filter_map(|body: serde_json::Value| body.get("reminder").cloned()).collect()
    }

    /// The items that it was told are taken back.
    pub(crate) fn withdrawn(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let item = |call: &Call| {
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            body["withdrawn"]["item"].as_str().map(str::to_owned)
        };
        calls.iter().filter_map(item).collect()
    }
}

impl Caller for Receiver {
    fn resolve(&self, _: String, _: u16) -> Later<Vec<SocketAddr>> {
        let address = self.address;
        Box::pin(async move { vec![address] })
    }

    fn call(&self, call: Call, _: Vec<SocketAddr>) -> Later<Result<u16, String>> {
        self.calls.lock().unwrap().push(call);
        let answer = *self.answer.lock().unwrap();
        Box::pin(async move { Ok(answer) })
    }
}

async fn bring(door: &Door, token: &str, item: TestItem) {
    let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
}

/// Puts a webhook; its secret.
pub(crate) async fn put(door: &Door, token: &str) -> String {
    let body = r#"{"url":"https://soc.comune.example/hook"}"#;
    let put = door.ask(token, "PUT /api/v1/webhooks/soc", Some((JSON, body))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    put.json()["secret"].as_str().unwrap().to_owned()
}

pub(crate) async fn run(door: &Door, receiver: &Arc<Receiver>) {
    let caller: Arc<dyn Caller> = Arc::clone(receiver) as _;
    work(door.api.house(), &caller, (&Inner::default(), &door.api.settings().webhook_troubles))
        .await
        .unwrap();
}

#[tokio::test]
async fn each_item_is_called_out_once_and_signed() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let secret = put(&door, &stranger).await;
    let other = door.ask(&perugia, "DELETE /api/v1/webhooks/soc", None).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "nobody learns of another's");
    bring(&door, &perugia, TestItem::indicator(2).tlp("CLEAR")).await;
    bring(&door, &perugia, TestItem::indicator(3).tlp("AMBER")).await;
    let receiver = Receiver::new("8.8.8.8:443");
    for _ in 0..3 {
        run(&door, &receiver).await;
    }
    assert_eq!(receiver.names(), ["scanner 2"], "from now on, what is cleared, once");
    let calls = receiver.calls.lock().unwrap();
    let call = &calls[0];
    let signature = call.headers.iter().find(|(name, _)| *name == SIGNATURE_HEADER).unwrap();
    let secret = Secret::new(secret.as_bytes()).unwrap();
    let now = door.api.house().now();
    assert!(verify(&signature.1, &call.body, &secret, now, Duration::from_secs(60)).is_ok());
}

#[tokio::test]
async fn what_fails_is_tried_again_then_given_up_then_taken_up() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let room = door.token("sala");
    put(&door, &stranger).await;
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let receiver = Receiver::new("8.8.8.8:443");
    *receiver.answer.lock().unwrap() = 503;
    run(&door, &receiver).await;
    let failing = door.get(&stranger, "/api/v1/webhooks").await["webhooks"][0].clone();
    assert_eq!((&failing["state"], &failing["waiting"]), (&"active".into(), &1.into()));
    assert_eq!(failing["last_error"], "the receiver answered 503");
    assert!(failing["failing_since"].is_string() && failing["next_attempt"].is_string());
    let (admin, figures) = (door.token("admin"), "GET /metrics");
    let figures = async || String::from_utf8(door.ask(&admin, figures, None).await.body).unwrap();
    assert!(figures().await.contains("\nvedetta_webhooks_failing 1\n"));
    assert!(figures().await.contains("\nvedetta_work_given_up 0\n"));
    give_up(&door, &receiver).await;
    assert_eq!(receiver.names().len(), 12);
    assert!(figures().await.contains("\nvedetta_work_given_up 1\n"));
    let letters = door.get(&room, "/api/v1/dead-letters").await;
    let letter = &letters["letters"][0];
    assert_eq!(letter["last_error"], "the receiver answered 503");
    *receiver.answer.lock().unwrap() = 204;
    let retry = format!("POST /api/v1/dead-letters/{}/retry", letter["id"]);
    assert_eq!(door.ask(&room, &retry, None).await.status, StatusCode::NO_CONTENT);
    run(&door, &receiver).await;
    assert_eq!(receiver.names().len(), 13);
    let taken = door.get(&stranger, "/api/v1/webhooks").await["webhooks"][0].clone();
    assert_eq!((&taken["waiting"], taken.get("last_error")), (&0.into(), None));
    assert_eq!(door.get(&room, "/api/v1/dead-letters").await["letters"], serde_json::json!([]));
    assert_eq!(door.ask(&room, &retry, None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_failed_of_a_webhook_goes_with_it() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    put(&door, &stranger).await;
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let receiver = Receiver::new("8.8.8.8:443");
    *receiver.answer.lock().unwrap() = 503;
    run(&door, &receiver).await;
    let troubles = &door.api.settings().webhook_troubles;
    assert!(troubles.of("stranger/soc").is_some());
    let gone = door.ask(&stranger, "DELETE /api/v1/webhooks/soc", None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    run(&door, &receiver).await;
    assert!(troubles.of("stranger/soc").is_none());
    put(&door, &stranger).await;
    let anew = door.get(&stranger, "/api/v1/webhooks").await["webhooks"][0].clone();
    assert_eq!(anew.get("last_error"), None, "{anew}");
}

#[tokio::test]
async fn what_was_given_up_can_be_discarded_for_good() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let room = door.token("sala");
    put(&door, &stranger).await;
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let receiver = Receiver::new("8.8.8.8:443");
    *receiver.answer.lock().unwrap() = 503;
    give_up(&door, &receiver).await;
    let letters = door.get(&room, "/api/v1/dead-letters").await;
    let discard = format!("DELETE /api/v1/dead-letters/{}", letters["letters"][0]["id"]);
    assert_eq!(door.ask(&stranger, &discard, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(door.ask(&room, &discard, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(door.get(&room, "/api/v1/dead-letters").await["letters"], serde_json::json!([]));
    assert_eq!(door.ask(&room, &discard, None).await.status, StatusCode::NOT_FOUND);
}

/// Calls until no attempt is left.
async fn give_up(door: &Door, receiver: &Arc<Receiver>) {
    for _ in 0..20 {
        run(door, receiver).await;
        door.clock.advance(Duration::from_secs(8 * 3600));
    }
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_is_left_in_peace_until_put_anew() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    put(&door, &stranger).await;
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let receiver = Receiver::new("8.8.8.8:443");
    *receiver.answer.lock().unwrap() = 410;
    run(&door, &receiver).await;
    bring(&door, &perugia, TestItem::indicator(2).tlp("CLEAR")).await;
    for _ in 0..3 {
        door.clock.advance(Duration::from_secs(8 * 3600));
        run(&door, &receiver).await;
    }
    assert_eq!(receiver.names(), ["scanner 1"], "asked once");
    let shown = door.get(&stranger, "/api/v1/webhooks").await;
    let webhook = &shown["webhooks"][0];
    assert_eq!(webhook["state"], "paused");
    assert_eq!(webhook["paused_because"], "the receiver answered 410");

    *receiver.answer.lock().unwrap() = 200;
    let body = r#"{"url":"https://soc.comune.example/hook"}"#;
    door.ask(&stranger, "PUT /api/v1/webhooks/soc", Some((JSON, body))).await;
    for _ in 0..3 {
        run(&door, &receiver).await;
    }
    let mut names = receiver.names();
    names.sort();
    assert_eq!(names, ["scanner 1", "scanner 1", "scanner 2"], "nothing is lost meanwhile");
    let shown = door.get(&stranger, "/api/v1/webhooks").await;
    assert_eq!(shown["webhooks"][0].get("paused_because"), None);
}

#[tokio::test]
async fn a_webhook_does_not_knock_inside_the_house() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger"));
    for url in ["https://127.0.0.1/", "http://soc.comune.example/", "https://[::1]/", "ftp://x"] {
        let body = serde_json::json!({ "url": url }).to_string();
        let refused = door.ask(&stranger, "PUT /api/v1/webhooks/x", Some((JSON, &body))).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert_eq!(refused.json()["where"], "url");
    }
    put(&door, &stranger).await;
    bring(&door, &perugia, TestItem::indicator(1).tlp("CLEAR")).await;
    let receiver = Receiver::new("10.0.0.7:443");
    run(&door, &receiver).await;
    assert!(receiver.names().is_empty(), "the name resolves to an inner address");
}
