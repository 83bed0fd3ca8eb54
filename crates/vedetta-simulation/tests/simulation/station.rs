//! A node that runs: its memory, its key, its connections.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use vedetta_federation::card::{Card, Statement};
use vedetta_federation::cards::{Cards, Learnt, Peer, PeerStage, Vouches};
use vedetta_federation::check::{Roots, Trust};
use vedetta_federation::exchange::Signer;
use vedetta_federation::key::SecretKey;
use vedetta_federation::link::{Link, Opening};
use vedetta_federation::scope::{Accepted, Breadth, Scope, Territory, Vouched};
use vedetta_federation::shelf::Shelf;
use vedetta_model::{AgreementId, Instant, OrganisationId};
use vedetta_policy::{Network, Roll};

use crate::chance::Chance;
use crate::memory::{Disk, Memory};
use crate::world::{BEGINNING, World};

pub(crate) struct Station {
    pub(crate) memory: Memory,
    pub(crate) key: SecretKey,
    pub(crate) cards: Arc<Cards>,
    pub(crate) up: bool,
    pub(crate) sessions: BTreeMap<usize, Session>,
    pub(crate) backups: Vec<Backup>,
    /// How far its clock is from the world's, in microseconds.
    pub(crate) skew: i64,
    peers: Vec<Peer>,
    territory: Arc<Territory>,
    roots: Arc<Roots>,
}

/// A connection as one side sees it.
pub(crate) struct Session {
    pub(crate) number: u64,
    pub(crate) link: Link,
}

pub(crate) struct Backup {
    pub(crate) at: Instant,
    pub(crate) disk: Disk,
}

/// What all stations of a world share.
pub(crate) struct Common {
    pub(crate) keys: Vec<SecretKey>,
    pub(crate) cards: Arc<Cards>,
    network: Network,
    pub(crate) roots: Arc<Roots>,
}

impl Common {
    pub(crate) fn new(world: &World, chance: &mut Chance) -> Self {
        let keys: Vec<_> =
            world.nodes.iter().map(|_| SecretKey::from_seed(chance.seed()).unwrap()).collect();
        let mut cards = Cards::default();
        for (node, key) in world.nodes.iter().zip(&keys) {
            cards.pin(statement(node, key, 1).sign(key)).unwrap();
        }
        let roll = Roll { organisations: &world.organisations, agreements: &[], holds: &[] };
        let network = Network::compile(roll, BEGINNING);
        Self { keys, cards: Arc::new(cards), network, roots: Arc::new(Roots::new(1 << 16)) }
    }

    /// Who speaks for whom, as a node sees it: its peers vouch for all others.
    fn territory(&self, world: &World, node: usize) -> Territory {
        let peers: Vec<_> = world.neighbours(node).iter().map(|it| &world.nodes[*it]).collect();
        let near = |id: &OrganisationId| *id == world.nodes[node] || peers.contains(&id);
        let accepted = self.cards.claims().filter(|(id, _)| near(id));
        let accepted = accepted.map(|(node, serves)| Accepted { node, serves, says: None });
        let vouched = self.cards.claims().filter(|(id, _)| !near(id)).map(|(node, serves)| {
            Vouched { node, serves, by: peers.clone(), about_everyone: Breadth::Everyone }
        });
        Territory::believed(&self.network, accepted, &vouched.collect::<Vec<_>>())
    }
}

impl Station {
    pub(crate) fn new(world: &Rc<World>, node: usize, common: &Common, skew: i64) -> Self {
        let peer = |peer: usize| Peer {
            organisation: world.nodes[peer].clone(),
            agreement: AgreementId::new("f").unwrap(),
            serves: Scope::below(world.nodes[peer].clone()),
            vouches: Vouches::Everything,
            address: None,
            stage: PeerStage::Active { since: BEGINNING },
        };
        let territory = Arc::new(common.territory(world, node));
        Self {
            memory: Memory::new(world, node, &territory),
            key: SecretKey::from_seed(*common.keys[node].seed()).unwrap(),
            cards: Arc::clone(&common.cards),
            up: true,
            sessions: BTreeMap::new(),
            backups: Vec::new(),
            skew,
            peers: world.neighbours(node).into_iter().map(peer).collect(),
            territory,
            roots: Arc::clone(&common.roots),
        }
    }

    pub(crate) fn clock(&self, now: Instant) -> Instant {
        Instant::from_micros(now.micros() + self.skew)
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::compile(
            self.memory.me.clone(),
            self.memory.network(),
            Arc::clone(&self.territory),
            Arc::clone(&self.cards),
            &self.peers,
            Arc::clone(&self.roots),
        )
    }

    pub(crate) fn signer(&self) -> Signer<'_> {
        Signer { node: &self.memory.me, key: &self.key }
    }

    pub(crate) fn card(&self) -> &Card {
        self.cards.newest(&self.memory.me).unwrap()
    }

    pub(crate) fn opening(&self, peer: &OrganisationId) -> Opening {
        Opening {
            me: self.memory.me.clone(),
            peer: peer.clone(),
            card: self.card().clone(),
            edition: self.memory.edition(peer).unwrap(),
            head: self.memory.mark(),
            bookmark: self.memory.bookmark(peer).unwrap(),
            cards: self.cards.all().filter(|card| card.says.serial > 1).cloned().collect(),
            untold: Vec::new(),
        }
    }

    /// Takes a new key, with a card that the old one signs too.
    pub(crate) fn rotate(&mut self, seed: [u8; 32]) -> Card {
        let key = SecretKey::from_seed(seed).unwrap();
        let serial = self.card().says.serial + 1;
        let card = statement(&self.memory.me, &key, serial).sign_after(&key, &self.key);
        Arc::make_mut(&mut self.cards).learn(&card).unwrap();
        self.key = key;
        card
    }

    /// The cards among these that were new here.
    pub(crate) fn learn(&mut self, cards: Vec<Card>) -> Vec<Card> {
        let mut known = Cards::clone(&self.cards);
        let new = |card: &Card| matches!(known.learn(card), Ok(Learnt::New));
        let news: Vec<_> = cards.into_iter().filter(new).collect();
        if !news.is_empty() {
            self.cards = Arc::new(known);
        }
        news
    }
}

fn statement(node: &OrganisationId, key: &SecretKey, serial: u32) -> Statement {
    Statement {
        organisation: node.clone(),
        key: key.public(),
        serial,
        since: BEGINNING,
        until: None,
        serves: Scope::below(node.clone()),
        address: None,
        revokes: [].into(),
    }
}
