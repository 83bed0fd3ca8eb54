//! What peers refused of ours, for those who look at a link or an item. A notice names what it is about by
//! its leaf alone, so what is on its way is remembered until the peer has had its say.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::frame::{Batch, Told};
use vedetta_federation::shelf::MOST_UNTOLD;
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM_AND_AUDITORS;
use vedetta_model::{Actor, Instant, ItemId, OrganisationId};
use vedetta_store::{Reader, StoreError};

use crate::Nodes;

/// Something of ours that a peer refused, or took in and serves nobody (`gave-way`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefusedThere {
    /// When it last said so.
    pub at: Instant,
    /// Its leaf.
    pub what: Digest,
    /// The item and its version, where it was one that was on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
    /// The name of the reason, as the peer wrote it.
    pub why: String,
    /// The reason as a sentence of the peer's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

/// So much that each peer refused is remembered, the latest.
const REMEMBERED: usize = 200;
/// Octets of what a peer says of one refusal, and of the name of its reason.
const SAYS: usize = 120;
const WHY: usize = 40;

/// An item that went to a peer, and which version of it.
type Sent = (ItemId, Option<Instant>);

/// What is on its way to a peer, by its leaf once that is asked.
#[derive(Default)]
pub struct Flown {
    batches: VecDeque<Contents>,
}

/// What a batch has in it. To find the leaves costs as much as sealing them: that is done when something was
/// refused.
struct Contents {
    number: u64,
    unread: Vec<Envelope>,
    leaves: HashMap<Digest, Sent>,
}

impl Flown {
    /// Notes what goes to the peer.
    pub fn sent(&mut self, batch: Batch) {
        let Batch { number, envelopes: unread, .. } = batch;
        if !unread.is_empty() {
            self.batches.push_back(Contents { number, unread, leaves: HashMap::new() });
        }
    }

    /// Notes that the peer has taken in a batch, and so has said what of it it refuses.
    pub fn taken(&mut self, number: u64) {
        while self.batches.front().is_some_and(|first| first.number <= number) {
            self.batches.pop_front();
        }
    }

    fn find(&mut self, leaf: &Digest) -> Option<Sent> {
        let mut batches = self.batches.iter_mut().map(Contents::read);
        batches.find_map(|batch| batch.get(leaf)).cloned()
    }
}

impl Contents {
    fn read(&mut self) -> &mut HashMap<Digest, Sent> {
        let unread = std::mem::take(&mut self.unread);
        self.leaves.extend(unread.iter().filter_map(|it| Some((it.leaf(), item(it)?))));
        &mut self.leaves
    }
}

impl Nodes {
    /// Keeps what was on its way to a peer over a connection that ended: of that it speaks on the next.
    pub fn keep_flown(&self, peer: &OrganisationId, mut flown: Flown) {
        let left: HashMap<_, _> =
            flown.batches.iter_mut().flat_map(|batch| batch.read().drain()).collect();
        let mut lines = self.lines();
        let kept = &mut lines.entry(peer.clone()).or_default().flown;
        if kept.len() + left.len() > MOST_UNTOLD {
            kept.clear();
        }
        kept.extend(left.into_iter().take(MOST_UNTOLD));
    }

    /// Notes what a peer refused of ours; what it may take by another way is offered again.
    pub fn refused_there(&self, peer: &OrganisationId, told: &[Told], flown: &mut Flown) {
        if let Err(error) = self.offer_other_ways(peer, told) {
            tracing::error!(%peer, %error, "what it refused is not offered by another way");
        }
        if let Err(error) = self.remember_there(peer, told, flown) {
            tracing::error!(%peer, %error, "what it refused is not remembered");
        }
        let now = self.house.now();
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        line.refused_there += told.len() as u64;
        if told.iter().any(|it| it.why == FUTURE) {
            line.future = Some(now);
        }
    }

    fn remember_there(
        &self,
        peer: &OrganisationId,
        told: &[Told],
        flown: &mut Flown,
    ) -> Result<(), FlowError> {
        let at = self.house.now();
        let before = |leaf: &Digest| self.lines().get(peer)?.flown.get(leaf).cloned();
        let new = told.iter().map(|it| {
            let found = flown.find(&it.leaf).or_else(|| before(&it.leaf));
            let (item, version) = found.unzip();
            let (why, says) = (shown(&it.why, WHY), shown(&it.says, SAYS));
            RefusedThere { at, what: it.leaf, item, version: version.flatten(), why, says }
        });
        let (new, whose): (Vec<_>, _) = (new.collect(), peer.clone());
        self.house.write(move |unit| {
            let mut all = refusals_there(unit, &whose)?;
            for mut new in new.iter().cloned() {
                // It may say so again, by its leaf alone.
                if let Some(place) = all.iter().position(|it| it.what == new.what)
                    && let Some(before) = all.remove(place)
                {
                    new.item = new.item.or(before.item);
                    new.version = new.version.or(before.version);
                    if new.says.is_empty() && new.why == before.why {
                        new.says = before.says;
                    }
                }
                all.push_back(new);
            }
            all.drain(..all.len().saturating_sub(REMEMBERED));
            unit.set_bookmark(&name(&whose), &serde_json::to_vec(&all).unwrap_or_default())
        })?;
        Ok(())
    }

    /// What peers refused of an item, by peer, the latest last: of the latest two hundred that each
    /// refused. The operations room and auditors alone see it.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn refused_by(
        &self,
        by: &Actor,
        item: &ItemId,
    ) -> Result<BTreeMap<OrganisationId, Vec<RefusedThere>>, FlowError> {
        let mut found = BTreeMap::new();
        if !self.house.is_of_the_room(by, ROOM_AND_AUDITORS) {
            return Ok(found);
        }
        for peer in &self.house.mesh()?.peers {
            let mut all = self.latest_there(&peer.organisation)?;
            all.retain(|it| it.item.as_ref() == Some(item));
            if !all.is_empty() {
                found.insert(peer.organisation.clone(), all.into());
            }
        }
        Ok(found)
    }

    /// The latest that a peer refused, the newest last.
    pub(crate) fn latest_there(
        &self,
        peer: &OrganisationId,
    ) -> Result<VecDeque<RefusedThere>, FlowError> {
        Ok(self.house.read(|reader| refusals_there(reader, peer))?)
    }
}

/// By this name a peer refuses what is from the future: its clock is behind, or ours ahead.
const FUTURE: &str = "future";

fn item(envelope: &Envelope) -> Option<Sent> {
    let What::Item(item) = &envelope.what else { return None };
    let outline = item.object.outline();
    Some((outline.id.clone()?, outline.version))
}

/// What a peer wrote, as far as it is kept: its beginning, without what moves the cursor.
fn shown(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for letter in text.chars().filter(|it| !it.is_control()) {
        if shown.len() + letter.len_utf8() > most {
            break;
        }
        shown.push(letter);
    }
    shown
}

fn refusals_there<R: Reader + ?Sized>(
    reader: &mut R,
    peer: &OrganisationId,
) -> Result<VecDeque<RefusedThere>, StoreError> {
    let kept = reader.bookmark(&name(peer))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

/// Where it is kept.
fn name(peer: &OrganisationId) -> String {
    format!("told-there/{peer}")
}
