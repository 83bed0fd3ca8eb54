//! Playbooks as an administrator meets them at the command line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn vedetta(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.args(words).env("VEDETTA_DATA", data).output().unwrap()
}

#[test]
fn a_node_begins_with_ten_playbooks_and_takes_newer_ones() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("node");
    let made = vedetta(&data, &["init"]);
    assert!(made.status.success(), "{made:?}");
    let list = vedetta(&data, &["playbook", "list", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let all = list["playbooks"].as_array().unwrap();
    assert_eq!(all.len(), 10);
    let id = all[0]["id"].as_str().unwrap();
    let text = String::from_utf8(vedetta(&data, &["playbook", "export", id]).stdout).unwrap();
    let file = folder.path().join("ours.json");
    let file_name = file.to_str().unwrap();
    std::fs::write(&file, text.replace("\"on_true\"", "\"on_truth\"")).unwrap();
    let faulty = vedetta(&data, &["playbook", "check", file_name]);
    let told = String::from_utf8(faulty.stdout).unwrap();
    assert_eq!(faulty.status.code(), Some(5), "{told}");
    assert!(told.contains("if-condition--") && told.contains(": on_true: is missing"), "{told}");
    let mut newer: Value = serde_json::from_str(&text).unwrap();
    newer["modified"] = "2027-01-01T00:00:00.000Z".into();
    std::fs::write(&file, newer.to_string()).unwrap();
    assert!(vedetta(&data, &["playbook", "check", file_name]).status.success());
    assert!(vedetta(&data, &["playbook", "import", file_name]).status.success());
    let again = vedetta(&data, &["playbook", "import", file_name]);
    assert!(String::from_utf8(again.stderr).unwrap().contains("is there already"));
}
