//! Agreements between nodes: proposed on one, accepted on the other. Both hold the same signed
//! text; it binds once every node that speaks for a named party has signed it.

use std::sync::Arc;

use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{SignedAgreement, What};
use vedetta_flow::FlowError;
use vedetta_flow::authority::{ADMINISTRATORS, ROOM_AND_AUDITORS};
use vedetta_flow::corridor::{keep_own, travels};
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, AgreementId};

use crate::Nodes;
use crate::agreements::{known_signatures, sign, signatories, write_signed};
use crate::places::note;
use crate::scopes::texts_name;

impl Nodes {
    /// Signs a draft for this node, and sends it to the nodes of the other parties.
    ///
    /// # Errors
    /// Forbidden, unknown, no longer a draft, or between organisations of one node alone.
    pub fn propose_agreement(
        &self,
        by: &Actor,
        id: &AgreementId,
    ) -> Result<SignedAgreement, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "propose agreements")?;
        let _one_at_a_time = self.house.change();
        let (mesh, text) = (self.house.mesh()?, self.draft_of(id)?);
        if signatories(&mesh, &text).iter().all(|node| *node == mesh.me) {
            let reason = "no other node speaks for a party that it names; put it in force here";
            return Err(FlowError::Conflict(reason.into()));
        }
        let known = self.house.read(|reader| known_signatures(reader, id))?;
        let signed = match known {
            Some(known) if *known.text == text => known,
            known => {
                let revision = known.map_or(0, |known| known.revision).saturating_add(1);
                SignedAgreement { text: text.into(), revision, signatures: Vec::new() }
            }
        };
        self.send_signed(by, sign(&mesh, signed))
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
        self.house.require_room(by, ADMINISTRATORS, "accept agreements")?;
        let _one_at_a_time = self.house.change();
        let mesh = self.house.mesh()?;
        let known = self.house.read(|reader| known_signatures(reader, id))?;
        let signed = known.ok_or_else(|| FlowError::unknown("proposed agreement", id))?;
        if signed.digest() != *read {
            let reason = format!("the text of {id} is another by now; read it again");
            return Err(FlowError::Conflict(reason));
        }
        self.send_signed(by, sign(&mesh, signed))
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
        self.house.require_room(by, ROOM_AND_AUDITORS, "see signed agreements")?;
        let known = self.house.read(|reader| known_signatures(reader, id))?;
        known.ok_or_else(|| FlowError::unknown("signed agreement", id))
    }

    fn draft_of(&self, id: &AgreementId) -> Result<Agreement, FlowError> {
        let agreement = self.house.agreement(id)?;
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
        let (mesh, now) = (self.house.mesh()?, self.house.now());
        let (shared, actor) = (Arc::clone(self.house.shared()), by.account.to_string());
        let sent = signed.clone();
        let what = What::Agreement(Box::new(sent.clone()));
        travels(sent.text.id.as_str(), &what)?;
        self.house.write(move |unit| {
            write_signed(unit, &shared, (&mesh, now), &actor, &sent)?;
            let id = sent.text.id.as_str();
            let stamp = keep_own(unit, (&actor, id), None, &what)?;
            note(unit, &texts_name(id), stamp.seq)
        })?;
        Ok(signed)
    }
}
