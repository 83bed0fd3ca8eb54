//! Taking in what a door brought: decide, write once, ring.
//!
//! Items handled alike are cleared alike, so a decision is made and interned once per handling,
//! not once per item.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use vedetta_intake::arrival::Identity;
use vedetta_intake::{Arrival, Brought, DoorIn, Fault};
use vedetta_model::{Actor, Handling, Instant, ItemId, OrganisationId, OrganisationNumber, Pap};
use vedetta_store::{
    ClearanceId, Form, ItemDraft, ItemState, NewClearance, Placement, RecordKind, Stamp,
    StoreError, UnitOfWork,
};

use crate::authority::{PRODUCERS, require};
use crate::book::Grounds;
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::redaction::{Derived, Redactor, Tells};
use crate::standing::Standing;

/// What became of an arrival.
#[derive(Debug, Default, Serialize)]
pub struct Receipt {
    /// New item versions.
    pub accepted: Vec<Accepted>,
    /// Versions that were there already, byte for byte.
    pub duplicates: Vec<ItemId>,
    /// What was refused, and why.
    pub rejected: Vec<Fault>,
    /// Remarks on what was accepted.
    pub warnings: Vec<Fault>,
}

/// One item version accepted.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The item.
    pub id: ItemId,
    /// Where and when.
    pub stamp: Stamp,
    /// How many organisations it goes to, in either form, if nothing holds it back.
    pub audience: usize,
}

/// Items written in one go at most.
const TOGETHER: usize = 1000;

impl House {
    /// Takes in an arrival for its bringer. When this returns, what is accepted is durable.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said: then nothing since the last full thousand was kept,
    /// and the same arrival may simply be brought again.
    pub fn accept(&self, by: &Actor, arrival: Arrival) -> Result<Receipt, FlowError> {
        require(by, PRODUCERS, "bring items")?;
        let producer = self.number_of(&by.organisation)?;
        let (rejected, warnings) = arrival.faults.into_iter().partition(|fault| fault.refused);
        let mut receipt = Receipt { rejected, warnings, ..Receipt::default() };
        let standing = self.standing();
        let bringer = (&by.organisation, producer);
        let mut items = arrival.items.into_iter();
        loop {
            let some: Vec<Brought> = items.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(receipt);
            }
            let load = Load {
                shared: Arc::clone(&self.shared),
                redactor: Redactor::of(self),
                producer,
                actor: by.account.to_string(),
                door: arrival.door,
                source: arrival.source.clone(),
                handlings: some.iter().map(|it| handling(bringer, &standing, it)).collect(),
                items: some,
            };
            let (load, places) = self.write(load_writer(load))?;
            receipt.enter(&load, places);
        }
    }
}

/// One thousand items at most, ready to be written.
struct Load {
    shared: Arc<Shared>,
    redactor: Redactor,
    producer: OrganisationNumber,
    actor: String,
    door: DoorIn,
    source: String,
    handlings: Vec<Arc<Handling>>,
    items: Vec<Brought>,
}

/// What became of one item of a load, and how many it goes to.
struct Place {
    placement: Placement,
    audience: usize,
}

/// A decision with its interned clearances.
struct Cleared {
    /// How many it goes to, holds aside: a receipt tells of none.
    audience: usize,
    full: ClearanceId,
    redacted: Option<ClearanceId>,
}

fn load_writer(
    load: Load,
) -> impl FnMut(&mut dyn UnitOfWork) -> Result<(Arc<Load>, Vec<Place>), StoreError> + Send {
    let load = Arc::new(load);
    move |unit| Ok((Arc::clone(&load), load.write(unit)?))
}

impl Load {
    fn write(&self, unit: &mut dyn UnitOfWork) -> Result<Vec<Place>, StoreError> {
        let standing = self.shared.standing();
        let mut known = HashMap::new();
        let mut facts = Vec::with_capacity(self.items.len());
        let mut versions = Vec::with_capacity(self.items.len());
        for (item, handling) in self.items.iter().zip(&self.handlings) {
            if !known.contains_key(handling) {
                known.insert(Arc::clone(handling), self.clear(unit, &standing, handling)?);
            }
            facts.push(self.facts(item, handling));
            versions.push(version(unit, item)?);
        }
        let rows = self.items.iter().zip(&self.handlings).zip(&facts).zip(versions);
        let drafts: Vec<_> = rows
            .filter_map(|(((item, handling), facts), version)| {
                let draft = self.draft(item, known.get(handling)?.full, facts);
                Some(ItemDraft { version, ..draft })
            })
            .collect();
        if self.items.iter().any(|item| item.revoked) {
            self.shared.touch(RecordKind::Hold);
        }
        let placements = unit.place_items(&drafts)?;
        let mut places = Vec::with_capacity(placements.len());
        for ((item, handling), placement) in self.items.iter().zip(&self.handlings).zip(placements)
        {
            let Some(cleared) = known.get(handling) else { continue };
            if let (Placement::Added(_), Some(clearance)) = (placement, cleared.redacted) {
                self.place_derived(unit, &standing, (item, handling), clearance)?;
            }
            places.push(Place { placement, audience: cleared.audience });
        }
        Ok(places)
    }

    fn draft<'a>(
        &'a self,
        item: &'a Brought,
        clearance: ClearanceId,
        facts: &'a str,
    ) -> ItemDraft<'a> {
        ItemDraft {
            id: &item.id,
            version: item.version,
            producer: self.producer,
            clearance,
            state: if item.revoked { ItemState::Revoked } else { ItemState::Live },
            actor: &self.actor,
            facts,
            body: &item.body,
        }
    }

    /// Decides, and interns both forms.
    fn clear(
        &self,
        unit: &mut dyn UnitOfWork,
        standing: &Standing,
        handling: &Arc<Handling>,
    ) -> Result<Cleared, StoreError> {
        let decision = standing.network.decision(handling);
        let grounds = Grounds {
            under: Cow::Borrowed(&decision.under),
            held: standing.holds_back(handling, self.shared.clock.now()),
        };
        let grounds = serde_json::to_string(&grounds).unwrap_or_default();
        self.shared.touch_book();
        let mut intern = |form, audience| {
            let actor = "clear_items";
            unit.intern(&NewClearance { handling, form, audience, grounds: &grounds, actor })
        };
        let full = intern(Form::Full, &decision.full)?;
        let redacted = match decision.redacted.is_empty() {
            true => None,
            false => Some(intern(Form::Redacted, &decision.redacted)?),
        };
        let audience = standing.network.decision_unheld(handling).reached.len();
        Ok(Cleared { audience, full, redacted })
    }

    fn place_derived(
        &self,
        unit: &mut dyn UnitOfWork,
        standing: &Standing,
        (item, handling): (&Brought, &Handling),
        clearance: ClearanceId,
    ) -> Result<(), StoreError> {
        let unit = RefCell::new(unit);
        let told = |id: &ItemId| self.told(*unit.borrow_mut(), id);
        let Derived { id, body } = match self.redactor.derive(
            standing,
            handling,
            (&item.id, &item.body),
            &told,
        ) {
            Ok(derived) => derived,
            Err(reason) => {
                tracing::info!(item = %item.id, reason, "withheld from those who may not know the victim");
                return Ok(());
            }
        };
        let facts = serde_json::json!({ "derived_from": item.id }).to_string();
        let draft = ItemDraft { id: &id, body: &body, ..self.draft(item, clearance, &facts) };
        unit.into_inner().place_items(&[draft]).map(drop)
    }

    /// Whether an item of this load or of the ledger tells a victim.
    fn told(&self, unit: &mut dyn UnitOfWork, id: &ItemId) -> Option<Tells> {
        let here = self.items.iter().zip(&self.handlings).find(|(item, _)| item.id == *id);
        let handlings = match here {
            Some((_, handling)) => vec![Arc::clone(handling)],
            None => {
                let releases = unit.item(id).ok()?;
                let clearances =
                    releases.iter().filter_map(|it| self.shared.book.get(it.clearance));
                clearances.map(|it| Arc::clone(&it.handling)).collect()
            }
        };
        let told = handlings.iter().any(|handling| !handling.victims.is_empty());
        let tells = if told { Tells::Victim } else { Tells::Nobody };
        (!handlings.is_empty()).then_some(tells)
    }

    fn facts(&self, item: &Brought, handling: &Handling) -> String {
        #[derive(Serialize)]
        struct Facts<'a> {
            door: DoorIn,
            source: &'a str,
            place: u64,
            tlp: vedetta_model::Tlp,
            pap: Pap,
        }
        let (tlp, pap) = (handling.tlp, handling.pap);
        let facts = Facts { door: self.door, source: &self.source, place: item.place, tlp, pap };
        serde_json::to_string(&facts).unwrap_or_default()
    }
}

/// The version under which to place an item: its own, or for one that the door made from content
/// seen before, the version that it had then.
fn version(unit: &mut dyn UnitOfWork, item: &Brought) -> Result<Instant, StoreError> {
    if item.identity == Identity::Given {
        return Ok(item.version);
    }
    Ok(unit.item(&item.id)?.first().map_or(item.version, |known| known.version))
}

impl Receipt {
    fn enter(&mut self, load: &Load, places: Vec<Place>) {
        for (item, place) in load.items.iter().zip(places) {
            match place.placement {
                Placement::Added(stamp) => {
                    let (id, audience) = (item.id.clone(), place.audience);
                    self.accepted.push(Accepted { id, stamp, audience });
                }
                Placement::Duplicate(_) => self.duplicates.push(item.id.clone()),
                Placement::Conflict(_) if item.identity == Identity::FromContent => {
                    self.duplicates.push(item.id.clone());
                }
                Placement::Conflict(_) => self.rejected.push(refusal(
                    item,
                    "version-conflict",
                    "this version was accepted before with other content; give the new content a later `modified`",
                )),
                Placement::Foreign(_) => self.rejected.push(refusal(
                    item,
                    "foreign-item",
                    "another organisation brought this item first, so new versions are its own; bring a new item that refers to it",
                )),
            }
        }
    }
}

fn refusal(item: &Brought, rule: &str, reason: &str) -> Fault {
    Fault {
        refused: true,
        id: Some(item.id.to_string()),
        place: format!("objects[{}]", item.place),
        rule: rule.into(),
        reason: reason.into(),
    }
}

/// How an item is to be handled: what it says of itself, and what the agreements say where it is
/// silent.
fn handling(
    (organisation, number): (&OrganisationId, OrganisationNumber),
    standing: &Standing,
    item: &Brought,
) -> Arc<Handling> {
    let claim = &item.claim;
    let producer = organisation.clone();
    let tlp = claim.tlp.unwrap_or_else(|| standing.network.default_tlp(number, claim.category));
    let victims = standing.victims(claim, item.id.kind(), &producer);
    Arc::new(Handling {
        producer,
        category: claim.category,
        tlp,
        pap: claim.pap.unwrap_or_default(),
        victims,
        named: claim.named.clone(),
        only_under: claim.only_under.clone(),
    })
}
