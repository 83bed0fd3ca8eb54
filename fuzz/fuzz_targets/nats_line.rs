//! A line of a server is refused, or announces no more than is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_sensor::NatsLine;

fuzz_target!(|line: &[u8]| {
    if let Ok(NatsLine::Message { head, length, .. }) = NatsLine::read(line) {
        assert!(head <= length && length <= 64 << 20);
    }
});
