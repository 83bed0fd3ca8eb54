//! The corpus of the ledger's own texts, sound and damaged, replayed; the fuzz target starts from it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use vedetta_model::Instant;
use vedetta_store::written::{ItemFacts, WithdrawnFacts, read_clearance, read_delivered};
use vedetta_store::{ClearanceId, Sequence, Stamp};

/// Files named `ok-…` are the text of some entry, files named `bad-…` of none.
#[test]
fn ledger_entry() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ledger_entry");
    let stamp = Stamp { seq: Sequence(1), at: Instant::from_micros(0) };
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let item = ItemFacts::read(&text);
        assert!(item.is_none_or(|facts| facts.write() == text), "{name}");
        let understood = item.is_some()
            || WithdrawnFacts::read(&text).producer.is_some()
            || read_delivered(&bytes).is_ok()
            || read_clearance(ClearanceId(1), stamp, &bytes).is_ok();
        assert_eq!(name.starts_with("ok-"), understood, "{name}");
        seen += 1;
    }
    assert!(seen > 8, "the corpus is missing");
}
