//! What belongs to an exercise crosses to those who take part, and to nobody beside them.

use serde_json::json;
use vedetta_policy::{Victim, reveals};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::victims::incident;
use super::wire::{Wire, pair, settle};

/// Umbria, the national centre and Liguria in a row.
fn row() -> [Node; 3] {
    let nodes =
        ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, agreements()));
    pair(&nodes[1], &nodes[0]);
    pair(&nodes[1], &nodes[2]);
    nodes
}

/// Brings an item of Perugia at Umbria; what crossed.
fn bring(nodes: &[Node; 3], item: &TestItem) -> Vec<String> {
    let [umbria, national, liguria] = nodes;
    let mut wires = [Wire::between(national, umbria), Wire::between(national, liguria)];
    settle(&mut wires);
    wires.iter_mut().for_each(|wire| wire.seen.clear());
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    wires.iter().flat_map(|wire| &wire.seen).cloned().collect()
}

#[test]
fn the_full_form_is_there_for_those_who_take_part_and_its_producer() {
    let nodes = row();
    let [umbria, national, liguria] = &nodes;
    let exercise = json!({ "name": "Ponte", "participants": ["cnaipic", "genova"] });
    let item = TestItem::indicator(1).tlp("AMBER").handled("exercise", exercise);
    bring(&nodes, &item);
    for (node, reader, has) in [
        (umbria, "perugia", true),
        (umbria, "cosc-umbria", false),
        (national, "cnaipic", true),
        (national, "perugia", true),
        (national, "cosc-liguria", false),
        (liguria, "genova", true),
        (liguria, "cosc-liguria", false),
    ] {
        assert_eq!(node.reads(reader, &item.id()), has, "{reader} at {}", node.name);
    }
}

#[test]
fn the_form_without_the_victim_tells_it_in_no_name_and_nobody_stands_for_its_producer() {
    let nodes = row();
    let [umbria, national, liguria] = &nodes;
    let name = "Attack on Comune di Perugia";
    let exercise = json!({ "name": name, "participants":
        ["cnaipic", "cosc-liguria", "genova", "perugia"] });
    let seen = bring(&nodes, &incident().handled("exercise", exercise));
    let directory = umbria.house.standing();
    let victim = Victim::of(directory.directory.organisation(&id("perugia")).unwrap(), [], []);
    for frame in seen {
        assert!(reveals(&json!({ "name": frame }), &victim).is_none(), "{frame}");
    }
    for (node, reader, many) in [
        (national, "cnaipic", 1),
        (liguria, "cosc-liguria", 1),
        (liguria, "genova", 1),
        (national, "cosc-umbria", 0),
        (liguria, "cosc-umbria", 0),
    ] {
        assert_eq!(node.read_by(reader).len(), many, "{reader} at {}", node.name);
    }
}
