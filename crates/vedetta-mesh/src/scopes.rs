//! For whom a peer speaks, in the course of time. What it was given while it spoke for somebody is
//! taken back from it though it does so no more; and what was passed over for it is offered to it once
//! it speaks for more, may know more contacts, or a hold is over: a place is read once.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_federation::shelf::Shelf as _;
use vedetta_flow::FlowError;
use vedetta_flow::corridor::{Kept, Provenance, keep};
use vedetta_flow::mesh::Mesh;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Audience, Contact, Handling, ItemId, OrganisationId};
use vedetta_store::{
    ClearanceId, ItemQuery, Reader, RecordKind, Sequence, StoreError, UnitOfWork, VersionFilter,
};

use crate::Nodes;
use crate::line::Line;
use crate::places::{gave_way_name, noted};
use crate::share::{counterparts, is_party, recorded};

/// The name under which the ledger knows this step.
const ACTOR: &str = vedetta_model::part::OFFER_AGAIN;
/// Releases offered again by one deed.
const TOGETHER: usize = 500;

/// So many withdrawals of what is held are remembered: who never had it misses none of them.
const HELD_BACK: usize = 256;
/// So many kinds of what is owed are told apart.
const KINDS: usize = 64;

/// For whom a peer speaks, and spoke.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Spoken {
    /// For whom it ever spoke.
    #[serde(with = "octets")]
    ever: Audience,
    /// For whom it did when the ledger was last read for it.
    #[serde(with = "octets")]
    now: Audience,
    /// Whose contacts it was told then: of those for whom this node speaks.
    #[serde(with = "octets")]
    contacts: Audience,
    /// What was held then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<Held>,
    /// What was offered then: with another edition everything is read again.
    edition: String,
    /// What is to be offered again.
    owed: Vec<Owed>,
}

/// What is held for a peer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptHeld")]
struct Held {
    scope: HoldScope,
    /// Whose authorities ordered it.
    by: BTreeSet<OrganisationId>,
    /// Nothing up to here was read for the peer while it was held.
    after: Sequence,
}

/// As it is kept. Once it was the scope alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptHeld {
    Held { scope: HoldScope, by: BTreeSet<OrganisationId>, after: Sequence },
    Scope(HoldScope),
}

/// What is to be offered again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Owed {
    /// What was cleared for these.
    #[serde(with = "octets")]
    whom: Audience,
    /// That alone which was held so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<HoldScope>,
    /// After this place.
    after: Sequence,
    /// Up to this one: what is later is read in the light of that day.
    until: Sequence,
}

/// What is remembered of it.
#[derive(Clone)]
pub(crate) struct Known {
    /// When what stood was compiled.
    compiled: u64,
    ever: Arc<Audience>,
    /// Whether something is to be offered again.
    owes: bool,
    /// Before which place nothing was read for it while something was held; none when nothing is.
    held_after: Option<Sequence>,
}

/// A stretch of what is to be offered again, and where the next begins.
type Stretch = (Vec<Sequence>, Option<Sequence>);

impl Nodes {
    /// Writes down what a peer is to be offered again by now, though nothing was written here: a hold
    /// ends by the clock.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn look_after(&self, peer: &OrganisationId) -> Result<(), FlowError> {
        self.attend(peer, &*self.house.mesh()?).map(drop)
    }

    /// The same, by what stands. Says for whom the peer ever spoke.
    pub(crate) fn attend(
        &self,
        peer: &OrganisationId,
        mesh: &Mesh,
    ) -> Result<Arc<Audience>, FlowError> {
        self.offer_passed_over(peer)?;
        self.note_scope(peer, mesh)
    }

    /// Notes for whom a peer speaks, before anything is read for it, and writes down the next stretch
    /// of what it is to be offered again. Says for whom it ever spoke.
    fn note_scope(&self, peer: &OrganisationId, mesh: &Mesh) -> Result<Arc<Audience>, FlowError> {
        let compiled = mesh.standing.compiled;
        let known = self.lines().get(peer).and_then(|line| line.spoken.clone());
        if let Some(known) = known.filter(|it| it.compiled == compiled && !it.owes) {
            return Ok(known.ever);
        }
        let scope = mesh.scope(peer);
        let contacts = counterparts(mesh, &scope);
        let edition = self.edition(peer).map_err(|it| FlowError::Conflict(it.to_string()))?;
        let name = spoken_name(peer);
        let before = self.house.read(|reader| reader.bookmark(&name)).map(read)?;
        let known = before.as_ref().map_or(&[][..], |before| &before.held);
        let held = held(mesh, known, self.house.bell().last());
        let said =
            Spoken { now: scope, contacts, held, edition, ..before.clone().unwrap_or_default() };
        let mut spoken = match before {
            Some(before) if before == said => before,
            _ => self.change_scope(peer, said)?,
        };
        if let Some(first) = spoken.owed.first().cloned() {
            spoken = self.offer_stretch(peer, mesh, first)?;
        }
        let held_after = spoken.held.iter().map(|it| it.after).min();
        let (ever, owes) = (Arc::new(spoken.ever), !spoken.owed.is_empty());
        let known = Known { compiled, ever: Arc::clone(&ever), owes, held_after };
        self.lines().entry(peer.clone()).or_default().spoken = Some(known);
        Ok(ever)
    }

    /// Writes down for whom a peer speaks from now on. What it was not offered for those who are new is
    /// owed, unless everything is read again.
    fn change_scope(&self, peer: &OrganisationId, said: Spoken) -> Result<Spoken, FlowError> {
        let (name, to) = (spoken_name(peer), peer.clone());
        let spoken = self.house.write(move |unit| {
            let before = read(unit.bookmark(&name)?);
            let mut spoken = said.clone();
            spoken.ever.absorb(&said.now);
            spoken.owed.clear();
            if let Some(before) = before.filter(|it| it.edition == said.edition) {
                let whom = said.now.difference(&before.now);
                spoken.owed = before.owed;
                let until = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
                let owed = |whom, held, after| Owed { whom, held, after, until };
                if !whom.is_empty() {
                    owe(&mut spoken.owed, owed(whom, None, Sequence::START));
                }
                let over = before.held.iter().filter(|it| it.gives_way_in(&said.held));
                let over = over.map(|it| owed(said.now.clone(), Some(it.scope.clone()), it.after));
                let over: Vec<_> = over.collect();
                if !over.is_empty() {
                    let held_back = held_back(unit, &to)?;
                    offer(unit, &to, held_back.into_iter().collect())?;
                    unit.set_bookmark(&held_back_name(&to), b"[]")?;
                }
                over.into_iter().for_each(|it| owe(&mut spoken.owed, it));
                tell_contacts(unit, &to, &said.contacts.difference(&before.contacts))?;
            }
            write(unit, &name, &spoken)?;
            Ok(spoken)
        })?;
        Ok(spoken)
    }

    /// Notes that something is read for a peer again after a place: what is held is passed over there,
    /// and offered once the hold is over.
    pub(crate) fn reads_after(
        &self,
        peer: &OrganisationId,
        place: Sequence,
    ) -> Result<(), FlowError> {
        let lowest = |line: &Line| line.spoken.as_ref().and_then(|it| it.held_after);
        if self.lines().get(peer).and_then(lowest).is_none_or(|lowest| lowest <= place) {
            return Ok(());
        }
        let name = spoken_name(peer);
        self.house.write(move |unit| {
            let Some(mut spoken) = read(unit.bookmark(&name)?) else { return Ok(()) };
            spoken.held.iter_mut().for_each(|it| it.after = it.after.min(place));
            write(unit, &name, &spoken)
        })?;
        if let Some(spoken) = self.lines().entry(peer.clone()).or_default().spoken.as_mut() {
            spoken.held_after = spoken.held_after.map(|it| it.min(place));
        }
        Ok(())
    }

    /// Remembers withdrawals that a peer is to hear of once what they are of is held no more.
    pub(crate) fn hold_back(
        &self,
        peer: &OrganisationId,
        places: BTreeSet<Sequence>,
    ) -> Result<(), FlowError> {
        if places.is_empty() {
            return Ok(());
        }
        let peer = peer.clone();
        self.house.write(move |unit| {
            let mut all = held_back(unit, &peer)?;
            all.extend(&places);
            while all.len() > HELD_BACK {
                all.pop_first();
            }
            let all = serde_json::to_vec(&all).unwrap_or_default();
            unit.set_bookmark(&held_back_name(&peer), &all)
        })?;
        Ok(())
    }

    /// Offers a peer again one stretch of what was passed over for it.
    fn offer_stretch(
        &self,
        peer: &OrganisationId,
        mesh: &Mesh,
        first: Owed,
    ) -> Result<Spoken, FlowError> {
        let book = &self.house.shared().book;
        let named =
            book.such(|it| first.is_of(&it.handling) && recorded(book, it).meets(&first.whom));
        let mut stretch = Stretch::default();
        self.house.read(|reader| {
            let ids = self.held_items(reader, &first)?;
            stretch = releases(reader, &first, (&named, &ids))?;
            if stretch.1.is_none() {
                stretch.0.extend(beside(reader, mesh, &first, (&named, &ids))?);
            }
            Ok(())
        })?;
        let (name, to) = (spoken_name(peer), peer.clone());
        let spoken = self.house.write(move |unit| {
            let mut spoken = read(unit.bookmark(&name)?).unwrap_or_default();
            if spoken.owed.first() != Some(&first) {
                return Ok(spoken);
            }
            let (places, next) = stretch.clone();
            offer(unit, &to, places)?;
            match next {
                Some(next) => spoken.owed[0].after = next,
                None => drop(spoken.owed.remove(0)),
            }
            write(unit, &name, &spoken)?;
            Ok(spoken)
        })?;
        Ok(spoken)
    }

    /// The item that was held, with its derived forms; none when it was no single item.
    fn held_items(&self, reader: &mut dyn Reader, owed: &Owed) -> Result<Vec<ItemId>, StoreError> {
        let Some(HoldScope::Item(id)) = &owed.held else { return Ok(Vec::new()) };
        let releases = reader.releases(id)?;
        let named = releases.iter().filter_map(|it| Provenance::of(it)?.envelope.derived);
        let mut ids: BTreeSet<_> = named.chain([id.clone()]).collect();
        let producers: BTreeSet<_> = releases.iter().map(|it| it.producer).collect();
        for producer in producers {
            ids.extend(self.house.derived_ids(reader, (id, producer))?);
        }
        Ok(ids.into_iter().collect())
    }
}

impl Owed {
    /// Whether what is handled so is among it.
    fn is_of(&self, handling: &Handling) -> bool {
        match &self.held {
            None | Some(HoldScope::Item(_)) => true,
            Some(HoldScope::Victim(victim)) => handling.victims.contains(victim),
            Some(HoldScope::Producer(producer)) => handling.producer == *producer,
        }
    }
}

impl From<KeptHeld> for Held {
    fn from(kept: KeptHeld) -> Self {
        match kept {
            KeptHeld::Held { scope, by, after } => Self { scope, by, after },
            KeptHeld::Scope(scope) => Self { scope, by: BTreeSet::new(), after: Sequence::START },
        }
    }
}

impl Held {
    /// Whether somebody may have it by what is held now that had it not before.
    fn gives_way_in(&self, now: &[Self]) -> bool {
        let same = now.iter().find(|it| it.scope == self.scope);
        same.is_none_or(|same| !same.by.is_superset(&self.by))
    }
}

/// Owes some more, together with what is owed alike already: but for the first, which is on its way.
/// Of more kinds than so many everything is offered again.
fn owe(all: &mut Vec<Owed>, more: Owed) {
    let more = if all.len() < KINDS { more } else { Owed { held: None, ..more } };
    match all.iter_mut().skip(1).find(|it| it.held == more.held) {
        Some(it) => {
            it.whom.absorb(&more.whom);
            it.after = it.after.min(more.after);
            it.until = it.until.max(more.until);
        }
        None => all.push(more),
    }
}

/// What is held, as it stands; what was not before is so from a place on.
fn held(mesh: &Mesh, before: &[Held], from: Sequence) -> Vec<Held> {
    let standing = &mesh.standing;
    let now = standing.network.compiled_at();
    let mut held: Vec<Held> = Vec::new();
    for hold in standing.holds.iter().filter(|hold| hold.binds(now)) {
        let (scope, by) = (&hold.scope, hold.organisation.clone());
        match held.iter_mut().find(|it| it.scope == *scope) {
            Some(it) => drop(it.by.insert(by)),
            None => {
                let known = before.iter().find(|it| it.scope == *scope);
                let after = known.map_or(from, |it| it.after);
                held.push(Held { scope: scope.clone(), by: [by].into(), after });
            }
        }
    }
    held
}

/// The releases of a stretch that were cleared for those who are new.
fn releases(
    reader: &mut dyn Reader,
    owed: &Owed,
    (named, ids): (&[ClearanceId], &[ItemId]),
) -> Result<Stretch, StoreError> {
    if named.is_empty() {
        return Ok(Stretch::default());
    }
    let found = reader.items(&ItemQuery {
        after: owed.after,
        until: Some(owed.until),
        as_of: None,
        without: &[],
        limit: TOGETHER,
        clearances: Some(named),
        producer: None,
        ids,
        kinds: &[],
        versions: VersionFilter::All,
    })?;
    Ok((found.items.iter().map(|it| it.stamp.seq).collect(), found.next))
}

/// What else there is for those who are new: what gave way, and the texts of their agreements.
fn beside(
    reader: &mut dyn Reader,
    mesh: &Mesh,
    owed: &Owed,
    (named, ids): (&[ClearanceId], &[ItemId]),
) -> Result<Vec<Sequence>, StoreError> {
    let mut places = Vec::new();
    for id in named {
        places.extend(noted(reader, &gave_way_name(*id))?);
    }
    if owed.held.is_some() {
        places.retain(|place| *place <= owed.until);
        return of_items(reader, places, ids);
    }
    let standing = &mesh.standing;
    for text in standing.agreements.iter().filter(|it| is_party(&standing.network, it, &owed.whom))
    {
        places.extend(noted(reader, &texts_name(text.id.as_str()))?);
    }
    places.retain(|place| *place <= owed.until);
    Ok(places)
}

/// Of some places those that are of some items; all when none is named.
fn of_items(
    reader: &mut dyn Reader,
    places: Vec<Sequence>,
    ids: &[ItemId],
) -> Result<Vec<Sequence>, StoreError> {
    if ids.is_empty() {
        return Ok(places);
    }
    let mut found = Vec::new();
    for place in places {
        let entry = reader.entries(Sequence(place.0.saturating_sub(1)), 1)?.pop();
        if entry.is_some_and(|entry| ids.iter().any(|id| id.as_str() == entry.subject)) {
            found.push(place);
        }
    }
    Ok(found)
}

/// Has a peer told the contacts of organisations that it may know from now on.
fn tell_contacts(
    unit: &mut dyn UnitOfWork,
    peer: &OrganisationId,
    whose: &Audience,
) -> Result<(), StoreError> {
    if whose.is_empty() {
        return Ok(());
    }
    let numbers = unit.numbers()?.into_iter().filter(|(_, number)| whose.contains(*number));
    let whose: BTreeSet<_> = numbers.map(|(id, _)| id).collect();
    let records = unit.records(RecordKind::Contact)?.into_iter();
    let theirs = records.filter(|record| {
        let contact = serde_json::from_slice::<Contact>(&record.body);
        contact.is_ok_and(|it| whose.contains(&it.organisation))
    });
    let places = theirs.map(|record| record.stamp.seq).collect();
    offer(unit, peer, places)
}

/// Has places of the ledger read again for a peer.
pub(crate) fn offer(
    unit: &mut dyn UnitOfWork,
    peer: &OrganisationId,
    mut places: Vec<Sequence>,
) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    places.sort_unstable();
    let kept = Kept::ReadAgain { to: Some(peer.clone()), places };
    keep(unit, (ACTOR, peer.as_str()), &kept, b"").map(drop)
}

fn read(kept: Option<Vec<u8>>) -> Option<Spoken> {
    kept.and_then(|kept| serde_json::from_slice(&kept).ok())
}

fn write(unit: &mut dyn UnitOfWork, name: &str, spoken: &Spoken) -> Result<(), StoreError> {
    unit.set_bookmark(name, &serde_json::to_vec(spoken).unwrap_or_default())
}

/// The withdrawals of which a peer was not told, since what they are of is held.
fn held_back<R: Reader + ?Sized>(
    reader: &mut R,
    peer: &OrganisationId,
) -> Result<BTreeSet<Sequence>, StoreError> {
    let kept = reader.bookmark(&held_back_name(peer))?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default())
}

fn held_back_name(peer: &OrganisationId) -> String {
    format!("held-back/{peer}")
}

/// Where it is kept for whom a peer speaks.
fn spoken_name(peer: &OrganisationId) -> String {
    format!("spoken/{peer}")
}

/// Where the texts of an agreement are noted.
pub(crate) fn texts_name(agreement: &str) -> String {
    format!("texts/{agreement}")
}

/// An audience as it is written.
mod octets {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use vedetta_model::Audience;

    pub(super) fn serialize<S: Serializer>(it: &Audience, to: S) -> Result<S::Ok, S::Error> {
        it.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Audience, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use vedetta_model::OrganisationNumber;

    use super::*;

    #[test]
    fn what_is_owed_alike_is_owed_once_and_of_few_kinds() {
        let owed = |whom, held: Option<&str>, after, until| Owed {
            whom: Audience::from_iter([OrganisationNumber(whom)]),
            held: held.map(|id| HoldScope::Producer(OrganisationId::new(id).unwrap())),
            after: Sequence(after),
            until: Sequence(until),
        };
        let mut all = vec![owed(1, None, 400, 900)];
        for n in 2..500 {
            owe(&mut all, owed(n, None, u64::from(n % 7), 1_000 + u64::from(n)));
        }
        let [first, second] = &all[..] else { panic!("{}", all.len()) };
        assert_eq!(*first, owed(1, None, 400, 900), "what is on its way goes on");
        assert_eq!((second.after, second.until), (Sequence(0), Sequence(1_499)));
        assert_eq!(second.whom.iter().count(), 498);
        for n in 0..500 {
            owe(&mut all, owed(n, Some(&format!("town-{n}")), 0, 2_000));
        }
        assert_eq!(all.len(), KINDS);
        assert_eq!(all[1].until, Sequence(2_000), "what is beyond is offered with everything");
    }
}
