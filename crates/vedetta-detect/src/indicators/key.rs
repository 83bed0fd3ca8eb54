//! Values as bytes, and their hashes. Hashes run from the last byte to the first, so that those of
//! a domain's parents come by on the way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vedetta_indicator::{Kind, Term, kind};

/// A value in few bytes: its sort, then what tells it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    bytes: Vec<u8>,
}

/// What is looked for: sort, bytes, and the hash of both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed<'k> {
    pub(super) sort: u8,
    pub(super) bytes: &'k [u8],
    pub(super) hash: u64,
}

/// Several that are looked for at once: each from some byte on to the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'k> {
    pub(super) sort: u8,
    pub(super) bytes: &'k [u8],
    /// Where each begins, and its hash.
    pub(super) each: &'k [(usize, u64)],
}

/// Some of the sorts, a bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sorts(u64);

/// A key as it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'t>(pub(super) &'t [u8]);

/// Networks are kept apart from addresses; other sorts are the places in [`kind::ALL`].
pub(super) const NETWORK4: u8 = 200;
pub(super) const NETWORK6: u8 = 201;

const PRIME: u64 = 0x0000_0100_0000_01b3;
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// The sort of a kind: its place in [`kind::ALL`].
pub(super) const fn sort(of: Kind) -> u8 {
    match of {
        Kind::Ipv4 => 0,
        Kind::Ipv6 => 1,
        Kind::Domain => 2,
        Kind::Url => 3,
        Kind::EmailAddress => 4,
        Kind::EmailSubject => 5,
        Kind::FileHash(algorithm) => 6 + algorithm as u8,
        Kind::CertificateHash(algorithm) => 16 + algorithm as u8,
        Kind::CertificateSerial => 26,
        Kind::FileName => 27,
        Kind::Directory => 28,
        Kind::MacAddress => 29,
        Kind::UserAgent => 30,
        Kind::AutonomousSystem => 31,
        Kind::RegistryKey => 32,
        Kind::Mutex => 33,
        Kind::CommandLine => 34,
        Kind::AccountLogin => 35,
        Kind::Cpe => 36,
        Kind::TlsFingerprint(of) => 37 + of as u8,
    }
}

impl Sorts {
    pub(super) const ALL: Self = Self(u64::MAX);
    /// Hashes of files, by any algorithm.
    pub(super) const FILES: Self = Self(0x3ff << 6);
    /// Hashes of certificates, by any algorithm.
    pub(super) const CERTIFICATES: Self = Self(0x3ff << 16);

    pub(super) const fn of(kind: Kind) -> Self {
        Self(1 << (sort(kind) & 63))
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, kind: Kind) -> bool {
        self.meets(Self::of(kind))
    }

    /// Whether some of others are among them.
    pub(super) const fn meets(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Of a sort as it is kept; networks are told by their lengths.
    pub(super) const fn kept(sort: u8) -> Self {
        if sort < 64 { Self(1 << sort) } else { Self(0) }
    }
}

/// The state of a hash before any byte.
pub(super) const fn begin(sort: u8) -> u64 {
    (BASIS ^ sort as u64).wrapping_mul(PRIME)
}

/// The state after one more byte.
#[inline]
pub(super) const fn step(state: u64, byte: u8) -> u64 {
    (state ^ byte as u64).wrapping_mul(PRIME)
}

/// The hash that a state gives.
#[inline]
pub(super) const fn end(state: u64) -> u64 {
    let mixed = (state ^ (state >> 32)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 32)
}

/// The hash of bytes, from the last to the first.
pub(super) fn hash(sort: u8, bytes: &[u8]) -> u64 {
    end(bytes.iter().rev().fold(begin(sort), |state, byte| step(state, *byte)))
}

impl Key {
    /// The key of a term; nothing for one that has none.
    pub(super) fn of(term: &Term) -> Option<Self> {
        let mut bytes = Vec::with_capacity(term.value().len() + 1);
        match term.kind() {
            Kind::Ipv4 | Kind::Ipv6 => {
                let network = term.network()?;
                let widest = if network.is_ipv4() { 32 } else { 128 };
                match (network.network_address(), network.netmask() == widest) {
                    (_, true) => bytes.push(sort(term.kind())),
                    (IpAddr::V4(_), false) => bytes.extend([NETWORK4, network.netmask()]),
                    (IpAddr::V6(_), false) => bytes.extend([NETWORK6, network.netmask()]),
                }
                match network.network_address() {
                    IpAddr::V4(v4) => bytes.extend(v4.octets()),
                    IpAddr::V6(v6) => bytes.extend(v6.octets()),
                }
            }
            kind @ (Kind::FileHash(_) | Kind::CertificateHash(_)) => {
                bytes.push(sort(kind));
                match hex(term.value()) {
                    Some(digest) => bytes.extend(digest),
                    None => bytes.extend(term.value().bytes()),
                }
            }
            kind => {
                bytes.push(sort(kind));
                bytes.extend(term.value().bytes());
            }
        }
        Some(Self { bytes })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Kept<'_> {
    fn parts(&self) -> (u8, &[u8]) {
        self.0.split_first().map_or((u8::MAX, &[][..]), |(sort, bytes)| (*sort, bytes))
    }

    pub(super) fn kind(&self) -> Kind {
        match self.parts().0 {
            NETWORK4 => Kind::Ipv4,
            NETWORK6 => Kind::Ipv6,
            sort => kind::ALL.get(usize::from(sort)).map_or(Kind::FileName, |(kind, _)| *kind),
        }
    }

    /// As people write it.
    pub(super) fn written(&self) -> String {
        let (sort, bytes) = self.parts();
        let (length, address) = match (sort, bytes) {
            (NETWORK4 | NETWORK6, [length, rest @ ..]) => (format!("/{length}"), rest),
            _ => (String::new(), bytes),
        };
        match self.kind() {
            Kind::Ipv4 | Kind::Ipv6 => {
                let v4 = <[u8; 4]>::try_from(address).map(|it| Ipv4Addr::from(it).to_string());
                let v6 = <[u8; 16]>::try_from(address).map(|it| Ipv6Addr::from(it).to_string());
                v4.or(v6).unwrap_or_default() + &length
            }
            Kind::FileHash(algorithm) | Kind::CertificateHash(algorithm)
                if !algorithm.admits(&String::from_utf8_lossy(bytes)) =>
            {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            _ => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

/// The bytes of hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |it: u8| (it as char).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_sort_by_which_it_is_kept() {
        for (at, (kind, name)) in kind::ALL.iter().enumerate() {
            assert_eq!(usize::from(sort(*kind)), at, "{name}");
            assert!(Sorts::kept(sort(*kind)).has(*kind) && Sorts::ALL.has(*kind));
            assert_eq!(Sorts::FILES.has(*kind), matches!(kind, Kind::FileHash(_)), "{name}");
            let of_certificates = Sorts::CERTIFICATES.has(*kind);
            assert_eq!(of_certificates, matches!(kind, Kind::CertificateHash(_)), "{name}");
        }
    }
}
