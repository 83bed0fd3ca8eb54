//! What was withdrawn, and who has it all the same: it had reached them before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::{Actor, Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{Door, Entry, EntryKind, Reader, Sequence, StoreError, UnitOfWork};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;

/// That an item was withdrawn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Withdrawn {
    /// When, here.
    pub at: Instant,
    /// By whom: an account, or the node that brought it.
    pub by: String,
    /// Why.
    pub reason: String,
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

impl Withdrawn {
    /// Keeps it where it is found by the item.
    pub(crate) fn keep(&self, unit: &mut dyn UnitOfWork, item: &ItemId) -> Result<(), StoreError> {
        unit.set_bookmark(&name(item), &serde_json::to_vec(self).unwrap_or_default())
    }
}

/// That an item which somebody has must no longer be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WithdrawalNotice {
    /// Which item.
    pub item: ItemId,
    /// Where the withdrawal is in the ledger.
    pub place: Sequence,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// Withdrawals for one reader, and where to go on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WithdrawalPage {
    /// Those of items that had reached the reader's organisation, in order.
    pub notices: Vec<WithdrawalNotice>,
    /// Where to go on, when there may be more.
    pub next: Option<Sequence>,
}

/// Entries looked at for one page of withdrawals.
const LOOKED: usize = 10_000;

impl House {
    /// The withdrawals after a place of items that had reached the actor's organisation: the notice
    /// to each holder.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn withdrawals(&self, by: &Actor, after: Sequence) -> Result<WithdrawalPage, FlowError> {
        let own = self.number_of(&by.organisation)?;
        Ok(self.read(|reader| {
            let (mut place, mut looked) = (after, 0);
            let mut page = WithdrawalPage::default();
            loop {
                let entries = reader.entries(place, 1_000)?;
                let Some(last) = entries.last() else { return Ok(page) };
                place = last.stamp.seq;
                looked += entries.len();
                for entry in entries.iter().filter(|it| it.kind == EntryKind::Withdrawn) {
                    page.notices.extend(notice(reader, entry, own)?);
                }
                if looked >= LOOKED {
                    page.next = Some(place);
                    return Ok(page);
                }
            }
        })?)
    }

    /// Who holds an item, withdrawn or not.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn holders_of(&self, by: &Actor, item: &ItemId) -> Result<Holders, FlowError> {
        self.require_room(by, ROOM_AND_AUDITORS, "see who holds an item")?;
        let (standing, derived) = (self.standing(), self.derived_id(item));
        let mut first: BTreeMap<_, (Instant, Door)> = BTreeMap::new();
        let withdrawn = self.read(|reader| {
            let mut releases = reader.releases(item)?;
            if releases.is_empty() {
                return Ok(None);
            }
            releases.extend(reader.releases(&derived)?);
            for release in releases {
                for row in reader.deliveries(release.stamp.seq)? {
                    for number in row.batch.audience.iter() {
                        let had = (row.batch.at, row.batch.door);
                        first.entry(number).and_modify(|it| *it = had.min(*it)).or_insert(had);
                    }
                }
            }
            let withdrawn = reader.bookmark(&name(item))?;
            Ok(Some(withdrawn.and_then(|body| serde_json::from_slice(&body).ok())))
        })?;
        let withdrawn = withdrawn.ok_or_else(|| FlowError::unknown("item", item))?;
        let holders = first.into_iter().filter_map(|(number, (at, door))| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            Some(Holder { organisation, door, at })
        });
        Ok(Holders { withdrawn, holders: holders.collect() })
    }
}

/// The notice for an organisation that had an item before it was withdrawn.
fn notice(
    reader: &mut dyn Reader,
    entry: &Entry,
    own: OrganisationNumber,
) -> Result<Option<WithdrawalNotice>, StoreError> {
    let Ok(item) = ItemId::new(&entry.subject) else { return Ok(None) };
    let mut had = false;
    for release in reader.releases(&item)? {
        let rows = reader.deliveries(release.stamp.seq)?;
        had |= rows.iter().any(|row| row.batch.audience.contains(own));
    }
    let facts: serde_json::Value = serde_json::from_str(&entry.facts).unwrap_or_default();
    let reason = facts.get("reason").and_then(|it| it.as_str()).unwrap_or_default().to_owned();
    let (place, at) = (entry.stamp.seq, entry.stamp.at);
    Ok(had.then_some(WithdrawalNotice { item, place, at, reason }))
}

fn name(item: &ItemId) -> String {
    format!("withdrawn/{item}")
}
