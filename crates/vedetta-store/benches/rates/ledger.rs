//! What the benches of the engines do alike: place, page, and open again.

use std::error::Error;
use std::time::{Duration, Instant as Watch};

use vedetta_model::{
    Audience, Category, Handling, Instant, ItemId, OrganisationId, OrganisationNumber, Pap, Tlp,
};
use vedetta_store::{
    Claim, ClearanceId, Form, ItemDraft, ItemQuery, ItemState, NewClearance, Sequence, Store,
    StoreError, VersionFilter,
};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The clearances of nearly everything.
const WIDE: u32 = 300;
/// One item in so many goes out under the rare clearances.
const RARE: u64 = 100_000;

/// Places so many items of 500 bytes in units of work of so many, and pages through them as a reader
/// entitled to nearly everything, and as one entitled to one item in 100,000.
pub(crate) fn fill(store: &dyn Store, items: u64, unit_size: u64) -> Outcome<()> {
    let (wide, rare) = clearances(store)?;
    place(store, (items, unit_size), (&wide, &rare))?;
    page(store, "nearly everything", &wide)?;
    page(store, "one in 100,000", &rare)?;
    page(store, "one in 100,000 of 600 clearances", &[&rare[..], &vacant()].concat())
}

/// Opens the ledger again.
pub(crate) fn reopen<S: Store>(open: impl FnOnce() -> Result<S, StoreError>) -> Outcome<()> {
    let watch = Watch::now();
    open()?.read(&mut |reader| reader.head().map(drop))?;
    println!("opened in {:.1} ms", millis(watch.elapsed()));
    println!("memory at its peak: {} MiB", peak_memory());
    Ok(())
}

fn clearances(store: &dyn Store) -> Outcome<(Vec<ClearanceId>, Vec<ClearanceId>)> {
    let mut ids = Vec::new();
    store.write(Instant::from_micros(0), &mut |unit| {
        for number in 0..WIDE + 3 {
            let clearance = NewClearance {
                handling: &handling()?,
                form: Form::Full,
                audience: &Audience::from_iter([OrganisationNumber(number)]),
                grounds: "[]",
                actor: "bench",
            };
            ids.push(unit.intern(&clearance)?);
        }
        Ok(())
    })?;
    let rare = ids.split_off(WIDE as usize);
    Ok((ids, rare))
}

/// Clearances under which nothing goes out.
fn vacant() -> Vec<ClearanceId> {
    (1_000..1_600).map(ClearanceId).collect()
}

fn handling() -> Result<Handling, StoreError> {
    Ok(Handling {
        producer: OrganisationId::new("acme").map_err(|e| StoreError::Refused(e.to_string()))?,
        category: Category::Indicator,
        tlp: Tlp::Green,
        pap: Pap::Green,
        victims: [].into(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    })
}

/// Places after what is there.
fn place(
    store: &dyn Store,
    (items, unit_size): (u64, u64),
    (wide, rare): (&[ClearanceId], &[ClearanceId]),
) -> Outcome<()> {
    let body = vec![b'x'; 500];
    let stored = store_size(store)?;
    let (mut watch, mut slowest, start) = (Watch::now(), Duration::ZERO, Watch::now());
    for unit in stored / unit_size..(stored + items) / unit_size {
        let ids = ids(unit * unit_size, unit_size)?;
        let drafts: Vec<ItemDraft<'_>> = ids
            .iter()
            .enumerate()
            .map(|(index, id)| {
                let number = unit * unit_size + index as u64;
                let pool = if number % RARE == RARE - 1 { rare } else { wide };
                draft(id, pool[(number / 7) as usize % pool.len()], &body)
            })
            .collect();
        let begun = Watch::now();
        store.write(Instant::from_micros(0), &mut |unit| unit.place_items(&drafts).map(drop))?;
        slowest = slowest.max(begun.elapsed());
        let placed = (unit + 1) * unit_size;
        if placed.is_multiple_of(200_000) {
            let rate = 200_000.0 / watch.elapsed().as_secs_f64();
            println!("{placed} placed: {rate:.0}/s, slowest unit {:.0} ms", millis(slowest));
            (watch, slowest) = (Watch::now(), Duration::ZERO);
        }
    }
    println!("placing: {:.0} items/s over all", items as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

fn store_size(store: &dyn Store) -> Outcome<u64> {
    let mut size = 0;
    store.read(&mut |reader| {
        size = reader.releases_per_clearance()?.iter().map(|(_, count)| count).sum();
        Ok(())
    })?;
    Ok(size)
}

/// Identifiers spread as random ones are.
fn ids(first: u64, count: u64) -> Outcome<Vec<ItemId>> {
    let id = |number: u64| {
        let high = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = high.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let (a, b) = (high >> 32, low & 0xffff_ffff_ffff);
        ItemId::new(&format!("indicator--{a:08x}-0000-4000-8000-{b:012x}"))
    };
    Ok((first..first + count).map(id).collect::<Result<_, _>>()?)
}

fn draft<'a>(id: &'a ItemId, clearance: ClearanceId, body: &'a [u8]) -> ItemDraft<'a> {
    ItemDraft {
        id,
        version: Instant::from_micros(1_700_000_000_000_000),
        producer: OrganisationNumber(1),
        claim: Claim::First,
        clearance,
        state: ItemState::Live,
        actor: "bench",
        facts: r#"{"source":"bench","received":"2026-01-31T08:00:00Z"}"#,
        body,
    }
}

fn page(store: &dyn Store, who: &str, clearances: &[ClearanceId]) -> Outcome<()> {
    let mut query = ItemQuery {
        after: Sequence::START,
        until: None,
        as_of: None,
        without: &[],
        limit: 1_000,
        clearances: Some(clearances),
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::Last,
    };
    let (mut times, mut items, start) = (Vec::new(), 0, Watch::now());
    let mut next = Some(Sequence::START);
    while let (Some(after), true) = (next, times.len() < 2_000) {
        query.after = after;
        let begun = Watch::now();
        store.read(&mut |reader| {
            let page = reader.items(&query)?;
            items += page.items.len();
            next = page.next;
            Ok(())
        })?;
        times.push(begun.elapsed());
    }
    let rate = items as f64 / start.elapsed().as_secs_f64();
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "paging {who}: {items} items in {} pages, {rate:.0} items/s, page p50 {:.2} ms, p99 {:.2} ms",
        times.len(),
        millis(median),
        millis(p99)
    );
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The peak of resident memory, where the system tells.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1_024
}
