//! One suite for every backend.
//!
//! A backend's test says how to come by a house of its own for each check, or `None` when its
//! engine is not here (and prints why):
//!
//! ```text
//! fn house() -> Option<Box<dyn House>> { … }
//! vedetta_store::conformance!(house);
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check that does not hold panics"
)]

pub mod beside;
pub mod clearances;
pub mod deliveries;
pub mod entries;
pub mod filters;
pub mod hiding;
pub mod items;
pub mod jobs;
pub mod model;
pub mod paging;
pub mod records;
pub mod scene;
pub mod several;
pub mod units;
pub mod verification;

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
            items: are_stored_as_received are_placed_once keep_the_first_bytes
                belong_to_their_first_bringer repeat_within_one_call need_a_known_clearance
                are_released_again are_released_again_once show_the_house_everything
                are_found_by_their_first_release stay_after_reopening;
            hiding: revocation_hides_earlier_versions revocation_counts_under_any_clearance
                a_version_older_than_a_revocation_comes_late revocation_spares_later_versions
                withdrawal_hides_all_versions withdrawal_happens_once
                what_is_hidden_is_not_counted hidden_versions_are_released_in_vain
                what_is_set_aside_gives_way a_revocation_set_aside_revokes_nothing
                setting_aside_is_refused;
            beside: each_brings_a_body_of_its_own an_own_body_is_placed_once
                are_told_apart_by_when_they_came the_last_is_among_what_may_be_read
                withdrawal_takes_back_ones_own setting_aside_spares_the_others
                a_revocation_is_ones_own many_come_together other_identifiers_have_one_bringer
                the_ledger_proves_them;
            several: each_producer_has_a_line_of_its_own a_door_begins_no_line_beside_anothers
                a_revocation_is_its_producers a_withdrawal_is_its_producers
                setting_aside_spares_other_lines of_each_line_the_newest_is_last
                a_line_is_there_though_all_of_it_was_set_aside
                the_choice_is_of_what_may_be_read the_order_of_arrival_does_not_count
                many_come_in_one_call the_ledger_proves_several_lines;
            filters: by_clearance by_item by_kind by_producer by_place all_together
                last_is_the_newest ends_as_of_a_place first_is_the_oldest exact_versions any_of_several
                last_is_among_what_may_be_read first_is_among_what_may_be_read
                an_older_version_that_comes_late_is_not_the_last;
            paging: goes_through_everything_once ends_where_asked
                goes_on_when_nothing_matches_for_long is_whole_while_a_writer_writes
                never_skips_a_late_commit is_of_one_snapshot;
            clearances: equal_ones_are_one different_ones_are_different read_back
                are_counted start_after_a_number;
            records: are_put_and_changed are_read_in_pages are_removed are_kept_apart_by_kind numbers_are_permanent
                secrets_stay_out_of_the_ledger cursors_move bookmarks_are_kept_with_their_unit;
            deliveries: are_read_by_release are_read_in_order_of_recording
                of_many_releases_are_of_each to_nobody_are_nothing of_unknown_releases_are_refused
                the_first_acknowledgement_counts acknowledgements_are_read_in_order;
            jobs: are_leased_when_due are_leased_once are_leased_again_when_the_lease_ends
                a_stale_lease_is_refused equal_keys_are_one_job
                what_comes_during_a_lease_is_a_new_job are_given_back die_and_are_requeued
                outlive_the_process are_leased_by_one_of_many are_counted_and_dropped_by_step;
            verification: proves_a_sound_ledger;
            model: agrees_with_a_naive_one;
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
