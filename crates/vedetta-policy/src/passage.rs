//! What leaves for another node: who gives, under which agreement, with which right.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::agreement::{Redistribution, VictimVisibility};
use vedetta_model::{
    AgreementId, Audience, Handling, OrganisationId, OrganisationNumber, Right, Tlp,
};

use crate::chain::{Reach, Search, reaches_clients};
use crate::clearance::Form;
use crate::decision::Chains;
use crate::network::Network;

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
}

/// Passages by giver and agreement.
type Passages = BTreeMap<(OrganisationId, Option<AgreementId>), Passage>;

impl Passage {
    /// Which right whoever receives by it has.
    #[must_use]
    pub fn given(&self) -> Right {
        match (self.gives, &self.root) {
            (Redistribution::Any, _) => Right::Any,
            (Redistribution::Lineage, Some(root)) => Right::Lineages([root.clone()].into()),
            _ => Right::none(),
        }
    }
}

impl Network {
    /// Who gives an item handled so to some organisations, under what and with which right: what
    /// another node must know to go on deciding. Everyone among the targets that the decision
    /// reaches is reached from these, but for those whom TLP:CLEAR alone reaches. For the redacted
    /// form no passage tells the victim, nor is it the victim's.
    #[must_use]
    pub fn passages(&self, handling: &Handling, form: Form, targets: &Audience) -> Vec<Passage> {
        let Some(chains) = self.chains(handling) else { return Vec::new() };
        let decision = self.decide_unheld(handling, Some(&chains));
        let targets = decision.reached.intersection(targets);
        let mut found = Passages::new();
        self.by_steps(handling, &chains, &targets, &mut found);
        self.by_providers(handling, &chains, &targets, &mut found);
        let mut passages: Vec<_> = found.into_values().collect();
        if form == Form::Redacted {
            passages.retain(|passage| !handling.victims.contains(&passage.giver));
            passages.iter_mut().for_each(|passage| passage.naming = None);
        }
        passages
    }

    fn by_steps(
        &self,
        handling: &Handling,
        chains: &Chains,
        targets: &Audience,
        found: &mut Passages,
    ) {
        let reaches = [Some(&chains.any), chains.naming.as_ref()];
        for reach in reaches.into_iter().flatten() {
            let Some(search) = self.search_of(handling) else { return };
            for step in reach.log.iter().filter(|step| search.meets(step, targets)) {
                let Some(giver) = self.organisation(step.giver) else { continue };
                let pact = &self.pacts[step.pact];
                let under = Some(pact.agreement.id.clone());
                let passage = || Passage {
                    giver: giver.id.clone(),
                    right: chains.any.rights.of(step.giver, self),
                    naming: self.may_name(chains.naming.as_ref(), step.giver, step.pact),
                    under: under.clone(),
                    root: Some(pact.framework().clone()),
                    gives: pact.agreement.handling.redistribution,
                };
                found.entry((giver.id.clone(), under.clone())).or_insert_with(passage);
            }
        }
    }

    /// The right with which a giver tells the victim under a pact.
    fn may_name(
        &self,
        naming: Option<&Reach>,
        giver: OrganisationNumber,
        pact: usize,
    ) -> Option<Right> {
        let pact = &self.pacts[pact];
        let names = pact.agreement.handling.victim == VictimVisibility::Named;
        let right = naming.filter(|reach| names && reach.held.contains(giver))?;
        Some(right.rights.of(giver, self)).filter(|right| right.allows(pact.framework()))
    }

    /// Clients are reached at their node when their provider is held there to have the item.
    fn by_providers(
        &self,
        handling: &Handling,
        chains: &Chains,
        targets: &Audience,
        found: &mut Passages,
    ) {
        if !reaches_clients(handling.tlp) || handling.tlp == Tlp::Clear {
            return;
        }
        let Some(search) = self.search_of(handling) else { return };
        let providing = self.providing(handling, chains, search.producer);
        for (provider, clients) in self.providers_among(&providing) {
            if clients.within(targets).is_empty() {
                continue;
            }
            let Some(giver) = self.organisation(provider) else { continue };
            let passage = Passage {
                giver: giver.id.clone(),
                right: Right::none(),
                naming: None,
                under: None,
                root: None,
                gives: Redistribution::None,
            };
            found.insert((giver.id.clone(), None), passage);
        }
    }

    fn search_of<'a>(&'a self, handling: &'a Handling) -> Option<Search<'a>> {
        self.search(handling, crate::chain::Carriers::Any, crate::chain::Waived::NONE)
    }
}
