//! Whatever says it is signed is verified or not, within its limits, and never by accident.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_mail::{Evidence, Limits, Published};

const KEYS: &str = include_str!("../../libs/dkim/tests/corpus/mail_signed/keys.txt");

fuzz_target!(|bytes: &[u8]| {
    let keys = Published::read(KEYS).unwrap_or_default();
    let evidence = Evidence::read_with(bytes, &Limits::default(), &keys);
    assert!(evidence.authentication.dkim_domains.len() <= 100);
});
