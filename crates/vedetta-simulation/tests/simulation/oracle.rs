//! What everyone should have at the end, found slowly: one fixpoint over the whole country, with
//! names only. It knows nothing of links, bookmarks, paths or the compiled network.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use vedetta_federation::envelope::{Item, Stands};
use vedetta_model::agreement::{Agreement, Redistribution, VictimVisibility, Within};
use vedetta_model::{AgreementId, Category, Handling, OrganisationId, Tlp};
use vedetta_policy::Form;

use crate::world::World;

pub(crate) struct Oracle<'a> {
    pub(crate) world: &'a World,
    /// The texts of agreements, whoever has them.
    pub(crate) texts: &'a [Arc<Agreement>],
    /// What was last said of agreements.
    pub(crate) stands: BTreeMap<AgreementId, Stands>,
    /// Who left the network.
    pub(crate) gone: BTreeSet<OrganisationId>,
}

/// Which agreements count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// All.
    All,
    /// Those that every node has.
    Everywhere,
}

/// With which rights somebody holds an item.
#[derive(Clone, Default, PartialEq)]
struct Rights {
    any: bool,
    frameworks: BTreeSet<AgreementId>,
}

impl Oracle<'_> {
    /// Which organisations may have an item in its form at all. `original` is how the original of a
    /// derived form is handled.
    pub(crate) fn may(&self, item: &Item, original: Option<&Handling>) -> BTreeSet<OrganisationId> {
        self.entitled(original.unwrap_or(&item.conditions), item.form, Known::All)
    }

    /// Which must have it: those that may by the agreements that every node knows, where nodes lead
    /// there that must have it too.
    pub(crate) fn must(
        &self,
        item: &Item,
        original: Option<&Handling>,
        origin: usize,
    ) -> BTreeSet<OrganisationId> {
        let handling = original.unwrap_or(&item.conditions);
        let entitled = self.entitled(handling, item.form, Known::Everywhere);
        let nodes = self.nodes(&entitled, origin);
        entitled.into_iter().filter(|id| nodes.contains(&self.world.speaker[id])).collect()
    }

    /// The nodes that a thing reaches through nodes that all have it themselves.
    fn nodes(&self, entitled: &BTreeSet<OrganisationId>, origin: usize) -> BTreeSet<usize> {
        let having: BTreeSet<_> = entitled.iter().map(|id| self.world.speaker[id]).collect();
        let mut found = BTreeSet::from([origin]);
        let mut next = VecDeque::from([origin]);
        while let Some(node) = next.pop_front() {
            for other in self.world.neighbours(node) {
                if having.contains(&other) && found.insert(other) {
                    next.push_back(other);
                }
            }
        }
        found
    }

    fn entitled(&self, handling: &Handling, form: Form, known: Known) -> BTreeSet<OrganisationId> {
        let all = self.world.speaker.keys().filter(|it| !self.gone.contains(it));
        let all: BTreeSet<_> = all.cloned().collect();
        let chains = self.chains(handling, known, |_| true);
        let mut reached = chains.clone();
        if handling.tlp == Tlp::Clear {
            reached = all;
        } else if handling.tlp <= Tlp::Amber {
            for (_, organisation) in &self.world.organisations {
                let provided =
                    organisation.client_of.iter().any(|provider| chains.contains(provider));
                if provided && !self.gone.contains(&organisation.id) {
                    reached.insert(organisation.id.clone());
                }
            }
        }
        if form == Form::Redacted || handling.victims.is_empty() {
            return reached;
        }
        let names = |it: &Agreement| it.handling.victim == VictimVisibility::Named;
        let naming = self.chains(handling, known, names);
        let told = |id: &OrganisationId| naming.contains(id) || handling.victims.contains(id);
        reached.into_iter().filter(told).collect()
    }

    /// The producer and everyone whom chains of such agreements reach.
    fn chains(
        &self,
        handling: &Handling,
        known: Known,
        such: impl Fn(&Agreement) -> bool,
    ) -> BTreeSet<OrganisationId> {
        let mut held = BTreeMap::new();
        held.insert(handling.producer.clone(), Rights { any: true, ..Rights::default() });
        loop {
            let before = held.clone();
            for agreement in self.texts.iter().filter(|it| such(it)) {
                let common = known == Known::All || !self.world.is_private(&agreement.id);
                if common && self.carries(agreement, handling) {
                    self.pass(agreement, handling.category, &before, &mut held);
                }
            }
            if held == before {
                return held.into_keys().collect();
            }
        }
    }

    fn pass(
        &self,
        agreement: &Agreement,
        category: Category,
        before: &BTreeMap<OrganisationId, Rights>,
        held: &mut BTreeMap<OrganisationId, Rights>,
    ) {
        let framework = self.line(agreement).last().unwrap().id.clone();
        for (i, giving) in agreement.parties.iter().enumerate() {
            let may = |id: &&OrganisationId| {
                before.get(*id).is_some_and(|it| it.any || it.frameworks.contains(&framework))
            };
            let givers: Vec<_> = giving.organisations.iter().filter(may).collect();
            for (j, receiving) in agreement.parties.iter().enumerate() {
                let apart = i == j && giving.within == Within::Apart;
                if apart
                    || !passes(category, &giving.gives)
                    || !passes(category, &receiving.receives)
                {
                    continue;
                }
                for receiver in &receiving.organisations {
                    if self.gone.contains(receiver) {
                        continue;
                    }
                    if givers.iter().all(|giver| *giver == receiver) {
                        continue;
                    }
                    let rights = held.entry(receiver.clone()).or_default();
                    match agreement.handling.redistribution {
                        Redistribution::None => {}
                        Redistribution::Any => rights.any = true,
                        Redistribution::Lineage => {
                            rights.frameworks.insert(framework.clone());
                        }
                    }
                }
            }
        }
    }

    fn carries(&self, agreement: &Agreement, handling: &Handling) -> bool {
        let line = self.line(agreement);
        let binds =
            |it: &&Agreement| matches!(self.stands.get(&it.id), None | Some(Stands::InForce));
        let limited = handling.only_under.is_empty()
            || line.iter().any(|it| handling.only_under.contains(&it.id));
        line.iter().all(binds) && limited && handling.tlp <= agreement.handling.highest_tlp
    }

    fn line<'w>(&'w self, agreement: &'w Agreement) -> Vec<&'w Agreement> {
        let find = |id: &AgreementId| self.texts.iter().find(|it| it.id == *id);
        let above = agreement.parent.as_ref().and_then(find);
        std::iter::once(agreement).chain(above.map(AsRef::as_ref)).collect()
    }
}

/// Context goes wherever anything does.
fn passes(category: Category, those: &BTreeSet<Category>) -> bool {
    those.contains(&category) || category == Category::Context && !those.is_empty()
}

#[cfg(test)]
mod tests {
    use vedetta_model::Pap;

    use super::*;
    use crate::chance::Chance;
    use crate::world::Scale;

    fn named(names: &[&str]) -> BTreeSet<OrganisationId> {
        names.iter().map(|it| it.parse().unwrap()).collect()
    }

    fn act(world: &World, [one, other]: [&str; 2]) -> Arc<Agreement> {
        let mut act = Agreement::clone(&world.agreements[0]);
        act.id = format!("a-{one}-{other}").parse().unwrap();
        for (party, name) in act.parties.iter_mut().zip([one, other]) {
            (party.organisations, party.within) = (named(&[name]), Within::Apart);
            (party.gives, party.receives) = (Category::ALL.into(), Category::ALL.into());
        }
        act.handling.redistribution = Redistribution::Any;
        act.handling.highest_tlp = Tlp::AmberStrict;
        Arc::new(act)
    }

    #[test]
    fn who_has_it_only_through_one_that_left_has_it_no_more() {
        let world = World::new(&mut Chance::of(0), Scale::Small);
        let handling = Handling {
            producer: "n0".parse().unwrap(),
            category: Category::Indicator,
            tlp: Tlp::AmberStrict,
            pap: Pap::Green,
            victims: BTreeSet::new(),
            named: BTreeSet::new(),
            only_under: BTreeSet::new(),
            exercise: None,
            via: BTreeSet::new(),
        };
        let reached = |texts: &[[&str; 2]], gone: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|it| act(&world, *it)).collect();
            let (stands, gone) = (BTreeMap::new(), named(gone));
            let oracle = Oracle { world: &world, texts: &texts, stands, gone };
            [Known::All, Known::Everywhere]
                .map(|known| oracle.entitled(&handling, Form::Full, known))
        };
        let row = [["n0", "n1"], ["n1", "n2"], ["n2", "n3"]];
        assert_eq!(reached(&row, &[]), [0; 2].map(|_| named(&["n0", "n1", "n2", "n3"])));
        assert_eq!(reached(&row, &["n1"]), [0; 2].map(|_| named(&["n0"])));
        assert_eq!(reached(&row, &["n2"]), [0; 2].map(|_| named(&["n0", "n1"])));
        let ring = [row[0], row[1], row[2], ["n0", "n3"]];
        assert_eq!(reached(&ring, &["n1"]), [0; 2].map(|_| named(&["n0", "n2", "n3"])));
    }
}
