//! Which roles may do what. Doors check routes by their table; actions check again here, so that
//! a route given to the wrong role is still refused.

use vedetta_model::{Actor, OrganisationId, Role};

use crate::error::FlowError;

/// Who runs the node.
pub(crate) const ADMINISTRATORS: &[Role] = &[Role::Administrator];
/// Who works in an operations room.
pub(crate) const ROOM: &[Role] = &[Role::Administrator, Role::DutyOfficer, Role::Analyst];
/// Who brings items.
pub(crate) const PRODUCERS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Liaison, Role::Machine];
/// Who sees what everyone did.
pub(crate) const AUDITORS: &[Role] = &[Role::Auditor, Role::Administrator];

/// Refuses an actor that has none of the roles.
pub(crate) fn require(actor: &Actor, roles: &[Role], what: &'static str) -> Result<(), FlowError> {
    if roles.iter().any(|role| actor.is(*role)) {
        Ok(())
    } else {
        Err(FlowError::Forbidden {
            who: actor.account.to_string(),
            what,
            advice: "ask an administrator of the node for a role that may",
        })
    }
}

/// Refuses an actor that acts for another organisation, unless it runs the node.
pub(crate) fn require_own(
    actor: &Actor,
    organisation: &OrganisationId,
    what: &'static str,
) -> Result<(), FlowError> {
    if actor.organisation == *organisation || actor.is(Role::Administrator) {
        Ok(())
    } else {
        Err(FlowError::Forbidden {
            who: actor.account.to_string(),
            what,
            advice: "it may do so for its own organisation only",
        })
    }
}
