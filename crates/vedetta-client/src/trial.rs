//! What a trial of several nodes brings, changes and takes back, and what must be there then. It knows
//! nothing of the house: who is entitled the nodes say themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

/// Of so many items one is an incident.
const INCIDENTS: u64 = 10;
/// Of so many times an earlier item gets a later version, and one is taken back.
const REVISED: u64 = 5;
const WITHDRAWN: u64 = 12;
/// TLP:AMBER of TLP 2.0.
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// Chance that can be played again (SplitMix64).
pub struct Chance(pub u64);

/// What is alike for the agreements: whether it is an incident, and where it was brought.
pub type Kind = (bool, usize);
/// What is for which node.
pub type Entitled = HashSet<(Kind, usize)>;
/// The versions that a node shows, by identifier and `modified`: how often each.
pub type Shown = HashMap<(String, String), usize>;

/// An item that was brought.
pub struct Piece {
    /// Its identifier.
    pub id: String,
    /// At which node.
    pub origin: usize,
    /// The `modified` of each version, the newest last.
    pub versions: Vec<String>,
    /// Whether it was taken back.
    pub withdrawn: bool,
    what: Map<String, Value>,
}

/// What is done next to what was brought at a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// That item gets a later version.
    Revise(usize),
    /// That one is taken back.
    Withdraw(usize),
}

/// What is wrong.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Items that are not where they should be in any version.
    pub lost: usize,
    /// Items that are there, and not in their newest version.
    pub stale: usize,
    /// Versions that are there twice.
    pub duplicated: usize,
    /// Items that are where they should not be.
    pub surplus: usize,
    /// Items that were taken back and are shown all the same.
    pub kept: usize,
    /// How much of what was brought at the second node is wrong at the first.
    pub wrong: BTreeMap<(usize, usize), usize>,
}

impl Chance {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }

    /// One of so many.
    pub fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    /// What is done next to the items brought at a node, if anything. The first two stay: of each kind
    /// one is asked for, to know for whom it is.
    pub fn next(&mut self, brought: &[Piece]) -> Option<Next> {
        let chosen = self.one_of(brought.len().max(1));
        let live = brought.get(chosen).is_some_and(|it| !it.withdrawn);
        match (live, self.below(REVISED * WITHDRAWN)) {
            (true, number) if number < WITHDRAWN => Some(Next::Revise(chosen)),
            (true, number) if number < WITHDRAWN + REVISED && chosen > 1 => {
                Some(Next::Withdraw(chosen))
            }
            _ => None,
        }
    }
}

impl Piece {
    /// The item of a number, brought at a node at a moment: `uuid` as text.
    #[must_use]
    pub fn new(number: u64, uuid: &str, origin: usize, moment: &str) -> Self {
        let (kind, what) = match number % INCIDENTS {
            0 => ("incident", json!({ "name": "Intrusion into a mail server" })),
            _ => (
                "indicator",
                json!({ "pattern": format!("[domain-name:value = 'host-{uuid}.example']"),
                    "pattern_type": "stix", "valid_from": moment, "indicator_types": ["malicious-activity"] }),
            ),
        };
        let mut what = what.as_object().cloned().unwrap_or_default();
        let id = format!("{kind}--{uuid}");
        let fixed = json!({ "type": kind, "spec_version": "2.1", "id": id, "created": moment,
            "object_marking_refs": [AMBER] });
        what.extend(fixed.as_object().cloned().unwrap_or_default());
        Self { id, origin, versions: vec![moment.to_owned()], withdrawn: false, what }
    }

    /// Its newest version, in a bundle's `objects`.
    #[must_use]
    pub fn bundle(&self) -> Vec<u8> {
        let mut object = self.what.clone();
        let newest = self.versions.last().cloned().unwrap_or_default();
        object.insert("modified".into(), newest.into());
        json!({ "objects": [object] }).to_string().into_bytes()
    }

    /// What is alike for the agreements.
    #[must_use]
    pub fn kind(&self) -> Kind {
        (self.id.starts_with("incident"), self.origin)
    }

    /// How often a node shows each of its versions, the newest last.
    fn shown(&self, there: &Shown) -> Vec<usize> {
        let of = |version: &String| there.get(&(self.id.clone(), version.clone()));
        self.versions.iter().map(|version| of(version).copied().unwrap_or(0)).collect()
    }
}

impl Missing {
    /// Compares what a node shows with what is for it.
    pub fn compare(&mut self, brought: &[Piece], there: &Shown, place: usize, entitled: &Entitled) {
        for piece in brought {
            let shown = piece.shown(there);
            let any = shown.iter().any(|times| *times > 0);
            let is_for_it = entitled.contains(&(piece.kind(), place));
            let count = match (piece.withdrawn, is_for_it) {
                (true, _) if any => &mut self.kept,
                (false, false) if any => &mut self.surplus,
                (true, _) | (false, false) => continue,
                (false, true) if !any => &mut self.lost,
                (false, true) if shown.iter().any(|times| *times > 1) => &mut self.duplicated,
                (false, true) if shown.last() != Some(&1) => &mut self.stale,
                (false, true) => continue,
            };
            *count += 1;
            self.at(place, piece.origin);
        }
    }

    /// Notes that something of an origin is wrong at a node.
    pub fn at(&mut self, place: usize, origin: usize) {
        *self.wrong.entry((place, origin)).or_default() += 1;
    }

    /// Where something is wrong, by the nodes' names: at which, of whose, how much.
    #[must_use]
    pub fn places(&self, names: &[&str]) -> Vec<String> {
        let name = |(&(at, origin), count): (&(usize, usize), &usize)| {
            format!("{}: {count} of {}", names[at], names[origin])
        };
        self.wrong.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_or_overtaken_is_told_apart() {
        let mut pieces: Vec<_> =
            (0..6).map(|n| Piece::new(n, &n.to_string(), 0, "2026-06-01T12:00:00Z")).collect();
        pieces[1].versions.push("2026-06-01T12:00:01Z".into());
        pieces[2].withdrawn = true;
        let shown = |piece: &Piece, version: usize| {
            ((piece.id.clone(), piece.versions[version].clone()), 1)
        };
        // The second as it was, the third though it is withdrawn, the fifth twice, the last nowhere.
        let mut there: Shown = pieces[..5].iter().map(|it| shown(it, 0)).collect();
        *there.get_mut(&shown(&pieces[4], 0).0).unwrap() = 2;
        let entitled = [(pieces[0].kind(), 1), (pieces[1].kind(), 1)].into();
        let mut missing = Missing::default();
        missing.compare(&pieces, &there, 1, &entitled);
        let Missing { lost, stale, duplicated, surplus, kept, .. } = missing;
        assert_eq!((lost, stale, duplicated, surplus, kept), (1, 1, 1, 0, 1));
        let mut missing = Missing::default();
        missing.compare(&pieces, &there, 2, &entitled);
        assert_eq!((missing.surplus, missing.kept), (4, 1), "it is for nobody else");
    }

    #[test]
    fn the_first_of_each_kind_is_never_taken_back() {
        let mut chance = Chance(7);
        let pieces: Vec<_> =
            (0..4).map(|n| Piece::new(n, &n.to_string(), 0, "2026-06-01T12:00:00Z")).collect();
        let next: Vec<_> = (0..1_000).filter_map(|_| chance.next(&pieces)).collect();
        for at in 0..4 {
            assert!(next.contains(&Next::Revise(at)));
            assert_eq!(next.contains(&Next::Withdraw(at)), at > 1);
        }
        assert_eq!(chance.next(&[]), None);
    }
}
