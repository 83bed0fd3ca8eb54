//! Whose misfortune the objects of one load tell together: a relationship to the victim, a note on
//! the incident, and the victim's address tell what the incident tells.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;
use vedetta_intake::Brought;
use vedetta_model::{Actor, Handling, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::{Form, reveals};
use vedetta_store::{ClearanceId, ItemQuery, Sequence, StoreError, VersionFilter};

use crate::error::FlowError;
use crate::house::House;
use crate::redaction::facts_of;
use crate::standing::Standing;

/// Victims by item.
type Told = HashMap<ItemId, BTreeSet<OrganisationId>>;

/// A load that tells of more victims than these is a collection of independent reports: its
/// objects share victims only along references, and are not searched for names.
const LOOKED_FOR: usize = 16;
/// Items asked of the ledger at once.
const ASKED: usize = 500;

impl House {
    /// Adds to the handlings of a load the victims that its items tell only together, or together
    /// with what the bringer may read in the ledger; and those that earlier versions told, where
    /// this one says nothing. An item that says that it tells nobody's misfortune is believed.
    pub(crate) fn share_victims(
        &self,
        by: &Actor,
        standing: &Standing,
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
        let values: Vec<Value> = items.iter().map(value).collect();
        if victims.len() <= LOOKED_FOR {
            find_names(standing, (items, &values), &victims, &mut told);
        }
        let mut seeds: Vec<_> = victims.into_iter().map(|it| (it.identity(), it)).collect();
        seeds.extend(
            before.into_iter().flat_map(|(id, victims)| {
                victims.into_iter().map(move |victim| (id.clone(), victim))
            }),
        );
        follow_references((items, &values), seeds, &mut told);
        for (handling, victims) in handlings.iter_mut().zip(told) {
            if handling.victims != victims {
                *handling = Arc::new(Handling { victims, ..Handling::clone(handling) });
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

fn find_names(
    standing: &Standing,
    (items, values): (&[Brought], &[Value]),
    victims: &BTreeSet<OrganisationId>,
    told: &mut [BTreeSet<OrganisationId>],
) {
    for victim in victims {
        let Some(facts) = facts_of(standing, victim) else { continue };
        for ((item, value), told) in items.iter().zip(values).zip(&mut *told) {
            if is_open(item) && !told.contains(victim) && reveals(value, &facts).is_some() {
                told.insert(victim.clone());
            }
        }
    }
}

/// Whatever refers to what tells a victim tells it too.
fn follow_references(
    (items, values): (&[Brought], &[Value]),
    mut seeds: Vec<(ItemId, OrganisationId)>,
    told: &mut [BTreeSet<OrganisationId>],
) {
    let mut referring: HashMap<ItemId, Vec<usize>> = HashMap::new();
    for (place, value) in values.iter().enumerate().filter(|(place, _)| is_open(&items[*place])) {
        references(value, &mut |id| referring.entry(id).or_default().push(place));
    }
    for (item, victims) in items.iter().zip(&*told) {
        seeds.extend(victims.iter().map(|victim| (item.id.clone(), victim.clone())));
    }
    while let Some((id, victim)) = seeds.pop() {
        for &place in referring.get(&id).into_iter().flatten() {
            if told[place].insert(victim.clone()) {
                seeds.push((items[place].id.clone(), victim.clone()));
            }
        }
    }
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

/// Shows every identifier that a reference names, at whatever depth.
fn references(value: &Value, show: &mut dyn FnMut(ItemId)) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, show)),
        Value::Object(fields) => {
            for (name, one) in fields {
                let texts = match one {
                    _ if !(name.ends_with("_ref") || name.ends_with("_refs")) => &[],
                    Value::Array(all) => all.as_slice(),
                    one => std::slice::from_ref(one),
                };
                let ids = texts.iter().filter_map(|text| ItemId::new(text.as_str()?).ok());
                ids.for_each(&mut *show);
                references(one, show);
            }
        }
        _ => {}
    }
}
