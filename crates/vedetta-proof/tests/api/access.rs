//! The matrix: every line, tried as every role.

use bytes::Bytes;
use http::StatusCode;
use vedetta_api::Indoors;
use vedetta_api::access::{TABLE, Who};
use vedetta_model::Role;

use crate::door::Door;

/// What a line admits and its action does not, asked about an organisation that is not there: what was
/// handed over is its room's and those of it, and of this one.
const OF_OTHERS: &[(&str, Role)] = &[
    ("GET /api/v1/rosters/nobody/handovers", Role::Liaison),
    ("GET /api/v1/rosters/nobody/handovers", Role::Machine),
];

#[tokio::test]
async fn no_route_is_missing_from_the_table_nor_from_the_router() {
    assert_eq!(vedetta_api::gaps(&Door::new().api), Vec::<String>::new());
}

#[tokio::test]
async fn every_line_of_the_matrix_holds_for_every_role() {
    let door = Door::new();
    let mut tokens = Vec::new();
    for role in Role::ALL {
        let id = format!("{role:?}").to_lowercase();
        door.account(&id, "cnaipic", &[role]);
        tokens.push((role, door.token(&id)));
    }
    let mut refused = Vec::new();
    // Signing out revokes the token of the one who asks.
    for route in TABLE.iter().filter(|route| !route.path.ends_with("/current")) {
        let path: Vec<&str> = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "nobody" } else { part })
            .collect();
        let line = format!("{} {}", route.verb.as_str(), path.join("/"));
        let unproven = door.ask("", &line, None).await.status;
        assert_eq!(unproven == StatusCode::UNAUTHORIZED, route.who != Who::Anyone, "{line}");
        for (role, token) in &tokens {
            let admitted = match route.who {
                Who::Anyone | Who::SignedIn => true,
                Who::Roles(roles) | Who::Room(roles) => roles.contains(role),
                Who::Operator => false,
            };
            let status = door.ask(token, &line, None).await.status;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{line} as {role:?}");
            if !admitted {
                assert_eq!(status, StatusCode::FORBIDDEN, "{line} as {role:?}");
            } else if status == StatusCode::FORBIDDEN {
                refused.push((line.clone(), *role));
            }
        }
    }
    let expected: Vec<_> =
        OF_OTHERS.iter().map(|(line, role)| ((*line).to_owned(), *role)).collect();
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn the_operator_at_the_machine_is_an_administrator_and_in_the_ledger() {
    let door = Door::new();
    let indoors = Indoors::new(&door.api);
    let ask = async |line: &str, body: &'static str| {
        let (method, path) = line.split_once(' ').unwrap();
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json");
        let (status, body) = indoors.ask(request.body(Bytes::from(body)).unwrap()).await.unwrap();
        (status, serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default())
    };
    let (_, who) = ask("GET /api/v1/sessions/current", "").await;
    assert_eq!(who["organisation"], "cnaipic");
    assert_eq!(who["roles"], serde_json::json!(["administrator"]));
    let organisation = r#"{"id":"nuovo","name":"Comune nuovo","kind":"municipality"}"#;
    let (status, _) = ask("PUT /api/v1/organisations/nuovo", organisation).await;
    assert_eq!(status, StatusCode::OK);
    let (_, entries) = ask("GET /api/v1/ledger/entries?limit=1000", "").await;
    let last = entries["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["actor"], &last["subject"]), (&"vedetta".into(), &"nuovo".into()));
}

#[tokio::test]
async fn a_room_elsewhere_is_not_this_room() {
    let door = Door::new();
    door.account("turno", "cosc-umbria", &[Role::DutyOfficer, Role::Analyst]);
    let token = door.token("turno");
    for route in TABLE.iter().filter(|route| matches!(route.who, Who::Room(_))) {
        let path = route.path.replace(['{', '}'], "");
        let line = format!("{} {path}", route.verb.as_str());
        assert_eq!(door.ask(&token, &line, None).await.status, StatusCode::FORBIDDEN, "{line}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_account_until_revoked_or_expired() {
    use base64::Engine as _;
    let door = Door::new();
    let token = door.token("perugia");
    let basic = |account: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{account}:{token}"));
        http::Request::get("/taxii2/")
            .header("authorization", format!("Basic {pair}"))
            .body(axum::body::Body::empty())
            .unwrap()
    };
    assert_eq!(door.send(basic("perugia")).await.status, StatusCode::OK);
    assert_eq!(door.send(basic("terni")).await.status, StatusCode::UNAUTHORIZED);
    let who = door.get(&token, "/api/v1/sessions/current").await;
    assert_eq!(
        (who["account"].as_str(), who["organisation"].as_str()),
        (Some("perugia"), Some("perugia"))
    );

    let second = door.token("perugia");
    let gone = door.ask(&second, "DELETE /api/v1/sessions/current", None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(door.send(basic("perugia")).await.status, StatusCode::OK);
    let after = door.ask(&second, "GET /api/v1/sessions/current", None).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);

    door.clock.advance(std::time::Duration::from_secs(86_400 * 365));
    assert_eq!(door.send(basic("perugia")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_can_be_narrower_than_its_account() {
    let door = Door::new();
    door.account("both", "cnaipic", &[Role::Analyst, Role::Machine]);
    let all = door.token("both");
    let new = r#"{"purpose":"collector","scope":["machine"],"days":30}"#;
    let refused = door.ask(&all, "POST /api/v1/tokens", Some(("application/json", new))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "a person proves it anew");
    let (all, own) = door.with_password("both");
    let new = &new.replace("}", &own);
    let issued = door.ask(&all, "POST /api/v1/tokens", Some(("application/json", new))).await;
    assert_eq!(issued.status, StatusCode::OK, "{issued:?}");
    let narrow = issued.json()["token"].as_str().unwrap().to_owned();
    let refused = door.ask(&narrow, "GET /api/v1/dead-letters", None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(door.ask(&all, "GET /api/v1/dead-letters", None).await.status, StatusCode::OK);
    let wider = r#"{"purpose":"more","scope":["administrator"],"days":30}"#;
    let wider = &wider.replace("}", &own);
    let refused = door.ask(&all, "POST /api/v1/tokens", Some(("application/json", wider))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_firewall_need_not_be_all_that_its_owner_is() {
    let door = Door::new();
    let (_, own) = door.with_password("terni");
    let liaison = door.token("terni");
    let new = r#"{"purpose":"firewall","scope":["machine"],"days":30}"#.replace('}', &own);
    let line = "POST /api/v1/tokens";
    let issued = door.ask(&liaison, line, Some(("application/json", &new))).await;
    assert_eq!(issued.status, StatusCode::OK, "{issued:?}");
    let firewall = issued.json()["token"].as_str().unwrap().to_owned();
    let who = door.get(&firewall, "/api/v1/sessions/current").await;
    assert_eq!(who["roles"], serde_json::json!(["machine"]), "{who}");
    assert_eq!(door.ask(&firewall, "GET /feeds/hosts", None).await.status, StatusCode::OK);
    // It does not widen itself again.
    for scope in ["[]", r#"["liaison"]"#] {
        let wider = new.replace(r#"["machine"]"#, scope);
        let refused = door.ask(&firewall, line, Some(("application/json", &wider))).await;
        assert_ne!(refused.status, StatusCode::OK, "{scope}");
    }
    // Who only looks on brings nothing by a machine either.
    door.account("looks", "cnaipic", &[Role::Auditor]);
    let (looks, own) = door.with_password("looks");
    let new = r#"{"purpose":"firewall","scope":["machine"],"days":30}"#.replace('}', &own);
    let refused = door.ask(&looks, line, Some(("application/json", &new))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
}

#[tokio::test]
async fn a_sealed_code_opens_once_with_a_reason_and_is_in_the_ledger() {
    let door = Door::new();
    let json = "application/json";
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let seal = "POST /api/v1/emergency";
    let refused = door.ask(&door.token("sala"), seal, Some((json, "{}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let (admin, own) = door.with_password("admin");
    let refused = door.ask(&admin, seal, Some((json, "{}"))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "a session alone seals nothing");
    let own = own.replacen(',', "{", 1);
    let sealed = async || door.ask(&admin, seal, Some((json, &own))).await.json()["code"].clone();
    let old = sealed().await.as_str().unwrap().to_owned();
    let code = sealed().await.as_str().unwrap().to_owned();
    let open = async |code: &str, reason: &str| {
        let body = serde_json::json!({ "code": code, "reason": reason }).to_string();
        door.ask("", "POST /api/v1/sessions/emergency", Some((json, &body))).await
    };
    assert_eq!(open(&code, "x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reason = "nessun amministratore raggiungibile";
    assert_eq!(open(&old, reason).await.status, StatusCode::UNAUTHORIZED);
    let opened = open(&code, reason).await;
    assert_eq!(opened.status, StatusCode::OK, "{opened:?}");
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    let who = door.get(&token, "/api/v1/sessions/current").await;
    assert_eq!(who["account"], "emergency");
    let entries = door.get(&token, "/api/v1/ledger/entries?limit=1000").await.to_string();
    assert!(entries.contains("seal broken: nessun amministratore"), "{entries}");
    assert!(!entries.contains(&code));
    assert_eq!(open(&code, reason).await.status, StatusCode::UNAUTHORIZED, "once");
    door.clock.advance(std::time::Duration::from_secs(2 * 3_600 + 1));
    let late = door.ask(&token, "GET /api/v1/sessions/current", None).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn people_sign_in_with_password_and_code() {
    let door = Door::new();
    door.account("rossi", "cosc-umbria", &[Role::Analyst]);
    let line = "PUT /api/v1/accounts/rossi/password";
    let alone = r#"{"password":"correct horse battery"}"#;
    let admin = door.token("admin");
    let refused = door.ask(&admin, line, Some(("application/json", alone))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "a token alone sets no password");
    let (admin, own) = door.with_password("admin");
    let set = door.ask(&admin, line, Some(("application/json", &alone.replace("}", &own)))).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    let sign_in = r#"{"account":"rossi","password":"correct horse battery"}"#;
    let refused = door.ask("", "POST /api/v1/sessions", Some(("application/json", sign_in))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.json()["type"].as_str().unwrap().ends_with("/must-enrol"), "{refused:?}");
    let first = door.ask("", "POST /api/v1/enrolments", Some(("application/json", sign_in))).await;
    assert!(first.json()["address"].as_str().unwrap().starts_with("otpauth://totp/"));

    let line = "POST /api/v1/accounts/rossi/totp";
    let token = door.token("rossi");
    let refused = door.ask(&token, line, Some(("application/json", "{}"))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let own = r#"{"own_password":"correct horse battery"}"#;
    let enrolled = door.ask(&token, line, Some(("application/json", own))).await;
    assert!(enrolled.json()["address"].as_str().unwrap().starts_with("otpauth://totp/"));
    for wrong in [sign_in, r#"{"account":"nobody","password":"correct horse battery"}"#] {
        let refused =
            door.ask("", "POST /api/v1/sessions", Some(("application/json", wrong))).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_session_alone_gives_nobody_another_way_in() {
    let door = Door::new();
    let json = "application/json";
    let (admin, own) = door.with_password("admin");
    let fingerprint = "a".repeat(64);
    let ties = serde_json::json!({ "fingerprint": fingerprint, "account": "perugia.bot",
        "expires": "2027-01-01T00:00:00.000000Z" });
    let account = |id: &str, roles: &[&str], state: &str| {
        let body = serde_json::json!({ "id": id, "name": id, "organisation": "cnaipic",
            "roles": roles, "state": state });
        (format!("PUT /api/v1/accounts/{id}"), body.to_string())
    };
    door.account("rossi", "cnaipic", &[Role::Analyst]);
    let ask =
        async |line: &str, body: &str| door.ask(&admin, line, Some((json, body))).await.status;
    let tie = (format!("PUT /api/v1/certificates/{fingerprint}"), ties.to_string());
    let rises = account("rossi", &["analyst", "administrator"], "active");
    for (line, body) in [tie, rises] {
        assert_eq!(ask(&line, &body).await, StatusCode::UNAUTHORIZED, "{line}");
        let (head, _) = body.rsplit_once('}').unwrap();
        assert!(ask(&line, &format!("{head}{own}")).await.is_success(), "{line}");
    }
    let closed = account("rossi", &["analyst"], "closed");
    assert_eq!(ask(&closed.0, &closed.1).await, StatusCode::OK, "what takes away needs none");
    let open = account("rossi", &["analyst"], "active");
    assert_eq!(ask(&open.0, &open.1).await, StatusCode::UNAUTHORIZED);
    let fresh = account("verdi", &["analyst"], "active");
    assert_eq!(ask(&fresh.0, &fresh.1).await, StatusCode::OK, "who has no password yet");
    let file = serde_json::json!({ "accounts": [{ "id": "verdi", "name": "verdi",
        "organisation": "cnaipic", "roles": ["administrator"] }] });
    for line in ["POST /api/v1/imports?dry_run=true", "POST /api/v1/imports"] {
        assert_eq!(ask(line, &file.to_string()).await, StatusCode::UNPROCESSABLE_ENTITY, "{line}");
    }
}
