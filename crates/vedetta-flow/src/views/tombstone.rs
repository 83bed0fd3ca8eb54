//! What is left of an item that was withdrawn, for those who may know that it was there: the operations
//! room, the auditors, its producer and those whom it had reached. For others there is none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vedetta_model::{AccountId, Actor, Instant, ItemId, OrganisationNumber};
use vedetta_policy::Form;
use vedetta_store::{Reader, Sequence, StoreError, StoredItem};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::views::read_items::{ReadItem, Seals};
use crate::views::see_withdrawn::{Holder, Withdrawn};
use crate::views::withdrawals::{reached, withdrawn};

/// What is left of an item.
#[derive(Clone, Debug, Serialize)]
pub struct Tombstone {
    /// That it was withdrawn.
    pub withdrawn: Told,
    /// Who holds it: for the operations room, the auditors and the producer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holders: Option<Vec<Holder>>,
    /// What it said last, where it was for who asks.
    #[serde(skip)]
    pub last: Option<ReadItem>,
}

/// That an item was withdrawn, as far as it is told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// When, here.
    pub at: Instant,
    /// By whom: an account with its organisation, or the node that brought it; for those whom it
    /// reached the organisation, and of the form without the victim nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why; empty of the form without the victim.
    pub reason: String,
}

/// What is found in the ledger.
struct Grave {
    withdrawn: Withdrawn,
    /// The releases that who asks may know of.
    releases: Vec<StoredItem>,
    candour: Candour,
}

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Candour {
    /// Who holds it, and which account withdrew it.
    Whole,
    /// As much as those whom it had reached are told.
    Had,
}

impl House {
    /// The newest version of an item, or what is left of it.
    ///
    /// # Errors
    /// As for [`House::item`], and the same for whoever may not know that it was ever there.
    pub fn item_or_tombstone(
        &self,
        by: &Actor,
        item: &ItemId,
    ) -> Result<Result<ReadItem, Tombstone>, FlowError> {
        match self.item(by, item) {
            Err(unknown @ FlowError::Unknown { .. }) => {
                self.tombstone(by, item)?.map(Err).ok_or(unknown)
            }
            read => read.map(Ok),
        }
    }

    /// What is left of an item that the actor can no longer read; `None` when it was not withdrawn, or
    /// the actor may not know that it was ever there.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn tombstone(&self, by: &Actor, item: &ItemId) -> Result<Option<Tombstone>, FlowError> {
        let found = self.read(|reader| self.grave(reader, by, item))?;
        let Some(grave) = found else { return Ok(None) };
        let holders = self.read(|reader| self.who_holds(reader, &grave.releases))?;
        let (told, whole) = (self.as_told(&grave), grave.candour == Candour::Whole);
        let last = self.last_read(by, grave.releases)?;
        Ok(Some(Tombstone { withdrawn: told, holders: whole.then_some(holders), last }))
    }

    /// That an item was withdrawn, as [`House::tombstone`] tells it, and whose that was.
    pub(super) fn told_withdrawn(
        &self,
        by: &Actor,
        item: &ItemId,
    ) -> Result<Option<(Told, BTreeSet<OrganisationNumber>)>, FlowError> {
        let found = self.read(|reader| self.grave(reader, by, item))?;
        let of = |grave: &Grave| grave.releases.iter().map(|it| it.producer).collect();
        Ok(found.map(|grave| (self.as_told(&grave), of(&grave))))
    }

    fn as_told(&self, Grave { withdrawn, releases, candour }: &Grave) -> Told {
        let Withdrawn { at, by, reason, .. } = withdrawn;
        Told { at: *at, by: self.told_by(by, releases, *candour), reason: reason.clone() }
    }

    fn grave<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        by: &Actor,
        item: &ItemId,
    ) -> Result<Option<Grave>, StoreError> {
        let standing = self.standing();
        let Some(own) = standing.directory.number(&by.organisation) else { return Ok(None) };
        let (room, me) = (self.is_of_the_room(by, ROOM_AND_AUDITORS), by.as_person());
        let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for release in reader.releases(item)? {
            lines.entry(release.producer).or_default().push(release);
        }
        let mut grave: Option<Grave> = None;
        for releases in lines.into_values() {
            let Some(withdrawn) = withdrawn(reader, item, &releases)? else {
                // What another organisation brought of it stands, though the room does not read it.
                if room { return Ok(None) } else { continue }
            };
            let candour = match room || releases.iter().any(|it| it.producer == own) {
                true => Candour::Whole,
                false => Candour::Had,
            };
            let had = reached(reader, &self.shared.book, &releases, withdrawn.at)?;
            if candour == Candour::Had && !had.holds(own, me.as_ref()) {
                continue;
            }
            grave = Some(match grave {
                Some(mut known) => {
                    known.releases.extend(releases);
                    if candour == Candour::Had {
                        known.candour = candour;
                    }
                    if known.withdrawn.at < withdrawn.at {
                        known.withdrawn = withdrawn;
                    }
                    known
                }
                None => Grave { withdrawn, releases, candour },
            });
        }
        Ok(grave)
    }

    /// Who withdrew it, as far as it is told.
    fn told_by(&self, who: &str, releases: &[StoredItem], candour: Candour) -> Option<String> {
        let standing = self.standing();
        let account = AccountId::new(who).ok();
        let account = account.and_then(|it| standing.directory.account(&it));
        let full = |it: &StoredItem| self.form_of(it.clearance) == Some(Form::Full);
        match account {
            Some(account) if candour == Candour::Whole => {
                Some(format!("{who}@{}", account.organisation))
            }
            // The name of the producer may tell the victim.
            _ if candour == Candour::Had && !releases.iter().all(full) => None,
            Some(account) => Some(account.organisation.to_string()),
            None => Some(who.to_owned()),
        }
    }

    /// The newest of some releases that was for an actor, as it was.
    fn last_read(
        &self,
        by: &Actor,
        mut releases: Vec<StoredItem>,
    ) -> Result<Option<ReadItem>, FlowError> {
        let (standing, reader) = (self.standing(), self.reader_of(by)?);
        let mut seals = Seals::of(self, &standing);
        releases.sort_by_key(|it| (it.version, it.stamp));
        let opens = |it: StoredItem| {
            let origin = it.origin;
            Some((seals.close(it)?.opened(&reader)?, origin))
        };
        let Some((mut last, origin)) = releases.into_iter().rev().find_map(opens) else {
            return Ok(None);
        };
        let after = Sequence(origin.0.saturating_sub(1));
        let entry = self.read(|reader| reader.entries(after, 1))?.pop();
        last.body = entry.map(|it| it.body).unwrap_or_default().into();
        Ok(Some(last))
    }
}
