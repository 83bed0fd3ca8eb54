//! What a peer has this node write is bounded, also where little is said with it.

use std::sync::Arc;
use std::time::Duration;

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, What, Withdrawal};
use vedetta_federation::frame::{Batch, Frame, Hello, Notice, Told, VERSIONS};
use vedetta_federation::shelf::Lane;
use vedetta_link::courier::Courier;
use vedetta_link::{Allowance, Input, Speaker};
use vedetta_mesh::Nodes;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::pair;

/// Has two speak until neither has anything to say; the number of the last batch of the second.
fn carry(ends: &mut [Courier; 2]) -> u64 {
    let (mut said, mut last) = (true, 0);
    while std::mem::take(&mut said) {
        for from in 0..2 {
            while ends[from].is_busy() {
                ends[from].work().unwrap();
            }
            while let Some(frame) = ends[from].say().unwrap() {
                said = true;
                let read = Frame::decode(frame[4], &frame[5..]).unwrap();
                if let (1, Some(Frame::Batch(batch))) = (from, read) {
                    last = batch.number;
                }
                ends[1 - from].hear(Input::Frame(frame.slice(4..))).unwrap();
            }
        }
    }
    last
}

/// The courier of the national centre for Umbria, which may bring so many octets in a day, once both
/// have greeted each other; and the number of the next batch.
fn greeted(quota: u64) -> (Arc<Nodes>, Node, Courier, u64) {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let nodes = [&national, &umbria].map(|node| Arc::new(Nodes::new(Arc::clone(&node.house))));
    let [here, there] =
        [(0, "cosc-umbria", quota), (1, "cnaipic", 1 << 30)].map(|(of, peer, quota)| {
            let allowance = Allowance { quota, reserve: None };
            Courier::begin(Arc::clone(&nodes[of]), id(peer), allowance).unwrap()
        });
    let mut ends = [here, there];
    let last = carry(&mut ends);
    let ([here, _], [nodes, _]) = (ends, nodes);
    (nodes, national, here, last + 1)
}

fn tell(courier: &mut Courier, frame: &Frame) {
    courier.hear(Input::Frame(frame.encode().unwrap()[4..].to_vec().into())).unwrap();
}

#[test]
fn refusals_are_noted_as_far_as_the_quota_of_the_peer_goes() {
    let (nodes, node, mut courier, _) = greeted(2 << 20);
    for n in 0_u32..100 {
        let (leaf, why) = (digest(&[&n.to_be_bytes()]), "widened".into());
        let told = Told { leaf, why, says: String::new() };
        tell(&mut courier, &Frame::Notice(Notice { refusals: vec![told] }));
    }
    let noted = nodes.peers(&node.administrator()).unwrap()[0].refused_there;
    assert!((1..100).contains(&noted), "{noted}");
}

/// How many refusals Umbria is told of once it has greeted on a new connection.
fn told_again(nodes: &Arc<Nodes>, quota: u64) -> usize {
    let peer = id("cosc-umbria");
    let allowance = Allowance { quota, reserve: None };
    let mut courier = Courier::begin(Arc::clone(nodes), peer.clone(), allowance).unwrap();
    let hello = Hello {
        versions: VERSIONS,
        card: nodes.house().mesh().unwrap().cards.newest(&peer).unwrap().clone(),
        to: id("cnaipic"),
        edition: "a-ledger".into(),
        head: Mark { place: 0, hash: digest(&[]) },
        now: nodes.house().now(),
        resume: Bookmark::default(),
        credit: 8,
    };
    tell(&mut courier, &Frame::Hello(Box::new(hello)));
    let mut told = 0;
    while let Some(frame) = courier.say().unwrap() {
        if let Some(Frame::Notice(it)) = Frame::decode(frame[4], &frame[5..]).unwrap() {
            told += it.refusals.len();
        }
    }
    told
}

#[test]
fn what_was_refused_is_told_again_so_often_in_a_day() {
    let (nodes, node, mut courier, number) = greeted(1 << 30);
    let unsealed = |n: u32| {
        let item = TestItem::indicator(n).id();
        let what = What::Withdrawal(Withdrawal { item, producer: None, reason: String::new() });
        Envelope::unsealed(id("cosc-umbria"), node.house.now(), 1, what)
    };
    let (span, hash) = (Span { after: 0, upto: 1 }, digest(&[b"a place"]));
    let envelopes = (0..200).map(unsealed).collect();
    let batch = Batch { number, lane: Lane::Backlog, span, hash, envelopes };
    tell(&mut courier, &Frame::Batch(Box::new(batch)));
    while courier.report().refused < 200 {
        courier.work().unwrap();
    }
    drop(courier);
    assert_eq!(told_again(&nodes, 1 << 30), 200);
    assert_eq!(told_again(&nodes, 4 << 20), 0, "of a day it was told enough");
    node.clock.advance(Duration::from_secs(86_400));
    assert_eq!(told_again(&nodes, 4 << 20), 200, "and nothing of it was forgotten");
}

#[test]
fn a_notice_counts_for_the_entry_that_it_makes() {
    let (_, node, mut courier, number) = greeted(2 << 20);
    let withdrawal = |n: u32| {
        let item = TestItem::indicator(n).id();
        let what = What::Withdrawal(Withdrawal { item, producer: None, reason: String::new() });
        Envelope::unsealed(id("cosc-umbria"), node.house.now(), 1, what)
    };
    let envelopes = (0..1_000).map(withdrawal).collect();
    let (span, hash) = (Span { after: 0, upto: 1 }, digest(&[b"a place"]));
    let batch = Batch { number, lane: Lane::Backlog, span, hash, envelopes };
    tell(&mut courier, &Frame::Batch(Box::new(batch)));
    // What came before may still be written.
    while !courier.report().over_quota && courier.report().refused == 0 {
        courier.work().unwrap();
    }
    assert!(courier.report().over_quota, "it waits for the next day");
}
