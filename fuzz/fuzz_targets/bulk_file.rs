//! A file read piece by piece brings what it brings when it is read at once.

#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use vedetta_intake::indicator_csv::{self, Bringer};
use vedetta_intake::{Arrival, DoorIn, bulk};
use vedetta_model::{Instant, ItemId, OrganisationId};

/// Gives so few octets at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = into.len().min(7);
        self.0.read(&mut into[..length])
    }
}

type Brought = (Vec<(ItemId, Vec<u8>)>, usize);

fn brought(arrivals: impl Iterator<Item = (Arrival, u64)>, octets: usize) -> Brought {
    let (mut items, mut faults) = (Vec::new(), 0);
    for (arrival, read) in arrivals {
        assert!(read <= octets as u64);
        faults += arrival.faults.len();
        items.extend(arrival.items.into_iter().map(|item| (item.id, item.body.to_vec())));
    }
    for (_, body) in &items {
        let text = std::str::from_utf8(body).expect("an item is UTF-8");
        assert!(stix::Object::parse(text).is_ok(), "{text}");
    }
    (items, faults)
}

fuzz_target!(|file: &[u8]| {
    let all = brought(bulk::bundle(file, "fuzz"), file.len());
    assert_eq!(brought(bulk::bundle(Pieces(file), "fuzz"), file.len()), all);
    let _ = bulk::check_whole(file);
    let Ok(producer) = OrganisationId::new("producer") else { return };
    let identity = producer.identity();
    let bringer = Bringer { identity: &identity, at: Instant::from_micros(0) };
    let all = brought(bulk::table(file, "fuzz", &bringer), file.len());
    assert_eq!(brought(bulk::table(Pieces(file), "fuzz", &bringer), file.len()), all);
    let at_once = indicator_csv::read(DoorIn::File, "fuzz", file, &bringer);
    assert_eq!((at_once.items.len(), at_once.faults.len()), (all.0.len(), all.1));
});
