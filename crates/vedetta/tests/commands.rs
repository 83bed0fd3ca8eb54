//! The command line as its users run it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn vedetta(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.args(words).env("VEDETTA_DATA", data).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{} {}", text(&output.stdout), text(&output.stderr)))
}

/// A node with the Italian network.
fn italy() -> TempDir {
    let data = TempDir::new().unwrap();
    let output = vedetta(data.path(), &["init", "--network", "italy"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    data
}

fn indicator(n: u8) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{n:02x}"),
        "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z",
        "pattern": format!("[ipv4-addr:value = '198.51.100.{n}']"), "pattern_type": "stix",
        "valid_from": "2026-04-06T20:03:48Z",
        "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
    })
}

#[test]
fn a_file_is_taken_in_and_its_release_explained() {
    let data = italy();
    let mut broken = indicator(2);
    broken.as_object_mut().unwrap().remove("pattern");
    let file = data.path().join("bundle.json");
    std::fs::write(&file, json!([indicator(1), broken]).to_string()).unwrap();
    let file = file.to_str().unwrap();
    let import = ["import", file, "--as", "cosc-umbria", "--json"];

    let first = vedetta(data.path(), &import);
    assert_eq!(first.status.code(), Some(1), "done in part");
    let tally = answer(&first);
    assert_eq!((&tally["accepted"], &tally["duplicates"]), (&json!(1), &json!(0)));
    assert!(tally["rejected"][0]["reason"].as_str().unwrap().contains("pattern"));
    let again = answer(&vedetta(data.path(), &import));
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(1)));

    let item = indicator(1)["id"].as_str().unwrap().to_owned();
    let why = |who| {
        let words = ["explain", "--item", &item, "--organisation", who, "--json"];
        answer(&vedetta(data.path(), &words))
    };
    let perugia = why("comune-054039");
    assert_eq!(perugia["allowed"], json!(true));
    assert_eq!(perugia["agreement"], json!("pro-c2si-umbria"));
    let todi = why("comune-054052");
    assert_eq!(todi["allowed"], json!(false));
    for reason in ["reason_it", "reason_en"] {
        assert!(todi[reason].as_str().unwrap().contains("Todi"), "{todi}");
    }
    let proof = answer(&vedetta(data.path(), &["verify", "--json"]));
    assert_eq!(proof["sound"], json!(true));
}

#[test]
fn a_table_is_taken_in_by_line_and_only_once() {
    let data = italy();
    let file = data.path().join("indicators.csv");
    let rows =
        "type,value,tlp\nipv4,203.0.113.9,GREEN\ndomain,bad[.]example,AMBER\nipv4,nonsense,\n";
    std::fs::write(&file, rows).unwrap();
    let import = ["import", file.to_str().unwrap(), "--as", "cosc-umbria", "--json"];
    let tally = answer(&vedetta(data.path(), &import));
    assert_eq!(tally["accepted"], json!(2));
    assert_eq!(tally["rejected"][0]["place"], json!("line 4"));
    assert_eq!(answer(&vedetta(data.path(), &import))["duplicates"], json!(2));
}

#[test]
fn a_file_cut_short_leaves_nothing_behind() {
    let data = italy();
    let file = data.path().join("cut.json");
    let whole = json!([indicator(1), indicator(2)]).to_string();
    std::fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    let before = answer(&vedetta(data.path(), &["verify", "--json"]));
    let output = vedetta(data.path(), &["import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cut.json"), "{}", text(&output.stderr));
    assert_eq!(answer(&vedetta(data.path(), &["verify", "--json"])), before);
}

#[test]
fn what_cannot_be_done_says_why_and_exits_as_documented() {
    let data = italy();
    let unknown = ["explain", "--item", "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"];
    let unknown = [&unknown[..], &["--organisation", "cnaipic"]].concat();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["init"], 2, "already"),
        (&unknown, 5, "no item"),
        (&["import", "no-such-file.json"], 3, "no-such-file.json"),
        (&["verify", "--data", "no-such-node"], 4, "no-such-node"),
    ];
    for (words, code, says) in cases {
        let output = vedetta(data.path(), words);
        assert_eq!(output.status.code(), Some(code), "{words:?} {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(says), "{words:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_demonstration_plays_ends_and_resumes() {
    let data = TempDir::new().unwrap();
    for start in 0..2 {
        let words = ["demo", "--seconds", "4", "--listen", "127.0.0.1:0"];
        let output = vedetta(data.path(), &words);
        let shown = text(&output.stdout);
        assert!(output.status.success(), "start {start}: {shown} {}", text(&output.stderr));
        assert!(shown.contains("organisations are connected live over TLS"), "{shown}");
        assert!(shown.contains("why did they get it"), "start {start}: {shown}");
    }
    assert_eq!(answer(&vedetta(data.path(), &["verify", "--json"]))["sound"], json!(true));
}

#[test]
fn the_fan_out_loses_nothing_and_doubles_nothing() {
    let data = TempDir::new().unwrap();
    let words = ["bench", "fanout", "--subscribers", "60", "--rate", "20", "--seconds", "2"];
    let output = vedetta(data.path(), &[&words[..], &["--json"]].concat());
    let report = answer(&output);
    assert_eq!(report["items"], json!(40), "{report}");
    assert_eq!(report["deliveries_received"], report["deliveries_expected"], "{report}");
    assert_eq!((&report["lost"], &report["duplicated"]), (&json!(0), &json!(0)));
}
