//! Changes by people who saw a record as it was: when it is no longer so, they are told who changed it
//! and when, and nothing is written.

use serde::Serialize;
use vedetta_directory::directory::Records;
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::{Digest, FlowError, House, RecordKind};
use vedetta_model::{Account, Actor};

/// What an editor saw of a record, to be given back with the change; empty for one that is new.
pub(super) fn seen<T: Serialize>(record: &T) -> String {
    Digest::of(&serde_json::to_vec(record).unwrap_or_default()).to_string()
}

/// Puts one record of the directory, provided that it is still as its editor saw it.
pub(super) fn put_record(
    house: &House,
    by: &Actor,
    records: Records,
    saw: &str,
) -> Result<(), FlowError> {
    house.require_room(by, ADMINISTRATORS, "change the directory")?;
    let standing = house.standing();
    let directory = &standing.directory;
    if let Some(it) = records.organisations.first() {
        let (kind, now) = (RecordKind::Organisation, directory.organisation(&it.id));
        unchanged(house, (kind, it.id.as_str()), now, saw)?;
    }
    if let Some(it) = records.assets.first() {
        let (kind, now) = (RecordKind::Asset, directory.asset(&it.id));
        unchanged(house, (kind, it.id.as_str()), now, saw)?;
    }
    if let Some(it) = records.contacts.first() {
        let (kind, now) = (RecordKind::Contact, directory.contact(&it.id));
        unchanged(house, (kind, it.id.as_str()), now, saw)?;
    }
    house.put_records(by, records)
}

/// Puts an account, provided that it is still as its editor saw it.
pub(super) fn put_account(
    house: &House,
    by: &Actor,
    account: &Account,
    saw: &str,
) -> Result<(), FlowError> {
    house.require_room(by, ADMINISTRATORS, "change accounts")?;
    let standing = house.standing();
    let now = standing.directory.account(&account.id);
    unchanged(house, (RecordKind::Account, account.id.as_str()), now, saw)?;
    house.put_account(by, account)
}

fn unchanged<T: Serialize>(
    house: &House,
    (kind, id): (RecordKind, &str),
    now: Option<&T>,
    saw: &str,
) -> Result<(), FlowError> {
    if now.map(seen).unwrap_or_default() == saw {
        return Ok(());
    }
    Err(match house.last_change(kind, id)? {
        Some((by, at)) => FlowError::Changed { by, at },
        None => FlowError::Conflict(format!("{id} was removed meanwhile; put it anew")),
    })
}
