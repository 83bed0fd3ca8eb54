//! Withdrawals in their order, each with whom it must reach: those whom the item had reached, and
//! those who hold what an agreement or an organisation took with it.
//!
//! The ledger has them among everything else. Each is numbered, so that those after a place are found
//! without reading what lies between.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vedetta_model::{Actor, Audience, Instant, ItemId, OrganisationNumber, Places};
use vedetta_policy::Reached;
use vedetta_store::{
    ClearanceId, DeliveryBatch, Digest, Draft, EntryKind, Reader, Sequence, Stamp, StoreError,
    StoredItem, UnitOfWork, VersionFilter,
};

use crate::book::Book;
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::views::lapses::{LapseNotice, Told};
use crate::views::read_items::Wish;
use crate::views::see_withdrawn::Withdrawn;

/// That an item which somebody has must no longer be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WithdrawalNotice {
    /// Which item.
    pub item: ItemId,
    /// Which version, where the reader still reads what others brought of it: that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
    /// Whose; not for the reader's eyes. None is everybody's.
    #[serde(skip)]
    pub producer: Option<OrganisationNumber>,
    /// Whether the reader reads that very version of another's.
    #[serde(skip)]
    pub stands: bool,
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
    /// Those of what an agreement or an organisation took with it, or gave back, in order.
    pub lapses: Vec<LapseNotice>,
    /// Where to go on.
    pub next: Sequence,
    /// Whether there are more after `next`: those here may be none while others wait.
    pub more: bool,
}

/// A withdrawal, and who had the item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Retraction {
    /// What is told.
    told: Retracted,
    /// To whom: everyone whom the item had reached by any door of this node.
    reached: Reached,
    /// The releases that were withdrawn, in order, each with its clearance.
    releases: Vec<(Sequence, ClearanceId)>,
    /// Where others brought the item too: the last versions, and whom each had reached.
    versions: Vec<(Instant, Digest, Reached)>,
}

/// What is told of.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Retracted {
    /// An item.
    Item(WithdrawalNotice),
    /// Whatever an agreement or an organisation gave.
    Lapse(Told),
}

/// What has a number.
enum Numbered {
    /// The withdrawal of an item.
    Item(Taken, Withdrawn),
    /// That an agreement or an organisation took something with it, or gave it back.
    Lapse(Told),
    /// That it reached somebody after all, who fetched it before and took it to the end only then.
    Late(Late),
}

/// A withdrawn release that was delivered all the same.
#[derive(Serialize, Deserialize)]
struct Late {
    item: ItemId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<OrganisationNumber>,
    release: Sequence,
    place: Sequence,
    at: Instant,
    reason: String,
    /// [`Audience::to_bytes`].
    holders: Vec<u8>,
}

/// What says which number was the last when it was no item's.
#[derive(Serialize, Deserialize)]
struct LastNumber {
    number: u64,
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
pub(crate) const JUST: Duration = Duration::from_secs(60);
/// Versions named of one withdrawal at most; of those before them nothing is said.
const NAMED: usize = 32;
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
        let next = found.last().map_or(after, |last| last.place());
        let me = by.as_person();
        let holds = |reached: &Reached| reached.holds(own, me.as_ref());
        let mut page = WithdrawalPage { next, more: found.len() == most, ..Default::default() };
        for it in found.iter().filter(|it| holds(&it.reached)) {
            match &it.told {
                Retracted::Lapse(told) => page.lapses.push(told.notice(by)),
                Retracted::Item(notice) if it.versions.is_empty() => {
                    page.notices.push(notice.clone());
                }
                Retracted::Item(notice) => {
                    let had = it.versions.iter().filter(|(.., reached)| holds(reached));
                    page.notices.extend(self.of_each(by, notice, had)?);
                }
            }
        }
        Ok(page)
    }

    /// The notices of the versions that a reader had: one of the item, unless it still reads something of
    /// it. So nothing tells of what it never read, or takes from it what it reads.
    fn of_each<'a>(
        &self,
        by: &Actor,
        notice: &WithdrawalNotice,
        had: impl Iterator<Item = &'a (Instant, Digest, Reached)>,
    ) -> Result<Vec<WithdrawalNotice>, FlowError> {
        let (ids, all) =
            (vec![notice.item.clone()], Wish::all(Sequence::START, VersionFilter::All));
        let mut wish = Wish { ids, limit: 1, ..all };
        if self.page(by, &wish)?.items.is_empty() {
            return Ok(vec![notice.clone()]);
        }
        let had: Vec<_> = had.collect();
        let asked = had.iter().map(|(version, ..)| *version).collect();
        (wish.versions, wish.limit) = (VersionFilter::At(asked), NAMED);
        let (mut left, mut next) = (BTreeSet::new(), Some(Sequence::START));
        while let Some(after) = next {
            wish.after = after;
            let page = self.page(by, &wish)?;
            left.extend(page.items.iter().map(|it| (it.version, Digest::of(&it.body))));
            next = page.next;
        }
        let mut each = BTreeMap::new();
        for (version, digest, _) in had {
            *each.entry(*version).or_insert(true) &= left.contains(&(*version, *digest));
        }
        let of = |(version, stands)| WithdrawalNotice {
            version: Some(version),
            stands,
            ..notice.clone()
        };
        Ok(each.into_iter().map(of).collect())
    }

    /// The items that were withdrawn after a place, and where to go on. For the corridor's own crates.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn withdrawn_after(&self, after: Sequence) -> Result<(Vec<ItemId>, Sequence), FlowError> {
        let found = self.all_after(after)?;
        let upto = found.last().map_or(after, |last| last.place());
        let items = found.iter().filter_map(|it| match &it.told {
            Retracted::Item(notice) => Some(notice.item.clone()),
            Retracted::Lapse(_) => None,
        });
        Ok((items.collect(), upto))
    }

    /// All withdrawals after a place, a page at a time.
    fn all_after(&self, mut after: Sequence) -> Result<Vec<Arc<Retraction>>, FlowError> {
        let mut all = Vec::new();
        loop {
            let mut found = self.retractions(after, REMEMBERED)?;
            let more = found.len() == REMEMBERED;
            after = found.last().map_or(after, |last| last.place());
            all.append(&mut found);
            if !more {
                return Ok(all);
            }
        }
    }

    /// The newest withdrawals, all that there are.
    fn caught_up(&self) -> Result<MutexGuard<'_, Known>, FlowError> {
        let generation = Some(self.standing().generation);
        let mut known = self.shared.withdrawals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            let last = known.newest.back().map_or(Sequence::START, |last| last.place());
            let (before, new) = self.read(|reader| newest(reader, &self.shared.book, last))?;
            if before > last {
                (known.floor, known.newest) = (before, VecDeque::new());
            }
            known.newest.extend(new.into_iter().map(Arc::new));
            let surplus = known.newest.len().saturating_sub(REMEMBERED);
            let forgotten = known.newest.drain(..surplus).next_back();
            if let Some(forgotten) = forgotten {
                known.floor = forgotten.place();
            }
            known.generation = generation;
        }
        Ok(known)
    }

    /// The first withdrawals after a place, in order, at most so many.
    fn retractions(&self, after: Sequence, most: usize) -> Result<Vec<Arc<Retraction>>, FlowError> {
        let known = self.caught_up()?;
        if after >= known.floor {
            let first = known.newest.partition_point(|it| it.place() <= after);
            return Ok(known.newest.range(first..).take(most).cloned().collect());
        }
        drop(known);
        let found = self.read(|reader| {
            let first = first_after(reader, after)?;
            numbered(reader, &self.shared.book, first..first.saturating_add(most as u64))
        })?;
        Ok(found.into_iter().map(Arc::new).collect())
    }

    /// From where on what was withdrawn is looked at for what is read now, when that is recorded as
    /// delivered at last. It reads nothing, so that a door may ask.
    #[must_use]
    pub fn reading_since(&self) -> Sequence {
        let known = self.shared.withdrawals.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.generation.map_or_else(|| self.bell().last(), |_| known.floor)
    }

    /// The withdrawals of late, and all since a reader began: what is delivered now may be one of
    /// theirs.
    pub(crate) fn lately_withdrawn(
        &self,
        since: Sequence,
    ) -> Result<Vec<Arc<Retraction>>, FlowError> {
        let floor = self.caught_up()?.floor;
        self.all_after(floor.min(since))
    }
}

/// Has those told to whom what was withdrawn is delivered all the same: before the deliveries are
/// recorded, with the withdrawals that are known. Of one withdrawal one number tells all that is
/// delivered at once, unless it is for different persons.
pub(crate) fn tell_late(
    unit: &mut dyn UnitOfWork,
    (shared, known): (&Shared, &[Arc<Retraction>]),
    batches: &[DeliveryBatch],
) -> Result<(), StoreError> {
    let first = match known.last() {
        Some(last) => first_after(unit, last.place())?,
        None => 1,
    };
    let end = last(unit)? + 1;
    let new = numbered(unit, &shared.book, first..end)?;
    let mut delivered = Places::none();
    batches.iter().for_each(|batch| delivered.absorb(&batch.releases));
    let all: Vec<_> = known.iter().map(|it| &**it).chain(&new).collect();
    let (mut done, mut late, mut told) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
    for (withdrawn, about) in all.iter().rev().filter_map(|it| Some((it, it.about()?))) {
        let mut releases = delivered.among(&withdrawn.releases, |it| it.0.0);
        releases.retain(|(release, _)| done.insert(*release));
        if let (Retracted::Item(notice), false) = (&withdrawn.told, releases.is_empty()) {
            told.insert(about, Reached::default());
            late.push((notice, about, releases));
        }
    }
    // All that tells of the same, found in one walk: there may be many, while nobody else writes.
    for it in &all {
        if let Some(reached) = it.about().and_then(|about| told.get_mut(&about)) {
            reached.join(&it.reached);
        }
    }
    for (notice, about, releases) in late {
        let Some(reached) = told.get_mut(&about) else { continue };
        for (release, clearance) in releases {
            let mut whom = Audience::nobody();
            for batch in batches.iter().filter(|it| it.releases.contains(release.0)) {
                whom.absorb(&batch.audience);
            }
            let clearance = shared.book.seen_by(unit, clearance)?;
            let whom = reached.lacks(clearance.as_deref(), &whom);
            if !whom.is_empty() {
                shared.touch_served();
                reached.absorb(clearance.as_deref(), &whom);
                tell(unit, (notice, about.1), (release, &whom))?;
            }
        }
    }
    Ok(())
}

/// Numbers that a withdrawn release reached some who did not have it.
fn tell(
    unit: &mut dyn UnitOfWork,
    (notice, of): (&WithdrawalNotice, Option<OrganisationNumber>),
    (release, whom): (Sequence, &Audience),
) -> Result<(), StoreError> {
    let WithdrawalNotice { item, reason, .. } = notice.clone();
    let facts = serde_json::json!({ "deed": "withdrawn before it arrived", "release": release });
    let stamp = unit.append(&Draft {
        kind: EntryKind::Deed,
        actor: vedetta_store::written::LEDGER,
        subject: item.as_str(),
        facts: &facts.to_string(),
        body: b"",
    })?;
    let (place, at, holders) = (stamp.seq, stamp.at, whom.to_bytes());
    let late = Late { item, of, release, place, at, reason, holders };
    let number = last(unit)? + 1;
    unit.set_bookmark(&numeral(number), &serde_json::to_vec(&late).unwrap_or_default())?;
    unit.set_bookmark(LAST, &serde_json::to_vec(&LastNumber { number }).unwrap_or_default())
}

/// What was withdrawn: what one organisation brought of an item; before that was told apart, all.
struct Taken {
    item: ItemId,
    of: Option<OrganisationNumber>,
}

/// Keeps that what an organisation brought was withdrawn where it is found by the item, and by its
/// number.
///
/// # Errors
/// What the ledger said.
pub fn keep(
    unit: &mut dyn UnitOfWork,
    (item, producer): (&ItemId, OrganisationNumber),
    stamp: Stamp,
    (by, reason): (&str, &str),
) -> Result<(), StoreError> {
    let number = last(unit)? + 1;
    let (by, reason) = (by.to_owned(), reason.to_owned());
    let kept = Withdrawn { at: stamp.at, by, reason, place: stamp.seq, number };
    let taken = Taken { item: item.clone(), of: Some(producer) };
    unit.set_bookmark(&taken.name(), &serde_json::to_vec(&kept).unwrap_or_default())?;
    unit.set_bookmark(&numeral(number), taken.text().as_bytes())?;
    unit.set_bookmark(LAST, taken.text().as_bytes())
}

/// Keeps what was told of an agreement or an organisation where it is found by its number.
pub(crate) fn keep_told(unit: &mut dyn UnitOfWork, told: &Told) -> Result<(), StoreError> {
    let number = last(unit)? + 1;
    unit.set_bookmark(&numeral(number), &serde_json::to_vec(told).unwrap_or_default())?;
    let last = serde_json::to_vec(&LastNumber { number }).unwrap_or_default();
    unit.set_bookmark(LAST, &last)
}

/// That all releases of an item were withdrawn, if they were: the last time.
pub(crate) fn withdrawn<R: Reader + ?Sized>(
    reader: &mut R,
    item: &ItemId,
    releases: &[StoredItem],
) -> Result<Option<Withdrawn>, StoreError> {
    let mut last: Option<Withdrawn> = None;
    let producers: BTreeSet<_> = releases.iter().map(|it| it.producer).collect();
    for producer in producers {
        // Before each withdrew its own, everybody's was withdrawn at once.
        let own = Taken { item: item.clone(), of: Some(producer) }.kept(reader)?;
        let all = Taken { item: item.clone(), of: None }.kept(reader)?;
        let brought = releases.iter().find(|release| release.producer == producer);
        let all = all.filter(|it| brought.is_some_and(|first| first.stamp.seq < it.place));
        let Some(kept) = own.or(all) else { return Ok(None) };
        if last.as_ref().is_none_or(|last| last.place < kept.place) {
            last = Some(kept);
        }
    }
    Ok(last)
}

/// Where the withdrawal is of what an organisation brought of an item, if it was withdrawn.
pub(crate) fn place_of_withdrawal<R: Reader + ?Sized>(
    reader: &mut R,
    (item, producer): (&ItemId, OrganisationNumber),
) -> Result<Option<Sequence>, StoreError> {
    let taken = |of| Taken { item: item.clone(), of };
    let own = taken(Some(producer)).kept(reader)?;
    let kept = if own.is_some() { own } else { taken(None).kept(reader)? };
    Ok(kept.map(|kept| kept.place))
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

    /// The releases that were withdrawn, and whether others brought the item too.
    fn releases<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        place: Sequence,
    ) -> Result<(Vec<StoredItem>, bool), StoreError> {
        let own = |it: &StoredItem| self.of.is_none_or(|producer| it.producer == producer);
        let (mut releases, others): (Vec<_>, Vec<_>) =
            reader.releases(&self.item)?.into_iter().partition(own);
        releases.retain(|it| it.stamp.seq < place);
        Ok((releases, !others.is_empty()))
    }
}

/// The number of the last withdrawal, 0 when there is none.
fn last<R: Reader + ?Sized>(reader: &mut R) -> Result<u64, StoreError> {
    let kept = reader.bookmark(LAST)?;
    if let Some(LastNumber { number }) = json(kept.as_deref()) {
        return Ok(number);
    }
    let Some(taken) = Taken::read(kept) else { return Ok(0) };
    Ok(taken.kept(reader)?.map_or(0, |it| it.number))
}

/// What has a number.
fn nth<R: Reader + ?Sized>(reader: &mut R, number: u64) -> Result<Option<Numbered>, StoreError> {
    let kept = reader.bookmark(&numeral(number))?;
    if let Some(late) = json(kept.as_deref()) {
        return Ok(Some(Numbered::Late(late)));
    }
    if let Some(told) = json(kept.as_deref()) {
        return Ok(Some(Numbered::Lapse(told)));
    }
    let Some(taken) = Taken::read(kept) else { return Ok(None) };
    Ok(taken.kept(reader)?.map(|kept| Numbered::Item(taken, kept)))
}

fn json<T: DeserializeOwned>(kept: Option<&[u8]>) -> Option<T> {
    serde_json::from_slice(kept?).ok()
}

impl Numbered {
    const fn place(&self) -> Sequence {
        match self {
            Self::Item(_, kept) => kept.place,
            Self::Late(late) => late.place,
            Self::Lapse(told) => told.place,
        }
    }
}

/// The number of the first withdrawal after a place.
fn first_after<R: Reader + ?Sized>(reader: &mut R, place: Sequence) -> Result<u64, StoreError> {
    let (mut low, mut high) = (1, last(reader)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match nth(reader, middle)? {
            Some(kept) if kept.place() > place => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

/// The withdrawals after a place, of many the last, and the place of the one before them.
fn newest<R: Reader + ?Sized>(
    reader: &mut R,
    book: &Book,
    place: Sequence,
) -> Result<(Sequence, Vec<Retraction>), StoreError> {
    let end = last(reader)? + 1;
    let first = first_after(reader, place)?.max(end.saturating_sub(REMEMBERED as u64));
    let before = nth(reader, first.saturating_sub(1))?.map_or(Sequence::START, |it| it.place());
    Ok((before, numbered(reader, book, first..end)?))
}

/// The withdrawals of these numbers, as far as there are any.
fn numbered<R: Reader + ?Sized>(
    reader: &mut R,
    book: &Book,
    numbers: Range<u64>,
) -> Result<Vec<Retraction>, StoreError> {
    let mut found = Vec::new();
    for number in numbers {
        let Some(kept) = nth(reader, number)? else { break };
        found.push(match kept {
            Numbered::Item(taken, Withdrawn { at, reason, place, .. }) => {
                let (withdrawn, several) = taken.releases(reader, place)?;
                let reached = reached(reader, book, &withdrawn, at)?;
                let releases = withdrawn.iter().map(|it| (it.stamp.seq, it.clearance)).collect();
                let versions = versions(reader, book, (&withdrawn, several), at)?;
                let (Taken { item, of: producer }, version, stands) = (taken, None, false);
                let notice =
                    WithdrawalNotice { item, version, producer, stands, place, at, reason };
                Retraction { told: Retracted::Item(notice), reached, releases, versions }
            }
            Numbered::Late(late) => {
                let Late { item, of, release, place, at, reason, holders } = late;
                let (mut reached, mut had) = (Reached::default(), Vec::new());
                let releases = reader.releases(&item)?;
                if let Some(known) = releases.iter().find(|it| it.stamp.seq == release) {
                    let holders = Audience::from_bytes(&holders).unwrap_or_default();
                    let clearance = book.seen_by(reader, known.clearance)?;
                    reached.absorb(clearance.as_deref(), &holders);
                    let line = releases.iter().filter(|it| it.producer == known.producer).cloned();
                    let line: Vec<_> = line.collect();
                    had = versions(reader, book, (&line, line.len() < releases.len()), at)?;
                }
                let (version, producer, stands, releases) = (None, of, false, Vec::new());
                let notice =
                    WithdrawalNotice { item, version, producer, stands, place, at, reason };
                Retraction { told: Retracted::Item(notice), reached, releases, versions: had }
            }
            Numbered::Lapse(told) => {
                let (reached, releases) = (Reached::by(told.holders.clone()), Vec::new());
                let versions = Vec::new();
                Retraction { told: Retracted::Lapse(told), reached, releases, versions }
            }
        });
    }
    Ok(found)
}

/// Of releases of an item that others brought too, the last versions and whom each had reached.
fn versions<R: Reader + ?Sized>(
    reader: &mut R,
    book: &Book,
    (releases, several): (&[StoredItem], bool),
    at: Instant,
) -> Result<Vec<(Instant, Digest, Reached)>, StoreError> {
    let first = releases.len().saturating_sub(if several { NAMED } else { 0 });
    let last = releases.get(first..).unwrap_or_default().iter();
    let mut had = |it: &StoredItem| reached(reader, book, std::slice::from_ref(it), at);
    last.map(|it| Ok((it.version, it.digest, had(it)?))).collect()
}

/// Whom releases withdrawn at a moment had reached.
pub(super) fn reached<R: Reader + ?Sized>(
    reader: &mut R,
    book: &Book,
    releases: &[StoredItem],
    at: Instant,
) -> Result<Reached, StoreError> {
    let mut reached = Reached::default();
    for release in releases {
        let mut whom = Audience::nobody();
        for row in reader.deliveries(release.stamp.seq)? {
            whom.absorb(&row.batch.audience);
        }
        let new = at.since(release.stamp.at) < JUST;
        let clearance = book.seen_by(reader, release.clearance)?;
        if let Some(clearance) = clearance.as_deref().filter(|_| new) {
            whom.absorb(&clearance.audience);
        }
        reached.absorb(clearance.as_deref(), &whom);
    }
    Ok(reached)
}

impl Retraction {
    /// Of which item it tells, and whose.
    const fn about(&self) -> Option<(&ItemId, Option<OrganisationNumber>)> {
        match &self.told {
            Retracted::Item(notice) => Some((&notice.item, notice.producer)),
            Retracted::Lapse(_) => None,
        }
    }

    fn place(&self) -> Sequence {
        match &self.told {
            Retracted::Item(notice) => notice.place,
            Retracted::Lapse(told) => told.place,
        }
    }
}

fn numeral(number: u64) -> String {
    format!("withdrawn-number/{number}")
}
