//! How long it takes to assess 100,000 indicators, and to write each feed of them.
//!
//! `cargo bench -p vedetta-diffusion`

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

use std::time::Instant;

use vedetta_diffusion::feed::{Doubtful, FeedEntry, Format, Head, Measures, Release, render};
use vedetta_indicator::{DecayTable, WarningLists};
use vedetta_model::{Pap, Tlp};

#[path = "../tests/it/world.rs"]
#[allow(dead_code, reason = "only the clearance is needed")]
mod world;

const INDICATORS: u32 = 100_000;

fn main() {
    let (decay, lists) = (DecayTable::default(), WarningLists::build(&[]).unwrap());
    let measures = Measures { decay: &decay, lists: &lists, owned: &|_| None, now: world::NOW };
    let start = Instant::now();
    let entries: Vec<_> =
        (0..INDICATORS).map(|n| FeedEntry::assess(release(n), &measures).unwrap()).collect();
    println!("assessed: {INDICATORS} in {:?}", start.elapsed());
    let sealed = world::clear(Tlp::Green, ());
    let cleared: Vec<_> = entries.into_iter().map(|entry| sealed.clone().map(|()| entry)).collect();
    let head = Head { doubtful: Doubtful::Kept, ..world::head() };
    for format in Format::ALL {
        let start = Instant::now();
        let rendered = render(format, &cleared, &world::PRODUCER, &head);
        let (took, carried) = (start.elapsed(), rendered.carried);
        println!("{}: {carried}, {} bytes in {took:?}", format.file_name(), rendered.body.len());
    }
}

fn release(n: u32) -> Release {
    let pattern = match n % 4 {
        0 => format!("[ipv4-addr:value = '203.{}.{}.{}']", n >> 16, n >> 8 & 255, n & 255),
        1 => format!("[domain-name:value = 'sito-{n}.example']"),
        2 => format!("[url:value = 'http://sito-{n}.example/a?b={n}']"),
        _ => format!("[file:hashes.MD5 = '{n:032x}']"),
    };
    let object = serde_json::json!({
        "type": "indicator", "id": world::id(n).as_str(), "name": "Campagna", "pattern": pattern,
        "pattern_type": "stix", "confidence": 80, "created": "2027-01-01T00:00:00.000Z",
        "modified": "2027-01-01T00:00:00.000Z", "valid_from": "2027-01-01T00:00:00Z",
    });
    Release {
        place: n.into(),
        id: world::id(n),
        object: object.to_string().into_bytes().into(),
        tlp: Tlp::Green,
        pap: Pap::Green,
        at: world::NOW,
        last_sighting: None,
    }
}
