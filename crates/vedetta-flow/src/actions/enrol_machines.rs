//! Many machines enrolled at once: an account and a token each, in one unit of work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};
use vedetta_store::{RecordKind, SecretKind, StoreError};

use crate::actions::change_directory::put_all;
use crate::actions::manage_accounts::LONGEST_TOKEN;
use crate::authority::ADMINISTRATORS;
use crate::credentials::{Token, TokenText};
use crate::error::FlowError;
use crate::house::House;

/// A machine just enrolled.
#[derive(Debug)]
pub struct Enrolled {
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its account, `<organisation>.<purpose>`.
    pub account: AccountId,
    /// Its token, shown once.
    pub token: TokenText,
}

impl House {
    /// Enrols a machine in each of some organisations. One that was enrolled before for the same
    /// purpose keeps its account and gets another token.
    ///
    /// # Errors
    /// Forbidden, an unknown organisation, a purpose that is no identifier, or too long a life.
    pub fn enrol_machines(
        &self,
        by: &Actor,
        organisations: &[OrganisationId],
        purpose: &str,
        lasts: Duration,
    ) -> Result<Vec<Enrolled>, FlowError> {
        self.require_room(by, ADMINISTRATORS, "enrol machines")?;
        let _one_at_a_time = self.change();
        if lasts.is_zero() || lasts > LONGEST_TOKEN {
            return Err(FlowError::invalid("lasts", "between a second and 366 days"));
        }
        let expires = self.now().after(lasts);
        let (mut enrolled, mut kept, mut records) = (Vec::new(), Vec::new(), Records::default());
        for organisation in organisations {
            self.number_of(organisation)?;
            let id = AccountId::new(&format!("{organisation}.{purpose}"))?;
            let (token_id, token, digest) = TokenText::make(&*self.entropy);
            let record = Token {
                id: token_id,
                account: id.clone(),
                purpose: purpose.into(),
                scope: BTreeSet::new(),
                expires,
                issued_by: by.account.clone(),
            };
            kept.push((record, digest));
            records.accounts.push(machine(&id, organisation));
            enrolled.push(Enrolled { organisation: organisation.clone(), account: id, token });
        }
        let (shared, actor) = (Arc::clone(&self.shared), by.account.to_string());
        self.write(move |unit| {
            put_all(unit, &shared, &records, &actor)?;
            kept.iter().try_for_each(|(record, digest)| {
                let body = serde_json::to_vec(record)
                    .map_err(|error| StoreError::Refused(error.to_string()))?;
                unit.put_record(RecordKind::Token, &record.id, &body, &actor)?;
                unit.put_secret(SecretKind::Token, &record.id, digest)
            })
        })?;
        Ok(enrolled)
    }
}

fn machine(id: &AccountId, organisation: &OrganisationId) -> Account {
    Account {
        id: id.clone(),
        name: "Machine".into(),
        organisation: organisation.clone(),
        roles: BTreeSet::from([Role::Machine]),
        language: Language::default(),
        state: AccountState::Active,
    }
}
