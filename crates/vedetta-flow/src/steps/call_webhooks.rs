//! Calling webhooks: a call is queued for each release that its organisation may read, leased by a
//! worker, and finished, tried again or given up. What is withdrawn or no longer entitled by then
//! is not called out.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Actor, Instant, Language, Role};
use vedetta_policy::{Cleared, Reader};
use vedetta_store::{Lease, NewJob, Sequence, StoreError, VersionFilter};

use crate::actions::keep_webhooks::{Webhook, WebhookState};
use crate::error::FlowError;
use crate::house::House;
use crate::views::read_items::{ReadItem, Wish};

/// A call to make now.
#[derive(Debug)]
pub struct DueCall {
    /// The right to make it.
    pub lease: Lease,
    /// Where to.
    pub webhook: Webhook,
    /// What it is signed with.
    pub secret: Vec<u8>,
    /// What it tells.
    pub item: Cleared<ReadItem>,
    /// For whom.
    pub reader: Reader,
}

/// The step's name.
const STEP: &str = "call_webhook";
/// How long a worker may take for one call.
const TERM: Duration = Duration::from_secs(120);

/// What a job says.
#[derive(Serialize, Deserialize)]
struct Task {
    webhook: String,
    place: u64,
}

impl House {
    /// Queues a call for each release since the last time, for every active webhook; a thousand a
    /// webhook at most. Says whether there may be more.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn queue_webhook_calls(&self) -> Result<Remaining, FlowError> {
        let mut remaining = Remaining::Nothing;
        for webhook in self.every_webhook()? {
            if webhook.state == WebhookState::Active && self.queue_calls_of(&webhook)? {
                remaining = Remaining::Something;
            }
        }
        Ok(remaining)
    }

    /// Takes calls that are due, for two minutes.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn due_webhook_calls(&self, limit: usize) -> Result<Vec<DueCall>, FlowError> {
        let now = self.now();
        let leases = self.write(move |unit| unit.lease(STEP, now, TERM, limit))?;
        let mut due = Vec::with_capacity(leases.len());
        for lease in leases {
            match self.due_call(&lease)? {
                Some(call) => due.push(call),
                None => self.finish_webhook_call(lease)?,
            }
        }
        Ok(due)
    }

    /// Ends a call that was taken, or has become pointless.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn finish_webhook_call(&self, lease: Lease) -> Result<(), FlowError> {
        self.end(move |unit| unit.finish(&lease))
    }

    /// Gives a call back after a failure: to be made again at a moment, or given up.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn give_back_webhook_call(
        &self,
        lease: Lease,
        error: String,
        again: Option<Instant>,
    ) -> Result<(), FlowError> {
        let now = self.now();
        self.end(move |unit| unit.give_back(&lease, &error, again, now))
    }

    fn queue_calls_of(&self, webhook: &Webhook) -> Result<bool, FlowError> {
        let name = cursor(&webhook.id);
        let after = self.read(|reader| reader.cursor(&name))?;
        let head = self.bell().last();
        if head <= after {
            return Ok(false);
        }
        let wish = Wish { kinds: webhook.kinds.clone(), ..Wish::all(after, VersionFilter::All) };
        let Ok(page) = self.page(&machine(webhook), &wish) else { return Ok(false) };
        let last = page.items.last().map_or(after, |item| item.stamp.seq);
        let place = page.next.unwrap_or(head).max(last);
        let places: Vec<u64> = page.items.iter().map(|item| item.stamp.seq.0).collect();
        let (webhook, now) = (webhook.id.clone(), self.now());
        self.write(move |unit| {
            for place in &places {
                let key = format!("{webhook}:{place}");
                let task = Task { webhook: webhook.clone(), place: *place };
                let task = serde_json::to_string(&task).unwrap_or_default();
                unit.enqueue(&NewJob { step: STEP, key: &key, task: &task, due: now })?;
            }
            unit.set_cursor(&name, place)
        })?;
        Ok(page.next.is_some())
    }

    /// What a leased job calls for; `None` when there is nothing to call out any more.
    fn due_call(&self, lease: &Lease) -> Result<Option<DueCall>, FlowError> {
        let Ok(task) = serde_json::from_str::<Task>(&lease.job.task) else { return Ok(None) };
        let Some(webhook) = self.webhook(&task.webhook)? else { return Ok(None) };
        let Some(secret) = self.webhook_secret(&webhook.id)? else { return Ok(None) };
        let actor = machine(&webhook);
        let (Ok(reader), true) = (self.reader_of(&actor), webhook.state == WebhookState::Active)
        else {
            return Ok(None);
        };
        let before = Sequence(task.place.saturating_sub(1));
        let wish = Wish { limit: 1, ..Wish::all(before, VersionFilter::All) };
        let (items, _) = self.cleared_page(&actor, &wish)?;
        let here = |item: &Cleared<ReadItem>| {
            item.open(&reader).is_some_and(|item| item.stamp.seq.0 == task.place)
        };
        let item = items.into_iter().find(here);
        Ok(item.map(|item| DueCall { lease: lease.clone(), webhook, secret, item, reader }))
    }

    /// Ends a lease; one that was taken over meanwhile is somebody else's now.
    fn end(
        &self,
        mut end: impl FnMut(&mut dyn vedetta_store::UnitOfWork) -> Result<(), StoreError>
        + Send
        + 'static,
    ) -> Result<(), FlowError> {
        self.write(move |unit| match end(unit) {
            Err(StoreError::Refused(reason)) => {
                tracing::info!(reason, "a webhook call was ended by another worker");
                Ok(())
            }
            other => other,
        })?;
        Ok(())
    }
}

/// Whether a step has more to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remaining {
    /// It is done for now.
    Nothing,
    /// It may have more to do.
    Something,
}

/// The durable place up to which calls of a webhook were queued.
pub(crate) fn cursor(webhook: &str) -> String {
    format!("webhook:{webhook}")
}

/// A webhook reads as a machine of its organisation.
fn machine(webhook: &Webhook) -> Actor {
    Actor {
        account: AccountId::new("webhook").unwrap_or_else(|_| webhook.by.clone()),
        organisation: webhook.organisation.clone(),
        roles: BTreeSet::from([Role::Machine]),
        language: Language::default(),
    }
}
