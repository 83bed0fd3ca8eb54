//! A form has too many fields, or those that it has: written again, they read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_intake::urlencoded::{escaped, read};

fuzz_target!(|body: &[u8]| {
    let Ok(fields) = read(body) else { return };
    let pairs = fields.iter().map(|(name, value)| [escaped(name), escaped(value)].join("="));
    let again = pairs.collect::<Vec<_>>().join("&");
    assert_eq!(read(again.as_bytes()), Ok(fields));
});
