//! A node's settings are refused with a sentence, or written back as text that reads to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/vedetta/src/settings.rs"]
mod settings;

use settings::Configuration;

fuzz_target!(|text: &str| {
    match Configuration::of(text) {
        Ok(read) => {
            let written = read.text().expect("what was read can be written");
            let again = Configuration::of(&written).expect("what was written can be read");
            assert_eq!(again.text().expect("and written again"), written);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
