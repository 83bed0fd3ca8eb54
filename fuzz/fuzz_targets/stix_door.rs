//! What a door is given is refused with its place, or is an item whose limits are understood.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_intake::{DoorIn, stix_bundle};

fuzz_target!(|bytes: &[u8]| {
    let arrival = stix_bundle::read(DoorIn::Api, "fuzz", bytes, &stix_bundle::limits());
    for fault in arrival.faults.iter().filter(|fault| fault.refused) {
        assert!(!fault.place.is_empty() && !fault.reason.is_empty(), "{fault:?}");
    }
    for item in &arrival.items {
        let text = std::str::from_utf8(&item.body).expect("an item is UTF-8");
        let (object, _) = stix::Object::parse(text).expect("an item is an object");
        assert_eq!(object.id().as_ref(), item.id.as_str());
        let again = stix_bundle::bring(&object, item.place).expect("it came in so");
        assert_eq!((again.claim, again.version), (item.claim.clone(), item.version));
        let _ = stix_bundle::stated(&item.body);
    }
});
