//! Event logs that Windows wrote, where there are any: beside another reader, and under SigmaHQ's rules.
//!
//! `cargo xtask test` fetches two that come with packages of PyPI (`Security_short_selected.evtx` in the source of
//! `evtx` 0.8.0, `TestLogX.evtx` in that of `dissect.eventlog` 3.11), and says in `VEDETTA_EVTX` where they are;
//! without it they are looked for in `evtx` of the shared data. One more is made here. The other reader is python-evtx, in the Python that `VEDETTA_PEER_PYTHON` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use vedetta_detect::sigma::Placeholders;
use vedetta_detect::{Decoder, Engine, Format, Rules};
use vedetta_intake::events::{self, Tally, Unread};
use vedetta_intake::evtx;

fn shared() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    std::env::var("VEDETTA_SHARED_DATA").unwrap_or_else(|_| beside.into()).into()
}

/// The logs; none, said aloud, where there are none.
fn logs() -> Vec<PathBuf> {
    let folder =
        std::env::var("VEDETTA_EVTX").map_or_else(|_| shared().join("evtx"), PathBuf::from);
    let files = std::fs::read_dir(&folder).into_iter().flatten().map(|it| it.unwrap().path());
    let mut logs: Vec<_> =
        files.filter(|it| it.extension().is_some_and(|it| it == "evtx")).collect();
    if logs.is_empty() {
        println!("SKIPPED: no event logs in {}", folder.display());
    }
    logs.sort();
    logs
}

/// A log with three processes, around records as Windows writes them.
fn made(folder: &Path) -> PathBuf {
    let mut log = vec![0; 4_096 + 65_536];
    log[..8].copy_from_slice(b"ElfFile\0");
    log[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
    log[120] = 4;
    let chunk = include_bytes!("corpus/evtx/three-records");
    log[4_096..4_096 + chunk.len()].copy_from_slice(chunk);
    let path = folder.join("made.evtx");
    std::fs::write(&path, log).unwrap();
    path
}

fn log(name: &str) -> Option<PathBuf> {
    let found = logs().into_iter().find(|it| it.file_name().is_some_and(|it| it == name));
    if found.is_none() {
        println!("SKIPPED: no {name}");
    }
    found
}

/// A record as both readers tell it: its number, and its values by name, numbers in decimal.
type Told = (u64, BTreeMap<String, String>);

/// Values as text: what is written in hexadecimal is a number.
fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let hexadecimal = text.strip_prefix("0x").and_then(|it| u64::from_str_radix(it, 16).ok());
    hexadecimal.map_or_else(|| text.trim().to_owned(), |it| it.to_string())
}

fn ours(log: &Path) -> (Vec<Told>, usize) {
    let (mut records, mut damaged) = (Vec::new(), 0);
    evtx::each(File::open(log).unwrap(), &mut |record| {
        let Ok(record) = record else {
            damaged += 1;
            return Ok::<_, evtx::Damage>(());
        };
        let json: Value = serde_json::from_str(&record.json).unwrap();
        let mut values = BTreeMap::new();
        for name in ["EventID", "Channel", "Computer", "EventRecordID"] {
            let value = &json["Event"]["System"][name];
            values.insert(name.to_owned(), text(value.get("#text").unwrap_or(value)));
        }
        if let Some(data) = json["Event"]["EventData"].as_object() {
            let named = data.iter().filter(|(name, it)| *name != "Data" && !it.is_object());
            let named = named.filter(|(name, it)| *name != "Binary" && !it.is_null());
            values.extend(named.map(|(name, value)| (format!("data {name}"), text(value))));
        }
        records.push((record.id, values));
        Ok(())
    })
    .unwrap();
    (records, damaged)
}

const OTHER_READER: &str = "
import json, sys, xml.etree.ElementTree as tree
from Evtx.Evtx import Evtx
space = '{http://schemas.microsoft.com/win/2004/08/events/event}'
with Evtx(sys.argv[1]) as log:
    for record in log.records():
        event = tree.fromstring(record.xml())
        system = event.find(space + 'System')
        told = {n: system.findtext(space + n) or '' for n in ('EventID', 'Channel', 'Computer', 'EventRecordID')}
        for data in event.iterfind(space + 'EventData/' + space + 'Data'):
            if data.get('Name'):
                told['data ' + data.get('Name')] = data.text or ''
        print(json.dumps(told))
";

fn theirs(python: &str, log: &Path) -> Vec<Told> {
    let output = Command::new(python).args(["-c", OTHER_READER]).arg(log).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text_of = |line: &str| -> Told {
        let told: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let values: BTreeMap<_, _> =
            told.into_iter().map(|(name, value)| (name, text(&value))).collect();
        (values["EventRecordID"].parse().unwrap(), values)
    };
    String::from_utf8(output.stdout).unwrap().lines().map(text_of).collect()
}

#[test]
fn another_reader_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs().into_iter().chain([made(folder.path())]);
    let Ok(python) = std::env::var("VEDETTA_PEER_PYTHON") else {
        println!("SKIPPED: no VEDETTA_PEER_PYTHON with python-evtx");
        return;
    };
    for log in logs {
        let (records, damaged) = ours(&log);
        assert_eq!((records, damaged), (theirs(&python, &log), 0), "{}", log.display());
    }
}

#[test]
fn every_record_is_read() {
    for (name, numbers) in [
        (
            "Security_short_selected.evtx",
            &[
                319_457_771,
                319_457_830,
                319_457_831,
                319_457_832,
                319_457_855,
                319_457_856,
                319_457_858,
            ][..],
        ),
        ("TestLogX.evtx", &[1, 2, 3, 4, 5]),
    ] {
        let Some(log) = log(name) else { continue };
        let (records, damaged) = ours(&log);
        let found: Vec<u64> = records.iter().map(|it| it.0).collect();
        assert_eq!((found.as_slice(), damaged), (numbers, 0), "{name}");
    }
    let Some(log) = log("Security_short_selected.evtx") else { return };
    let (records, _) = ours(&log);
    let failed = &records[3].1;
    for (name, value) in [
        ("EventID", "4625"),
        ("Channel", "Security"),
        ("data TargetUserName", "Administrator"),
        ("data LogonType", "10"),
        ("data LogonProcessName", "User32"),
        ("data ProcessName", r"C:\Windows\System32\winlogon.exe"),
        ("data IpPort", "60167"),
    ] {
        assert_eq!(failed[name], value, "{name}: {failed:?}");
    }
}

/// The rules of SigmaHQ; nothing, said aloud, where there are none.
fn sigma_hq() -> Option<Rules> {
    let archive = shared().join("sigma.tar.xz");
    if !archive.exists() {
        println!("SKIPPED: no {}", archive.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let unpacked =
        Command::new("tar").arg("-C").arg(folder.path()).arg("-xJf").arg(archive).status();
    assert!(unpacked.unwrap().success());
    let (mut rules, mut folders) =
        (Rules::new(Placeholders::new()), vec![folder.path().to_owned()]);
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|it| it.unwrap().path()) {
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

/// What the rules find in a log, by the number of the record; every event is of a service of Windows.
fn found(rules: Rules, log: &Path, service: &str) -> (u64, Vec<(u64, String)>) {
    let mut engine = Engine::new(Arc::new(rules));
    let (mut found, mut tally) = (Vec::new(), Tally::default());
    events::each(log, Decoder::new(Format::Any), &mut tally, &mut |event, place| {
        assert_eq!((event.source().product, event.source().service), ("windows", service));
        let matched = engine.matches(event).to_vec();
        assert_eq!(matched, engine.unrouted(event));
        found.extend(matched.iter().map(|it| (place.line, engine.rules()[*it].title.clone())));
        Ok::<_, Unread>(())
    })
    .unwrap();
    assert_eq!((tally.faults(), tally.unknown), (0, 0));
    found.sort();
    (tally.events, found)
}

#[test]
fn the_rules_of_sigma_hq_find_what_happened() {
    let Some(rules) = sigma_hq() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (events, told) = found(rules, &made(folder.path()), "security");
    let title = "Shadow Copies Deletion Using Operating Systems Utilities";
    assert_eq!(events, 3);
    assert!(told.iter().any(|it| it.1 == title), "{told:?}");
    let Some(log) = log("Security_short_selected.evtx") else { return };
    let expected = vec![(319_457_832, "Failed Logon From Public IP".to_owned())];
    assert_eq!(found(sigma_hq().unwrap(), &log, "security"), (7, expected));
}
