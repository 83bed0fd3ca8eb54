//! What a link costs on one core beside the ledger: sealing and packing what goes, unpacking and
//! checking what comes, in microseconds an item.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench measures time, and stops where it is wrong"
)]

#[path = "../../vedetta-federation/tests/it/scene.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod scene;

use std::hint::black_box;
use std::time::Instant;

use scene::{cards, id, item, key, now, own, passage, trust};
use vedetta_federation::Object;
use vedetta_federation::bookmark::Span;
use vedetta_federation::envelope::Envelope;
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::frame::{Batch, Frame};
use vedetta_federation::shelf::{Lane, Parcel};

const BATCHES: usize = 40;
const ITEMS: usize = 500;

fn main() {
    let batches: Vec<Vec<Envelope>> = (0..BATCHES).map(batch).collect();
    let (node, secret) = (id("a"), key("a"));
    let signer = Signer { node: &node, key: &secret };
    let peer = id("b");
    let sent = timed("seal and pack", || {
        let seal = |batch: &Vec<Envelope>| {
            let parcel = |envelope: &Envelope| Parcel::Onward {
                envelope: Box::new(envelope.clone()),
                passages: vec![passage("a1", &[])].into(),
                tlp: None,
            };
            let envelopes = dispatch(signer, &peer, batch.iter().map(parcel).collect(), now());
            let span = Span { after: 0, upto: 1 };
            let (hash, lane) = (envelopes[0].leaf(), Lane::Backlog);
            let batch = Batch { number: 1, lane, span, hash, envelopes };
            Frame::Batch(Box::new(batch)).encode().unwrap()
        };
        batches.iter().map(seal).collect::<Vec<_>>()
    });
    let octets: usize = sent.iter().map(Vec::len).sum();
    println!("{:>24}: {} octets an item", "on the wire", octets / (BATCHES * ITEMS));
    let come = timed("unpack", || {
        let read = |octets: &Vec<u8>| match Frame::decode(octets[4], &octets[5..]) {
            Ok(Some(Frame::Batch(batch))) => batch.envelopes,
            other => panic!("{other:?}"),
        };
        sent.iter().flat_map(read).collect::<Vec<_>>()
    });
    let trust = trust("b", cards());
    timed("check", || {
        for envelope in come {
            black_box(trust.check(&node, envelope, now()).unwrap());
        }
    });
}

fn batch(number: usize) -> Vec<Envelope> {
    let indicator = |place: usize| {
        let text = format!(
            "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--{:08x}-17d4-4cbf-938f-{:012x}\",\
             \"created\":\"2026-06-01T11:00:00.000Z\",\"modified\":\"2026-06-01T11:00:00.000Z\",\
             \"name\":\"Address of a command and control server\",\"indicator_types\":[\"malicious-activity\"],\
             \"pattern\":\"[ipv4-addr:value = '198.51.100.{}']\",\"pattern_type\":\"stix\",\
             \"valid_from\":\"2026-06-01T11:00:00Z\",\"confidence\":80,\"labels\":[\"c2\",\"example\"]}}",
            place * 2_654_435_761 % (1 << 32),
            number * ITEMS + place,
            place % 256,
        );
        let object = Object::new(text).unwrap();
        own("a", vedetta_federation::envelope::Item { object, ..item("a1") })
    };
    (0..ITEMS).map(indicator).collect()
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    let each = begun.elapsed().as_secs_f64() * 1e6 / (BATCHES * ITEMS) as f64;
    println!("{what:>24}: {each:.1} µs an item");
    done
}
