//! `vedetta import`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use vedetta_flow::Receipt;
use vedetta_intake::{Arrival, Fault, bulk, indicator_csv, refused_objects};
use vedetta_model::{Clock, OrganisationId};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::progress::{Progress, length};
use crate::reach::{Part, Reached, node_or_ledger};
use crate::system::SystemClock;

/// Take in STIX bundles and indicator tables.
///
/// A file that ends in .csv is a table with the columns type,value (and, if wanted, tlp, pap,
/// valid_from, valid_until, confidence, labels, description); any other is STIX 2.1: a bundle, a
/// list, or one object. A directory stands for the .json and .csv files in it. What cannot be accepted is
/// named with its place and reason; the rest is accepted. Bringing a file again changes nothing. The node may
/// be running.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta import report.json indicators.csv --data ./node\n  vedetta import ./inbox --as comune-054039 --data ./node --json"
)]
pub(crate) struct Import {
    #[command(flatten)]
    node: NodeArgs,
    /// Files and directories.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The organisation that brings them; the node's own without it.
    #[arg(long = "as", value_name = "ID")]
    producer: Option<OrganisationId>,
    /// Answer in JSON: `accepted`, `duplicates`, `rejected_count`; `rejected[]`, the first 10,000
    /// faults, of which an object may have several; `faults_count`; `warnings[]`, what is to be said
    /// of what was accepted, and `warnings_count`.
    #[arg(long)]
    json: bool,
}

/// What became of all files.
#[derive(Default, Serialize)]
pub(crate) struct Tally {
    accepted: usize,
    duplicates: usize,
    /// The first faults.
    rejected: Vec<Said>,
    /// How many objects, rows and files were rejected.
    rejected_count: usize,
    /// How many faults there are in all.
    faults_count: usize,
    /// The first remarks on what was accepted.
    warnings: Vec<Said>,
    warnings_count: usize,
}

/// One refusal or remark, with its file.
#[derive(Serialize)]
struct Said {
    file: String,
    #[serde(flatten)]
    fault: Fault,
}

/// Arrivals read ahead of the ledger.
const AHEAD: usize = 2;
/// Octets of items sent to the node at once.
const AT_ONCE: usize = 16 << 20;
/// Refusals, and remarks, kept for the answer; the rest is counted.
const KEPT: usize = 10_000;
/// Remarks printed for people.
const PRINTED: usize = 20;

impl Import {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let files = files(&self.files)?;
        let mut node = node_or_ledger(&self.node, Use::Write)?;
        let producer = self.producer(&mut node)?;
        let mut tally = Tally::default();
        let progress = progress(&files);
        for file in &files {
            let (name, packing) = (file.display().to_string(), node.packing());
            let pack = |arrival| -> Result<Vec<Part>, Failure> {
                parts(arrival).into_iter().map(|part| packing.pack(part)).collect()
            };
            let mut accept = |packed: Result<Vec<Part>, Failure>| {
                for part in packed? {
                    let path = format!("/control/arrivals?as={producer}");
                    tally.add(&name, node.bring(&path, part)?);
                }
                Ok(())
            };
            let brought = match is_table(file) {
                true => bring_table(&producer, file, &progress, |rows| accept(pack(rows))),
                false => bring_stix(file, &progress, pack, accept),
            };
            match brought {
                // One of many that cannot be read keeps the others from nobody.
                Err(Failure::Input { reason, .. }) if files.len() > 1 => {
                    tally.add_unreadable(&name, reason);
                }
                brought => brought?,
            }
        }
        drop(progress);
        self.print(&tally)?;
        Ok(if tally.rejected.is_empty() { Outcome::Done } else { Outcome::Partly })
    }

    /// Who brings the files: an organisation of the directory.
    fn producer(&self, node: &mut Reached) -> Result<OrganisationId, Failure> {
        #[derive(Deserialize)]
        struct Known {
            id: OrganisationId,
        }
        #[derive(Deserialize)]
        struct Operator {
            organisation: OrganisationId,
        }
        match &self.producer {
            Some(id) => Ok(node.get::<Known>(&format!("/api/v1/organisations/{id}"))?.id),
            None => Ok(node.get::<Operator>("/api/v1/sessions/current")?.organisation),
        }
    }

    fn print(&self, tally: &Tally) -> Result<(), Failure> {
        if self.json {
            let text = serde_json::to_string(tally);
            println!("{}", text.map_err(|error| Failure::system("writing JSON", error))?);
            return Ok(());
        }
        let warnings = tally.warnings.iter().take(PRINTED);
        for said in warnings.chain(&tally.rejected) {
            println!("{said}");
        }
        if tally.warnings_count > PRINTED {
            println!("… {PRINTED} of {} warnings; --json has more", tally.warnings_count);
        }
        if tally.faults_count > tally.rejected.len() {
            println!("… the first {} of {} faults", tally.rejected.len(), tally.faults_count);
        }
        println!("{tally}");
        Ok(())
    }
}

impl Tally {
    /// Whether nothing of it is in the ledger.
    pub(crate) fn is_nothing(&self) -> bool {
        self.accepted + self.duplicates == 0
    }

    /// Whether anything was refused.
    pub(crate) fn is_refused(&self) -> bool {
        !self.rejected.is_empty()
    }

    /// Adds a file of which nothing, or no more, can be read.
    fn add_unreadable(&mut self, file: &str, reason: String) {
        let (place, rule) = ("the file".into(), "unreadable".into());
        let fault = Fault { refused: true, id: None, place, rule, reason };
        self.rejected_count += 1;
        self.faults_count += 1;
        self.rejected.truncate(KEPT - 1);
        self.rejected.push(Said { file: file.into(), fault });
    }

    pub(crate) fn add(&mut self, file: &str, receipt: Receipt) {
        self.accepted += receipt.accepted.len();
        self.duplicates += receipt.duplicates.len();
        self.warnings_count += receipt.warnings.len();
        self.rejected_count += refused_objects(&receipt.rejected);
        self.faults_count += receipt.rejected.len();
        let keep = |kept: &mut Vec<Said>, said: Vec<Fault>| {
            let said = said.into_iter().take(KEPT.saturating_sub(kept.len()));
            kept.extend(said.map(|fault| Said { file: file.into(), fault }));
        };
        keep(&mut self.rejected, receipt.rejected);
        keep(&mut self.warnings, receipt.warnings);
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, fault: Fault { refused, id, place, rule, reason } } = self;
        let id = id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let kind = if *refused { "" } else { "warning: " };
        write!(out, "{file}: {place}{id}: {kind}{reason} [{rule}]")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, duplicates, rejected_count: rejected, .. } = self;
        write!(out, "{accepted} accepted, {duplicates} duplicates, {rejected} rejected")?;
        match self.warnings_count {
            0 => Ok(()),
            1 => out.write_str(", 1 warning"),
            many => write!(out, ", {many} warnings"),
        }
    }
}

/// Whether a file is an indicator table.
pub(crate) fn is_table(file: &Path) -> bool {
    file.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"))
}

/// Of files: each table is read once, any other twice, to know first whether it is whole.
fn progress(files: &[PathBuf]) -> Progress {
    let passes = |file: &PathBuf| if is_table(file) { 1 } else { 2 };
    Progress::octets(files.iter().map(|file| passes(file) * length(file)).sum())
}

/// Reads a STIX file. It is asked first whether it is whole; then it is read, and made ready, ahead of
/// what the ledger writes. `accept` takes some items so made ready.
pub(crate) fn bring_stix<T: Send>(
    file: &Path,
    progress: &Progress,
    ready: impl Fn(Arrival) -> T + Send,
    mut accept: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (name, long) = (file.display().to_string(), length(file));
    let checking = progress.part(format!("checking {name}"), long);
    let whole = open(file)?;
    if let Err(error) = bulk::check_whole(buffered(checking.reading(whole))) {
        let reason = format!("{error}; the file is not whole JSON: fetch it again");
        return Err(Failure::input(name, reason));
    }
    drop(checking);
    let taking = progress.part(format!("taking in {name}"), long);
    let arrivals = bulk::bundle(buffered(open(file)?), &name);
    std::thread::scope(|scope| {
        let (read, waiting) = std::sync::mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            for (arrival, bytes) in arrivals {
                if read.send((ready(arrival), bytes)).is_err() {
                    return;
                }
            }
        });
        for (made_ready, bytes) in waiting {
            accept(made_ready)?;
            taking.at(bytes);
        }
        Ok(())
    })
}

/// Reads an indicator table; `accept` takes some rows.
pub(crate) fn bring_table(
    producer: &OrganisationId,
    file: &Path,
    progress: &Progress,
    mut accept: impl FnMut(Arrival) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (name, identity) = (file.display().to_string(), producer.identity());
    let taking = progress.part(format!("taking in {name}"), length(file));
    let bringer = indicator_csv::Bringer { identity: &identity, at: SystemClock.now() };
    for (arrival, bytes) in bulk::table(buffered(open(file)?), &name, &bringer) {
        accept(arrival)?;
        taking.at(bytes);
    }
    Ok(())
}

/// An arrival in parts that are each no larger than the node takes at once.
fn parts(mut arrival: Arrival) -> Vec<Arrival> {
    let octets: usize = arrival.items.iter().map(|item| item.body.len()).sum();
    if octets <= AT_ONCE || arrival.items.len() < 2 {
        return vec![arrival];
    }
    let later = arrival.items.split_off(arrival.items.len() / 2);
    let rest = Arrival { items: later, ..Arrival::of(arrival.door, &arrival.source, Vec::new()) };
    let mut all = parts(arrival);
    all.extend(parts(rest));
    all
}

fn open(file: &Path) -> Result<File, Failure> {
    File::open(file).map_err(|error| Failure::input(file.display().to_string(), error))
}

fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(1 << 20, input)
}

/// The files meant, directories opened one level down, in order of name.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        let input = |error: std::io::Error| Failure::input(path.display().to_string(), error);
        if !path.metadata().map_err(input)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(input)?;
        let mut inside: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .filter(|path| path.file_name().is_some_and(|it| it.as_encoded_bytes()[0] != b'.'))
            .filter(|path| path.extension().is_some_and(|it| it == "json" || it == "csv"))
            .collect();
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_goes_through_all_files_and_ends_full() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let row = "ipv4,203.0.113.9\n";
        let files = [
            place("a.json", &format!("[{}]", ["{\"type\":\"x\"}"; 3_000].join(","))),
            place("b.csv", &format!("type,value\n{}", row.repeat(2_500))),
        ];
        let (progress, producer) = (progress(&files), "cosc-umbria".parse().unwrap());
        let sizes = files.each_ref().map(|file| length(file));
        let note = |seen: &mut Vec<u64>| {
            seen.push(progress.position());
            Ok::<_, Failure>(())
        };
        let mut seen = Vec::new();
        bring_stix(&files[0], &progress, |it| it, |_| note(&mut seen)).unwrap();
        assert!(seen.is_sorted() && seen[0] == sizes[0] && seen.len() > 1, "{seen:?}");
        assert_eq!(progress.position(), 2 * sizes[0]);
        seen.clear();
        bring_table(&producer, &files[1], &progress, |_| note(&mut seen)).unwrap();
        assert_eq!(seen[0], 2 * sizes[0], "the second file goes on where the first ended");
        assert!(seen[1] > seen[0] + row.len() as u64 * 900 && seen.len() == 3, "{seen:?}");
        assert_eq!(progress.position(), 2 * sizes[0] + sizes[1]);
        assert_eq!(progress.total(), progress.position());
    }
}
