//! For which organisations a node speaks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use vedetta_model::{Audience, Organisation, OrganisationId};
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

/// Which node speaks for which organisation, as one node sees it.
#[derive(Clone, Debug, Default)]
pub struct Territory {
    speakers: HashMap<OrganisationId, OrganisationId>,
    audiences: HashMap<OrganisationId, Audience>,
}

/// Deeper trees are followed no further.
const DEEPEST: usize = 32;

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
}

/// The scopes of all nodes, by what they name.
#[derive(Default)]
struct Claims<'a> {
    nodes: HashSet<&'a OrganisationId>,
    named: HashMap<&'a OrganisationId, &'a OrganisationId>,
    below: HashMap<&'a OrganisationId, &'a OrganisationId>,
    regions: HashMap<&'a str, &'a OrganisationId>,
    everything: Option<&'a OrganisationId>,
}

impl<'a> Claims<'a> {
    /// Nodes in ascending order: the first claim of a name stays.
    fn of(nodes: impl IntoIterator<Item = (&'a OrganisationId, &'a Scope)>) -> Self {
        let nodes: BTreeMap<_, _> = nodes.into_iter().collect();
        let mut claims = Self::default();
        for (node, scope) in nodes {
            claims.nodes.insert(node);
            for name in &scope.organisations {
                claims.named.entry(name).or_insert(node);
            }
            for name in &scope.below {
                claims.below.entry(name).or_insert(node);
            }
            for name in &scope.regions {
                claims.regions.entry(name).or_insert(node);
            }
            if scope.everything {
                claims.everything.get_or_insert(node);
            }
        }
        claims
    }

    /// From the closest claim to the widest: its own node, by name, below the nearest, by region,
    /// everything.
    fn speaker(
        &self,
        network: &Network,
        organisation: &Organisation,
    ) -> Option<&'a OrganisationId> {
        if let Some(own) = self.nodes.get(&organisation.id) {
            return Some(own);
        }
        if let Some(node) = self.named.get(&organisation.id) {
            return Some(node);
        }
        let mut above = Some(organisation);
        for _ in 0..DEEPEST {
            let Some(it) = above else { break };
            if let Some(node) = self.below.get(&it.id) {
                return Some(node);
            }
            let parent = it.parent.as_ref().and_then(|parent| network.number(parent));
            above = parent.and_then(|parent| network.organisation(parent)).map(AsRef::as_ref);
        }
        let region = organisation.region.as_deref().and_then(|it| self.regions.get(it));
        region.copied().or(self.everything)
    }
}

impl Territory {
    /// Resolves the scopes of all known nodes against the directory. Of two that claim alike the
    /// one with the lesser identifier speaks, everywhere the same.
    #[must_use]
    pub fn compile<'a>(
        network: &Network,
        nodes: impl IntoIterator<Item = (&'a OrganisationId, &'a Scope)>,
    ) -> Self {
        let claims = Claims::of(nodes);
        let mut territory = Self::default();
        for number in network.everyone().iter() {
            let Some(organisation) = network.organisation(number) else { continue };
            if let Some(node) = claims.speaker(network, organisation) {
                territory.audiences.entry(node.clone()).or_default().insert(number);
                territory.speakers.insert(organisation.id.clone(), node.clone());
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
