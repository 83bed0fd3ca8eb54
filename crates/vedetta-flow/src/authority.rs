//! Which roles may do what. Doors check routes by their table; actions check again here, so that
//! a route given to the wrong role is still refused.

use vedetta_model::{Actor, OrganisationId, Role};

use crate::error::FlowError;
use crate::house::House;

/// Who runs the node.
pub const ADMINISTRATORS: &[Role] = &[Role::Administrator];
/// Who works in an operations room.
pub const ROOM: &[Role] = &[Role::Administrator, Role::DutyOfficer, Role::Analyst];
/// Who brings items.
pub(crate) const PRODUCERS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Liaison, Role::Machine];
/// Who works in the operations room, or checks on it.
pub const ROOM_AND_AUDITORS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor];
/// Who sees how fast things go: they, and what measures for them.
pub const MEASURERS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Auditor, Role::Machine];
/// Who sees what everyone did.
pub(crate) const AUDITORS: &[Role] = &[Role::Auditor, Role::Administrator];

/// Refuses an actor that has none of the roles.
pub(crate) fn require(actor: &Actor, roles: &[Role], what: &'static str) -> Result<(), FlowError> {
    if roles.iter().any(|role| actor.is(*role)) {
        Ok(())
    } else {
        let advice = "ask an administrator of the node for a role that may";
        Err(FlowError::forbidden(actor, what, advice))
    }
}

impl House {
    /// Whether an actor has one of the roles, or runs the node, in the room of the node's own
    /// organisation: such roles of any other organisation count there, not here.
    #[must_use]
    pub fn is_of_the_room(&self, actor: &Actor, roles: &[Role]) -> bool {
        let own = self.standing().own.as_ref() == Some(&actor.organisation);
        own && (actor.is(Role::Administrator) || roles.iter().any(|role| actor.is(*role)))
    }

    /// Refuses an actor that has none of the roles in the room of the node's own organisation.
    ///
    /// # Errors
    /// [`FlowError::Forbidden`].
    pub fn require_room(
        &self,
        actor: &Actor,
        roles: &[Role],
        what: &'static str,
    ) -> Result<(), FlowError> {
        self.ready()?;
        if self.is_of_the_room(actor, roles) {
            return Ok(());
        }
        let advice = "it takes a role that may, in the organisation whose node this is";
        Err(FlowError::forbidden(actor, what, advice))
    }

    /// Refuses an actor that has none of the roles.
    ///
    /// # Errors
    /// [`FlowError::Forbidden`].
    pub fn require(
        &self,
        actor: &Actor,
        roles: &[Role],
        what: &'static str,
    ) -> Result<(), FlowError> {
        self.ready()?;
        require(actor, roles, what)
    }

    /// Refuses an actor that acts for another organisation, unless it runs the node.
    pub(crate) fn require_own(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        what: &'static str,
    ) -> Result<(), FlowError> {
        self.ready()?;
        if actor.organisation == *organisation || self.is_of_the_room(actor, ADMINISTRATORS) {
            return Ok(());
        }
        let advice = "it may do so for its own organisation only";
        Err(FlowError::forbidden(actor, what, advice))
    }
}
