//! A person acknowledges an item for their organisation.

use std::collections::BTreeMap;

use vedetta_federation::envelope::{self, What};
use vedetta_model::{Actor, ItemId, OrganisationId};
use vedetta_store::{Acknowledgement, Stamp, StoredItem};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::{Provenance, keep_own};
use crate::views::read_items::Share;
use crate::wording;

impl House {
    /// Acknowledges the newest release of an item that the actor may read; where several brought it, of
    /// each, since each is owed one. The first acknowledgement of an organisation counts; `None` when
    /// there was one of all.
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
        let lines = self.lines(by, item, Share::Cleared)?;
        if lines.is_empty() {
            return Err(FlowError::unknown("item", item));
        }
        let (organisation, at) = (self.number_of(&by.organisation)?, self.now());
        let note = note.filter(|note| !note.is_empty());
        let releases = self.read(|reader| reader.releases(item))?;
        let said = lines.into_iter().map(|read| {
            let (release, note, by) = (read.stamp.seq, note.clone(), by.account.clone());
            (read.producer, Acknowledgement { release, organisation, by, at, note })
        });
        let said: BTreeMap<_, _> = said.collect();
        let said: Vec<_> = said.into_values().map(|it| (back(by, &releases, &it), it)).collect();
        Ok(self.write(move |unit| {
            let mut first = None;
            for (back, acknowledgement) in &said {
                let recorded = unit.acknowledge(acknowledgement)?;
                if let (Some(_), Some((giver, what))) = (recorded, back) {
                    let (actor, subject) = (acknowledgement.by.as_str(), giver.as_str());
                    keep_own(unit, (actor, subject), Some(giver), what)?;
                }
                first = first.or(recorded);
            }
            Ok(first)
        })?)
    }
}

/// What goes back to the node that gave a release here, if another did.
fn back(
    by: &Actor,
    releases: &[StoredItem],
    said: &Acknowledgement,
) -> Option<(OrganisationId, What)> {
    let release = releases.iter().find(|release| release.stamp.seq == said.release)?;
    let provenance = Provenance::of(release)?;
    let what = What::Acknowledgement(envelope::Acknowledgement {
        item: release.id.clone(),
        version: release.version.to_string(),
        producer: Some(provenance.envelope.conditions.producer.clone()),
        organisation: by.organisation.clone(),
        seen: said.at,
        note: said.note.clone(),
    });
    Some((provenance.source, what))
}
