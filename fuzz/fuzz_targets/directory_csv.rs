//! A file is refused with its faults, or what it loads is exported as a file that changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_directory::{Directory, Format, Noun, export, plan};
use vedetta_model::OrganisationNumber;

fuzz_target!(|bytes: &[u8]| {
    for noun in Noun::SINGLE {
        let empty = Directory::default();
        let Ok(changes) = plan(bytes, Format::Csv, noun, &empty).accept() else { continue };
        let mut next = 0;
        let numbers = |_: &_| {
            next += 1;
            OrganisationNumber(next)
        };
        let loaded = empty.with(changes.into_records(), numbers).expect("an accepted plan loads");
        let file = export(&loaded, Format::Csv, noun).expect("one noun can be written");
        let again = plan(&file, Format::Csv, noun, &loaded);
        assert!(again.faults().is_empty(), "{}", again.faults());
        assert_eq!(again.tally().unchanged, again.changes().len());
    }
});
