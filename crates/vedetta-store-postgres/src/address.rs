//! Where the ledger is.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};
use vedetta_store::StoreError;

use crate::security::{Security, Way, Wish};

/// A schema of a database.
pub(crate) struct Address {
    config: Config,
    security: Security,
    schema: String,
    place: String,
}

impl Address {
    /// Reads a connection string of PostgreSQL, of either form.
    pub(crate) fn read(url: &str, schema: &str) -> Result<Self, StoreError> {
        let (url, wish) = Wish::take_from(url)?;
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
        let security = Security::of(&wish, way(&config))?;
        config.ssl_mode(match security {
            Security::Plain => SslMode::Disable,
            Security::Verified(_) => SslMode::Require,
        });
        Ok(Self { config, security, schema: schema.to_owned(), place })
    }

    /// How the way there is secured.
    pub(crate) const fn security(&self) -> &Security {
        &self.security
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

/// Where the way to the server leads.
fn way(config: &Config) -> Way {
    let is_here = |host: &Host| match host {
        Host::Tcp(host) => {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let here = config.get_hosts().iter().all(is_here)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    if here { Way::Within } else { Way::Outside }
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
    fn only_what_stays_on_this_machine_goes_in_the_open() {
        let secured =
            |url: &str| Address::read(url, "vedetta").map(|it| it.security().is_verified());
        for here in
            ["host=localhost", "postgresql://anna@127.0.0.1/x", "host=/run/postgresql", "user=anna"]
        {
            assert!(!secured(here).unwrap(), "{here}");
        }
        for away in
            ["host=db.example", "host=localhost,db.example", "host=localhost hostaddr=192.0.2.1"]
        {
            // Where this machine trusts nobody, it says so rather than to go in the open.
            assert!(secured(away).unwrap_or(true), "{away}");
        }
        assert!(!secured("host=db.example sslmode=disable").unwrap(), "as asked");
    }

    #[test]
    fn what_does_not_read_is_refused() {
        for (url, schema) in [
            ("postgresql://host:port/x", "vedetta"),
            ("host=localhost nonsense=1", "vedetta"),
            ("host=localhost sslmode=maybe", "vedetta"),
            ("host=localhost sslmode=require sslrootcert=/nowhere/ca.pem", "vedetta"),
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
