//! Marks: what remains of a value that was seen, when only this is kept of it.

use std::net::IpAddr;

use vedetta_indicator::{Kind, Term, breadth};

use super::key::{self, Key, Keys, NETWORK4, NETWORK6, Sorts, hash};
use super::observed::{self, Looked, What};
use super::table::Lengths;
use crate::event::{Event, Name};

/// The networks by which addresses are remembered, and themselves.
const SIZES4: &[u8] = &[16, 24, 32];
const SIZES6: &[u8] = &[32, 40, 48, 56, 64, 128];
const LENGTHS: Lengths =
    Lengths { v4: 1 << 16 | 1 << 24, v6: 1 << 32 | 1 << 40 | 1 << 48 | 1 << 56 | 1 << 64 };
/// Most of them that one network is looked for by.
const MOST: u128 = 256;

/// The marks of the values of an event that indicators look for: addresses and their networks, names
/// and the names above them, hashes, URLs, mailboxes.
pub fn marks(event: &Event<'_>, text: &mut String, mark: &mut dyn FnMut(u64)) {
    let sought = observed::sought();
    for (at, name) in event.names().iter().enumerate() {
        let Some(what) = sought.what(*name) else { continue };
        let looked = Looked { event, text, lengths: LENGTHS, sorts: Sorts::ALL, urls: &|_| true };
        looked.at(what, event.value(at), &mut |keys: &Keys<'_>| {
            keys.each.iter().for_each(|(_, hash)| mark(*hash));
        });
    }
}

/// The marks of what an indicator looks for: one, or for a network of another length those of the networks
/// or addresses in it that are remembered. None for a network that has more than [`MOST`] of these.
#[must_use]
pub fn marks_of(term: &Term) -> Vec<u64> {
    let Some(network) = term.network() else {
        let key = Key::of(term);
        let parts = key.as_ref().and_then(|it| it.bytes().split_first());
        return parts.map(|(sort, bytes)| hash(*sort, bytes)).into_iter().collect();
    };
    let (sizes, first, octets, sort) = match network.network_address() {
        IpAddr::V4(v4) => (SIZES4, u128::from(u32::from(v4)) << 96, 4, NETWORK4),
        IpAddr::V6(v6) => (SIZES6, u128::from(v6), 16, NETWORK6),
    };
    let length = network.netmask();
    let size = sizes.iter().copied().find(|it| *it >= length).unwrap_or(128);
    let Some(many) = 1_u128.checked_shl((size - length).into()).filter(|it| *it <= MOST) else {
        return Vec::new();
    };
    let each = |nth: u128| {
        let bits = (first | nth << (128 - size)).to_be_bytes();
        let bytes = bits.get(..octets).unwrap_or_default();
        match usize::from(size) == 8 * octets {
            true => hash(key::sort(term.kind()), bytes),
            false => hash(sort, &[&[size], bytes].concat()),
        }
    };
    (0..many).map(each).collect()
}

/// The address or name outside that a value of an event is, if it is one that others could look for.
#[must_use]
pub fn outside(field: &str, value: &str) -> Option<Term> {
    let term = Term::new(Kind::Ipv4, value).or_else(|_| Term::new(Kind::Ipv6, value));
    let name = || {
        let is_host =
            observed::sought().what(Name::of(field)) == Some(What::Host) && value.contains('.');
        is_host.then(|| Term::new(Kind::Domain, value).ok()).flatten()
    };
    let term = term.ok().filter(|_| !value.contains('/')).or_else(name)?;
    breadth(&term).is_none().then_some(term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Format};

    #[test]
    fn what_is_remembered_is_found_by_what_is_learned_later() {
        let line = br#"{"event_type":"tls","src_ip":"192.0.2.7","dest_ip":"2001:db8:1:2::9",
            "tls":{"sni":"a.b.example.org"},"fileinfo":{"md5":"d41d8cd98f00b204e9800998ecf8427e"}}"#;
        let line = line.iter().copied().filter(|it| *it != b'\n').collect::<Vec<_>>();
        let mut decoder = Decoder::new(Format::Json);
        let event = decoder.read(&line).unwrap().unwrap();
        let (mut seen, mut text) = (std::collections::HashSet::new(), String::new());
        marks(&event, &mut text, &mut |mark| {
            seen.insert(mark);
        });
        let known = |kind, value: &str| {
            let marks = marks_of(&Term::new(kind, value).unwrap());
            (!marks.is_empty()).then(|| marks.iter().any(|mark| seen.contains(mark)))
        };
        let md5 = Kind::FileHash(stix::pattern::HashAlgorithm::Md5);
        for (kind, value) in [
            (Kind::Ipv4, "192.0.2.7"),
            (Kind::Ipv4, "192.0.2.0/24"),
            (Kind::Ipv4, "192.0.2.6/31"),
            (Kind::Ipv4, "192.0.2.0/25"),
            (Kind::Ipv4, "192.0.0.0/17"),
            (Kind::Ipv4, "192.0.0.0/16"),
            (Kind::Ipv6, "2001:db8:1:2::/64"),
            (Kind::Ipv6, "2001:db8:1:2::/63"),
            (Kind::Ipv6, "2001:db8::/33"),
            (Kind::Ipv6, "2001:db8:1:2::8/125"),
            (Kind::Domain, "b.example.org"),
            (Kind::Domain, "a.b.example.org"),
            (md5, "D41D8CD98F00B204E9800998ECF8427E"),
        ] {
            assert_eq!(known(kind, value), Some(true), "{value}");
        }
        assert_eq!(known(Kind::Domain, "c.example.org"), Some(false));
        for (kind, value) in [
            (Kind::Ipv4, "192.0.2.8/30"),
            (Kind::Ipv4, "192.0.128.0/17"),
            (Kind::Ipv6, "2001:db8:8000::/33"),
        ] {
            assert_eq!(known(kind, value), Some(false), "{value}");
        }
        assert_eq!(known(Kind::Ipv6, "2001:db8:1:2::/100"), None, "in too many addresses");
    }

    #[test]
    fn only_what_is_outside_is_for_others() {
        let is = |field, value| outside(field, value).map(|it| it.value().to_owned());
        assert_eq!(is("from", "203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(is("QueryName", "Bad.Example.org").as_deref(), Some("bad.example.org"));
        for (field, value) in [
            ("from", "10.1.2.3"),
            ("Image", "cmd.exe"),
            ("QueryName", "localhost"),
            ("from", "0.0.0.0/0"),
        ] {
            assert_eq!(is(field, value), None, "{value}");
        }
    }
}
