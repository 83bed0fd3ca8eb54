//! Webhooks: where an organisation wants to be called when something is released to it.

use vedetta_model::webhook::key;
pub use vedetta_model::webhook::{Webhook, WebhookState};
use vedetta_model::{Actor, OrganisationId};
use vedetta_store::{RecordKind, SecretKind, StoreError, UnitOfWork};

use crate::authority::{ADMINISTRATORS, PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;
use crate::steps::call_webhooks::{cursor, step};

/// What became of a webhook that was put.
enum Kept {
    New,
    Before,
    TooMany,
}

/// Webhooks of one organisation at most.
pub const MOST_WEBHOOKS: usize = 16;

impl House {
    /// Puts a webhook, and tells the secret of a new one: once. A new one is called from now on.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn put_webhook(&self, by: &Actor, webhook: Webhook) -> Result<Option<String>, FlowError> {
        const WHAT: &str = "keep webhooks of this organisation";
        require(by, PRODUCERS, "keep webhooks")?;
        self.require_own(by, &webhook.organisation, WHAT)?;
        vedetta_model::AssetId::new(&webhook.id)?;
        check_kinds(&webhook.kinds, "kinds")?;
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        let fresh: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let (secret, actor) = (fresh.clone(), by.account.to_string());
        let head = self.bell().last();
        let kept = self.write(move |unit| {
            let key = webhook.key();
            let mut kept = Kept::Before;
            if unit.record(RecordKind::Webhook, &key)?.is_none() {
                if count(unit, &webhook.organisation)? >= MOST_WEBHOOKS {
                    return Ok(Kept::TooMany);
                }
                unit.put_secret(SecretKind::Webhook, &key, secret.as_bytes())?;
                unit.set_cursor(&cursor(&key), head)?;
                kept = Kept::New;
            }
            let body =
                serde_json::to_vec(&webhook).map_err(|it| StoreError::Refused(it.to_string()))?;
            unit.put_record(RecordKind::Webhook, &key, &body, &actor)?;
            Ok(kept)
        })?;
        match kept {
            Kept::New => Ok(Some(fresh)),
            Kept::Before => Ok(None),
            Kept::TooMany => {
                let reason = format!("{MOST_WEBHOOKS} webhooks are the most; remove one first");
                Err(FlowError::Conflict(reason))
            }
        }
    }

    /// Removes a webhook with its secret and its calls.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_webhook(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        id: &str,
    ) -> Result<(), FlowError> {
        require(by, PRODUCERS, "remove webhooks")?;
        self.require_own(by, organisation, "remove webhooks of this organisation")?;
        let (key, actor) = (key(organisation, id), by.account.to_string());
        let removed = self.write(move |unit| {
            let removed = unit.remove_record(RecordKind::Webhook, &key, &actor)?;
            if removed.is_some() {
                forget(unit, &key)?;
            }
            Ok(removed)
        })?;
        removed.map(drop).ok_or_else(|| FlowError::unknown("webhook", id))
    }

    /// The webhooks of the actor's organisation; all as administrator.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn webhooks(&self, by: &Actor) -> Result<Vec<Webhook>, FlowError> {
        let mut webhooks = self.every_webhook()?;
        let all = self.is_of_the_room(by, ADMINISTRATORS);
        webhooks.retain(|it| all || it.organisation == by.organisation);
        Ok(webhooks)
    }

    /// The same, each with how many of its calls wait or are under way, counted up to ten thousand.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn webhooks_waiting(&self, by: &Actor) -> Result<Vec<(Webhook, usize)>, FlowError> {
        let webhooks = self.webhooks(by)?.into_iter();
        let waiting = |it: &Webhook| self.read(|ask| ask.waiting_jobs(&step(&it.key()), 10_000));
        webhooks.map(|it| Ok((waiting(&it)?, it))).map(|it| it.map(|(n, it)| (it, n))).collect()
    }

    pub(crate) fn every_webhook(&self) -> Result<Vec<Webhook>, FlowError> {
        Ok(self.read(|reader| records(reader, RecordKind::Webhook))?)
    }

    pub(crate) fn webhook(&self, key: &str) -> Result<Option<Webhook>, FlowError> {
        let record = self.read(|reader| reader.record(RecordKind::Webhook, key))?;
        Ok(record.and_then(|record| serde_json::from_slice(&record.body).ok()))
    }

    pub(crate) fn webhook_secret(&self, key: &str) -> Result<Option<Vec<u8>>, FlowError> {
        Ok(self.read(|reader| reader.secret(SecretKind::Webhook, key))?)
    }
}

/// Refuses what is no type of STIX 2.1, nor a custom type (`x-…`): nothing would ever be of it.
///
/// # Errors
/// The first that is none.
pub fn check_kinds(kinds: &[String], place: &str) -> Result<(), FlowError> {
    let known = |kind: &&String| {
        kind.starts_with("x-") || stix::schema::known_types().any(|known| known == kind.as_str())
    };
    let Some(kind) = kinds.iter().find(|kind| !known(kind)) else { return Ok(()) };
    let near = stix::schema::known_types().find(|known| kind.contains(known));
    let advice = near.map_or_else(
        || "use those of STIX 2.1, e.g. indicator, incident, report".to_owned(),
        |near| format!("write {near}"),
    );
    Err(FlowError::invalid(place, format!("{kind:?} is no STIX type; {advice}")))
}

fn count(unit: &mut dyn UnitOfWork, organisation: &OrganisationId) -> Result<usize, StoreError> {
    Ok(keys(unit, organisation.as_str())?.len())
}

/// The keys of an organisation's webhooks.
fn keys(unit: &mut dyn UnitOfWork, organisation: &str) -> Result<Vec<String>, StoreError> {
    let (all, prefix) = (unit.records(RecordKind::Webhook)?, format!("{organisation}/"));
    Ok(all.into_iter().map(|it| it.id).filter(|key| key.starts_with(&prefix)).collect())
}

/// Removes the webhooks of an organisation that goes, each with its secret and its calls: whoever has its
/// name one day wants to be called by itself.
pub(crate) fn forget_webhooks(
    unit: &mut dyn UnitOfWork,
    organisation: &str,
    actor: &str,
) -> Result<(), StoreError> {
    for key in keys(unit, organisation)? {
        unit.remove_record(RecordKind::Webhook, &key, actor)?;
        forget(unit, &key)?;
    }
    Ok(())
}

/// Forgets the secret of a webhook, and its calls: those that wait, are under way or were given up.
fn forget(unit: &mut dyn UnitOfWork, key: &str) -> Result<(), StoreError> {
    unit.erase_secret(SecretKind::Webhook, key)?;
    unit.drop_jobs(&step(key))
}
