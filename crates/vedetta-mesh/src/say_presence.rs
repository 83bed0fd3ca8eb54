//! Telling the other nodes who is on duty.

use vedetta_federation::envelope::{Presence, What};
use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_flow::corridor::keep_own;
use vedetta_model::part::ROSTER;
use vedetta_model::{Actor, Instant, OrganisationId};

use crate::Nodes;

/// Where it is kept what the roster last said.
const SAID: &str = "said-presence";

impl Nodes {
    /// Tells the other nodes how many are on duty in this node's room, and until when that is known.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn say_presence(
        &self,
        by: &Actor,
        on_duty: u16,
        until: Instant,
    ) -> Result<Presence, FlowError> {
        self.house.require_room(by, ROOM, "say who is on duty")?;
        if until <= self.house.now() {
            return Err(FlowError::invalid("until", "it is past; say until when this is known"));
        }
        let me = self.house.mesh()?.me.clone();
        let presence = Presence { organisation: me.clone(), on_duty, until };
        let (what, actor) = (What::Presence(presence.clone()), by.account.to_string());
        self.house.write(move |unit| keep_own(unit, (&actor, me.as_str()), None, &what))?;
        Ok(presence)
    }

    /// The same as the roster says, when that is news and there is another node to hear it.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn tell_duty(&self, on_duty: u16, until: Instant) -> Result<(), FlowError> {
        let mesh = self.house.mesh()?;
        if !mesh.peers.iter().any(|it| it.stage.is_active()) {
            return Ok(());
        }
        let presence = Presence { organisation: mesh.me.clone(), on_duty, until };
        let said = serde_json::to_vec(&presence).unwrap_or_default();
        if self.house.read(|reader| reader.bookmark(SAID))?.as_ref() == Some(&said) {
            return Ok(());
        }
        let (what, me) = (What::Presence(presence), mesh.me.clone());
        self.house.write(move |unit| {
            keep_own(unit, (ROSTER, me.as_str()), None, &what)?;
            unit.set_bookmark(SAID, &said)
        })?;
        Ok(())
    }

    /// What another node last said about who is on duty for an organisation.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn presence(&self, organisation: &OrganisationId) -> Result<Option<Presence>, FlowError> {
        let name = presence_name(organisation);
        let kept = self.house.read(|reader| reader.bookmark(&name))?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }
}

/// Where it is kept who is on duty for an organisation.
pub(crate) fn presence_name(organisation: &OrganisationId) -> String {
    format!("presence/{organisation}")
}
