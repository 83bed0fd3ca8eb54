//! An organisation that left the network: it goes with what belonged to it, and nobody stays below it.

use serde::{Deserialize, Serialize};
use vedetta_federation::check::SKEW;
use vedetta_federation::envelope::Removal;
use vedetta_federation::shelf::Outcome;
use vedetta_flow::corridor::remove_all;
use vedetta_model::{Instant, Organisation, OrganisationId};
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
        let said = entered(unit, &record)? <= at.after(SKEW);
        if !said || !is_newest(unit, &format!("removal/{id}"), at)? {
            return Ok(Outcome::Known);
        }
        let gone: Option<Organisation> = serde_json::from_slice(&record.body).ok();
        self.let_go(unit, id, gone.and_then(|it| it.parent).as_ref())?;
        let belongings = belongings(unit, id)?;
        remove_all(unit, &self.shared, &belongings, &self.actor)?;
        Ok(Outcome::New)
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
            if other.parent.as_ref() == Some(id) {
                other.parent = above.filter(|above| **above != other.id).cloned();
            }
            other.client_of.retain(|provider| provider != id);
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
