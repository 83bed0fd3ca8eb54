//! Who watches the wires. No item leaves for a node where nobody may have it, by the agreements as
//! its sender knows them: here the oracle is asked, never the policy of a node. And no batch is taken
//! out of its order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{Envelope, Stands, What};
use vedetta_federation::frame::{Batch, Farewell, Frame};
use vedetta_federation::link::{By, Output};
use vedetta_model::{Agreement, AgreementId, Handling, OrganisationId};

use crate::oracle::Oracle;
use crate::world::World;

/// What, how many texts there were, which of them do not bind, and who left.
type Asked = (Digest, usize, Vec<AgreementId>, BTreeSet<OrganisationId>);

#[derive(Default)]
pub(crate) struct Witness {
    /// What was brought; for a derived form how its original is handled.
    brought: BTreeMap<Digest, Option<Handling>>,
    /// For which nodes what left.
    left: BTreeSet<(Digest, usize)>,
    /// The nodes that may have something, by what binds and who left.
    may: BTreeMap<Asked, BTreeSet<usize>>,
    /// The last batch of a connection that came to a node, and the last that it took in.
    came: BTreeMap<(u64, usize), u64>,
    taken: BTreeMap<(u64, usize), u64>,
    /// Frames that came before those sent first, and batches out of their order.
    pub(crate) overtaking: u64,
    pub(crate) disordered: u64,
    pub(crate) wrong: Vec<String>,
}

impl Witness {
    pub(crate) fn brought(&mut self, leaf: Digest, original: Option<Handling>) {
        self.brought.insert(leaf, original);
    }

    /// A batch leaves, from one node for another.
    pub(crate) fn leaves(
        &mut self,
        (world, texts): (&World, &[Arc<Agreement>]),
        (from, to): (usize, usize),
        (stands, gone): (&BTreeMap<AgreementId, Stands>, &BTreeSet<OrganisationId>),
        batch: &Batch,
    ) {
        for envelope in &batch.envelopes {
            let What::Item(item) = &envelope.what else { continue };
            let leaf = envelope.leaf();
            if is_given_back(world, envelope, from) {
                let its_own = envelope.origin == world.nodes[to];
                if !its_own && !self.has_left(&leaf, to) {
                    self.wrong
                        .push(format!("n{from} gives {leaf} back to n{to}, which never had it"));
                }
                continue;
            }
            let Some(original) = self.brought.get(&leaf) else {
                self.wrong.push(format!("n{from} sends {leaf}, which nobody brought"));
                continue;
            };
            let lapsed = stands.iter().filter(|(_, now)| **now != Stands::InForce);
            let key = (leaf, texts.len(), lapsed.map(|(id, _)| id.clone()).collect(), gone.clone());
            let may = self.may.entry(key).or_insert_with(|| {
                let oracle = Oracle { world, texts, stands: stands.clone(), gone: gone.clone() };
                let all = oracle.may(item, original.as_ref());
                all.iter().map(|id| world.speaker[id]).collect()
            });
            if !may.contains(&to) {
                self.wrong.push(format!("n{from} sends {leaf} to n{to}, where it is for nobody"));
            }
            self.left.insert((leaf, to));
        }
    }

    /// Whether an item ever left for a node.
    pub(crate) fn has_left(&self, leaf: &Digest, node: usize) -> bool {
        self.left.contains(&(*leaf, node))
    }

    /// A batch came to a node, which said this then: one that is not the next must be the last.
    pub(crate) fn came(&mut self, connection: u64, node: usize, number: u64, said: &[Output]) {
        let last = self.came.entry((connection, node)).or_default();
        if number == *last + 1 {
            *last = number;
            return;
        }
        self.disordered += 1;
        let tells = |it: &Output| {
            matches!(it, Output::Send(Frame::Bye(bye))
                if bye.reason == Farewell::Protocol && !bye.says.is_empty())
        };
        let ends = |it: &Output| matches!(it, Output::Down(Farewell::Protocol, By::Us));
        if !said.iter().any(tells) || !said.iter().any(ends) {
            self.wrong.push(format!("n{node} goes on after batch {number}, which was not next"));
        }
    }

    /// A node takes a batch in.
    pub(crate) fn takes(&mut self, connection: u64, node: usize, number: u64) {
        let last = self.taken.entry((connection, node)).or_default();
        *last += 1;
        if *last != number {
            self.wrong.push(format!("n{node} takes batch {number} in, and {last} was next"));
        }
    }
}

/// Whoever passes something on adds its hop; who gives it back takes hops away.
fn is_given_back(world: &World, envelope: &Envelope, from: usize) -> bool {
    envelope.hops.last().is_none_or(|hop| hop.from != world.nodes[from])
}
