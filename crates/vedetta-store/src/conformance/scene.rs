//! What the checks share: a store, a clock that ticks, and short words for long calls.

use std::cell::Cell;
use std::sync::Arc;

use vedetta_model::{
    Audience, Category, Handling, Instant, ItemId, OrganisationId, OrganisationNumber, Pap, Tlp,
};

use super::House;
use crate::entry::{Draft, Entry, EntryKind, Sequence, Stamp};
use crate::error::StoreError;
use crate::item::{
    Claim, ClearanceId, Form, ItemDraft, ItemPage, ItemQuery, ItemState, NewClearance, Placement,
    StoredItem, VersionFilter,
};
use crate::store::{Reader, Store, UnitOfWork};

/// A house and its store.
pub struct Scene {
    store: Option<Arc<dyn Store>>,
    house: Box<dyn House>,
    now: Cell<i64>,
}

/// An item version in few words.
#[derive(Clone, Debug)]
pub struct Version {
    /// The item.
    pub id: ItemId,
    /// Its version.
    pub version: i64,
    /// Who brings it.
    pub producer: u32,
    /// To what it lays claim.
    pub claim: Claim,
    /// Its clearance.
    pub clearance: ClearanceId,
    /// Whether it revokes.
    pub state: ItemState,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// What a unit of work or a reading of a check answers.
pub type Told<T> = Result<T, StoreError>;

impl Scene {
    /// Opens the house.
    #[must_use]
    pub fn new(house: Box<dyn House>) -> Self {
        Self { store: Some(house.open()), house, now: Cell::new(1_700_000_000_000_000) }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.store.as_ref().expect("the store is open"))
    }

    /// Closes the store and opens it again.
    pub fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.house.open());
    }

    /// A second later.
    pub fn tick(&self) -> Instant {
        self.now.set(self.now.get() + 1_000_000);
        Instant::from_micros(self.now.get())
    }

    /// Runs a unit of work that may fail.
    ///
    /// # Errors
    /// Whatever the store said.
    pub fn try_write<T>(&self, mut work: impl FnMut(&mut dyn UnitOfWork) -> Told<T>) -> Told<T> {
        let mut answer = None;
        self.store().write(self.tick(), &mut |unit| {
            answer = Some(work(unit)?);
            Ok(())
        })?;
        Ok(answer.expect("the store ran the work"))
    }

    /// Runs a unit of work.
    pub fn write<T>(&self, work: impl FnMut(&mut dyn UnitOfWork) -> Told<T>) -> T {
        self.try_write(work).expect("the unit of work is kept")
    }

    /// Runs a reading.
    pub fn read<T>(&self, reading: impl FnMut(&mut dyn Reader) -> Told<T>) -> T {
        read(&*self.store(), reading)
    }

    /// A clearance for some organisations.
    #[must_use]
    pub fn clearance(&self, audience: &[u32]) -> ClearanceId {
        self.write(|unit| intern(unit, audience))
    }

    /// Places one version.
    #[must_use]
    pub fn place(&self, version: &Version) -> Placement {
        self.write(|unit| place(unit, version))
    }

    /// Places one version that is new.
    pub fn add(&self, version: &Version) -> Stamp {
        added(self.place(version))
    }

    /// All items of a query, page by page.
    #[must_use]
    pub fn all(&self, query: &ItemQuery<'_>) -> Vec<StoredItem> {
        self.read(|reader| all(reader, query))
    }

    /// The releases of a query.
    #[must_use]
    pub fn releases(&self, query: &ItemQuery<'_>) -> Vec<u64> {
        self.all(query).iter().map(|item| item.stamp.seq.0).collect()
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.read(|reader| reader.entries(Sequence::START, 10_000))
    }
}

impl Version {
    /// Version 1 of an item, by organisation 1.
    #[must_use]
    pub fn of(item: u32, clearance: ClearanceId) -> Self {
        let id = id("indicator", item);
        let state = ItemState::Live;
        let claim = Claim::First;
        Self { id, version: 1, producer: 1, claim, clearance, state, body: vec![] }.version(1)
    }

    /// Another version, with a body of its own.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self.body = format!(r#"{{"id":"{}","modified":{version}}}"#, self.id).into_bytes();
        self
    }

    /// Another kind of item.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        let uuid = self.id.as_str().rsplit_once("--").expect("it has a UUID").1.to_owned();
        self.id = ItemId::new(&format!("{kind}--{uuid}")).expect("an identifier");
        let version = self.version;
        self.version(version)
    }

    /// An address: its identifier follows from its value, so everybody can bring it.
    #[must_use]
    pub fn address(item: u32, clearance: ClearanceId) -> Self {
        Self { id: address(item), ..Self::of(item, clearance) }.version(1)
    }

    /// Revokes the item.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.state = ItemState::Revoked;
        self
    }

    /// Brought by another organisation.
    #[must_use]
    pub fn by(mut self, producer: u32) -> Self {
        self.producer = producer;
        self
    }

    /// In a line of its producer's own, whatever others brought.
    #[must_use]
    pub fn own(mut self) -> Self {
        self.claim = Claim::Own;
        self
    }

    /// With other bytes.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// As a draft.
    #[must_use]
    pub fn draft(&self) -> ItemDraft<'_> {
        ItemDraft {
            id: &self.id,
            version: Instant::from_micros(self.version),
            producer: OrganisationNumber(self.producer),
            claim: self.claim,
            clearance: self.clearance,
            state: self.state,
            actor: "tester",
            facts: FACTS,
            body: &self.body,
        }
    }
}

/// The facts of every version.
pub const FACTS: &str = r#"{"from":"a \"test\"","n":[1,2]}"#;

/// The identifier of an item.
#[must_use]
pub fn id(kind: &str, item: u32) -> ItemId {
    let spread = item.wrapping_mul(0x9e37_79b1);
    ItemId::new(&format!("{kind}--{spread:08x}-0000-4000-8000-{item:012x}")).expect("an identifier")
}

/// The identifier of an address.
#[must_use]
pub fn address(item: u32) -> ItemId {
    let text = id("ipv4-addr", item).as_str().replace("-4000-", "-5000-");
    ItemId::new(&text).expect("an identifier")
}

/// Everything, a thousand at a time.
#[must_use]
pub fn everything() -> ItemQuery<'static> {
    ItemQuery {
        after: Sequence::START,
        until: None,
        as_of: None,
        without: &[],
        limit: 1_000,
        clearances: None,
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    }
}

/// Handling of green indicators of one producer.
#[must_use]
pub fn handling(producer: &str) -> Handling {
    Handling {
        producer: OrganisationId::new(producer).expect("an identifier"),
        category: Category::Indicator,
        tlp: Tlp::Green,
        pap: Pap::Green,
        victims: [].into(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    }
}

/// An audience.
#[must_use]
pub fn audience(numbers: &[u32]) -> Audience {
    numbers.iter().copied().map(OrganisationNumber).collect()
}

/// Interns a clearance for some organisations.
///
/// # Errors
/// Whatever the store said.
pub fn intern(unit: &mut dyn UnitOfWork, numbers: &[u32]) -> Told<ClearanceId> {
    unit.intern(&NewClearance {
        handling: &handling("acme"),
        form: Form::Full,
        audience: &audience(numbers),
        grounds: "[]",
        actor: "tester",
    })
}

/// Places one version.
///
/// # Errors
/// Whatever the store said.
pub fn place(unit: &mut dyn UnitOfWork, version: &Version) -> Told<Placement> {
    let placed = unit.place_items(&[version.draft()])?;
    assert_eq!(placed.len(), 1, "one answer for one draft");
    Ok(placed[0])
}

/// Says that something was done.
///
/// # Errors
/// Whatever the store said.
pub fn deed(unit: &mut dyn UnitOfWork, subject: &str) -> Told<Stamp> {
    let (kind, actor) = (EntryKind::Deed, "tester");
    unit.append(&Draft { kind, actor, subject, facts: "{}", body: b"" })
}

/// Runs a reading.
pub fn read<T>(store: &dyn Store, mut reading: impl FnMut(&mut dyn Reader) -> Told<T>) -> T {
    let mut answer = None;
    let read = store.read(&mut |reader| {
        answer = Some(reading(reader)?);
        Ok(())
    });
    read.expect("the store reads");
    answer.expect("the store ran the reading")
}

/// All items of a query, page by page; checks that each page keeps its promises.
///
/// # Errors
/// Whatever the store said.
pub fn all(reader: &mut dyn Reader, query: &ItemQuery<'_>) -> Told<Vec<StoredItem>> {
    let (mut query, mut items) = (query.clone(), Vec::new());
    loop {
        let ItemPage { items: page, next } = reader.items(&query)?;
        assert!(page.len() <= query.limit, "{} items, asked for {}", page.len(), query.limit);
        items.extend(page);
        let Some(next) = next else { return Ok(items) };
        assert!(next > query.after, "the next place {next} is after {}", query.after);
        let last = items.last().map_or(Sequence::START, |item: &StoredItem| item.stamp.seq);
        assert!(next >= last, "the next place {next} is not before the last item {last}");
        query.after = next;
    }
}

/// The stamp of what was new, served or not.
#[must_use]
pub fn added(placement: Placement) -> Stamp {
    match placement {
        Placement::Added(stamp) | Placement::Withdrawn(stamp) => stamp,
        other => panic!("not added: {other:?}"),
    }
}

/// Whether the store refused.
#[must_use]
pub fn is_refused<T>(told: &Told<T>) -> bool {
    matches!(told, Err(StoreError::Refused(_)))
}
