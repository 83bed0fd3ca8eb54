//! What was withdrawn, and who has it all the same: it had reached them before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vedetta_model::{Actor, Instant, ItemId, OrganisationId};
use vedetta_store::{Door, Sequence};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::views::withdrawals::withdrawn;

/// That an item was withdrawn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Withdrawn {
    /// When, here.
    pub at: Instant,
    /// By whom: an account, or the node that brought it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Where the withdrawal is in the ledger.
    #[serde(default)]
    pub(crate) place: Sequence,
    /// Which withdrawal of this node it is, from 1.
    #[serde(default)]
    pub(crate) number: u64,
}

/// Who holds an item.
#[derive(Clone, Debug, Serialize)]
pub struct Holders {
    /// Whether it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawn>,
    /// To whom it was delivered in any form and version, by which door first and when.
    pub holders: Vec<Holder>,
}

/// One who holds an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Holder {
    /// Who.
    pub organisation: OrganisationId,
    /// By which door first.
    pub door: Door,
    /// When first.
    pub at: Instant,
}

impl House {
    /// Who holds an item, withdrawn or not.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn holders_of(&self, by: &Actor, item: &ItemId) -> Result<Holders, FlowError> {
        self.require_room(by, ROOM_AND_AUDITORS, "see who holds an item")?;
        let standing = self.standing();
        let mut first: BTreeMap<_, (Instant, Door)> = BTreeMap::new();
        let found = self.read(|reader| {
            let mut releases = reader.releases(item)?;
            if releases.is_empty() {
                return Ok(None);
            }
            let withdrawn = withdrawn(reader, item, &releases)?;
            let producers: BTreeSet<_> = releases.iter().map(|it| it.producer).collect();
            for producer in producers {
                let derived = self.derived_id(reader, (item, producer))?;
                releases.extend(reader.releases(&derived)?);
                if !item.follows_from_value() {
                    break;
                }
            }
            for release in releases {
                for row in reader.deliveries(release.stamp.seq)? {
                    for number in row.batch.audience.iter() {
                        let had = (row.batch.at, row.batch.door);
                        first.entry(number).and_modify(|it| *it = had.min(*it)).or_insert(had);
                    }
                }
            }
            Ok(Some(withdrawn))
        })?;
        let withdrawn = found.ok_or_else(|| FlowError::unknown("item", item))?;
        let holders = first.into_iter().filter_map(|(number, (at, door))| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            Some(Holder { organisation, door, at })
        });
        Ok(Holders { withdrawn, holders: holders.collect() })
    }
}
