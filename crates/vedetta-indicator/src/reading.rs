//! The terms of a STIX object.

use serde_json::{Map, Value};
use stix::Object;
use stix::pattern::{self, HashAlgorithm, Position, Role};

use crate::term::{Kind, Term, TermError};

/// What an object says about the values in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Nature {
    /// An indicator: whoever sees the value has found something.
    Threat,
    /// An indicator whose every type is `benign`: whoever sees the value has found nothing.
    Benign,
    /// An observable: the value was seen, and is accused of nothing.
    Observed,
}

/// The terms of one object, each once, in the order written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What the object says about them.
    pub nature: Nature,
    /// To see one of these is to see what the object describes.
    pub alone: Vec<Term>,
    /// The object asks for more than one of these, or for one of them in a certain relation.
    pub part: Vec<Term>,
    /// Values that are not what their place says.
    pub unreadable: Vec<TermError>,
    /// Why the pattern of an indicator gave no terms.
    pub refused: Option<String>,
}

/// Reads an indicator with a STIX pattern, or an observable. Other objects, and patterns in other
/// languages, have no terms.
#[must_use]
pub fn read(object: &Object) -> Reading {
    let mut reading = Reading {
        nature: nature(object),
        alone: Vec::new(),
        part: Vec::new(),
        unreadable: Vec::new(),
        refused: None,
    };
    if object.object_type() == "indicator" {
        reading.indicator(object);
    } else if let Value::Object(properties) = object.value() {
        reading.observable(object.object_type(), &properties);
    }
    let Reading { alone, part, .. } = &mut reading;
    once(alone);
    once(part);
    part.retain(|term| !alone.contains(term));
    reading
}

impl Reading {
    fn indicator(&mut self, object: &Object) {
        if object.text("pattern_type").is_some_and(|language| language != "stix") {
            return;
        }
        let Some(text) = object.text("pattern") else { return };
        match pattern::parse(&text) {
            Ok(pattern) => {
                for term in pattern::terms(&pattern) {
                    let apart = term.role == Role::Part
                        || matches!(term.position, Position::Recipient | Position::Related);
                    self.put(term.kind, &term.value, if apart { Role::Part } else { term.role });
                }
            }
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    fn observable(&mut self, kind: &str, properties: &Map<String, Value>) {
        let text = |name: &str| properties.get(name).and_then(Value::as_str);
        let simple = match kind {
            "ipv4-addr" => Some((Kind::Ipv4, "value")),
            "ipv6-addr" => Some((Kind::Ipv6, "value")),
            "domain-name" => Some((Kind::Domain, "value")),
            "url" => Some((Kind::Url, "value")),
            "email-addr" => Some((Kind::EmailAddress, "value")),
            "mac-addr" => Some((Kind::MacAddress, "value")),
            "mutex" => Some((Kind::Mutex, "name")),
            "windows-registry-key" => Some((Kind::RegistryKey, "key")),
            "software" => Some((Kind::Cpe, "cpe")),
            "x509-certificate" => Some((Kind::CertificateSerial, "serial_number")),
            _ => None,
        };
        if let Some((kind, name)) = simple
            && let Some(value) = text(name)
        {
            // A serial number is unique for its issuer only.
            let role = if kind == Kind::CertificateSerial { Role::Part } else { Role::Whole };
            self.put(kind, value, role);
        }
        if kind == "autonomous-system"
            && let Some(number) = properties.get("number").and_then(Value::as_u64)
        {
            self.put(Kind::AutonomousSystem, &number.to_string(), Role::Whole);
        }
        let hash: fn(HashAlgorithm) -> Kind = match kind {
            "file" | "artifact" => Kind::FileHash,
            "x509-certificate" => Kind::CertificateHash,
            _ => return,
        };
        let hashes = properties.get("hashes").and_then(Value::as_object);
        for (name, value) in hashes.into_iter().flatten() {
            if let (Some(algorithm), Some(value)) = (HashAlgorithm::from_name(name), value.as_str())
            {
                self.put(hash(algorithm), value, Role::Whole);
            }
        }
        if let ("file", Some(name)) = (kind, text("name")) {
            self.put(Kind::FileName, name, Role::Part);
        }
    }

    fn put(&mut self, kind: Kind, value: &str, role: Role) {
        match Term::new(kind, value) {
            Ok(term) if role == Role::Part => self.part.push(term),
            Ok(term) => self.alone.push(term),
            Err(error) => self.unreadable.push(error),
        }
    }
}

fn nature(object: &Object) -> Nature {
    if object.object_type() != "indicator" {
        return Nature::Observed;
    }
    match object.property("indicator_types") {
        Some(Value::Array(kinds)) if !kinds.is_empty() => {
            let benign = kinds.iter().all(|kind| kind == "benign");
            if benign { Nature::Benign } else { Nature::Threat }
        }
        _ => Nature::Threat,
    }
}

fn once(terms: &mut Vec<Term>) {
    let mut seen = std::collections::HashSet::new();
    terms.retain(|term| seen.insert(term.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Reading {
        read(&Object::restore(json).unwrap())
    }

    fn indicator(rest: &str, pattern: &str) -> Reading {
        let pattern = Value::String(pattern.into());
        of(&format!(
            r#"{{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
                "pattern":{pattern}{rest}}}"#
        ))
    }

    fn texts(terms: &[Term]) -> Vec<String> {
        terms.iter().map(Term::to_string).collect()
    }

    #[test]
    fn alternatives_stand_alone() {
        let reading = indicator(
            "",
            "[domain-name:value IN ('A.example', 'a.example.')] OR [ipv4-addr:value = '192.0.2.9/24']",
        );
        assert_eq!(texts(&reading.alone), ["domain a.example", "ipv4 192.0.2.0/24"]);
        assert_eq!((reading.nature, reading.part), (Nature::Threat, vec![]));
    }

    #[test]
    fn what_needs_more_is_a_part() {
        let reading = indicator("", "[file:name = 'a.exe' AND file:size = 3]");
        assert_eq!((texts(&reading.part), reading.alone), (vec!["file-name a.exe".into()], vec![]));
        let resolved = indicator("", "[domain-name:resolves_to_refs[*].value = '192.0.2.1']");
        assert_eq!(
            (texts(&resolved.part), resolved.alone),
            (vec!["ipv4 192.0.2.1".into()], vec![])
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let reading = indicator("", "[domain-name:value = '*.example']");
        assert!(reading.alone.is_empty() && reading.unreadable.len() == 1);
        assert!(indicator("", "[domain-name:").refused.is_some());
        let other = indicator(r#","pattern_type":"sigma""#, "title: x");
        assert_eq!((other.alone, other.refused), (vec![], None));
    }

    #[test]
    fn benign_indicators_and_observables_accuse_nobody() {
        let benign = r#","indicator_types":["benign"]"#;
        assert_eq!(indicator(benign, "[url:value = 'http://a.example']").nature, Nature::Benign);
        let both = r#","indicator_types":["benign","anonymization"]"#;
        assert_eq!(indicator(both, "[url:value = 'http://a.example']").nature, Nature::Threat);
        let file = of(&format!(
            r#"{{"type":"file","id":"file--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","name":"a.exe",
                "hashes":{{"MD5":"{}","X":"1"}}}}"#,
            "A0".repeat(16)
        ));
        assert_eq!(texts(&file.alone), [format!("md5 {}", "a0".repeat(16))]);
        assert_eq!(
            (file.nature, texts(&file.part)),
            (Nature::Observed, vec!["file-name a.exe".into()])
        );
    }
}
