//! Records that belong to organisations: by identifier, and by owner.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;

use vedetta_model::{Account, AccountId, Asset, AssetId, Contact, ContactId, OrganisationId};

use super::DirectoryError;

/// A record of an organisation.
pub trait Owned {
    /// Its kind of identifier.
    type Id: Clone + Eq + Ord + Hash + Display;
    /// What it is called in messages.
    const NOUN: &'static str;
    /// Its identifier.
    fn id(&self) -> &Self::Id;
    /// Whose it is.
    fn organisation(&self) -> &OrganisationId;
}

macro_rules! owned {
    ($($record:ident, $id:ident, $noun:literal;)+) => {$(
        impl Owned for $record {
            type Id = $id;
            const NOUN: &'static str = $noun;
            fn id(&self) -> &$id {
                &self.id
            }
            fn organisation(&self) -> &OrganisationId {
                &self.organisation
            }
        }
    )+};
}

owned! {
    Asset, AssetId, "asset";
    Contact, ContactId, "contact";
    Account, AccountId, "account";
}

/// Records sorted by organisation and identifier.
#[derive(Debug)]
pub(super) struct Table<T: Owned> {
    rows: Vec<Arc<T>>,
    by_id: HashMap<T::Id, usize>,
    by_owner: HashMap<OrganisationId, (usize, usize)>,
}

impl<T: Owned> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), by_id: HashMap::new(), by_owner: HashMap::new() }
    }
}

impl<T: Owned> Table<T> {
    pub(super) fn build(
        mut rows: Vec<Arc<T>>,
        organisations: &HashMap<OrganisationId, usize>,
    ) -> Result<Self, DirectoryError> {
        rows.sort_unstable_by(|a, b| (a.organisation(), a.id()).cmp(&(b.organisation(), b.id())));
        let mut by_id = HashMap::with_capacity(rows.len());
        let mut by_owner: HashMap<OrganisationId, (usize, usize)> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            if by_id.insert(row.id().clone(), at).is_some() {
                let id = row.id().to_string();
                return Err(DirectoryError::RecordTwice { noun: T::NOUN, id });
            }
            match by_owner.get_mut(row.organisation()) {
                Some((_, until)) => *until = at + 1,
                None if organisations.contains_key(row.organisation()) => {
                    by_owner.insert(row.organisation().clone(), (at, at + 1));
                }
                None => {
                    return Err(DirectoryError::Stray {
                        noun: T::NOUN,
                        id: row.id().to_string(),
                        organisation: row.organisation().clone(),
                    });
                }
            }
        }
        Ok(Self { rows, by_id, by_owner })
    }

    /// Another table, in which these rows are added or replace those with the same identifier.
    pub(super) fn with(
        &self,
        rows: Vec<Arc<T>>,
        organisations: &HashMap<OrganisationId, usize>,
    ) -> Result<Self, DirectoryError> {
        let mut all = self.rows.clone();
        for row in rows {
            match self.by_id.get(row.id()).and_then(|at| all.get_mut(*at)) {
                Some(place) => *place = row,
                None => all.push(row),
            }
        }
        Self::build(all, organisations)
    }

    pub(super) fn get(&self, id: &T::Id) -> Option<&T> {
        self.rows.get(*self.by_id.get(id)?).map(|row| &**row)
    }

    pub(super) fn of(&self, organisation: &OrganisationId) -> &[Arc<T>] {
        self.by_owner.get(organisation).map_or(&[], |(from, until)| &self.rows[*from..*until])
    }

    pub(super) fn rows(&self) -> &[Arc<T>] {
        &self.rows
    }
}
