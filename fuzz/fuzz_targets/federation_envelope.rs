//! A text is no envelope, or one that is known by the same leaf when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_federation::envelope::Envelope;

fuzz_target!(|text: &str| {
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else { return };
    let again = serde_json::to_string(&envelope).expect("it was read");
    let again: Envelope = serde_json::from_str(&again).expect("it was written");
    assert_eq!(again.leaf(), envelope.leaf());
});
