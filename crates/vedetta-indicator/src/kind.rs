//! What kinds of value there are, under the names that other tools give them.

use stix::pattern::HashAlgorithm::{
    Md5, Sha1, Sha3_256, Sha3_512, Sha224, Sha256, Sha384, Sha512, Ssdeep, Tlsh,
};
use stix::pattern::TermKind;
use stix::pattern::TlsFingerprint::{Ja3, Ja3s, Ja4, Ja4s};

/// Every kind and its name in our files. The names are kept: others store them.
pub const ALL: [(TermKind, &str); 41] = [
    (TermKind::Ipv4, "ipv4"),
    (TermKind::Ipv6, "ipv6"),
    (TermKind::Domain, "domain"),
    (TermKind::Url, "url"),
    (TermKind::EmailAddress, "email"),
    (TermKind::EmailSubject, "email-subject"),
    (TermKind::FileHash(Md5), "md5"),
    (TermKind::FileHash(Sha1), "sha1"),
    (TermKind::FileHash(Sha224), "sha224"),
    (TermKind::FileHash(Sha256), "sha256"),
    (TermKind::FileHash(Sha384), "sha384"),
    (TermKind::FileHash(Sha512), "sha512"),
    (TermKind::FileHash(Sha3_256), "sha3-256"),
    (TermKind::FileHash(Sha3_512), "sha3-512"),
    (TermKind::FileHash(Ssdeep), "ssdeep"),
    (TermKind::FileHash(Tlsh), "tlsh"),
    (TermKind::CertificateHash(Md5), "certificate-md5"),
    (TermKind::CertificateHash(Sha1), "certificate-sha1"),
    (TermKind::CertificateHash(Sha224), "certificate-sha224"),
    (TermKind::CertificateHash(Sha256), "certificate-sha256"),
    (TermKind::CertificateHash(Sha384), "certificate-sha384"),
    (TermKind::CertificateHash(Sha512), "certificate-sha512"),
    (TermKind::CertificateHash(Sha3_256), "certificate-sha3-256"),
    (TermKind::CertificateHash(Sha3_512), "certificate-sha3-512"),
    (TermKind::CertificateHash(Ssdeep), "certificate-ssdeep"),
    (TermKind::CertificateHash(Tlsh), "certificate-tlsh"),
    (TermKind::CertificateSerial, "certificate-serial"),
    (TermKind::FileName, "file-name"),
    (TermKind::Directory, "directory"),
    (TermKind::MacAddress, "mac"),
    (TermKind::UserAgent, "user-agent"),
    (TermKind::AutonomousSystem, "asn"),
    (TermKind::RegistryKey, "registry-key"),
    (TermKind::Mutex, "mutex"),
    (TermKind::CommandLine, "command-line"),
    (TermKind::AccountLogin, "account"),
    (TermKind::Cpe, "cpe"),
    (TermKind::TlsFingerprint(Ja3), "ja3"),
    (TermKind::TlsFingerprint(Ja3s), "ja3s"),
    (TermKind::TlsFingerprint(Ja4), "ja4"),
    (TermKind::TlsFingerprint(Ja4s), "ja4s"),
];

/// The name of a kind in our files.
#[must_use]
pub fn name(kind: TermKind) -> &'static str {
    ALL.iter().find(|(other, _)| *other == kind).map_or("other", |(_, name)| name)
}

/// The kind of a name.
#[must_use]
pub fn named(name: &str) -> Option<TermKind> {
    ALL.iter().find(|(_, other)| *other == name).map(|(kind, _)| *kind)
}

/// Some of the kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// Every kind.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether it is one of them.
    #[must_use]
    pub fn contain(self, kind: TermKind) -> bool {
        self.0 & Self::of(kind).0 != 0
    }

    /// These and others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// What a MISP attribute type may hold (MISP core format, "Attribute types"). None for types
    /// that no indicator of ours looks for.
    #[must_use]
    pub fn of_misp(attribute: &str) -> Self {
        let parts = attribute.split('|').map(|part| match part {
            "ALL" => Self::ALL,
            "ip" | "ip-src" | "ip-dst" => Self::of(TermKind::Ipv4).and(Self::of(TermKind::Ipv6)),
            "domain" | "hostname" => Self::of(TermKind::Domain),
            "url" | "uri" | "link" => Self::of(TermKind::Url),
            "email"
            | "email-src"
            | "email-dst"
            | "target-email"
            | "dns-soa-email"
            | "whois-registrant-email"
            | "email-reply-to" => Self::of(TermKind::EmailAddress),
            "email-subject" => Self::of(TermKind::EmailSubject),
            "filename" => Self::of(TermKind::FileName),
            "mac-address" => Self::of(TermKind::MacAddress),
            "user-agent" => Self::of(TermKind::UserAgent),
            "AS" => Self::of(TermKind::AutonomousSystem),
            "regkey" => Self::of(TermKind::RegistryKey),
            "mutex" => Self::of(TermKind::Mutex),
            "cpe" => Self::of(TermKind::Cpe),
            "ja3-fingerprint-md5" => Self::of(TermKind::TlsFingerprint(Ja3)),
            other => match other.strip_prefix("x509-fingerprint-") {
                Some(hash) => named(&format!("certificate-{hash}")).map_or(Self(0), Self::of),
                None => named(&other.replace('/', "-"))
                    .filter(|kind| matches!(kind, TermKind::FileHash(_)))
                    .map_or(Self(0), Self::of),
            },
        });
        parts.fold(Self(0), Self::and)
    }

    fn of(kind: TermKind) -> Self {
        let at = ALL.iter().position(|(other, _)| *other == kind);
        Self(at.map_or(0, |at| 1 << at))
    }
}

impl FromIterator<TermKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = TermKind>>(kinds: I) -> Self {
        kinds.into_iter().map(Self::of).fold(Self(0), Self::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_to_one() {
        for (kind, text) in ALL {
            assert_eq!((name(kind), named(text)), (text, Some(kind)));
            assert!(Kinds::ALL.contain(kind) && !Kinds::default().contain(kind));
        }
    }

    #[test]
    fn attribute_types_of_misp() {
        let both = Kinds::of_misp("domain|ip");
        assert!(both.contain(TermKind::Domain) && both.contain(TermKind::Ipv6));
        assert!(!both.contain(TermKind::Url));
        assert!(Kinds::of_misp("filename|sha512").contain(TermKind::FileHash(Sha512)));
        assert!(Kinds::of_misp("x509-fingerprint-sha1").contain(TermKind::CertificateHash(Sha1)));
        assert_eq!(Kinds::of_misp("phone-number"), Kinds::default());
        assert!(Kinds::of_misp("domain|port").contain(TermKind::Domain));
    }
}
