//! What a part of the corridor that lives in a crate of its own is given: the ledger as the house
//! reads and writes it, and the house's own refusals. `cargo xtask tidy` lets no door name it.

use vedetta_model::{Actor, OrganisationId, Role};
use vedetta_store::{Reader, StoreError, UnitOfWork};

use crate::authority;
use crate::error::FlowError;
use crate::house::House;

/// A house, as its annexes have it.
#[derive(Clone, Copy)]
pub struct Annex<'a>(&'a House);

impl<'a> Annex<'a> {
    /// Of a house.
    #[must_use]
    pub const fn of(house: &'a House) -> Self {
        Self(house)
    }

    /// Reads one consistent snapshot of the ledger, when all that was written is in effect.
    ///
    /// # Errors
    /// What the reading or the ledger said.
    pub fn read<T>(
        self,
        reading: impl FnMut(&mut dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.read(reading)
    }

    /// Writes, and returns when it is durable and rung. `work` may run more than once and must give
    /// the same answer from the same state; only its last run is kept.
    ///
    /// # Errors
    /// What the work or the ledger said.
    pub fn write<T: Send + 'static>(
        self,
        work: impl FnMut(&mut dyn UnitOfWork) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.write(work)
    }

    /// Refuses an actor that has none of the roles in the room of the node's own organisation.
    ///
    /// # Errors
    /// Forbidden.
    pub fn require_room(
        self,
        actor: &Actor,
        roles: &[Role],
        what: &'static str,
    ) -> Result<(), FlowError> {
        self.0.require_room(actor, roles, what)
    }

    /// Refuses an actor that has none of the roles.
    ///
    /// # Errors
    /// Forbidden.
    pub fn require(
        self,
        actor: &Actor,
        roles: &[Role],
        what: &'static str,
    ) -> Result<(), FlowError> {
        self.0.ready()?;
        authority::require(actor, roles, what)
    }

    /// Refuses an organisation that is not in the directory.
    ///
    /// # Errors
    /// Unknown.
    pub fn require_known(self, organisation: &OrganisationId) -> Result<(), FlowError> {
        self.0.number_of(organisation).map(drop)
    }
}
