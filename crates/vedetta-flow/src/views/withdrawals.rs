//! Withdrawals in their order, each with whom it must reach: those whom the item had reached.
//!
//! The ledger has them among everything else. Each is numbered, so that those after a place are found
//! without reading what lies between.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use vedetta_model::{Actor, Audience, Instant, ItemId, OrganisationNumber, Person, Tlp};
use vedetta_store::{Reader, Sequence, Stamp, StoreError, StoredItem, UnitOfWork, line};

use crate::book::Book;
use crate::error::FlowError;
use crate::house::House;
use crate::views::see_withdrawn::Withdrawn;

/// That an item which somebody has must no longer be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WithdrawalNotice {
    /// Which item.
    pub item: ItemId,
    /// Which version, where each organisation brings its own under the identifier: the others stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
    /// Where the withdrawal is in the ledger.
    pub place: Sequence,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// Withdrawals for one reader, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct WithdrawalPage {
    /// Those of items that had reached the reader's organisation, in order.
    pub notices: Vec<WithdrawalNotice>,
    /// Where to go on.
    pub next: Sequence,
    /// Whether there are more after `next`: those here may be none while others wait.
    pub more: bool,
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
    generation: Option<u64>,
    /// The place of the last one before those that are remembered.
    floor: Sequence,
    newest: VecDeque<Arc<Retraction>>,
}

/// What was released so shortly before may have reached everyone whom it was cleared for, though it
/// is not written down yet.
const JUST: Duration = Duration::from_secs(60);
/// Withdrawals that are remembered, and that are read at once.
pub const REMEMBERED: usize = 1_000;
/// The bookmark with the item that was withdrawn last.
const LAST: &str = "withdrawn-last";

impl House {
    /// The withdrawals after a place of items that had reached the actor's organisation: the notice
    /// to each holder. A page looks at the next [`REMEMBERED`] of everyone's.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn withdrawals(&self, by: &Actor, after: Sequence) -> Result<WithdrawalPage, FlowError> {
        self.next_withdrawals(by, after, REMEMBERED)
    }

    /// [`House::withdrawals`] of the next so many.
    pub(crate) fn next_withdrawals(
        &self,
        by: &Actor,
        after: Sequence,
        most: usize,
    ) -> Result<WithdrawalPage, FlowError> {
        let own = self.number_of(&by.organisation)?;
        let found = self.retractions(after, most)?;
        let next = found.last().map_or(after, |last| last.notice.place);
        let (organisation, account) = (by.organisation.clone(), by.account.clone());
        let me = Person { organisation, account };
        let named = |it: &Retraction| {
            it.named.as_ref().is_none_or(|named| by.is_person() && named.contains(&me))
        };
        let mine = found.iter().filter(|it| it.holders.contains(own) && named(it));
        let notices = mine.map(|it| it.notice.clone()).collect();
        Ok(WithdrawalPage { notices, next, more: found.len() == most })
    }

    /// The first withdrawals after a place, in order, at most so many.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn retractions(
        &self,
        after: Sequence,
        most: usize,
    ) -> Result<Vec<Arc<Retraction>>, FlowError> {
        let generation = Some(self.standing().generation);
        let mut known = self.shared.withdrawals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            let last = known.newest.back().map_or(Sequence::START, |last| last.notice.place);
            let (before, new) = self.read(|reader| newest(reader, &self.shared.book, last))?;
            if before > last {
                (known.floor, known.newest) = (before, VecDeque::new());
            }
            known.newest.extend(new.into_iter().map(Arc::new));
            let surplus = known.newest.len().saturating_sub(REMEMBERED);
            let forgotten = known.newest.drain(..surplus).next_back();
            if let Some(forgotten) = forgotten {
                known.floor = forgotten.notice.place;
            }
            known.generation = generation;
        }
        if after >= known.floor {
            let first = known.newest.partition_point(|it| it.notice.place <= after);
            return Ok(known.newest.range(first..).take(most).cloned().collect());
        }
        drop(known);
        let found = self.read(|reader| {
            let first = first_after(reader, after)?;
            numbered(reader, &self.shared.book, first..first.saturating_add(most as u64))
        })?;
        Ok(found.into_iter().map(Arc::new).collect())
    }
}

/// What was withdrawn: an item, or what one organisation brought of it.
struct Taken {
    item: ItemId,
    of: Option<OrganisationNumber>,
}

/// Keeps that what an organisation brought was withdrawn where it is found by the item, and by its
/// number.
pub(crate) fn keep(
    unit: &mut dyn UnitOfWork,
    (item, producer): (&ItemId, OrganisationNumber),
    stamp: Stamp,
    (by, reason): (&str, &str),
) -> Result<(), StoreError> {
    let number = last(unit)? + 1;
    let (by, reason) = (by.to_owned(), reason.to_owned());
    let kept = Withdrawn { at: stamp.at, by, reason, place: stamp.seq, number };
    let taken = Taken { item: item.clone(), of: line(item, producer) };
    unit.set_bookmark(&taken.name(), &serde_json::to_vec(&kept).unwrap_or_default())?;
    unit.set_bookmark(&numeral(number), taken.text().as_bytes())?;
    unit.set_bookmark(LAST, taken.text().as_bytes())
}

/// That all releases of an item were withdrawn, if they were: the last time.
pub(crate) fn withdrawn<R: Reader + ?Sized>(
    reader: &mut R,
    item: &ItemId,
    releases: &[StoredItem],
) -> Result<Option<Withdrawn>, StoreError> {
    let mut last: Option<Withdrawn> = None;
    let lines: BTreeSet<_> = releases.iter().map(|it| line(item, it.producer)).collect();
    for of in lines {
        // Before each brought its own, everybody's was withdrawn at once.
        let own = Taken { item: item.clone(), of }.kept(reader)?;
        let all = Taken { item: item.clone(), of: None }.kept(reader)?;
        let all = all.filter(|it| {
            let brought = releases.iter().find(|release| line(item, release.producer) == of);
            brought.is_some_and(|first| first.stamp.seq < it.place)
        });
        let Some(kept) = own.or(all) else { return Ok(None) };
        if last.as_ref().is_none_or(|last| last.place < kept.place) {
            last = Some(kept);
        }
    }
    Ok(last)
}

impl Taken {
    /// As it is written in a bookmark.
    fn text(&self) -> String {
        match self.of {
            Some(of) => format!("{} {}", self.item, of.0),
            None => self.item.to_string(),
        }
    }

    fn read(bookmark: Option<Vec<u8>>) -> Option<Self> {
        let text = String::from_utf8(bookmark?).ok()?;
        let (item, of) = match text.split_once(' ') {
            Some((item, of)) => (item, Some(OrganisationNumber(of.parse().ok()?))),
            None => (text.as_str(), None),
        };
        Some(Self { item: ItemId::new(item).ok()?, of })
    }

    fn name(&self) -> String {
        format!("withdrawn/{}", self.text())
    }

    fn kept<R: Reader + ?Sized>(&self, reader: &mut R) -> Result<Option<Withdrawn>, StoreError> {
        let kept = reader.bookmark(&self.name())?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }

    /// The releases that were withdrawn.
    fn releases(
        &self,
        reader: &mut dyn Reader,
        place: Sequence,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let mut releases = reader.releases(&self.item)?;
        releases.retain(|it| {
            it.stamp.seq < place && self.of.is_none_or(|producer| it.producer == producer)
        });
        Ok(releases)
    }
}

/// The number of the last withdrawal, 0 when there is none.
fn last<R: Reader + ?Sized>(reader: &mut R) -> Result<u64, StoreError> {
    let Some(taken) = Taken::read(reader.bookmark(LAST)?) else { return Ok(0) };
    Ok(taken.kept(reader)?.map_or(0, |it| it.number))
}

/// The withdrawal of a number, with what was withdrawn.
fn nth(reader: &mut dyn Reader, number: u64) -> Result<Option<(Taken, Withdrawn)>, StoreError> {
    let Some(taken) = Taken::read(reader.bookmark(&numeral(number))?) else { return Ok(None) };
    Ok(taken.kept(reader)?.map(|kept| (taken, kept)))
}

/// The number of the first withdrawal after a place.
fn first_after(reader: &mut dyn Reader, place: Sequence) -> Result<u64, StoreError> {
    let (mut low, mut high) = (1, last(reader)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match nth(reader, middle)? {
            Some((_, kept)) if kept.place > place => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

/// The withdrawals after a place, of many the last, and the place of the one before them.
fn newest(
    reader: &mut dyn Reader,
    book: &Book,
    place: Sequence,
) -> Result<(Sequence, Vec<Retraction>), StoreError> {
    let end = last(reader)? + 1;
    let first = first_after(reader, place)?.max(end.saturating_sub(REMEMBERED as u64));
    let before = nth(reader, first.saturating_sub(1))?.map_or(Sequence::START, |it| it.1.place);
    Ok((before, numbered(reader, book, first..end)?))
}

/// The withdrawals of these numbers, as far as there are any.
fn numbered(
    reader: &mut dyn Reader,
    book: &Book,
    numbers: Range<u64>,
) -> Result<Vec<Retraction>, StoreError> {
    let mut found = Vec::new();
    for number in numbers {
        let Some((taken, kept)) = nth(reader, number)? else { break };
        let releases = taken.releases(reader, kept.place)?;
        let (holders, named) = holders(reader, book, &releases, kept.at)?;
        let Withdrawn { at, reason, place, .. } = kept;
        let version = taken.of.and_then(|_| releases.first()).map(|first| first.version);
        let notice = WithdrawalNotice { item: taken.item, version, place, at, reason };
        found.push(Retraction { notice, holders, named });
    }
    Ok(found)
}

/// Whom releases withdrawn at a moment had reached, and of TLP:RED who is named.
fn holders(
    reader: &mut dyn Reader,
    book: &Book,
    releases: &[StoredItem],
    at: Instant,
) -> Result<(Audience, Option<BTreeSet<Person>>), StoreError> {
    let (mut holders, mut named) = (Audience::nobody(), None);
    for release in releases {
        for row in reader.deliveries(release.stamp.seq)? {
            holders.absorb(&row.batch.audience);
        }
        let clearance = book.get(release.clearance);
        if let Some(handling) = clearance.as_ref().map(|it| &it.handling)
            && handling.tlp == Tlp::Red
        {
            named = Some(handling.named.clone());
        }
        let new = at.since(release.stamp.at) < JUST;
        if let Some(clearance) = clearance.filter(|_| new) {
            holders.absorb(&clearance.audience);
        }
    }
    Ok((holders, named))
}

fn numeral(number: u64) -> String {
    format!("withdrawn-number/{number}")
}
