//! A text is no code, or one that is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_federation::pairing::Code;

fuzz_target!(|text: &str| {
    if let Ok(code) = text.parse::<Code>() {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
});
