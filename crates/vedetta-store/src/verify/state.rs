//! Whether the state agrees with the entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};

use super::asked::{Asked, Ends};
use super::{PAGE, Stop, named};
use crate::chain::Digest;
use crate::delivery::{Acknowledgement, DeliveryRow};
use crate::entry::{Entry, EntryKind, Sequence};
use crate::error::StoreError;
use crate::item::{ClearanceId, ItemQuery, ItemState, StoredClearance, StoredItem, VersionFilter};
use crate::record::RecordKind;
use crate::store::Reader;
use crate::written::{
    self, ClearanceFacts, ItemFacts, NumberFacts, RecordFacts, RereleaseFacts, SetAsideFacts,
    WithdrawnFacts,
};

/// What is left to be found in the entries, and what was found in them.
pub(super) struct State {
    clearances: BTreeMap<ClearanceId, StoredClearance>,
    numbers: BTreeMap<OrganisationNumber, OrganisationId>,
    records: HashMap<(RecordKind, String), Change>,
    /// Item versions with a release that is not served though nothing revokes it, and that release.
    unserved: BTreeMap<(Whose, Sequence), Sequence>,
    hidden: Hidden,
    withdrawn: BTreeSet<Whose>,
    aside: BTreeSet<Sequence>,
    /// Releases served by clearance, and where each clearance is.
    released: BTreeMap<ClearanceId, u64>,
    cleared: BTreeMap<ClearanceId, Sequence>,
    /// The last entries with deliveries and with an acknowledgement.
    delivered: Sequence,
    acknowledged: Sequence,
    ends: Ends,
}

/// A release that is served, without its body: many may be of one.
pub(super) struct Served {
    pub(super) item: StoredItem,
    /// SHA-256 of the body.
    body: Digest,
}

/// The items of which some releases are not served, as the state has them: asked for once.
#[derive(Default)]
struct Hidden {
    of: HashMap<ItemId, Known>,
    held: usize,
}

/// The releases of an item.
struct Known {
    /// Those that were not looked at yet.
    at: HashMap<Sequence, StoredItem>,
    /// By producer, the last version that revokes others.
    revoked: HashMap<OrganisationNumber, Instant>,
}

/// An item, and by whom.
type Whose = (String, OrganisationNumber);

/// The latest change of a record.
struct Change {
    seq: Sequence,
    kind: EntryKind,
}

/// So many records are read at once: some are large.
const RECORDS: usize = 100;
/// So many releases of such items are held; then they are asked for again.
const HELD: usize = 100_000;

type Checked = Result<(), Stop>;

impl State {
    /// Before the first entry.
    pub(super) fn of(reader: &mut dyn Reader) -> Result<Self, Stop> {
        let clearances = reader.clearances(None)?;
        let numbers = reader.numbers()?;
        Ok(Self {
            clearances: clearances.into_iter().map(|stored| (stored.id, stored)).collect(),
            ends: Ends::of(&numbers),
            numbers: numbers.into_iter().map(|(id, number)| (number, id)).collect(),
            records: HashMap::new(),
            unserved: BTreeMap::new(),
            hidden: Hidden::default(),
            withdrawn: BTreeSet::new(),
            aside: BTreeSet::new(),
            released: BTreeMap::new(),
            cleared: BTreeMap::new(),
            delivered: Sequence::START,
            acknowledged: Sequence::START,
        })
    }

    /// Checks entries whose links hold.
    pub(super) fn check(&mut self, reader: &mut dyn Reader, page: &[Entry]) -> Checked {
        let mut served = served(reader, page)?;
        let asked = Asked::of(&served);
        for Served { item, .. } in served.values() {
            *self.released.entry(item.clearance).or_default() += 1;
        }
        for entry in page {
            let item = served.remove(&entry.stamp.seq);
            match entry.kind {
                EntryKind::Item | EntryKind::Rerelease => self.item(reader, entry, item)?,
                _ if item.is_some() => return broken(entry, "the state has it as an item"),
                EntryKind::Withdrawn => self.withdrawn(reader, entry)?,
                EntryKind::SetAside => self.set_aside(reader, entry)?,
                EntryKind::Put | EntryKind::Removed => self.record(entry)?,
                EntryKind::Clearance => self.clearance(entry)?,
                EntryKind::Numbered => self.number(entry)?,
                EntryKind::Delivered => self.delivered(reader, entry)?,
                EntryKind::Acknowledged => self.acknowledged(reader, entry)?,
                EntryKind::Deed => {}
            }
        }
        asked.check(reader, &mut self.ends)
    }

    /// After the last entry.
    pub(super) fn end(mut self, reader: &mut dyn Reader) -> Checked {
        let unserved = self.unserved.iter().filter(|((whose, origin), _)| {
            !self.withdrawn.contains(whose) && !self.aside.contains(origin)
        });
        if let Some((_, seq)) = unserved.min_by_key(|(_, seq)| **seq) {
            return Err(Stop::Broken(*seq, "the state hides it for no reason".into()));
        }
        if let Some(stored) = self.clearances.values().next() {
            let reason = format!("the state has clearance {} of it", stored.id.0);
            return Err(Stop::Broken(stored.stamp.seq, reason));
        }
        if let Some((number, id)) = self.numbers.pop_first() {
            let reason = format!("no entry gives {id} the number {}", number.0);
            return Err(Stop::Broken(Sequence::START, reason));
        }
        self.counts(reader)?;
        self.strays(reader)?;
        self.records.retain(|_, change| change.kind == EntryKind::Put);
        for kind in RecordKind::ALL {
            let mut after = String::new();
            loop {
                let page = reader.records_after(kind, &after, RECORDS)?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for record in page {
                    let change = self.records.remove(&(kind, record.id));
                    if change.is_none_or(|change| change.seq != record.stamp.seq) {
                        let reason = "the state has it as the latest change of a record".into();
                        return Err(Stop::Broken(record.stamp.seq, reason));
                    }
                }
            }
        }
        match self.records.into_values().map(|change| change.seq).min() {
            Some(seq) => Err(Stop::Broken(seq, "the state lacks its record".into())),
            None => Ok(()),
        }
    }

    fn item(&mut self, reader: &mut dyn Reader, entry: &Entry, served: Option<Served>) -> Checked {
        let Some(served) = served else { return self.hidden(reader, entry) };
        agree(entry, &served)?;
        let item = served.item;
        if item.state == ItemState::Revoked {
            let of = (&item.id, Some(item.producer));
            let older = |other: &StoredItem| other.version < item.version;
            let older = found(reader, of, Sequence::START, older);
            if let Some(older) = named(entry.stamp.seq, older)? {
                let reason = format!("the state serves it though {} revokes it", entry.stamp.seq);
                return Err(Stop::Broken(older.stamp.seq, reason));
            }
        }
        Ok(())
    }

    /// A release that is not served: it agrees, and there is a reason.
    fn hidden(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Checked {
        let Ok(id) = ItemId::new(&entry.subject) else {
            return broken(entry, "its subject is no item");
        };
        let Some((this, revoked)) = self.hidden.take(reader, entry.stamp.seq, id)? else {
            return broken(entry, "the state lacks its item");
        };
        let before = Sequence(this.origin.0.saturating_sub(1));
        let origin = named(entry.stamp.seq, reader.entries(before, 1))?.pop();
        let body = Digest::of(&origin.map_or_else(Vec::new, |origin| origin.body));
        let served = Served { item: this, body };
        agree(entry, &served)?;
        let this = served.item;
        if revoked.is_none_or(|last| last <= this.version) {
            let version = (whose(&this), this.origin);
            self.unserved.entry(version).or_insert(entry.stamp.seq);
        }
        Ok(())
    }

    fn withdrawn(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Checked {
        let Ok(id) = ItemId::new(&entry.subject) else {
            return broken(entry, "its subject is no item");
        };
        let producers: BTreeSet<_> = match WithdrawnFacts::read(&entry.facts).producer {
            None => {
                let mut releases = named(entry.stamp.seq, reader.releases(&id))?;
                releases.retain(|release| release.stamp.seq < entry.stamp.seq);
                releases.iter().map(|release| release.producer).collect()
            }
            Some(producer) => BTreeSet::from([producer]),
        };
        for producer in producers {
            let found = found(reader, (&id, Some(producer)), Sequence::START, |_| true);
            if named(entry.stamp.seq, found)?.is_some() {
                return broken(entry, "the state serves the item that it withdrew");
            }
            self.withdrawn.insert((entry.subject.clone(), producer));
        }
        Ok(())
    }

    fn set_aside(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Checked {
        let SetAsideFacts { origin, .. } = facts(entry)?;
        let Ok(id) = ItemId::new(&entry.subject) else {
            return broken(entry, "its subject is no item");
        };
        // Whose it is, what brought it says; nothing of it is before that.
        let before = Sequence(origin.0.saturating_sub(1));
        let brought = named(entry.stamp.seq, reader.entries(before, 1))?.pop();
        let producer = brought.and_then(|it| ItemFacts::read(&it.facts).map(|it| it.producer));
        let found = found(reader, (&id, producer), before, |item| item.origin == origin);
        if named(entry.stamp.seq, found)?.is_some() {
            return broken(entry, "the state serves the item version that it set aside");
        }
        self.aside.insert(origin);
        Ok(())
    }

    fn record(&mut self, entry: &Entry) -> Checked {
        let facts: RecordFacts = facts(entry)?;
        let change = Change { seq: entry.stamp.seq, kind: entry.kind };
        self.records.insert((facts.record, entry.subject.clone()), change);
        Ok(())
    }

    fn clearance(&mut self, entry: &Entry) -> Checked {
        let facts: ClearanceFacts = facts(entry)?;
        self.cleared.insert(facts.clearance, entry.stamp.seq);
        let decided = written::read_clearance(facts.clearance, entry.stamp, &entry.body);
        let (Some(stored), Ok(decided)) = (self.clearances.remove(&facts.clearance), decided)
        else {
            return broken(entry, "the state lacks its clearance");
        };
        let same = stored.stamp == decided.stamp
            && (&stored.handling, stored.form) == (&decided.handling, decided.form)
            && (&stored.audience, &stored.grounds) == (&decided.audience, &decided.grounds);
        if same { Ok(()) } else { broken(entry, "the state has another clearance") }
    }

    /// The count of each clearance's releases, by which doors choose where to look.
    fn counts(&self, reader: &mut dyn Reader) -> Checked {
        let counted: BTreeMap<_, _> = reader.releases_per_clearance()?.into_iter().collect();
        let differs = |id: &&ClearanceId| counted.get(id) != self.released.get(id);
        let Some(id) = self.released.keys().chain(counted.keys()).find(differs) else {
            return Ok(());
        };
        let [counted, served] = [&counted, &self.released].map(|it| it.get(id).unwrap_or(&0));
        let reason =
            format!("the state counts {counted} releases of its clearance, {served} are served");
        Err(Stop::Broken(self.cleared.get(id).copied().unwrap_or(Sequence::START), reason))
    }

    /// Deliveries and acknowledgements after the last of which there are entries.
    fn strays(&self, reader: &mut dyn Reader) -> Checked {
        let after = self.delivered;
        let stray = named(after, reader.deliveries_after(after, 1))?;
        let stray = stray.first().map(|row| row.recorded.seq);
        let after = self.acknowledged;
        let more = named(after, reader.acknowledgements_after(after, 1))?;
        match stray.or(more.first().map(|(stamp, _)| stamp.seq)) {
            Some(seq) => {
                Err(Stop::Broken(seq, "the state has it as a delivery or its receipt".into()))
            }
            None => Ok(()),
        }
    }

    /// The deliveries that follow those before are this entry's.
    fn delivered(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Checked {
        let Ok(batches) = written::read_delivered(&entry.body) else {
            return broken(entry, "its body is no list of deliveries");
        };
        let stored = named(entry.stamp.seq, reader.deliveries_after(self.delivered, 1))?;
        self.delivered = entry.stamp.seq;
        let row = |batch| DeliveryRow { batch, recorded: entry.stamp };
        if stored.into_iter().eq(batches.into_iter().map(row)) {
            Ok(())
        } else {
            broken(entry, "the state has other deliveries")
        }
    }

    /// The acknowledgement that follows those before is this entry's, and the only one of it.
    fn acknowledged(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Checked {
        let Ok(said) = serde_json::from_slice::<Acknowledgement>(&entry.body) else {
            return broken(entry, "its body is no acknowledgement");
        };
        let stored = named(entry.stamp.seq, reader.acknowledgements_after(self.acknowledged, 2))?;
        self.acknowledged = entry.stamp.seq;
        let (own, next) = (stored.first(), stored.get(1));
        let only = next.is_none_or(|(stamp, _)| *stamp != entry.stamp);
        if own == Some(&(entry.stamp, said)) && only {
            Ok(())
        } else {
            broken(entry, "the state has another acknowledgement")
        }
    }

    fn number(&mut self, entry: &Entry) -> Checked {
        let facts: NumberFacts = facts(entry)?;
        match self.numbers.remove(&facts.number) {
            Some(id) if id.as_str() == entry.subject => Ok(()),
            _ => broken(entry, "the state gives its number to another organisation"),
        }
    }
}

impl Hidden {
    /// A release, and the last version that revokes others of whose it is. `None` when the state has no
    /// such release of the item.
    fn take(
        &mut self,
        reader: &mut dyn Reader,
        place: Sequence,
        id: ItemId,
    ) -> Result<Option<(StoredItem, Option<Instant>)>, Stop> {
        if !self.of.contains_key(&id) {
            let known = Known::of(named(place, reader.releases(&id))?, place);
            if self.held + known.at.len() > HELD {
                (self.of, self.held) = (HashMap::new(), 0);
            }
            self.held += known.at.len();
            self.of.insert(id.clone(), known);
        }
        let Some(known) = self.of.get_mut(&id) else { return Ok(None) };
        let Some(this) = known.at.remove(&place) else { return Ok(None) };
        self.held -= 1;
        let revoked = known.revoked.get(&this.producer).copied();
        Ok(Some((this, revoked)))
    }
}

impl Known {
    /// The releases from a place on, and all that revokes.
    fn of(releases: Vec<StoredItem>, from: Sequence) -> Self {
        let (mut at, mut revoked) = (HashMap::new(), HashMap::new());
        for release in releases {
            if release.state == ItemState::Revoked {
                let last = revoked.entry(release.producer).or_insert(release.version);
                *last = release.version.max(*last);
            }
            if release.stamp.seq >= from {
                at.insert(release.stamp.seq, release);
            }
        }
        Self { at, revoked }
    }
}

/// The items that are served of a page of entries; when they do not read back together, one by one,
/// to name the first that does not.
fn served(reader: &mut dyn Reader, page: &[Entry]) -> Result<BTreeMap<Sequence, Served>, Stop> {
    let is_item = |entry: &&Entry| matches!(entry.kind, EntryKind::Item | EntryKind::Rerelease);
    let (Some(first), Some(last)) = (page.first(), page.last()) else {
        return Ok(BTreeMap::new());
    };
    match between(reader, first.stamp.seq, last.stamp.seq) {
        Err(StoreError::Damaged { .. }) => {}
        told => return Ok(told?),
    }
    let mut items = BTreeMap::new();
    for entry in page.iter().filter(is_item) {
        let seq = entry.stamp.seq;
        items.extend(named(seq, between(reader, seq, seq))?);
    }
    Ok(items)
}

fn between(
    reader: &mut dyn Reader,
    first: Sequence,
    last: Sequence,
) -> Result<BTreeMap<Sequence, Served>, StoreError> {
    let mut items = BTreeMap::new();
    let question = query(Sequence(first.0.saturating_sub(1)), Some(last), &[]);
    each(reader, question, |mut item| {
        let body = Digest::of(&std::mem::take(&mut item.body));
        items.insert(item.stamp.seq, Served { item, body });
    })?;
    Ok(items)
}

/// Shows all answers to a question, and holds no more than a page of them.
pub(super) fn each(
    reader: &mut dyn Reader,
    mut question: ItemQuery<'_>,
    mut show: impl FnMut(StoredItem),
) -> Result<(), StoreError> {
    loop {
        let page = reader.items(&question)?;
        page.items.into_iter().for_each(&mut show);
        match page.next {
            Some(next) => question.after = next,
            None => return Ok(()),
        }
    }
}

/// The first of what a producer, or everybody, has served of an item after a place that is looked for.
fn found(
    reader: &mut dyn Reader,
    (id, producer): (&ItemId, Option<OrganisationNumber>),
    after: Sequence,
    mut is_it: impl FnMut(&StoredItem) -> bool,
) -> Result<Option<StoredItem>, StoreError> {
    let mut question = ItemQuery { producer, ..ItemQuery::of(id, after, PAGE) };
    loop {
        let page = reader.items(&question)?;
        let found = page.items.into_iter().find(&mut is_it);
        match (found, page.next) {
            (None, Some(next)) => question.after = next,
            (found, _) => return Ok(found),
        }
    }
}

pub(super) fn query(after: Sequence, until: Option<Sequence>, ids: &[ItemId]) -> ItemQuery<'_> {
    ItemQuery {
        after,
        until,
        as_of: None,
        without: &[],
        limit: PAGE,
        clearances: None,
        producer: None,
        ids,
        kinds: &[],
        versions: VersionFilter::All,
    }
}

fn whose(item: &StoredItem) -> Whose {
    (item.id.as_str().to_owned(), item.producer)
}

fn agree(entry: &Entry, Served { item, body }: &Served) -> Checked {
    let common =
        item.stamp == entry.stamp && item.id.as_str() == entry.subject && item.digest == *body;
    let own = if entry.kind == EntryKind::Item {
        let said = ItemFacts {
            version: item.version,
            producer: item.producer,
            clearance: item.clearance,
            state: item.state,
            facts: &item.facts,
        };
        item.origin == entry.stamp.seq
            && *body == Digest::of(&entry.body)
            && said.write() == entry.facts
    } else {
        let said = RereleaseFacts { origin: item.origin, clearance: item.clearance };
        written::json(&said) == entry.facts
    };
    if common && own { Ok(()) } else { broken(entry, "the state has another item") }
}

fn facts<T: DeserializeOwned>(entry: &Entry) -> Result<T, Stop> {
    serde_json::from_str(&entry.facts)
        .map_err(|_| Stop::Broken(entry.stamp.seq, "its facts are not those of its kind".into()))
}

fn broken(entry: &Entry, reason: &str) -> Checked {
    Err(Stop::Broken(entry.stamp.seq, reason.into()))
}
