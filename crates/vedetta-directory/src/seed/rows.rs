//! The tables of `seed/italy`, row by row.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SeedError;
use crate::columns::{Format, Noun};
use crate::directory::Records;
use crate::plan;

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

macro_rules! file {
    ($file:literal) => {
        ($file, include_str!(concat!("../../../../seed/italy/", $file)))
    };
}

pub(super) fn municipalities() -> Result<Vec<Municipality>, SeedError> {
    table(file!("municipalities.csv"))
}

pub(super) fn centres() -> Result<Vec<Centre>, SeedError> {
    table(file!("centres.csv"))
}

pub(super) fn sections() -> Result<Vec<Section>, SeedError> {
    table(file!("sections.csv"))
}

/// The parties, assets and accounts that are written as they would be imported.
pub(super) fn records() -> Result<Records, SeedError> {
    let mut records = Records::default();
    for (noun, (file, text)) in [
        (Noun::Organisations, file!("organisations.csv")),
        (Noun::Assets, file!("assets.csv")),
        (Noun::Accounts, file!("accounts.csv")),
    ] {
        let (read, _, faults) = plan::read(text.as_bytes(), Format::Csv, noun);
        if !faults.is_empty() {
            return Err(SeedError::Records { file, faults });
        }
        read.into_iter().for_each(|(_, record)| record.put_into(&mut records));
    }
    Ok(records)
}

fn table<T: DeserializeOwned>((file, text): (&'static str, &str)) -> Result<Vec<T>, SeedError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| SeedError::Table { file, error })
}
