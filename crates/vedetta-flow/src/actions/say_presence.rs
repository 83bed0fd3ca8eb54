//! Telling the other nodes who is on duty.

use vedetta_federation::envelope::{Presence, What};
use vedetta_model::{Actor, Instant, OrganisationId};

use crate::authority::ROOM;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::{keep_own, presence_name};

impl House {
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
        self.require_room(by, ROOM, "say who is on duty")?;
        if until <= self.now() {
            return Err(FlowError::invalid("until", "it is past; say until when this is known"));
        }
        let me = self.mesh()?.me.clone();
        let presence = Presence { organisation: me.clone(), on_duty, until };
        let (what, actor) = (What::Presence(presence.clone()), by.account.to_string());
        self.write(move |unit| keep_own(unit, (&actor, me.as_str()), None, &what))?;
        Ok(presence)
    }

    /// What another node last said about who is on duty for an organisation.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn presence(&self, organisation: &OrganisationId) -> Result<Option<Presence>, FlowError> {
        let name = presence_name(organisation);
        let kept = self.read(|reader| reader.bookmark(&name))?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }
}
