//! The headers of TAXII's own: §3.2.

use crate::timestamp::Timestamp;

/// When the first object of a page was added.
pub const DATE_ADDED_FIRST: &str = "x-taxii-date-added-first";
/// When the last object of a page was added: the `added_after` of the next poll.
pub const DATE_ADDED_LAST: &str = "x-taxii-date-added-last";

/// When the first and the last object of a page were added. An empty page has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateAdded {
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl DateAdded {
    /// Of a page in order of addition.
    #[must_use]
    pub fn of(moments: impl IntoIterator<Item = Timestamp>) -> Option<Self> {
        let mut moments = moments.into_iter();
        let first = moments.next()?;
        Some(Self { first, last: moments.last().unwrap_or(first) })
    }

    /// The header names and values.
    #[must_use]
    pub fn headers(self) -> [(&'static str, String); 2] {
        [(DATE_ADDED_FIRST, self.first.to_string()), (DATE_ADDED_LAST, self.last.to_string())]
    }
}
