//! Look-ups a second against 100,000 assets, mixed; and how long the directory takes to rebuild.
//!
//! `cargo bench -p vedetta-directory`

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use vedetta_directory::directory::Records;
use vedetta_directory::{Directory, Format, Noun, Observable, export, plan, seed};
use vedetta_model::asset::AssetValue;
use vedetta_model::{Asset, AssetId, OrganisationNumber};

const ASSETS: u32 = 100_000;
const ROUND: usize = 10_000;
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    let records = records();
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

    let wanted = wanted();
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

    let mut micros: Vec<u128> = Vec::with_capacity(100 * ROUND);
    for observable in wanted.iter().cycle().take(100 * ROUND) {
        let start = Instant::now();
        black_box(relevance.concerned(observable).count());
        micros.push(start.elapsed().as_nanos());
    }
    micros.sort_unstable();
    let at = |share: usize| micros[micros.len() * share / 1_000] as f64 / 1_000.0;
    println!("one look-up: p50 {:.2} µs, p99 {:.2} µs, p99.9 {:.2} µs", at(500), at(990), at(999));
}

/// The Italian network with assets of every kind up to 100,000.
fn records() -> Records {
    let seed = seed::italy().unwrap();
    let mut records = seed.records();
    let first = u32::try_from(records.assets.len()).unwrap();
    for number in first..ASSETS {
        let owner = number as usize % records.organisations.len();
        let organisation = records.organisations[owner].id.clone();
        let id = AssetId::new(&format!("asset-{number}")).unwrap();
        records.assets.push(Asset { id, organisation, what: value(number), note: None });
    }
    records
}

fn value(number: u32) -> AssetValue {
    match number % 8 {
        0 | 1 => AssetValue::Network(format!("{}/28", v4(number))),
        2 => AssetValue::Network(format!("{}/64", v6(number))),
        3 | 4 => AssetValue::Domain(format!("servizio-{number}.comune-{}.example", number % 7_000)),
        5 => AssetValue::MailDomain(format!("posta-{number}.example")),
        6 => AssetValue::Product(product(number, "4.2")),
        _ => AssetValue::Supplier(format!("Fornitore {} S.r.l.", number % 5_000)),
    }
}

/// Half of them concern somebody.
fn wanted() -> Vec<Observable> {
    (0..ROUND as u32)
        .map(|round| {
            let number = round * 7 % ASSETS;
            let elsewhere = number + (round % 2) * ASSETS;
            let text = match round % 9 {
                0 | 1 => v4(elsewhere / 8 * 8).to_string(),
                2 => v6(elsewhere / 8 * 8 + 2).to_string(),
                3 => format!("www.servizio-{}.comune-{}.example", elsewhere, elsewhere % 7_000),
                4 => format!("https://comune-{:06}.example:8443/a?b", 54_000 + elsewhere % 90),
                5 => format!("sindaco@posta-{}.example", elsewhere / 8 * 8 + 5),
                6 => product(elsewhere / 8 * 8 + 6, "4.*"),
                7 => format!("Fornitore {} SRL", elsewhere % 10_000),
                _ => format!("pagina.sconosciuta-{elsewhere}.test"),
            };
            Observable::read(&text).unwrap()
        })
        .collect()
}

fn v4(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 + number * 16)
}

fn v6(number: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits((0x2001_0db8_8000_0000_u128 + u128::from(number)) << 64)
}

fn product(number: u32, version: &str) -> String {
    format!("cpe:2.3:a:produttore-{}:prodotto-{number}:{version}:*:*:*:*:*:*:*", number % 300)
}
