//! What a node goes on deciding from when it was given an item, and what it says to the next.

use std::collections::BTreeSet;

use vedetta_model::agreement::Redistribution;
use vedetta_model::{Given, Handling, OrganisationId, Tlp};
use vedetta_policy::{Form, Passage};

use crate::check::MOST_AGREEMENTS;
use crate::envelope::Item;
use crate::hop::{MOST_HOPS, MOST_PASSAGES, agreements, carries, gives, leads_to, names_no_wider};

/// What a peer is told of one item by the paths that are offered to it, in the order in which they
/// came. A path is worth sending when it passes under an agreement under which no path of no more
/// hops does, or by a wider right: so paths do not multiply, and a shorter way is not lost to a
/// longer that was first. Whoever else gives under the same agreement reaches the same.
#[derive(Clone, Debug, Default)]
pub struct Coverage(Vec<(usize, Option<Passage>)>);

/// Whether a path is worth sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// It says something new.
    News,
    /// All that it says is said.
    Nothing,
}

impl Coverage {
    /// Looks at the next path: how many hops it has, and who gives by it.
    pub fn add(&mut self, hops: usize, passages: &[Passage]) -> Worth {
        let mut says: Vec<_> = passages.iter().map(Some).collect();
        if says.is_empty() {
            says.push(None);
        }
        let said = |it: &Option<&Passage>| {
            self.0.iter().any(|(before, known)| {
                *before <= hops
                    && it.is_none_or(|it| known.as_ref().is_some_and(|known| says_all(known, it)))
            })
        };
        if says.iter().all(said) {
            return Worth::Nothing;
        }
        self.0.extend(says.into_iter().map(|it| (hops, it.cloned())));
        Worth::News
    }
}

fn says_all(known: &Passage, other: &Passage) -> bool {
    known.under == other.under
        && (known.under.is_some() || known.giver == other.giver)
        && other.right.is_within(&known.right)
        && names_no_wider(other, known)
}

impl Item {
    /// How a node handles the item that was given it by these passages, at the strictest marking of
    /// its trail. The chains begin at the givers, and at the producer unless the form hides it.
    /// Nothing when nobody gave it.
    #[must_use]
    pub fn handling(&self, passages: &[Passage], tlp: Tlp) -> Option<Handling> {
        let produced = (self.form == Form::Full)
            .then(|| Given::by_the_producer(self.conditions.producer.clone()));
        let via: BTreeSet<_> = passages.iter().map(Passage::given).chain(produced).collect();
        let tlp = tlp.max(self.conditions.tlp);
        (!via.is_empty()).then(|| Handling { tlp, via, ..self.conditions.clone() })
    }
}

/// Of what this node's network says about passing an item on, what the trail bears out: what the
/// next node would refuse is left out, and what is founded on another chain than the one by which
/// it came here is founded on both. `before` are the passages of the hop that brought it, nothing at
/// its origin, and only those that still count; `speaks` says for whom this node speaks.
#[must_use]
pub fn borne_out(
    item: &Item,
    before: Option<&[Passage]>,
    said: Vec<Passage>,
    speaks: impl Fn(&OrganisationId) -> bool,
) -> Vec<Passage> {
    let founded = |mut passage: Passage| {
        let produced = item.form == Form::Full && passage.giver == item.conditions.producer;
        if produced {
            passage.on.clear();
            passage.through.clear();
            return Some(passage);
        }
        let own = speaks(&passage.giver);
        let Some(before) = before else { return own.then_some(passage) };
        let producer = &item.conditions.producer;
        let borne = |it: &Passage| carries(it, &passage) || own && leads_to(it, &passage, producer);
        if before.iter().any(borne) {
            return Some(passage);
        }
        let gave = |it: &&Passage| it.gives != Redistribution::None && it.under.is_some();
        let root = passage.root.clone();
        let lets = |it: &&Passage| root.as_ref().is_none_or(|root| gives(it).allows(root));
        let names = |it: &&Passage| it.naming.is_some();
        let mut giving = before.iter().filter(|_| own).filter(gave).filter(lets);
        let ground = giving.clone().find(names).or_else(|| giving.next())?;
        let given = gives(ground);
        passage.right = passage.right.and(given.clone());
        let naming = passage.naming.filter(|_| ground.naming.is_some());
        passage.naming = naming.map(|right| right.and(given));
        passage.on.extend(ground.on.iter().chain(&ground.under).cloned());
        let between =
            [&ground.giver].into_iter().filter(|it| ![producer, &passage.giver].contains(it));
        passage.through.extend(ground.through.iter().chain(between).cloned());
        Some(passage)
    };
    let few = |it: &Passage| agreements(it) <= MOST_AGREEMENTS && it.through.len() <= MOST_HOPS;
    said.into_iter().filter_map(founded).filter(few).take(MOST_PASSAGES).collect()
}
