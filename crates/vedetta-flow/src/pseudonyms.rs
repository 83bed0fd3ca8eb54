//! The names under which an item goes out without its victim: hashes that this node alone can compute,
//! one after the other. A name serves until it is withdrawn, a version of the item having no such form;
//! a later version that has one goes under the next. Which it is follows from the ledger.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::written::WithdrawnFacts;
use vedetta_store::{
    ItemQuery, Reader, Sequence, StoreError, StoredItem, UnitOfWork, VersionFilter,
};

use crate::house::{House, Shared};
use crate::redaction::Redactor;
use crate::views::withdrawals::{keep, place_of_withdrawal};

/// A version of what an organisation brought, whose form is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Whole {
    pub(crate) id: ItemId,
    pub(crate) producer: OrganisationNumber,
    version: Instant,
    /// Where in the ledger it came.
    place: Sequence,
}

/// That a name serves no longer.
struct Spent {
    place: Sequence,
    /// The version that has no such form: none that is older has one any more. Earlier entries do not
    /// say it.
    version: Option<Instant>,
}

/// Why a name is withdrawn, in the ledger and to other nodes.
const SPENT: &str = "the item has no such form any more";
/// The bookmark which says that names were followed by others: until then each item has its first.
const FOLLOWED: &str = "names-followed";
/// Items read at once.
const TOGETHER: usize = 1_000;

impl House {
    /// The name of the form of a release's version.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn derived_id<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        release: &StoredItem,
    ) -> Result<ItemId, StoreError> {
        Redactor::of(self).derived_id(reader, release)
    }

    /// Every name of the forms of what an organisation brought as an item, in order.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn derived_ids<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        item: (&ItemId, OrganisationNumber),
    ) -> Result<Vec<ItemId>, StoreError> {
        Redactor::of(self).names(reader, item)
    }
}

impl Whole {
    /// What comes now.
    pub(crate) fn coming(id: &ItemId, producer: OrganisationNumber, version: Instant) -> Self {
        Self { id: id.clone(), producer, version, place: Sequence(u64::MAX) }
    }

    /// What came as a release.
    pub(crate) fn of(release: &StoredItem) -> Self {
        let StoredItem { id, producer, version, origin, .. } = release;
        Self { id: id.clone(), producer: *producer, version: *version, place: *origin }
    }

    fn item(&self) -> (&ItemId, OrganisationNumber) {
        (&self.id, self.producer)
    }

    /// The version of its form: its own, unless each bringer's is a version of its own, which the form,
    /// being one bringer's, has not.
    pub(crate) fn derived_version(&self) -> Instant {
        if self.id.follows_from_value() { Instant::default() } else { self.version }
    }

    /// Whether nothing newer is served.
    fn is_newest<R: Reader + ?Sized>(&self, reader: &mut R) -> Result<bool, StoreError> {
        let mut after = Some(Sequence::START);
        while let Some(place) = after {
            let page = reader.items(&ItemQuery {
                producer: Some(self.producer),
                versions: VersionFilter::Last,
                ..ItemQuery::of(&self.id, place, TOGETHER)
            })?;
            if page.items.iter().any(|it| it.version > self.version) {
                return Ok(false);
            }
            after = page.next;
        }
        Ok(true)
    }
}

impl Spent {
    fn of<R: Reader + ?Sized>(
        reader: &mut R,
        (name, producer): (&ItemId, OrganisationNumber),
    ) -> Result<Option<Self>, StoreError> {
        #[derive(Deserialize)]
        struct Facts {
            reason: String,
            version: Option<Instant>,
        }
        let Some(place) = place_of_withdrawal(reader, (name, producer))? else { return Ok(None) };
        let entry = reader.entries(Sequence(place.0.saturating_sub(1)), 1)?.pop();
        let facts = entry.and_then(|entry| {
            serde_json::from_str::<Facts>(WithdrawnFacts::read(&entry.facts).facts).ok()
        });
        // What somebody withdrew is not followed by anything.
        let facts = facts.filter(|it| it.reason == SPENT);
        Ok(facts.map(|Facts { version, .. }| Self { place, version }))
    }

    /// Whether a version goes under a later name.
    fn is_before(&self, whole: &Whole) -> bool {
        self.place < whole.place && self.version.is_none_or(|bare| bare < whole.version)
    }
}

impl Redactor {
    /// [`House::derived_id`].
    ///
    /// # Errors
    /// What the ledger said.
    pub fn derived_id<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        release: &StoredItem,
    ) -> Result<ItemId, StoreError> {
        self.name(reader, &Whole::of(release))
    }

    /// The name of the form of a version: the first that was not spent before it. They are spent in
    /// order, so few are looked at.
    pub(crate) fn name<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        whole: &Whole,
    ) -> Result<ItemId, StoreError> {
        let (mut low, mut high) = (0, None);
        while high != Some(low) && !whole.id.follows_from_value() {
            let probe = high.map_or(low * 2, |high| low + (high - low) / 2);
            let name = self.nth(reader, whole.item(), probe)?;
            let spent = Spent::of(reader, (&name, whole.producer))?;
            match spent.is_some_and(|spent| spent.is_before(whole)) {
                true => low = probe + 1,
                false => high = Some(probe),
            }
        }
        self.nth(reader, whole.item(), low)
    }

    /// The name under which a form of an item goes, or would, as it stands.
    pub(crate) fn present_name<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        (id, producer): (&ItemId, OrganisationNumber),
    ) -> Result<ItemId, StoreError> {
        self.name(reader, &Whole::coming(id, producer, Instant::FAR))
    }

    /// [`House::derived_ids`].
    pub(crate) fn names<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        item: (&ItemId, OrganisationNumber),
    ) -> Result<Vec<ItemId>, StoreError> {
        let mut names = vec![self.nth(reader, item, 0)?];
        while !item.0.follows_from_value()
            && Spent::of(reader, (&names[names.len() - 1], item.1))?.is_some()
        {
            names.push(self.nth(reader, item, names.len() as u64)?);
        }
        Ok(names)
    }

    fn nth<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        (item, producer): (&ItemId, OrganisationNumber),
        nth: u64,
    ) -> Result<ItemId, StoreError> {
        if item.follows_from_value() {
            return own_id(&self.key, reader, (item, producer));
        }
        let apart = reader.bookmark(&apart((item, producer)))?.map(|_| format!(" {}", producer.0));
        let nth = if nth > 0 { format!("/{nth}") } else { String::new() };
        Ok(keyed(&self.key, item, &(apart.unwrap_or_default() + &nth)))
    }

    /// Notes that a form goes under a name, before it does.
    pub(crate) fn note_name(
        &self,
        unit: &mut dyn UnitOfWork,
        whole: &Whole,
        name: &ItemId,
    ) -> Result<(), StoreError> {
        match self.nth(unit, whole.item(), 0)? == *name {
            true => Ok(()),
            false => Self::note_back(unit),
        }
    }

    /// Notes that a form of this node's own came back from a peer, under whatever name.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn note_back(unit: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        match unit.bookmark(FOLLOWED)? {
            Some(_) => Ok(()),
            None => unit.set_bookmark(FOLLOWED, b""),
        }
    }

    /// Withdraws the forms of versions older than the newest of an item, which has none: whoever reads
    /// them would neither hear of the revocation nor of what changed.
    pub(crate) fn take_back(
        &self,
        unit: &mut dyn UnitOfWork,
        (shared, actor): (&Shared, &str),
        bare: &[Whole],
    ) -> Result<(), StoreError> {
        let followed = unit.bookmark(FOLLOWED)?.is_some();
        let mut newest: HashMap<ItemId, &Whole> = HashMap::new();
        for whole in bare {
            let name = match followed {
                true => self.name(unit, whole)?,
                false => self.nth(unit, whole.item(), 0)?,
            };
            let known = newest.entry(name).or_insert(whole);
            if known.version < whole.version {
                *known = whole;
            }
        }
        let ids: Vec<_> = newest.keys().cloned().collect();
        let mut after = (!ids.is_empty()).then_some(Sequence::START);
        while let Some(place) = after {
            let page = unit.items(&ItemQuery {
                producer: bare.first().map(|bare| bare.producer),
                ids: &ids,
                versions: VersionFilter::Last,
                ..ItemQuery::all(place, TOGETHER)
            })?;
            for form in page.items {
                let bare = newest.get(&form.id).filter(|bare| form.version < bare.version);
                if let Some(bare) = bare
                    && bare.is_newest(unit)?
                {
                    shared.touch_served();
                    let facts = serde_json::json!({ "reason": SPENT, "version": bare.version });
                    let of = (&form.id, form.producer);
                    if let Some(stamp) = unit.withdraw(of.0, of.1, actor, &facts.to_string())? {
                        keep(unit, of, stamp, (actor, ""))?;
                    }
                }
            }
            after = page.next;
        }
        Ok(())
    }
}

/// Where it is noted that the forms of what an organisation brought beside another go under other names.
pub(crate) fn apart((item, producer): (&ItemId, OrganisationNumber)) -> String {
    format!("named-apart/{item} {}", producer.0)
}

/// The name of something of one bringer alone, where others have something under the same
/// identifier. Before each had a name of its own, the first had the one without a bringer.
pub(crate) fn own_id<R: Reader + ?Sized>(
    key: &[u8],
    reader: &mut R,
    (item, producer): (&ItemId, OrganisationNumber),
) -> Result<ItemId, StoreError> {
    let plain = keyed(key, item, "");
    let before = reader.releases(&plain)?.iter().any(|it| it.producer == producer);
    Ok(if before { plain } else { keyed(key, item, &format!(" {}", producer.0)) })
}

/// The keyed hash of an identifier, and of what tells it from others of the same.
fn keyed(key: &[u8], item: &ItemId, of: &str) -> ItemId {
    // HMAC takes keys of any length.
    let mut bytes = [0; 16];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(item.as_str().as_bytes());
        mac.update(of.as_bytes());
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    ItemId::of(item.kind(), uuid::Builder::from_random_bytes(bytes).into_uuid())
}
