//! Derived items: the same information without its victim, under a name that only this node can
//! compute.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use vedetta_model::{Handling, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::{Form, OMITTED, Redaction, Reference, Secrets, Victim, redact};
use vedetta_store::{ClearanceId, ItemQuery, Reader, Sequence, StoreError, StoredItem};

use crate::book::Book;
use crate::house::{House, Shared};
use crate::mesh::Provenance;
use crate::pseudonyms::Whole;
use crate::standing::Standing;
use crate::views::read_items::derived_from;

/// Makes derived items.
#[derive(Clone)]
pub struct Redactor {
    pub(crate) key: Vec<u8>,
    /// Whose node this is.
    own: Option<OrganisationId>,
}

/// Whether an item tells a victim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Tells {
    /// It does not.
    Nobody,
    /// It does.
    Victim,
}

/// What items tell victims: those of a load, and of the ledger as far as it was asked. It is asked
/// anew for each, so that nobody waits for a reading while what was read is looked through. What its
/// bringer neither brought nor may read is unknown: else one would learn from a form that it is there.
pub(crate) struct Tellers<'a> {
    shared: &'a Shared,
    here: HashMap<&'a ItemId, Here<'a>>,
    /// By bringer, what of the ledger it knows of.
    asked: HashMap<(ItemId, OrganisationNumber), Option<Tells>>,
    readable: Readable,
    /// References that may still be followed.
    references: usize,
    /// By victims, what must not be told of them, unless it is not known.
    secrets: HashMap<BTreeSet<OrganisationId>, Option<Rc<Secrets>>>,
    /// Whether what an item says tells such victims.
    telling: HashMap<(ItemId, BTreeSet<OrganisationId>), bool>,
    /// Octets that may still be looked through.
    room: usize,
}

/// What bringers may read, asked once for each: of what stands no longer nothing is remembered.
#[derive(Default)]
pub(crate) struct Readable(HashMap<OrganisationNumber, Arc<Vec<ClearanceId>>>);

/// An item of the load.
struct Here<'a> {
    tells: Tells,
    bodies: Vec<&'a [u8]>,
}

/// A search for what tells some victims.
struct Scan<'a> {
    secrets: &'a Secrets,
    /// Octets that may still be looked through.
    room: usize,
}

/// A derived item.
pub(crate) struct Derived {
    pub(crate) of: Whole,
    /// Its name, as it was when it was made.
    pub(crate) id: ItemId,
    pub(crate) body: Vec<u8>,
    /// The items of the ledger that it rests on.
    pub(crate) leant: Vec<ItemId>,
}

/// Why there is no derived item.
pub(crate) struct NoForm {
    pub(crate) reason: String,
    /// What it refers to and nobody has brought yet, where that alone stands in the way.
    pub(crate) awaited: Vec<ItemId>,
}

/// What becomes of the references of one item.
struct References<'a, 'b> {
    tellers: &'a mut Tellers<'b>,
    standing: &'a Standing,
    redactor: &'a Redactor,
    producer: OrganisationNumber,
    /// The victims, and what must not be told of them.
    victims: (&'a BTreeSet<OrganisationId>, &'a Secrets),
    /// The items of the ledger that they lead to.
    leant: Vec<ItemId>,
    /// What they lead to and is not here.
    unknown: BTreeSet<ItemId>,
    /// What the ledger said.
    asked: Result<(), StoreError>,
}

/// What is known of so many different victims, or of so many items, is remembered at once.
const REMEMBERED: (usize, usize) = (16, 10_000);
/// An item with more versions, or more octets in them, is not looked through: it may tell anything.
const VERSIONS: usize = 200;
const OCTETS: usize = 2 << 20;
/// Octets that are looked through for one load, or one thousand items of it; then any more may tell
/// anything.
const ROOM: usize = 8 << 20;
/// References that are followed for one load, or one thousand items of it: any more lead nowhere.
const REFERENCES: usize = 50_000;
/// What refers to more that is not here waits for none of it.
const AWAITED: usize = 16;
/// Versions that are held at once.
const PAGE: usize = 10;

impl House {
    /// [`Redactor::forms_here`].
    pub(crate) fn forms_here<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        full: &StoredItem,
    ) -> Result<Vec<StoredItem>, StoreError> {
        Redactor::of(self).forms_here(reader, full)
    }
}

impl Redactor {
    /// The releases of what the origin of an item names as its form without the victim, and brought as
    /// such itself: it could name anything that somebody else has.
    fn forms_named<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        full: &StoredItem,
        names: &[ItemId],
    ) -> Result<Vec<StoredItem>, StoreError> {
        let brought = Provenance::of(full).map(|it| it.envelope);
        let mut forms = Vec::new();
        for name in names {
            forms.append(&mut reader.releases(name)?);
        }
        forms.retain(|form| match (&brought, Provenance::of(form)) {
            (Some(full), Some(form)) => {
                form.envelope.origin == full.origin && form.envelope.form == Form::Redacted
            }
            (None, None) => form.producer == full.producer && is_derived(form, full),
            // It came back after the ledger was restored.
            (None, Some(form)) => {
                self.own.as_ref() == Some(&form.envelope.origin)
                    && form.envelope.form == Form::Redacted
            }
            (Some(_), None) => false,
        });
        Ok(forms)
    }

    /// Those of all versions of the items of some releases. What many versions name is read once, not for
    /// each.
    pub(crate) fn forms_named_by<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        releases: &[StoredItem],
    ) -> Result<Vec<StoredItem>, StoreError> {
        let (mut asked, mut forms) = (BTreeSet::new(), Vec::new());
        for full in releases {
            let brought = Provenance::of(full).map(|it| (it.envelope.origin, it.envelope.derived));
            if asked.insert((full.producer, brought.clone())) {
                let names = match brought {
                    Some((_, named)) => named.into_iter().collect(),
                    None => self.names(reader, (&full.id, full.producer))?,
                };
                forms.append(&mut self.forms_named(reader, full, &names)?);
            }
        }
        Ok(forms)
    }

    /// Those of one version that go out as its form: what came before the full form is an item by itself.
    pub(crate) fn forms_here<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        full: &StoredItem,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let names = match Provenance::of(full) {
            Some(it) => it.envelope.derived.into_iter().collect(),
            None => vec![self.derived_id(reader, full)?],
        };
        let mut forms = self.forms_named(reader, full, &names)?;
        forms.retain(|form| is_derived(form, full));
        Ok(forms)
    }

    /// Of a house, under its key.
    #[must_use]
    pub fn of(house: &House) -> Self {
        Self { key: house.redaction_key.clone(), own: house.standing().own.clone() }
    }

    /// Makes the derived form of an item, or says why there can be none. It takes as long as there is
    /// to look through: never call it from within a reading or a unit of work.
    pub(crate) fn derive(
        &self,
        (standing, handling): (&Standing, &Handling),
        (of, body): (Whole, &[u8]),
        tellers: &mut Tellers<'_>,
    ) -> Result<Result<Derived, NoForm>, StoreError> {
        let never = |reason: String| Ok(Err(NoForm { reason, awaited: Vec::new() }));
        if of.id.kind() == "identity" {
            return never("an identity without its name says nothing".into());
        }
        let (producer, id) = (of.producer, tellers.shared.read(|reader| self.name(reader, &of))?);
        let value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return never(error.to_string()),
        };
        let Some(secrets) = tellers.secrets(standing, &handling.victims) else {
            return never("a victim has left the network: what tells it is not known".into());
        };
        let (victims, unknown) = ((&handling.victims, &*secrets), BTreeSet::new());
        let (leant, asked) = (Vec::new(), Ok(()));
        let all = References {
            tellers,
            standing,
            redactor: self,
            producer,
            victims,
            leant,
            unknown,
            asked,
        };
        let all = RefCell::new(all);
        let redacted = |references: &dyn Fn(&str) -> Reference| {
            let id = &id;
            redact(&value, &Redaction { secrets: &secrets, id, publisher: None, references })
        };
        let made = redacted(&|text: &str| all.borrow_mut().follow(text));
        let missing = all.borrow().unknown.len();
        // As if all that is not here were, and told nothing.
        let waits = made.is_err()
            && (1..=AWAITED).contains(&missing)
            && redacted(&|text: &str| all.borrow_mut().follow_on(text)).is_ok();
        let References { leant, unknown, asked, .. } = all.into_inner();
        asked?;
        if waits && unknown.len() <= AWAITED {
            let reason = "what it refers to is not here yet".into();
            return Ok(Err(NoForm { reason, awaited: unknown.into_iter().collect() }));
        }
        match made {
            Ok(value) => {
                let body = named_by_value(value, &secrets).to_string().into_bytes();
                Ok(Ok(Derived { of, id, body, leant }))
            }
            Err(withheld) => never(withheld.to_string()),
        }
    }
}

impl References<'_, '_> {
    fn follow(&mut self, text: &str) -> Reference {
        let Ok(id) = ItemId::new(text) else { return Reference::Drop };
        if matches!(id.kind(), "marking-definition" | "extension-definition") {
            return Reference::Keep;
        }
        let told = self.tellers.told((self.standing, self.producer), &id, self.victims);
        self.leant.extend(self.tellers.was_asked(&id, self.producer).then(|| id.clone()));
        let becomes = match told {
            Ok(Some(Tells::Nobody)) => Ok(Reference::Keep),
            Ok(Some(Tells::Victim)) => {
                let of = (&id, self.producer);
                let named =
                    self.tellers.shared.read(|reader| self.redactor.present_name(reader, of));
                named.map(Reference::Replace)
            }
            Ok(None) => {
                self.unknown.extend(self.tellers.is_unknown(&id, self.producer).then_some(id));
                Ok(Reference::Drop)
            }
            Err(error) => Err(error),
        };
        becomes.unwrap_or_else(|error| {
            self.asked = Err(error);
            Reference::Drop
        })
    }

    /// The same, as if what is not here were.
    fn follow_on(&mut self, text: &str) -> Reference {
        let becomes = self.follow(text);
        let unknown = || ItemId::new(text).is_ok_and(|id| self.unknown.contains(&id));
        if becomes == Reference::Drop && unknown() { Reference::Keep } else { becomes }
    }
}

impl<'a> Tellers<'a> {
    /// Those of a load, each with its handling and body, beside the ledger's.
    pub(crate) fn of(
        shared: &'a Shared,
        load: impl Iterator<Item = (&'a ItemId, &'a Handling, &'a [u8])>,
    ) -> Self {
        let mut here = HashMap::new();
        for (id, handling, body) in load {
            let there = here.entry(id);
            let there = there.or_insert(Here { tells: Tells::Nobody, bodies: Vec::new() });
            there.tells = there.tells.max(tells(handling));
            there.bodies.push(body);
        }
        let (asked, secrets, telling) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (readable, references) = (Readable::default(), REFERENCES);
        Self { shared, here, asked, readable, references, secrets, telling, room: ROOM }
    }

    /// Whether an item of this load or of the ledger tells a victim, where its bringer knows of it. One
    /// that tells nobody's misfortune, and these victims by what it says, counts as unknown: it has no
    /// derived form, and it leads to them.
    fn told(
        &mut self,
        asks: (&Standing, OrganisationNumber),
        id: &ItemId,
        (victims, secrets): (&BTreeSet<OrganisationId>, &Secrets),
    ) -> Result<Option<Tells>, StoreError> {
        let Some(left) = self.references.checked_sub(1) else { return Ok(None) };
        self.references = left;
        let there = self.there(asks, id)?;
        let tells = there.max(self.here.get(id).map(|it| it.tells));
        if tells != Some(Tells::Nobody) {
            return Ok(tells);
        }
        let key = (id.clone(), victims.clone());
        if let Some(telling) = self.telling.get(&key) {
            return Ok(tells.filter(|_| !telling));
        }
        let mut scan = Scan { secrets, room: self.room.min(OCTETS) };
        let room = scan.room;
        let telling = self.leads_to(id, &mut scan)?;
        self.room -= room - scan.room;
        if self.telling.len() >= REMEMBERED.1 {
            self.telling.clear();
        }
        self.telling.insert(key, telling);
        Ok(tells.filter(|_| !telling))
    }

    /// The same of the ledger alone, for any victim.
    fn there(
        &mut self,
        (standing, producer): (&Standing, OrganisationNumber),
        id: &ItemId,
    ) -> Result<Option<Tells>, StoreError> {
        let key = (id.clone(), producer);
        if let Some(asked) = self.asked.get(&key) {
            return Ok(*asked);
        }
        let readable = self.readable.of(&self.shared.book, standing, producer);
        let there = known_to(self.shared, (producer, readable), id)?;
        self.asked.insert(key, there);
        Ok(there)
    }

    /// Whether anything that is served under an identifier tells, or more than is looked through.
    fn leads_to(&self, id: &ItemId, scan: &mut Scan<'_>) -> Result<bool, StoreError> {
        let mut here = self.here.get(id).into_iter().flat_map(|here| &here.bodies);
        if here.any(|body| scan.finds(body)) {
            return Ok(true);
        }
        let (mut after, mut seen) = (Some(Sequence::START), 0);
        while let Some(place) = after {
            let page = self.shared.read(|reader| reader.items(&ItemQuery::of(id, place, PAGE)))?;
            seen += page.items.len();
            if seen > VERSIONS || page.items.iter().any(|item| scan.finds(&item.body)) {
                return Ok(true);
            }
            after = page.next;
        }
        Ok(false)
    }

    /// Whether an item of the ledger was asked for that is not of this load.
    fn was_asked(&self, id: &ItemId, producer: OrganisationNumber) -> bool {
        self.asked.contains_key(&(id.clone(), producer)) && !self.here.contains_key(id)
    }

    /// Whether an item that was asked for is nowhere, as far as its bringer knows.
    fn is_unknown(&self, id: &ItemId, producer: OrganisationNumber) -> bool {
        let asked = self.asked.get(&(id.clone(), producer));
        matches!(asked, Some(None)) && !self.here.contains_key(id)
    }

    /// What must not be told of some victims.
    fn secrets(
        &mut self,
        standing: &Standing,
        victims: &BTreeSet<OrganisationId>,
    ) -> Option<Rc<Secrets>> {
        if let Some(secrets) = self.secrets.get(victims) {
            return secrets.clone();
        }
        let facts = victims.iter().map(|victim| facts_of(standing, victim));
        let facts: Option<Vec<Victim>> = facts.collect();
        let secrets = facts.map(|facts| Rc::new(Secrets::of(&facts)));
        if self.secrets.len() >= REMEMBERED.0 {
            self.secrets.clear();
        }
        self.secrets.insert(victims.clone(), secrets.clone());
        secrets
    }
}

impl Readable {
    pub(crate) fn of(
        &mut self,
        book: &Book,
        standing: &Standing,
        organisation: OrganisationNumber,
    ) -> &Arc<Vec<ClearanceId>> {
        let reader = vedetta_policy::Reader { organisation, person: None };
        self.0.entry(organisation).or_insert_with(|| book.entitled(standing, &reader))
    }
}

impl Scan<'_> {
    /// Whether a body tells the victims, or may: what there is no room for is not looked through.
    fn finds(&mut self, body: &[u8]) -> bool {
        let Some(room) = self.room.checked_sub(body.len()) else { return true };
        self.room = room;
        serde_json::from_slice::<Value>(body).map_or(true, |it| self.secrets.are_told_by(&it))
    }
}

/// Whether what a bringer knows of an item of the ledger tells a victim.
pub(crate) fn known_to(
    shared: &Shared,
    (producer, readable): (OrganisationNumber, &[ClearanceId]),
    id: &ItemId,
) -> Result<Option<Tells>, StoreError> {
    let releases = shared.read(|reader| reader.releases(id))?;
    let known = releases
        .iter()
        .filter(|it| it.producer == producer || readable.binary_search(&it.clearance).is_ok());
    let clearances = known.filter_map(|it| shared.book.get(it.clearance));
    Ok(clearances.map(|it| tells(&it.handling)).max())
}

fn is_derived(form: &StoredItem, full: &StoredItem) -> bool {
    derived_from(&form.facts).as_ref() == Some(&full.id)
}

fn tells(handling: &Handling) -> Tells {
    if handling.victims.is_empty() { Tells::Nobody } else { Tells::Victim }
}

/// What is known of a victim, all of which a derived item must not tell.
pub fn facts_of(standing: &Standing, victim: &OrganisationId) -> Option<Victim> {
    let directory = &standing.directory;
    let organisation = directory.organisation(victim)?;
    let assets = directory.assets_of(victim).iter().map(AsRef::as_ref);
    let contacts = directory.contacts_of(victim).iter().map(AsRef::as_ref);
    Some(Victim::of(organisation, assets, contacts))
}

/// An indicator whose name is taken out is called by what it looks for, where that tells nobody.
fn named_by_value(mut derived: Value, secrets: &Secrets) -> Value {
    let omitted = derived["type"] == "indicator" && derived["name"] == OMITTED;
    let text = omitted.then(|| derived.to_string());
    let object = text.as_deref().and_then(stix::Object::restore);
    let first = object.and_then(|it| vedetta_indicator::read(&it).alone.into_iter().next());
    let Some(first) = first else { return derived };
    let omitted = derived["name"].take();
    derived["name"] = first.to_string().into();
    if secrets.are_told_by(&derived) {
        derived["name"] = omitted;
    }
    derived
}

#[cfg(test)]
mod tests {
    use vedetta_model::Instant;

    use super::*;

    #[test]
    fn what_a_bringer_may_read_is_asked_once_also_of_what_stands_no_longer() {
        let (book, mut readable) = (Book::default(), Readable::default());
        let standing = Standing::nobody(1, Instant::default());
        let mut ask = |who| Arc::clone(readable.of(&book, &standing, OrganisationNumber(who)));
        let (first, other, again) = (ask(1), ask(2), ask(1));
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
    }
}
