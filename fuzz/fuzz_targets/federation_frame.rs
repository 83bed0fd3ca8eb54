//! Octets are no frames, or frames that are written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_federation::frame::{Decoder, Frame};

fuzz_target!(|octets: &[u8]| {
    let mut decoder = Decoder::default();
    decoder.push(octets);
    while let Ok(Some(frame)) = decoder.frame() {
        if let Ok(again) = frame.encode() {
            assert_eq!(Frame::decode(again[4], &again[5..]), Ok(Some(frame)));
        }
    }
});
