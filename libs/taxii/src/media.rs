//! Media types and their negotiation: §1.6.8, §3.2; RFC 9110 §12.5.1.

/// The media type of every TAXII 2.1 message.
pub const TAXII: &str = "application/taxii+json;version=2.1";
/// The media type of the objects.
pub const STIX: &str = "application/stix+json;version=2.1";

/// The longest header and the most ranges that are looked at.
const LONGEST: usize = 4_096;
const MOST: usize = 64;

/// The client accepts nothing that is served here (HTTP 406).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{accept:?} does not accept {served}: send Accept: {served}")]
pub struct NotAcceptable {
    /// What the client accepts.
    pub accept: String,
    /// What would be served.
    pub served: &'static str,
}

/// The body is of another media type (HTTP 415).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is {found:?}: send it as {TAXII}")]
pub struct UnsupportedMedia {
    /// What the client sent.
    pub found: String,
}

/// How closely a media range names what is served; the closest decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Anything,
    Application,
    AnyVersion,
    ThisVersion,
}

/// A media range with its version and weight (in thousandths).
struct Range {
    name: String,
    version: Option<String>,
    weight: u16,
}

/// Whether a client accepts [`TAXII`]. A request without `Accept` accepts anything; several
/// headers are to be joined by commas. Without a version the latest is meant, which is 2.1.
///
/// # Errors
/// [`NotAcceptable`]: answer 406.
pub fn accept(header: Option<&str>) -> Result<(), NotAcceptable> {
    let Some(header) = header else { return Ok(()) };
    let refused = || NotAcceptable { accept: excerpt(header), served: TAXII };
    if header.len() > LONGEST {
        return Err(refused());
    }
    let best = split(header, b',')
        .take(MOST)
        .filter_map(|text| {
            let range = Range::parse(text)?;
            Some((range.closeness()?, range.weight))
        })
        .max();
    if best.is_some_and(|(_, weight)| weight > 0) { Ok(()) } else { Err(refused()) }
}

/// Whether a body is [`TAXII`], in this version or without one.
///
/// # Errors
/// [`UnsupportedMedia`]: answer 415.
pub fn content_type(header: Option<&str>) -> Result<(), UnsupportedMedia> {
    let found = header.unwrap_or("of no media type");
    let fits = found.len() <= LONGEST
        && Range::parse(found)
            .and_then(|range| range.closeness())
            .is_some_and(|closeness| closeness >= Closeness::AnyVersion);
    if fits { Ok(()) } else { Err(UnsupportedMedia { found: excerpt(found) }) }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, b';');
        let name = parts.next()?.trim().to_ascii_lowercase();
        let mut range = Self { name, version: None, weight: 1_000 };
        for part in parts.take(MOST) {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "version" => range.version = Some(value.to_owned()),
                "q" => range.weight = weight(value)?,
                _ => {}
            }
        }
        Some(range)
    }

    fn closeness(&self) -> Option<Closeness> {
        match (self.name.as_str(), self.version.as_deref()) {
            ("application/taxii+json", Some("2.1")) => Some(Closeness::ThisVersion),
            ("application/taxii+json", None) => Some(Closeness::AnyVersion),
            ("application/*", _) => Some(Closeness::Application),
            ("*/*", _) => Some(Closeness::Anything),
            _ => None,
        }
    }
}

/// A quality value of RFC 9110 §12.4.2, in thousandths.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = if digits { format!("{decimals:0<3}").parse().ok()? } else { None? };
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// Splits at a separator outside quoted strings.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        !quoted && letter == char::from(separator)
    })
}

fn excerpt(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_accepted() {
        for header in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "Application/TAXII+JSON; Version=\"2.1\"; charset=utf-8",
            "application/taxii+json",
            "application/*",
            "*/*",
            "text/html, application/taxii+json;version=2.1;q=0.2",
            "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
            "*/*;q=0, application/taxii+json;version=2.1;q=0.001",
        ] {
            assert_eq!(accept(Some(header)), Ok(()), "{header}");
        }
        assert_eq!(accept(None), Ok(()));
    }

    #[test]
    fn what_is_not_accepted() {
        for header in [
            "",
            "application/json",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json",
            "*/*;q=0",
            "*/*, application/taxii+json;version=2.1;q=0",
            "application/taxii+json;version=2.1;q=7",
            "\"application/taxii+json",
        ] {
            assert!(accept(Some(header)).is_err(), "{header}");
        }
        assert!(accept(Some(&"*/*,".repeat(2_000))).is_err());
    }

    #[test]
    fn bodies() {
        assert!(content_type(Some(TAXII)).is_ok());
        assert!(content_type(Some("application/taxii+json")).is_ok());
        for header in [None, Some("application/json"), Some("*/*"), Some("application/*")] {
            assert!(content_type(header).is_err(), "{header:?}");
        }
        let wrong = content_type(Some("application/taxii+json;version=2.0")).unwrap_err();
        assert!(wrong.to_string().contains(TAXII));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[a-z/*;,=q0-9.\" +]{0,80}") {
            let _ = accept(Some(&text));
            let _ = content_type(Some(&text));
        }
    }
}
