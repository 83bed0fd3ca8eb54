//! The facts and bodies of entries are refused, or are written again so that they read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_model::{Instant, ItemId};
use vedetta_store::written::{self, ItemFacts, WithdrawnFacts};
use vedetta_store::{ClearanceId, Sequence, Stamp};

const ADDRESS: &str = "ipv4-addr--7c38180c-9e6a-5c8f-aff7-ec29d2816500";

fuzz_target!(|text: &str| {
    if let Some(facts) = ItemFacts::read(text) {
        assert_eq!(ItemFacts::read(&facts.write()), Some(facts));
    }
    let id = ItemId::new(ADDRESS).expect("an identifier");
    let facts = WithdrawnFacts::read(&id, text);
    assert_eq!(WithdrawnFacts::read(&id, &facts.write()), facts);
    if let Ok(batches) = written::read_delivered(text.as_bytes()) {
        let body = written::delivered_body(&batches.iter().collect::<Vec<_>>());
        let again = written::read_delivered(body.as_bytes()).expect("what was read can be written");
        assert_eq!(written::delivered_body(&again.iter().collect::<Vec<_>>()), body);
    }
    let stamp = Stamp { seq: Sequence(1), at: Instant::from_micros(0) };
    let _ = written::read_clearance(ClearanceId(1), stamp, text.as_bytes());
});
