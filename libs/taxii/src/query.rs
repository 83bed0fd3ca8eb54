//! The URL parameters of a request: filters (§3.4) and pagination (§3.5).
//!
//! Values of one filter are alternatives, written with commas; different filters must all hold.
//! A filter given twice, a filter that the endpoint does not take and an unknown `match[…]` are
//! refused, since ignoring them would answer more than was asked; other unknown parameters are
//! ignored.

use std::fmt;

use crate::endpoint::{Endpoint, Filter};
use crate::timestamp::Timestamp;

/// The longest query string, in octets.
pub const LONGEST: usize = 16_384;
/// The most parameters in a query.
pub const MOST_PARAMETERS: usize = 64;
/// The most alternatives in one filter.
pub const MOST_VALUES: usize = 256;
/// The longest value of a filter on a property.
pub const LONGEST_VALUE: usize = 300;

/// What a request asks for. Empty lists and `None` are filters not given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    /// Added later than this moment.
    pub added_after: Option<Timestamp>,
    /// At most so many; 1 or more.
    pub limit: Option<u32>,
    /// Where a page ended, as the server wrote it.
    pub next: Option<String>,
    /// One of these objects.
    pub ids: Vec<String>,
    /// Of one of these types.
    pub types: Vec<String>,
    /// One of these versions; the last one when empty.
    pub versions: Vec<VersionMatch>,
    /// Of one of these versions of STIX; the latest when empty.
    pub spec_versions: Vec<String>,
}

/// A version asked for: §3.4.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VersionMatch {
    /// The latest.
    Last,
    /// The earliest.
    First,
    /// Every version.
    All,
    /// This one.
    At(Timestamp),
}

/// Why a query is refused (HTTP 400).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Too long, or too many parameters.
    #[error("the query is too long: at most {LONGEST} octets and {MOST_PARAMETERS} parameters")]
    TooLong,
    /// A broken escape, or not UTF-8.
    #[error("{0:?} is not written as a URL parameter: escape octets as %41, in UTF-8")]
    Escape(String),
    /// The same filter twice.
    #[error("{0} is given twice: give it once, with its values separated by commas")]
    Twice(&'static str),
    /// A filter that nobody knows.
    #[error(
        "{0:?} is not a filter: use match[id], match[type], match[version] or match[spec_version]"
    )]
    Unknown(String),
    /// A filter that this endpoint does not take.
    #[error("{0} is no filter of this endpoint: leave it out")]
    NotHere(&'static str),
    /// A value that is not one.
    #[error("{parameter}: {value:?} is not {wanted}")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// More alternatives than are looked at.
    #[error("{0} has more than {MOST_VALUES} values: ask in several requests")]
    TooMany(&'static str),
}

impl Query {
    /// Reads the query string of a request to an endpoint; without its question mark.
    ///
    /// # Errors
    /// [`QueryError`], naming the parameter.
    pub fn parse(endpoint: &Endpoint, text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST || text.matches('&').count() >= MOST_PARAMETERS {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        let mut seen = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = unescape(name)?;
            let Some(filter) = Filter::of_parameter(&name) else {
                if name.starts_with("match") {
                    return Err(QueryError::Unknown(excerpt(&name)));
                }
                continue;
            };
            if !endpoint.filters.contains(&filter) {
                return Err(QueryError::NotHere(filter.parameter()));
            }
            if seen.contains(&filter) {
                return Err(QueryError::Twice(filter.parameter()));
            }
            seen.push(filter);
            query.set(filter, &unescape(value)?)?;
        }
        Ok(query)
    }

    fn set(&mut self, filter: Filter, value: &str) -> Result<(), QueryError> {
        match filter {
            Filter::AddedAfter => {
                let wanted = "a timestamp in UTC like 2026-01-31T08:00:00.000000Z";
                let moment = value.parse().map_err(|_| wrong(filter, value, wanted))?;
                self.added_after = Some(moment);
            }
            Filter::Limit => self.limit = Some(limit(value)?),
            Filter::Next if value.is_empty() || value.len() > LONGEST_VALUE => {
                return Err(wrong(filter, value, "the next of an earlier answer"));
            }
            Filter::Next => self.next = Some(value.to_owned()),
            Filter::Id => self.ids = values(filter, value, identifier)?,
            Filter::Type => self.types = values(filter, value, object_type)?,
            Filter::SpecVersion => self.spec_versions = values(filter, value, spec_version)?,
            Filter::Version => {
                self.versions = values(filter, value, VersionMatch::read)?;
                if self.versions.contains(&VersionMatch::All) && self.versions.len() > 1 {
                    return Err(wrong(filter, value, "well combined: all stands alone"));
                }
            }
        }
        Ok(())
    }

    /// The query without its place and size, written in one way: two pages of one answer have
    /// equal selections.
    #[must_use]
    pub fn selection(&self) -> String {
        Self { limit: None, next: None, ..self.clone() }.to_string()
    }

    /// Whether objects of a version of STIX are asked for. Without the filter they are, if the
    /// version is the latest served.
    #[must_use]
    pub fn wants_spec_version(&self, version: &str) -> bool {
        self.spec_versions.is_empty() || self.spec_versions.iter().any(|wanted| wanted == version)
    }
}

/// As a query string, without a question mark, ready for a URL.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut given: Vec<(Filter, String)> = Vec::new();
        given.extend(self.added_after.map(|moment| (Filter::AddedAfter, moment.to_string())));
        given.extend(self.limit.map(|limit| (Filter::Limit, limit.to_string())));
        given.extend(self.next.clone().map(|next| (Filter::Next, next)));
        let versions: Vec<String> = self.versions.iter().map(VersionMatch::to_string).collect();
        for (filter, values) in [
            (Filter::Id, &self.ids),
            (Filter::Type, &self.types),
            (Filter::Version, &versions),
            (Filter::SpecVersion, &self.spec_versions),
        ] {
            if !values.is_empty() {
                given.push((filter, values.join(",")));
            }
        }
        for (index, (filter, value)) in given.iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            write!(f, "{separator}{}=", filter.parameter())?;
            escape(f, value)?;
        }
        Ok(())
    }
}

impl VersionMatch {
    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "last" => Ok(Self::Last),
            "first" => Ok(Self::First),
            "all" => Ok(Self::All),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|_| "last, first, all or a timestamp like 2026-01-31T08:00:00.000Z"),
        }
    }
}

impl fmt::Display for VersionMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::First => f.write_str("first"),
            Self::All => f.write_str("all"),
            Self::At(moment) => moment.fmt(f),
        }
    }
}

/// Reads the alternatives of a filter.
fn values<T>(
    filter: Filter,
    text: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, QueryError> {
    if text.matches(',').count() >= MOST_VALUES {
        return Err(QueryError::TooMany(filter.parameter()));
    }
    text.split(',').map(|part| read(part).map_err(|wanted| wrong(filter, part, wanted))).collect()
}

fn identifier(text: &str) -> Result<String, &'static str> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = visible && text.len() <= LONGEST_VALUE && text.contains("--");
    fits.then(|| text.to_owned()).ok_or("an identifier like indicator--UUID")
}

fn object_type(text: &str) -> Result<String, &'static str> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=LONGEST_VALUE).contains(&text.len()) && text.bytes().all(letters);
    fits.then(|| text.to_owned()).ok_or("a type like indicator")
}

fn spec_version(text: &str) -> Result<String, &'static str> {
    let number =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let fits = text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor));
    fits.then(|| text.to_owned()).ok_or("a version of STIX like 2.1")
}

/// Any positive number; one too large for us is the largest, since the server serves less anyway.
fn limit(text: &str) -> Result<u32, QueryError> {
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(limit) if limit > 0 && digits => Ok(limit),
        Err(_) if digits => Ok(u32::MAX),
        _ => Err(wrong(Filter::Limit, text, "a number of 1 or more")),
    }
}

fn wrong(filter: Filter, value: &str, wanted: &'static str) -> QueryError {
    QueryError::Value { parameter: filter.parameter(), value: excerpt(value), wanted }
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

fn unescape(text: &str) -> Result<String, QueryError> {
    let broken = || QueryError::Escape(excerpt(text));
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
                let (high, low) = digit().zip(digit()).ok_or_else(broken)?;
                u8::try_from(high * 16 + low).map_err(|_| broken())?
            }
            other => other,
        });
    }
    String::from_utf8(octets).map_err(|_| broken())
}

fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~:,".contains(&octet) {
            write!(f, "{}", char::from(octet))?;
        } else {
            write!(f, "%{octet:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
