//! Other engines on the same events and rules, in the same run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vedetta_commands::Fault;
use vedetta_detect::{Decoder, Engine, Event, Format};
use vedetta_intake::events::{self, Place, Tally};

use crate::detect::rules;
use crate::stopwatch::ProcessorTime;
use crate::{Stopped, bench, unable};

/// Why the reading of events ended early.
enum Ended {
    Enough,
    Failed(Fault),
}

impl From<events::Unread> for Ended {
    fn from(unread: events::Unread) -> Self {
        Self::Failed(Stopped::from(unread).into())
    }
}

/// The first so many events of a file, each a JSON object: as it was, or with its fields.
pub(super) fn lines(file: &Path, most: u64) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    let mut each = |event: &Event<'_>, _: &Place<'_>| {
        if lines.len() as u64 == most {
            return Err(Ended::Enough);
        }
        let is_json = event.line().trim_start().starts_with('{');
        lines.push(if is_json { event.line().to_owned() } else { event.json().to_string() });
        Ok(())
    };
    match events::each(file, Decoder::new(Format::Any), &mut Tally::default(), &mut each) {
        Ok(()) | Err(Ended::Enough) => Ok(lines),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

/// Our own engine, rule by rule.
pub(super) fn unrouted(engine: &mut Engine, lines: &[String]) -> Result<Value, Fault> {
    let mut found = Vec::new();
    let ours = timed(lines, &mut |event| found.push(engine.matches(event).to_vec()))?;
    let (mut at, mut different) = (0, 0);
    let theirs = timed(lines, &mut |event| {
        different += u64::from(found.get(at) != Some(&engine.unrouted(event)));
        at += 1;
    })?;
    Ok(told(lines, (ours, theirs), different))
}

/// The program of rsigma, without any routing; of what it finds, what is of the log source of the event.
pub(super) fn rsigma(
    engine: &mut Engine,
    lines: &[String],
    (program, given): (&Path, &[PathBuf]),
) -> Result<Value, Fault> {
    let system = |what: &str, error: std::io::Error| unable(what, error);
    let folder = bench::scratch("detect")?;
    let place = |name: &str| folder.path().join(name);
    std::fs::create_dir(place("rules")).map_err(|error| system("the rules", error))?;
    for (nth, (_, text)) in rules::texts(given)?.into_iter().enumerate() {
        std::fs::write(place("rules").join(format!("{nth}.yml")), text)
            .map_err(|error| system("the rules", error))?;
    }
    for (name, text) in [("events.json", lines.join("\n")), ("none.json", String::new())] {
        std::fs::write(place(name), text).map_err(|error| system("the events", error))?;
    }
    let run = |events: &str, more: &[&str]| {
        let events = format!("@{}", place(events).display());
        let mut command = Command::new("sh");
        // The shell tells what its children took.
        command.args(["-c", "\"$@\" >\"$0\" && times"]).arg(place("found")).arg(program);
        command.args(["engine", "eval", "--output-format", "ndjson", "--rules"]);
        command.arg(place("rules")).arg("--event").arg(events).args(more);
        taken(command, program)
    };
    let loading = run("none.json", &[])?;
    let theirs = (run("events.json", &[])? - loading).max(f64::MIN_POSITIVE);
    run("events.json", &["--include-event"])?;
    let found = std::fs::read_to_string(place("found")).map_err(|error| system("rsigma", error))?;
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in found.lines() {
        let finding: Value = serde_json::from_str(line).map_err(|error| unable("rsigma", error))?;
        let rule = finding["rule_id"].as_str().or_else(|| finding["rule_title"].as_str());
        known.entry(finding["event"].to_string()).or_default().extend(rule.map(str::to_owned));
    }
    let ours = timed(lines, &mut |event| {
        std::hint::black_box(engine.matches(event));
    })?;
    let mut different = 0;
    timed(lines, &mut |event| {
        let found = engine.matches(event).to_vec();
        let ours: BTreeSet<&str> = found.iter().map(|it| &*engine.rules()[*it].id).collect();
        let as_told = serde_json::from_str::<Value>(event.line()).unwrap_or_default().to_string();
        let of_source = |id: &&str| {
            let rule = engine.rules().iter().find(|it| it.id == **id);
            rule.is_some_and(|rule| {
                let asked = &rule.logsource;
                event.source().admits(&asked.product, &asked.service, &asked.category)
            })
        };
        let theirs = known.get(&as_told).into_iter().flatten().map(String::as_str);
        let theirs: BTreeSet<&str> = theirs.filter(of_source).collect();
        different += u64::from(ours != theirs);
    })?;
    Ok(told(lines, (ours, theirs), different))
}

/// The seconds of processor time that reading the events and asking about them takes.
fn timed(lines: &[String], ask: &mut dyn FnMut(&Event<'_>)) -> Result<f64, Fault> {
    let (mut decoder, time) = (Decoder::new(Format::Json), ProcessorTime::start());
    for line in lines {
        match decoder.read(line.as_bytes()) {
            Ok(Some(event)) => ask(&event),
            Ok(None) => {}
            Err(fault) => return Err(unable("an event, read again", fault)),
        }
    }
    Ok(time.read().as_secs_f64())
}

/// Runs a shell that ends with `times`; the seconds that its children took.
fn taken(mut command: Command, program: &Path) -> Result<f64, Fault> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| unable("sh", error))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let name = program.display().to_string();
    if !output.status.success() {
        let why = said.trim().lines().last().unwrap_or("it ended without a word").to_owned();
        let what = format!("{why}: cargo install rsigma, and name the program with --peer-program");
        return Err(unable(name, what));
    }
    let times = String::from_utf8_lossy(&output.stdout);
    let seconds = |text: &str| {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let each = times.lines().nth(1).map(|line| line.split_whitespace().map(seconds).sum());
    each.flatten().ok_or_else(|| unable(name, format!("no times in {times:?}")))
}

fn told(lines: &[String], (ours, theirs): (f64, f64), different: u64) -> Value {
    let events = lines.len() as f64;
    json!({
        "events": lines.len(),
        "events_per_cpu_s": (events / theirs).round(),
        "ours_events_per_cpu_s": (events / ours).round(),
        "ratio": bench::rounded(theirs / ours),
        "different": different,
        "same": different == 0,
    })
}
