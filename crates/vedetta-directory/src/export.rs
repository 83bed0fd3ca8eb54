//! The directory as files that [`crate::plan::plan`] reads back as unchanged.

use serde::Serialize;
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::{Account, Asset, Contact, Organisation};

use crate::Directory;
use crate::columns::{Format, Noun};
use crate::directory::Records;
use crate::plan::{Record, word};

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// CSV holds one noun per file.
    #[error("a CSV file holds one noun; export each by itself, or everything as JSON")]
    OneNounPerFile,
    /// JSON could not be written.
    #[error("the directory could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes a noun, or everything, in UTF-8; organisations in the order of their numbers, what is
/// theirs by organisation and identifier.
///
/// # Errors
/// [`ExportError::OneNounPerFile`] for everything as CSV.
pub fn export(directory: &Directory, format: Format, noun: Noun) -> Result<Vec<u8>, ExportError> {
    let records = records(directory);
    match (format, noun) {
        (Format::Csv, Noun::Everything) => Err(ExportError::OneNounPerFile),
        (Format::Csv, Noun::Organisations) => {
            Ok(csv(noun, records.organisations.into_iter().map(Record::Organisation)))
        }
        (Format::Csv, Noun::Assets) => Ok(csv(noun, records.assets.into_iter().map(Record::Asset))),
        (Format::Csv, Noun::Contacts) => {
            Ok(csv(noun, records.contacts.into_iter().map(Record::Contact)))
        }
        (Format::Csv, Noun::Accounts) => {
            Ok(csv(noun, records.accounts.into_iter().map(Record::Account)))
        }
        (Format::Json, Noun::Everything) => json(&records),
        (Format::Json, Noun::Organisations) => json(&records.organisations),
        (Format::Json, Noun::Assets) => json(&records.assets),
        (Format::Json, Noun::Contacts) => json(&records.contacts),
        (Format::Json, Noun::Accounts) => json(&records.accounts),
    }
}

/// The records of a directory.
#[must_use]
pub fn records(directory: &Directory) -> Records {
    let organisations = directory.members().iter().map(|member| (*member.organisation).clone());
    Records {
        organisations: organisations.collect(),
        assets: directory.assets().iter().map(|asset| (**asset).clone()).collect(),
        contacts: directory.contacts().iter().map(|contact| (**contact).clone()).collect(),
        accounts: directory.accounts().iter().map(|account| (**account).clone()).collect(),
    }
}

/// The cells of a record, in the order of its columns.
pub(crate) fn cells(record: &Record) -> Vec<String> {
    match record {
        Record::Organisation(organisation) => of_organisation(organisation),
        Record::Asset(asset) => of_asset(asset),
        Record::Contact(contact) => of_contact(contact),
        Record::Account(account) => of_account(account),
    }
}

fn of_organisation(organisation: &Organisation) -> Vec<String> {
    vec![
        organisation.id.to_string(),
        organisation.name.clone(),
        list(organisation.aliases.iter().map(String::as_str)),
        word(&organisation.kind),
        text(organisation.parent.as_ref()),
        text(organisation.region.as_ref()),
        text(organisation.province.as_ref()),
        text(organisation.population.as_ref()),
        organisation.sector.as_ref().map(word).unwrap_or_default(),
        word(&organisation.criticality),
        list(organisation.client_of.iter().map(vedetta_model::OrganisationId::as_str)),
    ]
}

fn of_asset(asset: &Asset) -> Vec<String> {
    let (kind, value) = match &asset.what {
        AssetValue::Domain(value) => ("domain", value.clone()),
        AssetValue::Network(value) => ("network", value.clone()),
        AssetValue::Asn(value) => ("asn", value.to_string()),
        AssetValue::MailDomain(value) => ("mail-domain", value.clone()),
        AssetValue::Product(value) => ("product", value.clone()),
        AssetValue::Service(value) => ("service", value.clone()),
        AssetValue::Supplier(value) => ("supplier", value.clone()),
    };
    let note = asset.note.clone().unwrap_or_default();
    vec![asset.id.to_string(), asset.organisation.to_string(), kind.into(), value, note]
}

fn of_contact(contact: &Contact) -> Vec<String> {
    let channels = contact.channels.iter().map(|channel| match channel {
        Channel::Email(at) => format!("email:{at}"),
        Channel::Pec(at) => format!("pec:{at}"),
        Channel::Phone(at) => format!("phone:{at}"),
        Channel::Web(at) => format!("web:{at}"),
    });
    vec![
        contact.id.to_string(),
        contact.organisation.to_string(),
        contact.role.clone(),
        contact.name.clone(),
        text(contact.substitute.as_ref()),
        text(contact.phone_24h.as_ref()),
        list(channels.collect::<Vec<_>>().iter().map(String::as_str)),
        list(contact.keys.iter().map(String::as_str)),
        text(contact.account.as_ref()),
        text(contact.last_verified.as_ref()),
    ]
}

fn of_account(account: &Account) -> Vec<String> {
    let roles: Vec<String> = account.roles.iter().map(word).collect();
    vec![
        account.id.to_string(),
        account.name.clone(),
        account.organisation.to_string(),
        list(roles.iter().map(String::as_str)),
        word(&account.language),
        word(&account.state),
    ]
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn list<'a>(entries: impl Iterator<Item = &'a str>) -> String {
    let entries: Vec<String> =
        entries.map(|entry| entry.replace('\\', "\\\\").replace('|', "\\|")).collect();
    entries.join("|")
}

fn json<T: Serialize>(records: &T) -> Result<Vec<u8>, ExportError> {
    let mut bytes = serde_json::to_vec_pretty(records)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn csv(noun: Noun, records: impl Iterator<Item = Record>) -> Vec<u8> {
    let header = noun.columns().iter().map(|column| column.name.to_owned()).collect();
    let mut text = String::new();
    for line in std::iter::once(header).chain(records.map(|record| cells(&record))) {
        for (index, cell) in line.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_cell(cell, &mut text);
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// Writes a cell so that no spreadsheet computes it, in quotes where it needs them.
fn write_cell(cell: &str, text: &mut String) {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { "'" } else { "" };
    if cell.contains([',', ';', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(guard);
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(guard);
        text.push_str(cell);
    }
}
