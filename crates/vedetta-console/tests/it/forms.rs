//! Forms: only from here, only of this session, once, and nothing typed is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use http::StatusCode;
use vedetta_model::Role;
use vedetta_postroom::{MasterKey, Postroom, Settings};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::Node;

const NOTE: &str = "visto <b>da noi</b>";

fn node() -> (Node, String) {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("cnaipic", std::slice::from_ref(&item));
    (Node::over(test), item.id().to_string())
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let (node, item) = node();
    let mut browser = node.browser("perugia");
    let seal = browser.open("/help").await.field("seal");
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = browser
            .request("POST", &format!("/items/{item}/acknowledgement"))
            .header(name, value)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("seal={seal}")))
            .unwrap();
        let refused = browser.send(request).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert!(refused.text.contains("viene da un altro sito"), "{name}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_seal_of_another_session_does_nothing_and_loses_nothing() {
    let (node, item) = node();
    let stolen = node.browser("terni").open("/help").await.field("seal");
    let mut browser = node.browser("perugia");
    let to = format!("/items/{item}/acknowledgement");
    let answer = browser.post(&to, &[("seal", &stolen), ("note", NOTE)]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.text.contains("value=\"visto &#60;b&#62;da noi&#60;/b&#62;\""),
        "{}",
        answer.text
    );
    assert!(!browser.open(&format!("/items/{item}")).await.text.contains("notice done"));
    // Sent again from there, with the seal of this session, it is done.
    let (seal, once) = (answer.field("seal"), answer.field("once"));
    let again = browser.post(&to, &[("seal", &seal), ("once", &once), ("note", NOTE)]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_typed_outlives_the_session() {
    let (node, item) = node();
    let mut browser = node.browser("perugia");
    let seal = browser.open("/help").await.field("seal");
    node.clock.advance(std::time::Duration::from_secs(2 * 86_400));
    let to = format!("/items/{item}/acknowledgement");
    let answer = browser.post(&to, &[("seal", &seal), ("note", NOTE)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text.contains("da noi"), "{}", answer.text);
    assert!(!answer.text.contains("<b>da noi"), "it is shown, not run");
}

#[tokio::test]
async fn sending_twice_does_once() {
    let (node, item) = node();
    let mut browser = node.browser("perugia");
    let page = browser.open(&format!("/items/{item}")).await;
    let (seal, once) = (page.field("seal"), page.field("once"));
    let to = format!("/items/{item}/acknowledgement");
    let fields = [("seal", seal.as_str()), ("once", once.as_str())];
    let (first, second) = (browser.post(&to, &fields).await, browser.post(&to, &fields).await);
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{first:?}");
    assert_eq!(first.header("location"), second.header("location"), "led where the first was");
    assert!(first.header("location").ends_with("said=acknowledged"));
    let third = browser.fill("/help", &to, &[]).await;
    assert!(third.header("location").ends_with("said=acknowledged-before"));
}

#[tokio::test]
async fn a_body_beyond_its_bound_or_of_another_kind_is_refused() {
    let (node, item) = node();
    let mut browser = node.browser("perugia");
    let to = format!("/items/{item}/acknowledgement");
    let large = "x".repeat(300 << 10);
    let answer = browser.fill("/help", &to, &[("note", &large)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let request = browser
        .request("POST", &to)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(browser.send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_form_with_a_file_does_all_or_nothing() {
    let node = Node::new();
    let (house, key) = (Arc::clone(node.console.house()), MasterKey::new([7; 32]));
    let desk = Postroom::open(house, Settings::default(), key, Default::default()).unwrap();
    node.console.api().show_mail_desk(Arc::new(desk));
    let mut browser = node.browser("perugia");
    let page = browser.open("/mail/report").await;
    let stolen = node.browser("terni").open("/help").await.field("seal");
    let named = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = named("message\"; filename=\"a.eml", "From: a@b.example\r\n\r\nciao");
    let sealed = |seal: &str| named("seal", seal) + &file;
    let whole = sealed(&page.field("seal"));
    let nameless = format!("{whole}--x\r\n\r\n1\r\n--x--");
    for (body, status, says) in [
        (whole.clone() + "--x", 400, "la parte 3 del modulo non comincia"),
        (whole[..whole.len() - 3].to_owned(), 400, "la parte 2 del modulo (&#34;message&#34;) è"),
        (nameless, 400, "la parte 3 del modulo non ha nome"),
        (format!("{file}--x--"), 409, ""),
        (sealed(&stolen) + "--x--", 409, ""),
        (whole.clone() + "--x--", 303, ""),
    ] {
        let request = browser
            .request("POST", "/mail/report")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=x");
        let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(says), "{says}: {}", answer.text);
        let own = browser.open("/mail/report").await.text;
        assert_eq!(own.contains("class=\"kicker\""), status == 303, "{own}");
    }
}

#[tokio::test]
async fn who_handed_a_message_in_reads_the_whole_answer_and_disagrees() {
    let node = Node::new();
    let (house, key) = (Arc::clone(node.console.house()), MasterKey::new([7; 32]));
    let desk = Postroom::open(house, Settings::default(), key, Default::default()).unwrap();
    node.console.api().show_mail_desk(Arc::new(desk));
    node.account("anna", "cnaipic", &[Role::Analyst]);
    let mut browser = node.browser("perugia");
    let seal = browser.open("/mail/report").await.field("seal");
    let lure = "From: Poste <x@lure.invalid>\r\n\r\nVerifica il conto: http://192.0.2.7/poste";
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"seal\"\r\n\r\n{seal}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"message\"; filename=\"a.eml\"\r\n\r\n{lure}\r\n--x--"
    );
    let request = browser
        .request("POST", "/mail/report")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=x");
    let sent = browser.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let page = browser.open("/mail/report").await;
    assert!(page.text.contains("Grazie della segnalazione."), "{}", page.text);
    assert!(!page.text.contains("http://192.0.2.7"), "no live link");
    let (_, rest) = page.text.split_once("action=\"/mail/report/").unwrap();
    let case = rest.split('"').next().unwrap().to_owned();
    let to = format!("/mail/report/{case}");
    let blank = browser.fill("/mail/report", &to, &[("why", " ")]).await;
    assert!(blank.text.contains("role=\"alert\"") || blank.status.is_client_error());
    let why = "il pacco lo aspettavo";
    let done = browser.fill("/mail/report", &to, &[("why", why)]).await;
    assert!(done.header("location").contains("said=contested"), "{}", done.text);
    assert!(browser.open("/mail/report").await.text.contains("Ha contestato la risposta"));
    let mut analyst = node.browser("anna");
    let seen = analyst.open(&format!("/mail/{case}")).await.text;
    assert!(seen.contains(why) && seen.contains("Grazie della segnalazione."), "{seen}");
}

#[tokio::test]
async fn a_file_of_who_may_not_send_one_is_not_read() {
    let node = Node::new();
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    let mut stranger = node.stranger();
    stranger.open("/sign-in").await;
    for (mut browser, status) in
        [(stranger, StatusCode::UNAUTHORIZED), (node.browser("revisore"), StatusCode::FORBIDDEN)]
    {
        let read = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&read);
        let body = Body::from_stream(futures_util::stream::once(async move {
            asked.store(true, Ordering::Relaxed);
            Ok::<_, std::io::Error>("--x")
        }));
        let request = browser
            .request("POST", "/mail/report")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=x");
        let answer = browser.send(request.body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(!read.load(Ordering::Relaxed), "it was read before anyone asked who sends it");
    }
}
