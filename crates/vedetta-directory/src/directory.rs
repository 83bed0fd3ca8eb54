//! The snapshot: organisations, their assets, contacts and accounts, with the look-ups.
//!
//! Immutable and cheap to share; a change makes another snapshot that shares the records.

mod search;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{
    Account, AccountId, Asset, AssetId, Contact, ContactId, Organisation, OrganisationId,
    OrganisationNumber,
};

use crate::name::fold;
use crate::relevance::{Refused, Relevance};

use search::Names;
pub use table::Owned;
use table::Table;

/// Organisations told that may have been meant.
const MEANT: usize = 5;

/// Records by noun: the combined document, `{"organisations": [], "assets": [], …}`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// The parties.
    pub organisations: Vec<Organisation>,
    /// What they own.
    pub assets: Vec<Asset>,
    /// Who answers for them.
    pub contacts: Vec<Contact>,
    /// Who acts for them.
    pub accounts: Vec<Account>,
}

/// The snapshot.
#[derive(Debug, Default)]
pub struct Directory {
    /// In the order of their numbers.
    members: Vec<Member>,
    by_id: HashMap<OrganisationId, usize>,
    children: HashMap<OrganisationId, Vec<usize>>,
    clients: HashMap<OrganisationId, Vec<usize>>,
    regions: BTreeMap<Box<str>, Vec<usize>>,
    kinds: BTreeMap<OrganisationKind, Vec<usize>>,
    names: Names,
    assets: Table<Asset>,
    contacts: Table<Contact>,
    accounts: Table<Account>,
}

/// An organisation and its number in this node.
#[derive(Debug, Clone)]
pub struct Member {
    /// The number.
    pub number: OrganisationNumber,
    /// The organisation.
    pub organisation: Arc<Organisation>,
}

/// Records that do not make a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The same number given twice.
    #[error("number {} was given to {first} and to {second}", number.0)]
    NumberTwice {
        /// The number.
        number: OrganisationNumber,
        /// Who has it.
        first: OrganisationId,
        /// Who would have it too.
        second: OrganisationId,
    },
    /// The same organisation twice.
    #[error("organisation {0} is there twice")]
    OrganisationTwice(OrganisationId),
    /// The same record twice.
    #[error("{noun} {id} is there twice")]
    RecordTwice {
        /// `asset`, `contact` or `account`.
        noun: &'static str,
        /// Its identifier.
        id: String,
    },
    /// A record of nobody.
    #[error("{noun} {id} belongs to {organisation}, which is not in the directory")]
    Stray {
        /// `asset`, `contact` or `account`.
        noun: &'static str,
        /// Its identifier.
        id: String,
        /// Whose it says it is.
        organisation: OrganisationId,
    },
}

impl Directory {
    /// Indexes the records: `numbers` gives every organisation of `records` its number.
    ///
    /// # Errors
    /// [`DirectoryError`] when a number or an identifier is there twice, or a record is nobody's.
    pub fn build(
        records: Records,
        mut numbers: impl FnMut(&OrganisationId) -> OrganisationNumber,
    ) -> Result<Self, DirectoryError> {
        let members = records.organisations.into_iter().map(|organisation| Member {
            number: numbers(&organisation.id),
            organisation: Arc::new(organisation),
        });
        let mut directory = Self::of(members.collect())?;
        let by_id = &directory.by_id;
        directory.assets = Table::build(shared(records.assets), by_id)?;
        directory.contacts = Table::build(shared(records.contacts), by_id)?;
        directory.accounts = Table::build(shared(records.accounts), by_id)?;
        Ok(directory)
    }

    /// Another snapshot in which these records are added, or replace those with the same
    /// identifier. `numbers` is asked only for organisations that are new.
    ///
    /// # Errors
    /// As [`Directory::build`].
    pub fn with(
        &self,
        records: Records,
        mut numbers: impl FnMut(&OrganisationId) -> OrganisationNumber,
    ) -> Result<Self, DirectoryError> {
        let mut members = self.members.clone();
        for organisation in records.organisations {
            match self.by_id.get(&organisation.id).and_then(|at| members.get_mut(*at)) {
                Some(member) => member.organisation = Arc::new(organisation),
                None => {
                    let number = numbers(&organisation.id);
                    members.push(Member { number, organisation: Arc::new(organisation) });
                }
            }
        }
        let mut directory = Self::of(members)?;
        let by_id = &directory.by_id;
        directory.assets = self.assets.with(shared(records.assets), by_id)?;
        directory.contacts = self.contacts.with(shared(records.contacts), by_id)?;
        directory.accounts = self.accounts.with(shared(records.accounts), by_id)?;
        Ok(directory)
    }

    fn of(mut members: Vec<Member>) -> Result<Self, DirectoryError> {
        members.sort_by_key(|member| member.number);
        if let Some([first, second]) =
            members.array_windows().find(|[a, b]: &&[Member; 2]| a.number == b.number)
        {
            return Err(DirectoryError::NumberTwice {
                number: first.number,
                first: first.organisation.id.clone(),
                second: second.organisation.id.clone(),
            });
        }
        let mut directory = Self { names: Names::of(&members), ..Self::default() };
        for (at, Member { organisation, .. }) in members.iter().enumerate() {
            if directory.by_id.insert(organisation.id.clone(), at).is_some() {
                return Err(DirectoryError::OrganisationTwice(organisation.id.clone()));
            }
            if let Some(parent) = &organisation.parent {
                directory.children.entry(parent.clone()).or_default().push(at);
            }
            for provider in &organisation.client_of {
                directory.clients.entry(provider.clone()).or_default().push(at);
            }
            if let Some(region) = &organisation.region {
                directory.regions.entry(fold(region).into()).or_default().push(at);
            }
            directory.kinds.entry(organisation.kind).or_default().push(at);
        }
        directory.members = members;
        Ok(directory)
    }

    /// Every organisation, in the order of their numbers.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// An organisation and its number, by identifier.
    #[must_use]
    pub fn member(&self, id: &OrganisationId) -> Option<&Member> {
        self.members.get(*self.by_id.get(id)?)
    }

    /// An organisation, by identifier.
    #[must_use]
    pub fn organisation(&self, id: &OrganisationId) -> Option<&Organisation> {
        self.member(id).map(|member| &*member.organisation)
    }

    /// The number of an organisation.
    #[must_use]
    pub fn number(&self, id: &OrganisationId) -> Option<OrganisationNumber> {
        self.member(id).map(|member| member.number)
    }

    /// An organisation, by number.
    #[must_use]
    pub fn numbered(&self, number: OrganisationNumber) -> Option<&Organisation> {
        let at = self.members.binary_search_by_key(&number, |member| member.number).ok()?;
        self.members.get(at).map(|member| &*member.organisation)
    }

    /// The organisations directly below one in the tree.
    pub fn children(&self, id: &OrganisationId) -> impl ExactSizeIterator<Item = &Member> {
        self.pick(self.children.get(id))
    }

    /// The clients of an organisation.
    pub fn clients(&self, id: &OrganisationId) -> impl ExactSizeIterator<Item = &Member> {
        self.pick(self.clients.get(id))
    }

    /// The organisations of a region, by its Italian name in any case.
    pub fn in_region(&self, region: &str) -> impl ExactSizeIterator<Item = &Member> {
        self.pick(self.regions.get(fold(region).as_str()))
    }

    /// The organisations of a kind.
    pub fn of_kind(&self, kind: OrganisationKind) -> impl ExactSizeIterator<Item = &Member> {
        self.pick(self.kinds.get(&kind))
    }

    /// The organisations above one, the nearest first. Ends where the tree does, or at a loop.
    pub fn above(&self, id: &OrganisationId) -> impl Iterator<Item = &Member> {
        let parent = |member: &Member| self.member(member.organisation.parent.as_ref()?);
        std::iter::successors(self.member(id).and_then(parent), move |member| parent(member))
            .take(self.members.len())
    }

    /// Organisations by name, alias or identifier, without regard to case and accents: first
    /// those so called, then those whose name begins so, then a word of it, then any part.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> Vec<&Member> {
        self.names.search(text, limit).into_iter().filter_map(|at| self.members.get(at)).collect()
    }

    /// The one organisation of an identifier, name or alias, without regard to case and accents.
    ///
    /// # Errors
    /// Those that may have been meant, when several are called so, or none.
    pub fn called(&self, text: &str) -> Result<&Member, Vec<&Member>> {
        let id = OrganisationId::new(text.trim()).ok();
        if let Some(member) = id.and_then(|id| self.member(&id)) {
            return Ok(member);
        }
        let called = self.names.called(text);
        let called: Vec<_> = called.into_iter().filter_map(|at| self.members.get(at)).collect();
        match called[..] {
            [one] => Ok(one),
            [] => Err(self.meant_by(text)),
            _ => Err(called),
        }
    }

    /// A region of somebody in the directory, by its name as it stands there.
    ///
    /// # Errors
    /// The one that may have been meant.
    pub fn region(&self, name: &str) -> Result<&str, Option<&str>> {
        let regions = || self.members.iter().filter_map(|it| it.organisation.region.as_deref());
        regions().find(|it| *it == name).ok_or_else(|| crate::name::nearest(name, regions()))
    }

    /// Those that a text that names none may mean.
    fn meant_by(&self, text: &str) -> Vec<&Member> {
        let found = self.search(text, MEANT);
        if !found.is_empty() {
            return found;
        }
        let names = self.members.iter().map(|it| it.organisation.name.as_str());
        let ids = self.members.iter().map(|it| it.organisation.id.as_str());
        let near = crate::name::nearest(text, names.chain(ids));
        near.map(|near| self.search(near, 1)).unwrap_or_default()
    }

    /// The organisations whose name stands in a text, without regard to case and accents.
    #[must_use]
    pub fn named_in(&self, text: &str) -> Vec<&Member> {
        self.names.named_in(text).into_iter().filter_map(|at| self.members.get(at)).collect()
    }

    /// An asset, by identifier.
    #[must_use]
    pub fn asset(&self, id: &AssetId) -> Option<&Asset> {
        self.assets.get(id)
    }

    /// A contact, by identifier.
    #[must_use]
    pub fn contact(&self, id: &ContactId) -> Option<&Contact> {
        self.contacts.get(id)
    }

    /// An account, by identifier.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// The assets of an organisation, in the order of their identifiers.
    #[must_use]
    pub fn assets_of(&self, id: &OrganisationId) -> &[Arc<Asset>] {
        self.assets.of(id)
    }

    /// The contacts of an organisation, in the order of their identifiers.
    #[must_use]
    pub fn contacts_of(&self, id: &OrganisationId) -> &[Arc<Contact>] {
        self.contacts.of(id)
    }

    /// The accounts of an organisation, in the order of their identifiers.
    #[must_use]
    pub fn accounts_of(&self, id: &OrganisationId) -> &[Arc<Account>] {
        self.accounts.of(id)
    }

    /// Every asset, by organisation and identifier.
    #[must_use]
    pub fn assets(&self) -> &[Arc<Asset>] {
        self.assets.rows()
    }

    /// Every contact, by organisation and identifier.
    #[must_use]
    pub fn contacts(&self) -> &[Arc<Contact>] {
        self.contacts.rows()
    }

    /// Every account, by organisation and identifier.
    #[must_use]
    pub fn accounts(&self) -> &[Arc<Account>] {
        self.accounts.rows()
    }

    /// The index that says whom something concerns; `index` of what is refused is the place in
    /// [`Directory::assets`].
    #[must_use]
    pub fn relevance(&self) -> (Relevance, Vec<Refused>) {
        Relevance::build(self.assets().iter().filter_map(|asset| {
            self.number(&asset.organisation).map(|number| (number, &asset.what))
        }))
    }

    fn pick<'a>(
        &'a self,
        places: Option<&'a Vec<usize>>,
    ) -> impl ExactSizeIterator<Item = &'a Member> {
        places.map_or(&[][..], Vec::as_slice).iter().map(|at| &self.members[*at])
    }
}

fn shared<T>(records: Vec<T>) -> Vec<Arc<T>> {
    records.into_iter().map(Arc::new).collect()
}

#[cfg(test)]
mod tests;
