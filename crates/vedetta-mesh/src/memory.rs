//! What is remembered durably of what a peer gave: how far its ledger was taken in, and what waits.

use serde::de::DeserializeOwned;
use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::waiting::Waiting;
use vedetta_flow::FlowError;
use vedetta_model::OrganisationId;
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

impl Nodes {
    /// What this node has of a peer's ledger, and what waits of it. Where the second does not read, the
    /// peer is asked for everything again: what waited is nowhere else.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn memory(&self, peer: &OrganisationId) -> Result<(Bookmark, Waiting), ShelfError> {
        let kept = self.house.read(|reader| both(reader, peer))?;
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
        tracing::error!(%peer, %error, "what is remembered of it is damaged: it is asked again");
        T::default()
    })
}
