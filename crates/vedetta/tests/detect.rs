//! `vedetta detect` and `vedetta pattern`, as they are used alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn vedetta(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vedetta")).args(words).output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }
}

const RULE: &str = "\
title: Shadow copies deleted
id: 28bb3599-77cd-5a82-a950-b5bc3caf07c4
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\vssadmin.exe'
    CommandLine|contains|all: [delete, shadows]
  condition: selection
level: high
tags: [attack.t1490]
";
const EVENT: &str = r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2026-02-25 06:13:20.000","Computer":"pc-1.example.org","Image":"C:\\Windows\\System32\\vssadmin.exe","CommandLine":"vssadmin delete shadows /all","Hashes":"MD5=D41D8CD98F00B204E9800998ECF8427E"}"#;

#[test]
fn a_finding_a_line_and_how_it_went() {
    let bench = Bench::new();
    let rules = bench.put("rules/a/one.yml", RULE);
    let rules = Path::new(&rules).parent().unwrap().parent().unwrap().display().to_string();
    let events = bench.put("events.json", format!("{EVENT}\n{{\"x\":1}}\n"));
    let output = vedetta(&["detect", "--rules", &rules, "--events", &events, "--json"]);
    assert!(output.status.success(), "{}", error(&output));
    let [found] = &lines(&output)[..] else { panic!("one: {output:?}") };
    assert_eq!(found["rule_id"], "28bb3599-77cd-5a82-a950-b5bc3caf07c4");
    assert_eq!(
        (&found["title"], &found["level"]),
        (&"Shadow copies deleted".into(), &"high".into())
    );
    assert_eq!((&found["line"], &found["event"]["EventID"]), (&1.into(), &1.into()));
    assert!(error(&output).contains("1 rules, 0 refused"), "{}", error(&output));
    let grouped =
        vedetta(&["detect", "--rules", &rules, "--events", &events, "--json", "--grouped"]);
    assert_eq!(lines(&grouped)[0]["count"], 1);
}

#[test]
fn what_cannot_be_used_is_named_and_the_exit_code_tells_it() {
    let bench = Bench::new();
    let bad = bench.put("rules/bad.yml", RULE.replace("|endswith", "|re").replace("'\\", "'(?="));
    bench.put("rules/good.yml", RULE);
    let rules = Path::new(&bad).parent().unwrap().display().to_string();
    let events = bench.put("events.json", format!("{EVENT}\n{{\"broken\": \n"));
    let output = vedetta(&["detect", "--rules", &rules, "--events", &events, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    assert_eq!(lines(&output).len(), 1);
    let said = error(&output);
    assert!(said.contains("bad.yml:6: ") && said.contains("1 lines not-json"), "{said}");
    let none = vedetta(&["detect", "--rules", &rules, "--events", "/nowhere/events.json"]);
    assert_eq!(none.status.code(), Some(3), "{}", error(&none));
    assert!(error(&none).contains("/nowhere/events.json"));
    let empty =
        Path::new(&bench.put("empty/notes.txt", "")).parent().unwrap().display().to_string();
    let none = vedetta(&["detect", "--rules", &empty, "--events", &events]);
    assert_eq!(none.status.code(), Some(3), "{}", error(&none));
    assert!(error(&none).contains("there is no rule in it"), "{}", error(&none));
    let torn = bench.put("torn.yml", "title: T\nid: [a, b\nlevel: high\n");
    let output = vedetta(&["detect", "--rules", &torn, "--events", &events]);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    assert!(error(&output).contains("torn.yml:3:6: "), "{}", error(&output));
    assert_eq!(vedetta(&["detect", "--events", &events]).status.code(), Some(2));
}

/// An event log of Windows with three processes, as `vedetta-intake` keeps it for its tests.
fn event_log() -> Vec<u8> {
    const CHUNK: &[u8] = include_bytes!("../../vedetta-intake/tests/corpus/evtx/three-records");
    let mut log = vec![0; 4_096 + 65_536];
    log[..8].copy_from_slice(b"ElfFile\0");
    log[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
    log[120] = 4;
    log[4_096..4_096 + CHUNK.len()].copy_from_slice(CHUNK);
    log
}

#[test]
fn event_logs_of_windows_are_read_as_they_are() {
    let bench = Bench::new();
    let (rules, log) = (bench.put("r.yml", RULE), bench.put("Security.evtx", event_log()));
    let output = vedetta(&["detect", "--rules", &rules, "--events", &log, "--json"]);
    assert!(output.status.success(), "{}", error(&output));
    let [found] = &lines(&output)[..] else { panic!("one") };
    assert_eq!((&found["line"], &found["why"][0]["field"]), (&41.into(), &"Image".into()));
    let mut cut = event_log();
    cut.truncate(20_000);
    let cut = bench.put("cut.evtx", cut);
    let output = vedetta(&["detect", "--rules", &rules, "--events", &cut, "--json"]);
    assert_eq!(lines(&output).len(), 0);
}

#[test]
fn indicators_as_tables_and_patterns_of_several_values() {
    let bench = Bench::new();
    let table = bench.put(
        "i.csv",
        "type,value,confidence\ndomain,bad.example.org,80\nja3,e7d705a3286e19ea42f587b344ee6865,80\n\
         user-agent,Bad/1.0,80\nipv4,10.0.0.0/8,80\n",
    );
    let pattern =
        "[file:name = 'vssadmin.exe' AND file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']";
    let bundle = serde_json::json!({
        "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": [{
            "type": "indicator", "spec_version": "2.1",
            "id": "indicator--00000000-0000-4000-8000-000000000001",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "valid_from": "2026-02-24T00:00:00Z", "pattern": pattern, "pattern_type": "stix",
            "confidence": 80,
        }],
    });
    let bundle = bench.put("i.json", bundle.to_string());
    let events = bench.put(
        "events.json",
        format!(
            "{EVENT}\n{}\n{}\n{}\n",
            r#"{"event_type":"dns","src_ip":"10.0.0.1","dns":{"rrname":"www.bad.example.org"}}"#,
            r#"{"event_type":"tls","src_ip":"10.0.0.1","tls":{"ja3":{"hash":"e7d705a3286e19ea42f587b344ee6865"}}}"#,
            r#"{"event_type":"http","src_ip":"10.0.0.1","http":{"http_user_agent":"Bad/1.0"}}"#,
        ),
    );
    let output =
        vedetta(&["detect", "--indicators", &table, &bundle, "--events", &events, "--json"]);
    let found: Vec<_> = lines(&output).iter().map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!(found, [1, 2, 3, 4], "{}", error(&output));
    let said = error(&output);
    assert!(said.contains("10.0.0.0/8") && said.contains("and 1 patterns"), "{said}");
    assert_eq!(output.status.code(), Some(1), "one indicator was left out");
}

#[test]
fn rules_are_rewritten_by_a_pipeline() {
    let bench = Bench::new();
    let rules = bench.put("r.yml", RULE);
    let pipeline = "transformations:\n  - type: field_name_mapping\n    mapping: {Image: exe, CommandLine: args}\n  - type: change_logsource\n";
    let pipeline = bench.put("p.yml", pipeline);
    let events = bench.put("e.json", r#"{"exe":"C:\\vssadmin.exe","args":"delete shadows"}"#);
    let words =
        ["detect", "--rules", &rules, "--pipeline", &pipeline, "--events", &events, "--json"];
    assert_eq!(lines(&vedetta(&words)).len(), 1);
    let wrong = bench.put("w.yml", "transformations:\n  - type: alchemy\n");
    let output = vedetta(&["detect", "--rules", &rules, "--pipeline", &wrong, "--events", &events]);
    assert_eq!(output.status.code(), Some(3));
    assert!(error(&output).contains("line 2: transformation 1"), "{}", error(&output));
}

#[test]
fn patterns_are_checked_by_line_and_column_and_matched() {
    let bench = Bench::new();
    let good = bench.put("good.txt", "[ipv4-addr:value = '192.0.2.1']\n");
    assert!(vedetta(&["pattern", "check", &good]).status.success());
    let bad = bench.put("bad.txt", "[ipv4-addr:value = '192.0.2.1']\n\n[file:size >]\n");
    let output = vedetta(&["pattern", "check", &bad]);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &error(&output);
    assert!(told.contains(":3:13"), "{told}");
    let observed = serde_json::json!({
        "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": [
            {
                "type": "observed-data", "spec_version": "2.1",
                "id": "observed-data--00000000-0000-4000-8000-000000000001",
                "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
                "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z",
                "number_observed": 5,
                "object_refs": ["ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"],
            },
            {
                "type": "ipv4-addr", "spec_version": "2.1",
                "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", "value": "198.51.100.3",
            },
        ],
    });
    let observed = bench.put("seen.json", observed.to_string());
    for (pattern, matched) in [
        ("[ipv4-addr:value = '198.51.100.3'] REPEATS 5 TIMES WITHIN 60 SECONDS", true),
        ("[ipv4-addr:value = '198.51.100.3'] REPEATS 6 TIMES WITHIN 60 SECONDS", false),
    ] {
        let words = ["pattern", "match", "--pattern", pattern, "--observed", &observed, "--json"];
        let output = vedetta(&words);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["matched"], matched, "{pattern}: {}", error(&output));
        assert_eq!(answer["observations"].as_array().is_some_and(|it| !it.is_empty()), matched);
    }
}
