//! How agreements stand, by the word of each node: said and heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vedetta_federation::envelope::{Envelope, StandingNotice, Stands, What};
use vedetta_federation::stands::{FARTHEST, Heard, Stood, Word};
use vedetta_model::agreement::Stage;
use vedetta_model::{AccountId, Actor, Agreement, AgreementId, Instant, OrganisationId};
use vedetta_store::{Reader, RecordKind, StoreError, UnitOfWork};

use super::keep::keep_own;
use crate::error::FlowError;
use crate::house::{House, Shared};
use crate::steps::offer_again;

/// The settings that say how agreements stand begin so.
const STANDING: &str = "standing.";

impl House {
    /// Puts an agreement in its new stage, and says so to the other nodes.
    pub(crate) fn put_stage(&self, by: &Actor, agreement: &Agreement) -> Result<(), FlowError> {
        let (id, actor) = (agreement.id.clone(), by.account.to_string());
        let said = match &agreement.stage {
            Stage::Draft => return self.put(by, RecordKind::Agreement, id.as_str(), agreement),
            Stage::InForce { since, .. } => (Stands::InForce, *since, None),
            Stage::Suspended { since, reason, .. } => {
                (Stands::Suspended, *since, Some(reason.clone()))
            }
            Stage::Expired { since, .. } => (Stands::Expired, *since, None),
        };
        let body = serde_json::to_vec(agreement)
            .map_err(|error| FlowError::invalid(id.as_str(), error))?;
        let (me, shared) = (self.standing().own.clone(), Arc::clone(&self.shared));
        self.write(move |unit| {
            shared.touch(RecordKind::Agreement);
            unit.put_record(RecordKind::Agreement, id.as_str(), &body, &actor)?;
            match &me {
                Some(me) => say(unit, &shared, (me, &id, &actor), said.clone()),
                None => Ok(()),
            }
        })?;
        Ok(())
    }

    /// Who but this node says that an agreement does not bind, and whether this node does.
    pub(crate) fn words_on(
        &self,
        id: &AgreementId,
    ) -> Result<(Vec<OrganisationId>, Stands), FlowError> {
        let stood = self.read(|reader| stood(reader, id))?;
        let Some(me) = self.standing().own.clone() else { return Ok((vec![], Stands::InForce)) };
        let own = stood.word(&me).map_or(Stands::InForce, |word| word.now);
        Ok((stood.against(&me).cloned().collect(), own))
    }

    /// Says how an agreement stands for this node, where the word of another keeps it in its stage.
    pub(crate) fn say_only(
        &self,
        by: &Actor,
        id: &AgreementId,
        (now, reason): (Stands, Option<&str>),
    ) -> Result<(), FlowError> {
        let Some(me) = self.standing().own.clone() else { return Ok(()) };
        let said = (now, self.now(), reason.map(str::to_owned));
        let (id, actor) = (id.clone(), by.account.to_string());
        let shared = Arc::clone(&self.shared);
        self.write(move |unit| say(unit, &shared, (&me, &id, &actor), said.clone()))?;
        Ok(())
    }
}

/// Says how an agreement stands for this node.
pub(crate) fn say(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (me, id, actor): (&OrganisationId, &AgreementId, &str),
    (now, since, reason): (Stands, Instant, Option<String>),
) -> Result<(), StoreError> {
    let revision = stood(unit, id)?.next(me);
    let notice = StandingNotice { agreement: id.clone(), revision, now, since, reason };
    say_so(unit, shared, (me, actor), notice)
}

/// When this node's own word comes back to it, from before it was restored, and it has said
/// something else since: says that again, so that it is its last word everywhere. Whether it did.
///
/// # Errors
/// What the ledger said.
pub fn insist(
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

fn say_so(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (me, actor): (&OrganisationId, &str),
    notice: StandingNotice,
) -> Result<(), StoreError> {
    let id = notice.agreement.clone();
    let what = What::Standing(notice.clone());
    let stamp = keep_own(unit, (actor, id.as_str()), None, &what)?;
    let leaf = Envelope::unsealed(me.clone(), stamp.at, stamp.seq.0, what).leaf();
    hear(unit, shared, (me, &id, actor), Word::of(&notice, leaf)).map(drop)
}

/// Takes in a word that counts: the agreement changes its stage, and what it gives is offered again
/// when it binds again.
///
/// # Errors
/// What the ledger said.
pub fn hear(
    unit: &mut dyn UnitOfWork,
    shared: &Shared,
    (node, id, actor): (&OrganisationId, &AgreementId, &str),
    word: Word,
) -> Result<Heard, StoreError> {
    let mut stood = stood(unit, id)?;
    let (before, said) = (stood.now(), word.clone());
    let heard = stood.hear(node, word);
    if heard != Heard::News {
        return Ok(heard);
    }
    let now = stood.now();
    if now == Stands::InForce && before != now {
        offer_again::owe(unit, (id, actor))?;
    }
    // Agreements alone are read again: who is in the network is the same.
    shared.touch(RecordKind::Agreement);
    let body = serde_json::to_vec(&stood).unwrap_or_default();
    unit.put_record(RecordKind::Setting, &format!("{STANDING}{id}"), &body, actor)?;
    if now != before
        && let Some(record) = unit.record(RecordKind::Agreement, id.as_str())?
        && let Ok(agreement) = serde_json::from_slice::<Agreement>(&record.body)
        && let Some(stage) = stage(&agreement, now, (node, &said))
    {
        let body = serde_json::to_vec(&Agreement { stage, ..agreement }).unwrap_or_default();
        unit.put_record(RecordKind::Agreement, id.as_str(), &body, actor)?;
    }
    Ok(heard)
}

/// Forgets what a node said of all agreements: what did not bind by its word alone binds again, also
/// what it had ended.
///
/// # Errors
/// What the ledger said.
pub fn forget(
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
    offer_again::owe(unit, (id, by.as_str()))?;
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

/// The stage into which a word brings an agreement; nothing when it is there.
fn stage(
    agreement: &Agreement,
    now: Stands,
    (node, word): (&OrganisationId, &Word),
) -> Option<Stage> {
    let (since, by) = (word.since, AccountId::new(node.as_str()).ok());
    match (now, &agreement.stage) {
        (Stands::InForce, Stage::InForce { .. })
        | (Stands::Suspended, Stage::Suspended { .. })
        // A text that nobody here put in force is not put in force from afar.
        | (_, Stage::Draft | Stage::Expired { .. }) => None,
        (Stands::InForce, _) => Some(Stage::InForce { since, by: by? }),
        (Stands::Suspended, _) => {
            let reason = word.reason.clone().unwrap_or_default();
            Some(Stage::Suspended { since, by: by?, reason })
        }
        (Stands::Expired, _) => Some(Stage::Expired { since, by }),
    }
}

/// Agreements of which another node says that they do not bind.
pub(crate) fn lapsed(reader: &mut dyn Reader) -> Result<BTreeSet<AgreementId>, StoreError> {
    let settings = reader.records(RecordKind::Setting)?;
    let lapsed = settings.iter().filter_map(|record| {
        let id = record.id.strip_prefix(STANDING)?.parse::<AgreementId>().ok()?;
        let stood: Stood = serde_json::from_slice(&record.body).ok()?;
        (stood.now() != Stands::InForce).then_some(id)
    });
    Ok(lapsed.collect())
}

/// The last word by which an agreement does not bind.
pub(crate) fn word_against(
    reader: &mut dyn Reader,
    id: &AgreementId,
) -> Result<Option<Word>, StoreError> {
    let stood = stood(reader, id)?;
    let now = stood.now();
    Ok(stood.words().find(|word| word.now == now && now != Stands::InForce).cloned())
}

fn stood<R: Reader + ?Sized>(reader: &mut R, id: &AgreementId) -> Result<Stood, StoreError> {
    let record = reader.record(RecordKind::Setting, &format!("{STANDING}{id}"))?;
    Ok(record.and_then(|it| serde_json::from_slice(&it.body).ok()).unwrap_or_default())
}
