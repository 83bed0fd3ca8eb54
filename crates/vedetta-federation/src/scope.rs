//! For which organisations a node speaks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use vedetta_model::{Audience, OrganisationId, OrganisationNumber};
use vedetta_policy::Network;

/// For which organisations a node says that it speaks. Resolved against the directory of whoever
/// asks; of two nodes that speak for one organisation the more specific counts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// For everyone for whom nobody else speaks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub everything: bool,
    /// For everyone in these regions, by their Italian names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    /// For these organisations and all below them in the tree.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub below: BTreeSet<OrganisationId>,
    /// For these organisations alone.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<OrganisationId>,
}

/// How closely a scope names an organisation, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Closeness {
    Everything,
    Region,
    /// So many steps below, negated: the nearer the closer.
    Below(i32),
    Named,
    /// A node's own organisation.
    Own,
}

/// Which node speaks for which organisation, as one node sees it.
#[derive(Clone, Debug, Default)]
pub struct Territory {
    speakers: HashMap<OrganisationId, OrganisationId>,
    audiences: HashMap<OrganisationId, Audience>,
}

/// Deeper trees are followed no further.
const DEEPEST: i32 = 32;

impl Scope {
    /// The scope of a node that speaks for everyone for whom nobody else does.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// The scope of an organisation and all below it.
    #[must_use]
    pub fn below(organisation: OrganisationId) -> Self {
        Self { below: BTreeSet::from([organisation]), ..Self::default() }
    }

    /// How many names it has: what a card may have at most is bounded.
    #[must_use]
    pub fn size(&self) -> usize {
        self.regions.len() + self.below.len() + self.organisations.len()
    }

    fn closeness(&self, network: &Network, number: OrganisationNumber) -> Option<Closeness> {
        let organisation = network.organisation(number)?;
        if self.organisations.contains(&organisation.id) {
            return Some(Closeness::Named);
        }
        let mut above = Some(organisation.id.clone());
        for steps in 0..DEEPEST {
            let Some(id) = above else { break };
            if self.below.contains(&id) {
                return Some(Closeness::Below(-steps));
            }
            let up = network.number(&id).and_then(|number| network.organisation(number));
            above = up.and_then(|organisation| organisation.parent.clone());
        }
        let region = organisation.region.as_ref();
        if region.is_some_and(|region| self.regions.contains(region)) {
            return Some(Closeness::Region);
        }
        self.everything.then_some(Closeness::Everything)
    }
}

impl Territory {
    /// Resolves the scopes of all known nodes against the directory. Of two that are equally close
    /// the one with the lesser identifier speaks, everywhere the same.
    #[must_use]
    pub fn compile<'a>(
        network: &Network,
        nodes: impl IntoIterator<Item = (&'a OrganisationId, &'a Scope)>,
    ) -> Self {
        let nodes: BTreeMap<_, _> = nodes.into_iter().collect();
        let mut territory = Self::default();
        for number in network.everyone().iter() {
            let close = |(node, scope): (&&OrganisationId, &&Scope)| {
                let own = network.number(node) == Some(number);
                let closeness = if own { Some(Closeness::Own) } else { None };
                Some((closeness.or_else(|| scope.closeness(network, number))?, (*node).clone()))
            };
            let all = nodes.iter().filter_map(close);
            let best = all.reduce(|best, other| if other.0 > best.0 { other } else { best });
            if let Some((_, node)) = best {
                territory.audiences.entry(node.clone()).or_default().insert(number);
                if let Some(organisation) = network.organisation(number) {
                    territory.speakers.insert(organisation.id.clone(), node);
                }
            }
        }
        territory
    }

    /// The node that speaks for an organisation.
    #[must_use]
    pub fn speaker(&self, organisation: &OrganisationId) -> Option<&OrganisationId> {
        self.speakers.get(organisation)
    }

    /// Those for whom a node speaks.
    #[must_use]
    pub fn of(&self, node: &OrganisationId) -> Audience {
        self.audiences.get(node).cloned().unwrap_or_default()
    }
}
