//! What became of what was submitted: kept beside the ledger, so that whoever brought it may ask again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};
use vedetta_store::StoreError;

use crate::house::House;

/// For how long each is kept, while its bringer has no more than [`MOST_STATUSES`].
const FOR: Duration = Duration::from_hours(24);
/// Of one organisation; then the oldest give way.
pub const MOST_STATUSES: u16 = 2_048;

/// So many that are due give way to each new one, so that they are gone in time.
const FREED: usize = 4;

/// Which of an organisation's are kept, counted from its first ever on: the oldest, and the next.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    oldest: u64,
    next: u64,
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
            let kept = unit.bookmark(&all)?.and_then(|it| serde_json::from_slice(&it).ok());
            let mut kept: Kept = kept.unwrap_or_default();
            for _ in 0..FREED {
                let oldest = one(&all, place(kept.oldest));
                let is_full = kept.next - kept.oldest >= MOST_STATUSES.into();
                let held = unit.bookmark(&oldest)?.filter(|_| kept.oldest < kept.next);
                if !held.is_some_and(|it| is_full || at.since(moment(&it)) >= FOR) {
                    break;
                }
                unit.set_bookmark(&oldest, &[])?;
                kept.oldest += 1;
            }
            let place = place(kept.next);
            kept.next += 1;
            let mut body = at.micros().to_be_bytes().to_vec();
            body.extend(written(place));
            unit.set_bookmark(&one(&all, place), &body)?;
            unit.set_bookmark(&all, &serde_json::to_vec(&kept).unwrap_or_default())?;
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

/// Where one is: they go round.
fn place(number: u64) -> u16 {
    u16::try_from(number % u64::from(MOST_STATUSES)).unwrap_or_default()
}

fn one(all: &str, place: u16) -> String {
    format!("{all} {place}")
}

/// When it was kept.
fn moment(body: &[u8]) -> Instant {
    let octets = body.first_chunk().copied().unwrap_or_default();
    Instant::from_micros(i64::from_be_bytes(octets))
}
