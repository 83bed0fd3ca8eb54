//! What is too much is refused, and says when to come again.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use vedetta_api::server::Peer;
use vedetta_api::{Rate, Settings};
use vedetta_testkit::items::TestItem;

use crate::door::Door;

#[tokio::test]
async fn too_many_requests_of_one_account() {
    let per_account = Rate { burst: 3, every: Duration::from_secs(10) };
    let door = Door::with(Settings { per_account, ..Settings::default() });
    let (token, other) = (door.token("perugia"), door.token("terni"));
    for _ in 0..3 {
        door.get(&token, "/api/v1/items").await;
    }
    let refused = door.ask(&token, "GET /api/v1/items", None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "10");
    door.get(&other, "/api/v1/items").await;
    door.clock.advance(Duration::from_secs(10));
    door.get(&token, "/api/v1/items").await;
}

#[tokio::test]
async fn too_many_requests_from_one_address() {
    let per_address = Rate { burst: 3, every: Duration::from_secs(10) };
    let door = Door::with(Settings { per_address, ..Settings::default() });
    let token = door.token("perugia");
    let ask = async |last: u8| {
        let request =
            Request::get("/api/v1/items").header("authorization", format!("Bearer {token}"));
        let mut request = request.body(Body::empty()).unwrap();
        let address = ([203, 0, 113, last], 40_000).into();
        request.extensions_mut().insert(Peer { address, certificate: None });
        let answer = door.send(request).await;
        (answer.status, answer.header("retry-after").to_owned())
    };
    let served = (StatusCode::OK, String::new());
    for _ in 0..3 {
        assert_eq!(ask(1).await, served);
    }
    assert_eq!(ask(1).await, (StatusCode::TOO_MANY_REQUESTS, "10".into()));
    assert_eq!(ask(2).await, served, "the same account from elsewhere");
    door.clock.advance(Duration::from_secs(10));
    assert_eq!(ask(1).await, served);
}

#[tokio::test]
async fn wrong_tokens_are_soon_too_many_and_stop_no_right_one() {
    let proofs = Rate { burst: 3, every: Duration::from_secs(60) };
    let door = Door::with(Settings { proofs, ..Settings::default() });
    for _ in 0..3 {
        let wrong = door.ask("vdt_00_00", "GET /api/v1/items", None).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.header("www-authenticate").starts_with("Bearer"));
    }
    let refused = door.ask("vdt_00_00", "GET /api/v1/items", None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    door.get(&door.token("perugia"), "/api/v1/items").await;
}

#[tokio::test]
async fn too_large_a_body_is_not_read() {
    let door = Door::new();
    let token = door.token("perugia");
    let large = "x".repeat(2 << 20);
    let refused =
        door.ask(&token, "POST /api/v1/preview", Some(("application/json", &large))).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.json()["what_to_do"].is_string());
}

#[tokio::test]
async fn attempts_to_sign_in_are_counted_by_account_too() {
    let plenty = Rate { burst: 1_000, every: Duration::from_micros(1) };
    let sign_ins = Rate { burst: 2, every: Duration::from_secs(60) };
    let door = Door::with(Settings { proofs: plenty, sign_ins, ..Settings::default() });
    let attempt = async |account: &str| {
        let body = format!(r#"{{"account":"{account}","password":"not the one it has"}}"#);
        let line = "POST /api/v1/sessions";
        door.ask("", line, Some(("application/json", &body))).await
    };
    for _ in 0..2 {
        assert_eq!(attempt("perugia").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = attempt("perugia").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(attempt("terni").await.status, StatusCode::UNAUTHORIZED);
    door.clock.advance(Duration::from_secs(60));
    assert_eq!(attempt("perugia").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn strangers_do_not_keep_the_emergency_door_shut() {
    let plenty = Rate { burst: 1_000, every: Duration::from_micros(1) };
    let sign_ins = Rate { burst: 1, every: Duration::from_secs(60) };
    let proofs = Rate { burst: 3, every: Duration::from_secs(60) };
    let door =
        Door::with(Settings { per_address: plenty, proofs, sign_ins, ..Settings::default() });
    let admin = door.api.house().operator().unwrap();
    let code = door.api.house().seal_emergency(&admin).unwrap();
    let open = async |address: [u8; 4], code: &str, reason: &str| {
        let body = serde_json::json!({ "code": code, "reason": reason }).to_string();
        let line = "POST /api/v1/sessions/emergency";
        door.ask_from(address, line, ("application/json", &body)).await.status
    };
    for last in 1..=40 {
        let status = open([203, 0, 113, last], "wrong", "x").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{last}");
    }
    // What proves nothing is not given back, however little its reason says.
    for _ in 0..2 {
        assert_eq!(open([203, 0, 113, 1], "wrong", "x").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(open([203, 0, 113, 1], "wrong", "x").await, StatusCode::TOO_MANY_REQUESTS);
    let reason = "nessun amministratore raggiungibile";
    assert_eq!(open([198, 51, 100, 7], &code, reason).await, StatusCode::OK);
}

#[tokio::test]
async fn a_machine_orders_tokens_no_faster_than_others_prove_who_they_are() {
    let proofs = Rate { burst: 3, every: Duration::from_secs(60) };
    let door = Door::with(Settings { proofs, ..Settings::default() });
    let bot = door.token("perugia.bot");
    let order = async || {
        let body = r#"{"purpose":"siem","days":1}"#;
        door.ask(&bot, "POST /api/v1/tokens", Some(("application/json", body))).await.status
    };
    for _ in 0..3 {
        assert_eq!(order().await, StatusCode::OK);
    }
    assert_eq!(order().await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_search_has_one_page() {
    let door = Door::new();
    let token = door.token("perugia");
    let found = door.get(&token, "/api/v1/organisations?text=comune&limit=1").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    assert!(found["next"].is_null(), "{found}");
    let first = door.get(&token, "/api/v1/organisations?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = door.get(&token, &format!("/api/v1/organisations?limit=1&after={next}")).await;
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
}

#[tokio::test]
async fn one_account_has_eight_streams_and_a_hundred_tokens() {
    let door = Door::new();
    let bot = door.token("perugia.bot");
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(door.ask_open(&bot, "GET /api/v1/stream").await);
    }
    let refused = door.ask(&bot, "GET /api/v1/stream", None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.json()["detail"].as_str().unwrap().contains("8 streams"), "{refused:?}");
    let other = door.ask_open(&door.token("terni.bot"), "GET /api/v1/stream").await;
    assert_eq!(other.status(), StatusCode::OK);
    open.pop();
    assert_eq!(door.ask_open(&bot, "GET /api/v1/stream").await.status(), StatusCode::OK);

    let order = async |purpose: &str| {
        let body = format!(r#"{{"purpose":"{purpose}","days":1}}"#);
        door.ask(&bot, "POST /api/v1/tokens", Some(("application/json", &body))).await.status
    };
    assert_eq!(order(&"x".repeat(201)).await, StatusCode::UNPROCESSABLE_ENTITY);
    // One was there from the beginning.
    for _ in 1..100 {
        assert_eq!(order("siem").await, StatusCode::OK);
    }
    assert_eq!(order("siem").await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_organisation_brings_so_much_in_a_day() {
    let door = Door::with(Settings { octets_a_day: 100, ..Settings::default() });
    let perugia = door.token("perugia");
    let table = "type,value\nipv4,203.0.113.9\nipv4,203.0.113.10\nipv4,203.0.113.11\n";
    let bring =
        async |token: &str| door.ask(token, "POST /api/v1/items", Some(("text/csv", table))).await;
    assert_eq!(bring(&perugia).await.status, StatusCode::OK);
    let refused = bring(&perugia).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.json()["detail"].as_str().unwrap().contains("in a day"), "{refused:?}");
    assert_eq!(bring(&door.token("terni")).await.status, StatusCode::OK);
    let metrics = door.ask(&door.token("admin"), "GET /metrics", None).await;
    let line = format!("vedetta_brought_bytes_today{{organisation=\"perugia\"}} {}", table.len());
    assert!(metrics.text().contains(&line));
    door.clock.advance(Duration::from_secs(86_400));
    assert_eq!(bring(&perugia).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_previewed_counts_as_brought() {
    let item = TestItem::indicator(1).tlp("AMBER").json();
    let handled = format!(r#"{{"category":"indicator","tlp":"AMBER","object":{item}}}"#);
    for (media, body) in [(taxii::STIX, &item), ("application/json", &handled)] {
        let octets_a_day = item.len() as u64 + 1;
        let door = Door::with(Settings { octets_a_day, ..Settings::default() });
        let perugia = door.token("perugia");
        let preview = async |body: &str| {
            door.ask(&perugia, "POST /api/v1/preview", Some((media, body))).await
        };
        assert_eq!(preview(body).await.status, StatusCode::OK);
        assert_eq!(preview(body).await.status, StatusCode::TOO_MANY_REQUESTS, "{media}");
    }
}
