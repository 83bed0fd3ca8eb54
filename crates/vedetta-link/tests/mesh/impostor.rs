//! Somebody brings another's item under the same identifier and calls himself its creator: he is shown,
//! and nothing of the owner's is lost or decided by it.

use std::time::Duration;

use serde_json::json;
use vedetta_testkit::items::TestItem;

use super::hostile::{bring, country, item};
use super::network::{Node, id};
use super::wire::{Wire, settle};

/// Whether Genova's acknowledgement of what somebody brought is known at a node.
fn is_acknowledged(node: &Node, producer: &str, of: &TestItem) -> bool {
    let (by, number) = (node.person(producer), node.house.number_of(&id(producer)).unwrap());
    let line = node.house.item_of(&by, &of.id(), number).unwrap();
    let had = node.house.deliveries(&by, &line).unwrap();
    had.iter().any(|it| it.organisation == id("genova") && it.acknowledged.is_some())
}

#[test]
fn what_is_acknowledged_reaches_the_owner_and_who_stands_beside_him() {
    let [national, umbria, liar] = country();
    let theirs = TestItem::indicator(21)
        .tlp("CLEAR")
        .with("created_by_ref", json!(id("terni").identity().as_str()));
    umbria.bring("terni", &[theirs.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let lie = theirs
        .clone()
        .modified("2026-03-05T00:00:00.000Z")
        .with("name", json!("a lie"))
        .with("created_by_ref", json!(id("poli-cert").identity().as_str()));
    assert_eq!(bring(&liar, &national, item("poli-cert", &lie, "CLEAR")), "new");
    let genova = national.person("genova");
    let shown = national.house.item(&genova, &theirs.id()).unwrap();
    assert_eq!(national.house.source(&shown).unwrap().id, id("poli-cert"), "and who he is");
    for node in [&national, &umbria] {
        node.clock.advance(Duration::from_secs(60));
    }
    assert!(national.house.acknowledge(&genova, &theirs.id(), None).unwrap().is_some());
    assert!(is_acknowledged(&national, "terni", &theirs));
    assert!(is_acknowledged(&national, "poli-cert", &theirs));
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(is_acknowledged(&umbria, "terni", &theirs), "its node says so");
}
