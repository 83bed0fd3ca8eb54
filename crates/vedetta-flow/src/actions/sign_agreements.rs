//! Agreements between nodes: proposed on one, accepted on the other. Both hold the same signed
//! text; it binds once every node that speaks for a named party has signed it.

use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{SignedAgreement, What};
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, AgreementId};

use crate::authority::ADMINISTRATORS;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::agreements::{known_signatures, write_signed};
use crate::mesh::keep_own;

impl House {
    /// Signs a draft for this node, and sends it to the nodes of the other parties.
    ///
    /// # Errors
    /// Forbidden, unknown, no longer a draft, or between organisations of one node alone.
    pub fn propose_agreement(
        &self,
        by: &Actor,
        id: &AgreementId,
    ) -> Result<SignedAgreement, FlowError> {
        self.require_room(by, ADMINISTRATORS, "propose agreements")?;
        let _one_at_a_time = self.change();
        let (mesh, text) = (self.mesh()?, self.draft_of(id)?);
        if mesh.signatories(&text).iter().all(|node| *node == mesh.me) {
            let reason = "no other node speaks for a party that it names; put it in force here";
            return Err(FlowError::Conflict(reason.into()));
        }
        let known = self.read(|reader| known_signatures(reader, id))?;
        let signed = match known {
            Some(known) if known.text == text => known,
            known => {
                let revision = known.map_or(0, |known| known.revision).saturating_add(1);
                SignedAgreement { text, revision, signatures: Vec::new() }
            }
        };
        self.send_signed(by, mesh.sign(signed))
    }

    /// Signs for this node what another proposed: the text of this digest, which was read
    /// ([`SignedAgreement::digest`]), and no other that came meanwhile.
    ///
    /// # Errors
    /// Forbidden, nothing was proposed, or another text than this.
    pub fn accept_agreement(
        &self,
        by: &Actor,
        id: &AgreementId,
        read: &Digest,
    ) -> Result<SignedAgreement, FlowError> {
        self.require_room(by, ADMINISTRATORS, "accept agreements")?;
        let _one_at_a_time = self.change();
        let mesh = self.mesh()?;
        let known = self.read(|reader| known_signatures(reader, id))?;
        let signed = known.ok_or_else(|| FlowError::unknown("proposed agreement", id))?;
        if signed.digest() != *read {
            let reason = format!("the text of {id} is another by now; read it again");
            return Err(FlowError::Conflict(reason));
        }
        self.send_signed(by, mesh.sign(signed))
    }

    /// A text with the signatures known here.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn signed_agreement(
        &self,
        by: &Actor,
        id: &AgreementId,
    ) -> Result<SignedAgreement, FlowError> {
        self.require_room(by, crate::authority::ROOM_AND_AUDITORS, "see signed agreements")?;
        let known = self.read(|reader| known_signatures(reader, id))?;
        known.ok_or_else(|| FlowError::unknown("signed agreement", id))
    }

    /// An agreement as it stands.
    ///
    /// # Errors
    /// Unknown.
    pub fn agreement(&self, id: &AgreementId) -> Result<Agreement, FlowError> {
        let standing = self.standing();
        let known = standing.network.agreement(id).map(|it| Agreement::clone(it));
        known.ok_or_else(|| FlowError::unknown("agreement", id))
    }

    fn draft_of(&self, id: &AgreementId) -> Result<Agreement, FlowError> {
        let agreement = self.agreement(id)?;
        if agreement.stage != Stage::Draft {
            let reason = format!("{id} is {}; its text is signed", agreement.stage.name());
            return Err(FlowError::Conflict(reason));
        }
        Ok(agreement)
    }

    fn send_signed(
        &self,
        by: &Actor,
        signed: SignedAgreement,
    ) -> Result<SignedAgreement, FlowError> {
        let (mesh, now) = (self.mesh()?, self.now());
        let (shared, actor) = (std::sync::Arc::clone(&self.shared), by.account.to_string());
        let sent = signed.clone();
        self.write(move |unit| {
            write_signed(unit, &shared, (&mesh, now), &actor, &sent)?;
            let what = What::Agreement(Box::new(sent.clone()));
            keep_own(unit, (&actor, sent.text.id.as_str()), None, &what).map(drop)
        })?;
        Ok(signed)
    }
}
