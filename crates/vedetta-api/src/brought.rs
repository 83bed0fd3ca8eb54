//! What one request brings: bounded, and what became of it in an answer that is bounded too.

use serde::Serialize;
use vedetta_flow::{Accepted, Receipt};
use vedetta_intake::indicator_csv::{Bringer, Table};
use vedetta_intake::{Arrival, DoorIn, Fault, refused_objects, stix_bundle};
use vedetta_model::ItemId;

use crate::problem::{Kind, Problem};

/// Objects, or rows of a table, that one request brings at most.
pub(crate) const MOST_OBJECTS: usize = 10_000;
/// Faults that are told of, and octets of each one's reason.
const TOLD: usize = 1_000;
const REASON: usize = 1_000;

/// What became of what was brought.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Brought {
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) duplicates: Vec<ItemId>,
    #[serde(flatten)]
    pub(crate) faults: Faults,
}

/// What was wrong with what was brought: the first [`TOLD`] faults, how many there are, and of how many
/// objects or rows.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Faults {
    pub(crate) rejected: Vec<Fault>,
    pub(crate) rejected_count: usize,
    pub(crate) faults_count: usize,
    warnings: Vec<Fault>,
    warnings_count: usize,
}

impl Brought {
    pub(crate) fn of(receipt: Receipt) -> Self {
        let Receipt { accepted, duplicates, rejected, warnings } = receipt;
        Self { accepted, duplicates, faults: Faults::of(rejected, warnings) }
    }
}

impl Faults {
    pub(crate) fn of(rejected: Vec<Fault>, warnings: Vec<Fault>) -> Self {
        let rejected_count = refused_objects(&rejected);
        let (faults_count, warnings_count) = (rejected.len(), warnings.len());
        let (rejected, warnings) = (first(rejected), first(warnings));
        Self { rejected, rejected_count, faults_count, warnings, warnings_count }
    }
}

/// Reads STIX.
///
/// # Errors
/// More than [`MOST_OBJECTS`].
pub(crate) fn bundle(door: DoorIn, source: &str, bytes: &[u8]) -> Result<Arrival, Problem> {
    let limits = stix_bundle::Limits { objects: MOST_OBJECTS, ..stix_bundle::limits() };
    let arrival = stix_bundle::read(door, source, bytes, &limits);
    match arrival.faults.as_slice() {
        [fault] if fault.rule == "too-many-objects" => Err(too_many("objects")),
        _ => Ok(arrival),
    }
}

/// Reads a table of indicators.
///
/// # Errors
/// More than [`MOST_OBJECTS`] rows.
pub(crate) fn table(
    door: DoorIn,
    source: &str,
    bytes: &[u8],
    bringer: &Bringer<'_>,
) -> Result<Arrival, Problem> {
    let mut table = match Table::open(door, source, bytes, bringer.clone()) {
        Ok(table) => table,
        Err(fault) => return Ok(Arrival::of(door, source, vec![fault])),
    };
    let arrival = table.take(MOST_OBJECTS);
    match table.take(1) {
        Some(_) => Err(too_many("rows")),
        None => Ok(arrival.unwrap_or_else(|| Arrival::of(door, source, Vec::new()))),
    }
}

fn too_many(what: &str) -> Problem {
    let sentence = format!(
        "the body has more than {MOST_OBJECTS} {what}; send it in parts, or have the node's operator \
         bring the file with `vedetta import`"
    );
    Problem::new(Kind::TooLarge, sentence).at(what)
}

fn first(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.truncate(TOLD);
    faults.shrink_to_fit();
    for fault in faults.iter_mut().filter(|it| it.reason.len() > REASON) {
        fault.reason.truncate(fault.reason.floor_char_boundary(REASON));
        fault.reason.push('…');
    }
    faults
}
