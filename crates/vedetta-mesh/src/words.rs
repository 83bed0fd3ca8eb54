//! What nodes have said of agreements: this node's own insisted on, another's forgotten.

use std::collections::BTreeMap;

use vedetta_federation::envelope::{StandingNotice, Stands};
use vedetta_federation::stands::{FARTHEST, Word};
use vedetta_flow::corridor::{STANDING, Shared, owe, say_so, stood};
use vedetta_model::agreement::Stage;
use vedetta_model::{AccountId, Agreement, AgreementId, Instant, OrganisationId};
use vedetta_store::{RecordKind, StoreError, UnitOfWork};

/// When this node's own word comes back to it, from before it was restored, and it has said
/// something else since: says that again, so that it is its last word everywhere. Whether it did.
pub(crate) fn insist(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (me, actor): (&OrganisationId, &str),
    lost: &StandingNotice,
) -> Result<bool, StoreError> {
    let id = &lost.agreement;
    let stood = stood(unit, id)?;
    let Some(own) = stood.word(me).filter(|own| {
        let farthest = own.revision.saturating_add(FARTHEST);
        own.since > lost.since && (own.revision..farthest).contains(&lost.revision)
    }) else {
        return Ok(false);
    };
    let (now, since, reason) = (own.now, own.since, own.reason.clone());
    let (agreement, revision) = (id.clone(), lost.revision + 1);
    let notice = StandingNotice { agreement, revision, now, since, reason };
    say_so(unit, shared, (me, actor), notice)?;
    Ok(true)
}

/// Forgets what a node said of all agreements: what did not bind by its word alone binds again, also
/// what it had ended.
pub(crate) fn forget(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (node, at): (&OrganisationId, Instant),
    by: &AccountId,
) -> Result<(), StoreError> {
    for record in unit.records(RecordKind::Setting)? {
        let Some(Ok(id)) = record.id.strip_prefix(STANDING).map(str::parse::<AgreementId>) else {
            continue;
        };
        let mut words: BTreeMap<OrganisationId, Word> =
            serde_json::from_slice(&record.body).unwrap_or_default();
        let Some(gone) = words.remove(node) else { continue };
        shared.touch(RecordKind::Agreement);
        let body = serde_json::to_vec(&words).unwrap_or_default();
        unit.put_record(RecordKind::Setting, &record.id, &body, by.as_str())?;
        if gone.now != Stands::InForce && words.values().all(|word| word.now == Stands::InForce) {
            bind_again(unit, (&id, node), at, by)?;
        }
    }
    Ok(())
}

/// Puts in force what a node's word alone had suspended or ended.
fn bind_again(
    unit: &mut dyn UnitOfWork,
    (id, node): (&AgreementId, &OrganisationId),
    since: Instant,
    by: &AccountId,
) -> Result<(), StoreError> {
    owe(unit, (id, by.as_str()))?;
    let Some(record) = unit.record(RecordKind::Agreement, id.as_str())? else { return Ok(()) };
    let Ok(agreement) = serde_json::from_slice::<Agreement>(&record.body) else { return Ok(()) };
    let theirs = match &agreement.stage {
        Stage::Suspended { by, .. } => by.as_str() == node.as_str(),
        Stage::Expired { by, .. } => by.as_ref().is_some_and(|by| by.as_str() == node.as_str()),
        _ => false,
    };
    if !theirs {
        return Ok(());
    }
    let stage = Stage::InForce { since, by: by.clone() };
    let body = serde_json::to_vec(&Agreement { stage, ..agreement }).unwrap_or_default();
    unit.put_record(RecordKind::Agreement, id.as_str(), &body, by.as_str()).map(drop)
}
