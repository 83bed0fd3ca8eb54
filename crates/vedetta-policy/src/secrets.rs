//! What must not be told of victims, compiled once for many objects.

use std::collections::BTreeSet;

use serde_json::Value;
use vedetta_model::ItemId;

use crate::redaction::is_too_long;
use crate::reveals::Lookout;
use crate::traces::Traces;
use crate::victim::Victim;

/// What must not be told of some victims together. Making it costs as much as there is known of
/// them; using it, as much as there is to look through.
pub struct Secrets {
    pub(crate) identities: BTreeSet<ItemId>,
    pub(crate) traces: Traces,
    pub(crate) lookout: Lookout,
}

impl Secrets {
    /// Those of some victims.
    #[must_use]
    pub fn of(victims: &[Victim]) -> Self {
        Self {
            identities: victims.iter().flat_map(|it| it.identities.iter().cloned()).collect(),
            traces: Traces::of(victims),
            lookout: Lookout::of(victims),
        }
    }

    /// Whether an object tells any of them, so that whatever leads to it tells them too. One with more
    /// than a mebibyte of text is not looked through: it may.
    #[must_use]
    pub fn are_told_by(&self, object: &Value) -> bool {
        if is_too_long(object) {
            return true;
        }
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        let fields = object.as_object().into_iter().flatten();
        fields.into_iter().any(|(name, value)| {
            self.traces.in_text(name) || self.traces.in_value(kind, name, value)
        }) || self.lookout.tells(object)
    }
}
