//! What is over is settled: agreements whose term ended are marked as expired, and tokens and certificates
//! that expired are removed. They released and proved nothing since.

use std::sync::Arc;

use vedetta_federation::envelope::Stands;
use vedetta_model::Agreement;
use vedetta_model::agreement::Stage;
use vedetta_store::{RecordKind, SecretKind};

use crate::actions::manage_accounts::Certificate;
use crate::credentials::Token;

use crate::error::FlowError;
use crate::house::House;
use crate::mesh::say;
use crate::standing::records;

/// The name of this step in the ledger.
const ACTOR: &str = vedetta_model::part::SETTLE_TERMS;

impl House {
    /// Marks what expired; returns how many agreements.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn settle_terms(&self) -> Result<usize, FlowError> {
        let _one_at_a_time = self.change();
        let (standing, now) = (self.standing(), self.now());
        let mut settled = 0;
        for agreement in &standing.agreements {
            let after = vedetta_policy::settle(Agreement::clone(agreement), now);
            if after.stage != agreement.stage {
                self.put_over(&after)?;
                settled += 1;
            }
        }
        Ok(settled)
    }

    /// Marks one as over, and says so to the nodes that do not know its text.
    fn put_over(&self, agreement: &Agreement) -> Result<(), FlowError> {
        let id = agreement.id.clone();
        let body = serde_json::to_vec(agreement)
            .map_err(|error| FlowError::invalid(id.as_str(), error))?;
        let me = self.mesh().ok().filter(|mesh| mesh.trust.has_a_say(&mesh.me, &id).is_ok());
        let said = match &agreement.stage {
            Stage::Expired { since, .. } => (Stands::Expired, *since, None),
            _ => return self.put_by(ACTOR, RecordKind::Agreement, id.as_str(), agreement),
        };
        let shared = Arc::clone(&self.shared);
        self.write(move |unit| {
            shared.touch(RecordKind::Agreement);
            unit.put_record(RecordKind::Agreement, id.as_str(), &body, ACTOR)?;
            match &me {
                Some(mesh) => say(unit, &shared, (&mesh.me, &id, ACTOR), said.clone()),
                None => Ok(()),
            }
        })?;
        Ok(())
    }

    /// Removes the tokens, certificates and invitations of nodes that expired, with their secrets;
    /// returns how many.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn remove_expired(&self) -> Result<usize, FlowError> {
        let now = self.now();
        let (mut tokens, mut tied) = self.read(|reader| {
            let tokens: Vec<Token> = records(reader, RecordKind::Token)?;
            Ok((tokens, records::<Certificate>(reader, RecordKind::Certificate)?))
        })?;
        tokens.retain(|token| token.expires <= now);
        tied.retain(|certificate| certificate.expires <= now);
        let mut invitations = self.all_invitations()?;
        invitations.retain(|invitation| invitation.expires <= now);
        let count = tokens.len() + tied.len() + invitations.len();
        if count == 0 {
            return Ok(0);
        }
        self.write(move |unit| {
            for token in &tokens {
                unit.erase_secret(SecretKind::Token, &token.id)?;
                unit.remove_record(RecordKind::Token, &token.id, ACTOR)?;
            }
            for invitation in &invitations {
                unit.erase_secret(SecretKind::Node, &invitation.id)?;
                unit.remove_record(RecordKind::Peer, &invitation.id, ACTOR)?;
            }
            tied.iter().try_for_each(|it| {
                unit.remove_record(RecordKind::Certificate, &it.fingerprint, ACTOR).map(drop)
            })
        })?;
        Ok(count)
    }
}
