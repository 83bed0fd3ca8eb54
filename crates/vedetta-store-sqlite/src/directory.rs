//! The data directory: who may be in it, and where the ledger lies.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vedetta_store::StoreError;

use crate::fault;

/// The ledger's file in the data directory.
pub(crate) const LEDGER_FILE: &str = "ledger.db";
const LOCK_FILE: &str = "node.lock";

/// A data directory that no other node is in, for as long as this value lives.
pub(crate) struct Occupied {
    path: PathBuf,
    stay: Stay,
    _lock: File,
}

#[derive(PartialEq, Eq)]
enum Stay {
    Kept,
    Passing,
}

impl Occupied {
    /// Makes the directory if need be (for this user only: the ledger holds secrets) and locks it.
    pub(crate) fn enter(path: &Path) -> Result<Self, StoreError> {
        match builder().recursive(true).create(path) {
            Err(error) if !path.is_dir() => Err(failed(path, &error)),
            _ => {
                let occupied = Self::lock(path.to_owned(), Stay::Kept)?;
                make_closed(&occupied.ledger())?;
                Ok(occupied)
            }
        }
    }

    /// A new directory that is removed when this value goes: in memory where the system has a file
    /// system there.
    pub(crate) fn passing() -> Result<Self, StoreError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("vedetta-{}-{count}", std::process::id()));
            match builder().create(&path) {
                Ok(()) => return Self::lock(path, Stay::Passing),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, &error)),
            }
        }
    }

    /// The ledger's file.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER_FILE)
    }

    fn lock(path: PathBuf, stay: Stay) -> Result<Self, StoreError> {
        let mut options = closed();
        options.create(true).truncate(false).write(true);
        let file = options.open(path.join(LOCK_FILE)).map_err(|error| failed(&path, &error))?;
        match patiently(&file) {
            Ok(()) => Ok(Self { path, stay, _lock: file }),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::Locked { place: path.display().to_string() })
            }
            Err(TryLockError::Error(error)) => Err(failed(&path, &error)),
        }
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        if self.stay == Stay::Passing {
            // Nothing to tell anyone: what remains is a file in a temporary directory.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether a node is in a directory now. Nothing in it is changed to see that.
pub(crate) fn is_occupied(path: &Path) -> bool {
    let lock = File::open(path.join(LOCK_FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes the ledger's file, if there is none, for this user only, whoever may look into the directory: the
/// engine gives its other files the same permissions.
fn make_closed(file: &Path) -> Result<(), StoreError> {
    match closed().create_new(true).write(true).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(file, &error)),
        _ => Ok(()),
    }
}

/// How files are made: for this user only. Whoever may open the lock may hold it.
fn closed() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Locks the file, waiting two seconds for a node that is just closing, or for a child process that
/// has not yet let go of what it inherited.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..40 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(Duration::from_millis(50)),
            done => return done,
        }
    }
    file.try_lock()
}

fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    fault::of_file(error, &path.display().to_string())
}
