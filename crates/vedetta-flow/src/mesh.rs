//! This node among others: its key and its card, the nodes that it knows, what it believes of them,
//! and what goes between them and the ledger.
//!
//! The room `vedetta-federation` thinks; here its questions are answered from the ledger. What came
//! from another node is an ordinary item with its envelope among its facts; what else came is a
//! deed with the envelope as its body, so that it can be passed on as it was sealed.

pub(crate) mod agreements;
mod keep;
mod share;
mod shelf;
mod standings;
mod take;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_federation::bookmark::Span;
use vedetta_federation::card::{Card, CardError, Statement};
use vedetta_federation::cards::{Cards, Known, Peer};
use vedetta_federation::check::{Roots, Trust};
use vedetta_federation::envelope::Envelope;
use vedetta_federation::key::{KeyId, SecretKey};
use vedetta_federation::limits::Limits;
use vedetta_federation::scope::Scope;
use vedetta_model::{AgreementId, Audience, Instant, OrganisationId};
use vedetta_store::{Reader, Record, RecordKind, StoreError, StoredItem};

use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

pub(crate) use self::keep::{Provenance, keep_own};
pub use self::shelf::ShelfError;
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
    pub(crate) revokes: bool,
    /// The nodes with which it has a link, or had one.
    pub peers: Vec<Peer>,
    /// What it believes.
    pub trust: Arc<Trust>,
    pub(crate) standing: Arc<Standing>,
}

/// What the house remembers about other nodes until it is closed.
pub(crate) struct Nodes {
    mesh: Mutex<Option<Arc<Mesh>>>,
    lines: Mutex<BTreeMap<OrganisationId, Line>>,
    roots: Arc<Roots>,
    limits: Arc<Limits>,
    /// What strangers tried.
    knocks: Mutex<BTreeMap<&'static str, Tally>>,
    /// When the house was opened.
    pub(crate) opened: Instant,
    pub(crate) passages: Mutex<share::Memory>,
}

/// What is remembered about one peer until the house is closed.
#[derive(Default)]
pub(crate) struct Line {
    /// When it was last heard.
    pub(crate) heard: Option<Instant>,
    /// Since when it is silent, once that was reported.
    pub(crate) silent: Option<Instant>,
    /// How many of its envelopes were refused here.
    pub(crate) refused: u64,
    /// The latest of them.
    pub(crate) refusals: std::collections::VecDeque<crate::views::see_peers::RefusedHere>,
    /// How many for each reason were not written down yet, and when some were last.
    pub(crate) tallies: BTreeMap<&'static str, Tally>,
    /// What it refused of ours.
    pub(crate) refused_there: u64,
    /// When it last said that ours is from the future, and whether that was written down.
    pub(crate) future: Option<Instant>,
    pub(crate) warned: bool,
    /// The nodes whose seals it sees, as far as that was looked up, and how often there were more.
    pub(crate) introduced: BTreeSet<OrganisationId>,
    pub(crate) introductions: u64,
    /// What was read for it: by the place that was read and the release, for whom.
    pub(crate) sent: BTreeMap<(u64, vedetta_store::Sequence), Audience>,
    /// What went to it and is not written down yet.
    pub(crate) owed: Vec<vedetta_store::DeliveryBatch>,
    /// The latest part of the ledger that is known to hold nothing but items that it brought.
    pub(crate) alone: Span,
    /// Octets that it brought lately, and when that was counted.
    pub(crate) brought: Option<(u64, Instant)>,
    /// Milliseconds from the origin to here, by agreement: the newest.
    pub(crate) shared: HashMap<AgreementId, std::collections::VecDeque<u64>>,
}

impl Line {
    /// Notes that a part of the ledger has only items that the peer brought.
    pub(crate) fn brought_alone(&mut self, span: Span) {
        let after = if self.alone.upto == span.after { self.alone.after } else { span.after };
        self.alone = Span { after, upto: span.upto };
    }
}

/// Refusals for one reason.
#[derive(Default)]
pub(crate) struct Tally {
    count: usize,
    said: Option<Instant>,
}

impl Tally {
    /// One more; how many there were, when the last were written down so long ago.
    pub(crate) fn count(&mut self, now: Instant, quiet: Duration) -> Option<usize> {
        self.count += 1;
        let due = self.said.is_none_or(|said| now >= said.after(quiet));
        due.then(|| {
            self.said = Some(now);
            std::mem::take(&mut self.count)
        })
    }
}

/// A record of kind `Peer`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum PeerRecord {
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
pub(crate) const KEY: &str = "federation";
/// The setting with the keys that count for nothing.
pub(crate) const REVOKED: &str = "revoked-node-keys";
/// Signed roots that are remembered.
const ROOTS: usize = 65_536;
/// How often it is written down what strangers try.
const KNOCKS: Duration = Duration::from_secs(60);

impl Nodes {
    pub(crate) fn opened(at: Instant) -> Self {
        Self {
            mesh: Mutex::default(),
            lines: Mutex::default(),
            roots: Arc::new(Roots::new(ROOTS)),
            limits: Arc::default(),
            knocks: Mutex::default(),
            opened: at,
            passages: Mutex::default(),
        }
    }

    /// Counts a try of a stranger; how many there were, when that is to be written down.
    pub(crate) fn knock(&self, deed: &'static str, now: Instant) -> Option<usize> {
        let mut knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
        knocks.entry(deed).or_default().count(now, KNOCKS)
    }

    pub(crate) fn lines(&self) -> MutexGuard<'_, BTreeMap<OrganisationId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mesh {
    /// Whether a release is of what an organisation brought, where each brings its own; anywhere else,
    /// and when none is named, every release is.
    pub(crate) fn is_of(&self, release: &StoredItem, producer: Option<&OrganisationId>) -> bool {
        let Some(producer) = producer.filter(|_| release.id.follows_from_value()) else {
            return true;
        };
        match Provenance::of(release) {
            Some(brought) => brought.envelope.conditions.producer == *producer,
            None => self.standing.directory.number(producer) == Some(release.producer),
        }
    }

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

    /// Whether others take an envelope: no seal of it is by a key that counts for nothing.
    pub(crate) fn is_sound(&self, envelope: &Envelope) -> bool {
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
        let known = self.nodes.mesh.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
        let roots = Arc::clone(&self.nodes.roots);
        let territory = Arc::new(Trust::territory_of(&me, &network, &cards, &peers));
        let believed = Arc::clone(&cards);
        let trust = Trust::compile(me.clone(), network, territory, believed, &peers, roots);
        let trust = trust.within(Arc::clone(&self.nodes.limits));
        let (key, trust) = (Arc::new(key), Arc::new(trust));
        let revokes = cards.has_revoked();
        let mesh = Arc::new(Mesh { me, key, cards, revokes, peers, trust, standing });
        *self.nodes.mesh.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&mesh));
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
        self.put_by("node", RecordKind::Card, mesh.me.as_str(), &mesh.own_cards_and(card))
    }

    /// Whether there are other nodes that may get what is brought here.
    pub(crate) fn has_peers(&self) -> bool {
        let active = |mesh: Arc<Mesh>| mesh.peers.iter().any(|peer| peer.stage.is_active());
        self.mesh().is_ok_and(active)
    }

    /// Reads the key again, after it was changed.
    pub(crate) fn forget_mesh(&self) {
        *self.nodes.mesh.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Mesh {
    /// What the next card of this node says.
    pub(crate) fn next_statement(
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
    pub(crate) fn own_cards_and(&self, card: Card) -> Known {
        let mut known = self.cards.known(&self.me).cloned().unwrap_or_default();
        known.cards.push(card);
        known
    }
}

/// Where it is kept who is on duty for an organisation.
pub(crate) fn presence_name(organisation: &OrganisationId) -> String {
    format!("presence/{organisation}")
}

/// A key from its seed.
pub(crate) fn secret_key(seed: &[u8]) -> Result<SecretKey, FlowError> {
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
