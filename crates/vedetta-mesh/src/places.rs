//! Entries of the ledger by their place.

use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::Envelope;
use vedetta_store::written::ItemFacts;
use vedetta_store::{ClearanceId, Reader, Sequence, Stamp, StoreError, StoredItem, UnitOfWork};

/// Of so many places that are noted under one name the newest are known.
const NOTED: usize = 256;

/// The hash of the chain at a place.
pub(crate) fn hash_at(reader: &mut dyn Reader, place: u64) -> Result<Option<Digest>, StoreError> {
    let Some(before) = place.checked_sub(1) else { return Ok(Some(Digest::default())) };
    let entry = reader.entries(Sequence(before), 1)?.pop();
    let entry = entry.filter(|entry| entry.stamp.seq.0 == place);
    Ok(entry.map(|entry| Digest::from_octets(entry.hash.0)))
}

/// The envelope that a deed has.
pub(crate) fn envelope_at(
    reader: &mut dyn Reader,
    deed: Sequence,
) -> Result<Option<Envelope>, StoreError> {
    let entry = reader.entries(Sequence(deed.0.saturating_sub(1)), 1)?.pop();
    Ok(entry.and_then(|entry| serde_json::from_slice(&entry.body).ok()))
}

/// When and where an item was released first.
pub(crate) fn stamp_of(
    reader: &mut dyn Reader,
    seq: Sequence,
) -> Result<Option<Stamp>, StoreError> {
    let entry = reader.entries(Sequence(seq.0.saturating_sub(1)), 1)?.pop();
    Ok(entry.filter(|entry| ItemFacts::read(&entry.facts).is_some()).map(|entry| entry.stamp))
}

/// The first of the releases of one version, with the body that they have in common.
pub(crate) fn first_of<R: Reader + ?Sized>(
    reader: &mut R,
    releases: &[StoredItem],
) -> Result<Option<StoredItem>, StoreError> {
    let Some(first) = releases.first() else { return Ok(None) };
    let entry = reader.entries(Sequence(first.origin.0.saturating_sub(1)), 1)?.pop();
    let entry = entry.filter(|entry| entry.stamp.seq == first.origin);
    Ok(entry.map(|entry| StoredItem { body: entry.body.into(), ..first.clone() }))
}

/// Notes a place under a name; of so many the newest are known.
pub(crate) fn note(
    unit: &mut dyn UnitOfWork,
    name: &str,
    place: Sequence,
) -> Result<(), StoreError> {
    let mut places = noted(unit, name)?;
    places.push(place);
    places.drain(..places.len().saturating_sub(NOTED));
    unit.set_bookmark(name, &serde_json::to_vec(&places).unwrap_or_default())
}

/// The places that were noted under a name.
pub(crate) fn noted<R: Reader + ?Sized>(
    reader: &mut R,
    name: &str,
) -> Result<Vec<Sequence>, StoreError> {
    let kept = reader.bookmark(name)?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

/// Where it is noted what gave way that would have been released under a clearance.
pub(crate) fn gave_way_name(id: ClearanceId) -> String {
    format!("gave-way/{}", id.0)
}
