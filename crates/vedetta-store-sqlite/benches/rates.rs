//! How fast items are placed and paged: `cargo bench -p vedetta-store-sqlite -- [ITEMS] [DIRECTORY]`.
//!
//! Places ITEMS (200,000 without it) bodies of 500 bytes in units of work of 1,000, each on the
//! disk before the next; then pages by 1,000 as a reader entitled to nearly everything, and as one
//! entitled to one item in 100,000; then opens the ledger again.
#![allow(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::path::Path;

use vedetta_store_sqlite::SqliteStore;

#[path = "../../vedetta-store/benches/rates/ledger.rs"]
mod ledger;

use ledger::{Outcome, fill, reopen};

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let items = args.first().map_or(Ok(200_000), |text| text.replace('_', "").parse())?;
    let temporary = tempfile::tempdir()?;
    let directory = args.get(1).map_or(temporary.path(), Path::new);
    fill(&SqliteStore::open(directory)?, items, 1_000)?;
    reopen(|| SqliteStore::open(directory))
}
