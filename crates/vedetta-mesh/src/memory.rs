//! What is remembered durably of what a peer gave: how far its ledger was taken in, what waits, and what
//! it cost.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::waiting::Waiting;
use vedetta_flow::FlowError;
use vedetta_model::{Instant, OrganisationId};
use vedetta_store::{Reader, StoreError};

use crate::{Nodes, ShelfError};

/// Where the bookmark of a peer is kept.
pub(crate) fn bookmark_name(peer: &OrganisationId) -> String {
    format!("peer/{peer}")
}

/// Where it is kept what waits of a peer.
pub(crate) fn waiting_name(peer: &OrganisationId) -> String {
    format!("waiting/{peer}")
}

/// Where it is kept how many octets a peer brought lately, and when that was counted.
pub(crate) fn brought_name(peer: &OrganisationId) -> String {
    format!("brought/{peer}")
}

/// Where it is kept how many octets of new ways of handling a peer ever brought.
pub(crate) fn kinds_name(peer: &OrganisationId) -> String {
    format!("kinds/{peer}")
}

/// What is counted of a peer: the octets that it brought lately, with when, and those of new ways of
/// handling.
type Counts = (Option<(u64, Instant)>, u64);

impl Nodes {
    /// What this node has of a peer's ledger, and what waits of it. Where the second does not read, the
    /// peer is asked for everything again: what waited is nowhere else.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn memory(&self, peer: &OrganisationId) -> Result<(Bookmark, Waiting), ShelfError> {
        let (kept, counts) =
            self.house.read(|reader| Ok((both(reader, peer)?, counts(reader, peer)?)))?;
        self.go_on_counting(peer, counts)?;
        if let (Ok(bookmark), Ok(waiting)) = kept {
            return Ok((bookmark, waiting));
        }
        let whose = peer.clone();
        let mended = self.house.write(move |unit| {
            // Somebody may have mended it meanwhile.
            let (bookmark, waiting) = both(unit, &whose)?;
            let lost = waiting.is_err();
            let (mut bookmark, waiting) = (told(&whose, bookmark), told(&whose, waiting));
            if lost {
                bookmark.open(Span { after: 0, upto: u64::MAX });
            }
            let octets = serde_json::to_vec(&bookmark).unwrap_or_default();
            unit.set_bookmark(&bookmark_name(&whose), &octets)?;
            let octets = serde_json::to_vec(&waiting).unwrap_or_default();
            unit.set_bookmark(&waiting_name(&whose), &octets)?;
            Ok((bookmark, waiting))
        });
        Ok(mended.map_err(FlowError::from)?)
    }

    /// What was counted before the house was opened counts.
    fn go_on_counting(
        &self,
        peer: &OrganisationId,
        (brought, kinds): Counts,
    ) -> Result<(), FlowError> {
        let mut lines = self.lines();
        let line = lines.entry(peer.clone()).or_default();
        line.brought = line.brought.or(brought);
        drop(lines);
        let shared = Arc::clone(self.house.shared());
        let here = move |handling: &_| shared.book.knows(handling);
        self.house.mesh()?.trust.lately().begin(here, (peer, kinds));
        Ok(())
    }
}

fn counts(reader: &mut dyn Reader, peer: &OrganisationId) -> Result<Counts, StoreError> {
    let brought = read(reader.bookmark(&brought_name(peer))?);
    let kinds = read(reader.bookmark(&kinds_name(peer))?);
    Ok((told(peer, brought), told(peer, kinds)))
}

/// What was kept, or why it does not read.
type Read<T> = Result<T, serde_json::Error>;

fn both<R: Reader + ?Sized>(
    reader: &mut R,
    peer: &OrganisationId,
) -> Result<(Read<Bookmark>, Read<Waiting>), StoreError> {
    let bookmark = read(reader.bookmark(&bookmark_name(peer))?);
    Ok((bookmark, read(reader.bookmark(&waiting_name(peer))?)))
}

fn read<T: DeserializeOwned + Default>(kept: Option<Vec<u8>>) -> Read<T> {
    kept.map_or_else(|| Ok(T::default()), |kept| serde_json::from_slice(&kept))
}

fn told<T: Default>(peer: &OrganisationId, read: Read<T>) -> T {
    read.unwrap_or_else(|error| {
        tracing::error!(%peer, %error, "something of what is remembered of it is damaged");
        T::default()
    })
}
