//! Withdrawals in their order, each with whom it must reach: those whom the item had reached.
//!
//! The ledger has them among everything else. Each keeps the one before it by name, so that they
//! are found from the newest back without reading what lies between.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use vedetta_model::{Actor, Audience, Instant, ItemId, Person, Tlp};
use vedetta_store::{Reader, Sequence, Stamp, StoreError, UnitOfWork};

use crate::book::Book;
use crate::error::FlowError;
use crate::house::House;
use crate::views::see_withdrawn::Withdrawn;

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
    /// Where to go on.
    pub next: Sequence,
}

/// A withdrawal, and who had the item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retraction {
    /// What is told.
    pub notice: WithdrawalNotice,
    /// To whom: everyone whom the item had reached by any door of this node.
    pub holders: Audience,
    /// Of what was TLP:RED: only the persons that it names.
    pub named: Option<BTreeSet<Person>>,
}

/// The newest withdrawals, so that many who follow find them without reading.
#[derive(Default)]
pub(crate) struct Newest(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// As of which generation of what stands: a withdrawal begins another.
    generation: u64,
    /// Whether those before the oldest are to be read.
    read: bool,
    newest: VecDeque<Arc<Retraction>>,
}

/// What was released so shortly before may have reached everyone whom it was cleared for, though it
/// is not written down yet.
const JUST: Duration = Duration::from_secs(60);
/// Withdrawals that are remembered.
const REMEMBERED: usize = 1_000;
/// The bookmark with the item that was withdrawn last.
const LAST: &str = "withdrawn-last";

impl House {
    /// The withdrawals after a place of items that had reached the actor's organisation: the notice
    /// to each holder.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn withdrawals(&self, by: &Actor, after: Sequence) -> Result<WithdrawalPage, FlowError> {
        let own = self.number_of(&by.organisation)?;
        let found = self.retractions(after)?;
        let next = found.last().map_or(after, |last| last.notice.place);
        let (organisation, account) = (by.organisation.clone(), by.account.clone());
        let me = Person { organisation, account };
        let named = |it: &Retraction| {
            it.named.as_ref().is_none_or(|named| by.is_person() && named.contains(&me))
        };
        let mine = found.iter().filter(|it| it.holders.contains(own) && named(it));
        Ok(WithdrawalPage { notices: mine.map(|it| it.notice.clone()).collect(), next })
    }

    /// All withdrawals after a place, in order: of many the last thousand.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn retractions(&self, after: Sequence) -> Result<Vec<Arc<Retraction>>, FlowError> {
        let generation = self.standing().generation;
        let mut known = self.shared.withdrawals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.read || known.generation != generation {
            let last = known.newest.back().map_or(Sequence::START, |last| last.notice.place);
            let new = self.read(|reader| since(reader, &self.shared.book, last))?;
            known.newest.extend(new.into_iter().map(Arc::new));
            let surplus = known.newest.len().saturating_sub(REMEMBERED);
            known.newest.drain(..surplus);
            (known.generation, known.read) = (generation, true);
        }
        let first = known.newest.partition_point(|it| it.notice.place <= after);
        Ok(known.newest.range(first..).cloned().collect())
    }
}

/// Keeps that an item was withdrawn where it is found by the item, and from the next withdrawal.
pub(crate) fn keep(
    unit: &mut dyn UnitOfWork,
    item: &ItemId,
    stamp: Stamp,
    (by, reason): (&str, &str),
) -> Result<(), StoreError> {
    let before = unit.bookmark(LAST)?.and_then(|last| String::from_utf8(last).ok());
    let before = before.and_then(|last| ItemId::new(&last).ok());
    let (by, reason) = (by.to_owned(), reason.to_owned());
    let kept = Withdrawn { at: stamp.at, by, reason, place: stamp.seq, before };
    unit.set_bookmark(&name(item), &serde_json::to_vec(&kept).unwrap_or_default())?;
    unit.set_bookmark(LAST, item.as_str().as_bytes())
}

/// That an item was withdrawn, if it was.
pub(crate) fn withdrawn<R: Reader + ?Sized>(
    reader: &mut R,
    item: &ItemId,
) -> Result<Option<Withdrawn>, StoreError> {
    let kept = reader.bookmark(&name(item))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
}

/// The withdrawals after a place, in order; of many the last.
fn since(
    reader: &mut dyn Reader,
    book: &Book,
    place: Sequence,
) -> Result<Vec<Retraction>, StoreError> {
    let last = reader.bookmark(LAST)?.and_then(|last| String::from_utf8(last).ok());
    let mut next = last.and_then(|last| ItemId::new(&last).ok());
    let mut found = Vec::new();
    while let Some(item) = next.take() {
        let Some(kept) = withdrawn(reader, &item)?.filter(|it| it.place > place) else { break };
        let (mut holders, mut named) = (Audience::nobody(), None);
        for release in reader.releases(&item)? {
            for row in reader.deliveries(release.stamp.seq)? {
                holders.absorb(&row.batch.audience);
            }
            let clearance = book.get(release.clearance);
            if let Some(handling) = clearance.as_ref().map(|it| &it.handling)
                && handling.tlp == Tlp::Red
            {
                named = Some(handling.named.clone());
            }
            let new = kept.at.since(release.stamp.at) < JUST;
            if let Some(clearance) = clearance.filter(|_| new) {
                holders.absorb(&clearance.audience);
            }
        }
        let Withdrawn { at, reason, place, before, .. } = kept;
        let notice = WithdrawalNotice { item, place, at, reason };
        found.push(Retraction { notice, holders, named });
        next = before.filter(|_| found.len() < REMEMBERED);
    }
    found.reverse();
    Ok(found)
}

fn name(item: &ItemId) -> String {
    format!("withdrawn/{item}")
}
