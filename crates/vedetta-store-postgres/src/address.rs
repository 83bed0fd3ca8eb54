//! Where the ledger is.

use std::error::Error as _;
use std::time::Duration;

use postgres::Config;
use postgres::config::Host;
use vedetta_store::StoreError;

/// A schema of a database.
pub(crate) struct Address {
    config: Config,
    schema: String,
    place: String,
}

impl Address {
    /// Reads a connection string of PostgreSQL, of either form.
    pub(crate) fn read(url: &str, schema: &str) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(|e: postgres::Error| {
            let reason = e.source().map_or_else(|| e.to_string(), ToString::to_string);
            StoreError::Refused(format!(
                "the address of PostgreSQL does not read ({reason}); write it as \
                 postgresql://user@host:5432/database or host=… user=… dbname=…"
            ))
        })?;
        if !is_name(schema) {
            return Err(StoreError::Refused(format!(
                "{schema:?} is no name for a schema: use 1 to 63 of a-z, 0-9 and '_', beginning \
                 with a letter, not with pg_"
            )));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(30));
        }
        config.keepalives_idle(Duration::from_secs(60));
        let place = name(&config, schema);
        Ok(Self { config, schema: schema.to_owned(), place })
    }

    /// How to connect.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// How errors name it: without user or password.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

fn name(config: &Config, schema: &str) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".into(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("PostgreSQL at {host}:{port}, database {database}, schema {schema}")
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=63).contains(&text.len())
        && text.bytes().all(plain)
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && !text.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_without_its_secrets() {
        let url = "postgresql://anna:hidden@db.example:5433/ledger";
        let address = Address::read(url, "vedetta").unwrap();
        assert_eq!(
            address.place(),
            "PostgreSQL at db.example:5433, database ledger, schema vedetta"
        );
    }

    #[test]
    fn what_does_not_read_is_refused() {
        for (url, schema) in [
            ("postgresql://host:port/x", "vedetta"),
            ("host=localhost nonsense=1", "vedetta"),
            ("host=localhost", ""),
            ("host=localhost", "a;b"),
            ("host=localhost", "Vedetta"),
            ("host=localhost", "pg_catalog"),
        ] {
            let refused = matches!(Address::read(url, schema), Err(StoreError::Refused(_)));
            assert!(refused, "{url} {schema}");
        }
    }
}
