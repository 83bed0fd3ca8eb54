//! Derived items: the same information without its victim, under a name that only this node can
//! compute.

use std::cell::RefCell;
use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use vedetta_model::{Handling, ItemId, OrganisationId};
use vedetta_policy::{Redaction, Reference, Victim, redact};
use vedetta_store::UnitOfWork;

use crate::book::Book;
use crate::house::House;
use crate::standing::Standing;

/// Makes derived items.
#[derive(Clone)]
pub(crate) struct Redactor {
    key: Vec<u8>,
}

/// Whether an item tells a victim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tells {
    /// It does not.
    Nobody,
    /// It does.
    Victim,
}

/// What items tell victims: those of a load, and of the ledger as far as it was asked.
pub(crate) struct Tellers<'a> {
    book: &'a Book,
    here: HashMap<&'a ItemId, Tells>,
    asked: HashMap<ItemId, Option<Tells>>,
}

/// A derived item.
pub(crate) struct Derived {
    pub(crate) id: ItemId,
    pub(crate) body: Vec<u8>,
}

impl House {
    /// The identifier of the derived form of an item.
    pub(crate) fn derived_id(&self, item: &ItemId) -> ItemId {
        derived_id(&self.redaction_key, item)
    }
}

impl Redactor {
    pub(crate) fn of(house: &House) -> Self {
        Self { key: house.redaction_key.clone() }
    }

    /// Makes the derived form of an item, or says why there can be none.
    pub(crate) fn derive(
        &self,
        standing: &Standing,
        handling: &Handling,
        (item, body): (&ItemId, &[u8]),
        asking: (&mut dyn UnitOfWork, &mut Tellers<'_>),
    ) -> Result<Derived, String> {
        if item.kind() == "identity" {
            return Err("an identity without its name says nothing".into());
        }
        let id = self.derived_id(item);
        let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let facts = handling.victims.iter().map(|victim| facts_of(standing, victim));
        let victims: Option<Vec<Victim>> = facts.collect();
        let victims = victims.ok_or("a victim has left the network: what tells it is not known")?;
        let asking = RefCell::new(asking);
        let told = |id: &ItemId| {
            let (unit, tellers) = &mut *asking.borrow_mut();
            tellers.told(*unit, id)
        };
        let references = |text: &str| self.reference(text, &told);
        let redaction =
            Redaction { victims: &victims, id: &id, publisher: None, references: &references };
        let value = redact(&value, &redaction).map_err(|withheld| withheld.to_string())?;
        Ok(Derived { id, body: value.to_string().into_bytes() })
    }

    /// Markings stay; what tells no victim stays; what tells one is replaced by its derived form;
    /// what is unknown goes.
    fn reference(&self, text: &str, told: &dyn Fn(&ItemId) -> Option<Tells>) -> Reference {
        let Ok(id) = ItemId::new(text) else { return Reference::Drop };
        if matches!(id.kind(), "marking-definition" | "extension-definition") {
            return Reference::Keep;
        }
        match told(&id) {
            Some(Tells::Nobody) => Reference::Keep,
            Some(Tells::Victim) => Reference::Replace(self.derived_id(&id)),
            None => Reference::Drop,
        }
    }

    pub(crate) fn derived_id(&self, item: &ItemId) -> ItemId {
        derived_id(&self.key, item)
    }
}

impl<'a> Tellers<'a> {
    /// Those of a load, each with its handling, beside the ledger's.
    pub(crate) fn of(
        book: &'a Book,
        load: impl Iterator<Item = (&'a ItemId, &'a Handling)>,
    ) -> Self {
        let mut here = HashMap::new();
        for (id, handling) in load {
            let tells = here.entry(id).or_insert(Tells::Nobody);
            if !handling.victims.is_empty() {
                *tells = Tells::Victim;
            }
        }
        Self { book, here, asked: HashMap::new() }
    }

    /// Whether an item of this load or of the ledger tells a victim, where that is known.
    fn told(&mut self, unit: &mut dyn UnitOfWork, id: &ItemId) -> Option<Tells> {
        if let Some(tells) = self.here.get(id) {
            return Some(*tells);
        }
        if let Some(tells) = self.asked.get(id) {
            return *tells;
        }
        let releases = unit.releases(id).unwrap_or_default();
        let clearances = releases.iter().filter_map(|it| self.book.get(it.clearance));
        let tells = clearances.map(|it| match it.handling.victims.is_empty() {
            true => Tells::Nobody,
            false => Tells::Victim,
        });
        let tells = tells.reduce(|one, other| if one == Tells::Nobody { other } else { one });
        self.asked.insert(id.clone(), tells);
        tells
    }
}

/// What is known of a victim, all of which a derived item must not tell.
pub(crate) fn facts_of(standing: &Standing, victim: &OrganisationId) -> Option<Victim> {
    let directory = &standing.directory;
    let organisation = directory.organisation(victim)?;
    let assets = directory.assets_of(victim).iter().map(AsRef::as_ref);
    let contacts = directory.contacts_of(victim).iter().map(AsRef::as_ref);
    Some(Victim::of(organisation, assets, contacts))
}

fn derived_id(key: &[u8], item: &ItemId) -> ItemId {
    // HMAC takes keys of any length.
    let mut bytes = [0; 16];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(item.as_str().as_bytes());
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    ItemId::of(item.kind(), uuid::Builder::from_random_bytes(bytes).into_uuid())
}
