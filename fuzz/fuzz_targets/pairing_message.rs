//! What two nodes say to pair is refused, or is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vedetta_federation::card::Card;
use vedetta_federation::pairing::{Answer, Proposal};

fn read<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(
    text: &[u8],
    card: impl Fn(&T) -> &Card,
) {
    let Ok(message) = serde_json::from_slice::<T>(text) else { return };
    let again = serde_json::to_vec(&message).expect("it was read");
    assert_eq!(serde_json::from_slice::<T>(&again).expect("it was written"), message);
    let _ = card(&message).check();
}

fuzz_target!(|text: &[u8]| {
    read(text, |proposal: &Proposal| &proposal.card);
    read(text, |answer: &Answer| &answer.card);
});
