//! Whom a chain of agreements reaches: a fixpoint over audiences, with the log of how.
//!
//! Organisations that hold the item are kept in sets by the right with which they hold it. Each
//! round looks only at the gates whose givers gained somebody in the round before, so the first
//! entry of the log that reaches an organisation is a shortest chain to it.

use vedetta_model::agreement::VictimVisibility;
use vedetta_model::agreement::{Redistribution, Within};
use vedetta_model::{Audience, Given, Handling, OrganisationNumber, Right, Tlp};

use crate::group::Group;
use crate::network::Network;
use crate::pact::{Pact, Side};

/// A rule of release, in the order in which an explanation tries to set it aside: first what was
/// taken away or never begun, then what was not signed, then what the terms say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Rule {
    Standing,
    Adhesion,
    OnlyUnder,
    Marking,
    Category,
    Redistribution,
}

/// Rules set aside to find the nearest reason of a refusal.
#[derive(Clone, Copy, Default)]
pub(crate) struct Waived(u8);

/// Which agreements may carry the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carriers {
    /// All.
    Any,
    /// Only those that name the victim.
    Naming,
}

/// What to look for.
pub(crate) struct Search<'a> {
    pub(crate) network: &'a Network,
    pub(crate) handling: &'a Handling,
    pub(crate) producer: OrganisationNumber,
    /// Where the chains begin: at the producer, or at those who gave it to this node.
    pub(crate) starts: Vec<Start<'a>>,
    pub(crate) carriers: Carriers,
    pub(crate) waived: Waived,
}

/// Where chains begin.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) number: OrganisationNumber,
    pub(crate) right: &'a Right,
    /// Who gave it to this node; absent for the producer.
    pub(crate) given: Option<&'a Given>,
}

/// Whom the chains reach, and how.
pub(crate) struct Reach {
    /// Those at whom it begins and everyone reached.
    pub(crate) held: Audience,
    /// What was passed on, in the order of the length of the chain.
    pub(crate) log: Vec<Step>,
}

/// One passage: under a pact, from a giver on one side to the members of another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Step {
    pub(crate) pact: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) giver: OrganisationNumber,
    whom: Whom,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Whom {
    /// Everyone on the side but the giver.
    Others,
    /// One, who was the only giver before.
    One(OrganisationNumber),
}

/// A pair of sides through which the item may pass.
struct Gate {
    pact: usize,
    from: usize,
    to: usize,
    /// The only giver so far, when it is also on the receiving side.
    alone: Option<OrganisationNumber>,
}

/// Who may pass the item on: under any agreement, and within each lineage.
struct Rights {
    any: Audience,
    /// By the number of the framework.
    lineages: Vec<Audience>,
}

/// Who gained a right in the last round.
struct Fresh {
    any: Group,
    lineages: Vec<Group>,
}

impl Rule {
    pub(crate) const ALL: [Self; 6] = [
        Self::Standing,
        Self::Adhesion,
        Self::OnlyUnder,
        Self::Marking,
        Self::Category,
        Self::Redistribution,
    ];
}

impl Waived {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(rules: &[Rule]) -> Self {
        Self(rules.iter().fold(0, |set, rule| set | 1 << *rule as u8))
    }

    const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }
}

impl Search<'_> {
    /// Runs to the fixpoint. Every gate passes at most twice, so it ends.
    pub(crate) fn run(&self) -> Reach {
        let frameworks = self.network.roots.len();
        let mut rights = Rights::none(frameworks);
        let mut gained = self.rights_at_the_start();
        let held = self.starts.iter().map(|start| start.number).collect();
        let mut reach = Reach { held, log: Vec::new() };
        let mut fresh = rights.take_in(&mut gained);
        let mut gates = self.gates();
        while !fresh.is_empty() {
            gates.retain_mut(|gate| {
                let givers = self.side_members(&self.pact(gate).sides[gate.from]);
                let idle = !fresh.concerns(givers, self.pact(gate).root);
                idle || self.pass(gate, givers, &rights, &mut (&mut gained, &mut reach))
            });
            fresh = rights.take_in(&mut gained);
        }
        reach
    }

    fn rights_at_the_start(&self) -> Rights {
        let mut rights = Rights::none(self.network.roots.len());
        for Start { number, right, .. } in &self.starts {
            match right {
                Right::Lineages(roots) if !self.waived.has(Rule::Redistribution) => {
                    for root in roots.iter().filter_map(|root| self.network.roots.get(root)) {
                        rights.lineages[*root].insert(*number);
                    }
                }
                _ => {
                    rights.any.insert(*number);
                }
            }
        }
        rights
    }

    /// Whether the item begins at an organisation, with the right to pass it on under a pact.
    pub(crate) fn beginning(&self, giver: OrganisationNumber, pact: &Pact) -> Option<Start<'_>> {
        let waived = self.waived.has(Rule::Redistribution);
        let begins = |start: &&Start<'_>| {
            start.number == giver && (waived || start.right.allows(pact.framework()))
        };
        self.starts.iter().find(begins).copied()
    }

    /// Whether the item begins at an organisation.
    pub(crate) fn begins_at(&self, number: OrganisationNumber) -> bool {
        self.starts.iter().any(|start| start.number == number)
    }

    /// Lets the item through a gate; says whether the gate may pass more later.
    fn pass(
        &self,
        gate: &mut Gate,
        givers: &Group,
        rights: &Rights,
        out: &mut (&mut Rights, &mut Reach),
    ) -> bool {
        let pact = self.pact(gate);
        let receivers = self.side_members(&pact.sides[gate.to]);
        let (first, second) = givers.first_two_of(&rights.any, &rights.lineages[pact.root]);
        let step =
            |giver, whom| Step { pact: gate.pact, from: gate.from, to: gate.to, giver, whom };
        let other = [first, second].into_iter().flatten().find(|giver| gate.alone != Some(*giver));
        let Some(giver) = other else { return true };
        if let Some(alone) = gate.alone {
            out.1.log.push(step(giver, Whom::One(alone)));
            self.grant(pact, out, |audience| {
                audience.insert(alone);
            });
            return false;
        }
        let had_it_back = second.filter(|_| receivers.contains(giver));
        if receivers.meets_but(giver, receivers.all()) {
            out.1.log.push(step(giver, Whom::Others));
        }
        if let Some(second) = had_it_back {
            out.1.log.push(step(second, Whom::One(giver)));
        }
        let keep_out = had_it_back.is_none() && receivers.contains(giver);
        self.grant(pact, out, |audience| {
            let had = audience.contains(giver);
            receivers.pour_into(audience);
            if keep_out && !had {
                audience.remove(giver);
            }
        });
        if keep_out {
            gate.alone = Some(giver);
        }
        keep_out
    }

    /// Gives the item, and the right that the pact gives with it, to those that `pour` adds.
    fn grant(
        &self,
        pact: &Pact,
        (gained, reach): &mut (&mut Rights, &mut Reach),
        pour: impl Fn(&mut Audience),
    ) {
        pour(&mut reach.held);
        let right = if self.waived.has(Rule::Redistribution) {
            Redistribution::Any
        } else {
            pact.agreement.handling.redistribution
        };
        match right {
            Redistribution::None => {}
            Redistribution::Lineage => pour(&mut gained.lineages[pact.root]),
            Redistribution::Any => pour(&mut gained.any),
        }
    }

    fn gates(&self) -> Vec<Gate> {
        let pacts = self.network.pacts.iter().enumerate();
        let mut gates = Vec::new();
        for (place, pact) in pacts.filter(|(_, pact)| self.carries(pact)) {
            for (from, giving) in pact.sides.iter().enumerate() {
                for (to, receiving) in pact.sides.iter().enumerate() {
                    let apart = from == to && giving.within == Within::Apart;
                    if !apart && self.exchanges(giving, receiving) {
                        gates.push(Gate { pact: place, from, to, alone: None });
                    }
                }
            }
        }
        gates
    }

    fn carries(&self, pact: &Pact) -> bool {
        let terms = &pact.agreement.handling;
        (pact.standing.is_in_force() || self.waived.has(Rule::Standing))
            && (self.handling.tlp <= terms.highest_tlp || self.waived.has(Rule::Marking))
            && (self.carriers == Carriers::Any || terms.victim == VictimVisibility::Named)
            && (within_limit(self.handling, pact) || self.waived.has(Rule::OnlyUnder))
    }

    fn exchanges(&self, giving: &Side, receiving: &Side) -> bool {
        let category = self.handling.category;
        self.waived.has(Rule::Category)
            || (giving.gives.pass(category) && receiving.receives.pass(category))
    }

    fn pact(&self, gate: &Gate) -> &Pact {
        &self.network.pacts[gate.pact]
    }

    fn side_members<'s>(&self, side: &'s Side) -> &'s Group {
        if self.waived.has(Rule::Adhesion) { &side.candidates } else { &side.members }
    }

    /// Those of an audience whom a step reaches.
    pub(crate) fn targets(&self, step: &Step, among: &Audience) -> Audience {
        match step.whom {
            Whom::One(one) if among.contains(one) => Audience::from_iter([one]),
            Whom::One(_) => Audience::nobody(),
            Whom::Others => {
                let side = &self.network.pacts[step.pact].sides[step.to];
                let mut targets = self.side_members(side).within(among);
                targets.remove(step.giver);
                targets
            }
        }
    }

    /// Whether a step reaches anyone of an audience.
    pub(crate) fn meets(&self, step: &Step, audience: &Audience) -> bool {
        match step.whom {
            Whom::One(one) => audience.contains(one),
            Whom::Others => {
                let side = &self.network.pacts[step.pact].sides[step.to];
                self.side_members(side).meets_but(step.giver, audience)
            }
        }
    }

    fn reaches(&self, step: &Step, whom: OrganisationNumber) -> bool {
        match step.whom {
            Whom::One(one) => one == whom,
            Whom::Others => {
                let side = &self.network.pacts[step.pact].sides[step.to];
                step.giver != whom && self.side_members(side).contains(whom)
            }
        }
    }

    /// The chain that ends with an entry of the log, given by one of these where one of them may
    /// give it as well: the log names one giver of many.
    pub(crate) fn chain_by(&self, reach: &Reach, last: usize, ours: &Audience) -> Vec<Step> {
        let Some(step) = reach.log.get(last) else { return Vec::new() };
        if ours.contains(step.giver) || self.begins_at(step.giver) {
            return self.chain(reach, last);
        }
        let pact = &self.network.pacts[step.pact];
        let among = self.side_members(&pact.sides[step.from]).within(ours);
        let given_by = |giver| Step { giver, whom: Whom::Others, ..*step };
        let begins =
            |it: &&Start<'_>| among.contains(it.number) && it.right.allows(pact.framework());
        if let Some(start) = self.starts.iter().find(begins) {
            return vec![given_by(start.number)];
        }
        let lets_on = |it: &Step| self.network.pacts[it.pact].lets_on_to(pact);
        let earlier = reach.log.iter().enumerate().filter(|(_, earlier)| lets_on(earlier));
        let mut earlier = earlier
            .filter_map(|(place, it)| Some((place, self.targets(it, &among).iter().next()?)));
        let Some((place, giver)) = earlier.next() else { return self.chain(reach, last) };
        let mut chain = self.chain(reach, place);
        chain.push(given_by(giver));
        chain
    }

    /// The chain that ends with an entry of the log: its entries, the first giver's first.
    pub(crate) fn chain(&self, reach: &Reach, last: usize) -> Vec<Step> {
        let mut chain = Vec::new();
        let mut upto = last;
        while let Some(step) = reach.log.get(upto) {
            chain.push(*step);
            let next = &self.network.pacts[step.pact];
            if self.beginning(step.giver, next).is_some() {
                break;
            }
            let lets_on = |earlier: &Step| {
                self.waived.has(Rule::Redistribution)
                    || self.network.pacts[earlier.pact].lets_on_to(next)
            };
            let before = reach.log[..upto]
                .iter()
                .position(|earlier| lets_on(earlier) && self.reaches(earlier, step.giver));
            let Some(before) = before else { break };
            upto = before;
        }
        chain.reverse();
        chain
    }
}

/// Whether the producer's own limit lets the item pass under a pact.
pub(crate) fn within_limit(handling: &Handling, pact: &Pact) -> bool {
    handling.only_under.is_empty()
        || pact.lineage.iter().any(|agreement| handling.only_under.contains(agreement))
}

/// Whether a marking reaches the clients of recipients.
pub(crate) const fn reaches_clients(tlp: Tlp) -> bool {
    matches!(tlp, Tlp::Clear | Tlp::Green | Tlp::Amber)
}

impl Rights {
    fn none(frameworks: usize) -> Self {
        Self { any: Audience::nobody(), lineages: vec![Audience::nobody(); frameworks] }
    }

    /// Takes in what was gained, leaving nothing of it; tells what of it is new.
    fn take_in(&mut self, gained: &mut Self) -> Fresh {
        let new = |known: &mut Audience, gained: &mut Audience| {
            let new = std::mem::take(gained).difference(known);
            known.absorb(&new);
            Group::of(new)
        };
        let any = new(&mut self.any, &mut gained.any);
        let pairs = self.lineages.iter_mut().zip(&mut gained.lineages);
        Fresh { any, lineages: pairs.map(|(known, gained)| new(known, gained)).collect() }
    }
}

impl Fresh {
    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.lineages.iter().all(Group::is_empty)
    }

    fn concerns(&self, givers: &Group, root: usize) -> bool {
        self.any.meets(givers) || self.lineages.get(root).is_some_and(|fresh| fresh.meets(givers))
    }
}
