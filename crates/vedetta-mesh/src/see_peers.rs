//! The nodes that this one exchanges with, how their links do, and what was refused.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;
use vedetta_federation::cards::{Peer, PeerStage};
use vedetta_federation::check::Verified;
use vedetta_federation::envelope::Presence;
use vedetta_federation::key::KeyId;
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::Shelf;
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM_AND_AUDITORS;
use vedetta_flow::mesh::Mesh;
use vedetta_model::quantiles::{Quantiles, quantiles};
use vedetta_model::{Actor, AgreementId, Instant, OrganisationId};

use crate::Nodes;
use crate::told_there::RefusedThere;

/// A peer, as the operations room sees it.
#[derive(Clone, Debug, Serialize)]
pub struct PeerView {
    /// The organisation that runs it.
    pub organisation: OrganisationId,
    /// The agreement that the link rests on.
    pub agreement: AgreementId,
    /// Where the link is in its life.
    pub stage: PeerStage,
    /// For whom it speaks, as this node accepted it.
    pub serves: Scope,
    /// Its newest key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// Where it listens, as its card says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it was last heard, since this node started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Instant>,
    /// Since when it is silent, when that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<Instant>,
    /// When it last refused what this node sends as from the future, in the last hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub future: Option<Instant>,
    /// Who is on duty there, as it last said, while that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// How far its ledger was taken in.
    pub taken_in: u64,
    /// How many of its envelopes wait, since they may pass later.
    pub waiting: usize,
    /// How many of its envelopes were known since this node started: sent again, and of no effect.
    pub known: u64,
    /// How many of its envelopes were refused here since this node started.
    pub refused: u64,
    /// The latest of them, the newest last; at most fifty.
    pub refusals: Vec<RefusedHere>,
    /// How many of ours it refused since this node started.
    pub refused_there: u64,
    /// The latest of them, the newest last; at most fifty. These outlive the node's start.
    pub refusals_there: Vec<RefusedThere>,
}

/// An envelope that was refused here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefusedHere {
    /// When.
    pub at: Instant,
    /// Who it said brought it into the network.
    pub origin: OrganisationId,
    /// Its leaf.
    pub what: String,
    /// The name of the reason.
    pub why: String,
    /// The reason as a sentence.
    pub says: String,
}

/// How fast what other nodes give arrives here, under one agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Arriving {
    /// From which peer.
    pub peer: OrganisationId,
    /// Under which agreement it was given.
    pub agreement: AgreementId,
    /// From the origin's ledger to this one: of the newest thousand, without those that a link missed
    /// while it was down. By the clocks of the two; where the origin is the peer, without their difference.
    pub share: Quantiles,
}

/// So much that a peer refused is shown with it.
const SHOWN: usize = 50;
/// Arrivals measured for each agreement.
const MEASURED: usize = 1_000;
/// Agreements measured for each peer.
const AGREEMENTS: usize = 256;

impl Nodes {
    /// The nodes that this one exchanges with.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn peers(&self, by: &Actor) -> Result<Vec<PeerView>, FlowError> {
        self.house.require_room(by, ROOM_AND_AUDITORS, "see the other nodes")?;
        let mesh = self.house.mesh()?;
        mesh.peers.iter().map(|peer| self.peer_view(&mesh, peer)).collect()
    }

    fn peer_view(&self, mesh: &Mesh, peer: &Peer) -> Result<PeerView, FlowError> {
        let bookmark = self.bookmark(&peer.organisation);
        let taken_in = bookmark.map_err(|error| FlowError::Conflict(error.to_string()))?.last();
        let waiting = self.waiting(&peer.organisation);
        let waiting = waiting.map_err(|error| FlowError::Conflict(error.to_string()))?.len();
        let presence = self.presence(&peer.organisation)?.filter(|it| it.until > self.house.now());
        let card = mesh.cards.newest(&peer.organisation);
        let mut refusals_there = Vec::from(self.latest_there(&peer.organisation)?);
        refusals_there.drain(..refusals_there.len().saturating_sub(SHOWN));
        let lines = self.lines();
        let line = lines.get(&peer.organisation);
        let refusals = line.map(|line| line.refusals.iter().cloned().collect());
        Ok(PeerView {
            organisation: peer.organisation.clone(),
            agreement: peer.agreement.clone(),
            stage: peer.stage.clone(),
            serves: peer.serves.clone(),
            key: card.map(|card| card.says.key.id()),
            address: card.and_then(|card| card.says.address.clone()),
            heard: line.and_then(|line| line.heard),
            silent: line.and_then(|line| line.silent),
            future: line.and_then(|line| line.is_ahead(self.house.now())),
            presence,
            taken_in,
            waiting,
            known: line.map_or(0, |line| line.known),
            refused: line.map_or(0, |line| line.refused),
            refusals: refusals.unwrap_or_default(),
            refused_there: line.map_or(0, |line| line.refused_there),
            refusals_there,
        })
    }

    /// How fast what other nodes give arrives here.
    ///
    /// # Errors
    /// Forbidden.
    pub fn arriving(&self, by: &Actor) -> Result<Vec<Arriving>, FlowError> {
        self.house.require_room(by, ROOM_AND_AUDITORS, "see how fast the agreements work")?;
        let lines = self.lines();
        let mut found = Vec::new();
        for (peer, line) in lines.iter() {
            for (agreement, millis) in &line.shared {
                let mut measured: Vec<_> = millis.iter().map(|millis| (*millis, 1)).collect();
                let (peer, agreement) = (peer.clone(), agreement.clone());
                found.push(Arriving { peer, agreement, share: quantiles(&mut measured) });
            }
        }
        found.sort_by(|one, other| {
            (&one.peer, &one.agreement).cmp(&(&other.peer, &other.agreement))
        });
        Ok(found)
    }

    /// Notes by how many microseconds a peer's clock is ahead.
    pub fn note_skew(&self, peer: &OrganisationId, micros: i64) {
        self.lines().entry(peer.clone()).or_default().ahead = micros;
    }

    /// Measures how long items that are new here were on their way, by the agreements known here.
    pub(crate) fn measure_sharing(&self, peer: &OrganisationId, verified: &[&Verified]) {
        let (now, standing) = (self.house.now(), self.house.standing());
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        for alike in verified.chunk_by(|one, other| one.passages() == other.passages()) {
            // What was missed says how long a link was down, not how fast it is.
            let items = alike.iter().filter(|it| it.is_item() && !it.is_late());
            let millis = items.map(|it| {
                // The clock of the peer is known by how much it is wrong, that of others is believed.
                let ahead = if it.envelope().origin == *peer { line.ahead } else { 0 };
                let at = it.envelope().at.micros().saturating_sub(ahead);
                u64::try_from(now.micros().saturating_sub(at) / 1_000).unwrap_or(0)
            });
            let millis: Vec<u64> = millis.collect();
            let unders = alike[0].passages().iter().filter_map(|passage| passage.under.as_ref());
            let unders = unders.filter(|id| standing.network.agreement(id).is_some());
            for under in unders.collect::<BTreeSet<_>>() {
                if !line.shared.contains_key(under) && line.shared.len() >= AGREEMENTS {
                    continue;
                }
                let measured: &mut VecDeque<u64> = line.shared.entry(under.clone()).or_default();
                measured.extend(&millis);
                measured.drain(..measured.len().saturating_sub(MEASURED));
            }
        }
    }
}
