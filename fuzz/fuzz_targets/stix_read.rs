//! Every object is refused with a reason, or kept so that its own text gives it again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use stix::{Limits, Object, canonical, read};

const LIMITS: Limits =
    Limits { bytes: 1 << 20, object_bytes: 1 << 18, objects: 1_000, depth: 32, string_bytes: 1 << 16 };

fuzz_target!(|bytes: &[u8]| {
    let reading = read(bytes, &LIMITS);
    assert!(reading.refused == 0 || reading.errors().next().is_some());
    for problem in &reading.problems {
        assert!(!problem.to_string().is_empty());
    }
    for object in &reading.objects {
        let again = Object::parse(object.json()).map(|(object, _)| object.key());
        assert_eq!(again.as_ref(), Ok(&object.key()));
        let compact: Value = serde_json::from_str(&object.compact_json()).expect("is JSON");
        assert_eq!(compact, object.value());
        let printed: Value = serde_json::from_str(&canonical(&compact)).expect("is JSON");
        assert_eq!(canonical(&printed), canonical(&compact));
    }
});
