//! Changing the directory: one record, or a whole import, all or nothing.

use serde::Serialize;
use vedetta_directory::Directory;
use vedetta_directory::directory::Records;
use vedetta_federation::envelope::{Removal, What};
use vedetta_model::{Actor, AssetId, ContactId, OrganisationId, OrganisationNumber};
use vedetta_store::{RecordKind, StoreError, UnitOfWork};

use crate::actions::keep_webhooks::forget_webhooks;
use crate::actions::manage_accounts::{check_account, forget_account, write_account};
use crate::authority::ADMINISTRATORS;
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::mesh::keep_own;
use crate::steps::offer_again::owe_instead;
use crate::wording;

impl House {
    /// Puts records of the directory: all of them or none.
    ///
    /// # Errors
    /// Forbidden, records that do not make a directory, or what the ledger said.
    pub fn put_records(&self, by: &Actor, records: Records) -> Result<(), FlowError> {
        let _one_at_a_time = self.change();
        self.check_records(by, &records)?;
        let (shared, actor) = (std::sync::Arc::clone(&self.shared), by.account.to_string());
        self.write(move |unit| put_all(unit, &shared, &records, &actor))?;
        Ok(())
    }

    /// Whether records could be put.
    ///
    /// # Errors
    /// As [`House::put_records`].
    pub fn check_records(&self, by: &Actor, records: &Records) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "change the directory")?;
        let standing = self.standing();
        let mut next = u32::MAX;
        let unborn = |_: &OrganisationId| {
            next -= 1;
            OrganisationNumber(next)
        };
        (standing.directory.with(records.clone(), unborn))
            .map_err(|error| FlowError::invalid("records", error))?;
        for contact in &records.contacts {
            wording::travels(contact.id.as_str(), &What::Contact(Box::new(contact.clone())))?;
        }
        let own = standing.own.as_ref();
        records.accounts.iter().try_for_each(|account| check_account(account, own))
    }

    /// Removes an organisation with its assets, contacts, accounts and webhooks. Its number is never given again; what was cleared to it is no
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
        let gone = with_belongings(&standing.directory, id).map_err(FlowError::Conflict)?;
        let said = self.mesh().is_ok_and(|mesh| mesh.speaks(id) && mesh.me != *id);
        let what = said.then(|| What::Removal(Removal { organisation: id.clone() }));
        let (shared, actor) = (std::sync::Arc::clone(&self.shared), by.account.to_string());
        let (id, mesh) = (id.clone(), self.mesh().ok());
        self.write(move |unit| {
            remove_all(unit, &shared, &gone, &actor)?;
            mesh.iter().try_for_each(|it| owe_instead(unit, (&shared, it), (&id, &actor)))?;
            match &what {
                Some(what) => keep_own(unit, (&actor, id.as_str()), None, what).map(drop),
                None => Ok(()),
            }
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
    ///
    /// # Errors
    /// What the ledger said.
    pub fn put_by<T: Serialize>(
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

/// Puts records of the directory.
///
/// # Errors
/// What the ledger said.
pub fn put_all(
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
        write_account(unit, account, actor)?;
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

/// The records of an organisation and of what belongs to it.
///
/// # Errors
/// Who still names it.
fn with_belongings(
    directory: &Directory,
    id: &OrganisationId,
) -> Result<Vec<(RecordKind, String)>, String> {
    let leans = directory.members().iter().find(|member| {
        let other = &member.organisation;
        other.parent.as_ref() == Some(id) || other.client_of.contains(id)
    });
    if let Some(member) = leans {
        return Err(format!("{} still names {id}; change it first", member.organisation.id));
    }
    let assets = directory.assets_of(id).iter().map(|it| (RecordKind::Asset, it.id.to_string()));
    let contacts =
        directory.contacts_of(id).iter().map(|it| (RecordKind::Contact, it.id.to_string()));
    let accounts =
        directory.accounts_of(id).iter().map(|it| (RecordKind::Account, it.id.to_string()));
    let belongings = assets.chain(contacts).chain(accounts);
    Ok(belongings.chain([(RecordKind::Organisation, id.to_string())]).collect())
}

/// Removes records.
///
/// # Errors
/// What the ledger said.
pub fn remove_all(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    gone: &[(RecordKind, String)],
    actor: &str,
) -> Result<(), StoreError> {
    gone.iter().try_for_each(|(kind, id)| {
        shared.touch(*kind);
        match kind {
            RecordKind::Account => forget_account(unit, id, actor)?,
            RecordKind::Organisation => forget_webhooks(unit, id, actor)?,
            _ => {}
        }
        unit.remove_record(*kind, id, actor).map(drop)
    })
}
