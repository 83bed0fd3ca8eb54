//! Changes by people who saw a record as it was: when it is no longer so, they are told who changed it
//! and when, and nothing is written.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use vedetta_directory::directory::Records;
use vedetta_model::agreement::Stage;
use vedetta_model::{Account, Actor, Agreement, Instant, OrganisationId};
use vedetta_store::{RecordKind, Sequence};

use crate::authority::ADMINISTRATORS;
use crate::error::FlowError;
use crate::house::House;

/// What an editor saw of a record, to be given back with the change; empty for one that is new.
#[must_use]
pub fn seen<T: Serialize>(record: &T) -> String {
    let body = serde_json::to_vec(record).unwrap_or_default();
    Sha256::digest(body).iter().take(12).map(|octet| format!("{octet:02x}")).collect()
}

impl House {
    /// Puts one record of the directory, provided that it is still as its editor saw it.
    ///
    /// # Errors
    /// [`FlowError::Changed`]; as [`House::put_records`].
    pub fn edit_record(&self, by: &Actor, records: Records, saw: &str) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "change the directory")?;
        let standing = self.standing();
        let directory = &standing.directory;
        if let Some(it) = records.organisations.first() {
            let now = directory.organisation(&it.id);
            self.unchanged(RecordKind::Organisation, it.id.as_str(), now, saw)?;
        }
        if let Some(it) = records.assets.first() {
            self.unchanged(RecordKind::Asset, it.id.as_str(), directory.asset(&it.id), saw)?;
        }
        if let Some(it) = records.contacts.first() {
            self.unchanged(RecordKind::Contact, it.id.as_str(), directory.contact(&it.id), saw)?;
        }
        self.put_records(by, records)
    }

    /// Puts an account, provided that it is still as its editor saw it.
    ///
    /// # Errors
    /// [`FlowError::Changed`]; as [`House::put_account`].
    pub fn edit_account(&self, by: &Actor, account: &Account, saw: &str) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "change accounts")?;
        let standing = self.standing();
        let now = standing.directory.account(&account.id);
        self.unchanged(RecordKind::Account, account.id.as_str(), now, saw)?;
        self.put_account(by, account)
    }

    /// The agreements of an organisation, of those that an actor may see.
    #[must_use]
    pub fn agreements_of(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
    ) -> Vec<std::sync::Arc<Agreement>> {
        let standing = self.standing();
        let Some(number) = standing.directory.number(organisation) else { return Vec::new() };
        let mut agreements = self.agreements(by);
        agreements.retain(|it| standing.binds(it, number));
        agreements
    }

    /// Who wrote a record last, and when.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn last_change(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<(String, Instant)>, FlowError> {
        let entry = self.read(|reader| {
            let Some(record) = reader.record(kind, id)? else { return Ok(None) };
            let before = Sequence(record.stamp.seq.0.saturating_sub(1));
            Ok(reader.entries(before, 1)?.pop())
        })?;
        Ok(entry.map(|entry| (entry.actor, entry.stamp.at)))
    }

    /// Who wrote a draft as it is, and when; nothing of what is no draft.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn drafted(&self, of: &Agreement) -> Result<Option<(String, Instant)>, FlowError> {
        match of.stage {
            Stage::Draft => self.last_change(RecordKind::Agreement, of.id.as_str()),
            _ => Ok(None),
        }
    }

    fn unchanged<T: Serialize>(
        &self,
        kind: RecordKind,
        id: &str,
        now: Option<&T>,
        saw: &str,
    ) -> Result<(), FlowError> {
        if now.map(seen).unwrap_or_default() == saw {
            return Ok(());
        }
        Err(match self.last_change(kind, id)? {
            Some((by, at)) => FlowError::Changed { by, at },
            None => FlowError::Conflict(format!("{id} was removed meanwhile; put it anew")),
        })
    }
}
