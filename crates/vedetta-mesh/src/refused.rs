//! What a peer refused of ours because of the way on which it came: it may take it by another.

use serde::{Deserialize, Serialize};
use vedetta_federation::digest::Digest;
use vedetta_federation::frame::Told;
use vedetta_flow::FlowError;
use vedetta_flow::corridor::Kept;
use vedetta_model::OrganisationId;
use vedetta_store::{Entry, EntryKind, Reader, Sequence, StoreError, UnitOfWork};

use crate::Nodes;
use crate::scopes::offer;
use crate::take::items::aside::lost_ways;
use crate::take::items::{way_of, ways};

/// So many things that a peer refused are told apart.
const REMEMBERED: usize = 256;
/// So many entries are looked through at once for ways that are offered again, and so often.
const STRETCH: usize = 1_000;
const STRETCHES: usize = 8;
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

/// What a peer refused because of its way. When that is more than is told apart, all ways up to that
/// place count for nothing there, and those that were passed over are offered again.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// The latest.
    some: Vec<RefusedOne>,
    /// Up to this place no way counts, of whatever.
    #[serde(default)]
    all: Sequence,
    /// How far the ledger was looked through for the ways up to there.
    #[serde(default)]
    looked: Sequence,
}

/// Something that a peer refused.
#[derive(Clone, Serialize, Deserialize)]
struct RefusedOne {
    leaf: Digest,
    /// The ways on which it came up to this place count for nothing there, as far as is known.
    upto: Sequence,
}

impl Refused {
    /// Whether nothing was refused.
    pub(crate) fn is_nothing(&self) -> bool {
        self.some.is_empty() && self.all == Sequence::START
    }

    /// Whether the way at a place is refused.
    pub(crate) fn is(&self, leaf: Digest, place: Sequence) -> bool {
        place <= self.all || self.some.iter().any(|it| it.leaf == leaf && place <= it.upto)
    }

    /// Remembers that something was refused on all ways up to a place, the end of the ledger.
    fn add(&mut self, leaf: Digest, upto: Sequence) {
        self.some.retain(|it| it.leaf != leaf);
        self.some.push(RefusedOne { leaf, upto });
        if self.some.len() > REMEMBERED {
            self.some.clear();
            self.all = upto;
        }
    }

    /// Up to which place its ways were refused, where that is told apart.
    fn before(&self, leaf: Digest) -> Option<Sequence> {
        self.some.iter().find(|it| it.leaf == leaf).map(|it| it.upto)
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
        let whose = peer.clone();
        let looks = self.house.write(move |unit| {
            let upto = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
            let mut known = refused(unit, &whose)?;
            let (mut places, mut changed) = (Vec::new(), false);
            for leaf in &leaves {
                let before = known.before(*leaf);
                // Those up to there are offered again with all the others.
                let others = ways_since(unit, leaf, before.unwrap_or(known.all))?;
                if before.is_some() && others.is_empty() {
                    continue;
                }
                known.add(*leaf, upto);
                places.extend(others);
                changed = true;
            }
            if changed {
                set_refused(unit, &whose, &known)?;
            }
            offer(unit, &whose, places)?;
            Ok(known.looked < known.all)
        })?;
        self.lines().entry(peer.clone()).or_default().looks = Some(looks);
        Ok(())
    }

    /// Goes on to offer a peer again the ways that were passed over, where it refused more than is told
    /// apart.
    pub(crate) fn offer_passed_over(&self, peer: &OrganisationId) -> Result<(), FlowError> {
        for _ in 0..STRETCHES {
            let looks = self.lines().get(peer).and_then(|line| line.looks);
            if looks == Some(false) {
                return Ok(());
            }
            let (looks, found) = self.offer_stretch_of_ways(peer)?;
            self.lines().entry(peer.clone()).or_default().looks = Some(looks);
            if found {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether there is more to look through, and whether some were offered.
    fn offer_stretch_of_ways(&self, peer: &OrganisationId) -> Result<(bool, bool), FlowError> {
        let (mut known, mut places) = (Refused::default(), Vec::new());
        self.house.read(|reader| {
            known = refused(reader, peer)?;
            if known.looked < known.all {
                let entries = reader.entries(known.looked, STRETCH)?;
                places = entries.iter().filter(|it| is_way(it)).map(|it| it.stamp.seq).collect();
                known.looked = entries.last().map_or(known.all, |it| it.stamp.seq.min(known.all));
            }
            Ok(())
        })?;
        if known.looked == Sequence::START {
            return Ok((false, false));
        }
        places.retain(|place| *place <= known.all);
        let (peer, found, after) = (peer.clone(), !places.is_empty(), known.looked);
        let looks = self.house.write(move |unit| {
            let mut known = refused(unit, &peer)?;
            if known.looked < after {
                known.looked = after;
                set_refused(unit, &peer, &known)?;
                offer(unit, &peer, places.clone())?;
            }
            Ok(known.looked < known.all)
        })?;
        Ok((looks, found))
    }
}

/// Whether an entry is a way on which something came.
fn is_way(entry: &Entry) -> bool {
    entry.kind == EntryKind::Deed
        && matches!(
            serde_json::from_str(&entry.facts),
            Ok(Kept::Path { .. } | Kept::GaveWay { clearance: Some(_), .. })
        )
}

/// What a peer refused because of its way.
pub(crate) fn refused<R: Reader + ?Sized>(
    reader: &mut R,
    peer: &OrganisationId,
) -> Result<Refused, StoreError> {
    let Some(kept) = reader.bookmark(&refused_name(peer))? else { return Ok(Refused::default()) };
    // Once it was the latest alone.
    let alone = || serde_json::from_slice(&kept).map(|some| Refused { some, ..Refused::default() });
    Ok(serde_json::from_slice(&kept).or_else(|_| alone()).unwrap_or_default())
}

fn set_refused(
    unit: &mut dyn UnitOfWork,
    peer: &OrganisationId,
    known: &Refused,
) -> Result<(), StoreError> {
    unit.set_bookmark(&refused_name(peer), &serde_json::to_vec(known).unwrap_or_default())
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
