//! Agreements between nodes: the text that all parties' nodes sign, and how it stands everywhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_federation::envelope::SignedAgreement;
use vedetta_flow::corridor::{SIGNED, Shared};
use vedetta_flow::mesh::Mesh;
use vedetta_model::agreement::{AdhesionRule, Selector, Stage};
use vedetta_model::{AccountId, Agreement, AgreementId, Instant, OrganisationId};
use vedetta_policy::{Deed, Known, selects};
use vedetta_store::{Reader, RecordKind, StoreError, UnitOfWork};

/// The nodes that must sign a text before it binds: those that administrators accepted for its
/// members, named or selected, and this one for its own. An adhesion wants who adheres, and those
/// whom the other parties of its framework name.
#[must_use]
pub fn signatories(mesh: &Mesh, agreement: &Agreement) -> BTreeSet<OrganisationId> {
    let accepted = |id: &OrganisationId| mesh.trust.territory().accepted(id).cloned();
    members(mesh, agreement).iter().filter_map(accepted).collect()
}

/// Whether a node speaks for somebody whom a text binds, or was accepted for him, and has signed it:
/// others propose nothing.
pub(crate) fn is_proposed_by(mesh: &Mesh, signed: &SignedAgreement, node: &OrganisationId) -> bool {
    let territory = mesh.trust.territory();
    let theirs = |member: &OrganisationId| {
        [territory.accepted(member), territory.speaker(member)].contains(&Some(node))
    };
    let has_signed = signed.signatures.iter().any(|(it, _)| it == node);
    has_signed && members(mesh, &signed.text).iter().any(theirs)
}

/// Whom a text binds, or would.
fn members(mesh: &Mesh, agreement: &Agreement) -> BTreeSet<OrganisationId> {
    let network = &mesh.standing.network;
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
        let all = mesh.standing.directory.members().iter().map(|it| &it.organisation);
        let selected = all.filter(|it| selectors.iter().any(|selector| selects(selector, it)));
        members.extend(selected.map(|it| it.id.clone()));
    }
    members
}

/// A text with this node's signature.
pub(crate) fn sign(mesh: &Mesh, mut signed: SignedAgreement) -> SignedAgreement {
    let digest = signed.digest();
    signed.signatures.retain(|(node, _)| *node != mesh.me);
    signed.signatures.push((mesh.me.clone(), mesh.key.sign(digest.octets())));
    signed
}

fn is_complete(mesh: &Mesh, signed: &SignedAgreement) -> bool {
    let territory = mesh.trust.territory();
    let has = |node: &OrganisationId| signed.signatures.iter().any(|(it, _)| it == node);
    let mut sides = BTreeSet::new();
    for member in members(mesh, &signed.text) {
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
fn in_force(mesh: &Mesh, signed: &SignedAgreement, now: Instant) -> Option<Agreement> {
    if !is_complete(mesh, signed) {
        return None;
    }
    let id = &signed.text.id;
    let members = mesh.standing.directory.members().iter();
    let organisations: Vec<_> =
        members.map(|it| (it.number, Arc::clone(&it.organisation))).collect();
    let known = Known::of(&organisations, &mesh.standing.agreements);
    if let Some(fault) = vedetta_policy::check(&signed.text, &known).first() {
        tracing::warn!(agreement = %id, %fault, "signed, and not in force");
        return None;
    }
    let by = AccountId::new(mesh.me.as_str()).ok()?;
    match vedetta_policy::put_in_force(Agreement::clone(&signed.text), Deed { by, at: now }) {
        Ok(binding) => Some(binding),
        Err(error) => {
            tracing::warn!(agreement = %id, %error, "signed, and not in force");
            None
        }
    }
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
    let text = in_force(mesh, signed, now).unwrap_or_else(|| Agreement::clone(&signed.text));
    let body = serde_json::to_vec(&text).unwrap_or_default();
    shared.touch(RecordKind::Agreement);
    unit.put_record(RecordKind::Agreement, id, &body, actor)?;
    Ok(())
}
