//! What is too much is refused, and says when to come again.

use std::time::Duration;

use http::StatusCode;
use vedetta_api::{Rate, Settings};

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
async fn wrong_tokens_are_soon_not_looked_at() {
    let proofs = Rate { burst: 3, every: Duration::from_secs(60) };
    let door = Door::with(Settings { proofs, ..Settings::default() });
    for _ in 0..3 {
        let wrong = door.ask("vdt_00_00", "GET /api/v1/items", None).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.header("www-authenticate").starts_with("Bearer"));
    }
    let refused = door.ask("vdt_00_00", "GET /api/v1/items", None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
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
