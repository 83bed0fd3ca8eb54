//! Whether an object tells of a value that somebody asks about.

use stix::Object;

use crate::network;
use crate::reading::read;
use crate::term::Term;

/// Whether an object, as written, tells of a value: of it itself in whatever spelling, of a network
/// around the address, or of a URL or mailbox at the host. What cannot be read tells of nothing.
#[must_use]
pub fn tells_of(body: &[u8], value: &str) -> bool {
    let object = std::str::from_utf8(body).ok().and_then(Object::restore);
    let Some(reading) = object.as_ref().map(read) else { return false };
    let asked = network::read(value.trim());
    let is = |term: &Term| {
        let around = term.network().zip(asked);
        around.is_some_and(|(outer, inner)| network::holds(outer, inner))
            || Term::new(term.kind(), value).is_ok_and(|asked| asked == *term)
    };
    let mut terms = reading.alone.iter().chain(&reading.part);
    terms.any(|term| is(term) || term.host().is_some_and(|host| is(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_whole_and_where_it_is_within() {
        let tells = |pattern: &str, value: &str| {
            let object = serde_json::json!({
                "type": "indicator", "spec_version": "2.1", "pattern_type": "stix",
                "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "pattern": pattern,
            });
            tells_of(object.to_string().as_bytes(), value)
        };
        let network = "[ipv4-addr:value = '203.0.113.0/24']";
        let address = "[ipv4-addr:value = '203.0.113.77']";
        let page = "[url:value = 'https://accesso.example/login']";
        for (pattern, value, found) in [
            (address, "203.0.113.77", true),
            (address, "203.0.113.7", false),
            (address, "203.0.113.0/24", false),
            (network, "203.0.113.77", true),
            (network, "198.51.100.77", false),
            (page, "ACCESSO.example", true),
            (page, "https://accesso.example/login", true),
            (page, "sso.example", false),
        ] {
            assert_eq!(tells(pattern, value), found, "{pattern} {value}");
        }
        let observable = br#"{"type":"domain-name","value":"accesso.example",
            "id":"domain-name--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#;
        assert!(tells_of(observable, "accesso.example"));
        assert!(!tells_of(b"accesso.example", "accesso.example"));
    }
}
