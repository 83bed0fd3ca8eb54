//! Agreements between nodes: the text that all parties' nodes sign, and how it stands everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_federation::envelope::SignedAgreement;
use vedetta_model::agreement::{AdhesionRule, Selector, Stage};
use vedetta_model::{AccountId, Agreement, AgreementId, Instant, OrganisationId};
use vedetta_policy::{Deed, Known, selects};
use vedetta_store::{
    ItemQuery, Reader, RecordKind, Sequence, StoreError, UnitOfWork, VersionFilter,
};

use super::Mesh;
use super::keep::{Kept, keep};
use crate::book::Book;
use crate::house::Shared;

/// The settings with signed texts begin so.
const SIGNED: &str = "signed.";
/// Releases offered again by one deed.
const TOGETHER: usize = 500;

impl Mesh {
    /// The nodes that must sign a text before it binds: those that administrators accepted for its
    /// members, named or selected, and this one for its own. An adhesion wants who adheres, and those
    /// whom the other parties of its framework name.
    #[must_use]
    pub fn signatories(&self, agreement: &Agreement) -> BTreeSet<OrganisationId> {
        let accepted = |id: &OrganisationId| self.trust.territory().accepted(id).cloned();
        self.members(agreement).iter().filter_map(accepted).collect()
    }

    /// Whom a text binds, or would.
    fn members(&self, agreement: &Agreement) -> BTreeSet<OrganisationId> {
        let network = &self.standing.network;
        if let Some(adhesion) = &agreement.adhesion {
            let above = agreement.parent.as_ref().and_then(|parent| network.agreement(parent));
            let above = above.into_iter().flat_map(|above| &above.parties);
            let others = above.filter(|party| party.name != adhesion.party);
            let named = others.flat_map(|party| &party.organisations);
            return named.chain([&adhesion.organisation]).cloned().collect();
        }
        let parties = || agreement.parties.iter();
        let mut members: BTreeSet<_> =
            parties().flat_map(|party| &party.organisations).cloned().collect();
        // Where an adhesion is required, each is signed by itself.
        let alone = |it: &&Selector| it.adhesion == AdhesionRule::NotNeeded;
        let selectors: Vec<_> =
            parties().filter_map(|party| party.select.as_ref()).filter(alone).collect();
        if !selectors.is_empty() {
            let all = self.standing.directory.members().iter().map(|it| &it.organisation);
            let selected = all.filter(|it| selectors.iter().any(|selector| selects(selector, it)));
            members.extend(selected.map(|it| it.id.clone()));
        }
        members
    }

    /// A text with this node's signature.
    pub(crate) fn sign(&self, mut signed: SignedAgreement) -> SignedAgreement {
        let digest = signed.digest();
        signed.signatures.retain(|(node, _)| *node != self.me);
        signed.signatures.push((self.me.clone(), self.key.sign(digest.octets())));
        signed
    }

    fn is_complete(&self, signed: &SignedAgreement) -> bool {
        let territory = self.trust.territory();
        let has = |node: &OrganisationId| signed.signatures.iter().any(|(it, _)| it == node);
        let mut sides = BTreeSet::new();
        for member in self.members(&signed.text) {
            let Some(above) = territory.accepted(&member) else { continue };
            if !has(above) && !territory.speaker(&member).is_some_and(has) {
                return false;
            }
            sides.insert(above);
        }
        sides.len() > 1
    }

    /// A signed text put in force, when all that must have signed it have and nothing is wrong with
    /// it.
    fn in_force(&self, signed: &SignedAgreement, now: Instant) -> Option<Agreement> {
        if !self.is_complete(signed) {
            return None;
        }
        let id = &signed.text.id;
        let members = self.standing.directory.members().iter();
        let organisations: Vec<_> =
            members.map(|it| (it.number, Arc::clone(&it.organisation))).collect();
        let known = Known::of(&organisations, &self.standing.agreements);
        if let Some(fault) = vedetta_policy::check(&signed.text, &known).first() {
            tracing::warn!(agreement = %id, %fault, "signed, and not in force");
            return None;
        }
        let by = AccountId::new(self.me.as_str()).ok()?;
        match vedetta_policy::put_in_force(signed.text.clone(), Deed { by, at: now }) {
            Ok(binding) => Some(binding),
            Err(error) => {
                tracing::warn!(agreement = %id, %error, "signed, and not in force");
                None
            }
        }
    }
}

/// Writes down that what rests on an agreement may be had again: who did not read it while it did
/// not bind reads it now.
pub(super) fn offer_again(
    unit: &mut dyn UnitOfWork,
    book: &Book,
    actor: &str,
    agreement: &AgreementId,
) -> Result<(), StoreError> {
    let clearances = book.resting_on(agreement);
    let mut next = (!clearances.is_empty()).then_some(Sequence::START);
    while let Some(after) = next {
        let page = unit.items(&ItemQuery {
            after,
            until: None,
            limit: TOGETHER,
            clearances: Some(&clearances),
            producer: None,
            ids: &[],
            kinds: &[],
            versions: VersionFilter::All,
        })?;
        if let (Some(first), Some(last)) = (page.items.first(), page.items.last()) {
            let after = Sequence(first.stamp.seq.0 - 1);
            let kept =
                Kept::OfferedAgain { under: agreement.clone(), after, until: last.stamp.seq };
            keep(unit, (actor, agreement.as_str()), &kept, b"")?;
        }
        next = page.next;
    }
    Ok(())
}

/// A text with its signatures, as known here.
pub(crate) fn known_signatures<R: Reader + ?Sized>(
    reader: &mut R,
    id: &AgreementId,
) -> Result<Option<SignedAgreement>, StoreError> {
    let record = reader.record(RecordKind::Setting, &format!("{SIGNED}{id}"))?;
    Ok(record.and_then(|record| serde_json::from_slice(&record.body).ok()))
}

/// Whether an agreement is a draft here; nothing when it is not known.
pub(crate) fn is_draft<R: Reader + ?Sized>(
    reader: &mut R,
    id: &AgreementId,
) -> Result<Option<bool>, StoreError> {
    let record = reader.record(RecordKind::Agreement, id.as_str())?;
    let known = record.map(|record| serde_json::from_slice::<Agreement>(&record.body).ok());
    Ok(known.map(|it| it.is_some_and(|it| it.stage == Stage::Draft)))
}

/// Keeps a signed text: as a draft, and in force once all that must have signed it have.
pub(crate) fn write_signed(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (mesh, now): (&Mesh, Instant),
    actor: &str,
    signed: &SignedAgreement,
) -> Result<(), StoreError> {
    let id = signed.text.id.as_str();
    if !is_draft(unit, &signed.text.id)?.unwrap_or(true) {
        return Ok(());
    }
    let body = serde_json::to_vec(signed).unwrap_or_default();
    shared.touch(RecordKind::Setting);
    unit.put_record(RecordKind::Setting, &format!("{SIGNED}{id}"), &body, actor)?;
    let text = mesh.in_force(signed, now).unwrap_or_else(|| signed.text.clone());
    let body = serde_json::to_vec(&text).unwrap_or_default();
    shared.touch(RecordKind::Agreement);
    unit.put_record(RecordKind::Agreement, id, &body, actor)?;
    Ok(())
}
