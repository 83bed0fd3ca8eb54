//! Addresses and networks in one spelling (RFC 4632, RFC 5952).

use std::net::{Ipv4Addr, Ipv6Addr};

use ip_network::IpNetwork;
use vedetta_model::network;

/// Reads `address` or `address/length`. Bits after the prefix are cleared; IPv4 mapped into IPv6
/// becomes IPv4.
pub(crate) fn read(text: &str) -> Option<IpNetwork> {
    let (address, length) = network::read(text).ok()?;
    IpNetwork::new_truncate(address, length).ok()
}

/// A single address without its prefix length, a network with it.
pub(crate) fn written(network: IpNetwork) -> String {
    match is_single(network) {
        true => network.network_address().to_string(),
        false => network.to_string(),
    }
}

/// Whether it is one address.
pub(crate) fn is_single(network: IpNetwork) -> bool {
    network.netmask() == if network.is_ipv4() { 32 } else { 128 }
}

/// Whether `outer` holds all of `inner`.
pub(crate) fn holds(outer: IpNetwork, inner: IpNetwork) -> bool {
    outer.netmask() <= inner.netmask() && outer.contains(inner.network_address())
}

/// IPv4 as browsers read it: one to four parts, decimal, octal or hexadecimal (WHATWG URL).
pub(crate) fn loose_v4(text: &str) -> Option<Ipv4Addr> {
    let part = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => Some(0),
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).ok()
        }
        Some(_) => None,
        None if !is_number(text) => None,
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let bare = text.strip_suffix('.').unwrap_or(text);
    let parts: Vec<u32> = bare.split('.').take(5).map(part).collect::<Option<_>>()?;
    let (last, heads) = parts.split_last()?;
    if heads.len() > 3 || heads.iter().any(|head| *head > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(heads.len()).ok()?;
    if room < 32 && *last >= 1 << room {
        return None;
    }
    let heads = heads.iter().zip([24, 16, 8]);
    Some(Ipv4Addr::from_bits(heads.fold(*last, |bits, (head, shift)| bits | head << shift)))
}

/// First and last address, as numbers that keep IPv4 and IPv6 apart and in order.
pub(crate) fn span(network: IpNetwork) -> (bool, u128, u128) {
    match network {
        IpNetwork::V4(v4) => {
            let first = u128::from(v4.network_address().to_bits());
            let hosts = u32::MAX.checked_shr(u32::from(v4.netmask())).unwrap_or(0);
            (false, first, first | u128::from(hosts))
        }
        IpNetwork::V6(v6) => {
            let first = Ipv6Addr::to_bits(v6.network_address());
            (true, first, first | u128::MAX.checked_shr(u32::from(v6.netmask())).unwrap_or(0))
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let of = |text| read(text).map(written);
        for (text, written) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("2001:DB8:0:0::1/128", "2001:db8::1"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(of(text).as_deref(), Some(written));
        }
        for bad in ["", "192.0.2", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/+8", "192.0.02.1"] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn addresses_as_browsers_read_them() {
        let of = |text| loose_v4(text).map(|v4| v4.to_string());
        for text in ["192.0.2.1", "3221225985", "0xc0.0.02.1", "192.0.513", "192.0.2.1."] {
            assert_eq!(of(text).as_deref(), Some("192.0.2.1"), "{text}");
        }
        for bad in ["", "1.2.3.4.5", "256.1.1.1", "0x+1", "09", "1..2", "4294967296"] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
