//! Taking in what a door brought: decide, write once, ring.
//!
//! Items handled alike are cleared alike, so a decision is made and interned once per handling,
//! not once per item.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_intake::arrival::Identity;
use vedetta_intake::{Arrival, Brought, DoorIn, Fault};
use vedetta_model::{
    Actor, Handling, Instant, ItemId, OrganisationId, OrganisationNumber, Pap, Tlp,
};
use vedetta_policy::Decision;
use vedetta_store::{
    Claim, ClearanceId, Form, ItemDraft, ItemState, NewClearance, Placement, Sequence, Stamp,
    StoreError, StoredItem, UnitOfWork,
};

use crate::authority::{PRODUCERS, require};
use crate::book::Grounds;
use crate::error::FlowError;
use crate::forms::{Forms, Settled, TRIES};
use crate::holding::is_served;
use crate::house::{House, Shared};
use crate::pseudonyms::{Whole, apart};
use crate::redaction::{Derived, Redactor, Tellers};
use crate::siblings::Disclosure;
use crate::standing::Standing;
use crate::victims;
use crate::views::withdrawals::place_of_withdrawal;

/// What became of an arrival.
#[derive(Debug, Default, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The item.
    pub id: ItemId,
    /// Where and when.
    pub stamp: Stamp,
    /// How many organisations it goes to, in either form, if nothing holds it back.
    pub audience: usize,
    /// How many it does not go to, since the form without the victim would tell it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub withheld: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) const fn is_none(many: &usize) -> bool {
    *many == 0
}

/// The name of this step in the ledger.
const ACTOR: &str = vedetta_model::part::CLEAR_ITEMS;
const IN_VAIN: &str = "your organisation withdrew this item, and no version of it is served any more; bring it under another identifier";
/// Items written in one go at most.
const TOGETHER: usize = 1000;

impl House {
    /// Takes in an arrival for its bringer. When this returns, what is accepted is durable.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said: then nothing since the last full thousand was kept,
    /// and the same arrival may simply be brought again.
    pub fn accept(&self, by: &Actor, arrival: Arrival) -> Result<Receipt, FlowError> {
        let (load, mut receipt) = self.prepare(by, arrival, Disclosure::Whole)?;
        for part in load.parts() {
            let places = self.place(&load, part.clone())?;
            receipt.enter(&load.items[part], places);
        }
        Ok(receipt)
    }

    /// How what a bringer brings is handled, and what of it is refused before it is placed. It writes
    /// no item.
    pub(crate) fn prepare(
        &self,
        by: &Actor,
        arrival: Arrival,
        disclosure: Disclosure,
    ) -> Result<(Arc<Load>, Receipt), FlowError> {
        require(by, PRODUCERS, "bring items")?;
        let producer = self.number_of(&by.organisation)?;
        let (rejected, warnings) = arrival.faults.into_iter().partition(|fault| fault.refused);
        let mut receipt = Receipt { rejected, warnings, ..Receipt::default() };
        let standing = self.standing();
        let bringer = (&by.organisation, producer);
        let items = self.in_own_name(by, &standing, arrival.items, &mut receipt.rejected)?;
        let items = victims::known(&standing, items, &mut receipt.rejected);
        let mut items = self.with_known_markings(by, items, &mut receipt.rejected)?;
        self.name_rows(producer, &mut items)?;
        let mut handlings: Vec<_> =
            items.iter().map(|it| handling(bringer, &standing, it)).collect();
        self.share_victims(by, (&standing, disclosure), &items, &mut handlings)?;
        let items = self.within_bounds(by, items, &mut handlings, &mut receipt.rejected);
        receipt.warnings.extend(victims::remarks(by, &standing, (&items, &handlings)));
        let load = Arc::new(Load {
            shared: Arc::clone(&self.shared),
            redactor: Redactor::of(self),
            producer,
            own: by.organisation.identity(),
            actor: by.account.to_string(),
            door: arrival.door,
            source: arrival.source,
            readable: self.shared.book.entitled(&standing, &self.reader_of(by)?),
            beyond: Beyond::of(self),
            handlings,
            items,
        });
        Ok((load, receipt))
    }

    /// Places a part of a load, with the derived forms that somebody may need: made anew while what
    /// they rest on changes, and at last those withheld of which it keeps changing.
    fn place(&self, load: &Arc<Load>, part: Range<usize>) -> Result<Vec<Place>, StoreError> {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let mut forms = load.derive(part.clone(), |_| true)?;
            forms.look(&self.shared)?;
            let (load, part) = (Arc::clone(load), part.clone());
            let placed = self.write(move |unit| {
                let standing = load.shared.standing();
                let settled =
                    forms.settle(unit, &standing, load.wanted(&standing, part.clone()))?;
                match settled.are_fresh() || tries == 0 {
                    true => load.write(unit, part.clone(), (&standing, &settled)).map(Some),
                    false => Ok(None),
                }
            })?;
            if let Some(places) = placed {
                return Ok(places);
            }
        }
    }

    /// The items for whose handlings there is room; the others are refused. Whoever made up another
    /// handling for each item would have every reader decide on each, and fill the memory.
    fn within_bounds(
        &self,
        by: &Actor,
        items: Vec<Brought>,
        handlings: &mut Vec<Arc<Handling>>,
        refused: &mut Vec<Fault>,
    ) -> Vec<Brought> {
        let fits = self.shared.book.room_for(&by.organisation, handlings);
        if fits.iter().all(|fits| *fits) {
            return items;
        }
        let reason = format!(
            "the items of {} are handled in more different ways than there is room for; label it, and name \
             victims, persons and agreements, as for others before",
            by.organisation
        );
        let mut kept = fits.iter();
        handlings.retain(|_| kept.next().is_some_and(|fits| *fits));
        let (some, others): (Vec<_>, Vec<_>) =
            items.into_iter().zip(fits).partition(|(_, fits)| *fits);
        refused.extend(others.iter().map(|(it, _)| refusal(it, "too-many-handlings", &reason)));
        some.into_iter().map(|(item, _)| item).collect()
    }
}

/// All that came, ready to be written, one thousand items at a time.
pub(crate) struct Load {
    shared: Arc<Shared>,
    redactor: Redactor,
    producer: OrganisationNumber,
    /// Its identity.
    own: ItemId,
    actor: String,
    door: DoorIn,
    source: String,
    /// What the bringer may read.
    readable: Arc<Vec<ClearanceId>>,
    beyond: Beyond,
    /// How each item is handled.
    pub(crate) handlings: Vec<Arc<Handling>>,
    pub(crate) items: Vec<Brought>,
}

/// Whether there are other nodes, for whom derived forms are made though nobody here gets them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    Nodes,
    Nobody,
}

impl Beyond {
    pub(crate) fn of(house: &House) -> Self {
        if house.has_peers() { Self::Nodes } else { Self::Nobody }
    }
}

/// What became of one item of a load, and how many it goes to.
struct Place {
    outcome: Outcome,
    audience: usize,
    withheld: Option<Withheld>,
}

/// How many do not get an item, since there is no form of it without its victim, and why.
struct Withheld {
    many: usize,
    reason: String,
    /// Whether it goes to them when what it refers to is here.
    awaited: bool,
}

/// What the bringer is told of one item.
enum Outcome {
    Accepted(Stamp),
    InVain(Stamp),
    Known,
    Refused { rule: &'static str, reason: &'static str },
}

/// The same whether or not there is something that its bringer may not know of.
const NOT_PLACED: Outcome = Outcome::Refused {
    rule: "not-placed",
    reason: "it cannot be placed under this identifier and version; bring it under an identifier of your own",
};

/// A decision with its interned clearances.
struct Cleared {
    /// How many it goes to, holds aside: a receipt tells of none.
    audience: usize,
    /// How many of them get it without the victim.
    without: usize,
    full: ClearanceId,
    redacted: Option<ClearanceId>,
    /// What it would be if nothing were held, when something is: who is kept from it has it later.
    withheld: Vec<ClearanceId>,
}

impl Cleared {
    /// Who gets nothing when there is no form without the victim.
    fn withheld_from(&self, (forms, place): (&Settled<'_>, usize)) -> Option<Withheld> {
        let reason = forms.get(place).err().filter(|_| self.without > 0)?.into();
        Some(Withheld { many: self.without, reason, awaited: !forms.awaited(place).is_empty() })
    }
}

impl Load {
    /// The items of a part whose derived forms somebody may need.
    fn wanted<'a>(
        &'a self,
        standing: &'a Standing,
        part: Range<usize>,
    ) -> impl Iterator<Item = (usize, &'a Arc<Handling>)> {
        let all = part.map(move |place| (place, &self.handlings[place]));
        // As if nothing were held: what is told of a form must not tell of holds.
        let mut known = HashMap::new();
        let mut reaches = move |handling: &'a Arc<Handling>| {
            let unheld = || !standing.network.decision_unheld(handling).redacted.is_empty();
            *known.entry(handling).or_insert_with(unheld)
        };
        all.filter(move |(_, handling)| {
            !handling.victims.is_empty() && (self.beyond == Beyond::Nodes || reaches(handling))
        })
    }

    /// Its parts, each placed in one go.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = self.items.len();
        (0..all).step_by(TOGETHER).map(move |from| from..all.min(from + TOGETHER))
    }

    /// Makes the derived forms of a part that somebody may need, where they are asked for.
    pub(crate) fn derive(
        &self,
        part: Range<usize>,
        asked: impl Fn(&Handling) -> bool,
    ) -> Result<Forms, StoreError> {
        let standing = self.shared.standing();
        let mut forms = Forms::of(Arc::clone(&standing), &self.redactor, &self.shared);
        let wanted = self.wanted(&standing, part).filter(|(_, handling)| asked(handling));
        let mut wanted = wanted.peekable();
        if wanted.peek().is_none() {
            return Ok(forms);
        }
        let mut tellers = self.tellers();
        for (place, handling) in wanted {
            let (how, of) = ((&*standing, &**handling), self.told(&self.items[place]));
            forms.add(place, self.redactor.derive(how, of, &mut tellers)?);
        }
        Ok(forms)
    }

    fn tellers(&self) -> Tellers<'_> {
        let load = self.items.iter().zip(&self.handlings);
        let load = load.map(|(item, handling)| (&item.id, handling.as_ref(), &*item.body));
        Tellers::of(&self.shared, load)
    }

    fn write(
        &self,
        unit: &mut dyn UnitOfWork,
        part: Range<usize>,
        (standing, forms): (&Standing, &Settled<'_>),
    ) -> Result<Vec<Place>, StoreError> {
        let (items, handlings) = (&self.items[part.clone()], &self.handlings[part.clone()]);
        let mut known = HashMap::new();
        let mut facts = Vec::with_capacity(items.len());
        let mut versions = Vec::with_capacity(items.len());
        for (place, (item, handling)) in part.clone().zip(items.iter().zip(handlings)) {
            let cleared = match known.entry(Arc::clone(handling)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.clear(unit, standing, handling)?),
            };
            let mut withheld = cleared.withheld.clone();
            if let Some(form) = cleared.redacted.filter(|_| forms.may_come(place)) {
                withheld.push(form);
            }
            facts.push(self.facts(item, handling, &withheld));
            versions.push(version(unit, item)?);
        }
        let rows = items.iter().zip(handlings).zip(&facts).zip(versions);
        let drafts: Vec<_> = rows
            .filter_map(|(((item, handling), facts), version)| {
                let draft = self.draft(item, known.get(handling)?.full, facts);
                Some(ItemDraft { version, ..draft })
            })
            .collect();
        if items.iter().any(|item| item.revoked) {
            self.shared.touch_served();
        }
        let placements = unit.place_items(&drafts)?;
        let (mut places, mut bare) = (Vec::with_capacity(placements.len()), Vec::new());
        for (place, placement) in part.zip(placements) {
            let (item, handling) = (&self.items[place], &self.handlings[place]);
            let Some(cleared) = known.get(handling) else { continue };
            if matches!(placement, Placement::Added(_)) {
                self.shared.came([&item.id]);
            }
            // What is withdrawn or revoked stays so, whatever comes late.
            if let Placement::Added(stamp) = placement
                && (cleared.redacted.is_none() || is_served(unit, &item.id, stamp.seq)?)
            {
                let derived = match cleared.redacted {
                    Some(clearance) => self.place_derived(unit, (place, clearance), forms)?,
                    None => false,
                };
                // Who is kept from it for a while does not lose it for good.
                let waits = cleared.redacted.is_some() && forms.may_come(place);
                if waits {
                    forms.wait(place, (&self.shared, handling), stamp.seq);
                }
                let kept = cleared.redacted.is_none() || waits;
                let lasting = item.revoked || !kept || handling.victims.is_empty();
                bare.extend((lasting && !derived).then(|| self.whole(item)));
            }
            let outcome = self.outcome(unit, item, (cleared, handling), placement)?;
            let withheld = cleared.withheld_from((forms, place));
            places.push(Place { outcome, audience: cleared.audience, withheld });
        }
        if known.values().any(|it| it.redacted.is_some()) || self.any_derived() {
            self.redactor.take_back(unit, (&self.shared, &self.actor), &bare)?;
        }
        Ok(places)
    }

    /// What the bringer is told. What it may not read is not told apart from what cannot be placed
    /// for another reason.
    fn outcome(
        &self,
        unit: &mut dyn UnitOfWork,
        item: &Brought,
        how: (&Cleared, &Arc<Handling>),
        placement: Placement,
    ) -> Result<Outcome, StoreError> {
        let (rule, reason) = match placement {
            Placement::Added(stamp) => return Ok(Outcome::Accepted(stamp)),
            Placement::Withdrawn(stamp) => return Ok(Outcome::InVain(stamp)),
            Placement::Duplicate(stamp) => return self.again(unit, item, stamp.seq),
            Placement::Twin(stamp) => return self.join(unit, item, how, stamp.seq),
            Placement::Conflict(_) if item.identity == Identity::FromContent => {
                return Ok(Outcome::Known);
            }
            Placement::Conflict(_) if item.id.follows_from_value() => (
                "version-conflict",
                "your organisation brought this value before with other content, and it has no versions; say what is new in an object that refers to it",
            ),
            Placement::Conflict(_) => (
                "version-conflict",
                "this version was accepted before with other content; give the new content a later `modified`",
            ),
            Placement::Foreign(_) => (
                "foreign-item",
                "another organisation brought this item, so new versions are its own; bring a new item that refers to it",
            ),
        };
        let may_know = |it: &StoredItem| {
            it.producer == self.producer || self.readable.binary_search(&it.clearance).is_ok()
        };
        if unit.releases(&item.id)?.iter().any(may_know) {
            return Ok(Outcome::Refused { rule, reason });
        }
        Ok(NOT_PLACED)
    }

    /// The same bytes again: known, unless they were withdrawn.
    fn again(
        &self,
        unit: &mut dyn UnitOfWork,
        item: &Brought,
        origin: Sequence,
    ) -> Result<Outcome, StoreError> {
        let by_value = item.id.follows_from_value();
        let reason = match place_of_withdrawal(unit, (&item.id, self.producer))? {
            Some(_) if !by_value && item.identity == Identity::Given => IN_VAIN,
            Some(place) if by_value && place > origin => {
                "what your organisation brought of it was withdrawn, and stays so; say that it is seen again in an object that refers to it"
            }
            _ => return Ok(Outcome::Known),
        };
        Ok(Outcome::Refused { rule: "withdrawn", reason })
    }

    /// What another organisation brought in the very same bytes is placed beside it, as the bringer
    /// would have it handled, and is accepted to all that the bringer can see. Its form without the
    /// victim, whose name is its own from now on, is made after this.
    fn join(
        &self,
        unit: &mut dyn UnitOfWork,
        item: &Brought,
        (cleared, handling): (&Cleared, &Arc<Handling>),
        origin: Sequence,
    ) -> Result<Outcome, StoreError> {
        if !is_served(unit, &item.id, origin)? {
            return Ok(NOT_PLACED);
        }
        let withheld = [&cleared.withheld[..], cleared.redacted.as_slice()].concat();
        let facts = self.facts(item, handling, &withheld);
        let draft = ItemDraft { claim: Claim::Own, ..self.draft(item, cleared.full, &facts) };
        self.shared.came([&item.id]);
        unit.set_bookmark(&apart((&item.id, self.producer)), b"")?;
        let placed = unit.place_items(&[draft])?;
        let [Placement::Added(stamp)] = placed[..] else { return Ok(Outcome::Known) };
        if cleared.redacted.is_some() {
            self.shared.waiting().wait(handling, stamp.seq);
        }
        Ok(Outcome::Accepted(stamp))
    }

    fn any_derived(&self) -> bool {
        !self.shared.book.such(|it| it.form == vedetta_policy::Form::Redacted).is_empty()
    }

    /// What a derived form is made of.
    fn told<'a>(&self, item: &'a Brought) -> (Whole, &'a [u8]) {
        (self.whole(item), &item.body)
    }

    fn whole(&self, item: &Brought) -> Whole {
        Whole::coming(&item.id, self.producer, item.version)
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
            // Its identity is its own, whoever brought that before it was in the network.
            claim: if item.id == self.own { Claim::Own } else { Claim::First },
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
        let unheld = standing.network.decision_unheld(handling);
        self.shared.touch_book();
        let mut intern = |decision: &Decision, form| {
            let grounds = Grounds { under: Cow::Borrowed(&decision.under) };
            let grounds = &serde_json::to_string(&grounds).unwrap_or_default();
            let audience = match form {
                Form::Full => &decision.full,
                Form::Redacted => &decision.redacted,
            };
            unit.intern(&NewClearance { handling, form, audience, grounds, actor: ACTOR })
        };
        let full = intern(&decision, Form::Full)?;
        let wanted = self.beyond == Beyond::Nodes && !handling.victims.is_empty();
        let redacted = match decision.redacted.is_empty() && !wanted {
            true => None,
            false => Some(intern(&decision, Form::Redacted)?),
        };
        let withheld = match decision.reached == unheld.reached {
            true => Vec::new(),
            false => vec![intern(&unheld, Form::Full)?, intern(&unheld, Form::Redacted)?],
        };
        let (audience, without) = (unheld.reached.len(), unheld.redacted.len());
        Ok(Cleared { audience, without, full, redacted, withheld })
    }

    /// Places the derived form, or says that there is none.
    fn place_derived(
        &self,
        unit: &mut dyn UnitOfWork,
        (place, clearance): (usize, ClearanceId),
        forms: &Settled<'_>,
    ) -> Result<bool, StoreError> {
        let item = &self.items[place];
        let Derived { of, id, body, .. } = match forms.get(place) {
            Ok(derived) => derived,
            Err(reason) => {
                tracing::info!(item = %item.id, reason, "withheld from those who may not know the victim");
                return Ok(false);
            }
        };
        let facts = serde_json::json!({ "derived_from": item.id }).to_string();
        let version = of.derived_version();
        let draft = self.draft(item, clearance, &facts);
        let draft = ItemDraft { id, version, body, claim: Claim::Own, ..draft };
        self.redactor.note_name(unit, of, id)?;
        let placement = unit.place_items(&[draft])?.pop();
        match placement {
            Some(Placement::Withdrawn(_)) => Ok(false),
            Some(Placement::Added(stamp)) => {
                self.shared.came([id]);
                is_served(unit, id, stamp.seq)
            }
            _ => Ok(true),
        }
    }

    fn facts(&self, item: &Brought, handling: &Handling, withheld: &[ClearanceId]) -> String {
        #[derive(Serialize)]
        struct Facts<'a> {
            door: DoorIn,
            source: &'a str,
            place: u64,
            tlp: Tlp,
            pap: Pap,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            withheld: &'a [ClearanceId],
        }
        let (door, source, place) = (self.door, &self.source, item.place);
        let (tlp, pap) = (handling.tlp, handling.pap);
        let facts = Facts { door, source, place, tlp, pap, withheld };
        serde_json::to_string(&facts).unwrap_or_default()
    }
}

/// The version under which to place an item: its own, or for one that the door made from content
/// seen before, the version that it had then.
fn version(unit: &mut dyn UnitOfWork, item: &Brought) -> Result<Instant, StoreError> {
    if item.identity == Identity::Given {
        return Ok(item.version);
    }
    Ok(unit.releases(&item.id)?.first().map_or(item.version, |known| known.version))
}

impl Receipt {
    fn enter(&mut self, items: &[Brought], places: Vec<Place>) {
        for (item, place) in items.iter().zip(places) {
            match place.outcome {
                Outcome::Accepted(stamp) => {
                    let withheld = place.withheld.as_ref().map_or(0, |it| it.many);
                    let (id, audience) = (item.id.clone(), place.audience - withheld);
                    self.warnings.extend(place.withheld.map(|it| it.remark(item)));
                    self.accepted.push(Accepted { id, stamp, audience, withheld });
                }
                Outcome::InVain(stamp) => {
                    let (id, told) = (item.id.clone(), refusal(item, "withdrawn", IN_VAIN));
                    self.accepted.push(Accepted { id, stamp, audience: 0, withheld: 0 });
                    self.warnings.push(Fault { refused: false, ..told });
                }
                Outcome::Known => self.duplicates.push(item.id.clone()),
                Outcome::Refused { rule, reason } => {
                    self.rejected.push(refusal(item, rule, reason));
                }
            }
        }
    }
}

impl Withheld {
    fn remark(&self, item: &Brought) -> Fault {
        let Self { many, reason, awaited } = self;
        let reason = match awaited {
            true => format!(
                "{many} organisations that may not know the victim do not receive it yet: {reason}; \
                 they do when that is brought"
            ),
            false => format!(
                "{many} organisations that may not know the victim do not receive it, since what is left \
                 would tell it ({reason}); where they need it, bring it again without what tells the victim"
            ),
        };
        Fault { refused: false, ..refusal(item, "withheld", &reason) }
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
    // Who may not have a part may not have the whole as it stands.
    let tlp = claim.part_tlp.map_or(tlp, |part| part.max(tlp));
    let victims = standing.victims(claim, item.id.kind(), &producer);
    Arc::new(Handling {
        producer,
        category: claim.category,
        tlp,
        pap: claim.pap.unwrap_or_default(),
        victims,
        // Only RED names persons: elsewhere the names would part what is handled alike.
        named: if tlp == Tlp::Red {
            standing.persons(&claim.named, organisation)
        } else {
            BTreeSet::new()
        },
        only_under: claim.only_under.clone(),
        exercise: claim.exercise.clone(),
        via: [].into(),
    })
}
