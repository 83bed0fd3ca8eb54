//! How fast a node that was away gets what it missed: reading and sealing at one house, checking
//! and taking in at the other. Ledgers on the disk, no sockets.
//!
//! `cargo bench -p vedetta-mesh --bench catch_up [-- ITEMS]`

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it measures time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::cards::Vouches;
use vedetta_federation::exchange::{Signer, fetch, take};
use vedetta_federation::frame::Batch;
use vedetta_federation::link::Taking;
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::{Ask, Lane, Shelf};
use vedetta_flow::mesh::Mesh;
use vedetta_mesh::{Nodes, Terms};
use vedetta_model::{Actor, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

struct Node {
    nodes: Nodes,
    administrator: Actor,
}

impl Node {
    fn of(test: TestHouse, name: &str) -> Self {
        let administrator = test.administrator_of(name);
        Self { nodes: Nodes::new(Arc::new(test.house)), administrator }
    }

    fn mesh(&self) -> Arc<Mesh> {
        self.nodes.house().mesh().unwrap()
    }
}

fn house(place: &std::path::Path, seed: u64, name: &str) -> TestHouse {
    let test = TestHouse::at(place, seed).with_small_network();
    test.house.set_own(&id(name)).unwrap();
    let scope = Scope { organisations: [id(name)].into(), ..Scope::default() };
    test.house.establish_node(&scope, Some("node.example.org:8444")).unwrap();
    test
}

fn pair(national: &Node, umbria: &Node) {
    let terms = |name: &str| Terms {
        serves: Scope { organisations: [id(name)].into(), ..Scope::default() },
        vouches: Vouches::Below,
    };
    let agreement = "act".parse().unwrap();
    let (one, two) = (&national.administrator, &umbria.administrator);
    let (inviting, accepting) = (national.mesh().key.public(), umbria.mesh().key.public());
    let theirs = terms("cosc-umbria");
    let (invited, address) = (id("cosc-umbria"), "node.example.org:1");
    let code = national.nodes.invite_node(one, &invited, &agreement, &theirs, address).unwrap();
    let proposal = umbria.nodes.propose_pairing(two, &code, &inviting).unwrap();
    let answer = national.nodes.answer_proposal(&accepting, &proposal).unwrap();
    let answer = (&inviting, &answer);
    umbria.nodes.accept_node(two, &code, answer, &terms("cnaipic")).unwrap();
}

fn main() {
    let items = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(20_000);
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let umbria = house(places[0].path(), 1, "cosc-umbria");
    let national = Node::of(house(places[1].path(), 2, "cnaipic"), "cnaipic");
    for first in (0..items).step_by(1000) {
        let some: Vec<_> =
            (first..items.min(first + 1000)).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
        umbria.bring("cosc-umbria", &some);
    }
    let umbria = Node::of(umbria, "cosc-umbria");
    pair(&national, &umbria);
    let (sent, reading, taking) = catch_up(&umbria, &national);
    let rate = |time: Duration| f64::from(sent) / time.as_secs_f64();
    println!(
        "{sent} items: read and sealed {:.0}/s, checked and taken in {:.0}/s",
        rate(reading),
        rate(taking)
    );
}

/// Everything from one house to the other; how many, and how long each took.
fn catch_up(from: &Node, to: &Node) -> (u32, Duration, Duration) {
    let (giver, receiver) = (id("cosc-umbria"), id("cnaipic"));
    let (mesh, trust) = (from.mesh(), to.mesh());
    let head = from.nodes.head().unwrap().place;
    let (mut sent, mut after, mut number) = (0, 0, 0);
    let (mut reading, mut taking) = (Duration::ZERO, Duration::ZERO);
    let mut bookmark = Bookmark::default();
    while after < head {
        let span = Span { after, upto: head };
        let ask = Ask { lane: Lane::Backlog, span, envelopes: 500, octets: 512 << 10, echo: 0 };
        let signer = Signer { node: &giver, key: &mesh.key };
        let begun = Instant::now();
        let fetched =
            fetch(&from.nodes, signer, &receiver, &ask, from.nodes.house().now()).unwrap();
        reading += begun.elapsed();
        sent += u32::try_from(fetched.envelopes.len()).unwrap();
        number += 1;
        let span = Span { after, upto: fetched.upto.place };
        after = fetched.upto.place;
        let (hash, envelopes) = (fetched.upto.hash, fetched.envelopes);
        let batch = Box::new(Batch { number, lane: Lane::Backlog, span, hash, envelopes });
        let begun = Instant::now();
        let taken = Taking { batch, bookmark };
        let taken = take(&to.nodes, &trust.trust, &giver, taken, to.nodes.house().now()).unwrap();
        taking += begun.elapsed();
        assert!(taken.refused.is_empty(), "{:?}", taken.refused);
        bookmark = taken.bookmark;
    }
    (sent, reading, taking)
}
