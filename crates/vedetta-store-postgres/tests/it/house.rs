//! A schema of its own for each test, dropped when the test ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};
use vedetta_store::Store;
use vedetta_store::conformance::House;
use vedetta_store_postgres::PostgresStore;

/// Where the connection string is.
pub(crate) const VARIABLE: &str = "VEDETTA_TEST_POSTGRES";

/// A schema.
pub(crate) struct Rooms {
    /// The connection string.
    pub(crate) url: String,
    /// Its name.
    pub(crate) schema: String,
}

impl Rooms {
    /// `None`, and says so, when there is no server.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(url) = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty()) else {
            eprintln!("skipped: {VARIABLE} is not set");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let rooms = Self { url, schema: format!("test_{}_{count}", std::process::id()) };
        rooms.clear();
        Some(rooms)
    }

    /// The ledger in it.
    pub(crate) fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url, Some(&self.schema)).unwrap()
    }

    /// A connection beside it, in it.
    pub(crate) fn client(&self) -> Client {
        let mut client = Client::connect(&self.url, NoTls).unwrap();
        client.batch_execute(&format!("SET search_path = {}", self.schema)).unwrap();
        client
    }

    fn clear(&self) {
        let drop = format!(
            "SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE",
            self.schema
        );
        self.client().batch_execute(&drop).unwrap();
    }
}

impl House for Rooms {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.clear();
        }
    }
}
