//! Markings that are not TLP: who made up a marking must say what it means. An item that refers to a
//! marking-definition which neither came along nor is known to its bringer is refused, because how far
//! it may go is not understood. Where a definition states a PAP or a TLP, it binds what refers to it.

use std::collections::{BTreeSet, HashMap};

use vedetta_intake::{Brought, Fault, stix_bundle};
use vedetta_model::{Actor, ItemId, Pap, Tlp};
use vedetta_store::{Sequence, StoredItem};

use crate::error::FlowError;
use crate::house::House;

/// The strictest labels that a marking-definition states.
type Stated = (Option<Tlp>, Option<Pap>);

impl House {
    /// The items whose markings are understood, each with what its markings state; the others are
    /// refused by name.
    pub(crate) fn with_known_markings(
        &self,
        by: &Actor,
        mut items: Vec<Brought>,
        refused: &mut Vec<Fault>,
    ) -> Result<Vec<Brought>, FlowError> {
        let named: BTreeSet<ItemId> =
            items.iter().flat_map(|item| &item.claim.markings).map(|it| it.id.clone()).collect();
        if named.is_empty() {
            return Ok(items);
        }
        let mut known: HashMap<ItemId, Stated> = HashMap::new();
        for item in items.iter().filter(|item| named.contains(&item.id)) {
            let (tlp, pap) = stix_bundle::stated(&item.body);
            let stated = known.entry(item.id.clone()).or_default();
            *stated = (stated.0.max(tlp), stated.1.max(pap));
        }
        for id in named {
            if !known.contains_key(&id)
                && let Some(stated) = self.known_marking(by, &id)?
            {
                known.insert(id, stated);
            }
        }
        items.retain_mut(|item| match bind(item, &known) {
            Ok(()) => true,
            Err(fault) => {
                refused.push(fault);
                false
            }
        });
        Ok(items)
    }

    /// What a marking-definition states that an organisation brought or may read.
    fn known_marking(&self, by: &Actor, id: &ItemId) -> Result<Option<Stated>, FlowError> {
        let (number, reader) = (self.number_of(&by.organisation)?, self.reader_of(by)?);
        let readable = self.shared.book.entitled(&self.standing(), &reader);
        let may_know = |it: &&StoredItem| {
            it.producer == number || readable.binary_search(&it.clearance).is_ok()
        };
        let definition = self.read(|reader| {
            let releases = reader.releases(id)?;
            let Some(known) = releases.iter().find(may_know) else { return Ok(None) };
            Ok(reader.entries(Sequence(known.origin.0.saturating_sub(1)), 1)?.pop())
        })?;
        Ok(definition.map(|entry| stix_bundle::stated(&entry.body)))
    }
}

/// Holds an item to what its markings state, or refuses it for one that is not known.
fn bind(item: &mut Brought, known: &HashMap<ItemId, Stated>) -> Result<(), Fault> {
    for marking in &item.claim.markings {
        let Some((tlp, pap)) = known.get(&marking.id) else {
            return Err(Fault {
                refused: true,
                id: Some(item.id.to_string()),
                place: format!("objects[{}].{}", item.place, marking.property),
                rule: "unknown-marking".into(),
                reason: format!(
                    "{} is no TLP and not known here, so how far this may go is not understood; send \
                     the marking-definition along, or mark with TLP 2.0",
                    marking.id
                ),
            });
        };
        item.claim.part_tlp = item.claim.part_tlp.max(*tlp);
        item.claim.pap = item.claim.pap.max(*pap);
    }
    Ok(())
}
