//! Markings that are not TLP: who made up a marking must say what it means. An item that refers to a
//! marking-definition which neither came along nor is known to its bringer is refused, because how far
//! it may go is not understood.

use std::collections::{BTreeSet, HashSet};

use vedetta_intake::{Brought, Fault};
use vedetta_model::{Actor, ItemId};

use crate::error::FlowError;
use crate::house::House;

impl House {
    /// The items whose markings are understood; the others are refused by name.
    pub(crate) fn with_known_markings(
        &self,
        by: &Actor,
        mut items: Vec<Brought>,
        refused: &mut Vec<Fault>,
    ) -> Result<Vec<Brought>, FlowError> {
        let named: BTreeSet<&ItemId> =
            items.iter().flat_map(|item| &item.claim.markings).map(|it| &it.id).collect();
        if named.is_empty() {
            return Ok(items);
        }
        let here: HashSet<&ItemId> = items.iter().map(|item| &item.id).collect();
        let mut unknown = BTreeSet::new();
        for id in named {
            if !here.contains(id) && !self.knows(by, id)? {
                unknown.insert(id.clone());
            }
        }
        items.retain(|item| {
            let strange = item.claim.markings.iter().find(|it| unknown.contains(&it.id));
            refused.extend(strange.map(|marking| Fault {
                refused: true,
                id: Some(item.id.to_string()),
                place: format!("objects[{}].{}", item.place, marking.property),
                rule: "unknown-marking".into(),
                reason: format!(
                    "{} is no TLP and not known here, so how far this may go is not understood; send \
                     the marking-definition along, or mark with TLP 2.0",
                    marking.id
                ),
            }));
            strange.is_none()
        });
        Ok(items)
    }

    /// Whether an organisation brought an item or may read it.
    fn knows(&self, by: &Actor, id: &ItemId) -> Result<bool, FlowError> {
        let (number, reader) = (self.number_of(&by.organisation)?, self.reader_of(by)?);
        let readable = self.shared.book.entitled(&self.standing(), &reader);
        let releases = self.read(|reader| reader.item(id))?;
        Ok(releases
            .iter()
            .any(|it| it.producer == number || readable.binary_search(&it.clearance).is_ok()))
    }
}
