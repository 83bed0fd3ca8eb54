//! Derived items: the same information without its victim, under a name that only this node can
//! compute.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use vedetta_model::{Handling, Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::{Redaction, Reference, Secrets, Victim, redact};
use vedetta_store::{ItemQuery, Reader, Sequence, StoreError, line};

use crate::book::Book;
use crate::house::House;
use crate::standing::Standing;

/// Makes derived items.
#[derive(Clone)]
pub(crate) struct Redactor {
    key: Vec<u8>,
}

/// Whether an item tells a victim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Tells {
    /// It does not.
    Nobody,
    /// It does.
    Victim,
}

/// What items tell victims: those of a load, and of the ledger as far as it was asked.
pub(crate) struct Tellers<'a> {
    book: &'a Book,
    here: HashMap<&'a ItemId, Here<'a>>,
    asked: HashMap<ItemId, Asked>,
    /// By victims, what must not be told of them, unless it is not known.
    secrets: HashMap<BTreeSet<OrganisationId>, Option<Rc<Secrets>>>,
    /// Whether what an item says tells such victims.
    telling: HashMap<(ItemId, BTreeSet<OrganisationId>), bool>,
}

/// An item of the load.
struct Here<'a> {
    tells: Tells,
    bodies: Vec<&'a [u8]>,
}

/// An item of the ledger.
#[derive(Clone, Copy)]
struct Asked {
    tells: Option<Tells>,
    releases: usize,
}

/// A derived item.
pub(crate) struct Derived {
    pub(crate) id: ItemId,
    pub(crate) body: Vec<u8>,
    /// The items of the ledger that it rests on, with how many releases each had.
    leant: Vec<(ItemId, usize)>,
}

/// What is known of so many different victims, or of so many items, is remembered at once.
const REMEMBERED: (usize, usize) = (16, 10_000);
/// An item with more versions is not looked through: it may tell anything.
const VERSIONS: usize = 200;

impl House {
    /// The identifier of the derived form of what an organisation brought as an item.
    pub(crate) fn derived_id<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        item: (&ItemId, OrganisationNumber),
    ) -> Result<ItemId, StoreError> {
        named(&self.redaction_key, reader, item)
    }
}

impl Redactor {
    pub(crate) fn of(house: &House) -> Self {
        Self { key: house.redaction_key.clone() }
    }

    /// Makes the derived form of an item, or says why there can be none.
    pub(crate) fn derive(
        &self,
        (standing, handling): (&Standing, &Handling),
        (item, producer, body): (&ItemId, OrganisationNumber, &[u8]),
        (reader, tellers): (&mut dyn Reader, &mut Tellers<'_>),
    ) -> Result<Derived, String> {
        if item.kind() == "identity" {
            return Err("an identity without its name says nothing".into());
        }
        let told = |error: StoreError| error.to_string();
        let id = self.derived_id(reader, (item, producer)).map_err(told)?;
        let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let secrets = tellers.secrets(standing, &handling.victims);
        let secrets = secrets.ok_or("a victim has left the network: what tells it is not known")?;
        let asking = RefCell::new((reader, tellers, Vec::new()));
        let references = |text: &str| {
            let (reader, tellers, leant) = &mut *asking.borrow_mut();
            let Ok(id) = ItemId::new(text) else { return Reference::Drop };
            if matches!(id.kind(), "marking-definition" | "extension-definition") {
                return Reference::Keep;
            }
            let told = tellers.told(*reader, &id, (&handling.victims, &secrets));
            leant.extend(tellers.asked(&id).map(|releases| (id.clone(), releases)));
            match told {
                Ok(Some(Tells::Nobody)) => Reference::Keep,
                Ok(Some(Tells::Victim)) => {
                    let id = self.derived_id(*reader, (&id, producer));
                    id.map_or(Reference::Drop, Reference::Replace)
                }
                Ok(None) | Err(_) => Reference::Drop,
            }
        };
        let redaction =
            Redaction { secrets: &secrets, id: &id, publisher: None, references: &references };
        let value = redact(&value, &redaction).map_err(|withheld| withheld.to_string())?;
        let (_, _, leant) = asking.into_inner();
        Ok(Derived { id, body: value.to_string().into_bytes(), leant })
    }

    pub(crate) fn derived_id<R: Reader + ?Sized>(
        &self,
        reader: &mut R,
        item: (&ItemId, OrganisationNumber),
    ) -> Result<ItemId, StoreError> {
        named(&self.key, reader, item)
    }
}

impl Derived {
    /// Whether it would be derived so again: nothing has come since of what it refers to.
    pub(crate) fn holds(&self, reader: &mut dyn Reader) -> Result<bool, StoreError> {
        for (id, releases) in &self.leant {
            if reader.releases(id)?.len() != *releases {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'a> Tellers<'a> {
    /// Those of a load, each with its handling and body, beside the ledger's.
    pub(crate) fn of(
        book: &'a Book,
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
        Self { book, here, asked, secrets, telling }
    }

    /// Whether an item of this load or of the ledger tells a victim, where that is known. One that
    /// tells nobody's misfortune, and these victims by what it says, counts as unknown: it has no
    /// derived form, and it leads to them.
    fn told(
        &mut self,
        reader: &mut dyn Reader,
        id: &ItemId,
        (victims, secrets): (&BTreeSet<OrganisationId>, &Secrets),
    ) -> Result<Option<Tells>, StoreError> {
        let there = match self.asked.get(id) {
            Some(asked) => *asked,
            None => {
                let releases = reader.releases(id)?;
                let clearances = releases.iter().filter_map(|it| self.book.get(it.clearance));
                let tells = clearances.map(|it| tells(&it.handling)).max();
                let asked = Asked { tells, releases: releases.len() };
                self.asked.insert(id.clone(), asked);
                asked
            }
        };
        let tells = there.tells.max(self.here.get(id).map(|it| it.tells));
        if tells != Some(Tells::Nobody) {
            return Ok(tells);
        }
        let key = (id.clone(), victims.clone());
        if let Some(telling) = self.telling.get(&key) {
            return Ok(tells.filter(|_| !telling));
        }
        let telling = self.leads_to(reader, id, secrets)?;
        if self.telling.len() >= REMEMBERED.1 {
            self.telling.clear();
        }
        self.telling.insert(key, telling);
        Ok(tells.filter(|_| !telling))
    }

    /// Whether anything that is served under an identifier tells these victims.
    fn leads_to(
        &self,
        reader: &mut dyn Reader,
        id: &ItemId,
        secrets: &Secrets,
    ) -> Result<bool, StoreError> {
        let tells = |body: &[u8]| {
            serde_json::from_slice::<Value>(body).map_or(true, |value| secrets.are_told_by(&value))
        };
        if self.here.get(id).is_some_and(|here| here.bodies.iter().any(|body| tells(body))) {
            return Ok(true);
        }
        let (mut after, mut seen) = (Some(Sequence::START), 0);
        while let Some(place) = after {
            let page = reader.items(&ItemQuery::of(id, place, VERSIONS))?;
            seen += page.items.len();
            if seen > VERSIONS || page.items.iter().any(|item| tells(&item.body)) {
                return Ok(true);
            }
            after = page.next;
        }
        Ok(false)
    }

    /// How many releases an item of the ledger has, when it was asked and is not of this load.
    fn asked(&self, id: &ItemId) -> Option<usize> {
        let asked = self.asked.get(id).filter(|_| !self.here.contains_key(id));
        asked.map(|asked| asked.releases)
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

fn tells(handling: &Handling) -> Tells {
    if handling.victims.is_empty() { Tells::Nobody } else { Tells::Victim }
}

/// What is known of a victim, all of which a derived item must not tell.
pub(crate) fn facts_of(standing: &Standing, victim: &OrganisationId) -> Option<Victim> {
    let directory = &standing.directory;
    let organisation = directory.organisation(victim)?;
    let assets = directory.assets_of(victim).iter().map(AsRef::as_ref);
    let contacts = directory.contacts_of(victim).iter().map(AsRef::as_ref);
    Some(Victim::of(organisation, assets, contacts))
}

/// The version of the derived form of an item: that of the item, unless each bringer's is a version
/// of its own, which the derived form, being one bringer's, has not.
pub(crate) fn derived_version(item: &ItemId, version: Instant) -> Instant {
    if item.follows_from_value() { Instant::default() } else { version }
}

fn named<R: Reader + ?Sized>(
    key: &[u8],
    reader: &mut R,
    (item, producer): (&ItemId, OrganisationNumber),
) -> Result<ItemId, StoreError> {
    match line(item, producer) {
        None => Ok(derived_id(key, item, None)),
        Some(own) => own_id(key, reader, (item, own)),
    }
}

/// The name of something of one bringer alone, where others have something under the same
/// identifier. Before each had a name of its own, the first had the one without a bringer.
pub(crate) fn own_id<R: Reader + ?Sized>(
    key: &[u8],
    reader: &mut R,
    (item, producer): (&ItemId, OrganisationNumber),
) -> Result<ItemId, StoreError> {
    let plain = derived_id(key, item, None);
    let before = reader.releases(&plain)?.iter().any(|it| it.producer == producer);
    Ok(if before { plain } else { derived_id(key, item, Some(producer)) })
}

/// The keyed hash of an identifier, as it is or for one organisation alone.
fn derived_id(key: &[u8], item: &ItemId, of: Option<OrganisationNumber>) -> ItemId {
    // HMAC takes keys of any length.
    let mut bytes = [0; 16];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(item.as_str().as_bytes());
        if let Some(of) = of {
            mac.update(format!(" {}", of.0).as_bytes());
        }
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    ItemId::of(item.kind(), uuid::Builder::from_random_bytes(bytes).into_uuid())
}
