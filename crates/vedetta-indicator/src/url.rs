//! URLs in one spelling, and where they point.

use std::fmt;
use std::net::IpAddr;

use vedetta_model::domain::canonical;

use crate::{escape, network};

/// A URL with an authority, as browsers resolve it (WHATWG URL) and in one spelling (RFC 3986,
/// section 6.2.2): scheme and host in lower case, the host in punycode or as an address, no default
/// port, path without `.` and `..`, escapes in upper case and only where needed, no fragment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Url {
    text: Box<str>,
    scheme: Box<str>,
    user: Option<Box<str>>,
    host: Host,
    port: Option<u16>,
    /// Where the path begins in `text`.
    path: usize,
}

/// Where a URL points.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Host {
    /// A domain name, in one spelling.
    Domain(Box<str>),
    /// An address; never IPv4 mapped into IPv6.
    Address(IpAddr),
}

/// The longest URL that is read, in bytes.
pub const LONGEST: usize = 8_192;

impl Url {
    /// Reads an absolute URL with a host; nothing for anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        // Browsers drop these wherever they stand.
        let text: String = text.trim().chars().filter(|c| !"\t\r\n".contains(*c)).collect();
        if text.contains(char::is_control) {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let known = default_port(&scheme).is_some();
        let rest =
            if known { rest.trim_start_matches(['/', '\\']) } else { rest.strip_prefix("//")? };
        if !is_scheme(&scheme) {
            return None;
        }
        let ends: &[char] = if known { &['/', '?', '#', '\\'] } else { &['/', '?', '#'] };
        let (authority, rest) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        let (user, server) = match authority.rsplit_once('@') {
            Some((user, server)) => (Some(escape::query(user)), server),
            None => (None, authority),
        };
        let (host, port) = server_of(server)?;
        let port = port.filter(|port| Some(*port) != default_port(&scheme));
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (path, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
        let path = if known { path.replace('\\', "/") } else { path.to_owned() };
        Some(Self::put_together(&scheme, user, (host, port), (&path, query)))
    }

    fn put_together(
        scheme: &str,
        user: Option<String>,
        (host, port): (Host, Option<u16>),
        (path, query): (&str, Option<&str>),
    ) -> Self {
        let user = user.filter(|user| !user.is_empty()).map(String::into_boxed_str);
        let mut text = format!("{scheme}://");
        if let Some(user) = &user {
            text.extend([user, "@"]);
        }
        text.push_str(&host.to_string());
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        let begins = text.len();
        text.push_str(&escape::path(path));
        if let Some(query) = query {
            text.extend(["?", &escape::query(query)]);
        }
        let (text, scheme) = (text.into_boxed_str(), scheme.into());
        Self { text, scheme, user, host, port, path: begins }
    }

    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands before the `@`, if anything.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Where it points.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, unless it is the scheme's own.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Path and query; at least `/`.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path..]
    }

    /// Whether it names nothing but the host: path `/`, no query.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.path_and_query() == "/"
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::Address(IpAddr::V4(v4)) => v4.fmt(f),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn server_of(text: &str) -> Option<(Host, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let v6: std::net::Ipv6Addr = address.parse().ok()?;
        return Some((Host::Address(IpAddr::V6(v6).to_canonical()), port_of(rest)?));
    }
    let at = text.find(':').unwrap_or(text.len());
    let (name, port) = text.split_at(at);
    let host = match network::loose_v4(name) {
        Some(v4) => Host::Address(v4.into()),
        None => Host::Domain(canonical(&unescaped(name)?).ok()?.into()),
    };
    Some((host, port_of(port)?))
}

/// `:port`, or nothing. Outside: not a port.
fn port_of(text: &str) -> Option<Option<u16>> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Some(None),
        None => None,
        Some("") => Some(None),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        Some(_) => None,
    }
}

/// A host may hide behind escapes.
fn unescaped(name: &str) -> Option<String> {
    if !name.contains('%') {
        return Some(name.to_owned());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                after
            }
            (b'%', _) => return None,
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Option<String> {
        Url::new(text).map(|url| url.text.into())
    }

    #[test]
    fn one_spelling() {
        for (text, spelled) in [
            ("HTTP://Comune.Example", "http://comune.example/"),
            ("https://comune.example:443/a/./b/../c?d=%7e#e", "https://comune.example/a/c?d=~"),
            ("https://comune.example:8443/%2f%61", "https://comune.example:8443/%2Fa"),
            ("http://città.example/è", "http://xn--citt-3na.example/%C3%A8"),
            ("http:\\\\comune.example\\a", "http://comune.example/a"),
            ("http://a:b@comune.example/", "http://a:b@comune.example/"),
            ("http://comune.example@192.0.2.1:80/", "http://comune.example@192.0.2.1/"),
            ("http://3221225985/x", "http://192.0.2.1/x"),
            ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080/"),
            ("http://c%6Fmune.example/", "http://comune.example/"),
            (" ht\ntp://comune.example/a\tb ", "http://comune.example/ab"),
            ("http://comune.example/a b\"'?x='", "http://comune.example/a%20b%22'?x=%27"),
            ("ssh://comune.example:22", "ssh://comune.example:22/"),
            ("http://comune.example/..", "http://comune.example/"),
            ("http://comune.example/a/", "http://comune.example/a/"),
            ("http://comune.example/100%", "http://comune.example/100%"),
        ] {
            assert_eq!(url(text).as_deref(), Some(spelled), "{text}");
        }
        for bad in [
            "",
            "comune.example/a",
            "mailto:a@comune.example",
            "http://",
            "http:///",
            "http://a b.example/",
            "http://*.example/",
            "http://comune.example:99999/",
            "http://comune.example:x/",
            "http://[::1/",
            "1http://comune.example/",
            "http://comune.example/\0",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_spelling_is_final_and_harmless(text in "(https?:/{0,3})?[a-z%\\\\0-9.@:\\[\\]]{0,12}\\PC{0,20}") {
            if let Some(read) = Url::new(&text) {
                prop_assert!(read.as_str().bytes().all(|b| b.is_ascii_graphic()), "{}", read);
                prop_assert_eq!(Url::new(read.as_str()), Some(read));
            }
        }
    }
}
