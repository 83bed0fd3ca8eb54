//! An organisation that left the network: it goes with what belonged to it, and nobody stays below it.
//!
//! Who speaks for whom follows the tree. No peer moves anybody in it from one node to another: where a
//! removal would, it is left to the administrator here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use vedetta_federation::check::{SKEW, Trust, Verified};
use vedetta_federation::envelope::{Removal, What};
use vedetta_federation::shelf::Outcome;
use vedetta_flow::corridor::{owe_instead, remove_all};
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Instant, Organisation, OrganisationId, OrganisationNumber};
use vedetta_policy::{Network, Roll};
use vedetta_store::{Reader, Record, RecordKind, Sequence, StoreError, UnitOfWork};

use super::Load;
use super::notices::is_newest;

/// What of a record says whose it is.
#[derive(Deserialize)]
struct Owned {
    organisation: OrganisationId,
}

/// When an organisation was entered that changed since because another left, and by which entry.
#[derive(Serialize, Deserialize)]
struct Entered {
    at: Instant,
    changed: Sequence,
}

/// Who was found to be kept, as long as what stands is the same. To find it out a whole network is compiled
/// twice: who says it again and again holds nobody up.
pub(crate) struct Stays<T = Mesh>(Mutex<(Weak<T>, BTreeSet<OrganisationId>)>);

impl<T> Default for Stays<T> {
    fn default() -> Self {
        Self(Mutex::new((Weak::new(), BTreeSet::new())))
    }
}

impl<T> Stays<T> {
    fn knows(&self, stands: &Arc<T>, id: &OrganisationId) -> bool {
        let (under, who) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Weak::ptr_eq(under, &Arc::downgrade(stands)) && who.contains(id)
    }

    fn note(&self, stands: &Arc<T>, id: &OrganisationId) {
        let (under, who) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Weak::ptr_eq(under, &Arc::downgrade(stands)) {
            (*under, *who) = (Arc::downgrade(stands), BTreeSet::new());
        }
        who.insert(id.clone());
    }
}

impl Load {
    /// Once: who is entered anew afterwards is not removed again by what was said before. All of it is
    /// read here: what came with it may have changed what stands.
    pub(super) fn removal(
        &self,
        unit: &mut dyn UnitOfWork,
        at: Instant,
        removal: &Removal,
    ) -> Result<Outcome, StoreError> {
        let id = &removal.organisation;
        if self.mesh.speaks(id) {
            return Ok(Outcome::Idle);
        }
        let Some(record) = unit.record(RecordKind::Organisation, id.as_str())? else {
            return Ok(Outcome::Known);
        };
        if entered(unit, &record)? > at.after(SKEW) {
            return Ok(Outcome::Known);
        }
        let gone: Option<Organisation> = serde_json::from_slice(&record.body).ok();
        let above = gone.and_then(|it| it.parent);
        // Said again, it counts once nothing speaks for keeping it: the ledger remembers nothing of it.
        if self.stays.knows(&self.mesh, id) && !self.changes_members() {
            return Ok(Outcome::Idle);
        }
        if let Some(why) = self.kept_for(unit, id, above.as_ref())? {
            tracing::warn!(peer = %self.peer, organisation = %id, why, "said to have left, kept here");
            self.stays.note(&self.mesh, id);
            return Ok(Outcome::Idle);
        }
        if !is_newest(unit, &format!("removal/{id}"), at)? {
            return Ok(Outcome::Known);
        }
        self.let_go(unit, id, above.as_ref())?;
        let belongings = belongings(unit, id)?;
        remove_all(unit, &self.shared, &belongings, &self.actor)?;
        owe_instead(unit, (&self.shared, &self.mesh), (id, &self.actor))?;
        Ok(Outcome::New)
    }

    /// Whether something that came with it may let one go who was kept.
    fn changes_members(&self) -> bool {
        let changes = |it: &Verified| matches!(it.envelope().what, What::Presence(_));
        self.arrival.verified.iter().any(changes)
    }

    /// Why one that left elsewhere is kept here, if it is: only the administrator removes it.
    fn kept_for(
        &self,
        unit: &mut dyn UnitOfWork,
        id: &OrganisationId,
        above: Option<&OrganisationId>,
    ) -> Result<Option<&'static str>, StoreError> {
        let mesh = &*self.mesh;
        if *id == mesh.me || mesh.cards.known(id).is_some() || mesh.peer(id).is_some() {
            return Ok(Some("it runs a node"));
        }
        let accepted = mesh.peers.iter().map(|peer| &peer.serves);
        let mut scopes = mesh.cards.claims().map(|(_, scope)| scope).chain(accepted);
        if scopes.any(|scope| scope.below.contains(id)) {
            return Ok(Some("a node speaks for all below it"));
        }
        let records = unit.records(RecordKind::Organisation)?;
        let read = |it: &Record| serde_json::from_slice::<Organisation>(&it.body).ok();
        let all: Vec<_> = records.iter().filter_map(read).collect();
        let moves = all.iter().any(|it| it.parent.as_ref() == Some(id));
        Ok((moves && self.moves_somebody(all, id, above)).then_some("another node would speak"))
    }

    /// Whether another node would speak for somebody when one leaves.
    fn moves_somebody(
        &self,
        all: Vec<Organisation>,
        id: &OrganisationId,
        above: Option<&OrganisationId>,
    ) -> bool {
        let mesh = &*self.mesh;
        let territory = |all: Vec<Organisation>| {
            let organisations: Vec<_> =
                (0..).map(OrganisationNumber).zip(all.into_iter().map(Arc::new)).collect();
            let roll = Roll { organisations: &organisations, agreements: &[], holds: &[] };
            let network = Network::compile(roll, self.now);
            Trust::territory_of(&mesh.me, &network, &mesh.cards, &mesh.peers)
        };
        let mut left: Vec<_> = all.iter().filter(|it| it.id != *id).cloned().collect();
        left.iter_mut().for_each(|it| move_up(it, id, above));
        let ids: Vec<_> = left.iter().map(|it| it.id.clone()).collect();
        let (before, after) = (territory(all), territory(left));
        ids.iter().any(|it| before.speaker(it) != after.speaker(it))
    }

    /// Who is below one that leaves is below the one above it from now on, and nobody is its client.
    fn let_go(
        &self,
        unit: &mut dyn UnitOfWork,
        id: &OrganisationId,
        above: Option<&OrganisationId>,
    ) -> Result<(), StoreError> {
        for record in unit.records(RecordKind::Organisation)? {
            let Ok(mut other) = serde_json::from_slice::<Organisation>(&record.body) else {
                continue;
            };
            if other.parent.as_ref() != Some(id) && !other.client_of.contains(id) {
                continue;
            }
            move_up(&mut other, id, above);
            let at = entered(unit, &record)?;
            let body = serde_json::to_vec(&other).unwrap_or_default();
            self.shared.touch(RecordKind::Organisation);
            let kind = RecordKind::Organisation;
            let changed = unit.put_record(kind, other.id.as_str(), &body, &self.actor)?.seq;
            let entered = serde_json::to_vec(&Entered { at, changed }).unwrap_or_default();
            unit.set_bookmark(&entered_name(&other.id), &entered)?;
        }
        Ok(())
    }
}

/// Takes one out from below another that leaves, and out of its clients.
fn move_up(other: &mut Organisation, id: &OrganisationId, above: Option<&OrganisationId>) {
    if other.parent.as_ref() == Some(id) {
        other.parent = above.filter(|above| **above != other.id).cloned();
    }
    other.client_of.retain(|provider| provider != id);
}

/// When an organisation was entered, or changed otherwise than because another left.
fn entered<R: Reader + ?Sized>(reader: &mut R, record: &Record) -> Result<Instant, StoreError> {
    let kept = reader.bookmark(&format!("entered/{}", record.id))?;
    let kept = kept.and_then(|kept| serde_json::from_slice::<Entered>(&kept).ok());
    let kept = kept.filter(|kept| kept.changed == record.stamp.seq);
    Ok(kept.map_or(record.stamp.at, |kept| kept.at))
}

fn entered_name(id: &OrganisationId) -> String {
    format!("entered/{id}")
}

/// The records of an organisation and of what belongs to it.
fn belongings<R: Reader + ?Sized>(
    reader: &mut R,
    id: &OrganisationId,
) -> Result<Vec<(RecordKind, String)>, StoreError> {
    let mut all = Vec::new();
    for kind in [RecordKind::Asset, RecordKind::Contact, RecordKind::Account] {
        let theirs = reader.records(kind)?.into_iter().filter(|record| {
            let owned = serde_json::from_slice::<Owned>(&record.body);
            owned.is_ok_and(|it| it.organisation == *id)
        });
        all.extend(theirs.map(|record| (kind, record.id)));
    }
    all.push((RecordKind::Organisation, id.to_string()));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_kept_is_known_until_something_else_stands() {
        let (stays, id) = (Stays::default(), OrganisationId::new("terni").unwrap());
        let (before, now) = (Arc::new(()), Arc::new(()));
        assert!(!stays.knows(&before, &id));
        stays.note(&before, &id);
        assert!(stays.knows(&before, &id) && !stays.knows(&now, &id));
        stays.note(&now, &OrganisationId::new("perugia").unwrap());
        assert!(!stays.knows(&before, &id) && !stays.knows(&now, &id));
    }
}
