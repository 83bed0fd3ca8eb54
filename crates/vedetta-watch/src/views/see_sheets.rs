//! Handovers and early warnings as documents.

use vedetta_desk::document::Document;
use vedetta_desk::notice::Pen;
use vedetta_desk::sheet;
use vedetta_model::{AccountId, Actor, Language, OrganisationId};

use crate::error::WatchError;
use crate::watch::Watch;

/// Handovers looked through for one.
const LOOKED_THROUGH: usize = 500;

impl Watch {
    /// A handover as it was signed.
    ///
    /// # Errors
    /// Unknown, or not the actor's room's.
    pub fn handover_document(
        &self,
        by: &Actor,
        id: &str,
        language: Language,
    ) -> Result<Document, WatchError> {
        let unknown = || WatchError::unknown("handover", id);
        let (room, _) = id.split_once('/').ok_or_else(unknown)?;
        let room = OrganisationId::new(room).map_err(|_| unknown())?;
        let found = self.handovers(by, &room, LOOKED_THROUGH)?;
        let found = found.into_iter().find(|it| it.id == id).ok_or_else(unknown)?;
        let standing = self.house().standing();
        let name = |id: &OrganisationId| self.name_of(id);
        let who = |id: &AccountId| {
            standing.directory.account(id).map_or_else(|| id.to_string(), |it| it.name.clone())
        };
        let pen = Pen { language, now: self.house().now(), name: &name };
        Ok(sheet::handover(&found.handover, pen, &who))
    }

    /// An early warning as it was written.
    ///
    /// # Errors
    /// Unknown, or not cleared to the actor.
    pub fn warning_document(
        &self,
        by: &Actor,
        id: &str,
        language: Language,
    ) -> Result<Document, WatchError> {
        let view = self.warning(by, id)?;
        let own = self.house().standing().own.clone();
        let from = own.unwrap_or_else(|| by.organisation.clone());
        let name = |id: &OrganisationId| self.name_of(id);
        let pen = Pen { language, now: self.house().now(), name: &name };
        Ok(sheet::warning(id, &view.warning, &from, pen))
    }
}
