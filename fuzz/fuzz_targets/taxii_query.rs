//! A query string is refused, or written again as one that means the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use taxii::{Query, endpoint, query};

fuzz_target!(|text: &str| {
    for endpoint in endpoint::ALL {
        let Ok(asked) = Query::parse(&endpoint, text) else { continue };
        let written = asked.to_string();
        // Escapes make it longer.
        if written.len() <= query::LONGEST {
            assert_eq!(Query::parse(&endpoint, &written), Ok(asked));
        }
    }
});
