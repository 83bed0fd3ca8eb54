//! The command line as its users run it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "commands/administration.rs"]
mod administration;
#[path = "beside/database.rs"]
mod database;
#[path = "commands/measurements.rs"]
mod measurements;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::Database;

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

#[test]
fn a_mistyped_directory_is_no_new_node() {
    let nowhere = TempDir::new().unwrap();
    let typo = nowhere.path().join("vedeta");
    for words in [
        &["serve"][..],
        &["verify"],
        &[
            "explain",
            "--item",
            "indicator--00000000-0000-4000-8000-000000000000",
            "--organisation",
            "cnaipic",
        ],
    ] {
        let output = vedetta(&typo, words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!typo.exists(), "{words:?} made a directory");
    }
    let said = text(&vedetta(&typo, &["serve"]).stderr);
    assert!(said.contains("there is no node") && said.contains("vedetta init --data"), "{said}");
}

/// What a program is told of a refusal: on standard output, where its answer would be.
#[track_caller]
fn refused(data: &Path, words: &[&str], exit: i32, code: &str) -> Value {
    let output = vedetta(data, &[words, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(exit), "{words:?}: {}", text(&output.stderr));
    let told = answer(&output);
    assert_eq!((&told["code"], &told["exit"]), (&json!(code), &json!(exit)), "{words:?}: {told}");
    assert!(told["detail"].as_str().is_some_and(|it| !it.is_empty()), "{words:?}: {told}");
    assert!(told["what_to_do"].as_str().is_some_and(|it| !it.is_empty()), "{words:?}: {told}");
    assert!(!output.stderr.is_empty(), "{words:?}: people are told too");
    told
}

#[test]
fn a_program_is_told_of_every_refusal_in_json() {
    let data = italy();
    let (node, nowhere) = (data.path(), data.path().join("nowhere"));
    let item = "indicator--00000000-0000-4000-8000-000000000000";
    let explain = ["explain", "--item", item, "--organisation", "comune-054039"];
    let told = refused(node, &explain, 5, "unknown");
    assert_eq!(told["type"], "/api/v1/openapi.json#/x-problems/unknown");
    refused(node, &["item", "holders", item], 5, "unknown");
    refused(node, &["item", "withdraw", item, "--reason", "x"], 5, "unknown");
    let told = refused(node, &["agreement", "show", "nessuno"], 5, "unknown");
    assert!(told["what_to_do"].as_str().unwrap().contains("vedetta agreement list"), "{told}");
    refused(node, &["agreement", "start", "pro-c2si-umbria"], 5, "conflict");
    refused(node, &["peer", "suspend", "cosc-umbria", "--reason", "x"], 5, "unknown");
    refused(node, &["playbook", "export", "playbook--nessuno"], 5, "unknown");
    refused(node, &["issue", "--account", "nessuno"], 5, "unknown");
    let file = node.join("agreement.toml");
    std::fs::write(&file, "id = 7\n").unwrap();
    let told = refused(node, &["agreement", "put", file.to_str().unwrap()], 5, "invalid");
    assert!(told["where"].as_str().unwrap().ends_with("agreement.toml"), "{told}");
    let missing = node.join("missing.json");
    let missing = missing.to_str().unwrap();
    assert_eq!(refused(node, &["import", missing], 3, "unreadable")["where"], missing);
    assert_eq!(refused(node, &["mail", "check", missing], 3, "unreadable")["where"], missing);
    refused(node, &["bench", "fanout", "--subscribers", "0"], 2, "usage");
    refused(node, &["bench", "console", "--officers", "0"], 2, "usage");
    refused(node, &["verify", "--head", "zz"], 2, "usage");
    refused(node, &["explain", "--item", item], 2, "usage");
    refused(node, &["verify", "--colour"], 2, "usage");
    for words in [&explain[..], &["verify"], &["agreement", "list"], &["import", missing]] {
        if words[0] != "import" {
            refused(&nowhere, words, 2, "usage");
        }
    }
    let sensor = nowhere.to_str().unwrap();
    refused(node, &["sensor", "status", "--dir", sensor], 2, "sensor");
    refused(node, &["sensor", "what-leaves", "--dir", sensor], 2, "sensor");
    let years = ["token", "issue", "siem", "--purpose", "SIEM", "--days", "900"];
    refused(node, &years, 2, "usage");
    let sheet = node.join("assets.xls");
    refused(node, &["directory", "export", sheet.to_str().unwrap()], 2, "usage");
    assert!(!sheet.exists());
    let said = text(&vedetta(node, &["serve", "--listen", "localhost"]).stderr);
    assert!(said.contains("address:port"), "{said}");
    // The same words where a node runs, which refuses over its socket.
    let _running = Running::start(node);
    refused(node, &explain, 5, "unknown");
    refused(node, &["agreement", "start", "pro-c2si-umbria"], 5, "conflict");
}

#[test]
fn an_init_that_fails_leaves_nothing() {
    let data = TempDir::new().unwrap();
    let output = vedetta(data.path(), &["init", "--ledger", "mysql://example.org/x"]);
    assert!(!output.status.success());
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    assert!(vedetta(data.path(), &["init"]).status.success());
}

/// A node that runs until dropped.
struct Running {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(data: &Path) -> Self {
        Self::with(data, &[], Stdio::null())
    }

    fn with(data: &Path, words: &[&str], log: Stdio) -> Self {
        let mut node = Self::of(data, &[&["serve"], words].concat(), log);
        assert!(node.line().starts_with("listening on"));
        node
    }

    fn of(data: &Path, words: &[&str], log: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
        command.args(words).args(["--listen", "127.0.0.1:0"]);
        command.env("VEDETTA_DATA", data).env("VEDETTA_LOG_JSON", "1").env("RUST_LOG", "info");
        command.stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
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
fn an_authority_is_asked_to_certify_the_nodes_key() {
    let data = italy();
    let words = ["peer", "request", "node.example.org", "192.0.2.7"];
    let printed = text(&vedetta(data.path(), &words).stdout);
    assert!(printed.starts_with("-----BEGIN CERTIFICATE REQUEST-----"), "{printed}");
    let told = answer(&vedetta(data.path(), &[&words[..], &["--json"]].concat()));
    assert_eq!(told, json!({ "names": &words[2..], "pem": printed }));
    refused(data.path(), &["peer", "request", "città.example"], 5, "invalid");
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
fn who_imports_what_was_withdrawn_is_told() {
    let data = italy();
    let file = data.path().join("item.json");
    let import = ["import", file.to_str().unwrap()];
    let mut item = indicator(1);
    std::fs::write(&file, item.to_string()).unwrap();
    assert!(vedetta(data.path(), &import).status.success());
    let withdraw = ["item", "withdraw", item["id"].as_str().unwrap(), "--reason", "Errore"];
    assert!(vedetta(data.path(), &withdraw).status.success());
    item["modified"] = json!("2026-04-07T00:00:00.000Z");
    std::fs::write(&file, item.to_string()).unwrap();
    let said = text(&vedetta(data.path(), &import).stdout);
    assert!(said.contains("warning: your organisation withdrew this item"), "{said}");
    assert!(said.contains("1 accepted, 0 duplicates, 0 rejected, "), "{said}");
    let again = answer(&vedetta(data.path(), &[&import[..], &["--json"]].concat()));
    assert_eq!(again["rejected"][0]["rule"], json!("withdrawn"), "{again}");
    item["modified"] = json!("2026-04-08T00:00:00.000Z");
    std::fs::write(&file, item.to_string()).unwrap();
    let later = answer(&vedetta(data.path(), &[&import[..], &["--json"]].concat()));
    let warnings = later["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|it| it["rule"] == "withdrawn"), "{later}");
    assert_eq!((&later["accepted"], &later["warnings_count"]), (&json!(1), &json!(warnings.len())));
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
    let said = text(&vedetta(data.path(), &import[..4]).stdout);
    assert!(said.contains("indicators.csv: line 4: \"nonsense\""), "{said}");
}

#[test]
fn one_file_that_cannot_be_read_keeps_the_others_from_nobody() {
    let data = italy();
    let inbox = data.path().join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join("a.json"), "[{").unwrap();
    std::fs::write(inbox.join("b.json"), indicator(1).to_string()).unwrap();
    std::fs::write(inbox.join(".hidden.json"), "[{").unwrap();
    let import = vedetta(data.path(), &["import", inbox.to_str().unwrap(), "--json"]);
    assert_eq!(import.status.code(), Some(1), "done in part");
    let tally = answer(&import);
    assert_eq!((&tally["accepted"], &tally["rejected_count"]), (&json!(1), &json!(1)));
    assert_eq!(tally["rejected"][0]["rule"], json!("unreadable"));
    let alone = inbox.join("a.json");
    let alone = vedetta(data.path(), &["import", alone.to_str().unwrap()]);
    assert_eq!(alone.status.code(), Some(3), "nothing was done");
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
        (&["verify", "--data", "no-such-node"], 2, "no-such-node"),
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
    let words = ["demo", "--json", "--seconds", "2", "--listen", "127.0.0.1:0"];
    let output = vedetta(data.path(), &words);
    let told: Vec<Value> =
        text(&output.stdout).lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(told[0]["node"].as_str().unwrap().starts_with("https://127.0.0.1:"), "{told:?}");
    let row = &told[1];
    assert_eq!((&row["tlp"], &row["received"]), (&json!("TLP:AMBER"), &row["connected"]), "{row}");
    assert!(row["p50_ms"].is_u64() && row["last_ms"].is_u64(), "{row}");
    let reasons: Vec<_> = told.iter().filter(|it| it["reason_it"].is_string()).collect();
    assert!(reasons.len() == 4 && reasons.iter().all(|it| it["reason_en"].is_string()), "{told:?}");
    assert_eq!(told.last().unwrap()["ended"], json!(true));
    assert_eq!(answer(&vedetta(data.path(), &["verify", "--json"]))["sound"], json!(true));
}

#[test]
fn a_demonstration_that_is_interrupted_ends_well_and_resumes() {
    let data = TempDir::new().unwrap();
    let mut node = Running::of(data.path(), &["demo"], Stdio::null());
    let mut shown = String::new();
    while !shown.contains("Ondata di phishing") {
        let line = node.line();
        assert!(!line.is_empty(), "it ended: {shown}");
        shown += &line;
    }
    node.signal("-INT");
    node.said.read_to_string(&mut shown).unwrap();
    assert_eq!(node.process.wait().unwrap().code(), Some(0), "{shown}");
    assert!(shown.ends_with("closed; start it again to resume\n"), "{shown}");
    assert!(!shown.contains("still serving"), "the story was not told to its end: {shown}");
    let sound = || answer(&vedetta(data.path(), &["verify", "--json"]));
    let before = sound();
    assert_eq!(before["sound"], json!(true));
    let again = vedetta(data.path(), &["demo", "--seconds", "1", "--listen", "127.0.0.1:0"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let after = sound();
    assert_eq!(after["sound"], json!(true));
    assert!(after["entries"].as_u64() > before["entries"].as_u64(), "it went on: {after}");
}

#[test]
fn completions_know_the_commands_in_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = vedetta(Path::new("no-such-node"), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("explain"), "{shell}");
    }
}

#[test]
fn the_fan_out_loses_nothing_and_doubles_nothing() {
    let data = TempDir::new().unwrap();
    let words = ["bench", "fanout", "--subscribers", "60", "--rate", "20", "--seconds", "2"];
    let output = vedetta(data.path(), &[&words[..], &["--json"]].concat());
    let report = answer(&output);
    assert_eq!(report["items"], json!(40), "{report}");
    assert_eq!(report["deliveries_received"], report["deliveries_expected"], "{report}");
    assert_eq!(report["deliveries_expected"], json!(40 * 60), "{report}");
    for none in ["refused", "lost", "duplicated"] {
        assert_eq!(report[none], json!(0), "{none}: {report}");
    }
    let figure = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"));
    assert!(figure("p50_ms") <= figure("p99_ms") && figure("p99_ms") > 0, "{report}");
    assert!(figure("rss_mib") > 0, "{report}");
}

/// What commands say and how they end, one after the other.
fn story(data: &Path, input: &Path) -> Vec<(Option<i32>, String, String)> {
    let item = indicator(1)["id"].as_str().unwrap().to_owned();
    let (bundle, table) = (input.join("bundle.json"), input.join("table.csv"));
    let (bundle, table) = (bundle.to_str().unwrap(), table.to_str().unwrap());
    let out = input.to_str().unwrap();
    let siem = ["account", "put", "siem", "--name", "SIEM", "--organisation", "comune-054039"];
    let siem = [&siem[..], &["--role", "machine"]].concat();
    let commands: [&[&str]; 11] = [
        &["import", bundle, table, "--as", "cosc-umbria", "--json"],
        &["import", bundle, "--as", "cosc-umbria"],
        &["import", bundle, "--as", "nobody"],
        &["import", table],
        &["explain", "--item", &item, "--organisation", "comune-054039", "--json"],
        &["explain", "--item", &item, "--organisation", "comune-054052"],
        &["explain", "--item", &item, "--organisation", "nobody"],
        &["issue", "--account", "nobody", "--out", out],
        &["issue", "--account", "administrator", "--out", out],
        &siem,
        &["issue", "--account", "siem", "--out", out],
    ];
    let said = commands.iter().map(|words| {
        let output = vedetta(data, words);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    });
    said.collect()
}

#[test]
fn commands_say_and_do_the_same_beside_a_running_node() {
    let input = TempDir::new().unwrap();
    let mut broken = indicator(2);
    broken.as_object_mut().unwrap().remove("pattern");
    let bundle = json!([indicator(1), broken]).to_string();
    std::fs::write(input.path().join("bundle.json"), bundle).unwrap();
    let table = "type,value,tlp\nipv4,203.0.113.9,GREEN\nipv4,nonsense,\n";
    std::fs::write(input.path().join("table.csv"), table).unwrap();

    let (stopped, served) = (italy(), italy());
    let alone = story(stopped.path(), input.path());
    let codes: Vec<_> = alone.iter().map(|(code, ..)| code.unwrap()).collect();
    assert_eq!(codes, [1, 1, 5, 1, 0, 0, 5, 5, 5, 0, 0], "{alone:?}");
    let mut node = Running::start(served.path());
    assert_eq!(story(served.path(), input.path()), alone);
    let socket = served.path().join("node.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    node.signal("-TERM");
    assert_eq!(node.line(), "closed\n");
    assert!(!socket.exists(), "it goes with the node");
    for data in [&stopped, &served] {
        assert_eq!(answer(&vedetta(data.path(), &["verify", "--json"]))["sound"], json!(true));
    }
}

#[test]
fn a_socket_that_a_killed_node_left_behind_is_in_nobodys_way() {
    let data = italy();
    let file = data.path().join("bundle.json");
    std::fs::write(&file, json!([indicator(1)]).to_string()).unwrap();
    let import = ["import", file.to_str().unwrap(), "--as", "cosc-umbria", "--json"];
    drop(Running::start(data.path()));
    assert!(data.path().join("node.sock").exists());
    assert_eq!(answer(&vedetta(data.path(), &import))["accepted"], json!(1));
    let _again = Running::start(data.path());
    assert_eq!(answer(&vedetta(data.path(), &import))["duplicates"], json!(1));
}

/// Waits until the log of a node says that so many files were taken in.
fn taken_in(node: &mut Running, files: usize) {
    let log = BufReader::new(node.process.stderr.take().unwrap());
    let lines = log.lines().map(Result::unwrap).filter(|line| line.contains("\"taken in\""));
    assert_eq!(lines.take(files).count(), files);
}

fn report(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_appears_in_a_watched_directory_is_taken_in_and_put_away() {
    let (data, inbox) = (italy(), TempDir::new().unwrap());
    let path = |name: &str| inbox.path().join(name);
    let mut broken = indicator(2);
    broken.as_object_mut().unwrap().remove("pattern");
    let bundle = json!([indicator(1), broken]).to_string();
    std::fs::write(path("bundle.json"), &bundle).unwrap();
    std::fs::write(path("table.csv"), "type;value\nipv4;203.0.113.9\nipv4;nonsense\n").unwrap();
    std::fs::write(path("cut.json"), &bundle[..bundle.len() - 9]).unwrap();
    std::fs::write(path("nonsense.csv"), "type,value\nipv4,nonsense\n").unwrap();
    std::fs::write(path("readme.txt"), "left alone").unwrap();
    let words = ["--watch", inbox.path().to_str().unwrap()];
    let mut node = Running::with(data.path(), &words, Stdio::piped());
    taken_in(&mut node, 4);
    drop(node);

    let done = report(&path("done/bundle.json.report.json"));
    assert_eq!((&done["accepted"], &done["duplicates"]), (&json!(1), &json!(0)));
    assert!(done["rejected"][0]["reason"].as_str().unwrap().contains("pattern"), "{done}");
    assert_eq!(report(&path("done/table.csv.report.json"))["rejected"][0]["place"], "line 3");
    let cut = report(&path("refused/cut.json.report.json"));
    assert!(cut["reason"].as_str().unwrap().contains("not whole"), "{cut}");
    assert_eq!(report(&path("refused/nonsense.csv.report.json"))["rejected"][0]["place"], "line 2");
    assert_eq!(std::fs::read_to_string(path("readme.txt")).unwrap(), "left alone");

    // The same file again, as after a stop before it was put away: nothing changes.
    std::fs::write(path("bundle.json"), &bundle).unwrap();
    let mut node = Running::with(data.path(), &words, Stdio::piped());
    taken_in(&mut node, 1);
    node.signal("-TERM");
    assert_eq!(node.line(), "closed\n");
    let again = report(&path("done/2-bundle.json.report.json"));
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(1)));
}

#[test]
fn a_node_that_could_not_be_made_can_be_tried_again() {
    let data = TempDir::new().unwrap();
    let unmade = |words: &[&str], code| {
        let output = vedetta(data.path(), words);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert!(!data.path().join("vedetta.toml").exists());
    };
    unmade(&["init", "--network", "italy", "--organisation", "nessuno"], 2);
    unmade(&["init", "--ledger", "postgres://127.0.0.1:1/nowhere"], 4);
    let made = answer(&vedetta(data.path(), &["init", "--network", "italy", "--json"]));
    assert_eq!(
        (&made["organisation"], &made["account"]),
        (&json!("cnaipic"), &json!("administrator"))
    );
    assert_eq!(made["password"].as_str().map(str::len), Some(20));
    let out = data.path().join("out");
    let (out, account) = (out.to_str().unwrap(), "siem");
    let siem = ["account", "put", account, "--name", "SIEM", "--organisation", "cosc-umbria"];
    let siem = [&siem[..], &["--role", "machine"]].concat();
    assert_eq!(vedetta(data.path(), &siem).status.code(), Some(0));
    let issued =
        answer(&vedetta(data.path(), &["issue", "--account", account, "--out", out, "--json"]));
    assert_eq!(issued["fingerprint"].as_str().map(str::len), Some(64));
    for file in issued["files"].as_array().unwrap() {
        assert!(Path::new(file.as_str().unwrap()).is_file(), "{file}");
    }
    let mode = data.path().join("vedetta.toml").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn overdue_acknowledgements_are_listed_by_a_node_stopped_and_running() {
    let data = italy();
    let words = ["agreement", "overdue", "--organisation", "comune-054039", "--json"];
    let none = json!({ "items": [] });
    assert_eq!(answer(&vedetta(data.path(), &words)), none);
    let _node = Running::start(data.path());
    assert_eq!(answer(&vedetta(data.path(), &words)), none);
}

/// Brings one indicator to a node.
fn bring(data: &Path, n: u8) {
    let file = data.join(format!("{n}.json"));
    std::fs::write(&file, indicator(n).to_string()).unwrap();
    let import = ["import", file.to_str().unwrap(), "--as", "cosc-umbria", "--json"];
    assert_eq!(answer(&vedetta(data, &import))["accepted"], json!(1));
}

/// The head of a ledger, as one writes it down: `HASH@ENTRIES`.
fn head(data: &Path) -> String {
    let sound = answer(&vedetta(data, &["verify", "--json"]));
    format!("{}@{}", sound["head"].as_str().unwrap(), sound["entries"])
}

/// Whether a ledger is sound and has a head that was kept; why not.
fn has_head(data: &Path, head: &str) -> Result<(), String> {
    let output = vedetta(data, &["verify", "--head", head, "--json"]);
    let found = answer(&output);
    let sound = found["sound"] == json!(true);
    assert_eq!(output.status.code(), Some(i32::from(!sound)), "{found}");
    if sound { Ok(()) } else { Err(found["reason"].as_str().unwrap().to_owned()) }
}

#[track_caller]
fn keeps_heads(now: &Path, before: &Path, [old, new]: [&str; 2]) {
    for kept in [old, new, new.split_once('@').unwrap().0] {
        assert_eq!(has_head(now, kept), Ok(()), "{kept}");
    }
    assert_eq!(has_head(before, old), Ok(()));
    for lost in [new, new.split_once('@').unwrap().0] {
        let why = has_head(before, lost).unwrap_err();
        assert!(why.contains("cut or rewritten"), "{why}");
    }
    let elsewhere = format!("{}@1", new.split_once('@').unwrap().0);
    assert!(has_head(now, &elsewhere).is_err(), "it is of another place");
}

#[test]
fn a_head_that_was_kept_shows_a_ledger_that_was_cut() {
    let (data, copy) = (italy(), TempDir::new().unwrap());
    bring(data.path(), 1);
    let old = head(data.path());
    for name in ["vedetta.toml", "ledger.db"] {
        std::fs::copy(data.path().join(name), copy.path().join(name)).unwrap();
    }
    bring(data.path(), 2);
    let new = head(data.path());
    keeps_heads(data.path(), copy.path(), [&old, &new]);
}

/// No command takes a node for a new one because its ledger was lost.
#[track_caller]
fn is_lost(data: &Path, place: &str, commands: &[&[&str]]) {
    for words in commands {
        let told = refused(data, words, 4, "ledger");
        let said = told.to_string();
        for part in [place, "missing or empty", "restore a backup", "vedetta init"] {
            assert!(said.contains(part), "{words:?}: {said}");
        }
    }
    let serve = vedetta(data, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(serve.status.code(), Some(4), "{}", text(&serve.stdout));
    let said = text(&serve.stderr);
    assert!(said.contains(place) && said.contains("missing or empty"), "{said}");
}

#[test]
fn a_node_whose_ledger_was_lost_does_not_begin_anew() {
    let data = italy();
    let ledger = data.path().join("ledger.db");
    let file = data.path().join("one.json");
    std::fs::write(&file, indicator(1).to_string()).unwrap();
    let writes = ["import", file.to_str().unwrap()];
    let reads = ["agreement", "list"];
    std::fs::remove_file(&ledger).unwrap();
    is_lost(data.path(), "ledger.db", &[&writes, &reads]);
    assert!(!ledger.exists());
    std::fs::write(&ledger, "").unwrap();
    is_lost(data.path(), "ledger.db", &[&writes]);
    assert_eq!(ledger.metadata().unwrap().len(), 0);
}

#[test]
fn a_node_whose_ledger_on_postgresql_was_lost_does_not_begin_anew() {
    let Some(database) = Database::new("vedetta_lost") else { return };
    let data = TempDir::new().unwrap();
    let init = vedetta(data.path(), &["init", "--ledger", &database.address()]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    let mut client = postgres::Client::connect(&database.address(), postgres::NoTls).unwrap();
    client.batch_execute("DROP SCHEMA vedetta CASCADE; CREATE SCHEMA vedetta").unwrap();
    is_lost(data.path(), "schema vedetta", &[&["agreement", "list"]]);
}

#[test]
fn of_a_ledger_that_was_cut_off_it_is_said_what_it_is_and_what_to_do() {
    let data = italy();
    let file = std::fs::File::options().write(true).open(data.path().join("ledger.db")).unwrap();
    let whole = file.metadata().unwrap().len();
    for (length, reason) in [(whole / 2, "malformed"), (0, "it is empty")] {
        file.set_len(length).unwrap();
        let told = refused(data.path(), &["verify"], 4, "ledger");
        assert!(told["detail"].as_str().unwrap().contains(reason), "{told}");
        assert!(told["where"].as_str().unwrap().ends_with("ledger.db"), "{told}");
        assert!(told["what_to_do"].as_str().unwrap().contains("restore"), "{told}");
    }
}

#[test]
fn a_head_that_was_kept_shows_a_ledger_on_postgresql_that_was_cut() {
    let Some(database) = Database::new("vedetta_heads") else { return };
    let (data, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let init =
        vedetta(data.path(), &["init", "--network", "italy", "--ledger", &database.address()]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    bring(data.path(), 1);
    let old = head(data.path());
    let Some(earlier) = Database::new("vedetta_heads_earlier") else { return };
    let addresses = [database.address(), earlier.address()];
    let [of, to] = addresses.each_ref().map(|it| it.rsplit_once('=').unwrap());
    let server = of.0.rsplit_once(' ').unwrap().0;
    let mut client = postgres::Client::connect(server, postgres::NoTls).unwrap();
    client.batch_execute(&format!("DROP DATABASE {}", to.1)).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {} TEMPLATE {}", to.1, of.1)).unwrap();
    let settings = std::fs::read_to_string(data.path().join("vedetta.toml")).unwrap();
    let settings = settings.replace(&addresses[0], &addresses[1]);
    std::fs::write(copy.path().join("vedetta.toml"), settings).unwrap();
    bring(data.path(), 2);
    let new = head(data.path());
    keeps_heads(data.path(), copy.path(), [&old, &new]);
}

#[test]
fn a_node_on_postgresql_serves_and_ends_as_one_on_sqlite() {
    let Some(database) = Database::new("vedetta_commands") else { return };
    let data = TempDir::new().unwrap();
    let init =
        vedetta(data.path(), &["init", "--network", "italy", "--ledger", &database.address()]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    let another = TempDir::new().unwrap();
    let again = ["init", "--network", "italy", "--ledger", &database.address()];
    let told = refused(another.path(), &again, 5, "conflict");
    assert!(told["where"].as_str().unwrap().contains("schema vedetta"), "{told}");
    assert!(told["what_to_do"].as_str().unwrap().contains("another database"), "{told}");
    let file = data.path().join("one.json");
    std::fs::write(&file, indicator(1).to_string()).unwrap();
    let mut node = Running::start(data.path());
    let import = ["import", file.to_str().unwrap(), "--as", "cosc-umbria", "--json"];
    assert_eq!(answer(&vedetta(data.path(), &import))["accepted"], json!(1));
    let item = indicator(1)["id"].as_str().unwrap().to_owned();
    let why = ["explain", "--item", &item, "--organisation", "comune-054039", "--json"];
    assert_eq!(answer(&vedetta(data.path(), &why))["allowed"], json!(true));
    node.signal("-TERM");
    assert_eq!(node.line(), "closed\n");
    assert!(node.process.wait().unwrap().success());
    let proof = vedetta(data.path(), &["verify", "--json"]);
    assert_eq!(answer(&proof)["sound"], json!(true));
}
