//! Coming from a provider of identities: one of our own, over real HTTP on loopback.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use vedetta_api::{Rate, Settings};
use vedetta_flow::FlowError;
use vedetta_keyring::oidc::{self, Profile, Signer};
use vedetta_keyring::{Keyring, Ways};
use vedetta_model::{AccountId, Actor, Language, Role, Way};
use vedetta_testkit::TestHouse;

use crate::browser::{Answer, Browser, Node, plenty};
use crate::idp::{FISCAL_NUMBER, Idp, P256, RSA};
use crate::signing_in::{PASSWORD, code, with_password};

/// Goes to a provider and comes back with what it says.
async fn arrive(
    (idp, node): (&Idp, &Node),
    browser: &mut Browser<'_>,
    provider: &str,
    said: Value,
) -> Answer {
    let sent = browser.open(&format!("/sign-in/with/{provider}?to=/items")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let (code, state) = idp.comes_back(node, sent.header("location"), said);
    browser.open(&format!("/sign-in/callback?code={code}&state={state}")).await
}

/// The same; who is asked for a code gives the right one.
async fn enter(
    (idp, node): (&Idp, &Node),
    browser: &mut Browser<'_>,
    provider: &str,
    said: Value,
) -> Answer {
    let named = arrive((idp, node), browser, provider, said).await;
    if named.header("location") != "/sign-in/code" {
        return named;
    }
    let secret = authenticator(node, "analista");
    let fields = [("code", &*code(node, &secret))];
    browser.fill("/sign-in/code", "/sign-in/code", &fields).await
}

/// Ties what a provider says to the account that is signed in.
async fn tie((idp, node): (&Idp, &Node), browser: &mut Browser<'_>, said: Value) -> Answer {
    let fields = [("provider", "ente"), ("own-password", PASSWORD)];
    let sent = browser.fill("/account", "/account/identities", &fields).await;
    assert_eq!(sent.status, StatusCode::OK, "a form leads nowhere else: {}", sent.text);
    let (code, state) = idp.comes_back(node, &sent.attribute("href"), said);
    browser.open(&format!("/sign-in/callback?code={code}&state={state}")).await
}

fn is_inside(browser: &Browser<'_>) -> bool {
    browser.cookies.contains_key("__Host-vedetta")
}

#[tokio::test]
async fn an_identity_that_one_tied_opens_ones_account_and_no_other() {
    let idp = Idp::new().await;
    let node = idp.node();
    let there = node.console.house().standing().directory.accounts().len();
    let mut early = node.stranger();
    let nobody = enter((&idp, &node), &mut early, "ente", json!({})).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert!(nobody.text.contains("nessun account vi è collegato"), "{}", nobody.text);
    assert_eq!(node.console.house().standing().directory.accounts().len(), there, "nobody is made");
    let tied = tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    assert_eq!(tied.header("location"), "/account?said=identity-tied", "{}", tied.text);
    let mut browser = node.stranger();
    let inside = enter((&idp, &node), &mut browser, "ente", json!({})).await;
    assert_eq!((inside.status, inside.header("location")), (StatusCode::SEE_OTHER, "/items"));
    assert!(browser.open("/account").await.text.contains("<code>analista</code>"));
    let other = enter((&idp, &node), &mut node.stranger(), "ente", json!({ "sub": "x" })).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED);
    let taken = tie((&idp, &node), &mut node.browser("capo"), json!({})).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY, "it is somebody's");
    let audit = node.browser("admin").open("/audit?kind=deed&subject=analista").await.text;
    for deed in ["identity at ente tied", "signed in by identity at ente"] {
        assert!(audit.contains(deed), "{deed}: {audit}");
    }
    assert!(!audit.contains("anna-conti"), "the ledger does not say whose");
    let desk = idp.0.lock().unwrap();
    assert!(desk.redeemed.iter().all(|form| form["code_verifier"].len() >= 43));
    assert_eq!(desk.asked, 1, "its keys are kept");
}

#[tokio::test]
async fn what_the_provider_says_is_believed_of_this_attempt_only() {
    let idp = Idp::new().await;
    let node = idp.node();
    tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    let at = node.console.house().now().micros() / 1_000_000;
    for said in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another" }),
        json!({ "aud": ["vedetta", "another"] }),
        json!({ "azp": "another" }),
        json!({ "nonce": "another" }),
        json!({ "exp": at - 61 }),
        json!({ "iat": at - 3_600 }),
        json!({ "sub": "" }),
    ] {
        let mut browser = node.stranger();
        let refused = enter((&idp, &node), &mut browser, "ente", said.clone()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{said}");
        assert!(refused.text.contains("id=\"password\"") && !is_inside(&browser), "{said}");
    }
    assert!(is_inside(&{
        let mut browser = node.stranger();
        enter((&idp, &node), &mut browser, "ente", json!({})).await;
        browser
    }));
}

#[tokio::test]
async fn an_attempt_is_ended_once_by_the_browser_that_began_it() {
    let idp = Idp::new().await;
    let node = idp.node();
    tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    let mut browser = node.stranger();
    let begin = async |browser: &mut Browser<'_>| {
        let sent = browser.open("/sign-in/with/ente").await;
        idp.comes_back(&node, sent.header("location"), json!({}))
    };
    // Somebody else's code and state, slipped to a victim.
    let (code, state) = begin(&mut node.stranger()).await;
    let slipped = format!("/sign-in/callback?code={code}&state={state}");
    let mut victim = node.stranger();
    assert_eq!(victim.open(&slipped).await.status, StatusCode::UNAUTHORIZED);
    begin(&mut victim).await;
    assert_eq!(victim.open(&slipped).await.status, StatusCode::UNAUTHORIZED, "another state");
    // Refused there, or answered by another issuer.
    for more in ["error=access_denied", "code=x&iss=https://evil.example"] {
        let (_, state) = begin(&mut browser).await;
        let refused = browser.open(&format!("/sign-in/callback?{more}&state={state}")).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{more}");
    }
    // A code that was used, or made up.
    let (_, state) = begin(&mut browser).await;
    let made_up = browser.open(&format!("/sign-in/callback?code=x&state={state}")).await;
    assert_eq!(made_up.status, StatusCode::UNAUTHORIZED);
    // Too late.
    let (code, state) = begin(&mut browser).await;
    node.clock.advance(Duration::from_secs(601));
    let late = browser.open(&format!("/sign-in/callback?code={code}&state={state}")).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    // Twice.
    let (code, state) = begin(&mut browser).await;
    let back = format!("/sign-in/callback?code={code}&state={state}");
    let kept = browser.cookies["__Host-vedetta-attempt"].clone();
    assert_eq!(browser.open(&back).await.header("location"), "/sign-in/code");
    let mut again = node.stranger();
    again.cookies.insert("__Host-vedetta-attempt".into(), kept);
    assert_eq!(again.open(&back).await.status, StatusCode::UNAUTHORIZED);
    assert!(!is_inside(&again) && !is_inside(&victim));
}

#[tokio::test]
async fn the_way_back_is_gone_once_more_from_here() {
    let idp = Idp::new().await;
    let node = idp.node();
    let mut browser = node.stranger();
    let request = browser.request("GET", "/sign-in/callback?code=c&state=s");
    let request = request.header("sec-fetch-site", "cross-site").body(axum::body::Body::empty());
    let answer = browser.send(request.unwrap()).await;
    assert!(answer.text.contains("url=/sign-in/callback?code=c&amp;state=s"), "{}", answer.text);
}

#[tokio::test]
async fn keys_are_asked_for_again_and_not_often() {
    let idp = Idp::new().await;
    let node = idp.node();
    tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    // Signed with a key that it does not publish, of whatever name.
    idp.0.lock().unwrap().signer = Signer::read(RSA, Some("k2".into())).unwrap();
    for _ in 0..3 {
        let refused = enter((&idp, &node), &mut node.stranger(), "ente", json!({})).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(idp.0.lock().unwrap().asked, 1, "a minute has not gone by");
    {
        let mut desk = idp.0.lock().unwrap();
        desk.shown = desk.signer.public();
    }
    node.clock.advance(Duration::from_secs(60));
    let inside = enter((&idp, &node), &mut node.stranger(), "ente", json!({})).await;
    assert_eq!(inside.status, StatusCode::SEE_OTHER, "it changed its key");
    assert_eq!(idp.0.lock().unwrap().asked, 2);
    idp.0.lock().unwrap().signer = Signer::read(P256, Some("k2".into())).unwrap();
    let forged = enter((&idp, &node), &mut node.stranger(), "ente", json!({})).await;
    assert_eq!(forged.status, StatusCode::UNAUTHORIZED, "by the name of the key alone");
}

#[tokio::test]
async fn spid_is_known_by_the_fiscal_number_and_its_level() {
    let idp = Idp::new().await;
    let node = idp.node();
    let mut admin = node.browser("capo");
    let to = "/accounts/analista/identities";
    for (own, status) in [("", StatusCode::UNPROCESSABLE_ENTITY), (PASSWORD, StatusCode::SEE_OTHER)]
    {
        let subject = ("subject", "rssmra80a01h501u");
        let fields = [("provider", "spid"), subject, ("own-password", own)];
        let tied = admin.fill("/accounts/analista", to, &fields).await;
        assert_eq!(tied.status, status, "{}", tied.text);
    }
    let said = |level: &str, number: &str| json!({ "acr": format!("https://www.spid.gov.it/{level}"), FISCAL_NUMBER: number });
    // What is asked is signed, so the attempt is read from it.
    let enter = async |said: Value| {
        let mut browser = node.stranger();
        let sent = browser.open("/sign-in/with/spid").await;
        let request = sent.header("location").split_once("request=").unwrap().1;
        let payload = request.split('.').nth(1).unwrap();
        let asked: Value =
            serde_json::from_slice(&vedetta_keyring::octets(payload, 8_192).unwrap()).unwrap();
        let text = |name: &str| asked[name].as_str().unwrap();
        let address = format!("x?state={}&nonce={}", text("state"), text("nonce"));
        let (code, state) = idp.comes_back(&node, &address, said);
        browser.open(&format!("/sign-in/callback?code={code}&state={state}")).await.status
    };
    assert_eq!(enter(said("SpidL1", "TINIT-RSSMRA80A01H501U")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(enter(said("SpidL2", "TINIT-VRDLGI80A01H501X")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(enter(said("SpidL2", "TINIT-RSSMRA80A01H501U")).await, StatusCode::SEE_OTHER);
    let desk = idp.0.lock().unwrap();
    let signed = desk.redeemed.last().unwrap();
    assert!(signed["client_assertion_type"].ends_with(":jwt-bearer"), "{signed:?}");
}

#[tokio::test]
async fn an_identity_is_tied_by_whom_it_is_for() {
    let idp = Idp::new().await;
    let node = idp.node();
    let mut browser = node.browser("analista");
    let wrong = [("provider", "ente"), ("own-password", "not it")];
    let refused = browser.fill("/account", "/account/identities", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unsealed = [("provider", "ente"), ("own-password", PASSWORD)];
    let forged = browser.post("/account/identities", &unsealed).await;
    assert_eq!(forged.status, StatusCode::CONFLICT, "no form of this session");
    // Begun by one, ended in the session of another.
    let fields = [("provider", "ente"), ("own-password", PASSWORD)];
    let sent = browser.fill("/account", "/account/identities", &fields).await;
    let (code, state) = idp.comes_back(&node, &sent.attribute("href"), json!({}));
    let capo = node.browser("capo").cookies["__Host-vedetta"].clone();
    browser.cookies.insert("__Host-vedetta".into(), capo);
    let other = browser.open(&format!("/sign-in/callback?code={code}&state={state}")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut browser = node.browser("analista");
    tie((&idp, &node), &mut browser, json!({})).await;
    let key = browser.open("/account").await.field("key");
    let fields = [("key", &*key), ("own-password", PASSWORD)];
    let removed = browser.fill("/account", "/account/keys/removal", &fields).await;
    assert_eq!(removed.header("location"), "/account?said=removed");
    let gone = enter((&idp, &node), &mut node.stranger(), "ente", json!({})).await;
    assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_the_password() {
    let idp = Idp::new().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let mut provider = idp.provider("ente", Profile::Generic);
    provider.client.issuer = issuer;
    let node = Node::opened_by(TestHouse::small(), plenty(), vec![provider]);
    let mut browser = node.stranger();
    let away = browser.open("/sign-in/with/ente").await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.text.contains("accedi con la password"), "{}", away.text);
    assert!(browser.open("/sign-in").await.text.contains("Entra con ENTE"));
    let unknown = browser.open("/sign-in/with/nessuno").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

/// The secret of an account's authenticator, which has given codes before.
fn authenticator(node: &Node, account: &str) -> String {
    let id = AccountId::new(account).unwrap();
    let address = node.console.house().enrol_totp(&node.admin, &id).unwrap();
    address.split(['=', '&']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn who_comes_from_a_provider_that_says_not_how_gives_a_code_too() {
    let idp = Idp::new().await;
    let node = idp.node();
    with_password(&node, "revisore", Role::Auditor);
    for (account, sub) in [("analista", "anna"), ("capo", "il-capo"), ("revisore", "chi-controlla")]
    {
        let secret = authenticator(&node, account);
        tie((&idp, &node), &mut node.browser(account), json!({ "sub": sub })).await;
        let mut browser = node.stranger();
        let named = arrive((&idp, &node), &mut browser, "ente", json!({ "sub": sub })).await;
        assert_eq!(named.header("location"), "/sign-in/code", "{account}");
        assert!(!is_inside(&browser), "the provider's word alone opens nothing to {account}");
        let asked = browser.open("/sign-in/code").await;
        assert!(asked.text.contains("autocomplete=\"one-time-code\""), "{}", asked.text);
        let wrong = browser.fill("/sign-in/code", "/sign-in/code", &[("code", "000000")]).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.text.contains("Codice non corretto") && !is_inside(&browser));
        let code = code(&node, &secret);
        let given = format!("{} {}", &code[..3], &code[3..]);
        let fields = [("code", given.as_str())];
        let inside = browser.fill("/sign-in/code", "/sign-in/code", &fields).await;
        assert_eq!(inside.header("location"), "/items", "where it was to go: {}", inside.text);
        assert!(browser.open("/account").await.text.contains(&format!("<code>{account}</code>")));
        assert!(!browser.cookies.contains_key("__Host-vedetta-attempt"), "it is left");
    }
    let audit = node.browser("admin").open("/audit?kind=deed&subject=capo").await.text;
    assert!(audit.contains("signed in by identity at ente and code"), "{audit}");
}

#[tokio::test]
async fn a_code_is_asked_of_whom_the_provider_named_a_short_while_ago() {
    let idp = Idp::new().await;
    let node = idp.node();
    let secret = authenticator(&node, "analista");
    tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    // Nobody was named.
    let mut stranger = node.stranger();
    assert_eq!(stranger.open("/sign-in/code").await.status, StatusCode::UNAUTHORIZED);
    let forged = ["e30.AAAA", "e30", "", "."];
    let mut browser = node.stranger();
    arrive((&idp, &node), &mut browser, "ente", json!({})).await;
    let kept = browser.cookies["__Host-vedetta-attempt"].clone();
    let (text, seal) = kept.split_once('.').unwrap();
    let other = format!("{}x.{seal}", &text[..text.len() - 1]);
    for forged in forged.into_iter().chain([other.as_str(), text]) {
        stranger.cookies.insert("__Host-vedetta-attempt".into(), forged.into());
        let fields = [("code", &*code(&node, &secret))];
        let refused = stranger.fill("/sign-in", "/sign-in/code", &fields).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{forged}");
        assert!(!is_inside(&stranger), "{forged}");
    }
    // Untied meanwhile.
    let mut own = node.browser("analista");
    let key = own.open("/account").await.field("key");
    let fields = [("key", &*key), ("own-password", PASSWORD)];
    own.fill("/account", "/account/keys/removal", &fields).await;
    let fields = [("code", &*code(&node, &secret))];
    let untied = browser.fill("/sign-in/code", "/sign-in/code", &fields).await;
    assert_eq!(untied.status, StatusCode::UNAUTHORIZED, "untied meanwhile");
    // Too late.
    tie((&idp, &node), &mut own, json!({})).await;
    arrive((&idp, &node), &mut browser, "ente", json!({})).await;
    node.clock.advance(Duration::from_secs(301));
    let fields = [("code", &*code(&node, &secret))];
    let late = browser.fill("/sign-in/code", "/sign-in/code", &fields).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED, "too late");
    assert!(!is_inside(&browser));
}

#[tokio::test]
async fn codes_are_not_guessed_by_way_of_a_provider() {
    let idp = Idp::new().await;
    let few = Rate { burst: 2, every: Duration::from_secs(60) };
    let settings = Settings { sign_ins: few, ..plenty() };
    let provider = idp.provider("ente", Profile::Generic);
    let node = Node::opened_by(TestHouse::small(), settings, vec![provider]);
    with_password(&node, "analista", Role::Analyst);
    // Who has no authenticator is told what to do.
    tie((&idp, &node), &mut node.browser("analista"), json!({})).await;
    let mut browser = node.stranger();
    arrive((&idp, &node), &mut browser, "ente", json!({})).await;
    for pending in [false, true] {
        if pending {
            node.console.house().enrol_by_password("analista", PASSWORD).unwrap();
        }
        let none = browser.fill("/sign-in/code", "/sign-in/code", &[("code", "123456")]).await;
        assert_eq!(none.status, StatusCode::UNAUTHORIZED, "{pending}");
        assert!(none.text.contains("non ha ancora un autenticatore"), "{pending}: {}", none.text);
    }
    authenticator(&node, "analista");
    for status in
        [StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS]
    {
        let tried = browser.fill("/sign-in/code", "/sign-in/code", &[("code", "000000")]).await;
        assert_eq!(tried.status, status);
    }
    assert!(!is_inside(&browser));
}

#[tokio::test]
async fn a_provider_that_must_say_how_it_proved_people_lets_in_whom_it_proved_so() {
    let idp = Idp::new().await;
    let mut provider = idp.provider("ente", Profile::Generic);
    provider.client.acr = Some("urn:two-factors".into());
    let node = Node::opened_by(TestHouse::small(), plenty(), vec![provider]);
    with_password(&node, "capo", Role::Administrator);
    let said = |acr: &str| json!({ "sub": "il-capo", "acr": acr });
    tie((&idp, &node), &mut node.browser("capo"), said("urn:two-factors")).await;
    let mut browser = node.stranger();
    for weak in [said("urn:password"), json!({ "sub": "il-capo" })] {
        arrive((&idp, &node), &mut browser, "ente", weak).await;
        assert!(!is_inside(&browser));
    }
    arrive((&idp, &node), &mut browser, "ente", said("urn:two-factors")).await;
    assert!(is_inside(&browser));
}

#[tokio::test]
async fn who_tied_an_identity_is_told_to_its_owner_and_an_auditors_is_their_own() {
    let idp = Idp::new().await;
    let node = idp.node();
    with_password(&node, "revisore", Role::Auditor);
    let mut admin = node.browser("capo");
    let fields = [("provider", "ente"), ("subject", "anna-conti"), ("own-password", PASSWORD)];
    let to = |account: &str| format!("/accounts/{account}/identities");
    let tied = admin.fill("/accounts/analista", &to("analista"), &fields).await;
    assert_eq!(tied.status, StatusCode::SEE_OTHER, "{}", tied.text);
    let own = node.browser("analista").open("/account").await.text;
    assert!(own.contains("collegata da <code>capo</code>"), "{own}");
    let fields = [("provider", "ente"), ("subject", "altri"), ("own-password", PASSWORD)];
    let refused = admin.fill("/accounts/revisore", &to("revisore"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}

#[tokio::test]
async fn many_who_come_at_once_ask_a_provider_once() {
    let idp = Idp::new().await;
    let node = idp.node();
    let (mut one, mut two, mut three) = (node.stranger(), node.stranger(), node.stranger());
    let to = "/sign-in/with/ente";
    let (one, two, three) = tokio::join!(one.open(to), two.open(to), three.open(to));
    for sent in [one, two, three] {
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(idp.0.lock().unwrap().described, 1);
}

#[tokio::test]
async fn nothing_is_tied_in_a_session_that_ended_while_the_provider_was_asked() {
    let idp = Idp::new().await;
    let (node, provider) = (idp.node(), idp.provider("ente", Profile::Generic));
    let house = node.console.api().house();
    let keyring = Keyring::open(Arc::clone(house), Ways::default()).unwrap();
    let by = Actor {
        account: AccountId::new("analista").unwrap(),
        organisation: node.admin.organisation.clone(),
        roles: [Role::Analyst].into(),
        language: Language::It,
        way: Way::InPerson,
    };
    let session =
        || vedetta_testkit::session(house, "analista").split('_').nth(1).unwrap().to_owned();
    let tie = |session: &str, subject: &str| {
        let (issuer, subject) = (provider.client.issuer.clone(), subject.to_owned());
        keyring.tie_own(&by, session, (&provider, &oidc::Identity { issuer, subject }))
    };
    let (before, tied) = (session(), || keyring.identities_of(&by, &by.account).unwrap().len());
    house.set_password(&node.admin, &by.account, "un'altra parola lunga").unwrap();
    let late = tie(&before, "anna");
    assert!(matches!(late, Err(FlowError::Unproven(_))), "{late:?}");
    assert_eq!(tied(), 0, "who had the old password keeps no way in");
    tie(&session(), "anna").unwrap();
    assert_eq!(tied(), 1);
}
