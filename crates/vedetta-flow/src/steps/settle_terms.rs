//! What is over is settled: agreements whose term ended are marked as expired, and tokens and certificates
//! that expired are removed. They released and proved nothing since.

use vedetta_model::Agreement;
use vedetta_store::{RecordKind, SecretKind};

use crate::actions::manage_accounts::Certificate;
use crate::credentials::Token;

use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;

/// The name of this step in the ledger.
pub(crate) const ACTOR: &str = "settle_terms";

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
                let id = agreement.id.as_str();
                self.put_by(ACTOR, RecordKind::Agreement, id, &after)?;
                settled += 1;
            }
        }
        Ok(settled)
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
