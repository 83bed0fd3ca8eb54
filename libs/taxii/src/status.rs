//! What became of a submission: §4.3, resource with its details §4.3.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Verb};
use crate::timestamp::Timestamp;

/// The request.
pub const GET: Endpoint = Endpoint { verb: Verb::Get, path: "/status/{status}/", filters: &[] };

/// The state of a submission.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its identifier, a UUID.
    pub id: String,
    /// Whether all of it is done.
    pub status: Outcome,
    /// When it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_timestamp: Option<Timestamp>,
    /// How many objects it has: the sum of the three counts.
    pub total_count: u64,
    /// How many were added.
    pub success_count: u64,
    /// Which; possibly not all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successes: Vec<StatusDetail>,
    /// How many were not.
    pub failure_count: u64,
    /// Which, and why; possibly not all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StatusDetail>,
    /// How many are still to be done.
    pub pending_count: u64,
    /// Which; possibly not all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pendings: Vec<StatusDetail>,
}

/// Whether a submission is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing is pending.
    Complete,
    /// Something is pending.
    Pending,
}

/// One object of a submission.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusDetail {
    /// The object, as far as it could be told.
    pub id: String,
    /// Its version.
    pub version: Timestamp,
    /// What to know about it, e.g. why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How much of a status is listed; the counts are always whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusLimits {
    /// The most details in one list.
    pub details: usize,
    /// The longest message, in characters.
    pub message: usize,
}

impl Default for StatusLimits {
    fn default() -> Self {
        Self { details: 1_000, message: 1_000 }
    }
}

impl Status {
    /// Of a submission whose objects were all dealt with.
    #[must_use]
    pub fn complete(
        id: impl Into<String>,
        received: Timestamp,
        successes: Vec<StatusDetail>,
        failures: Vec<StatusDetail>,
    ) -> Self {
        let (success_count, failure_count) = (successes.len() as u64, failures.len() as u64);
        Self {
            id: id.into(),
            status: Outcome::Complete,
            request_timestamp: Some(received),
            total_count: success_count + failure_count,
            success_count,
            successes,
            failure_count,
            failures,
            pending_count: 0,
            pendings: Vec::new(),
        }
    }

    /// With its lists and messages cut to the limits.
    #[must_use]
    pub fn within(mut self, limits: StatusLimits) -> Self {
        for list in [&mut self.successes, &mut self.failures, &mut self.pendings] {
            list.truncate(limits.details);
            for message in list.iter_mut().filter_map(|detail| detail.message.as_mut()) {
                if let Some((end, _)) = message.char_indices().nth(limits.message) {
                    message.truncate(end);
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_whole_when_lists_are_cut() {
        let detail = |message: &str| StatusDetail {
            id: "indicator--1".into(),
            version: Timestamp::default(),
            message: Some(message.into()),
        };
        let failures = vec![detail("perché no"), detail("b"), detail("c")];
        let limits = StatusLimits { details: 2, message: 6 };
        let status = Status::complete("s", Timestamp::default(), vec![], failures).within(limits);
        assert_eq!((status.total_count, status.failure_count), (3, 3));
        assert_eq!(status.failures, [detail("perché"), detail("b")]);
        let text = serde_json::to_string(&status).unwrap();
        assert!(text.contains(r#""status":"complete""#));
        assert!(text.contains(r#""request_timestamp":"1970-01-01T00:00:00.000000Z""#));
    }
}
