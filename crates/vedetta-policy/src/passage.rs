//! What leaves for another node: who gives, under which agreement, with which right, resting on what.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::agreement::Redistribution;
use vedetta_model::{
    AgreementId, Audience, Given, Handling, OrganisationId, OrganisationNumber, Right, Tlp,
};

use crate::chain::{Carriers, Reach, Search, Step, Waived, reaches_clients};
use crate::clearance::Form;
use crate::decision::Chains;
use crate::grounds::chain_to;
use crate::network::Network;
use crate::pact::Pact;

/// One giver of an item to the organisations of another node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Who gives.
    pub giver: OrganisationId,
    /// With which right it holds the item.
    pub right: Right,
    /// With which right it may tell the victim too; absent when under this agreement it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Right>,
    /// Under which agreement it gives; absent when to its clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<AgreementId>,
    /// The framework at the top of that agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<AgreementId>,
    /// Which right that agreement gives to whom it reaches.
    pub gives: Redistribution,
    /// Every agreement, with those above it, along the chain that brought it to the giver; none for
    /// the producer. When one of them ceases to bind, so does the passage.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub on: BTreeSet<AgreementId>,
    /// Every organisation along that chain between the producer and the giver. When one of them leaves
    /// the network, so does the passage.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub through: BTreeSet<OrganisationId>,
}

/// On what it rests that somebody holds an item.
struct Rests {
    on: BTreeSet<AgreementId>,
    through: BTreeSet<OrganisationId>,
}

impl Passage {
    /// What the next node goes on deciding from.
    #[must_use]
    pub fn given(&self) -> Given {
        let Self { giver, right, naming, on, through, .. } = self.clone();
        Given { giver, right, naming, on, through }
    }
}

impl Network {
    /// Who gives an item handled so to some organisations, under what and with which right: what
    /// another node must know to go on deciding. Everyone among the targets that the decision
    /// reaches is reached from these, but for those at whom the chains begin and those whom
    /// TLP:CLEAR alone reaches. For the redacted form no passage tells the victim, nor is it the
    /// victim's, nor comes through it.
    ///
    /// Of many who may give alike one is named: one of `ours` before others, since a node gives only
    /// for whom it speaks, or by the right that it was given.
    #[must_use]
    pub fn passages(
        &self,
        handling: &Handling,
        form: Form,
        targets: &Audience,
        ours: &Audience,
    ) -> Vec<Passage> {
        let Some(chains) = self.chains(handling) else { return Vec::new() };
        let decision = self.decide_unheld(handling, Some(&chains));
        let targets = decision.reached.intersection(targets);
        let sides = (&targets, ours);
        let mut found = BTreeSet::new();
        if let Some(naming) = chains.naming.as_ref().filter(|_| form == Form::Full) {
            self.by_steps((handling, naming), Carriers::Naming, sides, &mut found);
        }
        self.by_steps((handling, &chains.any), Carriers::Any, sides, &mut found);
        self.by_providers(handling, &chains, &targets, &mut found);
        let mut passages: Vec<_> = found.into_iter().collect();
        if form == Form::Redacted {
            let victims = &handling.victims;
            passages.retain(|it| !victims.contains(&it.giver) && victims.is_disjoint(&it.through));
            let tells = |id: &AgreementId| self.is_adhesion_of(id, handling);
            passages.iter_mut().for_each(|passage| passage.on.retain(|id| !tells(id)));
        }
        passages
    }

    /// Whether others have it through an organisation, or by it, as `ours` give it: when that leaves,
    /// somebody else may give it instead.
    #[must_use]
    pub fn goes_through(&self, id: &OrganisationId, handling: &Handling, ours: &Audience) -> bool {
        let others = self.everyone().difference(ours);
        let by_it = |it: &Passage| it.giver == *id && it.under.is_some();
        handling.producer != *id
            && (self.passages(handling, Form::Full, &others, ours).iter())
                .any(|it| by_it(it) || it.through.contains(id))
    }

    /// Whether an agreement is a victim's adhesion, which tells who it is.
    fn is_adhesion_of(&self, id: &AgreementId, handling: &Handling) -> bool {
        let adhesion = self.agreement(id).and_then(|agreement| agreement.adhesion.as_ref());
        adhesion.is_some_and(|adhesion| handling.victims.contains(&adhesion.organisation))
    }

    fn by_steps(
        &self,
        (handling, reach): (&Handling, &Reach),
        carriers: Carriers,
        (targets, ours): (&Audience, &Audience),
        found: &mut BTreeSet<Passage>,
    ) {
        let Some(search) = self.search(handling, carriers, Waived::NONE) else { return };
        for (place, step) in reach.log.iter().enumerate() {
            if !search.meets(step, targets) {
                continue;
            }
            let chain = search.chain_by(reach, place, ours);
            let Some(passage) = self.passage(&search, &chain) else { continue };
            let named = Passage { naming: Some(passage.right.clone()), ..passage.clone() };
            if carriers == Carriers::Naming {
                found.insert(named);
            } else if !found.contains(&named) {
                found.insert(passage);
            }
        }
    }

    /// The last step of a chain, resting on those before.
    fn passage(&self, search: &Search<'_>, chain: &[Step]) -> Option<Passage> {
        let (last, earlier) = chain.split_last()?;
        let pact = &self.pacts[last.pact];
        let right = match earlier.last() {
            Some(before) => self.pacts[before.pact].right(),
            None => search.beginning(last.giver, pact)?.right.clone(),
        };
        let Rests { on, through } = self.rests_on(search, earlier, last.giver, chain.first());
        Some(Passage {
            giver: self.organisation(last.giver)?.id.clone(),
            right,
            naming: None,
            under: Some(pact.agreement.id.clone()),
            root: Some(pact.framework().clone()),
            gives: pact.agreement.handling.redistribution,
            on,
            through,
        })
    }

    /// The agreements and the organisations along a chain that ends at a holder, those of the chain's
    /// beginning included.
    fn rests_on(
        &self,
        search: &Search<'_>,
        chain: &[Step],
        holder: OrganisationNumber,
        first: Option<&Step>,
    ) -> Rests {
        let start = match first {
            Some(first) => search.beginning(first.giver, &self.pacts[first.pact]),
            None => search.starts.iter().find(|start| start.number == holder).copied(),
        };
        let given = start.and_then(|start| start.given);
        let mut on = given.map(|given| given.on.clone()).unwrap_or_default();
        let mut through = given.map(|given| given.through.clone()).unwrap_or_default();
        let between = |step: &&Step| step.giver != search.producer && step.giver != holder;
        let givers = chain.iter().filter(between).filter_map(|it| self.organisation(it.giver));
        through.extend(givers.map(|it| it.id.clone()));
        let receivers = chain.iter().skip(1).map(|step| step.giver).chain([holder]);
        for (step, receiver) in chain.iter().zip(receivers) {
            let pact = &self.pacts[step.pact];
            on.extend(pact.lineage.iter().cloned());
            let adhesion = |number| self.adhesion(&pact.agreement.id, number);
            let adhesions = [step.giver, receiver].into_iter().filter_map(adhesion);
            let binding = |id: &&AgreementId| self.standing(id).is_some_and(|it| it.is_in_force());
            on.extend(adhesions.filter(binding).cloned());
        }
        Rests { on, through }
    }

    /// Clients are reached at their node when their provider is held there to have the item.
    fn by_providers(
        &self,
        handling: &Handling,
        chains: &Chains,
        targets: &Audience,
        found: &mut BTreeSet<Passage>,
    ) {
        if !reaches_clients(handling.tlp) || handling.tlp == Tlp::Clear {
            return;
        }
        let Some(search) = self.search(handling, Carriers::Any, Waived::NONE) else { return };
        let providing = self.providing(handling, chains, search.producer);
        for (provider, clients) in self.providers_among(&providing) {
            if clients.within(targets).is_empty() {
                continue;
            }
            let Some(giver) = self.organisation(provider) else { continue };
            let chain = chain_to(&search, &chains.any, provider);
            let Rests { on, through } = self.rests_on(&search, &chain, provider, chain.first());
            found.insert(Passage {
                giver: giver.id.clone(),
                right: Right::none(),
                naming: None,
                under: None,
                root: None,
                gives: Redistribution::None,
                on,
                through,
            });
        }
    }
}

impl Pact {
    /// Which right whoever receives under it has.
    fn right(&self) -> Right {
        match self.agreement.handling.redistribution {
            Redistribution::None => Right::none(),
            Redistribution::Lineage => Right::Lineages([self.framework().clone()].into()),
            Redistribution::Any => Right::Any,
        }
    }
}
