//! Look-ups a second against 100,000 assets, mixed; and how long the directory takes to rebuild.
//!
//! `cargo bench -p vedetta-directory`

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use vedetta_directory::directory::Records;
use vedetta_directory::seed::grown;
use vedetta_directory::{Directory, Format, Noun, export, plan};
use vedetta_model::OrganisationNumber;

const ASSETS: u32 = 100_000;
const ROUND: u32 = 10_000;
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    let records = grown::grown(ASSETS).unwrap();
    let (organisations, assets) = (records.organisations.len(), records.assets.len());
    let start = Instant::now();
    let mut next = 0;
    let directory = Directory::build(records, |_| {
        next += 1;
        OrganisationNumber(next)
    });
    let directory = directory.unwrap();
    println!("directory: {organisations} organisations, {assets} assets in {:?}", start.elapsed());

    let start = Instant::now();
    let rebuilt = directory.with(Records::default(), |_| OrganisationNumber(0)).unwrap();
    println!("changed: another snapshot in {:?}", start.elapsed());
    black_box(rebuilt);

    let start = Instant::now();
    let found = directory.search("forli", 20).len();
    println!("search: {found} organisations in {:?}", start.elapsed());

    let start = Instant::now();
    let file = export(&directory, Format::Csv, Noun::Assets).unwrap();
    println!("export: {} bytes of assets as CSV in {:?}", file.len(), start.elapsed());
    let start = Instant::now();
    let planned = plan(&file, Format::Csv, Noun::Assets, &directory);
    println!("import: planned in {:?}, {:?}", start.elapsed(), planned.tally());

    let start = Instant::now();
    let (relevance, refused) = directory.relevance();
    println!("relevance: built in {:?}, {} refused", start.elapsed(), refused.len());

    let wanted = grown::observables(ROUND, ASSETS).unwrap();
    let (start, mut looked, mut concerned) = (Instant::now(), 0_u64, 0_u64);
    while start.elapsed() < MEASURED {
        for observable in &wanted {
            concerned +=
                relevance.concerned(observable).map(|group| group.len() as u64).sum::<u64>();
        }
        looked += wanted.len() as u64;
    }
    let rate = looked as f64 / start.elapsed().as_secs_f64();
    println!(
        "look-ups: {rate:.0} a second, {:.2} concerned each",
        concerned as f64 / looked as f64
    );

    let mut micros: Vec<u128> = Vec::with_capacity(100 * wanted.len());
    for observable in wanted.iter().cycle().take(100 * wanted.len()) {
        let start = Instant::now();
        black_box(relevance.concerned(observable).count());
        micros.push(start.elapsed().as_nanos());
    }
    micros.sort_unstable();
    let at = |share: usize| micros[micros.len() * share / 1_000] as f64 / 1_000.0;
    println!("one look-up: p50 {:.2} µs, p99 {:.2} µs, p99.9 {:.2} µs", at(500), at(990), at(999));
}
