//! Which values of events are looked up, and as what.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use stix::pattern::HashAlgorithm;
use stix::pattern::TlsFingerprint::{self, Ja3, Ja3s, Ja4, Ja4s};
use vedetta_indicator::{Kind, Term, Url};

use super::key::{self, Keys, NETWORK4, NETWORK6, Sorts};
use super::table::{Lengths, host};
use crate::event::name::Plain;
use crate::event::{Event, Name, Value, fold};

/// What a value is looked up as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// An address or a domain name.
    Host,
    /// A URL, or the part of one after the host.
    Url,
    Mailbox,
    /// A hash of a file; the algorithm by its length.
    Hash,
    /// Hashes as `SHA1=…,MD5=…`, or each as `sha1:…`.
    Hashes,
    CertificateHash,
    Serial,
    /// A fingerprint of a TLS client or server, in one of its spellings.
    Hello(TlsFingerprint),
    Agent,
    FileName,
    /// The name of a file with its folders.
    Path,
    Subject,
}

const HOSTS: &[&str] = &[
    "src_ip",
    "dest_ip",
    "dst_ip",
    "SourceIp",
    "DestinationIp",
    "SourceAddress",
    "DestAddress",
    "IpAddress",
    "ClientAddress",
    "SourceHostname",
    "DestinationHostname",
    "QueryName",
    "query",
    "dns.rrname",
    "dns.queries.rrname",
    "dns.query.rrname",
    "dns.answers.rdata",
    "dns.rdata",
    "dns.answers.rrname",
    "dns.grouped.A",
    "dns.grouped.AAAA",
    "dns.grouped.CNAME",
    "http.hostname",
    "tls.sni",
    "quic.sni",
    "ssh.client.host",
    "answers",
    "answer",
    "id.orig_h",
    "id.resp_h",
    "host",
    "server_name",
    "cs-host",
    "c-ip",
    "s-ip",
    "r-dns",
    "source.ip",
    "source.address",
    "source.domain",
    "destination.ip",
    "destination.address",
    "destination.domain",
    "client.ip",
    "server.ip",
    "server.domain",
    "client.domain",
    "dns.question.name",
    "dns.answers.data",
    "dns.resolved_ip",
    "url.domain",
    "tls.client.server_name",
    "src_endpoint.ip",
    "dst_endpoint.ip",
    "src_endpoint.hostname",
    "dst_endpoint.hostname",
    "query.hostname",
    "answers.rdata",
    "http_request.url.hostname",
    "device.ip",
    "sourceIPAddress",
    "clientIP",
    "ClientIP",
    "ActorIpAddress",
    "ipAddress",
    "actor_ip",
    "src",
    "dst",
    "srcip",
    "dstip",
    "addr",
    "dhost",
    "shost",
    "RemoteAddress",
    "remote_ip",
    "rhost",
    "Source.IP4",
    "Source.IP6",
    "Target.IP4",
    "Target.IP6",
    "Source.Hostname",
    "Target.Hostname",
];

const OTHERS: &[(&str, What)] = &[
    ("http.url", What::Url),
    ("cs-uri", What::Url),
    ("c-uri", What::Url),
    ("uri", What::Url),
    ("url.original", What::Url),
    ("url.full", What::Url),
    ("http_request.url.url_string", What::Url),
    ("request", What::Url),
    ("Source.URL", What::Url),
    ("Target.URL", What::Url),
    ("Source.Email", What::Mailbox),
    ("Target.Email", What::Mailbox),
    ("Attach.Hash", What::Hashes),
    ("Attach.FileName", What::FileName),
    ("smtp.mail_from", What::Mailbox),
    ("smtp.rcpt_to", What::Mailbox),
    ("email.from", What::Mailbox),
    ("email.to", What::Mailbox),
    ("email.from.address", What::Mailbox),
    ("mailfrom", What::Mailbox),
    ("from", What::Mailbox),
    ("email.subject", What::Subject),
    ("subject", What::Subject),
    ("fileinfo.md5", What::Hash),
    ("fileinfo.sha1", What::Hash),
    ("fileinfo.sha256", What::Hash),
    ("md5", What::Hash),
    ("sha1", What::Hash),
    ("sha256", What::Hash),
    ("sha512", What::Hash),
    ("file.hash.md5", What::Hash),
    ("file.hash.sha1", What::Hash),
    ("file.hash.sha256", What::Hash),
    ("process.hash.md5", What::Hash),
    ("process.hash.sha1", What::Hash),
    ("process.hash.sha256", What::Hash),
    ("file.hashes.value", What::Hash),
    ("fileHash", What::Hash),
    ("Hash", What::Hash),
    ("Hashes", What::Hashes),
    ("tls.fingerprint", What::CertificateHash),
    ("cert_chain_fps", What::CertificateHash),
    ("tls.server.hash.sha1", What::CertificateHash),
    ("tls.server.hash.sha256", What::CertificateHash),
    ("tls.client.hash.sha1", What::CertificateHash),
    ("tls.client.hash.sha256", What::CertificateHash),
    ("tls.certificate.fingerprints.value", What::CertificateHash),
    ("tls.serial", What::Serial),
    ("certificate.serial", What::Serial),
    ("tls.server.x509.serial_number", What::Serial),
    ("x509.serial_number", What::Serial),
    ("tls.certificate.serial_number", What::Serial),
    ("tls.ja3.hash", What::Hello(Ja3)),
    ("quic.ja3.hash", What::Hello(Ja3)),
    ("ja3", What::Hello(Ja3)),
    ("tls.client.ja3", What::Hello(Ja3)),
    ("tls.ja3_hash.value", What::Hello(Ja3)),
    ("tls.ja3s.hash", What::Hello(Ja3s)),
    ("quic.ja3s.hash", What::Hello(Ja3s)),
    ("ja3s", What::Hello(Ja3s)),
    ("tls.server.ja3s", What::Hello(Ja3s)),
    ("tls.ja3s_hash.value", What::Hello(Ja3s)),
    ("tls.ja4", What::Hello(Ja4)),
    ("quic.ja4", What::Hello(Ja4)),
    ("ja4", What::Hello(Ja4)),
    ("tls.client.ja4", What::Hello(Ja4)),
    ("tls.ja4_fingerprint_list.value", What::Hello(Ja4)),
    ("tls.ja4s", What::Hello(Ja4s)),
    ("ja4s", What::Hello(Ja4s)),
    ("tls.server.ja4s", What::Hello(Ja4s)),
    ("http.user_agent", What::Agent),
    ("userAgent", What::Agent),
    ("http.http_user_agent", What::Agent),
    ("user_agent", What::Agent),
    ("user_agent.original", What::Agent),
    ("c-useragent", What::Agent),
    ("cs-user-agent", What::Agent),
    ("http_request.user_agent", What::Agent),
    ("fileinfo.filename", What::FileName),
    ("file.name", What::FileName),
    ("fname", What::FileName),
    ("Image", What::Path),
    ("TargetFilename", What::Path),
    ("file.path", What::Path),
    ("process.executable", What::Path),
];

/// Which names are looked up, and as what.
pub(super) struct Sought {
    /// A bit of so many for each: most names are none of them, and told by it.
    bits: [u64; 64],
    names: HashMap<Name, What, BuildHasherDefault<Plain>>,
}

/// How what is to be looked up is told.
pub(super) type Ask<'a> = dyn FnMut(&Keys<'_>) + 'a;

impl What {
    /// The sorts that values of this are looked up as; networks aside.
    const fn sorts(self) -> Sorts {
        match self {
            Self::Host => {
                Sorts::of(Kind::Ipv4).and(Sorts::of(Kind::Ipv6)).and(Sorts::of(Kind::Domain))
            }
            Self::Url => Sorts::of(Kind::Url),
            Self::Mailbox => Sorts::of(Kind::EmailAddress).and(Sorts::of(Kind::Domain)),
            Self::Hash | Self::Hashes => Sorts::FILES,
            Self::CertificateHash => Sorts::CERTIFICATES,
            Self::Serial => Sorts::of(Kind::CertificateSerial),
            Self::Hello(of) => Sorts::of(Kind::TlsFingerprint(of)),
            Self::Agent => Sorts::of(Kind::UserAgent),
            Self::FileName | Self::Path => Sorts::of(Kind::FileName),
            Self::Subject => Sorts::of(Kind::EmailSubject),
        }
    }
}

/// Where the host of a URL stands when the URL has none.
const URL_HOSTS: [Name; 6] = [
    Name::of("http.hostname"),
    Name::of("cs-host"),
    Name::of("host"),
    Name::of("url.domain"),
    Name::of("r-dns"),
    Name::of("dhost"),
];

/// Where the port stands when it is not the usual one.
const URL_PORTS: [Name; 2] = [Name::of("http.http_port"), Name::of("id.resp_p")];

/// Which names are looked up, and as what.
pub(super) fn sought() -> &'static Sought {
    static SOUGHT: LazyLock<Sought> = LazyLock::new(|| {
        let hosts = HOSTS.iter().map(|name| (Name::of(name), What::Host));
        let names = hosts.chain(OTHERS.iter().map(|(name, what)| (Name::of(name), *what)));
        let names: HashMap<_, _, _> = names.collect();
        let mut bits = [0; 64];
        for name in names.keys() {
            let (word, bit) = bit(*name);
            bits[word] |= bit;
        }
        Sought { bits, names }
    });
    &SOUGHT
}

const fn bit(name: Name) -> (usize, u64) {
    ((name.0 >> 6) as usize & 63, 1 << (name.0 & 63))
}

impl Sought {
    /// What the values of a name are looked up as.
    #[inline]
    pub(super) fn what(&self, name: Name) -> Option<What> {
        let (word, bit) = bit(name);
        if self.bits[word] & bit == 0 { None } else { self.names.get(&name).copied() }
    }
}

/// A value being looked up.
pub(super) struct Looked<'l> {
    pub(super) event: &'l Event<'l>,
    pub(super) text: &'l mut String,
    pub(super) lengths: Lengths,
    /// The sorts that are looked for at all.
    pub(super) sorts: Sorts,
    /// Whether there may be a URL with a host of this hash.
    pub(super) urls: &'l dyn Fn(u64) -> bool,
}

impl Looked<'_> {
    pub(super) fn at(self, what: What, value: Value<'_>, ask: &mut Ask<'_>) {
        let networks = what == What::Host && self.lengths.any();
        if !(networks || self.sorts.meets(what.sorts())) {
            return;
        }
        self.text.clear();
        match what {
            What::Host => self.host(value, ask),
            What::Url => self.url(value, ask),
            What::Serial => self.digits(Kind::CertificateSerial, value, ask),
            What::Hello(of) => self.digits(Kind::TlsFingerprint(of), value, ask),
            What::Agent => exact(Kind::UserAgent, value, ask),
            What::Subject => exact(Kind::EmailSubject, value, ask),
            What::FileName => exact(Kind::FileName, value, ask),
            What::Path => {
                let Some(text) = value.text() else { return };
                let name = text.rsplit(['\\', '/']).next().unwrap_or_default();
                one(key::sort(Kind::FileName), name.as_bytes(), ask);
            }
            What::Hash | What::CertificateHash => {
                if let Some(text) = value.text() {
                    self.digest(&text, what, ask);
                }
            }
            What::Hashes => {
                for pair in value.text().unwrap_or_default().split(',') {
                    let digits = pair.split_once(['=', ':']).map_or(pair, |(_, it)| it);
                    self.digest(digits, What::Hash, ask);
                }
            }
            What::Mailbox => self.mailbox(value, ask),
        }
    }

    fn host(self, value: Value<'_>, ask: &mut Ask<'_>) {
        let text = match value {
            Value::Text(text) => text,
            // Hardly ever, and written so by those who would rather not be found.
            Value::Escaped(_) => &*value.text().unwrap_or_default(),
            _ => return,
        };
        match text.as_bytes() {
            [b'0'..=b'9', ..] | [b'[', ..] => match address(text) {
                Some(seen) => addresses(seen, self.lengths, ask),
                None => domain(text.split(':').next().unwrap_or(text), self.text, ask),
            },
            bytes if bytes.contains(&b':') => match address(text) {
                Some(seen) => addresses(seen, self.lengths, ask),
                None => domain(text.split(':').next().unwrap_or(text), self.text, ask),
            },
            _ if self.sorts.has(Kind::Domain) => domain(text, self.text, ask),
            _ => {}
        }
    }

    fn url(self, value: Value<'_>, ask: &mut Ask<'_>) {
        let Some(text) = value.text() else { return };
        // A path may have another URL in it.
        let parts = if text.starts_with('/') { None } else { text.split_once("://") };
        let is_scheme =
            |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
        let whole = if let Some((_, after)) = parts.filter(|(scheme, _)| is_scheme(scheme)) {
            let server = after.split(['/', '?', '#']).next().unwrap_or_default();
            let server = server.rsplit_once('@').map_or(server, |(_, it)| it);
            let name = server.rsplit_once(':').map_or(server, |(it, _)| it);
            fold::fold_into(name, self.text);
            if !(self.urls)(host(self.text)) {
                return;
            }
            text.into_owned()
        } else {
            let Some(server) = URL_HOSTS.iter().find_map(|it| self.event.text(*it)) else { return };
            fold::fold_into(server.split(':').next().unwrap_or_default(), self.text);
            if !(self.urls)(host(self.text)) {
                return;
            }
            let slash = if text.starts_with('/') { "" } else { "/" };
            let port = URL_PORTS.iter().find_map(|it| self.event.get(*it)?.integer());
            if let Some(port) = port.filter(|it| ![80, 443].contains(it) && !server.contains(':')) {
                one_url(&format!("http://{server}:{port}{slash}{text}"), ask);
            }
            format!("http://{server}{slash}{text}")
        };
        one_url(&whole, ask);
    }

    /// Serial numbers and fingerprints, as [`Term`] spells them.
    fn digits(self, kind: Kind, value: Value<'_>, ask: &mut Ask<'_>) {
        let text = match value {
            Value::Text(text) => text,
            Value::Escaped(_) => &*value.text().unwrap_or_default(),
            _ => return,
        };
        if text.len() <= 256 {
            self.text.extend(text.chars().filter(|it| !matches!(it, ':' | ' ')));
            self.text.make_ascii_lowercase();
            let zeros = if kind == Kind::CertificateSerial { "0" } else { "" };
            let bare = self.text.trim_start_matches(|it| zeros.contains(it));
            one(key::sort(kind), bare.as_bytes(), ask);
        }
    }

    fn digest(&self, text: &str, what: What, ask: &mut Ask<'_>) {
        let mut bytes = [0; 64];
        let Some(count) = digits(text.trim(), &mut bytes) else { return };
        let algorithms: &[HashAlgorithm] = match count {
            32 => &[HashAlgorithm::Md5],
            40 => &[HashAlgorithm::Sha1],
            64 => &[HashAlgorithm::Sha256, HashAlgorithm::Sha3_256],
            96 => &[HashAlgorithm::Sha384],
            128 => &[HashAlgorithm::Sha512, HashAlgorithm::Sha3_512],
            _ => return,
        };
        for algorithm in algorithms {
            let kind = match what {
                What::CertificateHash => Kind::CertificateHash(*algorithm),
                _ => Kind::FileHash(*algorithm),
            };
            if self.sorts.has(kind) {
                one(key::sort(kind), bytes.get(..count / 2).unwrap_or_default(), ask);
            }
        }
    }

    fn mailbox(self, value: Value<'_>, ask: &mut Ask<'_>) {
        let Some(text) = value.text() else { return };
        let bare = text.rsplit_once('<').map_or(&*text, |(_, it)| it).trim_end_matches('>');
        if let Ok(term) = Term::new(Kind::EmailAddress, bare) {
            one(key::sort(Kind::EmailAddress), term.value().as_bytes(), ask);
            let server = term.value().rsplit_once('@').map_or("", |(_, it)| it);
            domain(server, self.text, ask);
        }
    }
}

fn one_url(whole: &str, ask: &mut Ask<'_>) {
    let Some(url) = Url::new(whole) else { return };
    let sort = key::sort(Kind::Url);
    one(sort, url.as_str().as_bytes(), ask);
    // A sensor that saw the request may not know whether it was encrypted.
    let other = match url.as_str().split_once("://") {
        Some(("http", rest)) => format!("https://{rest}"),
        Some(("https", rest)) => format!("http://{rest}"),
        _ => return,
    };
    one(sort, other.as_bytes(), ask);
}

fn exact(kind: Kind, value: Value<'_>, ask: &mut Ask<'_>) {
    if let Some(text) = value.text() {
        one(key::sort(kind), text.as_bytes(), ask);
    }
}

/// Asks for one value.
fn one(sort: u8, bytes: &[u8], ask: &mut Ask<'_>) {
    ask(&Keys { sort, bytes, each: &[(0, key::hash(sort, bytes))] });
}

/// The bytes of up to 128 hexadecimal digits, colons between them or not; and how many digits those are.
fn digits(text: &str, bytes: &mut [u8; 64]) -> Option<usize> {
    let mut count = 0;
    for byte in text.bytes().filter(|it| *it != b':') {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        let into = bytes.get_mut(count / 2)?;
        *into = *into << 4 | digit;
        count += 1;
    }
    Some(count)
}

/// An address as logs write it, with brackets or a port or neither.
fn address(text: &str) -> Option<IpAddr> {
    if let Some(v4) = dotted(text) {
        return Some(v4);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Some(inside) = text.strip_prefix('[') {
        return inside.split(']').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    dotted(text.split_once(':')?.0)
}

/// An IPv4 address with four plain numbers.
fn dotted(text: &str) -> Option<IpAddr> {
    let (mut octets, mut at, mut number, mut digits) = ([0u8; 4], 0, 0u16, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                number = number * 10 + u16::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && at < 3 => {
                octets[at] = u8::try_from(number).ok()?;
                (at, number, digits) = (at + 1, 0, 0);
            }
            _ => return None,
        }
    }
    if at != 3 || digits == 0 {
        return None;
    }
    octets[3] = u8::try_from(number).ok()?;
    Some(IpAddr::from(octets))
}

fn addresses(seen: IpAddr, lengths: Lengths, ask: &mut Ask<'_>) {
    match seen {
        IpAddr::V4(v4) => {
            one(key::sort(Kind::Ipv4), &v4.octets(), ask);
            let (bits, mut left) = (u32::from(v4), lengths.v4);
            while left != 0 {
                let length = left.trailing_zeros();
                left &= left - 1;
                let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
                let [a, b, c, d] = (bits & mask).to_be_bytes();
                one(NETWORK4, &[length as u8, a, b, c, d], ask);
            }
        }
        IpAddr::V6(v6) => {
            one(key::sort(Kind::Ipv6), &v6.octets(), ask);
            let (bits, mut left) = (u128::from(v6), lengths.v6);
            while left != 0 {
                let length = left.trailing_zeros();
                left &= left - 1;
                let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                let mut bytes = [length as u8; 17];
                bytes[1..].copy_from_slice(&(bits & mask).to_be_bytes());
                one(NETWORK6, &bytes, ask);
            }
        }
    }
}

/// A name and all names above it, but not the top-level ones.
fn domain(text: &str, buffer: &mut String, ask: &mut Ask<'_>) {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() || text.len() > 253 {
        return;
    }
    buffer.clear();
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        let Ok(term) = Term::new(Kind::Domain, text) else { return };
        buffer.push_str(term.value());
    }
    let bytes = buffer.as_bytes();
    let sort = key::sort(Kind::Domain);
    let (mut state, mut dots) = (key::begin(sort), 0);
    let (mut each, mut many) = ([(0, 0); 16], 0);
    for (at, byte) in bytes.iter().enumerate().rev() {
        if *byte == b'.' {
            dots += 1;
            if dots > 1 {
                each[many] = (at + 1, key::end(state));
                many += 1;
                if many == each.len() {
                    ask(&Keys { sort, bytes, each: &each });
                    many = 0;
                }
            }
        }
        state = key::step(state, *byte);
    }
    each[many] = (0, key::end(state));
    ask(&Keys { sort, bytes, each: each.get(..=many).unwrap_or_default() });
}
