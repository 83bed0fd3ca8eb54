//! `kill -9` at any moment: what was acknowledged is there, and nothing is there by halves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use vedetta_model::Instant;
use vedetta_store::conformance::scene::{self, Version};
use vedetta_store::{
    ClearanceId, ItemQuery, NewJob, Reader, RecordKind, Sequence, Store, StoreError, Verification,
    verify,
};
use vedetta_store_sqlite::SqliteStore;

use crate::Directory;

/// Says to this test, run again as a process of its own, where to write.
const WHERE: &str = "VEDETTA_TEST_WRITE_UNTIL_KILLED";
/// How often to kill; 100 without it.
const KILLS: &str = "VEDETTA_TEST_KILLS";
/// Items in each unit of work.
const ITEMS: u64 = 7;

#[test]
fn keeps_what_it_acknowledged() {
    if let Some(directory) = std::env::var_os(WHERE) {
        write_until_killed(&SqliteStore::open(directory.as_ref()).unwrap());
    }
    let kills = std::env::var(KILLS).map_or(100, |kills| kills.parse().unwrap());
    let directory = Directory::new();
    let (mut acknowledged, mut units) = (0, 0);
    for kill in 0..kills {
        acknowledged = acknowledged.max(kill_after(&directory, kill * 37 % 11));
        let store = SqliteStore::open(directory.path()).unwrap();
        units = check(&store, acknowledged);
        let again = (units + 1) * u64::from(kill % 2 == 0);
        if again > 0 {
            store.write(Instant::FAR, &mut |unit| write(unit, again).map(drop)).unwrap();
        }
    }
    println!("{kills} kills, {units} units of work kept, entry {acknowledged} acknowledged last");
    assert!(units > kills, "the kills left time to write");
}

#[test]
fn another_node_is_told_that_it_is_locked() {
    let directory = Directory::new();
    let mut child = spawn(&directory);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("acknowledged")));
    let told = SqliteStore::open(directory.path()).err().unwrap();
    let beside = SqliteStore::open_read_only(directory.path()).map(|store| check(&store, 0));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(told, StoreError::Locked { .. }), "{told}");
    assert!(beside.unwrap() > 0, "reading beside a running node");
    SqliteStore::open(directory.path()).unwrap();
}

fn write_until_killed(store: &SqliteStore) -> ! {
    let mut next = check(store, 0) + 1;
    let mut out = std::io::stdout().lock();
    loop {
        let mut last = Sequence::START;
        store
            .write(Instant::from_micros(0), &mut |unit| {
                last = write(unit, next)?;
                Ok(())
            })
            .unwrap();
        writeln!(out, "acknowledged {last}").unwrap();
        next += 1;
    }
}

/// One unit of work: items, a record that counts the units, a cursor, a job.
fn write(unit: &mut dyn vedetta_store::UnitOfWork, number: u64) -> Result<Sequence, StoreError> {
    let clearance = scene::intern(unit, &[1])?;
    for version in items(number, clearance) {
        let _ = scene::added(scene::place(unit, &version)?);
    }
    let body = number.to_string();
    let stamp = unit.put_record(RecordKind::Setting, "units", body.as_bytes(), "writer")?;
    unit.set_cursor("writer", stamp.seq)?;
    let (step, task, due) = ("step", "{}", Instant::from_micros(0));
    unit.enqueue(&NewJob { step, key: &body, task, due })?;
    Ok(stamp.seq)
}

fn items(unit: u64, clearance: ClearanceId) -> impl Iterator<Item = Version> {
    let first = u32::try_from(unit * ITEMS).unwrap();
    (first..).take(ITEMS as usize).map(move |item| Version::of(item, clearance))
}

/// Kills a writer some time after it acknowledged so many units; the last entry it acknowledged.
fn kill_after(directory: &Directory, units: u64) -> u64 {
    let mut child = spawn(directory);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = 0;
    let mut heard = 0;
    while heard < units {
        let line = lines.next().expect("the writer writes until it is killed").unwrap();
        if let Some((_, seq)) = line.split_once("acknowledged ") {
            (last, heard) = (seq.parse().unwrap(), heard + 1);
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        // The last line may be cut.
        let seq = line.split_once("acknowledged ").and_then(|(_, seq)| seq.parse().ok());
        last = last.max(seq.unwrap_or(0));
    }
    last
}

fn spawn(directory: &Directory) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "it::killed::keeps_what_it_acknowledged", "--nocapture"])
        .env(WHERE, directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How many units of work are there, each of them whole, and none that was acknowledged missing.
fn check(store: &SqliteStore, acknowledged: u64) -> u64 {
    let mut units = 0;
    store
        .read(&mut |reader| {
            let head = reader.head()?.map_or(0, |(stamp, _)| stamp.seq.0);
            assert!(head >= acknowledged, "{acknowledged} was acknowledged, {head} is there");
            let record = reader.record(RecordKind::Setting, "units")?;
            units =
                record.map_or(0, |record| String::from_utf8(record.body).unwrap().parse().unwrap());
            assert_eq!(reader.cursor("writer")?.0, head);
            assert_eq!(head, if units == 0 { 0 } else { 1 + units * (ITEMS + 1) });
            let counts = reader.releases_per_clearance()?;
            assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), units * ITEMS);
            assert!(
                matches!(verify(reader)?, Verification::Sound { entries, .. } if entries == head)
            );
            last_unit_is_whole(reader, units)
        })
        .unwrap();
    units
}

fn last_unit_is_whole(reader: &mut dyn Reader, units: u64) -> Result<(), StoreError> {
    if units == 0 {
        return Ok(());
    }
    for version in items(units, ClearanceId(1)) {
        let query = ItemQuery { ids: std::slice::from_ref(&version.id), ..scene::everything() };
        let found = reader.items(&query)?.items;
        assert_eq!((found.len(), &*found[0].body), (1, &*version.body));
    }
    for version in items(units + 1, ClearanceId(1)) {
        assert!(reader.releases(&version.id)?.is_empty());
    }
    Ok(())
}
