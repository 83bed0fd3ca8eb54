//! Real bundles, where they are at hand.

use std::path::PathBuf;
use std::process::Command;

use stix::{Limits, Reading, Rule, Severity, read};

const LIMITS: Limits = Limits { bytes: 256 << 20, ..Limits::bulk() };

/// The decompressed file of the shared data; nothing, and a visible word, if it is not here.
fn shared(name: &str) -> Option<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("VEDETTA_SHARED_DATA").map_or_else(|| root.into(), PathBuf::from);
    let path = root.join(name);
    if !path.exists() {
        println!("skipped: {name} is not in the shared data");
        return None;
    }
    match Command::new("xz").arg("-dc").arg(&path).output() {
        Ok(output) if output.status.success() => Some(output.stdout),
        other => {
            println!("skipped: xz -dc {name}: {other:?}");
            None
        }
    }
}

fn count(reading: &Reading, severity: Severity) -> usize {
    reading.problems.iter().filter(|problem| problem.severity == severity).count()
}

#[test]
fn bundles_of_2_1_load_without_errors() {
    for (name, least) in [("ics-attack-2.1.json.xz", 1_000), ("capec-2.1.json.xz", 1_000)] {
        let Some(bytes) = shared(name) else { continue };
        let reading = read(&bytes, &LIMITS);
        let errors: Vec<_> = reading.errors().take(20).map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        assert!(reading.objects.len() >= least && reading.objects.len() == reading.seen);
        println!(
            "{name}: {} objects, {} warnings",
            reading.seen,
            count(&reading, Severity::Warning)
        );
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(reading.objects.iter().all(|object| text.contains(object.json())), "{name}");
    }
}

#[test]
fn a_bundle_of_2_0_is_refused_object_by_object() {
    let Some(bytes) = shared("enterprise-attack-2.0.json.xz") else { return };
    let reading = read(&bytes, &LIMITS);
    assert!(reading.seen > 20_000 && reading.objects.is_empty());
    assert_eq!(reading.refused, reading.seen);
    let other = reading.errors().find(|problem| problem.rule != Rule::Stix20);
    assert!(other.is_none(), "{other:?}");
    assert_eq!(count(&reading, Severity::Error), reading.seen);
}
