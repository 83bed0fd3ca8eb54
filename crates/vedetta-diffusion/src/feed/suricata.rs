//! Rules for Suricata 6 and later: alerts, never drops. A domain is looked for in DNS queries and in
//! the names of TLS connections, a URL in plain HTTP (of an encrypted one only the host is seen,
//! which is not what was indicated), an address in any traffic.
//!
//! Every value stands in a `content` of letters, digits, dots, hyphens and underscores, all else
//! being written in hexadecimal: nothing ends it, and no option follows that is not ours.

use std::collections::HashSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use vedetta_indicator::{Kind, Term, Url};

use super::{Act, Needs, Row};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Alert,
    content_type: "text/plain; charset=utf-8",
    comment: Some("#"),
    kinds: |kind| matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Domain | Kind::Url),
    expresses,
};

/// The first identifier, and how many there are: above those of others, within 31 bits.
const FIRST_SID: u32 = 9_000_000;
const SIDS: u32 = i32::MAX as u32 - FIRST_SID;
/// The longest content that a rule has.
const LONGEST: usize = 255;

/// Where a rule looks.
#[derive(Clone, Copy)]
enum Place {
    Dns,
    Tls,
    Http,
    Ip,
}

fn expresses(term: &Term) -> bool {
    match term.url() {
        None => term.value().len() <= LONGEST,
        Some(url) => {
            url.scheme() == "http"
                && url.user().is_none()
                && url.path_and_query().len() <= LONGEST
                && host(&url).len() <= LONGEST
        }
    }
}

pub(super) fn write(rows: &[Row<'_>], body: &mut String) {
    let rules: Vec<(&Row<'_>, Place)> = rows
        .iter()
        .flat_map(|row| {
            let places: &[Place] = match row.term.kind() {
                Kind::Domain => &[Place::Dns, Place::Tls],
                Kind::Url => &[Place::Http],
                _ => &[Place::Ip],
            };
            places.iter().map(move |place| (row, *place))
        })
        .collect();
    let sids = sids(&rules);
    for ((row, place), sid) in rules.into_iter().zip(sids) {
        let (head, test) = place.rule(row.term);
        // Writing to a string does not fail.
        let _ = writeln!(
            body,
            "alert {head} (msg:\"Vedetta {}\"; {test}sid:{sid}; rev:1; \
             metadata:item {}, tlp {}, pap {};)",
            message(row),
            row.entry.id,
            row.entry.tlp.label(),
            row.entry.pap.label(),
        );
    }
}

impl Place {
    /// What stands before the options, and the options that look for a term.
    fn rule(self, term: &Term) -> (String, String) {
        let any = |protocol: &str| format!("{protocol} any any -> any any");
        let value = term.value();
        match self {
            Self::Ip => (format!("ip any any <> {value} any"), String::new()),
            Self::Dns => (any("dns"), format!("dns.query; {}nocase; ", whole(value))),
            Self::Tls => (any("tls"), format!("tls.sni; {}nocase; ", whole(value))),
            Self::Http => {
                let (host, path) = term.url().map_or((String::new(), String::new()), |url| {
                    (host(&url), url.path_and_query().to_owned())
                });
                let to_server = "flow:established,to_server; ";
                let (host, path) = (whole(&host), whole(&path));
                (any("http"), format!("{to_server}http.host; {host}http.uri.raw; {path}"))
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Ip => "ip",
        }
    }
}

/// As the engine sees it: without brackets and port.
fn host(url: &Url) -> String {
    url.host().to_string().trim_matches(['[', ']']).to_owned()
}

/// A content that is the whole of what is looked at.
fn whole(value: &str) -> String {
    let mut content = String::new();
    for byte in value.bytes() {
        match is_safe(byte) {
            true => content.push(char::from(byte)),
            // Writing to a string does not fail.
            false => drop(write!(content, "|{byte:02X}|")),
        }
    }
    format!("content:\"{content}\"; bsize:{}; ", value.len())
}

fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/')
}

/// Name and value in characters that mean nothing to the reader of rules.
fn message(row: &Row<'_>) -> String {
    let safe = |c: char| if c.is_alphanumeric() || " .-_/".contains(c) { c } else { '_' };
    let name = row.entry.name.chars().take(80).map(safe);
    let value = row.term.value().chars().take(120).map(safe);
    let between = if row.entry.name.is_empty() { "" } else { " " };
    name.chain(between.chars()).chain(value).collect()
}

/// An identifier for each rule: from what it looks for and where, so that it stays when others come
/// and go. Of two rules that would have the same, the one that looks for the lesser term has it,
/// and the other the next that is free.
fn sids(rules: &[(&Row<'_>, Place)]) -> Vec<u32> {
    let mut wished: Vec<(u32, usize)> =
        rules.iter().enumerate().map(|(at, (row, place))| (wish(row.term, *place), at)).collect();
    wished.sort_unstable();
    let mut taken = HashSet::with_capacity(rules.len());
    let mut sids = vec![0; rules.len()];
    for (mut slot, at) in wished {
        while !taken.insert(slot) {
            slot = (slot + 1) % SIDS;
        }
        if let Some(sid) = sids.get_mut(at) {
            *sid = FIRST_SID + slot;
        }
    }
    sids
}

fn wish(term: &Term, place: Place) -> u32 {
    let digest = Sha256::digest(format!("{} {term}", place.name()));
    let head = digest.iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    u32::try_from(head % u64::from(SIDS)).unwrap_or(0)
}
