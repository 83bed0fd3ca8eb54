//! A fresh ledger on each engine that there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};
use vedetta_store::Store;
use vedetta_store_postgres::PostgresStore;

use crate::TestHouse;

/// A ledger of its own.
pub struct Ledger {
    store: Arc<dyn Store>,
    /// The server and the schema, dropped at the end.
    schema: Option<(String, String)>,
}

/// One in memory, and one on the PostgreSQL server of `VEDETTA_TEST_POSTGRES`; without a server it
/// says so.
#[must_use]
pub fn ledgers() -> Vec<Ledger> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut ledgers = vec![Ledger { store: TestHouse::ledger(), schema: None }];
    match std::env::var("VEDETTA_TEST_POSTGRES").ok().filter(|server| !server.is_empty()) {
        None => eprintln!("not on PostgreSQL: VEDETTA_TEST_POSTGRES is not set"),
        Some(server) => {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("house_{}_{count}", std::process::id());
            let store = Arc::new(PostgresStore::open(&server, Some(&name)).unwrap());
            ledgers.push(Ledger { store, schema: Some((server, name)) });
        }
    }
    ledgers
}

impl Ledger {
    /// The ledger.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if let Some((server, name)) = self.schema.take().filter(|_| !std::thread::panicking()) {
            let mut client = Client::connect(&server, NoTls).unwrap();
            let drop = format!("SET client_min_messages = error; DROP SCHEMA {name} CASCADE");
            client.batch_execute(&drop).unwrap();
        }
    }
}
