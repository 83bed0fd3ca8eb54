//! What is committed and not in effect yet is passed over by nobody who reads on after it.

use std::sync::{Arc, Mutex};

use vedetta_federation::bookmark::Span;
use vedetta_federation::envelope::What;
use vedetta_federation::shelf::{Ask, Lane, Parcel, Shelf as _};
use vedetta_flow::{House, Sequence, VersionFilter, Wish};
use vedetta_mesh::Nodes;
use vedetta_model::{Actor, Handling, ItemId, Tlp};
use vedetta_store::{ClearanceId, Form, NewClearance};
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{Between, TestHouse};

use super::network::{Node, agreements, id};
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
fn a_version_that_is_not_in_effect_yet_hides_none() {
    let ledger = Between::over(TestHouse::ledger());
    let umbria = Node::over("cosc-umbria", ledger.clone(), agreements());
    let item = TestItem::indicator(1).tlp("GREEN");
    umbria.bring("cosc-umbria", std::slice::from_ref(&item));
    let (house, by) = (Arc::clone(&umbria.house), umbria.person("cnaipic"));
    let newest = move || {
        let page = house.page(&by, &Wish::all(Sequence::START, VersionFilter::Last)).unwrap();
        page.items.iter().filter(|it| it.id == item.id()).count()
    };
    assert_eq!(newest(), 1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let looking = Arc::clone(&seen);
    ledger.look(move || looking.lock().unwrap().push(newest()));
    let later = TestItem::indicator(1).tlp("GREEN").modified("2026-06-01T00:00:00.000Z");
    umbria.bring("cosc-umbria", &[later]);
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|found| *found == 1), "{seen:?}");
}

#[test]
fn a_unit_of_work_sees_the_clearance_that_it_wrote() {
    let umbria = Node::new("cosc-umbria", agreements());
    umbria.bring("perugia", &[TestItem::indicator(1).tlp("GREEN")]);
    let shared = Arc::clone(umbria.house.shared());
    let before = shared.book.get(ClearanceId(1)).unwrap();
    let mut handling = Handling::clone(&before.handling);
    handling.tlp = Tlp::Red;
    let handling = Arc::new(handling);
    let written = Arc::clone(&handling);
    let seen = umbria.house.write(move |unit| {
        let new = NewClearance {
            handling: &written,
            form: Form::Full,
            audience: &before.audience,
            grounds: "{}",
            actor: "tester",
        };
        let id = unit.intern(&new)?;
        assert!(shared.book.get(id).is_none(), "the book has it only once it is in effect");
        shared.book.seen_by(unit, id)
    });
    assert_eq!(seen.unwrap().unwrap().handling, handling);
}
