//! Warning lists as the world writes them, and as it should not.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use vedetta_indicator::{Kind, Reach, Term, WarningList, WarningLists, breadth};

/// The folder of the data that is shared between projects.
fn shared() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    std::env::var_os("VEDETTA_SHARED_DATA").map_or_else(|| beside.into(), PathBuf::from)
}

fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_list_of_misp_is_read() {
    let files = files(&shared().join("warninglists"));
    let promised = std::env::var("VEDETTA_TEST_PROMISED").unwrap_or_default();
    assert!(!files.is_empty() || !promised.contains("warninglists"), "the lists were promised");
    if files.is_empty() {
        println!("skipped: no shared data (set VEDETTA_SHARED_DATA)");
        return;
    }
    let (mut lists, mut left_out) = (Vec::new(), Vec::new());
    for (name, text) in &files {
        let (list, problems) = WarningList::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        left_out.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
        lists.push(list);
    }
    let entries: usize = lists.iter().map(WarningList::len).sum();
    println!("{} lists, {entries} entries, left out: {left_out:#?}", lists.len());
    assert!(files.len() >= 125 && left_out.len() <= 20);
    let matcher = WarningLists::build(&lists).unwrap();
    let on = |kind, value: &str| {
        let term = Term::new(kind, value).unwrap();
        matcher.hits(&term).iter().any(|hit| hit.reach == Reach::Itself)
    };
    assert!(on(Kind::Ipv4, "17.1.2.3") && on(Kind::Ipv4, "10.1.2.3"));
    assert!(on(Kind::Domain, "www.google.com") && on(Kind::EmailAddress, "abuse@comune.example"));
    assert!(!on(Kind::Domain, "sconosciuto.comune.test"));
}

#[test]
fn the_corpus_is_read_or_refused() {
    let files = files(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/warninglist").as_ref());
    assert!(files.len() >= 10);
    for (name, text) in files {
        let read = WarningList::parse(&text);
        if name.starts_with("refused") {
            assert!(read.is_err(), "{name}");
            continue;
        }
        let (list, problems) = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(problems.is_empty(), !name.starts_with("partly"), "{name}: {problems:?}");
        let matcher = WarningLists::build(&[list]).unwrap();
        for value in ["a.comune.example", "192.0.2.1", "http://comune.example/"] {
            for kind in [Kind::Domain, Kind::Ipv4, Kind::Url, Kind::Mutex] {
                if let Ok(term) = Term::new(kind, value) {
                    assert!(matcher.hits(&term).len() <= 1);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_list_breaks_the_matcher(
        matching in "cidr|hostname|string|substring|regex",
        entries in proptest::collection::vec("\\PC{0,20}|[a-z.*/\\\\(){}+|\\[\\]0-9:]{0,20}", 0..8),
        values in proptest::collection::vec("\\PC{0,30}|[a-z.]{1,20}|https?://[a-z./]{1,20}", 1..8),
    ) {
        let text = serde_json::json!({
            "name": "n", "version": 1, "description": "", "type": matching,
            "matching_attributes": [], "list": entries,
        });
        let (list, problems) = WarningList::parse(text.to_string().as_bytes()).unwrap();
        prop_assert_eq!(list.len() + problems.len(), entries.len());
        let matcher = WarningLists::build(&[list]).unwrap();
        for value in &values {
            for kind in [Kind::Domain, Kind::Url, Kind::EmailAddress, Kind::FileName, Kind::Ipv6] {
                if let Ok(term) = Term::new(kind, value) {
                    assert!(matcher.hits(&term).len() <= 1);
                    prop_assert!(term.value().len() > 1 || breadth(&term).is_some());
                }
            }
        }
    }

    #[test]
    fn a_network_hits_as_a_slow_search_does(
        listed in proptest::collection::vec((any::<u32>(), 0u8..=32), 0..20),
        asked in any::<u32>(), length in 0u8..=32,
    ) {
        let small = |bits: u32| std::net::Ipv4Addr::from_bits(bits & 0xf00f_00f0);
        let entries: Vec<_> = listed.iter().map(|(at, n)| format!("{}/{n}", small(*at))).collect();
        let text = serde_json::json!({"name": "n", "version": 1, "type": "cidr", "list": entries});
        let (list, _) = WarningList::parse(text.to_string().as_bytes()).unwrap();
        let matcher = WarningLists::build(&[list]).unwrap();
        let term = Term::new(Kind::Ipv4, &format!("{}/{length}", small(asked))).unwrap();
        let shares = |(at, n): &(u32, u8)| {
            let common = u32::from(length.min(*n));
            let mask = u32::MAX.checked_shl(32 - common).unwrap_or(0);
            (small(*at).to_bits() ^ small(asked).to_bits()) & mask == 0
        };
        let around = |it: &(u32, u8)| shares(it) && it.1 <= length;
        let expected = match (listed.iter().any(around), listed.iter().any(shares)) {
            (true, _) => Some(Reach::Itself),
            (false, true) => Some(Reach::Around),
            (false, false) => None,
        };
        let hits = matcher.hits(&term);
        prop_assert_eq!(hits.first().map(|hit| hit.reach), expected);
    }
}
