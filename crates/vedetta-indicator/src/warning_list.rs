//! Lists of values known to be harmless, or found everywhere: the MISP warninglist format.
//!
//! A list is one JSON object: `name`, `version`, `description`, `type`, `matching_attributes` (MISP
//! attribute types; none is all), `list`. Format: MISP warninglists project, `schema.json`.

use std::fmt;

use ip_network::IpNetwork;
use regex::{Regex, RegexBuilder};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use vedetta_model::domain::canonical;

use crate::kind::Kinds;
use crate::network;
use crate::url::Url;

/// A list that was read.
#[derive(Clone, Debug)]
pub struct WarningList {
    /// Its name, e.g. "List of known public resolvers".
    pub name: String,
    /// Its version; grows with each edition.
    pub version: u64,
    /// What is in it.
    pub description: String,
    /// How its entries are compared.
    pub matching: Matching,
    /// With what its entries are compared.
    pub kinds: Kinds,
    pub(crate) entries: Vec<Entry>,
}

/// How the entries of a list are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// Networks, with every address in them.
    Cidr,
    /// Domains, with every name below them.
    Hostname,
    /// The whole value. An entry that begins with a dot is a domain with every name below it.
    String,
    /// Anywhere in the value, in any case.
    Substring,
    /// Regular expressions, between slashes with flags after them, or bare.
    Regex,
}

/// An entry that was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {place}, {entry:?}: {why}")]
pub struct EntryProblem {
    /// Which one, from 1.
    pub place: usize,
    /// Its beginning.
    pub entry: String,
    /// What is wrong, and what to do.
    pub why: &'static str,
}

/// Why nothing of a list was read.
#[derive(Debug, thiserror::Error)]
pub enum WarningListError {
    /// Longer than [`LONGEST`].
    #[error("{0} bytes; a warning list has at most 33,554,432: split it")]
    TooLong(usize),
    /// Not JSON, or not a warning list; tells line and column.
    #[error("not a warning list: {0}")]
    Shape(#[from] serde_json::Error),
    /// A text of the head is empty or too long.
    #[error("`{0}` must have between 1 and {1} bytes")]
    Head(&'static str, usize),
    /// An attribute type that is not known stands alone.
    #[error(
        "`matching_attributes` names no type that indicators have ({0}); write e.g. ip-dst, domain, url, sha256"
    )]
    Attributes(String),
}

/// One entry, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Network(IpNetwork),
    /// A domain and what is below it.
    Under(Box<str>),
    /// In lower case.
    Exact(Box<str>),
    /// In lower case.
    Within(Box<str>),
    Regex(Regex),
}

/// The longest list that is read, in bytes.
pub const LONGEST: usize = 32 << 20;
/// Entries that a list has at most.
pub const MOST_ENTRIES: usize = 1_000_000;
/// The longest entry, in bytes.
const LONGEST_ENTRY: usize = 2_048;
/// Entries that a list of substrings, and one of regular expressions, has at most.
const MOST_SUBSTRINGS: usize = 50_000;
const MOST_REGEXES: usize = 500;
/// Memory that a compiled expression, and its cache, may take.
const REGEX_BYTES: usize = 1 << 18;
/// Problems that are told at most.
const MOST_PROBLEMS: usize = 100;

#[derive(Deserialize)]
struct Written {
    name: String,
    version: u64,
    #[serde(default)]
    description: String,
    #[serde(rename = "type")]
    matching: Matching,
    #[serde(default)]
    matching_attributes: Vec<String>,
    #[serde(deserialize_with = "bounded")]
    list: Vec<String>,
}

impl WarningList {
    /// Reads a list, and tells the entries that it had to leave out (the first hundred).
    ///
    /// # Errors
    /// [`WarningListError`] when it is not a list, or too large.
    pub fn parse(text: &[u8]) -> Result<(Self, Vec<EntryProblem>), WarningListError> {
        if text.len() > LONGEST {
            return Err(WarningListError::TooLong(text.len()));
        }
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let written: Written = serde_json::from_slice(text)?;
        if !(1..=500).contains(&written.name.len()) {
            return Err(WarningListError::Head("name", 500));
        }
        if written.description.len() > 10_000 {
            return Err(WarningListError::Head("description", 10_000));
        }
        let attributes = &written.matching_attributes;
        let kinds = match attributes.is_empty() {
            true => Kinds::ALL,
            false => {
                let kinds = attributes.iter().map(|attribute| Kinds::of_misp(attribute));
                kinds.fold(Kinds::default(), Kinds::and)
            }
        };
        let (entries, problems) = read_entries(written.matching, &written.list);
        let Written { name, version, description, matching, .. } = written;
        Ok((Self { name, version, description, matching, kinds, entries }, problems))
    }

    /// How many entries were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn read_entries(matching: Matching, list: &[String]) -> (Vec<Entry>, Vec<EntryProblem>) {
    let (mut entries, mut problems) = (Vec::with_capacity(list.len()), Vec::new());
    let most = match matching {
        Matching::Substring => MOST_SUBSTRINGS,
        Matching::Regex => MOST_REGEXES,
        _ => MOST_ENTRIES,
    };
    for (at, text) in list.iter().enumerate() {
        let entry = match at < most {
            true => read_entry(matching, text),
            false => Err("more entries than a list of this type has; split it"),
        };
        match entry {
            Ok(entry) => entries.push(entry),
            Err(why) if problems.len() < MOST_PROBLEMS => {
                let entry = text.chars().take(60).collect();
                problems.push(EntryProblem { place: at + 1, entry, why });
            }
            Err(_) => {}
        }
    }
    (entries, problems)
}

fn read_entry(matching: Matching, text: &str) -> Result<Entry, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_ENTRY {
        return Err("empty, or longer than 2,048 bytes");
    }
    match matching {
        Matching::Cidr => network::read(text)
            .map(Entry::Network)
            .ok_or("not a network; write it as 192.0.2.0/24 or 2001:db8::/32"),
        Matching::Hostname => match (below(text), network::read(text)) {
            (_, Some(network)) => Ok(Entry::Network(network)),
            (Some(domain), None) => Ok(Entry::Under(domain.into())),
            (None, None) => Err("not a domain name; write it as comune.example"),
        },
        Matching::String => Ok(match below(text).filter(|_| text.starts_with(['.', '*'])) {
            Some(domain) => Entry::Under(domain.into()),
            None => Entry::Exact(exact(text).into()),
        }),
        Matching::Substring if text.chars().nth(2).is_none() => {
            Err("shorter than three characters: it would be found everywhere")
        }
        Matching::Substring => Ok(Entry::Within(text.to_lowercase().into())),
        Matching::Regex => regex(text).map(Entry::Regex),
    }
}

/// The domain of `name`, `.name` or `*.name`.
fn below(text: &str) -> Option<String> {
    let bare = text.strip_prefix('*').unwrap_or(text);
    canonical(bare.strip_prefix('.').unwrap_or(bare)).ok()
}

/// A value as its term would be spelled, in lower case.
fn exact(text: &str) -> String {
    if text.contains("://")
        && let Some(url) = Url::new(text)
    {
        return url.as_str().to_lowercase();
    }
    let network = network::read(text).map(network::written);
    network.or_else(|| canonical(text).ok()).unwrap_or_else(|| text.to_lowercase())
}

fn regex(text: &str) -> Result<Regex, &'static str> {
    let (pattern, flags) = match text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
        Some((pattern, flags)) => (pattern, flags),
        None => (text, ""),
    };
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).nest_limit(50);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'x' => builder.ignore_whitespace(true),
            'g' | 'u' => &mut builder,
            _ => return Err("a flag that is not known; write i, m, s, x, g or u"),
        };
    }
    builder.build().map_err(|_| "not a regular expression that can be used, or too large a one")
}

fn bounded<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MOST_ENTRIES} strings")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                if all.len() == MOST_ENTRIES {
                    return Err(serde::de::Error::invalid_length(all.len() + 1, &self));
                }
                all.push(item);
            }
            Ok(all)
        }
    }
    input.deserialize_seq(Entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(matching: &str, entries: &str) -> (WarningList, Vec<EntryProblem>) {
        let text = format!(
            r#"{{"name": "n", "version": 3, "description": "d", "type": "{matching}",
                "matching_attributes": ["domain"], "list": {entries}}}"#
        );
        WarningList::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn bad_entries_are_named_and_the_rest_is_read() {
        let (read, problems) = list("cidr", r#"["192.0.2.0/24", "x", "2001:db8::/129"]"#);
        assert_eq!((read.len(), read.version), (1, 3));
        assert_eq!(
            problems[0].to_string(),
            "entry 2, \"x\": not a network; write it as 192.0.2.0/24 or 2001:db8::/32"
        );
        assert_eq!(problems[1].place, 3);
        let (read, problems) = list("regex", r#"["/^a\\@b$/i", "(?=a)", "a{999999}", "/a/e"]"#);
        assert_eq!((read.len(), problems.len()), (1, 3));
        let (read, problems) = list("substring", r#"["ab", "", "abc"]"#);
        assert_eq!((read.len(), problems.len()), (1, 2));
        let (read, problems) = list("hostname", r#"[".a.example", "*.b.example", "a/b"]"#);
        assert_eq!((read.len(), problems.len()), (2, 1));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_place() {
        let why = |text: &str| WarningList::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(why("{\n \"name\": 3}").contains("line 2 column 10"));
        assert!(why("[]").starts_with("not a warning list: "));
        let long = "[".repeat(100_000);
        assert!(why(&long).starts_with("not a warning list: "));
        let nameless = r#"{"name":"","version":1,"type":"string","list":[]}"#;
        assert_eq!(why(nameless), "`name` must have between 1 and 500 bytes");
        let unknown = nameless.replace("string", "strange");
        assert!(why(&unknown).contains("unknown variant `strange`"));
        let many = nameless.replace("[]", &format!("[{}\"\"]", "\"\",".repeat(MOST_ENTRIES)));
        assert!(why(&many).contains("expected a list of at most 1000000 strings"));
    }
}
