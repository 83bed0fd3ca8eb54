//! What an authority holds goes to nobody but its producer and the authority, at other nodes too. What
//! was passed over for that comes once the hold is over.

use std::sync::Arc;

use vedetta_federation::envelope::{Envelope, What};
use vedetta_model::{ItemId, OrganisationId};
use vedetta_policy::{Clearance, Form};
use vedetta_store::{Reader, StoreError, StoredItem};

use super::{Passing, Sayings, Sharing};
use crate::take::items::full_of;

impl Sharing<'_> {
    /// What the holds on one item leave of what goes to the peer.
    pub(super) fn unheld(
        &self,
        passing: Passing,
        whole: &ItemId,
        producer: &OrganisationId,
    ) -> Passing {
        let passing = passing?;
        let network = &self.mesh.standing.network;
        match network.kept_of(whole, producer, &passing.to) {
            None => Some(passing),
            Some(to) if to.is_empty() => None,
            Some(to) => {
                let (by, told) = (passing.by.clone(), passing.told.intersection(&to));
                Some(Arc::new(Sayings { by, to, told }))
            }
        }
    }
}

/// The item that holds name: of a derived one that from which it was derived.
pub(crate) fn whole_of(item: &StoredItem) -> ItemId {
    #[derive(serde::Deserialize)]
    struct Facts {
        derived_from: ItemId,
    }
    // Most are none: those are told apart without reading them.
    let facts = item.facts.contains("\"derived_from\"").then(|| serde_json::from_str(&item.facts));
    match facts {
        Some(Ok(Facts { derived_from })) => derived_from,
        _ => item.id.clone(),
    }
}

/// The same of what gave way.
pub(super) fn whole_of_lost(
    reader: &mut dyn Reader,
    envelope: &Envelope,
    clearance: &Clearance,
) -> Result<Option<ItemId>, StoreError> {
    let What::Item(item) = &envelope.what else { return Ok(None) };
    let Some(id) = item.object.outline().id.clone() else { return Ok(None) };
    let full = match clearance.form {
        Form::Full => None,
        Form::Redacted => full_of(reader, (&envelope.origin, &id))?,
    };
    Ok(Some(full.unwrap_or(id)))
}
