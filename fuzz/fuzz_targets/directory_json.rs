//! A document is refused with its faults, or what it loads is exported as one that changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_directory::{Directory, Format, Noun, export, plan};
use vedetta_model::OrganisationNumber;

fuzz_target!(|bytes: &[u8]| {
    let empty = Directory::default();
    let planned = plan(bytes, Format::Json, Noun::Everything, &empty);
    let Ok(changes) = planned.accept() else { return };
    let mut next = 0;
    let numbers = |_: &_| {
        next += 1;
        OrganisationNumber(next)
    };
    let loaded = empty.with(changes.into_records(), numbers).expect("an accepted plan loads");
    let file = export(&loaded, Format::Json, Noun::Everything).expect("it can be written");
    let again = plan(&file, Format::Json, Noun::Everything, &loaded);
    assert!(again.faults().is_empty(), "{}", again.faults());
    assert_eq!(again.tally().unchanged, again.changes().len());
});
