//! An agreement is refused with its place, or written back as text that reads to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_policy::{Known, Notation, check, read_agreement, write_agreement};

fuzz_target!(|text: &str| {
    let _ = read_agreement(text, Notation::Json);
    match read_agreement(text, Notation::Toml) {
        Ok(agreement) => {
            let _ = check(&agreement, &Known::default());
            let again = write_agreement(&agreement).unwrap();
            assert_eq!(read_agreement(&again, Notation::Toml).as_ref(), Ok(&agreement));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
