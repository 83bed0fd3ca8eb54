//! The ledger on SQLite passes the suite of every backend, and its own checks.
#![cfg(test)]

mod it {
    mod counted;
    mod earlier;
    mod erased;
    mod faults;
    mod killed;
    mod tampering;
}

use std::path::Path;
use std::sync::Arc;

use vedetta_store::Store;
use vedetta_store::conformance::House;
use vedetta_store_sqlite::SqliteStore;

/// A data directory that goes with the last who shares it.
struct Directory(Arc<tempfile::TempDir>);

impl Directory {
    fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl House for Directory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path()).unwrap())
    }
}

fn house() -> Option<Box<dyn House>> {
    Some(Box::new(Directory::new()))
}

vedetta_store::conformance!(house);
