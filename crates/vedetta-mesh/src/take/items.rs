//! Items that a peer brought: placed, released by a further path, or set beside what prevails.

pub(crate) mod aside;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_federation::Passages;
use vedetta_federation::check::Verified;
use vedetta_federation::digest::{Digest, digest};
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::limits::octets;
use vedetta_federation::shelf::Outcome;
use vedetta_flow::corridor::{Grounds, Kept, Provenance, facts, keep, keep_withdrawal, ways_name};
use vedetta_model::part::CLEAR_ITEMS;
use vedetta_model::{
    Audience, Given, Handling, Instant, ItemId, OrganisationId, OrganisationNumber, Right, Tlp,
};
use vedetta_policy::{Decision, Form};
use vedetta_store::{
    Claim, ClearanceId, ItemDraft, ItemState, NewClearance, Placement, Reader, Sequence, Stamp,
    StoreError, StoredItem, UnitOfWork,
};

use super::Load;
use super::notices::AHEAD_FOR;
use crate::memory::kinds_name;
use crate::places::{envelope_at, first_of};

/// An item ready to be placed.
struct Ready<'a> {
    /// Its place among what came.
    place: usize,
    verified: &'a Verified,
    item: &'a Item,
    id: ItemId,
    version: Instant,
    state: ItemState,
    producer: OrganisationNumber,
    handling: Arc<Handling>,
    form: Form,
    clearance: ClearanceId,
    facts: Cow<'a, str>,
}

/// On what it depends how a full form is cleared here.
#[derive(PartialEq)]
struct Like<'a> {
    origin: &'a OrganisationId,
    conditions: &'a Handling,
    passages: &'a Passages,
    tlp: Option<Tlp>,
}

/// How something is cleared here.
#[derive(Clone)]
struct Cleared {
    handling: Arc<Handling>,
    producer: OrganisationNumber,
    clearance: ClearanceId,
    /// The clearances that it would have had if nothing were held.
    withheld: Vec<ClearanceId>,
}

/// What was decided in this unit of work.
#[derive(Default)]
struct Decided<'a> {
    by_handling: HashMap<Arc<Handling>, (Arc<Decision>, String)>,
    interned: HashMap<(Arc<Handling>, Form), ClearanceId>,
    /// Octets of ways of handling that are new here.
    fresh: u64,
    /// What most of what comes is like.
    alike: Vec<(Like<'a>, Cleared)>,
    /// By origin, the full form of a derived one, with its handling.
    full_of: HashMap<(&'a OrganisationId, &'a ItemId), (ItemId, Arc<Handling>)>,
}

/// How an item is handled here, in which form it is released, and for a derived form that came
/// with its full form, that one.
type Handled = (Arc<Handling>, Form, Option<ItemId>);

/// Withdrawals that came before their items, by [`ahead_of`].
pub(super) type Ahead = BTreeMap<String, Instant>;

/// A way on which an item came.
#[derive(Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) leaf: Digest,
    trail: Vec<OrganisationId>,
    /// When it was last passed on so, and by which passages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<(Instant, Digest)>,
    /// The entry with its envelope; absent for the first, which the item has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deed: Option<Sequence>,
    /// The clearance of all who were entitled by it, where some of them had the item by another: they
    /// have it by this one when that ceases to bind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entitled: Option<ClearanceId>,
}

/// Under which clearance an item was released by a way, and that of all who were entitled.
type ByWay = (ClearanceId, Option<ClearanceId>);

/// Of one item so many ways are told apart.
const WAYS: usize = 32;
/// So many producers' lines of one item a peer may begin beside others'.
const MOST_LINES: u16 = 256;
/// So many kinds of items are told apart before each is looked at by itself.
const ALIKE: usize = 16;

impl Load {
    /// Takes in the items; their places, with what became of each.
    pub(super) fn items(
        &self,
        unit: &mut dyn UnitOfWork,
        verified: &[(usize, &Verified)],
    ) -> Result<Vec<(usize, Outcome)>, StoreError> {
        if verified.is_empty() {
            return Ok(Vec::new());
        }
        self.shared.touch_book();
        let mut decided = Decided::default();
        let mut ready = Vec::with_capacity(verified.len());
        for (place, verified) in verified {
            ready.extend(self.ready(unit, (*place, verified), &mut decided)?);
        }
        self.charge(unit, decided.fresh)?;
        if ready.iter().any(|it| it.state == ItemState::Revoked) {
            self.shared.touch_served();
        }
        let drafts: Vec<_> = ready.iter().map(|it| it.draft(&self.actor)).collect();
        let placements = unit.place_items(&drafts)?;
        let mut ahead = HashMap::new();
        let mut outcomes = Vec::with_capacity(ready.len());
        for (ready, placement) in ready.iter().zip(placements) {
            let outcome = match placement {
                Placement::Added(_) | Placement::Withdrawn(_) => {
                    self.added(unit, ready, &mut ahead)?;
                    Outcome::New
                }
                Placement::Duplicate(stamp) => self.again(unit, ready, stamp.seq)?,
                Placement::Conflict(there) => self.contend(unit, ready, there.seq, &mut ahead)?,
                Placement::Twin(_) | Placement::Foreign(_) => {
                    self.beside(unit, ready, placement, &mut ahead)?
                }
            };
            outcomes.push((ready.place, outcome));
        }
        Ok(outcomes)
    }

    /// New ways of handling cost memory for good: whoever brings them has so much room for them.
    fn charge(&self, unit: &mut dyn UnitOfWork, fresh: u64) -> Result<(), StoreError> {
        if fresh == 0 {
            return Ok(());
        }
        let name = kinds_name(&self.peer);
        let before = unit.bookmark(&name)?.and_then(|kept| serde_json::from_slice(&kept).ok());
        let all = before.unwrap_or(0_u64).saturating_add(fresh);
        unit.set_bookmark(&name, &serde_json::to_vec(&all).unwrap_or_default())
    }

    fn ready<'a>(
        &'a self,
        unit: &mut dyn UnitOfWork,
        (place, verified): (usize, &'a Verified),
        decided: &mut Decided<'a>,
    ) -> Result<Option<Ready<'a>>, StoreError> {
        let envelope = verified.envelope();
        let What::Item(item) = &envelope.what else { return Ok(None) };
        let said = item.object.outline();
        let Some(id) = said.id.clone() else { return Ok(None) };
        let Some((cleared, form, derived_from)) =
            self.cleared(unit, (verified, item, &id), decided)?
        else {
            return Ok(None);
        };
        let Cleared { handling, producer, clearance, withheld } = cleared;
        let facts = match (&derived_from, &withheld[..], self.facts.get(place)) {
            (None, [], Some(facts)) => Cow::Borrowed(facts.as_str()),
            _ => facts(&self.peer, (envelope, item), derived_from.as_ref(), &withheld).into(),
        };
        Ok(Some(Ready {
            place,
            verified,
            item: item.as_ref(),
            version: said.version.unwrap_or_default(),
            state: if said.revoked { ItemState::Revoked } else { ItemState::Live },
            producer,
            clearance,
            facts,
            handling,
            form,
            id,
        }))
    }

    /// How an item is cleared here; found out once for those that are alike. Nothing when it
    /// concerns nobody.
    fn cleared<'a>(
        &self,
        unit: &mut dyn UnitOfWork,
        (verified, item, id): (&'a Verified, &'a Item, &ItemId),
        decided: &mut Decided<'a>,
    ) -> Result<Option<(Cleared, Form, Option<ItemId>)>, StoreError> {
        let simple = item.form == Form::Full && item.derived.is_none();
        let like = Like {
            origin: &verified.envelope().origin,
            conditions: &item.conditions,
            passages: verified.passages(),
            tlp: verified.tlp(),
        };
        if let Some((_, cleared)) = decided.alike.iter().find(|(known, _)| simple && *known == like)
        {
            return Ok(Some((cleared.clone(), Form::Full, None)));
        }
        let handled = self.handling(unit, (verified, item, id), decided)?;
        let Some((handling, form, derived_from)) = handled else { return Ok(None) };
        // A form without the victim is its origin's, also where who brought the other is not known yet.
        let directory = &self.mesh.standing.directory;
        let origin = &verified.envelope().origin;
        let own = directory.number(origin).filter(|_| item.form == Form::Redacted);
        let number = own.or_else(|| directory.number(&handling.producer));
        let Some(producer) = number else { return Ok(None) };
        let clearance = self.intern(unit, &handling, form, decided)?;
        let withheld = self.withheld(unit, &handling, decided)?;
        let cleared = Cleared { handling, producer, clearance, withheld };
        if simple && decided.alike.len() < ALIKE {
            decided.alike.push((like, cleared.clone()));
        }
        Ok(Some((cleared, form, derived_from)))
    }

    /// Nothing when it concerns nobody.
    fn handling<'a>(
        &self,
        unit: &mut dyn UnitOfWork,
        (verified, item, id): (&'a Verified, &'a Item, &ItemId),
        decided: &mut Decided<'a>,
    ) -> Result<Option<Handled>, StoreError> {
        let tlp = verified.tlp().unwrap_or(item.conditions.tlp);
        let origin = &verified.envelope().origin;
        if item.form == Form::Redacted
            && let Some((full, handling)) = self.full_of(unit, (origin, id), decided)?
        {
            let handling = match handling.tlp >= tlp {
                true => handling,
                false => Arc::new(Handling { tlp, ..Handling::clone(&handling) }),
            };
            return Ok(Some((handling, Form::Redacted, Some(full))));
        }
        let handling = item.handling(verified.passages(), tlp).or_else(|| {
            // TLP:CLEAR reaches everyone whoever gives it; of an exercise, whoever takes part.
            let nobodys =
                || Given { right: Right::none(), ..Given::by_the_producer(origin.clone()) };
            let via = item.conditions.exercise.as_ref().map(|_| nobodys());
            let via = via.into_iter().collect();
            (tlp == Tlp::Clear).then(|| Handling { via, ..item.conditions.clone() })
        });
        let Some(mut handling) = handling else { return Ok(None) };
        let known = |id: &OrganisationId| self.mesh.standing.directory.number(id).is_some();
        if !known(&handling.producer) {
            handling.producer = if known(origin) { origin } else { &self.peer }.clone();
        }
        let handling = match decided.by_handling.get_key_value(&handling) {
            Some((known, _)) => Arc::clone(known),
            None => Arc::new(handling),
        };
        if let Some(derived) = item.derived.as_ref().filter(|_| item.form == Form::Full) {
            decided.full_of.insert((origin, derived), (id.clone(), Arc::clone(&handling)));
        }
        Ok(Some((handling, Form::Full, None)))
    }

    /// The full form of a derived one, when it is here or comes with it: as the same origin says.
    fn full_of(
        &self,
        unit: &mut dyn UnitOfWork,
        (origin, derived): (&OrganisationId, &ItemId),
        decided: &mut Decided<'_>,
    ) -> Result<Option<(ItemId, Arc<Handling>)>, StoreError> {
        let of = |it: &StoredItem| {
            let brought = Provenance::of(it).map(|it| it.envelope);
            brought.is_some_and(|it| it.origin == *origin && it.derived.as_ref() == Some(derived))
        };
        if let Some((full, handling)) = decided.full_of.get(&(origin, derived)) {
            return Ok(Some((full.clone(), Arc::clone(handling))));
        }
        let Some(full) = full_of(unit, (origin, derived))? else { return Ok(None) };
        let clearance = unit.releases(&full)?.into_iter().find(of).map(|it| it.clearance);
        let Some(clearance) = clearance else { return Ok(None) };
        let clearance = self.shared.book.seen_by(unit, clearance)?;
        Ok(clearance.map(|clearance| (full, Arc::clone(&clearance.handling))))
    }

    fn intern(
        &self,
        unit: &mut dyn UnitOfWork,
        handling: &Arc<Handling>,
        form: Form,
        decided: &mut Decided<'_>,
    ) -> Result<ClearanceId, StoreError> {
        let key = (Arc::clone(handling), form);
        if let Some(known) = decided.interned.get(&key) {
            return Ok(*known);
        }
        let standing = &self.mesh.standing;
        if !decided.by_handling.contains_key(handling) && !self.shared.book.knows(handling) {
            decided.fresh += octets(handling);
        }
        let (decision, grounds) =
            decided.by_handling.entry(Arc::clone(handling)).or_insert_with(|| {
                let decision = standing.network.decision(handling);
                let grounds = Grounds { under: Cow::Borrowed(&decision.under) };
                let grounds = serde_json::to_string(&grounds).unwrap_or_default();
                (decision, grounds)
            });
        let (audience, stored) = match form {
            Form::Full => (&decision.full, vedetta_store::Form::Full),
            Form::Redacted => (&decision.redacted, vedetta_store::Form::Redacted),
        };
        let actor = CLEAR_ITEMS;
        let id = unit.intern(&NewClearance { handling, form: stored, audience, grounds, actor })?;
        self.recall(unit, handling)?;
        decided.interned.insert(key, id);
        Ok(id)
    }

    /// The clearances that what is handled so would have if nothing were held.
    fn withheld(
        &self,
        unit: &mut dyn UnitOfWork,
        handling: &Arc<Handling>,
        decided: &Decided<'_>,
    ) -> Result<Vec<ClearanceId>, StoreError> {
        let Some((decision, grounds)) = decided.by_handling.get(handling) else {
            return Ok(Vec::new());
        };
        let unheld = self.mesh.standing.network.decision_unheld(handling);
        if decision.reached == unheld.reached {
            return Ok(Vec::new());
        }
        let forms = [
            (vedetta_store::Form::Full, &unheld.full),
            (vedetta_store::Form::Redacted, &unheld.redacted),
        ];
        let intern = |(form, audience): (_, &Arc<Audience>)| {
            let actor = CLEAR_ITEMS;
            unit.intern(&NewClearance { handling, form, audience, grounds, actor })
        };
        forms.into_iter().map(intern).collect()
    }

    fn added<'a>(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'a>,
        aheads: &mut HashMap<&'a OrganisationId, Ahead>,
    ) -> Result<(), StoreError> {
        let origin = &ready.verified.envelope().origin;
        self.shared.came([&ready.id]);
        if let Some(derived) = &ready.item.derived {
            let name = full_name(origin, derived);
            unit.set_bookmark(&name, ready.id.as_str().as_bytes())?;
        }
        let ahead = match aheads.entry(origin) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(ahead(unit, origin)?),
        };
        let producer = &ready.item.conditions.producer;
        let own = ahead.remove(&ahead_of(&ready.id, Some(producer)));
        if own.is_some() {
            set_ahead(unit, origin, ahead)?;
        }
        // Where it names no producer it is of each whose comes.
        let of_all = ahead.get(&ahead_of(&ready.id, None)).copied();
        if [own, of_all].into_iter().flatten().any(|since| self.now < since.after(AHEAD_FOR)) {
            self.shared.touch_served();
            let reason = "withdrawn by its origin";
            let facts = serde_json::json!({ "reason": reason }).to_string();
            let taken = (&ready.id, ready.producer);
            if let Some(stamp) = unit.withdraw(&ready.id, ready.producer, &self.actor, &facts)? {
                keep_withdrawal(unit, taken, stamp, (origin.as_str(), reason))?;
            }
        }
        Ok(())
    }

    /// The same bytes again: on the same way, or on another, which may give rights to more.
    fn again(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
        origin: Sequence,
    ) -> Result<Outcome, StoreError> {
        let envelope = ready.verified.envelope();
        if envelope.origin == self.mesh.me && envelope.hops.is_empty() {
            return Ok(Outcome::Known);
        }
        let releases = unit.releases_from(origin)?;
        let name = ways_name(origin);
        let mut ways = ways(unit, origin)?;
        if ways.is_empty() {
            let first = self.first_way(unit, &releases)?;
            ways.extend(first.map(|first| Way::of(&first, first.leaf())));
        }
        let mut way = Way::of(envelope, ready.verified.leaf());
        let same = |known: &Way| known.leaf == way.leaf && known.trail == way.trail;
        let before = ways.iter().position(same);
        let (clearance, entitled) = match before {
            Some(place) if self.is_sealed_anew(unit, &ways[place], &releases)? => {
                let before = ways.remove(place);
                (ready.clearance, before.entitled)
            }
            Some(place) if way.says_other_than(&ways[place]) => {
                ways.remove(place);
                self.release_by_way(unit, ready, (origin, &releases))?
            }
            Some(_) => return Ok(Outcome::Known),
            None if ways.len() >= WAYS => return Ok(Outcome::Known),
            None => self.release_by_way(unit, ready, (origin, &releases))?,
        };
        // Though it says no more than the others, a peer may refuse those.
        let kept = Kept::Path { source: self.peer.clone(), origin, clearance: Some(clearance) };
        way.entitled = entitled;
        way.deed = Some(self.keep_envelope(unit, ready.id.as_str(), &kept, envelope)?.seq);
        for way in [ways.first(), Some(&way)].into_iter().flatten() {
            unit.set_bookmark(
                &way_name(&way.leaf),
                &serde_json::to_vec(&origin).unwrap_or_default(),
            )?;
        }
        ways.push(way);
        let ways = serde_json::to_vec(&ways).unwrap_or_default();
        unit.set_bookmark(&name, &ways)?;
        Ok(Outcome::Path)
    }

    /// Whether what came again on a way is worth keeping: a key that sealed it before counts for
    /// nothing by now.
    fn is_sealed_anew(
        &self,
        unit: &mut dyn UnitOfWork,
        way: &Way,
        releases: &[StoredItem],
    ) -> Result<bool, StoreError> {
        if !self.mesh.revokes {
            return Ok(false);
        }
        let before = match way.deed {
            Some(deed) => envelope_at(unit, deed)?,
            None => self.first_way(unit, releases)?,
        };
        Ok(before.is_some_and(|before| !self.mesh.is_sound(&before)))
    }

    /// The envelope by which an item came first.
    fn first_way(
        &self,
        unit: &mut dyn UnitOfWork,
        releases: &[StoredItem],
    ) -> Result<Option<Envelope>, StoreError> {
        let first = first_of(unit, releases)?;
        let first = first.and_then(|first| Some((Provenance::of(&first)?, first)));
        Ok(first.and_then(|(provenance, first)| provenance.envelope.with(&first.body)))
    }

    /// Releases an item again by the rights of another way, to those who cannot read it by the ways
    /// before; not when a way before gave the same, which it then has in common. It is released though
    /// it adds nobody: when the others cease to bind, this one is still there.
    fn release_by_way(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
        (origin, releases): (Sequence, &[StoredItem]),
    ) -> Result<ByWay, StoreError> {
        let network = &self.mesh.standing.network;
        let mut had = Audience::nobody();
        for release in releases {
            let clearance = self.shared.book.seen_by(unit, release.clearance)?;
            let Some(clearance) = clearance else { continue };
            if clearance.handling == ready.handling && clearance.form == ready.form {
                return Ok((release.clearance, None));
            }
            let today = network.decision(&clearance.handling);
            had.absorb(&clearance.audience.intersection(today.entitled(clearance.form)));
        }
        let decision = network.decision(&ready.handling);
        let (entitled, form) = match ready.form {
            Form::Full => (&decision.full, vedetta_store::Form::Full),
            Form::Redacted => (&decision.redacted, vedetta_store::Form::Redacted),
        };
        let grounds = Grounds { under: Cow::Borrowed(&decision.under) };
        let grounds = serde_json::to_string(&grounds).unwrap_or_default();
        let mut intern = |audience: &Audience| {
            let (handling, grounds, actor) = (&ready.handling, &grounds, CLEAR_ITEMS);
            unit.intern(&NewClearance { handling, form, audience, grounds, actor })
        };
        let clearance = intern(&entitled.difference(&had))?;
        let whole = if entitled.meets(&had) { Some(intern(entitled)?) } else { None };
        unit.rerelease(&[(origin, clearance)], &self.actor)?;
        self.shared.came([&ready.id]);
        Ok((clearance, whole))
    }

    /// Beside what others brought: in a line of its producer's own, unless it is what came when its
    /// producer was not known yet, or the peer has begun too many.
    fn beside<'a>(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'a>,
        found: Placement,
        aheads: &mut HashMap<&'a OrganisationId, Ahead>,
    ) -> Result<Outcome, StoreError> {
        if let Placement::Twin(_) = found
            && let Some(origin) = self.same_here(unit, ready)?
        {
            return self.again(unit, ready, origin);
        }
        let name = format!("lines/{}/{}", self.peer, ready.id);
        let begun = unit.bookmark(&name)?.and_then(|kept| serde_json::from_slice(&kept).ok());
        let begun = begun.unwrap_or(0_u16);
        if begun >= MOST_LINES {
            return Ok(Outcome::Crowded);
        }
        let draft = ItemDraft { claim: Claim::Own, ..ready.draft(&self.actor) };
        match unit.place_items(&[draft])?[..] {
            [Placement::Added(_)] => {
                unit.set_bookmark(&name, &serde_json::to_vec(&(begun + 1)).unwrap_or_default())?;
                self.added(unit, ready, aheads)?;
                Ok(Outcome::New)
            }
            [Placement::Duplicate(stamp)] => self.again(unit, ready, stamp.seq),
            [Placement::Conflict(there)] => self.contend(unit, ready, there.seq, aheads),
            _ => Ok(Outcome::Known),
        }
    }

    /// Where the very same is that came, under another producer's name.
    fn same_here(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'_>,
    ) -> Result<Option<Sequence>, StoreError> {
        let digest = vedetta_store::Digest::of(ready.item.object.text().as_bytes());
        let releases = unit.releases(&ready.id)?;
        let twin = |it: &&StoredItem| {
            it.origin == it.stamp.seq && it.version == ready.version && it.digest == digest
        };
        for twin in releases.iter().filter(twin) {
            let first = self.first_way(unit, std::slice::from_ref(twin))?;
            if first.is_some_and(|first| first.leaf() == ready.verified.leaf()) {
                return Ok(Some(twin.origin));
            }
        }
        Ok(None)
    }

    /// Other bytes under a version that its producer has here: the lesser SHA-256 prevails at every
    /// node, and the other is kept in the history.
    fn contend<'a>(
        &self,
        unit: &mut dyn UnitOfWork,
        ready: &Ready<'a>,
        there: Sequence,
        aheads: &mut HashMap<&'a OrganisationId, Ahead>,
    ) -> Result<Outcome, StoreError> {
        if let Some(outcome) = self.lost_before(unit, ready)? {
            return Ok(outcome);
        }
        let releases = unit.releases_from(there)?;
        let mine = vedetta_store::Digest::of(ready.item.object.text().as_bytes());
        if releases.first().is_none_or(|rival| rival.digest < mine) {
            return self.gave_way(unit, ready);
        }
        let reason = format!("{} brought what prevails", self.peer);
        match unit.set_aside(&[there], &self.actor, &reason) {
            Ok(()) => {}
            // What is withdrawn has nothing to prevail over.
            Err(StoreError::Refused(_)) => return self.gave_way(unit, ready),
            Err(error) => return Err(error),
        }
        self.put_all_aside(unit, &releases)?;
        self.shared.touch_served();
        let draft = ItemDraft { claim: Claim::Own, ..ready.draft(&self.actor) };
        match unit.place_items(&[draft])?[..] {
            [Placement::Added(_)] => {
                self.added(unit, ready, aheads)?;
                Ok(Outcome::New)
            }
            _ => self.gave_way(unit, ready),
        }
    }

    pub(super) fn keep_envelope(
        &self,
        unit: &mut dyn UnitOfWork,
        subject: &str,
        kept: &Kept,
        envelope: &Envelope,
    ) -> Result<Stamp, StoreError> {
        let body = serde_json::to_vec(envelope).unwrap_or_default();
        keep(unit, (&self.actor, subject), kept, &body)
    }
}

impl Ready<'_> {
    fn draft<'b>(&'b self, actor: &'b str) -> ItemDraft<'b> {
        ItemDraft {
            id: &self.id,
            version: self.version,
            producer: self.producer,
            claim: Claim::First,
            clearance: self.clearance,
            state: self.state,
            actor,
            facts: &self.facts,
            body: self.item.object.text().as_bytes(),
        }
    }
}

impl Way {
    /// Who brought it into the network.
    pub(super) fn origin(&self) -> Option<&OrganisationId> {
        self.trail.first()
    }

    fn of(envelope: &Envelope, leaf: Digest) -> Self {
        let trail = envelope.hops.iter().map(|hop| hop.from.clone()).collect();
        let said = envelope.hops.last().map(|hop| {
            let passages = serde_json::to_vec(&hop.passages).unwrap_or_default();
            (hop.at, digest(&[&passages]))
        });
        Self { leaf, trail, said, deed: None, entitled: None }
    }

    /// Whether it was passed on later than another, by other passages: who gives it may have got
    /// other rights to it meanwhile.
    fn says_other_than(&self, other: &Self) -> bool {
        let before = other.said.unwrap_or_default();
        self.said.is_some_and(|(at, passages)| at > before.0 && passages != before.1)
    }
}

/// Withdrawals of an origin that came before their items, with when.
pub(super) fn ahead(
    unit: &mut dyn UnitOfWork,
    origin: &OrganisationId,
) -> Result<Ahead, StoreError> {
    let ahead = unit.bookmark(&ahead_name(origin))?;
    Ok(ahead.and_then(|ahead| serde_json::from_slice(&ahead).ok()).unwrap_or_default())
}

pub(super) fn set_ahead(
    unit: &mut dyn UnitOfWork,
    origin: &OrganisationId,
    ahead: &Ahead,
) -> Result<(), StoreError> {
    unit.set_bookmark(&ahead_name(origin), &serde_json::to_vec(ahead).unwrap_or_default())
}

/// What is withdrawn: an item, or what one organisation brought of it.
pub(super) fn ahead_of(item: &ItemId, producer: Option<&OrganisationId>) -> String {
    match producer {
        Some(producer) => format!("{item} {producer}"),
        None => item.to_string(),
    }
}

fn ahead_name(origin: &OrganisationId) -> String {
    format!("withdrawn-ahead/{origin}")
}

/// On which ways an item came; nothing when there was only one.
pub(crate) fn ways<R: Reader + ?Sized>(
    reader: &mut R,
    origin: Sequence,
) -> Result<Vec<Way>, StoreError> {
    let ways = reader.bookmark(&ways_name(origin))?;
    Ok(ways.and_then(|ways| serde_json::from_slice(&ways).ok()).unwrap_or_default())
}

/// Of which item something that came by several ways is one.
pub(crate) fn way_of<R: Reader + ?Sized>(
    reader: &mut R,
    leaf: &Digest,
) -> Result<Option<Sequence>, StoreError> {
    let kept = reader.bookmark(&way_name(leaf))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
}

fn way_name(leaf: &Digest) -> String {
    format!("way-of/{leaf}")
}

/// Which full form a derived one of an origin has.
pub(crate) fn full_of<R: Reader + ?Sized>(
    reader: &mut R,
    (origin, derived): (&OrganisationId, &ItemId),
) -> Result<Option<ItemId>, StoreError> {
    let full = reader.bookmark(&full_name(origin, derived))?;
    let full = full.and_then(|full| String::from_utf8(full).ok());
    Ok(full.and_then(|full| ItemId::new(&full).ok()))
}

/// Where it is kept which full form a derived one of an origin has.
fn full_name(origin: &OrganisationId, derived: &ItemId) -> String {
    format!("full/{origin}/{derived}")
}
