//! Plain lists: one value a line, for firewalls and proxies. They block, so they are treated so.

use vedetta_indicator::Kind;

use super::{Act, Needs, Row, text};

/// Which values a plain list has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Family {
    /// All of the following.
    All,
    /// Addresses and networks.
    Addresses,
    /// Domain names.
    Domains,
    /// URLs.
    Urls,
    /// Hashes of files.
    Hashes,
    /// Mail addresses.
    Mailboxes,
}

impl Family {
    pub(super) const fn file_name(self) -> &'static str {
        match self {
            Self::All => "indicators.txt",
            Self::Addresses => "addresses.txt",
            Self::Domains => "domains.txt",
            Self::Urls => "urls.txt",
            Self::Hashes => "hashes.txt",
            Self::Mailboxes => "mailboxes.txt",
        }
    }

    pub(super) const fn needs(self) -> &'static Needs {
        match self {
            Self::All => &ALL,
            Self::Addresses => &ADDRESSES,
            Self::Domains => &DOMAINS,
            Self::Urls => &URLS,
            Self::Hashes => &HASHES,
            Self::Mailboxes => &MAILBOXES,
        }
    }
}

const ALL: Needs = of(|kind| {
    let families = [Family::Addresses, Family::Domains, Family::Urls, Family::Hashes];
    families.into_iter().chain([Family::Mailboxes]).any(|family| (family.needs().kinds)(kind))
});
const ADDRESSES: Needs = of(|kind| matches!(kind, Kind::Ipv4 | Kind::Ipv6));
const DOMAINS: Needs = of(|kind| kind == Kind::Domain);
const URLS: Needs = of(|kind| kind == Kind::Url);
const HASHES: Needs = of(|kind| matches!(kind, Kind::FileHash(_)));
const MAILBOXES: Needs = of(|kind| kind == Kind::EmailAddress);

const fn of(kinds: fn(Kind) -> bool) -> Needs {
    Needs {
        act: Act::Block,
        content_type: "text/plain; charset=utf-8",
        comment: Some("#"),
        kinds,
        expresses: |term| text::is_one_line(term.value()),
    }
}

pub(super) fn write(rows: &[Row<'_>], body: &mut String) {
    rows.iter().for_each(|row| body.extend([row.term.value(), "\n"]));
}
