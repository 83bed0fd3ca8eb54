//! The live set of indicators: ten million in memory, asked of every event.
//!
//! A large table that never changes, and a small one over it with what was added or taken back
//! since: a change makes a new pair, and shares the large table with the old one.

mod key;
mod mark;
mod observed;
mod table;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use vedetta_indicator::{DecayTable, Kind, Life, Standing, Term};
use vedetta_model::Instant;

use self::key::Key;
use self::table::{Entry, Table};
use crate::event::Event;

pub use self::mark::{marks, marks_of, outside};

/// The 128 bits of an identifier, and 32 of whose line it is: none of these is all of its lines.
pub type Id = [u8; 20];

/// An indicator, whoever's lines.
#[must_use]
pub const fn whole(mut id: Id) -> Id {
    let [.., a, b, c, d] = &mut id;
    (*a, *b, *c, *d) = (0, 0, 0, 0);
    id
}

/// The lines that are meant.
#[must_use]
pub fn lines_of(id: Id) -> RangeInclusive<Id> {
    let mut last = id;
    if let ([.., 0, 0, 0, 0], [.., a, b, c, d]) = (id, &mut last) {
        (*a, *b, *c, *d) = (u8::MAX, u8::MAX, u8::MAX, u8::MAX);
    }
    id..=last
}

/// Makes a set.
#[derive(Debug, Default)]
pub struct Builder {
    table: table::Builder,
}

/// A set.
#[derive(Debug, Clone, Default)]
pub struct Indicators {
    base: Arc<Table>,
    added: Arc<Table>,
    /// What was added since, to make the table over it anew.
    recent: Arc<Vec<(Id, Term, Life)>>,
    removed: Arc<HashSet<Id>>,
    /// When others last saw them.
    seen: Arc<HashMap<Id, Instant>>,
    decay: Arc<DecayTable>,
}

/// The moments that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// When the event happened.
    pub seen: Instant,
    /// When it is asked. An indicator that became known since counts for what was before, too.
    pub now: Instant,
}

impl When {
    /// An event that happens as it is asked.
    #[must_use]
    pub fn live(now: Instant) -> Self {
        Self { seen: now, now }
    }

    /// As of when an indicator is judged.
    pub(crate) fn of(self, life: &Life) -> Instant {
        self.seen.max(life.valid_from.min(self.now))
    }
}

/// That a value of an event is one that an indicator looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The indicator.
    pub indicator: Id,
    /// What the value is.
    pub kind: &'static str,
    /// What the indicator looks for.
    pub value: String,
    /// Where the value stands in the event.
    pub field: String,
    /// What is left of the indicator's worth, 1 to 100.
    pub score: u8,
}

/// What is used again from one event to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    text: String,
    asked: Vec<Asked>,
    bytes: Vec<u8>,
    found: Vec<Found>,
    /// Indicators seen whose time is over, or has not come.
    pub out_of_time: u64,
}

/// A value of the event that is to be looked up.
#[derive(Debug, Clone, Copy)]
struct Asked {
    hash: u64,
    group: u64,
    /// Where its bytes are.
    bytes: (u32, u32),
    place: u32,
    sort: u8,
}

/// A place in one of the tables, and the value of the event.
#[derive(Debug, Clone, Copy)]
struct Found {
    added: Side,
    entry: u32,
    place: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Base,
    Added,
}

impl Builder {
    /// Makes room for so many.
    #[must_use]
    pub fn with_room_for(count: usize) -> Self {
        Self { table: table::Builder::with_room_for(count) }
    }

    /// Adds a value that an indicator looks for.
    pub fn add(&mut self, id: Id, term: &Term, life: &Life) {
        if let Some(key) = Key::of(term) {
            self.table.add(&key, &Entry::new(id, life));
        }
    }

    /// The set.
    #[must_use]
    pub fn build(self, decay: DecayTable) -> Indicators {
        Indicators {
            base: Arc::new(self.table.build()),
            added: Arc::default(),
            recent: Arc::default(),
            removed: Arc::default(),
            seen: Arc::default(),
            decay: Arc::new(decay),
        }
    }
}

impl Indicators {
    /// How its indicators decay.
    #[must_use]
    pub fn decay(&self) -> &DecayTable {
        &self.decay
    }

    /// How many values are looked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.len() + self.added.len()
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many changes the small table holds: when they are many, it is time to build a new set.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.recent.len() + self.removed.len()
    }

    /// The set with some added and some taken back. What is added replaces what was known of the
    /// same indicator.
    #[must_use]
    pub fn changed(&self, added: &[(Id, Term, Life)], removed: &[Id]) -> Self {
        let gone: HashSet<Id> =
            added.iter().map(|it| it.0).chain(removed.iter().copied()).collect();
        let is_gone = |id: Id| gone.contains(&id) || gone.contains(&whole(id));
        let stay = self.recent.iter().filter(|it| !is_gone(it.0));
        let recent: Vec<_> = stay.chain(added).cloned().collect();
        let mut table = table::Builder::with_room_for(recent.len());
        for (id, term, life) in &recent {
            if let Some(key) = Key::of(term) {
                table.add(&key, &Entry::new(*id, life));
            }
        }
        let removed = self.removed.union(&gone).copied().collect();
        Self {
            base: Arc::clone(&self.base),
            added: Arc::new(table.build()),
            recent: Arc::new(recent),
            removed: Arc::new(removed),
            seen: Arc::clone(&self.seen),
            decay: Arc::clone(&self.decay),
        }
    }

    /// Notes when others saw indicators: their worth is counted from then.
    pub fn note_seen(&mut self, sightings: impl IntoIterator<Item = (Id, Instant)>) {
        let seen = Arc::make_mut(&mut self.seen);
        for (id, at) in sightings {
            let last = seen.entry(whole(id)).or_insert(at);
            *last = at.max(*last);
        }
    }

    /// Finds what an event has of it.
    pub fn matches(
        &self,
        event: &Event<'_>,
        when: When,
        scratch: &mut Scratch,
        hits: &mut Vec<Hit>,
    ) {
        self.ask(event, scratch);
        for asked in &mut scratch.asked {
            asked.group = self.base.group(asked.hash);
        }
        let Scratch { asked, bytes, found, .. } = scratch;
        for Asked { sort, hash, bytes: (start, end), place, group } in asked.iter().copied() {
            let bytes = bytes.get(start as usize..end as usize).unwrap_or_default();
            let key = key::Hashed { sort, bytes, hash };
            self.base
                .find(group, &key, |entry| found.push(Found { added: Side::Base, entry, place }));
            if self.added.len() > 0 {
                let group = self.added.group(hash);
                self.added.find(group, &key, |entry| {
                    found.push(Found { added: Side::Added, entry, place })
                });
            }
        }
        if !scratch.found.is_empty() {
            self.settle(event, when, scratch, hits);
        }
    }

    /// Lists what is to be looked up of an event.
    fn ask(&self, event: &Event<'_>, scratch: &mut Scratch) {
        let Scratch { text, asked, bytes, found, .. } = scratch;
        asked.clear();
        bytes.clear();
        found.clear();
        let lengths = self.base.lengths().and(self.added.lengths());
        let sorts = self.base.sorts().and(self.added.sorts());
        let urls = |host: u64| self.base.may_have_url(host) || self.added.may_have_url(host);
        let sought = observed::sought();
        for (place, name) in (0..).zip(event.names()) {
            let Some(what) = sought.what(*name) else { continue };
            let mut note = |keys: &key::Keys<'_>| {
                let start = octets(bytes.len());
                bytes.extend_from_slice(keys.bytes);
                let end = octets(bytes.len());
                let sort = keys.sort;
                asked.extend(keys.each.iter().map(|(from, hash)| {
                    let bytes = (start + octets(*from), end);
                    Asked { hash: *hash, group: 0, bytes, place, sort }
                }));
            };
            let looked = observed::Looked { event, text, lengths, sorts, urls: &urls };
            looked.at(what, event.value(place as usize), &mut note);
        }
    }

    /// Of what was found, what counts.
    fn settle(&self, event: &Event<'_>, when: When, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        for Found { added, entry, place } in scratch.found.drain(..) {
            let table = if added == Side::Base { &self.base } else { &self.added };
            let Some((known, key)) = table.entry(entry) else { continue };
            let all = whole(known.id);
            let is_gone = self.removed.contains(&known.id) || self.removed.contains(&all);
            if added == Side::Base && is_gone {
                continue;
            }
            let kinds: &[Kind] = &[key.kind()];
            let life = Life { last_sighting: self.seen.get(&all).copied(), ..known.life() };
            match self.decay.standing(&life, kinds, when.of(&life)) {
                Standing::Live(score) => {
                    let hit = Hit {
                        indicator: known.id,
                        kind: vedetta_indicator::kind::name(key.kind()),
                        value: key.written(),
                        field: event.path(place as usize),
                        score,
                    };
                    if !hits.contains(&hit) {
                        hits.push(hit);
                    }
                }
                _ => scratch.out_of_time += 1,
            }
        }
    }
}

/// A count of octets of one event's values: a line has no more than a MiB of them.
fn octets(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
