//! Where a webhook may go. A URL is given by somebody outside: it must not make the node knock on
//! doors of its own house.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_network::IpNetwork;
use vedetta_indicator::Url;
use vedetta_indicator::url::Host;

/// A URL that may be called, if what its host resolves to may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination(Url);

/// Inner networks that the node's setting lets webhooks go to. None, unless somebody says so.
#[derive(Clone, Default, Debug)]
pub struct Inner(pub Vec<IpNetwork>);

/// Why a destination is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Not a URL.
    #[error("not a URL; write it as https://soc.comune.example/hook")]
    Shape,
    /// Not encrypted.
    #[error("the scheme must be https; http is for loopback only, where the setting allows it")]
    Scheme,
    /// A name or password in the URL.
    #[error("a name or a password in the URL; the signature tells the receiver who calls")]
    Credentials,
    /// The name has no address.
    #[error("the host has no address")]
    Nowhere,
    /// An address that is not on the public Internet.
    #[error(
        "the host is {0}, which is not a public address; webhook_networks in vedetta.toml can allow its network"
    )]
    Inner(IpAddr),
}

/// Networks that are not the public Internet, or lead to one that is not (IANA special-purpose
/// address registries, RFC 6890; transition mechanisms that carry an IPv4 address).
const V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// Public IPv6 is 2000::/3, without these.
const V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

impl Inner {
    /// Reads networks, e.g. `10.0.0.0/8`.
    ///
    /// # Errors
    /// The first text that is none, with what to write.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let network = IpNetwork::from_str_truncate(text);
            network.map_err(|_| format!("{text:?} is not a network; write it as 10.0.0.0/8"))
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Destination {
    /// Reads a URL, and checks what can be checked before its host is resolved.
    ///
    /// # Errors
    /// [`DestinationError`] when it is refused.
    pub fn new(text: &str, inner: &Inner) -> Result<Self, DestinationError> {
        let url = Url::new(text).ok_or(DestinationError::Shape)?;
        if url.user().is_some() {
            return Err(DestinationError::Credentials);
        }
        let named_loopback = match url.host() {
            Host::Domain(name) => &**name == "localhost",
            Host::Address(address) => address.is_loopback(),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && named_loopback) {
            return Err(DestinationError::Scheme);
        }
        let destination = Self(url);
        if let Host::Address(address) = destination.0.host() {
            destination.permits(&[*address], inner)?;
        }
        Ok(destination)
    }

    /// The URL, in one spelling: call this one, so that nobody reads it otherwise.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.as_str()
    }

    /// The host to resolve, or the address.
    #[must_use]
    pub const fn host(&self) -> &Host {
        self.0.host()
    }

    /// Checks every address that the host resolved to. Connect to one of these and to no other: a
    /// second look-up may say something else.
    ///
    /// # Errors
    /// [`DestinationError::Inner`] names the first that is refused, [`DestinationError::Scheme`] one
    /// that must be encrypted.
    pub fn permits(&self, resolved: &[IpAddr], inner: &Inner) -> Result<(), DestinationError> {
        if resolved.is_empty() {
            return Err(DestinationError::Nowhere);
        }
        for address in resolved {
            let address = address.to_canonical();
            let allowed = inner.0.iter().any(|network| network.contains(address));
            if !allowed && !is_public(address) {
                return Err(DestinationError::Inner(address));
            }
            if self.0.scheme() == "http" && !address.is_loopback() {
                return Err(DestinationError::Scheme);
            }
        }
        Ok(())
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !V4.iter().any(|(first, length)| {
            let mask = u32::MAX << (32 - u32::from(*length));
            v4.to_bits() & mask == first.to_bits()
        }),
        IpAddr::V6(v6) => {
            let within = |first: &Ipv6Addr, length: u8| {
                let mask = u128::MAX << (128 - u32::from(length));
                v6.to_bits() & mask == first.to_bits()
            };
            within(&Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !V6.iter().any(|(first, length)| within(first, *length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(networks: &[&str]) -> Inner {
        let networks: Vec<String> = networks.iter().map(|it| (*it).to_owned()).collect();
        Inner::read(&networks).unwrap()
    }

    #[test]
    fn only_encrypted_and_nameless_urls() {
        let of =
            |text: &str| Destination::new(text, &Inner::default()).map(|it| it.url().to_owned());
        let good = of("HTTPS://soc.Comune.example:443/hook");
        assert_eq!(good.as_deref(), Ok("https://soc.comune.example/hook"));
        assert_eq!(of("soc.comune.example"), Err(DestinationError::Shape));
        assert_eq!(of("http://soc.comune.example/"), Err(DestinationError::Scheme));
        assert_eq!(of("ftp://soc.comune.example/"), Err(DestinationError::Scheme));
        assert_eq!(of("https://a:b@soc.comune.example/"), Err(DestinationError::Credentials));
    }

    #[test]
    fn inner_addresses_are_refused_however_they_are_written() {
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://169.254.169.254/latest",
            "https://192.168.1.1/",
            "https://[fd00::1]/",
            "https://0.0.0.0/",
            "http://127.0.0.1/",
        ] {
            let refused = Destination::new(text, &Inner::default());
            assert!(matches!(refused, Err(DestinationError::Inner(_))), "{text}: {refused:?}");
        }
    }

    #[test]
    fn every_resolved_address_counts() {
        let there = Destination::new("https://soc.comune.example/", &Inner::default()).unwrap();
        let of = |addresses: &[&str], inner: &Inner| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
            there.permits(&addresses, inner)
        };
        let outside = "9.0.0.1";
        assert_eq!(of(&[outside, "2a00::1"], &Inner::default()), Ok(()));
        let within = DestinationError::Inner("10.0.0.1".parse().unwrap());
        assert_eq!(of(&[outside, "10.0.0.1"], &Inner::default()), Err(within));
        assert_eq!(of(&[outside, "10.0.0.1"], &inner(&["10.0.0.0/24"])), Ok(()));
        assert_eq!(of(&[], &Inner::default()), Err(DestinationError::Nowhere));
    }

    #[test]
    fn loopback_may_be_plain_where_it_is_allowed() {
        let loopback = inner(&["127.0.0.0/8", "192.168.0.0/16"]);
        let plain = Destination::new("http://localhost:8080/", &loopback).unwrap();
        assert_eq!(plain.permits(&["127.0.0.1".parse().unwrap()], &loopback), Ok(()));
        let elsewhere = plain.permits(&["192.168.0.1".parse().unwrap()], &loopback);
        assert_eq!(elsewhere, Err(DestinationError::Scheme));
        let refused = Destination::new("http://192.168.0.1/", &loopback);
        assert_eq!(refused, Err(DestinationError::Scheme));
    }
}
