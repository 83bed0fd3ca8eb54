//! Changing the directory: one record, or a whole import, all or nothing.

use serde::Serialize;
use vedetta_directory::directory::Records;
use vedetta_model::{Actor, AssetId, ContactId, OrganisationId, OrganisationNumber};
use vedetta_store::{RecordKind, StoreError, UnitOfWork};

use crate::actions::manage_accounts::check_roles;
use crate::authority::ADMINISTRATORS;
use crate::error::FlowError;
use crate::house::{House, Shared};

impl House {
    /// Puts records of the directory: all of them or none.
    ///
    /// # Errors
    /// Forbidden, records that do not make a directory, or what the ledger said.
    pub fn put_records(&self, by: &Actor, records: Records) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "change the directory")?;
        let _one_at_a_time = self.change();
        let standing = self.standing();
        let mut next = u32::MAX;
        let unborn = |_: &OrganisationId| {
            next -= 1;
            OrganisationNumber(next)
        };
        (standing.directory.with(records.clone(), unborn))
            .map_err(|error| FlowError::invalid("records", error))?;
        let own = standing.own.as_ref();
        records.accounts.iter().try_for_each(|account| check_roles(account, own))?;
        let (shared, actor) = (std::sync::Arc::clone(&self.shared), by.account.to_string());
        self.write(move |unit| put_all(unit, &shared, &records, &actor))?;
        Ok(())
    }

    /// Removes an organisation with its assets, contacts and accounts. Its number is never given again; what was cleared to it is no
    /// longer released.
    ///
    /// # Errors
    /// Forbidden, unknown, or still the parent or provider of others.
    pub fn remove_organisation(&self, by: &Actor, id: &OrganisationId) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "remove organisations")?;
        let _one_at_a_time = self.change();
        let standing = self.standing();
        let known = standing.directory.organisation(id);
        known.ok_or_else(|| FlowError::unknown("organisation", id))?;
        let leans = standing.directory.members().iter().find(|member| {
            let other = &member.organisation;
            other.parent.as_ref() == Some(id) || other.client_of.contains(id)
        });
        if let Some(member) = leans {
            let other = &member.organisation.id;
            let reason = format!("{other} still names {id}; change it first");
            return Err(FlowError::Conflict(reason));
        }
        let (actor, mut gone) = (by.account.to_string(), vec![]);
        let directory = &standing.directory;
        gone.extend(
            directory.assets_of(id).iter().map(|it| (RecordKind::Asset, it.id.to_string())),
        );
        gone.extend(
            directory.contacts_of(id).iter().map(|it| (RecordKind::Contact, it.id.to_string())),
        );
        gone.extend(
            directory.accounts_of(id).iter().map(|it| (RecordKind::Account, it.id.to_string())),
        );
        gone.push((RecordKind::Organisation, id.to_string()));
        let shared = std::sync::Arc::clone(&self.shared);
        self.write(move |unit| {
            gone.iter().try_for_each(|(kind, id)| {
                shared.touch(*kind);
                unit.remove_record(*kind, id, &actor).map(drop)
            })
        })?;
        Ok(())
    }

    /// Removes an asset.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_asset(&self, by: &Actor, id: &AssetId) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "remove assets")?;
        self.remove(by, RecordKind::Asset, "asset", id.as_str())
    }

    /// Removes a contact.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_contact(&self, by: &Actor, id: &ContactId) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "remove contacts")?;
        self.remove(by, RecordKind::Contact, "contact", id.as_str())
    }

    /// Puts one record, with the snapshot renewed before this returns.
    pub(crate) fn put<T: Serialize>(
        &self,
        by: &Actor,
        kind: RecordKind,
        id: &str,
        value: &T,
    ) -> Result<(), FlowError> {
        self.put_by(by.account.as_str(), kind, id, value)
    }

    /// Puts one record for an account or a step.
    pub(crate) fn put_by<T: Serialize>(
        &self,
        actor: &str,
        kind: RecordKind,
        id: &str,
        value: &T,
    ) -> Result<(), FlowError> {
        let body = serde_json::to_vec(value).map_err(|error| FlowError::invalid(id, error))?;
        let (shared, id) = (std::sync::Arc::clone(&self.shared), id.to_owned());
        let actor = actor.to_owned();
        self.write(move |unit| {
            shared.touch(kind);
            unit.put_record(kind, &id, &body, &actor)
        })?;
        Ok(())
    }

    /// Removes one record.
    pub(crate) fn remove(
        &self,
        by: &Actor,
        kind: RecordKind,
        what: &'static str,
        id: &str,
    ) -> Result<(), FlowError> {
        let (shared, owned) = (std::sync::Arc::clone(&self.shared), id.to_owned());
        let actor = by.account.to_string();
        let removed = self.write(move |unit| {
            shared.touch(kind);
            unit.remove_record(kind, &owned, &actor)
        })?;
        removed.map(drop).ok_or_else(|| FlowError::unknown(what, id))
    }
}

pub(crate) fn put_all(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    records: &Records,
    actor: &str,
) -> Result<(), StoreError> {
    for organisation in &records.organisations {
        unit.number(&organisation.id)?;
        put_one(unit, RecordKind::Organisation, organisation.id.as_str(), organisation, actor)?;
    }
    for asset in &records.assets {
        put_one(unit, RecordKind::Asset, asset.id.as_str(), asset, actor)?;
    }
    for contact in &records.contacts {
        put_one(unit, RecordKind::Contact, contact.id.as_str(), contact, actor)?;
    }
    for account in &records.accounts {
        put_one(unit, RecordKind::Account, account.id.as_str(), account, actor)?;
    }
    shared.touch(RecordKind::Organisation);
    Ok(())
}

fn put_one<T: Serialize>(
    unit: &mut dyn UnitOfWork,
    kind: RecordKind,
    id: &str,
    record: &T,
    actor: &str,
) -> Result<(), StoreError> {
    let body = serde_json::to_vec(record)
        .map_err(|error| StoreError::Refused(format!("{id}: {error}")))?;
    unit.put_record(kind, id, &body, actor).map(drop)
}
