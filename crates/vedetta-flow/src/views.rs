//! What people and machines may see, one view a file, each for an [`vedetta_model::Actor`].

pub mod deliveries;
pub mod explain;
pub mod lapses;
pub mod ledger;
pub mod newest_items;
pub mod preview_arrival;
pub mod read_items;
pub mod see_agreements;
pub mod see_withdrawn;
pub mod told_entries;
pub mod tombstone;
pub mod withdrawals;
