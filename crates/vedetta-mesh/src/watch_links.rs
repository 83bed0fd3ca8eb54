//! A link that is silent for too long is written down, and so is that it is heard again, and that a
//! peer refuses what this node sends as from the future.

use std::time::Duration;

use vedetta_federation::cards::PeerStage;
use vedetta_flow::FlowError;
use vedetta_model::{Instant, OrganisationId};

use crate::Nodes;
use crate::line::Line;

/// The name under which the ledger knows this step.
const ACTOR: &str = vedetta_model::part::WATCH_LINKS;

impl Nodes {
    /// Notes that a peer is heard: any sign of life counts.
    pub fn hear(&self, peer: &OrganisationId) {
        let now = self.house.now();
        self.lines().entry(peer.clone()).or_default().heard = Some(now);
    }

    /// Writes down which links fell silent for so long, and which are heard again, and who says that
    /// this node's clock is ahead; the first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn watch_links(&self, longest: Duration) -> Result<Vec<OrganisationId>, FlowError> {
        let (mesh, now) = (self.house.mesh()?, self.house.now());
        let (mut silent, mut back, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
        {
            let mut lines = self.lines();
            for peer in &mesh.peers {
                let PeerStage::Active { since } = peer.stage else { continue };
                let line = lines.entry(peer.organisation.clone()).or_default();
                if let Some(said) = line.future.filter(|_| !line.warned) {
                    line.warned = true;
                    ahead.push((peer.organisation.clone(), said));
                }
                if line.is_ahead(now).is_none() {
                    line.warned = false;
                }
                let heard = *line.heard.get_or_insert(since.max(self.opened));
                let too_long = now.since(heard) >= longest;
                match (too_long, line.silent) {
                    (true, None) => {
                        line.silent = Some(heard);
                        silent.push((peer.organisation.clone(), heard));
                    }
                    (false, Some(since)) => {
                        line.silent = None;
                        back.push((peer.organisation.clone(), since));
                    }
                    _ => {}
                }
            }
        }
        let note = |peer: &OrganisationId, deed: &str, since: Instant| {
            let facts = serde_json::json!({ "deed": deed, "since": since }).to_string();
            self.house.note_deed(ACTOR, peer.as_str(), facts)
        };
        for (peer, since) in &ahead {
            tracing::error!(%peer, "ALARM: it refuses what this node sends as from the future: one of the clocks is wrong");
            note(peer, "clock-ahead", *since)?;
        }
        for (peer, since) in &back {
            note(peer, "link-heard", *since)?;
        }
        for (peer, since) in &silent {
            tracing::warn!(%peer, %since, "the link is silent");
            note(peer, "link-silent", *since)?;
        }
        Ok(silent.into_iter().map(|(peer, _)| peer).collect())
    }
}

/// So long after a peer last said so, a clock counts as ahead.
const DOUBT: Duration = Duration::from_secs(3_600);

impl Line {
    /// When the peer last said that what this node sends is from the future, if it was lately.
    pub(crate) fn is_ahead(&self, now: Instant) -> Option<Instant> {
        self.future.filter(|said| now.since(*said) < DOUBT)
    }
}
