//! The walk along the whole chain that proves it.

use crate::chain::{Digest, link};
use crate::entry::{Draft, Sequence};
use crate::error::StoreError;
use crate::store::{Reader, Verification};

const PAGE: usize = 1_000;

/// Walks the whole ledger.
///
/// # Errors
/// What the engine said.
pub fn verify(reader: &mut dyn Reader) -> Result<Verification, StoreError> {
    let (mut last, mut head) = (Sequence::START, Digest::default());
    loop {
        let page = reader.entries(last, PAGE)?;
        if page.is_empty() {
            return Ok(Verification::Sound { entries: last.0, head });
        }
        for entry in page {
            let draft = Draft {
                kind: entry.kind,
                actor: &entry.actor,
                subject: &entry.subject,
                facts: &entry.facts,
                body: &entry.body,
            };
            let expected = link(&head, entry.stamp, &draft, &Digest::of(&entry.body));
            last = Sequence(last.0 + 1);
            if entry.stamp.seq != last || entry.hash != expected {
                let reason = "its link does not hold".into();
                return Ok(Verification::Broken { seq: last, reason });
            }
            head = expected;
        }
    }
}
