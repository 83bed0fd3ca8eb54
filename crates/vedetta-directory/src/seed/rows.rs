//! The tables of `seed/italy`, row by row.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use vedetta_model::account::{AccountState, Role};
use vedetta_model::asset::AssetValue;
use vedetta_model::organisation::{Criticality, OrganisationKind, Sector};
use vedetta_model::{Account, AccountId, Asset, AssetId, Language, Organisation, OrganisationId};

use super::SeedError;

/// A municipality of 2023.
#[derive(Debug, Deserialize)]
pub(super) struct Municipality {
    /// Six digits.
    pub istat: String,
    /// Italian name, and the other one after a slash.
    pub name: String,
    pub province: String,
    pub region: String,
    pub population: Option<u32>,
}

/// A regional centre.
#[derive(Debug, Deserialize)]
pub(super) struct Centre {
    pub centre: String,
    pub name: String,
    pub region: String,
    pub province: String,
    pub seat: String,
    /// Provinces served, between spaces.
    pub competence: String,
}

/// A provincial section.
#[derive(Debug, Deserialize)]
pub(super) struct Section {
    pub section: String,
    pub region: String,
    pub province: String,
    pub seat: String,
    pub centre: String,
}

#[derive(Deserialize)]
struct OrganisationRow {
    id: OrganisationId,
    name: String,
    aliases: String,
    kind: OrganisationKind,
    parent: Option<OrganisationId>,
    region: Option<String>,
    province: Option<String>,
    population: Option<u32>,
    sector: Option<Sector>,
    criticality: Criticality,
    client_of: String,
}

#[derive(Deserialize)]
struct AssetRow {
    id: AssetId,
    organisation: OrganisationId,
    kind: String,
    value: String,
    note: Option<String>,
}

#[derive(Deserialize)]
struct AccountRow {
    id: AccountId,
    name: String,
    organisation: OrganisationId,
    roles: String,
    language: Language,
    state: AccountState,
}

macro_rules! table {
    ($file:literal) => {
        read($file, include_str!(concat!("../../../../seed/italy/", $file)))
    };
}

pub(super) fn municipalities() -> Result<Vec<Municipality>, SeedError> {
    table!("municipalities.csv")
}

pub(super) fn centres() -> Result<Vec<Centre>, SeedError> {
    table!("centres.csv")
}

pub(super) fn sections() -> Result<Vec<Section>, SeedError> {
    table!("sections.csv")
}

pub(super) fn organisations() -> Result<Vec<Organisation>, SeedError> {
    let rows: Vec<OrganisationRow> = table!("organisations.csv")?;
    rows.into_iter().map(OrganisationRow::organisation).collect()
}

pub(super) fn assets() -> Result<Vec<Asset>, SeedError> {
    let rows: Vec<AssetRow> = table!("assets.csv")?;
    Ok(rows.into_iter().map(AssetRow::asset).collect())
}

pub(super) fn accounts() -> Result<Vec<Account>, SeedError> {
    let rows: Vec<AccountRow> = table!("accounts.csv")?;
    Ok(rows.into_iter().map(AccountRow::account).collect())
}

fn read<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, SeedError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| SeedError::Table { file, error })
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').filter(|part| !part.is_empty())
}

impl OrganisationRow {
    fn organisation(self) -> Result<Organisation, SeedError> {
        let client_of = list(&self.client_of).map(OrganisationId::new).collect::<Result<_, _>>()?;
        Ok(Organisation {
            aliases: list(&self.aliases).map(Into::into).collect(),
            client_of,
            id: self.id,
            name: self.name,
            kind: self.kind,
            parent: self.parent,
            region: self.region,
            province: self.province,
            population: self.population,
            sector: self.sector,
            criticality: self.criticality,
        })
    }
}

impl AssetRow {
    fn asset(self) -> Asset {
        let what = match self.kind.as_str() {
            "domain" => AssetValue::Domain(self.value),
            "network" => AssetValue::Network(self.value),
            "asn" => AssetValue::Asn(self.value.parse().unwrap_or(0)),
            "mail-domain" => AssetValue::MailDomain(self.value),
            "product" => AssetValue::Product(self.value),
            "supplier" => AssetValue::Supplier(self.value),
            _ => AssetValue::Service(self.value),
        };
        Asset { id: self.id, organisation: self.organisation, what, note: self.note }
    }
}

impl AccountRow {
    fn account(self) -> Account {
        let roles: BTreeSet<Role> = list(&self.roles)
            .filter_map(|role| serde_json::from_value(serde_json::Value::from(role)).ok())
            .collect();
        Account {
            id: self.id,
            name: self.name,
            organisation: self.organisation,
            roles,
            language: self.language,
            state: self.state,
        }
    }
}
