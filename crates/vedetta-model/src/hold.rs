//! The investigative hold: an authority's order that stops diffusion for a time.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ItemId, OrganisationId};
use crate::time::Instant;

/// An order of an authority that keeps items with their producer and the authority.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Its identifier.
    pub id: HoldId,
    /// The authority, as named in the order.
    pub authority: String,
    /// The organisation through which the authority reads what is held.
    pub organisation: OrganisationId,
    /// What is held.
    pub scope: HoldScope,
    /// Why, e.g. the number of the order.
    pub reason: String,
    /// From when.
    pub from: Instant,
    /// Until when, exclusive; open-ended without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

/// What a hold covers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldScope {
    /// One item, all its versions and derived forms.
    Item(ItemId),
    /// Everything that names this organisation as the victim.
    Victim(OrganisationId),
    /// Everything that this organisation produces.
    Producer(OrganisationId),
}

impl Hold {
    /// Whether it binds at a moment.
    #[must_use]
    pub fn binds(&self, now: Instant) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}
