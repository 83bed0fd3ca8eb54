//! The first day of a node: a whole network loaded at once, and its first administrator.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_directory::directory::Records;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Agreement, Language, OrganisationId, Role, Way};
use vedetta_store::RecordKind;

use crate::actions::change_directory::put_all;
use crate::error::FlowError;
use crate::house::House;
use crate::standing::OWN;

impl House {
    /// Loads a network into an empty node: directory and agreements, signed ones in force.
    ///
    /// # Errors
    /// [`FlowError::Conflict`] when the node has organisations already; what the ledger said.
    pub fn found(&self, records: Records, agreements: Vec<Agreement>) -> Result<(), FlowError> {
        let _one_at_a_time = self.change();
        if !self.standing().directory.members().is_empty() {
            let reason = "the node has a directory already; import into it instead";
            return Err(FlowError::Conflict(reason.into()));
        }
        let shared = Arc::clone(&self.shared);
        self.write(move |unit| {
            put_all(unit, &shared, &records, OPERATOR)?;
            for agreement in &agreements {
                let body = serde_json::to_vec(agreement).unwrap_or_default();
                unit.put_record(RecordKind::Agreement, agreement.id.as_str(), &body, OPERATOR)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Says whose node this is. Administrators, auditors and the operations room are of that
    /// organisation.
    ///
    /// # Errors
    /// An unknown organisation, or what the ledger said.
    pub fn set_own(&self, organisation: &OrganisationId) -> Result<(), FlowError> {
        self.number_of(organisation)?;
        let set = self.read(|reader| reader.record(RecordKind::Setting, OWN))?;
        let same = |body: &[u8]| serde_json::from_slice(body).ok().as_ref() == Some(organisation);
        if set.is_some_and(|record| same(&record.body)) {
            return Ok(());
        }
        self.put_by(OPERATOR, RecordKind::Setting, OWN, organisation)
    }

    /// The actor of the node's own commands: whoever can read the data directory.
    #[must_use]
    pub fn keeper(&self, organisation: &OrganisationId) -> Option<Actor> {
        self.standing().directory.organisation(organisation)?;
        let account = AccountId::new(OPERATOR).ok()?;
        let roles = BTreeSet::from([Role::Administrator]);
        let organisation = organisation.clone();
        Some(Actor {
            account,
            organisation,
            roles,
            language: Language::default(),
            way: Way::InPerson,
        })
    }

    /// The operator at the machine: an administrator of the node's own organisation.
    ///
    /// # Errors
    /// [`FlowError::Conflict`] when the node does not know whose it is.
    pub fn operator(&self) -> Result<Actor, FlowError> {
        let own = self.standing().own.clone();
        own.and_then(|own| self.keeper(&own)).ok_or_else(|| {
            let reason = "the node does not know whose it is; name an organisation of its \
                directory in vedetta.toml, and start it";
            FlowError::Conflict(reason.into())
        })
    }

    /// Makes the first administrator of an organisation.
    ///
    /// # Errors
    /// An unknown organisation, or what the ledger said.
    pub fn first_administrator(
        &self,
        id: &AccountId,
        organisation: &OrganisationId,
        password: &str,
    ) -> Result<(), FlowError> {
        let keeper = self
            .keeper(organisation)
            .ok_or_else(|| FlowError::unknown("organisation", organisation))?;
        let account = Account {
            id: id.clone(),
            name: "Administrator".into(),
            organisation: organisation.clone(),
            roles: BTreeSet::from([Role::Administrator, Role::DutyOfficer]),
            language: Language::default(),
            state: AccountState::Active,
        };
        self.put_account(&keeper, &account)?;
        self.set_password(&keeper, id, password)
    }
}

/// The account under which the node's own commands act. Nobody else can have it.
pub(crate) use vedetta_model::part::OPERATOR;
