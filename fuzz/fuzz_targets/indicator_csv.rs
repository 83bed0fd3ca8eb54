//! A table is refused by line, or becomes valid indicators.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_intake::indicator_csv::{Bringer, read};
use vedetta_intake::DoorIn;
use vedetta_model::{Instant, OrganisationId};

fuzz_target!(|bytes: &[u8]| {
    let Ok(producer) = OrganisationId::new("producer") else { return };
    let identity = producer.identity();
    let bringer = Bringer { identity: &identity, at: Instant::from_micros(0) };
    let arrival = read(DoorIn::File, "fuzz", bytes, &bringer);
    for item in &arrival.items {
        let text = std::str::from_utf8(&item.body).expect("an indicator is UTF-8");
        assert!(stix::Object::parse(text).is_ok(), "{text}");
    }
    assert!(arrival.faults.iter().all(|fault| fault.place.starts_with("line ")));
});
