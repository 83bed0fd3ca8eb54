//! Calling webhooks: a call is queued for each release that its organisation may read, leased by a
//! worker, and finished, tried again or given up. What is withdrawn or no longer entitled by then
//! is not called out. Each webhook has a queue of its own, so that a receiver that is slow or down
//! keeps nobody else's calls waiting.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vedetta_model::{AccountId, Actor, Instant, Language, OrganisationId, Role};
use vedetta_policy::{Cleared, Reader};
use vedetta_store::{
    DeliveryBatch, Lease, NewJob, RecordKind, Sequence, StoreError, UnitOfWork, VersionFilter,
};

use crate::actions::keep_webhooks::{Webhook, WebhookState};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;
use crate::steps::tell_lapses::firsts;
use crate::views::lapses::LapseNotice;
use crate::views::read_items::{ReadItem, Wish};
use crate::views::withdrawals::{WithdrawalNotice, tell_late};

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
    pub tells: Tells,
    /// For whom.
    pub reader: Reader,
}

/// What a call tells.
#[derive(Debug)]
pub enum Tells {
    /// An item that was released.
    Item(Cleared<ReadItem>),
    /// That an item which the organisation has was withdrawn.
    Withdrawal(WithdrawalNotice),
    /// That what an agreement or an organisation gave must no longer be used, or may be again.
    Lapse(LapseNotice),
    /// Of what waits for the organisation.
    Reminder(Value),
}

/// How long a worker may take for one call.
const TERM: Duration = Duration::from_secs(120);

/// Webhooks whose calls are queued in one unit of work.
const TOGETHER: usize = 64;
/// The actor of what the caller does by itself.
const ACTOR: &str = vedetta_model::part::CALL_WEBHOOKS;
/// Calls of one webhook that wait at most: what is released beyond that waits in the ledger.
const WAITING: usize = 10_000;
/// Places without a call after which the cursor is moved all the same.
const FAR: u64 = 1_000;

/// What a job says.
#[derive(Clone, Serialize, Deserialize)]
struct Task {
    webhook: String,
    place: u64,
    /// Whether it is a withdrawal that is there, or a lapse.
    #[serde(default, skip_serializing_if = "is_item")]
    what: Kind,
    /// What the organisation is reminded of, at no place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reminder: Option<Value>,
    /// Of which version, where one withdrawal is told of each that its reader had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<Instant>,
}

/// Whom to remind, and of what, as programs read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reminder(pub OrganisationId, pub Value);

/// What is at a place.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Item,
    Withdrawal,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_item(kind: &Kind) -> bool {
    *kind == Kind::Item
}

/// Calls to queue for one webhook.
struct Page {
    webhook: String,
    after: Sequence,
    place: Sequence,
    calls: Vec<Task>,
    remaining: Remaining,
}

/// What queueing did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// The webhooks, by [`Webhook::key`], that have calls to be made.
    pub webhooks: Vec<String>,
    /// Whether there may be more to queue.
    pub remaining: Remaining,
}

impl House {
    /// Queues a call for each release since the last time, for every active webhook; a thousand a
    /// webhook at most.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn queue_webhook_calls(&self) -> Result<Queued, FlowError> {
        let mut queued = Queued { webhooks: Vec::new(), remaining: Remaining::Nothing };
        let mut webhooks = self.every_webhook()?;
        webhooks.retain(is_active);
        for together in webhooks.chunks(TOGETHER) {
            let mut pages = Vec::new();
            for webhook in together {
                pages.extend(self.unqueued(webhook)?);
            }
            let called = pages.iter().filter(|page| !page.calls.is_empty());
            queued.webhooks.extend(called.map(|page| page.webhook.clone()));
            if pages.iter().any(|page| page.remaining == Remaining::Something) {
                queued.remaining = Remaining::Something;
            }
            if !pages.is_empty() {
                let now = self.now();
                self.write(move |unit| pages.iter().try_for_each(|page| queue(unit, page, now)))?;
            }
        }
        Ok(queued)
    }

    /// The webhooks that are called, by [`Webhook::key`].
    ///
    /// # Errors
    /// What the ledger said.
    pub fn active_webhooks(&self) -> Result<Vec<String>, FlowError> {
        Ok(self.every_webhook()?.iter().filter(|it| is_active(it)).map(Webhook::key).collect())
    }

    /// Takes calls that are due, for two minutes: of each webhook at most as many as said. The
    /// calls of a webhook that is paused wait.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn due_webhook_calls(&self, wanted: &[(String, usize)]) -> Result<Vec<DueCall>, FlowError> {
        let (now, mut active) = (self.now(), self.active_webhooks()?);
        active.retain(|key| wanted.iter().any(|(wanted, _)| wanted == key));
        let wanted: Vec<_> = wanted.iter().filter(|it| active.contains(&it.0)).cloned().collect();
        let leases = self.write(move |unit| {
            let mut leases = Vec::new();
            for (key, limit) in &wanted {
                leases.extend(unit.lease(&step(key), now, TERM, *limit)?);
            }
            Ok(leases)
        })?;
        let mut due = Vec::with_capacity(leases.len());
        for lease in leases {
            match self.due_call(&lease)? {
                Some(call) => due.push(call),
                None => self.finish_webhook_call(lease)?,
            }
        }
        Ok(due)
    }

    /// Ends a call that has become pointless.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn finish_webhook_call(&self, lease: Lease) -> Result<(), FlowError> {
        self.end(move |unit| unit.finish(&lease))
    }

    /// Ends a call that was taken, and records the delivery, in one unit of work.
    ///
    /// # Errors
    /// What the ledger said; then the call is made again.
    pub fn record_webhook_call(&self, lease: Lease, had: DeliveryBatch) -> Result<(), FlowError> {
        let (shared, withdrawn) =
            (Arc::clone(&self.shared), self.lately_withdrawn(Sequence(u64::MAX))?);
        let firsts = firsts(std::slice::from_ref(&had));
        self.end(move |unit| {
            let had = std::slice::from_ref(&had);
            tell_late(unit, (&shared, &withdrawn), had)?;
            // Had is had, even if another worker has the job now.
            unit.deliver(had)?;
            unit.finish(&lease)
        })?;
        self.had_late(firsts);
        Ok(())
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

    /// Pauses a webhook whose receiver wants no more calls, and gives the call back: it waits with
    /// the others until somebody puts the webhook anew.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn pause_webhook(
        &self,
        lease: Lease,
        webhook: &Webhook,
        error: String,
    ) -> Result<(), FlowError> {
        let (key, now) = (webhook.key(), self.now());
        let paused = Webhook {
            state: WebhookState::Paused,
            paused_because: Some(error.clone()),
            ..webhook.clone()
        };
        let [before, after] = [webhook, &paused].map(serde_json::to_vec);
        let said = |error: serde_json::Error| StoreError::Refused(error.to_string());
        let (before, after) = (before.map_err(said)?, after.map_err(said)?);
        self.end(move |unit| {
            // One that was changed meanwhile may lead elsewhere.
            let same = unit.record(RecordKind::Webhook, &key)?.is_some_and(|it| it.body == before);
            if same {
                unit.put_record(RecordKind::Webhook, &key, &after, ACTOR)?;
            }
            unit.give_back(&lease, &error, Some(now), now)
        })
    }

    /// What a webhook is to be told of next; nothing when there is nothing worth writing.
    fn unqueued(&self, webhook: &Webhook) -> Result<Option<Page>, FlowError> {
        let key = webhook.key();
        let (after, waiting) = self.read(|reader| {
            Ok((reader.cursor(&cursor(&key))?, reader.waiting_jobs(&step(&key), WAITING)?))
        })?;
        let head = self.bell().last();
        if head <= after || waiting >= WAITING {
            return Ok(None);
        }
        let wish = Wish { kinds: webhook.kinds.clone(), ..Wish::all(after, VersionFilter::All) };
        let Ok(page) = self.page(&machine(webhook), &wish) else { return Ok(None) };
        // Beyond the bell's place there may be releases whose clearance is not known here yet.
        let place = page.next.unwrap_or(head).min(head);
        let told = self.withdrawals(&machine(webhook), after)?;
        let place = if told.more { told.next.min(place) } else { place };
        let items = page.items.iter().filter(|item| item.stamp.seq <= place);
        let items = items.filter(|item| self.is_wanted(webhook, item));
        let task = |place: Sequence, what, version| Task {
            webhook: key.clone(),
            place: place.0,
            what,
            version,
            reminder: None,
        };
        let mut calls: Vec<_> = items.map(|it| task(it.stamp.seq, Kind::Item, None)).collect();
        let kinds = &webhook.kinds;
        let wanted = told.notices.iter().filter(|it| !it.stands).filter(|it| {
            let kind = it.item.kind();
            it.place <= place && (kinds.is_empty() || kinds.iter().any(|known| known == kind))
        });
        calls.extend(wanted.map(|it| task(it.place, Kind::Withdrawal, it.version)));
        let lapses = told.lapses.iter().filter(|it| it.place <= place);
        calls.extend(lapses.map(|it| task(it.place, Kind::Withdrawal, None)));
        let more = place < head && (page.next.is_some() || told.more);
        if calls.is_empty() && !more && place.0 - after.0 < FAR {
            return Ok(None);
        }
        let remaining = if more { Remaining::Something } else { Remaining::Nothing };
        Ok(Some(Page { webhook: key, after, place, calls, remaining }))
    }

    fn is_wanted(&self, webhook: &Webhook, item: &ReadItem) -> bool {
        let category = || self.shared.book.get(item.clearance).map(|it| it.handling.category);
        let wanted = &webhook.categories;
        wanted.is_empty() || category().is_some_and(|category| wanted.contains(&category))
    }

    /// What a leased job calls for; `None` when there is nothing to call out any more.
    fn due_call(&self, lease: &Lease) -> Result<Option<DueCall>, FlowError> {
        let Ok(task) = serde_json::from_str::<Task>(&lease.job.task) else { return Ok(None) };
        let Some(webhook) = self.webhook(&task.webhook)? else { return Ok(None) };
        let Some(secret) = self.webhook_secret(&task.webhook)? else { return Ok(None) };
        let actor = machine(&webhook);
        let Ok(reader) = self.reader_of(&actor) else { return Ok(None) };
        if let Some(reminder) = task.reminder {
            let (lease, tells) = (lease.clone(), Tells::Reminder(reminder));
            return Ok(Some(DueCall { lease, webhook, secret, tells, reader }));
        }
        let before = Sequence(task.place.saturating_sub(1));
        if task.what == Kind::Withdrawal {
            let page = self.next_withdrawals(&actor, before, 1)?;
            // Who reads nothing of the item any more is told of all of it, who does again of each version.
            let of = |it: Option<Instant>| [None, it].contains(&task.version) || it.is_none();
            let is_told = |it: &WithdrawalNotice| it.place.0 == task.place && !it.stands;
            let notices = page.notices.into_iter().filter(is_told);
            let mut notices = notices.filter(|it| of(it.version));
            let first = notices.next();
            let more = notices.map(|it| Task { version: it.version, ..task.clone() });
            self.queue_more(more.collect())?;
            let lapses = page.lapses.into_iter().filter(|it| it.place.0 == task.place);
            let lapse = lapses.map(Tells::Lapse).next();
            let tells = first.map(Tells::Withdrawal).or(lapse);
            let lease = lease.clone();
            return Ok(tells.map(|tells| DueCall { lease, webhook, secret, tells, reader }));
        }
        let wish = Wish { limit: 1, ..Wish::all(before, VersionFilter::All) };
        let (items, _) = self.cleared_page(&actor, &wish)?;
        let here = |item: &Cleared<ReadItem>| {
            item.open(&reader).is_some_and(|item| item.stamp.seq.0 == task.place)
        };
        let item = items.into_iter().find(here);
        let tells = item.map(Tells::Item);
        let lease = lease.clone();
        Ok(tells.map(|tells| DueCall { lease, webhook, secret, tells, reader }))
    }

    fn queue_more(&self, calls: Vec<Task>) -> Result<(), FlowError> {
        let now = self.now();
        if calls.is_empty() {
            return Ok(());
        }
        Ok(self.write(move |unit| calls.iter().try_for_each(|call| enqueue(unit, call, now)))?)
    }

    /// Ends a lease; one that was taken over meanwhile is somebody else's now.
    fn end(
        &self,
        mut end: impl FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError> + Send + 'static,
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

/// Queues a page, unless another worker did: then its calls count.
fn queue(unit: &mut dyn UnitOfWork, page: &Page, now: Instant) -> Result<(), StoreError> {
    let name = cursor(&page.webhook);
    if unit.cursor(&name)? != page.after {
        return Ok(());
    }
    page.calls.iter().try_for_each(|call| enqueue(unit, call, now))?;
    unit.set_cursor(&name, page.place)
}

/// Queues reminders of organisations, each under a name of its own, for their webhooks that asked for
/// them. Beyond [`WAITING`] calls there is no room.
///
/// # Errors
/// What the ledger said.
pub fn queue_reminders(
    unit: &mut dyn UnitOfWork,
    (name, now): (&str, Instant),
    reminders: &[Reminder],
) -> Result<(), StoreError> {
    let told = |it: &&Webhook| it.reminders && reminders.iter().any(|of| of.0 == it.organisation);
    for webhook in records::<Webhook>(&mut *unit, RecordKind::Webhook)?.iter().filter(told) {
        let (key, step) = (webhook.key(), step(&webhook.key()));
        let own = reminders.iter().filter(|of| of.0 == webhook.organisation);
        let full = unit.waiting_jobs(&step, WAITING)? >= WAITING;
        for Reminder(_, reminder) in own.filter(|_| !full) {
            let (webhook, what, reminder) = (key.clone(), Kind::Item, Some(reminder.clone()));
            let task = Task { webhook, place: 0, what, reminder, version: None };
            let task = serde_json::to_string(&task).unwrap_or_default();
            let key = &format!("{key}/{name}");
            unit.enqueue(&NewJob { step: &step, key, task: &task, due: now })?;
        }
    }
    Ok(())
}

fn enqueue(unit: &mut dyn UnitOfWork, call: &Task, now: Instant) -> Result<(), StoreError> {
    let Task { webhook, place, version, .. } = call;
    let task = serde_json::to_string(call).unwrap_or_default();
    let version = version.map(|it| format!("/{}", it.micros())).unwrap_or_default();
    let (step, key) = (&step(webhook), &format!("{webhook}/{place}{version}"));
    unit.enqueue(&NewJob { step, key, task: &task, due: now })
}

/// The step whose jobs are the calls of a webhook.
pub(crate) fn step(webhook: &str) -> String {
    format!("call_webhook:{webhook}")
}

fn is_active(webhook: &Webhook) -> bool {
    webhook.state == WebhookState::Active
}

/// A webhook reads as a machine of its organisation.
fn machine(webhook: &Webhook) -> Actor {
    Actor {
        account: AccountId::new("webhook").unwrap_or_else(|_| webhook.by.clone()),
        organisation: webhook.organisation.clone(),
        roles: BTreeSet::from([Role::Machine]),
        language: Language::default(),
        way: vedetta_model::Way::ByKey,
    }
}
