//! What is known of a victim, by which it could be recognised.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::{Asset, Contact, ItemId, Organisation};

/// What is known of a victim, by which it could be recognised in an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Victim {
    /// Identifiers of objects that are the victim: its STIX identity, and others that say so.
    pub identities: BTreeSet<ItemId>,
    /// Names, aliases, services, suppliers, products, and whatever else is told in words.
    pub words: BTreeSet<String>,
    /// What is left of its names without the general part: `Perugia` of `Comune di Perugia`.
    pub short_names: BTreeSet<String>,
    /// Domains, with all their subdomains and mailboxes.
    pub domains: BTreeSet<String>,
    /// Networks and addresses.
    pub networks: BTreeSet<Subnet>,
    /// Autonomous systems.
    pub asns: BTreeSet<u32>,
    /// Telephone numbers, digits only.
    pub phones: BTreeSet<String>,
    /// Numbers by which registers know it, digits only: `054039` of `comune-054039` (ISTAT).
    pub codes: BTreeSet<String>,
}

/// An IPv4 or IPv6 network; one address is a network of full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// An address in it.
    pub address: IpAddr,
    /// The length of its prefix in bits.
    pub prefix: u8,
}

/// Networks of several: an address is looked up in as many steps as there are lengths of prefixes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks(BTreeMap<(bool, u8), HashMap<u128, Vec<usize>>>);

/// Shorter numbers are no codes.
const CODE: usize = 5;

/// Words that say what kind of body has the name after them.
const GENERAL: &[&str] = &[
    "agenzia",
    "amministrazione",
    "association",
    "associazione",
    "autonoma",
    "azienda",
    "city",
    "citta",
    "città",
    "comune",
    "comuni",
    "comunita",
    "comunità",
    "consorzio",
    "county",
    "d",
    "dei",
    "degli",
    "del",
    "dell",
    "della",
    "delle",
    "di",
    "ente",
    "hospital",
    "il",
    "istituto",
    "l",
    "la",
    "libero",
    "locale",
    "metropolitan",
    "metropolitana",
    "ministero",
    "ministry",
    "montana",
    "municipality",
    "of",
    "ospedale",
    "ospedaliera",
    "prefettura",
    "province",
    "provincia",
    "region",
    "regione",
    "sanitaria",
    "speciale",
    "studi",
    "the",
    "town",
    "unione",
    "universita",
    "università",
    "university",
];

impl Victim {
    /// From what the directory holds of an organisation; assets and contacts of others are
    /// passed over.
    #[must_use]
    pub fn of<'a>(
        organisation: &Organisation,
        assets: impl IntoIterator<Item = &'a Asset>,
        contacts: impl IntoIterator<Item = &'a Contact>,
    ) -> Self {
        let mut victim = Self::default();
        victim.identities.insert(organisation.id.identity());
        victim.words.insert(organisation.id.as_str().to_owned());
        let numbers = organisation.id.as_str().split(|c: char| !c.is_ascii_digit());
        victim.codes.extend(numbers.filter(|it| it.len() >= CODE).map(str::to_owned));
        for name in std::iter::once(&organisation.name).chain(&organisation.aliases) {
            victim.words.insert(name.clone());
            let short = short_name(name);
            victim.short_names.extend(short.as_deref().and_then(abbreviated));
            victim.short_names.extend(short);
        }
        for asset in assets.into_iter().filter(|it| it.organisation == organisation.id) {
            victim.owns(&asset.what);
        }
        for contact in contacts.into_iter().filter(|it| it.organisation == organisation.id) {
            victim.answers_by(contact);
        }
        victim
    }

    fn owns(&mut self, asset: &AssetValue) {
        match asset {
            AssetValue::Domain(domain) | AssetValue::MailDomain(domain) => {
                self.domains.insert(domain.trim_matches(['.', '*', '@']).to_owned());
            }
            AssetValue::Network(text) => {
                self.networks.extend(Subnet::parse(text));
            }
            AssetValue::Asn(number) => {
                self.asns.insert(*number);
            }
            AssetValue::Service(url) if url.contains("://") => self.found_at(url),
            AssetValue::Product(text) | AssetValue::Service(text) | AssetValue::Supplier(text) => {
                self.words.insert(text.clone());
            }
        }
    }

    /// A URL is recognised without its scheme, which may be written in other ways.
    fn found_at(&mut self, url: &str) {
        let place = url.split_once("://").map_or(url, |(_, place)| place);
        self.words.insert(place.trim_end_matches('/').to_owned());
    }

    fn answers_by(&mut self, contact: &Contact) {
        self.words.insert(contact.name.clone());
        let backwards: Vec<_> = contact.name.split_whitespace().rev().collect();
        self.words.insert(backwards.join(" "));
        self.words.extend(contact.keys.iter().cloned());
        self.phones.extend(contact.phone_24h.as_deref().and_then(phone));
        for channel in &contact.channels {
            match channel {
                Channel::Phone(number) => self.phones.extend(phone(number)),
                Channel::Email(at) | Channel::Pec(at) => {
                    self.words.insert(at.clone());
                }
                Channel::Web(url) => self.found_at(url),
            }
        }
    }
}

impl Subnet {
    /// Reads an address or CIDR notation.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = if prefix.is_empty() { longest } else { prefix.parse().ok()? };
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                u32::from(own).checked_shr(shift) == u32::from(other).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                u128::from(own).checked_shr(shift) == u128::from(other).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl Networks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one, and whose it is.
    pub(crate) fn add(&mut self, network: &Subnet, whose: usize) {
        let Subnet { address, prefix } = *network;
        let alike = self.0.entry((address.is_ipv4(), prefix)).or_default();
        alike.entry(leading(address, prefix)).or_default().push(whose);
    }

    /// The lengths of the prefixes under which an address is in a network, each with whose it is.
    pub(crate) fn holding(&self, address: IpAddr) -> impl Iterator<Item = (u8, &[usize])> {
        let alike = self.0.iter().filter(move |((v4, _), _)| *v4 == address.is_ipv4());
        alike.filter_map(move |((_, prefix), whose)| {
            Some((*prefix, whose.get(&leading(address, *prefix))?.as_slice()))
        })
    }
}

/// The leading bits of an address.
fn leading(address: IpAddr, prefix: u8) -> u128 {
    let (bits, width) = match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    bits.checked_shr(width - u32::from(prefix).min(width)).unwrap_or(0)
}

/// The digits of a number, without the prefix of Italy.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let text = text.trim_start();
    let national = if text.starts_with("+39") {
        digits.get(2..)
    } else if text.starts_with("0039") {
        digits.get(4..)
    } else {
        Some(digits.as_str())
    };
    national.filter(|digits| digits.len() >= 6).map(str::to_owned)
}

/// `S. Giovanni` for `San Giovanni`.
fn abbreviated(name: &str) -> Option<String> {
    let (saint, rest) = name.split_once(' ')?;
    let saint = saint.to_lowercase();
    matches!(saint.as_str(), "san" | "santa" | "santo" | "sant").then(|| format!("S. {rest}"))
}

fn short_name(name: &str) -> Option<String> {
    let separator = |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '-');
    let words: Vec<&str> = name.split(separator).filter(|word| !word.is_empty()).collect();
    let general = |word: &&&str| GENERAL.contains(&word.to_lowercase().as_str());
    let leading = words.iter().take_while(general).count();
    let short = words.get(leading..).unwrap_or_default().join(" ");
    (leading > 0 && short.chars().filter(|c| c.is_alphanumeric()).count() >= 3).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_general_part_of_a_name_is_left_out() {
        assert_eq!(short_name("Comune di Perugia").as_deref(), Some("Perugia"));
        assert_eq!(short_name("Comune dell'Aquila").as_deref(), Some("Aquila"));
        assert_eq!(short_name("Provincia Autonoma di Trento").as_deref(), Some("Trento"));
        assert_eq!(short_name("Poste"), None);
        assert_eq!(abbreviated("Santa Fiora").as_deref(), Some("S. Fiora"));
        assert_eq!(short_name("Comune di Re"), None);
    }

    #[test]
    fn networks_are_read() {
        let network = Subnet::parse("192.0.2.0/25").unwrap();
        assert!(network.contains("192.0.2.127".parse().unwrap()));
        assert!(!network.contains("192.0.2.128".parse().unwrap()));
        assert!(Subnet::parse("0.0.0.0/0").unwrap().contains("203.0.113.1".parse().unwrap()));
        assert!(Subnet::parse("192.0.2.0/33").is_none());
        assert!(Subnet::parse("2001:db8::1").unwrap().contains("2001:db8::1".parse().unwrap()));
        assert_eq!(phone("+39 075 123456").as_deref(), Some("075123456"));
    }
}
