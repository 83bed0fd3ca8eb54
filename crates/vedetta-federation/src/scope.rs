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
    accepted: HashMap<OrganisationId, OrganisationId>,
}

/// A node that an administrator accepted: a peer, or this node itself.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// Which node.
    pub node: &'a OrganisationId,
    /// For whom it was accepted.
    pub serves: &'a Scope,
    /// For whom it says itself that it speaks, on its card.
    pub says: Option<&'a Scope>,
}

/// What a node that is no peer claims, and who vouches for it.
#[derive(Clone, Debug)]
pub struct Vouched<'a> {
    /// Which node.
    pub node: &'a OrganisationId,
    /// For whom it says that it speaks.
    pub serves: &'a Scope,
    /// Which peers vouch for it.
    pub by: Vec<&'a OrganisationId>,
    /// Whether one of them is believed about everyone.
    pub about_everyone: Breadth,
}

/// How far those who vouch for a node are believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breadth {
    /// About everyone for whom no peer speaks, too.
    Everyone,
    /// About those for whom they speak.
    Theirs,
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
    /// The first claim of a name stays: that of one node, then those of the others in ascending order.
    fn of(
        first: Option<(&'a OrganisationId, &'a Scope)>,
        others: impl IntoIterator<Item = (&'a OrganisationId, &'a Scope)>,
    ) -> Self {
        let others: BTreeMap<_, _> = others.into_iter().collect();
        let mut claims = Self::default();
        for (node, scope) in first.into_iter().chain(others) {
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
    /// Resolves first what administrators accepted; then, of the nodes that are known by others'
    /// word alone, what they claim of the share of who vouches for them. So nobody takes an
    /// organisation from a peer, nor from this node, by inventing a node. Of two that claim alike the
    /// one that vouches speaks, else the one with the lesser identifier.
    #[must_use]
    pub fn believed<'a>(
        network: &Network,
        accepted: impl IntoIterator<Item = Accepted<'a>>,
        vouched: &[Vouched<'a>],
    ) -> Self {
        let accepted: Vec<_> = accepted.into_iter().collect();
        let firm = Claims::of(None, accepted.iter().map(|it| (it.node, it.serves)));
        let shares = shares(&accepted, vouched);
        let mut territory = Self::default();
        for number in network.everyone().iter() {
            let Some(organisation) = network.organisation(number) else { continue };
            let above = firm.speaker(network, organisation);
            let share = shares.get(&above);
            let node = share.and_then(|claims| claims.speaker(network, organisation)).or(above);
            let id = &organisation.id;
            if let Some(above) = above {
                territory.accepted.insert(id.clone(), above.clone());
            }
            if let Some(node) = node {
                territory.audiences.entry(node.clone()).or_default().insert(number);
                territory.speakers.insert(id.clone(), node.clone());
            }
        }
        territory
    }

    /// Which peer, or this node itself, speaks for an organisation or vouches for the node that
    /// does: what administrators accepted alone.
    #[must_use]
    pub fn accepted(&self, organisation: &OrganisationId) -> Option<&OrganisationId> {
        self.accepted.get(organisation)
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

/// By who is accepted, nothing for those for whom nobody is: what that node says itself beside the
/// claims of the nodes that it vouches for. What it was accepted for may be wider than what it says:
/// who is below a region accepts its centre for everything, and what that leaves the national centre
/// speaks for.
fn shares<'a>(
    accepted: &[Accepted<'a>],
    vouched: &[Vouched<'a>],
) -> HashMap<Option<&'a OrganisationId>, Claims<'a>> {
    let mut shares: HashMap<_, Vec<_>> = HashMap::new();
    for Vouched { node, serves, by, about_everyone } in vouched {
        for above in by {
            shares.entry(Some(*above)).or_default().push((*node, *serves));
        }
        if *about_everyone == Breadth::Everyone {
            shares.entry(None).or_default().push((*node, *serves));
        }
    }
    let own = |above: Option<&OrganisationId>| {
        let above = accepted.iter().find(|it| Some(it.node) == above)?;
        Some((above.node, above.says.unwrap_or(above.serves)))
    };
    shares.into_iter().map(|(above, claims)| (above, Claims::of(own(above), claims))).collect()
}
