//! What was withdrawn, and who has it all the same: it had reached them before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::{Actor, Instant, ItemId, OrganisationId};
use vedetta_policy::Form;
use vedetta_store::{Acknowledgement, Door, Reader, Sequence, StoreError, StoredItem};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::redaction::Redactor;
use crate::views::deliveries::{Acknowledged, keep_first};
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
    /// Who had it in any form and version, or acknowledged it.
    pub holders: Vec<Holder>,
}

/// One who holds an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Holder {
    /// Who.
    pub organisation: OrganisationId,
    /// In which form; whoever had both has it in full.
    pub form: Form,
    /// By which door first; absent of one who acknowledged it and had it by no door of this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// When first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// That it was acknowledged.
    #[serde(flatten)]
    pub acknowledged: Option<Acknowledged>,
}

/// What became of an item with one organisation.
#[derive(Default)]
struct Had {
    full: bool,
    first: Option<(Instant, Door)>,
    acknowledged: Option<Acknowledgement>,
}

impl House {
    /// Who holds an item, withdrawn or not.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn holders_of(&self, by: &Actor, item: &ItemId) -> Result<Holders, FlowError> {
        self.require_room(by, ROOM_AND_AUDITORS, "see who holds an item")?;
        let found = self.read(|reader| {
            let releases = reader.releases(item)?;
            if releases.is_empty() {
                return Ok(None);
            }
            let withdrawn = withdrawn(reader, item, &releases)?;
            Ok(Some(Holders { withdrawn, holders: self.who_holds(reader, &releases)? }))
        })?;
        found.ok_or_else(|| FlowError::unknown("item", item))
    }

    /// Who had any of the releases of an item in any form, or acknowledged it.
    pub(super) fn who_holds<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        whole: &[StoredItem],
    ) -> Result<Vec<Holder>, StoreError> {
        let standing = self.standing();
        let mut had: BTreeMap<_, Had> = BTreeMap::new();
        let mut releases: BTreeMap<_, _> = whole.iter().map(|it| (it.stamp.seq, true)).collect();
        for form in Redactor::of(self).forms_named_by(reader, whole)? {
            releases.entry(form.stamp.seq).or_insert(false);
        }
        for (release, full) in releases {
            for row in reader.deliveries(release)? {
                let this = (row.batch.at, row.batch.door);
                for number in row.batch.audience.iter() {
                    let it = had.entry(number).or_default();
                    it.full |= full;
                    it.first = Some(it.first.map_or(this, |first| first.min(this)));
                }
            }
            for told in reader.acknowledgements(release)? {
                let it = had.entry(told.organisation).or_default();
                it.full |= full;
                keep_first(&mut it.acknowledged, told);
            }
        }
        let holders = had.into_iter().filter_map(|(number, Had { full, first, acknowledged })| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            let acknowledged =
                acknowledged.map(|it| Acknowledged::of(it, &organisation, &standing));
            let (form, (at, door)) =
                (if full { Form::Full } else { Form::Redacted }, first.unzip());
            Some(Holder { organisation, form, door, at, acknowledged })
        });
        Ok(holders.collect())
    }
}
