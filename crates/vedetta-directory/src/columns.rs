//! The columns of each noun: headers of its CSV file, and keys of its JSON object.
//!
//! A CSV file holds one noun, in UTF-8, separated by commas (semicolons are read too). Columns may
//! come in any order; those that may be empty may be absent.
//!
//! | noun | columns (`*` must be filled, `[]` is a list) |
//! |---|---|
//! | organisations | `id`* `name`* `aliases`[] `kind`* `parent` `region` `province` `population` `sector` `criticality` `client_of`[] |
//! | assets | `id`* `organisation`* `kind`* `value`* `note` |
//! | contacts | `id`* `organisation`* `role`* `name`* `substitute` `phone_24h` `channels`[] `keys`[] `account` `last_verified` |
//! | accounts | `id`* `name`* `organisation`* `roles`*[] `language` `state` |
//!
//! In CSV the entries of a list are separated by `|`; `\|` and `\\` stand for those characters. A
//! channel is written `email:desk@comune.example`. A cell that begins with `=`, `+`, `-`, `@`, a
//! tab, a carriage return or `'` is written with a `'` before it, so that no spreadsheet takes it
//! for a formula; one such `'` is taken away when reading.

use serde::{Deserialize, Serialize};

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noun {
    /// Organisations.
    Organisations,
    /// Assets.
    Assets,
    /// Contacts.
    Contacts,
    /// Accounts.
    Accounts,
    /// All four in one JSON document, `{"organisations": [], "assets": [], …}`.
    Everything,
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated values (RFC 4180), one noun.
    Csv,
    /// JSON: an array of the model's objects, or the document of everything.
    Json,
}

/// One column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Header and key.
    pub name: &'static str,
    /// Whether it may be empty.
    pub fill: Fill,
    /// One value or several.
    pub shape: Shape,
}

/// Whether a column may be empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// It must be filled.
    Needed,
    /// It may be empty or absent.
    Optional,
}

/// One value or several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One.
    Single,
    /// Several, between `|` in CSV.
    List,
}

const fn needed(name: &'static str) -> Column {
    Column { name, fill: Fill::Needed, shape: Shape::Single }
}

const fn optional(name: &'static str) -> Column {
    Column { name, fill: Fill::Optional, shape: Shape::Single }
}

const fn list(name: &'static str, fill: Fill) -> Column {
    Column { name, fill, shape: Shape::List }
}

const ORGANISATIONS: [Column; 11] = [
    needed("id"),
    needed("name"),
    list("aliases", Fill::Optional),
    needed("kind"),
    optional("parent"),
    optional("region"),
    optional("province"),
    optional("population"),
    optional("sector"),
    optional("criticality"),
    list("client_of", Fill::Optional),
];

const ASSETS: [Column; 5] =
    [needed("id"), needed("organisation"), needed("kind"), needed("value"), optional("note")];

const CONTACTS: [Column; 10] = [
    needed("id"),
    needed("organisation"),
    needed("role"),
    needed("name"),
    optional("substitute"),
    optional("phone_24h"),
    list("channels", Fill::Optional),
    list("keys", Fill::Optional),
    optional("account"),
    optional("last_verified"),
];

const ACCOUNTS: [Column; 6] = [
    needed("id"),
    needed("name"),
    needed("organisation"),
    list("roles", Fill::Needed),
    optional("language"),
    optional("state"),
];

impl Noun {
    /// The nouns that have a file of their own.
    pub const SINGLE: [Self; 4] =
        [Self::Organisations, Self::Assets, Self::Contacts, Self::Accounts];

    /// Its name, as in the document of everything.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organisations => "organisations",
            Self::Assets => "assets",
            Self::Contacts => "contacts",
            Self::Accounts => "accounts",
            Self::Everything => "everything",
        }
    }

    /// Its columns, in the order of export; none for everything.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Organisations => &ORGANISATIONS,
            Self::Assets => &ASSETS,
            Self::Contacts => &CONTACTS,
            Self::Accounts => &ACCOUNTS,
            Self::Everything => &[],
        }
    }
}
