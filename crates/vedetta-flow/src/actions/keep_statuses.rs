//! What became of what was submitted: kept beside the ledger, so that whoever brought it may ask again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};
use vedetta_store::StoreError;

use crate::house::House;

/// For how long each is kept, while its bringer has no more than [`MOST_STATUSES`].
const KEPT: Duration = Duration::from_hours(24);
/// Of one organisation; then the oldest give way.
pub const MOST_STATUSES: u16 = 2_048;

/// The places of an organisation: how many there are, and which is written over next.
#[derive(Default, Serialize, Deserialize)]
struct Places {
    count: u16,
    next: u16,
}

impl House {
    /// Keeps what became of a submission, written for the place where it will be found. When this
    /// returns, it is durable.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn keep_status(
        &self,
        of: &OrganisationId,
        at: Instant,
        written: impl Fn(u16) -> Vec<u8> + Send + 'static,
    ) -> Result<u16, StoreError> {
        let all = format!("submitted {of}");
        self.write(move |unit| {
            let places = unit.bookmark(&all)?.and_then(|it| serde_json::from_slice(&it).ok());
            let mut places: Places = places.unwrap_or_default();
            let oldest = unit.bookmark(&one(&all, places.next))?;
            let is_due = oldest
                .is_some_and(|it| places.count == MOST_STATUSES || at.since(moment(&it)) >= KEPT);
            let place = if is_due { places.next } else { places.count };
            if is_due {
                places.next = (place + 1) % places.count;
            } else {
                places.count += 1;
            }
            let mut body = at.micros().to_be_bytes().to_vec();
            body.extend(written(place));
            unit.set_bookmark(&one(&all, place), &body)?;
            unit.set_bookmark(&all, &serde_json::to_vec(&places).unwrap_or_default())?;
            Ok(place)
        })
    }

    /// What an organisation's place of that kind holds.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn kept_status(
        &self,
        of: &OrganisationId,
        place: u16,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let name = one(&format!("submitted {of}"), place);
        let found = self.read(|reader| reader.bookmark(&name))?;
        Ok(found.and_then(|it| it.get(size_of::<i64>()..).map(<[u8]>::to_vec)))
    }
}

fn one(all: &str, place: u16) -> String {
    format!("{all} {place}")
}

/// When it was kept.
fn moment(body: &[u8]) -> Instant {
    let octets = body.first_chunk().copied().unwrap_or_default();
    Instant::from_micros(i64::from_be_bytes(octets))
}
