//! What a peer refused of ours because of the way on which it came: it may take it by another.

use serde::{Deserialize, Serialize};
use vedetta_federation::digest::Digest;
use vedetta_federation::frame::Told;
use vedetta_flow::FlowError;
use vedetta_model::OrganisationId;
use vedetta_store::{Reader, Sequence, StoreError, UnitOfWork};

use crate::Nodes;
use crate::scopes::offer;
use crate::take::items::aside::lost_ways;
use crate::take::items::{way_of, ways};

/// Of so many that a peer refused it is remembered.
const REMEMBERED: usize = 256;
/// By these names a way is refused, and not what came by it: for good, or until a card comes by which
/// it is believed. That may be never.
const OF_A_WAY: [&str; 11] = [
    "unknown-node",
    "unknown-key",
    "not-speaking",
    "revoked-key",
    "ended-key",
    "unsealed",
    "broken-seal",
    "lowered-marking",
    "widened",
    "broken-trail",
    "loop",
];

/// Something that a peer refused.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Refused {
    leaf: Digest,
    /// The ways on which it came up to this place count for nothing there, as far as is known.
    upto: Sequence,
}

impl Refused {
    /// Whether the way at a place is refused.
    pub(crate) fn is(&self, leaf: Digest, place: Sequence) -> bool {
        self.leaf == leaf && place <= self.upto
    }
}

impl Nodes {
    /// Remembers what a peer refused because of its way, and offers it the other ways again.
    pub(crate) fn offer_other_ways(
        &self,
        peer: &OrganisationId,
        told: &[Told],
    ) -> Result<(), FlowError> {
        let of_a_way = told.iter().filter(|it| OF_A_WAY.contains(&it.why.as_str()));
        let leaves: Vec<_> = of_a_way.map(|it| it.leaf).collect();
        if leaves.is_empty() {
            return Ok(());
        }
        let peer = peer.clone();
        self.house.write(move |unit| {
            let upto = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
            let mut known = refused(unit, &peer)?;
            let (mut places, mut changed) = (Vec::new(), false);
            for leaf in &leaves {
                let before = known.iter().position(|it| it.leaf == *leaf);
                let after = before.map(|place| known[place].upto);
                let others = ways_since(unit, leaf, after.unwrap_or(Sequence::START))?;
                if after.is_some() && others.is_empty() {
                    continue;
                }
                if let Some(place) = before {
                    known.remove(place);
                }
                known.push(Refused { leaf: *leaf, upto });
                places.extend(others);
                changed = true;
            }
            if changed {
                known.drain(..known.len().saturating_sub(REMEMBERED));
                let bytes = serde_json::to_vec(&known).unwrap_or_default();
                unit.set_bookmark(&refused_name(&peer), &bytes)?;
            }
            offer(unit, &peer, places)
        })?;
        Ok(())
    }
}

/// What a peer refused because of its way.
pub(crate) fn refused<R: Reader + ?Sized>(
    reader: &mut R,
    peer: &OrganisationId,
) -> Result<Vec<Refused>, StoreError> {
    let kept = reader.bookmark(&refused_name(peer))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

/// The deeds of the ways on which something came since a place.
fn ways_since(
    unit: &mut dyn UnitOfWork,
    leaf: &Digest,
    after: Sequence,
) -> Result<Vec<Sequence>, StoreError> {
    let mut all = lost_ways(unit, leaf)?.unwrap_or_default();
    if let Some(origin) = way_of(unit, leaf)? {
        all.extend(ways(unit, origin)?.into_iter().filter(|way| way.leaf == *leaf));
    }
    Ok(all.into_iter().filter_map(|way| way.deed).filter(|deed| *deed > after).collect())
}

fn refused_name(peer: &OrganisationId) -> String {
    format!("refused-there/{peer}")
}
