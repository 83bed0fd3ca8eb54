//! The house over a real ledger: what one party brings, everyone entitled reads, nobody else.

// Set-up that fails should stop the test at once; items are cheap to clone and read better so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

mod house {
    mod agreements;
    mod causes;
    mod changes;
    mod duties;
    mod holds;
    mod lapses;
    mod markings;
    mod newcomers;
    mod observables;
    mod policies;
    mod previews;
    mod reading;
    mod room;
    mod seal;
    mod withdrawals;
    mod writing;
}
