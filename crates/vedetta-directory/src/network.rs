//! Networks of addresses in CIDR notation (RFC 4632, RFC 4291).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vedetta_model::network::{PrefixError, read};

/// A network whose host bits are zero; one address is a network too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It is none at all.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// The address is inside the network, not its first one.
    #[error("bits after the prefix are set; the network is {0}")]
    HostBits(Network),
}

impl Network {
    /// Reads `address/length`, or an address alone. IPv4 mapped into IPv6 becomes IPv4.
    ///
    /// # Errors
    /// [`NetworkError`] when it is not one; with host bits set, it names the right network.
    pub fn new(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = read(text)?;
        let network = Self { first: mask(address, length), length };
        if network.first == address { Ok(network) } else { Err(NetworkError::HostBits(network)) }
    }

    /// Its first address.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Its last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        match self.first {
            IpAddr::V4(first) => {
                let hosts = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                Ipv4Addr::from_bits(first.to_bits() | hosts).into()
            }
            IpAddr::V6(first) => {
                let hosts = u128::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
                Ipv6Addr::from_bits(first.to_bits() | hosts).into()
            }
        }
    }

    /// Length of the prefix in bits.
    #[must_use]
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// Whether an address is inside.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && mask(address, self.length) == self.first
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, length: if first.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn mask(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let hosts = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & !hosts).into()
        }
        IpAddr::V6(v6) => {
            let hosts = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & !hosts).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written() {
        for (text, written) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(Network::new(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn host_bits_name_the_right_network() {
        let error = Network::new("192.0.2.7/24").unwrap_err();
        assert_eq!(error.to_string(), "bits after the prefix are set; the network is 192.0.2.0/24");
        for bad in ["", "/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8", "192.0.2/24", "::/129"]
        {
            assert!(Network::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn first_and_last_are_inside() {
        let network = Network::new("2001:db8:540:3900::/56").unwrap();
        assert!(network.contains(network.first()) && network.contains(network.last()));
        assert_eq!(network.last().to_string(), "2001:db8:540:39ff:ffff:ffff:ffff:ffff");
        assert!(!network.contains("2001:db8:540:3800::".parse().unwrap()));
    }
}
