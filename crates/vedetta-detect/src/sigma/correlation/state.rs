//! What correlations have seen, kept by what each is called and how it counts: whatever else comes or
//! goes, each goes on where it was.

use std::collections::{BTreeMap, HashMap};

use rsigma_parser::{CorrelationCondition, CorrelationRule};
use serde::{Deserialize, Serialize};

use super::group::Group;
use super::{Correlator, held};
use crate::event::Name;

/// The groups of one correlation.
pub(super) type Groups = HashMap<String, Group>;

/// What all have seen.
#[derive(Serialize, Deserialize)]
struct State<G> {
    correlations: Vec<Seen<G>>,
    evicted: u64,
}

/// What one has seen.
#[derive(Serialize, Deserialize)]
struct Seen<G> {
    id: String,
    shape: u64,
    groups: G,
}

/// How a correlation counts, as a number: what was seen is of use to one that counts as the one before
/// did, whatever its threshold and its time are now.
pub(super) fn shape(rule: &CorrelationRule) -> u64 {
    let fields = match &rule.condition {
        CorrelationCondition::Threshold { field, .. } => field.as_deref().unwrap_or_default(),
        CorrelationCondition::Extended(_) => &[],
    };
    let alias = |it: &rsigma_parser::FieldAlias| {
        let mapping: BTreeMap<_, _> = it.mapping.clone().into_iter().collect();
        format!("{} {mapping:?}", it.alias)
    };
    let aliases: Vec<String> = rule.aliases.iter().map(alias).collect();
    let (kind, rules, group) = (rule.correlation_type, &rule.rules, &rule.group_by);
    Name::of(&format!("{kind:?} {rules:?} {group:?} {fields:?} {aliases:?}")).0
}

impl Correlator {
    /// Everything seen, to be taken up after a restart.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<Vec<u8>, serde_json::Error> {
        let each = self.correlations.iter().zip(&self.groups);
        let each = each.map(|(it, groups)| Seen { id: it.id.clone(), shape: it.shape, groups });
        serde_json::to_vec(&State { correlations: each.collect(), evicted: self.evicted })
    }

    /// Takes up what was written, each correlation what it had seen itself. Answers how many groups are of
    /// none of them: of those that are gone, or count otherwise now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn take_up(&mut self, written: &[u8]) -> Result<usize, serde_json::Error> {
        let state: State<Groups> = serde_json::from_slice(written)?;
        self.evicted = state.evicted;
        Ok(self.go_on(state.correlations))
    }

    /// As [`Self::take_up`], from those in whose place it stands.
    pub fn inherit(&mut self, before: Self) -> usize {
        self.evicted = before.evicted;
        let each = before.correlations.into_iter().zip(before.groups);
        self.go_on(each.map(|(it, groups)| Seen { id: it.id, shape: it.shape, groups }).collect())
    }

    fn go_on(&mut self, seen: Vec<Seen<Groups>>) -> usize {
        let mut waiting: HashMap<(String, u64), Vec<Groups>> = HashMap::new();
        for it in seen.into_iter().rev() {
            waiting.entry((it.id, it.shape)).or_default().push(it.groups);
        }
        for (it, groups) in self.correlations.iter().zip(&mut self.groups) {
            let own = waiting.get_mut(&(it.id.clone(), it.shape));
            *groups = own.and_then(Vec::pop).unwrap_or_default();
        }
        self.held = self.groups.iter().map(held).sum();
        waiting.into_values().flatten().map(|it| it.len()).sum()
    }
}
