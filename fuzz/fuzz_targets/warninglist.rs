//! A list is refused, or becomes a matcher that answers for any term.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_indicator::{Kind, Term, WarningList, WarningLists};

fuzz_target!(|text: &[u8]| {
    let Ok((list, _)) = WarningList::parse(text) else { return };
    let Ok(matcher) = WarningLists::build(&[list]) else { return };
    let value = String::from_utf8_lossy(text);
    for kind in [Kind::Domain, Kind::Url, Kind::EmailAddress, Kind::FileName, Kind::Ipv6] {
        if let Ok(term) = Term::new(kind, &value) {
            assert!(matcher.hits(&term).len() <= 1);
        }
    }
});
