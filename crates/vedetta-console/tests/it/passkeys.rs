//! Coming in by a passkey: an authenticator without a device, at the real doors.

use std::time::Duration;

use http::StatusCode;
use vedetta_api::{Rate, Settings};
use vedetta_directory::directory::Records;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, OrganisationId, Role};
use vedetta_testkit::authenticator::Sent;
use vedetta_testkit::{Authenticator, TestHouse};

use crate::browser::{Answer, Browser, Node, plenty};
use crate::signing_in::{PASSWORD, with_password};

const ORIGIN: &str = "https://node.example";

/// Adds a passkey on the page of one's own access.
async fn add(browser: &mut Browser<'_>, device: &mut Authenticator, own: &str) -> Answer {
    let page = browser.open("/account").await;
    let made = device.make(&page.attribute("data-challenge"), &page.attribute("data-user"));
    let fields = [
        ("seal", &*page.field("seal")),
        ("name", "Chiave blu"),
        ("own-password", own),
        ("client-data", &made.client_data),
        ("attestation", &made.data),
    ];
    browser.post("/account/passkeys", &fields).await
}

/// Sends what a passkey said, with the seal of a page.
async fn send(browser: &mut Browser<'_>, seal: &str, shown: &Sent) -> Answer {
    let fields = [
        ("seal", seal),
        ("to", "/items"),
        ("passkey", &shown.id),
        ("client-data", &shown.client_data),
        ("authenticator-data", &shown.data),
        ("signature", &shown.signature),
        ("user", &shown.user),
    ];
    browser.post("/sign-in/passkey", &fields).await
}

/// Signs in with a passkey, from the page of signing in.
async fn show(browser: &mut Browser<'_>, device: &mut Authenticator) -> Answer {
    let page = browser.open("/sign-in").await;
    let shown = device.show(&page.attribute("data-challenge"));
    send(browser, &page.field("seal"), &shown).await
}

/// A node, and a passkey of an account on it.
async fn with_passkey(settings: Settings) -> (Node, Authenticator) {
    let node = Node::with(TestHouse::small(), settings);
    with_password(&node, "analista", Role::Analyst);
    let mut device = Authenticator::es256(ORIGIN);
    let added = add(&mut node.browser("analista"), &mut device, PASSWORD).await;
    assert_eq!(added.header("location"), "/account?said=passkey-added", "{}", added.text);
    (node, device)
}

#[tokio::test]
async fn a_passkey_opens_the_door_alone_and_all_of_it_is_in_the_ledger() {
    let (node, mut device) = with_passkey(plenty()).await;
    let mut browser = node.stranger();
    let inside = show(&mut browser, &mut device).await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/items"));
    assert!(!browser.cookies.contains_key("__Host-vedetta-doorstep"), "the doorstep is left");
    assert_eq!(browser.open("/items").await.status, StatusCode::OK);
    let page = browser.open("/account").await;
    assert!(page.text.contains("Chiave blu") && page.text.contains("ultima volta"));
    let audit = node.browser("admin").open("/audit?kind=deed&subject=analista").await.text;
    for deed in ["passkey aggiunta", "entrato con una passkey"] {
        assert!(audit.contains(deed), "{deed}: {audit}");
    }
}

#[tokio::test]
async fn without_a_script_the_password_is_there_and_no_passkey_is_asked_for() {
    let node = Node::new();
    let page = node.stranger().open("/sign-in").await.text;
    assert!(page.contains("hidden data-passkey=\"show\""), "a script shows it: {page}");
    assert!(page.contains("id=\"password\""));
    let mut elsewhere = node.stranger();
    let request = elsewhere.request("GET", "/sign-in");
    let mut request = request.body(axum::body::Body::empty()).unwrap();
    request.headers_mut().insert("host", "192.0.2.1".parse().unwrap());
    let page = elsewhere.send(request).await.text;
    assert!(!page.contains("data-passkey"), "they are made for another address");
}

#[tokio::test]
async fn an_answer_is_good_once_here_and_now() {
    let (node, mut device) = with_passkey(plenty()).await;
    let mut browser = node.stranger();
    let page = browser.open("/sign-in").await;
    let (seal, challenge) = (page.field("seal"), page.attribute("data-challenge"));
    let shown = device.show(&challenge);
    // Overheard, and sent from another browser.
    let mut thief = node.stranger();
    let stolen = thief.open("/sign-in").await.field("seal");
    assert_eq!(send(&mut thief, &stolen, &shown).await.status, StatusCode::UNAUTHORIZED);
    // Sent by another site, or without the seal of the page.
    let forged = send(&mut browser, "", &shown).await;
    assert_eq!(forged.status, StatusCode::CONFLICT);
    assert!(!browser.cookies.contains_key("__Host-vedetta"));
    let doorstep = browser.cookies["__Host-vedetta-doorstep"].clone();
    assert_eq!(send(&mut browser, &seal, &shown).await.status, StatusCode::SEE_OTHER);
    // Once more, as the same browser.
    let mut again = node.stranger();
    again.cookies.insert("__Host-vedetta-doorstep".into(), doorstep);
    assert_eq!(send(&mut again, &seal, &shown).await.status, StatusCode::UNAUTHORIZED);
    let late = device.show(&again.open("/sign-in").await.attribute("data-challenge"));
    node.clock.advance(Duration::from_secs(601));
    let refused = send(&mut again, &seal, &late).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.text.contains("La passkey non è stata accettata"), "{}", refused.text);
    assert_eq!(show(&mut again, &mut device).await.status, StatusCode::SEE_OTHER, "and a new one");
}

#[tokio::test]
async fn what_is_not_the_passkey_opens_nothing() {
    let (node, mut device) = with_passkey(plenty()).await;
    let mut tried = async |change: fn(&mut Authenticator), back: fn(&mut Authenticator)| {
        let mut browser = node.stranger();
        change(&mut device);
        let refused = show(&mut browser, &mut device).await;
        back(&mut device);
        assert!(!browser.cookies.contains_key("__Host-vedetta"));
        refused.status
    };
    let origin = |it: &mut Authenticator| it.origin = ORIGIN.into();
    let elsewhere = tried(|it| it.origin = "https://node.example.evil".into(), origin).await;
    assert_eq!(elsewhere, StatusCode::UNAUTHORIZED);
    let rp = |it: &mut Authenticator| it.rp = "node.example".into();
    assert_eq!(tried(|it| it.rp = "example".into(), rp).await, StatusCode::UNAUTHORIZED);
    let flags = |it: &mut Authenticator| it.flags = 5;
    assert_eq!(tried(|it| it.flags = 1, flags).await, StatusCode::UNAUTHORIZED, "not verified");
    let id = |it: &mut Authenticator| it.id = b"credential of a test".to_vec();
    assert_eq!(tried(|it| it.id = b"another".to_vec(), id).await, StatusCode::UNAUTHORIZED);
    let mut copy = Authenticator::es256(ORIGIN);
    copy.user.clone_from(&device.user);
    assert_eq!(show(&mut node.stranger(), &mut copy).await.status, StatusCode::UNAUTHORIZED);
    // It counts from now on; a copy of it that is behind is told.
    device.count = 40;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::SEE_OTHER);
    device.count = 12;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
    let audit = node.browser("admin").open("/audit?kind=deed&actor=analista").await.text;
    assert!(audit.contains("may have been copied"), "{audit}");
}

#[tokio::test]
async fn a_session_from_before_is_left_behind() {
    let (node, mut device) = with_passkey(plenty()).await;
    let mut browser = node.browser("analista");
    let planted = browser.cookies["__Host-vedetta"].clone();
    let page = browser.open("/account").await;
    let shown = device.show(&page.attribute("data-challenge"));
    let inside = send(&mut browser, &page.field("seal"), &shown).await;
    assert_eq!(inside.status, StatusCode::SEE_OTHER, "{}", inside.text);
    assert_ne!(browser.cookies["__Host-vedetta"], planted);
    let mut before = node.stranger();
    before.cookies.insert("__Host-vedetta".into(), planted);
    assert!(before.open("/items").await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn it_takes_ones_password_to_add_one() {
    let (node, mut device) = with_passkey(plenty()).await;
    let mut browser = node.browser("analista");
    let mut other = Authenticator::ed25519(ORIGIN);
    other.id = b"the other".to_vec();
    for own in ["", "not the one it has"] {
        let refused = add(&mut browser, &mut other, own).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("La tua password di adesso non è giusta"));
    }
    let twice = add(&mut browser, &mut device, PASSWORD).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "it is there already");
    let key = browser.open("/account").await.field("key");
    let to = "/account/keys/removal";
    for own in ["", "not the one it has"] {
        let refused = browser.fill("/account", to, &[("key", &key), ("own-password", own)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    }
    // Whoever came in by it is put out with it; who removes it stays.
    let mut by_it = node.stranger();
    assert_eq!(show(&mut by_it, &mut device).await.status, StatusCode::SEE_OTHER);
    let removed = browser.fill("/account", to, &[("key", &key), ("own-password", PASSWORD)]).await;
    assert_eq!(removed.header("location"), "/account?said=removed");
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
    assert!(by_it.open("/items").await.header("location").starts_with("/sign-in"));
    assert_eq!(browser.open("/items").await.status, StatusCode::OK);
    let audit = node.browser("admin").open("/audit?kind=deed&subject=analista").await.text;
    assert!(audit.contains("passkey tolta") && audit.contains("Chiave blu"), "{audit}");
}

#[tokio::test]
async fn a_new_password_leaves_no_key_of_before() {
    let (node, mut device) = with_passkey(plenty()).await;
    let fields = [
        ("own-password", PASSWORD),
        ("password", "another horse battery"),
        ("password-again", "another horse battery"),
    ];
    let id = AccountId::new("analista").unwrap();
    let kept = [fields.as_slice(), &[("keep-keys", "yes")]].concat();
    node.browser("analista").fill("/account", "/account/password", &kept).await;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::SEE_OTHER);
    let fields = [fields[1], fields[2], ("own-password", "another horse battery")];
    let mut browser = node.browser("analista");
    let page = browser.open("/account").await.text;
    assert!(page.contains("le passkey e le identità elencate qui sotto"), "{page}");
    browser.fill("/account", "/account/password", &fields).await;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
    // And one that an administrator gives.
    node.console.house().set_password(&node.admin, &id, PASSWORD).unwrap();
    add(&mut node.browser("analista"), &mut device, PASSWORD).await;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::SEE_OTHER);
    node.console.house().set_password(&node.admin, &id, PASSWORD).unwrap();
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_role_more_is_not_given_to_the_keys_of_before() {
    let (node, mut device) = with_passkey(plenty()).await;
    node.account("analista", "cnaipic", &[Role::Analyst, Role::Administrator]);
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_administrator_removes_anyones_and_others_only_their_own() {
    let (node, mut device) = with_passkey(plenty()).await;
    with_password(&node, "capo", Role::Administrator);
    with_password(&node, "rossi", Role::Analyst);
    let mut admin = node.browser("capo");
    let key = admin.open("/accounts/analista").await.field("key");
    let fields = [("key", &*key), ("own-password", PASSWORD)];
    let stranger = node.browser("rossi").fill("/account", "/account/keys/removal", &fields).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::SEE_OTHER);
    let to = "/accounts/analista/keys/removal";
    let removed = admin.fill("/accounts/analista", to, &fields).await;
    assert_eq!(removed.header("location"), "/accounts/analista?said=removed");
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_closed_account_stays_closed() {
    let (node, mut device) = with_passkey(plenty()).await;
    let id = AccountId::new("analista").unwrap();
    let house = node.console.house();
    let account = house.standing().directory.account(&id).unwrap().clone();
    let closed = Account { state: AccountState::Closed, ..account.clone() };
    house.put_account(&node.admin, &closed).unwrap();
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
    house.put_account(&node.admin, &account).unwrap();
    let opened = show(&mut node.stranger(), &mut device).await.status;
    assert_eq!(opened, StatusCode::UNAUTHORIZED, "opened again without its keys");
}

#[tokio::test]
async fn whoever_has_the_name_one_day_has_none_of_its_keys() {
    let node = Node::new();
    let (house, id) = (node.console.house(), AccountId::new("ospite").unwrap());
    node.account("ospite", "stranger", &[Role::Liaison]);
    house.set_password(&node.admin, &id, PASSWORD).unwrap();
    let mut device = Authenticator::es256(ORIGIN);
    add(&mut node.browser("ospite"), &mut device, PASSWORD).await;
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::SEE_OTHER);
    let before = house.standing();
    let organisation = OrganisationId::new("stranger").unwrap();
    house.remove_organisation(&node.admin, &organisation).unwrap();
    let organisations = vec![before.directory.organisation(&organisation).unwrap().clone()];
    let records = Records { organisations, ..Records::default() };
    house.put_records(&node.admin, records).unwrap();
    node.account("ospite", "stranger", &[Role::Liaison]);
    assert_eq!(show(&mut node.stranger(), &mut device).await.status, StatusCode::UNAUTHORIZED);
    assert!(node.browser("ospite").open("/account").await.text.contains("Non ce ne sono ancora"));
}

#[tokio::test]
async fn trying_passkeys_is_slow() {
    let few = Rate { burst: 4, every: Duration::from_secs(60) };
    let (node, mut device) = with_passkey(Settings { proofs: few, ..plenty() }).await;
    device.flags = 1;
    let mut browser = node.stranger();
    for _ in 0..4 {
        assert_eq!(show(&mut browser, &mut device).await.status, StatusCode::UNAUTHORIZED);
    }
    let slow = show(&mut browser, &mut device).await;
    assert_eq!(slow.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!slow.header("retry-after").is_empty());
}
