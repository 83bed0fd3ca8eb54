//! How fast items are placed and paged: `cargo bench -p vedetta-store-postgres -- [ITEMS] [UNIT]`.
//!
//! Places ITEMS (200,000 without it) bodies of 500 bytes in units of work of UNIT (1,000 without
//! it), each on the server's disk before the next; then pages by 1,000 as a reader entitled to nearly
//! everything, and as one entitled to one item in 100,000; then opens the ledger again. The server is
//! the one of `VEDETTA_TEST_POSTGRES`; the schema is made for the bench and dropped after it.
#![allow(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use vedetta_store_postgres::PostgresStore;

#[path = "../../vedetta-store/benches/rates/ledger.rs"]
mod ledger;

use ledger::{Outcome, fill, reopen};

const SCHEMA: &str = "vedetta_bench";

fn main() -> Outcome<()> {
    let Some(url) = std::env::var("VEDETTA_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
    else {
        println!("skipped: VEDETTA_TEST_POSTGRES is not set");
        return Ok(());
    };
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |index: usize, otherwise: u64| {
        args.get(index).map_or(Ok(otherwise), |text| text.replace('_', "").parse())
    };
    let (items, unit) = (number(0, 200_000)?, number(1, 1_000)?);
    drop_schema(&url)?;
    fill(&PostgresStore::open(&url, Some(SCHEMA))?, items, unit)?;
    reopen(|| PostgresStore::open(&url, Some(SCHEMA)))?;
    drop_schema(&url)
}

fn drop_schema(url: &str) -> Outcome<()> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let sql = "SET client_min_messages = error; DROP SCHEMA IF EXISTS vedetta_bench CASCADE";
    Ok(client.batch_execute(sql)?)
}
