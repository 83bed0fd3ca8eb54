//! A link that is silent for too long is written down, and so is that it is heard again.

use std::time::Duration;

use vedetta_federation::cards::PeerStage;
use vedetta_model::{Instant, OrganisationId};

use crate::error::FlowError;
use crate::house::House;

/// The name under which the ledger knows this step.
const ACTOR: &str = "watch_links";

impl House {
    /// Notes that a peer is heard: any sign of life counts.
    pub fn hear(&self, peer: &OrganisationId) {
        let now = self.now();
        self.nodes.lines().entry(peer.clone()).or_default().heard = Some(now);
    }

    /// Writes down which links fell silent for so long, and which are heard again; the first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn watch_links(&self, longest: Duration) -> Result<Vec<OrganisationId>, FlowError> {
        let (mesh, now) = (self.mesh()?, self.now());
        let (mut silent, mut back) = (Vec::new(), Vec::new());
        {
            let mut lines = self.nodes.lines();
            for peer in &mesh.peers {
                let PeerStage::Active { since } = peer.stage else { continue };
                let line = lines.entry(peer.organisation.clone()).or_default();
                let heard = *line.heard.get_or_insert(since.max(self.nodes.opened));
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
            self.note_deed(ACTOR, peer.as_str(), facts)
        };
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
