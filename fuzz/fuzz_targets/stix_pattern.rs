//! A pattern is refused, or printed as text that reads back to the same tree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stix::pattern::{check, parse, terms};

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(pattern) => {
            let _ = check(&pattern);
            let _ = terms(&pattern);
            assert_eq!(parse(&pattern.to_string()).as_ref(), Ok(&pattern));
        }
        Err(error) => assert!(!format!("{error:#}").is_empty()),
    }
});
