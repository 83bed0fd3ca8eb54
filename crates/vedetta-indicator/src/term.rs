//! One value that an indicator looks for, in one spelling, so that equal means equal.

use std::fmt;

use ip_network::IpNetwork;
pub use stix::pattern::TermKind as Kind;
use stix::pattern::{HashAlgorithm, TlsFingerprint};
use vedetta_model::domain::canonical;

use crate::url::{self, Host, Url};
use crate::{kind, network};

/// A kind and a value of it in its one spelling: domains in lower-case punycode, addresses and
/// networks as RFC 5952 writes them with the bits after the prefix cleared, hashes in lower case,
/// URLs as [`Url`] has them. Ordered by kind, then value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    kind: Kind,
    value: Box<str>,
}

/// Why a value is no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// Nothing but spaces.
    #[error("an empty value")]
    Empty,
    /// Longer than [`url::LONGEST`].
    #[error("longer than 8,192 bytes")]
    TooLong,
    /// Not a value of this kind.
    #[error("{value:?} is not {}", expected(*.kind))]
    Shape {
        /// The kind.
        kind: Kind,
        /// The beginning of the value.
        value: String,
    },
}

impl Term {
    /// Reads a value of a kind.
    ///
    /// # Errors
    /// [`TermError`] when it is not one.
    pub fn new(kind: Kind, value: &str) -> Result<Self, TermError> {
        if value.len() > url::LONGEST {
            return Err(TermError::TooLong);
        }
        let value = value.trim();
        if value.is_empty() {
            return Err(TermError::Empty);
        }
        let spelled = spell(kind, value);
        let excerpt = || value.chars().take(80).collect();
        let value = spelled.ok_or_else(|| TermError::Shape { kind, value: excerpt() })?;
        Ok(Self { kind, value: value.into() })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The value in its one spelling.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The address or network that it is.
    #[must_use]
    pub fn network(&self) -> Option<IpNetwork> {
        matches!(self.kind, Kind::Ipv4 | Kind::Ipv6).then(|| network::read(&self.value)).flatten()
    }

    /// The URL that it is.
    #[must_use]
    pub fn url(&self) -> Option<Url> {
        (self.kind == Kind::Url).then(|| Url::new(&self.value)).flatten()
    }

    /// Where a URL points, or whose mailbox an address is: a domain name or an address.
    #[must_use]
    pub fn host(&self) -> Option<Self> {
        let of = |kind, value: &str| Self { kind, value: value.into() };
        match self.kind {
            Kind::EmailAddress => {
                self.value.rsplit_once('@').map(|(_, domain)| of(Kind::Domain, domain))
            }
            _ => self.url().map(|url| match url.host() {
                Host::Domain(name) => of(Kind::Domain, name),
                Host::Address(v4 @ std::net::IpAddr::V4(_)) => of(Kind::Ipv4, &v4.to_string()),
                Host::Address(v6) => of(Kind::Ipv6, &v6.to_string()),
            }),
        }
    }
}

/// As `domain comune.example`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", kind::name(self.kind), self.value)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", kind::name(self.kind), self.value)
    }
}

fn spell(kind: Kind, value: &str) -> Option<String> {
    match kind {
        Kind::Ipv4 => network::read(value).filter(IpNetwork::is_ipv4).map(network::written),
        Kind::Ipv6 => network::read(value).filter(IpNetwork::is_ipv6).map(network::written),
        Kind::Domain => canonical(value).ok(),
        Kind::Url => Url::new(value).map(|url| url.as_str().to_owned()),
        Kind::EmailAddress => mailbox(value),
        Kind::FileHash(algorithm) | Kind::CertificateHash(algorithm) => hash(algorithm, value),
        Kind::MacAddress => mac(value),
        Kind::AutonomousSystem => {
            let number = value.strip_prefix("AS").unwrap_or(value);
            let plain = number.bytes().all(|b| b.is_ascii_digit());
            number.parse::<u32>().ok().filter(|number| plain && *number > 0).map(|n| n.to_string())
        }
        Kind::CertificateSerial => serial(value),
        Kind::TlsFingerprint(of) => {
            let lower = value.to_ascii_lowercase();
            fingerprint(of, &lower).then_some(lower)
        }
        Kind::EmailSubject
        | Kind::FileName
        | Kind::Directory
        | Kind::UserAgent
        | Kind::RegistryKey
        | Kind::Mutex
        | Kind::CommandLine
        | Kind::AccountLogin
        | Kind::Cpe => Some(value.to_owned()),
    }
}

fn mailbox(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let refused = |c: char| c.is_whitespace() || c.is_control();
    let fits = (1..=64).contains(&local.len()) && !local.contains(refused);
    let domain = canonical(domain).ok()?;
    fits.then(|| format!("{}@{domain}", local.to_lowercase()))
}

fn hash(algorithm: HashAlgorithm, value: &str) -> Option<String> {
    let spelled = match algorithm {
        HashAlgorithm::Ssdeep => value.to_owned(),
        HashAlgorithm::Tlsh => {
            let upper = value.to_ascii_uppercase();
            format!("T1{}", upper.strip_prefix("T1").unwrap_or(&upper))
        }
        _ => value.to_ascii_lowercase(),
    };
    algorithm.admits(&spelled).then_some(spelled)
}

/// Hexadecimal digits, without the zeros before them that some tools write.
fn serial(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let bare = digits.trim_start_matches('0');
    let fits = digits.len() <= 128 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    (fits && !bare.is_empty()).then(|| bare.to_ascii_lowercase())
}

/// Whether a text in lower case has the form of a fingerprint: an MD5, or three parts whose last
/// is twelve hexadecimal digits.
fn fingerprint(of: TlsFingerprint, text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('_').collect();
    match (of, &parts[..]) {
        (TlsFingerprint::Ja3 | TlsFingerprint::Ja3s, [md5]) => md5.len() == 32 && hex(md5),
        (TlsFingerprint::Ja4, [head, ciphers, rest]) => {
            let plain = head.bytes().all(|b| b.is_ascii_alphanumeric());
            head.len() == 10 && plain && [ciphers, rest].iter().all(|it| it.len() == 12 && hex(it))
        }
        (TlsFingerprint::Ja4s, [head, cipher, rest]) => {
            let plain = head.bytes().all(|b| b.is_ascii_alphanumeric());
            head.len() == 7
                && plain
                && cipher.len() == 4
                && hex(cipher)
                && rest.len() == 12
                && hex(rest)
        }
        _ => false,
    }
}

fn mac(text: &str) -> Option<String> {
    let pairs: Vec<&str> = text.split([':', '-']).collect();
    let fits = pairs.len() == 6
        && pairs.iter().all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
    fits.then(|| pairs.join(":").to_ascii_lowercase())
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Ipv4 => "an IPv4 address or network; write it as 192.0.2.1 or 192.0.2.0/24",
        Kind::Ipv6 => "an IPv6 address or network; write it as 2001:db8::1 or 2001:db8::/32",
        Kind::Domain => "a domain name; write it as www.comune.example",
        Kind::Url => "a URL; write it as https://www.comune.example/page",
        Kind::EmailAddress => "a mail address; write it as name@comune.example",
        Kind::FileHash(_) | Kind::CertificateHash(_) => {
            "a hash of that algorithm; write all of its hexadecimal digits"
        }
        Kind::CertificateSerial => "a serial number; write its hexadecimal digits",
        Kind::TlsFingerprint(_) => {
            "a fingerprint of that kind; write all of it, e.g. t13d1516h2_8daaf6152771_02713d6af862"
        }
        Kind::MacAddress => "a MAC address; write it as 00:00:5e:00:53:01",
        Kind::AutonomousSystem => "an autonomous system; write its number, 1 to 4294967295",
        _ => "a value of its kind",
    }
}

#[cfg(test)]
mod tests;
