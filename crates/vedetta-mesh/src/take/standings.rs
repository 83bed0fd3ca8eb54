//! How agreements stand by the word of other nodes: taken in, or remembered until it counts.

use std::collections::{BTreeMap, BTreeSet};

use vedetta_federation::check::Verified;
use vedetta_federation::envelope::{Envelope, StandingNotice, Stands, What};
use vedetta_federation::shelf::Outcome;
use vedetta_federation::stands::{Heard, Word};
use vedetta_flow::corridor::{Kept, hear, insist, keep};
use vedetta_model::{AgreementId, Handling, OrganisationId};
use vedetta_store::{StoreError, UnitOfWork};

use super::Load;

/// Agreements on which words of one peer are remembered that do not count yet.
const EARLY: usize = 256;
/// And so many words on each.
const EACH: usize = 4;

impl Load {
    /// Each node's last word counts. Of a text that is not here, what comes from who gave something
    /// that rests on it, or through one: they have the text, and pass on what a party says. What does
    /// not count yet is remembered, and goes no further.
    pub(super) fn standing(
        &self,
        unit: &mut dyn UnitOfWork,
        verified: &Verified,
        notice: &StandingNotice,
    ) -> Result<Outcome, StoreError> {
        let (envelope, id) = (verified.envelope(), &notice.agreement);
        let known = self.mesh.standing.network.agreement(id).is_some();
        if !known && !self.shared.book.rests_on(id, |giver| self.came_through(envelope, giver)) {
            // Until something is said against it, it binds.
            if notice.now != Stands::InForce || self.is_remembered(unit, id)? {
                self.remember(unit, envelope, id)?;
            }
            return Ok(Outcome::Idle);
        }
        let me = &self.mesh.me;
        if envelope.origin == *me && insist(unit, &self.shared, (me, &self.actor), notice)? {
            return Ok(Outcome::Known);
        }
        let word = Word::of(notice, verified.leaf());
        let heard = hear(unit, &self.shared, (&envelope.origin, id, &self.actor), word)?;
        Ok(match heard {
            Heard::News => Outcome::New,
            Heard::Known => Outcome::Known,
            Heard::Leap => Outcome::Idle,
        })
    }

    /// Whether an envelope came from the node that speaks for an organisation, or through it.
    fn came_through(&self, envelope: &Envelope, organisation: &OrganisationId) -> bool {
        let speaker = self.mesh.trust.territory().speaker(organisation);
        speaker.is_some_and(|it| *it != self.mesh.me && envelope.passed(it))
    }

    fn remember(
        &self,
        unit: &mut dyn UnitOfWork,
        envelope: &Envelope,
        id: &AgreementId,
    ) -> Result<(), StoreError> {
        let mut early = early(unit, id)?;
        let theirs = early.entry(self.peer.clone()).or_default();
        if theirs.is_empty() && !self.counts_one_more(unit, id)? {
            return Ok(());
        }
        theirs.retain(|it| it.origin != envelope.origin);
        theirs.push(envelope.clone());
        let surplus = theirs.len().saturating_sub(EACH);
        theirs.drain(..surplus);
        unit.set_bookmark(&early_name(id), &serde_json::to_vec(&early).unwrap_or_default())
    }

    /// Whether the peer brought words on an agreement that are remembered.
    fn is_remembered(
        &self,
        unit: &mut dyn UnitOfWork,
        id: &AgreementId,
    ) -> Result<bool, StoreError> {
        Ok(early(unit, id)?.get(&self.peer).is_some_and(|theirs| !theirs.is_empty()))
    }

    /// Counts a further agreement of which words of the peer are remembered, when there may be one:
    /// those of which they count by now make room.
    fn counts_one_more(
        &self,
        unit: &mut dyn UnitOfWork,
        id: &AgreementId,
    ) -> Result<bool, StoreError> {
        let name = format!("standings/{}", self.peer);
        let kept = unit.bookmark(&name)?.and_then(|it| serde_json::from_slice(&it).ok());
        let mut on: Vec<AgreementId> = kept.unwrap_or_default();
        if on.len() >= EARLY {
            let mut still = Vec::new();
            for id in on {
                if self.is_remembered(unit, &id)? {
                    still.push(id);
                }
            }
            on = still;
        }
        if on.len() >= EARLY {
            return Ok(false);
        }
        on.push(id.clone());
        unit.set_bookmark(&name, &serde_json::to_vec(&on).unwrap_or_default())?;
        Ok(true)
    }

    /// Has the words count that came before the first item that rests on an agreement of which the
    /// text is not here.
    pub(super) fn recall(
        &self,
        unit: &mut dyn UnitOfWork,
        handling: &Handling,
    ) -> Result<(), StoreError> {
        let network = &self.mesh.standing.network;
        let unknown = |id: &&AgreementId| network.agreement(id).is_none();
        let on: BTreeSet<_> =
            handling.via.iter().flat_map(|given| &given.on).filter(unknown).collect();
        for id in on {
            let mut waiting = early(unit, id)?;
            let mut count = Vec::new();
            for (peer, theirs) in &mut waiting {
                let counts = |it: &mut Envelope| {
                    let givers = handling.via.iter().map(|given| &given.giver);
                    let mut givers = givers.chain([&handling.producer]);
                    givers.any(|giver| self.came_through(it, giver))
                };
                count.extend(theirs.extract_if(.., counts).map(|it| (peer.clone(), it)));
            }
            if !count.is_empty() {
                waiting.retain(|_, theirs| !theirs.is_empty());
                let waiting = serde_json::to_vec(&waiting).unwrap_or_default();
                unit.set_bookmark(&early_name(id), &waiting)?;
            }
            for (peer, envelope) in count {
                let What::Standing(notice) = &envelope.what else { continue };
                let word = Word::of(notice, envelope.leaf());
                let actor = format!("peer:{peer}");
                if hear(unit, &self.shared, (&envelope.origin, id, &actor), word)? == Heard::News {
                    let body = serde_json::to_vec(&envelope).unwrap_or_default();
                    keep(unit, (&actor, id.as_str()), &Kept::Passed { source: peer }, &body)?;
                }
            }
        }
        Ok(())
    }
}

fn early_name(id: &AgreementId) -> String {
    format!("standing/{id}")
}

/// The words on an agreement that do not count yet, by the peer that brought them.
fn early(
    unit: &mut dyn UnitOfWork,
    id: &AgreementId,
) -> Result<BTreeMap<OrganisationId, Vec<Envelope>>, StoreError> {
    let kept = unit.bookmark(&early_name(id))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}
