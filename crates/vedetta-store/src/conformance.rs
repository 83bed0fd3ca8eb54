//! One suite for every backend.
//!
//! A backend's test says how to come by a house of its own for each check, or `None` when its
//! engine is not here (and prints why):
//!
//! ```ignore
//! fn house() -> Option<Box<dyn House>> { … }
//! vedetta_store::conformance!(house);
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check that does not hold panics"
)]

pub mod entries;
pub mod scene;
pub mod units;

use std::sync::Arc;

pub use self::scene::Scene;
use crate::store::Store;

/// Where a check keeps its ledger: fresh and empty at first.
pub trait House {
    /// Opens the ledger; opened again after the earlier store was dropped, it is the same ledger.
    fn open(&self) -> Arc<dyn Store>;
}

/// Runs a check in a house of its own.
pub fn hold(house: fn() -> Option<Box<dyn House>>, check: fn(&mut Scene)) {
    if let Some(house) = house() {
        check(&mut Scene::new(house));
    }
}

/// One `#[test]` for each check.
#[macro_export]
macro_rules! conformance {
    ($house:ident) => {
        $crate::conformance! { @ $house;
            entries: start_empty number_without_gaps rise_in_time link_to_the_one_before
                are_found_by_moment are_read_in_pages keep_any_bytes are_written_by_their_verbs;
            units: keep_nothing_of_a_failure keep_nothing_of_a_panic read_their_own_writes
                go_on_after_a_refusal are_lost_after_an_error keep_all_when_reopened
                are_seen_whole_or_not_at_all;
        }
    };
    (@ $house:ident; $($topic:ident: $($check:ident)+;)+) => {
        $(mod $topic {
            $(#[test]
            fn $check() {
                $crate::conformance::hold(
                    super::$house,
                    $crate::conformance::$topic::$check,
                );
            })+
        })+
    };
}
