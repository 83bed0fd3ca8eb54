//! The legal clocks as somebody on shift asks for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn clocks(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.arg("clocks").args(words).output().unwrap()
}

#[test]
fn a_night_of_twenty_three_hours_takes_none_from_the_deadline() {
    let output = clocks(&["--regime", "nis2", "--aware", "2026-03-28T23:30+01:00", "--json"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let due = |step: &str| {
        let line = lines.iter().find(|line| line["step"] == step).unwrap();
        (line["due"].as_str().unwrap().to_owned(), line["due_rome"].as_str().unwrap().to_owned())
    };
    let night = ("2026-03-29T22:30:00.000000Z".into(), "2026-03-30T00:30:00+02:00".into());
    assert_eq!(due("nis2:pre-notification"), night);
    assert_eq!(due("nis2:notification").1, "2026-04-01T00:30:00+02:00");
}

#[test]
fn each_regime_is_counted_from_awareness() {
    let due = |words: &[&str]| -> Vec<(String, String, bool)> {
        let aware = ["--aware", "2028-02-28T23:30+01:00", "--now", "2028-02-28T23:31+01:00"];
        let output = clocks(&[words, &aware, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = |line: Value| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("step"), text("due_rome"), line["presumed"] == true)
        };
        lines.map(told).collect()
    };
    let line = |step: &str, due: &str| (step.to_owned(), due.to_owned(), false);
    let law = due(&["--regime", "law-90"]);
    assert_eq!(law[0], line("law-90:first-report", "2028-02-29T23:30:00+01:00"));
    assert_eq!(law[1], line("law-90:full-notification", "2028-03-02T23:30:00+01:00"));
    let gdpr = due(&["--regime", "gdpr"]);
    assert_eq!(gdpr[0].1, "2028-03-02T23:30:00+01:00");
    let perimeter = due(&["--regime", "perimeter"]);
    let dues: Vec<_> = perimeter.iter().map(|it| (it.1.as_str(), it.2)).collect();
    assert_eq!(
        dues,
        [
            ("2028-02-29T00:30:00+01:00", true),
            ("2028-02-29T05:30:00+01:00", false),
            ("2028-03-02T23:30:00+01:00", false),
        ]
    );
    let known = due(&["--regime", "perimeter", "--class", "perimeter:table-1"]);
    assert_eq!(known, [line("perimeter:table-1", "2028-02-29T05:30:00+01:00")]);
}

#[test]
fn the_regimes_are_listed_for_programs_too() {
    let output = clocks(&["--json", "--language", "en"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = told["items"].as_array().unwrap();
    let nis2 = items.iter().find(|it| it["id"] == "nis2").unwrap();
    let first = &nis2["steps"][0];
    assert_eq!(
        (&first["id"], &first["within"]),
        (&"pre-notification".into(), &json!({ "hours": 24 }))
    );
    for name in ["title", "subject", "recipient", "source"] {
        assert!(nis2[name].is_string(), "{nis2}");
    }
    let shown = String::from_utf8(clocks(&["--language", "en"]).stdout).unwrap();
    assert!(items.iter().all(|it| shown.contains(it["title"].as_str().unwrap())), "{shown}");
}

#[test]
fn what_cannot_be_understood_is_named() {
    for (words, says) in [
        (&["--regime", "nis3", "--aware", "2026-03-28T23:30Z"][..], "\"nis3\""),
        (&["--regime", "nis2"], "--aware"),
        (&["--regime", "nis2", "--aware", "28/3/2026"], "28/3/2026"),
        (
            &[
                "--regime",
                "nis2",
                "--aware",
                "2026-03-28T23:30Z",
                "--sent",
                "nis2:x=2026-03-28T23:30Z",
            ],
            "nis2:x",
        ),
        (
            &["--regime", "nis2", "--aware", "2026-03-28T23:30Z", "--class", "nis2:notification"],
            "owes all its steps",
        ),
    ] {
        let output = clocks(words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn a_reader_who_has_had_enough_is_no_fault() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vedetta"))
        .arg("clocks")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
