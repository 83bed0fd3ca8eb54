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
