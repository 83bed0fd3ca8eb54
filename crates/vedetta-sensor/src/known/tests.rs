use vedetta_detect::indicators::When;
use vedetta_indicator::DecayTable;

use super::*;

const NOW: Instant = Instant::from_micros(1_772_000_000_000_000);

fn line(place: u64, n: u32, pattern: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{place}","object":{{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-{n:012x}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":"{pattern}","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"{more}}}}}"#
    )
}

fn indicators(changes: &[Change]) -> (usize, usize) {
    let of = |change: &Change| match change {
        Change::Indicators { added, removed, .. } => (added.len(), removed.len()),
        _ => (0, 0),
    };
    changes.iter().map(of).fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

#[test]
fn what_came_is_there_after_a_restart_and_what_was_taken_back_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, none, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert!(none.is_empty());
    let lines = [
        line(5, 1, "[ipv4-addr:value = '203.0.113.1']", ""),
        line(6, 2, "[domain-name:value = 'bad.example.org']", ""),
        line(7, 3, "[ipv4-addr:value = '203.0.113.3']", r#","valid_until":"2026-01-02T00:00:00Z""#),
        line(8, 4, "[ipv4-addr:value = '10.0.0.0/8']", ""),
        r#"{"id":"9"}"#.into(),
    ];
    let changes = known.take(&lines.join("\n"), NOW).unwrap();
    assert_eq!(indicators(&changes), (2, 2), "one is over, one too broad");
    let changes = known
        .take(&line(10, 2, "[domain-name:value = 'bad.example.org']", r#","revoked":true"#), NOW);
    assert_eq!(indicators(&changes.unwrap()), (0, 1));
    known.take(&line(10, 5, "[ipv4-addr:value = '203.0.113.5']", ""), NOW).unwrap();
    let withdrawn = r#"{"withdrawn":{"item":"indicator--00000000-0000-4000-8000-000000000005","place":11,"at":"2026-01-01T00:00:00Z","reason":"wrong"}}"#;
    assert_eq!(indicators(&known.take(withdrawn, NOW).unwrap()), (0, 1));
    drop(known);
    let cut = [&std::fs::read(&path).unwrap()[..], b"{\"id\":\"11\",\"obj"].concat();
    std::fs::write(&path, cut).unwrap();
    let (mut known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((known.place(), all.len()), (10, 1));
    known.take(&line(12, 6, "[ipv4-addr:value = '203.0.113.6']", ""), NOW).unwrap();
    let (known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((known.place(), all.len()), (12, 2));
}

#[test]
fn of_two_versions_that_come_together_the_later_counts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let two = "[domain-name:value = 'bad.example.org'] FOLLOWEDBY [file:name = 'a.exe']";
    let sigma = r#","pattern_type":"sigma""#;
    let sigma =
        |place, n, rule| line(place, n, rule, "").replace(r#","pattern_type":"stix""#, sigma);
    let lines = [
        line(1, 1, "[ipv4-addr:value = '203.0.113.1']", ""),
        line(2, 1, "[ipv4-addr:value = '203.0.113.1']", r#","revoked":true"#),
        line(3, 2, "[ipv4-addr:value = '203.0.113.2']", ""),
        line(4, 2, "[ipv4-addr:value = '203.0.113.22']", ""),
        line(5, 3, two, ""),
        line(6, 3, two, r#","revoked":true"#),
        line(7, 4, "[ipv4-addr:value = '203.0.113.4']", ""),
        r#"{"withdrawn":{"item":"indicator--00000000-0000-4000-8000-000000000004"}}"#.into(),
        line(9, 5, "[ipv4-addr:value = '203.0.113.5']", ""),
        sigma(10, 5, "title: ["),
    ];
    let changes = known.take(&lines.join("\n"), NOW).unwrap();
    let [Change::Indicators { added, removed, patterns, .. }, Change::Rules(_)] = &changes[..]
    else {
        panic!("indicators and rules")
    };
    let values: Vec<&str> = added.iter().map(|(_, term, _)| term.value()).collect();
    assert_eq!(values, ["203.0.113.22"]);
    let removed: Vec<u8> = removed.iter().map(|id| id[15]).collect();
    assert_eq!((removed, patterns.len()), (vec![1, 3, 4, 5], 0));
}

#[test]
fn what_was_kept_and_not_looked_for_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let lines = [
        line(1, 1, "[ipv4-addr:value = '203.0.113.1']", ""),
        line(2, 2, "[ipv4-addr:value = '203.0.113.2']", ""),
    ];
    known.take(&lines.join("\n"), NOW).unwrap();
    drop(known);
    // The process ended after it had looked for the first.
    let (known, all, _) = Known::open(&path, Mine::default(), (1, NOW)).unwrap();
    let late: Vec<&str> = known.late.iter().map(|(_, term, _)| term.value()).collect();
    assert_eq!((all.len(), late), (2, vec!["203.0.113.2"]));
}

#[test]
fn what_others_see_goes_on_counting_and_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, mut all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let lines = [
        line(1, 1, "[ipv4-addr:value = '203.0.113.1']", ""),
        line(2, 2, "[ipv4-addr:value = '203.0.113.2']", ""),
    ];
    let sighting = r#"{"id":"3","object":{"type":"sighting","spec_version":"2.1","id":"sighting--00000000-0000-4000-8000-000000000003","created":"2026-02-20T00:00:00.000Z","modified":"2026-02-20T00:00:00.000Z","sighting_of_ref":"indicator--00000000-0000-4000-8000-000000000001"}}"#;
    for lines in [lines.join("\n"), sighting.to_owned()] {
        for change in known.take(&lines, NOW).unwrap() {
            match change {
                Change::Indicators { added, .. } => all = all.changed(&added, &[]),
                Change::Seen(seen) => all.note_seen(seen),
                _ => {}
            }
        }
    }
    // Two months after they began, both would have faded.
    let found = |set: &Indicators| {
        let text = br#"{"dest_ip":"203.0.113.1","src_ip":"203.0.113.2"}"#;
        let mut decoder = vedetta_detect::Decoder::new(vedetta_detect::Format::Json);
        let event = decoder.read(text).unwrap().unwrap();
        let (mut scratch, mut hits) = (Default::default(), Vec::new());
        set.matches(&event, When::live(NOW), &mut scratch, &mut hits);
        hits.into_iter().map(|hit| hit.value).collect::<Vec<_>>()
    };
    assert_eq!(found(&all), ["203.0.113.1"]);
    drop(known);
    let (known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((found(&all), known.place()), (vec!["203.0.113.1".to_owned()], 3));
}

#[test]
fn of_a_node_that_was_restored_everything_is_asked_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    known.take(&line(900, 1, "[ipv4-addr:value = '203.0.113.1']", ""), NOW).unwrap();
    let changes = known.forget().unwrap();
    assert!(matches!(changes[..], [Change::Nothing, Change::Rules(_)]));
    assert_eq!(known.place(), 0);
    known.take(&line(7, 2, "[ipv4-addr:value = '203.0.113.2']", ""), NOW).unwrap();
    let (known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((known.place(), all.len()), (7, 1));
}

#[test]
fn what_cannot_be_read_anew_loses_nothing_of_the_owners() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let mine = Mine { identity: "identity--x".into(), ..Mine::default() };
    let (mut known, ..) = Known::open(&path, mine, (u64::MAX, NOW)).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(known.all(NOW).is_err());
    assert_eq!(known.mine.identity, "identity--x");
}

#[test]
fn what_is_on_a_warning_list_is_not_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let list = br#"{"name":"n","version":1,"description":"","type":"hostname","list":["good.example.org"]}"#;
    let (list, _) = vedetta_indicator::WarningList::parse(list).unwrap();
    let mine = || Mine {
        harmless: WarningLists::build(std::slice::from_ref(&list)).unwrap(),
        ..Mine::default()
    };
    let (mut known, ..) = Known::open(&path, mine(), (u64::MAX, NOW)).unwrap();
    let lines = [
        line(1, 1, "[domain-name:value = 'good.example.org']", ""),
        line(2, 2, "[domain-name:value = 'bad.example.org']", ""),
    ];
    let changes = known.take(&lines.join("\n"), NOW).unwrap();
    assert_eq!(indicators(&changes), (1, 1));
    let (_, all, _) = Known::open(&path, mine(), (u64::MAX, NOW)).unwrap();
    assert_eq!(all.len(), 1);
}

#[test]
fn the_nodes_lists_and_decay_are_taken_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let lines = [
        line(1, 1, "[domain-name:value = 'good.example.org']", ""),
        line(2, 2, "[domain-name:value = 'bad.example.org']", ""),
    ];
    known.take(&lines.join("\n"), NOW).unwrap();
    let list = r#"{"name":"n","version":1,"description":"","type":"hostname","list":["good.example.org"]}"#;
    let decay: DecayTable = serde_json::from_str(r#"{"confidence":37,"kinds":{}}"#).unwrap();
    assert_ne!(decay, DecayTable::default());
    let measures = Measures { digest: "d".into(), decay: decay.clone(), lists: vec![list.into()] };
    let Change::All(all) = known.measure(measures, NOW).unwrap() else { panic!("all") };
    assert_eq!((all.len(), all.decay()), (1, &decay));
    let (known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((all.len(), all.decay(), known.measures()), (1, &decay, "d"));
    std::fs::write(directory.path().join("measures.json"), "{\"dig").unwrap();
    let (known, all, _) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!((all.len(), known.measures()), (2, ""), "torn, it is asked again");
}

#[test]
fn patterns_of_several_values_are_watched_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let pattern = "[domain-name:value = 'bad.example.org'] FOLLOWEDBY [file:name = 'a.exe']";
    let changes = known.take(&line(1, 1, pattern, ""), NOW).unwrap();
    let [Change::Indicators { added, patterns, .. }] = &changes[..] else { panic!("one") };
    assert_eq!((added.len(), patterns.len()), (0, 1));
    let simple = line(2, 2, "[domain-name:value = 'bad.example.org']", "");
    let changes = known.take(&simple, NOW).unwrap();
    let [Change::Indicators { patterns, .. }] = &changes[..] else { panic!("one") };
    assert!(patterns.is_empty(), "the table finds it");
    let (_, _, patterns) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    assert_eq!(patterns.len(), 1);
}

#[test]
fn rules_travel_as_items_and_a_bad_one_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, ..) = Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
    let rule = "title: T\\nid: 1\\nlogsource:\\n  product: windows\\ndetection:\\n  s:\\n    A: b\\n  condition: s\\n";
    let sigma = |place, n, rule: &str| {
        line(place, n, rule, "").replace("\"pattern_type\":\"stix\"", "\"pattern_type\":\"sigma\"")
    };
    let everything = rule.replace("A: b", "A: '*'");
    let lines = [sigma(1, 1, rule), sigma(2, 2, "title: ["), sigma(3, 3, &everything)];
    let changes = known.take(&lines.join("\n"), NOW).unwrap();
    let [.., Change::Rules(made)] = &changes[..] else { panic!("rules") };
    assert_eq!((made.0.all().len(), made.2), (1, 2));
    assert_eq!(made.0.all()[0].file, "indicator--00000000-0000-4000-8000-000000000001");
}

/// A line of the stream, of one of those who brought the item.
fn of(whose: &str, line: &str) -> String {
    line.replacen(r#","object""#, &format!(r#","line":"{whose}","object""#), 1)
}

const GOOD: &str = "[domain-name:value = 'bad.example.org']";
const OTHER: &str = "[domain-name:value = 'other.example.org']";

/// What is looked for after a restart.
fn kept(path: &Path) -> Vec<String> {
    let (known, ..) = Known::open(path, Mine::default(), (0, NOW)).unwrap();
    known.late.iter().map(|(_, term, _)| term.value().to_owned()).collect()
}

#[test]
fn what_one_of_them_takes_back_is_looked_for_as_the_others_say() {
    let item = r#""item":"indicator--00000000-0000-4000-8000-000000000001""#;
    let over = r#","valid_until":"2026-01-02T00:00:00Z""#;
    for end in [
        of("000b", &line(3, 1, OTHER, r#","revoked":true"#)),
        of("000b", &line(3, 1, OTHER, over)),
        format!(r#"{{"withdrawn":{{{item},"version":"2026-01-01T00:00:00Z","line":"000b"}}}}"#),
        format!(r#"{{"line-withdrawn":{{{item},"line":"000b"}}}}"#),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("known.jsonl");
        let (mut known, mut all, _) = Known::open(&path, Mine::default(), (0, NOW)).unwrap();
        let both = [of("000a", &line(1, 1, GOOD, "")), of("000b", &line(2, 1, OTHER, ""))];
        for lines in [both.join("\n"), end.clone()] {
            for change in known.take(&lines, NOW).unwrap() {
                let Change::Indicators { added, removed, .. } = change else { panic!("one") };
                all = all.changed(&added, &removed);
            }
        }
        assert_eq!((all.len(), kept(&path)), (1, vec!["bad.example.org".to_owned()]), "{end}");
        // A node that does not tell them apart speaks of all.
        let changes = known.take(&format!(r#"{{"withdrawn":{{{item}}}}}"#), NOW).unwrap();
        let [Change::Indicators { removed, .. }] = &changes[..] else { panic!("one") };
        assert_eq!((all.changed(&[], removed).len(), kept(&path).len()), (0, 0), "{end}");
    }
}

#[test]
fn what_was_kept_before_lines_were_told_apart_is_of_who_speaks_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known.jsonl");
    let (mut known, mut all, _) = Known::open(&path, Mine::default(), (0, NOW)).unwrap();
    for lines in [line(1, 1, OTHER, ""), of("000a", &line(2, 1, GOOD, ""))] {
        for change in known.take(&lines, NOW).unwrap() {
            let Change::Indicators { added, removed, .. } = change else { panic!("one") };
            all = all.changed(&added, &removed);
        }
    }
    assert_eq!((all.len(), kept(&path)), (1, vec!["bad.example.org".to_owned()]));
}
