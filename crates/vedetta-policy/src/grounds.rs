//! Why each organisation receives an item or does not, for many organisations at once.

use std::collections::HashSet;
use std::sync::Arc;

use vedetta_model::{Audience, Handling, ItemId, OrganisationNumber, Tlp};

use crate::chain::{Carriers, Reach, Rule, Search, Step, Waived, reaches_clients, within_limit};
use crate::clearance::Form;
use crate::decision::{Chains, Decision};
use crate::network::Network;
use crate::unselected::Condition;

/// Why an organisation receives an item, or does not; the same for all in one audience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ground {
    /// It produced it.
    Produced,
    /// It gave it to this node.
    Brought(Form),
    /// TLP:CLEAR has no limit.
    Clear(Form),
    /// Along a chain of agreements.
    Chain { form: Form, chain: Vec<Step>, as_victim: AsVictim },
    /// As a client of an organisation that has it by a chain (empty: the chain begins there).
    Client { form: Form, provider: OrganisationNumber, chain: Vec<Step> },
    /// The node does not know the organisation.
    Unknown,
    /// The node does not know the producer.
    ProducerUnknown,
    /// A hold keeps it, by its place among those that bind.
    Held(usize),
    /// It belongs to an exercise in which the organisation takes no part.
    NotInExercise,
    /// TLP:RED names nobody there.
    NotNamed,
    /// It is a client of who has it, and the marking stops before clients.
    NotForClients(OrganisationNumber),
    /// The nearest chain breaks a rule under a pact; who held it there, where that matters.
    Broken { rule: Rule, pact: usize, holder: OrganisationNumber, chain: Vec<Step> },
    /// Only its own adhesion is missing from a chain.
    NotAdhered { pact: usize, chain: Vec<Step> },
    /// A party to whom a pact brings it would select it but for one condition.
    NotSelected { pact: usize, side: usize, condition: Condition, chain: Vec<Step> },
    /// No chain is near.
    Stranger,
}

/// Whether it is as the victim that an organisation sees the full form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AsVictim {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// A question about one item, with what was found so far.
pub(crate) struct Inquiry<'a> {
    network: &'a Network,
    handling: &'a Handling,
    item: Option<&'a ItemId>,
    chains: Option<Chains>,
    unheld: Decision,
    decision: Arc<Decision>,
    found: Vec<(Ground, Audience)>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(
        network: &'a Network,
        handling: &'a Arc<Handling>,
        item: Option<&'a ItemId>,
    ) -> Self {
        let decision = match item {
            Some(item) => network.decide_item(handling, item),
            None => network.decision(handling),
        };
        Self { decision, item, ..Self::unheld(network, handling) }
    }

    /// The same as if nothing were held.
    pub(crate) fn unheld(network: &'a Network, handling: &'a Handling) -> Self {
        let chains = network.chains(handling);
        let unheld = network.decide_unheld(handling, chains.as_ref());
        let decision = Arc::new(unheld.clone());
        Self { network, handling, item: None, chains, unheld, decision, found: Vec::new() }
    }

    /// The grounds for the members of an audience; together they cover it.
    pub(crate) fn grounds(mut self, of: &Audience) -> Vec<(Ground, Audience)> {
        let mut rest = of.clone();
        let unknown = rest.difference(&self.network.everyone);
        self.take(Ground::Unknown, &unknown, &mut rest);
        let producer = self.network.number(&self.handling.producer);
        let inside = self.network.taking_part(self.handling);
        let takes_part =
            |it: &OrganisationNumber| inside.as_ref().is_none_or(|all| all.contains(*it));
        let producer: Audience = producer.into_iter().filter(takes_part).collect();
        self.take(Ground::Produced, &producer, &mut rest);
        let mut allowed = rest.intersection(&self.decision.reached);
        rest = rest.difference(&allowed);
        self.allowed(&mut allowed);
        self.refused(&mut rest);
        self.take(Ground::Stranger, &of.clone(), &mut rest);
        self.found
    }

    fn take(&mut self, ground: Ground, audience: &Audience, rest: &mut Audience) {
        let taken = rest.intersection(audience);
        if taken.is_empty() {
            return;
        }
        *rest = rest.difference(&taken);
        self.found.push((ground, taken));
    }

    fn allowed(&mut self, rest: &mut Audience) {
        let mut full = rest.intersection(&self.decision.full);
        let mut redacted = rest.difference(&full);
        let search = self.network.search(self.handling, Carriers::Any, Waived::NONE);
        let starts = search.into_iter().flat_map(|search| search.starts);
        let givers = starts.filter(|start| start.given.is_some());
        let givers = givers.map(|start| start.number).collect();
        self.take(Ground::Brought(Form::Full), &givers, &mut full);
        self.take(Ground::Brought(Form::Redacted), &givers, &mut redacted);
        if let Some(chains) = self.chains.take() {
            if let Some(naming) = &chains.naming {
                self.by_chain(naming, Carriers::Naming, (Form::Full, AsVictim::No), &mut full);
                self.by_chain(&chains.any, Carriers::Any, (Form::Full, AsVictim::Yes), &mut full);
            } else if self.handling.tlp != Tlp::Clear {
                self.by_chain(&chains.any, Carriers::Any, (Form::Full, AsVictim::No), &mut full);
            }
            let form = (Form::Redacted, AsVictim::No);
            self.by_chain(&chains.any, Carriers::Any, form, &mut redacted);
            self.by_provider(&chains, Form::Full, &mut full);
            self.by_provider(&chains, Form::Redacted, &mut redacted);
            self.chains = Some(chains);
        }
        self.take(Ground::Clear(Form::Full), &full.clone(), &mut full);
        self.take(Ground::Clear(Form::Redacted), &redacted.clone(), &mut redacted);
    }

    fn by_chain(
        &mut self,
        reach: &Reach,
        carriers: Carriers,
        (form, as_victim): (Form, AsVictim),
        rest: &mut Audience,
    ) {
        let Some(search) = self.network.search(self.handling, carriers, Waived::NONE) else {
            return;
        };
        for (place, step) in reach.log.iter().enumerate() {
            if rest.is_empty() {
                return;
            }
            let targets = search.targets(step, rest);
            if !targets.is_empty() {
                let chain = search.chain(reach, place);
                self.take(Ground::Chain { form, chain, as_victim }, &targets, rest);
            }
        }
    }

    fn by_provider(&mut self, chains: &Chains, form: Form, rest: &mut Audience) {
        let Some(search) = self.network.search(self.handling, Carriers::Any, Waived::NONE) else {
            return;
        };
        if rest.is_empty() || !reaches_clients(self.handling.tlp) || self.handling.tlp == Tlp::Clear
        {
            return;
        }
        let network = self.network;
        let providing = network.providing(self.handling, chains, search.producer);
        for (provider, clients) in network.providers_among(&providing) {
            let clients = clients.within(rest);
            if !clients.is_empty() {
                let chain = chain_to(&search, &chains.any, provider);
                self.take(Ground::Client { form, provider, chain }, &clients, rest);
            }
        }
    }

    fn refused(&mut self, rest: &mut Audience) {
        if let Some(inside) = self.network.taking_part(self.handling) {
            let outside = rest.difference(&inside);
            self.take(Ground::NotInExercise, &outside, rest);
        }
        let unheld = Arc::clone(&self.unheld.reached);
        for (place, audience) in self.kept_from(&unheld) {
            self.take(Ground::Held(place), &audience, rest);
        }
        let Some(chains) = self.chains.take() else {
            let all = rest.clone();
            return self.take(Ground::ProducerUnknown, &all, rest);
        };
        if self.handling.tlp == Tlp::Red {
            self.take(Ground::NotNamed, &chains.any.held, rest);
        }
        if !reaches_clients(self.handling.tlp) {
            let network = self.network;
            for (provider, clients) in network.providers_among(&chains.any.held) {
                self.take(Ground::NotForClients(provider), clients.all(), rest);
            }
        }
        self.taken_away(rest);
        for waived in BY_WHAT_WAS_SIGNED {
            if !rest.is_empty() {
                self.with_waived(Waived::of(&[waived]), rest);
            }
        }
        // What is given, to others: nearer than what nobody agreed to give.
        self.not_selected(rest);
        for waived in by_the_terms() {
            if !rest.is_empty() {
                self.with_waived(waived, rest);
            }
        }
    }

    /// Those whom a party that receives it would select but for one condition.
    fn not_selected(&mut self, rest: &mut Audience) {
        let network = self.network;
        let Some(search) = network.search(self.handling, Carriers::Any, Waived::NONE) else {
            return;
        };
        let reach = search.run();
        for condition in Condition::ALL {
            let mut seen = HashSet::new();
            for (place, step) in reach.log.iter().enumerate() {
                if rest.is_empty() {
                    return;
                }
                let (pact, side) = (step.pact, step.to);
                let party = network.pacts[pact].agreement.parties.get(side);
                let selector = party.and_then(|party| party.select.as_ref());
                let Some(selector) = selector.filter(|_| seen.insert((pact, side))) else {
                    continue;
                };
                let failing = condition.alone_fails(selector, network, rest);
                if !failing.is_empty() {
                    let chain = search.chain(&reach, place);
                    self.take(Ground::NotSelected { pact, side, condition, chain }, &failing, rest);
                }
            }
        }
    }

    /// The holds, each with those whom it keeps from the item.
    fn kept_from(&self, audience: &Audience) -> Vec<(usize, Audience)> {
        let producer = self.network.number(&self.handling.producer);
        let on_item = self.item.into_iter().flat_map(|item| self.network.holds_on(item));
        on_item
            .chain(self.network.holds_for(self.handling))
            .filter_map(|binding| {
                let mut all = self.network.holds.iter();
                let place = all.position(|other| std::ptr::eq(other, binding))?;
                Some((place, audience.difference(&binding.keep(audience, producer))))
            })
            .collect()
    }

    /// Those whom an agreement would bring it to, or their adhesion to it would, if it were in force.
    fn taken_away(&mut self, rest: &mut Audience) {
        let (network, waived) = (self.network, Waived::of(&[Rule::Adhesion, Rule::Standing]));
        let Some(search) = network.search(self.handling, Carriers::Any, waived) else { return };
        let reach = search.run();
        for (place, step) in reach.log.iter().enumerate() {
            let pact = &network.pacts[step.pact];
            if pact.standing.is_in_force() || rest.is_empty() {
                continue;
            }
            let members = &pact.sides[step.to].members;
            let bound = |number: &OrganisationNumber| {
                let adhesion = || network.adhesion(&pact.agreement.id, *number);
                members.contains(*number) || adhesion().is_some()
            };
            let targets: Audience = search.targets(step, rest).iter().filter(bound).collect();
            match self.first_broken(&search.chain(&reach, place)) {
                Some(ground @ Ground::Broken { rule: Rule::Standing, pact, .. })
                    if pact == step.pact =>
                {
                    self.take(ground, &targets, rest);
                }
                _ => {}
            }
        }
    }

    fn with_waived(&mut self, waived: Waived, rest: &mut Audience) {
        let Some(search) = self.network.search(self.handling, Carriers::Any, waived) else {
            return;
        };
        let reach = search.run();
        for (place, step) in reach.log.iter().enumerate() {
            let targets = search.targets(step, rest);
            if targets.is_empty() {
                continue;
            }
            let chain = search.chain(&reach, place);
            let members = self.network.pacts[step.pact].sides[step.to].members.within(&targets);
            let candidates = targets.difference(&members);
            if let Some(ground) = self.first_broken(&chain) {
                self.take(ground, &targets, rest);
                continue;
            }
            self.take(Ground::NotAdhered { pact: step.pact, chain }, &candidates, rest);
        }
    }

    /// The first rule that a chain breaks, the adhesion of its last receiver aside.
    fn first_broken(&self, chain: &[Step]) -> Option<Ground> {
        let mut before: Option<&Step> = None;
        for step in chain {
            let broken = |rule, pact| {
                let (holder, chain) = (step.giver, chain.to_vec());
                Some(Ground::Broken { rule, pact, holder, chain })
            };
            if let Some(earlier) = before
                && !self.network.pacts[earlier.pact].lets_on_to(&self.network.pacts[step.pact])
            {
                return broken(Rule::Redistribution, earlier.pact);
            }
            if let Some(rule) = self.broken_at(step) {
                return broken(rule, step.pact);
            }
            before = Some(step);
        }
        None
    }

    fn broken_at(&self, step: &Step) -> Option<Rule> {
        let pact = &self.network.pacts[step.pact];
        let (giving, receiving) = (&pact.sides[step.from], &pact.sides[step.to]);
        let category = self.handling.category;
        if !pact.standing.is_in_force() {
            Some(Rule::Standing)
        } else if !giving.members.contains(step.giver) {
            Some(Rule::Adhesion)
        } else if !giving.gives.pass(category) || !receiving.receives.pass(category) {
            Some(Rule::Category)
        } else if self.handling.tlp > pact.agreement.handling.highest_tlp {
            Some(Rule::Marking)
        } else if !within_limit(self.handling, pact) {
            Some(Rule::OnlyUnder)
        } else {
            None
        }
    }
}

/// Rules to set aside, the nearest to a release first: what was taken away, or never signed, or is
/// limited for this item.
const BY_WHAT_WAS_SIGNED: [Rule; 4] =
    [Rule::Standing, Rule::Adhesion, Rule::OnlyUnder, Rule::Marking];

/// Sets of rules to set aside after those: what the terms never gave, and several together.
fn by_the_terms() -> [Waived; 4] {
    let several = &[Rule::Adhesion, Rule::Standing];
    [&[Rule::Category][..], &[Rule::Redistribution], several, &Rule::ALL].map(Waived::of)
}

/// The shortest chain to an organisation; empty where the chains begin.
pub(crate) fn chain_to(search: &Search<'_>, reach: &Reach, whom: OrganisationNumber) -> Vec<Step> {
    if search.begins_at(whom) {
        return Vec::new();
    }
    let one = Audience::from_iter([whom]);
    let last = reach.log.iter().position(|step| !search.targets(step, &one).is_empty());
    last.map(|last| search.chain(reach, last)).unwrap_or_default()
}
