//! An asset in one spelling, or why it cannot be one.

use vedetta_model::asset::AssetValue;

use crate::cpe::{Cpe, CpeError};
use crate::domain::{DomainError, DomainName};
use crate::name::TradeName;
use crate::network::{Network, NetworkError};
use crate::observable::{Host, Url};

/// An asset in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A domain with its subdomains.
    Domain(DomainName),
    /// A network.
    Network(Network),
    /// An autonomous system.
    Asn(u32),
    /// A domain of mailboxes.
    MailDomain(DomainName),
    /// A product.
    Product(Cpe),
    /// A service or a supplier, by name.
    Name(TradeName),
    /// A service at a URL: its name, and its host, which concerns as a domain or a network does.
    Service(TradeName, Host),
}

/// Why an asset cannot be indexed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// Not a domain name.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// A name under which anyone registers: it would concern strangers.
    #[error(
        "a public suffix, under which anyone may register; give the registered domain, as comune.{0}"
    )]
    PublicSuffix(DomainName),
    /// Not a network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Not the number of an autonomous system that can be assigned.
    #[error("not an autonomous system; give a number from 1 to 4294967294")]
    Asn,
    /// Not a product name.
    #[error(transparent)]
    Product(#[from] CpeError),
    /// No letter or digit.
    #[error("no letter or digit in the name")]
    Name,
}

impl Reading {
    /// Reads an asset.
    ///
    /// # Errors
    /// [`AssetError`] saying which rule it breaks.
    pub fn of(value: &AssetValue) -> Result<Self, AssetError> {
        Ok(match value {
            AssetValue::Domain(text) => Self::Domain(registered(text)?),
            AssetValue::MailDomain(text) => Self::MailDomain(registered(text)?),
            AssetValue::Network(text) => Self::Network(Network::new(text.trim())?),
            AssetValue::Asn(0 | u32::MAX) => return Err(AssetError::Asn),
            AssetValue::Asn(number) => Self::Asn(*number),
            AssetValue::Product(text) => Self::Product(Cpe::new(text.trim())?),
            AssetValue::Supplier(text) => Self::Name(named(text)?),
            AssetValue::Service(text) => {
                match Url::new(text.trim()).map(|url| url.host().clone()) {
                    Ok(Host::Domain(name)) if name.registrable().is_none() => {
                        Self::Name(named(text)?)
                    }
                    Ok(host) => Self::Service(named(text)?, host),
                    Err(_) => Self::Name(named(text)?),
                }
            }
        })
    }

    /// The asset's value in one spelling; names stay as people wrote them.
    ///
    /// # Errors
    /// As [`Reading::of`].
    pub fn spelled(value: &AssetValue) -> Result<AssetValue, AssetError> {
        Ok(match Self::of(value)? {
            Self::Domain(name) => AssetValue::Domain(name.to_string()),
            Self::MailDomain(name) => AssetValue::MailDomain(name.to_string()),
            Self::Network(network) => AssetValue::Network(network.to_string()),
            Self::Product(cpe) => AssetValue::Product(cpe.to_string()),
            Self::Asn(_) | Self::Name(_) | Self::Service(..) => value.clone(),
        })
    }
}

/// A domain that somebody registered; `*.comune.example` says the same as `comune.example`.
fn registered(text: &str) -> Result<DomainName, AssetError> {
    let text = text.trim();
    let name = DomainName::new(text.strip_prefix("*.").unwrap_or(text))?;
    if name.registrable().is_none() { Err(AssetError::PublicSuffix(name)) } else { Ok(name) }
}

fn named(text: &str) -> Result<TradeName, AssetError> {
    TradeName::new(text).ok_or(AssetError::Name)
}
