//! Webhooks: where an organisation wants to be called when something is released to it.

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Actor, OrganisationId};
use vedetta_store::{RecordKind, SecretKind};

use crate::authority::{ADMINISTRATORS, PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;
use crate::steps::call_webhooks::cursor;

/// One webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its identifier.
    pub id: String,
    /// For whom.
    pub organisation: OrganisationId,
    /// Where to.
    pub url: String,
    /// Only these STIX types; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Whether it is called.
    #[serde(default)]
    pub state: WebhookState,
    /// Who put it.
    pub by: AccountId,
}

/// Whether a webhook is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookState {
    /// It is.
    #[default]
    Active,
    /// Not for now; it goes on where it paused.
    Paused,
}

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
        let known = self.webhook(&webhook.id)?;
        if let Some(known) = &known {
            self.require_own(by, &known.organisation, WHAT)?;
        }
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let fresh = known.is_none().then_some(secret);
        let body =
            serde_json::to_vec(&webhook).map_err(|error| FlowError::invalid("webhook", error))?;
        let (kept, head, actor) = (fresh.clone(), self.bell().last(), by.account.to_string());
        self.write(move |unit| {
            if let Some(secret) = &kept {
                unit.put_secret(SecretKind::Webhook, &webhook.id, secret.as_bytes())?;
                unit.set_cursor(&cursor(&webhook.id), head)?;
            }
            unit.put_record(RecordKind::Webhook, &webhook.id, &body, &actor)
        })?;
        Ok(fresh)
    }

    /// Removes a webhook and erases its secret.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_webhook(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        require(by, PRODUCERS, "remove webhooks")?;
        let known = self.webhook(id)?.ok_or_else(|| FlowError::unknown("webhook", id))?;
        self.require_own(by, &known.organisation, "remove webhooks of this organisation")?;
        let (id, actor) = (id.to_owned(), by.account.to_string());
        self.write(move |unit| {
            unit.erase_secret(SecretKind::Webhook, &id)?;
            unit.remove_record(RecordKind::Webhook, &id, &actor)
        })?;
        Ok(())
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

    pub(crate) fn every_webhook(&self) -> Result<Vec<Webhook>, FlowError> {
        Ok(self.read(|reader| records(reader, RecordKind::Webhook))?)
    }

    pub(crate) fn webhook(&self, id: &str) -> Result<Option<Webhook>, FlowError> {
        Ok(self.every_webhook()?.into_iter().find(|webhook| webhook.id == id))
    }

    pub(crate) fn webhook_secret(&self, id: &str) -> Result<Option<Vec<u8>>, FlowError> {
        Ok(self.read(|reader| reader.secret(SecretKind::Webhook, id))?)
    }
}
