//! Permission as a value: the recorded clearance, and what may be opened under it today.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Audience, Handling, ItemId, OrganisationNumber, Tlp};

use crate::network::Network;

/// The form in which an item is released.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As it was given.
    Full,
    /// Without what tells the victim.
    Redacted,
}

/// What was decided about one form of an item, as the ledger records it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clearance {
    /// On what the decision depended.
    pub handling: Arc<Handling>,
    /// Which form.
    pub form: Form,
    /// To whom, when it was decided.
    pub audience: Arc<Audience>,
}

/// Who wants to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// The organisation it reads for.
    pub organisation: OrganisationNumber,
    /// The person who is there and reads; absent for a program, whoever gave it its token.
    pub person: Option<AccountId>,
}

/// A value that only an entitled reader can open. Only [`Network::clear`] makes one.
///
/// ```compile_fail
/// use vedetta_policy::Cleared;
/// let forged = Cleared { value: "item", audience: Default::default(), persons: None };
/// ```
#[derive(Clone, Debug)]
pub struct Cleared<T> {
    value: T,
    audience: Arc<Audience>,
    persons: Option<Persons>,
}

/// What [`Network::clear`] seals with, for many values that were cleared alike.
#[derive(Debug)]
pub struct Seal<'a> {
    network: &'a Network,
    audience: Arc<Audience>,
    producer: Option<OrganisationNumber>,
    persons: Option<Persons>,
}

/// Who reads TLP:RED: the named, and the organisation that produced it.
#[derive(Clone, Debug)]
struct Persons {
    named: Arc<[(OrganisationNumber, AccountId)]>,
    producer: Option<OrganisationNumber>,
}

impl Reader {
    /// A program, or anyone who has not said which person is reading.
    #[must_use]
    pub const fn machine(organisation: OrganisationNumber) -> Self {
        Self { organisation, person: None }
    }

    /// A person.
    #[must_use]
    pub const fn person(organisation: OrganisationNumber, person: AccountId) -> Self {
        Self { organisation, person: Some(person) }
    }
}

impl<T> Cleared<T> {
    /// The value, for a reader in the audience; TLP:RED also wants one of the named persons, or
    /// the producer's organisation.
    #[must_use]
    pub fn open(&self, reader: &Reader) -> Option<&T> {
        self.opens_to(reader).then_some(&self.value)
    }

    /// The value itself, for the same.
    #[must_use]
    pub fn opened(self, reader: &Reader) -> Option<T> {
        self.opens_to(reader).then_some(self.value)
    }

    fn opens_to(&self, reader: &Reader) -> bool {
        self.audience.contains(reader.organisation)
            && self.persons.as_ref().is_none_or(|persons| persons.include(reader))
    }

    /// Another value made from this one, for the same readers.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Cleared<U> {
        Cleared { value: make(self.value), audience: self.audience, persons: self.persons }
    }

    /// Another value for the same readers, when one can be made from this one.
    #[must_use]
    pub fn filter_map<U>(self, make: impl FnOnce(T) -> Option<U>) -> Option<Cleared<U>> {
        let value = make(self.value)?;
        Some(Cleared { value, audience: self.audience, persons: self.persons })
    }

    /// Several values as one, for those who may open every one of them. With a TLP:RED value among
    /// them nobody may.
    #[must_use]
    pub fn together(values: &[Self]) -> Cleared<Vec<T>>
    where
        T: Clone,
    {
        let all = values.iter().map(|cleared| cleared.value.clone()).collect();
        let red = values.iter().any(|cleared| cleared.persons.is_some());
        let mut audiences = values.iter().map(|cleared| &cleared.audience).filter(|_| !red);
        let Some(first) = audiences.next() else {
            return Cleared { value: all, audience: Arc::default(), persons: None };
        };
        let audience = audiences.fold(Arc::clone(first), |common, audience| {
            match Arc::ptr_eq(&common, audience) || common.is_within(audience) {
                true => common,
                false => Arc::new(common.intersection(audience)),
            }
        });
        Cleared { value: all, audience, persons: None }
    }

    /// The organisations that may open it.
    #[must_use]
    pub const fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }
}

impl Persons {
    fn include(&self, reader: &Reader) -> bool {
        self.producer == Some(reader.organisation)
            || reader.person.as_ref().is_some_and(|person| {
                let is = |(organisation, account): &(OrganisationNumber, AccountId)| {
                    *organisation == reader.organisation && account == person
                };
                self.named.iter().any(is)
            })
    }
}

impl Network {
    /// Whether a reader may read what was cleared so, holds on single items aside.
    #[must_use]
    pub fn permits(&self, record: &Clearance, reader: &Reader) -> bool {
        let today = self.decision(&record.handling);
        let reached = record.audience.contains(reader.organisation)
            && today.entitled(record.form).contains(reader.organisation);
        reached
            && (record.handling.tlp != Tlp::Red || self.persons(&record.handling).include(reader))
    }

    fn persons(&self, handling: &Handling) -> Persons {
        let named = handling.named.iter().filter_map(|person| {
            Some((self.number(&person.organisation)?, person.account.clone()))
        });
        Persons { named: named.collect(), producer: self.number(&handling.producer) }
    }

    /// Seals a value for those whom the recorded clearance *and* today's network entitle.
    ///
    /// `item` is the item that holds name: for a derived form, the one it was derived from.
    pub fn clear<T>(&self, record: &Clearance, item: &ItemId, value: T) -> Cleared<T> {
        self.seal(record).close(item, value)
    }

    /// What seals many values that were cleared alike.
    #[must_use]
    pub fn seal(&self, record: &Clearance) -> Seal<'_> {
        let today = self.decision(&record.handling);
        let entitled = today.entitled(record.form);
        let audience = if record.audience.is_within(entitled) {
            Arc::clone(&record.audience)
        } else {
            Arc::new(record.audience.intersection(entitled))
        };
        let producer = self.number(&record.handling.producer);
        let red = record.handling.tlp == Tlp::Red;
        let persons = red.then(|| self.persons(&record.handling));
        Seal { network: self, audience, producer, persons }
    }
}

impl Seal<'_> {
    /// Seals a value. `item` is as in [`Network::clear`].
    pub fn close<T>(&self, item: &ItemId, value: T) -> Cleared<T> {
        let mut audience = Arc::clone(&self.audience);
        for hold in self.network.holds_on(item) {
            audience = Arc::new(hold.keep(&audience, self.producer));
        }
        Cleared { value, audience, persons: self.persons.clone() }
    }
}
