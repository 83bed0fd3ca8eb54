//! The ledger is the queue: work is leased, not popped, and enqueued in the transaction that
//! caused it.

use serde::{Deserialize, Serialize};
use vedetta_model::Instant;

/// The number of a job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// Work to be done by a step.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// The step that does it, e.g. `call_webhook`.
    pub step: &'a str,
    /// Equal keys of one step are one job; enqueueing again does nothing while it waits. While it
    /// is leased, or dead, enqueueing makes a new job: what came since is not lost.
    pub key: &'a str,
    /// What the step needs, as JSON.
    pub task: &'a str,
    /// Not before.
    pub due: Instant,
}

/// A job as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The step that does it.
    pub step: String,
    /// Its key.
    pub key: String,
    /// What the step needs, as JSON.
    pub task: String,
    /// Not before.
    pub due: Instant,
    /// How often it was leased.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Whether it was given up: it stays on the dead-letter list until somebody requeues it.
    pub dead: Option<Instant>,
}

/// The right to do a job until the lease ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The job.
    pub job: Job,
    /// Proof of the lease: the attempt's number. A later lease makes an earlier one worthless.
    pub token: u32,
    /// When it ends.
    pub until: Instant,
}
