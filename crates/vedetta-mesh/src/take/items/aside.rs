//! What gave way here, or was set aside: who brought it withdraws it where it is served, and this node
//! may have passed it on.

use serde::{Deserialize, Serialize};
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::What;
use vedetta_federation::shelf::Outcome;
use vedetta_flow::corridor::{Kept, Provenance};
use vedetta_model::{ItemId, OrganisationId};
use vedetta_store::{ClearanceId, Reader, StoreError, StoredItem, UnitOfWork};

use super::{Ready, WAYS, Way, ways};
use crate::places::{first_of, gave_way_name, note};
use crate::take::Load;

/// Of so many kinds that one origin brought of one item it is remembered that they gave way.
const MOST_ASIDE: usize = 32;

/// One of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Aside {
    producer: OrganisationId,
    clearance: ClearanceId,
}

impl Load {
    /// What becomes of what gave way before and comes again; nothing when it did not.
    pub(super) fn lost_before(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(kept) = unit.bookmark(&lost_name(ready.verified.leaf()))? else {
            return Ok(None);
        };
        match serde_json::from_slice(&kept) {
            Ok(ways) => self.lost_again(unit, ready, ways).map(Some),
            // In ledgers written before it is not said on which ways it came.
            Err(_) => Ok(Some(Outcome::Known)),
        }
    }

    /// What gave way comes again: by another way it is passed on by the rights that this one gives.
    fn lost_again(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
        mut ways: Vec<Way>,
    ) -> Result<Outcome, StoreError> {
        let way = Way::of(ready.verified.envelope(), ready.verified.leaf());
        match ways.iter().position(|known| known.trail == way.trail) {
            Some(place)
                if way.says_other_than(&ways[place])
                    || self.is_sealed_anew(unit, &ways[place], &[])? =>
            {
                ways.remove(place);
            }
            Some(_) => return Ok(Outcome::Known),
            None if ways.len() >= WAYS => return Ok(Outcome::Known),
            None => {}
        }
        self.gave_way_by(unit, ready, ways)
    }

    /// Keeps what gave way.
    pub(super) fn gave_way(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
    ) -> Result<Outcome, StoreError> {
        self.gave_way_by(unit, ready, Vec::new())
    }

    /// The same, with the ways on which it came before.
    fn gave_way_by(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
        mut ways: Vec<Way>,
    ) -> Result<Outcome, StoreError> {
        let (envelope, leaf) = (ready.verified.envelope(), ready.verified.leaf());
        let kept = Kept::GaveWay { source: self.peer.clone(), clearance: Some(ready.clearance) };
        let deed = self.keep_envelope(unit, ready.id.as_str(), &kept, envelope)?.seq;
        note(unit, &gave_way_name(ready.clearance), deed)?;
        let producer = &ready.item.conditions.producer;
        self.put_aside(unit, (&envelope.origin, &ready.id), (producer, ready.clearance))?;
        ways.push(Way { deed: Some(deed), ..Way::of(envelope, leaf) });
        unit.set_bookmark(&lost_name(leaf), &serde_json::to_vec(&ways).unwrap_or_default())?;
        Ok(Outcome::Lost)
    }

    /// Remembers that something of an origin gave way.
    fn put_aside(
        &self,
        unit: &mut dyn UnitOfWork,
        (origin, item): (&OrganisationId, &ItemId),
        (producer, clearance): (&OrganisationId, ClearanceId),
    ) -> Result<(), StoreError> {
        let name = aside_name(origin, item);
        let mut known = all(unit, &name)?;
        let aside = Aside { producer: producer.clone(), clearance };
        if known.contains(&aside) || known.len() >= MOST_ASIDE {
            return Ok(());
        }
        known.push(aside);
        unit.set_bookmark(&name, &serde_json::to_vec(&known).unwrap_or_default())
    }

    /// Remembers the same of a version that was served here until now, with the ways on which it came.
    pub(super) fn put_all_aside(
        &self,
        unit: &mut dyn UnitOfWork,
        releases: &[StoredItem],
    ) -> Result<(), StoreError> {
        let Some(first) = first_of(unit, releases)? else { return Ok(()) };
        let brought = Provenance::of(&first).and_then(|it| it.envelope.with(&first.body));
        let Some(envelope) = brought else { return Ok(()) };
        let (mut ways, leaf) = (ways(unit, first.origin)?, envelope.leaf());
        if ways.is_empty() {
            ways.push(Way::of(&envelope, leaf));
        }
        let What::Item(item) = &envelope.what else { return Ok(()) };
        for by in ways.iter().filter_map(Way::origin) {
            for release in releases {
                let aside = (&item.conditions.producer, release.clearance);
                self.put_aside(unit, (by, &first.id), aside)?;
            }
        }
        unit.set_bookmark(&lost_name(leaf), &serde_json::to_vec(&ways).unwrap_or_default())
    }
}

/// The clearances under which what an origin brought of an item was passed on, or would have been,
/// before it gave way; where one is named, what that producer brought.
pub(crate) fn aside<R: Reader + ?Sized>(
    reader: &mut R,
    (origin, item): (&OrganisationId, &ItemId),
    producer: Option<&OrganisationId>,
) -> Result<Vec<ClearanceId>, StoreError> {
    let mut known = all(reader, &aside_name(origin, item))?;
    known.retain(|it| producer.is_none_or(|producer| it.producer == *producer));
    Ok(known.into_iter().map(|it| it.clearance).collect())
}

/// On which ways came what gave way; nothing when it did not.
pub(crate) fn lost_ways<R: Reader + ?Sized>(
    reader: &mut R,
    leaf: &Digest,
) -> Result<Option<Vec<Way>>, StoreError> {
    let kept = reader.bookmark(&lost_name(*leaf))?;
    Ok(kept.map(|kept| serde_json::from_slice(&kept).unwrap_or_default()))
}

fn all<R: Reader + ?Sized>(reader: &mut R, name: &str) -> Result<Vec<Aside>, StoreError> {
    let kept = reader.bookmark(name)?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

/// Where it is kept that an envelope gave way.
fn lost_name(leaf: Digest) -> String {
    format!("lost/{leaf}")
}

fn aside_name(origin: &OrganisationId, item: &ItemId) -> String {
    format!("aside/{origin}/{item}")
}
