//! That somebody saw what an indicator looks for (STIX 2.1, section 5.2).

use serde::Deserialize;
use vedetta_model::Instant;

/// What a sighting says of the indicator's life.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// The identifier of what was seen.
    pub of: String,
    /// When last, as it says: it may be wrong, and ahead.
    pub last: Instant,
}

#[derive(Deserialize)]
struct Written {
    r#type: String,
    sighting_of_ref: String,
    created: Instant,
    first_seen: Option<Instant>,
    last_seen: Option<Instant>,
    count: Option<u64>,
    #[serde(default)]
    revoked: bool,
}

impl Sighting {
    /// Reads an object; nothing when it is no sighting, was taken back, or says that nothing was seen.
    #[must_use]
    pub fn read(object: &[u8]) -> Option<Self> {
        let it: Written = serde_json::from_slice(object).ok()?;
        let is_one = it.r#type == "sighting" && !it.revoked && it.count != Some(0);
        let last = it.last_seen.or(it.first_seen).unwrap_or(it.created);
        is_one.then_some(Self { of: it.sighting_of_ref, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_nothing_was_seen_is_no_sighting() {
        let read = |more: &str| {
            let object = format!(
                r#"{{"type":"sighting","sighting_of_ref":"indicator--x","created":"2026-03-01T00:00:00Z"{more}}}"#
            );
            Sighting::read(object.as_bytes()).map(|it| it.last.to_string())
        };
        let day = |day: &str| Some(format!("2026-03-{day}T00:00:00.000000Z"));
        assert_eq!(read(""), day("01"));
        assert_eq!(read(r#","first_seen":"2026-03-02T00:00:00Z""#), day("02"));
        let both = r#","first_seen":"2026-03-02T00:00:00Z","last_seen":"2026-03-04T00:00:00Z""#;
        assert_eq!(read(both), day("04"));
        assert_eq!(read(r#","count":0"#), None);
        assert_eq!(read(r#","revoked":true"#), None);
        assert_eq!(Sighting::read(br#"{"type":"note"}"#), None);
    }
}
