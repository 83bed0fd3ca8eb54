//! The Italian network grown for measuring: assets of every kind, and what people look up.

use std::net::{Ipv4Addr, Ipv6Addr};

use vedetta_model::asset::AssetValue;
use vedetta_model::{Asset, AssetId};

use super::{SeedError, italy};
use crate::directory::Records;
use crate::observable::{Observable, ObservableError};

/// The Italian network with assets of every kind, up to a number of them.
///
/// # Errors
/// As [`italy`].
pub fn grown(assets: u32) -> Result<Records, SeedError> {
    let mut records = italy()?.records();
    let first = u32::try_from(records.assets.len()).unwrap_or(u32::MAX);
    for number in first..assets {
        let owner = number as usize % records.organisations.len();
        let organisation = records.organisations[owner].id.clone();
        let id = AssetId::new(&format!("asset-{number}"))?;
        records.assets.push(Asset { id, organisation, what: value(number), note: None });
    }
    Ok(records)
}

/// What people look up among so many assets of [`grown`]; half of it concerns somebody.
///
/// # Errors
/// None, as long as this module writes what the reader of observables reads.
pub fn observables(count: u32, assets: u32) -> Result<Vec<Observable>, ObservableError> {
    (0..count).map(|round| Observable::read(&observable(round, assets))).collect()
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

fn observable(round: u32, assets: u32) -> String {
    let number = round * 7 % assets;
    let elsewhere = number + (round % 2) * assets;
    match round % 9 {
        0 | 1 => v4(elsewhere / 8 * 8).to_string(),
        2 => v6(elsewhere / 8 * 8 + 2).to_string(),
        3 => format!("www.servizio-{}.comune-{}.example", elsewhere, elsewhere % 7_000),
        4 => format!("https://comune-{:06}.example:8443/a?b", 54_000 + elsewhere % 90),
        5 => format!("sindaco@posta-{}.example", elsewhere / 8 * 8 + 5),
        6 => product(elsewhere / 8 * 8 + 6, "4.*"),
        7 => format!("Fornitore {} SRL", elsewhere % 10_000),
        _ => format!("pagina.sconosciuta-{elsewhere}.test"),
    }
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
