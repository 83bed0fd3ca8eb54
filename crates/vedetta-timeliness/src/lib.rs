//! How timely agreements are: how fast each brings what it gives, and whose acknowledgement is overdue.
//!
//! It reads what the ledger has of deliveries and acknowledgements, the newest first and so much of
//! them, in the light of what stands now, and writes nothing. Calls block: make them on a thread that
//! may wait.

mod duties;
mod newest;
mod pace;
mod reminders;

use vedetta_flow::House;

pub use duties::{Kept, Overdue, OverdueWish, Sides};
pub use pace::Pace;
pub use reminders::Reminders;
pub use vedetta_model::quantiles::Quantiles;

/// What a house knows of it.
#[derive(Clone, Copy)]
pub struct Timeliness<'a> {
    house: &'a House,
}

impl<'a> Timeliness<'a> {
    /// Of a house.
    #[must_use]
    pub const fn of(house: &'a House) -> Self {
        Self { house }
    }
}
