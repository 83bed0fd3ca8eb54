//! Scopes that change: another text takes the place of an agreement, with other parties, categories or
//! marking, while some do not hear of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_federation::envelope::{SignedAgreement, Stands, What};
use vedetta_model::agreement::{Agreement, Redistribution, Stage, VictimVisibility, Within};
use vedetta_model::{AgreementId, Category, OrganisationId, Tlp};

use crate::chance::Chance;
use crate::story::Story;

impl Story {
    /// A node of a party writes another text; mostly the one before is over with it.
    pub(crate) fn amend(&mut self) {
        let texts = &self.country.texts;
        let agreed: Vec<_> =
            texts.iter().filter(|it| !it.parties[1].organisations.is_empty()).collect();
        let before: Arc<Agreement> = Arc::clone(*self.country.chance.pick(&agreed));
        let Some(node) = self.some_party(&before) else { return };
        let world = std::rc::Rc::clone(&self.country.world);
        let everyone: Vec<_> = world.speaker.keys().cloned().collect();
        self.number += 1;
        let id = format!("{}.{}", self.country.world.root(&before.id), self.number);
        let chance = &mut self.country.chance;
        let mut after = Agreement {
            id: AgreementId::new(&id).unwrap(),
            stage: Stage::Draft,
            ..Agreement::clone(&before)
        };
        change(chance, &everyone, &mut after);
        after.parties[0].organisations.insert(world.nodes[node].clone());
        self.country.say(format!("n{node} puts {} in the place of {}", after.id, before.id));
        let mut signed =
            SignedAgreement { text: after.clone().into(), revision: 1, signatures: Vec::new() };
        let signature = self.country.stations[node].key.sign(signed.digest().octets());
        signed.signatures.push((world.nodes[node].clone(), signature));
        self.country.texts.push(Arc::new(after));
        self.accept(node, What::Agreement(Box::new(signed)), None);
        if !self.country.chance.once_in(3) {
            self.stand(node, &before.id, Stands::Expired);
        }
    }

    /// A node of one of the parties that is up and has the text.
    pub(crate) fn some_party(&mut self, agreement: &Agreement) -> Option<usize> {
        let nodes: Vec<_> = self.country.world.party_nodes(agreement).into_iter().collect();
        let nodes = if nodes.is_empty() { vec![0] } else { nodes };
        let node = *self.country.chance.pick(&nodes);
        let station = &self.country.stations[node];
        (station.up && station.memory.has_text(&agreement.id)).then_some(node)
    }
}

fn change(chance: &mut Chance, everyone: &[OrganisationId], text: &mut Agreement) {
    for party in &mut text.parties {
        if chance.once_in(2) {
            let out = chance.below(party.organisations.len().max(1));
            let out = party.organisations.iter().nth(out).cloned();
            party.organisations.retain(|it| Some(it) != out.as_ref());
        }
        if chance.once_in(2) {
            party.organisations.insert(chance.pick(everyone).clone());
        }
        party.gives = categories(chance);
        party.receives = categories(chance);
        if chance.once_in(4) {
            party.within =
                if party.within == Within::Apart { Within::Together } else { Within::Apart };
        }
    }
    let handling = &mut text.handling;
    handling.highest_tlp = *chance.pick(&[Tlp::Green, Tlp::Amber, Tlp::AmberStrict]);
    handling.victim = *chance.pick(&[VictimVisibility::Hidden, VictimVisibility::Named]);
    if chance.once_in(2) {
        let all = [Redistribution::None, Redistribution::Lineage, Redistribution::Any];
        handling.redistribution = *chance.pick(&all);
    }
}

/// Mostly all.
pub(crate) fn categories(chance: &mut Chance) -> BTreeSet<Category> {
    let all = !chance.once_in(3);
    Category::ALL.into_iter().filter(|_| all || !chance.once_in(3)).collect()
}
