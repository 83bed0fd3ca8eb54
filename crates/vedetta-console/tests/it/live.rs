//! Pages that stay open.

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use vedetta_model::Role;
use vedetta_testkit::items::TestItem;

use crate::browser::{Answer, Browser, Node};

fn node() -> Node {
    let node = Node::new();
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node
}

/// Brings an item for Perugia.
fn bring(node: &Node, item: TestItem) {
    let house = node.console.house();
    let by = house.actor_by_token(&vedetta_testkit::session(house, "perugia")).unwrap();
    let receipt = vedetta_testkit::bring(house, &by, &[item]);
    assert!(receipt.rejected.is_empty(), "{receipt:?}");
}

/// The stream of an open page.
struct Stream(Body);

impl Stream {
    /// Opens a page, and its stream as its script does.
    async fn of(node: &Node, browser: &mut Browser<'_>, page: &str) -> Self {
        let page = browser.open(page).await.text;
        let (_, address) = page.split_once("data-live=\"").unwrap();
        let address = address.split('"').next().unwrap().replace("&#38;", "&");
        let lines = if page.contains(" data-lines=") { "&lines=yes" } else { "" };
        let request = browser.request("GET", &format!("{address}{lines}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = node.router.clone().oneshot(request).await.unwrap();
        let mut stream = Self(answer.into_body());
        assert!(stream.next().await.starts_with("retry:"));
        stream
    }

    async fn next(&mut self) -> String {
        let frame = self.0.frame().await.unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    }

    /// What is told with the next line of an item.
    async fn line(&mut self) -> String {
        loop {
            let told = self.next().await;
            if told.contains("event: item") {
                return told;
            }
        }
    }

    /// What there is to hear at this moment.
    async fn now(&mut self) -> Option<String> {
        tokio::select! {
            biased;
            told = self.next() => Some(told),
            () = std::future::ready(()) => None,
        }
    }
}

async fn report(browser: &mut Browser<'_>, title: &str) -> String {
    let fields = [("title", title), ("words", "Non risponde"), ("contact", "")];
    let sent = browser.fill("/report", "/report", &fields).await;
    sent.header("location").rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_open_page_hears_of_what_it_shows_and_of_nothing_else() {
    let node = node();
    let console = node.console.clone();
    let telling = tokio::spawn(vedetta_console::live::run(console, std::future::pending()));
    let (mut officer, mut town, mut other) =
        (node.browser("sala"), node.browser("perugia"), node.browser("terni"));
    let mut room = Stream::of(&node, &mut officer, "/incidents").await;
    let mut duty = Stream::of(&node, &mut officer, "/duty").await;
    let mut own = Stream::of(&node, &mut town, "/incidents").await;
    let mut theirs = Stream::of(&node, &mut other, "/incidents").await;
    report(&mut town, "Anagrafe").await;
    // At once, for the room and for whose case it is.
    for stream in [&mut room, &mut own] {
        let told = stream.next().await;
        assert!(told.starts_with("event: changed\ndata: ") && told.ends_with(" 0\n\n"), "{told:?}");
    }
    assert_eq!(theirs.now().await, None, "another's case");
    assert_eq!(duty.now().await, None, "a page without cases");
    report(&mut other, "Posta").await;
    assert!(theirs.next().await.starts_with("event: changed"));
    telling.abort();
}

#[tokio::test]
async fn what_happened_before_the_stream_was_there_is_told_first() {
    let node = node();
    let mut officer = node.browser("sala");
    let page = officer.open("/incidents").await.text;
    let since = page.split("since=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    report(&mut node.browser("perugia"), "Anagrafe").await;
    let address = format!("/live?of=cases&since={since}");
    let request = officer.request("GET", &address).body(Body::empty()).unwrap();
    let answer = node.router.clone().oneshot(request).await.unwrap();
    let mut stream = Stream(answer.into_body());
    assert!(stream.next().await.starts_with("retry:"));
    assert!(stream.next().await.starts_with("event: changed"));
}

async fn parts(browser: &mut Browser<'_>, page: &str, since: u64) -> Answer {
    let request = browser.request("GET", page).header("parts-since", since);
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    answer
}

#[tokio::test]
async fn the_parts_of_a_page_are_alike_but_for_the_seal() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Anagrafe").await;
    let (mut one, mut two) = (node.browser("sala"), node.browser("turno"));
    let (first, second) = (parts(&mut one, "/queue", 0).await, parts(&mut two, "/queue", 0).await);
    assert!(
        first.text.contains(&number) && first.text.starts_with("<div id=\"banner\" data-part>")
    );
    assert!(!first.text.contains("<header") && !first.text.contains("Persona"), "{}", first.text);
    let (seal, other) = (first.field("seal"), second.field("seal"));
    assert_ne!(seal, other);
    assert_eq!(first.text.replace(&seal, &other), second.text, "written once");
    // Each has a seal of their own, with which the form is taken.
    assert_eq!(other, two.open("/queue").await.field("seal"));
    let fields = [
        ("seal", second.field("seal")),
        ("once", second.field("once")),
        ("seen", second.field("seen")),
        ("does", "triage".into()),
        ("to", "/queue".into()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let taken = two.post(&format!("/incidents/{number}/changes"), &fields).await;
    assert_eq!(taken.header("location"), "/queue?said=changed", "{}", taken.text);
    // What was written before that is not given to who heard of it.
    let since = node.console.house().bell().last().0;
    assert!(!parts(&mut one, "/queue", since).await.text.contains(&number));
}

#[tokio::test]
async fn who_sees_more_than_others_is_answered_alone() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Anagrafe").await;
    let (mut one, mut two) = (node.browser("sala"), node.browser("turno"));
    let seen = one.open(&format!("/incidents/{number}")).await.field("seen");
    let enclose = [("seen", seen.as_str()), ("does", "enclose"), ("people", "sala")];
    let closed = one.fill("/help", &format!("/incidents/{number}/changes"), &enclose).await;
    assert_eq!(closed.status, http::StatusCode::SEE_OTHER, "{}", closed.text);
    assert!(parts(&mut one, "/incidents", 0).await.text.contains(&number));
    assert!(!parts(&mut two, "/incidents", 0).await.text.contains(&number));
}

#[tokio::test]
async fn what_is_red_is_shown_to_whom_it_names_however_it_is_asked_for() {
    let node = node();
    bring(&node, TestItem::indicator(1).tlp("RED").handled("named", json!(["sala"])));
    let (mut one, mut two) = (node.browser("sala"), node.browser("turno"));
    for asked in ["tlp=RED", "tlp=red", "tlp=%52ED", "tlp=TLP:RED", "%74lp=Red"] {
        let page = format!("/wall?{asked}");
        assert!(parts(&mut one, &page, 0).await.text.contains("scanner 1"), "{asked}");
        assert!(!parts(&mut two, &page, 0).await.text.contains("scanner 1"), "{asked}");
    }
}

#[tokio::test]
async fn what_one_leads_is_ones_own_however_it_is_asked_for() {
    let node = node();
    let number = report(&mut node.browser("perugia"), "Anagrafe").await;
    let (mut one, mut two) = (node.browser("sala"), node.browser("turno"));
    let seen = one.open(&format!("/incidents/{number}")).await.field("seen");
    let takes = [("seen", seen.as_str()), ("does", "triage"), ("to", "/queue")];
    one.fill("/help", &format!("/incidents/{number}/changes"), &takes).await;
    for asked in ["mine=yes", "%6dine=yes", "min%65=1"] {
        let page = format!("/incidents?{asked}");
        assert!(parts(&mut one, &page, 0).await.text.contains(&number), "{asked}");
        assert!(!parts(&mut two, &page, 0).await.text.contains(&number), "{asked}");
    }
}

#[tokio::test]
async fn a_line_released_before_the_stream_was_there_comes_and_comes_once() {
    let node = node();
    let console = node.console.clone();
    let telling = tokio::spawn(vedetta_console::live::run(console, std::future::pending()));
    let mut officer = node.browser("sala");
    let page = officer.open("/items").await.text;
    let since = page.split("since=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    bring(&node, TestItem::indicator(1).tlp("GREEN"));
    let address = format!("/live?of=items&lines=yes&since={since}");
    let open = async |last: Option<&str>| {
        let mut request = officer.request("GET", &address);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let mut stream = Stream(node.router.clone().oneshot(request).await.unwrap().into_body());
        assert!(stream.next().await.starts_with("retry:"));
        stream
    };
    let told = open(None).await.line().await;
    assert!(told.contains("scanner 1"), "{told}");
    let last = told.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    // It broke off, and comes back with the place of the line that it has.
    let mut again = open(Some(last)).await;
    bring(&node, TestItem::indicator(2).tlp("GREEN"));
    let told = again.line().await;
    assert!(!told.contains("scanner 1"), "{told}");
    assert!(told.contains("scanner 2"), "{told}");
    telling.abort();
}

#[tokio::test]
async fn a_page_that_was_away_for_long_is_told_to_ask_for_its_lines_anew() {
    let node = node();
    let mut officer = node.browser("sala");
    let page = officer.open("/items").await.text;
    let since = page.split("since=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    bring(&node, TestItem::indicator(1).tlp("GREEN"));
    // A busy while: the item is further back than is looked through for one page.
    for _ in 0..1_001 {
        node.console.house().note_deed("turno", "session", "{}".into()).unwrap();
    }
    // As it is done while nobody looks.
    let (last, standing) = (node.console.house().bell().last().0, node.console.house().standing());
    node.console.hub().skip(last, standing.generation);
    let address = format!("/live?of=items&lines=yes&since={since}");
    let request = officer.request("GET", &address).body(Body::empty()).unwrap();
    let mut stream = Stream(node.router.clone().oneshot(request).await.unwrap().into_body());
    assert!(stream.next().await.starts_with("retry:"));
    let told = stream.next().await;
    // In the room at once; elsewhere in their turn, as of what changed.
    assert!(told.contains(&format!("id: {last}\nevent: behind\ndata: {last} 0\n")), "{told}");
    assert!(told.contains("event: changed"), "its parts are asked for, too: {told}");
    assert!(officer.open("/items").await.text.contains("scanner 1"), "and there it is");
}

#[tokio::test]
async fn a_session_follows_so_many_pages_and_no_more() {
    let node = node();
    let mut officer = node.browser("sala");
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Stream::of(&node, &mut officer, "/incidents").await);
    }
    let more = async || {
        let request = officer.request("GET", "/live").body(Body::empty()).unwrap();
        node.router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(more().await, http::StatusCode::TOO_MANY_REQUESTS);
    open.pop();
    assert_eq!(more().await, http::StatusCode::OK, "one was closed");
}
