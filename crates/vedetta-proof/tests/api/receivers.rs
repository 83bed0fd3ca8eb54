//! Webhooks over real connections: a receiver that listens, checks who calls, and is slow or broken.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Request;
use axum::routing::any;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use vedetta_api::live;
use vedetta_api::webhooks::{Caller, Https, Troubles, run, work};
use vedetta_api::{ConnectionLimits, Server, Settings, Tls, Transport};
use vedetta_diffusion::webhook::{Inner, SIGNATURE_HEADER, Secret, VerifyError, verify};
use vedetta_model::Role;
use vedetta_testkit::items::TestItem;

use crate::door::Door;
use crate::feeds::bind;
use crate::network::Authority;

const JSON: &str = "application/json";

/// One call as it came.
#[derive(Debug)]
struct Came {
    path: String,
    attempt: String,
    signature: String,
    body: String,
}

/// A receiver that answers with the statuses given, then with 204; below `/slow` never.
struct Receiver {
    url: String,
    caller: Arc<dyn Caller>,
    calls: mpsc::UnboundedReceiver<Came>,
}

impl Receiver {
    async fn open(statuses: &[u16]) -> Self {
        let authority = Authority::new();
        let (chain, key) = authority.issue("localhost");
        let tls = Tls::new(chain.as_bytes(), key.as_bytes(), None).unwrap();
        let (here, limits) = ("127.0.0.1:0".parse().unwrap(), ConnectionLimits::default());
        let server = Server::bind(here, Transport::Tls(tls), limits).await.unwrap();
        let url = format!("https://localhost:{}", server.address().port());
        let (tell, calls) = mpsc::unbounded_channel();
        let statuses: Vec<u16> = statuses.iter().rev().copied().collect();
        let statuses = Arc::new(Mutex::new(statuses));
        let answer = move |request: Request| {
            let (tell, statuses) = (tell.clone(), Arc::clone(&statuses));
            async move {
                let came = read(request).await;
                let slow = came.path.starts_with("/slow");
                // A test that has ended listens no more.
                let _gone = tell.send(came);
                if slow {
                    pending::<()>().await;
                }
                let status = statuses.lock().unwrap().pop().unwrap_or(204);
                (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")])
            }
        };
        let app = axum::Router::new().fallback(any(answer));
        tokio::spawn(server.serve(app, pending()));
        let caller = Arc::new(Https::new(authority.pem.as_bytes()).unwrap());
        Self { url, caller, calls }
    }

    fn came(&mut self) -> Vec<Came> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }

    async fn next(&mut self) -> Came {
        let came = tokio::time::timeout(Duration::from_secs(60), self.calls.recv()).await;
        came.unwrap().unwrap()
    }
}

async fn read(request: Request) -> Came {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    Came {
        path: head.uri.path().to_owned(),
        attempt: header("vedetta-attempt"),
        signature: header(SIGNATURE_HEADER),
        body: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
    }
}

fn loopback() -> Inner {
    Inner::read(&["127.0.0.0/8".to_owned(), "::1/128".to_owned()]).unwrap()
}

fn open() -> (Door, String) {
    let door = Door::with(Settings { webhook_networks: loopback(), ..Settings::default() });
    door.account("room", "cosc-umbria", &[Role::DutyOfficer]);
    let room = door.token("room");
    (door, room)
}

/// Puts a webhook; its secret.
async fn put(door: &Door, organisation: &str, url: String) -> Secret {
    let (token, wish) = (door.token(organisation), json!({ "url": url }).to_string());
    let kept = door.ask(&token, "PUT /api/v1/webhooks/soc", Some((JSON, &wish))).await;
    assert_eq!(kept.status, StatusCode::OK, "{kept:?}");
    Secret::new(kept.json()["secret"].as_str().unwrap().as_bytes()).unwrap()
}

async fn bring(door: &Door, token: &str, item: &TestItem) {
    let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(brought.json()["accepted"].as_array().map(Vec::len), Some(1), "{brought:?}");
}

async fn doors_of(door: &Door, token: &str, item: &TestItem) -> Vec<Value> {
    let had = door.get(token, &format!("/api/v1/items/{}/deliveries", item.id())).await;
    let had = had["deliveries"].as_array().unwrap();
    had.iter().map(|it| json!([it["organisation"], it["door"]])).collect()
}

#[tokio::test]
async fn a_call_that_fails_comes_again_signed_and_is_a_delivery_when_taken() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[503, 302]).await);
    let secret = put(&door, "perugia", format!("{}/hook", receiver.url)).await;
    let item = TestItem::indicator(1).tlp("AMBER");
    bring(&door, &room, &item).await;
    let minute = Duration::from_mins(1);
    for attempt in ["1", "2", "3"] {
        assert_eq!(doors_of(&door, &room, &item).await, Vec::<Value>::new());
        work(
            door.api.house(),
            &receiver.caller,
            (&loopback(), &door.api.settings().webhook_troubles),
        )
        .await
        .unwrap();
        let came = <[Came; 1]>::try_from(receiver.came()).unwrap();
        let [Came { path, attempt: said, signature, body }] = &came;
        assert_eq!((path.as_str(), said.as_str()), ("/hook", attempt));
        let now = door.api.house().now();
        let check = |body: &str| verify(signature, body.as_bytes(), &secret, now, minute);
        assert_eq!(check(body), Ok(()));
        assert_eq!(check(&format!("{body} ")), Err(VerifyError::Wrong));
        work(
            door.api.house(),
            &receiver.caller,
            (&loopback(), &door.api.settings().webhook_troubles),
        )
        .await
        .unwrap();
        assert!(receiver.came().is_empty(), "not before its time");
        door.clock.advance(minute);
    }
    work(door.api.house(), &receiver.caller, (&loopback(), &door.api.settings().webhook_troubles))
        .await
        .unwrap();
    assert!(receiver.came().is_empty());
    assert_eq!(doors_of(&door, &room, &item).await, [json!(["perugia", "webhook"])]);
}

#[tokio::test]
async fn a_call_says_what_may_be_done_with_the_item() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[]).await);
    put(&door, "perugia", receiver.url.clone()).await;
    bring(&door, &room, &TestItem::indicator(1).tlp("CLEAR")).await;
    bind(&door, "internally visible actions").await;
    bring(&door, &room, &TestItem::indicator(2).tlp("CLEAR")).await;
    let troubles = door.api.settings().webhook_troubles.clone();
    let house = door.api.house();
    work(house, &receiver.caller, (&loopback(), &troubles)).await.unwrap();
    let called = receiver.came();
    let page = door.get(&door.token("perugia"), "/api/v1/items").await;
    for line in page["items"].as_array().unwrap() {
        let told: Vec<Value> =
            called.iter().map(|came| serde_json::from_str(&came.body).unwrap()).collect();
        let told = told.iter().find(|told| told["place"] == line["place"]).unwrap();
        for name in ["date_added", "tlp", "pap", "iep", "object"] {
            assert_eq!(told.get(name), line.get(name), "{name}");
        }
    }
    assert_eq!(page["items"][1]["pap"], "RED", "{page}");
}

#[tokio::test]
async fn each_organisation_is_told_its_own_and_what_is_withdrawn_nobody() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[]).await);
    let perugia = put(&door, "perugia", format!("{}/perugia", receiver.url)).await;
    let stranger = put(&door, "stranger", format!("{}/stranger", receiver.url)).await;
    for (n, tlp) in [(1, "AMBER"), (2, "CLEAR"), (3, "CLEAR")] {
        bring(&door, &room, &TestItem::indicator(n).tlp(tlp)).await;
    }
    let line = format!("DELETE /api/v1/items/{}?reason=errore", TestItem::indicator(3).id());
    assert_eq!(door.ask(&room, &line, None).await.status, StatusCode::NO_CONTENT);
    work(door.api.house(), &receiver.caller, (&loopback(), &door.api.settings().webhook_troubles))
        .await
        .unwrap();
    let came = receiver.came();
    // Who could have read it a moment ago hears that it is withdrawn, and nothing of what it said.
    let (withdrawn, came): (Vec<_>, Vec<_>) =
        came.into_iter().partition(|came| came.body.contains("withdrawn"));
    assert_eq!(withdrawn.len(), 2);
    assert!(withdrawn.iter().all(|came| !came.body.contains("scanner")), "{withdrawn:?}");
    let told = came.iter().map(|came| {
        let told: Value = serde_json::from_str(&came.body).unwrap();
        format!("{} {}", came.path, told["object"]["name"].as_str().unwrap())
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    assert_eq!(told, ["/perugia scanner 1", "/perugia scanner 2", "/stranger scanner 2"]);
    let (now, minute) = (door.api.house().now(), Duration::from_mins(1));
    let call = came.iter().find(|came| came.path == "/stranger").unwrap();
    let check = |secret| verify(&call.signature, call.body.as_bytes(), secret, now, minute);
    assert_eq!((check(&stranger), check(&perugia)), (Ok(()), Err(VerifyError::Wrong)));
}

#[tokio::test]
async fn who_follows_and_who_is_called_hear_of_a_suspension_and_of_its_end() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[]).await);
    put(&door, "perugia", format!("{}/perugia", receiver.url)).await;
    put(&door, "stranger", format!("{}/stranger", receiver.url)).await;
    bring(&door, &room, &TestItem::indicator(1).tlp("AMBER")).await;
    let worker = tokio::spawn(live::run(door.api.clone(), pending()));
    let mut stream = crate::stream::open(&door, &door.token("terni"), "0").await;
    assert_eq!(crate::stream::read(&mut stream, 1).await.0, ["scanner 1"]);
    let (admin, mut told) = (door.token("admin"), Vec::new());
    for step in [json!({ "step": "suspend", "reason": "review" }), json!({ "step": "resume" })] {
        let line = "POST /api/v1/agreements/act/steps";
        let taken = door.ask(&admin, line, Some((JSON, &step.to_string()))).await;
        assert!(taken.status.is_success(), "{taken:?}");
        let frame = async {
            loop {
                let frame = crate::stream::read_frame(&mut stream).await;
                if frame.contains("lapsed") {
                    return serde_json::from_str::<Value>(&frame).unwrap()["lapsed"].take();
                }
            }
        };
        told.push(tokio::time::timeout(Duration::from_secs(60), frame).await.unwrap());
    }
    assert_eq!(told.iter().map(|it| &it["now"]).collect::<Vec<_>>(), ["suspended", "restored"]);
    assert_eq!((&told[0]["agreement"], &told[0]["reason"]), (&json!("act"), &json!("review")));
    let items = format!("GET {}", told[0]["items"].as_str().unwrap());
    let listed = door.ask(&door.token("terni"), &items, None).await;
    assert_eq!(listed.json(), json!({ "items": [] }), "it was given back");
    work(door.api.house(), &receiver.caller, (&loopback(), &door.api.settings().webhook_troubles))
        .await
        .unwrap();
    let calls = receiver.came();
    let called = calls.iter().filter_map(|came| {
        let body: Value = serde_json::from_str(&came.body).unwrap();
        body["lapsed"].is_object().then(|| (came.path.clone(), body["lapsed"]["now"].clone()))
    });
    let expected = ["suspended", "restored"].map(|now| ("/perugia".to_owned(), json!(now)));
    let mut called: Vec<_> = called.collect();
    called.sort_by_key(|(_, now)| now != "suspended");
    assert_eq!(called, expected);
    worker.abort();
}

#[tokio::test]
async fn a_receiver_that_never_answers_keeps_nobody_else_waiting() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[]).await);
    put(&door, "perugia", format!("{}/slow", receiver.url)).await;
    put(&door, "terni", format!("{}/quick", receiver.url)).await;
    let (house, caller) = (Arc::clone(door.api.house()), Arc::clone(&receiver.caller));
    let worker = tokio::spawn(run(house, caller, (loopback(), Troubles::default()), pending()));
    for n in 0..40 {
        bring(&door, &room, &TestItem::indicator(n)).await;
    }
    let (mut quick, mut slow) = (0, 0);
    while quick < 40 {
        match receiver.next().await.path.as_str() {
            "/quick" => quick += 1,
            _ => slow += 1,
        }
    }
    assert!(slow <= 4, "{slow} calls to the slow one at once");
    worker.abort();
}

#[tokio::test]
async fn a_worker_that_is_stopped_records_what_was_taken() {
    let ((door, room), mut receiver) = (open(), Receiver::open(&[]).await);
    put(&door, "perugia", format!("{}/hook", receiver.url)).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (house, caller) = (Arc::clone(door.api.house()), Arc::clone(&receiver.caller));
    let stopped = async { drop(stopped.await) };
    let worker = tokio::spawn(run(house, caller, (loopback(), Troubles::default()), stopped));
    let item = TestItem::indicator(1).tlp("AMBER");
    bring(&door, &room, &item).await;
    assert_eq!(receiver.next().await.attempt, "1");
    drop(stop);
    worker.await.unwrap();
    assert_eq!(doors_of(&door, &room, &item).await, [json!(["perugia", "webhook"])]);
}
