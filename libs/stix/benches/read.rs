//! How many typical indicators a second are read and validated on one core.
//! `cargo bench -p stix --bench read [-- NAME]`; on a busy machine, look at the best of the three.

use std::hint::black_box;

use stix::{BundleReader, Entry, Limits, read};

const COUNT: usize = 200_000;

fn main() {
    let bundle = bundle();
    println!("{COUNT} indicators, {} bytes each", bundle.len() / COUNT);
    let limits = Limits { bytes: u64::MAX, ..Limits::default() };
    timed("read", || black_box(read(bundle.as_bytes(), &limits)).objects.len());
    timed("stream", || {
        let entries = BundleReader::new(bundle.as_bytes(), Limits::bulk());
        entries.filter(|entry| matches!(entry, Entry::Accepted { .. })).count()
    });
    timed("serde_json alone", || {
        let value: serde_json::Value = serde_json::from_str(&bundle).unwrap_or_default();
        value["objects"].as_array().map_or(0, Vec::len)
    });
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(what: &str, run: impl Fn() -> usize) {
    if std::env::args().nth(1).is_some_and(|name| !name.starts_with('-') && name != what) {
        return;
    }
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let count = run();
        assert_eq!(count, COUNT, "{what}");
        println!("{what}: {:.0} objects/s", COUNT as f64 / start.elapsed().as_secs_f64());
    }
}

fn bundle() -> String {
    let objects: Vec<_> = (0..COUNT).map(indicator).collect();
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061\",\
         \"objects\":[{}]}}",
        objects.join(",")
    )
}

fn indicator(number: usize) -> String {
    format!(
        r#"{{"type": "indicator", "spec_version": "2.1",
 "id": "indicator--8e2e2d2b-17d4-4cbf-938f-{number:012x}",
 "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff",
 "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z",
 "indicator_types": ["malicious-activity"], "name": "Phishing site {number}",
 "description": "Imitates the portal of a municipality and asks for credentials",
 "pattern": "[domain-name:value = 'a{number}.example.org' OR ipv4-addr:value = '192.0.2.7']",
 "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
 "valid_until": "2026-12-31T00:00:00Z", "labels": ["phishing"], "confidence": 80, "lang": "en",
 "kill_chain_phases": [{{"kill_chain_name": "lockheed-martin", "phase_name": "delivery"}}],
 "external_references": [{{"source_name": "example", "external_id": "{number}"}}],
 "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}}"#
    )
}
