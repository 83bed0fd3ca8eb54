//! Marks: what remains of a value that was seen, when only this is kept of it.

use vedetta_indicator::{Kind, Term, breadth};

use super::key::{Hashed, Key, hash};
use super::observed::{self, Looked, What};
use super::table::Lengths;
use crate::event::{Event, Name};

/// The networks by which addresses are remembered, besides themselves: /24 and /16, /64 and /48.
const LENGTHS: Lengths = Lengths { v4: 1 << 24 | 1 << 16, v6: 1 << 64 | 1 << 48 };

/// The marks of the values of an event that indicators look for: addresses and their networks, names
/// and the names above them, hashes, URLs, mailboxes.
pub fn marks(event: &Event<'_>, text: &mut String, mark: &mut dyn FnMut(u64)) {
    for (at, name) in event.names().iter().enumerate() {
        let Some(what) = observed::what(*name) else { continue };
        let looked = Looked { event, text, lengths: LENGTHS, urls: &|_| true };
        looked.at(what, event.value(at), &mut |key: &Hashed<'_>| mark(key.hash));
    }
}

/// The mark of what an indicator looks for. A network has one when it is of a length by which addresses
/// are remembered.
#[must_use]
pub fn mark(term: &Term) -> Option<u64> {
    let remembered = term.network().is_none_or(|network| match network.is_ipv4() {
        true => matches!(network.netmask(), 16 | 24 | 32),
        false => matches!(network.netmask(), 48 | 64 | 128),
    });
    let key = Key::of(term).filter(|_| remembered)?;
    let (sort, bytes) = key.bytes().split_first()?;
    Some(hash(*sort, bytes))
}

/// The address or name outside that a value of an event is, if it is one that others could look for.
#[must_use]
pub fn outside(field: &str, value: &str) -> Option<Term> {
    let term = Term::new(Kind::Ipv4, value).or_else(|_| Term::new(Kind::Ipv6, value));
    let name = || {
        let is_host = observed::what(Name::of(field)) == Some(What::Host) && value.contains('.');
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
            mark(&Term::new(kind, value).unwrap()).map(|mark| seen.contains(&mark))
        };
        let md5 = Kind::FileHash(stix::pattern::HashAlgorithm::Md5);
        for (kind, value) in [
            (Kind::Ipv4, "192.0.2.7"),
            (Kind::Ipv4, "192.0.2.0/24"),
            (Kind::Ipv6, "2001:db8:1:2::/64"),
            (Kind::Domain, "b.example.org"),
            (Kind::Domain, "a.b.example.org"),
            (md5, "D41D8CD98F00B204E9800998ECF8427E"),
        ] {
            assert_eq!(known(kind, value), Some(true), "{value}");
        }
        assert_eq!(known(Kind::Domain, "c.example.org"), Some(false));
        assert_eq!(known(Kind::Ipv4, "192.0.2.0/25"), None, "no such networks are remembered");
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
