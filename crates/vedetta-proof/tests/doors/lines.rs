//! Whose line of an item something is told to be: one number for all that one organisation says of it,
//! and of a withdrawal that of who withdrew.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vedetta_model::OrganisationId;

use crate::truth::Truth;

/// The lines that anybody was told, by identifier and number, each with those whose it can be.
#[derive(Default)]
pub(crate) struct Lines(BTreeMap<(String, String), BTreeSet<OrganisationId>>);

impl Lines {
    /// Takes in what was told of an object, by the mark in it.
    pub(crate) fn hear(
        &mut self,
        truth: &Truth,
        (id, line): (&str, &str),
        mark: &str,
    ) -> Result<(), String> {
        let brought =
            truth.items.iter().filter(|it| it.versions.iter().any(|it| it.written.mark == mark));
        let bringers: BTreeSet<_> = brought.map(|it| it.producer.clone()).collect();
        let key = (id.to_owned(), line.to_owned());
        let whose = self.0.entry(key).or_insert_with(|| bringers.clone());
        whose.retain(|it| bringers.contains(it));
        if whose.is_empty() {
            return Err(format!("line {line} of {id} is of several organisations"));
        }
        let whose = whose.clone();
        let mut others = self.0.iter().filter(|((of, other), _)| of == id && other != line);
        match others.find(|(_, it)| whose.len() == 1 && **it == whose) {
            Some(((_, other), _)) => Err(format!("{whose:?} has lines {line} and {other} of {id}")),
            None => Ok(()),
        }
    }

    /// A withdrawal tells a line that was told before, of somebody who withdrew.
    pub(crate) fn judge(&self, truth: &Truth, notice: &Value) -> Result<(), String> {
        let (id, line) = (&notice["item"], &notice["line"]);
        let key = id.as_str().zip(line.as_str()).map(|(id, line)| (id.to_owned(), line.to_owned()));
        let Some(whose) = key.and_then(|key| self.0.get(&key)) else {
            return Err(format!("{notice} tells a line that nobody was told"));
        };
        let mut own = truth.items.iter().filter(|it| *id == it.id.as_str()).peekable();
        // Of the form without the victim it may be that a later version has none.
        if own.peek().is_none() || own.any(|it| it.withdrawn && whose.contains(&it.producer)) {
            return Ok(());
        }
        Err(format!("{notice} tells the line of {whose:?}, who did not withdraw"))
    }
}
