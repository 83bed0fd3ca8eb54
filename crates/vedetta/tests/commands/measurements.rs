//! What measurements tell, with sizes of which the figures say nothing.

use serde_json::Value;
use tempfile::TempDir;

use crate::database::Database;
use crate::{answer, text, vedetta};

/// What a measurement tells; each of these figures is a number above zero.
#[track_caller]
fn told(line: &[&str], figures: &[&str]) -> Value {
    let words = [&["bench"], line, &["--json"]].concat();
    let output = vedetta(TempDir::new().unwrap().path(), &words);
    assert!(output.status.success(), "{line:?}: {}", text(&output.stderr));
    let told = answer(&output);
    for figure in figures {
        assert!(told[figure].as_f64().is_some_and(|it| it > 0.0), "{line:?}: {figure}: {told}");
    }
    told
}

#[test]
fn a_clearance_is_told_in_microseconds() {
    let figures = [
        "organisations",
        "agreements",
        "p50_us",
        "p99_us",
        "preview_p99_ms",
        "preview_item_p99_ms",
    ];
    told(&["clearance", "--decisions", "20", "--previews", "2"], &figures);
}

#[test]
fn taxii_is_told_by_second() {
    let figures = ["added_per_s", "paged_per_s", "next_p99_ms"];
    let told = told(&["taxii", "--objects", "1000", "--connections", "1"], &figures);
    assert_eq!(told["objects"], 1000, "what was added is read: {told}");
}

#[test]
fn what_happens_is_on_open_pages() {
    let figures = [
        "page_p50_ms",
        "page_p95_ms",
        "page_p99_ms",
        "pages_per_s",
        "event_to_screen_p50_ms",
        "event_to_screen_p95_ms",
        "event_to_screen_p99_ms",
        "rss_mib",
        "wall_first_ms",
    ];
    let line = ["console", "--officers", "8", "--liaisons", "9", "--rate", "4", "--seconds", "3"];
    let told = told(&[&line[..], &["--incidents", "60"]].concat(), &figures);
    for (figure, value) in [("cases", 6), ("items", 6), ("lost", 0), ("refused", 0), ("broken", 0)]
    {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
}

#[test]
fn an_import_is_told_by_second_on_either_ledger() {
    let import = ["import", "--objects", "100"];
    let figures = ["objects", "objects_per_s", "rss_mib", "opened_ms", "ready_ms"];
    assert_eq!(told(&import, &figures)["store"], "sqlite");
    let Some(database) = Database::new("vedetta_measured") else { return };
    let address = database.address();
    let postgres = [&import[..], &["--store", "postgres", "--postgres", &address]].concat();
    assert_eq!(told(&postgres, &figures)["store"], "postgres");
}

#[test]
fn relevance_is_told_by_second() {
    let figures = ["lookups_per_s", "assets"];
    told(&["relevance", "--assets", "1000", "--seconds", "1"], &figures);
}

#[test]
fn items_over_three_hops_are_told_in_milliseconds() {
    let figures = ["items", "p50_ms", "p99_ms", "max_ms", "idle_octets_per_s"];
    let told = told(&["mesh", "--rate", "10", "--seconds", "2", "--idle", "12"], &figures);
    for (figure, value) in [("hops", 3), ("processes", 4), ("rate", 10), ("items", 20)] {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
    for figure in ["lost", "duplicated"] {
        assert_eq!(told[figure], 0, "{told}");
    }
    assert_eq!(told["rss_mib"].as_array().map(Vec::len), Some(4), "{told}");
}

#[test]
fn a_backlog_is_told_by_second_and_what_is_live_meanwhile_in_milliseconds() {
    let figures = ["seconds", "filled_seconds", "objects_per_s", "live", "live_p99_ms"];
    let told = told(&["mesh", "--backlog", "5000"], &figures);
    for (figure, value) in [("backlog", 5_000), ("taken", 5_000), ("lost", 0), ("live_lost", 0)] {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
}

const RULE: &str = "title: R\nid: 28bb3599-77cd-5a82-a950-b5bc3caf07c4\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s:\n    Image|endswith: '\\whoami.exe'\n  condition: s\n";

/// A folder with a rule and three events, of which it matches two.
fn rule_and_events() -> (TempDir, [String; 2]) {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let event = |image: &str| {
        format!(
            r#"{{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\{image}"}}"#
        )
    };
    let events = ["whoami.exe", "cmd.exe", "x\\\\whoami.exe"].map(event).join("\n");
    let paths = [put("r.yml", RULE), put("e.json", &events)];
    (folder, paths)
}

/// What a measurement that cannot be made says, and the code it ends with.
fn refused(line: &[&str]) -> (Option<i32>, String) {
    let words = [&["bench"], line].concat();
    let output = vedetta(TempDir::new().unwrap().path(), &words);
    assert!(output.stdout.is_empty(), "{line:?}: no figures");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn rules_over_events_are_told_by_second_beside_our_engine_without_arrangement() {
    let (_folder, [rules, events]) = rule_and_events();
    let line = ["detect", "--rules", &rules, "--events", &events, "--compare", "2"];
    let figures = ["events_per_s_core", "events_read_per_s_core", "rules_load_ms", "rss_mib"];
    let beside = [&line[..], &["--peer", "unrouted", "--peer-events", "2"]].concat();
    let told = told(&beside, &figures);
    for (figure, value) in [
        ("rules_loaded", 1),
        ("rules_failed", 0),
        ("events", 3),
        ("findings", 2),
        ("compared", 2),
        ("different", 0),
    ] {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
    let peer = &told["unrouted"];
    assert_eq!((&peer["same"], &peer["events"]), (&true.into(), &2.into()), "{told}");
    for figure in ["events_per_cpu_s", "ours_events_per_cpu_s", "ratio"] {
        assert!(peer[figure].as_f64().is_some_and(|it| it > 0.0), "{figure}: {told}");
    }
    let missing = [&line[..], &["--peer", "rsigma", "--peer-program", "/nowhere/rsigma"]].concat();
    let (code, said) = refused(&missing);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("/nowhere/rsigma") && said.contains("--peer-program"), "{said}");
    let (code, said) = refused(&[&line[..], &["--peer", "chance"]].concat());
    assert!(code == Some(2) && said.contains("unrouted, rsigma"), "{said}");
    let (code, said) = refused(&["detect", "--rules", "/nowhere", "--events", &events]);
    assert!(code == Some(3) && said.contains("/nowhere"), "{said}");
}

#[test]
fn indicators_are_told_by_second() {
    let line = ["indicators", "--indicators", "1000", "--events", "2000", "--seconds", "1"];
    let figures = ["events_per_s_core", "events", "hits", "bytes_each", "build_ms", "change_ms"];
    let told = told(&line, &figures);
    for (figure, value) in [("indicators", 1_000), ("change_of", 10_000), ("after_change", 11_000)]
    {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
    let share = told["hits"].as_f64().unwrap() / told["events"].as_f64().unwrap();
    assert!((0.000_5..0.01).contains(&share), "one in a thousand, and some networks: {told}");
}

#[test]
fn patterns_are_told_by_second_beside_stix2_matcher() {
    let line = ["patterns", "--observations", "60", "--seconds", "1"];
    let figures = ["evaluations", "evaluations_per_cpu_s"];
    let alone = told(&line, &figures);
    for (figure, value) in [("patterns", 4), ("observations", 60), ("matched", 11)] {
        assert_eq!(alone[figure], value, "{figure}: {alone}");
    }
    let with = |python: &str| {
        let peer = ["--peer", "stix2-matcher", "--peer-python", python];
        [&line[..], &peer].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let missing = with("/nowhere/python");
    let (code, said) = refused(&missing.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("/nowhere/python") && said.contains("pip install"), "{said}");
    let (code, said) = refused(&["patterns", "--observations", "0"]);
    assert!(code == Some(2) && said.contains("--observations"), "{said}");
    let Ok(python) = std::env::var("VEDETTA_PEER_PYTHON") else {
        println!("SKIPPED: no VEDETTA_PEER_PYTHON with stix2-matcher");
        return;
    };
    let beside = with(&python);
    let beside = told(&beside.iter().map(String::as_str).collect::<Vec<_>>(), &figures);
    let peer = &beside["stix2-matcher"];
    assert_eq!(peer["same"], true, "{beside}");
    assert!(peer["ratio"].as_f64().is_some_and(|it| it > 1.0), "{beside}");
}

#[test]
fn from_a_line_in_one_log_to_the_hits_of_others_is_told_in_milliseconds() {
    let line = ["sensors", "--rate", "50", "--rounds", "2", "--indicators", "300", "--rest", "1"];
    let figures = ["released_p50_ms", "matched_p99_ms", "synchronised_s", "rest_mib", "node_mib"];
    let told = told(&line, &figures);
    for (figure, value) in [("sensors", 3), ("missed", 0), ("indicators", 300)] {
        assert_eq!(told[figure], value, "{figure}: {told}");
    }
    assert_eq!(told["all_read"], true, "{told}");
    let (released, matched) = (&told["released_p50_ms"], &told["matched_p50_ms"]);
    assert!(released.as_f64() <= matched.as_f64(), "released before the others match: {told}");
    let (code, said) = refused(&["sensors", "--rounds", "many"]);
    assert!(code == Some(2) && said.contains("--rounds"), "{said}");
}
