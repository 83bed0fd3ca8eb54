//! What went to a peer, and when it had it: once the peer confirmed it, and else when that was given up.
//! Whoever it is withdrawn from later is to be known though the peer never confirms.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_federation::bookmark::Span;
use vedetta_flow::FlowError;
use vedetta_model::{Audience, Instant, OrganisationId, Places};
use vedetta_store::{DeliveryBatch, Door, Sequence, StoreError, UnitOfWork};

use crate::Nodes;
use crate::line::Line;

/// What was confirmed within so long is recorded together, under the moment of the last.
const TOGETHER: Duration = Duration::from_millis(100);

/// Releases, and for whom at the peer they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gone {
    releases: Vec<(u64, u64)>,
    to: Vec<u32>,
}

/// A part of the ledger that is on its way to a peer.
pub(crate) struct Flying {
    /// Over which connection, by its number.
    over: u64,
    span: Span,
    what: Vec<(Places, Audience)>,
}

/// What is to be written down: since when it gathers, and what.
pub(crate) type Owed = (Instant, DeliveryBatch);

impl Nodes {
    /// A number for a connection with a peer: what is on its way over one is given up with it, and not
    /// what is over the one that took its place.
    pub fn connect(&self, peer: &OrganisationId) -> u64 {
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        line.connected += 1;
        line.connected
    }

    /// Notes what goes to a peer over a connection: what a part of the ledger had for it. Written down
    /// by [`Nodes::record_sent`] once the peer confirmed it, or it was given up.
    pub fn sent(&self, (peer, over): (&OrganisationId, u64), span: Span) {
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        let rest = line.sent.split_off(&(span.upto + 1, Sequence::START));
        let mut gone = std::mem::replace(&mut line.sent, rest);
        let inside = gone.split_off(&(span.after + 1, Sequence::START));
        line.sent.extend(gone);
        let mut what: Vec<(Places, Audience)> = Vec::new();
        for ((_, release), audience) in inside {
            match what.iter_mut().find(|(_, to)| *to == audience) {
                Some((releases, _)) => releases.insert(release.0),
                None => what.push(([release.0].into_iter().collect(), audience)),
            }
        }
        if !what.is_empty() {
            line.flying.push_back(Flying { over, span, what });
        }
    }

    /// Notes that a peer has a part of the ledger.
    pub(crate) fn arrived(&self, peer: &OrganisationId, span: Span) {
        let now = self.house.now();
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        if let Some(place) = line.flying.iter().position(|it| it.span == span)
            && let Some(flying) = line.flying.remove(place)
        {
            line.owe(flying, now);
        }
    }

    /// Notes that of what is on its way to a peer over a connection nothing will be confirmed any more.
    pub fn gave_up(&self, (peer, over): (&OrganisationId, u64)) {
        let now = self.house.now();
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        let flying = std::mem::take(&mut line.flying).into_iter();
        let (gone, still): (VecDeque<_>, VecDeque<_>) = flying.partition(|it| it.over == over);
        line.flying = still;
        gone.into_iter().for_each(|flying| line.owe(flying, now));
    }

    /// Writes down what a peer had since the last time, and beside the ledger what is on its way.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn record_sent(&self, peer: &OrganisationId) -> Result<(), FlowError> {
        let (owed, gone) = {
            let mut lines = self.lines();
            let line = lines.entry(peer.clone()).or_default();
            let gone = line.gone();
            let gone = (gone != line.noted).then_some(gone);
            (std::mem::take(&mut line.owed), gone)
        };
        let batches = owed.iter().map(|(_, batch)| batch.clone()).collect();
        let recorded = self.house.record_deliveries(batches).map(drop);
        if recorded.is_err() {
            // They are written down the next time.
            self.lines().entry(peer.clone()).or_default().owed.extend(owed);
        } else if let Some(gone) = gone {
            self.note_gone(peer, gone)?;
        }
        recorded
    }

    /// Writes down what was on its way to a peer when the node fell.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn recover_sent(&self, peer: &OrganisationId) -> Result<(), FlowError> {
        let at = self.house.now();
        let kept = self.house.read(|reader| reader.bookmark(&name(peer)))?;
        let gone: Vec<Gone> =
            kept.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default();
        if gone.is_empty() || !self.lines().entry(peer.clone()).or_default().flying.is_empty() {
            return Ok(());
        }
        let batches = gone.into_iter().map(|it| {
            let releases = it.releases.iter().flat_map(|(first, last)| *first..=*last).collect();
            let audience = it.to.into_iter().map(vedetta_model::OrganisationNumber).collect();
            DeliveryBatch { releases, door: Door::Peer, at, audience }
        });
        self.house.record_deliveries(batches.collect())?;
        self.note_gone(peer, Vec::new())
    }

    fn note_gone(&self, peer: &OrganisationId, gone: Vec<Gone>) -> Result<(), FlowError> {
        let (name, octets) = (name(peer), serde_json::to_vec(&gone).unwrap_or_default());
        self.house.write(move |unit: &mut dyn UnitOfWork| -> Result<(), StoreError> {
            unit.set_bookmark(&name, &octets)
        })?;
        self.lines().entry(peer.clone()).or_default().noted = gone;
        Ok(())
    }
}

impl Line {
    fn owe(&mut self, flying: Flying, at: Instant) {
        for (releases, audience) in flying.what {
            let alike =
                |(began, it): &&mut Owed| it.audience == audience && at.since(*began) <= TOGETHER;
            match self.owed.iter_mut().rev().find(alike) {
                Some((_, batch)) => {
                    batch.releases.absorb(&releases);
                    batch.at = at;
                }
                None => {
                    let batch = DeliveryBatch { releases, door: Door::Peer, at, audience };
                    self.owed.push((at, batch));
                }
            }
        }
    }

    /// What is on its way.
    fn gone(&self) -> Vec<Gone> {
        let gone = |(releases, to): &(Places, Audience)| Gone {
            releases: releases.runs().to_vec(),
            to: to.iter().map(|it| it.0).collect(),
        };
        self.flying.iter().flat_map(|it| &it.what).map(gone).collect()
    }

    /// Whether one of some releases is on its way to the peer for some, or was confirmed just now.
    pub(crate) fn carries(&self, release: Sequence, whom: &Audience) -> bool {
        let flying = self.flying.iter().flat_map(|it| &it.what);
        let owed = self.owed.iter().map(|(_, it)| (&it.releases, &it.audience));
        let mut all = flying.map(|(releases, to)| (releases, to)).chain(owed);
        all.any(|(releases, to)| releases.contains(release.0) && to.meets(whom))
    }
}

fn name(peer: &OrganisationId) -> String {
    format!("on-the-way/{peer}")
}
