//! A country: nodes and the links between them, organisations, agreements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vedetta_model::agreement::{
    Agreement, Duties, HandlingTerms, History, Party, Redistribution, Renewal, Stage, Term,
    VictimVisibility, Within,
};
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::{
    AccountId, AgreementId, Category, Instant, Organisation, OrganisationId, OrganisationNumber,
    Tlp,
};

use crate::amend::categories;
use crate::chance::Chance;

/// When every world begins: 2026-06-01T00:00:00Z.
pub(crate) const BEGINNING: Instant = Instant::from_micros(1_780_272_000_000_000);

/// How large the worlds are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// About a dozen nodes.
    Small,
    /// A national centre, 18 regional ones and 82 sections, or 60 to 101 nodes in another form.
    Full,
    /// A hundred and one nodes, in this form; in a row twice as many.
    Whole(Form),
}

/// How the nodes are linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Country,
    Ring,
    Tree,
    Mesh,
    Row,
}

/// Those that follow from a seed.
const FORMS: [Form; 4] = [Form::Country, Form::Ring, Form::Tree, Form::Mesh];

pub(crate) struct World {
    pub(crate) form: Form,
    pub(crate) nodes: Vec<OrganisationId>,
    pub(crate) edges: Vec<(usize, usize)>,
    pub(crate) organisations: Vec<(OrganisationNumber, Arc<Organisation>)>,
    /// By organisation: the node that speaks for it.
    pub(crate) speaker: BTreeMap<OrganisationId, usize>,
    pub(crate) agreements: Vec<Arc<Agreement>>,
    /// Agreements whose text only the nodes of their parties have.
    pub(crate) private: BTreeSet<AgreementId>,
}

impl World {
    pub(crate) fn new(chance: &mut Chance, scale: Scale) -> Self {
        let (form, count, edges) = topology(chance, scale);
        let nodes: Vec<_> = (0..count).map(|node| organisation(node, None)).collect();
        let mut world = Self {
            form,
            nodes,
            edges,
            organisations: Vec::new(),
            speaker: BTreeMap::new(),
            agreements: Vec::new(),
            private: BTreeSet::new(),
        };
        world.settle(chance);
        world.agree(chance);
        world
    }

    pub(crate) fn neighbours(&self, node: usize) -> Vec<usize> {
        let of = |&(a, b): &(usize, usize)| match node {
            it if it == a => Some(b),
            it if it == b => Some(a),
            _ => None,
        };
        self.edges.iter().filter_map(of).collect()
    }

    /// The organisations for which a node speaks.
    pub(crate) fn spoken_for(&self, node: usize) -> Vec<&OrganisationId> {
        self.speaker.iter().filter(|(_, it)| **it == node).map(|(id, _)| id).collect()
    }

    /// The nodes that speak for a party of an agreement.
    pub(crate) fn party_nodes(&self, agreement: &Agreement) -> BTreeSet<usize> {
        let all = agreement.parties.iter().flat_map(|party| &party.organisations);
        all.map(|id| self.speaker[id]).collect()
    }

    pub(crate) fn holds_text(&self, node: usize, agreement: &Agreement) -> bool {
        !self.is_private(&agreement.id) || self.party_nodes(agreement).contains(&node)
    }

    /// Whether the text is kept from those who are no party, as that in whose place it came.
    pub(crate) fn is_private(&self, id: &AgreementId) -> bool {
        self.private.contains(&self.root(id))
    }

    /// The agreement in whose place one came at last.
    pub(crate) fn root(&self, id: &AgreementId) -> AgreementId {
        AgreementId::new(id.as_str().split('.').next().unwrap()).unwrap()
    }

    fn settle(&mut self, chance: &mut Chance) {
        for (place, node) in self.nodes.clone().into_iter().enumerate() {
            let below = chance.below(3);
            for part in 0..=below {
                let own = part == 0;
                let id = if own { node.clone() } else { organisation(place, Some(part)) };
                let parent = (!own).then(|| node.clone());
                let known: Vec<_> = self.speaker.keys().cloned().collect();
                let client = chance.once_in(8) && !known.is_empty();
                let client_of = if client { vec![chance.pick(&known).clone()] } else { vec![] };
                let number = u32::try_from(self.organisations.len()).unwrap();
                let it = plain(id.clone(), parent, client_of);
                self.organisations.push((OrganisationNumber(number), Arc::new(it)));
                self.speaker.insert(id, place);
            }
        }
    }

    fn agree(&mut self, chance: &mut Chance) {
        for id in ["f", "g"] {
            let nobody = [BTreeSet::from([self.nodes[0].clone()]), BTreeSet::new()];
            self.agreements.push(Arc::new(agreement(chance, id, None, nobody)));
        }
        let everyone: Vec<_> = self.speaker.keys().cloned().collect();
        if chance.once_in(2) {
            let most = everyone.iter().filter(|_| !chance.once_in(4)).cloned().collect();
            self.sign(chance, [most, BTreeSet::new()]);
        }
        for _ in 0..self.nodes.len() / 5 + 2 {
            let around = self.around(chance);
            let centre = chance.pick(&around).clone();
            let rest = around.iter().filter(|id| **id != centre).cloned().collect();
            self.sign(chance, [BTreeSet::from([centre]), rest]);
        }
        for _ in 0..3 {
            let mut some = || (0..3).map(|_| chance.pick(&everyone).clone()).collect();
            let sides = [some(), some()];
            self.sign(chance, sides);
        }
    }

    fn sign(&mut self, chance: &mut Chance, sides: [BTreeSet<OrganisationId>; 2]) {
        let id = format!("a{}", self.agreements.len());
        let parent = *chance.pick(&[Some("f"), Some("f"), Some("g"), None]);
        self.agreements.push(Arc::new(agreement(chance, &id, parent, sides)));
    }

    /// The organisations of a few nodes near each other.
    fn around(&self, chance: &mut Chance) -> Vec<OrganisationId> {
        let mut near = vec![chance.below(self.nodes.len())];
        let many = chance.between(2, 9);
        for at in 0..many {
            let Some(node) = near.get(at).copied() else { break };
            for next in self.neighbours(node) {
                if !near.contains(&next) && near.len() < many {
                    near.push(next);
                }
            }
        }
        let all = near.iter().flat_map(|node| self.spoken_for(*node)).cloned();
        all.filter(|_| !chance.once_in(6)).chain([self.nodes[near[0]].clone()]).collect()
    }

    /// Has some agreements kept from those who are no party to them.
    pub(crate) fn keep_some_private(&mut self, chance: &mut Chance) {
        let named = self.agreements.iter().filter(|it| it.id.as_str().starts_with('a'));
        self.private = named.map(|it| it.id.clone()).filter(|_| chance.once_in(2)).collect();
    }
}

fn organisation(node: usize, part: Option<usize>) -> OrganisationId {
    let id = part.map_or_else(|| format!("n{node}"), |part| format!("n{node}-{part}"));
    OrganisationId::new(&id).unwrap()
}

fn plain(
    id: OrganisationId,
    parent: Option<OrganisationId>,
    client_of: Vec<OrganisationId>,
) -> Organisation {
    Organisation {
        name: id.to_string(),
        aliases: Vec::new(),
        kind: OrganisationKind::Agency,
        parent,
        region: None,
        province: None,
        population: None,
        sector: None,
        criticality: Criticality::None,
        client_of,
        id,
    }
}

fn agreement(
    chance: &mut Chance,
    id: &str,
    parent: Option<&str>,
    sides: [BTreeSet<OrganisationId>; 2],
) -> Agreement {
    let id = AgreementId::new(id).unwrap();
    let party = |place: usize, organisations: BTreeSet<OrganisationId>, within| Party {
        name: format!("side-{place}"),
        organisations,
        select: None,
        gives: Category::ALL.into(),
        receives: Category::ALL.into(),
        within,
        contacts: Vec::new(),
    };
    let alone = sides[1].is_empty();
    let parties = sides.into_iter().enumerate().map(|(place, side)| {
        let together = alone || chance.once_in(4);
        party(place, side, if together { Within::Together } else { Within::Apart })
    });
    let mut parties: Vec<_> = parties.collect();
    for party in &mut parties {
        party.gives = categories(chance);
        party.receives = categories(chance);
    }
    let redistribution = [Redistribution::Lineage, Redistribution::Lineage, Redistribution::Any];
    let nothing = chance.once_in(5);
    let handling = HandlingTerms {
        highest_tlp: *chance.pick(&[Tlp::Amber, Tlp::AmberStrict, Tlp::AmberStrict]),
        victim: *chance.pick(&[VictimVisibility::Hidden, VictimVisibility::Named]),
        history: History::All,
        redistribution: match nothing {
            true => Redistribution::None,
            false => *chance.pick(&redistribution),
        },
        ..HandlingTerms::default()
    };
    let (from, until) = (BEGINNING.before(DAY).day(), BEGINNING.after(DAY * 3650).day());
    Agreement {
        title: id.to_string(),
        id,
        parent: parent.map(|parent| AgreementId::new(parent).unwrap()),
        succeeds: None,
        stage: in_force(),
        term: Term { signed: None, from, until, renewal: Renewal::None },
        adhesion: None,
        parties,
        handling,
        duties: Duties::default(),
        raci: Vec::new(),
        systems: Vec::new(),
        mail: None,
    }
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

pub(crate) fn in_force() -> Stage {
    Stage::InForce { since: BEGINNING.before(DAY), by: AccountId::new("they").unwrap() }
}

fn topology(chance: &mut Chance, scale: Scale) -> (Form, usize, Vec<(usize, usize)>) {
    let many = match scale {
        Scale::Small => chance.between(5, 12),
        Scale::Full => chance.between(60, 101),
        Scale::Whole(Form::Row) => 202,
        Scale::Whole(_) => 101,
    };
    let form = match scale {
        Scale::Whole(form) => form,
        _ => *chance.pick(&FORMS),
    };
    let (many, edges) = match form {
        Form::Country => country(chance, scale),
        Form::Ring => (many, (0..many).map(|node| (node, (node + 1) % many)).collect()),
        Form::Row => (many, (1..many).map(|node| (node - 1, node)).collect()),
        Form::Tree => (many, branches(chance, many, many)),
        Form::Mesh => (many, mesh(chance, many)),
    };
    (form, many, edges)
}

/// A tree with as many links more, at most four of a node.
fn mesh(chance: &mut Chance, many: usize) -> Vec<(usize, usize)> {
    let mut edges = branches(chance, many, 3);
    for _ in 0..many {
        let (a, b) = (chance.below(many), chance.below(many));
        let degree = |node| edges.iter().filter(|(a, b)| *a == node || *b == node).count();
        let known = edges.contains(&(a, b)) || edges.contains(&(b, a));
        if a != b && !known && degree(a) < 4 && degree(b) < 4 {
            edges.push((a, b));
        }
    }
    edges
}

/// The national centre, the regional ones, their sections.
fn country(chance: &mut Chance, scale: Scale) -> (usize, Vec<(usize, usize)>) {
    let (regions, sections) = if scale == Scale::Small { (3, 7) } else { (18, 82) };
    let centre = (1..=regions).map(|region| (0, region));
    let section = |place| (chance.between(1, regions), 1 + regions + place);
    let edges = centre.chain((0..sections).map(section)).collect();
    (1 + regions + sections, edges)
}

/// A random tree; each node is linked to one of the last few before it, so it is not too flat.
fn branches(chance: &mut Chance, many: usize, back: usize) -> Vec<(usize, usize)> {
    let parent = |node: usize, chance: &mut Chance| {
        let back = chance.between(1, back.min(node)).min(node);
        if chance.once_in(2) { node - back } else { node / 2 }
    };
    (1..many).map(|node| (parent(node, chance).min(node - 1), node)).collect()
}
