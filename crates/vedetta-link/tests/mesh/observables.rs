//! One address, seen in two regions: every node has what each says, and each takes back its own.

use serde_json::json;
use vedetta_store::{Verification, verify};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

fn country() -> [Node; 3] {
    ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, agreements()))
}

fn seen_by(who: &str) -> TestItem {
    TestItem::address(7).with("x_seen_by", json!(who)).tlp("GREEN")
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// What everybody reads at each node.
fn everywhere(nodes: [&Node; 3]) -> [Vec<String>; 3] {
    let readers = ["perugia", "cnaipic", "genova"];
    let mut found = nodes.into_iter().zip(readers).map(|(it, who)| sorted(it.read_by(who)));
    [(); 3].map(|()| found.next().unwrap())
}

fn is_sound(node: &Node) {
    let mut sound = None;
    let read = node.store.read(&mut |reader| {
        sound = Some(verify(reader)?);
        Ok(())
    });
    read.unwrap();
    assert!(matches!(sound, Some(Verification::Sound { .. })), "at {}: {sound:?}", node.name);
}

#[test]
fn what_each_says_of_an_address_is_at_every_node_until_it_takes_it_back() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    umbria.bring("perugia", &[seen_by("perugia")]);
    liguria.bring("genova", &[seen_by("genova")]);
    settle(&mut wires);
    liguria.bring("cosc-liguria", &[seen_by("perugia")]);
    settle(&mut wires);
    let nodes = [&umbria, &national, &liguria];
    let all = [seen_by("genova"), seen_by("perugia"), seen_by("perugia")];
    let all = sorted(all.iter().map(TestItem::json).collect());
    assert_eq!(everywhere(nodes), [all.clone(), all.clone(), all]);

    umbria.house.withdraw(&umbria.person("perugia"), &seen_by("").id(), "a mistake").unwrap();
    settle(&mut wires);
    let left = sorted([seen_by("genova"), seen_by("perugia")].map(|it| it.json()).to_vec());
    assert_eq!(everywhere(nodes), [left.clone(), left.clone(), left.clone()]);
    assert_eq!(umbria.offer("perugia", &[seen_by("perugia")]).rejected[0].rule, "withdrawn");
    settle(&mut wires);
    assert_eq!(everywhere(nodes), [left.clone(), left.clone(), left]);
    nodes.into_iter().for_each(is_sound);
}

#[test]
fn who_has_seen_an_address_is_told_to_whose_it_is() {
    let [umbria, national, _] = country();
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    umbria.bring("perugia", &[seen_by("perugia")]);
    settle(&mut wires);
    umbria.bring("cosc-umbria", &[seen_by("cosc-umbria")]);
    settle(&mut wires);
    for node in [&umbria, &national] {
        node.clock.advance(std::time::Duration::from_secs(60));
    }
    let address = seen_by("").id();
    national.house.acknowledge(&national.person("cnaipic"), &address, None).unwrap();
    settle(&mut wires);
    let acknowledged = |who: &str| {
        let deliveries = umbria.deliveries(&umbria.person(who), &address);
        let theirs = deliveries.iter().find(|it| it.organisation == id("cnaipic"));
        theirs.is_some_and(|it| it.acknowledged.is_some())
    };
    assert!(acknowledged("cosc-umbria"), "the newest was read, and is its own");
}
