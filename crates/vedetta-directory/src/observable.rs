//! What is looked up: something seen on the network, read from text.

use std::net::{IpAddr, Ipv4Addr};

use crate::cpe::{Cpe, CpeError};
use crate::domain::{DomainError, DomainName};
use crate::name::TradeName;
use crate::network::{Network, NetworkError};

/// The longest text that is read, in bytes.
pub const LONGEST: usize = 8_192;

/// Something that may concern an organisation, in one spelling.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Observable {
    /// An address; never IPv4 mapped into IPv6.
    Address(IpAddr),
    /// A network.
    Network(Network),
    /// A domain name.
    Domain(DomainName),
    /// A web address.
    Url(Url),
    /// A mail address.
    Email(Mailbox),
    /// A product.
    Cpe(Cpe),
    /// An autonomous system.
    Asn(u32),
    /// A supplier or a service, by name.
    Supplier(TradeName),
}

/// A URL and its host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Url {
    text: Box<str>,
    host: Host,
}

/// Where a URL points.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Host {
    /// A domain name.
    Domain(DomainName),
    /// An address.
    Address(IpAddr),
}

/// A mail address: what is before the `@` as written, the domain in one spelling.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mailbox {
    local: Box<str>,
    domain: DomainName,
}

/// Why a text is no observable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObservableError {
    /// Nothing is left without spaces.
    #[error("nothing to look up")]
    Empty,
    /// Longer than [`LONGEST`].
    #[error("longer than 8,192 bytes")]
    TooLong,
    /// It looks like a network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// It looks like a domain name.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// It looks like a product name.
    #[error(transparent)]
    Cpe(#[from] CpeError),
    /// It looks like a URL.
    #[error("a URL without a host that can be read; write it as https://www.comune.example/page")]
    Url,
    /// It looks like a mail address.
    #[error("not a mail address; write it as name@comune.example")]
    Email,
    /// It looks like an autonomous system.
    #[error("not an autonomous system; write AS and a number from 1 to 4294967295")]
    Asn,
}

impl Observable {
    /// Reads a text and guesses its kind, undoing the usual ways to defuse it (`hxxp://`, `[.]`).
    ///
    /// # Errors
    /// [`ObservableError`] of the kind that it looks like.
    pub fn read(text: &str) -> Result<Self, ObservableError> {
        if text.len() > LONGEST {
            return Err(ObservableError::TooLong);
        }
        let text = refang(text.trim());
        let text = text.trim_matches(['<', '>', '"', '\'']).trim();
        if text.is_empty() {
            return Err(ObservableError::Empty);
        }
        if starts_with(text, "cpe:") {
            return Ok(Self::Cpe(Cpe::new(text)?));
        }
        if let Some(number) = autonomous_system(text) {
            return number.map(Self::Asn);
        }
        if text.contains("://") {
            return Url::new(text).map(Self::Url);
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        Self::read_unmarked(text)
    }

    /// What has no mark of its kind at its beginning.
    fn read_unmarked(text: &str) -> Result<Self, ObservableError> {
        let (head, path) = text.split_once('/').map_or((text, None), |(h, p)| (h, Some(p)));
        if text.contains(char::is_whitespace) || !text.contains(['.', ':', '@']) {
            return TradeName::new(text).map(Self::Supplier).ok_or(ObservableError::Empty);
        }
        if path.is_some_and(is_number) && head.parse::<IpAddr>().is_ok() {
            return Ok(Self::Network(Network::new(text)?));
        }
        if head.contains('@') {
            return Mailbox::new(text.strip_prefix("mailto:").unwrap_or(text)).map(Self::Email);
        }
        if path.is_some() {
            return Url::new(&format!("http://{text}")).map(Self::Url);
        }
        match head.rsplit_once(':') {
            Some((host, port)) if is_number(port) => match host_of(host) {
                Some(Host::Address(address)) => Ok(Self::Address(address)),
                Some(Host::Domain(domain)) => Ok(Self::Domain(domain)),
                None => Err(DomainError::Shape.into()),
            },
            _ => Ok(Self::Domain(DomainName::new(text)?)),
        }
    }
}

impl Url {
    /// Reads an absolute URL and its host (the WHATWG rules for where the host is).
    ///
    /// # Errors
    /// [`ObservableError::Url`] when no host can be read.
    pub fn new(text: &str) -> Result<Self, ObservableError> {
        let (_, rest) = text.split_once("://").ok_or(ObservableError::Url)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let authority = &rest[..end];
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        let host = match server.rsplit_once(':') {
            Some((host, port)) if port.is_empty() || is_number(port) => host,
            _ => server,
        };
        let host = host_of(host).ok_or(ObservableError::Url)?;
        Ok(Self { text: text.into(), host })
    }

    /// The URL as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it points.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Whether it is another one or below it, at the same host by whichever scheme and port. What goes up
    /// again on its way is below nothing.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let (own, above) = (self.path(), other.path().trim_end_matches('/'));
        let below = own.strip_prefix(above);
        let goes_up = |part: &str| part.to_ascii_lowercase().replace("%2e", ".") == "..";
        self.host == other.host
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && !own.split(['/', '\\']).any(goes_up)
    }

    /// What is between the host and the query.
    fn path(&self) -> &str {
        let rest = self.text.split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        rest.find(['/', '\\']).and_then(|at| rest.get(at..)).unwrap_or_default()
    }
}

impl Mailbox {
    /// Reads `name@domain`.
    ///
    /// # Errors
    /// [`ObservableError::Email`] or what is wrong with the domain.
    pub fn new(text: &str) -> Result<Self, ObservableError> {
        let (local, domain) = text.rsplit_once('@').ok_or(ObservableError::Email)?;
        let fits = (1..=64).contains(&local.len())
            && !local.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
        if !fits {
            return Err(ObservableError::Email);
        }
        Ok(Self { local: local.into(), domain: DomainName::new(domain)? })
    }

    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    #[must_use]
    pub const fn domain(&self) -> &DomainName {
        &self.domain
    }
}

/// Undoes the usual ways to make a text harmless.
#[must_use]
pub fn refang(text: &str) -> String {
    const WAYS: [(&str, &str); 12] = [
        ("[://]", "://"),
        ("[:]", ":"),
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[@]", "@"),
        ("(@)", "@"),
        ("[at]", "@"),
        ("(at)", "@"),
        ("[/]", "/"),
    ];
    let mut plain = text.to_owned();
    for (defused, meant) in WAYS {
        if plain.contains(defused) {
            plain = plain.replace(defused, meant);
        }
    }
    match plain.get(..4) {
        Some(scheme)
            if scheme.eq_ignore_ascii_case("hxxp") || scheme.eq_ignore_ascii_case("h**p") =>
        {
            format!("http{}", &plain[4..])
        }
        _ => plain,
    }
}

fn host_of(text: &str) -> Option<Host> {
    if let Some(v6) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return v6
            .parse()
            .ok()
            .map(|v6: std::net::Ipv6Addr| Host::Address(IpAddr::V6(v6).to_canonical()));
    }
    match DomainName::new(text) {
        Ok(name) => Some(Host::Domain(name)),
        Err(_) => loose_v4(text).map(|v4| Host::Address(v4.into())),
    }
}

/// IPv4 as browsers read it: one to four parts, decimal, octal or hexadecimal.
fn loose_v4(text: &str) -> Option<Ipv4Addr> {
    let part = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => Some(0),
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None if is_number(text) => text.parse().ok(),
        None => None,
    };
    let parts: Vec<u32> = text.split('.').take(5).map(part).collect::<Option<_>>()?;
    let (last, heads) = parts.split_last()?;
    if heads.len() > 3 || heads.iter().any(|head| *head > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(heads.len()).ok()?;
    if room < 32 && *last >= 1 << room {
        return None;
    }
    let bits =
        heads.iter().zip([24, 16, 8]).fold(*last, |bits, (head, shift)| bits | head << shift);
    Some(Ipv4Addr::from_bits(bits))
}

fn autonomous_system(text: &str) -> Option<Result<u32, ObservableError>> {
    let number = text.get(2..).filter(|_| starts_with(text, "as"))?;
    let number = number.strip_prefix("N").unwrap_or(number).trim_start();
    let plausible = is_number(number);
    plausible.then(|| match number.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(ObservableError::Asn),
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests;
