//! Feeds of one organisation, and the lists that keep harmless things out of them.

use axum::body::Body;
use http::{Request, StatusCode};
use vedetta_api::live;
use vedetta_model::Role;
use vedetta_testkit::items::TestItem;

use crate::door::{Answer, Door};

const JSON: &str = "application/json";

async fn bring(door: &Door, token: &str, item: TestItem) {
    let brought = door.ask(token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
}

/// The lines of a feed that are no comments.
async fn lines(door: &Door, token: &str, file: &str) -> Vec<String> {
    let answer = door.ask(token, &format!("GET /feeds/{file}"), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{file}: {answer:?}");
    let text = String::from_utf8(answer.body).unwrap();
    text.lines().filter(|line| !line.starts_with(['#', ';'])).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_list_of_feeds_names_all_that_can_be_fetched() {
    let door = Door::new();
    let perugia = door.token("perugia");
    let list = door.get(&perugia, "/feeds/").await;
    let names = list["feeds"].as_array().unwrap();
    assert_eq!(names.len(), 12, "{list}");
    for name in names {
        let line = format!("GET /feeds/{}", name.as_str().unwrap());
        assert_eq!(door.ask(&perugia, &line, None).await.status, StatusCode::OK, "{line}");
    }
}

#[tokio::test]
async fn a_feed_carries_what_is_cleared_and_may_be_acted_on() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger.bot"));
    bring(&door, &perugia, TestItem::indicator(1).tlp("AMBER")).await;
    bring(&door, &perugia, TestItem::indicator(2).tlp("CLEAR")).await;
    bring(&door, &perugia, TestItem::indicator(3).tlp("CLEAR").handled("pap", "RED".into())).await;
    let file = "addresses.txt";
    assert_eq!(lines(&door, &perugia, file).await, ["203.0.113.1", "203.0.113.2"]);
    assert_eq!(lines(&door, &stranger, file).await, ["203.0.113.2"]);
    for file in [
        "indicators.csv",
        "bundle.json",
        "hosts",
        "response-policy.zone",
        "suricata.rules",
        "sets.nft",
    ] {
        let feed = door.ask(&perugia, &format!("GET /feeds/{file}"), None).await;
        assert_eq!(feed.status, StatusCode::OK, "{file}");
        assert!(!feed.header("content-type").is_empty());
    }
    let none = door.ask(&perugia, "GET /feeds/castles.txt", None).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let id = TestItem::indicator(1).id();
    let gone = door.ask(&perugia, &format!("DELETE /api/v1/items/{id}?reason=errore"), None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(lines(&door, &perugia, file).await, ["203.0.113.2"]);
}

#[tokio::test]
async fn a_feed_that_did_not_change_is_not_sent_again() {
    let door = Door::new();
    let perugia = door.token("perugia");
    bring(&door, &perugia, TestItem::indicator(1)).await;
    let ask = |tag: String| {
        let request = Request::get("/feeds/indicators.csv")
            .header("authorization", format!("Bearer {perugia}"))
            .header("if-none-match", tag)
            .body(Body::empty())
            .unwrap();
        door.send(request)
    };
    let first: Answer = ask("\"x\"".into()).await;
    assert_eq!(first.status, StatusCode::OK);
    let tag = first.header("etag").to_owned();
    door.clock.advance(std::time::Duration::from_secs(90));
    let again = ask(format!("\"y\", W/{tag}")).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    // What was delivered meanwhile moves the ledger, not the feed.
    door.get(&perugia, "/api/v1/items").await;
    vedetta_api::live::record(&door.api).await;
    assert_eq!(ask(tag.clone()).await.status, StatusCode::NOT_MODIFIED);
    bring(&door, &perugia, TestItem::indicator(2)).await;
    assert_eq!(ask(tag).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_download_is_a_delivery_of_what_the_file_carries() {
    let door = Door::new();
    let (perugia, terni) = (door.token("perugia"), door.token("terni.bot"));
    let guarded = TestItem::indicator(2).tlp("GREEN").handled("pap", "RED".into());
    bring(&door, &perugia, TestItem::indicator(1).tlp("GREEN")).await;
    bring(&door, &perugia, guarded.clone()).await;
    let recorded = async || {
        live::record(&door.api).await;
        let mut told = Vec::new();
        for item in [TestItem::indicator(1), guarded.clone()] {
            let uri = format!("/api/v1/items/{}/deliveries", item.id());
            told.push(door.get(&perugia, &uri).await["deliveries"].clone());
        }
        told
    };
    let first = door.ask(&terni, "GET /feeds/addresses.txt", None).await;
    let told = recorded().await;
    assert_eq!(
        (&told[0][0]["organisation"], &told[0][0]["door"]),
        (&"terni".into(), &"feed".into())
    );
    assert_eq!(told[1], serde_json::json!([]), "it is not in the file");
    let entries = door.api.house().bell().last();
    let request = Request::get("/feeds/addresses.txt")
        .header("authorization", format!("Bearer {terni}"))
        .header("if-none-match", first.header("etag"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(door.send(request).await.status, StatusCode::NOT_MODIFIED);
    recorded().await;
    assert_eq!(door.api.house().bell().last(), entries, "what was not sent is no delivery");
    door.ask(&terni, "GET /feeds/bundle.json", None).await;
    assert_eq!(recorded().await[1][0]["door"], "feed");
}

#[tokio::test]
async fn what_is_on_a_warning_list_is_left_out() {
    let door = Door::new();
    let perugia = door.token("perugia");
    door.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let room = door.token("sala");
    bring(&door, &perugia, TestItem::indicator(1)).await;
    bring(&door, &perugia, TestItem::indicator(2)).await;
    assert_eq!(lines(&door, &perugia, "addresses.txt").await.len(), 2);
    let list = r#"{"name":"Resolvers","version":1,"description":"","type":"cidr",
        "matching_attributes":["ip-src","ip-dst"],"list":["203.0.113.1/32"]}"#;
    let line = "PUT /api/v1/warning-lists/resolvers";
    let put = door.ask(&room, line, Some((JSON, list))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    assert_eq!(put.json()["entries"], 1);
    assert_eq!(lines(&door, &perugia, "addresses.txt").await, ["203.0.113.2"]);
    let wrong = door.ask(&room, line, Some((JSON, r#"{"name":"x"}"#))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = door.get(&perugia, "/api/v1/warning-lists").await;
    assert_eq!(kept["lists"][0]["name"], "Resolvers");
    let gone = door.ask(&room, "DELETE /api/v1/warning-lists/resolvers", None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(lines(&door, &perugia, "addresses.txt").await.len(), 2);
}

/// That what an indicator looks for was seen.
fn sighting(n: u32, of: &TestItem, last: &str) -> TestItem {
    TestItem::indicator(n)
        .with("type", "sighting".into())
        .with("id", format!("sighting--00000000-0000-4000-8000-{n:012x}").into())
        .with("sighting_of_ref", of.id().as_str().into())
        .with("last_seen", last.into())
        .without(&["name", "pattern", "pattern_type", "valid_from"])
        .tlp("AMBER")
}

#[tokio::test]
async fn what_is_seen_goes_on_counting_for_whoever_may_know_that_it_was() {
    let door = Door::new();
    let (perugia, stranger) = (door.token("perugia"), door.token("stranger.bot"));
    let [one, two] = [1, 2].map(|n| TestItem::indicator(n).tlp("CLEAR"));
    bring(&door, &perugia, one.clone()).await;
    bring(&door, &perugia, two.clone()).await;
    let file = "addresses.txt";
    assert_eq!(lines(&door, &stranger, file).await.len(), 2);
    let scores = async |token: &str| {
        let page = door.get(token, "/api/v1/items?kind=indicator").await;
        let of = |line: &serde_json::Value| line["score"].as_u64().unwrap();
        page["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert!(scores(&perugia).await.iter().all(|score| (1..=50).contains(score)));
    door.clock.advance(std::time::Duration::from_secs(60 * 86_400));
    assert_eq!(lines(&door, &perugia, file).await, [""; 0], "nobody saw them for two months");
    assert_eq!(scores(&perugia).await, [0, 0]);
    let terni = door.token("terni");
    let nothing = sighting(9, &two, "2026-04-30T00:00:00Z").with("count", 0.into());
    bring(&door, &terni, nothing).await;
    bring(&door, &terni, sighting(8, &one, "2026-04-30T00:00:00Z")).await;
    assert_eq!(lines(&door, &perugia, file).await, ["203.0.113.1"]);
    let head = door.ask(&perugia, &format!("GET /feeds/{file}"), None).await.text();
    assert!(head.contains("changed 2026-05-01T"), "who asks whether it changed is told: {head}");
    let [seen, unseen] = scores(&perugia).await[..] else { panic!("two") };
    assert!(seen > 0 && unseen == 0, "{seen} {unseen}");
    assert_eq!(lines(&door, &stranger, file).await, [""; 0], "to it nobody saw anything");
    assert_eq!(scores(&stranger).await, [0, 0]);
}

#[tokio::test]
async fn which_lists_name_an_indicator_is_said_beside_it() {
    let door = Door::new();
    let admin = door.token("admin");
    bring(&door, &admin, TestItem::indicator(1)).await;
    let list = r#"{"name":"Resolvers","version":1,"description":"","type":"cidr",
        "matching_attributes":["ip-src","ip-dst"],"list":["203.0.113.1/32"]}"#;
    door.ask(&admin, "PUT /api/v1/warning-lists/resolvers", Some((JSON, list))).await;
    bring(&door, &admin, TestItem::indicator(2)).await;
    let page = door.get(&admin, "/api/v1/items").await;
    assert_eq!(page["items"][0]["warning"], serde_json::json!(["Resolvers"]));
    assert!(page["items"][1].get("warning").is_none(), "{page}");
}

/// Puts an agreement in force whose policy permits that.
pub(crate) async fn bind(door: &Door, permitted: &str) {
    let what = serde_json::json!(["indicator"]);
    let agreement = serde_json::json!({
        "id": "bound", "title": "Bound", "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cosc-umbria"], "gives": what },
            { "name": "towns", "organisations": ["perugia"], "receives": what },
        ],
        "handling": { "iep": { "id": "iep-1", "name": "Umbria", "permitted_actions": permitted } },
    });
    let (admin, path) = (door.token("admin"), "/api/v1/agreements/bound");
    let put = door.ask(&admin, &format!("PUT {path}"), Some((JSON, &agreement.to_string()))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let step = Some((JSON, r#"{"step":"put-in-force"}"#));
    let put = door.ask(&admin, &format!("POST {path}/steps"), step).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
}

#[tokio::test]
async fn what_a_policy_obliges_to_goes_beside_the_object_and_narrows_the_feeds() {
    for (permitted, blocked, watched) in [
        ("externally visible direct actions", 1, 1),
        ("internally visible actions", 0, 1),
        ("contact for instruction", 0, 0),
    ] {
        let door = Door::new();
        bind(&door, permitted).await;
        let (centre, perugia) = (door.token("cosc-umbria"), door.token("perugia"));
        let item = TestItem::indicator(1).tlp("CLEAR");
        bring(&door, &centre, item.clone()).await;
        assert_eq!(lines(&door, &perugia, "addresses.txt").await.len(), blocked, "{permitted}");
        let bundle = door.get(&perugia, "/feeds/bundle.json").await;
        let objects = bundle["objects"].as_array().map_or(0, Vec::len);
        assert_eq!(objects >= 1, watched == 1, "{permitted}: {bundle}");
        let page = door.get(&perugia, "/api/v1/items").await;
        let line = &page["items"][0];
        assert_eq!(line["iep"]["permitted_actions"], permitted);
        assert_eq!(line["iep"]["policies"][0]["id"], "iep-1");
        assert_eq!(line["object"].to_string(), item.json(), "the object is as it was");
        let shelf = door.get(&perugia, "/taxii2/root/collections/cleared/").await;
        let said = shelf["description"].as_str().unwrap();
        assert!(said.contains("Umbria (iep-1), under bound"), "{said}");
        let shelf =
            door.get(&door.token("stranger.bot"), "/taxii2/root/collections/cleared/").await;
        assert!(!shelf["description"].as_str().unwrap().contains("iep-1"));
    }
}

/// Indicators on what Terni owns, and on a service of its at a host of many.
const ON_TERNI: [&str; 3] = [
    "[domain-name:value = 'www.comune-terni.example']",
    "[url:value = 'https://sites.cloud.example/terni/modulo']",
    "[url:value = 'https://sites.cloud.example/altri/furto']",
];

async fn of_terni(door: &Door) {
    let (admin, _) = door.with_password("admin");
    for (id, kind, value) in [
        ("dominio", "domain", "comune-terni.example"),
        ("sportello", "service", "https://sites.cloud.example/terni"),
    ] {
        let asset =
            serde_json::json!({ "id": id, "organisation": "terni", "kind": kind, "value": value });
        let line = format!("PUT /api/v1/assets/{id}");
        let put = door.ask(&admin, &line, Some((JSON, &asset.to_string()))).await;
        assert_eq!(put.status, StatusCode::OK, "{put:?}");
    }
}

async fn bring_on_terni(door: &Door, token: &str) {
    for (number, pattern) in (1..).zip(ON_TERNI) {
        let item = TestItem::indicator(number).tlp("GREEN").with("pattern", pattern.into());
        bring(door, token, item).await;
    }
}

#[tokio::test]
async fn a_feed_tells_no_stranger_what_a_member_owns() {
    let door = Door::new();
    of_terni(&door).await;
    let (perugia, terni) = (door.token("perugia"), door.token("terni.bot"));
    bring_on_terni(&door, &perugia).await;
    let own = lines(&door, &perugia, "indicators.csv").await;
    assert_eq!(own.len(), 4);
    assert!(own.iter().skip(1).all(|row| row.ends_with(',')), "no row of its own tells: {own:?}");
    assert_eq!(lines(&door, &perugia, "domains.txt").await.len(), 1, "nor by being left out");
    let warned = async |token: &str| {
        let rows = lines(&door, token, "indicators.csv").await;
        let warned = rows.iter().skip(1).map(|row| row.rsplit(',').next().unwrap().to_owned());
        let mut warned: Vec<_> = warned.filter(|warning| !warning.is_empty()).collect();
        warned.dedup();
        warned
    };
    let stranger = door.token("foligno.bot");
    assert_eq!(warned(&stranger).await, ["no machine should act on it"]);
    let whole = ["a member of the network owns it"];
    assert_eq!(warned(&terni).await, whole, "the owner");
    assert_eq!(warned(&door.token("cnaipic.bot")).await, whole, "whose node it is");
    let head = door.ask(&stranger, "GET /feeds/domains.txt", None).await.text();
    assert!(head.contains("1 too broad or withheld, 0 of members"), "{head}");
}

#[tokio::test]
async fn whose_node_it_is_has_no_member_blocked_by_what_it_brought_itself() {
    let door = Door::new();
    of_terni(&door).await;
    let centre = door.token("cnaipic.bot");
    bring_on_terni(&door, &centre).await;
    assert_eq!(lines(&door, &centre, "domains.txt").await, Vec::<String>::new());
    let rows = lines(&door, &centre, "indicators.csv").await;
    let warned = rows.iter().filter(|row| row.ends_with("a member of the network owns it"));
    assert_eq!(warned.count(), 2, "{rows:?}");
}

#[tokio::test]
async fn a_service_protects_its_own_address_at_a_host_of_many() {
    let door = Door::new();
    of_terni(&door).await;
    bring_on_terni(&door, &door.token("perugia")).await;
    let urls = lines(&door, &door.token("foligno.bot"), "urls.txt").await;
    assert_eq!(urls, ["https://sites.cloud.example/altri/furto"]);
}
