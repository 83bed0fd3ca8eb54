//! What a stranger shows for its card is none, or one that is written and read again as the same.

#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use vedetta_federation::card::Card;
use vedetta_link::listener::shown;

fuzz_target!(|octets: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(octets) else { return };
    let Some(json) =
        shown(&HeaderMap::from_iter([(vedetta_link::CARD.parse().expect("a name"), value)]))
    else {
        return;
    };
    let Ok(card) = serde_json::from_slice::<Card>(&json) else { return };
    let again = serde_json::to_vec(&card).expect("it was read");
    assert_eq!(serde_json::from_slice::<Card>(&again).expect("it was written"), card);
    let _ = (card.check(), card.check_after(&card));
});
