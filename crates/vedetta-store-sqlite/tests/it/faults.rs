//! Full disks, read-only disks, and files that are not what they should be.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use vedetta_model::{Instant, Places};
use vedetta_store::conformance::scene::{self, Version};
use vedetta_store::{Door, Sequence, Store, StoreError, Verification, verify};
use vedetta_store_sqlite::SqliteStore;

use crate::Directory;

/// Whether `cargo xtask test` promised it: then nothing is skipped for want of it.
fn promised(what: &str) -> bool {
    let all = std::env::var("VEDETTA_TEST_PROMISED").unwrap_or_default();
    all.split(',').any(|it| it == what)
}

/// A small disk of its own; needs the right to mount.
struct Disk {
    directory: Directory,
}

impl Disk {
    fn new(options: &str) -> Option<Self> {
        let directory = Directory::new();
        let path = directory.path().to_str().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", options, "tmpfs", path]);
        assert!(mounted || !promised("mount"), "a disk of its own was promised");
        if !mounted {
            println!("skipped: a disk of its own needs the right to mount");
        }
        mounted.then_some(Self { directory })
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(mount(&["-o", &options, self.directory.path().to_str().unwrap()]));
    }

    fn node(&self) -> PathBuf {
        self.directory.path().join("node")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.directory.path()).status();
    }
}

fn mount(arguments: &[&str]) -> bool {
    Command::new("mount").args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Octets of a page of a new ledger.
const PAGE: usize = 16_384;

/// Places one big item; its number is the version of the item, too.
fn place(store: &SqliteStore, number: u32) -> Result<Sequence, StoreError> {
    let mut seq = Sequence::START;
    store.write(Instant::from_micros(0), &mut |unit| {
        let clearance = scene::intern(unit, &[1])?;
        let version = Version::of(number, clearance).body(&vec![b'x'; 50_000]);
        seq = scene::added(scene::place(unit, &version)?).seq;
        Ok(())
    })?;
    Ok(seq)
}

#[track_caller]
fn sound(store: &SqliteStore, entries: u64) {
    let told = scene::read(store, |reader| verify(reader));
    assert!(
        matches!(told, Verification::Sound { entries: found, .. } if found == entries),
        "{told:?}"
    );
}

fn filled(path: &Path) -> u64 {
    let store = SqliteStore::open(path).unwrap();
    (0..40).map(|number| place(&store, number).unwrap().0).last().unwrap()
}

fn open_error(path: &Path) -> StoreError {
    SqliteStore::open(path).err().expect("it does not open")
}

#[test]
fn a_full_disk_loses_nothing_and_space_helps() {
    let Some(disk) = Disk::new("size=3m") else { return };
    let store = SqliteStore::open(&disk.node()).unwrap();
    let mut last = Sequence::START;
    let told = loop {
        match place(&store, u32::try_from(last.0).unwrap()) {
            Ok(seq) => last = seq,
            Err(error) => break error,
        }
    };
    assert!(matches!(told, StoreError::Full { .. }), "{told}");
    assert!(told.to_string().contains("ledger.db: the disk is full"), "{told}");
    sound(&store, last.0);
    assert!(matches!(place(&store, 900), Err(StoreError::Full { .. })), "still full");
    disk.remount("size=64m");
    for number in 1_000..1_100 {
        last = place(&store, number).unwrap();
    }
    drop(store);
    sound(&SqliteStore::open(&disk.node()).unwrap(), last.0);
}

#[test]
fn a_disk_too_full_to_begin_says_so() {
    let Some(disk) = Disk::new("size=64k") else { return };
    fs::write(disk.directory.path().join("filler"), vec![0; 65_536]).unwrap();
    let told = open_error(&disk.node());
    assert!(matches!(told, StoreError::Full { .. }), "{told}");
}

#[test]
fn a_read_only_disk_is_read_and_not_written() {
    let Some(disk) = Disk::new("size=64m") else { return };
    let last = filled(&disk.node());
    disk.remount("ro");
    let told = open_error(&disk.node());
    assert!(matches!(told, StoreError::ReadOnly { .. }), "{told}");
    let store = SqliteStore::open_read_only(&disk.node()).unwrap();
    sound(&store, last);
    let told = place(&store, 900).unwrap_err();
    assert!(matches!(told, StoreError::ReadOnly { .. }), "{told}");
}

/// Every file in a directory: its name, when it was changed, what is in it.
fn seen(directory: &Path) -> Vec<(PathBuf, std::time::SystemTime, Vec<u8>)> {
    let files = fs::read_dir(directory).unwrap().map(|it| it.unwrap().path());
    let mut seen: Vec<_> = files
        .map(|it| {
            (it.clone(), fs::metadata(&it).unwrap().modified().unwrap(), fs::read(&it).unwrap())
        })
        .collect();
    seen.sort();
    seen
}

/// A directory as a node that was killed leaves it: with a log that was not folded in, and its index.
fn left(directory: &Path) -> Sequence {
    let node = Directory::new();
    let store = SqliteStore::open(node.path()).unwrap();
    let last = place(&store, 1).unwrap();
    fs::create_dir_all(directory).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "node.lock"] {
        fs::copy(node.path().join(name), directory.join(name)).unwrap();
    }
    assert!(fs::metadata(directory.join("ledger.db-wal")).unwrap().len() > 0);
    last
}

#[test]
fn reading_where_no_node_runs_changes_no_file() {
    let kept = Directory::new();
    let last = filled(kept.path());
    let backup = Directory::new();
    fs::copy(kept.path().join("ledger.db"), backup.path().join("ledger.db")).unwrap();
    let killed = Directory::new();
    let newest = left(killed.path());
    for (directory, last) in [(&kept, last), (&backup, last), (&killed, newest.0)] {
        let before = seen(directory.path());
        let store = SqliteStore::open_read_only(directory.path()).unwrap();
        sound(&store, last);
        drop(store);
        assert!(
            seen(directory.path()) == before,
            "{:?}",
            fs::read_dir(directory.path()).unwrap().collect::<Vec<_>>()
        );
    }
    let Some(disk) = Disk::new("size=64m") else { return };
    let newest = left(&disk.node());
    disk.remount("ro");
    sound(&SqliteStore::open_read_only(&disk.node()).unwrap(), newest.0);
}

#[test]
fn a_node_that_begins_to_write_where_nobody_was_is_noticed() {
    let directory = Directory::new();
    let last = filled(directory.path());
    let reader = SqliteStore::open_read_only(directory.path()).unwrap();
    sound(&reader, last);
    let store = SqliteStore::open(directory.path()).unwrap();
    let newest = place(&store, 901).unwrap();
    drop(store);
    let told = reader.read(&mut |reader| reader.head().map(drop)).unwrap_err();
    assert!(told.to_string().contains("run the command again"), "{told}");
    sound(&SqliteStore::open_read_only(directory.path()).unwrap(), newest.0);
}

#[test]
fn a_reader_beside_a_writer_sees_each_unit_and_writes_nothing() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.path()).unwrap();
    let reader = SqliteStore::open_read_only(directory.path()).unwrap();
    for number in 0..3 {
        let last = place(&store, number).unwrap();
        sound(&reader, last.0);
    }
    assert!(matches!(place(&reader, 9), Err(StoreError::ReadOnly { .. })));
}

#[test]
fn nothing_there_is_nothing_to_read() {
    let directory = Directory::new();
    let told = SqliteStore::open_read_only(directory.path()).err().unwrap();
    assert!(matches!(told, StoreError::Missing { .. }), "{told}");
    let file = directory.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let told = open_error(&file);
    assert!(matches!(told, StoreError::Unreachable { .. }), "{told}");
}

#[test]
fn garbage_is_damaged_and_left_alone() {
    let directory = Directory::new();
    let garbage: Vec<u8> = (0..100_000_u32).flat_map(|n| (n * 7_919).to_le_bytes()).collect();
    for bytes in [&garbage[..], b"a short text", &[0; 4_096]] {
        fs::write(directory.path().join("ledger.db"), bytes).unwrap();
        let told = open_error(directory.path());
        assert!(matches!(told, StoreError::Damaged { .. }), "{told}");
        assert_eq!(fs::read(directory.path().join("ledger.db")).unwrap(), bytes);
    }
}

#[test]
fn a_truncated_file_is_damaged() {
    let directory = Directory::new();
    filled(directory.path());
    let path = directory.path().join("ledger.db");
    let length = fs::metadata(&path).unwrap().len();
    for part in [length - 1, length - PAGE as u64, length / 2, PAGE as u64, 100] {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(part).unwrap();
        let told = SqliteStore::open(directory.path()).and_then(|store| {
            let mut told = None;
            store.read(&mut |reader| {
                told = Some(verify(reader)?);
                Ok(())
            })?;
            Ok(told)
        });
        let damaged = match &told {
            Err(StoreError::Damaged { .. }) => true,
            // Only the end of the last page is missing.
            Ok(Some(Verification::Broken { .. })) => part == length - 1,
            _ => false,
        };
        assert!(damaged, "{part} of {length} bytes: {told:?}");
    }
}

#[test]
fn an_overwritten_page_is_damage_that_the_walk_names() {
    let directory = Directory::new();
    let last = filled(directory.path());
    let path = directory.path().join("ledger.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / PAGE * PAGE;
    bytes[middle..middle + PAGE].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let told = scene::read(&store, |reader| verify(reader));
    assert!(matches!(told, Verification::Broken { seq, .. } if seq.0 <= last), "{told:?}");
}

#[test]
fn another_programs_database_is_left_alone() {
    let directory = Directory::new();
    let path = directory.path().join("ledger.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1;").unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let told = open_error(directory.path());
    assert!(told.to_string().contains("another program"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_schema_asks_for_the_newer_program() {
    let directory = Directory::new();
    filled(directory.path());
    let conn = Connection::open(directory.path().join("ledger.db")).unwrap();
    conn.execute_batch("PRAGMA user_version = 99;").unwrap();
    drop(conn);
    for told in [
        SqliteStore::open(directory.path()).err(),
        SqliteStore::open_read_only(directory.path()).err(),
    ] {
        assert!(matches!(told, Some(StoreError::Newer { found: 99, known: 4, .. })), "{told:?}");
    }
}

#[test]
fn an_older_schema_is_not_read_until_the_node_was_started() {
    let directory = Directory::new();
    let conn = Connection::open(directory.path().join("ledger.db")).unwrap();
    for schema in [
        include_str!("../../src/schema/1.sql"),
        include_str!("../../src/schema/2.sql"),
        include_str!("../../src/schema/3.sql"),
    ] {
        conn.execute_batch(schema).unwrap();
    }
    conn.execute_batch("PRAGMA application_id = 0x56647474; PRAGMA user_version = 3;").unwrap();
    drop(conn);
    let told = SqliteStore::open_read_only(directory.path()).map(drop).unwrap_err();
    assert!(told.to_string().contains("start the node once"), "{told}");
    drop(SqliteStore::open_made(directory.path()).unwrap());
    let store = SqliteStore::open_read_only(directory.path()).unwrap();
    let item = scene::address(1);
    assert!(scene::read(&store, |reader| reader.releases(&item)).is_empty());
}

#[test]
fn a_ledger_that_was_lost_is_not_made_anew() {
    let directory = Directory::new();
    let file = directory.path().join("ledger.db");
    let missing = |open: fn(&Path) -> Result<SqliteStore, StoreError>| {
        let told = open(directory.path()).map(drop);
        assert!(matches!(told, Err(StoreError::Missing { .. })), "{told:?}");
        assert!(told.unwrap_err().to_string().contains("ledger.db: the ledger is missing"));
    };
    missing(SqliteStore::open_made);
    missing(SqliteStore::open_read_only);
    assert!(!file.exists());
    fs::write(&file, "").unwrap();
    missing(SqliteStore::open_made);
    assert_eq!(file.metadata().unwrap().len(), 0);
    // A file of the engine's without a table.
    Connection::open(&file).unwrap().execute_batch("PRAGMA user_version = 0; VACUUM;").unwrap();
    missing(SqliteStore::open_made);
    fs::remove_file(&file).unwrap();
    let last = filled(directory.path());
    sound(&SqliteStore::open_made(directory.path()).unwrap(), last);
}

#[test]
fn what_an_earlier_version_recorded_is_read_by_this_one() {
    let directory = Directory::new();
    let conn = Connection::open(directory.path().join("ledger.db")).unwrap();
    conn.execute_batch(include_str!("../../src/schema/1.sql")).unwrap();
    let added = "PRAGMA application_id = 0x56647474; PRAGMA user_version = 1;
        INSERT INTO entry VALUES (9, 90, 7, 'ledger', '', '{}', zeroblob(32), zeroblob(32), x'');
        INSERT INTO delivery VALUES (3, 9, 0, 1, 80, x'0600000000000000');";
    conn.execute_batch(added).unwrap();
    drop(conn);
    let store = SqliteStore::open(directory.path()).unwrap();
    let rows = scene::read(&store, |reader| reader.deliveries(Sequence(3)));
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.recorded.seq, row.batch.door), (Sequence(9), Door::Stream));
    assert_eq!(row.batch.releases, Places::between(3, 3));
    assert_eq!(row.batch.audience, scene::audience(&[1, 2]));
}

#[test]
fn only_this_user_may_look_into_the_directory() {
    let directory = Directory::new();
    let path = directory.path().join("new/node");
    SqliteStore::open(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    assert!(path.join("ledger.db").is_file());
}

#[cfg(unix)]
#[test]
fn only_this_user_may_look_into_the_ledger_wherever_it_lies() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Directory::new();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    place(&store, 1).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
}

#[test]
fn a_passing_ledger_leaves_nothing() {
    let store = SqliteStore::in_memory().unwrap();
    let other = SqliteStore::in_memory().unwrap();
    assert_eq!(place(&store, 1).unwrap(), Sequence(2));
    sound(&store, 2);
    sound(&other, 0);
}
