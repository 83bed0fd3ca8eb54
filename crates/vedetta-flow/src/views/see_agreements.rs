//! Which agreements and whose contacts one may see: the operations room all, others those of their
//! own organisation and of its counterparts.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, Audience, Instant, OrganisationId, OrganisationNumber};
use vedetta_store::{RecordKind, Sequence};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

/// Whose records one may see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sight {
    /// Everyone's.
    Everyone,
    /// These organisations'.
    Only(BTreeSet<OrganisationId>),
}

impl House {
    /// The agreements that an actor may see. Others than the operations room see those to which
    /// their own organisation is a party, and no drafts.
    #[must_use]
    pub fn agreements(&self, by: &Actor) -> Vec<Arc<Agreement>> {
        let standing = self.standing();
        if self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            return standing.agreements.clone();
        }
        let Some(own) = standing.directory.number(&by.organisation) else { return Vec::new() };
        let mine = standing.agreements.iter().filter(|it| standing.binds(it, own));
        mine.map(Arc::clone).collect()
    }

    /// The agreements of an organisation, of those that an actor may see.
    #[must_use]
    pub fn agreements_of(&self, by: &Actor, organisation: &OrganisationId) -> Vec<Arc<Agreement>> {
        let standing = self.standing();
        let Some(number) = standing.directory.number(organisation) else { return Vec::new() };
        self.agreements(by).into_iter().filter(|it| standing.binds(it, number)).collect()
    }

    /// Who wrote a record last, and when.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn last_change(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<(String, Instant)>, FlowError> {
        let entry = self.read(|reader| {
            let Some(record) = reader.record(kind, id)? else { return Ok(None) };
            let before = Sequence(record.stamp.seq.0.saturating_sub(1));
            Ok(reader.entries(before, 1)?.pop())
        })?;
        Ok(entry.map(|entry| (entry.actor, entry.stamp.at)))
    }

    /// Who wrote a draft as it is, and when; nothing of what is no draft.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn drafted(&self, of: &Agreement) -> Result<Option<(String, Instant)>, FlowError> {
        match of.stage {
            Stage::Draft => self.last_change(RecordKind::Agreement, of.id.as_str()),
            _ => Ok(None),
        }
    }

    /// Whose contacts an actor may see: others than the operations room see their own
    /// organisation's, and those of the parties of its agreements.
    #[must_use]
    pub fn sight(&self, by: &Actor) -> Sight {
        if self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            return Sight::Everyone;
        }
        let standing = self.standing();
        let mut parties = Audience::nobody();
        for agreement in self.agreements(by) {
            parties.absorb(&standing.parties(&agreement));
        }
        let parties = parties.iter().filter_map(|number| standing.directory.numbered(number));
        let mut seen: BTreeSet<_> = parties.map(|it| it.id.clone()).collect();
        seen.insert(by.organisation.clone());
        Sight::Only(seen)
    }
}

impl Sight {
    /// Whether it reaches an organisation.
    #[must_use]
    pub fn reaches(&self, organisation: &OrganisationId) -> bool {
        match self {
            Self::Everyone => true,
            Self::Only(seen) => seen.contains(organisation),
        }
    }
}

impl Standing {
    /// Whether an organisation is a party to an agreement that was signed.
    pub(crate) fn binds(&self, agreement: &Agreement, organisation: OrganisationNumber) -> bool {
        agreement.stage != Stage::Draft && self.parties(agreement).contains(organisation)
    }

    /// The parties of an agreement; of an adhesion, whoever adheres.
    fn parties(&self, agreement: &Agreement) -> Audience {
        if let Some(adhesion) = &agreement.adhesion {
            return self.directory.number(&adhesion.organisation).into_iter().collect();
        }
        let mut parties = Audience::nobody();
        for party in &agreement.parties {
            parties.absorb(&self.network.members(&agreement.id, &party.name));
        }
        parties
    }
}
