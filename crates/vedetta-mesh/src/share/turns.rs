//! What goes before the rest, and what goes no further.

use vedetta_federation::Passages;
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::hop::MOST_HOPS;
use vedetta_federation::shelf::Lane;
use vedetta_model::{Category, Handling};
use vedetta_policy::Clearance;
use vedetta_store::written::ItemFacts;
use vedetta_store::{ClearanceId, Entry, EntryKind, ItemState};

use super::Sharing;

impl Sharing<'_> {
    /// The clearances of early warnings, where nothing else among these entries can be urgent.
    pub(super) fn early(&self, entries: &[&Entry]) -> Option<Vec<ClearanceId>> {
        let may_revoke = |entry: &&Entry| match entry.kind {
            EntryKind::Item => {
                ItemFacts::read(&entry.facts).is_none_or(|facts| facts.state == ItemState::Revoked)
            }
            kind => kind == EntryKind::Rerelease,
        };
        let early = |it: &Clearance| it.handling.category == Category::EarlyWarning;
        let alone = self.ask.lane == Lane::Urgent && !entries.iter().any(may_revoke);
        alone.then(|| self.shared.book.such(early))
    }

    /// Whether an item comes on the lane that is read.
    pub(super) fn has_its_turn(&self, handling: &Handling, state: ItemState) -> bool {
        self.ask.lane != Lane::Urgent
            || handling.category == Category::EarlyWarning
            || state == ItemState::Revoked
    }

    /// Whether it has been through as many nodes as it may, and nobody would take it; or no frame holds
    /// it with its trail.
    pub(super) fn ends_here(&mut self, envelope: &Envelope, passages: &Passages) -> bool {
        let far = envelope.hops.len() >= MOST_HOPS || !envelope.fits_with(passages);
        self.far += usize::from(far);
        far
    }
}

/// Whether what an envelope brings revokes.
pub(super) fn state_of(envelope: &Envelope) -> ItemState {
    match &envelope.what {
        What::Item(item) if item.object.outline().revoked => ItemState::Revoked,
        _ => ItemState::Live,
    }
}
