//! What reached whom, when and by which door, and who acknowledged it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};
use vedetta_store::{Acknowledgement, DeliveryBatch, DeliveryRow, Door, Sequence, StoreError};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;
use crate::steps::tell_lapses::firsts;
use crate::views::read_items::ReadItem;
use crate::views::withdrawals::tell_late;

/// That an item reached an organisation, or that it was acknowledged for one: which may be written
/// before the delivery is, and without a delivery by any door of the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Delivery {
    /// Who had it.
    pub organisation: OrganisationId,
    /// By which door first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// When first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// That it was acknowledged.
    #[serde(flatten)]
    pub acknowledged: Option<Acknowledged>,
}

/// When an organisation first acknowledged an item, and by whom: for itself, the operations room and
/// the producer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Acknowledged {
    /// When.
    #[serde(rename = "acknowledged")]
    pub at: Instant,
    /// By which account, or which node told of it.
    pub by: AccountId,
    /// Whose account that is among the organisation's contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Answering>,
}

/// A contact, in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answering {
    /// What it is called for.
    pub role: String,
    /// Name of the person or of the desk.
    pub name: String,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.contact {
            Some(Answering { role, name }) => write!(f, "{name} ({role})"),
            None => self.by.fmt(f),
        }
    }
}

/// When first, and by which door.
type First = Option<(Instant, Door)>;

impl House {
    /// Who had the version of an item that the actor read, when and by which door, and who acknowledged
    /// it. The operations room and its producer see everyone, others their own organisation.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn deliveries(&self, by: &Actor, read: &ReadItem) -> Result<Vec<Delivery>, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let own = self.number_of(&by.organisation)?;
        let producer = own == read.producer;
        let standing = self.standing();
        let mut had: BTreeMap<_, (First, Option<Acknowledgement>)> = BTreeMap::new();
        self.read(|reader| {
            had.clear();
            // Whom later agreements brought in had it by another release.
            for release in reader.releases(&read.id)? {
                if (release.version, release.producer) != (read.version, read.producer) {
                    continue;
                }
                for DeliveryRow { batch, .. } in reader.deliveries(release.stamp.seq)? {
                    let this = (batch.at, batch.door);
                    for number in batch.audience.iter() {
                        let first = &mut had.entry(number).or_default().0;
                        *first = Some(first.map_or(this, |first| first.min(this)));
                    }
                }
                for it in reader.acknowledgements(release.stamp.seq)? {
                    keep_first(&mut had.entry(it.organisation).or_default().1, it);
                }
            }
            Ok(())
        })?;
        let visible = had.into_iter().filter(|(number, _)| room || producer || *number == own);
        let deliveries = visible.filter_map(|(number, (first, acknowledged))| {
            let organisation = standing.directory.numbered(number)?.id.clone();
            let acknowledged =
                acknowledged.map(|it| Acknowledged::of(it, &organisation, &standing));
            let (at, door) = first.unzip();
            Some(Delivery { organisation, door, at, acknowledged })
        });
        Ok(deliveries.collect())
    }

    /// Records what the doors out confirmed; answers how many deliveries the ledger refused for
    /// good, as of releases that it does not have.
    ///
    /// # Errors
    /// What the ledger said; then the same batches are to be recorded again.
    pub fn record_deliveries(&self, batches: Vec<DeliveryBatch>) -> Result<u64, FlowError> {
        self.record_read(batches, Sequence(u64::MAX))
    }

    /// The same of what was read since a place ([`House::reading_since`]): who reads so slowly that much
    /// is withdrawn meanwhile is told of it too.
    ///
    /// # Errors
    /// The same.
    pub fn record_read(
        &self,
        batches: Vec<DeliveryBatch>,
        since: Sequence,
    ) -> Result<u64, FlowError> {
        if batches.is_empty() {
            return Ok(0);
        }
        let (shared, withdrawn) = (Arc::clone(&self.shared), self.lately_withdrawn(since)?);
        let firsts = firsts(&batches);
        let recorded = self.write(move |unit| {
            tell_late(unit, (&shared, &withdrawn), &batches)?;
            let reason = match unit.deliver(&batches) {
                Err(StoreError::Refused(reason)) => reason,
                told => return told.map(|_| 0),
            };
            tracing::error!(reason, "deliveries are refused: those that are not are recorded");
            let mut refused = 0;
            for batch in &batches {
                match unit.deliver(std::slice::from_ref(batch)) {
                    Err(StoreError::Refused(_)) => refused += batch.count(),
                    told => drop(told?),
                }
            }
            Ok(refused)
        })?;
        self.had_late(firsts);
        Ok(recorded)
    }
}

impl Acknowledged {
    pub(super) fn of(it: Acknowledgement, whose: &OrganisationId, standing: &Standing) -> Self {
        let mut contacts = standing.directory.contacts_of(whose).iter();
        let contact = contacts.find(|contact| contact.account.as_ref() == Some(&it.by));
        let contact = contact.map(|it| Answering { role: it.role.clone(), name: it.name.clone() });
        Self { at: it.at, by: it.by, contact }
    }
}

/// Keeps an acknowledgement if there is none before it.
pub(super) fn keep_first(first: &mut Option<Acknowledgement>, it: Acknowledgement) {
    if first.as_ref().is_none_or(|first| it.at < first.at) {
        *first = Some(it);
    }
}
