//! The ledger on SQLite passes the suite of every backend, and its own checks.

#[cfg(test)]
mod conforms {
    use std::sync::Arc;

    use vedetta_store::Store;
    use vedetta_store::conformance::House;
    use vedetta_store_sqlite::SqliteStore;

    struct Directory(tempfile::TempDir);

    impl House for Directory {
        fn open(&self) -> Arc<dyn Store> {
            Arc::new(SqliteStore::open(self.0.path()).unwrap())
        }
    }

    fn house() -> Option<Box<dyn House>> {
        Some(Box::new(Directory(tempfile::tempdir().unwrap())))
    }

    vedetta_store::conformance!(house);
}
