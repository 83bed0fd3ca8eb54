//! Files of any size, some items at a time, in bounded memory.

use std::collections::{HashSet, VecDeque};
use std::io::Read;

use stix::{BundleReader, Entry, Limits};
use vedetta_model::ItemId;

use crate::arrival::{Arrival, Brought, DoorIn};
use crate::indicator_csv::{Bringer, Table};
use crate::stix_bundle::{bring, fault_of};

/// Octets of items that wait for the definitions of their markings.
const WAITING: usize = 64 << 20;
/// Items handed on together.
const TOGETHER: usize = 1000;

/// Whether a file is JSON to its end: asked before anything of it is kept, so that a file cut short
/// on its way is refused whole.
///
/// # Errors
/// What is wrong, with line and column.
pub fn check_whole<R: std::io::BufRead>(input: R) -> Result<(), serde_json::Error> {
    serde_json::from_reader::<_, serde::de::IgnoredAny>(input).map(drop)
}

/// A STIX file, some items at a time, with the bytes read so far. Items with markings that are
/// defined further on come after their definitions.
pub fn bundle<R: Read>(input: R, source: &str) -> impl Iterator<Item = (Arrival, u64)> {
    let mut reader = BundleReader::new(input, Limits::bulk());
    let source = source.to_owned();
    let (mut defined, mut waiting) = (HashSet::new(), VecDeque::new());
    std::iter::from_fn(move || {
        let mut arrival = Arrival::of(DoorIn::File, &source, Vec::new());
        let mut ended = false;
        while !ended && arrival.items.len() < TOGETHER && arrival.faults.len() < TOGETHER {
            match reader.next() {
                Some(entry) => arrival.enter(entry),
                None => ended = true,
            }
        }
        let definitions = arrival.items.iter().filter(|it| it.id.kind() == "marking-definition");
        defined.extend(definitions.map(|it| it.id.clone()));
        if ended {
            let room = TOGETHER.saturating_sub(arrival.items.len()).min(waiting.len());
            arrival.items.extend(waiting.drain(..room));
        } else {
            put_aside(&mut arrival.items, &defined, &mut waiting);
        }
        let nothing = ended && arrival.items.is_empty() && arrival.faults.is_empty();
        (!nothing).then(|| (arrival, reader.bytes_read()))
    })
}

/// Puts items aside whose markings are not defined yet, as many as there is room for.
fn put_aside(items: &mut Vec<Brought>, defined: &HashSet<ItemId>, waiting: &mut VecDeque<Brought>) {
    let mut kept = Vec::with_capacity(items.len());
    let mut octets = waiting.iter().map(|item| item.body.len()).sum::<usize>();
    for item in items.drain(..) {
        let strange = item.claim.markings.iter().any(|it| !defined.contains(&it.id));
        if strange && octets + item.body.len() <= WAITING {
            octets += item.body.len();
            waiting.push_back(item);
        } else {
            kept.push(item);
        }
    }
    *items = kept;
}

/// An indicator table, some rows at a time, with the bytes read so far.
pub fn table<'a, R: Read + 'a>(
    input: R,
    source: &str,
    bringer: &Bringer<'a>,
) -> impl Iterator<Item = (Arrival, u64)> {
    let source = source.to_owned();
    let (mut table, mut refused) = match Table::open(DoorIn::File, &source, input, bringer.clone())
    {
        Ok(table) => (Some(table), None),
        Err(fault) => (None, Some(fault)),
    };
    std::iter::from_fn(move || {
        if let Some(fault) = refused.take() {
            return Some((Arrival::of(DoorIn::File, &source, vec![fault]), 0));
        }
        let table = table.as_mut()?;
        let arrival = table.take(TOGETHER)?;
        Some((arrival, table.bytes_read()))
    })
}

impl Arrival {
    /// Adds what a reader of STIX met.
    pub(crate) fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Accepted { index, object, warnings } => {
                self.faults.extend(warnings.iter().map(fault_of));
                match bring(&object, index as u64) {
                    Ok(brought) => self.items.push(brought),
                    Err(fault) => self.faults.push(fault),
                }
            }
            Entry::Refused { problems, .. } | Entry::Container(problems) => {
                self.faults.extend(problems.iter().map(fault_of));
            }
            Entry::Broken(problem) => self.faults.push(fault_of(&problem)),
        }
    }
}
