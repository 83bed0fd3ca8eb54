//! The ledger, searched by people.

use http::StatusCode;
use serde_json::json;
use vedetta_model::Role;
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::Node;

/// The places of the entries on a page, in its order.
fn places(page: &str) -> Vec<u64> {
    let links = page.split("href=\"/audit/").skip(1);
    links.filter_map(|rest| rest.split('"').next().unwrap().parse().ok()).collect()
}

/// A node whose ledger has much after the beginnings.
fn node() -> Node {
    let test = TestHouse::small();
    let items: Vec<_> = (1..=1_200).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    test.bring("cnaipic", &items);
    let node = Node::over(test);
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    node
}

#[tokio::test]
async fn what_was_done_long_ago_is_found_by_the_name_of_whom_it_is_about() {
    let node = node();
    let mut auditor = node.browser("revisore");
    for name in ["Comune+di+Perugia", "comune+di+perugia", "perugia"] {
        let found = auditor.open(&format!("/audit?kind=numbered&subject={name}")).await.text;
        assert_eq!(places(&found).len(), 1, "{name}: {found}");
        assert!(found.contains("<td class=\"mono wrap\">perugia</td>"), "{name}: {found}");
    }
    let act = auditor.open("/audit?subject=Act+of+Umbria").await.text;
    assert!(!places(&act).is_empty() && act.contains("«Act of Umbria» = act"), "{act}");
    let nothing = auditor.open("/audit?subject=nessuno").await.text;
    assert!(places(&nothing).is_empty() && nothing.contains("Nessuna voce corrisponde"));
}

#[tokio::test]
async fn who_did_it_and_when_narrow_the_search_and_a_page_is_full_of_it() {
    let node = node();
    let mut auditor = node.browser("revisore");
    let all = auditor.open("/audit?kind=item").await.text;
    assert_eq!(places(&all).len(), 100, "a page is full though it is but of one kind");
    let next = all.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&");
    assert!(next.contains("kind=item"), "the next page asks the same: {next}");
    let older = auditor.open(&next).await.text;
    assert!(places(&older).first() < places(&all).last(), "{older}");

    node.clock.advance(std::time::Duration::from_secs(16 * 3_600));
    node.account("luisa", "cnaipic", &[Role::DutyOfficer]);
    let late = auditor.open("/audit?from=2026-03-03T00:00&kind=put").await.text;
    assert!(late.contains("luisa") && places(&late).len() < 10, "{late}");
    let early = auditor.open("/audit?to=2026-03-02T23:00&text=luisa").await.text;
    assert!(places(&early).is_empty(), "{early}");
    node.browser("luisa").open("/items?as=csv").await;
    let hers = auditor.open("/audit?actor=Persona+luisa").await.text;
    assert_eq!(places(&hers).len(), 1, "her export, by her name: {hers}");
    let theirs = places(&auditor.open("/audit?actor=CNAIPIC&kind=deed").await.text);
    let before = vedetta_flow::Sequence(theirs.last().unwrap() - 1);
    let all = node.console.house().entries(&node.admin, before, 1_000).unwrap();
    let deeds = all.iter().rev().filter(|it| theirs.contains(&it.stamp.seq.0));
    let told = deeds.map(|it| {
        let facts: serde_json::Value = serde_json::from_str(&it.facts).unwrap();
        json!([it.actor, it.subject, facts])
    });
    // Whatever anybody there did, the last first: her export, and what the auditor looked for.
    let until = "2026-03-02T22:00:59.999999Z";
    let since = "2026-03-02T23:00:00.000000Z";
    let looked = |facts: serde_json::Value| json!(["revisore", "revisore", facts]);
    let expected = [
        looked(json!({ "deed": "ledger-read", "actor": "Persona luisa" })),
        json!(["luisa", "items.csv", { "deed": "exported" }]),
        looked(json!({ "deed": "ledger-read", "text": "luisa", "until": until })),
        looked(json!({ "deed": "ledger-read", "kind": "put", "since": since })),
        looked(json!({ "deed": "ledger-read", "kind": "item" })),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let wrong = auditor.open("/audit?from=ieri").await.text;
    assert!(wrong.contains("Un momento non si legge"), "{wrong}");
}

#[tokio::test]
async fn an_account_is_asked_for_alone_though_its_organisation_has_its_name() {
    let node = node();
    node.account("vigili", "perugia", &[Role::Liaison]);
    for who in ["perugia", "vigili"] {
        node.browser(who).open("/items?as=csv").await;
    }
    let mut auditor = node.browser("revisore");
    let by = auditor.open("/audit?kind=deed&actor=Comune+di+Perugia").await.text;
    let everybody = places(&by);
    assert_eq!(everybody.len(), 2, "{by}");
    for alone in ["perugia", "perugia@perugia"] {
        let hers = auditor.open(&format!("/audit?kind=deed&actor={alone}")).await.text;
        assert_eq!(places(&hers), everybody[1..], "{alone}: {hers}");
    }
}

#[tokio::test]
async fn a_text_is_found_in_what_is_told_of_an_entry() {
    let node = node();
    let mut auditor = node.browser("revisore");
    let told = auditor.open("/audit?kind=item&text=Produttore:+cnaipic").await.text;
    assert_eq!(places(&told).len(), 100, "the ledger has a number: {told}");
    let before = auditor.open("/audit?kind=item&text=produttore&before=200").await.text;
    assert!(places(&before).iter().all(|it| *it < 200) && !places(&before).is_empty());
    let another = auditor.open("/audit?kind=item&text=produttore:+perugia").await.text;
    assert!(places(&another).is_empty(), "{another}");
}

#[tokio::test]
async fn a_file_has_what_the_filters_let_through_and_more_than_a_page() {
    let node = node();
    let file = node.browser("revisore").open("/audit?kind=item&as=csv").await.text;
    let rows: Vec<_> = file.lines().skip(1).collect();
    assert_eq!(rows.len(), 1_200);
    assert!(rows.iter().all(|row| row.split(',').nth(2) == Some("item")), "{file}");
}

#[tokio::test]
async fn an_entry_has_a_page_with_all_of_it_and_those_around_it() {
    let node = node();
    let reason = format!("Era un falso allarme{}, e questo è il motivo", " ripetuto".repeat(30));
    let id = TestItem::indicator(7).id();
    node.console.house().withdraw(&node.admin, &id, &reason).unwrap();
    let mut auditor = node.browser("revisore");
    let list = auditor.open(&format!("/audit?kind=withdrawn&subject={id}")).await.text;
    assert!(!list.contains("questo è il motivo"), "a row is short");
    let place = places(&list)[0];
    let entry = auditor.open(&format!("/audit/{place}")).await;
    assert_eq!(entry.status, StatusCode::OK);
    let house = node.console.house();
    let kept = house.entries(&node.admin, vedetta_flow::Sequence(place - 2), 2).unwrap();
    for said in [
        &*reason,
        id.as_str(),
        "admin@cnaipic",
        &kept[1].hash.to_string(),
        &kept[0].hash.to_string(),
        &vedetta_flow::Digest::of(&kept[1].body).to_string(),
        &format!("href=\"/audit/{}\"", place - 1),
        &format!("href=\"/audit/{}\"", place + 1),
    ] {
        assert!(entry.text.contains(said), "{said}: {}", entry.text);
    }
    let first = auditor.open("/audit/1").await.text;
    assert!(first.contains("href=\"/audit/2\"") && !first.contains("href=\"/audit/0\""));
    for none in ["/audit/0", "/audit/99999999", "/audit/x"] {
        assert_eq!(auditor.open(none).await.status, StatusCode::NOT_FOUND, "{none}");
    }
    assert_eq!(node.browser("perugia").open("/audit/1").await.status, StatusCode::FORBIDDEN);
}
