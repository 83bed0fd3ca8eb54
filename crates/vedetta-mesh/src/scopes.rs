//! For whom a peer speaks, in the course of time. What it was given while it spoke for somebody is
//! taken back from it though it does so no more; and what was passed over for it is offered to it once
//! it speaks for more, or may know more contacts: a place is read once.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_federation::shelf::Shelf as _;
use vedetta_flow::FlowError;
use vedetta_flow::corridor::{Kept, keep};
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Audience, Contact, OrganisationId};
use vedetta_store::{
    ClearanceId, ItemQuery, Reader, RecordKind, Sequence, StoreError, UnitOfWork, VersionFilter,
};

use crate::Nodes;
use crate::places::{gave_way_name, noted};
use crate::share::{counterparts, is_party, recorded};

/// The name under which the ledger knows this step.
const ACTOR: &str = "offer_again";
/// Releases offered again by one deed.
const TOGETHER: usize = 500;

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
    /// What was offered then: with another edition everything is read again.
    edition: String,
    /// What is to be offered again.
    owed: Vec<Owed>,
}

/// What is to be offered again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owed {
    /// What was cleared for these.
    #[serde(with = "octets")]
    whom: Audience,
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
}

/// A stretch of what is to be offered again, and where the next begins.
type Stretch = (Vec<Sequence>, Option<Sequence>);

impl Nodes {
    /// Notes for whom a peer speaks, before anything is read for it, and writes down the next stretch
    /// of what it is to be offered again. Says for whom it ever spoke.
    pub(crate) fn note_scope(
        &self,
        peer: &OrganisationId,
        mesh: &Mesh,
    ) -> Result<Arc<Audience>, FlowError> {
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
        let said = Spoken { now: scope, contacts, edition, ..before.clone().unwrap_or_default() };
        let mut spoken = match before {
            Some(before) if before == said => before,
            _ => self.change_scope(peer, said)?,
        };
        if let Some(first) = spoken.owed.first().cloned() {
            spoken = self.offer_stretch(peer, mesh, first)?;
        }
        let (ever, owes) = (Arc::new(spoken.ever), !spoken.owed.is_empty());
        let known = Known { compiled, ever: Arc::clone(&ever), owes };
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
                if !whom.is_empty() {
                    let until = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
                    spoken.owed.push(Owed { whom, after: Sequence::START, until });
                }
                tell_contacts(unit, &to, &said.contacts.difference(&before.contacts))?;
            }
            write(unit, &name, &spoken)?;
            Ok(spoken)
        })?;
        Ok(spoken)
    }

    /// Offers a peer again one stretch of what was passed over for it.
    fn offer_stretch(
        &self,
        peer: &OrganisationId,
        mesh: &Mesh,
        first: Owed,
    ) -> Result<Spoken, FlowError> {
        let book = &self.house.shared().book;
        let named = book.such(|it| recorded(book, it).meets(&first.whom));
        let mut stretch = Stretch::default();
        self.house.read(|reader| {
            stretch = releases(reader, &first, &named)?;
            if stretch.1.is_none() {
                stretch.0.extend(beside(reader, mesh, (&first, &named))?);
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
}

/// The releases of a stretch that were cleared for those who are new.
fn releases(
    reader: &mut dyn Reader,
    owed: &Owed,
    named: &[ClearanceId],
) -> Result<Stretch, StoreError> {
    if named.is_empty() {
        return Ok(Stretch::default());
    }
    let found = reader.items(&ItemQuery {
        after: owed.after,
        until: Some(owed.until),
        as_of: None,
        limit: TOGETHER,
        clearances: Some(named),
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    })?;
    Ok((found.items.iter().map(|it| it.stamp.seq).collect(), found.next))
}

/// What else there is for those who are new: what gave way, and the texts of their agreements.
fn beside(
    reader: &mut dyn Reader,
    mesh: &Mesh,
    (owed, named): (&Owed, &[ClearanceId]),
) -> Result<Vec<Sequence>, StoreError> {
    let mut places = Vec::new();
    for id in named {
        places.extend(noted(reader, &gave_way_name(*id))?);
    }
    let standing = &mesh.standing;
    for text in standing.agreements.iter().filter(|it| is_party(&standing.network, it, &owed.whom))
    {
        places.extend(noted(reader, &texts_name(text.id.as_str()))?);
    }
    places.retain(|place| *place <= owed.until);
    Ok(places)
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
