//! The desk's pages: a report, the queue, an incident, two people at it.

use http::StatusCode;
use vedetta_api::Settings;
use vedetta_model::Role;
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::{Answer, Browser, Node};

fn node() -> Node {
    let node = Node::new();
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.account("analista", "cnaipic", &[Role::Analyst]);
    node
}

async fn report(browser: &mut Browser<'_>, title: &str) -> String {
    let fields = [
        ("title", title),
        ("words", "Chiedono un riscatto <b>subito</b>"),
        ("contact", "075 0000000"),
    ];
    let sent = browser.fill("/report", "/report", &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let to = sent.header("location").to_owned();
    let receipt = browser.open(&to).await;
    assert_eq!(receipt.status, StatusCode::OK);
    to.rsplit('/').next().unwrap().to_owned()
}

async fn change(browser: &mut Browser<'_>, number: &str, fields: &[(&str, &str)]) -> Answer {
    let seen = browser.open(&format!("/incidents/{number}")).await.field("seen");
    let mut all = vec![("seen", seen.as_str())];
    all.extend_from_slice(fields);
    browser.fill("/help", &format!("/incidents/{number}/changes"), &all).await
}

#[tokio::test]
async fn a_report_waits_in_the_queue_until_somebody_takes_it_on() {
    let node = node();
    let mut town = node.browser("perugia");
    let number = report(&mut town, "Anagrafe bloccata").await;
    let mut officer = node.browser("turno");
    let queue = officer.open("/queue").await.text;
    assert!(queue.contains(&number) && queue.contains("Anagrafe bloccata"), "{queue}");
    assert!(queue.contains("riscatto &#60;b&#62;subito"), "what is reported is shown, not run");
    let taken = change(&mut officer, &number, &[("does", "triage"), ("to", "/queue")]).await;
    assert_eq!(taken.header("location"), "/queue?said=changed", "{}", taken.text);
    assert!(!officer.open("/queue").await.text.contains(&number));
    let shown = officer.open(&format!("/incidents/{number}")).await.text;
    assert!(shown.contains("preso in carico") && shown.contains("Persona turno"), "{shown}");
    // Whoever reported it follows it; nobody else of the network learns of it.
    assert_eq!(town.open(&format!("/incidents/{number}")).await.status, StatusCode::OK);
    let stranger = node.browser("terni").open(&format!("/incidents/{number}")).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_is_told_as_one_and_the_node_by_its_name() {
    let settings = Settings { title: "cosc-umbria".into(), ..Settings::default() };
    let node = Node::with(TestHouse::small(), settings);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    report(&mut node.browser("perugia"), "Anagrafe bloccata").await;
    let home = node.browser("turno").open("/").await.text;
    assert!(home.contains("caso aperto") && home.contains("segnalazione in attesa"), "{home}");
    assert!(home.contains("· COSC Umbria</title>"), "{home}");
}

#[tokio::test]
async fn the_centre_finds_what_waits_for_it_and_hands_it_on() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Anagrafe bloccata").await;
    node.account("turno-cosc", "cosc-umbria", &[Role::DutyOfficer]);
    let mut centre = node.browser("turno-cosc");
    let home = centre.open("/").await.text;
    for way in ["/queue", "/publish", "/warnings", "/clocks", "/agreements"] {
        assert!(home.contains(&format!("href=\"{way}\"")), "{way}: {home}");
    }
    let queue = centre.open("/queue").await.text;
    assert!(queue.contains(&number) && queue.contains("cat-unjudged"), "{queue}");
    let route = [("does", "route"), ("to", "cnaipic"), ("reason", "di tutta Italia")];
    let gone = change(&mut centre, &number, &route).await;
    assert!(gone.header("location").starts_with("/queue"), "{}", gone.text);
    assert!(centre.open("/help").await.text.contains("<kbd>q</kbd>"));
    assert!(!node.browser("perugia").open("/help").await.text.contains("<kbd>q</kbd>"));
}

#[tokio::test]
async fn a_report_that_is_refused_keeps_what_was_typed() {
    let node = node();
    let mut town = node.browser("perugia");
    let fields = [("title", ""), ("words", "Da stamattina"), ("contact", "075 0000000")];
    let refused = town.fill("/report", "/report", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Da stamattina") && refused.text.contains("075 0000000"));
    let late = [("title", "x"), ("words", "y"), ("awareness", "2031-01-01T00:00")];
    let refused = town.fill("/report", "/report", &late).await;
    assert!(refused.text.contains("nel futuro") && refused.text.contains("2031-01-01T00:00"));
}

#[tokio::test]
async fn two_who_write_at_once_are_told_of_each_other() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Sito alterato").await;
    let (mut one, mut other) = (node.browser("turno"), node.browser("analista"));
    let to = format!("/incidents/{number}/changes");
    let seen = other.open(&format!("/incidents/{number}")).await.field("seen");
    let taken = change(&mut one, &number, &[("does", "triage")]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let note = [("does", "note"), ("text", "Visto anch'io"), ("audience", "room")];
    let fields = [&[("seen", seen.as_str())][..], &note].concat();
    let stale = other.fill("/help", &to, &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("turno"), "who changed it is told");
    assert!(stale.text.contains("Visto anch&#39;io"), "and nothing is lost: {}", stale.text);
    let again = stale.field("seen");
    let fields = [&[("seen", again.as_str())][..], &note].concat();
    assert_eq!(other.fill("/help", &to, &fields).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_linked_item_is_called_what_it_is_called_to_whom_may_read_it() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER+STRICT");
    test.bring("cnaipic", std::slice::from_ref(&item));
    let node = Node::over(test);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let mut town = node.browser("stranger");
    let number = report(&mut town, "Anagrafe bloccata").await;
    let mut officer = node.browser("turno");
    let id = item.id().to_string();
    let linked = change(&mut officer, &number, &[("does", "link"), ("item", &id)]).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.text);
    let page = officer.open(&format!("/incidents/{number}")).await.text;
    assert!(
        page.contains(&format!("href=\"/items/{id}\">")) && page.contains("scanner 1"),
        "{page}"
    );
    assert!(!town.open(&format!("/incidents/{number}")).await.text.contains("scanner 1"));
}

#[tokio::test]
async fn what_a_stage_needs_is_asked_for() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Posta compromessa").await;
    let mut officer = node.browser("turno");
    change(&mut officer, &number, &[("does", "triage")]).await;
    let refused = change(&mut officer, &number, &[("does", "confirm"), ("evidence", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let done =
        change(&mut officer, &number, &[("does", "confirm"), ("evidence", "Registri del server")])
            .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let judged = [("does", "judge"), ("factor", "functional-impact"), ("grade", "high")];
    assert_eq!(change(&mut officer, &number, &judged).await.status, StatusCode::SEE_OTHER);
    let wall = officer.open("/wall").await;
    assert_eq!(wall.status, StatusCode::OK);
    assert!(!wall.text.contains("Posta compromessa"), "visitors read no titles");
}

#[tokio::test]
async fn what_people_write_is_shown_and_never_run() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";
    let node = node();
    let fields =
        [("title", HOSTILE), ("words", HOSTILE), ("contact", HOSTILE), ("services", HOSTILE)];
    let told = node.browser("perugia").fill("/report", "/report", &fields).await;
    let number = told.header("location").rsplit('/').next().unwrap().to_owned();
    let mut officer = node.browser("turno");
    let case = format!("/incidents/{number}");
    let search = "/search?text=%3Cimg%20src".to_owned();
    let pages = ["/", "/queue", "/incidents", "/wall", "/clocks", &case, &search];
    for page in pages {
        let shown = officer.open(page).await;
        assert_eq!(shown.status, StatusCode::OK, "{page}");
        for hostile in ["<img src=x", "<script>alert"] {
            assert!(!shown.text.contains(hostile), "{page}: {}", shown.text);
        }
    }
    let shown = officer.open(&case).await.text;
    assert!(shown.contains("&#60;img src=x"), "{shown}");
}
