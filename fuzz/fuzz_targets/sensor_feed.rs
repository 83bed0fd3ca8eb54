//! What a node's feed says to a sensor is the same after a restart.

#![no_main]

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vedetta_detect::indicators::{Builder, lines_of};
use vedetta_indicator::DecayTable;
use vedetta_model::Instant;
use vedetta_sensor::{Change, Known, Mine};

const NOW: Instant = Instant::from_micros(1_772_000_000_000_000);

static PLACE: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a directory"));

fn open(path: &Path) -> (Known, usize, usize) {
    let read = Known::open(path, Mine::default(), (u64::MAX, NOW)).expect("it can be read");
    (read.0, read.1.len(), read.2.len())
}

fuzz_target!(|feed: &[u8]| {
    let path = PLACE.path().join("known.jsonl");
    let _absent = std::fs::remove_file(&path);
    let (mut known, ..) = open(&path);
    let (mut looked_for, mut watched) = (HashMap::new(), HashMap::new());
    for line in String::from_utf8_lossy(feed).split_inclusive('\n') {
        for change in known.take(line, NOW).expect("it can be written") {
            let Change::Indicators { added, removed, patterns, .. } = change else { continue };
            for id in added.iter().map(|it| &it.0).chain(&removed) {
                looked_for.retain(|it, _| !lines_of(*id).contains(it));
                watched.retain(|it, _| !lines_of(*id).contains(it));
            }
            for (id, term, life) in added {
                looked_for.entry(id).or_insert_with(Vec::new).push((term, life));
            }
            watched.extend(patterns.into_iter().map(|(id, pattern, _)| (id, pattern)));
        }
    }
    let mut live = Builder::with_room_for(0);
    for (id, terms) in &looked_for {
        terms.iter().for_each(|(term, life)| live.add(*id, term, life));
    }
    let live = live.build(DecayTable::default()).len();
    let (again, kept, patterns) = open(&path);
    assert_eq!(kept, live);
    assert!(patterns <= watched.len());
    assert!(again.place() <= known.place());
});
