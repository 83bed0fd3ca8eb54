//! A database of the PostgreSQL server that the tests are given.

/// A database of its own, dropped at the end.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// `None`, and says so, when there is no server.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let server = std::env::var("VEDETTA_TEST_POSTGRES").ok();
        let Some(server) = server.filter(|it| !it.is_empty() && !it.contains("://")) else {
            eprintln!("skipped: VEDETTA_TEST_POSTGRES is not set to keywords and values");
            return None;
        };
        let database = Self { server, name: format!("{name}_{}", std::process::id()) };
        database.ask("CREATE DATABASE");
        Some(database)
    }

    pub(crate) fn address(&self) -> String {
        format!("{} dbname={}", self.server, self.name)
    }

    fn ask(&self, what: &str) {
        let mut client = postgres::Client::connect(&self.server, postgres::NoTls).unwrap();
        client.batch_execute(&format!("{what} {}", self.name)).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ask("DROP DATABASE");
        }
    }
}
