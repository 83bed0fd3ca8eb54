//! People and machines that act, and what they may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, OrganisationId};
use crate::language::Language;
use crate::person::Person;

/// A person's or a machine's account in an organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its identifier; what a person signs in with.
    pub id: AccountId,
    /// The person's name, or the machine's purpose.
    pub name: String,
    /// The organisation it acts for.
    pub organisation: OrganisationId,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// The language to speak to it in.
    #[serde(default)]
    pub language: Language,
    /// Whether it may sign in.
    #[serde(default)]
    pub state: AccountState,
}

/// Whether an account may sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// It may.
    #[default]
    Active,
    /// It may not.
    Closed,
}

/// What an account may do; the table of routes says which role opens which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the node: directory, agreements, accounts.
    Administrator,
    /// On shift in an operations room.
    DutyOfficer,
    /// Works on items and incidents.
    Analyst,
    /// Speaks for one organisation and acknowledges for it.
    Liaison,
    /// Reads everything that was done, changes nothing.
    Auditor,
    /// A program: reads and writes items for its organisation.
    Machine,
}

/// Who is asking: an account that has proved itself, for one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// The organisation it acts for.
    pub organisation: OrganisationId,
    /// What it may do in this request (a token may narrow the account's roles).
    pub roles: BTreeSet<Role>,
    /// The language to answer in.
    pub language: Language,
    /// By which way it came.
    pub way: Way,
}

/// By which way an actor came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// A person signed in, broke the seal, or is at the machine itself.
    InPerson,
    /// A token or a certificate was shown: by a program, whatever roles they carry.
    ByKey,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Administrator,
        Self::DutyOfficer,
        Self::Analyst,
        Self::Liaison,
        Self::Auditor,
        Self::Machine,
    ];

    /// Whether it is a person's role.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::Machine)
    }
}

impl Actor {
    /// Whether it has the role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether a person is asking, or a program with what one gave it.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.roles.iter().any(|role| role.is_personal())
    }

    /// Whether a person is there, and not a program with what one gave it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.is_person() && self.way == Way::InPerson
    }

    /// The person who is there, whom TLP:RED may name: no program, whatever it shows.
    #[must_use]
    pub fn as_person(&self) -> Option<Person> {
        let (organisation, account) = (self.organisation.clone(), self.account.clone());
        self.is_there().then_some(Person { organisation, account })
    }
}
