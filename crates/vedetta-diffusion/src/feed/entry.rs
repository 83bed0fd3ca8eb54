//! What a feed is made of: a released object, read and assessed.

use std::sync::Arc;

use vedetta_indicator::decay::Life;
use vedetta_indicator::{Breadth, DecayTable, Nature, Standing, Term, WarningLists, breadth, read};
use vedetta_model::{Instant, ItemId, Pap, Tlp};
use vedetta_policy::OMITTED;

/// One object and what it is worth.
#[derive(Clone, Debug)]
pub struct FeedEntry {
    /// The place of the release in the ledger.
    pub place: u64,
    /// The item.
    pub id: ItemId,
    /// The object, as JSON, as it was released.
    pub object: Arc<[u8]>,
    /// Its name, if it has one.
    pub name: String,
    /// How far it may go.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// What it says of its terms.
    pub nature: Nature,
    /// The terms each of which alone is what it describes.
    pub terms: Vec<FeedTerm>,
    /// How many of its values are not what their place says, and so protect nobody.
    pub unreadable: usize,
    /// Where an indicator stands; absent for what does not age.
    pub standing: Option<Standing>,
    /// From when it counts.
    pub valid_from: Option<Instant>,
    /// From when it counts no longer.
    pub valid_until: Option<Instant>,
    /// When this version was released.
    pub released: Instant,
    /// When it last began or ceased to count: by its release, or with time.
    pub changed: Instant,
}

/// A term, and whether to act on it is wise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedTerm {
    /// The term.
    pub term: Term,
    /// Why not to act on it.
    pub doubt: Option<Doubt>,
}

/// Why not to act on a term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// On a warning list, of this name.
    Listed(Arc<str>),
    /// Too broad.
    Broad(Breadth),
    /// A member of the network owns it, or part of it, and the reader may know that.
    Members,
    /// Not to be acted on, for a reason that the reader is not told.
    Withheld,
}

impl Doubt {
    /// Whether it is one because of what somebody owns.
    #[must_use]
    pub const fn is_of_owners(&self) -> bool {
        matches!(self, Self::Members | Self::Withheld)
    }
}

/// An item as it was released.
#[derive(Clone, Debug)]
pub struct Release {
    /// The place of the release in the ledger.
    pub place: u64,
    /// The item.
    pub id: ItemId,
    /// The object, as JSON.
    pub object: Arc<[u8]>,
    /// How far it may go.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// When it was released.
    pub at: Instant,
    /// When its indicator was last sighted, and when that was told.
    pub last_sighting: Option<Sighted>,
}

/// That an indicator was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighted {
    /// When.
    pub seen: Instant,
    /// When that was released.
    pub told: Instant,
}

/// By what an item is assessed.
#[derive(Clone, Copy)]
pub struct Measures<'a> {
    /// How worth is lost.
    pub decay: &'a DecayTable,
    /// What is harmless.
    pub lists: &'a WarningLists,
    /// The doubt about a term that concerns what a member of the network owns.
    pub owned: &'a dyn Fn(&Term) -> Option<Doubt>,
    /// The moment.
    pub now: Instant,
}

impl FeedEntry {
    /// Reads and assesses what was released; nothing if it is no object.
    #[must_use]
    pub fn assess(release: Release, by: &Measures<'_>) -> Option<Self> {
        let object = stix::Object::restore(std::str::from_utf8(&release.object).ok()?)?;
        let reading = read(&object);
        // A pattern of one value that is none, as an address of 999, gives no term at all.
        let silent = object.object_type() == "indicator"
            && object.text("pattern_type").is_none_or(|it| it == "stix")
            && reading.alone.is_empty()
            && reading.part.is_empty();
        let unreadable = reading.unreadable.len().max(usize::from(silent));
        let kinds: Vec<_> = reading.alone.iter().map(Term::kind).collect();
        let terms = reading.alone.into_iter().map(|term| {
            let doubt = by.doubt(&term);
            FeedTerm { term, doubt }
        });
        let terms: Vec<FeedTerm> = terms.collect();
        let name = object.text("name").unwrap_or_default();
        let name = match (name == OMITTED, terms.first()) {
            (true, Some(first)) => first.term.to_string(),
            _ => name,
        };
        let seen = release.last_sighting.map(|it| it.seen);
        let life = (reading.nature != Nature::Observed).then(|| Life::of(&object, seen));
        let turned = life.and_then(|life| by.decay.turned(&life, &kinds, by.now));
        let told = release.last_sighting.map(|it| it.told);
        let woken = told
            .filter(|told| life.is_some_and(|it| by.decay.rests_on_sightings(&it, &kinds, *told)));
        let turned = turned.max(woken);
        Some(Self {
            name,
            unreadable,
            nature: reading.nature,
            terms,
            standing: life.map(|life| by.decay.standing(&life, &kinds, by.now)),
            valid_from: life.map(|life| life.valid_from),
            valid_until: life.and_then(|life| life.valid_until),
            changed: turned.map_or(release.at, |turned| turned.max(release.at)),
            released: release.at,
            place: release.place,
            id: release.id,
            object: release.object,
            tlp: release.tlp,
            pap: release.pap,
        })
    }
}

impl Measures<'_> {
    fn doubt(&self, term: &Term) -> Option<Doubt> {
        if let Some(breadth) = breadth(term) {
            return Some(Doubt::Broad(breadth));
        }
        if let Some(doubt) = (self.owned)(term) {
            return Some(doubt);
        }
        let hits = self.lists.hits(term);
        let hit = hits.into_iter().find(|hit| hit.reach.is_doubtful())?;
        Some(Doubt::Listed(hit.list.name.as_str().into()))
    }
}
