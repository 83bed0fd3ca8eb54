//! Coming in: password and code, no session from before, few tries.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use vedetta_api::server::Peer;
use vedetta_api::{Rate, Settings};
use vedetta_model::{AccountId, Role};
use vedetta_testkit::TestHouse;

use crate::browser::{Browser, Node};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// The code that an authenticator shows, given what the page or the `otpauth:` address says of it.
pub(crate) fn code(node: &Node, secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret.as_bytes().to_vec()).build().unwrap();
    totp.generate(u64::try_from(node.console.house().now().micros() / 1_000_000).unwrap())
        .to_string()
}

pub(crate) fn with_password(node: &Node, account: &str, role: Role) {
    node.account(account, "cnaipic", &[role]);
    let id = AccountId::new(account).unwrap();
    node.console.house().set_password(&node.admin, &id, PASSWORD).unwrap();
}

async fn enter(browser: &mut Browser<'_>, account: &str, code: &str) -> crate::browser::Answer {
    let fields = [("account", account), ("password", PASSWORD), ("code", code), ("to", "/items")];
    browser.fill("/sign-in", "/sign-in", &fields).await
}

#[tokio::test]
async fn a_session_is_new_and_ends_with_signing_out() {
    let node = Node::new();
    with_password(&node, "analista", Role::Analyst);
    let mut early = node.stranger();
    assert_eq!(enter(&mut early, "analista", "").await.status, StatusCode::FORBIDDEN);
    let address = node.console.house().enrol_by_password("analista", PASSWORD).unwrap();
    let secret = address.split(['=', '&']).nth(1).unwrap();
    let mut browser = node.stranger();
    let away = browser.open("/items?kind=report").await;
    assert_eq!(away.header("location"), "/sign-in?to=/items%3Fkind%3Dreport");
    let inside = enter(&mut browser, "analista", &code(&node, secret)).await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/items"));
    let cookie = inside.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap();
    for part in ["__Host-vedetta=vdt_", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let first = browser.cookies["__Host-vedetta"].clone();
    // Whoever signs in over a session gets another, and the one before is no more.
    let mut second = node.stranger();
    second.cookies.insert("__Host-vedetta".into(), first.clone());
    node.clock.advance(Duration::from_secs(60));
    let code = code(&node, secret);
    let fields = [("account", "analista"), ("password", PASSWORD), ("code", &code)];
    second.fill("/help", "/sign-in", &fields).await;
    assert_ne!(second.cookies["__Host-vedetta"], first);
    assert!(browser.open("/items").await.header("location").starts_with("/sign-in"));
    assert_eq!(second.open("/items").await.status, StatusCode::OK);
    second.fill("/help", "/sign-out", &[]).await;
    assert!(second.open("/items").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn a_cookie_from_outside_is_nobody() {
    let node = Node::new();
    let mut browser = node.stranger();
    browser.cookies.insert("__Host-vedetta".into(), "vdt_planted_c2VjcmV0".into());
    assert!(browser.open("/items").await.header("location").starts_with("/sign-in"));
    assert_eq!(enter(&mut browser, "nobody", "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_is_no_session() {
    let node = Node::new();
    with_password(&node, "analista", Role::Analyst);
    let (house, id) = (node.console.house(), AccountId::new("analista").unwrap());
    let day = Duration::from_secs(86_400);
    let issued = house.issue_token(&node.admin, &id, "SIEM", BTreeSet::new(), day).unwrap();
    let token = issued.token.reveal();
    let mut browser = node.stranger();
    browser.cookies.insert("__Host-vedetta".into(), token.into());
    for page in ["/items", "/live"] {
        assert!(browser.open(page).await.header("location").starts_with("/sign-in"), "{page}");
    }
    assert_eq!(enter(&mut browser, "analista", "").await.status, StatusCode::FORBIDDEN);
    assert!(house.actor_by_token(token).is_ok(), "it is still what it is for");
    let request = Request::get("/api/v1/items").header("cookie", format!("__Host-vedetta={token}"));
    let asked = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED, "no cookie opens the machines' doors");
}

#[tokio::test]
async fn everybody_sets_up_an_authenticator_first() {
    let node = Node::new();
    with_password(&node, "turno", Role::Auditor);
    let mut browser = node.stranger();
    // The password was just proven: what is to be scanned is shown without asking for it again.
    let shown = enter(&mut browser, "turno", "").await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN, "not inside yet");
    assert!(shown.text.contains("class=\"qr\"") && shown.text.contains("value=\"turno\""));
    assert!(!shown.text.contains(PASSWORD), "no page holds a password");
    let secret = shown.text.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap();
    let code = code(&node, &secret.replace(' ', ""));
    assert_eq!(enter(&mut browser, "turno", "000000").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(enter(&mut browser, "turno", &code).await.status, StatusCode::SEE_OTHER);
    let mut other = node.stranger();
    assert_eq!(enter(&mut other, "turno", &code).await.status, StatusCode::UNAUTHORIZED, "once");
}

#[tokio::test]
async fn guessing_is_slow() {
    let plenty = Rate { burst: 1_000_000, every: Duration::from_micros(1) };
    let few = Rate { burst: 2, every: Duration::from_secs(60) };
    let settings = Settings {
        per_address: plenty,
        per_account: plenty,
        proofs: plenty,
        sign_ins: few,
        ..Settings::default()
    };
    let node = Node::with(TestHouse::small(), settings);
    let mut browser = node.stranger();
    for _ in 0..2 {
        assert_eq!(enter(&mut browser, "admin", "").await.status, StatusCode::UNAUTHORIZED);
    }
    let slow = enter(&mut browser, "admin", "").await;
    assert_eq!(slow.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!slow.header("retry-after").is_empty());
}

#[tokio::test]
async fn an_address_that_asks_too_much_waits_and_no_other_does() {
    let per_address = Rate { burst: 3, every: Duration::from_secs(10) };
    let node = Node::with(TestHouse::small(), Settings { per_address, ..Settings::default() });
    let mut browser = node.browser("perugia");
    let mut open = async |last: u8| {
        let mut request = browser.request("GET", "/help").body(Body::empty()).unwrap();
        let address = ([203, 0, 113, last], 40_000).into();
        request.extensions_mut().insert(Peer { address, certificate: None });
        let answer = browser.send(request).await;
        (answer.status, answer.header("retry-after").to_owned())
    };
    let served = (StatusCode::OK, String::new());
    for _ in 0..3 {
        assert_eq!(open(1).await, served);
    }
    assert_eq!(open(1).await, (StatusCode::TOO_MANY_REQUESTS, "10".into()));
    assert_eq!(open(2).await, served);
    node.clock.advance(Duration::from_secs(10));
    assert_eq!(open(1).await, served);
}

#[tokio::test]
async fn a_link_from_elsewhere_is_followed_once_more_from_here() {
    let node = Node::new();
    let mut browser = node.stranger();
    let request = browser.request("GET", "/items?text=%22x").header("sec-fetch-site", "cross-site");
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert!(answer.text.contains("http-equiv=\"refresh\""), "{answer:?}");
    assert!(answer.text.contains("url=/items?text=%22x"));
}

#[tokio::test]
async fn language_theme_and_keys_are_kept_on_the_device() {
    let node = Node::new();
    let mut browser = node.browser("perugia");
    for (name, value, shown) in [
        ("language", "en", "<html lang=\"en\""),
        ("theme", "night", "data-theme=\"night\""),
        ("keys", "off", "data-keys=\"off\""),
    ] {
        let fields = [(name, value), ("to", "/help")];
        let chosen = browser.fill("/help", "/preferences", &fields).await;
        assert_eq!(chosen.header("location"), "/help");
        assert!(browser.open("/help").await.text.contains(shown), "{name}");
    }
}

#[tokio::test]
async fn a_session_alone_changes_no_proof() {
    let node = Node::new();
    with_password(&node, "analista", Role::Analyst);
    let mut browser = node.browser("analista");
    let new = [("password", "another long phrase"), ("password-again", "another long phrase")];
    let token = [("account", "analista"), ("purpose", "siem"), ("days", "366")];
    let sent = [
        ("/account", "/account/password", new.as_slice()),
        ("/account", "/account/authenticator", &[]),
        ("/machines", "/machines/tokens", &token),
    ];
    for (page, to, fields) in sent {
        for own in ["", "not the one it has"] {
            let fields = [fields, &[("own-password", own)]].concat();
            let refused = browser.fill(page, to, &fields).await;
            assert!(refused.text.contains("La tua password di adesso non è giusta"), "{to}");
        }
    }
    for (page, to, fields) in sent.into_iter().rev() {
        let done = browser.fill(page, to, &[fields, &[("own-password", PASSWORD)]].concat()).await;
        assert!([StatusCode::OK, StatusCode::SEE_OTHER].contains(&done.status), "{to}");
    }
    assert!(browser.open("/items").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn one_ends_ones_own_sessions_only() {
    let node = Node::new();
    with_password(&node, "analista", Role::Analyst);
    let mut browser = node.browser("analista");
    let other = node.browser("analista").cookies["__Host-vedetta"].clone();
    let id = other.split('_').nth(1).unwrap();
    let ended = browser.fill("/account", &format!("/account/sessions/{id}/end"), &[]).await;
    assert_eq!(ended.header("location"), "/account?said=session-ended");
    let strangers = node.browser("perugia").cookies["__Host-vedetta"].clone();
    let id = strangers.split('_').nth(1).unwrap();
    let mut not = node.browser("admin");
    let refused = not.fill("/account", &format!("/account/sessions/{id}/end"), &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_role_more_takes_ones_own_password() {
    let node = Node::new();
    with_password(&node, "capo", Role::Administrator);
    node.account("rossi", "cnaipic", &[Role::Analyst]);
    let mut browser = node.browser("capo");
    let seen = browser.open("/accounts/rossi").await.field("seen");
    let rises = [("seen", &*seen), ("id", "rossi"), ("name", "Rossi"), ("role", "auditor")];
    for (own, status) in [("", 422), (PASSWORD, 303)] {
        let more = [("organisation", "cnaipic"), ("own-password", own)];
        let fields = [rises.as_slice(), &more].concat();
        let saved = browser.fill("/accounts/rossi", "/accounts", &fields).await;
        assert_eq!(saved.status, status, "{}", saved.text);
    }
}
