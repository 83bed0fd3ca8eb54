//! The walk along the whole ledger that proves it: every link, and that the state which doors read
//! says what the entries say.

mod asked;
mod state;

use self::state::State;
use crate::chain::{Digest, link};
use crate::entry::{Draft, Entry, Sequence};
use crate::error::StoreError;
use crate::store::{Reader, Verification};

/// So many entries are looked at together.
const PAGE: usize = 1_000;

/// Why the walk ended early.
#[derive(Debug)]
enum Stop {
    /// An entry that does not hold, or that the state contradicts.
    Broken(Sequence, String),
    /// The engine.
    Engine(StoreError),
}

/// Walks the whole ledger in pages: recomputes the digest of every body and every link, and checks
/// that items, clearances, numbers, records, deliveries and acknowledgements agree with their
/// entries. Memory grows with the records and the clearances, not with the items.
///
/// # Errors
/// What the engine said, but for damage that an entry can be named for.
pub fn verify(reader: &mut dyn Reader) -> Result<Verification, StoreError> {
    verify_telling(reader, &mut |_| {})
}

/// The same, telling each place up to which the ledger was found to hold.
///
/// # Errors
/// As of [`verify`].
pub fn verify_telling(
    reader: &mut dyn Reader,
    tell: &mut dyn FnMut(Sequence),
) -> Result<Verification, StoreError> {
    match walk(reader, tell) {
        Ok((entries, head)) => Ok(Verification::Sound { entries, head }),
        Err(Stop::Broken(seq, reason)) => Ok(Verification::Broken { seq, reason }),
        Err(Stop::Engine(error)) => Err(error),
    }
}

/// Whether the ledger still has a head that was kept: the link of the entry at a place, or of any.
///
/// # Errors
/// What the engine said.
pub fn has_head(
    reader: &mut dyn Reader,
    head: Digest,
    place: Option<Sequence>,
) -> Result<bool, StoreError> {
    if let Some(place) = place {
        let entry = reader.entries(Sequence(place.0.saturating_sub(1)), 1)?.pop();
        return Ok(entry.is_some_and(|it| it.stamp.seq == place && it.hash == head));
    }
    let mut last = Sequence::START;
    loop {
        let page = reader.entries(last, PAGE)?;
        let Some(end) = page.last() else { return Ok(false) };
        last = end.stamp.seq;
        if page.iter().any(|entry| entry.hash == head) {
            return Ok(true);
        }
    }
}

fn walk(reader: &mut dyn Reader, tell: &mut dyn FnMut(Sequence)) -> Result<(u64, Digest), Stop> {
    let (mut last, mut head) = (Sequence::START, Digest::default());
    let mut state = State::of(reader)?;
    loop {
        let page = page(reader, last)?;
        if page.is_empty() {
            state.end(reader)?;
            return Ok((last.0, head));
        }
        for entry in &page {
            let next = Sequence(last.0 + 1);
            head = follow(entry, next, &head)?;
            last = next;
        }
        state.check(reader, &page)?;
        tell(last);
    }
}

/// Entries after a place; when they do not read back, the first that does not is named.
fn page(reader: &mut dyn Reader, after: Sequence) -> Result<Vec<Entry>, Stop> {
    match reader.entries(after, PAGE) {
        Err(StoreError::Damaged { .. }) => {}
        told => return Ok(told?),
    }
    let mut next = after;
    while let Some(entry) = named(Sequence(next.0 + 1), reader.entries(next, 1))?.pop() {
        next = entry.stamp.seq;
    }
    Err(Stop::Broken(Sequence(next.0 + 1), "it reads back only alone".into()))
}

fn follow(entry: &Entry, seq: Sequence, previous: &Digest) -> Result<Digest, Stop> {
    if entry.stamp.seq != seq {
        return Err(Stop::Broken(seq, "it is missing".into()));
    }
    let draft = Draft {
        kind: entry.kind,
        actor: &entry.actor,
        subject: &entry.subject,
        facts: &entry.facts,
        body: &entry.body,
    };
    let expected = link(previous, entry.stamp, &draft, &Digest::of(&entry.body));
    if entry.hash == expected {
        Ok(expected)
    } else {
        Err(Stop::Broken(seq, "its link does not hold: it, or its link, was changed".into()))
    }
}

/// What the engine told when asked for an entry: its damage is that entry's.
fn named<T>(seq: Sequence, told: Result<T, StoreError>) -> Result<T, Stop> {
    told.map_err(|error| match error {
        StoreError::Damaged { what, reason, .. } => {
            Stop::Broken(seq, format!("{what} does not read back ({reason})"))
        }
        error => Stop::Engine(error),
    })
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Engine(error)
    }
}
