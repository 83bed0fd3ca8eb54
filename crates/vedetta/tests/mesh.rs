//! Nodes as processes of the real program, killed and cut off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use serde_json::Value;

/// A short trial; what it reports. It fails by itself when a node lacks something or its newest version,
/// has something twice or what is not for it, shows what was taken back or what rests on a suspended
/// agreement, or has a damaged ledger.
fn trial(words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.args(["bench", "trial", "--seconds", "8", "--rate", "25", "--json"]).args(words);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("skipped:") {
        // Seen in the test's output, as every check that could not be made.
        eprintln!("{said}");
    }
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report} {said}");
    let report: Value = serde_json::from_str(&report).unwrap();
    for happened in ["kills", "cuts", "revisions", "withdrawals", "suspensions", "suspended_ms"] {
        assert!(report[happened].as_u64() > Some(0), "{happened}: {report}");
    }
    assert_eq!(report["items"], 200, "as many on a slow machine: {report}");
    report
}

#[test]
fn killed_and_cut_off_nodes_end_with_what_is_for_them_once() {
    let report = trial(&["--seed", "7"]);
    assert_eq!(report["namespaces"], false, "{report}");
}

#[test]
fn cuts_that_nobody_is_told_of_lose_nothing() {
    let report = trial(&["--seed", "11", "--namespaces"]);
    let promised = std::env::var("VEDETTA_TEST_PROMISED").unwrap_or_default();
    let promised = promised.split(',').any(|it| it == "namespaces");
    assert!(!promised || report["namespaces"] == true, "they were promised: {report}");
}
