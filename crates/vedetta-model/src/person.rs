//! The persons that TLP:RED names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, IdError, OrganisationId};

/// An account of an organisation, as `account@organisation`: each node gives accounts by itself, so
/// the name of one alone is another person elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Person {
    /// Whose account.
    pub organisation: OrganisationId,
    /// Its name there.
    pub account: AccountId,
}

/// A person as a producer names it: an account of this node may stand alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Naming {
    /// Whose account, where that is said.
    pub organisation: Option<OrganisationId>,
    /// Its name there.
    pub account: AccountId,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.account, self.organisation)
    }
}

impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.organisation {
            Some(organisation) => write!(f, "{}@{organisation}", self.account),
            None => write!(f, "{}", self.account),
        }
    }
}

impl FromStr for Naming {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (account, organisation) = match text.split_once('@') {
            Some((account, organisation)) => (account, Some(organisation.parse()?)),
            None => (text, None),
        };
        Ok(Self { organisation, account: account.parse()? })
    }
}

impl FromStr for Person {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let Naming { organisation, account } = text.parse()?;
        let organisation = organisation.ok_or_else(|| IdError::Slug(text.into()))?;
        Ok(Self { organisation, account })
    }
}

impl TryFrom<String> for Person {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl TryFrom<String> for Naming {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Person> for String {
    fn from(person: Person) -> Self {
        person.to_string()
    }
}

impl From<Naming> for String {
    fn from(naming: Naming) -> Self {
        naming.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_an_account_of_an_organisation() {
        let anna: Person = serde_json::from_str("\"anna@cosc-umbria\"").unwrap();
        assert_eq!((anna.account.as_str(), anna.organisation.as_str()), ("anna", "cosc-umbria"));
        assert_eq!(serde_json::to_string(&anna).unwrap(), "\"anna@cosc-umbria\"");
        for text in ["anna", "anna@", "@cosc", "a@b@c", "Anna@cosc"] {
            assert!(text.parse::<Person>().is_err(), "{text}");
        }
        assert_eq!("anna".parse::<Naming>().unwrap().to_string(), "anna");
    }
}
