//! A response policy zone: resolvers answer that the domain does not exist (NXDOMAIN), and so for
//! answers that contain the address (draft-vixie-dnsop-dns-rpz, sections 4 and 5). Names are
//! relative, so that the zone can have any name of up to 63 bytes. Exactly the domains that were
//! indicated are in it, not the names below them.

use std::fmt::Write as _;

use ip_network::IpNetwork;
use vedetta_indicator::{Kind, Term};
use vedetta_model::Instant;

use super::{Act, Needs, Row};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Block,
    content_type: "text/dns; charset=utf-8",
    comment: Some(";"),
    kinds: |kind| matches!(kind, Kind::Domain | Kind::Ipv4 | Kind::Ipv6),
    expresses,
};

/// What a name of at most 253 bytes leaves for the zone's own and the dot between.
const LONGEST: usize = 253 - 64;

fn expresses(term: &Term) -> bool {
    // Below these names the protocol looks for triggers of other kinds.
    let reserved = |label: &str| label.starts_with("rpz-");
    term.kind() != Kind::Domain
        || term.value().len() <= LONGEST && !term.value().rsplit('.').next().is_some_and(reserved)
}

pub(super) fn write(rows: &[Row<'_>], changed: Instant, body: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(
        body,
        "$TTL 300\n\
         @ IN SOA localhost. hostmaster.localhost. {} 900 300 604800 60\n\
         @ IN NS localhost.\n",
        serial(changed)
    );
    for row in rows {
        let name = match row.term.network() {
            Some(network) => trigger(network),
            None => row.term.value().to_owned(),
        };
        body.extend([&name, " IN CNAME .\n"]);
    }
}

/// Seconds since 1970 in 32 bits, as serial numbers are compared (RFC 1982): it grows with every
/// change that is at least a second after the one before.
fn serial(changed: Instant) -> u32 {
    let seconds = changed.micros().div_euclid(1_000_000).rem_euclid(1 << 32);
    u32::try_from(seconds).unwrap_or(1).max(1)
}

/// The name that stands for addresses in an answer: prefix length, then the address from its end,
/// with `zz` for the longest run of zeros.
fn trigger(network: IpNetwork) -> String {
    let length = network.netmask();
    match network {
        IpNetwork::V4(v4) => {
            let [a, b, c, d] = v4.network_address().octets();
            format!("{length}.{d}.{c}.{b}.{a}.rpz-ip")
        }
        IpNetwork::V6(v6) => {
            let words = v6.network_address().segments();
            let zeros = longest_zeros(&words);
            let mut name = length.to_string();
            for (at, word) in words.iter().enumerate().rev() {
                if !zeros.contains(&at) {
                    name.push_str(&format!(".{word:x}"));
                } else if at == zeros.start {
                    name.push_str(".zz");
                }
            }
            name + ".rpz-ip"
        }
    }
}

/// The first of the longest runs of two zeros or more.
fn longest_zeros(words: &[u16]) -> std::ops::Range<usize> {
    let mut longest = 0..0;
    let mut at = 0;
    for run in words.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        if run.first() == Some(&0) && run.len() > longest.len().max(1) {
            longest = at..at + run.len();
        }
        at += run.len();
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_addresses() {
        let of = |text: &str| {
            let kind = if text.contains(':') { Kind::Ipv6 } else { Kind::Ipv4 };
            trigger(Term::new(kind, text).unwrap().network().unwrap())
        };
        assert_eq!(of("192.0.2.1"), "32.1.2.0.192.rpz-ip");
        assert_eq!(of("192.0.2.0/24"), "24.0.2.0.192.rpz-ip");
        assert_eq!(of("2001:db8::1"), "128.1.zz.db8.2001.rpz-ip");
        assert_eq!(of("2001:db8::/32"), "32.zz.db8.2001.rpz-ip");
        assert_eq!(of("2001:0:0:1:0:0:0:1"), "128.1.zz.1.0.0.2001.rpz-ip");
        assert_eq!(of("2001:db8:1:2:3:0:5:6"), "128.6.5.0.3.2.1.db8.2001.rpz-ip");
    }

    #[test]
    fn serials_grow() {
        let at = |seconds: i64| serial(Instant::from_micros(seconds * 1_000_000));
        assert_eq!((at(0), at(1_800_000_000)), (1, 1_800_000_000));
        assert_eq!(at((1 << 32) + 7), 7);
    }
}
