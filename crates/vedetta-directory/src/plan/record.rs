//! A row read as a record of the model, field by field.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use vedetta_model::account::{AccountState, Role};
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::{Account, Asset, Contact, Organisation};

use super::ChangeKind;
use super::fault::{Fault, Faults};
use super::row::{Row, State};
use crate::Directory;
use crate::columns::Noun;
use crate::directory::Records;
use crate::export;
use crate::name::{fold, nearest};
use crate::observable::{Mailbox, Url};
use crate::relevance::Reading;

/// The keys of a channel, as the model writes it.
pub(super) const KEYS_OF_CHANNELS: [&str; 2] = ["by", "at"];

const KINDS: &[&str] = &[
    "national-centre",
    "regional-centre",
    "section",
    "agency",
    "association",
    "municipality",
    "province",
    "region",
    "administration",
    "operator",
    "partner",
];
const SECTORS: &[&str] = &[
    "energy",
    "transport",
    "banking",
    "financial-market-infrastructures",
    "health",
    "drinking-water",
    "waste-water",
    "digital-infrastructure",
    "ict-service-management",
    "public-administration",
    "space",
    "postal-and-courier",
    "waste-management",
    "chemicals",
    "food",
    "manufacturing",
    "digital-providers",
    "research",
];
const CRITICALITIES: &[&str] = &["none", "regional", "national"];
const ASSET_KINDS: &[&str] =
    &["domain", "network", "asn", "mail-domain", "product", "service", "supplier"];
const ROLES: &[&str] =
    &["administrator", "duty-officer", "analyst", "liaison", "auditor", "machine"];
const LANGUAGES: &[&str] = &["it", "en"];
const STATES: &[&str] = &["active", "closed"];
const WAYS: &[&str] = &["email", "pec", "phone", "web"];
const REGIONS: &[&str] = &[
    "Abruzzo",
    "Basilicata",
    "Calabria",
    "Campania",
    "Emilia-Romagna",
    "Friuli-Venezia Giulia",
    "Lazio",
    "Liguria",
    "Lombardia",
    "Marche",
    "Molise",
    "Piemonte",
    "Puglia",
    "Sardegna",
    "Sicilia",
    "Toscana",
    "Trentino-Alto Adige",
    "Umbria",
    "Valle d'Aosta",
    "Veneto",
];

/// A record of one of the four nouns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "noun", rename_all = "kebab-case")]
pub enum Record {
    /// An organisation.
    Organisation(Organisation),
    /// An asset.
    Asset(Asset),
    /// A contact.
    Contact(Contact),
    /// An account.
    Account(Account),
}

/// Reads the fields of a row; a field that cannot be read leaves a fault and no record.
struct Fields<'a> {
    row: &'a Row,
    faults: &'a mut Faults,
}

/// A row as a record; `None` when it has a fault.
pub(super) fn read(row: &Row, faults: &mut Faults) -> Option<Record> {
    if row.state == State::Broken {
        return None;
    }
    let before = faults.len();
    let mut fields = Fields { row, faults };
    let record = match row.noun {
        Noun::Organisations | Noun::Everything => fields.organisation().map(Record::Organisation),
        Noun::Assets => fields.asset().map(Record::Asset),
        Noun::Contacts => fields.contact().map(Record::Contact),
        Noun::Accounts => fields.account().map(Record::Account),
    };
    record.filter(|_| faults.len() == before)
}

/// How the model writes a word of a closed list.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl Record {
    /// What it changes in a directory.
    pub(super) fn against(&self, directory: &Directory) -> ChangeKind {
        let known = match self {
            Self::Organisation(new) => {
                directory.organisation(&new.id).cloned().map(Self::Organisation)
            }
            Self::Asset(new) => directory.asset(&new.id).cloned().map(Self::Asset),
            Self::Contact(new) => directory.contact(&new.id).cloned().map(Self::Contact),
            Self::Account(new) => directory.account(&new.id).cloned().map(Self::Account),
        };
        match known {
            None => ChangeKind::Added,
            Some(known) if known == *self => ChangeKind::Unchanged,
            Some(known) => {
                let differ = export::cells(&known).into_iter().zip(export::cells(self));
                let columns = self.noun().columns().iter().zip(differ);
                let columns = columns.filter(|(_, (old, new))| old != new);
                ChangeKind::Changed(columns.map(|(column, _)| column.name).collect())
            }
        }
    }

    /// Its noun.
    #[must_use]
    pub const fn noun(&self) -> Noun {
        match self {
            Self::Organisation(_) => Noun::Organisations,
            Self::Asset(_) => Noun::Assets,
            Self::Contact(_) => Noun::Contacts,
            Self::Account(_) => Noun::Accounts,
        }
    }

    pub(crate) fn put_into(self, records: &mut Records) {
        match self {
            Self::Organisation(organisation) => records.organisations.push(organisation),
            Self::Asset(asset) => records.assets.push(asset),
            Self::Contact(contact) => records.contacts.push(contact),
            Self::Account(account) => records.accounts.push(account),
        }
    }
}

impl Fields<'_> {
    fn organisation(&mut self) -> Option<Organisation> {
        let (id, kind) = (self.id("id"), self.word("kind", KINDS));
        let (parent, client_of) = (self.id("parent"), self.ids("client_of"));
        let (region, province) = (self.region(), self.province());
        let (sector, criticality) =
            (self.word("sector", SECTORS), self.word("criticality", CRITICALITIES));
        let population = self.read("population", |text| {
            text.parse().map_err(|_| "not a whole number; write only digits, as 20000")
        });
        Some(Organisation {
            id: id?,
            name: self.text("name")?,
            aliases: self.row.values("aliases").to_vec(),
            kind: kind?,
            parent,
            region,
            province,
            population,
            sector,
            criticality: criticality.unwrap_or_default(),
            client_of,
        })
    }

    fn asset(&mut self) -> Option<Asset> {
        let (id, organisation) = (self.id("id"), self.id("organisation"));
        let what = self.asset_value();
        let note = self.text("note");
        Some(Asset { id: id?, organisation: organisation?, what: what?, note })
    }

    fn contact(&mut self) -> Option<Contact> {
        let (id, organisation) = (self.id("id"), self.id("organisation"));
        let (substitute, account) = (self.id("substitute"), self.id("account"));
        let phone_24h = self.read("phone_24h", phone);
        let channels = self.each("channels", channel);
        let last_verified = self.read("last_verified", |text| {
            text.parse().map_err(|_| "not a day; write it as 2026-01-31")
        });
        Some(Contact {
            id: id?,
            organisation: organisation?,
            role: self.text("role")?,
            name: self.text("name")?,
            substitute,
            phone_24h,
            channels,
            keys: self.row.values("keys").to_vec(),
            account,
            last_verified,
        })
    }

    fn account(&mut self) -> Option<Account> {
        let (id, organisation) = (self.id("id"), self.id("organisation"));
        let roles: Vec<Role> = self.each("roles", |text| from_word(text, ROLES));
        let (language, state) = (self.word("language", LANGUAGES), self.word("state", STATES));
        let state: Option<AccountState> = state;
        Some(Account {
            id: id?,
            name: self.text("name")?,
            organisation: organisation?,
            roles: roles.into_iter().collect::<BTreeSet<_>>(),
            language: language.unwrap_or_default(),
            state: state.unwrap_or_default(),
        })
    }

    /// What an asset is, in one spelling.
    fn asset_value(&mut self) -> Option<AssetValue> {
        let kind = self.read("kind", |text| known(text, ASSET_KINDS))?;
        self.read("value", |text| {
            let value = match kind {
                "domain" => AssetValue::Domain(text.into()),
                "network" => AssetValue::Network(text.into()),
                "asn" => AssetValue::Asn(text.trim_start_matches("AS").parse().unwrap_or(0)),
                "mail-domain" => AssetValue::MailDomain(text.into()),
                "product" => AssetValue::Product(text.into()),
                "service" => AssetValue::Service(text.into()),
                _ => AssetValue::Supplier(text.into()),
            };
            Reading::spelled(&value)
        })
    }

    fn region(&mut self) -> Option<String> {
        self.read("region", |text| known(text, REGIONS)).map(Into::into)
    }

    fn province(&mut self) -> Option<String> {
        self.read("province", |text| {
            let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
            let reason = "not the code of a province; write its two capital letters, as PG";
            if fits { Ok(text.into()) } else { Err(reason) }
        })
    }

    fn text(&self, column: &str) -> Option<String> {
        self.row.value(column).map(Into::into)
    }

    fn word<T: DeserializeOwned>(&mut self, column: &str, words: &[&str]) -> Option<T> {
        self.read(column, |text| from_word(text, words))
    }

    fn id<T: FromStr>(&mut self, column: &str) -> Option<T> {
        self.read(column, id)
    }

    fn ids<T: FromStr>(&mut self, column: &str) -> Vec<T> {
        self.each(column, id)
    }

    fn read<T, E: Display>(
        &mut self,
        column: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.row.value(column)?;
        self.judged(column, text, read(text))
    }

    fn each<T, E: Display>(&mut self, column: &str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let row = self.row;
        row.values(column).iter().filter_map(|text| self.judged(column, text, read(text))).collect()
    }

    fn judged<T, E: Display>(&mut self, column: &str, text: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.faults.push(Fault::said(self.row.line, &error).at(column, text)))
            .ok()
    }
}

fn id<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| {
        let plain = |c: char| if matches!(c, 'a'..='z' | '0'..='9' | '.' | '_') { c } else { '-' };
        let slug: String = fold(text).chars().map(plain).take(96).collect();
        let slug = slug.trim_matches(['-', '.', '_']);
        let example = if slug.is_empty() { "comune-054039" } else { slug };
        format!("not an identifier; use a-z, 0-9, '.', '_' and '-', as {example}")
    })
}

/// The word of a list, or the nearest in an error.
fn known<'a>(text: &str, words: &[&'a str]) -> Result<&'a str, String> {
    words.iter().find(|word| **word == text).copied().ok_or_else(|| {
        match nearest(text, words.iter().copied()) {
            Some(near) => format!("unknown; write {near}"),
            None => format!("unknown; use one of {}", words.join(", ")),
        }
    })
}

fn from_word<T: DeserializeOwned>(text: &str, words: &[&str]) -> Result<T, String> {
    let input: StrDeserializer<'_, WordError> = known(text, words)?.into_deserializer();
    T::deserialize(input).map_err(|error| error.to_string())
}

/// A telephone number: 3 to 15 digits (ITU-T E.164), a plus before them, and what divides them.
fn phone(text: &str) -> Result<String, &'static str> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    let fits = rest.chars().all(|c| c.is_ascii_digit() || " -./()".contains(c));
    if fits && (3..=15).contains(&digits) {
        Ok(text.into())
    } else {
        Err("not a telephone number; write it as +39 075 555 0100")
    }
}

fn channel(text: &str) -> Result<Channel, String> {
    let (by, at) =
        text.split_once(':').ok_or("not a channel; write it as email:desk@comune.example")?;
    let (by, at) = (by.trim(), at.trim());
    let mail = || Mailbox::new(at).map_err(|error| error.to_string());
    Ok(match known(by, WAYS)? {
        "email" => mail().map(|_| Channel::Email(at.into()))?,
        "pec" => mail().map(|_| Channel::Pec(at.into()))?,
        "phone" => Channel::Phone(phone(at)?),
        _ => {
            Url::new(at).map_err(|error| error.to_string())?;
            Channel::Web(at.into())
        }
    })
}
