//! What is said of an item later crosses three houses as the item did, and takes effect at each; by
//! however many ways it comes, it is one item.

use serde_json::{Value, json};
use vedetta_outpost::Outposts;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, party};
use super::wire::{Wire, pair, settle};

/// A property of an item as somebody reads it.
fn said(node: &Node, reader: &str, item: &TestItem, property: &str) -> Value {
    let read = node.house.item(&node.person(reader), &item.id()).unwrap();
    serde_json::from_slice::<Value>(&read.body).unwrap()[property].take()
}

#[test]
fn a_later_version_a_sighting_and_a_revocation_take_effect_at_three_houses() {
    let [umbria, national, liguria] =
        ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let readers = [(&umbria, "terni"), (&national, "cnaipic"), (&liguria, "genova")];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    let later = item.clone().modified("2026-03-02T00:00:00.000Z").with("name", "a botnet".into());
    umbria.bring("perugia", &[later.clone()]);
    settle(&mut wires);
    for (node, reader) in readers {
        assert_eq!(said(node, reader, &item, "name"), "a botnet", "at {}", node.name);
        assert_eq!(node.read_by(reader).len(), 2, "both versions, each once, at {}", node.name);
    }
    let sighting = TestItem::indicator(2).tlp("AMBER");
    let sighting = sighting.without(&["pattern", "pattern_type", "valid_from", "name"]);
    let sighting = sighting.with("type", "sighting".into()).with("count", 3.into());
    let sighting = sighting.with("sighting_of_ref", item.id().as_str().into());
    let sighting = sighting.with("id", "sighting--00000000-0000-4000-8000-000000000002".into());
    liguria.bring("genova", &[sighting]);
    settle(&mut wires);
    for (node, reader) in readers {
        let seen = Outposts::new(std::sync::Arc::clone(&node.house));
        let seen = seen.seen_by(&node.person(reader), &item.id()).unwrap();
        let seen = seen.map(|it| (it.organisations, it.count));
        assert_eq!(seen, Some((1, 3)), "at {}", node.name);
    }
    let over = later.modified("2026-03-03T00:00:00.000Z").with("revoked", true.into());
    umbria.bring("perugia", &[over]);
    settle(&mut wires);
    for (node, reader) in readers {
        assert_eq!(said(node, reader, &item, "revoked"), true, "at {}", node.name);
        let all = node.read_by(reader).into_iter();
        let left = all.filter(|it| it.contains(&format!("\"id\":\"{}\"", item.id()))).count();
        assert_eq!(left, 1, "what it revokes is served no more, at {}", node.name);
    }
    // What comes late brings nothing back.
    let late = item.clone().modified("2026-03-02T12:00:00.000Z").with("name", "late".into());
    umbria.offer("perugia", &[late]);
    settle(&mut wires);
    for (node, reader) in readers {
        assert_eq!(said(node, reader, &item, "revoked"), true, "at {}", node.name);
    }
}

#[test]
fn in_a_full_mesh_of_four_one_item_has_three_ways() {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria", "poli-cert"];
    let all = names.map(|name| party(name, &[name]));
    let corps = agreement("corps", None, ("named", "lineage"), &json!(all));
    let nodes = names.map(|name| Node::new(name, [agreements(), vec![corps.clone()]].concat()));
    let pairs: Vec<_> = (0..4).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
    for (a, b) in &pairs {
        pair(&nodes[*a], &nodes[*b]);
    }
    let between = |(a, b): &(usize, usize)| Wire::between(&nodes[*a], &nodes[*b]);
    let mut wires: Vec<_> = pairs.iter().map(between).collect();
    let limits = json!(["corps"]);
    let item = |n| TestItem::indicator(n).tlp("GREEN").handled("only_under", limits.clone());
    let items: Vec<_> = (0..5).map(item).collect();
    nodes[1].bring("cosc-umbria", &items);
    settle(&mut wires);
    for (node, name) in nodes.iter().zip(names) {
        assert_eq!(node.read_by(name).len(), items.len(), "each once, at {name}");
        let deeds = node.deeds();
        let ways = deeds.iter().filter(|deed| deed["deed"] == "path").count();
        // Beside the way by which it came first: the two others of two hops, and of those of three
        // the ones that came before them.
        let further = if name == "cosc-umbria" { 0..=0 } else { 2..=4 };
        assert!(
            further.contains(&(ways / items.len())) && ways % items.len() == 0,
            "{name}: {ways}"
        );
    }
    let carried = |wires: &[Wire<'_>]| wires.iter().map(|wire| wire.seen.len()).sum::<usize>();
    let before = carried(&wires);
    settle(&mut wires);
    assert_eq!(carried(&wires), before, "nothing goes round");
}
