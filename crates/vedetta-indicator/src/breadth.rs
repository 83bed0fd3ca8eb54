//! Indicators so broad that acting on them does more harm than what they warn of.

use std::net::IpAddr;

use ip_network::IpNetwork;

use crate::domain;
use crate::term::{Kind, Term};

/// Why a term is too broad to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Breadth {
    /// IPv4 wider than `/16`, IPv6 wider than `/32`: what one registry gives to many operators.
    #[error("a network of this size belongs to many unconnected parties")]
    Network,
    /// Addresses that mean another host in every network, or no host: loopback, private, link-local,
    /// multicast, unspecified, broadcast.
    #[error("an address that means something else in every network")]
    Local,
    /// A public suffix: names under it are registered by anybody (publicsuffix.org).
    #[error("a public suffix, under which anybody registers names")]
    PublicSuffix,
    /// One character; for the serial number of a certificate, less than 32 bits.
    #[error("so short a value is found everywhere")]
    TooShort,
}

/// Whether a term is too broad to act on.
#[must_use]
pub fn breadth(term: &Term) -> Option<Breadth> {
    if term.kind() != Kind::AutonomousSystem && term.value().chars().nth(1).is_none() {
        return Some(Breadth::TooShort);
    }
    match term.kind() {
        Kind::CertificateSerial => (term.value().len() < 8).then_some(Breadth::TooShort),
        Kind::Ipv4 | Kind::Ipv6 => of_network(term.network()?),
        Kind::Domain => {
            domain::registrable(term.value()).is_none().then_some(Breadth::PublicSuffix)
        }
        // A page of a public suffix may be someone's; the suffix itself as a web site, hardly.
        Kind::Url if term.url().is_some_and(|url| url.is_bare()) => breadth(&term.host()?),
        Kind::Url => breadth(&term.host()?).filter(|breadth| *breadth == Breadth::Local),
        _ => None,
    }
}

fn of_network(network: IpNetwork) -> Option<Breadth> {
    if network.netmask() < if network.is_ipv4() { 16 } else { 32 } {
        return Some(Breadth::Network);
    }
    let local = match network.network_address() {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
                || v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
        }
    };
    local.then_some(Breadth::Local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_broad_is_told() {
        for (kind, text, expected) in [
            (Kind::Ipv4, "0.0.0.0/0", Some(Breadth::Network)),
            (Kind::Ipv4, "203.0.0.0/8", Some(Breadth::Network)),
            (Kind::Ipv4, "203.0.0.0/15", Some(Breadth::Network)),
            (Kind::Ipv4, "203.0.0.0/16", None),
            (Kind::Ipv6, "2001:db8::/31", Some(Breadth::Network)),
            (Kind::Ipv6, "2001:db8::/32", None),
            (Kind::Ipv4, "127.0.0.1", Some(Breadth::Local)),
            (Kind::Ipv4, "100.64.0.1", Some(Breadth::Local)),
            (Kind::Ipv6, "::1", Some(Breadth::Local)),
            (Kind::Ipv4, "192.0.2.1", None),
            (Kind::Domain, "it", Some(Breadth::PublicSuffix)),
            (Kind::Domain, "terni.it", Some(Breadth::PublicSuffix)),
            (Kind::Domain, "comune.terni.it", None),
            (Kind::Url, "http://terni.it", Some(Breadth::PublicSuffix)),
            (Kind::Url, "http://terni.it/a", None),
            (Kind::Url, "http://10.0.0.1/a", Some(Breadth::Local)),
            (Kind::Mutex, "a", Some(Breadth::TooShort)),
            (Kind::CertificateSerial, "01", Some(Breadth::TooShort)),
            (Kind::CertificateSerial, "08a1b2c3d4", None),
            (Kind::AutonomousSystem, "1", None),
        ] {
            assert_eq!(breadth(&Term::new(kind, text).unwrap()), expected, "{text}");
        }
    }
}
