//! A person acknowledges an item for their organisation.

use vedetta_federation::envelope::{self, What};
use vedetta_model::{Actor, ItemId, OrganisationId};
use vedetta_store::{Acknowledgement, Stamp};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::{Provenance, keep_own};
use crate::wording;

impl House {
    /// Acknowledges the newest release of an item that the actor may read. The first
    /// acknowledgement of an organisation counts; `None` when there was one.
    ///
    /// # Errors
    /// Forbidden, as to every program; unknown to the actor, or too long a note.
    pub fn acknowledge(
        &self,
        by: &Actor,
        item: &ItemId,
        note: Option<String>,
    ) -> Result<Option<Stamp>, FlowError> {
        require(by, PRODUCERS, "acknowledge items")?;
        if !by.is_there() {
            let advice = "a person who signed in does, for the organisation; what a program had is a delivery";
            return Err(FlowError::forbidden(by, "acknowledge items", advice));
        }
        wording::short("note", note.as_deref().unwrap_or_default())?;
        let read = self.item(by, item)?;
        let acknowledgement = Acknowledgement {
            release: read.stamp.seq,
            organisation: self.number_of(&by.organisation)?,
            by: by.account.clone(),
            at: self.now(),
            note: note.filter(|note| !note.is_empty()),
        };
        let back = self.acknowledgement_back(by, item, &acknowledgement)?;
        Ok(self.write(move |unit| {
            let recorded = unit.acknowledge(&acknowledgement)?;
            if let (Some(_), Some((giver, what))) = (recorded, &back) {
                let (actor, subject) = (acknowledgement.by.as_str(), giver.as_str());
                keep_own(unit, (actor, subject), Some(giver), what)?;
            }
            Ok(recorded)
        })?)
    }

    /// What goes back to the node that gave the item here, if another did.
    fn acknowledgement_back(
        &self,
        by: &Actor,
        item: &ItemId,
        said: &Acknowledgement,
    ) -> Result<Option<(OrganisationId, What)>, FlowError> {
        let releases = self.read(|reader| reader.releases(item))?;
        let release = releases.iter().find(|release| release.stamp.seq == said.release);
        let provenance = release.and_then(Provenance::of);
        let (Some(release), Some(provenance)) = (release, provenance) else { return Ok(None) };
        let what = What::Acknowledgement(envelope::Acknowledgement {
            item: item.clone(),
            version: release.version.to_string(),
            producer: Some(provenance.envelope.conditions.producer.clone()),
            organisation: by.organisation.clone(),
            seen: said.at,
            note: said.note.clone(),
        });
        Ok(Some((provenance.source, what)))
    }
}
