//! Whatever is handed in comes apart, within its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_mail::{Evidence, Limits, letters};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    for letter in letters(bytes, 4).each {
        let evidence = Evidence::read(&letter, &limits);
        assert!(evidence.links.len() <= limits.links && evidence.forms.len() <= 7);
    }
});
