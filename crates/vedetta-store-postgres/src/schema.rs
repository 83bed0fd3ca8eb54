//! The tables, and how an earlier version of them becomes the present one.

use vedetta_store::StoreError;

use crate::address::Address;
use crate::engine::Engine;
use crate::fault::{Fault, Told};

/// What brings the schema from each version to the next.
const MIGRATIONS: [&str; 4] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// The oldest server that has everything the statements use.
const OLDEST_SERVER: i32 = 150_000;

const FIND_SCHEMA: &str = "-- name: find_schema
SELECT to_regnamespace($1::text) IS NOT NULL, to_regclass($1 || '.schema_version') IS NOT NULL,
    current_setting('server_version_num')::integer, current_setting('server_encoding')";

const FIND_VERSION: &str = "-- name: find_version
SELECT version FROM schema_version";

/// What is there.
struct Found {
    schema: bool,
    table: bool,
    version: usize,
}

/// Creates the tables or brings them up to date: all of it or nothing.
pub(crate) fn migrate(engine: &mut Engine, address: &Address) -> Result<(), StoreError> {
    let found = find(engine, address).map_err(|fault| fault.at(address.place()))?;
    if found.version == MIGRATIONS.len() {
        return Ok(());
    }
    let (schema, known) = (address.schema(), MIGRATIONS.len());
    let mut script = String::from("-- name: migrate\nBEGIN;\n");
    if !found.schema {
        script += &format!("CREATE SCHEMA {schema};\n");
    }
    if !found.table {
        script += "CREATE TABLE schema_version (version integer NOT NULL);\n\
                   INSERT INTO schema_version VALUES (0);\n";
    }
    script.extend(MIGRATIONS[found.version..].iter().copied());
    script += &format!("UPDATE schema_version SET version = {known};\nCOMMIT;");
    engine.script(&script).map_err(|fault| fault.at(address.place()))
}

/// Checks that there are tables, of whatever version.
pub(crate) fn must_be_made(engine: &mut Engine, address: &Address) -> Result<(), StoreError> {
    made(engine, address).map(drop)
}

/// Checks that the tables are there and that this program knows them.
pub(crate) fn check(engine: &mut Engine, address: &Address) -> Result<(), StoreError> {
    if made(engine, address)? == MIGRATIONS.len() {
        return Ok(());
    }
    let reason = "there is no ledger of this version; start the node once".into();
    Err(StoreError::Unreachable { place: address.place().into(), reason })
}

/// The version of the tables that are there.
fn made(engine: &mut Engine, address: &Address) -> Result<usize, StoreError> {
    let found = find(engine, address).map_err(|fault| fault.at(address.place()))?;
    match found.version {
        0 => Err(StoreError::Missing { place: address.place().into() }),
        version => Ok(version),
    }
}

fn find(engine: &mut Engine, address: &Address) -> Told<Found> {
    let row = engine.always(FIND_SCHEMA, &[&address.schema()])?;
    let (server, encoding): (i32, String) = (row.try_get(2)?, row.try_get(3)?);
    if server < OLDEST_SERVER || encoding != "UTF8" {
        return Err(Fault::Refused(format!(
            "{} is PostgreSQL {} with encoding {encoding}; use 15 or later with UTF8",
            address.place(),
            server / 10_000
        )));
    }
    let (schema, table) = (row.try_get(0)?, row.try_get(1)?);
    let version: i32 = if table { engine.always(FIND_VERSION, &[])?.try_get(0)? } else { 0 };
    let known = MIGRATIONS.len();
    match usize::try_from(version) {
        Ok(version) if version <= known => Ok(Found { schema, table, version }),
        _ => Err(Fault::Said(StoreError::Newer {
            place: address.place().to_owned(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            known: u32::try_from(known).unwrap_or(u32::MAX),
        })),
    }
}
