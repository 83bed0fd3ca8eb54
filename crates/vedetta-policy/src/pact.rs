//! An agreement in the form in which decisions are made: its sides as sets of organisations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::agreement::{AdhesionRule, Agreement, Party, Redistribution, Within};
use vedetta_model::{AgreementId, Audience, Category, OrganisationId, OrganisationNumber};

use crate::group::Group;
use crate::selection::{Index, selects};
use crate::standing::{Standing, Standings, lineage};

/// An agreement that has parties.
pub(crate) struct Pact {
    pub(crate) agreement: Arc<Agreement>,
    pub(crate) standing: Standing,
    /// Itself and those above it, nearest first.
    pub(crate) lineage: Vec<AgreementId>,
    /// The number of the framework at the top of its lineage.
    pub(crate) root: usize,
    pub(crate) sides: Vec<Side>,
}

/// A party: who it is now, and who it could be.
pub(crate) struct Side {
    pub(crate) members: Group,
    /// The members, and those whom only an adhesion in force is missing.
    pub(crate) candidates: Group,
    pub(crate) gives: Categories,
    pub(crate) receives: Categories,
    pub(crate) within: Within,
}

/// A set of categories.
#[derive(Clone, Copy, Default)]
pub(crate) struct Categories(u8);

/// The adhesions of every party of every agreement.
pub(crate) struct Adhesions<'a> {
    by_parent: HashMap<(&'a AgreementId, &'a str), Vec<(&'a Agreement, bool)>>,
}

/// What a pact is compiled from.
pub(crate) struct Sources<'a> {
    pub(crate) agreements: BTreeMap<&'a AgreementId, &'a Arc<Agreement>>,
    pub(crate) numbers: &'a HashMap<OrganisationId, OrganisationNumber>,
    pub(crate) organisations: HashMap<OrganisationNumber, &'a vedetta_model::Organisation>,
    pub(crate) index: Index<'a>,
}

impl Categories {
    fn of(categories: &BTreeSet<Category>) -> Self {
        Self(categories.iter().fold(0, |set, category| set | 1 << *category as u8))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the category passes; context passes with anything.
    pub(crate) const fn pass(self, category: Category) -> bool {
        match category {
            Category::Context => self.0 != 0,
            other => self.0 & (1 << other as u8) != 0,
        }
    }
}

impl<'a> Adhesions<'a> {
    pub(crate) fn of(
        agreements: &BTreeMap<&'a AgreementId, &'a Arc<Agreement>>,
        standings: &Standings,
    ) -> Self {
        let mut by_parent: HashMap<_, Vec<_>> = HashMap::new();
        for &agreement in agreements.values() {
            let (Some(parent), Some(adhesion)) = (&agreement.parent, &agreement.adhesion) else {
                continue;
            };
            let binds = standings.of(&agreement.id).is_some_and(Standing::is_in_force);
            let place = (parent, adhesion.party.as_str());
            by_parent.entry(place).or_default().push((agreement.as_ref(), binds));
        }
        Self { by_parent }
    }

    fn in_force<'b>(
        &'b self,
        agreement: &'b AgreementId,
        party: &'b str,
    ) -> impl Iterator<Item = &'a OrganisationId> + 'b {
        let all = self.by_parent.get(&(agreement, party)).into_iter().flatten();
        all.filter(|(_, binds)| *binds).filter_map(|(adhesion, _)| {
            adhesion.adhesion.as_ref().map(|adhesion| &adhesion.organisation)
        })
    }
}

impl Pact {
    pub(crate) fn compile(
        agreement: &Arc<Agreement>,
        sources: &Sources<'_>,
        standings: &Standings,
        adhesions: &Adhesions<'_>,
    ) -> Self {
        let sides = agreement
            .parties
            .iter()
            .map(|party| Side::compile(&agreement.id, party, sources, adhesions))
            .collect();
        Self {
            agreement: Arc::clone(agreement),
            standing: standings.of(&agreement.id).cloned().unwrap_or(Standing::Draft),
            lineage: lineage(agreement, &sources.agreements),
            root: 0,
            sides,
        }
    }

    /// The framework at the top of its lineage.
    pub(crate) fn framework(&self) -> &AgreementId {
        self.lineage.last().unwrap_or(&self.agreement.id)
    }

    /// Whether who got an item under it may pass it on under another.
    pub(crate) fn lets_on_to(&self, next: &Self) -> bool {
        match self.agreement.handling.redistribution {
            Redistribution::None => false,
            Redistribution::Lineage => self.root == next.root,
            Redistribution::Any => true,
        }
    }
}

impl Side {
    fn compile(
        agreement: &AgreementId,
        party: &Party,
        sources: &Sources<'_>,
        adhesions: &Adhesions<'_>,
    ) -> Self {
        let number = |id: &OrganisationId| sources.numbers.get(id).copied();
        let mut members: Audience = party.organisations.iter().filter_map(number).collect();
        let mut candidates = members.clone();
        if let Some(selector) = &party.select {
            let selected = sources.index.selected(selector);
            if selector.adhesion == AdhesionRule::NotNeeded {
                members.absorb(&selected.iter().copied().collect());
            }
            candidates.absorb(&selected.into_iter().collect());
            let adhered = adhesions.in_force(agreement, &party.name).filter_map(number);
            for number in adhered {
                if sources.organisations.get(&number).is_some_and(|it| selects(selector, it)) {
                    members.insert(number);
                }
            }
        }
        Self {
            members: Group::of(members),
            candidates: Group::of(candidates),
            gives: Categories::of(&party.gives),
            receives: Categories::of(&party.receives),
            within: party.within,
        }
    }
}
