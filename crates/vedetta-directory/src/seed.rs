//! The Italian network, ready to load: `seed/italy` of the repository, and what follows from it.
//!
//! What is fact, what is indicative and what is invented: `seed/italy/README.md`. Municipal facts:
//! ISTAT 2023 through Openpolis, CC BY 4.0.

mod acts;
pub mod grown;
mod rows;

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use jiff::civil::Date;
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::id::IdError;
use vedetta_model::organisation::{Criticality, OrganisationKind, Sector};
use vedetta_model::{
    Account, Agreement, Asset, AssetId, Contact, ContactId, Organisation, OrganisationId,
};

use crate::directory::Records;
use crate::name::fold;
use crate::plan::Faults;

use rows::{Centre, Municipality, Section};

/// Municipalities with more residents than this adhere to PRO-C2SI.
pub const ADHERING_ABOVE: u32 = 20_000;

/// A network ready to load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seed {
    /// The parties: the centres first, then agencies and the like, then municipalities.
    pub organisations: Vec<Organisation>,
    /// What they own: documentation domains and networks.
    pub assets: Vec<Asset>,
    /// Whom to call: invented numbers and mailboxes.
    pub contacts: Vec<Contact>,
    /// Sample accounts, without secrets.
    pub accounts: Vec<Account>,
    /// The agreements, parents before children, the adhesions last.
    pub agreements: Vec<Agreement>,
}

/// A seed file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A row of a table.
    #[error("seed file {file}: {error}")]
    Table {
        /// The file.
        file: &'static str,
        /// What is wrong, with the line.
        error: csv::Error,
    },
    /// Records in the format of import.
    #[error("seed file {file}: {faults}")]
    Records {
        /// The file.
        file: &'static str,
        /// What is wrong.
        faults: Faults,
    },
    /// An agreement.
    #[error("seed file {file}: {error}")]
    Agreement {
        /// The file.
        file: &'static str,
        /// What is wrong, with the line.
        error: Box<toml::de::Error>,
    },
    /// An identifier.
    #[error("seed: {0}")]
    Id(#[from] IdError),
}

/// The Italian network.
///
/// # Errors
/// [`SeedError`] naming the file and the line; never with the files of the repository.
pub fn italy() -> Result<Seed, SeedError> {
    let centres = rows::centres()?;
    let sections = rows::sections()?;
    let municipalities = rows::municipalities()?;
    let Records { organisations, assets, contacts, accounts } = rows::records()?;
    let mut seed = Seed { organisations, assets, contacts, accounts, agreements: Vec::new() };
    seed.add_police(&centres, &sections)?;
    seed.add_associations(&municipalities)?;
    for municipality in &municipalities {
        seed.add_municipality(municipality)?;
    }
    seed.add_desks()?;
    seed.agreements = acts::all(&centres, &sections, &seed.organisations)?;
    Ok(seed)
}

impl Seed {
    /// The records of the directory, without the agreements.
    #[must_use]
    pub fn records(&self) -> Records {
        Records {
            organisations: self.organisations.clone(),
            assets: self.assets.clone(),
            contacts: self.contacts.clone(),
            accounts: self.accounts.clone(),
        }
    }

    fn add_police(&mut self, centres: &[Centre], sections: &[Section]) -> Result<(), IdError> {
        for centre in centres {
            let mut organisation = plain(&centre.centre, centre.name.clone())?;
            organisation.kind = OrganisationKind::RegionalCentre;
            organisation.aliases = vec![format!("COSC {}", centre.seat)];
            organisation.parent = Some(OrganisationId::new("cnaipic")?);
            organisation.region = Some(centre.region.clone());
            organisation.province = Some(centre.province.clone());
            organisation.aliases.retain(|alias| *alias != organisation.name);
            self.organisations.push(organisation);
        }
        for section in sections {
            let mut organisation = plain(&section.section, format!("SOSC {}", section.seat))?;
            organisation.kind = OrganisationKind::Section;
            organisation.parent = Some(OrganisationId::new(&section.centre)?);
            organisation.region = Some(section.region.clone());
            organisation.province = Some(section.province.clone());
            self.organisations.push(organisation);
        }
        Ok(())
    }

    fn add_associations(&mut self, municipalities: &[Municipality]) -> Result<(), IdError> {
        let regions: BTreeSet<&str> = municipalities.iter().map(|m| m.region.as_str()).collect();
        for region in regions {
            let mut organisation = plain(&association(region), format!("ANCI {region}"))?;
            organisation.kind = OrganisationKind::Association;
            organisation.parent = Some(OrganisationId::new("anci")?);
            organisation.region = Some(region.into());
            self.organisations.push(organisation);
        }
        Ok(())
    }

    fn add_municipality(&mut self, row: &Municipality) -> Result<(), IdError> {
        let (italian, other) = match row.name.split_once('/') {
            Some((italian, other)) => (italian, Some(other)),
            None => (row.name.as_str(), None),
        };
        let residents = row.population.unwrap_or(0);
        let mut organisation =
            plain(&format!("comune-{}", row.istat), format!("Comune di {italian}"))?;
        organisation.aliases =
            [Some(italian), other].into_iter().flatten().map(Into::into).collect();
        organisation.parent = Some(OrganisationId::new(&association(&row.region))?);
        organisation.region = Some(row.region.clone());
        organisation.province = Some(row.province.clone());
        organisation.population = row.population;
        if residents > 100_000 {
            organisation.criticality = Criticality::Regional;
        }
        let id = organisation.id.clone();
        self.organisations.push(organisation);
        self.add_asset(&id, "domain", AssetValue::Domain(format!("{id}.example")))?;
        if residents > ADHERING_ABOVE {
            // The digits of the ISTAT code, read as hexadecimal, tell the networks apart.
            let code = u32::from_str_radix(&row.istat, 16).unwrap_or_default();
            let first = Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(code) << 72);
            let network = format!("{first}/56");
            self.add_asset(&id, "network", AssetValue::Network(network))?;
            self.add_asset(&id, "mail", AssetValue::MailDomain(format!("pec.{id}.example")))?;
        }
        Ok(())
    }

    fn add_asset(
        &mut self,
        id: &OrganisationId,
        what: &str,
        value: AssetValue,
    ) -> Result<(), IdError> {
        let asset = AssetId::new(&format!("{id}-{what}"))?;
        self.assets.push(Asset { id: asset, organisation: id.clone(), what: value, note: None });
        Ok(())
    }

    /// A desk for each centre, agency, association and adhering municipality, and who answers when it
    /// does not: of those that are never closed somebody on call, of others the desk above them.
    fn add_desks(&mut self) -> Result<(), IdError> {
        for organisation in &self.organisations {
            let (name, on_call) = match organisation.kind {
                OrganisationKind::NationalCentre | OrganisationKind::RegionalCentre => {
                    ("Sala operativa", true)
                }
                OrganisationKind::Agency => ("Sala operativa sicurezza informatica", true),
                OrganisationKind::Association => ("Segreteria tecnica", false),
                _ if adheres(organisation) => ("Reperibilità servizi informatici", false),
                _ => continue,
            };
            let id = &organisation.id;
            let account = self.accounts.iter().find(|account| account.organisation == *id);
            let (desk, number) = (desk(id)?, self.contacts.len() + 1);
            let first = contact((&desk, id), name, number);
            let on_call = on_call || organisation.parent.is_none();
            let substitute = match &organisation.parent {
                Some(above) if !on_call => self::desk(above)?,
                _ => ContactId::new(&format!("on-call-{id}"))?,
            };
            let account = account.map(|account| account.id.clone());
            // An invented fingerprint: nothing is encrypted with it.
            let key = format!("openpgp4fpr:{}{:08X}", digits(id), number);
            let keys = if on_call { vec![key] } else { Vec::new() };
            let second = on_call.then(|| contact((&substitute, id), ON_CALL, number + 1));
            self.contacts.push(Contact { substitute: Some(substitute), keys, account, ..first });
            self.contacts.extend(second);
        }
        Ok(())
    }
}

/// Who answers when a desk that is never closed does not.
const ON_CALL: &str = "Funzionario reperibile";
/// The day on which all contacts of the seed are said to have been checked.
const VERIFIED: Date = jiff::civil::date(2026, 10, 1);

/// A contact with an invented number.
fn contact((id, of): (&ContactId, &OrganisationId), name: &str, number: usize) -> Contact {
    let phone = format!("+39 555 {number:06}");
    let (mailbox, _) = id.as_str().rsplit_once(of.as_str()).unwrap_or(("desk-", ""));
    let mailbox = format!("{}@{of}.example", mailbox.trim_end_matches('-'));
    Contact {
        id: id.clone(),
        organisation: of.clone(),
        role: "desk".into(),
        name: name.into(),
        substitute: None,
        phone_24h: Some(phone.clone()),
        channels: vec![Channel::Email(mailbox), Channel::Phone(phone)],
        keys: Vec::new(),
        account: None,
        last_verified: Some(VERIFIED),
    }
}

/// 32 hexadecimal digits that are an organisation's own.
fn digits(id: &OrganisationId) -> String {
    let identity = id.identity();
    let digits = identity.as_str().chars().skip("identity--".len());
    digits.filter(char::is_ascii_hexdigit).map(|it| it.to_ascii_uppercase()).collect()
}

/// Whether it is one of the municipalities that adhere.
fn adheres(organisation: &Organisation) -> bool {
    organisation.kind == OrganisationKind::Municipality
        && organisation.population.is_some_and(|residents| residents > ADHERING_ABOVE)
}

/// The contact of an organisation's desk.
fn desk(id: &OrganisationId) -> Result<ContactId, IdError> {
    ContactId::new(&format!("desk-{id}"))
}

/// The identifier of a region's association, e.g. `anci-valle-d-aosta`.
fn association(region: &str) -> String {
    let slug: String =
        fold(region).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("anci-{slug}")
}

/// A public administration with nothing but a name.
fn plain(id: &str, name: String) -> Result<Organisation, IdError> {
    Ok(Organisation {
        id: OrganisationId::new(id)?,
        name,
        aliases: Vec::new(),
        kind: OrganisationKind::Municipality,
        parent: None,
        region: None,
        province: None,
        population: None,
        sector: Some(Sector::PublicAdministration),
        criticality: Criticality::None,
        client_of: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
