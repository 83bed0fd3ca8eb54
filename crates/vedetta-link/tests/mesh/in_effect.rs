//! What is committed and not in effect yet is passed over by nobody who reads on after it.

use std::sync::{Arc, Mutex};

use vedetta_federation::bookmark::Span;
use vedetta_federation::envelope::What;
use vedetta_federation::shelf::{Ask, Lane, Parcel, Shelf as _};
use vedetta_flow::{House, Sequence, VersionFilter, Wish};
use vedetta_mesh::Nodes;
use vedetta_model::{Actor, ItemId};
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{Between, TestHouse};

use super::network::{Node, agreement, agreements, id, party};
use super::wire::{Wire, pair, settle};

/// Three who read on from where they were: a door that follows, one who polls, and a peer's link.
struct Readers {
    house: Arc<House>,
    nodes: Nodes,
    by: Actor,
    places: [u64; 3],
    seen: [Vec<ItemId>; 3],
}

impl Readers {
    fn of(node: &Node, by: Actor) -> Self {
        let (house, last) = (Arc::clone(&node.house), node.house.bell().last().0);
        Self {
            nodes: Nodes::new(Arc::clone(&house)),
            house,
            by,
            places: [last; 3],
            seen: [const { Vec::new() }; 3],
        }
    }

    fn look(&mut self) {
        let [followed, polled, linked] = self.places;
        let releases = self.house.releases(Sequence(followed), 1_000).unwrap();
        let reader = self.house.reader_of(&self.by).unwrap();
        let open = releases.items.iter().filter_map(|it| it.open(&reader));
        self.seen[0].extend(open.map(|it| it.id.clone()));
        let wish = Wish::all(Sequence(polled), VersionFilter::All);
        let page = self.house.page(&self.by, &wish).unwrap();
        self.seen[1].extend(page.items.iter().map(|it| it.id.clone()));
        let polled = page.items.last().map_or(polled, |it| it.stamp.seq.0);
        self.places = [releases.place.0, polled, self.read_for_peer(linked)];
    }

    fn read_for_peer(&mut self, after: u64) -> u64 {
        let upto = self.nodes.head().unwrap().place;
        if upto <= after {
            return after;
        }
        let span = Span { after, upto };
        let ask = Ask { lane: Lane::Live, span, envelopes: 500, octets: 1 << 20, echo: 0 };
        let page = self.nodes.page(&id("cnaipic"), &ask).unwrap();
        for parcel in page.parcels {
            if let Parcel::Onward { envelope, .. } = parcel
                && let What::Item(item) = envelope.what
            {
                self.seen[2].extend(item.object.outline().id.clone());
            }
        }
        page.upto.place
    }
}

#[test]
fn who_looks_between_a_commit_and_its_effect_misses_nothing() {
    let ledger = Between::over(TestHouse::ledger());
    let umbria = Node::over("cosc-umbria", ledger.clone(), agreements());
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    let readers = Readers::of(&umbria, umbria.person("cnaipic"));
    let readers = Arc::new(Mutex::new(readers));
    let looking = Arc::clone(&readers);
    ledger.look(move || looking.lock().unwrap().look());
    // Each is handled as none before: its clearance comes with it.
    let items = [
        TestItem::indicator(1).tlp("GREEN"),
        TestItem::indicator(2).tlp("AMBER"),
        TestItem::incident(3, "Intrusion").tlp("GREEN"),
        TestItem::incident(4, "Intrusion").tlp("AMBER"),
    ];
    for item in &items {
        umbria.bring("cosc-umbria", &[item.clone()]);
    }
    let mut readers = readers.lock().unwrap();
    readers.look();
    let all: Vec<_> = items.iter().map(TestItem::id).collect();
    assert_eq!(readers.seen, [all.clone(), all.clone(), all]);
}

#[test]
fn what_comes_by_two_ways_at_once_is_released_once() {
    let regional = agreement(
        "regions",
        Some("pro-c2si"),
        ("named", "lineage"),
        &serde_json::json!([party("one", &["cosc-umbria"]), party("two", &["cosc-liguria"])]),
    );
    let all = || agreements().into_iter().chain([regional.clone()]).collect::<Vec<_>>();
    let umbria = Node::new("cosc-umbria", all());
    let national = Node::new("cnaipic", all());
    let liguria = Node::new("cosc-liguria", all());
    let genova = Node::new("genova", all());
    pair(&national, &umbria);
    pair(&national, &liguria);
    pair(&umbria, &liguria);
    pair(&liguria, &genova);
    let mut wires = [
        Wire::between(&national, &umbria),
        Wire::between(&national, &liguria),
        Wire::between(&umbria, &liguria),
    ];
    let item = TestItem::indicator(1).tlp("GREEN");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires);
    // The first that it hears of both ways is one batch.
    settle(&mut [Wire::between(&liguria, &genova)]);
    assert_eq!(genova.read_by("genova").len(), 1);
    let ways = genova.deeds().iter().filter(|deed| deed["deed"] == "path").count();
    assert_eq!(ways, 1, "straight from Umbria, and by the national centre");
}
