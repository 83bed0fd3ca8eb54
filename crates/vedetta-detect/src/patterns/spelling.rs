//! Constants of patterns, spelled as the objects of events are: who writes a pattern spells a digest, a
//! name or a hive of the registry as it pleases.

use stix::pattern::{
    Comparison, Literal, Observation, Pattern, Predicate, QualifierKind, Step, Test,
};

/// The hives of the registry, as Sysmon writes them and in full.
const HIVES: [(&str, &str); 5] = [
    ("HKLM\\", "HKEY_LOCAL_MACHINE\\"),
    ("HKU\\", "HKEY_USERS\\"),
    ("HKCU\\", "HKEY_CURRENT_USER\\"),
    ("HKCR\\", "HKEY_CLASSES_ROOT\\"),
    ("HKCC\\", "HKEY_CURRENT_CONFIG\\"),
];

/// A key of the registry with its hive in full.
pub(super) fn registry_key(key: &str) -> String {
    let short = HIVES.iter().find_map(|(short, full)| Some((key.strip_prefix(short)?, full)));
    short.map_or_else(|| key.to_owned(), |(rest, full)| format!("{full}{rest}"))
}

/// Spells the constants of a pattern.
pub(super) fn spell(pattern: &mut Pattern) {
    observation(&mut pattern.root);
}

/// The most times that a part of it must be repeated.
pub(super) fn repeats(of: &Observation) -> u64 {
    match of {
        Observation::Single(_) => 1,
        Observation::Joined(_, operands) => operands.iter().map(repeats).max().unwrap_or(1),
        Observation::Qualified(inner, qualifiers) => {
            let times = qualifiers.iter().filter_map(|it| match it.kind {
                QualifierKind::Repeats(times) => Some(times),
                _ => None,
            });
            times.max().unwrap_or(1).max(repeats(inner))
        }
    }
}

fn observation(of: &mut Observation) {
    match of {
        Observation::Single(of) => comparison(of),
        Observation::Joined(_, operands) => operands.iter_mut().for_each(observation),
        Observation::Qualified(inner, _) => observation(inner),
    }
}

fn comparison(of: &mut Comparison) {
    match of {
        Comparison::Test(of) => test(of),
        Comparison::Joined(_, operands) => operands.iter_mut().for_each(comparison),
    }
}

fn test(of: &mut Test) {
    let keys = || {
        of.path.steps.iter().filter_map(|it| match it {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    };
    let kind = of.path.object_type.as_str();
    let last = keys().next_back().unwrap_or_default();
    let hosts = ["domain-name", "ipv6-addr", "email-addr", "network-traffic", "email-message"];
    let digest = keys().any(|it| it == "hashes")
        || (kind == "network-traffic" && (last.contains("ja3") || last.contains("ja4")));
    let name = last == "value" && hosts.contains(&kind);
    let registry = kind == "windows-registry-key" && last == "key";
    let spelled = |text: &mut String| {
        if digest || name {
            *text = text.to_lowercase();
        } else if registry {
            *text = registry_key(text);
        }
    };
    match &mut of.predicate {
        Predicate::Compare(_, Literal::String(text)) | Predicate::Like(text) => spelled(text),
        Predicate::In(members) => {
            for member in members {
                if let Literal::String(text) = member {
                    spelled(text);
                }
            }
        }
        _ => {}
    }
}
