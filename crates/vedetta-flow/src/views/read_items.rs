//! Reading items: one, a page, or the tail that live doors follow.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vedetta_model::{Actor, Instant, ItemId, OrganisationId, OrganisationNumber, Pap, Tlp};
use vedetta_policy::{Clearance, Cleared, Form, Obligations, Reader, Seal};
use vedetta_store::line::rank;
use vedetta_store::{
    ClearanceId, ItemQuery, ItemState, Sequence, Stamp, StoredItem, VersionFilter,
};

use crate::book::Book;
use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

/// An item that its reader may read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadItem {
    /// Where and when it was released.
    pub stamp: Stamp,
    /// The item.
    pub id: ItemId,
    /// Its version.
    pub version: Instant,
    /// How far it may go.
    pub tlp: Tlp,
    /// What may be done with it: what it says, or less where policies permit less.
    pub pap: Pap,
    /// What policies of the agreements oblige its reader to.
    pub obligations: Option<Arc<Obligations>>,
    /// In which form it is read.
    pub form: Form,
    /// Whether it revokes the item.
    pub state: ItemState,
    /// The object, byte for byte as received (or as derived).
    pub body: Arc<[u8]>,
    /// Who brought it.
    pub producer: OrganisationNumber,
    pub(crate) clearance: ClearanceId,
}

/// What to read of what one may read.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Released after this place.
    pub after: Sequence,
    /// At most so many.
    pub limit: usize,
    /// Which share of it.
    pub share: Share,
    /// Only these items; empty is all.
    pub ids: Vec<ItemId>,
    /// Only these STIX types; empty is all.
    pub kinds: Vec<String>,
    /// Which versions.
    pub versions: VersionFilter,
}

/// Which share of what one may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// All of it.
    Cleared,
    /// What is TLP:CLEAR.
    Public,
    /// What one's own organisation brought.
    Own,
    /// What an organisation brought.
    By(OrganisationNumber),
}

/// One page.
#[derive(Clone, Debug, Default)]
pub struct ReadPage {
    /// The items, in order of release.
    pub items: Vec<ReadItem>,
    /// Where to go on, when there may be more.
    pub next: Option<Sequence>,
}

/// Releases for the doors that follow the ledger.
pub struct Releases {
    /// The releases, in order.
    pub items: Vec<Cleared<ReadItem>>,
    /// The place up to which the ledger was read.
    pub place: Sequence,
    /// The snapshot under which they were cleared.
    pub generation: u64,
}

/// A clearance, what seals under it, and what binds who reads what is cleared so.
type Known<'a> = (Arc<Clearance>, Seal<'a>, Option<Arc<Obligations>>);

/// What seals the items of one reading, by clearance: most of them were cleared alike.
pub(super) struct Seals<'a> {
    book: &'a Book,
    standing: &'a Standing,
    now: Instant,
    known: HashMap<ClearanceId, Known<'a>>,
}

impl House {
    /// The newest version of an item that the actor may read, of one line where several brought it.
    /// Which is shown and no more: what is decided by a line asks [`House::item_of`].
    ///
    /// # Errors
    /// [`FlowError::Unknown`] when there is none, or it is not cleared to the actor: the answer is
    /// the same.
    pub fn item(&self, by: &Actor, id: &ItemId) -> Result<ReadItem, FlowError> {
        self.preferred(id, self.lines(by, id, Share::Cleared)?)
    }

    /// The newest version of an item that the actor may read of what one organisation brought.
    ///
    /// # Errors
    /// As [`House::item`].
    pub fn item_of(
        &self,
        by: &Actor,
        id: &ItemId,
        producer: OrganisationNumber,
    ) -> Result<ReadItem, FlowError> {
        self.preferred(id, self.lines(by, id, Share::By(producer))?)
    }

    /// The same of what the node's own organisation brought.
    ///
    /// # Errors
    /// As [`House::item`].
    pub fn own_item(&self, by: &Actor, id: &ItemId) -> Result<ReadItem, FlowError> {
        let standing = self.standing();
        let own = standing.own.as_ref().and_then(|own| standing.directory.number(own));
        self.item_of(by, id, own.ok_or_else(|| FlowError::unknown("item", id))?)
    }

    /// Of each line of an item the newest version that the actor may read.
    pub(crate) fn lines(
        &self,
        by: &Actor,
        id: &ItemId,
        share: Share,
    ) -> Result<Vec<ReadItem>, FlowError> {
        // Of a value each has one body, and the newest of all would be the last.
        let versions =
            if id.follows_from_value() { VersionFilter::All } else { VersionFilter::Last };
        let ids = vec![id.clone()];
        let mut wish = Wish { ids, share, ..Wish::all(Sequence::START, versions) };
        let mut lines = Vec::new();
        loop {
            let page = self.page(by, &wish)?;
            lines.extend(page.items);
            let Some(next) = page.next else { return Ok(lines) };
            wish.after = next;
        }
    }

    fn preferred(&self, id: &ItemId, lines: Vec<ReadItem>) -> Result<ReadItem, FlowError> {
        let standing = self.standing();
        let best = lines.into_iter().max_by_key(|it| {
            let by = standing.directory.numbered(it.producer).map(|by| &by.id);
            rank((&it.id, by), (it.state, it.version), &it.body)
        });
        best.ok_or_else(|| FlowError::unknown("item", id))
    }

    /// A page of what the actor may read.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn page(&self, by: &Actor, wish: &Wish) -> Result<ReadPage, FlowError> {
        self.page_until(by, wish, None)
    }

    /// The same, of what was released up to a place.
    pub(crate) fn page_until(
        &self,
        by: &Actor,
        wish: &Wish,
        until: Option<Sequence>,
    ) -> Result<ReadPage, FlowError> {
        let reader = self.reader_of(by)?;
        let (items, next) = self.sealed_page(by, wish, until)?;
        let items = items.into_iter().filter_map(|item| item.opened(&reader)).collect();
        Ok(ReadPage { items, next })
    }

    /// The same page still sealed, for the doors that write many items as one file; and where to
    /// go on. Of what is committed but not in effect yet nothing is read: whoever went on after it
    /// would miss what rests on a clearance that is not known here yet.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn cleared_page(
        &self,
        by: &Actor,
        wish: &Wish,
    ) -> Result<(Vec<Cleared<ReadItem>>, Option<Sequence>), FlowError> {
        self.sealed_page(by, wish, None)
    }

    fn sealed_page(
        &self,
        by: &Actor,
        wish: &Wish,
        until: Option<Sequence>,
    ) -> Result<(Vec<Cleared<ReadItem>>, Option<Sequence>), FlowError> {
        // A version that is not in effect yet hides none that is.
        let as_of = wish.ids.is_empty().then(|| self.bell().last());
        let standing = self.standing();
        let reader = self.reader_of(by)?;
        let mut clearances = self.shared.book.entitled(&standing, &reader);
        if wish.share == Share::Public {
            let public = |id: &ClearanceId| {
                self.shared.book.get(*id).is_some_and(|it| it.handling.tlp == Tlp::Clear)
            };
            clearances = Arc::new(clearances.iter().copied().filter(public).collect());
        }
        let without = self.kept_from((&reader, &clearances), &standing, wish)?;
        let query = ItemQuery {
            after: wish.after,
            until,
            as_of,
            without: &without,
            limit: wish.limit,
            clearances: Some(&clearances),
            producer: match wish.share {
                Share::Own => Some(reader.organisation),
                Share::By(producer) => Some(producer),
                Share::Cleared | Share::Public => None,
            },
            ids: &wish.ids,
            kinds: &wish.kinds,
            versions: wish.versions.clone(),
        };
        let page = self.read(|ledger| ledger.items(&query))?;
        let mut seals = Seals::of(self, &standing);
        let items = page.items.into_iter().filter_map(|item| seals.close(item));
        Ok((items.collect(), page.next))
    }

    /// The releases that an order keeps from a reader: they hide none that the reader may read, its own
    /// where several brought it.
    fn kept_from(
        &self,
        (reader, clearances): (&Reader, &[ClearanceId]),
        standing: &Standing,
        wish: &Wish,
    ) -> Result<Vec<Sequence>, FlowError> {
        if wish.versions == VersionFilter::All {
            return Ok(Vec::new());
        }
        let asked = |id: &&ItemId| wish.ids.is_empty() || wish.ids.contains(id);
        let held: Vec<_> = standing.network.held_items().filter(asked).collect();
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let clearances: HashSet<_> = clearances.iter().collect();
        let releases = self.read(|ledger| {
            let mut cleared = Vec::new();
            for id in &held {
                let releases = ledger.releases(id)?.into_iter();
                cleared.extend(releases.filter(|it| clearances.contains(&it.clearance)));
            }
            Ok(cleared)
        })?;
        let mut seals = Seals::of(self, standing);
        let kept = releases.into_iter().filter_map(|release| {
            let place = release.stamp.seq;
            let opens = seals.close(release).is_some_and(|it| it.open(reader).is_some());
            (!opens).then_some(place)
        });
        Ok(kept.collect())
    }

    /// Releases after a place, for the doors that follow the ledger: each opens only to those
    /// entitled now.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn releases(&self, after: Sequence, limit: usize) -> Result<Releases, FlowError> {
        let in_effect = self.bell().last();
        let standing = self.standing();
        let query = ItemQuery { until: Some(in_effect), ..ItemQuery::all(after, limit) };
        let page = self.read(|ledger| ledger.items(&query))?;
        let place = page.next.unwrap_or(in_effect).max(after);
        let mut seals = Seals::of(self, &standing);
        let items = page.items.into_iter().filter_map(|item| seals.close(item)).collect();
        Ok(Releases { items, place, generation: standing.generation })
    }

    /// The last place released at or before a moment.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn place_at(&self, moment: Instant) -> Result<Sequence, FlowError> {
        Ok(self.read(|ledger| ledger.place_at(moment))?)
    }

    /// Who reads when an actor asks, for the doors that stay open.
    ///
    /// # Errors
    /// The actor's organisation is no longer in the directory.
    pub fn reader_of(&self, by: &Actor) -> Result<Reader, FlowError> {
        let organisation = self.number_of(&by.organisation)?;
        let person = by.as_person().map(|it| it.account);
        Ok(Reader { organisation, person })
    }

    /// The clearances under which an actor may read now, by number.
    ///
    /// # Errors
    /// The actor's organisation is no longer in the directory.
    pub fn entitled(&self, by: &Actor) -> Result<Arc<Vec<ClearanceId>>, FlowError> {
        Ok(self.shared.book.entitled(&self.standing(), &self.reader_of(by)?))
    }

    /// In which form items go out under a clearance.
    #[must_use]
    pub fn form_of(&self, clearance: ClearanceId) -> Option<Form> {
        self.shared.book.get(clearance).map(|clearance| clearance.form)
    }

    /// The number of an organisation of the directory.
    ///
    /// # Errors
    /// [`FlowError::Unknown`].
    pub fn number_of(&self, id: &OrganisationId) -> Result<OrganisationNumber, FlowError> {
        self.ready()?;
        let number = self.standing().directory.number(id);
        number.ok_or_else(|| FlowError::unknown("organisation", id))
    }
}

impl<'a> Seals<'a> {
    pub(super) fn of(house: &'a House, standing: &'a Standing) -> Self {
        Self { book: &house.shared.book, standing, now: house.now(), known: HashMap::new() }
    }

    pub(super) fn close(&mut self, item: StoredItem) -> Option<Cleared<ReadItem>> {
        let (clearance, seal, obligations) = match self.known.entry(item.clearance) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let clearance = self.book.get(item.clearance)?;
                let seal = self.standing.network.seal(&clearance);
                let obligations = self.standing.obligations(&clearance, self.now);
                place.insert((clearance, seal, obligations.map(Arc::new)))
            }
        };
        let derived_from = match clearance.form {
            Form::Full => None,
            Form::Redacted => Some(derived_from(&item.facts)?),
        };
        let read = ReadItem {
            stamp: item.stamp,
            id: item.id,
            version: item.version,
            tlp: clearance.handling.tlp,
            pap: obligations.as_ref().map_or(Pap::Clear, |it| it.pap()).max(clearance.handling.pap),
            obligations: obligations.clone(),
            form: clearance.form,
            state: item.state,
            body: item.body,
            producer: item.producer,
            clearance: item.clearance,
        };
        let id = derived_from.unwrap_or_else(|| read.id.clone());
        Some(seal.close(&id, read))
    }
}

impl Standing {
    /// What binds whoever reads what is cleared so: what the agreements say under which it goes to
    /// anyone today, or came here.
    fn obligations(&self, clearance: &Clearance, now: Instant) -> Option<Obligations> {
        if !self.network.has_policies() {
            return None;
        }
        let under = self.network.decision_unheld(&clearance.handling).under.clone();
        let via = clearance.handling.via.iter().flat_map(|given| &given.on);
        let all = self.network.obligations(under.iter().chain(via), now)?;
        Some(if clearance.form == Form::Full { all } else { all.without_names() })
    }
}

/// The item that a derived one was derived from: holds name that one.
#[must_use]
pub fn derived_from(facts: &str) -> Option<ItemId> {
    #[derive(serde::Deserialize)]
    struct Facts {
        derived_from: ItemId,
    }
    serde_json::from_str::<Facts>(facts).ok().map(|facts| facts.derived_from)
}

impl Wish {
    /// Everything that one may read after a place, a thousand at a time.
    #[must_use]
    pub fn all(after: Sequence, versions: VersionFilter) -> Self {
        let (ids, kinds) = (Vec::new(), Vec::new());
        Self { after, limit: 1000, share: Share::Cleared, ids, kinds, versions }
    }
}
