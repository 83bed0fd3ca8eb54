//! This node among others: its key and its card, the nodes that it knows, and what it believes of
//! them. What goes between them and the ledger is the business of `vedetta-mesh`.

pub(crate) mod keep;
pub(crate) mod standings;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use vedetta_federation::card::{Card, CardError, Statement};
use vedetta_federation::cards::{Cards, Known, Peer};
use vedetta_federation::check::{Roots, Trust};
use vedetta_federation::envelope::Envelope;
use vedetta_federation::key::{KeyId, SecretKey};
use vedetta_federation::limits::Limits;
use vedetta_federation::scope::Scope;
use vedetta_model::{AgreementId, Audience, Instant, OrganisationId};
use vedetta_store::{Reader, Record, RecordKind, StoreError};

use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

pub(crate) use self::keep::{Provenance, entitled_by_ways, keep_own};
pub(crate) use self::standings::{lapsed, say, word_against};

/// This node and the others, as they stand.
pub struct Mesh {
    /// Which node this is: the organisation that runs it.
    pub me: OrganisationId,
    /// Its present key.
    pub key: Arc<SecretKey>,
    /// The cards that it knows, its own among them.
    pub cards: Arc<Cards>,
    /// Whether any key on them counts for nothing.
    pub revokes: bool,
    /// The nodes with which it has a link, or had one.
    pub peers: Vec<Peer>,
    /// What it believes.
    pub trust: Arc<Trust>,
    /// What stood when this was compiled.
    pub standing: Arc<Standing>,
}

/// What is compiled until it changes, and what is remembered to compile it with less work.
pub(crate) struct Compiled {
    mesh: Mutex<Option<Arc<Mesh>>>,
    roots: Arc<Roots>,
    limits: Arc<Limits>,
}

impl Default for Compiled {
    fn default() -> Self {
        let roots = Arc::new(Roots::new(ROOTS));
        Self { mesh: Mutex::default(), roots, limits: Arc::default() }
    }
}

/// A record of kind `Peer`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PeerRecord {
    /// A node.
    Node(Peer),
    /// An invitation that nobody used yet.
    Invitation(Invitation),
}

/// An invitation; its secret is apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// Its name here.
    pub id: String,
    /// The organisation whose node is invited.
    pub organisation: OrganisationId,
    /// The agreement that the link will rest on.
    pub agreement: AgreementId,
    /// For whom the invited node will speak.
    pub serves: Scope,
    /// About whose cards it will be believed.
    pub vouches: vedetta_federation::cards::Vouches,
    /// Until when it is good.
    pub expires: Instant,
}

/// The name of the node's key among its secrets.
pub const KEY: &str = "federation";
/// The settings with texts that nodes signed begin so.
pub const SIGNED: &str = "signed.";
/// The setting with the keys that count for nothing.
pub const REVOKED: &str = "revoked-node-keys";
/// Signed roots that are remembered.
const ROOTS: usize = 65_536;

impl Mesh {
    /// The peer that an organisation runs.
    #[must_use]
    pub fn peer(&self, organisation: &OrganisationId) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.organisation == *organisation)
    }

    /// The node's own newest card; absent before [`House::establish_node`].
    #[must_use]
    pub fn card(&self) -> Option<&Card> {
        self.cards.newest(&self.me)
    }

    /// Those for whom a node speaks.
    #[must_use]
    pub fn scope(&self, node: &OrganisationId) -> Audience {
        self.trust.territory().of(node)
    }

    /// Those for whom this node speaks, its own organisation among them.
    #[must_use]
    pub fn ours(&self) -> Audience {
        let mut ours = self.scope(&self.me);
        if let Some(me) = self.standing.network.number(&self.me) {
            ours.insert(me);
        }
        ours
    }

    /// Whether others take an envelope: no seal of it is by a key that counts for nothing.
    #[must_use]
    pub fn is_sound(&self, envelope: &Envelope) -> bool {
        !self.revokes || self.cards.is_sound(envelope)
    }

    /// Whether this node speaks for an organisation.
    #[must_use]
    pub fn speaks(&self, organisation: &OrganisationId) -> bool {
        *organisation == self.me || self.trust.territory().speaker(organisation) == Some(&self.me)
    }
}

impl House {
    /// This node and the others, as they stand.
    ///
    /// # Errors
    /// [`FlowError::Conflict`] when it is not said whose node this is; what the ledger said.
    pub fn mesh(&self) -> Result<Arc<Mesh>, FlowError> {
        let standing = self.standing();
        let known = self.mesh.mesh.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(mesh) = known.filter(|mesh| mesh.standing.compiled == standing.compiled) {
            return Ok(mesh);
        }
        let me = standing.own.clone().ok_or_else(|| {
            FlowError::Conflict("it is not said whose node this is; set its organisation".into())
        })?;
        let seed = self.node_secret(KEY)?;
        let key = secret_key(&seed)?;
        let (peers, cards) = self.read(|reader| Ok((peers(reader)?, cards(reader)?)))?;
        let cards = Arc::new(cards);
        let network = Arc::clone(&standing.network);
        let roots = Arc::clone(&self.mesh.roots);
        let territory = Arc::new(Trust::territory_of(&me, &network, &cards, &peers));
        let believed = Arc::clone(&cards);
        let trust = Trust::compile(me.clone(), network, territory, believed, &peers, roots);
        let trust = trust.within(Arc::clone(&self.mesh.limits));
        let (key, trust) = (Arc::new(key), Arc::new(trust));
        let revokes = cards.has_revoked();
        let mesh = Arc::new(Mesh { me, key, cards, revokes, peers, trust, standing });
        *self.mesh.mesh.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&mesh));
        Ok(mesh)
    }

    /// Says for whom this node speaks and where it listens: a new card, when the present one says
    /// otherwise.
    ///
    /// # Errors
    /// As [`House::mesh`].
    pub fn establish_node(&self, serves: &Scope, address: Option<&str>) -> Result<(), FlowError> {
        let mesh = self.mesh()?;
        let address = address.map(str::to_owned);
        let same = |card: &Card| card.says.serves == *serves && card.says.address == address;
        if mesh.card().is_some_and(same) {
            return Ok(());
        }
        let next = mesh.next_statement(self.now(), serves.clone(), address);
        let card = match mesh.card() {
            Some(_) => next.sign_after(&mesh.key, &mesh.key),
            None => next.sign(&mesh.key),
        };
        card.check().map_err(|error| FlowError::invalid("serves", error))?;
        self.put_by(
            vedetta_model::part::NODE,
            RecordKind::Card,
            mesh.me.as_str(),
            &mesh.own_cards_and(card),
        )
    }

    /// Whether there are other nodes that may get what is brought here.
    pub(crate) fn has_peers(&self) -> bool {
        let active = |mesh: Arc<Mesh>| mesh.peers.iter().any(|peer| peer.stage.is_active());
        self.mesh().is_ok_and(active)
    }

    /// Whether another node is known, also one that rests or has ended.
    pub(crate) fn knows_peers(&self) -> Result<bool, StoreError> {
        self.read(|reader| Ok(!peers(reader)?.is_empty()))
    }

    /// The invitations, those too that ran out. For the corridor's own crates, as what follows.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn all_invitations(&self) -> Result<Vec<Invitation>, FlowError> {
        let records = self.read(|reader| reader.records(RecordKind::Peer))?;
        let read = |body: &[u8]| match serde_json::from_slice(body) {
            Ok(PeerRecord::Invitation(invitation)) => Some(invitation),
            _ => None,
        };
        Ok(records.iter().filter_map(|record| read(&record.body)).collect())
    }

    /// Reads the key again, after it was changed.
    pub fn forget_mesh(&self) {
        *self.mesh.mesh.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Mesh {
    /// What the next card of this node says.
    #[must_use]
    pub fn next_statement(
        &self,
        now: Instant,
        serves: Scope,
        address: Option<String>,
    ) -> Statement {
        Statement {
            organisation: self.me.clone(),
            key: self.key.public(),
            serial: self.card().map_or(0, |card| card.says.serial) + 1,
            since: now,
            until: None,
            serves,
            address,
            revokes: BTreeSet::new(),
        }
    }

    /// What is known of this node, with its next card.
    #[must_use]
    pub fn own_cards_and(&self, card: Card) -> Known {
        let mut known = self.cards.known(&self.me).cloned().unwrap_or_default();
        known.cards.push(card);
        known
    }
}

/// A key from its seed.
///
/// # Errors
/// [`FlowError::Conflict`] when it is none.
pub fn secret_key(seed: &[u8]) -> Result<SecretKey, FlowError> {
    let seed = <[u8; 32]>::try_from(seed).ok();
    let key = seed.and_then(|seed| SecretKey::from_seed(seed).ok());
    key.ok_or_else(|| {
        FlowError::Conflict(
            "the node's key does not read back; verify the ledger, then restore a backup".into(),
        )
    })
}

fn peers(reader: &mut dyn Reader) -> Result<Vec<Peer>, StoreError> {
    let records = reader.records(RecordKind::Peer)?.into_iter();
    Ok(records.filter_map(|record| node_of(&record)).collect())
}

fn node_of(record: &Record) -> Option<Peer> {
    match serde_json::from_slice(&record.body) {
        Ok(PeerRecord::Node(peer)) => Some(peer),
        Ok(PeerRecord::Invitation(_)) => None,
        Err(error) => {
            tracing::error!(id = record.id, %error, "left out: this peer does not read back");
            None
        }
    }
}

fn cards(reader: &mut dyn Reader) -> Result<Cards, StoreError> {
    let mut cards = Cards::default();
    for record in reader.records(RecordKind::Card)? {
        let known: Known = serde_json::from_slice(&record.body).unwrap_or_default();
        let Some(node) = known.cards.first().map(|card| card.says.organisation.clone()) else {
            continue;
        };
        let mut all = known.cards.into_iter();
        let mut learn = || -> Result<(), CardError> {
            if let Some(first) = all.next() {
                cards.pin(first)?;
            }
            all.try_for_each(|card| cards.learn(&card).map(drop))
        };
        if let Err(error) = learn() {
            tracing::error!(%error, "left out: a card that does not hold");
        }
        for peer in &known.vouched_by {
            cards.vouch(&node, peer);
        }
    }
    if let Some(record) = reader.record(RecordKind::Setting, REVOKED)? {
        let revoked: Vec<KeyId> = serde_json::from_slice(&record.body).unwrap_or_default();
        revoked.into_iter().for_each(|key| cards.revoke(key));
    }
    Ok(cards)
}
