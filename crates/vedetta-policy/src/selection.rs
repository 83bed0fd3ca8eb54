//! Who a selector selects.

use std::collections::HashMap;
use std::sync::Arc;

use vedetta_model::agreement::Selector;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Organisation, OrganisationNumber};

/// The organisations by region and by kind, so that a selector looks only at those it may select.
pub(crate) struct Index<'a> {
    all: &'a [(OrganisationNumber, Arc<Organisation>)],
    by_region: HashMap<&'a str, Vec<usize>>,
    by_kind: HashMap<OrganisationKind, Vec<usize>>,
}

/// Whether a selector selects an organisation, leaving adhesion aside.
#[must_use]
pub fn selects(selector: &Selector, organisation: &Organisation) -> bool {
    let named = |wanted: &std::collections::BTreeSet<String>, own: &Option<String>| {
        wanted.is_empty() || own.as_ref().is_some_and(|own| wanted.contains(own))
    };
    (selector.kinds.is_empty() || selector.kinds.contains(&organisation.kind))
        && named(&selector.regions, &organisation.region)
        && named(&selector.provinces, &organisation.province)
        && (selector.sectors.is_empty()
            || organisation.sector.is_some_and(|sector| selector.sectors.contains(&sector)))
        && selector
            .population_above
            .is_none_or(|least| organisation.population.is_some_and(|people| people > least))
        && selector.criticality.is_none_or(|least| organisation.criticality >= least)
}

impl<'a> Index<'a> {
    pub(crate) fn of(all: &'a [(OrganisationNumber, Arc<Organisation>)]) -> Self {
        let mut by_region: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_kind: HashMap<OrganisationKind, Vec<usize>> = HashMap::new();
        for (place, (_, organisation)) in all.iter().enumerate() {
            if let Some(region) = &organisation.region {
                by_region.entry(region).or_default().push(place);
            }
            by_kind.entry(organisation.kind).or_default().push(place);
        }
        Self { all, by_region, by_kind }
    }

    /// The numbers of those selected, leaving adhesion aside.
    pub(crate) fn selected(&self, selector: &Selector) -> Vec<OrganisationNumber> {
        let regions = selector.regions.iter().map(|region| self.by_region.get(region.as_str()));
        let kinds = selector.kinds.iter().map(|kind| self.by_kind.get(kind));
        let places: Option<Vec<&Vec<usize>>> = if selector.regions.is_empty() {
            (!selector.kinds.is_empty()).then(|| kinds.flatten().collect())
        } else {
            Some(regions.flatten().collect())
        };
        let fits = |place: usize| {
            let (number, organisation) = &self.all[place];
            selects(selector, organisation).then_some(*number)
        };
        match places {
            Some(lists) => lists.into_iter().flatten().filter_map(|&place| fits(place)).collect(),
            None => (0..self.all.len()).filter_map(fits).collect(),
        }
    }
}
