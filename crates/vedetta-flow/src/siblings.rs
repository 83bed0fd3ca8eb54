//! Whose misfortune the objects of one load tell together: a relationship to the victim, a note on
//! the incident, and the victim's address tell what the incident tells.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;
use vedetta_intake::Brought;
use vedetta_model::{Actor, Handling, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::{Form, Lookout, Sibling, pass_on, references};
use vedetta_store::{ClearanceId, ItemQuery, Sequence, StoreError, VersionFilter};

use crate::error::FlowError;
use crate::house::House;
use crate::redaction::facts_of;
use crate::standing::Standing;

/// Victims by item.
type Told = HashMap<ItemId, BTreeSet<OrganisationId>>;

/// What may be said of whom items tell, before they are written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disclosure {
    /// Whomever they tell.
    Whole,
    /// Of others than the bringer only what was stated: whose an address or a mailbox is would be
    /// asked in bulk, and leave no entry. Each item then counts as telling all that the load states.
    Stated,
}

/// Items asked of the ledger at once.
const ASKED: usize = 500;
/// Victims that all the different handlings of a load may name together.
const NAMED: usize = 500_000;

impl House {
    /// Adds to the handlings of a load the victims that its items tell only together, or together
    /// with what the bringer may read in the ledger; and those that earlier versions told, where
    /// this one says nothing. An item that says that it tells nobody's misfortune is believed.
    ///
    /// # Errors
    /// A load that names too many victims for its size, and what the ledger said.
    pub(crate) fn share_victims(
        &self,
        by: &Actor,
        (standing, disclosure): (&Standing, Disclosure),
        items: &[Brought],
        handlings: &mut [Arc<Handling>],
    ) -> Result<(), FlowError> {
        let mut told: Vec<_> = handlings.iter().map(|it| it.victims.clone()).collect();
        let before = self.told_before(by, standing, items, &mut told)?;
        let mut victims: BTreeSet<_> = told.iter().flatten().cloned().collect();
        victims.extend(before.values().flatten().cloned());
        if victims.is_empty() {
            return Ok(());
        }
        let victims: Vec<_> = victims.into_iter().collect();
        let place = |victim: &OrganisationId| victims.binary_search(victim).ok();
        let whole = disclosure == Disclosure::Whole;
        let looked_for = |it: &&OrganisationId| whole || **it == by.organisation;
        let facts = victims.iter().map(|it| {
            let looked_for = Some(it).filter(looked_for);
            looked_for.and_then(|it| facts_of(standing, it)).unwrap_or_default()
        });
        let facts: Vec<_> = facts.collect();
        let lookout = Lookout::of(&facts);
        let sibling = |(item, told): (&Brought, &BTreeSet<OrganisationId>)| {
            sibling(item, told.iter().filter_map(place).collect(), &lookout)
        };
        let mut siblings: Vec<_> = items.iter().zip(&told).map(sibling).collect();
        let known = victims.iter().enumerate().map(|(place, it)| (it.identity(), place));
        let before = before.iter().flat_map(|(id, told)| {
            told.iter().filter_map(place).map(move |place| (id.clone(), place))
        });
        let advice = "bring it in parts, each with fewer victims";
        pass_on(&mut siblings, known.chain(before))
            .map_err(|error| FlowError::invalid("objects", format!("{error}; {advice}")))?;
        let foreign: BTreeSet<_> = victims.iter().filter(|it| !looked_for(it)).cloned().collect();
        let mut alike = HashMap::new();
        let mut named = 0;
        for ((handling, sibling), item) in handlings.iter_mut().zip(siblings).zip(items) {
            let open = !foreign.is_empty() && is_open(item);
            let key = (Arc::clone(handling), sibling.told, open);
            let known = alike.entry(key).or_insert_with_key(|(handling, told, open)| {
                let told = told.iter().map(|place| victims[*place].clone());
                let victims = told.chain(foreign.iter().filter(|_| *open).cloned()).collect();
                let shared = Handling { victims, ..Handling::clone(handling) };
                named += shared.victims.len();
                Arc::new(shared)
            });
            *handling = Arc::clone(known);
            if named > NAMED {
                let many = format!("its items name more than {NAMED} victims together; {advice}");
                return Err(FlowError::invalid("objects", many));
            }
        }
        Ok(())
    }

    /// Adds what earlier versions told to items that say nothing; returns what items of the ledger
    /// tell to which the load refers.
    fn told_before(
        &self,
        by: &Actor,
        standing: &Standing,
        items: &[Brought],
        told: &mut [BTreeSet<OrganisationId>],
    ) -> Result<Told, FlowError> {
        let telling =
            self.shared.book.such(|it| it.form == Form::Full && !it.handling.victims.is_empty());
        if telling.is_empty() {
            return Ok(Told::new());
        }
        let reader = self.reader_of(by)?;
        let silent = |item: &&Brought| item.claim.victims.is_none();
        let ids: Vec<_> = items.iter().filter(silent).map(|it| it.id.clone()).collect();
        let earlier = self.told(&ids, &telling, Some(reader.organisation))?;
        for (item, told) in items.iter().zip(told).filter(|(item, _)| silent(item)) {
            told.extend(earlier.get(&item.id).into_iter().flatten().cloned());
        }
        let mut referred = BTreeSet::new();
        for item in items.iter().filter(|item| may_refer(&item.body)) {
            references(&value(item), &mut |id| {
                // An identity says who, not what happened to it.
                if !matches!(id.kind(), "identity" | "marking-definition") {
                    referred.insert(id);
                }
            });
        }
        let referred: Vec<_> = referred.into_iter().collect();
        let entitled = self.shared.book.entitled(standing, &reader);
        let known: Vec<_> =
            telling.into_iter().filter(|it| entitled.binary_search(it).is_ok()).collect();
        Ok(self.told(&referred, &known, None)?)
    }

    fn told(
        &self,
        ids: &[ItemId],
        clearances: &[ClearanceId],
        producer: Option<OrganisationNumber>,
    ) -> Result<Told, StoreError> {
        let mut told = Told::new();
        if clearances.is_empty() {
            return Ok(told);
        }
        for ids in ids.chunks(ASKED) {
            let mut after = Some(Sequence::START);
            while let Some(place) = after {
                let page = self.read(|ledger| {
                    ledger.items(&ItemQuery {
                        after: place,
                        until: None,
                        as_of: None,
                        without: &[],
                        limit: 1000,
                        clearances: Some(clearances),
                        producer,
                        ids,
                        kinds: &[],
                        versions: VersionFilter::All,
                    })
                })?;
                for item in page.items {
                    if let Some(clearance) = self.shared.book.get(item.clearance) {
                        let victims = clearance.handling.victims.iter().cloned();
                        told.entry(item.id).or_default().extend(victims);
                    }
                }
                after = page.next;
            }
        }
        Ok(told)
    }
}

/// An item as one of its load, with whom its words tell besides whom it is known to tell.
fn sibling(item: &Brought, mut told: BTreeSet<usize>, lookout: &Lookout) -> Sibling {
    let mut refers = Vec::new();
    if is_open(item) {
        let value = value(item);
        told.extend(lookout.told_by(&value));
        references(&value, &mut |id| refers.push(id));
    }
    Sibling { id: item.id.clone(), refers, told }
}

/// Whether an item leaves open whose misfortune it tells besides what it names.
fn is_open(item: &Brought) -> bool {
    item.claim.victims.as_ref().is_none_or(|named| !named.is_empty())
}

fn value(item: &Brought) -> Value {
    serde_json::from_slice(&item.body).unwrap_or_default()
}

/// Whether an object has references besides its creator's and its markings', told without reading
/// it; rather yes than no.
fn may_refer(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return true };
    let many = |name| text.matches(name).count();
    many("_ref") > many("created_by_ref") + many("object_marking_refs") || text.contains("\\u")
}
