//! What was read through TAXII and the JSON interface, to be recorded as delivered.
//!
//! A client that polls the same pages again is not delivered to again: for each caller and
//! question the last place read is remembered (forgotten when too many are), and what lies before
//! it is not noted.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use vedetta_diffusion::Receipts;
use vedetta_flow::{DeliveryBatch, Door, House, ReadItem, Sequence};
use vedetta_model::{Actor, OrganisationNumber};

/// Questions remembered.
const REMEMBERED: usize = 65_536;

/// Reads that wait to be recorded.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    taxii: Receipts,
    api: Receipts,
    read: Mutex<HashMap<(Door, OrganisationNumber, u64), u64>>,
}

impl Reads {
    /// Notes that an actor read a page of items; `question` tells apart what was asked.
    pub(crate) fn note(&self, house: &House, actor: &Actor, door: Door, read: (&str, &[ReadItem])) {
        let (question, items) = read;
        let standing = house.standing();
        let Some(number) = standing.directory.number(&actor.organisation) else { return };
        let Some(last) = items.last().map(|item| item.stamp.seq.0) else { return };
        let before = self.advance((door, number, hash(question)), last);
        let places = items.iter().map(|item| item.stamp.seq.0).filter(|place| *place > before);
        let receipts = if door == Door::Taxii { &self.taxii } else { &self.api };
        receipts.note(&places.collect(), number, house.now());
    }

    /// Takes what waits.
    pub(crate) fn drain(&self) -> Vec<DeliveryBatch> {
        let doors = [(Door::Taxii, &self.taxii), (Door::Api, &self.api)];
        let drained = doors.into_iter().flat_map(|(door, receipts)| {
            receipts.drain().into_iter().map(move |receipt| DeliveryBatch {
                release: Sequence(receipt.place),
                door,
                at: receipt.at,
                audience: receipt.audience,
            })
        });
        drained.collect()
    }

    /// Moves the last place read on; returns where it was.
    fn advance(&self, key: (Door, OrganisationNumber, u64), last: u64) -> u64 {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= REMEMBERED && !read.contains_key(&key) {
            read.clear();
        }
        let place = read.entry(key).or_default();
        std::mem::replace(place, last.max(*place))
    }
}

fn hash(question: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    hasher.finish()
}
